//! `serve`: watch a plant.

use crate::exit::Exit;
use crate::{Format, discover, findings, output};
use anyhow::Context as _;
use blackstart_server::serve::{AccessSettings, Ready, ServeError, Settings, serve};
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The plant: a file, or a folder of `*.yaml` files. Without it this machine is looked at, and what it knows of
    /// itself is written to `plant.yaml` in the journal's folder and watched.
    plant: Option<PathBuf>,
    /// The folder of the journal; made when it is not there.
    #[arg(long, default_value = "blackstart-data")]
    data: PathBuf,
    /// Where console and API listen.
    #[arg(long, default_value = "127.0.0.1:8480")]
    listen: SocketAddr,
    /// Where the public status page listens.
    #[arg(long, default_value = "127.0.0.1:8481")]
    status_listen: SocketAddr,
    /// Where agents connect to. Without it there are none.
    #[arg(long)]
    agents_listen: Option<SocketAddr>,
    /// A file of `name = value` lines, readable by its owner only. The environment's
    /// `BLACKSTART_SECRET_NAME` counts first.
    #[arg(long)]
    secrets: Option<PathBuf>,
    /// A file of `name = /program and its arguments` lines: what the plant's `alerts: { commands: … }` mean here.
    /// Nobody but root and the user we run as may write it, nor the programs.
    #[arg(long)]
    commands: Option<PathBuf>,
    /// A file of `name = program arguments` lines: the plugins that this host runs, and no others.
    #[arg(long)]
    plugins: Option<PathBuf>,
    /// A file of `name:hash` lines, made with `blackstart password`.
    #[arg(long)]
    passwords: Option<PathBuf>,
    /// The console's certificate chain, PEM.
    #[arg(long, requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The certificate's key, PEM.
    #[arg(long, requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// A proxy in front does TLS.
    #[arg(long)]
    behind_proxy: bool,
}

pub(crate) fn run(arguments: Arguments, format: Format) -> anyhow::Result<Exit> {
    let Arguments {
        plant,
        data,
        listen,
        status_listen,
        agents_listen,
        secrets,
        commands,
        plugins,
        passwords,
        tls_certificate,
        tls_key,
        behind_proxy,
    } = arguments;
    #[cfg(target_env = "gnu")]
    hold_less_memory();
    let plant = match plant {
        Some(plant) => plant,
        None => discover::plant_in(&data)?,
    };
    let certificate = tls_certificate.zip(tls_key);
    let access = AccessSettings { passwords, certificate, behind_proxy };
    let status_listen = Some(status_listen);
    let settings = Settings {
        plant,
        data,
        listen,
        status_listen,
        agents_listen,
        secrets,
        commands,
        plugins,
        access,
        play: None,
    };
    log_to_stderr("info");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("start the runtime")?;
    let listening = |ready: &Ready| {
        output::say(&told(ready, format));
        tell_systemd(ready);
    };
    match runtime.block_on(serve(settings, listening)) {
        Ok(()) => Ok(Exit::Fine),
        Err(ServeError::Refused(found)) => {
            output::say(&findings::render(&found.source.files, &found.findings));
            let words = "the plant has errors, and there is no earlier one to run on";
            output::complain(words);
            let gravest = findings::gravest(&found.findings);
            Ok(gravest.map_or(Exit::Failed, Exit::Findings))
        }
        Err(error) => Err(error.into()),
    }
}

/// What glibc is told of memory, by its environment (mallopt(3)): one heap for all threads (docs/decisions/0005), and
/// that a piece of 128 KiB or more goes back to the system when it is not needed any more (docs/decisions/0012). Both
/// are as musl does it anyway.
#[cfg(target_env = "gnu")]
const MEMORY: [(&str, &str); 2] = [("MALLOC_ARENA_MAX", "1"), ("MALLOC_MMAP_THRESHOLD_", "131072")];

/// Starts this program anew, in the same process, with less memory to hold: a third less at ten thousand checks.
/// What is set already stays so. Says nothing when it cannot.
#[cfg(target_env = "gnu")]
fn hold_less_memory() {
    use std::os::unix::process::CommandExt as _;
    let unset: Vec<(&str, &str)> =
        MEMORY.into_iter().filter(|(name, _)| std::env::var_os(name).is_none()).collect();
    if unset.is_empty() {
        return;
    }
    if let Ok(own) = std::env::current_exe() {
        // It returns only when it fails; then we go on as we are.
        let _ =
            std::process::Command::new(own).args(std::env::args_os().skip(1)).envs(unset).exec();
    }
}

/// Tells who started us that everything listens, where they asked for it (sd_notify(3)): `systemctl start` waits.
fn tell_systemd(ready: &Ready) {
    use std::os::linux::net::SocketAddrExt as _;
    use std::os::unix::net::{SocketAddr, UnixDatagram};
    let Some(place) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let bytes = place.as_encoded_bytes();
    let place = match bytes.strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(&place),
    };
    let (name, components, checks) = &ready.plant;
    let (components, checks) =
        (output::counted(*components, "component"), output::counted(*checks, "check"));
    let words = format!("READY=1\nSTATUS=watching {name}: {components}, {checks}");
    // Nobody there is no reason not to watch.
    let _ = place.and_then(|place| UnixDatagram::unbound()?.send_to_addr(words.as_bytes(), &place));
}

/// Where everything listens.
pub(crate) fn told(ready: &Ready, format: Format) -> String {
    let Ready { console, status, agents, plant: (name, components, checks), refused } = ready;
    if format == Format::Json {
        let (agents, fingerprint) =
            agents.as_ref().map(|(at, print)| (at.to_string(), print.clone())).unzip();
        let told = serde_json::json!({
            "version": 1, "console": console, "status": status, "agents": agents,
            "fingerprint": fingerprint, "plant": name, "components": components, "checks": checks,
            "refused": refused,
        });
        return format!("{told}\n");
    }
    let (components, checks) =
        (output::counted(*components, "component"), output::counted(*checks, "check"));
    let mut text = format!("watching {name}: {components}, {checks}\n");
    text.push_str(&format!("console:     {console}\n"));
    if let Some(status) = status {
        text.push_str(&format!("status page: {status}\n"));
    }
    if let Some((at, fingerprint)) = agents {
        text.push_str(&format!("agents:      {at}, fingerprint {fingerprint}\n"));
    }
    if let Some(why) = refused {
        text.push_str(&format!(
            "the changed plant file is refused, the last good one runs: {why}\n"
        ));
    }
    text
}

/// Logs go to standard error; `BLACKSTART_LOG` says how much, else so much.
pub(crate) fn log_to_stderr(usual: &str) {
    use std::io::IsTerminal as _;
    use tracing_subscriber::EnvFilter;
    let filter =
        EnvFilter::try_from_env("BLACKSTART_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal() && output::colours_wanted())
        .with_target(false)
        .init();
}
