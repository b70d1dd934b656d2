//! Components as text: YAML that a person reads and reviews, with where each fact comes from and the open questions
//! beside what they are about. Decides only where a line ends. Tested through the importers.

use super::{Draft, Entry, Need, Sort};
use crate::plantfile::scalar;
use std::fmt::Write as _;

/// A line longer than this becomes several.
const LINE_MAX: usize = 100;

/// Characters of what a source says that a comment quotes.
const QUOTED_MAX: usize = 200;

/// Writes one component; `by` is who called it so, for what has no name there.
pub fn component<T: Sort>(entry: &Entry, draft: &Draft<T>, by: &str, out: &mut String) {
    let mut fields: Vec<(&str, String)> = entry
        .needs
        .iter()
        .map(|(field, need)| (*field, requirement(field, need, draft)))
        .chain(entry.fields.iter().map(|(field, value)| (*field, value.clone())))
        .collect();
    // The order in which the language lists them, so that like things look alike.
    fields.sort_by_key(|(field, _)| {
        crate::plantfile::fields::FIELDS.iter().position(|known| known.name == *field)
    });
    let name = scalar(&entry.name);
    let called = match entry.called.as_deref() {
        Some("") => format!("  # no name in {by}"),
        Some(called) => format!("  # {}", comment(called)),
        None => String::new(),
    };
    let short: Vec<String> =
        fields.iter().map(|(field, value)| format!("{field}: {value}")).collect();
    let short = short.join(", ");
    let is_plain = entry.remarks.is_empty()
        && entry.questions.is_empty()
        && entry.checks.is_empty()
        && entry.sources.is_empty();
    if fields.is_empty() && entry.checks.is_empty() {
        let _ = writeln!(out, "  {name}: {{}}{called}");
    } else if is_plain && name.len() + short.len() + 8 <= LINE_MAX {
        let _ = writeln!(out, "  {name}: {{ {short} }}{called}");
    } else {
        let _ = writeln!(out, "  {name}:{called}");
        for (field, value) in fields {
            match value.strip_prefix('[').and_then(|list| list.strip_suffix(']')) {
                // A long list is reviewed line by line.
                Some(list) if list.len() > LINE_MAX && !list.contains(['{', '[', '"']) => {
                    let _ = writeln!(out, "    {field}:");
                    for one in list.split(", ") {
                        let _ = writeln!(out, "      - {one}");
                    }
                }
                Some(_) | None => {
                    let from = entry.sources.iter().find(|(known, _)| *known == field);
                    let from = from.map_or_else(String::new, |(_, from)| behind(from));
                    let _ = writeln!(out, "    {field}: {value}{from}");
                }
            }
        }
        if !entry.checks.is_empty() {
            out.push_str("    checks:\n");
        }
        for (check, from) in &entry.checks {
            let _ = writeln!(out, "      - {{ {check} }}{}", behind(from));
        }
    }
    for remark in &entry.remarks {
        let _ = writeln!(out, "    # {}", comment(remark));
    }
    for (_, question) in &entry.questions {
        let _ = writeln!(out, "    # ? {}", comment(question));
    }
}

/// A comment behind something on its line.
fn behind(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!("  # {}", comment(words)) }
}

fn requirement<T: Sort>(field: &str, need: &Need, draft: &Draft<T>) -> String {
    let names = |of: &[usize]| {
        let names: Vec<String> = of.iter().map(|key| scalar(draft.name(*key))).collect();
        names.join(", ")
    };
    match need {
        Need::Any(of) if of.len() > 1 => format!("{{ any: [{}] }}", names(of)),
        Need::All(of) if of.len() > 1 && field != "uses" && field != "between" => {
            format!("{{ all: [{}] }}", names(of))
        }
        Need::All(of) if of.len() > 1 => format!("[{}]", names(of)),
        Need::AtLeast(least, of) if of.len() > 1 => {
            format!("{{ at_least: {least}, of: [{}] }}", names(of))
        }
        Need::TakenOver(of, takes) if of.len() > 1 => {
            let standby = |key: &usize| {
                let name = scalar(draft.name(*key));
                format!("{{ standby: {name}, takes: {takes}, by: itself }}")
            };
            let others: Vec<String> = of[1..].iter().map(standby).collect();
            format!("{{ any: [{}, {}] }}", names(&of[..1]), others.join(", "))
        }
        Need::Any(of) | Need::All(of) | Need::AtLeast(_, of) | Need::TakenOver(of, _) => names(of),
    }
}

/// A text as it may stand in a comment: one line, and nothing that a screen would act on.
#[must_use]
pub fn comment(text: &str) -> String {
    let shown = |c: char| {
        let acts = c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if acts { ' ' } else { c }
    };
    let mut line: String = text.chars().map(shown).take(QUOTED_MAX).collect();
    if text.chars().nth(QUOTED_MAX).is_some() {
        line.push('…');
    }
    line.trim().to_owned()
}
