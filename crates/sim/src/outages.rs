//! Outages that never happened: drawn at random on [pretended plants](crate::plants), played, and tallied.
//!
//! What can be known is not more than what shows: `reason::diagnosability` says of each fault whether any
//! check would see it and which others look alike, and an outage counts as *knowable* when each of its
//! faults shows in a way of its own, and in more than one check, for else the check may be wrong. Of faults
//! that look alike, naming the group is right.
//!
//! The numbers follow from the seed alone.

use crate::chance::Chance;
use crate::plants::{pretend, pretend_every};
use crate::play::{confirmed, is_alarm};
use crate::scenario::{Happening, Mode, Named, Senses, What};
use crate::verdict::{Verdict, is};
use crate::world::World;
use blackstart_model::CheckId;
use blackstart_model::incident::IncidentState;
use blackstart_model::kind::Kind;
use blackstart_model::plant::Plant;
use blackstart_model::plantfile;
use blackstart_model::record::{Decision, PlantSource};
use blackstart_model::time::{Duration, SignedDuration, Timestamp, shown_span};
use blackstart_reason::circuit::{Circuit, InputId, Killers, Subject};
use blackstart_reason::diagnosability::{Signatures, Symptom};
use blackstart_reason::rates;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

/// What is drawn.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Class {
    /// One thing breaks for good.
    Hard,
    /// Two things break, independently, within the hour, and each shows.
    Double,
    /// Both of two that stand in for each other break, one after the other.
    Behind,
    /// One thing fails in turns.
    Flaky,
    /// One of two that stand in for each other has long been broken, unseen; then the other breaks.
    Latent,
    /// A vantage loses its way out, or is heard no more.
    Cut,
    /// Nothing breaks, and the probes lie.
    Quiet,
}

impl Class {
    /// All of them, with their names.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("hard", Self::Hard),
        ("double", Self::Double),
        ("behind", Self::Behind),
        ("flaky", Self::Flaky),
        ("latent", Self::Latent),
        ("cut", Self::Cut),
        ("quiet", Self::Quiet),
    ];
}

/// How the worlds are.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Setting {
    /// Racks of a plant, at least and at most.
    pub racks: (usize, usize),
    /// The senses.
    pub senses: Senses,
    /// The share of wires that lie elsewhere in truth.
    pub moved: f64,
    /// By how much kinds of things truly break more often or more seldom than is believed; each kind the
    /// one or the other at random. 1 is as believed, and then all things break alike.
    pub rates_off: f64,
}

impl Setting {
    /// Small plants, wired as is believed, with senses as good as real ones: one try in a thousand lies,
    /// one in a thousand is lost, agents' news take up to two seconds and come twice once in a hundred.
    #[must_use]
    pub const fn usual() -> Self {
        let senses = Senses {
            lies: 0.001,
            lost: 0.001,
            duplicated: 0.01,
            delayed: Duration::from_secs(2),
            clock_step: Duration::ZERO,
        };
        Self { racks: (2, 5), senses, moved: 0.0, rates_off: 1.0 }
    }

    /// Worlds unlike the model: 5 % of the wires are elsewhere, and kinds of things break five times as
    /// often, or as seldom, as is believed.
    #[must_use]
    pub const fn unlike() -> Self {
        Self { moved: 0.05, rates_off: 5.0, ..Self::usual() }
    }
}

/// An outage, drawn.
#[derive(Clone, Debug)]
pub struct Outage {
    /// Its seed, which with its class and setting makes it again.
    pub seed: u64,
    /// Its class.
    pub class: Class,
    /// What truly breaks.
    pub faults: Vec<Happening>,
    /// Every fault shows in a way of its own, in what is believed.
    pub knowable: bool,
    believed: String,
    moved: Vec<String>,
    truth: Arc<Plant>,
    ends: Timestamp,
}

impl Outage {
    /// The plant file that is believed.
    #[must_use]
    pub fn believed(&self) -> &str {
        &self.believed
    }

