//! The pretend world: a truth, senses that tell of it, a virtual clock, and the real judgement.
//!
//! Everything that `serve` and its agents do around `reason::step` is pretended in its simplest form,
//! with the same rules: checks are put on a fixed grid from a phase of their own; a first answer, a changed
//! one and one that was asked for are told at once, steady ones are counted; what the judgement asks is
//! answered; a check that fails across a vantage's way out is `unknown(cut-off)` while that is lost; what an
//! agent saw while it was not heard comes late; a vantage that is silent for too long is lost. Alerts
//! are delivered.
//!
//! It pretends no process of ours to die, and the server to have power of its own. Nothing is judged here.
//! The same seed gives the same inputs at the same instants (`tests/it/world.rs`).

use crate::chance::Chance;
use crate::scenario::{Happening, Senses};
use crate::truth::{Moment, Truth};
use blackstart_model::check::Question;
use blackstart_model::observation::{NoAnswerCode, Observation, Outcome, Standing, SymptomCode};
use blackstart_model::plant::Plant;
use blackstart_model::record::{Counted, Decision, Delivery, Input, PlantSource, VantageLoss};
use blackstart_model::time::{Duration, SignedDuration, Timestamp};
use blackstart_model::{AlertId, VantageName, stable_hash};
use blackstart_reason::circuit::GateId;
use blackstart_reason::{State, SymptomKey, crosses_way_out, step};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::sync::Arc;

/// How long a good answer takes, and a refusal.
const ANSWER: Duration = Duration::from_millis(20);

/// How long what is told or asked is on its way to or from an agent, at least.
const WAY: Duration = Duration::from_millis(30);

/// How long a delivery of an alert takes.
const DELIVERY: Duration = Duration::from_millis(300);

/// How often the server proves its way out, open and lost (as `blackstart_probe` does).
const PROVE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(1));

/// How often steady answers are told together (as `serve` does).
const COUNTED_EVERY: Duration = Duration::from_secs(300);

/// The pretend world.
pub struct World {
    /// What it believes.
    state: State,
    now: Timestamp,
    truth: Truth,
    senses: Senses,
    probes: Vec<Probe>,
    by_key: BTreeMap<SymptomKey, usize>,
    posts: Vec<Post>,
    queue: BinaryHeap<Reverse<Due>>,
    queued: u64,
    chance: Chance,
    tries: u64,
    heard: Heard,
}

/// What came of it all.
#[derive(Default, Debug)]
pub struct Heard {
    /// Every decision that was made since it was last taken, and when.
    pub decisions: Vec<(Timestamp, Decision)>,
    /// Every input that was given since it was last taken, and when.
    pub inputs: Vec<(Timestamp, Input)>,
}

/// Something that is due.
#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Due {
    at: Timestamp,
    /// Keeps the order of what is due at one instant.
    nth: u64,
    what: Event,
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Event {
    /// A point of a check's grid.
    Grid(usize),
    /// A check is put out of the grid.
    Asked(usize),
    /// A try is answered.
    Answered { probe: usize, asked: bool, outcome: Seen },
    /// Something arrives at the judgement.
    Arrives(usize),
    /// A vantage looks after its connection or its way out.
    Looks(usize),
    /// Steady answers are told.
    Counts,
    /// An alert is about to be delivered.
    Delivers(AlertId, u32),
    /// It was.
    Delivered(AlertId, u32),
}

/// What a try saw, without its particulars.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Seen {
    Up,
    Slow,
    Lossy,
    Refused,
    Nothing,
    CutOff,
}

/// A check as it is put from one vantage.
struct Probe {
    key: SymptomKey,
    post: usize,
    every: SignedDuration,
    deadline: Duration,
    crosses: bool,
    echoes: bool,
    gate: GateId,
    answers: Option<GateId>,
    /// The last point of the grid that was looked at.
    last_grid: Timestamp,
    /// Tries until the next that is lost or lies.
    until_faulty: Option<u64>,
    on_grid: bool,
    asked: bool,
    track: Track,
}

