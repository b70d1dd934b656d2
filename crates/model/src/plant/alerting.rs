//! Who is alerted, and how: the ways by which alerts leave, and the place outside that hears from us.
//!
//! It decides nothing. Read from the plant file by `plantfile::alerts`, used by the delivery of alerts.

use super::Secret;
use crate::check::HostPort;
use crate::time::Duration;

/// Who is alerted, and how.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Alerting {
    /// The mail relay, needed when anybody is alerted by mail.
    pub mail: Option<MailRelay>,
    /// The addresses of those who repair.
    pub mail_to: Vec<Box<str>>,
    /// Webhooks, by name.
    pub webhooks: Vec<Webhook>,
    /// The place outside that hears from us.
    pub heartbeat: Option<Heartbeat>,
    /// The console's address as people reach it, for links in alerts.
    pub console_url: Option<Box<str>>,
}

/// A mail relay.
#[derive(Clone, PartialEq, Debug)]
pub struct MailRelay {
    /// Where.
    pub relay: HostPort,
    /// The sender's address.
    pub from: Box<str>,
    /// How the connection is protected.
    pub tls: MailTls,
    /// User and password.
    pub login: Option<(Box<str>, Secret)>,
}

/// How a mail connection is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MailTls {
    /// STARTTLS is demanded (RFC 3207). The default, except to a loopback address.
    StartTls,
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// None, said aloud.
    Plain,
}

/// A webhook that receives alerts as JSON.
#[derive(Clone, PartialEq, Debug)]
pub struct Webhook {
    /// Its name in the file.
    pub name: Box<str>,
    /// The URL, `http` or `https`.
    pub url: Box<str>,
    /// A bearer token.
    pub token: Option<Secret>,
}

/// A URL that is fetched at regular times, so that somebody outside notices when it is not.
#[derive(Clone, PartialEq, Debug)]
pub struct Heartbeat {
    /// The URL.
    pub url: Box<str>,
    /// How often. Default 60 s.
    pub every: Duration,
}
