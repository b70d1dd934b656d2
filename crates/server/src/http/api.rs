//! The API, version 1: what the pages show, as JSON, and what people do, as POSTs.
//!
//! The structs here *are* the format: fields are only added. `openapi.json` describes it; a test holds
//! the two together.

use super::App;
use super::access::Who;
use super::act::{Act, Refused, do_answer, do_observe, do_on_incident};
use super::alertmanager;
use super::live;
use super::samples;
use super::view::View;
use crate::believed::{Believed, Fault, Hypothesis, NamedFault, Near, Next};
use crate::hub::{Beaten, Firing};
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use blackstart_model::reading::Reading;
use blackstart_model::time::Timestamp;
use blackstart_model::{ComponentName, IncidentId, RecordId};
use blackstart_reason::{AlertStage, Incident};
use serde::{Deserialize, Serialize};

/// Entries of the journal in one answer.
const ENTRIES_MAX: usize = 1_000;

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/incidents", get(incidents))
        .route("/incidents/{id}", get(incident))
        .route("/incidents/{id}/{action}", post(act_on_incident))
        .route("/checks", get(checks))
        .route("/checks/{component}/{check}/samples", get(samples::check))
        .route("/plant", get(plant))
        .route("/plant/{name}/observe", post(observe))
        .route("/plant/{name}/samples", get(samples::component))
        .route("/observe", post(answer))
        .route("/alertmanager", post(alertmanager::take).layer(alertmanager::limit()))
        .route("/alerts", get(alerts))
        .route("/journal", get(journal))
        .route("/state", get(state))
        .route("/stream", get(live::stream))
        .route("/openapi.json", get(openapi))
}

#[derive(Serialize)]
struct Incidents {
    incidents: Vec<OneIncident>,
}

#[derive(Serialize)]
struct OneIncident {
    id: String,
    state: &'static str,
    sentence: String,
    cause: Vec<Fault>,
    posterior: Option<f64>,
    searched: String,
    hypotheses: Vec<Hypothesis>,
    ambiguity: Vec<Vec<NamedFault>>,
    next_checks: Vec<Next>,
    coincidences: Vec<Near>,
    changed: Vec<String>,
    affected: Affected,
    symptoms: Vec<Symptom>,
    opened_at: String,
    closed_at: Option<String>,
    acknowledged_by: Option<String>,
    silenced_until: Option<String>,
    merged_into: Option<String>,
    history: Vec<Change>,
}

#[derive(Serialize)]
struct Affected {
    services: Vec<String>,
    customers: Vec<String>,
}

#[derive(Serialize)]
struct Symptom {
    check: String,
    vantage: String,
    outcome: String,
    first_at: String,
    up_since: Option<String>,
}

#[derive(Serialize)]
struct Change {
    at: String,
    state: &'static str,
    because: String,
}

