//! What follows from what broke: a breaker that trips because of the load that moved to it, a UPS that runs
//! out, cooling that stops because its power comes from another source now, a transfer switch that does not
//! pick that other source.
//!
//! Such a fault is no coincidence, and its own failure rate says nothing about it: that feed A is dark makes
//! the breaker behind feed B a thousand times likelier to trip than it is on any other day. So the search
//! for causes asks here what the load layer makes of the faults it already believes in, and takes the
//! answer in place of the rate. What follows from what follows is found by asking again with both.
//!
//! It decides how a band of the load layer (*may trip*, from then on) becomes a probability. It never says
//! what the circuit says already: what a fault takes down by itself is none of its consequences. The
//! failure of one power supply moves the load of one machine, and that is left out of account. Tested at
//! its door on drawn plants (`tests/it/consequences.rs`).

use crate::circuit::{Circuit, GateId, InputId, Ripple, Subject};
use crate::load::{BreakerFate, Darkness, Load, LoadMemory, LoadOutcome, Loss, Verdict};
use crate::whatif::{fate_in_words, is_helpless, names_in_words, when_in_words};
use blackstart_model::kind::Kind;
use blackstart_model::plant::Role;
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::requirement::Target;
use blackstart_model::time::Duration;
use blackstart_model::{ComponentId, Plant};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What the load layer calls certain rests on the draws and cords of the plant file, which are wrong
/// somewhere in one of twenty cases (chosen by hand).
const CERTAIN: f64 = 0.95;

/// How likely a breaker is to trip when a draw behind it is not known and all that is known holds. Chosen by
/// hand: most are loaded so that one side carries both, and the others are why one asks.
const DRAW_UNKNOWN: f64 = 0.05;

/// How likely a UPS is to give out in the gap before something else takes over, where it may: worn
/// batteries are found that way (chosen by hand).
const GIVES_OUT: f64 = 0.1;

/// How likely cooling that no UPS carries is to stop when one of its sources is lost: large chillers stop at each
/// change, and nobody knows on which source it was (chosen by hand).
const STOPS: f64 = 0.5;

/// How likely a transfer switch is not to pick another source when the one it was on is lost: it is called once a year
/// or so, and whether it works then is seen at no other time (chosen by hand; less than a battery, which wears).
const STICKS: f64 = 0.05;

/// The most a circuit of unknown draws is taken to carry, in parts of its rating (chosen by hand: wiring
/// rules forbid more than four fifths of it while both sides live, and machines are rarely all busy).
const MOST_UNKNOWN: f64 = 1.5;

/// Where something overloaded is protected by nobody knows what, it is taken to give out at this part of its
/// rating at the latest (chosen by hand; makers of UPS let 1.25 pass for minutes and 1.5 for seconds).
const OVERLOADED: f64 = 1.5;

/// Plays of the load that are kept from one question to the next, and consequences in all of them (chosen by hand:
/// some megabytes); where there is no more room, all are played anew.
const KEPT_MAX: usize = 20_000;

/// What may trip at any time after the earliest does within a day or not at all: loads go round once a day
/// (chosen by hand).
const A_DAY: Duration = Duration::from_secs(24 * 3_600);

/// A fault that follows from others.
#[derive(Clone, PartialEq, Debug)]
pub struct Consequence {
    /// What would fail.
    pub input: InputId,
    /// How likely that is, at least and at most. *May trip* is anything from 0 to 1.
    pub probability: (f64, f64),
    /// One figure for it, between the two.
    pub typical: f64,
    /// Not sooner after the faults.
    pub not_before: Duration,
    /// By then, where that is known.
    pub not_after: Option<Duration>,
    /// The figures it rests on: `14.7 to 24.1 A of 16.0 A, not before 1.7 s`.
    pub because: String,
}

