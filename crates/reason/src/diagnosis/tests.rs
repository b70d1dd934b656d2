//! The bit-parallel ranking against one that tries every set by itself.

use super::*;
use blackstart_model::plantfile;
use proptest::collection::vec;
use proptest::prelude::*;
use std::fmt::Write as _;

/// Services on machines on racks, each checked.
fn plant(machines: &[usize], services: &[usize]) -> std::sync::Arc<Plant> {
    let mut text =
        "blackstart: 1\nname: p\ntimezone: UTC\nracks: { r0: {}, r1: {} }\nservers:\n".to_owned();
    for (at, rack) in machines.iter().enumerate() {
        writeln!(text, "  m{at}: {{ in: r{} }}", rack % 2).expect("a String takes everything");
    }
    text.push_str("services:\n");
    for (at, machine) in services.iter().enumerate() {
        let machine = machine % machines.len();
        writeln!(text, "  s{at}: {{ on: m{machine}, checks: [ {{ tcp: '10.0.0.{at}:80' }} ] }}")
            .expect("a String takes everything");
    }
    let (plant, findings) = plantfile::parse_str(&text);
    plant.unwrap_or_else(|| panic!("{findings:#?}\n{text}"))
}

/// What a set of faults scores, by the definition and nothing else.
fn score(circuit: &Circuit, plant: &Plant, facts: &[Fact], set: &[InputId]) -> f64 {
    let under = circuit.under(set);
    let calm = prior::Context::default();
    let log_prior =
        |input| prior::log_prior(plant, circuit, input, hard_mode(plant, circuit, input), &calm);
    let prior: f64 = set.iter().copied().map(log_prior).sum();
    let likelihood: f64 = facts
        .iter()
        .filter(|fact| under[fact.gate.index()] != fact.is_up())
        .map(|fact| fact.surprise())
        .sum();
    prior + likelihood
}

proptest! {
    #[test]
    fn the_ranking_is_that_of_trying_every_set_by_itself(
        machines in vec(0..2_usize, 1..4),
        services in vec(0..4_usize, 1..5),
        seen in vec((any::<bool>(), 1..4_u32), 5),
    ) {
        let plant = plant(&machines, &services);
        let circuit = Circuit::of(&plant);
        let facts: Vec<Fact> = circuit
            .sees()
            .iter()
            .zip(&seen)
            .map(|(sees, &(up, tries))| Fact::plain(sees.gate, up, tries))
            .collect();
        let diagnosis = diagnose(&circuit, &plant, &facts, usize::MAX);
        prop_assert_eq!(diagnosis.paired, diagnosis.candidates);

        let failing = facts.iter().filter(|fact| !fact.is_up());
        let support = circuit.support(failing.map(|fact| fact.gate));
        let mut sets: Vec<Vec<InputId>> = support.iter().map(|&input| vec![input]).collect();
        for (at, &a) in support.iter().enumerate() {
            sets.extend(support[at + 1..].iter().map(|&b| vec![a, b]));
        }
        let nothing = score(&circuit, &plant, &facts, &[]);
        let count = facts.iter().filter(|fact| !fact.is_up()).count();
        let unmodelled = prior::UNMODELLED + UNMODELLED_EACH * count as f64;
        let scores: Vec<f64> =
            sets.iter().map(|set| score(&circuit, &plant, &facts, set)).collect();
        let total: f64 =
            scores.iter().chain([&nothing, &unmodelled]).map(|score| score.exp()).sum();
        for hypothesis in &diagnosis.hypotheses {
            let expected = match &hypothesis.faults {
                Faults::Nothing => nothing,
                Faults::Unmodelled => unmodelled,
                Faults::These(_) => score(&circuit, &plant, &facts, &hypothesis.faults.inputs()),
            };
            prop_assert!((hypothesis.posterior - expected.exp() / total).abs() < 1e-9);
        }
        let best = scores.iter().chain([&nothing, &unmodelled]).copied().fold(f64::MIN, f64::max);
        let lead = diagnosis.hypotheses[0].posterior;
        prop_assert!((lead - best.exp() / total).abs() < 1e-9, "the best is the first");
    }
}
