//! Files as people and programs write them.

use super::super::folding::{Folded, fold};
use super::*;
use blackstart_model::plantfile;
use blackstart_model::record::{Input, PersonInput, PlantSource};
use blackstart_sim::world::World;
use expect_test::{Expect, expect};
use std::sync::Arc;

const PLANT: &str = "
blackstart: 1
name: storm
timezone: Europe/Amsterdam
here: { at: switch-1 }
vantages: { outside: { agent: probe } }
upstreams: { transit-1: { provides: internet } }
switches: { switch-1: { network: transit-1 } }
servers:
  web-1: { network: switch-1, address: 192.0.2.10, checks: [ { icmp: 192.0.2.10 } ] }
  web-2: { network: switch-1, address: 192.0.2.11, checks: [ { icmp: 192.0.2.11 } ] }
services:
  shop: { on: web-1, checks: [ { https: 'https://shop.example/', from: [here, outside] } ] }
  blog: { on: web-1, checks: [ { https: 'https://blog.example/', from: outside } ] }
";

fn plant() -> Arc<Plant> {
    plantfile::parse_str(PLANT).0.expect("a plant")
}

/// What a file is read as: what was said, what is wrong, what was noted, what fits nothing. Of a long
/// line its beginning.
fn check(text: &str, expected: Expect) {
    let plant = plant();
    let reading = read(text, &plant);
    let mut lines: Vec<String> = reading.said.iter().map(|said| shown(&plant, said)).collect();
    lines.extend(reading.mistakes.iter().map(|(line, words)| format!("line {line}: {words}")));
    lines.extend(reading.notes.iter().map(|(words, count)| format!("note {count}: {words}")));
    let unmatched = reading.unmatched.iter();
    lines.extend(unmatched.map(|it| format!("line {} unmatched: {}", it.line, it.words)));
    let short = |line: &String| line.chars().take(100).collect::<String>() + "\n";
    expected.assert_eq(&lines.iter().map(short).collect::<String>());
}

fn shown(plant: &Plant, said: &Said) -> String {
    let name = |id| &plant.component(id).name;
    let at = said.at;
    match &said.what {
        What::Answer { check, vantage, outcome, tries, failures } => {
            let key = &plant.checks()[check.index()].key;
            let vantage = &plant.vantage(*vantage).name;
            format!("{at} {key} from {vantage}: {outcome}, {failures} of {tries}")
        }
        What::Report { component, from, saw, tries, failures, trust, detail } => {
            let name = name(*component);
            format!("{at} {name} by {from} ({trust} %): {saw}, {failures} of {tries} {detail}")
        }
        What::Lost { vantage, how, detail } => {
            format!("{at} {} is lost: {how} {detail}", plant.vantage(*vantage).name)
        }
        What::Heard { vantage } => format!("{at} {} is heard", plant.vantage(*vantage).name),
        What::Deed { component, by, did, note } => {
            format!("{at} {by} {did} {} {note}", name(*component))
        }
    }
}

