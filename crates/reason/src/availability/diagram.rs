//! How likely it is that a gate of the circuit is false: exactly, by binary decision diagrams.
//!
//! One set of [diagrams](crate::faulttree) holds all gates that are asked for, made from the failure side.
//! Chances are kept with their opposites, so that every sum is one of positive terms and small ones keep
//! their digits. The cut sets of one thing need more than its chance and are the fault tree's matter.
//! What two services share is one diagram; a plant's redundancy is narrow, so all of them together are
//! about as large as the circuit. The order of the inputs: as a walk down from what is asked for meets them,
//! what was met last on top; those that most ways lead to lie at the bottom, where few functions of them are
//! shared by all (on top each rack would be repeated for each of their states: four times the nodes).
//!
//! Where a gate would take more than its steps, it has bounds instead: its children are associated
//! (Esary, Proschan and Walkup, Ann. Math. Stat. 38(5), 1967: a monotone circuit of independent inputs), so
//! that all of them fail at least as often as if they were independent, and some of them at most as often.
//!
//! It knows gates and numbers only. Tested against enumeration (`tests/it/availability.rs`).

use crate::circuit::{Circuit, Gate, GateId};
use crate::faulttree::bdd::{Bdd, Edge, FALSE, TRUE};
use crate::faulttree::table::{Purse, Spent};
use std::collections::{BinaryHeap, HashSet};

/// Steps that one gate's diagram may take (chosen by hand: some hundred milliseconds).
const STEPS_OF_ONE_MAX: u64 = 500_000;

/// Steps of all diagrams together (chosen by hand: a few seconds).
const STEPS_MAX: u64 = 120_000_000;

/// Nodes of all diagrams together: with their tables and chances some 60 bytes each, half a GiB in all.
const NODES_MAX: usize = 10_000_000;

/// Inputs at the bottom because most ways lead to them (chosen by hand: feeds, sites, cores, upstreams;
/// more would make more functions of them than one per rack).
const SHARED_MAX: usize = 32;

/// Of the ways that lead to the one with the most, the share that makes another shared: a rack's own
/// things have less as soon as there are more racks than this (chosen by hand).
const SHARED_FROM: f64 = 0.25;

/// Not in the diagrams.
const NONE: Edge = u32::MAX;

/// How likely something is, and how likely it is not: both, for the small one keeps its digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chance {
    pub(super) fails: f64,
    works: f64,
}

impl Chance {
    const ALWAYS: Self = Self { fails: 1.0, works: 0.0 };

    const fn not(self) -> Self {
        Self { fails: self.works, works: self.fails }
    }

    /// By how much likelier to fail than another.
    fn above(self, other: Self) -> f64 {
        if self.fails < 0.5 { self.fails - other.fails } else { other.works - self.works }
    }
}

/// Diagrams of the failure of gates.
pub(super) struct Diagrams {
    bdd: Bdd,
    /// The input of each level; the first is on top.
    inputs: Vec<u32>,
    /// By gate: its diagram, [`NONE`] where it has none.
    of: Vec<Edge>,
    /// Gates in the order of their making.
    gates: Vec<GateId>,
}

impl Diagrams {
    /// Makes the diagrams of these gates.
    pub(super) fn of(circuit: &Circuit, wanted: &[GateId]) -> Self {
        let (gates, inputs) = order(circuit, wanted);
        let mut level = vec![0_u32; circuit.subjects().len()];
        for (&input, at) in inputs.iter().zip(0..) {
            level[input as usize] = at;
        }
        let mut bdd = Bdd::new();
        let mut of = vec![NONE; circuit.len()];
        let mut left = STEPS_MAX;
        for &gate in &gates {
            let mut purse = Purse { steps: left.min(STEPS_OF_ONE_MAX), nodes_max: NODES_MAX };
            let before = purse.steps;
            let made = fails(circuit, gate, &of, &level, &mut bdd, &mut purse);
            left -= before - purse.steps;
            of[gate.index()] = made.unwrap_or(NONE);
        }
        Self { bdd, inputs, of, gates }
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.bdd.nodes().len()
    }

    /// The chance of each node, when each input has failed this often.
    pub(super) fn chances(&self, failed: &[f64]) -> Vec<Chance> {
        let mut chances = Vec::with_capacity(self.len());
        chances.push(Chance::ALWAYS);
        for node in &self.bdd.nodes()[1..] {
            let q = failed[self.inputs[node.level as usize] as usize];
            let (hi, lo) = (of_edge(&chances, node.hi), of_edge(&chances, node.lo));
            chances.push(Chance {
                fails: q * hi.fails + (1.0 - q) * lo.fails,
                works: q * hi.works + (1.0 - q) * lo.works,
            });
        }
        chances
    }

    /// How often each node begins to fail, when each input does so this often: the chances' derivative in
    /// that direction, one pass for all.
    pub(super) fn beginnings(&self, chances: &[Chance], failed: &[f64], often: &[f64]) -> Vec<f64> {
        let mut beginnings = Vec::with_capacity(self.len());
        beginnings.push(0.0);
        for node in &self.bdd.nodes()[1..] {
            let input = self.inputs[node.level as usize] as usize;
            let lost = of_edge(chances, node.hi).above(of_edge(chances, node.lo));
            let below = |edge: Edge| {
                let own: f64 = beginnings[(edge >> 1) as usize];
                if edge & 1 == 1 { -own } else { own }
            };
            let q = failed[input];
            beginnings.push(often[input] * lost + q * below(node.hi) + (1.0 - q) * below(node.lo));
        }
        beginnings
    }

