//! Plants of any shape: their audit ends, the same way twice, and each finding has its evidence; and what faults
//! change is the same by whichever way it is found.
//!
//! Every kind may stand anywhere it is let, with every field that a rule reads, filled at random: rings
//! of cables, breakers of an ampere, addresses of others, windows that promise nothing.

use blackstart_model::finding::Severity;
use blackstart_model::plantfile;
use blackstart_model::time::{Zone, local_instant};
use blackstart_reason::circuit::{Circuit, InputId};
use blackstart_reason::structure::{RULES, audit};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Choices on a tape: shrinking the tape shrinks the plant.
struct Tape<'t>(std::slice::Iter<'t, u8>);

impl Tape<'_> {
    fn below(&mut self, bound: usize) -> usize {
        usize::from(*self.0.next().unwrap_or(&0)) % bound
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    /// One of these, any of two, or two of three.
    fn wants(&mut self, of: &[String]) -> String {
        let mut one = || of[self.below(of.len())].clone();
        let (first, second, third) = (one(), one(), one());
        match self.below(4) {
            0 => first,
            1 | 2 => format!("{{ any: [{first}, {second}] }}"),
            _ => format!("{{ at_least: 2, of: [{first}, {second}, {third}] }}"),
        }
    }
}

/// Sections of what is fed, of what takes power, and of what only runs.
const FED: [&str; 6] = ["feeds", "ups", "generators", "transfer_switches", "pdus", "psus"];
const POWERED: [&str; 6] =
    ["servers", "hypervisors", "cooling", "storage", "firewalls", "switches"];
const RUNNING: [&str; 5] = ["vms", "services", "websites", "databases", "vips"];

fn plant_file(tape: &[u8]) -> String {
    let mut tape = Tape(tape.iter());
    let mut sections: BTreeMap<&str, String> = BTreeMap::new();
    let (mut fed, mut machines, mut network, mut used) =
        (Vec::new(), Vec::new(), vec!["transit".to_owned()], Vec::new());
    sections.insert("upstreams", "  transit: { account: one }\n".to_owned());
    sections.insert("rooms", "  hall: {}\n".to_owned());
    for nth in 0..tape.below(24) {
        let section = match tape.below(3) {
            0 => tape.pick(&FED),
            1 => tape.pick(&POWERED),
            _ => tape.pick(&RUNNING),
        };
        let name = format!("c{nth}");
        let mut fields = Vec::new();
        let power = if FED.contains(&section) { "fed_by" } else { "power" };
        if !RUNNING.contains(&section) && !fed.is_empty() {
            fields.push(format!("{power}: {}", tape.wants(&fed)));
        }
        if RUNNING.contains(&section) && !machines.is_empty() {
            fields.push(format!("on: {}", tape.wants(&machines)));
        }
        if !used.is_empty() && section == "websites" {
            fields.push(format!("needs: {}", tape.wants(&used)));
        }
        if !FED.contains(&section) && tape.below(2) == 0 {
            fields.push(format!("network: {}", tape.wants(&network)));
        }
        match section {
            "feeds" | "pdus" | "transfer_switches" => {
                fields.push(format!("voltage: {} V", tape.pick(&["100", "230", "400"])));
                fields.push(format!("breaker: {} A", 1 + tape.below(20)));
            }
            "ups" => fields.push(format!("capacity: {} W", 1 + tape.below(5_000))),
            "servers" | "hypervisors" | "storage" if tape.below(3) > 0 => {
                fields.push(format!("draw: {} W..2 kW", tape.below(2_000)));
            }
            "services" => fields.push(format!("demand: {} Mbit/s", tape.below(300))),
            "firewalls" | "switches" | "vms" => {
                fields.push(format!("capacity: {} Mbit/s", tape.below(300)));
            }
            _ => {}
        }
        if !FED.contains(&section) && tape.below(3) == 0 {
            fields.push(format!("address: 192.0.2.{}", tape.below(4)));
        }
        match tape.below(8) {
            0 => fields.push(format!("claims: {}", tape.pick(&["N", "N+1", "N+2", "2N"]))),
            1 => fields.push("condition: { known_failed: yes }".to_owned()),
            2 => fields.push(
                "condition: { exercised: 2026-11-01 10:00, exercised_load: 100 W }".to_owned(),
            ),
            3 => fields.push(format!("changed_by: {}", tape.pick(&["one", "[one, two]"]))),
            4 if section != "feeds" => fields.push("in: hall".to_owned()),
            5 if !used.is_empty() => fields.push(format!("managed_via: {}", tape.wants(&used))),
            6 if RUNNING.contains(&section) && !used.is_empty() => {
                fields.push(format!("degraded_without: {}", tape.wants(&used)));
            }
            _ => {}
        }
        let _ =
            writeln!(sections.entry(section).or_default(), "  {name}: {{ {} }}", fields.join(", "));
        match section {
            "servers" | "hypervisors" | "vms" => machines.push(name.clone()),
            "firewalls" | "switches" | "vips" => network.push(name.clone()),
            _ => {}
        }
        if FED.contains(&section) {
            fed.push(name);
        } else if RUNNING.contains(&section) {
            used.push(name);
        }
    }
    let mut text = "blackstart: 1\n".to_owned();
    if let (Some(off), Some(hit)) = (fed.first(), used.first()) {
        let window = "from: 2026-12-01 10:00, to: 2026-12-01 12:00";
        let _ = writeln!(
            text,
            "lifelines: {{ status_page: {hit} }}\nmaintenance:\n  one: {{ off: {off}, affects: none, {window} }}\n  \
             two: {{ off: {off}, affects: {hit}, {window} }}"
        );
    }
    for (section, components) in sections {
        text += &format!("{section}:\n{components}");
    }
    text
}

