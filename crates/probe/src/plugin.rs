//! A Nagios plugin: a program of this host, run once, whose exit code is the answer (Monitoring Plugins Development
//! Guidelines, section 2).
//!
//! Which program, [`crate::plugins`] says, and nothing that came from elsewhere. It is run without a shell, with an
//! empty environment but `PATH` and `LC_ALL=C`, without input, in a process group of its own, and with no more rights
//! than ours: `no_new_privs` takes the effect from set-user-ID bits, so a plugin that wants `sudo` belongs to an agent
//! that runs as that user.
//!
//! What it leaves behind in its group is killed as it ends: a grandchild that holds the pipe open holds up nobody.
//! Short of the deadline the group is asked to end (SIGTERM), at the deadline it has to (SIGKILL), also when the check
//! is taken off meanwhile. A plugin that did not finish has not said that its target is down: `unknown(unfinished)`.
//!
//! Known limits: a grandchild that leaves the group (`setsid`) lives on, with nobody listening to it, and so does a
//! plugin when we are killed ourselves (SIGKILL); the unit's control group is what ends them.

mod perfdata;

use crate::ask::{Answer, Equipment, micros_since};
use crate::clock;
use crate::plugins::{NoCommand, PluginStore};
use blackstart_model::check::PluginQuestion;
use blackstart_model::observation::{NoAnswerCode, Outcome, Symptom, SymptomCode, Timing};
use blackstart_model::reading::Reading;
use blackstart_model::time::Duration;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::unix::pipe;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// Plugins under way at once: each is a process of some MiB on a host that has other work (chosen by hand).
const AT_ONCE_MAX: usize = 16;

/// What is kept of its output: what Nagios keeps (`MAX_PLUGIN_OUTPUT_LENGTH`).
const OUTPUT_BYTES_MAX: usize = 8 << 10;

/// What is kept of its complaints: enough for a line.
const COMPLAINT_BYTES_MAX: usize = 1 << 10;

/// A plugin that says more than this in all is killed: it would never come to an end.
const FLOOD_BYTES_MAX: usize = 1 << 20;

/// From the request to end to the end: so long, or a tenth of the time it had.
const GRACE_MAX: Duration = Duration::from_secs(1);

const SEARCHED: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What plugins are run with.
#[derive(Clone)]
pub(crate) struct Plugins {
    pub(crate) store: PluginStore,
    room: Arc<Semaphore>,
}

impl Plugins {
    pub(crate) fn new(store: PluginStore) -> Self {
        Self { store, room: Arc::new(Semaphore::new(AT_ONCE_MAX)) }
    }
}

/// A plugin under way; dropping it kills and reaps all of its group.
///
/// It is reaped here and nowhere else: until then its number, and so that of its group, is nobody else's.
struct Running {
    child: Child,
    group: Pid,
    reaped: bool,
    /// Given back when it is reaped, however long that takes.
    room: Option<OwnedSemaphorePermit>,
}

impl Running {
    /// Ends what is left of the group, and says how the plugin itself ended.
    fn end(mut self) -> io::Result<ExitStatus> {
        self.signal(Signal::KILL);
        let status = self.child.wait()?;
        self.reaped = true;
        Ok(status)
    }

    /// To all of the group; one that is gone hears nothing.
    fn signal(&self, signal: Signal) {
        let _ = kill_process_group(self.group, signal);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.reaped {
            return;
        }
        self.signal(Signal::KILL);
        if matches!(self.child.try_wait(), Ok(None)) {
            // Killed, and not gone yet; one that sleeps in the kernel (a dead NFS server) may take for ever, and keeps
            // its place so long.
            let (id, room) = (self.group, self.room.take());
            let reap = move || {
                let _ = rustix::process::waitpid(Some(id), rustix::process::WaitOptions::empty());
                drop(room);
            };
            let _ = std::thread::Builder::new().name("plugin-reaper".to_owned()).spawn(reap);
        }
    }
}

/// What came of a run.
struct Ended {
    /// How it ended; `None` when we ended it.
    status: Option<ExitStatus>,
    output: Vec<u8>,
    complaint: Vec<u8>,
    /// It said more than anybody would read.
    flooded: bool,
}

pub(crate) async fn ask(
    equipment: &Equipment,
    question: &PluginQuestion,
    deadline: Instant,
) -> Answer {
    let started = clock::now();
    let ended = run(&equipment.plugins, question, deadline).await;
    let timing = Timing { wait_us: micros_since(started), ..Timing::default() };
    match ended {
        Ok(ended) => {
            let (outcome, readings) = judge(&ended, deadline.duration_since(started));
            Answer { readings, ..Answer::of(outcome, timing) }
        }
        Err(outcome) => Answer::of(outcome, timing),
    }
}

