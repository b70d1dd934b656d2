//! Goal: what speaks in lines is asked in its own words, and takes the check for a polite guest.
//!
//! Drawing: one host with the daemons of Debian and the server beside them, over loopback.
//!
//! Method: the real daemons, well, wrongly expected and killed; and their own logs of the check.

use blackstart_lab::{Agent, Daemon, Host, Lab, Server, is_possible, wait};
use std::fmt::Write as _;

/// A server that puts these checks, each of a service of its own, from `here` or as they say.
fn asks(host: &Host, before: &str, checks: &[&str], arguments: &[&str]) -> Server {
    let mut text = format!("blackstart: 1\nname: dialogues\ntimezone: UTC\n{before}services:\n");
    for (at, check) in checks.iter().enumerate() {
        writeln!(text, "  s-{at:02}: {{ checks: [ {{ {check}, every: 1s }} ] }}").expect("text");
    }
    let plant = host.folder().join("plant.yaml");
    std::fs::write(&plant, text).expect("a plant");
    Server::start(host, &plant, arguments)
}

/// What each check says, when all have spoken.
fn said(server: &Server) -> Vec<String> {
    wait("every check to have spoken", || {
        let checks = server.console.api("/checks")["checks"].as_array().cloned()?;
        let said = checks.iter().map(|check| check["from"][0]["outcome"].as_str());
        said.map(|outcome| outcome.map(str::to_owned)).collect()
    })
}

#[test]
fn an_ssh_server_is_known_by_its_banner_and_sees_a_goodbye() {
    if !is_possible(&["ip", "sshd", "ssh-keygen"]) {
        return;
    }
    let lab = Lab::new();
    let host = lab.host("shell");
    let daemon = Daemon::sshd(&host, "127.0.0.1");
    let checks = [
        "ssh: 127.0.0.1, banner: { contains: OpenSSH_9 }",
        "ssh: 127.0.0.1, banner: { lacks: Debian }",
        "ssh: \"127.0.0.1:23\"",
    ];
    let server = asks(&host, "", &checks, &[]);
    let told = said(&server);
    assert_eq!(told[0], "up");
    assert!(
        told[1]
            .starts_with("down(wrong-greeting: `Debian` is there in `SSH-2.0-OpenSSH_9.2p1 Debian"),
        "{told:?}"
    );
    assert_eq!(told[2], "down(refused: 127.0.0.1:23)");
    let log = host.folder().join("daemon.log");
    let log = wait("its log of a goodbye", || {
        let log = std::fs::read_to_string(&log).unwrap_or_default();
        log.contains("11: Blackstart has seen enough").then_some(log)
    });
    // Who waited for its start just closed; what came later were checks.
    let (_, of_checks) = log.split_once("Received disconnect").expect("a goodbye");
    for trouble in ["error", "reset", "closed", "Bad packet"] {
        assert!(!of_checks.contains(trouble), "{trouble} in {log}");
    }
    daemon.kill();
    wait("its end to be seen", || said(&server)[0].starts_with("down(refused").then_some(()));
}

#[test]
fn an_agent_is_not_sent_what_it_does_not_allow_and_the_server_answers_for_it() {
    if !is_possible(&["ip", "sshd", "ssh-keygen"]) {
        return;
    }
    let lab = Lab::new();
    let host = lab.host("shell");
    let _daemon = Daemon::sshd(&host, "127.0.0.1");
    let checks = ["ssh: 127.0.0.1, from: far", "tcp: \"127.0.0.1:22\", from: far"];
    let vantages = "vantages: { far: { agent: far } }\n";
    let server = asks(&host, vantages, &checks, &["--agents-listen", "127.0.0.1:8482"]);
    let _agent = Agent::start_allowing(&host, "far", server.data(), "127.0.0.1:8482", "tcp icmp");
    wait("the one check that it puts", || (said(&server)[1] == "up").then_some(()));
    let told = &said(&server)[0];
    assert!(
        told.starts_with("unknown(not-allowed: the agent far (version ")
            && told.contains("does not allow `ssh`: add it to `allow`"),
        "{told}"
    );
}
