//! Killer sets: for every gate, all inputs any one of which makes it false, alone, on top of today's.
//!
//! Exact, in one pass over the circuit (DESIGN §4): an input kills itself; an AND dies with any of its
//! children, so its set is their union; an OR dies only with all of them: the intersection; a k-of-n
//! dies of what kills so many members that fewer than k are left. A gate that is false already today
//! has no killers, it is [`Killing::Down`]: in a choice the others carry on without it.
//!
//! Sets are sorted slices of one arena. A gate whose set equals a child's shares it, which in plants is
//! nearly every second gate; cost and memory are linear in what is left. Tested against trying every
//! single fault (`tests`, and a property on random plants).

use super::{Circuit, Gate, GateId, InputId};
use blackstart_model::ComponentId;

/// Elements of all sets together, at most: 1 GiB of them. A plant of a million components has a few
/// million; only a chain of needs thousands deep comes near, and is told so.
const ELEMENTS_MAX: usize = 1 << 28;

/// Sets with no more elements together are united by sorting all of them; larger ones by marking, for a mark
/// is a miss of the cache each (chosen by measuring).
const SORTED_WHOLE: usize = 64;

/// The set that is empty.
const EMPTY: u32 = 0;

/// Not a set: the gate is false today.
const DOWN: u32 = u32::MAX;

/// All killer sets of a circuit.
#[derive(Debug)]
pub struct Killers {
    inputs: usize,
    /// Which set a gate has.
    set: Vec<u32>,
    /// Where a set begins in `elements`; it ends where the next begins.
    start: Vec<u32>,
    elements: Vec<InputId>,
}

/// What brings a gate down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Killing<'k> {
    /// It is down today.
    Down,
    /// Any one of these, in order; none when it survives every single fault.
    By(&'k [InputId]),
}

/// The killer sets hold more elements than there is room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the killer sets of this plant have more than {ELEMENTS_MAX} elements: something is needed through a chain thousands of components long"
)]
pub struct TooMany;

impl Killers {
    /// Computes every killer set.
    ///
    /// # Errors
    /// [`TooMany`] when the sets do not fit in about 1 GiB.
    pub fn of(circuit: &Circuit) -> Result<Self, TooMany> {
        Self::under(circuit, &[])
    }

    /// Computes every killer set on top of these faults besides today's.
    ///
    /// # Errors
    /// [`TooMany`] when the sets do not fit in about 1 GiB.
    pub fn under(circuit: &Circuit, faults: &[InputId]) -> Result<Self, TooMany> {
        let inputs = circuit.subjects().len();
        let mut sets = Sets::of_inputs(inputs);
        let mut set: Vec<u32> = (1..=u32::try_from(inputs).expect("inputs fit u32")).collect();
        set.reserve_exact(circuit.len() - inputs);
        for input in circuit.today().iter().chain(faults) {
            set[input.index()] = DOWN;
        }
        sets.take_in(circuit, &mut set)?;
        Ok(Self { inputs, set, start: sets.start, elements: sets.elements })
    }

    /// Takes in the gates that a circuit has got since. Linear in those.
    ///
    /// # Errors
    /// As [`of`](Self::of); the sets are then those of the circuit before.
    pub fn extend(&mut self, circuit: &Circuit) -> Result<(), TooMany> {
        let mut sets = Sets {
            start: std::mem::take(&mut self.start),
            elements: std::mem::take(&mut self.elements),
            met: vec![(0, 0); self.inputs],
            round: 0,
            of: Vec::new(),
        };
        let known = self.set.len();
        let fits = sets.take_in(circuit, &mut self.set);
        if fits.is_err() {
            self.set.truncate(known);
        }
        (self.start, self.elements) = (sets.start, sets.elements);
        fits
    }

