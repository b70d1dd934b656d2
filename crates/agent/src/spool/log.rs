//! The spool on disk: one file of records, appended to, and written anew when most of it is dead.
//!
//! A record is its length as a `u32` in network order, eight bytes of the SHA-256 of its JSON, and the
//! JSON. The first one names the spool and the next number, so that an emptied spool still knows how far
//! it had counted. A file that does not end with a whole record was cut off while it was written, or is
//! damaged: what can be read is kept, and told under a new name, for the end may have held numbers that
//! the server knows.
//!
//! Tested by cutting and bending files at every byte.

use crate::spool::{Entry, Kept, random_name};
use blackstart_probe::wire::FRAME_BYTES_MAX;
use blackstart_probe::wire::v1::News;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Of the file; in its first record.
const VERSION: u16 = 1;

/// The longest record, bytes of JSON: what fits into a frame, and its stamp.
const RECORD_BYTES_MAX: usize = FRAME_BYTES_MAX + (4 << 10);

/// Length and checksum.
const HEAD_BYTES: usize = 4 + 8;

/// As much may be dead before the file is written anew, and as much again as is alive. So the file is
/// never longer than twice [`crate::spool::BYTES_MAX`] and this.
const DEAD_BYTES_MAX: u64 = 1 << 20;

/// One record.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Record<'a> {
    /// The first one.
    Spool { version: u16, name: Cow<'a, str>, next: u64, acked: u64, dropped: u32 },
    /// Something to tell.
    Kept {
        seq: u64,
        /// The start of the host that the stamp counts from.
        boot: Cow<'a, str>,
        at_us: i64,
        or_earlier: bool,
        news: Cow<'a, News>,
    },
    /// The server has taken everything up to this.
    Taken { seq: u64 },
}

/// The file.
pub(crate) struct Log {
    path: PathBuf,
    boot: String,
    /// The spool's name in it.
    name: Arc<str>,
    /// Absent while the disk does not take it.
    file: Option<File>,
    bytes: u64,
    /// How far it says that things were acknowledged.
    acked: u64,
    /// Locked: no other agent writes here.
    folder: File,
}

impl Log {
    /// Opens the spool in this folder, made when it is not there.
    pub(crate) fn open(folder: &Path, boot: &str) -> io::Result<(Self, Kept)> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let locked = File::open(folder)?;
        locked.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => io::Error::other("another agent is running on it"),
            std::fs::TryLockError::Error(error) => error,
        })?;
        let path = folder.join("spool-v1");
        let kept = match File::open(&path) {
            Ok(file) => read(file, boot)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Kept::fresh(),
            Err(error) => return Err(error),
        };
        let (boot, name) = (boot.to_owned(), kept.name.clone());
        let mut log = Self { path, boot, name, file: None, bytes: 0, acked: 0, folder: locked };
        log.rewrite(&kept)?;
        Ok((log, kept))
    }

    /// Appends entries, and how far things are acknowledged; on disk when it returns.
    pub(crate) fn append(&mut self, entries: &mut [Entry], acked: u64) -> io::Result<()> {
        let mut bytes = Vec::new();
        for entry in &mut *entries {
            entry.bytes = frame(&mut bytes, &self.record(entry))?;
        }
        if acked > self.acked {
            frame(&mut bytes, &Record::Taken { seq: acked })?;
        }
        if bytes.is_empty() {
            return Ok(());
        }
        let Some(file) = &mut self.file else { return Err(io::Error::other("it is broken off")) };
        let mut written = file.write_all(&bytes);
        // An acknowledgement that is lost is told anew by the server.
        if !entries.is_empty() {
            written = written.and_then(|()| file.sync_data());
        }
        if written.is_err() {
            // What of it is on disk is not known.
            self.file = None;
        }
        written?;
        self.acked = acked;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Whether the file is worth writing anew.
    pub(crate) fn wants_rewriting(&self, kept: &Kept) -> bool {
        let bytes_max = DEAD_BYTES_MAX + 2 * kept.bytes() as u64;
        self.file.is_none() || self.name != kept.name || self.bytes > bytes_max
    }

    /// Writes the file anew, whole or not at all.
    pub(crate) fn rewrite(&mut self, kept: &Kept) -> io::Result<()> {
        let Kept { name, next, acked, entries, dropped } = kept;
        let part = self.path.with_extension("part");
        let mut options = OpenOptions::new();
        let mut file = options.create(true).write(true).truncate(true).mode(0o600).open(&part)?;
        let first = Record::Spool {
            version: VERSION,
            name: Cow::Borrowed(name),
            next: *next,
            acked: *acked,
            dropped: *dropped,
        };
        let mut bytes = Vec::new();
        frame(&mut bytes, &first)?;
        for entry in entries {
            frame(&mut bytes, &self.record(entry))?;
        }
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(&part, &self.path)?;
        self.folder.sync_all()?;
        (self.file, self.bytes, self.acked) = (Some(file), bytes.len() as u64, *acked);
        self.name = name.clone();
        Ok(())
    }

    /// A disk that takes nothing.
    #[cfg(test)]
    pub(crate) fn break_off(&mut self) {
        self.file = Some(File::open(&self.path).expect("it was just opened"));
    }

    fn record<'a>(&'a self, entry: &'a Entry) -> Record<'a> {
        let Entry { seq, at_us, or_earlier, news, bytes: _ } = entry;
        Record::Kept {
            seq: *seq,
            boot: Cow::Borrowed(&self.boot),
            at_us: *at_us,
            or_earlier: *or_earlier,
            news: Cow::Borrowed(news),
        }
    }
}

