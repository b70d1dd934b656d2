//! Outages that evolve: what ended and what lasts, what fails in turns, what was said late, what was done
//! and did not help.

use crate::world::{World, two_racks};
use blackstart_model::VantageName;
use blackstart_model::incident::IncidentState;
use blackstart_model::observation::{Observation, Outcome, Standing, SymptomCode};
use blackstart_model::record::{
    BelievedFault, Decision, Deed, FaultMode, Input, News, PersonAction, PersonInput, Report, Saw,
    VantageLoss,
};
use blackstart_model::time::{Duration, SignedDuration};

const MINUTE: Duration = Duration::from_secs(60);

/// A guest behind a card of its own, in a machine with another guest.
const GUESTS: &str = "
feeds: { utility: {} }
sites: { hall: { power: utility } }
upstreams: { transit: { provides: internet } }
switches: { core: { in: hall, network: transit } }
hypervisors: { node: { in: hall, network: core, checks: [ { tcp: '10.0.0.1:22', every: 5s } ] } }
nics: { card: { on: node, network: core } }
vms:
  guest: { on: node, network: card, checks: [ { tcp: '10.0.0.2:22', every: 5s } ] }
  other: { on: node, network: core }
services:
  shop: { on: guest, checks: [ { tcp: '10.0.0.2:80', every: 5s, from: [here, outside] } ] }
  blog: { on: guest, checks: [ { tcp: '10.0.0.2:81', every: 5s, from: [here, outside] } ] }
  wiki: { on: other, checks: [ { tcp: '10.0.0.3:80', every: 5s, from: [here, outside] } ] }
here: {}
vantages: { outside: { agent: outside } }
alerts: { mail: { relay: '127.0.0.1:2525', from: bs@example.net, to: [oncall@example.net], tls: none } }
";

fn believed(world: &World) -> Vec<BelievedFault> {
    let summary = world.state.diagnose(world.now);
    summary.hypotheses.into_iter().next().map(|lead| lead.faults).unwrap_or_default()
}

fn names(faults: &[BelievedFault]) -> Vec<String> {
    faults.iter().map(|it| format!("{} {}", it.fault.subject, it.fault.mode)).collect()
}

fn act(component: &str, did: Deed) -> Input {
    let what = PersonAction::Act { component: component.into(), did, note: String::new() };
    Input::Person(PersonInput { who: "mara".to_owned(), what })
}

#[test]
fn what_fails_in_turns_is_one_incident_told_once_and_held() {
    let mut world = World::of(&two_racks());
    world.fail_in_turns("web-4", 40);
    world.run(15 * MINUTE);
    assert_eq!(world.causes(), ["web-4 flaky"]);
    let opened =
        |world: &World| world.alerts().iter().filter(|alert| alert.news == News::Opened).count();
    assert_eq!((world.confirmed().len(), opened(&world)), (1, 1));
    let stays = |world: &World| world.confirmed().iter().all(|it| it.state == IncidentState::Open);
    assert!(stays(&world), "{:#?}", world.confirmed()[0].history);

    world.mend("web-4");
    // A few good answers in a row are luck.
    world.run(Duration::from_secs(20));
    assert!(stays(&world), "{:#?}", world.confirmed()[0].history);
    world.run(40 * MINUTE);
    assert_eq!(world.confirmed()[0].state, IncidentState::Resolved);
    assert_eq!((world.confirmed().len(), opened(&world)), (1, 1));
}

#[test]
fn what_comes_back_again_and_again_is_held_longer_each_time() {
    let mut world = World::of(&two_racks());
    for _ in 0..12 {
        world.break_it("web-4");
        world.run(3 * MINUTE);
        world.mend("web-4");
        world.run(3 * MINUTE);
    }
    let incidents = world.confirmed().len();
    assert!((1..8).contains(&incidents), "{incidents} incidents of twelve failures");
    world.run(60 * MINUTE);
    assert!(world.confirmed().iter().all(|incident| incident.state == IncidentState::Resolved));
}

