//! Which faults best explain what is seen.
//!
//! A pure function from the circuit and a list of [`Fact`]s to ranked hypotheses. This is the first
//! engine: it tries *every* fault set up to two within the support of what fails, and says how far it
//! went. "Nothing broke" (false alarms) and "something we do not model" always compete, so a cause is
//! named only when it earns it. The next engine enters by the same door, [`diagnose`].
//!
//! It never looks at names, times or incidents. Tested by cases at the door of `step`, and here against
//! a naive ranking on random plants.

pub(crate) mod next;

use crate::circuit::{Circuit, GateId, InputId, Subject};
use crate::prior;
use blackstart_model::kind::Kind;
use blackstart_model::record::FaultMode;
use blackstart_model::{ComponentId, Plant};

/// Fault sets of two are tried among so many candidates at most: 200 make 19,900 pairs, some tens of
/// milliseconds at 10 k components.
pub(crate) const PAIRED_MAX: usize = 200;

/// Log-likelihood of one failing try while the target is predicted up: one false alarm in a thousand
/// (chosen by hand; retries through the same path are not independent, hence the cap below).
const FALSE_ALARM: f64 = -6.9;

/// Log-likelihood of one good try while the target is predicted down: a check that is green over a
/// dead target, or an edge of the plant that is not as drawn (chosen by hand).
const FALSE_GREEN: f64 = -6.9;

/// Tries of one check through one path that count: the third failure says little that the second did
/// not, for whatever is wrong with the path or the check is wrong each time.
const TRIES_COUNTED: u32 = 2;

/// Log-likelihood of each failing check under "something we do not model", which predicts nothing.
const UNMODELLED_EACH: f64 = -1.6;

/// Ranked fault sets that are looked at when choosing those worth naming (chosen by hand).
const LOOKED_AT_MAX: usize = 100;

/// Words of 64 scenarios in one sweep of the circuit.
const LANES: usize = 4;

/// Something seen of one gate in one epoch: a stretch of an outage in which the picture lasts.
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
    /// How far whoever says so is trusted, 0 to 1; a check's own errors are not meant.
    pub(crate) trust: f64,
    /// The machine that answers: facts of one share the way to it.
    pub(crate) machine: Option<ComponentId>,
}

impl Fact {
    /// A plain fact of the first epoch.
    pub(crate) const fn plain(gate: GateId, up: bool, tries: u32) -> Self {
        let failures = if up { 0 } else { tries };
        Self { gate, epoch: 0, tries, failures, degraded: false, trust: 1.0, machine: None }
    }

    /// Every try was answered well.
    pub(crate) const fn is_up(&self) -> bool {
        self.failures == 0 && !self.degraded
    }

    /// What a hypothesis pays when it predicts the opposite of this fact.
    fn surprise(self) -> f64 {
        let tries = f64::from(self.tries.clamp(1, TRIES_COUNTED));
        tries * if self.is_up() { FALSE_GREEN } else { FALSE_ALARM }
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
    /// The inputs of what broke; none where nothing did that the plant knows.
    pub(crate) fn inputs(&self) -> Vec<InputId> {
        match self {
            Self::These(faults) => faults.iter().map(|fault| fault.input).collect(),
            Self::Nothing | Self::Unmodelled => Vec::new(),
        }
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

impl Hypothesis {
    /// Whether the other only adds faults to this one that explain nothing more. It keeps its share of
    /// the belief; naming it would tell nobody anything.
    fn makes_idle(&self, other: &Self) -> bool {
        let (Faults::These(own), Faults::These(others)) = (&self.faults, &other.faults) else {
            return false;
        };
        own.iter().all(|fault| others.contains(fault))
            && other.explains.iter().all(|fact| self.explains.contains(fact))
    }
}

/// The ranking, and how far it is complete.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Diagnosis {
    /// Most believed first; at least one.
    pub(crate) hypotheses: Vec<Hypothesis>,
    /// Faults that could matter to what fails.
    pub(crate) candidates: usize,
    /// Of which pairs were tried among so many.
    pub(crate) paired: usize,
}

impl Diagnosis {
    /// How far the search went, in words.
    pub(crate) fn searched(&self) -> String {
        if self.paired == self.candidates {
            format!("complete to two faults at once among {} candidates", self.candidates)
        } else {
            format!(
                "complete for single faults among {} candidates; pairs among the {} best only",
                self.candidates, self.paired
            )
        }
    }
}

/// Ranks the fault sets that could explain the failing facts; keeps the best `keep`.
pub(crate) fn diagnose(circuit: &Circuit, plant: &Plant, facts: &[Fact], keep: usize) -> Diagnosis {
    let failing = facts.iter().filter(|fact| !fact.is_up());
    let today = circuit.today();
    let mut candidates: Vec<InputId> = circuit
        .support(failing.map(|fact| fact.gate))
        .into_iter()
        .filter(|input| !today.contains(input))
        .collect();
    let mut scored = Scored::new(plant, circuit, facts);
    let singles: Vec<Vec<InputId>> = candidates.iter().map(|&input| vec![input]).collect();
    let calm = prior::Context::default();
    let log_prior = |input: InputId| {
        prior::log_prior(plant, circuit, input, hard_mode(plant, circuit, input), &calm)
    };
    scored.score(&singles, &log_prior);

    let all = candidates.len();
    if all > PAIRED_MAX {
        let mut best: Vec<(f64, InputId)> =
            scored.ranked.iter().map(|(score, faults)| (*score, faults[0])).collect();
        best.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        best.truncate(PAIRED_MAX);
        candidates = best.into_iter().map(|(_, input)| input).collect();
        candidates.sort_unstable();
    }
    let pairs: Vec<Vec<InputId>> = candidates
        .iter()
        .enumerate()
        .flat_map(|(at, &a)| candidates[at + 1..].iter().map(move |&b| vec![a, b]))
        .collect();
    scored.score(&pairs, &log_prior);
    scored.finish(all, candidates.len(), keep)
}

/// Fault sets with their scores (log of prior times likelihood, up to a constant).
struct Scored<'a> {
    plant: &'a Plant,
    circuit: &'a Circuit,
    facts: &'a [Fact],
    /// Score of the facts alone when nothing is predicted down beyond today's condition.
    nothing: f64,
    /// Whether each fact's gate is up when nothing broke.
    calm: Vec<bool>,
    ranked: Vec<(f64, Vec<InputId>)>,
    values: Vec<[u64; LANES]>,
}

impl<'a> Scored<'a> {
    fn new(plant: &'a Plant, circuit: &'a Circuit, facts: &'a [Fact]) -> Self {
        let under = circuit.under(&[]);
        let calm: Vec<bool> = facts.iter().map(|fact| under[fact.gate.index()]).collect();
        let nothing = facts
            .iter()
            .zip(&calm)
            .filter(|(fact, calm)| fact.is_up() != **calm)
            .map(|(fact, _)| fact.surprise())
            .sum();
        Self { plant, circuit, facts, nothing, calm, ranked: Vec::new(), values: Vec::new() }
    }

