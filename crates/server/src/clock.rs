//! The only place of the server that reads clocks.
//!
//! It decides how the time of the journal goes on when the wall clock does not: never backwards, and
//! never standing still; when more of it has passed than anybody has lived through; and what the time is in
//! a demonstration, where it may begin when it likes and pass faster. Tested with clocks handed in.
#![expect(clippy::disallowed_methods, reason = "the one module of the server that reads clocks")]

use blackstart_model::time::{Duration, SignedDuration, Timestamp};
use std::sync::OnceLock;
use std::time::Instant;

/// Time that passes without the monotonic clock passing was slept through when it is longer (chosen by hand: far more
/// than a clock is put right by, and no longer than a check's period).
const SLEPT_MIN: SignedDuration = SignedDuration::from_secs(5);

/// The time of a demonstration, while one is played: the whole process lives in it.
static PLAYED: OnceLock<Played> = OnceLock::new();

/// A time that begins somewhere and passes faster.
#[derive(Debug)]
struct Played {
    begun: Instant,
    starts: Timestamp,
    speed: u32,
}

impl Played {
    fn at(&self, monotonic: Instant) -> Timestamp {
        let passed = monotonic.saturating_duration_since(self.begun).saturating_mul(self.speed);
        self.starts.checked_add(passed).unwrap_or(Timestamp::MAX)
    }
}

/// From now on it is `starts`, and so many seconds pass in one. Once; a second play goes on in the
/// time of the first.
pub(crate) fn play(starts: Timestamp, speed: u32) {
    let _ = PLAYED.set(Played { begun: monotonic(), starts, speed: speed.max(1) });
}

/// The wall clock; that of the play while one is played.
#[must_use]
pub(crate) fn wall() -> Timestamp {
    PLAYED.get().map_or_else(Timestamp::now, |played| played.at(monotonic()))
}

/// So many seconds pass in one: 1, but in a play.
#[must_use]
pub(crate) fn speed() -> u32 {
    PLAYED.get().map_or(1, |played| played.speed)
}

/// The monotonic clock, for spans within this process.
#[must_use]
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}

/// How long to wait from now until then by the wall clock; nothing when it is past.
#[must_use]
pub(crate) fn until(then: Timestamp) -> Duration {
    let span = Duration::try_from(then.duration_since(wall())).unwrap_or_default();
    span / speed()
}

/// The time of the journal: the wall clock's, unless that was put back. Then it goes on at half speed
/// until the wall clock has caught up, so that nothing that waits for a time waits for ever.
#[derive(Debug)]
pub(crate) struct Clock {
    last: Timestamp,
    read_at: Instant,
    /// It was read since the start: before that others say what nobody saw.
    is_read: bool,
}

/// What a clock says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Reading {
    /// The time now; never before an earlier answer.
    pub(crate) now: Timestamp,
    /// The answer before this one, when the host slept in between or its wall clock was put forward.
    pub(crate) slept_since: Option<Timestamp>,
}

impl Clock {
    /// Goes on from `last`, the time of the newest record, if there is one.
    #[must_use]
    pub(crate) fn after(last: Option<Timestamp>) -> Self {
        let last = last.unwrap_or(Timestamp::UNIX_EPOCH);
        Self { last, read_at: monotonic(), is_read: false }
    }

    /// Reads it.
    pub(crate) fn read(&mut self) -> Reading {
        self.at(wall(), monotonic(), speed())
    }

    fn at(&mut self, wall: Timestamp, monotonic: Instant, speed: u32) -> Reading {
        let lived = monotonic.saturating_duration_since(self.read_at).saturating_mul(speed);
        let lived = SignedDuration::try_from(lived).unwrap_or(SignedDuration::MAX);
        let slow = self.last.checked_add(lived / 2).unwrap_or(self.last);
        let now = wall.max(slow);
        let passed = now.duration_since(self.last);
        let slept = self.is_read && passed.saturating_sub(lived) > SLEPT_MIN;
        let slept_since = slept.then_some(self.last);
        *self = Self { last: now, read_at: monotonic, is_read: true };
        Reading { now, slept_since }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_play_begins_where_it_is_told_to_and_passes_faster() {
        let starts: Timestamp = "2017-03-25T19:00:00Z".parse().expect("an instant");
        let begun = monotonic();
        let played = Played { begun, starts, speed: 60 };
        let after = |passed_s| played.at(begun + Duration::from_secs(passed_s)).to_string();
        assert_eq!(after(0), "2017-03-25T19:00:00Z");
        assert_eq!(after(90), "2017-03-25T20:30:00Z");
    }

    #[test]
    fn a_clock_that_was_put_back_goes_on_at_half_speed_until_it_is_caught_up_with() {
        let noon: Timestamp = "2026-11-21T12:00:00Z".parse().expect("an instant");
        let start = monotonic();
        let mut clock = Clock { last: noon, read_at: start, is_read: true };
        let mut at = |wall_s: i64, passed_s: u64| {
            let wall = noon.checked_add(SignedDuration::from_secs(wall_s)).expect("in range");
            let Reading { now, slept_since } =
                clock.at(wall, start + Duration::from_secs(passed_s), 1);
            assert_eq!(slept_since.is_some(), wall_s == 40, "it is put forward again by 25 s");
            now.duration_since(noon).as_secs()
        };
        assert_eq!(at(10, 10), 10, "the wall clock's");
        assert_eq!(at(-3590, 20), 15, "put back by an hour: half speed");
        assert_eq!(at(-3580, 30), 20);
        assert_eq!(at(40, 40), 40, "put right");
    }

    #[test]
    fn what_passes_without_being_lived_through_was_slept() {
        let noon: Timestamp = "2026-11-21T12:00:00Z".parse().expect("an instant");
        let start = monotonic();
        let mut clock = Clock { last: noon, read_at: start, is_read: false };
        let mut slept = |wall_s: i64, lived_s: u64, speed| {
            let wall = noon.checked_add(SignedDuration::from_secs(wall_s)).expect("in range");
            let read = clock.at(wall, start + Duration::from_secs(lived_s), speed);
            read.slept_since.map(|since| since.duration_since(noon).as_secs())
        };
        assert_eq!(slept(3_600, 0, 1), None, "before the start it was not we who slept");
        assert_eq!(slept(3_670, 70, 1), None, "a minute in which nothing happened");
        assert_eq!(slept(3_675, 72, 1), None, "put right by 3 s");
        assert_eq!(slept(7_200, 73, 1), Some(3_675));
        assert_eq!(slept(7_800, 83, 60), None, "a demonstration, ten minutes in ten seconds");
    }
}
