//! Witnesses: for what is down under some faults, one chain of components from it to a fault.
//!
//! It decides which chain is told where there are several: one that ends in a fault of the scenario
//! before one that ends in a fault that is so today already, then the one through fewer gates, then the
//! one through what was made first. Same faults, same chain. It never says that the chain is the only
//! one: behind a redundancy every member is down, and the chain goes through one of them.
//!
//! One pass over the circuit, then a walk for each question. Tested on drawn plants (below) and, by the
//! what-if, on random ones: every chain begins at what was asked and ends at a fault.

use super::{Circuit, Gate, GateId, InputId, Subject};
use blackstart_model::ComponentId;
use std::collections::BTreeSet;

/// What a fault of today adds to a chain: more than any chain is long, so that what is new goes first.
const TODAY: u32 = 1 << 30;

/// What an earlier fault adds, where later ones go first.
const EARLIER: u32 = 1 << 29;

/// The cost of a gate that is false whatever has failed: behind a standby alone, for instance.
const BY_DESIGN: u32 = u32::MAX;

/// Stands for no component.
pub(super) const NOBODY: u32 = u32::MAX;

/// One chain from what is down to a fault.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Witness {
    /// The components it goes through, from what was asked to what failed.
    pub through: Vec<ComponentId>,
    /// What failed: a component (the last of the chain), or a prefix's carriage, a vantage, a check.
    /// `None` where no fault is needed: it is down as it is designed, behind a standby alone.
    pub fault: Option<Subject>,
}

/// The chains of one scenario.
#[derive(Debug)]
pub struct Witnesses<'c> {
    circuit: &'c Circuit,
    /// For every gate that is down, the cost of its best chain; 0 for those that are up.
    cost: Vec<u32>,
    /// Whose gate it is.
    whose: Vec<u32>,
}

impl<'c> Witnesses<'c> {
    /// The chains under some faults; `up` says of every gate whether it is true, as
    /// [`Circuit::under`] does. Linear in the circuit.
    #[must_use]
    pub fn of(circuit: &'c Circuit, up: &[bool]) -> Self {
        Self::later_than(circuit, up, &[])
    }

    /// The same, with chains that end in one of these faults told only where there is no other: what
    /// follows from them, as a breaker that trips, goes first.
    #[must_use]
    pub fn later_than(circuit: &'c Circuit, up: &[bool], earlier: &[InputId]) -> Self {
        let earlier: BTreeSet<InputId> = earlier.iter().copied().collect();
        let mut cost = vec![0_u32; circuit.len()];
        for gate in circuit.gates().filter(|gate| !up[gate.index()]) {
            cost[gate.index()] = match circuit.gate(gate) {
                Gate::Input(input) if circuit.today().binary_search(&input).is_ok() => TODAY,
                Gate::Input(input) if earlier.contains(&input) => EARLIER,
                Gate::Input(_) => 1,
                Gate::And(children) | Gate::Or(children) | Gate::AtLeast(_, children) => {
                    let down = children.iter().filter(|child| !up[child.index()]);
                    let best = down.map(|child| cost[child.index()]).min();
                    best.map_or(BY_DESIGN, |best| best.saturating_add(1))
                }
            };
        }
        Self { circuit, cost, whose: whose(circuit) }
    }

    /// The chain from a gate, where that is down. Linear in the chain and its choices.
    #[must_use]
    pub fn of_gate(&self, gate: GateId) -> Option<Witness> {
        if self.cost[gate.index()] == 0 {
            return None;
        }
        let mut through: Vec<ComponentId> = Vec::new();
        let mut add = |whose: u32| {
            if whose != NOBODY && through.last() != Some(&ComponentId(whose)) {
                through.push(ComponentId(whose));
            }
        };
        let mut at = gate;
        let fault = loop {
            add(self.whose[at.index()]);
            let children = match self.circuit.gate(at) {
                Gate::Input(input) => break Some(self.circuit.subject(input)),
                Gate::And(children) | Gate::Or(children) | Gate::AtLeast(_, children) => children,
            };
            let down = children.iter().filter(|child| self.cost[child.index()] > 0);
            match down.min_by_key(|child| (self.cost[child.index()], **child)) {
                Some(next) => at = *next,
                None => break None,
            }
        };
        if let Some(Subject::Component(component)) = fault {
            add(component.0);
        }
        Some(Witness { through, fault })
    }

