//! Power that moves to the cords that are left.
//!
//! Load flows from each machine over its `power` and `fed_by` towards the sources: members of a choice that
//! are alive share it equally; of a transfer switch, a UPS and a machine with a hot spare the first (or the
//! one it `prefers`) carries all. For every single fault of a thing that distributes power: the choices that lose a
//! member by it, the load that moves, followed upwards, and what then lies above the breaker or the capacity.
//! What falls with the fault draws nothing. Linear in the plant, and for each fault in what it touches.
//! A metered current goes before the sum of draws.
//! Three phases are taken as balanced. Power factors and losses that are not written are those the load layer
//! assumes, so that both say one figure.

use super::super::{Finding, Grounds};
use super::RULE;
use crate::circuit::InputId;
use crate::load::{EFFICIENCY_UNKNOWN, POWER_FACTOR_UNKNOWN, VOLTS_OF_THREE};
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::kind::Kind;
use blackstart_model::plant::Role;
use blackstart_model::quantity::{Attribute, MeteredCurrent, PsuMode, Range, Value};
use blackstart_model::requirement::{Requirement, Target};
use std::collections::{BTreeMap, BTreeSet};

/// Steps upwards in search of a voltage (chosen by hand: real ways have ten).
const STEPS_MAX: usize = 32;

/// What is above its rating by so little is rounding: draws are written to a watt or to ten.
const ROUNDING: f64 = 1e-9;

/// Between a least and a most.
#[derive(Clone, Copy, Default, PartialEq, PartialOrd)]
struct Band {
    min: f64,
    max: f64,
}

impl Band {
    fn add(&mut self, other: Self, share: f64) {
        self.min += other.min * share;
        self.max += other.max * share;
    }

    /// For each of what comes out so much goes in: less than all comes out.
    fn before_losses(self, efficiency: Range) -> Self {
        Self { min: self.min / efficiency.max, max: self.max / efficiency.min }
    }
}

/// What flows through something.
#[derive(Clone, Copy, Default, PartialEq)]
struct Load {
    watts: Band,
    /// What conductors and breakers carry.
    volt_amperes: Band,
    /// Draws in it that nobody wrote down, weighed by the share of each.
    unknown: f64,
}

impl Load {
    fn add(&mut self, other: Self, share: f64) {
        self.watts.add(other.watts, share);
        self.volt_amperes.add(other.volt_amperes, share);
        self.unknown += other.unknown * share;
    }

    fn is_nothing(self) -> bool {
        self.watts.max.abs() < ROUNDING && self.unknown.abs() < ROUNDING
    }

    /// In the unit that something is rated in.
    fn of(self, rating: Rating) -> Band {
        match rating {
            Rating::Watts(_) => self.watts,
            Rating::VoltAmperes { .. } => self.volt_amperes,
        }
    }
}

/// What something may carry.
#[derive(Clone, Copy)]
enum Rating {
    Watts(f64),
    VoltAmperes { amps: f64, volts: f64 },
}

impl Rating {
    fn most(self) -> f64 {
        match self {
            Self::Watts(watts) => watts,
            Self::VoltAmperes { amps, volts } => amps * volts,
        }
    }

    /// More than rounding makes of it.
    fn is_passed_by(self, load: f64) -> bool {
        load > self.most() * (1.0 + ROUNDING)
    }
}

/// What one fault makes of one thing.
struct Overload {
    cause: ComponentId,
    load: Load,
}

pub(super) fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    // Without a rating, or without a draw, there is nothing to compare.
    if !grounds.ids().any(|id| rated(grounds, id).is_some()) {
        return;
    }
    let flows = Flows::of(grounds);
    let mut worst: BTreeMap<ComponentId, Overload> = BTreeMap::new();
    for (cause, touched) in flows.touched(grounds) {
        for (at, load) in flows.under(grounds, cause, &touched) {
            let Some(rated) = rated(grounds, at) else { continue };
            // What is too much today is no matter of redundancy.
            let today = flows.today(grounds, at).of(rated).min;
            if !rated.is_passed_by(load.of(rated).max) || rated.is_passed_by(today) {
                continue;
            }
            let graver = |known: &Overload| load.of(rated) > known.load.of(rated);
            if worst.get(&at).is_none_or(graver) {
                worst.insert(at, Overload { cause, load });
            }
        }
    }
    // Of things in a row that are all too weak, each is told: each has its own rating to change.
    let worst: Vec<(ComponentId, Overload)> = worst.into_iter().collect();
    for some in worst.chunks(64) {
        let pairs: Vec<[ComponentId; 2]> =
            some.iter().map(|(at, overload)| [overload.cause, *at]).collect();
        for ((at, overload), falls) in some.iter().zip(fall_with_both(grounds, &pairs)) {
            let moved = flows.moved_onto(grounds, overload, *at);
            found.push(finding(grounds, *at, overload, moved, falls));
        }
    }
}

