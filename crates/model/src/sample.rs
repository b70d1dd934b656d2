//! Answers in bulk: how many of a minute or an hour stood how, and how long they took.
//!
//! A [`Rollup`] is what is left of the answers of one stretch of time; two of them merge into that of
//! both. It decides what an answer counts for, and how much of a stretch its answers speak for: what
//! nobody asked is unknown and never up ([`shares`]). Times are counted in fixed log-linear buckets, as
//! in an HDR histogram (Tene, 2012): merging adds numbers up and loses nothing more, and a percentile is
//! wrong by [`RELATIVE_ERROR`] at most. Pure; tested here by cases and properties.

use crate::observation::{NoAnswerCode, Standing};
use crate::reading::{Reading, Unit};

/// Buckets of one power of two, as a power of two itself: sixteen.
const FINE_BITS: u32 = 4;

/// So many buckets hold every time from 0 to the largest `u32` of microseconds (71 minutes).
pub const BUCKETS: u16 = (1 << FINE_BITS) * (32 - FINE_BITS as u16 + 1);

/// A time read from its bucket is wrong by at most this part of itself: half of a sixteenth.
pub const RELATIVE_ERROR: f64 = 1.0 / 32.0;

/// The bucket of a time: one for each microsecond below 16, then sixteen for each power of two.
#[must_use]
pub const fn bucket_of(us: u32) -> u16 {
    let fine = 1 << FINE_BITS;
    if us < fine {
        return us as u16;
    }
    let power = 31 - us.leading_zeros() - FINE_BITS;
    (fine * (power + 1) + (us >> power) - fine) as u16
}

/// The middle of a bucket, microseconds; of one that does not exist, that of the last.
#[must_use]
pub fn middle_of(bucket: u16) -> u32 {
    let (bucket, fine) = (u32::from(bucket.min(BUCKETS - 1)), 1 << FINE_BITS);
    if bucket < fine {
        return bucket;
    }
    let power = bucket / fine - 1;
    let first = (bucket % fine + fine) << power;
    first + ((1 << power) - 1) / 2
}

/// How long answers took.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Times {
    /// How many answers these are.
    pub count: u32,
    /// The sum of their times, microseconds.
    pub sum_us: u64,
    /// The shortest.
    pub min_us: u32,
    /// The longest.
    pub max_us: u32,
    /// Bucket and how many are in it, by bucket, none of them empty. Fewer than `count` where a vantage
    /// told only sums: then there are no percentiles.
    pub buckets: Vec<(u16, u32)>,
}

impl Times {
    /// Takes one time more.
    pub fn add(&mut self, us: u32) {
        self.add_sums(1, u64::from(us), us, us);
        let bucket = bucket_of(us);
        match self.buckets.binary_search_by_key(&bucket, |(own, _)| *own) {
            Ok(at) => self.buckets[at].1 = self.buckets[at].1.saturating_add(1),
            Err(at) => self.buckets.insert(at, (bucket, 1)),
        }
    }

    fn add_sums(&mut self, count: u32, sum_us: u64, min_us: u32, max_us: u32) {
        if count > 0 {
            self.min_us = if self.count == 0 { min_us } else { self.min_us.min(min_us) };
            self.max_us = self.max_us.max(max_us);
            self.sum_us = self.sum_us.saturating_add(sum_us);
            self.count = self.count.saturating_add(count);
        }
    }

