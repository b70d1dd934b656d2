//! Which links lose packets? Localisation from counts, on traces of a fat tree with silent drops.
//!
//! Question: does `reason::lossy` name the lossy links and nobody else (F ≥ 0.99), and in how long (≤ 0.06 s a
//! trace on one core, once it is loaded)? And do its constants hold for other networks, rates and numbers of
//! faults than those of the traces?
//!
//! Method: a trace is a text of flows with the way each took, packets sent and packets lost; the truth is in its
//! `Failing_link` lines, which only the count of hits reads. Links are directed, those between a host and its
//! switch among them. One thread; the time is that of the whole call, on its core, median of five. Then worlds of the same law
//! are made here, always the same: a link is good and loses 0 to 0.01 %, or bad and loses 0.2 to 2 %, ways are
//! drawn at random among the shortest, flows have a Pareto law of packets. Run `cargo run --release -p blackstart-benches
//! --bin flock [-- TRACE…]`; traces are in `../shared/data/flock` unless named, plain or gzipped.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "this program prints a table")]
#![expect(clippy::disallowed_methods, reason = "a benchmark reads clocks")]

use anyhow::{Context as _, Result, bail};
use blackstart_reason::lossy::{Counts, most_believed};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Runs of each localisation.
const ROUNDS: usize = 5;

/// Where the traces are, from the root of the project.
const TRACES: &str = "../shared/data/flock";

/// The odds that a link became lossy, before looking: one in a thousand, a handful among thousands. Chosen by
/// hand, and the same for every trace and every world below.
const PRIOR: f64 = 1e-3;

/// Worlds of each kind.
const WORLDS: u64 = 10;

fn main() -> Result<()> {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("load before: {}", load.trim());
    let mut named: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    let given = !named.is_empty();
    if !given {
        match std::fs::read_dir(TRACES) {
            Ok(entries) => named.extend(
                entries
                    .filter_map(|entry| Some(entry.ok()?.path()))
                    .filter(|path| path.to_string_lossy().contains(".log")),
            ),
            Err(error) => println!("no traces in {TRACES} ({error}): skipped"),
        }
        named.sort();
    }
    if !named.is_empty() {
        header();
        let mut sum = Tally::default();
        for path in &named {
            let before = Instant::now();
            let trace = Trace::read(path)?;
            let loaded = before.elapsed().as_secs_f64();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let tally = trace.judge()?;
            tally.tell(&name, Some((&trace, loaded)));
            sum.add(&tally);
        }
        sum.tell("all", None);
    }
    if !given {
        worlds()?;
    }
    Ok(())
}

/// Seconds that this process has been on a core: the first word of `schedstat`, nanoseconds (proc(5)).
fn cpu() -> Result<f64> {
    let text = std::fs::read_to_string("/proc/self/schedstat")?;
    Ok(text.split(' ').next().context("a word")?.parse::<f64>()? / 1e9)
}

/// Flows as facts about directed links.
#[derive(Default)]
struct Trace {
    tries: Vec<u32>,
    failures: Vec<u32>,
    starts: Vec<usize>,
    links: Vec<u32>,
    names: Vec<(u32, u32)>,
    truth: BTreeSet<(u32, u32)>,
}

impl Trace {
    fn read(path: &Path) -> Result<Self> {
        let mut text = String::new();
        let file = std::fs::File::open(path);
        let mut file = file.with_context(|| format!("could not open {}", path.display()))?;
        if path.extension().is_some_and(|end| end == "gz") {
            flate2::read::GzDecoder::new(file).read_to_string(&mut text)?;
        } else {
            file.read_to_string(&mut text)?;
        }
        Self::of(&text).with_context(|| format!("could not read {}", path.display()))
    }

