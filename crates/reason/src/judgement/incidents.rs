//! Groups find their incidents, and incidents come and go.
//!
//! - A group finds its incident by overlapping symptoms or the same cause; else it makes one.
//! - What is not yet confirmed stays in one *suspected* incident, and nobody is woken.
//! - Incidents whose symptoms are all seen up recover, and are resolved when that has held.

use super::groups::Group;
use super::{among, component_of, keys, stands};
use crate::changed;
use crate::circuit::InputId;
use crate::evidence::{Seen, is_lost_key, later, signed};
use crate::impact;
use crate::state::{
    Evidence, Incident, Loaded, State, SymptomKey, SymptomTrack, names, symptom_name, symptom_named,
};
use blackstart_model::incident::{IncidentEvent, IncidentState};
use blackstart_model::observation::Standing;
use blackstart_model::record::DiagnosisSummary;
use blackstart_model::time::{Duration, Timestamp, shown_span};
use blackstart_model::{CheckKey, IncidentId, VantageName};
use std::collections::{BTreeMap, BTreeSet};

/// A verification is waited for so long at most, once a symptom is confirmed: the promise is a cause
/// within one check interval and 5 s.
pub(super) const VERIFY_MAX: Duration = Duration::from_secs(4);

/// An incident is resolved when all its symptoms have been up for so long (chosen by hand: longer than a
/// service's restart loop, short enough that nobody waits for the word).
const HOLD: Duration = Duration::from_secs(10);

/// What failed again and again is held for twice as long each time, up to this (chosen by hand: whoever
/// fails less often than that is told of each time).
const HOLD_MAX: Duration = Duration::from_secs(900);

/// Times a symptom began to fail count towards the hold for so long (chosen by hand: a night's trouble, and
/// not last night's).
const HELD_AGAINST: Duration = Duration::from_secs(3_600);

/// While an incident's symptoms come back one by one its diagnosis is left alone; what then still fails
/// for so long has a cause of its own (chosen by hand: twice the default period).
pub(super) const GRACE: Duration = Duration::from_secs(60);

