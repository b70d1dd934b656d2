//! The questions: what a check asks, how often, from where, and what answer would do.

use crate::codes::codes;
use crate::id::{CheckId, CheckKey, ComponentId, PlaneId, VantageId};
use crate::plant::Secret;
use crate::time::Duration;
use std::net::IpAddr;

/// A question put to a component, on a fixed grid, from one or more vantages.
#[derive(Clone, PartialEq, Debug)]
pub struct Check {
    /// Its place in the plant.
    pub id: CheckId,
    /// Its name across reloads: `component/check`.
    pub key: CheckKey,
    /// What it says something about.
    pub component: ComponentId,
    /// The network plane its packets take.
    pub plane: PlaneId,
    /// The grid: one try from each vantage in each period. At least [`Check::EVERY_MIN`].
    pub every: Duration,
    /// The absolute deadline of one try, covering resolving, connecting, TLS and body; shorter than `every`.
    pub deadline: Duration,
    /// From where; never empty.
    pub from: Vec<VantageId>,
    /// What is asked.
    pub question: Question,
}

impl Check {
    /// The shortest period: below it a check is a load test.
    pub const EVERY_MIN: Duration = Duration::from_millis(100);
    /// The period when none is given.
    pub const EVERY_DEFAULT: Duration = Duration::from_secs(30);
    /// The deadline when none is given, unless the period is shorter than twice that.
    pub const DEADLINE_DEFAULT: Duration = Duration::from_secs(10);
}

codes! {
    /// The kinds of check; an agent allows or refuses by these.
    CheckKind {
        /// HTTP or HTTPS.
        Http = "http",
        /// A TCP connection.
        Tcp = "tcp",
        /// ICMP echo.
        Icmp = "icmp",
        /// A DNS query.
        Dns = "dns",
    }
}

/// What is asked.
#[derive(Clone, PartialEq, Debug)]
pub enum Question {
    /// An HTTP or HTTPS request.
    Http(HttpQuestion),
    /// A TCP connection.
    Tcp(TcpQuestion),
    /// ICMP echoes.
    Icmp(IcmpQuestion),
    /// A DNS query.
    Dns(DnsQuestion),
}

impl Question {
    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> CheckKind {
        match self {
            Self::Http(_) => CheckKind::Http,
            Self::Tcp(_) => CheckKind::Tcp,
            Self::Icmp(_) => CheckKind::Icmp,
            Self::Dns(_) => CheckKind::Dns,
        }
    }
}

/// A host by name or address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Host {
    /// An address: nothing is resolved.
    Address(IpAddr),
    /// A name, resolved inside the check's deadline by our own query.
    Name(Box<str>),
}

/// An endpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostPort {
    /// Where.
    pub host: Host,
    /// Which port.
    pub port: u16,
}

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

/// What is asked of a TLS server besides an answer.
#[derive(Clone, PartialEq, Debug)]
pub struct TlsQuestion {
    /// Degraded when the leaf, or every usable chain, expires within this time. Default 14 days.
    pub expires_within: Duration,
    /// A PEM file with the only roots to trust, instead of the system's.
    pub roots: Option<Box<str>>,
}

/// A condition on a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TextCondition {
    /// Contains these bytes.
    Contains(Box<str>),
    /// Does not contain them.
    Lacks(Box<str>),
}

/// A TCP connection, opened and closed.
#[derive(Clone, PartialEq, Debug)]
pub struct TcpQuestion {
    /// Where to.
    pub target: HostPort,
    /// Up, and slower than this: degraded.
    pub slow: Option<Duration>,
}

/// Several ICMP echoes.
#[derive(Clone, PartialEq, Debug)]
pub struct IcmpQuestion {
    /// Whom.
    pub host: Host,
    /// How many echoes in one try, 1 to 20; default 3.
    pub echoes: u8,
    /// The time between two; default 200 ms.
    pub spacing: Duration,
    /// Up to this many lost is up; more is degraded, all is down. Default 0.
    pub lost_max: u8,
    /// Bytes of payload, 16 to 1400; default 32.
    pub payload_bytes: u16,
}

/// One DNS query, over UDP, then over TCP when truncated.
#[derive(Clone, PartialEq, Debug)]
pub struct DnsQuestion {
    /// The server asked; port 53 unless given.
    pub server: HostPort,
    /// The name, absolute.
    pub name: Box<str>,
    /// The record type in capitals: `A`, `AAAA`, `MX`, `NS`, `SOA`, `TXT`, `CNAME`, `PTR`, `SRV`, `CAA`.
    pub record_type: &'static str,
    /// The response code that will do, in capitals; default `NOERROR`.
    pub rcode: &'static str,
    /// Conditions on the records' presentation text.
    pub records: Vec<RecordCondition>,
    /// Asks for recursion (default) or not.
    pub recursion: bool,
}

/// A condition on the records of a DNS answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RecordCondition {
    /// At least so many records of the asked type.
    AtLeast(u16),
    /// One record is exactly this, names compared without case.
    Has(Box<str>),
    /// The set of records is exactly this, in any order.
    Exactly(Vec<Box<str>>),
}
