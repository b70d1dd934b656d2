//! From a plant to gates.

use super::carried::{Inlet, is_stored};
use super::network::{End, Network, crosses_way_out};
use super::{Choices, Circuit, GateId, Gates, InputId, Look, Op, Sees, Subject, Supposed};
use blackstart_model::check::Host;
use blackstart_model::kind::Kind;
use blackstart_model::plant::{Component, Role, Vantage};
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::requirement::{Leaf, Requirement, Target};
use blackstart_model::{ComponentId, PlaneId, Plant, VantageId};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

/// Gates under construction. A gate is made after its children, so ids are topological by birth.
pub(super) struct Builder {
    gates: Gates,
    inputs: u32,
}

impl Builder {
    pub(super) fn new(inputs: u32) -> Self {
        let mut gates = Gates {
            op: vec![Op::Input; inputs as usize],
            start: vec![0; inputs as usize],
            children: Vec::new(),
        };
        gates.op.extend([Op::And, Op::Or]);
        gates.start.extend([0, 0, 0]);
        Self { gates, inputs }
    }

    /// Goes on with gates that were made before.
    pub(super) const fn resume(gates: Gates, inputs: u32) -> Self {
        Self { gates, inputs }
    }

    /// Copies every gate above `old`, up to the newest one that was there before `new` was made, with
    /// `new` in its place. Returns what stands for what, `new` among it.
    pub(super) fn copy_above(&mut self, old: GateId, new: GateId) -> HashMap<GateId, GateId> {
        let end = self.gates.op.len();
        let mut copies = HashMap::from([(old, new)]);
        let mut is_copied = vec![false; end];
        is_copied[old.index()] = true;
        for at in old.index() + 1..end {
            let gate = GateId(u32::try_from(at).expect("as for gates"));
            let children = self.gates.children(at);
            // The new gate may stand on the old one's own input, and what it was made of on nothing above.
            if gate == new || !children.iter().any(|child| is_copied[child.index()]) {
                continue;
            }
            let children: Vec<GateId> =
                children.iter().map(|child| copies.get(child).copied().unwrap_or(*child)).collect();
            is_copied[at] = true;
            let copy = self.gate(self.gates.op[at], &children);
            copies.insert(gate, copy);
        }
        copies
    }

    /// Always true.
    pub(super) const fn yes(&self) -> GateId {
        GateId(self.inputs)
    }

    /// Always false.
    pub(super) const fn no(&self) -> GateId {
        GateId(self.inputs + 1)
    }

    /// The gates, when all are made.
    pub(super) fn into_gates(self) -> Gates {
        self.gates
    }

    /// A gate of its own, even where another is equal to it.
    pub(super) fn own(&mut self, of: GateId) -> GateId {
        self.gate(Op::And, &[of])
    }

    /// What is left of a gate when one of its conditions is known to hold.
    pub(super) fn given(&mut self, gate: GateId, held: GateId) -> GateId {
        if gate == held {
            return self.yes();
        }
        let children = self.gates.children(gate.index());
        if self.gates.op[gate.index()] != Op::And || !children.contains(&held) {
            return gate;
        }
        let rest = children.iter().copied().filter(|&child| child != held).collect();
        self.and(rest)
    }

    fn gate(&mut self, op: Op, children: &[GateId]) -> GateId {
        let id = GateId(
            u32::try_from(self.gates.op.len()).expect("the plant's limits keep gates in u32"),
        );
        self.gates.op.push(op);
        self.gates.children.extend_from_slice(children);
        self.gates.start.push(u32::try_from(self.gates.children.len()).expect("as for gates"));
        id
    }

    pub(super) fn and(&mut self, mut of: Vec<GateId>) -> GateId {
        of.sort_unstable();
        of.dedup();
        of.retain(|&gate| gate != self.yes());
        if of.contains(&self.no()) {
            return self.no();
        }
        match *of.as_slice() {
            [] => self.yes(),
            [only] => only,
            _ => self.gate(Op::And, &of),
        }
    }

