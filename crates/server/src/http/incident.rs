//! One incident: what is believed and why, who is hit, what was told, and what can be done.

use super::App;
use super::map;
use super::next;
use super::now::{card, names};
use super::page::{Place, absent, cause, component, fault, page as frame, span, sure, time};
use super::view::View;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use blackstart_model::IncidentId;
use blackstart_model::incident::IncidentState;
use blackstart_model::record::{BelievedFault, Coincidence, FaultName, HypothesisSummary};
use blackstart_reason::{AlertProgress, AlertStage, Incident, Remembered};
use maud::{Markup, html};

/// Incidents listed on one page.
const LISTED_MAX: usize = 200;

/// Names of a list that are shown at once; the rest is a click away.
const LISTED_OPEN_MAX: usize = 8;

/// Faults of one group that are named in its line.
const LISTED_IN_LINE_MAX: usize = 6;

pub(super) async fn list(State(app): State<App>) -> Response {
    let view = app.view();
    let main = html! {
        h1 { "Incidents" }
        @if view.incidents.is_empty() { p { "There has been none." } }
        @else {
            table {
                thead { tr { th { "Incident" } th { "State" } th { "Cause" } th { "Since" } th { "Lasted" } th { "Services" } } }
                tbody { @for incident in view.incidents.values().rev().take(LISTED_MAX) {
                    tr class=(incident.state.to_string()) {
                        td { a href=(format!("/incidents/{}", incident.id)) { (incident.id) } }
                        td { (incident.state) }
                        td { @if let Some(lead) = incident.diagnosis.hypotheses.first() { (cause(lead)) } }
                        td { (time(&view, incident.opened_at)) }
                        td { (span(incident.opened_at, incident.closed_at.unwrap_or(view.now))) }
                        td { (incident.services.len()) }
                    }
                } }
            }
            @if view.incidents.len() > LISTED_MAX { p.quiet { "and " (view.incidents.len() - LISTED_MAX) " older ones" } }
            p.quiet { "What ended long ago is not listed. Its page is there still, and it stands in the " a href="/timeline" { "timeline" } "." }
        }
    };
    frame(&view, Place::Incidents, "incidents", &main).into_response()
}

pub(super) async fn page(
    State(app): State<App>,
    Path(id): Path<String>,
    asked: map::Asked,
) -> Response {
    let view = with_forgotten(&app, &id).await;
    let found = id.parse::<IncidentId>().ok().and_then(|id| view.incidents.get(&id));
    let Some(incident) = found else { return absent(&view, "such incident") };
    let title = format!("{} {}", incident.id, incident.state);
    let main = html! {
        h1 { "Incident " (incident.id) }
        @if let Some(into) = incident.merged_into {
            p { "It went into " a href=(format!("/incidents/{into}")) { (into) } "." }
        }
        (card(&view, incident))
        @if incident.state.is_live() { (take(incident)) (next::questions(&view, incident)) }
        (hypotheses(&view, incident))
        @if incident.state.is_live() { (actions(&view, incident)) }
        @if incident.state.is_live() { (map::incident(&view, incident, &asked)) }
        (symptoms(&view, incident))
        (told(&view, incident))
        (history(&view, incident))
    };
    frame(&view, Place::Incidents, &title, &main).into_response()
}

/// All that a page may show, and of an incident that the state has forgotten what the journal has of it.
pub(super) async fn with_forgotten(app: &App, id: &str) -> View {
    let mut view = app.view();
    let id = id.parse::<IncidentId>().ok().filter(|id| !view.incidents.contains_key(id));
    let Some(id) = id else { return view };
    let hub = app.hub.clone();
    match tokio::task::spawn_blocking(move || hub.forgotten(id)).await {
        Ok(Ok(Some(Remembered { incident, alerts }))) => {
            view.incidents.insert(id, incident);
            // One that is still on its way is in both.
            view.alerts.retain(|progress| progress.alert.incident != Some(id));
            view.alerts.extend(alerts);
        }
        Ok(Err(error)) => tracing::warn!("{id} cannot be read back: {error}"),
        Ok(Ok(None)) | Err(_) => {}
    }
    view
}

/// The one thing that is done in any case: others see who works on it.
fn take(incident: &Incident) -> Markup {
    html! {
        @if incident.state != IncidentState::Acknowledged {
            form method="post" action=(format!("/incidents/{}/acknowledge", incident.id)) {
                (note()) button { "I take it" }
            }
        }
    }
}

