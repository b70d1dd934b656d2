//! A writer that is killed, and a disk that stops at any byte: what was acknowledged is there.
//!
//! The writer is this very test binary, started again with [`FOLDER`] set: `kill -9` must find a
//! process of its own. It tells each acknowledged batch on its standard error, which the test harness
//! leaves alone.

use crate::conformance::{numbered_batch, pages, whole_batches};
use blackstart_journal::{Journal as _, JournalError, SqliteJournal, SqliteReader};
use blackstart_model::RecordId;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

/// Where the writer writes; set for it alone.
const FOLDER: &str = "BLACKSTART_TEST_WRITER_FOLDER";

/// The writer gives up here, should nobody kill it: many times what any test below waits for.
const BATCHES_MAX: u64 = 100_000;

/// Not a test but the process that the others kill. Without its folder it has nothing to do.
#[test]
fn the_writer() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let mut journal = SqliteJournal::open(Path::new(&folder)).unwrap();
    let written = whole_batches(&pages(&journal, 1000));
    for number in written + 1..BATCHES_MAX {
        let first = journal.append(&numbered_batch(number)).unwrap();
        // In one write, for a half-written line would be nobody's word. Without a reader: the end.
        let line = format!("{number} {first}\n");
        if std::io::stderr().write_all(line.as_bytes()).is_err() {
            return;
        }
    }
}

/// The writer at work.
struct Writer {
    process: Child,
    words: BufReader<ChildStderr>,
    /// The newest batch that it acknowledged to us.
    acknowledged: u64,
}

impl Writer {
    fn start(folder: &Path) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "killed::the_writer"])
            .env(FOLDER, folder)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let words = BufReader::new(process.stderr.take().expect("piped"));
        Self { process, words, acknowledged: 0 }
    }

    /// Waits for its next acknowledgement; false when there are no more.
    fn hear(&mut self) -> bool {
        let mut line = String::new();
        self.words.read_line(&mut line).unwrap();
        if line.is_empty() {
            return false;
        }
        let said = line.trim_end().split_once(' ').and_then(|(number, first)| {
            Some((number.parse::<u64>().ok()?, first.parse::<RecordId>().ok()?))
        });
        let (number, first) = said.unwrap_or_else(|| panic!("the writer said {line}"));
        let before: u64 = (1..number).map(|earlier| numbered_batch(earlier).len() as u64).sum();
        assert_eq!(first, RecordId(before + 1), "ids count from 1 without gaps");
        self.acknowledged = number;
        true
    }

    /// Waits until the log of the database is this long: in the middle of a commit, most likely.
    fn await_log(&mut self, folder: &Path, bytes: u64) {
        let log = folder.join("journal.db-wal");
        while !log.metadata().is_ok_and(|log| log.len() >= bytes) {
            assert!(self.process.try_wait().unwrap().is_none(), "the writer has ended by itself");
            std::thread::yield_now();
        }
    }

    /// Kills it, and gives the newest batch it had acknowledged before it died.
    fn kill(mut self) -> u64 {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        while self.hear() {}
        self.acknowledged
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // It is dead already, unless a test failed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a server finds when it starts after the writer was killed: the lock is free, every
/// acknowledged batch is there, and at most the one after it, which had no time to be acknowledged.
fn check_after_kill(folder: &Path, acknowledged: u64) {
    let mut journal = SqliteJournal::open(folder).unwrap();
    let entries = pages(&journal, 1000);
    let written = whole_batches(&entries);
    assert!(
        written == acknowledged || written == acknowledged + 1,
        "{acknowledged} batches were acknowledged, {written} are there"
    );
    let first = journal.append(&numbered_batch(written + 1)).unwrap();
    assert_eq!(first, RecordId(entries.len() as u64 + 1));
}

#[test]
fn kill_9_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    // The log is written back into the database every thousand pages: 400 batches pass that point.
    for wanted in [1, 1, 2, 3, 5, 30, 400] {
        let mut writer = Writer::start(folder.path());
        for _ in 0..wanted {
            assert!(writer.hear(), "the writer has ended by itself");
        }
        check_after_kill(folder.path(), writer.kill());
    }
}

#[test]
fn kill_9_in_the_middle_of_a_commit_loses_nothing_acknowledged() {
    // From the first page of the empty database to many commits later, at odd places between.
    for bytes in (1..400_000).step_by(36_007) {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::start(folder.path());
        writer.await_log(folder.path(), bytes);
        check_after_kill(folder.path(), writer.kill());
    }
}

/// A disk keeps a prefix of the log when the power goes (what was synced, and perhaps more). Each
/// batch is there when all of its part of the log is, and is not there at all when any of it is not.
#[test]
fn a_log_that_ends_anywhere_holds_whole_batches() {
    let written = tempfile::tempdir().unwrap();
    let mut journal = SqliteJournal::open(written.path()).unwrap();
    let log_bytes = || {
        usize::try_from(written.path().join("journal.db-wal").metadata().unwrap().len()).unwrap()
    };
    let mut ends = Vec::new();
    for number in 1..=12 {
        journal.append(&numbered_batch(number)).unwrap();
        ends.push(log_bytes());
    }
    let database = std::fs::read(written.path().join("journal.db")).unwrap();
    let log = std::fs::read(written.path().join("journal.db-wal")).unwrap();
    drop(journal);

    // A header of 32 bytes, then frames of 24 + 4096 (<https://sqlite.org/walformat.html>).
    let frames = (32..=log.len()).step_by(24 + 4096);
    for cut in frames.flat_map(|frame| [frame - 1, frame, frame + 700]) {
        let folder = tempfile::tempdir().unwrap();
        let kept = &log[..cut.min(log.len())];
        std::fs::write(folder.path().join("journal.db"), &database).unwrap();
        std::fs::write(folder.path().join("journal.db-wal"), kept).unwrap();
        let journal = SqliteJournal::open(folder.path()).unwrap();
        let expected = ends.iter().filter(|&&end| end <= kept.len()).count();
        assert_eq!(whole_batches(&pages(&journal, 1000)), expected as u64, "cut at byte {cut}");
    }
}

#[test]
fn a_second_writer_is_refused_with_the_pid_of_the_first() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::start(folder.path());
    assert!(writer.hear());
    let pid = writer.process.id();

    let refused = SqliteJournal::open(folder.path()).expect_err("in use");
    assert!(matches!(refused, JournalError::InUse { pid: Some(found), .. } if found == pid));
    let expected =
        format!("{} is in use by another server (process {pid})", folder.path().display());
    assert_eq!(refused.to_string(), expected);
    assert!(writer.hear(), "the first goes on");

    // Readers are let in all the while.
    let reader = SqliteReader::open(folder.path()).unwrap();
    assert!(whole_batches(&pages(&reader, 1000)) >= writer.acknowledged);

    check_after_kill(folder.path(), writer.kill());
}

#[test]
fn a_second_writer_of_the_same_process_is_refused_too() {
    let folder = tempfile::tempdir().unwrap();
    let first = SqliteJournal::open(folder.path()).unwrap();
    let refused = SqliteJournal::open(folder.path()).expect_err("in use");
    let own = std::process::id();
    assert!(matches!(refused, JournalError::InUse { pid: Some(found), .. } if found == own));
    drop(first);
    SqliteJournal::open(folder.path()).unwrap();
}
