//! The mirror of an HTTP or HTTPS question.

use super::{CannotPut, HostPort, TextCondition, TlsQuestion, known, micros};
use blackstart_model::check;
use blackstart_model::time::Duration;
use serde::{Deserialize, Serialize};

const METHODS: &[&str] = &["GET", "HEAD", "OPTIONS"];

/// Mirrors [`check::HttpQuestion`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct HttpQuestion {
    /// The method.
    pub method: String,
    /// Host and port of the URL.
    pub authority: HostPort,
    /// Path and query.
    pub path: String,
    /// Where to connect instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<HostPort>,
    /// Request headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, HeaderValue)>,
    /// TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsQuestion>,
    /// Statuses that will do.
    pub status: Vec<(u16, u16)>,
    /// Conditions on the body.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub body: Vec<TextCondition>,
    /// Conditions on headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub response_headers: Vec<(String, TextCondition)>,
    /// How much of the body is read.
    pub body_bytes_max: u32,
    /// Slower than this is degraded, microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_us: Option<u64>,
}

/// Mirrors [`check::HeaderValue`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeaderValue {
    /// As written.
    Text(String),
    /// The *name* of a secret of the agent's own.
    Secret(String),
}

impl From<&check::HttpQuestion> for HttpQuestion {
    fn from(http: &check::HttpQuestion) -> Self {
        let check::HttpQuestion {
            method,
            authority,
            path,
            connect,
            headers,
            tls,
            status,
            body,
            response_headers,
            body_bytes_max,
            slow,
        } = http;
        Self {
            method: (*method).to_owned(),
            authority: authority.into(),
            path: path.to_string(),
            connect: connect.as_ref().map(HostPort::from),
            headers: headers.iter().map(|(name, value)| (name.to_string(), value.into())).collect(),
            tls: tls.as_ref().map(TlsQuestion::from),
            status: status.clone(),
            body: body.iter().map(TextCondition::from).collect(),
            response_headers: response_headers
                .iter()
                .map(|(name, condition)| (name.to_string(), condition.into()))
                .collect(),
            body_bytes_max: *body_bytes_max,
            slow_us: slow.map(micros),
        }
    }
}

impl TryFrom<HttpQuestion> for check::HttpQuestion {
    type Error = CannotPut;

    fn try_from(http: HttpQuestion) -> Result<Self, CannotPut> {
        let HttpQuestion {
            method,
            authority,
            path,
            connect,
            headers,
            tls,
            status,
            body,
            response_headers,
            body_bytes_max,
            slow_us,
        } = http;
        Ok(Self {
            method: known(METHODS, &method, "the method")?,
            authority: authority.into(),
            path: path.into(),
            connect: connect.map(Into::into),
            headers: headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect(),
            tls: tls.map(Into::into),
            status,
            body: body.into_iter().map(Into::into).collect(),
            response_headers: response_headers
                .into_iter()
                .map(|(name, condition)| (name.into(), condition.into()))
                .collect(),
            body_bytes_max,
            slow: slow_us.map(Duration::from_micros),
        })
    }
}

impl From<&check::HeaderValue> for HeaderValue {
    fn from(value: &check::HeaderValue) -> Self {
        match value {
            check::HeaderValue::Text(text) => Self::Text(text.to_string()),
            check::HeaderValue::Secret(secret) => Self::Secret(secret.0.to_string()),
        }
    }
}

impl From<HeaderValue> for check::HeaderValue {
    fn from(value: HeaderValue) -> Self {
        match value {
            HeaderValue::Text(text) => Self::Text(text.into()),
            HeaderValue::Secret(name) => Self::Secret(blackstart_model::plant::Secret(name.into())),
        }
    }
}