    pub(super) fn or(&mut self, mut of: Vec<GateId>) -> GateId {
        of.sort_unstable();
        of.dedup();
        of.retain(|&gate| gate != self.no());
        if of.contains(&self.yes()) {
            return self.yes();
        }
        match *of.as_slice() {
            [] => self.no(),
            [only] => only,
            _ => self.gate(Op::Or, &of),
        }
    }

    fn at_least(&mut self, k: u32, of: Vec<GateId>) -> GateId {
        match (k, u32::try_from(of.len()).expect("as for gates")) {
            (0, _) => self.yes(),
            (1, _) => self.or(of),
            (k, n) if k == n => self.and(of),
            (k, n) if k > n => self.no(),
            // Children are kept as they are: two outlets of one strip count twice, as wired.
            _ => self.gate(Op::AtLeast(k), &of),
        }
    }

    /// A requirement with each leaf turned into a gate by `leaf`, standbys counting as absent.
    pub(super) fn requirement(
        &mut self,
        requirement: &Requirement,
        leaf: &mut dyn FnMut(&mut Self, &Leaf) -> GateId,
    ) -> GateId {
        self.tree(requirement, &mut |build, one| match one.standby {
            // Until a standby has taken over it carries nothing: the outage is now.
            Some(_) => build.no(),
            None => leaf(build, one),
        })
    }

    /// A requirement with each leaf turned into a gate by `leaf`, standbys among them.
    pub(super) fn tree(
        &mut self,
        requirement: &Requirement,
        leaf: &mut dyn FnMut(&mut Self, &Leaf) -> GateId,
    ) -> GateId {
        match requirement {
            Requirement::One(one) => leaf(self, one),
            Requirement::All(of) => {
                let of = of.iter().map(|part| self.tree(part, leaf)).collect();
                self.and(of)
            }
            Requirement::Any(of) => {
                let of = of.iter().map(|part| self.tree(part, leaf)).collect();
                self.or(of)
            }
            Requirement::AtLeast { k, of } => {
                let of = of.iter().map(|part| self.tree(part, leaf)).collect();
                self.at_least(*k, of)
            }
        }
    }
}

/// Whether there is anything to choose between in a requirement.
fn has_choice(requirement: &Requirement) -> bool {
    match requirement {
        Requirement::One(_) => false,
        Requirement::Any(of) | Requirement::AtLeast { of, .. } => of.len() > 1,
        Requirement::All(of) => of.iter().any(has_choice),
    }
}

impl Choices {
    /// Records every choice in a requirement, the outer before the inner, with each leaf turned into a
    /// gate by `leaf`. A standby counts here as what it stands by with: whether it is worth anything is
    /// a question of the design, not of the moment.
    pub(super) fn record(
        &mut self,
        build: &mut Builder,
        (of, role): (ComponentId, Role),
        requirement: &Requirement,
        leaf: &mut dyn FnMut(&mut Builder, &Leaf) -> GateId,
    ) {
        let (k, parts) = match requirement {
            Requirement::One(_) => return,
            Requirement::All(parts) => (None, parts),
            Requirement::Any(parts) => (Some(1), parts),
            Requirement::AtLeast { k, of } => (Some(*k), of),
        };
        if let Some(k) = k.filter(|&k| (k as usize) < parts.len()) {
            let members: Vec<GateId> = parts
                .iter()
                .map(|part| match part {
                    Requirement::One(one) => leaf(build, one),
                    Requirement::All(_) | Requirement::Any(_) | Requirement::AtLeast { .. } => {
                        build.requirement(part, leaf)
                    }
                })
                .collect();
            self.of.push((of, role, k));
            self.members.extend(members);
            self.names.extend(parts.iter().map(first_component));
            self.start.push(u32::try_from(self.members.len()).expect("as for gates"));
        }
        for part in parts {
            self.record(build, (of, role), part, leaf);
        }
    }
}

fn first_component(requirement: &Requirement) -> Option<ComponentId> {
    let mut first = None;
    requirement.each_leaf(&mut |leaf| {
        if let (None, Target::Component(target)) = (first, leaf.target) {
            first = Some(target);
        }
    });
    first
}

