//! Expected downtime against enumeration: every combination of what works and what has failed, one by one.

use crate::drawn::{Wants, Wired, Works, plant};
use blackstart_model::kind::Kind;
use blackstart_model::quantity::Range;
use blackstart_model::{ComponentId, Plant};
use blackstart_reason::availability::{Availability, Question, availability};
use blackstart_reason::circuit::{Circuit, InputId, Subject};
use blackstart_reason::rates::{self, HOURS_PER_YEAR, Rate};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::fmt::Write as _;

/// Inputs that are enumerated at most.
const ENUMERATED_MAX: usize = 9;

/// Parts that need what stands before them, with failures per year in tenths and repairs in hours; and a
/// customer.
fn drawn() -> impl Strategy<Value = (Vec<(Option<Wants>, u32, u32)>, Wants)> {
    let part = (option::weighted(0.6, Works::member()), 0..90_u32, 0..400_u32);
    (vec(part, 1..9), Works::member())
}

fn written(parts: &[(Option<Wants>, u32, u32)], uses: &Wants) -> String {
    let mut text = String::from("services:\n");
    for (at, (needs, tenths, hours)) in parts.iter().enumerate() {
        let needs = match needs {
            Some(needs) if at > 0 => format!("needs: {}, ", needs.written(at)),
            _ => String::new(),
        };
        let _ = writeln!(
            text,
            "  p{at}: {{ {needs}failures_per_year: {}..{}, repair: {hours}..{} h }}",
            f64::from(*tenths) / 10.0,
            f64::from(tenths * 2) / 10.0,
            hours + 10
        );
    }
    text + &format!("customers: {{ acme: {{ uses: {} }} }}\n", uses.written(parts.len()))
}

/// How likely each input is to have failed, at its best or worst.
fn failed(plant: &Plant, circuit: &Circuit, worst: bool) -> Vec<f64> {
    circuit
        .inputs()
        .map(|input| match circuit.subject(input) {
            Subject::Component(id) if plant.component(id).kind == Kind::Customer => 0.0,
            Subject::Vantage(_) | Subject::Check(_) => 0.0,
            subject => {
                let down = rates::unavailability(plant, subject);
                if worst { down.max } else { down.min }
            }
        })
        .collect()
}

/// How likely it is that a component cannot be used, by enumeration; `None` where too much matters.
fn enumerated(circuit: &Circuit, of: ComponentId, failed: &[f64]) -> Option<f64> {
    let support = circuit.support([circuit.usable(of)]);
    let some: Vec<InputId> =
        support.into_iter().filter(|input| failed[input.index()] > 0.0).collect();
    if some.len() > ENUMERATED_MAX {
        return None;
    }
    let mut chance = 0.0;
    for scenario in 0..1_u32 << some.len() {
        let has_failed = |at: usize| scenario >> at & 1 == 1;
        let broken: Vec<InputId> = some
            .iter()
            .enumerate()
            .filter(|(at, _)| has_failed(*at))
            .map(|(_, input)| *input)
            .collect();
        if !circuit.under(&broken)[circuit.usable(of).index()] {
            let each = some.iter().enumerate().map(|(at, input)| {
                let q = failed[input.index()];
                if has_failed(at) { q } else { 1.0 - q }
            });
            chance += each.product::<f64>();
        }
    }
    Some(chance)
}

fn is_close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()) + 1e-15
}

