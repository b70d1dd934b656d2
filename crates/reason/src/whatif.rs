//! What if: this is switched off, or that fails, as things stand today. Who goes dark, who loses redundancy,
//! which breaker trips, and when?
//!
//! First the circuit, then the load layer above it: what trips there becomes a fault here. The answer is the
//! difference to today, with one witness path each. What may happen and what will are kept apart, and what
//! could not be known is said, with the few facts that would narrow it most.
//!
//! Times go through the circuit as they are: a thing is dark as soon as the first of all it needs, and as
//! late as the last of any of it. A UPS lives as long as the load layer lets it. A window's end is the end
//! of the question: what would happen after it does not.
//!
//! It decides nothing of who is told, and sends nothing: [`announcement`] is a draft for a person. Tested at
//! its door on drawn plants (`tests/it/whatif.rs`) and by properties.

mod announcement;
mod unknown;
mod words;

pub use announcement::{announcement, checklist};
pub use unknown::{Fact, Wanted};
pub use words::{fate_in_words, names_in_words, when_in_words};

use crate::circuit::{
    Circuit, Gate, GateId, InputId, Killers, Subject, TooMany, Witness, Witnesses,
};
use crate::load::{BreakerFate, Darkness, Load, LoadMemory, LoadOutcome, Loss, Verdict};
use blackstart_model::kind::Kind;
use blackstart_model::plant::Role;
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::requirement::Target;
use blackstart_model::time::Timestamp;
use blackstart_model::{ComponentId, Plant};
use std::collections::BTreeSet;

/// A question.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Question {
    /// Switched off.
    pub off: Vec<ComponentId>,
    /// Known to have failed.
    pub failed: Vec<ComponentId>,
    /// From when to when; for ever when not given.
    pub window: Option<(Timestamp, Timestamp)>,
}

/// What the answer to a [`Question`] is.
#[derive(Clone, PartialEq, Debug)]
pub struct Answer {
    /// What is off: as asked, and by the maintenance that falls into the same time.
    pub off: Vec<ComponentId>,
    /// What has failed, as asked.
    pub failed: Vec<ComponentId>,
    /// From when to when.
    pub window: Option<(Timestamp, Timestamp)>,
    /// Announced maintenance that falls into the same time: indices into the plant's. What it takes off is
    /// part of the question.
    pub overlapping: Vec<usize>,
    /// What goes dark, or may: what people use first, then by time.
    pub dark: Vec<Dark>,
    /// What stays up and falls with single things it did not fall with before.
    pub lost_redundancy: Vec<LostRedundancy>,
    /// Every breaker that gains load, and what may be overloaded.
    pub breakers: Vec<BreakerFate>,
    /// The meters this rests on, and when each was read, where that is known.
    pub meters: Vec<(ComponentId, Option<Timestamp>)>,
    /// What was not known and matters, the most telling first.
    pub unknown: Vec<Fact>,
}

/// Something that goes dark.
#[derive(Clone, PartialEq, Debug)]
pub struct Dark {
    /// What.
    pub component: ComponentId,
    /// From when, by when, seconds from the beginning.
    pub when: Darkness,
    /// One chain from it to what is off, failed or trips.
    pub witness: Option<Witness>,
}

impl Dark {
    /// Whether it goes dark for certain.
    #[must_use]
    pub fn is_certain(&self) -> bool {
        self.when.by_s.is_finite()
    }
}

/// Something that stays up with less behind it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LostRedundancy {
    /// What.
    pub component: ComponentId,
    /// The single things that now bring it down and did not before, in order.
    pub falls_with: Vec<ComponentId>,
}

/// Why a question could not be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// The killer sets have no room.
    #[error(transparent)]
    TooMany(#[from] TooMany),
}

impl Answer {
    /// What goes dark for certain, what people use first.
    pub fn down(&self) -> impl Iterator<Item = &Dark> {
        self.dark.iter().filter(|dark| dark.is_certain())
    }

