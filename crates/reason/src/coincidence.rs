//! Coincidence or not: the odds that something near in time caused a fault, against its having broken by
//! itself just then.
//!
//! Near is what people announced (a maintenance, whether it has begun by the calendar or not), what
//! somebody did (a deed), the end of what is good until a date (a certificate), and another fault that is
//! believed (whose load has moved). For each the question
//! is the same: how likely is this fault, in this stretch of time, because of that; and how likely by
//! itself, by the failure rate of its kind? Their ratio is the odds. The priors of the search use the same
//! figures ([`influences`] here, [`prior`](crate::prior) there), so what is said and what is believed agree.
//!
//! Most of these figures are chosen by hand and may be wrong tenfold either way; so may a rate. The odds are
//! told as a range, a tenth to ten times what the figures come to, and *undecided* where that lies on both
//! sides of 1. A calendar by itself explains nothing: only faults that something observed speaks for
//! come here. Tested as cases (`tests/it/coincidences.rs`).

use crate::circuit::{Circuit, Gate, InputId, Subject};
use crate::consequence::{self, Electric};
use crate::diagnosis::Fault;
use crate::history::signed;
use crate::prior;
use crate::rates;
use crate::state::Deeded;
use crate::summary::fault_name;
use blackstart_model::kind::Kind;
use blackstart_model::plant::{Maintenance, Role};
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::record::{Coincidence, Deed, FaultMode};
use blackstart_model::requirement::Target;
use blackstart_model::time::{Duration, Timestamp, shown, shown_span};
use blackstart_model::{ComponentId, ComponentName, Plant};
use std::collections::BTreeMap;

/// How far the odds may be wrong either way: every figure they rest on is an order of magnitude.
const TENFOLD: f64 = 10.0;

/// Odds beyond which nobody believes a figure made of guesses.
const ODDS_MAX: f64 = 1e6;

/// Maintenances and deeds that are looked at for one fault, at most: so many are never near at once, and
/// each costs a look at the whole plant.
const NEAR_MAX: usize = 16;

/// Coincidences told of one diagnosis, at most (chosen by hand: a tired person reads three).
const TOLD_MAX: usize = 8;

/// What of maintenances happens within its window, what before and what after it (chosen by hand: one in
/// twenty starts early, by a mistaken day, zone or plan, and one in twenty is late).
const IN_TIME: f64 = 0.9;
const EARLY: f64 = 0.05;
const LATE: f64 = 0.05;

/// How much too early a maintenance may be, hours: a mistaken day, and the day before (chosen by hand).
const EARLY_HOURS: f64 = 48.0;

/// And how late (chosen by hand).
const LATE_HOURS: f64 = 24.0;

/// How long after a deed its harm shows, hours (chosen by hand: what starts badly fails at once, and what
/// was left loose within the hour).
const DEED_HOURS: f64 = 2.0;

/// How long after its end it shows that something was good until a date, hours (chosen by hand: sessions are made
/// anew within the day).
const ENDED_HOURS: f64 = 24.0;

/// A window is no shorter than this, hours: times of announcements are rounded.
const WINDOW_HOURS_MIN: f64 = 1.0;

/// Two instants are not known better than this apart: what a check with the usual period can tell.
const RESOLUTION: Duration = Duration::from_secs(60);

/// How likely a load trips something sooner than its band allows: a battery that is worn, a breaker that is, a
/// figure of the plant that is wrong (chosen by hand).
const TOO_SOON: f64 = 1e-3;

/// How likely a maintenance breaks what nothing known joins to it: one line in a hundred of a plant is
/// missing, and one in a hundred of those matters (chosen by hand).
const UNRELATED: f64 = 1e-4;

/// What happened, or was announced, near the time at which something began to fail.
#[derive(Clone, Copy, Debug)]
pub struct Happened<'a> {
    /// When what fails began to.
    pub onset: Timestamp,
    /// The last evidence before it that all worked; `None` where there is none.
    pub working: Option<Timestamp>,
    /// What people did, by component.
    pub deeds: &'a BTreeMap<ComponentName, Vec<Deeded>>,
    /// What has shown signs of trouble: errors, losses, what answers badly.
    pub troubled: &'a [ComponentId],
    /// What was believed to have failed within the last day, and came back.
    pub failed_before: &'a [ComponentId],
    /// What ends by itself, and when, as [`ends`] has it.
    pub ends: &'a [(ComponentId, Timestamp)],
}

