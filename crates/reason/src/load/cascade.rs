//! One scenario: what is off, what moves, what trips, in the order of time.
//!
//! Optimistic and pessimistic at once. Of every node it is known from when it *may* be dead, by when it
//! *has been* dark, and from when it is *surely* dead for good; of every flow the least and the most. The
//! most through a breaker assumes that what may be dead elsewhere is, and that what hangs on it still
//! draws; the least assumes the opposite. A breaker may trip when the most has warmed it long enough for
//! the earliest of its band, and has tripped when the least has for the latest. Both kinds of event come
//! from one queue, the earliest first and the deepest of equals, and each changes flows from then on only.
//! So every possible course of things lies between, whatever the draws within their ranges: that a rack
//! breaker saves its panel (the load above falls when it trips) is in here, and a wider range never turns
//! an uncertain verdict into a certain one.
//!
//! What carries its load of today goes on carrying it: only what gains load can trip.
//!
//! Nothing is allocated for an event; all memory is the caller's [`Scratch`].

use super::graph::{Cord, Does, Drawn, Flow, Graph, Lanes, Mode, Node, Onto, Trips, WITHOUT_END};
use super::trip::{NEVER, UNEVEN_POLES};
use blackstart_model::quantity::Range;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// It may be dead, or dark for a while.
pub(super) const MAY: u8 = 1;
/// It has been dark, were it only for a while.
pub(super) const DARK: u8 = 2;
/// It is dead for good.
pub(super) const SURE: u8 = 4;
/// All of these.
pub(super) const DEAD: u8 = MAY | DARK | SURE;
/// It may be dead by itself, and not only because what feeds it may be.
const OWN: u8 = 8;

/// How long a machine rides through without power, seconds: the ITI (CBEMA) curve of information
/// technology equipment has 20 ms of no voltage.
const RIDES_THROUGH_S: f64 = 0.020;

/// By then surely, nobody knows when: a battery whose load or runtime is not known.
pub(super) const EVENTUALLY: f64 = 1e30;

/// How much longer than its share a battery lasts at part load: Peukert's exponent, at most. Lead-acid has
/// 1.1 to 1.3; the margin is chosen by hand.
const PEUKERT_MAX: f64 = 1.4;

/// From when, seconds from the beginning: may be dead, has been dark, is surely dead.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Times {
    pub(super) may: f64,
    pub(super) dark: f64,
    pub(super) sure: f64,
}

impl Times {
    const NEVER: Self = Self { may: NEVER, dark: NEVER, sure: NEVER };
}

/// What became of a device.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Fate {
    /// From when it may trip, and by when it has; [`NEVER`] where it does not.
    pub(super) may: f64,
    pub(super) sure: f64,
    /// True once it carried more than today.
    pub(super) gained: bool,
    /// The current of its most loaded phase when that was greatest, amperes: least, most, most known.
    pub(super) amps: (f64, f64, f64),
}

/// What a device has suffered so far.
#[derive(Clone, Copy, Debug)]
struct Wear {
    /// Parts of its endurance used up, by the earliest and by the latest of its band.
    used: (f64, f64),
    /// And per second now.
    rate: (f64, f64),
    /// As of when.
    at: f64,
    /// Events of an older version are void.
    version: u32,
}

/// A UPS on its battery.
#[derive(Clone, Copy, Debug)]
struct Battery {
    wear: Wear,
    /// Since when its input may be gone, and for how long at most.
    may_since: f64,
    gap_max: f64,
    /// Whether its input is surely gone, for how long at least, and whether for good.
    dark: bool,
    gap_min: f64,
}

/// What happens next.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Event {
    /// The time, as ordered bits of a number that is not negative.
    at: u64,
    /// The deepest first.
    shallowness: Reverse<u32>,
    what: What,
    version: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum What {
    Tripped(u32),
    MayTrip(u32),
    Empty(u32),
    MayBeEmpty(u32),
}

/// The plant as it is before anything happens.
#[derive(Clone, Debug)]
pub(super) struct Today {
    pub(super) flags: Vec<u8>,
    pub(super) flow: Vec<Flow>,
    pub(super) drawn: Vec<Drawn>,
    /// By node, the only other node that what hangs on it hangs on, where there is just one.
    pub(super) partner: Vec<Option<u32>>,
}

/// What one scenario uses; kept for the next one, which then allocates nothing.
#[derive(Default, Debug)]
pub(super) struct Scratch {
    pub(super) flags: Vec<u8>,
    pub(super) times: Vec<Times>,
    pub(super) flow: Vec<Flow>,
    pub(super) drawn: Vec<Drawn>,
    pub(super) fate: Vec<Fate>,
    /// What may have come to a node since today, and surely has.
    gain: Vec<Flow>,
    /// By node, whether what hangs on it surely still does.
    steady: Vec<bool>,
    wear: Vec<Wear>,
    battery: Vec<Option<Battery>>,
    gap: Vec<(f64, f64)>,
    queue: BinaryHeap<Reverse<Event>>,
    changed: Vec<u32>,
    stale: BinaryHeap<u32>,
    is_stale: Vec<bool>,
    seen: Vec<u32>,
    round: u32,
    /// By wide node, sums over what hangs on it; filled when first asked.
    wide: Vec<Wide>,
}

