//! Counters as growth in a second, over the last two tries.
//!
//! What cannot be told is not guessed: a device that was started anew, or a counter that was cleared, gives no rate
//! until the next try. Pure: instants are handed in. Tested on counters in a row.

use blackstart_model::time::Duration;
use tokio::time::Instant;

/// Two readings nearer than this say little of a rate (a device may bring its counters up to date once in so long); the
/// last rate holds until then. Chosen by hand.
const APART_MIN: Duration = Duration::from_secs(1);

/// A counter and how many bits it has.
pub(super) type Count = (u64, u32);

/// What was read of the counters of one check, and how fast they grew.
#[derive(Clone, Debug)]
pub(super) struct Counters {
    at: Instant,
    /// Hundredths of a second since the agent started, when it says so.
    uptime: Option<i64>,
    counts: Vec<Option<Count>>,
    rates: Vec<Option<f64>>,
}

impl Counters {
    /// These, read now, after what was read before.
    pub(super) fn after(
        before: Option<Self>,
        counts: Vec<Option<Count>>,
        uptime: Option<i64>,
        at: Instant,
    ) -> Self {
        let none = vec![None; counts.len()];
        let Some(before) = before.filter(|before| before.counts.len() == counts.len()) else {
            return Self { at, uptime, counts, rates: none };
        };
        let apart = at.duration_since(before.at);
        let started_anew = matches!((before.uptime, uptime), (Some(then), Some(now)) if now < then);
        if started_anew {
            return Self { at, uptime, counts, rates: none };
        }
        if apart < APART_MIN {
            return before;
        }
        let rates = before.counts.iter().zip(&counts).map(|(then, now)| {
            let (Some(then), Some(now)) = (then, now) else { return None };
            grown(*then, *now).map(|grown| grown as f64 / apart.as_secs_f64())
        });
        Self { at, uptime, rates: rates.collect(), counts }
    }

    /// How fast each of them grows in a second.
    pub(super) fn rates(&self) -> &[Option<f64>] {
        &self.rates
    }
}

/// By how much a counter has grown. One that is lower than it was has wrapped when that makes it grow by less than half
/// of its range; else it was cleared, which says nothing.
fn grown((then, bits): Count, (now, now_bits): Count) -> Option<u64> {
    if bits != now_bits {
        return None;
    }
    if now >= then {
        return Some(now - then);
    }
    let range_max = u64::MAX >> (64 - bits);
    let grown = now.wrapping_sub(then) & range_max;
    (grown <= range_max / 2).then_some(grown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(readings: &[(u64, Count, i64)]) -> Vec<Option<f64>> {
        let zero = crate::clock::now();
        let mut counters = None;
        for &(ms, count, uptime) in readings {
            let at = zero + Duration::from_millis(ms);
            counters = Some(Counters::after(counters, vec![Some(count)], Some(uptime), at));
        }
        counters.expect("some").rates
    }

    #[test]
    fn a_rate_is_of_the_last_two_tries() {
        assert_eq!(rates(&[(0, (100, 64), 0)]), [None]);
        assert_eq!(rates(&[(0, (100, 64), 0), (10_000, (150, 64), 1_000)]), [Some(5.0)]);
        let last = (20_000, (150, 64), 2_000);
        assert_eq!(rates(&[(0, (100, 64), 0), (10_000, (150, 64), 1_000), last]), [Some(0.0)]);
    }

    #[test]
    fn a_counter_of_32_bits_wraps() {
        let full = u64::from(u32::MAX);
        let wrapped = [(0, (full - 9, 32), 0), (10_000, (40, 32), 1_000)];
        assert_eq!(rates(&wrapped), [Some(5.0)]);
        let wrapped = [(0, (u64::MAX - 9, 64), 0), (10_000, (40, 64), 1_000)];
        assert_eq!(rates(&wrapped), [Some(5.0)]);
    }

    #[test]
    fn a_device_started_anew_and_a_cleared_counter_are_no_news() {
        assert_eq!(rates(&[(0, (500, 32), 9_000), (10_000, (7, 32), 500)]), [None]);
        // Higher than before, and yet of another life.
        assert_eq!(rates(&[(0, (5, 32), 9_000), (10_000, (7, 32), 500)]), [None]);
        assert_eq!(rates(&[(0, (500, 32), 0), (10_000, (7, 32), 1_000)]), [None]);
        assert_eq!(rates(&[(0, (500, 64), 0), (10_000, (7, 64), 1_000)]), [None]);
        assert_eq!(rates(&[(0, (5, 32), 0), (10_000, (7, 64), 1_000)]), [None]);
    }

    #[test]
    fn two_readings_at_one_moment_leave_the_last_rate_as_it_was() {
        let twice = [(0, (0, 32), 0), (10_000, (50, 32), 1_000), (10_010, (60, 32), 1_001)];
        assert_eq!(rates(&twice), [Some(5.0)]);
        // And the next one counts from the reading before.
        let then = [twice[0], twice[1], twice[2], (20_000, (100, 32), 2_000)];
        assert_eq!(rates(&then), [Some(5.0)]);
    }
}
