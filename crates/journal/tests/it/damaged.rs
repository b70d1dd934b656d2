//! Files that are no journal, or not any more: each is refused in its own words, and none by a panic.

use crate::conformance::{numbered_batch, pages};
use blackstart_journal::{
    Entry, Journal as _, JournalError, Reader as _, SqliteJournal, SqliteReader,
};
use blackstart_model::RecordId;
use blackstart_model::record::{Input, PlantSource, Record};
use blackstart_model::time::Timestamp;
use proptest::prelude::*;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use tempfile::TempDir;

fn database(folder: &Path) -> PathBuf {
    folder.join("journal.db")
}

/// A folder with a journal that was closed in peace: nothing is left in the log.
fn closed_journal() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::open(folder.path()).unwrap();
    let started = Input::Started { version: "0.9.7".to_owned(), alive_until: None };
    let files = vec![("plant.yaml".to_owned(), "blackstart: 1\n".to_owned())];
    let loaded = Input::PlantLoaded(PlantSource { files });
    let begin = [started, loaded].map(|input| (Timestamp::UNIX_EPOCH, Record::Input(input)));
    journal.append(&begin).unwrap();
    for number in 1..=20 {
        journal.append(&numbered_batch(number)).unwrap();
    }
    drop(journal);
    assert!(!folder.path().join("journal.db-wal").exists());
    folder
}

/// A folder whose database is these bytes.
fn folder_with(bytes: &[u8]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(database(folder.path()), bytes).unwrap();
    folder
}

/// All entries, as the server reads them at its start.
fn write_and_read(folder: &Path) -> Result<Vec<Entry>, JournalError> {
    SqliteJournal::open(folder)?.read(RecordId(1), usize::MAX)
}

/// All entries, as a reader beside it does.
fn read(folder: &Path) -> Result<Vec<Entry>, JournalError> {
    let reader = SqliteReader::open(folder)?;
    reader.newest()?;
    reader.read(RecordId(1), usize::MAX)
}

/// What both say to it. A journal is not touched by being refused: both are asked, in this order.
fn refusals(folder: &Path) -> [JournalError; 2] {
    [read(folder), write_and_read(folder)].map(|answer| answer.expect_err("refused"))
}

#[test]
fn what_is_not_there_is_absent() {
    let folder = tempfile::tempdir().unwrap();
    let refused = read(folder.path()).expect_err("absent");
    assert!(matches!(refused, JournalError::Absent { .. }), "{refused:?}");
    assert!(!database(folder.path()).exists(), "a reader makes nothing");
}

#[test]
fn a_folder_that_is_a_file_cannot_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data");
    std::fs::write(&file, "").unwrap();
    let refused = SqliteJournal::open(&file).expect_err("not a folder");
    assert!(matches!(refused, JournalError::Open { .. }), "{refused:?}");
}

