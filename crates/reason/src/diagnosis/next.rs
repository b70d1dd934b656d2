//! What to look at next: which answer is expected to take away most of the doubt for its cost.
//!
//! Two sorts of question. A *probe* is a check of the plant that exists and has not spoken since the onset;
//! it costs its deadline. A *look* is put to a person, from the table in [`hands`]; it costs minutes, and the
//! answer may be of the wrong machine. For each, what would be answered under every hypothesis is read off the
//! circuit, and the worth is the mutual information of answer and hypothesis (Shannon 1948, §12:
//! R = H(x) − H(x|y); for choosing tests by it, de Kleer and Williams, Diagnosing Multiple Faults, 1987, §4),
//! in bits for a minute. Questions that tell the same hypotheses apart are one: the best for its cost is kept.
//!
//! Asked are only things that a hypothesis names and what stands directly around them, never what was
//! answered already, and never anything that would do harm. It looks one question ahead: after the answer
//! the list is made anew. "Something that we do not model" predicts of each thing that it works, for what it
//! is that broke stands nowhere in the plant. Tested by cases at the door of `step`, and here against the
//! definition on random beliefs.

use crate::circuit::{Circuit, GateId, InputId, Part, Sees, Subject, machine_of};
use crate::diagnosis::{Faults, Hypothesis};
use crate::evidence::Seen;
use crate::hands::{self, Look};
use crate::judgement::components;
use crate::state::{Loaded, SymptomKey, symptom_name};
use crate::summary::{sign, subject_name};
use blackstart_model::record::{Asker, FaultMode, NextCheck, Saw};
use blackstart_model::requirement::Target;
use blackstart_model::time::Duration;
use blackstart_model::{ComponentId, ComponentName, Plant, VantageName};
use std::collections::{BTreeMap, BTreeSet};

/// Hypotheses that are weighed, the most believed: one machine word of scenarios.
pub(crate) const WEIGHED_MAX: usize = 64;

/// An answer that is expected to tell less is not asked for, bits (chosen by hand: about what the word of a
/// person who is right nine times in ten tells of a cause that holds 98 % of the belief).
const TELLING_MIN: f64 = 0.05;

/// Questions to people that are shown: what one person looks at before the list is old (chosen by hand).
const LOOKS_MAX: usize = 4;

/// Probes that are put at once, each of which tells other hypotheses apart (chosen by hand).
const PROBES_MAX: usize = 8;

/// Probes that are shown; they are answered before anybody has read them.
const PROBES_SHOWN: usize = 2;

/// A check's answer is not what stands there once in so many tries, either way (chosen by hand; the
/// diagnosis itself counts with the same figure).
const PROBE_ERRS: f64 = 0.001;

/// How often what fails in turns fails: the mean of a rate that nobody knows (Beta(1, 1)).
const IN_TURNS: f64 = 0.5;

/// How often what has stopped comes back when it is started anew, if the cause is its own (chosen by hand).
const RESTART_HELPS: f64 = 0.5;

/// What it takes until somebody stands before a thing that cannot be reached from a chair: called, let in,
/// walked there; minutes (chosen by hand, as in the table of looks).
const CALLED: f64 = 17.0;

/// What needs no asking.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Asked {
    /// Checks that were asked since the onset, answered or not.
    pub(crate) probes: BTreeSet<SymptomKey>,
    /// Vantages that do not hear us.
    pub(crate) mute: BTreeSet<VantageName>,
    /// Of what people (or other systems) spoke since, even if only that they cannot tell.
    pub(crate) told: BTreeSet<ComponentName>,
    /// What was started anew since.
    pub(crate) done: BTreeSet<ComponentName>,
}

/// A question, and the check that answers it by itself.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Telling {
    pub(crate) probe: Option<SymptomKey>,
    pub(crate) check: NextCheck,
}

impl Telling {
    fn per_minute(&self) -> f64 {
        self.check.information_bits / self.check.minutes
    }

    /// The better for its cost first; then the more telling, then by name.
    fn rank(&self, other: &Self) -> std::cmp::Ordering {
        let by_worth = other.per_minute().total_cmp(&self.per_minute());
        by_worth
            .then(other.check.information_bits.total_cmp(&self.check.information_bits))
            .then_with(|| self.check.target.cmp(&other.check.target))
            .then_with(|| self.check.ask.cmp(&other.check.ask))
    }
}

