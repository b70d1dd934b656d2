//! A finding as text: the code, the line, and what of it is underlined.

use blackstart_model::finding::{Finding, Label};
use std::path::PathBuf;

/// All findings of one text.
pub(crate) fn shown<'f>(text: &str, findings: impl IntoIterator<Item = &'f Finding>) -> String {
    let mut out = String::new();
    for Finding { code, severity, confidence: _, message, labels, help } in findings {
        line(&mut out, &format!("{severity}[{code}]: {message}"));
        for label in labels {
            underlined(&mut out, text, label);
        }
        if let Some(help) = help {
            line(&mut out, &format!("  help: {help}"));
        }
    }
    out
}

fn underlined(out: &mut String, text: &str, Label { file: _, bytes, text: words }: &Label) {
    let before = &text[..bytes.start];
    let number = before.matches('\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let source = text[start..].lines().next().unwrap_or_default();
    let column = text[start..bytes.start].chars().count();
    let within = text[bytes.clone()].lines().next().unwrap_or_default();
    let marks = "^".repeat(within.chars().count().max(1));
    line(out, &format!("{number:>4} | {source}"));
    let marked = format!("     | {}{marks} {words}", " ".repeat(column));
    line(out, marked.trim_end());
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// A file of the repository.
pub(crate) fn path(under_the_root: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(under_the_root)
}

/// Holds a file of the repository against what it should be; writes it on request.
pub(crate) fn assert_file(under_the_root: &str, expected: &str) {
    expect_test::expect_file![path(under_the_root)].assert_eq(expected);
}
