//! `check`: is this a plant, and if not, why not.

use crate::exit::Exit;
use crate::{Format, findings, output};
use blackstart_server::plant_files;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The plant: a file, or a folder of `*.yaml` files.
    plant: PathBuf,
}

pub(crate) fn run(arguments: &Arguments, format: Format) -> anyhow::Result<Exit> {
    let found = plant_files::find(&arguments.plant)?;
    let files = &found.source.files;
    match format {
        Format::Json => output::say(&findings::json(files, &found.findings)?),
        Format::Human => {
            output::say(&findings::render(files, &found.findings));
            let findings = output::counted(found.findings.len(), "finding");
            output::say(&match &found.plant {
                Some(plant) => format!(
                    "{}: {}, {}, {}; {findings}\n",
                    plant.name(),
                    output::counted(plant.components().len(), "component"),
                    output::counted(plant.checks().len(), "check"),
                    output::counted(plant.vantages().len(), "vantage")
                ),
                None => format!(
                    "{} is not a plant that can be loaded: {findings}\n",
                    arguments.plant.display()
                ),
            });
        }
    }
    Ok(findings::gravest(&found.findings).map_or(Exit::Fine, Exit::Findings))
}