/// What is shown of them: the first few of each sort.
pub(crate) fn shown(tellings: &[Telling]) -> Vec<NextCheck> {
    let (mut probes, mut looks) = (0, 0);
    let is_shown = |telling: &&Telling| match telling.check.by {
        Asker::Probe => {
            probes += 1;
            probes <= PROBES_SHOWN
        }
        Asker::Person => {
            looks += 1;
            looks <= LOOKS_MAX
        }
    };
    tellings.iter().filter(is_shown).map(|telling| telling.check.clone()).collect()
}

/// What is put at once of them, without asking anybody.
pub(crate) fn at_once(tellings: &[Telling]) -> Vec<SymptomKey> {
    tellings.iter().filter_map(|telling| telling.probe.clone()).take(PROBES_MAX).collect()
}

/// Everything worth asking, the best for its cost first. A sweep of what the checks hang on that were not seen, and
/// what can be looked at.
pub(crate) fn tellings(
    loaded: &Loaded,
    known: &Known<'_>,
    hypotheses: &[Hypothesis],
) -> Vec<Telling> {
    let Some(mut beliefs) = Beliefs::of(&loaded.circuit, hypotheses) else { return Vec::new() };
    let targets = targets(loaded, &beliefs);
    let looked_at = targets.iter().flat_map(|target| target.gates(loaded));
    beliefs.look(known.unseen.iter().map(|sees| sees.gate).chain(looked_at));
    let mut best: BTreeMap<Stand, Telling> = BTreeMap::new();
    let mut offer = |stand: Stand, telling: Telling| {
        if telling.check.information_bits <= 0.0 {
            return;
        }
        match best.get(&stand) {
            Some(kept) if kept.rank(&telling).is_le() => {}
            Some(_) | None => {
                best.insert(stand, telling);
            }
        }
    };
    probes(loaded, &beliefs, known, &mut offer);
    for target in targets {
        target.looks(loaded, &beliefs, known, &mut offer);
    }
    let mut all: Vec<Telling> = best.into_values().collect();
    all.sort_by(Telling::rank);
    let is_telling = |it: &Telling| it.check.information_bits >= TELLING_MIN;
    // Where nothing is known the best there is is shown, however little it tells.
    let is_unknown = hypotheses.first().is_some_and(|lead| lead.faults == Faults::Unmodelled);
    if is_unknown && !all.iter().any(is_telling) {
        all.retain(|it| it.probe.is_none());
        all.truncate(1);
    } else {
        all.retain(is_telling);
    }
    all
}

/// Of which gates something is seen in the newest epoch.
#[derive(Clone, Debug)]
pub(crate) struct Marks {
    epoch: Option<u8>,
    bits: Vec<u64>,
}

impl Marks {
    /// Of what is up in the newest epoch.
    pub(crate) fn of(circuit: &Circuit, up: &[Seen]) -> Self {
        let epoch = up.iter().map(|seen| seen.fact.epoch).max();
        let mut marks = Self { epoch, bits: vec![0; circuit.len().div_ceil(64)] };
        let seen = up.iter().filter(|seen| !seen.fact.is_unsaid());
        seen.for_each(|seen| marks.put(seen.fact.gate));
        marks
    }

    fn put(&mut self, gate: GateId) {
        self.bits[gate.index() / 64] |= 1 << (gate.index() % 64);
    }

    fn has(&self, gate: GateId) -> bool {
        self.bits[gate.index() / 64] >> (gate.index() % 64) & 1 == 1
    }
}

/// What is known already.
pub(crate) struct Known<'a> {
    seen: Marks,
    /// Checks of which nothing is seen.
    unseen: Vec<&'a Sees>,
    /// Components with a check that fails, in order.
    failing: Vec<&'a str>,
    asked: &'a Asked,
}

