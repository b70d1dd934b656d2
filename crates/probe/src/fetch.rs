//! A small HTTP client for what the server itself has to say: webhooks and heartbeats.
//!
//! One exchange, one deadline, nothing followed. It tells apart what surely was not taken over from
//! what may have been, for that decides whether an alert is repeated.

use crate::ask::Equipment;
use crate::http::{self, Limits, USER_AGENT, host_header};
use crate::{clock, net, tls};
use blackstart_model::check::{Host, HostPort, TlsQuestion};
use blackstart_model::observation::{Outcome, Timing};
use blackstart_model::time::Duration;
use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Uri, header};
use std::net::IpAddr;

/// How much of an answer is read for its first line, bytes.
const LINE_BYTES_MAX: usize = 512;

/// How much of an answer is read when all of it is wanted, bytes.
const WHOLE_BYTES_MAX: usize = 256 << 20;

/// Whoever says to come back later than in so long is not believed (chosen by hand).
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3_600);

/// What is wanted of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// Its first line, for the journal.
    Line,
    /// All of it.
    Whole,
    /// All of it, and no answer when it is longer than so many bytes.
    Bytes(usize),
}

/// What came of a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fetched {
    /// An answer: its status and its words, as far as they were wanted.
    Answered(u16, String),
    /// Nothing was sent.
    NotSent(String),
    /// It was sent, and no whole answer came: it may have been taken.
    NoAnswer(String),
}

/// Sends a request and reads the first line of its answer. `body` makes it a POST of JSON.
///
/// # Cancel safety
/// When dropped, the request may have been sent.
pub async fn fetch(
    equipment: &Equipment,
    url: &str,
    headers: &[(&str, String)],
    body: Option<String>,
    within: Duration,
) -> Fetched {
    fetch_whole(equipment, url, headers, body, within, Limit::Line).await
}

/// Sends a request and reads its answer up to a limit.
///
/// # Cancel safety
/// When dropped, the request may have been sent.
pub async fn fetch_whole(
    equipment: &Equipment,
    url: &str,
    headers: &[(&str, String)],
    body: Option<String>,
    within: Duration,
    limit: Limit,
) -> Fetched {
    let body = body.map(|body| (Some("application/json"), Bytes::from(body)));
    let bytes_max = match limit {
        Limit::Line => LINE_BYTES_MAX,
        Limit::Whole => WHOLE_BYTES_MAX,
        Limit::Bytes(most) => most.saturating_add(1),
    };
    match exchange(equipment, url, headers, body, within, bytes_max).await {
        Ok(response) => {
            if let Limit::Bytes(most) = limit
                && response.body.len() > most
            {
                return Fetched::NoAnswer(format!("the answer is longer than {most} bytes"));
            }
            let wanted = match limit {
                Limit::Line => first_line(&response.body),
                Limit::Whole | Limit::Bytes(_) => {
                    String::from_utf8_lossy(&response.body).into_owned()
                }
            };
            Fetched::Answered(response.status.as_u16(), wanted)
        }
        Err(Failed::NotSent(why)) => Fetched::NotSent(why),
        Err(Failed::NoAnswer(why)) => Fetched::NoAnswer(why),
    }
}

/// What came of bytes that were posted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Posted {
    /// An answer.
    Answered {
        /// Its status.
        status: u16,
        /// After how long it may be tried again, where it says so: in seconds, or as a date, which counts from the
        /// answer's own (RFC 9110, section 10.2.3). A day at most.
        retry_after: Option<Duration>,
        /// The first line of its words.
        words: String,
    },
    /// Nothing was sent.
    NotSent(String),
    /// It was sent, and no whole answer came: it may have been taken.
    NoAnswer(String),
}

/// Posts bytes, whose kind is among the headers.
///
/// # Cancel safety
/// When dropped, they may have been sent.
pub async fn post(
    equipment: &Equipment,
    url: &str,
    headers: &[(&str, String)],
    body: Bytes,
    within: Duration,
) -> Posted {
    match exchange(equipment, url, headers, Some((None, body)), within, LINE_BYTES_MAX).await {
        Ok(response) => Posted::Answered {
            status: response.status.as_u16(),
            retry_after: response
                .header("retry-after")
                .and_then(|text| retry_after(text, response.header("date"))),
            words: first_line(&response.body),
        },
        Err(Failed::NotSent(why)) => Posted::NotSent(why),
        Err(Failed::NoAnswer(why)) => Posted::NoAnswer(why),
    }
}

/// What `Retry-After` says. A date counts from the `Date` of the same answer, for whoever wrote both had one clock;
/// what is past says at once, and without that `Date` it says nothing.
fn retry_after(text: &str, date: Option<&str>) -> Option<Duration> {
    let text = text.trim();
    let span = if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are more than the most.
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        let (at, now) = (http::date(text)?, http::date(date?)?);
        Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
    };
    Some(span.min(RETRY_AFTER_MAX))
}

fn first_line(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.lines().next().unwrap_or("").chars().take(120).collect()
}

/// Why there is no answer.
enum Failed {
    NotSent(String),
    NoAnswer(String),
}

