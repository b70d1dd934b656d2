//! Batteries: what a UPS carries is no proof of what feeds it, for a while.

use crate::world::World;
use blackstart_model::record::{BelievedFault, FaultMode, HypothesisSummary, Input, Report, Saw};
use blackstart_model::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// Four machines behind `ups`, which is fed by the mains or a generator.
fn hall(ups: &str, power: &str) -> String {
    format!(
        "
feeds: {{ mains: {{}} }}
generators: {{ diesel: {{}} }}
transfer_switches: {{ panel: {{ fed_by: {{ any: [mains, diesel] }} }} }}
ups:
  {ups}
sites: {{ hall: {{ power: {power} }} }}
upstreams: {{ transit: {{ provides: internet }} }}
routers: {{ core: {{ in: hall, network: transit }} }}
servers:
  s-{{1..4}}:
    in: hall
    network: core
    checks:
      - {{ tcp: '192.0.2.{{1..4}}:22', every: 10s, from: [outside] }}
      - {{ icmp: '192.0.2.{{1..4}}', every: 10s, from: [outside] }}
vantages: {{ outside: {{ agent: outside }} }}
"
    )
}

/// Twenty minutes at rated load.
fn one_ups() -> String {
    hall("ups-1: { fed_by: panel, runtime: 20 min }", "ups-1")
}

fn tell(world: &mut World, component: &str, saw: Saw) {
    let bad = u32::from(saw != Saw::Up);
    world.give(Input::Reported(Report {
        component: component.into(),
        from: "building".to_owned(),
        saw,
        tries: 1,
        failures: bad,
        trust: 95,
        at: world.now,
        detail: String::new(),
    }));
}

fn lead(world: &World) -> HypothesisSummary {
    world.state.diagnose(world.now).hypotheses.swap_remove(0)
}

fn names(lead: &HypothesisSummary) -> Vec<String> {
    let mut names: Vec<String> =
        lead.faults.iter().map(|it: &BelievedFault| it.fault.subject.clone()).collect();
    names.sort();
    names
}

#[test]
fn that_all_is_up_while_the_battery_lasts_speaks_against_nobody() {
    let mut world = World::of(&one_ups());
    tell(&mut world, "mains", Saw::Down);
    tell(&mut world, "diesel", Saw::Down);
    world.run(10 * MINUTE);
    let believed = lead(&world);
    assert_eq!(names(&believed), ["diesel", "mains"]);
    assert_eq!(believed.contradicted, Vec::<String>::new());
    assert!(believed.unexplained.is_empty(), "{believed:#?}");
}

#[test]
fn that_all_is_up_when_the_battery_must_be_empty_speaks_against_it() {
    let mut world = World::of(&one_ups());
    tell(&mut world, "mains", Saw::Down);
    tell(&mut world, "diesel", Saw::Down);
    world.run(41 * MINUTE);
    assert_eq!(names(&lead(&world)).len(), 1, "one of the two words is not true");
}

#[test]
fn what_goes_dark_when_the_battery_is_empty_is_the_doing_of_what_had_gone_before() {
    let mut world = World::of(&one_ups());
    let told = world.now;
    tell(&mut world, "mains", Saw::Down);
    world.run(19 * MINUTE);
    assert_eq!(names(&lead(&world)), ["mains"]);
    world.break_it("mains");
    world.break_it("diesel");
    world.run(3 * MINUTE);
    let believed = lead(&world);
    assert_eq!(names(&believed), ["diesel", "mains"]);
    assert!(believed.contradicted.is_empty() && believed.unexplained.is_empty(), "{believed:#?}");
    assert!(believed.faults.iter().all(|it| it.since == Some(told)), "{believed:#?}");
    assert!(believed.faults.iter().any(|it| it.fault.mode == FaultMode::Latent), "{believed:#?}");
}

#[test]
fn what_has_carried_for_longer_than_the_battery_lasts_was_not_dead_when_it_was_called() {
    let mut world = World::of(&one_ups());
    tell(&mut world, "mains", Saw::Down);
    world.run(50 * MINUTE);
    world.break_it("mains");
    world.break_it("diesel");
    world.run(3 * MINUTE);
    let believed = lead(&world);
    assert!(names(&believed).contains(&"mains".to_owned()), "{believed:#?}");
    assert!(believed.faults.iter().all(|it| it.fault.mode != FaultMode::Latent), "{believed:#?}");
}

