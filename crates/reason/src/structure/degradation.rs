//! A component whose fault alone degrades what several use.
//!
//! `degraded_without` says what a thing works without, but not fully: a balancer that serves on with its last
//! configuration, a shop without its search. Nothing falls, nobody is called, and many are served badly. Exact,
//! from the killer sets of working fully; what takes the same things down is told as that. Faults that
//! degrade the very same things are one weakness.

use super::{Finding, Grounds, Rule};
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};
use std::collections::BTreeMap;

pub(super) const RULE: Rule =
    Rule { code: "BS1024", title: "one fault alone degrades what several use", find };

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    let mut degrades: BTreeMap<ComponentId, Vec<ComponentId>> = BTreeMap::new();
    for &of in grounds.used() {
        let fully = grounds.circuit.works_fully(of);
        if fully == grounds.circuit.works(of) {
            continue;
        }
        for cause in grounds.components_of(grounds.killers.alone(fully)) {
            let input = grounds.circuit.component_input(cause);
            if cause != of && !grounds.killers.kills(input, grounds.circuit.usable(of)) {
                degrades.entry(cause).or_default().push(of);
            }
        }
    }
    let mut alike: BTreeMap<Vec<ComponentId>, Vec<ComponentId>> = BTreeMap::new();
    for (cause, of) in degrades {
        if of.len() > 1 {
            alike.entry(of).or_default().push(cause);
        }
    }
    for (of, causes) in alike {
        for &cause in &causes {
            found.push(Finding {
                code: RULE.code,
                severity: Severity::Note,
                confidence: Confidence::High,
                component: cause,
                causes: causes.clone(),
                // They work, if badly.
                brings_down: Vec::new(),
                witness: vec![of[0], cause],
                message: format!(
                    "`{}` alone degrades {}: {}",
                    grounds.name(cause),
                    grounds.counted(&of),
                    grounds.list(&of)
                ),
                help: "a second one of these, and a check that says when it has stopped".to_owned(),
            });
        }
    }
}