/// From so many cords on, the sums over them are kept and mended instead of made anew. Chosen by hand: below
/// it the bookkeeping costs more.
const WIDE: usize = 32;

/// The sums over all cords into a wide node, as a tree in an array: the leaves are the cords, each inner one
/// the sum of two, the first that of all.
#[derive(Default, Debug)]
struct Wide {
    sums: Vec<Share>,
    is_filled: bool,
    /// Cords whose leaves no longer hold.
    stale: Vec<u32>,
}

/// What one cord, or several, bring to a node.
#[derive(Clone, Copy, Debug)]
struct Share {
    flow: Flow,
    /// What of it came since today.
    gain: Flow,
    /// What went where it came from, which is the most of it.
    sources: Lanes,
    /// What surely came from a node all of whose load moves here.
    from_partner: f64,
    /// Whether all of it surely goes on drawing.
    steady: bool,
}

impl Share {
    const NONE: Self = Self {
        flow: Flow::NONE,
        gain: Flow::NONE,
        sources: [0.0; 3],
        from_partner: 0.0,
        steady: true,
    };

    fn and(&self, other: &Self) -> Self {
        let sum = |one: Lanes, other: Lanes| std::array::from_fn(|lane| one[lane] + other[lane]);
        let both = |one: Flow, other: Flow| Flow {
            lo: sum(one.lo, other.lo),
            hi: sum(one.hi, other.hi),
            known: sum(one.known, other.known),
        };
        Self {
            flow: both(self.flow, other.flow),
            gain: both(self.gain, other.gain),
            sources: sum(self.sources, other.sources),
            from_partner: self.from_partner.max(other.from_partner),
            steady: self.steady && other.steady,
        }
    }
}

impl Scratch {
    fn begin(&mut self, graph: &Graph, today: &Today) {
        fn fill<T: Clone>(all: &mut Vec<T>, count: usize, with: T) {
            all.clear();
            all.resize(count, with);
        }
        let nodes = graph.nodes.len();
        self.flags.clone_from(&today.flags);
        self.flow.clone_from(&today.flow);
        self.drawn.clone_from(&today.drawn);
        fill(&mut self.times, nodes, Times::NEVER);
        fill(&mut self.gain, nodes, Flow::default());
        fill(&mut self.steady, nodes, true);
        fill(&mut self.battery, nodes, None);
        fill(&mut self.gap, nodes, (NEVER, NEVER));
        fill(&mut self.is_stale, nodes, false);
        fill(&mut self.seen, nodes, 0);
        let fate = Fate { may: NEVER, sure: NEVER, gained: false, amps: (0.0, 0.0, 0.0) };
        fill(&mut self.fate, graph.devices.len(), fate);
        fill(&mut self.wear, graph.devices.len(), Wear::NONE);
        if self.wide.len() != nodes {
            self.wide.clear();
            self.wide.resize_with(nodes, Wide::default);
        }
        for wide in &mut self.wide {
            wide.is_filled = false;
            wide.stale.clear();
        }
        self.queue.clear();
        self.changed.clear();
        self.stale.clear();
        self.round = 0;
    }
}

impl Wear {
    const NONE: Self = Self { used: (0.0, 0.0), rate: (0.0, 0.0), at: 0.0, version: 0 };

    /// Goes on to a time, and at new rates from there.
    fn go_on(&mut self, now: f64, rate: (f64, f64)) {
        let passed = now - self.at;
        self.used.0 += wear(self.rate.0, passed);
        self.used.1 += wear(self.rate.1, passed);
        // What cools down again has not surely tripped for what it suffered before.
        if rate.1 < self.rate.1 {
            self.used.1 = 0.0;
        }
        self.at = now;
        self.rate = rate;
        self.version += 1;
    }

    /// When it is through, at these rates.
    fn ends(&self) -> (f64, f64) {
        let end = |used: f64, rate: f64| {
            if rate <= 0.0 { NEVER } else { self.at + ((1.0 - used) / rate).max(0.0) }
        };
        (end(self.used.0, self.rate.0), end(self.used.1, self.rate.1))
    }
}

/// What is used up in a time; at a rate without end all of it, even in no time.
fn wear(rate: f64, passed: f64) -> f64 {
    if rate == 0.0 || passed == 0.0 { 0.0 } else { rate * passed }
}

/// A rate from the time it takes.
fn per_second(takes: f64) -> f64 {
    if takes >= NEVER { 0.0 } else { 1.0 / takes }
}

/// Plays one scenario: these nodes are dead from the beginning. What groups draw besides has been set in
/// `lessen`, by group and what a machine of it drew.
pub(super) fn play(
    graph: &Graph,
    today: &Today,
    dead: &[u32],
    lessen: &[(u32, Drawn, bool)],
    scratch: &mut Scratch,
) {
    scratch.begin(graph, today);
    let mut run = Run { graph, today, s: scratch };
    for &(group, drawn, off) in lessen {
        run.lessen(group, drawn, off);
    }
    for &node in dead {
        run.die(node, DEAD | OWN, 0.0, (NEVER, NEVER));
    }
    run.settle(0.0);
    while let Some(Reverse(event)) = run.s.queue.pop() {
        run.happen(event);
    }
}

