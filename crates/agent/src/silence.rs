//! When the centre counts as silent, and when that may be said.
//!
//! The server is the centre: when it is dead nobody judges and nobody alerts, and only who looks at it from elsewhere
//! can say so. But an agent that has lost its own way out hears nothing either. So a silence counts only while the way
//! out is not known to be lost: one that is lost and found again begins it anew, and so does a pause of our own.
//! It says a silence once, again sparsely while it lasts, and its end.
//!
//! Pure: spans since the host was started are handed in, and so is what proves the way out. Tested as a table of what
//! happens and what is said.

use blackstart_model::time::Duration;

/// Between two looks at a silence that is long enough to be told and could not be: the way out is proved again, and
/// who was not reached is tried again (chosen by hand).
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(30);

/// We were not running when two looks at the clock lie so far apart: nothing was heard because nobody listened.
const PAUSED: Duration = Duration::from_secs(15);

/// What the questions that prove the way out came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum WayOut {
    /// One was answered; which, in words.
    Open(String),
    /// None was, and all should have been; how, in words.
    Lost(String),
    /// Nothing proves it; why, in words.
    Unproven(String),
}

/// What is to be said.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Say {
    /// The centre has been silent for so long.
    Silent { lasted: Duration, way_out: WayOut, again: bool },
    /// We are cut off, and know nothing of the centre.
    CutOff { detail: String },
    /// We were cut off for so long, and are not any more; of the centre nothing is heard yet.
    Back { lasted: Duration },
    /// The centre is heard again, after so long.
    Heard { lasted: Duration },
}

/// What is known of the centre.
#[derive(Debug)]
pub(crate) struct Silence {
    after: Duration,
    every: Duration,
    /// The silence counts from then: something was heard, the way out was found again, or we came to ourselves.
    counts_from: Duration,
    /// When it was heard last, or when this began.
    heard_at: Duration,
    /// When the last look at the clock was.
    now: Duration,
    /// When the silence was told last.
    told_at: Option<Duration>,
    /// Since when the way out is known to be lost.
    lost_since: Option<Duration>,
    /// That it is has been said.
    lost_told: bool,
    /// Not before then it is looked at again.
    look_at: Duration,
}

impl Silence {
    /// Nothing is known, and it begins to count. `told` when an earlier process of this agent has told a silence whose
    /// end it did not see.
    pub(crate) fn begin(after: Duration, every: Duration, now: Duration, told: bool) -> Self {
        Self {
            after,
            every,
            counts_from: now,
            heard_at: now,
            now,
            told_at: told.then_some(now),
            lost_since: None,
            lost_told: false,
            look_at: now,
        }
    }

    /// The centre has answered.
    pub(crate) fn heard(&mut self, now: Duration) -> Option<Say> {
        let lasted = now.saturating_sub(self.heard_at);
        let was_told = self.told_at.take().is_some() | std::mem::take(&mut self.lost_told);
        self.lost_since = None;
        (self.heard_at, self.counts_from, self.now) = (now, now, now);
        was_told.then_some(Say::Heard { lasted })
    }

    /// Time has passed. True when the way out is to be proved now.
    pub(crate) fn passes(&mut self, now: Duration) -> bool {
        if now.saturating_sub(self.now) > PAUSED {
            self.counts_from = now;
        }
        self.now = now;
        let long = now.saturating_sub(self.counts_from) >= self.after;
        let rested = self.told_at.is_none_or(|at| now.saturating_sub(at) >= self.every);
        let due = (long && rested) || self.lost_since.is_some();
        if due && now >= self.look_at {
            self.look_at = now + LOOK_EVERY;
            return true;
        }
        false
    }

    /// We were at work until now: it was no pause.
    pub(crate) fn awake(&mut self, now: Duration) {
        self.now = now;
    }

    /// What the proof came to, and so what is to be said.
    pub(crate) fn proved(&mut self, way_out: WayOut, now: Duration) -> Option<Say> {
        match way_out {
            WayOut::Lost(detail) => {
                self.lost_since.get_or_insert(now);
                self.counts_from = now;
                (!self.lost_told).then_some(Say::CutOff { detail })
            }
            WayOut::Open(_) | WayOut::Unproven(_) => {
                if let Some(since) = self.lost_since.take() {
                    self.counts_from = now;
                    let lasted = now.saturating_sub(since);
                    return self.lost_told.then_some(Say::Back { lasted });
                }
                let long = now.saturating_sub(self.counts_from) >= self.after;
                let again = self.told_at.is_some();
                let lasted = now.saturating_sub(self.heard_at);
                long.then_some(Say::Silent { lasted, way_out, again })
            }
        }
    }

