//! Where the parts of the server meet: the state that faces read, the inbox of the turn, the news,
//! and the samples.
//!
//! It decides nothing. Whoever holds a [`Hub`] can read what is durable and tell what happened; only
//! the turn changes the state. Tested with the turn.

use crate::intake::Samples;
use crate::recorder::Recorder;
use crate::remote_write::Outbox;
use blackstart_journal::{Entry, JournalError, Reader};
use blackstart_model::plant::Plant;
use blackstart_model::record::{Decision, Input};
use blackstart_model::time::Timestamp;
use blackstart_model::{CheckKey, IncidentId, RecordId, VantageName};
use blackstart_reason::{Remembered, State, remembered};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::{broadcast, mpsc, oneshot};

/// Inputs waiting for the turn at most: a rack of a thousand checks failing at once, four times over
/// (chosen by hand). Those who tell wait; samples are told again by the next one.
pub const INBOX_MAX: usize = 4096;

/// News a slow listener may be behind before it misses some. Missing is harmless: each only says
/// "read the state anew".
const NEWS_MAX: usize = 256;

/// Shared by every task of the server.
pub struct Hub {
    pub(crate) state: RwLock<State>,
    pub(crate) newest: AtomicU64,
    pub(crate) news: broadcast::Sender<RecordId>,
    trouble: Mutex<Option<String>>,
    firing: Mutex<BTreeMap<String, Firing>>,
    heartbeat: Mutex<Option<Beaten>>,
    inbox: mpsc::Sender<Message>,
    journal: Mutex<Box<dyn Reader>>,
    samples: Samples,
    recorder: Recorder,
    outbox: Outbox,
    remote: OnceLock<Arc<dyn Remote>>,
    stopping: AtomicBool,
}

/// How it went with an Alertmanager that is told again what lasts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Firing {
    /// How many incidents last, of those that were told to it.
    pub incidents: usize,
    /// When that was.
    pub at: Timestamp,
    /// What went wrong.
    pub trouble: Option<String>,
}

/// How it went with the heartbeat.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Beaten {
    /// When it was taken last, since the start.
    pub taken_at: Option<Timestamp>,
    /// When it was tried last, or held back.
    pub at: Timestamp,
    /// Why it was not taken, or not sent.
    pub trouble: Option<String>,
}

/// The vantages elsewhere, as the agents' listener offers them.
pub trait Remote: Send + Sync {
    /// Has checks put from a vantage now, out of the grid, if its agent is connected. Never waits.
    fn ask(&self, vantage: &VantageName, checks: &[CheckKey]);

    /// A plant is judged by from now on: each agent's share of it may have changed. Never waits.
    fn assign(&self, plant: &Arc<Plant>);
}

/// What the turn takes from its inbox.
pub(crate) enum Message {
    /// An input, and who waits for its decisions.
    Input(Input, Option<oneshot::Sender<Vec<Decision>>>),
    /// Answered when all before it is durable.
    Ping(oneshot::Sender<()>),
    /// No more.
    Stop,
}

/// Why an input was not taken.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    /// The turn has stopped.
    #[error("the server is shutting down")]
    Stopping,
    /// The inbox is full; telling again later may help.
    #[error("more happens than can be written down: {INBOX_MAX} inputs are waiting")]
    Full,
}

impl Hub {
    pub(crate) fn new(
        state: State,
        newest: RecordId,
        inbox: mpsc::Sender<Message>,
        journal: Box<dyn Reader>,
    ) -> Self {
        Self {
            state: RwLock::new(state),
            newest: AtomicU64::new(newest.0),
            news: broadcast::Sender::new(NEWS_MAX),
            trouble: Mutex::new(None),
            firing: Mutex::default(),
            heartbeat: Mutex::default(),
            inbox,
            journal: Mutex::new(journal),
            samples: Samples::default(),
            recorder: Recorder::default(),
            outbox: Outbox::default(),
            remote: OnceLock::new(),
            stopping: AtomicBool::new(false),
        }
    }

