//! The cold start of drawn plants, read anew by a naive reader: one that goes round and starts whatever
//! has what it asks for, until nothing changes.

use crate::drawn::{Wants, Wired, Works, plant};
use blackstart_model::plant::Role;
use blackstart_model::requirement::{Requirement, Target};
use blackstart_model::{ComponentId, Plant};
use blackstart_reason::coldstart::{ColdStart, Cut, Given, coldstart, cycles};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Parts that need what stands before them, and ask to start for anything.
fn drawn() -> impl Strategy<Value = Vec<(Option<Wants>, Option<Wants>, bool)>> {
    let wants = |often| option::weighted(often, Works::member());
    vec((wants(0.5), wants(0.3), prop::bool::weighted(0.1)), 1..10)
}

fn written(parts: &[(Option<Wants>, Option<Wants>, bool)], with_to_start: bool) -> String {
    let mut text = String::from("components:\n");
    for (at, (needs, to_start, failed)) in parts.iter().enumerate() {
        let mut fields = Vec::new();
        if let (Some(needs), 1..) = (needs, at) {
            fields.push(format!("needs: {}", needs.written(at)));
        }
        if let (Some(to_start), true) = (to_start, with_to_start) {
            fields.push(format!("to_start: {}", to_start.written(parts.len())));
        }
        if *failed && with_to_start {
            fields.push("condition: { known_failed: 'blown in June' }".to_owned());
        }
        text.push_str(&format!("  p{at}: {{ {} }}\n", fields.join(", ")));
    }
    text
}

/// Whether a requirement is met by what is up, with standbys taken over and these done without.
fn met(
    of: (ComponentId, Role),
    requirement: &Requirement,
    up: &BTreeSet<ComponentId>,
    cuts: &[Cut],
) -> bool {
    let met = |part: &Requirement| met(of, part, up, cuts);
    match requirement {
        Requirement::One(leaf) => {
            let cut = Cut { of: of.0, role: of.1, target: leaf.target };
            let Target::Component(target) = leaf.target else { return true };
            up.contains(&target) || cuts.contains(&cut)
        }
        Requirement::All(of) => of.iter().all(met),
        Requirement::Any(of) => of.iter().any(met),
        Requirement::AtLeast { k, of } => of.iter().filter(|part| met(part)).count() >= *k as usize,
    }
}

fn can(plant: &Plant, id: ComponentId, up: &BTreeSet<ComponentId>, cuts: &[Cut]) -> bool {
    plant
        .component(id)
        .requirements
        .iter()
        .all(|(role, requirement)| met((id, *role), requirement, up, cuts))
}

fn all(plant: &Plant) -> impl Iterator<Item = ComponentId> + use<> {
    (0..u32::try_from(plant.components().len()).expect("few")).map(ComponentId)
}

/// All that can be started.
fn naive(plant: &Plant, mended: bool, cuts: &[Cut]) -> BTreeSet<ComponentId> {
    let mut up = BTreeSet::new();
    loop {
        let before = up.len();
        for id in all(plant) {
            let failed = plant.component(id).condition.known_failed.is_some() && !mended;
            if !failed && can(plant, id, &up, cuts) {
                up.insert(id);
            }
        }
        if up.len() == before {
            return up;
        }
    }
}

fn started(plan: &ColdStart) -> BTreeSet<ComponentId> {
    plan.waves.iter().flat_map(|wave| &wave.steps).map(|step| step.component).collect()
}

/// Every leaf of `to_start` and `needs`.
fn leaves(plant: &Plant) -> Vec<Cut> {
    let mut leaves = Vec::new();
    for of in all(plant) {
        for (role, requirement) in &plant.component(of).requirements {
            requirement.each_leaf(&mut |leaf| {
                let cut = Cut { of, role: *role, target: leaf.target };
                if !leaves.contains(&cut) {
                    leaves.push(cut);
                }
            });
        }
    }
    leaves
}