/// What of a plant ends by itself, and when: certificates, contracts. Linear in the plant.
#[must_use]
pub fn ends(plant: &Plant) -> Vec<(ComponentId, Timestamp)> {
    let all = (0..).map(ComponentId).zip(plant.components());
    let end = all.map(|(id, component)| match component.attribute(Attribute::Expires) {
        Some(&Value::Instant(end)) => Some((id, end)),
        _ => None,
    });
    end.flatten().collect()
}

/// A fault that is believed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Believed {
    /// What broke.
    pub input: InputId,
    /// How.
    pub mode: FaultMode,
    /// From when on it shows; `None` where that is not known.
    pub since: Option<Timestamp>,
}

/// What one thing near in time adds to how likely a fault is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Influence {
    /// The fault.
    pub input: InputId,
    /// The probability per hour, around the onset.
    pub per_hour: f64,
}

/// How a component stands to what is worked on, the closest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Relation {
    /// It was good until then.
    Ended,
    /// It is what is switched off.
    SwitchedOff,
    /// The announcement says that it will be hit.
    SaidToBeHit,
    /// It is what somebody had their hands in.
    Handled,
    /// The same people may change it.
    SameHands,
    /// It goes dark with it.
    GoesDark,
    /// It stands in the same rack or room.
    Beside,
    /// It depends on it and goes on.
    Leans,
}

impl Relation {
    /// How likely such a thing fails because of the work, at any time during it. Chosen by hand, all of them.
    /// That changes are behind most outages is well known (Beyer et al., Site Reliability Engineering, 2016: about
    /// 70 %); how many changes go well is counted nowhere.
    const fn chance(self) -> f64 {
        match self {
            // Half of the dates in a plant file are of before the last renewal.
            Self::Ended => 0.5,
            // Some are called off on the day.
            Self::SwitchedOff => 0.95,
            Self::SaidToBeHit => 0.5,
            Self::Handled => 0.05,
            Self::SameHands => 0.01,
            // Of a hundred machines that lose power one does not come back, or a disk of it.
            Self::GoesDark => 0.01,
            // A cord is pulled that looks like the right one.
            Self::Beside => 1.0 / 300.0,
            Self::Leans => 1.0 / 500.0,
        }
    }

    /// Why, with how often such a thing fails by it.
    fn reason(self) -> String {
        let words = match self {
            Self::Ended => "it was good until then, if it was not renewed",
            Self::SwitchedOff => "it is what is switched off",
            Self::SaidToBeHit => "it is announced to be hit",
            Self::Handled => "it was worked on",
            Self::SameHands => "the same people may change it",
            Self::GoesDark => "it goes dark with what is worked on",
            Self::Beside => "it stands beside what is worked on",
            Self::Leans => "it depends on what is worked on",
        };
        match self {
            Self::SwitchedOff | Self::Ended => words.to_owned(),
            Self::SaidToBeHit
            | Self::Handled
            | Self::SameHands
            | Self::GoesDark
            | Self::Beside
            | Self::Leans => format!("{words}, of which one in {:.0} fails", 1.0 / self.chance()),
        }
    }
}

/// Something near in time, and how the plant stands to it.
struct Near<'a> {
    what: What<'a>,
    /// By input.
    relations: Vec<Option<Relation>>,
    /// Of the chance that it does harm at all, the part per hour around the onset.
    per_hour: f64,
}

#[derive(Clone, Copy)]
enum What<'a> {
    Maintenance(&'a Maintenance, When),
    Deed(ComponentId, &'a Deeded),
    /// What is good until a date, and when that was.
    End(ComponentId, Timestamp),
}

/// Where an instant lies to a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum When {
    Before,
    Within,
    After,
}

impl Near<'_> {
    /// Whether this is what is switched off.
    fn switches_off(&self, circuit: &Circuit, input: InputId) -> bool {
        let worked_on = match &self.what {
            What::Maintenance(maintenance, _) => &maintenance.off[..],
            What::Deed(id, _) => std::slice::from_ref(id),
            What::End(..) => &[],
        };
        worked_on.iter().any(|&id| circuit.component_input(id) == input)
    }

    /// The chance that it breaks this input, around the onset.
    fn chance_per_hour(&self, input: InputId) -> f64 {
        self.relations[input.index()].map_or(0.0, Relation::chance) * self.per_hour
    }
}