#[test]
fn lines_are_read_in_the_order_of_their_times() {
    check(
        r#"
# what the pager said
{"at": "2026-11-21T12:00:30Z", "from": "here", "check": "shop/https", "outcome": "down", "tries": 3, "detail": "connect timeout"}

{"at": "2026-11-21 13:00:10", "from": "outside", "check": "shop/https", "outcome": "up"}
{"at": "2026-11-21T12:01:00Z", "from": "on-host", "component": "web-1", "outcome": "flapping", "tries": 40, "failures": 12}
{"at": "2026-11-21T12:02:00Z", "from": "human", "component": "switch-1", "outcome": "down", "trust": 0.7}
{"at": "2026-11-21T12:03:00Z", "by": "mara", "did": "rebooted", "component": "web-1"}
"#,
        expect![[r#"
            2026-11-21T12:00:10Z shop/https from outside: up, 0 of 1
            2026-11-21T12:00:30Z shop/https from here: down(reported: connect timeout), 3 of 3
            2026-11-21T12:01:00Z web-1 by on-host (95 %): flapping, 12 of 40 
            2026-11-21T12:02:00Z switch-1 by human (70 %): down, 1 of 1 
            2026-11-21T12:03:00Z mara rebooted web-1 
        "#]],
    );
}

#[test]
fn every_mistake_is_told_with_its_line() {
    check(
        r#"{"at": "2026-11-21T12:00:00Z", "from": "here", "check": "shop/htps", "outcome": "down"}
{"at": "yesterday", "from": "here", "component": "web-1", "outcome": "broken"}
{"at": "2026-10-25 02:30", "from": "here", "component": "web-1", "outcome": "up"}
not JSON
["a", "list"]
{"from": "here", "component": "web-9", "outcome": "up", "tries": 0}
{"at": "2026-11-21T12:00:00Z", "from": "here", "component": "web-1", "outcome": "up", "tries": 2, "failures": 3}
{"at": "2026-11-21T12:00:00Z", "by": "mara", "did": "prayed", "component": "web-1"}
{"at": "2026-11-21T12:00:00Z", "from": "here", "outcome": "up", "trust": 120}
{"at": null, "from": "here", "component": "web-1", "outcome": null}
"#,
        expect![[r#"
            line 2: the time `yesterday`: not a date and time of the form `2017-03-26 22:00`, with an offset (`+
            line 2: `broken`: an outcome is up, down, degraded, flapping or unknown
            line 3: the time `2026-10-25 02:30`: this time exists twice in Europe/Amsterdam: write `+02` or `+01
            line 4: not JSON, from column 2 on
            line 5: not a JSON object, as in {"at": …, "from": …, "check": …}
            line 6: `at` is missing: when it was seen
            line 6: `tries` is at least 1
            line 7: 3 `failures` of 2 `tries`
            line 8: `prayed` is no deed; there are rebooted, restarted, power-cycled, replaced, rolled-back, fix
            line 9: `trust` is from 0 to 1, or percent, not 120
            line 10: `at` is missing: when it was seen
            line 10: `outcome` is missing: up, down, degraded, flapping or unknown
            line 1 unmatched: no check of the plant is called `shop/htps`; did you mean `shop/https`?
            line 6 unmatched: nothing in the plant is called `web-9`; did you mean `web-1`?
        "#]],
    );
}

#[test]
fn who_is_no_vantage_is_placed_or_heard_as_a_word_about_the_component_and_that_is_said() {
    check(
        r#"{"at": "2026-11-21T12:00:00Z", "from": "inside", "check": "shop/https", "outcome": "up"}
{"at": "2026-11-21T12:00:01Z", "from": "pingdom", "check": "blog/https", "outcome": "down"}
{"at": "2026-11-21T12:00:02Z", "from": "pingdom", "check": "shop/https", "outcome": "down"}
{"at": "2026-11-21T12:00:03Z", "from": "human", "check": "blog/https", "outcome": "down"}
{"at": "2026-11-21T12:00:04Z", "from": "here", "check": "blog/https", "outcome": "down"}
{"at": "2026-11-21T12:00:05Z", "check": "blog", "outcome": "down", "region": "eu"}
{"at": "2026-11-21T12:00:06Z", "from": "outside", "check": "blog/https", "outcome": "up", "tries": 9, "failures": 4}
"#,
        expect![[r#"
            2026-11-21T12:00:00Z shop/https from here: up, 0 of 1
            2026-11-21T12:00:01Z blog/https from outside: down(reported), 1 of 1
            2026-11-21T12:00:02Z shop by pingdom (95 %): down, 1 of 1 
            2026-11-21T12:00:03Z blog by human (90 %): down, 1 of 1 
            2026-11-21T12:00:04Z blog by here (95 %): down, 1 of 1 
            2026-11-21T12:00:05Z blog/https from outside: down(reported), 1 of 1
            2026-11-21T12:00:06Z blog/https from outside: degraded(flapping), 4 of 9
            note 1: `here` puts no blog/https: taken as a word about blog
            note 1: `human` puts no blog/https: taken as a word about blog
            note 1: `inside` of shop/https: taken as its vantage `here`
            note 1: `pingdom` of blog/https: taken as its vantage `outside`
            note 1: `pingdom` puts no shop/https: taken as a word about shop
            note 1: `region` is not a field of an observation: left aside
            note 1: `up` with failures in some of its tries is flapping
            note 1: blog/https is put from `outside` only
        "#]],
    );
}

#[test]
fn an_export_of_alertmanager_is_matched_by_names_addresses_and_targets() {
    check(
        r#"[
 {"labels": {"alertname": "InstanceDown", "instance": "192.0.2.10:9100", "job": "node", "severity": "critical"},
  "annotations": {"summary": "web-1 does not answer"},
  "startsAt": "2026-11-21T12:00:00.000Z", "endsAt": "2026-11-21T12:10:00.000Z", "status": {"state": "active"}},
 {"labels": {"alertname": "ProbeFailed", "instance": "https://blog.example/"},
  "startsAt": "2026-11-21T12:00:05Z", "endsAt": "2026-11-21T12:10:00Z", "status": {"state": "suppressed"}},
 {"labels": {"alertname": "Slow", "host": "Web-2.internal.example", "severity": "warning"},
  "startsAt": "2026-11-21T12:00:10Z", "endsAt": "2026-11-21T12:10:00Z", "status": {"state": "active"}},
 {"labels": {"alertname": "Watchdog"},
  "startsAt": "2026-11-21T12:00:10Z", "endsAt": "2026-11-21T12:10:00Z", "status": {"state": "active"}},
 {"labels": {"alertname": "NoTime", "host": "web-1"}}
]"#,
        expect![[r#"
            2026-11-21T12:00:00Z web-1 by alertmanager (95 %): down, 2 of 2 web-1 does not answer
            2026-11-21T12:00:05Z blog by alertmanager (95 %): down, 2 of 2 ProbeFailed
            2026-11-21T12:00:10Z web-2 by alertmanager (95 %): degraded, 0 of 2 Slow
            line 1: alert 5: it has no `startsAt`
            line 1 unmatched: Watchdog
        "#]],
    );
}

#[test]
fn what_prometheus_answers_is_an_export_too() {
    check(
        r#"{"status": "success", "data": {"alerts": [
 {"labels": {"alertname": "InstanceDown", "instance": "192.0.2.10:9100", "severity": "critical"},
  "annotations": {"summary": "web-1 does not answer"}, "state": "firing", "activeAt": "2026-11-21T12:00:00.5Z", "value": "0e+00"},
 {"labels": {"alertname": "Slow", "host": "web-2"}, "annotations": {}, "state": "pending", "activeAt": "2026-11-21T12:00:10Z", "value": "1e+00"}
]}}"#,
        expect![[r#"
            2026-11-21T12:00:00.5Z web-1 by alertmanager (95 %): down, 2 of 2 web-1 does not answer
        "#]],
    );
}

#[test]
fn what_fires_does_so_until_the_list_was_made() {
    let list = r#"[
 {"labels": {"alertname": "InstanceDown", "instance": "192.0.2.10", "severity": "critical"},
  "startsAt": "2026-11-21T12:00:00Z", "updatedAt": "2026-11-21T12:50:00Z", "status": {"state": "active"}},
 {"labels": {"alertname": "Slow", "host": "blog", "severity": "warning"},
  "startsAt": "2026-11-21T12:45:00Z", "updatedAt": "2026-11-21T12:50:00Z", "status": {"state": "active"}}
]"#;
    // What needs what was down already is not said to have been well before.
    check(
        list,
        expect![[r#"
        2026-11-21T12:00:00Z web-1 by alertmanager (95 %): down, 2 of 2 InstanceDown
        2026-11-21T12:45:00Z blog by alertmanager (95 %): degraded, 0 of 2 Slow
        2026-11-21T12:50:00Z web-1 by alertmanager (95 %): down, 2 of 2 InstanceDown
    "#]],
    );
    // What came to a webhook is said again there.
    check(
        &format!(r#"{{"alerts": {list}}}"#),
        expect![[r#"
        2026-11-21T12:00:00Z web-1 by alertmanager (95 %): down, 2 of 2 InstanceDown
        2026-11-21T12:45:00Z blog by alertmanager (95 %): degraded, 0 of 2 Slow
    "#]],
    );
}

#[test]
fn lines_may_stand_in_one_array() {
    check(
        r#"[
 {"at": "2026-11-21T12:00:30Z", "from": "here", "check": "shop/https", "outcome": "down"},
 {"at": "2026-11-21T12:02:00Z", "from": "human", "component": "switch-9", "outcome": "down"}
]"#,
        expect![[r#"
            2026-11-21T12:00:30Z shop/https from here: down(reported), 1 of 1
            line 2 unmatched: nothing in the plant is called `switch-9`; did you mean `switch-1`?
        "#]],
    );
    check("[]", expect![[""]]);
}

#[test]
fn a_port_that_no_check_asks_is_the_machines() {
    let alert = |instance: &str, second: u8| {
        format!(
            r#"{{"labels": {{"alertname": "A", "instance": "{instance}"}}, "startsAt": "2026-11-21T12:00:0{second}Z"}}"#
        )
    };
    let all = [
        alert("https://shop.example:443/x", 1),
        alert("shop.example", 2),
        alert("shop.example:9100", 3),
        alert("192.0.2.11:9100", 4),
        alert("web-2.shop.example:9100", 5),
        alert("kube-7.example:9100", 6),
    ];
    check(
        &format!("[{}]", all.join(",")),
        expect![[r#"
            2026-11-21T12:00:01Z shop by alertmanager (95 %): down, 2 of 2 A
            2026-11-21T12:00:02Z shop by alertmanager (95 %): down, 2 of 2 A
            2026-11-21T12:00:03Z web-1 by alertmanager (95 %): down, 2 of 2 A
            2026-11-21T12:00:04Z web-2 by alertmanager (95 %): down, 2 of 2 A
            2026-11-21T12:00:05Z web-2 by alertmanager (95 %): down, 2 of 2 A
            line 1 unmatched: A (instance=kube-7.example:9100)
        "#]],
    );
}

#[test]
fn a_webhook_body_says_what_is_resolved() {
    check(
        r#"{"version": "4", "status": "firing", "alerts": [
 {"status": "resolved", "labels": {"alertname": "ProbeFailed", "check": "blog/https"},
  "startsAt": "2026-11-21T12:00:00Z", "endsAt": "2026-11-21T12:10:00Z"},
 {"status": "firing", "labels": {"alertname": "Down", "service": "shop"},
  "startsAt": "2026-11-21T12:05:00Z", "endsAt": "0001-01-01T00:00:00Z"}]}"#,
        expect![[r#"
            2026-11-21T12:00:00Z blog/https from outside: down(reported: ProbeFailed), 2 of 2
            2026-11-21T12:05:00Z shop by alertmanager (95 %): down, 2 of 2 Down
            2026-11-21T12:10:00Z blog/https from outside: up, 0 of 2
        "#]],
    );
}

#[test]
fn the_tries_of_lines_in_a_row_add_up_until_the_outcome_changes() {
    let line = |second: u32, outcome: &str, tries: u32| {
        let at = format!("2026-11-21T12:00:{second:02}Z");
        format!(
            "{{\"at\": \"{at}\", \"from\": \"here\", \"check\": \"web-2/icmp\", \
             \"outcome\": \"{outcome}\", \"tries\": {tries}}}\n"
        )
    };
    let text = [line(0, "up", 5), line(10, "up", 5), line(20, "down", 2), line(30, "down", 3)];
    let plant = plant();
    let reading = read(&text.concat(), &plant);
    let source = || PlantSource { files: vec![("plant.yaml".to_owned(), PLANT.to_owned())] };
    let until = |until: &str| {
        let until = until.parse().expect("an instant");
        fold(source(), &plant, &reading.said, Some(until))
    };
    let tries = |folded: &Folded| {
        let key = ("web-2/icmp".into(), "here".into());
        folded.state.evidence()[&key].tries
    };
    assert!(until("2026-11-21T11:59:59Z").is_none(), "nothing was seen by then");
    let then = until("2026-11-21T12:00:15Z").expect("seen");
    assert_eq!((then.taken, tries(&then)), (2, 10));
    assert!(then.state.diagnose(then.now).hypotheses.is_empty());
    let last = fold(source(), &plant, &reading.said, None).expect("seen");
    assert_eq!((last.taken, tries(&last), last.refused.len()), (4, 5, 0));
    let told = last.state.diagnose(last.now);
    let named = |subject: &str| {
        let mut faults = told.hypotheses.iter().flat_map(|hypothesis| &hypothesis.faults);
        faults.any(|believed| believed.fault.subject == subject)
    };
    assert!(named("web-2"), "{told:?}");
}

#[test]
fn of_a_vantage_that_falls_silent_what_it_saw_up_is_unknown_until_it_speaks_again() {
    let line = |time: &str, from: &str, check: &str, outcome: &str| {
        format!(
            "{{\"at\": \"2026-11-21T{time}Z\", \"from\": \"{from}\", \"check\": \"{check}\", \
             \"outcome\": \"{outcome}\"}}\n"
        )
    };
    let text = [
        line("12:00:00", "here", "web-1/icmp", "down"),
        line("12:00:00", "here", "web-2/icmp", "up"),
        line("13:00:00", "outside", "shop/https", "down"),
        line("13:05:00", "here", "shop/https", "down"),
    ];
    let plant = plant();
    let reading = read(&text.concat(), &plant);
    let stands = |until: &str| {
        let source = PlantSource { files: vec![("plant.yaml".to_owned(), PLANT.to_owned())] };
        let until = Some(until.parse().expect("an instant"));
        let folded = fold(source, &plant, &reading.said, until).expect("seen");
        let of = |check: &str| {
            folded.state.evidence()[&(check.into(), "here".into())].outcome.standing().as_str()
        };
        (of("web-1/icmp"), of("web-2/icmp"), folded.silent.len())
    };
    assert_eq!(stands("2026-11-21T12:14:00Z"), ("down", "up", 0));
    assert_eq!(stands("2026-11-21T13:00:00Z"), ("down", "unknown", 1));
    assert_eq!(stands("2026-11-21T13:05:00Z"), ("down", "up", 1));
}

#[test]
fn who_writes_from_outside_during_a_power_cut_does_not_speak_against_it() {
    let from_outside = |check: &str| {
        format!(
            "{{\"at\": \"2026-11-21T12:00:00Z\", \"from\": \"outside\", \
             \"check\": \"{check}\", \"outcome\": \"down\", \"tries\": 5}}\n"
        )
    };
    let text = from_outside("shop/https")
        + &from_outside("blog/https")
        + r#"{"at": "2026-11-21T12:01:00Z", "from": "human", "component": "switch-1", "outcome": "down"}"#;
    let plant = plant();
    let reading = read(&text, &plant);
    let source = PlantSource { files: vec![("plant.yaml".to_owned(), PLANT.to_owned())] };
    let folded = fold(source, &plant, &reading.said, None).expect("seen");
    let told = folded.state.diagnose(folded.now);
    assert_eq!(told.cause()[0].subject, "switch-1", "{told:?}");
}

/// An input as a line of a file; `None` for what a file does not say.
fn written(input: &Input, at: Timestamp) -> Option<serde_json::Value> {
    Some(match input {
        Input::Observed(seen) => serde_json::json!({
            "at": seen.at.to_string(), "from": seen.vantage.as_str(), "check": seen.check.as_str(),
            "outcome": seen.outcome.standing().as_str(), "symptom": seen.outcome.code(),
        }),
        Input::Person(PersonInput { who, what: PersonAction::Act { component, did, note } }) => {
            serde_json::json!({
                "at": at.to_string(), "by": who, "did": did.as_str(),
                "component": component.as_str(), "detail": note,
            })
        }
        Input::Person(PersonInput {
            who,
            what: PersonAction::Observe { component, saw, trust, note, .. },
        }) => serde_json::json!({
            "at": at.to_string(), "from": who, "component": component.as_str(),
            "outcome": saw.as_str(), "trust": trust, "detail": note,
        }),
        _ => return None,
    })
}

/// Outages in which no vantage was lost, for a file does not say that.
#[test]
fn an_outage_that_was_written_down_is_judged_as_it_was_judged_live() {
    for name in ["seed-2", "seed-4"] {
        let scenario = crate::demo::outages::built_in(name).expect("a scenario");
        let source = || PlantSource { files: vec![scenario.believed.clone()] };
        let (truth, starts, ends) = (scenario.truth.clone(), scenario.starts, scenario.ends);
        let mut world = World::of(source(), truth, starts, scenario.seed, scenario.senses);
        for happening in &scenario.faults {
            world.happen(happening.clone());
        }
        for told in &scenario.told {
            world.run_until(told.at);
            world.give(told.input());
        }
        world.run_until(ends);
        let live = world.state().diagnose(ends);
        let heard = world.take_heard().inputs;
        let lines = heard.iter().filter_map(|(at, input)| written(input, *at));
        let text: String = lines.map(|line| format!("{line}\n")).collect();
        let reading = read(&text, &scenario.plant);
        assert_eq!(reading.mistakes, [], "{name}");
        let folded = fold(source(), &scenario.plant, &reading.said, Some(ends)).expect("seen");
        let told = folded.state.diagnose(folded.now);
        assert_eq!(told.cause(), live.cause(), "{name}: {} / {}", told.sentence, live.sentence);
    }
}

#[test]
fn the_seeds_of_the_fuzzer_are_read_line_by_line() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/observations");
    for seed in std::fs::read_dir(folder).expect("a folder of seeds") {
        let text = std::fs::read(seed.expect("a seed").path()).expect("it can be read");
        let text = String::from_utf8_lossy(&text);
        let reading = read(&text, &plant());
        assert!(reading.said.is_sorted_by_key(|said| said.at));
        let lines = text.lines().count().max(1);
        assert!(reading.mistakes.iter().all(|(line, _)| *line <= lines), "{:?}", reading.mistakes);
    }
}
