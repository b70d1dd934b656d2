//! One HTTP exchange over its own connection, phase by phase (RFC 9110, RFC 9112).
//!
//! The connection is new each time, as a visitor's would be, and the server is asked to close it, so that
//! the closing state stays on its side. Redirects are answers and are not followed.

use crate::ask::{Answer, Equipment, micros_since};
use crate::seen::SeenHttp;
use crate::{clock, condition, net, tls};
use blackstart_model::check::{HeaderValue, Host, HostPort, HttpQuestion};
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode, Timing};
use blackstart_model::time::Timestamp;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Body;
use hyper::client::conn::http1;
use hyper::{HeaderMap, Request, StatusCode, Version, header};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, timeout_at};

pub(crate) const USER_AGENT: &str = concat!("blackstart/", env!("CARGO_PKG_VERSION"));

pub(crate) async fn ask(
    equipment: &Equipment,
    question: &HttpQuestion,
    deadline: Instant,
) -> Answer {
    let mut timing = Timing::default();
    let mut certificate_ends_s = None;
    let outcome = put(equipment, question, deadline, &mut timing, &mut certificate_ends_s).await;
    let outcome = outcome.unwrap_or_else(|outcome| outcome);
    Answer { certificate_ends_s, ..Answer::of(outcome, timing) }
}

async fn put(
    equipment: &Equipment,
    question: &HttpQuestion,
    deadline: Instant,
    timing: &mut Timing,
    certificate_ends_s: &mut Option<i64>,
) -> Result<Outcome, Outcome> {
    let started = clock::now();
    let request = request(equipment, question)?;
    let target = question.connect.as_ref().unwrap_or(&question.authority);
    let stream = net::connect(equipment, target, deadline, timing).await?;
    // A request is one small write; waiting to fill a segment would only add to its time.
    let _ = stream.set_nodelay(true);
    let limits = Limits {
        body_bytes_max: question.body_bytes_max as usize,
        keep: !question.body.is_empty(),
    };
    let response = match &question.tls {
        None => exchange(stream, request, &limits, deadline, timing).await?,
        Some(asked) => {
            let host = &question.authority.host;
            let (stream, ends_s) =
                tls::handshake(equipment, stream, host, asked, deadline, timing).await?;
            *certificate_ends_s = ends_s;
            exchange(stream, request, &limits, deadline, timing).await?
        }
    };
    equipment.notes.note(|seen| seen.http = Some(response.seen()));
    if let Some(wrong) = judge(question, &response) {
        return Ok(wrong);
    }
    let expiry = question.tls.as_ref().and_then(|asked| tls::judge_end(*certificate_ends_s, asked));
    Ok(expiry.unwrap_or_else(|| net::up_unless_slow(question.slow, started)))
}

fn request(
    equipment: &Equipment,
    question: &HttpQuestion,
) -> Result<Request<Empty<Bytes>>, Outcome> {
    let default_port = if question.tls.is_some() { 443 } else { 80 };
    let mut request = Request::builder()
        .method(question.method)
        .uri(&*question.path)
        .header(header::HOST, host_header(&question.authority, default_port))
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::CONNECTION, "close");
    for (name, value) in &question.headers {
        request = match value {
            HeaderValue::Text(text) => request.header(&**name, &**text),
            HeaderValue::Secret(secret) => {
                let value = equipment
                    .secrets
                    .value(&secret.0)
                    .map_err(|why| Outcome::unknown(NoAnswerCode::NotEquipped, why))?;
                request.header(&**name, value)
            }
        };
    }
    request.body(Empty::new()).map_err(|_| {
        let detail = "a header or the path cannot be sent in HTTP";
        Outcome::unknown(NoAnswerCode::NotEquipped, detail)
    })
}

/// The authority as the `Host` header has it (RFC 9110, section 7.2).
pub(crate) fn host_header(authority: &HostPort, default_port: u16) -> String {
    let host = match &authority.host {
        Host::Address(std::net::IpAddr::V6(address)) => format!("[{address}]"),
        Host::Address(address) => address.to_string(),
        Host::Name(name) => name.to_string(),
    };
    if authority.port == default_port { host } else { format!("{host}:{}", authority.port) }
}

/// What is read of an answer.
pub(crate) struct Limits {
    pub(crate) body_bytes_max: usize,
    /// Keep the body, up to its limit; else it is only read.
    pub(crate) keep: bool,
}

/// An answer.
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    version: Version,
    headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Bytes of the body that were read, whether they were kept or not.
    read: usize,
}

