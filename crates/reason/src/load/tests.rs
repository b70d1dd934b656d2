//! Plants drawn in words, and what the load does in them.

mod played;

use super::*;
use blackstart_model::plantfile;
use std::sync::Arc;

struct Case {
    plant: Arc<Plant>,
    load: Load,
}

fn case(body: &str) -> Case {
    let (plant, findings) = plantfile::parse_str(&format!("blackstart: 1\n{body}"));
    let plant = plant.unwrap_or_else(|| panic!("not a plant: {findings:#?}"));
    let load = Load::of(&plant, &[]);
    Case { plant, load }
}

impl Case {
    fn off(&self, names: &[&str]) -> LoadOutcome {
        let id = |name: &&str| self.plant.find(name).unwrap_or_else(|| panic!("no {name}"));
        let off = names.iter().map(id).collect();
        let loss = Loss { off, failed: Vec::new() };
        self.load.play(&self.plant, &loss, &mut LoadMemory::default())
    }

    /// A breaker's fate as a person would read it.
    fn told(&self, outcome: &LoadOutcome, name: &str) -> String {
        let id = self.plant.find(name).unwrap_or_else(|| panic!("no {name}"));
        let Some(fate) = outcome.breakers.iter().find(|fate| fate.component == id) else {
            return "gains nothing".to_owned();
        };
        let seconds = |at: Option<f64>| at.map_or("?".to_owned(), |at| format!("{at:.1} s"));
        let most = fate.load_max_a.map_or("?".to_owned(), |most| format!("{most:.1}"));
        let verdict = fate.verdict.as_str();
        let load = format!("{:.1}..{most} A of {} A", fate.load_min_a, fate.rating_a);
        match fate.verdict {
            Verdict::Holds => format!("{verdict}: {load}"),
            Verdict::Trips | Verdict::MayTrip | Verdict::Unknown => {
                let (from, by) = (seconds(fate.earliest_s), seconds(fate.latest_s));
                format!("{verdict} in [{from}, {by}]: {load}")
            }
        }
    }

    fn dark(&self, outcome: &LoadOutcome, name: &str) -> Option<Darkness> {
        let id = self.plant.find(name).unwrap_or_else(|| panic!("no {name}"));
        outcome.dark.iter().find(|(dark, _)| *dark == id).map(|(_, times)| *times)
    }
}

/// Two feeds, two strips, servers in both.
fn two_strips(breaker: &str, servers: u32, fields: &str) -> Case {
    case(&format!(
        "
feeds: {{ feed-a: {{ voltage: 230 V }}, feed-b: {{ voltage: 230 V }} }}
pdus:
  pdu-a: {{ fed_by: feed-a, breaker: {breaker} }}
  pdu-b: {{ fed_by: feed-b, breaker: {breaker} }}
servers: {{ 's-{{1..{servers}}}': {{ power: {{ any: [pdu-a, pdu-b] }}, {fields} }} }}
"
    ))
}

const C16: &str = "{ rated: 16 A, curve: C, standard: iec-60898-1 }";

#[test]
fn the_load_of_a_feed_that_is_lost_moves_to_the_other() {
    let case = two_strips(C16, 10, "draw: 300 W, power_factor: 1");
    let outcome = case.off(&["feed-a"]);
    assert_eq!(case.told(&outcome, "pdu-b"), "holds: 13.0..13.0 A of 16 A");
    assert_eq!(case.told(&outcome, "pdu-a"), "gains nothing");
    assert_eq!(case.dark(&outcome, "pdu-a"), Some(Darkness::AT_ONCE));
    assert_eq!(case.dark(&outcome, "pdu-b"), None);
}

#[test]
fn a_breaker_far_over_its_rating_trips_within_the_hour() {
    let case = two_strips(C16, 10, "draw: 600 W, power_factor: 1");
    let outcome = case.off(&["feed-a"]);
    assert_eq!(case.told(&outcome, "pdu-b"), "trips in [3.0 s, 3600.0 s]: 26.1..26.1 A of 16 A");
    let dark = case.dark(&outcome, "pdu-b").expect("it trips");
    assert!((dark.from_s - 3.0).abs() < 0.1 && dark.by_s == 3_600.0, "{dark:?}");
}

#[test]
fn between_the_two_currents_it_may_trip_and_nobody_knows_when() {
    let case = two_strips(C16, 10, "draw: 450 W, power_factor: 1");
    let told = case.told(&case.off(&["feed-a"]), "pdu-b");
    assert_eq!(told, "may-trip in [8.8 s, ?]: 19.6..19.6 A of 16 A");
}

