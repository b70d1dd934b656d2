//! *Timeline*: the journal as people read it, newest first: what happened, what we decided, and why.

use super::App;
use super::page::{Place, cause, page as frame, time};
use super::view::View;
use crate::report::counted;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use blackstart_journal::Entry;
use blackstart_model::RecordId;
use blackstart_model::record::{Decision, Delivery, Input, PersonAction, Record};
use maud::{Markup, html};
use serde::Deserialize;

/// Records of one page.
const ENTRIES: usize = 100;

#[derive(Deserialize)]
pub(super) struct Wanted {
    /// Only records older than this one.
    before: Option<String>,
}

pub(super) async fn page(State(app): State<App>, Query(wanted): Query<Wanted>) -> Response {
    let view = app.view();
    let before = wanted.before.and_then(|text| text.parse::<RecordId>().ok());
    let hub = app.hub.clone();
    let read = tokio::task::spawn_blocking(move || hub.timeline(before, ENTRIES)).await;
    let main = match read {
        Ok(Ok(entries)) => html! {
            h1 { "Timeline" }
            ol.timeline { @for entry in &entries {
                @if let Some(words) = words(&view, entry) {
                    li class=(class(&entry.record)) {
                        span.quiet { (time(&view, entry.at)) " " (entry.id) } " " (words)
                    }
                }
            } }
            @if let Some(oldest) = entries.last().filter(|oldest| oldest.id.0 > 1) {
                p { a href=(format!("/timeline?before={}", oldest.id)) { "Older" } }
            }
        },
        Ok(Err(error)) => html! { h1 { "Timeline" } p { "The journal cannot be read: " (error) } },
        Err(_) => html! { h1 { "Timeline" } p { "The server is stopping." } },
    };
    frame(&view, Place::Timeline, "timeline", &main).into_response()
}

const fn class(record: &Record) -> &'static str {
    match record {
        Record::Input(_) => "input",
        Record::Decision(_) => "decision",
    }
}

/// A record in words; `None` for one that says nothing to people.
fn words(view: &View, entry: &Entry) -> Option<Markup> {
    Some(match &entry.record {
        Record::Input(input) => match input {
            Input::Tick => return None,
            Input::Started { version, alive_until } => html! {
                "started, version " (version)
                @if let Some(until) = alive_until { ", after seeing nothing since " (time(view, *until)) }
            },
            Input::Blind { since } => html! {
                "nobody looked since " (time(view, *since)) ": the host slept, or its clock was put forward"
            },
            Input::PlantLoaded(source) => {
                html! { "plant loaded from " (counted(source.files.len(), "file")) }
            }
            Input::PlantRefused { why } => html! { strong { "plant refused" } ": " (why) },
            Input::Observed(seen) => html! {
                a href=(format!("/checks/{}", seen.check)) { (seen.check) } " from " (seen.vantage) ": "
                (seen.outcome) @if seen.asked { ", asked out of turn" }
            },
            Input::Counted(counted) => {
                html! { (counted.tries) " steady answers from " (counted.vantage) }
            }
            Input::Reported(report) => html! {
                (report.from) " says that " (report.component) " is " (report.saw)
                @if !report.detail.is_empty() { ": " (report.detail) }
            },
            Input::VantageHeard { vantage } => html! { "vantage " (vantage) " is heard" },
            Input::VantageLost { vantage, how, detail } => {
                html! { "vantage " (vantage) " lost (" (how) "): " (detail) }
            }
            Input::Person(person) => html! { (person.who) " " (action(&person.what)) },
            Input::AttemptStarted { alert, attempt } => {
                html! { (alert) ": attempt " (attempt) " begins" }
            }
            Input::AttemptEnded { alert, attempt, result } => html! {
                (alert) ": attempt " (attempt) " "
                @match result {
                    Delivery::Delivered(words) => { "taken over: " (words) }
                    Delivery::Failed(words) => { "failed: " (words) }
                    Delivery::Later { words, .. } => { "failed: " (words) }
                    Delivery::Refused(words) => { "refused: " (words) }
                    Delivery::InFlight(words) => { "broke off in flight: " (words) }
                }
            },
        },
        Record::Decision(decision) => match decision {
            Decision::Verify { asks, because } => {
                html! { "ask " (counted(asks.len(), "check")) " now: " (because) }
            }
            Decision::Incident(revision) => html! {
                strong { a href=(format!("/incidents/{}", revision.id)) { (revision.id) } " " (revision.to) } ": "
                (revision.because)
                @if let Some(lead) = revision.diagnosis.hypotheses.first().filter(|lead| !lead.faults.is_empty()) { "; cause: " (cause(lead)) }
            },
            Decision::Alert(alert) => html! {
                "alert " (alert.id) " to " (alert.to) ": " (alert.subject)
                span.quiet { " because " (alert.because) }
            },
            Decision::Withhold { incident, news, because } => html! {
                "no alert that " (incident) " is " (news) ": " (because)
            },
            Decision::Deliver { alert, attempt, repeat, not_before } => html! {
                "deliver " (alert) ", attempt " (attempt) @if *repeat { ", a repeat" } ", from " (time(view, *not_before)) " on"
            },
            Decision::GiveUp { alert, because } => {
                html! { strong { (alert) " given up" } ": " (because) }
            }
            Decision::Reject { because } => html! { "not acted on: " (because) },
        },
    })
}

fn action(what: &PersonAction) -> String {
    let noted = |words: String, note: &str| {
        if note.is_empty() { words } else { format!("{words}: {note}") }
    };
    match what {
        PersonAction::Acknowledge { incident, note } => noted(format!("takes {incident}"), note),
        PersonAction::Silence { incident, until, note } => {
            noted(format!("silences {incident} until {until}"), note)
        }
        PersonAction::Close { incident, note } => noted(format!("closes {incident}"), note),
        PersonAction::Merge { incident, into, note } => {
            noted(format!("puts {incident} into {into}"), note)
        }
        PersonAction::Observe { component, saw, trust, note } => {
            noted(format!("saw that {component} is {saw} (trusted {trust} %)"), note)
        }
        PersonAction::Act { component, did, note } => noted(format!("{did} {component}"), note),
    }
}
