//! The life of an incident, and what people do to it.

use crate::recall::{journal, recalled};
use crate::world::{World, two_racks};
use blackstart_model::incident::IncidentState;
use blackstart_model::observation::{NoAnswerCode, Observation, Outcome, SymptomCode};
use blackstart_model::record::{
    Decision, Delivery, Input, News, PersonAction, PersonInput, PlantSource, Saw, VantageLoss,
};
use blackstart_model::time::{Duration, SignedDuration};
use blackstart_model::{IncidentId, VantageName};

const MINUTE: Duration = Duration::from_secs(60);

fn person(what: PersonAction) -> Input {
    Input::Person(PersonInput { who: "mara".to_owned(), what })
}

fn seen(world: &World, check: &str, outcome: Outcome, asked: bool, tries: u32) -> Input {
    Input::Observed(Observation {
        check: check.into(),
        vantage: VantageName::here(),
        failures: outcome.failures_of(tries),
        outcome,
        at: world.now,
        asked,
        tries,
    })
}

#[test]
fn a_single_failure_that_is_not_confirmed_wakes_nobody() {
    let mut world = World::of(&two_racks());
    let down = seen(&world, "web-1/tcp", Outcome::down(SymptomCode::Refused, ""), false, 1);
    let decisions = world.give(down);
    assert!(
        matches!(&decisions[0], Decision::Verify { asks, .. } if asks.len() > 3),
        "{decisions:#?}"
    );
    assert_eq!(world.incident(1).state, IncidentState::Suspected);
    world.run(MINUTE);
    assert_eq!(world.incident(1).state, IncidentState::Dismissed);
    assert!(world.alerts().is_empty());
}

#[test]
fn what_lies_now_and_then_wakes_nobody_and_what_fails_in_turns_does() {
    let mut world = World::of(&two_racks());
    world.run(10 * MINUTE);
    for check in ["web-1/tcp", "web-1/tcp", "web-2/tcp", "web-1/tcp"] {
        let lie = Outcome::down(SymptomCode::ConnectTimeout, "");
        let lie = seen(&world, check, lie, false, 1);
        world.give(lie);
        world.run(4 * MINUTE);
    }
    assert!(world.confirmed().is_empty(), "{:#?}", world.confirmed());
    assert!(world.alerts().is_empty());

    world.fail_in_turns("web-1", 30);
    world.run(10 * MINUTE);
    assert_eq!(world.causes(), ["web-1 flaky"]);
}

/// A switch with so many machines below it, each with a check of its own.
fn below_one_switch(machines: usize) -> World {
    let machines: String = (1..=machines)
        .map(|at| format!("  m-{at}: {{ network: switch, checks: [{{ tcp: \"10.0.0.{at}:22\", every: 30s }}] }}\n"))
        .collect();
    World::of(&format!(
        "here: {{ at: switch }}\nswitches: {{ switch: {{}} }}\nservers:\n{machines}"
    ))
}

#[test]
fn twelve_failures_of_a_hundred_tries_are_a_fault_and_of_two_thousand_chance() {
    let told_of = |machines: usize| {
        let mut world = below_one_switch(machines);
        world.run(10 * MINUTE);
        for at in (0..12).map(|nth| nth % machines + 1) {
            let lie = Outcome::down(SymptomCode::ConnectTimeout, "");
            let lie = seen(&world, &format!("m-{at}/tcp"), lie, false, 1);
            world.give(lie);
            world.run(MINUTE);
        }
        world.confirmed().len()
    };
    assert_eq!(told_of(3), 1);
    assert_eq!(told_of(90), 0);
}

#[test]
fn what_fails_by_chance_beside_an_outage_is_no_part_of_it() {
    let mut world = below_one_switch(90);
    world.run(10 * MINUTE);
    let lie = |world: &mut World, at: usize| {
        let lie = Outcome::down(SymptomCode::ConnectTimeout, "");
        let check = format!("m-{at}/tcp");
        let lie = seen(world, &check, lie, false, 1);
        world.give(lie);
        world.run(MINUTE / 2);
        let up = seen(world, &check, Outcome::Up, false, 1);
        world.give(up);
        world.run(4 * MINUTE);
    };
    for at in [1, 2, 1, 2] {
        lie(&mut world, at);
    }
    world.break_it("m-50");
    world.run(10 * MINUTE);
    for at in [1, 3] {
        lie(&mut world, at);
    }
    assert_eq!(world.causes(), ["m-50 down"]);
    let [only] = &world.confirmed()[..] else { panic!("{:#?}", world.confirmed()) };
    let [(symptom, _)] = &only.symptoms.keys().collect::<Vec<_>>()[..] else {
        panic!("{:?}", only.symptoms)
    };
    assert_eq!(symptom.as_str(), "m-50/tcp");
}

