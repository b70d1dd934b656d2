//! The circuit: what works and what is seen, as a monotone Boolean function of what broke.
//!
//! A plant and its checks are compiled once into AND, OR and k-of-n gates in topological order, flat
//! arrays with `u32` ids. Inputs are possible faults ([`Subject`]): an input is *true* while its
//! subject has not failed. There is no negation, so more faults never bring anything back.
//! Every question is asked of this one circuit, 64 scenarios to a machine word.
//!
//! It decides nothing about likelihood and knows no time. Load (breakers that trip under moved load)
//! is not monotone and is not in here. Tested on small plants drawn in words (`tests`), and against a
//! naive evaluator on random ones.
//!
//! A fault that can take down what needs nothing of it (a breaker without selectivity, an interlock, a
//! flood) is an input more, [`Subject::Spread`]: its victim goes on while the first has not failed *by itself*, or
//! has not taken it along. So it stays monotone and free of cycles, whoever stands above whom, and no
//! such thing is ever certain of a single fault.
//!
//! Two layers keep it free of cycles: `base` is what a component can do by power, place and machine
//! alone, and it is what forwarding is built on; `works` adds `needs`, each of which must work **and**
//! be reachable. A forwarder therefore goes on forwarding when a service it needs is gone; what it
//! cannot forward without belongs under its `power` or `on`. What gives power gives none without what it needs.

mod compile;
mod network;
mod killers;
mod carried;
mod replug;
mod ripple;
mod part;
mod alike;
mod witness;
pub(crate) mod starting;
#[cfg(test)]
mod tests;

pub(crate) use alike::{Alike, Owner, scattered};
pub use carried::Inlet;
pub(crate) use compile::demanded;
pub(crate) use compile::machine_of;
pub use killers::{Blasts, Killers, Killing, TooMany};
pub use network::crosses_way_out;
pub(crate) use network::leaves_place;
pub(crate) use part::Part;
pub use replug::{CompileWhole, Moved};
pub use ripple::Ripple;
pub use witness::{Witness, Witnesses};

use blackstart_model::plant::Role;
use blackstart_model::{CheckId, CheckKey, ComponentId, PlaneId, Plant, VantageId, VantageName};
use std::collections::HashMap;
use std::sync::OnceLock;

/// A gate: an index into the circuit, in topological order (children have smaller ids).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct GateId(u32);

/// A possible fault: the index of its input gate.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct InputId(u32);

impl GateId {
    /// The gate of this index, in a circuit that has one.
    pub(crate) const fn of(index: u32) -> Self {
        Self(index)
    }

    /// The index as a `usize`.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

impl InputId {
    /// The input of this index, in a circuit that has one.
    pub(crate) const fn of(index: u32) -> Self {
        Self(index)
    }

    /// The input of this index, which a circuit may or may not have.
    #[must_use]
    pub const fn from_index(at: u32) -> Self {
        Self(at)
    }

    /// The index as a `usize`.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What can break.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Subject {
    /// A component is down (for a prefix: carried by nobody, or by the wrong one).
    Component(ComponentId),
    /// A vantage has lost its way out.
    Vantage(VantageId),
    /// A check is wrong about a target that works.
    Check(CheckId),
    /// An upstream does not carry one address block, or carries it to the wrong place.
    Carriage {
        /// The upstream.
        upstream: ComponentId,
        /// The address block.
        prefix: ComponentId,
    },
    /// A fault of one component takes another down with it. It happens, or it does not, once the first has
    /// failed by itself; alone it is nothing. The plant says where it can: `can_take_down`, and `to_start`
    /// (what is started again while that is broken stays down).
    Spread {
        /// What has failed by itself.
        from: ComponentId,
        /// What it took down.
        to: ComponentId,
    },
}

/// What a gate computes of its children.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Op {
    /// A possible fault; true while it has not happened.
    Input,
    /// All of them; true when there are none.
    And,
    /// Any of them; false when there are none.
    Or,
    /// At least so many of them.
    AtLeast(u32),
}

/// The gates in flat arrays: gate `g` has the children `children[start[g]..start[g + 1]]`.
#[derive(Debug, Default)]
struct Gates {
    op: Vec<Op>,
    start: Vec<u32>,
    children: Vec<GateId>,
}

impl Gates {
    fn children(&self, gate: usize) -> &[GateId] {
        &self.children[self.start[gate] as usize..self.start[gate + 1] as usize]
    }
}

