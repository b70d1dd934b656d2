//! Answers in bulk, beside the journal: a file of its own with what is left of them minute by minute and
//! hour by hour.
//!
//! The journal holds decisions and evidence, is append-only and synced; this file is derived, is thinned
//! out as it ages, and may be lost: what was answered since the last minute that was written is gone
//! after `kill -9`, some minutes more may be after a loss of power (`synchronous=normal`), and a file that
//! is damaged is put aside and begun anew. It never interprets what it keeps beyond adding it up.
//!
//! Minutes of the open hour lie minute by minute, so that a minute is written at one place of the file;
//! those of a closed hour lie check by check, so that a plot reads few places. Rows are found by one
//! number, their time and series. Tested here, and through the server's recorder.

mod encoding;

#[cfg(any(test, fuzzing))]
pub use encoding::fuzzed;

use blackstart_model::sample::Rollup;
use blackstart_model::time::Duration;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Transaction, params};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The database in the journal's folder.
const FILE: &str = "samples.db";

/// Where one that cannot be read is put.
const DAMAGED: &str = "samples.damaged.db";

/// The format of the file, in `user_version`.
const FORMAT: i64 = 1;

/// `BLKR`, in `application_id`.
const APPLICATION: i64 = 0x424c_4b52;

/// How long a statement waits for another connection.
const BUSY_MAX: Duration = Duration::from_secs(5);

/// Pages a connection keeps in memory, KiB.
const CACHE_KIB: i64 = 512;

/// Bits of a row's number that name its series; the rest is its time.
const SERIES_BITS: u32 = 24;

/// Series of one file at most: a hundred times the largest plant we measure with.
const SERIES_MAX: i64 = 1 << SERIES_BITS;

/// Series whose hour is closed at once: what is held of them in memory is a MiB or so.
const CLOSED_AT_ONCE: i64 = 1_000;

