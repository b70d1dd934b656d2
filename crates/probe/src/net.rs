//! Reaching a host: its addresses, one connection, and what each error says about whom.
//!
//! An error is a symptom of the target (`down`) only where the target, or the path to it, gave it.
//! What our own host refuses us (no sockets left, no permission) is `unknown`.

use crate::ask::{Equipment, micros_since};
use crate::clock;
use blackstart_model::check::HostPort;
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode, Timing};
use rustix::io::Errno;
use std::io;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// Addresses of one name that are tried at most.
const ADDRESSES_MAX: usize = 8;

/// A connection to a target, by the first of its addresses that takes one.
pub(crate) async fn connect(
    equipment: &Equipment,
    target: &HostPort,
    deadline: Instant,
    timing: &mut Timing,
) -> Result<TcpStream, Outcome> {
    let started = clock::now();
    let addresses = equipment.resolver.addresses(&target.host, deadline).await?;
    timing.resolve_us = micros_since(started);
    equipment.notes.note(|seen| seen.address = addresses.first().copied());
    let connecting = clock::now();
    let mut last = Outcome::down(SymptomCode::NoAddress, "");
    let count = addresses.len().min(ADDRESSES_MAX);
    for (tried, address) in addresses.into_iter().take(count).enumerate() {
        let address = SocketAddr::new(address, target.port);
        let left = u32::try_from(count - tried).unwrap_or(1);
        let now = clock::now();
        // Each address may use its share of what is left, the last one all of it.
        let share = now + deadline.saturating_duration_since(now) / left;
        match timeout_at(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                timing.connect_us = micros_since(connecting);
                equipment.notes.note(|seen| seen.address = Some(address.ip()));
                return Ok(stream);
            }
            Ok(Err(error)) => last = of_error(&error, &address.to_string()),
            Err(_) => last = Outcome::down(SymptomCode::ConnectTimeout, address.to_string()),
        }
    }
    timing.connect_us = micros_since(connecting);
    Err(last)
}

/// What an error of a socket says.
pub(crate) fn of_error(error: &io::Error, of: &str) -> Outcome {
    use SymptomCode::{Closed, ConnectTimeout, Refused, Unreachable};
    let down = |code| Outcome::down(code, of);
    let ours = |code| Outcome::unknown(code, format!("{of}: {error}"));
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::CONNREFUSED) => down(Refused),
        Some(Errno::NETUNREACH | Errno::HOSTUNREACH | Errno::NETDOWN | Errno::HOSTDOWN) => {
            down(Unreachable)
        }
        Some(Errno::TIMEDOUT) => down(ConnectTimeout),
        Some(Errno::CONNRESET | Errno::PIPE | Errno::CONNABORTED | Errno::NOTCONN) => down(Closed),
        Some(Errno::ACCESS | Errno::PERM) => ours(NoAnswerCode::NoPermission),
        Some(
            Errno::MFILE
            | Errno::NFILE
            | Errno::NOBUFS
            | Errno::NOMEM
            | Errno::ADDRNOTAVAIL
            | Errno::AGAIN
            | Errno::ADDRINUSE,
        ) => ours(NoAnswerCode::Exhausted),
        Some(_) => ours(NoAnswerCode::NotEquipped),
        None if error.kind() == io::ErrorKind::UnexpectedEof => down(Closed),
        None => ours(NoAnswerCode::Unparsable),
    }
}

/// Up, or degraded when it took longer than it should.
pub(crate) fn up_unless_slow(
    slow: Option<blackstart_model::time::Duration>,
    started: Instant,
) -> Outcome {
    let took = clock::now().duration_since(started);
    match slow {
        Some(slow) if took > slow => {
            let detail =
                format!("{} ms, expected within {} ms", took.as_millis(), slow.as_millis());
            Outcome::degraded(SymptomCode::Slow, detail)
        }
        Some(_) | None => Outcome::Up,
    }
}
