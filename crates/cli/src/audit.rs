//! `audit`: what is weak in a plant before anything happens.
//!
//! For people: one paragraph for each weakness with the line underlined, the same weakness in many places
//! once, then what each customer and service falls with. For programs: everything. With `--against` only what
//! a change makes worse, so that it guards a repository.

mod json;
mod replug;
mod sarif;

use crate::diagnose::instant;
use crate::exit::Exit;
use crate::opened::{self, Opened};
use crate::{Style, clock, findings, output};
use anyhow::Context as _;
use blackstart_model::finding::{Finding as Shown, Label, Severity};
use blackstart_model::time::Timestamp;
use blackstart_model::{PlaneId, Plant};
use blackstart_reason::circuit::{Circuit, Subject};
use blackstart_reason::diagnosability::Advice;
use blackstart_reason::structure::{self, Audit, Finding, SinglePoints};
use blackstart_server::report;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Weaknesses of one kind that are shown to people unless all are asked for: a screen of them.
const SHOWN_MAX: usize = 12;

/// Rows of the table of what falls with what, unless all are asked for.
const ROWS_MAX: usize = 30;

/// Names in one row of it.
const NAMES_MAX: usize = 8;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The plant: a file, or a folder of `*.yaml` files.
    plant: PathBuf,
    /// Report only what is worse than in this older version of the plant.
    #[arg(long, value_name = "OLD")]
    against: Option<PathBuf>,
    /// The least severity that makes the exit code speak of findings.
    #[arg(long, value_name = "SEVERITY", value_parser = severity, default_value = "note")]
    fail_on: Severity,
    /// Audit as of this time instead of now, as `2026-11-21 04:00`, in the plant's zone.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Write a report as one HTML file besides: for reading, printing and sending.
    #[arg(long, value_name = "FILE.html")]
    html: Option<PathBuf>,
    /// Say instead what moving a cord would change, as `stream-1:pdu-a:pdu-b`: whose, from where, to where.
    #[arg(long, value_name = "OF:FROM:TO", conflicts_with = "against")]
    replug: Vec<String>,
    /// Show all of them, however many.
    #[arg(long)]
    all: bool,
}

fn severity(text: &str) -> Result<Severity, String> {
    Severity::parse(text).ok_or_else(|| "one of note, warning, error".to_owned())
}

/// A plant with what is said of it.
struct Audited {
    files: Vec<(String, String)>,
    plant: Arc<Plant>,
    audit: Audit,
    now: Timestamp,
}

pub(crate) fn run(arguments: &Arguments, style: Style) -> anyhow::Result<Exit> {
    if !arguments.replug.is_empty() {
        return replug::run(arguments, style);
    }
    let Some(new) = audited(&arguments.plant, arguments.at.as_deref())? else {
        return Ok(Exit::Findings(Severity::Error));
    };
    let old = match &arguments.against {
        None => None,
        Some(path) => match audited(path, arguments.at.as_deref())? {
            None => return Ok(Exit::Findings(Severity::Error)),
            old => old,
        },
    };
    let told: Vec<&Finding> = match &old {
        None => new.audit.findings.iter().collect(),
        Some(old) => structure::worse_than((&old.plant, &old.audit), (&new.plant, &new.audit)),
    };
    if let Some(path) = &arguments.html {
        let Audited { files, plant, audit, now } = &new;
        let audited = report::Audited { plant, files, audit, now: *now };
        let old = arguments.against.as_ref().map(|old| old.display().to_string());
        std::fs::write(path, report::html(&audited, &told, old.as_deref()))
            .with_context(|| format!("could not write {}", path.display()))?;
    }
    match style {
        Style::Human => output::say(&human(&new, &told, arguments)),
        Style::Json => output::say(&json::json(&new, &told)?),
        Style::Sarif => output::say(&sarif::sarif(&new, &told)?),
    }
    let gravest = told.iter().map(|finding| finding.severity).max();
    Ok(gravest.filter(|&gravest| gravest >= arguments.fail_on).map_or(Exit::Fine, Exit::Findings))
}

