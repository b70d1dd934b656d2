//! What some faults change, and nothing else: only the gates above them are evaluated.
//!
//! A sweep of the whole circuit costs the same whatever failed; what one machine's failure changes is a handful of
//! gates of a hundred thousand. From the failed inputs the change is followed upwards in topological order, as
//! far as any scenario differs from today. Where much of the plant is above, sweeping is cheaper than following,
//! and is done instead. Either way the answer is that of [`Circuit::evaluate`]. Tested against it
//! on plants of any shape.

use super::{Circuit, GateId, InputId, Op, at_least};
use std::sync::{Mutex, PoisonError};

/// Followed up to so large a part of the circuit: a gate that is followed costs about three that are swept over
/// (measured).
const FOLLOWED_MAX: usize = 4;

/// Marks that are kept for the next to follow; who follows while others do makes his own.
const SPARE_MAX: usize = 4;

/// For each gate those that it is a child of, and whether it is true today.
#[derive(Debug)]
pub(super) struct Above {
    start: Vec<u32>,
    parents: Vec<GateId>,
    today: Vec<bool>,
    /// Cleared: a page that was never touched costs as much as the few gates that are followed.
    spare: Mutex<Vec<Marks>>,
}

/// What following needs of each gate.
#[derive(Debug)]
struct Marks {
    /// Where its value stands, less one; 0 where it is as today.
    place: Vec<u32>,
    queue: Queue,
}

impl Above {
    fn of(circuit: &Circuit) -> Self {
        let children = || (0..circuit.len()).flat_map(|gate| circuit.gates.children(gate));
        let mut start = vec![0_u32; circuit.len() + 1];
        for child in children() {
            start[child.index() + 1] += 1;
        }
        for gate in 0..circuit.len() {
            start[gate + 1] += start[gate];
        }
        let mut next = start.clone();
        let mut parents = vec![GateId(0); start[circuit.len()] as usize];
        for gate in circuit.gates() {
            for child in circuit.gates.children(gate.index()) {
                let place = &mut next[child.index()];
                parents[*place as usize] = gate;
                *place += 1;
            }
        }
        Self { start, parents, today: circuit.under(&[]), spare: Mutex::default() }
    }

    fn marks(&self) -> Marks {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.unwrap_or_else(|| {
            let len = self.today.len();
            let queue = Queue { words: vec![0; len.div_ceil(64)], from: 0 };
            Marks { place: vec![0; len], queue }
        })
    }

    /// Takes marks back; `touched` are those that were set.
    fn put_back(&self, mut marks: Marks, touched: &[u32]) {
        touched.iter().for_each(|&gate| marks.place[gate as usize] = 0);
        marks.queue.from = 0;
        let mut spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < SPARE_MAX {
            spare.push(marks);
        }
    }

    fn parents(&self, gate: usize) -> &[GateId] {
        &self.parents[self.start[gate] as usize..self.start[gate + 1] as usize]
    }
}

/// 64 × `W` scenarios, by what differs from today in any of them.
#[derive(Debug)]
pub struct Ripple<'c, const W: usize> {
    above: &'c Above,
    values: Values<W>,
}

#[derive(Debug)]
enum Values<const W: usize> {
    /// Of each gate that was touched its value.
    Followed {
        /// Until it is dropped.
        marks: Option<Marks>,
        touched: Vec<u32>,
        of: Vec<[u64; W]>,
    },
    Swept(Vec<[u64; W]>),
}

impl<const W: usize> Ripple<'_, W> {
    /// A gate in every scenario: in 64 w + b by bit b of word w.
    #[must_use]
    pub fn of(&self, gate: GateId) -> [u64; W] {
        match &self.values {
            Values::Swept(values) => values[gate.index()],
            Values::Followed { marks, of, touched: _ } => {
                match marks.as_ref().map_or(0, |marks| marks.place[gate.index()]) {
                    0 => as_today(self.above.today[gate.index()]),
                    place => of[place as usize - 1],
                }
            }
        }
    }

    /// Whether a gate is true in the first scenario.
    #[must_use]
    pub fn holds(&self, gate: GateId) -> bool {
        self.of(gate)[0] & 1 == 1
    }

    /// Whether a gate is true today.
    #[must_use]
    pub fn was(&self, gate: GateId) -> bool {
        self.above.today[gate.index()]
    }

    /// The gates that may be other than today in some scenario, in no order; `None` where that may be any.
    pub(crate) fn touched(&self) -> Option<&[u32]> {
        match &self.values {
            Values::Swept(_) => None,
            Values::Followed { touched, .. } => Some(touched),
        }
    }

    /// The gates that are true today and not in the first scenario, in no order.
    pub(crate) fn fallen(&self) -> Vec<GateId> {
        let fell = |gate: &GateId| self.was(*gate) && !self.holds(*gate);
        match &self.values {
            Values::Swept(values) => {
                let all = (0..number(values.len())).map(GateId);
                all.filter(fell).collect()
            }
            Values::Followed { touched, .. } => {
                touched.iter().map(|&gate| GateId(gate)).filter(fell).collect()
            }
        }
    }
}

