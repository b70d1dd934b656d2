//! What is asked of a database: a session that a program could have, and one answer read in it.
//!
//! PostgreSQL and MariaDB are asked the same; which of the two it is stands in
//! [`Question`](super::Question). Nothing here says how it is put: that is for the probe.

use super::{HostPort, TlsQuestion};
use crate::codes::codes;
use crate::plant::Secret;
use crate::time::Duration;

/// A session with a database server, ended politely.
#[derive(Clone, PartialEq, Debug)]
pub struct DatabaseQuestion {
    /// The server; port 5432 or 3306 unless given.
    pub target: HostPort,
    /// How the way there is protected; [`DatabaseTls::Prefer`] unless given.
    pub tls: DatabaseTls,
    /// What is asked in a session. Without it nobody signs in, and only whether the server takes
    /// sessions is seen.
    pub session: Option<DatabaseSession>,
    /// Up, and slower than this in all: degraded.
    pub slow: Option<Duration>,
}

/// How the way to a database is protected.
#[derive(Clone, PartialEq, Debug)]
pub enum DatabaseTls {
    /// Never.
    Off,
    /// TLS when the server offers it, whatever its certificate is.
    Prefer,
    /// TLS, whatever the certificate is; a server that has none is down.
    Required,
    /// TLS with a certificate for the server's name, of a trusted root.
    Verify(TlsQuestion),
}

impl DatabaseTls {
    /// What is asked of the certificate, when it is verified.
    #[must_use]
    pub const fn verified(&self) -> Option<&TlsQuestion> {
        match self {
            Self::Verify(asked) => Some(asked),
            Self::Off | Self::Prefer | Self::Required => None,
        }
    }
}

/// What is asked by somebody who signs in.
#[derive(Clone, PartialEq, Debug)]
pub struct DatabaseSession {
    /// Who signs in.
    pub user: Box<str>,
    /// By which password, if by one.
    pub password: Option<Secret>,
    /// In which database; the server's own choice when not given.
    pub database: Option<Box<str>>,
    /// One statement, put where nothing can be written; `select 1` when not given.
    pub query: Option<Box<str>>,
    /// Conditions on the first column of the first row.
    pub answer: Vec<ValueCondition>,
    /// What the server must be.
    pub role: Option<DatabaseRole>,
}

/// A condition on one value.
#[derive(Clone, PartialEq, Debug)]
pub enum ValueCondition {
    /// Exactly this text, or the same number.
    Is(Box<str>),
    /// A number, and at least this one; finite.
    AtLeast(f64),
    /// A number, and at most this one; finite.
    AtMost(f64),
}

codes! {
    /// What a database server is among those that hold the same data.
    DatabaseRole {
        /// It can be written to.
        Primary = "primary",
        /// It follows another one.
        Standby = "standby",
    }
}
