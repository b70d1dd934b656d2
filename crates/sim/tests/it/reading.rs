//! Scenario files: what is read, and what is said of mistakes.

use blackstart_sim::scenario::{Mode, Scenario, What, read};
use expect_test::{Expect, expect};
use std::path::Path;

const PLANT: &str = "
blackstart: 1
name: two
timezone: Europe/Amsterdam
upstreams: { transit: { provides: internet } }
switches: { switch-1: { network: transit } }
here: { at: switch-1 }
servers: { s-1: { network: switch-1, checks: [ { icmp: 192.0.2.1 } ] } }
services: { web: { on: s-1, checks: [ { tcp: '192.0.2.1:80' } ] } }
";

fn reading(body: &str) -> Result<Scenario, String> {
    let text = format!("scenario: 1\n{body}");
    let open = |name: &str| (name == "plant.yaml").then(|| PLANT.to_owned());
    read(&text, open).map_err(|mistakes| {
        let lines: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })
}

fn check(body: &str, expected: &Expect) {
    expected.assert_eq(&reading(body).map(|_| ()).expect_err("mistakes"));
}

#[test]
fn times_are_local_or_after_the_start() {
    let scenario = reading(
        "starts: '2017-03-25 19:00'
ends: '+1d'
faults:
  - { at: '20:00', component: s-1, until: '+2h' }
  - { at: '18:00', component: s-1, mode: flaky, rate: 20% }
",
    );
    let scenario = scenario.unwrap();
    assert_eq!(scenario.starts.to_string(), "2017-03-25T18:00:00Z");
    assert_eq!(scenario.ends.to_string(), "2017-03-26T18:00:00Z");
    let [first, second] = &scenario.faults[..] else { panic!("two") };
    assert_eq!(first.at.to_string(), "2017-03-25T19:00:00Z");
    assert_eq!(first.until.unwrap().to_string(), "2017-03-25T20:00:00Z");
    // The next day, and the clocks have gone forward that night.
    assert_eq!(second.at.to_string(), "2017-03-26T16:00:00Z");
    assert_eq!((second.mode, second.rate), (Mode::Flaky, 0.2));
    assert_eq!(first.what, What::Component("s-1".into()));
}

#[test]
fn all_mistakes_are_told_at_once_with_their_lines() {
    check(
        "starts: '2017-03-25 19:00'
ends: '2017-03-25 18:00'
senses: { lie: 1% }
faults:
  - { at: '+1h', component: s-2 }
  - { at: '+1x', component: s-1 }
  - { at: '+1h', check: web/tcp, mode: flaky }
told:
  - { at: '02:30', from: human, component: s-1, outcome: broken }
expect:
  at:
    - { at: '+1h', ambiguous: [s-1, vm-9] }
",
        &expect![[r#"
            3:7: it ends before it starts
            4:11: `lie` is not known; here stand lies, lost, duplicated, delayed, clock_step
            6:29: the truth has no component `s-2`
            7:11: a span after the start is needed, as `+90s` or `+1h30m`
            8:5: `check web/tcp` cannot be flaky
            10:11: this time does not exist in Europe/Amsterdam: the clocks go from +01 to +02 that night
            13:37: the plant has no component `vm-9`"#]],
    );
}

#[test]
fn all_that_is_wrong_with_the_plant_is_told_with_its_lines() {
    let plant = "blackstart: 1
servers:
  s-1: { network: nowhere, colour: red }
";
    let text = "scenario: 1
starts: '2017-03-25 19:00'
ends: '+1d'
";
    let mistakes = read(text, |_| Some(plant.to_owned())).expect_err("mistakes");
    let told: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
    expect![[r#"
        1:1: line 3 of `plant.yaml` is not valid: nothing is called `nowhere`
        1:1: line 3 of `plant.yaml` is not valid: a server has no `colour`"#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn what_stays_cool_is_a_span_or_two() {
    let stays = |text: &str| {
        let body = format!("starts: '2017-03-25 19:00'\nends: '+1d'\nstays_cool: {text}\n");
        reading(&body).map(|scenario| {
            let (least, most) = scenario.stays_cool.expect("it is said");
            (least.as_secs() / 60, most.as_secs() / 60)
        })
    };
    assert_eq!(stays("20m..1h"), Ok((20, 60)));
    assert_eq!(stays("30m"), Ok((30, 30)));
    let told = "4:13: a span is needed, as `20m`, or two, as `20m..1h`";
    assert_eq!(stays("1h..20m"), Err(told.to_owned()));
}

#[test]
fn a_text_that_is_no_yaml_is_a_mistake_too() {
    check("starts: [", &expect!["2:10: while parsing a node, did not find expected node content"]);
}

/// Every scenario of the repository can be read.
#[test]
fn all_scenarios_are_without_mistakes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let mut wrong = String::new();
    for entry in std::fs::read_dir(&root).expect("there are scenarios") {
        let folder = entry.expect("readable").path();
        let Ok(text) = std::fs::read_to_string(folder.join("scenario.yaml")) else { continue };
        let open = |name: &str| std::fs::read_to_string(folder.join(name)).ok();
        for mistake in read(&text, open).err().unwrap_or_default() {
            wrong.push_str(&format!("{}/scenario.yaml:{mistake}\n", folder.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
