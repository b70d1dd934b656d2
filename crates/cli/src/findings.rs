//! Findings for people (miette, with the line underlined) and for programs (JSON).

use crate::output;
use blackstart_model::finding::{Finding, Severity};
use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode,
};
use serde::Serialize;
use std::fmt;
use std::io::IsTerminal as _;

/// Where the page of each finding is, below the project's documentation.
const PAGES: &str = "docs/findings/";

/// The longest source line shown whole: a 100 MB line would be printed for each finding.
const LINE_BYTES_MAX: usize = 400;

/// The gravest of them.
pub(crate) fn gravest(findings: &[Finding]) -> Option<Severity> {
    findings.iter().map(|finding| finding.severity).max()
}

/// All findings as people read them.
pub(crate) fn render(files: &[(String, String)], findings: &[Finding]) -> String {
    let terminal = std::io::stdout().is_terminal() && output::colours_wanted();
    let theme =
        if terminal { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(100);
    let mut text = String::new();
    for finding in findings {
        let shown = Shown::of(files, finding);
        if handler.render_report(&mut text, &shown).is_err() {
            text.push_str(&format!("{}: {}\n", finding.code, finding.message));
        }
        text.push('\n');
    }
    text
}

/// A finding with the piece of source around it.
#[derive(Debug)]
struct Shown {
    finding: Finding,
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
}

impl Shown {
    fn of(files: &[(String, String)], finding: &Finding) -> Self {
        let first = finding.labels.first();
        let file = first.and_then(|label| files.get(label.file));
        let mut labels = Vec::new();
        let source = file.and_then(|(name, text)| {
            let at = first?.bytes.start.min(text.len());
            if line_around(text, at) > LINE_BYTES_MAX {
                return None;
            }
            for label in &finding.labels {
                if label.file == first?.file {
                    let words = (!label.text.is_empty()).then(|| label.text.clone());
                    let end = label.bytes.end.min(text.len());
                    let start = label.bytes.start.min(end);
                    labels.push(LabeledSpan::new(words, start, end - start));
                }
            }
            Some(NamedSource::new(name, text.clone()))
        });
        let mut finding = finding.clone();
        // A place in another file cannot be underlined beside this one; it is said instead.
        for label in finding.labels.clone() {
            if Some(label.file) != first.map(|first| first.file)
                && let Some((name, text)) = files.get(label.file)
            {
                let (line, _) = line_and_column(text, label.bytes.start);
                let place = format!("{} {name}, line {line}", label.text);
                finding.help = Some(match finding.help {
                    Some(help) => format!("{help}; {}", place.trim()),
                    None => place.trim().to_owned(),
                });
            }
        }
        Self { finding, source, labels }
    }
}

/// Line and column of a byte, both counted from 1, the column in bytes.
pub(crate) fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..at.min(text.len())];
    let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
    let start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    (line, before.len() - start + 1)
}

/// The length of the line that holds this byte.
fn line_around(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let start = bytes[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let end =
        bytes[at..].iter().position(|&byte| byte == b'\n').map_or(bytes.len(), |end| at + end);
    end - start
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.finding.message)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn code(&self) -> Option<Box<dyn fmt::Display + '_>> {
        Some(Box::new(format!("{} ({PAGES}{}.md)", self.finding.code, self.finding.code)))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity {
            Severity::Note => miette::Severity::Advice,
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }

    fn help(&self) -> Option<Box<dyn fmt::Display + '_>> {
        self.finding.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

#[derive(Serialize)]
struct Json<'a> {
    version: u32,
    findings: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    code: &'a str,
    severity: &'a str,
    confidence: &'a str,
    message: &'a str,
    help: Option<&'a str>,
    page: String,
    places: Vec<Place<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    bytes: [usize; 2],
    text: &'a str,
}

/// All findings as JSON.
pub(crate) fn json(files: &[(String, String)], findings: &[Finding]) -> anyhow::Result<String> {
    let place = |label: &'_ blackstart_model::finding::Label| {
        let (name, text) = files.get(label.file)?;
        let (line, column) = line_and_column(text, label.bytes.start);
        Some((name, line, column, [label.bytes.start, label.bytes.end]))
    };
    let findings = findings
        .iter()
        .map(|finding| One {
            code: finding.code,
            severity: finding.severity.as_str(),
            confidence: finding.confidence.as_str(),
            message: &finding.message,
            help: finding.help.as_deref(),
            page: format!("{PAGES}{}.md", finding.code),
            places: finding
                .labels
                .iter()
                .filter_map(|label| {
                    let (file, line, column, bytes) = place(label)?;
                    Some(Place { file, line, column, bytes, text: &label.text })
                })
                .collect(),
        })
        .collect();
    Ok(serde_json::to_string_pretty(&Json { version: 1, findings })? + "\n")
}