/// The flows and the dead of the plant when it has come to rest with these nodes dead.
pub(super) fn rest(graph: &Graph, dead: &[u32], doubtful: &[u32]) -> Today {
    let nodes = graph.nodes.len();
    let mut flags = vec![0_u8; nodes];
    for &node in dead {
        flags[node as usize] = DEAD;
    }
    for &node in doubtful {
        flags[node as usize] |= MAY;
    }
    for node in 0..u32::try_from(nodes).expect("nodes fit u32") {
        let alive = |flag: u8| graph.met(node, &|input| flags[input as usize] & flag == 0);
        let gone = [MAY, DARK, SURE].into_iter().filter(|&flag| !alive(flag)).sum::<u8>();
        flags[node as usize] |= gone;
    }
    let mut today = Today {
        flags,
        flow: vec![Flow::default(); nodes],
        drawn: graph.drawn.clone(),
        partner: partners(graph),
    };
    today.flow_anew(graph);
    today
}

impl Today {
    /// Computes all flows from what is drawn, the deepest first. A meter goes before the sum.
    pub(super) fn flow_anew(&mut self, graph: &Graph) {
        for node in (0..graph.nodes.len()).rev() {
            let at = u32::try_from(node).expect("nodes fit u32");
            let mut flow = Flow::default();
            for &(taker, cord) in graph.attached_to(at) {
                let part = part(graph, &self.flags, taker, cord);
                let whole = of_taker(graph, &self.flags, &self.flow, &self.drawn, taker);
                add(&mut flow, at, graph, taker, whole, part);
            }
            if let Some(meter) = &graph.nodes[node].meter {
                metered(&mut flow, meter, graph.nodes[node].three);
            }
            self.flow[node] = flow;
        }
        // Through what has one input goes no more than through that; what feeds it stands before it.
        for node in 0..graph.nodes.len() {
            let at = u32::try_from(node).expect("nodes fit u32");
            let &[input] = graph.cords_of(at) else { continue };
            let gives = match graph.nodes[node].does {
                Does::Battery { efficiency, .. } => efficiency.max,
                Does::Pass | Does::Start { .. } | Does::Transfer { .. } => 1.0,
            };
            let above = self.flow[input.node as usize].hi;
            if !graph.nodes[node].three && !graph.nodes[input.node as usize].three {
                let most = times(gives, above[0]);
                let own = &mut self.flow[node];
                own.hi[0] = own.hi[0].min(most).max(own.lo[0]);
                own.known[0] = own.known[0].min(own.hi[0]);
            }
        }
    }
}

/// What a meter says goes before the sum; where both can be true, what both say.
fn metered(flow: &mut Flow, meter: &[Option<Range>; 3], three: bool) {
    for (lane, read) in meter.iter().enumerate().take(if three { 3 } else { 1 }) {
        let Some(read) = read else { continue };
        let (lo, hi) = (flow.lo[lane].max(read.min), flow.hi[lane].min(read.max));
        let (lo, hi) = if lo <= hi { (lo, hi) } else { (read.min, read.max) };
        (flow.lo[lane], flow.hi[lane], flow.known[lane]) = (lo, hi, hi);
    }
}

/// By node, the one other node that all its groups hang on besides.
fn partners(graph: &Graph) -> Vec<Option<u32>> {
    let nodes = u32::try_from(graph.nodes.len()).expect("nodes fit u32");
    (0..nodes)
        .map(|node| {
            let mut partner = None;
            for &(taker, _) in graph.attached_to(node) {
                graph.group(taker)?;
                let others = graph.cords_of(taker).iter().filter(|cord| cord.node != node);
                let mut others = others.map(|cord| (cord.node, cord.standby));
                let (other, standby) = others.next()?;
                if standby || others.any(|(more, _)| more != other) {
                    return None;
                }
                if *partner.get_or_insert(other) != other {
                    return None;
                }
            }
            partner
        })
        .collect()
}

/// The least and the most of a taker's power that one of its cords carries.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Part {
    lo: f64,
    hi: f64,
}

/// Which part a cord carries, given who is dead.
fn part(graph: &Graph, flags: &[u8], taker: u32, cord: u32) -> Part {
    const NOTHING: Part = Part { lo: 0.0, hi: 0.0 };
    let cords = graph.cords_of(taker);
    let own = cords[cord as usize];
    let state = |cord: &Cord| flags[cord.node as usize];
    if state(&own) & SURE != 0 || !graph.met(taker, &|node| flags[node as usize] & SURE == 0) {
        return if own.standby && state(&own) & SURE == 0 { STANDBY } else { NOTHING };
    }
    // Through a node there flows something only while that is alive.
    let surely_fed = graph.met(taker, &|node| node == own.node || flags[node as usize] & MAY == 0);
    if own.standby {
        return if surely_fed { NOTHING } else { STANDBY };
    }
    let designed = || cords.iter().filter(|cord| !cord.standby);
    // Other cords that are surely alive, and that may be.
    let others = || designed().zip(0..).filter(|(_, at)| *at != cord).map(|(cord, _)| cord);
    let (mut alive_least, mut alive_most) = (1_u32, 1_u32);
    for other in others() {
        alive_least += u32::from(state(other) & MAY == 0);
        alive_most += u32::from(state(other) & SURE == 0);
    }
    let at_least = |lo: f64| if surely_fed { lo } else { 0.0 };
    let alone = |alive: u32| alive == 1;
    match graph.takers[taker as usize].mode {
        Mode::Even(share) => Part {
            lo: at_least(of_several(share.min, alive_most, 0.0)),
            hi: of_several(share.max, alive_least, 1.0),
        },
        Mode::One | Mode::Anyhow => {
            Part { lo: at_least(if alone(alive_most) { 1.0 } else { 0.0 }), hi: 1.0 }
        }
        Mode::Prefers(first) if first == cord => Part { lo: at_least(1.0), hi: 1.0 },
        Mode::Prefers(first) => {
            let first = state(&cords[first as usize]);
            Part {
                lo: at_least(if alone(alive_most) { 1.0 } else { 0.0 }),
                hi: if first & MAY != 0 { 1.0 } else { 0.0 },
            }
        }
    }
}

