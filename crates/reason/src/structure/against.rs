//! What a change makes worse: the findings of a plant that its older version had not.
//!
//! Findings of two plants are the same when they say the same of the same names; identities differ. One is
//! worse when it is new, graver, or takes down somebody it did not. Faults that look alike are worse when they
//! were not all alike before: a group that has become smaller is no new one.

use super::{Audit, Finding, ambiguity};
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
        for key in keys(old_plant, finding) {
            before.entry(key).or_default().push(finding);
        }
    }
    new.findings
        .iter()
        .filter(|finding| {
            let keys = keys(new_plant, finding);
            let Some(before) = keys.first().and_then(|key| before.get(key)) else { return true };
            let falls = names(new_plant, &finding.brings_down);
            let causes = names(new_plant, &finding.causes);
            !before.iter().any(|old| {
                old.severity >= finding.severity
                    && falls.is_subset(&names(old_plant, &old.brings_down))
                    && causes.is_subset(&names(old_plant, &old.causes))
            })
        })
        .collect()
}

/// What a finding is known by: its component and causes; a group of what looks alike by each of its members.
fn keys<'p>(plant: &'p Plant, finding: &Finding) -> Vec<Key<'p>> {
    let name = |id: ComponentId| plant.component(id).name.as_str();
    let mut causes: Vec<&str> = finding.causes.iter().map(|&id| name(id)).collect();
    if finding.code == ambiguity::RULE.code {
        return causes.into_iter().map(|cause| (finding.code, cause, Vec::new())).collect();
    }
    causes.sort_unstable();
    vec![(finding.code, name(finding.component), causes)]
}

fn names<'p>(plant: &'p Plant, of: &[ComponentId]) -> BTreeSet<&'p str> {
    of.iter().map(|&id| plant.component(id).name.as_str()).collect()
}