#[test]
fn no_answer_is_no_failure_and_no_recovery() {
    let mut world = World::of(&two_racks());
    let silence = || Outcome::unknown(NoAnswerCode::Late, "");
    let input = seen(&world, "web-1/tcp", silence(), false, 1);
    world.give(input);
    assert!(world.state.incidents().is_empty());

    world.break_it("web-4");
    world.run(MINUTE);
    let input = seen(&world, "web-4/tcp", silence(), false, 1);
    world.give(input);
    assert_eq!(world.incident(1).state, IncidentState::Open);
}

#[test]
fn what_a_person_does_is_recorded_with_its_reason() {
    let mut world = World::of(&two_racks());
    world.break_it("web-4");
    world.run(MINUTE);
    let incident = IncidentId(1);
    let note = "on it".to_owned();
    world.give(person(PersonAction::Acknowledge { incident, note }));
    assert_eq!(world.incident(1).state, IncidentState::Acknowledged);
    assert_eq!(world.incident(1).acknowledged_by.as_deref(), Some("mara"));
    let (_, _, because) = world.incident(1).history.last().expect("recorded");
    assert_eq!(because, "acknowledged by mara: on it");
    let note = "known bug, restarted".to_owned();
    world.give(person(PersonAction::Close { incident, note }));
    assert_eq!(world.incident(1).state, IncidentState::Resolved);
    let again = PersonAction::Close { incident, note: String::new() };
    assert!(matches!(&world.give(person(again))[..], [Decision::Reject { .. }, ..]));
}

#[test]
fn a_silence_holds_alerts_back_with_its_reason_and_expires() {
    let mut world = World::of(&two_racks());
    world.break_it("web-4");
    world.run(Duration::from_secs(1));
    assert_eq!(world.incident(1).state, IncidentState::Suspected);
    let until = world.now.checked_add(SignedDuration::from_secs(120)).expect("in range");
    let what = PersonAction::Silence { incident: IncidentId(1), until, note: "my work".to_owned() };
    world.give(person(what));
    world.run(MINUTE);
    assert!(world.alerts().is_empty());
    let withheld = world.decisions.iter().any(|(_, decision)| {
        matches!(decision, Decision::Withhold { because, .. } if because.starts_with("silenced until"))
    });
    assert!(withheld, "{:#?}", world.decisions);
    world.run(2 * MINUTE);
    let news: Vec<News> = world.alerts().iter().map(|alert| alert.news).collect();
    assert_eq!(news, [News::Opened], "it is told when the silence is over");
}

#[test]
fn a_relapse_goes_back_to_whom_holds_it() {
    let mut world = World::of(&two_racks());
    world.break_it("web-4");
    world.run(MINUTE);
    let note = String::new();
    world.give(person(PersonAction::Acknowledge { incident: IncidentId(1), note }));
    world.mend("web-4");
    world.run(Duration::from_secs(7));
    assert_eq!(world.incident(1).state, IncidentState::Recovering);
    world.break_it("web-4");
    world.run(Duration::from_secs(7));
    assert_eq!(world.incident(1).state, IncidentState::Acknowledged);
}

#[test]
fn what_leaves_the_plant_closes_with_that_reason() {
    let mut world = World::of(&two_racks());
    world.break_it("web-4");
    world.run(MINUTE);
    let source = world.state.plant_source().expect("loaded").clone();
    let files = source
        .files
        .into_iter()
        .map(|(name, text)| {
            let kept: Vec<&str> =
                text.lines().filter(|line| !line.starts_with("  web-4:")).collect();
            (name, kept.join("\n"))
        })
        .collect();
    world.give(Input::PlantLoaded(PlantSource { files }));
    world.give(Input::Tick);
    world.run(Duration::from_secs(1));
    let incident = world.incident(1);
    assert_eq!(incident.state, IncidentState::Resolved);
    assert_eq!(incident.history.last().expect("closed").2, "its checks have left the plant");
}

#[test]
fn what_answers_badly_is_degraded_and_told() {
    let mut world = World::of(&two_racks());
    world.slow_down("web-1/tcp");
    world.run(MINUTE);
    assert_eq!(world.causes(), ["web-1 degraded"]);
}

#[test]
fn what_answers_badly_and_takes_nothing_down_is_told_too() {
    let mut world = World::of(&two_racks());
    world.end_soon("web-1/tcp");
    world.run(MINUTE);
    assert_eq!(world.causes(), ["web-1 degraded"]);
}

#[test]
fn a_refused_plant_alerts_and_the_last_good_one_runs_on() {
    let mut world = World::of(&two_racks());
    world.give(Input::PlantRefused { why: "2 findings".to_owned() });
    assert_eq!(world.alerts()[0].news, News::PlantRefused);
    assert!(world.state.plant().is_some());
}

