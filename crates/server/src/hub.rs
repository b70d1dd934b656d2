//! Where the parts of the server meet: the state that faces read, the inbox of the turn, the news.

use blackstart_journal::{Entry, JournalError};
use blackstart_model::RecordId;
use blackstart_model::record::{Decision, Input};
use blackstart_reason::State;
use std::sync::{RwLock, RwLockReadGuard};
use tokio::sync::broadcast;

/// Shared by every task of the server.
pub struct Hub {
    state: RwLock<State>,
    news: broadcast::Sender<RecordId>,
}

/// Why an input was not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// The turn has stopped.
    #[error("the server is shutting down")]
    Stopping,
}

impl Hub {
    /// The state as of the last durable turn. Hold it briefly: the turn waits for it.
    ///
    /// # Panics
    /// When the turn panicked while it held the state.
    pub fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().expect("the turn never panics while it holds the state")
    }

    /// Gives an input to the turn, and returns what was decided once both are durable.
    ///
    /// # Errors
    /// When the server is stopping; the input was not taken.
    pub async fn tell(&self, _input: Input) -> Result<Vec<Decision>, NotTaken> {
        Err(NotTaken::Stopping)
    }

    /// The ids of records as they become durable (a nudge: read the state anew).
    pub fn news(&self) -> broadcast::Receiver<RecordId> {
        self.news.subscribe()
    }

    /// At most `limit` entries of the journal before `before` (or the newest), newest first.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn timeline(
        &self,
        _before: Option<RecordId>,
        _limit: usize,
    ) -> Result<Vec<Entry>, JournalError> {
        Ok(Vec::new())
    }
}
