//! Outages told in a few words, minutes apart, by people and by other systems, and by no check.

use crate::world::World;
use blackstart_model::incident::IncidentState;
use blackstart_model::observation::{Outcome, SymptomCode};
use blackstart_model::record::{DiagnosisSummary, Input, Report, Saw};
use blackstart_model::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// Too short for anything to be over.
const MOMENT: Duration = Duration::from_secs(2);

/// A site on links that hang on one chassis, a status page beside it, and a machine whose disks have a lock.
const PLANT: &str = "
components:
  room: {}
  fibres: {}
  chassis: {}
  links: { needs: [fibres, chassis] }
  lock: {}
feeds: { grid-1: {}, grid-2: {} }
sites:
  far: { needs: links }
  near: { power: { any: [grid-1, grid-2] } }
hypervisors: { node: {} }
vms: { guest: { on: node, needs: lock } }
servers: { elsewhere: { checks: [ { icmp: '10.0.0.9' } ] } }
";

fn tell(world: &mut World, component: &str, from: &str, saw: Saw) {
    world.give(Input::Reported(Report {
        component: component.into(),
        from: from.to_owned(),
        saw,
        tries: 1,
        failures: u32::from(saw == Saw::Down),
        trust: Report::TRUST,
        at: world.now,
        detail: String::new(),
    }));
}

fn believed(world: &World) -> DiagnosisSummary {
    world.state.diagnose(world.now)
}

/// What the leading hypothesis says, with `!` for what is over.
fn lead(world: &World) -> Vec<String> {
    let summary = believed(world);
    let lead = &summary.hypotheses[0];
    let over = |over: bool| if over { "!" } else { "" };
    let said = |it: &blackstart_model::record::BelievedFault| {
        format!("{} {}{}", it.fault.subject, it.fault.mode, over(it.until.is_some()))
    };
    lead.faults.iter().map(said).collect()
}

#[test]
fn who_sees_it_up_again_ends_what_others_called_down() {
    let mut world = World::of(PLANT);
    tell(&mut world, "far", "outside", Saw::Down);
    world.run(MINUTE);
    tell(&mut world, "chassis", "human", Saw::Down);
    world.run(20 * MINUTE);
    assert_eq!(lead(&world), ["chassis down"]);
    // Nobody says a word more of the chassis; but the site could not be up without it.
    tell(&mut world, "far", "inside", Saw::Up);
    world.run(MOMENT);
    assert_eq!(lead(&world), ["chassis down!"]);
    assert!(believed(&world).hypotheses[0].contradicted.is_empty());
    let states: Vec<_> = world.confirmed().iter().map(|it| it.state).collect();
    assert_eq!(states, [IncidentState::Recovering]);
}

#[test]
fn one_of_two_feeds_may_be_dark_behind_what_is_up_again() {
    let mut world = World::of(PLANT);
    tell(&mut world, "grid-1", "inside", Saw::Down);
    world.run(MINUTE);
    tell(&mut world, "near", "outside", Saw::Down);
    world.run(20 * MINUTE);
    assert_eq!(lead(&world).len(), 2, "{:?}", lead(&world));
    tell(&mut world, "near", "inside", Saw::Up);
    world.run(2 * MINUTE);
    let summary = believed(&world);
    assert!(summary.hypotheses[0].contradicted.is_empty(), "{:?}", summary.hypotheses[0]);
    let open = world.confirmed().into_iter().filter(|it| it.state == IncidentState::Open);
    assert!(open.count() > 0, "nobody has said that the feed is back");
}

#[test]
fn what_was_seen_up_before_has_failed_since() {
    let mut world = World::of(PLANT);
    tell(&mut world, "node", "inside", Saw::Down);
    world.run(20 * MINUTE);
    tell(&mut world, "node", "inside", Saw::Up);
    tell(&mut world, "guest", "human", Saw::Up);
    world.run(30 * MINUTE);
    tell(&mut world, "lock", "on-host", Saw::Down);
    world.run(MINUTE);
    assert!(lead(&world).contains(&"lock down".to_owned()), "{:?}", lead(&world));
    assert!(believed(&world).hypotheses[0].contradicted.is_empty());
}

