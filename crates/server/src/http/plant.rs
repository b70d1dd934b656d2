//! *Plant*: the drawing, the equal table, and each component by itself.

use super::App;
use super::checks::Back;
use super::demonstration;
use super::map::{self, Asked};
use super::page::{Place, absent, badge, component as link, page as frame, time};
use super::plots;
use super::view::{Health, View};
use crate::recorder::Span;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use blackstart_journal::samples::Series;
use blackstart_model::kind::Kind;
use blackstart_model::plant::{Component, Plant, Role};
use blackstart_model::requirement::{Leaf, Requirement, Target};
use maud::{Markup, html};

/// Rows of the table of one kind; the rest is counted.
const ROWS_MAX: usize = 500;

pub(super) async fn page(State(app): State<App>, asked: Asked) -> Response {
    let view = app.view();
    let main = html! {
        h1 { "Plant" }
        ul.numbers aria-label="Legend" {
            @for health in Health::ALL {
                @let count = view.components.iter().filter(|stand| stand.health == health).count();
                @if count > 0 { li { (badge(health)) " " strong { (count) } } }
            }
        }
        (map::whole(&view, &asked))
        (demonstration::of_plant(&view))
        @for &kind in Kind::ALL { (table(&view, kind)) }
    };
    frame(&view, Place::Plant, "plant", &main).into_response()
}

/// The drawing by itself: to keep, to print, to look into.
pub(super) async fn drawn(State(app): State<App>, asked: Asked) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "image/svg+xml"), (header::CONTENT_SECURITY_POLICY, map::POLICY)];
    (headers, map::alone(&app.view(), &asked)).into_response()
}

fn table(view: &View, kind: Kind) -> Markup {
    let rows: Vec<_> = view.parts().filter(|(_, component, _)| component.kind == kind).collect();
    let Some(plant) = view.plant.as_ref().filter(|_| !rows.is_empty()) else { return html! {} };
    html! {
        section {
            h2 #(format!("kind-{kind}")) { (kind.section().replace('_', " ")) }
            table {
                thead { tr { th { "Name" } th { "Stands" } th { "Because" } th { "Needs" } } }
                tbody { @for (_, component, stand) in rows.iter().take(ROWS_MAX) {
                    tr {
                        td { (link(component.name.as_str())) }
                        td { (badge(stand.health)) }
                        td { (stand.because) @if let Some(since) = stand.since { ", since " (time(view, since)) } }
                        td { (needs(plant, component)) }
                    }
                } }
            }
            @if rows.len() > ROWS_MAX { p.quiet { "and " (rows.len() - ROWS_MAX) " more" } }
        }
    }
}

/// What a component requires, role by role.
fn needs(plant: &Plant, component: &Component) -> Markup {
    html! {
        @for (at, (role, requirement)) in component.requirements.iter().enumerate() {
            @if at > 0 { "; " }
            span.quiet { (role_words(plant, *role)) } " " (required(plant, requirement))
        }
    }
}

fn required(plant: &Plant, requirement: &Requirement) -> Markup {
    let list = |of: &[Requirement], word: &str| {
        html! { @for (at, part) in of.iter().enumerate() {
            @if at > 0 { " " (word) " " }
            (required(plant, part))
        } }
    };
    match requirement {
        Requirement::One(leaf) => leaf_link(plant, leaf),
        Requirement::All(of) => list(of, "and"),
        Requirement::Any(of) => list(of, "or"),
        Requirement::AtLeast { k, of } => html! { "at least " (k) " of (" (list(of, ",")) ")" },
    }
}

fn leaf_link(plant: &Plant, leaf: &Leaf) -> Markup {
    html! {
        @match leaf.target {
            Target::Internet => { "the internet" }
            Target::Component(id) => (link(plant.component(id).name.as_str()))
        }
        @if let Some(segment) = leaf.segment { "/" (plant.segments()[segment.index()]) }
        @if leaf.standby.is_some() { " (standby)" }
    }
}

