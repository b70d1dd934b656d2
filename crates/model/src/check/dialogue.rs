//! What is asked of a mail server: how it greets, what it can do, and whether its TLS holds.
//!
//! SMTP and IMAP are asked the same; which of the two it is stands in [`Question`](super::Question).
//! Nothing here says how it is put: that is for the probe.

use super::{HostPort, TextCondition, TlsQuestion};
use crate::time::Duration;

/// A conversation with a mail server, by somebody who does not log in, ended politely.
#[derive(Clone, PartialEq, Debug)]
pub struct DialogueQuestion {
    /// The server; also the name that its certificate has to be for.
    pub target: HostPort,
    /// Where to connect instead.
    pub connect: Option<HostPort>,
    /// TLS, when it is to be spoken.
    pub tls: Option<DialogueTls>,
    /// Conditions on the text of the greeting.
    pub greeting: Vec<TextCondition>,
    /// Conditions on what the server says that it can do, after TLS where there is any.
    pub capabilities: Vec<TextCondition>,
    /// Up, and slower than this in all, the greeting's delay included: degraded.
    pub slow: Option<Duration>,
}

/// TLS in a conversation.
#[derive(Clone, PartialEq, Debug)]
pub struct DialogueTls {
    /// When it begins.
    pub begins: TlsBegins,
    /// What is asked of the certificate.
    pub question: TlsQuestion,
}

/// When TLS begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TlsBegins {
    /// With the connection (RFC 8314, section 3).
    AtOnce,
    /// By `STARTTLS` (RFC 3207 for SMTP, RFC 9051 section 6.2.1 for IMAP).
    ByStartTls,
}
