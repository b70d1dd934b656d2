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
    diagnose_in(PLANT, lines, arguments)
}

fn diagnose_in(plant: &str, lines: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let site = Site::new(plant);
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
    let lines = seen("noon", "here", "shop", "up") + "{\n" + &seen("03:00", "here", "web", "up");
    let (code, words, wrong) = diagnose(&lines, &[]);
    assert_eq!((code, words.as_str()), (Some(12), ""));
    let told: Vec<&str> = wrong.lines().collect();
    let near = "no check of the plant is called `web`";
    assert_eq!(told[0], format!("FILE, line 3 is left aside: {near}"));
    assert!(told[1].starts_with("FILE, line 1: the time `2026-11-21 noon`: not a "), "{wrong}");
    assert_eq!(told[2], "FILE, line 2: not JSON, from column 1 on");
    assert_eq!(told[3..], ["could not go on: FILE has 2 mistakes"]);
}

#[test]
fn lines_of_what_the_plant_does_not_know_are_listed_and_the_rest_is_judged() {
    let lines = seen("03:00:00", "here", "web-1/icpm", "up")
        + &night()
        + "{\"at\": \"2026-11-21 03:20\", \"by\": \"mara\", \"did\": \"rebooted\", \"component\": \"storage-pool\"}\n"
        + "{\"at\": \"2026-11-21 03:20\", \"from\": \"outsid\", \"outcome\": \"unknown\"}\n";
    let (code, words, wrong) = diagnose(&lines, &[]);
    assert_eq!(code, Some(20), "{words}{wrong}");
    assert!(words.starts_with("web-1 (server) is down"), "{words}");
    let count = "16 observations; 3 that fit nothing in the plant are left aside\n";
    assert!(words.contains(count), "{words}");
    expect![[r#"
        FILE, line 1 is left aside: no check of the plant is called `web-1/icpm`; did you mean `web-1/icmp`?
        FILE, line 18 is left aside: nothing in the plant is called `storage-pool`
        FILE, line 19 is left aside: no vantage of the plant is called `outsid`; did you mean `outside`?
    "#]]
    .assert_eq(&wrong);
    let (code, words, _) = diagnose(&lines, &["--format", "json"]);
    assert_eq!(code, Some(20), "{words}");
    let told: Value = serde_json::from_str(&words).expect("JSON");
    let names = |key: &str| -> Vec<Value> {
        let unmatched = told["unmatched"].as_array().expect("a list");
        unmatched.iter().map(|unmatched| unmatched[key].clone()).collect()
    };
    assert_eq!(names("line"), [1, 18, 19]);
    assert_eq!(names("name"), ["web-1/icpm", "storage-pool", "outsid"]);
    assert_eq!(names("near"), [Value::from("web-1/icmp"), Value::Null, Value::from("outside")]);
}

#[test]
fn a_lost_vantage_speaks_for_what_it_hangs_on() {
    let probe = "vantages: { outside: { agent: probe }, rack: { at: switch-2, agent: rack } }";
    let plant = PLANT.replace("vantages: { outside: { agent: probe } }", probe).replace(
        "switches: { switch-1: { network: transit-1 } }",
        "switches: { switch-1: { network: transit-1 }, switch-2: { network: switch-1 } }",
    );
    let of_rack = |time: &str, outcome: &str| {
        format!(
            "{{\"at\": \"2026-11-21 {time}\", \"from\": \"rack\", \"outcome\": \"{outcome}\"}}\n"
        )
    };
    let up = |time: &str| {
        let of = ["web-1/icmp", "web-2/icmp", "mail/tcp"];
        of.map(|check| seen(time, "here", check, "up")).concat()
    };
    let lines = up("03:00:00") + &of_rack("03:10:00", "unknown") + &up("03:11:00");
    let (code, words, wrong) = diagnose_in(&plant, &lines, &[]);
    assert_eq!((code, wrong.as_str()), (Some(20), ""), "{words}");
    assert!(words.contains("switch-2"), "{words}");
    let lines = lines + &of_rack("03:12:00", "up") + &up("03:20:00");
    let (code, words, _) = diagnose_in(&plant, &lines, &[]);
    assert_eq!(code, Some(0), "{words}");
}

#[test]
fn an_outage_that_is_over_is_told_with_what_was_believed_of_it() {
    let mut lines = night();
    for time in ["03:40:00", "03:45:00"] {
        for (from, check) in [
            ("here", "web-1/icmp"),
            ("here", "shop/https"),
            ("outside", "shop/https"),
            ("here", "blog/https"),
            ("outside", "blog/https"),
        ] {
            lines += &seen(time, from, check, "up");
        }
    }
    let (code, words, _) = diagnose(&lines, &[]);
    assert_eq!(code, Some(0), "{words}");
    let short = |line: &str| line.chars().take(100).collect::<String>() + "\n";
    let first = words.lines().next().expect("a sentence");
    let was = ": web-1 (server) is down: almost certain (99 %); explains all 5 failing checks";
    assert!(first.ends_with(was), "{first}");
    let (_, incidents) = words.split_once("\nIncidents\n").expect("incidents");
    let incident: String = incidents.lines().take(3).map(short).collect();
    expect![[r#"
        nothing is seen to fail any more; what was believed of I1, over since Sat 2026-11-21 03:40:12 +01:00
          I1 resolved, Sat 2026-11-21 03:15:30 +01:00 to Sat 2026-11-21 03:40:12 +01:00: web-1 (server) is d
            1.  99 %  web-1 is down, since Sat 2026-11-21 03:15:30 +01:00, until Sat 2026-11-21 03:40:02 +01
                      explains 5: blog/https from here, blog/https from outside, shop/https from here, shop/
    "#]].assert_eq(&(short(first) + &incident));
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
    assert!(words.contains("; 1 that fits nothing in the plant is left aside\n"), "{words}");
    assert_eq!(wrong, "FILE, line 1 is left aside: Watchdog\n");
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