/// The certificate by which each thing is served that one covers. Where several do, each serves some of its names, and
/// none is what it cannot do without; a machine or a switch answers without any.
fn certificates(plant: &Plant) -> BTreeMap<ComponentId, ComponentId> {
    let serves = |id: ComponentId| {
        matches!(
            plant.component(id).kind,
            Kind::Service
                | Kind::Website
                | Kind::Database
                | Kind::Container
                | Kind::LoadBalancer
                | Kind::Vip
        )
    };
    let mut all: BTreeMap<ComponentId, Vec<ComponentId>> = BTreeMap::new();
    for (component, at) in plant.components().iter().zip(0..) {
        let covered = component.requirement(Role::Covers);
        let Some(covered) = covered.filter(|_| component.kind == Kind::Certificate) else {
            continue;
        };
        covered.each_leaf(&mut |leaf| {
            if let Target::Component(of) = leaf.target
                && serves(of)
            {
                all.entry(of).or_default().push(ComponentId(at));
            }
        });
    }
    let only = |(of, mut by): (ComponentId, Vec<ComponentId>)| {
        by.dedup();
        (by.len() == 1).then(|| (of, by[0]))
    };
    all.into_iter().filter_map(only).collect()
}

/// Roles that make a component stand on another whatever the network does.
pub(super) const SUPPORT: [Role; 4] = [Role::In, Role::On, Role::Power, Role::Cooling];

/// How much of a plant is compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// All that can be asked of it.
    Whole,
    /// What works, and who is heard.
    Works,
}

/// Everything there is to ask of a plant.
pub(super) fn compile(plant: &Plant) -> Circuit {
    assemble(plant, Extent::Whole, &[]).0
}

/// What checks that do not exist would see, and no more of the plant than that takes.
pub(super) fn suppose(plant: &Plant, supposed: &[Supposed]) -> (Circuit, Vec<Option<Look>>) {
    assemble(plant, Extent::Works, supposed)
}

