//! Random halls, played by the load layer and, with everything known, by a simulator that knows nothing of
//! ranges: whatever comes true must lie within what was said.

use super::super::trip::{Band, NEVER};
use super::{Case, case};
use crate::load::{BreakerFate, Darkness, LoadOutcome, Verdict};
use blackstart_model::plantfile::parse_str;
use blackstart_model::quantity::{Attribute, BreakerRating, Value};
use proptest::prelude::*;
use std::fmt::Write as _;

/// Volts of every feed here.
const VOLTS: f64 = 230.0;

/// Two feeds, panels on them, strips on those, machines with one or two cords.
#[derive(Clone, Debug)]
struct Hall {
    /// The feed each panel is on, and its breaker.
    panels: Vec<(usize, String)>,
    /// The panel each strip is on, and its breaker.
    strips: Vec<(usize, String)>,
    /// The strips a machine's cords end in, and its draw, watts.
    machines: Vec<(Vec<usize>, (f64, f64))>,
}

impl Hall {
    fn text(&self) -> String {
        let mut text = format!(
            "\nfeeds: {{ feed-0: {{ voltage: {VOLTS} V }}, feed-1: {{ voltage: {VOLTS} V }} }}\nbreakers:\n"
        );
        for (at, (feed, breaker)) in self.panels.iter().enumerate() {
            writeln!(text, "  panel-{at}: {{ fed_by: feed-{feed}, breaker: {breaker} }}")
                .expect("a String");
        }
        text += "pdus:\n";
        for (at, (panel, breaker)) in self.strips.iter().enumerate() {
            writeln!(text, "  strip-{at}: {{ fed_by: panel-{panel}, breaker: {breaker} }}")
                .expect("a String");
        }
        text += "servers:\n";
        for (at, (cords, (least, most))) in self.machines.iter().enumerate() {
            let cords: Vec<String> = cords.iter().map(|strip| format!("strip-{strip}")).collect();
            writeln!(
                text,
                "  s-{at}: {{ power: {{ any: [{}] }}, draw: {least} W..{most} W, power_factor: 1, \
                 psu_mode: shared }}",
                cords.join(", ")
            )
            .expect("a String");
        }
        text
    }

    fn played(&self) -> (Case, LoadOutcome) {
        let case = case(&self.text());
        let outcome = case.off(&["feed-0"]);
        (case, outcome)
    }
}

fn breaker() -> impl Strategy<Value = String> {
    let rated = prop_oneof![Just(6), Just(10), Just(16), Just(20), Just(32)];
    let curve = prop_oneof![Just("B"), Just("C"), Just("D")];
    let standard = prop_oneof![Just("iec-60898-1"), Just("iec-60947-2"), Just("ul-489")];
    (rated, curve, proptest::option::of(standard)).prop_map(|(rated, curve, standard)| {
        let standard = standard.map_or(String::new(), |standard| format!(", standard: {standard}"));
        format!("{{ rated: {rated} A, curve: {curve}{standard} }}")
    })
}

fn hall() -> impl Strategy<Value = Hall> {
    let panels = proptest::collection::vec(breaker(), 2..4);
    let strips = proptest::collection::vec((0..8_usize, breaker()), 2..6);
    let machine = (
        proptest::collection::vec(0..8_usize, 1..3),
        (0.0..1_200.0_f64, 0.0..600.0_f64).prop_map(|(least, more)| (least, least + more)),
    );
    (panels, strips, proptest::collection::vec(machine, 1..14)).prop_map(
        |(panels, strips, machines)| {
            // The first two strips are on different feeds, so that something always moves.
            let panels: Vec<_> =
                panels.into_iter().enumerate().map(|(at, own)| (at % 2, own)).collect();
            let strips: Vec<_> = strips
                .into_iter()
                .enumerate()
                .map(|(at, (panel, own))| (if at < 2 { at } else { panel % panels.len() }, own))
                .collect();
            let machines = machines
                .into_iter()
                .map(|(cords, draw)| {
                    let mut cords: Vec<_> =
                        cords.into_iter().map(|cord| cord % strips.len()).collect();
                    cords.sort_unstable();
                    cords.dedup();
                    (cords, draw)
                })
                .collect();
            Hall { panels, strips, machines }
        },
    )
}

/// What truly happens: when each panel and each strip trips, with all of it known.
struct Truth {
    panels: Vec<f64>,
    strips: Vec<f64>,
    /// When each strip is dark.
    dark: Vec<f64>,
}

/// What is known in truth and not to the plant: parts from 0 to 1, taken in turn.
struct Chance<'c>(std::iter::Cycle<std::slice::Iter<'c, f64>>);

impl Chance<'_> {
    fn next(&mut self) -> f64 {
        *self.0.next().expect("there is one at least")
    }
}