impl Consequence {
    /// How likely it is to have happened so long after the faults. Its time is taken to be spread evenly
    /// over the orders of magnitude between the earliest and the latest, as times to trip are.
    #[must_use]
    pub fn within(&self, span: Duration) -> f64 {
        let first = self.not_before.as_secs_f64().max(1.0);
        let last = self.not_after.unwrap_or(A_DAY).as_secs_f64().max(first);
        let span = span.as_secs_f64();
        if span < self.not_before.as_secs_f64() {
            return 0.0;
        }
        if last <= first || span >= last {
            return self.typical;
        }
        self.typical * ((span.max(first) / first).ln() / (last / first).ln())
    }
}

/// The power of a plant, made ready to be asked what follows.
#[derive(Debug)]
pub struct Electric {
    load: Load,
    /// By input: whether something that hands power on hangs on it.
    carries: Vec<bool>,
    /// What hands power on and needs more than power to do so.
    needy: Vec<ComponentId>,
    /// What a change of its source may stop.
    changing: Vec<Changing>,
    /// What was found to follow from which faults: it hangs on the plant alone.
    played: Mutex<Played>,
}

/// What may stop when one of these sources is lost, though another is left.
#[derive(Debug)]
struct Changing {
    of: ComponentId,
    sources: Vec<GateId>,
    chance: f64,
    because: &'static str,
}

/// Plays that are kept.
#[derive(Debug, Default)]
struct Played {
    of: HashMap<Vec<InputId>, Arc<[Consequence]>>,
    held: usize,
}

impl Electric {
    /// Of a plant. Linear in it.
    #[must_use]
    pub fn of(plant: &Plant, circuit: &Circuit) -> Self {
        let load = Load::of(plant, &[]);
        let ids = || (0..).map(ComponentId).take(plant.components().len());
        let power: Vec<ComponentId> = ids().filter(|&id| load.hands_on(id)).collect();
        let mut carries = vec![false; circuit.subjects().len()];
        let changing = ids().filter_map(|id| Changing::of(plant, circuit, id));
        let changing: Vec<_> = changing.filter(|it| !it.sources.is_empty()).collect();
        let gives_out =
            load.breakers() > 0 || ids().any(|id| plant.component(id).kind == Kind::Ups);
        if !gives_out && changing.is_empty() {
            let (needy, played) = (Vec::new(), Mutex::default());
            return Self { load, carries, needy, changing, played };
        }
        for input in circuit.support(power.iter().map(|&id| circuit.works(id))) {
            carries[input.index()] = true;
        }
        let needs = |id: &ComponentId| plant.component(*id).requirement(Role::Needs).is_some();
        let needy = power.into_iter().filter(needs).collect();
        Self { load, carries, needy, changing, played: Mutex::default() }
    }

    /// Whether a fault of this input touches anything that hands power on, in a plant in which something may
    /// trip, run empty or stop.
    #[must_use]
    pub fn carries(&self, input: InputId) -> bool {
        self.carries[input.index()]
    }
}

impl Changing {
    /// Cooling that no UPS carries, and transfer switches.
    fn of(plant: &Plant, circuit: &Circuit, unit: ComponentId) -> Option<Self> {
        let component = plant.component(unit);
        let is_kind = |kind: Kind| move |id: &ComponentId| plant.component(*id).kind == kind;
        let (way, chance, because) = match component.kind {
            Kind::TransferSwitch => {
                (vec![unit], STICKS, "it has to pick another source, and may not")
            }
            Kind::Cooling => {
                let because = "its power comes from another source, and it stops for that";
                let way = upwards(plant, unit);
                if way.iter().any(is_kind(Kind::Ups)) {
                    return None;
                }
                (way, STOPS, because)
            }
            _ => return None,
        };
        // It was on what is preferred; else on any but what stands by.
        let was_on = |of: ComponentId, name: Option<ComponentId>| match (
            plant.component(of).attribute(Attribute::Prefers),
            name,
        ) {
            (Some(Value::Components(preferred)), Some(name)) => preferred.contains(&name),
            (_, Some(name)) => !upwards(plant, name).iter().any(is_kind(Kind::Generator)),
            (_, None) => true,
        };
        let choices = circuit.choices();
        let on_its_way = choices.filter(|it| it.role == Role::Power && way.contains(&it.of));
        let sources = on_its_way.flat_map(|choice| {
            let members = choice.members.iter().zip(choice.names);
            members.filter(move |(_, name)| was_on(choice.of, **name)).map(|(gate, _)| *gate)
        });
        Some(Self { of: unit, sources: sources.collect(), chance, because })
    }
}