    /// Takes those of others. Linear in the buckets of both.
    pub fn merge(&mut self, other: &Self) {
        self.add_sums(other.count, other.sum_us, other.min_us, other.max_us);
        if self.buckets.is_empty() {
            self.buckets.clone_from(&other.buckets);
            return;
        }
        let (mut own, mut theirs) =
            (self.buckets.iter().peekable(), other.buckets.iter().peekable());
        let mut merged = Vec::with_capacity(self.buckets.len() + other.buckets.len());
        loop {
            let next = match (own.peek(), theirs.peek()) {
                (None, None) => break,
                (Some(_), None) => own.next(),
                (None, Some(_)) => theirs.next(),
                (Some(a), Some(b)) if a.0 < b.0 => own.next(),
                (Some(a), Some(b)) if a.0 > b.0 => theirs.next(),
                (Some(a), Some(b)) => {
                    merged.push((a.0, a.1.saturating_add(b.1)));
                    own.next();
                    theirs.next();
                    continue;
                }
            };
            merged.extend(next);
        }
        self.buckets = merged;
    }

    /// The mean, microseconds.
    #[must_use]
    pub fn mean_us(&self) -> Option<u32> {
        let mean = self.sum_us.checked_div(u64::from(self.count))?;
        Some(u32::try_from(mean).unwrap_or(u32::MAX))
    }

    /// The time that so many of a thousand answers took at most, wrong by [`RELATIVE_ERROR`] of itself.
    /// `None` when there are none, or some of them are known by their sum alone.
    #[must_use]
    pub fn permille_us(&self, permille: u32) -> Option<u32> {
        let counted: u64 = self.buckets.iter().map(|(_, count)| u64::from(*count)).sum();
        if counted == 0 || counted != u64::from(self.count) {
            return None;
        }
        // The nearest rank: the first time that at least this share of all is not above.
        let rank = (counted * u64::from(permille)).div_ceil(1000).max(1);
        let mut below = 0;
        for &(bucket, count) in &self.buckets {
            below += u64::from(count);
            if below >= rank {
                return Some(middle_of(bucket).clamp(self.min_us, self.max_us));
            }
        }
        Some(self.max_us)
    }
}

/// What a check read beside its outcome, over many answers.
#[derive(Clone, PartialEq, Debug)]
pub struct ReadingRollup {
    /// What was read.
    pub name: Box<str>,
    /// Of what it is.
    pub unit: Unit,
    /// How many answers had it.
    pub count: u32,
    /// Their sum.
    pub sum: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

/// What is left of the answers of one check and vantage over a stretch of time.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Rollup {
    /// The time that the answers of the grid speak for, milliseconds: each for one period of its check.
    pub spoken_ms: u64,
    /// Answers of the grid that were up.
    pub up: u32,
    /// Degraded.
    pub degraded: u32,
    /// Down.
    pub down: u32,
    /// Of what has no answers but a condition: off on purpose.
    pub off: u32,
    /// Unknown, by why; none of them 0.
    pub unknown: Vec<(NoAnswerCode, u32)>,
    /// Answers that were asked for out of the grid. They are counted nowhere else but in `times`, for
    /// looking closer at a failure must not make it longer.
    pub asked: u32,
    /// How long it took, of answers that came: up or degraded.
    pub times: Times,
    /// What else they read, by name; at most [`Reading::MAX`].
    pub readings: Vec<ReadingRollup>,
}

impl Rollup {
    /// Counts answers of the grid that stood so, each for `every_ms`.
    pub fn stood(
        &mut self,
        standing: Standing,
        why: Option<NoAnswerCode>,
        count: u32,
        every_ms: u32,
    ) {
        let own = match standing {
            Standing::Up => &mut self.up,
            Standing::Degraded => &mut self.degraded,
            Standing::Down => &mut self.down,
            Standing::Unknown => {
                let code = why.unwrap_or(NoAnswerCode::NotAsked);
                let at = match self.unknown.binary_search_by_key(&code, |(own, _)| *own) {
                    Ok(at) => at,
                    Err(at) => {
                        self.unknown.insert(at, (code, 0));
                        at
                    }
                };
                &mut self.unknown[at].1
            }
        };
        *own = own.saturating_add(count);
        let spoken = u64::from(count) * u64::from(every_ms);
        self.spoken_ms = self.spoken_ms.saturating_add(spoken);
    }