/// Reads and audits a plant; what keeps it from being a plant is said, and there is none.
fn audited(path: &Path, at: Option<&str>) -> anyhow::Result<Option<Audited>> {
    let Some(Opened { files, plant }) = opened::open(path)? else { return Ok(None) };
    let now: Timestamp = match at {
        None => clock::now(),
        Some(text) => instant(text, plant.zone())?,
    };
    let audit = structure::audit(&plant, &Circuit::of(&plant), now)
        .with_context(|| format!("could not audit {}", path.display()))?;
    Ok(Some(Audited { files, plant, audit, now }))
}

fn human(new: &Audited, told: &[&Finding], arguments: &Arguments) -> String {
    let mut text = String::new();
    let mut groups = structure::weaknesses(&new.plant, told);
    let all = groups.len();
    if !arguments.all && arguments.against.is_none() {
        // What takes down one who is served stands in the table below.
        groups.retain(|group| group[0].code != "BS1001" || group[0].severity > Severity::Note);
    }
    let in_table = all - groups.len();
    let most = if arguments.all { usize::MAX } else { SHOWN_MAX };
    for rule in codes_in_order(&groups) {
        let own: Vec<_> = groups.iter().filter(|group| group[0].code == rule).collect();
        let shown: Vec<Shown> =
            own.iter().take(most).map(|group| shown(&new.plant, group)).collect();
        text += &findings::render(&new.files, &shown);
        if own.len() > most {
            text += &format!("  … and {} more of {rule}: `--all` shows them\n\n", own.len() - most);
        }
    }
    if in_table > 0 {
        text += &format!(
            "  … and {in_table} single points that take down no more than one who is served each: \
             see the table, or `--all`\n\n"
        );
    }
    if arguments.against.is_none() {
        text += &table(&new.plant, &new.audit.single_points, arguments.all);
        text += &suggested(&new.plant, &new.audit.suggested_checks, arguments.all);
    }
    text += &summary(new, told, arguments.against.as_deref());
    text
}

fn codes_in_order(groups: &[Vec<&Finding>]) -> Vec<&'static str> {
    let mut codes = Vec::new();
    for group in groups {
        if !codes.contains(&group[0].code) {
            codes.push(group[0].code);
        }
    }
    codes
}

/// A group as `check` shows its findings: the line underlined, the witness, the remedy.
fn shown(plant: &Plant, group: &[&Finding]) -> Shown {
    let first = group[0];
    let name = |id| plant.component(id).name.as_str();
    let label = |finding: &Finding, text: &str| {
        let written = plant.written(finding.component);
        Label {
            file: written.file as usize,
            bytes: written.start as usize..written.end as usize,
            text: text.to_owned(),
        }
    };
    let mut message = first.message.clone();
    if group.len() > 1 {
        let others: Vec<&str> =
            group[1..].iter().take(NAMES_MAX).map(|finding| name(finding.component)).collect();
        let more = group.len() - 1 - others.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        message += &format!("; the same of {}{more}", others.join(", "));
    }
    let way: Vec<&str> = first.witness.iter().map(|&id| name(id)).collect();
    let way = if way.len() > 1 {
        format!("{} ({})\n", way.join(" ← "), first.confidence)
    } else {
        String::new()
    };
    Shown {
        code: first.code,
        severity: first.severity,
        confidence: first.confidence,
        message,
        labels: vec![label(first, "")],
        help: Some(format!("{way}{}", first.help)),
    }
}

