//! How long do all single faults of a million components take, and how long does one scenario?
//!
//! On paper: a million components make a few million gates and some ten million edges of four bytes; every
//! killer set is written once and read a few times, a few million elements in all: some hundred megabytes
//! of memory traffic at some gigabytes each second, tens of milliseconds. A pass of 512 scenarios moves 64
//! bytes for each gate and each edge; nothing can be faster than moving them in order.
//!
//! The peer is `circuit.c`: the same questions over the same arrays in a plain C loop, compiled here with
//! `cc -O2`, in the same run, interleaved. Both must come to the same sets. Prints medians of five and ratios;
//! compare within one run, machines are noisy.
//!
//! `cargo bench -p blackstart-reason --bench circuit [-- COMPONENTS]`

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark measures time and prints it"
)]

use blackstart_model::plant::{Replug, Role};
use blackstart_model::{ComponentId, plantfile};
use blackstart_reason::circuit::{Circuit, Gate, GateId, InputId, Killers};
use blackstart_reason::structure::Draft;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 5;

fn main() {
    let components: usize =
        std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    println!(
        "load before: {}",
        std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim()
    );
    for vantages in [0, 3] {
        measure(components, vantages);
    }
    edits();
}

fn measure(components: usize, vantages: usize) {
    let text = plant(components, vantages);
    let (plant, findings) = plantfile::parse_str(&text);
    let plant = plant.unwrap_or_else(|| panic!("{findings:#?}"));
    drop(text);
    let before = Instant::now();
    let circuit = Circuit::of(&plant);
    let compiled = before.elapsed();
    let inputs = circuit.subjects().len();
    let edges: usize = circuit.gates().map(|gate| children(&circuit, gate).len()).sum();
    println!(
        "\n{} components, {vantages} vantages: {} gates, {edges} edges, compiled in {:.0} ms",
        plant.components().len(),
        circuit.len(),
        ms(compiled)
    );

    let folder = tempfile::tempdir().expect("a temporary folder");
    let (arrays, peer) = (folder.path().join("arrays"), folder.path().join("circuit"));
    write_arrays(&circuit, &plant, edges, &arrays);
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/circuit.c");
    let built = Command::new("cc").args(["-O2", "-o"]).arg(&peer).arg(source).status();
    assert!(built.is_ok_and(|status| status.success()), "cc has to build the peer");
    let mut child = Command::new(&peer)
        .arg(&arrays)
        .arg(ROUNDS.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the peer starts");
    // Each of the peer's rounds is waited for before ours begins, so the two never run together.
    let mut said = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut next = || -> Vec<u64> {
        let line = said.next().expect("a round").expect("a line");
        line.split(' ').skip(1).map(|word| word.parse().expect("a number")).collect()
    };

    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let (mut elements, mut bytes) = (0, 0);
    for _ in 0..ROUNDS {
        let [killers_ns, blasts_ns, peer_elements, peer_sum] = next()[..] else {
            panic!("four figures")
        };
        theirs.push((killers_ns, blasts_ns));
        let before = Instant::now();
        let killers = Killers::of(&circuit).expect("it fits");
        let between = Instant::now();
        let blasts = killers.blasts(&circuit);
        let after = Instant::now();
        ours.push((ns(between - before), ns(after - between)));
        (elements, bytes) = (killers.elements(), killers.bytes());
        assert_eq!(elements as u64, peer_elements, "both come to the same sets");
        let sum = (0..inputs).fold(0_u64, |sum, at| {
            let at = u32::try_from(at).expect("inputs fit u32");
            sum.wrapping_mul(31).wrapping_add(blasts.of(InputId::from_index(at)).len() as u64)
        });
        assert_eq!(sum, peer_sum, "both come to the same radii");
    }
    row("killer sets", &ours, &theirs, |one| one.0);
    row("blast radii", &ours, &theirs, |one| one.1);
    row("both", &ours, &theirs, |one| one.0 + one.1);
    println!("  {elements} elements, {:.0} MB", bytes as f64 / 1e6);

    let mut values = Vec::new();
    let faults: Vec<(InputId, [u64; 8])> = (0..u32::try_from(inputs).expect("inputs fit u32"))
        .map(|at| {
            let mut lanes = [0_u64; 8];
            lanes[at as usize / 64 % 8] = 1 << (at % 64);
            (InputId::from_index(at), lanes)
        })
        .collect();
    let (mut ours, mut theirs, mut bound) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        theirs.push((next()[0], 0));
        circuit.evaluate(&faults, &mut values);
        let before = Instant::now();
        circuit.evaluate_again(&mut values);
        ours.push((ns(before.elapsed()), 0));
        bound.push(bandwidth_bound(circuit.len() - inputs, edges, &values));
    }
    row("512 scenarios", &ours, &theirs, |one| one.0);
    bound.sort_unstable();
    let own = median(&ours, |one| one.0);
    println!(
        "  {:.2} ns per component per 64; moving the same bytes in order takes {:.1} ms: {:.2} x of that bound",
        own / plant.components().len() as f64 / 8.0,
        bound[ROUNDS / 2] as f64 / 1e6,
        own / bound[ROUNDS / 2] as f64
    );
    child.wait().expect("the peer ends");
}

