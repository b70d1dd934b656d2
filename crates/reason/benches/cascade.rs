//! How long does one scenario of the load layer take, a hundred thousand servers moving?
//!
//! On paper: losing one of two feeds touches every server once; two sums of two doubles each, some
//! megabytes of memory: a fraction of a millisecond in a straight line. What is alike is summed beforehand, so
//! racks cost less than that; servers wired to any two strips at random cannot be.
//!
//! The peer is a straight line over the servers in the same run: each adds its draw, least and most, to the
//! strip that is left, and each strip is judged once. It plays no second trip, knows no meter, no phase and
//! no time, so it is a bound and not a rival. Both must come to the same verdicts. Prints medians of five
//! and ratios; compare within one run, machines are noisy.
//!
//! `cargo bench -p blackstart-reason --bench cascade [-- SERVERS]`

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures time and prints it"
)]

use blackstart_model::{ComponentId, Plant, plantfile};
use blackstart_reason::load::{Load, LoadMemory, Loss, Verdict};
use std::fmt::Write as _;
use std::time::Instant;

const ROUNDS: usize = 5;

/// Scenarios in one round, so that one takes more than a clock's grain.
const SCENARIOS: u32 = 20;

/// Servers on one pair of strips.
const IN_A_RACK: usize = 40;

/// What a strip of 32 A holds, and where it must trip (IEC 60898-1), at 230 V.
const HOLDS_VA: f64 = 1.13 * 32.0 * 230.0;
const TRIPS_VA: f64 = 1.45 * 32.0 * 230.0;

fn main() {
    let servers: usize =
        std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    println!(
        "load before: {}",
        std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim()
    );
    for scattered in [false, true] {
        for trips in [false, true] {
            measure(&Hall::of(servers, scattered, trips));
        }
    }
}

/// Servers, each with a cord in one strip of either feed.
struct Hall {
    scattered: bool,
    trips: bool,
    strips: usize,
    /// Strip on feed-a, strip on feed-b, watts at least and at most.
    servers: Vec<(usize, usize, f64, f64)>,
}

impl Hall {
    fn of(servers: usize, scattered: bool, trips: bool) -> Self {
        let strips = servers.div_ceil(IN_A_RACK);
        // A multiplier that visits every strip; the same plant each time.
        let any = |at: usize, salt: usize| at.wrapping_mul(2_654_435_761).wrapping_add(salt) >> 7;
        // What forty draw stays below what a strip holds, or lies around it.
        let most = if trips { 260 } else { 190 };
        let servers = (0..servers)
            .map(|at| {
                let rack = at / IN_A_RACK;
                let pair = if scattered {
                    (any(at, 1) % strips, any(at, 77) % strips)
                } else {
                    (rack, rack)
                };
                let least = 100 + any(at, 3) % 60;
                (pair.0, pair.1, least as f64, (most - any(at, 5) % 20) as f64)
            })
            .collect();
        Self { scattered, trips, strips, servers }
    }

    fn plant(&self) -> std::sync::Arc<Plant> {
        let mut text = String::from(
            "blackstart: 1\nfeeds: { feed-a: { voltage: 230 V }, feed-b: { voltage: 230 V } }\npdus:\n",
        );
        let breaker = "breaker: { rated: 32 A, curve: C, standard: iec-60898-1 }";
        for at in 0..self.strips {
            for side in ["a", "b"] {
                writeln!(text, "  {side}-{at}: {{ fed_by: feed-{side}, {breaker} }}")
                    .expect("a String");
            }
        }
        text += "servers:\n";
        for (at, (a, b, least, most)) in self.servers.iter().enumerate() {
            writeln!(
                text,
                "  s-{at}: {{ power: {{ any: [a-{a}, b-{b}] }}, draw: {least} W..{most} W, \
                 power_factor: 1 }}"
            )
            .expect("a String");
        }
        let (plant, findings) = plantfile::parse_str(&text);
        plant.unwrap_or_else(|| panic!("{findings:#?}"))
    }
}

/// The straight line: what each strip of feed-b carries when feed-a is gone.
struct Straight {
    feed_is_lost: Vec<bool>,
    carries: Vec<(f64, f64)>,
    tripped: usize,
    may_trip: usize,
}

impl Straight {
    fn play(&mut self, hall: &Hall) {
        self.carries.fill((0.0, 0.0));
        for &(a, b, least, most) in &hall.servers {
            if self.feed_is_lost[a] {
                let strip = &mut self.carries[b];
                strip.0 += least;
                strip.1 += most;
            }
        }
        (self.tripped, self.may_trip) = (0, 0);
        for &(least, most) in &self.carries {
            if least >= TRIPS_VA {
                self.tripped += 1;
            } else if most > HOLDS_VA {
                self.may_trip += 1;
            }
        }
    }
}

fn measure(hall: &Hall) {
    let plant = hall.plant();
    let before = Instant::now();
    let load = Load::of(&plant, &[]);
    let compiled_ms = before.elapsed().as_secs_f64() * 1e3;
    let feed: ComponentId = plant.find("feed-a").expect("there is one");
    let loss = Loss { off: vec![feed], failed: Vec::new() };
    let mut memory = LoadMemory::default();
    let mut straight = Straight {
        feed_is_lost: vec![true; hall.strips],
        carries: vec![(0.0, 0.0); hall.strips],
        tripped: 0,
        may_trip: 0,
    };
    load.play_only(&plant, &loss, &mut memory);
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let before = Instant::now();
        for _ in 0..SCENARIOS {
            straight.play(std::hint::black_box(hall));
        }
        let between = Instant::now();
        for _ in 0..SCENARIOS {
            load.play_only(&plant, std::hint::black_box(&loss), &mut memory);
        }
        theirs.push((between - before).as_secs_f64() * 1e3 / f64::from(SCENARIOS));
        ours.push(between.elapsed().as_secs_f64() * 1e3 / f64::from(SCENARIOS));
    }
    let outcome = load.outcome(&memory);
    let count = |verdict| outcome.breakers.iter().filter(|one| one.verdict == verdict).count();
    assert_eq!(count(Verdict::Trips), straight.tripped, "both come to the same");
    assert_eq!(count(Verdict::MayTrip), straight.may_trip, "both come to the same");
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "\n{} servers, {}, {}: {} strips gain load, {} may trip, {} trip; compiled in {compiled_ms:.0} ms",
        hall.servers.len(),
        if hall.scattered { "any two strips" } else { "in racks" },
        if hall.trips { "heavy" } else { "light" },
        outcome.breakers.len(),
        straight.may_trip,
        straight.tripped,
    );
    println!("  one scenario: {ours:.3} ms; straight line {theirs:.3} ms: {:.2} x", ours / theirs);
}

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}