/// What a standby carries once it has taken over; until then nothing.
const STANDBY: Part = Part { lo: 0.0, hi: 1.0 };

/// What one of so many carries, from what one of two does; of one alone, all.
fn of_several(of_two: f64, count: u32, bound: f64) -> f64 {
    match count {
        0 | 1 => 1.0,
        2 => of_two,
        more => (of_two * 2.0 / f64::from(more)).clamp(0.0, if bound > 0.0 { bound } else { 1.0 }),
    }
}

/// What a taker takes in all, before it is divided between its cords.
fn of_taker(graph: &Graph, flags: &[u8], flow: &[Flow], drawn: &[Drawn], taker: u32) -> Flow {
    if let Some(group) = graph.group(taker) {
        let Drawn { lo, known, .. } = drawn[group];
        let hi = drawn[group].hi();
        return match graph.onto[group] {
            Onto::Three => {
                let third = |whole: f64| [whole / 3.0; 3];
                Flow { lo: third(lo), hi: third(hi), known: third(known.min(hi)) }
            }
            Onto::Unsaid | Onto::One(_) => {
                let first = |whole: f64| [whole, 0.0, 0.0];
                Flow { lo: first(lo), hi: first(hi), known: first(known.min(hi)) }
            }
        };
    }
    let node = taker as usize;
    let mut through = flow[node];
    // Whether it is fed is said by the part of each cord.
    if flags[node] & OWN != 0 {
        through.lo = [0.0; 3];
    }
    if flags[node] & SURE != 0 {
        (through.hi, through.known) = ([0.0; 3], [0.0; 3]);
    }
    if let Does::Battery { efficiency, .. } = graph.nodes[node].does {
        through.lo = through.lo.map(|lo| lo / efficiency.max);
        through.hi = through.hi.map(|hi| hi / efficiency.min);
        through.known = through.known.map(|known| known / efficiency.min);
    }
    through
}

fn times(part: f64, whole: f64) -> f64 {
    if part == 0.0 || whole == 0.0 { 0.0 } else { part * whole }
}

/// Adds a taker's part to a node's flow, each phase to where it belongs.
fn add(flow: &mut Flow, node: u32, graph: &Graph, taker: u32, whole: Flow, part: Part) {
    let to = &graph.nodes[node as usize];
    let Flow { lo, hi, known } = whole;
    let (from_three, onto) = match graph.group(taker) {
        Some(group) => (
            graph.onto[group] == Onto::Three,
            match graph.onto[group] {
                Onto::One(phase) => Some(phase),
                Onto::Unsaid | Onto::Three => None,
            },
        ),
        None => {
            let node: &Node = &graph.nodes[taker as usize];
            (node.three, node.phase)
        }
    };
    let scale = |flow: &mut Lanes, lane: usize, part: f64, amount: f64| {
        flow[lane] += times(part, amount);
    };
    match (from_three, to.three, onto) {
        (true, true, _) => {
            for lane in 0..3 {
                scale(&mut flow.lo, lane, part.lo, lo[lane]);
                scale(&mut flow.hi, lane, part.hi, hi[lane]);
                scale(&mut flow.known, lane, part.hi, known[lane]);
            }
        }
        (_, false, _) => {
            scale(&mut flow.lo, 0, part.lo, lo.iter().sum());
            scale(&mut flow.hi, 0, part.hi, hi.iter().sum());
            scale(&mut flow.known, 0, part.hi, known.iter().sum());
        }
        (false, true, Some(phase)) => {
            scale(&mut flow.lo, phase as usize, part.lo, lo[0]);
            scale(&mut flow.hi, phase as usize, part.hi, hi[0]);
            scale(&mut flow.known, phase as usize, part.hi, known[0]);
        }
        // On any of the three: at most all of it on each, at least nothing.
        (false, true, None) => {
            for lane in 0..3 {
                scale(&mut flow.hi, lane, part.hi, hi[0]);
                scale(&mut flow.known, lane, part.hi, known[0]);
            }
        }
    }
}

/// A scenario being played.
struct Run<'r> {
    graph: &'r Graph,
    today: &'r Today,
    s: &'r mut Scratch,
}