/// A component and all that may feed it.
fn upwards(plant: &Plant, of: ComponentId) -> Vec<ComponentId> {
    let mut way = vec![of];
    let mut at = 0;
    while let Some(&id) = way.get(at) {
        if let Some(power) = plant.component(id).requirement(Role::Power) {
            power.each_leaf(&mut |leaf| {
                if let Target::Component(source) = leaf.target
                    && !way.contains(&source)
                {
                    way.push(source);
                }
            });
        }
        at += 1;
    }
    way
}

/// What would follow from these faults, in the order of the plant; nothing, and at once, where none of them
/// touches anything that hands power on. Else as much as a sweep of the circuit and a play of the load.
#[must_use]
pub fn of(
    plant: &Plant,
    circuit: &Circuit,
    electric: &Electric,
    faults: &[InputId],
) -> Vec<Consequence> {
    if !faults.iter().any(|&input| electric.carries(input)) {
        return Vec::new();
    }
    let mut up: Option<Ripple<'_, 1>> = None;
    let mut failed: Vec<ComponentId> = Vec::new();
    for &input in faults {
        match circuit.subject(input) {
            Subject::Component(id) => failed.push(id),
            Subject::Spread { to, .. } => {
                let up = up.get_or_insert_with(|| circuit.ripple_of(faults));
                failed.extend(Some(to).filter(|&to| !up.holds(circuit.stands(to))));
            }
            Subject::Vantage(_) | Subject::Check(_) | Subject::Carriage { .. } => {}
        }
    }
    if !electric.needy.is_empty() {
        let up = up.get_or_insert_with(|| circuit.ripple_of(faults));
        let needy = electric.needy.iter().copied();
        failed.extend(needy.filter(|&id| is_helpless(plant, circuit, |gate| up.holds(gate), id)));
    }
    let loss = Loss { off: Vec::new(), failed };
    let outcome = electric.load.play(plant, &loss, &mut LoadMemory::default());
    let is_ups = |id: ComponentId| plant.component(id).kind == Kind::Ups;
    let quiet = outcome.breakers.iter().all(|fate| fate.verdict == Verdict::Holds)
        && !outcome.dark.iter().any(|(id, _)| is_ups(*id));
    if quiet && electric.changing.is_empty() {
        return Vec::new();
    }
    let up = up.unwrap_or_else(|| circuit.ripple_of(faults));
    let after = names_in_words(plant, &loss.failed);
    let still_up = |id: ComponentId| up.holds(circuit.works(id));
    let mut found: Vec<Consequence> = outcome
        .breakers
        .iter()
        .filter(|fate| still_up(fate.component))
        .filter_map(|fate| trips(circuit, fate))
        .collect();
    found.extend(gives_out(plant, circuit, &outcome, faults, &found));
    for consequence in &mut found {
        consequence.because = format!("without {after} it carries {}", consequence.because);
    }
    found.extend(stops(circuit, electric, &up, &after));
    found.sort_by_key(|consequence| consequence.input);
    found.dedup_by_key(|consequence| consequence.input);
    found
}

/// The same, played once for the same faults and kept, as long as there is room.
pub(crate) fn played(
    plant: &Plant,
    circuit: &Circuit,
    electric: &Electric,
    faults: &[InputId],
) -> Arc<[Consequence]> {
    let kept = || electric.played.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept().of.get(faults) {
        return known.clone();
    }
    let found: Arc<[Consequence]> = of(plant, circuit, electric, faults).into();
    let mut kept = kept();
    if kept.held > KEPT_MAX {
        *kept = Played::default();
    }
    kept.held += 1 + found.len();
    kept.of.insert(faults.to_vec(), found.clone());
    found
}