const SCHEMA: &str = "
    CREATE TABLE series (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        vantage TEXT NOT NULL,
        first_minute INTEGER NOT NULL,
        UNIQUE (kind, name, vantage)
    ) STRICT;
    CREATE TABLE minutes (at INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
    CREATE TABLE packed (at INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
    CREATE TABLE hours (at INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
    CREATE TABLE closed (hour INTEGER NOT NULL) STRICT;
    INSERT INTO closed VALUES (0);
";

/// What a series is of.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Series {
    /// A check, by its key, from a vantage.
    Check {
        /// The check's key.
        check: String,
        /// The vantage's name.
        vantage: String,
    },
    /// A component, by its name: how it stood.
    Component(String),
}

impl Series {
    fn columns(&self) -> (&'static str, &str, &str) {
        match self {
            Self::Check { check, vantage } => ("check", check, vantage),
            Self::Component(component) => ("component", component, ""),
        }
    }
}

/// A series as the file numbers it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SeriesId(i64);

/// What is left of one minute of a series.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// Of what.
    pub series: SeriesId,
    /// Which minute, counted from 1970.
    pub minute: u32,
    /// What is left.
    pub rollup: Rollup,
}

/// Why the file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum SamplesError {
    /// A later version made it.
    #[error("{path} has format {found}, and this version knows up to {FORMAT}: use a newer one")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
    },
    /// More series than the file can number.
    #[error("{path} has {SERIES_MAX} series and takes no more")]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// The file refused or failed. A retry may help.
    #[error("could not read or write {path}")]
    Store {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// A file that is damaged could not be put aside.
    #[error("could not put {path} aside")]
    Aside {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// The one writer. It stands behind the journal's lock.
#[derive(Debug)]
pub struct SampleStore {
    db: Connection,
    path: PathBuf,
    /// All hours before this one are closed.
    closed: u32,
}

/// A reader beside the writer.
#[derive(Debug)]
pub struct SampleReader {
    db: Connection,
    path: PathBuf,
}

/// How long rows are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keep {
    /// The first minute that is kept.
    pub minutes_from: u32,
    /// The first hour that is kept, counted from 1970.
    pub hours_from: u32,
}

impl SampleStore {
    /// Opens the file of this folder, made when it is not there. One that is damaged is put aside, which
    /// the second value says.
    ///
    /// # Errors
    /// When it cannot be made or opened, or a later version made it.
    pub fn open(folder: &Path) -> Result<(Self, Option<String>), SamplesError> {
        let path = folder.join(FILE);
        match Self::try_open(&path) {
            Ok(store) => Ok((store, None)),
            Err(SamplesError::Store { source, .. }) if is_damage(&source) => {
                let aside = |source| SamplesError::Aside { path: path.clone(), source };
                std::fs::rename(&path, folder.join(DAMAGED)).map_err(aside)?;
                // Else they would be taken for those of the new file.
                for beside in ["samples.db-wal", "samples.db-shm"] {
                    let _ = std::fs::remove_file(folder.join(beside));
                }
                let why = format!("{}: {source}; it is now {DAMAGED}", path.display());
                Ok((Self::try_open(&path)?, Some(why)))
            }
            Err(error) => Err(error),
        }
    }

    fn try_open(path: &Path) -> Result<Self, SamplesError> {
        let failed = |source| SamplesError::Store { path: path.to_owned(), source };
        let db = Connection::open(path).map_err(failed)?;
        db.busy_timeout(BUSY_MAX).map_err(failed)?;
        let blank: bool = db
            .query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
            .map_err(failed)?;
        if !blank {
            check_format(&db, path)?;
        }
        db.pragma_update(None, "journal_mode", "wal").map_err(failed)?;
        db.pragma_update(None, "synchronous", "normal").map_err(failed)?;
        db.pragma_update(None, "cache_size", -CACHE_KIB).map_err(failed)?;
        if blank {
            let script = format!(
                "BEGIN IMMEDIATE; {SCHEMA} PRAGMA application_id = {APPLICATION}; \
                 PRAGMA user_version = {FORMAT}; COMMIT;"
            );
            db.execute_batch(&script).map_err(failed)?;
        }
        let closed =
            db.query_row("SELECT hour FROM closed", [], |row| row.get(0)).map_err(failed)?;
        // A first look at each table, so that damage shows now.
        db.execute_batch(
            "SELECT max(at) FROM minutes; SELECT max(at) FROM packed; SELECT max(at) FROM hours; SELECT max(id) FROM series;",
        )
        .map_err(failed)?;
        db.set_prepared_statement_cache_capacity(32);
        Ok(Self { db, path: path.to_owned(), closed })
    }

    fn failed(&self) -> impl Fn(rusqlite::Error) -> SamplesError + use<> {
        let path = self.path.clone();
        move |source| SamplesError::Store { path: path.clone(), source }
    }

    /// Numbers series, each with the minute it began in if it is new; in their order.
    ///
    /// # Errors
    /// When the file fails, or takes no more.
    pub fn number(&mut self, series: &[(Series, u32)]) -> Result<Vec<SeriesId>, SamplesError> {
        let failed = self.failed();
        let transaction = self.db.transaction().map_err(&failed)?;
        let mut numbers = Vec::with_capacity(series.len());
        for (series, minute) in series {
            let known = number_of(&transaction, series).map_err(&failed)?;
            let number = match known {
                Some(known) => known,
                None => number_anew(&transaction, series, *minute).map_err(&failed)?,
            };
            if number.0 >= SERIES_MAX {
                return Err(SamplesError::Full { path: self.path.clone() });
            }
            numbers.push(number);
        }
        transaction.commit().map_err(&failed)?;
        Ok(numbers)
    }

    /// Adds minutes, all or none; what is there of one already is merged with it.
    ///
    /// # Errors
    /// When the file fails; a retry may help.
    pub fn add(&mut self, rows: &[Row]) -> Result<(), SamplesError> {
        let failed = self.failed();
        add(&mut self.db, rows, self.closed).map_err(failed)
    }

    /// Closes all hours before this one: rolls their minutes up, and puts them together check by check.
    ///
    /// # Errors
    /// When the file fails; a retry may help.
    pub fn close_hours(&mut self, before: u32) -> Result<(), SamplesError> {
        let failed = self.failed();
        loop {
            let oldest: Option<i64> = self
                .db
                .query_row("SELECT min(at) FROM minutes", [], |row| row.get(0))
                .map_err(&failed)?;
            let hour = oldest.map(|at| u32::try_from(at >> SERIES_BITS).unwrap_or(0) / 60);
            let Some(hour) = hour.filter(|hour| *hour < before) else { break };
            close_hour(&mut self.db, hour).map_err(&failed)?;
        }
        if before > self.closed {
            self.db.execute("UPDATE closed SET hour = ?1", [before]).map_err(&failed)?;
            self.closed = before;
        }
        Ok(())
    }

    /// Drops what is older than it is to be kept.
    ///
    /// # Errors
    /// When the file fails; a retry may help.
    pub fn forget(&mut self, keep: Keep) -> Result<(), SamplesError> {
        let failed = self.failed();
        let Keep { minutes_from, hours_from } = keep;
        let drop = |table: Table, from| {
            self.db.execute(table.delete(), [row_number(from, SeriesId(0))]).map_err(&failed)
        };
        drop(Table::Minutes, minutes_from)?;
        drop(Table::Packed, minutes_from / 60)?;
        drop(Table::Hours, hours_from)?;
        Ok(())
    }

    /// How much of the disk it takes, bytes, without its log.
    ///
    /// # Errors
    /// When the file fails.
    pub fn bytes(&self) -> Result<u64, SamplesError> {
        let pragma = |name| self.db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let bytes = pragma("page_count").and_then(|count| Ok(count * pragma("page_size")?));
        bytes.map(i64::unsigned_abs).map_err(self.failed())
    }

    /// How much of that is in use: what was forgotten is free for what comes.
    ///
    /// # Errors
    /// When the file fails.
    pub fn bytes_used(&self) -> Result<u64, SamplesError> {
        let pragma = |name| self.db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let free = pragma("freelist_count").and_then(|count| Ok(count * pragma("page_size")?));
        let free = free.map(i64::unsigned_abs).map_err(self.failed())?;
        Ok(self.bytes()?.saturating_sub(free))
    }

    /// A reader beside this writer.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn reader(&self) -> Result<SampleReader, SamplesError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let failed = self.failed();
        let db = Connection::open_with_flags(&self.path, flags).map_err(&failed)?;
        db.busy_timeout(BUSY_MAX).map_err(&failed)?;
        db.pragma_update(None, "cache_size", -CACHE_KIB).map_err(&failed)?;
        Ok(SampleReader { db, path: self.path.clone() })
    }
}

