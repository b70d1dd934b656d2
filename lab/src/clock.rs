//! The wall clock that a program is shown: the scenario's date, running at the pace of the real one, and put forward
//! over the hours in which nothing happens.
//!
//! libfaketime stands between the program and the system's wall clock and reads from a file by how much to be wrong.
//! Monotonic clocks stay as they are, so what is waited for and what is asked keep their pace.

use crate::namespace::Host;
use blackstart_model::time::{SignedDuration, Timestamp};
use std::path::PathBuf;

/// The half of it for programs with threads, wherever Debian puts it on this architecture.
///
/// # Panics
/// When it is not installed.
fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut paths = folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    paths.find(|path| path.exists()).expect("faketime is installed")
}

/// A wall clock that is wrong on purpose.
pub(crate) struct WrongClock {
    file: PathBuf,
    wrong_by: SignedDuration,
}

impl WrongClock {
    /// All that is started on this host from now on is shown this time, going on.
    pub(crate) fn of(host: &Host, now: Timestamp) -> Self {
        let mut clock =
            Self { file: host.folder().join("wall-clock"), wrong_by: SignedDuration::ZERO };
        clock.put(now);
        host.set("LD_PRELOAD", library());
        host.set("FAKETIME_TIMESTAMP_FILE", &clock.file);
        host.set("FAKETIME_NO_CACHE", "1");
        host.set("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        host.set("NO_FAKE_STAT", "1");
        clock
    }

    /// Puts it to this time.
    pub(crate) fn put(&mut self, now: Timestamp) {
        self.wrong_by = now.duration_since(right());
        // Whole in one step: who reads it meanwhile reads the old one.
        let next = self.file.with_extension("next");
        std::fs::write(&next, format!("{:+.3}\n", self.wrong_by.as_secs_f64())).expect("a clock");
        std::fs::rename(&next, &self.file).expect("a clock");
    }

    /// What it shows.
    pub(crate) fn now(&self) -> Timestamp {
        right() + self.wrong_by
    }
}

/// The right time.
#[expect(
    clippy::disallowed_methods,
    reason = "how wrong a clock is, is counted from the right time"
)]
fn right() -> Timestamp {
    Timestamp::now()
}
