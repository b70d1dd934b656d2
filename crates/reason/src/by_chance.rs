//! Whether what comes and goes does so by chance.
//!
//! Among a thousand checks a few have always just failed once. Whoever looks at these alone sees two failures of three
//! tries, and a cause that they have in common: there is always one. So what comes and goes is weighed by everything
//! that was tried below the believed cause since it began, with all that went well before the newest failure, which a
//! diagnosis leaves out for it proves nothing against what broke since. Five failures of twenty tries are a fault; the
//! same five of six hundred are a Tuesday.
//!
//! - [`what_is`]: what is likelier chance than anything; no cause of it is searched for, and it is no fact for others.
//! - [`odds`]: how far it is from chance that a cause which was found is what fails in turns.
//!
//! The failure at which the count begins is not counted: it begins there because of it. So the odds are a likelihood
//! ratio of what came after, and whoever acts on a thousand to one is wrong at most once in a thousand (Ville's
//! inequality). Tested through `step`, and by days in which nothing breaks.

use crate::circuit::{Circuit, GateId, InputId, Killers};
use crate::diagnosis::for_turns;
use crate::evidence::Seen;
use crate::hashed::NumberMap;
use crate::history::{Answers, Grid, answers};
use crate::judgement::{among, told_symptoms};
use crate::prior::log_prior;
use crate::state::{Loaded, State, SymptomKey, symptom_name};
use crate::why::Surroundings;
use blackstart_model::Plant;
use blackstart_model::record::{DiagnosisSummary, FaultMode};
use blackstart_model::time::Timestamp;
use std::collections::BTreeSet;

/// What has failed so often at every try is no sign that anything above it fails in turns (chosen by hand).
const STEADY: u32 = 3;

/// How often per second all checks that hang on each input alone are tried. Linear in their killer sets.
pub(crate) fn tried_below(plant: &Plant, circuit: &Circuit, killers: &Killers) -> Box<[f64]> {
    let mut all = vec![0.0; circuit.subjects().len()];
    for sees in circuit.sees() {
        let every = plant.checks()[sees.check.index()].every.as_secs_f64().max(0.001);
        for input in killers.alone(sees.gate) {
            all[input.index()] += 1.0 / every;
        }
    }
    all.into()
}

/// Something that failed, now or before.
pub(crate) struct Failed<'a> {
    pub(crate) key: &'a SymptomKey,
    pub(crate) gate: GateId,
    pub(crate) since: Timestamp,
    /// What a diagnosis would count; since then it may have failed more often.
    pub(crate) failures: u32,
    /// It came and went, and may be chance.
    pub(crate) in_turns: bool,
}

/// Which of these came and went by chance, likelier than for any cause: nothing that all of it hangs on has failed more
/// often, by everything that was tried below since, than chance would have it. What belongs to an incident that was
/// told never does, nor what hangs on one of the `suspects`, of which somebody said that something is wrong.
///
/// Linear in their killer sets where anything came and went; else nothing.
pub(crate) fn what_is(
    state: &State,
    loaded: &Loaded,
    all: &[Failed<'_>],
    suspects: &BTreeSet<InputId>,
    now: Timestamp,
) -> Vec<bool> {
    let known = told_symptoms(state);
    let mut is_told = among(&known);
    let may: Vec<bool> = all.iter().map(|it| it.in_turns && !is_told(it.key)).collect();
    if !may.contains(&true) {
        return may;
    }
    let mut below: NumberMap<InputId, (Answers, Timestamp)> = NumberMap::default();
    for Failed { key, gate, since, failures, in_turns } in all {
        let told = told(state, loaded, key, *since, now).unwrap_or_default();
        if !in_turns && told.failures + told.bad > STEADY {
            continue;
        }
        for &input in loaded.killers.alone(*gate) {
            let (sum, began) = below.entry(input).or_insert((Answers::default(), *since));
            sum.failures += told.failures.max(*failures);
            sum.bad += told.bad;
            *began = (*began).min(*since);
        }
    }
    let onset = all.iter().map(|it| it.since).min().unwrap_or(now);
    let surroundings = Surroundings::of(state, loaded, onset, now);
    let context = surroundings.context(loaded);
    let Loaded { plant, circuit, killers, .. } = loaded;
    let mut judged: NumberMap<InputId, bool> = NumberMap::default();
    let mut is_by_chance = |input: InputId| {
        *judged.entry(input).or_insert_with(|| {
            let (sum, began) = below[&input];
            let passed = now.duration_since(began).as_secs_f64();
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "capped")]
            let tries = (passed * loaded.tried_below[input.index()]) as u32;
            let tries = tries.max(sum.failures.saturating_add(sum.bad));
            let log_prior = log_prior(plant, circuit, input, FaultMode::Flaky, &context);
            !suspects.contains(&input)
                && log_prior + since_the_first(Answers { tries, ..sum }) < 0.0
        })
    };
    let own = all.iter().zip(may);
    own.map(|(it, may)| may && killers.alone(it.gate).iter().all(|&input| is_by_chance(input)))
        .collect()
}

