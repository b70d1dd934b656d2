//! `blackstart-agent`: a vantage elsewhere.
//!
//! It puts the checks that the server assigns to it and that its own configuration permits, and tells
//! the server what they saw. It concludes nothing but that its server is silent, which it then says by
//! itself; it listens on nothing, runs nothing that its own configuration does not name, and tells ages
//! and never times of day. `docs/agent.md` says how it is set up; tested as a process against a server
//! on loopback in `tests/it`, and in the lab against the real one.
#![forbid(unsafe_code)]

mod clock;
mod config;
mod permit;
mod intake;
mod spool;
mod keeper;
mod pinned;
mod backoff;
mod centre;
mod connection;
mod silence;
mod alarm;

use alarm::Alarm;
use anyhow::Context as _;
use blackstart_delivery::Courier;
use blackstart_probe::secrets::SecretStore;
use blackstart_probe::{Equipment, Prober};
use centre::Centre;
use clap::{CommandFactory as _, Parser};
use clap_complete::Shell;
use clap_mangen::Man;
use config::Config;
use connection::Agent;
use spool::log::Log;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use tokio::signal::unix::{SignalKind, signal};

/// A vantage of Blackstart: puts the checks that its server assigns, and tells what they saw.
#[derive(Parser)]
#[command(name = "blackstart-agent", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Arguments {
    /// The configuration, as `blackstart enroll` prints it; readable by its owner only.
    #[arg(long, default_value = "/etc/blackstart-agent.conf")]
    config: PathBuf,
    /// Print a script by which this shell completes the command, and end.
    #[arg(long, value_enum, value_name = "SHELL", hide = true)]
    completions: Option<Shell>,
    /// Print the manual page, and end.
    #[arg(long, hide = true, conflicts_with = "completions")]
    man: bool,
}

const EXIT_CODES: &str = "Exit codes: 0 told to end; 1 failed; 2 wrong usage or configuration";

fn main() -> ExitCode {
    let Arguments { config: path, completions, man } = Arguments::parse();
    if completions.is_some() || man {
        return print(completions);
    }
    log_to_stderr();
    let config = match config::read(&path) {
        Ok(config) => config,
        Err(complaints) => {
            for complaint in complaints {
                tracing::error!("{}: {complaint}", path.display());
            }
            return ExitCode::from(2);
        }
    };
    match run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("could not go on: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the script for this shell, or the manual page: what a package is made of.
fn print(completions: Option<Shell>) -> ExitCode {
    let mut command = Arguments::command();
    let mut text = Vec::new();
    if let Some(shell) = completions {
        clap_complete::generate(shell, &mut command, "blackstart-agent", &mut text);
    } else if Man::new(command).manual("Blackstart").render(&mut text).is_err() {
        return ExitCode::FAILURE;
    }
    match std::io::stdout().lock().write_all(&text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// Runs until it is told to end.
fn run(config: Config) -> anyhow::Result<()> {
    blackstart_probe::raise_limits();
    let boot = clock::boot_id().context("could not read which start of the host this is")?;
    let (log, kept) = Log::open(&config.spool, &boot)
        .with_context(|| format!("could not open the spool in {}", config.spool.display()))?;
    let (desk, spool, keeper) = keeper::start(log, kept).context("could not start a thread")?;
    let secrets = Arc::new(SecretStore { file: config.secrets.clone() });
    let equipment = Equipment::new(secrets.clone()).with_plugins(config.plugins.clone());
    let prober = Prober::start(equipment, desk.clone(), &config.agent)
        .context("could not start the prober")?;
    let tls = pinned::tls(config.fingerprint);
    let centre = Arc::new(Centre::default());
    let alarm = alarm(&config, &secrets, &centre, &desk);
    let refused = Mutex::default();
    let agent = Agent { config, boot, tls, desk, spool, prober, centre, refused };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("could not start the runtime")?;
    runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate())?;
        let mut interrupted = signal(SignalKind::interrupt())?;
        tokio::select! {
            never = agent.stay_connected() => match never {},
            never = alarm.watch() => match never {},
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
        anyhow::Ok(())
    })?;
    // A resolver that hangs must not hold us.
    runtime.shutdown_background();
    drop(agent);
    keeper.end();
    Ok(())
}

/// What alerts when the server is silent, and says now what could not be used then.
fn alarm(
    config: &Config,
    secrets: &Arc<SecretStore>,
    centre: &Arc<Centre>,
    desk: &Arc<keeper::Desk>,
) -> Alarm {
    let commands = config.alerts.commands();
    if config.alerts.command.is_some()
        && let Err(why) = commands.find("alert")
    {
        tracing::warn!("`alert_command` cannot be run: {why}");
    }
    let courier = Courier::new(secrets.clone(), commands);
    let names = (config.agent.clone(), config.server.clone());
    let equipment = Equipment::new(secrets.clone());
    let known = (centre.clone(), desk.clone());
    Alarm::new(names, config.alerts.clone(), courier, equipment, known, &config.spool)
}

/// Logs go to standard error; `BLACKSTART_LOG` says how much.
fn log_to_stderr() {
    use std::io::IsTerminal as _;
    use tracing_subscriber::EnvFilter;
    let filter =
        EnvFilter::try_from_env("BLACKSTART_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
}
