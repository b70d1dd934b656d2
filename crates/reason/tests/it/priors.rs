//! How likely things are to have broken before anything is seen, case by case.

use crate::consequences::Drawn;
use blackstart_model::record::{Deed, FaultMode};
use blackstart_model::time::{Timestamp, local_instant};
use blackstart_model::{ComponentId, ComponentName};
use blackstart_reason::Deeded;
use blackstart_reason::circuit::Killers;
use blackstart_reason::circuit::Subject;
use blackstart_reason::coincidence::{self, Happened};
use blackstart_reason::prior::{Context, Unseen, log_prior, log_unmodelled};
use std::collections::BTreeMap;

fn drawn() -> Drawn {
    Drawn::body(
        "
feeds: { feed-a: { voltage: 230 V }, feed-b: { voltage: 230 V } }
pdus: { pdu-a: { fed_by: feed-a }, pdu-b: { fed_by: feed-b } }
generators: { old-diesel: { condition: { never_exercised: true } }, diesel: { condition: { exercised: '2026-11-14' } } }
upstreams: { transit: { provides: internet } }
switches: { core: { network: transit, power: pdu-a } }
servers:
  web:
    network: core
    power: { any: [pdu-a, pdu-b, old-diesel, diesel] }
    address: 192.0.2.1
    checks: [ { icmp: 192.0.2.1 } ]
files: { aliases: {} }
services: { apache: { on: web, to_start: aliases, condition: { exercised: '2026-11-01' } } }
maintenance:
  feed-a-off: { off: [feed-a], by: house, from: '2026-11-21 02:00', to: '2026-11-21 06:00' }
",
    )
}

fn at(time: &str) -> Timestamp {
    local_instant(time, &blackstart_model::time::Zone::UTC).expect("a time")
}

struct Asked {
    drawn: Drawn,
    unseen: Unseen,
    onset: Timestamp,
    working: Option<Timestamp>,
    troubled: Vec<ComponentId>,
    failed_before: Vec<ComponentId>,
    deeds: BTreeMap<ComponentName, Vec<Deeded>>,
}

impl Asked {
    /// On a day on which nothing else happens.
    fn calm() -> Self {
        let drawn = drawn();
        let killers = Killers::of(&drawn.circuit).expect("a small plant");
        let unseen = Unseen::of(&drawn.plant, &drawn.circuit, &killers);
        let onset = at("2026-11-07 12:00");
        let (troubled, failed_before) = (vec![], vec![]);
        Self {
            drawn,
            unseen,
            onset,
            working: None,
            troubled,
            failed_before,
            deeds: BTreeMap::new(),
        }
    }

    fn chance(&self, name: &str, mode: FaultMode) -> f64 {
        self.with(|context| {
            let Drawn { plant, circuit, .. } = &self.drawn;
            log_prior(plant, circuit, self.drawn.input(name), mode, context).exp()
        })
    }

