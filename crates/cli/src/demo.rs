//! `demo`: a hosting company in the real console, without a network: a known outage is played on it, and
//! whoever looks on may break more.

mod stage;
pub(crate) mod outages;

use crate::exit::{Exit, WrongUsage};
use crate::serve::{log_to_stderr, told};
use crate::{Format, output};
use anyhow::{Context as _, anyhow, bail, ensure};
use blackstart_model::time::{SignedDuration, Timestamp};
use blackstart_server::serve::{AccessSettings, Settings, serve};
use blackstart_server::stage::Play;
use blackstart_sim::scenario::{Scenario, read};
use stage::Pretended;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Calm before the first thing breaks, in the time of the play: the console is seen quiet.
const CALM: SignedDuration = SignedDuration::from_mins(10);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Which known outage is played.
    #[arg(long, default_value = outages::DEFAULT, value_parser = outages::names())]
    outage: String,
    /// Play the scenario of this folder instead.
    #[arg(long, value_name = "FOLDER", conflicts_with = "outage")]
    scenario: Option<PathBuf>,
    /// So many seconds pass in one; 1 is as it was.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=600))]
    speed: u32,
    /// Where console and API listen; on loopback only.
    #[arg(long, default_value = "127.0.0.1:8480")]
    listen: SocketAddr,
    /// Where the status page listens; on loopback only.
    #[arg(long, default_value = "127.0.0.1:8481")]
    status_listen: SocketAddr,
    /// An empty folder for the journal, which is kept. Default: one that goes when it ends.
    #[arg(long)]
    data: Option<PathBuf>,
}

pub(crate) fn run(arguments: Arguments, format: Format) -> anyhow::Result<Exit> {
    let Arguments { outage, scenario, speed, listen, status_listen, data } = arguments;
    for at in [listen, status_listen] {
        let words = "is not on loopback; anybody there could break things";
        ensure!(at.ip().is_loopback(), WrongUsage(format!("{at} {words}")));
    }
    let (title, scenario) = match &scenario {
        None => (outage.clone(), outages::built_in(&outage)?),
        Some(folder) => (folder.display().to_string(), from_folder(folder)?),
    };
    let folder = Folder::make(data)?;
    let plant = folder.path.join(PLANT);
    std::fs::write(&plant, &scenario.believed.1)
        .with_context(|| format!("could not write {}", plant.display()))?;
    let starts = curtain(&scenario);
    let title = format!("{title}, an outage that happened, on a pretended network");
    let play = Play { stage: Arc::new(Pretended::new(title, &scenario)), starts, speed };
    let settings = Settings {
        plant,
        data: folder.path.clone(),
        listen,
        status_listen: Some(status_listen),
        agents_listen: None,
        secrets: None,
        commands: None,
        plugins: None,
        access: AccessSettings::default(),
        play: Some(play),
    };
    log_to_stderr("warn");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the runtime")?;
    runtime.block_on(serve(settings, |ready| {
        let mut words = told(ready, format);
        if format == Format::Human {
            words.push_str(&format!("plant file:  {}\n", folder.path.join(PLANT).display()));
            words.push_str(
                "this is a demonstration: nothing is asked on the network; Ctrl-C ends it\n",
            );
        }
        output::say(&words);
    }))?;
    Ok(Exit::Fine)
}

/// The plant file in the folder of the journal. Who edits it changes what is believed, not what is so.
const PLANT: &str = "plant.yaml";

/// When the play begins: a little before the first thing happens.
fn curtain(scenario: &Scenario) -> Timestamp {
    let faults = scenario.faults.iter().map(|fault| fault.at);
    let first = faults.chain(scenario.told.iter().map(|told| told.at));
    let first = first.filter(|&at| at > scenario.starts).min();
    let calm = first.and_then(|first| first.checked_sub(CALM).ok());
    calm.map_or(scenario.starts, |calm| calm.max(scenario.starts))
}

fn from_folder(folder: &Path) -> anyhow::Result<Scenario> {
    let path = folder.join("scenario.yaml");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("could not read {}", path.display()))?;
    // A scenario names files beside it, and none elsewhere.
    let open = |name: &str| {
        let beside = Path::new(name).components().count() == 1 && name != "..";
        beside.then(|| std::fs::read_to_string(folder.join(name)).ok()).flatten()
    };
    scenario(&text, &path.display().to_string(), open)
}

/// Reads a scenario; all its mistakes are told.
fn scenario(
    text: &str,
    name: &str,
    open: impl Fn(&str) -> Option<String>,
) -> anyhow::Result<Scenario> {
    read(text, open).map_err(|mistakes| {
        for mistake in &mistakes {
            output::aside(&format!("{name}:{mistake}\n"));
        }
        match mistakes.len() {
            1 => anyhow!("{name} has a mistake"),
            many => anyhow!("{name} has {many} mistakes"),
        }
    })
}

/// Where the journal is kept; one of our own making goes when the play ends.
struct Folder {
    path: PathBuf,
    own: bool,
}

impl Folder {
    fn make(given: Option<PathBuf>) -> anyhow::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let own = given.is_none();
        let name = format!("blackstart-demo-{}", std::process::id());
        let path = given.unwrap_or_else(|| std::env::temp_dir().join(name));
        let could_not = || format!("could not make {}", path.display());
        match std::fs::DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => {}
            // One that somebody gave may be there; one of our own is nobody else's.
            Err(error) if !own && error.kind() == std::io::ErrorKind::AlreadyExists => {
                let mut entries = std::fs::read_dir(&path).with_context(could_not)?;
                if entries.next().is_some() {
                    let words = "is not empty, and a demonstration begins anew";
                    bail!(WrongUsage(format!("{} {words}", path.display())));
                }
            }
            Err(error) => return Err(error).with_context(could_not),
        }
        Ok(Self { path, own })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.own {
            // What is left behind is in the folder for what may be lost.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}