/// Finds or makes the incident of each group.
pub(super) fn place(
    state: &mut State,
    loaded: &Loaded,
    groups: &[Group<'_>],
    changed_at: Option<Timestamp>,
    now: Timestamp,
) {
    let mut taken = BTreeSet::new();
    let mut waiting: Vec<&Group<'_>> = Vec::new();
    for group in groups {
        let keys = group.keys();
        let cause = group.cause();
        let mut matching: Vec<IncidentId> = state
            .live()
            .filter(|incident| !taken.contains(&incident.id))
            .filter(|incident| {
                incident.symptoms.keys().any(among(&keys))
                    || (!cause.is_empty() && incident.cause() == cause)
            })
            .map(|incident| incident.id)
            .collect();
        // Told ones before suspected ones, then the oldest.
        matching.sort_by_key(|id| (state.incidents[id].state == IncidentState::Suspected, *id));
        let ready = group.confirmed()
            && verified(state, &keys, changed_at, now)
            && !announced(loaded, group, now);
        let target = match matching.first() {
            Some(&id) if state.incidents[&id].state != IncidentState::Suspected => id,
            _ if !ready => {
                waiting.push(group);
                continue;
            }
            Some(&id) => id,
            None => opened(state, now, &group.seen),
        };
        taken.insert(target);
        for other in matching.into_iter().skip(1) {
            let swallowed = state.incidents[&other].symptoms_left().all(among(&keys));
            if swallowed {
                merge(state, other, target, "one cause explains both", now);
            }
        }
        let State { incidents, open, .. } = &mut *state;
        for id in open.iter().filter(|id| **id != target) {
            if let Some(other) = incidents.get_mut(id).filter(|it| it.state.is_live()) {
                let mut is_taken = among(&keys);
                other.symptoms.retain(|key, _| !is_taken(key));
            }
        }
        fill(state, loaded, target, group, now);
        let incident = state.incidents.get_mut(&target).expect("it was just filled");
        if incident.state == IncidentState::Suspected {
            // What it held besides is not its own.
            let mut is_own = among(&keys);
            incident.symptoms.retain(|key, _| is_own(key));
            let because = format!("confirmed: {}", incident.diagnosis.sentence);
            change(incident, IncidentEvent::Confirmed, because, now);
        }
    }
    suspect(state, loaded, &waiting, now);
}

/// Whether all of this is the work of a maintenance whose window is open: what is believed to be down is what
/// was announced to be switched off, and no more. It stays a suspicion until the window is over or
/// something beyond it fails; the calendar alone explains nothing.
fn announced(loaded: &Loaded, group: &Group<'_>, now: Timestamp) -> bool {
    let off = |input: &InputId| {
        loaded.plant.maintenance().iter().any(|window| {
            window.from <= now
                && now <= window.to
                && window.off.iter().any(|&id| loaded.circuit.component_input(id) == *input)
        })
    };
    group.caused && !group.broke.is_empty() && group.broke.iter().all(off)
}

/// True when nothing that was asked about these symptoms is outstanding, or it has been waited for long
/// enough: since they were suspected, and since the picture changed last. What was suspected an hour ago has not been
/// asked about what is new.
fn verified(
    state: &State,
    keys: &[&SymptomKey],
    changed_at: Option<Timestamp>,
    now: Timestamp,
) -> bool {
    let since = state
        .live()
        .filter(|incident| incident.state == IncidentState::Suspected)
        .filter(|incident| incident.symptoms.keys().any(among(keys)))
        .map(|incident| incident.opened_at)
        .min();
    let since = since.map(|since| changed_at.map_or(since, |at| at.max(since)));
    state.asks.is_empty() || since.is_some_and(|since| now >= later(since, VERIFY_MAX))
}

/// Puts what is not confirmed into the one suspected incident.
fn suspect(state: &mut State, loaded: &Loaded, groups: &[&Group<'_>], now: Timestamp) {
    let Some(lead) = groups.first() else { return };
    let mut live = state.live();
    let suspected = live.find(|incident| incident.state == IncidentState::Suspected);
    let suspected = suspected.map(|incident| incident.id);
    drop(live);
    let id = suspected.unwrap_or_else(|| opened(state, now, &lead.seen));
    fill(state, loaded, id, lead, now);
    let incident = state.incidents.get_mut(&id).expect("it was just filled");
    for group in groups.iter().skip(1) {
        add_symptoms(incident, &group.seen);
    }
}

/// Opens an incident, suspected as yet.
fn opened(state: &mut State, now: Timestamp, seen: &[&Seen]) -> IncidentId {
    state.incidents_made += 1;
    let id = IncidentId(state.incidents_made);
    let first = seen.iter().map(|seen| seen.since).min().unwrap_or(now);
    let because = seen.first().map_or_else(String::new, |seen| {
        format!("{} is {}", symptom_name(&seen.key), seen.outcome)
    });
    state.open.insert(id);
    state.incidents.insert(id, Incident::suspected(id, first, because, now));
    id
}

/// Whether there are any that it did not have.
fn add_symptoms(incident: &mut Incident, seen: &[&Seen]) -> bool {
    let held = incident.symptoms.len();
    let keys = keys(seen.iter().copied());
    let mut is_seen = among(&keys);
    let mut known = 0;
    for (_, track) in incident.symptoms.iter_mut().filter(|(key, _)| is_seen(key)) {
        track.up_since = None;
        known += 1;
    }
    if known < keys.len() {
        for seen in seen {
            let (first_at, outcome) = (seen.since, &seen.outcome);
            incident.symptoms.entry(seen.key.clone()).or_insert_with(|| SymptomTrack {
                first_at,
                outcome: outcome.clone(),
                up_since: None,
            });
        }
    }
    incident.symptoms.len() > held
}

/// Gives an incident a group's symptoms, and its diagnosis unless the incident is on its way back.
fn fill(state: &mut State, loaded: &Loaded, id: IncidentId, group: &Group<'_>, now: Timestamp) {
    let State { incidents, lost, words, evidence, .. } = state;
    let incident = incidents.get_mut(&id).expect("the caller found or made it");
    let fresh = add_symptoms(incident, &group.seen);
    let recovering = incident
        .symptoms
        .values()
        .filter_map(|track| track.up_since)
        .max()
        .is_some_and(|up| now < later(up, GRACE));
    // What is only suspected is guessed anew with each answer.
    let suspected = incident.state == IncidentState::Suspected;
    if recovering && !fresh && !suspected {
        return;
    }
    let stands = |name: &str| {
        let key = symptom_named(name);
        key.map_or(Standing::Unknown, |key| stands(lost, words, evidence, &key, now))
    };
    let zone = loaded.plant.zone();
    let turn = changed::line(&incident.diagnosis, &group.summary, &stands, now, zone);
    // That is no change of mind.
    let turn = turn.filter(|_| !suspected);
    if let Some(line) = &turn {
        incident.note(now, line.clone());
    }
    let lines = changed::with(std::mem::take(&mut incident.diagnosis.changed), turn);
    incident.diagnosis = DiagnosisSummary { changed: lines, ..group.summary.clone() };
    let hit = if group.seen.iter().all(|seen| is_lost_key(&seen.key)) {
        // Our own uplink may be lost, and that is no outage of all that we see through it.
        impact::down_whichever(loaded, &group.faults(), &group.summary.ambiguity)
    } else {
        impact::down(loaded, &group.faults(), &group.seen, &|name| seen_up(evidence, name))
    };
    (incident.services, incident.customers) = impact::split(loaded, hit);
}

/// Whether any check of a component is up, from anywhere. A look at each of them.
fn seen_up(evidence: &BTreeMap<SymptomKey, Evidence>, component: &str) -> bool {
    let first = (CheckKey::from(component), VantageName::from(""));
    let own =
        evidence.range(first..).take_while(|((key, _), _)| key.as_str().starts_with(component));
    let own = own.filter(|((key, _), _)| component_of(key) == component);
    own.into_iter().any(|(_, said)| said.outcome.standing() == Standing::Up)
}

/// Puts one incident into another.
pub(crate) fn merge(
    state: &mut State,
    from: IncidentId,
    into: IncidentId,
    because: &str,
    now: Timestamp,
) {
    let Some(mut incident) = state.incidents.remove(&from) else { return };
    if change(&mut incident, IncidentEvent::MergedInto, format!("into {into}: {because}"), now) {
        incident.merged_into = Some(into);
        let symptoms = std::mem::take(&mut incident.symptoms);
        if let Some(target) = state.incidents.get_mut(&into) {
            target.opened_at = target.opened_at.min(incident.opened_at);
            for (key, track) in symptoms {
                target.symptoms.entry(key).or_insert(track);
            }
        }
    }
    state.incidents.insert(from, incident);
}

/// Applies an event to an incident; false (and unchanged) when its state does not allow it.
pub(crate) fn change(
    incident: &mut Incident,
    event: IncidentEvent,
    because: String,
    now: Timestamp,
) -> bool {
    let Ok(next) = incident.state.apply(event, incident.acknowledged_by.is_some()) else {
        return false;
    };
    incident.state = next;
    incident.note(now, because);
    if !next.is_live() {
        incident.closed_at = Some(now);
    }
    true
}

/// How long all symptoms of an incident must have been up before it is over: longer for what keeps
/// coming back, whether or not it was this incident then.
pub(super) fn hold(
    evidence: &BTreeMap<SymptomKey, Evidence>,
    incident: &Incident,
    now: Timestamp,
) -> Duration {
    let from = now.checked_sub(signed(HELD_AGAINST)).unwrap_or(Timestamp::MIN);
    let often = incident
        .symptoms
        .keys()
        .filter_map(|key| evidence.get(key))
        .map(|evidence| evidence.onsets_since(from))
        .max();
    let again = often.unwrap_or(0).saturating_sub(1).min(16);
    HOLD.saturating_mul(1 << again).min(HOLD_MAX)
}

/// From when on what has been up since then counts as held: while nobody listened nothing was seen to hold.
pub(super) fn held_from(state: &State, up: Timestamp) -> Timestamp {
    state.gaps.last().map_or(up, |gap| gap.until.max(up))
}

/// Moves incidents whose symptoms went, or came back.
pub(super) fn settle(state: &mut State, loaded: &Loaded, failing: &[&SymptomKey], now: Timestamp) {
    let listened = held_from(state, Timestamp::MIN);
    let State { incidents, open, evidence, .. } = state;
    for id in &*open {
        let Some(incident) = incidents.get_mut(id).filter(|it| it.state.is_live()) else {
            continue;
        };
        // A symptom whose check has left the plant can never be seen up: it goes with it.
        let held = incident.symptoms.len();
        let mut is_failing = among(failing);
        let mut seen = false;
        incident.symptoms.retain(|key, _| {
            let fails = is_failing(key);
            seen |= fails;
            fails
                || is_lost_key(key)
                || loaded.circuit.sees_named(&key.0, &key.1).is_some()
                || loaded.plant.find(key.0.as_str()).is_some()
        });
        // What is only suspected is let go by one as it came back, or with so many checks it would be for ever.
        let kept = incident.symptoms.values().filter(|track| track.up_since.is_none()).count();
        if incident.state == IncidentState::Suspected && kept > 0 {
            let is_back = |up: Timestamp| now >= later(up, GRACE);
            incident.symptoms.retain(|_, track| !track.up_since.is_some_and(is_back));
        }
        if incident.symptoms.is_empty() {
            let (event, because) = if held > 0 {
                (IncidentEvent::Closed, "its checks have left the plant")
            } else {
                (IncidentEvent::Closed, "its symptoms belong to another incident")
            };
            change(incident, event, because.to_owned(), now);
            continue;
        }
        let last_up =
            incident.symptoms.values().map(|track| track.up_since).collect::<Option<Vec<_>>>();
        match (incident.state, last_up.and_then(|ups| ups.into_iter().max())) {
            (IncidentState::Suspected, Some(_)) => {
                let because = "seen up again before it was confirmed".to_owned();
                change(incident, IncidentEvent::Dismissed, because, now);
            }
            (IncidentState::Open | IncidentState::Acknowledged, Some(_)) => {
                let because = format!("all {} symptoms are seen up", incident.symptoms.len());
                change(incident, IncidentEvent::SeenUp, because, now);
            }
            (IncidentState::Recovering, None) if seen => {
                let left = incident.symptoms_left().cloned().collect();
                let because = format!("failing again: {}", names(&left).join(", "));
                change(incident, IncidentEvent::SeenAgain, because, now);
            }
            (IncidentState::Recovering, Some(up)) => {
                let hold = hold(evidence, incident, now);
                if now >= later(listened.max(up), hold) {
                    let because = format!("all symptoms up for {}", shown_span(hold));
                    change(incident, IncidentEvent::Held, because, now);
                }
            }
            _ => {}
        }
    }
}