    /// Takes one reading more.
    pub fn read(&mut self, reading: &Reading) {
        let (count, value) = (1, reading.value());
        let (name, unit) = (reading.name().into(), reading.unit());
        self.merge_reading(&ReadingRollup {
            name,
            unit,
            count,
            sum: value,
            min: value,
            max: value,
        });
    }

    /// One that has changed its unit is another one: the newer stands.
    fn merge_reading(&mut self, reading: &ReadingRollup) {
        match self.readings.binary_search_by(|own| own.name.cmp(&reading.name)) {
            Ok(at) if self.readings[at].unit == reading.unit => {
                let own = &mut self.readings[at];
                own.count = own.count.saturating_add(reading.count);
                own.sum += reading.sum;
                own.min = own.min.min(reading.min);
                own.max = own.max.max(reading.max);
            }
            Ok(at) => self.readings[at] = reading.clone(),
            Err(at) if self.readings.len() < Reading::MAX => {
                self.readings.insert(at, reading.clone());
            }
            Err(_) => {}
        }
    }

    /// Takes the answers of another stretch of the same check.
    pub fn merge(&mut self, other: &Self) {
        let Self { spoken_ms, up, degraded, down, off, unknown, asked, times, readings } = other;
        let grow = |own: &mut u32, more: u32| *own = own.saturating_add(more);
        grow(&mut self.up, *up);
        grow(&mut self.degraded, *degraded);
        grow(&mut self.down, *down);
        grow(&mut self.off, *off);
        grow(&mut self.asked, *asked);
        for &(code, count) in unknown {
            self.stood(Standing::Unknown, Some(code), count, 0);
        }
        self.spoken_ms = self.spoken_ms.saturating_add(*spoken_ms);
        self.times.merge(times);
        readings.iter().for_each(|reading| self.merge_reading(reading));
    }

    /// Answers of the grid that say nothing.
    #[must_use]
    pub fn unknown(&self) -> u32 {
        self.unknown.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// Answers of the grid.
    #[must_use]
    pub fn answers(&self) -> u64 {
        [self.up, self.degraded, self.down, self.off, self.unknown()].map(u64::from).iter().sum()
    }

    /// So much of the stretch as one answer speaks for, milliseconds.
    fn period_ms(&self) -> u64 {
        self.spoken_ms.checked_div(self.answers()).unwrap_or(0)
    }
}

/// How a stretch of time was spent, milliseconds.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Shares {
    /// Up.
    pub up: f64,
    /// Degraded.
    pub degraded: f64,
    /// Down.
    pub down: f64,
    /// Off on purpose.
    pub off: f64,
    /// Not known: asked without an answer, or not asked.
    pub unknown: f64,
}

impl Shares {
    /// All of it.
    #[must_use]
    pub fn whole(&self) -> f64 {
        self.up + self.degraded + self.down + self.off + self.unknown
    }

    /// Of this, what is known of something that was not off on purpose.
    #[must_use]
    pub fn known(&self) -> f64 {
        self.up + self.degraded + self.down
    }

    /// Takes another stretch.
    pub fn add(&mut self, other: &Self) {
        let Self { up, degraded, down, off, unknown } = other;
        self.up += up;
        self.degraded += degraded;
        self.down += down;
        self.off += off;
        self.unknown += unknown;
    }

    /// So many milliseconds, spent as the answers of a rollup say.
    fn of(rollup: &Rollup, ms: u64) -> Self {
        let answers = rollup.answers();
        if answers == 0 {
            return Self { unknown: ms as f64, ..Self::default() };
        }
        let share = |count: u32| f64::from(count) / answers as f64 * ms as f64;
        Self {
            up: share(rollup.up),
            degraded: share(rollup.degraded),
            down: share(rollup.down),
            off: share(rollup.off),
            unknown: share(rollup.unknown()),
        }
    }
}

