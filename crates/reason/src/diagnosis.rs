//! Which faults best explain what is seen.
//!
//! A pure function from the circuit and a list of [`Fact`]s to ranked hypotheses. An outage is cut into
//! *epochs*, stretches in which its picture lasts; a fact is one gate in one epoch with its tries and
//! failures, a fault is an input with a mode and the epochs it lasted. So the power that was gone and is
//! back, and the card that has failed in turns since, are two faults of one hypothesis, and ten good
//! answers before ten bad ones are not ten of twenty.
//!
//! 1. [`suspects`]: who could have done any of what fails: killer sets, and cut sets of two and three
//!    behind redundancy; what no fact tells apart is one suspect. Of machines that are up and alike one
//!    speaks for all ([`crowds`]), and of those that failed alike ([`failed_alike`]).
//! 2. [`search`]: the fault sets that fit best, greedy from several starts, then add, remove, swap, on
//!    lists of facts alone: [`price`] says what a set costs before anything is seen, [`gains`] what each suspect
//!    gains by having failed, [`likelihood`] how a fact fits.
//! 3. Here: the best are looked up in the circuit, 64 scenarios to a word, for what faults do together;
//!    then ranked. "Nothing broke" (false alarms) and "something we do not model" always compete.
//! 4. Independent causes are told apart as [`Part`]s: each is an incident of its own, and its
//!    alternatives compete within it.
//!
//! It never looks at names, clocks or incidents. Tested by cases at the door of `step`, and here against
//! trying every set of faults on random plants.

mod likelihood;
pub(crate) mod cuts;
pub(crate) mod crowds;
mod failed_alike;
mod suspects;
mod wires;
mod element;
mod gains;
mod price;
mod search;
pub mod lossy;
pub(crate) mod next;

pub(crate) use likelihood::for_turns;
use wires::WRONG_EDGE;
pub(crate) use wires::{Lines, WRONG_WIRES};

use crate::battery::Batteries;
use crate::circuit::{Circuit, GateId, InputId, Killers, Subject};
use blackstart_model::kind::Kind;
use blackstart_model::record::FaultMode;
use blackstart_model::time::Timestamp;
use blackstart_model::{ComponentId, Plant};
use crowds::Crowds;
use cuts::Cuts;
use element::{Element, Manner};
use likelihood::{NAMED_FOR_ANOTHER, log_add};
use search::Scored;
use std::cell::{OnceCell, RefCell};
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use suspects::{RATES, Suspects};

/// Epochs of one outage at most.
pub(crate) const EPOCHS_MAX: u8 = 8;

/// Log-likelihood of each failing fact under "something we do not model": it predicts nothing, and that it
/// hits just this of all that is looked at is as likely as anything (chosen by hand: one in a hundred).
const UNMODELLED_EACH: f64 = -4.6;

/// Hypotheses that are looked up in the circuit.
const LOOKED_UP_MAX: usize = 64;

/// Flaky faults of one hypothesis whose doings together are looked up; more are taken one by one.
const TOGETHER_FLAKY_MAX: u32 = 3;

/// What lost some of what it stands on, and not all, is bad as often as what fails at so many tries (chosen by hand:
/// any share is taken the same).
const STRAINED: f32 = 0.5;

/// Words that something is bad for which it is asked what that stands on.
const STRAINED_MAX: usize = 64;

/// Words of 64 scenarios in one sweep of the circuit.
const LANES: usize = 4;

/// A fault stands beside the leading one as "not to be told apart" if it is at least so likely against
/// it; a rack that fell over does not belong beside its switch (chosen by hand).
const BESIDE: f64 = 0.01;

/// Something seen of one gate in one epoch.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Fact {
    pub(crate) gate: GateId,
    /// In which epoch, the first is 0.
    pub(crate) epoch: u8,
    /// How often it was tried there.
    pub(crate) tries: u32,
    /// How often it failed of these: none of an up, all of a down, some of what fails in turns.
    pub(crate) failures: u32,
    /// It answered, and badly in a way that comes with the path: slow, echoes lost.
    pub(crate) degraded: bool,
    /// It is somebody's word about a state, and not a count of tries.
    pub(crate) claim: bool,
    /// Every failure came with an answer (a refusal) that this gate had to be up for.
    pub(crate) answered: Option<GateId>,
    /// It was never asked, for its name was not found: what carries to this gate and loses some of it did not do that.
    pub(crate) unasked: Option<GateId>,
    /// The input of the thing that a word names.
    pub(crate) names: Option<InputId>,
    /// How far whoever says so is trusted, 0 to 1; a check's own errors are not meant.
    pub(crate) trust: f64,
    /// What was asked, where it is a component.
    pub(crate) of: Option<ComponentId>,
    /// The machine that answers: facts of one share the way to it.
    pub(crate) machine: Option<ComponentId>,
    /// The vantage that saw it.
    pub(crate) seen_by: Option<InputId>,
}

impl Fact {
    /// A plain fact of the first epoch.
    pub(crate) const fn plain(gate: GateId, up: bool, tries: u32) -> Self {
        let failures = if up { 0 } else { tries };
        Self {
            gate,
            epoch: 0,
            tries,
            failures,
            degraded: false,
            claim: false,
            answered: None,
            unasked: None,
            names: None,
            trust: 1.0,
            of: None,
            machine: None,
            seen_by: None,
        }
    }

    /// Nobody said so: who would have said otherwise did not ([`crate::evidence`]).
    pub(crate) const fn is_unsaid(&self) -> bool {
        self.claim && self.names.is_none()
    }

    /// Every try was answered well.
    pub(crate) const fn is_up(&self) -> bool {
        self.failures == 0 && !self.degraded
    }
}

/// Something that broke, how, and in which epochs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Fault {
    pub(crate) input: InputId,
    pub(crate) mode: FaultMode,
    /// The first epoch it shows in.
    pub(crate) first: u8,
    /// The last one; `None` while it lasts.
    pub(crate) last: Option<u8>,
}

impl Fault {
    /// It does not work at all, whatever made it so.
    const fn is_hard(&self) -> bool {
        match self.mode {
            FaultMode::Flaky | FaultMode::Partial | FaultMode::Degraded => false,
            FaultMode::Down
            | FaultMode::Latent
            | FaultMode::Consequential
            | FaultMode::Misrouted
            | FaultMode::CutOff
            | FaultMode::WrongCheck => true,
        }
    }

    /// It broke by itself just then: not because of another, nor long before.
    const fn began(&self) -> bool {
        !matches!(self.mode, FaultMode::Latent | FaultMode::Consequential)
    }
}

/// A set of faults, or one of the two answers that need none.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Faults {
    /// These broke (never empty).
    These(Vec<Fault>),
    /// Nothing did: the failing checks are false alarms.
    Nothing,
    /// Something the plant does not contain.
    Unmodelled,
}

