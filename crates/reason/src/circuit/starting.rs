//! What must be up before a thing can be started, as a monotone function of what is up.
//!
//! The same gates as the circuit's, with two differences. An input is *true* once its component is up,
//! so the function of a component may lead back to itself: that is a cycle of the start, and
//! [`coldstart`](crate::coldstart) finds it. And `to_start` counts, which in the running plant does not.
//! Whoever asks for a way through the network is taken to be up itself, for it would be once started.
//!
//! It decides nothing: which of these to wait for is the cold start's matter. Tested there.

use super::compile::Builder;
use super::network::Network;
use super::{Gate, GateId, Gates, Op, Subject};
use blackstart_model::kind::Kind;
use blackstart_model::plant::Role;
use blackstart_model::requirement::{Leaf, Requirement, Target};
use blackstart_model::{ComponentId, PlaneId, Plant};

/// When each component can be started.
#[derive(Debug)]
pub(crate) struct Starting {
    gates: Gates,
    components: usize,
    of: Vec<ToStart>,
    /// Component `c` has the parts `start[c]..start[c + 1]`.
    start: Vec<u32>,
    parts: Vec<Part>,
    wants: Vec<Want>,
}

/// The conditions of one component's start, from the strictest to what can be done without.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ToStart {
    /// All it requires, with standbys counting as absent, its network and its management.
    pub(crate) ready: GateId,
    /// All it requires, standbys taken over where that is needed.
    pub(crate) possible: GateId,
    /// The same without a standby.
    pub(crate) without_standby: GateId,
    /// The way it is managed by.
    pub(crate) managed: GateId,
    /// What it is connected to, towards the core.
    pub(crate) network: GateId,
    /// All it requires but `needs`: enough for what forwards packets.
    pub(crate) forwards: GateId,
}

/// One role of one component.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) role: Role,
    /// With standbys counted.
    pub(crate) gate: GateId,
}

/// One leaf of `needs` or `to_start`: what could be done without by changing how a thing starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Want {
    pub(crate) of: ComponentId,
    pub(crate) role: Role,
    pub(crate) target: Target,
    /// A gate of its own: nothing else hangs on it.
    pub(crate) gate: GateId,
}

impl Starting {
    /// Compiles a plant. As linear as [`Circuit::of`](super::Circuit::of).
    pub(crate) fn of(plant: &Plant) -> Self {
        let components = plant.components().len();
        let count = u32::try_from(components).expect("the plant's limits keep counts in u32");
        let mut build = Builder::new(count);
        let up: Vec<GateId> = (0..count).map(GateId).collect();
        let yes = build.yes();
        // Vantages play no part, and an upstream that is up carries what it should.
        let ok = move |subject: Subject| match subject {
            Subject::Component(component) => GateId(component.0),
            Subject::Vantage(_)
            | Subject::Check(_)
            | Subject::Carriage { .. }
            | Subject::Spread { .. } => yes,
        };
        let mut network = Network::for_starting(plant, up);
        let mut this = Self {
            gates: Gates::default(),
            components,
            of: Vec::with_capacity(components),
            start: vec![0],
            parts: Vec::new(),
            wants: Vec::new(),
        };
        for id in (0..count).map(ComponentId) {
            let to_start = this.compile(&mut build, &mut network, &ok, plant, id);
            this.of.push(to_start);
            this.start.push(u32::try_from(this.parts.len()).expect("there are few roles"));
        }
        this.gates = build.into_gates();
        this
    }

    fn compile(
        &mut self,
        build: &mut Builder,
        network: &mut Network<'_>,
        ok: &dyn Fn(Subject) -> GateId,
        plant: &Plant,
        id: ComponentId,
    ) -> ToStart {
        let mut with = Vec::new();
        let mut without = Vec::new();
        let mut standing = Vec::new();
        let mut connected = Vec::new();
        let mut managed = build.yes();
        for (role, requirement) in &plant.component(id).requirements {
            let role = *role;
            match role {
                Role::DegradedWithout
                | Role::Between
                | Role::UsedFrom
                | Role::Prefix
                | Role::Covers => continue,
                Role::In
                | Role::On
                | Role::Power
                | Role::Cooling
                | Role::Needs
                | Role::ToStart
                | Role::Uses
                | Role::CarriedBy
                | Role::Network(_)
                | Role::ManagedVia => {}
            }
            let wants = &mut self.wants;
            let gate = build.tree(requirement, &mut |build, leaf| {
                let gate = one(build, network, ok, plant, (id, role), leaf);
                if !matches!(role, Role::Needs | Role::ToStart) {
                    return gate;
                }
                let gate = build.own(gate);
                wants.push(Want { of: id, role, target: leaf.target, gate });
                gate
            });
            self.parts.push(Part { role, gate });
            match role {
                Role::Network(_) => connected.push(gate),
                Role::ManagedVia => managed = gate,
                Role::In
                | Role::On
                | Role::Power
                | Role::Cooling
                | Role::Needs
                | Role::ToStart
                | Role::Uses
                | Role::CarriedBy
                | Role::DegradedWithout
                | Role::Between
                | Role::UsedFrom
                | Role::Prefix
                | Role::Covers => {
                    let firm = if has_standby(requirement) {
                        build.requirement(requirement, &mut |build, leaf| {
                            one(build, network, ok, plant, (id, role), leaf)
                        })
                    } else {
                        gate
                    };
                    with.push(gate);
                    without.push(firm);
                    if role != Role::Needs {
                        standing.push(gate);
                    }
                }
            }
        }
        let possible = build.and(with);
        let without_standby = build.and(without);
        let forwards = build.and(standing);
        let connected = build.and(connected);
        let ready = build.and(vec![without_standby, managed, connected]);
        ToStart { ready, possible, without_standby, managed, network: connected, forwards }
    }