    /// The chain from a component that is not usable; it begins with the component.
    #[must_use]
    pub fn of_component(&self, component: ComponentId) -> Option<Witness> {
        let mut witness = self.of_gate(self.circuit.usable(component))?;
        if witness.through.first() != Some(&component) {
            witness.through.insert(0, component);
        }
        Some(witness)
    }
}

/// Whose gate each gate is; [`NOBODY`]'s where it is nobody's own.
pub(super) fn whose(circuit: &Circuit) -> Vec<u32> {
    let mut whose = vec![NOBODY; circuit.len()];
    let constants = circuit.subjects().len()..circuit.subjects().len() + 2;
    for gates in [&circuit.usable, &circuit.fully, &circuit.works, &circuit.base] {
        for (gate, component) in gates.iter().zip(0..) {
            if !constants.contains(&gate.index()) {
                whose[gate.index()] = component;
            }
        }
    }
    whose
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_model::{Plant, plantfile};
    use std::sync::Arc;

    const PLANT: &str = "
blackstart: 1
feeds: { feed-a: {}, feed-b: {} }
pdus: { pdu-a: { fed_by: feed-a }, pdu-b: { fed_by: feed-b }, pdu-x: { fed_by: pdu-b } }
upstreams: { transit: { provides: internet } }
switches: { sw: { power: pdu-x, network: transit } }
servers:
  srv: { power: { any: [pdu-a, pdu-b] }, network: sw }
  cold: { power: { standby: feed-a, takes: 5 min } }
services: { web: { on: srv } }
customers: { acme: { uses: web } }
";

    fn plant(conditions: &str) -> (Arc<Plant>, Circuit) {
        let text = PLANT.replace("feed-a: {}", conditions);
        let (plant, findings) = plantfile::parse_str(&text);
        let plant = plant.unwrap_or_else(|| panic!("{findings:#?}"));
        let circuit = Circuit::of(&plant);
        (plant, circuit)
    }

    fn told(plant: &Plant, circuit: &Circuit, asked: &str, failed: &[&str]) -> Option<String> {
        let id = |name: &str| plant.find(name).expect("it is in the plant");
        let inputs: Vec<InputId> =
            failed.iter().map(|name| circuit.component_input(id(name))).collect();
        let witnesses = Witnesses::of(circuit, &circuit.under(&inputs));
        let witness = witnesses.of_component(id(asked))?;
        let names = witness.through.iter().map(|id| plant.component(*id).name.as_str());
        Some(names.collect::<Vec<_>>().join(" < "))
    }

    #[test]
    fn the_chain_goes_the_way_it_is_down_by() {
        let (plant, circuit) = plant("feed-a: {}");
        let told = |asked, failed: &[&str]| told(&plant, &circuit, asked, failed);
        assert_eq!(told("acme", &[]), None);
        let by_network = "acme < web < sw < pdu-x < pdu-b < feed-b";
        assert_eq!(told("acme", &["feed-b"]).as_deref(), Some(by_network));
        assert_eq!(told("srv", &["feed-b"]), None, "the other cord carries it");
        assert_eq!(told("web", &["srv", "feed-b"]).as_deref(), Some("web < srv"));
        assert_eq!(told("sw", &["sw", "feed-b"]).as_deref(), Some("sw"));
    }

    #[test]
    fn what_is_new_goes_before_what_is_so_today() {
        let (plant, circuit) = plant("feed-a: { condition: { known_failed: dark } }");
        let told = told(&plant, &circuit, "srv", &["feed-b"]);
        assert_eq!(told.as_deref(), Some("srv < pdu-b < feed-b"));
    }

    #[test]
    fn what_is_down_by_design_has_no_fault() {
        let (plant, circuit) = plant("feed-a: {}");
        let witnesses = Witnesses::of(&circuit, &circuit.under(&[]));
        let cold = plant.find("cold").expect("it is in the plant");
        let witness = witnesses.of_component(cold).expect("it is down");
        assert_eq!(witness, Witness { through: vec![cold], fault: None });
    }
}
