//! Journals of earlier days, read by today's version.
//!
//! Each file of `tests/golden` was written once by the version of its day: these records appended one
//! second apart, the journal closed, `sqlite3 journal.db .dump` and the two pragmas that a dump leaves
//! out. None is ever edited, for nobody can edit what customers have on their disks. When the format
//! grows, today's writer differs from the newest file: add another, with its records, as the last one.

use crate::records::{shape, shapes_drawn};
use blackstart_journal::{Entry, Journal as _, Reader as _, SqliteJournal, SqliteReader};
use blackstart_model::incident::IncidentState;
use blackstart_model::observation::{NoAnswerCode, Observation, Outcome, SymptomCode};
use blackstart_model::record::{
    Alert, BelievedFault, Counted, Decision, Deed, Delivery, DiagnosisSummary, FaultMode,
    FaultName, HypothesisSummary, IncidentRevision, Input, News, Particulars, PersonAction,
    PersonInput, PlantSource, Recipient, Record, Report, Saw, Urgency, VantageLoss,
};
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{AlertId, IncidentId, RecordId, stable_hash};
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::path::Path;

/// A file, and what is in it.
struct Golden {
    name: &'static str,
    sql: &'static str,
    /// The [`stable_hash`] of the file.
    fingerprint: u64,
    records: fn() -> Vec<Record>,
}

const GOLDEN: [Golden; 6] = [
    Golden {
        name: "v1.sql",
        sql: include_str!("../golden/v1.sql"),
        fingerprint: 0x4228_5384_a7d7_0a2d,
        records: v1,
    },
    Golden {
        name: "v1-reports.sql",
        sql: include_str!("../golden/v1-reports.sql"),
        fingerprint: 0xb505_307e_c9cc_127e,
        records: v1_reports,
    },
    Golden {
        name: "v1-blind.sql",
        sql: include_str!("../golden/v1-blind.sql"),
        fingerprint: 0x2df0_1a39_b046_d08e,
        records: v1_blind,
    },
    Golden {
        name: "v1-ways-out.sql",
        sql: include_str!("../golden/v1-ways-out.sql"),
        fingerprint: 0x57c0_b7d8_ec7d_afe1,
        records: v1_ways_out,
    },
    Golden {
        name: "v1-later.sql",
        sql: include_str!("../golden/v1-later.sql"),
        fingerprint: 0x2a3b_c5a8_38d2_027d,
        records: v1_later,
    },
    // The same records, and indexes of what names an incident.
    Golden {
        name: "v1-indexed.sql",
        sql: include_str!("../golden/v1-indexed.sql"),
        fingerprint: 0x8e90_dd16_a016_9030,
        records: v1_later,
    },
];

#[test]
fn no_golden_file_was_edited() {
    for Golden { name, sql, fingerprint, records: _ } in GOLDEN {
        let found = stable_hash(sql);
        assert_eq!(
            found, fingerprint,
            "{name} was edited (now {found:#x}): undo that, add another"
        );
    }
}

#[test]
fn every_shape_of_record_has_its_place() {
    let kept: BTreeSet<_> =
        GOLDEN.iter().flat_map(|golden| (golden.records)()).map(|record| shape(&record)).collect();
    assert_eq!(kept, shapes_drawn());
}

#[test]
fn todays_reader_reads_every_golden_file() {
    for Golden { name, sql, fingerprint: _, records } in GOLDEN {
        let folder = tempfile::tempdir().unwrap();
        database(folder.path()).execute_batch(sql).unwrap();
        let reader = SqliteReader::open(folder.path()).unwrap();
        let expected: Vec<Entry> = dated(records())
            .into_iter()
            .zip(1..)
            .map(|((at, record), id)| Entry { id: RecordId(id), at, record })
            .collect();
        let found = reader.read(RecordId(1), usize::MAX).unwrap();
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found, expected, "{name}");
        }
        assert_eq!(found.len(), expected.len(), "{name}");
    }
}

#[test]
fn todays_writer_goes_on_where_a_golden_file_ends() {
    for Golden { name, sql, fingerprint: _, records } in GOLDEN {
        let folder = tempfile::tempdir().unwrap();
        database(folder.path()).execute_batch(sql).unwrap();
        let mut journal = SqliteJournal::open(folder.path()).unwrap();
        let (newest, at) = journal.newest().unwrap().unwrap();
        assert_eq!(newest, RecordId(records().len() as u64), "{name}");
        let first = journal.append(&[(at, Record::Input(Input::Tick))]).unwrap();
        assert_eq!(first, RecordId(newest.0 + 1), "{name}");
    }
}

