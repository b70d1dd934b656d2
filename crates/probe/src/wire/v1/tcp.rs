//! The mirror of a TCP question.

use super::{HostPort, micros};
use blackstart_model::check;
use blackstart_model::time::Duration;
use serde::{Deserialize, Serialize};

/// Mirrors [`check::TcpQuestion`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TcpQuestion {
    /// Where to.
    pub target: HostPort,
    /// Slower than this is degraded, microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_us: Option<u64>,
}

impl From<&check::TcpQuestion> for TcpQuestion {
    fn from(check::TcpQuestion { target, slow }: &check::TcpQuestion) -> Self {
        Self { target: target.into(), slow_us: slow.map(micros) }
    }
}

impl From<TcpQuestion> for check::TcpQuestion {
    fn from(TcpQuestion { target, slow_us }: TcpQuestion) -> Self {
        Self { target: target.into(), slow: slow_us.map(Duration::from_micros) }
    }
}
