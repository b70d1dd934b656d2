//! The mirror of an NTP question.

use super::{CannotPut, HostPort, cannot, micros};
use blackstart_model::check;
use blackstart_model::time::Duration;
use serde::{Deserialize, Serialize};

/// Mirrors [`check::NtpQuestion`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct NtpQuestion {
    /// Who is asked.
    pub server: HostPort,
    /// Further away is degraded, microseconds.
    pub offset_max_us: u64,
    /// A higher stratum is degraded.
    pub stratum_max: u8,
}

impl From<&check::NtpQuestion> for NtpQuestion {
    fn from(question: &check::NtpQuestion) -> Self {
        let check::NtpQuestion { server, offset_max, stratum_max } = question;
        Self {
            server: server.into(),
            offset_max_us: micros(*offset_max),
            stratum_max: *stratum_max,
        }
    }
}

impl TryFrom<NtpQuestion> for check::NtpQuestion {
    type Error = CannotPut;

    fn try_from(question: NtpQuestion) -> Result<Self, CannotPut> {
        let NtpQuestion { server, offset_max_us, stratum_max } = question;
        if !(1..=Self::STRATUM_MAX).contains(&stratum_max) {
            return Err(cannot("there is no such stratum"));
        }
        let offset_max = Duration::from_micros(offset_max_us);
        Ok(Self { server: server.into(), offset_max, stratum_max })
    }
}