    /// What may go dark.
    pub fn may_be_down(&self) -> impl Iterator<Item = &Dark> {
        self.dark.iter().filter(|dark| !dark.is_certain())
    }

    /// The customers who are hit for certain.
    pub fn customers<'a>(&'a self, plant: &'a Plant) -> impl Iterator<Item = ComponentId> + 'a {
        let dark = self.down().map(|dark| dark.component);
        dark.filter(|id| plant.component(*id).kind == Kind::Customer)
    }

    /// Whether nothing at all is lost, or may be, beyond what was asked about.
    #[must_use]
    pub fn is_harmless(&self) -> bool {
        let asked = |dark: &Dark| self.off.contains(&dark.component);
        self.dark.iter().all(|dark| asked(dark) || self.failed.contains(&dark.component))
            && self.lost_redundancy.is_empty()
            && self.breakers.iter().all(|breaker| breaker.verdict == Verdict::Holds)
    }
}

/// Answers a question about a plant. Linear in its circuit, and in its killer sets.
///
/// # Errors
/// [`NoAnswer::TooMany`] when the plant's killer sets do not fit in memory.
pub fn whatif(plant: &Plant, circuit: &Circuit, question: &Question) -> Result<Answer, NoAnswer> {
    let overlapping = overlapping(plant, question);
    let mut off: BTreeSet<ComponentId> = question.off.iter().copied().collect();
    off.extend(overlapping.iter().flat_map(|&at| plant.maintenance()[at].off.iter().copied()));
    let off: Vec<ComponentId> = off.into_iter().collect();
    let failed: BTreeSet<ComponentId> =
        question.failed.iter().copied().filter(|id| !off.contains(id)).collect();
    let failed: Vec<ComponentId> = failed.into_iter().collect();

    let asked: Vec<ComponentId> = off.iter().chain(&failed).copied().collect();
    let load = Load::of(plant, &asked);
    // What hands power on and cannot work without something that is gone (a generator without its start
    // battery) has failed for the load as well, which knows only power and places.
    let under: Vec<InputId> = asked.iter().map(|&id| circuit.component_input(id)).collect();
    let up = circuit.under(&under);
    let ids = (0..).map(ComponentId).take(plant.components().len());
    let helpless = ids.filter(|&id| {
        load.hands_on(id) && is_helpless(plant, circuit, |gate| up[gate.index()], id)
    });
    let loss = Loss { off: off.clone(), failed: failed.iter().copied().chain(helpless).collect() };
    let mut outcome = load.play(plant, &loss, &mut LoadMemory::default());
    let horizon_s = question
        .window
        .map_or(f64::INFINITY, |(from, to)| to.duration_since(from).as_secs_f64().max(0.0));
    until(horizon_s, &mut outcome);

    let today = circuit.under(&[]);
    let times = times(plant, circuit, &asked, &outcome, horizon_s);
    let (surely, perhaps) = faults(plant, circuit, &asked, &outcome);
    let up = circuit.under(&surely);
    let witnesses = Witnesses::of(circuit, &up);
    let up_perhaps = circuit.under(&perhaps);
    let witnesses_perhaps = Witnesses::later_than(circuit, &up_perhaps, &surely);

    let mut dark = Vec::new();
    for (at, _) in (0..).zip(plant.components()) {
        let component = ComponentId(at);
        let gate = circuit.usable(component);
        let when = times[gate.index()];
        if !today[gate.index()] || !when.from_s.is_finite() {
            continue;
        }
        let certain = witnesses.of_component(component).filter(|_| when.by_s.is_finite());
        let witness = certain.or_else(|| witnesses_perhaps.of_component(component));
        dark.push(Dark { component, when, witness });
    }
    dark.sort_by(|one, other| {
        let key = |dark: &Dark| (rank(plant, dark.component), !dark.is_certain());
        let times = one.when.from_s.total_cmp(&other.when.from_s);
        key(one).cmp(&key(other)).then(times).then(one.component.cmp(&other.component))
    });

    let before = Killers::of(circuit)?;
    let after = Killers::under(circuit, &surely)?;
    let lost_redundancy = lost_redundancy(plant, circuit, &before, &after);
    let meters = meters(plant, &load, &outcome);
    let unknown = unknown::facts(plant, circuit, &load, &asked, &outcome, &after);
    Ok(Answer {
        off,
        failed,
        window: question.window,
        overlapping,
        dark,
        lost_redundancy,
        breakers: outcome.breakers,
        meters,
        unknown,
    })
}

