//! What every store must do, asked of each in the same words.
//!
//! A store is a `Vec` of entries that one writes and many read. A new store adds one [`Store`] and
//! one line at the end.

use crate::records;
use blackstart_journal::{ENTRIES_READ_MAX, Entry, Journal, MemoryJournal, Reader, SqliteJournal};
use blackstart_model::record::{Decision, Input, PersonAction, Record};
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{IncidentId, RecordId};
use proptest::collection::vec;
use proptest::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// How the suite gets at a store.
struct Store {
    /// Opens the journal of this folder; makes it when there is none.
    open: fn(&Path) -> Box<dyn Journal>,
    /// Closes it and opens it again. Where nothing outlives the process, gives it back as it is.
    reopen: fn(Box<dyn Journal>, &Path) -> Box<dyn Journal>,
}

const MEMORY: Store =
    Store { open: |_| Box::new(MemoryJournal::new("memory")), reopen: |journal, _| journal };

const SQLITE: Store = Store {
    open: |folder| Box::new(SqliteJournal::open(folder).unwrap()),
    reopen: |journal, folder| {
        drop(journal);
        Box::new(SqliteJournal::open(folder).unwrap())
    },
};

/// Something done to a journal and to its model alike.
#[derive(Clone, Debug)]
enum Act {
    /// Append these, each this long after the one before it.
    Append(Vec<(Duration, Record)>),
    /// Close it, and open it again.
    Reopen,
    /// Open another reader beside it.
    Beside,
    /// Read from here, so many at most.
    Read(u64, usize),
    /// Read all of it in pages of this size.
    Page(usize),
}

fn act() -> impl Strategy<Value = Act> {
    // Now and then no time passes between two records, or hardly any.
    let later =
        prop_oneof![Just(0), Just(1), 0..100_000_000_000_u64].prop_map(Duration::from_nanos);
    let limit = prop_oneof![0..8_usize, Just(usize::MAX)];
    prop_oneof![
        4 => vec((later, records::record()), 1..6).prop_map(Act::Append),
        1 => Just(Act::Reopen),
        1 => Just(Act::Beside),
        2 => (prop_oneof![0..40_u64, Just(u64::MAX)], limit).prop_map(|(from, n)| Act::Read(from, n)),
        1 => (1..7_usize).prop_map(Act::Page),
    ]
}

fn behaves_as_a_vec(store: &Store) {
    proptest!(ProptestConfig::with_cases(48), |(
        begin in records::instant(),
        acts in vec(act(), 1..16),
    )| {
        let folder = tempfile::tempdir().unwrap();
        let mut journal = (store.open)(folder.path());
        let mut readers = Vec::new();
        let mut model = Vec::new();
        let mut now = begin;
        for act in acts {
            match act {
                Act::Append(batch) => {
                    let batch: Vec<_> = batch.into_iter().map(|(later, record)| {
                        // Close to the end of time a clock may stand; it never goes back.
                        now = now.checked_add(later).unwrap_or(now);
                        (now, record)
                    }).collect();
                    let first = journal.append(&batch).unwrap();
                    prop_assert_eq!(first, RecordId(model.len() as u64 + 1));
                    model.extend(batch.into_iter().zip(first.0..).map(|((at, record), id)| {
                        Entry { id: RecordId(id), at, record }
                    }));
                }
                Act::Reopen => {
                    let identity = journal.identity().to_owned();
                    journal = (store.reopen)(journal, folder.path());
                    prop_assert_eq!(journal.identity(), identity);
                }
                Act::Beside => readers.push(journal.reader().unwrap()),
                Act::Read(from, limit) => {
                    let start = usize::try_from(from.saturating_sub(1)).unwrap().min(model.len());
                    let end = start.saturating_add(limit).min(model.len());
                    let read = journal.read(RecordId(from), limit).unwrap();
                    prop_assert_eq!(&read[..], &model[start..end]);
                }
                Act::Page(size) => prop_assert_eq!(pages(&*journal, size), model.clone()),
            }
            for reader in readers.iter().map(|reader| &**reader).chain([&*journal as &dyn Reader]) {
                prop_assert_eq!(&reader.read(RecordId(1), usize::MAX).unwrap(), &model);
                for number in 0..4 {
                    prop_assert_eq!(reader.about(IncidentId(number)).unwrap(), about(&model, number));
                }
                let newest = model.last().map(|entry: &Entry| (entry.id, entry.at));
                prop_assert_eq!(reader.newest().unwrap(), newest);
                prop_assert_eq!(reader.identity(), journal.identity());
            }
        }
    });
}

