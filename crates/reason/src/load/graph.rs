//! The power of a plant as flat arrays: who takes from whom, how much, over how many phases.
//!
//! A **node** hands power on: whatever distributes it, and whatever something else takes its power from.
//! A **taker** takes it through one or several **cords**: every node is one, and so is every **group** of
//! machines that are alike in all that matters here (the same cords, the same way to share). What a group
//! draws is the sum of its machines, so nothing is lost by grouping, and a hall of a hundred thousand
//! servers is a few thousand groups.
//!
//! What only hands on what one other gives it (an outlet, a power supply without a rating) is looked
//! through, unless it is itself asked about: it has nothing that could trip.
//!
//! It decides what each field of the plant means for the load. What the plant does not say becomes a range
//! here, each with its reason beside the constant; an unknown draw has no upper end.

use super::trip::Band;
use blackstart_model::kind::Kind;
use blackstart_model::plant::{Component, Role};
use blackstart_model::quantity::{
    Attribute, Metered, MeteredCurrent, Phase, PsuMode, Range, Value,
};
use blackstart_model::requirement::{Requirement, Target};
use blackstart_model::{ComponentId, Plant};
use std::collections::{BTreeMap, HashMap};

/// Voltage where none is said: what power supplies are made for (the nominal voltages of IEC 60038 that
/// single-phase sockets have, 100 V to 240 V).
const VOLTS_UNKNOWN: Range = Range { min: 100.0, max: 240.0 };

/// From this nominal voltage on, a thing that does not say its phases has three: 346 V is what 200 V between
/// phase and neutral make, the lowest such system in IEC 60038 above what single phases have.
pub(crate) const VOLTS_OF_THREE: f64 = 346.0;

/// Watts for each volt-ampere where none is said: what 80 PLUS asks of a power supply from half load on, and
/// what none exceeds.
pub(crate) const POWER_FACTOR_UNKNOWN: Range = Range { min: 0.9, max: 1.0 };

/// What each of two power supplies carries where they share and nobody says how evenly. Chosen by hand:
/// makers promise 5 to 10 percent at load.
const SHARE_UNKNOWN: Range = Range { min: 0.4, max: 0.6 };

/// Watts out for each watt in, of a UPS that does not say. Chosen by hand: small old double converters to
/// line-interactive ones.
pub(crate) const EFFICIENCY_UNKNOWN: Range = Range { min: 0.85, max: 1.0 };

/// The end of a range that has none.
pub(super) const WITHOUT_END: f64 = f64::INFINITY;

/// One phase, or three.
pub(super) type Lanes = [f64; 3];

/// A flow through a node, volt-amperes: of its one phase (the first), or of each of three.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Flow {
    /// At least.
    pub(super) lo: Lanes,
    /// At most; without end where a draw is unknown.
    pub(super) hi: Lanes,
    /// At most, of the draws that are known.
    pub(super) known: Lanes,
}

impl Flow {
    pub(super) const NONE: Self = Self { lo: [0.0; 3], hi: [0.0; 3], known: [0.0; 3] };
}

/// Something that hands power on.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) component: ComponentId,
    /// True where it has three phases.
    pub(super) three: bool,
    /// Which of three phases it takes from, where it has one and that is known.
    pub(super) phase: Option<Phase>,
    /// Volts of each phase against neutral (of three), or of its one.
    pub(super) volts: Range,
    pub(super) does: Does,
    /// What was read off it, volt-amperes for each phase.
    pub(super) meter: Option<[Option<Range>; 3]>,
}

/// What a node does when its input goes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Does {
    /// It goes too.
    Pass,
    /// It carries on for a while: seconds at rated load, the watts that is at, watts out per watt in.
    Battery { runtime_s: Option<Range>, watts: Option<Range>, efficiency: Range },
    /// It starts: seconds.
    Start { starts_s: Option<Range> },
    /// It picks another input: seconds.
    Transfer { transfers_s: Option<Range> },
}

/// Something that trips.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub(super) node: u32,
    pub(super) trips: Trips,
}

/// By what it trips.
#[derive(Clone, Debug)]
pub(super) enum Trips {
    /// A breaker: its band and its rated current.
    Breaker { band: Box<Band>, rated_amps: f64 },
    /// Something that carries so many amperes and is protected by nobody knows what.
    Amps(Range),
    /// A UPS, a generator, a power supply: so many watts.
    Watts(Range),
}

