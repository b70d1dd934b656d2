//! The load layer: which breaker trips, and when, once something is off and its load has moved.
//!
//! It is a second layer above the circuit and never part of it, for it is not monotone: losing a feed moves
//! load, breakers trip in time, and more load can mean fewer losses. From a plant it makes a graph of power
//! (`graph`), takes what flows today as given, and plays one scenario in the order of time (`cascade`) by
//! the bands of the breakers' standards (`trip`).
//!
//! It decides, of every breaker that gains load, whether it *holds*, *may trip* or *trips*, and from when
//! and by when; and of everything that hands power on from when it may be dark and by when it has been. What
//! is not known is a range, a draw that is not known has no upper end, and no verdict is more certain than
//! what it rests on. It never says what is down because of it: that is the circuit's, see `whatif`.
//!
//! What is taken to be so, and where it comes from: draws are constant power, I = P / (V · pf), for power
//! supplies of computers take what they need at whatever voltage; currents are added as if in phase; a
//! battery that charges again and what machines draw at their start are not counted.
//!
//! Tested on drawn plants and by properties (`tests`): what trips for certain may trip; wider ranges never
//! make an uncertain verdict certain; nothing drawn, nothing trips.

mod trip;
mod graph;
mod cascade;
#[cfg(test)]
mod tests;

pub(crate) use graph::{EFFICIENCY_UNKNOWN, POWER_FACTOR_UNKNOWN, VOLTS_OF_THREE};

use blackstart_model::kind::Kind;
use blackstart_model::plant::Role;
use blackstart_model::quantity::Range;
use blackstart_model::requirement::{Requirement, Target};
use blackstart_model::{ComponentId, Plant};
use cascade::{DARK, Fate, MAY, Scratch, Today};
use graph::{Drawn, Graph, Trips};

/// The power of a plant, compiled, with its condition of today.
#[derive(Debug)]
pub struct Load {
    graph: Graph,
    today: Today,
}

/// Memory for playing scenarios; kept from one to the next, so that only the first allocates.
#[derive(Default, Debug)]
pub struct LoadMemory(Scratch);

/// What happens to the load layer at the beginning.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Loss {
    /// Switched off: draws nothing, hands nothing on.
    pub off: Vec<ComponentId>,
    /// Failed: hands nothing on; whether it still draws is not known.
    pub failed: Vec<ComponentId>,
}

/// Whether a breaker trips.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Verdict {
    /// It trips.
    Trips,
    /// It may.
    MayTrip,
    /// Nothing that is known says it trips, and what is not known may make it.
    Unknown,
    /// It carries what comes to it.
    Holds,
}

impl Verdict {
    /// The stable text, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trips => "trips",
            Self::MayTrip => "may-trip",
            Self::Unknown => "unknown",
            Self::Holds => "holds",
        }
    }
}

/// What becomes of one breaker, or of a UPS, generator or power supply that may be overloaded.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BreakerFate {
    /// Whose breaker.
    pub component: ComponentId,
    /// Whether it trips.
    pub verdict: Verdict,
    /// The current of its most loaded phase when that is greatest, amperes, at least.
    pub load_min_a: f64,
    /// And at most; `None` where a draw behind it is not known.
    pub load_max_a: Option<f64>,
    /// Its rated current, amperes; of what is rated in watts, the current that makes.
    pub rating_a: f64,
    /// What it carries for ever, amperes, whichever breaker of its kind it is.
    pub holds_a: f64,
    /// What trips it in the end, amperes, whichever of its kind it is; of what is protected by nobody knows
    /// what, `None`.
    pub trips_a: Option<f64>,
    /// Seconds from the beginning before which it does not trip; `None` where it does not.
    pub earliest_s: Option<f64>,
    /// Seconds by which it has tripped; `None` where it may not, or where nobody knows by when.
    pub latest_s: Option<f64>,
}

/// From when something is dark.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Darkness {
    /// Seconds from the beginning from which it may be dark.
    pub from_s: f64,
    /// By when it has been dark; infinite where it may not be, [`Darkness::EVENTUALLY_S`] or more where it
    /// will be, and nobody knows by when.
    pub by_s: f64,
}

