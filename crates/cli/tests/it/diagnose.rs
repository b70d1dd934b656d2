//! `diagnose` and `replay --at`: what broke, by what was written down.

use crate::blackstart::{Site, run, text, wait};
use expect_test::expect;
use serde_json::Value;

const PLANT: &str = "
blackstart: 1
name: storm
timezone: Europe/Amsterdam
here: { at: switch-1 }
vantages: { outside: { agent: probe } }
upstreams: { transit-1: { provides: internet } }
switches: { switch-1: { network: transit-1 } }
servers:
  web-{1..3}: { network: switch-1, address: '192.0.2.{11..13}', checks: [ { icmp: '192.0.2.{11..13}' } ] }
services:
  shop: { on: web-1, checks: [ { https: 'https://shop.example/', from: [here, outside] } ] }
  blog: { on: web-1, checks: [ { https: 'https://blog.example/', from: [here, outside] } ] }
  mail: { on: web-2, checks: [ { tcp: '192.0.2.12:25' } ] }
";

fn diagnose(lines: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let site = Site::new(PLANT);
    let file = site.path("night.jsonl");
    std::fs::write(&file, lines).expect("a file");
    let (plant, file) = (site.plant(), file.to_str().expect("text").to_owned());
    let mut all = vec!["diagnose", plant.to_str().expect("text"), "--observations", &file];
    all.extend(arguments);
    let output = run(&all);
    (output.status.code(), text(&output.stdout), text(&output.stderr).replace(&file, "FILE"))
}

fn seen(time: &str, from: &str, check: &str, outcome: &str) -> String {
    format!(
        "{{\"at\": \"2026-11-21 {time}\", \"from\": \"{from}\", \"check\": \"{check}\", \
         \"outcome\": \"{outcome}\", \"tries\": 3}}\n"
    )
}

/// A server that dies at a quarter past, as all its checks see it.
fn night() -> String {
    let mut lines = String::new();
    let all = [
        ("here", "web-1/icmp", "down"),
        ("here", "shop/https", "down"),
        ("outside", "shop/https", "down"),
        ("here", "blog/https", "down"),
        ("outside", "blog/https", "down"),
        ("here", "web-2/icmp", "up"),
        ("here", "web-3/icmp", "up"),
        ("here", "mail/tcp", "up"),
    ];
    for (from, check, _) in all {
        lines += &seen("03:00:00", from, check, "up");
    }
    for (from, check, outcome) in all {
        lines += &seen("03:15:30", from, check, outcome);
    }
    lines
}

#[test]
fn a_dead_server_is_named_and_other_programs_can_rely_on_the_keys() {
    let (code, words, wrong) = diagnose(&night(), &["--format", "json"]);
    assert_eq!(code, Some(20), "{words}{wrong}");
    let told: Value = serde_json::from_str(&words).expect("JSON");
    let lead = &told["hypotheses"][0];
    assert_eq!(lead["faults"][0]["component"], "web-1", "{told}");
    assert_eq!(lead["faults"][0]["mode"], "down", "{told}");
    assert_eq!(lead["explains"].as_array().map(Vec::len), Some(5), "{told}");
    for key in ["unexplained", "contradicted", "predicts"] {
        assert!(lead[key].is_array(), "{key}: {told}");
    }
    assert!(lead["posterior"].as_f64().is_some_and(|sure| sure > 0.5), "{told}");
    for key in ["ambiguity", "next_checks", "coincidences", "changed", "taken_otherwise"] {
        assert!(told[key].is_array(), "{key}: {told}");
    }
    assert_eq!(told["version"], 1);
    assert_eq!(told["at"], "2026-11-21T02:15:30Z");
    assert_eq!(told["lines"], serde_json::json!({ "taken": 16, "after": 0 }));
}

#[test]
fn a_person_reads_one_sentence_first() {
    let (code, words, _) = diagnose(&night(), &[]);
    assert_eq!(code, Some(20), "{words}");
    let first = words.lines().next().expect("a sentence");
    assert!(first.starts_with("web-1 (server) is down"), "{words}");
    assert!(words.contains("\nWhat may have broken\n  1. "), "{words}");
    assert!(words.contains("explains 5: "), "{words}");
    assert!(words.contains("As of Sat 2026-11-21 03:15:30 +01:00\n16 observations\n"), "{words}");
}

