//! Alerts leave at least once, and at most once more when caught in flight.

use crate::world::{World, two_racks};
use blackstart_model::AlertId;
use blackstart_model::record::{
    Decision, Delivery, FaultMode, Input, News, PersonAction, PersonInput, Urgency,
};
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
    let failed = |world: &World| world.state.alerts()[&AlertId(1)].failed.clone();
    assert_eq!(failed(&world), Some((world.now, "connection refused".to_owned())));
    world.run(Duration::from_secs(60));
    world.deliver(&Delivery::Delivered("250 ok".to_owned()));
    assert_eq!(failed(&world), None, "it did in the end");
}

fn later(seconds: u64) -> Delivery {
    let words = "429 slow down".to_owned();
    Delivery::Later { words, after: Duration::from_secs(seconds) }
}

#[test]
fn who_asks_to_be_left_alone_is_for_a_while_and_no_longer() {
    for (asked, waited) in [(0, 2), (90, 90), (86_400, 600)] {
        let mut world = alerted();
        world.deliver(&later(asked));
        let AlertStage::Waiting { attempt: 2, repeat: false, not_before } = stage(&world) else {
            panic!("{:?}", stage(&world));
        };
        let waits = not_before.duration_since(world.now);
        assert_eq!(waits.as_secs(), waited, "asked for {asked} s");
    }
}

#[test]
fn what_comes_next_waits_too_and_others_are_told_at_once() {
    let mut world = World::of(&with_machines());
    world.break_it("web-3");
    world.run(Duration::from_secs(60));
    let by_hook = world.alerts().into_iter().find(|it| it.to.to_string() == "webhook chat");
    let alert = by_hook.expect("one").id;
    world.give(Input::AttemptStarted { alert, attempt: 1 });
    world.give(Input::AttemptEnded { alert, attempt: 1, result: later(300) });
    let until = world.now + Duration::from_secs(300);
    world.mend("web-3");
    world.run(Duration::from_secs(180));
    let over: Vec<_> = world
        .state
        .alerts()
        .values()
        .filter(|it| it.alert.news == News::Resolved)
        .map(|it| (it.alert.to.to_string(), it.stage.clone(), it.left_alone_until))
        .collect();
    assert_eq!(over.len(), 6);
    for (to, stage, left_alone) in over {
        let AlertStage::Waiting { attempt: 1, not_before, .. } = stage else { panic!("{stage:?}") };
        let waits = to == "webhook chat";
        assert_eq!((not_before == until, left_alone), (waits, waits.then_some(until)), "{to}");
    }
    // Another incident, when the time is over.
    world.run(Duration::from_secs(180));
    world.break_it("web-3");
    world.run(Duration::from_secs(60));
    let newest =
        world.state.alerts().values().rev().find(|it| it.alert.to.to_string() == "webhook chat");
    assert_eq!(newest.map(|it| it.left_alone_until), Some(None));
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

/// Two racks with every way out.
fn with_machines() -> String {
    let more = "tls: none }, webhooks: { chat: { url: 'http://127.0.0.1:1/' } }, \
                alertmanagers: { am: { url: 'http://127.0.0.1:2' } }, \
                pagerduty: { core: { routing_key: { secret: pd } } }, \
                ntfy: { phone: { url: 'http://127.0.0.1:3/our-alerts' } }, commands: { pager: {} } }\n";
    two_racks().replace("tls: none } }\n", more)
}

/// To whom this news went, each with whether it got more than words.
fn told(world: &World, wanted: News) -> Vec<(String, bool)> {
    let alerts = world.alerts().into_iter().filter(|alert| alert.news == wanted);
    alerts.map(|alert| (alert.to.to_string(), alert.particulars.is_some())).collect()
}

#[test]
fn everybody_is_told_and_machines_get_more_than_words() {
    let mut world = World::of(&with_machines());
    world.break_it("web-3");
    world.run(Duration::from_secs(60));
    let all = [
        "oncall@example.net",
        "webhook chat",
        "alertmanager am",
        "pagerduty core",
        "ntfy phone",
        "command pager",
    ];
    let expected = all.map(|to| (to.to_owned(), !to.contains('@') && !to.starts_with("webhook")));
    assert_eq!(told(&world, News::Opened), expected);
    let alerts = world.alerts();
    let told = alerts.iter().find_map(|alert| alert.particulars.as_ref()).expect("one has them");
    assert_eq!((told.urgency, &told.customers[..]), (Urgency::Critical, &["acme".to_owned()][..]));
    assert_eq!((&*told.cause[0].subject, told.cause[0].mode), ("web-3", FaultMode::Down));
    assert!(told.sure_percent.is_some_and(|sure| (1..=99).contains(&sure)));
    world.mend("web-3");
    world.run(Duration::from_secs(180));
    let over: Vec<String> = world
        .alerts()
        .iter()
        .filter(|it| it.news == News::Resolved)
        .map(|it| it.to.to_string())
        .collect();
    assert_eq!(over, all);
}

#[test]
fn who_keeps_an_incident_open_hears_that_it_was_taken_and_that_it_went_into_another() {
    let mut world = World::of(&with_machines());
    world.break_it("web-3");
    world.run(Duration::from_secs(60));
    let person = |what| Input::Person(PersonInput { who: "mara".to_owned(), what });
    let taken = world.confirmed()[0].id;
    let note = String::new();
    world.give(person(PersonAction::Acknowledge { incident: taken, note: note.clone() }));
    assert_eq!(told(&world, News::Acknowledged), [("pagerduty core".to_owned(), true)]);
    world.break_it("quiet");
    world.run(Duration::from_secs(60));
    let other = world.confirmed().iter().map(|it| it.id).find(|id| *id != taken).expect("two");
    world.give(person(PersonAction::Merge { incident: other, into: taken, note }));
    world.run(Duration::from_secs(60));
    let closed = [("alertmanager am".to_owned(), true), ("pagerduty core".to_owned(), true)];
    assert_eq!(told(&world, News::Merged), closed);
}

#[test]
fn a_plant_with_mail_alone_decides_as_it_always_did() {
    let mut world = alerted();
    let taken = world.confirmed()[0].id;
    let what = PersonAction::Acknowledge { incident: taken, note: String::new() };
    world.give(Input::Person(PersonInput { who: "mara".to_owned(), what }));
    world.run(Duration::from_secs(60));
    assert_eq!(world.alerts().len(), 1);
    assert!(!world.decisions.iter().any(|(_, it)| matches!(it, Decision::Withhold { .. })));
}