/// What each customer and service falls with.
fn table(plant: &Plant, of: &[SinglePoints], all: bool) -> String {
    let mut text = String::new();
    let name = |id| plant.component(id).name.as_str();
    let most = if all { usize::MAX } else { ROWS_MAX };
    let width = of.iter().take(most).map(|one| name(one.of).chars().count()).max().unwrap_or(0);
    if !of.is_empty() {
        text += "What each falls with, alone (complete):\n";
    }
    for one in of.iter().take(most) {
        let names: Vec<&str> = one.by.iter().take(NAMES_MAX).map(|&id| name(id)).collect();
        let more = one.by.len().saturating_sub(names.len());
        let more = if more > 0 && !all { format!(" and {more} more") } else { String::new() };
        let by = match (one.down_today, one.by.is_empty() && one.by_carriage.is_empty()) {
            (true, _) => "down already, as the plant file has it".to_owned(),
            (false, true) => "no single fault of the plant".to_owned(),
            (false, false) if all => {
                one.by.iter().map(|&id| name(id)).collect::<Vec<_>>().join(", ")
            }
            (false, false) => format!("{}{more}", names.join(", ")),
        };
        text += &format!("  {:<width$}  {:>3}  {by}\n", name(one.of), one.by.len());
    }
    if of.len() > most {
        text += &format!("  … and {} more: `--all` shows them\n", of.len() - most);
    }
    if !of.is_empty() {
        text.push('\n');
    }
    text
}

/// The checks that would show most, each with what it would change beside those before it.
fn suggested(plant: &Plant, advice: &Advice, all: bool) -> String {
    if advice.checks.is_empty() {
        return String::new();
    }
    let tried = match (advice.tried, advice.possible) {
        (tried, possible) if tried == possible => format!("of {possible} that could be put"),
        (tried, possible) => format!("of {tried} that were tried; {possible} could be put"),
    };
    let mut text = format!("Checks that would show most ({tried}):\n");
    for one in &advice.checks {
        let ask = one.ask;
        let plane = match ask.plane {
            PlaneId::FRONT => String::new(),
            plane => format!(", over {}", plant.planes()[plane.index()]),
        };
        let parts: Vec<String> = [("shows", &one.makes_visible), ("tells apart", &one.tells_apart)]
            .into_iter()
            .filter(|(_, faults)| !faults.is_empty())
            .map(|(what, faults)| {
                let most = if all { faults.len() } else { NAMES_MAX };
                let names: Vec<String> =
                    faults.iter().take(most).map(|&fault| fault_name(plant, fault)).collect();
                let more = faults.len() - names.len();
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!("{what} {}: {}{more}", faults.len(), names.join(", "))
            })
            .collect();
        let component = plant.component(ask.component).name.as_str();
        let vantage = &plant.vantage(ask.vantage).name;
        text += &format!("  {} {component}, from {vantage}{plane}\n", ask.kind);
        for part in parts {
            text += &format!("      {part}\n");
        }
    }
    text + "\n"
}

/// A fault by the names of what it is in.
fn fault_name(plant: &Plant, fault: Subject) -> String {
    let name = |id| plant.component(id).name.as_str();
    match fault {
        Subject::Component(id) => name(id).to_owned(),
        Subject::Carriage { upstream, prefix } => {
            format!("{} misrouting {}", name(upstream), name(prefix))
        }
        Subject::Spread { from, to } => format!("{} taking down {}", name(from), name(to)),
        Subject::Vantage(id) => format!("vantage {}", plant.vantage(id).name),
        Subject::Check(id) => format!("check {}", plant.checks()[id.index()].key),
    }
}

fn summary(new: &Audited, told: &[&Finding], against: Option<&Path>) -> String {
    let count = |wanted| told.iter().filter(|finding| finding.severity == wanted).count();
    let worse = against.map_or_else(String::new, |old| format!(" worse than {}", old.display()));
    let plural =
        |count: usize, what: &str| format!("{count} {what}{}", if count == 1 { "" } else { "s" });
    format!(
        "{}: {}, of them {} in use; {}, {}, {}{worse}\n",
        new.plant.name(),
        plural(new.plant.components().len(), "component"),
        new.audit.single_points.len(),
        plural(count(Severity::Error), "error"),
        plural(count(Severity::Warning), "warning"),
        plural(count(Severity::Note), "note"),
    )
}
