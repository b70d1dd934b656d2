//! Whole data folders of earlier versions, opened by today's: `replay` folds them, `serve` goes on where they end, and
//! nothing that stands in them is changed.
//!
//! Each file of `tests/earlier` is the journal of one night as the version of its time wrote it: a service fails and a
//! host with it, a person takes the incident and looks, it ends; the server is killed and started again, and another
//! service fails. It is `sqlite3 journal.db .dump` with the two pragmas that a dump leaves out. The journals of
//! `journal/tests/golden` hold every shape of record, in no order that a night would have; they are gone on in, too.
//! None is ever edited.

use crate::blackstart::{Site, run, text, wait};
use rusqlite::Connection;
use std::path::{Path, PathBuf};

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
        let incidents = serving.api("/incidents")["incidents"].as_array().map_or(0, Vec::len);
        assert!(incidents as u64 >= folded["incidents"].as_u64().expect("a number"), "{name}");
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
