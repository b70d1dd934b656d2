//! The turn: takes one input after another, has it judged, writes down both, and only then lets
//! anything of it be seen or leave.
//!
//! Inputs that wait together share one transaction, for one sync of the disk costs more than their
//! judgement. The state is held while it is ahead of the journal, so nobody ever reads what could be
//! lost. When the journal cannot be written (a full disk), the turn stands still and says so in
//! [`Hub::trouble`]; it goes on by itself when it can be written again. When the host has slept, that is taken in
//! before anything else, as a time in which nobody looked. Tested with a journal that fails; sleep in the lab.

use crate::clock::{self, Clock, Reading};
use crate::hub::{Hub, Message};
use blackstart_journal::{Journal, JournalError, Reader};
use blackstart_model::RecordId;
use blackstart_model::record::{Decision, Input, Record};
use blackstart_model::time::{Duration, Timestamp};
use blackstart_reason::{State, recall, step};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::{mpsc, oneshot};

/// Inputs that share one transaction at most: the state is held meanwhile, and pages wait.
const BATCH_MAX: usize = 512;

/// How long we wait before the journal is tried again.
const RETRY_AFTER: Duration = Duration::from_millis(500);

/// How often the wall clock is looked at while nothing comes in.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Entries read at once when folding: few enough that they leave no hole in the heap, and many enough that asking for
/// them costs nothing.
const PAGE: usize = 256;

/// A journal folded: the state, and where it ends.
pub struct Folded {
    /// What it comes to.
    pub state: State,
    /// The newest record; 0 when there is none.
    pub newest: RecordId,
    /// Its time.
    pub at: Option<Timestamp>,
    /// The first decision that is not the one this version comes to, if there is any: its record, and how it
    /// would be now. It stands nevertheless.
    pub differs: Option<(RecordId, String)>,
}

/// How far a journal is folded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// To its end.
    End,
    /// Up to this record, which is taken in.
    Record(RecordId),
    /// Up to this time: what was written by then.
    Time(Timestamp),
}

impl Until {
    fn is_before(self, entry: &blackstart_journal::Entry) -> bool {
        match self {
            Self::End => false,
            Self::Record(id) => id < entry.id,
            Self::Time(at) => at < entry.at,
        }
    }
}

/// Folds a journal, or its first records up to `until`: its inputs, and what was decided on each, which stands
/// ([`recall`]). An input is one with its decisions. Linear in the records.
///
/// # Errors
/// When it cannot be read.
pub fn fold(journal: &dyn Reader, until: Until) -> Result<Folded, JournalError> {
    let mut folded = Folded { state: State::new(), newest: RecordId(0), at: None, differs: None };
    let mut reading: Option<Past> = None;
    let mut next = RecordId(1);
    loop {
        let entries = journal.read(next, PAGE)?;
        let Some(last) = entries.last() else { break };
        next = RecordId(last.id.0 + 1);
        for entry in entries {
            let is_beyond = until.is_before(&entry);
            if !is_beyond {
                folded.newest = entry.id;
                folded.at = Some(entry.at);
            }
            match (entry.record, &mut reading) {
                (Record::Input(input), _) => {
                    if let Some(past) = reading.take() {
                        past.fold(&mut folded);
                    }
                    if is_beyond {
                        return Ok(folded);
                    }
                    reading = Some(Past { id: entry.id, at: entry.at, input, then: Vec::new() });
                }
                (Record::Decision(decision), Some(past)) => past.then.push(decision),
                (Record::Decision(decision), None) => {
                    let of_nothing = || (entry.id, format!("{decision:?} follows from no input"));
                    folded.differs.get_or_insert_with(of_nothing);
                }
            }
        }
    }
    if let Some(past) = reading {
        past.fold(&mut folded);
    }
    Ok(folded)
}

/// An input of the past, with what was decided on it.
struct Past {
    id: RecordId,
    at: Timestamp,
    input: Input,
    then: Vec<Decision>,
}