/// How long one cord moved takes on a hundred thousand components, beside compiling and judging all of it.
fn edits() {
    let (plant, _) = plantfile::parse_str(&plant(100_000, 0));
    let plant = plant.expect("a plant");
    let id = |name: String| plant.find(&name).expect("it is in the plant");
    let cord = |of: String, from: String, to: String| Replug {
        of: id(of),
        role: Role::Power,
        from: id(from),
        to: id(to),
    };
    let server = |turn: usize, from: usize| {
        let at = |pdu| format!("pdu-{turn}-{pdu}");
        cord(format!("s-{turn}-7"), at(from), at(3 - from))
    };
    println!("\none cord moved, {} components", plant.components().len());
    let before = Instant::now();
    let mut draft = Draft::of((*plant).clone()).expect("it fits");
    println!("  beginning a draft: {:.1} ms", ms(before.elapsed()));
    let mut time = |what: &str, edit: &dyn Fn(usize) -> Replug| {
        let mut spans: Vec<u64> = (0..9)
            .map(|turn| {
                let edit = edit(turn);
                let before = Instant::now();
                let change = draft.replug(edit).expect("it can be moved");
                let took = ns(before.elapsed());
                std::hint::black_box(change);
                took
            })
            .collect();
        spans.sort_unstable();
        println!(
            "  {what:<34} {:>6.2} ms, the slowest {:>6.2} ms",
            spans[4] as f64 / 1e6,
            spans[8] as f64 / 1e6
        );
    };
    time("a server's", &|turn| server(turn + 1, 1));
    time("a switch's", &|turn| {
        cord(format!("sw-{turn}-1"), format!("pdu-{turn}-1"), format!("pdu-{turn}-2"))
    });
    time("a hall's router's", &|turn| {
        let (from, to) = (1 + turn % 2, 2 - turn % 2);
        cord("r-0-1".to_owned(), format!("ups-0-{from}"), format!("ups-0-{to}"))
    });
    let before = Instant::now();
    let circuit = Circuit::of(&plant);
    let compiled = before.elapsed();
    let killers = Killers::of(&circuit).expect("it fits");
    println!(
        "  the whole: compiled in {:.1} ms, judged in {:.1} ms",
        ms(compiled),
        ms(before.elapsed() - compiled)
    );
    std::hint::black_box(killers.blasts(&circuit));
}

/// How long it takes to read a row of 64 bytes for each edge and write one for each gate, in order.
fn bandwidth_bound(gates: usize, edges: usize, values: &[[u64; 8]]) -> u64 {
    let mut written = vec![[0_u64; 8]; gates];
    // Touched before, so that no page is made while the clock runs.
    written.fill([1; 8]);
    let before = Instant::now();
    let mut left = edges;
    let mut sum = [0_u64; 8];
    while left > 0 {
        let now = left.min(values.len());
        for row in &values[..now] {
            for (sum, word) in sum.iter_mut().zip(row) {
                *sum ^= word;
            }
        }
        left -= now;
    }
    written.fill(sum);
    let took = ns(before.elapsed());
    std::hint::black_box(&written);
    took
}

fn row(what: &str, ours: &[(u64, u64)], theirs: &[(u64, u64)], figure: fn(&(u64, u64)) -> u64) {
    let (own, peer) = (median(ours, figure), median(theirs, figure));
    println!(
        "  {what:<16} {:>8.1} ms, plain C {:>8.1} ms: {:.2} x",
        own / 1e6,
        peer / 1e6,
        own / peer
    );
}

fn median(of: &[(u64, u64)], figure: fn(&(u64, u64)) -> u64) -> f64 {
    let mut figures: Vec<u64> = of.iter().map(figure).collect();
    figures.sort_unstable();
    figures[figures.len() / 2] as f64
}

fn ns(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).expect("not centuries")
}

