//! The programs that are measured, and the one that is asked.

use crate::Measured;
use crate::rig::{Cpu, get, pause};
use anyhow::{Context as _, Result, bail};
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A process that does not outlive us.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// nginx, which counts what it is asked.
pub(crate) struct Target {
    pub(crate) at: SocketAddr,
    counter: SocketAddr,
    _folder: tempfile::TempDir,
    _process: Killed,
}

impl Target {
    pub(crate) fn nginx() -> Result<Self> {
        let (at, counter) = (free_port()?, free_port()?);
        let folder = tempfile::tempdir()?;
        let path = folder.path().display();
        let config = format!(
            "daemon off;\nmaster_process off;\nuser root;\nworker_rlimit_nofile 60000;\npid {path}/pid;\n\
             error_log {path}/error.log crit;\nevents {{ worker_connections 20000; }}\nhttp {{\n  access_log off;\n  \
             client_body_temp_path {path}/b;\n  proxy_temp_path {path}/p;\n  fastcgi_temp_path {path}/f;\n  \
             uwsgi_temp_path {path}/u;\n  scgi_temp_path {path}/s;\n  \
             server {{ listen {at} backlog=8192; location / {{ return 200 \"hello\\n\"; }} }}\n  \
             server {{ listen {counter}; location / {{ stub_status; }} }}\n}}\n"
        );
        let file = folder.path().join("nginx.conf");
        std::fs::write(&file, config)?;
        let process = Command::new("/usr/sbin/nginx")
            .arg("-c")
            .arg(&file)
            .arg("-e")
            .arg(folder.path().join("error.log"))
            .spawn()
            .context("nginx is not installed")?;
        let target = Self { at, counter, _folder: folder, _process: Killed(process) };
        for _ in 0..100 {
            if target.requests().is_ok() {
                return Ok(target);
            }
            pause(Duration::from_millis(50));
        }
        bail!("nginx does not start")
    }

    /// Requests taken, without ours for the counter.
    pub(crate) fn requests(&self) -> Result<u64> {
        let text = get(self.counter, "/")?;
        let line = text.lines().nth(2).context("nginx counts")?;
        let mut numbers = line.split_whitespace().filter_map(|word| word.parse::<u64>().ok());
        numbers.nth(2).context("nginx counts requests")
    }
}

/// `prometheus-blackbox-exporter`.
pub(crate) struct Blackbox {
    at: SocketAddr,
    process: Killed,
    _folder: tempfile::TempDir,
}

impl Blackbox {
    pub(crate) fn start() -> Result<Self> {
        let at = free_port()?;
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("blackbox.yml");
        std::fs::write(
            &config,
            "modules:\n  http_2xx:\n    prober: http\n    timeout: 5s\n    http: { preferred_ip_protocol: ip4 }\n",
        )?;
        let process = Command::new("prometheus-blackbox-exporter")
            .arg(format!("--web.listen-address={at}"))
            .arg(format!("--config.file={}", config.display()))
            .stderr(Stdio::null())
            .spawn()
            .context("prometheus-blackbox-exporter is not installed")?;
        for _ in 0..100 {
            if get(at, "/-/healthy").is_ok() {
                break;
            }
            pause(Duration::from_millis(50));
        }
        Ok(Self { at, process: Killed(process), _folder: folder })
    }

    pub(crate) fn probe_url(&self, target: &Target) -> (SocketAddr, String) {
        (self.at, format!("/probe?module=http_2xx&target=http://{}/", target.at))
    }

    pub(crate) fn cpu(&self) -> Result<Cpu> {
        Cpu::of(self.process.0.id())
    }
}

/// `fping` with one echo each second to each target: its CPU, and the echoes that were answered.
pub(crate) fn fping(targets: usize, span: Duration) -> Result<Measured> {
    let folder = tempfile::tempdir()?;
    let list = folder.path().join("targets");
    let names: String = (0..targets).map(|number| format!("{}\n", loopback(number))).collect();
    std::fs::write(&list, names)?;
    let rounds = span.as_secs();
    let before = crate::rig::echoes_answered()?;
    let mut child = Command::new("fping")
        .args(["-q", "-c", &rounds.to_string(), "-p", "1000", "-i", "0.01", "-f"])
        .arg(&list)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("fping is not installed")?;
    // Its CPU is read until shortly before its end; after it there is nothing left to read.
    let mut last = 0.0;
    while child.try_wait()?.is_none() {
        if let Ok(cpu) = Cpu::of(child.id()) {
            last = cpu.seconds();
        }
        pause(Duration::from_millis(20));
    }
    let count = crate::rig::echoes_answered()? - before;
    Ok(Measured { per_million: last / count as f64 * 1e6, count })
}

/// One of the 16 million loopback addresses.
fn loopback(number: usize) -> String {
    format!("127.1.{}.{}", number / 250, 1 + number % 250)
}

/// `blackstart serve`, the release build.
pub(crate) struct Blackstart {
    console: SocketAddr,
    process: Killed,
    folder: tempfile::TempDir,
    plant: PathBuf,
    _hung: Option<TcpListener>,
}