/// What was told of a check, and what is counted since (as `serve` and the agents keep it).
#[derive(Default)]
struct Track {
    last: Option<(Standing, &'static str)>,
    tries: u32,
    counted: u32,
}

/// A vantage.
struct Post {
    name: VantageName,
    /// The gate in the truth by which it is heard, or has its way out.
    heard: GateId,
    remote: bool,
    provable: bool,
    silent_max: SignedDuration,
    /// It was told lost.
    lost: bool,
    heard_at: Timestamp,
    /// When it next looks, so that one look is under way at a time.
    looks_at: Timestamp,
    /// What was seen and has not reached the server, oldest first.
    spool: VecDeque<Input>,
    /// What is on its way, oldest first.
    under_way: VecDeque<Input>,
    /// When the last of it arrives: nothing overtakes.
    arrives_at: Timestamp,
    /// By how much its clock is off, from when.
    clock: (Timestamp, SignedDuration),
}

impl World {
    /// A world at `starts` in which everything works: `believed` is judged by, `truth` is so.
    ///
    /// # Panics
    /// When `believed` is not a valid plant, or `truth` lacks one of its checks.
    #[must_use]
    pub fn of(
        believed: PlantSource,
        truth: Arc<Plant>,
        starts: Timestamp,
        seed: u64,
        senses: Senses,
    ) -> Self {
        let mut state = State::new();
        let mut heard = Heard::default();
        let begin = [
            Input::Started { version: "pretended".to_owned(), alive_until: None },
            Input::PlantLoaded(believed),
        ];
        for input in begin {
            let decisions = step(&mut state, &input, starts);
            heard.decisions.extend(decisions.into_iter().map(|decision| (starts, decision)));
            heard.inputs.push((starts, input));
        }
        let plant = state.plant().expect("it is a valid plant").clone();
        let truth = Truth::of(truth, seed);
        let mut chance = Chance::of(seed, "senses");
        let posts = posts(&plant, &truth, starts, &senses, &mut chance);
        let probes = probes(&plant, &truth, &posts, starts, &senses, &mut chance);
        let by_key = probes.iter().zip(0..).map(|(probe, at)| (probe.key.clone(), at)).collect();
        let mut world = Self {
            state,
            now: starts,
            truth,
            senses,
            probes,
            by_key,
            posts,
            queue: BinaryHeap::new(),
            queued: 0,
            chance,
            tries: 0,
            heard,
        };
        for at in 0..world.probes.len() {
            let next = later(world.probes[at].last_grid, world.probes[at].every);
            world.due(next, Event::Grid(at));
        }
        world.wake_posts();
        world.due(plus(starts, COUNTED_EVERY), Event::Counts);
        world
    }

    /// What is believed.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// What is so.
    #[must_use]
    pub const fn truth(&self) -> &Truth {
        &self.truth
    }

    /// The virtual clock.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// How many tries there were, those included that are known to have been steady without a look.
    #[must_use]
    pub const fn tries(&self) -> u64 {
        self.tries
    }

    /// Inputs and decisions since this was last asked.
    pub fn take_heard(&mut self) -> Heard {
        std::mem::take(&mut self.heard)
    }

    /// Lets what has lost its cooling go on for a while: at least and at most so long.
    pub fn stay_cool(&mut self, between: Option<(Duration, Duration)>) {
        self.truth.stay_cool(between);
        self.look_again();
    }

    /// Lets something break, now or later.
    pub fn happen(&mut self, happening: Happening) {
        self.truth.happen(happening);
        self.look_again();
    }

    /// Mends what is broken.
    pub fn mend(&mut self, subject: &str) {
        self.truth.mend(subject, self.now);
        self.look_again();
    }

    /// Who sleeps because nothing was to change looks again.
    fn look_again(&mut self) {
        self.wake_posts();
        for at in 0..self.probes.len() {
            self.plan_soon(at);
        }
    }

    /// A check looks at the next point of its grid, whatever it had planned.
    fn plan_soon(&mut self, at: usize) {
        self.steady_to(at, self.now);
        let next = later(self.probes[at].last_grid, self.probes[at].every);
        self.due(next, Event::Grid(at));
    }

