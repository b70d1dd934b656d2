//! `demo`: a play, and a person who breaks more.

use crate::blackstart::{Serving, run, text, wait};
use serde_json::Value;

const PLANT: &str = "
blackstart: 1
name: small
timezone: Europe/Amsterdam
here: { at: switch-1 }
vantages: { outside: { agent: probe } }
upstreams: { transit-1: { provides: internet } }
switches: { switch-1: { network: transit-1 } }
servers:
  web-{1..3}:
    network: switch-1
    address: '192.0.2.{11..13}'
    checks: [ { icmp: '192.0.2.{11..13}', from: [here, outside] } ]
services:
  shop-{1..3}:
    on: 'web-{1..3}'
    checks: [ { https: 'https://shop-{1..3}.example/', from: [here, outside] } ]
  blog-{1..3}:
    on: 'web-{1..3}'
    checks: [ { https: 'https://blog-{1..3}.example/', from: [here, outside] } ]
alerts: { webhooks: { pager: { url: 'http://192.0.2.99/alert' } } }
";

const SCENARIO: &str = "
scenario: 1
plant: plant.yaml
starts: '2026-11-21 12:00'
ends: '2026-11-21 14:00'
faults:
  - { at: '+30min', component: web-1, mode: down }
told:
  - { at: '+40min', from: human, component: web-1, outcome: down, detail: 'no lamp is lit' }
";

/// The incident with this cause, in one of these states.
fn incident(play: &Serving, component: &str, states: &[&str]) -> Option<Value> {
    let all = play.api("/incidents");
    let found = all["incidents"].as_array()?.iter().find(|incident| {
        let state = incident["state"].as_str().unwrap_or_default();
        incident["cause"][0]["component"] == component && states.contains(&state)
    });
    found.cloned()
}

fn act(play: &Serving, component: &str, act: &str) -> String {
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let body = format!("component={component}&act={act}");
    let (head, answer) = play.request("POST /demonstration", form, &body);
    head.lines().next().unwrap_or_default().to_owned() + " " + &answer
}

#[test]
fn a_play_is_judged_and_what_a_person_breaks_is_named_too() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("plant.yaml"), PLANT).expect("a file");
    std::fs::write(folder.path().join("scenario.yaml"), SCENARIO).expect("a file");
    let path = folder.path().to_str().expect("text");
    let play = Serving::demo(&["--scenario", path, "--speed", "300"]);
    let open = ["open", "acknowledged"];
    let found = wait("the play's fault", || incident(&play, "web-1", &open));
    assert!(
        found["opened_at"].as_str().is_some_and(|at| at.starts_with("2026-11-21T11:3")),
        "{found}"
    );
    for page in ["/", "/incidents", "/plant", "/plant/web-2", "/audit", "/checks", "/timeline"] {
        let (head, words) = play.request(&format!("GET {page}"), "", "");
        assert!(head.contains(" 200 "), "{page}: {head}");
        assert!(words.contains("This is a demonstration"), "{page}");
    }

    // What breaks before all was looked at again may have broken at once, with what both hang on.
    wait("what the play has a person say", || {
        let explained = &incident(&play, "web-1", &open)?["hypotheses"][0]["explains"];
        explained.as_array()?.iter().any(|it| it == "web-1 from human").then_some(())
    });
    assert!(act(&play, "web-2", "down").contains(" 303 "));
    let found = wait("the person's fault", || incident(&play, "web-2", &open));
    assert_eq!(found["affected"]["services"], serde_json::json!(["blog-2", "shop-2"]), "{found}");
    let (_, words) = play.request("GET /plant/web-2", "", "");
    assert!(words.contains("by your hand"), "{words}");
    assert!(act(&play, "web-2", "mend").contains(" 303 "));
    let live = ["suspected", "open", "acknowledged", "recovering"];
    wait("it to be over", || incident(&play, "web-2", &live).is_none().then_some(()));
    assert!(act(&play, "web-2", "mend").contains("web-2 is not broken itself"));
    assert!(act(&play, "web-9", "down").contains("the plant has no such component"));

    let alerts = play.api("/alerts");
    let stages: Vec<&Value> =
        alerts["alerts"].as_array().into_iter().flatten().map(|alert| &alert["words"]).collect();
    assert!(!stages.is_empty());
    assert!(stages.iter().all(|words| *words == "sent to nobody: this is a demonstration"));
    play.signal("-INT");
    assert_eq!(play.ended(), Some(0));
}

#[test]
fn a_demonstration_is_for_this_machine_alone() {
    let refused = run(&["demo", "--listen", "0.0.0.0:0"]);
    assert_eq!(refused.status.code(), Some(2));
    let words = text(&refused.stderr);
    assert!(words.contains("0.0.0.0:0 is not on loopback"), "{words}");
}
