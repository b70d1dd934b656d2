//! Net-SNMP's agent and chrony on loopback, each in a folder of its own that goes when it goes.

use crate::daemon::pause;
use std::fs;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A daemon, ended and cleaned up after when dropped.
pub(crate) struct Daemon {
    process: Child,
    pub(crate) address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts one, by a command that is given its folder and its port, and waits until somebody listens there.
fn start(command: impl Fn(&Path, u16) -> Command) -> Daemon {
    // The port is chosen here, for these daemons cannot say which one they were given; when somebody else takes it
    // meanwhile they end at once, and another one is tried.
    let free = || UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut tries = std::iter::repeat_with(|| start_at(&command, free())).take(10);
    tries.find_map(|daemon| daemon).expect("it starts")
}

/// The same at this port; `None` when it ends before it listens.
fn start_at(command: &impl Fn(&Path, u16) -> Command, port: u16) -> Option<Daemon> {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command(folder.path(), port);
    let mut process = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    while !listens(port) {
        if process.try_wait().unwrap().is_some() {
            return None;
        }
        pause();
    }
    Some(Daemon { process, address: ([127, 0, 0, 1], port).into(), _folder: folder })
}

/// Whether a UDP socket is bound to this port of 127.0.0.1 (`proc(5)`).
fn listens(port: u16) -> bool {
    let wanted = format!("0100007F:{port:04X}");
    let sockets = fs::read_to_string("/proc/net/udp").unwrap();
    sockets.lines().filter_map(|line| line.split_whitespace().nth(1)).any(|local| local == wanted)
}

/// Net-SNMP's agent with this configuration.
pub(crate) fn snmpd(configuration: &str) -> Daemon {
    start(net_snmp(configuration))
}

/// The same at this port, where one was before.
pub(crate) fn snmpd_at(configuration: &str, port: u16) -> Daemon {
    start_at(&net_snmp(configuration), port).expect("the port is free again")
}

fn net_snmp(configuration: &str) -> impl Fn(&Path, u16) -> Command {
    move |folder, port| {
        let file = folder.join("snmpd.conf");
        fs::write(&file, configuration).unwrap();
        let mut command = Command::new("/usr/sbin/snmpd");
        command.args(["-f", "-Ln", "-C", "-c"]).arg(&file);
        // Its users' keys are kept here; by default in /var/lib/snmp.
        command.env("SNMP_PERSISTENT_DIR", folder);
        command.arg(format!("udp:127.0.0.1:{port}"));
        command
    }
}

/// chronyd as a server whose clock is that of this host, and which sets none.
pub(crate) fn chronyd(more: &str) -> Daemon {
    start(|folder, port| {
        let file = folder.join("chrony.conf");
        let own = folder.display();
        let configuration = format!(
            "port {port}\nbindaddress 127.0.0.1\ncmdport 0\nbindcmdaddress /\nallow 127.0.0.0/8\n\
             pidfile {own}/chronyd.pid\ndriftfile {own}/drift\n{more}\n"
        );
        fs::write(&file, configuration).unwrap();
        let mut command = Command::new("/usr/sbin/chronyd");
        command.args(["-x", "-d", "-u", "root", "-f"]).arg(&file);
        command
    })
}