#[test]
fn two_causes_at_two_times_stay_two() {
    let mut world = World::of(GUESTS);
    world.break_it("utility");
    world.fail_in_turns("card", 30);
    world.run(30 * MINUTE);
    let dark = names(&believed(&world));
    assert_eq!(dark.len(), 1, "one cause explains the dark: {dark:?}");
    world.mend("utility");
    world.run(30 * MINUTE);
    // The power explains what was seen first, and not what goes on.
    let both = believed(&world);
    let [first, second] = &both[..] else { panic!("{both:#?}") };
    let (ended, lasts) = if first.until.is_some() { (first, second) } else { (second, first) };
    assert!(ended.until.is_some() && ended.fault.mode == FaultMode::Down, "{both:#?}");
    // What fails in turns is the guest or its card: nothing seen tells them apart.
    assert_eq!((lasts.fault.mode, lasts.until), (FaultMode::Flaky, None), "{both:#?}");
    assert!(["guest", "card"].contains(&lasts.fault.subject.as_str()), "{both:#?}");
}

#[test]
fn what_breaks_twice_is_not_taken_for_something_above_it_in_part_or_in_turns() {
    let mut text = String::from(
        "feeds: { feed-a: {}, feed-b: {} }
pdus: { pdu-a: { fed_by: feed-a }, pdu-b: { fed_by: feed-b } }
upstreams: { transit: { provides: internet } }
switches: { core: { power: { any: [pdu-a, pdu-b] }, network: transit } }
here: { at: transit }
servers:
",
    );
    for n in 1..=9 {
        let power = if n == 1 { "pdu-a" } else { "{ any: [pdu-a, pdu-b] }" };
        text += &format!(
            "  s-{n}: {{ power: {power}, network: core, address: 10.0.0.{n}, \
             checks: [ {{ tcp: '10.0.0.{n}:22', every: 10s }}, {{ tcp: '10.0.0.{n}:80', every: 10s }} ] }}\n"
        );
    }
    let mut world = World::of(&text);
    world.break_it("feed-a");
    world.run(60 * MINUTE);
    for _ in 0..3 {
        world.break_it("pdu-b");
        world.run(10 * MINUTE);
        let faults = names(&believed(&world));
        assert!(faults.iter().any(|it| it.starts_with("pdu-b")), "{faults:?}");
        assert!(!faults.iter().any(|it| it.starts_with("core")), "{faults:?}");
        world.mend("pdu-b");
        world.run(120 * MINUTE);
    }
}

#[test]
fn a_pair_that_was_rebooted_in_vain_was_taken_down_by_what_floods_it() {
    let mut world = World::of(
        "upstreams: { transit: { provides: internet } }
firewalls: { fw-1: { network: transit }, fw-2: { network: transit } }
components: { pair: { on: { any: [fw-1, fw-2] }, network: { any: [fw-1, fw-2] } } }
switches: { segment: { network: pair } }
servers:
  web: { network: segment }
  box: { network: segment, can_take_down: [fw-1, fw-2] }
here: { at: transit }
services: { shop: { on: web, checks: [ { tcp: '10.0.0.1:80', every: 10s } ] } }
",
    );
    let saw = |component: &str, saw: Saw| {
        let (trust, note) = (PersonAction::TRUST, String::new());
        let what = PersonAction::Observe { component: component.into(), saw, trust, note };
        Input::Person(PersonInput { who: "mara".to_owned(), what })
    };
    world.break_it("fw-1");
    world.break_it("fw-2");
    world.run(5 * MINUTE);
    world.give(saw("pair", Saw::Down));
    world.run(10 * MINUTE);
    assert_eq!(names(&believed(&world)), ["pair down"]);
    world.give(act("fw-1", Deed::Rebooted));
    world.give(act("fw-2", Deed::Rebooted));
    world.run(20 * MINUTE);
    world.give(saw("box", Saw::Degraded));
    world.run(MINUTE);
    let faults = names(&believed(&world));
    assert_eq!(faults, ["box down", "fw-1 consequential", "fw-2 consequential"]);
}