impl Faults {
    /// What broke, in order.
    pub(crate) fn list(&self) -> &[Fault] {
        match self {
            Self::These(faults) => faults,
            Self::Nothing | Self::Unmodelled => &[],
        }
    }

    /// The inputs of what broke.
    pub(crate) fn inputs(&self) -> Vec<InputId> {
        self.list().iter().map(|fault| fault.input).collect()
    }
}

/// A hypothesis and how it stands to the facts (indices into the slice given to [`diagnose`]).
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Hypothesis {
    pub(crate) faults: Faults,
    pub(crate) posterior: f64,
    pub(crate) explains: Vec<usize>,
    pub(crate) unexplained: Vec<usize>,
    pub(crate) contradicted: Vec<usize>,
}

/// Faults of the leading hypothesis that explain something together, apart from its others.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Part {
    /// What competes within this part while the others stand, the leading one first. What other parts
    /// explain is not its matter; what none does is unexplained in each.
    pub(crate) hypotheses: Vec<Hypothesis>,
    /// Its faults with those that nothing seen tells apart from them.
    pub(crate) ambiguity: Vec<Vec<Fault>>,
    /// How much less likely it is that none of its faults is there, and what shows is chance: 0 to 1.
    pub(crate) doubt: f64,
}

/// The ranking, and how far it is complete.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Diagnosis {
    /// Most believed first; at least one.
    pub(crate) hypotheses: Vec<Hypothesis>,
    /// The independent causes of the leading one, the one that explains most first.
    pub(crate) parts: Vec<Part>,
    /// How much less likely than the leading one it is that nothing broke: 0 to 1.
    pub(crate) doubt: f64,
    /// Faults of the leading one with those that nothing seen tells apart from them.
    pub(crate) ambiguity: Vec<Vec<Fault>>,
    /// How far the search went, in words.
    pub(crate) searched: String,
}

/// For a fault, those that follow from it, with the logarithm of how likely each is.
pub(crate) type Follows<'a> = &'a dyn Fn(InputId) -> Option<Rc<[(InputId, f64)]>>;

/// What is asked.
pub(crate) struct Question<'a> {
    pub(crate) plant: &'a Plant,
    pub(crate) circuit: &'a Circuit,
    pub(crate) killers: &'a Killers,
    /// What fails, with whatever else is to be looked at by itself; each with its number.
    pub(crate) facts: &'a [(usize, Fact)],
    /// What is up besides, and the number of the first of it.
    pub(crate) up: Option<(&'a Crowds<'a>, usize)>,
    /// The logarithm of the prior of a fault in a mode.
    pub(crate) log_prior: &'a dyn Fn(InputId, FaultMode) -> f64,
    /// Of the input of a check: that of its component, where that is rather broken in a part that only this check sees.
    pub(crate) in_part: &'a dyn Fn(InputId) -> Option<InputId>,
    /// The logarithm of the prior of something that the plant does not contain.
    pub(crate) log_unmodelled: f64,
    /// What follows from a fault, with the logarithm of how likely: a breaker trips under the load that moved
    /// to it. `None` for what moves no load.
    pub(crate) follows: Follows<'a>,
    /// Whether anything may follow from it: said without finding out what.
    pub(crate) carries: &'a dyn Fn(InputId) -> bool,
    /// Deeds done on what an input stands for: from which epoch on a fault of it should be over, and the
    /// logarithms of "it ended with it" and "it went on".
    pub(crate) deeds: &'a dyn Fn(InputId) -> Vec<(u8, f64, f64)>,
    /// The UPS of the plant.
    pub(crate) batteries: &'a Batteries,
    /// From when to when each epoch lasts.
    pub(crate) spans: &'a [(Timestamp, Timestamp)],
    /// The share of the plant's wires that lie elsewhere, and what was found out about them.
    pub(crate) wrong_wires: f64,
    pub(crate) lines: &'a Lines,
    /// Cut sets that were looked for with the same priors.
    pub(crate) cuts: &'a RefCell<Cuts>,
    /// So many hypotheses are wanted.
    pub(crate) keep: usize,
}

/// What is gained when something unmodelled did what does not fit, with its prior: once for each epoch in
/// which it would have done something, for each has a picture of its own.
fn unmodelled(suspects: &Suspects<'_>, predicted: &[Predicted]) -> f64 {
    let mut gained = [0.0; EPOCHS_MAX as usize];
    let mut told = predicted.iter().peekable();
    for place in suspects.places.iter().filter(|place| place.bad) {
        let fact = &suspects.facts[place.of as usize];
        while told.next_if(|told| told.0 < place.of).is_some() {}
        let q = told.peek().filter(|told| told.0 == place.of).map_or(0.0, |told| f64::from(told.1));
        let fit = suspects.fit(fact, q);
        let more = (suspects.unmodelled(fact) - fit).max(0.0);
        gained[place.epoch as usize] += more * f64::from(place.count);
    }
    let epochs = gained.into_iter().filter(|gained| *gained > 0.0);
    epochs.map(|gained| gained + suspects.log_unmodelled).sum()
}

/// A fact by its number, and the chance that a try of it fails.
type Predicted = (u32, f32);

/// Ranks the fault sets that could explain what fails. At least "nothing" and "unmodelled" compete.
pub(crate) fn diagnose(question: &Question<'_>) -> Diagnosis {
    let suspects = Suspects::of(question);
    let sets = search::search(&suspects, question.follows);
    let mut candidates = candidates(question, &suspects, sets);
    look_up(&suspects, &mut candidates);
    let score = unmodelled(&suspects, &[]);
    candidates.push(Candidate { unmodelled: true, score, ..Candidate::default() });
    rank(question, &suspects, candidates)
}

/// What an element is known by: suspect, member, manner without its rate, first and last epoch.
type Key = (u32, usize, u8, u8, u8);

/// A flaky element, by its place in its candidate.
type InTurns = (u8, Element);

/// A hypothesis in the making.
#[derive(Clone, Default)]
struct Candidate {
    /// In order.
    elements: Vec<Element>,
    /// Which member of each suspect.
    members: Vec<usize>,
    score: f64,
    prior: f64,
    unmodelled: bool,
    /// What is to fail, in the order of the suspects' facts; `None` while it was not looked up.
    predicted: Option<Vec<Predicted>>,
}

impl Candidate {
    /// The same for sets that differ in the rate of a flaky fault only.
    fn key(&self) -> Vec<Key> {
        self.keys().collect()
    }

    /// The same, one by one.
    fn keys(&self) -> impl Iterator<Item = Key> {
        let all = self.elements.iter().zip(&self.members);
        all.map(|(it, member)| (it.suspect, *member, it.manner.without_rate(), it.first, it.last))
    }

