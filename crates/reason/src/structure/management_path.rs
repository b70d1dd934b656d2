//! A way of managing a thing that goes through the thing itself.
//!
//! `managed_via` is how one gets at it when it misbehaves. Where the thing's own fault takes that way
//! down too, the next step is a person on site. The way must work and be reached from outside. A member of
//! a redundancy does not cut the way alone, but the redundancy as a whole may: then the pair is managed
//! for as long as nobody needs it to be. A controller inside a machine falls with the machine's power, not
//! with what is managed, and is not meant.

use super::{Finding, Grounds, Rule};
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::kind::Kind;
use blackstart_model::plant::Role;
use blackstart_model::requirement::Target;
use std::collections::BTreeMap;

pub(super) const RULE: Rule =
    Rule { code: "BS1016", title: "the way to manage a thing falls with it", find };

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    let relied_on_by = relied_on_by(grounds);
    for of in grounds.ids() {
        let Some(gate) = grounds.circuit.managed(of) else { continue };
        let ways = ways(grounds, of);
        let Some(&first) = ways.first() else { continue };
        if ways.iter().all(|&way| inside(grounds, way, of)) {
            continue;
        }
        let cuts =
            |one: ComponentId| grounds.killers.kills(grounds.circuit.component_input(one), gate);
        let whole = relied_on_by.get(&of).and_then(|of| of.iter().copied().find(|&one| cuts(one)));
        let (cause, message) = if ways == [of] || cuts(of) {
            let way = grounds.list(&ways);
            (of, format!("`{}` is managed via {way}, which falls with it", grounds.name(of)))
        } else if let Some(whole) = whole {
            let message = format!(
                "`{}` is managed via {}, which falls with `{}`, of which it is a part",
                grounds.name(of),
                grounds.list(&ways),
                grounds.name(whole)
            );
            (whole, message)
        } else {
            continue;
        };
        found.push(Finding {
            code: RULE.code,
            severity: Severity::Warning,
            confidence: Confidence::High,
            component: of,
            causes: vec![cause],
            brings_down: grounds.falls_with_and(of),
            witness: vec![first, cause],
            message,
            help: "a second way in that shares nothing with it: another network, a modem, a person with a key"
                .to_owned(),
        });
    }
}

/// By member of a redundancy: what relies on it by running on it or by its network.
fn relied_on_by(grounds: &Grounds<'_>) -> BTreeMap<ComponentId, Vec<ComponentId>> {
    let mut by: BTreeMap<ComponentId, Vec<ComponentId>> = BTreeMap::new();
    for choice in grounds.circuit.choices() {
        if matches!(choice.role, Role::On | Role::Network(_)) {
            for &member in choice.names.iter().flatten() {
                by.entry(member).or_default().push(choice.of);
            }
        }
    }
    by
}

fn ways(grounds: &Grounds<'_>, of: ComponentId) -> Vec<ComponentId> {
    let mut ways = Vec::new();
    if let Some(requirement) = grounds.plant.component(of).requirement(Role::ManagedVia) {
        requirement.each_leaf(&mut |leaf| {
            if let Target::Component(way) = leaf.target {
                ways.push(way);
            }
        });
    }
    ways
}

/// Whether a way is a controller inside the machine.
fn inside(grounds: &Grounds<'_>, way: ComponentId, of: ComponentId) -> bool {
    let mut on = false;
    if let Some(requirement) = grounds.plant.component(way).requirement(Role::On) {
        requirement.each_leaf(&mut |leaf| on |= leaf.target == Target::Component(of));
    }
    on && grounds.kind(way) == Kind::Bmc
}
