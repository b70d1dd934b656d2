//! How likely it is that a gate of the circuit is false: exactly, by binary decision diagrams.
//!
//! One set of diagrams holds all gates that are asked for (Bryant, IEEE Trans. Comp. C-35(8), 1986), made
//! from the failure side, so that every sum is one of positive terms and small chances keep their digits.
//! What two services share is one diagram; a plant's redundancy is narrow, so all of them together are
//! about as large as the circuit. The order of the inputs: those that most ways lead to first, the rest as
//! a walk down from what is asked for meets them, what was met last on top.
//!
//! Where a gate would take more than its steps, it has bounds instead: its children are associated
//! (Esary, Proschan and Walkup, Ann. Math. Stat. 38(5), 1967: a monotone circuit of independent inputs), so
//! that all of them fail at least as often as if they were independent, and some of them at most as often.
//!
//! It knows gates and numbers only. Tested against enumeration (`tests/it/availability.rs`).

use crate::circuit::{Circuit, Gate, GateId};
use std::collections::HashMap;

/// Steps that one gate's diagram may take (chosen by hand: some hundred milliseconds).
const STEPS_OF_ONE_MAX: usize = 500_000;

/// Steps of all diagrams together (chosen by hand: some seconds).
const STEPS_MAX: usize = 20_000_000;

/// Nodes of all diagrams together: some 48 bytes each with their tables, half a GiB in all.
const NODES_MAX: usize = 10_000_000;

/// Inputs that go first because most ways lead to them (chosen by hand: feeds, sites, cores, upstreams;
/// more would be carried through every rack).
const SHARED_MAX: usize = 32;

/// Of the ways that lead to the one with the most, the share that makes another shared: a rack's own
/// things have less as soon as there are more racks than this (chosen by hand).
const SHARED_FROM: f64 = 0.25;

/// Whether something is in the diagrams, and where.
type Ref = u32;

/// It never fails.
const NEVER: Ref = 0;

/// It has failed.
const ALWAYS: Ref = 1;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Node {
    level: u32,
    /// When the input works.
    works: Ref,
    /// When it has failed.
    fails: Ref,
}

/// Diagrams of the failure of gates.
pub(super) struct Diagrams {
    /// Children before parents; the first two are the constants.
    nodes: Vec<Node>,
    /// The input of each level; the first is on top.
    inputs: Vec<u32>,
    /// By gate: where its diagram begins; `None` where it has none.
    of: HashMap<GateId, Option<Ref>>,
    /// Gates in the order of their making.
    gates: Vec<GateId>,
}

impl Diagrams {
    /// Makes the diagrams of these gates.
    pub(super) fn of(circuit: &Circuit, wanted: &[GateId]) -> Self {
        let (gates, inputs) = order(circuit, wanted);
        let level: HashMap<u32, u32> = inputs.iter().copied().zip(0..).collect();
        let mut make = Maker::default();
        let mut of: HashMap<GateId, Option<Ref>> = HashMap::with_capacity(gates.len());
        for &gate in &gates {
            make.spent = 0;
            let made = match circuit.gate(gate) {
                Gate::Input(input) => {
                    let at = u32::try_from(input.index()).expect("inputs fit u32");
                    make.node(Node { level: level[&at], works: NEVER, fails: ALWAYS })
                }
                Gate::And(children) => make.some(children.iter().map(|child| of[child])),
                Gate::Or(children) => make.every(children.iter().map(|child| of[child])),
                Gate::AtLeast(k, children) => {
                    let fails = (children.len() + 1).saturating_sub(k as usize);
                    let children: Option<Vec<Ref>> =
                        children.iter().map(|child| of[child]).collect();
                    children.and_then(|children| make.at_least(fails, &children))
                }
            };
            of.insert(gate, made);
        }
        Self { nodes: make.nodes, inputs, of, gates }
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The chance of each node, when each input has failed this often.
    pub(super) fn chances(&self, failed: &[f64]) -> Vec<f64> {
        let mut chances = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            chances.push(match node.level {
                CONSTANT => f64::from(node.works),
                level => {
                    let q = failed[self.inputs[level as usize] as usize];
                    let (works, fails): (f64, f64) =
                        (chances[node.works as usize], chances[node.fails as usize]);
                    q * fails + (1.0 - q) * works
                }
            });
        }
        chances
    }

