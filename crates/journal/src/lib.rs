//! The memory: an append-only journal of everything that happened and everything we decided.
//!
//! It decides nothing and interprets nothing. What [`Journal::append`] has returned from survives
//! `kill -9` and loss of power. Tested by one conformance suite for every store.
#![forbid(unsafe_code)]

use blackstart_model::RecordId;
use blackstart_model::record::Record;
use blackstart_model::time::Timestamp;

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

/// An append-only store of records with one writer.
pub trait Journal: Send {
    /// Appends records, all or none; durable when it returns. Gives the id of the first.
    ///
    /// # Errors
    /// When the store cannot take them; nothing was appended, and a retry may help.
    fn append(&mut self, records: &[(Timestamp, Record)]) -> Result<RecordId, JournalError>;

    /// At most `limit` entries from `from` on, in order.
    ///
    /// # Errors
    /// When the store cannot be read, or holds what this version cannot read.
    fn read(&self, from: RecordId, limit: usize) -> Result<Vec<Entry>, JournalError>;

    /// The newest entry's number and time; `None` when empty.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn newest(&self) -> Result<Option<(RecordId, Timestamp)>, JournalError>;
}

/// What can go wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Placeholder.
    #[error("could not read or write the journal")]
    Store,
}
