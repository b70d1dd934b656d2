//! The plant language: YAML text in, a [`Plant`] or *all* findings out.
//!
//! Three steps, each ignorant of the next: `tree` turns text into values with places, within
//! limits; `lower` turns values into components and requirements by the table in [`fields`];
//! `questions` reads checks, vantages, alerts and maintenance. Findings are collected and never
//! stop the reading, so that an operator sees all of them at once. A plant with an error among them
//! is not loaded at all. `print` writes a plant as text again, and `schema` tells editors of the
//! language; both are made from the same tables.
//!
//! Pure: files are read by the caller. Tested by the pages of its findings, which are bad examples
//! with what is said of them, by hostile texts, by properties (what is printed lowers to an equal
//! plant) and by fuzzing.

mod codes;
pub mod fields;
mod tree;
mod units;
mod reader;
mod lower;
mod questions;
mod alerts;
mod samples;
mod probing;
mod print;
mod schema;
mod given;

pub(crate) use codes::findings;
pub use codes::{ALL as FINDINGS, Code};
pub(crate) use given::{Given, given};
pub(crate) use lower::{NAME_MAX, bad_name};
pub use print::print;
pub use print::scalar;
pub(crate) use questions::url;
pub(crate) use reader::{as_host, as_host_port};
pub use schema::schema;
pub use tree::{Entry, Node, Place, Value};

use crate::finding::{Confidence, Finding, Label, Severity};
use crate::kind::Kind;
use crate::plant::Plant;
use std::collections::HashSet;
use std::sync::Arc;

/// Errors reported at most, and as many other findings; beyond, their number is said. More than a
/// person mends at one sitting.
const FINDINGS_MAX: usize = 200;

/// Names compared at most, over one reading, to guess what a person meant: about a fifth of a
/// second. A file in which everything dangles has one cause, and the first guesses show it.
const GUESSES_MAX: usize = 1_000_000;

/// Bytes of a word that a guess is worth making for.
const GUESSED_MAX: usize = 256;

/// Reads a plant from its files: `(name, text)` in the order they are read.
///
/// The plant is there when no finding is an error; warnings and notes come with it. Linear in the
/// text.
#[must_use]
pub fn parse(files: &[(String, String)]) -> (Option<Arc<Plant>>, Vec<Finding>) {
    let mut report = Report::default();
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    if bytes > tree::BYTES_MAX {
        let message = format!("{bytes} bytes of plant files");
        let help = format!("at most {} bytes are read", tree::BYTES_MAX);
        report.add_nowhere(codes::LIMIT, message, Some(help));
        return (None, report.findings);
    }
    if files.is_empty() {
        report.add_nowhere(codes::NO_FILE, "no plant file was given".to_owned(), None);
        return (None, report.findings);
    }
    let roots: Vec<_> = files
        .iter()
        .enumerate()
        .filter_map(|(at, (_, text))| tree::read(at, text, &mut report))
        .collect();
    let plant = lower::lower(&roots, &mut report);
    let refused = report.errors > 0;
    (plant.filter(|_| !refused).map(Arc::new), report.finish())
}

/// Whether the field of this name may name a component of this kind, for importers, which leave out what may not
/// stand there.
#[must_use]
pub fn may_name(field: &str, kind: Kind) -> bool {
    let known = fields::FIELDS.iter().find(|known| known.name == field);
    known.is_some_and(|field| lower::may_stand(kind, field))
}

/// Reads a plant from one text, for tests and examples.
#[must_use]
pub fn parse_str(text: &str) -> (Option<Arc<Plant>>, Vec<Finding>) {
    parse(&[("plant.yaml".to_owned(), text.to_owned())])
}