fn note() -> Markup {
    html! { label { "Note " input name="note" maxlength="500" autocomplete="off"; } }
}

fn actions(view: &View, incident: &Incident) -> Markup {
    let to = |action: &str| format!("/incidents/{}/{action}", incident.id);
    let others: Vec<&Incident> =
        view.live().into_iter().filter(|other| other.id != incident.id).collect();
    html! {
        details.actions {
            summary { @if others.is_empty() { "Silence or close it" } @else { "Silence, close or merge it" } }
            form method="post" action=(to("silence")) {
                label { "For " select name="minutes" {
                    option value="30" { "30 min" } option value="60" { "1 h" }
                    option value="240" { "4 h" } option value="720" { "12 h" }
                } }
                (note()) button { "Silence" }
            }
            form method="post" action=(to("close")) { (note()) button { "Close" } }
            @if !others.is_empty() {
                form method="post" action=(to("merge")) {
                    label { "Into " select name="into" { @for other in others {
                        option value=(other.id.to_string()) { (other.id) " " (other.diagnosis.sentence) }
                    } } }
                    (note()) button { "Merge" }
                }
            }
        }
    }
}

fn hypotheses(view: &View, incident: &Incident) -> Markup {
    let diagnosis = &incident.diagnosis;
    html! {
        section {
            h2 { "What may have broken" }
            @for (at, hypothesis) in diagnosis.hypotheses.iter().enumerate() {
                details.hypothesis open[at == 0] {
                    summary { span.rank { (at + 1) "." } " " (cause(hypothesis)) " " (sure(hypothesis.posterior)) }
                    (when(view, hypothesis))
                    (reasons(hypothesis))
                }
            }
            (ambiguity(&diagnosis.ambiguity))
            p.quiet { "Searched: " (diagnosis.searched) }
        }
        (coincidences(&diagnosis.coincidences))
        (changed(&diagnosis.changed))
    }
}

/// When each fault of a hypothesis is believed to have begun and ended.
fn when(view: &View, hypothesis: &HypothesisSummary) -> Markup {
    html! { ul.faults { @for BelievedFault { fault: name, since, until } in &hypothesis.faults {
        li {
            (fault(name))
            @if let Some(since) = since { ", since " (time(view, *since)) }
            @match (since, until) {
                (_, None) => { ", still" }
                (Some(since), Some(until)) => { ", until " (time(view, *until)) " (" (span(*since, *until)) ")" }
                (None, Some(until)) => { ", until " (time(view, *until)) }
            }
        }
    } } }
}

/// Faults that look alike, as groups and not as a choice.
pub(super) fn ambiguity(groups: &[Vec<FaultName>]) -> Markup {
    html! { @for group in groups {
        p.alike {
            strong { "No check tells these apart: " }
            @for (at, name) in group.iter().take(LISTED_IN_LINE_MAX).enumerate() {
                @if at > 0 { "; or " }
                (fault(name))
            }
            @if group.len() > LISTED_IN_LINE_MAX { " and " (group.len() - LISTED_IN_LINE_MAX) " more" }
        }
    } }
}

fn coincidences(all: &[Coincidence]) -> Markup {
    html! { @if !all.is_empty() {
        section {
            h2 { "Coincidence, or cause" }
            ul { @for Coincidence { fault: name, near, odds_low, odds_high, sentence } in all {
                li {
                    (fault(name)) ", near " (near) ": " (sentence)
                    @if !sentence.contains(" to 1") {
                        " " span.quiet { "(odds of “caused by” " (odds(*odds_low)) " to " (odds(*odds_high)) ")" }
                    }
                }
            } }
        }
    } }
}

/// Odds to one, with two figures.
fn odds(odds: f64) -> String {
    match odds {
        10.0.. => format!("{odds:.0} : 1"),
        1.0..10.0 => format!("{odds:.1} : 1"),
        _ => format!("{odds:.2} : 1"),
    }
}

fn changed(lines: &[String]) -> Markup {
    html! { @if !lines.is_empty() {
        section {
            h2 { "What changed our mind" }
            ol { @for line in lines { li { (line) } } }
        }
    } }
}

fn reasons(hypothesis: &HypothesisSummary) -> Markup {
    let HypothesisSummary {
        faults: _,
        nothing_broke: _,
        posterior: _,
        explains,
        unexplained,
        contradicted,
        predicts,
    } = hypothesis;
    let lists = [
        ("Explains", explains),
        ("Leaves unexplained", unexplained),
        ("Contradicts (seen up)", contradicted),
        ("Predicts, not yet seen", predicts),
    ];
    html! {
        dl { @for (words, list) in lists {
            dt { (words) " " (list.len()) }
            dd { (lines(list)) }
        } }
    }
}