#[test]
fn something_else_is_not_a_journal() {
    let noise: Vec<u8> =
        (0..9000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for bytes in [&noise[..], b"a letter to my aunt", &[0; 4096]] {
        let folder = folder_with(bytes);
        for refused in refusals(folder.path()) {
            assert!(matches!(refused, JournalError::NotAJournal { .. }), "{refused:?}");
        }
        assert_eq!(std::fs::read(database(folder.path())).unwrap(), bytes, "it is left alone");
    }
}

#[test]
fn the_database_of_another_program_is_not_a_journal() {
    for ours in ["", "PRAGMA application_id = 7; PRAGMA user_version = 1;"] {
        let folder = tempfile::tempdir().unwrap();
        Connection::open(database(folder.path()))
            .and_then(|db| db.execute_batch(&format!("CREATE TABLE entries (id); {ours}")))
            .unwrap();
        let before = std::fs::read(database(folder.path())).unwrap();
        for refused in refusals(folder.path()) {
            assert!(matches!(refused, JournalError::NotAJournal { .. }), "{refused:?}");
        }
        assert_eq!(std::fs::read(database(folder.path())).unwrap(), before, "it is left alone");
    }
}

#[test]
fn a_journal_of_a_later_version_asks_for_that_version() {
    let folder = closed_journal();
    alter(folder.path(), "PRAGMA user_version = 2");
    for refused in refusals(folder.path()) {
        assert!(matches!(refused, JournalError::Newer { found: 2, known: 1, .. }), "{refused:?}");
        let words = "has format 2, and this version reads up to 1: use a newer one";
        assert!(refused.to_string().ends_with(words), "{refused}");
    }
}

#[test]
fn a_journal_cut_short_is_damaged() {
    let folder = closed_journal();
    let whole = std::fs::read(database(folder.path())).unwrap();
    for kept in [1000, 4096, 5000, 3 * 4096, whole.len() - 4096, whole.len() - 1] {
        let folder = folder_with(&whole[..kept]);
        for refused in refusals(folder.path()) {
            let damaged = matches!(refused, JournalError::Damaged { .. });
            assert!(damaged, "{kept} bytes of {}: {refused:?}", whole.len());
        }
    }
}

/// What is left of a journal whose maker died before its first page was written.
#[test]
fn an_empty_file_is_begun_anew() {
    let folder = folder_with(b"");
    let refused = read(folder.path()).expect_err("nothing yet");
    assert!(matches!(refused, JournalError::Absent { .. }), "{refused:?}");
    assert_eq!(write_and_read(folder.path()).unwrap(), []);
    assert_eq!(read(folder.path()).unwrap(), []);
}

#[test]
fn an_entry_that_is_missing_is_damage() {
    for (statement, missing) in [
        ("DELETE FROM entries WHERE id = 1", "R1 is missing"),
        ("DELETE FROM entries WHERE id IN (7, 8)", "R7 is missing"),
    ] {
        let folder = closed_journal();
        alter(folder.path(), statement);
        for refused in refusals(folder.path()) {
            let JournalError::Damaged { what, .. } = refused else { panic!("{refused:?}") };
            assert_eq!(what, missing);
        }
    }
}

#[test]
fn a_table_that_is_missing_is_damage() {
    for table in ["entries", "journal"] {
        let folder = closed_journal();
        alter(folder.path(), &format!("DROP TABLE {table}"));
        for refused in refusals(folder.path()) {
            assert!(matches!(refused, JournalError::Damaged { .. }), "{refused:?}");
        }
    }
}

#[test]
fn a_journal_without_its_identity_is_damaged() {
    let folder = closed_journal();
    alter(folder.path(), "DELETE FROM journal");
    for refused in refusals(folder.path()) {
        assert!(matches!(refused, JournalError::Damaged { .. }), "{refused:?}");
    }
}

#[test]
fn an_entry_that_this_version_cannot_read_is_named_with_its_author() {
    for (statement, kind, why) in [
        ("kind = 'teleported'", "teleported", "this version knows no such kind"),
        ("body = '{}'", "reject", "missing field `because` at line 1 column 2"),
        ("body = 'no json'", "reject", "expected ident at line 1 column 2"),
        ("at = 'yesterday'", "reject", "`yesterday` is not an instant"),
        (
            r#"kind = 'withhold', body = '{"incident":1,"news":"oh","because":""}'"#,
            "withhold",
            "`oh` is no News of this version at line 1 column 25",
        ),
        (
            r#"kind = 'plant-loaded', body = '{"files":[{"name":"a","text":99}]}'"#,
            "plant-loaded",
            "Query returned no rows",
        ),
    ] {
        let folder = closed_journal();
        alter(folder.path(), &format!("UPDATE entries SET {statement} WHERE id = 7"));
        for refused in refusals(folder.path()) {
            let expected = format!(
                "could not read R7 (`{kind}`, written by version 0.9.7): {why}; a later version wrote it: \
                 use version 0.9.7 or a later one"
            );
            assert_eq!(refused.to_string(), expected);
        }
        // What comes before it can be read.
        let reader = SqliteReader::open(folder.path()).unwrap();
        assert_eq!(reader.read(RecordId(1), 6).unwrap().len(), 6);
    }
}

#[test]
fn a_field_of_a_later_version_is_skipped() {
    let folder = closed_journal();
    let before = read(folder.path()).unwrap();
    alter(folder.path(), "UPDATE entries SET body = json_set(body, '$.mood', 'calm')");
    assert_eq!(read(folder.path()).unwrap(), before);
}

#[test]
fn a_text_that_is_no_text_is_damage() {
    let folder = closed_journal();
    alter(folder.path(), "UPDATE entries SET body = CAST(x'7bff7d' AS TEXT) WHERE id = 3");
    for refused in refusals(folder.path()) {
        assert!(matches!(refused, JournalError::Damaged { .. }), "{refused:?}");
    }
}

/// Changes a closed journal behind its back.
fn alter(folder: &Path, statement: &str) {
    let db = Connection::open(database(folder)).unwrap();
    db.execute_batch(statement).unwrap();
}

static WHOLE: LazyLock<Vec<u8>> =
    LazyLock::new(|| std::fs::read(database(closed_journal().path())).unwrap());

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Bytes written over it anywhere, and a cut anywhere. Damage that SQLite cannot see (it keeps no
    /// checksums of its pages) may go unseen here too; it never panics, and is never taken for a
    /// trouble that passes.
    #[test]
    fn whatever_happens_to_the_file_it_is_read_or_refused(
        scars in proptest::collection::vec((any::<prop::sample::Index>(), any::<[u8; 9]>()), 0..20),
        kept in prop_oneof![3 => Just(None), 1 => any::<prop::sample::Index>().prop_map(Some)],
    ) {
        let mut bytes = WHOLE.clone();
        for (place, scar) in scars {
            let place = place.index(bytes.len());
            let end = bytes.len().min(place + scar.len());
            bytes[place..end].copy_from_slice(&scar[..end - place]);
        }
        if let Some(kept) = kept {
            bytes.truncate(kept.index(bytes.len()));
        }
        let folder = folder_with(&bytes);
        for answer in [read(folder.path()), write_and_read(folder.path())] {
            match answer {
                Ok(_)
                | Err(JournalError::NotAJournal { .. }
                    | JournalError::Newer { .. }
                    | JournalError::Damaged { .. }
                    | JournalError::Unreadable { .. }
                    | JournalError::Absent { .. }) => {}
                Err(other) => prop_assert!(false, "{:?}", other),
            }
        }
    }
}

#[test]
fn the_whole_one_is_read() {
    let folder = folder_with(&WHOLE);
    let entries = pages(&SqliteReader::open(folder.path()).unwrap(), 7);
    assert_eq!(entries.len(), 2 + (1..=20).map(|n| numbered_batch(n).len()).sum::<usize>());
}