impl Darkness {
    /// Surely, and nobody knows by when.
    pub const EVENTUALLY_S: f64 = cascade::EVENTUALLY;

    /// Not at all.
    pub const NEVER: Self = Self { from_s: f64::INFINITY, by_s: f64::INFINITY };

    /// Dark from the beginning.
    pub const AT_ONCE: Self = Self { from_s: 0.0, by_s: 0.0 };
}

/// What a scenario comes to.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct LoadOutcome {
    /// Every breaker that gained load, in the order of the power graph: what feeds others first.
    pub breakers: Vec<BreakerFate>,
    /// Everything that hands power on and is dark, or may be; what is so today already is not in it.
    pub dark: Vec<(ComponentId, Darkness)>,
}

impl Load {
    /// Compiles a plant's power and lets it come to rest in its condition of today. Linear in the plant.
    ///
    /// Outlets and power supplies that only hand on are looked through, but for those in `asked`: a
    /// [`Loss`] of others is none.
    #[must_use]
    pub fn of(plant: &Plant, asked: &[ComponentId]) -> Self {
        let graph = Graph::of(plant, asked);
        let failed = plant.components().iter().zip(0..).filter(|(component, _)| {
            component.condition.known_failed.is_some()
                || component.condition.off_on_purpose.is_some()
        });
        let failed: Vec<_> = failed.map(|(_, at)| ComponentId(at)).collect();
        let dead = dead_nodes(plant, &graph, &failed);
        // A generator that was never tried, or what is behind it, may not be there when it is wanted.
        let doubtful =
            (0..).zip(graph.nodes.iter().zip(&graph.starts_s)).filter(|(_, (node, starts))| {
                starts.is_some() && plant.component(node.component).condition.never_exercised
            });
        let doubtful: Vec<u32> = doubtful.map(|(at, _)| at).collect();
        let today = cascade::rest(&graph, &dead, &doubtful);
        Self { graph, today }
    }

    /// Plays a scenario. Allocates for its outcome, and for nothing else once `memory` has been used.
    #[must_use]
    pub fn play(&self, plant: &Plant, loss: &Loss, memory: &mut LoadMemory) -> LoadOutcome {
        self.play_only(plant, loss, memory);
        self.outcome(memory)
    }

    /// Plays a scenario and leaves what it comes to in `memory`.
    pub fn play_only(&self, plant: &Plant, loss: &Loss, memory: &mut LoadMemory) {
        let all: Vec<ComponentId> = loss.off.iter().chain(&loss.failed).copied().collect();
        let dead = dead_nodes(plant, &self.graph, &all);
        let own = |of: &[ComponentId], off: bool| -> Vec<(u32, Drawn, bool)> {
            let groups = of.iter().filter_map(|id| self.graph.group_of.get(id));
            groups.map(|&(group, drawn)| (group, drawn, off)).collect()
        };
        let mut lessen = own(&loss.off, true);
        lessen.extend(own(&loss.failed, false));
        cascade::play(&self.graph, &self.today, &dead, &lessen, &mut memory.0);
    }

    /// What the scenario last played comes to.
    #[must_use]
    pub fn outcome(&self, memory: &LoadMemory) -> LoadOutcome {
        let scratch = &memory.0;
        let fates = self.graph.devices.iter().zip(&scratch.fate);
        let breakers = fates
            .filter(|(_, fate)| fate.gained)
            .map(|(device, fate)| self.fate(device, fate))
            .collect();
        let mut dark = Vec::new();
        for (at, node) in self.graph.nodes.iter().enumerate() {
            let new = scratch.flags[at] & !self.today.flags[at];
            if new & (MAY | DARK) != 0 {
                let times = scratch.times[at];
                let by_s = times.dark.min(times.sure);
                let by_s = if by_s.is_finite() { by_s.min(Darkness::EVENTUALLY_S) } else { by_s };
                dark.push((node.component, Darkness { from_s: times.may.min(by_s), by_s }));
            }
        }
        LoadOutcome { breakers, dark }
    }

    /// How many breakers and other things that trip there are.
    #[must_use]
    pub fn breakers(&self) -> usize {
        self.graph.devices.len()
    }