impl Run<'_> {
    /// One machine of a group is off, or failed: then it draws nothing, or perhaps nothing.
    fn lessen(&mut self, group: u32, own: Drawn, off: bool) {
        let of = &mut self.s.drawn[group as usize];
        of.lo = (of.lo - own.lo).max(0.0);
        if off {
            of.known = (of.known - own.known).max(0.0);
            of.unknown -= own.unknown;
        }
        let taker = group + u32::try_from(self.graph.nodes.len()).expect("nodes fit u32");
        let graph = self.graph;
        for cord in graph.cords_of(taker) {
            self.s.steady[cord.node as usize] = false;
        }
        self.mark_cords(taker);
    }

    /// What a taker takes has changed, or may have.
    fn mark_cords(&mut self, taker: u32) {
        let graph = self.graph;
        for at in graph.takers[taker as usize].cords.clone() {
            let node = graph.cords[at as usize].node;
            if is_wide(graph, node) && self.s.wide[node as usize].is_filled {
                self.s.wide[node as usize].stale.push(graph.slot[at as usize]);
            }
            self.mark(node);
        }
    }

    fn mark(&mut self, node: u32) {
        if !std::mem::replace(&mut self.s.is_stale[node as usize], true) {
            self.s.stale.push(node);
        }
    }

    /// A node is dead, surely or perhaps, for good or for so long (at least, at most).
    fn die(&mut self, node: u32, flags: u8, now: f64, gap: (f64, f64)) {
        let at = node as usize;
        // What surely happens may happen.
        let flags = if flags & SURE != 0 { flags | DEAD } else { flags };
        let flags = if flags != 0 { flags | MAY } else { flags };
        let before = self.s.flags[at];
        let new = flags & !before;
        if new == 0 {
            return;
        }
        self.s.flags[at] |= new;
        let told = &mut self.s.gap[at];
        if new & (DARK | SURE) != 0 {
            told.0 = gap.0;
        }
        told.1 = if before & MAY == 0 { gap.1 } else { told.1.max(gap.1) };
        let times = &mut self.s.times[at];
        for (flag, time) in
            [(MAY, &mut times.may), (DARK, &mut times.dark), (SURE, &mut times.sure)]
        {
            if new & flag != 0 {
                *time = now;
            }
        }
        self.s.changed.push(node);
        self.mark(node);
        let graph = self.graph;
        // Through what is dead nothing flows.
        self.s.wide[at].is_filled &= new & SURE == 0;
        for &(taker, _) in graph.attached_to(node) {
            self.mark_cords(taker);
        }
        self.mark_cords(node);
    }

    /// Lets everything that follows at this instant follow, then computes the flows anew.
    fn settle(&mut self, now: f64) {
        let graph = self.graph;
        while let Some(node) = self.s.changed.pop() {
            for &(taker, _) in graph.attached_to(node) {
                if graph.group(taker).is_none() {
                    self.check(taker, now);
                    self.mark(taker);
                }
            }
        }
        // The deepest first: what feeds has the smaller number.
        while let Some(node) = self.s.stale.pop() {
            self.s.is_stale[node as usize] = false;
            self.flow_anew(node, now);
        }
    }

    /// Whether what feeds a node still does.
    fn check(&mut self, node: u32, now: f64) {
        let graph = self.graph;
        let flags = &self.s.flags;
        let fed = |without: u8| graph.met(node, &|input| flags[input as usize] & without == 0);
        let gone = [MAY, DARK, SURE].into_iter().filter(|&flag| !fed(flag)).sum::<u8>();
        let inputs = graph.cords_of(node).iter().map(|cord| cord.node);
        // How long what feeds it is gone: for good, unless all of it comes back.
        let gaps = inputs.map(|input| self.s.gap[input as usize]);
        let gap = gaps.fold((NEVER, 0.0_f64), |all, gap| (all.0.min(gap.0), all.1.max(gap.1)));
        let gap = if graph.cords_of(node).len() == 1 { gap } else { (0.0, NEVER) };
        let gap = if gone & SURE != 0 { (NEVER, NEVER) } else { gap };
        match graph.nodes[node as usize].does {
            Does::Battery { .. } => {
                if gone & MAY != 0 {
                    self.on_battery(node, gone, gap, now);
                }
                if gone & SURE == 0
                    && let Some((flags, gap)) = self.transfer(node)
                {
                    self.on_battery(node, flags, gap, now);
                }
            }
            Does::Pass | Does::Start { .. } | Does::Transfer { .. } => {
                self.die(node, gone, now, gap);
                if gone & SURE == 0
                    && let Some((flags, gap)) = self.transfer(node)
                {
                    self.die(node, flags | OWN, now, gap);
                }
            }
        }
    }

    /// A node that goes over to another of its inputs is without power for a moment; longer where that is
    /// a generator, which has to start. What that makes of it, and for how long (at least, at most).
    fn transfer(&self, node: u32) -> Option<(u8, (f64, f64))> {
        let graph = self.graph;
        let state = |cord: &Cord| self.s.flags[cord.node as usize];
        let starts = |cord: &Cord| graph.starts_s[cord.node as usize];
        let cords = || graph.cords_of(node).iter().filter(|cord| !cord.standby);
        let unknown = Range { min: 0.0, max: WITHOUT_END };
        let transfer = match graph.nodes[node as usize].does {
            Does::Transfer { transfers_s } => transfers_s.unwrap_or(unknown),
            Does::Pass | Does::Start { .. } | Does::Battery { .. } => Range { min: 0.0, max: 0.0 },
        };
        let was_alive = |cord: &&Cord| self.today.flags[cord.node as usize] & MAY == 0;
        let running = || cords().filter(|cord| starts(cord).is_none()).filter(was_alive);
        let generator = cords().find_map(starts).filter(|_| running().next().is_some());
        let all_running = |flag: u8| running().all(|cord| state(cord) & flag != 0);
        let preferred = match graph.takers[node as usize].mode {
            Mode::Prefers(first) => cords().nth(first as usize).filter(was_alive),
            Mode::One | Mode::Even(_) | Mode::Anyhow => None,
        };
        let may_move = running().any(|cord| state(cord) & MAY != 0)
            && preferred.is_none_or(|first| state(first) & MAY != 0);
        if !may_move {
            return None;
        }
        let must_move = preferred.map_or(all_running(DARK), |first| state(first) & DARK != 0);
        let mut gap = transfer;
        if let Some(starts) = generator.filter(|_| all_running(MAY)) {
            gap = Range {
                min: gap.min + if all_running(DARK) { starts.min } else { 0.0 },
                max: gap.max + starts.max,
            };
        }
        if gap.max <= RIDES_THROUGH_S {
            return None;
        }
        let dark = must_move && gap.min > RIDES_THROUGH_S;
        Some((if dark { MAY | DARK } else { MAY }, (gap.min, gap.max)))
    }

    /// A UPS lives on its battery.
    fn on_battery(&mut self, node: u32, gone: u8, gap: (f64, f64), now: f64) {
        let battery = self.s.battery[node as usize].get_or_insert(Battery {
            wear: Wear { at: now, ..Wear::NONE },
            may_since: now,
            gap_max: 0.0,
            dark: false,
            gap_min: 0.0,
        });
        battery.gap_max = battery.gap_max.max(gap.1);
        if gone & DARK != 0 {
            battery.dark = true;
            battery.gap_min = gap.0;
        }
        self.mark(node);
    }

    fn flow_anew(&mut self, node: u32, now: f64) {
        let (graph, today) = (self.graph, self.today);
        let at = node as usize;
        if !graph.watched[at] {
            return;
        }
        if self.s.flags[at] & SURE != 0 {
            self.s.gain[at] = Flow::NONE;
            self.s.steady[at] = false;
            if std::mem::replace(&mut self.s.flow[at], Flow::NONE) != Flow::NONE {
                self.mark_cords(node);
            }
            for device in graph.devices_of(node) {
                self.load(device, now);
            }
            return;
        }
        let Share { mut flow, mut gain, sources, from_partner, mut steady } =
            if is_wide(graph, node) { self.wide_sum(node) } else { self.sum(node) };
        steady &= self.s.steady[at];
        gain.lo[0] = gain.lo[0].max(from_partner);
        for (lane, most) in sources.into_iter().enumerate() {
            gain.hi[lane] = gain.hi[lane].min(most);
            gain.known[lane] = gain.known[lane].min(most);
            // As today, and what came: as good a bound as the sum of all draws, and better where a meter
            // was read.
            let was = today.flow[at];
            flow.hi[lane] = flow.hi[lane].min(was.hi[lane] + gain.hi[lane]);
            flow.known[lane] = flow.known[lane].min(flow.hi[lane]);
            if steady {
                flow.lo[lane] = flow.lo[lane].max(was.lo[lane] + gain.lo[lane]);
            }
            flow.lo[lane] = flow.lo[lane].min(flow.hi[lane]);
        }
        let same =
            flow == self.s.flow[at] && gain == self.s.gain[at] && steady == self.s.steady[at];
        self.s.steady[at] = steady;
        self.s.gain[at] = gain;
        self.s.flow[at] = flow;
        if !same {
            self.mark_cords(node);
        }
        for device in graph.devices_of(node) {
            self.load(device, now);
        }
        self.drain(node, now);
    }

    /// The sum over all that hangs on a node.
    fn sum(&mut self, node: u32) -> Share {
        let (graph, today) = (self.graph, self.today);
        self.s.round += 1;
        let round = self.s.round;
        let mut sum = Share::NONE;
        let mut seen = std::mem::take(&mut self.s.seen);
        for &(taker, cord) in graph.attached_to(node) {
            // A source counts once, however many take from it.
            let mut is_first =
                |source: u32| std::mem::replace(&mut seen[source as usize], round) != round;
            sum = sum.and(&share(graph, today, self.s, (node, taker, cord), &mut is_first));
        }
        self.s.seen = seen;
        sum
    }

    /// The same for a wide one, where only what has changed is made anew. Logarithmic for each change.
    fn wide_sum(&mut self, node: u32) -> Share {
        let (graph, today) = (self.graph, self.today);
        let attached = graph.attached_to(node);
        let count = attached.len();
        let mut wide = std::mem::take(&mut self.s.wide[node as usize]);
        let leaf = |slot: usize, s: &Scratch| {
            let (taker, cord) = attached[slot];
            share(graph, today, s, (node, taker, cord), &mut |_| true)
        };
        if wide.is_filled {
            while let Some(slot) = wide.stale.pop() {
                let mut at = count + slot as usize;
                wide.sums[at] = leaf(slot as usize, self.s);
                while at > 1 {
                    at /= 2;
                    wide.sums[at] = wide.sums[2 * at].and(&wide.sums[2 * at + 1]);
                }
            }
        } else {
            wide.is_filled = true;
            wide.stale.clear();
            wide.sums.resize(2 * count, Share::NONE);
            for slot in 0..count {
                wide.sums[count + slot] = leaf(slot, self.s);
            }
            for at in (1..count).rev() {
                wide.sums[at] = wide.sums[2 * at].and(&wide.sums[2 * at + 1]);
            }
        }
        let sum = wide.sums[1];
        self.s.wide[node as usize] = wide;
        sum
    }

    /// A device under its present load.
    fn load(&mut self, device: usize, now: f64) {
        let graph = self.graph;
        let node = graph.devices[device].node;
        let at = node as usize;
        let flow = self.s.flow[at];
        let gained = self.s.gain[at].hi.iter().any(|gain| *gain > 0.0);
        let dead = self.s.flags[at] & SURE != 0;
        let fate = &mut self.s.fate[device];
        fate.gained |= gained && !dead;
        let Node { three, volts, .. } = graph.nodes[at];
        let most = |lanes: Lanes| lanes.into_iter().fold(0.0, f64::max);
        let amps =
            (most(flow.lo) / volts.max, most(flow.hi) / volts.min, most(flow.known) / volts.min);
        let flags = self.s.flags[at];
        if flags & SURE == 0 && fate.gained && amps.1 >= fate.amps.1 {
            fate.amps = amps;
        }
        // A trip needs more than today's load, and a supply.
        let alive = flags & SURE == 0 && fate.gained;
        let states = &self.s.flags;
        let fed = graph.met(node, &|input| states[input as usize] & MAY == 0);
        let surely = fed && (flags & OWN == 0 || self.own(device));
        let takes = match &graph.devices[device].trips {
            Trips::Breaker { band, .. } => {
                // With its poles unevenly loaded it may take more.
                let least = flow.lo.into_iter().fold(NEVER, f64::min) / volts.max;
                let sure = if three { least.max(amps.0 / UNEVEN_POLES) } else { amps.0 };
                (band.earliest(amps.1), band.latest(sure))
            }
            Trips::Amps(rated) => (if amps.1 > rated.min { 0.0 } else { NEVER }, NEVER),
            Trips::Watts(rated) => {
                let watts: f64 = flow.hi.iter().sum();
                (if watts > rated.min { 0.0 } else { NEVER }, NEVER)
            }
        };
        let rate = (
            if alive { per_second(takes.0) } else { 0.0 },
            if alive && surely { per_second(takes.1) } else { 0.0 },
        );
        let wear = &mut self.s.wear[device];
        if rate == wear.rate {
            return;
        }
        wear.go_on(now, rate);
        let (may, sure) = wear.ends();
        let number = u32::try_from(device).expect("devices fit u32");
        let version = wear.version;
        let fate = self.s.fate[device];
        if may < NEVER && fate.may == NEVER {
            self.push(may.max(now), node, What::MayTrip(number), version);
        }
        if sure < NEVER && fate.sure == NEVER {
            self.push(sure.max(now), node, What::Tripped(number), version);
        }
    }

    /// Whether a node may be dead by itself through this device's trip alone, which does not keep it from
    /// tripping.
    fn own(&self, device: usize) -> bool {
        let node = self.graph.devices[device].node;
        let others = self.graph.devices_of(node).filter(|other| *other != device);
        let empty = self.s.battery[node as usize].is_some();
        let fate = &self.s.fate;
        fate[device].may < NEVER
            && !empty
            && others.map(|other| fate[other].may).fold(NEVER, f64::min) == NEVER
    }

    /// A battery under its present load.
    fn drain(&mut self, node: u32, now: f64) {
        let at = node as usize;
        let Does::Battery { runtime_s, watts, .. } = self.graph.nodes[at].does else { return };
        let flow = self.s.flow[at];
        let Some(battery) = &mut self.s.battery[at] else { return };
        let load = |lanes: Lanes| lanes.into_iter().sum::<f64>();
        let lasts = lasts(runtime_s, watts, load(flow.lo), load(flow.hi));
        let rate = (
            per_second(lasts.0),
            if battery.dark && battery.gap_min > lasts.1 { per_second(lasts.1) } else { 0.0 },
        );
        if rate == battery.wear.rate {
            return;
        }
        battery.wear.go_on(now, rate);
        let (may, sure) = battery.wear.ends();
        let version = battery.wear.version;
        if may < NEVER {
            self.push(may.max(now), node, What::MayBeEmpty(node), version);
        }
        if sure < NEVER {
            self.push(sure.max(now), node, What::Empty(node), version);
        }
    }

    fn push(&mut self, at: f64, node: u32, what: What, version: u32) {
        let event = Event { at: at.to_bits(), shallowness: Reverse(node), what, version };
        self.s.queue.push(Reverse(event));
    }

    fn happen(&mut self, event: Event) {
        let now = f64::from_bits(event.at);
        let good = (NEVER, NEVER);
        match event.what {
            What::MayTrip(device) | What::Tripped(device) => {
                let device = device as usize;
                if self.s.wear[device].version != event.version {
                    return;
                }
                let node = self.graph.devices[device].node;
                let fate = &mut self.s.fate[device];
                fate.may = fate.may.min(now);
                if matches!(event.what, What::Tripped(_)) {
                    fate.sure = fate.sure.min(now);
                    self.die(node, DEAD | OWN, now, good);
                } else {
                    self.die(node, MAY | OWN, now, good);
                }
            }
            What::MayBeEmpty(node) | What::Empty(node) => {
                let Some(battery) = self.s.battery[node as usize] else { return };
                if battery.wear.version != event.version {
                    return;
                }
                if matches!(event.what, What::Empty(_)) {
                    let graph = self.graph;
                    let flags = &self.s.flags;
                    let for_good = !graph.met(node, &|input| flags[input as usize] & SURE == 0);
                    self.die(node, OWN | if for_good { DEAD } else { DARK }, now, good);
                } else if now - battery.may_since < battery.gap_max {
                    self.die(node, MAY | OWN, now, good);
                }
            }
        }
        self.settle(now);
    }
}

