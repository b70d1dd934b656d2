//! The schedule: when each question is put, and what an answer counts for.
//!
//! Each check has a fixed grid: a phase from the hashes of its key and of the vantage, on the scale of the host's
//! monotonic clock, so that a restart finds every check where it was and no herd forms. A question is
//! put at its point of the grid or not at all: one that would start too late is `unknown(late)`, which
//! costs next to nothing and leaves the time to the others. An answer that failed to come by its deadline
//! while we ourselves ran late, or stood still, says nothing of the target either.
//!
//! Work is shared out over a few threads by the same hash; each has its own runtime, so a check never
//! waits for another thread, nor for the pages of the server.

use crate::ask::{Answer, Equipment, Memory, ask};
use crate::clock;
use crate::icmp::Echoes;
use crate::way_out::{PROVE_EVERY, PROVE_LOST_EVERY, WayOut};
use blackstart_model::check::Question;
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode, Timing};
use blackstart_model::time::Duration;
use blackstart_model::{CheckKey, stable_hash};
use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// A try may start as late as this share of its deadline; the rest has to do for some four more waits
/// on the same busy thread (chosen by hand).
const LATE_SHARE: u32 = 8;

/// A thread whose beats are later than this on average has more to do than it can.
const SATURATED: Duration = Duration::from_millis(3);

/// Then a new try is put only while so few young ones are under way: what is taken on is finished, and
/// the rest costs nothing. At ten thousand tries a second these are 25 ms of work; a host that is late
/// *and* asks so many far targets a second that more are rightly on their way sheds some of them too.
const YOUNG_MAX: u32 = 256;

/// A try is young for so many beats. One that hangs is soon old and keeps nobody out.
const YOUNG_BEATS: u64 = 10;

/// At least so late is allowed: the timer's own grain and a busy moment.
const LATE_MIN: Duration = Duration::from_millis(20);

/// A longer gap between two looks at the clock means that we were stopped, not busy.
const PAUSE_MIN: Duration = Duration::from_secs(2);

/// How often the thread looks whether it is late.
const PULSE: Duration = Duration::from_millis(10);

/// Tries under way on one thread at most; beyond, `unknown(exhausted)`. With a deadline of ten seconds,
/// a tenth of all targets hung and ten thousand checks a second.
const IN_FLIGHT_MAX: usize = 20_000;

/// Threads at most: the checks of one vantage are light, and the host has other work.
const THREADS_MAX: usize = 4;

/// What is to be asked, and how often.
#[derive(Clone, PartialEq, Debug)]
pub struct Assignment {
    /// The check.
    pub key: CheckKey,
    /// Its period.
    pub every: Duration,
    /// The deadline of one try; shorter than the period.
    pub deadline: Duration,
    /// What is asked: the plant's own, where there is one here.
    pub question: Arc<Question>,
    /// Its path crosses the vantage's way out.
    pub crosses_way_out: bool,
}

/// One answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Sample {
    /// To which check.
    pub key: CheckKey,
    /// What it saw.
    pub answer: Answer,
    /// Asked for out of the grid.
    pub asked: bool,
}

/// Who hears the answers. Called on the probing threads, as each answer is complete: it must not wait.
pub trait Listener: Send + Sync {
    /// An answer.
    fn sample(&self, sample: Sample);

    /// The way out was lost (`open` is false), or is there again.
    fn way_out(&self, open: bool, detail: &str);
}

/// What was done, since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// Tries that were put.
    pub put: u64,
    /// Tries that say nothing because we were late: not put, or not heard in time.
    pub late: u64,
    /// Tries under way now.
    pub in_flight: u64,
    /// How late points of the grid were met: how many within each of [`Stats::LAG_US`], and beyond.
    pub lag: [u64; Stats::LAG_US.len() + 1],
}

impl Stats {
    /// Bounds of [`Stats::lag`], microseconds.
    pub const LAG_US: [u64; 9] =
        [1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 500_000, 2_000_000];
}

#[derive(Default)]
struct Counters {
    put: AtomicU64,
    late: AtomicU64,
    in_flight: AtomicU64,
    lag: [AtomicU64; Stats::LAG_US.len() + 1],
}

/// Puts checks on their grid. Dropping it ends its threads.
pub struct Prober {
    threads: Vec<mpsc::UnboundedSender<Command>>,
    way_out: Arc<WayOut>,
    listener: Arc<dyn Listener>,
    counters: Arc<Counters>,
}

enum Command {
    Assign(Vec<Assignment>),
    Ask(Vec<CheckKey>),
}

