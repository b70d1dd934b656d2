//! What if: cases a person can judge.

use crate::drawn::{Wired, Works};
use blackstart_model::time::local_instant;
use blackstart_model::{ComponentId, Plant, plantfile};
use blackstart_reason::circuit::{Circuit, InputId, Subject};
use blackstart_reason::load::Verdict;
use blackstart_reason::whatif::{Answer, Question, Wanted, announcement, checklist, whatif};
use expect_test::{Expect, expect};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

struct Case {
    plant: Arc<Plant>,
    circuit: Circuit,
}

fn case(body: &str) -> Case {
    let text = format!("blackstart: 1\ntimezone: Europe/Amsterdam\n{body}");
    let (plant, findings) = plantfile::parse_str(&text);
    let plant = plant.unwrap_or_else(|| panic!("not a plant: {findings:#?}"));
    let circuit = Circuit::of(&plant);
    Case { plant, circuit }
}

impl Case {
    fn id(&self, name: &str) -> ComponentId {
        self.plant.find(name).unwrap_or_else(|| panic!("no {name}"))
    }

    fn ask(&self, question: &Question) -> Answer {
        whatif(&self.plant, &self.circuit, question).expect("small enough")
    }

    fn off(&self, names: &[&str]) -> Answer {
        let off = names.iter().map(|name| self.id(name)).collect();
        self.ask(&Question { off, ..Question::default() })
    }

    fn window(&self, off: &[&str], from: &str, to: &str) -> Answer {
        let instant = |text| local_instant(text, self.plant.zone()).expect("a time");
        let off = off.iter().map(|name| self.id(name)).collect();
        let window = Some((instant(from), instant(to)));
        self.ask(&Question { off, window, ..Question::default() })
    }

    /// The answer in a few lines.
    fn told(&self, answer: &Answer) -> String {
        let name = |id: &ComponentId| self.plant.component(*id).name.as_str();
        let names = |ids: &[ComponentId]| ids.iter().map(name).collect::<Vec<_>>().join(" < ");
        let mut text = String::new();
        for dark in &answer.dark {
            let way = dark.witness.as_ref().map(|witness| names(&witness.through));
            let (from, by) = (dark.when.from_s, dark.when.by_s);
            let way = way.unwrap_or_default();
            writeln!(text, "dark in [{from:.1}, {by:.1}]: {way}").expect("a String");
        }
        for lost in &answer.lost_redundancy {
            let falls_with = lost.falls_with.iter().map(name).collect::<Vec<_>>().join(", ");
            writeln!(text, "less: {} falls with {falls_with}", name(&lost.component))
                .expect("a String");
        }
        for breaker in &answer.breakers {
            let (least, most) = (breaker.load_min_a, breaker.load_max_a);
            let most = most.map_or("?".to_owned(), |most| format!("{most:.1}"));
            let (component, verdict) = (name(&breaker.component), breaker.verdict.as_str());
            writeln!(text, "{component} {verdict}: {least:.1}..{most} A").expect("a String");
        }
        for fact in &answer.unknown {
            let (component, wanted) = (name(&fact.component), fact.wanted.as_str());
            writeln!(text, "unknown: {wanted} of {component}").expect("a String");
        }
        text
    }

    fn judged(&self, answer: &Answer, expected: Expect) {
        expected.assert_eq(&self.told(answer));
    }
}

