//! The journal in a SQLite database: one file, one writer, any number of readers beside it.
//!
//! `synchronous=FULL` in WAL mode syncs the log at each commit, so what [`Journal::append`] has
//! returned from is on the disk (<https://sqlite.org/pragma.html#pragma_synchronous>). The texts of
//! plants are kept once each, in a table of their own.
//!
//! Tested by the conformance suite, by killing a writer, by damaged files, and by `tests/golden`.

use crate::v1::{self, TextId};
use crate::{ENTRIES_READ_MAX, Entry, Journal, JournalError, Reader};
use blackstart_model::record::Record;
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{IncidentId, RecordId};
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Transaction, params};
use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// The database in its folder.
const FILE: &str = "journal.db";

/// Held by the writer for as long as it lives, with its process id inside.
const LOCK: &str = "journal.lock";

/// The format of the whole file, in `user_version`.
const FORMAT: i64 = 1;

/// `BLKS`, in `application_id`: what `file(1)` and we know a journal by.
const APPLICATION: i64 = 0x424c_4b53;

/// How long a statement waits for another connection: the writer's commit, a backup under way.
const BUSY_MAX: Duration = Duration::from_secs(5);

const SCHEMA: &str = "
    CREATE TABLE journal (identity TEXT NOT NULL) STRICT;
    INSERT INTO journal VALUES (lower(hex(randomblob(16))));
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY,
        at TEXT NOT NULL,
        kind TEXT NOT NULL,
        body TEXT NOT NULL
    ) STRICT;
    CREATE INDEX starts ON entries (id) WHERE kind = 'started';
    CREATE TABLE texts (id INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
    CREATE INDEX texts_bytes ON texts (bytes);
";

/// What an entry names: an incident, or the alert that it is a step of. Such entries are few among observations, and
/// indexes of them alone cost nothing where they are not written.
const INDEXES: &str = "
    CREATE INDEX IF NOT EXISTS of_incident ON entries (
        CASE kind WHEN 'incident' THEN body ->> 'id' WHEN 'person' THEN body ->> '$.what.incident'
            ELSE body ->> 'incident' END
    ) WHERE kind IN ('incident', 'alert', 'withhold', 'person');
    CREATE INDEX IF NOT EXISTS of_alert ON entries (body ->> 'alert')
        WHERE kind IN ('deliver', 'give-up', 'attempt-started', 'attempt-ended');
";

/// What names an incident, and what was done with the alerts about it. Each condition stands here as it does in
/// [`INDEXES`], or the index is not used (<https://sqlite.org/partialindex.html>, section 3).
const ABOUT: &str = "
    WITH named AS MATERIALIZED (
        SELECT id, kind, body FROM entries
        WHERE kind IN ('incident', 'alert', 'withhold', 'person') AND
            CASE kind WHEN 'incident' THEN body ->> 'id' WHEN 'person' THEN body ->> '$.what.incident'
                ELSE body ->> 'incident' END = ?1
    ), steps AS (
        SELECT step.id FROM named CROSS JOIN entries AS step
        WHERE named.kind = 'alert' AND step.body ->> 'alert' = named.body ->> 'id' AND step.id > named.id
            AND step.kind IN ('deliver', 'give-up', 'attempt-started', 'attempt-ended')
    )
    SELECT id, at, kind, body FROM entries
    WHERE id IN (SELECT id FROM named UNION SELECT id FROM steps) ORDER BY id LIMIT ?2
";

/// The pages that a connection keeps, KiB: it appends to the end, or reads what it has not read before (chosen by
/// hand).
const CACHE_KIB: i64 = 256;

/// The writer.
#[derive(Debug)]
pub struct SqliteJournal {
    reader: SqliteReader,
    folder: PathBuf,
    _lock: Lock,
}

/// That nobody else writes. Unlocked by the system when the process ends, however it ends.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    /// Closing it is not enough: a child that another thread is just starting has the file too, until it is the program
    /// that it becomes, and whoever opened the journal again meanwhile would be told that it is in use.
    fn drop(&mut self) {
        // Where that fails, closing is what is left.
        let _ = self.0.unlock();
    }
}

