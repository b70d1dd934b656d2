//! What holds of every plant and every history.

use crate::drawn::{Wired, Works, plant};
use blackstart_model::plant::{Replug, Role};
use blackstart_model::requirement::Target;
use blackstart_model::{ComponentId, Plant};
use blackstart_reason::circuit::{Circuit, InputId, Killers, Subject};
use blackstart_reason::crosses_way_out;
use blackstart_reason::structure::Draft;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn id(plant: &Plant, name: &str) -> ComponentId {
    plant.find(name).unwrap_or_else(|| panic!("no component {name}"))
}

fn input(circuit: &Circuit, subject: Subject) -> InputId {
    circuit.inputs().find(|&input| circuit.subject(input) == subject).expect("it can break")
}

/// The name of what broke.
fn named(plant: &Plant, subject: Subject) -> String {
    let component = |id| plant.component(id).name.to_string();
    match subject {
        Subject::Component(id) => component(id),
        Subject::Vantage(id) => format!("vantage {}", plant.vantage(id).name),
        Subject::Check(id) => format!("check {}", plant.checks()[id.index()].key),
        Subject::Carriage { upstream, prefix } => {
            format!("{}>{}", component(upstream), component(prefix))
        }
        Subject::Spread { from, to } => format!("{} takes {}", component(from), component(to)),
    }
}

/// Some of the inputs of a circuit, by numbers that are taken modulo how many there are.
fn some(circuit: &Circuit, numbers: &[usize]) -> Vec<InputId> {
    let inputs: Vec<InputId> = circuit.inputs().collect();
    let some: BTreeSet<InputId> = numbers.iter().map(|at| inputs[at % inputs.len()]).collect();
    some.into_iter().collect()
}