fn ms(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

fn children(circuit: &Circuit, gate: GateId) -> &[GateId] {
    match circuit.gate(gate) {
        Gate::Input(_) => &[],
        Gate::And(of) | Gate::Or(of) | Gate::AtLeast(_, of) => of,
    }
}

/// The arrays as the peer reads them: words of 32 bits.
fn write_arrays(
    circuit: &Circuit,
    plant: &blackstart_model::Plant,
    edges: usize,
    to: &std::path::Path,
) {
    let word = |number: usize| u32::try_from(number).expect("it fits u32");
    let components = plant.components().len();
    let mut words =
        vec![word(circuit.subjects().len()), word(circuit.len()), word(edges), word(components)];
    words.extend(circuit.gates().map(|gate| match circuit.gate(gate) {
        Gate::Input(_) => 0,
        Gate::And(_) => 1,
        Gate::Or(_) => 2,
        Gate::AtLeast(k, _) => 3 | k << 2,
    }));
    let mut start = 0;
    words.push(0);
    for gate in circuit.gates() {
        start += children(circuit, gate).len();
        words.push(word(start));
    }
    for gate in circuit.gates() {
        words.extend(children(circuit, gate).iter().map(|child| word(child.index())));
    }
    words.extend((0..word(components)).map(|at| word(circuit.usable(ComponentId(at)).index())));
    let mut file = std::io::BufWriter::new(std::fs::File::create(to).expect("a file"));
    for word in words {
        file.write_all(&word.to_ne_bytes()).expect("written");
    }
    file.flush().expect("written");
}

/// A hosting company of about so many components: halls of 64 racks, each with two power strips from two
/// UPS, two switches under two routers, forty servers with two cords and two uplinks, and on each server
/// a few machines with a service each; a customer for every fourth service.
fn plant(components: usize, vantages: usize) -> String {
    let mut text =
        "blackstart: 1\nupstreams: { t1: { provides: internet }, t2: { provides: internet } }\n"
            .to_owned();
    let per_rack = 1 + 2 + 2 + 40 * (1 + 4 + 4 + 1);
    let racks = (components / per_rack).max(1);
    let halls = racks.div_ceil(64);
    for vantage in 0..vantages {
        writeln!(
            text,
            "{}  v{vantage}: {{ agent: v{vantage} }}",
            if vantage == 0 { "vantages:\n" } else { "" }
        )
        .expect("a String");
    }
    let mut section = |name: &str, line: &dyn Fn(usize, &mut String), count: usize| {
        writeln!(text, "{name}:").expect("a String");
        for at in 0..count {
            line(at, &mut text);
        }
    };
    let put =
        |text: &mut String, line: std::fmt::Arguments<'_>| text.write_fmt(line).expect("a String");
    section(
        "feeds",
        &|hall, text| put(text, format_args!("  feed-{hall}-{{1..2}}: {{}}\n")),
        halls,
    );
    section(
        "ups",
        &|hall, text| {
            put(text, format_args!("  ups-{hall}-{{1..2}}: {{ fed_by: 'feed-{hall}-{{1..2}}' }}\n"))
        },
        halls,
    );
    section(
        "routers",
        &|hall, text| {
            put(
                text,
                format_args!(
                    "  r-{hall}-{{1..2}}: {{ network: {{ any: [t1, t2] }}, power: {{ any: [ups-{hall}-1, ups-{hall}-2] }} }}\n"
                ),
            )
        },
        halls,
    );
    section("racks", &|rack, text| put(text, format_args!("  rack-{rack}: {{}}\n")), racks);
    section(
        "pdus",
        &|rack, text| {
            put(
                text,
                format_args!(
                    "  pdu-{rack}-{{1..2}}: {{ in: rack-{rack}, fed_by: 'ups-{}-{{1..2}}' }}\n",
                    rack / 64
                ),
            )
        },
        racks,
    );
    section(
        "switches",
        &|rack, text| {
            let hall = rack / 64;
            put(
                text,
                format_args!(
                    "  sw-{rack}-{{1..2}}: {{ in: rack-{rack}, power: 'pdu-{rack}-{{1..2}}', network: {{ any: [r-{hall}-1, r-{hall}-2] }} }}\n"
                ),
            );
        },
        racks,
    );
    section(
        "servers",
        &|rack, text| {
            put(
                text,
                format_args!(
                    "  s-{rack}-{{0..39}}: {{ in: rack-{rack}, power: {{ any: [pdu-{rack}-1, pdu-{rack}-2] }}, network: {{ any: [sw-{rack}-1, sw-{rack}-2] }} }}\n"
                ),
            );
        },
        racks,
    );
    section(
        "vms",
        &|rack, text| {
            for server in 0..40 {
                put(
                    text,
                    format_args!("  vm-{rack}-{server}-{{0..3}}: {{ on: s-{rack}-{server} }}\n"),
                );
            }
        },
        racks,
    );
    let from: Vec<String> = (0..vantages).map(|vantage| format!("v{vantage}")).collect();
    let checks = if vantages == 0 {
        String::new()
    } else {
        format!(", checks: {{ tcp: '192.0.2.1:80', from: [{}] }}", from.join(", "))
    };
    section(
        "services",
        &|rack, text| {
            for server in 0..40 {
                put(
                    text,
                    format_args!(
                        "  web-{rack}-{server}-{{0..3}}: {{ on: 'vm-{rack}-{server}-{{0..3}}'{checks} }}\n"
                    ),
                );
            }
        },
        racks,
    );
    section(
        "customers",
        &|rack, text| {
            for server in 0..40 {
                put(text, format_args!("  c-{rack}-{server}: {{ uses: web-{rack}-{server}-0 }}\n"));
            }
        },
        racks,
    );
    text
}
