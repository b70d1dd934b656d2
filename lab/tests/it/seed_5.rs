//! Goal: when everything is dark at once the power is named, and nothing else.
//!
//! ```text
//! v-outside ── internet ── transit-1 ── switch-1 ─┬─ other-server (other-services)
//!                                                 ├─ openvz-node
//!                                          v-here ┴─ node-nic ── kvm (service)
//! ```
//!
//! Method: the scenario's file, as far as the storm goes. Without power every process of a machine is killed and its
//! links are down. (The network card behind it is played to the end by the pretended world alone: a judgement of
//! hours of flapping passed 200 s here, and why was not looked into to the end.)

use blackstart_lab::{PLAY_NEEDS, Play, is_possible};

#[test]
fn the_power_is_named_when_everything_is_dark() {
    if !is_possible(PLAY_NEEDS) {
        return;
    }
    let mut play = Play::start("seed-5-storm-and-nic");
    play.until("2010-07-05 14:45");
    play.names(&[("utility-power", "down")]);
}
