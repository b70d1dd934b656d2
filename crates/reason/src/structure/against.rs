//! What a change makes worse: the findings of a plant that its older version had not.
//!
//! Findings of two plants are the same when they say the same of the same names; identities differ. One is
//! worse when it is new, graver, or takes down somebody it did not.

use super::{Audit, Finding};
use blackstart_model::{ComponentId, Plant};
use std::collections::{BTreeMap, BTreeSet};

/// A finding in names.
type Key<'p> = (&'static str, &'p str, Vec<&'p str>);

/// The findings of `new` that are worse than anything `old` had. Linear in both.
#[must_use]
pub fn worse_than<'n>(
    (old_plant, old): (&Plant, &Audit),
    (new_plant, new): (&Plant, &'n Audit),
) -> Vec<&'n Finding> {
    let mut before: BTreeMap<Key<'_>, Vec<&Finding>> = BTreeMap::new();
    for finding in &old.findings {
        before.entry(key(old_plant, finding)).or_default().push(finding);
    }
    new.findings
        .iter()
        .filter(|finding| {
            let Some(before) = before.get(&key(new_plant, finding)) else { return true };
            let falls = names(new_plant, &finding.brings_down);
            !before.iter().any(|old| {
                old.severity >= finding.severity
                    && falls.is_subset(&names(old_plant, &old.brings_down))
            })
        })
        .collect()
}

fn key<'p>(plant: &'p Plant, finding: &Finding) -> Key<'p> {
    let mut causes: Vec<&str> =
        finding.causes.iter().map(|&id| plant.component(id).name.as_str()).collect();
    causes.sort_unstable();
    (finding.code, plant.component(finding.component).name.as_str(), causes)
}

fn names<'p>(plant: &'p Plant, of: &[ComponentId]) -> BTreeSet<&'p str> {
    of.iter().map(|&id| plant.component(id).name.as_str()).collect()
}
