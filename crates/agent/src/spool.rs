//! What was told and is not acknowledged yet: kept on disk and in memory, numbered, bounded.
//!
//! An entry is on disk before it is sent, so a number never names two things, whenever the agent or its
//! host dies. What the disk does not take is told all the same: the spool then takes a new name, under
//! which the server counts anew, and is written again as soon as the disk takes it. When it is full the
//! oldest steady batches go first, and the next one says how many; they carry plots, not changes.
//!
//! An entry is stamped with the time since the host was started. After a restart of the host only a
//! bound of its age is known: from the entry to the last one of that run, and from this start to now.
//!
//! This module is what is in memory, [`log`] what is on disk; the thread of `keeper` moves entries from
//! the one to the other. Tested on entries and stamps handed in.

pub(crate) mod log;

use blackstart_model::time::Duration;
use blackstart_probe::wire::v1::News;
use ring::rand::{SecureRandom as _, SystemRandom};
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// What is kept at most, bytes on disk; it stands in memory too. A check that stays as it is takes 110 to 180 a
/// minute: fifty fill it in days, ten thousand in half an hour; their changes alone take months (chosen by hand).
pub(crate) const BYTES_MAX: usize = 32 << 20;

/// When it is full, room is made until this much is left.
const BYTES_AFTER_DROP: usize = BYTES_MAX / 8 * 7;

/// A disk that takes one write for so long is stuck: nothing of what is seen leaves us, and to go on saying that we are
/// here would make old answers pass for new ones (chosen by hand).
const STUCK_AFTER: Duration = Duration::from_secs(30);

/// One thing to tell.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Entry {
    /// Greater than all before it.
    pub(crate) seq: u64,
    /// When it was put here, microseconds since the host was started; negative before that.
    pub(crate) at_us: i64,
    /// It may have been earlier: the host was started anew since.
    pub(crate) or_earlier: bool,
    pub(crate) news: News,
    /// How long its record is on disk.
    pub(crate) bytes: usize,
}

impl Entry {
    /// What happened, its ages counted from now.
    fn told_at(&self, now: Duration) -> News {
        let passed = micros(now).saturating_sub(self.at_us);
        let passed = Duration::from_micros(u64::try_from(passed).unwrap_or(0));
        self.news.clone().older_by(passed, self.or_earlier)
    }
}

/// Microseconds, at most what an `i64` holds (292 thousand years).
pub(crate) fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}

/// The spool, as those who send see it. No lock of it is held while a disk is waited for.
pub(crate) struct Spool {
    kept: Mutex<Kept>,
    changed: Notify,
    /// Since when the disk has been at the present write.
    writing_since: Mutex<Option<Duration>>,
}

/// What is kept.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Kept {
    /// A random name; numbers count within it.
    pub(crate) name: Arc<str>,
    /// The next number.
    pub(crate) next: u64,
    /// How far it is acknowledged.
    pub(crate) acked: u64,
    /// By number.
    pub(crate) entries: VecDeque<Arc<Entry>>,
    /// Steady batches that were dropped, and not yet said so.
    pub(crate) dropped: u32,
}

impl Kept {
    /// Empty, with a name of its own.
    pub(crate) fn fresh() -> Self {
        let name = random_name();
        Self { name, next: 1, acked: 0, entries: VecDeque::new(), dropped: 0 }
    }

    /// How much of the disk the entries take.
    pub(crate) fn bytes(&self) -> usize {
        self.entries.iter().map(|entry| entry.bytes).sum()
    }

    /// Makes room: the oldest steady batches go, and then the oldest of all.
    fn hold_to(&mut self, bytes_max: usize, bytes_after: usize) {
        let mut bytes = self.bytes();
        if bytes <= bytes_max {
            return;
        }
        let (mut batches, mut others) = (0, 0);
        self.entries.retain(|entry| {
            let drop = bytes > bytes_after && matches!(entry.news, News::Steady(_));
            if drop {
                bytes -= entry.bytes;
                batches += 1 + dropped_before(&entry.news);
            }
            !drop
        });
        while bytes > bytes_after
            && let Some(entry) = self.entries.pop_front()
        {
            bytes -= entry.bytes;
            others += 1;
        }
        tracing::warn!("the spool is full: dropped {batches} steady batches, {others} others");
        let next = self.entries.iter_mut().find(|entry| matches!(entry.news, News::Steady(_)));
        match next.map(Arc::make_mut) {
            Some(Entry { news: News::Steady(steady), .. }) => {
                steady.dropped = steady.dropped.saturating_add(batches);
            }
            Some(_) | None => self.dropped = self.dropped.saturating_add(batches),
        }
    }
}

