//! Whole data folders of earlier versions, opened by today's: `replay` folds them, `serve` goes on where they end, and
//! nothing that stands in them is changed.
//!
//! Each file of `tests/earlier` is the journal of one night as the version of its time wrote it: a service fails and a
//! host with it, a person takes the incident and looks, it ends; the server is killed and started again, and another
//! service fails. It is `sqlite3 journal.db .dump` with the two pragmas that a dump leaves out. The journals of
//! `journal/tests/golden` hold every shape of record, in no order that a night would have; they are gone on in, too.
//! None is ever edited.
//!
//! What an earlier version told is told: for that a journal of today is made into one of a version that numbered and
//! judged otherwise, while what it tells of goes on failing.

use crate::blackstart::{Serving, Site, Web, run, text, wait};
use rusqlite::Connection;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

type Row = (i64, String, String, String);

/// Every journal of earlier days.
fn earlier() -> Vec<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [own.join("tests/earlier"), own.join("../journal/tests/golden")];
    let mut found = Vec::new();
    for folder in folders {
        let entries = std::fs::read_dir(&folder).expect("it is in the repository");
        found.extend(entries.map(|entry| entry.expect("an entry").path()));
    }
    found.retain(|path| path.extension().is_some_and(|end| end == "sql"));
    found.sort();
    assert!(found.len() >= 7, "{found:?}");
    found
}

/// All that is stored, oldest first.
fn rows(data: &Path) -> Vec<Row> {
    let db = Connection::open(data.join("journal.db")).expect("a journal");
    let mut all = db
        .prepare("SELECT id, at, kind, body FROM entries UNION ALL SELECT -id, '', '', text FROM texts ORDER BY 1")
        .expect("its tables");
    let rows = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)));
    rows.expect("its rows").map(|row| row.expect("a row")).collect()
}

/// The plant that was watched last, as the journal has it, if today's language takes it.
fn plant_of(rows: &[Row]) -> String {
    const ANY: &str = "blackstart: 1\nname: later\ntimezone: UTC\nservices: { x: { checks: [ { tcp: '127.0.0.1:1', every: 1s, deadline: 500ms } ] } }\n";
    // Their numbers are below zero: the newest comes first.
    let mut texts = rows.iter().filter(|(id, ..)| *id < 0).map(|(.., text)| text);
    texts.find(|text| text.contains("checks:")).map_or(ANY, |text| text).to_owned()
}

#[test]
fn todays_server_goes_on_in_every_journal_of_earlier_days() {
    for path in earlier() {
        let name = path.display();
        let site = Site::new("");
        let data = site.data();
        std::fs::create_dir_all(&data).expect("a folder");
        let sql = std::fs::read_to_string(&path).expect("it is text");
        Connection::open(data.join("journal.db"))
            .expect("a file")
            .execute_batch(&sql)
            .expect("a dump");
        let before = rows(&data);
        let written = before.iter().filter(|(id, ..)| *id > 0).count();
        site.write(&plant_of(&before));

        let folded = replayed(&data);
        assert_eq!(folded["records"], written, "{name}");
        let serving = site.serve();
        let (_, timeline) = serving.request("GET /timeline", "", "");
        assert!(timeline.contains("</html>"), "{name}: {timeline}");
        // Every incident is there, also those that have been forgotten since.
        for (.., body) in before.iter().filter(|(_, _, kind, _)| kind == "incident") {
            let revision: serde_json::Value = serde_json::from_str(body).expect("JSON");
            let id = format!("I{}", revision["id"]);
            let incident = serving.api(&format!("/incidents/{id}"));
            assert_eq!(incident["id"], id.as_str(), "{name}: {incident}");
        }
        // Every check is asked anew, whatever was known of it.
        wait("a first answer", || {
            let entries = serving.journal();
            let started = entries.iter().rposition(|entry| entry["kind"] == "started")?;
            entries[started..].iter().any(|entry| entry["kind"] == "observed").then_some(())
        });
        serving.signal("-TERM");
        assert_eq!(serving.ended(), Some(0), "{name}");

        let after = rows(&data);
        let same = before.iter().all(|row| after.contains(row));
        assert!(same, "{name}: what had been written is not what it was");
        assert!(after.len() > before.len(), "{name}: nothing was added");
        replayed(&data);
    }
}

