//! What a TCP check asks; put by the probe's `tcp`.

use super::HostPort;
use crate::time::Duration;

/// A TCP connection, opened and closed.
#[derive(Clone, PartialEq, Debug)]
pub struct TcpQuestion {
    /// Where to.
    pub target: HostPort,
    /// Up, and slower than this: degraded.
    pub slow: Option<Duration>,
}