    /// Where a gate's chance stands among [`chances`](Self::chances); `None` where it has bounds only.
    pub(super) fn place(&self, gate: GateId) -> Option<usize> {
        self.of.get(&gate).copied().flatten().map(|at| at as usize)
    }

    /// By how much the sum of these gates' chances rises when an input that works fails (Birnbaum 1969),
    /// for each input; gates without a diagram are left out. One pass over the diagrams, so that all
    /// gates together cost no more than one.
    pub(super) fn birnbaum(
        &self,
        roots: &[(GateId, f64)],
        chances: &[f64],
        failed: &[f64],
    ) -> Vec<f64> {
        let mut reach = vec![0.0; self.nodes.len()];
        for &(gate, weight) in roots {
            if let Some(at) = self.place(gate) {
                reach[at] += weight;
            }
        }
        let mut rise = vec![0.0; failed.len()];
        for (at, node) in self.nodes.iter().enumerate().rev() {
            if node.level == CONSTANT || reach[at] == 0.0 {
                continue;
            }
            let input = self.inputs[node.level as usize] as usize;
            let (works, fails) = (node.works as usize, node.fails as usize);
            rise[input] += reach[at] * (chances[fails] - chances[works]);
            reach[fails] += reach[at] * failed[input];
            reach[works] += reach[at] * (1.0 - failed[input]);
        }
        rise
    }

    /// The same for one gate, as long as its own diagram: only the inputs that matter to it.
    pub(super) fn birnbaum_of(
        &self,
        gate: GateId,
        chances: &[f64],
        failed: &[f64],
    ) -> Vec<(usize, f64)> {
        let Some(root) = self.of.get(&gate).copied().flatten() else { return Vec::new() };
        // Children have smaller numbers than parents, so going down by number visits parents first.
        let mut reach = std::collections::BTreeMap::from([(root, 1.0)]);
        let mut rise = std::collections::BTreeMap::new();
        while let Some((at, reached)) = reach.pop_last() {
            let node = self.nodes[at as usize];
            if node.level == CONSTANT {
                continue;
            }
            let input = self.inputs[node.level as usize] as usize;
            let lost = chances[node.fails as usize] - chances[node.works as usize];
            *rise.entry(input).or_insert(0.0) += reached * lost;
            *reach.entry(node.fails).or_insert(0.0) += reached * failed[input];
            *reach.entry(node.works).or_insert(0.0) += reached * (1.0 - failed[input]);
        }
        rise.into_iter().collect()
    }

    /// The least and greatest chance of each gate that is asked for: equal where it has a diagram.
    pub(super) fn bounds(&self, circuit: &Circuit, chances: &[f64]) -> HashMap<GateId, (f64, f64)> {
        let mut bounds: HashMap<GateId, (f64, f64)> = HashMap::with_capacity(self.gates.len());
        for &gate in &self.gates {
            let own = match self.place(gate) {
                Some(at) => (chances[at], chances[at]),
                None => {
                    let of = |child: &GateId| bounds[child];
                    match circuit.gate(gate) {
                        Gate::Input(_) => (0.0, 1.0),
                        Gate::And(children) => any_fails(children.iter().map(of)),
                        Gate::Or(children) => all_fail(children.iter().map(of)),
                        Gate::AtLeast(k, children) => {
                            let fails = (children.len() + 1).saturating_sub(k as usize);
                            so_many_fail(fails, children.iter().map(of).collect())
                        }
                    }
                }
            };
            bounds.insert(gate, own);
        }
        bounds
    }
}