/// How each of these stretches, one right after the other, was spent: each with its length in
/// milliseconds and what was answered in it. An answer speaks until the next one, and for two periods
/// of its check at most; a stretch beyond that is unknown. Less than one period that is missing in a
/// stretch with answers is not told from the grid's own jitter.
#[must_use]
pub fn shares<'a>(stretches: impl IntoIterator<Item = (u64, &'a Rollup)>) -> Vec<Shares> {
    // What the last answers say beyond their own stretch.
    let mut rest_ms = 0;
    let mut rest: Option<&Rollup> = None;
    let mut all = Vec::new();
    for (width, rollup) in stretches {
        // Time that nobody spoke for stands in a damaged file only.
        let own = if rollup.answers() > 0 { rollup.spoken_ms.min(width) } else { 0 };
        let before = rest_ms.min(width - own);
        let mut shares = rest.map_or_else(Shares::default, |rest| Shares::of(rest, before));
        let mut missing = width - own - before;
        if rollup.answers() > 0 {
            let late = rollup.period_ms().min(missing);
            missing -= late;
            shares.add(&Shares::of(rollup, own + late));
            rest_ms = (rollup.spoken_ms - own).saturating_add(rollup.period_ms() - late);
            rest = Some(rollup);
        } else {
            rest_ms -= before;
        }
        shares.unknown += missing as f64;
        all.push(shares);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn up(count: u32, every_ms: u32) -> Rollup {
        let mut rollup = Rollup::default();
        rollup.stood(Standing::Up, None, count, every_ms);
        rollup
    }

    /// Percent up and percent unknown of each stretch.
    fn told(width_ms: u64, stretches: &[Rollup]) -> Vec<(i64, i64)> {
        let percent = |part: f64| (part / width_ms as f64 * 100.0).round() as i64;
        shares(stretches.iter().map(|rollup| (width_ms, rollup)))
            .iter()
            .map(|shares| (percent(shares.up), percent(shares.unknown)))
            .collect()
    }

    #[test]
    fn the_buckets_are_as_wide_as_they_say_and_meet() {
        assert_eq!((bucket_of(0), bucket_of(15), bucket_of(16)), (0, 15, 16));
        assert_eq!(bucket_of(u32::MAX), BUCKETS - 1);
        for bucket in 0..BUCKETS {
            assert_eq!(bucket_of(middle_of(bucket)), bucket);
        }
        assert_eq!(middle_of(u16::MAX), middle_of(BUCKETS - 1));
    }

    #[test]
    fn a_minute_without_answers_is_unknown_and_never_up() {
        let (asked, blind) = (up(2, 30_000), Rollup::default());
        let minutes = [asked.clone(), blind.clone(), blind.clone(), asked];
        assert_eq!(told(60_000, &minutes), [(100, 0), (50, 50), (0, 100), (100, 0)]);
        assert_eq!(told(60_000, &[blind]), [(0, 100)]);
    }

    #[test]
    fn one_answer_more_or_less_in_a_minute_is_the_grid() {
        let minutes = [up(1, 30_000), up(3, 30_000), up(2, 30_000), up(2, 30_000)];
        assert_eq!(told(60_000, &minutes), [(100, 0); 4]);
        let minutes = [up(1, 60_000), Rollup::default(), up(2, 60_000)];
        assert_eq!(told(60_000, &minutes), [(100, 0); 3]);
    }

    #[test]
    fn a_check_of_every_five_minutes_speaks_for_the_minutes_between() {
        let blind = Rollup::default;
        let minutes = [up(1, 300_000), blind(), blind(), blind(), blind(), up(1, 300_000)];
        assert_eq!(told(60_000, &minutes), [(100, 0); 6]);
    }

    #[test]
    fn half_an_hour_without_us_is_half_an_hour_unknown() {
        let mut hour = up(50, 30_000);
        hour.stood(Standing::Unknown, Some(NoAnswerCode::Late), 10, 30_000);
        let shares = shares([(3_600_000, &hour)])[0];
        let minutes = |ms: f64| (ms / 60_000.0).round() as i64;
        assert_eq!((minutes(shares.up), minutes(shares.unknown)), (25, 35));
        assert_eq!(minutes(shares.whole()), 60);
    }

    #[test]
    fn there_are_no_percentiles_of_times_known_by_their_sum_alone() {
        let mut times = Times::default();
        (1..=100).for_each(|ms| times.add(ms * 1_000));
        assert_eq!(times.mean_us(), Some(50_500));
        for (permille, right) in [(500, 50_000.0), (900, 90_000.0), (990, 99_000.0)] {
            let found = f64::from(times.permille_us(permille).expect("all are counted"));
            assert!((found - right).abs() <= right * RELATIVE_ERROR, "{permille}: {found}");
        }
        let sums = Times { count: 3, sum_us: 9, min_us: 1, max_us: 5, buckets: Vec::new() };
        times.merge(&sums);
        assert_eq!((times.permille_us(500), times.min_us, times.count), (None, 1, 103));
        assert_eq!(Times::default().permille_us(500), None);
    }

    proptest! {
        #[test]
        fn a_time_is_found_in_its_bucket_within_the_error(us: u32) {
            let error = (f64::from(middle_of(bucket_of(us))) - f64::from(us)).abs();
            prop_assert!(error <= f64::from(us) * RELATIVE_ERROR);
        }

        #[test]
        fn merging_is_counting_together(
            a in proptest::collection::vec(0u32..5_000_000, 0..40),
            b in proptest::collection::vec(0u32..5_000_000, 0..40),
        ) {
            let times = |all: &[u32]| {
                let mut times = Times::default();
                all.iter().for_each(|us| times.add(*us));
                times
            };
            let mut merged = times(&a);
            merged.merge(&times(&b));
            let all: Vec<u32> = a.iter().chain(&b).copied().collect();
            prop_assert_eq!(&merged, &times(&all));
            let mut sorted = all;
            sorted.sort_unstable();
            for permille in [1, 500, 900, 990, 1000] {
                let rank = (sorted.len() * permille as usize).div_ceil(1000).max(1);
                let right = sorted.get(rank - 1).map(|us| f64::from(*us));
                let found = merged.permille_us(permille).map(f64::from);
                prop_assert_eq!(right.is_some(), found.is_some());
                let (right, found) = (right.unwrap_or(0.0), found.unwrap_or(0.0));
                prop_assert!((right - found).abs() <= right * RELATIVE_ERROR);
            }
        }

        #[test]
        fn no_time_is_lost_and_none_is_made_up(
            counts in proptest::collection::vec((0u32..5, 0u32..3, 0u32..3), 1..30),
            every_ms in 1_000u32..600_000,
        ) {
            let rollups: Vec<Rollup> = counts.iter().map(|&(up, down, unknown)| {
                let mut rollup = Rollup::default();
                rollup.stood(Standing::Up, None, up, every_ms);
                rollup.stood(Standing::Down, None, down, every_ms);
                rollup.stood(Standing::Unknown, Some(NoAnswerCode::Late), unknown, every_ms);
                rollup
            }).collect();
            let all = shares(rollups.iter().map(|rollup| (60_000, rollup)));
            let sum = |part: fn(&Shares) -> f64| all.iter().map(part).sum::<f64>();
            for shares in &all {
                prop_assert!((shares.whole() - 60_000.0).abs() < 1e-6);
            }
            let downs: u32 = counts.iter().map(|(_, down, _)| down).sum();
            prop_assert!(downs > 0 || sum(|shares| shares.down) == 0.0);
            // Nothing speaks for longer than two periods.
            let ups: u32 = counts.iter().map(|(up, ..)| up).sum();
            prop_assert!(sum(|shares| shares.up) <= f64::from(ups) * 2.0 * f64::from(every_ms) + 1e-6);
        }
    }
}
