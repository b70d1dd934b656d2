//! What people do on the console: forms in, inputs out, and back to the page they came from.

use super::App;
use super::access::Who;
use axum::Extension;
use axum::extract::{Form, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use blackstart_model::IncidentId;
use blackstart_model::record::{Decision, Deed, Input, PersonAction, PersonInput, Report, Saw};
use blackstart_model::time::{SignedDuration, Timestamp, Zone, local_instant};
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
    /// What was seen, a [`Saw`].
    pub(super) saw: Option<String>,
    /// The same, as it was said before there was more to say: `yes` or `no`.
    pub(super) works: Option<String>,
    /// How far it is trusted, percent.
    pub(super) trust: Option<u8>,
    /// When it was so, where not now.
    pub(super) at: Option<String>,
    /// How often it was tried, where somebody counted.
    pub(super) tries: Option<u32>,
    /// How many of these failed.
    pub(super) failures: Option<u32>,
    /// What was done, a [`Deed`].
    pub(super) did: Option<String>,
    /// Of which component, where the path does not say.
    pub(super) component: Option<String>,
    /// The incident whose page asked.
    pub(super) incident: Option<String>,
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

/// An answer to a question of an incident's page.
pub(super) async fn answer(
    State(app): State<App>,
    Extension(who): Extension<Who>,
    Form(act): Form<Act>,
) -> Result<Redirect, Refused> {
    let back = act.incident.as_deref().and_then(|id| id.parse::<IncidentId>().ok());
    do_answer(&app, who, act).await?;
    Ok(Redirect::to(&back.map_or_else(|| "/".to_owned(), |id| format!("/incidents/{id}"))))
}

/// As [`do_observe`], of what the form itself names.
pub(super) async fn do_answer(app: &App, who: Who, mut act: Act) -> Result<(), Refused> {
    let name = act.component.take().filter(|name| !name.is_empty());
    let missing = || Refused(StatusCode::BAD_REQUEST, "`component` says of what".to_owned());
    let name = name.ok_or_else(missing)?;
    do_observe(app, who, &name, act).await
}

/// Takes what somebody did, what they saw, or both, in this order.
pub(super) async fn do_observe(app: &App, who: Who, name: &str, act: Act) -> Result<(), Refused> {
    let bad = |why: String| Refused(StatusCode::BAD_REQUEST, why);
    let did = match act.did.as_deref().filter(|did| !did.is_empty()) {
        None => None,
        Some(did) => {
            let why = || bad(format!("`did` is one of {}", listed(Deed::ALL)));
            Some(Deed::parse(did).ok_or_else(why)?)
        }
    };
    let saw = match (act.saw.as_deref(), act.works.as_deref()) {
        (Some(saw), _) => {
            let why = || bad(format!("`saw` is one of {}", listed(Saw::ALL)));
            Some(Saw::parse(saw).ok_or_else(why)?)
        }
        (None, Some("yes" | "true")) => Some(Saw::Up),
        (None, Some("no" | "false")) => Some(Saw::Down),
        (None, Some(_)) => return Err(bad("`works` is `yes` or `no`".to_owned())),
        (None, None) => None,
    };
    let trust = act.trust.unwrap_or(PersonAction::TRUST);
    if !(1..=100).contains(&trust) {
        return Err(bad("`trust` is from 1 to 100, percent".to_owned()));
    }
    let at = match act.at.as_deref().filter(|at| !at.is_empty()) {
        None => None,
        Some(at) => {
            let zone = app.hub.state().plant().map_or(Zone::UTC, |plant| plant.zone().clone());
            let why = |error| bad(format!("`at` {at}: {error}"));
            Some(local_instant(at, &zone).map_err(why)?)
        }
    };
    let counted = match (act.tries, act.failures) {
        (None, None) => None,
        (Some(tries), Some(failures)) if failures <= tries && tries > 0 => Some((tries, failures)),
        _ => return Err(bad("of `tries`, one at least, `failures` failed".to_owned())),
    };
    let note: String = act.note.chars().take(NOTE_CHARS_MAX).collect();
    if did.is_none() && saw.is_none() {
        return Err(bad("`saw` says what was seen, `did` what was done".to_owned()));
    }
    let component = || name.into();
    if let Some(did) = did {
        let note = note.clone();
        tell(app, who.clone(), PersonAction::Act { component: component(), did, note }).await?;
    }
    let Some(saw) = saw else { return Ok(()) };
    if at.is_none() && counted.is_none() {
        return tell(app, who, PersonAction::Observe { component: component(), saw, trust, note })
            .await;
    }
    // What was seen earlier is told as it was then, and what was counted with its counts.
    let at = at.unwrap_or_else(crate::clock::wall);
    let once = || (1, u32::from(!matches!(saw, Saw::Up | Saw::Unknown)));
    let (tries, failures) = counted.unwrap_or_else(once);
    let (component, Who(from), detail) = (component(), who, note);
    give(app, Input::Reported(Report { component, from, saw, tries, failures, trust, at, detail }))
        .await
}

fn listed<T: std::fmt::Display>(words: &[T]) -> String {
    words.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

async fn tell(app: &App, Who(who): Who, what: PersonAction) -> Result<(), Refused> {
    give(app, Input::Person(PersonInput { who, what })).await
}

/// Gives an input to the turn; what it rejects is refused with its reason.
async fn give(app: &App, input: Input) -> Result<(), Refused> {
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