#[test]
fn todays_writer_writes_the_newest_golden_file() {
    let [.., Golden { name, sql, fingerprint: _, records }] = GOLDEN;
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [golden, today] = folders.each_ref().map(|folder| folder.path());
    database(golden).execute_batch(sql).unwrap();
    SqliteJournal::open(today).unwrap().append(&dated(records())).unwrap();
    let [golden, today] = [golden, today].map(|folder| rows(&database(folder)));
    for (golden, today) in golden.iter().zip(&today) {
        assert_eq!(golden, today, "{name}: the format has changed, see above");
    }
    assert_eq!(golden.len(), today.len());
}

fn database(folder: &Path) -> Connection {
    Connection::open(folder.join("journal.db")).unwrap()
}

/// The schema, the entries and the texts as they are stored.
fn rows(db: &Connection) -> Vec<(i64, String, String, String)> {
    db.prepare(
        "SELECT 0, type, name, sql FROM sqlite_schema
         UNION ALL SELECT id, at, kind, body FROM entries
         UNION ALL SELECT id, 'text', CAST(bytes AS TEXT), text FROM texts
         ORDER BY 1, 2, 3",
    )
    .unwrap()
    .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
    .unwrap()
    .map(Result::unwrap)
    .collect()
}

/// One second and one nanosecond apart, from the evening before the outage of seed 6.
fn dated(records: Vec<Record>) -> Vec<(Timestamp, Record)> {
    let begin = instant("2017-03-25T19:00:00Z").as_nanosecond();
    let at = |n: i128| Timestamp::from_nanosecond(begin + n * 1_000_000_001).unwrap();
    (0..).map(at).zip(records).collect()
}

fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Every shape, every code and every optional field of the first format, both absent and present.
fn v1() -> Vec<Record> {
    const SYMPTOMS: [SymptomCode; 18] = [
        SymptomCode::NoAddress,
        SymptomCode::Refused,
        SymptomCode::Unreachable,
        SymptomCode::ConnectTimeout,
        SymptomCode::AnswerTimeout,
        SymptomCode::Closed,
        SymptomCode::TlsFailed,
        SymptomCode::CertificateInvalid,
        SymptomCode::CertificateExpires,
        SymptomCode::WrongStatus,
        SymptomCode::WrongBody,
        SymptomCode::WrongHeader,
        SymptomCode::NoEcho,
        SymptomCode::EchoLoss,
        SymptomCode::WrongRcode,
        SymptomCode::WrongRecord,
        SymptomCode::Slow,
        SymptomCode::Reported,
    ];
    const NO_ANSWERS: [NoAnswerCode; 10] = [
        NoAnswerCode::NotAsked,
        NoAnswerCode::Late,
        NoAnswerCode::CutOff,
        NoAnswerCode::Silent,
        NoAnswerCode::Blind,
        NoAnswerCode::NoPermission,
        NoAnswerCode::NotAllowed,
        NoAnswerCode::Unparsable,
        NoAnswerCode::NotEquipped,
        NoAnswerCode::Exhausted,
    ];
    const LOSSES: [VantageLoss; 3] =
        [VantageLoss::Silent, VantageLoss::WayOut, VantageLoss::Revoked];
    const STATES: [IncidentState; 7] = [
        IncidentState::Suspected,
        IncidentState::Open,
        IncidentState::Acknowledged,
        IncidentState::Recovering,
        IncidentState::Resolved,
        IncidentState::Merged,
        IncidentState::Dismissed,
    ];
    const MODES: [FaultMode; 5] = [
        FaultMode::Down,
        FaultMode::Degraded,
        FaultMode::Misrouted,
        FaultMode::CutOff,
        FaultMode::WrongCheck,
    ];
    const NEWS: [News; 4] = [News::Opened, News::CauseChanged, News::Resolved, News::PlantRefused];

    let seen = |outcome: Outcome| {
        Input::Observed(Observation {
            check: "plex/https".into(),
            vantage: "here".into(),
            failures: outcome.failures_of(1),
            outcome,
            at: instant("2017-03-25T18:59:59.999999999Z"),
            asked: false,
            tries: 1,
        })
    };
    let person = |what| Input::Person(PersonInput { who: "mara".to_owned(), what });
    let ended = |attempt, result| Input::AttemptEnded { alert: AlertId(1), attempt, result };
    let (incident, alert) = (IncidentId(7), AlertId(1));

    let mut inputs = vec![
        Input::Started { version: "0.1.0".to_owned(), alive_until: None },
        Input::PlantLoaded(PlantSource {
            files: vec![
                ("plant.yaml".to_owned(), "blackstart: 1\nname: bytesized\n".to_owned()),
                ("same.yaml".to_owned(), "blackstart: 1\nname: bytesized\n".to_owned()),
                ("größe.yaml".to_owned(), String::new()),
            ],
        }),
        Input::PlantLoaded(PlantSource { files: Vec::new() }),
        Input::PlantRefused { why: "2 findings, the first: `pdu-c` is no component".to_owned() },
        seen(Outcome::Up),
        Input::Observed(Observation {
            check: "mail/smtp 2".into(),
            vantage: "outside".into(),
            outcome: Outcome::down(
                SymptomCode::WrongStatus,
                "it said \"503\"\r\n\tnul \0 ümläut 🔌",
            ),
            at: instant("1970-01-01T00:00:00Z"),
            asked: true,
            tries: u32::MAX,
            failures: u32::MAX,
        }),
        Input::Observed(Observation {
            check: "".into(),
            vantage: "".into(),
            outcome: Outcome::degraded(SymptomCode::Slow, "612 ms, slower than 500 ms"),
            at: instant("2262-04-11T23:47:16.854775807Z"),
            asked: true,
            tries: 2,
            failures: 2,
        }),
    ];
    inputs.extend(SYMPTOMS.map(|code| seen(Outcome::down(code, "127.0.0.1:80"))));
    inputs.extend(NO_ANSWERS.map(|code| seen(Outcome::unknown(code, ""))));
    inputs.extend(LOSSES.map(|how| Input::VantageLost {
        vantage: "outside".into(),
        how,
        detail: "nothing heard for 15 s".to_owned(),
    }));
    inputs.extend([
        Input::VantageHeard { vantage: "outside".into() },
        Input::Counted(Counted { vantage: "here".into(), tries: u64::MAX, exceptions: Vec::new() }),
        Input::Counted(Counted {
            vantage: "here".into(),
            tries: 600,
            exceptions: vec![("plex/https".into(), 20, 3), ("resolver/dns".into(), u32::MAX, 0)],
        }),
        person(PersonAction::Acknowledge { incident, note: "on it".to_owned() }),
        person(PersonAction::Silence {
            incident,
            until: instant("2017-03-26T06:00:00+02:00"),
            note: "the night is mine".to_owned(),
        }),
        person(PersonAction::Close { incident, note: String::new() }),
        person(PersonAction::Merge {
            incident,
            into: IncidentId(u64::MAX),
            note: "the same breaker".to_owned(),
        }),
        person(PersonAction::Observe {
            component: "pdu-a".into(),
            saw: Saw::Down,
            trust: PersonAction::TRUST,
            note: "breaker 3 is tripped".to_owned(),
        }),
        person(PersonAction::Observe {
            component: "pdu-b".into(),
            saw: Saw::Up,
            trust: PersonAction::TRUST,
            note: "its lamp is green".to_owned(),
        }),
        Input::AttemptStarted { alert, attempt: 1 },
        ended(1, Delivery::Failed("connection refused".to_owned())),
        ended(2, Delivery::InFlight("closed after the last dot".to_owned())),
        ended(3, Delivery::Refused("550 no such user".to_owned())),
        ended(4, Delivery::Delivered("250 ok".to_owned())),
        Input::Tick,
        Input::Started {
            version: "0.1.1".to_owned(),
            alive_until: Some(instant("2017-03-26T02:31:00.5Z")),
        },
    ]);

    let revision = |from, to, diagnosis| {
        Decision::Incident(IncidentRevision {
            id: incident,
            from,
            to,
            because: "seen from 2 vantages".to_owned(),
            into: None,
            diagnosis,
            services: Vec::new(),
            customers: Vec::new(),
        })
    };
    let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
    let fault = |mode| FaultName { subject: "switch-2".to_owned(), mode };
    let plain = |fault| BelievedFault { fault, since: None, until: None };
    let believed = DiagnosisSummary {
        sentence: "switch-2 is down (97 %), and takes 10 services with it".to_owned(),
        hypotheses: vec![
            HypothesisSummary {
                nothing_broke: false,
                faults: MODES.map(fault).map(plain).to_vec(),
                // Has no short decimal: it must come back to the last bit.
                posterior: 0.1 + 0.2,
                explains: texts(&["plex/https from here", "plex/https from outside"]),
                unexplained: texts(&["mail/smtp from here"]),
                contradicted: texts(&["resolver/dns from here"]),
                predicts: texts(&["web-1", "web-2"]),
            },
            HypothesisSummary {
                nothing_broke: false,
                faults: Vec::new(),
                posterior: 0.0,
                explains: Vec::new(),
                unexplained: Vec::new(),
                contradicted: Vec::new(),
                predicts: Vec::new(),
            },
        ],
        searched: "complete to order 2".to_owned(),
        ..DiagnosisSummary::default()
    };
    let mut decisions = vec![
        Decision::Verify { asks: Vec::new(), because: String::new() },
        Decision::Verify {
            asks: vec![("plex/https".into(), "outside".into()), ("sw/icmp".into(), "here".into())],
            because: "plex/https failed from here".to_owned(),
        },
        Decision::Incident(IncidentRevision {
            id: incident,
            from: Some(IncidentState::Open),
            to: IncidentState::Merged,
            because: "one cause with I8".to_owned(),
            into: Some(IncidentId(8)),
            diagnosis: believed,
            services: vec!["plex".into(), "web-1".into()],
            customers: vec!["acme".into()],
        }),
        Decision::Deliver {
            alert,
            attempt: 1,
            repeat: false,
            not_before: instant("2017-03-25T19:00:01Z"),
        },
        Decision::Deliver {
            alert,
            attempt: 2,
            repeat: true,
            not_before: instant("2017-03-25T19:00:31.000000001Z"),
        },
        Decision::GiveUp { alert, because: "refused: 550 no such user".to_owned() },
        Decision::Reject { because: "I7 is resolved already".to_owned() },
    ];
    decisions.extend(STATES.map(|to| revision(None, to, DiagnosisSummary::default())));
    decisions
        .extend(STATES.map(|from| {
            revision(Some(from), IncidentState::Resolved, DiagnosisSummary::default())
        }));
    let message = |news, incident, to| {
        Decision::Alert(Alert {
            id: alert,
            incident,
            news,
            to,
            subject: "I7 switch-2 is down".to_owned(),
            body: "10 services are down.\nhttps://console.example/incidents/7\n".to_owned(),
            because: "confirmed".to_owned(),
            particulars: None,
        })
    };
    let mail = Recipient::Mail("ops@acme.example".to_owned());
    let webhook = Recipient::Webhook("chat".to_owned());
    decisions.extend(NEWS.map(|news| message(news, Some(incident), mail.clone())));
    decisions.push(message(News::PlantRefused, None, webhook));
    decisions.extend(NEWS.map(|news| Decision::Withhold {
        incident,
        news,
        because: "silenced until Sun 2017-03-26 06:00:00 +02:00 by mara".to_owned(),
    }));

    let inputs = inputs.into_iter().map(Record::Input);
    inputs.chain(decisions.into_iter().map(Record::Decision)).collect()
}

