//! Each native kind of check beside the plugin that is used for it elsewhere.
//!
//! Question: how much CPU does one check take, ours through the whole pipeline, the plugin's as a process of its
//! own with the shell's share left out? Both ask the same server here, which speaks just enough of each protocol
//! to be well, on loopback; its CPU is counted for neither.
//!
//! A plugin is run to its end so many times in a row, and its CPU is that of ended children in `/proc`; whoever
//! schedules it pays for the fork besides.

use crate::daemon::Blackstart;
use crate::rig::{Cpu, load_average, median};
use crate::{MEASURED, ROUNDS, measure};
use anyhow::{Context as _, Result, bail};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Checks each second.
const RATE: usize = 500;

/// Runs of a plugin in one round.
const RUNS: u32 = 200;

/// Conversations at once; more than are under way at this rate.
const SPEAKERS: usize = 16;

/// Where Debian keeps the plugins.
const PLUGINS: &str = "/usr/lib/nagios/plugins";

/// A kind of check and its plugin.
struct Pair {
    kind: &'static str,
    /// What stands in the plant file beside the kind and its target.
    more: &'static str,
    plugin: &'static str,
    /// Its further words.
    words: &'static [&'static str],
    /// What the server says first, then to each thing it is told; it closes after the last.
    says: &'static [&'static str],
}

const PAIRS: &[Pair] = &[
    Pair {
        kind: "ssh",
        more: "",
        plugin: "check_ssh",
        words: &[],
        says: &["SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"],
    },
    Pair {
        kind: "smtp",
        more: "",
        plugin: "check_smtp",
        words: &[],
        says: &[
            "220 mail.example.net ESMTP Postfix (Debian/GNU)\r\n",
            "250-mail.example.net\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250 CHUNKING\r\n",
            "221 2.0.0 Bye\r\n",
        ],
    },
    Pair {
        kind: "imap",
        more: "",
        plugin: "check_imap",
        words: &[],
        says: &[
            "* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] Dovecot (Debian) ready.\r\n",
            "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na1 OK Pre-login capabilities listed.\r\n",
            "* BYE Logging out\r\n",
        ],
    },
    Pair {
        kind: "redis",
        more: "",
        plugin: "check_tcp",
        words: &["-s", "PING\r\n", "-e", "+PONG"],
        says: &["", "+PONG\r\n", "+OK\r\n"],
    },
];

/// All of them, or those that are named.
pub(crate) fn run(named: &[String]) -> Result<()> {
    println!("\neach kind, {RATE} checks each second, beside its plugin; CPU-s per 1 M");
    for pair in PAIRS {
        if named.is_empty() || named.iter().any(|name| name == pair.kind) {
            pair.compare()?;
        }
    }
    Ok(())
}

impl Pair {
    fn compare(&self) -> Result<()> {
        let server = Speaker::start(self.says)?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let question = format!("{}: '{}'{}", self.kind, server.at, self.more);
            let own = Blackstart::asking(&question, RATE, Duration::from_secs(1))?;
            own.wait_until_steady(RATE)?;
            let a = measure(|| own.cpu(), || Ok(server.ended()))?;
            let down = own.standing(" 0")?;
            if down > 0 {
                bail!("{down} of {RATE} {} checks are down", self.kind);
            }
            let rate = a.count as f64 / MEASURED.as_secs_f64();
            if rate < 0.9 * RATE as f64 {
                println!("  {}: only {rate:.0} checks each second were put", self.kind);
            }
            ours.push(a.per_million);
            drop(own);
            theirs.push(self.plugin(server.at)?);
        }
        let load = load_average();
        let (ours, theirs) = (median(&mut ours), median(&mut theirs));
        println!(
            "  {:<6} {ours:>6.0}   {:<11} {theirs:>6.0}   1/{:.1}   (load {load})",
            self.kind,
            self.plugin,
            theirs / ours
        );
        Ok(())
    }

    /// CPU of a million runs of the plugin.
    fn plugin(&self, at: SocketAddr) -> Result<f64> {
        let own = std::process::id();
        // Ours does not count: what has ended is told apart.
        let before = Cpu::of_ended(own)?;
        for _ in 0..RUNS {
            let status = Command::new(format!("{PLUGINS}/{}", self.plugin))
                .args(["-H", &at.ip().to_string(), "-p", &at.port().to_string()])
                .args(self.words)
                .env("LC_ALL", "C")
                .stdout(Stdio::null())
                .status()
                .context("monitoring-plugins-basic is not installed")?;
            if !status.success() {
                bail!("{} says {status}", self.plugin);
            }
        }
        let used = Cpu::of_ended(own)?.seconds() - before.seconds();
        Ok(used / f64::from(RUNS) * 1e6)
    }
}

/// A server that says the same to everybody.
struct Speaker {
    at: SocketAddr,
    ended: Arc<AtomicU64>,
}

impl Speaker {
    fn start(says: &'static [&'static str]) -> Result<Self> {
        let listener = Arc::new(TcpListener::bind("127.0.0.1:0")?);
        let at = listener.local_addr()?;
        let ended = Arc::new(AtomicU64::new(0));
        for _ in 0..SPEAKERS {
            let (listener, ended) = (listener.clone(), ended.clone());
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    speak(stream, says);
                    ended.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        Ok(Self { at, ended })
    }

    fn ended(&self) -> u64 {
        self.ended.load(Ordering::Relaxed)
    }
}

fn speak(mut stream: TcpStream, says: &[&str]) {
    let mut heard = [0; 4096];
    let _ = stream.set_read_timeout(Some(Duration::from_secs(2)));
    for (at, words) in says.iter().enumerate() {
        if stream.write_all(words.as_bytes()).is_err() {
            return;
        }
        let is_last = at + 1 == says.len() && at > 0;
        if is_last || stream.read(&mut heard).unwrap_or(0) == 0 {
            return;
        }
    }
}