/// What is near the onset adds this to how likely faults are; one entry for each input and each thing that
/// is near, where it adds anything. Linear in the circuit for each of these.
#[must_use]
pub fn influences(plant: &Plant, circuit: &Circuit, happened: &Happened<'_>) -> Vec<Influence> {
    let mut influences = Vec::new();
    for near in near(plant, circuit, happened.onset, happened) {
        for input in circuit.inputs() {
            let per_hour = near.chance_per_hour(input);
            if per_hour > 0.0 {
                influences.push(Influence { input, per_hour });
            }
        }
    }
    influences
}

/// For each of these faults, the odds that what is near in time caused it; the most telling first. As much
/// as [`influences`] for each fault.
#[must_use]
pub fn of(
    plant: &Plant,
    circuit: &Circuit,
    electric: &Electric,
    believed: &[Believed],
    happened: &Happened<'_>,
) -> Vec<Coincidence> {
    let mut told: Vec<(f64, Coincidence)> = Vec::new();
    for fault in believed {
        let subject = circuit.subject(fault.input);
        let view = View { plant, circuit, fault, alone_per_hour: prior::per_hour(plant, subject) };
        if let Subject::Spread { from, to } = subject {
            let takes = plant.component(from).attribute(Attribute::CanTakeDown);
            if matches!(takes, Some(Value::Components(hit)) if hit.contains(&to)) {
                told.push(spread(&view, from, believed, happened));
            }
            continue;
        }
        // What was dead long before is no matter of these hours.
        if fault.mode == FaultMode::Latent {
            continue;
        }
        told.extend(moved_load(&view, electric, believed, happened));
        let onset = fault.since.unwrap_or(happened.onset);
        let near = near(plant, circuit, onset, happened);
        told.extend(near.iter().filter_map(|near| view.against(near, onset, believed)));
    }
    // What is decided, and most clearly, first.
    told.sort_by(|(one, _), (other, _)| other.ln().abs().total_cmp(&one.ln().abs()));
    told.truncate(TOLD_MAX);
    told.into_iter().map(|(_, coincidence)| coincidence).collect()
}

/// One fault that is looked at.
struct View<'a> {
    plant: &'a Plant,
    circuit: &'a Circuit,
    fault: &'a Believed,
    alone_per_hour: f64,
}

