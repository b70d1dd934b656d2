//! How much CPU does it take to ask a device, a time server or a plugin, beside the Nagios plugin that does the same?
//!
//! On paper: a datagram there and back is four system calls, some 10 us; authentication and encryption of SNMP v3 a few
//! more; a fork and exec of a small program 1 ms and upwards, of a large one several. What is built in should cost a
//! hundredth; a plugin that we run should cost what it costs whoever runs it.
//!
//! Method: Net-SNMP's agent and chrony on loopback, their CPU not counted. Ours is the prober (schedule, question,
//! judgement, with its threads), asked so often each second, work counted by the answers that are up; CPU is user and
//! system time from `/proc`, with that of ended children. Theirs is the plugin run to its end, one after another, by
//! fork and exec and nothing around it: the floor of whoever schedules it. Rounds are interleaved, medians told. As
//! root, with snmpd, chronyd and monitoring-plugins: `cargo bench -p blackstart-probe --bench beside_plugins`.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads clocks and waits")]
#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

use blackstart_model::check::{
    Host, HostPort, NtpQuestion, Oid, PluginQuestion, Question, SnmpAccess, SnmpAuth,
    SnmpCondition, SnmpHash, SnmpQuestion, SnmpUser, SnmpValue, SnmpWord,
};
use blackstart_model::observation::Outcome;
use blackstart_model::plant::Secret;
use blackstart_model::reading::Unit;
use blackstart_probe::plugins::PluginStore;
use blackstart_probe::secrets::Secrets;
use blackstart_probe::{Assignment, Equipment, Listener, Prober, Sample};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const ROUNDS: usize = 3;

/// Questions each second of what is built in, and of plugins.
const RATE: usize = 500;
const PLUGIN_RATE: usize = 40;

/// How long each is measured, after the beginning.
const BEGINNING: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(4);

/// Runs of a plugin in one round.
const RUNS: u32 = 60;

const PLUGINS: &str = "/usr/lib/nagios/plugins";

/// A question and the command that asks it elsewhere.
struct Pair {
    name: &'static str,
    question: Question,
    rate: usize,
    plugin: Vec<String>,
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let (agent, time) = (free_port(), free_port());
    let configuration = folder.path().join("snmpd.conf");
    let users = "rocommunity readers 127.0.0.1\nrouser us priv\n\
        createUser us SHA-256 \"the password\" AES \"another password\"\nsysName bench\n";
    std::fs::write(&configuration, users).unwrap();
    let _snmpd = Daemon::start(
        Command::new("/usr/sbin/snmpd")
            .args(["-f", "-Ln", "-C", "-c"])
            .arg(&configuration)
            .arg(format!("udp:{agent}"))
            .env("SNMP_PERSISTENT_DIR", folder.path()),
    );
    let own = folder.path().display();
    let configuration = folder.path().join("chrony.conf");
    let server = format!(
        "port {}\nbindaddress 127.0.0.1\ncmdport 0\nbindcmdaddress /\nallow 127.0.0.0/8\nlocal stratum 3\n\
         pidfile {own}/pid\ndriftfile {own}/drift\n",
        time.port()
    );
    std::fs::write(&configuration, server).unwrap();
    let _chronyd = Daemon::start(
        Command::new("/usr/sbin/chronyd")
            .args(["-x", "-d", "-u", "root", "-f"])
            .arg(&configuration),
    );
    let plugins = folder.path().join("plugins");
    std::fs::write(&plugins, format!("dummy = {PLUGINS}/check_dummy 0 fine\n")).unwrap();
    std::thread::sleep(Duration::from_secs(2));

    let load = std::fs::read_to_string("/proc/loadavg").unwrap();
    println!("CPU-s per 1 M, medians of {ROUNDS}; load before {}", load.split(' ').next().unwrap());
    println!("{:<22} {:>8} {:>10}   ours is", "asked", "ours", "its plugin");
    for pair in pairs(agent, time) {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(asked(&pair, &plugins));
            theirs.push(run(&pair.plugin));
        }
        let (ours, theirs) = (median(&mut ours), median(&mut theirs));
        println!("{:<22} {ours:>8.0} {theirs:>10.0}   1/{:.1}", pair.name, theirs / ours);
    }
}

