//! The public status page, on a listener of its own.
//!
//! It shows the components whose plant entry says `public: true`, and of each only whether it is up,
//! disrupted or not known, since when, and how it stood over the last thirty days, as the recorder kept it: a time in
//! which nobody looked is grey, and said. No cause and no name of anything else is published: words for
//! the public are a person's to write. The page is rendered when something changed, not for each reader.

use super::listen;
use super::plots;
use super::view::{Health, Stand, View};
use crate::clock;
use crate::hub::Hub;
use crate::recorder::{Plotted, Span};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use blackstart_journal::samples::Series;
use blackstart_model::plant::Component;
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::time::{Duration, shown};
use blackstart_model::{ComponentName, Plant};
use bytes::Bytes;
use maud::{DOCTYPE, Markup, html};
use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use tokio::net::TcpListener;

/// A page is at most so old while nothing changes: its time must not stand still.
const REFRESH_EVERY: Duration = Duration::from_secs(30);

/// Components whose days are shown, the first of the plant: more is no page that anybody reads.
const PUBLIC_MAX: usize = 100;

/// Readers at once (chosen by hand: a fifth of the files that may be open).
const CONNECTIONS_MAX: usize = 4_000;

/// In a storm it is rendered this often at most.
const RENDER_APART: Duration = Duration::from_millis(500);

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'",
);

type Rendered = Arc<RwLock<Bytes>>;

/// Serves the page until the server stops.
pub(crate) async fn serve(listener: TcpListener, hub: Arc<Hub>) {
    let mut days = Days::default();
    let rendered: Rendered = Arc::new(RwLock::new(render(&hub, &mut days)));
    tokio::spawn(keep_fresh(hub, rendered.clone(), days));
    let router = Router::new()
        .route("/", get(page))
        .route("/style.css", get(style))
        .route("/icon.svg", get(icon))
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is no such page\n") })
        .with_state(rendered);
    listen::serve(listener, router, CONNECTIONS_MAX).await;
}

async fn page(State(rendered): State<Rendered>) -> Response {
    let page = rendered.read().map(|page| page.clone()).unwrap_or_default();
    let headers: [(HeaderName, HeaderValue); 3] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("max-age=10")),
        (header::CONTENT_SECURITY_POLICY, POLICY),
    ];
    (headers, page).into_response()
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css")], include_str!("style.css")).into_response()
}

async fn icon() -> Response {
    ([(header::CONTENT_TYPE, "image/svg+xml")], include_str!("icon.svg")).into_response()
}

async fn keep_fresh(hub: Arc<Hub>, rendered: Rendered, mut days: Days) {
    let mut news = hub.news();
    loop {
        let changed = tokio::time::timeout(REFRESH_EVERY, news.recv()).await;
        if matches!(changed, Ok(Err(tokio::sync::broadcast::error::RecvError::Closed))) {
            return;
        }
        let hub = hub.clone();
        // It reads a disk now and then.
        let fresh = tokio::task::spawn_blocking(move || (render(&hub, &mut days), days)).await;
        let Ok((fresh, read)) = fresh else { return };
        days = read;
        if let Ok(mut page) = rendered.write() {
            *page = fresh;
        }
        tokio::time::sleep(RENDER_APART).await;
    }
}

/// How each public component stood over the last days, as it was last read.
#[derive(Default)]
struct Days {
    minute: i64,
    plant: Option<Arc<Plant>>,
    days: HashMap<ComponentName, Plotted>,
}

impl Days {
    /// Reads them anew when a minute has passed, or the plant is another: storms render the page often.
    fn refresh(&mut self, hub: &Hub, view: &View) {
        let minute = view.now.as_millisecond() / 60_000;
        let same = match (&self.plant, &view.plant) {
            (Some(own), Some(now)) => Arc::ptr_eq(own, now),
            (own, now) => own.is_none() && now.is_none(),
        };
        if same && minute == self.minute {
            return;
        }
        let names: Vec<ComponentName> =
            public(view).map(|(component, _)| component.name.clone()).take(PUBLIC_MAX).collect();
        let series: Vec<Series> =
            names.iter().map(|name| Series::Component(name.to_string())).collect();
        // What cannot be read is not shown; the console says why.
        let read = hub.recorder().read(&series, Span::Month, view.now, view.plant.as_deref());
        let days = names.into_iter().zip(read.unwrap_or_default()).collect();
        *self = Self { minute, plant: view.plant.clone(), days };
    }
}

fn render(hub: &Hub, days: &mut Days) -> Bytes {
    let view = View::of(&hub.state(), None, clock::wall());
    days.refresh(hub, &view);
    Bytes::from(page_of(&view, &days.days).into_string())
}

/// What is published.
fn public(view: &View) -> impl Iterator<Item = (&Component, &Stand)> {
    let is_public =
        |component: &Component| component.attribute(Attribute::Public) == Some(&Value::Flag(true));
    view.parts().map(|(_, component, stand)| (component, stand)).filter(move |one| is_public(one.0))
}

/// How a public component is called in public.
const fn public_word(health: Health) -> (&'static str, &'static str) {
    match health {
        Health::Up | Health::Implied => ("up", "works"),
        Health::Degraded => ("degraded", "works in part"),
        Health::Broken | Health::Down => ("down", "disrupted"),
        Health::Off => ("off", "switched off on purpose"),
        Health::Unknown => ("unknown", "not known at the moment"),
    }
}

fn page_of(view: &View, days: &HashMap<ComponentName, Plotted>) -> Markup {
    let public: Vec<_> = public(view).collect();
    let worst = public.iter().map(|(_, stand)| stand.health).min();
    let headline = match worst.map(|worst| public_word(worst).0) {
        None => "Nothing is published here",
        Some("up") => "Everything works",
        Some("down") => "There is a disruption",
        Some("degraded") => "Something works in part only",
        Some(_) => "Not everything is known at the moment",
    };
    let name = view.plant.as_ref().map_or("", |plant| plant.name());
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="refresh" content="60";
                title { (headline) " · " (name) }
                link rel="icon" href="/icon.svg";
                link rel="stylesheet" href="/style.css";
            }
            body.public {
                header { p.brand { (name) } }
                main {
                    h1 { (headline) }
                    ul.services { @for (component, stand) in &public {
                        @let (class, words) = public_word(stand.health);
                        li {
                            strong { (component.name) }
                            span class=(format!("badge {class}")) { span aria-hidden="true" { (stand.health.glyph()) } " " (words) }
                            @if let Some(since) = stand.since.filter(|_| class != "up") {
                                span.quiet { "since " (shown(since, &view.zone)) }
                            }
                            @if let Some(days) = days.get(&component.name) {
                                figure {
                                    (plots::strip(days, Span::Month, &view.zone))
                                    figcaption { "30 days, a bar each. " (plots::spent(&days.shares())) }
                                }
                            }
                        }
                    } }
                    @if public.is_empty() { p { "No component of the plant says " code { "public: true" } "." } }
                }
                footer { p { "As of " (shown(view.now, &view.zone)) } }
            }
        }
    }
}
