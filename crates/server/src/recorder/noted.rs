//! Answers as they come, in one flat list for each vantage: what `intake` notes and the recorder takes away.
//!
//! It decides nothing but how many are kept when nobody takes them.

use blackstart_model::observation::{NoAnswerCode, Standing};
use blackstart_model::reading::Reading;
use blackstart_model::sample::Times;
use blackstart_model::time::Timestamp;

/// Answers that wait for the recorder at most, of one vantage: a minute of what one machine can ask at
/// most. Beyond, the newest are left out and counted; their time is unknown.
const WAITING_MAX: usize = 1_000_000;

/// A check and a vantage, by their number in this process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct SeriesNumber(pub(crate) u32);

/// One answer: 24 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Noted {
    /// To which check, from where.
    pub(crate) series: SeriesNumber,
    /// How long it took, microseconds.
    pub(crate) total_us: u32,
    /// When it was complete, milliseconds since 1970.
    pub(crate) at_ms: i64,
    /// What it was.
    pub(crate) standing: Standing,
    /// Why it was none.
    pub(crate) why: Option<NoAnswerCode>,
    /// It was asked for out of the grid.
    pub(crate) asked: bool,
}

/// Answers that an agent has counted, all alike.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Batch {
    /// What each of them was; in the middle of the stretch they were given in.
    pub(crate) like: Noted,
    /// How many.
    pub(crate) tries: u32,
    /// When the stretch ended, milliseconds since 1970.
    pub(crate) until_ms: i64,
    /// How long they took.
    pub(crate) times: Times,
}

/// What one answer read.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Read {
    /// Which check, from where.
    pub(crate) series: SeriesNumber,
    /// When, milliseconds since 1970.
    pub(crate) at_ms: i64,
    /// The numbers; there is one at least.
    pub(crate) readings: Vec<Reading>,
}

/// What was noted.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// One by one.
    pub(crate) answers: Vec<Noted>,
    /// Counted.
    pub(crate) batches: Vec<Batch>,
    /// What answers read beside.
    pub(crate) read: Vec<Read>,
    /// How many answers found no room.
    pub(crate) left_out: u64,
}

impl Notes {
    /// Notes an answer.
    pub(crate) fn note(&mut self, answer: Noted) {
        if self.answers.len() < WAITING_MAX {
            self.answers.push(answer);
        } else {
            self.left_out += 1;
        }
    }

    /// Notes answers that were counted elsewhere.
    pub(crate) fn count(&mut self, batch: Batch) {
        if self.batches.len() < WAITING_MAX {
            self.batches.push(batch);
        } else {
            self.left_out += u64::from(batch.tries);
        }
    }

    /// Notes what an answer read.
    pub(crate) fn read(&mut self, series: SeriesNumber, at: Timestamp, readings: &[Reading]) {
        if !readings.is_empty() && self.read.len() < WAITING_MAX {
            let (at_ms, readings) = (at.as_millisecond(), readings.to_vec());
            self.read.push(Read { series, at_ms, readings });
        }
    }

    /// All of it; room for as many is kept.
    pub(crate) fn take(&mut self) -> Self {
        let room = self.answers.len();
        let taken = std::mem::take(self);
        self.answers.reserve_exact(room);
        taken
    }

    /// Takes those of another list.
    pub(crate) fn append(&mut self, mut other: Self) {
        if self.answers.is_empty() {
            std::mem::swap(&mut self.answers, &mut other.answers);
        }
        self.answers.append(&mut other.answers);
        self.batches.append(&mut other.batches);
        self.read.append(&mut other.read);
        self.left_out += other.left_out;
    }
}