impl<const W: usize> Drop for Ripple<'_, W> {
    fn drop(&mut self) {
        if let Values::Followed { marks, touched, .. } = &mut self.values
            && let Some(marks) = marks.take()
        {
            self.above.put_back(marks, touched);
        }
    }
}

const fn as_today<const W: usize>(holds: bool) -> [u64; W] {
    if holds { [u64::MAX; W] } else { [0; W] }
}

/// Gates to be looked at, the lowest first.
#[derive(Debug)]
struct Queue {
    words: Vec<u64>,
    from: usize,
}

impl Queue {
    fn put(&mut self, gate: usize) {
        self.words[gate / 64] |= 1 << (gate % 64);
    }

    fn take(&mut self) -> Option<usize> {
        // Whoever is put in stands above what was taken last.
        while self.words.get(self.from)? == &0 {
            self.from += 1;
        }
        let word = &mut self.words[self.from];
        let gate = self.from * 64 + word.trailing_zeros() as usize;
        *word &= *word - 1;
        Some(gate)
    }
}

impl Circuit {
    /// What these faults change, in one scenario.
    #[must_use]
    pub fn ripple_of(&self, faults: &[InputId]) -> Ripple<'_, 1> {
        let failed: Vec<(InputId, [u64; 1])> = faults.iter().map(|&it| (it, [u64::MAX])).collect();
        self.ripple(&failed)
    }

    /// As [`evaluate`](Self::evaluate), by what differs from today. Linear in the gates above the faults, and
    /// in one bit of each gate; the first time in the circuit.
    #[must_use]
    pub fn ripple<const W: usize>(&self, faults: &[(InputId, [u64; W])]) -> Ripple<'_, W> {
        let above = self.above.get_or_init(|| Above::of(self));
        let today = &above.today;
        let Marks { mut place, mut queue } = above.marks();
        let mut of: Vec<[u64; W]> = Vec::new();
        let mut touched: Vec<u32> = Vec::new();
        for (input, failed) in faults {
            let at = input.index();
            if !today[at] {
                continue;
            }
            if place[at] == 0 {
                of.push([u64::MAX; W]);
                touched.push(number(at));
                place[at] = number(of.len());
                above.parents(at).iter().for_each(|parent| queue.put(parent.index()));
            }
            let own = &mut of[place[at] as usize - 1];
            own.iter_mut().zip(failed).for_each(|(word, failed)| *word &= !failed);
        }
        while let Some(gate) = queue.take() {
            if of.len() > self.len() / FOLLOWED_MAX {
                let mut values = Vec::new();
                self.evaluate(faults, &mut values);
                queue.words.fill(0);
                above.put_back(Marks { place, queue }, &touched);
                return Ripple { above, values: Values::Swept(values) };
            }
            let value = |child: &GateId| match place[child.index()] {
                0 => as_today(today[child.index()]),
                place => of[place as usize - 1],
            };
            let children = self.gates.children(gate);
            let now = match self.gates.op[gate] {
                Op::Input => continue,
                Op::And => children.iter().fold([u64::MAX; W], |mut all, child| {
                    all.iter_mut().zip(value(child)).for_each(|(word, own)| *word &= own);
                    all
                }),
                Op::Or => children.iter().fold([0; W], |mut any, child| {
                    any.iter_mut().zip(value(child)).for_each(|(word, own)| *word |= own);
                    any
                }),
                Op::AtLeast(k) => at_least(k, children, |child| value(&child)),
            };
            if now != as_today(today[gate]) {
                of.push(now);
                touched.push(number(gate));
                place[gate] = number(of.len());
                above.parents(gate).iter().for_each(|parent| queue.put(parent.index()));
            }
        }
        let marks = Some(Marks { place, queue });
        Ripple { above, values: Values::Followed { marks, touched, of } }
    }
}

fn number(of: usize) -> u32 {
    u32::try_from(of).expect("gates fit u32")
}
