//! The tree of "this gate of the circuit is false": what it takes to bring something down.
//!
//! The circuit says what works, so its tree is the dual: an OR of what can fail where all are needed, an AND
//! where any is enough, and at least n - k + 1 of n where k are. What has failed already today is a constant.
//! The circuit has no negation, so the tree is coherent. Tested against the circuit itself.

use super::{FaultTree, NodeId, Op};
use crate::circuit::{Circuit, Gate, GateId, Subject};
use blackstart_model::Plant;
use std::collections::HashSet;

impl FaultTree {
    /// The tree of a gate's failure. `chance` says how likely a fault is at least and at most, where
    /// anybody knows.
    ///
    /// An event bears the name of its component; others say what they are: `vantage NAME`, `check NAME`, `PREFIX
    /// through UPSTREAM`, `VICTIM by CAUSE`. Linear in the circuit.
    #[must_use]
    pub fn of_failure(
        circuit: &Circuit,
        plant: &Plant,
        gate: GateId,
        chance: impl Fn(Subject) -> Option<(f64, f64)>,
    ) -> Self {
        let mut tree = Self::new();
        let mut wanted = vec![false; circuit.len()];
        wanted[gate.index()] = true;
        let gates: Vec<GateId> = circuit.gates().take(gate.index() + 1).collect();
        for &gate in gates.iter().rev() {
            if wanted[gate.index()] {
                for child in children(circuit.gate(gate)) {
                    wanted[child.index()] = true;
                }
            }
        }
        let names = names(circuit, plant);
        let today: HashSet<_> = circuit.today().iter().copied().collect();
        let mut nodes: Vec<Option<NodeId>> = vec![None; circuit.len()];
        for &gate in gates.iter().filter(|gate| wanted[gate.index()]) {
            let own = circuit.gate(gate);
            let of: Vec<NodeId> = children(own)
                .iter()
                .map(|child| nodes[child.index()].expect("children come first"))
                .collect();
            let name = names[gate.index()].as_deref();
            let node = match own {
                Gate::Input(input) => {
                    let subject = circuit.subject(input);
                    let name = event_name(plant, subject);
                    if today.contains(&input) {
                        tree.house(true, Some(&name))
                    } else {
                        tree.event_between(&name, chance(subject).unwrap_or((0.0, 1.0)))
                    }
                }
                Gate::And(_) => tree.gate(Op::Or, &of, name),
                Gate::Or(_) => tree.gate(Op::And, &of, name),
                Gate::AtLeast(k, _) => {
                    // So many have to fail that fewer than k are left.
                    let count = u32::try_from(of.len()).expect("arguments fit u32");
                    tree.gate(Op::AtLeast((count + 1).saturating_sub(k)), &of, name)
                }
            };
            nodes[gate.index()] = Some(node);
        }
        tree.set_top(nodes[gate.index()].expect("it is wanted"));
        tree
    }
}

fn children(gate: Gate<'_>) -> &[GateId] {
    match gate {
        Gate::Input(_) => &[],
        Gate::And(of) | Gate::Or(of) | Gate::AtLeast(_, of) => of,
    }
}

/// Names of gates that a person knows something by.
fn names(circuit: &Circuit, plant: &Plant) -> Vec<Option<String>> {
    let mut names = vec![None; circuit.len()];
    for component in plant.components() {
        let id = plant.find(component.name.as_str()).expect("it is of this plant");
        for (gate, how) in [(circuit.works(id), "down"), (circuit.usable(id), "not usable")] {
            names[gate.index()].get_or_insert_with(|| format!("{} {how}", component.name));
        }
    }
    names
}

fn event_name(plant: &Plant, subject: Subject) -> String {
    match subject {
        Subject::Component(id) => plant.component(id).name.to_string(),
        Subject::Vantage(id) => format!("vantage {}", plant.vantage(id).name),
        Subject::Check(id) => format!("check {}", plant.checks()[id.index()].key),
        Subject::Carriage { upstream, prefix } => {
            format!("{} through {}", plant.component(prefix).name, plant.component(upstream).name)
        }
        Subject::Spread { from, to } => {
            format!("{} by {}", plant.component(to).name, plant.component(from).name)
        }
    }
}