#[test]
fn who_says_otherwise_within_minutes_sees_it_otherwise() {
    let mut world = World::of(PLANT);
    tell(&mut world, "far", "outside", Saw::Down);
    world.run(2 * MINUTE);
    tell(&mut world, "far", "inside", Saw::Up);
    world.run(20 * MINUTE);
    let states: Vec<_> = world.confirmed().iter().map(|it| it.state).collect();
    assert_eq!(states, [IncidentState::Open]);
    // Nor where the first says it again.
    let mut world = World::of(PLANT);
    tell(&mut world, "far", "outside", Saw::Down);
    world.run(20 * MINUTE);
    tell(&mut world, "far", "inside", Saw::Up);
    world.run(MOMENT);
    tell(&mut world, "far", "outside", Saw::Down);
    world.run(MINUTE);
    let states: Vec<_> = world.confirmed().iter().map(|it| it.state).collect();
    assert_eq!(states, [IncidentState::Open]);
    assert!(!lead(&world).iter().any(|it| it.ends_with('!')), "{:?}", lead(&world));
}

#[test]
fn things_of_no_kind_do_not_hang_on_each_other_by_mistake() {
    let mut world = World::of(PLANT);
    tell(&mut world, "room", "inside", Saw::Down);
    world.run(MINUTE);
    tell(&mut world, "links", "inside", Saw::Down);
    world.run(2 * MINUTE);
    let causes = lead(&world);
    assert_eq!(causes.len(), 2, "{causes:?}");
    assert!(causes.contains(&"room down".to_owned()), "{causes:?}");
}

#[test]
fn a_cause_is_as_sure_as_its_faults_whatever_else_shows_nowhere() {
    let mut world = World::of(
        "
feeds: { mains: {} }
generators: { diesel: {} }
ups: { ups: { fed_by: { any: [mains, diesel] } } }
cooling: { chiller: { power: { any: [mains, diesel] } } }
servers:
  racks: { power: ups, cooled_by: chiller }
  elsewhere: { checks: [ { icmp: '10.0.0.9' } ] }
",
    );
    let told = [
        ("mains", "inside", Saw::Down, 10),
        ("chiller", "inside", Saw::Degraded, 5),
        ("chiller", "on-host", Saw::Degraded, 7),
        ("chiller", "human", Saw::Down, 18),
        ("racks", "human", Saw::Down, 29),
        ("chiller", "inside", Saw::Up, 14),
        ("racks", "human", Saw::Degraded, 1),
    ];
    for (component, from, saw, minutes) in told {
        tell(&mut world, component, from, saw);
        world.run(minutes * MINUTE);
    }
    let names = lead(&world);
    assert!(names[0].starts_with("mains") || names[1].starts_with("mains"), "{names:?}");
    assert!(names.iter().any(|it| it.starts_with("chiller consequential")), "{names:?}");
    let summary = believed(&world);
    assert!(summary.hypotheses[0].posterior > 0.8, "{:?}", summary.hypotheses[0]);
}

#[test]
fn who_lost_one_of_several_may_be_bad_for_it() {
    let mut world = World::of(
        "
disks: { disk-1: { on: host-1 }, disk-2: { on: host-2 }, disk-3: { on: host-3 } }
servers: { 'host-{1..3}': {}, elsewhere: { checks: [ { icmp: '10.0.0.9' } ] } }
storage: { pool: { needs: { at_least: 2, of: [disk-1, disk-2, disk-3] } } }
vms: { guest: { needs: pool } }
",
    );
    tell(&mut world, "host-1", "on-host", Saw::Flapping);
    tell(&mut world, "disk-1", "inside", Saw::Down);
    world.run(MINUTE);
    tell(&mut world, "pool", "inside", Saw::Degraded);
    tell(&mut world, "guest", "outside", Saw::Degraded);
    world.run(MINUTE);
    let summary = believed(&world);
    let lead = &summary.hypotheses[0];
    assert_eq!(lead.faults.len(), 1, "{lead:?}");
    assert_eq!(lead.faults[0].fault.subject, "host-1", "{lead:?}");
    assert!(lead.unexplained.is_empty(), "{lead:?}");
    assert_eq!(world.confirmed().len(), 1);
}

#[test]
fn what_somebody_says_of_what_answers_is_as_likely_as_they_are_trusted() {
    let mut world = World::of(PLANT);
    tell(&mut world, "guest", "outside", Saw::Degraded);
    world.run(MINUTE);
    assert_eq!(lead(&world), ["guest degraded"]);
    let summary = believed(&world);
    assert!((summary.hypotheses[0].posterior - 0.95).abs() < 1e-9, "{summary:?}");
    assert!(summary.sentence.starts_with("guest (vm) answers, and is degraded"), "{summary:?}");
    tell(&mut world, "guest", "outside", Saw::Up);
    world.run(MOMENT);
    assert_eq!(lead(&world), ["guest degraded!"]);
}