proptest! {
    #[test]
    fn a_ripple_is_a_sweep(
        tape in vec(any::<u8>(), 0..500),
        failed in vec((any::<u32>(), any::<[u64; 2]>()), 0..12),
    ) {
        let (plant, _) = plantfile::parse_str(&plant_file(&tape));
        let circuit = Circuit::of(&plant.expect("no errors"));
        let inputs = u32::try_from(circuit.subjects().len()).expect("few");
        let failed: Vec<(InputId, [u64; 2])> = failed
            .into_iter()
            .map(|(at, lanes)| (InputId::from_index(at % inputs.max(1)), lanes))
            .filter(|_| inputs > 0)
            .collect();
        let mut swept = Vec::new();
        // One at a time is followed; all at once, in so small a plant, may be swept.
        for failed in failed.chunks(1).chain([&failed[..]]) {
            circuit.evaluate(failed, &mut swept);
            let ripple = circuit.ripple(failed);
            for gate in circuit.gates() {
                prop_assert_eq!(ripple.of(gate), swept[gate.index()]);
            }
        }
    }

    #[test]
    fn the_audit_ends_the_same_way_twice_and_each_finding_has_its_evidence(
        tape in vec(any::<u8>(), 0..500)
    ) {
        let text = plant_file(&tape);
        let (plant, findings) = plantfile::parse_str(&text);
        prop_assert!(
            findings.iter().all(|finding| finding.severity < Severity::Error),
            "{findings:#?}\n{text}"
        );
        let plant = plant.expect("no errors");
        let now = local_instant("2026-11-21 12:00", &Zone::UTC).expect("a time");
        let again = || audit(&plant, &Circuit::of(&plant), now).expect("a small plant").findings;
        let said = again();
        prop_assert_eq!(&said, &again());
        for finding in &said {
            prop_assert!(RULES.iter().any(|rule| rule.code == finding.code));
            // That nothing is checked has no fault for its cause.
            let caused = !finding.causes.is_empty() || finding.code == "BS1007";
            prop_assert!(caused, "{finding:#?}\n{text}");
            prop_assert!(!finding.witness.is_empty(), "{finding:#?}\n{text}");
            prop_assert!(!finding.message.is_empty() && !finding.help.is_empty());
            for text in [&finding.message, &finding.help] {
                let plain = !text.ends_with('.') && !text.contains("NaN") && !text.contains("inf ");
                prop_assert!(plain, "{text}");
            }
        }
    }
}
