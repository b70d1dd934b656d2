//! A pretend world in place of the network: what a demonstration is played on.
//!
//! Checks are put on the plant's own grid, and answered by a [`Stage`] instead of the prober; everything
//! behind that door (intake, turn, journal, console) is the real one. Nothing is sent: alerts are
//! marked as delivered nowhere. It decides when each check is put, and never what it sees. The server's
//! clock may go faster meanwhile, so that what is said of time in the plant holds in the play as well.
//! Tested by `cli`'s demonstration, as a process.

use crate::clock;
use crate::hub::Hub;
use blackstart_model::plant::Plant;
use blackstart_model::record::{Delivery, FaultMode, Input};
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{AlertId, CheckKey, ComponentName, VantageName};
use blackstart_probe::{Answer, Sample, Stats};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::mpsc;

/// How often the player looks for a changed plant and for what people say, by the clock on the wall.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// A world that answers checks.
pub trait Stage: Send + Sync {
    /// What is played, in a few words.
    fn title(&self) -> String;

    /// What a check put at this moment is answered; `None` where nothing is heard from the vantage.
    fn answer(&self, check: &CheckKey, vantage: &VantageName, at: Timestamp) -> Option<Answer>;

    /// What no check says and has come in by now: words of people and hosts, vantages lost and heard.
    /// Each is given once.
    fn told(&self, now: Timestamp) -> Vec<Input>;

    /// What is truly broken at this moment.
    fn broken(&self, now: Timestamp) -> Vec<Broken>;

    /// Breaks something, or changes how it is broken.
    ///
    /// # Errors
    /// Why it cannot be broken so.
    fn break_it(
        &self,
        component: &ComponentName,
        how: FaultMode,
        now: Timestamp,
    ) -> Result<(), String>;

    /// Makes something work again, whoever broke it.
    ///
    /// # Errors
    /// When it is not broken.
    fn mend(&self, component: &ComponentName, now: Timestamp) -> Result<(), String>;
}

/// Something that is broken in the pretend world.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    /// What: a component, or other words where it is none.
    pub subject: String,
    /// How.
    pub mode: FaultMode,
    /// Since when.
    pub since: Timestamp,
    /// Broken by a person, and not by the play.
    pub by_hand: bool,
}

/// A play: the world, when it begins, and how fast time passes.
#[derive(Clone)]
pub struct Play {
    /// The world.
    pub stage: Arc<dyn Stage>,
    /// The time at which it begins.
    pub starts: Timestamp,
    /// So many seconds pass in one.
    pub speed: u32,
}

impl std::fmt::Debug for Play {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { stage, starts, speed } = self;
        let mut shown = f.debug_struct("Play");
        shown.field("stage", &stage.title()).field("starts", starts).field("speed", speed).finish()
    }
}

/// Checks to be put out of the grid.
type Ask = (VantageName, Vec<CheckKey>);

/// Puts the checks of all vantages to a stage.
pub(crate) struct Player {
    pub(crate) play: Play,
    hub: Weak<Hub>,
    asks: mpsc::UnboundedSender<Ask>,
    asked: Mutex<Option<mpsc::UnboundedReceiver<Ask>>>,
    put: AtomicU64,
}

impl Player {
    pub(crate) fn new(play: Play, hub: &Arc<Hub>) -> Self {
        let (asks, asked) = mpsc::unbounded_channel();
        let asked = Mutex::new(Some(asked));
        Self { play, hub: Arc::downgrade(hub), asks, asked, put: AtomicU64::new(0) }
    }

    /// Has checks put out of the grid.
    pub(crate) fn ask(&self, vantage: VantageName, checks: Vec<CheckKey>) {
        // It fails only when the play has ended, and then nobody waits for an answer.
        let _ = self.asks.send((vantage, checks));
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats { put: self.put.load(Ordering::Relaxed), ..Stats::default() }
    }

