//! An IMAP server, up to the point where somebody would log in (RFC 9051, and RFC 3501 before it): greeting,
//! `CAPABILITY`, `STARTTLS` where asked for, and `LOGOUT` in any case as long as the connection is good.

use crate::ask::{Answer, Equipment};
use crate::lines::{Limits, Lines, shown};
use crate::{condition, net, tls};
use blackstart_model::check::{DialogueQuestion, DialogueTls, TlsBegins};
use blackstart_model::observation::{Outcome, SymptomCode};
use tokio::time::Instant;

/// RFC 9051, section 4, advises for lines of commands 8,000 bytes at most; servers keep to it in what they
/// say. In all, some of these (chosen by hand).
const LIMITS: Limits = Limits { line_bytes_max: 8_000, bytes_max: 32 << 10 };

/// Lines before one that is waited for at most (chosen by hand): a server may say other things in between.
const OTHERS_MAX: usize = 100;

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
    lines.part(outcome, b"bye LOGOUT\r\n").await
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
    let greeting = greeting(lines).await?;
    let mut able = capabilities(lines, "a1").await?;
    if let Some(DialogueTls { begins: TlsBegins::ByStartTls, question }) = &question.tls {
        if !able.split(' ').any(|one| one.eq_ignore_ascii_case("STARTTLS")) {
            return Err(Outcome::down(SymptomCode::NoStartTls, "it does not offer it"));
        }
        if let Err(refused) = command(lines, "a2", "STARTTLS").await?.done {
            return Err(Outcome::down(SymptomCode::NoStartTls, refused));
        }
        lines.secure(equipment, host, question).await?;
        // What was said in the clear counts no more (RFC 9051, section 6.2.1).
        able = capabilities(lines, "a3").await?;
    }
    if let Some(broken) = condition::broken(&question.greeting, &[greeting.as_bytes()]) {
        let detail = format!("{broken} in `{}`", shown(greeting.as_bytes()));
        return Ok(Outcome::down(SymptomCode::WrongGreeting, detail));
    }
    if let Some(broken) = condition::broken(&question.capabilities, &[able.as_bytes()]) {
        return Ok(Outcome::down(SymptomCode::WrongCapability, broken));
    }
    let asked = question.tls.as_ref().map(|tls| &tls.question);
    let expiry = asked.and_then(|asked| tls::judge_end(lines.certificate_ends_s(), asked));
    Ok(expiry.unwrap_or_else(|| net::up_unless_slow(question.slow, lines.started)))
}

/// `* OK …`, or `* PREAUTH …`; `* BYE …` is a server that takes nobody (RFC 9051, section 7.1).
async fn greeting(lines: &mut Lines) -> Result<String, Outcome> {
    let line = lines.line("its greeting").await?;
    let text = String::from_utf8_lossy(&line).into_owned();
    let word = text.strip_prefix("* ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    match word.to_ascii_uppercase().as_str() {
        "OK" | "PREAUTH" => Ok(text["* ".len()..].to_owned()),
        "BYE" => {
            lines.is_left();
            Err(Outcome::down(SymptomCode::NotAccepting, shown(&line[2..])))
        }
        _ => Err(lines.not_of("IMAP", &line)),
    }
}

/// What the server says that it can do, as one line of words.
async fn capabilities(lines: &mut Lines, tag: &str) -> Result<String, Outcome> {
    let Told { others, done } = command(lines, tag, "CAPABILITY").await?;
    if let Err(refused) = done {
        return Err(Outcome::down(
            SymptomCode::WrongCapability,
            format!("it tells none: {refused}"),
        ));
    }
    let told = others.iter().find_map(|line| {
        let (word, rest) = line.split_at_checked("CAPABILITY ".len())?;
        word.eq_ignore_ascii_case("CAPABILITY ").then(|| rest.to_owned())
    });
    told.ok_or_else(|| lines.not_of("IMAP", b"an answer to CAPABILITY without any"))
}

/// What came of a command.
struct Told {
    /// What the server said before its end, each without its `* `.
    others: Vec<String>,
    /// Whether it was done; the server's words when it was not.
    done: Result<(), String>,
}

async fn command(lines: &mut Lines, tag: &str, command: &str) -> Result<Told, Outcome> {
    lines.say(format!("{tag} {command}\r\n").as_bytes()).await?;
    let what = format!("its answer to {command}");
    let mut others = Vec::new();
    while others.len() < OTHERS_MAX {
        let line = lines.line(&what).await?;
        let text = String::from_utf8_lossy(&line);
        if let Some(other) = text.strip_prefix("* ") {
            if other.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("BYE ")) {
                lines.is_left();
                return Err(Outcome::down(SymptomCode::NotAccepting, shown(other.as_bytes())));
            }
            others.push(other.to_owned());
            continue;
        }
        let end = text.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' '));
        let Some(end) = end else { break };
        let is_done = end.get(..2).is_some_and(|word| word.eq_ignore_ascii_case("OK"));
        let done = if is_done { Ok(()) } else { Err(shown(end.as_bytes())) };
        return Ok(Told { others, done });
    }
    Err(lines.not_of("IMAP", format!("no end of {what}").as_bytes()))
}
