//! How an SSH server identifies itself (RFC 4253, section 4.2), and a goodbye.
//!
//! It waits for the server's identification, says its own, and ends with a message that says why
//! (section 11.1), so that the server's log shows no broken connection. No keys are exchanged and nobody logs in:
//! it sees a server that takes connections and speaks, not whether people get in.

use crate::ask::{Answer, Equipment};
use crate::lines::{Limits, Lines};
use crate::{condition, net};
use blackstart_model::check::SshQuestion;
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode};
use tokio::time::Instant;

/// The longest identification, its CR LF not counted (RFC 4253, section 4.2: 255 with it).
const IDENTIFICATION_BYTES_MAX: usize = 253;

/// A server may say other lines before it, to people. RFC 4253 sets no limit; ours are a page of text (chosen
/// by hand; `OpenSSH`'s own client takes 1024 lines of 8 KiB).
const LIMITS: Limits = Limits { line_bytes_max: 1024, bytes_max: 16 << 10 };

/// Who we are; comments would only make it longer.
const OURS: &str = concat!("SSH-2.0-Blackstart_", env!("CARGO_PKG_VERSION"), "\r\n");

pub(crate) async fn ask(
    equipment: &Equipment,
    question: &SshQuestion,
    deadline: Instant,
) -> Answer {
    let mut lines = match Lines::open(equipment, &question.target, LIMITS, deadline).await {
        Ok(lines) => lines,
        Err(answer) => return answer,
    };
    match identification(&mut lines).await {
        Ok(theirs) => {
            let outcome = judge(question, &theirs, lines.started);
            lines.part(outcome, &[OURS.as_bytes(), &goodbye()].concat()).await
        }
        Err(outcome) => {
            // Not SSH, as far as we know: there is no word for a goodbye.
            lines.is_left();
            lines.part(outcome, &[]).await
        }
    }
}

/// The server's identification, which may come after other lines.
async fn identification(lines: &mut Lines) -> Result<String, Outcome> {
    let mut said = String::new();
    loop {
        let line =
            lines.line("its identification").await.map_err(|none| with_words(none, &said))?;
        if !line.starts_with(b"SSH-") {
            let is_text = !line.is_empty() && line.iter().all(|byte| matches!(byte, b' '..=b'~'));
            said = if is_text { String::from_utf8_lossy(&line).into_owned() } else { said };
            continue;
        }
        let is_text = line.iter().all(|&byte| byte != 0);
        if line.len() > IDENTIFICATION_BYTES_MAX || !is_text {
            let detail = "an identification longer than 255 bytes, or with a NUL in it";
            return Err(Outcome::unknown(NoAnswerCode::Unparsable, detail));
        }
        return Ok(String::from_utf8_lossy(&line).into_owned());
    }
}

/// Some servers say why they are about to close: `Exceeded MaxStartups`.
fn with_words(none: Outcome, said: &str) -> Outcome {
    let detail = |of: &str| {
        if said.is_empty() { of.to_owned() } else { format!("{of}; it said `{said}`") }
    };
    match none {
        Outcome::Down(symptom) => Outcome::down(symptom.code, detail(&symptom.detail)),
        Outcome::Unknown(why) => Outcome::unknown(why.code, detail(&why.detail)),
        Outcome::Up | Outcome::Degraded(_) => none,
    }
}

/// `SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3`: it is of version 2, and as expected.
fn judge(question: &SshQuestion, theirs: &str, started: Instant) -> Outcome {
    let version = theirs.split('-').nth(1).unwrap_or_default();
    // 1.99 is a server that speaks version 1 too (RFC 4253, section 5.1).
    if !["2.0", "1.99"].contains(&version) {
        let detail = format!("`{theirs}`: not version 2 of the protocol");
        return Outcome::down(SymptomCode::WrongGreeting, detail);
    }
    if let Some(broken) = condition::broken(&question.banner, &[theirs.as_bytes()]) {
        return Outcome::down(SymptomCode::WrongGreeting, format!("{broken} in `{theirs}`"));
    }
    net::up_unless_slow(question.slow, started)
}

/// `SSH_MSG_DISCONNECT`, by the application (RFC 4253, sections 6 and 11.1), before any key exchange: neither
/// encrypted nor with a code that proves it.
fn goodbye() -> Vec<u8> {
    const SSH_MSG_DISCONNECT: u8 = 1;
    const SSH_DISCONNECT_BY_APPLICATION: u32 = 11;
    /// Padding makes the whole packet a multiple of this, and is at least four bytes.
    const BLOCK: usize = 8;
    let why = b"Blackstart has seen enough";
    let mut payload = vec![SSH_MSG_DISCONNECT];
    payload.extend(SSH_DISCONNECT_BY_APPLICATION.to_be_bytes());
    payload.extend(u32::try_from(why.len()).expect("a short text").to_be_bytes());
    payload.extend(why);
    // No language tag.
    payload.extend(0_u32.to_be_bytes());
    let unpadded = 4 + 1 + payload.len();
    let padding = BLOCK + 4 - (unpadded + 4) % BLOCK;
    let length = 1 + payload.len() + padding;
    let mut packet = u32::try_from(length).expect("a short packet").to_be_bytes().to_vec();
    packet.push(u8::try_from(padding).expect("less than two blocks"));
    packet.extend(payload);
    packet.extend(std::iter::repeat_n(0, padding));
    packet
}

#[cfg(test)]
mod tests {
    use super::goodbye;

    #[test]
    fn a_goodbye_is_a_packet() {
        let packet = goodbye();
        let length = u32::from_be_bytes(*packet.first_chunk().expect("a length"));
        assert_eq!(packet.len(), 4 + usize::try_from(length).unwrap());
        assert_eq!(packet.len() % 8, 0, "RFC 4253, section 6");
        assert!(packet[4] >= 4, "at least four bytes of padding");
        let payload = &packet[5..packet.len() - usize::from(packet[4])];
        assert_eq!(payload[..9], [1, 0, 0, 0, 11, 0, 0, 0, 26]);
        assert_eq!(payload.len(), 9 + 26 + 4);
    }
}