/// One cord of a taker.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Cord {
    pub(super) node: u32,
    /// True where it carries only after somebody or something took over.
    pub(super) standby: bool,
}

/// How a taker shares between its cords.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Mode {
    /// Each of two carries from so much to so much.
    Even(Range),
    /// One carries all, and which one is not known.
    One,
    /// This one carries all while it is alive.
    Prefers(u32),
    /// Any may carry any part.
    Anyhow,
}

/// How many of its cords a taker needs.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Need {
    AtLeast(u32),
    /// A nested requirement: which one of the graph's.
    Nested(u32),
}

/// On which phases a group draws.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Onto {
    /// On one, or on several, nobody says which.
    Unsaid,
    One(Phase),
    Three,
}

/// Takes power through its cords.
#[derive(Clone, Debug)]
pub(super) struct Taker {
    pub(super) cords: std::ops::Range<u32>,
    pub(super) need: Need,
    pub(super) mode: Mode,
}

/// What a group draws, volt-amperes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Drawn {
    pub(super) lo: f64,
    pub(super) known: f64,
    /// How many of its machines have no known draw.
    pub(super) unknown: u32,
}

impl Drawn {
    pub(super) const NOTHING: Self = Self { lo: 0.0, known: 0.0, unknown: 0 };

    pub(super) const fn hi(&self) -> f64 {
        if self.unknown > 0 { WITHOUT_END } else { self.known }
    }
}

/// The power graph of a plant.
#[derive(Debug)]
pub(super) struct Graph {
    /// What feeds others stands before them.
    pub(super) nodes: Vec<Node>,
    /// The first are the nodes, in their order; then the groups.
    pub(super) takers: Vec<Taker>,
    pub(super) cords: Vec<Cord>,
    /// By group: on which phases it draws.
    pub(super) onto: Vec<Onto>,
    /// By group: what it draws as designed.
    pub(super) drawn: Vec<Drawn>,
    /// By node, which cords end in it: the taker and the cord.
    pub(super) attached_start: Vec<u32>,
    pub(super) attached: Vec<(u32, u32)>,
    /// By cord, its place among those that end in its node.
    pub(super) slot: Vec<u32>,
    /// By node, whether anything that trips or runs empty is in it or above it; what flows elsewhere is
    /// nobody's trouble.
    pub(super) watched: Vec<bool>,
    /// By node, how long it takes to start, seconds, where all it gives comes from a generator.
    pub(super) starts_s: Vec<Option<Range>>,
    pub(super) devices: Vec<Device>,
    /// By node, where its devices begin in `devices`.
    pub(super) devices_start: Vec<u32>,
    /// Nested requirements.
    pub(super) nested: Vec<Requirement>,
    /// By component, its node.
    pub(super) node_of: HashMap<ComponentId, u32>,
    /// By component that power is taken from, the node where a cord into it ends.
    ends_in: HashMap<ComponentId, u32>,
    /// By component, its group and its own draw.
    pub(super) group_of: HashMap<ComponentId, (u32, Drawn)>,
    /// Components that say a draw and not what they take it from.
    pub(super) adrift: Vec<ComponentId>,
    /// Components that take power and do not say how much.
    pub(super) undrawn: Vec<ComponentId>,
}

impl Graph {
    /// The graph of a plant in which none of `asked` is looked through.
    pub(super) fn of(plant: &Plant, asked: &[ComponentId]) -> Self {
        let (order, looked_through) = nodes_upstream_first(plant, asked);
        let node_of: HashMap<ComponentId, u32> = order.iter().copied().zip(0..).collect();
        let mut ends_in = node_of.clone();
        // In the order of their levels, so that what one is fed by has its end already.
        for (through, to) in looked_through {
            let end = ends_in[&to];
            ends_in.insert(through, end);
        }
        let mut graph = Self {
            nodes: Vec::with_capacity(order.len()),
            takers: Vec::new(),
            cords: Vec::new(),
            onto: Vec::new(),
            drawn: Vec::new(),
            attached_start: Vec::new(),
            attached: Vec::new(),
            slot: Vec::new(),
            watched: Vec::new(),
            starts_s: Vec::new(),
            devices: Vec::new(),
            devices_start: Vec::new(),
            nested: Vec::new(),
            node_of,
            ends_in,
            group_of: HashMap::new(),
            adrift: Vec::new(),
            undrawn: Vec::new(),
        };
        for id in order {
            graph.add_node(plant, id);
        }
        graph.devices_start.push(count(graph.devices.len()));
        graph.add_groups(plant);
        graph.attach();
        graph
    }