impl View<'_> {
    /// The odds of "caused by this" as they are told, or nothing where it is not worth a line.
    fn against(
        &self,
        near: &Near<'_>,
        onset: Timestamp,
        believed: &[Believed],
    ) -> Option<(f64, Coincidence)> {
        let input = self.fault.input;
        let off = |it: &&Believed| it.input != input && near.switches_off(self.circuit, it.input);
        // It did not go dark with what nobody believes to be off.
        let relation = near.relations[input.index()].filter(|relation| {
            *relation != Relation::GoesDark || believed.iter().any(|it| off(&it))
        });
        let (chance, why) = match (relation, near.what) {
            (Some(relation), _) => {
                let early = matches!(near.what, What::Maintenance(_, When::Before));
                let often = if early { ", and one maintenance in twenty starts early" } else { "" };
                let chance = relation.chance() * near.per_hour;
                (chance, format!("{}{often}", relation.reason()))
            }
            (None, What::Maintenance(_, When::Within)) => {
                let why = "nothing that the plant knows joins the two".to_owned();
                (UNRELATED * near.per_hour, why)
            }
            (
                None,
                What::Maintenance(_, When::Before | When::After) | What::Deed(..) | What::End(..),
            ) => return None,
        };
        let odds = chance / self.alone_per_hour;
        let (who, when, verdict) = match near.what {
            What::Maintenance(maintenance, when) => {
                let zone = self.plant.zone();
                let Maintenance { name, by, from, to, .. } = maintenance;
                let window = match when {
                    When::Before => format!(
                        "{} before {name} of {by} is due ({})",
                        rounded_span(span_between(onset, *from)),
                        shown(*from, zone)
                    ),
                    When::Within => format!("within {name} of {by}"),
                    When::After => format!(
                        "{} after {name} of {by} was to end ({})",
                        rounded_span(span_between(*to, onset)),
                        shown(*to, zone)
                    ),
                };
                let verdict = match (when, relation) {
                    (When::Before, Some(Relation::SwitchedOff)) => "it seems to have started early",
                    (When::Within, Some(Relation::SwitchedOff)) => "it is off as announced",
                    (When::After, Some(Relation::SwitchedOff)) => "it seems to be overrunning",
                    (_, _) => "caused by that work",
                };
                (name.to_string(), window, verdict)
            }
            What::Deed(id, deeded) => {
                let name = &self.plant.component(id).name;
                let did = format!("{name} {}", deeded.did.as_str());
                let passed = rounded_span(span_between(deeded.at, onset));
                let when = format!("{passed} after {} ({})", did, deeded.who);
                (did, when, "caused by that")
            }
            What::End(id, end) => {
                let passed = rounded_span(span_between(end, onset));
                let when = format!("{passed} after its end ({})", shown(end, self.plant.zone()));
                (format!("the end of {}", self.plant.component(id).name), when, "it has expired")
            }
        };
        Some(self.told(who, &when, odds, (verdict, &why)))
    }

    /// The odds with their range, in words.
    fn told(
        &self,
        near: String,
        when: &str,
        odds: f64,
        (verdict, why): (&str, &str),
    ) -> (f64, Coincidence) {
        let Self { plant, circuit, fault, alone_per_hour } = self;
        let &&Believed { input, mode, since: _ } = fault;
        let fault = fault_name(plant, circuit, &Fault { input, mode, first: 0, last: None });
        let (low, high) = (odds / TENFOLD, (odds * TENFOLD).min(ODDS_MAX));
        let verdict = match () {
            () if low > 1.0 => format!("{verdict}, odds {} to 1", range(low, high)),
            () if high < 1.0 => {
                let against = range(1.0 / high, (1.0 / low).min(ODDS_MAX));
                format!("a coincidence, odds {against} to 1")
            }
            () => format!(
                "coincidence or not is undecided, odds from {} to 1 for a coincidence to {} to 1 against it",
                figure(1.0 / low),
                figure(high)
            ),
        };
        let years = 1.0 / (alone_per_hour * rates::HOURS_PER_YEAR);
        let sentence = format!(
            "{}, {when}: {verdict}; {why}; by itself it fails about once in {}",
            fault.subject,
            span_of_years(years)
        );
        let low = low.min(ODDS_MAX);
        (odds, Coincidence { fault, near, odds_low: low, odds_high: high, sentence })
    }
}

/// Whether load that another believed fault has moved explains this one.
fn moved_load(
    view: &View<'_>,
    electric: &Electric,
    believed: &[Believed],
    happened: &Happened<'_>,
) -> Option<(f64, Coincidence)> {
    let View { plant, circuit, fault, alone_per_hour } = view;
    let since = |it: &Believed| it.since.unwrap_or(happened.onset);
    let earlier: Vec<&Believed> = believed
        .iter()
        .filter(|other| other.input != fault.input && since(other) <= since(fault))
        .filter(|other| electric.carries(other.input))
        .collect();
    let last = earlier.iter().map(|other| since(other)).max()?;
    let broke: Vec<InputId> = earlier.iter().map(|other| other.input).collect();
    let follows = consequence::played(plant, circuit, electric, &broke);
    let load = follows.iter().find(|it| it.input == fault.input)?.clone();
    let names: Vec<String> = earlier
        .iter()
        .map(|other| {
            let Believed { input, mode, since: _ } = **other;
            fault_name(plant, circuit, &Fault { input, mode, first: 0, last: None }).subject
        })
        .collect();
    let passed = span_between(last, since(fault)).max(RESOLUTION);
    let in_its_time = load.within(passed);
    let caused = in_its_time.max(TOO_SOON);
    let why = if in_its_time > 0.0 {
        load.because
    } else {
        format!("{}; it was sooner, so it is weaker than the plant says", load.because)
    };
    let alone = 1.0 - (-alone_per_hour * passed.as_secs_f64() / 3_600.0).exp();
    let names = names.join(" and ");
    let when = format!("{} after {names}", rounded_span(passed));
    let odds = caused / alone;
    let is_cooling = |id: ComponentId| plant.component(id).kind == Kind::Cooling;
    let by = match circuit.subject(fault.input) {
        Subject::Component(id) if is_cooling(id) => "caused by the change of its source of power",
        _ => "caused by the load that moved to it",
    };
    Some(view.told(names, &when, odds, (by, &why)))
}

