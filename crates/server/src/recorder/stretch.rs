//! What is kept of a series over an hour, a day, a month or a year, cut into slots for a plot.
//!
//! It decides how wide a slot is and which rows make it. The last one ends now. Pure but for the reader it is handed.

use blackstart_journal::samples::{SampleReader, SamplesError, Series};
use blackstart_model::plant::Plant;
use blackstart_model::sample::{Rollup, Shares, shares};
use blackstart_model::time::Timestamp;

/// How far back is looked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Span {
    /// A day by hours, for lists: it reads few rows.
    Glance,
    /// An hour, by minutes.
    Hour,
    /// A day, by ten minutes.
    Day,
    /// Thirty days, by six hours.
    Month,
    /// A year, by days.
    Year,
}

impl Span {
    /// Those that can be asked for, the shortest first.
    pub(crate) const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Month, Self::Year];

    /// The stable text, in URLs and in JSON.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Glance => "glance",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// As people say it.
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Hour => "an hour",
            Self::Day | Self::Glance => "a day",
            Self::Month => "30 days",
            Self::Year => "a year",
        }
    }

    /// The value with this stable text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|span| span.as_str() == text)
    }

    /// Minutes of a slot, and how many there are.
    const fn slots(self) -> (u32, u32) {
        match self {
            Self::Glance => (60, 24),
            Self::Hour => (1, 60),
            Self::Day => (10, 144),
            Self::Month => (360, 120),
            Self::Year => (1_440, 365),
        }
    }

    /// Slots that make one bar of the time it was up: five minutes, an hour, a day, a day.
    pub(crate) const fn slots_of_bar(self) -> usize {
        match self {
            Self::Hour => 5,
            Self::Day => 6,
            Self::Month => 4,
            Self::Year | Self::Glance => 1,
        }
    }

    /// As people call such a bar.
    pub(crate) const fn bar_in_words(self) -> &'static str {
        match self {
            Self::Hour => "five minutes",
            Self::Day | Self::Glance => "an hour",
            Self::Month | Self::Year => "a day",
        }
    }
}

/// One slot.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Slot {
    /// When it begins, minutes since 1970.
    pub(crate) from_minute: u32,
    /// When it ends.
    pub(crate) to_minute: u32,
    /// What was answered in it.
    pub(crate) rollup: Rollup,
    /// How it was spent; nothing of it before the series began, and of a last one what is over.
    pub(crate) shares: Shares,
}

/// A series over a span.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Plotted {
    /// The slots, oldest first, one right after the other.
    pub(crate) slots: Vec<Slot>,
}

impl Plotted {
    /// How all of it was spent.
    pub(crate) fn shares(&self) -> Shares {
        sum(&self.slots)
    }

    /// What was answered in all of it.
    pub(crate) fn rollup(&self) -> Rollup {
        let mut all = Rollup::default();
        self.slots.iter().for_each(|slot| all.merge(&slot.rollup));
        all
    }
}

/// How these slots were spent.
pub(crate) fn sum(slots: &[Slot]) -> Shares {
    let mut all = Shares::default();
    slots.iter().for_each(|slot| all.add(&slot.shares));
    all
}

