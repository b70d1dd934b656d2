//! A conversation after a script, with a server of any protocol: lines are passed over until one is as expected, and
//! what was found in it can be said back; or so many bytes have to be the expected ones.
//!
//! It knows nothing of what it speaks, so what a server says besides is of no account. A password that it says is never
//! in what it tells, also where a server repeats it. Tested in `tests/it/talk.rs`, and by the table of hostile servers.

use crate::ask::{Answer, Equipment};
use crate::lines::{Limits, Lines, shown};
use crate::{net, tls};
use blackstart_model::check::{Found, Label, Pattern, Step, TalkQuestion, filled};
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode};
use tokio::time::Instant;

/// What blackbox_exporter takes in a line is 64 KiB; lines of protocols have some hundred bytes, and those of HTTP
/// a few thousand. In all, the longest news of the day that an IRC server greets with (chosen by hand).
const LIMITS: Limits = Limits { line_bytes_max: 4096, bytes_max: 64 << 10 };

/// The longest line that we say, bytes: what is found in theirs is said back, many times if the script has it so
/// (chosen by hand).
const SAID_BYTES_MAX: usize = 8 << 10;

/// The longest value of a label, bytes: it is kept by whoever scrapes it (chosen by hand).
const LABEL_BYTES_MAX: usize = 1 << 10;

/// What stands where a server repeated the password.
const HIDDEN: &str = "[password]";

pub(crate) async fn ask(
    equipment: &Equipment,
    question: &TalkQuestion,
    deadline: Instant,
) -> Answer {
    // Before anything is said: a secret that is missing here is no fault of the server's.
    let password = match question.script.password() {
        None => None,
        Some(secret) => match equipment.secrets.value(&secret.0).and_then(sayable) {
            Ok(value) => Some(value),
            Err(why) => return Outcome::unknown(NoAnswerCode::NotEquipped, why).into(),
        },
    };
    let target = question.connect.as_ref().unwrap_or(&question.target);
    let mut lines = match Lines::open(equipment, target, LIMITS, deadline).await {
        Ok(lines) => lines,
        Err(answer) => return answer,
    };
    let talk = talk(equipment, question, password.as_deref(), &mut lines).await;
    let outcome = talk.unwrap_or_else(|outcome| outcome);
    let goodbye = question.goodbye.as_ref().map(|text| ended(text)).unwrap_or_default();
    let ends_by_saying =
        matches!(question.script.steps().last(), Some(Step::Send(_) | Step::SendBytes(_)));
    if goodbye.is_empty() && !ends_by_saying {
        // They wait for us, and there is no word for a goodbye.
        return lines.hang_up(outcome).await;
    }
    lines.part(outcome, &goodbye).await
}

/// All but the goodbye.
async fn talk(
    equipment: &Equipment,
    question: &TalkQuestion,
    password: Option<&str>,
    lines: &mut Lines,
) -> Result<Outcome, Outcome> {
    // Of the last line that was waited for: the expression, and the line.
    let mut last: Option<(&Pattern, String)> = None;
    for step in question.script.steps() {
        let found = || last.as_ref().and_then(|(pattern, line)| pattern.find(line));
        match step {
            Step::Expect(pattern) => {
                last = Some((pattern, expect(pattern, password, lines).await?))
            }
            Step::ExpectBytes(bytes) => {
                expect_bytes(equipment, bytes, password.is_some(), lines).await?
            }
            Step::Label(Label { name, value }) => equipment.notes.note(|seen| {
                let value = without(&filled(value, found().as_ref(), None), password);
                seen.labels.push((name.to_string(), short(value)));
            }),
            Step::Send(text) => lines.say(&said(text, found(), password)?).await?,
            Step::SendBytes(bytes) => lines.say(bytes).await?,
            Step::Tls(asked) => {
                lines.secure(equipment, &question.target.host, asked).await?;
            }
        }
    }
    let expiry = question.tls().and_then(|asked| tls::judge_end(lines.certificate_ends_s(), asked));
    Ok(expiry.unwrap_or_else(|| net::up_unless_slow(question.slow, lines.started)))
}

