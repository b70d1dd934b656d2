//! Server-sent events: each says only that there is something new, and which record it is.
//!
//! A page reads itself anew when it hears of one; a program reads what it wants from the API.

use super::App;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use blackstart_model::time::Duration;
use futures_util::Stream;
use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::broadcast::error::RecvError;

/// Streams open at once; another gets no events and looks by itself.
const STREAMS_MAX: usize = 500;

/// A sign of life, so that proxies and phones keep the connection.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

static OPEN: AtomicUsize = AtomicUsize::new(0);

struct Place;

impl Drop for Place {
    fn drop(&mut self) {
        OPEN.fetch_sub(1, Ordering::Relaxed);
    }
}

pub(super) async fn stream(
    State(app): State<App>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, axum::http::StatusCode> {
    if OPEN.fetch_add(1, Ordering::Relaxed) >= STREAMS_MAX {
        OPEN.fetch_sub(1, Ordering::Relaxed);
        return Err(axum::http::StatusCode::SERVICE_UNAVAILABLE);
    }
    let start = (app.hub.news(), Place, Some(app.hub.newest()));
    let stream = futures_util::stream::unfold(start, |(mut news, place, first)| async move {
        let newest = match first {
            Some(first) => first,
            None => loop {
                match news.recv().await {
                    Ok(newest) => break newest,
                    // Missing some is harmless: the next says the same.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            },
        };
        let event =
            Event::default().event("record").id(newest.0.to_string()).data(newest.to_string());
        Some((Ok(event), (news, place, None)))
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::new().interval(ALIVE_EVERY)))
}