/// One exchange: a body, when there is one, with its kind.
async fn exchange(
    equipment: &Equipment,
    url: &str,
    headers: &[(&str, String)],
    body: Option<(Option<&str>, Bytes)>,
    within: Duration,
    body_bytes_max: usize,
) -> Result<http::Response, Failed> {
    let deadline = clock::now() + within;
    let (target, https, request) = request(url, headers, body).map_err(Failed::NotSent)?;
    let mut timing = Timing::default();
    let not_sent = |outcome: Outcome| Failed::NotSent(outcome.to_string());
    let stream = net::connect(equipment, &target, deadline, &mut timing).await.map_err(not_sent)?;
    let limits = Limits { body_bytes_max, keep: true };
    let response = if https {
        let asked = TlsQuestion { expires_within: Duration::ZERO, roots: None };
        let shaken =
            tls::handshake(equipment, stream, &target.host, &asked, deadline, &mut timing).await;
        let (stream, _) = shaken.map_err(not_sent)?;
        http::exchange(stream, request, &limits, deadline, &mut timing).await
    } else {
        http::exchange(stream, request, &limits, deadline, &mut timing).await
    };
    response.map_err(|outcome| Failed::NoAnswer(outcome.to_string()))
}

/// An API that is asked with a token: where it is, and what proves who asks.
#[derive(Clone)]
pub struct Door {
    base: String,
    authorization: String,
}

/// Why an API is not asked.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DoorError {
    /// The address is none.
    #[error("`{0}` is no address of an API, as `https://api.example`")]
    NotAnAddress(String),
    /// The token would travel for everybody to read.
    #[error("the token would go to {0} in the clear; give an `https` address")]
    InTheClear(String),
    /// The token is no token.
    #[error("the token is empty, or holds what cannot be sent")]
    NotAToken,
}

impl Door {
    /// The API at this address, asked with `prefix` and `token` as its authorization. Nothing is
    /// sent yet.
    ///
    /// # Errors
    /// When the address is none, the token is none, or it would be sent in the clear to another host.
    pub fn new(url: &str, prefix: &str, token: &str) -> Result<Self, DoorError> {
        let refused = || DoorError::NotAnAddress(url.chars().take(200).collect());
        let base = url.trim().trim_end_matches('/');
        let uri: Uri = base.parse().map_err(|_| refused())?;
        let host = uri.host().ok_or_else(refused)?;
        let has_more = base.contains(['?', '#', '@']);
        if has_more || base.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(refused());
        }
        match uri.scheme_str() {
            Some("https") => {}
            Some("http") if is_here(host) => {}
            Some("http") => return Err(DoorError::InTheClear(base.to_owned())),
            Some(_) | None => return Err(refused()),
        }
        let token = token.trim();
        if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(DoorError::NotAToken);
        }
        Ok(Self { base: base.to_owned(), authorization: format!("{prefix}{token}") })
    }

    /// The address, without a slash at its end.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The value of the `Authorization` header.
    #[must_use]
    pub fn authorization(&self) -> &str {
        &self.authorization
    }
}

/// Whether a host is this one, so that nothing leaves it.
fn is_here(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The value of an `Authorization` header for `name:password` (RFC 7617).
#[must_use]
pub fn basic(login: &str) -> String {
    use data_encoding::BASE64;
    format!("Basic {}", BASE64.encode(login.as_bytes()))
}

type Prepared = (HostPort, bool, Request<Full<Bytes>>);

fn request(
    url: &str,
    headers: &[(&str, String)],
    body: Option<(Option<&str>, Bytes)>,
) -> Result<Prepared, String> {
    let refused = || "not a URL that can be fetched".to_owned();
    let uri: Uri = url.parse().map_err(|_| refused())?;
    let https = match uri.scheme_str() {
        Some("http") => false,
        Some("https") => true,
        Some(_) | None => return Err(refused()),
    };
    let host = uri.host().ok_or_else(refused)?.trim_matches(['[', ']']);
    let host = host.parse().map_or_else(|_| Host::Name(host.into()), Host::Address);
    let default_port = if https { 443 } else { 80 };
    let target = HostPort { host, port: uri.port_u16().unwrap_or(default_port) };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::builder()
        .method(if body.is_some() { "POST" } else { "GET" })
        .uri(path)
        .header(header::HOST, host_header(&target, default_port))
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::CONNECTION, "close");
    if let Some((Some(kind), _)) = body {
        request = request.header(header::CONTENT_TYPE, kind);
    }
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let body = Full::new(body.map(|(_, body)| body).unwrap_or_default());
    let request = request.body(body).map_err(|_| "a header cannot be sent in HTTP".to_owned())?;
    Ok((target, https, request))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_to_come_back_is_told_in_seconds_or_as_a_date_and_is_not_believed_beyond_a_day() {
        let now = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        let seconds = |text, date| retry_after(text, date).map(|span| span.as_secs());
        assert_eq!(seconds("120", None), Some(120));
        assert_eq!(seconds(" 0 ", now), Some(0));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:51:37 GMT", now), Some(120));
        assert_eq!(seconds("Sunday, 06-Nov-94 08:51:37 GMT", now), Some(120), "as of RFC 850");
        assert_eq!(seconds("Sun Nov  6 08:51:37 1994", now), Some(120), "as of asctime()");
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(0));
        assert_eq!(seconds("Fri, 04 Nov 1994 08:49:37 GMT", now), Some(0), "it is past");
        let most = Some(RETRY_AFTER_MAX.as_secs());
        for far in ["86401", "99999999999999999999999", "Sat, 06 Nov 2094 08:49:37 GMT"] {
            assert_eq!(seconds(far, now), most, "{far}");
        }
        // Without the answer's own date nobody knows by which clock.
        assert_eq!(seconds("Sun, 06 Nov 1994 08:51:37 GMT", None), None);
        assert_eq!(seconds("Sun, 06 Nov 1994 08:51:37 GMT", Some("today")), None);
        for nonsense in ["", "-1", "1.5", "+3", "soon", "2 s", "Sun, 06 Nov", "\u{0661}"] {
            assert_eq!(seconds(nonsense, now), None, "{nonsense}");
        }
    }
}
