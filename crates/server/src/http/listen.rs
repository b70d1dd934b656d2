//! Connections of the console and of the status page: how many there are at most, and how long one may take to say
//! what it wants.
//!
//! Whoever reaches the address may hang, drip, flood, lie about a length or go away in the middle: nobody else waits
//! for that, and it takes no more than what is said here. It decides nothing of what is answered. Tested here, and
//! through the server with such clients in `cli/tests/it/hostile.rs`.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::serve::Listener;
use http_body_util::LengthLimitError;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// A request's head is to be there so long after its connection, or after the request before it (chosen by hand: far
/// more than a person's worst line needs).
const HEAD_WITHIN: Duration = Duration::from_secs(10);

/// And its body so long after that.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// Serves until the server stops, so many connections at once at most: the next one waits for one to end.
pub(super) async fn serve(mut listener: impl Listener, router: Router, most: usize) {
    let places = Arc::new(Semaphore::new(most));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let (stream, _) = listener.accept().await;
        let service = TowerToHyperService::new(router.clone());
        let connection = http.serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move {
            // Whoever does not speak HTTP, or goes away, has ended it.
            let _ = connection.await;
            drop(place);
        });
    }
}

/// Waits for a request's whole body, of so many bytes at most, before anybody looks at it.
pub(super) async fn whole(most: usize, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    match tokio::time::timeout(BODY_WITHIN, to_bytes(body, most)).await {
        Ok(Ok(body)) => next.run(Request::from_parts(head, Body::from(body))).await,
        Ok(Err(error)) => {
            if error.into_inner().is::<LengthLimitError>() {
                last(StatusCode::PAYLOAD_TOO_LARGE, "that is more than is read here\n")
            } else {
                last(StatusCode::BAD_REQUEST, "that is no whole request\n")
            }
        }
        Err(_) => last(StatusCode::REQUEST_TIMEOUT, "the rest of it did not come in time\n"),
    }
}

/// An answer after which nothing more is read.
fn last(status: StatusCode, words: &'static str) -> Response {
    (status, [(header::CONNECTION, HeaderValue::from_static("close"))], words).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    #[tokio::test]
    async fn who_comes_when_all_places_are_taken_is_served_when_one_is_free() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = listener.local_addr().expect("bound");
        let router = Router::new().route("/", get(|| async { "here" }));
        tokio::spawn(serve(listener, router, 2));
        let hangs = async || {
            let mut stream = TcpStream::connect(at).await.expect("it listens");
            stream.write_all(b"GET / HT").await.expect("it reads");
            stream
        };
        let (first, _second) = (hangs().await, hangs().await);
        let mut third = TcpStream::connect(at).await.expect("the kernel takes it");
        third.write_all(b"GET / HTTP/1.0\r\nHost: x\r\n\r\n").await.expect("the kernel takes it");
        drop(first);
        let mut answer = String::new();
        third.read_to_string(&mut answer).await.expect("it is served");
        assert!(answer.ends_with("here"), "{answer}");
    }
}
