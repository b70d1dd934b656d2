//! What to ask at once when something fails: the check again, the same check from elsewhere, and those
//! checks whose answers tell the possible causes apart.
//!
//! For each fault that could have done it, a few checks that it would take down too: if they are up it
//! is acquitted, if they are down it is confirmed. That covers the parents of the failing component and,
//! where a parent has no check of its own, its other children.

use crate::circuit::{InputId, Killing, Part};
use crate::evidence::Seen;
use crate::evidence::later;
use crate::prior;
use crate::state::{Ask, Loaded, State, SymptomKey, symptom_name};
use blackstart_model::record::Decision;
use blackstart_model::time::{Duration, Timestamp};
use std::collections::BTreeSet;

/// Questions in one verification at most: what one vantage answers within a second or two without
/// becoming a load test (chosen by hand).
const ASKS_MAX: usize = 64;

/// Checks that speak for or against one possible fault.
const WITNESSES: usize = 3;

/// Failures looked at together; in a storm of more the first ones ask for all.
const FAILURES_MAX: usize = 16;

/// What we wait beyond a check's own deadline for its answer to arrive.
const ANSWER_SLACK: Duration = Duration::from_secs(1);

/// Asks about these failures, except what was asked already and is not yet answered.
pub(crate) fn verify(
    state: &mut State,
    loaded: &Loaded,
    failures: &[&Seen],
    now: Timestamp,
    decisions: &mut Vec<Decision>,
) {
    let mut wanted: Vec<SymptomKey> = Vec::new();
    for failure in failures.iter().take(FAILURES_MAX) {
        wanted.push(failure.key.clone());
        wanted.extend(elsewhere(loaded, &failure.key));
    }
    wanted.extend(witnesses(loaded, failures));
    let because = match failures {
        [] => return,
        [only] => format!("{} is {}", symptom_name(&only.key), only.outcome),
        [first, rest @ ..] => {
            format!("{} is {}, and {} more", symptom_name(&first.key), first.outcome, rest.len())
        }
    };
    ask(state, loaded, wanted, because, now, decisions);
}

/// Asks these, out of the grid.
pub(crate) fn ask(
    state: &mut State,
    loaded: &Loaded,
    wanted: Vec<SymptomKey>,
    because: String,
    now: Timestamp,
    decisions: &mut Vec<Decision>,
) {
    let mut asks = Vec::new();
    for key in wanted {
        let pending = state.asks.get(&key).is_some_and(|ask| ask.until > now);
        if pending || state.is_mute(&key.1) || asks.len() == ASKS_MAX {
            continue;
        }
        let Some(sees) = loaded.circuit.sees_named(&key.0, &key.1) else { continue };
        let check = &loaded.plant.checks()[sees.check.index()];
        if !check.question.is_asked() {
            continue;
        }
        let deadline = check.deadline;
        let until = later(now, deadline.saturating_add(ANSWER_SLACK));
        state.asks.insert(key.clone(), Ask { at: now, until });
        state.probed.insert(key.clone(), now);
        asks.push(key);
    }
    if !asks.is_empty() {
        decisions.push(Decision::Verify { asks, because });
    }
}

/// The same check from its other vantages.
fn elsewhere(loaded: &Loaded, key: &SymptomKey) -> Vec<SymptomKey> {
    let Some(sees) = loaded.circuit.sees_named(&key.0, &key.1) else { return Vec::new() };
    loaded.plant.checks()[sees.check.index()]
        .from
        .iter()
        .map(|&vantage| (key.0.clone(), loaded.plant.vantage(vantage).name.clone()))
        .filter(|other| other != key)
        .collect()
}

/// For each possible fault a few checks that it alone would take down; those first whose answers halve
/// what is possible.
fn witnesses(loaded: &Loaded, failures: &[&Seen]) -> Vec<SymptomKey> {
    let Loaded { plant, circuit, killers, .. } = loaded;
    let gates = || failures.iter().take(FAILURES_MAX).map(|failure| failure.fact.gate);
    let suspects = Part::of(circuit, gates()).inputs(circuit);
    let failing: BTreeSet<_> = failures.iter().map(|failure| failure.fact.gate).collect();
    let prior = |input: &InputId| prior::per_hour(plant, circuit.subject(*input));
    let priors: Vec<f64> = suspects.iter().map(prior).collect();
    let all: f64 = priors.iter().sum();
    // By how much of what is possible each check would be down, and whether it is wanted.
    let mut held = vec![(0.0, false); circuit.sees().len()];
    let mut found = vec![0; suspects.len()];
    let mut suspect_of = vec![None; circuit.subjects().len()];
    for (at, input) in suspects.iter().enumerate() {
        suspect_of[input.index()] = Some(at);
    }
    for (sees, (held, is_wanted)) in circuit.sees().iter().zip(&mut held) {
        let mut is_down_by = |suspect: usize| {
            *held += priors[suspect] / all;
            *is_wanted |= found[suspect] < WITNESSES;
            found[suspect] += 1;
        };
        match killers.of_gate(sees.gate) {
            _ if failing.contains(&sees.gate) => {}
            Killing::Down => (0..suspects.len()).for_each(is_down_by),
            Killing::By(inputs) => {
                let suspects = inputs.iter().filter_map(|input| suspect_of[input.index()]);
                suspects.for_each(&mut is_down_by);
            }
        }
    }
    let mut wanted: Vec<(f64, usize)> = held
        .into_iter()
        .enumerate()
        .filter(|&(_, (_, is_wanted))| is_wanted)
        // A check that is right tells most of what is possible when it is down by half of it: the binary
        // entropy falls off to both sides.
        .map(|(at, (held, _))| ((held - 0.5).abs(), at))
        .collect();
    wanted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    wanted
        .into_iter()
        .map(|(_, at)| {
            let sees = circuit.sees()[at];
            let check = plant.checks()[sees.check.index()].key.clone();
            (check, plant.vantage(sees.vantage).name.clone())
        })
        .collect()
}
