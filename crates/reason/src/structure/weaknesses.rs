//! Findings that are one weakness seen in several places, told once.
//!
//! It decides what belongs together and leaves nothing out. Tested by what the audit prints (`cli`).

use super::Finding;
use blackstart_model::finding::Severity;
use blackstart_model::kind::Kind;
use blackstart_model::{ComponentId, Plant};
use std::collections::HashMap;

/// The findings by weakness, in the order of the first of each; never an empty one among them.
#[must_use]
pub fn weaknesses<'f>(plant: &Plant, told: &[&'f Finding]) -> Vec<Vec<&'f Finding>> {
    let mut weaknesses: Vec<Vec<&Finding>> = Vec::new();
    let mut at = HashMap::new();
    for finding in told {
        let kinds = || finding.causes.iter().map(|&id| plant.component(id).kind).collect();
        let (of, kinds): (&[ComponentId], Vec<Kind>) = match (finding.code, finding.severity) {
            // What takes down the very same things in a row (a feed, its panel, its breaker) is one way to fall.
            ("BS1001", _) => (&finding.brings_down, Vec::new()),
            // What nobody watches, or cannot tell apart, in every rack.
            ("BS1007" | "BS1008", _) => (&[], kinds()),
            // Lists of things to go and look at.
            ("BS1009" | "BS1010" | "BS1013", Severity::Note) => (&[], Vec::new()),
            _ => (&finding.causes, Vec::new()),
        };
        let next = weaknesses.len();
        let place = *at.entry((finding.severity, finding.code, of, kinds)).or_insert(next);
        if place == next {
            weaknesses.push(Vec::new());
        }
        weaknesses[place].push(finding);
    }
    weaknesses
}
