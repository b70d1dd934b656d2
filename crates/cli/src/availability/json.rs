//! Expected downtime for programs (docs/json.md).

use super::ASSUMES;
use blackstart_model::Plant;
use blackstart_model::quantity::Range;
use blackstart_reason::availability::{Availability, Cause, Expected};
use blackstart_reason::circuit::Subject;
use serde::Serialize;

#[derive(Serialize)]
struct Json<'a> {
    version: u32,
    plant: &'a str,
    of: Vec<One<'a>>,
    over: &'a str,
    causes: Vec<OneCause<'a>>,
    figures: Figures,
    counted_as_repaired: Vec<&'a str>,
    assumes: [&'a str; 4],
}

#[derive(Serialize)]
struct One<'a> {
    component: &'a str,
    kind: &'a str,
    exact: bool,
    unavailability: Ends,
    hours_per_year: Ends,
    outages_per_year: Option<Ends>,
    causes: Vec<OneCause<'a>>,
}

#[derive(Serialize)]
struct OneCause<'a> {
    component: &'a str,
    /// The address block that an upstream does not carry, where that is the failure.
    prefix: Option<&'a str>,
    /// What its fault takes down with it, where that is the failure.
    takes_down: Option<&'a str>,
    hours_per_year: Ends,
    share: Ends,
}

#[derive(Serialize)]
struct Figures {
    own: usize,
    by_kind: usize,
}

#[derive(Serialize)]
struct Ends {
    min: f64,
    max: f64,
}

const fn ends(range: Range) -> Ends {
    Ends { min: range.min, max: range.max }
}

fn cause<'a>(plant: &'a Plant, cause: &Cause) -> Option<OneCause<'a>> {
    let name = |id| Some(plant.component(id).name.as_str());
    let (id, prefix, takes_down) = match cause.subject {
        Subject::Component(id) => (id, None, None),
        Subject::Carriage { upstream, prefix } => (upstream, name(prefix), None),
        Subject::Spread { from, to } => (from, None, name(to)),
        Subject::Vantage(_) | Subject::Check(_) => return None,
    };
    Some(OneCause {
        component: plant.component(id).name.as_str(),
        prefix,
        takes_down,
        hours_per_year: ends(cause.hours_per_year),
        share: ends(cause.share),
    })
}

fn one<'a>(plant: &'a Plant, expected: &Expected) -> One<'a> {
    let component = plant.component(expected.component);
    One {
        component: component.name.as_str(),
        kind: component.kind.as_str(),
        exact: expected.is_exact,
        unavailability: ends(expected.unavailability),
        hours_per_year: ends(expected.hours_per_year),
        outages_per_year: expected.outages_per_year.map(ends),
        causes: expected.causes.iter().filter_map(|of| cause(plant, of)).collect(),
    }
}

pub(super) fn json(plant: &Plant, told: &Availability) -> anyhow::Result<String> {
    let json = Json {
        version: 1,
        plant: plant.name(),
        of: told.of.iter().map(|expected| one(plant, expected)).collect(),
        over: if told.over_customers { "customers" } else { "asked" },
        causes: told.causes.iter().filter_map(|of| cause(plant, of)).collect(),
        figures: Figures { own: told.own_figures, by_kind: told.by_kind },
        counted_as_repaired: told
            .mended
            .iter()
            .map(|&id| plant.component(id).name.as_str())
            .collect(),
        assumes: ASSUMES,
    };
    Ok(serde_json::to_string_pretty(&json)? + "\n")
}