fn assemble(plant: &Plant, extent: Extent, supposed: &[Supposed]) -> (Circuit, Vec<Option<Look>>) {
    let subjects = subjects(plant);
    let input: HashMap<Subject, InputId> = subjects
        .iter()
        .enumerate()
        .skip(plant.components().len())
        .map(|(at, &subject)| (subject, InputId(u32::try_from(at).expect("inputs fit u32"))))
        .collect();
    let ok = |subject: Subject| match subject {
        Subject::Component(component) => GateId(component.0),
        other => GateId(input[&other].0),
    };
    let mut build = Builder::new(u32::try_from(subjects.len()).expect("inputs fit u32"));
    let order = dependencies_first(plant);
    let spared = spared(&mut build, &subjects, &ok);

    let mut base = vec![build.yes(); plant.components().len()];
    // What it is to those who have their power from it: a generator that cannot do without something is there,
    // and gives nothing.
    let mut gives = base.clone();
    let mut inlets = Vec::new();
    for &id in &order {
        let mut all = vec![ok(Subject::Component(id))];
        all.extend(spared_of(&spared, id));
        for role in SUPPORT {
            if let Some(requirement) = plant.component(id).requirement(role) {
                let below = if role == Role::Power { &gives } else { &base };
                let gate = build.requirement(requirement, &mut |build, leaf| match leaf.target {
                    Target::Component(on) => below[on.index()],
                    Target::Internet => build.yes(),
                });
                all.push(inlet(&mut build, plant, (id, role, requirement), gate, &mut inlets));
            }
        }
        base[id.index()] = build.and(all);
        gives[id.index()] = base[id.index()];
        if let Some(requirement) = plant.component(id).requirement(Role::Needs) {
            let needs = build.requirement(requirement, &mut |build, leaf| match leaf.target {
                Target::Component(on) => base[on.index()],
                Target::Internet => build.yes(),
            });
            gives[id.index()] = build.and(vec![base[id.index()], needs]);
        }
    }

    let mut network = Network::of(plant, base);
    let mut works = vec![build.yes(); plant.components().len()];
    let mut fully = works.clone();
    let mut choices = Choices { start: vec![0], ..Choices::default() };
    let certificates = certificates(plant);
    for &id in &order {
        let component = plant.component(id);
        let mut all = vec![network.base(id)];
        all.extend(certificates.get(&id).map(|&by| ok(Subject::Component(by))));
        // Where nothing below needs more than to stand, what it stands on is in `base` already.
        let as_base = component.requirements.iter().all(|(role, requirement)| {
            let mut same = true;
            if SUPPORT.contains(role) {
                requirement.each_leaf(&mut |leaf| {
                    if let Target::Component(on) = leaf.target {
                        same &= works[on.index()] == network.base(on);
                    }
                });
            }
            same
        });
        for (role, requirement) in &component.requirements {
            match role {
                Role::In | Role::On | Role::Power | Role::Cooling if as_base => {}
                Role::In | Role::On | Role::Power | Role::Cooling | Role::Uses => {
                    let gate =
                        build.requirement(requirement, &mut |build, leaf| match leaf.target {
                            Target::Component(on) => works[on.index()],
                            Target::Internet => build.yes(),
                        });
                    let at = (id, *role, requirement);
                    all.push(inlet(&mut build, plant, at, gate, &mut inlets));
                }
                Role::Needs => {
                    let gate = build.requirement(requirement, &mut |build, leaf| {
                        needed(build, &mut network, &ok, id, leaf, &works)
                    });
                    let at = (id, *role, requirement);
                    all.push(inlet(&mut build, plant, at, gate, &mut inlets));
                }
                Role::CarriedBy => all.push(build.requirement(requirement, &mut |build, leaf| {
                    let Target::Component(upstream) = leaf.target else { return build.yes() };
                    build.and(vec![
                        network.base(upstream),
                        ok(Subject::Carriage { upstream, prefix: id }),
                    ])
                })),
                Role::Network(_)
                | Role::Between
                | Role::DegradedWithout
                | Role::ToStart
                | Role::ManagedVia
                | Role::UsedFrom
                | Role::Prefix
                | Role::Covers => {}
            }
        }
        works[id.index()] = build.and(all);
        if extent == Extent::Works {
            continue;
        }
        for (role, requirement) in &component.requirements {
            if has_choice(requirement) {
                choices.record(&mut build, (id, *role), requirement, &mut |build, leaf| {
                    match (role, leaf.target) {
                        (Role::Needs | Role::DegradedWithout, _) => {
                            needed(build, &mut network, &ok, id, leaf, &works)
                        }
                        // What lies beyond the next hop is the network's own matter.
                        (Role::Network(_), Target::Component(on)) => network.base(on),
                        (_, Target::Component(on)) => works[on.index()],
                        (_, Target::Internet) => build.yes(),
                    }
                });
            }
        }
        let mut all = vec![works[id.index()]];
        for role in [Role::Needs, Role::DegradedWithout] {
            if let Some(requirement) = component.requirement(role) {
                all.push(build.requirement(requirement, &mut |build, leaf| {
                    needed(build, &mut network, &ok, id, leaf, &fully)
                }));
            }
        }
        fully[id.index()] = build.and(all);
    }

    let mut usable = works.clone();
    let (ordered, components, checks) = match extent {
        Extent::Whole => (order.as_slice(), plant.components(), plant.checks()),
        Extent::Works => Default::default(),
    };
    for &id in ordered {
        usable[id.index()] = usable_gate(&mut build, &mut network, &ok, plant, id, &works, &usable);
    }

    let mut managed = Vec::new();
    for (component, at) in components.iter().zip(0..) {
        if let Some(requirement) = component.requirement(Role::ManagedVia) {
            let id = ComponentId(at);
            let gate = build.requirement(requirement, &mut |build, leaf| match leaf.target {
                Target::Internet => network.outside(build, &ok, id),
                Target::Component(way) => {
                    usable_from_outside(build, &mut network, &ok, plant, way, &usable)
                }
            });
            managed.push((id, gate));
        }
    }

    let is_reached = |component: &Component| {
        component.requirement(Role::Network(PlaneId::FRONT)).is_some()
            || (component.kind.is_used() && component.kind != Kind::Customer)
    };
    let mut reached = Vec::new();
    for (id, _) in (0..).map(ComponentId).zip(components).filter(|(_, it)| is_reached(it)) {
        let way = network.anywhere(&mut build, &ok, network.end(id, None), PlaneId::FRONT);
        if way != build.no() {
            reached.push((id, build.and(vec![works[id.index()], way])));
        }
    }

    let heard = plant
        .vantages()
        .iter()
        .enumerate()
        .map(|(at, vantage)| {
            let id = VantageId(u32::try_from(at).expect("vantages fit u32"));
            let way = way_home(&mut build, &mut network, &ok, plant, vantage);
            build.and(vec![ok(Subject::Vantage(id)), way])
        })
        .collect();

    let mut sees = Vec::new();
    let mut unplaced = Vec::new();
    for check in checks {
        for &vantage in &check.from {
            let place = plant.vantage(vantage);
            // What does not leave the vantage's own place is not touched by the loss of its way out.
            let heard = if crosses_way_out(plant, check, place) {
                ok(Subject::Vantage(vantage))
            } else {
                build.yes()
            };
            let address = match check.question.host() {
                Some(Host::Address(address)) => Some(*address),
                Some(Host::Name(_)) | None => None,
            };
            let asked = (place, check.component, address, check.plane);
            let (path, machine) = paths(&mut build, &mut network, &ok, plant, asked);
            // The plant has no path where there is a check: an edge is missing or wrong, and a
            // constant "down" would only teach us to distrust the check.
            if path.is_none() {
                unplaced.push((check.id, vantage));
            }
            let gate = build.and(vec![
                ok(Subject::Check(check.id)),
                heard,
                works[check.component.index()],
                path.unwrap_or(build.yes()),
            ]);
            let answers = machine.map(|(machine, path)| {
                (machine, build.and(vec![heard, network.base(machine), path]))
            });
            sees.push(Sees { check: check.id, vantage, gate, answers });
        }
    }
    let looks = supposed
        .iter()
        .map(|one| {
            let asked = (plant.vantage(one.vantage), one.component, None, one.plane);
            let (path, machine) = paths(&mut build, &mut network, &ok, plant, asked);
            let gate = build.and(vec![works[one.component.index()], path?]);
            let answers = machine.map(|(of, path)| (of, build.and(vec![network.base(of), path])));
            Some(Look { gate, answers })
        })
        .collect();
    let sees_by_name = sees
        .iter()
        .enumerate()
        .map(|(at, sees)| {
            let check = &plant.checks()[sees.check.index()];
            ((check.key.clone(), plant.vantage(sees.vantage).name.clone()), at)
        })
        .collect();
    let today = plant
        .components()
        .iter()
        .zip(0..)
        .filter(|(component, _)| {
            component.condition.known_failed.is_some()
                || component.condition.off_on_purpose.is_some()
        })
        .map(|(_, at)| InputId(at))
        .collect();
    let circuit = Circuit {
        gates: build.gates,
        choices,
        subjects,
        base: network.into_base(),
        works,
        fully,
        usable,
        managed,
        reached,
        heard,
        sees,
        sees_by_name,
        today,
        spared,
        unplaced,
        inlets,
        above: std::sync::OnceLock::new(),
    };
    (circuit, looks)
}

