//! A part of the circuit: some gates and what they hang on, and nothing else.
//!
//! Who asks a few hundred gates again and again, under other faults each time, takes their part out once and sweeps
//! that. What it says of them is what [`Circuit::evaluate`] says. Tested against it on plants of any shape.

use super::{Circuit, GateId, InputId, Op, at_least};

/// Some gates of a circuit, with all below them.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// A bit for each gate of the circuit that is in it, and how many stand before each word.
    bits: Vec<u64>,
    before: Vec<u32>,
    op: Vec<Op>,
    start: Vec<u32>,
    /// By their places here.
    children: Vec<GateId>,
    /// Inputs that have failed today.
    today: Vec<u32>,
    /// The inlets among them, by place, each with its place among the circuit's.
    inlets: Vec<(u32, usize)>,
}

impl Part {
    /// The gates that these hang on. Linear in them, and in one bit of each gate of the circuit.
    pub(crate) fn of(circuit: &Circuit, gates: impl IntoIterator<Item = GateId>) -> Self {
        let mut bits = vec![0_u64; circuit.len().div_ceil(64)];
        let put = |bits: &mut Vec<u64>, gate: GateId| {
            bits[gate.index() / 64] |= 1 << (gate.index() % 64);
        };
        gates.into_iter().for_each(|gate| put(&mut bits, gate));
        // Children stand before their parents, so each word is met with all its marks.
        for word in (0..bits.len()).rev() {
            let mut done = 0_u64;
            loop {
                let left = bits[word] & !done;
                if left == 0 {
                    break;
                }
                let bit = 63 - left.leading_zeros();
                done |= 1 << bit;
                for &child in circuit.gates.children(word * 64 + bit as usize) {
                    put(&mut bits, child);
                }
            }
        }
        let mut this = Self { bits, ..Self::default() };
        let mut count = 0;
        this.before.reserve(this.bits.len());
        for word in &this.bits {
            this.before.push(count);
            count += word.count_ones();
        }
        let count = count as usize;
        this.op.reserve(count);
        this.start.reserve(count + 1);
        this.children.reserve(2 * count);
        this.start.push(0);
        let mut inlets = circuit.inlets.iter().enumerate().peekable();
        for word in 0..this.bits.len() {
            let mut left = this.bits[word];
            while left != 0 {
                let gate = word * 64 + left.trailing_zeros() as usize;
                left &= left - 1;
                for &child in circuit.gates.children(gate) {
                    let place = this.place(child).expect("what hangs on it was marked");
                    this.children.push(GateId(place));
                }
                while inlets.next_if(|(_, inlet)| inlet.gate.index() < gate).is_some() {}
                if let Some((at, _)) = inlets.peek().filter(|(_, it)| it.gate.index() == gate) {
                    this.inlets.push((number(this.op.len()), *at));
                }
                this.op.push(circuit.gates.op[gate]);
                this.start.push(number(this.children.len()));
            }
        }
        let own = |input: &InputId| this.place(GateId(input.0));
        this.today = circuit.today.iter().filter_map(own).collect();
        this
    }

    /// Where a gate stands in it.
    pub(crate) fn place(&self, gate: GateId) -> Option<u32> {
        let (word, bit) = (gate.index() / 64, gate.index() % 64);
        let own = self.bits.get(word)?;
        let is_in = own >> bit & 1 == 1;
        is_in.then(|| self.before[word] + (own & ((1 << bit) - 1)).count_ones())
    }

    /// The inputs in it, in order.
    pub(crate) fn inputs(&self, circuit: &Circuit) -> Vec<InputId> {
        circuit.inputs().filter(|input| self.place(GateId(input.0)).is_some()).collect()
    }

    /// As [`Circuit::evaluate`], by place.
    pub(crate) fn evaluate<const W: usize>(
        &self,
        faults: &[(InputId, [u64; W])],
        values: &mut Vec<[u64; W]>,
    ) {
        self.evaluate_carried(faults, &mut |_, _| {}, values);
    }

    /// As [`Circuit::evaluate_carried`], by place.
    pub(crate) fn evaluate_carried<const W: usize>(
        &self,
        faults: &[(InputId, [u64; W])],
        carry: &mut dyn FnMut(usize, &mut [u64; W]),
        values: &mut Vec<[u64; W]>,
    ) {
        values.clear();
        values.resize(self.op.len(), [u64::MAX; W]);
        for &input in &self.today {
            values[input as usize] = [0; W];
        }
        for (input, failed) in faults {
            if let Some(at) = self.place(GateId(input.0)) {
                let own = values[at as usize].iter_mut().zip(failed);
                own.for_each(|(word, failed)| *word &= !failed);
            }
        }
        let mut inlets = self.inlets.iter().peekable();
        for gate in 0..self.op.len() {
            let children = &self.children[self.start[gate] as usize..self.start[gate + 1] as usize];
            let mut now = match self.op[gate] {
                Op::Input => continue,
                Op::And => children.iter().fold([u64::MAX; W], |mut all, child| {
                    let own = &values[child.index()];
                    all.iter_mut().zip(own).for_each(|(word, own)| *word &= own);
                    all
                }),
                Op::Or => children.iter().fold([0; W], |mut any, child| {
                    let own = &values[child.index()];
                    any.iter_mut().zip(own).for_each(|(word, own)| *word |= own);
                    any
                }),
                Op::AtLeast(k) => at_least(k, children, |child| values[child.index()]),
            };
            if let Some((_, inlet)) = inlets.next_if(|(at, _)| *at as usize == gate) {
                carry(*inlet, &mut now);
            }
            values[gate] = now;
        }
    }
}

fn number(of: usize) -> u32 {
    u32::try_from(of).expect("gates fit u32")
}
