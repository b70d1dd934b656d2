//! The drawings on the pages: what they show comes from the view, which boxes are open from the URL.

use super::view::{Health, View};
use crate::drawing::{Drawing, Links, Mark, Picture, draw, questions};
use axum::extract::Query;
use blackstart_model::time::shown as shown_at;
use blackstart_model::{ComponentId, Plant};
use blackstart_reason::Incident;
use maud::{Markup, PreEscaped, html};
use std::collections::BTreeSet;

/// What a URL asks of a drawing: `open=rack-1&open=rack-2&closed=ams1`.
pub(super) type Asked = Query<Vec<(String, String)>>;

/// Boxes that one URL can open or close; a person clicks on fewer.
const ASKED_MAX: usize = 500;

impl From<Health> for Mark {
    fn from(health: Health) -> Self {
        match health {
            Health::Broken => Self::Broken,
            Health::Down => Self::Down,
            Health::Degraded => Self::Degraded,
            Health::Unknown => Self::Unknown,
            Health::Off => Self::Off,
            Health::Implied => Self::Implied,
            Health::Up => Self::Up,
        }
    }
}

/// What a drawing by itself may load: nothing but the style inside it.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The whole plant as it stands now, with a link to the drawing by itself.
pub(super) fn whole(view: &View, asked: &Asked) -> Markup {
    let Some(plant) = &view.plant else { return html! {} };
    let title =
        "The plant: what is needed stands above what needs it. The tables below say the same.";
    let note = because(view);
    let picture =
        Picture { title: title.to_owned(), marks: marks(view), note: &note, ..Picture::of(plant) };
    let (open, closed) = opened(asked);
    let open = open.iter().map(|token| format!("open={token}"));
    let words: Vec<_> = open.chain(closed.iter().map(|token| format!("closed={token}"))).collect();
    let alone = format!("/plant.svg?{}", words.join("&"));
    html! {
        (shown(plant, picture, "/plant?".to_owned(), asked))
        p.quiet { a href=(alone) { "The drawing by itself" } ", to keep, print or look into" }
    }
}

/// The whole plant as a file.
pub(super) fn alone(view: &View, asked: &Asked) -> String {
    let Some(plant) = &view.plant else { return String::new() };
    let picture = Picture::of(plant);
    let title = format!("{}, {}", picture.title, shown_at(view.now, &view.zone));
    let (open, closed) = opened(asked);
    draw(plant, &Picture { title, marks: marks(view), open, closed, ..picture }).svg
}

/// One component with what it stands on and what stands on it, as they stand now.
pub(super) fn about(view: &View, component: ComponentId, asked: &Asked) -> Markup {
    let Some(plant) = &view.plant else { return html! {} };
    let page = format!("/plant/{}?", plant.component(component).name);
    let note = because(view);
    let picture = questions::about(plant, component);
    shown(plant, Picture { marks: marks(view), note: &note, ..picture }, page, asked)
}

/// What an incident's cause takes down, as it stands now.
pub(super) fn incident(view: &View, incident: &Incident, asked: &Asked) -> Markup {
    let Some(plant) = &view.plant else { return html! {} };
    let causes: Vec<ComponentId> =
        incident.cause().iter().filter_map(|fault| plant.find(&fault.subject)).collect();
    if causes.is_empty() {
        return html! {};
    }
    let note = because(view);
    let picture = questions::taken_down(plant, marks(view), &causes);
    let page = format!("/incidents/{}?", incident.id);
    html! { section {
        h2 { "What it takes down" }
        (shown(plant, Picture { note: &note, ..picture }, page, asked))
    } }
}

fn marks(view: &View) -> Vec<Mark> {
    view.components.iter().map(|stand| stand.health.into()).collect()
}

fn because(view: &View) -> impl Fn(ComponentId) -> String + '_ {
    |id| view.components[id.index()].because.clone()
}

/// A drawing on a page of the console, with its links.
pub(super) fn shown(plant: &Plant, picture: Picture<'_>, page: String, asked: &Asked) -> Markup {
    let (open, closed) = opened(asked);
    let links = Some(Links { page, component: "/plant/" });
    let picture = Picture { open, closed, links, alone: false, ..picture };
    let Drawing { svg, not_opened, .. } = draw(plant, &picture);
    html! {
        @if let Some(first) = not_opened.first() {
            p.quiet { "There is no box " (first) " to open, or more in it than can be drawn." }
        }
        div.drawing #map tabindex="0" role="region" aria-label=(picture.title) { (PreEscaped(svg)) }
    }
}

/// Which boxes the URL asks to be open, and which closed.
fn opened(asked: &Asked) -> (BTreeSet<String>, BTreeSet<String>) {
    let named = |key: &'static str| {
        let asked = asked.0.iter().filter(move |(own, token)| own == key && is_token(token));
        asked.take(ASKED_MAX).map(|(_, token)| token.clone()).collect()
    };
    (named("open"), named("closed"))
}

/// What can be the token of a box, and stands in a URL as it is.
fn is_token(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte);
    !text.is_empty() && text.bytes().all(fits)
}