#[test]
fn a_persons_word_is_evidence() {
    let mut world = World::of(&two_racks());
    let what = PersonAction::Observe {
        component: "switch-2".into(),
        saw: Saw::Down,
        trust: PersonAction::TRUST,
        note: "all its lamps are dark".to_owned(),
    };
    world.break_it("switch-2");
    world.give(person(what));
    world.run(MINUTE);
    assert_eq!(world.causes(), ["switch-2 down"]);
}

#[test]
fn a_start_forgets_what_nobody_has_watched_since() {
    let mut world = World::of(&two_racks());
    let lost = |vantage: VantageName| Input::VantageLost {
        vantage,
        how: VantageLoss::WayOut,
        detail: String::new(),
    };
    world.give(lost(VantageName::here()));
    world.give(lost("outside".into()));
    world.give(Input::Started { version: "test".to_owned(), alive_until: Some(world.now) });
    let lost: Vec<String> = world.state.lost_vantages().keys().map(ToString::to_string).collect();
    assert_eq!(lost, ["outside"], "our own way out is looked at anew; an agent says it itself");
}

#[test]
fn what_was_up_again_before_an_hour_in_which_nobody_looked_has_not_held_for_an_hour() {
    let mut world = World::of(&two_racks());
    world.break_it("web-1");
    world.run(MINUTE);
    world.mend("web-1");
    let states = |world: &World| world.confirmed().iter().map(|it| it.state).collect::<Vec<_>>();
    while states(&world) != [IncidentState::Recovering] {
        world.run(Duration::from_secs(1));
    }
    let since = world.now;
    world.sleep(60 * MINUTE);
    world.give(Input::Blind { since });
    assert_eq!(states(&world), [IncidentState::Recovering]);
    world.run(MINUTE);
    assert_eq!(states(&world), [IncidentState::Resolved]);
}

#[test]
fn a_person_puts_one_incident_into_another() {
    let mut world = World::of(&two_racks());
    world.break_it("web-4");
    world.run(MINUTE);
    world.break_it("quiet");
    world.run(MINUTE);
    assert_eq!(world.causes(), ["web-4 down", "quiet down"]);
    let (kept, gone): (Vec<IncidentId>, Vec<IncidentId>) = world
        .confirmed()
        .iter()
        .map(|incident| incident.id)
        .partition(|id| *id == world.confirmed()[0].id);
    let (into, incident) = (kept[0], gone[0]);
    let note = "one disk under both".to_owned();
    world.give(person(PersonAction::Merge { incident, into, note }));
    let merged = world.incident(incident.0);
    assert_eq!((merged.state, merged.merged_into), (IncidentState::Merged, Some(into)));
    let (_, _, because) = merged.history.last().expect("recorded");
    assert!(because.contains("mara: one disk under both"), "{because}");
}

#[test]
fn what_is_over_is_forgotten_after_a_month_so_that_years_take_no_more_room_than_months() {
    let mut world = World::of(&two_racks());
    let hours = |count: u64| Duration::from_secs(3_600 * count);
    let mut sizes = Vec::new();
    // The quiet one is broken for good; every day another one fails, and once something only blinks.
    world.break_it("quiet");
    for day in 0..80_u64 {
        world.break_it(["web-4", "web-1"][usize::from(day % 2 == 0)]);
        world.run(Duration::from_secs(30));
        world.deliver(&Delivery::Delivered("250 ok".to_owned()));
        for name in ["web-4", "web-1"] {
            world.mend(name);
        }
        world.run(Duration::from_secs(120));
        world.deliver(&Delivery::Delivered("250 ok".to_owned()));
        world.sleep(hours(24));
        world.run(Duration::from_secs(30));
        sizes.push((world.state.encode().len(), world.state.incidents().len()));
        if day == 40 {
            let oldest = world.state.incidents().values().filter(|it| !it.state.is_live());
            let ended = oldest.filter_map(|incident| incident.closed_at).min().expect("some");
            let ago = world.now.duration_since(ended).as_hours();
            assert!((24 * 28..=24 * 31).contains(&ago), "the oldest ended {ago} h ago");
        }
    }
    let ((size, count), (month, kept)) = (sizes[79], sizes[45]);
    assert_eq!(count, kept);
    assert!(size < month + month / 20, "{size} bytes after eighty days, {month} after 46");
    assert!(world.incident(1).state.is_live(), "what goes on is not forgotten");
    let told: Vec<News> = world.state.alerts().values().map(|it| it.alert.news).collect();
    assert_eq!(told[0], News::Opened, "nor what was told of it");
    let note = String::new();
    let decided = world.give(person(PersonAction::Close { incident: IncidentId(2), note }));
    assert!(
        matches!(&decided[..], [Decision::Reject { because }] if because.ends_with("I2 any more")),
        "{decided:?}"
    );
    // What a restart folds is the same, byte for byte.
    assert_eq!(recalled(&journal(&world)).encode(), world.state.encode());
}
