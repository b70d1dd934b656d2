//! The outgoing heartbeat: a place outside hears from us, and notices when it does not.
//!
//! A beat is sent only when the turn has just answered: a server that takes no inputs any more must
//! fall silent, however alive its timers are.

use crate::hub::Hub;
use blackstart_model::time::Duration;
use blackstart_probe::Equipment;
use blackstart_probe::fetch::{Fetched, fetch};
use std::sync::Arc;

/// The deadline of one beat, and of the turn's answer before it.
const WITHIN: Duration = Duration::from_secs(10);

/// How often we look whether the plant asks for a heartbeat.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Beats until the server stops.
pub async fn beat(hub: Arc<Hub>, equipment: Equipment) {
    let mut failing = false;
    loop {
        let heartbeat = hub.state().plant().and_then(|plant| plant.alerting().heartbeat.clone());
        let Some(heartbeat) = heartbeat else {
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        };
        match tokio::time::timeout(WITHIN, hub.ping()).await {
            Ok(Ok(())) => {
                let fetched = fetch(&equipment, &heartbeat.url, &[], None, WITHIN).await;
                let trouble = match fetched {
                    Fetched::Answered(200..=299, _) => None,
                    Fetched::Answered(status, words) => Some(format!("{status} {words}")),
                    Fetched::NotSent(why) | Fetched::NoAnswer(why) => Some(why),
                };
                match &trouble {
                    Some(why) if !failing => tracing::warn!("the heartbeat is not taken: {why}"),
                    None if failing => tracing::info!("the heartbeat is taken again"),
                    Some(_) | None => {}
                }
                failing = trouble.is_some();
            }
            Ok(Err(_)) => return,
            Err(_) => tracing::error!("no heartbeat: the turn takes no inputs"),
        }
        tokio::time::sleep(heartbeat.every).await;
    }
}