#[test]
fn a_hall_that_gets_hot_after_a_change_of_source_was_let_down_by_its_cooling() {
    let mut world = World::of(
        "feeds: { mains: {} }
generators: { diesel: {} }
transfer_switches: { ats: { fed_by: { any: [mains, diesel] } } }
ups: { ups: { fed_by: ats } }
cooling: { chillers: { power: ats } }
rooms: { hall: { cooled_by: chillers } }
upstreams: { transit: { provides: internet } }
switches: { core: { in: hall, power: ups, network: transit } }
servers: { s-1: { in: hall, power: ups, network: core }, s-2: { in: hall, power: ups, network: core } }
here: { at: transit }
services:
  shop: { on: s-1, checks: [ { tcp: '10.0.0.1:80', every: 10s } ] }
  blog: { on: s-2, checks: [ { tcp: '10.0.0.2:80', every: 10s } ] }
",
    );
    let down = |component: &str| {
        let (trust, note) = (PersonAction::TRUST, String::new());
        let what =
            PersonAction::Observe { component: component.into(), saw: Saw::Down, trust, note };
        Input::Person(PersonInput { who: "mara".to_owned(), what })
    };
    world.run(MINUTE);
    world.give(down("mains"));
    world.run(20 * MINUTE);
    world.break_it("chillers");
    world.run(2 * MINUTE);
    world.give(down("chillers"));
    world.run(10 * MINUTE);
    assert_eq!(names(&believed(&world)), ["mains down", "chillers consequential"]);
}

#[test]
fn four_sources_of_one_hall_are_one_incident_and_what_fails_elsewhere_is_another() {
    let mut world = World::of(
        "feeds: { line-1: {}, line-2: {} }
generators: { diesel-1: {}, diesel-2: {} }
sites: { hall: { power: { any: [line-1, line-2, diesel-1, diesel-2] } }, other: {} }
upstreams: { transit: { provides: internet } }
servers:
  s-1: { in: hall, network: transit }
  s-2: { in: other, network: transit }
  s-3: { in: other, network: transit }
here: { at: transit }
services:
  shop: { on: s-1, checks: [ { tcp: '10.0.0.1:80', every: 10s } ] }
  wiki: { on: s-2, checks: [ { tcp: '10.0.0.2:80', every: 10s } ] }
  blog: { on: s-3, checks: [ { tcp: '10.0.0.3:80', every: 10s } ] }
",
    );
    for source in ["line-1", "line-2", "diesel-1", "diesel-2", "s-2"] {
        world.break_it(source);
    }
    world.run(2 * MINUTE);
    for source in ["line-1", "line-2", "diesel-1", "diesel-2"] {
        world.give(Input::Reported(Report {
            component: source.into(),
            from: "building".to_owned(),
            saw: Saw::Down,
            tries: 1,
            failures: 1,
            trust: Report::TRUST,
            at: world.now,
            detail: String::new(),
        }));
    }
    world.run(5 * MINUTE);
    let lasting = world.confirmed().into_iter().filter(|it| it.state == IncidentState::Open);
    let mut symptoms: Vec<usize> = lasting.map(|incident| incident.symptoms.len()).collect();
    symptoms.sort_unstable();
    assert_eq!(symptoms, [1, 5], "{:?}", world.causes());
}

