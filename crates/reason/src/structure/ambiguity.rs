//! Faults that show alike and need different hands.
//!
//! Exact on single faults (`diagnosability`): every check gives the same answer, whichever of them it is. Who
//! is woken first is then a guess. What needs the same hands at the same site is no finding: they look at all
//! of it when they are there.

use super::{Finding, Grounds, Rule};
use crate::circuit::{InputId, Subject};
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};

pub(super) const RULE: Rule =
    Rule { code: "BS1008", title: "faults that no check can tell apart", find };

const NOTHING_TO_ASK: &str =
    "nothing that can be asked hangs on one of them and not on the others: agree who looks first";

/// So many that look alike are a search, not a choice (chosen by hand).
const MANY: usize = 4;

/// Faults that the message names.
const NAMED: usize = 4;

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    for alike in &grounds.diagnosability().alike {
        let mut causes: Vec<ComponentId> = Vec::new();
        let mut falls: Vec<ComponentId> = Vec::new();
        for &fault in &alike.faults {
            match grounds.circuit.subject(fault) {
                Subject::Component(id) => causes.push(id),
                Subject::Carriage { upstream, prefix } => causes.extend([upstream, prefix]),
                Subject::Vantage(_) | Subject::Check(_) | Subject::Spread { .. } => {}
            }
            falls.extend(grounds.blast(fault).filter(|&id| grounds.is_used(id)));
        }
        causes.sort_unstable();
        causes.dedup();
        grounds.by_impact(&mut falls);
        let Some(&component) = causes.first() else { continue };
        let severity =
            if alike.faults.len() >= MANY { grounds.gravity(&falls) } else { Severity::Note };
        let witness = match falls.first() {
            Some(&first) if first != component => grounds.witness(first, component),
            Some(_) | None => vec![component],
        };
        found.push(Finding {
            code: RULE.code,
            severity,
            confidence: Confidence::High,
            component,
            causes,
            witness,
            message: format!("{} fail alike: no check tells which", named(grounds, &alike.faults)),
            brings_down: falls,
            help: match alike.remedy {
                Some(ask) => {
                    format!("{} would tell some of them from the others", grounds.ask(ask))
                }
                None => NOTHING_TO_ASK.to_owned(),
            },
        });
    }
}

/// `pdu-1` and `srv-1`; of many, the first few.
fn named(grounds: &Grounds<'_>, faults: &[InputId]) -> String {
    let names: Vec<String> = faults.iter().take(NAMED).map(|&fault| grounds.fault(fault)).collect();
    match (faults.len() - names.len(), names.as_slice()) {
        (0, [others @ .., last]) if !others.is_empty() => {
            format!("{} and {last}", others.join(", "))
        }
        (more, _) => format!("{} and {more} more", names.join(", ")),
    }
}