impl Past {
    fn fold(self, folded: &mut Folded) {
        let Self { id, at, input, then } = self;
        let now = recall(&mut folded.state, &input, at, &then);
        if folded.differs.is_some() || now == then {
            return;
        }
        let same = now.iter().zip(&then).take_while(|(now, then)| now == then).count();
        let how = match (now.get(same), then.get(same)) {
            (Some(now), Some(then)) => format!("now {now:?}, then {then:?}"),
            (Some(now), None) => format!("now {now:?}, then nothing"),
            (None, then) => format!("now nothing, then {then:?}"),
        };
        folded.differs = Some((RecordId(id.0 + 1 + same as u64), how));
    }
}

/// Folds the journal of a folder, beside the server that may be at work on it.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn fold_folder(data: &std::path::Path, until: Until) -> Result<Folded, JournalError> {
    fold(&blackstart_journal::SqliteReader::open(data)?, until)
}

/// The running turn.
pub struct Turn {
    /// What the rest of the server meets it by.
    pub hub: Arc<Hub>,
    /// Decisions, once durable, in their order.
    pub decisions: mpsc::UnboundedReceiver<Decision>,
    thread: std::thread::JoinHandle<()>,
}

impl Turn {
    /// Folds the journal and starts to take inputs, the first being [`Input::Started`].
    ///
    /// # Errors
    /// When the journal cannot be read, or a reader beside it cannot be opened.
    pub fn start(journal: Box<dyn Journal>) -> Result<Self, JournalError> {
        let (carry_out, decisions) = mpsc::unbounded_channel();
        let (ready, folded) = std::sync::mpsc::channel();
        // Folded where it is judged from then on: the system's allocator keeps a heap for each thread,
        // and what reading a plant leaves free in this one is used by the next.
        let thread = std::thread::Builder::new()
            .name("turn".to_owned())
            .spawn(move || match Work::begin(journal, carry_out) {
                Ok((work, messages)) => {
                    let _ = ready.send(Ok(work.hub.clone()));
                    work.run(messages);
                }
                Err(error) => {
                    let _ = ready.send(Err(error));
                }
            })
            .expect("a starting process may have a thread");
        let hub = folded.recv().expect("the turn's thread says how it began")?;
        Ok(Self { hub, decisions, thread })
    }

    /// The turn's end and its decisions, for those who carry them out.
    #[must_use]
    pub fn split(self) -> (TurnEnd, mpsc::UnboundedReceiver<Decision>) {
        let Self { hub, decisions, thread } = self;
        (TurnEnd { hub, thread }, decisions)
    }
}

/// Ends a turn.
pub struct TurnEnd {
    hub: Arc<Hub>,
    thread: std::thread::JoinHandle<()>,
}

impl TurnEnd {
    /// Takes what waits, and ends.
    pub async fn stop(self) {
        self.hub.stop().await;
        let _ = tokio::task::spawn_blocking(move || self.thread.join()).await;
    }
}

struct Work {
    hub: Arc<Hub>,
    journal: Box<dyn Journal>,
    clock: Clock,
    carry_out: mpsc::UnboundedSender<Decision>,
}

type Teller = (oneshot::Sender<Vec<Decision>>, Vec<Decision>);

impl Work {
    /// Folds the journal and puts our start into the inbox.
    fn begin(
        journal: Box<dyn Journal>,
        carry_out: mpsc::UnboundedSender<Decision>,
    ) -> Result<(Self, mpsc::Receiver<Message>), JournalError> {
        let Folded { state, newest, at, differs } = fold(&*journal, Until::End)?;
        if let Some((id, _)) = differs {
            tracing::info!(
                "{id} was decided otherwise than this version would have, and stands: `blackstart replay` says how"
            );
        }
        let reader = journal.reader()?;
        let (inbox, messages) = mpsc::channel(crate::hub::INBOX_MAX);
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let started = Input::Started { version, alive_until: at };
        inbox.try_send(Message::Input(started, None)).expect("the inbox is empty");
        let hub = Arc::new(Hub::new(state, newest, inbox, reader));
        Ok((Self { hub, journal, clock: Clock::after(at), carry_out }, messages))
    }

    fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a starting process may have a timer");
        let mut batch = Vec::new();
        loop {
            let wake = self.hub.state().wake_at();
            let alive = runtime.block_on(async {
                tokio::select! {
                    biased;
                    taken = messages.recv_many(&mut batch, BATCH_MAX) => taken > 0,
                    () = sleep_until(wake) => {
                        batch.push(Message::Input(Input::Tick, None));
                        true
                    }
                    () = tokio::time::sleep(LOOK_EVERY) => true,
                }
            });
            if !alive || !self.take(&mut batch) {
                return;
            }
        }
    }

    /// One transaction. False when it was the last.
    fn take(&mut self, batch: &mut Vec<Message>) -> bool {
        let mut records = Vec::new();
        let mut tellers: Vec<Teller> = Vec::new();
        let mut pings = Vec::new();
        let mut goes_on = true;
        let hub = self.hub.clone();
        let mut state = hub.state.write().expect("nobody panics while holding the state");
        // Also when nothing came in: how long was slept through is known to within a look.
        self.now(&mut state, &mut records);
        for message in batch.drain(..) {
            match message {
                Message::Input(input, teller) => {
                    let now = self.now(&mut state, &mut records);
                    let decisions = step(&mut state, &input, now);
                    records.push((now, Record::Input(input)));
                    let as_records = decisions.iter().cloned().map(Record::Decision);
                    records.extend(as_records.map(|record| (now, record)));
                    tellers.extend(teller.map(|teller| (teller, decisions)));
                }
                Message::Ping(answer) => pings.push(answer),
                Message::Stop => goes_on = false,
            }
        }
        if !records.is_empty() {
            let Some(newest) = write(&mut *self.journal, &records, &self.hub) else { return false };
            self.hub.newest.store(newest.0, Ordering::Release);
            // Nobody may be listening.
            let _ = self.hub.news.send(newest);
        }
        drop(state);
        for (teller, decisions) in tellers {
            let _ = teller.send(decisions);
        }
        for answer in pings {
            let _ = answer.send(());
        }
        for (_, record) in records {
            if let Record::Decision(decision) = record {
                let _ = self.carry_out.send(decision);
            }
        }
        goes_on
    }

    /// The time now; what was slept through since the last look is taken in before anything else of now.
    fn now(&mut self, state: &mut State, records: &mut Vec<(Timestamp, Record)>) -> Timestamp {
        let Reading { now, slept_since } = self.clock.read();
        if let Some(since) = slept_since {
            let blind = Input::Blind { since };
            let decisions = step(state, &blind, now);
            records.push((now, Record::Input(blind)));
            records.extend(decisions.into_iter().map(|decision| (now, Record::Decision(decision))));
        }
        now
    }
}

/// Appends until it is done, or the server stops; returns the newest id.
fn write(
    journal: &mut dyn Journal,
    records: &[(Timestamp, Record)],
    hub: &Hub,
) -> Option<RecordId> {
    loop {
        match journal.append(records) {
            Ok(first) => {
                hub.set_trouble(None);
                return Some(RecordId(first.0 + records.len() as u64 - 1));
            }
            Err(error) => {
                let words = crate::serve::chain(&error);
                tracing::error!("the journal cannot be written, nothing goes on: {words}");
                hub.set_trouble(Some(words));
                if hub.is_stopping() {
                    return None;
                }
                std::thread::park_timeout(RETRY_AFTER);
            }
        }
    }
}

/// Sleeps until the wall clock shows this time. It is looked at now and then, for it may be put forward,
/// and the clock that sleeping goes by stands still while the host sleeps.
async fn sleep_until(wake: Option<Timestamp>) {
    let Some(wake) = wake else { return std::future::pending().await };
    loop {
        let left = clock::until(wake);
        tokio::time::sleep(left.min(LOOK_EVERY)).await;
        if left <= LOOK_EVERY {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
