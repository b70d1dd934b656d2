//! lldpd, which tells the neighbours of a host who it is, and hears who they are.

use super::{Daemon, find};
use crate::namespace::Host;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

impl Daemon {
    /// lldpd under the host's name in the lab, which describes its system so.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn lldpd(host: &Host, description: &str) -> Self {
        let config = host.folder().join("lldpd.conf");
        let name = host.name();
        let words = format!(
            "configure system hostname {name}\nconfigure system description \"{description}\"\n"
        );
        std::fs::write(&config, words).expect("lldpd.conf");
        let mut command = host.command(&find("lldpd").expect("lldpd is installed"));
        command.arg("-d").arg("-u").arg(socket(host)).arg("-O").arg(&config);
        Self::start(host, command)
    }
}

/// What `lldpcli` says of a host and its neighbours, as a file for `discover --from lldp`. `None` when it hears none
/// yet.
#[must_use]
pub fn neighbours(host: &Host) -> Option<PathBuf> {
    let show = |what: &str| {
        let mut command = Command::new(find("lldpcli").expect("lldpd is installed"));
        command.arg("-u").arg(socket(host)).args(["-f", "json", "show", what]);
        command.output().ok().filter(|said| said.status.success()).map(|said| said.stdout)
    };
    let (chassis, neighbours) = (show("chassis")?, show("neighbors")?);
    let heard: Value = serde_json::from_slice(&neighbours).ok()?;
    heard["lldp"].get("interface")?;
    let path = host.folder().join(format!("{}.json", host.name()));
    std::fs::write(&path, [chassis, neighbours].concat()).expect("a file");
    Some(path)
}

fn socket(host: &Host) -> PathBuf {
    host.folder().join("lldpd.socket")
}
