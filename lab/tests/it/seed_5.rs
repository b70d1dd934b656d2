//! Goal: when everything is dark at once the power is named, and nothing else. When it is back and one service goes on
//! failing in turns, its guest and the card before it are said to look alike, until the node's own counters speak:
//! then it is the card, and not the service.
//!
//! ```text
//! v-outside ── internet ── transit-1 ── switch-1 ─┬─ other-server (other-services)
//!                                                 ├─ openvz-node
//!                                          v-here ┴─ node-nic ── kvm (service)
//! ```
//!
//! Method: the scenario's file, to its end, looked at in the dark, with the power back, and at the end. Without power
//! every process of a machine is killed and its links are down; the card's bridge loses packets by nftables.
//! At each look the live incidents, the replayed journal and the pretended world agree.

use blackstart_lab::{PLAY_NEEDS, Play, is_possible};

#[test]
fn the_power_is_named_in_the_dark_and_the_card_behind_it_when_there_is_light() {
    if !is_possible(PLAY_NEEDS) {
        return;
    }
    let mut play = Play::start("seed-5-storm-and-nic");
    play.until("2010-07-05 14:45");
    play.names(&[("utility-power", "down")]);

    play.until("2010-07-05 17:20");
    play.names(&[]);
    let live = play.console().confirmed();
    let mut groups = live.iter().filter_map(|live| live["ambiguity"].as_array()).flatten();
    let is_in = |group: &serde_json::Value, what: &str| {
        let mut all = group.as_array().into_iter().flatten();
        all.any(|fault| fault["component"] == what && fault["mode"] == "flaky")
    };
    let looks_alike = groups.any(|group| is_in(group, "node-nic") && is_in(group, "kvm"));
    assert!(looks_alike, "the card and the guest look alike: {live:#?}");

    play.to_the_end();
    let believed = play.names(&[("node-nic", "flaky")]);
    assert!(believed.iter().all(|(what, _)| what != "service"), "not the service: {believed:?}");
}