impl Response {
    fn seen(&self) -> SeenHttp {
        let text = |name| self.headers.get(name).and_then(|value| value.to_str().ok());
        let changed = text(header::LAST_MODIFIED);
        SeenHttp {
            status: self.status.as_u16(),
            version: if self.version == Version::HTTP_10 { 1.0 } else { 1.1 },
            content_length: text(header::CONTENT_LENGTH).and_then(|text| text.parse().ok()),
            body_bytes: self.read as u64,
            last_modified_s: changed.and_then(date).map(Timestamp::as_second),
            location: text(header::LOCATION).map(str::to_owned),
        }
    }
}

impl Response {
    /// The first value of a header, where it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// A date of HTTP: as in mail, in GMT, or in one of the two forms of old that everybody has to take (RFC 9110, section
/// 5.6.7).
pub(crate) fn date(text: &str) -> Option<Timestamp> {
    const OF_OLD: [&str; 2] = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    let text = text.trim();
    if let Ok(at) = jiff::fmt::rfc2822::parse(text) {
        return Some(at.timestamp());
    }
    let of_old = OF_OLD.iter().find_map(|form| jiff::civil::DateTime::strptime(form, text).ok())?;
    of_old.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|at| at.timestamp())
}

/// One request and its answer over a stream.
pub(crate) async fn exchange<S, B>(
    stream: S,
    request: Request<B>,
    limits: &Limits,
    deadline: Instant,
    timing: &mut Timing,
) -> Result<Response, Outcome>
where
    S: AsyncRead + AsyncWrite + Unpin,
    B: Body<Data = Bytes> + Unpin + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let sent = clock::now();
    let io = TokioIo::new(stream);
    let (mut sender, connection) =
        http1::Builder::new().handshake(io).await.map_err(|error| of_error(&error))?;
    let talk = async {
        let response = sender.send_request(request).await.map_err(|error| of_error(&error))?;
        timing.wait_us = micros_since(sent);
        let reading = clock::now();
        let (head, mut incoming) = response.into_parts();
        let mut body = Vec::new();
        let mut read = 0;
        while read < limits.body_bytes_max {
            let Some(frame) = incoming.frame().await else { break };
            let frame = frame.map_err(|error| of_error(&error))?;
            let Some(data) = frame.data_ref() else { continue };
            let wanted = data.len().min(limits.body_bytes_max - read);
            read += wanted;
            if limits.keep {
                body.extend_from_slice(&data[..wanted]);
            }
        }
        timing.read_us = micros_since(reading);
        let (status, version, headers) = (head.status, head.version, head.headers);
        Ok(Response { status, version, headers, body, read })
    };
    let driven = async {
        tokio::pin!(connection);
        tokio::pin!(talk);
        let mut open = true;
        loop {
            tokio::select! {
                biased;
                response = &mut talk => break response,
                _ = &mut connection, if open => open = false,
            }
        }
    };
    timeout_at(deadline, driven)
        .await
        .unwrap_or_else(|_| Err(Outcome::down(SymptomCode::AnswerTimeout, "no whole answer")))
}

fn of_error(error: &hyper::Error) -> Outcome {
    if error.is_parse() {
        return Outcome::unknown(NoAnswerCode::Unparsable, format!("not HTTP: {error}"));
    }
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = source {
        if let Some(io) = cause.downcast_ref::<std::io::Error>() {
            return net::of_error(io, "in the exchange");
        }
        source = cause.source();
    }
    Outcome::down(SymptomCode::Closed, "before the answer was whole")
}

/// What is wrong with an answer, if anything.
fn judge(question: &HttpQuestion, response: &Response) -> Option<Outcome> {
    let status = response.status.as_u16();
    if !question.status.iter().any(|(from, to)| (*from..=*to).contains(&status)) {
        let reason = response.status.canonical_reason().unwrap_or("");
        return Some(Outcome::down(SymptomCode::WrongStatus, format!("{status} {reason}")));
    }
    for (name, of) in &question.response_headers {
        let all: Vec<&[u8]> =
            response.headers.get_all(&**name).iter().map(|value| value.as_bytes()).collect();
        if !condition::holds(of, &all) {
            let detail = format!("{name}: {}", condition::expected(of));
            return Some(Outcome::down(SymptomCode::WrongHeader, detail));
        }
    }
    condition::broken(&question.body, &[&response.body])
        .map(|broken| Outcome::down(SymptomCode::WrongBody, broken))
}
