//! Writing to the terminal. The only place that prints.

use std::io::{IsTerminal as _, Write as _};

/// Writes an answer. A reader that has gone away (`| head`) is no trouble.
pub(crate) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// So many of these, as one says it.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Writes what went wrong.
pub(crate) fn complain(text: &str) {
    let mut out = std::io::stderr().lock();
    let (on, off) = if std::io::stderr().is_terminal() && colours_wanted() {
        ("\u{1b}[1;31m", "\u{1b}[0m")
    } else {
        ("", "")
    };
    let _ = writeln!(out, "{on}could not go on{off}: {text}");
}

/// Writes what long work has come to; only where a person looks on.
pub(crate) fn progress(text: &str) {
    let mut out = std::io::stderr().lock();
    if std::io::stderr().is_terminal() {
        let _ = write!(out, "\r\u{1b}[K{text}").and_then(|()| out.flush());
    }
}

/// Writes beside the answer, where that is for a file or another program.
pub(crate) fn aside(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Colours are for terminals, and for those who have not declined them (no-color.org).
pub(crate) fn colours_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