    /// `FID src dst first last …`, `FPT switch…`, `SS time packets lost …`, one after another for each flow.
    fn of(text: &str) -> Result<Self> {
        let mut trace = Self { starts: vec![0], ..Self::default() };
        let mut numbers: BTreeMap<(u32, u32), u32> = BTreeMap::new();
        let (mut ends, mut way) = (None, Vec::new());
        for (line, at) in text.lines().zip(1..) {
            let mut words = line.split_ascii_whitespace();
            let kind = words.next();
            let mut word = || words.next().with_context(|| format!("line {at} is too short"));
            match kind {
                Some("Failing_link") => {
                    trace.truth.insert((word()?.parse()?, word()?.parse()?));
                }
                Some("FID") => ends = Some((word()?.parse::<u32>()?, word()?.parse::<u32>()?)),
                Some("FPT") => {
                    let (from, to) = ends.with_context(|| format!("line {at} has no flow"))?;
                    way.clear();
                    way.push(from);
                    for word in words {
                        way.push(word.parse()?);
                    }
                    way.push(to);
                }
                Some("SS") => {
                    let _time = word()?;
                    let (packets, lost): (u32, u32) = (word()?.parse()?, word()?.parse()?);
                    if way.is_empty() {
                        bail!("line {at}: a flow without a way");
                    }
                    for link in way.windows(2) {
                        let link = (link[0], link[1]);
                        let new = u32::try_from(trace.names.len())?;
                        let number = *numbers.entry(link).or_insert_with(|| {
                            trace.names.push(link);
                            new
                        });
                        trace.links.push(number);
                    }
                    trace.put(packets, lost);
                    way.clear();
                }
                // Ways that were possible, and what else a trace may hold.
                _ => {}
            }
        }
        Ok(trace)
    }

    /// Ends a flow whose links are put already.
    fn put(&mut self, packets: u32, lost: u32) {
        self.tries.push(packets);
        self.failures.push(lost.min(packets));
        self.starts.push(self.links.len());
    }

    fn judge(&self) -> Result<Tally> {
        let log_priors = vec![PRIOR.ln(); self.names.len()];
        let counts = Counts {
            tries: &self.tries,
            failures: &self.failures,
            starts: &self.starts,
            candidates: &self.links,
            log_priors: &log_priors,
        };
        let mut spans = Vec::new();
        let mut named = BTreeSet::new();
        for _ in 0..ROUNDS {
            let before = cpu()?;
            let believed = most_believed(counts, 0)?;
            spans.push(cpu()? - before);
            named = believed.flaky.iter().map(|one| self.names[one.candidate as usize]).collect();
        }
        spans.sort_by(f64::total_cmp);
        let right = named.intersection(&self.truth).count();
        Ok(Tally {
            right,
            wrong: named.len() - right,
            missed: self.truth.len() - right,
            seconds: spans[ROUNDS / 2],
            slowest: spans[ROUNDS / 2],
            traces: 1,
        })
    }
}

/// What was named, and in how long.
#[derive(Clone, Copy, Default)]
struct Tally {
    right: usize,
    wrong: usize,
    missed: usize,
    seconds: f64,
    slowest: f64,
    traces: usize,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.right += other.right;
        self.wrong += other.wrong;
        self.missed += other.missed;
        self.seconds += other.seconds;
        self.slowest = self.slowest.max(other.slowest);
        self.traces += other.traces;
    }

    /// A share of nothing is whole: who had nothing to name and named nothing was right.
    fn share(part: usize, whole: usize) -> f64 {
        if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
    }

    fn tell(&self, name: &str, of: Option<(&Trace, f64)>) {
        let precision = Self::share(self.right, self.right + self.wrong);
        let recall = Self::share(self.right, self.right + self.missed);
        let f = Self::share(2 * self.right, 2 * self.right + self.wrong + self.missed);
        let (links, flows, load) = match of {
            Some((trace, loaded)) => (
                trace.names.len().to_string(),
                trace.tries.len().to_string(),
                format!("{:.0}", loaded * 1e3),
            ),
            None => Default::default(),
        };
        println!(
            "{name:<42} {links:>6} {flows:>7} {:>6} {:>5} {:>6} {precision:>9.3} {recall:>6.3} {f:>6.3} {load:>7} {:>7.1} {:>7.1}",
            self.right + self.missed,
            self.wrong,
            self.missed,
            self.seconds / self.traces.max(1) as f64 * 1e3,
            self.slowest * 1e3
        );
    }
}

