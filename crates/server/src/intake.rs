//! From samples to inputs: what a vantage saw is noted for the plots, and told to the turn when it says
//! something new.
//!
//! A first answer, a changed one, and one that was asked for are told one by one; steady ones are
//! counted and told together. It never weighs what it tells. One late answer is no news (we were busy);
//! three in a row are. Every answer is put into a flat list as it comes, which `recorder` takes away and rolls
//! up: nothing is allocated for one.

use crate::clock;
use crate::hub::Hub;
use crate::recorder::noted::{Batch, Noted, Notes, SeriesNumber};
use blackstart_model::observation::{NoAnswerCode, Observation, Outcome, Standing, Timing};
use blackstart_model::plant::Plant;
use blackstart_model::reading::Reading;
use blackstart_model::record::{Counted, Input, VantageLoss};
use blackstart_model::sample::Times;
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{CheckKey, VantageName};
use blackstart_probe::{Answer, Listener, Sample};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};

/// Answers kept one by one for each check and vantage.
const POINTS_MAX: usize = 60;

/// So many late answers in a row are news.
const LATE_IN_A_ROW: u32 = 3;

/// How often steady answers are told together.
pub const COUNTED_EVERY: Duration = Duration::from_secs(300);

/// One answer, as kept for plots: 16 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Point {
    /// When it was complete, milliseconds since 1970.
    pub at_ms: i64,
    /// How long it took, microseconds.
    pub total_us: u32,
    /// What it was.
    pub standing: Standing,
}

/// What is kept of one check from one vantage.
#[derive(Clone, Debug)]
pub struct Track {
    last: Option<Outcome>,
    /// The last outcome reached the turn.
    told: bool,
    tries: u32,
    late: u32,
    counted: (u32, u32),
    /// What its answers are noted under.
    series: SeriesNumber,
    /// The newest answers, oldest first.
    pub points: VecDeque<Point>,
    /// Where the time of the last answer went.
    pub timing: Timing,
    /// When the certificate last seen ends, seconds since 1970.
    pub certificate_ends_s: Option<i64>,
    /// The numbers that the last answer read.
    pub readings: Vec<Reading>,
}

/// All samples, by vantage.
#[derive(Default)]
pub struct Samples {
    vantages: RwLock<BTreeMap<VantageName, Arc<Vantage>>>,
    series: Arc<SeriesNames>,
}

/// The samples of one vantage.
pub struct Vantage {
    name: VantageName,
    kept: Mutex<Kept>,
    series: Arc<SeriesNames>,
}

#[derive(Default)]
struct Kept {
    tracks: HashMap<CheckKey, Track>,
    notes: Notes,
}

/// What series are of, by their number in this process. It only grows: by a check once, however often it goes and
/// comes back.
#[derive(Default)]
pub(crate) struct SeriesNames {
    named: RwLock<Named>,
}

#[derive(Default)]
struct Named {
    names: Vec<(CheckKey, VantageName)>,
    numbers: HashMap<(CheckKey, VantageName), SeriesNumber>,
}

impl SeriesNames {
    fn number(&self, check: &CheckKey, vantage: &VantageName) -> SeriesNumber {
        let key = (check.clone(), vantage.clone());
        let mut named = self.named.write().unwrap_or_else(PoisonError::into_inner);
        let Named { names, numbers } = &mut *named;
        *numbers.entry(key).or_insert_with_key(|key| {
            names.push(key.clone());
            let newest = u32::try_from(names.len() - 1);
            SeriesNumber(newest.expect("fewer checks than that fit into memory"))
        })
    }

    /// The names from this number on, in order.
    pub(crate) fn from(&self, first: usize) -> Vec<(CheckKey, VantageName)> {
        let named = self.named.read().unwrap_or_else(PoisonError::into_inner);
        named.names.get(first..).map(<[_]>::to_vec).unwrap_or_default()
    }
}

