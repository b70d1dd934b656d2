//! What it costs to keep samples: the disk, the CPU of a minute and of closing an hour, and of reading plots.
//!
//! Method: a thousand checks asked every thirty seconds for two days, with times spread as those of real servers are
//! (log-normal, its spread a third), and ten thousand for an hour. The file is closed before its length is told.
//! `cargo bench -p blackstart-journal --bench samples`
#![expect(clippy::print_stdout, reason = "this program prints a table")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads clocks")]

use blackstart_journal::samples::{Row, SampleStore, Series, SeriesId};
use blackstart_model::observation::Standing;
use blackstart_model::sample::Rollup;
use std::time::{Duration, Instant};

/// A small generator of numbers (Marsaglia's xorshift): the same in each run.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Twelve of them make a bell.
    fn bell(&mut self) -> f64 {
        (0..12).map(|_| self.next()).sum::<f64>() - 6.0
    }
}

fn minute(chance: &mut Chance, usual_us: f64, every_s: u32) -> Rollup {
    let mut rollup = Rollup::default();
    for _ in 0..60 / every_s {
        rollup.stood(Standing::Up, None, 1, every_s * 1_000);
        rollup.times.add((usual_us * (0.33 * chance.bell()).exp()) as u32);
    }
    rollup
}

struct Run {
    folder: tempfile::TempDir,
    store: SampleStore,
    ids: Vec<SeriesId>,
}

const FIRST: u32 = 29_000_040;

fn run(checks: usize, minutes: u32, every_s: u32) -> Run {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut store, _) = SampleStore::open(folder.path()).expect("a store");
    let of = |at| Series::Check { check: format!("web-{at:04}/https"), vantage: "here".to_owned() };
    let series: Vec<_> = (0..checks).map(|at| (of(at), FIRST)).collect();
    let ids = store.number(&series).expect("room");
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let usual: Vec<f64> = ids.iter().map(|_| 2_000.0 + 60_000.0 * chance.next()).collect();
    let (mut adding, mut closing) = (Duration::ZERO, Duration::ZERO);
    for at in FIRST..FIRST + minutes {
        let mut row = |(series, usual): (&SeriesId, &f64)| Row {
            series: *series,
            minute: at,
            rollup: minute(&mut chance, *usual, every_s),
        };
        let rows: Vec<Row> = ids.iter().zip(&usual).map(&mut row).collect();
        let begun = Instant::now();
        store.add(&rows).expect("a disk");
        adding += begun.elapsed();
        if (at + 1) % 60 == 0 {
            let begun = Instant::now();
            store.close_hours((at + 1) / 60).expect("a disk");
            closing += begun.elapsed();
        }
    }
    let hours = f64::from(minutes / 60);
    println!(
        "{checks:6} checks every {every_s} s: a minute is written in {:.1} ms, an hour closed in {:.0} ms",
        adding.as_secs_f64() * 1e3 / f64::from(minutes),
        closing.as_secs_f64() * 1e3 / hours
    );
    Run { folder, store, ids }
}

fn megabytes(store: &SampleStore) -> f64 {
    store.bytes().expect("a disk") as f64 / 1e6
}

fn main() {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load before: {}", load.trim());
    for every_s in [30, 1] {
        let day = run(1_000, 1_440, every_s);
        let two = run(1_000, 2_880, every_s);
        println!(
            "         minutes and hours of 1,000 checks take {:.1} MB each day",
            megabytes(&two.store) - megabytes(&day.store)
        );
        let mut store = two.store;
        let keep = blackstart_journal::samples::Keep {
            minutes_from: FIRST + 2_880,
            hours_from: FIRST / 60,
        };
        let whole = megabytes(&store);
        store.forget(keep).expect("a disk");
        drop(store);
        let (store, _) = SampleStore::open(two.folder.path()).expect("a store");
        // What is freed is used again and does not shrink the file: a copy without it says what hours take.
        let hours = store.bytes_used().expect("a disk") as f64 / 1e6;
        println!(
            "         hours alone {:.2} MB each day, {:.0} MB each year; {:.0} MB of the {whole:.0} are free again",
            hours / 2.0,
            hours / 2.0 * 365.0,
            whole - hours
        );
    }
    let Run { folder: _folder, store, ids } = run(10_000, 120, 30);
    let reader = store.reader().expect("a reader");
    for (what, from, to) in [("an hour", 60, 120), ("two hours", 0, 120)] {
        let begun = Instant::now();
        for id in ids.iter().step_by(10) {
            let rows = reader.minutes(*id, FIRST + from, FIRST + to).expect("a disk");
            assert!(!rows.is_empty());
        }
        let each = begun.elapsed().as_secs_f64() * 1e6 / (ids.len() / 10) as f64;
        println!("         {what} of one check by minutes is read in {each:.0} us");
    }
}