fn pairs(agent: SocketAddr, time: SocketAddr) -> Vec<Pair> {
    let secret = |name: &str| Secret(name.into());
    let word = SnmpWord { text: "bench".into(), number: None };
    let name = SnmpValue {
        written: "sysName.0".into(),
        oid: Oid::parse("1.3.6.1.2.1.1.5.0").unwrap(),
        name: "sysName.0".into(),
        scale: 1.0,
        unit: Unit::Plain,
        conditions: vec![SnmpCondition::Is(vec![word])],
    };
    let snmp = |access| {
        let values = vec![name.clone()];
        Question::Snmp(SnmpQuestion { agent: at(agent), access, values })
    };
    let auth = SnmpAuth {
        hash: SnmpHash::Sha256,
        password: secret("the password"),
        privacy: Some(secret("another password")),
    };
    let user = SnmpUser { name: "us".into(), auth: Some(auth) };
    let command = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let port = agent.port().to_string();
    let check_snmp = format!("{PLUGINS}/check_snmp");
    let asks =
        [&check_snmp, "-H", "127.0.0.1", "-p", &port, "-o", "1.3.6.1.2.1.1.5.0", "-s", "bench"];
    let v2c = [&asks[..], &["-P", "2c", "-C", "readers"]].concat();
    let v3 = ["-P", "3", "-U", "us", "-L", "authPriv", "-a", "SHA-256", "-A", "the password"];
    let v3 = [&asks[..], &v3, &["-x", "AES", "-X", "another password"]].concat();
    let check_ntp = format!("{PLUGINS}/check_ntp_time");
    let check_dummy = format!("{PLUGINS}/check_dummy");
    let time_port = time.port().to_string();
    vec![
        Pair {
            name: "snmp, v2c",
            question: snmp(SnmpAccess::Community(secret("readers"))),
            rate: RATE,
            plugin: command(&v2c),
        },
        Pair {
            name: "snmp, v3 authPriv",
            question: snmp(SnmpAccess::User(user)),
            rate: RATE,
            plugin: command(&v3),
        },
        Pair {
            name: "ntp",
            question: Question::Ntp(NtpQuestion {
                server: at(time),
                offset_max: NtpQuestion::OFFSET_MAX,
                stratum_max: NtpQuestion::STRATUM_MAX,
            }),
            rate: RATE,
            plugin: command(&[&check_ntp, "-H", "127.0.0.1", "-p", &time_port]),
        },
        Pair {
            name: "plugin, check_dummy",
            question: Question::Plugin(PluginQuestion { plugin: "dummy".into(), with: Vec::new() }),
            rate: PLUGIN_RATE,
            plugin: command(&[&check_dummy, "0", "fine"]),
        },
    ]
}

fn at(address: SocketAddr) -> HostPort {
    HostPort { host: Host::Address(address.ip()), port: address.port() }
}

fn free_port() -> SocketAddr {
    UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

struct Daemon(Child);

impl Daemon {
    fn start(command: &mut Command) -> Self {
        Self(
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        )
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Each secret is its own name.
struct Named;

impl Secrets for Named {
    fn value(&self, name: &str) -> Result<String, String> {
        Ok(name.to_owned())
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
fn asked(pair: &Pair, plugins: &std::path::Path) -> f64 {
    let counted = Arc::new(Counted::default());
    let store = PluginStore { file: Some(plugins.to_owned()) };
    let equipment = Equipment::new(Arc::new(Named)).with_plugins(store);
    let prober = Prober::start(equipment, counted.clone(), "bench").unwrap();
    let assignment = |number: usize| Assignment {
        key: format!("s-{number}/it").as_str().into(),
        every: Duration::from_secs(1),
        deadline: Duration::from_millis(800),
        question: pair.question.clone(),
        crosses_way_out: false,
    };
    prober.assign((0..pair.rate).map(assignment).collect(), &[]);
    std::thread::sleep(BEGINNING);
    let (before, cpu) = (counted.up.load(Ordering::Relaxed), cpu_s(Whose::OwnAndEnded));
    std::thread::sleep(MEASURED);
    let answers = counted.up.load(Ordering::Relaxed) - before;
    (cpu_s(Whose::OwnAndEnded) - cpu) / answers.max(1) as f64 * 1e6
}

/// CPU of a million runs.
fn run(words: &[String]) -> f64 {
    let before = cpu_s(Whose::Ended);
    for _ in 0..RUNS {
        let status = Command::new(&words[0])
            .args(&words[1..])
            .env("LC_ALL", "C")
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "{words:?}: {status}");
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
