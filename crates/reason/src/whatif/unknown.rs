//! What was not known, and which few facts would narrow the answer most.
//!
//! A fact is something one person can read off in a minute: a display, a label, a manual. Each is weighed by
//! how many things that people use fall when the uncertain thing does, so the first is the one to go and
//! look at. It never guesses the fact.

use crate::circuit::{Circuit, Killers};
use crate::load::{Load, LoadOutcome, Verdict};
use blackstart_model::kind::Kind;
use blackstart_model::plant::Role;
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::requirement::Target;
use blackstart_model::{ComponentId, Plant};

/// Facts told at most: what one person can look up in one round.
const FACTS_MAX: usize = 5;

/// Something worth going to look at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fact {
    /// Of what.
    pub component: ComponentId,
    /// What of it.
    pub wanted: Wanted,
    /// How many things that people use hang on the answer.
    pub hang_on_it: usize,
}

/// What is wanted of a component.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Wanted {
    /// The current it carries now, read off its display or with a clamp.
    Current,
    /// The standard and the letter of its breaker, printed on its front.
    Standard,
    /// How long its battery lasts, and what it may carry.
    Runtime,
    /// How long it takes to pick another input.
    TransferTime,
    /// Whether it starts at all: it was never tried.
    Exercise,
    /// How long it takes to start.
    StartTime,
    /// Its voltage.
    Voltage,
}

impl Wanted {
    /// The stable text, as in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Standard => "standard",
            Self::Runtime => "runtime",
            Self::TransferTime => "transfer-time",
            Self::Exercise => "exercise",
            Self::StartTime => "start-time",
            Self::Voltage => "voltage",
        }
    }
}

pub(super) fn facts(
    plant: &Plant,
    circuit: &Circuit,
    load: &Load,
    asked: &[ComponentId],
    outcome: &LoadOutcome,
    after: &Killers,
) -> Vec<Fact> {
    let mut facts: Vec<Fact> = Vec::new();
    let blasts = after.blasts(circuit);
    let used = |id: ComponentId| {
        let hit = blasts.of(circuit.component_input(id));
        hit.iter().filter(|hit| plant.component(**hit).kind.is_used()).count()
    };
    let has = |id: ComponentId, attribute| plant.component(id).attribute(attribute).is_some();
    let mut dark: Vec<ComponentId> = outcome.dark.iter().map(|(id, _)| *id).collect();
    dark.sort_unstable();
    let mut want = |component, wanted, hang_on_it| {
        if !facts.iter().any(|fact| fact.component == component && fact.wanted == wanted) {
            facts.push(Fact { component, wanted, hang_on_it });
        }
    };
    for breaker in &outcome.breakers {
        let id = breaker.component;
        if !matches!(breaker.verdict, Verdict::MayTrip | Verdict::Unknown) {
            continue;
        }
        let hang_on_it = used(id);
        let wide = breaker.load_max_a.is_none_or(|most| most > 1.02 * breaker.load_min_a);
        if wide && !has(id, Attribute::Metered) {
            want(id, Wanted::Current, hang_on_it);
        }
        // And of what its load comes from.
        for from in load.shares_with(id) {
            if wide && dark.binary_search(&from).is_ok() && !has(from, Attribute::Metered) {
                want(from, Wanted::Current, hang_on_it);
            }
        }
        if let Some(Value::Breaker(rating)) = plant.component(id).attribute(Attribute::Breaker)
            && rating.standard.is_none()
        {
            want(id, Wanted::Standard, hang_on_it);
        }
        if wide && !said_voltage(plant, id) {
            want(id, Wanted::Voltage, hang_on_it);
        }
    }
    for (id, when) in &outcome.dark {
        let component = plant.component(*id);
        match component.kind {
            Kind::Ups if !has(*id, Attribute::Runtime) || !has(*id, Attribute::Capacity) => {
                want(*id, Wanted::Runtime, used(*id));
            }
            Kind::TransferSwitch if !when.by_s.is_finite() && !has(*id, Attribute::TransfersIn) => {
                want(*id, Wanted::TransferTime, used(*id));
            }
            _ => {}
        }
        let mut behind = Vec::new();
        each_input(plant, *id, &mut |input| behind.push(input));
        for mut at in behind {
            // A generator, or what stands between it and here.
            loop {
                let own = plant.component(at);
                if asked.contains(&at) {
                    break;
                }
                if own.condition.never_exercised {
                    want(at, Wanted::Exercise, used(*id));
                } else if own.kind == Kind::Generator && !has(at, Attribute::StartsIn) {
                    want(at, Wanted::StartTime, used(*id));
                }
                let mut above = Vec::new();
                each_input(plant, at, &mut |input| above.push(input));
                match above[..] {
                    [only] => at = only,
                    _ => break,
                }
            }
        }
    }
    facts.sort_by_key(|fact| (std::cmp::Reverse(fact.hang_on_it), fact.wanted, fact.component));
    facts.truncate(FACTS_MAX);
    facts
}

fn each_input(plant: &Plant, id: ComponentId, visit: &mut dyn FnMut(ComponentId)) {
    if let Some(power) = plant.component(id).requirement(Role::Power) {
        power.each_leaf(&mut |leaf| {
            if let Target::Component(input) = leaf.target {
                visit(input);
            }
        });
    }
}

/// Whether it or what feeds it says its voltage.
fn said_voltage(plant: &Plant, id: ComponentId) -> bool {
    let mut said = plant.component(id).attribute(Attribute::Voltage).is_some();
    each_input(plant, id, &mut |input| said |= said_voltage(plant, input));
    said
}
