//! How likely a thing is to have broken, before looking.
//!
//! A probability, not a ratio: that it broke in this way within the time in question. So it competes with
//! "nothing broke" and with "something we do not model" on the same scale. It is the failure rate of its kind, or of
//! the plant's own figure ([`rates`]), times the exposure (from the last evidence that all worked until what
//! fails began to), times the share of failures that take this form; and what is near in time adds to it
//! ([`coincidence`]): a maintenance, something somebody did. Signs of trouble on it raise it. What nothing
//! watches may have failed long ago: its exposure goes back to when it was last exercised.
//!
//! It decides nothing by itself, and a calendar alone explains nothing: it adds a few percent, and what is
//! observed decides. Tested as cases (`tests/it/priors.rs`); with nothing near in time it is the rate alone.

use crate::circuit::{Circuit, InputId, Killers, Subject};
use crate::coincidence::{self, Happened};
use crate::diagnosability::{Signatures, Symptom};
use crate::rates;
use crate::state::Deeded;
use blackstart_model::check::Check;
use blackstart_model::kind::Kind;
use blackstart_model::plant::Condition;
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::record::{Deed, FaultMode};
use blackstart_model::time::Timestamp;
use blackstart_model::{CheckId, ComponentId, Plant};
use std::collections::{BTreeMap, BTreeSet};

/// Hours before the onset in which the fault may have come, at least, and where nobody knows: long enough
/// for the slowest check to have spoken once, short enough that two independent faults in it are rare
/// (chosen by hand). It is no shorter where checks are quick, for false alarms are counted by tries and not
/// by time, and were chosen beside it.
const EXPOSURE_HOURS: f64 = 1.0;

/// Failures per year below which nothing is taken to fall: once in ten thousand years (chosen by hand).
const SELDOM: f64 = 1e-4;

/// Log-probability that something outside the plant's model did it, within [`EXPOSURE_HOURS`]: about one
/// such event in three years, and it may show in any way (chosen by hand).
pub(crate) const UNMODELLED: f64 = -10.2;

/// How much likelier something is to fail that has shown signs of it. After their first scan error drives
/// are 39 times likelier to fail within 60 days (Pinheiro, Weber and Barroso, FAST 2007); after correctable
/// errors in a month memory is 9 to 400 times likelier to have one that is not (Schroeder, Pinheiro and Weber,
/// SIGMETRICS 2009). For other kinds the lower of these is taken, by hand.
const SIGNS_OF_TROUBLE: f64 = 30.0;

/// How likely something that failed and came back is to fail again within a day. A machine that crashed of its
/// processor once crashes again with odds of 1 in 3.3 (Nightingale, Douceur and Orgovan, EuroSys 2011, over 30
/// days and more); for all kinds, chosen by hand.
const AGAIN_IN_A_DAY: f64 = 0.2;

/// For how long something that nothing watches has not been exercised, where the plant does not say: things
/// are looked after once a year (chosen by hand).
const NOT_EXERCISED_HOURS: f64 = rates::HOURS_PER_YEAR;

/// The same where it never was: what is met by outages is three years old (chosen by hand).
const NEVER_EXERCISED_HOURS: f64 = 3.0 * rates::HOURS_PER_YEAR;

/// More than this no standby is believed to be dead before anything is seen (chosen by hand; of neglected
/// generators one in two fails within two days of running: Marqusee and Jenket, Applied Energy 268, 2020).
const LATENT_MAX: f64 = 0.1;

/// How likely something is to have been started again while what it needs to start was broken, where nobody tells
/// of a start and where somebody does (chosen by hand: services start themselves again now and then, and a
/// deed may have been another one than was meant).
const STARTED_UNTOLD: f64 = 0.01;
const STARTED_AGAIN: f64 = 0.9;

/// How long after it was started again it is seen that it did not come up, hours (chosen by hand).
const START_SHOWS_HOURS: f64 = 1.0;

/// Log-probability of what cannot be: a latent fault of what is watched would have been seen.
const IMPOSSIBLE: f64 = -60.0;

/// No probability is above this before anything is seen, for plants and calendars are wrong too (chosen by
/// hand).
const ALL_BUT_CERTAIN: f64 = 0.9;

/// What bears on priors besides the plant: how long, what is near in time, what has shown signs. The default
/// is a calm hour.
#[derive(Clone, Debug, Default)]
pub struct Context<'a> {
    now: Option<Timestamp>,
    /// Hours, where they are known to be more than [`EXPOSURE_HOURS`].
    exposure_hours: Option<f64>,
    /// By input: probability per hour that what is near in time adds.
    added_per_hour: BTreeMap<InputId, f64>,
    troubled: BTreeSet<ComponentId>,
    /// What somebody started again shortly before the onset.
    started: BTreeSet<ComponentId>,
    /// When somebody said last that a thing works.
    worked: BTreeMap<ComponentId, Timestamp>,
    unseen: Option<&'a Unseen>,
}

