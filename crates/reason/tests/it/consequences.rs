//! What follows from what broke, case by case: how likely, from when, and by which figures.

use blackstart_model::{Plant, plantfile};
use blackstart_reason::circuit::{Circuit, InputId};
use blackstart_reason::consequence::{self, Consequence, Electric};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A plant made ready for questions about what follows.
pub(crate) struct Drawn {
    pub(crate) plant: Arc<Plant>,
    pub(crate) circuit: Circuit,
    pub(crate) electric: Electric,
}

impl Drawn {
    fn of(text: &str) -> Self {
        let (plant, findings) = plantfile::parse_str(text);
        let plant = plant.unwrap_or_else(|| panic!("not a plant: {findings:#?}"));
        let circuit = Circuit::of(&plant);
        let electric = Electric::of(&plant, &circuit);
        Self { plant, circuit, electric }
    }

    pub(crate) fn body(text: &str) -> Self {
        Self::of(&format!("blackstart: 1\nname: case\ntimezone: UTC\n{text}"))
    }

    pub(crate) fn scenario(name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
        let text = std::fs::read_to_string(root.join(name).join("plant.yaml"));
        Self::of(&text.expect("the scenario's plant is there"))
    }

    pub(crate) fn input(&self, name: &str) -> InputId {
        let id = self.plant.find(name).unwrap_or_else(|| panic!("nothing called {name}"));
        self.circuit.component_input(id)
    }

    fn follows(&self, faults: &[&str]) -> Vec<(String, Consequence)> {
        let faults: Vec<_> = faults.iter().map(|name| self.input(name)).collect();
        let follows = consequence::of(&self.plant, &self.circuit, &self.electric, &faults);
        let name = |it: &Consequence| self.plant.components()[it.input.index()].name.to_string();
        follows.into_iter().map(|it| (name(&it), it)).collect()
    }
}

#[test]
fn one_feed_off_makes_the_other_breaker_trip_as_often_as_not() {
    let drawn = Drawn::scenario("seed-6-power-feed");
    let follows = drawn.follows(&["feed-a"]);
    let [(name, pdu)] = &follows[..] else { panic!("{follows:#?}") };
    assert_eq!(name, "pdu-b");
    assert_eq!(pdu.because, "without feed-a it carries 14.7 to 24.1 A of 16.0 A, not before 1.7 s");
    assert_eq!(pdu.probability, (0.0, 1.0), "it may: no more is certain");
    assert!((0.45..0.5).contains(&pdu.typical), "{}", pdu.typical);
    assert_eq!(pdu.within(Duration::from_secs(1)), 0.0, "no breaker is so quick");
    let soon = pdu.within(Duration::from_secs(20 * 60));
    assert!(0.2 < soon && soon < pdu.typical, "{soon}");
}

#[test]
fn what_touches_no_power_has_no_consequences() {
    let drawn = Drawn::scenario("seed-6-power-feed");
    assert_eq!(drawn.follows(&["apps-1", "stream-3", "transit-1"]), []);
    assert_eq!(drawn.follows(&[]), []);
}

/// Two strips behind one feed each, and what hangs on both.
fn two_sides(amps: &str, draw: &str) -> Drawn {
    Drawn::body(&format!(
        "
feeds: {{ feed-a: {{ voltage: 230 V }}, feed-b: {{ voltage: 230 V }} }}
pdus:
  pdu-a: {{ fed_by: feed-a, breaker: {amps} }}
  pdu-b: {{ fed_by: feed-b, breaker: {amps} }}
servers:
  blade: {{ power: {{ any: [pdu-a, pdu-b] }}, power_factor: 1, {draw} }}
"
    ))
}

#[test]
fn what_surely_trips_is_all_but_certain_and_what_holds_is_no_consequence() {
    let surely = two_sides("16 A C", "draw: 6.9 kW").follows(&["feed-a"])[0].1.clone();
    assert_eq!((surely.probability, surely.typical), ((0.95, 1.0), 0.95));
    assert_eq!(surely.not_after, Some(Duration::from_secs(3_600)), "the conventional time");
    assert_eq!(two_sides("32 A C", "draw: 6.9 kW").follows(&["feed-a"]), []);
}

#[test]
fn an_unknown_draw_leaves_everything_between_0_and_1_open() {
    let pdu = two_sides("16 A C", "").follows(&["pdu-a"])[0].1.clone();
    assert_eq!((pdu.probability, pdu.typical), ((0.0, 1.0), 0.05));
    assert!(pdu.because.ends_with("a draw behind it is not known"), "{}", pdu.because);
}

#[test]
fn the_more_it_may_carry_the_likelier_it_trips() {
    let likely = |watts: u32| {
        let follows = two_sides("16 A C", &format!("draw: 3 kW..{watts} W")).follows(&["feed-a"]);
        follows.first().map_or(0.0, |(_, it)| it.typical)
    };
    let rising: Vec<f64> = [3_600, 4_000, 4_500, 5_000, 5_500].map(likely).to_vec();
    assert_eq!(rising[0], 0.0, "15.7 A on 16 A");
    assert!(rising.windows(2).all(|pair| pair[0] < pair[1]), "{rising:?}");
}