#[test]
fn servers_survive_and_the_network_dies_with_one_single_corded_power_unit() {
    //  feed-a ── pdu-a ──┬── srv-1, srv-2 ──┬── pdu-b ── feed-b
    //                    └── rps ── sw-1, sw-2
    let case = case(
        "
feeds: { feed-a: { voltage: 230 V }, feed-b: { voltage: 230 V } }
pdus: { pdu-a: { fed_by: feed-a }, pdu-b: { fed_by: feed-b } }
components: { rps: { power: pdu-a } }
upstreams: { transit: { provides: internet } }
switches:
  sw-1: { power: rps, network: transit, draw: 100 W, claims: 2N }
  sw-2: { power: rps, network: transit, draw: 100 W, claims: 2N }
servers:
  srv-{1..2}: { power: { any: [pdu-a, pdu-b] }, network: { any: [sw-1, sw-2] }, draw: 300 W }
services: { shop: { on: srv-1 }, mail: { on: srv-2 } }
customers: { acme: { uses: [shop, mail] } }
",
    );
    let answer = case.off(&["feed-a"]);
    case.judged(
        &answer,
        expect![[r#"
            dark in [0.0, 0.0]: acme < shop < sw-1 < rps < pdu-a < feed-a
            dark in [0.0, 0.0]: shop < sw-1 < rps < pdu-a < feed-a
            dark in [0.0, 0.0]: mail < sw-1 < rps < pdu-a < feed-a
            dark in [0.0, 0.0]: sw-1 < rps < pdu-a < feed-a
            dark in [0.0, 0.0]: sw-2 < rps < pdu-a < feed-a
            dark in [0.0, 0.0]: feed-a
            dark in [0.0, 0.0]: pdu-a < feed-a
            dark in [0.0, 0.0]: rps < pdu-a < feed-a
            less: srv-1 falls with feed-b, pdu-b
            less: srv-2 falls with feed-b, pdu-b
        "#]],
    );
    let customers: Vec<_> = answer.customers(&case.plant).collect();
    assert_eq!(customers, [case.id("acme")]);
}

/// The night of one feed shut down: a server with both cords in it, eleven with one in each.
const ONE_FEED_OFF: &str = "
feeds: { feed-a: { voltage: 230 V }, feed-b: { voltage: 230 V } }
pdus:
  pdu-a: { fed_by: feed-a, breaker: { rated: 16 A, curve: C, standard: iec-60898-1 } }
  pdu-b: { fed_by: feed-b, breaker: { rated: 16 A, curve: C, standard: iec-60898-1 } }
upstreams: { transit: { provides: internet } }
switches: { sw: { power: { any: [pdu-a, pdu-b] }, network: transit, draw: 80 W..120 W } }
servers:
  stream-1: { power: { all: [pdu-a] }, network: sw, draw: 300 W..440 W, claims: 2N }
  stream-{2..12}: { power: { any: [pdu-a, pdu-b] }, network: sw, draw: 300 W..440 W }
services: { 'plex-{1..2}': { on: 'stream-{1..2}' } }
maintenance:
  feed-a-off: { off: feed-a, by: the datacentre, from: '2017-03-25 20:00', to: '2017-03-26 06:00' }
  upstream-work: { off: transit, by: the carrier, from: '2017-03-26 01:00', to: '2017-03-26 01:30' }
";

#[test]
fn the_night_of_one_feed_shut_down_names_the_breaker_and_its_hours() {
    let case = case(ONE_FEED_OFF);
    let answer = case.off(&["feed-a"]);
    let pdu = answer.breakers.first().expect("pdu-b gains load");
    assert_eq!((pdu.component, pdu.verdict), (case.id("pdu-b"), Verdict::MayTrip));
    assert!((pdu.load_min_a - 14.7).abs() < 0.1, "{pdu:?}");
    assert!((pdu.load_max_a.expect("all draws are known") - 24.0).abs() < 0.2, "{pdu:?}");
    assert!(pdu.earliest_s.is_some_and(|at| at > 1.0 && at < 10.0), "{pdu:?}");
    assert_eq!(pdu.latest_s, None, "at the least draw it holds for ever");
    let down: Vec<_> = answer.down().map(|dark| dark.component).collect();
    assert!(down.contains(&case.id("plex-1")) && !down.contains(&case.id("plex-2")));
    let perhaps: Vec<_> = answer.may_be_down().map(|dark| dark.component).collect();
    assert!(perhaps.contains(&case.id("plex-2")) && perhaps.contains(&case.id("sw")));
    assert_eq!(answer.unknown[0].wanted, Wanted::Current);
}

#[test]
fn other_maintenance_in_the_same_night_is_part_of_the_question() {
    let case = case(ONE_FEED_OFF);
    let answer = case.window(&["feed-a"], "2017-03-25 20:00", "2017-03-26 06:00");
    assert_eq!(answer.overlapping, [1]);
    assert!(answer.off.contains(&case.id("transit")));
    let down: Vec<_> = answer.down().map(|dark| dark.component).collect();
    assert!(down.contains(&case.id("plex-2")), "the other feed carries it, and nobody reaches it");
    let before = case.window(&["feed-a"], "2017-03-25 20:00", "2017-03-25 22:00");
    assert!(before.overlapping.is_empty());
}

#[test]
fn the_draft_tells_the_hours_as_they_truly_are() {
    let case = case(ONE_FEED_OFF);
    let answer = case.window(&["feed-a"], "2017-03-25 20:00", "2017-03-26 06:00");
    let expected = expect![[r#"
        Subject: Planned work on our power and network, Saturday 2017-03-25

        From Sat 2017-03-25 20:00:00 +01:00 to Sun 2017-03-26 06:00:00 +02:00 (Europe/Amsterdam), which is 9 h 00 min.
        These will not be reachable: plex-1, plex-2.
        We tell you when it is over, and at once if anything goes otherwise.
    "#]];
    expected.assert_eq(&announcement(&case.plant, &answer));
    let list = checklist(&case.plant, &answer);
    assert!(list.iter().any(|line| line.starts_with("begin: switch off feed-a")), "{list:#?}");
    assert!(list.iter().any(|line| line.contains("above 18.1 A, stop")), "{list:#?}");
}

const BATTERY: &str = "
feeds: { feed-a: { voltage: 230 V } }
ups: { ups-1: { fed_by: feed-a, capacity: 2 kW, runtime: 30..40 min } }
upstreams: { transit: { provides: internet } }
switches: { sw: { power: ups-1, network: transit, draw: 2 kW, power_factor: 1 } }
servers: { srv: { power: ups-1, network: sw, draw: 0 W } }
services: { shop: { on: srv } }
";

#[test]
fn a_battery_puts_off_the_dark_and_outlasts_a_short_night() {
    let case = case(BATTERY);
    case.judged(
        &case.off(&["feed-a"]),
        expect![[r#"
            dark in [1800.0, 2400.0]: shop < srv < ups-1 < feed-a
            dark in [1800.0, 2400.0]: sw < ups-1 < feed-a
            dark in [1800.0, 2400.0]: srv < ups-1 < feed-a
            dark in [0.0, 0.0]: feed-a
            dark in [1800.0, 2400.0]: ups-1 < feed-a
        "#]],
    );
    let short = case.window(&["feed-a"], "2026-11-28 22:00", "2026-11-28 22:25");
    let down: Vec<_> = short.dark.iter().map(|dark| dark.component).collect();
    assert_eq!(down, [case.id("feed-a")]);
    let between = case.window(&["feed-a"], "2026-11-28 22:00", "2026-11-28 22:35");
    assert!(between.may_be_down().any(|dark| dark.component == case.id("shop")));
    assert!(between.down().all(|dark| dark.component != case.id("shop")));
}

#[test]
fn where_every_draw_is_unknown_nothing_is_certain_and_two_meters_are_asked_for() {
    let case = case(
        "
feeds: { feed-a: {}, feed-b: {} }
pdus: { pdu-a: { fed_by: feed-a, breaker: 16 A }, pdu-b: { fed_by: feed-b, breaker: 16 A } }
servers: { 's-{1..3}': { power: { any: [pdu-a, pdu-b] } } }
services: { shop: { on: s-1, used_from: s-1 } }
",
    );
    case.judged(
        &case.off(&["feed-a"]),
        expect![[r#"
            dark in [0.0, inf]: shop < s-1 < pdu-b
            dark in [0.0, inf]: s-1 < pdu-b
            dark in [0.0, inf]: s-2 < pdu-b
            dark in [0.0, inf]: s-3 < pdu-b
            dark in [0.0, 0.0]: feed-a
            dark in [0.0, 0.0]: pdu-a < feed-a
            dark in [0.0, inf]: pdu-b
            less: shop falls with feed-b, pdu-b
            less: s-1 falls with feed-b, pdu-b
            less: s-2 falls with feed-b, pdu-b
            less: s-3 falls with feed-b, pdu-b
            pdu-b unknown: 0.0..? A
            unknown: current of pdu-a
            unknown: current of pdu-b
            unknown: standard of pdu-b
            unknown: voltage of pdu-b
        "#]],
    );
}

#[test]
fn what_has_failed_already_is_the_ground_on_which_it_is_asked() {
    let case = case(
        "
feeds: { feed-a: {}, feed-b: { condition: { known_failed: transformer } } }
servers: { srv: { power: { any: [feed-a, feed-b] } }, lost: { power: feed-b } }
",
    );
    case.judged(
        &case.off(&["feed-a"]),
        expect![[r#"
            dark in [0.0, 0.0]: srv < feed-a
            dark in [0.0, 0.0]: feed-a
        "#]],
    );
}

#[test]
fn what_is_lost_with_its_place_hands_nothing_on() {
    let case = case(
        "
racks: { rack-1: {} }
feeds: { feed-a: {} }
pdus: { pdu-a: { fed_by: feed-a, in: rack-1 } }
ups: { ups-1: { fed_by: feed-a, in: rack-1, capacity: 2 kW, runtime: 30 min } }
servers: { s: { power: pdu-a }, t: { power: ups-1 } }
",
    );
    case.judged(
        &case.off(&["rack-1"]),
        expect![[r#"
            dark in [0.0, 0.0]: s < pdu-a < rack-1
            dark in [0.0, 0.0]: t < ups-1 < rack-1
            dark in [0.0, 0.0]: rack-1
            dark in [0.0, 0.0]: pdu-a < rack-1
            dark in [0.0, 0.0]: ups-1 < rack-1
        "#]],
    );
}

#[test]
fn a_generator_without_its_start_battery_is_no_generator() {
    let case = case(
        "
feeds: { utility: {} }
components: { start-battery: {} }
generators: { gen: { needs: start-battery, starts_in: 10..30 s } }
ups: { ups-1: { fed_by: { any: [utility, gen] }, runtime: 5 min, capacity: 1 kW } }
servers: { s: { power: ups-1, draw: 900 W } }
",
    );
    let answer = case.off(&["utility"]);
    assert!(
        answer.dark.iter().all(|dark| dark.component != case.id("s")),
        "the battery bridges it"
    );
    let both = Question {
        off: vec![case.id("utility")],
        failed: vec![case.id("start-battery")],
        ..Question::default()
    };
    case.judged(
        &case.ask(&both),
        expect![[r#"
        dark in [300.0, 347.7]: s < ups-1 < utility
        dark in [0.0, 0.0]: utility
        dark in [0.0, 0.0]: start-battery
        dark in [0.0, 0.0]: gen < start-battery
        dark in [300.0, 347.7]: ups-1 < utility
    "#]],
    );
}

#[test]
fn a_breaker_behind_which_a_generator_was_never_tried_may_not_close() {
    let case = case(
        "
feeds: { grid: {} }
generators: { gen: { starts_in: 10..30 s } }
breakers: { mains: { fed_by: grid }, standby: { fed_by: gen, condition: { never_exercised: true } } }
transfer_switches: { panel: { fed_by: { any: [mains, standby] }, transfers_in: 1 s } }
ups: { ups-1: { fed_by: panel, runtime: 15 min, capacity: 1 kW } }
servers: { s: { power: ups-1, draw: 900 W } }
",
    );
    let answer = case.off(&["grid"]);
    let perhaps = answer.may_be_down().find(|dark| dark.component == case.id("s"));
    assert_eq!(
        perhaps.map(|dark| dark.when.from_s),
        Some(900.0),
        "the battery, and then who knows"
    );
    assert!(answer.unknown.iter().any(|fact| fact.wanted == Wanted::Exercise));
}

/// Without anything that trips, what goes dark for certain is what the circuit says, and each chain begins
/// at what is dark and ends at what was asked about.
fn agrees_with_the_circuit(plant: &Plant, broken: &BTreeSet<usize>) -> Result<(), TestCaseError> {
    let circuit = Circuit::of(plant);
    let count = plant.components().len();
    let all: Vec<ComponentId> = (0..).map(ComponentId).take(count).collect();
    let off: Vec<ComponentId> = broken.iter().filter_map(|&at| all.get(at).copied()).collect();
    let inputs: Vec<InputId> = off.iter().map(|&id| circuit.component_input(id)).collect();
    let (before, after) = (circuit.under(&[]), circuit.under(&inputs));
    let question = Question { off: off.clone(), ..Question::default() };
    let answer = whatif(plant, &circuit, &question).expect("small enough");
    let said: BTreeSet<ComponentId> = answer.down().map(|dark| dark.component).collect();
    let is_dark = |id: &ComponentId| {
        let gate = circuit.usable(*id).index();
        before[gate] && !after[gate]
    };
    let expected: BTreeSet<ComponentId> = all.iter().copied().filter(is_dark).collect();
    prop_assert_eq!(said, expected);
    for dark in &answer.dark {
        let witness = dark.witness.as_ref().expect("what is dark has a chain");
        prop_assert_eq!(witness.through.first(), Some(&dark.component));
        match witness.fault {
            Some(Subject::Component(fault)) => {
                prop_assert_eq!(witness.through.last(), Some(&fault));
                // What only may be dark may be so by what switches over, or runs empty.
                prop_assert!(
                    off.contains(&fault) || !dark.is_certain(),
                    "{:?} {dark:?} {off:?} {:#?}",
                    plant.component(fault),
                    plantfile::print(plant)
                );
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }
    for lost in &answer.lost_redundancy {
        for falls_with in &lost.falls_with {
            let one = circuit.component_input(*falls_with);
            let gate = circuit.usable(lost.component).index();
            let both: Vec<InputId> = inputs.iter().copied().chain([one]).collect();
            prop_assert!(circuit.under(&[one])[gate] || circuit.subjects().len() > count);
            prop_assert!(!circuit.under(&both)[gate] || circuit.subjects().len() > count);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn what_goes_dark_is_what_the_circuit_says(
        drawn in Works::drawn(),
        broken in proptest::collection::btree_set(0..12_usize, 1..4),
    ) {
        agrees_with_the_circuit(&crate::drawn::plant(&drawn.written()), &broken)?;
    }

    #[test]
    fn what_goes_dark_by_the_network_is_what_the_circuit_says(
        drawn in Wired::drawn(),
        broken in proptest::collection::btree_set(0..12_usize, 1..4),
    ) {
        agrees_with_the_circuit(&crate::drawn::plant(&drawn.written()), &broken)?;
    }
}