/// A plant as a circuit.
#[derive(Debug)]
pub struct Circuit {
    gates: Gates,
    choices: Choices,
    subjects: Vec<Subject>,
    base: Vec<GateId>,
    works: Vec<GateId>,
    fully: Vec<GateId>,
    usable: Vec<GateId>,
    managed: Vec<(ComponentId, GateId)>,
    reached: Vec<(ComponentId, GateId)>,
    heard: Vec<GateId>,
    sees: Vec<Sees>,
    sees_by_name: HashMap<(CheckKey, VantageName), usize>,
    today: Vec<InputId>,
    /// For what others can take down, in its order: true while none of it has happened.
    spared: Vec<(ComponentId, GateId)>,
    unplaced: Vec<(CheckId, VantageId)>,
    inlets: Vec<Inlet>,
    /// Made when it is first asked for.
    above: OnceLock<ripple::Above>,
}

/// One check as seen from one vantage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sees {
    /// The check.
    pub check: CheckId,
    /// The vantage.
    pub vantage: VantageId,
    /// True when it should be up.
    pub gate: GateId,
    /// True when at least an answer should come (a refusal is one): the machine below the target works
    /// and is reached. `None` where the plant knows no such machine.
    pub answers: Option<(ComponentId, GateId)>,
}

/// A check that does not exist, to find out what it would be good for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Supposed {
    /// What is asked.
    pub component: ComponentId,
    /// From where.
    pub vantage: VantageId,
    /// In which network plane.
    pub plane: PlaneId,
}

/// What some checks that do not exist would see. It is compiled no further than that takes.
#[derive(Debug)]
pub struct Supposition {
    circuit: Circuit,
    looks: Vec<Option<Look>>,
}

impl Supposition {
    /// Supposes these checks. Linear in the plant times the height of its network.
    #[must_use]
    pub fn of(plant: &Plant, checks: &[Supposed]) -> Self {
        let (circuit, looks) = compile::suppose(plant, checks);
        Self { circuit, looks }
    }

    /// What each would see, in their order; `None` where the plant has no path for it.
    #[must_use]
    pub fn looks(&self) -> &[Option<Look>] {
        &self.looks
    }

    /// As [`Circuit::heard`], by this circuit's own gates.
    #[must_use]
    pub fn heard(&self, vantage: VantageId) -> GateId {
        self.circuit.heard(vantage)
    }

    /// Every killer set of its gates; the inputs are those of the plant's [`Circuit`].
    ///
    /// # Errors
    /// [`TooMany`] when the sets do not fit in about 1 GiB.
    pub fn killers(&self) -> Result<Killers, TooMany> {
        Killers::of(&self.circuit)
    }
}

/// What a check sees if it is right and its vantage is heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look {
    /// True when it should be up.
    pub gate: GateId,
    /// As in [`Sees`].
    pub answers: Option<(ComponentId, GateId)>,
}