impl<'a> Known<'a> {
    /// By these facts, which are those that are not `up`. One look at each check.
    pub(crate) fn of(
        circuit: &'a Circuit,
        facts: &[&'a Seen],
        up: &Marks,
        asked: &'a Asked,
    ) -> Self {
        // What was seen before the picture last changed says nothing of now.
        let newest = facts.iter().map(|seen| seen.fact.epoch).max().max(up.epoch);
        let now = || facts.iter().filter(|seen| Some(seen.fact.epoch) == newest);
        let mut seen = up.clone();
        if up.epoch != newest {
            seen.bits.fill(0);
        }
        now().for_each(|fact| seen.put(fact.fact.gate));
        let failing = components(now().copied().filter(|seen| seen.fact.failures > 0));
        let unseen = circuit.sees().iter().filter(|sees| !seen.has(sees.gate)).collect();
        Self { seen, unseen, failing, asked }
    }
}

/// In which hypotheses a thing is down, in which it fails in turns, in which it works badly, and in which it is
/// down or works as one of those that stand on what is down in part; a bit each.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
struct Stand {
    down: u64,
    turns: u64,
    badly: u64,
    partly: u64,
}

/// The belief held by those hypotheses in which a thing works, works badly, fails in turns, is down, is down
/// or works.
type Shares = [f64; 5];

/// The probability of each answer, in the order of the first four: nobody answers "one or the other".
type Answers = [f64; 4];

const WORKS: usize = 0;
const BADLY: usize = 1;
const TURNS: usize = 2;
const DOWN: usize = 3;
const PARTLY: usize = 4;

/// The hypotheses, and what each says of every gate.
struct Beliefs<'a> {
    circuit: &'a Circuit,
    /// How much each is believed; they sum to 1.
    mass: Vec<f64>,
    /// In which each input is broken, in any way.
    broke: BTreeMap<InputId, u64>,
    /// In which it works badly only.
    badly: BTreeMap<InputId, u64>,
    /// What is looked at of the circuit, and each of its gates with what is down broken; with what fails in turns
    /// broken too; and with what is down in part.
    part: Part,
    up: Vec<[u64; 3]>,
    /// By input: what is broken in the three, and in which hypotheses.
    broken: Vec<(InputId, [u64; 3])>,
}

impl<'a> Beliefs<'a> {
    /// `None` where there is no doubt: less than two hypotheses that are believed.
    fn of(circuit: &'a Circuit, hypotheses: &[Hypothesis]) -> Option<Self> {
        let weighed = &hypotheses[..hypotheses.len().min(WEIGHED_MAX)];
        let total: f64 = weighed.iter().map(|hypothesis| hypothesis.posterior).sum();
        let is_doubtful = weighed.iter().filter(|one| one.posterior > 0.0).count() > 1;
        if !is_doubtful || !total.is_normal() {
            return None;
        }
        let mass = weighed.iter().map(|hypothesis| hypothesis.posterior / total).collect();
        let [mut broke, mut badly, mut down, mut turns, mut partly] =
            [const { BTreeMap::new() }; 5];
        for (hypothesis, lane) in weighed.iter().zip(0..) {
            let Faults::These(faults) = &hypothesis.faults else { continue };
            // What is over is not to be seen any more.
            for fault in faults.iter().filter(|fault| fault.last.is_none()) {
                let bit = 1_u64 << lane;
                let note = |among: &mut BTreeMap<InputId, u64>| {
                    *among.entry(fault.input).or_default() |= bit;
                };
                note(&mut broke);
                match fault.mode {
                    FaultMode::Down
                    | FaultMode::Latent
                    | FaultMode::Consequential
                    | FaultMode::Misrouted
                    | FaultMode::CutOff
                    | FaultMode::WrongCheck => note(&mut down),
                    FaultMode::Flaky => note(&mut turns),
                    FaultMode::Partial => {
                        note(&mut partly);
                        note(&mut badly);
                    }
                    FaultMode::Degraded => note(&mut badly),
                }
            }
        }
        let sweeps = [
            (down, [true, true, true]),
            (turns, [false, true, true]),
            (partly, [false, false, true]),
        ];
        let broken: Vec<(InputId, [u64; 3])> = sweeps
            .iter()
            .flat_map(|(inputs, within)| {
                inputs.iter().map(|(&input, &lanes)| {
                    (input, within.map(|is_within| if is_within { lanes } else { 0 }))
                })
            })
            .collect();
        let (part, up) = (Part::default(), Vec::new());
        Some(Self { circuit, mass, broke, badly, part, up, broken })
    }

