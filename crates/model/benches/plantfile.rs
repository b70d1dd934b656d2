//! How long does it take to check a plant of a hundred thousand components?
//!
//! On paper: 10 MB of text at some hundred MB/s of scanning is a few tens of milliseconds; a tree
//! of two million values at 50 ns each is 100 ms; names, each hashed three times, 30 ms. The budget
//! is 1 s.
//!
//! Prints a table: the median of five readings of each plant, with what grows with its size.
//! Compare rows of one run; machines are noisy.

use blackstart_model::plantfile::{parse_str, print};
use std::fmt::Write as _;
use std::time::Duration;

/// A row of the table.
struct Case {
    name: &'static str,
    text: String,
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its table")]
fn main() {
    println!(
        "{:<34} {:>9} {:>10} {:>10} {:>12}",
        "plant", "MB", "components", "ms", "ns/component"
    );
    for components in [1_000, 10_000, 100_000] {
        for Case { name, text } in cases(components) {
            let mut spans: Vec<Duration> =
                (0..5).map(|_| took(|| drop(parse_str(&text)))).collect();
            spans.sort_unstable();
            let median = spans[2];
            println!(
                "{name:<34} {:>9.2} {components:>10} {:>10.1} {:>12.0}",
                text.len() as f64 / 1e6,
                median.as_secs_f64() * 1e3,
                median.as_secs_f64() * 1e9 / components as f64,
            );
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn took(work: impl FnOnce()) -> Duration {
    let before = std::time::Instant::now();
    work();
    before.elapsed()
}

fn cases(components: usize) -> Vec<Case> {
    let core = "blackstart: 1\nfeeds: { feed-a: {}, feed-b: {} }\nupstreams: { transit-1: {} }\n\
                switches: { switch-1: { network: transit-1 } }\n";
    let mut ranges = core.to_owned();
    ranges +=
        "defaults:\n  servers: { power: { any: [feed-a, feed-b] }, network: switch-1 }\nservers:\n";
    for hall in 0..components / 1_000 {
        writeln!(ranges, "  hall-{hall}-{{000..999}}: {{ draw: 210 W..340 W }}").expect("a String");
    }
    let mut typed = format!("{core}servers:\n");
    let mut services = String::new();
    for nth in 0..components / 2 {
        let address = format!("10.{}.{}.{}", nth >> 16, nth >> 8 & 255, nth & 255);
        write!(
            typed,
            "  stream-{nth:06}:\n    power: {{ any: [feed-a, feed-b] }}\n    \
             network: switch-1\n    \
             draw: 210 W..340 W\n    address: {address}\n"
        )
        .expect("a String");
        write!(
            services,
            "  site-{nth:06}:\n    on: stream-{nth:06}\n    needs: [site-{:06}]\n    \
             checks:\n      \
             - {{ http: \"http://{address}:8080/health\", every: 30 s }}\n",
            if nth % 10 == 0 { nth } else { nth - nth % 10 },
        )
        .expect("a String");
    }
    // The first of ten needs nothing.
    let services: String = services
        .split_inclusive("every: 30 s }\n")
        .map(|one| {
            let name = one.trim_start().split(':').next().unwrap_or_default();
            one.replace(&format!("    needs: [{name}]\n"), "")
        })
        .collect();
    let typed = format!("{typed}services:\n{services}");
    let (plant, findings) = parse_str(&typed);
    let canonical = print(&plant.unwrap_or_else(|| panic!("{findings:?}")));
    let dangling = typed.replace("on: stream-", "on: steam-");
    let wide = typed.replacen("blackstart: 1\n", "blackstart: 1\nname: Zürich\n", 1);
    vec![
        Case { name: "ranges and defaults", text: ranges },
        Case { name: "all typed out, half with a check", text: typed },
        Case { name: "the same, one letter not ASCII", text: wide },
        Case { name: "the same, as printed", text: canonical },
        Case { name: "the same, half of it dangling", text: dangling },
    ]
}
