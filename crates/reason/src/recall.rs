//! The past, as it was decided: an input of a journal is judged again, and what was decided on it then stands.
//!
//! Who was told something was told it, whatever would be concluded of it today. So where this version judges the past
//! otherwise than the one that wrote it down, incidents and alerts are those of the record: under its numbers, in the
//! state, told and delivered as it says. What is *seen* follows from the inputs alone. This version's own judgement
//! begins with the first input of now: it finds what was told, goes on with what is still wrong, and ends what is over.
//!
//! It judges nothing itself, and keeps nothing that the record does not say, but which symptoms an incident has: those
//! that its diagnosis names. Where both decide the same, [`recall`] is [`step`](crate::step). Tested by histories
//! whose decisions are another's, and through a server that is given an earlier one's journal.

use crate::evidence::{is_lost_key, said};
use crate::forgetting::forget;
use crate::judgement::judge;
use crate::state::{
    AlertProgress, AlertStage, Incident, State, SymptomKey, SymptomTrack, Told, symptom_named,
};
use crate::step::{arrived, taken};
use blackstart_model::incident::IncidentState;
use blackstart_model::observation::{NoAnswerCode, Outcome};
use blackstart_model::record::{
    Alert, Decision, DiagnosisSummary, IncidentRevision, Input, News, Record,
};
use blackstart_model::time::Timestamp;
use blackstart_model::{AlertId, IncidentId};
use std::collections::{BTreeMap, BTreeSet};

/// Takes in an input of the past and what was decided on it `then`, all of it and in its order, which stands. Gives
/// what this version would decide.
///
/// As much as [`step`](crate::step), and a copy of the open incidents for each judgement.
pub fn recall(
    state: &mut State,
    input: &Input,
    now: Timestamp,
    then: &[Decision],
) -> Vec<Decision> {
    let now = arrived(state, now);
    let mut ours = Vec::new();
    let alerts_made = state.alerts_made;
    if taken(state, input, now, &mut ours) {
        let before = Before::of(state);
        judge(state, now, &mut ours);
        if ours != then {
            before.restore(state);
        }
    }
    if ours != then {
        state.alerts.split_off(&AlertId(alerts_made + 1));
        state.alerts_made = alerts_made;
        then.iter().for_each(|decision| stands(state, decision, now));
        state.let_go();
    }
    forget(state, now);
    ours
}

/// An incident of long ago, and what was told of it.
#[derive(Clone, Debug)]
pub struct Remembered {
    /// As it was last, but for its symptoms: what it explained stands in its diagnosis.
    pub incident: Incident,
    /// Oldest first, each as far as it got.
    pub alerts: Vec<AlertProgress>,
}

/// An incident as the records about it and its alerts say, oldest first; `None` where they do not say that there was
/// one. For what the state has forgotten.
pub fn remembered<'a>(
    records: impl Iterator<Item = (Timestamp, &'a Record)>,
    id: IncidentId,
) -> Option<Remembered> {
    let mut state = State::new();
    for (at, record) in records {
        let now = arrived(&mut state, at);
        match record {
            Record::Input(input) => {
                taken(&mut state, input, now, &mut Vec::new());
            }
            Record::Decision(decision) => stands(&mut state, decision, now),
        }
    }
    let State { mut incidents, alerts, .. } = state;
    let mut incident = incidents.remove(&id)?;
    // What each of them said is not in these records, nor when it was up again.
    incident.symptoms.clear();
    Some(Remembered { incident, alerts: alerts.into_values().collect() })
}

/// What a judgement may change of the incidents: to be put back where it is not the one that was made.
struct Before {
    open: BTreeSet<IncidentId>,
    incidents: Vec<Incident>,
    resolved: usize,
    made: u64,
}

impl Before {
    fn of(state: &State) -> Self {
        let State { open, incidents, resolved, incidents_made, .. } = state;
        Self {
            open: open.clone(),
            incidents: open.iter().filter_map(|id| incidents.get(id)).cloned().collect(),
            resolved: resolved.len(),
            made: *incidents_made,
        }
    }

    fn restore(self, state: &mut State) {
        let Self { open, incidents, resolved, made } = self;
        state.incidents.split_off(&IncidentId(made + 1));
        state.incidents.extend(incidents.into_iter().map(|incident| (incident.id, incident)));
        state.open = open;
        state.resolved.truncate(resolved);
        state.incidents_made = made;
    }
}

