//! Goal: what lldpd sees on two machines becomes a plant in which both are joined to their switch, each by the ports
//! of its own cable; a neighbour that forwards packets on Linux is asked about and not guessed.
//!
//! ```text
//!   web-1 ── sw-1 ── db-1
//! ```
//!
//! Method: real lldpds in three namespaces, and `discover` over what their own `lldpcli` prints.

use blackstart_lab::{Daemon, Lab, binary, is_possible, neighbours, wait};
use std::process::Command;

/// The plant that is made of what two machines see.
fn discovered(described: &str) -> String {
    let lab = Lab::new();
    let switch = lab.switch("sw-1");
    let hosts = [("web-1", "10.78.0.11/24"), ("db-1", "10.78.0.12/24")].map(|(name, address)| {
        let host = lab.host(name);
        lab.wire((&switch, ""), (&host, address));
        host
    });
    let _switch = Daemon::lldpd(&switch, described);
    let mut discover = Command::new(binary());
    discover.arg("discover");
    let _daemons = hosts.each_ref().map(|host| Daemon::lldpd(host, "a machine of the lab"));
    for host in &hosts {
        let seen = wait(&format!("what {} sees", host.name()), || neighbours(host));
        discover.arg("--from").arg(format!("lldp={}", seen.display()));
    }
    let said = discover.output().expect("blackstart is built");
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8(said.stdout).expect("text")
}

#[test]
fn what_lldpd_sees_on_two_machines_joins_both_to_their_switch() {
    if !is_possible(&["ip", "lldpd", "lldpcli"]) {
        return;
    }
    let plant = discovered("a switch of the lab");
    for line in [
        "  db-1:  # db-1.json",
        "    network: sw-1  # db-1.json: w1b to w1a",
        "    network: sw-1  # web-1.json: w0b to w0a",
        "    address: 10.78.0.12",
        "switches:",
        "  sw-1:  # web-1.json: LLDP on w0b; db-1.json: LLDP on w1b",
    ] {
        assert!(plant.lines().any(|own| own == line), "{line}\n{plant}");
    }
}

#[test]
fn a_neighbour_that_may_be_a_machine_with_guests_is_asked_about_once() {
    if !is_possible(&["ip", "lldpd", "lldpcli"]) {
        return;
    }
    let plant = discovered("Debian GNU/Linux 12 (bookworm)");
    let asked =
        "sw-1 runs Linux and forwards packets: is it a switch, a router, or a machine with guests?";
    assert_eq!(plant.matches(asked).count(), 1, "{plant}");
    assert!(!plant.contains("switches:"), "{plant}");
}
