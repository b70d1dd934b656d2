//! The only place of this crate that reads clocks: monotonic ones, and the wall clock for the two
//! questions that are about it, whether a certificate is still valid and how far a time server's clock is from ours.
#![expect(clippy::disallowed_methods, reason = "the one module of the probe that reads clocks")]

use blackstart_model::time::Duration;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

/// The clock all deadlines are set by. It stands still while the host sleeps.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Now on the grid's own scale: time since the host started. Every process of one boot counts from the
/// same zero, so a restart finds the grid where it was.
pub(crate) fn since_boot() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// How much longer the host has been up than awake, in all. Grows only while it sleeps.
pub(crate) fn slept() -> Duration {
    let boot = clock_gettime(ClockId::Boottime);
    let boot = Duration::new(boot.tv_sec.unsigned_abs(), u32::try_from(boot.tv_nsec).unwrap_or(0));
    boot.saturating_sub(since_boot())
}

/// Seconds since 1970 by the wall clock, to compare with the dates of certificates.
pub(crate) fn unix_s() -> i64 {
    clock_gettime(ClockId::Realtime).tv_sec
}

/// Since 1970 by the wall clock, to compare with the clock of a time server; zero before that.
pub(crate) fn unix() -> Duration {
    let now = clock_gettime(ClockId::Realtime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}