/// What comes in to a component in a role, as a gate of its own where there is a store of it, or a standby for it.
fn inlet(
    build: &mut Builder,
    plant: &Plant,
    (of, role, requirement): (ComponentId, Role, &Requirement),
    gate: GateId,
    inlets: &mut Vec<Inlet>,
) -> GateId {
    let is_stored = is_stored(plant.component(of).kind, role);
    let mut has_standby = false;
    requirement.each_leaf(&mut |leaf| has_standby |= leaf.standby.is_some());
    if !(is_stored || has_standby) || gate == build.yes() || gate == build.no() {
        return gate;
    }
    let gate = build.own(gate);
    inlets.push(Inlet { of, role, takes_over: !is_stored, gate });
    gate
}

/// Everything that can break; a component's input has the component's own number.
fn subjects(plant: &Plant) -> Vec<Subject> {
    let mut subjects = Vec::new();
    let count = |len: usize| u32::try_from(len).expect("the plant's limits keep counts in u32");
    subjects
        .extend((0..count(plant.components().len())).map(|at| Subject::Component(ComponentId(at))));
    subjects.extend((0..count(plant.vantages().len())).map(|at| Subject::Vantage(VantageId(at))));
    subjects.extend(plant.checks().iter().map(|check| Subject::Check(check.id)));
    for (component, at) in plant.components().iter().zip(0..) {
        if component.kind == Kind::Prefix {
            let prefix = ComponentId(at);
            let carriers = carriers(plant, prefix);
            subjects.extend(
                carriers.into_iter().map(|upstream| Subject::Carriage { upstream, prefix }),
            );
        }
    }
    subjects.extend(spreads(plant).into_iter().map(|(to, from)| Subject::Spread { from, to }));
    subjects
}

