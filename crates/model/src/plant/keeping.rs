//! How long samples are kept, and where else they are written.
//!
//! It decides nothing. Read from the plant file by `plantfile::samples`, used by the server's recorder and its remote
//! write.

use super::Login;
use crate::check::HeaderValue;
use crate::time::Duration;

/// How long samples are kept, and where else they are written.
#[derive(Clone, PartialEq, Debug)]
pub struct Keeping {
    /// How long minutes are kept.
    pub minutes: Duration,
    /// How long hours are kept.
    pub hours: Duration,
    /// Who else gets every sample.
    pub remote_write: Option<RemoteWrite>,
}

impl Keeping {
    /// How long minutes are kept when nothing is said: a week is what one looks back on minute by minute.
    pub const MINUTES: Duration = Duration::from_secs(7 * 86_400);

    /// How long hours are kept when nothing is said: this year and the one before, to compare them.
    pub const HOURS: Duration = Duration::from_secs(2 * 365 * 86_400);
}

impl Default for Keeping {
    fn default() -> Self {
        Self { minutes: Self::MINUTES, hours: Self::HOURS, remote_write: None }
    }
}

/// A receiver of the Prometheus remote-write protocol.
#[derive(Clone, PartialEq, Debug)]
pub struct RemoteWrite {
    /// The URL, `http` or `https`.
    pub url: Box<str>,
    /// Whose it is.
    pub login: Option<Login>,
    /// More headers, as a tenant's name.
    pub headers: Vec<(Box<str>, HeaderValue)>,
}
