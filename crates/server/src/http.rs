//! The face: console, API, metrics and the public status page, over HTTP.
//!
//! Pages are rendered here, whole, and work without JavaScript and with a keyboard; a small module
//! makes them live. It shows what the state says with the evidence it says it by, and passes on what
//! people do. It decides only who may use it ([`Access`]). Tested in a browser and through its listener.

mod listen;
mod access;
mod page;
pub(crate) mod view;
mod now;
mod incident;
mod next;
mod plant;
mod map;
mod audit;
mod whatif;
mod plots;
mod checks;
mod alerts;
mod timeline;
mod act;
mod push;
mod alertmanager;
mod demonstration;
mod samples;
mod api;
mod metrics;
mod probe;
mod live;
pub mod status;

pub use access::{Access, AccessError, hash};
pub use api::incident_as_json;
#[cfg(any(test, fuzzing))]
pub use {probe::fuzzed as fuzzed_probe, push::fuzzed as fuzzed_push};

use crate::hub::Hub;
use crate::pushes::Pushes;
use crate::serve::Senses;
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, header};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use blackstart_probe::Equipment;
use std::sync::Arc;
use tokio::net::TcpListener;
use view::View;

/// The longest form or JSON body taken, bytes.
const BODY_BYTES_MAX: usize = 16 << 10;

/// The longest body of any request: alerts of an Alertmanager. Of others no more than [`BODY_BYTES_MAX`] is taken.
const BODY_BYTES_EVER: usize = 1 << 20;

/// Connections to the console at once: people's browsers keep some each, and jobs and scrapes come and go (chosen by
/// hand: a twentieth of the files that may be open).
const CONNECTIONS_MAX: usize = 1_000;

/// What every page can reach.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) hub: Arc<Hub>,
    pub(crate) senses: Arc<Senses>,
    pub(crate) audit: Arc<audit::Kept>,
    pub(crate) pushes: Arc<Pushes>,
    pub(crate) asker: Arc<probe::Asker>,
}

impl App {
    /// Everything a page may show, as of now.
    pub(crate) fn view(&self) -> View {
        let now = crate::clock::wall();
        let play = self.senses.player().map(|player| demonstration::PlayView {
            title: player.play.stage.title(),
            speed: player.play.speed,
            broken: player.play.stage.broken(now),
        });
        let state = self.hub.state();
        View { play, ..View::of(&state, Some(self.hub.newest()), now) }
    }
}

/// The URL of a listener.
pub(crate) fn url(listener: &TcpListener, tls: bool) -> String {
    let scheme = if tls { "https" } else { "http" };
    listener.local_addr().map_or_else(|_| String::new(), |at| format!("{scheme}://{at}/"))
}

/// Serves console and API until the server stops.
pub(crate) async fn console(
    listener: TcpListener,
    hub: Arc<Hub>,
    senses: Arc<Senses>,
    pushes: Arc<Pushes>,
    equipment: Equipment,
    access: Access,
) {
    let asker = Arc::new(probe::Asker::new(equipment));
    let app = App { hub, senses, audit: Arc::default(), pushes, asker };
    let access = Arc::new(access);
    let router = router(app, access.clone());
    match access.tls() {
        None => listen::serve(listener, router, CONNECTIONS_MAX).await,
        Some(acceptor) => {
            let listener = access::TlsListener::of(listener, acceptor);
            listen::serve(listener, router, CONNECTIONS_MAX).await;
        }
    }
}

fn router(app: App, access: Arc<Access>) -> Router {
    Router::new()
        .route("/", get(now::page))
        .route("/incidents", get(incident::list))
        .route("/incidents/{id}", get(incident::page))
        .route("/incidents/{id}/{action}", post(act::on_incident))
        .route("/plant", get(plant::page))
        .route("/plant.svg", get(plant::drawn))
        .route("/plant/{name}", get(plant::component))
        .route("/plant/{name}/observe", post(act::observe))
        .route("/demonstration", post(demonstration::act))
        .route("/observe", post(act::answer))
        .route("/audit", get(audit::page))
        .route("/audit/report.html", get(audit::report))
        .route("/whatif", get(whatif::page))
        .route("/checks", get(checks::page))
        .route("/checks/{component}/{check}", get(checks::one))
        .route("/alerts", get(alerts::page))
        .route("/timeline", get(timeline::page))
        .route("/live", get(live::stream))
        .route("/assets/style.css", get(|| asset("text/css", include_str!("http/style.css"))))
        .route("/assets/report.css", get(|| asset("text/css", crate::report::STYLE)))
        .route("/assets/drawing.css", get(|| asset("text/css", crate::drawing::STYLE)))
        .route("/assets/live.js", get(|| asset("text/javascript", include_str!("http/live.js"))))
        .route("/assets/icon.svg", get(|| asset("image/svg+xml", include_str!("http/icon.svg"))))
        .route("/metrics", get(metrics::page))
        .route("/probe", get(probe::page))
        .nest("/api/v1", api::router())
        .fallback(page::not_found)
        .layer(from_fn(|request, next| listen::whole(BODY_BYTES_EVER, request, next)))
        .layer(axum::middleware::from_fn_with_state(access, access::guard))
        // Jobs show a token of their own.
        .merge(
            Router::new()
                .route("/push/{component}/{check}", post(push::take))
                .layer(from_fn(|request, next| listen::whole(BODY_BYTES_MAX, request, next))),
        )
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(app)
}

async fn asset(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CACHE_CONTROL, HeaderValue::from_static("max-age=300")),
    ];
    (headers, text).into_response()
}
