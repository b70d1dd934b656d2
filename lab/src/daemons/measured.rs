//! What speaks in datagrams: Net-SNMP's agent, and chrony as a time server.

use super::{Daemon, find};
use crate::namespace::Host;
use crate::wait;

impl Daemon {
    /// Net-SNMP's agent on port 161 of this address, which tells the interfaces of its host to the user `watcher` of
    /// SNMP v3 with this password (SHA-256, and AES by the same).
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn snmpd(host: &Host, address: &str, password: &str) -> Self {
        let folder = host.folder().join("snmpd");
        std::fs::create_dir_all(&folder).expect("a folder for snmpd");
        let config = folder.join("snmpd.conf");
        let user = format!("createUser watcher SHA-256 \"{password}\" AES \"{password}\"\n");
        std::fs::write(&config, user + "rouser watcher priv\n").expect("snmpd.conf");
        // Its users' keys are kept here; by default in /var/lib/snmp.
        host.set("SNMP_PERSISTENT_DIR", &folder);
        let mut command = host.command(&find("snmpd").expect("snmpd is installed"));
        command.args(["-f", "-Ln", "-C", "-c"]).arg(&config).arg(format!("udp:{address}:161"));
        let daemon = Self::start(host, command);
        daemon.listens(161);
        daemon
    }

    /// chronyd on port 123 of this address, which sets no clock and calls that of this machine right.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn chronyd(host: &Host, address: &str) -> Self {
        let own = host.folder().display();
        let config = host.folder().join("chrony.conf");
        let text = format!(
            "bindaddress {address}\ncmdport 0\nbindcmdaddress /\nallow 0.0.0.0/0\nlocal stratum 3\n\
             pidfile {own}/chronyd.pid\ndriftfile {own}/drift\n"
        );
        std::fs::write(&config, text).expect("chrony.conf");
        let mut command = host.command(&find("chronyd").expect("chrony is installed"));
        command.args(["-x", "-d", "-u", "root", "-f"]).arg(&config);
        let daemon = Self::start(host, command);
        daemon.listens(123);
        daemon
    }

    /// Waits until somebody listens for datagrams on this port (`proc(5)`).
    fn listens(&self, port: u16) {
        let ends = format!(":{port:04X}");
        wait(&format!("port {port} on {}", self.host.name()), || {
            let sockets = self.host.command(&find("cat").expect("coreutils are installed"));
            let sockets = { sockets }.arg("/proc/net/udp").output().ok()?.stdout;
            let sockets = String::from_utf8_lossy(&sockets).into_owned();
            let mut bound = sockets.lines().filter_map(|line| line.split_whitespace().nth(1));
            bound.any(|local| local.ends_with(&ends)).then_some(())
        });
    }
}