/// Makes of a decision what it says.
fn stands(state: &mut State, decision: &Decision, now: Timestamp) {
    match decision {
        Decision::Incident(revision) => revised(state, revision, now),
        Decision::Alert(alert) => told(state, alert, now),
        Decision::Withhold { incident, news, because } => {
            if let Some(incident) = state.incidents.get_mut(incident) {
                incident.withheld = Some(format!("{news}: {because}"));
            }
        }
        Decision::Deliver { alert, attempt, repeat, not_before } => {
            if let Some(progress) = state.alerts.get_mut(alert) {
                let (attempt, repeat, not_before) = (*attempt, *repeat, *not_before);
                progress.stage = AlertStage::Waiting { attempt, not_before, repeat };
            }
        }
        Decision::GiveUp { alert, because } => {
            if let Some(progress) = state.alerts.get_mut(alert) {
                progress.stage = AlertStage::GivenUp { because: because.clone() };
            }
        }
        // What was asked is answered, or waited for in vain; what was rejected changed nothing.
        Decision::Verify { .. } | Decision::Reject { .. } => {}
    }
}

fn revised(state: &mut State, revision: &IncidentRevision, now: Timestamp) {
    let IncidentRevision { id, from, to, because, into, diagnosis, services, customers } = revision;
    let seen = symptoms(state, diagnosis, now);
    state.incidents_made = state.incidents_made.max(id.0);
    state.open.insert(*id);
    if from.is_none() || !state.incidents.contains_key(id) {
        let first = seen.values().map(|track| track.first_at).min();
        let incident = Incident::suspected(*id, first.unwrap_or(now), because.clone(), now);
        state.incidents.insert(*id, incident);
    }
    let incident = state.incidents.get_mut(id).expect("it was just seen to be there");
    if incident.state != *to {
        incident.state = *to;
        incident.note(now, because.clone());
    }
    incident.closed_at = incident.closed_at.or(Some(now)).filter(|_| !to.is_live());
    (incident.services, incident.customers) = (services.clone(), customers.clone());
    incident.diagnosis = diagnosis.clone();
    incident.merged_into = *into;
    if *from == Some(IncidentState::Suspected) && to.is_live() && !seen.is_empty() {
        // What was only suspected with it is not its own.
        incident.symptoms.retain(|key, _| seen.contains_key(key));
    }
    for (key, track) in seen {
        incident.symptoms.entry(key).or_insert(track);
    }
    if let (IncidentState::Merged, Some(into)) = (to, into) {
        let (opened_at, symptoms) = (incident.opened_at, std::mem::take(&mut incident.symptoms));
        if let Some(target) = state.incidents.get_mut(into) {
            target.opened_at = target.opened_at.min(opened_at);
            for (key, track) in symptoms {
                target.symptoms.entry(key).or_insert(track);
            }
        }
    }
}

/// The failing checks that a diagnosis names as its own, each as it is seen now: what its leading cause explains, for
/// the rest may be another incident's; all of them where it knows no cause.
fn symptoms(
    state: &State,
    diagnosis: &DiagnosisSummary,
    now: Timestamp,
) -> BTreeMap<SymptomKey, SymptomTrack> {
    let lead = diagnosis.hypotheses.first();
    let left = lead.filter(|lead| lead.faults.is_empty()).map(|lead| &lead.unexplained);
    let names = lead.map(|lead| &lead.explains).into_iter().chain(left).flatten();
    names
        .filter_map(|name| symptom_named(name))
        .map(|key| {
            let (first_at, outcome) = seen(state, &key).unwrap_or_else(|| {
                let words = "named by an earlier version";
                (now, Outcome::unknown(NoAnswerCode::NotAsked, words))
            });
            (key, SymptomTrack { first_at, outcome, up_since: None })
        })
        .collect()
}

/// Since when a symptom is seen, and as what.
fn seen(state: &State, key: &SymptomKey) -> Option<(Timestamp, Outcome)> {
    if let Some(evidence) = state.evidence.get(key) {
        return Some((evidence.since, evidence.outcome.clone()));
    }
    let (check, from) = key;
    if is_lost_key(key) {
        let loss = state.lost.get(from)?;
        let outcome = Outcome::unknown(NoAnswerCode::CutOff, loss.detail.as_str());
        return Some((loss.since, outcome));
    }
    let word = state.words.get(check.as_str())?.get(from.as_str())?;
    Some((word.at, said(word)))
}

fn told(state: &mut State, alert: &Alert, now: Timestamp) {
    state.alerts_made = state.alerts_made.max(alert.id.0);
    let stage = AlertStage::Waiting { attempt: 1, not_before: now, repeat: false };
    let (failed, left_alone_until) = (None, None);
    let progress =
        AlertProgress { alert: alert.clone(), decided_at: now, stage, failed, left_alone_until };
    state.alerts.insert(alert.id, progress);
    let Some(incident) = alert.incident.and_then(|id| state.incidents.get_mut(&id)) else { return };
    match alert.news {
        News::Opened | News::CauseChanged => {
            incident.told = Some(Told { cause: incident.cause(), at: now });
            incident.withheld = None;
        }
        News::Resolved | News::Merged => (incident.told, incident.withheld) = (None, None),
        News::Acknowledged | News::PlantRefused => {}
    }
}
