//! What a check costs, beside its peers, in one run.
//!
//! Question: how much CPU does one HTTP check take through our whole pipeline (schedule, verdict,
//! journal, metrics, pages at rest), beside `prometheus-blackbox-exporter` doing only the check; and one
//! ICMP echo beside `fping`? And do the rules hold under load: overload, hung targets, a restart?
//!
//! Method: loopback; the work is counted at the target (nginx's own counter, the kernel's echo
//! replies); CPU is that of the
//! process and its threads, user and system, from `/proc`. Rounds are interleaved, medians are told.
//! The target is not counted. Run `cargo build --release --bins && cargo run --release -p
//! blackstart-benches` as root, for ICMP; it needs nginx, prometheus-blackbox-exporter and fping.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "this program prints a table")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads clocks and waits")]

mod daemon;
mod rig;

use anyhow::Result;
use daemon::{Blackbox, Blackstart, Target, fping};
use rig::{Cpu, load, median};
use std::time::Duration;

/// Rounds of each comparison.
const ROUNDS: usize = 5;

/// How long each part of a round is measured.
const MEASURED: Duration = Duration::from_secs(8);

fn main() -> Result<()> {
    println!("{}", rig::machine());
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let all = wanted.is_empty();
    let is_wanted = |name: &str| all || wanted.iter().any(|word| word == name);
    if is_wanted("http") {
        http()?;
    }
    if is_wanted("icmp") {
        icmp()?;
    }
    if is_wanted("hung") {
        hung()?;
    }
    if is_wanted("overload") {
        overload()?;
    }
    if is_wanted("memory") {
        memory()?;
    }
    Ok(())
}

/// CPU of one HTTP check, ours and the peer's.
fn http() -> Result<()> {
    const RATE: usize = 1_000;
    println!("\nHTTP, {RATE} checks each second, new connection each, loopback nginx");
    let target = Target::nginx()?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let own = Blackstart::http(&target, RATE, Duration::from_secs(1), &[])?;
        own.wait_until_steady(RATE)?;
        let a = measure(|| own.cpu(), || target.requests())?;
        drop(own);
        let peer = Blackbox::start()?;
        let generator = load(RATE, peer.probe_url(&target));
        rig::pause(Duration::from_secs(2));
        let b = measure(|| peer.cpu(), || target.requests())?;
        drop((generator, peer));
        println!(
            "  round {round}: blackstart {:.0} CPU-s per 1 M ({} checks), blackbox_exporter {:.0} ({} checks); load before {}",
            a.per_million,
            a.count,
            b.per_million,
            b.count,
            rig::load_average()
        );
        ours.push(a.per_million);
        theirs.push(b.per_million);
    }
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    println!(
        "  median: blackstart {ours:.0}, blackbox_exporter {theirs:.0}: 1/{:.1}",
        theirs / ours
    );
    Ok(())
}

/// CPU of one ICMP echo, ours and the peer's, and ten thousand targets each second.
fn icmp() -> Result<()> {
    const TARGETS: usize = 10_000;
    // fping counts its echoes in 16 bits: of 80,000 only 65,535 are answered.
    const FPING_MEASURED: Duration = Duration::from_secs(6);
    println!("\nICMP, {TARGETS} targets, one echo each second, loopback addresses");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let own = Blackstart::icmp(TARGETS, Duration::from_secs(1))?;
        own.wait_until_steady(TARGETS)?;
        let a = measure(|| own.cpu(), rig::echoes_answered)?;
        let late = own.late()?;
        drop(own);
        let b = fping(TARGETS, FPING_MEASURED)?;
        println!(
            "  round {round}: blackstart {:.1} CPU-s per 1 M ({} echoes, {late} late), fping {:.1} ({} echoes)",
            a.per_million, a.count, b.per_million, b.count
        );
        ours.push(a.per_million);
        theirs.push(b.per_million);
    }
    let (ours, theirs) = (median(&mut ours), median(&mut theirs));
    println!("  median: blackstart {ours:.1}, fping {theirs:.1}: {:.2} x", ours / theirs);
    Ok(())
}

