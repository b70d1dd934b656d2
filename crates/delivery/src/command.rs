//! A command of this machine's own settings: the alert as JSON on standard input, the verdict as its exit code.
//!
//! The plant gives a name and never what is run: whoever may edit the plant must not run programs as this server. What
//! the name means stands in a file of the machine's administrator, which nobody else may write, and neither the
//! program. No shell is between: the words of the line are the program's arguments as they stand, and no part of an
//! alert is ever one of them. Its environment has seven variables of ours and a path, and none of our own secrets.
//!
//! It runs in a process group of its own. When it has ended, or its deadline is over, whatever is left of the group
//! is killed. What it prints is read to the end, so that it never waits for us, and [`KEPT_BYTES_MAX`] of it is kept.

use crate::message::Message;
use blackstart_model::plant::Command;
use blackstart_model::record::{Delivery, Particulars};
use blackstart_model::time::{Duration, shown_span};
use rustix::process::{Pid, Signal, geteuid, kill_process_group};
use serde::Serialize;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};

/// The longest file of settings, bytes.
const FILE_BYTES_MAX: u64 = 64 << 10;

/// What is kept of standard output and of standard error, bytes each.
const KEPT_BYTES_MAX: usize = 4 << 10;

/// How much of its first line goes into the journal, characters.
const WORDS_MAX: usize = 200;

/// How long the pipes of a program that has ended are read: what escaped from its group may hold them.
const LEFTOVERS: Duration = Duration::from_secs(1);

/// Where programs look for others.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What the names of commands mean here.
#[derive(Clone, Debug, Default)]
pub struct Commands {
    file: Option<PathBuf>,
    own: Option<Settled>,
}

/// A command with its arguments.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settled {
    program: PathBuf,
    arguments: Vec<String>,
}

/// Why a command cannot be run, in words.
pub type NotRunnable = String;

impl Settled {
    /// The words of a line: a program by its absolute path, and its arguments.
    ///
    /// # Errors
    /// When there is none, or it has no absolute path.
    pub fn of(line: &str) -> Result<Self, NotRunnable> {
        let mut words = line.split_ascii_whitespace().map(str::to_owned);
        let program = words.next().map(PathBuf::from).filter(|path| path.is_absolute());
        let program = program.ok_or("has to begin with the absolute path of a program")?;
        Ok(Self { program, arguments: words.collect() })
    }

    /// That nobody but root and ourselves may change what is run.
    fn look_at(&self) -> Result<(), NotRunnable> {
        let shown = self.program.display();
        let found = std::fs::metadata(&self.program).map_err(|why| format!("{shown}: {why}"))?;
        let mode = found.permissions().mode();
        if !found.is_file() || mode & 0o111 == 0 {
            return Err(format!("{shown} is no program"));
        }
        ours(&found).map_err(|why| format!("{shown}: {why}"))
    }
}

impl Commands {
    /// None.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The lines `name = /program and its arguments` of a file. It is read at each use.
    #[must_use]
    pub const fn of_file(file: PathBuf) -> Self {
        Self { file: Some(file), own: None }
    }

    /// One and the same for every name.
    #[must_use]
    pub const fn always(command: Settled) -> Self {
        Self { file: None, own: Some(command) }
    }

    /// What this name means, and that it may be run.
    ///
    /// # Errors
    /// When the name has no meaning here, or others than root and ourselves may say what is run.
    pub fn find(&self, name: &str) -> Result<Settled, NotRunnable> {
        let found = match (&self.own, &self.file) {
            (Some(own), _) => own.clone(),
            (None, Some(file)) => in_file(file, name)?,
            (None, None) => {
                return Err(format!(
                    "nobody says what the command `{name}` is: name a file with --commands"
                ));
            }
        };
        found.look_at()?;
        Ok(found)
    }
}

fn in_file(path: &Path, name: &str) -> Result<Settled, NotRunnable> {
    let shown = path.display();
    let could_not = |why: &dyn std::fmt::Display| format!("could not use {shown}: {why}");
    let mut text = String::new();
    let file = File::open(path).map_err(|why| could_not(&why))?;
    ours(&file.metadata().map_err(|why| could_not(&why))?).map_err(|why| could_not(&why))?;
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|why| could_not(&why))?;
    let line = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .find(|(key, _)| key.trim() == name);
    let (_, line) = line.ok_or_else(|| format!("{shown} has no command `{name}`"))?;
    Settled::of(line).map_err(|why| format!("{shown}: `{name}` {why}"))
}

/// That root or we own it, and nobody else may write it.
fn ours(found: &std::fs::Metadata) -> Result<(), NotRunnable> {
    let mode = found.permissions().mode();
    if found.uid() != 0 && found.uid() != geteuid().as_raw() {
        return Err("it belongs to somebody else than root and the user we run as".to_owned());
    }
    if mode & 0o022 != 0 {
        return Err(format!("others may write it (mode {:o}): chmod go-w", mode & 0o7777));
    }
    Ok(())
}

/// What it reads, version 1. Fields are only ever added.
#[derive(Serialize)]
struct Given<'a> {
    version: u32,
    plant: &'a str,
    alert: &'a str,
    dedup_key: &'a str,
    thread: &'a str,
    repeat: bool,
    incident: Option<&'a str>,
    news: &'a str,
    subject: &'a str,
    text: &'a str,
    link: Option<&'a str>,
    urgency: Option<&'a str>,
    opened_at: Option<String>,
    sentence: Option<&'a str>,
    cause: Vec<Fault<'a>>,
    sure_percent: Option<u8>,
    explains: &'a [String],
    unexplained: &'a [String],
    contradicted: &'a [String],
    services: &'a [String],
    customers: &'a [String],
}