/// Reads a series over a span that ends at `until`. The day and the slots begin as the clocks of the
/// plant's zone do, to the hour.
pub(super) fn read(
    reader: &SampleReader,
    series: &Series,
    span: Span,
    until: Timestamp,
    plant: Option<&Plant>,
) -> Result<Plotted, SamplesError> {
    let (width, count) = span.slots();
    let now = u32::try_from(until.as_millisecond() / 60_000).unwrap_or(0);
    let offset = offset_hours(until, plant) * 60;
    // The end of the slot that `now` is in, by the zone's clocks.
    let local = i64::from(now) + offset;
    let end = (local / i64::from(width) + 1) * i64::from(width) - offset;
    let end = u32::try_from(end).unwrap_or(width * count).max(width * count);
    let from = end - width * count;
    let mut slots: Vec<Slot> = (0..count)
        .map(|at| (from + at * width, from + (at + 1) * width))
        .map(|(from_minute, to_minute)| Slot {
            from_minute,
            to_minute,
            rollup: Rollup::default(),
            shares: Shares::default(),
        })
        .collect();
    let Some((id, first)) = reader.find(series)? else { return Ok(Plotted { slots }) };
    let rows = match span {
        Span::Hour | Span::Day => reader.minutes(id, from, end)?,
        Span::Month | Span::Year | Span::Glance => {
            let hours = reader.hours(id, from / 60, end.div_ceil(60))?;
            hours.into_iter().map(|(hour, rollup)| (hour * 60, rollup)).collect()
        }
    };
    for (minute, rollup) in rows {
        let at = (minute.saturating_sub(from) / width) as usize;
        if let Some(slot) = slots.get_mut(at) {
            slot.rollup.merge(&rollup);
        }
    }
    // The minute that `now` is in is not over, and not written.
    let lived = |slot: &Slot| {
        let (from, to) = (slot.from_minute.max(first), slot.to_minute.min(now));
        u64::from(to.saturating_sub(from)) * 60_000
    };
    let spent = shares(slots.iter().map(|slot| (lived(slot), &slot.rollup)));
    slots.iter_mut().zip(spent).for_each(|(slot, shares)| slot.shares = shares);
    Ok(Plotted { slots })
}

/// How far the zone's clocks are from UTC, whole hours.
fn offset_hours(at: Timestamp, plant: Option<&Plant>) -> i64 {
    let offset = plant.map(|plant| plant.zone().as_jiff().to_offset(at).seconds());
    i64::from(offset.unwrap_or(0)).div_euclid(3_600)
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_journal::samples::{Row, SampleStore};
    use blackstart_model::observation::Standing;

    fn plotted(span: Span, now_minute: i64, ups: &[u32]) -> Plotted {
        let folder = tempfile::tempdir().expect("a folder");
        let (mut store, _) = SampleStore::open(folder.path()).expect("a store");
        let series = Series::Component("shop".to_owned());
        let first = ups.first().copied().unwrap_or(0);
        let id = store.number(&[(series.clone(), first)]).expect("room")[0];
        let mut rollup = Rollup::default();
        rollup.stood(Standing::Up, None, 6, 10_000);
        let rows = ups.iter().map(|&minute| Row { series: id, minute, rollup: rollup.clone() });
        store.add(&rows.collect::<Vec<_>>()).expect("a disk");
        store.close_hours(u32::try_from(now_minute / 60).expect("positive")).expect("a disk");
        let until = Timestamp::from_second(now_minute * 60 + 30).expect("an instant");
        let reader = store.reader().expect("a reader");
        read(&reader, &series, span, until, None).expect("a disk")
    }

    #[test]
    fn what_was_not_watched_is_unknown_and_before_the_first_answer_there_is_nothing() {
        let now = 1_000_000;
        let ups: Vec<u32> = (now - 50..now - 40).chain(now - 20..now).collect();
        let plotted = plotted(Span::Hour, now.into(), &ups);
        assert_eq!(plotted.slots.len(), 60);
        let Shares { up, degraded, down, off, unknown } = plotted.shares();
        let minutes = |ms: f64| (ms / 60_000.0 * 100.0).round() / 100.0;
        assert_eq!((degraded, down, off), (0.0, 0.0, 0.0));
        assert_eq!((minutes(up), minutes(unknown)), (30.17, 19.83), "ten seconds are the grid's");
        assert_eq!(minutes(plotted.slots[0].shares.whole()), 0.0);
        assert_eq!(minutes(plotted.slots[59].shares.whole()), 0.0, "this minute is not over");
    }

    #[test]
    fn a_year_is_made_of_hours_and_ends_today() {
        let now: u32 = 1_440 * 1_000 + 90;
        let ups: Vec<u32> = (now - 3 * 1_440..now).collect();
        for (span, slots) in [(Span::Month, 120), (Span::Year, 365)] {
            let plotted = plotted(span, now.into(), &ups);
            assert_eq!(plotted.slots.len(), slots);
            let Shares { up, unknown, .. } = plotted.shares();
            assert_eq!((up.round(), unknown.round()), (3.0 * 86_400_000.0, 0.0));
            let last = plotted.slots.last().expect("there are some");
            assert!(last.from_minute <= now && now < last.to_minute);
        }
    }
}
