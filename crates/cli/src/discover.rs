//! `discover`: what this machine knows of itself, as a plant file. `serve` does the same where it is given no plant.

use crate::exit::Exit;
use crate::{Format, output};
use anyhow::{Context as _, bail};
use blackstart_discover::{Host, Looked, Plant, here};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The file to write, which must not be there yet; standard output without.
    #[arg(long, value_name = "FILE.yaml")]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, format: Format) -> anyhow::Result<Exit> {
    let looked = look()?;
    if let Some(path) = &arguments.out {
        write_new(path, &looked.plant)?;
    }
    if format == Format::Json {
        let Looked { plant, found, questions, conflicts: _ } = &looked;
        let told = serde_json::json!({
            "version": 1, "plant": plant, "found": found, "questions": questions,
            "written": arguments.out.as_ref().map(|path| path.display().to_string()),
        });
        output::say(&format!("{told}\n"));
        return Ok(Exit::Fine);
    }
    match &arguments.out {
        None => {
            output::say(&looked.plant);
            output::aside(&found(&looked));
        }
        Some(path) => output::say(&told(path, &looked)),
    }
    Ok(Exit::Fine)
}

/// The plant that was written for this machine when it was watched for the first time, or one that is written now.
pub(crate) fn plant_in(data: &Path) -> anyhow::Result<PathBuf> {
    let path = data.join("plant.yaml");
    if path.exists() {
        output::aside(&format!("no plant given: watching {}, written before\n", path.display()));
        return Ok(path);
    }
    fs::create_dir_all(data).with_context(|| format!("could not make {}", data.display()))?;
    let looked = look()?;
    write_new(&path, &looked.plant)?;
    output::aside(&format!("no plant given: this machine is watched\n{}", told(&path, &looked)));
    Ok(path)
}

fn look() -> anyhow::Result<Looked> {
    let reports = [here(&Host::read(Path::new("/")))];
    Plant::of(&reports).look().context("could not start a runtime to ask what was found")
}

/// Writes a file that is not there yet: what is there is somebody's.
fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let file = fs::File::options().write(true).create_new(true).open(path);
    match file.and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => Ok(()),
        Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists => {
            bail!(
                "{} is there already, and nothing is written over it: name another file",
                path.display()
            )
        }
        Err(why) => Err(why).with_context(|| format!("could not write {}", path.display())),
    }
}

fn told(path: &Path, looked: &Looked) -> String {
    let mut text = found(looked);
    text.push_str(&format!("written: {}\n", path.display()));
    if !looked.questions.is_empty() {
        text.push_str("what this machine does not know (it stands in the file, too):\n");
        for question in &looked.questions {
            text.push_str(&format!("  - {question}\n"));
        }
    }
    text
}

fn found(looked: &Looked) -> String {
    looked.found.iter().map(|found| format!("found {found}\n")).collect()
}
