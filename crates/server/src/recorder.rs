//! Keeps answers in bulk: takes away what was noted, rolls it up minute by minute and hour by hour, and says
//! what is kept.
//!
//! It runs on a thread of its own and never holds a check up. What it keeps is derived from answers and
//! may be lost: after `kill -9` the minute that was not over; the journal has what was decided by. A time
//! in which it did not run, or nobody asked, has no rows and is shown as unknown ([`shares`]).
//!
//! Beside checks it keeps how services and what is public stood, looked at every few seconds: as the
//! status page shows it. It judges nothing. Tested through [`Recorder::start`] on answers handed in.
//!
//! [`shares`]: blackstart_model::sample::shares

pub(crate) mod noted;
mod rolling;
mod stretch;

pub(crate) use stretch::{Plotted, Slot, Span, sum};

use crate::clock;
use crate::http::view::{Health, View};
use crate::hub::Hub;
use crate::remote_write::Told;
use blackstart_journal::samples::{
    Keep, Row, SampleReader, SampleStore, SamplesError, Series, SeriesId,
};
use blackstart_model::kind::Kind;
use blackstart_model::observation::Standing;
use blackstart_model::plant::{Component, Keeping, Plant};
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::record::VantageLoss;
use blackstart_model::sample::Rollup;
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{CheckKey, ComponentName, RecordId, VantageName};
use blackstart_reason::Loss;
use noted::{Batch, Noted, Notes, SeriesNumber};
use rolling::Open;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, mpsc};

/// How often noted answers are taken away.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// No sooner than this, however fast the time of a demonstration passes.
const LOOK_APART: Duration = Duration::from_millis(200);

/// How often it is looked at how components stand, milliseconds.
const STAND_EVERY_MS: u32 = 10_000;

/// Components of which it is kept at most, in the plant's order (chosen by hand: ten screens of services).
const STANDS_MAX: usize = 1_000;

/// Minutes that wait for a disk that does not take them: ten of ten thousand checks. Beyond, the oldest are lost.
const PENDING_MAX: usize = 100_000;

/// What is kept, and who reads it.
#[derive(Default)]
pub(crate) struct Recorder {
    reader: OnceLock<Result<Mutex<SampleReader>, String>>,
    counters: Counters,
}

/// What was kept and lost, since the start.
#[derive(Default)]
struct Counters {
    rows: AtomicU64,
    answers_lost: AtomicU64,
    rows_lost: AtomicU64,
    bytes: AtomicU64,
    trouble: Mutex<Option<String>>,
}

/// What was kept and lost, since the start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Kept {
    /// Minutes of checks that were written.
    pub(crate) rows: u64,
    /// Answers that found no room, and minutes that the disk did not take.
    pub(crate) answers_lost: u64,
    /// Minutes of checks that the disk did not take in time.
    pub(crate) rows_lost: u64,
    /// How long the file is.
    pub(crate) bytes: u64,
    /// Why nothing is kept at the moment.
    pub(crate) trouble: Option<String>,
}

/// Ends a recorder.
pub(crate) struct RecorderEnd {
    stop: mpsc::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl RecorderEnd {
    /// Keeps what was noted, and ends; after so long without having kept it.
    pub(crate) async fn stop(self, within: Duration) {
        drop(self.stop);
        let joined = tokio::task::spawn_blocking(move || self.thread.join());
        let _ = tokio::time::timeout(within, joined).await;
    }
}

impl Recorder {
    /// Begins to keep what a hub's samples note, in this folder. Where nothing can be kept it says why, and
    /// everything else goes on.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn start(hub: &Arc<Hub>, folder: &Path) -> std::io::Result<RecorderEnd> {
        let opened = SampleStore::open(folder).and_then(|(store, damaged)| {
            if let Some(why) = damaged {
                tracing::error!("the samples begin anew, the file was damaged: {why}");
            }
            let reader = store.reader()?;
            Ok((store, reader))
        });
        let (store, reader) = match opened {
            Ok((store, reader)) => (Some(store), Ok(Mutex::new(reader))),
            Err(error) => {
                let why = crate::serve::chain(&error);
                tracing::error!("samples are not kept: {why}");
                (None, Err(why))
            }
        };
        let recorder = hub.recorder();
        assert!(recorder.reader.set(reader).is_ok(), "a hub has one recorder");
        let (stop, stopped) = mpsc::channel();
        let work = Work { hub: hub.clone(), store, ..Work::of(hub.clone()) };
        let thread = std::thread::Builder::new()
            .name("recorder".to_owned())
            .spawn(move || work.run(&stopped))?;
        Ok(RecorderEnd { stop, thread })
    }