/// What can be taken down by what it needs nothing of, and by what: in the order of what is hit.
fn spreads(plant: &Plant) -> Vec<(ComponentId, ComponentId)> {
    let mut spreads = Vec::new();
    for (component, at) in plant.components().iter().zip(0..) {
        let own = ComponentId(at);
        if let Some(Value::Components(hit)) = component.attribute(Attribute::CanTakeDown) {
            spreads.extend(hit.iter().map(|&to| (to, own)));
        }
        // What it reads when it starts and not again hits it when it is started anew.
        if let Some(requirement) = component.requirement(Role::ToStart) {
            demanded(requirement, &mut |from| spreads.push((own, from)));
        }
    }
    spreads.retain(|(to, from)| to != from);
    spreads.sort_unstable();
    spreads.dedup();
    spreads
}

/// What a requirement cannot be met without, choices left aside.
pub(crate) fn demanded(requirement: &Requirement, tell: &mut dyn FnMut(ComponentId)) {
    match requirement {
        Requirement::One(leaf) => {
            if let (Target::Component(target), None) = (leaf.target, &leaf.standby) {
                tell(target);
            }
        }
        Requirement::All(of) => of.iter().for_each(|part| demanded(part, tell)),
        Requirement::Any(_) | Requirement::AtLeast { .. } => {}
    }
}

/// For what others can take down, once for each of these: the other has not failed by itself, or has not
/// taken it along. In the order of what is hit.
fn spared(
    build: &mut Builder,
    subjects: &[Subject],
    ok: &dyn Fn(Subject) -> GateId,
) -> Vec<(ComponentId, GateId)> {
    let mut spared = Vec::new();
    for &subject in subjects {
        let Subject::Spread { from, to } = subject else { continue };
        let gate = build.or(vec![ok(Subject::Component(from)), ok(subject)]);
        spared.push((to, gate));
    }
    spared
}

/// Those of one component.
pub(super) fn spared_of(
    spared: &[(ComponentId, GateId)],
    of: ComponentId,
) -> impl Iterator<Item = GateId> + '_ {
    let first = spared.partition_point(|(to, _)| *to < of);
    spared[first..].iter().take_while(move |(to, _)| *to == of).map(|(_, gate)| *gate)
}

/// The upstreams that carry a prefix: those named, or all when none is.
fn carriers(plant: &Plant, prefix: ComponentId) -> Vec<ComponentId> {
    let mut carriers = Vec::new();
    match plant.component(prefix).requirement(Role::CarriedBy) {
        Some(requirement) => requirement.each_leaf(&mut |leaf| {
            if let Target::Component(upstream) = leaf.target {
                carriers.push(upstream);
            }
        }),
        None => carriers.extend(
            plant
                .components()
                .iter()
                .zip(0..)
                .filter(|(component, _)| component.kind == Kind::Upstream)
                .map(|(_, at)| ComponentId(at)),
        ),
    }
    carriers.sort_unstable();
    carriers.dedup();
    carriers
}