    /// What broke, in which manner, from when to when: the same for sets that say it in other words, a pair and
    /// one of the two besides.
    fn broken(&self, suspects: &Suspects<'_>) -> BTreeMap<(InputId, u8), (u8, u8)> {
        let mut broken: BTreeMap<(InputId, u8), (u8, u8)> = BTreeMap::new();
        for (it, member) in self.elements.iter().zip(&self.members) {
            for &input in &suspects.all[it.suspect as usize].members[*member].1 {
                let when = broken.entry((input, it.manner.without_rate()));
                let (first, last) = when.or_insert((it.first, it.last));
                (*first, *last) = ((*first).min(it.first), (*last).max(it.last));
            }
        }
        broken
    }
}

/// By score; equals by what they are, so that the same is told first each time.
fn best_first(a: &Candidate, b: &Candidate) -> Ordering {
    b.score.total_cmp(&a.score).then_with(|| {
        (a.unmodelled, &a.elements, &a.members).cmp(&(b.unmodelled, &b.elements, &b.members))
    })
}

/// The prior of one member of a suspect, in the way it is taken to have failed.
fn member_prior(
    question: &Question<'_>,
    who: &suspects::Suspect,
    manner: Manner,
    member: usize,
) -> f64 {
    let (hard, inputs) = &who.members[member];
    match (manner, &inputs[..]) {
        (Manner::Flaky(_), &[input]) => (question.log_prior)(input, FaultMode::Flaky),
        (Manner::Partial, &[input]) => (question.log_prior)(input, FaultMode::Partial),
        (Manner::Hard | Manner::Astray | Manner::Flaky(_) | Manner::Partial, _) => *hard,
    }
}

/// One candidate for each set and, of suspects of several members, each member.
fn candidates(
    question: &Question<'_>,
    suspects: &Suspects<'_>,
    sets: Vec<Scored>,
) -> Vec<Candidate> {
    let mut by_key: BTreeMap<Vec<Key>, Candidate> = BTreeMap::new();
    for Scored { elements, score, prior } in sets {
        let plain = Candidate {
            members: vec![0; elements.len()],
            elements,
            score,
            prior,
            ..Candidate::default()
        };
        let mut variants = Vec::new();
        // Which member of each suspect follows from the others, if one does.
        let follower: Vec<Option<(usize, f64)>> = (0..plain.elements.len())
            .map(|at| price::follows_from(suspects, question.follows, &plain.elements, at))
            .collect();
        let alone = |at: usize, member: usize| {
            let Element { suspect, manner, .. } = plain.elements[at];
            match follower[at] {
                Some((follows, chance)) if follows == member => chance,
                _ => member_prior(question, &suspects.all[suspect as usize], manner, member),
            }
        };
        let of_any: Vec<f64> = (0..plain.elements.len())
            .map(|at| match plain.elements[at] {
                Element { manner: Manner::Astray, .. } => 0.0,
                Element { suspect, .. } => {
                    let members = 0..suspects.all[suspect as usize].members.len();
                    members.map(|it| alone(at, it)).fold(f64::NEG_INFINITY, log_add)
                }
            })
            .collect();
        let share = |at: usize, member: usize| match plain.elements[at].manner {
            Manner::Astray => 0.0,
            Manner::Hard | Manner::Flaky(_) | Manner::Partial => alone(at, member) - of_any[at],
        };
        let first: f64 = (0..plain.elements.len()).map(|at| share(at, 0)).sum();
        // What a set need not pay again, and what is astray, hangs on who of the others it was.
        let is_hard = |at: &usize| plain.elements[*at].manner == Manner::Hard;
        let hard: Vec<usize> = (0..plain.elements.len()).filter(is_hard).collect();
        let paid_of = |at: usize, members: Option<&[usize]>| {
            price::paid(suspects, &plain.elements, at, members)
        };
        let astray = |members: Option<&[usize]>| price::astray(suspects, &plain.elements, members);
        let paid_by_any: Vec<f64> = hard.iter().map(|&at| paid_of(at, None)).collect();
        let astray_by_any = OnceCell::new();
        let paid = |members: &[usize]| -> f64 {
            let all = hard.iter().zip(&paid_by_any);
            let paid: f64 = all.map(|(&at, by_any)| paid_of(at, Some(members)) - by_any).sum();
            paid + astray(Some(members)) - astray_by_any.get_or_init(|| astray(None))
        };
        for at in 0..plain.elements.len() {
            let Element { suspect, manner, .. } = plain.elements[at];
            let members = match manner {
                Manner::Astray => 1,
                Manner::Hard | Manner::Flaky(_) | Manner::Partial => {
                    suspects.all[suspect as usize].members.len()
                }
            };
            for member in 1..members {
                let mut variant = plain.clone();
                variant.members[at] = member;
                let less = first - share(at, 0) + share(at, member) + paid(&variant.members);
                variant.score += less;
                variant.prior += less;
                variants.push(variant);
            }
        }
        let first = first + paid(&plain.members);
        let mut plain = plain;
        plain.score += first;
        plain.prior += first;
        variants.push(plain);
        for variant in variants {
            by_key
                .entry(variant.key())
                .and_modify(|known| {
                    let both = log_add(known.score, variant.score);
                    // The rate that fits best stands for all.
                    if variant.score > known.score {
                        *known = variant.clone();
                    }
                    known.prior += both - known.score;
                    known.score = both;
                })
                .or_insert(variant);
        }
    }
    let mut all: Vec<Candidate> = by_key.into_values().collect();
    all.sort_by(best_first);
    all
}

/// Looks the best up in the circuit, and scores them by what it says. Once more for those that come up where several
/// turn out to be the same.
fn look_up(suspects: &Suspects<'_>, candidates: &mut Vec<Candidate>) {
    for _ in 0..2 {
        let best = candidates.iter_mut().take(LOOKED_UP_MAX);
        let mut anew: Vec<&mut Candidate> = best.filter(|it| it.predicted.is_none()).collect();
        if anew.is_empty() {
            break;
        }
        predict(suspects, &mut anew);
        for candidate in anew {
            let predicted = candidate.predicted.as_deref().unwrap_or_default();
            candidate.score = candidate.prior + fit(suspects, candidate, predicted);
            if !candidate.elements.is_empty() {
                // What these do not explain may be the doing of something else.
                let beside = candidate.score + unmodelled(suspects, predicted);
                candidate.score = log_add(candidate.score, beside);
            }
        }
        candidates.sort_by(best_first);
        let mut known = BTreeSet::new();
        candidates.retain(|it| it.predicted.is_none() || known.insert(it.broken(suspects)));
    }
}