impl Prober {
    /// Starts without anything to ask. `place` names this vantage: each has its own grid, so that a
    /// target is not asked by all of them at one instant.
    ///
    /// # Errors
    /// When the system gives no threads.
    pub fn start(
        equipment: Equipment,
        listener: Arc<dyn Listener>,
        place: &str,
    ) -> std::io::Result<Self> {
        let shift = stable_hash(place);
        let equipment = Arc::new(equipment);
        let way_out = Arc::new(WayOut::new());
        let counters = Arc::new(Counters::default());
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let threads = (0..cores.min(THREADS_MAX))
            .map(|number| {
                let (sender, commands) = mpsc::unbounded_channel();
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let (equipment, listener) = (equipment.clone(), listener.clone());
                let (way_out, counters) = (way_out.clone(), counters.clone());
                std::thread::Builder::new().name(format!("probe-{number}")).spawn(move || {
                    let local = tokio::task::LocalSet::new();
                    local.block_on(&runtime, async move {
                        let worker = Rc::new(Worker {
                            equipment,
                            listener,
                            way_out,
                            counters,
                            echoes: Echoes::default(),
                            shift,
                            checks: RefCell::default(),
                            pulse: Pulse::new(),
                        });
                        worker.run(commands, number == 0).await;
                    });
                })?;
                Ok(sender)
            })
            .collect::<std::io::Result<_>>()?;
        Ok(Self { threads, way_out, listener, counters })
    }

    /// Puts these from now on, and none else. What did not change goes on undisturbed.
    pub fn assign(&self, assignments: Vec<Assignment>, way_out: &[Question]) {
        self.way_out.set(way_out, &*self.listener);
        let mut shares = vec![Vec::new(); self.threads.len()];
        for assignment in assignments {
            shares[self.thread(&assignment.key)].push(assignment);
        }
        for (thread, share) in self.threads.iter().zip(shares) {
            // A thread that has ended has panicked, which its own message told.
            let _ = thread.send(Command::Assign(share));
        }
    }

    /// Puts these now, out of the grid; those not assigned are passed over.
    pub fn ask(&self, keys: impl IntoIterator<Item = CheckKey>) {
        let mut shares = vec![Vec::new(); self.threads.len()];
        for key in keys {
            shares[self.thread(&key)].push(key);
        }
        for (thread, share) in self.threads.iter().zip(shares) {
            if !share.is_empty() {
                let _ = thread.send(Command::Ask(share));
            }
        }
    }

    fn thread(&self, key: &CheckKey) -> usize {
        // The low bits order the grid; the high ones share out.
        let share = stable_hash(key.as_str()) >> 32;
        usize::try_from(share).unwrap_or(0) % self.threads.len()
    }

    /// What was done.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let Counters { put, late, in_flight, lag } = &*self.counters;
        Stats {
            put: put.load(Ordering::Relaxed),
            late: late.load(Ordering::Relaxed),
            in_flight: in_flight.load(Ordering::Relaxed),
            lag: std::array::from_fn(|at| lag[at].load(Ordering::Relaxed)),
        }
    }
}

/// Lets this process open as many sockets as the system allows it to: each try needs one.
pub fn raise_limits() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current: _, maximum } = getrlimit(Resource::Nofile);
    // Without it, tries beyond the old limit are unknown(exhausted), which says so.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}

/// One thread's share.
struct Worker {
    equipment: Arc<Equipment>,
    listener: Arc<dyn Listener>,
    way_out: Arc<WayOut>,
    counters: Arc<Counters>,
    echoes: Echoes,
    /// By how much this vantage's grid stands apart.
    shift: u64,
    checks: RefCell<HashMap<CheckKey, Rc<Slot>>>,
    pulse: Pulse,
}

/// A check on the grid.
struct Slot {
    assignment: RefCell<Assignment>,
    memory: Memory,
    /// It has been asked out of the grid and has not answered.
    asked: Cell<bool>,
    /// A try of the grid is under way.
    on_grid: Cell<bool>,
    /// It was taken off the grid; its answers count for nothing.
    gone: Cell<bool>,
}

/// What is due when; the number keeps the order of equals and names nothing.
type Due = Reverse<(Instant, u64)>;

