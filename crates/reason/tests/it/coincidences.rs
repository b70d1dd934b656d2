//! Coincidence or not, case by case: the odds, the verdict, and the figures it names.

use crate::consequences::Drawn;
use blackstart_model::ComponentName;
use blackstart_model::record::{Coincidence, Deed, FaultMode};
use blackstart_model::time::{Timestamp, local_instant};
use blackstart_reason::Deeded;
use blackstart_reason::circuit::{InputId, Subject};
use blackstart_reason::coincidence::{self, Believed, Happened};
use expect_test::{Expect, expect};
use std::collections::BTreeMap;

type Deeds = BTreeMap<ComponentName, Vec<Deeded>>;

fn at(drawn: &Drawn, time: &str) -> Timestamp {
    local_instant(time, drawn.plant.zone()).expect("a time")
}

fn told(drawn: &Drawn, faults: &[(&str, &str)], deeds: &Deeds) -> Vec<Coincidence> {
    let believed: Vec<Believed> = faults
        .iter()
        .map(|(name, since)| Believed {
            input: drawn.input(name),
            mode: FaultMode::Down,
            since: Some(at(drawn, since)),
        })
        .collect();
    let onset = believed.iter().filter_map(|it| it.since).min().expect("a fault");
    let ends = coincidence::ends(&drawn.plant);
    let happened =
        Happened { onset, working: None, deeds, troubled: &[], failed_before: &[], ends: &ends };
    coincidence::of(&drawn.plant, &drawn.circuit, &drawn.electric, &believed, &happened)
}

fn check(drawn: &Drawn, faults: &[(&str, &str)], deeds: &Deeds, expected: Expect) {
    let lines: Vec<String> = told(drawn, faults, deeds).into_iter().map(in_parts).collect();
    expected.assert_eq(&lines.join("\n"));
}

/// Each part of a sentence on a line of its own.
fn in_parts(told: Coincidence) -> String {
    told.sentence.replace("; ", "\n  ").replace("): ", "):\n  ")
}

