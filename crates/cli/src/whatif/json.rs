//! The answer as JSON, version 1: fields are only ever added.

use super::Reading;
use blackstart_model::{ComponentId, Plant};
use blackstart_reason::load::{BreakerFate, Darkness};
use blackstart_reason::whatif::{Answer, Dark, announcement, checklist};
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Serialize)]
struct Json<'p> {
    version: u32,
    plant: &'p str,
    /// Of all readings together.
    down: BTreeSet<&'p str>,
    may_be_down: BTreeSet<&'p str>,
    lost_redundancy: BTreeSet<&'p str>,
    customers: BTreeSet<&'p str>,
    breakers: Vec<Breaker<'p>>,
    readings: Vec<One<'p>>,
}

#[derive(Serialize, Clone)]
struct Breaker<'p> {
    component: &'p str,
    verdict: &'static str,
    load_a: (f64, Option<f64>),
    rating_a: f64,
    holds_a: f64,
    earliest_s: Option<f64>,
    latest_s: Option<f64>,
}

/// One reading of the question.
#[derive(Serialize)]
struct One<'p> {
    off: Vec<&'p str>,
    known_failed: Vec<&'p str>,
    from: Option<String>,
    to: Option<String>,
    overlapping: Vec<&'p str>,
    dark: Vec<Impact<'p>>,
    lost_redundancy: Vec<Lost<'p>>,
    breakers: Vec<Breaker<'p>>,
    meters: Vec<Meter<'p>>,
    unknown: Vec<Unknown<'p>>,
    announcement: String,
    checklist: Vec<String>,
}

#[derive(Serialize)]
struct Impact<'p> {
    component: &'p str,
    kind: &'static str,
    certain: bool,
    earliest_s: f64,
    latest_s: Option<f64>,
    witness: Vec<&'p str>,
}

#[derive(Serialize)]
struct Lost<'p> {
    component: &'p str,
    falls_with: Vec<&'p str>,
}

/// A meter the answer rests on.
#[derive(Serialize)]
struct Meter<'p> {
    component: &'p str,
    read_at: Option<String>,
}

#[derive(Serialize)]
struct Unknown<'p> {
    component: &'p str,
    wanted: &'static str,
    hang_on_it: usize,
}

pub(super) fn json(plant: &Plant, answers: &[Reading]) -> anyhow::Result<String> {
    let all = |of: &dyn Fn(&Answer) -> Vec<ComponentId>| -> BTreeSet<&str> {
        answers.iter().flat_map(|reading| of(&reading.answer)).map(|id| name(plant, id)).collect()
    };
    let readings: Vec<One<'_>> =
        answers.iter().map(|reading| one(plant, &reading.answer)).collect();
    let down = all(&|answer| answer.down().map(|dark| dark.component).collect());
    let mut may_be_down = all(&|answer| answer.may_be_down().map(|dark| dark.component).collect());
    may_be_down.retain(|name| !down.contains(name));
    let json = Json {
        version: 1,
        plant: plant.name(),
        may_be_down,
        lost_redundancy: all(&|answer| {
            answer.lost_redundancy.iter().map(|lost| lost.component).collect()
        }),
        customers: all(&|answer| answer.customers(plant).collect()),
        breakers: readings.iter().flat_map(|one| one.breakers.clone()).collect(),
        down,
        readings,
    };
    Ok(serde_json::to_string_pretty(&json)? + "\n")
}

fn one<'p>(plant: &'p Plant, answer: &Answer) -> One<'p> {
    let names = |of: &[ComponentId]| of.iter().map(|id| name(plant, *id)).collect();
    let time =
        |at: blackstart_model::time::Timestamp| blackstart_model::time::shown(at, plant.zone());
    One {
        off: names(&answer.off),
        known_failed: names(&answer.failed),
        from: answer.window.map(|(from, _)| time(from)),
        to: answer.window.map(|(_, to)| time(to)),
        overlapping: answer.overlapping.iter().map(|&at| &*plant.maintenance()[at].name).collect(),
        dark: answer.dark.iter().map(|dark| impact(plant, dark)).collect(),
        lost_redundancy: answer
            .lost_redundancy
            .iter()
            .map(|lost| Lost {
                component: name(plant, lost.component),
                falls_with: names(&lost.falls_with),
            })
            .collect(),
        breakers: answer.breakers.iter().map(|fate| breaker(plant, fate)).collect(),
        meters: answer
            .meters
            .iter()
            .map(|(id, at)| Meter { component: name(plant, *id), read_at: at.map(time) })
            .collect(),
        unknown: answer
            .unknown
            .iter()
            .map(|fact| Unknown {
                component: name(plant, fact.component),
                wanted: fact.wanted.as_str(),
                hang_on_it: fact.hang_on_it,
            })
            .collect(),
        announcement: announcement(plant, answer),
        checklist: checklist(plant, answer),
    }
}

fn impact<'p>(plant: &'p Plant, dark: &Dark) -> Impact<'p> {
    let Darkness { from_s, by_s } = dark.when;
    let through = dark.witness.iter().flat_map(|witness| &witness.through);
    Impact {
        component: name(plant, dark.component),
        kind: plant.component(dark.component).kind.as_str(),
        certain: dark.is_certain(),
        earliest_s: from_s,
        latest_s: Some(by_s).filter(|by| *by < Darkness::EVENTUALLY_S),
        witness: through.map(|id| name(plant, *id)).collect(),
    }
}

fn breaker<'p>(plant: &'p Plant, fate: &BreakerFate) -> Breaker<'p> {
    let BreakerFate {
        component,
        verdict,
        load_min_a,
        load_max_a,
        rating_a,
        holds_a,
        trips_a: _,
        earliest_s,
        latest_s,
    } = *fate;
    Breaker {
        component: name(plant, component),
        verdict: verdict.as_str(),
        load_a: (rounded(load_min_a), load_max_a.map(rounded)),
        rating_a: rounded(rating_a),
        holds_a: rounded(holds_a),
        earliest_s: earliest_s.map(rounded),
        latest_s: latest_s.map(rounded),
    }
}

/// To the thousandth: no current is known better, and the same answer has the same bytes.
fn rounded(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}

fn name(plant: &Plant, id: ComponentId) -> &str {
    plant.component(id).name.as_str()
}
