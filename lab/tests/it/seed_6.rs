//! Goal: a feed that goes off a day before its window is named, though one server only went dark; with it the cord
//! of that server that was not where everybody believed it to be; and later the breaker of the other feed, that
//! tripped under the load of both. In the night in which the clocks change the hours are right.
//!
//! ```text
//! v-outside ── internet ── transit-1 ── network-equipment ─┬─ stream-1 … stream-12
//!                                                          └─ v-here
//! ```
//!
//! Method: the scenario's file, to its end, looked at on the way: an hour after the feed went, while the breaker is out
//! for the first time, in the night, and when somebody has seen the breaker. Without power every process of
//! a machine is killed and its links are down. At each look the live incidents, the replayed journal and the
//! pretended world agree. (Between the second trip and the word of who saw it both worlds hold the switch in part for
//! likelier than the breaker: there only that they agree is asked for.)

use blackstart_lab::{PLAY_NEEDS, Play, is_possible};

#[test]
fn the_feed_and_the_doubled_cord_and_then_the_breaker_are_named_through_the_night() {
    if !is_possible(PLAY_NEEDS) {
        return;
    }
    let (feed, cord) = (("feed-a", "down"), ("stream-1-psu-2", "latent"));
    let breaker = ("pdu-b", "consequential");
    let mut play = Play::start("seed-6-power-feed");
    play.until("2017-03-25 21:00");
    play.names(&[feed, cord]);
    play.until("2017-03-25 22:05");
    play.names(&[feed, cord, breaker]);
    play.until("2017-03-26 03:10");
    play.names(&[feed]);
    play.to_the_end();
    play.names(&[feed, breaker]);

    let journal = play.console().journal();
    let said_at = |what: &str| {
        let said = journal.iter().find(|entry| entry["body"]["what"]["component"] == what);
        let said = said.expect("what people said is written down");
        said["at"].as_str().unwrap_or_default()[..16].to_owned()
    };
    assert_eq!(said_at("stream-1-psu-2"), "2017-03-25T19:30", "at 20:30, in winter time");
    assert_eq!(said_at("pdu-b"), "2017-03-26T01:31", "at 03:31, in summer time");
}