/// A reader, beside a writer or without one.
#[derive(Debug)]
pub struct SqliteReader {
    db: Connection,
    path: PathBuf,
    identity: String,
}

impl SqliteJournal {
    /// Opens the journal of this folder for writing; makes both when they are absent.
    ///
    /// # Errors
    /// When another process writes it, or it is damaged, newer, or something else.
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        make_folder(folder)
            .map_err(|source| JournalError::Open { path: folder.to_owned(), source })?;
        let lock = lock(folder)?;
        let path = folder.join(FILE);
        let db = Connection::open(&path).map_err(|error| store(&path, error))?;
        set_up(&db, &path)?;
        let reader = SqliteReader::of(db, path)?;
        Ok(Self { reader, folder: folder.to_owned(), _lock: lock })
    }
}

/// The journal holds names, addresses and words of people: for its owner only.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

fn lock(folder: &Path) -> Result<Lock, JournalError> {
    let path = folder.join(LOCK);
    let failed = |source| JournalError::Open { path: path.clone(), source };
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            // Without it the message only says less.
            let _ = (&file).take(20).read_to_string(&mut pid);
            let pid = pid.trim().parse().ok();
            return Err(JournalError::InUse { path: folder.to_owned(), pid });
        }
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    file.set_len(0).map_err(failed)?;
    file.rewind().map_err(failed)?;
    writeln!(file, "{}", std::process::id()).map_err(failed)?;
    Ok(Lock(file))
}

fn set_up(db: &Connection, path: &Path) -> Result<(), JournalError> {
    let failed = |error| store(path, error);
    db.busy_timeout(BUSY_MAX).map_err(failed)?;
    let is_new = is_blank(db).map_err(failed)?;
    if !is_new {
        check_format(db, path)?;
    }
    db.pragma_update(None, "journal_mode", "wal").map_err(failed)?;
    db.pragma_update(None, "synchronous", "full").map_err(failed)?;
    if is_new {
        let script = format!(
            "BEGIN IMMEDIATE; {SCHEMA} PRAGMA application_id = {APPLICATION}; \
             PRAGMA user_version = {FORMAT}; COMMIT;"
        );
        db.execute_batch(&script).map_err(failed)?;
    }
    // Of a journal that is older than they are it reads all, once. Where they cannot be made (a full disk, a damaged
    // entry) an answer takes longer, and is the same.
    let _ = db.execute_batch(INDEXES);
    Ok(())
}

/// Just made, or left by a maker who died before the first commit.
fn is_blank(db: &Connection) -> Result<bool, rusqlite::Error> {
    db.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}

fn check_format(db: &Connection, path: &Path) -> Result<(), JournalError> {
    let pragma = |name| {
        db.pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(|error| store(path, error))
    };
    if pragma("application_id")? != APPLICATION {
        return Err(JournalError::NotAJournal { path: path.to_owned() });
    }
    match pragma("user_version")? {
        FORMAT => Ok(()),
        found => Err(JournalError::Newer { path: path.to_owned(), found, known: FORMAT }),
    }
}

impl Journal for SqliteJournal {
    fn append(&mut self, records: &[(Timestamp, Record)]) -> Result<RecordId, JournalError> {
        assert!(!records.is_empty(), "there is nothing to append");
        let SqliteReader { db, path, .. } = &mut self.reader;
        append(db, records).map_err(|error| store(path, error))
    }

    fn reader(&self) -> Result<Box<dyn Reader>, JournalError> {
        Ok(Box::new(SqliteReader::open(&self.folder)?))
    }
}

fn append(
    db: &mut Connection,
    records: &[(Timestamp, Record)],
) -> Result<RecordId, rusqlite::Error> {
    let transaction = db.transaction()?;
    let newest: Option<i64> =
        transaction.query_row("SELECT max(id) FROM entries", [], |row| row.get(0))?;
    let first = newest.unwrap_or(0) + 1;
    {
        let mut insert = transaction
            .prepare_cached("INSERT INTO entries (id, at, kind, body) VALUES (?1, ?2, ?3, ?4)")?;
        for ((at, record), id) in records.iter().zip(first..) {
            let (kind, body) = v1::encode(record, &mut |text| keep_text(&transaction, text))?;
            insert.execute(params![id, v1::instant(*at), kind, body])?;
        }
    }
    transaction.commit()?;
    Ok(RecordId(first.unsigned_abs()))
}

