//! A conversation in lines, as SMTP, IMAP, Redis and the beginning of SSH have it.
//!
//! Whatever the other side sends is taken up to a limit for one line and one for all, before one
//! deadline; what goes beyond is no answer that could be read. It knows no protocol. Tested through the
//! checks that speak in lines, and by the table of hostile servers.

use crate::ask::micros_since;
use crate::{clock, net};
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode, Timing};
use blackstart_model::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

/// How much is taken from the connection at once, bytes.
const READ_BYTES: usize = 4 << 10;

/// How long the other side may take to say goodbye: its answer is known by then, so more would only keep a
/// socket (chosen by hand).
const PARTING: Duration = Duration::from_secs(1);

/// How much the other side may say, bytes.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// In one line, its end not counted.
    pub(crate) line_bytes_max: usize,
    /// In all.
    pub(crate) bytes_max: usize,
}

/// A connection, and what of it was not yet taken.
pub(crate) struct Lines<S> {
    stream: S,
    /// What has come, from `at` on not yet taken.
    buffer: Vec<u8>,
    at: usize,
    taken: usize,
    limits: Limits,
    deadline: Instant,
    began: Instant,
    first: Option<Instant>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Lines<S> {
    /// The waiting begins now.
    pub(crate) fn new(stream: S, limits: Limits, deadline: Instant) -> Self {
        let began = clock::now();
        Self { stream, buffer: Vec::new(), at: 0, taken: 0, limits, deadline, began, first: None }
    }

    /// The next line without its end, which is LF or CR LF. `what` names it in the words of an error: it
    /// did not come in time, or not whole, or is longer than it may be.
    pub(crate) async fn line(&mut self, what: &str) -> Result<Vec<u8>, Outcome> {
        let Limits { line_bytes_max, bytes_max } = self.limits;
        let mut looked = self.at;
        loop {
            if let Some(found) = self.buffer[looked..].iter().position(|&byte| byte == b'\n') {
                let end = looked + found;
                let line = self.buffer[self.at..end].strip_suffix(b"\r");
                let line = line.unwrap_or(&self.buffer[self.at..end]).to_vec();
                self.at = end + 1;
                // Its end may have come in the same piece as more than there may be.
                return if line.len() > line_bytes_max { Err(too_long(what)) } else { Ok(line) };
            }
            if self.buffer.len() - self.at > line_bytes_max + 1 {
                return Err(too_long(what));
            }
            if self.taken >= bytes_max {
                let detail = format!("more than {bytes_max} bytes, and {what} is not whole");
                return Err(Outcome::unknown(NoAnswerCode::Unparsable, detail));
            }
            looked = self.buffer.len() - self.at;
            self.buffer.drain(..self.at);
            self.at = 0;
            self.read(what).await?;
        }
    }

    async fn read(&mut self, what: &str) -> Result<(), Outcome> {
        self.buffer.reserve(READ_BYTES);
        let mut limited = (&mut self.stream).take(READ_BYTES as u64);
        let read = match timeout_at(self.deadline, limited.read_buf(&mut self.buffer)).await {
            Ok(Ok(read)) => read,
            Ok(Err(error)) => {
                return Err(net::of_error(&error, &format!("before {what} was whole")));
            }
            Err(_) => {
                let detail = match self.buffer.len() - self.at {
                    0 => format!("nothing of {what}"),
                    _ => format!("a part of {what}"),
                };
                return Err(Outcome::down(SymptomCode::AnswerTimeout, detail));
            }
        };
        if read == 0 {
            return Err(Outcome::down(SymptomCode::Closed, format!("before {what} was whole")));
        }
        self.first.get_or_insert_with(clock::now);
        self.taken += read;
        Ok(())
    }

    /// Where the time of the conversation went.
    pub(crate) fn times(&self, timing: &mut Timing) {
        let first = self.first.unwrap_or_else(clock::now);
        timing.wait_us = micros(first.duration_since(self.began));
        timing.read_us = self.first.map_or(0, micros_since);
    }

    /// Says this last, and ends the connection once the other side has, or after a moment: closing on what
    /// it still sends would be a reset, which servers write into their logs as an attack.
    pub(crate) async fn part(mut self, words: &[u8]) {
        let parting = async {
            self.stream.write_all(words).await?;
            self.stream.shutdown().await?;
            let mut left = self.limits.bytes_max;
            let mut dropped = [0; 1024];
            while left > 0 {
                let read = self.stream.read(&mut dropped).await?;
                if read == 0 {
                    break;
                }
                left = left.saturating_sub(read);
            }
            Ok::<_, std::io::Error>(())
        };
        // Whatever comes of it, the answer stands.
        let _ = timeout_at(self.deadline.min(clock::now() + PARTING), parting).await;
    }
}

fn too_long(what: &str) -> Outcome {
    Outcome::unknown(NoAnswerCode::Unparsable, format!("a line without end instead of {what}"))
}

fn micros(span: Duration) -> u32 {
    u32::try_from(span.as_micros()).unwrap_or(u32::MAX)
}
