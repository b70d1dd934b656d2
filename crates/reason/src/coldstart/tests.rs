//! Dark plants, told in words.

use super::{Because, Caution, ColdStart, Given, Held, coldstart, cycles};
use blackstart_model::requirement::Target;
use blackstart_model::{ComponentId, Plant, plantfile};
use expect_test::{Expect, expect};
use std::fmt::Write as _;
use std::sync::Arc;

fn plant(body: &str) -> Arc<Plant> {
    let text = format!("blackstart: 1\nname: case\ntimezone: UTC\n{body}");
    let (plant, findings) = plantfile::parse(&[("case.yaml".to_owned(), text)]);
    plant.unwrap_or_else(|| panic!("not a plant: {findings:#?}"))
}

fn ids(plant: &Plant, names: &[&str]) -> Vec<ComponentId> {
    names.iter().map(|name| plant.find(name).expect("declared")).collect()
}

fn given(plant: &Plant, up: &[&str], down: &[&str], targets: &[&str]) -> Given {
    Given {
        up: ids(plant, up),
        down: ids(plant, down),
        known_failed: Vec::new(),
        targets: ids(plant, targets),
    }
}

/// A plan in few words: a line for a wave, groups parted by `;`, what comes by itself in brackets.
fn told(plant: &Plant, plan: &ColdStart) -> String {
    let name = |id: ComponentId| plant.component(id).name.as_str().to_owned();
    let mut text = String::new();
    for (wave, at) in plan.waves.iter().zip(1..) {
        let mut groups: Vec<Vec<String>> = vec![Vec::new(); wave.groups as usize + 1];
        for step in &wave.steps {
            let mut words = name(step.component);
            for caution in &step.cautions {
                let _ = match caution {
                    Caution::ManagementDark => write!(words, "!hands"),
                    Caution::NetworkDark => write!(words, "!cut-off"),
                    Caution::NeedsDark => write!(words, "!forwards-only"),
                    Caution::TakeOver { standby, .. } => {
                        write!(words, "!take-over={}", name(*standby))
                    }
                    Caution::NeverExercised => write!(words, "!never-exercised"),
                    Caution::BarredUntil(_) => write!(words, "!barred"),
                    Caution::CordsDark(cords) => write!(words, "!dark={}", cords.len()),
                    Caution::DrawUnknown(on) => write!(words, "!draw?{}", name(*on)),
                    Caution::InrushUnknown(on) => write!(words, "!inrush?{}", name(*on)),
                    Caution::MayTrip(on) => write!(words, "!may-trip={}", name(*on)),
                    Caution::MayOverload(on) => write!(words, "!may-overload={}", name(*on)),
                };
            }
            groups[step.group as usize].push(words);
        }
        let by_itself = groups.remove(0);
        let mut line = format!("{at}:");
        if !by_itself.is_empty() {
            let _ = write!(line, " [{}]", by_itself.join(" "));
        }
        for (group, at) in groups.iter().zip(0..) {
            let _ = write!(line, "{} {}", if at == 0 { "" } else { ";" }, group.join(" "));
        }
        let _ = writeln!(text, "{line}");
    }
    for (id, why) in &plan.held {
        let _ = match why {
            Held::Failed => writeln!(text, "failed: {}", name(*id)),
            Held::OffOnPurpose => writeln!(text, "off: {}", name(*id)),
            Held::NoRoom(on) => writeln!(text, "no room: {} on {}", name(*id), name(*on)),
        };
    }
    for cycle in &plan.cycles {
        text.push_str(&cycle_told(plant, cycle));
    }
    for (id, why) in &plan.stuck {
        let _ = match why {
            Because::Of(other) => writeln!(text, "stuck: {} waits for {}", name(*id), name(*other)),
            Because::Cycle(at) => writeln!(text, "stuck: {} by cycle {at}", name(*id)),
        };
    }
    text
}

fn cycle_told(plant: &Plant, cycle: &super::Cycle) -> String {
    let name = |id: ComponentId| plant.component(id).name.as_str().to_owned();
    let mut text = String::from("cycle:");
    for edge in &cycle.edges {
        let way = if edge.on_the_way { "~" } else { "" };
        let _ = write!(text, " {} -{:?}-> {way}{}", name(edge.from), edge.role, name(edge.to));
    }
    text.push('\n');
    for cuts in &cycle.cuts {
        let cuts: Vec<String> = cuts
            .iter()
            .map(|cut| {
                let target = match cut.target {
                    Target::Component(id) => name(id),
                    Target::Internet => "internet".to_owned(),
                };
                format!("{} -{:?}-> {target}", name(cut.of), cut.role)
            })
            .collect();
        let _ = writeln!(text, "  cut: {}", cuts.join(" and "));
    }
    text
}