async fn run(
    plugins: &Plugins,
    question: &PluginQuestion,
    deadline: Instant,
) -> Result<Ended, Outcome> {
    let Ok(room) = timeout_at(deadline, plugins.room.clone().acquire_owned()).await else {
        let detail = format!("{AT_ONCE_MAX} plugins are under way");
        return Err(Outcome::unknown(NoAnswerCode::Exhausted, detail));
    };
    let room = room.expect("it is never closed");
    let (store, question) = (plugins.store.clone(), question.clone());
    // On a thread of its own: looking at a program, or starting it, may hang in the kernel.
    let begun = tokio::task::spawn_blocking(move || {
        let words = store.command(&question).map_err(|why| match why {
            NoCommand::NotAllowed(why) => Outcome::unknown(NoAnswerCode::NotAllowed, why),
            NoCommand::NotEquipped(why) => Outcome::unknown(NoAnswerCode::NotEquipped, why),
        })?;
        start(&words, room).map_err(|error| not_started(&words[0], &error))
    });
    match timeout_at(deadline, begun).await {
        Ok(begun) => {
            let (running, ears) = begun.expect("starting a plugin does not panic")?;
            hear(running, ears, deadline).await.map_err(|error| not_started("the plugin", &error))
        }
        Err(_) => {
            Err(Outcome::unknown(NoAnswerCode::Unfinished, "it could not be started in time"))
        }
    }
}

fn not_started(program: &str, error: &io::Error) -> Outcome {
    let code = match error.kind() {
        io::ErrorKind::PermissionDenied => NoAnswerCode::NoPermission,
        io::ErrorKind::WouldBlock | io::ErrorKind::OutOfMemory => NoAnswerCode::Exhausted,
        _ => NoAnswerCode::NotEquipped,
    };
    Outcome::unknown(code, format!("{program} could not be run: {error}"))
}

/// What is heard of a plugin.
struct Ears {
    output: OwnedFd,
    complaint: OwnedFd,
    /// Becomes readable when the plugin has ended.
    ended: OwnedFd,
}

fn start(words: &[String], room: OwnedSemaphorePermit) -> io::Result<(Running, Ears)> {
    // Of this thread and what it starts, for ever; it starts nothing but plugins.
    rustix::thread::set_no_new_privs(true)?;
    let (program, arguments) = words.split_first().expect("a command has a program");
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", SEARCHED)
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let output = child.stdout.take().expect("it is piped").into();
    let complaint = child.stderr.take().expect("it is piped").into();
    let group = Pid::from_child(&child);
    let running = Running { child, group, reaped: false, room: Some(room) };
    let ended = pidfd_open(group, PidfdFlags::NONBLOCK)?;
    Ok((running, Ears { output, complaint, ended }))
}

/// Listens until it has ended, has said too much, or has to end.
async fn hear(running: Running, ears: Ears, deadline: Instant) -> io::Result<Ended> {
    let Ears { output, complaint, ended } = ears;
    let mut output = Pipe::of(output, OUTPUT_BYTES_MAX)?;
    let mut complaint = Pipe::of(complaint, COMPLAINT_BYTES_MAX)?;
    #[expect(
        deprecated,
        reason = "what replaced it is unsafe, for types that may lie about their descriptor; an OwnedFd does not"
    )]
    let ended = AsyncFd::with_interest(ended, Interest::READABLE)?;
    let grace = (deadline.saturating_duration_since(clock::now()) / 10).min(GRACE_MAX);
    let mut asked_to_end = false;
    let by_itself = loop {
        let until = if asked_to_end { deadline } else { deadline - grace };
        tokio::select! {
            biased;
            () = tokio::time::sleep_until(until) => {
                if asked_to_end {
                    break false;
                }
                running.signal(Signal::TERM);
                asked_to_end = true;
            }
            over = ended.readable() => {
                over?.retain_ready();
                break !asked_to_end;
            }
            () = output.hear() => {}
            () = complaint.hear() => {}
        }
        if output.heard + complaint.heard > FLOOD_BYTES_MAX {
            break false;
        }
    };
    let status = if by_itself { Some(running.end()?) } else { None };
    // What it said before it ended may still stand in the pipes; nobody can add to it now but one that left the group.
    output.take_rest();
    complaint.take_rest();
    let flooded = output.heard + complaint.heard > FLOOD_BYTES_MAX;
    Ok(Ended { status, output: output.kept, complaint: complaint.kept, flooded })
}

/// One end of a pipe, heard to its end and kept to a limit.
struct Pipe {
    from: Option<pipe::Receiver>,
    kept: Vec<u8>,
    kept_max: usize,
    heard: usize,
}

impl Pipe {
    fn of(fd: OwnedFd, kept_max: usize) -> io::Result<Self> {
        let from = Some(pipe::Receiver::from_owned_fd(fd)?);
        Ok(Self { from, kept: Vec::new(), kept_max, heard: 0 })
    }

