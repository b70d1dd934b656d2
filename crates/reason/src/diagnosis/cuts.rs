//! Minimal cut sets of up to three inputs of some gates: behind redundancy no single fault explains
//! anything, so a search that adds one fault at a time could not start.
//!
//! Bottom-up over the gates below: an AND fails with any child (union), an OR with all (product), k of n
//! with any n - k + 1 of them. Only the likeliest sets of each gate are kept; and it is said so.
//! It decides nothing. Tested against trying every set (`tests`).

use crate::circuit::{Circuit, Gate, GateId, InputId};
use crate::hashed::{NumberMap, NumberSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Sets kept of one gate: two racks' worth of things on either side of a redundancy have some hundreds
/// of pairs (chosen by hand).
const KEPT_MAX: usize = 512;

/// Gates looked at for one question that were not for those before; some milliseconds.
const GATES_MAX: usize = 50_000;

/// Gates whose sets are kept from one question to the next; beyond it all are forgotten.
const KNOWN_MAX: usize = 4 * GATES_MAX;

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
        let sets = [
            [a, NONE, NONE],
            [b, NONE, NONE],
            [c, NONE, NONE],
            [a, b, NONE],
            [a, c, NONE],
            [b, c, NONE],
        ];
        let count = match self.len() {
            2 => 2,
            3 => 6,
            _ => 0,
        };
        sets.into_iter().take(count).map(Self)
    }
}

/// Bytes of cut sets that are kept for the questions to come (chosen by hand); where there is no more room, no more
/// are.
const KEPT_BYTES_MAX: usize = 2 << 20;

/// The cut sets of gates of a circuit of which none were left out, nor below them: these are the same whatever is
/// likely. Of a circuit that is so large that not all of it is looked at for one question none are kept, or what was
/// asked before would say how far the next one goes.
#[derive(Debug, Default)]
pub(crate) struct WholeCuts {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    of: NumberMap<GateId, Arc<[Cut]>>,
    bytes: usize,
}

/// Cut sets of gates of one circuit, with what lies below them, by one way of telling what is likely.
#[derive(Debug, Default)]
pub(crate) struct Cuts {
    whole: Arc<WholeCuts>,
    of: NumberMap<GateId, Sets>,
    /// How many were known when the present question began.
    before: usize,
}

/// The sets of one gate.
#[derive(Clone, Debug)]
struct Sets {
    all: Arc<[Cut]>,
    /// Some were left out for there were too many, here or below.
    capped: bool,
}

impl Sets {
    fn whole(all: &[Cut]) -> Self {
        Self { all: all.into(), capped: false }
    }
}

/// How likely the failure of an input is, as a logarithm.
type Prior<'a> = &'a dyn Fn(InputId) -> f64;

impl Cuts {
    /// None as yet but those that are kept of all.
    pub(crate) fn of(whole: Arc<WholeCuts>) -> Self {
        Self { whole, ..Self::default() }
    }

    /// Begins another question.
    pub(super) fn begin(&mut self) {
        if self.of.len() > KNOWN_MAX {
            self.of.clear();
        }
        self.before = self.of.len();
    }

    /// The minimal sets of up to three inputs that bring a gate down, the likeliest first; and whether some were left
    /// out for there were too many.
    pub(super) fn of_gate(
        &mut self,
        circuit: &Circuit,
        log_prior: Prior<'_>,
        gate: GateId,
    ) -> (Arc<[Cut]>, bool) {
        let whole = self.whole.clone();
        let keeps = circuit.len() <= GATES_MAX;
        let mut kept_whole = whole.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stack = vec![(gate, false)];
        while let Some((gate, children_done)) = stack.pop() {
            if self.of.contains_key(&gate) {
                continue;
            }
            if self.of.len() - self.before >= GATES_MAX {
                self.of.insert(gate, Sets { all: Arc::default(), capped: true });
                continue;
            }
            if let Some(all) = kept_whole.of.get(&gate).filter(|_| keeps) {
                self.of.insert(gate, Sets { all: all.clone(), capped: false });
                continue;
            }
            let children = match circuit.gate(gate) {
                Gate::Input(input) => {
                    // What has failed already costs nothing more: the empty set.
                    let failed = circuit.today().contains(&input);
                    let own = if failed { Cut([NONE; 3]) } else { Cut::one(input) };
                    self.of.insert(gate, Sets::whole(&[own]));
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
            let mut capped = children.iter().any(|child| self.of[child].capped);
            let kept = |sets| {
                let (sets, left_out) = kept(sets, log_prior);
                capped |= left_out;
                sets
            };
            let all = match circuit.gate(gate) {
                Gate::Input(_) => continue,
                Gate::And(children) => {
                    let mut kept = kept;
                    let all = children.iter().flat_map(|child| self.of[child].all.iter().copied());
                    kept(all.collect())
                }
                Gate::Or(children) => self.failing(children, children.len(), kept),
                Gate::AtLeast(k, children) => {
                    let fail = (children.len() + 1).saturating_sub(k as usize);
                    self.failing(children, fail, kept)
                }
            };
            let all: Arc<[Cut]> = all.into();
            let bytes = size_of::<(GateId, Sets)>() + size_of_val(&*all);
            if keeps && !capped && kept_whole.bytes + bytes <= KEPT_BYTES_MAX {
                kept_whole.bytes += bytes;
                kept_whole.of.insert(gate, all.clone());
            }
            self.of.insert(gate, Sets { all, capped });
        }
        let Sets { all, capped } = &self.of[&gate];
        (all.clone(), *capped)
    }

    /// Sets that bring down at least `fail` of these: by dynamic programming over the children.
    fn failing(
        &self,
        children: &[GateId],
        fail: usize,
        mut kept: impl FnMut(Vec<Cut>) -> Vec<Cut>,
    ) -> Vec<Cut> {
        // best[j]: sets that bring down j of the children looked at so far.
        let mut best: Vec<Vec<Cut>> = vec![Vec::new(); fail + 1];
        best[0].push(Cut([NONE; 3]));
        for (at, child) in children.iter().enumerate() {
            let own = &self.of[child].all;
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
                best[j + 1] = kept(grown);
            }
        }
        best.pop().unwrap_or_default()
    }
}

/// Without those that hold a smaller one, and only the likeliest; and whether that left some out.
fn kept(mut sets: Vec<Cut>, log_prior: Prior<'_>) -> (Vec<Cut>, bool) {
    sets.sort_unstable_by_key(|set| (set.len(), *set));
    sets.dedup();
    if sets.first().is_some_and(|set| set.len() == 0) {
        sets.truncate(1);
        return (sets, false);
    }
    let mut minimal: NumberSet<Cut> = NumberSet::default();
    minimal.reserve(sets.len());
    sets.retain(|set| !set.smaller().any(|part| minimal.contains(&part)) && minimal.insert(*set));
    let capped = sets.len() > KEPT_MAX;
    if capped {
        let mut by_prior: Vec<(f64, Cut)> = sets
            .into_iter()
            .map(|set| (set.inputs().into_iter().map(log_prior).sum(), set))
            .collect();
        by_prior.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        by_prior.truncate(KEPT_MAX);
        sets = by_prior.into_iter().map(|(_, set)| set).collect();
        sets.sort_unstable_by_key(|set| (set.len(), *set));
    }
    (sets, capped)
}