    /// Plays until the server stops. Once.
    pub(crate) async fn run(self: Arc<Self>) {
        let taken = self.asked.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut asked) = taken else { return };
        let mut grid = Grid::default();
        loop {
            let Some(hub) = self.hub.upgrade() else { return };
            let now = clock::wall();
            let plant = hub.state().plant().cloned();
            if let Some(plant) = plant {
                grid.adopt(&plant, now);
            }
            for input in self.play.stage.told(now) {
                if hub.tell(input).await.is_err() {
                    return;
                }
            }
            while let Some((at, key, vantage)) = grid.due(now) {
                self.put(&hub, &key, &vantage, at, false);
            }
            drop(hub);
            let next = grid.next().map_or(LOOK_EVERY, clock::until).min(LOOK_EVERY);
            tokio::select! {
                ask = asked.recv() => {
                    let (Some((vantage, checks)), Some(hub)) = (ask, self.hub.upgrade()) else {
                        return;
                    };
                    for key in checks {
                        self.put(&hub, &key, &vantage, clock::wall(), true);
                    }
                }
                () = tokio::time::sleep(next) => {}
            }
        }
    }

    /// Puts one check; what is new in its answer is told.
    fn put(&self, hub: &Hub, key: &CheckKey, vantage: &VantageName, at: Timestamp, asked: bool) {
        self.put.fetch_add(1, Ordering::Relaxed);
        let Some(answer) = self.play.stage.answer(key, vantage, at) else { return };
        let samples = hub.samples().of(vantage);
        let told = samples.take(Sample { key: key.clone(), answer, asked }, at);
        if let Some(input) = told
            && hub.mention(input).is_err()
        {
            samples.untold(key);
        }
    }

    /// Takes an alert off the turn's hands: it is sent to nobody.
    pub(crate) async fn deliver(&self, alert: AlertId, attempt: u32) {
        let Some(hub) = self.hub.upgrade() else { return };
        let words = "sent to nobody: this is a demonstration".to_owned();
        let result = Delivery::Delivered(words);
        let inputs = vec![
            Input::AttemptStarted { alert, attempt },
            Input::AttemptEnded { alert, attempt, result },
        ];
        // It fails only when the server stops.
        let _ = hub.tell_all(inputs).await;
    }
}

/// When each check is put from each of its vantages.
#[derive(Default)]
struct Grid {
    plant: Option<Arc<Plant>>,
    due: BinaryHeap<Reverse<(Timestamp, usize)>>,
    asks: Vec<(CheckKey, VantageName, Duration)>,
}

impl Grid {
    /// Takes another plant's checks, spread over their periods.
    fn adopt(&mut self, plant: &Arc<Plant>, now: Timestamp) {
        if self.plant.as_ref().is_some_and(|own| Arc::ptr_eq(own, plant)) {
            return;
        }
        *self = Self { plant: Some(plant.clone()), ..Self::default() };
        let pairs = plant.checks().iter().flat_map(|check| {
            let named = |&id| (check.key.clone(), plant.vantage(id).name.clone(), check.every);
            check.from.iter().map(named)
        });
        self.asks = pairs.collect();
        let all = u32::try_from(self.asks.len()).unwrap_or(u32::MAX).max(1);
        for (at, (_, _, every)) in self.asks.iter().enumerate() {
            let part = u32::try_from(at).unwrap_or(u32::MAX);
            self.due.push(Reverse((after(now, *every / all * part), at)));
        }
    }

    /// The next check that is due, with its time. When we are behind by more than a period, what lies
    /// between is left out.
    fn due(&mut self, now: Timestamp) -> Option<(Timestamp, CheckKey, VantageName)> {
        let &Reverse((at, which)) = self.due.peek()?;
        if at > now {
            return None;
        }
        self.due.pop();
        let (key, vantage, every) = &self.asks[which];
        let next = after(at, *every);
        self.due.push(Reverse((if next <= now { after(now, *every) } else { next }, which)));
        Some((at, key.clone(), vantage.clone()))
    }

    fn next(&self) -> Option<Timestamp> {
        self.due.peek().map(|Reverse((at, _))| *at)
    }
}

fn after(at: Timestamp, span: Duration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}
