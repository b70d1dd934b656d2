//! `POST /api/v1/alertmanager`: alerts of an Alertmanager, as words of another system.
//!
//! Each alert that means one thing of the plant is told to the turn as a report of that thing, by the name of its rule,
//! so that one rule's "resolved" takes back no other's word. What means nothing is said in the answer. Tested in the lab
//! with a real Alertmanager.

use super::App;
use crate::alertmanager::{Alert, Reading, Subject, TRIES, read};
use axum::Json;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use blackstart_model::Plant;
use blackstart_model::record::{Input, Report, Saw};
use blackstart_model::time::{SignedDuration, Timestamp};
use serde::Serialize;

/// The longest body taken, bytes: some hundred alerts with long annotations.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Alerts taken of one body at most; Alertmanager is told to send no more (`max_alerts`).
const ALERTS_MAX: usize = 1_000;

/// What began longer ago is told as of now: it is said again, and stands (chosen by hand: as long as a word lasts).
const BEGAN_WITHIN: SignedDuration = SignedDuration::from_hours(1);

/// How long a body may be.
pub(super) fn limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(BODY_BYTES_MAX)
}

/// The rules that our own alerts name, where they go to an Alertmanager: what we said is no news to us.
const OWN: [&str; 2] = ["BlackstartIncident", "Blackstart"];

/// What became of the alerts.
#[derive(Serialize)]
pub(super) struct Taken {
    /// So many were taken.
    taken: usize,
    /// These mean nothing of the plant, or one of several things.
    unmatched: Vec<String>,
    /// These are no alerts.
    mistakes: Vec<String>,
}

pub(super) async fn take(
    State(app): State<App>,
    Json(body): Json<serde_json::Value>,
) -> Result<Json<Taken>, (StatusCode, String)> {
    let plant = app.hub.state().plant().cloned();
    let plant =
        plant.ok_or((StatusCode::SERVICE_UNAVAILABLE, "no plant is in use\n".to_owned()))?;
    let Reading { mut alerts, unmatched, mistakes } = read(&body, &plant);
    alerts.retain(|alert| !OWN.contains(&&*alert.rule));
    if alerts.len() > ALERTS_MAX {
        let words = format!("{} alerts at once; set `max_alerts: {ALERTS_MAX}`\n", alerts.len());
        return Err((StatusCode::PAYLOAD_TOO_LARGE, words));
    }
    let now = crate::clock::wall();
    for alert in &alerts {
        let report = Input::Reported(report(alert, &plant, now));
        let told = app.hub.tell(report).await;
        told.map_err(|why| (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")))?;
    }
    if !unmatched.is_empty() {
        let first = &unmatched[0].words;
        tracing::info!("{} alerts fit nothing in the plant, the first: {first}", unmatched.len());
    }
    Ok(Json(Taken {
        taken: alerts.len(),
        unmatched: unmatched.into_iter().map(|it| it.words).collect(),
        mistakes: mistakes
            .into_iter()
            .map(|(number, why)| format!("alert {number}: {why}"))
            .collect(),
    }))
}

fn report(alert: &Alert, plant: &Plant, now: Timestamp) -> Report {
    let component = match alert.subject {
        Subject::Component(id) => id,
        Subject::Check(id) => plant.checks()[id.index()].component,
    };
    let recent = |at: Timestamp| {
        if now.duration_since(at) > BEGAN_WITHIN { now } else { at.min(now) }
    };
    let (saw, at) = match alert.resolved_at {
        Some(at) => (Saw::Up, recent(at)),
        None if alert.is_mild => (Saw::Degraded, recent(alert.since)),
        None => (Saw::Down, recent(alert.since)),
    };
    Report {
        component: plant.component(component).name.clone(),
        from: format!("alertmanager/{}", alert.rule),
        saw,
        tries: TRIES,
        failures: if saw == Saw::Down { TRIES } else { 0 },
        trust: Report::TRUST,
        at,
        detail: if saw == Saw::Up { String::new() } else { alert.words.clone() },
    }
}
