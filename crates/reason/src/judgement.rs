//! From facts to incidents: one pass over everything that fails now.
//!
//! 1. Failing checks are shared out among causes ([`groups`]).
//! 2. Each group finds its incident, or makes one, and incidents come and go ([`incidents`]).
//! 3. Here: what is asked about it, what is told, and when to look again.
//!
//! It never sends anything: what follows are [`Decision`]s. Tested through `step`.

mod groups;
mod incidents;

use crate::alert;
use crate::evidence::{Facts, Seen, WORD_LASTS, facts, is_lost_key, later};
use crate::state::{Evidence, Incident, Loaded, Loss, State, SymptomKey, Word, symptom_name};
use crate::verification::{ask, verify};
use crate::why::{Surroundings, Why};
use blackstart_model::incident::IncidentState;
use blackstart_model::observation::Standing;
use blackstart_model::record::{Decision, FaultName, IncidentRevision, Saw};
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{CheckKey, ComponentName, IncidentId, VantageName};
use groups::{Group, chance, degraded_groups, joined, no_cause, share_out};
use incidents::{GRACE, VERIFY_MAX, held_from, hold, place, settle};
use std::collections::{BTreeMap, BTreeSet};

pub(crate) use incidents::{change, merge};

/// Judgements are at least so far apart, so that a storm of changes costs four a second and no more.
pub(crate) const JUDGE_EVERY: Duration = Duration::from_millis(250);

/// Judges everything anew.
pub(crate) fn judge(state: &mut State, now: Timestamp, decisions: &mut Vec<Decision>) {
    state.unjudged = false;
    state.judged_at = Some(now);
    state.judge_again_at = None;
    state.asks.retain(|_, ask| ask.until > now);
    let Some(loaded) = state.plant.take() else { return };
    let facts = facts(state, &loaded, now);
    let before: BTreeMap<IncidentId, Shown> =
        open(state).map(|incident| (incident.id, Shown::of(incident))).collect();

    if facts.failing.is_empty() && facts.by_chance.is_empty() {
        state.probed.clear();
    }
    let fresh = first_seen(state, &facts);
    verify(state, &loaded, &fresh, now, decisions);
    let failing = keys(facts.present());
    if let Some((first, ask_about)) = track_symptoms(state, &failing, &facts.overtaken, now) {
        let because = format!("{} is up again", symptom_name(&first));
        ask(state, &loaded, ask_about, because, now, decisions);
    }

    let told = told_symptoms(state);
    let surroundings = Surroundings::of(state, &loaded, facts.onset(now), now);
    let why = Why::new(&loaded, &facts, &surroundings);
    let mut groups = joined(&why, &loaded, &facts, share_out(&why, &facts, &told));
    groups.extend(no_cause(&facts));
    if !facts.degraded.is_empty() {
        let taken = keys(groups.iter().flat_map(|group| group.seen.iter().copied()));
        groups.extend(degraded_groups(&loaded, &facts, &taken));
    }
    for group in groups.iter_mut().filter(|it| it.is_in_turns() && it.confirmed()) {
        let Group { doubt, .. } = *group;
        group.doubt = doubt.max(chance(state, &loaded, &why, group, now));
    }
    place(state, &loaded, &groups, facts.changed_at(), now);
    for group in &groups {
        let because = format!("it tells apart what may have broken: {}", group.summary.sentence);
        ask(state, &loaded, group.probes.clone(), because, now, decisions);
        let again = group.to_ask_again();
        if let Some(first) = again.first() {
            let name = symptom_name(first);
            let because = match &again[..] {
                [_] => format!("{name} says so alone"),
                several => format!("{name} and {} more said so once", several.len() - 1),
            };
            ask(state, &loaded, again, because, now, decisions);
        }
    }
    settle(state, &loaded, &failing, now);
    revise(state, &before, decisions);
    alert::tell(state, &loaded, now, decisions);
    state.let_go();
    state.judge_again_at = next_look(state, &loaded, &facts, now);
    state.plant = Some(loaded);
}

