//! A verification that nobody answers must not keep an incident from being confirmed.

use blackstart_model::VantageName;
use blackstart_model::observation::{Observation, Outcome, SymptomCode};
use blackstart_model::record::{Input, PlantSource};
use blackstart_model::time::{SignedDuration, Timestamp};
use blackstart_reason::{State, step};

fn second(n: i64) -> Timestamp {
    let begin: Timestamp = "2026-11-21T03:00:00Z".parse().expect("an instant");
    begin.checked_add(SignedDuration::from_secs(n)).expect("in range")
}

fn started() -> Input {
    Input::Started { version: "test".to_owned(), alive_until: None }
}

fn loaded() -> Input {
    let text = "blackstart: 1\nname: case\ntimezone: UTC\n\
        alerts: { mail: { relay: '127.0.0.1:2525', from: bs@example.net, to: [oncall@example.net], tls: none } }\n\
        services: { web: { checks: [ { tcp: '10.0.0.1:80', every: 5s } ] } }\n";
    Input::PlantLoaded(PlantSource { files: vec![("case.yaml".to_owned(), text.to_owned())] })
}

fn seen(outcome: Outcome, at: Timestamp) -> Input {
    let (check, vantage) = ("web/tcp".into(), VantageName::here());
    let failures = outcome.failures_of(1);
    Input::Observed(Observation { check, vantage, outcome, at, asked: false, tries: 1, failures })
}

fn refused() -> Outcome {
    Outcome::down(SymptomCode::Refused, "")
}

/// Folds these, then lets time pass as long as the state wants to be woken; how many alerts come of it.
fn alerts(inputs: Vec<(i64, Input)>) -> usize {
    let mut state = State::new();
    let mut now = second(0);
    for (at, input) in inputs {
        now = second(at);
        step(&mut state, &input, now);
    }
    while let Some(wake) = state.wake_at() {
        now = wake.max(now);
        step(&mut state, &Input::Tick, now);
    }
    state.alerts().len()
}

/// A check tells a change once; its next answers are steady and only counted.
#[test]
fn an_answer_that_never_comes_keeps_nobody_asleep() {
    let told = alerts(vec![
        (0, started()),
        (0, loaded()),
        (1, seen(Outcome::Up, second(1))),
        (60, seen(refused(), second(60))),
    ]);
    assert_eq!(told, 1);
}

/// Killed between the first failure and the answer of its verification.
#[test]
fn a_restart_in_the_middle_of_a_verification_keeps_nobody_asleep() {
    let told = alerts(vec![
        (0, started()),
        (0, loaded()),
        (1, seen(Outcome::Up, second(1))),
        (60, seen(refused(), second(60))),
        (61, started()),
        (61, loaded()),
        (62, seen(refused(), second(62))),
    ]);
    assert_eq!(told, 1);
}