fn header() {
    println!(
        "\n{:<42} {:>6} {:>7} {:>6} {:>5} {:>6} {:>9} {:>6} {:>6} {:>7} {:>7} {:>7}",
        "trace",
        "links",
        "flows",
        "faults",
        "wrong",
        "missed",
        "precision",
        "recall",
        "F",
        "load ms",
        "ms",
        "slowest"
    );
}

/// Where hosts hang, and between which switches there are cables.
#[derive(Clone, Copy)]
enum Shape {
    /// Pods of k/2 edges and k/2 aggregates, k²/4 cores, so many hosts to an edge (Al-Fares, Loukissas and Vahdat 2008).
    FatTree { ports: u32, hosts: u32 },
    /// Each leaf has a cable to each spine.
    LeafSpine { leaves: u32, spines: u32, hosts: u32 },
}

/// One kind of world.
struct Law {
    name: &'static str,
    shape: Shape,
    flows: usize,
    faults: usize,
    /// The most a good link loses.
    good: f64,
    /// What a bad one loses, from, to.
    bad: (f64, f64),
    /// The fewest packets of a flow; the median is some twice as many.
    packets: f64,
}

fn worlds() -> Result<()> {
    let usual = || Law {
        name: "",
        shape: Shape::FatTree { ports: 10, hosts: 15 },
        flows: 75_000,
        faults: 6,
        good: 1e-4,
        bad: (2e-3, 2e-2),
        packets: 7.0,
    };
    let small = Shape::FatTree { ports: 8, hosts: 6 };
    let spine = Shape::LeafSpine { leaves: 32, spines: 8, hosts: 20 };
    let laws = [
        Law { name: "as the traces, no fault", faults: 0, ..usual() },
        Law { name: "as the traces, 1 fault", faults: 1, ..usual() },
        Law { name: "as the traces, 2 faults", faults: 2, ..usual() },
        Law { name: "as the traces, 4 faults", faults: 4, ..usual() },
        Law { name: "as the traces, 8 faults", faults: 8, ..usual() },
        Law { name: "as the traces, 12 faults", faults: 12, ..usual() },
        Law { name: "as the traces, 30 faults", faults: 30, ..usual() },
        Law { name: "a third of the flows, 6 faults", flows: 25_000, ..usual() },
        Law { name: "flows 4 x as long, 6 faults", packets: 28.0, ..usual() },
        Law { name: "flows 30 x as long, 6 faults", packets: 210.0, ..usual() },
        Law { name: "fat tree of 80 switches, 6 faults", shape: small, flows: 30_000, ..usual() },
        Law { name: "leaves and spines, 6 faults", shape: spine, flows: 60_000, ..usual() },
        Law { name: "bad lose 5 to 50 %, 6 faults", bad: (5e-2, 0.5), ..usual() },
        Law { name: "bad lose all, 6 faults", bad: (1.0, 1.0), ..usual() },
        Law {
            name: "good lose up to 0.1 %, bad 1 to 5 %",
            good: 1e-3,
            bad: (1e-2, 5e-2),
            ..usual()
        },
        Law { name: "good lose nothing, 6 faults", good: 0.0, ..usual() },
    ];
    println!("\nworlds made here, {WORLDS} of each kind");
    header();
    for law in &laws {
        let mut sum = Tally::default();
        for seed in 0..WORLDS {
            sum.add(&world(law, seed).judge()?);
        }
        sum.tell(law.name, None);
    }
    Ok(())
}

