//! A way of managing a thing that goes through the thing itself.
//!
//! `managed_via` is how one gets at it when it misbehaves. Where the thing's own fault takes that way
//! down too, or where one fault takes both, the next step is a person on site.

use super::{Finding, Grounds, Rule};
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::kind::Kind;
use blackstart_model::plant::Role;
use blackstart_model::requirement::Target;

pub(super) const RULE: Rule =
    Rule { code: "BS1016", title: "the way to manage a thing falls with it", find };

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    for of in grounds.ids() {
        let Some(requirement) = grounds.plant.component(of).requirement(Role::ManagedVia) else {
            continue;
        };
        let mut ways = Vec::new();
        requirement.each_leaf(&mut |leaf| {
            if let Target::Component(way) = leaf.target {
                ways.push(way);
            }
        });
        let own = grounds.circuit.component_input(of);
        let cut_by_itself = |way: ComponentId| {
            way == of
                || grounds.killers.kills(own, grounds.circuit.usable(way))
                || grounds.killers.kills(own, grounds.circuit.works(way))
        };
        if ways.is_empty() || !ways.iter().all(|&way| cut_by_itself(way)) {
            continue;
        }
        // A controller inside the machine falls with its power, not with what is being managed.
        if ways.iter().all(|&way| grounds.kind(way) == Kind::Bmc) {
            continue;
        }
        found.push(Finding {
            code: RULE.code,
            severity: Severity::Warning,
            confidence: Confidence::High,
            component: of,
            causes: vec![of],
            brings_down: grounds.falls_with_and(of),
            witness: vec![ways[0], of],
            message: format!(
                "`{}` is managed via {}, which falls with it",
                grounds.name(of),
                grounds.list(&ways)
            ),
            help: "a second way in that shares nothing with it: another network, a modem, a person with a key"
                .to_owned(),
        });
    }
}
