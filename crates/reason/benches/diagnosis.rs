//! How long does it take to say what broke, with a thousand checks failing?
//!
//! On paper: what could have done it is what the failing checks stand on, some tens of things each; the killer
//! sets of a thousand are fifty thousand words. The rest of the plant is met in two places: each of its facts is
//! taken up once (a name looked up in a map, half a microsecond), and the best answers are looked up in the
//! circuit, two nanoseconds a component for 64 of them at once. So 10,000 components are to take milliseconds,
//! and a million some hundreds of them.
//!
//! Plants are halls: a router, two feeds, twenty-five racks of forty servers with a checked service on each. A
//! thousand services fail for one cause or for several. Told are `State::diagnose` (all that is seen, in one
//! diagnosis) and `step` with one more observation (what a server does four times a second in a storm: symptoms,
//! sharing out among incidents, verification, alerts).
//!
//! And before anything breaks: what a batch of counts costs, an answer as before, and a lie that nobody else confirms
//! (a failure, and the good answer after it), each a whole `step`.
//!
//! Prints means of ten; compare within one run, machines are noisy. Time is that of this thread on its core.
//!
//! `cargo bench -p blackstart-reason --bench diagnosis [-- COMPONENTS… WORDS…]`: sizes, and words of
//! the cases; `ups` puts UPS with batteries between feeds and strips.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use blackstart_model::VantageName;
use blackstart_model::observation::{Observation, Outcome, SymptomCode};
use blackstart_model::record::{Counted, Input, PlantSource};
use blackstart_model::time::{SignedDuration, Timestamp};
use blackstart_reason::circuit::{InputId, Subject};
use blackstart_reason::{State, SymptomKey, step};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

const ROUNDS: usize = 10;

/// Racks of a hall, and servers of a rack: a thousand services to a hall.
const RACKS: usize = 25;
const SERVERS: usize = 40;

/// Plants above this are asked of a few causes only: each is loaded anew.
const MANY: usize = 200_000;

/// Components of a hall: the router and two feeds; of each rack itself, two strips, two switches, and the
/// servers with a service each.
const OF_HALL: usize = 3 + RACKS * (5 + 2 * SERVERS);

fn main() {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let sizes: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let named: Vec<&String> = words.iter().filter(|word| word.parse::<usize>().is_err()).collect();
    let with_ups = named.iter().any(|word| *word == "ups");
    let named: Vec<&String> = named.into_iter().filter(|word| *word != "ups").collect();
    let sizes = if sizes.is_empty() { vec![10_000, 100_000, 1_000_000] } else { sizes };
    println!(
        "load before: {}",
        std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim()
    );
    for size in sizes {
        measure(size, with_ups, &|name| {
            named.is_empty() || named.iter().any(|word| name.contains(&**word))
        });
    }
}

/// Milliseconds that this process has been on a core: the first word of `schedstat`, nanoseconds (proc(5)).
fn cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").expect("Linux");
    text.split(' ').next().and_then(|word| word.parse::<f64>().ok()).expect("a number") / 1e6
}

fn measure(components: usize, with_ups: bool, wanted: &dyn Fn(&str) -> bool) {
    let mut first = true;
    let text = plant((components / OF_HALL).max(2), with_ups);
    let racks =
        |count: usize| -> Vec<String> { (0..count).map(|rack| format!("rack-0-{rack}")).collect() };
    let some = |step: usize| -> Vec<String> {
        let each = |at: usize| {
            format!("app-{}-{}-{}", at % 2, (at / 2 + at / 50) % RACKS, at / 50 % SERVERS)
        };
        (0..1_000).step_by(step).map(each).collect()
    };
    for (name, broke) in [
        ("one service", vec!["app-0-0-0".to_owned()]),
        ("a hall's router", vec!["router-0".to_owned()]),
        ("both feeds of a hall", vec!["feed-0-1".to_owned(), "feed-0-2".to_owned()]),
        ("5 racks", racks(5)),
        ("20 racks, one by one", racks(20)),
        ("a router, 5 services elsewhere", [&["router-0".to_owned()], &other(5)[..]].concat()),
        ("20 services", some(50)),
        ("1,000 services, one by one", some(1)),
    ] {
        if components > MANY && broke.len() > 2 || !wanted(name) {
            continue;
        }
        let before = cpu();
        let mut world = World::of(&text);
        if std::mem::take(&mut first) {
            println!(
                "\n{} components, {} checks; loaded and all seen once in {:.0} ms\n  {:<34} {:>8} {:>12} {:>14} {:>10}  first",
                world.state.plant().expect("loaded").components().len(),
                world.keys.len(),
                cpu() - before,
                "what broke",
                "symptoms",
                "diagnose, ms",
                "one more, ms",
                "incidents"
            );
        }
        world.tell(name, &broke);
    }
    if wanted("quiet") {
        World::of(&text).quiet();
    }
}

