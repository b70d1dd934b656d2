//! What people do on the console: forms in, inputs out, and back to the page they came from.

use super::App;
use super::access::Who;
use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use blackstart_model::IncidentId;
use blackstart_model::record::{Decision, Input, PersonAction, PersonInput, Saw};
use blackstart_model::time::{SignedDuration, Timestamp};
use serde::Deserialize;

/// The longest silence, minutes: silences expire, and a longer one is maintenance.
const SILENCE_MIN_MAX: i64 = 7 * 24 * 60;

/// The longest note, characters.
const NOTE_CHARS_MAX: usize = 500;

/// What a form or an API call may carry.
#[derive(Deserialize, Default)]
pub(super) struct Act {
    #[serde(default)]
    pub(super) note: String,
    pub(super) minutes: Option<i64>,
    pub(super) into: Option<String>,
    pub(super) works: Option<String>,
}

/// Why something was not done.
pub(super) struct Refused(pub(super) StatusCode, pub(super) String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, format!("not done: {}\n", self.1)).into_response()
    }
}

pub(super) async fn on_incident(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    Path((id, action)): Path<(String, String)>,
    Form(act): Form<Act>,
) -> Result<Redirect, Refused> {
    let incident = do_on_incident(&app, who, &id, &action, act).await?;
    Ok(Redirect::to(&format!("/incidents/{incident}")))
}

/// Does it; returns once it is durable.
pub(super) async fn do_on_incident(
    app: &App,
    who: Who,
    id: &str,
    action: &str,
    act: Act,
) -> Result<IncidentId, Refused> {
    let bad = |why: &str| Refused(StatusCode::BAD_REQUEST, why.to_owned());
    let incident: IncidentId = id
        .parse()
        .map_err(|_| Refused(StatusCode::NOT_FOUND, "there is no such incident".to_owned()))?;
    let note: String = act.note.chars().take(NOTE_CHARS_MAX).collect();
    let what = match action {
        "acknowledge" => PersonAction::Acknowledge { incident, note },
        "close" => PersonAction::Close { incident, note },
        "silence" => {
            let minutes = act.minutes.filter(|minutes| (1..=SILENCE_MIN_MAX).contains(minutes));
            let minutes = minutes.ok_or_else(|| bad("`minutes` is from 1 to 10080"))?;
            let until = crate::clock::wall()
                .checked_add(SignedDuration::from_mins(minutes))
                .unwrap_or(Timestamp::MAX);
            PersonAction::Silence { incident, until, note }
        }
        "merge" => {
            let into = act.into.and_then(|into| into.parse().ok());
            let into = into.ok_or_else(|| bad("`into` names the other incident"))?;
            PersonAction::Merge { incident, into, note }
        }
        _ => return Err(Refused(StatusCode::NOT_FOUND, "there is no such action".to_owned())),
    };
    tell(app, who, what).await?;
    Ok(incident)
}

pub(super) async fn observe(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    Path(name): Path<String>,
    Form(act): Form<Act>,
) -> Result<Redirect, Refused> {
    do_observe(&app, who, &name, act).await?;
    Ok(Redirect::to(&format!("/plant/{name}")))
}

pub(super) async fn do_observe(app: &App, who: Who, name: &str, act: Act) -> Result<(), Refused> {
    let saw = match act.works.as_deref() {
        Some("yes" | "true") => Saw::Up,
        Some("no" | "false") => Saw::Down,
        _ => {
            let why = "`works` is `yes` or `no`".to_owned();
            return Err(Refused(StatusCode::BAD_REQUEST, why));
        }
    };
    let note = act.note.chars().take(NOTE_CHARS_MAX).collect();
    let trust = PersonAction::TRUST;
    tell(app, who, PersonAction::Observe { component: name.into(), saw, trust, note }).await
}

async fn tell(app: &App, Who(who): Who, what: PersonAction) -> Result<(), Refused> {
    let input = Input::Person(PersonInput { who, what });
    let decisions = app
        .hub
        .tell(input)
        .await
        .map_err(|error| Refused(StatusCode::SERVICE_UNAVAILABLE, error.to_string()))?;
    match decisions.first() {
        Some(Decision::Reject { because }) => Err(Refused(StatusCode::CONFLICT, because.clone())),
        _ => Ok(()),
    }
}