    /// The beginning of a gate's failures among those of the nodes; `None` where it has no diagram.
    pub(super) fn beginning(&self, gate: GateId, beginnings: &[f64]) -> Option<f64> {
        let edge = self.of[gate.index()];
        let own = *beginnings.get((edge >> 1) as usize).filter(|_| edge != NONE)?;
        Some(if edge & 1 == 1 { -own } else { own })
    }

    /// Whether a gate has a diagram, and so an exact chance.
    pub(super) fn has(&self, gate: GateId) -> bool {
        self.of[gate.index()] != NONE
    }

    /// By how much the sum of these gates' chances rises when an input that works fails (Birnbaum 1969),
    /// by input; gates without a diagram are left out. One walk over what is below them.
    pub(super) fn birnbaum(
        &self,
        roots: &[GateId],
        chances: &[Chance],
        failed: &[f64],
        walk: &mut Walk,
    ) -> Vec<(usize, f64)> {
        let Walk { reach, rise, next } = walk;
        reach.resize(self.len(), None);
        rise.resize(failed.len(), None);
        let nodes = self.bdd.nodes();
        // Children have smaller numbers than parents, so the greatest first visits parents first.
        let put =
            |edge: Edge, by: f64, reach: &mut Vec<Option<f64>>, next: &mut BinaryHeap<u32>| {
                let by = if edge & 1 == 1 { -by } else { by };
                let at = edge >> 1;
                if reach[at as usize].is_none() && at > 0 {
                    next.push(at);
                }
                *reach[at as usize].get_or_insert(0.0) += by;
            };
        for gate in roots {
            if self.has(*gate) {
                put(self.of[gate.index()], 1.0, reach, next);
            }
        }
        let mut met = Vec::new();
        while let Some(at) = next.pop() {
            let node = nodes[at as usize];
            let reached = reach[at as usize].take().unwrap_or_default();
            let input = self.inputs[node.level as usize] as usize;
            let lost = of_edge(chances, node.hi).above(of_edge(chances, node.lo));
            if rise[input].is_none() {
                met.push(input);
            }
            *rise[input].get_or_insert(0.0) += reached * lost;
            put(node.hi, reached * failed[input], reach, next);
            put(node.lo, reached * (1.0 - failed[input]), reach, next);
        }
        if let Some(constant) = reach.first_mut() {
            *constant = None;
        }
        met.sort_unstable();
        met.into_iter().map(|input| (input, rise[input].take().unwrap_or_default())).collect()
    }

    /// The least and greatest chance of each gate below those asked for, by its index: equal where it has
    /// a diagram.
    pub(super) fn bounds(&self, circuit: &Circuit, chances: &[Chance]) -> Vec<(f64, f64)> {
        let mut bounds = vec![(0.0, 1.0); circuit.len()];
        for &gate in &self.gates {
            bounds[gate.index()] = if self.has(gate) {
                let exact = of_edge(chances, self.of[gate.index()]).fails;
                (exact, exact)
            } else {
                let of = |child: &GateId| bounds[child.index()];
                match circuit.gate(gate) {
                    Gate::Input(_) => (0.0, 1.0),
                    Gate::And(children) => any_fails(children.iter().map(of)),
                    Gate::Or(children) => all_fail(children.iter().map(of)),
                    Gate::AtLeast(k, children) => {
                        let fails = (children.len() + 1).saturating_sub(k as usize);
                        so_many_fail(fails, children.iter().map(of).collect())
                    }
                }
            };
        }
        bounds
    }
}

/// What a walk needs, kept from one to the next: clearing all of it would cost the plant each time.
#[derive(Default)]
pub(super) struct Walk {
    reach: Vec<Option<f64>>,
    rise: Vec<Option<f64>>,
    next: BinaryHeap<u32>,
}

fn of_edge(chances: &[Chance], edge: Edge) -> Chance {
    let own = chances[(edge >> 1) as usize];
    if edge & 1 == 1 { own.not() } else { own }
}

/// The diagram of a gate's failure, from those of its children.
fn fails(
    circuit: &Circuit,
    gate: GateId,
    of: &[Edge],
    level: &[u32],
    bdd: &mut Bdd,
    purse: &mut Purse,
) -> Result<Edge, Spent> {
    let child = |child: &GateId| match of[child.index()] {
        NONE => Err(Spent),
        edge => Ok(edge),
    };
    match circuit.gate(gate) {
        Gate::Input(input) => bdd.variable(level[input.index()], purse),
        // In this order each goes on top of those before it, and is walked alone; in the other all of
        // them would be walked for each.
        Gate::And(children) => {
            children.iter().try_fold(FALSE, |all, one| bdd.or(all, child(one)?, purse))
        }
        Gate::Or(children) => {
            children.iter().try_fold(TRUE, |all, one| bdd.and(all, child(one)?, purse))
        }
        Gate::AtLeast(k, children) => {
            let fails = (children.len() + 1).saturating_sub(k as usize);
            let children = children.iter().map(child).collect::<Result<Vec<Edge>, Spent>>()?;
            bdd.at_least(fails, &children, purse)
        }
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
        // Of those with equally many either all go there or none: they belong together.
        let last = ways[by_ways[SHARED_MAX] as usize];
        shared = by_ways.partition_point(|&input| ways[input as usize] > last);
    }
    by_ways.truncate(shared);
    let shared: HashSet<u32> = by_ways.iter().copied().collect();
    let mut inputs: Vec<u32> =
        met.into_iter().rev().filter(|input| !shared.contains(input)).collect();
    inputs.extend(by_ways);
    (gates, inputs)
}

fn children(circuit: &Circuit, gate: GateId) -> &[GateId] {
    match circuit.gate(gate) {
        Gate::Input(_) => &[],
        Gate::And(children) | Gate::Or(children) | Gate::AtLeast(_, children) => children,
    }
}