/// Whether a component is powered and in its place, and cannot work without something that is gone.
pub(crate) fn is_helpless(
    plant: &Plant,
    circuit: &Circuit,
    up: impl Fn(GateId) -> bool,
    id: ComponentId,
) -> bool {
    plant.component(id).requirement(Role::Needs).is_some()
        && up(circuit.stands(id))
        && !up(circuit.works(id))
}

/// The meters of what gains load, and of what its load comes from.
fn meters(
    plant: &Plant,
    load: &Load,
    outcome: &LoadOutcome,
) -> Vec<(ComponentId, Option<Timestamp>)> {
    let mut ids: BTreeSet<ComponentId> = BTreeSet::new();
    for breaker in &outcome.breakers {
        ids.insert(breaker.component);
        ids.extend(load.shares_with(breaker.component));
    }
    let read = |id: ComponentId| match plant.component(id).attribute(Attribute::Metered) {
        Some(Value::Metered(metered)) => Some((id, metered.at)),
        _ => None,
    };
    ids.into_iter().filter_map(read).collect()
}

/// Announced maintenance in the question's window that takes off something else.
fn overlapping(plant: &Plant, question: &Question) -> Vec<usize> {
    let Some((from, to)) = question.window else { return Vec::new() };
    let others = plant.maintenance().iter().enumerate().filter(|(_, one)| {
        one.from < to && from < one.to && one.off.iter().any(|id| !question.off.contains(id))
    });
    others.map(|(at, _)| at).collect()
}

/// Forgets what would happen after the window.
fn until(horizon_s: f64, outcome: &mut LoadOutcome) {
    let within = |at: Option<f64>| at.filter(|&at| at < horizon_s);
    for breaker in &mut outcome.breakers {
        breaker.earliest_s = within(breaker.earliest_s);
        breaker.latest_s = within(breaker.latest_s);
        breaker.verdict = match (breaker.verdict, breaker.earliest_s, breaker.latest_s) {
            (Verdict::Holds, ..) | (_, None, None) if horizon_s.is_finite() => Verdict::Holds,
            (Verdict::Trips, Some(_), None) if horizon_s.is_finite() => Verdict::MayTrip,
            (verdict, ..) => verdict,
        };
    }
    outcome.dark.retain(|(_, when)| when.from_s < horizon_s);
    for (_, when) in &mut outcome.dark {
        if when.by_s >= horizon_s {
            when.by_s = f64::INFINITY;
        }
    }
}

/// The faults that are so for certain, and those that may be besides, as inputs of the circuit: what was
/// asked, and what hands power on and goes dark although the circuit alone would not have it so.
fn faults(
    plant: &Plant,
    circuit: &Circuit,
    asked: &[ComponentId],
    outcome: &LoadOutcome,
) -> (Vec<InputId>, Vec<InputId>) {
    let mut surely: Vec<InputId> = asked.iter().map(|&id| circuit.component_input(id)).collect();
    let certain = outcome.dark.iter().filter(|(_, when)| when.by_s.is_finite());
    explain(plant, circuit, certain.map(|(id, _)| *id).collect(), &mut surely);
    let mut perhaps = surely.clone();
    let all = outcome.dark.iter().map(|(id, _)| *id);
    explain(plant, circuit, all.collect(), &mut perhaps);
    (surely, perhaps)
}

