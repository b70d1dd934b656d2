//! What an SSH check asks; put by the probe's `ssh`.

use super::{HostPort, TextCondition};
use crate::time::Duration;

/// How an SSH server identifies itself (RFC 4253, section 4.2); no keys, no login.
#[derive(Clone, PartialEq, Debug)]
pub struct SshQuestion {
    /// Where to; port 22 unless given.
    pub target: HostPort,
    /// Conditions on the identification, `SSH-2.0-OpenSSH_9.2p1 Debian-2`.
    pub banner: Vec<TextCondition>,
    /// Up, and slower than this until the identification: degraded.
    pub slow: Option<Duration>,
}
