//! The circuit with what is in store: what goes on for a while although nothing comes in.
//!
//! The circuit knows no time, and so no battery: what it says of a UPS is what is so once the battery is empty.
//! Who knows what time it is, and for how long nothing has come in, asks here, and says at each
//! [inlet](Circuit::inlets) what goes on all the same. A room that is still cool is such a store too. Tested
//! through the diagnosis and the pretend world, which ask.

use super::{Circuit, GateId, InputId};
use blackstart_model::ComponentId;
use blackstart_model::kind::Kind;
use blackstart_model::plant::Role;

/// What comes in to a component that has a store of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inlet {
    /// A UPS, or what is cooled.
    pub of: ComponentId,
    /// What comes in: power, or cooling.
    pub role: Role,
    /// True while it comes in.
    pub gate: GateId,
}

/// Whether what comes in to a component of this kind in this role is stored: in a battery, or as cold air.
pub(super) const fn is_stored(kind: Kind, role: Role) -> bool {
    matches!(role, Role::Cooling) || (matches!(role, Role::Power) && matches!(kind, Kind::Ups))
}

impl Circuit {
    /// What comes in where there is a store of it, in topological order. There may be several inlets of one store.
    #[must_use]
    pub fn inlets(&self) -> &[Inlet] {
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
        let mut from = self.subjects.len();
        for (at, inlet) in self.inlets.iter().enumerate() {
            let gate = inlet.gate.index();
            (from..=gate).for_each(|gate| self.evaluate_one(gate, values));
            carry(at, &mut values[gate]);
            from = gate + 1;
        }
        (from..self.len()).for_each(|gate| self.evaluate_one(gate, values));
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
        let mut inlets = self.inlets.iter().enumerate().peekable();
        for &gate in &below[inputs..] {
            self.evaluate_one(gate.index(), values);
            while inlets.next_if(|(_, inlet)| inlet.gate < gate).is_some() {}
            if let Some((at, _)) = inlets.next_if(|(_, inlet)| inlet.gate == gate) {
                carry(at, &mut values[gate.index()]);
            }
        }
    }

    /// These gates and all that lies below them, in topological order. One pass over the circuit.
    pub(crate) fn below(&self, of: impl IntoIterator<Item = GateId>) -> Vec<GateId> {
        let mut wanted = vec![false; self.len()];
        let mut top = 0;
        for gate in of {
            wanted[gate.index()] = true;
            top = top.max(gate.index());
        }
        let mut found = Vec::new();
        for gate in (0..self.len().min(top + 1)).rev() {
            if wanted[gate] {
                found.push(GateId::of(u32::try_from(gate).expect("gates fit u32")));
                for child in self.gates.children(gate) {
                    wanted[child.index()] = true;
                }
            }
        }
        found.reverse();
        found
    }
}