#[derive(Serialize)]
struct Fault<'a> {
    component: &'a str,
    mode: &'static str,
}

fn given(message: &Message<'_>) -> String {
    let told = message.particulars;
    let list = |of: fn(&Particulars) -> &Vec<String>| told.map_or(&[][..], |told| of(told));
    let fault = |fault: &'_ _| {
        let blackstart_model::record::FaultName { subject, mode } = fault;
        (subject.clone(), mode.as_str())
    };
    let cause: Vec<(String, &str)> = told.iter().flat_map(|told| &told.cause).map(fault).collect();
    let given = Given {
        version: 1,
        plant: message.plant,
        alert: message.alert,
        dedup_key: message.key,
        thread: message.thread,
        repeat: message.repeat,
        incident: message.incident,
        news: message.news,
        subject: message.subject,
        text: message.text,
        link: message.link,
        urgency: told.map(|told| told.urgency.as_str()),
        opened_at: told.map(|told| told.opened_at.to_string()),
        sentence: told.map(|told| &*told.sentence),
        cause: cause.iter().map(|(component, mode)| Fault { component, mode }).collect(),
        sure_percent: told.and_then(|told| told.sure_percent),
        explains: list(|told| &told.explains),
        unexplained: list(|told| &told.unexplained),
        contradicted: list(|told| &told.contradicted),
        services: list(|told| &told.services),
        customers: list(|told| &told.customers),
    };
    serde_json::to_string(&given).expect("texts and numbers always encode")
}

/// A process group that does not outlive us.
struct Group(Pid);

impl Drop for Group {
    fn drop(&mut self) {
        // No such group is the usual case: it has ended by itself.
        let _ = kill_process_group(self.0, Signal::KILL);
    }
}

pub(crate) async fn run(commands: &Commands, own: &Command, message: &Message<'_>) -> Delivery {
    let Settled { program, arguments } = match commands.find(&own.name) {
        Ok(settled) => settled,
        Err(why) => return Delivery::Failed(why),
    };
    let flag = |is: bool| if is { "yes" } else { "no" };
    let urgency = message.particulars.map_or("", |told| told.urgency.as_str());
    let spawned = tokio::process::Command::new(&program)
        .args(arguments)
        .env_clear()
        .env("PATH", PATH)
        .env("LC_ALL", "C.UTF-8")
        .env("BLACKSTART_PLANT", message.plant)
        .env("BLACKSTART_ALERT", message.alert)
        .env("BLACKSTART_INCIDENT", message.incident.unwrap_or(""))
        .env("BLACKSTART_NEWS", message.news)
        .env("BLACKSTART_URGENCY", urgency)
        .env("BLACKSTART_DEDUP_KEY", message.key)
        .env("BLACKSTART_REPEAT", flag(message.repeat))
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(why) => {
            return Delivery::Failed(format!("could not start {}: {why}", program.display()));
        }
    };
    let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let group = id.map(Group);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (mut said, mut complained) = (Vec::new(), Vec::new());
    let given = given(message);
    let over = {
        let talk = async {
            let feed = async {
                if let Some(mut stdin) = stdin {
                    // Who does not want to read it need not.
                    let _ = stdin.write_all(given.as_bytes()).await;
                }
            };
            tokio::join!(feed, keep(stdout, &mut said), keep(stderr, &mut complained));
        };
        let mut talk = std::pin::pin!(talk);
        let mut talked = false;
        let until_it_ends = async {
            loop {
                tokio::select! {
                    status = child.wait() => break status,
                    () = &mut talk, if !talked => talked = true,
                }
            }
        };
        let over = tokio::time::timeout(own.deadline, until_it_ends).await;
        drop(group);
        if !talked {
            let _ = tokio::time::timeout(LEFTOVERS, talk).await;
        }
        over
    };
    let words = first_line(&said).or_else(|| first_line(&complained)).unwrap_or_default();
    match over {
        Err(_) => {
            let span = shown_span(own.deadline);
            Delivery::InFlight(format!("killed: it had not ended after {span} {words}"))
        }
        Ok(Err(why)) => Delivery::InFlight(format!("how it ended is not known: {why}")),
        Ok(Ok(status)) => judged(status, &words),
    }
}

fn judged(status: ExitStatus, words: &str) -> Delivery {
    match (status.code(), status.signal()) {
        (Some(0), _) => Delivery::Delivered(format!("exit code 0 {words}").trim_end().to_owned()),
        (Some(code), _) => {
            Delivery::Failed(format!("exit code {code} {words}").trim_end().to_owned())
        }
        // Nobody knows how far it had got.
        (None, signal) => {
            let signal = signal.map_or_else(String::new, |signal| format!(" {signal}"));
            Delivery::InFlight(format!("ended by signal{signal} {words}").trim_end().to_owned())
        }
    }
}

/// Reads all there is, and keeps its beginning.
async fn keep(from: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut from) = from else { return };
    let mut chunk = [0; 4 << 10];
    while let Ok(read @ 1..) = from.read(&mut chunk).await {
        let room = KEPT_BYTES_MAX.saturating_sub(kept.len());
        kept.extend_from_slice(&chunk[..read.min(room)]);
    }
}

/// The first line that says something, without what a terminal would obey.
fn first_line(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    Some(line.chars().filter(|c| !c.is_control()).take(WORDS_MAX).collect())
}

#[cfg(test)]
mod tests;
