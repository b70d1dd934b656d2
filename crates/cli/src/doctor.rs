//! `doctor`: what this installation can do today, what it could not see or tell, and why.

use crate::exit::Exit;
use crate::opened::{self, Opened};
use crate::{Format, output};
use anyhow::Context as _;
use blackstart_discover::{Able, Capability, Host, examine};
use blackstart_model::Plant;
use blackstart_model::finding::Severity;
use blackstart_reason::circuit::{Circuit, Killers, Subject};
use blackstart_reason::structure::{WayStands, silenced_together, ways_to_tell};
use blackstart_server::delivery::Commands;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The plant that is to be watched: its secrets and its ways to tell are tried too.
    plant: Option<PathBuf>,
    /// The folder of the journal.
    #[arg(long, default_value = "blackstart-data")]
    data: PathBuf,
    /// A file of `name = value` lines, as for `serve`.
    #[arg(long)]
    secrets: Option<PathBuf>,
    /// A file of `name = /program and its arguments` lines, as for `serve`.
    #[arg(long)]
    commands: Option<PathBuf>,
    /// A file of `name = /program and its arguments` lines, as for `serve`.
    #[arg(long)]
    plugins: Option<PathBuf>,
}

pub(crate) fn run(arguments: Arguments, format: Format) -> anyhow::Result<Exit> {
    let Arguments { plant, data, secrets, commands, plugins } = arguments;
    let plant = match plant {
        None => None,
        Some(path) => match opened::open(&path)? {
            None => return Ok(Exit::Findings(Severity::Error)),
            Some(Opened { plant, .. }) => Some(plant),
        },
    };
    let host = Host::read(Path::new("/"));
    let mut found = examine(&host, plant.as_deref(), &data, secrets.as_deref(), plugins.as_deref())
        .context("could not start a runtime to try things")?;
    if let Some(plant) = &plant {
        let settled = commands.map_or_else(Commands::none, Commands::of_file);
        found.extend(plant.alerting().commands.iter().map(|it| runnable(&settled, &it.name)));
        found.extend(outliving(plant)?);
        found.sort_by_key(|capability| capability.able);
    }
    output::say(&match format {
        Format::Json => json(&found),
        Format::Human => told(&found),
    });
    let worst = found.iter().map(|capability| capability.able).min();
    Ok(match worst {
        Some(Able::No) => Exit::Findings(Severity::Warning),
        Some(Able::Unknown) => Exit::Findings(Severity::Note),
        Some(Able::Yes) | None => Exit::Fine,
    })
}

/// Whether a command that alerts can be run; it is not.
fn runnable(settled: &Commands, name: &str) -> Capability {
    let what = format!("telling by command {name}");
    match settled.find(name) {
        Ok(_) => {
            let because = "it is named, and nobody else may change it".to_owned();
            Capability { what, able: Able::Yes, because, remedy: None }
        }
        Err(because) => {
            let remedy = "name it in the file of --commands: `name = /program and its arguments`";
            Capability { what, able: Able::No, because, remedy: Some(remedy.to_owned()) }
        }
    }
}

/// Whether somebody is told when what is watched takes this server and its ways out down with it.
fn outliving(plant: &Plant) -> anyhow::Result<Option<Capability>> {
    let (circuit, what) = (Circuit::of(plant), "telling when the plant is down".to_owned());
    let killers = Killers::of(&circuit)?;
    let ways = ways_to_tell(plant, &circuit, &killers)?;
    if ways.is_empty() {
        return Ok(None);
    }
    let names =
        |ways: &[&WayStands]| ways.iter().map(|way| &*way.name).collect::<Vec<_>>().join(", ");
    let is_placed = plant.vantages().first().is_some_and(|here| here.at.is_some());
    let untold: Vec<&WayStands> = ways.iter().filter(|way| !way.is_told).collect();
    let free: Vec<&WayStands> =
        ways.iter().filter(|way| way.tells_silence && way.silenced_by.is_empty()).collect();
    let faults = silenced_together(&ways);
    let fault = faults.iter().find_map(|&input| match circuit.subject(input) {
        Subject::Component(id) => Some(plant.component(id).name.as_str()),
        Subject::Vantage(_)
        | Subject::Check(_)
        | Subject::Carriage { .. }
        | Subject::Spread { .. } => None,
    });
    let remedy =
        "have a heartbeat to a place outside, or an agent outside with `alerts: true`: see BS1027";
    let (able, because, remedy) = match (free.is_empty(), fault, is_placed, untold.is_empty()) {
        (false, _, _, _) => (Able::Yes, format!("by {}, whatever falls here", names(&free)), None),
        (true, Some(fault), _, _) => {
            let all: Vec<&WayStands> = ways.iter().collect();
            let because = format!("`{fault}` alone silences every way: {}", names(&all));
            (Able::No, because, Some(remedy))
        }
        (true, None, false, _) => (
            Able::Unknown,
            "the plant does not say where this server stands".to_owned(),
            Some("say it: `here: { at: … }`; then it is known what takes it down"),
        ),
        (true, None, true, false) => (
            Able::Unknown,
            format!("where these lead is not said: {}", names(&untold)),
            Some("say it: `through: outside`, or `through:` and what of the plant it goes through"),
        ),
        (true, None, true, true) => {
            (Able::Yes, "no single fault of the plant silences every way".to_owned(), None)
        }
    };
    Ok(Some(Capability { what, able, because, remedy: remedy.map(str::to_owned) }))
}

fn told(found: &[Capability]) -> String {
    let mut text = String::new();
    for Capability { what, able, because, remedy } in found {
        text.push_str(&format!("{:<8} {what}: {because}\n", able.as_str()));
        if let Some(remedy) = remedy {
            text.push_str(&format!("{:<8} → {remedy}\n", ""));
        }
    }
    text
}

fn json(found: &[Capability]) -> String {
    let capabilities: Vec<serde_json::Value> = found
        .iter()
        .map(|Capability { what, able, because, remedy }| {
            serde_json::json!({
                "what": what, "able": able.as_str(), "because": because, "remedy": remedy,
            })
        })
        .collect();
    format!("{}\n", serde_json::json!({ "version": 1, "capabilities": capabilities }))
}
