//! One machine that can fill what all share.
//!
//! A pair of firewalls outlives the fault of one, and not a customer's machine whose port is as wide as
//! theirs: both see the same flood. For every router, firewall, balancer, shared address and upstream with a
//! `capacity`: the widest port of a machine below it, where others are below it too. Switches are left out, for
//! they forward at the speed of their ports. Ports and capacities that nobody wrote down are not judged.

use super::{Finding, Grounds, Rule};
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::kind::Kind;
use blackstart_model::plant::{Component, Role};
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::requirement::Target;
use std::collections::BTreeMap;

pub(super) const RULE: Rule =
    Rule { code: "BS1025", title: "one machine can fill what all share", find };

/// What is below a place in the network.
#[derive(Clone, Copy, Default, PartialEq)]
struct Below {
    /// The machine with the widest port, and how wide it is, bits per second.
    widest: Option<(f64, ComponentId)>,
    /// Two machines of iron, the first of the plant's order: guests count as their host.
    machines: [Option<ComponentId>; 2],
}

impl Below {
    fn with(mut self, other: Self) -> Self {
        // Of equals the first of the plant's order.
        self.widest = match (self.widest, other.widest) {
            (Some(one), Some(two)) if two.0 > one.0 || two.0 >= one.0 && two.1 < one.1 => Some(two),
            (None, two) => two,
            (one, _) => one,
        };
        let mut machines: Vec<ComponentId> =
            self.machines.iter().chain(&other.machines).flatten().copied().collect();
        machines.sort_unstable();
        machines.dedup();
        self.machines = [machines.first().copied(), machines.get(1).copied()];
        self
    }
}

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    let rated = |id: ComponentId| {
        rate(grounds.plant.component(id)).filter(|_| shared_by_many(grounds.kind(id)))
    };
    if !grounds.ids().any(|id| rated(id).is_some()) {
        return;
    }
    let below = below(grounds);
    let relied_on_by = relied_on_by(grounds);
    for at in grounds.ids() {
        let (Some(rated), Below { widest: Some((port, machine)), machines: [Some(_), Some(_)] }) =
            (rated(at), below[at.index()])
        else {
            continue;
        };
        if port < rated {
            continue;
        }
        let mut falls = grounds.falls_with(at);
        if let Some(&by) = relied_on_by.get(&at) {
            falls.extend(grounds.falls_with_and(by));
        }
        grounds.by_impact(&mut falls);
        found.push(Finding {
            code: RULE.code,
            severity: Severity::Note,
            confidence: Confidence::Medium,
            component: at,
            causes: vec![machine],
            brings_down: falls,
            witness: vec![at, machine],
            message: format!(
                "`{}` alone can fill `{}`: its port is as wide, and others are behind it too",
                grounds.name(machine),
                grounds.name(at)
            ),
            help: "limit the port below what all share, and see to it that one can be shut from elsewhere"
                .to_owned(),
        });
    }
}

/// By component: what is below it in the network. Widths only grow and machines only come earlier, so
/// following the cables until nothing changes ends, rings or no rings.
fn below(grounds: &Grounds<'_>) -> Vec<Below> {
    let mut below = vec![Below::default(); grounds.plant.components().len()];
    let mut waiting = Vec::new();
    for id in grounds.ids() {
        let component = grounds.plant.component(id);
        if is_machine(component.kind) {
            let widest = rate(component).map(|port| (port, id));
            below[id.index()] = Below { widest, machines: [Some(host(grounds, id)), None] };
            waiting.push(id);
        }
    }
    while let Some(id) = waiting.pop() {
        let own = below[id.index()];
        for to in towards_core(grounds, id) {
            let with = below[to.index()].with(own);
            if with != below[to.index()] {
                below[to.index()] = with;
                waiting.push(to);
            }
        }
    }
    below
}

/// The machine at the bottom of one, by the first that each runs on.
fn host(grounds: &Grounds<'_>, mut id: ComponentId) -> ComponentId {
    // The checker admits no circles under `on`.
    while let Some(on) = grounds.plant.component(id).requirement(Role::On) {
        let mut first = None;
        on.each_leaf(&mut |leaf| {
            if let (None, Target::Component(target)) = (first, leaf.target) {
                first = Some(target);
            }
        });
        match first {
            Some(below) => id = below,
            None => break,
        }
    }
    id
}

/// What it is connected to, and what forwards for it where it is forwarded for by others.
fn towards_core(grounds: &Grounds<'_>, id: ComponentId) -> Vec<ComponentId> {
    let mut to = Vec::new();
    for (role, requirement) in &grounds.plant.component(id).requirements {
        let held = *role == Role::On && shared_by_many(grounds.kind(id));
        if matches!(role, Role::Network(_)) || held {
            requirement.each_leaf(&mut |leaf| {
                if let Target::Component(target) = leaf.target {
                    to.push(target);
                }
            });
        }
    }
    to
}

/// By member of a redundancy of forwarders: what relies on it.
fn relied_on_by(grounds: &Grounds<'_>) -> BTreeMap<ComponentId, ComponentId> {
    let mut by = BTreeMap::new();
    for choice in grounds.circuit.choices() {
        if choice.role == Role::On {
            for &member in choice.names.iter().flatten() {
                by.entry(member).or_insert(choice.of);
            }
        }
    }
    by
}

fn rate(component: &Component) -> Option<f64> {
    match component.attribute(Attribute::Capacity) {
        Some(Value::BitsPerSecond(range)) => Some(range.max),
        _ => None,
    }
}

const fn shared_by_many(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Router
            | Kind::Firewall
            | Kind::LoadBalancer
            | Kind::Vip
            | Kind::Upstream
            | Kind::Component
    )
}

const fn is_machine(kind: Kind) -> bool {
    matches!(kind, Kind::Server | Kind::Hypervisor | Kind::Vm | Kind::Container)
}