    /// What brings a gate down, alone.
    #[must_use]
    pub fn of_gate(&self, gate: GateId) -> Killing<'_> {
        match self.set[gate.index()] {
            DOWN => Killing::Down,
            set => Killing::By(slice(&self.start, &self.elements, set)),
        }
    }

    /// The same, with a gate that is down today having none.
    #[must_use]
    pub fn alone(&self, gate: GateId) -> &[InputId] {
        match self.of_gate(gate) {
            Killing::Down => &[],
            Killing::By(inputs) => inputs,
        }
    }

    /// Whether a gate is down today.
    #[must_use]
    pub fn is_down(&self, gate: GateId) -> bool {
        self.set[gate.index()] == DOWN
    }

    /// Whether an input brings a gate down, alone. Logarithmic in the gate's set.
    #[must_use]
    pub fn kills(&self, input: InputId, gate: GateId) -> bool {
        self.alone(gate).binary_search(&input).is_ok()
    }

    /// One way from a gate down to an input that kills it: the components it goes through, each by the
    /// first child that the input kills too. `whose` is [`Circuit::whose`]'s. Linear in the way and its
    /// choices, each logarithmic in a set. Empty where the input does not kill the gate.
    #[must_use]
    pub fn way(
        &self,
        circuit: &Circuit,
        whose: &[Option<ComponentId>],
        gate: GateId,
        input: InputId,
    ) -> Vec<ComponentId> {
        let mut way = Vec::new();
        let mut at = Some(gate);
        while let Some(gate) = at.filter(|&gate| self.kills(input, gate)) {
            way.extend(whose[gate.index()].filter(|own| way.last() != Some(own)));
            at = match circuit.gate(gate) {
                Gate::Input(_) => None,
                Gate::And(children) | Gate::Or(children) | Gate::AtLeast(_, children) => {
                    children.iter().copied().find(|&child| self.kills(input, child))
                }
            };
        }
        way
    }

    /// How many elements all sets hold.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.elements.len()
    }

    /// How many bytes the sets take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        4 * (self.set.len() + self.start.len() + self.elements.len())
    }

    /// The blast radii: for every input, the components that are no longer usable when it fails, alone.
    #[must_use]
    pub fn blasts(&self, circuit: &Circuit) -> Blasts {
        let mut start = vec![0_u32; self.inputs + 1];
        for &gate in &circuit.usable {
            for input in self.alone(gate) {
                start[input.index() + 1] += 1;
            }
        }
        let mut sum = 0;
        for place in &mut start {
            sum += *place;
            *place = sum;
        }
        let mut next = start.clone();
        let mut hit = vec![ComponentId(0); sum as usize];
        for (&gate, at) in circuit.usable.iter().zip(0..) {
            for input in self.alone(gate) {
                let place = &mut next[input.index()];
                hit[*place as usize] = ComponentId(at);
                *place += 1;
            }
        }
        Blasts { start, hit }
    }
}

/// For every input the components it takes down, alone.
#[derive(Debug)]
pub struct Blasts {
    start: Vec<u32>,
    hit: Vec<ComponentId>,
}

impl Blasts {
    /// What one input takes down, in the order of the components; itself among them.
    #[must_use]
    pub fn of(&self, input: InputId) -> &[ComponentId] {
        &self.hit[self.start[input.index()] as usize..self.start[input.index() + 1] as usize]
    }
}

fn slice<'k>(start: &[u32], elements: &'k [InputId], set: u32) -> &'k [InputId] {
    let set = set as usize;
    &elements[start[set] as usize..start[set + 1] as usize]
}

/// Sets under construction.
struct Sets {
    start: Vec<u32>,
    elements: Vec<InputId>,
    /// Per input how often it was met, and in which round.
    met: Vec<(u32, u32)>,
    round: u32,
    /// The sets of the children at hand.
    of: Vec<u32>,
}

impl Sets {
    fn of_inputs(inputs: usize) -> Self {
        let count = u32::try_from(inputs).expect("inputs fit u32");
        let mut start = vec![0];
        start.extend(0..=count);
        Self {
            start,
            elements: (0..count).map(InputId).collect(),
            met: vec![(0, 0); inputs],
            round: 0,
            of: Vec::new(),
        }
    }