    /// What was kept and lost.
    pub(crate) fn kept(&self) -> Kept {
        let Counters { rows, answers_lost, rows_lost, bytes, trouble } = &self.counters;
        let opened = self.reader.get().and_then(|reader| reader.as_ref().err().cloned());
        let trouble = trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Kept {
            rows: rows.load(Ordering::Relaxed),
            answers_lost: answers_lost.load(Ordering::Relaxed),
            rows_lost: rows_lost.load(Ordering::Relaxed),
            bytes: bytes.load(Ordering::Relaxed),
            trouble: opened.or(trouble),
        }
    }

    /// What is kept of each of these series over a span that ends now. Blocks: it reads a disk.
    ///
    /// # Errors
    /// Why nothing can be read.
    pub(crate) fn read(
        &self,
        series: &[Series],
        span: Span,
        until: Timestamp,
        plant: Option<&Plant>,
    ) -> Result<Vec<Plotted>, String> {
        let reader = match self.reader.get() {
            Some(Ok(reader)) => reader.lock().unwrap_or_else(PoisonError::into_inner),
            Some(Err(why)) => return Err(why.clone()),
            None => return Err("samples are not kept yet".to_owned()),
        };
        let read = |series: &Series| stretch::read(&reader, series, span, until, plant);
        let all: Result<Vec<Plotted>, SamplesError> = series.iter().map(read).collect();
        all.map_err(|error| crate::serve::chain(&error))
    }
}

/// What a minute is of.
enum Of {
    Check(SeriesNumber),
    Component(ComponentName),
}

struct Work {
    hub: Arc<Hub>,
    store: Option<SampleStore>,
    open: Open,
    /// The names of series by their number in this process, and their numbers in the file.
    names: Vec<(CheckKey, VantageName)>,
    ids: Vec<Option<SeriesId>>,
    every_ms: Vec<u32>,
    /// Some have no period yet, for the plant could not be looked at since they are there.
    unlearned: bool,
    /// Which of them are asked, from vantages that are heard.
    asked: Vec<bool>,
    lost: BTreeSet<VantageName>,
    plant: Option<Arc<Plant>>,
    stands: Stands,
    /// Minutes that are not written yet.
    pending: Vec<(Of, u32, Rollup)>,
    minute: u32,
    /// All hours before this one are closed.
    hour: u32,
}

/// How components stand.
#[derive(Default)]
struct Stands {
    looked_ms: i64,
    /// How each stood when the state was that of this record.
    stood: Option<(RecordId, Vec<(ComponentName, Health)>)>,
    open: BTreeMap<(u32, ComponentName), Rollup>,
}

impl Work {
    fn of(hub: Arc<Hub>) -> Self {
        Self {
            hub,
            store: None,
            open: Open::default(),
            names: Vec::new(),
            ids: Vec::new(),
            every_ms: Vec::new(),
            unlearned: false,
            asked: Vec::new(),
            lost: BTreeSet::new(),
            plant: None,
            stands: Stands::default(),
            pending: Vec::new(),
            minute: 0,
            hour: 0,
        }
    }

    fn run(mut self, stopped: &mpsc::Receiver<()>) {
        loop {
            let next_minute = (clock::wall().as_millisecond() / 60_000 + 1) * 60_000;
            let until = Timestamp::from_millisecond(next_minute).map_or(LOOK_EVERY, clock::until);
            let wait = until.clamp(LOOK_APART, LOOK_EVERY);
            let goes_on = stopped.recv_timeout(wait) == Err(mpsc::RecvTimeoutError::Timeout);
            self.look(clock::wall(), !goes_on);
            if !goes_on {
                return;
            }
        }
    }

