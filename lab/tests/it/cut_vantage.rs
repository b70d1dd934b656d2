//! Goal: a server that loses its own way out accuses no target; its loss is the incident.
//!
//! Method: the cable between it and the router is taken down at the router's end.

use crate::plant::{PROGRAMS, Racks};
use blackstart_lab::{is_possible, wait};
use serde_json::Value;

#[test]
fn a_server_that_is_cut_off_itself_blames_its_own_way_out() {
    if !is_possible(PROGRAMS) {
        return;
    }
    let racks = Racks::new();
    let server = racks.watch_alone();
    let console = &server.console;
    racks.cut_watcher(false);
    let incident = wait("an open incident", || console.confirmed().into_iter().next());
    accuses_only("vantage here", &incident);
    racks.cut_watcher(true);
    wait("its end", || {
        let all = console.confirmed();
        all.iter().all(|incident| incident["state"] == "resolved").then_some(())
    });
    assert_eq!(console.confirmed().len(), 1);
    // The relay could not be reached meanwhile; what was to be told is told now, once.
    wait("the mails", || {
        let all = racks.mailbox.messages();
        all.iter().any(|mail| mail.contains("X-Blackstart-News: opened")).then_some(())
    });
}

pub(crate) fn accuses_only(vantage: &str, incident: &Value) {
    assert_eq!(incident["cause"][0]["component"], vantage, "{incident:#}");
    assert_eq!(incident["affected"]["services"].as_array().map(Vec::len), Some(0), "{incident:#}");
}