#[test]
fn draws_as_ranges_make_a_verdict_a_range() {
    let case = two_strips(C16, 10, "draw: 300..600 W, power_factor: 0.95..1");
    let told = case.told(&case.off(&["feed-a"]), "pdu-b");
    assert_eq!(told, "may-trip in [2.6 s, ?]: 13.0..27.5 A of 16 A");
}

#[test]
fn where_every_draw_is_unknown_the_verdict_is_unknown() {
    let case = two_strips(C16, 10, "claims: 2N");
    let outcome = case.off(&["feed-a"]);
    assert_eq!(case.told(&outcome, "pdu-b"), "unknown in [0.0 s, ?]: 0.0..? A of 16 A");
}

#[test]
fn two_meters_answer_what_draws_do_not() {
    let metered = |a: &str, b: &str| {
        case(&format!(
            "
feeds: {{ feed-a: {{ voltage: 230 V }}, feed-b: {{ voltage: 230 V }} }}
pdus:
  pdu-a: {{ fed_by: feed-a, breaker: {C16}, metered: {{ current: {a} }} }}
  pdu-b: {{ fed_by: feed-b, breaker: {C16}, metered: {{ current: {b} }} }}
servers: {{ 's-{{1..10}}': {{ power: {{ any: [pdu-a, pdu-b] }} }} }}
"
        ))
    };
    let light = metered("6 A", "5.5..6.5 A");
    let told = light.told(&light.off(&["feed-a"]), "pdu-b");
    assert_eq!(told, "holds: 11.5..12.5 A of 16 A");
    let heavy = metered("12 A", "12 A");
    let told = heavy.told(&heavy.off(&["feed-a"]), "pdu-b");
    assert_eq!(told, "trips in [3.8 s, 3600.0 s]: 24.0..24.0 A of 16 A");
}

#[test]
fn what_gains_nothing_holds_whatever_its_draws_add_up_to() {
    let case = case(&format!(
        "
feeds: {{ feed-a: {{ voltage: 230 V }}, feed-b: {{ voltage: 230 V }} }}
pdus: {{ pdu-b: {{ fed_by: feed-b, breaker: {C16} }}, pdu-c: {{ fed_by: feed-a }} }}
servers: {{ 's-{{1..20}}': {{ power: pdu-b, draw: 600 W }}, t: {{ power: pdu-c, draw: 100 W }} }}
"
    ));
    assert_eq!(case.told(&case.off(&["feed-a"]), "pdu-b"), "gains nothing");
}

#[test]
fn a_rack_breaker_that_trips_saves_its_panel() {
    let hall = |rack: &str| {
        case(&format!(
            "
feeds: {{ feed-a: {{ voltage: 230 V }}, feed-b: {{ voltage: 230 V }} }}
breakers:
  panel: {{ fed_by: feed-b, breaker: {{ rated: 63 A, curve: D, standard: iec-60898-1 }} }}
pdus:
  pdu-a: {{ fed_by: feed-a }}
  rack-b: {{ fed_by: panel, breaker: {rack} }}
  others: {{ fed_by: panel }}
servers:
  s-{{1..10}}: {{ power: {{ any: [pdu-a, rack-b] }}, draw: 800 W, power_factor: 1 }}
  t-{{1..10}}: {{ power: others, draw: 1000 W, power_factor: 1 }}
"
        ))
    };
    // Ten amperes carry thirty-five only for the wink of an eye: the panel is rid of them long before.
    let saved = hall("{ rated: 3 A, curve: B, standard: iec-60898-1 }");
    let outcome = saved.off(&["feed-a"]);
    assert_eq!(saved.told(&outcome, "rack-b"), "trips in [0.0 s, 0.1 s]: 34.8..34.8 A of 3 A");
    assert_eq!(saved.told(&outcome, "panel"), "holds: 43.5..78.3 A of 63 A");
    let lost = hall("{ rated: 63 A, curve: B, standard: iec-60898-1 }");
    let outcome = lost.off(&["feed-a"]);
    assert_eq!(lost.told(&outcome, "rack-b"), "holds: 34.8..34.8 A of 63 A");
    assert!(lost.told(&outcome, "panel").starts_with("may-trip"), "{outcome:?}");
}