/// For each of up to 64 pairs of faults: what people use that falls with both and works today.
fn fall_with_both(grounds: &Grounds<'_>, pairs: &[[ComponentId; 2]]) -> Vec<Vec<ComponentId>> {
    let mut faults: BTreeMap<InputId, [u64; 1]> = BTreeMap::new();
    for (lane, pair) in pairs.iter().enumerate() {
        for &id in pair {
            faults.entry(grounds.circuit.component_input(id)).or_default()[0] |= 1 << lane;
        }
    }
    let faults: Vec<(InputId, [u64; 1])> = faults.into_iter().collect();
    let mut values = Vec::new();
    grounds.circuit.evaluate::<1>(&faults, &mut values);
    (0..pairs.len())
        .map(|lane| {
            let falls = |&id: &ComponentId| {
                let gate = grounds.circuit.usable(id);
                !grounds.killers.is_down(gate) && values[gate.index()][0] >> lane & 1 == 0
            };
            grounds.used().iter().copied().filter(falls).collect()
        })
        .collect()
}

fn finding(
    grounds: &Grounds<'_>,
    at: ComponentId,
    overload: &Overload,
    moved: Option<ComponentId>,
    falls: Vec<ComponentId>,
) -> Finding {
    let Overload { cause, load } = overload;
    let rated = rated(grounds, at).expect("what has no rating is never too much");
    let Load { unknown, .. } = *load;
    let load = load.of(rated);
    let certain = rated.is_passed_by(load.min);
    let shown = |load: f64| match rated {
        Rating::Watts(_) => format!("{load:.0}"),
        Rating::VoltAmperes { volts, .. } => format!("{:.1}", load / volts),
    };
    let unit = match rated {
        Rating::Watts(_) => "W",
        Rating::VoltAmperes { .. } => "A",
    };
    let carried = if unknown > ROUNDING {
        format!("at least {} {unit}", shown(load.min))
    } else if shown(load.min) == shown(load.max) {
        format!("{} {unit}", shown(load.min))
    } else {
        format!("{}..{} {unit}", shown(load.min), shown(load.max))
    };
    Finding {
        code: RULE.code,
        severity: Severity::Warning,
        confidence: if certain { Confidence::High } else { Confidence::Medium },
        component: at,
        causes: vec![*cause],
        witness: moved.into_iter().chain([at]).collect(),
        message: format!(
            "without `{}`, `{}` carries {carried} of {} {unit}{}",
            grounds.name(*cause),
            grounds.name(at),
            shown(rated.most()),
            if certain { "" } else { ": that may be too much" }
        ),
        brings_down: falls,
        help: "spread the machines so that either side carries all, or ask `whatif` what trips and when"
            .to_owned(),
    }
}

/// How power flows when nothing beyond today's faults has failed.
pub(in super::super) struct Flows {
    /// Consumers before what feeds them.
    order: Vec<ComponentId>,
    place: Vec<usize>,
    load: Vec<Load>,
    consumers: Vec<Vec<ComponentId>>,
}

impl Flows {
    pub(in super::super) fn of(grounds: &Grounds<'_>) -> Self {
        let order = consumers_first(grounds);
        let mut place = vec![0; grounds.plant.components().len()];
        for (at, &id) in order.iter().enumerate() {
            place[id.index()] = at;
        }
        let mut load: Vec<Load> = grounds.ids().map(|id| draw(grounds, id)).collect();
        let mut consumers = vec![Vec::new(); load.len()];
        for &id in &order {
            let own = handed_on(grounds, id, load[id.index()]);
            for (to, share) in split(grounds, id, None) {
                load[to.index()].add(own, share);
                consumers[to.index()].push(id);
            }
        }
        Self { order, place, load, consumers }
    }

