//! The pretend world by itself: what the senses tell, and the same bytes for the same seed.

use blackstart_model::observation::Standing;
use blackstart_model::plantfile;
use blackstart_model::record::{Input, PlantSource, VantageLoss};
use blackstart_model::time::{Duration, SignedDuration, Timestamp};
use blackstart_sim::play::confirmed;
use blackstart_sim::scenario::{Happening, Mode, Senses, What};
use blackstart_sim::world::World;
use std::collections::{BTreeMap, BTreeSet};

const PLANT: &str = "
blackstart: 1
name: two racks
upstreams: { transit: { provides: internet } }
routers: { core: { network: transit } }
switches: { switch-1: { network: core }, switch-2: { network: core } }
here: { at: core, way_out: [ { tcp: '198.51.100.1:443' } ] }
vantages: { outside: { agent: outside }, rack-2: { at: switch-2, agent: rack-2 } }
servers:
  s-1: { network: switch-1, address: 192.0.2.1, checks: [ { icmp: 192.0.2.1, from: [here, outside] } ] }
  s-2: { network: switch-2, address: 192.0.2.2, checks: [ { icmp: 192.0.2.2, from: [here, outside, rack-2] } ] }
services:
  web-1: { on: s-1, checks: [ { tcp: '192.0.2.1:80', every: 10s, from: [here, outside] } ] }
  web-2: { on: s-2, checks: [ { tcp: '192.0.2.2:80', every: 10s, from: [here, outside, rack-2] } ] }
";

fn start() -> Timestamp {
    "2026-11-21T03:00:00Z".parse().expect("an instant")
}

fn at(seconds: u64) -> Timestamp {
    let span = SignedDuration::try_from(Duration::from_secs(seconds)).expect("in range");
    start().checked_add(span).expect("in range")
}

fn world(seed: u64, senses: Senses) -> World {
    let files = vec![("plant.yaml".to_owned(), PLANT.to_owned())];
    let (plant, findings) = plantfile::parse(&files);
    let plant = plant.unwrap_or_else(|| panic!("{findings:#?}"));
    World::of(PlantSource { files }, plant, start(), seed, senses)
}

fn broken(what: What, mode: Mode, from: u64, until: Option<u64>) -> Happening {
    let (at, until) = (at(from), until.map(at));
    Happening { what, mode, at, until, rate: 0.4, only: Vec::new(), cause: true, judge_from: None }
}

fn component(name: &str) -> What {
    What::Component(name.into())
}

/// What was told of a check from a vantage: seconds and standing.
fn told(world: &mut World, key: &str, vantage: &str) -> Vec<(i64, Standing)> {
    let heard = world.take_heard();
    let observed = heard.inputs.into_iter().filter_map(|(when, input)| match input {
        Input::Observed(seen) if seen.check.as_str() == key && seen.vantage.as_str() == vantage => {
            Some((when.duration_since(start()).as_secs(), seen.outcome.standing()))
        }
        _ => None,
    });
    observed.collect()
}

#[test]
fn a_steady_world_is_told_once_and_counted() {
    let mut world = world(1, Senses::default());
    world.run_until(at(3_600));
    let told = told(&mut world, "web-1/tcp", "here");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].1, Standing::Up);
    assert_eq!(world.state().encode().matches("incident ").count(), 0);
    // Five in every 10 s and five in every 30 s, those counted that were not looked at.
    assert_eq!(world.tries(), 5 * 360 + 5 * 120);
}

#[test]
fn what_breaks_is_told_within_its_period_and_what_is_asked_is_answered() {
    let mut world = world(1, Senses::default());
    world.happen(broken(component("web-1"), Mode::Down, 600, Some(900)));
    world.run_until(at(1_200));
    let told = told(&mut world, "web-1/tcp", "here");
    let [
        (_, Standing::Up),
        (first, Standing::Down),
        (asked, Standing::Down),
        ..,
        (up, Standing::Up),
    ] = told[..]
    else {
        panic!("{told:?}")
    };
    assert!((600..=610).contains(&first), "{told:?}");
    assert_eq!(asked, first, "{told:?}");
    assert!((900..=910).contains(&up), "{told:?}");
    assert_eq!(confirmed(world.state()).len(), 1);
}

#[test]
fn a_silent_vantage_is_lost_after_a_while_and_tells_late_what_it_saw() {
    let mut world = world(1, Senses::default());
    world.happen(broken(component("switch-2"), Mode::Down, 600, Some(700)));
    world.run_until(at(1_000));
    let heard = world.take_heard();
    let news: Vec<(i64, String)> = heard
        .inputs
        .iter()
        .filter_map(|(when, input)| match input {
            Input::VantageLost { vantage, how: VantageLoss::Silent, .. } => {
                Some((when.duration_since(start()).as_secs(), format!("{vantage} lost")))
            }
            Input::VantageHeard { vantage } => {
                Some((when.duration_since(start()).as_secs(), format!("{vantage} heard")))
            }
            _ => None,
        })
        .collect();
    let [(lost, ref first), (heard_at, ref second)] = news[..] else { panic!("{news:?}") };
    assert_eq!((first.as_str(), second.as_str()), ("rack-2 lost", "rack-2 heard"));
    assert!((615..=622).contains(&lost) && (700..=704).contains(&heard_at), "{news:?}");
}