/// Appends a record; returns its length.
fn frame(bytes: &mut Vec<u8>, record: &Record<'_>) -> io::Result<usize> {
    let json = serde_json::to_vec(record)?;
    let length = u32::try_from(json.len()).map_err(io::Error::other)?;
    bytes.extend(length.to_be_bytes());
    bytes.extend(&digest(&SHA256, &json).as_ref()[..8]);
    bytes.extend(&json);
    Ok(HEAD_BYTES + json.len())
}

/// What stands in a file.
fn read(file: File, boot: &str) -> io::Result<Kept> {
    let mut from = BufReader::new(file);
    let first = next(&mut from)?;
    let Next::Record(Record::Spool { version, name, next: number, acked, dropped }, _) = first
    else {
        tracing::warn!("the spool is damaged from its beginning: begun anew");
        return Ok(Kept::fresh());
    };
    if version != VERSION {
        let words = format!("it is of version {version}, this program writes {VERSION}");
        return Err(io::Error::other(words));
    }
    let entries = VecDeque::new();
    let mut kept = Kept { name: Arc::from(name), next: number, acked, entries, dropped };
    let mut boots = Vec::new();
    loop {
        match next(&mut from)? {
            Next::Record(Record::Kept { seq, boot, at_us, or_earlier, news }, bytes) => {
                kept.next = kept.next.max(seq.saturating_add(1));
                let news = news.into_owned();
                kept.entries.push_back(Arc::new(Entry { seq, at_us, or_earlier, news, bytes }));
                boots.push(boot.into_owned());
            }
            Next::Record(Record::Taken { seq }, _) => kept.acked = kept.acked.max(seq),
            Next::End => break,
            Next::Record(Record::Spool { .. }, _) | Next::Damaged => {
                tracing::warn!("the spool's end is damaged: kept what stands before it");
                kept.name = random_name();
                break;
            }
        }
    }
    restamp(&mut kept.entries, &boots, boot);
    let acked = kept.acked;
    kept.entries.retain(|entry| entry.seq > acked);
    Ok(kept)
}

/// Counts the stamps of earlier starts of the host from this one, as late as they can have been: each
/// of those runs lasted at least to its last entry.
fn restamp(entries: &mut VecDeque<Arc<Entry>>, boots: &[String], now: &str) {
    // Where the zero of the run looked at lies, from this run's zero, and which run that is.
    let (mut zero_us, mut run) = (0, now);
    for (entry, boot) in entries.iter_mut().zip(boots).rev() {
        if boot == now {
            continue;
        }
        let entry = Arc::make_mut(entry);
        if boot != run {
            run = boot;
            zero_us = i64::saturating_sub(zero_us, entry.at_us.max(0));
        }
        entry.at_us = zero_us.saturating_add(entry.at_us);
        entry.or_earlier = true;
    }
}

