//! The mirror of an SSH question.

use super::{HostPort, TextCondition, micros};
use blackstart_model::check;
use blackstart_model::time::Duration;
use serde::{Deserialize, Serialize};

/// Mirrors [`check::SshQuestion`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SshQuestion {
    /// Where to.
    pub target: HostPort,
    /// Conditions on the identification.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub banner: Vec<TextCondition>,
    /// Slower than this is degraded, microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_us: Option<u64>,
}

impl From<&check::SshQuestion> for SshQuestion {
    fn from(check::SshQuestion { target, banner, slow }: &check::SshQuestion) -> Self {
        Self {
            target: target.into(),
            banner: banner.iter().map(TextCondition::from).collect(),
            slow_us: slow.map(micros),
        }
    }
}

impl From<SshQuestion> for check::SshQuestion {
    fn from(SshQuestion { target, banner, slow_us }: SshQuestion) -> Self {
        Self {
            target: target.into(),
            banner: banner.into_iter().map(Into::into).collect(),
            slow: slow_us.map(Duration::from_micros),
        }
    }
}