    /// Finds out how these gates stand.
    fn look(&mut self, at: impl Iterator<Item = GateId>) {
        self.part = Part::of(self.circuit, at);
        self.part.evaluate(&self.broken, &mut self.up);
    }

    fn of_gate(&self, gate: GateId) -> [u64; 3] {
        let place = self.part.place(gate).expect("it was looked at");
        self.up[place as usize]
    }

    /// The bits that stand for a hypothesis.
    fn lanes(&self) -> u64 {
        u64::MAX >> (64 - self.mass.len())
    }

    /// How a gate stands; `own` is the input of its thing, where it has one.
    fn stand(&self, gate: GateId, own: Option<InputId>) -> Stand {
        let lanes = self.lanes();
        let [hard, soft, part] = self.of_gate(gate);
        let down = !hard & lanes;
        let badly = own.and_then(|own| self.badly.get(&own)).copied().unwrap_or(0) & !down;
        let turns = !soft & lanes & !down & !badly;
        let partly = !part & lanes & !down & !badly & !turns;
        Stand { down, turns, badly, partly }
    }

    fn shares(&self, stand: Stand) -> Shares {
        let Stand { down, turns, badly, partly } = stand;
        let mut shares = [0.0; 5];
        for (mass, lane) in self.mass.iter().zip(0..) {
            let is_in = |among: u64| among >> lane & 1 == 1;
            let how = match (is_in(down), is_in(turns), is_in(badly), is_in(partly)) {
                (true, ..) => DOWN,
                (_, true, ..) => TURNS,
                (_, _, true, _) => BADLY,
                (.., true) => PARTLY,
                (false, false, false, false) => WORKS,
            };
            shares[how] += mass;
        }
        shares
    }

    /// Whether a gate is up in the most believed hypothesis.
    fn is_up(&self, gate: GateId) -> bool {
        self.of_gate(gate)[0] & 1 == 1
    }
}

/// Entropy of a distribution, bits.
fn entropy(of: &[f64]) -> f64 {
    of.iter().filter(|&&part| part > 0.0).map(|part| -part * part.log2()).sum()
}

/// Mutual information, bits, of how a thing stands (`shares`) and what is answered (`answers`, by how it
/// stands): H(answer) − H(answer | stand).
fn information(shares: &Shares, answers: &[Answers; 5]) -> f64 {
    let mut mixed = [0.0; 4];
    let mut given = 0.0;
    for (share, answers) in shares.iter().zip(answers) {
        given += share * entropy(answers);
        for (mixed, answer) in mixed.iter_mut().zip(answers) {
            *mixed += share * answer;
        }
    }
    (entropy(&mixed) - given).max(0.0)
}

/// What a check answers: good or bad, by how its target stands.
fn probe_answers() -> [Answers; 5] {
    let bad = |chance: f64| [1.0 - chance, 0.0, 0.0, chance];
    either([bad(PROBE_ERRS), bad(IN_TURNS), bad(IN_TURNS), bad(1.0 - PROBE_ERRS)])
}

/// The same, and what is answered of a thing that is down or works, as likely one as the other.
fn either([works, badly, turns, down]: [Answers; 4]) -> [Answers; 5] {
    let mut partly = works;
    for (partly, down) in partly.iter_mut().zip(down) {
        *partly = f64::midpoint(*partly, down);
    }
    [works, badly, turns, down, partly]
}

/// What a person answers. The truth as often as they are trusted, and each other answer equally often.
fn look_answers(look: &Look) -> [Answers; 5] {
    let shown = |how: usize| match how {
        BADLY => look.shows.contains(&Saw::Degraded),
        TURNS => look.shows.contains(&Saw::Flapping),
        DOWN => look.shows.contains(&Saw::Down),
        _ => true,
    };
    let trust = f64::from(look.trust) / 100.0;
    #[expect(clippy::cast_precision_loss, reason = "at most three")]
    let wrong = (1.0 - trust) / look.shows.len().max(1) as f64;
    either([WORKS, BADLY, TURNS, DOWN].map(|how| {
        let truth = if shown(how) { how } else { WORKS };
        [WORKS, BADLY, TURNS, DOWN].map(|answer| match answer {
            answer if answer == truth => trust,
            answer if shown(answer) => wrong,
            _ => 0.0,
        })
    }))
}

