//! A fault that no check would see.
//!
//! Exact on single faults (`diagnosability`). Where something people use is down, it would be told by those
//! who use it. Where a redundancy has lost a member, or something no longer works fully, nothing is down yet,
//! and nobody is told until the other side goes too: the failed standby, the blown power supply, the second
//! switch that nobody watches. What is read at a start only is missed at the next one. What has no name on
//! the network (a cord, a supply) is seen only by what hangs on it alone; that is said, not passed over.

use super::{Finding, Grounds, Rule};
use crate::circuit::Subject;
use crate::diagnosability::{Blind, Cost};
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};

pub(super) const RULE: Rule =
    Rule { code: "BS1007", title: "a fault that no check would see", find };

const NOTHING_TO_ASK: &str = "nothing that can be asked hangs on it alone: have something beside it report \
                              it (a management controller, a round with a torch)";

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    if grounds.circuit.sees().is_empty() {
        found.extend(nothing_is_watched(grounds));
        return;
    }
    for blind in &grounds.diagnosability().blind {
        let (component, causes) = match grounds.circuit.subject(blind.fault) {
            Subject::Component(id) => (id, vec![id]),
            Subject::Carriage { upstream, prefix } => (prefix, vec![upstream, prefix]),
            Subject::Vantage(_) | Subject::Check(_) | Subject::Spread { .. } => continue,
        };
        let falls = falls(grounds, blind);
        let (severity, stake) = match blind.costs {
            Cost::Use => (
                grounds.gravity(&falls),
                format!("takes down {}: {}", grounds.counted(&falls), grounds.list(&falls)),
            ),
            Cost::Redundancy(of, others) => {
                let others = match others {
                    0 => String::new(),
                    others => format!(" and {others} more"),
                };
                let of = grounds.name(of);
                (Severity::Note, format!("takes away a part of the redundancy of `{of}`{others}"))
            }
            Cost::Start(of) => {
                (Severity::Note, format!("keeps `{}` from starting again", grounds.name(of)))
            }
            Cost::Fullness(of) => {
                (Severity::Note, format!("leaves `{}` degraded", grounds.name(of)))
            }
        };
        let touched = match blind.costs {
            Cost::Use => falls.first().copied(),
            Cost::Redundancy(of, _) | Cost::Start(of) | Cost::Fullness(of) => Some(of),
        };
        found.push(Finding {
            code: RULE.code,
            severity,
            confidence: Confidence::High,
            component,
            causes,
            witness: witness(grounds, touched, component),
            brings_down: falls,
            message: format!(
                "no check would see the failure of {}, which {stake}",
                grounds.fault(blind.fault)
            ),
            help: match blind.remedy {
                Some(ask) => format!("{} would see it", grounds.ask(ask)),
                None => NOTHING_TO_ASK.to_owned(),
            },
        });
    }
}

/// What people use that falls with it.
fn falls(grounds: &Grounds<'_>, blind: &Blind) -> Vec<ComponentId> {
    let mut falls: Vec<ComponentId> =
        grounds.blast(blind.fault).filter(|&id| grounds.is_used(id)).collect();
    grounds.by_impact(&mut falls);
    falls
}

fn witness(
    grounds: &Grounds<'_>,
    touched: Option<ComponentId>,
    component: ComponentId,
) -> Vec<ComponentId> {
    match touched {
        Some(touched) if touched != component => grounds.witness(touched, component),
        Some(_) | None => vec![component],
    }
}

/// One finding says it all.
fn nothing_is_watched(grounds: &Grounds<'_>) -> Option<Finding> {
    let &first = grounds.used().first()?;
    let used = grounds.counted(grounds.used());
    Some(Finding {
        code: RULE.code,
        severity: Severity::Warning,
        confidence: Confidence::High,
        component: first,
        causes: Vec::new(),
        witness: vec![first],
        message: format!(
            "nothing of this plant is checked: what fails would not be seen, of {used}"
        ),
        brings_down: Vec::new(),
        help: "give what people use a check from where they use it, then audit again".to_owned(),
    })
}