fn check(body: &str, expected: &Expect) {
    let plant = plant(body);
    expected.assert_eq(&told(&plant, &coldstart(&plant, &Given::default())));
}

const SMALL: &str = "
feeds: { feed-a: {}, feed-b: {} }
pdus: { pdu-a: { fed_by: feed-a }, pdu-b: { fed_by: feed-b } }
upstreams: { transit: { provides: internet } }
switches: { sw: { power: { any: [pdu-a, pdu-b] }, network: transit } }
servers: { srv: { power: { any: [pdu-a, pdu-b] }, network: sw } }
vms: { app: { on: srv } }
services: { web: { on: app } }
customers: { acme: { uses: web } }
";

#[test]
fn all_dark_power_comes_before_network_before_machines_before_services() {
    check(
        SMALL,
        &expect![[r#"
            1: feed-a feed-b transit
            2: pdu-a pdu-b
            3: sw
            4: srv
            5: app
            6: web
            7: acme
        "#]],
    );
}

#[test]
fn what_is_up_already_is_not_started_again() {
    let plant = plant(SMALL);
    let up = given(&plant, &["feed-a", "pdu-a", "transit", "sw"], &[], &[]);
    expect![[r#"
        1: feed-b srv!dark=1
        2: pdu-b app
        3: web
        4: acme
    "#]]
    .assert_eq(&told(&plant, &coldstart(&plant, &up)));
    let down = given(&plant, &[], &["srv"], &[]);
    let plan = coldstart(&plant, &down);
    expect![[r#"
        1: srv
        2: app
        3: web
        4: acme
    "#]]
    .assert_eq(&told(&plant, &plan));
    assert!(plan.can_start);
}

#[test]
fn only_what_a_target_rests_on_is_started() {
    let plant = plant(
        &SMALL
            .replace("vms: { app: { on: srv } }", "vms: { app: { on: srv }, other: { on: srv } }"),
    );
    let plan = coldstart(&plant, &given(&plant, &[], &[], &["web"]));
    expect![[r#"
        1: feed-a feed-b transit
        2: pdu-a pdu-b
        3: sw
        4: srv
        5: app
        6: web
    "#]]
    .assert_eq(&told(&plant, &plan));
}

const NAMES: &str = "
servers: { hyp: { to_start: ns } }
vms: { ns-vm: { on: hyp } }
services: { ns: { on: ns-vm }, web: { on: hyp, needs: [ns] } }
";

#[test]
fn a_name_server_in_a_machine_whose_host_needs_names_is_a_cycle() {
    check(
        NAMES,
        &expect![[r#"
            cycle: hyp -ToStart-> ns ns -On-> ns-vm ns-vm -On-> hyp
              cut: hyp -ToStart-> ns
            stuck: hyp by cycle 0
            stuck: ns-vm by cycle 0
            stuck: ns by cycle 0
            stuck: web by cycle 0
        "#]],
    );
    let plant = plant(NAMES);
    let plan = coldstart(&plant, &Given::default());
    assert!(!plan.can_start);
    assert!(plan.cycles[0].is_shortest && plan.cycles[0].is_least);
    assert_eq!(cycles(&plant).len(), 1);
}

#[test]
fn of_two_name_servers_one_outside_the_circle_is_enough() {
    check(
        "
servers: { hyp: { to_start: { any: [ns, far] } }, tin: {} }
vms: { ns-vm: { on: hyp } }
services: { ns: { on: ns-vm }, far: { on: tin } }
",
        &expect![[r#"
            1: tin
            2: far
            3: hyp
            4: ns-vm
            5: ns
        "#]],
    );
}

#[test]
fn with_the_other_one_failed_it_is_the_failure_that_is_told() {
    check(
        "
servers: { hyp: { to_start: { any: [ns, far] } }, tin: { condition: { known_failed: 'board' } } }
vms: { ns-vm: { on: hyp } }
services: { ns: { on: ns-vm }, far: { on: tin } }
",
        &expect![[r#"
            failed: tin
            stuck: hyp waits for tin
            stuck: ns-vm waits for tin
            stuck: ns waits for tin
            stuck: far waits for tin
        "#]],
    );
}

#[test]
fn a_failed_spare_and_what_is_off_on_purpose_keep_nothing_from_starting() {
    let plant = plant(
        "
feeds: { feed-a: {}, feed-b: { condition: { known_failed: 'blown' } } }
servers: { srv: { power: { any: [feed-a, feed-b] } }, old: { condition: { off: 'sold' } } }
",
    );
    let plan = coldstart(&plant, &Given::default());
    expect![[r#"
        1: feed-a
        2: srv!dark=1
        failed: feed-b
        off: old
    "#]]
    .assert_eq(&told(&plant, &plan));
    assert!(plan.can_start);
}

#[test]
fn two_cycles_are_cut_with_the_fewest_cuts() {
    //  a and b each need the other; c needs itself through d, and one of a's.
    check(
        "
services:
  a: { to_start: b }
  b: { to_start: a }
  c: { to_start: [d, a] }
  d: { needs: [c] }
",
        &expect![[r#"
            cycle: a -ToStart-> b b -ToStart-> a
              cut: a -ToStart-> b
              cut: b -ToStart-> a
            cycle: c -ToStart-> d d -Needs-> c
              cut: c -ToStart-> d
              cut: d -Needs-> c
            stuck: a by cycle 0
            stuck: b by cycle 0
            stuck: c by cycle 1
            stuck: d by cycle 1
        "#]],
    );
}

#[test]
fn a_way_that_leads_through_what_waits_is_a_cycle_too() {
    //  the firewall runs in a machine on the host whose storage lies behind it
    check(
        "
routers: { core: {} }
switches: { front: { network: core }, back: { network: fw } }
hypervisors: { hyp: { network: front, needs: [san] } }
storage: { san: { network: back } }
firewalls: { fw: { on: fw-vm, network: core } }
vms: { fw-vm: { on: hyp } }
",
        &expect![[r#"
            1: core
            2: front
            3: back!cut-off
            4: san
            cycle: hyp -Needs-> ~fw fw -On-> fw-vm fw-vm -On-> hyp
              cut: hyp -Needs-> san
            stuck: hyp by cycle 0
            stuck: fw by cycle 0
            stuck: fw-vm by cycle 0
        "#]],
    );
}

#[test]
fn management_that_needs_what_it_manages_sends_hands_to_one_machine_only() {
    check(
        "
hypervisors:
  hyp-1: { managed_via: vpn }
  hyp-2: { managed_via: vpn }
  hyp-3: { managed_via: vpn }
vms: { vpn-vm: { on: hyp-1 } }
services: { vpn: { on: vpn-vm } }
",
        &expect![[r#"
            1: hyp-1!hands
            2: vpn-vm
            3: vpn
            4: hyp-2 hyp-3
        "#]],
    );
}

#[test]
fn a_standby_takes_over_only_when_the_first_will_not_come() {
    let body = "
servers: { s1: {}, s2: {} }
databases: { db-1: { on: s1 }, db-2: { on: s2, condition: { never_exercised: true } } }
services: { shop: { needs: { any: [db-1, { standby: db-2, takes: 10..45 min, by: person }] } } }
";
    check(
        body,
        &expect![[r#"
            1: s1 s2
            2: db-1 db-2!never-exercised
            3: shop
        "#]],
    );
    check(
        &body.replace("s1: {}", "s1: { condition: { known_failed: 'fire' } }"),
        &expect![[r#"
            1: s2
            2: db-2!never-exercised
            3: shop!take-over=db-2
            failed: s1
            stuck: db-1 waits for s1
        "#]],
    );
}

#[test]
fn machines_behind_a_dead_switch_are_started_cut_off_and_last() {
    check(
        "
routers: { core: {} }
switches: { sw-1: { network: core, condition: { known_failed: 'smoke' } }, sw-2: { network: core } }
servers: { a: { network: sw-1 }, b: { network: sw-2 } }
services: { web: { on: b, needs: [db] } }
databases: { db: { on: a } }
",
        &expect![[r#"
            1: core
            2: sw-2
            3: b
            4: a!cut-off
            5: db
            failed: sw-1
            stuck: web waits for sw-1
        "#]],
    );
}

#[test]
fn a_pair_of_switches_that_name_each_other_starts() {
    check(
        "
switches: { a: { network: b }, b: { network: a } }
servers: { srv: { network: { any: [a, b] } } }
",
        &expect![[r#"
            1: a!cut-off b!cut-off
            2: srv
        "#]],
    );
}

#[test]
fn a_breaker_bears_so_many_at_once() {
    // 16 A C may act at 80 A. Seven machines of 400 W at pf 0.9 take 13.5 A in the end; three surges
    // of 22 A fit into what is left, a fourth does not.
    check(
        "
feeds: { feed: { voltage: 230 V } }
pdus: { pdu: { fed_by: feed, breaker: 16 A C } }
servers: { 's{1..7}': { power: pdu, draw: 200..400 W, inrush: 22 A, boots_in: 2..4 min } }
",
        &expect![[r#"
            1: feed
            2: pdu
            3: s1 s2 s3; s4 s5 s6; s7
        "#]],
    );
}

#[test]
fn what_does_not_say_its_draw_goes_alone_and_is_said() {
    let plant = plant(
        "
feeds: { feed: { voltage: 230 V } }
pdus: { pdu-a: { fed_by: feed, breaker: 16 A C }, pdu-b: { fed_by: feed, breaker: 16 A C } }
servers:
  a: { power: pdu-a }
  b: { power: pdu-a, draw: 300 W }
  c: { power: pdu-b, draw: 300 W, inrush: 3 x }
",
    );
    let plan = coldstart(&plant, &Given::default());
    expect![[r#"
        1: feed
        2: pdu-a pdu-b
        3: a!draw?pdu-a c; b!inrush?pdu-a
    "#]]
    .assert_eq(&told(&plant, &plan));
    assert_eq!(plan.unknown.len(), 2);
}

#[test]
fn what_no_feed_can_carry_is_not_started() {
    check(
        "
feeds: { feed: { voltage: 230 V } }
pdus: { pdu: { fed_by: feed, breaker: 6 A B } }
servers: { 's{1..3}': { power: pdu, draw: 900 W, inrush: 3 x } }
services: { web: { on: s3 } }
",
        &expect![[r#"
            1: feed
            2: pdu
            3: s1!may-overload=pdu; s2!may-overload=pdu
            no room: s3 on pdu
            stuck: web waits for s3
        "#]],
    );
}

#[test]
fn each_step_says_who_and_what_shows_it() {
    let plant = plant(
        "
switches: { oob: {}, sw: {} }
here: { at: sw }
vantages: { outside: { agent: fra } }
servers:
  a: { managed_via: oob, boots_in: 2..5 min, checks: [ { icmp: 192.0.2.1 } ] }
  b: { network: sw, checks: [ { icmp: 192.0.2.2, from: [outside] } ] }
",
    );
    let plan = coldstart(&plant, &Given::default());
    let lines: Vec<String> = plan
        .waves
        .iter()
        .flat_map(|wave| &wave.steps)
        .map(|step| {
            let name = &plant.component(step.component).name;
            format!("{name} {:?} {:?} {:?}\n", step.by, step.proof, step.takes)
        })
        .collect();
    expect![[r#"
        oob HandsOnSite Look("its uplinks are lit, and what is behind it answers") None
        sw HandsOnSite Look("its uplinks are lit, and what is behind it answers") None
        a Remote Check(CheckId(0), VantageId(0)) Some((120s, 300s))
        b HandsOnSite Check(CheckId(1), VantageId(1)) None
    "#]]
    .assert_eq(&lines.concat());
    assert_eq!((plan.gaps, plan.takes.unknown), (2, 3));
}

#[test]
fn a_chain_of_a_hundred_thousand_and_a_ring_of_a_thousand_are_walked_through() {
    let mut body = String::from("services:\n  s0: {}\n");
    for at in 1..100_000 {
        let _ = writeln!(body, "  s{at}: {{ needs: [s{}] }}", at - 1);
    }
    let long = plant(&body);
    let plan = coldstart(&long, &Given::default());
    assert_eq!(plan.waves.len(), 100_000);
    assert!(cycles(&long).is_empty());
    let mut body = String::from("services:\n  s0: { to_start: s999 }\n");
    for at in 1..1_000 {
        let _ = writeln!(body, "  s{at}: {{ needs: [s{}] }}", at - 1);
    }
    let ring = plant(&body);
    let found = cycles(&ring);
    assert_eq!((found.len(), found[0].edges.len()), (1, 1_000));
    assert_eq!(found[0].cuts[0].len(), 1);
}
