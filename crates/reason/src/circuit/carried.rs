//! The circuit with its batteries: what goes on for a while although nothing comes in.
//!
//! The circuit knows no time, and so no battery: what it says of a UPS is what is so once the battery is empty.
//! Who knows what time it is, and for how long nothing has come in, asks here, and says at each
//! [inlet](Circuit::inlets) what the battery makes up for. Tested through the diagnosis and the pretend
//! world, which do.

use super::{Circuit, GateId, InputId};
use blackstart_model::ComponentId;
use std::collections::HashSet;

impl Circuit {
    /// What comes in to each UPS, in topological order: true while one of its sources is there. There may be
    /// several of one.
    #[must_use]
    pub fn inlets(&self) -> &[(ComponentId, GateId)] {
        &self.inlets
    }

    /// As [`evaluate`](Self::evaluate); `carry` is told at each inlet, by its place, in which scenarios something
    /// comes in, and turns it into those in which it goes on.
    pub fn evaluate_carried<const W: usize>(
        &self,
        faults: &[(InputId, [u64; W])],
        carry: &mut dyn FnMut(usize, &mut [u64; W]),
        values: &mut Vec<[u64; W]>,
    ) {
        values.clear();
        values.resize(self.len(), [u64::MAX; W]);
        self.fail(faults, values);
        self.carry_on(self.subjects.len()..self.len(), carry, values);
    }

    /// The same of some gates and what lies [below](Self::below) them; the others are left as they are.
    /// `values` is of the circuit's length.
    pub(crate) fn evaluate_below<const W: usize>(
        &self,
        below: &[GateId],
        faults: &[(InputId, [u64; W])],
        carry: &mut dyn FnMut(usize, &mut [u64; W]),
        values: &mut [[u64; W]],
    ) {
        let inputs = below.partition_point(|gate| gate.index() < self.subjects.len());
        for gate in &below[..inputs] {
            values[gate.index()] = [u64::MAX; W];
        }
        self.fail(faults, values);
        self.carry_on(below[inputs..].iter().map(|gate| gate.index()), carry, values);
    }

    fn carry_on<const W: usize>(
        &self,
        gates: impl Iterator<Item = usize>,
        carry: &mut dyn FnMut(usize, &mut [u64; W]),
        values: &mut [[u64; W]],
    ) {
        let mut inlets = self.inlets.iter().map(|(_, gate)| gate.index()).enumerate().peekable();
        for gate in gates {
            self.evaluate_one(gate, values);
            while inlets.next_if(|(_, inlet)| *inlet < gate).is_some() {}
            if let Some((at, _)) = inlets.next_if(|(_, inlet)| *inlet == gate) {
                carry(at, &mut values[gate]);
            }
        }
    }

    /// These gates and all that lies below them, in topological order. Linear in those.
    pub(crate) fn below(&self, of: impl IntoIterator<Item = GateId>) -> Vec<GateId> {
        let mut known = HashSet::new();
        let mut found: Vec<GateId> = of.into_iter().filter(|gate| known.insert(*gate)).collect();
        let mut at = 0;
        while let Some(gate) = found.get(at) {
            let children = self.gates.children(gate.index());
            found.extend(children.iter().filter(|child| known.insert(**child)));
            at += 1;
        }
        found.sort_unstable();
        found
    }
}