/// Whether nothing is lost from the first to the second: neither what works, nor what is usable, nor
/// what is seen, by whatever name it has in both.
fn nothing_lost(
    (narrow, narrow_values): (&Plant, &[bool]),
    (wide, wide_values): (&Plant, &[bool]),
    (narrow_circuit, wide_circuit): (&Circuit, &Circuit),
) -> Result<(), TestCaseError> {
    for component in narrow.components() {
        let name = component.name.as_str();
        let (own, other) = (id(narrow, name), id(wide, name));
        for (what, gate, wide_gate) in [
            ("works", narrow_circuit.works(own), wide_circuit.works(other)),
            ("works fully", narrow_circuit.works_fully(own), wide_circuit.works_fully(other)),
            ("is usable", narrow_circuit.usable(own), wide_circuit.usable(other)),
        ] {
            prop_assert!(
                !narrow_values[gate.index()] || wide_values[wide_gate.index()],
                "{} no longer {}",
                name,
                what
            );
        }
    }
    for sees in narrow_circuit.sees() {
        let check = &narrow.checks()[sees.check.index()].key;
        let vantage = &narrow.vantage(sees.vantage).name;
        let other = wide_circuit.sees_named(check, vantage).expect("in both");
        prop_assert!(
            !narrow_values[sees.gate.index()] || wide_values[other.gate.index()],
            "{} is no longer seen from {}",
            check,
            vantage
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// The circuit says what the words of the plant file say.
    #[test]
    fn the_circuit_agrees_with_a_naive_reader(
        drawn in Works::drawn(),
        faults in vec(btree_set(0..12_usize, 0..5), 1..6),
    ) {
        let plant = plant(&drawn.written());
        let circuit = Circuit::of(&plant);
        let part = |at: usize| id(&plant, &format!("p{at}"));
        for broken in faults {
            let broken: BTreeSet<usize> = broken.into_iter().filter(|&at| at < drawn.len()).collect();
            let inputs: Vec<InputId> =
                broken.iter().map(|&at| circuit.component_input(part(at))).collect();
            let under = circuit.under(&inputs);
            let expected = drawn.works(&broken);
            for (at, &expected) in expected.iter().enumerate() {
                let name = format!("p{at} with {broken:?} broken");
                prop_assert_eq!(under[circuit.works(part(at)).index()], expected, "{} works", &name);
                prop_assert_eq!(under[circuit.usable(part(at)).index()], expected, "{} usable", name);
            }
            let acme = under[circuit.usable(id(&plant, "acme")).index()];
            prop_assert_eq!(acme, drawn.is_served(&broken), "acme with {:?} broken", broken);
            for at in drawn.checked() {
                let check = format!("p{at}/tcp").as_str().into();
                let [here, outside] = ["here", "outside"].map(|vantage| {
                    circuit.sees_named(&check, &vantage.into()).expect("it is put from there")
                });
                prop_assert_eq!(under[here.gate.index()], expected[at], "{} from here", check);
                prop_assert_eq!(under[outside.gate.index()], expected[at], "{} from outside", check);
                // A wrong check fails from everywhere, a lost vantage everything it asks.
                for (subject, still) in [
                    (Subject::Check(here.check), [false, false]),
                    (Subject::Vantage(here.vantage), [false, expected[at]]),
                    (Subject::Vantage(outside.vantage), [expected[at], false]),
                ] {
                    let mut inputs = inputs.clone();
                    inputs.push(input(&circuit, subject));
                    let under = circuit.under(&inputs);
                    let seen = [here, outside].map(|sees| under[sees.gate.index()]);
                    prop_assert_eq!(seen, still, "{:?}", subject);
                    let works = under[circuit.works(part(at)).index()];
                    prop_assert_eq!(works, expected[at], "what sees is not what works");
                }
            }
        }
    }

    /// What takes what down with it, by the words of the plant file; alone, that is nothing.
    #[test]
    fn a_fault_that_spreads_agrees_with_a_naive_reader(
        drawn in Works::drawn(),
        broken in btree_set(0..12_usize, 0..4),
        which in vec(any::<bool>(), 40),
    ) {
        let plant = plant(&drawn.written());
        let circuit = Circuit::of(&plant);
        let part = |at: usize| id(&plant, &format!("p{at}"));
        let broken: BTreeSet<usize> = broken.into_iter().filter(|&at| at < drawn.len()).collect();
        let spreads = drawn.spreads();
        let is_spread = |subject: &&Subject| matches!(subject, Subject::Spread { .. });
        prop_assert_eq!(circuit.subjects().iter().filter(is_spread).count(), spreads.len());
        let taken: BTreeSet<(usize, usize)> =
            spreads.into_iter().zip(which).filter(|(_, which)| *which).map(|(pair, _)| pair).collect();
        let mut inputs: Vec<InputId> =
            broken.iter().map(|&at| circuit.component_input(part(at))).collect();
        for &(from, to) in &taken {
            inputs.push(input(&circuit, Subject::Spread { from: part(from), to: part(to) }));
        }
        let under = circuit.under(&inputs);
        for (at, expected) in drawn.works_where(&broken, &taken).into_iter().enumerate() {
            let works = under[circuit.works(part(at)).index()];
            prop_assert_eq!(works, expected, "p{} with {:?} broken, {:?} taken", at, &broken, &taken);
        }
    }

    /// Who reaches whom, by walking instead of by gates.
    #[test]
    fn the_circuit_agrees_with_a_naive_walker(
        drawn in Wired::drawn(),
        faults in vec(vec(0..100_usize, 0..5), 1..6),
    ) {
        let body = drawn.written();
        let plant = plant(&body);
        let circuit = Circuit::of(&plant);
        let [here, inside] = drawn.places();
        for numbers in faults {
            let inputs = some(&circuit, &numbers);
            let broken: BTreeSet<String> =
                inputs.iter().map(|&input| named(&plant, circuit.subject(input))).collect();
            let (under, walk) = (circuit.under(&inputs), drawn.walk(&broken));
            for service in 1..=drawn.services() {
                let name = format!("s{service}");
                let case = format!("{name} with {broken:?} broken\n{body}");
                let works = under[circuit.works(id(&plant, &name)).index()];
                prop_assert_eq!(works, walk.works(service), "{} works", case);
                let usable = under[circuit.usable(id(&plant, &name)).index()];
                let expected = walk.works(service) && walk.is_outside_reached(&name);
                prop_assert_eq!(usable, expected, "{} usable", case);
                for (vantage, place) in
                    [("here", Some(&here)), ("inside", Some(&inside)), ("outside", None)]
                {
                    let check = format!("{name}/tcp").as_str().into();
                    let sees = circuit.sees_named(&check, &vantage.into()).expect("put from there");
                    let asked = &plant.checks()[sees.check.index()];
                    let crosses = crosses_way_out(&plant, asked, plant.vantage(sees.vantage));
                    let place = place.map(String::as_str);
                    let expected = walk.sees(vantage, place, service, crosses);
                    prop_assert_eq!(under[sees.gate.index()], expected, "{} from {}", case, vantage);
                }
            }
        }
    }

    /// Sixty-four scenarios and more at once are each as if alone.
    #[test]
    fn scenarios_do_not_touch_each_other(
        drawn in Works::drawn(),
        scenarios in vec(vec(0..100_usize, 0..4), 128),
    ) {
        let plant = plant(&drawn.written());
        let circuit = Circuit::of(&plant);
        let mut faults = Vec::new();
        for (lane, numbers) in scenarios.iter().enumerate() {
            for input in some(&circuit, numbers) {
                let mut mask = [0_u64; 2];
                mask[lane / 64] = 1 << (lane % 64);
                faults.push((input, mask));
            }
        }
        let mut together = Vec::new();
        circuit.evaluate(&faults, &mut together);
        for (lane, numbers) in scenarios.iter().enumerate() {
            let alone = circuit.under(&some(&circuit, numbers));
            for (gate, value) in alone.into_iter().enumerate() {
                let own = together[gate][lane / 64] >> (lane % 64) & 1 == 1;
                prop_assert_eq!(own, value, "gate {} in scenario {}", gate, lane);
            }
        }
    }

    #[test]
    fn more_faults_never_bring_anything_back(
        body in prop_oneof![
            Works::drawn().prop_map(|drawn| drawn.written()),
            Wired::drawn().prop_map(|drawn| drawn.written()),
        ],
        few in vec(0..100_usize, 0..4),
        more in vec(0..100_usize, 1..4),
    ) {
        let plant = plant(&body);
        let circuit = Circuit::of(&plant);
        let all: Vec<usize> = few.iter().chain(&more).copied().collect();
        let before = circuit.under(&some(&circuit, &few));
        let after = circuit.under(&some(&circuit, &all));
        for (gate, (before, after)) in before.into_iter().zip(after).enumerate() {
            prop_assert!(before || !after, "gate {} came back\n{}", gate, body);
        }
    }

    /// Every killer set of every gate, by trying every single fault.
    #[test]
    fn killer_sets_are_what_trying_every_single_fault_finds(
        body in prop_oneof![
            Works::drawn().prop_map(|drawn| drawn.written()),
            Wired::drawn().prop_map(|drawn| drawn.written()),
        ],
    ) {
        let plant = plant(&body);
        let circuit = Circuit::of(&plant);
        let killers = Killers::of(&circuit).expect("a small plant");
        let blasts = killers.blasts(&circuit);
        let today = circuit.under(&[]);
        let alone: Vec<Vec<bool>> = circuit.inputs().map(|one| circuit.under(&[one])).collect();
        for gate in circuit.gates() {
            let expected: Vec<InputId> = circuit
                .inputs()
                .filter(|input| today[gate.index()] && !alone[input.index()][gate.index()])
                .collect();
            prop_assert_eq!(killers.is_down(gate), !today[gate.index()], "{:?}\n{}", gate, body);
            prop_assert_eq!(killers.alone(gate), expected, "{:?}\n{}", gate, body);
        }
        for input in circuit.inputs() {
            let expected: Vec<ComponentId> = (0..)
                .zip(plant.components())
                .map(|(at, _)| ComponentId(at))
                .filter(|&component| killers.kills(input, circuit.usable(component)))
                .collect();
            prop_assert_eq!(blasts.of(input), expected);
        }
    }

    /// Edit after edit, a draft says what compiling the edited plant whole would.
    #[test]
    fn a_draft_is_as_if_compiled_whole(
        body in prop_oneof![
            Works::drawn().prop_map(|drawn| drawn.written()),
            Wired::drawn().prop_map(|drawn| drawn.written()),
        ],
        edits in vec((any::<usize>(), any::<usize>(), any::<usize>()), 1..6),
    ) {
        let plant = plant(&body);
        let mut draft = Draft::of((*plant).clone()).expect("a small plant");
        for (which, from, to) in edits {
            let now = draft.plant();
            let mut cords = Vec::new();
            for (of, component) in (0..).map(ComponentId).zip(now.components()) {
                for (role, requirement) in &component.requirements {
                    if matches!(role, Role::In | Role::On | Role::Power | Role::Cooling | Role::Needs) {
                        requirement.each_leaf(&mut |leaf| {
                            if let Target::Component(target) = leaf.target {
                                cords.push((of, *role, target));
                            }
                        });
                    }
                }
            }
            if cords.is_empty() {
                return Ok(());
            }
            let (of, role, from) = cords[(which ^ from) % cords.len()];
            let to = ComponentId(u32::try_from(to % now.components().len()).expect("few"));
            let fell = |draft: &Draft| -> BTreeSet<(ComponentId, ComponentId)> {
                (0..)
                    .map(ComponentId)
                    .zip(plant.components())
                    .flat_map(|(id, _)| draft.falls_with(id).into_iter().map(move |cause| (id, cause)))
                    .collect()
            };
            let before = fell(&draft);
            let Ok(change) = draft.replug(Replug { of, role, from, to }) else {
                prop_assert_eq!(fell(&draft), before, "what was refused changed something\n{}", body);
                continue;
            };
            let after = fell(&draft);
            let whole = fell(&Draft::of(draft.plant().clone()).expect("a small plant"));
            prop_assert_eq!(&after, &whole, "{:?} from {:?} to {:?}\n{}", of, from, to, body);
            let others = |set: &BTreeSet<_>, than: &BTreeSet<_>| -> Vec<(ComponentId, ComponentId)> {
                set.difference(than).copied().collect()
            };
            let sorted = |mut of: Vec<(ComponentId, ComponentId)>| {
                of.retain(|(falls, cause)| falls != cause);
                of.sort_unstable();
                of
            };
            prop_assert_eq!(sorted(change.no_longer), others(&before, &after));
            prop_assert_eq!(sorted(change.newly), others(&after, &before));
        }
    }

    #[test]
    fn one_more_of_any_never_widens_the_impact(
        drawn in Works::drawn(),
        which in any::<usize>(),
        member in Works::member(),
        faults in vec(btree_set(0..12_usize, 0..5), 1..6),
    ) {
        let Some(wider) = drawn.widened(which, &member) else { return Ok(()) };
        widening_costs_nothing(&drawn.written(), &wider.written(), &faults)?;
    }

    #[test]
    fn one_more_way_up_never_widens_the_impact(
        drawn in Wired::drawn(),
        which in any::<usize>(),
        member in 0..100_usize,
        faults in vec(btree_set(0..100_usize, 0..4), 1..6),
    ) {
        let Some(wider) = drawn.widened(which, member) else { return Ok(()) };
        widening_costs_nothing(&drawn.written(), &wider.written(), &faults)?;
    }
}

/// Under no faults is anything lost by going from the first plant to the second.
fn widening_costs_nothing(
    narrow: &str,
    wide: &str,
    faults: &[BTreeSet<usize>],
) -> Result<(), TestCaseError> {
    let plants = [plant(narrow), plant(wide)];
    let circuits = plants.each_ref().map(|plant| Circuit::of(plant));
    for numbers in faults {
        let numbers: Vec<usize> = numbers.iter().copied().collect();
        let inputs = some(&circuits[0], &numbers);
        // The wider plant has the same components, checks and vantages, so the same inputs.
        prop_assert_eq!(circuits[0].subjects(), circuits[1].subjects());
        let [a, b] = circuits.each_ref().map(|circuit| circuit.under(&inputs));
        nothing_lost((&plants[0], &a), (&plants[1], &b), (&circuits[0], &circuits[1])).map_err(
            |error| {
                let broke: Vec<_> =
                    inputs.iter().map(|&input| circuits[0].subject(input)).collect();
                TestCaseError::fail(format!("{error} with {broke:?} broken\n{narrow}\n{wide}"))
            },
        )?;
    }
    Ok(())
}