/// What the plant says one fault can take along, against both at once.
fn spread(
    view: &View<'_>,
    from: ComponentId,
    believed: &[Believed],
    happened: &Happened<'_>,
) -> (f64, Coincidence) {
    let View { plant, circuit, fault, alone_per_hour } = view;
    let since = |it: &Believed| it.since.unwrap_or(happened.onset);
    let first = believed.iter().find(|it| it.input == circuit.component_input(from));
    let passed = first.map_or(RESOLUTION, |first| span_between(since(first), since(fault)));
    let passed = passed.max(RESOLUTION);
    let near = plant.component(from).name.to_string();
    let when = format!("{} after {near}", rounded_span(passed));
    let chance = rates::middle(rates::SPREAD);
    let odds = chance / (1.0 - (-alone_per_hour * passed.as_secs_f64() / 3_600.0).exp());
    let often = format!("the plant says that it can be, and one time in {:.0} it is", 1.0 / chance);
    view.told(near, &when, odds, ("taken down by it", &often))
}

/// What is near an instant, at most [`NEAR_MAX`] things: those that would do most harm in an hour.
fn near<'a>(
    plant: &'a Plant,
    circuit: &Circuit,
    onset: Timestamp,
    happened: &Happened<'a>,
) -> Vec<Near<'a>> {
    let mut near: Vec<(f64, What<'a>)> = Vec::new();
    for maintenance in plant.maintenance() {
        let hours = hours_between(maintenance.from, maintenance.to).max(WINDOW_HOURS_MIN);
        let per_hour = if onset < maintenance.from {
            (hours_between(onset, maintenance.from) <= EARLY_HOURS)
                .then_some((EARLY / EARLY_HOURS, When::Before))
        } else if onset < maintenance.to {
            Some((IN_TIME / hours, When::Within))
        } else {
            (hours_between(maintenance.to, onset) <= LATE_HOURS)
                .then_some((LATE / LATE_HOURS, When::After))
        };
        near.extend(
            per_hour.map(|(per_hour, when)| (per_hour, What::Maintenance(maintenance, when))),
        );
    }
    for (name, deeds) in happened.deeds {
        let Some(id) = plant.find(name.as_str()) else { continue };
        let recent = deeds
            .iter()
            .filter(|deeded| deeded.at <= onset && hours_between(deeded.at, onset) <= DEED_HOURS);
        near.extend(recent.map(|deeded| (1.0 / DEED_HOURS, What::Deed(id, deeded))));
    }
    for &(id, end) in happened.ends {
        // Clocks differ, and what fails at the very end is seen a little before it.
        let shown = onset.checked_add(signed(RESOLUTION)).unwrap_or(onset);
        if end <= shown && hours_between(end, onset) <= ENDED_HOURS {
            near.push((1.0 / ENDED_HOURS, What::End(id, end)));
        }
    }
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    near.truncate(NEAR_MAX);
    near.into_iter()
        .map(|(per_hour, what)| Near { what, relations: stands(plant, circuit, what), per_hour })
        .collect()
}

