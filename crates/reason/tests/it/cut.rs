//! Something is cut: one incident, its cause by name, and nobody else's.

use crate::world::{World, two_racks};
use blackstart_model::incident::IncidentState;
use blackstart_model::record::{Input, News, VantageLoss};
use blackstart_model::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn ten_services_behind_one_dead_switch_are_one_incident_and_one_alert() {
    let mut world = World::of(&two_racks());
    world.break_it("switch-2");
    let cut_at = world.now;
    world.run(MINUTE);

    assert_eq!(world.causes(), ["switch-2 down"]);
    assert_eq!(world.confirmed().len(), 1);
    let incident = world.confirmed()[0];
    assert_eq!(incident.services.len(), 10, "{:?}", incident.services);
    assert_eq!(incident.customers.len(), 1);
    assert_eq!(world.alerts().len(), 1, "{:#?}", world.alerts());
    let told_at = world.state.alerts().values().next().expect("one alert").decided_at;
    let took = told_at.duration_since(cut_at);
    assert!(took.as_secs() < 10, "told within one interval and 5 s, took {took:?}");

    world.mend("switch-2");
    world.run(MINUTE);
    let incident = world.confirmed()[0];
    assert_eq!(incident.state, IncidentState::Resolved);
    let news: Vec<News> = world.alerts().iter().map(|alert| alert.news).collect();
    assert_eq!(news, [News::Opened, News::Resolved]);
    assert_eq!(world.confirmed().len(), 1);
}

#[test]
fn one_service_alone_is_its_own_cause() {
    let mut world = World::of(&two_racks());
    world.break_it("web-4");
    world.run(MINUTE);
    assert_eq!(world.causes(), ["web-4 down"]);
    assert_eq!(world.confirmed()[0].services.len(), 1);
}

#[test]
fn a_server_with_two_services_is_named_and_not_they() {
    let mut world = World::of(&two_racks());
    world.break_it("s-3");
    world.run(MINUTE);
    assert_eq!(world.causes(), ["s-3 down"]);
}

#[test]
fn two_causes_that_share_nothing_are_two_incidents() {
    let mut world = World::of(&two_racks());
    world.break_it("s-3");
    world.break_it("quiet");
    world.run(MINUTE);
    let mut causes = world.causes();
    causes.sort();
    assert_eq!(causes, ["quiet down", "s-3 down"]);
}

#[test]
fn a_second_cause_is_not_swallowed_by_the_first() {
    let mut world = World::of(&two_racks());
    world.break_it("switch-2");
    world.run(MINUTE);
    world.break_it("web-4");
    world.mend("switch-2");
    world.run(3 * MINUTE);
    assert_eq!(world.causes(), ["web-4 down"]);
}

#[test]
fn the_upstream_is_down_for_those_outside_only() {
    let mut world = World::of(&two_racks());
    world.break_it("transit");
    world.run(MINUTE);
    assert_eq!(world.causes().len(), 1, "{:?}", world.causes());
    let incident = world.confirmed()[0];
    let suspects: Vec<&str> = incident
        .diagnosis
        .hypotheses
        .iter()
        .flat_map(|hypothesis| &hypothesis.faults)
        .map(|believed| believed.fault.subject.as_str())
        .collect();
    assert!(suspects.contains(&"transit"), "{suspects:?}");
    assert!(!suspects[0].starts_with("web"), "{suspects:?}");
}

#[test]
fn a_vantage_that_falls_silent_accuses_no_target() {
    let mut world = World::of(&two_racks());
    world.give(Input::VantageLost {
        vantage: "rack-1".into(),
        how: VantageLoss::Silent,
        detail: "nothing heard for 15 s".to_owned(),
    });
    world.run(MINUTE);
    assert_eq!(world.causes(), ["vantage rack-1 cut-off"]);
    assert!(world.confirmed()[0].services.is_empty());
    world.give(Input::VantageHeard { vantage: "rack-1".into() });
    world.run(MINUTE);
    assert_eq!(world.confirmed()[0].state, IncidentState::Resolved);
}

#[test]
fn a_vantage_behind_the_dead_switch_is_part_of_its_incident() {
    let mut world = World::of(&two_racks());
    world.break_it("switch-1");
    world.run(Duration::from_secs(10));
    world.give(Input::VantageLost {
        vantage: "rack-1".into(),
        how: VantageLoss::Silent,
        detail: "nothing heard for 15 s".to_owned(),
    });
    world.run(MINUTE);
    assert_eq!(world.causes(), ["switch-1 down"]);
}
