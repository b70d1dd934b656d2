//! A fault that takes along what needs nothing of it, and with that what people use.
//!
//! Redundancy is built against faults that stay where they are. For every component with `can_take_down`: what
//! falls when it fails and takes along all that it can, and goes on when it fails alone. It is a possibility
//! and no certainty, which is why it is none of the single points of failure; cut sets and availability have it
//! as a pair with its chance. Exact, by the circuit, 64 causes to a sweep.

use super::{Finding, Grounds, Rule};
use crate::circuit::{InputId, Subject};
use blackstart_model::ComponentId;
use blackstart_model::finding::Confidence;
use blackstart_model::quantity::{Attribute, Value};
use std::collections::BTreeMap;

pub(super) const RULE: Rule =
    Rule { code: "BS1026", title: "a fault that no redundancy contains", find };

/// What one fault can take along, and by which inputs.
#[derive(Default)]
struct Reach {
    hit: Vec<ComponentId>,
    by: Vec<InputId>,
}

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    let reaches: Vec<(ComponentId, Reach)> = reaches(grounds).into_iter().collect();
    let mut values = Vec::new();
    for reaches in reaches.chunks(64) {
        let mut faults = Vec::new();
        for (lane, (cause, reach)) in reaches.iter().enumerate() {
            let own = [grounds.circuit.component_input(*cause)];
            faults.extend(own.iter().chain(&reach.by).map(|&input| (input, [1_u64 << lane])));
        }
        grounds.circuit.evaluate::<1>(&faults, &mut values);
        for (lane, (cause, Reach { hit, .. })) in reaches.iter().enumerate() {
            let alone = grounds.falls_with(*cause);
            let goes_on = |id: ComponentId| {
                let gate = grounds.circuit.usable(id);
                grounds.killers.is_down(gate) || values[gate.index()][0] >> lane & 1 == 1
            };
            let used = grounds.used().iter().copied();
            let mut falls: Vec<ComponentId> =
                used.filter(|id| id != cause && !goes_on(*id) && !alone.contains(id)).collect();
            grounds.by_impact(&mut falls);
            let Some(&first) = falls.first() else { continue };
            found.push(Finding {
                code: RULE.code,
                severity: grounds.gravity(&falls),
                confidence: Confidence::Medium,
                component: *cause,
                causes: [*cause].into_iter().chain(hit.iter().copied()).collect(),
                witness: vec![first, *cause],
                message: format!(
                    "`{}` can take down {} with it, and then {}: {}",
                    grounds.name(*cause),
                    grounds.list(hit),
                    grounds.counted(&falls),
                    grounds.list(&falls)
                ),
                brings_down: falls,
                help: "put something between them that holds (a breaker, a limit, one after the other), or the word \
                       that the risk is taken"
                    .to_owned(),
            });
        }
    }
}

/// By cause, what it can take along.
fn reaches(grounds: &Grounds<'_>) -> BTreeMap<ComponentId, Reach> {
    let mut reaches: BTreeMap<ComponentId, Reach> = BTreeMap::new();
    for input in grounds.circuit.inputs() {
        let Subject::Spread { from, to } = grounds.circuit.subject(input) else { continue };
        let named = grounds.plant.component(from).attribute(Attribute::CanTakeDown);
        // What is read at start is told by its blind spot and its standby.
        if matches!(named, Some(Value::Components(hit)) if hit.contains(&to)) {
            let reach = reaches.entry(from).or_default();
            reach.hit.push(to);
            reach.by.push(input);
        }
    }
    reaches
}