#[test]
fn three_phases_are_counted_one_by_one() {
    let hall = |phases: [&str; 3]| {
        let servers: String = phases
            .iter()
            .zip(1..)
            .map(|(phase, nth)| {
                format!(
                    "  's-{nth}-{{1..5}}': {{ power: {{ any: [pdu-a, pdu-b] }}, draw: 500 W, \
                     power_factor: 1, {phase} }}\n"
                )
            })
            .collect();
        case(
            &format!(
                "
feeds: {{ feed-a: {{ voltage: 400 V, phases: 3 }}, feed-b: {{ voltage: 400 V, phases: 3 }} }}
pdus:
  pdu-{{a..b}}: {{}}
servers:
{servers}"
            )
            .replace(
                "  pdu-{a..b}: {}",
                &format!(
                    "  pdu-a: {{ fed_by: feed-a, phases: 3, breaker: {C16} }}\n  \
                 pdu-b: {{ fed_by: feed-b, phases: 3, breaker: {C16} }}"
                ),
            ),
        )
    };
    let balanced = hall(["phase: L1", "phase: L2", "phase: L3"]);
    let told = balanced.told(&balanced.off(&["feed-a"]), "pdu-b");
    assert_eq!(told, "holds: 10.8..10.8 A of 16 A");
    let onto_one = hall(["phase: L1", "phase: L1", "phase: L1"]);
    let told = onto_one.told(&onto_one.off(&["feed-a"]), "pdu-b");
    assert_eq!(told, "trips in [1.7 s, 3600.0 s]: 32.5..32.5 A of 16 A");
    let unsaid = hall(["claims: 2N"; 3]);
    let told = unsaid.told(&unsaid.off(&["feed-a"]), "pdu-b");
    assert_eq!(told, "may-trip in [1.7 s, ?]: 0.0..32.5 A of 16 A");
    let three = hall(["phases: 3"; 3]);
    let told = three.told(&three.off(&["feed-a"]), "pdu-b");
    assert_eq!(told, "holds: 10.8..10.8 A of 16 A");
}

#[test]
fn a_hot_spare_carries_nothing_until_it_carries_all() {
    let mode =
        |fields: &str| two_strips(C16, 10, &format!("draw: 300 W, power_factor: 1, {fields}"));
    for fields in ["psu_mode: hot-spare, prefers: pdu-a", "psu_mode: hot-spare", "psu_mode: shared"]
    {
        let case = mode(fields);
        let told = case.told(&case.off(&["feed-a"]), "pdu-b");
        assert_eq!(told, "holds: 13.0..13.0 A of 16 A", "{fields}");
    }
    let case = mode("psu_mode: hot-spare, prefers: pdu-b");
    assert_eq!(case.told(&case.off(&["feed-a"]), "pdu-b"), "gains nothing");
}

#[test]
fn a_ups_carries_on_for_its_runtime_and_longer_at_part_load() {
    let ups = |fields: &str| {
        case(&format!(
            "
feeds: {{ feed-a: {{ voltage: 230 V }} }}
ups: {{ ups-1: {{ fed_by: feed-a, {fields} }} }}
pdus: {{ pdu-a: {{ fed_by: ups-1 }} }}
servers: {{ s: {{ power: pdu-a, draw: 2 kW, power_factor: 1 }} }}
"
        ))
    };
    let dark = |fields: &str| {
        let case = ups(fields);
        case.dark(&case.off(&["feed-a"]), "pdu-a").expect("in the end")
    };
    let full = dark("runtime: 8..12 min, capacity: 2 kW");
    assert_eq!(full, Darkness { from_s: 480.0, by_s: 720.0 });
    let half = dark("runtime: 8..12 min, capacity: 4 kW");
    assert_eq!(half.from_s, 960.0, "half the load, twice the time at least");
    assert!(half.by_s > 1_440.0 && half.by_s < 2_000.0, "{half:?}");
    let over = dark("runtime: 8..12 min, capacity: 1 kW");
    assert_eq!(over, Darkness { from_s: 0.0, by_s: 360.0 });
    let unknown = dark("capacity: 4 kW");
    assert_eq!(unknown, Darkness { from_s: 0.0, by_s: Darkness::EVENTUALLY_S });
}

#[test]
fn a_generator_bridges_what_the_ups_outlasts() {
    let plant = |starts: &str, runtime: &str| {
        case(&format!(
            "
feeds: {{ feed-a: {{ voltage: 230 V }} }}
generators: {{ gen-1: {{ voltage: 230 V, {starts} }} }}
transfer_switches:
  ats-1: {{ fed_by: {{ any: [feed-a, gen-1] }}, prefers: feed-a, transfers_in: 50..100 ms }}
ups: {{ ups-1: {{ fed_by: ats-1, capacity: 2 kW, runtime: {runtime} }} }}
servers:
  s: {{ power: ups-1, draw: 2 kW, power_factor: 1 }}
  t: {{ power: ats-1, draw: 100 W, power_factor: 1 }}
"
        ))
    };
    let bridged = plant("starts_in: 10..30 s", "8..12 min");
    let outcome = bridged.off(&["feed-a"]);
    assert_eq!(bridged.dark(&outcome, "ats-1"), Some(Darkness::AT_ONCE), "for half a minute");
    assert_eq!(bridged.dark(&outcome, "ups-1"), None);
    let late = plant("starts_in: 10..30 s", "20..25 s");
    let outcome = late.off(&["feed-a"]);
    let dark = late.dark(&outcome, "ups-1").expect("it may");
    assert_eq!(dark, Darkness { from_s: 20.0, by_s: f64::INFINITY });
    let never_tried =
        plant("starts_in: 10..30 s, condition: { never_exercised: true }", "8..12 min");
    let outcome = never_tried.off(&["feed-a"]);
    let dark = never_tried.dark(&outcome, "ups-1").expect("it may not start at all");
    assert_eq!(dark, Darkness { from_s: 480.0, by_s: f64::INFINITY });
}

