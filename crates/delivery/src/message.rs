//! One message, as every way to tell takes it.

use blackstart_model::record::{FaultName, Particulars};
use blackstart_model::time::Timestamp;

/// What is told, of what.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The same for every repeat of this message, and for no other.
    pub key: &'a str,
    /// The same for all messages about one matter, from its beginning to its end.
    pub thread: &'a str,
    /// Which part of that matter it tells.
    pub matter: Matter,
    /// The plant's name.
    pub plant: &'a str,
    /// What tells this installation from every other.
    pub installation: &'a str,
    /// The alert's number, `A7`.
    pub alert: &'a str,
    /// The incident's number, `I7`; `None` when it is about ourselves.
    pub incident: Option<&'a str>,
    /// What it tells, by its code: `opened`.
    pub news: &'a str,
    /// One line.
    pub subject: &'a str,
    /// The message, plain text.
    pub text: &'a str,
    /// An earlier attempt may have arrived.
    pub repeat: bool,
    /// When it was decided, where that is known.
    pub decided_at: Option<Timestamp>,
    /// The same for machines.
    pub particulars: Option<&'a Particulars>,
    /// How urgent the matter was when it was first told: what somebody sorts by must not change.
    pub first_urgency: Option<&'a str>,
    /// Where a browser shows more.
    pub link: Option<&'a str>,
}

/// Which part of a matter a message tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Matter {
    /// It has begun, or goes on.
    Lasts,
    /// It goes on, and somebody has taken it.
    Taken,
    /// It is over.
    Over,
    /// It was told, and has no end.
    Told,
}

impl Message<'_> {
    /// The subject, marked when it may have come before.
    pub(crate) fn title(&self) -> String {
        if self.repeat { format!("{} (repeat)", self.subject) } else { self.subject.to_owned() }
    }

    /// The cause in words: `switch-2 down and pdu-a degraded`; nothing while none is known.
    pub(crate) fn cause(&self) -> Option<String> {
        let Particulars { cause, .. } = self.particulars?;
        let said = |FaultName { subject, mode }: &FaultName| format!("{subject} {mode}");
        (!cause.is_empty()).then(|| cause.iter().map(said).collect::<Vec<_>>().join(" and "))
    }
}

/// The first characters of a text, at most so many bytes, with a mark where something is left out.
pub(crate) fn shortened(text: &str, bytes_max: usize) -> String {
    const MARK: &str = "…";
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(bytes_max - MARK.len());
    format!("{}{MARK}", &text[..end])
}