/// Found by its length and then by itself: exact, without a hash, and there are few.
fn keep_text(transaction: &Transaction<'_>, text: &str) -> Result<TextId, rusqlite::Error> {
    let bytes = i64::try_from(text.len()).expect("a text fits into memory");
    let known = transaction
        .prepare_cached("SELECT id FROM texts WHERE bytes = ?1 AND text = ?2")?
        .query_row(params![bytes, text], |row| row.get(0))
        .optional()?;
    if let Some(id) = known {
        return Ok(TextId(id));
    }
    transaction
        .prepare_cached("INSERT INTO texts (bytes, text) VALUES (?1, ?2)")?
        .execute(params![bytes, text])?;
    Ok(TextId(transaction.last_insert_rowid()))
}

impl SqliteReader {
    /// Opens the journal of this folder for reading only. A writer may be at work beside it.
    ///
    /// # Errors
    /// When there is none, or it is damaged, newer, or something else.
    pub fn open(folder: &Path) -> Result<Self, JournalError> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Err(JournalError::Absent { path: folder.to_owned() });
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let db = Connection::open_with_flags(&path, flags).map_err(|error| store(&path, error))?;
        db.busy_timeout(BUSY_MAX).map_err(|error| store(&path, error))?;
        if is_blank(&db).map_err(|error| store(&path, error))? {
            return Err(JournalError::Absent { path: folder.to_owned() });
        }
        check_format(&db, &path)?;
        Self::of(db, path)
    }

    fn of(db: Connection, path: PathBuf) -> Result<Self, JournalError> {
        db.pragma_update(None, "cache_size", -CACHE_KIB).map_err(|error| store(&path, error))?;
        let identity = db
            .query_row("SELECT identity FROM journal", [], |row| row.get(0))
            .map_err(|error| store(&path, error))?;
        Ok(Self { db, path, identity })
    }

    fn decode(&self, row: Row) -> Result<Entry, JournalError> {
        let Row { id, at, kind, body } = row;
        let text = |TextId(text)| {
            self.db
                .query_row("SELECT text FROM texts WHERE id = ?1", [text], |row| row.get(0))
                .map_err(|error| error.to_string())
        };
        let at = v1::parse_instant(&at);
        let decoded = at.and_then(|at| v1::decode(&kind, &body, &text).map(|record| (at, record)));
        match decoded {
            Ok((at, record)) => Ok(Entry { id: RecordId(id.unsigned_abs()), at, record }),
            Err(why) => {
                let version = self.version_at(id);
                let id = RecordId(id.unsigned_abs());
                Err(JournalError::Unreadable { id, kind, version, why })
            }
        }
    }

    /// The version of the program that wrote this entry: that of the last start before it.
    fn version_at(&self, id: i64) -> String {
        self.db
            .query_row(
                "SELECT body ->> 'version' FROM entries \
                 WHERE kind = 'started' AND id <= ?1 ORDER BY id DESC LIMIT 1",
                [id],
                |row| row.get(0),
            )
            .unwrap_or_else(|_| "unknown".to_owned())
    }
}

struct Row {
    id: i64,
    at: String,
    kind: String,
    body: String,
}

impl Reader for SqliteReader {
    fn read(&self, from: RecordId, limit: usize) -> Result<Vec<Entry>, JournalError> {
        let failed = |error| store(&self.path, error);
        let from = i64::try_from(from.0.max(1)).unwrap_or(i64::MAX);
        let limit = i64::try_from(limit.min(ENTRIES_READ_MAX)).expect("the limit is small");
        let mut select = self
            .db
            .prepare_cached(
                "SELECT id, at, kind, body FROM entries WHERE id >= ?1 ORDER BY id LIMIT ?2",
            )
            .map_err(failed)?;
        let rows = select
            .query_map([from, limit], |row| {
                Ok(Row { id: row.get(0)?, at: row.get(1)?, kind: row.get(2)?, body: row.get(3)? })
            })
            .map_err(failed)?;
        let mut entries = Vec::new();
        for (row, expected) in rows.zip(from..) {
            let row = row.map_err(failed)?;
            if row.id != expected {
                let what = format!("{} is missing", RecordId(expected.unsigned_abs()));
                return Err(JournalError::Damaged { path: self.path.clone(), what });
            }
            entries.push(self.decode(row)?);
        }
        Ok(entries)
    }

