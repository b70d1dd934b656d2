//! The drawings on the pages: what they show comes from the view, which boxes are open from the URL.

use super::view::{Health, View};
use crate::drawing::{Drawing, Links, Mark, Picture, draw, questions};
use axum::extract::Query;
use blackstart_model::time::shown as shown_at;
use blackstart_model::{ComponentId, Plant};
use maud::{Markup, PreEscaped, html};

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

/// The whole plant, with a link to the drawing by itself.
pub(super) fn whole(view: &View, asked: &Asked) -> Markup {
    let Some(plant) = &view.plant else { return html! {} };
    let title =
        "The plant: what is needed stands above what needs it. The tables below say the same.";
    let picture = Picture { title: title.to_owned(), ..Picture::of(plant) };
    let words = asked.0.iter().map(|(key, token)| format!("{key}={token}"));
    let alone = format!("/plant.svg?{}", words.collect::<Vec<_>>().join("&"));
    html! {
        (shown(view, plant, picture, "/plant?".to_owned(), asked))
        p.quiet { a href=(alone) { "The drawing by itself" } ", to keep, print or look into" }
    }
}

/// The whole plant as a file.
pub(super) fn alone(view: &View, asked: &Asked) -> String {
    let Some(plant) = &view.plant else { return String::new() };
    let picture = Picture::of(plant);
    let title = format!("{}, {}", picture.title, shown_at(view.now, &view.zone));
    draw(plant, &Picture { title, ..with_view(view, picture, asked) }).svg
}

/// One component with what it stands on and what stands on it.
pub(super) fn about(view: &View, component: ComponentId, asked: &Asked) -> Markup {
    let Some(plant) = &view.plant else { return html! {} };
    let page = format!("/plant/{}?", plant.component(component).name);
    shown(view, plant, questions::about(plant, component), page, asked)
}

/// A drawing on a page, with its links.
fn shown(view: &View, plant: &Plant, picture: Picture<'_>, page: String, asked: &Asked) -> Markup {
    let note = |id: ComponentId| view.components[id.index()].because.clone();
    let picture = Picture {
        note: &note,
        links: Some(Links { page, component: "/plant/" }),
        alone: false,
        ..with_view(view, picture, asked)
    };
    let Drawing { svg, not_opened, .. } = draw(plant, &picture);
    html! {
        @if let Some(first) = not_opened.first() {
            p.quiet { "There is no box " (first) " to open, or more in it than can be drawn." }
        }
        div.drawing #map tabindex="0" role="region" aria-label=(picture.title) { (PreEscaped(svg)) }
    }
}

/// The picture with how things stand now, and with what the URL asks to be open or closed.
fn with_view<'a>(view: &View, picture: Picture<'a>, asked: &Asked) -> Picture<'a> {
    let named = |key: &'static str| {
        let asked = asked.0.iter().filter(move |(own, _)| own == key).take(ASKED_MAX);
        asked.map(|(_, token)| token.clone()).collect()
    };
    Picture {
        marks: view.components.iter().map(|stand| stand.health.into()).collect(),
        open: named("open"),
        closed: named("closed"),
        ..picture
    }
}
