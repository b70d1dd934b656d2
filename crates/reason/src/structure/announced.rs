//! An announcement that promises more than the plant keeps.
//!
//! A maintenance says what it switches off, and under `affects` what it says will be hit. What people use
//! and would lose beyond that is computed: the circuit with those things off, on top of today's. What runs on
//! something that is named counts as named, and so does what a named customer uses; what merely *needs* a
//! named thing does not, for that is what announcements forget. Breakers that trip under the moved load are
//! beyond this: `whatif --window` tells of them. A window that is over is not judged.

use super::{Finding, Grounds, Rule};
use crate::circuit::InputId;
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::kind::Kind;
use blackstart_model::plant::{Maintenance, Role};
use blackstart_model::requirement::Target;
use std::collections::BTreeSet;

pub(super) const RULE: Rule =
    Rule { code: "BS1021", title: "an announcement promises more than the plant keeps", find };

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    for window in grounds.plant.maintenance() {
        let Some(affects) = window.affects.as_deref().filter(|_| window.to > grounds.now) else {
            continue;
        };
        let named = named(grounds, affects);
        let off: Vec<InputId> =
            window.off.iter().map(|&id| grounds.circuit.component_input(id)).collect();
        let today = grounds.circuit.under(grounds.circuit.today());
        let then = grounds.circuit.under(&[&off, grounds.circuit.today()].concat());
        let fallen = |id: ComponentId| {
            let gate = grounds.circuit.usable(id).index();
            today[gate] && !then[gate]
        };
        let surprised = grounds.used().iter().copied().filter(|&id| {
            grounds.kind(id) != Kind::Customer
                && fallen(id)
                && !window.off.contains(&id)
                && !runs_on_one_of(grounds, id, &named)
        });
        for of in surprised {
            let cause = window.off.iter().copied().find(|&off| {
                let input = grounds.circuit.component_input(off);
                grounds.killers.kills(input, grounds.circuit.usable(of))
            });
            found.push(Finding {
                code: RULE.code,
                severity: Severity::Error,
                confidence: Confidence::High,
                component: of,
                causes: window.off.clone(),
                brings_down: grounds.falls_with_and(of),
                witness: cause.map_or_else(|| vec![of], |cause| grounds.witness(of, cause)),
                message: message(grounds, window, affects, of),
                help: "announce it, move it away before, or have the work done otherwise"
                    .to_owned(),
            });
        }
    }
}

fn message(
    grounds: &Grounds<'_>,
    window: &Maintenance,
    affects: &[ComponentId],
    of: ComponentId,
) -> String {
    let (name, of) = (&window.name, grounds.name(of));
    let off = grounds.list(&window.off);
    match affects {
        [] => {
            format!("`{name}` is announced as without effect, and `{of}` goes down with {off}")
        }
        affects => format!(
            "`{name}` is announced to affect {}, and `{of}` goes down with {off} too",
            grounds.list(affects)
        ),
    }
}

/// What an announcement names, and what the customers use whom it names.
fn named(grounds: &Grounds<'_>, affects: &[ComponentId]) -> BTreeSet<ComponentId> {
    let mut named: BTreeSet<ComponentId> = affects.iter().copied().collect();
    for &id in affects {
        if let Some(uses) = grounds.plant.component(id).requirement(Role::Uses) {
            uses.each_leaf(&mut |leaf| {
                if let Target::Component(used) = leaf.target {
                    named.insert(used);
                }
            });
        }
    }
    named
}

/// Whether it is one of these, or runs on or stands in one.
fn runs_on_one_of(grounds: &Grounds<'_>, id: ComponentId, of: &BTreeSet<ComponentId>) -> bool {
    let mut seen = BTreeSet::new();
    let mut below = vec![id];
    while let Some(at) = below.pop() {
        if of.contains(&at) {
            return true;
        }
        if !seen.insert(at) {
            continue;
        }
        for role in [Role::On, Role::In] {
            if let Some(requirement) = grounds.plant.component(at).requirement(role) {
                requirement.each_leaf(&mut |leaf| {
                    if let Target::Component(target) = leaf.target {
                        below.push(target);
                    }
                });
            }
        }
    }
    false
}
