//! A component whose fault alone takes down what people use.
//!
//! Exact: the killer sets, turned round. What falls only with itself is no finding.

use super::{Finding, Grounds, Rule};
use crate::circuit::Subject;
use blackstart_model::finding::Confidence;

pub(super) const RULE: Rule =
    Rule { code: "BS1001", title: "one fault alone takes down what people use", find };

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    for cause in grounds.ids() {
        let falls = grounds.falls_with(cause);
        let Some(&first) = falls.first() else { continue };
        found.push(Finding {
            code: RULE.code,
            severity: grounds.gravity(&falls),
            confidence: Confidence::High,
            component: cause,
            causes: vec![cause],
            witness: grounds.witness(first, cause),
            message: format!(
                "`{}` alone takes down {}: {}",
                grounds.name(cause),
                grounds.counted(&falls),
                grounds.list(&falls)
            ),
            brings_down: falls,
            help: "a second one of these that shares nothing with it, or the word that the risk is taken"
                .to_owned(),
        });
    }
    // An upstream that swallows one block takes down what has no other way in.
    for input in grounds.circuit.inputs() {
        let Subject::Carriage { upstream, prefix } = grounds.circuit.subject(input) else {
            continue;
        };
        let mut falls: Vec<_> = grounds.blast(input).filter(|&id| grounds.is_used(id)).collect();
        grounds.by_impact(&mut falls);
        let upstream_alone = grounds.falls_with(upstream);
        // Said of the upstream already.
        falls.retain(|id| !upstream_alone.contains(id));
        let Some(&first) = falls.first() else { continue };
        found.push(Finding {
            code: RULE.code,
            severity: grounds.gravity(&falls),
            confidence: Confidence::High,
            component: prefix,
            causes: vec![upstream, prefix],
            witness: vec![first, prefix, upstream],
            message: format!(
                "`{}` misrouting `{}` alone takes down {}: {}",
                grounds.name(upstream),
                grounds.name(prefix),
                grounds.counted(&falls),
                grounds.list(&falls)
            ),
            brings_down: falls,
            help: "have a second upstream carry it".to_owned(),
        });
    }
}
