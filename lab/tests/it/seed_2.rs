//! Goal: an upstream that takes three of five address blocks for its own is named, each block with it; neither names
//! nor the other upstream are. Inside all is well throughout, and whoever is inside only sees nothing.
//!
//! ```text
//! v-by-level3 ── upstream-level3 ──┐
//!                       │          ├── border ── core ── name servers, gateway, shop, mail, v-here
//!                    internet      │
//!                       │          │
//! v-by-cox ────── upstream-cox ────┘
//! ```
//!
//! Method: the scenario's file. A BIRD on each router; that of upstream-cox announces the three blocks as its own and
//! routes them into a black hole.

use blackstart_lab::{PLAY_NEEDS, Play, is_possible};

#[test]
fn an_upstream_that_swallows_three_blocks_of_five_is_named_with_each() {
    if !is_possible(PLAY_NEEDS) {
        return;
    }
    let mut play = Play::start("seed-2-upstream-misroute");
    play.to_the_end();
    let blocks =
        ["prefix-1", "prefix-2", "prefix-3"].map(|it| format!("{it} through upstream-cox"));
    play.names(&blocks.each_ref().map(|block| (block.as_str(), "misrouted")));
    let checks = play.console().api("/checks");
    for check in checks["checks"].as_array().expect("a list") {
        let sights = check["from"].as_array().expect("a list").iter();
        for sight in sights.filter(|sight| sight["vantage"] == "here") {
            assert_eq!(sight["standing"], "up", "inside nothing has happened: {check:#}");
        }
    }
}
