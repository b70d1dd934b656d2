//! Two maintenance windows that overlap and together remove a redundancy.
//!
//! Each window was judged alone when it was agreed to. For every pair that overlaps and is not over: what
//! falls under both, and under neither alone.

use super::{Finding, Grounds, Rule};
use crate::circuit::InputId;
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::plant::Maintenance;
use blackstart_model::time::shown;

pub(super) const RULE: Rule =
    Rule { code: "BS1012", title: "overlapping maintenance removes a redundancy", find };

/// Pairs compared at most: a calendar with more of them at once is not kept by hand.
const PAIRS_MAX: usize = 4_096;

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    let to_come: Vec<&Maintenance> =
        grounds.plant.maintenance().iter().filter(|one| one.to > grounds.now).collect();
    let pairs = to_come.iter().enumerate().flat_map(|(at, &one)| {
        to_come[at + 1..]
            .iter()
            .filter(move |other| one.from < other.to && other.from < one.to)
            .map(move |&other| (one, other))
    });
    for (one, other) in pairs.take(PAIRS_MAX) {
        let inputs = |of: &Maintenance| -> Vec<InputId> {
            of.off.iter().map(|&id| grounds.circuit.component_input(id)).collect()
        };
        let both: Vec<InputId> = inputs(one).into_iter().chain(inputs(other)).collect();
        let alone = [grounds.circuit.under(&inputs(one)), grounds.circuit.under(&inputs(other))];
        let together = grounds.circuit.under(&both);
        let falls: Vec<ComponentId> = grounds
            .used()
            .iter()
            .copied()
            .filter(|&id| {
                let gate = grounds.circuit.usable(id).index();
                !together[gate] && alone.iter().all(|values| values[gate])
            })
            .collect();
        let Some(&first) = falls.first() else { continue };
        let mut causes: Vec<ComponentId> = one.off.iter().chain(&other.off).copied().collect();
        causes.sort_unstable();
        causes.dedup();
        let (from, to) = (one.from.max(other.from), one.to.min(other.to));
        let zone = grounds.plant.zone();
        found.push(Finding {
            code: RULE.code,
            severity: Severity::Error,
            confidence: Confidence::High,
            component: causes[0],
            witness: vec![first, causes[0]],
            message: format!(
                "`{}` and `{}` overlap from {} to {}, and together they take down {}: {}",
                one.name,
                other.name,
                shown(from, zone),
                shown(to, zone),
                grounds.counted(&falls),
                grounds.list(&falls)
            ),
            causes,
            brings_down: falls,
            help: format!("ask {} or {} for another night", one.by, other.by),
        });
    }
}