/// What a replay comes to. That it would decide otherwise today is no failure; that it cannot read is one.
fn replayed(data: &Path) -> serde_json::Value {
    let output = run(&["replay", "--data", data.to_str().expect("text"), "--format", "json"]);
    let words = text(&output.stderr);
    assert!(matches!(output.status.code(), Some(0 | 21)), "{}: {words}", data.display());
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_journal_with_a_later_record_is_left_alone_and_says_which_version_can_read_it() {
    let site = Site::new(
        "blackstart: 1\nname: p\ntimezone: UTC\nservices: { x: { checks: [ { tcp: '127.0.0.1:1' } ] } }\n",
    );
    let serving = site.serve();
    serving.outcome("x/tcp");
    serving.signal("-TERM");
    assert_eq!(serving.ended(), Some(0));
    let data = site.data();
    let later = "INSERT INTO entries SELECT max(id) + 1, max(at), 'started', '{\"version\":\"7.0.0\",\"alive_until\":null}' FROM entries; \
                 INSERT INTO entries SELECT max(id) + 1, max(at), 'dreamt', '{}' FROM entries";
    Connection::open(data.join("journal.db"))
        .expect("a journal")
        .execute_batch(later)
        .expect("two records");
    let before = rows(&data);
    let (code, words) = site.fails(&["--listen", "127.0.0.1:0"]);
    assert_eq!(code, Some(1));
    assert!(words.contains("`dreamt`, written by version 7.0.0"), "{words}");
    assert!(words.contains("use version 7.0.0 or a later one"), "{words}");
    assert!(rows(&data) == before, "it wrote into what it cannot read");
}

/// A page that can be broken and mended.
struct Page {
    at: std::net::SocketAddr,
    works: Arc<AtomicBool>,
}

impl Page {
    fn start(works: bool) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let at = listener.local_addr().expect("a port");
        let works = Arc::new(AtomicBool::new(works));
        let own = works.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut lines = BufReader::new(stream.try_clone().expect("a handle")).lines();
                while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
                let status = if own.load(Ordering::SeqCst) { "200 OK" } else { "503 Broken" };
                let head = "Content-Length: 0\r\nConnection: close";
                let _ = write!(stream, "HTTP/1.1 {status}\r\n{head}\r\n\r\n");
            }
        });
        Self { at, works }
    }

    fn mend(&self) {
        self.works.store(true, Ordering::SeqCst);
    }
}

/// Of every alert in the journal: its number, its incident, and what it tells.
fn alerts(serving: &Serving) -> Vec<(u64, u64, String)> {
    let all = serving.api("/alerts")["alerts"].as_array().cloned().unwrap_or_default();
    let mut all: Vec<_> = all
        .iter()
        .map(|alert| {
            let number = |key: &str| {
                alert[key].as_str().and_then(|text| text[1..].parse().ok()).unwrap_or(0)
            };
            (number("id"), number("incident"), alert["news"].as_str().unwrap_or("").to_owned())
        })
        .collect();
    all.sort();
    all
}

/// Makes of a journal what a version would have written that counted from elsewhere, used other words and was less
/// sure; and that had told of `b`, which works, and had decided to tell of `c` when it was killed.
const BY_ANOTHER_VERSION: &str = r#"
UPDATE entries SET body = json_set(body, '$.id', json_extract(body, '$.id') + 40,
    '$.diagnosis.sentence', 'a is broken, I guess', '$.because', 'a guess',
    '$.diagnosis.hypotheses[0].posterior', 0.61) WHERE kind = 'incident';
UPDATE entries SET body = json_set(body, '$.id', json_extract(body, '$.id') + 90,
    '$.incident', json_extract(body, '$.incident') + 40, '$.subject', 'a is broken') WHERE kind = 'alert';
UPDATE entries SET body = json_set(body, '$.alert', json_extract(body, '$.alert') + 90)
    WHERE kind IN ('deliver', 'attempt-started', 'attempt-ended');
CREATE TEMP TABLE later AS SELECT max(id) AS id, max(at) AS at FROM entries;
INSERT INTO entries SELECT id + 1, at, 'tick', '{}' FROM later;
INSERT INTO entries SELECT id + 2, at, 'incident',
    replace(replace(INCIDENT, 'ID', '60'), 'NAME', 'b') FROM later;
INSERT INTO entries SELECT id + 3, at, 'alert',
    replace(replace(replace(ALERT, 'NR', '120'), 'ID', '60'), 'NAME', 'b') FROM later;
INSERT INTO entries SELECT id + 4, at, 'deliver',
    json_object('alert', 120, 'attempt', 1, 'repeat', json('false'), 'not_before', at) FROM later;
INSERT INTO entries SELECT id + 5, at, 'attempt-started', '{"alert":120,"attempt":1}' FROM later;
INSERT INTO entries SELECT id + 6, at, 'attempt-ended', '{"alert":120,"attempt":1,"result":"delivered","words":"200"}' FROM later;
INSERT INTO entries SELECT id + 7, at, 'tick', '{}' FROM later;
INSERT INTO entries SELECT id + 8, at, 'incident',
    replace(replace(INCIDENT, 'ID', '61'), 'NAME', 'c') FROM later;