/// The inputs that a candidate has broken, whenever.
fn broke(suspects: &Suspects<'_>, candidate: &Candidate) -> BTreeSet<InputId> {
    let sets = candidate.elements.iter().zip(&candidate.members);
    sets.flat_map(|(it, member)| &suspects.all[it.suspect as usize].members[*member].1)
        .copied()
        .collect()
}

/// How well all facts fit, against nothing having broken; one wrong edge a machine is allowed for.
fn fit(suspects: &Suspects<'_>, candidate: &Candidate, predicted: &[Predicted]) -> f64 {
    let broke = broke(suspects, candidate);
    // From where something is seen is not drawn: what a vantage sees is seen, wherever the wires lie.
    let sets = candidate.elements.iter().zip(&candidate.members);
    let vantages = sets.filter(|(it, _)| suspects.all[it.suspect as usize].is_vantage);
    let cut_off: Vec<(InputId, Element)> = vantages
        .flat_map(|(it, member)| {
            let inputs = &suspects.all[it.suspect as usize].members[*member].1;
            inputs.iter().map(|&input| (input, *it))
        })
        .collect();
    let is_cut_off = |fact: &Fact| {
        let then = |it: &Element| (it.first..=it.last).contains(&fact.epoch);
        cut_off.iter().any(|(input, it)| fact.seen_by == Some(*input) && then(it))
    };
    let fact = |told: &Predicted| &suspects.facts[told.0 as usize];
    let hard = || {
        let all = candidate.elements.iter().zip(&candidate.members);
        let hard = all.filter(|(it, _)| it.manner == Manner::Hard);
        let inputs = hard.flat_map(|(it, at)| &suspects.all[it.suspect as usize].members[*at].1);
        let inputs: BTreeSet<InputId> = inputs.copied().collect();
        suspects.wires.set(&inputs.into_iter().collect::<Vec<_>>())
    };
    let broken = OnceCell::new();
    let mut sum = 0.0;
    // Machines that were seen alike come one after another.
    let mut last: Option<(*const suspects::Fits, f32, f64)> = None;
    for machine in predicted.chunk_by(|a, b| fact(a).group == fact(b).group) {
        // What speaks against the hypothesis in some epochs may be the doing of one wrong edge.
        let (mut own, mut wrong) = (0.0, 0.0);
        for epoch in machine.chunk_by(|a, b| fact(a).fact.epoch == fact(b).fact.epoch) {
            let (mut here, mut against) = (0.0, false);
            for told in epoch {
                let (fact, q) = (fact(told), told.1);
                if fact.down_today {
                    continue;
                }
                let fits = suspects.fits_of(fact);
                let known = last.filter(|(of, at, _)| std::ptr::eq(*of, fits) && *at == q);
                let fitting = known.map_or_else(|| suspects.fit(fact, f64::from(q)), |it| it.2);
                last = Some((fits, q, fitting));
                here += fitting - fits.calm;
                if fact.bad && fact.fact.names.is_some_and(|named| !broke.contains(&named)) {
                    here += NAMED_FOR_ANOTHER.ln();
                }
                against |= q >= 1.0 && !fact.bad && !is_cut_off(&fact.fact);
            }
            if against && here < 0.0 {
                wrong += here;
            } else {
                own += here;
            }
        }
        if let Some(of) = fact(&machine[0]).fact.machine.filter(|_| wrong < WRONG_EDGE.ln()) {
            wrong = wrong.max(suspects.wires.wrong_edge(of, *broken.get_or_init(hard)));
        }
        let each = own + wrong;
        sum += f64::from(fact(&machine[0]).count) * each;
    }
    sum
}

/// Where a candidate's scenarios are among those of one sweep: for each way in which its flaky faults fail together
/// a history of one for each epoch.
struct Lanes {
    candidate: usize,
    first: usize,
    /// How likely each way is.
    chances: Vec<f64>,
}

/// Fills in what each candidate predicts.
fn predict(suspects: &Suspects<'_>, candidates: &mut [&mut Candidate]) {
    let epochs = usize::from(suspects.epochs);
    let strained = strained(suspects);
    // The epochs of one history lie side by side, in a word.
    let width = epochs.next_power_of_two();
    let mut at = 0;
    while at < candidates.len() {
        // As many candidates as there are lanes for.
        let mut failed: Vec<(InputId, [u64; LANES])> = Vec::new();
        let mut lanes: Vec<Lanes> = Vec::new();
        let mut lane = 0;
        while at < candidates.len() {
            let candidate = &*candidates[at];
            let flaky = in_turns(candidate);
            let taken = width << flaky.len();
            if lane + taken > 64 * LANES {
                break;
            }
            for epoch in 0..epochs {
                for together in 0..1_usize << flaky.len() {
                    let here = lane + together * width + epoch;
                    let mut mask = [0; LANES];
                    mask[here / 64] = 1 << (here % 64);
                    for (place, element) in candidate.elements.iter().enumerate() {
                        if !(element.first..=element.last)
                            .contains(&u8::try_from(epoch).expect("few epochs"))
                        {
                            continue;
                        }
                        let fails = match element.manner {
                            Manner::Hard | Manner::Astray => true,
                            Manner::Partial => false,
                            Manner::Flaky(_) => flaky
                                .iter()
                                .position(|(own, _)| usize::from(*own) == place)
                                .is_some_and(|bit| together >> bit & 1 == 1),
                        };
                        if fails {
                            let member = candidate.members[place];
                            let inputs = &suspects.all[element.suspect as usize].members[member].1;
                            failed.extend(inputs.iter().map(|&input| (input, mask)));
                        }
                    }
                }
            }
            let chances = chances(&flaky);
            lanes.push(Lanes { candidate: at, first: lane, chances });
            lane += taken;
            at += 1;
        }
        let down = suspects.down(&failed, width);
        let mut predicted: Vec<Vec<Predicted>> = vec![Vec::new(); lanes.len()];
        for ((fact, down), number) in suspects.facts.iter().zip(down).zip(0..) {
            if down == [0; LANES] {
                continue;
            }
            for (lanes, predicted) in lanes.iter().zip(&mut predicted) {
                let first = lanes.first + usize::from(fact.fact.epoch);
                let is_down = |here: usize| down[here / 64] >> (here % 64) & 1 == 1;
                let ways = lanes.chances.iter().enumerate();
                let ways = ways.filter(|(together, _)| is_down(first + together * width));
                let q: f64 = ways.map(|(_, chance)| chance).sum();
                if q > 0.0 {
                    #[expect(clippy::cast_possible_truncation, reason = "a chance of a few rates")]
                    predicted.push((number, if q > 0.999_999 { 1.0 } else { q as f32 }));
                }
            }
        }
        for (lanes, predicted) in lanes.into_iter().zip(predicted) {
            let candidate = &mut *candidates[lanes.candidate];
            let predicted = with_partial(suspects, candidate, predicted);
            candidate.predicted = Some(with_strained(suspects, candidate, &strained, predicted));
        }
    }
}

