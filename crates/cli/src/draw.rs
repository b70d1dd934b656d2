//! `draw`: the plant, or the answer to one question about it, as an SVG.

use crate::exit::{Exit, WrongUsage};
use crate::opened::{self, Opened};
use crate::{named, output};
use anyhow::{Context as _, bail};
use blackstart_model::finding::Severity;
use blackstart_reason::circuit::Circuit;
use blackstart_server::drawing::{Picture, draw, questions};
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The plant: a file, or a folder of `*.yaml` files.
    plant: PathBuf,
    /// What this component stands on, and what stands on it.
    #[arg(long, value_name = "COMPONENT", conflicts_with = "off")]
    about: Option<String>,
    /// What is down, and what has less redundancy, while these are off.
    #[arg(long, value_name = "COMPONENT", num_args = 1..)]
    off: Vec<String>,
    /// Boxes to open: a component, or those of a kind in one, as `rack-1:servers` or `:customers`.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    open: Vec<String>,
    /// Boxes to close.
    #[arg(long, value_name = "NAME", num_args = 1..)]
    close: Vec<String>,
    /// The file to write; standard output without.
    #[arg(long, value_name = "FILE.svg")]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let Some(Opened { plant, .. }) = opened::open(&arguments.plant)? else {
        return Ok(Exit::Findings(Severity::Error));
    };
    let plant = &plant;
    let mut picture = match &arguments.about {
        Some(name) => questions::about(plant, named::component(plant, name)?),
        None if arguments.off.is_empty() => Picture::of(plant),
        None => {
            let off = named::components(plant, &arguments.off)?;
            questions::off(plant, &Circuit::of(plant), &off)
        }
    };
    picture.open = arguments.open.iter().cloned().collect();
    picture.closed = arguments.close.iter().cloned().collect();
    let drawing = draw(plant, &picture);
    if let Some(first) = drawing.not_opened.first() {
        let words = "there is no such box, or more in it than can be drawn";
        bail!(WrongUsage(format!("could not open {first}: {words}")));
    }
    match &arguments.out {
        None => output::say(&drawing.svg),
        Some(path) => std::fs::write(path, &drawing.svg)
            .with_context(|| format!("could not write {}", path.display()))?,
    }
    Ok(Exit::Fine)
}