fn world(law: &Law, seed: u64) -> Trace {
    let mut chance = Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ law.faults as u64);
    let mut trace = Trace { starts: vec![0], ..Trace::default() };
    let mut numbers: BTreeMap<(u32, u32), u32> = BTreeMap::new();
    let mut rates: Vec<f64> = Vec::new();
    let mut ways: Vec<(Vec<u32>, u32)> = Vec::new();
    for _ in 0..law.flows {
        let way = law.shape.way(&mut chance);
        let mut own = Vec::new();
        for link in way.windows(2) {
            let link = (link[0], link[1]);
            own.push(*numbers.entry(link).or_insert_with(|| {
                trace.names.push(link);
                rates.push(chance.share() * law.good);
                (rates.len() - 1) as u32
            }));
        }
        // Pareto with a shape of 1.07, as the traces have it, up to fifty thousand times the least.
        let packets = law.packets * (chance.share() + 1e-7).powf(-1.0 / 1.07).min(5e3);
        ways.push((own, packets as u32));
    }
    while trace.truth.len() < law.faults {
        let link = chance.below(rates.len() as u32) as usize;
        if trace.truth.insert(trace.names[link]) {
            rates[link] = law.bad.0 + chance.share() * (law.bad.1 - law.bad.0);
        }
    }
    for (way, packets) in ways {
        let through: f64 = way.iter().map(|&link| 1.0 - rates[link as usize]).product();
        trace.links.extend_from_slice(&way);
        trace.put(packets, chance.binomial(packets, 1.0 - through));
    }
    trace
}

impl Shape {
    /// From a host over one of the shortest ways to a host at another switch.
    fn way(self, chance: &mut Chance) -> Vec<u32> {
        const HOSTS: u32 = 10_000;
        match self {
            Self::FatTree { ports, hosts } => {
                let half = ports / 2;
                let (cores, edges) = (half * half, ports * half);
                let edge = |at: u32| cores + at;
                let aggregate = |pod: u32, at: u32| cores + edges + pod * half + at;
                let (from, to) = chance.two_below(edges * hosts);
                let (a, b) = (from / hosts, to / hosts);
                let mut way = vec![HOSTS + from, edge(a)];
                if a != b {
                    let (pod_a, pod_b) = (a / half, b / half);
                    let at = chance.below(half);
                    way.push(aggregate(pod_a, at));
                    if pod_a != pod_b {
                        way.extend([at * half + chance.below(half), aggregate(pod_b, at)]);
                    }
                    way.push(edge(b));
                }
                way.push(HOSTS + to);
                way
            }
            Self::LeafSpine { leaves, spines, hosts } => {
                let (from, to) = chance.two_below(leaves * hosts);
                let (a, b) = (from / hosts, to / hosts);
                let mut way = vec![HOSTS + from, spines + a];
                if a != b {
                    way.extend([chance.below(spines), spines + b]);
                }
                way.push(HOSTS + to);
                way
            }
        }
    }
}

/// Draws that are the same each time (splitmix64, Steele, Lea and Flood 2014).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// At least 0, less than 1.
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, bound: u32) -> u32 {
        (self.share() * f64::from(bound)) as u32
    }

    /// Two that are not the same.
    fn two_below(&mut self, bound: u32) -> (u32, u32) {
        let (one, other) = (self.below(bound), self.below(bound - 1));
        (one, other + u32::from(other >= one))
    }

    /// How many of `tries` fail, by leaps from one failure to the next.
    fn binomial(&mut self, tries: u32, rate: f64) -> u32 {
        if rate <= 0.0 {
            return 0;
        }
        if rate >= 1.0 {
            return tries;
        }
        let (mut at, mut failures) = (0.0, 0);
        loop {
            at += 1.0 + ((1.0 - self.share()).ln() / (-rate).ln_1p()).floor();
            if at > f64::from(tries) {
                return failures;
            }
            failures += 1;
        }
    }
}