    /// What goes through something at the least, watts, by the draws that are known.
    pub(in super::super) fn least(&self, at: ComponentId) -> f64 {
        self.load[at.index()].watts.min
    }

    /// What something carries today: by its meter, else by the draws.
    fn today(&self, grounds: &Grounds<'_>, at: ComponentId) -> Load {
        metered(grounds, at).unwrap_or(self.load[at.index()])
    }

    /// By fault of a thing that distributes power: what has a choice that loses a member by it.
    fn touched(&self, grounds: &Grounds<'_>) -> BTreeMap<ComponentId, Vec<ComponentId>> {
        let mut pairs: Vec<(ComponentId, ComponentId)> = Vec::new();
        for choice in grounds.circuit.choices() {
            if choice.role != Role::Power || self.load[choice.of.index()].is_nothing() {
                continue;
            }
            for &member in choice.members {
                for cause in grounds.components_of(grounds.killers.alone(member)) {
                    if grounds.kind(cause).distributes_power() {
                        pairs.push((cause, choice.of));
                    }
                }
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        let mut touched: BTreeMap<ComponentId, Vec<ComponentId>> = BTreeMap::new();
        for (cause, of) in pairs {
            touched.entry(cause).or_default().push(of);
        }
        touched
    }

    /// What carries more under a fault, and how much in all.
    fn under(
        &self,
        grounds: &Grounds<'_>,
        cause: ComponentId,
        touched: &[ComponentId],
    ) -> Vec<(ComponentId, Load)> {
        // What falls with the fault draws nothing any more, wherever it drew before.
        let falls = grounds.blast(grounds.circuit.component_input(cause)).filter(|&id| {
            grounds.plant.component(id).requirement(Role::Power).is_some()
                && !is_alive(grounds, id, Some(cause))
        });
        let mut waiting: BTreeSet<usize> =
            touched.iter().copied().chain(falls).map(|id| self.place[id.index()]).collect();
        let mut more: BTreeMap<ComponentId, Load> = BTreeMap::new();
        while let Some(at) = waiting.pop_first() {
            let id = self.order[at];
            let before = self.load[id.index()];
            let mut after = before;
            after.add(more.get(&id).copied().unwrap_or_default(), 1.0);
            let [before, after] = [before, after].map(|load| handed_on(grounds, id, load));
            if is_alive(grounds, id, Some(cause)) {
                for (to, share) in split(grounds, id, Some(cause)) {
                    more.entry(to).or_default().add(after, share);
                    waiting.insert(self.place[to.index()]);
                }
            }
            for (to, share) in split(grounds, id, None) {
                // Of what has fallen itself, all goes at once, when its turn comes.
                if is_alive(grounds, to, Some(cause)) {
                    more.entry(to).or_default().add(before, -share);
                    waiting.insert(self.place[to.index()]);
                }
            }
        }
        let above = |load: &Load| load.watts.max > ROUNDING || load.unknown > ROUNDING;
        more.into_iter()
            .filter(|(at, load)| above(load) && is_alive(grounds, *at, Some(cause)))
            .map(|(at, load)| {
                let mut all = self.today(grounds, at);
                all.add(load, 1.0);
                (at, all)
            })
            .collect()
    }

    /// Of the choices that a fault touches, one that is left with this alone: searched downwards from it.
    fn moved_onto(
        &self,
        grounds: &Grounds<'_>,
        overload: &Overload,
        at: ComponentId,
    ) -> Option<ComponentId> {
        let input = grounds.circuit.component_input(at);
        let left_with_it_alone = |of: ComponentId| {
            let left = split(grounds, of, Some(overload.cause));
            left.len() < split(grounds, of, None).len()
                && left.iter().all(|&(to, _)| {
                    to == at || grounds.killers.kills(input, grounds.circuit.stands(to))
                })
        };
        let mut seen = BTreeSet::from([at]);
        let mut below = vec![at];
        while let Some(next) = below.pop() {
            for &consumer in &self.consumers[next.index()] {
                if left_with_it_alone(consumer) {
                    return Some(consumer);
                }
                if seen.insert(consumer) {
                    below.push(consumer);
                }
            }
        }
        None
    }
}

/// What a thing gives of its load to each of what feeds it: shares that add up to one where it is fed.
fn split(
    grounds: &Grounds<'_>,
    of: ComponentId,
    fault: Option<ComponentId>,
) -> Vec<(ComponentId, f64)> {
    let component = grounds.plant.component(of);
    let Some(power) = component.requirement(Role::Power) else { return Vec::new() };
    let hot_spare =
        matches!(component.attribute(Attribute::PsuMode), Some(Value::PsuMode(PsuMode::HotSpare)));
    let picks = hot_spare || matches!(component.kind, Kind::TransferSwitch | Kind::Ups);
    let prefers = match component.attribute(Attribute::Prefers) {
        Some(Value::Components(of)) => of.first().copied(),
        _ => None,
    };
    let mut shares = Vec::new();
    divide(grounds, power, (fault, picks, prefers), 1.0, &mut shares);
    shares
}

fn divide(
    grounds: &Grounds<'_>,
    requirement: &Requirement,
    how: (Option<ComponentId>, bool, Option<ComponentId>),
    share: f64,
    into: &mut Vec<(ComponentId, f64)>,
) {
    let (fault, picks, prefers) = how;
    let of: Vec<&Requirement> = match requirement {
        Requirement::One(leaf) => {
            if let Target::Component(to) = leaf.target
                && is_alive(grounds, to, fault)
            {
                into.push((to, share));
            }
            return;
        }
        Requirement::All(of) | Requirement::Any(of) | Requirement::AtLeast { of, .. } => {
            of.iter().filter(|part| holds(grounds, part, fault)).collect()
        }
    };
    let one_of_them = picks && !matches!(requirement, Requirement::All(_));
    if one_of_them {
        let names = |part: &Requirement| {
            let mut named = false;
            part.each_leaf(&mut |leaf| {
                named |= prefers.is_some_and(|one| leaf.target == Target::Component(one));
            });
            named
        };
        let chosen = of.iter().find(|part| names(part)).or(of.first());
        if let Some(part) = chosen {
            divide(grounds, part, how, share, into);
        }
    } else {
        #[expect(clippy::cast_precision_loss, reason = "members of one choice are few")]
        let each = share / of.len() as f64;
        of.iter().for_each(|part| divide(grounds, part, how, each, into));
    }
}

/// Whether a part of a requirement is met.
fn holds(grounds: &Grounds<'_>, part: &Requirement, fault: Option<ComponentId>) -> bool {
    let count = |of: &[Requirement]| of.iter().filter(|part| holds(grounds, part, fault)).count();
    match part {
        Requirement::One(leaf) => match leaf.target {
            Target::Component(to) => is_alive(grounds, to, fault),
            Target::Internet => true,
        },
        Requirement::All(of) => count(of) == of.len(),
        Requirement::Any(of) => count(of) > 0,
        Requirement::AtLeast { k, of } => count(of) >= *k as usize,
    }
}

fn is_alive(grounds: &Grounds<'_>, id: ComponentId, fault: Option<ComponentId>) -> bool {
    let gate = grounds.circuit.stands(id);
    let killed = |by: ComponentId| grounds.killers.kills(grounds.circuit.component_input(by), gate);
    !grounds.killers.is_down(gate) && !fault.is_some_and(killed)
}

/// Components ordered so that each stands before all that feeds it. The checker admits no circles.
fn consumers_first(grounds: &Grounds<'_>) -> Vec<ComponentId> {
    let mut consumers = vec![0_u32; grounds.plant.components().len()];
    let feeders = |id: ComponentId| {
        let mut feeders = Vec::new();
        if let Some(power) = grounds.plant.component(id).requirement(Role::Power) {
            power.each_leaf(&mut |leaf| {
                if let Target::Component(to) = leaf.target {
                    feeders.push(to);
                }
            });
        }
        feeders
    };
    for id in grounds.ids() {
        feeders(id).into_iter().for_each(|to| consumers[to.index()] += 1);
    }
    let mut order: Vec<ComponentId> =
        grounds.ids().filter(|id| consumers[id.index()] == 0).collect();
    let mut at = 0;
    while let Some(&id) = order.get(at) {
        at += 1;
        for to in feeders(id) {
            consumers[to.index()] -= 1;
            if consumers[to.index()] == 0 {
                order.push(to);
            }
        }
    }
    order
}

/// What a thing draws itself: what takes power and says nothing of it draws something unknown.
fn draw(grounds: &Grounds<'_>, id: ComponentId) -> Load {
    let component = grounds.plant.component(id);
    match component.attribute(Attribute::Draw) {
        Some(Value::Watts(Range { min, max })) => {
            let factor = match component.attribute(Attribute::PowerFactor) {
                Some(Value::Number(factor)) => *factor,
                _ => POWER_FACTOR_UNKNOWN,
            };
            let watts = Band { min: *min, max: *max };
            Load { watts, volt_amperes: watts.before_losses(factor), unknown: 0.0 }
        }
        _ => {
            let takes =
                component.requirement(Role::Power).is_some() && !component.kind.distributes_power();
            Load { unknown: f64::from(u8::from(takes)), ..Load::default() }
        }
    }
}

/// What a thing takes for what goes through it: a UPS loses some.
fn handed_on(grounds: &Grounds<'_>, id: ComponentId, load: Load) -> Load {
    let component = grounds.plant.component(id);
    if component.kind != Kind::Ups {
        return load;
    }
    let efficiency = match component.attribute(Attribute::Efficiency) {
        Some(Value::Number(efficiency)) => *efficiency,
        _ => EFFICIENCY_UNKNOWN,
    };
    Load {
        watts: load.watts.before_losses(efficiency),
        volt_amperes: load.volt_amperes.before_losses(efficiency),
        unknown: load.unknown,
    }
}

/// What may be carried: by the breaker and the capacity in amperes where the voltage is known, else by the
/// capacity in watts.
fn rated(grounds: &Grounds<'_>, at: ComponentId) -> Option<Rating> {
    match (amps(grounds, at), grounds.plant.component(at).attribute(Attribute::Capacity)) {
        (Some(amps), _) => Some(Rating::VoltAmperes { amps, volts: volts(grounds, at)? }),
        (None, Some(Value::Watts(range))) => Some(Rating::Watts(range.max)),
        (None, _) => None,
    }
}

fn amps(grounds: &Grounds<'_>, at: ComponentId) -> Option<f64> {
    let component = grounds.plant.component(at);
    let breaker = match component.attribute(Attribute::Breaker) {
        Some(Value::Breaker(breaker)) => Some(breaker.amps),
        _ => None,
    };
    let capacity = match component.attribute(Attribute::Capacity) {
        Some(Value::Amps(range)) => Some(range.max),
        _ => None,
    };
    match (breaker, capacity) {
        (Some(breaker), Some(capacity)) => Some(breaker.min(capacity)),
        (one, other) => one.or(other),
    }
}

/// Volt-amperes for each ampere of its conductors: the voltage, times √3 where it has three phases. That
/// of what it is fed by where it says none.
fn volts(grounds: &Grounds<'_>, at: ComponentId) -> Option<f64> {
    let phases = match grounds.plant.component(at).attribute(Attribute::Phases) {
        Some(Value::Number(phases)) => Some(phases.max),
        _ => None,
    };
    let mut id = at;
    for _ in 0..STEPS_MAX {
        let component = grounds.plant.component(id);
        if let Some(Value::Volts(range)) = component.attribute(Attribute::Voltage) {
            // The highest voltage makes the least current.
            let three = phases.map_or(range.min >= VOLTS_OF_THREE, |phases| phases > 2.0);
            return Some(if three { range.max * 3.0_f64.sqrt() } else { range.max });
        }
        let mut first = None;
        component.requirement(Role::Power)?.each_leaf(&mut |leaf| {
            if let (None, Target::Component(to)) = (first, leaf.target) {
                first = Some(to);
            }
        });
        id = first?;
    }
    None
}

/// What a meter shows. Watts are no more than volt-amperes.
fn metered(grounds: &Grounds<'_>, at: ComponentId) -> Option<Load> {
    let Some(Value::Metered(metered)) = grounds.plant.component(at).attribute(Attribute::Metered)
    else {
        return None;
    };
    let volts = volts(grounds, at)?;
    match metered.current {
        MeteredCurrent::Each(range) => {
            let volt_amperes = Band { min: range.min * volts, max: range.max * volts };
            let watts = Band { min: volt_amperes.min * POWER_FACTOR_UNKNOWN.min, ..volt_amperes };
            Some(Load { watts, volt_amperes, unknown: 0.0 })
        }
        MeteredCurrent::ByPhase(_) => None,
    }
}