    pub(super) fn cords_of(&self, taker: u32) -> &[Cord] {
        let Taker { cords, .. } = &self.takers[taker as usize];
        &self.cords[cords.start as usize..cords.end as usize]
    }

    pub(super) fn attached_to(&self, node: u32) -> &[(u32, u32)] {
        let node = node as usize;
        &self.attached[self.attached_start[node] as usize..self.attached_start[node + 1] as usize]
    }

    pub(super) fn devices_of(&self, node: u32) -> std::ops::Range<usize> {
        let node = node as usize;
        self.devices_start[node] as usize..self.devices_start[node + 1] as usize
    }

    /// The group a taker is, unless it is a node.
    pub(super) fn group(&self, taker: u32) -> Option<usize> {
        (taker as usize).checked_sub(self.nodes.len())
    }

    /// Whether a taker has what it needs when just these nodes are alive. A standby carries nothing.
    pub(super) fn met(&self, taker: u32, alive: &dyn Fn(u32) -> bool) -> bool {
        match &self.takers[taker as usize].need {
            Need::AtLeast(k) => {
                let cords = self.cords_of(taker).iter();
                cords.filter(|cord| !cord.standby && alive(cord.node)).count() >= *k as usize
            }
            Need::Nested(at) => self.nested_met(&self.nested[*at as usize], alive),
        }
    }

    fn nested_met(&self, needed: &Requirement, alive: &dyn Fn(u32) -> bool) -> bool {
        match needed {
            Requirement::One(leaf) => match leaf.target {
                Target::Component(id) => leaf.standby.is_none() && alive(self.ends_in[&id]),
                Target::Internet => true,
            },
            Requirement::All(of) => of.iter().all(|part| self.nested_met(part, alive)),
            Requirement::Any(of) => of.iter().any(|part| self.nested_met(part, alive)),
            Requirement::AtLeast { k, of } => {
                of.iter().filter(|part| self.nested_met(part, alive)).count() >= *k as usize
            }
        }
    }

    fn add_node(&mut self, plant: &Plant, id: ComponentId) {
        let component = plant.component(id);
        let (three, volts) = self.phases_and_volts(component);
        let node = count(self.nodes.len());
        let meter = match component.attribute(Attribute::Metered) {
            Some(Value::Metered(Metered { current, at: _ })) => {
                let each = match current {
                    MeteredCurrent::Each(amps) => [Some(*amps); 3],
                    MeteredCurrent::ByPhase(phases) => *phases,
                };
                let va =
                    |amps: Range| Range { min: amps.min * volts.min, max: amps.max * volts.max };
                Some(each.map(|amps| amps.map(va)))
            }
            _ => None,
        };
        self.devices_start.push(count(self.devices.len()));
        if let Some(Value::Breaker(rating)) = component.attribute(Attribute::Breaker) {
            let trips =
                Trips::Breaker { band: Box::new(Band::of(rating)), rated_amps: rating.amps };
            self.devices.push(Device { node, trips });
        }
        let protected = component.attribute(Attribute::Breaker).is_some();
        let capacity = match component.attribute(Attribute::Capacity) {
            Some(Value::Amps(amps)) if !protected => Some(Trips::Amps(*amps)),
            Some(Value::Watts(watts)) if component.kind.distributes_power() => {
                Some(Trips::Watts(*watts))
            }
            _ => None,
        };
        self.devices.extend(capacity.map(|trips| Device { node, trips }));
        self.nodes.push(Node {
            component: id,
            three,
            phase: phase(component),
            volts,
            does: does(component),
            meter,
        });
        let cords = self.add_cords(component);
        let transfers = component.kind == Kind::TransferSwitch;
        let mode = self.mode(component, &cords, if transfers { Mode::One } else { Mode::Anyhow });
        let need = self.need(component, &cords);
        self.takers.push(Taker { cords, need, mode });
    }

