//! Goal: ten services behind one dead switch are one incident, with the switch as its cause, and one
//! mail; within one interval and 5 s. When the switch is back it closes by itself.
//!
//! Method: the bridge in the switch's namespace is taken down and up. Times are the journal's own.

use crate::plant::{PROGRAMS, Racks};
use blackstart_lab::{binary, is_possible, wait};
use std::process::Command;

/// The interval of the checks, and the promise on top of it, seconds.
const PROMISED_S: f64 = 5.0 + 5.0;

#[test]
fn one_dead_switch_is_one_incident_and_one_mail() {
    if !is_possible(PROGRAMS) {
        return;
    }
    let racks = Racks::new();
    let (server, _agents) = racks.watch();
    let console = &server.console;
    let before = console.journal().len();

    racks.cut(1);
    let incident = wait("an open incident that names the switch", || {
        let all = console.confirmed();
        all.into_iter().find(|incident| {
            incident["cause"][0]["component"] == "switch-2"
                && incident["affected"]["services"].as_array().is_some_and(|hit| hit.len() == 10)
        })
    });
    assert_eq!(incident["cause"].as_array().map(Vec::len), Some(1), "{incident:#}");
    assert_eq!(incident["affected"]["customers"][0], "acme");
    let mail = wait("the mail", || racks.mailbox.messages().into_iter().next());
    assert!(mail.contains("switch-2"), "{mail}");
    assert!(mail.contains("web-0") && mail.contains("web-9"), "{mail}");

    let journal = console.journal();
    let first_down = journal[before..]
        .iter()
        .find(|entry| entry["kind"] == "observed" && entry["body"]["outcome"]["standing"] == "down")
        .expect("a check saw it");
    let delivered = journal
        .iter()
        .find(|entry| entry["kind"] == "attempt-ended")
        .expect("the mail was taken over");
    let took = seconds(&delivered["at"]) - seconds(&first_down["at"]);
    assert!(took <= PROMISED_S, "told {took:.1} s after the first check had seen it");

    racks.heal(1);
    wait("the incident to be resolved", || {
        console.confirmed().iter().all(|incident| incident["state"] == "resolved").then_some(())
    });
    wait("the mail that says so", || {
        racks
            .mailbox
            .messages()
            .iter()
            .any(|mail| mail.contains("X-Blackstart-News: resolved"))
            .then_some(())
    });
    assert_eq!(console.confirmed().len(), 1, "one incident in all");
    let opened = racks.mailbox.messages();
    let opened = opened.iter().filter(|mail| mail.contains("X-Blackstart-News: opened")).count();
    assert_eq!(opened, 1, "one mail that it is open");

    let (state, head) = console.get("/api/v1/state").expect("the console answers");
    let record = head
        .lines()
        .find_map(|line| line.strip_prefix("x-blackstart-record: "))
        .expect("it says which record is the newest");
    let path = racks.lab.folder().join("state");
    std::fs::write(&path, state).expect("a file");
    let replay = Command::new(binary())
        .args(["replay", "--until", record.trim(), "--data"])
        .arg(server.data())
        .arg("--against")
        .arg(&path)
        .output()
        .expect("blackstart replays");
    let words = String::from_utf8_lossy(&replay.stdout);
    assert!(replay.status.success(), "{words}{}", String::from_utf8_lossy(&replay.stderr));
    assert!(words.contains("the state is the same, byte for byte"), "{words}");
}

/// The seconds of the day of an instant of the journal; the scenario does not run over midnight twice.
fn seconds(at: &serde_json::Value) -> f64 {
    let text = at.as_str().expect("an instant");
    let (_, clock) = text.trim_end_matches('Z').split_once('T').expect("date and time");
    let parts: Vec<f64> = clock.split(':').map(|part| part.parse().expect("a number")).collect();
    parts[0] * 3_600.0 + parts[1] * 60.0 + parts[2]
}