    /// The same as of every store, by what it has an index of.
    fn about(&self, incident: IncidentId) -> Result<Vec<Entry>, JournalError> {
        let failed = |error| store(&self.path, error);
        let id = i64::try_from(incident.0).unwrap_or(i64::MAX);
        let limit = i64::try_from(ENTRIES_READ_MAX).expect("the limit is small");
        let mut select = self.db.prepare_cached(ABOUT).map_err(failed)?;
        let rows = select
            .query_map([id, limit], |row| {
                Ok(Row { id: row.get(0)?, at: row.get(1)?, kind: row.get(2)?, body: row.get(3)? })
            })
            .map_err(failed)?;
        rows.map(|row| self.decode(row.map_err(failed)?)).collect()
    }

    fn newest(&self) -> Result<Option<(RecordId, Timestamp)>, JournalError> {
        let newest = self
            .db
            .prepare_cached("SELECT id, at FROM entries ORDER BY id DESC LIMIT 1")
            .and_then(|mut select| {
                select
                    .query_row([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))
                    .optional()
            })
            .map_err(|error| store(&self.path, error))?;
        let Some((id, at)) = newest else { return Ok(None) };
        let at = v1::parse_instant(&at)
            .map_err(|what| JournalError::Damaged { path: self.path.clone(), what })?;
        Ok(Some((RecordId(id.unsigned_abs()), at)))
    }

    fn identity(&self) -> &str {
        &self.identity
    }
}

impl Reader for SqliteJournal {
    fn read(&self, from: RecordId, limit: usize) -> Result<Vec<Entry>, JournalError> {
        self.reader.read(from, limit)
    }

    fn about(&self, incident: IncidentId) -> Result<Vec<Entry>, JournalError> {
        self.reader.about(incident)
    }

    fn newest(&self) -> Result<Option<(RecordId, Timestamp)>, JournalError> {
        self.reader.newest()
    }

    fn identity(&self) -> &str {
        self.reader.identity()
    }
}

fn store(path: &Path, source: rusqlite::Error) -> JournalError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => JournalError::NotAJournal { path },
        // A table is missing (`SQLITE_ERROR`, which has no code of its own here), or a row or a value
        // is not what we put there: no retry helps against these.
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) | None => {
            JournalError::Damaged { path, what: source.to_string() }
        }
        Some(_) => JournalError::Store { path, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A killed process leaves what it wrote with the kernel, so no kill shows whether a commit waits
    /// for the disk. This does.
    #[test]
    fn a_commit_waits_for_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        for _ in ["made", "opened again"] {
            let journal = SqliteJournal::open(folder.path()).unwrap();
            let pragma = |name| {
                let value = |row: &rusqlite::Row<'_>| row.get::<_, rusqlite::types::Value>(0);
                journal.reader.db.pragma_query_value(None, name, value).unwrap()
            };
            assert_eq!(pragma("journal_mode"), "wal".to_owned().into());
            assert_eq!(pragma("synchronous"), 2.into(), "FULL");
        }
    }

    #[test]
    fn what_names_an_incident_is_found_by_the_indexes() {
        let folder = tempfile::tempdir().unwrap();
        let journal = SqliteJournal::open(folder.path()).unwrap();
        let mut plan = journal.reader.db.prepare(&format!("EXPLAIN QUERY PLAN {ABOUT}")).unwrap();
        let plan: Vec<String> =
            plan.query_map([1, 1], |row| row.get(3)).unwrap().map(Result::unwrap).collect();
        let plan = plan.join("\n");
        for index in ["of_incident", "of_alert"] {
            assert!(plan.contains(&format!("USING INDEX {index} (")), "{plan}");
        }
        assert!(!plan.contains("SCAN entries") && !plan.contains("SCAN step"), "{plan}");
    }
}
