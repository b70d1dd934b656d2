//! A conversation in lines, as SMTP, IMAP, Redis, the beginning of SSH and talks have it.
//!
//! Whatever the other side sends is taken up to a limit for one line and one for all, before one
//! deadline; what goes beyond is no answer that could be read. A conversation ends politely, whatever came
//! of it, as long as the connection is good. It knows no protocol. Tested through the checks that speak in
//! lines, and by the table of hostile servers.

use crate::ask::{Answer, Equipment, micros_since};
use crate::stream::Stream;
use crate::{clock, net};
use blackstart_model::check::{Host, HostPort, TlsQuestion};
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode, Timing};
use blackstart_model::time::Duration;
use std::net::IpAddr;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
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

/// A conversation.
pub(crate) struct Lines {
    stream: Stream,
    /// What has come, from `at` on not yet taken.
    buffer: Vec<u8>,
    at: usize,
    taken: usize,
    limits: Limits,
    deadline: Instant,
    /// When it was begun, before the name was resolved.
    pub(crate) started: Instant,
    timing: Timing,
    certificate_ends_s: Option<i64>,
    /// When the connection stood, or the last handshake was done.
    began: Instant,
    first: Option<Instant>,
    /// The other side has closed, broke off, or says more than can be read: there is nobody to part from.
    is_over: bool,
    /// The other side has said all that it had to say.
    is_at_end: bool,
}

impl Lines {
    /// Connects.
    pub(crate) async fn open(
        equipment: &Equipment,
        target: &HostPort,
        limits: Limits,
        deadline: Instant,
    ) -> Result<Self, Answer> {
        let started = clock::now();
        let mut timing = Timing::default();
        let stream = match net::connect(equipment, target, deadline, &mut timing).await {
            Ok(stream) => stream,
            Err(outcome) => return Err(Answer::of(outcome, timing)),
        };
        // Each thing we say is one small write; waiting to fill a segment would only add to its time.
        let _ = stream.set_nodelay(true);
        Ok(Self {
            stream: Stream::Plain(stream),
            buffer: Vec::new(),
            at: 0,
            taken: 0,
            limits,
            deadline,
            started,
            timing,
            certificate_ends_s: None,
            began: clock::now(),
            first: None,
            is_over: false,
            is_at_end: false,
        })
    }

    /// Goes over to TLS. What was sent in the clear behind the agreement to do so is of nobody knows whom
    /// (RFC 3207, section 6, and its erratum on commands that were injected), and ends the conversation.
    pub(crate) async fn secure(
        &mut self,
        equipment: &Equipment,
        host: &Host,
        question: &TlsQuestion,
    ) -> Result<(), Outcome> {
        if self.at < self.buffer.len() {
            self.is_over = true;
            let detail = "more in the clear where TLS should begin";
            return Err(Outcome::unknown(NoAnswerCode::Unparsable, detail));
        }
        self.is_over = true;
        let secured =
            self.stream.secure(equipment, host, question, self.deadline, &mut self.timing).await?;
        self.certificate_ends_s = secured;
        self.is_over = false;
        if self.first.is_none() {
            self.began = clock::now();
        }
        Ok(())
    }

    /// When the certificate that was shown ends.
    pub(crate) const fn certificate_ends_s(&self) -> Option<i64> {
        self.certificate_ends_s
    }

    /// The other side has said that it ends the conversation by itself.
    pub(crate) const fn is_left(&mut self) {
        self.is_over = true;
    }

    /// Our own address as a mail client without a name has it (RFC 5321, section 4.1.3): `[192.0.2.1]`.
    pub(crate) fn own_address_literal(&self) -> String {
        match self.stream.own_address() {
            Some(IpAddr::V6(address)) => format!("[IPv6:{address}]"),
            Some(IpAddr::V4(address)) => format!("[{address}]"),
            None => "[127.0.0.1]".to_owned(),
        }
    }

    /// The next line without its end, which is LF or CR LF. `what` names it in the words of an error: it
    /// did not come in time, or not whole, or is longer than it may be.
    pub(crate) async fn line(&mut self, what: &str) -> Result<Vec<u8>, Outcome> {
        let line_bytes_max = self.limits.line_bytes_max;
        let mut looked = self.at;
        loop {
            if let Some(found) = self.buffer[looked..].iter().position(|&byte| byte == b'\n') {
                let end = looked + found;
                let line = &self.buffer[self.at..end];
                let line = line.strip_suffix(b"\r").unwrap_or(line).to_vec();
                self.at = end + 1;
                // Its end may have come in the same piece as more than there may be.
                return if line.len() > line_bytes_max {
                    Err(self.too_long(what))
                } else {
                    Ok(line)
                };
            }
            if self.buffer.len() - self.at > line_bytes_max + 1 {
                return Err(self.too_long(what));
            }
            looked = self.buffer.len() - self.at;
            self.buffer.drain(..self.at);
            self.at = 0;
            self.read(what).await?;
        }
    }

    /// The next line, and when the other side has closed after words without an end of line, those.
    pub(crate) async fn line_or_last(&mut self, what: &str) -> Result<Vec<u8>, Outcome> {
        match self.line(what).await {
            Err(_) if self.is_at_end && self.at < self.buffer.len() => {
                let last = self.buffer.split_off(self.at);
                self.buffer.clear();
                self.at = 0;
                Ok(last)
            }
            line => line,
        }
    }

    /// Whether the next bytes are these, and what comes instead as soon as it is known that they are not.
    pub(crate) async fn are(
        &mut self,
        expected: &[u8],
        what: &str,
    ) -> Result<Result<(), Vec<u8>>, Outcome> {
        loop {
            let come = &self.buffer[self.at..];
            let come = &come[..come.len().min(expected.len())];
            if !expected.starts_with(come) {
                return Ok(Err(come.to_vec()));
            }
            if come.len() == expected.len() {
                self.at += expected.len();
                return Ok(Ok(()));
            }
            self.read(what).await?;
        }
    }