/// What names an incident, or an alert about it that was decided before.
fn about(model: &[Entry], incident: u64) -> Vec<Entry> {
    let mut alerts = Vec::new();
    let mut is_about = |record: &Record| match record {
        Record::Decision(Decision::Alert(alert))
            if alert.incident == Some(IncidentId(incident)) =>
        {
            alerts.push(alert.id);
            true
        }
        Record::Decision(Decision::Incident(revision)) => revision.id.0 == incident,
        Record::Decision(Decision::Withhold { incident: id, .. }) => id.0 == incident,
        Record::Decision(Decision::Deliver { alert, .. } | Decision::GiveUp { alert, .. })
        | Record::Input(Input::AttemptStarted { alert, .. } | Input::AttemptEnded { alert, .. }) => {
            alerts.contains(alert)
        }
        Record::Input(Input::Person(person)) => match &person.what {
            PersonAction::Acknowledge { incident: id, .. }
            | PersonAction::Silence { incident: id, .. }
            | PersonAction::Close { incident: id, .. }
            | PersonAction::Merge { incident: id, .. } => id.0 == incident,
            PersonAction::Observe { .. } | PersonAction::Act { .. } => false,
        },
        _ => false,
    };
    model.iter().filter(|entry| is_about(&entry.record)).cloned().collect()
}

/// All entries, so many at a time, as a replay reads them.
pub(crate) fn pages(reader: &dyn Reader, size: usize) -> Vec<Entry> {
    let mut all = Vec::new();
    loop {
        let page = reader.read(RecordId(all.len() as u64 + 1), size).unwrap();
        assert!(page.len() <= size, "asked for {size} and got {}", page.len());
        let is_last = page.len() < size;
        all.extend(page);
        if is_last {
            return all;
        }
    }
}

fn a_page_is_bounded_whatever_is_asked_for(store: &Store) {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = (store.open)(folder.path());
    let tick = (Timestamp::UNIX_EPOCH, Record::Input(Input::Tick));
    journal.append(&vec![tick; ENTRIES_READ_MAX + 1]).unwrap();
    assert_eq!(journal.read(RecordId(1), usize::MAX).unwrap().len(), ENTRIES_READ_MAX);
    let rest = journal.read(RecordId(ENTRIES_READ_MAX as u64 + 1), usize::MAX).unwrap();
    assert_eq!(rest.len(), 1);
}

fn nothing_cannot_be_appended(store: &Store) {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = (store.open)(folder.path());
    catch_unwind(AssertUnwindSafe(|| journal.append(&[]))).expect_err("a bug of the caller");
    assert_eq!(journal.newest().unwrap(), None);
}

/// Batches of one to seven records that say where they stand; those of every fifth are larger than a
/// page of the store.
pub(crate) fn numbered_batch(number: u64) -> Vec<(Timestamp, Record)> {
    let size = 1 + number % 7;
    let at = Timestamp::from_second(i64::try_from(number).unwrap()).unwrap();
    let filler = if number.is_multiple_of(5) { "and so on, ".repeat(700) } else { String::new() };
    let place = |place| format!("batch {number}, {place} of {size} {filler}");
    (1..=size).map(|n| (at, Record::Decision(Decision::Reject { because: place(n) }))).collect()
}

/// The number of the last of these batches, all of which must be there and whole, in order.
pub(crate) fn whole_batches(entries: &[Entry]) -> u64 {
    let mut rest = entries;
    for number in 1.. {
        if rest.is_empty() {
            return number - 1;
        }
        let batch = numbered_batch(number);
        assert!(rest.len() >= batch.len(), "half of batch {number}: {rest:#?}");
        let (own, others) = rest.split_at(batch.len());
        for (entry, (at, record)) in own.iter().zip(&batch) {
            assert_eq!((&entry.at, &entry.record), (at, record));
        }
        rest = others;
    }
    unreachable!("there are fewer batches than numbers")
}