#[test]
fn what_trips_next_follows_from_both() {
    // Three strips: the second takes what the first carried, the third what both did.
    let drawn = Drawn::body(
        "
feeds: { feed-a: { voltage: 230 V }, feed-b: { voltage: 230 V }, feed-c: { voltage: 230 V } }
pdus:
  pdu-a: { fed_by: feed-a, breaker: 16 A C }
  pdu-b: { fed_by: feed-b, breaker: 16 A C }
  pdu-c: { fed_by: feed-c, breaker: 25 A C }
defaults: { servers: { power_factor: 1 } }
servers:
  left: { power: { any: [pdu-a, pdu-b] }, draw: 4.6 kW }
  right: { power: { any: [pdu-b, pdu-c] }, draw: 4.6 kW }
  right-2: { power: pdu-c, draw: 2.5 kW }
",
    );
    let names = |faults: &[&str]| -> Vec<String> {
        drawn.follows(faults).into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(names(&["feed-a"]), ["pdu-b", "pdu-c"]);
    assert_eq!(names(&["feed-a", "pdu-b"]), ["pdu-c"], "30.9 A of 25 A");
    assert_eq!(names(&["feed-a", "pdu-b", "pdu-c"]), [""; 0]);
}

#[test]
fn a_ups_runs_out_before_a_slow_generator_carries() {
    let drawn = |runtime: &str| {
        Drawn::body(&format!(
            "
feeds: {{ mains: {{ voltage: 230 V }} }}
generators: {{ diesel: {{ voltage: 230 V, starts_in: 2 min }} }}
transfer_switches: {{ ats: {{ fed_by: {{ any: [mains, diesel] }}, transfers_in: 1 s }} }}
ups: {{ battery: {{ fed_by: ats, runtime: {runtime}, capacity: 2 kW }} }}
servers: {{ web: {{ power: battery, draw: 1.5 kW }} }}
"
        ))
    };
    let follows = |runtime| {
        let follows = drawn(runtime).follows(&["mains"]).into_iter();
        follows.map(|(name, it)| (name, it.typical)).collect::<Vec<_>>()
    };
    let switch = ("ats".to_owned(), 0.05);
    assert_eq!(follows("1 min"), [switch.clone(), ("battery".to_owned(), 0.95)]);
    assert_eq!(follows("10 min"), [switch]);
}

#[test]
fn cooling_that_no_ups_carries_stops_as_often_as_not_when_its_source_changes() {
    let hall = |power: &str| {
        Drawn::body(&format!(
            "
feeds: {{ mains: {{}} }}
generators: {{ diesel: {{ starts_in: 10 s }} }}
transfer_switches: {{ ats: {{ fed_by: {{ any: [mains, diesel] }}, transfers_in: 1 s }} }}
ups: {{ battery: {{ fed_by: ats, runtime: 10 min }} }}
cooling: {{ chillers: {{ power: {power} }} }}
rooms: {{ hall: {{ cooled_by: chillers, power: battery }} }}
"
        ))
    };
    let follows = hall("ats").follows(&["mains"]);
    let [(_, _), (name, stops)] = &follows[..] else { panic!("{follows:#?}") };
    assert_eq!((name.as_str(), stops.typical), ("chillers", 0.5));
    assert_eq!(
        stops.because,
        "without mains its power comes from another source, and it stops for that"
    );
    assert_eq!(hall("ats").follows(&["diesel"]), [], "it was not on it");
    let follows = hall("battery").follows(&["mains"]);
    assert!(follows.iter().all(|(name, _)| name != "chillers"), "the UPS carries it over");
}

#[test]
fn a_transfer_switch_that_loses_what_it_was_on_may_not_pick_the_other() {
    let hall = |prefers: &str| {
        Drawn::body(&format!(
            "
feeds: {{ feed-a: {{}}, feed-b: {{}} }}
transfer_switches: {{ sts: {{ fed_by: {{ any: [feed-a, feed-b] }}{prefers} }} }}
servers: {{ web: {{ power: sts }} }}
"
        ))
    };
    let drawn = hall(", prefers: feed-a");
    let follows = drawn.follows(&["feed-a"]);
    let [(name, sticks)] = &follows[..] else { panic!("{follows:#?}") };
    assert_eq!((name.as_str(), sticks.typical), ("sts", 0.05));
    assert_eq!(sticks.because, "without feed-a it has to pick another source, and may not");
    assert_eq!(drawn.follows(&["feed-b"]), [], "it was not on it");
    assert_eq!(drawn.follows(&["feed-a", "feed-b"]), [], "there is no other left");
    assert_eq!(hall("").follows(&["feed-b"]).len(), 1, "nobody knows which it was on");
}