    fn with<T>(&self, of: impl Fn(&Context<'_>) -> T) -> T {
        let Drawn { plant, circuit, .. } = &self.drawn;
        let (deeds, ends) = (&self.deeds, coincidence::ends(plant));
        let happened = Happened {
            onset: self.onset,
            working: self.working,
            deeds,
            troubled: &self.troubled,
            failed_before: &self.failed_before,
            ends: &ends,
        };
        of(&Context::of(plant, circuit, &self.unseen, &happened))
    }

    fn id(&self, name: &str) -> ComponentId {
        self.drawn.plant.find(name).expect("it is there")
    }
}

#[test]
fn on_a_calm_day_it_is_the_rate_of_the_kind_in_an_hour() {
    let asked = Asked::calm();
    let Drawn { plant, circuit, .. } = &asked.drawn;
    for name in ["web", "feed-a", "transit"] {
        let input = asked.drawn.input(name);
        let empty = log_prior(plant, circuit, input, FaultMode::Down, &Context::default()).exp();
        assert_eq!(asked.chance(name, FaultMode::Down), empty, "{name}");
    }
    // Switches: 0.05 to 0.1 a year.
    let switch = asked.chance("core", FaultMode::Down);
    assert!((switch - 0.0707 / 8_766.0).abs() < 1e-8, "{switch}");
}

#[test]
fn the_longer_nobody_looked_the_likelier_anything_broke_and_the_unmodelled_as_well() {
    let calm = Asked::calm();
    let night = Asked { working: Some(at("2026-11-07 02:00")), ..Asked::calm() };
    let times = night.chance("core", FaultMode::Down) / calm.chance("core", FaultMode::Down);
    assert!((times - 10.0).abs() < 1e-9, "{times}");
    let unmodelled = night.with(log_unmodelled) - calm.with(log_unmodelled);
    assert!((unmodelled.exp() - 10.0).abs() < 1e-9);
    let quick = Asked { working: Some(at("2026-11-07 11:59")), ..Asked::calm() };
    assert_eq!(quick.chance("core", FaultMode::Down), calm.chance("core", FaultMode::Down));
}

#[test]
fn each_form_has_its_share() {
    let asked = Asked::calm();
    let [down, flaky, partial] = [FaultMode::Down, FaultMode::Flaky, FaultMode::Partial]
        .map(|mode| asked.chance("core", mode));
    assert!(flaky < down && partial < down);
    let [down, flaky] =
        [FaultMode::Down, FaultMode::Flaky].map(|mode| asked.chance("feed-a", mode));
    assert!(flaky < 0.1 * down, "current is there or is not");
}

#[test]
fn what_an_announcement_switches_off_is_likely_off_in_its_window_and_a_little_before() {
    let on =
        |time: &str| Asked { onset: at(time), ..Asked::calm() }.chance("feed-a", FaultMode::Down);
    let (calm, eve, within) =
        (on("2026-11-07 12:00"), on("2026-11-20 12:00"), on("2026-11-21 02:30"));
    assert!(calm < 1e-4 && within > 0.2, "{calm} {within}");
    assert!(eve > 5.0 * calm && eve < 0.01, "{eve}");
}

#[test]
fn signs_of_trouble_and_a_failure_earlier_that_day_raise_it() {
    let calm = Asked::calm();
    let troubled = Asked { troubled: vec![calm.id("core")], ..Asked::calm() };
    let again = Asked { failed_before: vec![calm.id("core")], ..Asked::calm() };
    let of = |asked: &Asked| asked.chance("core", FaultMode::Down);
    assert!((of(&troubled) / of(&calm) - 30.0).abs() < 1e-6);
    assert!(of(&again) > 100.0 * of(&calm));
    assert_eq!(troubled.chance("web", FaultMode::Down), calm.chance("web", FaultMode::Down));
}

#[test]
fn a_standby_that_nothing_watches_may_have_been_dead_since_it_was_last_exercised() {
    let asked = Asked { onset: at("2026-11-21 12:00"), ..Asked::calm() };
    let latent = |name: &str| asked.chance(name, FaultMode::Latent);
    let down = |name: &str| asked.chance(name, FaultMode::Down);
    // A week, and never.
    assert!((latent("diesel") / down("diesel") - 7.5 * 24.0).abs() < 2.0, "{}", latent("diesel"));
    assert!((latent("old-diesel") - 0.1).abs() < 1e-12, "{}", latent("old-diesel"));
    assert!(latent("pdu-b") > 1_000.0 * down("pdu-b"), "nobody says when it was looked after");
    assert!(latent("feed-b") < 2.0 * down("feed-b"), "whose feed it is mends it");
    for watched in ["web", "core", "pdu-a"] {
        assert!(latent(watched) < 1e-20, "{watched} would have been seen");
    }
}

#[test]
fn what_is_read_at_a_start_may_have_broken_any_time_since_the_last_one_and_shows_at_the_next() {
    let mut asked = Asked::calm();
    // Six days and a half since the reader's last start.
    let hours =
        asked.chance("aliases", FaultMode::Latent) / asked.chance("aliases", FaultMode::Down);
    assert!((150.0..156.1).contains(&hours), "{hours}");
    let spread = |asked: &Asked| {
        let Drawn { plant, circuit, .. } = &asked.drawn;
        let (from, to) = (asked.id("aliases"), asked.id("apache"));
        let subject = Subject::Spread { from, to };
        let input = circuit.inputs().find(|&input| circuit.subject(input) == subject);
        let input = input.expect("it needs it to start");
        asked.with(|context| {
            log_prior(plant, circuit, input, FaultMode::Consequential, context).exp()
        })
    };
    assert!(spread(&asked) < 0.05, "nobody tells of a start");
    let at = at("2026-11-07 11:59");
    let restarted =
        Deeded { did: Deed::Restarted, at, who: "a job".to_owned(), note: String::new() };
    asked.deeds.insert("apache".into(), vec![restarted]);
    assert!(spread(&asked) > 0.5, "it was started again a minute ago");
}