#[test]
fn a_feed_off_a_day_early_and_the_breaker_under_its_load_are_no_coincidence() {
    let drawn = Drawn::scenario("seed-6-power-feed");
    let faults = [("feed-a", "2017-03-25 20:00"), ("pdu-b", "2017-03-25 20:20")];
    check(
        &drawn,
        &faults,
        &Deeds::new(),
        expect![[r#"
        pdu-b, 20 min after feed-a: caused by the load that moved to it, odds 10,000 to 1,000,000 to 1
          without feed-a it carries 14.7 to 24.1 A of 16.0 A, not before 1.7 s
          by itself it fails about once in 18 years
        feed-a, 23 h 00 min before feed-a-off of the datacentre is due (Sun 2017-03-26 20:00:00 +02:00):
          it seems to have started early, odds 1.4 to 100 to 1
          it is what is switched off, and one maintenance in twenty starts early
          by itself it fails about once in 19 months"#]],
    );
    let told = told(&drawn, &faults, &Deeds::new());
    let by_load = told.iter().find(|it| it.fault.subject == "pdu-b").expect("it is told of");
    assert_eq!(by_load.near, "feed-a");
    assert!(by_load.odds_low > 300.0, "{by_load:#?}");
}

#[test]
fn a_certificate_that_fails_at_its_end_has_expired() {
    let drawn = Drawn::scenario("03-syseleven-cert");
    check(
        &drawn,
        &[("client-cert", "2024-02-10 11:00")],
        &Deeds::new(),
        expect![[r#"
        client-cert, less than a minute after its end (Sat 2024-02-10 11:00:00 +01:00):
          it has expired, odds 30 to 3,000 to 1
          it was good until then, if it was not renewed
          by itself it fails about once in 19 months"#]],
    );
    check(&drawn, &[("client-cert", "2024-02-10 10:30")], &Deeds::new(), expect![[""]]);
}

#[test]
fn what_is_off_within_its_window_is_off_as_announced() {
    let drawn = Drawn::scenario("seed-6-power-feed");
    check(
        &drawn,
        &[("feed-a", "2017-03-26 20:10")],
        &Deeds::new(),
        expect![[r#"
        feed-a, within feed-a-off of the datacentre: it is off as announced, odds 100 to 10,000 to 1
          it is what is switched off
          by itself it fails about once in 19 months"#]],
    );
}

#[test]
fn a_week_before_the_window_the_calendar_says_nothing() {
    let drawn = Drawn::scenario("seed-6-power-feed");
    check(&drawn, &[("feed-a", "2017-03-18 20:00")], &Deeds::new(), expect![[""]]);
}

#[test]
fn a_battery_that_is_empty_long_before_its_time_was_weaker_than_the_plant_says() {
    let drawn = Drawn::body(
        "
feeds: { mains: { voltage: 230 V } }
generators: { diesel: { voltage: 230 V, starts_in: 1 h } }
transfer_switches: { ats: { fed_by: { any: [mains, diesel] }, transfers_in: 1 s } }
ups: { battery: { fed_by: ats, runtime: 30 min, capacity: 2 kW } }
servers: { web: { power: battery, draw: 1.5 kW..1.7 kW } }
",
    );
    let empty = |time| [("mains", "2026-11-21 03:00"), ("battery", time)];
    check(
        &drawn,
        &empty("2026-11-21 03:45"),
        &Deeds::new(),
        expect![[r#"
        battery, 45 min after mains: caused by the load that moved to it, odds 10,000 to 1,000,000 to 1
          without mains it carries its load until it is empty, after 31 min 45 s to 44 min 52 s
          by itself it fails about once in 13 years"#]],
    );
    check(
        &drawn,
        &empty("2026-11-21 03:05"),
        &Deeds::new(),
        expect![[r#"
            battery, 5 min after mains: caused by the load that moved to it, odds 100 to 10,000 to 1
              without mains it carries its load until it is empty, after 31 min 45 s to 44 min 52 s
              it was sooner, so it is weaker than the plant says
              by itself it fails about once in 13 years"#]],
    );
}

#[test]
fn what_the_plant_says_a_fault_takes_along_is_seldom_a_second_one() {
    let drawn = Drawn::body(
        "
feeds: { mains: { voltage: 230 V }, spare: { voltage: 230 V } }
transfer_switches: { ats: { fed_by: { any: [mains, spare] }, can_take_down: mains } }
servers: { web: { power: ats, draw: 1 kW } }
",
    );
    let Drawn { plant, circuit, electric } = &drawn;
    let is_spread = |input: &InputId| matches!(circuit.subject(*input), Subject::Spread { .. });
    let spread = circuit.inputs().find(is_spread).expect("the plant says it can");
    let onset = at(&drawn, "2026-11-21 03:00");
    let believe = |input, mode| Believed { input, mode, since: Some(onset) };
    let believed =
        [believe(drawn.input("ats"), FaultMode::Down), believe(spread, FaultMode::Consequential)];
    let deeds = Deeds::new();
    let happened = Happened {
        onset,
        working: None,
        deeds: &deeds,
        troubled: &[],
        failed_before: &[],
        ends: &[],
    };
    let told = coincidence::of(plant, circuit, electric, &believed, &happened);
    let sentences: Vec<String> = told.into_iter().map(in_parts).collect();
    expect![[r#"
        mains, 1 min after ats: taken down by it, odds 8,000 to 800,000 to 1
          the plant says that it can be, and one time in 10 it is
          by itself it fails about once in 19 months"#]]
    .assert_eq(&sentences.join("\n"));
}

fn rack() -> Drawn {
    Drawn::body(
        "
racks: { r1: {}, r2: {} }
upstreams: { transit: { provides: internet } }
switches: { core: { in: r1, network: transit } }
servers:
  db: { in: r1, network: core }
  far: { in: r2, network: transit }
services:
  shop: { on: db }
  blog: { on: far }
maintenance:
  new-line-card: { off: [core], by: network team, from: '2026-11-21 02:00', to: '2026-11-21 06:00' }
",
    )
}

#[test]
fn what_stands_beside_the_work_may_be_its_doing_and_what_does_not_seldom_is() {
    let drawn = rack();
    check(
        &drawn,
        &[("db", "2026-11-21 03:00")],
        &Deeds::new(),
        expect![[r#"
            db, within new-line-card of network team: caused by that work, odds 3.1 to 300 to 1
              it stands beside what is worked on, of which one in 300 fails
              by itself it fails about once in 5 years"#]],
    );
    check(
        &drawn,
        &[("blog", "2026-11-21 03:00")],
        &Deeds::new(),
        expect![[r#"
        blog, within new-line-card of network team: a coincidence, odds 1.8 to 200 to 1
          nothing that the plant knows joins the two
          by itself it fails about once in 3 months"#]],
    );
}

#[test]
fn work_that_is_still_off_after_its_window_seems_to_overrun() {
    check(
        &rack(),
        &[("core", "2026-11-21 06:30")],
        &Deeds::new(),
        expect![[r#"
        core, 30 min after new-line-card of network team was to end (Sat 2026-11-21 06:00:00 +00:00):
          it seems to be overrunning, odds 20 to 2,000 to 1
          it is what is switched off
          by itself it fails about once in 14 years"#]],
    );
}

#[test]
fn what_fails_after_hands_were_in_it_was_likely_them() {
    let drawn = rack();
    let deed = |did, time| Deeded {
        did,
        at: at(&drawn, time),
        who: "anna".to_owned(),
        note: String::new(),
    };
    let deeds: Deeds = [("far".into(), vec![deed(Deed::Replaced, "2026-11-20 12:00")])].into();
    check(
        &drawn,
        &[("far", "2026-11-20 12:30")],
        &deeds,
        expect![[r#"
        far, 30 min after far replaced (anna):
          caused by that, odds 100 to 10,000 to 1
          it was worked on, of which one in 20 fails
          by itself it fails about once in 5 years"#]],
    );
    check(&drawn, &[("far", "2026-11-20 11:30")], &deeds, expect![[""]]);
    let deeds: Deeds = [("far".into(), vec![deed(Deed::SwitchedOff, "2026-11-20 12:00")])].into();
    check(
        &drawn,
        &[("far", "2026-11-20 12:01")],
        &deeds,
        expect![[r#"
        far, 1 min after far switched-off (anna):
          caused by that, odds 2,000 to 200,000 to 1
          it is what is switched off
          by itself it fails about once in 5 years"#]],
    );
}
