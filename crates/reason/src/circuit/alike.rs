//! Which checks are alike: the same function of what they share with others, but for what is theirs alone, and asked
//! as often.
//!
//! Forty servers of a rack stand on the same strips, switches and routers; each differs from the next in its own
//! parts. While those work, whatever else breaks the forty are up or down together, and one speaks for all. What
//! is somebody's own is an input that only the checks of one machine hang on; where it has failed, that machine is
//! like no other.
//!
//! A gate is known by what it computes of its children's, whatever their order; a sum of scattered numbers tells
//! them apart. What goes on by what is in store is like nothing else. It knows no facts. Tested through the
//! diagnosis, which says the same with them and without (`diagnosis/tests.rs`).

use super::{Circuit, GateId, InputId, Op};
use blackstart_model::time::Duration;
use blackstart_model::{ComponentId, Plant};
use std::collections::HashMap;

/// Nobody hangs on it.
const NOBODY: u32 = u32::MAX;

/// Several do.
const SEVERAL: u32 = u32::MAX - 1;

/// Who is alike in a circuit.
#[derive(Debug, Default)]
pub(crate) struct Alike {
    /// By gate that a check looks at: those with one number are alike; 0 for all others.
    class: Vec<u32>,
    /// By gate: whose checks alone hang on it.
    owner: Vec<u32>,
}

/// Whose something is: a machine, or a check that stands on none.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Owner(u32);

impl Owner {
    /// A machine as an owner.
    pub(crate) const fn machine(id: ComponentId) -> Self {
        Self(id.0)
    }
}

impl Alike {
    /// Of a plant. Linear in its circuit.
    pub(crate) fn of(plant: &Plant, circuit: &Circuit) -> Self {
        let owner = owners(plant, circuit);
        let numbers = numbers(circuit, &owner);
        // Who is asked twice as often says twice as much.
        let mut known: HashMap<(u64, Duration), u32> = HashMap::new();
        let mut class = vec![0; circuit.len()];
        for sees in circuit.sees() {
            let every = plant.checks()[sees.check.index()].every;
            for gate in [Some(sees.gate), sees.answers.map(|(_, gate)| gate)].into_iter().flatten()
            {
                let next = u32::try_from(known.len() + 1).expect("gates fit u32");
                let looks = (numbers[gate.index()], every);
                class[gate.index()] = *known.entry(looks).or_insert(next);
            }
        }
        Self { class, owner }
    }

    /// The class of a gate that a check looks at; `None` of any other.
    pub(crate) fn class(&self, gate: GateId) -> Option<u32> {
        self.class.get(gate.index()).copied().filter(|class| *class != 0)
    }

    /// Whose checks alone hang on this gate.
    pub(crate) fn owner(&self, gate: GateId) -> Option<Owner> {
        let owner = self.owner.get(gate.index()).copied();
        owner.filter(|owner| ![NOBODY, SEVERAL].contains(owner)).map(Owner)
    }

    /// Whose checks alone hang on this input.
    pub(crate) fn owner_of(&self, input: InputId) -> Option<Owner> {
        self.owner(GateId::of(u32::try_from(input.index()).expect("inputs fit u32")))
    }
}

/// By gate: whose checks hang on it.
fn owners(plant: &Plant, circuit: &Circuit) -> Vec<u32> {
    let mut owner = vec![NOBODY; circuit.len()];
    let join = |owner: &mut u32, other: u32| {
        *owner = match *owner {
            NOBODY => other,
            own if own == other => own,
            _ => SEVERAL,
        };
    };
    let machines = u32::try_from(plant.components().len()).expect("components fit u32");
    for (sees, at) in circuit.sees().iter().zip(machines..) {
        let own = sees.answers.map_or(at, |(machine, _)| machine.0);
        join(&mut owner[sees.gate.index()], own);
        if let Some((_, gate)) = sees.answers {
            join(&mut owner[gate.index()], own);
        }
    }
    for gate in (0..circuit.len()).rev() {
        let own = owner[gate];
        if own != NOBODY {
            circuit.gates.children(gate).iter().for_each(|it| join(&mut owner[it.index()], own));
        }
    }
    owner
}

/// By gate a number for what it computes.
fn numbers(circuit: &Circuit, owner: &[u32]) -> Vec<u64> {
    const OWN: u64 = 1;
    const OWN_FAILED: u64 = 2;
    let mut numbers = vec![0_u64; circuit.len()];
    let mut inlets = circuit.inlets().iter().map(|inlet| inlet.gate.index()).peekable();
    for gate in 0..circuit.len() {
        let is_own = ![NOBODY, SEVERAL].contains(&owner[gate]);
        let children = circuit.gates.children(gate).iter();
        let sum = children.fold(0_u64, |sum, it| sum.wrapping_add(scattered(numbers[it.index()])));
        let by_itself = scattered(gate as u64 | 1 << 40);
        let mut number = match circuit.gates.op[gate] {
            Op::Input if is_own => OWN,
            Op::Input => by_itself,
            Op::And => scattered(sum ^ 1 << 32),
            Op::Or => scattered(sum ^ 2 << 32),
            Op::AtLeast(k) => scattered(sum ^ 3 << 32 ^ u64::from(k)),
        };
        while inlets.next_if(|inlet| *inlet == gate).is_some() {
            number = by_itself;
        }
        numbers[gate] = number;
        if gate + 1 == circuit.subjects.len() {
            for input in circuit.today() {
                let number = &mut numbers[input.index()];
                *number = if *number == OWN { OWN_FAILED } else { *number };
            }
        }
    }
    numbers
}

/// One of a great many numbers for each, so that sums of few of them are never the same by chance (`SplitMix64`,
/// Steele, Lea and Flood 2014).
pub(crate) const fn scattered(at: u64) -> u64 {
    let mut z = at.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}
