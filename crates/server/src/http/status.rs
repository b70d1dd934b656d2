//! The public status page, on a listener of its own.
//!
//! It shows the components whose plant entry says `public: true`, and of each only whether it is up,
//! disrupted or not known, and since when. No cause and no name of anything else is published: words for
//! the public are a person's to write. The page is rendered when something changed, not for each reader.

use super::view::{Health, View};
use crate::clock;
use crate::hub::Hub;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::time::{Duration, shown};
use bytes::Bytes;
use maud::{DOCTYPE, Markup, html};
use std::sync::{Arc, RwLock};
use tokio::net::TcpListener;

/// A page is at most so old while nothing changes: its time must not stand still.
const REFRESH_EVERY: Duration = Duration::from_secs(30);

/// In a storm it is rendered this often at most.
const RENDER_APART: Duration = Duration::from_millis(500);

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'",
);

type Rendered = Arc<RwLock<Bytes>>;

/// Serves the page until the server stops.
pub(crate) async fn serve(listener: TcpListener, hub: Arc<Hub>) {
    let rendered: Rendered = Arc::new(RwLock::new(render(&hub)));
    tokio::spawn(keep_fresh(hub, rendered.clone()));
    let router = Router::new()
        .route("/", get(page))
        .route("/style.css", get(style))
        .route("/icon.svg", get(icon))
        .fallback(|| async { (StatusCode::NOT_FOUND, "there is no such page\n") })
        .with_state(rendered);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!("the status page ended: {error}");
    }
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

async fn keep_fresh(hub: Arc<Hub>, rendered: Rendered) {
    let mut news = hub.news();
    loop {
        let changed = tokio::time::timeout(REFRESH_EVERY, news.recv()).await;
        if matches!(changed, Ok(Err(tokio::sync::broadcast::error::RecvError::Closed))) {
            return;
        }
        let fresh = render(&hub);
        if let Ok(mut page) = rendered.write() {
            *page = fresh;
        }
        tokio::time::sleep(RENDER_APART).await;
    }
}

fn render(hub: &Hub) -> Bytes {
    let view = View::of(&hub.state(), None, clock::wall());
    Bytes::from(page_of(&view).into_string())
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

fn page_of(view: &View) -> Markup {
    let public: Vec<_> = view
        .parts()
        .filter(|(_, component, _)| {
            component.attribute(Attribute::Public) == Some(&Value::Flag(true))
        })
        .collect();
    let worst = public.iter().map(|(_, _, stand)| stand.health).min();
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
                    ul.services { @for (_, component, stand) in &public {
                        @let (class, words) = public_word(stand.health);
                        li {
                            strong { (component.name) }
                            span class=(format!("badge {class}")) { span aria-hidden="true" { (stand.health.glyph()) } " " (words) }
                            @if let Some(since) = stand.since.filter(|_| class != "up") {
                                span.quiet { "since " (shown(since, &view.zone)) }
                            }
                        }
                    } }
                    @if public.is_empty() { p { "No component of the plant says `public: true`." } }
                }
                footer { p { "As of " (shown(view.now, &view.zone)) } }
            }
        }
    }
}