impl SampleReader {
    /// The series and the minute it began in; `None` when there is none.
    ///
    /// # Errors
    /// When the file fails.
    pub fn find(&self, series: &Series) -> Result<Option<(SeriesId, u32)>, SamplesError> {
        let failed = self.failed();
        let Some(id) = number_of(&self.db, series).map_err(&failed)? else { return Ok(None) };
        let first = self
            .db
            .prepare_cached("SELECT first_minute FROM series WHERE id = ?1")
            .and_then(|mut select| select.query_row([id.0], |row| row.get(0)))
            .map_err(failed)?;
        Ok(Some((id, first)))
    }

    /// What is kept of the minutes from `from` up to `to`, in order.
    ///
    /// # Errors
    /// When the file fails.
    pub fn minutes(
        &self,
        series: SeriesId,
        from: u32,
        to: u32,
    ) -> Result<Vec<(u32, Rollup)>, SamplesError> {
        let failed = self.failed();
        let mut found = Vec::new();
        let wanted = from..to;
        for hour in from / 60..to.div_ceil(60) {
            let body = self.body(Table::Packed, hour, series).map_err(&failed)?;
            if let Some(body) = body {
                let minutes = encoding::unpack(&body).map_err(&failed)?;
                let minutes = minutes.into_iter().map(|(at, rollup)| (hour * 60 + at, rollup));
                found.extend(minutes.filter(|(minute, _)| wanted.contains(minute)));
                continue;
            }
            for minute in from.max(hour * 60)..to.min(hour * 60 + 60) {
                if let Some(body) = self.body(Table::Minutes, minute, series).map_err(&failed)? {
                    found.push((minute, encoding::decode(&body).map_err(&failed)?));
                }
            }
        }
        Ok(found)
    }

    /// What is kept of the hours from `from` up to `to`, counted from 1970, in order; of an open one its
    /// minutes so far.
    ///
    /// # Errors
    /// When the file fails.
    pub fn hours(
        &self,
        series: SeriesId,
        from: u32,
        to: u32,
    ) -> Result<Vec<(u32, Rollup)>, SamplesError> {
        let failed = self.failed();
        let closed: u32 = self
            .db
            .prepare_cached("SELECT hour FROM closed")
            .and_then(|mut select| select.query_row([], |row| row.get(0)))
            .map_err(&failed)?;
        let mut found = Vec::new();
        for hour in from..to.min(closed) {
            if let Some(body) = self.body(Table::Hours, hour, series).map_err(&failed)? {
                found.push((hour, encoding::decode(&body).map_err(&failed)?));
            }
        }
        for hour in from.max(closed)..to {
            let minutes = self.minutes(series, hour * 60, hour * 60 + 60)?;
            let mut minutes = minutes.into_iter().map(|(_, rollup)| rollup);
            if let Some(mut all) = minutes.next() {
                minutes.for_each(|minute| all.merge(&minute));
                found.push((hour, all));
            } else if hour > closed + OPEN_HOURS_MAX {
                break;
            }
        }
        Ok(found)
    }