fn texts(names: &[ComponentName]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

fn text(at: Timestamp) -> String {
    at.to_string()
}

impl From<&Incident> for OneIncident {
    fn from(incident: &Incident) -> Self {
        let lead = incident.diagnosis.hypotheses.first();
        let symptoms = incident.symptoms.iter().map(|((check, vantage), track)| Symptom {
            check: check.to_string(),
            vantage: vantage.to_string(),
            outcome: track.outcome.to_string(),
            first_at: text(track.first_at),
            up_since: track.up_since.map(text),
        });
        let history = incident.history.iter().map(|(at, state, because)| Change {
            at: text(*at),
            state: state.as_str(),
            because: because.clone(),
        });
        let Believed {
            sentence,
            hypotheses,
            searched,
            ambiguity,
            next_checks,
            coincidences,
            changed,
        } = Believed::from(&incident.diagnosis);
        let faults = lead.into_iter().flat_map(|lead| lead.faults.clone());
        Self {
            id: incident.id.to_string(),
            state: incident.state.as_str(),
            sentence,
            cause: faults.map(Into::into).collect(),
            posterior: lead.map(|lead| lead.posterior),
            searched,
            hypotheses,
            ambiguity,
            next_checks,
            coincidences,
            changed,
            affected: Affected {
                services: texts(&incident.services),
                customers: texts(&incident.customers),
            },
            symptoms: symptoms.collect(),
            opened_at: text(incident.opened_at),
            closed_at: incident.closed_at.map(text),
            acknowledged_by: incident.acknowledged_by.clone(),
            silenced_until: incident.silenced_until.map(text),
            merged_into: incident.merged_into.map(|into| into.to_string()),
            history: history.collect(),
        }
    }
}

/// An incident as the API gives it.
#[must_use]
pub fn incident_as_json(incident: &Incident) -> serde_json::Value {
    serde_json::to_value(OneIncident::from(incident)).unwrap_or(serde_json::Value::Null)
}

async fn incidents(State(app): State<App>) -> Json<Incidents> {
    let view = app.view();
    Json(Incidents { incidents: view.incidents.values().map(Into::into).collect() })
}

fn one_incident(view: &View, id: &str) -> Result<Json<OneIncident>, Refused> {
    id.parse::<IncidentId>()
        .ok()
        .and_then(|id| view.incidents.get(&id))
        .map(|incident| Json(incident.into()))
        .ok_or_else(|| Refused(StatusCode::NOT_FOUND, "there is no such incident".to_owned()))
}

async fn incident(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<OneIncident>, Refused> {
    one_incident(&super::incident::with_forgotten(&app, &id).await, &id)
}

async fn act_on_incident(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    Path((id, action)): Path<(String, String)>,
    Json(act): Json<Act>,
) -> Result<Json<OneIncident>, Refused> {
    let id = do_on_incident(&app, who, &id, &action, act).await?;
    one_incident(&app.view(), &id.to_string())
}

async fn observe(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    Path(name): Path<String>,
    Json(act): Json<Act>,
) -> Result<StatusCode, Refused> {
    do_observe(&app, who, &name, act).await.map(|()| StatusCode::NO_CONTENT)
}

async fn answer(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    Json(act): Json<Act>,
) -> Result<StatusCode, Refused> {
    do_answer(&app, who, act).await.map(|()| StatusCode::NO_CONTENT)
}

#[derive(Serialize)]
struct Checks {
    checks: Vec<OneCheck>,
}

#[derive(Serialize)]
struct OneCheck {
    key: String,
    component: String,
    kind: &'static str,
    every_s: f64,
    standing: &'static str,
    from: Vec<From_>,
}

#[derive(Serialize)]
#[serde(rename = "From")]
struct From_ {
    vantage: String,
    standing: &'static str,
    outcome: Option<String>,
    since: Option<String>,
    last_s: Option<f64>,
    readings: Vec<OneReading>,
}

#[derive(Serialize)]
struct OneReading {
    name: String,
    value: f64,
    unit: &'static str,
}

impl From<&Reading> for OneReading {
    fn from(reading: &Reading) -> Self {
        let (name, unit) = (reading.name().to_owned(), reading.unit().as_str());
        Self { name, value: reading.value(), unit }
    }
}

async fn checks(State(app): State<App>) -> Json<Checks> {
    let view = app.view();
    let plant = view.plant.clone();
    let checks = view.asked().map(|(check, seen)| {
        let from = seen.from.iter().map(|sight| {
            let track = app.hub.samples().track(&check.key, &sight.vantage);
            From_ {
                vantage: sight.vantage.to_string(),
                standing: sight.standing.as_str(),
                outcome: sight.outcome.as_ref().map(ToString::to_string),
                since: sight.since.map(text),
                last_s: track.as_ref().map(|track| f64::from(track.timing.total_us) / 1e6),
                readings: track.map_or_else(Vec::new, |track| {
                    track.readings.iter().map(OneReading::from).collect()
                }),
            }
        });
        OneCheck {
            key: check.key.to_string(),
            component: plant
                .as_ref()
                .map(|plant| plant.component(check.component).name.to_string())
                .unwrap_or_default(),
            kind: check.question.kind().as_str(),
            every_s: check.every.as_secs_f64(),
            standing: seen.standing.as_str(),
            from: from.collect(),
        }
    });
    Json(Checks { checks: checks.collect() })
}

#[derive(Serialize)]
struct PlantAnswer {
    name: Option<String>,
    components: Vec<OneComponent>,
    vantages: Vec<OneVantage>,
}

#[derive(Serialize)]
struct OneComponent {
    name: String,
    kind: &'static str,
    health: &'static str,
    because: String,
    since: Option<String>,
}

#[derive(Serialize)]
struct OneVantage {
    name: String,
    lost: Option<&'static str>,
    since: Option<String>,
}

async fn plant(State(app): State<App>) -> Json<PlantAnswer> {
    let view = app.view();
    let components = view
        .parts()
        .map(|(_, component, stand)| OneComponent {
            name: component.name.to_string(),
            kind: component.kind.as_str(),
            health: stand.health.as_str(),
            because: stand.because.clone(),
            since: stand.since.map(text),
        })
        .collect();
    let vantages = view.plant.iter().flat_map(|plant| plant.vantages());
    let vantages = vantages
        .map(|vantage| {
            let loss = view.lost.get(&vantage.name);
            OneVantage {
                name: vantage.name.to_string(),
                lost: loss.map(|loss| loss.how.as_str()),
                since: loss.map(|loss| text(loss.since)),
            }
        })
        .collect();
    let name = view.plant.as_ref().map(|plant| plant.name().to_owned());
    Json(PlantAnswer { name, components, vantages })
}

#[derive(Serialize)]
struct Alerts {
    alerts: Vec<OneAlert>,
    /// What Alertmanagers are told again while it lasts.
    firing: Vec<KeptFiring>,
    heartbeat: Option<Heartbeat>,
}

#[derive(Serialize)]
struct KeptFiring {
    alertmanager: String,
    incidents: usize,
    at: String,
    trouble: Option<String>,
}

#[derive(Serialize)]
struct Heartbeat {
    taken_at: Option<String>,
    at: String,
    trouble: Option<String>,
}

#[derive(Serialize)]
struct OneAlert {
    id: String,
    incident: Option<String>,
    news: &'static str,
    to: String,
    subject: String,
    because: String,
    decided_at: String,
    stage: &'static str,
    words: String,
    /// When the next attempt begins; of one that waits.
    next_attempt_at: Option<String>,
    /// Until when the other side asked to be left alone; it may be past.
    left_alone_until: Option<String>,
    /// Why the last attempt failed, and when that was; null where none has failed, or it was delivered.
    failed: Option<String>,
    failed_at: Option<String>,
}

async fn alerts(State(app): State<App>) -> Json<Alerts> {
    let view = app.view();
    let alerts = view.alerts.iter().map(|progress| {
        let (stage, words) = match &progress.stage {
            AlertStage::Waiting { attempt, .. } => ("waiting", format!("attempt {attempt}")),
            AlertStage::Attempting { attempt, .. } => ("attempting", format!("attempt {attempt}")),
            AlertStage::Delivered { words, .. } => ("delivered", words.clone()),
            AlertStage::GivenUp { because } => ("given-up", because.clone()),
        };
        let next_attempt_at = match progress.stage {
            AlertStage::Waiting { not_before, .. } => Some(text(not_before)),
            AlertStage::Attempting { .. }
            | AlertStage::Delivered { .. }
            | AlertStage::GivenUp { .. } => None,
        };
        OneAlert {
            id: progress.alert.id.to_string(),
            incident: progress.alert.incident.map(|incident| incident.to_string()),
            news: progress.alert.news.as_str(),
            to: progress.alert.to.to_string(),
            subject: progress.alert.subject.clone(),
            because: progress.alert.because.clone(),
            decided_at: text(progress.decided_at),
            stage,
            words,
            next_attempt_at,
            left_alone_until: progress.left_alone_until.map(text),
            failed: progress.failed.as_ref().map(|(_, why)| why.clone()),
            failed_at: progress.failed.as_ref().map(|(at, _)| text(*at)),
        }
    });
    let firing = app.hub.firing().into_iter().map(|(alertmanager, firing)| {
        let Firing { incidents, at, trouble } = firing;
        KeptFiring { alertmanager, incidents, at: text(at), trouble }
    });
    let heartbeat = app.hub.heartbeat().map(|Beaten { taken_at, at, trouble }| Heartbeat {
        taken_at: taken_at.map(text),
        at: text(at),
        trouble,
    });
    Json(Alerts { alerts: alerts.collect(), firing: firing.collect(), heartbeat })
}

#[derive(Deserialize)]
struct Page {
    /// Only entries older than this one.
    before: Option<String>,
    limit: Option<usize>,
}

#[derive(Serialize)]
struct JournalAnswer {
    entries: Vec<OneEntry>,
}

#[derive(Serialize)]
struct OneEntry {
    id: String,
    at: String,
    kind: &'static str,
    body: serde_json::Value,
}

async fn journal(
    State(app): State<App>,
    Query(page): Query<Page>,
) -> Result<Json<JournalAnswer>, Refused> {
    let before = match page.before.as_deref().map(str::parse::<RecordId>) {
        None => None,
        Some(Ok(before)) => Some(before),
        Some(Err(error)) => return Err(Refused(StatusCode::BAD_REQUEST, error.to_string())),
    };
    let limit = page.limit.unwrap_or(100).min(ENTRIES_MAX);
    let hub = app.hub.clone();
    let read = tokio::task::spawn_blocking(move || hub.timeline(before, limit)).await;
    let failed = |why: String| Refused(StatusCode::INTERNAL_SERVER_ERROR, why);
    let entries = read
        .map_err(|_| failed("the server is stopping".to_owned()))?
        .map_err(|error| failed(crate::serve::chain(&error)))?;
    let entries = entries
        .iter()
        .map(|entry| {
            let (kind, body) = blackstart_journal::as_json(&entry.record);
            let body = serde_json::from_str(&body).unwrap_or(serde_json::Value::Null);
            OneEntry { id: entry.id.to_string(), at: text(entry.at), kind, body }
        })
        .collect();
    Ok(Json(JournalAnswer { entries }))
}

/// The whole state as text, with the record it contains: what a replay is compared by.
async fn state(State(app): State<App>) -> Response {
    let state = app.hub.state();
    let headers = [
        (header::CONTENT_TYPE.as_str(), "text/plain; charset=utf-8".to_owned()),
        ("x-blackstart-record", app.hub.newest().to_string()),
    ];
    let encoded = state.encode();
    drop(state);
    (headers, encoded).into_response()
}

async fn openapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], include_str!("openapi.json"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_description_is_json_and_names_every_route() {
        let text = include_str!("openapi.json");
        let description: serde_json::Value = serde_json::from_str(text).expect("JSON");
        let own = include_str!("api.rs");
        let routes: Vec<&str> = own
            .lines()
            .filter_map(|line| line.trim().strip_prefix(".route(\""))
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(routes.len() > 8);
        for route in routes {
            assert!(description["paths"].get(route).is_some(), "{route} is not described");
        }
    }
}