#[test]
fn who_says_that_the_cooling_has_stopped_is_believed_while_the_machines_run_on() {
    let mut world = World::of(&one_ups().replace(
        "sites: { hall: {",
        "cooling: { chillers: { power: panel } }\nsites: { hall: { cooled_by: chillers,",
    ));
    tell(&mut world, "chillers", Saw::Down);
    world.run(20 * MINUTE);
    let believed = lead(&world);
    assert_eq!(names(&believed), ["chillers"]);
    assert!(believed.contradicted.is_empty(), "{believed:#?}");
    // It gets too hot.
    world.break_it("chillers");
    world.run(3 * MINUTE);
    assert_eq!(names(&lead(&world)), ["chillers"]);
}

#[test]
fn who_says_that_the_panel_did_not_switch_is_believed_before_anything_is_dark() {
    let mut world = World::of(&one_ups());
    tell(&mut world, "mains", Saw::Down);
    tell(&mut world, "panel", Saw::Down);
    world.run(5 * MINUTE);
    let believed = lead(&world);
    assert!(believed.contradicted.is_empty() && believed.unexplained.is_empty(), "{believed:#?}");
    assert!(names(&believed).len() > 1, "the mains alone stop no panel: {believed:#?}");
}

#[test]
fn either_of_two_ups_may_carry() {
    let two = "ups-{1..2}: { fed_by: panel, runtime: 20 min }";
    let mut world = World::of(&hall(two, "{ any: [ups-1, ups-2] }"));
    tell(&mut world, "panel", Saw::Down);
    world.run(10 * MINUTE);
    let believed = lead(&world);
    assert_eq!(names(&believed), ["panel"]);
    assert!(believed.contradicted.is_empty(), "{believed:#?}");
}

#[test]
fn of_a_ups_whose_runtime_nobody_knows_a_quarter_of_an_hour_proves_nothing() {
    let mut world = World::of(&hall("ups-1: { fed_by: panel }", "ups-1"));
    tell(&mut world, "panel", Saw::Down);
    world.run(10 * MINUTE);
    assert_eq!(names(&lead(&world)), ["panel"]);
    world.run(10 * MINUTE);
    let believed = lead(&world);
    assert_ne!(names(&believed), ["panel"], "{believed:#?}");
}

#[test]
fn what_fails_behind_a_battery_by_itself_is_named_and_not_the_power() {
    let mut world = World::of(&one_ups());
    tell(&mut world, "mains", Saw::Down);
    world.run(2 * MINUTE);
    world.break_it("s-3");
    world.run(3 * MINUTE);
    assert_eq!(names(&lead(&world)), ["mains", "s-3"]);
}

#[test]
fn a_machine_that_hangs_elsewhere_than_is_drawn_does_not_prove_that_a_battery_lasts() {
    let mut world = World::of(&one_ups());
    tell(&mut world, "mains", Saw::Down);
    world.run(10 * MINUTE);
    // All is dark but one, whose cord goes elsewhere.
    for dark in ["s-1", "s-2", "s-3"] {
        world.break_it(dark);
    }
    tell(&mut world, "diesel", Saw::Down);
    world.run(3 * MINUTE);
    assert_eq!(names(&lead(&world)), ["diesel", "mains"]);
}

#[test]
fn what_a_standby_has_taken_over_for_is_not_proved_well() {
    let mut world = World::of(
        "
upstreams: { transit: { provides: internet } }
switches: { core: { network: transit } }
servers: { db-1: { network: core }, db-2: { network: core }, app: { network: core } }
databases:
  pg-1: { on: db-1, checks: [ { tcp: '192.0.2.1:5432', every: 10s } ] }
  pg-2: { on: db-2, checks: [ { tcp: '192.0.2.2:5432', every: 10s } ] }
services:
  api:
    on: app
    needs: { any: [ pg-1, { standby: pg-2, takes: 1..4 min } ] }
    checks: [ { tcp: '192.0.2.3:443', every: 10s } ]
  docs: { on: app, checks: [ { tcp: '192.0.2.3:80', every: 10s } ] }
here: { at: core }
",
    );
    // The pretended world knows no standby: it is told what would be seen.
    world.break_it("pg-1");
    world.run(3 * MINUTE);
    assert_eq!(world.causes(), ["pg-1 down"]);
    world.mend("pg-1");
    world.break_it("check pg-1/tcp");
    world.run(10 * MINUTE);
    let summary = world.state.diagnose(world.now);
    let lead = &summary.hypotheses[0];
    let named: Vec<(&str, bool)> =
        lead.faults.iter().map(|it| (it.fault.subject.as_str(), it.until.is_none())).collect();
    assert_eq!(named, [("pg-1", true)], "{summary:#?}");
    assert_eq!(lead.faults[0].fault.mode, FaultMode::Down);
}
