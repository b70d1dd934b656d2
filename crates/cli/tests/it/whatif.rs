//! `whatif`: what an operator reads before a night, and what a script sees.

use crate::blackstart::{Site, run, text};
use expect_test::expect;

fn whatif(plant: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let site = Site::new(plant);
    let path = site.plant();
    let mut all = vec!["whatif", path.to_str().expect("text")];
    all.extend(arguments);
    let output = run(&all);
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

const PLANT: &str = "blackstart: 1
name: small
timezone: Europe/Amsterdam
feeds: { feed-a: { voltage: 230 V }, feed-b: { voltage: 230 V } }
pdus:
  pdu-a: { fed_by: feed-a, breaker: { rated: 16 A C, standard: iec-60898-1 } }
  pdu-b: { fed_by: feed-b, breaker: { rated: 16 A C, standard: iec-60898-1 } }
upstreams: { transit: { provides: internet } }
switches: { sw: { power: { any: [pdu-a, pdu-b] }, network: transit, draw: 100 W } }
servers:
  one-feed: { power: { all: [pdu-a] }, network: sw, draw: 300 W..400 W }
  both-{1..9}: { power: { any: [pdu-a, pdu-b] }, network: sw, draw: 300 W..450 W }
services: { lone: { on: one-feed }, shop: { on: both-1 } }
customers: { acme: { uses: lone } }
maintenance:
  night: { off: feed-a, by: the datacentre, from: '2026-11-28 22:00', to: '2026-11-29 06:00' }
";

#[test]
fn a_night_is_answered_in_words() {
    let (code, words, _) = whatif(PLANT, &["--window", "night"]);
    assert_eq!(code, Some(12), "{words}");
    expect![[r#"
        What if: feed-a off
          Sat 2026-11-28 22:00:00 +01:00 to Sun 2026-11-29 06:00:00 +01:00, 8 h 00 min

        Goes dark: 5
          customer     acme, at once
                       by lone ← one-feed ← pdu-a ← feed-a
          service      lone, at once
                       by one-feed ← pdu-a ← feed-a
          server       one-feed, at once
                       by pdu-a ← feed-a
          feed         feed-a, at once
          pdu          pdu-a, at once
                       by feed-a

        May go dark: 12
          service      shop, from 7.7 s on
                       by both-1 ← pdu-b
          switch       sw, from 7.7 s on
                       by pdu-b
          server       both-1, both-2, both-3, both-4, both-5, both-6, both-7, both-8, both-9, from 7.7 s on
                       both-1 by pdu-b
          pdu          pdu-b, from 7.7 s on

        Breakers that gain load
          pdu-b                may trip   12.2 to 20.0 A of 16.0 A, not before 7.7 s

        Has less behind it: 11
          service      shop
                       now falls with feed-b, pdu-b
          switch       sw
                       now falls with feed-b, pdu-b
          server       both-1, both-2, both-3, both-4, both-5, both-6, both-7, both-8, both-9
                       each now falls with feed-b, pdu-b

        For the person on site
          before: read the current of pdu-a (one service or customer hangs on it)
          before: read the current of pdu-b (one service or customer hangs on it)
          before: take load off pdu-b, or do not begin: it would carry 12.2 to 20.0 A and holds 18.1 A
          begin: switch off feed-a, and nothing else
          during: pdu-b should read 12.2 to 20.0 A; above 18.1 A, stop and switch back
          after: switch on one by one, wait for each current to settle
          after: look at every power supply's light: a cord that was dark may have stayed so

        Draft for those affected
          Subject: Planned work on our power and network, Saturday 2026-11-28

          From Sat 2026-11-28 22:00:00 +01:00 to Sun 2026-11-29 06:00:00 +01:00 (Europe/Amsterdam), which is 8 h 00 min.
          These will not be reachable: lone.
          These may be interrupted; we cannot rule it out and are watching: shop.
          We tell you when it is over, and at once if anything goes otherwise.
    "#]].assert_eq(&words);
}

#[test]
fn programs_get_names_and_numbers() {
    let (code, json, _) = whatif(PLANT, &["--off", "feed-a", "--format", "json"]);
    assert_eq!(code, Some(12));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let down: Vec<_> = json["down"].as_array().expect("a list").iter().collect();
    assert_eq!(down, ["acme", "feed-a", "lone", "one-feed", "pdu-a"]);
    assert_eq!(json["customers"][0], "acme");
    let breaker = &json["breakers"][0];
    assert_eq!(breaker["component"], "pdu-b");
    assert_eq!(breaker["verdict"], "may-trip");
    assert_eq!(breaker["rating_a"], 16.0);
    assert_eq!(breaker["latest_s"], serde_json::Value::Null);
    assert!(breaker["load_a"][0].as_f64() < breaker["load_a"][1].as_f64());
}

#[test]
fn a_notice_that_does_not_say_which_is_read_both_ways() {
    let (code, json, _) = whatif(PLANT, &["--off", "feed-a|feed-b", "--format", "json"]);
    assert_eq!(code, Some(12));
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let readings = json["readings"].as_array().expect("a list");
    assert_eq!(readings.len(), 2);
    assert_eq!(readings[0]["off"][0], "feed-a");
    assert_eq!(readings[1]["off"][0], "feed-b");
    let (_, words, _) = whatif(PLANT, &["--off", "feed-a|feed-b"]);
    assert!(words.contains("== 2 of 2 ways to read it =="), "{words}");
}

#[test]
fn what_is_not_in_the_plant_is_said_with_what_is_near() {
    let (code, _, said) = whatif(PLANT, &["--off", "fed-a"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("did you mean `feed-a`?"), "{said}");
    let (code, _, said) = whatif(PLANT, &["--off", "feed-a", "--window", "nihgt"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("there are: night"), "{said}");
    let (code, _, said) =
        whatif(PLANT, &["--off", "feed-a", "--window", "2026-03-29 02:30..2026-03-29 06:00"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("does not exist"), "{said}");
}

#[test]
fn meters_are_told_with_their_age() {
    let plant = PLANT
        .replace("pdu-a: { fed", "pdu-a: { metered: { current: 6 A, at: 2026-01-05 12:00 }, fed");
    let (_, words, _) = whatif(&plant, &["--off", "feed-a"]);
    let told = words.lines().find(|line| line.contains("pdu-a") && line.contains("2026-01-05"));
    assert!(told.is_some_and(|line| line.contains("12:00:00 +01:00, ")), "{words}");
}

#[test]
fn nothing_lost_is_zero_and_redundancy_lost_is_a_note() {
    let plant = "blackstart: 1
feeds: { feed-a: { voltage: 230 V }, feed-b: { voltage: 230 V }, spare: {} }
servers: { s: { power: { any: [feed-a, feed-b] }, draw: 100 W } }
";
    assert_eq!(whatif(plant, &["--off", "spare"]).0, Some(0));
    assert_eq!(whatif(plant, &["--off", "feed-a"]).0, Some(10));
    assert_eq!(whatif(plant, &["--off", "feed-a", "feed-b"]).0, Some(12));
}
