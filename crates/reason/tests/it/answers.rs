//! A bad answer is an answer: what it clears, and whom.

use crate::world::World;
use blackstart_model::VantageName;
use blackstart_model::observation::{Observation, Outcome, SymptomCode};
use blackstart_model::record::Input;
use blackstart_model::time::Duration;

const ONE_HOST: &str = "
upstreams: { transit: { provides: internet } }
switches: { switch-1: { network: transit } }
servers: { web-host: { network: switch-1 } }
here: { at: switch-1 }
components: { nginx: { on: web-host } }
services:
  shop: { on: nginx, checks: [ { tcp: '10.1.0.1:80', every: 5s } ] }
  blog: { on: nginx, checks: [ { tcp: '10.1.0.1:81', every: 5s } ] }
";

fn cause(outcome: &Outcome) -> Vec<String> {
    let mut world = World::of(ONE_HOST);
    world.break_it("nginx");
    world.run(Duration::from_secs(1));
    for tries in 1..=2 {
        for check in ["shop/tcp", "blog/tcp"] {
            world.give(Input::Observed(Observation {
                check: check.into(),
                vantage: VantageName::here(),
                outcome: outcome.clone(),
                at: world.now,
                asked: tries > 1,
                tries,
                failures: tries,
            }));
        }
    }
    world.run(Duration::from_millis(300));
    world.causes()
}

#[test]
fn a_refusal_clears_the_machine_that_refuses() {
    assert_eq!(cause(&Outcome::down(SymptomCode::Refused, "")), ["nginx down"]);
}

#[test]
fn the_own_way_out_is_not_to_blame_for_what_is_on_the_same_switch() {
    let causes = cause(&Outcome::down(SymptomCode::ConnectTimeout, ""));
    assert!(!causes.iter().any(|cause| cause.contains("vantage")), "{causes:?}");
}

#[test]
fn a_sentence_names_four_at_most() {
    // Nothing joins them.
    let body = "
servers: { 'm-{1..12}': {} }
defaults: { services: { checks: [ { tcp: '10.1.0.1:80', every: 5s } ] } }
services: { 'a-{1..12}': { on: 'm-{1..12}' }, 'b-{1..12}': { on: 'm-{1..12}' } }
";
    let mut world = World::of(body);
    let mut longest = 0;
    for broken in 1..=6 {
        world.break_it(&format!("m-{broken}"));
        world.run(Duration::from_secs(20));
        let told = world.state.diagnose(world.now);
        let faults = told.hypotheses[0].faults.len();
        let more = format!(" and {} more broke: ", faults.saturating_sub(3));
        assert_eq!(told.sentence.contains(&more), faults > 4, "{}", told.sentence);
        assert!(told.sentence.matches(" is down").count() <= 4, "{}", told.sentence);
        longest = longest.max(faults);
    }
    assert!(longest > 4, "it was never put to the test");
}

#[test]
fn what_only_one_of_several_checks_sees_is_a_part_of_the_thing_or_the_check_is_wrong() {
    let mut world = World::of(
        "
upstreams: { transit: { provides: internet } }
switches: { switch-1: { network: transit } }
servers:
  web-1:
    network: switch-1
    checks: [ { icmp: 10.1.0.1, every: 5s }, { name: nginx, tcp: '10.1.0.1:80', every: 5s } ]
here: { at: switch-1 }
",
    );
    world.break_it("check web-1/nginx");
    world.run(Duration::from_secs(60));
    assert_eq!(world.causes(), ["web-1 partial"]);
    let alike = &world.confirmed()[0].diagnosis.ambiguity;
    let names: Vec<&str> = alike.iter().flatten().map(|fault| fault.subject.as_str()).collect();
    assert_eq!(names, ["web-1", "check web-1/nginx"]);
}

