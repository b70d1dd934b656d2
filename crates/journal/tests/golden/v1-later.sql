PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE journal (identity TEXT NOT NULL) STRICT;
INSERT INTO journal VALUES('70ac103bca6ee648a9873d7b13889903');
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
COMMIT;
PRAGMA application_id=1112296275;
PRAGMA user_version=1;