    /// Takes what was noted, and writes what is over; all of it when it is the last look.
    fn look(&mut self, now: Timestamp, last: bool) {
        let mut notes = self.hub.samples().noted();
        self.learn(now);
        self.tell_elsewhere(&notes);
        if notes.left_out > 0 {
            tracing::error!("{} answers found no room and are kept nowhere", notes.left_out);
            self.counters().answers_lost.fetch_add(notes.left_out, Ordering::Relaxed);
        }
        self.look_at_stands(now);
        if self.store.is_none() {
            return;
        }
        self.open.take(&mut notes);
        // An answer speaks for one period: until that is known its minute waits, as long as there is room.
        if self.unlearned && !last && !self.open.is_full() {
            return;
        }
        let minute = u32::try_from(now.as_millisecond() / 60_000).unwrap_or(0);
        let over = if last || self.open.is_full() { u32::MAX } else { minute };
        if minute != self.minute || over == u32::MAX {
            self.roll(over);
        }
        if minute != self.minute || !self.pending.is_empty() {
            self.write(minute);
        }
        self.minute = minute;
    }

    fn counters(&self) -> &Counters {
        &self.hub.recorder().counters
    }

    /// Offers what was noted to whoever else gets samples.
    fn tell_elsewhere(&self, notes: &Notes) {
        let wanted =
            self.plant.as_ref().is_some_and(|plant| plant.keeping().remote_write.is_some());
        if !wanted {
            return;
        }
        let Notes { answers, batches, read, left_out: _ } = notes;
        let counted = batches.iter().map(|Batch { like, tries: _, until_ms, times }| {
            let total_us = times.mean_us().unwrap_or(0);
            Told::Answer(Noted { at_ms: *until_ms, total_us, ..*like })
        });
        let read = read.iter().map(|read| Told::Read(Box::new(read.clone())));
        let answers = answers.iter().map(|noted| Told::Answer(*noted));
        self.hub.outbox().offer(answers.chain(counted).chain(read));
    }

    /// Ends the series, elsewhere, of checks that went away and of vantages that are not heard.
    fn end_elsewhere(&mut self, lost: BTreeSet<VantageName>, now: Timestamp) {
        let asked: HashSet<(&str, &str)> = match &self.plant {
            None => HashSet::new(),
            Some(plant) => {
                let pairs = plant.checks().iter().flat_map(|check| {
                    let vantages = check.from.iter().map(|&from| plant.vantage(from).name.as_str());
                    vantages.map(|vantage| (check.key.as_str(), vantage))
                });
                pairs.filter(|(_, vantage)| !lost.contains(*vantage)).collect()
            }
        };
        let mut ended = Vec::new();
        for (at, (check, vantage)) in self.names.iter().enumerate() {
            let is = asked.contains(&(check.as_str(), vantage.as_str()));
            if std::mem::replace(&mut self.asked[at], is) && !is {
                let number = u32::try_from(at).unwrap_or(u32::MAX);
                ended.push(Told::Gone(SeriesNumber(number), now.as_millisecond()));
            }
        }
        self.lost = lost;
        if self.plant.as_ref().is_some_and(|plant| plant.keeping().remote_write.is_some()) {
            self.hub.outbox().offer(ended.into_iter());
        }
    }