    /// That somebody was told this.
    pub(crate) fn told(&mut self, say: &Say, now: Duration) {
        match say {
            Say::Silent { .. } => self.told_at = Some(now),
            Say::CutOff { .. } => self.lost_told = true,
            Say::Back { .. } => self.lost_told = false,
            Say::Heard { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AFTER: Duration = Duration::from_secs(120);
    const EVERY: Duration = Duration::from_secs(3_600);

    /// What happens from one second to the next, and what is said of it.
    struct Story {
        silence: Silence,
        now: Duration,
        /// What a proof would come to.
        way_out: WayOut,
        /// Somebody can be told.
        reached: bool,
        said: Vec<(u64, Say)>,
    }

    impl Story {
        fn begin(told: bool) -> Self {
            let now = Duration::from_secs(1_000);
            let silence = Silence::begin(AFTER, EVERY, now, told);
            Self { silence, now, way_out: open(), reached: true, said: Vec::new() }
        }

        fn passes(&mut self, seconds: u64) {
            for _ in 0..seconds {
                self.now += Duration::from_secs(1);
                if self.silence.passes(self.now) {
                    let say = self.silence.proved(self.way_out.clone(), self.now);
                    self.say(say);
                }
            }
        }

        fn heard(&mut self) {
            let say = self.silence.heard(self.now);
            self.say(say);
        }

        fn say(&mut self, say: Option<Say>) {
            let Some(say) = say.filter(|_| self.reached) else { return };
            self.silence.told(&say, self.now);
            self.said.push((self.now.as_secs() - 1_000, say));
        }

        /// When it said which kind of thing.
        fn told(&self) -> Vec<(u64, &'static str)> {
            let kind = |say: &Say| match say {
                Say::Silent { again: false, .. } => "silent",
                Say::Silent { again: true, .. } => "silent, again",
                Say::CutOff { .. } => "cut off",
                Say::Back { .. } => "back",
                Say::Heard { .. } => "heard",
            };
            self.said.iter().map(|(at, say)| (*at, kind(say))).collect()
        }
    }

    fn open() -> WayOut {
        WayOut::Open("192.0.2.1:443 answers".to_owned())
    }

    fn lost() -> WayOut {
        WayOut::Lost("no answer".to_owned())
    }

    #[test]
    fn a_silence_is_told_once_again_sparsely_and_its_end() {
        let mut story = Story::begin(false);
        story.passes(60);
        story.heard();
        story.passes(119);
        assert_eq!(story.told(), []);
        story.passes(3_800);
        story.heard();
        story.passes(60);
        assert_eq!(story.told(), [(180, "silent"), (3_780, "silent, again"), (3_979, "heard")]);
        assert_eq!(story.said[2].1, Say::Heard { lasted: Duration::from_secs(3_919) });
    }

    #[test]
    fn who_is_cut_off_says_that_and_nothing_of_the_centre() {
        let mut story = Story::begin(false);
        story.way_out = lost();
        story.passes(4_000);
        assert_eq!(story.told(), [(120, "cut off")]);
        story.way_out = open();
        story.passes(60);
        assert_eq!(story.told().len(), 2, "{:?}", story.told());
        assert_eq!(story.told()[1].1, "back");
        story.heard();
        assert_eq!(story.told().len(), 2, "no silence was told, so none has ended");
    }

    #[test]
    fn a_silence_counts_anew_when_the_way_out_is_found_again() {
        let mut story = Story::begin(false);
        story.way_out = lost();
        story.passes(150);
        story.way_out = open();
        story.passes(60);
        let told = story.told();
        let [(_, "cut off"), (back, "back")] = told[..] else { panic!("{told:?}") };
        story.passes(120);
        assert_eq!(story.told().last(), Some(&(back + 120, "silent")));
    }

    #[test]
    fn what_nobody_was_told_is_neither_repeated_late_nor_ended() {
        let mut story = Story::begin(false);
        (story.reached, story.way_out) = (false, WayOut::Unproven("nothing proves it".to_owned()));
        story.passes(600);
        story.reached = true;
        story.heard();
        story.passes(60);
        assert_eq!(story.told(), []);
    }

    #[test]
    fn an_unproven_way_out_is_no_reason_to_be_silent_ourselves() {
        let mut story = Story::begin(false);
        story.way_out = WayOut::Unproven("nothing proves it".to_owned());
        story.passes(121);
        assert!(matches!(
            &story.said[..],
            [(120, Say::Silent { way_out: WayOut::Unproven(_), .. })]
        ));
    }

    #[test]
    fn a_pause_of_our_own_is_no_silence_of_the_centre() {
        let mut story = Story::begin(false);
        story.passes(100);
        story.now += Duration::from_secs(50_000);
        story.passes(119);
        assert_eq!(story.told(), []);
        story.passes(5);
        assert_eq!(story.told().len(), 1);
    }

    #[test]
    fn what_an_earlier_process_told_is_not_told_anew_and_its_end_is() {
        let mut story = Story::begin(true);
        story.passes(600);
        assert_eq!(story.told(), []);
        story.heard();
        assert_eq!(story.told(), [(600, "heard")]);
    }
}