/// What is said of what fails so; `None` of nothing.
pub(crate) fn said(seen: &[Seen]) -> Option<DiagnosisSummary> {
    let sentence = match seen {
        [] => return None,
        [only] => {
            let name = symptom_name(&only.key);
            format!("{name} fails now and then, no more often than by chance")
        }
        several => {
            format!("{} checks fail now and then, no more often than by chance", several.len())
        }
    };
    let searched = "not searched: chance is likelier than a cause".to_owned();
    Some(DiagnosisSummary { sentence, searched, ..DiagnosisSummary::default() })
}

/// How much less likely chance is than that this fails in turns since then: 0 and more, 1 is even. Everything that
/// hangs on it alone is counted; `log_prior` is that of the fault.
pub(crate) fn below(
    state: &State,
    loaded: &Loaded,
    input: InputId,
    log_prior: f64,
    since: Timestamp,
    now: Timestamp,
) -> f64 {
    let hangs_on_it = |sees: usize| {
        let gate = loaded.circuit.sees()[sees].gate;
        loaded.killers.alone(gate).binary_search(&input).is_ok()
    };
    let evidence = state.evidence.iter();
    let below = evidence.filter(|(_, it)| it.sees.is_some_and(hangs_on_it)).map(|(key, _)| key);
    odds(state, loaded, below, log_prior, since, now)
}

/// The same by these checks alone.
pub(crate) fn odds<'a>(
    state: &State,
    loaded: &Loaded,
    checks: impl Iterator<Item = &'a SymptomKey>,
    log_prior: f64,
    since: Timestamp,
    now: Timestamp,
) -> f64 {
    let mut all = Answers::default();
    for key in checks {
        let Some(told) = told(state, loaded, key, since, now) else { continue };
        all.tries = all.tries.saturating_add(told.tries);
        all.failures = all.failures.saturating_add(told.failures);
        all.bad = all.bad.saturating_add(told.bad);
    }
    (-log_prior - since_the_first(all)).exp()
}

/// What a check answered since then.
fn told(
    state: &State,
    loaded: &Loaded,
    key: &SymptomKey,
    since: Timestamp,
    now: Timestamp,
) -> Option<Answers> {
    let evidence = state.evidence.get(key)?;
    let check = &loaded.plant.checks()[loaded.circuit.sees()[evidence.sees?].check.index()];
    let grid = Grid { every: check.every, deadline: check.deadline };
    let deaf = state.mute_since(&key.1);
    Some(answers(evidence, grid, &state.gaps, deaf, since, now))
}

/// How much likelier these are of something that fails in turns, the first of them aside: a logarithm.
fn since_the_first(Answers { tries, failures, bad }: Answers) -> f64 {
    let first = u32::from(failures > 0);
    let bad = bad.saturating_sub(1 - first);
    for_turns(tries.saturating_sub(1), failures - first, bad)
}