impl Samples {
    /// Those of one vantage, made when they are not there.
    pub fn of(&self, name: &VantageName) -> Arc<Vantage> {
        if let Some(vantage) =
            self.vantages.read().unwrap_or_else(PoisonError::into_inner).get(name)
        {
            return vantage.clone();
        }
        let mut vantages = self.vantages.write().unwrap_or_else(PoisonError::into_inner);
        let fresh = || {
            let (kept, series) = (Mutex::default(), self.series.clone());
            Arc::new(Vantage { name: name.clone(), kept, series })
        };
        vantages.entry(name.clone()).or_insert_with(fresh).clone()
    }

    /// What is kept of one check from one vantage.
    pub fn track(&self, check: &CheckKey, vantage: &VantageName) -> Option<Track> {
        let vantages = self.vantages.read().unwrap_or_else(PoisonError::into_inner);
        vantages.get(vantage)?.lock().tracks.get(check).cloned()
    }

    /// Forgets what another plant asked: what changed is told as new.
    pub fn adopt(&self, old: Option<&Plant>, new: &Plant) {
        let by_key = |plant: &Plant| -> HashMap<CheckKey, usize> {
            plant.checks().iter().enumerate().map(|(at, check)| (check.key.clone(), at)).collect()
        };
        let (old_by_key, new_by_key) = (old.map(by_key), by_key(new));
        let vantages = self.vantages.read().unwrap_or_else(PoisonError::into_inner);
        for vantage in vantages.values() {
            vantage.lock().tracks.retain(|key, _| {
                let Some(&at) = new_by_key.get(key) else { return false };
                let before = old_by_key.as_ref().and_then(|old| old.get(key));
                let (Some(&before), Some(old)) = (before, old) else { return true };
                let (old, new) = (&old.checks()[before], &new.checks()[at]);
                old.question == new.question
            });
        }
    }

    /// The steady answers since the last time, to be told together.
    pub fn counted(&self) -> Vec<Counted> {
        let vantages = self.vantages.read().unwrap_or_else(PoisonError::into_inner);
        vantages.values().filter_map(|vantage| vantage.counted()).collect()
    }

    /// Takes away what was noted since the last time.
    pub(crate) fn noted(&self) -> Notes {
        let vantages = self.vantages.read().unwrap_or_else(PoisonError::into_inner);
        let mut all = Notes::default();
        for vantage in vantages.values() {
            all.append(vantage.lock().notes.take());
        }
        all
    }

    /// What the noted series are of.
    pub(crate) const fn series(&self) -> &Arc<SeriesNames> {
        &self.series
    }
}

impl Vantage {
    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fresh(&self, key: &CheckKey) -> Track {
        Track::of(self.series.number(key, &self.name))
    }

    /// Takes an answer; returns what the turn should be told of it, if anything. The caller reports
    /// with [`Vantage::untold`] when it could not be told.
    pub fn take(&self, sample: Sample, at: Timestamp) -> Option<Input> {
        let Sample { key, mut answer, asked } = sample;
        let mut kept = self.lock();
        let Kept { tracks, notes } = &mut *kept;
        let track = tracks.entry(key.clone()).or_insert_with(|| self.fresh(&key));
        notes.note(track.noted(&answer.outcome, answer.timing, at, asked));
        track.keep(&answer.outcome, answer.timing, at);
        track.certificate_ends_s = answer.certificate_ends_s.or(track.certificate_ends_s);
        notes.read(track.series, at, &answer.readings);
        track.readings = std::mem::take(&mut answer.readings);
        let news = track.is_news(&answer.outcome);
        if !(news || asked) {
            track.counted.0 += 1;
            let differs =
                track.last.as_ref().map(Outcome::standing) != Some(answer.outcome.standing());
            track.counted.1 += u32::from(differs);
            return None;
        }
        track.told = true;
        track.last = Some(answer.outcome.clone());
        let tries = track.tries.max(1);
        drop(kept);
        Some(Input::Observed(Observation {
            check: key,
            vantage: self.name.clone(),
            failures: answer.outcome.failures_of(tries),
            outcome: answer.outcome,
            at,
            asked,
            tries,
        }))
    }

