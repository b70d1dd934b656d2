//! Redis.

use super::{Daemon, find};
use crate::namespace::Host;

impl Daemon {
    /// A Redis that keeps nothing, on this port, with further words on its command line.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn redis(host: &Host, address: &str, port: u16, more: &[&str]) -> Self {
        let folder = host.folder().join(format!("redis-{port}"));
        std::fs::create_dir_all(&folder).expect("a folder for redis");
        let mut command = host.command(&find("redis-server").expect("redis-server is installed"));
        command
            .args(["--bind", address, "--port", &port.to_string(), "--save", "", "--dir"])
            .arg(&folder)
            .args(more);
        let daemon = Self::start(host, command);
        daemon.answers(address, port);
        daemon
    }
}
