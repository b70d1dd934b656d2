//! What the two dialogues with a database have in common: how much is read, by when, and what the first
//! value of an answer is worth.
//!
//! It never writes to a database: who asks ([`crate::postgres`], [`crate::mariadb`]) puts a statement
//! only where nothing can be written. Nothing here waits beyond the check's deadline, and nothing is
//! kept of an answer but its first value. Tested on values here, and through the checks in `tests/it`.

use crate::ask::Equipment;
use crate::{clock, net};
use blackstart_model::check::{DatabaseQuestion, DatabaseRole, DatabaseSession, ValueCondition};
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode};
use blackstart_model::time::Duration;
use bytes::BytesMut;
use std::future::Future;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

/// Who is named when nobody signs in. No such account is expected: the refusal is the answer.
pub(crate) const NOBODY: &str = "blackstart";

/// Bytes of everything that a server says in one session, at most (chosen by hand: a greeting and one
/// row are some hundred bytes, and a first value this long is no figure to compare).
const SAYS_BYTES_MAX: usize = 256 << 10;

/// How long a goodbye may take when the deadline has passed: it is one small write.
const GOODBYE_WITHIN: Duration = Duration::from_millis(50);

/// Characters of a value that are told.
const TOLD_CHARS_MAX: usize = 60;

/// A conversation over a stream, of which only so much is read, and only until the deadline.
pub(crate) struct Conversation<S> {
    stream: S,
    /// What was read and not yet taken.
    pub(crate) heard: BytesMut,
    left: usize,
    deadline: Instant,
    /// What is said at the end; nothing until there is a session to end.
    pub(crate) goodbye: &'static [u8],
}

impl<S: AsyncRead + AsyncWrite + Unpin> Conversation<S> {
    pub(crate) fn over(stream: S, deadline: Instant) -> Self {
        Self { stream, heard: BytesMut::new(), left: SAYS_BYTES_MAX, deadline, goodbye: b"" }
    }

    /// Says this, and waits until it is on its way.
    pub(crate) async fn say(&mut self, words: &[u8], what: &str) -> Result<(), Outcome> {
        let Self { stream, deadline, .. } = self;
        let said = async {
            stream.write_all(words).await?;
            stream.flush().await
        };
        within(*deadline, what, said).await
    }

    /// Reads on until this many bytes are there.
    pub(crate) async fn hear(&mut self, bytes: usize, what: &str) -> Result<(), Outcome> {
        while self.heard.len() < bytes {
            if bytes - self.heard.len() > self.left {
                let detail = format!("{what}: more than {} KiB", SAYS_BYTES_MAX >> 10);
                return Err(Outcome::unknown(NoAnswerCode::Unparsable, detail));
            }
            let Self { stream, heard, left, deadline, goodbye: _ } = self;
            let mut limited = stream.take(*left as u64);
            let read = within(*deadline, what, limited.read_buf(heard)).await?;
            if read == 0 {
                return Err(Outcome::down(SymptomCode::Closed, what));
            }
            *left -= read;
        }
        Ok(())
    }

    /// How long until the deadline.
    pub(crate) fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(clock::now())
    }

    /// Ends it, with a goodbye where there is a session, whatever was said before.
    pub(crate) async fn end(mut self) {
        let by = self.deadline.max(clock::now() + GOODBYE_WITHIN);
        let parting = async {
            self.stream.write_all(self.goodbye).await?;
            self.stream.shutdown().await
        };
        let _ = timeout_at(by, parting).await;
    }

    /// The stream itself, when nothing was read beyond what was taken.
    pub(crate) fn into_stream(self) -> Option<S> {
        self.heard.is_empty().then_some(self.stream)
    }
}

/// Something that ends by the deadline, or is a symptom.
async fn within<T>(
    deadline: Instant,
    what: &str,
    doing: impl Future<Output = io::Result<T>>,
) -> Result<T, Outcome> {
    match timeout_at(deadline, doing).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(net::of_error(&error, what)),
        Err(_) => Err(Outcome::down(SymptomCode::AnswerTimeout, what)),
    }
}