/// Offers the checks that have not spoken and whose answers would differ; of those that stand alike the
/// quickest.
fn probes(
    loaded: &Loaded,
    beliefs: &Beliefs<'_>,
    known: &Known<'_>,
    offer: &mut dyn FnMut(Stand, Telling),
) {
    let check = |sees: &Sees| &loaded.plant.checks()[sees.check.index()];
    let key =
        |sees: &Sees| (check(sees).key.clone(), loaded.plant.vantage(sees.vantage).name.clone());
    let mut quickest: BTreeMap<Stand, (Duration, &Sees)> = BTreeMap::new();
    for &sees in &known.unseen {
        let stand = beliefs.stand(sees.gate, None);
        let is_same =
            stand.turns | stand.partly == 0 && (stand.down == 0 || stand.down == beliefs.lanes());
        let deadline = check(sees).deadline;
        let may = check(sees).question.is_asked();
        let is_slower = || quickest.get(&stand).is_some_and(|(best, _)| *best <= deadline);
        if !may || is_same || is_slower() {
            continue;
        }
        let vantage = &loaded.plant.vantage(sees.vantage).name;
        if known.asked.mute.contains(vantage) || known.asked.probes.contains(&key(sees)) {
            continue;
        }
        quickest.insert(stand, (deadline, sees));
    }
    for (stand, (deadline, sees)) in quickest {
        let key = key(sees);
        let target = symptom_name(&key);
        let next = NextCheck {
            ask: format!("put the check {target} now: is it up?"),
            target,
            by: Asker::Probe,
            minutes: deadline.as_secs_f64().max(1.0) / 60.0,
            information_bits: information(&beliefs.shares(stand), &probe_answers()),
        };
        offer(stand, Telling { probe: Some(key), check: next });
    }
}

/// Something a person can look at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum LookedAt {
    Component(ComponentId),
    Other(InputId),
}

/// What the hypotheses name, and what stands directly around it.
fn targets(loaded: &Loaded, beliefs: &Beliefs<'_>) -> BTreeSet<LookedAt> {
    let mut named = BTreeSet::new();
    let mut targets = BTreeSet::new();
    for &input in beliefs.broke.keys() {
        match loaded.circuit.subject(input) {
            Subject::Component(id) => {
                named.insert(id);
            }
            Subject::Carriage { upstream, prefix } => {
                named.extend([upstream, prefix]);
                targets.insert(LookedAt::Other(input));
            }
            Subject::Spread { from, to } => named.extend([from, to]),
            Subject::Vantage(_) => {
                targets.insert(LookedAt::Other(input));
            }
            Subject::Check(id) => {
                named.insert(loaded.plant.checks()[id.index()].component);
                targets.insert(LookedAt::Other(input));
            }
        }
    }
    for &id in &named {
        for (_, requirement) in &loaded.plant.component(id).requirements {
            requirement.each_leaf(&mut |leaf| {
                if let Target::Component(below) = leaf.target {
                    targets.insert(LookedAt::Component(below));
                }
            });
        }
        targets.extend(loaded.index.on(id).iter().map(|&on| LookedAt::Component(on)));
    }
    targets.extend(named.into_iter().map(LookedAt::Component));
    targets
}

impl LookedAt {
    /// The gates that say how it stands, and whether it can be managed from a chair.
    fn gates(self, loaded: &Loaded) -> impl Iterator<Item = GateId> {
        let (plant, circuit) = (&*loaded.plant, &loaded.circuit);
        let (input, id) = match self {
            Self::Component(id) => (circuit.component_input(id), Some(id)),
            Self::Other(input) => (input, None),
        };
        let managed = id.and_then(|id| circuit.managed(id));
        let machine = id.and_then(|id| machine_of(plant, id)).map(|id| circuit.stands(id));
        [Some(sign(circuit, input)), managed, machine].into_iter().flatten()
    }

