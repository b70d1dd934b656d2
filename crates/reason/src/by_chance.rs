//! Whether what comes and goes does so by chance.
//!
//! Among a thousand checks a few have always just failed once. Whoever looks at these alone sees two failures of three
//! tries, and a cause that they have in common: there is always one. So what comes and goes is weighed by everything
//! that was tried below the believed cause since it began, with all that went well before the newest failure, which a
//! diagnosis leaves out for it proves nothing against what broke since. Five failures of twenty tries are a fault; the
//! same five of six hundred are a Tuesday.
//!
//! - [`what_is`]: what is likelier chance than anything, and no cause of it is searched for.
//! - [`odds`]: how far it is from chance that a cause which was found is what fails in turns.
//!
//! The failure at which the count begins is not counted: it begins there because of it. So the odds are a likelihood
//! ratio of what came after, and whoever acts on a thousand to one is wrong at most once in a thousand (Ville's
//! inequality). Tested through `step`, and by days in which nothing breaks.

use crate::circuit::{Circuit, InputId, Killers};
use crate::diagnosis::{Fact, for_turns};
use crate::evidence::{Facts, Seen};
use crate::history::{Answers, Grid, answers};
use crate::state::{Loaded, State, SymptomKey};
use crate::why::{Surroundings, Why};
use blackstart_model::Plant;
use blackstart_model::record::FaultMode;
use blackstart_model::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

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

/// What fails now and then where chance is likelier than any cause of that: all of it, or none. None where something
/// else fails steadily, or several at once, or somebody said that something is wrong: it may be part of that. Linear in
/// the killer sets of what fails.
pub(crate) fn what_is(
    state: &State,
    loaded: &Loaded,
    facts: &Facts,
    now: Timestamp,
) -> BTreeSet<SymptomKey> {
    let is_plain = |fact: &Fact| !fact.claim && !fact.degraded && fact.trust >= 1.0;
    let is_steady = |seen: &&Seen| !seen.in_turns && seen.fact.failures == seen.fact.tries;
    let present = || facts.failing.iter().chain(&facts.degraded);
    let steady: u32 = present().filter(is_steady).map(|seen| seen.fact.tries).sum();
    if !present().all(|seen| is_plain(&seen.fact)) || steady > 1 {
        return BTreeSet::new();
    }
    let in_turns = || present().filter(|seen| !is_steady(seen));
    if in_turns().next().is_none() {
        return BTreeSet::new();
    }
    // By input: the failures below it, and since when.
    let mut below: BTreeMap<InputId, (u32, Timestamp)> = BTreeMap::new();
    for Seen { key, fact, since, .. } in in_turns() {
        let failures = told(state, loaded, key, *since, now).map_or(0, |told| told.failures);
        for &input in loaded.killers.alone(fact.gate) {
            let (sum, began) = below.entry(input).or_insert((0, *since));
            *sum += failures.max(fact.failures);
            *began = (*began).min(*since);
        }
    }
    let surroundings = Surroundings::of(state, loaded, facts, now);
    let why = Why::new(loaded, facts, &surroundings);
    let by_chance = below.into_iter().all(|(input, (failures, began))| {
        let passed = now.duration_since(began).as_secs_f64();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
        let tries = (passed * loaded.tried_below[input.index()]) as u32;
        let answers = Answers { tries: tries.max(failures), failures, bad: 0 };
        why.log_prior(input, FaultMode::Flaky) + since_the_first(answers) < 0.0
    });
    if by_chance { in_turns().map(|seen| seen.key.clone()).collect() } else { BTreeSet::new() }
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