    /// Gives one input to the judgement, and takes up what it decides.
    pub fn give(&mut self, input: Input) {
        let decisions = step(&mut self.state, &input, self.now);
        self.heard.inputs.push((self.now, input));
        for decision in decisions {
            match &decision {
                Decision::Verify { asks, .. } => {
                    for key in asks {
                        let Some(&at) = self.by_key.get(key) else { continue };
                        let way = if self.posts[self.probes[at].post].remote {
                            WAY
                        } else {
                            Duration::ZERO
                        };
                        self.due(plus(self.now, way), Event::Asked(at));
                    }
                }
                Decision::Deliver { alert, attempt, repeat: _, not_before } => {
                    self.due((*not_before).max(self.now), Event::Delivers(*alert, *attempt));
                }
                Decision::Incident(_)
                | Decision::Alert(_)
                | Decision::Withhold { .. }
                | Decision::GiveUp { .. }
                | Decision::Reject { .. } => {}
            }
            self.heard.decisions.push((self.now, decision));
        }
    }

    /// Lets time pass until then.
    pub fn run_until(&mut self, end: Timestamp) {
        loop {
            let due = self.queue.peek().map(|Reverse(due)| due.at);
            let wake = self.state.wake_at();
            let next = due.into_iter().chain(wake).min().unwrap_or(Timestamp::MAX).max(self.now);
            if next > end {
                self.now = end.max(self.now);
                return;
            }
            self.now = next;
            if wake.is_some_and(|wake| wake <= next) {
                self.give(Input::Tick);
                continue;
            }
            let Reverse(due) = self.queue.pop().expect("it is due");
            self.occur(due.what);
        }
    }

    fn due(&mut self, at: Timestamp, what: Event) {
        self.queued += 1;
        self.queue.push(Reverse(Due { at, nth: self.queued, what }));
    }

    fn occur(&mut self, event: Event) {
        match event {
            Event::Grid(at) => self.on_grid(at),
            Event::Asked(at) => self.on_asked(at),
            Event::Answered { probe, asked, outcome } => self.on_answer(probe, asked, outcome),
            Event::Arrives(post) => {
                if let Some(input) = self.posts[post].under_way.pop_front() {
                    self.give(input);
                }
            }
            Event::Looks(post) => self.on_look(post),
            Event::Counts => self.on_counts(),
            Event::Delivers(alert, attempt) => {
                self.give(Input::AttemptStarted { alert, attempt });
                self.due(plus(self.now, DELIVERY), Event::Delivered(alert, attempt));
            }
            Event::Delivered(alert, attempt) => {
                let result = Delivery::Delivered("250 taken over".to_owned());
                self.give(Input::AttemptEnded { alert, attempt, result });
            }
        }
    }

    /// Counts the points of a check's grid up to this instant, which were steady without a look.
    fn steady_to(&mut self, at: usize, end: Timestamp) {
        let probe = &mut self.probes[at];
        let passed = end.duration_since(probe.last_grid).as_millis();
        let points = passed / probe.every.as_millis().max(1);
        let points = i32::try_from(points).unwrap_or(i32::MAX).max(0);
        probe.last_grid = later(probe.last_grid, probe.every * points);
        if self.truth.is_silent(&self.posts[probe.post].name, self.now) {
            return;
        }
        let points = points.unsigned_abs();
        self.tries += u64::from(points);
        probe.track.tries = probe.track.tries.saturating_add(points);
        probe.track.counted = probe.track.counted.saturating_add(points);
        if let Some(left) = &mut probe.until_faulty {
            *left = left.saturating_sub(u64::from(points));
        }
    }

    fn on_grid(&mut self, at: usize) {
        let now = self.now;
        let Probe { last_grid, every, on_grid, post, .. } = self.probes[at];
        if now.duration_since(last_grid) < every {
            // An older plan of this check: it has looked already.
            return;
        }
        self.steady_to(at, later(now, -SignedDuration::from_millis(1)));
        self.probes[at].last_grid = now;
        let silent = self.truth.is_silent(&self.posts[post].name, now);
        let right = !silent && !on_grid && self.put(at, false);
        let points = if right { self.steady_points(at) } else { 1 };
        let next = now.checked_add(every * points).unwrap_or(Timestamp::MAX);
        self.due(next, Event::Grid(at));
    }

    /// After how many points of its grid a check is worth a look again: until the truth changes, and while
    /// the senses are right, it says what it says now.
    fn steady_points(&self, at: usize) -> i32 {
        let probe = &self.probes[at];
        let until = self.truth.steady_until(self.now);
        let points = until.duration_since(self.now).as_millis() / probe.every.as_millis().max(1);
        let points = u64::try_from(points).unwrap_or(0);
        let points = probe.until_faulty.map_or(points, |left| points.min(left.saturating_add(1)));
        // Years of a check every hundred milliseconds fit in an i32.
        i32::try_from(points.max(1)).unwrap_or(i32::MAX)
    }

