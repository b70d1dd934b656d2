//! A journal that lasts as long as its process: for tests and for trying things out.

use crate::{ENTRIES_READ_MAX, Entry, Journal, JournalError, Reader};
use blackstart_model::RecordId;
use blackstart_model::record::Record;
use blackstart_model::time::Timestamp;
use std::sync::{Arc, PoisonError, RwLock};

/// The writer.
#[derive(Debug)]
pub struct MemoryJournal(MemoryReader);

/// A reader beside it.
#[derive(Clone, Debug)]
pub struct MemoryReader {
    entries: Arc<RwLock<Vec<Entry>>>,
    identity: Arc<str>,
}

impl MemoryJournal {
    /// An empty one; `identity` stands where a stored journal has its random digits.
    #[must_use]
    pub fn new(identity: &str) -> Self {
        Self(MemoryReader { entries: Arc::default(), identity: Arc::from(identity) })
    }
}

impl Journal for MemoryJournal {
    fn append(&mut self, records: &[(Timestamp, Record)]) -> Result<RecordId, JournalError> {
        assert!(!records.is_empty(), "there is nothing to append");
        let mut entries = self.0.entries.write().unwrap_or_else(PoisonError::into_inner);
        let first = entries.len() as u64 + 1;
        let numbered = records.iter().zip(first..).map(|((at, record), id)| Entry {
            id: RecordId(id),
            at: *at,
            record: record.clone(),
        });
        entries.extend(numbered);
        Ok(RecordId(first))
    }

    fn reader(&self) -> Result<Box<dyn Reader>, JournalError> {
        Ok(Box::new(self.0.clone()))
    }
}

impl Reader for MemoryJournal {
    fn read(&self, from: RecordId, limit: usize) -> Result<Vec<Entry>, JournalError> {
        self.0.read(from, limit)
    }

    fn newest(&self) -> Result<Option<(RecordId, Timestamp)>, JournalError> {
        self.0.newest()
    }

    fn identity(&self) -> &str {
        self.0.identity()
    }
}

impl Reader for MemoryReader {
    fn read(&self, from: RecordId, limit: usize) -> Result<Vec<Entry>, JournalError> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let skipped = usize::try_from(from.0.saturating_sub(1)).unwrap_or(usize::MAX);
        Ok(entries.iter().skip(skipped).take(limit.min(ENTRIES_READ_MAX)).cloned().collect())
    }

    fn newest(&self) -> Result<Option<(RecordId, Timestamp)>, JournalError> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        Ok(entries.last().map(|entry| (entry.id, entry.at)))
    }

    fn identity(&self) -> &str {
        &self.identity
    }
}