    /// Whether a component hands power on.
    #[must_use]
    pub fn hands_on(&self, component: ComponentId) -> bool {
        self.graph.node_of.contains_key(&component)
    }

    /// What else the machines on it take power from, in order.
    #[must_use]
    pub fn shares_with(&self, component: ComponentId) -> Vec<ComponentId> {
        let Some(&node) = self.graph.node_of.get(&component) else { return Vec::new() };
        let takers = self.graph.attached_to(node).iter();
        let cords = takers.flat_map(|&(taker, _)| self.graph.cords_of(taker));
        let mut others: Vec<u32> = cords.map(|cord| cord.node).filter(|at| *at != node).collect();
        others.sort_unstable();
        others.dedup();
        others.into_iter().map(|at| self.graph.nodes[at as usize].component).collect()
    }

    /// Components that take power and do not say how much.
    #[must_use]
    pub fn undrawn(&self) -> &[ComponentId] {
        &self.graph.undrawn
    }

    /// Components that say how much they draw and not what from.
    #[must_use]
    pub fn adrift(&self) -> &[ComponentId] {
        &self.graph.adrift
    }

    fn fate(&self, device: &graph::Device, fate: &Fate) -> BreakerFate {
        let node = &self.graph.nodes[device.node as usize];
        let (least, most, known) = fate.amps;
        let (rating_a, holds_a, trips_a) = match &device.trips {
            Trips::Breaker { band, rated_amps } => {
                (*rated_amps, band.hold_amps(), Some(band.trip_amps()))
            }
            Trips::Amps(Range { min, .. }) => (*min, *min, None),
            Trips::Watts(Range { min, .. }) => {
                let lanes = if node.three { 3.0 } else { 1.0 };
                (min / node.volts.max / lanes, min / node.volts.max / lanes, None)
            }
        };
        let verdict = match (fate.may.is_finite(), fate.sure.is_finite()) {
            (_, true) => Verdict::Trips,
            (true, false) if most.is_infinite() && known <= holds_a => Verdict::Unknown,
            (true, false) => Verdict::MayTrip,
            (false, false) => Verdict::Holds,
        };
        let told = |at: f64| (at < Darkness::EVENTUALLY_S).then_some(at);
        BreakerFate {
            component: node.component,
            verdict,
            load_min_a: least,
            load_max_a: most.is_finite().then_some(most),
            rating_a,
            holds_a,
            trips_a,
            earliest_s: told(fate.may),
            latest_s: told(fate.sure),
        }
    }
}

/// The nodes that are dead when these components are: themselves, and what stands in or on them.
fn dead_nodes(plant: &Plant, graph: &Graph, dead: &[ComponentId]) -> Vec<u32> {
    let mut nodes: Vec<u32> = dead.iter().filter_map(|id| graph.node_of.get(id)).copied().collect();
    let place = |id: &ComponentId| {
        let kind = plant.component(*id).kind;
        matches!(kind, Kind::Site | Kind::Room | Kind::Rack) || !graph.node_of.contains_key(id)
    };
    if dead.iter().any(place) {
        for (at, node) in (0..).zip(&graph.nodes) {
            if lost_with(plant, node.component, dead) {
                nodes.push(at);
            }
        }
    }
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

/// Whether a component is lost because the place it stands in, or the machine it is on, is.
fn lost_with(plant: &Plant, id: ComponentId, dead: &[ComponentId]) -> bool {
    let component = plant.component(id);
    dead.contains(&id)
        || [Role::In, Role::On].into_iter().any(|role| {
            component.requirement(role).is_some_and(|needed| !stands(plant, needed, dead))
        })
}

fn stands(plant: &Plant, needed: &Requirement, dead: &[ComponentId]) -> bool {
    match needed {
        Requirement::One(leaf) => match leaf.target {
            Target::Component(place) => !lost_with(plant, place, dead),
            Target::Internet => true,
        },
        Requirement::All(of) => of.iter().all(|part| stands(plant, part, dead)),
        Requirement::Any(of) => of.iter().any(|part| stands(plant, part, dead)),
        Requirement::AtLeast { k, of } => {
            of.iter().filter(|part| stands(plant, part, dead)).count() >= *k as usize
        }
    }
}
