//! The plant file as text: what it rests on and what nobody knows at its head, then each kind's section.
//!
//! Decides what the head lists. Tested through the sources.

use super::Writing;
use crate::join::Conflict;
use blackstart_model::draft;
use blackstart_model::draft::write::{comment, component};
use blackstart_model::kind::Kind;
use blackstart_model::plantfile::scalar;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Questions and disagreements that the head lists; more are counted there, and told in full beside.
const LISTED_MAX: usize = 100;

impl Writing<'_> {
    pub(super) fn text(&self, questions: &[String]) -> String {
        let mut text = String::new();
        let by: Vec<&str> = self.reports.iter().map(|report| report.by.as_str()).collect();
        let mut line = |words: &str| writeln!(text, "{words}").expect("a String takes everything");
        line(&format!("# A starter plant, by what is said of it: {}.", comment(&by.join(", "))));
        line(
            "# Behind each fact stands where it comes from, and `# ?` asks what nobody says. Change it as you like; it is",
        );
        line("# yours. `blackstart check` says what is wrong with it.");
        if self.asked {
            line("# Checks every 5 s are those that were answered once when it was written.");
        }
        let listed = |line: &mut dyn FnMut(&str), title: &str, of: &[String]| {
            if !of.is_empty() {
                line("#");
                line(&format!("# {title}:"));
            }
            for words in of.iter().take(LISTED_MAX) {
                line(&format!("# - {}", plain(words)));
            }
            if of.len() > LISTED_MAX {
                line(&format!("# - and {} more", of.len() - LISTED_MAX));
            }
        };
        let conflicts: Vec<String> = self.conflicts.iter().map(Conflict::words).collect();
        listed(&mut line, "What its sources disagree about", &conflicts);
        listed(&mut line, "What it does not know", questions);
        line("");
        line("blackstart: 1");
        let own = self
            .reports
            .iter()
            .enumerate()
            .find_map(|(nth, report)| report.own.map(|own| self.joined.group((nth, own))));
        if let Some(own) = own {
            line(&format!("name: {}", scalar(self.draft.name(own))));
        }
        if let Some(zone) = self.reports.iter().find_map(|report| report.timezone.as_ref()) {
            line(&format!("timezone: {zone}"));
        }
        if let Some(own) = own {
            line(&format!("here: {{ at: {} }}", scalar(self.draft.name(own))));
        }
        let mut of_kind: BTreeMap<Kind, Vec<&draft::Entry>> = BTreeMap::new();
        for entry in &self.draft.entries {
            of_kind.entry(entry.kind).or_default().push(entry);
        }
        for (kind, mut entries) in of_kind {
            entries.sort_by(|a, b| a.name.cmp(&b.name));
            let _ = writeln!(text, "\n{}:", kind.section());
            for entry in entries {
                component(entry, &self.draft, "its source", &mut text);
            }
        }
        text
    }
}

/// A comment of any length on one line.
fn plain(words: &str) -> String {
    let parts: Vec<char> = words.chars().collect();
    parts.chunks(200).map(comment_whole).collect()
}

fn comment_whole(part: &[char]) -> String {
    // `comment` takes ends off, which may be a space within.
    let text: String = part.iter().collect();
    let (before, after) = (text.starts_with(' '), text.ends_with(' '));
    let space = |is: bool| if is { " " } else { "" };
    format!("{}{}{}", space(before), comment(&text), space(after))
}