impl Worker {
    async fn run(self: Rc<Self>, mut commands: mpsc::UnboundedReceiver<Command>, first: bool) {
        let worker = self.clone();
        tokio::task::spawn_local(async move { worker.feel_pulse().await });
        if first {
            let worker = self.clone();
            tokio::task::spawn_local(async move { worker.watch_way_out().await });
        }
        let mut due: BinaryHeap<Due> = BinaryHeap::new();
        let mut slots: HashMap<u64, Rc<Slot>> = HashMap::new();
        let mut made = 0;
        loop {
            let next = due.peek().map(|Reverse((at, _))| *at);
            let command = tokio::select! {
                biased;
                command = commands.recv() => command,
                () = sleep_until(next) => {
                    self.put_due(&mut due, &mut slots);
                    continue;
                }
            };
            match command {
                None => return,
                Some(Command::Ask(keys)) => self.ask_now(&keys),
                Some(Command::Assign(share)) => {
                    for slot in self.reassign(share) {
                        made += 1;
                        due.push(Reverse((self.grid_point(&slot.assignment.borrow()), made)));
                        slots.insert(made, slot);
                    }
                }
            }
        }
    }

    /// The next point of a check's grid.
    fn grid_point(&self, assignment: &Assignment) -> Instant {
        clock::now() + until_grid_point(assignment, self.shift, clock::since_boot())
    }

    /// Takes a new share; returns what is new in it.
    fn reassign(&self, share: Vec<Assignment>) -> Vec<Rc<Slot>> {
        let mut checks = self.checks.borrow_mut();
        let kept: HashSet<&CheckKey> = share.iter().map(|assignment| &assignment.key).collect();
        checks.retain(|key, slot| {
            let keep = kept.contains(key);
            slot.gone.set(!keep);
            keep
        });
        let mut fresh = Vec::new();
        for assignment in share {
            let key = assignment.key.clone();
            let same = checks.get(&key).filter(|slot| *slot.assignment.borrow() == assignment);
            if let Some(slot) = same {
                // It goes on undisturbed, and lets go of what it shared with the plant before.
                slot.assignment.replace(assignment);
                continue;
            }
            let slot = Rc::new(Slot {
                assignment: RefCell::new(assignment),
                memory: Memory::default(),
                asked: Cell::default(),
                on_grid: Cell::default(),
                gone: Cell::default(),
            });
            if let Some(old) = checks.insert(key, slot.clone()) {
                old.gone.set(true);
            }
            fresh.push(slot);
        }
        fresh
    }

    fn ask_now(self: &Rc<Self>, keys: &[CheckKey]) {
        let slots: Vec<Rc<Slot>> = {
            let checks = self.checks.borrow();
            keys.iter().filter_map(|key| checks.get(key)).cloned().collect()
        };
        for slot in slots {
            if !slot.asked.replace(true) {
                self.put(slot, true);
            }
        }
    }

    fn put_due(self: &Rc<Self>, due: &mut BinaryHeap<Due>, slots: &mut HashMap<u64, Rc<Slot>>) {
        let now = clock::now();
        while let Some(Reverse((at, number))) = due.peek().copied() {
            if at > now {
                break;
            }
            due.pop();
            let slot = slots[&number].clone();
            if slot.gone.get() {
                slots.remove(&number);
                continue;
            }
            let assignment = slot.assignment.borrow();
            let lag = now.duration_since(at);
            let mut next = at + assignment.every;
            if next <= now {
                next = self.grid_point(&assignment);
            }
            due.push(Reverse((next, number)));
            let lag_us = u64::try_from(lag.as_micros()).unwrap_or(u64::MAX);
            let bucket = Stats::LAG_US.partition_point(|bound| *bound < lag_us);
            self.counters.lag[bucket].fetch_add(1, Ordering::Relaxed);
            if lag >= PAUSE_MIN {
                // We stood still: this point of the grid passed unseen.
            } else if lag > (assignment.deadline / LATE_SHARE).max(LATE_MIN) || self.pulse.is_full()
            {
                self.counters.late.fetch_add(1, Ordering::Relaxed);
                let detail =
                    format!("more is due than this host can ask, {} ms behind", lag.as_millis());
                self.tell(&slot, Outcome::unknown(NoAnswerCode::Late, detail).into(), false);
            } else if !slot.on_grid.replace(true) {
                self.put(slot.clone(), false);
            }
        }
    }

