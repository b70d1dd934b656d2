//! How long to wait before the next try: longer each time up to a limit, and at each agent a little
//! different, so that a server that comes back is not met by all of them at once.
//!
//! The difference comes from the agent's name: the same agent waits the same in every run. Tested as a
//! table.

use blackstart_model::stable_hash;
use blackstart_model::time::Duration;

/// After a good connection has ended.
const FIRST: Duration = Duration::from_millis(500);

/// After many failures. With the difference it is well below the 15 s that a vantage may be silent, so a
/// server that was started again hears of its agents before it takes them for lost.
const LAST: Duration = Duration::from_secs(8);

/// After a refusal: a person has to do something first.
const REFUSED: Duration = Duration::from_secs(20);

/// The waits of one agent.
pub(crate) struct Backoff {
    next: Duration,
    /// Thousandths: 750 to 1250.
    share: u32,
}

impl Backoff {
    /// Those of the agent with this name.
    pub(crate) fn of(agent: &str) -> Self {
        let share = 750 + u32::try_from(stable_hash(agent) % 501).unwrap_or(0);
        Self { next: FIRST, share }
    }

    /// After a good connection.
    pub(crate) fn first(&mut self) -> Duration {
        self.next = FIRST;
        self.next()
    }

    /// After one more failure.
    pub(crate) fn next(&mut self) -> Duration {
        let wait = self.next;
        self.next = (wait * 2).min(LAST);
        self.own(wait)
    }

    /// After a refusal.
    pub(crate) fn slow(&mut self) -> Duration {
        self.next = FIRST;
        self.own(REFUSED)
    }

    fn own(&self, wait: Duration) -> Duration {
        wait * self.share / 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_begin_anew_after_a_good_connection() {
        let mut backoff = Backoff { next: FIRST, share: 1_000 };
        let waits: Vec<u128> = (0..7).map(|_| backoff.next().as_millis()).collect();
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
        assert_eq!(backoff.first().as_millis(), 500);
        assert_eq!(backoff.next().as_millis(), 1_000);
        assert_eq!(backoff.slow().as_secs(), 20);
    }

    #[test]
    fn agents_do_not_wait_alike_and_each_waits_the_same_in_every_run() {
        let wait = |name: &str| Backoff::of(name).slow();
        assert_eq!(wait("probe-fra"), wait("probe-fra"));
        assert_ne!(wait("probe-fra"), wait("probe-ams"));
        let range = Duration::from_secs(15)..=Duration::from_secs(25);
        assert!((0..100).all(|n| range.contains(&wait(&format!("probe-{n}")))));
    }
}
