//! The outgoing heartbeat: a place outside hears from us, and notices when it does not.
//!
//! A beat is sent only when the turn has just answered *and* the journal was written since the last beat: a server that
//! takes no inputs any more, or cannot write down what it decides, must fall silent, however alive its timers are.
//! In a quiet time, when nothing was written, the beat itself has a record written first. Tested with a journal
//! that fails and a turn that stands still.

use crate::clock;
use crate::hub::{Beaten, Hub, NotTaken};
use blackstart_model::RecordId;
use blackstart_model::plant::{Beat, Heartbeat};
use blackstart_model::record::Input;
use blackstart_model::time::Duration;
use blackstart_probe::Equipment;
use blackstart_probe::fetch::{Fetched, fetch};
use blackstart_probe::secrets::Secrets;
use std::sync::Arc;

/// The deadline of one beat, and of the turn's answer before it.
const WITHIN: Duration = Duration::from_secs(10);

/// How often we look whether the plant asks for a heartbeat.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Beats until the server stops.
pub async fn beat(hub: Arc<Hub>, secrets: Arc<dyn Secrets>) {
    let equipment = Equipment::new(secrets.clone());
    let mut written = RecordId(0);
    let mut failing = false;
    let mut taken_at = None;
    loop {
        let plant = hub_plant(&hub);
        let Some((name, heartbeat)) = plant else {
            hub.set_heartbeat(None);
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        };
        let trouble = match tokio::time::timeout(WITHIN, alive(&hub, &mut written)).await {
            Ok(Ok(())) => send(&equipment, &*secrets, &heartbeat, &name).await.err(),
            Ok(Err(_)) => return,
            Err(_) => Some("not sent: the turn takes no inputs, or writes none down".to_owned()),
        };
        match &trouble {
            Some(why) if !failing => tracing::warn!("the heartbeat is not taken: {why}"),
            None if failing => tracing::info!("the heartbeat is taken again"),
            Some(_) | None => {}
        }
        failing = trouble.is_some();
        let at = clock::wall();
        if !failing {
            taken_at = Some(at);
        }
        hub.set_heartbeat(Some(Beaten { taken_at, at, trouble }));
        tokio::time::sleep(heartbeat.every).await;
    }
}

/// The heartbeat that the plant asks for, and the plant's name. While the journal cannot be written the state is not
/// to be had; then what was asked for last is unknown too, and nothing is sent anyhow.
fn hub_plant(hub: &Hub) -> Option<(String, Heartbeat)> {
    let state = hub.state();
    let plant = state.plant()?;
    Some((plant.name().to_owned(), plant.alerting().heartbeat.clone()?))
}

/// Returns when the turn has answered and something was written since the last time.
pub(crate) async fn alive(hub: &Hub, written: &mut RecordId) -> Result<(), NotTaken> {
    hub.ping().await?;
    if hub.newest() == *written {
        hub.tell(Input::Tick).await?;
    }
    *written = hub.newest();
    Ok(())
}

async fn send(
    equipment: &Equipment,
    secrets: &dyn Secrets,
    heartbeat: &Heartbeat,
    plant: &str,
) -> Result<(), String> {
    let Heartbeat { url, every, method, token, leads: _ } = heartbeat;
    let mut headers = Vec::new();
    if let Some(token) = token {
        headers.push(("authorization", format!("Bearer {}", secrets.value(&token.0)?)));
    }
    let body = match method {
        Beat::Get => None,
        Beat::Post => {
            let every_s = every.as_secs();
            Some(
                serde_json::json!({ "version": 1, "plant": plant, "every_s": every_s }).to_string(),
            )
        }
    };
    match fetch(equipment, url, &headers, body, WITHIN).await {
        Fetched::Answered(200..=299, _) => Ok(()),
        Fetched::Answered(status, words) => Err(format!("{status} {words}")),
        Fetched::NotSent(why) | Fetched::NoAnswer(why) => Err(why),
    }
}