fn any_fails(children: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
    let (mut least, mut all_work) = (0.0_f64, 1.0);
    for (low, high) in children {
        least = least.max(low);
        all_work *= 1.0 - high;
    }
    (least, 1.0 - all_work)
}

fn all_fail(children: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
    let (mut least, mut most) = (1.0, 1.0_f64);
    for (low, high) in children {
        least *= low;
        most = most.min(high);
    }
    (least, most)
}

fn so_many_fail(fails: usize, mut children: Vec<(f64, f64)>) -> (f64, f64) {
    let sum: f64 = children.iter().map(|(_, high)| high).sum();
    children.sort_by(|a, b| b.0.total_cmp(&a.0));
    let least = children.iter().take(fails).map(|(low, _)| low).product();
    // Markov's inequality on how many fail.
    let most = if fails == 0 { 1.0 } else { (sum / fails as f64).min(1.0) };
    (least, most)
}

/// The level of a constant: below all inputs.
const CONSTANT: u32 = u32::MAX;

/// Diagrams in the making.
struct Maker {
    nodes: Vec<Node>,
    unique: HashMap<Node, Ref>,
    /// Results of `either` (true) and `both` (false).
    known: HashMap<(bool, Ref, Ref), Ref>,
    steps: usize,
    spent: usize,
}

impl Default for Maker {
    fn default() -> Self {
        let constant = |of| Node { level: CONSTANT, works: of, fails: of };
        Self {
            nodes: vec![constant(NEVER), constant(ALWAYS)],
            unique: HashMap::new(),
            known: HashMap::new(),
            steps: 0,
            spent: 0,
        }
    }
}

impl Maker {
    fn node(&mut self, node: Node) -> Option<Ref> {
        if node.works == node.fails {
            return Some(node.works);
        }
        if let Some(&known) = self.unique.get(&node) {
            return Some(known);
        }
        if self.nodes.len() == NODES_MAX {
            return None;
        }
        let at = u32::try_from(self.nodes.len()).expect("NODES_MAX fits u32");
        self.nodes.push(node);
        self.unique.insert(node, at);
        Some(at)
    }

    /// Fails when any of these does. In this order each goes on top of those before it, and is walked
    /// alone; in the other all of them would be walked for each.
    fn some(&mut self, mut of: impl Iterator<Item = Option<Ref>>) -> Option<Ref> {
        of.try_fold(NEVER, |all, one| self.join(true, all, one?))
    }

    /// Fails when all of these do.
    fn every(&mut self, mut of: impl Iterator<Item = Option<Ref>>) -> Option<Ref> {
        of.try_fold(ALWAYS, |all, one| self.join(false, all, one?))
    }

    /// Fails when so many of these do.
    fn at_least(&mut self, fails: usize, of: &[Ref]) -> Option<Ref> {
        // Of those seen so far, at least j fail: for each j up to what is wanted.
        let mut so_many = vec![NEVER; fails + 1];
        so_many[0] = ALWAYS;
        for &one in of {
            for j in (1..=fails).rev() {
                let with = self.join(false, one, so_many[j - 1])?;
                so_many[j] = self.join(true, with, so_many[j])?;
            }
        }
        Some(so_many[fails])
    }