    /// Learns the names and periods of series, and which are asked.
    fn learn(&mut self, now: Timestamp) {
        let fresh = self.hub.samples().series().from(self.names.len());
        self.unlearned |= !fresh.is_empty();
        self.names.extend(fresh);
        self.ids.resize(self.names.len(), None);
        // Of a check that has gone the last period is remembered.
        self.every_ms.resize(self.names.len(), 0);
        self.asked.resize(self.names.len(), false);
        // While the turn writes, or cannot, what was known last will do.
        let Ok(state) = self.hub.state.try_read() else { return };
        let plant = state.plant().cloned();
        let unheard = |loss: &Loss| match loss.how {
            VantageLoss::Silent | VantageLoss::Revoked => true,
            VantageLoss::WayOut => false,
        };
        let lost = state.lost_vantages().iter().filter(|(_, loss)| unheard(loss));
        let lost: BTreeSet<VantageName> = lost.map(|(name, _)| name.clone()).collect();
        drop(state);
        let changed = match (&plant, &self.plant) {
            (Some(now), Some(then)) => !Arc::ptr_eq(now, then),
            (now, then) => now.is_some() != then.is_some(),
        };
        if !changed && !self.unlearned {
            if lost != self.lost {
                self.end_elsewhere(lost, now);
            }
            return;
        }
        self.unlearned = false;
        if let Some(plant) = &plant {
            let every: HashMap<&str, Duration> =
                plant.checks().iter().map(|check| (check.key.as_str(), check.every)).collect();
            for ((check, _), own) in self.names.iter().zip(&mut self.every_ms) {
                if let Some(every) = every.get(check.as_str()) {
                    *own = u32::try_from(every.as_millis()).unwrap_or(u32::MAX);
                }
            }
        }
        self.plant = plant;
        self.end_elsewhere(lost, now);
    }

    /// Notes how components stand.
    fn look_at_stands(&mut self, now: Timestamp) {
        let stands = &mut self.stands;
        let at_ms = now.as_millisecond();
        let period = i64::from(STAND_EVERY_MS);
        if at_ms / period == stands.looked_ms / period {
            return;
        }
        // A demonstration passes several periods between two looks: it has lived through them all. What else
        // lies between them nobody has seen.
        let lived =
            u64::from(clock::speed()) * LOOK_EVERY.as_secs() * 1_000 / u64::from(STAND_EVERY_MS);
        let passed = u64::try_from((at_ms - stands.looked_ms) / period).unwrap_or(1);
        let looks = u32::try_from(passed.clamp(1, lived.max(1))).unwrap_or(1);
        let newest = self.hub.newest();
        if stands.stood.as_ref().is_none_or(|(then, _)| *then != newest) {
            let (newest, view) = {
                let Ok(state) = self.hub.state.try_read() else { return };
                if !state.plant().is_some_and(|plant| plant.components().iter().any(is_kept)) {
                    stands.stood = Some((newest, Vec::new()));
                    stands.looked_ms = at_ms;
                    return;
                }
                (self.hub.newest(), View::of(&state, None, now))
            };
            let stood = view
                .parts()
                .filter(|(_, component, _)| is_kept(component))
                .map(|(_, component, stand)| (component.name.clone(), stand.health))
                .take(STANDS_MAX);
            stands.stood = Some((newest, stood.collect()));
        }
        stands.looked_ms = at_ms;
        let minute = u32::try_from(at_ms / 60_000).unwrap_or(0);
        for (name, health) in stands.stood.iter().flat_map(|(_, stood)| stood) {
            let rollup = stands.open.entry((minute, name.clone())).or_default();
            let standing = match health {
                Health::Up | Health::Implied => Standing::Up,
                Health::Degraded => Standing::Degraded,
                Health::Broken | Health::Down => Standing::Down,
                Health::Unknown => Standing::Unknown,
                Health::Off => {
                    rollup.off += looks;
                    rollup.spoken_ms += u64::from(looks * STAND_EVERY_MS);
                    continue;
                }
            };
            rollup.stood(standing, None, looks, STAND_EVERY_MS);
        }
    }

    /// Rolls up what is over.
    fn roll(&mut self, before_minute: u32) {
        let every_ms = &self.every_ms;
        let every =
            |SeriesNumber(at): SeriesNumber| every_ms.get(at as usize).copied().unwrap_or(0);
        let minutes = self.open.roll(before_minute, every).into_iter();
        self.pending.extend(minutes.map(|(minute, at, rollup)| (Of::Check(at), minute, rollup)));
        let open = self.stands.open.split_off(&(before_minute, ComponentName::from("")));
        let over = std::mem::replace(&mut self.stands.open, open).into_iter();
        self.pending
            .extend(over.map(|((minute, name), rollup)| (Of::Component(name), minute, rollup)));
    }

