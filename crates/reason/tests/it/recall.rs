//! A journal that an earlier version wrote, which numbered and judged otherwise: what it decided stands, nobody is told
//! twice, and what was told ends.

use crate::world::{World, two_racks};
use blackstart_model::incident::IncidentState;
use blackstart_model::record::{
    Alert, BelievedFault, Decision, Delivery, DiagnosisSummary, FaultMode, FaultName,
    HypothesisSummary, IncidentRevision, Input, News, PersonAction, PersonInput, Recipient,
};
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{AlertId, IncidentId};
use blackstart_reason::{AlertStage, State, recall, step};

/// An input of the past, with what was decided on it.
pub(crate) struct Past {
    pub(crate) at: Timestamp,
    pub(crate) input: Input,
    pub(crate) then: Vec<Decision>,
}

/// The journal of a world.
pub(crate) fn journal(world: &World) -> Vec<Past> {
    let mut state = State::new();
    let past = |(at, input): &(Timestamp, Input)| Past {
        at: *at,
        input: input.clone(),
        then: step(&mut state, input, *at),
    };
    world.inputs.iter().map(past).collect()
}

/// Today's state after it.
pub(crate) fn recalled(journal: &[Past]) -> State {
    let mut state = State::new();
    for Past { at, input, then } in journal {
        recall(&mut state, input, *at, then);
    }
    state
}

/// The same as another version would have written it: its numbers are others, and so are its words and how sure it is.
pub(crate) fn otherwise(journal: &mut [Past]) {
    let incident = |id: &mut IncidentId| id.0 += 40;
    let alert = |id: &mut AlertId| id.0 += 90;
    for Past { input, then, .. } in journal {
        match input {
            Input::AttemptStarted { alert: id, .. } | Input::AttemptEnded { alert: id, .. } => {
                alert(id);
            }
            Input::Person(PersonInput { what, .. }) => match what {
                PersonAction::Acknowledge { incident: id, .. }
                | PersonAction::Silence { incident: id, .. }
                | PersonAction::Close { incident: id, .. } => incident(id),
                PersonAction::Merge { incident: id, into, .. } => {
                    incident(id);
                    incident(into);
                }
                PersonAction::Observe { .. } | PersonAction::Act { .. } => {}
            },
            _ => {}
        }
        for decision in then {
            match decision {
                Decision::Incident(revision) => {
                    incident(&mut revision.id);
                    revision.into.iter_mut().for_each(incident);
                    revision.diagnosis.sentence.push_str(", says an earlier version");
                    for hypothesis in &mut revision.diagnosis.hypotheses {
                        hypothesis.posterior *= 0.75;
                    }
                }
                Decision::Alert(told) => {
                    alert(&mut told.id);
                    told.incident.iter_mut().for_each(incident);
                }
                Decision::Withhold { incident: id, .. } => incident(id),
                Decision::Deliver { alert: id, .. } | Decision::GiveUp { alert: id, .. } => {
                    alert(id);
                }
                Decision::Verify { .. } | Decision::Reject { .. } => {}
            }
        }
    }
}

/// Goes on after this journal with today's version.
fn upgraded(world: &mut World, journal: &[Past]) {
    world.state = recalled(journal);
    world.decisions.clear();
    world.give(Input::Started { version: "today".to_owned(), alive_until: Some(world.now) });
}

/// What was told since: the news, and of which incident.
fn told(world: &World) -> Vec<(News, u64)> {
    let of = |alert: &&Alert| alert.incident.map_or(0, |id| id.0);
    world.alerts().iter().map(|alert| (alert.news, of(alert))).collect()
}

const A_WHILE: Duration = Duration::from_secs(300);

#[test]
fn what_was_told_under_other_numbers_is_not_told_again_and_ends_once() {
    let mut world = World::of(&two_racks());
    world.break_it("web-4");
    world.run(Duration::from_secs(60));
    world.deliver(&Delivery::Delivered("250 ok".to_owned()));
    let mut past = journal(&world);
    otherwise(&mut past);
    upgraded(&mut world, &past);
    let incident = world.incident(41);
    assert_eq!(incident.state, IncidentState::Open);
    assert_eq!(incident.history[0].1, IncidentState::Suspected, "{:#?}", incident.history);
    let [(AlertId(91), progress)] =
        &world.state.alerts().iter().map(|(id, it)| (*id, it)).collect::<Vec<_>>()[..]
    else {
        panic!("{:#?}", world.state.alerts());
    };
    assert!(matches!(progress.stage, AlertStage::Delivered { .. }), "{progress:#?}");
    world.run(A_WHILE);
    assert_eq!(told(&world), [], "it is told already");
    world.mend("web-4");
    world.run(A_WHILE);
    assert_eq!(told(&world), [(News::Resolved, 41)]);
    assert_eq!(world.state.incidents().len(), 1, "{:#?}", world.state.incidents());
}

#[test]
fn what_today_would_not_have_been_told_is_over_once() {
    let mut world = World::of(&two_racks());
    world.run(A_WHILE);
    let mut past = journal(&world);
    let last = past.last_mut().expect("it ran");
    last.then = false_alarm(7, 3, "quiet/tcp from outside");
    upgraded(&mut world, &past);
    world.deliver(&Delivery::Delivered("250 ok".to_owned()));
    world.run(A_WHILE);
    assert_eq!(told(&world), [(News::Resolved, 7)]);
    let incident = world.incident(7);
    assert_eq!(incident.state, IncidentState::Resolved);
    assert_eq!(incident.cause()[0].subject, "quiet");
}

