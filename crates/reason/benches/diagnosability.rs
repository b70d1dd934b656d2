//! How long does it take to say what would show, beside compiling the plant and all its killer sets?
//!
//! On paper: a check of a service stands on some ten things, so a hundred thousand checks have a million
//! killers; turning them round writes each once and hashes it once, some tens of milliseconds. The advice
//! compiles what works once more, with up to ten thousand checks that are not there, and its killer sets: a
//! part of what the whole circuit took, which is the baseline in the same run.
//!
//! Prints medians of five and ratios; compare within one run, machines are noisy.
//!
//! `cargo bench -p blackstart-reason --bench diagnosability [-- COMPONENTS]`

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures time and prints it"
)]

use blackstart_model::plantfile;
use blackstart_reason::circuit::{Circuit, Killers};
use blackstart_reason::diagnosability::{Signatures, diagnosability};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

const ROUNDS: usize = 5;

/// What has checks of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Watched {
    /// Every service, server, switch and power strip.
    Everything,
    /// Every service.
    Services,
    /// One service in four.
    Few,
}

fn main() {
    let components: usize =
        std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    println!(
        "load before: {}",
        std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim()
    );
    for (name, watched) in [
        ("everything watched", Watched::Everything),
        ("services watched", Watched::Services),
        ("one service in four", Watched::Few),
    ] {
        measure(name, &plant(components, watched));
    }
}

fn measure(name: &str, text: &str) {
    let (plant, findings) = plantfile::parse_str(text);
    let plant = plant.unwrap_or_else(|| panic!("{:#?}", findings.first()));
    let is_used: Vec<bool> = plant.components().iter().map(|one| one.kind.is_used()).collect();
    let (mut baseline, mut signatures, mut all) = (Vec::new(), Vec::new(), Vec::new());
    let mut said = String::new();
    for _ in 0..ROUNDS {
        let before = Instant::now();
        let circuit = Circuit::of(&plant);
        let killers = Killers::of(&circuit).expect("it fits");
        let blasts = killers.blasts(&circuit);
        baseline.push(before.elapsed());
        let before = Instant::now();
        let alike = Signatures::of(&plant, &circuit, &killers).expect("it fits").alike().len();
        signatures.push(before.elapsed());
        let before = Instant::now();
        let shown = diagnosability(&plant, &circuit, &killers, &blasts, &is_used).expect("it fits");
        all.push(before.elapsed());
        said = format!(
            "{} blind, {alike} groups alike ({} of different hands), {} of {} checks tried",
            shown.blind.len(),
            shown.alike.len(),
            shown.advice.tried,
            shown.advice.possible
        );
    }
    println!(
        "\n{name}: {} components, {} checks\n  {said}",
        plant.components().len(),
        plant.checks().len()
    );
    let baseline = median(&mut baseline);
    for (what, spans) in [("signatures, groups", &mut signatures), ("all, with advice", &mut all)] {
        let own = median(spans);
        println!(
            "  {what:<20} {own:>7.1} ms, {:.2} x of circuit and killer sets ({baseline:.1} ms)",
            own / baseline
        );
    }
}

fn median(spans: &mut [Duration]) -> f64 {
    spans.sort_unstable();
    spans[spans.len() / 2].as_secs_f64() * 1e3
}

/// Racks of forty servers with two uplinks each, every fourth with one power supply and the others with two
/// cords, and a service on each: all seen from the core, the services from outside as well.
fn plant(components: usize, watched: Watched) -> String {
    let per_rack = 1 + 2 + 2 + 10 + 80;
    let racks = (components / per_rack).max(1);
    let mut text = "blackstart: 1
here: { at: core }
vantages: { outside: { agent: fra } }
upstreams: { t1: { provides: internet }, t2: { provides: internet } }
routers: { core: { network: { any: [t1, t2] } } }
feeds: { feed-1: {}, feed-2: {} }
racks:
"
    .to_owned();
    let mut put = |line: std::fmt::Arguments<'_>| text.write_fmt(line).expect("a String");
    for rack in 0..racks {
        put(format_args!("  rack-{rack}: {{}}\n"));
    }
    let gear =
        if watched == Watched::Everything { "checks: [ { icmp: 192.0.2.1 } ], " } else { "" };
    put(format_args!("pdus:\n"));
    for rack in 0..racks {
        for side in 1..=2 {
            put(format_args!(
                "  pdu-{rack}-{side}: {{ {gear}in: rack-{rack}, fed_by: feed-{side} }}\n"
            ));
        }
    }
    put(format_args!("switches:\n"));
    for rack in 0..racks {
        for side in 1..=2 {
            put(format_args!(
                "  sw-{rack}-{side}: {{ {gear}in: rack-{rack}, network: core, power: pdu-{rack}-{side} }}\n"
            ));
        }
    }
    put(format_args!("psus:\n"));
    for rack in 0..racks {
        for server in (4..=40).step_by(4) {
            put(format_args!("  psu-{rack}-{server}: {{ fed_by: pdu-{rack}-1 }}\n"));
        }
    }
    put(format_args!("servers:\n"));
    for rack in 0..racks {
        for server in 1..=40 {
            let power = if server % 4 == 0 {
                format!("psu-{rack}-{server}")
            } else {
                format!("{{ any: [pdu-{rack}-1, pdu-{rack}-2] }}")
            };
            put(format_args!(
                "  srv-{rack}-{server}: {{ {gear}in: rack-{rack}, power: {power}, \
                 network: {{ any: [sw-{rack}-1, sw-{rack}-2] }} }}\n"
            ));
        }
    }
    put(format_args!("services:\n"));
    for rack in 0..racks {
        for server in 1..=40 {
            let is_watched = watched != Watched::Few || server % 4 == 0;
            let checks = if is_watched {
                ", checks: [ { tcp: '192.0.2.1:80', from: [here, outside] } ]"
            } else {
                ""
            };
            put(format_args!("  app-{rack}-{server}: {{ on: srv-{rack}-{server}{checks} }}\n"));
        }
    }
    text
}