    /// Either fails, or both do. Iterative: a diagram may be as deep as the plant has parts.
    fn join(&mut self, either: bool, a: Ref, b: Ref) -> Option<Ref> {
        enum Todo {
            Join(Ref, Ref),
            Make(u32, (Ref, Ref)),
        }
        let mut todo = vec![Todo::Join(a, b)];
        let mut done: Vec<Ref> = Vec::new();
        while let Some(next) = todo.pop() {
            match next {
                Todo::Join(a, b) => {
                    let (a, b) = (a.min(b), a.max(b));
                    let simple = match (either, a, b) {
                        _ if a == b => Some(a),
                        (true, NEVER, other) | (false, ALWAYS, other) => Some(other),
                        (true, ALWAYS, _) => Some(ALWAYS),
                        (false, NEVER, _) => Some(NEVER),
                        _ => self.known.get(&(either, a, b)).copied(),
                    };
                    if let Some(simple) = simple {
                        done.push(simple);
                        continue;
                    }
                    self.steps += 1;
                    self.spent += 1;
                    if self.spent > STEPS_OF_ONE_MAX || self.steps > STEPS_MAX {
                        return None;
                    }
                    let (left, right) = (self.nodes[a as usize], self.nodes[b as usize]);
                    let level = left.level.min(right.level);
                    let at = |node: Node, own: Ref| {
                        if node.level == level { (node.works, node.fails) } else { (own, own) }
                    };
                    let (left, right) = (at(left, a), at(right, b));
                    todo.push(Todo::Make(level, (a, b)));
                    todo.push(Todo::Join(left.1, right.1));
                    todo.push(Todo::Join(left.0, right.0));
                }
                Todo::Make(level, (a, b)) => {
                    // The side where the input works was joined first.
                    let fails = done.pop().expect("both sides are done");
                    let works = done.pop().expect("both sides are done");
                    let made = self.node(Node { level, works, fails })?;
                    self.known.insert((either, a, b), made);
                    done.push(made);
                }
            }
        }
        done.pop()
    }
}

/// The gates below these, children first, and the inputs among them, the one on top first.
fn order(circuit: &Circuit, wanted: &[GateId]) -> (Vec<GateId>, Vec<u32>) {
    let mut seen = vec![false; circuit.len()];
    let mut met: Vec<u32> = Vec::new();
    let mut stack: Vec<(GateId, bool)> = Vec::new();
    let mut gates: Vec<GateId> = Vec::new();
    for &root in wanted {
        stack.push((root, false));
        while let Some((gate, left)) = stack.pop() {
            if left {
                gates.push(gate);
                if let Gate::Input(input) = circuit.gate(gate) {
                    met.push(u32::try_from(input.index()).expect("inputs fit u32"));
                }
                continue;
            }
            if std::mem::replace(&mut seen[gate.index()], true) {
                continue;
            }
            stack.push((gate, true));
            stack.extend(children(circuit, gate).iter().rev().map(|&child| (child, false)));
        }
    }
    // How many ways lead to each from what is asked for; parents come after children in `gates`.
    let mut ways = vec![0.0_f64; circuit.len()];
    for root in wanted {
        ways[root.index()] += 1.0;
    }
    for &gate in gates.iter().rev() {
        let own = ways[gate.index()];
        for child in children(circuit, gate) {
            ways[child.index()] += own;
        }
    }
    let mut by_ways = met.clone();
    by_ways.sort_by(|&a, &b| ways[b as usize].total_cmp(&ways[a as usize]).then(a.cmp(&b)));
    let most = by_ways.first().map_or(0.0, |&first| ways[first as usize]);
    let mut shared = by_ways.partition_point(|&input| ways[input as usize] >= most * SHARED_FROM);
    if shared > SHARED_MAX {
        // Of those with equally many either all go first or none: they belong together.
        let last = ways[by_ways[SHARED_MAX] as usize];
        shared = by_ways.partition_point(|&input| ways[input as usize] > last);
    }
    by_ways.truncate(shared);
    let shared: std::collections::HashSet<u32> = by_ways.iter().copied().collect();
    let mut inputs = by_ways;
    inputs.extend(met.into_iter().rev().filter(|input| !shared.contains(input)));
    (gates, inputs)
}

fn children(circuit: &Circuit, gate: GateId) -> &[GateId] {
    match circuit.gate(gate) {
        Gate::Input(_) => &[],
        Gate::And(children) | Gate::Or(children) | Gate::AtLeast(_, children) => children,
    }
}
