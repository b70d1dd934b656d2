//! What cut sets cost, beside SCRAM, in one run.
//!
//! Question: how much CPU does `blackstart cutsets` take for every tree of a folder of Open-PSA files, beside the
//! best of SCRAM's three modes for each, and do the two agree?
//!
//! Method: both as processes, user and system time as the shell's `time` has it from getrusage(2), start-up
//! included; rounds interleaved, medians told. Ours runs with one configuration. What took longer than
//! [`LONG`] is not repeated, what takes longer than [`TIMEOUT`] counts as no answer. Run `cargo build --release
//! -p blackstart-cli && cargo run --release -p blackstart-benches --bin cutsets -- FOLDER`; it needs bash, scram
//! 0.16 and, for the expected answers, `expected.tsv` in the folder.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "this program prints a table")]

use anyhow::{Context as _, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Rounds of each comparison.
const ROUNDS: usize = 5;

/// CPU seconds beyond which a run is not repeated.
const LONG: f64 = 3.0;

/// Seconds after which a run is stopped.
const TIMEOUT: u32 = 60;

const MODES: [&str; 3] = ["bdd", "zbdd", "mocus"];

fn main() -> Result<()> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| "../shared/data/aralia".to_owned());
    let own =
        PathBuf::from(std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned()))
            .join("release/blackstart");
    let expected = std::fs::read_to_string(Path::new(&folder).join("expected.tsv"));
    let expected = expected.unwrap_or_default();
    let mut trees: Vec<PathBuf> = std::fs::read_dir(&folder)
        .with_context(|| format!("could not read {folder}"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|end| end == "xml"))
        .collect();
    trees.sort();
    println!("CPU seconds, medians of up to {ROUNDS} rounds; load before {}", load());
    println!(
        "{:<12} {:>10} {:>9} {:>9} {:>9} {:>9} {:>7}  answer",
        "tree", "blackstart", "bdd", "zbdd", "mocus", "best", "ratio"
    );
    let (mut ours_sum, mut best_sum, mut wrong) = (0.0, 0.0, 0);
    for tree in &trees {
        let path = tree.to_str().context("a path that is text")?;
        let name = tree.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut ours = Vec::new();
        let mut peers: [Vec<f64>; 3] = Default::default();
        let mut answer = String::new();
        for _ in 0..ROUNDS {
            if ours.iter().all(|&seconds| seconds <= LONG) {
                let binary = own.to_str().context("a path that is text")?;
                let run = run(&[binary, "cutsets", path, "--format", "json"])?;
                ours.push(run.seconds.unwrap_or(f64::INFINITY));
                answer = run.output;
            }
            for (mode, seconds) in MODES.iter().zip(&mut peers) {
                if seconds.iter().all(|&seconds| seconds <= LONG) {
                    let mode = format!("--{mode}");
                    let options = ["--probability", "1", "-l", "20", path, "-o", "/dev/null"];
                    let run = run(&[&["scram", mode.as_str()], &options[..]].concat())?;
                    seconds.push(run.seconds.unwrap_or(f64::INFINITY));
                }
            }
        }
        let own = median(&mut ours);
        let peers = peers.map(|mut seconds| median(&mut seconds));
        let best = peers.iter().copied().fold(f64::INFINITY, f64::min);
        let said = said(&answer, &name, &expected, &mut wrong);
        ours_sum += own;
        if best.is_finite() {
            best_sum += best;
        }
        let [bdd, zbdd, mocus] = peers.map(shown);
        println!(
            "{name:<12} {own:>10.3} {bdd:>9} {zbdd:>9} {mocus:>9} {:>9} {:>7.3}  {said}",
            shown(best),
            own / best
        );
    }
    println!(
        "in all: blackstart {ours_sum:.2}, SCRAM's best of three {best_sum:.2}: 1/{:.1}; {wrong} answers differ",
        best_sum / ours_sum
    );
    Ok(())
}

fn shown(seconds: f64) -> String {
    if seconds.is_finite() { format!("{seconds:.3}") } else { format!("> {TIMEOUT} s") }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("?").to_owned()
}

/// A process that has ended.
struct Run {
    output: String,
    /// User and system time; `None` when it was stopped or failed.
    seconds: Option<f64>,
}

/// Runs a command under bash's `time`, which tells milliseconds of user and system time on standard error.
fn run(command: &[&str]) -> Result<Run> {
    let script = format!("TIMEFORMAT='%3U %3S'; time timeout {TIMEOUT} \"$@\" 2>/dev/null");
    let output = Command::new("bash").args(["-c", &script, "bash"]).args(command).output()?;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let Some(line) = told.lines().next_back() else { bail!("bash told no time: {told}") };
    let seconds: f64 = line.split(' ').filter_map(|field| field.parse::<f64>().ok()).sum();
    Ok(Run {
        output: String::from_utf8_lossy(&output.stdout).into_owned(),
        seconds: output.status.success().then_some(seconds),
    })
}

/// The value of a top-level key of pretty-printed JSON, as it is written.
fn field<'a>(json: &'a str, key: &str) -> &'a str {
    let start = format!("  \"{key}\": ");
    let line = json.lines().find_map(|line| line.strip_prefix(&start));
    line.unwrap_or("?").trim_end_matches(',').trim_matches('"')
}

/// Our answer, and whether it is the expected one.
fn said(json: &str, name: &str, expected: &str, wrong: &mut usize) -> String {
    let (count, probability) = (field(json, "count"), field(json, "probability"));
    let told = format!("{count} sets, probability {probability}");
    let Some(line) = expected.lines().find(|line| line.split('\t').next() == Some(name)) else {
        return told;
    };
    let fields: Vec<&str> = line.split('\t').collect();
    let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
    let agree = fields.get(3) == Some(&count)
        && fields.get(4).is_some_and(|expected| {
            (number(probability) - number(expected)).abs() <= 6e-6 * number(expected)
        });
    if agree {
        format!("{told}: as expected")
    } else {
        *wrong += 1;
        format!("{told}: NOT AS EXPECTED")
    }
}