/// What goes on having power, from another source.
fn stops(
    circuit: &Circuit,
    electric: &Electric,
    up: &Ripple<'_, 1>,
    after: &str,
) -> Vec<Consequence> {
    let changes = |it: &&Changing| {
        let lost = |source: &GateId| up.was(*source) && !up.holds(*source);
        up.holds(circuit.works(it.of)) && it.sources.iter().any(lost)
    };
    let stop = |it: &Changing| Consequence {
        input: circuit.component_input(it.of),
        probability: (0.0, 1.0),
        typical: it.chance,
        not_before: Duration::ZERO,
        not_after: Some(Duration::ZERO),
        because: format!("without {after} {}", it.because),
    };
    electric.changing.iter().filter(changes).map(stop).collect()
}

/// A breaker's fate as a consequence, unless it holds.
fn trips(circuit: &Circuit, fate: &BreakerFate) -> Option<Consequence> {
    let (probability, typical) = match fate.verdict {
        Verdict::Holds => return None,
        Verdict::Trips => ((CERTAIN, 1.0), CERTAIN),
        Verdict::MayTrip => ((0.0, 1.0), in_the_band(fate)),
        Verdict::Unknown => ((0.0, 1.0), DRAW_UNKNOWN),
    };
    Some(Consequence {
        input: circuit.component_input(fate.component),
        probability,
        typical,
        not_before: span(fate.earliest_s.unwrap_or(0.0)),
        not_after: fate.latest_s.map(span),
        because: fate_in_words(fate),
    })
}

/// How likely a breaker is to trip that may: its current lies anywhere between the least and the most, and
/// the current at which this one trips anywhere between what every breaker of its kind carries and what
/// trips every one; both evenly, and apart from each other. So it is the mean, over the possible currents,
/// of the part of the breakers that each trips.
fn in_the_band(fate: &BreakerFate) -> f64 {
    let holds = fate.holds_a;
    let trips = fate.trips_a.unwrap_or(OVERLOADED * fate.rating_a).max(holds);
    let least = fate.load_min_a;
    let most = fate.load_max_a.unwrap_or(MOST_UNKNOWN * fate.rating_a).max(least);
    // The integral, up to a current, of the part of the breakers that trip.
    let tripping = |amps: f64| match () {
        () if amps <= holds => 0.0,
        () if amps < trips => (amps - holds).powi(2) / (2.0 * (trips - holds)),
        () => (trips - holds) / 2.0 + (amps - trips),
    };
    let mean = if most - least > 1e-9 {
        (tripping(most) - tripping(least)) / (most - least)
    } else if most >= trips {
        1.0
    } else {
        ((most - holds) / (trips - holds)).max(0.0)
    };
    mean.clamp(0.0, CERTAIN)
}

/// UPS that go dark although neither the faults nor what trips takes them down: they run out before
/// something else takes over.
fn gives_out(
    plant: &Plant,
    circuit: &Circuit,
    outcome: &LoadOutcome,
    faults: &[InputId],
    tripped: &[Consequence],
) -> Vec<Consequence> {
    let ups = |id: ComponentId| plant.component(id).kind == Kind::Ups;
    let dark = outcome.dark.iter().copied().filter(|(id, _)| ups(*id));
    let mut dark: Vec<(ComponentId, Darkness)> = dark.collect();
    if dark.is_empty() {
        return Vec::new();
    }
    let all: Vec<InputId> =
        faults.iter().copied().chain(tripped.iter().map(|it| it.input)).collect();
    let up = circuit.ripple_of(&all);
    dark.retain(|(id, _)| up.holds(circuit.works(*id)));
    let consequence = |(id, when): (ComponentId, Darkness)| {
        let certain = when.by_s.is_finite();
        Consequence {
            input: circuit.component_input(id),
            probability: if certain { (CERTAIN, 1.0) } else { (0.0, 1.0) },
            typical: if certain { CERTAIN } else { GIVES_OUT },
            not_before: span(when.from_s),
            not_after: (when.by_s < Darkness::EVENTUALLY_S).then(|| span(when.by_s)),
            because: format!("its load until it is empty, {}", when_in_words(when)),
        }
    };
    dark.into_iter().map(consequence).collect()
}

fn span(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}
