//! Minutes: answers of one list, sorted and put together.
//!
//! What is noted waits in one flat list until its minute is over. Then the list is sorted by minute,
//! series and time, and each stretch of it becomes one rollup: nothing is kept for a check between two
//! minutes. Pure; tested on answers handed in.

use super::noted::{Batch, Noted, Notes, Read, SeriesNumber};
use blackstart_model::observation::Standing;
use blackstart_model::sample::Rollup;

/// Answers that wait for the end of their minute at most, some 10 MB; beyond, they are rolled up at once and
/// the rest of their minute is merged later.
pub(crate) const OPEN_MAX: usize = 400_000;

/// What waits for the end of its minute.
#[derive(Debug, Default)]
pub(crate) struct Open {
    answers: Vec<Noted>,
    batches: Vec<Batch>,
    read: Vec<Read>,
}

/// One minute of one series.
pub(crate) type Minute = (u32, SeriesNumber, Rollup);

impl Open {
    /// Takes what was noted.
    pub(crate) fn take(&mut self, notes: &mut Notes) {
        if self.answers.is_empty() {
            std::mem::swap(&mut self.answers, &mut notes.answers);
        }
        self.answers.append(&mut notes.answers);
        self.batches.append(&mut notes.batches);
        self.read.append(&mut notes.read);
    }

    /// Whether so much waits that it is rolled up at once.
    pub(crate) fn is_full(&self) -> bool {
        self.answers.len() + self.batches.len() + self.read.len() > OPEN_MAX
    }

    /// What belongs to minutes before this one, rolled up, in order. `every_ms` is the period of a series.
    pub(crate) fn roll(
        &mut self,
        before_minute: u32,
        every_ms: impl Fn(SeriesNumber) -> u32,
    ) -> Vec<Minute> {
        self.answers.sort_unstable_by_key(|noted| (minute_of(noted), noted.series, noted.total_us));
        let over = self.answers.partition_point(|noted| minute_of(noted) < before_minute);
        let mut minutes: Vec<Minute> = Vec::new();
        for noted in self.answers.drain(..over) {
            let Noted { series, total_us, standing, why, asked, at_ms: _ } = noted;
            let rollup = own(&mut minutes, minute_of(&noted), series);
            if asked {
                rollup.asked = rollup.asked.saturating_add(1);
            } else {
                rollup.stood(standing, why, 1, every_ms(series));
            }
            if is_timed(standing) {
                rollup.times.add(total_us);
            }
        }
        let whole = minutes.len();
        for Batch { like, tries, until_ms: _, times } in
            self.batches.extract_if(.., |batch| minute_of(&batch.like) < before_minute)
        {
            let mut rollup = Rollup::default();
            rollup.stood(like.standing, like.why, tries, every_ms(like.series));
            if is_timed(like.standing) {
                rollup.times = times;
            }
            minutes.push((minute_of(&like), like.series, rollup));
        }
        for Read { series, at_ms, readings } in
            self.read.extract_if(.., |read| minute_at(read.at_ms) < before_minute)
        {
            let mut rollup = Rollup::default();
            readings.iter().for_each(|reading| rollup.read(reading));
            minutes.push((minute_at(at_ms), series, rollup));
        }
        if minutes.len() == whole {
            return minutes;
        }
        minutes.sort_by_key(|(minute, series, _)| (*minute, *series));
        minutes.dedup_by(|later, first| {
            let same = (later.0, later.1) == (first.0, first.1);
            if same {
                first.2.merge(&later.2);
            }
            same
        });
        minutes
    }
}

/// The rollup of this minute and series: the last one, or a new one after it.
fn own(minutes: &mut Vec<Minute>, minute: u32, series: SeriesNumber) -> &mut Rollup {
    if minutes.last().is_none_or(|last| (last.0, last.1) != (minute, series)) {
        minutes.push((minute, series, Rollup::default()));
    }
    &mut minutes.last_mut().expect("one was just put there").2
}

/// Only of an answer that came it can be said how long it took: the others took as long as we waited.
const fn is_timed(standing: Standing) -> bool {
    match standing {
        Standing::Up | Standing::Degraded => true,
        Standing::Down | Standing::Unknown => false,
    }
}

/// The minute of an answer, counted from 1970.
fn minute_of(noted: &Noted) -> u32 {
    minute_at(noted.at_ms)
}

/// The minute of an instant in milliseconds.
fn minute_at(ms: i64) -> u32 {
    u32::try_from(ms / 60_000).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_model::observation::NoAnswerCode;
    use blackstart_model::sample::Times;

    fn noted(series: u32, at_s: i64, total_us: u32, standing: Standing) -> Noted {
        let why = (standing == Standing::Unknown).then_some(NoAnswerCode::Late);
        let series = SeriesNumber(series);
        Noted { series, total_us, at_ms: at_s * 1_000, standing, why, asked: false }
    }

    fn shown(minutes: &[Minute]) -> Vec<String> {
        let shown = |(minute, series, rollup): &Minute| {
            let Rollup { spoken_ms, up, down, asked, times, .. } = rollup;
            let (series, unknown) = (series.0, rollup.unknown());
            format!(
                "{minute} s{series}: {up} up {down} down {unknown} unknown {asked} asked, {} s, {} in {}..{}",
                spoken_ms / 1_000,
                times.count,
                times.min_us,
                times.max_us
            )
        };
        minutes.iter().map(shown).collect()
    }

    #[test]
    fn answers_are_rolled_up_when_their_minute_is_over() {
        let mut open = Open::default();
        let mut asked = noted(1, 61, 9, Standing::Down);
        asked.asked = true;
        open.take(&mut Notes {
            answers: vec![
                noted(1, 119, 30, Standing::Up),
                noted(0, 60, 50, Standing::Up),
                noted(0, 59, 40, Standing::Down),
                noted(1, 60, 20, Standing::Up),
                noted(0, 90, 40, Standing::Unknown),
                asked,
                noted(0, 120, 7, Standing::Up),
            ],
            ..Notes::default()
        });
        let every = |_| 30_000;
        let minutes = open.roll(2, every);
        assert_eq!(
            shown(&minutes),
            [
                "0 s0: 0 up 1 down 0 unknown 0 asked, 30 s, 0 in 0..0",
                "1 s0: 1 up 0 down 1 unknown 0 asked, 60 s, 1 in 50..50",
                "1 s1: 2 up 0 down 0 unknown 1 asked, 60 s, 2 in 20..30",
            ]
        );
        assert!(open.roll(2, every).is_empty(), "the last one waits");
        assert_eq!(open.roll(3, every).len(), 1);
    }

    #[test]
    fn what_an_agent_counted_is_merged_with_what_it_told_one_by_one() {
        let mut times = Times::default();
        [100, 200, 300].into_iter().for_each(|us| times.add(us));
        let batch = |standing| Batch {
            like: noted(0, 90, 0, standing),
            tries: 3,
            until_ms: 100_000,
            times: times.clone(),
        };
        let mut open = Open::default();
        open.take(&mut Notes {
            answers: vec![noted(0, 61, 50, Standing::Up)],
            batches: vec![batch(Standing::Up), batch(Standing::Down)],
            ..Notes::default()
        });
        let minutes = open.roll(2, |_| 10_000);
        assert_eq!(shown(&minutes), ["1 s0: 4 up 3 down 0 unknown 0 asked, 70 s, 4 in 50..300"]);
        assert_eq!(minutes[0].2.times.permille_us(1000), Some(295), "wrong by less than 1/32");
    }
}