    /// Scores these sets, 64 × [`LANES`] to a sweep.
    fn score(&mut self, sets: &[Vec<InputId>], log_prior: &dyn Fn(InputId) -> f64) {
        for sets in sets.chunks(64 * LANES) {
            let mut failed: Vec<(InputId, [u64; LANES])> = Vec::new();
            for (lane, set) in sets.iter().enumerate() {
                for &input in set {
                    let mut mask = [0; LANES];
                    mask[lane / 64] = 1 << (lane % 64);
                    failed.push((input, mask));
                }
            }
            self.circuit.evaluate(&failed, &mut self.values);
            let mut scores = vec![self.nothing; sets.len()];
            for (fact, &calm) in self.facts.iter().zip(&self.calm) {
                if !calm {
                    continue;
                }
                // Being predicted down where it was predicted up changes what the fact costs.
                let change = if fact.is_up() { fact.surprise() } else { -fact.surprise() };
                for (w, word) in self.values[fact.gate.index()].iter().enumerate() {
                    let mut down = !word;
                    while down != 0 {
                        let lane = w * 64 + down.trailing_zeros() as usize;
                        if let Some(score) = scores.get_mut(lane) {
                            *score += change;
                        }
                        down &= down - 1;
                    }
                }
            }
            for (set, score) in sets.iter().zip(scores) {
                let prior: f64 = set.iter().map(|&input| log_prior(input)).sum();
                self.ranked.push((score + prior, set.clone()));
            }
        }
    }

    fn finish(self, candidates: usize, paired: usize, keep: usize) -> Diagnosis {
        let failing = self.facts.iter().filter(|fact| !fact.is_up()).count();
        #[expect(clippy::cast_precision_loss, reason = "a count of facts")]
        let unmodelled = prior::UNMODELLED + UNMODELLED_EACH * failing as f64;
        let mut all: Vec<(f64, Faults)> = self
            .ranked
            .into_iter()
            .map(|(score, inputs)| (score, Faults::These(hard(self.plant, self.circuit, &inputs))))
            .chain([(self.nothing, Faults::Nothing), (unmodelled, Faults::Unmodelled)])
            .collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let best = all[0].0;
        let total: f64 = all.iter().map(|(score, _)| (score - best).exp()).sum();
        let (circuit, facts) = (self.circuit, self.facts);
        let mut hypotheses: Vec<Hypothesis> = Vec::new();
        for (score, faults) in all.into_iter().take(LOOKED_AT_MAX) {
            let posterior = (score - best).exp() / total;
            let hypothesis = describe(circuit, facts, faults, posterior);
            if !hypotheses.iter().any(|better| better.makes_idle(&hypothesis)) {
                hypotheses.push(hypothesis);
            }
            if hypotheses.len() >= keep.max(1) {
                break;
            }
        }
        Diagnosis { hypotheses, candidates, paired }
    }
}

/// These inputs as faults that last.
fn hard(plant: &Plant, circuit: &Circuit, inputs: &[InputId]) -> Vec<Fault> {
    let fault =
        |&input| Fault { input, mode: hard_mode(plant, circuit, input), first: 0, last: None };
    inputs.iter().map(fault).collect()
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

fn describe(circuit: &Circuit, facts: &[Fact], faults: Faults, posterior: f64) -> Hypothesis {
    let under = circuit.under(&faults.inputs());
    let mut hypothesis = Hypothesis {
        faults: faults.clone(),
        posterior,
        explains: Vec::new(),
        unexplained: Vec::new(),
        contradicted: Vec::new(),
    };
    for (at, fact) in facts.iter().enumerate() {
        match (fact.is_up(), under[fact.gate.index()]) {
            (false, false) => hypothesis.explains.push(at),
            (false, true) => hypothesis.unexplained.push(at),
            (true, false) => hypothesis.contradicted.push(at),
            (true, true) => {}
        }
    }
    hypothesis
}

#[cfg(test)]
mod tests;
