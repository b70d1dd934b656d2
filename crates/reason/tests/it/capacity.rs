//! Redundancy without capacity, case by case: what moves where, and what is said of it.

use blackstart_model::plantfile;
use blackstart_model::time::{Zone, local_instant};
use blackstart_reason::circuit::Circuit;
use blackstart_reason::structure::audit;

/// What BS1004 says of a plant, with its confidence.
fn said(body: &str) -> Vec<String> {
    let (plant, findings) = plantfile::parse_str(&format!("blackstart: 1\n{body}"));
    let plant = plant.unwrap_or_else(|| panic!("not a plant: {findings:#?}"));
    let now = local_instant("2026-11-21 12:00", &Zone::UTC).expect("a time");
    let audit = audit(&plant, &Circuit::of(&plant), now).expect("a small plant");
    let own = audit.findings.iter().filter(|finding| finding.code == "BS1004");
    own.map(|finding| format!("{} ({})", finding.message, finding.confidence)).collect()
}

#[test]
fn a_transfer_switch_moves_all_of_its_load() {
    //  main ──┐
    //         ├─ ats ── pdu ── web (3 kW)
    //  spare ─┘  spare: 10 A
    let found = said(
        "
feeds: { main: { voltage: 230 V, breaker: 16 A }, spare: { voltage: 230 V, breaker: 10 A } }
transfer_switches: { ats: { fed_by: { any: [main, spare] } } }
pdus: { pdu: { fed_by: ats } }
servers: { web: { power: pdu, draw: 3 kW } }
",
    );
    assert_eq!(found, ["without `main`, `spare` carries 13.0 A of 10.0 A (high)"]);
}

#[test]
fn what_is_left_of_three_shares_what_the_third_carried() {
    let plant = |amps: u32| {
        said(&format!(
            "
pdus:
  pdu-{{1..3}}: {{ voltage: 230 V, breaker: {amps} A }}
servers:
  blade: {{ power: {{ any: [pdu-1, pdu-2, pdu-3] }}, draw: 6.9 kW }}
"
        ))
    };
    assert_eq!(plant(15), [""; 0], "15 A each are enough for two");
    let found = plant(14);
    assert_eq!(found[0], "without `pdu-2`, `pdu-1` carries 15.0 A of 14.0 A (high)");
    assert_eq!(found.len(), 3);
}

#[test]
fn what_is_too_much_today_is_no_matter_of_redundancy() {
    let found = said(
        "
pdus: { a: { voltage: 230 V, breaker: 6 A }, b: { voltage: 230 V, breaker: 6 A } }
servers: { web: { power: { any: [a, b] }, draw: 3 kW } }
",
    );
    assert_eq!(found, [""; 0]);
}

#[test]
fn a_meter_goes_before_the_draws_and_what_is_not_known_makes_it_at_least() {
    let found = said(
        "
pdus:
  a: { voltage: 230 V, breaker: 16 A, metered: { current: 12 A } }
  b: { voltage: 230 V, breaker: 16 A }
servers:
  web: { power: { any: [a, b] }, draw: 2.3 kW }
  old: { power: { any: [a, b] } }
",
    );
    assert_eq!(found, ["without `b`, `a` carries at least 17.0 A of 16.0 A (high)"]);
}

#[test]
fn three_phases_carry_with_all_of_them() {
    let plant = |phases: &str| {
        said(&format!(
            "
pdus: {{ a: {{ voltage: 400 V, {phases}breaker: 16 A }}, b: {{ voltage: 400 V, {phases}breaker: 16 A }} }}
servers: {{ web: {{ power: {{ any: [a, b] }}, draw: 10 kW }} }}
"
        ))
    };
    assert_eq!(plant("phases: 3, "), [""; 0]);
    assert_eq!(plant("").len(), 2);
}

#[test]
fn load_follows_upwards_beyond_the_next_hop() {
    //  feed-a ── ups-a (4 kW) ── pdu-a ─┐
    //  feed-b ── ups-b (4 kW) ── pdu-b ─┴─ two servers of 2.5 kW
    let found = said(
        "
feeds: { feed-a: {}, feed-b: {} }
ups: { ups-a: { fed_by: feed-a, capacity: 4 kW }, ups-b: { fed_by: feed-b, capacity: 4 kW } }
pdus: { pdu-a: { fed_by: ups-a }, pdu-b: { fed_by: ups-b } }
servers:
  web-{1..2}: { power: { any: [pdu-a, pdu-b] }, draw: 2.5 kW }
",
    );
    assert_eq!(
        found,
        [
            "without `feed-b`, `ups-a` carries 5000 W of 4000 W (high)",
            "without `feed-a`, `ups-b` carries 5000 W of 4000 W (high)"
        ]
    );
}

#[test]
fn instances_that_are_left_carry_the_demand_or_not() {
    let plant = |demand: &str| {
        said(&format!(
            "
vms:
  app-{{1..3}}: {{ capacity: 500 Mbit/s }}
services: {{ shop: {{ on: {{ any: [app-1, app-2, app-3] }}, demand: {demand} }} }}
"
        ))
    };
    assert_eq!(plant("1 Gbit/s"), [""; 0]);
    assert_eq!(
        plant("0.8..1.2 Gbit/s"),
        [
            "without `app-1`, app-2 and app-3 have 1 Gbit/s left for `shop`, which has to carry 0.8..1.2 Gbit/s: \
          that may be too little (medium)"
        ]
    );
    assert_eq!(plant("1.4 Gbit/s").len(), 1);
    assert_eq!(plant("1.6 Gbit/s"), [""; 0], "too small with all of them");
}