impl Blackstart {
    /// So many HTTP checks of one target; `hung` more of one that never answers.
    pub(crate) fn http(
        target: &Target,
        checks: usize,
        every: Duration,
        hung: &[usize],
    ) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mute = listener.local_addr()?;
        let every_ms = every.as_millis();
        let mut text = head();
        for number in 0..checks {
            writeln!(
                text,
                "  s-{number}: {{ checks: [ {{ http: 'http://{}/{number}', every: {every_ms}ms, deadline: 800ms }} ] }}",
                target.at
            )?;
        }
        for number in 0..hung.iter().sum() {
            writeln!(
                text,
                "  h-{number}: {{ checks: [ {{ http: 'http://{mute}/', every: {every_ms}ms, deadline: 800ms }} ] }}"
            )?;
        }
        Self::start(&text, Some(listener))
    }

    /// So many ICMP checks, each of another loopback address.
    pub(crate) fn icmp(checks: usize, every: Duration) -> Result<Self> {
        let every_ms = every.as_millis();
        let mut text = head();
        for number in 0..checks {
            writeln!(
                text,
                "  s-{number}: {{ checks: [ {{ icmp: {}, echoes: 1, every: {every_ms}ms, deadline: 800ms }} ] }}",
                loopback(number)
            )?;
        }
        Self::start(&text, None)
    }

    fn start(text: &str, hung: Option<TcpListener>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let plant = folder.path().join("plant.yaml");
        std::fs::write(&plant, text)?;
        let (process, console) = launch(&plant, folder.path())?;
        Ok(Self { console, process, folder, plant, _hung: hung })
    }

    /// Kills it and starts it again on the same journal.
    pub(crate) fn restart(&mut self) -> Result<()> {
        self.process.0.kill()?;
        self.process.0.wait()?;
        let (process, console) = launch(&self.plant, self.folder.path())?;
        (self.process, self.console) = (process, console);
        Ok(())
    }

    pub(crate) fn cpu(&self) -> Result<Cpu> {
        Cpu::of(self.process.0.id())
    }

    pub(crate) fn resident_mib(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.0.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).context("VmRSS")?;
        let kib: f64 = line.split_whitespace().nth(1).context("a number")?.parse()?;
        Ok(kib / 1024.0)
    }

    fn metric(&self, name: &str) -> Result<u64> {
        let text = get(self.console, "/metrics")?;
        let line = text.lines().find(|line| line.starts_with(name)).context("a metric")?;
        Ok(line.rsplit(' ').next().and_then(|value| value.parse().ok()).unwrap_or(0))
    }

    pub(crate) fn tries(&self) -> Result<u64> {
        self.metric("blackstart_tries_total ")
    }

    pub(crate) fn late(&self) -> Result<u64> {
        self.metric("blackstart_tries_late_total ")
    }

    /// Checks that stand so now: ` 0` is down, ` NaN` is unknown.
    pub(crate) fn standing(&self, value: &str) -> Result<usize> {
        let text = get(self.console, "/metrics")?;
        let all = text.lines().filter(|line| line.starts_with("blackstart_check_up{"));
        Ok(all.filter(|line| line.ends_with(value)).count())
    }

    /// Starts of tries by how late they were: bound in seconds, and how many up to it.
    pub(crate) fn lag_histogram(&self) -> Result<Vec<(f64, u64)>> {
        let text = get(self.console, "/metrics")?;
        let buckets = text.lines().filter_map(|line| {
            let rest = line.strip_prefix("blackstart_start_lag_seconds_bucket{le=\"")?;
            let (bound, count) = rest.split_once("\"} ")?;
            Some((bound.parse().unwrap_or(f64::INFINITY), count.parse().ok()?))
        });
        Ok(buckets.collect())
    }

    /// Waits until every check has been put once and the beginning is over.
    pub(crate) fn wait_until_steady(&self, checks: usize) -> Result<()> {
        for _ in 0..1_200 {
            if self.tries()? >= checks as u64 {
                pause(Duration::from_secs(2));
                return Ok(());
            }
            pause(Duration::from_millis(100));
        }
        bail!("blackstart has not put {checks} checks")
    }
}

fn head() -> String {
    "blackstart: 1\nname: bench\ntimezone: UTC\nservices:\n".to_owned()
}

fn launch(plant: &Path, folder: &Path) -> Result<(Killed, SocketAddr)> {
    let console = free_port()?;
    let binary = std::env::current_exe()?.with_file_name("blackstart");
    let mut process = Command::new(binary)
        .arg("serve")
        .arg(plant)
        .arg("--data")
        .arg(folder.join("data"))
        .args(["--listen", &console.to_string(), "--status-listen", "127.0.0.1:0"])
        .env("BLACKSTART_LOG", "error")
        .stdout(Stdio::piped())
        .spawn()
        .map(Killed)
        .context("blackstart is not built: cargo build --release --bins")?;
    let mut line = String::new();
    let out = process.0.stdout.take().context("its words are piped")?;
    BufReader::new(out).read_line(&mut line)?;
    if line.is_empty() {
        bail!("blackstart did not start");
    }
    Ok((process, console))
}
