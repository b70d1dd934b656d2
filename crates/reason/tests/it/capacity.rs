//! Redundancy without capacity, case by case: what moves where, and what is said of it. On random trees of
//! power, against a reader that follows every fault from scratch.

use blackstart_model::plantfile;
use blackstart_model::time::{Zone, local_instant};
use blackstart_reason::circuit::Circuit;
use blackstart_reason::structure::audit;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What BS1004 says of a plant, with its confidence.
fn said(body: &str) -> Vec<String> {
    said_by("BS1004", body)
}

fn said_by(code: &str, body: &str) -> Vec<String> {
    let (plant, findings) = plantfile::parse_str(&format!("blackstart: 1\n{body}"));
    let plant = plant.unwrap_or_else(|| panic!("not a plant: {findings:#?}"));
    let now = local_instant("2026-11-21 12:00", &Zone::UTC).expect("a time");
    let audit = audit(&plant, &Circuit::of(&plant), now).expect("a small plant");
    let own = audit.findings.iter().filter(|finding| finding.code == code);
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
    assert_eq!(found, ["without `main`, `spare` carries 13.0..14.5 A of 10.0 A (high)"]);
}

#[test]
fn what_is_left_of_three_shares_what_the_third_carried() {
    let plant = |amps: u32| {
        said(&format!(
            "
pdus:
  pdu-{{1..3}}: {{ voltage: 230 V, breaker: {amps} A }}
servers:
  blade: {{ power: {{ any: [pdu-1, pdu-2, pdu-3] }}, draw: 6.9 kW, power_factor: 1 }}
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
fn what_is_not_known_of_power_factors_and_losses_makes_a_range() {
    //  ups-a (5.1 kW) ─┐           the UPS is rated in what comes out, the breaker in what goes in
    //  ups-b ──────────┴─ 5 kW
    let found = said(
        "
feeds: { feed-a: { voltage: 230 V, breaker: 20 A }, feed-b: {} }
ups: { ups-a: { fed_by: feed-a, capacity: 5.1 kW }, ups-b: { fed_by: feed-b } }
servers: { web: { power: { any: [ups-a, ups-b] }, draw: 5 kW } }
",
    );
    assert_eq!(
        found,
        ["without `feed-b`, `feed-a` carries 21.7..28.4 A of 20.0 A (high)"],
        "5000 W / 230 V, and at the most / 0.9 / 0.85 too"
    );
}

#[test]
fn three_phases_carry_with_all_of_them() {
    let plant = |phases: &str| {
        said(&format!(
            "
pdus: {{ a: {{ voltage: 400 V, {phases}breaker: 16 A }}, b: {{ voltage: 400 V, {phases}breaker: 16 A }} }}
servers: {{ web: {{ power: {{ any: [a, b] }}, draw: 9 kW }} }}
"
        ))
    };
    assert_eq!(plant("phases: 3, "), [""; 0]);
    assert_eq!(plant(""), [""; 0], "400 V are three phases");
    assert_eq!(plant("phases: 1, ").len(), 2);
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

#[test]
fn a_generator_is_proven_with_what_it_has_to_carry() {
    let tried_with = |load: &str| {
        said_by(
            "BS1009",
            &format!(
                "
feeds: {{ main: {{}} }}
generators: {{ diesel: {{ condition: {{ exercised: 2026-11-01 10:00, exercised_load: {load} }} }} }}
transfer_switches:
  ats: {{ fed_by: {{ any: [main, diesel] }}, condition: {{ exercised: 2026-11-01 10:00 }} }}
servers: {{ web-1: {{ power: ats, draw: 200 W..300 W }}, web-2: {{ power: ats, draw: 1 kW }}, old: {{ power: ats }} }}
"
            ),
        )
    };
    assert_eq!(tried_with("0 W"), ["`diesel` was last exercised without load (high)"]);
    assert_eq!(
        tried_with("800 W..900 W"),
        ["`diesel` was last exercised with 0.9 kW, and has 1.2 kW or more to carry (high)"]
    );
    assert_eq!(tried_with("1.2 kW"), [""; 0]);
}

/// Feeds, strips that are fed by any of some feeds, servers with cords in any of some strips.
#[derive(Clone, Debug)]
struct Tree {
    feeds: usize,
    strips: Vec<BTreeSet<usize>>,
    servers: Vec<(BTreeSet<usize>, u32)>,
    /// Amperes, for feeds and strips.
    rated: Vec<u32>,
}

fn trees() -> impl Strategy<Value = Tree> {
    (1..4_usize, 1..6_usize).prop_flat_map(|(feeds, strips)| {
        let fed = vec(btree_set(0..feeds, 1..=feeds.min(2)), strips);
        let servers = vec((btree_set(0..strips, 1..=strips.min(3)), 1..50_u32), 1..8);
        let rated = vec(1..60_u32, feeds + strips);
        (fed, servers, rated).prop_map(move |(strips, servers, rated)| Tree {
            feeds,
            strips,
            servers,
            rated,
        })
    })
}

impl Tree {
    fn text(&self) -> String {
        let any = |of: &BTreeSet<usize>, what: &str| {
            let names: Vec<String> = of.iter().map(|at| format!("{what}{at}")).collect();
            format!("{{ any: [{}] }}", names.join(", "))
        };
        let mut text = "feeds:\n".to_owned();
        for at in 0..self.feeds {
            let _ = writeln!(text, "  f{at}: {{ voltage: 100 V, breaker: {} A }}", self.rated[at]);
        }
        text += "pdus:\n";
        for (at, fed_by) in self.strips.iter().enumerate() {
            let (fed_by, rated) = (any(fed_by, "f"), self.rated[self.feeds + at]);
            let _ = writeln!(
                text,
                "  p{at}: {{ fed_by: {fed_by}, voltage: 100 V, breaker: {rated} A }}"
            );
        }
        text += "servers:\n";
        for (at, (power, amps)) in self.servers.iter().enumerate() {
            let (power, draw) = (any(power, "p"), amps * 100);
            let _ =
                writeln!(text, "  s{at}: {{ power: {power}, draw: {draw} W, power_factor: 1 }}");
        }
        text
    }

    /// What each alive feed and strip carries, amperes, when this one is gone.
    fn carried(&self, gone: Option<&str>) -> BTreeMap<String, f64> {
        let alive_feed = |at: &usize| gone != Some(&format!("f{at}"));
        let alive_strip = |at: &usize| {
            gone != Some(&format!("p{at}")) && self.strips[*at].iter().any(&alive_feed)
        };
        let mut carried = BTreeMap::new();
        let mut strips = vec![0.0; self.strips.len()];
        for (power, amps) in &self.servers {
            let left: Vec<&usize> = power.iter().filter(|at| alive_strip(at)).collect();
            for &&at in &left {
                strips[at] += f64::from(*amps) / left.len() as f64;
            }
        }
        let mut feeds = vec![0.0; self.feeds];
        for (at, load) in strips.into_iter().enumerate().filter(|(at, _)| alive_strip(at)) {
            let left: Vec<&usize> = self.strips[at].iter().filter(|at| alive_feed(at)).collect();
            for &&feed in &left {
                feeds[feed] += load / left.len() as f64;
            }
            carried.insert(format!("p{at}"), load);
        }
        let feeds = feeds.into_iter().enumerate().filter(|(at, _)| alive_feed(at));
        carried.extend(feeds.map(|(at, load)| (format!("f{at}"), load)));
        carried
    }

    /// What carries too much after some fault, and not today.
    fn too_much(&self) -> BTreeSet<String> {
        let names: Vec<String> = (0..self.feeds)
            .map(|at| format!("f{at}"))
            .chain((0..self.strips.len()).map(|at| format!("p{at}")))
            .collect();
        let today = self.carried(None);
        let above = |carried: &BTreeMap<String, f64>, at: usize| {
            carried.get(&names[at]).is_some_and(|load| *load > f64::from(self.rated[at]) + 1e-6)
        };
        let mut found = BTreeSet::new();
        for gone in &names {
            let then = self.carried(Some(gone));
            let new = (0..names.len()).filter(|&at| above(&then, at) && !above(&today, at));
            found.extend(new.map(|at| names[at].clone()));
        }
        found
    }
}

proptest! {
    #[test]
    fn what_is_too_much_is_what_a_reader_finds_who_follows_every_fault(tree in trees()) {
        let text = format!("blackstart: 1\n{}", tree.text());
        let (plant, findings) = plantfile::parse_str(&text);
        let plant = plant.unwrap_or_else(|| panic!("not a plant: {findings:#?}\n{text}"));
        let now = local_instant("2026-11-21 12:00", &Zone::UTC).expect("a time");
        let audit = audit(&plant, &Circuit::of(&plant), now).expect("a small plant");
        let own = audit.findings.iter().filter(|finding| finding.code == "BS1004");
        let said: BTreeSet<String> =
            own.map(|finding| plant.component(finding.component).name.to_string()).collect();
        prop_assert_eq!(said, tree.too_much(), "{}", text);
    }
}