fn a_reader_beside_the_writer_sees_whole_batches_and_all_that_is_acknowledged(store: &Store) {
    const BATCHES: u64 = 200;
    let folder = tempfile::tempdir().unwrap();
    let mut journal = (store.open)(folder.path());
    let reader = journal.reader().unwrap();
    let acknowledged = AtomicU64::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..=BATCHES {
                journal.append(&numbered_batch(number)).unwrap();
                acknowledged.store(number, Ordering::Release);
            }
        });
        let mut seen = 0;
        while seen < BATCHES {
            let at_least = acknowledged.load(Ordering::Acquire);
            let entries = reader.read(RecordId(1), usize::MAX).unwrap();
            let now_seen = whole_batches(&entries);
            assert!(now_seen >= seen.max(at_least), "{now_seen} < {seen} or {at_least}");
            seen = now_seen;
        }
    });
}

fn two_journals_are_told_apart(store: &Store) {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let [one, other] = folders.each_ref().map(|folder| {
        let journal = (store.open)(folder.path());
        journal.identity().to_owned()
    });
    for identity in [&one, &other] {
        assert_eq!(identity.len(), 32, "{identity}");
        assert!(identity.bytes().all(|byte| byte.is_ascii_hexdigit()), "{identity}");
    }
    assert_ne!(one, other);
}

/// A store that refuses the third record of a batch, as a full disk would.
#[test]
fn a_batch_that_fails_half_way_leaves_nothing_and_can_be_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::open(folder.path()).unwrap();
    let reader = journal.reader().unwrap();
    journal.append(&numbered_batch(1)).unwrap();
    let saboteur = rusqlite::Connection::open(folder.path().join("journal.db")).unwrap();
    saboteur
        .execute_batch(
            "CREATE TRIGGER full BEFORE INSERT ON entries WHEN NEW.id = 5
             BEGIN SELECT RAISE(ABORT, 'the disk is full'); END;",
        )
        .unwrap();

    let batch = numbered_batch(2);
    assert_eq!(batch.len(), 3, "the entries 3 to 5");
    for _ in 0..2 {
        journal.append(&batch).expect_err("refused");
        assert_eq!(whole_batches(&reader.read(RecordId(1), 100).unwrap()), 1);
        assert_eq!(journal.newest().unwrap().unwrap().0, RecordId(2));
    }

    saboteur.execute_batch("DROP TRIGGER full;").unwrap();
    assert_eq!(journal.append(&batch).unwrap(), RecordId(3));
    assert_eq!(whole_batches(&reader.read(RecordId(1), 100).unwrap()), 2);
}

#[test]
fn the_text_of_a_plant_is_kept_once() {
    use blackstart_model::record::PlantSource;
    let folder = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::open(folder.path()).unwrap();
    let file = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    let files = vec![file("a.yaml", "text"), file("b.yaml", "text"), file("c.yaml", "TEXT")];
    let record = Record::Input(Input::PlantLoaded(PlantSource { files }));
    journal.append(&vec![(Timestamp::UNIX_EPOCH, record.clone()); 2]).unwrap();
    journal.append(&[(Timestamp::UNIX_EPOCH, record.clone())]).unwrap();
    let texts: i64 = rusqlite::Connection::open(folder.path().join("journal.db"))
        .unwrap()
        .query_row("SELECT count(*) FROM texts", [], |row| row.get(0))
        .unwrap();
    assert_eq!(texts, 2);
    assert_eq!(journal.read(RecordId(3), 1).unwrap()[0].record, record);
}

macro_rules! suite {
    ($name:ident, $store:expr, $($case:ident)*) => {
        mod $name {
            $(#[test] fn $case() { super::$case(&$store); })*
        }
    };
}

suite! {
    memory, super::MEMORY,
    behaves_as_a_vec
    a_page_is_bounded_whatever_is_asked_for
    nothing_cannot_be_appended
    a_reader_beside_the_writer_sees_whole_batches_and_all_that_is_acknowledged
}

suite! {
    sqlite, super::SQLITE,
    behaves_as_a_vec
    a_page_is_bounded_whatever_is_asked_for
    nothing_cannot_be_appended
    a_reader_beside_the_writer_sees_whole_batches_and_all_that_is_acknowledged
    two_journals_are_told_apart
}
