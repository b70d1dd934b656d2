//! What all pages share: the frame around them, and the small things they are made of.

use super::demonstration;
use super::view::{Health, View, percent};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use blackstart_model::record::{FaultName, HypothesisSummary};
use blackstart_model::time::{Timestamp, shown, shown_span};
use maud::{DOCTYPE, Markup, html};

/// The pages of the console, in the order of the navigation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Now,
    Incidents,
    Plant,
    Audit,
    WhatIf,
    Checks,
    Alerts,
    Timeline,
    Elsewhere,
}

/// A whole page.
pub(super) fn page(view: &View, place: Place, title: &str, main: &Markup) -> Markup {
    let name = view.plant.as_ref().map_or("no plant", |plant| plant.name());
    let links = [
        (Place::Now, "/", "Now"),
        (Place::Incidents, "/incidents", "Incidents"),
        (Place::Plant, "/plant", "Plant"),
        (Place::Audit, "/audit", "Audit"),
        (Place::WhatIf, "/whatif", "What if"),
        (Place::Checks, "/checks", "Checks"),
        (Place::Alerts, "/alerts", "Alerts"),
        (Place::Timeline, "/timeline", "Timeline"),
    ];
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · " (name) }
                link rel="icon" href="/assets/icon.svg";
                link rel="stylesheet" href="/assets/style.css";
                link rel="stylesheet" href="/assets/drawing.css";
                link rel="stylesheet" href="/assets/report.css";
                script type="module" src="/assets/live.js" {}
            }
            body {
                a.skip href="#main" { "Skip to what matters" }
                header {
                    p.brand { a href="/" { "Blackstart" } " " span { (name) } }
                    nav aria-label="Pages" {
                        @for (at, href, words) in links {
                            a href=(href) aria-current=[(at == place).then_some("page")] { (words) }
                        }
                    }
                }
                (demonstration::banner(view))
                main #main tabindex="-1" { (main) }
                footer {
                    p { "As of " time #as-of datetime=(view.now.to_string()) { (shown(view.now, &view.zone)) }
                        @if let Some(newest) = view.newest { ", record " (newest) }
                        " · " a href="/api/v1/openapi.json" { "API" } " · " a href="/metrics" { "metrics" } }
                    p #live role="status" {}
                }
            }
        }
    }
}

pub(super) async fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "there is no such page\n").into_response()
}

/// Something that is asked for and is not there.
pub(super) fn absent(view: &View, what: &str) -> Response {
    let main = html! {
        h1 { "Not here" }
        p { "There is no " (what) ". It may have left the plant, or the link is old." }
        p { a href="/" { "See what is going on now" } }
    };
    (StatusCode::NOT_FOUND, page(view, Place::Elsewhere, "not here", &main)).into_response()
}

/// How something stands: a shape and a word, never a colour alone.
pub(super) fn badge(health: Health) -> Markup {
    html! { span class=(format!("badge {health}")) { span aria-hidden="true" { (health.glyph()) } " " (health) } }
}

/// An instant as people read it.
pub(super) fn time(view: &View, at: Timestamp) -> Markup {
    html! { time datetime=(at.to_string()) { (shown(at, &view.zone)) } }
}

/// How long ago, or how long.
pub(super) fn span(from: Timestamp, to: Timestamp) -> String {
    shown_span(to.duration_since(from).unsigned_abs())
}

/// What a hypothesis says broke.
pub(super) fn cause(hypothesis: &HypothesisSummary) -> Markup {
    html! {
        @if hypothesis.nothing_broke { "nothing broke: a false alarm" }
        @else if hypothesis.faults.is_empty() { "something the plant file does not know" }
        @for (at, believed) in hypothesis.faults.iter().enumerate() {
            @if at > 0 { ", and " }
            (fault(&believed.fault))
        }
    }
}

/// `node-nic fails in turns`, with a link.
pub(super) fn fault(fault: &FaultName) -> Markup {
    html! { strong { (link(&fault.subject)) } " " (fault.mode.in_words()) }
}

/// A subject of a fault as a link, when it is a component.
fn link(subject: &str) -> Markup {
    match subject.split_once(' ') {
        Some(("check", check)) => {
            html! { "check " a href=(format!("/checks/{check}")) { (check) } }
        }
        Some(_) => html! { (subject) },
        None => html! { (component(subject)) },
    }
}

/// A component by name.
pub(super) fn component(name: &str) -> Markup {
    html! { a href=(format!("/plant/{name}")) { (name) } }
}

/// How sure we are, as a number and a bar.
pub(super) fn sure(posterior: f64) -> Markup {
    let value = format!("{posterior:.3}");
    html! { span.sure { meter min="0" max="1" value=(value) { } " " (percent(posterior)) } }
}