/// Reads one text as values with places, within the same limits: for other files of ours that are
/// written by people in the same YAML (scenarios). Linear in the text.
#[must_use]
pub fn tree(text: &str) -> (Option<Node<'_>>, Vec<Finding>) {
    let mut report = Report::default();
    if text.len() > tree::BYTES_MAX {
        let help = format!("at most {} bytes are read", tree::BYTES_MAX);
        report.add_nowhere(codes::LIMIT, format!("{} bytes", text.len()), Some(help));
        return (None, report.findings);
    }
    let root = tree::read(0, text, &mut report);
    let refused = report.errors > 0;
    (root.filter(|_| !refused), report.finish())
}

/// Findings as they are made.
#[derive(Default)]
struct Report {
    findings: Vec<Finding>,
    /// What was said already, and where: a range repeats its mistake for each of its names.
    said: HashSet<(&'static str, Place, String)>,
    errors: usize,
    others: usize,
    beyond: usize,
    guesses: usize,
}

impl Report {
    fn add(&mut self, code: Code, place: Place, message: String, help: Option<String>) {
        self.add_two(code, place, None, message, help);
    }

    /// A finding about no place in particular.
    fn add_nowhere(&mut self, code: Code, message: String, help: Option<String>) {
        self.add(code, Place::default(), message, help);
        if let Some(finding) = self.findings.last_mut() {
            finding.labels.clear();
        }
    }

    /// A finding with a second place and the words to put there.
    fn add_two(
        &mut self,
        code: Code,
        place: Place,
        other: Option<(Place, &str)>,
        message: String,
        help: Option<String>,
    ) {
        let key = (code.id, place, message);
        if self.said.contains(&key) {
            return;
        }
        let of_its_kind = match code.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning | Severity::Note => &mut self.others,
        };
        *of_its_kind += 1;
        if *of_its_kind > FINDINGS_MAX {
            self.beyond += 1;
            return;
        }
        let message = key.2.clone();
        self.said.insert(key);
        let label = |place: Place, text: &str| Label {
            file: place.file as usize,
            bytes: place.start as usize..place.end as usize,
            text: text.to_owned(),
        };
        let labels =
            std::iter::once(label(place, "")).chain(other.map(|(at, text)| label(at, text)));
        self.findings.push(Finding {
            code: code.id,
            severity: code.severity,
            confidence: match code.severity {
                Severity::Error => Confidence::High,
                Severity::Warning | Severity::Note => Confidence::Medium,
            },
            message,
            labels: labels.collect(),
            help,
        });
    }

    /// `did you mean `pdu-a`?`, when something is near enough.
    ///
    /// Near is one slip of the finger in a short word, and one more for each four letters.
    fn did_you_mean<'a>(
        &mut self,
        meant: &str,
        known: impl Iterator<Item = &'a str>,
    ) -> Option<String> {
        if meant.len() > GUESSED_MAX {
            return None;
        }
        let mut best: Option<(usize, &str)> = None;
        for known in known {
            if self.guesses == GUESSES_MAX {
                break;
            }
            self.guesses += 1;
            let slips = 1 + known.len().min(meant.len()) / 4;
            if known.len().abs_diff(meant.len()) > slips {
                continue;
            }
            let guess = (strsim::osa_distance(meant, known), known);
            if guess.0 <= slips && best.is_none_or(|best| guess < best) {
                best = Some(guess);
            }
        }
        best.map(|(_, known)| format!("did you mean `{known}`?"))
    }

    fn finish(mut self) -> Vec<Finding> {
        self.findings.sort_by_key(|finding| {
            finding.labels.first().map(|label| (label.file, label.bytes.start))
        });
        if self.beyond > 0 {
            self.findings.push(Finding {
                code: codes::MORE.id,
                severity: codes::MORE.severity,
                confidence: Confidence::High,
                message: format!("and {} more findings", self.beyond),
                labels: Vec::new(),
                help: Some("mend the first ones and check again".to_owned()),
            });
        }
        self.findings
    }
}

/// A text as it is quoted in a message: not longer than a line.
fn shortened(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    if text.chars().count() <= CHARS_MAX {
        return text.to_owned();
    }
    text.chars().take(CHARS_MAX).chain(['…']).collect()
}