/// The flaky elements of a candidate whose doings together are looked up.
fn in_turns(candidate: &Candidate) -> Vec<InTurns> {
    candidate
        .elements
        .iter()
        .zip(0..)
        .filter(|(element, _)| matches!(element.manner, Manner::Flaky(_)))
        .map(|(element, place)| (place, *element))
        .take(TOGETHER_FLAKY_MAX as usize)
        .collect()
}

/// How likely each set of some flaky elements fails at one try.
fn chances(flaky: &[InTurns]) -> Vec<f64> {
    let of = |together: usize| {
        let each = flaky.iter().enumerate().map(|(bit, (_, element))| match element.manner {
            Manner::Flaky(rate) if together >> bit & 1 == 1 => RATES[rate as usize],
            Manner::Flaky(rate) => 1.0 - RATES[rate as usize],
            Manner::Hard | Manner::Astray | Manner::Partial => 1.0,
        });
        each.product()
    };
    (0..1_usize << flaky.len()).map(of).collect()
}

/// What is predicted, and what faults in part bring down besides: the circuit cannot say it.
fn with_partial(
    suspects: &Suspects<'_>,
    candidate: &Candidate,
    predicted: Vec<Predicted>,
) -> Vec<Predicted> {
    if candidate.elements.iter().all(|element| element.manner != Manner::Partial) {
        return predicted;
    }
    let down = search::partly_down(suspects, &candidate.elements);
    let mut all: BTreeMap<u32, f32> = predicted.into_iter().collect();
    all.extend(suspects.places.iter().zip(down).filter(|(_, down)| *down).map(|it| (it.0.of, 1.0)));
    all.into_iter().collect()
}

/// Words that something is bad, and not down, with what would take some of what it stands on.
fn strained(suspects: &Suspects<'_>) -> Vec<(u32, Rc<[InputId]>)> {
    let said = suspects.facts.iter().zip(0..);
    let said = said.filter(|(it, _)| it.fact.claim && it.fact.degraded && !it.down_today);
    let strains = |thing| suspects.wires.strains(thing);
    said.filter_map(|(it, number)| Some((number, strains(it.fact.of?))))
        .take(STRAINED_MAX)
        .collect()
}

/// What is predicted, and who is bad because of what broke behind a redundancy of theirs, or of what they could do
/// without: the circuit knows who stands, and not how well.
fn with_strained(
    suspects: &Suspects<'_>,
    candidate: &Candidate,
    strained: &[(u32, Rc<[InputId]>)],
    predicted: Vec<Predicted>,
) -> Vec<Predicted> {
    if strained.is_empty() || candidate.elements.is_empty() {
        return predicted;
    }
    let mut all: BTreeMap<u32, f32> = predicted.into_iter().collect();
    for (number, strains) in strained {
        let epoch = suspects.facts[*number as usize].fact.epoch;
        let mut sets =
            candidate.elements.iter().zip(&candidate.members).filter(|(it, _)| {
                it.manner != Manner::Astray && (it.first..=it.last).contains(&epoch)
            });
        let is_one = |input: &InputId| strains.binary_search(input).is_ok();
        if sets.any(|(it, member)| {
            suspects.all[it.suspect as usize].members[*member].1.iter().any(is_one)
        }) {
            all.entry(*number).or_insert(STRAINED);
        }
    }
    all.into_iter().collect()
}

/// Orders, weighs and tells apart.
fn rank(question: &Question<'_>, suspects: &Suspects<'_>, mut all: Vec<Candidate>) -> Diagnosis {
    all.sort_by(best_first);
    let top = &all[0];
    let parts = parts(suspects, top);
    // Alternatives of independent causes multiply: each part has a sum of its own.
    let key = top.key();
    let mut of_part: Vec<Vec<usize>> = vec![Vec::new(); parts.len()];
    let mut sums = vec![f64::NEG_INFINITY; parts.len()];
    let mut others = f64::NEG_INFINITY;
    for (at, candidate) in all.iter().enumerate() {
        let weight = candidate.score - top.score;
        let mut placed = false;
        for (part, elements) in parts.iter().enumerate() {
            let rest = key.iter().zip(0..).filter(|(_, place)| !elements.contains(place));
            let mut rest = rest.map(|(key, _)| key);
            let has = |key: &Key| candidate.keys().any(|own| own == *key);
            if parts.len() == 1 || !candidate.unmodelled && rest.all(has) {
                of_part[part].push(at);
                sums[part] = log_add(sums[part], weight);
                placed = true;
            }
        }
        if !placed {
            others = log_add(others, weight);
        }
    }
    let sum = log_add(sums.iter().sum::<f64>(), others);
    let posterior = |candidate: &Candidate| (candidate.score - top.score - sum).exp();

    let mut told = Told::default();
    for candidate in all.iter().take(LOOKED_UP_MAX + 2) {
        told.add(question, suspects, candidate, posterior(candidate));
        if told.hypotheses.len() >= question.keep.max(1) {
            break;
        }
    }
    let ambiguity = ambiguity(question, suspects, &all);
    let parts = told_apart(question, suspects, &all, &parts, &of_part, &sums, &ambiguity);
    let doubt = doubt(&all, &(0..key.len()).collect::<Vec<_>>());
    let hypotheses = told.hypotheses;
    Diagnosis { hypotheses, parts, doubt, ambiguity, searched: searched(suspects) }
}

/// Hypotheses as they are told, the best first.
#[derive(Default)]
struct Told {
    hypotheses: Vec<Hypothesis>,
    /// What each explains of what fails.
    explained: Vec<Vec<u64>>,
}

impl Told {
    /// Adds a hypothesis, unless a better one says the same. What only says what the leading one does (the same faults
    /// at other times, or with a wire that lies elsewhere) is as much a reason to believe that; whatever else is idle
    /// keeps its share of the belief.
    fn add(
        &mut self,
        question: &Question<'_>,
        suspects: &Suspects<'_>,
        candidate: &Candidate,
        posterior: f64,
    ) -> Option<&mut Hypothesis> {
        let mut looked_up;
        // Where nothing broke, only what is down today is to fail.
        let fails =
            || !candidate.elements.is_empty() || suspects.facts.iter().any(|it| it.down_today);
        let candidate = if candidate.predicted.is_none() && fails() {
            looked_up = candidate.clone();
            predict(suspects, &mut [&mut looked_up]);
            &looked_up
        } else {
            candidate
        };
        let faults = faults(question, suspects, candidate);
        let explained = explained(suspects, candidate);
        let mut better = self.hypotheses.iter().zip(&self.explained);
        match better.position(|better| makes_idle(better, (&faults, &explained))) {
            None => {
                self.hypotheses.push(describe(question, suspects, candidate, faults, posterior));
                self.explained.push(explained);
                self.hypotheses.last_mut()
            }
            Some(at) => {
                if at == 0 {
                    self.hypotheses[0].posterior += posterior;
                }
                None
            }
        }
    }
}

