//! An SMTP server, up to the point where mail would begin (RFC 5321): greeting, `EHLO`, `STARTTLS` where asked
//! for (RFC 3207), and `QUIT` in any case as long as the connection is good.
//!
//! It waits for the greeting before it says a word, as a server that delays it expects of honest clients. It names
//! itself by its address (section 4.1.3), logs in nowhere and never says `MAIL`.

use crate::ask::{Answer, Equipment};
use crate::lines::{Limits, Lines, shown};
use crate::{condition, net, tls};
use blackstart_model::check::{DialogueQuestion, DialogueTls, TlsBegins};
use blackstart_model::observation::{Outcome, SymptomCode};
use tokio::time::Instant;

/// A reply line has 512 bytes at most (RFC 5321, section 4.5.3.1.5); servers of today say a little more.
/// In all, some sixty lines of capabilities (chosen by hand; Exchange says twenty).
const LIMITS: Limits = Limits { line_bytes_max: 1024, bytes_max: 32 << 10 };

/// Lines of one reply at most (chosen by hand).
const REPLY_LINES_MAX: usize = 100;

pub(crate) async fn ask(
    equipment: &Equipment,
    question: &DialogueQuestion,
    deadline: Instant,
) -> Answer {
    let target = question.connect.as_ref().unwrap_or(&question.target);
    let mut lines = match Lines::open(equipment, target, LIMITS, deadline).await {
        Ok(lines) => lines,
        Err(answer) => return answer,
    };
    let outcome = talk(equipment, question, &mut lines).await.unwrap_or_else(|outcome| outcome);
    lines.part(outcome, b"QUIT\r\n").await
}

/// All but the goodbye.
async fn talk(
    equipment: &Equipment,
    question: &DialogueQuestion,
    lines: &mut Lines,
) -> Result<Outcome, Outcome> {
    let host = &question.target.host;
    if let Some(DialogueTls { begins: TlsBegins::AtOnce, question }) = &question.tls {
        lines.secure(equipment, host, question).await?;
    }
    let greeting = Reply::read(lines, "its greeting").await?;
    if greeting.code != 220 {
        // 554 is a server that takes no mail, 421 one that is about to close (RFC 5321, section 3.1 and 3.8).
        return Err(Outcome::down(SymptomCode::NotAccepting, greeting.shown()));
    }
    let mut able = hello(lines).await?;
    if let Some(DialogueTls { begins: TlsBegins::ByStartTls, question }) = &question.tls {
        if !able.iter().any(|line| line.eq_ignore_ascii_case("STARTTLS")) {
            return Err(Outcome::down(SymptomCode::NoStartTls, "it does not offer it"));
        }
        lines.say(b"STARTTLS\r\n").await?;
        let reply = Reply::read(lines, "its answer to STARTTLS").await?;
        if reply.code != 220 {
            return Err(Outcome::down(SymptomCode::NoStartTls, reply.shown()));
        }
        lines.secure(equipment, host, question).await?;
        // What was said in the clear counts no more (RFC 3207, section 4.2).
        able = hello(lines).await?;
    }
    let words = greeting.lines.join(" ");
    if let Some(broken) = condition::broken(&question.greeting, &[words.as_bytes()]) {
        let detail = format!("{broken} in `{}`", shown(words.as_bytes()));
        return Ok(Outcome::down(SymptomCode::WrongGreeting, detail));
    }
    let able: Vec<&[u8]> = able.iter().map(String::as_bytes).collect();
    if let Some(broken) = condition::broken(&question.capabilities, &able) {
        return Ok(Outcome::down(SymptomCode::WrongCapability, broken));
    }
    let asked = question.tls.as_ref().map(|tls| &tls.question);
    let expiry = asked.and_then(|asked| tls::judge_end(lines.certificate_ends_s(), asked));
    Ok(expiry.unwrap_or_else(|| net::up_unless_slow(question.slow, lines.started)))
}

/// Says who we are; returns what the server can do, a keyword with its parameters each.
async fn hello(lines: &mut Lines) -> Result<Vec<String>, Outcome> {
    let name = lines.own_address_literal();
    lines.say(format!("EHLO {name}\r\n").as_bytes()).await?;
    let reply = Reply::read(lines, "its answer to EHLO").await?;
    if reply.code == 250 {
        return Ok(reply.lines.into_iter().skip(1).collect());
    }
    // One that is older than extensions can do nothing in particular (RFC 5321, section 3.2).
    if matches!(reply.code, 500 | 502 | 504) {
        lines.say(format!("HELO {name}\r\n").as_bytes()).await?;
        let reply = Reply::read(lines, "its answer to HELO").await?;
        if reply.code == 250 {
            return Ok(Vec::new());
        }
        return Err(Outcome::down(SymptomCode::NotAccepting, reply.shown()));
    }
    Err(Outcome::down(SymptomCode::NotAccepting, reply.shown()))
}

/// A reply (RFC 5321, section 4.2): one code, and the text of each of its lines.
struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Reply {
    async fn read(lines: &mut Lines, what: &str) -> Result<Self, Outcome> {
        let mut reply = Self { code: 0, lines: Vec::new() };
        loop {
            let line = lines.line(what).await?;
            let Some((code, is_last, text)) = parse(&line) else {
                return Err(lines.not_of("SMTP", &line));
            };
            let is_first = reply.lines.is_empty();
            if !is_first && code != reply.code || reply.lines.len() == REPLY_LINES_MAX {
                return Err(lines.not_of("one reply of SMTP", &line));
            }
            reply.code = code;
            reply.lines.push(text);
            if is_last {
                return Ok(reply);
            }
        }
    }

    fn shown(&self) -> String {
        let words = self.lines.join(" ");
        format!("{} {}", self.code, shown(words.as_bytes()))
    }
}

/// `250-SIZE 10240000`: the code, whether the line is the last of its reply, its text.
fn parse(line: &[u8]) -> Option<(u16, bool, String)> {
    let (code, rest) = line.split_at_checked(3)?;
    // RFC 5321, section 4.2: the first digit is 2 to 5, the second 0 to 5; servers are less strict with the latter.
    let fits = matches!(code[0], b'2'..=b'5') && code.iter().all(u8::is_ascii_digit);
    let code = std::str::from_utf8(code).ok()?.parse().ok().filter(|_| fits)?;
    let is_last = match rest.first() {
        None | Some(b' ') => true,
        Some(b'-') => false,
        Some(_) => return None,
    };
    Some((code, is_last, String::from_utf8_lossy(rest.get(1..).unwrap_or_default()).into_owned()))
}