/// A gate as one reads it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gate<'c> {
    /// A possible fault; true while it has not happened.
    Input(InputId),
    /// All of them; true when there are none.
    And(&'c [GateId]),
    /// Any of them; false when there are none.
    Or(&'c [GateId]),
    /// At least so many of them; one that stands twice counts twice.
    AtLeast(u32, &'c [GateId]),
}

/// A redundancy as it is wired: a component goes on while `k` of the members do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Choice<'c> {
    /// Whose requirement it is part of.
    pub of: ComponentId,
    /// In which role.
    pub role: Role,
    /// How many of the members are enough.
    pub k: u32,
    /// The members' gates, as wired: one may stand twice. A standby counts as what it stands by with.
    pub members: &'c [GateId],
    /// The component each member names; for a nested requirement its first one, for the internet none.
    pub names: &'c [Option<ComponentId>],
}

/// Choices in flat arrays.
#[derive(Debug, Default)]
struct Choices {
    of: Vec<(ComponentId, Role, u32)>,
    start: Vec<u32>,
    members: Vec<GateId>,
    names: Vec<Option<ComponentId>>,
}

impl Circuit {
    /// Compiles a plant. Linear in the plant times the height of its network.
    #[must_use]
    pub fn of(plant: &Plant) -> Self {
        compile::compile(plant)
    }

    /// How many gates there are, inputs included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.gates.op.len()
    }

    /// True when there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.gates.op.is_empty()
    }

    /// One gate. Children have smaller ids than their gate.
    #[must_use]
    pub fn gate(&self, gate: GateId) -> Gate<'_> {
        let children = self.gates.children(gate.index());
        match self.gates.op[gate.index()] {
            Op::Input => Gate::Input(InputId(gate.0)),
            Op::And => Gate::And(children),
            Op::Or => Gate::Or(children),
            Op::AtLeast(k) => Gate::AtLeast(k, children),
        }
    }

    /// Every gate, in topological order.
    pub fn gates(&self) -> impl Iterator<Item = GateId> + '_ {
        (0..u32::try_from(self.len()).expect("gates fit u32")).map(GateId)
    }

    /// Every redundancy of the plant, in the order of the components.
    pub fn choices(&self) -> impl Iterator<Item = Choice<'_>> + '_ {
        self.choices.of.iter().enumerate().map(|(at, &(of, role, k))| {
            let members = self.choices.start[at] as usize..self.choices.start[at + 1] as usize;
            Choice {
                of,
                role,
                k,
                members: &self.choices.members[members.clone()],
                names: &self.choices.names[members],
            }
        })
    }

    /// What can break, by [`InputId`].
    #[must_use]
    pub fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// What an input stands for.
    #[must_use]
    pub fn subject(&self, input: InputId) -> Subject {
        self.subjects[input.index()]
    }

    /// Every input, in order.
    pub fn inputs(&self) -> impl Iterator<Item = InputId> + '_ {
        (0..u32::try_from(self.subjects.len()).expect("inputs fit u32")).map(InputId)
    }

    /// The input of a component's own failure.
    #[must_use]
    pub const fn component_input(&self, component: ComponentId) -> InputId {
        InputId(component.0)
    }

    /// The input of a vantage's own way out.
    #[must_use]
    pub fn vantage_input(&self, vantage: VantageId) -> InputId {
        // They come after the components.
        let components = u32::try_from(self.base.len()).expect("components fit u32");
        InputId(components + vantage.0)
    }

    /// Faults that are so today, by the plant's conditions (known failed, off on purpose).
    #[must_use]
    pub fn today(&self) -> &[InputId] {
        &self.today
    }

    /// Whether a component can do anything by place, machine, power and cooling alone, and was not taken
    /// down by what needs nothing of it.
    #[must_use]
    pub fn stands(&self, component: ComponentId) -> GateId {
        self.base[component.index()]
    }

    /// Whether a component works, wherever one asks from.
    #[must_use]
    pub fn works(&self, component: ComponentId) -> GateId {
        self.works[component.index()]
    }

    /// Whether it works with everything it is degraded without.
    #[must_use]
    pub fn works_fully(&self, component: ComponentId) -> GateId {
        self.fully[component.index()]
    }

    /// Whether it works and is reachable from where it is used.
    #[must_use]
    pub fn usable(&self, component: ComponentId) -> GateId {
        self.usable[component.index()]
    }

    /// Whether it works and is reached by others, wherever they are; where no network leads to it, whether it works.
    /// Logarithmic in the components.
    #[must_use]
    pub fn reached(&self, component: ComponentId) -> GateId {
        let at = self.reached.binary_search_by_key(&component, |&(id, _)| id);
        at.map_or(self.works(component), |at| self.reached[at].1)
    }

    /// The component whose own gate each gate is, by gate; none for what lies between.
    #[must_use]
    pub fn whose(&self) -> Vec<Option<ComponentId>> {
        let whose = witness::whose(self);
        whose.into_iter().map(|own| (own != witness::NOBODY).then_some(ComponentId(own))).collect()
    }

    /// Whether the way by which a component is managed is there: it works and is reached from outside.
    /// `None` where the plant names no such way. Logarithmic in the components that have one.
    #[must_use]
    pub fn managed(&self, component: ComponentId) -> Option<GateId> {
        let at = self.managed.binary_search_by_key(&component, |&(id, _)| id).ok()?;
        Some(self.managed[at].1)
    }

    /// Whether the server hears from a vantage.
    #[must_use]
    pub fn heard(&self, vantage: VantageId) -> GateId {
        self.heard[vantage.index()]
    }

    /// Every check from every vantage it is put from.
    #[must_use]
    pub fn sees(&self) -> &[Sees] {
        &self.sees
    }

    /// The check of this name from the vantage of this name.
    #[must_use]
    pub fn sees_named(&self, check: &CheckKey, vantage: &VantageName) -> Option<Sees> {
        self.sees_at(&(check.clone(), vantage.clone())).map(|at| self.sees[at])
    }

    /// Where it stands in [`sees`](Self::sees).
    #[must_use]
    pub fn sees_at(&self, named: &(CheckKey, VantageName)) -> Option<usize> {
        self.sees_by_name.get(named).copied()
    }

    /// Checks whose path the plant does not contain: judged as if the path always worked.
    #[must_use]
    pub fn unplaced(&self) -> &[(CheckId, VantageId)] {
        &self.unplaced
    }

    /// The inputs that any of these gates depends on, in order. Linear in the circuit.
    #[must_use]
    pub fn support(&self, of: impl IntoIterator<Item = GateId>) -> Vec<InputId> {
        let mut wanted = vec![false; self.len()];
        for gate in of {
            wanted[gate.index()] = true;
        }
        for gate in (0..self.len()).rev() {
            if wanted[gate] {
                for child in self.gates.children(gate) {
                    wanted[child.index()] = true;
                }
            }
        }
        self.inputs().filter(|input| wanted[input.index()]).collect()
    }

    /// Evaluates 64 × `W` scenarios at once: `values[g][w]` bit b is gate g in scenario 64 w + b.
    ///
    /// `faults` lists which scenarios have which input failed, besides [`today`](Self::today).
    /// `values` is the caller's, so that sweeps after the first allocate nothing.
    pub fn evaluate<const W: usize>(
        &self,
        faults: &[(InputId, [u64; W])],
        values: &mut Vec<[u64; W]>,
    ) {
        values.clear();
        values.resize(self.len(), [u64::MAX; W]);
        self.fail(faults, values);
        self.evaluate_again(values);
    }

    /// Sets the inputs that have failed, today or by these faults, where all stand as if none had.
    fn fail<const W: usize>(&self, faults: &[(InputId, [u64; W])], values: &mut [[u64; W]]) {
        for input in &self.today {
            values[input.index()] = [0; W];
        }
        for (input, failed) in faults {
            for (word, failed) in values[input.index()].iter_mut().zip(failed) {
                *word &= !failed;
            }
        }
    }

    /// Evaluates every gate anew from the inputs' values that stand in `values`, as [`evaluate`](Self::evaluate)
    /// left them: for sweeps that change few inputs between two passes.
    ///
    /// # Panics
    /// When `values` is not of this circuit's length.
    pub fn evaluate_again<const W: usize>(&self, values: &mut [[u64; W]]) {
        assert_eq!(values.len(), self.len(), "the values are this circuit's");
        for gate in self.subjects.len()..self.len() {
            self.evaluate_one(gate, values);
        }
    }

    /// Evaluates one gate from its children's values.
    #[inline]
    fn evaluate_one<const W: usize>(&self, gate: usize, values: &mut [[u64; W]]) {
        let children = self.gates.children(gate);
        values[gate] = match self.gates.op[gate] {
            Op::Input => return,
            Op::And => children.iter().fold([u64::MAX; W], |mut all, child| {
                for (word, own) in all.iter_mut().zip(&values[child.index()]) {
                    *word &= own;
                }
                all
            }),
            Op::Or => children.iter().fold([0; W], |mut any, child| {
                for (word, own) in any.iter_mut().zip(&values[child.index()]) {
                    *word |= own;
                }
                any
            }),
            Op::AtLeast(k) => at_least(k, children, |child| values[child.index()]),
        };
    }

    /// Which gates are true when just these inputs have failed, besides today's.
    #[must_use]
    pub fn under(&self, faults: &[InputId]) -> Vec<bool> {
        let faults: Vec<_> = faults.iter().map(|&input| (input, [u64::MAX])).collect();
        let mut values = Vec::new();
        self.evaluate::<1>(&faults, &mut values);
        values.iter().map(|[word]| word & 1 == 1).collect()
    }
}

/// k-of-n in bit-sliced counters: plane p holds bit p of each scenario's count.
fn at_least<const W: usize>(
    k: u32,
    children: &[GateId],
    value: impl Fn(GateId) -> [u64; W],
) -> [u64; W] {
    let planes =
        (u32::BITS - u32::try_from(children.len()).unwrap_or(u32::MAX).leading_zeros()) as usize;
    let mut result = [0; W];
    let mut count = [0_u64; u32::BITS as usize];
    for (w, result) in result.iter_mut().enumerate() {
        count[..planes].fill(0);
        for &child in children {
            let mut carry = value(child)[w];
            for plane in &mut count[..planes] {
                (*plane, carry) = (*plane ^ carry, *plane & carry);
            }
        }
        // count >= k, from the highest plane down: greater as soon as count has a bit that k lacks.
        let (mut greater, mut equal) = (0, u64::MAX);
        for plane in (0..u32::BITS as usize).rev() {
            let own = if plane < planes { count[plane] } else { 0 };
            if k >> plane & 1 == 1 {
                equal &= own;
            } else {
                greater |= equal & own;
                equal &= !own;
            }
        }
        *result = greater | equal;
    }
    result
}