INSERT INTO entries SELECT id + 9, at, 'alert',
    replace(replace(replace(ALERT, 'NR', '121'), 'ID', '61'), 'NAME', 'c') FROM later;
INSERT INTO entries SELECT id + 10, at, 'deliver',
    json_object('alert', 121, 'attempt', 1, 'repeat', json('false'), 'not_before', at) FROM later;
"#;

const INCIDENT: &str = r#"'{"id":ID,"from":null,"to":"open","because":"a guess","into":null,"diagnosis":{"sentence":"NAME is broken","hypotheses":[{"faults":[{"subject":"NAME","mode":"down"}],"posterior":0.6,"explains":["NAME/http from here"],"unexplained":[],"contradicted":[],"predicts":[]}],"searched":""},"services":["NAME"],"customers":[]}'"#;

const ALERT: &str = r#"'{"id":NR,"incident":ID,"news":"opened","to":{"webhook":"hook"},"subject":"NAME is broken","body":"","because":"a guess"}'"#;

#[test]
fn what_an_earlier_version_told_is_not_told_again_and_ends_once() {
    let (a, b, c) = (Page::start(false), Page::start(true), Page::start(true));
    let hook = Web::start();
    let service = |name: &str, page: &Page| {
        format!(
            "  {name}: {{ checks: [ {{ http: 'http://{}/', every: 500ms, deadline: 400ms }} ] }}\n",
            page.at
        )
    };
    let services = [service("a", &a), service("b", &b), service("c", &c)].concat();
    let site = Site::new(&format!(
        "blackstart: 1\nname: p\ntimezone: UTC\nalerts: {{ webhooks: {{ hook: {{ url: 'http://{}/' }} }} }}\nservices:\n{services}",
        hook.at
    ));
    let opened = |alert, incident| (alert, incident, "opened".to_owned());
    let resolved = |alert, incident| (alert, incident, "resolved".to_owned());
    let is_delivered = |serving: &Serving, number: &str| {
        let all = serving.api("/alerts")["alerts"].as_array().cloned().unwrap_or_default();
        all.iter().any(|alert| alert["id"] == number && alert["stage"] == "delivered")
    };
    let serving = site.serve();
    wait("the first alert", || is_delivered(&serving, "A1").then_some(()));
    for service in ["b", "c"] {
        assert_eq!(serving.outcome(&format!("{service}/http")), "up");
    }
    assert_eq!(alerts(&serving), [opened(1, 1)]);
    drop(serving);

    let another = BY_ANOTHER_VERSION.replace("INCIDENT", INCIDENT).replace("ALERT", ALERT);
    let db = Connection::open(site.data().join("journal.db")).expect("a journal");
    db.execute_batch(&another).expect("its records");
    drop(db);
    // `c` is broken by now, as had just been found out.
    c.works.store(false, Ordering::SeqCst);
    let serving = site.serve();
    // `b` was never broken; it is told so, once. What was on its way about `c` leaves.
    wait("the end of what was told of b", || is_delivered(&serving, "A122").then_some(()));
    wait("what was to be told of c", || is_delivered(&serving, "A121").then_some(()));
    let so_far = vec![opened(91, 41), opened(120, 60), opened(121, 61), resolved(122, 60)];
    assert_eq!(alerts(&serving), so_far);
    assert_eq!(serving.api("/incidents/I41")["state"], "open", "a is still broken");
    assert_eq!(serving.api("/incidents/I60")["state"], "resolved");
    wait("c to be asked", || serving.outcome("c/http").starts_with("down").then_some(()));
    drop(serving);

    // Killed and started again, it has nothing more to tell, until something changes.
    let serving = site.serve();
    for service in ["a", "c"] {
        let key = format!("{service}/http");
        wait("an answer", || serving.outcome(&key).starts_with("down").then_some(()));
    }
    assert_eq!(alerts(&serving), so_far);
    a.mend();
    c.mend();
    wait("both ends", || {
        let ended = ["A123", "A124"].iter().all(|number| is_delivered(&serving, number));
        ended.then_some(())
    });
    let told = alerts(&serving);
    assert_eq!(told[..4], so_far);
    let mut ended: Vec<_> =
        told[4..].iter().map(|(_, incident, news)| (*incident, &**news)).collect();
    ended.sort_unstable();
    assert_eq!(ended, [(41, "resolved"), (61, "resolved")]);
    assert_eq!(hook.seen().len(), 5, "each alert has left once, but that of b's failure");
}