/// `None` where the hall could not be as it is: what carries its load today would have tripped by it.
fn truth(hall: &Hall, bands: &[Band], chance: &mut Chance<'_>) -> Option<Truth> {
    let count = hall.panels.len();
    let draws: Vec<f64> = hall
        .machines
        .iter()
        .map(|(_, (least, most))| least + (most - least) * chance.next())
        .collect();
    let shares: Vec<f64> = hall.machines.iter().map(|_| 0.4 + 0.2 * chance.next()).collect();
    // Where in its band each breaker is, and whether it trips at all between the two currents.
    let temper: Vec<(f64, bool)> =
        bands.iter().map(|_| (chance.next(), chance.next() < 0.5)).collect();
    let takes = |at: usize, amps: f64| {
        let (earliest, latest) = (bands[at].earliest(amps), bands[at].latest(amps));
        let (part, trips) = temper[at];
        if earliest >= NEVER || latest >= NEVER && !trips {
            return NEVER;
        }
        let latest = if latest >= NEVER { 1e5_f64.max(earliest) } else { latest };
        earliest + (latest - earliest) * part
    };
    let amps = |dead: &[bool]| -> Vec<f64> {
        let mut amps = vec![0.0; bands.len()];
        for ((cords, _), (draw, share)) in hall.machines.iter().zip(draws.iter().zip(&shares)) {
            let live: Vec<usize> =
                cords.iter().copied().filter(|strip| !dead[count + strip]).collect();
            for (nth, &strip) in live.iter().enumerate() {
                let part = match (live.len(), nth) {
                    (1, _) => 1.0,
                    (_, 0) => *share,
                    _ => 1.0 - share,
                };
                amps[count + strip] += part * draw / VOLTS;
                amps[hall.strips[strip].0] += part * draw / VOLTS;
            }
        }
        amps
    };
    let today = amps(&vec![false; bands.len()]);
    if bands.iter().zip(&today).any(|(band, amps)| band.latest(*amps) < NEVER) {
        return None;
    }
    let mut tripped = vec![NEVER; bands.len()];
    let mut used = vec![0.0; bands.len()];
    let mut dark = vec![NEVER; hall.strips.len()];
    let mut now = 0.0;
    loop {
        let panel_dead = |panel: usize| hall.panels[panel].0 == 0 || tripped[panel] < NEVER;
        let mut dead: Vec<bool> = (0..count).map(panel_dead).collect();
        for (strip, (panel, _)) in hall.strips.iter().enumerate() {
            dead.push(dead[*panel] || tripped[count + strip] < NEVER);
            if dead[count + strip] {
                dark[strip] = dark[strip].min(now);
            }
        }
        let amps = amps(&dead);
        let rate = |at: usize| {
            let gained = amps[at] > today[at] + 1e-9 && !dead[at];
            let takes = takes(at, amps[at]);
            if !gained || takes >= NEVER { 0.0 } else { 1.0 / takes }
        };
        let ends = |at: usize| {
            let rate = rate(at);
            if rate == 0.0 { NEVER } else { ((1.0 - used[at]) / rate).max(0.0) }
        };
        // Strips stand after panels: of equals the deepest.
        let next = (0..bands.len()).rev().min_by(|one, other| ends(*one).total_cmp(&ends(*other)));
        let Some(next) = next.filter(|&at| ends(at) < NEVER) else { break };
        let passed = ends(next);
        let rates: Vec<f64> = (0..bands.len()).map(rate).collect();
        for (used, rate) in used.iter_mut().zip(rates) {
            *used += if passed == 0.0 { 0.0 } else { rate * passed };
        }
        now += passed;
        tripped[next] = now;
    }
    let strips = tripped.split_off(count);
    Some(Truth { panels: tripped, strips, dark })
}

fn bands(case: &Case, hall: &Hall) -> Vec<Band> {
    let rating = |name: String| -> BreakerRating {
        let id = case.plant.find(&name).expect("it is in the hall");
        match case.plant.component(id).attribute(Attribute::Breaker) {
            Some(Value::Breaker(rating)) => *rating,
            _ => panic!("{name} has a breaker"),
        }
    };
    let panels = (0..hall.panels.len()).map(|at| rating(format!("panel-{at}")));
    let strips = (0..hall.strips.len()).map(|at| rating(format!("strip-{at}")));
    panels.chain(strips).map(|rating| Band::of(&rating)).collect()
}

fn fate<'o>(case: &Case, outcome: &'o LoadOutcome, name: &str) -> Option<&'o BreakerFate> {
    let id = case.plant.find(name).expect("it is in the hall");
    outcome.breakers.iter().find(|fate| fate.component == id)
}

/// One time not after another, but for the last digits.
fn not_after(one: f64, other: f64) -> bool {
    one <= other || one - other <= 1e-6 * (1.0 + other)
}

/// Whether what came true lies within what was said. Times are sums of products and may differ in their
/// last digits.
fn lies_within(fate: Option<&BreakerFate>, tripped: f64) -> Result<(), String> {
    let after = |at: f64, bound: f64| not_after(bound, at);
    let (verdict, earliest, latest) = match fate {
        None => (Verdict::Holds, None, None),
        Some(fate) => (fate.verdict, fate.earliest_s, fate.latest_s),
    };
    match verdict {
        Verdict::Holds if tripped < NEVER => Err(format!("it held, and tripped at {tripped}")),
        Verdict::Trips if tripped >= NEVER => Err("it was to trip, and held".to_owned()),
        Verdict::Trips if latest.is_some_and(|latest| !after(latest, tripped)) => {
            Err(format!("it tripped at {tripped}, after {latest:?}"))
        }
        _ if tripped < NEVER && earliest.is_some_and(|earliest| !after(tripped, earliest)) => {
            Err(format!("it tripped at {tripped}, before {earliest:?}"))
        }
        _ => Ok(()),
    }
}