    fn body(
        &self,
        table: Table,
        at: u32,
        series: SeriesId,
    ) -> Result<Option<Vec<u8>>, rusqlite::Error> {
        self.db
            .prepare_cached(table.select())?
            .query_row([row_number(at, series)], |row| row.get(0))
            .optional()
    }

    fn failed(&self) -> impl Fn(rusqlite::Error) -> SamplesError + use<> {
        let path = self.path.clone();
        move |source| SamplesError::Store { path: path.clone(), source }
    }
}

/// The tables of rows that are found by [`row_number`].
#[derive(Clone, Copy)]
enum Table {
    /// Minutes of open hours, each by itself.
    Minutes,
    /// The minutes of a closed hour, together.
    Packed,
    /// Closed hours.
    Hours,
}

impl Table {
    const fn select(self) -> &'static str {
        match self {
            Self::Minutes => "SELECT body FROM minutes WHERE at = ?1",
            Self::Packed => "SELECT body FROM packed WHERE at = ?1",
            Self::Hours => "SELECT body FROM hours WHERE at = ?1",
        }
    }

    const fn insert(self) -> &'static str {
        match self {
            Self::Minutes => "INSERT OR IGNORE INTO minutes VALUES (?1, ?2)",
            Self::Packed => "INSERT OR IGNORE INTO packed VALUES (?1, ?2)",
            Self::Hours => "INSERT OR IGNORE INTO hours VALUES (?1, ?2)",
        }
    }

    const fn update(self) -> &'static str {
        match self {
            Self::Minutes => "UPDATE minutes SET body = ?2 WHERE at = ?1",
            Self::Packed => "UPDATE packed SET body = ?2 WHERE at = ?1",
            Self::Hours => "UPDATE hours SET body = ?2 WHERE at = ?1",
        }
    }

    const fn delete(self) -> &'static str {
        match self {
            Self::Minutes => "DELETE FROM minutes WHERE at < ?1",
            Self::Packed => "DELETE FROM packed WHERE at < ?1",
            Self::Hours => "DELETE FROM hours WHERE at < ?1",
        }
    }
}

/// Hours that are open at once at most: the clock's, and one that is about to be closed.
const OPEN_HOURS_MAX: u32 = 2;

fn row_number(at: u32, SeriesId(series): SeriesId) -> i64 {
    (i64::from(at) << SERIES_BITS) | series
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::Unknown) | None
    )
}

fn check_format(db: &Connection, path: &Path) -> Result<(), SamplesError> {
    let failed = |source| SamplesError::Store { path: path.to_owned(), source };
    let pragma =
        |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(failed);
    if pragma("application_id")? != APPLICATION {
        let what = "it is not a file of ours".to_owned();
        return Err(failed(rusqlite::Error::InvalidColumnName(what)));
    }
    match pragma("user_version")? {
        FORMAT => Ok(()),
        found => Err(SamplesError::Newer { path: path.to_owned(), found }),
    }
}

fn number_of(db: &Connection, series: &Series) -> Result<Option<SeriesId>, rusqlite::Error> {
    let (kind, name, vantage) = series.columns();
    db.prepare_cached("SELECT id FROM series WHERE kind = ?1 AND name = ?2 AND vantage = ?3")?
        .query_row([kind, name, vantage], |row| row.get(0).map(SeriesId))
        .optional()
}

fn number_anew(db: &Connection, series: &Series, minute: u32) -> Result<SeriesId, rusqlite::Error> {
    let (kind, name, vantage) = series.columns();
    db.prepare_cached(
        "INSERT INTO series (kind, name, vantage, first_minute) VALUES (?1, ?2, ?3, ?4) \
         RETURNING id",
    )?
    .query_row(params![kind, name, vantage, minute], |row| row.get(0).map(SeriesId))
}