    /// The lines of the plant file that are otherwise in truth, as they should be.
    #[must_use]
    pub fn moved(&self) -> &[String] {
        &self.moved
    }
}

/// What came of an outage.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// Its class.
    pub class: Class,
    /// Every fault showed in a way of its own.
    pub knowable: bool,
    /// Every cause is part of the first answer by its own name, in the end.
    pub first: bool,
    /// Every cause is, or is in a group with what is.
    pub in_group: bool,
    /// Every cause is among the first three answers.
    pub in_three: bool,
    /// The first answer's modes are right, too.
    pub modes: bool,
    /// Nothing else is blamed in the first answer.
    pub nothing_else: bool,
    /// Confirmed incidents whose leading cause, in the end, names nothing that truly broke.
    pub false_incidents: usize,
    /// Alarms about these.
    pub false_alerts: usize,
    /// Alarms in all.
    pub alerts: usize,
    /// From the first fault that shows to the first time that all were first, if ever.
    pub named_after: Option<Duration>,
    /// The share of the belief that the first answer had, in the end.
    pub posterior: Option<f64>,
    /// Tries of checks.
    pub tries: u64,
    /// What truly broke, and the last sentence: what to look at when it is wrong.
    pub words: String,
    /// What was believed in the end, a line for each answer, and one for each false incident.
    pub answers: Vec<String>,
}

impl Outcome {
    /// Named as well as it can be: by its own name where it shows in a way of its own, else by its group.
    #[must_use]
    pub const fn is_right(&self) -> bool {
        if self.knowable { self.first } else { self.in_group }
    }

    /// The first answer is the truth and nothing but it: what its posterior promises.
    #[must_use]
    pub const fn is_true(&self) -> bool {
        self.in_group && self.nothing_else
    }
}