#[test]
fn a_word_about_what_hangs_on_two_of_many_that_failed_alike_is_weighed_with_them() {
    let mut world = World::of(
        "
switches: { switch: {} }
defaults: { servers: { network: switch, checks: [ { icmp: '10.0.0.9' }, { tcp: '10.0.0.9:22' } ] } }
servers: { 'm-{1..12}': {} }
services: { pair: { needs: { any: [m-1, m-2] } } }
here: { at: switch }
",
    );
    for machine in 1..=12 {
        let refused = Outcome::down(SymptomCode::Refused, "");
        world.say(&format!("m-{machine}/tcp"), "here", &refused);
    }
    world.run(2 * MINUTE);
    tell(&mut world, "pair", "human", Saw::Down);
    world.run(2 * MINUTE);
    let explained = |it: &str| {
        believed(&world).hypotheses.iter().any(|lead| lead.explains.contains(&it.to_owned()))
    };
    assert!(explained("pair from human"), "{:#?}", believed(&world));
}

/// Three servers on one battery behind a switch that picks its source, and one elsewhere.
const ON_A_BATTERY: &str = "
feeds: { mains: {} }
generators: { generator: {} }
transfer_switches: { 'transfer-{1..2}': { fed_by: { any: [mains, generator] } } }
ups: { battery: { fed_by: transfer-2, runtime: 23 min } }
upstreams: { transit: { provides: internet } }
switches: { rack: { power: battery, network: transit } }
servers:
  's{1..3}': { power: battery, network: rack }
  elsewhere: { checks: [ { icmp: '10.0.0.9' } ] }
";

#[test]
fn what_was_called_down_when_it_began_belongs_to_it_though_it_is_over() {
    let mut world = World::of(ON_A_BATTERY);
    tell(&mut world, "mains", "inside", Saw::Down);
    world.run(5 * MINUTE);
    tell(&mut world, "transfer-1", "inside", Saw::Up);
    world.run(18 * MINUTE);
    for server in ["s1", "s2", "s3"] {
        tell(&mut world, server, "outside", Saw::Down);
    }
    world.run(6 * MINUTE);
    tell(&mut world, "mains", "inside", Saw::Up);
    world.run(20 * MINUTE);
    // The incident of the mains is over, and that of the servers is not; nor is why they went dark forgotten.
    assert!(lead(&world).contains(&"mains down!".to_owned()), "{:?}", lead(&world));
    world.run(30 * MINUTE);
    for server in ["s1", "s2", "s3"] {
        tell(&mut world, server, "outside", Saw::Up);
    }
    world.run(MOMENT);
    assert!(lead(&world).contains(&"mains down!".to_owned()), "{:?}", lead(&world));
}

/// Three switches behind a router, with four servers each.
const RACKS: &str = "
upstreams: { transit: { provides: internet } }
routers: { edge: { network: transit } }
switches: { rack-a: { network: edge }, rack-b: { network: edge }, rack-c: { network: edge } }
servers:
  'a{1..4}': { network: rack-a }
  'b{1..4}': { network: rack-b }
  'c{1..4}': { network: rack-c }
  elsewhere: { checks: [ { icmp: '10.0.0.9' } ] }
";

#[test]
fn who_tells_of_some_of_a_kind_would_have_told_of_the_others() {
    let mut world = World::of(RACKS);
    for server in ["a1", "a2", "a3", "a4"] {
        tell(&mut world, server, "alertmanager", Saw::Down);
    }
    world.run(5 * MINUTE);
    let summary = believed(&world);
    assert_eq!(lead(&world), ["rack-a down"]);
    assert!(summary.hypotheses[0].posterior > 0.8, "{}", summary.sentence);
    // Nobody has said that the others are up, and nobody is told so.
    assert!(summary.hypotheses.iter().all(|it| it.contradicted.is_empty()));
    // Where one of each rack is named as well it was the router.
    for server in ["b1", "b2", "b3", "c2", "c3", "c4"] {
        tell(&mut world, server, "alertmanager", Saw::Down);
    }
    world.run(5 * MINUTE);
    assert_eq!(lead(&world), ["edge down"]);
}

