//! `availability`: how long everything is expected to be down in a year, and what to buy first.
//!
//! Always a range, never a nine: the figures it rests on are known to a factor of ten at best, and it
//! says what it assumes.

mod json;

use crate::exit::Exit;
use crate::opened::{self, Opened};
use crate::{Format, named, output};
use blackstart_model::finding::Severity;
use blackstart_model::kind::Kind;
use blackstart_model::quantity::Range;
use blackstart_model::{ComponentId, Plant};
use blackstart_reason::availability::{Availability, Cause, Expected, Question, availability};
use blackstart_reason::circuit::{Circuit, Subject};
use std::fmt::Write as _;
use std::path::PathBuf;

/// Rows of the table unless all are asked for.
const ROWS_MAX: usize = 30;

/// Causes told of all together.
const BUY_MAX: usize = 15;

/// What every answer rests on.
const ASSUMES: [&str; 4] = [
    "failures are independent",
    "nothing breaks but what the plant file contains",
    "batteries, and standbys that have to take over, are not counted",
    "every figure lies in its range; most are by kind and not of this plant",
];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The plant: a file, or a folder of `*.yaml` files.
    plant: PathBuf,
    /// Of these only; of everything that is used when not given.
    #[arg(value_name = "NAME")]
    of: Vec<String>,
    /// What is known to have failed today stays so, instead of counting as repaired.
    #[arg(long)]
    as_today: bool,
    /// How many causes are told of each.
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    causes: usize,
    /// Show all rows, however many.
    #[arg(long)]
    all: bool,
}

pub(crate) fn run(arguments: &Arguments, format: Format) -> anyhow::Result<Exit> {
    let Some(Opened { plant, .. }) = opened::open(&arguments.plant)? else {
        return Ok(Exit::Findings(Severity::Error));
    };
    let question = Question {
        of: named::components(&plant, &arguments.of)?,
        as_today: arguments.as_today,
        causes_max: if format == Format::Json { arguments.causes } else { 0 },
    };
    let circuit = Circuit::of(&plant);
    let told = availability(&plant, &circuit, &question);
    output::say(&match format {
        Format::Human => human(&plant, &circuit, &told, arguments),
        Format::Json => json::json(&plant, &told)?,
    });
    Ok(if told.of.is_empty() { Exit::Nothing } else { Exit::Fine })
}

fn human(plant: &Plant, circuit: &Circuit, told: &Availability, arguments: &Arguments) -> String {
    if told.of.is_empty() {
        return format!("{}: nobody uses anything in this plant\n", plant.name());
    }
    let mut text = format!(
        "{}: expected downtime in a year; figures: {} of the plant's own, {} by kind\n\n",
        plant.name(),
        told.own_figures,
        told.by_kind
    );
    let mut rows: Vec<&Expected> = told.of.iter().collect();
    let customer = |one: &Expected| plant.component(one.component).kind == Kind::Customer;
    let worst = |one: &Expected| one.hours_per_year.max;
    rows.sort_by(|a, b| customer(b).cmp(&customer(a)).then(worst(b).total_cmp(&worst(a))));
    let shown = if arguments.all { usize::MAX } else { ROWS_MAX };
    // What each is due to is asked only of those shown.
    let of = rows.iter().take(shown).map(|one| one.component).collect();
    let (as_today, causes_max) = (arguments.as_today, arguments.causes);
    let detailed = availability(plant, circuit, &Question { of, as_today, causes_max });
    for one in rows.iter().take(shown) {
        let at = detailed.of.binary_search_by_key(&one.component, |known| known.component);
        row(&mut text, plant, &detailed.of[at.expect("it was asked for")]);
    }
    if rows.len() > shown {
        let _ = writeln!(text, "… and {} more: `--all` shows them", rows.len() - shown);
    }
    let whose = if told.over_customers { "all customers" } else { "all of these" };
    let _ = writeln!(
        text,
        "\nWHAT TO BUY FIRST: what {whose} together would not lose in a year if it never failed"
    );
    for (cause, at) in told.causes.iter().take(BUY_MAX).zip(1..) {
        let _ = writeln!(text, "{at:>4}. {}", cause_in_words(plant, cause));
    }
    if !told.mended.is_empty() {
        let names: Vec<&str> = told.mended.iter().map(|&id| name(plant, id)).collect();
        let _ = writeln!(
            text,
            "\nFailed or off today, and counted as repaired (`--as-today` does not): {}",
            names.join(", ")
        );
    }
    text.push_str("\nTo compare by, and no promise:\n");
    for one in ASSUMES {
        let _ = writeln!(text, "  - {one}");
    }
    text
}

fn name(plant: &Plant, id: ComponentId) -> &str {
    plant.component(id).name.as_str()
}

fn row(text: &mut String, plant: &Plant, one: &Expected) {
    let kind = plant.component(one.component).kind;
    let _ = write!(text, "{} ({kind}): {}", name(plant, one.component), hours(one.hours_per_year));
    if let Some(often) = one.outages_per_year {
        let _ = write!(text, " in {} outages", count(often));
    }
    if !one.is_exact {
        text.push_str(", as bounds: too tangled to be exact");
    }
    text.push('\n');
    for cause in &one.causes {
        let _ = writeln!(text, "      {}", cause_in_words(plant, cause));
    }
}

fn cause_in_words(plant: &Plant, cause: &Cause) -> String {
    let who = match cause.subject {
        Subject::Component(id) => format!("{} ({})", name(plant, id), plant.component(id).kind),
        Subject::Carriage { upstream, prefix } => {
            format!("{} carried by {}", name(plant, prefix), name(plant, upstream))
        }
        Subject::Spread { from, to } => {
            format!("{} taking down {}", name(plant, from), name(plant, to))
        }
        // These harm nobody who is served, and are never causes.
        Subject::Vantage(_) | Subject::Check(_) => String::new(),
    };
    let (low, high) = (cause.share.min * 100.0, cause.share.max * 100.0);
    let share = if high < 0.5 {
        "below 1 %".to_owned()
    } else if high - low < 1.0 {
        format!("{high:.0} %")
    } else {
        format!("{low:.0} to {high:.0} %")
    };
    format!("{who}: {}, {share}", hours(cause.hours_per_year))
}

/// A range of hours in the unit a person would say it in.
fn hours(range: Range) -> String {
    let one = |hours: f64| {
        if hours == 0.0 {
            "0".to_owned()
        } else if hours < 1.0 / 60.0 {
            format!("{} s", figures(hours * 3_600.0))
        } else if hours < 2.0 {
            format!("{} min", figures(hours * 60.0))
        } else if hours < 96.0 {
            format!("{} h", figures(hours))
        } else {
            format!("{} days", figures(hours / 24.0))
        }
    };
    let (low, high) = (one(range.min), one(range.max));
    if low == high { low } else { format!("{low} to {high}") }
}

fn count(range: Range) -> String {
    let (low, high) = (figures(range.min), figures(range.max));
    if low == high { low } else { format!("{low} to {high}") }
}

/// Two figures are more than it is worth.
fn figures(of: f64) -> String {
    if of >= 9.5 {
        format!("{of:.0}")
    } else if of >= 0.95 {
        format!("{of:.1}")
    } else if of >= 0.000_95 {
        // As many places as it takes to show two figures.
        let places = (1.0 - of.log10().floor()).clamp(0.0, 5.0);
        format!("{of:.0$}", places as usize)
    } else if of == 0.0 {
        "0".to_owned()
    } else {
        "under 0.001".to_owned()
    }
}
