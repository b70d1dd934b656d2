//! Goal: one web server process dies on a host that goes on; the two services on it are the incident,
//! and neither the host nor the switch is blamed.
//!
//! Method: nginx of the last host gets SIGKILL; the host's kernel refuses connections from then on.

use crate::plant::{PROGRAMS, Racks};
use blackstart_lab::{is_possible, wait};

#[test]
fn a_dead_web_server_is_not_a_dead_host() {
    if !is_possible(PROGRAMS) {
        return;
    }
    let mut racks = Racks::new();
    let server = racks.watch_alone();
    racks.kill_last_web_server();
    let causes = wait("an open incident", || {
        let causes: Vec<String> = server
            .console
            .confirmed()
            .iter()
            .flat_map(|incident| incident["cause"].as_array().cloned().unwrap_or_default())
            .map(|fault| fault["component"].as_str().unwrap_or_default().to_owned())
            .collect();
        (causes.len() >= 2).then_some(causes)
    });
    let mut causes = causes;
    causes.sort();
    assert_eq!(causes, ["web-8", "web-9"], "the plant knows no web server under them");
}