impl<'a> Context<'a> {
    /// The context of what began to fail at `happened.onset`. Linear in the plant for each maintenance and
    /// deed that is near; a look at each otherwise.
    #[must_use]
    pub fn of(
        plant: &Plant,
        circuit: &Circuit,
        unseen: &'a Unseen,
        happened: &Happened<'_>,
    ) -> Self {
        let mut added_per_hour: BTreeMap<InputId, f64> = BTreeMap::new();
        for influence in coincidence::influences(plant, circuit, happened) {
            // Of several reasons the strongest counts: they are seldom independent.
            let added = added_per_hour.entry(influence.input).or_default();
            *added = added.max(influence.per_hour);
        }
        for &id in happened.failed_before {
            *added_per_hour.entry(circuit.component_input(id)).or_default() +=
                AGAIN_IN_A_DAY / 24.0;
        }
        let started = |deeded: &Deeded| {
            let is_start = match deeded.did {
                Deed::Rebooted | Deed::Restarted | Deed::PowerCycled | Deed::Replaced => true,
                Deed::RolledBack | Deed::Fixed | Deed::SwitchedOff => false,
            };
            let hours = coincidence::hours_between(deeded.at, happened.onset);
            is_start && deeded.at <= happened.onset && hours <= START_SHOWS_HOURS
        };
        let started = happened
            .deeds
            .iter()
            .filter(|(_, deeds)| deeds.iter().any(started))
            .filter_map(|(name, _)| plant.find(name.as_str()))
            .collect();
        let hours = |since: Timestamp| coincidence::hours_between(since, happened.onset);
        Self {
            now: Some(happened.onset),
            exposure_hours: happened.working.map(hours),
            added_per_hour,
            troubled: happened.troubled.iter().copied().collect(),
            started,
            worked: BTreeMap::new(),
            unseen: Some(unseen),
        }
    }

    /// The same where somebody said when these worked last: they have not been dead for longer.
    #[must_use]
    pub fn with_worked(self, worked: BTreeMap<ComponentId, Timestamp>) -> Self {
        Self { worked, ..self }
    }

    fn exposure_hours(&self) -> f64 {
        self.exposure_hours.unwrap_or(EXPOSURE_HOURS).max(EXPOSURE_HOURS)
    }
}

/// Natural logarithm of the probability that `input` broke in this way within the exposure; of a fault that
/// spreads, that it does once the first has happened. That of another consequential fault is what it would
/// be by itself; what follows from other faults is told by [`consequence`](crate::consequence::of).
#[must_use]
pub fn log_prior(
    plant: &Plant,
    circuit: &Circuit,
    input: InputId,
    mode: FaultMode,
    context: &Context<'_>,
) -> f64 {
    let subject = circuit.subject(input);
    if mode == FaultMode::Latent {
        return latent(plant, circuit, input, context);
    }
    if let Subject::Check(check) = subject {
        let of = |rate: rates::Rate| rate.typical_per_year() / rates::HOURS_PER_YEAR;
        let beside = context.unseen.is_some_and(|unseen| unseen.beside(check));
        let in_part = if beside { of(rates::SEEN_BY_ONE) } else { 0.0 };
        let per_hour = match mode {
            FaultMode::Partial => in_part,
            FaultMode::WrongCheck => of(rates::CHECK),
            FaultMode::Flaky | FaultMode::Degraded => {
                (of(rates::CHECK) + in_part) * share(plant, subject, mode)
            }
            FaultMode::Down
            | FaultMode::Latent
            | FaultMode::Consequential
            | FaultMode::Misrouted
            | FaultMode::CutOff => of(rates::CHECK) + in_part,
        };
        return (per_hour * context.exposure_hours()).ln();
    }
    if let Subject::Spread { from, to } = subject {
        // It happens with what it follows from, and takes no time of its own.
        let chance = if takes_down(plant, from, to) {
            rates::middle(rates::SPREAD)
        } else if context.started.contains(&to) {
            STARTED_AGAIN
        } else {
            STARTED_UNTOLD
        };
        return chance.ln();
    }
    let share = share(plant, subject, mode);
    let troubled = match subject {
        Subject::Component(id) => context.troubled.contains(&id),
        Subject::Vantage(_)
        | Subject::Check(_)
        | Subject::Carriage { .. }
        | Subject::Spread { .. } => false,
    };
    let signs = if troubled { SIGNS_OF_TROUBLE } else { 1.0 };
    let added = context.added_per_hour.get(&input).copied().unwrap_or(0.0);
    let per_hour = per_hour(plant, subject) * signs + added;
    (per_hour * share * context.exposure_hours()).min(ALL_BUT_CERTAIN).ln()
}