/// Incidents that a judgement may change, oldest first.
fn open(state: &State) -> impl Iterator<Item = &Incident> {
    state.open.iter().filter_map(|id| state.incidents.get(id))
}

/// The symptoms of incidents that are more than suspected, in order.
pub(crate) fn told_symptoms(state: &State) -> Vec<&SymptomKey> {
    let told = state.live().filter(|incident| incident.state != IncidentState::Suspected);
    let mut told: Vec<&SymptomKey> = told.flat_map(|incident| incident.symptoms.keys()).collect();
    told.sort();
    told
}

/// The keys of what is seen, in order.
pub(crate) fn keys<'a>(seen: impl Iterator<Item = &'a Seen>) -> Vec<&'a SymptomKey> {
    let mut keys: Vec<&SymptomKey> = seen.map(|seen| &seen.key).collect();
    // Mostly it is in order, or some lists that are.
    keys.sort();
    keys.dedup();
    keys
}

/// The components that what is seen is about, in order.
pub(crate) fn components<'a>(seen: impl Iterator<Item = &'a Seen>) -> Vec<&'a str> {
    let mut components: Vec<&str> = seen.map(|seen| component_of(&seen.key.0)).collect();
    // Mostly it is in order, or some lists that are.
    components.sort();
    components.dedup();
    components
}

/// Says of one key after another whether it is among these, which are in order; quickly where it is asked in order too.
pub(crate) fn among<'a>(keys: &'a [&'a SymptomKey]) -> impl FnMut(&SymptomKey) -> bool + 'a {
    let mut at = 0;
    move |key| {
        if keys.get(at).is_none_or(|own| *own > key) {
            at = 0;
        }
        // In steps that double, and back by halves.
        let mut step = 1;
        while keys.get(at + step).is_some_and(|own| *own <= key) {
            at += step;
            step *= 2;
        }
        let end = keys.len().min(at + step);
        at += keys[at..end].partition_point(|own| *own <= key).saturating_sub(1);
        keys.get(at).is_some_and(|own| *own == key)
    }
}

/// Failures that no live incident knows yet.
fn first_seen<'a>(state: &State, facts: &'a Facts) -> Vec<&'a Seen> {
    let mut known: Vec<&SymptomKey> = state.live().flat_map(Incident::symptoms_left).collect();
    known.sort();
    let mut is_known = among(&known);
    facts.present().filter(|seen| !is_known(&seen.key)).collect()
}

/// Notes for each symptom of each live incident whether it is still seen. When some are newly up it gives the first of
/// them, and what to ask about: all symptoms of their incidents, they again and those that are left.
fn track_symptoms(
    state: &mut State,
    failing: &[&SymptomKey],
    overtaken: &BTreeSet<SymptomKey>,
    now: Timestamp,
) -> Option<(SymptomKey, Vec<SymptomKey>)> {
    let State { incidents, open, lost, words, evidence, .. } = state;
    let mut returned: Option<(SymptomKey, Vec<SymptomKey>)> = None;
    for id in &*open {
        let Some(incident) = incidents.get_mut(id).filter(|it| it.state.is_live()) else {
            continue;
        };
        let mut is_failing = among(failing);
        let mut first = None;
        for (key, track) in &mut incident.symptoms {
            if is_failing(key) {
                track.up_since = None;
            } else if track.up_since.is_none()
                && (overtaken.contains(key)
                    || stands(lost, words, evidence, key, now) == Standing::Up)
            {
                track.up_since = Some(now);
                first.get_or_insert_with(|| key.clone());
            }
        }
        if let Some(first) = first {
            let (_, ask_about) = returned.get_or_insert_with(|| (first, Vec::new()));
            ask_about.extend(incident.symptoms.keys().cloned());
        }
    }
    returned
}

