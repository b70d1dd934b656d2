//! How long do the order of a cold start, the search for its circles, and expected downtime take?
//!
//! On paper: each walks the edges of a circuit once or twice, with counters instead of values, so each should
//! take a few times what compiling the circuit takes, and ten times as long for ten times the plant. Compiling
//! is the yardstick of the same run; figures are medians of five.
//!
//! `cargo bench -p blackstart-reason --bench coldstart [-- COMPONENTS…]`

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures time and prints it"
)]

use blackstart_model::{Plant, plantfile};
use blackstart_reason::availability::{Question, availability};
use blackstart_reason::circuit::Circuit;
use blackstart_reason::coldstart::{Given, coldstart, cycles};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

const ROUNDS: usize = 5;

/// Servers of a rack.
const RACK: usize = 32;

fn main() {
    let sizes: Vec<usize> =
        std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![1_000, 10_000, 100_000] } else { sizes };
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load before: {}", load.trim());
    println!(
        "{:>10} {:>8} {:>11} {:>15} {:>15} {:>15} {:>15}",
        "components", "", "compile", "cold start", "circles", "with circles", "availability"
    );
    for size in sizes {
        measure(size);
    }
}

fn measure(size: usize) {
    let sound = plant(size, false);
    let tied = plant(size, true);
    let circuit = Circuit::of(&sound);
    let mut times: [Vec<f64>; 5] = Default::default();
    let (mut all, mut exact, mut nodes) = (0, 0, 0);
    for _ in 0..ROUNDS {
        times[0].push(ms(|| drop(Circuit::of(&sound))));
        times[1].push(ms(|| assert!(coldstart(&sound, &Given::default()).can_start)));
        times[2].push(ms(|| assert!(cycles(&sound).is_empty())));
        times[3].push(ms(|| assert!(!cycles(&tied).is_empty())));
        let question = Question::default();
        times[4].push(ms(|| {
            let told = availability(&sound, &circuit, &question);
            (all, nodes) = (told.of.len(), told.nodes);
            exact = told.of.iter().filter(|one| one.is_exact).count();
        }));
    }
    let medians = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    });
    print!("{:>10} {:>8}", sound.components().len(), "ms");
    println!(
        " {:>11.1} {:>15.1} {:>15.1} {:>15.1} {:>15.1}",
        medians[0], medians[1], medians[2], medians[3], medians[4]
    );
    print!("{:>10} {:>8} {:>11}", "", "ratio", 1);
    for time in &medians[1..] {
        print!(" {:>15.1}", time / medians[0]);
    }
    println!("   {exact} of {all} services and customers exact, {nodes} nodes");
}

fn ms(of: impl FnOnce()) -> f64 {
    let before = Instant::now();
    of();
    before.elapsed().as_secs_f64() * 1e3
}

/// Racks of dual-corded servers behind two switches, with a machine and a service on each, names and logins
/// they need, and a customer for every ten services; tied: each rack's first server needs names to start
/// that are served on it.
fn plant(size: usize, tied: bool) -> Arc<Plant> {
    let racks = (size / (3 * RACK + 8)).max(1);
    let mut text = String::from("blackstart: 1\nname: bench\ntimezone: UTC\n");
    text.push_str("feeds: { fa: { voltage: 230 V }, fb: { voltage: 230 V } }\n");
    text.push_str("upstreams: { up-1: { provides: internet }, up-2: { provides: internet } }\n");
    text.push_str("routers: { core-1: { network: { any: [up-1, up-2] } }, core-2: { network: { any: [up-1, up-2] } } }\n");
    let mut section = |name: &str, line: &dyn Fn(&mut String, usize)| {
        let _ = writeln!(text, "{name}:");
        for rack in 0..racks {
            line(&mut text, rack);
        }
    };
    section("pdus", &|text, rack| {
        for side in ["a", "b"] {
            let _ = writeln!(text, "  p{side}-{rack}: {{ fed_by: f{side}, breaker: 32 A C }}");
        }
    });
    section("switches", &|text, rack| {
        for side in [1, 2] {
            let _ = writeln!(
                text,
                "  sw{side}-{rack}: {{ power: {{ any: [pa-{rack}, pb-{rack}] }}, network: {{ any: [core-1, core-2] }}, draw: 80 W, inrush: 10 A }}"
            );
        }
    });
    section("servers", &|text, rack| {
        for at in 0..RACK {
            let names =
                if tied && at == 0 { format!(", to_start: s-{rack}-0") } else { String::new() };
            let _ = writeln!(
                text,
                "  m-{rack}-{at}: {{ power: {{ any: [pa-{rack}, pb-{rack}] }}, network: {{ any: [sw1-{rack}, sw2-{rack}] }}, draw: 150..200 W, inrush: 30 A, boots_in: 2..5 min{names} }}"
            );
        }
    });
    section("vms", &|text, rack| {
        for at in 0..RACK {
            let _ = writeln!(text, "  v-{rack}-{at}: {{ on: m-{rack}-{at} }}");
        }
    });
    section("services", &|text, rack| {
        for at in 0..RACK {
            // Names are served by the first of each rack; the others need one of two.
            let other = (rack + 1) % racks;
            let needs = if at == 0 {
                String::new()
            } else {
                format!(", needs: {{ any: [s-{rack}-0, s-{other}-0] }}")
            };
            let _ = writeln!(text, "  s-{rack}-{at}: {{ on: v-{rack}-{at}{needs} }}");
        }
    });
    section("customers", &|text, rack| {
        for at in 0..3 {
            let of: Vec<String> =
                (0..10).map(|one| format!("s-{rack}-{}", at * 10 + one)).collect();
            let _ = writeln!(text, "  c-{rack}-{at}: {{ uses: [{}] }}", of.join(", "));
        }
    });
    let (plant, findings) = plantfile::parse_str(&text);
    plant.unwrap_or_else(|| panic!("not a plant: {findings:#?}"))
}