/// Natural logarithm of the probability that something the plant does not contain did it, within the same
/// exposure.
#[must_use]
pub fn log_unmodelled(context: &Context<'_>) -> f64 {
    UNMODELLED + (context.exposure_hours() / EXPOSURE_HOURS).ln()
}

/// How often something fails by itself; what only another fault takes along, as often as it does so by
/// itself. Even what never failed yet may have.
pub(crate) fn per_hour(plant: &Plant, subject: Subject) -> f64 {
    let rate = match subject {
        Subject::Spread { from: _, to } => Some(rates::of(plant, to).0),
        Subject::Component(_)
        | Subject::Vantage(_)
        | Subject::Check(_)
        | Subject::Carriage { .. } => rates::of_subject(plant, subject),
    };
    let per_year = rate.map_or(0.0, |rate| rate.typical_per_year());
    per_year.max(SELDOM) / rates::HOURS_PER_YEAR
}

/// Whether a fault of one can take another down at any time, and not only when that is started again.
fn takes_down(plant: &Plant, from: ComponentId, to: ComponentId) -> bool {
    let named = plant.component(from).attribute(Attribute::CanTakeDown);
    matches!(named, Some(Value::Components(hit)) if hit.contains(&to))
}

/// Members of redundancy whose failure no check would see while the others stand; what is read at start and
/// not again; and checks that see of their component what others do not.
#[derive(Clone, Debug, Default)]
pub struct Unseen {
    /// By input.
    is: Vec<bool>,
    /// By check: that its component is down another would see too.
    beside: Vec<bool>,
    /// When somebody who reads it at their start last started, where that is known.
    read_at: BTreeMap<ComponentId, Timestamp>,
}

impl Unseen {
    /// Of a plant. Linear in its killer sets; where what checks see does not fit in memory, nothing is taken
    /// to be unseen.
    #[must_use]
    pub fn of(plant: &Plant, circuit: &Circuit, killers: &Killers) -> Self {
        let mut this = Self { is: vec![false; circuit.subjects().len()], ..Self::default() };
        let Ok(signatures) = Signatures::of(plant, circuit, killers) else { return this };
        let is_beside = |(at, check): (usize, &Check)| {
            let down = circuit.component_input(check.component);
            signatures.of_fault(down).any(|symptom| match symptom {
                Symptom::Fails { sees, .. } => circuit.sees()[sees].check.index() != at,
                Symptom::Lost(_) => false,
            })
        };
        this.beside = plant.checks().iter().enumerate().map(is_beside).collect();
        let unseen = &mut this.is;
        for choice in circuit.choices() {
            for input in choice.members.iter().flat_map(|&member| killers.alone(member)) {
                unseen[input.index()] = true;
            }
        }
        for &subject in circuit.subjects() {
            // What takes others along does so when it fails, and is no old story.
            if let Subject::Spread { from, to } = subject
                && !takes_down(plant, from, to)
            {
                unseen[circuit.component_input(from).index()] = true;
                if let Some(at) = plant.component(to).condition.exercised {
                    let read_at = this.read_at.entry(from).or_insert(at);
                    *read_at = at.max(*read_at);
                }
            }
        }
        for input in circuit.inputs() {
            unseen[input.index()] &=
                signatures.of_fault(input).next().is_none() && !signatures.silences(input);
        }
        this
    }

    /// Whether the component of a check is seen by others too: that this one fails alone may be a part of it.
    #[must_use]
    pub fn beside(&self, check: CheckId) -> bool {
        self.beside.get(check.index()).copied().unwrap_or(false)
    }

    /// Whether this input is one.
    #[must_use]
    pub fn contains(&self, input: InputId) -> bool {
        self.is.get(input.index()).copied().unwrap_or(false)
    }
}

/// That it has been dead for a while and nobody knew. What is not ours to repair somebody else has mended
/// meanwhile, so it is dead for no longer than a repair takes.
fn latent(plant: &Plant, circuit: &Circuit, input: InputId, context: &Context<'_>) -> f64 {
    let subject = circuit.subject(input);
    let (Some(now), Some(unseen), Subject::Component(id)) = (context.now, context.unseen, subject)
    else {
        return IMPOSSIBLE;
    };
    if !unseen.contains(input) {
        return IMPOSSIBLE;
    }
    let component = plant.component(id);
    let Condition { never_exercised, exercised, .. } = component.condition;
    let hours = match (never_exercised, exercised) {
        (true, _) => NEVER_EXERCISED_HOURS,
        (false, Some(at)) => coincidence::hours_between(at, now),
        (false, None) => NOT_EXERCISED_HOURS,
    };
    // Whoever read it at their start has exercised it.
    let read = unseen.read_at.get(&id).map(|&at| coincidence::hours_between(at, now));
    let worked = context.worked.get(&id).map(|&at| coincidence::hours_between(at, now));
    let hours = [read, worked].into_iter().flatten().fold(hours, f64::min);
    let hours = if mended_by_others(component.kind) {
        hours.min(rates::middle(rates::of(plant, id).0.repair_hours))
    } else {
        hours
    };
    let signs = if context.troubled.contains(&id) { SIGNS_OF_TROUBLE } else { 1.0 };
    let failed = per_hour(plant, subject) * signs * hours.max(EXPOSURE_HOURS);
    // 1 - exp(-λt): it has failed at least once since.
    (-(-failed).exp_m1()).clamp(f64::MIN_POSITIVE, LATENT_MAX).ln()
}