    /// Keeps an answer that its agent has told.
    pub fn keep(&self, sample: Sample, at: Timestamp) {
        let Sample { key, answer, asked } = sample;
        let Answer { outcome, timing, certificate_ends_s, readings } = answer;
        let mut kept = self.lock();
        let Kept { tracks, notes } = &mut *kept;
        let track = tracks.entry(key.clone()).or_insert_with(|| self.fresh(&key));
        notes.note(track.noted(&outcome, timing, at, asked));
        notes.read(track.series, at, &readings);
        track.keep(&outcome, timing, at);
        track.certificate_ends_s = certificate_ends_s.or(track.certificate_ends_s);
        track.readings = readings;
        track.last = Some(outcome);
    }

    /// Keeps answers that its agent has counted: they were like the last one told, which is `last` where we
    /// were started since. `times` are theirs; `at` is the middle of the stretch they were given in, `until` its end.
    pub fn keep_steady(
        &self,
        key: &CheckKey,
        tries: u32,
        times: Times,
        (at, until): (Timestamp, Timestamp),
        last: Option<Outcome>,
        readings: Vec<Reading>,
    ) {
        let mut kept = self.lock();
        let Kept { tracks, notes } = &mut *kept;
        let track = tracks.entry(key.clone()).or_insert_with(|| self.fresh(key));
        let Some(outcome) = track.last.clone().or(last) else { return };
        let mean_us = times.mean_us().unwrap_or(0);
        let noted = track.noted(&outcome, Timing::default(), at, false);
        let until_ms = until.as_millisecond();
        notes.count(Batch { like: noted, tries, until_ms, times });
        track.keep(&outcome, Timing { total_us: mean_us, ..track.timing }, at);
        track.last = Some(outcome);
        notes.read(track.series, at, &readings);
        track.readings = readings;
    }

    /// What was to be told was not: the next answer tells it.
    pub fn untold(&self, key: &CheckKey) {
        if let Some(track) = self.lock().tracks.get_mut(key) {
            track.told = false;
        }
    }

    fn counted(&self) -> Option<Counted> {
        let mut tries = 0;
        let mut exceptions = Vec::new();
        for (key, track) in &mut self.lock().tracks {
            let (all, differing) = std::mem::take(&mut track.counted);
            tries += u64::from(all);
            if differing > 0 {
                exceptions.push((key.clone(), all, differing));
            }
        }
        exceptions.sort();
        (tries > 0).then(|| Counted { vantage: self.name.clone(), tries, exceptions })
    }
}

impl Track {
    fn of(series: SeriesNumber) -> Self {
        Self {
            last: None,
            told: false,
            tries: 0,
            late: 0,
            counted: (0, 0),
            series,
            points: VecDeque::new(),
            timing: Timing::default(),
            certificate_ends_s: None,
            readings: Vec::new(),
        }
    }

    fn noted(&self, outcome: &Outcome, timing: Timing, at: Timestamp, asked: bool) -> Noted {
        let why = match outcome {
            Outcome::Unknown(why) => Some(why.code),
            Outcome::Up | Outcome::Degraded(_) | Outcome::Down(_) => None,
        };
        let (series, at_ms, standing) = (self.series, at.as_millisecond(), outcome.standing());
        Noted { series, at_ms, total_us: timing.total_us, standing, why, asked }
    }

    /// Whether this outcome is to be told.
    fn is_news(&mut self, outcome: &Outcome) -> bool {
        let late = matches!(outcome, Outcome::Unknown(why) if why.code == NoAnswerCode::Late);
        self.late = if late { self.late + 1 } else { 0 };
        let same = self.last.as_ref().is_some_and(|last| {
            last.standing() == outcome.standing() && last.code() == outcome.code()
        });
        if late && !same && self.last.is_some() && self.late < LATE_IN_A_ROW {
            return false;
        }
        let standing_is_same =
            self.last.as_ref().is_some_and(|last| last.standing() == outcome.standing());
        self.tries = if standing_is_same { self.tries.saturating_add(1) } else { 1 };
        !(same && self.told)
    }