/// When pretended time begins: a Saturday without clock changes.
fn beginning() -> Timestamp {
    Timestamp::from_second(1_795_000_000).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn after(at: Timestamp, seconds: usize) -> Timestamp {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    at.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

/// What shows of each fault of a plant.
struct Shows {
    plant: Arc<Plant>,
    circuit: Circuit,
    signatures: Signatures,
    alone: BTreeSet<InputId>,
    /// Faults that show, and what they show.
    seen: BTreeMap<InputId, BTreeSet<Symptom>>,
}

impl Shows {
    fn of(plant: Arc<Plant>) -> Option<Self> {
        let circuit = Circuit::of(&plant);
        let killers = Killers::of(&circuit).ok()?;
        let signatures = Signatures::of(&plant, &circuit, &killers).ok()?;
        let mut alone = BTreeSet::new();
        let mut seen = BTreeMap::new();
        for &fault in signatures.faults() {
            let symptoms: BTreeSet<Symptom> = signatures.of_fault(fault).collect();
            // What silences the server itself is nobody's to name.
            if !symptoms.is_empty() && !signatures.silences(fault) {
                // What one check alone sees looks like that check being wrong.
                let checks: BTreeSet<_> =
                    symptoms.iter().map(|it| check_of(&circuit, *it)).collect();
                if checks.len() > 1 {
                    alone.insert(fault);
                }
                seen.insert(fault, symptoms);
            }
        }
        for group in signatures.alike() {
            for fault in group {
                alone.remove(&fault);
            }
        }
        Some(Self { plant, circuit, signatures, alone, seen })
    }

    fn what(&self, input: InputId) -> Option<What> {
        match self.circuit.subject(input) {
            Subject::Component(id) => Some(What::Component(self.plant.component(id).name.clone())),
            Subject::Carriage { upstream, prefix } => Some(What::Carriage {
                prefix: self.plant.component(prefix).name.clone(),
                through: self.plant.component(upstream).name.clone(),
            }),
            Subject::Vantage(id) => Some(What::Vantage(self.plant.vantage(id).name.clone())),
            Subject::Check(_) | Subject::Spread { .. } => None,
        }
    }

    /// How it is called when it is broken for good.
    fn hard(&self, input: InputId) -> Mode {
        match self.circuit.subject(input) {
            Subject::Component(id) if self.plant.component(id).kind == Kind::Prefix => {
                Mode::Misrouted
            }
            Subject::Carriage { .. } => Mode::Misrouted,
            Subject::Component(_) => Mode::Down,
            Subject::Vantage(_) => Mode::CutOff,
            Subject::Check(_) => Mode::WrongCheck,
            Subject::Spread { .. } => Mode::Consequential,
        }
    }

    /// One of these faults: each alike, or by how often such things truly break.
    fn draw(
        &self,
        of: &[InputId],
        weights: &BTreeMap<Kind, f64>,
        chance: &mut Chance,
    ) -> Option<InputId> {
        if weights.is_empty() {
            return chance.pick(of).copied();
        }
        let weight = |input: InputId| {
            let subject = self.circuit.subject(input);
            let Some(rate) = rates::of_subject(&self.plant, subject) else { return 0.0 };
            let kind = match subject {
                Subject::Component(id) => self.plant.component(id).kind,
                Subject::Carriage { .. }
                | Subject::Vantage(_)
                | Subject::Check(_)
                | Subject::Spread { .. } => Kind::Prefix,
            };
            (rate.per_year.min * rate.per_year.max).sqrt().max(1e-4)
                * weights.get(&kind).copied().unwrap_or(1.0)
        };
        let all: f64 = of.iter().map(|&input| weight(input)).sum();
        let mut left = chance.share() * all;
        for &input in of {
            left -= weight(input);
            if left <= 0.0 {
                return Some(input);
            }
        }
        of.last().copied()
    }

    /// Two that stand in for each other, of which the loss of both shows in more than the loss of each.
    fn pairs(&self) -> Vec<(InputId, InputId)> {
        let mut named = BTreeSet::new();
        for choice in self.circuit.choices() {
            let ([Some(a), Some(b)], 1) = (choice.names, choice.k) else { continue };
            if a != b {
                let (a, b) = (self.circuit.component_input(*a), self.circuit.component_input(*b));
                named.insert((a.min(b), a.max(b)));
            }
        }
        let sets: Vec<Vec<InputId>> =
            named.iter().flat_map(|&(a, b)| [vec![a], vec![b], vec![a, b]]).collect();
        let down = self.down(&sets);
        let more = |down: &[Vec<bool>]| {
            let [a, b, both] = down else { return false };
            both.iter().zip(a).zip(b).any(|((both, a), b)| *both && !a && !b)
        };
        let shows: Vec<bool> = down.chunks(3).map(more).collect();
        named.into_iter().zip(shows).filter(|(_, shows)| *shows).map(|(pair, _)| pair).collect()
    }

    /// Which checks are down under each of these sets of faults; 64 sets to a sweep.
    fn down(&self, sets: &[Vec<InputId>]) -> Vec<Vec<bool>> {
        let mut all = Vec::with_capacity(sets.len());
        let mut values = Vec::new();
        for sets in sets.chunks(64) {
            let faults: Vec<(InputId, [u64; 1])> = sets
                .iter()
                .zip(0_u32..)
                .flat_map(|(set, lane)| set.iter().map(move |&input| (input, [1 << lane])))
                .collect();
            self.circuit.evaluate(&faults, &mut values);
            for lane in 0..sets.len() {
                let sees = self.circuit.sees().iter();
                all.push(sees.map(|sees| values[sees.gate.index()][0] >> lane & 1 == 0).collect());
            }
        }
        all
    }

    /// Whether each of two shows in some check beside the other, and no one fault as both do.
    fn are_two(&self, a: InputId, b: InputId) -> bool {
        let singles = self.seen.keys().map(|&one| vec![one]);
        let sets: Vec<Vec<InputId>> =
            [vec![a, b], vec![a], vec![b]].into_iter().chain(singles).collect();
        let down = self.down(&sets);
        let more = |one: &Vec<bool>| down[0].iter().zip(one).any(|(both, one)| *both && !one);
        a != b && more(&down[1]) && more(&down[2]) && down[3..].iter().all(|it| *it != down[0])
    }

    /// Whether the later of two, on top of the first, shows as nothing else would there, and in more than one check.
    fn is_alone_after(&self, first: InputId, later: InputId) -> bool {
        let others = self.signatures.faults().iter().filter(|&&one| one != later);
        let sets: Vec<Vec<InputId>> = [vec![first], vec![first, later]]
            .into_iter()
            .chain(others.map(|&one| vec![first, one]))
            .collect();
        let down = self.down(&sets);
        let more = |(sees, (both, one)): (usize, (&bool, &bool))| {
            (*both && !one).then(|| self.circuit.sees()[sees].check)
        };
        let checks = down[1].iter().zip(&down[0]).enumerate().filter_map(more);
        checks.collect::<BTreeSet<_>>().len() > 1 && down[2..].iter().all(|it| *it != down[1])
    }

    /// Whether nothing else, one fault or another of these pairs, shows as these two do together.
    fn is_alone(&self, (a, b): (InputId, InputId), pairs: &[(InputId, InputId)]) -> bool {
        let singles = self.signatures.faults().iter().map(|&one| vec![one]);
        let others = pairs.iter().filter(|pair| **pair != (a.min(b), a.max(b)));
        let sets: Vec<Vec<InputId>> = std::iter::once(vec![a, b])
            .chain(singles)
            .chain(others.map(|&(c, d)| vec![c, d]))
            .collect();
        let down = self.down(&sets);
        down[1..].iter().all(|other| *other != down[0])
    }
}

/// The check that fails, in this way of showing; none where a vantage is lost.
fn check_of(circuit: &Circuit, symptom: Symptom) -> Option<CheckId> {
    match symptom {
        Symptom::Fails { sees, .. } => Some(circuit.sees()[sees].check),
        Symptom::Lost(_) => None,
    }
}

/// Draws an outage. `None` where the plant drawn has no place for this class: another seed has.
#[must_use]
pub fn draw(class: Class, seed: u64, setting: &Setting) -> Option<Outage> {
    let mut chance = Chance::of(seed, "outage");
    let chance = &mut chance;
    let racks = chance.between(setting.racks.0, setting.racks.1);
    let pretended = pretend(seed, racks, setting.moved);
    let parse = |text: &str| {
        let (plant, findings) = plantfile::parse_str(text);
        debug_assert!(plant.is_some(), "{findings:?}\n{text}");
        plant
    };
    let shows = Shows::of(parse(&pretended.believed)?)?;
    // What happens, happens by the truth; what can be known, by what is believed.
    let other = if pretended.moved > 0 { Some(Shows::of(parse(&pretended.truth)?)?) } else { None };
    let truly = other.as_ref().unwrap_or(&shows);
    let truth = truly.plant.clone();
    let seen: Vec<InputId> =
        shows.seen.keys().copied().filter(|input| truly.seen.contains_key(input)).collect();
    let weights: BTreeMap<Kind, f64> = if setting.rates_off > 1.0 {
        let mut off = |kind: &Kind| {
            let more = chance.happens(0.5);
            (*kind, if more { setting.rates_off } else { 1.0 / setting.rates_off })
        };
        Kind::ALL.iter().map(&mut off).collect()
    } else {
        BTreeMap::new()
    };
    let at = after(beginning(), chance.between(300, 900));
    let later = after(at, chance.between(60, 2_400));
    let broken = |what: What, mode: Mode, at: Timestamp, rate: f64| Happening {
        what,
        mode,
        at,
        until: None,
        rate,
        only: Vec::new(),
        cause: true,
        judge_from: None,
    };
    let (faults, knowable) = match class {
        Class::Quiet => (Vec::new(), true),
        Class::Hard => {
            let input = shows.draw(&seen, &weights, chance)?;
            let fault = broken(shows.what(input)?, shows.hard(input), at, 0.0);
            (vec![fault], shows.alone.contains(&input))
        }
        Class::Flaky => {
            let input = shows.draw(&seen, &weights, chance)?;
            let rate = 0.15 + 0.45 * chance.share();
            (vec![broken(shows.what(input)?, Mode::Flaky, at, rate)], shows.alone.contains(&input))
        }
        Class::Double => {
            let (a, b) =
                (shows.draw(&seen, &weights, chance)?, shows.draw(&seen, &weights, chance)?);
            // Neither hides what the other shows, and they are no one fault's doing.
            if !shows.are_two(a, b) {
                return None;
            }
            let alone = shows.alone.contains(&a) && shows.alone.contains(&b);
            let knowable = alone && shows.is_alone_after(a, b);
            let first = broken(shows.what(a)?, shows.hard(a), at, 0.0);
            (vec![first, broken(shows.what(b)?, shows.hard(b), later, 0.0)], knowable)
        }
        Class::Behind | Class::Latent => {
            let pairs = shows.pairs();
            let real: BTreeSet<_> = truly.pairs().into_iter().collect();
            let both: Vec<_> = pairs.iter().copied().filter(|pair| real.contains(pair)).collect();
            let &(a, b) = chance.pick(&both)?;
            let (a, b) = if chance.happens(0.5) { (a, b) } else { (b, a) };
            let knowable = shows.is_alone((a, b), &pairs);
            let (mode, first_at) = match class {
                Class::Latent => (Mode::Latent, beginning()),
                _ => (shows.hard(a), at),
            };
            if class == Class::Latent && shows.seen.contains_key(&a) {
                // It would have been seen long ago.
                return None;
            }
            let first = broken(shows.what(a)?, mode, first_at, 0.0);
            (vec![first, broken(shows.what(b)?, shows.hard(b), later, 0.0)], knowable)
        }
        Class::Cut => {
            let provable = shows
                .plant
                .vantages()
                .iter()
                .filter(|vantage| vantage.agent.is_some() || !vantage.way_out.is_empty());
            let names: Vec<_> = provable.map(|vantage| vantage.name.clone()).collect();
            let name = chance.pick(&names)?.clone();
            let silent = chance.happens(0.5) && name.as_str() != "here";
            let mode = if silent { Mode::Silent } else { Mode::CutOff };
            (vec![broken(What::Vantage(name), mode, at, 0.0)], true)
        }
    };
    let last = faults.iter().map(|fault| fault.at).max().unwrap_or(at);
    let ends = after(last, if class == Class::Flaky { 1_200 } else { 900 });
    let lines = pretended.believed.lines().zip(pretended.truth.lines());
    let moved = lines.filter(|(believed, truth)| believed != truth);
    let moved = moved.map(|(_, truth)| truth.trim().to_owned()).collect();
    Some(Outage { seed, class, faults, knowable, believed: pretended.believed, moved, truth, ends })
}

/// Plays an outage.
#[must_use]
pub fn run(outage: &Outage, setting: &Setting) -> Outcome {
    let Outage { seed, class, faults, knowable, believed, moved: _, truth, ends } = outage;
    let files = vec![("plant.yaml".to_owned(), believed.clone())];
    let source = PlantSource { files };
    let mut world = World::of(source, truth.clone(), beginning(), *seed, setting.senses);
    for fault in faults {
        world.happen(fault.clone());
    }
    let named =
        |mode: Option<Mode>, fault: &Happening| Named { subject: fault.what.subject(), mode };
    let causes: Vec<Named> = faults.iter().map(|fault| named(None, fault)).collect();
    let with_modes: Vec<Named> =
        faults.iter().map(|fault| named(Some(fault.mode), fault)).collect();
    let last = faults.iter().map(|fault| fault.at).max().unwrap_or(*ends);
    let mut named_at = None;
    let mut alarms = Vec::new();
    let mut looked = Verdict::default();
    while world.now() < *ends {
        let next = after(world.now(), 15).min(*ends);
        world.run_until(next);
        let heard = world.take_heard();
        for (_, decision) in &heard.decisions {
            if let Decision::Alert(alert) = decision
                && is_alarm(alert.news)
            {
                alarms.extend(alert.incident);
            }
        }
        let revised = heard.decisions.iter().any(|(_, it)| matches!(it, Decision::Incident(_)));
        if world.now() >= *ends || (revised && named_at.is_none() && world.now() >= last) {
            looked = Verdict::of(world.state(), world.now());
            if !causes.is_empty() && causes.iter().all(|cause| looked.rank(cause) == Some(1)) {
                named_at.get_or_insert(world.now());
            }
        }
    }
    let is_true = |verdict: &Verdict, fault: &blackstart_model::record::FaultName| {
        causes.iter().any(|cause| is(fault, cause))
            || causes
                .iter()
                .any(|cause| verdict.are_alike(&[cause.subject.clone(), fault.subject.clone()]))
    };
    let nothing_else = looked.first().all(|fault| is_true(&looked, fault));
    let false_ones: BTreeSet<_> = confirmed(world.state())
        .into_iter()
        .filter(|incident| {
            let own = Verdict::only(incident.diagnosis.clone());
            let blames_truth = own.first().any(|fault| is_true(&own, fault));
            // One that was closed or resolved in time and one that blames nobody told somebody all the same.
            incident.state != IncidentState::Dismissed && !blames_truth
        })
        .map(|incident| incident.id)
        .collect();
    let mut answers: Vec<String> = looked.answers().collect();
    let incidents = world.state().incidents().values().filter(|it| false_ones.contains(&it.id));
    answers.extend(incidents.map(|it| format!("false: {} {}", it.id, it.diagnosis.sentence)));
    let words: Vec<String> = faults
        .iter()
        .map(|fault| format!("{} {} at {}", fault.what.subject(), fault.mode.as_str(), fault.at))
        .collect();
    Outcome {
        seed: *seed,
        class: *class,
        knowable: *knowable,
        first: causes.iter().all(|cause| looked.is_named(cause)),
        in_group: causes.iter().all(|cause| looked.rank(cause) == Some(1)),
        in_three: causes.iter().all(|cause| looked.rank(cause).is_some_and(|rank| rank <= 3)),
        modes: with_modes.iter().all(|cause| looked.rank(cause) == Some(1)),
        nothing_else,
        false_incidents: false_ones.len(),
        false_alerts: alarms.iter().filter(|&id| false_ones.contains(id)).count(),
        alerts: alarms.len(),
        named_after: named_at.and_then(|at| Duration::try_from(at.duration_since(last)).ok()),
        posterior: looked.posterior(),
        tries: world.tries(),
        words: format!("{} => {}", words.join(" + "), looked.sentences()),
        answers,
    }
}

/// Plays so many outages of a class, seeds counted up from `seed`; `each` is told of every one.
pub fn tally(
    class: Class,
    runs: usize,
    seed: u64,
    setting: &Setting,
    mut each: impl FnMut(&Outcome),
) -> Tally {
    let mut tally = Tally::default();
    let mut seed = seed;
    // Not every plant has a place for every class.
    let last = seed + 200 + 20 * runs as u64;
    while tally.runs < runs && seed < last {
        if let Some(outage) = draw(class, seed, setting) {
            let outcome = run(&outage, setting);
            each(&outcome);
            tally.add(&outcome);
        }
        seed += 1;
    }
    tally
}

/// A time in which nothing breaks.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Calm {
    /// Checks, one for each vantage it is put from.
    pub checks: usize,
    /// Tries.
    pub tries: u64,
    /// Incidents that were confirmed: all of them false.
    pub incidents: usize,
    /// Alarms about them.
    pub alarms: usize,
}

/// Lets so many days pass in which nothing breaks, on a plant of so many racks with checks every 30 s; `each_day` is
/// told what has come of it so far.
///
/// # Panics
/// Never: what is pretended is a valid plant.
#[must_use]
pub fn calm(
    racks: usize,
    days: u32,
    seed: u64,
    senses: Senses,
    mut each_day: impl FnMut(u32, Calm),
) -> Calm {
    let believed = pretend_every("30s", seed, racks, 0.0).believed;
    let truth = plantfile::parse_str(&believed).0.expect("it is a valid plant");
    let files = vec![("plant.yaml".to_owned(), believed)];
    let mut world = World::of(PlantSource { files }, truth, beginning(), seed, senses);
    let mut calm = Calm { checks: world.truth().circuit().sees().len(), ..Calm::default() };
    for hour in 1..=24 * days {
        world.run_until(after(beginning(), 3_600 * hour as usize));
        let heard = world.take_heard();
        calm.alarms += heard
            .decisions
            .iter()
            .filter(|(_, it)| matches!(it, Decision::Alert(alert) if is_alarm(alert.news)))
            .count();
        if hour % 24 == 0 {
            calm.tries = world.tries();
            calm.incidents = confirmed(world.state()).len();
            each_day(hour / 24, calm);
        }
    }
    calm
}

/// Outages of one class, counted.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How many.
    pub runs: usize,
    /// Of these, each fault showed in a way of its own.
    pub knowable: usize,
    /// Of the knowable, every cause was first by its own name.
    pub first: usize,
    /// Of those that are not, every cause was in the first group.
    pub grouped: usize,
    /// Of all, every cause was among the first three.
    pub in_three: usize,
    /// Of all, the modes were right, too.
    pub modes: usize,
    /// False incidents.
    pub false_incidents: usize,
    /// False alarms.
    pub false_alerts: usize,
    /// Alarms in all.
    pub alerts: usize,
    /// Times to a name, of those that were named.
    pub named_after: Vec<Duration>,
}

