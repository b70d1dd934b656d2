//! Clocks, counters and the machine itself.

use crate::daemon::Target;
use anyhow::{Context as _, Result};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Ticks of `/proc/PID/stat` in one second; the same on every Linux that Rust runs on (proc(5)).
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU that a process and its ended children have used.
#[derive(Clone, Copy)]
pub(crate) struct Cpu {
    ticks: u64,
}

impl Cpu {
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("it has ended")?;
        let rest = stat.rsplit_once(')').context("a stat line")?.1;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        // utime, stime, cutime, cstime: fields 14 to 17 of proc(5), of which two stand before the name's end.
        let ticks = fields[11..15].iter().filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(Self { ticks })
    }

    pub(crate) fn seconds(self) -> f64 {
        self.ticks as f64 / TICKS_PER_SECOND
    }
}

/// Echo replies that this machine's kernel has sent: what the targets of ICMP checks have answered.
pub(crate) fn echoes_answered() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/net/snmp")?;
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Icmp: "));
    let (names, values) = (lines.next().context("names")?, lines.next().context("values")?);
    let at = names.split(' ').position(|name| name == "OutEchoReps").context("OutEchoReps")?;
    Ok(values.split(' ').nth(at).context("a value")?.parse()?)
}

pub(crate) fn pause(span: Duration) {
    std::thread::sleep(span);
}

pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

pub(crate) fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("?").to_owned()
}

pub(crate) fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!(
        "machine: {cores} cores, {}; load before {}",
        name.trim_start_matches(['\t', ' ', ':']),
        load_average()
    )
}

/// The body of a GET.
pub(crate) fn get(at: SocketAddr, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(at)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    write!(stream, "GET {path} HTTP/1.0\r\nHost: {at}\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

/// Asks a URL so often each second, from eight threads, until it is dropped.
pub(crate) struct Load(Arc<AtomicBool>);

impl Drop for Load {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub(crate) fn load(rate: usize, (at, path): (SocketAddr, String)) -> Load {
    const THREADS: usize = 8;
    let stop = Arc::new(AtomicBool::new(false));
    for thread in 0..THREADS {
        let (stop, path) = (stop.clone(), path.clone());
        let step = Duration::from_secs_f64(THREADS as f64 / rate as f64);
        std::thread::spawn(move || {
            let mut next = Instant::now() + step * thread as u32 / THREADS as u32;
            while !stop.load(Ordering::Relaxed) {
                std::thread::sleep(next.saturating_duration_since(Instant::now()));
                next += step;
                let _ = get(at, &path);
            }
        });
    }
    Load(stop)
}

/// The most requests that a target took within any one second.
pub(crate) fn peak_rate(target: &Target, span: Duration) -> Result<f64> {
    let steps = span.as_millis() / 100;
    let mut counts = Vec::new();
    let start = Instant::now();
    for step in 0..steps {
        counts.push((start.elapsed().as_secs_f64(), target.requests()?));
        let next = start + Duration::from_millis(100) * u32::try_from(step + 1)?;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let mut peak: f64 = 0.0;
    for (at, &(then, count)) in counts.iter().enumerate() {
        if let Some(&(later, more)) = counts[at..].iter().find(|(later, _)| later - then >= 1.0) {
            peak = peak.max((more - count) as f64 / (later - then));
        }
    }
    Ok(peak)
}

/// The upper bound, ms, below which this share of what came between two histograms lies.
pub(crate) fn percentile(before: &[(f64, u64)], after: &[(f64, u64)], share: f64) -> String {
    let total = |histogram: &[(f64, u64)]| histogram.last().map_or(0, |(_, count)| *count);
    let wanted = share * (total(after) - total(before)) as f64;
    let found = after
        .iter()
        .zip(before)
        .find(|((_, after), (_, before))| (after - before) as f64 >= wanted);
    found.map_or_else(|| "?".to_owned(), |((bound, _), _)| format!("{:.0}", bound * 1e3))
}