    /// Whether a component has three phases, and the volts of one.
    fn phases_and_volts(&self, component: &Component) -> (bool, Range) {
        let said = match component.attribute(Attribute::Phases) {
            Some(Value::Number(phases)) => Some(phases.max > 1.0),
            _ => component.attribute(Attribute::Phase).map(|_| false),
        };
        let poles = match component.attribute(Attribute::Breaker) {
            Some(Value::Breaker(rating)) => rating.poles.map(|poles| poles >= 3),
            _ => None,
        };
        if let Some(Value::Volts(own)) = component.attribute(Attribute::Voltage) {
            let three = said.or(poles).unwrap_or(own.max >= VOLTS_OF_THREE);
            let to_neutral = 3.0_f64.sqrt();
            let volts = match three {
                false => *own,
                // 230 V of three phases may be meant between phases, and to neutral just as well.
                true if own.min >= 219.0 && own.max <= 241.0 => {
                    Range { min: own.min / to_neutral, max: own.max }
                }
                true => Range { min: own.min / to_neutral, max: own.max / to_neutral },
            };
            return (three, volts);
        }
        let mut inputs: Vec<u32> = Vec::new();
        each_input(component, &mut |id, _| inputs.extend(self.ends_in.get(&id)));
        let inputs = inputs.iter().filter_map(|&node| self.nodes.get(node as usize));
        let mut volts: Option<Range> = None;
        for input in inputs {
            volts = Some(volts.map_or(input.volts, |volts| Range {
                min: volts.min.min(input.volts.min),
                max: volts.max.max(input.volts.max),
            }));
        }
        (said.or(poles).unwrap_or(false), volts.unwrap_or(VOLTS_UNKNOWN))
    }

    fn add_cords(&mut self, component: &Component) -> std::ops::Range<u32> {
        let start = count(self.cords.len());
        each_input(component, &mut |id, standby| {
            let cord = Cord { node: self.ends_in[&id], standby };
            // Two cords in one outlet strip count twice when it is asked whether enough are left, and
            // share like one: as wired.
            self.cords.push(cord);
        });
        start..count(self.cords.len())
    }

    fn need(&mut self, component: &Component, cords: &std::ops::Range<u32>) -> Need {
        let flat = |of: &[Requirement]| of.iter().all(|part| matches!(part, Requirement::One(_)));
        match component.requirement(Role::Power) {
            None => Need::AtLeast(0),
            Some(Requirement::One(_)) => Need::AtLeast(1),
            Some(Requirement::All(of)) if flat(of) => Need::AtLeast(cords.end - cords.start),
            Some(Requirement::Any(of)) if flat(of) => Need::AtLeast(1),
            Some(Requirement::AtLeast { k, of }) if flat(of) => Need::AtLeast(*k),
            Some(nested) => {
                self.nested.push(nested.clone());
                Need::Nested(count(self.nested.len() - 1))
            }
        }
    }

    fn mode(&self, component: &Component, cords: &std::ops::Range<u32>, otherwise: Mode) -> Mode {
        let preferred = match component.attribute(Attribute::Prefers) {
            Some(Value::Components(preferred)) => preferred.first().and_then(|id| {
                let node = self.ends_in.get(id)?;
                let own = &self.cords[cords.start as usize..cords.end as usize];
                own.iter().zip(0..).find(|(cord, _)| cord.node == *node).map(|(_, at)| at)
            }),
            _ => None,
        };
        let share = match component.attribute(Attribute::PsuShare) {
            // What one carries, the other does not.
            Some(Value::Number(Range { min, max })) => {
                Some(Range { min: min.min(1.0 - max), max: max.max(1.0 - min) })
            }
            _ => None,
        };
        match (component.attribute(Attribute::PsuMode), preferred, share) {
            (Some(Value::PsuMode(PsuMode::Unknown)), _, None) => Mode::Anyhow,
            (Some(Value::PsuMode(PsuMode::Shared)), _, share) => {
                Mode::Even(share.unwrap_or(SHARE_UNKNOWN))
            }
            (_, _, Some(share)) => Mode::Even(share),
            (_, Some(preferred), None) => Mode::Prefers(preferred),
            (Some(Value::PsuMode(PsuMode::HotSpare)), None, None) => Mode::One,
            (_, None, None) => otherwise,
        }
    }

