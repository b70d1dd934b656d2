//! *Now*: what is broken, how sure, who is hit.

use super::App;
use super::page::{Place, badge, cause, component, fault, page as frame, span, sure, time};
use super::view::{Health, View};
use crate::intake::COUNTED_EVERY;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use blackstart_model::incident::IncidentState;
use blackstart_model::observation::Standing;
use blackstart_model::record::{DiagnosisSummary, FaultName, HypothesisSummary};
use blackstart_reason::{AlertStage, Incident};
use maud::{Markup, html};

/// A second guess with less belief is for the incident's own page (chosen by hand).
const WORTH_NAMING: f64 = 0.05;

/// Faults beside the leading one that a card names.
const OTHERS_MAX: usize = 3;

pub(super) async fn page(State(app): State<App>) -> Response {
    let view = app.view();
    let live = view.live();
    let confirmed =
        live.iter().filter(|incident| incident.state != IncidentState::Suspected).count();
    let title = match confirmed {
        0 => "all quiet".to_owned(),
        1 => "1 incident".to_owned(),
        count => format!("{count} incidents"),
    };
    let main = html! {
        @if let Some(trouble) = app.hub.trouble() {
            section.alarm role="alert" {
                h2 { "The journal cannot be written" }
                p { "Nothing goes on until it can: " (trouble) }
            }
        }
        h1 { (headline(&view, confirmed)) }
        @for incident in &live { (card(&view, incident)) }
        (unheard(&view))
        (numbers(&view))
        (undelivered(&view))
        (past(&view))
    };
    frame(&view, Place::Now, &title, &main).into_response()
}

fn headline(view: &View, confirmed: usize) -> String {
    let counts = view.counts();
    let (up, unknown) = (counts[&Standing::Up], counts[&Standing::Unknown]);
    match (confirmed, view.checks.len()) {
        (0, 0) => "Nothing is checked yet".to_owned(),
        (0, all) if unknown == all => "Nothing is known yet".to_owned(),
        (0, all) if up == all => "Everything that is checked is up".to_owned(),
        (0, _) => "No incident".to_owned(),
        (1, _) => "1 incident".to_owned(),
        (count, _) => format!("{count} incidents"),
    }
}

/// An incident in a few lines.
pub(super) fn card(view: &View, incident: &Incident) -> Markup {
    let lead = incident.diagnosis.hypotheses.first();
    html! {
        article class=(format!("card {}", incident.state)) {
            h2 {
                a href=(format!("/incidents/{}", incident.id)) { (incident.id) } " "
                span.state { (incident.state) }
            }
            p.sentence { (incident.diagnosis.sentence) }
            dl {
                @if let Some(lead) = lead {
                    dt { "Cause" } dd { (cause(lead)) " " (sure(lead.posterior)) }
                    @if let [only] = &incident.diagnosis.ambiguity[..] {
                        dt { "Or" } dd { (others(lead, only)) span.quiet { "no check tells these apart" } }
                    } @else if incident.diagnosis.ambiguity.len() > 1 {
                        dt { "Or" } dd { (incident.diagnosis.ambiguity.len()) " groups of faults that no check tells apart" }
                    }
                    @if let Some(next) = otherwise(&incident.diagnosis) {
                        dt { "Else" } dd { (cause(next)) " " (sure(next.posterior)) }
                    }
                    dt { "Evidence" }
                    dd {
                        (lead.explains.len()) " failing explained, "
                        (count(lead.unexplained.len(), "unexplained")) ", "
                        (count(lead.contradicted.len(), "contradicted"))
                    }
                }
                @if let Some(next) = incident.diagnosis.next_checks.first().filter(|_| incident.state.is_live()) {
                    dt { "Look at" }
                    dd { a href=(format!("/incidents/{}#next", incident.id)) { (next.ask) } }
                }
                dt { "Since" }
                dd { (time(view, incident.opened_at)) ", " (span(incident.opened_at, incident.closed_at.unwrap_or(view.now))) }
                @if !incident.services.is_empty() {
                    dt { "Services" } dd { (names(&incident.services)) }
                }
                @if !incident.customers.is_empty() {
                    dt { "Customers" } dd { (names(&incident.customers)) }
                }
                @if let Some(who) = &incident.acknowledged_by { dt { "Taken by" } dd { (who) } }
                @if let Some(until) = incident.silenced_until { dt { "Silenced until" } dd { (time(view, until)) } }
            }
        }
    }
}