/// Whether an upstream carries a prefix.
pub(super) fn carries(plant: &Plant, upstream: ComponentId, prefix: ComponentId) -> bool {
    let Some(requirement) = plant.component(prefix).requirement(Role::CarriedBy) else {
        return plant.component(upstream).kind == Kind::Upstream;
    };
    let mut named = false;
    requirement.each_leaf(&mut |leaf| named |= leaf.target == Target::Component(upstream));
    named
}

/// Components so that each stands after all it depends on. The checker admits no cycle in these roles.
fn dependencies_first(plant: &Plant) -> Vec<ComponentId> {
    let mut order = Vec::with_capacity(plant.components().len());
    let mut begun = vec![false; plant.components().len()];
    let mut stack = Vec::new();
    let push = |id: ComponentId, begun: &mut Vec<bool>, stack: &mut Vec<_>| {
        if begun[id.index()] {
            return;
        }
        begun[id.index()] = true;
        let on = plant.component(id).stands_on();
        stack.push((id, on));
    };
    for (_, at) in plant.components().iter().zip(0..) {
        push(ComponentId(at), &mut begun, &mut stack);
        while let Some((id, on)) = stack.last_mut() {
            match on.pop() {
                Some(next) => push(next, &mut begun, &mut stack),
                None => {
                    order.push(*id);
                    stack.pop();
                }
            }
        }
    }
    order
}

/// A leaf of `needs`: the target does what `does` says, and is reachable from the needer.
fn needed(
    build: &mut Builder,
    network: &mut Network<'_>,
    ok: &dyn Fn(Subject) -> GateId,
    needer: ComponentId,
    leaf: &Leaf,
    does: &[GateId],
) -> GateId {
    let plane = leaf.plane.unwrap_or(PlaneId::FRONT);
    match leaf.target {
        Target::Internet => network.outside(build, ok, needer),
        Target::Component(target) => {
            let path = network.between(build, ok, needer, target, plane);
            let path = if path == build.no() { build.yes() } else { path };
            build.and(vec![does[target.index()], path])
        }
    }
}

/// Whether a component is up for those who use it.
fn usable_gate(
    build: &mut Builder,
    network: &mut Network<'_>,
    ok: &dyn Fn(Subject) -> GateId,
    plant: &Plant,
    id: ComponentId,
    works: &[GateId],
    usable: &[GateId],
) -> GateId {
    let component = plant.component(id);
    let path = match (component.requirement(Role::UsedFrom), component.kind) {
        (Some(from), _) => build.requirement(from, &mut |build, leaf| match leaf.target {
            Target::Internet => network.outside(build, ok, id),
            Target::Component(user) => {
                let plane = leaf.plane.unwrap_or(PlaneId::FRONT);
                network.between(build, ok, user, id, plane)
            }
        }),
        (None, Kind::Service | Kind::Website) => network.outside(build, ok, id),
        (None, Kind::Customer) => match component.requirement(Role::Uses) {
            Some(uses) => build.requirement(uses, &mut |build, leaf| match leaf.target {
                // A machine of their own is used as a service is.
                Target::Component(used) => {
                    usable_from_outside(build, network, ok, plant, used, usable)
                }
                Target::Internet => build.yes(),
            }),
            None => build.yes(),
        },
        (None, _) => build.yes(),
    };
    let path = if path == build.no() { build.yes() } else { path };
    build.and(vec![works[id.index()], path])
}