    fn on_asked(&mut self, at: usize) {
        let probe = &self.probes[at];
        let post = &self.posts[probe.post];
        let reached = !post.remote || self.holds(post.heard);
        if probe.asked || !reached || self.truth.is_silent(&post.name, self.now) {
            return;
        }
        if !self.put(at, true) {
            // The grid may sleep, and is to put it right.
            self.plan_soon(at);
        }
    }

    fn holds(&self, gate: GateId) -> bool {
        self.moment().holds[gate.index()]
    }

    /// One try; true when its answer is as the truth is.
    fn put(&mut self, at: usize, asked: bool) -> bool {
        self.tries += 1;
        let moment = self.moment();
        let probe = &mut self.probes[at];
        let faulty = match &mut probe.until_faulty {
            None => false,
            Some(0) => {
                let Senses { lies, lost, .. } = self.senses;
                probe.until_faulty = self.chance.good_tries(lies + lost);
                if self.chance.happens(lost / (lies + lost)) {
                    return false;
                }
                true
            }
            Some(left) => {
                *left -= 1;
                false
            }
        };
        let holds = moment.holds[probe.gate.index()];
        let slow = !moment.slow.is_empty() && moment.slow[probe.gate.index()];
        let refuses = probe.answers.is_some_and(|gate| moment.holds[gate.index()]);
        let says_up = self.truth.says_up(&probe.key.0, self.now);
        let outcome = match (holds || says_up, faulty) {
            (true, false) if slow && probe.echoes => Seen::Lossy,
            (true, false) if slow => Seen::Slow,
            (true, false) | (false, true) => Seen::Up,
            (true, true) => Seen::Nothing,
            (false, false) if refuses && !probe.echoes => Seen::Refused,
            (false, false) => Seen::Nothing,
        };
        let probe = &mut self.probes[at];
        if asked {
            probe.asked = true;
        } else {
            probe.on_grid = true;
        }
        let takes = match outcome {
            Seen::Up | Seen::Refused | Seen::Lossy | Seen::CutOff => ANSWER,
            Seen::Slow => probe.deadline / 2,
            Seen::Nothing => probe.deadline,
        };
        self.due(plus(self.now, takes), Event::Answered { probe: at, asked, outcome });
        !faulty
    }

    fn on_answer(&mut self, at: usize, asked: bool, mut seen: Seen) {
        let probe = &mut self.probes[at];
        if asked {
            probe.asked = false;
        } else {
            probe.on_grid = false;
        }
        let (crosses, number) = (probe.crosses, probe.post);
        if self.truth.is_silent(&self.posts[number].name, self.now) {
            return;
        }
        let fails = matches!(seen, Seen::Nothing | Seen::Refused);
        if fails && crosses && self.posts[number].provable && !self.holds(self.posts[number].heard)
        {
            // The way out is proved after the failure, and found lost.
            if !self.posts[number].remote {
                self.tell_way_out(number, false);
            }
            seen = Seen::CutOff;
        }
        let outcome = seen.outcome(self.probes[at].echoes);
        let track = &mut self.probes[at].track;
        let now = (outcome.standing(), outcome.code());
        let same_standing = track.last.is_some_and(|(standing, _)| standing == now.0);
        track.tries = if same_standing { track.tries.saturating_add(1) } else { 1 };
        let same = track.last == Some(now);
        if same && !asked {
            track.counted += 1;
            return;
        }
        track.last = Some(now);
        let tries = track.tries.max(1);
        if !same {
            // An answer that was waited for may come after a later one, on which the grid went to sleep.
            self.plan_soon(at);
        }
        let (check, vantage) = self.probes[at].key.clone();
        let (at, failures) = (self.posts[number].stamp(self.now), outcome.failures_of(tries));
        let observation = Observation { check, vantage, outcome, at, asked, tries, failures };
        self.tell(number, Input::Observed(observation));
    }

    /// Tells the judgement what a vantage has to say, as soon as it is heard.
    fn tell(&mut self, number: usize, input: Input) {
        if self.posts[number].remote {
            self.posts[number].spool.push_back(input);
            self.flush(number);
        } else {
            self.give(input);
        }
    }