/// A list of names: the first of a long one, and the rest folded away.
fn lines(list: &[String]) -> Markup {
    let (first, rest) = list.split_at(list.len().min(LISTED_OPEN_MAX));
    html! {
        @if list.is_empty() { "none" }
        @else { ul { @for line in first { li { (line) } } } }
        @if !rest.is_empty() {
            details { summary { "and " (rest.len()) " more" } ul { @for line in rest { li { (line) } } } }
        }
    }
}

fn symptoms(view: &View, incident: &Incident) -> Markup {
    html! {
        section {
            h2 { "How it shows" }
            @if incident.symptoms.is_empty() { p { "Its checks stand above, as what it explains: no more is kept of it." } }
            @else {
                table {
                    thead { tr { th { "Check" } th { "From" } th { "First seen" } th { "As" } th { "Now" } } }
                    tbody { @for ((check, vantage), track) in &incident.symptoms {
                        tr {
                            td { (symptom(view, check.as_str())) }
                            td.from { (vantage) }
                            td { (time(view, track.first_at)) }
                            td { (track.outcome) }
                            td { @match track.up_since {
                                Some(at) => { "up since " (time(view, at)) }
                                None => { "not up" }
                            } }
                        }
                    } }
                }
            }
            @if !incident.services.is_empty() { h3 { "Services down by it" } (names(&incident.services)) }
            @if !incident.customers.is_empty() { h3 { "Customers down by it" } (names(&incident.customers)) }
        }
    }
}

/// What a symptom was seen of: a check, a component that somebody spoke of, or a vantage's way out.
fn symptom(view: &View, key: &str) -> Markup {
    let is_component = view.plant.as_ref().is_some_and(|plant| plant.find(key).is_some());
    html! {
        @if is_component { (component(key)) }
        @else if key.contains('/') { a href=(format!("/checks/{key}")) { (key) } }
        @else { (key) }
    }
}

fn told(view: &View, incident: &Incident) -> Markup {
    let alerts: Vec<_> = view
        .alerts
        .iter()
        .filter(|progress| progress.alert.incident == Some(incident.id))
        .collect();
    html! {
        section {
            h2 { "Whom we told" }
            @if alerts.is_empty() { p { "Nobody. The timeline says why." } }
            ul { @for progress in alerts {
                li {
                    strong { (progress.alert.id) } " " (progress.alert.news) " to " (progress.alert.to) ", "
                    (time(view, progress.decided_at)) ": " (stage(view, progress))
                    br; span.quiet { "because " (progress.alert.because) }
                }
            } }
        }
    }
}

fn history(view: &View, incident: &Incident) -> Markup {
    html! {
        section {
            h2 { "What happened to it" }
            ol { @for (at, state, because) in &incident.history {
                li { (time(view, *at)) " " strong { (state) } ": " (because) }
            } }
        }
    }
}

/// How far an alert has got.
pub(super) fn stage(view: &View, progress: &AlertProgress) -> Markup {
    html! { @match &progress.stage {
        AlertStage::Waiting { attempt, not_before, repeat } => {
            "attempt " (attempt) @if *repeat { " (a repeat)" } " "
            @if *not_before > view.now { (time(view, *not_before)) ", in " (span(view.now, *not_before)) }
            @else { "now" }
            (left_alone(view, progress)) (failed(view, progress))
        }
        AlertStage::Attempting { attempt, .. } => { "attempt " (attempt) " under way" (failed(view, progress)) }
        AlertStage::Delivered { at, words } => { "taken over " (time(view, *at)) " (" (words) ")" }
        AlertStage::GivenUp { because } => { strong { "given up" } ": " (because) }
    } }
}

/// That the other side asked for the pause.
fn left_alone(view: &View, progress: &AlertProgress) -> Markup {
    html! { @if let Some(until) = progress.left_alone_until && until > view.now {
        "; it asked to be left alone until " (time(view, until))
    } }
}

/// Why the last attempt failed.
fn failed(view: &View, progress: &AlertProgress) -> Markup {
    html! { @if let Some((at, why)) = &progress.failed {
        "; the last one failed, " (time(view, *at)) ": " strong { (why) }
    } }
}
