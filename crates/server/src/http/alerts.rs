//! *Alerts*: whom we would tell, by which way, how it went last, and who notices when we are silent.

use super::App;
use super::page::{Place, component, page as frame, time};
use super::view::View;
use crate::hub::{Beaten, Firing};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use blackstart_model::plant::{Leads, Plant};
use blackstart_model::record::Recipient;
use blackstart_reason::{AlertProgress, AlertStage};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Alerts that the page shows, the newest; the API has all (chosen by hand).
const SHOWN_MAX: usize = 100;

pub(super) async fn page(State(app): State<App>) -> Response {
    let view = app.view();
    let (firing, heartbeat) = (app.hub.firing(), app.hub.heartbeat());
    let main = html! {
        h1 { "Alerts" }
        @match &view.plant {
            None => p { "No plant is loaded, so nobody is named." },
            Some(plant) => {
                (ways(&view, plant, &firing))
                (silence(&view, plant, heartbeat.as_ref()))
            }
        }
        (sent(&view))
    };
    frame(&view, Place::Alerts, "alerts", &main).into_response()
}

fn ways(view: &View, plant: &Plant, firing: &BTreeMap<String, Firing>) -> Markup {
    let all = plant.alerting().recipients();
    html! {
        section {
            h2 { "Who is told" }
            @if all.is_empty() {
                p { strong { "Nobody." } " The plant names no way to tell: see " code { "alerts" } " in the plant file." }
            } @else {
                table {
                    thead { tr { th { "To" } th { "Leads" } th { "Last" } } }
                    tbody { @for to in &all { tr {
                        td { (to) }
                        td { (leads(plant, to)) }
                        td {
                            @match last(view, to) {
                                None => span.quiet { "never told anything" },
                                Some(progress) => {
                                    (progress.alert.id) " " (progress.alert.news) ": "
                                    (super::incident::stage(view, progress))
                                }
                            }
                            @if let Recipient::Alertmanager(name) = to {
                                @if let Some(firing) = firing.get(name) { br; (kept(view, firing)) }
                            }
                        }
                    } } }
                }
            }
        }
    }
}

/// What is said there again and again.
fn kept(view: &View, firing: &Firing) -> Markup {
    let Firing { incidents, at, trouble } = firing;
    html! {
        @match trouble {
            None => span.quiet { "kept firing: " (incidents) ", as of " (time(view, *at)) },
            Some(why) => { strong { "not kept firing" } " (" (incidents) "): " (why) }
        }
    }
}

/// Where a way leads, as the plant file says.
fn leads(plant: &Plant, to: &Recipient) -> Markup {
    let alerting = plant.alerting();
    let (kind, name) = match to {
        Recipient::Mail(_) => ("mail", ""),
        Recipient::Webhook(name) => ("webhook", name.as_str()),
        Recipient::Alertmanager(name) => ("alertmanager", name.as_str()),
        Recipient::PagerDuty(name) => ("pagerduty", name.as_str()),
        Recipient::Ntfy(name) => ("ntfy", name.as_str()),
        Recipient::Command(name) => ("command", name.as_str()),
    };
    let ways = alerting.ways();
    let way = ways.iter().find(|way| (way.kind, way.name) == (kind, name));
    html! { @match way.map_or(&Leads::Untold, |way| way.leads) {
        Leads::Untold => span.quiet { "not said" },
        Leads::Outside => "outside",
        Leads::Through(all) => {
            "through " @for (at, id) in all.iter().enumerate() {
                @if at > 0 { ", " } (component(plant.component(*id).name.as_str()))
            }
        }
    } }
}

fn last<'v>(view: &'v View, to: &Recipient) -> Option<&'v AlertProgress> {
    view.alerts.iter().rev().find(|progress| progress.alert.to == *to)
}

/// Who notices when this server is silent.
fn silence(view: &View, plant: &Plant, beaten: Option<&Beaten>) -> Markup {
    let agents: Vec<_> = plant.vantages().iter().filter(|vantage| vantage.alerts).collect();
    html! {
        section {
            h2 { "Who notices when we are silent" }
            @match (&plant.alerting().heartbeat, beaten) {
                (None, _) => p { "No heartbeat is sent anywhere." },
                (Some(heartbeat), None) => p { "A heartbeat to " code { (heartbeat.url) } ", not sent yet." },
                (Some(heartbeat), Some(Beaten { taken_at, at, trouble })) => p {
                    "A heartbeat to " code { (heartbeat.url) } ": "
                    @match trouble {
                        None => { "taken " (time(view, *at)) }
                        Some(why) => { strong { "not taken" } " " (time(view, *at)) ": " (why) }
                    }
                    @if trouble.is_some() {
                        @match taken_at {
                            Some(at) => { "; the last that was, " (time(view, *at)) }
                            None => "; none since this server was started",
                        }
                    }
                },
            }
            @if agents.is_empty() { p { "No agent alerts by itself." } }
            @else { ul { @for vantage in agents {
                li { "The agent of " strong { (vantage.name) } ", by its own configuration" }
            } } }
        }
    }
}

fn sent(view: &View) -> Markup {
    html! {
        section {
            h2 { "What was told" }
            @if view.alerts.is_empty() { p { "Nothing yet." } }
            ul { @for progress in view.alerts.iter().rev().take(SHOWN_MAX) {
                li {
                    strong { (progress.alert.id) } " to " (progress.alert.to) ", " (time(view, progress.decided_at)) ": "
                    (progress.alert.subject)
                    br;
                    @if let Some(incident) = progress.alert.incident {
                        a href=(format!("/incidents/{incident}")) { (incident) } " "
                    }
                    (progress.alert.news) ", " (super::incident::stage(view, progress))
                    @if matches!(progress.stage, AlertStage::GivenUp { .. }) { " ✖" }
                }
            } }
            @if view.alerts.len() > SHOWN_MAX {
                p.quiet { "and " (view.alerts.len() - SHOWN_MAX) " older: " a href="/api/v1/alerts" { "all of them" } }
            }
        }
    }
}
