//! A conversation in lines after a script, with a server of any protocol that has them: lines are passed over until
//! one is as expected, and what was found in it can be said back.
//!
//! It knows nothing of what it speaks, so what a server says besides is of no account, and nobody logs in but by what
//! stands in the plant file for everybody to read. Tested in `tests/it/talk.rs`, and by the table of hostile servers.

use crate::ask::{Answer, Equipment};
use crate::lines::{Limits, Lines, shown};
use crate::{net, tls};
use blackstart_model::check::{Found, Pattern, Step, TalkQuestion};
use blackstart_model::observation::{Outcome, SymptomCode};
use tokio::time::Instant;

/// What blackbox_exporter takes in a line is 64 KiB; lines of protocols have some hundred bytes, and those of HTTP
/// a few thousand. In all, the longest news of the day that an IRC server greets with (chosen by hand).
const LIMITS: Limits = Limits { line_bytes_max: 4096, bytes_max: 64 << 10 };

/// The longest line that we say, bytes: what is found in theirs is said back, many times if the script has it so
/// (chosen by hand).
const SAID_BYTES_MAX: usize = 8 << 10;

pub(crate) async fn ask(
    equipment: &Equipment,
    question: &TalkQuestion,
    deadline: Instant,
) -> Answer {
    let target = question.connect.as_ref().unwrap_or(&question.target);
    let mut lines = match Lines::open(equipment, target, LIMITS, deadline).await {
        Ok(lines) => lines,
        Err(answer) => return answer,
    };
    let outcome = talk(equipment, question, &mut lines).await.unwrap_or_else(|outcome| outcome);
    let goodbye = question.goodbye.as_ref().map(|text| ended(text)).unwrap_or_default();
    let ends_by_saying = matches!(question.script.steps().last(), Some(Step::Send(_)));
    if goodbye.is_empty() && !ends_by_saying {
        // They wait for us, and there is no word for a goodbye.
        lines.is_left();
    }
    lines.part(outcome, &goodbye).await
}

/// All but the goodbye.
async fn talk(
    equipment: &Equipment,
    question: &TalkQuestion,
    lines: &mut Lines,
) -> Result<Outcome, Outcome> {
    // Of the last line that was waited for: the expression, and the line.
    let mut last: Option<(&Pattern, String)> = None;
    for step in question.script.steps() {
        match step {
            Step::Expect(pattern) => last = Some((pattern, expect(pattern, lines).await?)),
            Step::Send(text) => {
                let found = last.as_ref().and_then(|(pattern, line)| pattern.find(line));
                lines.say(&said(text, found)?).await?;
            }
            Step::Tls(asked) => {
                lines.secure(equipment, &question.target.host, asked).await?;
            }
        }
    }
    let expiry = question.tls().and_then(|asked| tls::judge_end(lines.certificate_ends_s(), asked));
    Ok(expiry.unwrap_or_else(|| net::up_unless_slow(question.slow, lines.started)))
}

/// The next line that is as expected.
async fn expect(pattern: &Pattern, lines: &mut Lines) -> Result<String, Outcome> {
    let what = format!("a line with `{}`", pattern.as_str());
    let mut last = String::new();
    loop {
        let line = lines.line_or_last(&what).await.map_err(|none| instead(none, &last))?;
        let text = String::from_utf8_lossy(&line).into_owned();
        if pattern.find(&text).is_some() {
            return Ok(text);
        }
        last = shown(&line);
    }
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
fn said(text: &str, found: Option<Found<'_>>) -> Result<Vec<u8>, Outcome> {
    let filled = found.map_or_else(|| text.to_owned(), |found| found.fill(text));
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