/// What came with counts, words that are trusted so far, and deeds.
fn v1_reports() -> Vec<Record> {
    const SAW: [Saw; 5] = [Saw::Up, Saw::Down, Saw::Degraded, Saw::Flapping, Saw::Unknown];
    const DEEDS: [Deed; 7] = [
        Deed::Rebooted,
        Deed::Restarted,
        Deed::PowerCycled,
        Deed::Replaced,
        Deed::RolledBack,
        Deed::Fixed,
        Deed::SwitchedOff,
    ];
    let person = |what| Input::Person(PersonInput { who: "mara".to_owned(), what });
    let flapping = |tries, failures| {
        Input::Observed(Observation {
            check: "kvm/ping".into(),
            vantage: "outside".into(),
            outcome: Outcome::degraded(SymptomCode::Flapping, "in turns"),
            at: instant("2017-03-26T00:31:00.5Z"),
            asked: false,
            tries,
            failures,
        })
    };
    let mut inputs = vec![flapping(20, 6), flapping(2, 2), flapping(1, 0)];
    inputs.extend(SAW.map(|saw| {
        Input::Reported(Report {
            component: "node-nic".into(),
            from: "on-host".to_owned(),
            saw,
            tries: 40,
            failures: 12,
            trust: Report::TRUST,
            at: instant("2017-03-26T00:32:00Z"),
            detail: "carrier changes: 12".to_owned(),
        })
    }));
    inputs.extend(SAW.map(|saw| {
        let (component, trust) = ("pdu-a".into(), 60);
        person(PersonAction::Observe { component, saw, trust, note: "by phone".to_owned() })
    }));
    inputs.extend(SAW.map(|saw| {
        let (component, trust) = ("pdu-a".into(), PersonAction::TRUST);
        person(PersonAction::Observe { component, saw, trust, note: String::new() })
    }));
    inputs.extend(DEEDS.map(|did| {
        person(PersonAction::Act { component: "web-1".into(), did, note: "at last".to_owned() })
    }));
    inputs.into_iter().map(Record::Input).collect()
}