    /// Offers every look at it.
    fn looks(
        self,
        loaded: &Loaded,
        beliefs: &Beliefs<'_>,
        known: &Known<'_>,
        offer: &mut dyn FnMut(Stand, Telling),
    ) {
        let (plant, circuit) = (&*loaded.plant, &loaded.circuit);
        let input = match self {
            Self::Component(id) => circuit.component_input(id),
            Self::Other(input) => input,
        };
        let gate = sign(circuit, input);
        let name = subject_name(plant, circuit, input);
        if known.seen.has(gate) || known.asked.told.contains(name.as_str()) {
            return;
        }
        let stand = beliefs.stand(gate, Some(input));
        let shares = beliefs.shares(stand);
        let looks: Vec<&Look> = match circuit.subject(input) {
            Subject::Component(id) => hands::looks(plant.component(id).kind).collect(),
            Subject::Vantage(_) => vec![&hands::VANTAGE],
            Subject::Check(_) => vec![&hands::CHECK],
            Subject::Carriage { .. } => vec![&hands::CARRIAGE],
            Subject::Spread { .. } => Vec::new(),
        };
        let of_person = |look: &Look, information_bits: f64| Telling {
            probe: None,
            check: NextCheck {
                ask: look.about(&name),
                target: name.clone(),
                by: Asker::Person,
                minutes: self.minutes(plant, look, beliefs),
                information_bits,
            },
        };
        for look in looks {
            offer(stand, of_person(look, information(&shares, &look_answers(look))));
        }
        for look in self.experiments(plant, known) {
            let own = beliefs.broke.get(&input).copied().unwrap_or(0);
            let bits = restart_tells(beliefs, stand.down & own, stand.down & !own, look.trust);
            offer(Stand { badly: own, ..stand }, of_person(look, bits));
        }
    }

    /// From a chair; unless the way by which it is managed is gone too, or where no way is named its machine is
    /// dark by what that stands on: then no console answers either.
    fn minutes(self, plant: &Plant, look: &Look, beliefs: &Beliefs<'_>) -> f64 {
        let Beliefs { circuit, broke, .. } = beliefs;
        let is_cut = match self {
            Self::Component(id) => match (circuit.managed(id), machine_of(plant, id)) {
                (Some(way), _) => !beliefs.is_up(way),
                (None, Some(machine)) => {
                    let own = broke.get(&circuit.component_input(machine));
                    let by_itself = own.is_some_and(|lanes| lanes & 1 == 1);
                    !beliefs.is_up(circuit.stands(machine)) && !by_itself
                }
                (None, None) => false,
            },
            Self::Other(_) => false,
        };
        if is_cut { look.remotely.max(look.on_site + CALLED) } else { look.remotely }
    }

    /// Starting it anew, where nothing more can be lost by it: its own check fails.
    fn experiments(self, plant: &Plant, known: &Known<'_>) -> Vec<&'static Look> {
        let Self::Component(id) = self else { return Vec::new() };
        let component = plant.component(id);
        let name = component.name.as_str();
        if known.failing.binary_search(&name).is_err() || known.asked.done.contains(name) {
            return Vec::new();
        }
        hands::experiments(component.kind).map(|(_, look)| look).collect()
    }
}

/// What is told by starting something anew that is down by itself in some hypotheses, and by what it stands
/// on in others.
fn restart_tells(beliefs: &Beliefs<'_>, own: u64, others: u64, trust: u8) -> f64 {
    let trust = f64::from(trust) / 100.0;
    let held = |lanes: u64| -> f64 {
        beliefs
            .mass
            .iter()
            .zip(0..)
            .filter(|(_, lane)| lanes >> lane & 1 == 1)
            .map(|(mass, _)| mass)
            .sum()
    };
    let (by_itself, by_others) = (held(own), held(others));
    let back = |chance: f64| [chance, 0.0, 0.0, 1.0 - chance];
    let helps = RESTART_HELPS * trust + (1.0 - RESTART_HELPS) * (1.0 - trust);
    let answers = [back(trust), back(trust), back(helps), back(1.0 - trust), back(0.5)];
    information(&[1.0 - by_itself - by_others, 0.0, by_itself, by_others, 0.0], &answers)
}

#[cfg(test)]
mod tests;
