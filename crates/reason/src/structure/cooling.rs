//! Cooling that stops when the source of power changes, for machines that do not.
//!
//! A UPS carries machines over the loss of mains and over every change of source; cooling that no UPS
//! carries stops each time, and large chillers take long to come back. The machines run on, and heat. So for
//! every cooling unit whose power is known: whether some UPS stands in each of its ways to a source, and the
//! same of each machine that it cools, by its own power or by that of the place it stands in. What has no
//! word on its power is not judged. How long it takes until it is too hot is not computed.

use super::{Finding, Grounds, Rule};
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::kind::Kind;
use blackstart_model::plant::Role;
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::requirement::{Requirement, Target};
use blackstart_model::time::shown_span;
use std::collections::BTreeMap;

/// Steps from a machine to its source at most (chosen by hand: real ways have ten). What lies further is
/// not known; it bounds the stack.
const STEPS_MAX: usize = 256;

pub(super) const RULE: Rule = Rule {
    code: "BS1020",
    title: "machines ride through a change of source, their cooling does not",
    find,
};

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    let mut carried = Carried { grounds, known: BTreeMap::new(), depth: 0 };
    let stopping: Vec<ComponentId> = grounds
        .ids()
        .filter(|&id| grounds.kind(id) == Kind::Cooling && carried.by_ups(id) == Some(false))
        .collect();
    if stopping.is_empty() {
        return;
    }
    let mut cooled: BTreeMap<ComponentId, Vec<ComponentId>> = BTreeMap::new();
    for id in grounds.ids() {
        if heats(grounds.kind(id)) && carried.by_ups(id) == Some(true) {
            for unit in cooled_by(grounds, id) {
                if stopping.contains(&unit) {
                    cooled.entry(unit).or_default().push(id);
                }
            }
        }
    }
    for (unit, machines) in cooled {
        let mut falls: Vec<ComponentId> =
            machines.iter().flat_map(|&machine| grounds.falls_with_and(machine)).collect();
        grounds.by_impact(&mut falls);
        let mut causes = Vec::new();
        if let Some(power) = grounds.plant.component(unit).requirement(Role::Power) {
            power.each_leaf(&mut |leaf| {
                if let Target::Component(source) = leaf.target {
                    causes.push(source);
                }
            });
        }
        found.push(Finding {
            code: RULE.code,
            severity: Severity::Warning,
            confidence: Confidence::High,
            component: unit,
            witness: [machines[0], unit].into_iter().chain(causes.first().copied()).collect(),
            message: format!(
                "`{}` stops{} whenever its power changes source, while a UPS carries what it cools: {}",
                grounds.name(unit),
                back_in(grounds, unit),
                grounds.list(&machines)
            ),
            causes,
            brings_down: falls,
            help: "carry fans and pumps by a UPS, know how long it stays cool without, and stay on one source until it runs again"
                .to_owned(),
        });
    }
}

/// For how long it stops, where the plant says.
fn back_in(grounds: &Grounds<'_>, unit: ComponentId) -> String {
    match grounds.plant.component(unit).attribute(Attribute::StartsIn) {
        Some(Value::Span(_, most)) => format!(" for {}", shown_span(*most)),
        _ => String::new(),
    }
}

/// Whether a UPS carries things over a change of source, as far as the plant says.
struct Carried<'a, 'p> {
    grounds: &'a Grounds<'p>,
    known: BTreeMap<ComponentId, Option<bool>>,
    depth: usize,
}

impl Carried<'_, '_> {
    /// `None` where nothing is said of its power. The checker admits no circles under these roles.
    fn by_ups(&mut self, id: ComponentId) -> Option<bool> {
        if let Some(&known) = self.known.get(&id) {
            return known;
        }
        if self.depth == STEPS_MAX {
            return None;
        }
        self.depth += 1;
        let component = self.grounds.plant.component(id);
        let source = matches!(component.kind, Kind::Feed | Kind::Generator);
        // The building that a source stands in does not feed it.
        let roles: &[Role] =
            if source { &[Role::Power] } else { &[Role::Power, Role::On, Role::In] };
        let upwards = roles.iter().find_map(|&role| component.requirement(role));
        let carried = match (component.kind == Kind::Ups, upwards) {
            (true, _) => Some(true),
            (false, Some(requirement)) => self.all(requirement),
            (false, None) if source => Some(false),
            (false, None) => None,
        };
        self.depth -= 1;
        self.known.insert(id, carried);
        carried
    }

    /// Whether a requirement is met without a break: one carried member of a choice is enough.
    fn all(&mut self, requirement: &Requirement) -> Option<bool> {
        match requirement {
            Requirement::One(leaf) => match leaf.target {
                Target::Component(id) => self.by_ups(id),
                Target::Internet => None,
            },
            Requirement::All(of) => self.so_many(of, of.len()),
            Requirement::Any(of) => self.so_many(of, 1),
            Requirement::AtLeast { k, of } => self.so_many(of, *k as usize),
        }
    }

    fn so_many(&mut self, of: &[Requirement], enough: usize) -> Option<bool> {
        let each: Vec<Option<bool>> = of.iter().map(|part| self.all(part)).collect();
        let carried = each.iter().filter(|one| **one == Some(true)).count();
        let may_be = each.iter().filter(|one| **one != Some(false)).count();
        match (carried >= enough, may_be >= enough) {
            (true, _) => Some(true),
            (false, false) => Some(false),
            (false, true) => None,
        }
    }
}

/// What turns power into heat that matters.
const fn heats(kind: Kind) -> bool {
    matches!(kind, Kind::Server | Kind::Hypervisor | Kind::Storage | Kind::Switch | Kind::Router)
}

/// The cooling units of a machine and of the places it stands in.
fn cooled_by(grounds: &Grounds<'_>, machine: ComponentId) -> Vec<ComponentId> {
    let mut units = Vec::new();
    let mut places = vec![machine];
    while let Some(at) = places.pop() {
        let component = grounds.plant.component(at);
        for (role, requirement) in &component.requirements {
            requirement.each_leaf(&mut |leaf| {
                let Target::Component(target) = leaf.target else { return };
                if *role == Role::In {
                    places.push(target);
                } else if *role == Role::Cooling && grounds.kind(target) == Kind::Cooling {
                    units.push(target);
                }
            });
        }
    }
    units.sort_unstable();
    units.dedup();
    units
}