/// What others watch and mend whether we see it or not.
const fn mended_by_others(kind: Kind) -> bool {
    matches!(kind, Kind::Site | Kind::Room | Kind::Feed | Kind::Upstream | Kind::Prefix)
}

/// The share of a subject's failures that take this form. The rate of its kind counts those that stop it;
/// the others come on top.
fn share(plant: &Plant, subject: Subject, mode: FaultMode) -> f64 {
    let shares = match subject {
        Subject::Component(id) => Shares::of(plant.component(id).kind),
        Subject::Vantage(_)
        | Subject::Check(_)
        | Subject::Carriage { .. }
        | Subject::Spread { .. } => Shares::NETWORK,
    };
    match mode {
        FaultMode::Flaky => shares.flaky,
        FaultMode::Partial => shares.partial,
        FaultMode::Degraded => shares.degraded,
        FaultMode::Down
        | FaultMode::Latent
        | FaultMode::Consequential
        | FaultMode::Misrouted
        | FaultMode::CutOff
        | FaultMode::WrongCheck => 1.0,
    }
}

/// For one failure that stops a thing, so many that do not.
///
/// Chosen by hand, all of them; no study was found that counts the same for several kinds. What carries
/// packets often fails in turns (Gill, Jain and Nagappan, SIGCOMM 2011, had to filter out interfaces that flap
/// before they could count failures); what is software is often slow before it is gone; what carries
/// current is there or is not.
#[derive(Clone, Copy)]
struct Shares {
    flaky: f64,
    partial: f64,
    degraded: f64,
}

impl Shares {
    /// A port, a cable, an antenna: one thing that fails in turns as often as for good.
    const CABLE: Self = Self { flaky: 0.5, partial: 0.01, degraded: 0.5 };
    /// What forwards for many: a line card, a route, a table that is full.
    const NETWORK: Self = Self { flaky: 0.2, partial: 0.05, degraded: 0.3 };
    /// What lets through by rules: one of them is wrong.
    const FILTER: Self = Self { flaky: 0.1, partial: 0.2, degraded: 0.1 };
    /// What others keep their data on: a volume is full, or may only be read.
    const STORAGE: Self = Self { flaky: 0.1, partial: 0.1, degraded: 0.3 };
    /// What runs on a machine.
    const SOFTWARE: Self = Self { flaky: 0.2, partial: 0.02, degraded: 0.5 };
    /// A machine that reboots again and again, a disk that is slow.
    const MACHINE: Self = Self { flaky: 0.1, partial: 0.01, degraded: 0.1 };
    /// What carries current: a loose contact, one bank of sockets.
    const POWER: Self = Self { flaky: 0.05, partial: 0.02, degraded: 0.01 };
    /// A place, and what keeps it cool.
    const PLACE: Self = Self { flaky: 0.02, partial: 0.02, degraded: 0.2 };

    const fn of(kind: Kind) -> Self {
        match kind {
            Kind::Nic | Kind::Link => Self::CABLE,
            Kind::Switch
            | Kind::Router
            | Kind::LoadBalancer
            | Kind::Vip
            | Kind::Upstream
            | Kind::Prefix => Self::NETWORK,
            Kind::Firewall => Self::FILTER,
            Kind::Storage => Self::STORAGE,
            Kind::Vm
            | Kind::Container
            | Kind::Database
            | Kind::Service
            | Kind::Website
            | Kind::Job
            | Kind::Monitor
            | Kind::Customer
            | Kind::Component => Self::SOFTWARE,
            Kind::Server
            | Kind::Bmc
            | Kind::Hypervisor
            | Kind::Disk
            | Kind::File
            | Kind::Certificate
            | Kind::Backup => Self::MACHINE,
            Kind::Feed
            | Kind::Ups
            | Kind::Generator
            | Kind::TransferSwitch
            | Kind::Pdu
            | Kind::Breaker
            | Kind::Outlet
            | Kind::Psu => Self::POWER,
            Kind::Site | Kind::Room | Kind::Rack | Kind::Cooling => Self::PLACE,
        }
    }
}