/// The next hypothesis that says something else than the groups that look alike.
fn otherwise(diagnosis: &DiagnosisSummary) -> Option<&HypothesisSummary> {
    let alike = |fault: &FaultName| diagnosis.ambiguity.iter().any(|group| group.contains(fault));
    let mut others =
        diagnosis.hypotheses.iter().skip(1).filter(|other| other.posterior >= WORTH_NAMING);
    others.find(|other| {
        other.faults.is_empty() || other.faults.iter().any(|believed| !alike(&believed.fault))
    })
}

/// The other faults of a group that looks alike.
fn others(lead: &HypothesisSummary, group: &[FaultName]) -> Markup {
    let own = |name: &&FaultName| !lead.faults.iter().any(|believed| believed.fault == **name);
    html! { @for name in group.iter().filter(own).take(OTHERS_MAX) { (fault(name)) "; " } }
}

/// A number that is said aloud when it is not nothing.
fn count(count: usize, words: &str) -> Markup {
    html! { @if count > 0 { strong { (count) " " (words) } } @else { "0 " (words) } }
}

/// Component names, linked.
pub(super) fn names(names: &[blackstart_model::ComponentName]) -> Markup {
    html! {
        ul.names { @for name in names { li { (component(name.as_str())) } } }
    }
}

fn unheard(view: &View) -> Markup {
    html! {
        @if !view.lost.is_empty() {
            section {
                h2 { "Not heard" }
                ul { @for (vantage, loss) in &view.lost {
                    li { strong { (vantage) } ": " (loss.how) ", " (loss.detail) ", since " (time(view, loss.since)) }
                } }
            }
        }
    }
}

fn numbers(view: &View) -> Markup {
    let counts = view.counts();
    html! {
        section {
            h2 { "Checks" }
            ul.numbers {
                @for (standing, count) in &counts {
                    li { a href=(format!("/checks?standing={standing}")) { (badge(Health::of(*standing))) " " strong { (count) } } }
                }
            }
            @if let Some(at) = view.heard_at {
                p.quiet { "Last news from a check: " (time(view, at)) "; answers that stay as they are make news every " (COUNTED_EVERY.as_secs() / 60) " minutes" }
            }
        }
    }
}

/// Alerts that have not arrived.
fn undelivered(view: &View) -> Markup {
    let waiting: Vec<_> = view
        .alerts
        .iter()
        .rev()
        .filter(|progress| !matches!(progress.stage, AlertStage::Delivered { .. }))
        .take(10)
        .collect();
    html! {
        @if !waiting.is_empty() {
            section {
                h2 { "Alerts that have not arrived" }
                ul { @for progress in waiting {
                    li { (progress.alert.id) " to " (progress.alert.to) ": "
                        (super::incident::stage(view, progress)) }
                } }
            }
        }
    }
}

fn past(view: &View) -> Markup {
    let over: Vec<&Incident> = view
        .incidents
        .values()
        .rev()
        .filter(|incident| matches!(incident.state, IncidentState::Resolved))
        .take(5)
        .collect();
    html! {
        @if !over.is_empty() {
            section {
                h2 { "Over" }
                ul { @for incident in over {
                    li {
                        a href=(format!("/incidents/{}", incident.id)) { (incident.id) } " "
                        @if let Some(lead) = incident.diagnosis.hypotheses.first() { (cause(lead)) ", " } (time(view, incident.opened_at))
                        @if let Some(closed) = incident.closed_at { ", for " (span(incident.opened_at, closed)) }
                    }
                } }
                p { a href="/incidents" { "All incidents" } }
            }
        }
    }
}