#[test]
fn a_static_switch_is_faster_than_a_power_supply_notices() {
    let plant = |transfers: &str| {
        case(&format!(
            "
feeds: {{ feed-a: {{ voltage: 230 V }}, feed-b: {{ voltage: 230 V }} }}
transfer_switches: {{ ats-1: {{ fed_by: {{ any: [feed-a, feed-b] }}, prefers: feed-a{transfers} }} }}
servers: {{ s: {{ power: ats-1, draw: 2 kW }} }}
"
        ))
    };
    let fast = plant(", transfers_in: 4..20 ms");
    assert_eq!(fast.dark(&fast.off(&["feed-a"]), "ats-1"), None);
    assert_eq!(fast.dark(&fast.off(&["feed-b"]), "ats-1"), None);
    let slow = plant(", transfers_in: 0.1..2 s");
    assert_eq!(slow.dark(&slow.off(&["feed-a"]), "ats-1"), Some(Darkness::AT_ONCE));
    assert_eq!(slow.dark(&slow.off(&["feed-b"]), "ats-1"), None, "it did not carry");
    let unknown = plant("");
    let dark = unknown.dark(&unknown.off(&["feed-a"]), "ats-1");
    assert_eq!(dark, Some(Darkness { from_s: 0.0, by_s: f64::INFINITY }));
}

#[test]
fn a_trip_moves_its_load_on_and_the_next_one_follows() {
    // Two racks share a third strip; when the first trips, its load joins.
    let case = case(&format!(
        "
feeds: {{ feed-a: {{ voltage: 230 V }}, feed-b: {{ voltage: 230 V }}, feed-c: {{ voltage: 230 V }} }}
pdus:
  pdu-a: {{ fed_by: feed-a, breaker: {C16} }}
  pdu-b: {{ fed_by: feed-b, breaker: {C16} }}
  pdu-c: {{ fed_by: feed-c, breaker: {C16} }}
servers:
  s-{{1..10}}: {{ power: {{ any: [pdu-a, pdu-b] }}, draw: 400 W, power_factor: 1 }}
  t-{{1..10}}: {{ power: {{ any: [pdu-b, pdu-c] }}, draw: 600 W, power_factor: 1, prefers: pdu-b }}
"
    ));
    let outcome = case.off(&["feed-a"]);
    assert!(
        case.told(&outcome, "pdu-b").starts_with("trips in [0."),
        "{}",
        case.told(&outcome, "pdu-b")
    );
    let told = case.told(&outcome, "pdu-c");
    assert!(told.starts_with("trips in [") && told.ends_with("26.1..26.1 A of 16 A"), "{told}");
}

#[test]
fn outlets_and_power_supplies_are_looked_through_unless_asked_about() {
    let plant = format!(
        "
feeds: {{ feed-a: {{ voltage: 230 V }}, feed-b: {{ voltage: 230 V }} }}
pdus:
  pdu-a: {{ fed_by: feed-a, breaker: {C16}, metered: {{ current: 6 A }} }}
  pdu-b: {{ fed_by: feed-b, breaker: {C16}, metered: {{ current: 5 A }} }}
outlets: {{ 'out-{{1..3}}': {{ fed_by: pdu-b }} }}
psus: {{ 'psu-a-{{1..3}}': {{ fed_by: pdu-a }}, 'psu-b-{{1..3}}': {{ fed_by: 'out-{{1..3}}' }} }}
servers:
  's-{{1..3}}': {{ power: {{ any: ['psu-a-{{1..3}}', 'psu-b-{{1..3}}'] }}, psu_mode: shared }}
"
    );
    let mut case = case(&plant);
    assert_eq!(case.told(&case.off(&["feed-a"]), "pdu-b"), "holds: 11.0..11.0 A of 16 A");
    assert_eq!(
        case.told(&case.off(&["psu-a-1"]), "pdu-b"),
        "gains nothing",
        "it was not asked about"
    );
    case.load = Load::of(&case.plant, &[case.plant.find("psu-a-1").expect("it is there")]);
    let told = case.told(&case.off(&["psu-a-1"]), "pdu-b");
    assert_eq!(
        told, "holds: 5.0..11.0 A of 16 A",
        "one of three moves, and nobody knows how much it is"
    );
}