#[test]
fn news_of_the_past_changes_nothing_that_is_newer() {
    let mut world = World::of(&two_racks());
    world.run(10 * MINUTE);
    let before = world.now.checked_sub(SignedDuration::from_mins(5)).expect("in range");
    let key = ("web-4/tcp".into(), VantageName::from("outside"));
    // What a spool brings: it was refused five minutes ago, and up again since.
    for (outcome, at) in [
        (Outcome::down(SymptomCode::Refused, ""), before),
        (Outcome::Up, before.checked_add(SignedDuration::from_secs(30)).expect("in range")),
    ] {
        let failures = outcome.failures_of(1);
        world.give(Input::Observed(Observation {
            check: "web-4/tcp".into(),
            vantage: "outside".into(),
            outcome,
            at,
            asked: false,
            tries: 1,
            failures,
        }));
    }
    world.run(MINUTE);
    assert_eq!(world.state.evidence()[&key].outcome.standing(), Standing::Up);
    let live = world.state.incidents().values().filter(|incident| incident.state.is_live());
    assert_eq!(live.count(), 0);
}

#[test]
fn a_vantage_that_is_silent_has_no_word_of_what_came_after() {
    let mut world = World::of(&two_racks());
    let (vantage, detail) = (VantageName::from("outside"), "nothing heard".to_owned());
    world.give(Input::VantageLost { vantage, how: VantageLoss::Silent, detail });
    world.run(MINUTE);
    world.break_it("s-3");
    world.run(2 * MINUTE);
    let live = world.state.incidents().values().filter(|incident| incident.state.is_live());
    let symptoms: Vec<_> = live.flat_map(|incident| incident.symptoms.keys()).collect();
    assert!(symptoms.iter().any(|(check, _)| check.as_str() == "web-2/tcp"), "{symptoms:?}");
    // It goes on talking, as one that is cut off in the middle may: nobody listens.
    let heard = symptoms
        .iter()
        .filter(|(check, from)| from.as_str() == "outside" && check.as_str() != "way out");
    assert_eq!(heard.count(), 0, "{symptoms:?}");
}

#[test]
fn a_reboot_that_mends_nothing_moves_belief_to_what_it_would_not_mend() {
    let chance = |did: Option<Deed>| {
        let mut world = World::of(GUESTS);
        world.break_it("card");
        world.run(5 * MINUTE);
        if let Some(did) = did {
            world.give(act("guest", did));
        }
        world.run(15 * MINUTE);
        let summary = world.state.diagnose(world.now);
        let of = |name: &str| -> f64 {
            let holds = |it: &&BelievedFault| it.fault.subject == name;
            let all = summary.hypotheses.iter();
            let named = all.filter(|hypothesis| hypothesis.faults.iter().any(|it| holds(&it)));
            named.map(|hypothesis| hypothesis.posterior).sum()
        };
        of("guest") / of("card")
    };
    let (before, after) = (chance(None), chance(Some(Deed::Rebooted)));
    assert!(after < 0.7 * before, "odds of the guest against the card: {before} and then {after}");
}

#[test]
fn what_the_host_reports_names_the_card() {
    let mut world = World::of(GUESTS);
    world.fail_in_turns("card", 30);
    world.run(10 * MINUTE);
    world.give(Input::Reported(Report {
        component: "card".into(),
        from: "node".to_owned(),
        saw: Saw::Flapping,
        tries: 40,
        failures: 12,
        trust: Report::TRUST,
        at: world.now,
        detail: "carrier lost and found".to_owned(),
    }));
    world.run(MINUTE);
    assert_eq!(names(&believed(&world)), ["card flaky"]);
    let told: Vec<_> = world.confirmed().iter().map(|it| (it.id, &it.history)).collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    // It was believed of another thing before, and what changed that is kept.
    let incident = world.confirmed()[0];
    let line = incident.diagnosis.changed.last().expect("a line");
    assert!(line.starts_with("Sat 03:"), "{line}");
    assert!(line.contains("card flaky instead of "), "{line}");
    assert!(line.contains(", because card from node "), "{line}");
    assert!(incident.history.iter().any(|(_, _, because)| because == line));
}

