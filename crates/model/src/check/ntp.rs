//! What is asked of a time server.

use super::HostPort;
use crate::time::Duration;

/// One exchange with a time server (RFC 5905, client mode).
#[derive(Clone, PartialEq, Debug)]
pub struct NtpQuestion {
    /// Who is asked; port 123 unless given.
    pub server: HostPort,
    /// Its clock may be so far from that of the vantage; beyond is degraded. Default [`NtpQuestion::OFFSET_MAX`].
    pub offset_max: Duration,
    /// A higher stratum is degraded; 1 to 15. Default 15.
    pub stratum_max: u8,
}

impl NtpQuestion {
    /// The offset from which a client steps its clock instead of slewing it: `STEPT` of RFC 5905, section 7.3.
    pub const OFFSET_MAX: Duration = Duration::from_millis(125);

    /// The highest stratum of a server that has the time; 16 says that it has not (RFC 5905, section 7.3).
    pub const STRATUM_MAX: u8 = 15;
}