    /// Waits for more and takes it; for ever once the other end is closed.
    async fn hear(&mut self) {
        match &self.from {
            Some(from) => {
                if from.readable().await.is_ok() {
                    self.take();
                } else {
                    self.from = None;
                }
            }
            None => std::future::pending().await,
        }
    }

    /// Takes what is there now. False when there is no more.
    fn take(&mut self) -> bool {
        let Some(from) = &self.from else { return false };
        let mut buffer = [0; 4096];
        match from.try_read(&mut buffer) {
            Ok(bytes) if bytes > 0 => {
                self.heard += bytes;
                let room = self.kept_max - self.kept.len();
                self.kept.extend_from_slice(&buffer[..bytes.min(room)]);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => false,
            Ok(_) | Err(_) => {
                self.from = None;
                false
            }
        }
    }

    /// Takes what still stands in the pipe.
    fn take_rest(&mut self) {
        while self.heard <= FLOOD_BYTES_MAX && self.take() {}
    }
}

fn judge(ended: &Ended, had: Duration) -> (Outcome, Vec<Reading>) {
    let Ended { status, output, complaint, flooded } = ended;
    let unknown = |code, detail: String| (Outcome::unknown(code, detail), Vec::new());
    if *flooded {
        let detail = format!("it said more than {FLOOD_BYTES_MAX} bytes, and was killed");
        return unknown(NoAnswerCode::Unparsable, detail);
    }
    let Some(status) = status else {
        let detail = format!("it had not ended after {:.1} s, and was killed", had.as_secs_f64());
        return unknown(NoAnswerCode::Unfinished, detail);
    };
    let said = String::from_utf8_lossy(output);
    let (words, data) = parted(&said);
    let complained = || {
        let text = String::from_utf8_lossy(complaint);
        let line = text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned);
        line.map(|line| format!("; it complained: {line}")).unwrap_or_default()
    };
    let Some(code) = status.code() else {
        let signal = status.signal().unwrap_or_default();
        let detail = format!("it was killed by signal {signal}{}", complained());
        return unknown(NoAnswerCode::Unparsable, detail);
    };
    // A program that says nothing is none that follows the guidelines: an interpreter that fell over also ends with 1.
    if words.is_empty() || output.contains(&0) {
        let what = if words.is_empty() { "said nothing" } else { "said what is no text" };
        let detail = format!("it {what} and ended with {code}{}", complained());
        return unknown(NoAnswerCode::Unparsable, detail);
    }
    let outcome = match code {
        0 => Outcome::Up,
        1 => Outcome::degraded(SymptomCode::PluginWarning, words),
        2 => Outcome::down(SymptomCode::PluginCritical, words),
        3 => Outcome::unknown(NoAnswerCode::SaidUnknown, words),
        other => {
            let detail = format!("it ended with {other}, which means nothing: {words}");
            Outcome::unknown(NoAnswerCode::Unparsable, detail)
        }
    };
    (outcome, perfdata::readings(&data))
}

/// Whatever a plugin says and however it ends (the first byte): it is well only when it says so, with words. For
/// `fuzz/`.
#[cfg(any(test, fuzzing))]
pub fn fuzzed(bytes: &[u8]) {
    let Some((&how, said)) = bytes.split_first() else { return };
    let status = match how {
        0..=127 => ExitStatus::from_raw(i32::from(how) << 8),
        128.. => ExitStatus::from_raw(i32::from(how & 0x7f).max(1)),
    };
    let output = said[..said.len().min(OUTPUT_BYTES_MAX)].to_vec();
    let complaint = output.clone();
    let ended = Ended { status: Some(status), output, complaint, flooded: false };
    let (outcome, readings) = judge(&ended, Duration::from_secs(1));
    assert!(outcome != Outcome::Up || how == 0 && !said.is_empty(), "{outcome}");
    assert!(readings.len() <= Reading::MAX, "{readings:?}");
    for (read, nth) in readings.iter().zip(1..) {
        assert!(read.value().is_finite(), "{read:?}");
        assert!(readings[nth..].iter().all(|other| other.name() != read.name()), "{read:?}");
    }
}

/// The words of the first line, and the performance data of all: what follows the `|` of the first line, and what
/// follows the first `|` of the lines after it.
fn parted(said: &str) -> (String, String) {
    let said = said.trim_start_matches(['\n', '\r']);
    let (first, rest) = said.split_once('\n').unwrap_or((said, ""));
    let (words, data) = first.split_once('|').unwrap_or((first, ""));
    let more = rest.split_once('|').map_or("", |(_, more)| more);
    let mut words = words.trim().to_owned();
    // Of a line without end no more is looked at than can be told.
    let mut end = words.len().min(Symptom::DETAIL_BYTES_MAX);
    while !words.is_char_boundary(end) {
        end -= 1;
    }
    words.truncate(end);
    (words, format!("{data} {more}"))
}
