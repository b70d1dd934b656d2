//! What waits to be written elsewhere: bounded, the oldest dropped first, counted.
//!
//! Pure; tested on what is handed in.

use super::wire::Told;
use std::collections::VecDeque;

/// Answers that wait at most: a quarter of a minute of a machine's most, four minutes of ten thousand checks every ten
/// seconds, two hours of a thousand every thirty; some 12 MB.
pub(crate) const QUEUE_MAX: usize = 250_000;

/// Answers of one request at most: some 6,000 samples, which receivers take without ado (chosen by hand).
const BATCH_MAX: usize = 2_000;

/// What waits.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: VecDeque<Told>,
    max: usize,
    dropped: u64,
}

impl Queue {
    /// Takes so many at most.
    pub(super) const fn new(max: usize) -> Self {
        Self { waiting: VecDeque::new(), max, dropped: 0 }
    }

    /// Takes these; gives how many of the oldest were dropped for them.
    pub(super) fn offer(&mut self, told: impl Iterator<Item = Told>) -> u64 {
        let before = self.dropped;
        for one in told {
            if self.waiting.len() == self.max {
                self.waiting.pop_front();
                self.dropped += 1;
            }
            self.waiting.push_back(one);
        }
        self.dropped - before
    }

    /// The oldest, as many as one request takes.
    pub(super) fn batch(&mut self) -> Vec<Told> {
        let count = self.waiting.len().min(BATCH_MAX);
        self.waiting.drain(..count).collect()
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// How many were dropped so far.
    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Forgets what waits, without counting it: nobody wants it any more.
    pub(super) fn clear(&mut self) {
        self.waiting = VecDeque::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recorder::noted::SeriesNumber;

    #[test]
    fn the_oldest_are_dropped_first_and_counted() {
        let mut queue = Queue::new(3);
        let told = |from: i64, to: i64| (from..to).map(|at| Told::Gone(SeriesNumber(0), at));
        assert_eq!(queue.offer(told(0, 3)), 0);
        assert_eq!(queue.offer(told(3, 5)), 2);
        assert_eq!((queue.len(), queue.dropped()), (3, 2));
        let left: Vec<i64> = queue
            .batch()
            .into_iter()
            .map(|told| match told {
                Told::Gone(_, at) => at,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!((left, queue.len()), (vec![2, 3, 4], 0));
    }
}