/// Whether the better hypothesis says the same with fewer faults: the other adds some that explain
/// nothing more. Naming it would tell nobody anything.
fn makes_idle(better: (&Hypothesis, &Vec<u64>), other: (&Faults, &Vec<u64>)) -> bool {
    let (Faults::These(own), Faults::These(others)) = (&better.0.faults, other.0) else {
        return false;
    };
    let held = |fault: &Fault| {
        others.iter().any(|other| (other.input, other.mode) == (fault.input, fault.mode))
    };
    own.len() <= others.len()
        && own.iter().all(held)
        && other.1.iter().zip(better.1).all(|(other, better)| other & !better == 0)
}

/// Which facts that fail a candidate explains, a bit each.
fn explained(suspects: &Suspects<'_>, candidate: &Candidate) -> Vec<u64> {
    let mut bits = vec![0; suspects.facts.len().div_ceil(64)];
    for (fact, _) in candidate.predicted.iter().flatten() {
        bits[*fact as usize / 64] |= 1 << (fact % 64);
    }
    bits.iter_mut().zip(&suspects.fails).for_each(|(own, fails)| *own &= fails);
    bits
}

/// The elements of a hypothesis that share facts, by their places.
fn parts(suspects: &Suspects<'_>, top: &Candidate) -> Vec<Vec<usize>> {
    let bad = |element: &Element| -> BTreeSet<u32> {
        let places = suspects.bad_of(element.suspect).iter().copied();
        let then = |at: &u32| {
            (element.first..=element.last).contains(&suspects.places[*at as usize].epoch)
        };
        places.filter(then).collect()
    };
    let end = suspects.epochs - 1;
    let mut parts: Vec<(Vec<usize>, BTreeSet<u32>)> = Vec::new();
    let is_astray = |at: usize| top.elements[at].manner == Manner::Astray;
    for (at, element) in top.elements.iter().enumerate().filter(|(at, _)| !is_astray(*at)) {
        let (mut places, mut facts) = (vec![at], bad(element));
        let mut apart = Vec::new();
        for (others, shared) in parts {
            // Two causes that share a few of many facts are two all the same: the greater covers the less.
            let joint = facts.intersection(&shared).count();
            let same = others.iter().any(|&other| top.elements[other].suspect == element.suspect);
            // One that ended and one that lasts are two causes at two times.
            let at_once = others
                .iter()
                .all(|&other| (top.elements[other].last < end) == (element.last < end));
            if same || (at_once && joint > 0 && joint < facts.len() && joint < shared.len()) {
                places.extend(&others);
                facts.extend(&shared);
            } else {
                apart.push((others, shared));
            }
        }
        places.sort_unstable();
        apart.push((places, facts));
        parts = apart;
    }
    let count = |facts: &BTreeSet<u32>| -> usize {
        facts.iter().map(|&at| suspects.places[at as usize].count as usize).sum()
    };
    parts.sort_by_key(|(places, facts)| (usize::MAX - count(facts), places.clone()));
    // What is astray belongs to what it hangs on.
    for at in (0..top.elements.len()).filter(|&at| is_astray(at)) {
        let Element { first, last, .. } = top.elements[at];
        let goes_with = |&other: &usize| {
            let other = top.elements[other];
            (other.manner, other.first, other.last) == (Manner::Hard, first, last)
        };
        if let Some((places, _)) = parts.iter_mut().find(|(own, _)| own.iter().any(goes_with)) {
            places.push(at);
        }
    }
    let mut parts: Vec<Vec<usize>> = parts.into_iter().map(|(places, _)| places).collect();
    if parts.is_empty() {
        parts.push(Vec::new());
    }
    parts
}

/// The parts as hypotheses of their own.
fn told_apart(
    question: &Question<'_>,
    suspects: &Suspects<'_>,
    all: &[Candidate],
    parts: &[Vec<usize>],
    of_part: &[Vec<usize>],
    sums: &[f64],
    ambiguity: &[Vec<Fault>],
) -> Vec<Part> {
    let top = &all[0];
    let key = top.key();
    let apart = parts.len() > 1;
    let mut alone: Vec<Candidate> = parts.iter().map(|part| only(top, part)).collect();
    if apart {
        predict(suspects, &mut alone.iter_mut().collect::<Vec<_>>());
    }
    // Which parts explain each fact, a bit each.
    let mut by = vec![0_u16; suspects.facts.len()];
    for (part, place) in alone.iter().zip(0..) {
        let predicted = part.predicted.iter().flatten();
        predicted.for_each(|(fact, _)| by[*fact as usize] |= 1 << place);
    }
    // What competes within each part, without what it has of the others.
    let looked_at: Vec<(usize, usize)> = of_part
        .iter()
        .enumerate()
        .flat_map(|(part, own)| own.iter().take(LOOKED_UP_MAX).map(move |&at| (part, at)))
        .collect();
    let mut within: Vec<Candidate> = looked_at
        .iter()
        .map(|&(part, at)| {
            if !apart {
                return all[at].clone();
            }
            let of_others = |own: &Key| {
                key.iter().zip(0..).any(|(key, place)| key == own && !parts[part].contains(&place))
            };
            let keys = all[at].key();
            let own = keys.iter().enumerate().filter(|(_, key)| !of_others(key));
            only(&all[at], &own.map(|(place, _)| place).collect::<Vec<_>>())
        })
        .collect();
    if apart {
        predict(suspects, &mut within.iter_mut().collect::<Vec<_>>());
    }
    let mut all_of: Vec<Told> = parts.iter().map(|_| Told::default()).collect();
    for (only, &(part, at)) in within.iter().zip(&looked_at) {
        let told = &mut all_of[part];
        if told.hypotheses.len() >= question.keep.max(1) {
            continue;
        }
        let posterior = (all[at].score - top.score - sums[part]).exp();
        let Some(hypothesis) = told.add(question, suspects, only, posterior) else { continue };
        let of_others = |given: &usize| {
            let at = suspects.failing.binary_search_by_key(given, |(given, _)| *given);
            let by = at.map_or(0, |at| by[suspects.failing[at].1 as usize]);
            by != 0 && by >> part & 1 == 0
        };
        hypothesis.unexplained.retain(|given| !of_others(given));
    }
    let of_lead = |hypotheses: &[Hypothesis], group: &[Fault]| {
        let lead = hypotheses.first().map(|lead| lead.faults.inputs()).unwrap_or_default();
        group.iter().any(|fault| lead.contains(&fault.input))
    };
    all_of
        .into_iter()
        .zip(parts)
        .map(|(Told { hypotheses, .. }, part)| {
            let groups = ambiguity.iter().filter(|group| of_lead(&hypotheses, group));
            Part { ambiguity: groups.cloned().collect(), doubt: doubt(all, part), hypotheses }
        })
        .collect()
}

