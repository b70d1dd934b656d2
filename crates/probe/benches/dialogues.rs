//! How much CPU does a conversation with a server take, beside the Nagios plugin that has it elsewhere?
//!
//! On paper: a connection, two to six small reads and writes and a close are some 25 system calls, 60 us with the
//! kernel's share of TCP; a fork and exec of a small program a millisecond and upwards. What is built in should cost
//! a fifth at most.
//!
//! Method: a process of our own on loopback speaks just enough of each protocol to be well; its CPU is not counted.
//! Ours is the prober (schedule, question, judgement, with its threads), asked so often each second, work counted by
//! the answers that are up; CPU is user and system time from `/proc`. Theirs is the plugin run to its end, one after
//! another, by fork and exec and nothing around it: the floor of whoever schedules it. Rounds are interleaved, medians
//! told. Redis has no plugin in Debian's monitoring-plugins; `check_tcp` sends it a `PING`. `cargo bench -p
//! blackstart-probe --bench dialogues`.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads clocks and waits")]
#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use blackstart_model::check::{
    DialogueQuestion, Host, HostPort, Question, RedisQuestion, SshQuestion,
};
use blackstart_model::observation::Outcome;
use blackstart_probe::{Assignment, Equipment, Listener, Prober, Sample};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const ROUNDS: usize = 3;

/// Questions each second.
const RATE: usize = 500;

/// How long each is measured, after the beginning.
const BEGINNING: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(4);

/// Runs of a plugin in one round.
const RUNS: u32 = 60;

const PLUGINS: &str = "/usr/lib/nagios/plugins";

/// Conversations that the server has at once.
const SPEAKERS: usize = 16;

/// A kind of check, and the plugin that asks the same.
struct Pair {
    name: &'static str,
    ask: fn(HostPort) -> Question,
    plugin: &'static str,
    words: &'static [&'static str],
    /// What the server says first, then to each thing it is told; after the last it closes.
    says: &'static [&'static str],
}

const PAIRS: [Pair; 4] = [
    Pair {
        name: "ssh",
        ask: |target| Question::Ssh(SshQuestion { target, banner: Vec::new(), slow: None }),
        plugin: "check_ssh",
        words: &[],
        says: &["SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", ""],
    },
    Pair {
        name: "smtp",
        ask: |target| Question::Smtp(mail(target)),
        plugin: "check_smtp",
        words: &[],
        says: &[
            "220 mail.example.net ESMTP Postfix (Debian/GNU)\r\n",
            "250-mail.example.net\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250 CHUNKING\r\n",
            "221 2.0.0 Bye\r\n",
        ],
    },
    Pair {
        name: "imap",
        ask: |target| Question::Imap(mail(target)),
        plugin: "check_imap",
        words: &[],
        says: &[
            "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] Dovecot (Debian) ready.\r\n",
            "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na1 OK Pre-login capabilities listed.\r\n",
            "* BYE Logging out\r\n",
        ],
    },
    Pair {
        name: "redis",
        ask: |target| {
            let (connect, tls, login, role, slow) = (None, None, None, None, None);
            Question::Redis(RedisQuestion { target, connect, tls, login, role, slow })
        },
        plugin: "check_tcp",
        words: &["-s", "PING\r\n", "-e", "+PONG"],
        says: &["", "+PONG\r\n", "+OK\r\n"],
    },
];

fn mail(target: HostPort) -> DialogueQuestion {
    let (greeting, capabilities) = (Vec::new(), Vec::new());
    DialogueQuestion { target, connect: None, tls: None, greeting, capabilities, slow: None }
}

fn main() {
    // The server is this program, too, in a process whose CPU is not ours.
    let mut words = std::env::args().skip_while(|word| word != "speak");
    if words.next().is_some() {
        let name = words.next().expect("which it is to speak");
        return speak(PAIRS.iter().find(|pair| pair.name == name).expect("a pair"));
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap();
    println!("CPU-s per 1 M, medians of {ROUNDS}; load before {}", load.split(' ').next().unwrap());
    println!("{:<8} {:>8} {:>12}   ours is", "asked", "ours", "its plugin");
    for pair in &PAIRS {
        let server = Server::start(pair);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(asked(pair, server.at));
            theirs.push(run(pair, server.at));
        }
        let (ours, theirs) = (median(&mut ours), median(&mut theirs));
        println!("{:<8} {ours:>8.0} {theirs:>12.0}   1/{:.1}", pair.name, theirs / ours);
    }
}

/// The server as a process.
struct Server {
    at: SocketAddr,
    process: Child,
}

impl Server {
    fn start(pair: &Pair) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["speak", pair.name])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self { at: line.trim().parse().unwrap(), process }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Is the server, until it is killed.
fn speak(pair: &Pair) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap());
    std::thread::scope(|scope| {
        for _ in 0..SPEAKERS {
            scope.spawn(|| {
                for stream in listener.incoming().flatten() {
                    converse(stream, pair.says);
                }
            });
        }
    });
}

fn converse(mut stream: TcpStream, says: &[&str]) {
    let mut heard = [0; 4096];
    let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
    let _ = stream.set_nodelay(true);
    for (at, words) in says.iter().enumerate() {
        let is_last = at + 1 == says.len();
        let said = stream.write_all(words.as_bytes()).is_ok();
        if is_last || !said || stream.read(&mut heard).unwrap_or(0) == 0 {
            return;
        }
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

/// CPU of a million answers.
fn asked(pair: &Pair, at: SocketAddr) -> f64 {
    let counted = Arc::new(Counted::default());
    let prober = Prober::start(Equipment::bare(), counted.clone(), "bench").unwrap();
    let target = HostPort { host: Host::Address(at.ip()), port: at.port() };
    let assignment = |number: usize| Assignment {
        key: format!("s-{number}/it").as_str().into(),
        every: Duration::from_secs(1),
        deadline: Duration::from_millis(800),
        question: (pair.ask)(target.clone()),
        crosses_way_out: false,
    };
    prober.assign((0..RATE).map(assignment).collect(), &[]);
    std::thread::sleep(BEGINNING);
    let (before, cpu) = (counted.up.load(Ordering::Relaxed), cpu_s(Whose::Own));
    std::thread::sleep(MEASURED);
    let answers = counted.up.load(Ordering::Relaxed) - before;
    (cpu_s(Whose::Own) - cpu) / answers.max(1) as f64 * 1e6
}

/// CPU of a million runs.
fn run(pair: &Pair, at: SocketAddr) -> f64 {
    let before = cpu_s(Whose::Ended);
    for _ in 0..RUNS {
        let status = Command::new(format!("{PLUGINS}/{}", pair.plugin))
            .args(["-H", &at.ip().to_string(), "-p", &at.port().to_string()])
            .args(pair.words)
            .env("LC_ALL", "C")
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "{}: {status}", pair.plugin);
    }
    (cpu_s(Whose::Ended) - before) / f64::from(RUNS) * 1e6
}

/// Whose CPU is read.
#[derive(Clone, Copy)]
enum Whose {
    Own,
    Ended,
}

/// User and system time, seconds: fields 14 to 17 of `proc(5)`, a hundred ticks each second.
fn cpu_s(whose: Whose) -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    let range = match whose {
        Whose::Own => 11..13,
        Whose::Ended => 13..15,
    };
    fields[range].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