fn wider(hall: &Hall, by: f64) -> Hall {
    let mut wide = hall.clone();
    for (_, (least, most)) in &mut wide.machines {
        *least = (*least - by).max(0.0);
        *most += by;
    }
    wide
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn whatever_comes_true_lies_within_what_was_said(
        hall in hall(),
        chance in proptest::collection::vec(0.0..1.0_f64, 20..60),
    ) {
        let (case, outcome) = hall.played();
        let bands = bands(&case, &hall);
        let mut chance = Chance(chance.iter().cycle());
        for _ in 0..8 {
            let Some(truth) = truth(&hall, &bands, &mut chance) else { continue };
            let panels = truth.panels.iter().enumerate().map(|(at, t)| (format!("panel-{at}"), *t));
            let strips = truth.strips.iter().enumerate().map(|(at, t)| (format!("strip-{at}"), *t));
            for (name, tripped) in panels.chain(strips) {
                let within = lies_within(fate(&case, &outcome, &name), tripped);
                prop_assert!(within.is_ok(), "{name}: {within:?}\n{}{outcome:#?}", hall.text());
            }
            for (at, dark) in truth.dark.iter().enumerate() {
                let said = case.dark(&outcome, &format!("strip-{at}")).unwrap_or(Darkness::NEVER);
                let told = format!("strip-{at}: {dark} {said:?}\n{}", hall.text());
                prop_assert!(not_after(said.from_s, *dark) && not_after(*dark, said.by_s), "{told}");
            }
        }
    }

    #[test]
    fn wider_draws_never_make_a_verdict_more_certain(
        hall in hall(),
        by in 0.0..500.0_f64,
        chance in proptest::collection::vec(0.0..1.0_f64, 20..60),
    ) {
        let (case, narrow) = hall.played();
        let bands = bands(&case, &hall);
        if truth(&hall, &bands, &mut Chance(chance.iter().cycle())).is_none() {
            return Ok(());
        }
        let (_, wide) = wider(&hall, by).played();
        for fate in &wide.breakers {
            let before = narrow.breakers.iter().find(|before| before.component == fate.component);
            let before = before.map_or(Verdict::Holds, |before| before.verdict);
            match fate.verdict {
                Verdict::Trips | Verdict::Holds => prop_assert_eq!(
                    before, fate.verdict, "{:?}\n{}", fate, hall.text()
                ),
                Verdict::MayTrip | Verdict::Unknown => {}
            }
        }
        for (id, when) in &wide.dark {
            let name = case.plant.component(*id).name.as_str();
            let before = case.dark(&narrow, name).unwrap_or(Darkness::NEVER);
            let told = format!("{name}: {before:?} {when:?}\n{}", hall.text());
            prop_assert!(not_after(when.from_s, before.from_s), "{told}");
            prop_assert!(not_after(before.by_s, when.by_s), "{told}");
        }
    }

    #[test]
    fn what_is_lost_for_certain_may_be_lost_and_the_earliest_is_before_the_latest(hall in hall()) {
        let (_, outcome) = hall.played();
        for (_, when) in &outcome.dark {
            prop_assert!(when.from_s <= when.by_s);
        }
        for fate in &outcome.breakers {
            if let (Some(earliest), Some(latest)) = (fate.earliest_s, fate.latest_s) {
                prop_assert!(earliest <= latest);
            }
            prop_assert!(fate.load_max_a.is_none_or(|most| fate.load_min_a <= most));
        }
    }

    #[test]
    fn nothing_drawn_nothing_trips(mut hall in hall()) {
        for (_, draw) in &mut hall.machines {
            *draw = (0.0, 0.0);
        }
        let (_, outcome) = hall.played();
        prop_assert!(outcome.breakers.iter().all(|fate| fate.verdict == Verdict::Holds));
    }

    #[test]
    fn a_memory_used_before_makes_no_difference(one in hall(), other in hall()) {
        let mut memory = crate::load::LoadMemory::default();
        for hall in [&one, &other, &one] {
            let (case, fresh) = hall.played();
            let off = vec![case.plant.find("feed-0").expect("there")];
            let loss = crate::load::Loss { off, failed: Vec::new() };
            prop_assert_eq!(&case.load.play(&case.plant, &loss, &mut memory), &fresh);
        }
    }
}

#[test]
fn the_halls_are_plants() {
    let hall = Hall {
        panels: vec![(0, "16 A".to_owned()), (1, "16 A".to_owned())],
        strips: vec![(0, "10 A".to_owned()), (1, "10 A".to_owned())],
        machines: vec![(vec![0, 1], (100.0, 200.0))],
    };
    let (plant, findings) = parse_str(&format!("blackstart: 1\n{}", hall.text()));
    assert!(plant.is_some(), "{findings:#?}");
}