/// How every input stands to some work. What its load would trip is no part of it: that follows from what is
/// off, if that is believed, and not from the calendar.
fn stands(plant: &Plant, circuit: &Circuit, what: What<'_>) -> Vec<Option<Relation>> {
    let mut relations: Vec<Option<Relation>> = vec![None; circuit.subjects().len()];
    let (worked_on, goes_off, by): (&[ComponentId], bool, Option<&str>) = match &what {
        What::Maintenance(maintenance, _) => (&maintenance.off, true, Some(&maintenance.by)),
        What::Deed(id, deeded) => {
            (std::slice::from_ref(id), deeded.did == Deed::SwitchedOff, Some(&deeded.who))
        }
        What::End(id, _) => {
            relations[circuit.component_input(*id).index()] = Some(Relation::Ended);
            return relations;
        }
    };
    let off: Vec<InputId> = worked_on.iter().map(|&id| circuit.component_input(id)).collect();
    let up = circuit.under(&off);
    let leans = above(circuit, &off);
    let places: Vec<ComponentId> = worked_on.iter().filter_map(|&id| place(plant, id)).collect();
    let hands_at_it = match what {
        What::Maintenance(..) => true,
        What::End(..) => false,
        What::Deed(_, deeded) => match deeded.did {
            Deed::PowerCycled | Deed::Replaced | Deed::SwitchedOff | Deed::Fixed => true,
            Deed::Rebooted | Deed::Restarted | Deed::RolledBack => false,
        },
    };
    for (at, component) in (0..).zip(plant.components()) {
        let id = ComponentId(at);
        if component.kind == Kind::Customer {
            continue;
        }
        let mut closest: Option<Relation> = None;
        let mut is = |relation: Relation, holds: bool| {
            if holds && closest.is_none_or(|other| relation.chance() > other.chance()) {
                closest = Some(relation);
            }
        };
        let worked_on = worked_on.contains(&id);
        is(Relation::SwitchedOff, worked_on && goes_off);
        is(Relation::Handled, worked_on && !goes_off);
        if let What::Maintenance(Maintenance { affects: Some(affects), .. }, _) = what {
            is(Relation::SaidToBeHit, affects.contains(&id));
        }
        if !worked_on {
            is(Relation::SameHands, by.is_some_and(|by| may_change(plant, id, by)));
            let gate = circuit.works(id).index();
            is(Relation::GoesDark, leans[gate] && !up[gate]);
            is(Relation::Leans, leans[gate] && up[gate]);
            let beside = place(plant, id).is_some_and(|place| places.contains(&place));
            is(Relation::Beside, hands_at_it && beside);
        }
        relations[circuit.component_input(id).index()] = closest;
    }
    relations
}

/// Which gates any of these inputs has a part in. Linear in the circuit.
fn above(circuit: &Circuit, inputs: &[InputId]) -> Vec<bool> {
    let mut above = vec![false; circuit.len()];
    for input in inputs {
        above[input.index()] = true;
    }
    for gate in circuit.gates() {
        let children = match circuit.gate(gate) {
            Gate::Input(_) => continue,
            Gate::And(children) | Gate::Or(children) | Gate::AtLeast(_, children) => children,
        };
        above[gate.index()] = children.iter().any(|child| above[child.index()]);
    }
    above
}

/// The rack or room a component stands in, where it names one.
fn place(plant: &Plant, id: ComponentId) -> Option<ComponentId> {
    let mut found = None;
    plant.component(id).requirement(Role::In)?.each_leaf(&mut |leaf| {
        if let Target::Component(place) = leaf.target
            && matches!(plant.component(place).kind, Kind::Rack | Kind::Room)
        {
            found = Some(place);
        }
    });
    found
}

/// Whether the plant says that these people may change it.
fn may_change(plant: &Plant, id: ComponentId, by: &str) -> bool {
    match plant.component(id).attribute(Attribute::ChangedBy) {
        Some(Value::Texts(who)) => who.iter().any(|who| who.eq_ignore_ascii_case(by)),
        _ => false,
    }
}

/// Hours from one instant to a later one; none where it is earlier.
pub(crate) fn hours_between(from: Timestamp, to: Timestamp) -> f64 {
    span_between(from, to).as_secs_f64() / 3_600.0
}

fn span_between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}

/// A span to the minute: nobody knows it better.
fn rounded_span(span: Duration) -> String {
    let minutes = span.as_secs() / 60;
    match minutes {
        0 => "less than a minute".to_owned(),
        1..60 => format!("{minutes} min"),
        _ => shown_span(Duration::from_secs(minutes * 60)),
    }
}

fn range(low: f64, high: f64) -> String {
    if low >= ODDS_MAX {
        return format!("more than {}", figure(ODDS_MAX));
    }
    format!("{} to {}", figure(low), figure(high))
}

/// A figure to one digit, for it is no better known: `300`, `30,000`; below ten to a half.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "below ODDS_MAX by far"
)]
fn figure(value: f64) -> String {
    if value < 10.0 {
        return format!("{:.1}", value.max(0.1)).trim_end_matches(".0").to_owned();
    }
    let unit = 10_f64.powf(value.log10().floor());
    let digits = ((value / unit).round() * unit).round() as u64;
    let digits = digits.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn span_of_years(years: f64) -> String {
    match years {
        ..0.2 => format!("{:.0} weeks", (years * 52.2).max(1.0)),
        ..1.75 => format!("{:.0} months", years * 12.0),
        _ => format!("{years:.0} years"),
    }
}
