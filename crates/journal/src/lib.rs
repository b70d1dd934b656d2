//! The memory: an append-only journal of everything that happened and everything we decided.
//!
//! It decides nothing and interprets nothing. What [`Journal::append`] has returned from survives
//! `kill -9` and loss of power. Secrets never come here: records carry their names only. Tested by
//! one conformance suite for every store, by golden files of each format, and by killing a writer.
#![forbid(unsafe_code)]

mod memory;
mod sqlite;
pub mod samples;
mod v1;
#[cfg(any(test, fuzzing))]
pub mod fuzzed;

pub use memory::{MemoryJournal, MemoryReader};
pub use sqlite::{SqliteJournal, SqliteReader};
pub use v1::as_json;

use blackstart_model::record::{Decision, Input, PersonAction, Record};
use blackstart_model::time::Timestamp;
use blackstart_model::{AlertId, IncidentId, RecordId};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Entries in one answer at most: a page of a few MiB at worst, whatever was asked for.
pub const ENTRIES_READ_MAX: usize = 10_000;

/// A stored record.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// Its number, counted from 1 without gaps.
    pub id: RecordId,
    /// The time of its input, by the server's clock; never before that of the entry before it.
    pub at: Timestamp,
    /// What it holds.
    pub record: Record,
}

/// The reading side of a journal. Any number may be open beside the one writer; each sees what was
/// durable when it asks.
pub trait Reader: Send {
    /// At most `limit` entries from `from` on, in order; fewer than `limit` only at the end.
    /// [`ENTRIES_READ_MAX`] bounds `limit`.
    ///
    /// # Errors
    /// When the store cannot be read, or holds what this version cannot read.
    fn read(&self, from: RecordId, limit: usize) -> Result<Vec<Entry>, JournalError>;

    /// What names this incident, oldest first: its revisions, what people did to it, the alerts about it, why others
    /// were withheld, and how each alert went. Linear in the journal, or in the answer where the store
    /// has an index; [`ENTRIES_READ_MAX`] bounds it.
    ///
    /// # Errors
    /// When the store cannot be read, or holds what this version cannot read.
    fn about(&self, incident: IncidentId) -> Result<Vec<Entry>, JournalError> {
        let mut alerts = BTreeSet::new();
        let mut found = Vec::new();
        let mut next = RecordId(1);
        loop {
            let page = self.read(next, ENTRIES_READ_MAX)?;
            let Some(last) = page.last() else { return Ok(found) };
            next = RecordId(last.id.0 + 1);
            found.extend(page.into_iter().filter(|it| names(&it.record, incident, &mut alerts)));
            if found.len() > ENTRIES_READ_MAX {
                found.truncate(ENTRIES_READ_MAX);
                return Ok(found);
            }
        }
    }

    /// The newest entry's number and time; `None` when empty.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn newest(&self) -> Result<Option<(RecordId, Timestamp)>, JournalError>;

    /// What tells this journal from every other: 32 hexadecimal digits, drawn when it was made.
    fn identity(&self) -> &str;
}

/// Whether a record names this incident, or one of the alerts about it; those are added as they come.
fn names(record: &Record, incident: IncidentId, alerts: &mut BTreeSet<AlertId>) -> bool {
    match record {
        Record::Input(input) => match input {
            Input::Person(person) => match &person.what {
                PersonAction::Acknowledge { incident: id, .. }
                | PersonAction::Silence { incident: id, .. }
                | PersonAction::Close { incident: id, .. }
                | PersonAction::Merge { incident: id, .. } => *id == incident,
                PersonAction::Observe { .. } | PersonAction::Act { .. } => false,
            },
            Input::AttemptStarted { alert, .. } | Input::AttemptEnded { alert, .. } => {
                alerts.contains(alert)
            }
            Input::Started { .. }
            | Input::Blind { .. }
            | Input::PlantLoaded(_)
            | Input::PlantRefused { .. }
            | Input::Observed(_)
            | Input::Counted(_)
            | Input::Reported(_)
            | Input::VantageHeard { .. }
            | Input::VantageLost { .. }
            | Input::Tick => false,
        },
        Record::Decision(decision) => match decision {
            Decision::Incident(revision) => revision.id == incident,
            Decision::Alert(alert) => {
                let is_about = alert.incident == Some(incident);
                if is_about {
                    alerts.insert(alert.id);
                }
                is_about
            }
            Decision::Withhold { incident: id, .. } => *id == incident,
            Decision::Deliver { alert, .. } | Decision::GiveUp { alert, .. } => {
                alerts.contains(alert)
            }
            Decision::Verify { .. } | Decision::Reject { .. } => false,
        },
    }
}

/// An append-only store of records with one writer.
pub trait Journal: Reader {
    /// Appends records, all or none; durable when it returns. Gives the id of the first.
    ///
    /// # Errors
    /// When the store cannot take them; nothing was appended, and a retry may help.
    ///
    /// # Panics
    /// When there is nothing to append.
    fn append(&mut self, records: &[(Timestamp, Record)]) -> Result<RecordId, JournalError>;

    /// A reader beside this writer.
    ///
    /// # Errors
    /// When the store cannot be opened for reading.
    fn reader(&self) -> Result<Box<dyn Reader>, JournalError>;
}

/// What can go wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process writes it.
    #[error("{path} is in use by another server{}", shown_pid(*.pid))]
    InUse {
        /// The journal's folder.
        path: PathBuf,
        /// Whose it is, where that could be read.
        pid: Option<u32>,
    },
    /// There is none.
    #[error("there is no journal in {path}")]
    Absent {
        /// The folder.
        path: PathBuf,
    },
    /// The folder or the lock could not be made or opened.
    #[error("could not open {path}")]
    Open {
        /// What was opened.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is something else.
    #[error("{path} is not a journal of Blackstart")]
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// A later version made it.
    #[error("{path} has format {found}, and this version reads up to {known}: use a newer one")]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest that is known here.
        known: i64,
    },
    /// The file is damaged: restore it, or move it away to begin anew.
    #[error("{path} is damaged: {what}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// How it shows.
        what: String,
    },
    /// An entry this version does not understand.
    #[error(
        "could not read {id} (`{kind}`, written by version {version}): {why}{}",
        advised(version)
    )]
    Unreadable {
        /// Which entry.
        id: RecordId,
        /// Its kind.
        kind: String,
        /// The version of the program that wrote it, as far as the journal says.
        version: String,
        /// What was not understood.
        why: String,
    },
    /// The store refused or failed (disk full, I/O error). A retry may help.
    #[error("could not read or write {path}")]
    Store {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
}

/// What to do about what a later version wrote. Versions are `1.2.3`; of others nothing is known.
fn advised(version: &str) -> String {
    let parts = |text: &str| -> Option<Vec<u64>> {
        text.split('.').map(|part| part.parse().ok()).collect()
    };
    let (theirs, own) = (parts(version), parts(env!("CARGO_PKG_VERSION")));
    match (theirs, own) {
        (Some(theirs), Some(own)) if theirs > own => {
            format!("; a later version wrote it: use version {version} or a later one")
        }
        _ => String::new(),
    }
}

fn shown_pid(pid: Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
}