    fn put(self: &Rc<Self>, slot: Rc<Slot>, asked: bool) {
        let in_flight = self.counters.in_flight.fetch_add(1, Ordering::Relaxed);
        if usize::try_from(in_flight).unwrap_or(usize::MAX) >= IN_FLIGHT_MAX {
            self.counters.in_flight.fetch_sub(1, Ordering::Relaxed);
            let detail = format!("{IN_FLIGHT_MAX} tries are under way");
            self.finish(&slot, Outcome::unknown(NoAnswerCode::Exhausted, detail).into(), asked);
            return;
        }
        self.counters.put.fetch_add(1, Ordering::Relaxed);
        let worker = self.clone();
        let began = self.pulse.begin();
        tokio::task::spawn_local(async move {
            let answer = worker.answer(&slot).await;
            worker.pulse.end(began);
            worker.counters.in_flight.fetch_sub(1, Ordering::Relaxed);
            worker.finish(&slot, answer, asked);
        });
    }

    fn finish(&self, slot: &Slot, answer: Answer, asked: bool) {
        let flag = if asked { &slot.asked } else { &slot.on_grid };
        flag.set(false);
        self.tell(slot, answer, asked);
    }

    fn tell(&self, slot: &Slot, answer: Answer, asked: bool) {
        if !slot.gone.get() {
            self.listener.sample(Sample {
                key: slot.assignment.borrow().key.clone(),
                answer,
                asked,
            });
        }
    }

    /// One try, and what it counts for.
    async fn answer(&self, slot: &Slot) -> Answer {
        let Assignment { key: _, every: _, deadline, question, crosses_way_out } =
            slot.assignment.borrow().clone();
        let began = clock::now();
        let deadline_at = began + deadline;
        let mut answer =
            ask(&self.equipment, &self.echoes, &slot.memory, &question, deadline_at).await;
        let Outcome::Down(symptom) = &answer.outcome else { return answer };
        let by_time = matches!(
            symptom.code,
            SymptomCode::ConnectTimeout
                | SymptomCode::AnswerTimeout
                | SymptomCode::NoEcho
                | SymptomCode::NoAddress
        );
        let gap = self.pulse.longest_gap_since(began);
        if by_time && gap > (deadline / LATE_SHARE).max(LATE_MIN) {
            let code = if gap >= PAUSE_MIN { NoAnswerCode::Blind } else { NoAnswerCode::Late };
            self.counters.late.fetch_add(1, Ordering::Relaxed);
            let detail = format!("we stood still for {} ms meanwhile", gap.as_millis());
            answer.outcome = Outcome::unknown(code, detail);
        } else if crosses_way_out && self.way_out.is_provable() {
            let failed = clock::now();
            let open =
                self.way_out.prove(failed, &self.equipment, &self.echoes, &*self.listener).await;
            if !open {
                let detail = format!("the way out is lost; saw {}", answer.outcome);
                answer.outcome = Outcome::unknown(NoAnswerCode::CutOff, detail);
                answer.timing = Timing::default();
            }
        }
        answer
    }

    /// While anything is under way: a beat costs some 50 us, and nobody asks whether an idle thread would be late.
    async fn feel_pulse(&self) {
        loop {
            if self.pulse.under_way.get() == 0 {
                self.pulse.begun.notified().await;
            }
            tokio::time::sleep(PULSE).await;
            self.pulse.beat();
        }
    }