/// How many leaves must go at least before everything starts; `None` beyond `max`.
fn fewest(plant: &Plant, leaves: &[Cut], chosen: &mut Vec<Cut>, max: usize) -> Option<usize> {
    if naive(plant, true, chosen).len() == plant.components().len() {
        return Some(chosen.len());
    }
    if chosen.len() == max {
        return None;
    }
    let mut best = None;
    for (at, leaf) in leaves.iter().enumerate() {
        chosen.push(*leaf);
        let found =
            fewest(plant, &leaves[at + 1..], chosen, best.map_or(max, |best: usize| best - 1));
        chosen.pop();
        if found.is_some() {
            best = found;
        }
        if best == Some(chosen.len() + 1) {
            break;
        }
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn what_a_step_requires_is_up_before_it_and_all_that_can_be_is_started(parts in drawn()) {
        let plant = plant(&written(&parts, true));
        let plan = coldstart(&plant, &Given::default());
        let mut up = BTreeSet::new();
        for wave in &plan.waves {
            for step in &wave.steps {
                prop_assert!(can(&plant, step.component, &up, &[]));
            }
            up.extend(wave.steps.iter().map(|step| step.component));
        }
        prop_assert_eq!(&up, &naive(&plant, false, &[]));
        let told: BTreeSet<ComponentId> = plan
            .stuck
            .iter()
            .map(|(id, _)| *id)
            .chain(plan.held.iter().map(|(id, _)| *id))
            .collect();
        let dark: BTreeSet<ComponentId> = all(&plant).filter(|id| !up.contains(id)).collect();
        prop_assert_eq!(told, dark, "everything dark has its reason");
        let again = format!("{:?}", coldstart(&plant, &Given::default()));
        prop_assert_eq!(format!("{plan:?}"), again, "the same plan each time");
    }

    #[test]
    fn without_to_start_and_failures_everything_starts(parts in drawn(), wired in Wired::drawn()) {
        for text in [written(&parts, false), wired.written()] {
            let plant = plant(&text);
            let plan = coldstart(&plant, &Given::default());
            prop_assert_eq!(started(&plan).len(), plant.components().len());
            prop_assert!(plan.can_start && cycles(&plant).is_empty());
        }
    }

    #[test]
    fn the_cuts_make_everything_start_and_no_fewer_do(parts in drawn()) {
        let plant = plant(&written(&parts, true));
        let found = cycles(&plant);
        let cuts: Vec<Cut> = found.iter().flat_map(|cycle| cycle.cuts[0].clone()).collect();
        prop_assert_eq!(naive(&plant, true, &cuts).len(), plant.components().len());
        prop_assert!(found.iter().all(|cycle| cycle.is_shortest));
        for cycle in &found {
            let after = cycle.edges.iter().skip(1).chain(&cycle.edges[..1]);
            prop_assert!(cycle.edges.iter().zip(after).all(|(edge, next)| edge.to == next.from));
        }
        // A knot too tangled to be sure of says so.
        if let (true, Some(less)) = (found.iter().all(|cycle| cycle.is_least), cuts.len().checked_sub(1)) {
            prop_assert_eq!(None, fewest(&plant, &leaves(&plant), &mut Vec::new(), less));
        }
    }

    #[test]
    fn from_any_state_a_target_is_reached_when_it_can_be(parts in drawn(), up in 0..10_usize, target in 0..10_usize) {
        let plant = plant(&written(&parts, true));
        let count = parts.len();
        let id = |at: usize| ComponentId(u32::try_from(at % count).expect("few"));
        let whole = coldstart(&plant, &Given { up: vec![id(up)], ..Given::default() });
        let given = Given { up: vec![id(up)], targets: vec![id(target)], ..Given::default() };
        let plan = coldstart(&plant, &given);
        let reached = |plan: &ColdStart| {
            started(plan).contains(&id(target)) || plan.up_before.contains(&id(target))
        };
        prop_assert_eq!(reached(&whole), reached(&plan));
        prop_assert_eq!(reached(&plan), plan.can_start);
        prop_assert!(started(&plan).is_subset(&started(&whole)));
    }
}