    pub(crate) const fn components(&self) -> usize {
        self.components
    }

    /// How many gates there are; the components are the first.
    pub(crate) fn len(&self) -> usize {
        self.gates.op.len()
    }

    pub(crate) fn of_component(&self, id: ComponentId) -> ToStart {
        self.of[id.index()]
    }

    /// What it requires, by role.
    pub(crate) fn parts(&self, id: ComponentId) -> &[Part] {
        &self.parts[self.start[id.index()] as usize..self.start[id.index() + 1] as usize]
    }

    /// Every leaf of `needs` and `to_start`, in the order of the components.
    pub(crate) fn wants(&self) -> &[Want] {
        &self.wants
    }

    pub(crate) fn children(&self, gate: GateId) -> &[GateId] {
        self.gates.children(gate.index())
    }

    /// How many children must be true for a gate to be: of an input, one that it does not have.
    pub(crate) fn wanted(&self, gate: GateId) -> u32 {
        match self.gates.op[gate.index()] {
            Op::Input | Op::Or => 1,
            Op::And => u32::try_from(self.gates.children(gate.index()).len())
                .expect("as many as there are gates"),
            Op::AtLeast(k) => k,
        }
    }

    pub(crate) fn gate(&self, gate: GateId) -> Gate<'_> {
        let children = self.gates.children(gate.index());
        match self.gates.op[gate.index()] {
            Op::Input => Gate::Input(super::InputId(gate.0)),
            Op::And => Gate::And(children),
            Op::Or => Gate::Or(children),
            Op::AtLeast(k) => Gate::AtLeast(k, children),
        }
    }

    /// The gate that says a component is up.
    pub(crate) const fn is_up(id: ComponentId) -> GateId {
        GateId(id.0)
    }

    /// The component a gate says is up, if it is such a gate.
    pub(crate) fn component(&self, gate: GateId) -> Option<ComponentId> {
        (gate.index() < self.components).then_some(ComponentId(gate.0))
    }
}

/// What one leaf of a component's requirement asks for before it can be started.
fn one(
    build: &mut Builder,
    network: &mut Network<'_>,
    ok: &dyn Fn(Subject) -> GateId,
    plant: &Plant,
    (id, role): (ComponentId, Role),
    leaf: &Leaf,
) -> GateId {
    // Where the plant has no way there is one, as in the circuit.
    let known = |build: &Builder, way: GateId| if way == build.no() { build.yes() } else { way };
    match (role, leaf.target) {
        (Role::Needs | Role::ToStart, Target::Internet) => {
            let way = network.outside(build, ok, id);
            known(build, way)
        }
        (Role::Needs | Role::ToStart, Target::Component(target)) => {
            let plane = leaf.plane.unwrap_or(PlaneId::FRONT);
            let way = network.between(build, ok, id, target, plane);
            let way = known(build, way);
            build.and(vec![Starting::is_up(target), way])
        }
        (Role::Uses, Target::Component(target)) => {
            let published = matches!(plant.component(target).kind, Kind::Service | Kind::Website);
            let from = plant.component(target).requirement(Role::UsedFrom);
            let way = match from {
                Some(from) => build.tree(from, &mut |build, leaf| match leaf.target {
                    Target::Internet => network.outside(build, ok, target),
                    Target::Component(user) => {
                        let plane = leaf.plane.unwrap_or(PlaneId::FRONT);
                        let way = network.between(build, ok, user, target, plane);
                        build.and(vec![Starting::is_up(user), way])
                    }
                }),
                None if published => network.outside(build, ok, target),
                None => build.yes(),
            };
            let way = known(build, way);
            build.and(vec![Starting::is_up(target), way])
        }
        (_, Target::Component(target)) => Starting::is_up(target),
        (_, Target::Internet) => build.yes(),
    }
}

fn has_standby(requirement: &Requirement) -> bool {
    let mut found = false;
    requirement.each_leaf(&mut |leaf| found |= leaf.standby.is_some());
    found
}