#[test]
fn a_server_that_lost_its_way_out_says_so_and_accuses_nobody() {
    let mut world = world(1, Senses::default());
    world.happen(broken(What::Vantage("here".into()), Mode::CutOff, 600, None));
    world.run_until(at(1_000));
    let told = told(&mut world, "web-1/tcp", "here");
    assert!(told.iter().all(|(_, standing)| *standing != Standing::Down), "{told:?}");
    assert!(world.state().lost_vantages().keys().any(|name| name.as_str() == "here"));
}

#[test]
fn what_fails_in_turns_is_told_in_turns() {
    let mut world = world(1, Senses::default());
    world.happen(broken(component("s-1"), Mode::Flaky, 60, None));
    world.run_until(at(3_600));
    let told = told(&mut world, "web-1/tcp", "here");
    let down = told.iter().filter(|(_, standing)| *standing == Standing::Down).count();
    assert!(down > 50 && told.len() - down > 50, "{down} of {}", told.len());
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let senses = Senses {
        lies: 0.02,
        lost: 0.02,
        duplicated: 0.1,
        delayed: Duration::from_secs(3),
        clock_step: Duration::from_secs(40),
    };
    let run = |seed| {
        let mut world = world(seed, senses);
        world.happen(broken(component("s-2"), Mode::Flaky, 300, Some(600)));
        world.happen(broken(component("switch-1"), Mode::Down, 700, Some(900)));
        world.run_until(at(1_200));
        let heard = world.take_heard();
        (format!("{:?}", heard.decisions), format!("{:?}", heard.inputs), world.state().encode())
    };
    let (first, second, other) = (run(7), run(7), run(8));
    assert!(first == second);
    assert!(first.1 != other.1);
}

#[test]
fn a_ups_carries_for_its_runtime_and_is_full_again_when_its_source_is_back() {
    let text = "
blackstart: 1
name: a battery
feeds: { mains: {} }
ups: { ups-1: { fed_by: mains, runtime: 10 min } }
servers:
  s-1: { power: ups-1, address: 192.0.2.1, checks: [ { icmp: 192.0.2.1, every: 10s, from: [here] } ] }
";
    let files = vec![("plant.yaml".to_owned(), text.to_owned())];
    let (plant, findings) = plantfile::parse(&files);
    let plant = plant.unwrap_or_else(|| panic!("{findings:#?}"));
    let source = PlantSource { files };
    let mut world = World::of(source, plant, start(), 1, Senses::default());
    // Nine minutes, nine more, and then for good.
    for (from, until) in [(600, Some(1_140)), (1_200, Some(1_740)), (1_800, None)] {
        world.happen(broken(component("mains"), Mode::Down, from, until));
    }
    world.run_until(at(3_600));
    let told = told(&mut world, "s-1/icmp", "here");
    let down = told.iter().find(|(_, standing)| *standing == Standing::Down);
    let (when, _) = down.unwrap_or_else(|| panic!("{told:?}"));
    assert!((2_400..=2_415).contains(when), "{told:?}");
    assert_eq!(
        told.iter().filter(|(_, standing)| *standing == Standing::Up).count(),
        1,
        "{told:?}"
    );
}

#[test]
fn what_stays_cool_goes_on_for_a_while_each_in_its_own_time() {
    let text = "
blackstart: 1
name: hall
upstreams: { transit: { provides: internet } }
routers: { core: { network: transit } }
here: { at: core }
cooling: { pump: {} }
racks: { row-1: { cooled_by: pump }, row-2: { cooled_by: pump }, row-3: { cooled_by: pump } }
servers:
  s-{1..3}: { in: \"row-{1..3}\", network: core, checks: [ { icmp: \"192.0.2.{1..3}\" } ] }
";
    let files = vec![("plant.yaml".to_owned(), text.to_owned())];
    let (plant, findings) = plantfile::parse(&files);
    let plant = plant.unwrap_or_else(|| panic!("{findings:#?}"));
    let mut world = World::of(PlantSource { files }, plant, start(), 1, Senses::default());
    let minutes = |count: u64| Duration::from_secs(count * 60);
    world.stay_cool(Some((minutes(20), minutes(60))));
    world.happen(broken(component("pump"), Mode::Down, 60, None));
    world.run_until(at(4_000));
    let heard = world.take_heard();
    let fell = heard.inputs.into_iter().filter_map(|(when, input)| match input {
        Input::Observed(seen) if seen.outcome.standing() == Standing::Down => {
            Some((seen.check.to_string(), when.duration_since(start()).as_secs() / 60))
        }
        _ => None,
    });
    let mut first = BTreeMap::new();
    for (check, minute) in fell {
        first.entry(check).or_insert(minute);
    }
    let minutes: BTreeSet<i64> = first.values().copied().collect();
    assert_eq!((first.len(), minutes.len()), (3, 3), "{first:?}");
    assert!(minutes.iter().all(|minute| (20..=62).contains(minute)), "{first:?}");
}