/// The same, and a time in which nobody looked.
fn v1_blind() -> Vec<Record> {
    let blind = Input::Blind { since: instant("2017-03-25T23:59:59.5Z") };
    v1_reports().into_iter().chain([Record::Input(blind)]).collect()
}

/// Since then also: that somebody asked to be left alone for a while.
fn v1_later() -> Vec<Record> {
    let ended =
        |result| Record::Input(Input::AttemptEnded { alert: AlertId(9), attempt: 1, result });
    let words = "429 slow down".to_owned();
    vec![
        ended(Delivery::Later { words: words.clone(), after: Duration::from_secs(90) }),
        ended(Delivery::Later { words: words.clone(), after: Duration::ZERO }),
        ended(Delivery::Failed(words)),
    ]
}

/// The same, and alerts to machines with what only they are told.
fn v1_ways_out() -> Vec<Record> {
    const URGENCIES: [Urgency; 4] =
        [Urgency::Critical, Urgency::Error, Urgency::Warning, Urgency::Info];
    const WAYS: [fn(String) -> Recipient; 4] =
        [Recipient::Alertmanager, Recipient::PagerDuty, Recipient::Ntfy, Recipient::Command];
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    let told = |urgency| Particulars {
        urgency,
        opened_at: instant("2017-03-26T00:31:00.5Z"),
        cause: vec![FaultName { subject: "switch-2".to_owned(), mode: FaultMode::Down }],
        sure_percent: Some(93),
        sentence: "switch-2 is down".to_owned(),
        explains: names(&["plex/https from here"]),
        unexplained: names(&["mail/smtp from here"]),
        contradicted: names(&["resolver/dns from here"]),
        services: names(&["plex", "and 12 more"]),
        customers: names(&["acme"]),
    };
    let unknown = Particulars {
        urgency: Urgency::Warning,
        opened_at: instant("2017-03-26T00:31:00.5Z"),
        cause: Vec::new(),
        sure_percent: None,
        sentence: String::new(),
        explains: Vec::new(),
        unexplained: Vec::new(),
        contradicted: Vec::new(),
        services: Vec::new(),
        customers: Vec::new(),
    };
    let message = |news, to, particulars: Option<Particulars>| {
        Decision::Alert(Alert {
            id: AlertId(9),
            incident: Some(IncidentId(7)),
            news,
            to,
            subject: "I7 switch-2 is down".to_owned(),
            body: "10 services are down.\n".to_owned(),
            because: "acknowledged by mara".to_owned(),
            particulars: particulars.map(Box::new),
        })
    };
    let core = || Recipient::PagerDuty("core".to_owned());
    let mut decisions = Vec::new();
    decisions.extend(WAYS.map(|way| message(News::Opened, way("core".to_owned()), None)));
    decisions
        .extend(URGENCIES.map(|urgency| message(News::Acknowledged, core(), Some(told(urgency)))));
    decisions.push(message(News::Merged, core(), Some(unknown)));
    v1_blind().into_iter().chain(decisions.into_iter().map(Record::Decision)).collect()
}