#[test]
fn what_nothing_in_the_plant_explains_is_one_incident() {
    let mut world = World::of(
        "
upstreams: { transit: { provides: internet } }
switches: { switch-1: { network: transit } }
servers:
  web-{1..9}:
    network: switch-1
    checks: [ { icmp: '10.1.0.{1..9}', every: 5s }, { name: pay, tcp: '10.1.0.{1..9}:80', every: 5s } ]
here: { at: switch-1 }
",
    );
    for web in 1..=9 {
        world.break_it(&format!("check web-{web}/pay"));
    }
    world.run(Duration::from_secs(60));
    let [only] = world.confirmed()[..] else { panic!("{:#?}", world.confirmed()) };
    let said = &only.diagnosis.sentence;
    assert!(said.starts_with("cause unknown: nothing in the plant explains 9"), "{said}");
    assert!(said.contains("web-1, web-2, web-3 and 6 things more"), "{said}");
}

/// Two rooms with two cables between them.
const ROOMS: &str = "
upstreams: { transit: { provides: internet } }
routers: { edge: { network: transit, checks: [ { icmp: 198.51.100.1, every: 5s, from: [here, outside] } ] } }
components: { 'fibre-{1..2}': { network: core-a } }
switches: { core-a: { network: edge }, core-b: { network: { any: [fibre-1, fibre-2] } } }
defaults: { servers: { checks: [ { icmp: 198.51.100.9, every: 5s, from: [here, outside] } ] } }
servers: { 'a{1..4}': { network: core-a }, 'b{1..8}': { network: core-b } }
here: { at: core-a }
vantages: { outside: { agent: outside } }
";

#[test]
fn what_carries_may_lose_some_flows_and_not_others() {
    // Of two cables one takes packets and loses them: which way they go depends on both ends.
    let mut world = World::of(ROOMS);
    let lost = Outcome::down(SymptomCode::NoEcho, "");
    for (from, machines) in [("here", [1, 4, 5, 8]), ("outside", [2, 4, 7, 8])] {
        for machine in machines {
            world.say(&format!("b{machine}/icmp"), from, &lost);
        }
    }
    world.run(Duration::from_secs(120));
    assert_eq!(world.causes(), ["core-b partial"]);
}

/// Sites by their names, some of which are in one zone.
const NAMED: &str = "
upstreams: { transit: { provides: internet } }
switches: { core: { network: transit, checks: [ { icmp: 192.0.2.1, every: 5s } ] } }
servers:
  w{1..3}: { network: core, checks: [ { icmp: '192.0.2.{11..13}', every: 5s } ] }
  ns-1: { network: core, checks: [ { icmp: 192.0.2.53, every: 5s } ] }
defaults: { services: { checks: [ { https: 'https://site.example/', every: 5s, from: outside } ] } }
services:
  names: { on: ns-1, checks: [ { dns: 192.0.2.53, query: hoster.example SOA, every: 5s } ] }
  site-{1..6}: { on: w1, needs: names }
  mail: { on: w2, needs: names }
  other-{1..3}: { on: w3, needs: names }
here: { at: core }
vantages: { outside: { agent: outside } }
";

/// The first answer to seven sites on two machines of three that fail like this.
fn first_where_seven_fail(code: SymptomCode) -> String {
    let mut world = World::of(NAMED);
    let mut sites: Vec<String> = (1..=6).map(|site| format!("site-{site}/https")).collect();
    sites.push("mail/https".to_owned());
    for site in &sites {
        world.say(site, "outside", &Outcome::down(code, ""));
    }
    world.run(Duration::from_secs(120));
    world.state.diagnose(world.now).sentence
}

#[test]
fn a_name_that_is_not_found_was_not_lost_on_the_way() {
    let said = first_where_seven_fail(SymptomCode::ConnectTimeout);
    assert!(said.starts_with("transit is down in part"), "{said}");
    let said = first_where_seven_fail(SymptomCode::NoAddress);
    assert!(said.starts_with("names is down in part"), "{said}");
}