/// How what was a symptom stands now. Who says nothing more has not said that it is up: a word that has grown too old
/// to count is unknown.
fn stands(
    lost: &BTreeMap<VantageName, Loss>,
    words: &BTreeMap<ComponentName, BTreeMap<String, Word>>,
    evidence: &BTreeMap<SymptomKey, Evidence>,
    key: &SymptomKey,
    now: Timestamp,
) -> Standing {
    if is_lost_key(key) {
        return if lost.contains_key(&key.1) { Standing::Down } else { Standing::Up };
    }
    let word = words.get(key.0.as_str()).and_then(|words| words.get(key.1.as_str()));
    match word.map(|word| (word.saw, later(word.at, WORD_LASTS) > now)) {
        Some((Saw::Up, _)) => Standing::Up,
        Some((Saw::Down | Saw::Degraded | Saw::Flapping, true)) => Standing::Down,
        Some((Saw::Down | Saw::Degraded | Saw::Flapping, false) | (Saw::Unknown, _)) => {
            Standing::Unknown
        }
        None => evidence.get(key).map_or(Standing::Unknown, |said| said.outcome.standing()),
    }
}

/// What of an incident is worth a record when it changes.
#[derive(PartialEq)]
struct Shown {
    state: IncidentState,
    cause: Vec<FaultName>,
    services: Vec<ComponentName>,
    customers: Vec<ComponentName>,
}

impl Shown {
    fn of(incident: &Incident) -> Self {
        Self {
            state: incident.state,
            cause: incident.cause(),
            services: incident.services.clone(),
            customers: incident.customers.clone(),
        }
    }
}

fn revise(state: &State, before: &BTreeMap<IncidentId, Shown>, decisions: &mut Vec<Decision>) {
    for incident in open(state) {
        let old = before.get(&incident.id);
        if old.is_none_or(|old| *old != Shown::of(incident)) {
            decisions.push(revision(incident, old.map(|old| old.state)));
        }
    }
}

/// An incident as a record.
pub(crate) fn revision(incident: &Incident, from: Option<IncidentState>) -> Decision {
    let because = match incident.history.last() {
        Some((_, _, because)) if from != Some(incident.state) => because.clone(),
        _ => incident.diagnosis.sentence.clone(),
    };
    Decision::Incident(IncidentRevision {
        id: incident.id,
        from,
        to: incident.state,
        because,
        into: incident.merged_into,
        diagnosis: incident.diagnosis.clone(),
        services: incident.services.clone(),
        customers: incident.customers.clone(),
    })
}

/// When the passing of time alone may change something.
fn next_look(state: &State, loaded: &Loaded, facts: &Facts, now: Timestamp) -> Option<Timestamp> {
    let mut times: Vec<Timestamp> = facts.ripens_at.into_iter().collect();
    times.extend(state.asks.values().map(|ask| ask.until));
    times.extend(facts.changed_at().map(|at| later(at, VERIFY_MAX)));
    for incident in state.live() {
        times.push(later(incident.opened_at, VERIFY_MAX));
        let ups = || incident.symptoms.values().filter_map(|track| track.up_since);
        if let Some(up) = ups().max() {
            let hold = hold(&state.evidence, incident, now);
            times.extend([later(held_from(state, up), hold), later(up, GRACE)]);
        }
        times.extend(incident.silenced_until);
        times.extend(incident.told.as_ref().map(|told| later(told.at, alert::APART)));
    }
    if state.live().any(|incident| incident.state == IncidentState::Suspected) {
        // What is held to be a maintenance's doing is not any more when its window is over.
        let open = loaded.plant.maintenance().iter().filter(|it| it.from <= now && now <= it.to);
        times.extend(open.map(|it| later(it.to, Duration::from_secs(1))));
    }
    times.into_iter().filter(|&at| at > now).min()
}

/// The component a check's key begins with.
pub(crate) fn component_of(key: &CheckKey) -> &str {
    key.as_str().split('/').next().unwrap_or_default()
}