impl Tally {
    /// Counts one.
    pub fn add(&mut self, outcome: &Outcome) {
        self.runs += 1;
        self.knowable += usize::from(outcome.knowable);
        self.first += usize::from(outcome.knowable && outcome.first);
        self.grouped += usize::from(!outcome.knowable && outcome.in_group);
        self.in_three += usize::from(outcome.in_three);
        self.modes += usize::from(outcome.modes);
        self.false_incidents += outcome.false_incidents;
        self.false_alerts += outcome.false_alerts;
        self.alerts += outcome.alerts;
        self.named_after.extend(outcome.named_after);
    }

    /// The share of the knowable that was named first.
    #[must_use]
    pub fn first_share(&self) -> f64 {
        share(self.first, self.knowable)
    }

    fn after(&self, quantile: usize) -> String {
        let mut all = self.named_after.clone();
        all.sort_unstable();
        let at = (all.len() * quantile / 100).min(all.len().saturating_sub(1));
        all.get(at).map_or_else(|| "–".to_owned(), |span| shown_span(*span))
    }
}

fn share(of: usize, all: usize) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of runs")]
    let share = of as f64 / all.max(1) as f64;
    share
}

/// The tallies as a table in Markdown.
#[must_use]
pub fn table(rows: &[(&str, &Tally)]) -> String {
    let mut text = String::from(
        "| class | runs | knowable | named first | else in the group | in three | modes right | false incidents \
         | false alarms | alarms a run | named after: half, 95 % |\n|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for (name, tally) in rows {
        let percent = |of, all| match all {
            0 => "–".to_owned(),
            _ => format!("{:.1} %", 100.0 * share(of, all)),
        };
        let others = tally.runs - tally.knowable;
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {} | {} | {} | {} | {} | {:.2} | {}, {} |",
            tally.runs,
            tally.knowable,
            percent(tally.first, tally.knowable),
            percent(tally.grouped, others),
            percent(tally.in_three, tally.runs),
            percent(tally.modes, tally.runs),
            tally.false_incidents,
            tally.false_alerts,
            share(tally.alerts, tally.runs),
            tally.after(50),
            tally.after(95),
        );
    }
    text
}
