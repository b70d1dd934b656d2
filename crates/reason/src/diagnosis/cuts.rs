//! Minimal cut sets of up to three inputs of some gates: behind redundancy no single fault explains
//! anything, so a search that adds one fault at a time could not start.
//!
//! Bottom-up over the gates below: an AND fails with any child (union), an OR with all (product), k of n
//! with any n - k + 1 of them. Only the likeliest sets of each gate are kept; [`Cuts::capped`] says so.
//! It decides nothing. Tested against trying every set (`tests`).

use crate::circuit::{Circuit, Gate, GateId, InputId};
use std::collections::{HashMap, HashSet};

/// Sets kept of one gate: two racks' worth of things on either side of a redundancy have some hundreds
/// of pairs (chosen by hand).
const KEPT_MAX: usize = 512;

/// Gates looked at for all questions of one diagnosis together; some milliseconds.
const GATES_MAX: usize = 50_000;

/// Up to three inputs in order; unused places hold `NONE`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Cut([u32; 3]);

const NONE: u32 = u32::MAX;

impl Cut {
    fn one(input: InputId) -> Self {
        Self([u32::try_from(input.index()).expect("inputs fit u32"), NONE, NONE])
    }

    pub(super) fn len(self) -> usize {
        self.0.iter().filter(|&&input| input != NONE).count()
    }

    pub(super) fn inputs(self) -> Vec<InputId> {
        self.0.iter().filter(|&&input| input != NONE).map(|&at| InputId::from_index(at)).collect()
    }

    /// Both together; `None` beyond three.
    fn with(self, other: Self) -> Option<Self> {
        let mut all = [NONE; 3];
        let mut len = 0;
        let (mut a, mut b) = (0, 0);
        loop {
            let (left, right) = (*self.0.get(a).unwrap_or(&NONE), *other.0.get(b).unwrap_or(&NONE));
            let next = left.min(right);
            if next == NONE {
                return Some(Self(all));
            }
            if len == 3 {
                return None;
            }
            all[len] = next;
            len += 1;
            a += usize::from(left == next);
            b += usize::from(right == next);
        }
    }

    /// Every smaller set in it.
    fn smaller(self) -> impl Iterator<Item = Self> {
        let [a, b, c] = self.0;
        let sets = match self.len() {
            2 => vec![[a, NONE, NONE], [b, NONE, NONE]],
            3 => vec![
                [a, NONE, NONE],
                [b, NONE, NONE],
                [c, NONE, NONE],
                [a, b, NONE],
                [a, c, NONE],
                [b, c, NONE],
            ],
            _ => Vec::new(),
        };
        sets.into_iter().map(Self)
    }
}

/// Cut sets of some gates of one circuit, with what lies below them.
pub(super) struct Cuts<'a> {
    circuit: &'a Circuit,
    log_prior: &'a dyn Fn(InputId) -> f64,
    of: HashMap<GateId, Vec<Cut>>,
    /// Some sets were left out for there were too many.
    pub(super) capped: bool,
}

impl<'a> Cuts<'a> {
    pub(super) fn new(circuit: &'a Circuit, log_prior: &'a dyn Fn(InputId) -> f64) -> Self {
        let of = circuit
            .today()
            .iter()
            // What has failed already costs nothing more: the empty set.
            .map(|input| {
                let at = u32::try_from(input.index()).expect("inputs fit u32");
                (GateId::of(at), vec![Cut([NONE; 3])])
            })
            .collect();
        Self { circuit, log_prior, of, capped: false }
    }

    /// The minimal sets of up to three inputs that bring a gate down, the likeliest first.
    pub(super) fn of_gate(&mut self, gate: GateId) -> Vec<Cut> {
        let mut stack = vec![(gate, false)];
        while let Some((gate, children_done)) = stack.pop() {
            if self.of.contains_key(&gate) {
                continue;
            }
            if self.of.len() >= GATES_MAX {
                self.capped = true;
                self.of.insert(gate, Vec::new());
                continue;
            }
            let children = match self.circuit.gate(gate) {
                Gate::Input(input) => {
                    self.of.insert(gate, vec![Cut::one(input)]);
                    continue;
                }
                Gate::And(children) | Gate::Or(children) | Gate::AtLeast(_, children) => children,
            };
            if !children_done {
                stack.push((gate, true));
                stack.extend(
                    children
                        .iter()
                        .filter(|child| !self.of.contains_key(child))
                        .map(|&c| (c, false)),
                );
                continue;
            }
            let sets = match self.circuit.gate(gate) {
                Gate::Input(_) => continue,
                Gate::And(children) => {
                    let all = children.iter().flat_map(|child| self.of[child].iter().copied());
                    self.kept(all.collect())
                }
                Gate::Or(children) => self.failing(children, children.len()),
                Gate::AtLeast(k, children) => {
                    let fail = (children.len() + 1).saturating_sub(k as usize);
                    self.failing(children, fail)
                }
            };
            self.of.insert(gate, sets);
        }
        self.of[&gate].clone()
    }

    /// Sets that bring down at least `fail` of these: by dynamic programming over the children.
    fn failing(&mut self, children: &[GateId], fail: usize) -> Vec<Cut> {
        // best[j]: sets that bring down j of the children looked at so far.
        let mut best: Vec<Vec<Cut>> = vec![Vec::new(); fail + 1];
        best[0].push(Cut([NONE; 3]));
        for (at, child) in children.iter().enumerate() {
            let own = self.of[child].clone();
            let left = children.len() - at;
            for j in (0..fail).rev() {
                // So many still have to fail of those that are left.
                if fail - j > left || best[j].is_empty() {
                    continue;
                }
                let mut grown = std::mem::take(&mut best[j + 1]);
                for set in &best[j] {
                    grown.extend(own.iter().filter_map(|other| set.with(*other)));
                }
                best[j + 1] = self.kept(grown);
            }
        }
        best.pop().unwrap_or_default()
    }

    /// Without those that hold a smaller one, and only the likeliest.
    fn kept(&mut self, mut sets: Vec<Cut>) -> Vec<Cut> {
        sets.sort_unstable_by_key(|set| (set.len(), *set));
        sets.dedup();
        if sets.first().is_some_and(|set| set.len() == 0) {
            sets.truncate(1);
            return sets;
        }
        let mut minimal: HashSet<Cut> = HashSet::with_capacity(sets.len());
        sets.retain(|set| {
            !set.smaller().any(|part| minimal.contains(&part)) && minimal.insert(*set)
        });
        if sets.len() > KEPT_MAX {
            self.capped = true;
            let log_prior = self.log_prior;
            let mut by_prior: Vec<(f64, Cut)> = sets
                .into_iter()
                .map(|set| (set.inputs().into_iter().map(log_prior).sum(), set))
                .collect();
            by_prior.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            by_prior.truncate(KEPT_MAX);
            sets = by_prior.into_iter().map(|(_, set)| set).collect();
            sets.sort_unstable_by_key(|set| (set.len(), *set));
        }
        sets
    }
}