fn dropped_before(news: &News) -> u32 {
    match news {
        News::Steady(steady) => steady.dropped,
        News::Samples(_) | News::WayOut(_) => 0,
    }
}

/// 128 random bits.
pub(crate) fn random_name() -> Arc<str> {
    let mut random = [0; 16];
    SystemRandom::new().fill(&mut random).expect("the system has random numbers");
    let name = random.iter().fold(String::new(), |mut name, byte| {
        write!(name, "{byte:02x}").expect("a String takes everything");
        name
    });
    name.into()
}

impl Spool {
    /// Goes on with what was found on disk.
    pub(crate) fn new(kept: Kept) -> Self {
        Self { kept: Mutex::new(kept), changed: Notify::new(), writing_since: Mutex::default() }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The disk is given something to write now, or (`None`) has taken it or refused it.
    pub(crate) fn writes(&self, since: Option<Duration>) {
        *self.writing_since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    /// Whether the disk neither takes nor refuses what it was given, and has not for long.
    pub(crate) fn is_stuck(&self, now: Duration) -> bool {
        let since = *self.writing_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| now.saturating_sub(since) > STUCK_AFTER)
    }

    /// Its name, and the number of the newest entry; 0 when there is none.
    pub(crate) fn name_and_newest(&self) -> (Arc<str>, u64) {
        let kept = self.kept();
        (kept.name.clone(), kept.entries.back().map_or(0, |entry| entry.seq))
    }

    pub(crate) fn name(&self) -> Arc<str> {
        self.kept().name.clone()
    }

    /// The server has taken everything up to this. False when we have never come so far: the spool is
    /// an old copy of itself, and its numbers would name other things than before.
    pub(crate) fn acknowledged(&self, seq: u64) -> bool {
        let mut kept = self.kept();
        if seq >= kept.next {
            return false;
        }
        if seq > kept.acked {
            kept.acked = seq;
            let taken = kept.entries.partition_point(|entry| entry.seq <= seq);
            kept.entries.drain(..taken);
            self.changed.notify_one();
        }
        true
    }

    /// The server counts anew.
    pub(crate) fn rename(&self) {
        self.kept().name = random_name();
        self.changed.notify_one();
    }

    /// The first entry after `sent`, its ages counted from now, unless so many are under way.
    pub(crate) fn after(
        &self,
        sent: u64,
        under_way_max: usize,
        now: Duration,
    ) -> Option<(u64, News)> {
        let kept = self.kept();
        let under_way = kept.entries.partition_point(|entry| entry.seq <= sent);
        if under_way >= under_way_max {
            return None;
        }
        let entry = kept.entries.get(under_way)?.clone();
        drop(kept);
        Some((entry.seq, entry.told_at(now)))
    }

    /// The oldest entry that was sent and is not acknowledged.
    pub(crate) fn waits_for(&self, sent: u64) -> Option<u64> {
        self.kept().entries.front().map(|entry| entry.seq).filter(|seq| *seq <= sent)
    }

    /// Something may have changed since this was last awaited.
    ///
    /// # Cancel safety
    /// Safe.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Numbers what is to be told; it is sent once [`Spool::publish`] has it.
    pub(crate) fn number(&self, news: Vec<News>, now: Duration) -> Vec<Entry> {
        let mut kept = self.kept();
        news.into_iter()
            .map(|mut news| {
                if let News::Steady(steady) = &mut news {
                    steady.dropped = std::mem::take(&mut kept.dropped);
                }
                let seq = kept.next;
                kept.next += 1;
                Entry { seq, at_us: micros(now), or_earlier: false, news, bytes: 0 }
            })
            .collect()
    }

    /// These are on disk, or cannot be.
    pub(crate) fn publish(&self, entries: Vec<Entry>) {
        let mut kept = self.kept();
        kept.entries.extend(entries.into_iter().map(Arc::new));
        kept.hold_to(BYTES_MAX, BYTES_AFTER_DROP);
        self.changed.notify_one();
    }

    /// As it is now.
    pub(crate) fn snapshot(&self) -> Kept {
        self.kept().clone()
    }

    /// How far it is acknowledged.
    pub(crate) fn acked(&self) -> u64 {
        self.kept().acked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_probe::wire::v1::{Age, Steady, WayOut};

    fn steady() -> News {
        let age = Age::exact(Duration::from_secs(1));
        News::Steady(Steady { age, lasted_us: 0, dropped: 0, checks: Vec::new() })
    }

    fn way_out() -> News {
        News::WayOut(WayOut { open: true, detail: String::new(), age: Age::exact(Duration::ZERO) })
    }

    fn with(spool: &Spool, news: Vec<News>) {
        let mut entries = spool.number(news, Duration::from_secs(100));
        entries.iter_mut().for_each(|entry| entry.bytes = 10);
        spool.publish(entries);
    }

    #[test]
    fn a_disk_that_neither_takes_nor_refuses_is_stuck_after_a_while() {
        let spool = Spool::new(Kept::fresh());
        let at = Duration::from_secs;
        assert!(!spool.is_stuck(at(1_000)), "nothing is written");
        spool.writes(Some(at(1_000)));
        assert!(!spool.is_stuck(at(1_029)) && spool.is_stuck(at(1_031)));
        spool.writes(None);
        assert!(!spool.is_stuck(at(9_000)));
    }

    #[test]
    fn entries_are_sent_in_order_so_many_at_once_and_dropped_when_acknowledged() {
        let spool = Spool::new(Kept::fresh());
        let now = Duration::from_secs(130);
        assert_eq!(spool.name_and_newest().1, 0);
        with(&spool, vec![steady(), way_out(), way_out()]);
        assert_eq!(spool.name_and_newest().1, 3);
        let (first, news) = spool.after(0, 2, now).expect("there are three");
        let News::Steady(Steady { age, .. }) = news else { panic!("{news:?}") };
        assert_eq!((first, age), (1, Age::exact(Duration::from_secs(31))));
        assert_eq!(spool.waits_for(first), Some(1));
        assert_eq!(spool.after(1, 2, now).map(|(seq, _)| seq), Some(2));
        assert_eq!(spool.after(2, 2, now), None, "two are under way");
        assert!(spool.acknowledged(2));
        assert_eq!(spool.after(2, 2, now).map(|(seq, _)| seq), Some(3));
        assert!(spool.acknowledged(3));
        assert_eq!((spool.name_and_newest().1, spool.waits_for(3)), (0, None));
    }

    #[test]
    fn an_acknowledgement_of_what_was_never_told_shows_an_old_copy() {
        let spool = Spool::new(Kept::fresh());
        with(&spool, vec![way_out()]);
        assert!(!spool.acknowledged(2));
        let before = spool.name();
        spool.rename();
        assert_ne!(before, spool.name());
        assert_eq!(spool.name_and_newest().1, 1, "what it holds is told again");
    }

    #[test]
    fn after_a_restart_of_the_host_an_age_is_a_bound() {
        let age = Age::exact(Duration::from_secs(2));
        let news = News::WayOut(WayOut { open: true, detail: String::new(), age });
        let entry = Entry { seq: 1, at_us: -3_000_000, or_earlier: true, news, bytes: 0 };
        let News::WayOut(WayOut { age, .. }) = entry.told_at(Duration::from_secs(10)) else {
            panic!("it is of the way out");
        };
        assert_eq!(age, Age { us: 15_000_000, at_least: true });
    }

    #[test]
    fn the_oldest_steady_batches_are_dropped_first_and_the_next_one_says_so() {
        let spool = Spool::new(Kept::fresh());
        with(&spool, vec![steady(), way_out(), steady(), steady(), way_out()]);
        let mut kept = spool.snapshot();
        kept.hold_to(50, 30);
        assert_eq!(kept.entries.len(), 5, "it fits");
        kept.hold_to(40, 30);
        let left: Vec<u64> = kept.entries.iter().map(|entry| entry.seq).collect();
        assert_eq!(left, [2, 4, 5]);
        assert_eq!(dropped_before(&kept.entries[1].news), 2);
        kept.hold_to(25, 10);
        let left: Vec<u64> = kept.entries.iter().map(|entry| entry.seq).collect();
        assert_eq!((left, kept.dropped), (vec![5], 3), "then the oldest of all");
    }
}
