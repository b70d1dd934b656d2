PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE journal (identity TEXT NOT NULL) STRICT;
INSERT INTO journal VALUES('b1a6295c40f5a8d058db68b4e087a2c7');
CREATE TABLE entries (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        kind TEXT NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
INSERT INTO entries VALUES(1,'2017-03-25T19:00:00.000000000Z','observed','{"check":"kvm/ping","vantage":"outside","outcome":{"standing":"degraded","code":"flapping","detail":"in turns"},"at":"2017-03-26T00:31:00.500000000Z","asked":false,"tries":20,"failures":6}');
INSERT INTO entries VALUES(2,'2017-03-25T19:00:01.000000001Z','observed','{"check":"kvm/ping","vantage":"outside","outcome":{"standing":"degraded","code":"flapping","detail":"in turns"},"at":"2017-03-26T00:31:00.500000000Z","asked":false,"tries":2}');
INSERT INTO entries VALUES(3,'2017-03-25T19:00:02.000000002Z','observed','{"check":"kvm/ping","vantage":"outside","outcome":{"standing":"degraded","code":"flapping","detail":"in turns"},"at":"2017-03-26T00:31:00.500000000Z","asked":false,"tries":1,"failures":0}');
INSERT INTO entries VALUES(4,'2017-03-25T19:00:03.000000003Z','reported','{"component":"node-nic","from":"on-host","saw":"up","tries":40,"failures":12,"trust":95,"at":"2017-03-26T00:32:00.000000000Z","detail":"carrier changes: 12"}');
INSERT INTO entries VALUES(5,'2017-03-25T19:00:04.000000004Z','reported','{"component":"node-nic","from":"on-host","saw":"down","tries":40,"failures":12,"trust":95,"at":"2017-03-26T00:32:00.000000000Z","detail":"carrier changes: 12"}');
INSERT INTO entries VALUES(6,'2017-03-25T19:00:05.000000005Z','reported','{"component":"node-nic","from":"on-host","saw":"degraded","tries":40,"failures":12,"trust":95,"at":"2017-03-26T00:32:00.000000000Z","detail":"carrier changes: 12"}');
INSERT INTO entries VALUES(7,'2017-03-25T19:00:06.000000006Z','reported','{"component":"node-nic","from":"on-host","saw":"flapping","tries":40,"failures":12,"trust":95,"at":"2017-03-26T00:32:00.000000000Z","detail":"carrier changes: 12"}');
INSERT INTO entries VALUES(8,'2017-03-25T19:00:07.000000007Z','reported','{"component":"node-nic","from":"on-host","saw":"unknown","tries":40,"failures":12,"trust":95,"at":"2017-03-26T00:32:00.000000000Z","detail":"carrier changes: 12"}');
INSERT INTO entries VALUES(9,'2017-03-25T19:00:08.000000008Z','person','{"who":"mara","what":{"action":"observe","component":"pdu-a","works":true,"trust":60,"note":"by phone"}}');
INSERT INTO entries VALUES(10,'2017-03-25T19:00:09.000000009Z','person','{"who":"mara","what":{"action":"observe","component":"pdu-a","works":false,"trust":60,"note":"by phone"}}');
INSERT INTO entries VALUES(11,'2017-03-25T19:00:10.000000010Z','person','{"who":"mara","what":{"action":"observe","component":"pdu-a","works":false,"saw":"degraded","trust":60,"note":"by phone"}}');
INSERT INTO entries VALUES(12,'2017-03-25T19:00:11.000000011Z','person','{"who":"mara","what":{"action":"observe","component":"pdu-a","works":false,"saw":"flapping","trust":60,"note":"by phone"}}');
INSERT INTO entries VALUES(13,'2017-03-25T19:00:12.000000012Z','person','{"who":"mara","what":{"action":"observe","component":"pdu-a","works":true,"saw":"unknown","trust":60,"note":"by phone"}}');
INSERT INTO entries VALUES(14,'2017-03-25T19:00:13.000000013Z','person','{"who":"mara","what":{"action":"observe","component":"pdu-a","works":true,"note":""}}');
INSERT INTO entries VALUES(15,'2017-03-25T19:00:14.000000014Z','person','{"who":"mara","what":{"action":"observe","component":"pdu-a","works":false,"note":""}}');
INSERT INTO entries VALUES(16,'2017-03-25T19:00:15.000000015Z','person','{"who":"mara","what":{"action":"observe","component":"pdu-a","works":false,"saw":"degraded","note":""}}');
INSERT INTO entries VALUES(17,'2017-03-25T19:00:16.000000016Z','person','{"who":"mara","what":{"action":"observe","component":"pdu-a","works":false,"saw":"flapping","note":""}}');
INSERT INTO entries VALUES(18,'2017-03-25T19:00:17.000000017Z','person','{"who":"mara","what":{"action":"observe","component":"pdu-a","works":true,"saw":"unknown","note":""}}');
INSERT INTO entries VALUES(19,'2017-03-25T19:00:18.000000018Z','person','{"who":"mara","what":{"action":"act","component":"web-1","did":"rebooted","note":"at last"}}');
INSERT INTO entries VALUES(20,'2017-03-25T19:00:19.000000019Z','person','{"who":"mara","what":{"action":"act","component":"web-1","did":"restarted","note":"at last"}}');
INSERT INTO entries VALUES(21,'2017-03-25T19:00:20.000000020Z','person','{"who":"mara","what":{"action":"act","component":"web-1","did":"power-cycled","note":"at last"}}');
INSERT INTO entries VALUES(22,'2017-03-25T19:00:21.000000021Z','person','{"who":"mara","what":{"action":"act","component":"web-1","did":"replaced","note":"at last"}}');
INSERT INTO entries VALUES(23,'2017-03-25T19:00:22.000000022Z','person','{"who":"mara","what":{"action":"act","component":"web-1","did":"rolled-back","note":"at last"}}');
INSERT INTO entries VALUES(24,'2017-03-25T19:00:23.000000023Z','person','{"who":"mara","what":{"action":"act","component":"web-1","did":"fixed","note":"at last"}}');
INSERT INTO entries VALUES(25,'2017-03-25T19:00:24.000000024Z','person','{"who":"mara","what":{"action":"act","component":"web-1","did":"switched-off","note":"at last"}}');
INSERT INTO entries VALUES(26,'2017-03-25T19:00:25.000000025Z','blind','{"since":"2017-03-25T23:59:59.500000000Z"}');
INSERT INTO entries VALUES(27,'2017-03-25T19:00:26.000000026Z','alert','{"id":9,"incident":7,"news":"opened","to":{"alertmanager":"core"},"subject":"I7 switch-2 is down","body":"10 services are down.\n","because":"acknowledged by mara"}');
INSERT INTO entries VALUES(28,'2017-03-25T19:00:27.000000027Z','alert','{"id":9,"incident":7,"news":"opened","to":{"pagerduty":"core"},"subject":"I7 switch-2 is down","body":"10 services are down.\n","because":"acknowledged by mara"}');
INSERT INTO entries VALUES(29,'2017-03-25T19:00:28.000000028Z','alert','{"id":9,"incident":7,"news":"opened","to":{"ntfy":"core"},"subject":"I7 switch-2 is down","body":"10 services are down.\n","because":"acknowledged by mara"}');
INSERT INTO entries VALUES(30,'2017-03-25T19:00:29.000000029Z','alert','{"id":9,"incident":7,"news":"opened","to":{"command":"core"},"subject":"I7 switch-2 is down","body":"10 services are down.\n","because":"acknowledged by mara"}');
INSERT INTO entries VALUES(31,'2017-03-25T19:00:30.000000030Z','alert','{"id":9,"incident":7,"news":"acknowledged","to":{"pagerduty":"core"},"subject":"I7 switch-2 is down","body":"10 services are down.\n","because":"acknowledged by mara","particulars":{"urgency":"critical","opened_at":"2017-03-26T00:31:00.500000000Z","cause":[{"subject":"switch-2","mode":"down"}],"sure_percent":93,"sentence":"switch-2 is down","explains":["plex/https from here"],"unexplained":["mail/smtp from here"],"contradicted":["resolver/dns from here"],"services":["plex","and 12 more"],"customers":["acme"]}}');
INSERT INTO entries VALUES(32,'2017-03-25T19:00:31.000000031Z','alert','{"id":9,"incident":7,"news":"acknowledged","to":{"pagerduty":"core"},"subject":"I7 switch-2 is down","body":"10 services are down.\n","because":"acknowledged by mara","particulars":{"urgency":"error","opened_at":"2017-03-26T00:31:00.500000000Z","cause":[{"subject":"switch-2","mode":"down"}],"sure_percent":93,"sentence":"switch-2 is down","explains":["plex/https from here"],"unexplained":["mail/smtp from here"],"contradicted":["resolver/dns from here"],"services":["plex","and 12 more"],"customers":["acme"]}}');
INSERT INTO entries VALUES(33,'2017-03-25T19:00:32.000000032Z','alert','{"id":9,"incident":7,"news":"acknowledged","to":{"pagerduty":"core"},"subject":"I7 switch-2 is down","body":"10 services are down.\n","because":"acknowledged by mara","particulars":{"urgency":"warning","opened_at":"2017-03-26T00:31:00.500000000Z","cause":[{"subject":"switch-2","mode":"down"}],"sure_percent":93,"sentence":"switch-2 is down","explains":["plex/https from here"],"unexplained":["mail/smtp from here"],"contradicted":["resolver/dns from here"],"services":["plex","and 12 more"],"customers":["acme"]}}');
INSERT INTO entries VALUES(34,'2017-03-25T19:00:33.000000033Z','alert','{"id":9,"incident":7,"news":"acknowledged","to":{"pagerduty":"core"},"subject":"I7 switch-2 is down","body":"10 services are down.\n","because":"acknowledged by mara","particulars":{"urgency":"info","opened_at":"2017-03-26T00:31:00.500000000Z","cause":[{"subject":"switch-2","mode":"down"}],"sure_percent":93,"sentence":"switch-2 is down","explains":["plex/https from here"],"unexplained":["mail/smtp from here"],"contradicted":["resolver/dns from here"],"services":["plex","and 12 more"],"customers":["acme"]}}');
INSERT INTO entries VALUES(35,'2017-03-25T19:00:34.000000034Z','alert','{"id":9,"incident":7,"news":"merged","to":{"pagerduty":"core"},"subject":"I7 switch-2 is down","body":"10 services are down.\n","because":"acknowledged by mara","particulars":{"urgency":"warning","opened_at":"2017-03-26T00:31:00.500000000Z","cause":[],"sure_percent":null,"sentence":"","explains":[],"unexplained":[],"contradicted":[],"services":[],"customers":[]}}');
CREATE TABLE texts (id INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
CREATE INDEX starts ON entries (id) WHERE kind = 'started';
CREATE INDEX texts_bytes ON texts (bytes);
COMMIT;
PRAGMA application_id=1112296275;
PRAGMA user_version=1;