    /// The state as of the last durable turn. Hold it briefly: the turn waits for it. While the journal
    /// cannot be written this waits too; ask [`Hub::trouble`] first where nobody may wait.
    ///
    /// # Panics
    /// When the turn panicked while it held the state.
    pub fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().expect("the turn never panics while it holds the state")
    }

    /// The number of the newest record that the state contains; exact while the state is held.
    pub fn newest(&self) -> RecordId {
        RecordId(self.newest.load(Ordering::Acquire))
    }

    /// Why the journal cannot be written at the moment; `None` when all is well.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Gives an input to the turn, and returns what was decided once both are durable.
    ///
    /// # Errors
    /// When the server is stopping: nobody knows whether the input was taken.
    ///
    /// # Cancel safety
    /// The input is given or not; when it is, it is carried on without us.
    pub async fn tell(&self, input: Input) -> Result<Vec<Decision>, NotTaken> {
        let (answer, decisions) = oneshot::channel();
        let message = Message::Input(input, Some(answer));
        self.inbox.send(message).await.map_err(|_| NotTaken::Stopping)?;
        decisions.await.map_err(|_| NotTaken::Stopping)
    }

    /// Gives inputs to the turn in their order; returns when all are durable.
    ///
    /// # Errors
    /// When the server is stopping: nobody knows which were taken.
    pub async fn tell_all(&self, inputs: Vec<Input>) -> Result<(), NotTaken> {
        for input in inputs {
            let message = Message::Input(input, None);
            self.inbox.send(message).await.map_err(|_| NotTaken::Stopping)?;
        }
        self.ping().await
    }

    /// Gives an input to the turn without waiting for anything.
    ///
    /// # Errors
    /// When it was not taken.
    pub fn mention(&self, input: Input) -> Result<(), NotTaken> {
        self.inbox.try_send(Message::Input(input, None)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => NotTaken::Full,
            mpsc::error::TrySendError::Closed(_) => NotTaken::Stopping,
        })
    }

    /// Returns when everything told before is durable: the proof that the turn is alive.
    ///
    /// # Errors
    /// When the server is stopping.
    pub async fn ping(&self) -> Result<(), NotTaken> {
        let (answer, pong) = oneshot::channel();
        self.inbox.send(Message::Ping(answer)).await.map_err(|_| NotTaken::Stopping)?;
        pong.await.map_err(|_| NotTaken::Stopping)
    }

    pub(crate) fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }

    /// How it went with each Alertmanager that is told again what lasts, by name.
    pub fn firing(&self) -> BTreeMap<String, Firing> {
        self.firing.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_firing(&self, firing: BTreeMap<String, Firing>) {
        *self.firing.lock().unwrap_or_else(PoisonError::into_inner) = firing;
    }

    /// How it went with the heartbeat; `None` before the first.
    pub fn heartbeat(&self) -> Option<Beaten> {
        self.heartbeat.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set_heartbeat(&self, beaten: Option<Beaten>) {
        *self.heartbeat.lock().unwrap_or_else(PoisonError::into_inner) = beaten;
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(crate) async fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        // An inbox without a reader is one that has stopped.
        let _ = self.inbox.send(Message::Stop).await;
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
        before: Option<RecordId>,
        limit: usize,
    ) -> Result<Vec<Entry>, JournalError> {
        let end = before.map_or(self.newest().0 + 1, |before| before.0.min(self.newest().0 + 1));
        let from = end.saturating_sub(limit as u64).max(1);
        let wanted = usize::try_from(end.saturating_sub(from)).unwrap_or(usize::MAX);
        let journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        let mut entries = journal.read(RecordId(from), wanted)?;
        entries.reverse();
        Ok(entries)
    }

    /// An incident that the state has forgotten, and the alerts about it, as the journal has them; `None` where there
    /// was none.
    ///
    /// # Errors
    /// When the journal cannot be read.
    pub fn forgotten(&self, id: IncidentId) -> Result<Option<Remembered>, JournalError> {
        if !self.state().was_incident(id) {
            return Ok(None);
        }
        let journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        let about = journal.about(id)?;
        drop(journal);
        Ok(remembered(about.iter().map(|entry| (entry.at, &entry.record)), id))
    }

    /// What tells this journal from every other, in hexadecimal digits.
    pub fn journal_identity(&self) -> String {
        let journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        journal.identity().to_owned()
    }

    /// The samples of every check from every vantage, in memory only.
    pub const fn samples(&self) -> &Samples {
        &self.samples
    }

    /// What is kept of samples in bulk.
    pub(crate) const fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// What waits to be written elsewhere.
    pub(crate) const fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// Makes the vantages elsewhere known. Once.
    ///
    /// # Panics
    /// When they are known already.
    pub fn set_remote(&self, remote: Arc<dyn Remote>) {
        assert!(self.remote.set(remote).is_ok(), "the vantages elsewhere are made known once");
    }

    /// The vantages elsewhere, when a listener for agents runs.
    pub fn remote(&self) -> Option<&Arc<dyn Remote>> {
        self.remote.get()
    }
}
