PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE journal (identity TEXT NOT NULL) STRICT;
INSERT INTO journal VALUES('2d80bb6d27152b263f2ff00ad57bf293');
CREATE TABLE entries (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        kind TEXT NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
INSERT INTO entries VALUES(1,'2017-03-25T19:00:00.000000000Z','attempt-ended','{"alert":9,"attempt":1,"result":"failed","words":"429 slow down","after_us":90000000}');
INSERT INTO entries VALUES(2,'2017-03-25T19:00:01.000000001Z','attempt-ended','{"alert":9,"attempt":1,"result":"failed","words":"429 slow down","after_us":0}');
INSERT INTO entries VALUES(3,'2017-03-25T19:00:02.000000002Z','attempt-ended','{"alert":9,"attempt":1,"result":"failed","words":"429 slow down"}');
CREATE TABLE texts (id INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
CREATE INDEX starts ON entries (id) WHERE kind = 'started';
CREATE INDEX texts_bytes ON texts (bytes);
CREATE INDEX of_incident ON entries (
        CASE kind WHEN 'incident' THEN body ->> 'id' WHEN 'person' THEN body ->> '$.what.incident'
            ELSE body ->> 'incident' END
    ) WHERE kind IN ('incident', 'alert', 'withhold', 'person');
CREATE INDEX of_alert ON entries (body ->> 'alert')
        WHERE kind IN ('deliver', 'give-up', 'attempt-started', 'attempt-ended');
COMMIT;
PRAGMA application_id=1112296275;
PRAGMA user_version=1;
