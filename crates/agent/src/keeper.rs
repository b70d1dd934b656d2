//! The thread that moves what was heard onto the disk, and what is on the disk to those who send.
//!
//! Whoever hears never waits for a disk; whoever sends neither. A disk that does not take an entry delays
//! nothing: it is told from memory, under a new name of the spool, and the disk is tried again. One that
//! neither takes nor refuses it stops this thread, and with it all that is told: the connection ends then,
//! so that the server does not take an agent for seeing that tells nothing. It decides nothing about what
//! is told. Tested with a disk that takes nothing, and in `tests/it` with agents that are killed.

use crate::clock;
use crate::intake::Intake;
use crate::spool::log::Log;
use crate::spool::{Kept, Spool};
use blackstart_model::time::Duration;
use blackstart_probe::wire::v1::News;
use blackstart_probe::{Listener, Sample};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// How often steady answers are told together, and a disk that failed is tried again.
const COUNTED_EVERY: Duration = Duration::from_secs(60);

/// What is heard, on the prober's threads and on the connection's.
pub(crate) struct Desk {
    intake: Mutex<Intake>,
    nudges: SyncSender<()>,
}

impl Desk {
    /// The intake, for moments.
    pub(crate) fn intake(&self) -> std::sync::MutexGuard<'_, Intake> {
        self.intake.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// There is something for the disk.
    pub(crate) fn nudge(&self) {
        // A nudge that waits already is nudge enough.
        let _ = self.nudges.try_send(());
    }
}

impl Listener for Desk {
    fn sample(&self, sample: Sample) {
        if self.intake().answer(sample, clock::since_boot()) {
            self.nudge();
        }
    }

    fn way_out(&self, open: bool, detail: &str) {
        tracing::info!("the way out is {}", if open { "there again" } else { "lost" });
        self.intake().way_out(open, detail, clock::since_boot());
        self.nudge();
    }
}

/// The running thread.
pub(crate) struct Keeper {
    thread: JoinHandle<()>,
    ending: Arc<AtomicBool>,
    desk: Arc<Desk>,
}

impl Keeper {
    /// Puts what was heard until now onto the disk, and ends the thread.
    pub(crate) fn end(self) {
        self.ending.store(true, Ordering::Release);
        self.desk.nudge();
        // A thread that has panicked has said so.
        let _ = self.thread.join();
    }
}

/// Starts the thread.
pub(crate) fn start(log: Log, kept: Kept) -> std::io::Result<(Arc<Desk>, Arc<Spool>, Keeper)> {
    let (nudges, inbox) = sync_channel(1);
    let intake = Mutex::new(Intake::new(clock::since_boot()));
    let desk = Arc::new(Desk { intake, nudges });
    let spool = Arc::new(Spool::new(kept));
    let ending = Arc::new(AtomicBool::new(false));
    let mover = Mover { desk: desk.clone(), spool: spool.clone(), log, failing: false };
    let thread = std::thread::Builder::new().name("spool".to_owned()).spawn({
        let ending = ending.clone();
        move || mover.run(&inbox, &ending)
    })?;
    Ok((desk.clone(), spool, Keeper { thread, ending, desk }))
}

struct Mover {
    desk: Arc<Desk>,
    spool: Arc<Spool>,
    log: Log,
    /// The disk did not take the last thing.
    failing: bool,
}

impl Mover {
    fn run(mut self, inbox: &Receiver<()>, ending: &AtomicBool) {
        let mut count_at = clock::since_boot() + COUNTED_EVERY;
        loop {
            let _ = inbox.recv_timeout(count_at.saturating_sub(clock::since_boot()));
            let end = ending.load(Ordering::Acquire);
            let now = clock::since_boot();
            let counts = end || now >= count_at;
            let news = {
                let mut intake = self.desk.intake();
                let mut news = intake.news(now);
                if counts {
                    news.extend(intake.steady(now));
                }
                news
            };
            self.keep(news, now);
            if counts {
                count_at = now + COUNTED_EVERY;
                self.tidy();
            }
            if end {
                return;
            }
        }
    }

    fn keep(&mut self, news: Vec<News>, now: Duration) {
        let mut entries = self.spool.number(news, now);
        self.spool.writes(Some(clock::since_boot()));
        let written = self.log.append(&mut entries, self.spool.acked());
        self.spool.writes(None);
        if let Err(error) = written
            && !self.failing
        {
            tracing::error!("could not write the spool, what is seen is told from memory: {error}");
            // Its numbers are not on disk: after a restart they would name other things.
            self.spool.rename();
            self.failing = true;
        }
        if !entries.is_empty() {
            self.spool.publish(entries);
        }
    }

    fn tidy(&mut self) {
        let kept = self.spool.snapshot();
        if !self.log.wants_rewriting(&kept) {
            return;
        }
        self.spool.writes(Some(clock::since_boot()));
        let written = self.log.rewrite(&kept);
        self.spool.writes(None);
        match written {
            Ok(()) if self.failing => {
                self.failing = false;
                tracing::info!("the spool is written again");
            }
            Ok(()) => {}
            Err(error) => tracing::warn!("could not write the spool anew: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_probe::wire::v1::{Age, WayOut};

    #[test]
    fn what_the_disk_does_not_take_is_told_under_a_new_name_and_written_later() {
        let folder = tempfile::tempdir().expect("a folder");
        let (log, kept) = Log::open(folder.path(), "boot").expect("a new spool");
        let (nudges, _inbox) = sync_channel(1);
        let intake = Mutex::new(Intake::new(Duration::ZERO));
        let desk = Arc::new(Desk { intake, nudges });
        let mut mover = Mover { desk, spool: Arc::new(Spool::new(kept)), log, failing: false };
        let tell = |mover: &mut Mover| {
            let age = Age::exact(Duration::ZERO);
            let news = News::WayOut(WayOut { open: true, detail: String::new(), age });
            mover.keep(vec![news], Duration::ZERO);
            mover.spool.name_and_newest()
        };
        let (first, _) = tell(&mut mover);
        mover.log.break_off();
        let (second, newest) = tell(&mut mover);
        assert!(first != second && newest == 2, "it is told all the same");
        assert_eq!(tell(&mut mover), (second.clone(), 3), "one new name is enough");
        mover.tidy();
        assert_eq!(tell(&mut mover), (second.clone(), 4));
        drop(mover);
        let (_, kept) = Log::open(folder.path(), "boot").expect("it was written anew");
        assert_eq!((kept.name, kept.next, kept.entries.len()), (second, 5, 4));
    }
}