/// Whether a component is up for those who use it from outside, also where by its kind it is not used from there.
fn usable_from_outside(
    build: &mut Builder,
    network: &mut Network<'_>,
    ok: &dyn Fn(Subject) -> GateId,
    plant: &Plant,
    id: ComponentId,
    usable: &[GateId],
) -> GateId {
    let component = plant.component(id);
    // It says where it is used from, or its kind does, and being usable says whether it is reached.
    let says = component.requirement(Role::UsedFrom).is_some()
        || matches!(component.kind, Kind::Service | Kind::Website | Kind::Customer);
    let way = if says { build.yes() } else { network.outside(build, ok, id) };
    // What has a private address is reached from inside, and we do not know where.
    let way = if way == build.no() { build.yes() } else { way };
    build.and(vec![usable[id.index()], way])
}

/// The path of a check, `None` where the plant has none; and the machine that answers for what is asked,
/// with the path to that. Where the plant has none to the machine's own address (a private one, asked from outside),
/// what it answers comes the way of the question; and always, where there is no such way either.
fn paths(
    build: &mut Builder,
    network: &mut Network<'_>,
    ok: &dyn Fn(Subject) -> GateId,
    plant: &Plant,
    (place, component, address, plane): (&Vantage, ComponentId, Option<IpAddr>, PlaneId),
) -> (Option<GateId>, Option<(ComponentId, GateId)>) {
    let asked = network.end(component, address);
    let path = path_from(build, network, ok, place, asked, plane);
    let machine = machine_of(plant, component).map(|machine| {
        let asked = network.end(machine, address);
        let own = path_from(build, network, ok, place, asked, plane);
        let ways = [own, path, build.yes()];
        (machine, ways.into_iter().find(|&way| way != build.no()).unwrap_or(own))
    });
    (Some(path).filter(|&path| path != build.no()), machine)
}

/// The path of a check: from its vantage to its component.
fn path_from(
    build: &mut Builder,
    network: &mut Network<'_>,
    ok: &dyn Fn(Subject) -> GateId,
    vantage: &Vantage,
    target: End,
    plane: PlaneId,
) -> GateId {
    match (vantage.at, &vantage.agent) {
        (Some(at), _) => network.between_nodes(build, ok, (at, vantage.segment), target, plane),
        (None, Some(_)) => network.outside(build, ok, target),
        (None, None) => network.anywhere(build, ok, target, plane),
    }
}

/// The machine whose own network stack speaks for a component, dead or alive: itself, or what it runs
/// on. A container's host speaks for it.
pub(crate) fn machine_of(plant: &Plant, of: ComponentId) -> Option<ComponentId> {
    let mut at = of;
    // Running on each other in a circle is refused by the checker; this is only its limit.
    for _ in 0..plant.components().len() {
        let component = plant.component(at);
        let speaks = matches!(
            component.kind,
            Kind::Server
                | Kind::Vm
                | Kind::Hypervisor
                | Kind::Switch
                | Kind::Router
                | Kind::Firewall
                | Kind::LoadBalancer
                | Kind::Storage
        );
        if speaks {
            return Some(at);
        }
        match component.requirement(Role::On)? {
            Requirement::One(leaf) => match leaf.target {
                Target::Component(on) => at = on,
                Target::Internet => return None,
            },
            Requirement::All(_) | Requirement::Any(_) | Requirement::AtLeast { .. } => return None,
        }
    }
    None
}

/// The path between a vantage and the server.
fn way_home(
    build: &mut Builder,
    network: &mut Network<'_>,
    ok: &dyn Fn(Subject) -> GateId,
    plant: &Plant,
    vantage: &Vantage,
) -> GateId {
    let here = plant.vantage(VantageId(0));
    let path = match (here.at, vantage.at) {
        (Some(here_at), Some(at)) if here_at != at || here.segment != vantage.segment => {
            network.between_nodes(build, ok, (here_at, here.segment), at.into(), PlaneId::FRONT)
        }
        // Outside the plant, or the server itself: what matters is the one's own way to the internet.
        (Some(at), _) | (None, Some(at)) => {
            let outside = network.outside(build, ok, at);
            build.and(vec![network.base(at), outside])
        }
        (None, None) => build.yes(),
    };
    if path == build.no() { build.yes() } else { path }
}