/// How much less likely than the leading one it is without these of its elements: 0 where that was not worth keeping.
fn doubt(all: &[Candidate], part: &[usize]) -> f64 {
    let top = &all[0];
    let key = top.key().into_iter().zip(0..);
    let rest: Vec<Key> = key.filter(|(_, place)| !part.contains(place)).map(|it| it.0).collect();
    let is_it =
        |it: &&Candidate| !it.unmodelled && it.elements.len() == rest.len() && it.key() == rest;
    all.iter().find(is_it).map_or(0.0, |it| (it.score - top.score).exp())
}

/// A candidate with some of its elements only.
fn only(candidate: &Candidate, places: &[usize]) -> Candidate {
    Candidate {
        elements: places.iter().map(|&at| candidate.elements[at]).collect(),
        members: places.iter().map(|&at| candidate.members[at]).collect(),
        unmodelled: candidate.unmodelled,
        ..Candidate::default()
    }
}

/// For each fault of the leading hypothesis what stands beside it: another one in its place that says
/// the same of everything that was seen.
fn ambiguity(
    question: &Question<'_>,
    suspects: &Suspects<'_>,
    all: &[Candidate],
) -> Vec<Vec<Fault>> {
    let top = &all[0];
    let key = top.key();
    let mut groups = Vec::new();
    for (place, element) in top.elements.iter().enumerate() {
        let own = faults_of(question, suspects, top, place);
        // Others that could stand in its place, with how likely each is.
        let mut others: Vec<(f64, Vec<Fault>)> = Vec::new();
        let who = &suspects.all[element.suspect as usize];
        for (member, (_, inputs)) in who.members.iter().enumerate() {
            let prior = |member| member_prior(question, who, element.manner, member);
            let less = prior(member) - prior(top.members[place]);
            if member != top.members[place] && inputs.len() == own.len() && less >= BESIDE.ln() {
                let mut other = top.clone();
                other.members[place] = member;
                others.push((top.score + less, faults_of(question, suspects, &other, place)));
            }
        }
        if let ([input], [fault]) = (&who.members[top.members[place]].1[..], &own[..])
            && *input != fault.input
        {
            // Of what only one check sees, that one may be wrong.
            let prior = |mode| (question.log_prior)(*input, mode);
            let less = prior(FaultMode::WrongCheck) - prior(FaultMode::Partial);
            let wrong = Fault { input: *input, mode: FaultMode::WrongCheck, ..*fault };
            others.push((top.score + less, vec![wrong]));
        }
        let rest: Vec<_> =
            key.iter().enumerate().filter(|(at, _)| *at != place).map(|(_, key)| *key).collect();
        for other in all.iter().take(LOOKED_UP_MAX).skip(1) {
            if other.score < top.score + BESIDE.ln() || other.elements.len() != top.elements.len() {
                continue;
            }
            let other_key = other.key();
            let differs: Vec<usize> =
                (0..other_key.len()).filter(|&at| !rest.contains(&other_key[at])).collect();
            if let [at] = differs[..]
                && hit(suspects, top).eq(hit(suspects, other))
            {
                others.push((other.score, faults_of(question, suspects, other, at)));
            }
        }
        for lead in &own {
            groups.extend(group(question.circuit, top.score, lead, &own, &others));
        }
    }
    groups
}

/// One fault of a set, with those that others have in its place where they have the rest of it too.
fn group(
    circuit: &Circuit,
    score: f64,
    lead: &Fault,
    own: &[Fault],
    others: &[(f64, Vec<Fault>)],
) -> Option<Vec<Fault>> {
    let mut group = vec![(score, *lead)];
    let rest = || own.iter().filter(|fault| fault.input != lead.input);
    for (score, faults) in others {
        let has = |fault: &Fault| faults.iter().any(|other| other.input == fault.input);
        if rest().all(has) {
            let in_its_place =
                faults.iter().filter(|fault| rest().all(|other| other.input != fault.input));
            group.extend(in_its_place.map(|fault| (*score, *fault)));
        }
    }
    group.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut seen = BTreeSet::new();
    let group: Vec<Fault> = group
        .into_iter()
        .map(|(_, fault)| fault)
        .filter(|it| seen.insert(thing(circuit, it.input)))
        .collect();
    (group.len() > 1).then_some(group)
}

/// The facts that a candidate accounts for: what fails and is to, and what is up and is not to be.
fn hit(suspects: &Suspects<'_>, candidate: &Candidate) -> impl Iterator<Item = u32> {
    let predicted = candidate.predicted.iter().flatten();
    predicted
        .filter(|(fact, q)| suspects.facts[*fact as usize].bad || *q >= 1.0)
        .map(|(fact, _)| *fact)
}

/// The input of the thing that fails when this one does: one that was taken down is the same thing.
fn thing(circuit: &Circuit, input: InputId) -> InputId {
    match circuit.subject(input) {
        Subject::Spread { to, .. } => circuit.component_input(to),
        Subject::Component(_)
        | Subject::Vantage(_)
        | Subject::Check(_)
        | Subject::Carriage { .. } => input,
    }
}

/// The faults of one element.
fn faults_of(
    question: &Question<'_>,
    suspects: &Suspects<'_>,
    candidate: &Candidate,
    place: usize,
) -> Vec<Fault> {
    let element = candidate.elements[place];
    if element.manner == Manner::Astray {
        // It did not break.
        return Vec::new();
    }
    let end = suspects.epochs - 1;
    let inputs = &suspects.all[element.suspect as usize].members[candidate.members[place]].1;
    let ways = suspects.ways_of(inputs);
    let met_late = met_late(suspects, candidate, place);
    // What only ever answers badly is not known to fail.
    let never_failed = suspects.bad_of(element.suspect).iter().all(|&at| {
        let place = &suspects.places[at as usize];
        !(element.first..=element.last).contains(&place.epoch) || place.fact.failures == 0
    });
    inputs
        .iter()
        .enumerate()
        .map(|(at, &input)| {
            let (input, mode) = match element.manner {
                Manner::Hard | Manner::Astray => match ways.map(|ways| ways[at]) {
                    Some(way) if way != FaultMode::Latent || !met_late => (input, way),
                    _ => match (question.in_part)(input) {
                        Some(component) => (component, FaultMode::Partial),
                        None => (input, hard_mode(question.plant, question.circuit, input)),
                    },
                },
                Manner::Partial => (input, FaultMode::Partial),
                Manner::Flaky(_) if never_failed => (input, FaultMode::Degraded),
                Manner::Flaky(_) => (input, FaultMode::Flaky),
            };
            let last = (element.last < end).then_some(element.last);
            Fault { input, mode, first: element.first, last }
        })
        .collect()
}

