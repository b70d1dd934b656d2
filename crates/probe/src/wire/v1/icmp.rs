//! The mirror of an ICMP question.

use super::{CannotPut, Host, cannot, micros};
use blackstart_model::check;
use blackstart_model::time::Duration;
use serde::{Deserialize, Serialize};

/// Mirrors [`check::IcmpQuestion`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct IcmpQuestion {
    /// Whom.
    pub host: Host,
    /// How many.
    pub echoes: u8,
    /// Microseconds between two.
    pub spacing_us: u64,
    /// Lost and still up.
    pub lost_max: u8,
    /// Payload.
    pub payload_bytes: u16,
}

impl From<&check::IcmpQuestion> for IcmpQuestion {
    fn from(icmp: &check::IcmpQuestion) -> Self {
        let check::IcmpQuestion { host, echoes, spacing, lost_max, payload_bytes } = icmp;
        Self {
            host: host.into(),
            echoes: *echoes,
            spacing_us: micros(*spacing),
            lost_max: *lost_max,
            payload_bytes: *payload_bytes,
        }
    }
}

impl TryFrom<IcmpQuestion> for check::IcmpQuestion {
    type Error = CannotPut;

    fn try_from(icmp: IcmpQuestion) -> Result<Self, CannotPut> {
        let IcmpQuestion { host, echoes, spacing_us, lost_max, payload_bytes } = icmp;
        if !(1..=20).contains(&echoes) || !(16..=1400).contains(&payload_bytes) {
            return Err(cannot("so many echoes, or so large ones, are not sent"));
        }
        Ok(Self {
            host: host.into(),
            echoes,
            spacing: Duration::from_micros(spacing_us),
            lost_max,
            payload_bytes,
        })
    }
}