    /// So many bytes, as they are.
    pub(crate) async fn bytes(&mut self, count: usize, what: &str) -> Result<Vec<u8>, Outcome> {
        if count > self.limits.bytes_max {
            self.is_over = true;
            let detail = format!("{what} is to be {count} bytes long");
            return Err(Outcome::unknown(NoAnswerCode::Unparsable, detail));
        }
        while self.buffer.len() - self.at < count {
            self.read(what).await?;
        }
        let bytes = self.buffer[self.at..self.at + count].to_vec();
        self.at += count;
        Ok(bytes)
    }

    async fn read(&mut self, what: &str) -> Result<(), Outcome> {
        let bytes_max = self.limits.bytes_max;
        if self.taken >= bytes_max {
            self.is_over = true;
            let detail = format!("more than {bytes_max} bytes, and {what} is not whole");
            return Err(Outcome::unknown(NoAnswerCode::Unparsable, detail));
        }
        self.buffer.reserve(READ_BYTES);
        let mut limited = (&mut self.stream).take(READ_BYTES as u64);
        let read = match timeout_at(self.deadline, limited.read_buf(&mut self.buffer)).await {
            Ok(Ok(read)) => read,
            Ok(Err(error)) => {
                self.is_over = true;
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
            self.is_over = true;
            self.is_at_end = true;
            return Err(Outcome::down(SymptomCode::Closed, format!("before {what} was whole")));
        }
        self.first.get_or_insert_with(clock::now);
        self.taken += read;
        Ok(())
    }

    /// Says this.
    pub(crate) async fn say(&mut self, words: &[u8]) -> Result<(), Outcome> {
        let saying = async {
            self.stream.write_all(words).await?;
            self.stream.flush().await
        };
        let said = timeout_at(self.deadline, saying).await;
        self.is_over |= !matches!(said, Ok(Ok(())));
        match said {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(net::of_error(&error, "while it was asked")),
            Err(_) => Err(Outcome::down(SymptomCode::AnswerTimeout, "it takes nothing in")),
        }
    }

    /// Ends the conversation with these words, and the connection once the other side has, or after a moment:
    /// closing on what it still sends would be a reset, which servers write into their logs as an attack.
    pub(crate) async fn part(mut self, outcome: Outcome, words: &[u8]) -> Answer {
        let answer = self.answer(outcome);
        if self.is_over {
            return answer;
        }
        let deadline = self.parting_deadline();
        let parting = async {
            self.stream.write_all(words).await?;
            self.stream.flush().await?;
            self.drop_rest().await?;
            self.stream.shutdown().await
        };
        // Whatever comes of it, the answer stands.
        let _ = timeout_at(deadline, parting).await;
        answer
    }

    /// Ends a conversation that has no word for it: we say nothing more, and the other side closes, or a moment passes.
    /// What it still sends (a server of TLS 1.3 its tickets) would else be answered with a reset.
    pub(crate) async fn hang_up(mut self, outcome: Outcome) -> Answer {
        let answer = self.answer(outcome);
        if self.is_over {
            return answer;
        }
        let deadline = self.parting_deadline();
        let hanging_up = async {
            self.stream.shutdown().await?;
            self.drop_rest().await
        };
        let _ = timeout_at(deadline, hanging_up).await;
        answer
    }

    fn answer(&mut self, outcome: Outcome) -> Answer {
        let first = self.first.unwrap_or_else(clock::now);
        self.timing.wait_us = micros(first.saturating_duration_since(self.began));
        self.timing.read_us = self.first.map_or(0, micros_since);
        self.timing.total_us = micros_since(self.started);
        let mut answer = Answer::of(outcome, self.timing);
        answer.certificate_ends_s = self.certificate_ends_s;
        answer
    }

    fn parting_deadline(&self) -> Instant {
        self.deadline.min(clock::now() + PARTING)
    }

    /// Takes what the other side still says, until it closes or has said too much.
    async fn drop_rest(&mut self) -> std::io::Result<()> {
        let mut left = self.limits.bytes_max;
        let mut dropped = [0; 1024];
        while left > 0 {
            let read = self.stream.read(&mut dropped).await?;
            if read == 0 {
                break;
            }
            left = left.saturating_sub(read);
        }
        Ok(())
    }

    fn too_long(&mut self, what: &str) -> Outcome {
        self.is_over = true;
        Outcome::unknown(NoAnswerCode::Unparsable, format!("a line without end instead of {what}"))
    }

    /// What came is not of the protocol that was expected.
    pub(crate) fn not_of(&mut self, protocol: &str, line: &[u8]) -> Outcome {
        self.is_over = true;
        let detail = format!("not {protocol}: `{}`", shown(line));
        Outcome::unknown(NoAnswerCode::Unparsable, detail)
    }
}

/// Words from outside, for people: short, and only what prints.
pub(crate) fn shown(line: &[u8]) -> String {
    /// Half a line of a phone's page twice over (chosen by hand).
    const CHARACTERS_MAX: usize = 120;
    match std::str::from_utf8(line) {
        Ok(text) => text.trim().chars().filter(|c| !c.is_control()).take(CHARACTERS_MAX).collect(),
        Err(_) => {
            let prints = line.iter().filter(|byte| byte.is_ascii_graphic());
            prints.take(CHARACTERS_MAX).map(|byte| char::from(*byte)).collect()
        }
    }
}

fn micros(span: Duration) -> u32 {
    u32::try_from(span.as_micros()).unwrap_or(u32::MAX)
}