/// Sites on three machines, under two certificates.
const COVERED: &str = "
upstreams: { transit: { provides: internet } }
servers:
  'web-{1..3}': { network: transit }
  elsewhere: { checks: [ { icmp: '10.0.0.9' } ] }
websites:
  'a{1..4}': { on: web-1 }
  'b{1..4}': { on: web-2 }
  'd{1..4}': { on: web-3 }
certificates:
  old-chain: { covers: [a1, a3, b2, d4] }
  new-chain: { covers: [a2, a4, b1, b3, b4, d1, d2, d3] }
  own: { covers: a4 }
";

#[test]
fn what_one_certificate_covers_fails_with_it() {
    let mut world = World::of(COVERED);
    for site in ["a1", "a3", "b2", "d4"] {
        tell(&mut world, site, "alertmanager", Saw::Down);
    }
    world.run(5 * MINUTE);
    assert_eq!(lead(&world), ["old-chain down"]);
}

/// Two power strips side by side in one room, what hangs on both, and what hangs on one.
const STRIPS: &str = "
upstreams: { isp: { provides: internet } }
rooms: { suite: {} }
feeds: { feed-a: {}, feed-b: {} }
pdus: { pdu-a: { in: suite, fed_by: feed-a }, pdu-b: { in: suite, fed_by: feed-b } }
routers: { border: { network: isp, power: { any: [feed-a, feed-b] } } }
switches: { sw: { in: suite, network: border, power: { any: [pdu-a, pdu-b] } } }
servers:
  dual-{1..3}: { in: suite, network: sw, power: { any: [pdu-a, pdu-b] } }
  single-{1..2}: { in: suite, network: sw, power: pdu-a }
  single-{3..4}: { in: suite, network: sw, power: pdu-b }
  elsewhere: { checks: [ { icmp: '10.0.0.9' } ] }
";

#[test]
fn the_second_of_two_went_when_all_went_and_not_before() {
    let mut world = World::of(STRIPS);
    for name in ["single-1", "single-2"] {
        tell(&mut world, name, "inside", Saw::Down);
    }
    world.run(2 * MINUTE);
    for name in ["single-3", "dual-1", "sw"] {
        tell(&mut world, name, "inside", Saw::Up);
    }
    world.run(38 * MINUTE);
    for name in ["sw", "dual-1", "dual-2", "single-4"] {
        tell(&mut world, name, "inside", Saw::Down);
    }
    tell(&mut world, "border", "inside", Saw::Up);
    world.run(2 * MINUTE);
    // The second was seen to carry, so it had not failed with the first, nor before.
    let first = believed(&world).hypotheses.swap_remove(0);
    assert!(first.contradicted.is_empty(), "{:?}", lead(&world));
    assert!(lead(&world).contains(&"pdu-b down".to_owned()), "{:?}", lead(&world));
    let began = |name: &str| {
        let own = first.faults.iter().find(|it| it.fault.subject == name);
        own.and_then(|it| it.since)
    };
    let [Some(a), Some(b)] = [began("feed-a").or(began("pdu-a")), began("pdu-b")] else {
        panic!("{:?}", lead(&world));
    };
    assert!(b > a, "{:?}", lead(&world));
}

#[test]
fn a_feed_of_which_nobody_speaks_is_not_named_beside_the_other() {
    let mut world = World::of(
        "
upstreams: { isp: { provides: internet } }
feeds: { feed-a: {}, feed-b: {} }
ups:
  ups-a: { fed_by: feed-a, runtime: 6..9 min }
  ups-b: { fed_by: feed-b, runtime: 6..9 min }
transfer_switches:
  ats: { fed_by: { any: [ups-a, ups-b] }, prefers: ups-a, transfers_in: 8..16 ms }
switches: { core: { network: isp, power: { any: [ups-a, ups-b] } } }
servers:
  r-{1..4}: { network: core, power: ats }
  dual-{1..3}: { network: core, power: { any: [ups-a, ups-b] } }
  elsewhere: { checks: [ { icmp: '10.0.0.9' } ] }
",
    );
    tell(&mut world, "feed-a", "human", Saw::Down);
    world.run(8 * MINUTE);
    for name in ["r-1", "r-2", "r-3", "r-4"] {
        tell(&mut world, name, "inside", Saw::Down);
    }
    for name in ["dual-1", "dual-2", "core"] {
        tell(&mut world, name, "inside", Saw::Up);
    }
    world.run(10 * MINUTE);
    assert_eq!(lead(&world), ["feed-a down", "ats consequential"]);
}
