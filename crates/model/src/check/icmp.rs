//! What an ICMP check asks; put by the probe's `icmp`.

use super::Host;
use crate::time::Duration;

/// Several ICMP echoes.
#[derive(Clone, PartialEq, Debug)]
pub struct IcmpQuestion {
    /// Whom.
    pub host: Host,
    /// How many echoes in one try, 1 to 20; default 3.
    pub echoes: u8,
    /// The time between two; default 200 ms.
    pub spacing: Duration,
    /// Up to this many lost is up; more is degraded, all is down. Default 0.
    pub lost_max: u8,
    /// Bytes of payload, 16 to 1400; default 32.
    pub payload_bytes: u16,
}
