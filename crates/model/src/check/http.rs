//! What an HTTP or HTTPS check asks; put by the probe's `http`.

use super::{HostPort, TextCondition, TlsQuestion};
use crate::plant::Secret;
use crate::time::Duration;

/// One HTTP(S) exchange. Redirects are answers, and not followed.
#[derive(Clone, PartialEq, Debug)]
pub struct HttpQuestion {
    /// The method: `GET`, `HEAD`, `OPTIONS`.
    pub method: &'static str,
    /// Host and port of the URL; also the `Host` header and the TLS server name.
    pub authority: HostPort,
    /// Path and query, beginning with `/`.
    pub path: Box<str>,
    /// Where to connect instead of the URL's own host.
    pub connect: Option<HostPort>,
    /// Request headers besides `Host` and `User-Agent`.
    pub headers: Vec<(Box<str>, HeaderValue)>,
    /// TLS, when the scheme is `https`.
    pub tls: Option<TlsQuestion>,
    /// Statuses that will do, as inclusive ranges; `200..=399` when not given.
    pub status: Vec<(u16, u16)>,
    /// Conditions on the body, which is read up to `body_bytes_max` only.
    pub body: Vec<TextCondition>,
    /// Conditions on response headers, by lower-case name.
    pub response_headers: Vec<(Box<str>, TextCondition)>,
    /// How much of the body is read; the rest is not judged. Default 1 MiB.
    pub body_bytes_max: u32,
    /// Up, and slower than this in all: degraded.
    pub slow: Option<Duration>,
}

/// The value of a request header.
#[derive(Clone, PartialEq, Debug)]
pub enum HeaderValue {
    /// As written.
    Text(Box<str>),
    /// From the secrets file or the environment, never shown.
    Secret(Secret),
}

impl HeaderValue {
    /// The secret, when it is one.
    #[must_use]
    pub const fn secret(&self) -> Option<&Secret> {
        match self {
            Self::Secret(secret) => Some(secret),
            Self::Text(_) => None,
        }
    }
}