#[test]
fn a_word_that_has_grown_too_old_is_not_up_again() {
    let mut world = World::of(&two_racks());
    let report = |world: &mut World, component: &str, from: &str, saw| {
        let (failures, tries) = (u32::from(saw == Saw::Down), 1);
        world.give(Input::Reported(Report {
            component: component.into(),
            from: from.to_owned(),
            saw,
            tries,
            failures,
            trust: Report::TRUST,
            at: world.now,
            detail: String::new(),
        }));
    };
    let returned = |world: &World| -> Vec<String> {
        let said = world.decisions.iter().filter_map(|(_, decision)| match decision {
            Decision::Verify { because, .. } => Some(because.clone()),
            _ => None,
        });
        said.filter(|because| because.ends_with("is up again")).collect()
    };
    // Another system says so once; a check says so too, and goes on to the end.
    world.break_it("quiet");
    report(&mut world, "quiet", "monitor", Saw::Down);
    world.run(70 * MINUTE);
    assert_eq!(returned(&world), [""; 0]);
    world.mend("quiet");
    world.run(5 * MINUTE);
    assert!(!returned(&world).is_empty());
    for because in returned(&world) {
        assert!(because.starts_with("quiet/tcp from "), "{because}");
    }
    let incident = world.confirmed()[0];
    let left: Vec<_> = incident.symptoms_left().map(|(of, from)| format!("{of} {from}")).collect();
    assert_eq!(
        (incident.state, &left[..]),
        (IncidentState::Open, &["quiet monitor".to_owned()][..])
    );
    // Who said that it is down says that it is not.
    report(&mut world, "quiet", "monitor", Saw::Up);
    world.run(5 * MINUTE);
    assert_eq!(world.confirmed()[0].state, IncidentState::Resolved);
}

#[test]
fn what_was_said_before_it_was_mended_is_of_that_time() {
    let mut world = World::of(GUESTS);
    let say = |world: &mut World, saw| {
        let (component, trust, note) = ("utility".into(), 90, String::new());
        let what = PersonAction::Observe { component, saw, trust, note };
        world.give(Input::Person(PersonInput { who: "mara".to_owned(), what }));
    };
    world.break_it("utility");
    world.run(5 * MINUTE);
    say(&mut world, Saw::Down);
    world.run(5 * MINUTE);
    assert_eq!(names(&believed(&world)), ["utility down"]);
    world.mend("utility");
    world.run(MINUTE);
    say(&mut world, Saw::Up);
    world.run(30 * MINUTE);
    let live = world.state.incidents().values().filter(|incident| incident.state.is_live());
    assert_eq!(live.count(), 0, "{:#?}", world.state.incidents());
}

#[test]
fn a_try_that_waited_out_its_deadline_says_nothing_after_a_good_answer() {
    let mut world = World::of(
        "services: { shop: { checks: [ { tcp: '192.0.2.1:80', every: 5s, deadline: 2s } ] } }",
    );
    let key = ("shop/tcp".into(), "here".into());
    let see = |world: &mut World, outcome: Outcome, after_ms: u64| {
        world.now = world.now.checked_add(Duration::from_millis(after_ms)).expect("in range");
        let failures = outcome.failures_of(1);
        let (check, vantage) = ("shop/tcp".into(), "here".into());
        let at = world.now;
        world.give(Input::Observed(Observation {
            check,
            vantage,
            outcome,
            at,
            asked: true,
            tries: 1,
            failures,
        }));
    };
    let timeout = || Outcome::down(SymptomCode::ConnectTimeout, "");
    see(&mut world, Outcome::Up, 0);
    // It was begun 1.7 s before the good answer, while the target may have been dead.
    see(&mut world, timeout(), 300);
    assert_eq!(world.state.evidence()[&key].outcome, Outcome::Up);
    // This one was begun after it.
    see(&mut world, timeout(), 2_000);
    assert_ne!(world.state.evidence()[&key].outcome, Outcome::Up);
}

