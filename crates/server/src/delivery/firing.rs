//! What an Alertmanager is told again and again: the incidents that last.
//!
//! It takes for over what it has not heard of for a while. So what was told to it, and is not over, is told again
//! every [`AGAIN_EVERY`], with the words of the last alert about it. That says nothing new, and stands in no journal;
//! how it goes is in [`Hub::firing`], and in the log when it changes. An alert that is still on its way is not
//! overtaken. Which incidents those are follows from the state, so a restart forgets none. Tested against Debian's
//! Alertmanager in the lab.

use super::Postman;
use crate::clock;
use crate::hub::{Firing, Hub};
use blackstart_delivery::FIRING_FOR;
use blackstart_model::plant::Plant;
use blackstart_model::record::{Delivery, News, Recipient};
use blackstart_model::time::Duration;
use blackstart_model::{AlertId, IncidentId};
use blackstart_reason::{AlertStage, State};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Between two tellings of the same: a fifth of the time after which it counts as over, so four may be lost.
const AGAIN_EVERY: Duration = FIRING_FOR.checked_div(5).expect("five is not nothing");

impl Postman {
    /// Tells until the server stops. The first time at once: how long it was down nobody has told.
    pub async fn keep_firing(self: Arc<Self>) {
        let mut next = clock::monotonic();
        loop {
            tokio::time::sleep_until(next.into()).await;
            next = clock::monotonic() + AGAIN_EVERY;
            let Some(plant) = self.hub.state().plant().cloned() else { continue };
            let mut all = BTreeMap::new();
            for alertmanager in &plant.alerting().alertmanagers {
                let name = alertmanager.name.to_string();
                let firing = self.tell_again(&plant, &name).await;
                note(&self.hub, &name, &firing);
                all.insert(name, firing);
            }
            self.hub.set_firing(all);
        }
    }

    async fn tell_again(&self, plant: &Plant, name: &str) -> Firing {
        let ids = lasting(&self.hub.state(), name);
        let incidents = ids.len();
        for id in ids {
            let _turn = self.turn(name).await;
            // It may have ended while another was told.
            let still = lasting(&self.hub.state(), name).contains(&id);
            let Some((letter, _)) = self.letter(id).filter(|_| still) else { continue };
            match self.send(&letter, plant, false).await {
                Delivery::Delivered(_) => {}
                Delivery::Failed(why)
                | Delivery::Later { words: why, .. }
                | Delivery::Refused(why)
                | Delivery::InFlight(why) => {
                    return Firing { incidents, at: clock::wall(), trouble: Some(why) };
                }
            }
        }
        Firing { incidents, at: clock::wall(), trouble: None }
    }
}

/// The last alert about each incident that lasts and was told to this Alertmanager.
fn lasting(state: &State, name: &str) -> Vec<AlertId> {
    let mut last: BTreeMap<IncidentId, AlertId> = BTreeMap::new();
    for (id, progress) in state.alerts() {
        let to_it = matches!(&progress.alert.to, Recipient::Alertmanager(own) if own == name);
        let Some(incident) = progress.alert.incident.filter(|_| to_it) else { continue };
        let is_live = state.incidents().get(&incident).is_some_and(|it| it.state.is_live());
        let lasts = match progress.alert.news {
            News::Opened | News::CauseChanged => true,
            News::Resolved | News::PlantRefused | News::Acknowledged | News::Merged => false,
        };
        if is_live && lasts {
            last.insert(incident, *id);
        } else {
            last.remove(&incident);
        }
    }
    let is_over = |id: &AlertId| match state.alerts()[id].stage {
        AlertStage::Delivered { .. } | AlertStage::GivenUp { .. } => true,
        AlertStage::Waiting { .. } | AlertStage::Attempting { .. } => false,
    };
    last.into_values().filter(is_over).collect()
}

/// Says in the log when it has changed.
fn note(hub: &Hub, name: &str, now: &Firing) {
    let before = hub.firing().get(name).and_then(|firing| firing.trouble.clone());
    match (&before, &now.trouble) {
        (None, Some(why)) => tracing::warn!("alertmanager {name} is not kept firing: {why}"),
        (Some(_), None) => tracing::info!("alertmanager {name} is kept firing again"),
        (None, None) | (Some(_), Some(_)) => {}
    }
}
