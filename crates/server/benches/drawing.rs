//! How long does it take to draw a plant of ten thousand components?
//!
//! On paper: one look at each component and at what it needs, some 100 ns each, is a few milliseconds; the
//! hundred boxes and few hundred lines that are open on a page cost less than that. The budget is far below
//! 1 s, for the console draws while somebody waits.
//!
//! Prints a table: the median of five drawings of each, and the size of the SVG. Compare rows of one run;
//! machines are noisy.

use blackstart_model::plantfile::parse_str;
use blackstart_reason::circuit::Circuit;
use blackstart_server::drawing::{Drawing, Picture, draw, questions};
use std::fmt::Write as _;
use std::time::Duration;

#[expect(clippy::print_stdout, reason = "a benchmark prints its table")]
fn main() {
    println!(
        "{:<28} {:>10} {:>8} {:>10} {:>9} {:>8}",
        "drawing", "components", "drawn", "in closed", "ms", "kB"
    );
    for (sites, racks) in [(1, 6), (4, 24), (8, 120)] {
        let text = text(sites, racks);
        let (plant, findings) = parse_str(&text);
        let plant = plant.unwrap_or_else(|| panic!("{findings:?}"));
        let circuit = Circuit::of(&plant);
        let feed = plant.find("site-1-feed-b").expect("every plant here has it");
        let some = 500;
        let open = plant.components().iter().map(|component| component.name.to_string());
        let open = open.filter(|name| name.starts_with("server-")).take(some).collect();
        let wide = Picture { open, ..Picture::of(&plant) };
        let off = questions::off(&plant, &circuit, &[feed]);
        for (name, picture) in [
            ("whole", &Picture::of(&plant)),
            ("with 500 servers opened", &wide),
            ("a feed off", &off),
        ] {
            let mut spans = Vec::new();
            let mut last = None;
            for _ in 0..5 {
                let (span, drawing) = took(|| draw(&plant, picture));
                spans.push(span);
                last = Some(drawing);
            }
            spans.sort_unstable();
            let Some(Drawing { svg, drawn, inside, .. }) = last else { continue };
            println!(
                "{name:<28} {:>10} {drawn:>8} {inside:>10} {:>9.1} {:>8}",
                plant.components().len(),
                spans[2].as_secs_f64() * 1e3,
                svg.len() / 1_000,
            );
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn took<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let before = std::time::Instant::now();
    let done = work();
    (before.elapsed(), done)
}

/// Sites with racks of twenty servers, three virtual machines on each, services and customers.
fn text(sites: usize, racks: usize) -> String {
    let mut text =
        "blackstart: 1\nname: drawn\nupstreams: { transit-1: { provides: internet } }\n".to_owned();
    let mut say = |line: String| writeln!(text, "{line}").expect("a String takes all");
    let all_sites = || 1..=sites;
    let all_racks =
        move || all_sites().flat_map(move |site| (1..=racks).map(move |rack| (site, rack)));
    say("sites:".to_owned());
    all_sites().for_each(|site| say(format!("  site-{site}: {{}}")));
    say("feeds:".to_owned());
    for site in all_sites() {
        for side in ["a", "b"] {
            say(format!("  site-{site}-feed-{side}: {{ in: site-{site} }}"));
        }
    }
    say("routers:".to_owned());
    for site in all_sites() {
        let power = format!("{{ any: [site-{site}-feed-a, site-{site}-feed-b] }}");
        say(format!("  core-{site}: {{ in: site-{site}, power: {power}, network: transit-1 }}"));
    }
    say("racks:".to_owned());
    all_racks()
        .for_each(|(site, rack)| say(format!("  rack-{site}-{rack}: {{ in: site-{site} }}")));
    say("pdus:".to_owned());
    for (site, rack) in all_racks() {
        for side in ["a", "b"] {
            let feed = format!("site-{site}-feed-{side}");
            say(format!(
                "  pdu-{site}-{rack}-{side}: {{ in: rack-{site}-{rack}, fed_by: {feed} }}"
            ));
        }
    }
    say("servers:".to_owned());
    for (site, rack) in all_racks() {
        let power = format!("{{ any: [pdu-{site}-{rack}-a, pdu-{site}-{rack}-b] }}");
        say(format!(
            "  server-{site}-{rack}-{{01..20}}: {{ in: rack-{site}-{rack}, power: {power}, network: core-{site} }}"
        ));
    }
    say("vms:".to_owned());
    for (site, rack) in all_racks() {
        for nth in 1..=3 {
            say(format!(
                "  vm-{site}-{rack}-{{01..20}}-{nth}: {{ on: \"server-{site}-{rack}-{{01..20}}\", network: core-{site} }}"
            ));
        }
    }
    say("services:\n  names: { on: server-1-1-01 }".to_owned());
    for (site, rack) in all_racks() {
        say(format!(
            "  web-{site}-{rack}-{{01..20}}: {{ on: \"vm-{site}-{rack}-{{01..20}}-1\", needs: [names] }}"
        ));
    }
    say("customers:".to_owned());
    for (site, rack) in all_racks() {
        say(format!(
            "  customer-{site}-{rack}-{{01..20}}: {{ uses: [\"web-{site}-{rack}-{{01..20}}\"] }}"
        ));
    }
    text
}
