//! A check of ours beside the plugin that asks the same: what the benches of single checks measure, and how.
//!
//! Ours is the prober (schedule, question, judgement, with its threads), asked so often each second, work counted by
//! the answers that are up; CPU is user and system time from `/proc`, with that of ended children. Theirs is the plugin
//! run to its end, one after another, by fork and exec and nothing around it: the floor of whoever schedules it. Rounds
//! are interleaved, medians told. Who answers is a process of its own, whose CPU is not counted.
//! A plugin that we run ourselves is run as often each second by the peer: in a row its pages stay in the caches, which
//! is a good part of what it costs.

use blackstart_model::check::Question;
use blackstart_model::observation::Outcome;
use blackstart_probe::plugins::PluginStore;
use blackstart_probe::secrets::Secrets;
use blackstart_probe::{Assignment, Equipment, Listener, Prober, Sample};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const ROUNDS: usize = 3;

/// How long each is measured, after the beginning.
const BEGINNING: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(4);

/// Runs of a plugin in one round: the kernel counts by ticks of 10 ms, a plugin takes one or two, so ± 3 %.
const RUNS: u32 = 200;

/// Where Debian's monitoring-plugins lie.
pub(crate) const PLUGINS: &str = "/usr/lib/nagios/plugins";

/// A check and the plugin that asks the same.
pub(crate) struct Pair {
    pub(crate) name: &'static str,
    /// As in a plant file. A secret's value is its name.
    pub(crate) check: String,
    /// Tries each second.
    pub(crate) rate: usize,
    /// The plugin, with its path when it is not Debian's, and its words, parted by blanks.
    pub(crate) plugin: String,
    /// The commands that the check's own plugins have.
    pub(crate) store: PluginStore,
    /// The plugin is not run in a row but so often each second, too.
    pub(crate) is_paced: bool,
}

impl Pair {
    pub(crate) fn new(
        name: &'static str,
        rate: usize,
        check: impl Into<String>,
        plugin: impl Into<String>,
    ) -> Self {
        Self {
            name,
            check: check.into(),
            rate,
            plugin: plugin.into(),
            store: PluginStore::default(),
            is_paced: false,
        }
    }
}

/// Prints the head of the table, with how busy the machine is.
pub(crate) fn head() {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap();
    println!("CPU-s per 1 M, medians of {ROUNDS}; load before {}", load.split(' ').next().unwrap());
    println!("{:<22} {:>8} {:>10}   ours is", "asked", "ours", "its plugin");
}

/// Measures one pair and prints its row, if its name begins with a word of the command line, or there is none.
pub(crate) fn row(pair: &Pair) {
    let mut wanted = std::env::args().skip(1).filter(|word| !word.starts_with('-')).peekable();
    if wanted.peek().is_some() && !wanted.any(|word| pair.name.starts_with(&word)) {
        return;
    }
    let (mut ours, mut ended, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (all, of_ended) = asked(pair);
        ours.push(all);
        ended.push(of_ended);
        let rate = u32::try_from(pair.rate).unwrap();
        theirs.push(run(&pair.plugin, pair.is_paced.then(|| Duration::from_secs(1) / rate)));
    }
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    print!("{:<22} {ours:>8.0} {theirs:>10.0}   1/{:.1}", pair.name, theirs / ours);
    match median(&mut ended) {
        0.0 => println!(),
        ended => println!("; {ended:.0} of ours is the plugin's"),
    }
}

/// Counts answers that are up, and shows the first that is not.
#[derive(Default)]
struct Counted {
    up: AtomicU64,
    other: AtomicU64,
}

impl Listener for Counted {
    fn sample(&self, sample: Sample) {
        if sample.answer.outcome == Outcome::Up {
            self.up.fetch_add(1, Ordering::Relaxed);
        } else if self.other.fetch_add(1, Ordering::Relaxed) == 0 {
            println!("not up: {}", sample.answer.outcome);
        }
    }

    fn way_out(&self, _: bool, _: &str) {}
}

/// CPU of a million answers, and of it that of the programs that were run.
fn asked(pair: &Pair) -> (f64, f64) {
    let question = written(&pair.check);
    let counted = Arc::new(Counted::default());
    let equipment = Equipment::new(Arc::new(Named)).with_plugins(pair.store.clone());
    let prober = Prober::start(equipment, counted.clone(), "bench").unwrap();
    let assignment = |number: usize| Assignment {
        key: format!("s-{number}/it").as_str().into(),
        every: Duration::from_secs(1),
        deadline: Duration::from_millis(800),
        question: question.clone(),
        crosses_way_out: false,
    };
    prober.assign((0..pair.rate).map(assignment).collect(), &[]);
    std::thread::sleep(BEGINNING);
    let both = || (cpu_s(Whose::OwnAndEnded), cpu_s(Whose::Ended));
    let (before, cpu) = (counted.up.load(Ordering::Relaxed), both());
    std::thread::sleep(MEASURED);
    let answers = counted.up.load(Ordering::Relaxed) - before;
    let (after, each) = (both(), answers.max(1) as f64 / 1e6);
    ((after.0 - cpu.0) / each, (after.1 - cpu.1) / each)
}

/// The question of a check that is written so in a plant file.
fn written(check: &str) -> Arc<Question> {
    let text = format!("blackstart: 1\nservices: {{ it: {{ checks: {{ {check} }} }} }}\n");
    let (plant, findings) = blackstart_model::plantfile::parse_str(&text);
    let plant = plant.unwrap_or_else(|| panic!("{check}: {findings:#?}"));
    plant.checks()[0].question.clone()
}

/// Each secret is its own name.
struct Named;

impl Secrets for Named {
    fn value(&self, name: &str) -> Result<String, String> {
        Ok(name.to_owned())
    }
}

/// CPU of a million runs, in a row or so far apart.
fn run(plugin: &str, apart: Option<Duration>) -> f64 {
    let before = cpu_s(Whose::Ended);
    for _ in 0..RUNS {
        if let Some(apart) = apart {
            std::thread::sleep(apart);
        }
        let mut words = plugin.split(' ');
        let program = Path::new(PLUGINS).join(words.next().unwrap());
        let ended = Command::new(program)
            .args(words)
            .env("LC_ALL", "C")
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(ended.success(), "{plugin}: {ended}");
    }
    (cpu_s(Whose::Ended) - before) / f64::from(RUNS) * 1e6
}

/// Whose CPU is read.
#[derive(Clone, Copy)]
enum Whose {
    OwnAndEnded,
    Ended,
}

/// User and system time, seconds: fields 14 to 17 of `proc(5)`, a hundred ticks each second.
fn cpu_s(whose: Whose) -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    let range = match whose {
        Whose::OwnAndEnded => 11..15,
        Whose::Ended => 13..15,
    };
    fields[range].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A server that does not outlive us.
pub(crate) struct Daemon(Child);

impl Daemon {
    /// Starts a server, whose words nobody hears.
    pub(crate) fn start(command: &mut Command) -> Self {
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(quiet.spawn().unwrap())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.0);
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.0.wait();
    }
}

/// A loopback port that nobody listens on now, over TCP or UDP.
pub(crate) fn free_port() -> u16 {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = tcp.local_addr().unwrap().port();
    UdpSocket::bind(("127.0.0.1", port)).unwrap();
    port
}
