//! Goal: an agent that is cut off accuses no target; its loss is the incident.
//!
//! Method: the cable between the agent outside and the router is taken down at the router's end.

use crate::cut_vantage::accuses_only;
use crate::plant::{PROGRAMS, Racks};
use blackstart_lab::{is_possible, wait};

#[test]
fn an_agent_that_is_cut_off_is_the_incident_and_no_target_is() {
    if !is_possible(PROGRAMS) {
        return;
    }
    let racks = Racks::new();
    let (server, _agents) = racks.watch();
    let console = &server.console;
    racks.cut_outside(false);
    let incident = wait("an open incident", || console.confirmed().into_iter().next());
    accuses_only("vantage outside", &incident);
    wait("the mail", || racks.mailbox.messages().into_iter().next());
    racks.cut_outside(true);
    wait("its end", || {
        let all = console.confirmed();
        all.iter().all(|incident| incident["state"] == "resolved").then_some(())
    });
    let all = console.confirmed();
    assert_eq!(all.len(), 1, "{all:#?}");
    accuses_only("vantage outside", &all[0]);
    console.wait_until_all_up();
}

#[test]
fn a_restarted_server_goes_on_waiting_for_whom_it_did_not_hear() {
    if !is_possible(PROGRAMS) {
        return;
    }
    let racks = Racks::new();
    let (server, _agents) = racks.watch();
    racks.cut_outside(false);
    wait("an open incident", || server.console.confirmed().into_iter().next());
    server.kill();
    let server = racks.serve_again();
    racks.cut_outside(true);
    wait("its end", || {
        let all = server.console.confirmed();
        let over = all.iter().all(|incident| incident["state"] == "resolved");
        (!all.is_empty() && over).then_some(())
    });
    server.console.wait_until_all_up();
    assert_eq!(server.console.confirmed().len(), 1);
}
