//! The circuit with what is in store: what goes on for a while although nothing comes in.
//!
//! The circuit knows no time, and so no battery: what it says of a UPS is what is so once the battery is empty.
//! Who knows what time it is, and for how long nothing has come in, asks here, and says at each
//! [inlet](Circuit::inlets) what goes on all the same. A room that is still cool is such a store too; and so is, the
//! other way round, a standby, which counts as absent until it has taken over. Tested through the diagnosis and the
//! pretend world, which ask.

use super::{Circuit, GateId, InputId};
use blackstart_model::ComponentId;
use blackstart_model::kind::Kind;
use blackstart_model::plant::Role;

/// What comes in to a component that has a store of it, or a standby for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inlet {
    /// A UPS, or what is cooled; or whoever has a standby.
    pub of: ComponentId,
    /// What comes in: power, or cooling; or whatever the standby stands by with.
    pub role: Role,
    /// No store: a standby, which takes over after a while.
    pub takes_over: bool,
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
}