    fn keep(&mut self, outcome: &Outcome, timing: Timing, at: Timestamp) {
        self.timing = timing;
        let (at_ms, total_us, standing) =
            (at.as_millisecond(), timing.total_us, outcome.standing());
        if self.points.len() == POINTS_MAX {
            self.points.pop_front();
        }
        self.points.push_back(Point { at_ms, total_us, standing });
    }
}

/// The server's own vantage, on the prober's threads. It does not keep the server alive.
pub struct Here {
    hub: Weak<Hub>,
    vantage: Arc<Vantage>,
}

impl Here {
    /// Ears for the prober.
    #[must_use]
    pub fn new(hub: &Arc<Hub>) -> Self {
        let vantage = hub.samples().of(&VantageName::here());
        Self { hub: Arc::downgrade(hub), vantage }
    }
}

impl Listener for Here {
    fn sample(&self, sample: Sample) {
        let Some(hub) = self.hub.upgrade() else { return };
        let key = sample.key.clone();
        if let Some(input) = self.vantage.take(sample, clock::wall())
            && hub.mention(input).is_err()
        {
            self.vantage.untold(&key);
        }
    }

    fn way_out(&self, open: bool, detail: &str) {
        let Some(hub) = self.hub.upgrade() else { return };
        let vantage = VantageName::here();
        let input = if open {
            Input::VantageHeard { vantage }
        } else {
            Input::VantageLost { vantage, how: VantageLoss::WayOut, detail: detail.to_owned() }
        };
        if let Err(error) = hub.mention(input) {
            tracing::warn!("could not tell about the way out: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_model::observation::SymptomCode;

    fn vantage() -> Vantage {
        let (kept, series) = (Mutex::default(), Arc::default());
        Vantage { name: VantageName::here(), kept, series }
    }

    fn told(vantage: &Vantage, outcome: Outcome, asked: bool) -> Option<u32> {
        let sample = Sample { key: "a/http".into(), answer: Answer::from(outcome), asked };
        match vantage.take(sample, Timestamp::UNIX_EPOCH) {
            Some(Input::Observed(observation)) => Some(observation.tries),
            Some(other) => panic!("{other:?}"),
            None => None,
        }
    }

    #[test]
    fn changes_and_what_was_asked_are_told_and_the_rest_is_counted() {
        let vantage = vantage();
        let down = || Outcome::down(SymptomCode::Refused, "");
        assert_eq!(told(&vantage, Outcome::Up, false), Some(1));
        assert_eq!(told(&vantage, Outcome::Up, false), None);
        assert_eq!(told(&vantage, down(), false), Some(1));
        assert_eq!(told(&vantage, down(), true), Some(2));
        assert_eq!(told(&vantage, down(), false), None);
        let counted = vantage.counted().expect("two were steady");
        assert_eq!((counted.tries, counted.exceptions.len()), (2, 0));
        assert!(vantage.counted().is_none());
    }

    #[test]
    fn one_late_answer_is_no_news_and_three_are() {
        let vantage = vantage();
        let late = || Outcome::unknown(NoAnswerCode::Late, "");
        assert_eq!(told(&vantage, Outcome::Up, false), Some(1));
        assert_eq!(told(&vantage, late(), false), None);
        assert_eq!(told(&vantage, Outcome::Up, false), None, "it is still up");
        assert_eq!(told(&vantage, late(), false), None);
        assert_eq!(told(&vantage, late(), false), None);
        assert_eq!(told(&vantage, late(), false), Some(1));
        let counted = vantage.counted().expect("counted");
        assert_eq!(counted.exceptions, [("a/http".into(), 4, 3)]);
    }

    #[test]
    fn what_could_not_be_told_is_told_by_the_next() {
        let vantage = vantage();
        assert_eq!(told(&vantage, Outcome::Up, false), Some(1));
        vantage.untold(&"a/http".into());
        assert_eq!(told(&vantage, Outcome::Up, false), Some(2));
    }
}
