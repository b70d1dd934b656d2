//! `diagnose`: what broke, by what somebody wrote down of an outage; no server is asked.

mod observations;
mod folding;
pub(crate) mod words;

use crate::exit::Exit;
use crate::opened::{self, Opened};
use crate::{Format, output};
use anyhow::{Context as _, anyhow, ensure};
use blackstart_model::finding::Severity;
use blackstart_model::incident::IncidentState;
use blackstart_model::record::{DiagnosisSummary, PlantSource};
use blackstart_model::time::{Timestamp, Zone, local_instant, shown};
use blackstart_reason::Incident;
use blackstart_server::believed::{Believed, Hypothesis, NamedFault, Near, Next};
use blackstart_server::http::incident_as_json;
use folding::{Folded, fold};
use observations::{BYTES_MAX, Reading};
use serde::Serialize;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Mistakes shown at most; beyond, their number is said. More than a person mends at one sitting.
const MISTAKES_MAX: usize = 200;

/// Notes and alerts shown at most to a person; all of them are in the JSON.
const SHOWN_MAX: usize = 30;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The plant: a file, or a folder of `*.yaml` files.
    plant: PathBuf,
    /// What was seen: JSON lines, or an export of Alertmanager; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    observations: PathBuf,
    /// What was to be believed at this time: RFC 3339, or local time of the plant. Default: at the last
    /// line.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, format: Format) -> anyhow::Result<Exit> {
    let Arguments { plant: path, observations, at } = arguments;
    let Some(Opened { files, plant }) = opened::open(path)? else {
        return Ok(Exit::Findings(Severity::Error));
    };
    let until = at.as_deref().map(|at| instant(at, plant.zone())).transpose()?;
    let text = text_of(observations)?;
    let Reading { said, mistakes, notes, unmatched } = observations::read(&text, &plant);
    if !mistakes.is_empty() {
        let name = observations.display();
        for (line, words) in mistakes.iter().take(MISTAKES_MAX) {
            output::aside(&format!("{name}, line {line}: {words}\n"));
        }
        let more = match mistakes.len().saturating_sub(MISTAKES_MAX) {
            0 => String::new(),
            more => format!(", of which {more} are not shown"),
        };
        output::complain(&format!("{name} has {} mistakes{more}", mistakes.len()));
        return Ok(Exit::Findings(Severity::Error));
    }
    let Some(folded) = fold(PlantSource { files }, &plant, &said, until) else {
        let when = until.map(|until| format!(" by {}", shown(until, plant.zone())));
        output::aside(&format!("nothing was seen{}\n", when.unwrap_or_default()));
        return Ok(Exit::Nothing);
    };
    let Folded { state, now, taken, refused, silent } = folded;
    let diagnosis = state.diagnose(now);
    let notes: Vec<String> = notes
        .into_iter()
        .map(|(words, count)| match count {
            1 => words,
            count => format!("{words} ({count} times)"),
        })
        .chain(refused)
        .chain(silent.into_iter().map(|(vantage, times)| {
            let times = if times == 1 { "once".to_owned() } else { format!("{times} times") };
            format!(
                "`{vantage}` said nothing for more than 15 min, {times}: what it had seen up is \
                 unknown meanwhile"
            )
        }))
        .collect();
    let after = said.len() - taken;
    let incidents: Vec<&Incident> =
        state.incidents().values().filter(|incident| was_confirmed(incident)).collect();
    output::say(&match format {
        Format::Json => {
            let Believed {
                sentence,
                hypotheses,
                searched,
                ambiguity,
                next_checks,
                coincidences,
                changed,
            } = Believed::from(&diagnosis);
            let answer = Answer {
                version: 1,
                plant: plant.name().to_owned(),
                at: now.to_string(),
                sentence,
                hypotheses,
                searched,
                ambiguity,
                next_checks,
                coincidences,
                changed,
                incidents: incidents.iter().map(|incident| incident_as_json(incident)).collect(),
                lines: Lines { taken, after },
                taken_otherwise: notes,
                unmatched,
            };
            serde_json::to_string_pretty(&answer)? + "\n"
        }
        Format::Human => {
            let mut text = words::words(&diagnosis, plant.zone(), now);
            text.push_str(&format!("{taken} observations"));
            if after > 0 {
                text.push_str(&format!("; {after} later ones are not looked at"));
            }
            text.push('\n');
            let incidents: Vec<String> =
                incidents.iter().map(|incident| in_a_line(incident, plant.zone())).collect();
            section(&mut text, "Incidents", &incidents);
            section(&mut text, "Taken otherwise than written", &notes);
            section(&mut text, "Alerts that fit nothing in the plant", &unmatched);
            text
        }
    });
    Ok(verdict(&diagnosis))
}

/// Whether an incident was more than a suspicion.
fn was_confirmed(incident: &Incident) -> bool {
    match incident.state {
        IncidentState::Suspected | IncidentState::Merged | IncidentState::Dismissed => false,
        IncidentState::Open
        | IncidentState::Acknowledged
        | IncidentState::Recovering
        | IncidentState::Resolved => true,
    }
}

/// `I1 resolved, Mon … to Mon …: utility-power is down: almost certain (99 %)`.
fn in_a_line(incident: &Incident, zone: &Zone) -> String {
    let Incident { id, state, opened_at, closed_at, diagnosis, .. } = incident;
    let until = closed_at.map(|at| format!(" to {}", shown(at, zone))).unwrap_or_default();
    format!("{id} {state}, {}{until}: {}", shown(*opened_at, zone), diagnosis.sentence)
}

/// How a diagnosis ends a command.
pub(crate) fn verdict(diagnosis: &DiagnosisSummary) -> Exit {
    match diagnosis.hypotheses.first() {
        Some(lead) if !lead.nothing_broke => Exit::Outage,
        Some(_) | None => Exit::Fine,
    }
}

/// An instant as a person types it.
pub(crate) fn instant(text: &str, zone: &Zone) -> anyhow::Result<Timestamp> {
    local_instant(text, zone).map_err(|error| anyhow!("could not read the time `{text}`: {error}"))
}

fn section(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    text.push_str(&format!("\n{title}\n"));
    for line in lines.iter().take(SHOWN_MAX) {
        text.push_str(&format!("  {line}\n"));
    }
    if lines.len() > SHOWN_MAX {
        text.push_str(&format!("  and {} more\n", lines.len() - SHOWN_MAX));
    }
}

fn text_of(path: &Path) -> anyhow::Result<String> {
    let name = path.display();
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(BYTES_MAX + 1).read_to_end(&mut bytes)
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("could not read {name}"))?;
        file.take(BYTES_MAX + 1).read_to_end(&mut bytes)
    };
    read.with_context(|| format!("could not read {name}"))?;
    ensure!(bytes.len() as u64 <= BYTES_MAX, "{name} has more than {BYTES_MAX} bytes");
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        anyhow!("byte {at} of {name} is not UTF-8 text")
    })
}

#[derive(Serialize)]
struct Answer {
    version: u32,
    plant: String,
    at: String,
    sentence: String,
    hypotheses: Vec<Hypothesis>,
    searched: String,
    ambiguity: Vec<Vec<NamedFault>>,
    next_checks: Vec<Next>,
    coincidences: Vec<Near>,
    changed: Vec<String>,
    incidents: Vec<serde_json::Value>,
    lines: Lines,
    taken_otherwise: Vec<String>,
    unmatched: Vec<String>,
}

#[derive(Serialize)]
struct Lines {
    taken: usize,
    after: usize,
}
