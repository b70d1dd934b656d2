//! What the questions of several kinds are made of: hosts, conditions on texts, TLS.

use super::micros;
use blackstart_model::check;
use blackstart_model::time::Duration;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Mirrors [`check::Host`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Host {
    /// An address.
    Address(IpAddr),
    /// A name.
    Name(String),
}

/// Mirrors [`check::HostPort`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HostPort {
    /// Where.
    pub host: Host,
    /// Which port.
    pub port: u16,
}

/// Mirrors [`check::TlsQuestion`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TlsQuestion {
    /// Microseconds.
    pub expires_within_us: u64,
    /// A path, opened only when the agent's own configuration names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roots: Option<String>,
}

/// Mirrors [`check::TextCondition`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextCondition {
    /// Contains.
    Contains(String),
    /// Does not contain.
    Lacks(String),
}

impl From<&check::Host> for Host {
    fn from(host: &check::Host) -> Self {
        match host {
            check::Host::Address(address) => Self::Address(*address),
            check::Host::Name(name) => Self::Name(name.to_string()),
        }
    }
}

impl From<Host> for check::Host {
    fn from(host: Host) -> Self {
        match host {
            Host::Address(address) => Self::Address(address),
            Host::Name(name) => Self::Name(name.into()),
        }
    }
}

impl From<&check::HostPort> for HostPort {
    fn from(check::HostPort { host, port }: &check::HostPort) -> Self {
        Self { host: host.into(), port: *port }
    }
}

impl From<HostPort> for check::HostPort {
    fn from(HostPort { host, port }: HostPort) -> Self {
        Self { host: host.into(), port }
    }
}

impl From<&check::TextCondition> for TextCondition {
    fn from(condition: &check::TextCondition) -> Self {
        match condition {
            check::TextCondition::Contains(text) => Self::Contains(text.to_string()),
            check::TextCondition::Lacks(text) => Self::Lacks(text.to_string()),
        }
    }
}

impl From<TextCondition> for check::TextCondition {
    fn from(condition: TextCondition) -> Self {
        match condition {
            TextCondition::Contains(text) => Self::Contains(text.into()),
            TextCondition::Lacks(text) => Self::Lacks(text.into()),
        }
    }
}

impl From<&check::TlsQuestion> for TlsQuestion {
    fn from(check::TlsQuestion { expires_within, roots }: &check::TlsQuestion) -> Self {
        Self {
            expires_within_us: micros(*expires_within),
            roots: roots.as_ref().map(|path| path.to_string()),
        }
    }
}

impl From<TlsQuestion> for check::TlsQuestion {
    fn from(TlsQuestion { expires_within_us, roots }: TlsQuestion) -> Self {
        Self {
            expires_within: Duration::from_micros(expires_within_us),
            roots: roots.map(Into::into),
        }
    }
}