/// Whether all of a set but what stood by for it failed in an epoch before: that was not dead when it was
/// called.
fn met_late(suspects: &Suspects<'_>, candidate: &Candidate, place: usize) -> bool {
    let inputs = |at: usize| {
        let suspect = candidate.elements[at].suspect as usize;
        &suspects.all[suspect].members[candidate.members[at]].1
    };
    let own = candidate.elements[place];
    let Some(ways) = suspects.ways_of(inputs(place)) else { return false };
    let failed = |input: &InputId| {
        let others = candidate.elements.iter().enumerate();
        others.into_iter().any(|(at, other)| {
            let before = at != place && other.manner == Manner::Hard && other.first < own.first;
            before && inputs(at).contains(input)
        })
    };
    let began = inputs(place).iter().zip(ways).filter(|(_, way)| **way != FaultMode::Latent);
    began.into_iter().all(|(input, _)| failed(input))
}

/// What the plain failure of an input is called.
pub(crate) fn hard_mode(plant: &Plant, circuit: &Circuit, input: InputId) -> FaultMode {
    match circuit.subject(input) {
        Subject::Component(id) if plant.component(id).kind == Kind::Prefix => FaultMode::Misrouted,
        Subject::Component(_) => FaultMode::Down,
        Subject::Carriage { .. } => FaultMode::Misrouted,
        Subject::Spread { .. } => FaultMode::Consequential,
        Subject::Vantage(_) => FaultMode::CutOff,
        Subject::Check(_) => FaultMode::WrongCheck,
    }
}

/// What a candidate has broken, as it is told.
fn faults(question: &Question<'_>, suspects: &Suspects<'_>, candidate: &Candidate) -> Faults {
    let mut faults: Vec<Fault> = Vec::new();
    for place in 0..candidate.elements.len() {
        for fault in faults_of(question, suspects, candidate, place) {
            // A thing that failed alone, and in a set too, failed once: as it did first.
            let same =
                |known: &Fault| known.mode == fault.mode || known.is_hard() && fault.is_hard();
            match faults.iter_mut().find(|known| known.input == fault.input && same(known)) {
                Some(known) => {
                    if (fault.first, !fault.began()) < (known.first, !known.began()) {
                        known.mode = fault.mode;
                    }
                    known.first = known.first.min(fault.first);
                    known.last =
                        known.last.and_then(|last| fault.last.map(|other| last.max(other)));
                }
                None => faults.push(fault),
            }
        }
    }
    faults.sort_unstable();
    tell_once(suspects, &mut faults);
    tell_consequences(question, &mut faults);
    match (faults.is_empty(), candidate.unmodelled) {
        (false, _) => Faults::These(faults),
        (true, true) => Faults::Unmodelled,
        (true, false) => Faults::Nothing,
    }
}

/// A candidate that was looked up, as it is told.
fn describe(
    question: &Question<'_>,
    suspects: &Suspects<'_>,
    candidate: &Candidate,
    faults: Faults,
    posterior: f64,
) -> Hypothesis {
    let mut is_explained = vec![false; suspects.facts.len()];
    for (fact, _) in candidate.predicted.iter().flatten() {
        is_explained[*fact as usize] = true;
    }
    let (mut explains, mut unexplained) = (Vec::new(), Vec::new());
    for &(given, fact) in &suspects.failing {
        let list = if is_explained[fact as usize] { &mut explains } else { &mut unexplained };
        list.push(given);
    }
    let steadily = candidate.predicted.iter().flatten().filter(|(_, q)| *q >= 1.0);
    let steadily = steadily.map(|(fact, _)| &suspects.facts[*fact as usize]);
    let good = steadily.filter(|it| !it.bad && !it.down_today && !it.fact.is_unsaid());
    let mut contradicted: Vec<usize> =
        good.flat_map(|fact| suspects.given(question, fact)).collect();
    contradicted.sort_unstable();
    Hypothesis { faults, posterior, explains, unexplained, contradicted }
}

/// What failed in part, or in turns, and is down since is one fault, and down.
fn tell_once(suspects: &Suspects<'_>, faults: &mut Vec<Fault>) {
    let end = |fault: &Fault| fault.last.unwrap_or(suspects.epochs);
    let meet = |a: &Fault, b: &Fault| a.first <= end(b) + 1 && b.first <= end(a) + 1;
    for at in (0..faults.len()).rev() {
        let own = faults[at];
        let by_itself = |it: &Fault| it.is_hard() && it.began() && it.input == own.input;
        if own.is_hard() {
            continue;
        }
        if let Some(hard) = faults.iter_mut().find(|it| by_itself(it) && meet(it, &own)) {
            let outlasts = own.last.is_none() && hard.last.is_some();
            if !outlasts {
                hard.first = hard.first.min(own.first);
                faults.remove(at);
            }
        }
    }
}

/// Names as consequential what follows from another fault of the same hypothesis more likely than it comes by
/// itself. Of two that follow from each other, the one that came first, or is likelier by itself, began it.
fn tell_consequences(question: &Question<'_>, faults: &mut [Fault]) {
    let by_itself = |fault: &Fault| (question.log_prior)(fault.input, fault.mode);
    let follows = |from: &Fault, to: &Fault| {
        let list = (question.follows)(from.input)?;
        let (_, chance) = list.iter().find(|(input, _)| *input == to.input)?;
        (*chance > by_itself(to)).then_some(())
    };
    let all = faults.to_vec();
    for fault in faults.iter_mut().filter(|fault| fault.mode == FaultMode::Down) {
        let began = |other: &&Fault| {
            other.mode == FaultMode::Down
                && other.input != fault.input
                && other.first <= fault.first
                && follows(other, fault).is_some()
                && (follows(fault, other).is_none()
                    || (other.first, -by_itself(other)) < (fault.first, -by_itself(fault)))
        };
        if all.iter().any(|other| began(&other)) {
            fault.mode = FaultMode::Consequential;
        }
    }
}

fn searched(suspects: &Suspects<'_>) -> String {
    let Suspects { singles, together, capped, alike, .. } = suspects;
    let far = if *capped {
        "the likeliest of the sets of two and three that could only do it together"
    } else {
        "all sets of two and three that could only do it together"
    };
    let left_out = match alike.left_out {
        0 => String::new(),
        count => format!(
            " (and not {count} of single machines, so many of which would not fail alike at once)"
        ),
    };
    format!(
        "{singles} single faults{left_out} and {far} ({together}), then combined step by step up to {}",
        search::FAULTS_MAX
    )
}

#[cfg(test)]
mod tests;
