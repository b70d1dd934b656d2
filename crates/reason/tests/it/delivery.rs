//! Alerts leave at least once, and at most once more when caught in flight.

use crate::world::{World, two_racks};
use blackstart_model::AlertId;
use blackstart_model::record::{Decision, Delivery, Input};
use blackstart_model::time::Duration;
use blackstart_reason::AlertStage;

fn alerted() -> World {
    let mut world = World::of(&two_racks());
    world.break_it("web-4");
    world.run(Duration::from_secs(60));
    world
}

fn stage(world: &World) -> &AlertStage {
    &world.state.alerts()[&AlertId(1)].stage
}

fn restart(world: &mut World) -> Vec<Decision> {
    world.give(Input::Started { version: "test".to_owned(), alive_until: Some(world.now) })
}

#[test]
fn a_delivered_alert_is_done() {
    let mut world = alerted();
    world.deliver(&Delivery::Delivered("250 ok".to_owned()));
    assert!(matches!(stage(&world), AlertStage::Delivered { .. }));
    assert!(!restart(&mut world).iter().any(|d| matches!(d, Decision::Deliver { .. })));
}

#[test]
fn a_failed_attempt_is_tried_again_later_and_is_no_repeat() {
    let mut world = alerted();
    world.deliver(&Delivery::Failed("connection refused".to_owned()));
    let AlertStage::Waiting { attempt: 2, repeat: false, not_before } = stage(&world) else {
        panic!("{:?}", stage(&world));
    };
    assert!(*not_before > world.now);
}

#[test]
fn a_refused_alert_is_given_up_aloud() {
    let mut world = alerted();
    world.deliver(&Delivery::Refused("550 no such user".to_owned()));
    assert!(matches!(stage(&world), AlertStage::GivenUp { .. }));
    assert!(world.decisions.iter().any(|(_, d)| matches!(d, Decision::GiveUp { .. })));
}

#[test]
fn an_alert_caught_in_flight_is_repeated_once_and_marked() {
    let mut world = alerted();
    let alert = AlertId(1);
    world.give(Input::AttemptStarted { alert, attempt: 1 });
    let decided = restart(&mut world);
    assert!(
        decided.iter().any(|d| matches!(d, Decision::Deliver { attempt: 2, repeat: true, .. })),
        "{decided:#?}"
    );
    world.give(Input::AttemptStarted { alert, attempt: 2 });
    let decided = restart(&mut world);
    assert!(!decided.iter().any(|d| matches!(d, Decision::Deliver { .. })), "{decided:#?}");
    assert!(matches!(stage(&world), AlertStage::GivenUp { .. }));
}

#[test]
fn an_attempt_that_is_not_due_is_rejected() {
    let mut world = alerted();
    let decided = world.give(Input::AttemptStarted { alert: AlertId(1), attempt: 7 });
    assert!(matches!(decided[..], [Decision::Reject { .. }]));
}