/// Adds to the faults until all of these are dark: of those that are not yet, the ones that nothing above
/// them explains, then the next.
fn explain(
    plant: &Plant,
    circuit: &Circuit,
    dark: BTreeSet<ComponentId>,
    faults: &mut Vec<InputId>,
) {
    let mut left = dark;
    while !left.is_empty() {
        let up = circuit.under(faults);
        left.retain(|id| up[circuit.works(*id).index()]);
        let first: Vec<ComponentId> =
            left.iter().copied().filter(|id| !hangs_on(plant, *id, &left)).collect();
        faults.extend(first.iter().map(|&id| circuit.component_input(id)));
    }
}

/// Whether something takes its power from one of these, if need be through outlets and power supplies.
fn hangs_on(plant: &Plant, id: ComponentId, these: &BTreeSet<ComponentId>) -> bool {
    let mut hangs = false;
    if let Some(power) = plant.component(id).requirement(Role::Power) {
        power.each_leaf(&mut |leaf| {
            if let Target::Component(input) = leaf.target {
                let through = matches!(plant.component(input).kind, Kind::Outlet | Kind::Psu);
                hangs |= these.contains(&input) || through && hangs_on(plant, input, these);
            }
        });
    }
    hangs
}

/// When each gate goes dark.
fn times(
    plant: &Plant,
    circuit: &Circuit,
    asked: &[ComponentId],
    outcome: &LoadOutcome,
    horizon_s: f64,
) -> Vec<Darkness> {
    let mut own: Vec<Darkness> = vec![Darkness::NEVER; plant.components().len()];
    let mut of_gate: Vec<Option<ComponentId>> = vec![None; circuit.len()];
    for (component, when) in &outcome.dark {
        own[component.index()] = *when;
    }
    // What hands power on is dark when the load layer says so; a UPS only then.
    let ups = |id: ComponentId| plant.component(id).kind == Kind::Ups;
    for (at, component) in (0..).zip(plant.components()) {
        let id = ComponentId(at);
        if own[id.index()] != Darkness::NEVER || component.kind == Kind::Ups {
            for gate in [circuit.stands(id), circuit.works(id), circuit.works_fully(id)] {
                if gate.index() >= circuit.subjects().len() {
                    of_gate[gate.index()] = Some(id);
                }
            }
        }
    }
    let mut times: Vec<Darkness> = Vec::with_capacity(circuit.len());
    let today: BTreeSet<InputId> = circuit.today().iter().copied().collect();
    let asked: BTreeSet<ComponentId> = asked.iter().copied().collect();
    let mut sorted: Vec<f64> = Vec::new();
    for gate in circuit.gates() {
        let computed = match circuit.gate(gate) {
            Gate::Input(input) if today.contains(&input) => Darkness::AT_ONCE,
            Gate::Input(input) => match circuit.subject(input) {
                Subject::Component(id) if asked.contains(&id) => Darkness::AT_ONCE,
                // One without any need is its own input.
                Subject::Component(id) => own[id.index()],
                Subject::Vantage(_)
                | Subject::Check(_)
                | Subject::Carriage { .. }
                | Subject::Spread { .. } => Darkness::NEVER,
            },
            Gate::And(children) => fold(children, &times, f64::min, f64::INFINITY),
            Gate::Or(children) => fold(children, &times, f64::max, 0.0),
            Gate::AtLeast(k, children) => {
                // It goes when so many are gone that fewer than k are left.
                let nth = children.len() - k as usize;
                let mut pick = |time: fn(&Darkness) -> f64| {
                    sorted.clear();
                    sorted.extend(children.iter().map(|child| time(&times[child.index()])));
                    sorted.sort_unstable_by(f64::total_cmp);
                    sorted[nth]
                };
                Darkness { from_s: pick(|when| when.from_s), by_s: pick(|when| when.by_s) }
            }
        };
        let when = match of_gate[gate.index()] {
            Some(id) if ups(id) && !asked.contains(&id) => {
                // Its battery stands between it and what feeds it; its place does not.
                place_lost(plant, circuit, id, &times).unwrap_or(own[id.index()])
            }
            Some(id) => Darkness {
                from_s: computed.from_s.min(own[id.index()].from_s),
                by_s: computed.by_s.min(own[id.index()].by_s),
            },
            None => computed,
        };
        times.push(if when.from_s < horizon_s { when } else { Darkness::NEVER });
    }
    times
}