    /// The sets of all gates from the first that `set` does not have.
    fn take_in(&mut self, circuit: &Circuit, set: &mut Vec<u32>) -> Result<(), TooMany> {
        for at in set.len()..circuit.len() {
            let gate = GateId(u32::try_from(at).expect("gates fit u32"));
            let own = match circuit.gate(gate) {
                Gate::Input(_) => unreachable!("inputs stand before all other gates"),
                Gate::And(children) => self.union(set, children),
                Gate::Or(children) => self.intersection(set, children),
                Gate::AtLeast(k, children) => self.k_of_n(set, k as usize, children),
            };
            set.push(own);
            if self.elements.len() > ELEMENTS_MAX {
                return Err(TooMany);
            }
        }
        Ok(())
    }

    /// Makes what was appended to the elements a set, unless it is as large as one that holds, or is
    /// held by, all of it.
    fn close_from(&mut self, begin: usize, like: u32) -> u32 {
        if self.elements.len() - begin == self.len(like) {
            self.elements.truncate(begin);
            return like;
        }
        self.close_new()
    }

    /// Makes what was appended to the elements a set.
    fn close_new(&mut self) -> u32 {
        let begin = *self.start.last().expect("there is always a first") as usize;
        if self.elements.len() == begin {
            return EMPTY;
        }
        self.start.push(u32::try_from(self.elements.len()).expect("ELEMENTS_MAX fits u32"));
        u32::try_from(self.start.len() - 2).expect("there are fewer sets than elements")
    }

    fn len(&self, set: u32) -> usize {
        slice(&self.start, &self.elements, set).len()
    }

    fn union(&mut self, set: &[u32], children: &[GateId]) -> u32 {
        self.of.clear();
        for child in children {
            match set[child.index()] {
                DOWN => return DOWN,
                EMPTY => {}
                own if self.of.last() == Some(&own) => {}
                own => self.of.push(own),
            }
        }
        match *self.of.as_slice() {
            [] => EMPTY,
            [only] => only,
            [a, b] => self.union_of_two(a, b),
            _ => self.union_of_many(),
        }
    }

    fn union_of_two(&mut self, a: u32, b: u32) -> u32 {
        if a == b {
            return a;
        }
        let (large, small) = if self.len(a) >= self.len(b) { (a, b) } else { (b, a) };
        if self.len(small) == 1 {
            return self.with(large, self.elements[self.start[small as usize] as usize]);
        }
        let begin = self.elements.len();
        self.merge(small, large);
        self.close_from(begin, large)
    }

    /// A set and one element more: what most components are to what they stand on.
    fn with(&mut self, large: u32, one: InputId) -> u32 {
        let (first, end) =
            (self.start[large as usize] as usize, self.start[large as usize + 1] as usize);
        let Err(at) = self.elements[first..end].binary_search(&one) else { return large };
        self.elements.extend_from_within(first..first + at);
        self.elements.push(one);
        self.elements.extend_from_within(first + at..end);
        self.close_new()
    }

    /// Appends the union of two sets to the elements.
    fn merge(&mut self, a: u32, b: u32) {
        let begin = self.elements.len();
        let (a, a_end) = (self.start[a as usize] as usize, self.start[a as usize + 1] as usize);
        let (b, b_end) = (self.start[b as usize] as usize, self.start[b as usize + 1] as usize);
        self.elements.resize(begin + (a_end - a) + (b_end - b), InputId(0));
        let (before, into) = self.elements.split_at_mut(begin);
        let (mut left, mut right) = (&before[a..a_end], &before[b..b_end]);
        let mut written = 0;
        while let (Some(&one), Some(&other)) = (left.first(), right.first()) {
            into[written] = one.min(other);
            written += 1;
            left = &left[usize::from(one <= other)..];
            right = &right[usize::from(other <= one)..];
        }
        for rest in [left, right] {
            into[written..written + rest.len()].copy_from_slice(rest);
            written += rest.len();
        }
        self.elements.truncate(begin + written);
    }