/// A password that can be part of a line.
fn sayable(value: String) -> Result<String, String> {
    if value.is_empty() || value.contains(char::is_control) {
        return Err("the password is empty, or has characters that end a line".to_owned());
    }
    Ok(value)
}

/// What a server said without our password: many repeat what they do not understand.
fn without(said: &str, password: Option<&str>) -> String {
    password.map_or_else(|| said.to_owned(), |password| said.replace(password, HIDDEN))
}

/// So much of it as a label may have.
fn short(mut value: String) -> String {
    value.truncate(value.floor_char_boundary(LABEL_BYTES_MAX));
    value
}

/// The next line that is as expected.
async fn expect(
    pattern: &Pattern,
    password: Option<&str>,
    lines: &mut Lines,
) -> Result<String, Outcome> {
    let what = format!("a line with `{}`", pattern.as_str());
    let mut last = String::new();
    loop {
        let line = lines.line_or_last(&what).await.map_err(|none| instead(none, &last))?;
        let text = String::from_utf8_lossy(&line).into_owned();
        if pattern.find(&text).is_some() {
            return Ok(text);
        }
        last = match password {
            None => shown(&line),
            Some(_) => shown(without(&text, password).as_bytes()),
        };
    }
}

/// As many bytes as are expected, which have to be these. The first wrong one is enough.
async fn expect_bytes(
    equipment: &Equipment,
    expected: &[u8],
    has_password: bool,
    lines: &mut Lines,
) -> Result<(), Outcome> {
    let what = format!("the bytes `{}`", shown_bytes(expected));
    let Err(come) = lines.are(expected, &what).await? else { return Ok(()) };
    equipment.notes.note(|seen| seen.has_other_bytes = true);
    let said = match has_password {
        false => format!("`{}`", shown_bytes(&come)),
        // A part of a password that it repeats may be among them, which would not be known again.
        true => "others".to_owned(),
    };
    Err(Outcome::down(SymptomCode::WrongAnswer, format!("instead of {what} it said {said}")))
}

/// Bytes for people: text when they are, and digits when not.
fn shown_bytes(bytes: &[u8]) -> String {
    /// Of 120 characters, as a line that is shown (chosen by hand).
    const BYTES_MAX: usize = 40;
    if bytes.iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return shown(bytes);
    }
    let hex: Vec<String> = bytes.iter().take(BYTES_MAX).map(|byte| format!("{byte:02x}")).collect();
    hex.join(" ")
}

/// Who says other things than what is expected answers wrongly; who says nothing does not answer.
fn instead(none: Outcome, last: &str) -> Outcome {
    let detail = |of: &str| format!("{of}; it said `{last}`");
    match none {
        _ if last.is_empty() => none,
        Outcome::Down(symptom) => Outcome::down(SymptomCode::WrongAnswer, detail(&symptom.detail)),
        Outcome::Unknown(why) => Outcome::unknown(why.code, detail(&why.detail)),
        Outcome::Up | Outcome::Degraded(_) => none,
    }
}

/// What is said, with what was found.
fn said(text: &str, found: Option<Found<'_>>, password: Option<&str>) -> Result<Vec<u8>, Outcome> {
    let filled = filled(text, found.as_ref(), password);
    if filled.len() > SAID_BYTES_MAX {
        let detail = "what it said is too long to be said back";
        return Err(Outcome::down(SymptomCode::WrongAnswer, detail));
    }
    Ok(ended(&filled))
}

/// A line with its end: CR LF, unless it says of itself where it ends.
fn ended(text: &str) -> Vec<u8> {
    let end = if text.ends_with('\n') { "" } else { "\r\n" };
    [text, end].concat().into_bytes()
}