/// Services of the second hall.
fn other(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("app-1-{at}-{at}")).collect()
}

/// A plant in which everything was seen to work.
struct World {
    state: State,
    now: Timestamp,
    keys: Vec<SymptomKey>,
    inputs: BTreeMap<String, InputId>,
}

impl World {
    fn of(text: &str) -> Self {
        let mut state = State::new();
        let now = "2026-11-21T03:00:00Z".parse().expect("an instant");
        let files = vec![("plant.yaml".to_owned(), text.to_owned())];
        step(&mut state, &Input::PlantLoaded(PlantSource { files }), now);
        let (plant, circuit) = (state.plant().expect("a plant"), state.circuit().expect("one"));
        let keys: Vec<SymptomKey> = circuit
            .sees()
            .iter()
            .map(|sees| {
                let check = plant.checks()[sees.check.index()].key.clone();
                (check, plant.vantage(sees.vantage).name.clone())
            })
            .collect();
        let mut inputs = BTreeMap::new();
        for input in circuit.inputs() {
            if let Subject::Component(id) = circuit.subject(input) {
                inputs.insert(plant.component(id).name.to_string(), input);
            }
        }
        let mut world = Self { state, now, keys, inputs };
        for at in 0..world.keys.len() {
            let input = world.observed(at, true, 1, world.now);
            step(&mut world.state, &input, world.now);
        }
        world
    }

    fn observed(&self, at: usize, up: bool, tries: u32, now: Timestamp) -> Input {
        let (check, vantage) = self.keys[at].clone();
        let outcome =
            if up { Outcome::Up } else { Outcome::down(SymptomCode::ConnectTimeout, "pretended") };
        let failures = outcome.failures_of(tries);
        Input::Observed(Observation {
            check,
            vantage,
            outcome,
            at: now,
            asked: false,
            tries,
            failures,
        })
    }

    /// Says what it costs when nothing breaks.
    fn quiet(mut self) {
        let mut now = later(self.now, 1_000);
        for _ in 0..3 {
            for at in 0..self.keys.len() {
                let input = self.observed(at, true, 1, now);
                step(&mut self.state, &input, now);
            }
            now = later(now, 30_000);
            step(&mut self.state, &Input::Tick, now);
        }
        let counted = Input::Counted(Counted {
            vantage: VantageName::here(),
            tries: 30_000,
            exceptions: Vec::new(),
        });
        let before = cpu();
        for _ in 0..100_000 {
            now = later(now, 30);
            step(&mut self.state, &counted, now);
        }
        let counts = (cpu() - before) * 10.0;
        let again: Vec<Input> =
            (0..self.keys.len()).map(|at| self.observed(at, true, 1, now)).collect();
        let before = cpu();
        for input in again.iter().cycle().take(100_000) {
            now = later(now, 1);
            step(&mut self.state, input, now);
        }
        let as_before = (cpu() - before) * 10.0;
        let mut lies = 0.0;
        let rounds = 10 * ROUNDS;
        for round in 0..rounds {
            let at = round * 7 % self.keys.len();
            for up in [false, true] {
                now = later(now, 20_000);
                let input = self.observed(at, up, 1, now);
                let before = cpu();
                step(&mut self.state, &input, now);
                lies += cpu() - before;
            }
        }
        println!(
            "  quiet: a batch of counts {counts:.0} ns, an answer as before {as_before:.0} ns, a lie that passes {:.2} ms",
            lies / rounds as f64
        );
    }