fn asked(plant: &Plant, circuit: &Circuit) -> Availability {
    availability(plant, circuit, &Question { causes_max: 100, ..Question::default() })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn downtime_is_what_enumeration_says((parts, uses) in drawn(), wired in Wired::drawn()) {
        for text in [written(&parts, &uses), wired.written()] {
            let plant = plant(&text);
            let circuit = Circuit::of(&plant);
            for expected in asked(&plant, &circuit).of {
                prop_assert!(expected.is_exact);
                let ends = [expected.unavailability.min, expected.unavailability.max];
                for (told, worst) in ends.into_iter().zip([false, true]) {
                    let failed = failed(&plant, &circuit, worst);
                    if let Some(chance) = enumerated(&circuit, expected.component, &failed) {
                        prop_assert!(is_close(told, chance), "{told} is not {chance}\n{text}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_a_cause_costs_is_what_its_absence_saves((parts, uses) in drawn()) {
        let plant = plant(&written(&parts, &uses));
        let circuit = Circuit::of(&plant);
        let told = asked(&plant, &circuit);
        let acme = plant.find("acme").expect("declared");
        let failed = failed(&plant, &circuit, true);
        let before = enumerated(&circuit, acme, &failed).expect("few parts");
        for cause in &told.causes {
            let Subject::Component(id) = cause.subject else { panic!("only components fail here") };
            let mut without = failed.clone();
            without[circuit.component_input(id).index()] = 0.0;
            let after = enumerated(&circuit, acme, &without).expect("few parts");
            let saved = (before - after) * HOURS_PER_YEAR;
            // One end of the range is the worst figures.
            let ends = cause.hours_per_year;
            let near = |end: f64| (end - saved).abs() < 1e-6 * (1.0 + saved);
            prop_assert!(near(ends.min) || near(ends.max), "{cause:?} saves {saved}");
        }
    }

    #[test]
    fn a_worse_part_never_improves_anything(
        (parts, uses) in drawn(),
        which in 0..9_usize,
        more in 1..50_u32,
    ) {
        let text = written(&parts, &uses);
        let mut worse = parts.clone();
        let at = which % parts.len();
        worse[at].1 += more;
        worse[at].2 += more;
        let (plant_before, plant_after) = (plant(&text), plant(&written(&worse, &uses)));
        let before = asked(&plant_before, &Circuit::of(&plant_before));
        let after = asked(&plant_after, &Circuit::of(&plant_after));
        for (before, after) in before.of.iter().zip(&after.of) {
            let worsened = |a: f64, b: f64| b >= a * (1.0 - 1e-12);
            prop_assert!(worsened(before.unavailability.min, after.unavailability.min));
            prop_assert!(worsened(before.unavailability.max, after.unavailability.max));
        }
    }
}

fn case(body: &str) -> (std::sync::Arc<Plant>, Availability) {
    let plant = plant(body);
    let told = asked(&plant, &Circuit::of(&plant));
    (plant, told)
}

const SURE: &str = "failures_per_year: 1, repair: 87.66 h";

#[test]
fn in_a_row_downtimes_add_and_beside_each_other_they_multiply() {
    // Each is down 1 part in 101 of its time.
    let q: f64 = 0.01 / 1.01;
    let (_, row) = case(&format!(
        "components: {{ a: {{ {SURE} }}, b: {{ {SURE} }} }}
databases: {{ d: {{ needs: [a, b], failures_per_year: 0 }} }}"
    ));
    assert!(is_close(row.of[0].unavailability.max, 1.0 - (1.0 - q).powi(2)));
    // Each goes down once in a year of working, when the other works.
    let often = row.of[0].outages_per_year.expect("exact");
    assert!(is_close(often.max, 2.0 * (1.0 - q) * (1.0 - q)));
    let (_, beside) = case(&format!(
        "components: {{ a: {{ {SURE} }}, b: {{ {SURE} }} }}
databases: {{ d: {{ needs: {{ any: [a, b] }}, failures_per_year: 0 }} }}"
    ));
    assert!(is_close(beside.of[0].unavailability.max, q * q));
    assert_eq!(beside.own_figures, 2, "the database has no repair of its own");
}

#[test]
fn a_switch_that_can_trip_the_mains_makes_less_of_two_switches() {
    // Each is down 1 part in 101 of its time, and the one takes the other along in 1 to 100 of 100.
    let q: f64 = 0.01 / 1.01;
    let (_, told) = case(&format!(
        "components: {{ a: {{ {SURE}, can_take_down: b }}, b: {{ {SURE} }} }}
databases: {{ d: {{ needs: {{ any: [a, b] }}, failures_per_year: 0 }} }}"
    ));
    let Range { min, max } = told.of[0].unavailability;
    assert!(is_close(min, q * (1.0 - (1.0 - q) * 0.99)), "{min}");
    assert!(is_close(max, q), "{max}");
}

#[test]
fn what_all_customers_hang_on_is_what_to_buy_first() {
    let (plant, told) = case(
        "
switches: { sw: {} }
servers: { a: { network: sw }, b: { network: sw } }
services: { web: { on: a, used_from: b }, mail: { on: b, used_from: a } }
customers: { c1: { uses: web }, c2: { uses: mail }, c3: { uses: [web, mail] } }
",
    );
    assert!(told.over_customers);
    let first = |subject| match subject {
        Subject::Component(id) => plant.component(id).name.as_str(),
        Subject::Vantage(_)
        | Subject::Check(_)
        | Subject::Carriage { .. }
        | Subject::Spread { .. } => "",
    };
    let names: Vec<&str> = told.causes.iter().map(|cause| first(cause.subject)).collect();
    assert_eq!(names[..3], ["web", "mail", "a"], "{:#?}", told.causes);
    assert!(names.contains(&"sw"));
    assert!(told.causes.iter().all(|cause| cause.share.max <= 1.0));
}

#[test]
fn what_is_failed_today_counts_as_repaired_unless_asked() {
    let body = "
feeds: { a: { condition: { known_failed: 'blown' } }, b: {} }
servers: { s: { power: { any: [a, b] } } }
services: { web: { on: s } }
";
    let plant = plant(body);
    let circuit = Circuit::of(&plant);
    let design = availability(&plant, &circuit, &Question::default());
    assert_eq!(design.mended.len(), 1);
    let today = Question { as_today: true, ..Question::default() };
    let today = availability(&plant, &circuit, &today);
    assert!(today.mended.is_empty());
    assert!(today.of[0].unavailability.min > design.of[0].unavailability.min);
}

#[test]
fn a_thousand_racks_of_two_feeds_are_exact() {
    let mut body = String::from("feeds: { fa: {}, fb: {} }\n");
    let _ = writeln!(
        body,
        "pdus: {{ 'pa-{{1..1000}}': {{ fed_by: fa }}, 'pb-{{1..1000}}': {{ fed_by: fb }} }}"
    );
    body.push_str(
        "switches: { 'sw-{1..1000}': { power: { any: ['pa-{1..1000}', 'pb-{1..1000}'] } } }\n",
    );
    body.push_str("services: { 's-{1..1000}': { needs: ['sw-{1..1000}'] } }\n");
    body.push_str("customers: { all: { uses: ['s-{1..1000}'] } }\n");
    let plant = plant(&body);
    let told = asked(&plant, &Circuit::of(&plant));
    assert!(told.of.iter().all(|one| one.is_exact));
    assert!(told.nodes < 60_000, "{} nodes", told.nodes);
}

#[test]
fn what_is_too_tangled_has_bounds() {
    // Pairs that cross each other all over the place.
    let mut body = String::from("components: { 'c-{1..100}': {} }\nservices:\n");
    for at in 1..=100_usize {
        let (b, c) = (at * 37 % 101, at * 53 % 101);
        let _ = writeln!(body, "  s{at}: {{ needs: {{ any: [c-{at}, c-{b}, c-{c}] }} }}");
    }
    let _ = writeln!(body, "customers: {{ all: {{ uses: ['s{{1..100}}'] }} }}");
    let (_, told) = case(&body);
    assert!(told.of.iter().any(|one| !one.is_exact));
    for one in &told.of {
        assert!(one.unavailability.min <= one.unavailability.max);
        assert!((0.0..=1.0).contains(&one.unavailability.max));
    }
}

#[test]
fn the_table_on_the_page_is_the_one_in_the_code() {
    let range = |range: Range| {
        if range.min < range.max {
            format!("{} to {}", range.min, range.max)
        } else {
            range.max.to_string()
        }
    };
    let row = |what: &str, rate: &Rate| {
        let (often, long) = (range(rate.per_year), range(rate.repair_hours));
        format!("| {what} | {often} | {long} | {} |\n", rate.source)
    };
    let mut table =
        String::from("| of | failures a year | hours of repair | from |\n|---|---|---|---|\n");
    for kind in Kind::ALL {
        table += &row(kind.as_str(), &rates::of_kind(*kind));
    }
    table += &row("an upstream carrying one prefix", &rates::CARRIAGE);
    let page = include_str!("../../../../docs/availability.md");
    assert!(page.contains(&table), "docs/availability.md should hold this table:\n\n{table}");
}
