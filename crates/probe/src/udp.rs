//! One question and its answer as datagrams: a socket of our own, sent again within the deadline.
//!
//! The socket is connected, so that the kernel lets nothing in but what comes from the address asked, and tells of a
//! closed port. What an answer has to carry besides (an id, a time we sent) is for its protocol to say. Tested through
//! the kinds of check that ask so.

use crate::{clock, net};
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode};
use blackstart_model::time::Duration;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::net::UdpSocket;
use tokio::time::{Instant, timeout_at};

/// How often a question is sent at most.
const SENDS_MAX: u32 = 3;

/// The first wait for an answer before it is sent again; shorter when the deadline is near.
const RESEND_AFTER: Duration = Duration::from_secs(1);

/// What a datagram is to the one who asked.
pub(crate) enum Heard<T> {
    /// The answer.
    Answer(T),
    /// Of somebody else, or to an older question: it counts for nothing.
    NotOurs,
    /// It can be read as no answer of this protocol.
    Unreadable,
}

/// A socket to one address.
pub(crate) struct Dialogue {
    socket: UdpSocket,
    peer: SocketAddr,
    /// One byte longer than an answer may be.
    buffer: Vec<u8>,
}

impl Dialogue {
    /// To this address. A datagram longer than so many bytes is no answer.
    pub(crate) async fn with(peer: SocketAddr, bytes_max: usize) -> Result<Self, Outcome> {
        let failed = |error: std::io::Error| net::of_error(&error, &peer.to_string());
        let bind: SocketAddr = match peer {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(bind).await.map_err(failed)?;
        socket.connect(peer).await.map_err(failed)?;
        Ok(Self { socket, peer, buffer: vec![0; bytes_max + 1] })
    }

    /// Asks until there is an answer or the deadline has passed. `compose` makes each datagram anew; `read` says what
    /// came, and when.
    ///
    /// # Errors
    /// The outcome when there is none: refused, no answer, or only such that cannot be read.
    pub(crate) async fn ask<T>(
        &mut self,
        deadline: Instant,
        mut compose: impl FnMut() -> Vec<u8>,
        mut read: impl FnMut(&[u8], Instant) -> Heard<T>,
    ) -> Result<T, Outcome> {
        let Self { socket, peer, buffer } = self;
        let failed = |error: std::io::Error| net::of_error(&error, &peer.to_string());
        let mut unreadable = false;
        for send in 1..=SENDS_MAX {
            socket.send(&compose()).await.map_err(failed)?;
            let now = clock::now();
            let wait = if send == SENDS_MAX {
                deadline
            } else {
                let share = deadline.saturating_duration_since(now) / (SENDS_MAX - send + 1);
                now + share.min(RESEND_AFTER * send)
            };
            while let Ok(received) = timeout_at(wait, socket.recv(buffer)).await {
                let bytes = received.map_err(failed)?;
                let heard = if bytes < buffer.len() {
                    read(&buffer[..bytes], clock::now())
                } else {
                    Heard::Unreadable
                };
                match heard {
                    Heard::Answer(answer) => return Ok(answer),
                    Heard::NotOurs => {}
                    Heard::Unreadable => unreadable = true,
                }
                // A flood of what is none keeps the socket ready: the deadline holds all the same.
                if clock::now() >= wait {
                    break;
                }
            }
        }
        Err(if unreadable {
            let detail = format!("{peer}: what came is no answer of this protocol");
            Outcome::unknown(NoAnswerCode::Unparsable, detail)
        } else {
            Outcome::down(SymptomCode::AnswerTimeout, peer.to_string())
        })
    }
}

/// Hard to guess from outside, and no secret: std's hash keys are drawn from the system.
pub(crate) fn random() -> u64 {
    use std::hash::{BuildHasher as _, Hasher as _};
    let mut hasher = std::hash::RandomState::new().build_hasher();
    hasher.write_u8(0);
    hasher.finish()
}