    fn add_groups(&mut self, plant: &Plant) {
        type Key = (Vec<Cord>, u32, [u64; 3], Onto);
        let mut groups: BTreeMap<Key, u32> = BTreeMap::new();
        let alive = |component: &Component| component.condition.off_on_purpose.is_none();
        for (component, at) in plant.components().iter().zip(0..) {
            let id = ComponentId(at);
            let draw = match component.attribute(Attribute::Draw) {
                Some(Value::Watts(watts)) => Some(*watts),
                _ => None,
            };
            if component.requirement(Role::Power).is_none() {
                if draw.is_some_and(|draw| draw.max > 0.0) && !self.node_of.contains_key(&id) {
                    self.adrift.push(id);
                }
                continue;
            }
            if component.kind.distributes_power() && draw.is_none() {
                continue;
            }
            let start = self.cords.len();
            let cords = self.add_cords(component);
            let need = self.need(component, &cords);
            let mode = self.mode(component, &cords, Mode::Anyhow);
            let onto = match (component.attribute(Attribute::Phases), phase(component)) {
                (_, Some(phase)) => Onto::One(phase),
                (Some(Value::Number(phases)), None) if phases.max > 1.0 => Onto::Three,
                _ => Onto::Unsaid,
            };
            let factor = match component.attribute(Attribute::PowerFactor) {
                Some(Value::Number(factor)) => *factor,
                _ => POWER_FACTOR_UNKNOWN,
            };
            let failed = component.condition.known_failed.is_some();
            let drawn = match draw {
                _ if !alive(component) => Drawn::NOTHING,
                Some(draw) => Drawn {
                    lo: if failed { 0.0 } else { draw.min / factor.max },
                    known: draw.max / factor.min,
                    ..Drawn::NOTHING
                },
                None => {
                    self.undrawn.push(id);
                    Drawn { unknown: 1, ..Drawn::NOTHING }
                }
            };
            let own = self.cords[start..].to_vec();
            let group = match need {
                // What is nested has a group of its own.
                Need::Nested(_) => None,
                Need::AtLeast(k) => {
                    let key = (own, k, mode_bits(mode), onto);
                    let next = count(self.drawn.len());
                    let group = *groups.entry(key).or_insert(next);
                    (group != next).then_some(group)
                }
            };
            let group = match group {
                Some(group) => {
                    self.cords.truncate(start);
                    group
                }
                None => {
                    self.takers.push(Taker { cords, need, mode });
                    self.onto.push(onto);
                    self.drawn.push(Drawn::NOTHING);
                    count(self.drawn.len() - 1)
                }
            };
            let sum = &mut self.drawn[group as usize];
            sum.lo += drawn.lo;
            sum.known += drawn.known;
            sum.unknown += drawn.unknown;
            self.group_of.insert(id, (group, drawn));
        }
    }

    fn attach(&mut self) {
        let mut start = vec![0_u32; self.nodes.len() + 1];
        for cord in &self.cords {
            start[cord.node as usize + 1] += 1;
        }
        let mut sum = 0;
        for place in &mut start {
            sum += *place;
            *place = sum;
        }
        let mut next = start.clone();
        let mut attached = vec![(0, 0); self.cords.len()];
        self.slot = vec![0; self.cords.len()];
        for (taker, at) in self.takers.iter().zip(0..) {
            for cord in taker.cords.clone() {
                let node = self.cords[cord as usize].node as usize;
                let place = &mut next[node];
                attached[*place as usize] = (at, cord - taker.cords.start);
                self.slot[cord as usize] = *place - start[node];
                *place += 1;
            }
        }
        for node in 0..self.nodes.len() {
            let at = count(node);
            let own = !self.devices_of(at).is_empty()
                || matches!(self.nodes[node].does, Does::Battery { .. });
            let above = self.cords_of(at).iter().any(|cord| self.watched[cord.node as usize]);
            self.watched.push(own || above);
            let starts = match (self.nodes[node].does, self.cords_of(at)) {
                (Does::Start { starts_s }, _) => {
                    Some(starts_s.unwrap_or(Range { min: 0.0, max: WITHOUT_END }))
                }
                (Does::Pass, [only]) => self.starts_s[only.node as usize],
                (Does::Pass | Does::Transfer { .. } | Does::Battery { .. }, _) => None,
            };
            self.starts_s.push(starts);
        }
        self.attached_start = start;
        self.attached = attached;
    }
}

fn count(len: usize) -> u32 {
    u32::try_from(len).expect("the plant's limits keep counts in u32")
}

/// A mode as something to group by.
fn mode_bits(mode: Mode) -> [u64; 3] {
    match mode {
        Mode::Even(share) => [0, share.min.to_bits(), share.max.to_bits()],
        Mode::One => [1, 0, 0],
        Mode::Prefers(cord) => [2, u64::from(cord), 0],
        Mode::Anyhow => [3, 0, 0],
    }
}