    /// Breaks these, lets everything be seen, and says how long the judgement takes.
    fn tell(&mut self, name: &str, broke: &[String]) {
        let broken: Vec<InputId> = broke.iter().map(|one| self.inputs[one]).collect();
        let circuit = self.state.circuit().expect("one");
        let under = circuit.under(&broken);
        let down: BTreeSet<usize> =
            (0..self.keys.len()).filter(|&at| !under[circuit.sees()[at].gate.index()]).collect();
        // All at one instant, after which a judgement rests: so the many are judged once and not one by one.
        let mut now = later(self.now, 10_000);
        for at in 0..self.keys.len() {
            let input = self.observed(at, !down.contains(&at), 3, now);
            step(&mut self.state, &input, now);
        }
        now = later(now, 1_000);
        step(&mut self.state, &Input::Tick, now);
        let mut first = String::new();
        let before = cpu();
        for _ in 0..ROUNDS {
            let answer = self.state.diagnose(now);
            first = answer.hypotheses.first().map_or_else(String::new, |best| {
                let names = best.faults.iter().map(|one| one.fault.subject.clone());
                let names: Vec<String> = names.take(3).collect();
                format!("{} of {}: {}", best.faults.len(), broke.len(), names.join(", "))
            });
        }
        let whole = cpu() - before;
        // One more that fails elsewhere, and is up again, and so on.
        let last = self.keys.len() - 1;
        let mut more = 0.0;
        for round in 0..=2 * ROUNDS {
            // A try that waits out its deadline says nothing of a target that answered meanwhile.
            now = later(now, 20_000);
            let input = self.observed(last, round % 2 == 1, 1, now);
            let before = cpu();
            step(&mut self.state, &input, now);
            if round > 0 {
                more += cpu() - before;
            }
        }
        println!(
            "  {name:<34} {:>8} {:>12.1} {:>14.1} {:>12}  {first}",
            down.len(),
            whole / ROUNDS as f64,
            more / (2 * ROUNDS) as f64,
            self.state.incidents().len()
        );
    }
}

fn later(at: Timestamp, milliseconds: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(milliseconds)).expect("in range")
}

fn plant(halls: usize, with_ups: bool) -> String {
    let mut text = "blackstart: 1
here: { at: edge }
upstreams: { t1: { provides: internet }, t2: { provides: internet } }
"
    .to_owned();
    let mut put = |line: std::fmt::Arguments<'_>| text.write_fmt(line).expect("a String");
    put(format_args!("routers:\n  edge: {{ network: {{ any: [t1, t2] }} }}\n"));
    for hall in 0..halls {
        put(format_args!("  router-{hall}: {{ network: edge }}\n"));
    }
    put(format_args!("feeds:\n"));
    for hall in 0..halls {
        put(format_args!("  feed-{hall}-1: {{}}\n  feed-{hall}-2: {{}}\n"));
    }
    let racks = || (0..halls).flat_map(|hall| (0..RACKS).map(move |rack| (hall, rack)));
    put(format_args!("racks:\n"));
    for (hall, rack) in racks() {
        put(format_args!("  rack-{hall}-{rack}: {{}}\n"));
    }
    if with_ups {
        put(format_args!("ups:\n"));
        for (hall, side) in (0..halls).flat_map(|hall| [(hall, 1), (hall, 2)]) {
            put(format_args!(
                "  ups-{hall}-{side}: {{ fed_by: feed-{hall}-{side}, runtime: 10 min }}\n"
            ));
        }
    }
    let feeds = if with_ups { "ups" } else { "feed" };
    put(format_args!("pdus:\n"));
    for (hall, rack) in racks() {
        for side in 1..=2 {
            put(format_args!(
                "  pdu-{hall}-{rack}-{side}: {{ in: rack-{hall}-{rack}, fed_by: {feeds}-{hall}-{side} }}\n"
            ));
        }
    }
    put(format_args!("switches:\n"));
    for (hall, rack) in racks() {
        for side in 1..=2 {
            put(format_args!(
                "  sw-{hall}-{rack}-{side}: {{ in: rack-{hall}-{rack}, network: router-{hall}, \
                 power: pdu-{hall}-{rack}-{side} }}\n"
            ));
        }
    }
    put(format_args!("servers:\n"));
    for (hall, rack) in racks() {
        for server in 0..SERVERS {
            put(format_args!(
                "  srv-{hall}-{rack}-{server}: {{ in: rack-{hall}-{rack}, \
                 power: {{ any: [pdu-{hall}-{rack}-1, pdu-{hall}-{rack}-2] }}, \
                 network: {{ any: [sw-{hall}-{rack}-1, sw-{hall}-{rack}-2] }} }}\n"
            ));
        }
    }
    put(format_args!("services:\n"));
    for (hall, rack) in racks() {
        for server in 0..SERVERS {
            put(format_args!(
                "  app-{hall}-{rack}-{server}: {{ on: srv-{hall}-{rack}-{server}, \
                 checks: [ {{ tcp: '192.0.2.1:80' }} ] }}\n"
            ));
        }
    }
    text
}