/// The longest that the server may work on a statement: nine tenths of the time left, so that it has
/// ended it, and said so, before we turn away. At least a millisecond: 0 would mean for ever.
pub(crate) fn statement_time(left: Duration) -> Duration {
    (left / 10 * 9).max(Duration::from_millis(1))
}

/// The password of whoever signs in.
pub(crate) fn password(
    equipment: &Equipment,
    question: &DatabaseQuestion,
) -> Result<Option<String>, Outcome> {
    let secret = question.session.as_ref().and_then(|session| session.password.as_ref());
    secret
        .map(|secret| equipment.secrets.value(&secret.0))
        .transpose()
        .map_err(|why| Outcome::unknown(NoAnswerCode::NotEquipped, why))
}

/// What is wrong with the role of a server, if anything.
pub(crate) fn judge_role(session: &DatabaseSession, is: DatabaseRole) -> Option<Outcome> {
    let expected = session.role.filter(|expected| *expected != is)?;
    Some(Outcome::down(SymptomCode::WrongRole, format!("{is}, expected {expected}")))
}

/// The first column of the first row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum First {
    /// There is no row, or a row without a column.
    None,
    /// It is NULL.
    Null,
    /// As the server writes it.
    Text(String),
}

/// What is wrong with an answer, if anything.
pub(crate) fn judge(first: &First, conditions: &[ValueCondition]) -> Option<Outcome> {
    let failed = conditions.iter().find(|condition| !holds(first, condition))?;
    let got = match first {
        First::None => "no row".to_owned(),
        First::Null => "NULL".to_owned(),
        First::Text(text) => format!("`{}`", text.chars().take(TOLD_CHARS_MAX).collect::<String>()),
    };
    let expected = match failed {
        ValueCondition::Is(text) => format!("`{text}`"),
        ValueCondition::AtLeast(least) => format!("at least {least}"),
        ValueCondition::AtMost(most) => format!("at most {most}"),
    };
    Some(Outcome::down(SymptomCode::WrongAnswer, format!("{got}, expected {expected}")))
}

fn holds(first: &First, condition: &ValueCondition) -> bool {
    let First::Text(text) = first else { return false };
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    match condition {
        ValueCondition::Is(expected) => {
            **expected == **text || number(text).is_some_and(|got| number(expected) == Some(got))
        }
        ValueCondition::AtLeast(least) => number(text).is_some_and(|got| got >= *least),
        ValueCondition::AtMost(most) => number(text).is_some_and(|got| got <= *most),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(first: &First, condition: ValueCondition) -> String {
        judge(first, &[condition]).map_or_else(|| "fine".to_owned(), |wrong| wrong.to_string())
    }

    #[test]
    fn a_value_is_a_text_or_a_number_and_nothing_is_neither() {
        let text = |text: &str| First::Text(text.to_owned());
        let is = |expected: &str| ValueCondition::Is(expected.into());
        assert_eq!(judged(&text("on"), is("on")), "fine");
        assert_eq!(judged(&text("2.50"), is("2.5")), "fine");
        assert_eq!(judged(&text("on"), is("off")), "down(wrong-answer: `on`, expected `off`)");
        assert_eq!(judged(&text("10"), ValueCondition::AtLeast(9.5)), "fine");
        let few = judged(&text("-1"), ValueCondition::AtLeast(0.0));
        assert_eq!(few, "down(wrong-answer: `-1`, expected at least 0)");
        let many = judged(&text("11"), ValueCondition::AtMost(10.0));
        assert_eq!(many, "down(wrong-answer: `11`, expected at most 10)");
        for no_number in ["", "many", "NaN", "inf"] {
            assert_ne!(judged(&text(no_number), ValueCondition::AtMost(10.0)), "fine");
        }
        let none = judged(&First::None, ValueCondition::AtMost(1.0));
        assert_eq!(none, "down(wrong-answer: no row, expected at most 1)");
        assert_eq!(judged(&First::Null, is("")), "down(wrong-answer: NULL, expected ``)");
    }
}