    /// Sends what waits, if the vantage is heard.
    fn flush(&mut self, number: usize) {
        let heard = self.holds(self.posts[number].heard);
        if !heard || self.truth.is_silent(&self.posts[number].name, self.now) {
            return;
        }
        let Senses { duplicated, delayed, .. } = self.senses;
        while let Some(input) = self.posts[number].spool.pop_front() {
            let twice = self.chance.happens(duplicated);
            for _ in 0..1 + u32::from(twice) {
                let delay = WAY + delayed.mul_f64(self.chance.share());
                let post = &mut self.posts[number];
                post.arrives_at = post.arrives_at.max(plus(self.now, delay));
                post.under_way.push_back(input.clone());
                let at = post.arrives_at;
                self.due(at, Event::Arrives(number));
            }
        }
    }

    fn wake_posts(&mut self) {
        for number in 0..self.posts.len() {
            let post = &mut self.posts[number];
            post.heard_at = post.heard_at.min(self.now);
            self.plan_look(number);
        }
    }

    /// When a vantage looks after its connection or its way out next.
    fn plan_look(&mut self, number: usize) {
        let post = &self.posts[number];
        if !post.remote && !post.provable {
            return;
        }
        let every = match (post.remote, post.lost) {
            (true, _) => post.silent_max / 4,
            (false, false) => signed(PROVE.0),
            (false, true) => signed(PROVE.1),
        };
        let steady = self.truth.steady_until(self.now);
        let well = !post.lost
            && post.spool.is_empty()
            && self.holds(post.heard)
            && !self.truth.is_silent(&post.name, self.now);
        // While all is well and nothing changes there is nothing to see.
        let rests = well && steady > self.now;
        let next = if rests { steady } else { later(self.now, every) };
        if rests {
            self.posts[number].heard_at = steady;
        }
        self.posts[number].looks_at = next;
        self.due(next, Event::Looks(number));
    }

    fn on_look(&mut self, number: usize) {
        if self.posts[number].looks_at != self.now {
            return;
        }
        let silent = self.truth.is_silent(&self.posts[number].name, self.now);
        let heard = !silent && self.holds(self.posts[number].heard);
        if self.posts[number].remote {
            if heard {
                self.posts[number].heard_at = self.now;
                self.flush(number);
                if self.posts[number].lost {
                    self.posts[number].lost = false;
                    let vantage = self.posts[number].name.clone();
                    let post = &mut self.posts[number];
                    post.under_way.push_back(Input::VantageHeard { vantage });
                    post.arrives_at = post.arrives_at.max(self.now);
                    let at = post.arrives_at;
                    self.due(at, Event::Arrives(number));
                }
            } else {
                let post = &mut self.posts[number];
                if !post.lost && self.now.duration_since(post.heard_at) > post.silent_max {
                    post.lost = true;
                    let vantage = post.name.clone();
                    let detail = format!("nothing heard for {} s", post.silent_max.as_secs());
                    self.give(Input::VantageLost { vantage, how: VantageLoss::Silent, detail });
                }
            }
        } else {
            self.tell_way_out(number, heard);
        }
        self.plan_look(number);
    }

    fn tell_way_out(&mut self, number: usize, open: bool) {
        let post = &mut self.posts[number];
        if post.lost != open {
            return;
        }
        post.lost = !open;
        let vantage = post.name.clone();
        let input = if open {
            Input::VantageHeard { vantage }
        } else {
            let detail = "all that proves it fails".to_owned();
            Input::VantageLost { vantage, how: VantageLoss::WayOut, detail }
        };
        self.tell(number, input);
        if !self.posts[number].remote {
            self.plan_look(number);
        }
    }

    fn on_counts(&mut self) {
        let mut tries = vec![0_u64; self.posts.len()];
        for at in 0..self.probes.len() {
            // What is due at this very instant comes by itself.
            self.steady_to(at, later(self.now, -SignedDuration::from_millis(1)));
            let probe = &mut self.probes[at];
            tries[probe.post] += u64::from(std::mem::take(&mut probe.track.counted));
        }
        for (number, tries) in tries.into_iter().enumerate() {
            if tries > 0 {
                let vantage = self.posts[number].name.clone();
                let counted = Counted { vantage, tries, exceptions: Vec::new() };
                self.tell(number, Input::Counted(counted));
            }
        }
        self.due(plus(self.now, COUNTED_EVERY), Event::Counts);
    }