#[test]
fn two_that_break_a_minute_apart_are_not_what_they_hang_on_in_part() {
    // Nearer together than each is looked at, they may have failed at once.
    for gap in [75, 90, 120] {
        let mut world = World::of(
            "upstreams: { transit: { provides: internet } }
switches: { rack: { network: transit } }
here: { at: rack }
vantages: { outside: { agent: outside } }
servers:
  web-{1..3}: { network: rack, checks: [ { icmp: '10.0.0.{1..3}', every: 60s, from: [here, outside] } ] }
services:
  shop-{1..3}: { on: 'web-{1..3}', checks: [ { tcp: '10.0.0.{1..3}:80', every: 60s, from: [here, outside] } ] }
  blog-{1..3}: { on: 'web-{1..3}', checks: [ { tcp: '10.0.0.{1..3}:81', every: 60s, from: [here, outside] } ] }
",
        );
        world.run(10 * MINUTE);
        world.break_it("web-1");
        world.run(Duration::from_secs(gap));
        world.break_it("web-2");
        world.run(15 * MINUTE);
        assert_eq!(names(&believed(&world)), ["web-1 down", "web-2 down"], "{gap} s apart");
    }
}

/// Ten guests that take their addresses from one server, which speaks to nobody else.
const LEASED: &str = "
upstreams: { transit: { provides: internet } }
switches: { core: { network: transit, checks: [ { icmp: 10.0.0.1, every: 10s } ] } }
servers: { keeper: { network: core, checks: [ { icmp: 10.0.0.2, every: 10s } ] } }
components: { leases: { on: keeper } }
hypervisors:
  node-{1..2}: { network: core, checks: [ { icmp: '10.0.0.{3..4}', every: 10s } ] }
vms:
  guest-{1..5}: { on: node-1, needs: leases, checks: [ { icmp: '10.0.1.{1..5}', every: 10s } ] }
  guest-{6..10}: { on: node-2, needs: leases, checks: [ { icmp: '10.0.1.{6..10}', every: 10s } ] }
here: { at: core }
alerts: { mail: { relay: '127.0.0.1:2525', from: bs@example.net, to: [oncall@example.net], tls: none } }
";

#[test]
fn what_goes_one_after_another_has_a_cause_in_common() {
    let mut world = World::of(LEASED);
    for guest in ["guest-2", "guest-7", "guest-4", "guest-9"] {
        world.break_it(guest);
        world.run(6 * MINUTE);
    }
    assert_eq!(names(&believed(&world)), ["leases partial"]);
    world.break_it("guest-1");
    world.run(6 * MINUTE);
    assert_eq!(names(&believed(&world)), ["leases partial"]);
}

#[test]
fn two_that_go_one_after_another_are_two() {
    let mut world = World::of(LEASED);
    for guest in ["guest-2", "guest-7"] {
        world.break_it(guest);
        world.run(6 * MINUTE);
    }
    assert_eq!(names(&believed(&world)), ["guest-2 down", "guest-7 down"]);
}

/// A switch is back after five minutes, and of its machines, which have gone down with it, these are not.
fn back_but_for(machines: &[&str]) -> World {
    let mut world = World::of(&two_racks());
    world.break_it("switch-2");
    world.run(5 * MINUTE);
    machines.iter().for_each(|machine| world.break_it(machine));
    world.mend("switch-2");
    world
}

#[test]
fn what_starts_slowly_after_its_cause_is_back_has_no_cause_of_its_own() {
    let mut world = back_but_for(&["s-3", "s-5"]);
    world.run(MINUTE);
    assert_eq!(names(&believed(&world)), ["switch-2 down"]);
    world.mend("s-3");
    world.run(MINUTE);
    assert_eq!(names(&believed(&world)), ["switch-2 down"]);
    world.mend("s-5");
    world.run(2 * MINUTE);
    assert_eq!(world.confirmed().len(), 1, "{:#?}", world.confirmed());
    assert_eq!(world.confirmed()[0].state, IncidentState::Resolved);
}

#[test]
fn what_does_not_start_again_is_named() {
    let mut world = back_but_for(&["s-3"]);
    world.run(5 * MINUTE);
    assert_eq!(world.causes(), ["s-3 down"]);
}
