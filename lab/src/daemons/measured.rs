//! What speaks in datagrams: Net-SNMP's agent, of a host or in the place of a power strip, and chrony as a time server.

use super::{Daemon, find};
use crate::namespace::Host;
use crate::wait;
use std::path::PathBuf;

impl Daemon {
    /// Net-SNMP's agent on port 161 of this address, which tells the interfaces of its host to the user `watcher` of
    /// SNMP v3 with this password (SHA-256, and AES by the same).
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn snmpd(host: &Host, address: &str, password: &str) -> Self {
        Self::agent(host, address, password, "")
    }

    fn agent(host: &Host, address: &str, password: &str, more: &str) -> Self {
        let folder = host.folder().join("snmpd");
        std::fs::create_dir_all(&folder).expect("a folder for snmpd");
        let config = folder.join("snmpd.conf");
        let user = format!("createUser watcher SHA-256 \"{password}\" AES \"{password}\"\n");
        std::fs::write(&config, user + "rouser watcher priv\n" + more).expect("snmpd.conf");
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

/// The agent of a power strip: Net-SNMP's, with the numbers of a make's own objects as they are set here.
pub struct Strip {
    _daemon: Daemon,
    objects: PathBuf,
}

/// What Net-SNMP asks for objects below (`pass_persist` in `snmpd.conf(5)`): each is a file of type and value.
const OBJECTS: &str = "\
while read -r word; do
  case $word in
    PING) echo PONG ;;
    get) read -r oid; if [ -f \"$1/$oid\" ]; then echo \"$oid\"; cat \"$1/$oid\"; else echo NONE; fi ;;
    getnext) read -r oid; echo NONE ;;
    set) read -r oid; read -r value; echo not-writable ;;
    *) exit ;;
  esac
done
";

impl Strip {
    /// It answers on port 161 of this address, to the user `watcher` of [`Daemon::snmpd`].
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(host: &Host, address: &str, password: &str) -> Self {
        let objects = host.folder().join("objects");
        std::fs::create_dir_all(&objects).expect("a folder for its objects");
        let script = host.folder().join("objects.sh");
        std::fs::write(&script, OBJECTS).expect("a script");
        // PowerNet-MIB: all that APC's devices have.
        let more = format!(
            "pass_persist .1.3.6.1.4.1.318 /bin/sh {} {}\n",
            script.display(),
            objects.display()
        );
        Self { _daemon: Daemon::agent(host, address, password, &more), objects }
    }

    /// This object has this value from now on: an `integer`, a `gauge`.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn set(&self, oid: &str, kind: &str, value: u32) {
        let new = self.objects.join("new");
        std::fs::write(&new, format!("{kind}\n{value}\n")).expect("a value");
        std::fs::rename(new, self.objects.join(format!(".{oid}"))).expect("a value");
    }
}