/// What comes next in a file.
enum Next {
    Record(Record<'static>, usize),
    End,
    Damaged,
}

fn next(from: &mut impl Read) -> io::Result<Next> {
    let mut head = Vec::new();
    from.by_ref().take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    let Some((length, sum)) = head.split_first_chunk::<4>().filter(|(_, sum)| sum.len() == 8)
    else {
        return Ok(if head.is_empty() { Next::End } else { Next::Damaged });
    };
    let length = u32::from_be_bytes(*length) as usize;
    if length > RECORD_BYTES_MAX {
        return Ok(Next::Damaged);
    }
    let mut json = Vec::with_capacity(length);
    from.by_ref().take(length as u64).read_to_end(&mut json)?;
    if json.len() < length || digest(&SHA256, &json).as_ref()[..8] != *sum {
        return Ok(Next::Damaged);
    }
    // A whole record that cannot be read is of a later version of this program: who is put back to an earlier one goes
    // on with what it can read, and does not stay away.
    Ok(match serde_json::from_slice(&json) {
        Ok(record) => Next::Record(record, HEAD_BYTES + length),
        Err(_) => Next::Damaged,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_model::time::Duration;
    use blackstart_probe::wire::v1::{Age, WayOut};

    fn entry(seq: u64, at_us: i64) -> Entry {
        let age = Age::exact(Duration::ZERO);
        let news = News::WayOut(WayOut { open: true, detail: format!("number {seq}"), age });
        Entry { seq, at_us, or_earlier: false, news, bytes: 0 }
    }

    /// Numbers, stamps and whether they are bounds.
    fn stamps(kept: &Kept) -> Vec<(u64, i64, bool)> {
        kept.entries.iter().map(|entry| (entry.seq, entry.at_us, entry.or_earlier)).collect()
    }

    #[test]
    fn what_was_appended_is_there_again_and_what_was_acknowledged_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, fresh) = Log::open(folder.path(), "boot-1").unwrap();
        log.append(&mut [entry(1, 10), entry(2, 20)], 0).unwrap();
        log.append(&mut [entry(3, 30)], 1).unwrap();
        assert!(Log::open(folder.path(), "boot-1").is_err(), "another agent is running on it");
        drop(log);
        let (mut log, kept) = Log::open(folder.path(), "boot-1").unwrap();
        assert_eq!((&kept.name, kept.next, kept.acked), (&fresh.name, 4, 1));
        assert_eq!(stamps(&kept), [(2, 20, false), (3, 30, false)]);
        log.append(&mut [], 3).unwrap();
        drop(log);
        let (log, kept) = Log::open(folder.path(), "boot-1").unwrap();
        assert_eq!((stamps(&kept), kept.next), (Vec::new(), 4));
        drop(log);
        let (_, kept) = Log::open(folder.path(), "boot-1").unwrap();
        assert_eq!((kept.name, kept.next), (fresh.name, 4), "emptied, it still knows its number");
    }

    #[test]
    fn entries_of_earlier_runs_of_the_host_keep_their_order_and_distances() {
        let folder = tempfile::tempdir().unwrap();
        for (boot, first) in [("boot-1", 1), ("boot-2", 3)] {
            let (mut log, _) = Log::open(folder.path(), boot).unwrap();
            let entries = &mut [entry(first, 1_000), entry(first + 1, 5_000)];
            log.append(entries, 0).unwrap();
        }
        let (mut log, _) = Log::open(folder.path(), "boot-3").unwrap();
        log.append(&mut [entry(5, 700)], 0).unwrap();
        drop(log);
        let (_, kept) = Log::open(folder.path(), "boot-3").unwrap();
        // Two runs of at least 5 ms each lie before this one.
        let expected = [
            (1, -9_000, true),
            (2, -5_000, true),
            (3, -4_000, true),
            (4, 0, true),
            (5, 700, false),
        ];
        assert_eq!(stamps(&kept), expected);
    }

    #[test]
    fn a_file_cut_or_bent_anywhere_yields_what_stands_before_and_a_new_name() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, fresh) = Log::open(folder.path(), "boot-1").unwrap();
        let first = std::fs::metadata(&log.path).unwrap().len();
        log.append(&mut [entry(1, 10), entry(2, 20)], 0).unwrap();
        let path = log.path.clone();
        drop(log);
        let whole = std::fs::read(&path).unwrap();
        let second = whole.len() - (whole.len() - usize::try_from(first).unwrap()) / 2;
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 0x41;
            for (damaged, cut) in [(bent, false), (whole[..at].to_vec(), true)] {
                std::fs::write(&path, damaged).unwrap();
                let kept = read(File::open(&path).unwrap(), "boot-1").unwrap();
                let before = if at < second { 0 } else { 1 };
                assert_eq!(kept.entries.len(), before, "at {at}");
                let between = at as u64 == first || at == second;
                assert_eq!(kept.name == fresh.name, cut && between, "at {at}");
            }
        }
    }

    #[test]
    fn a_record_of_a_later_version_ends_what_can_be_read_and_does_not_keep_us_away() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, fresh) = Log::open(folder.path(), "boot-1").unwrap();
        log.append(&mut [entry(1, 10)], 0).unwrap();
        let path = log.path.clone();
        drop(log);
        let json = br#"{"weather":{"sun":1}}"#;
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend(u32::try_from(json.len()).unwrap().to_be_bytes());
        bytes.extend(&digest(&SHA256, json).as_ref()[..8]);
        bytes.extend(json);
        std::fs::write(&path, bytes).unwrap();
        let (_, kept) = Log::open(folder.path(), "boot-1").unwrap();
        assert_eq!((stamps(&kept), kept.next), (vec![(1, 10, false)], 2));
        assert_ne!(kept.name, fresh.name, "its end may have held numbers that the server knows");
    }

    #[test]
    fn a_long_dead_file_is_written_anew_and_a_broken_one_too() {
        let folder = tempfile::tempdir().unwrap();
        let (mut log, mut kept) = Log::open(folder.path(), "boot-1").unwrap();
        assert!(!log.wants_rewriting(&kept));
        log.bytes = DEAD_BYTES_MAX + 1;
        assert!(log.wants_rewriting(&kept));
        log.bytes = 0;
        kept.name = random_name();
        assert!(log.wants_rewriting(&kept));
        log.file = None;
        assert!(log.append(&mut [entry(1, 1)], 0).is_err());
        kept.entries.push_back(Arc::new(entry(1, 1)));
        log.rewrite(&kept).unwrap();
        log.append(&mut [entry(2, 2)], 0).unwrap();
        drop(log);
        let (_, kept) = Log::open(folder.path(), "boot-1").unwrap();
        assert_eq!(stamps(&kept), [(1, 1, false), (2, 2, false)]);
    }
}