    fn union_of_many(&mut self) -> u32 {
        let begin = self.elements.len();
        let mut large = self.of[0];
        let mut total = 0;
        for &own in &self.of {
            total += self.len(own);
            if self.len(own) > self.len(large) {
                large = own;
            }
        }
        if total <= SORTED_WHOLE {
            for &own in &self.of {
                let set = self.start[own as usize] as usize..self.start[own as usize + 1] as usize;
                self.elements.extend_from_within(set);
            }
            self.elements[begin..].sort_unstable();
            let mut kept = begin;
            for at in begin..self.elements.len() {
                if kept == begin || self.elements[kept - 1] != self.elements[at] {
                    self.elements[kept] = self.elements[at];
                    kept += 1;
                }
            }
            self.elements.truncate(kept);
            return self.close_from(begin, large);
        }
        self.round += 1;
        for at in 0..self.of.len() {
            let own = self.of[at];
            for place in self.start[own as usize]..self.start[own as usize + 1] {
                let element = self.elements[place as usize];
                let met = &mut self.met[element.index()];
                if met.0 != self.round {
                    met.0 = self.round;
                    self.elements.push(element);
                }
            }
        }
        self.elements[begin..].sort_unstable();
        self.close_from(begin, large)
    }

    fn intersection(&mut self, set: &[u32], children: &[GateId]) -> u32 {
        self.of.clear();
        for child in children {
            match set[child.index()] {
                EMPTY => return EMPTY,
                DOWN => {}
                own if self.of.last() == Some(&own) => {}
                own => self.of.push(own),
            }
        }
        match *self.of.as_slice() {
            [] => DOWN,
            [only] => only,
            [a, b] => self.intersection_of_two(a, b),
            _ => {
                let enough = self.of.len();
                self.common(enough)
            }
        }
    }

    fn intersection_of_two(&mut self, a: u32, b: u32) -> u32 {
        let begin = self.elements.len();
        let (mut i, i_end) = (self.start[a as usize], self.start[a as usize + 1]);
        let (mut j, j_end) = (self.start[b as usize], self.start[b as usize + 1]);
        while i < i_end && j < j_end {
            let (left, right) = (self.elements[i as usize], self.elements[j as usize]);
            if left == right {
                self.elements.push(left);
            }
            i += u32::from(left <= right);
            j += u32::from(right <= left);
        }
        let small = if self.len(a) <= self.len(b) { a } else { b };
        self.close_from(begin, small)
    }

    fn k_of_n(&mut self, set: &[u32], k: usize, children: &[GateId]) -> u32 {
        self.of.clear();
        self.of.extend(children.iter().map(|child| set[child.index()]).filter(|&own| own != DOWN));
        match (self.of.len() + 1).checked_sub(k) {
            None | Some(0) => DOWN,
            Some(enough) => self.common(enough),
        }
    }

    /// The inputs that so many of the sets at hand hold.
    fn common(&mut self, enough: usize) -> u32 {
        self.round += 1;
        let enough = u32::try_from(enough).expect("members fit u32");
        let begin = self.elements.len();
        for at in 0..self.of.len() {
            let own = self.of[at] as usize;
            for place in self.start[own]..self.start[own + 1] {
                let element = self.elements[place as usize];
                let met = &mut self.met[element.index()];
                if met.0 != self.round {
                    *met = (self.round, 0);
                }
                met.1 += 1;
                if met.1 == enough {
                    self.elements.push(element);
                }
            }
        }
        self.elements[begin..].sort_unstable();
        let small = self.of.iter().copied().min_by_key(|&own| self.len(own)).unwrap_or(EMPTY);
        // Only a set that all members hold is a part of the smallest; else equal size means nothing.
        self.close_from(begin, if enough as usize == self.of.len() { small } else { EMPTY })
    }
}
