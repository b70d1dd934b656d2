//! The only place of the agent that reads clocks: none of them is a wall clock, for no clock of one
//! machine is compared with that of another.
#![expect(clippy::disallowed_methods, reason = "the one module of the agent that reads clocks")]

use blackstart_model::time::Duration;
use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

/// For spans within one connection.
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}

/// How long the host has been up, its sleep included: what the agent sees is stamped with it, and so an
/// age goes on growing while the host sleeps and while the agent is not running.
pub(crate) fn since_boot() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Which start of the host it is: stamps of another one count from another zero.
pub(crate) fn boot_id() -> std::io::Result<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    Ok(text.trim().to_owned())
}
