//! `doctor`: what this installation can do today, what it could not see or tell, and why.

use crate::exit::Exit;
use crate::opened::{self, Opened};
use crate::{Format, output};
use anyhow::Context as _;
use blackstart_discover::{Able, Capability, Host, examine};
use blackstart_model::finding::Severity;
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
}

pub(crate) fn run(arguments: Arguments, format: Format) -> anyhow::Result<Exit> {
    let Arguments { plant, data, secrets } = arguments;
    let plant = match plant {
        None => None,
        Some(path) => match opened::open(&path)? {
            None => return Ok(Exit::Findings(Severity::Error)),
            Some(Opened { plant, .. }) => Some(plant),
        },
    };
    let host = Host::read(Path::new("/"));
    let found = examine(&host, plant.as_deref(), &data, secrets.as_deref())
        .context("could not start a runtime to try things")?;
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