fn each_input(component: &Component, visit: &mut dyn FnMut(ComponentId, bool)) {
    if let Some(power) = component.requirement(Role::Power) {
        power.each_leaf(&mut |leaf| {
            if let Target::Component(id) = leaf.target {
                visit(id, leaf.standby.is_some());
            }
        });
    }
}

fn phase(component: &Component) -> Option<Phase> {
    match component.attribute(Attribute::Phase) {
        Some(Value::Phase(phase)) => Some(*phase),
        _ => None,
    }
}

fn does(component: &Component) -> Does {
    let span = |attribute| match component.attribute(attribute) {
        Some(Value::Span(min, max)) => {
            Some(Range { min: min.as_secs_f64(), max: max.as_secs_f64() })
        }
        _ => None,
    };
    match component.kind {
        Kind::Ups => Does::Battery {
            // One that was never tried may not take over at all.
            runtime_s: span(Attribute::Runtime).map(|runtime| Range {
                min: if component.condition.never_exercised { 0.0 } else { runtime.min },
                ..runtime
            }),
            watts: match component.attribute(Attribute::Capacity) {
                Some(Value::Watts(watts)) => Some(*watts),
                _ => None,
            },
            efficiency: match component.attribute(Attribute::Efficiency) {
                Some(Value::Number(efficiency)) => *efficiency,
                _ => EFFICIENCY_UNKNOWN,
            },
        },
        Kind::Generator => Does::Start { starts_s: span(Attribute::StartsIn) },
        Kind::TransferSwitch => Does::Transfer { transfers_s: span(Attribute::TransfersIn) },
        _ => Does::Pass,
    }
}

/// Whether a component does nothing but hand on what one other gives it.
fn is_looked_through(component: &Component) -> Option<ComponentId> {
    let bare = matches!(component.kind, Kind::Psu | Kind::Outlet)
        && component.condition.known_failed.is_none()
        && component.condition.off_on_purpose.is_none()
        && component.attributes.iter().all(|(attribute, _)| {
            !matches!(
                attribute,
                Attribute::Draw
                    | Attribute::Voltage
                    | Attribute::Breaker
                    | Attribute::Capacity
                    | Attribute::Phases
                    | Attribute::Phase
                    | Attribute::Metered
            )
        });
    match component.requirement(Role::Power) {
        Some(Requirement::One(leaf)) if bare && leaf.standby.is_none() => match leaf.target {
            Target::Component(input) => Some(input),
            Target::Internet => None,
        },
        _ => None,
    }
}

/// All that hands power on, each after what feeds it, and what is looked through, each with what feeds it.
/// The checker admits no circle in power.
fn nodes_upstream_first(
    plant: &Plant,
    asked: &[ComponentId],
) -> (Vec<ComponentId>, Vec<(ComponentId, ComponentId)>) {
    let mut is_node: Vec<bool> =
        plant.components().iter().map(|component| component.kind.distributes_power()).collect();
    for component in plant.components() {
        each_input(component, &mut |id, _| is_node[id.index()] = true);
    }
    // Level by level, so that what stands deeper has the larger number: of trips at one instant the
    // deepest goes first.
    let mut level: Vec<Option<u32>> = vec![None; plant.components().len()];
    let mut stack = Vec::new();
    for (root, at) in is_node.iter().zip(0..) {
        if !*root || level[at as usize].is_some() {
            continue;
        }
        stack.push(ComponentId(at));
        while let Some(&id) = stack.last() {
            let mut deepest = Some(0);
            each_input(plant.component(id), &mut |input, _| match level[input.index()] {
                Some(own) => deepest = deepest.map(|deepest: u32| deepest.max(own + 1)),
                None => {
                    deepest = None;
                    stack.push(input);
                }
            });
            if let Some(deepest) = deepest {
                level[id.index()] = Some(deepest);
                stack.pop();
            }
        }
    }
    let mut order: Vec<ComponentId> =
        is_node.iter().zip(0..).filter(|(is, _)| **is).map(|(_, at)| ComponentId(at)).collect();
    order.sort_by_key(|id| (level[id.index()], *id));
    let mut looked_through = Vec::new();
    let asked: std::collections::HashSet<ComponentId> = asked.iter().copied().collect();
    order.retain(|id| {
        let through = is_looked_through(plant.component(*id)).filter(|_| !asked.contains(id));
        looked_through.extend(through.map(|to| (*id, to)));
        through.is_none()
    });
    (order, looked_through)
}
