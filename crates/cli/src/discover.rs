//! `discover`: what this machine knows of itself, and what other systems know of theirs, as a plant file. `serve` does
//! the same of this machine where it is given no plant.

use crate::exit::{Exit, WrongUsage};
use crate::{Format, output};
use anyhow::{Context as _, bail};
use blackstart_discover::from::Kind;
use blackstart_discover::seen::Report;
use blackstart_discover::{Conflict, Given, Host, Looked, Plant, compare, here, proxmox};
use blackstart_model::finding::Severity;
use blackstart_server::netbox::live::secrets::{self, SecretStore, Secrets as _};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Where to look, again for each: `here` (this machine, when none is given), `csv=FILE`, `ansible=FILE`,
    /// `lldp=FILE`, `libvirt=FILE`, `proxmox=FILE` or `proxmox=https://…`. `-` is standard input. Of two that disagree
    /// the first counts, and it is told.
    #[arg(long, value_name = "SOURCE")]
    from: Vec<Given>,
    /// A file with nothing but the API token, readable by its owner only. Else the token is the secret
    /// `proxmox-token`: the environment's `BLACKSTART_SECRET_PROXMOX_TOKEN`.
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// The file to write, which must not be there yet; standard output without.
    #[arg(long, value_name = "FILE.yaml")]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments, format: Format) -> anyhow::Result<Exit> {
    let Arguments { from, token_file, out } = arguments;
    let looked = look(from, token_file.as_deref())?;
    if let Some(path) = out {
        write_new(path, &looked.plant)?;
    }
    let exit = match looked.conflicts.is_empty() {
        true => Exit::Fine,
        false => Exit::Findings(Severity::Warning),
    };
    if format == Format::Json {
        output::say(&json(&looked, out.as_deref()));
        return Ok(exit);
    }
    match out {
        None => {
            output::say(&looked.plant);
            output::aside(&found(&looked));
        }
        Some(path) => output::say(&told(path, &looked)),
    }
    Ok(exit)
}

fn json(looked: &Looked, out: Option<&Path>) -> String {
    let Looked { plant, found, questions, conflicts } = looked;
    let conflicts: Vec<serde_json::Value> = conflicts
        .iter()
        .map(|Conflict { component, field, said }| {
            let said: Vec<serde_json::Value> = said
                .iter()
                .map(|(value, by)| serde_json::json!({ "value": value, "by": by }))
                .collect();
            serde_json::json!({ "component": component, "field": field, "said": said })
        })
        .collect();
    let told = serde_json::json!({
        "version": 1, "plant": plant, "found": found, "questions": questions, "conflicts": conflicts,
        "written": out.map(|path| path.display().to_string()),
    });
    format!("{told}\n")
}

/// The plant that was written for this machine when it was watched for the first time, or one that is written now.
pub(crate) fn plant_in(data: &Path) -> anyhow::Result<PathBuf> {
    let path = data.join("plant.yaml");
    if path.exists() {
        output::aside(&format!("no plant given: watching {}, written before\n", path.display()));
        return Ok(path);
    }
    fs::create_dir_all(data)
        .with_context(|| format!("could not make {} (another folder: --data)", data.display()))?;
    let looked = look(&[], None)?;
    write_new(&path, &looked.plant)?;
    output::aside(&format!("no plant given: this machine is watched\n{}", told(&path, &looked)));
    Ok(path)
}

fn look(from: &[Given], token_file: Option<&Path>) -> anyhow::Result<Looked> {
    let is_here = from.is_empty() || from.iter().any(|given| given.kind == Kind::Here);
    let here = if is_here {
        let mut host = Host::read(Path::new("/"));
        compare(&mut host).context("could not start a runtime to look at certificates")?;
        Some(here(&host))
    } else {
        None
    };
    let name = here.as_ref().map(|report| report.things[0].name.as_str());
    let mut reports: Vec<Report> = Vec::new();
    for given in from {
        let report = match given.url() {
            Some(url) => Some(
                proxmox::live::read(url, &token(token_file)?, &given.by())
                    .with_context(|| format!("could not read the cluster at {url}"))?,
            ),
            None => given.read(name)?,
        };
        reports.extend(report.or_else(|| here.clone()));
    }
    if reports.is_empty() {
        reports.extend(here);
    }
    let plant = Plant::of(&reports);
    // What others say of other machines is not asked from a place that nobody named.
    if !reports.iter().any(|report| report.own.is_some()) {
        return Ok(plant.unasked());
    }
    plant.look().context("could not start a runtime to ask what was found")
}

/// The API token, from a file of its own or as a secret.
fn token(file: Option<&Path>) -> anyhow::Result<String> {
    match file {
        Some(path) => secrets::private(path)
            .map_err(anyhow::Error::msg)
            .with_context(|| format!("could not read the token from {}", path.display())),
        None => SecretStore::default()
            .value("proxmox-token")
            .map_err(|why| WrongUsage(format!("{why}; --token-file names one")))
            .context("could not ask Proxmox without a token"),
    }
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
    if !looked.conflicts.is_empty() {
        text.push_str("what its sources disagree about:\n");
        for conflict in &looked.conflicts {
            text.push_str(&format!("  - {}\n", conflict.words()));
        }
    }
    if !looked.questions.is_empty() {
        text.push_str("what nobody knows (it stands in the file, too):\n");
        for question in &looked.questions {
            text.push_str(&format!("  - {question}\n"));
        }
    }
    text
}

fn found(looked: &Looked) -> String {
    looked.found.iter().map(|found| format!("found {found}\n")).collect()
}
