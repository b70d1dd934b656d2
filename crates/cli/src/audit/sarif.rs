//! The audit for code review: SARIF 2.1.0 (OASIS, 2020), the parts that reviewers' tools read.

use super::Audited;
use crate::findings::line_and_column;
use blackstart_model::finding::Severity;
use blackstart_reason::structure::{Finding, RULES};
use serde::Serialize;

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'a str,
    version: &'a str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
struct Run<'a> {
    tool: Tool<'a>,
    results: Vec<Outcome<'a>>,
    #[serde(rename = "columnKind")]
    column_kind: &'a str,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
struct Driver<'a> {
    name: &'a str,
    version: &'a str,
    rules: Vec<Descriptor<'a>>,
}

#[derive(Serialize)]
struct Descriptor<'a> {
    id: &'a str,
    #[serde(rename = "shortDescription")]
    short_description: Text<'a>,
}

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
}

#[derive(Serialize)]
struct Outcome<'a> {
    #[serde(rename = "ruleId")]
    rule_id: &'a str,
    level: &'a str,
    message: Text<'a>,
    locations: [Location<'a>; 1],
    #[serde(rename = "partialFingerprints")]
    fingerprints: Fingerprints,
}

#[derive(Serialize)]
struct Fingerprints {
    /// What a finding is known by from one version of the plant to the next.
    #[serde(rename = "names/v1")]
    names: String,
}

#[derive(Serialize)]
struct Location<'a> {
    #[serde(rename = "physicalLocation")]
    physical: Physical<'a>,
}

#[derive(Serialize)]
struct Physical<'a> {
    #[serde(rename = "artifactLocation")]
    artifact: Artifact<'a>,
    region: Region,
}

#[derive(Serialize)]
struct Artifact<'a> {
    uri: &'a str,
}

#[derive(Serialize)]
struct Region {
    #[serde(rename = "startLine")]
    line: usize,
    #[serde(rename = "startColumn")]
    column: usize,
    #[serde(rename = "endColumn")]
    end: usize,
}

pub(super) fn sarif(new: &Audited, told: &[&Finding]) -> anyhow::Result<String> {
    let rules = RULES
        .iter()
        .map(|rule| Descriptor { id: rule.code, short_description: Text { text: rule.title } })
        .collect();
    let results = told.iter().map(|finding| outcome(new, finding)).collect();
    let driver = Driver { name: "blackstart", version: env!("CARGO_PKG_VERSION"), rules };
    let log = Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run { tool: Tool { driver }, results, column_kind: "unicodeCodePoints" }],
    };
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

fn outcome<'a>(new: &'a Audited, finding: &'a Finding) -> Outcome<'a> {
    let name = |id| new.plant.component(id).name.as_str();
    let written = new.plant.written(finding.component);
    let (file, text) = &new.files[written.file as usize];
    let (line, column) = line_and_column(text, written.start as usize);
    let width = (written.end - written.start) as usize;
    let causes: Vec<&str> = finding.causes.iter().map(|&id| name(id)).collect();
    Outcome {
        rule_id: finding.code,
        level: match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        message: Text { text: &finding.message },
        locations: [Location {
            physical: Physical {
                artifact: Artifact { uri: file },
                region: Region { line, column, end: column + width },
            },
        }],
        fingerprints: Fingerprints {
            names: format!("{} {} {}", finding.code, name(finding.component), causes.join(" ")),
        },
    }
}