#[test]
fn what_was_told_of_a_check_that_nobody_knows_any_more_is_over_once() {
    let mut world = World::of(&two_racks());
    let mut past = journal(&world);
    past.last_mut().expect("it ran").then = false_alarm(7, 3, "web-11/tcp from here");
    upgraded(&mut world, &past);
    world.run(A_WHILE);
    assert_eq!(told(&world), [(News::Resolved, 7)]);
}

/// Something that an earlier version thought and told.
fn false_alarm(incident: u64, alert: u64, symptom: &str) -> Vec<Decision> {
    let fault = FaultName { subject: "quiet".to_owned(), mode: FaultMode::Down };
    let lead = HypothesisSummary {
        faults: vec![BelievedFault { fault, since: None, until: None }],
        nothing_broke: false,
        posterior: 0.9,
        explains: vec![symptom.to_owned()],
        unexplained: Vec::new(),
        contradicted: Vec::new(),
        predicts: Vec::new(),
    };
    let diagnosis = DiagnosisSummary {
        sentence: "quiet (service) is down".to_owned(),
        hypotheses: vec![lead],
        ..DiagnosisSummary::default()
    };
    let (id, alert) = (IncidentId(incident), AlertId(alert));
    let revision = IncidentRevision {
        id,
        from: None,
        to: IncidentState::Open,
        because: "it was thought so".to_owned(),
        into: None,
        diagnosis,
        services: vec!["quiet".into()],
        customers: Vec::new(),
    };
    let not_before = "2026-11-21T03:00:00Z".parse().expect("an instant");
    let told = Alert {
        id: alert,
        incident: Some(id),
        news: News::Opened,
        to: Recipient::Mail("oncall@example.net".to_owned()),
        subject: "quiet down".to_owned(),
        body: "quiet (service) is down\n".to_owned(),
        because: "it was thought so".to_owned(),
        particulars: None,
    };
    vec![
        Decision::Incident(revision),
        Decision::Alert(told),
        Decision::Deliver { alert, attempt: 1, repeat: false, not_before },
    ]
}

#[test]
fn what_an_earlier_version_took_for_nothing_is_told_once_by_todays_judgement() {
    let mut world = World::of(&two_racks());
    world.break_it("web-4");
    world.run(Duration::from_secs(60));
    let mut past = journal(&world);
    past.iter_mut().for_each(|past| past.then.clear());
    assert_eq!(recalled(&past).incidents().len(), 0, "then nobody thought so");
    upgraded(&mut world, &past);
    world.run(A_WHILE);
    assert_eq!(told(&world), [(News::Opened, 1)]);
}

#[test]
fn what_two_versions_name_otherwise_stays_one_incident() {
    let mut world = World::of(&two_racks());
    world.break_it("switch-2");
    world.run(Duration::from_secs(60));
    world.deliver(&Delivery::Delivered("250 ok".to_owned()));
    let mut past = journal(&world);
    otherwise(&mut past);
    let revisions = past.iter_mut().flat_map(|past| &mut past.then);
    for decision in revisions {
        let Decision::Incident(revision) = decision else { continue };
        let faults = revision.diagnosis.hypotheses.iter_mut().flat_map(|it| &mut it.faults);
        faults.for_each(|it| it.fault.subject = "core".to_owned());
    }
    upgraded(&mut world, &past);
    world.run(A_WHILE);
    world.mend("switch-2");
    world.run(A_WHILE);
    assert_eq!(told(&world), [(News::CauseChanged, 41), (News::Resolved, 41)]);
}

#[test]
fn who_took_it_and_for_how_long_it_is_silent_stands() {
    let mut world = World::of(&two_racks());
    world.break_it("web-4");
    world.run(Duration::from_secs(60));
    let person = |what| Input::Person(PersonInput { who: "mara".to_owned(), what });
    let (incident, note) = (world.confirmed()[0].id, String::new());
    let until = "2026-11-21T09:00:00Z".parse().expect("an instant");
    world.give(person(PersonAction::Acknowledge { incident, note: note.clone() }));
    world.give(person(PersonAction::Silence { incident, until, note }));
    let mut past = journal(&world);
    otherwise(&mut past);
    upgraded(&mut world, &past);
    let incident = world.incident(41);
    assert_eq!(incident.state, IncidentState::Acknowledged);
    assert_eq!(incident.acknowledged_by.as_deref(), Some("mara"));
    assert_eq!(incident.silenced_until, Some(until));
    let taken = incident.history.iter().filter(|(_, state, _)| state.as_str() == "acknowledged");
    assert_eq!(taken.count(), 2, "{:#?}", incident.history);
}

#[test]
fn an_alert_that_we_died_on_the_way_with_leaves_once_whoever_decided_it() {
    for begun in [false, true] {
        let mut world = World::of(&two_racks());
        world.break_it("web-4");
        world.run(Duration::from_secs(60));
        if begun {
            world.begin_deliveries();
        }
        let mut past = journal(&world);
        otherwise(&mut past);
        upgraded(&mut world, &past);
        let leaves = |(_, decision): &(Timestamp, Decision)| match decision {
            Decision::Deliver { alert, attempt, repeat, .. } => Some((alert.0, *attempt, *repeat)),
            _ => None,
        };
        let attempt = if begun { 2 } else { 1 };
        let left: Vec<_> = world.decisions.iter().filter_map(leaves).collect();
        assert_eq!(left, [(91, attempt, begun)]);
        world.deliver(&Delivery::Delivered("250 ok".to_owned()));
        world.run(A_WHILE);
        assert_eq!(told(&world), [], "nothing else is told");
    }
}