    async fn watch_way_out(&self) {
        loop {
            let pause = if self.way_out.is_open() { PROVE_EVERY } else { PROVE_LOST_EVERY };
            tokio::time::sleep(pause).await;
            if self.way_out.is_provable() {
                let now = clock::now();
                self.way_out.prove(now, &self.equipment, &self.echoes, &*self.listener).await;
            }
        }
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

fn until_grid_point(assignment: &Assignment, shift: u64, since_boot: Duration) -> Duration {
    let period = assignment.every.as_nanos().max(1);
    let phase = u128::from(stable_hash(assignment.key.as_str()).wrapping_add(shift)) % period;
    let at = since_boot.as_nanos() % period;
    let wait = (phase + period - at) % period;
    Duration::from_nanos(u64::try_from(wait).unwrap_or(0))
}

/// Whether this thread is on time: the longest gap between two beats in each of the last seconds. It rests while
/// nothing is under way.
struct Pulse {
    /// Tries under way.
    under_way: Cell<u32>,
    /// The first one after a rest has begun.
    begun: tokio::sync::Notify,
    last: Cell<Instant>,
    slept: Cell<Duration>,
    /// The beats so far.
    beats: Cell<u64>,
    /// How late beats are, on a moving average over some eight of them.
    late: Cell<Duration>,
    /// Tries under way by the beat they began in, for the last few beats.
    young: RefCell<[u32; YOUNG_BEATS as usize]>,
    gaps: RefCell<std::collections::VecDeque<(Instant, Duration)>>,
}

/// Longer than any deadline that a check may have would be wasted; shorter would forget too soon.
const GAPS_KEPT: Duration = Duration::from_secs(120);

impl Pulse {
    fn new() -> Self {
        Self {
            under_way: Cell::default(),
            begun: tokio::sync::Notify::new(),
            last: Cell::new(clock::now()),
            slept: Cell::new(clock::slept()),
            beats: Cell::default(),
            late: Cell::default(),
            young: RefCell::default(),
            gaps: RefCell::default(),
        }
    }

    fn beat(&self) {
        let now = clock::now();
        let slept = clock::slept();
        // The monotonic clock does not count the time that the host slept; that was a gap all the same.
        let asleep = slept.saturating_sub(self.slept.replace(slept));
        let gap = now.duration_since(self.last.replace(now)).saturating_sub(PULSE) + asleep;
        self.late.set((self.late.get() * 7 + gap) / 8);
        self.beats.set(self.beats.get() + 1);
        self.young.borrow_mut()[Self::place(self.beats.get())] = 0;
        let mut gaps = self.gaps.borrow_mut();
        // Only what is longer than all that came after it can ever be the answer.
        while gaps.back().is_some_and(|(_, shorter)| *shorter <= gap) {
            gaps.pop_back();
        }
        gaps.push_back((now, gap));
        while gaps.front().is_some_and(|(at, _)| now.duration_since(*at) > GAPS_KEPT) {
            gaps.pop_front();
        }
    }

    const fn place(beat: u64) -> usize {
        (beat % YOUNG_BEATS) as usize
    }

    /// A try begins; returns the beat it began in.
    fn begin(&self) -> u64 {
        if self.under_way.replace(self.under_way.get() + 1) == 0 {
            // What was missed while nothing was under way is no gap.
            self.last.set(clock::now());
            self.slept.set(clock::slept());
            self.begun.notify_one();
        }
        let beat = self.beats.get();
        self.young.borrow_mut()[Self::place(beat)] += 1;
        beat
    }

    /// A try that began in this beat is over.
    fn end(&self, beat: u64) {
        self.under_way.set(self.under_way.get() - 1);
        if self.beats.get() - beat < YOUNG_BEATS {
            self.young.borrow_mut()[Self::place(beat)] -= 1;
        }
    }

    /// Whether this thread has as much to do as it can finish.
    fn is_full(&self) -> bool {
        self.late.get() > SATURATED && self.young.borrow().iter().sum::<u32>() >= YOUNG_MAX
    }

    /// The longest gap that ended after `then`, the one that may be open now included.
    fn longest_gap_since(&self, then: Instant) -> Duration {
        let open = clock::now().duration_since(self.last.get()).saturating_sub(PULSE);
        let gaps = self.gaps.borrow();
        // Longest first: the first that is young enough is the longest that is.
        gaps.iter().find(|(at, _)| *at >= then).map_or(open, |(_, gap)| (*gap).max(open))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_model::check::{Host, HostPort, TcpQuestion};

    fn every(key: &str, every: Duration) -> Assignment {
        let host = Host::Address([127, 0, 0, 1].into());
        let question =
            Question::Tcp(TcpQuestion { target: HostPort { host, port: 9 }, slow: None }).into();
        let deadline = every / 2;
        Assignment { key: key.into(), every, deadline, question, crosses_way_out: false }
    }

    #[test]
    fn a_check_keeps_its_point_of_the_grid_over_restarts() {
        let check = every("web-1/tcp", Duration::from_secs(30));
        let first = Duration::from_millis(123_456);
        let wait = until_grid_point(&check, 7, first);
        assert!(wait < check.every);
        let point = first + wait;
        let later = point + Duration::from_secs(600) - Duration::from_millis(7);
        assert_eq!(until_grid_point(&check, 7, later), Duration::from_millis(7));
        assert_eq!(until_grid_point(&check, 7, point), Duration::ZERO);
    }

    #[test]
    fn phases_are_spread_over_the_period() {
        let period = Duration::from_secs(10);
        let mut tenths = [0; 10];
        for number in 0..10_000 {
            let wait =
                until_grid_point(&every(&format!("s-{number}/http"), period), 0, Duration::ZERO);
            tenths[usize::try_from(wait.as_secs()).unwrap()] += 1;
        }
        // 10,000 in ten bins: the standard deviation is 30, five of them are 150.
        assert!(tenths.iter().all(|count| (850..1_150).contains(count)), "{tenths:?}");
    }
}
