//! Goal: a job that tells of itself is watched by a real server: its word counts, its silence is named, and
//! over a restart it is unknown until it tells again.
//!
//! Method: a server with two such checks; the test is the job. It tells, tells of a failure, shows a wrong token, and
//! falls silent; then the server is killed and started again.

use blackstart_lab::{Lab, Server, is_possible, wait};

const PLANT: &str = "
blackstart: 1
name: jobs
switches: { sw: {} }
servers: { web-1: { network: sw } }
here: { at: sw }
services:
  nightly: { on: web-1, checks: { push: { secret: nightly }, every: 1 d, deadline: 2 h } }
  often: { on: web-1, checks: { push: open, every: 1 s, deadline: 500 ms } }
";

/// What a check says: `up`, `down(not-told: ...)`.
fn says(server: &Server, key: &str) -> Option<String> {
    let checks = server.console.api("/checks");
    let check = checks["checks"].as_array()?.iter().find(|check| check["key"] == key)?.clone();
    Some(check["from"][0]["outcome"].as_str()?.to_owned())
}

#[test]
fn a_job_that_tells_is_up_and_one_that_is_silent_is_named() {
    if !is_possible(&["ip"]) {
        return;
    }
    let lab = Lab::new();
    let host = lab.host("alone");
    host.set("BLACKSTART_SECRET_NIGHTLY", "a token of its own");
    let plant = lab.folder().join("plant.yaml");
    std::fs::write(&plant, PLANT).expect("a plant");
    let server = Server::start(&host, &plant, &[]);
    let tell = |server: &Server, token: &str, path: &str, words: &str| {
        server.console.post_as(token, path, words).expect("an answer").1
    };
    let is = |head: &str, status: &str| assert!(head.contains(status), "{head}");
    // Nobody else's word is taken, and which of the two was wrong is not told.
    is(&tell(&server, "another", "/push/nightly/push", ""), "404");
    is(&tell(&server, "a token of its own", "/push/nobody/push", ""), "404");
    is(&tell(&server, "a token of its own", "/push/nightly/push", ""), "204");
    wait("the nightly job to be up", || (says(&server, "nightly/push")? == "up").then_some(()));
    // What is never told is missed, and named with what it may be.
    wait("the other to be missed", || {
        says(&server, "often/push")?.starts_with("down(not-told").then_some(())
    });
    let causes = wait("an incident", || {
        let confirmed = server.console.confirmed();
        let causes = confirmed.first()?["cause"].as_array()?.clone();
        (!causes.is_empty()).then_some(causes)
    });
    assert_eq!(causes[0]["component"], "often", "{causes:?}");
    // A failure in its own words.
    is(&tell(&server, "a token of its own", "/push/nightly/push?failed", "restic: 1\nmore"), "204");
    wait("the failure", || {
        (says(&server, "nightly/push")? == "down(job-failed: restic: 1)").then_some(())
    });
    is(&tell(&server, "a token of its own", "/push/nightly/push", ""), "204");
    wait("the job to be well", || (says(&server, "nightly/push")? == "up").then_some(()));
    // After a start nobody knows, until it tells again; it is not missed.
    server.kill();
    let again = Server::start(&host, &plant, &[]);
    let said = wait("the state", || says(&again, "nightly/push"));
    assert!(said.starts_with("unknown(blind"), "{said}");
    is(&tell(&again, "a token of its own", "/push/nightly/push", ""), "204");
    wait("the job to be well", || (says(&again, "nightly/push")? == "up").then_some(()));
}
