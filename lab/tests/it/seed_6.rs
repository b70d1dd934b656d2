//! Goal: a feed that goes off a day before its window is named, though one server only went dark; and with it the cord
//! of that server that was not where everybody believed it to be.
//!
//! ```text
//! v-outside ── internet ── transit-1 ── network-equipment ─┬─ stream-1 … stream-12
//!                                                          └─ v-here
//! ```
//!
//! Method: the scenario's file, up to an hour after the feed went. Without power every process of a machine is killed
//! and its links are down. (What the breaker does later is played by the pretended world alone: a judgement of
//! all that passed 200 s here, and why was not looked into to the end.)

use blackstart_lab::{PLAY_NEEDS, Play, is_possible, wait};

#[test]
fn the_feed_is_named_a_day_before_its_window_and_the_doubled_cord_with_it() {
    if !is_possible(PLAY_NEEDS) {
        return;
    }
    let mut play = Play::start("seed-6-power-feed");
    play.until("2017-03-25 21:00");
    let expected = [("feed-a", "down"), ("stream-1-psu-2", "latent")]
        .map(|(what, how)| (what.to_owned(), how.to_owned()));
    wait("the feed to be named", || (play.named() == expected.clone().into()).then_some(()));
    assert_eq!(play.believed(), expected.clone().into(), "as the journal is replayed");
    assert_eq!(play.pretended(), expected.into(), "the pretended world comes to the same");
    let journal = play.console().journal();
    let told = journal.iter().rev().find(|entry| entry["kind"] == "person");
    let at = told.expect("what people said is written down")["at"].as_str().unwrap_or_default();
    assert!(at.starts_with("2017-03-25T19:40:"), "by the scenario's date: {at}");
}