/// One target of twenty takes connections and says nothing: do the healthy keep their rate?
fn hung() -> Result<()> {
    const HEALTHY: usize = 950;
    println!("\nHTTP, {HEALTHY} healthy and 50 hung targets, each second, deadline 800 ms");
    let target = Target::nginx()?;
    let own = Blackstart::http(&target, HEALTHY, Duration::from_secs(1), &[50])?;
    own.wait_until_steady(HEALTHY)?;
    let before = own.lag_histogram()?;
    let a = measure(|| own.cpu(), || target.requests())?;
    let rate = a.count as f64 / MEASURED.as_secs_f64();
    let after = own.lag_histogram()?;
    println!(
        "  healthy answered {rate:.0} each second (of {HEALTHY}); start lag p99 <= {} ms",
        rig::percentile(&before, &after, 0.99)
    );
    Ok(())
}

/// A fifth more than one can do: is the rest unknown, and nothing wrongly down?
fn overload() -> Result<()> {
    println!("\noverload: HTTP checks at 1.2 x what this machine was just seen to do");
    let target = Target::nginx()?;
    // What it can do: far more than it can do is asked for, and counted at the target.
    let own = Blackstart::http(&target, 40_000, Duration::from_secs(2), &[])?;
    rig::pause(Duration::from_secs(10));
    let most = measure(|| own.cpu(), || target.requests())?;
    drop(own);
    let capacity = most.count as f64 / MEASURED.as_secs_f64();
    let asked = (capacity * 1.2) as usize;
    let own = Blackstart::http(&target, asked * 2, Duration::from_secs(2), &[])?;
    rig::pause(Duration::from_secs(10));
    let a = measure(|| own.cpu(), || target.requests())?;
    let good = a.count as f64 / MEASURED.as_secs_f64();
    println!(
        "  capacity {capacity:.0}/s; asked {asked}/s, answered {good:.0}/s: goodput {:.0} % of capacity",
        100.0 * good / capacity
    );
    println!(
        "  of {} checks: down {}, unknown {}; tries that were late so far {}",
        asked * 2,
        own.standing(" 0")?,
        own.standing(" NaN")?,
        own.late()?
    );
    Ok(())
}

/// Ten thousand checks: memory, and whether a restart comes in a herd.
fn memory() -> Result<()> {
    const CHECKS: usize = 10_000;
    println!("\n{CHECKS} HTTP checks, every 10 s: memory, and a restart");
    let target = Target::nginx()?;
    let mut own = Blackstart::http(&target, CHECKS, Duration::from_secs(10), &[])?;
    own.wait_until_steady(CHECKS)?;
    rig::pause(Duration::from_secs(30));
    println!("  resident {:.1} MiB", own.resident_mib()?);
    own.restart()?;
    let peak = rig::peak_rate(&target, Duration::from_secs(25))?;
    let steady = CHECKS as f64 / 10.0;
    println!(
        "  restart: peak {peak:.0} checks in one second, steady {steady:.0}: {:.2} x",
        peak / steady
    );
    println!("  resident after it {:.1} MiB", own.resident_mib()?);
    Ok(())
}

/// CPU and work of one stretch of time.
struct Measured {
    per_million: f64,
    count: u64,
}

fn measure(cpu: impl Fn() -> Result<Cpu>, count: impl Fn() -> Result<u64>) -> Result<Measured> {
    let (cpu_before, count_before) = (cpu()?, count()?);
    rig::pause(MEASURED);
    let (cpu_after, count_after) = (cpu()?, count()?);
    let count = count_after - count_before;
    let seconds = cpu_after.seconds() - cpu_before.seconds();
    Ok(Measured { per_million: seconds / count.max(1) as f64 * 1e6, count })
}