    fn moment(&self) -> Arc<Moment> {
        self.truth.moment(self.now)
    }
}

impl Seen {
    fn outcome(self, echoes: bool) -> Outcome {
        let detail = "pretended";
        match self {
            Self::Up => Outcome::Up,
            Self::Slow => Outcome::degraded(SymptomCode::Slow, detail),
            Self::Lossy => Outcome::degraded(SymptomCode::EchoLoss, detail),
            Self::Refused => Outcome::down(SymptomCode::Refused, detail),
            Self::Nothing if echoes => Outcome::down(SymptomCode::NoEcho, detail),
            Self::Nothing => Outcome::down(SymptomCode::ConnectTimeout, detail),
            Self::CutOff => Outcome::unknown(NoAnswerCode::CutOff, detail),
        }
    }
}

impl Post {
    /// The time that an answer of now is told with.
    fn stamp(&self, now: Timestamp) -> Timestamp {
        let (from, off) = self.clock;
        // Nothing is told of the future: the server counts back from when it hears.
        if now < from { now } else { now.checked_add(off).unwrap_or(now).min(now) }
    }
}

fn posts(
    plant: &Plant,
    truth: &Truth,
    starts: Timestamp,
    senses: &Senses,
    chance: &mut Chance,
) -> Vec<Post> {
    let own = |name: &VantageName| {
        let mut all = truth.plant().vantages().iter().zip(0..);
        let (_, at) = all.find(|(own, _)| own.name == *name).expect("the truth has its vantages");
        truth.circuit().heard(blackstart_model::VantageId(at))
    };
    plant
        .vantages()
        .iter()
        .map(|vantage| {
            let off = senses.clock_step.mul_f64(chance.share());
            let off = if chance.happens(0.5) { signed(off) } else { -signed(off) };
            let from = plus(starts, Duration::from_secs(3_600).mul_f64(chance.share()));
            Post {
                name: vantage.name.clone(),
                heard: own(&vantage.name),
                remote: vantage.agent.is_some(),
                provable: !vantage.way_out.is_empty(),
                silent_max: signed(vantage.silent_max),
                lost: false,
                heard_at: starts,
                looks_at: starts,
                spool: VecDeque::new(),
                under_way: VecDeque::new(),
                arrives_at: starts,
                clock: (from, off),
            }
        })
        .collect()
}

fn probes(
    plant: &Plant,
    truth: &Truth,
    posts: &[Post],
    starts: Timestamp,
    senses: &Senses,
    chance: &mut Chance,
) -> Vec<Probe> {
    let mut probes = Vec::new();
    for check in plant.checks() {
        for &vantage in &check.from {
            let place = plant.vantage(vantage);
            let key = (check.key.clone(), place.name.clone());
            let sees = truth.circuit().sees_named(&key.0, &key.1);
            let sees = sees.expect("the truth has all checks of the plant");
            let every = signed(check.every);
            let period = every.as_millis().max(1);
            let phase = stable_hash(key.0.as_str()).wrapping_add(stable_hash(key.1.as_str()));
            let phase = i128::from(phase % u64::try_from(period).unwrap_or(1));
            // The last point of the grid before the start.
            let into = (i128::from(starts.as_millisecond()) - phase).rem_euclid(period);
            let into = SignedDuration::from_millis(i64::try_from(into).unwrap_or(0));
            probes.push(Probe {
                post: posts.iter().position(|post| post.name == key.1).expect("all have posts"),
                key,
                every,
                deadline: check.deadline,
                crosses: crosses_way_out(plant, check, place),
                echoes: matches!(*check.question, Question::Icmp(_)),
                gate: sees.gate,
                answers: sees.answers.map(|(_, gate)| gate),
                last_grid: starts.checked_sub(into).expect("in range"),
                until_faulty: chance.good_tries(senses.lies + senses.lost),
                on_grid: false,
                asked: false,
                track: Track::default(),
            });
        }
    }
    probes
}

fn later(at: Timestamp, span: SignedDuration) -> Timestamp {
    at.checked_add(span).unwrap_or(Timestamp::MAX)
}

fn plus(at: Timestamp, span: Duration) -> Timestamp {
    later(at, signed(span))
}

fn signed(span: Duration) -> SignedDuration {
    SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX)
}
