//! `diagnose`: what broke, by what somebody wrote down of an outage; no server is asked.

mod observations;
mod folding;
pub(crate) mod words;

use crate::exit::{Exit, WrongUsage};
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
use observations::{BYTES_MAX, Reading, Unmatched};
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
    let name = observations.display();
    for Unmatched { line, words, .. } in unmatched.iter().take(MISTAKES_MAX) {
        output::aside(&format!("{name}, line {line} is left aside: {words}\n"));
    }
    if unmatched.len() > MISTAKES_MAX {
        let more = unmatched.len() - MISTAKES_MAX;
        output::aside(&format!("{name}: {more} more fit nothing in the plant\n"));
    }
    if !mistakes.is_empty() {
        for (line, words) in mistakes.iter().take(MISTAKES_MAX) {
            output::aside(&format!("{name}, line {line}: {words}\n"));
        }
        let more = match mistakes.len().saturating_sub(MISTAKES_MAX) {
            0 => String::new(),
            more => format!(", of which {more} are not shown"),
        };
        let mistakes = match mistakes.len() {
            1 => "a mistake".to_owned(),
            many => format!("{many} mistakes{more}"),
        };
        output::complain(&format!("{name} has {mistakes}"));
        return Ok(Exit::Findings(Severity::Error));
    }
    let Some(folded) = fold(PlantSource { files }, &plant, &said, until) else {
        let when = until.map(|until| format!(" by {}", shown(until, plant.zone())));
        output::aside(&format!("nothing was seen{}\n", when.unwrap_or_default()));
        return Ok(Exit::Nothing);
    };
    let Folded { state, now, taken, refused, silent } = folded;
    let incidents: Vec<&Incident> =
        state.incidents().values().filter(|incident| was_confirmed(incident)).collect();
    let mut diagnosis = state.diagnose(now);
    let over = diagnosis.hypotheses.is_empty();
    if let Some(sentence) = over.then(|| what_it_was(&incidents, plant.zone())).flatten() {
        diagnosis.sentence = sentence;
    }
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
            match unmatched.len() {
                0 => {}
                1 => text.push_str("; 1 that fits nothing in the plant is left aside"),
                many => {
                    text.push_str(&format!("; {many} that fit nothing in the plant are left aside"))
                }
            }
            text.push('\n');
            let incidents: Vec<String> =
                incidents.iter().flat_map(|incident| in_lines(incident, plant.zone())).collect();
            section(&mut text, "Incidents", &incidents);
            section(&mut text, "Taken otherwise than written", &notes);
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

/// What the sentence says when nothing fails any more, and something did: the incident that ended last.
fn what_it_was(incidents: &[&Incident], zone: &Zone) -> Option<String> {
    let ended = || incidents.iter().filter_map(|incident| Some((incident.closed_at?, incident)));
    let (closed_at, last) = ended().max_by_key(|(at, incident)| (*at, incident.id))?;
    let others = match ended().count() - 1 {
        0 => String::new(),
        1 => " (and one other incident, below)".to_owned(),
        many => format!(" (and {many} other incidents, below)"),
    };
    let Incident { id, diagnosis, .. } = last;
    let when = shown(closed_at, zone);
    let was = &diagnosis.sentence;
    Some(format!(
        "nothing is seen to fail any more; what was believed of {id}, over since {when}{others}: {was}"
    ))
}

/// `I1 resolved, Mon … to Mon …: utility-power is down: almost certain (99 %)`, and of what is over what was
/// believed of it last, for nothing above says it.
fn in_lines(incident: &Incident, zone: &Zone) -> Vec<String> {
    let Incident { id, state, opened_at, closed_at, symptoms, diagnosis, .. } = incident;
    let until = closed_at.map(|at| format!(" to {}", shown(at, zone))).unwrap_or_default();
    let sentence = &diagnosis.sentence;
    let mut lines = vec![format!("{id} {state}, {}{until}: {sentence}", shown(*opened_at, zone))];
    if closed_at.is_some()
        && let Some(lead) = diagnosis.hypotheses.first()
    {
        // It was told while it lasted, and ended when the last symptom was seen up.
        let ended = symptoms.values().filter_map(|track| track.up_since).max();
        let mut lead = lead.clone();
        for fault in &mut lead.faults {
            fault.until = fault.until.or(ended);
        }
        lines.extend(words::lines_of(&lead, 1, zone));
    }
    lines
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
    local_instant(text, zone)
        .map_err(|error| WrongUsage(format!("could not read the time `{text}`: {error}")).into())
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
    unmatched: Vec<Unmatched>,
}

#[derive(Serialize)]
struct Lines {
    taken: usize,
    after: usize,
}