fn role_words(plant: &Plant, role: Role) -> String {
    match role {
        Role::In => "in".to_owned(),
        Role::On => "on".to_owned(),
        Role::Power => "power".to_owned(),
        Role::Cooling => "cooled by".to_owned(),
        Role::Network(plane) => match plane.index() {
            0 => "network".to_owned(),
            other => format!("network {}", plant.planes()[other]),
        },
        Role::Between => "between".to_owned(),
        Role::Needs => "needs".to_owned(),
        Role::DegradedWithout => "degraded without".to_owned(),
        Role::ToStart => "to start".to_owned(),
        Role::ManagedVia => "managed via".to_owned(),
        Role::Uses => "uses".to_owned(),
        Role::UsedFrom => "used from".to_owned(),
        Role::CarriedBy => "carried by".to_owned(),
        Role::Prefix => "in prefix".to_owned(),
        Role::Covers => "covers".to_owned(),
    }
}

pub(super) async fn component(
    State(app): State<App>,
    Path(name): Path<String>,
    asked: Asked,
    Query(back): Query<Back>,
) -> Response {
    let view = app.view();
    let found = view.plant.as_ref().and_then(|plant| Some((plant, plant.find(&name)?)));
    let Some((plant, id)) = found else { return absent(&view, "such component") };
    let component = plant.component(id);
    let stand = &view.components[id.index()];
    let dependents: Vec<&Component> = plant
        .components()
        .iter()
        .filter(|other| {
            let mut needs = false;
            for (_, requirement) in &other.requirements {
                requirement.each_leaf(&mut |leaf| needs |= leaf.target == Target::Component(id));
            }
            needs
        })
        .collect();
    let (words, deeds) = {
        let state = app.hub.state();
        let words = state.words().get(name.as_str()).cloned().unwrap_or_default();
        (words, state.deeds().get(name.as_str()).cloned().unwrap_or_default())
    };
    let checks = super::checks::of_component(&app, &view, id).await;
    let stood = stood(&app, &view, component, back.span()).await;
    let main = html! {
        h1 { (component.name) " " span.quiet { (component.kind) } }
        p { (badge(stand.health)) " " (stand.because)
            @if let Some(since) = stand.since { ", since " (time(&view, since)) } }
        @for word in words.values() {
            p { (word.who) " says it is " (word.saw) " (trusted " (word.trust) " %), " (time(&view, word.at))
                @if !word.note.is_empty() { ": " (word.note) } }
        }
        @for deed in deeds {
            p { (deed.who) " " (deed.did) " it, " (time(&view, deed.at))
                @if !deed.note.is_empty() { ": " (deed.note) } }
        }
        h2 { "Needs" }
        p { @if component.requirements.is_empty() { "Nothing." } @else { (needs(plant, component)) } }
        h2 { "Needed by" }
        @if dependents.is_empty() { p { "Nothing." } }
        ul.names { @for other in dependents { li { (link(other.name.as_str())) } } }
        h2 { "What it stands on, and what stands on it" }
        (map::about(&view, id, &asked))
        (checks)
        (stood)
        (demonstration::of_component(&view, component.name.as_str()))
        (super::next::of_component(component))
    };
    frame(&view, Place::Plant, &name, &main).into_response()
}

/// How a service or what is public stood, where that is kept.
async fn stood(app: &App, view: &View, component: &Component, span: Span) -> Markup {
    if !crate::recorder::is_kept(component) {
        return html! {};
    }
    let series = vec![Series::Component(component.name.to_string())];
    let kept = plots::read(app, view, series, span).await;
    html! {
        h2 { "How it stood" }
        (plots::spans(&format!("/plant/{}", component.name), span))
        @match &kept {
            Err(why) => (plots::none(why)),
            Ok(kept) => @for plotted in kept { (plots::bars(plotted, span, &view.zone)) },
        }
    }
}
