//! `coldstart`: what a tired person ticks off, and what a script sees.

use crate::blackstart::{Site, run, text};
use expect_test::expect;

fn coldstart(plant: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let site = Site::new(plant);
    let path = site.plant();
    let mut all = vec!["coldstart", path.to_str().expect("text")];
    all.extend(arguments);
    let output = run(&all);
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

const PLANT: &str = "blackstart: 1
name: small
timezone: UTC
feeds: { feed: { voltage: 230 V } }
pdus: { pdu: { fed_by: feed, breaker: 16 A C } }
switches: { sw: { power: pdu, draw: 50 W, inrush: 5 A, boots_in: 1..3 min } }
here: { at: sw }
servers:
  srv-{1..2}: { power: pdu, network: sw, draw: 300 W, inrush: 40 A, boots_in: 2..5 min, managed_via: sw }
services: { web: { on: srv-1, checks: [ { tcp: '192.0.2.1:80' } ] } }
";

#[test]
fn a_plan_is_a_list_of_boxes_to_tick() {
    let (code, words, _) = coldstart(PLANT, &[]);
    assert_eq!(code, Some(0), "{words}");
    expect![[r#"
        small: can be started, 6 things in 5 waves; 0 up already
        in all: 3 min to 9 min and more: of 3 steps it is not known
        5 steps have no check to prove them: a person must look
        Before power comes back, switch everything off, or it all starts at once.
        Begin a wave when every step of the one before is proved.

        WAVE 1
           1. [ ] wait for feed (feed)
                  look: the meter shows voltage on every phase

        WAVE 2
           2. [ ] switch on pdu (pdu), hands on site
                  carried by feed
                  look: its breaker is closed, and its lamp or meter lives

        WAVE 3  60 s to 3 min
           3. [ ] switch on sw (switch), hands on site
                  carried by feed; 60 s to 3 min
                  look: its uplinks are lit, and what is behind it answers

        WAVE 4  2 min to 6 min
           4. [ ] switch on srv-1 (server), from afar via sw
                  carried by feed; 2 min to 5 min
                  look: its console shows a login prompt
          -- 10 s later, when nothing has tripped --
           5. [ ] switch on srv-2 (server), from afar via sw
                  carried by feed; 2 min to 5 min
                  look: its console shows a login prompt

        WAVE 5
           6. [ ] start web (service), on its machine
                  until: check web/tcp from here is up
    "#]]
    .assert_eq(&words);
}

#[test]
fn a_circle_is_told_with_where_to_cut_it() {
    let plant = "blackstart: 1
name: circle
timezone: UTC
servers: { hyp: { to_start: ns } }
vms: { ns-vm: { on: hyp } }
services: { ns: { on: ns-vm } }
";
    let (code, words, _) = coldstart(plant, &[]);
    assert_eq!(code, Some(22), "{words}");
    expect![[r#"
        circle: CANNOT be started as asked, 0 things in 0 waves; 0 up already
        nothing says how long any step takes (`boots_in`)

        CIRCLE 1: these wait for each other
          hyp needs, to start, ns
          ns runs on ns-vm
          ns-vm runs on hyp
          Cut it at one of these:
          - `to_start` of hyp: ns
            (let it start without, or give it another that is not in the circle)

        CANNOT START
          hyp waits in or behind circle 1
          ns-vm waits in or behind circle 1
          ns waits in or behind circle 1
    "#]]
    .assert_eq(&words);
    let (code, words, _) = coldstart(plant, &["--up", "ns"]);
    assert_eq!(code, Some(0), "{words}");
    let (_, words, _) = coldstart(plant, &["--format", "json"]);
    let told: serde_json::Value = serde_json::from_str(&words).expect("JSON");
    assert_eq!(told["can_start"], false);
    assert_eq!(told["cycles"][0]["cuts"][0][0]["component"], "hyp");
    assert_eq!(told["stuck"][0]["cycle"], 0);
}

#[test]
fn a_script_reads_waves_and_a_target_needs_less() {
    let (code, words, _) =
        coldstart(PLANT, &["--format", "json", "--target", "web", "--up", "feed,pdu"]);
    assert_eq!(code, Some(0), "{words}");
    let told: serde_json::Value = serde_json::from_str(&words).expect("JSON");
    let names: Vec<&str> = told["waves"]
        .as_array()
        .expect("waves")
        .iter()
        .flat_map(|wave| wave["steps"].as_array().expect("steps"))
        .map(|step| step["component"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, ["sw", "srv-1", "web"]);
    assert_eq!(told["waves"][2]["steps"][0]["gate"]["check"], "web/tcp");
}

#[test]
fn a_name_that_is_nowhere_is_told_with_the_nearest() {
    let (code, _, words) = coldstart(PLANT, &["--up", "srv-3"]);
    assert_eq!(code, Some(2));
    assert!(
        words.contains("nothing in the plant is called `srv-3`; did you mean `srv-1`?"),
        "{words}"
    );
}
