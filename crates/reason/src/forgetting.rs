//! What is over is forgotten, so that the state of a server that has run for years is no larger than that of one that
//! has run for a month. The journal forgets nothing: it has what is asked of long ago.
//!
//! What is still going on is never forgotten, and of what is over nothing that a judgement still asks for: what came
//! back within a day. Tested by a year of outages, and here by more incidents than there is room for.

use crate::evidence::later;
use crate::state::{AlertStage, Incident, State};
use blackstart_model::incident::IncidentState;
use blackstart_model::record::Recipient;
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{AlertId, IncidentId};
use std::collections::{BTreeMap, BTreeSet};

const DAY: Duration = Duration::from_secs(24 * 3_600);

/// A confirmed incident is kept for so long after its end, and an alert about no incident after it was decided (chosen
/// by hand: what the shifts of a month talk about).
const KEPT: Duration = DAY.saturating_mul(30);

/// One that was only suspected (chosen by hand: nobody was told of it).
const SUSPECTED_KEPT: Duration = DAY;

/// So many of each that are over at most, with so many symptoms in all: the newest (chosen by hand: some tens of MB).
const INCIDENTS_MAX: usize = 1_000;
const SYMPTOMS_MAX: usize = 100_000;

/// Of the alerts to one recipient about one incident the first is kept, for what it said of the urgency goes on to
/// count, and so many of the last (chosen by hand: an hour of changed causes).
const ALERTS_MAX: usize = 60;

/// How often it is looked (chosen by hand: it costs as much as it finds, and an hour is little beside a day).
const EVERY: Duration = Duration::from_secs(3_600);

/// Forgets what is over for long enough, when it is time to look again. Linear in what is kept.
pub(crate) fn forget(state: &mut State, now: Timestamp) {
    if state.forgot_at.is_some_and(|at| now < later(at, EVERY)) {
        return;
    }
    state.forgot_at = Some(now);
    incidents(state, now);
    alerts(state, now);
}

/// What is kept of one kind of incidents.
struct Room {
    kept: Duration,
    incidents: usize,
    symptoms: usize,
}

impl Room {
    const fn of(kept: Duration) -> Self {
        Self { kept, incidents: INCIDENTS_MAX, symptoms: SYMPTOMS_MAX }
    }

    /// Takes one in that ended then, if there is room for it.
    fn takes(&mut self, incident: &Incident, ended: Timestamp, now: Timestamp) -> bool {
        let symptoms = incident.symptoms.len();
        let fits = now < later(ended, self.kept) && self.incidents > 0 && self.symptoms >= symptoms;
        if fits {
            self.incidents -= 1;
            self.symptoms -= symptoms;
        } else {
            // What is older goes with it.
            self.incidents = 0;
        }
        fits
    }
}

fn incidents(state: &mut State, now: Timestamp) {
    let State { incidents, open, resolved, .. } = state;
    let over = incidents.values().filter(|incident| !open.contains(&incident.id));
    let mut over: Vec<(Timestamp, IncidentId)> =
        over.filter_map(|incident| Some((incident.closed_at?, incident.id))).collect();
    over.sort_unstable();
    let (mut confirmed, mut suspected) = (Room::of(KEPT), Room::of(SUSPECTED_KEPT));
    for (ended, id) in over.into_iter().rev() {
        let incident = &incidents[&id];
        let was_open = |(_, state, _): &(_, IncidentState, _)| *state == IncidentState::Open;
        let was_confirmed = incident.history.iter().any(was_open);
        let room = if was_confirmed { &mut confirmed } else { &mut suspected };
        if !room.takes(incident, ended, now) {
            incidents.remove(&id);
        }
    }
    resolved.retain(|id| incidents.contains_key(id));
}

fn alerts(state: &mut State, now: Timestamp) {
    let State { incidents, alerts, .. } = state;
    let mut told: BTreeMap<(Option<IncidentId>, &Recipient), Vec<AlertId>> = BTreeMap::new();
    for (id, progress) in &*alerts {
        told.entry((progress.alert.incident, &progress.alert.to)).or_default().push(*id);
    }
    let mut kept = BTreeSet::new();
    for ((incident, _), ids) in told {
        if incident.is_none_or(|incident| incidents.contains_key(&incident)) {
            let last = ids.len().saturating_sub(ALERTS_MAX);
            kept.extend(ids.first().into_iter().chain(&ids[last..]).copied());
        }
    }
    alerts.retain(|id, progress| {
        let is_on_its_way = match progress.stage {
            AlertStage::Waiting { .. } | AlertStage::Attempting { .. } => true,
            AlertStage::Delivered { .. } | AlertStage::GivenUp { .. } => false,
        };
        let is_old = progress.alert.incident.is_none() && now >= later(progress.decided_at, KEPT);
        is_on_its_way || (kept.contains(id) && !is_old)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_model::time::SignedDuration;

    #[test]
    fn there_is_room_for_so_many_and_for_all_that_go_on() {
        let mut state = State::new();
        let begin: Timestamp = "2026-11-21T03:00:00Z".parse().expect("an instant");
        let at = |seconds: u64| later(begin, Duration::from_secs(seconds));
        let made = 3 * INCIDENTS_MAX as u64;
        for number in 1..=made {
            let id = IncidentId(number);
            let (now, because) = (at(number), String::new());
            let mut incident = Incident::suspected(id, now, because.clone(), now);
            // Every third was confirmed, and the very first goes on.
            if number % 3 == 1 {
                incident.history.push((now, IncidentState::Open, because));
            }
            (incident.state, incident.closed_at) = (IncidentState::Dismissed, Some(now));
            if number == 1 {
                (incident.state, incident.closed_at) = (IncidentState::Open, None);
                state.open.insert(id);
            }
            state.incidents.insert(id, incident);
        }
        forget(&mut state, at(made));
        let kept = |confirmed: bool| {
            let ids = state.incidents.keys().filter(|id| (id.0 % 3 == 1) == confirmed);
            ids.map(|id| id.0).collect::<Vec<_>>()
        };
        assert_eq!(kept(true).len(), INCIDENTS_MAX, "all of them, and one goes on");
        assert_eq!(kept(false).len(), INCIDENTS_MAX);
        assert_eq!(kept(false).last(), Some(&made), "the newest");
        let day = SignedDuration::try_from(DAY).expect("in range");
        let mut later_state = state;
        forget(&mut later_state, at(made).checked_add(day).expect("in range"));
        assert!(
            later_state.incidents.keys().all(|id| id.0 % 3 == 1),
            "nobody was told of the rest"
        );
        let month = SignedDuration::try_from(KEPT).expect("in range");
        forget(&mut later_state, at(made).checked_add(month).expect("in range"));
        let ids: Vec<u64> = later_state.incidents.keys().map(|id| id.0).collect();
        assert_eq!(ids, [1], "what goes on");
    }
}
