//! How long does the page of an incident wait that the state has forgotten, and everybody who reads the journal
//! meanwhile, when the journal is that of years?
//!
//! On paper: to read all of a journal is a gigabyte or two from the disk; to find thirty entries by an index is thirty
//! pages of it. To keep the index costs a write for each entry about an incident, which one in fifty is.
//!
//! Method: observations, and at each two thousandth entry an incident with its revisions, alerts and attempts, some
//! thirty entries; in transactions of five thousand. The first, the middle and the newest incident, and one that was
//! none, each three times; then the same without the indexes, as in a journal that is read before a server of today has
//! opened it. `cargo bench -p blackstart-journal --bench about [-- ENTRIES]`, a million when not given.
#![expect(clippy::print_stdout, reason = "this program prints a table")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads clocks")]

use blackstart_journal::{Journal as _, Reader as _, SqliteJournal, SqliteReader};
use blackstart_model::incident::IncidentState;
use blackstart_model::observation::{Observation, Outcome, SymptomCode};
use blackstart_model::record::{
    Alert, Decision, Delivery, DiagnosisSummary, IncidentRevision, Input, News, Recipient, Record,
};
use blackstart_model::time::Timestamp;
use blackstart_model::{AlertId, IncidentId};
use std::time::{Duration, Instant};

/// Entries from one incident to the next.
const APART: u64 = 2_000;

/// Entries in a transaction.
const BATCH: usize = 5_000;

/// Alerts about each.
const ALERTS: u64 = 3;

fn observed(at: u64, now: Timestamp) -> Record {
    let outcome = match at % 2 {
        0 => Outcome::Up,
        _ => Outcome::down(SymptomCode::ConnectTimeout, "192.0.2.7:443"),
    };
    Record::Input(Input::Observed(Observation {
        check: format!("web-{:04}/https", at % 10_000).into(),
        vantage: "outside".into(),
        outcome,
        at: now,
        asked: false,
        tries: 3,
        failures: 0,
    }))
}

/// All that is said of one incident.
fn incident(id: u64, now: Timestamp) -> Vec<Record> {
    let states = [IncidentState::Suspected, IncidentState::Open, IncidentState::Resolved];
    let revision = |at: usize| {
        Decision::Incident(IncidentRevision {
            id: IncidentId(id),
            from: at.checked_sub(1).map(|before| states[before]),
            to: states[at],
            because: "confirmed: switch-2 is down: very likely (93 %)".to_owned(),
            into: None,
            diagnosis: DiagnosisSummary {
                sentence: "switch-2 (switch) is down: very likely (93 %)".to_owned(),
                ..DiagnosisSummary::default()
            },
            services: (0..20).map(|at| format!("service-{at}").as_str().into()).collect(),
            customers: Vec::new(),
        })
    };
    let mut records: Vec<Record> =
        (0..states.len()).map(|at| Record::Decision(revision(at))).collect();
    for alert in (1..=ALERTS).map(|at| AlertId(id * ALERTS + at)) {
        let (subject, body) = ("switch-2 is down".to_owned(), "20 services are down.\n".repeat(20));
        let (news, to) = (News::Opened, Recipient::Webhook("chat".to_owned()));
        let (incident, because) = (Some(IncidentId(id)), "confirmed".to_owned());
        let told =
            Alert { id: alert, incident, news, to, subject, body, because, particulars: None };
        records.push(Record::Decision(Decision::Alert(told)));
        for attempt in 1..=3 {
            let deliver = Decision::Deliver { alert, attempt, repeat: false, not_before: now };
            records.push(Record::Decision(deliver));
            records.push(Record::Input(Input::AttemptStarted { alert, attempt }));
            let result = match attempt {
                3 => Delivery::Delivered("204".to_owned()),
                _ => Delivery::Failed("refused".to_owned()),
            };
            records.push(Record::Input(Input::AttemptEnded { alert, attempt, result }));
        }
    }
    records
}

fn main() {
    let wanted = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(1_000_000);
    let folder = tempfile::tempdir().expect("a folder");
    let mut journal = SqliteJournal::open(folder.path()).expect("a journal");
    let begun = Instant::now();
    let (mut entries, mut incidents, mut batch) = (0_u64, 0_u64, Vec::new());
    while entries < wanted {
        let now = Timestamp::from_second(1_490_000_000 + entries.cast_signed()).expect("a time");
        let before = batch.len();
        if entries / APART >= incidents {
            incidents += 1;
            batch.extend(incident(incidents, now).into_iter().map(|record| (now, record)));
        }
        batch.push((now, observed(entries, now)));
        entries += (batch.len() - before) as u64;
        if batch.len() >= BATCH || entries >= wanted {
            journal.append(&batch).expect("a disk");
            batch.clear();
        }
    }
    let took = begun.elapsed();
    drop(journal);
    let file = folder.path().join("journal.db");
    let bytes = std::fs::metadata(&file).expect("a file").len();
    println!(
        "{entries} entries, {incidents} incidents, {:.0} MB, written in {:.1} s",
        bytes as f64 / 1e6,
        took.as_secs_f64()
    );
    let asked = [1, incidents / 2, incidents, incidents + 1];
    told("as a server keeps it", &folder, &asked);
    println!("  opened to be written in {:.1} ms", opening(&folder).as_secs_f64() * 1e3);
    let db = rusqlite::Connection::open(&file).expect("a database");
    db.execute_batch("DROP INDEX of_incident; DROP INDEX of_alert;").expect("they are there");
    drop(db);
    told("without indexes", &folder, &asked);
    println!("  opened to be written, they are made in {:.1} s", opening(&folder).as_secs_f64());
}

fn told(how: &str, folder: &tempfile::TempDir, asked: &[u64]) {
    let reader = SqliteReader::open(folder.path()).expect("a reader");
    println!("{how}");
    for id in asked {
        let begun = Instant::now();
        let rounds = 3;
        let found = (0..rounds).map(|_| reader.about(IncidentId(*id)).expect("a journal").len());
        let found = found.max().unwrap_or_default();
        let each = begun.elapsed().as_secs_f64() * 1e3 / f64::from(rounds);
        println!("  I{id:<8} {found:3} entries in {each:9.2} ms");
    }
}

fn opening(folder: &tempfile::TempDir) -> Duration {
    let begun = Instant::now();
    drop(SqliteJournal::open(folder.path()).expect("a journal"));
    begun.elapsed()
}