    /// Writes what is rolled up; what the disk does not take waits for the next look.
    fn write(&mut self, minute: u32) {
        let written = self.write_pending().and_then(|()| self.tidy(minute));
        let hub = self.hub.clone();
        let counters = &hub.recorder().counters;
        let mut trouble = counters.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match written {
            Ok(bytes) => {
                counters.bytes.store(bytes, Ordering::Relaxed);
                *trouble = None;
            }
            Err(error) => {
                let why = crate::serve::chain(&error);
                if trouble.is_none() {
                    tracing::error!("samples cannot be kept, they wait: {why}");
                }
                *trouble = Some(why);
                let over = self.pending.len().saturating_sub(PENDING_MAX);
                self.pending.drain(..over);
                counters.rows_lost.fetch_add(over as u64, Ordering::Relaxed);
            }
        }
    }

    fn write_pending(&mut self) -> Result<(), SamplesError> {
        let Self { store: Some(store), pending, ids, names, hub, .. } = self else { return Ok(()) };
        let mut fresh = Vec::new();
        let mut fresh_at = Vec::new();
        for (at, (of, minute, _)) in pending.iter().enumerate() {
            match of {
                Of::Check(SeriesNumber(number)) => {
                    let number = *number as usize;
                    if ids[number].is_none() {
                        let (check, vantage) = &names[number];
                        let (check, vantage) = (check.to_string(), vantage.to_string());
                        fresh.push((Series::Check { check, vantage }, *minute));
                        fresh_at.push(at);
                    }
                }
                Of::Component(name) => {
                    fresh.push((Series::Component(name.to_string()), *minute));
                    fresh_at.push(at);
                }
            }
        }
        let mut stands = HashMap::new();
        for (at, id) in fresh_at.into_iter().zip(store.number(&fresh)?) {
            match &pending[at].0 {
                Of::Check(SeriesNumber(number)) => ids[*number as usize] = Some(id),
                Of::Component(_) => {
                    stands.insert(at, id);
                }
            }
        }
        let id_of = |at: usize, of: &Of| match of {
            Of::Check(SeriesNumber(number)) => ids[*number as usize],
            Of::Component(_) => stands.get(&at).copied(),
        };
        let rows = pending.iter_mut().enumerate().map(|(at, (of, minute, rollup))| Row {
            series: id_of(at, of).expect("each was just numbered"),
            minute: *minute,
            rollup: std::mem::take(rollup),
        });
        let rows: Vec<Row> = rows.collect();
        match store.add(&rows) {
            Ok(()) => {
                let counters = &hub.recorder().counters;
                counters.rows.fetch_add(rows.len() as u64, Ordering::Relaxed);
                pending.clear();
                pending.shrink_to(0);
                Ok(())
            }
            Err(error) => {
                for (row, (_, _, rollup)) in rows.into_iter().zip(pending) {
                    *rollup = row.rollup;
                }
                Err(error)
            }
        }
    }

    /// Closes hours, and drops what is too old; gives the length of the file.
    fn tidy(&mut self, minute: u32) -> Result<u64, SamplesError> {
        let Some(store) = &mut self.store else { return Ok(0) };
        let hour = minute / 60;
        if hour != self.hour {
            store.close_hours(hour)?;
            let keep =
                self.plant.as_ref().map_or_else(Keeping::default, |plant| plant.keeping().clone());
            let minutes = |span: Duration| u32::try_from(span.as_secs() / 60).unwrap_or(u32::MAX);
            store.forget(Keep {
                minutes_from: minute.saturating_sub(minutes(keep.minutes)),
                hours_from: hour.saturating_sub(minutes(keep.hours) / 60),
            })?;
            self.hour = hour;
        }
        store.bytes()
    }
}

/// Whether it is kept how a component stood: of services, and of what is public.
pub(crate) fn is_kept(component: &Component) -> bool {
    component.kind == Kind::Service
        || component.attribute(Attribute::Public) == Some(&Value::Flag(true))
}

#[cfg(test)]
mod tests;
