//! Facts that the plant file does not have and that most change what is said here.
//!
//! Machines and network gear without a word on their power, in a plant that knows feeds; what is served
//! from a machine that the plant does not name; gear without a network in a plant that has one. Each fact is
//! weighed by what stands on the component: that much may fall with one cord more than we know of. Nothing
//! is assumed in its place: today's answers leave the missing cord out and are the fewest single points there
//! can be.

use super::{Finding, Grounds, Rule};
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::kind::Kind;
use blackstart_model::plant::{Component, Role};
use blackstart_model::requirement::Target;
use blackstart_model::{ComponentId, PlaneId};
use std::collections::BTreeSet;

pub(super) const RULE: Rule =
    Rule { code: "BS1013", title: "an unknown fact that would change the answer", find };

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    let components = grounds.plant.components();
    let knows_power = components.iter().any(|one| one.requirement(Role::Power).is_some());
    let knows_network = components
        .iter()
        .any(|one| one.requirements.iter().any(|(role, _)| matches!(role, Role::Network(_))));
    let tops_other_planes = only_of_other_planes(grounds);
    for of in grounds.ids() {
        let component = grounds.plant.component(of);
        let mut missing = Vec::new();
        if knows_power && wants_power(component) && !place_has_power(grounds, of) {
            missing.push("where its cords end");
        }
        if knows_network && wants_network(component) && !tops_other_planes.contains(&of) {
            missing.push("what it is connected to");
        }
        if wants_machine(component) {
            missing.push("what it runs on");
        }
        if missing.is_empty() {
            continue;
        }
        let falls = grounds.falls_with_and(of);
        let stake = if falls.is_empty() {
            String::new()
        } else {
            format!(
                "; {} {} on it",
                grounds.counted(&falls),
                if falls.len() == 1 { "stands" } else { "stand" }
            )
        };
        found.push(Finding {
            code: RULE.code,
            severity: Severity::Note,
            confidence: Confidence::High,
            component: of,
            causes: vec![of],
            witness: falls
                .first()
                .copied()
                .into_iter()
                .filter(|&id| id != of)
                .chain([of])
                .collect(),
            message: format!(
                "of `{}` the plant does not know {}{stake}",
                grounds.name(of),
                missing.join(" and ")
            ),
            brings_down: falls,
            help: "go and look, and write it down".to_owned(),
        });
    }
}

/// Has cords of its own, and nothing is said of them nor of a chassis that would have them.
fn wants_power(component: &Component) -> bool {
    let corded = matches!(
        component.kind,
        Kind::Server
            | Kind::Hypervisor
            | Kind::Switch
            | Kind::Router
            | Kind::Firewall
            | Kind::LoadBalancer
            | Kind::Storage
            | Kind::Pdu
            | Kind::Ups
    );
    corded
        && component.requirement(Role::Power).is_none()
        && component.requirement(Role::On).is_none()
}

fn wants_network(component: &Component) -> bool {
    let connected = matches!(component.kind, Kind::Server | Kind::Hypervisor | Kind::Switch);
    let has =
        |wanted: fn(&Role) -> bool| component.requirements.iter().any(|(role, _)| wanted(role));
    connected && !has(|role| matches!(role, Role::Network(_) | Role::On))
}

fn wants_machine(component: &Component) -> bool {
    let hosted = matches!(
        component.kind,
        Kind::Vm | Kind::Container | Kind::Website | Kind::Database | Kind::Service
    );
    let told = component.requirements.iter().any(|(role, _)| {
        matches!(role, Role::On | Role::Needs | Role::In | Role::Power | Role::Network(_))
    });
    hosted && !told
}

/// Whether a place it stands in takes its power from something: then that is its power, as far as people
/// cared to write it.
fn place_has_power(grounds: &Grounds<'_>, of: ComponentId) -> bool {
    let mut places = vec![of];
    while let Some(at) = places.pop() {
        let component = grounds.plant.component(at);
        if at != of && component.requirement(Role::Power).is_some() {
            return true;
        }
        if let Some(requirement) = component.requirement(Role::In) {
            requirement.each_leaf(&mut |leaf| {
                if let Target::Component(place) = leaf.target {
                    places.push(place);
                }
            });
        }
    }
    false
}

/// What others hang on in planes beside the front only: the top switch of a storage network has nothing
/// above it.
fn only_of_other_planes(grounds: &Grounds<'_>) -> BTreeSet<ComponentId> {
    let (mut front, mut other) = (BTreeSet::new(), BTreeSet::new());
    for component in grounds.plant.components() {
        for (role, requirement) in &component.requirements {
            let Role::Network(plane) = role else { continue };
            let into = if *plane == PlaneId::FRONT { &mut front } else { &mut other };
            requirement.each_leaf(&mut |leaf| {
                if let Target::Component(target) = leaf.target {
                    into.insert(target);
                }
            });
        }
    }
    &other - &front
}