fn is_wide(graph: &Graph, node: u32) -> bool {
    graph.attached_to(node).len() >= WIDE
}

/// What one cord brings to the node it ends in. `is_first` says whether a source was not counted yet.
fn share(
    graph: &Graph,
    today: &Today,
    s: &Scratch,
    (node, taker, cord): (u32, u32, u32),
    is_first: &mut dyn FnMut(u32) -> bool,
) -> Share {
    let Share { mut flow, mut gain, mut sources, mut from_partner, mut steady } = Share::NONE;
    let flags = &s.flags;
    let is_group = graph.group(taker).is_some();
    let part = part(graph, flags, taker, cord);
    let whole = of_taker(graph, flags, &s.flow, &s.drawn, taker);
    add(&mut flow, node, graph, taker, whole, part);
    let fed = |input: u32| input == node || flags[input as usize] & MAY == 0;
    steady &= graph.met(taker, &fed);
    if !is_group {
        steady &= flags[taker as usize] & OWN == 0 && s.steady[taker as usize];
    }
    // What has come from the taker's other cords.
    for (other, nth) in graph.cords_of(taker).iter().zip(0..) {
        let gone = flags[other.node as usize] & !today.flags[other.node as usize];
        if other.node == node || gone & MAY == 0 {
            continue;
        }
        let was = of_taker(graph, &today.flags, &today.flow, &today.drawn, taker);
        let had = self::part(graph, &today.flags, taker, nth);
        let sole = |cord: &Cord| cord.node == node || flags[cord.node as usize] & SURE != 0;
        let all_here = gone & SURE != 0 && graph.cords_of(taker).iter().all(sole);
        let came = Part { lo: if all_here { had.lo } else { 0.0 }, hi: had.hi };
        add(&mut gain, node, graph, taker, was, came);
        let source = &today.flow[other.node as usize];
        if is_first(other.node) {
            // Not more can come than went through there, on whatever phase it was.
            let most: f64 = source.hi.iter().sum();
            sources = sources.map(|sum| sum + most);
        }
        let all_of_it = gone & SURE != 0 && today.partner[other.node as usize] == Some(node);
        let three = graph.nodes[other.node as usize].three || graph.nodes[node as usize].three;
        if all_of_it && !three {
            from_partner = f64::max(from_partner, source.lo[0]);
        }
    }
    // What came to a node below comes through here.
    if !is_group && flags[taker as usize] & SURE == 0 {
        let below = s.gain[taker as usize];
        let sure = if flags[taker as usize] & OWN == 0 { part.lo } else { 0.0 };
        let factor = match graph.nodes[taker as usize].does {
            Does::Battery { efficiency, .. } => 1.0 / efficiency.min,
            Does::Pass | Does::Start { .. } | Does::Transfer { .. } => 1.0,
        };
        let mut through = Flow::NONE;
        add(&mut through, node, graph, taker, below, Part { lo: sure, hi: part.hi * factor });
        for (lane, source) in sources.iter_mut().enumerate() {
            gain.lo[lane] += through.lo[lane];
            gain.hi[lane] += through.hi[lane];
            gain.known[lane] += through.known[lane];
            *source += through.hi[lane];
        }
    }
    Share { flow, gain, sources, from_partner, steady }
}

/// How long a battery lasts at a load, seconds: at least, at most. At rated load as it says; at less, not
/// shorter than in proportion and not longer than Peukert's law has it; at more, at once or not longer than
/// in proportion.
fn lasts(runtime_s: Option<Range>, rated: Option<Range>, lo: f64, hi: f64) -> (f64, f64) {
    let Some(runtime) = runtime_s else { return (0.0, EVENTUALLY) };
    let Some(rated) = rated else { return (runtime.min, EVENTUALLY) };
    let (least, most) = (lo / rated.max, hi / rated.min);
    let shortest = if most > 1.0 { 0.0 } else { runtime.min / most.max(1e-6) };
    let longest = if least <= 0.0 {
        EVENTUALLY
    } else if least < 1.0 {
        runtime.max * least.powf(-PEUKERT_MAX)
    } else {
        runtime.max / least
    };
    (shortest, longest.min(EVENTUALLY).max(shortest))
}