#[test]
fn an_earlier_time_knows_nothing_of_what_came_later() {
    let (code, words, _) = diagnose(&night(), &["--at", "2026-11-21 03:10"]);
    assert_eq!(code, Some(0), "{words}");
    expect![[r#"
        nothing is seen to fail
        As of Sat 2026-11-21 03:10:00 +01:00
        8 observations; 8 later ones are not looked at
    "#]]
    .assert_eq(&words);
    let (code, _, wrong) = diagnose(&night(), &["--at", "2026-11-21T00:00:00Z"]);
    assert_eq!(
        (code, wrong.as_str()),
        (Some(3), "nothing was seen by Sat 2026-11-21 01:00:00 +01:00\n")
    );
}

#[test]
fn mistakes_are_told_all_at_once_and_nothing_is_concluded() {
    let lines = seen("03:00", "here", "web-1/icpm", "up") + &seen("noon", "here", "shop", "up");
    let (code, words, wrong) = diagnose(&lines, &[]);
    assert_eq!((code, words.as_str()), (Some(12), ""));
    let told: Vec<&str> = wrong.lines().collect();
    let near = "no check of the plant is called `web-1/icpm`; did you mean `web-1/icmp`?";
    assert_eq!(told[0], format!("FILE, line 1: {near}"));
    assert!(told[1].starts_with("FILE, line 2: the time `2026-11-21 noon`: not a "), "{wrong}");
    assert_eq!(told[2..], ["could not go on: FILE has 2 mistakes"]);
}

#[test]
fn alerts_that_fit_nothing_are_listed() {
    let alert = |labels: &str| {
        let times = "\"startsAt\": \"2026-11-21T02:00:00Z\", \"endsAt\": \"2026-11-21T02:05:00Z\"";
        format!("{{\"labels\": {{{labels}}}, {times}, \"status\": {{\"state\": \"active\"}}}}")
    };
    let lines = format!(
        "[{}, {}, {}]",
        alert("\"alertname\": \"Down\", \"instance\": \"192.0.2.11:9100\""),
        alert("\"alertname\": \"Probe\", \"instance\": \"https://shop.example/\""),
        alert("\"alertname\": \"Watchdog\"")
    );
    let (code, words, wrong) = diagnose(&lines, &[]);
    assert_eq!(code, Some(20), "{words}{wrong}");
    assert!(words.starts_with("web-1 (server) is down"), "{words}");
    assert!(words.ends_with("Alerts that fit nothing in the plant\n  Watchdog\n"), "{words}");
}

#[test]
fn a_replay_says_what_was_believed_then() {
    let plant = "blackstart: 1\nname: p\ntimezone: UTC\n\
        services: { a: { checks: [ { http: 'http://127.0.0.1:1/', every: 500ms } ] } }\n";
    let site = Site::new(plant);
    let serving = site.serve();
    wait("an open incident", || (serving.api("/incidents/I1")["state"] == "open").then_some(()));
    let last = serving.journal().last().expect("a record")["at"].as_str().map(str::to_owned);
    let last = last.expect("a time");
    serving.signal("-TERM");
    assert_eq!(serving.ended(), Some(0));
    let data = site.data();
    let data = data.to_str().expect("text");
    let now = run(&["replay", data, "--at", &last, "--format", "json"]);
    assert_eq!(now.status.code(), Some(20), "{}", text(&now.stderr));
    let told: Value = serde_json::from_str(&text(&now.stdout)).expect("JSON");
    assert_eq!(told["incidents"][0]["state"], "open", "{told}");
    assert!(told["diagnosis"]["hypotheses"][0]["posterior"].is_number(), "{told}");
    let journal = format!("{data}/journal.db");
    let words = text(&run(&["replay", &journal, "--at", &last]).stdout);
    assert!(words.contains("I1 open: "), "{words}");
    let before = run(&["replay", "--data", data, "--at", "2020-01-01 00:00"]);
    assert_eq!(before.status.code(), Some(3), "{}", text(&before.stdout));
}