fn add(db: &mut Connection, rows: &[Row], closed: u32) -> Result<(), rusqlite::Error> {
    let transaction = db.transaction()?;
    for Row { series, minute, rollup } in rows {
        let hour = minute / 60;
        if hour < closed {
            // News of a vantage that could not tell it in time.
            merge_packed(&transaction, row_number(hour, *series), minute % 60, rollup)?;
            merge(&transaction, Table::Hours, row_number(hour, *series), rollup)?;
        } else {
            merge(&transaction, Table::Minutes, row_number(*minute, *series), rollup)?;
        }
    }
    transaction.commit()
}

fn merge(
    transaction: &Transaction<'_>,
    table: Table,
    at: i64,
    rollup: &Rollup,
) -> Result<(), rusqlite::Error> {
    let mut insert = transaction.prepare_cached(table.insert())?;
    if insert.execute(params![at, encoding::encode(rollup)])? == 0 {
        let body: Vec<u8> = body_of(transaction, table, at)?;
        let mut whole = encoding::decode(&body)?;
        whole.merge(rollup);
        replace(transaction, table, at, &encoding::encode(&whole))?;
    }
    Ok(())
}

fn merge_packed(
    transaction: &Transaction<'_>,
    at: i64,
    minute: u32,
    rollup: &Rollup,
) -> Result<(), rusqlite::Error> {
    let mut insert = transaction.prepare_cached(Table::Packed.insert())?;
    let fresh = encoding::pack([(minute, rollup)].into_iter());
    if insert.execute(params![at, fresh])? == 0 {
        let mut minutes = encoding::unpack(&body_of(transaction, Table::Packed, at)?)?;
        match minutes.binary_search_by_key(&minute, |(own, _)| *own) {
            Ok(at) => minutes[at].1.merge(rollup),
            Err(at) => minutes.insert(at, (minute, rollup.clone())),
        }
        let packed = encoding::pack(minutes.iter().map(|(minute, rollup)| (*minute, rollup)));
        replace(transaction, Table::Packed, at, &packed)?;
    }
    Ok(())
}

fn body_of(
    transaction: &Transaction<'_>,
    table: Table,
    at: i64,
) -> Result<Vec<u8>, rusqlite::Error> {
    transaction.prepare_cached(table.select())?.query_row([at], |row| row.get(0))
}

fn replace(
    transaction: &Transaction<'_>,
    table: Table,
    at: i64,
    body: &[u8],
) -> Result<(), rusqlite::Error> {
    transaction.prepare_cached(table.update())?.execute(params![at, body]).map(drop)
}

/// All of one hour in one transaction: it is closed or it is not.
fn close_hour(db: &mut Connection, hour: u32) -> Result<(), rusqlite::Error> {
    let transaction = db.transaction()?;
    let last: i64 =
        transaction.query_row("SELECT coalesce(max(id), 0) FROM series", [], |row| row.get(0))?;
    let mut first = 0;
    while first <= last {
        let mut minutes: BTreeMap<i64, Vec<(u32, Rollup)>> = BTreeMap::new();
        for minute in 0..60 {
            let mut select = transaction
                .prepare_cached("SELECT at, body FROM minutes WHERE at >= ?1 AND at < ?2")?;
            let own = row_number(hour * 60 + minute, SeriesId(0));
            let mut rows =
                select.query([own + first, own + (first + CLOSED_AT_ONCE).min(SERIES_MAX)])?;
            while let Some(row) = rows.next()? {
                let at: i64 = row.get(0)?;
                let rollup = encoding::decode(row.get_ref(1)?.as_blob()?)?;
                minutes.entry(at & (SERIES_MAX - 1)).or_default().push((minute, rollup));
            }
        }
        for (series, minutes) in minutes {
            let at = row_number(hour, SeriesId(series));
            let mut whole = Rollup::default();
            minutes.iter().for_each(|(_, rollup)| whole.merge(rollup));
            merge(&transaction, Table::Hours, at, &whole)?;
            let packed = encoding::pack(minutes.iter().map(|(minute, rollup)| (*minute, rollup)));
            transaction
                .prepare_cached("INSERT OR REPLACE INTO packed VALUES (?1, ?2)")?
                .execute(params![at, packed])?;
        }
        first += CLOSED_AT_ONCE;
    }
    let (from, to) = (hour * 60, hour * 60 + 60);
    transaction.execute(
        "DELETE FROM minutes WHERE at >= ?1 AND at < ?2",
        [row_number(from, SeriesId(0)), row_number(to, SeriesId(0))],
    )?;
    transaction.execute("UPDATE closed SET hour = max(hour, ?1)", [hour + 1])?;
    transaction.commit()
}

#[cfg(test)]
mod tests;