fn fold(
    children: &[GateId],
    times: &[Darkness],
    pick: fn(f64, f64) -> f64,
    start: f64,
) -> Darkness {
    let of = |time: fn(&Darkness) -> f64| {
        children.iter().map(|child| time(&times[child.index()])).fold(start, pick)
    };
    Darkness { from_s: of(|when| when.from_s), by_s: of(|when| when.by_s) }
}

/// When a UPS goes dark by what it stands in or is cooled by, where that does.
fn place_lost(
    plant: &Plant,
    circuit: &Circuit,
    id: ComponentId,
    times: &[Darkness],
) -> Option<Darkness> {
    let mut lost: Option<Darkness> = None;
    for role in [Role::In, Role::On, Role::Cooling] {
        let Some(needed) = plant.component(id).requirement(role) else { continue };
        needed.each_leaf(&mut |leaf| {
            if let Target::Component(place) = leaf.target {
                let when = times[circuit.stands(place).index()];
                if when.from_s.is_finite() && lost.is_none_or(|lost| when.from_s < lost.from_s) {
                    lost = Some(when);
                }
            }
        });
    }
    lost
}

/// In which order people want to hear of it: customers and what they use, what carries that, the rest.
fn rank(plant: &Plant, id: ComponentId) -> u8 {
    match plant.component(id).kind {
        Kind::Customer => 0,
        Kind::Service | Kind::Website => 1,
        Kind::Database | Kind::Vip => 2,
        Kind::Server
        | Kind::Hypervisor
        | Kind::Vm
        | Kind::Container
        | Kind::Storage
        | Kind::Switch
        | Kind::Router
        | Kind::Firewall
        | Kind::LoadBalancer
        | Kind::Upstream => 3,
        Kind::Site
        | Kind::Room
        | Kind::Rack
        | Kind::Cooling
        | Kind::Feed
        | Kind::Ups
        | Kind::Generator
        | Kind::TransferSwitch
        | Kind::Pdu
        | Kind::Breaker
        | Kind::Outlet
        | Kind::Psu
        | Kind::Bmc
        | Kind::Nic
        | Kind::Link
        | Kind::Prefix
        | Kind::Disk
        | Kind::Job
        | Kind::Certificate
        | Kind::File
        | Kind::Backup
        | Kind::Monitor
        | Kind::Component => 4,
    }
}

fn lost_redundancy(
    plant: &Plant,
    circuit: &Circuit,
    before: &Killers,
    after: &Killers,
) -> Vec<LostRedundancy> {
    let mut lost = Vec::new();
    for (at, _) in (0..).zip(plant.components()) {
        let component = ComponentId(at);
        let gate = circuit.usable(component);
        if before.is_down(gate) || after.is_down(gate) {
            continue;
        }
        let old = before.alone(gate);
        let new = after.alone(gate).iter().filter(|input| old.binary_search(input).is_err());
        let mut falls_with: Vec<ComponentId> = new
            .filter_map(|input| match circuit.subject(*input) {
                Subject::Component(id) => Some(id),
                Subject::Carriage { upstream, .. } => Some(upstream),
                Subject::Vantage(_) | Subject::Check(_) | Subject::Spread { .. } => None,
            })
            .collect();
        falls_with.sort_unstable();
        falls_with.dedup();
        if !falls_with.is_empty() {
            lost.push(LostRedundancy { component, falls_with });
        }
    }
    lost.sort_by_key(|lost| (rank(plant, lost.component), lost.component));
    lost
}
