//! How much CPU does it take to ask a host, a name server, a device, a time server or a plugin, beside the Nagios
//! plugin that does the same?
//!
//! On paper: a datagram there and back is four system calls, some 10 us; authentication and encryption of SNMP v3 a few
//! more; a fork and exec of a small program 1 ms and upwards, of a large one several. What is built in should cost a
//! hundredth; a plugin that we run should cost what it costs whoever runs it.
//!
//! Method: the kernel, unbound, Net-SNMP's agent and chrony on loopback, and [`beside`]. `check_dig` is measured, for
//! `check_dns` knows no other port than 53. As root, with unbound, snmpd, chronyd, dig and monitoring-plugins-standard:
//! `cargo bench -p blackstart-probe --bench beside_plugins`.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads clocks and waits")]
#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

mod beside;

use beside::{Daemon, PLUGINS, Pair, free_port};
use blackstart_probe::plugins::PluginStore;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Tries each second of what is built in.
const RATE: usize = 500;

/// Plugins that are run each second.
const PLUGIN_RATE: usize = 40;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let (names, agent, time) = (free_port(), free_port(), free_port());
    let servers =
        [unbound(folder.path(), names), snmpd(folder.path(), agent), chronyd(folder.path(), time)];
    let plugins = folder.path().join("plugins");
    std::fs::write(&plugins, format!("dummy = {PLUGINS}/check_dummy 0 fine\n")).unwrap();
    std::thread::sleep(Duration::from_secs(2));

    beside::head();
    let icmp =
        Pair::new("icmp", RATE, "icmp: 127.0.0.1, echoes: 1", "check_icmp -H 127.0.0.1 -n 1");
    let dns = Pair::new(
        "dns",
        RATE,
        format!("dns: '127.0.0.1:{names}', query: 'bench.example A'"),
        format!("check_dig -H 127.0.0.1 -p {names} -l bench.example"),
    );
    let name = "get: [ { oid: sysName.0, is: bench } ]";
    let asks = format!("check_snmp -H 127.0.0.1 -p {agent} -o 1.3.6.1.2.1.1.5.0 -r bench");
    let community = Pair::new(
        "snmp, v2c",
        RATE,
        format!("snmp: '127.0.0.1:{agent}', community: {{ secret: readers }}, {name}"),
        format!("{asks} -P 2c -C readers"),
    );
    let user = Pair::new(
        "snmp, v3 authPriv",
        RATE,
        format!(
            "snmp: '127.0.0.1:{agent}', user: us, auth: {{ sha256: {{ secret: the-password }} }}, \
             privacy: {{ aes128: {{ secret: another-password }} }}, {name}"
        ),
        format!(
            "{asks} -P 3 -U us -L authPriv -a SHA-256 -A the-password -x AES -X another-password"
        ),
    );
    let ntp = Pair::new(
        "ntp",
        RATE,
        format!("ntp: '127.0.0.1:{time}'"),
        format!("check_ntp_time -H 127.0.0.1 -p {time}"),
    );
    let mut plugin =
        Pair::new("plugin, check_dummy", PLUGIN_RATE, "plugin: dummy", "check_dummy 0 fine");
    plugin.store = PluginStore { file: Some(plugins) };
    plugin.is_paced = true;
    for pair in [icmp, dns, community, user, ntp, plugin] {
        beside::row(&pair);
    }
    drop(servers);
}

fn unbound(folder: &Path, port: u16) -> Daemon {
    let configuration = folder.join("unbound.conf");
    let here = folder.display();
    let text = format!(
        "server:\n  interface: 127.0.0.1@{port}\n  do-daemonize: no\n  username: \"\"\n  chroot: \"\"\n  \
         directory: \"{here}\"\n  pidfile: \"\"\n  use-syslog: no\n  local-zone: \"bench.example.\" static\n  \
         local-data: \"bench.example. A 192.0.2.1\"\nremote-control:\n  control-enable: no\n"
    );
    std::fs::write(&configuration, text).unwrap();
    Daemon::start(Command::new("/usr/sbin/unbound").arg("-c").arg(&configuration))
}

fn snmpd(folder: &Path, port: u16) -> Daemon {
    let configuration = folder.join("snmpd.conf");
    let users = "rocommunity readers 127.0.0.1\nrouser us priv\n\
        createUser us SHA-256 the-password AES another-password\nsysName bench\n";
    std::fs::write(&configuration, users).unwrap();
    Daemon::start(
        Command::new("/usr/sbin/snmpd")
            .args(["-f", "-Ln", "-C", "-c"])
            .arg(&configuration)
            .arg(format!("udp:127.0.0.1:{port}"))
            .env("SNMP_PERSISTENT_DIR", folder),
    )
}

fn chronyd(folder: &Path, port: u16) -> Daemon {
    let configuration = folder.join("chrony.conf");
    let own = folder.display();
    let text = format!(
        "port {port}\nbindaddress 127.0.0.1\ncmdport 0\nbindcmdaddress /\nallow 127.0.0.0/8\nlocal stratum 3\n\
         pidfile {own}/pid\ndriftfile {own}/drift\n"
    );
    std::fs::write(&configuration, text).unwrap();
    Daemon::start(
        Command::new("/usr/sbin/chronyd")
            .args(["-x", "-d", "-u", "root", "-f"])
            .arg(&configuration),
    )
}
