//! `cutsets`: which smallest sets of faults bring something down.
//!
//! Asked of a component of a plant, or of an Open-PSA file. Everything is counted, a few sets are written out.
//! What is not exact is said to be so, and no number stands in its place.

mod json;

use crate::exit::Exit;
use crate::{Format, findings, named, output};
use anyhow::Context as _;
use blackstart_model::finding::{Finding, Severity};
use blackstart_model::mef;
use blackstart_model::quantity::Range;
use blackstart_reason::circuit::{Circuit, Subject};
use blackstart_reason::faulttree::{
    self, Answer, Extent, FaultTree, Importance, Kind, Limits, Literal, Natural, Op, Probability,
    Progress, Question, Unsure, Wanted,
};
use blackstart_reason::rates;
use blackstart_server::plant_files;
use clap::CommandFactory as _;
use clap::error::ErrorKind;
use std::fmt::Write as _;
use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Bytes of an Open-PSA file: more than its reader takes, so that it says so itself.
const BYTES_MAX: u64 = 130 << 20;

/// Events without a probability that are named to a person.
const NAMED_MAX: usize = 8;

/// Rows of importance shown to a person.
const ROWS_MAX: usize = 30;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The plant, or an Open-PSA file (`*.xml`).
    model: PathBuf,
    /// Of a plant: the component that is not to fail.
    component: Option<String>,
    /// Of a plant: ask what stops the component from working, reachable or not, instead of from being
    /// usable where it is used.
    #[arg(long, requires = "component")]
    works: bool,
    /// Of an Open-PSA file: the gate that is asked about; the one that is part of no other, if there is one.
    #[arg(long, value_name = "GATE", conflicts_with = "component")]
    top: Option<String>,
    /// Only sets of at most so many events.
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    order: Option<u32>,
    /// Sets written out, smaller ones first.
    #[arg(long, value_name = "N", default_value_t = 20)]
    list: usize,
    /// Importance of each event: Birnbaum, Fussell-Vesely, risk achievement and reduction worth.
    #[arg(long)]
    importance: bool,
    /// Prime implicants however many, where the tree is not coherent.
    #[arg(long, conflicts_with = "order")]
    primes: bool,
    /// Nodes that one diagram may have; a million take about 60 MB.
    #[arg(long, value_name = "N", default_value_t = Limits::default().nodes_max)]
    nodes_max: usize,
    /// Steps that may be taken for diagrams, and half as many for sets; a second is about ten million.
    #[arg(long, value_name = "N", default_value_t = Limits::default().steps_max)]
    steps_max: u64,
    /// Write the tree to this file, in the Open-PSA format.
    #[arg(long, value_name = "FILE")]
    export: Option<PathBuf>,
}

/// A tree, and what it is about.
struct Asked {
    tree: FaultTree,
    model: String,
    top: String,
    files: Vec<(String, String)>,
    findings: Vec<Finding>,
}

pub(crate) fn run(arguments: &Arguments, format: Format) -> anyhow::Result<Exit> {
    let asked = match &arguments.component {
        Some(component) => of_plant(arguments, component, format)?,
        None => of_file(arguments, format)?,
    };
    let Some(asked) = asked else { return Ok(Exit::Findings(Severity::Error)) };
    if let Some(path) = &arguments.export {
        let text = mef::print(&asked.tree.to_model(&asked.top));
        std::fs::write(path, text)
            .with_context(|| format!("could not write {}", path.display()))?;
    }
    let question = Question {
        wanted: if arguments.primes { Wanted::Primes } else { Wanted::Sets },
        order_max: arguments.order,
        limits: Limits { nodes_max: arguments.nodes_max, steps_max: arguments.steps_max },
    };
    let mut progress = Shown { is_terminal: std::io::stderr().is_terminal(), was_shown: false };
    let answer =
        faulttree::analyse_telling(&asked.tree, &question, &mut |told| progress.show(told));
    progress.clear();
    match format {
        Format::Human => output::say(&human(&asked, &answer, arguments)),
        Format::Json => output::say(&json::json(&asked, &answer, arguments)?),
    }
    Ok(Exit::Fine)
}

/// What is said while a person waits; nothing for what is done at once.
struct Shown {
    is_terminal: bool,
    was_shown: bool,
}

impl Shown {
    /// Steps from which on a module is worth a word: about a tenth of a second.
    const TOLD_FROM: u64 = 1_000_000;

    fn show(&mut self, Progress { module, of, steps }: Progress) {
        if self.is_terminal && steps >= Self::TOLD_FROM {
            self.was_shown = true;
            let mut err = std::io::stderr().lock();
            let steps = steps / 1_000_000;
            let _ = write!(err, "\rmodule {module} of {of}: {steps} million steps for each order ");
        }
    }

    fn clear(&self) {
        if self.was_shown {
            let _ = write!(std::io::stderr().lock(), "\r\u{1b}[K");
        }
    }
}

fn of_plant(
    arguments: &Arguments,
    component: &str,
    format: Format,
) -> anyhow::Result<Option<Asked>> {
    let found = plant_files::find(&arguments.model)?;
    let files = found.source.files;
    let Some(plant) = found.plant else {
        refuse(&files, &found.findings, format)?;
        return Ok(None);
    };
    let id = named::component(&plant, component)?;
    let circuit = Circuit::of(&plant);
    let gate = if arguments.works { circuit.works(id) } else { circuit.usable(id) };
    let tree = FaultTree::of_failure(&circuit, &plant, gate, |subject: Subject| {
        let Range { min, max } = rates::unavailability(&plant, subject);
        Some((min, max))
    });
    let how = if arguments.works { "down" } else { "not usable" };
    Ok(Some(Asked {
        tree,
        model: plant.name().to_owned(),
        top: format!("{component} {how}"),
        files,
        findings: found.findings,
    }))
}

fn of_file(arguments: &Arguments, format: Format) -> anyhow::Result<Option<Asked>> {
    let path = &arguments.model;
    if path.is_dir() || path.extension().is_some_and(|end| end == "yaml" || end == "yml") {
        crate::Arguments::command()
            .error(ErrorKind::MissingRequiredArgument, "say which component of the plant is meant")
            .exit()
    }
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let (text, (model, findings)) = match String::from_utf8(read(path)?) {
        Ok(text) => {
            let parsed = mef::parse(&text);
            (text, parsed)
        }
        Err(error) => {
            (String::new(), (None, vec![mef::not_utf8(error.utf8_error().valid_up_to())]))
        }
    };
    let files = vec![(name, text)];
    let Some(model) = model else {
        refuse(&files, &findings, format)?;
        return Ok(None);
    };
    let top = match model.top(arguments.top.as_deref()) {
        Ok(top) => top,
        Err(refused) => {
            refuse(&files, &[refused], format)?;
            return Ok(None);
        }
    };
    let tree = FaultTree::of_model(&model, top);
    let top = model.gates[top].name.clone().unwrap_or_default();
    Ok(Some(Asked { tree, model: model.name, top, files, findings }))
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let could_not = || format!("could not read {}", path.display());
    let file = std::fs::File::open(path).with_context(could_not)?;
    let mut bytes = Vec::new();
    file.take(BYTES_MAX).read_to_end(&mut bytes).with_context(could_not)?;
    Ok(bytes)
}

fn refuse(files: &[(String, String)], found: &[Finding], format: Format) -> anyhow::Result<()> {
    match format {
        Format::Human => output::say(&findings::render(files, found)),
        Format::Json => output::say(&findings::json(files, found)?),
    }
    Ok(())
}

fn gates(tree: &FaultTree) -> usize {
    let is_gate = |op| !matches!(op, Op::Event(_) | Op::House(_));
    tree.nodes().filter(|&node| is_gate(tree.op(node))).count()
}

fn kind_of(answer: &Answer) -> &'static str {
    match answer.kind {
        Kind::MinimalCutSets => "minimal cut sets",
        Kind::PrimeImplicants => "prime implicants",
    }
}

fn human(asked: &Asked, answer: &Answer, arguments: &Arguments) -> String {
    let Asked { tree, model, top, files, findings: found } = asked;
    let mut text = findings::render(files, found);
    let _ = writeln!(
        text,
        "{top} ({model}): {} gates, {} basic events, {} modules",
        gates(tree),
        tree.events().len(),
        answer.modules
    );
    let kind = kind_of(answer);
    let count = grouped(&answer.count());
    match answer.extent {
        Extent::Complete => {
            let _ = writeln!(text, "{count} {kind}; complete");
        }
        Extent::Orders(0) => {
            let _ = writeln!(text, "no {kind} within the limits: not even those of order 1");
        }
        Extent::Orders(order) => {
            let _ = writeln!(
                text,
                "{count} {kind} of orders up to {order} only; of larger ones nothing is said"
            );
        }
    }
    if !answer.coherent {
        text += match answer.kind {
            Kind::PrimeImplicants => "the tree is not coherent: `!` marks what must not happen\n",
            Kind::MinimalCutSets if arguments.primes || answer.extent != Extent::Complete => {
                "the tree is not coherent: these are enough when nothing else happens\n"
            }
            Kind::MinimalCutSets => {
                "the tree is not coherent: these are enough when nothing else happens; \
                 `--primes` asks for its prime implicants\n"
            }
        };
    }
    for (order, count) in answer.orders.iter().enumerate() {
        if *count != Natural::default() {
            let _ = writeln!(text, "  order {order:>3} {:>20}", grouped(count));
        }
    }
    text += &probability(tree, &answer.probability);
    text += &sets(tree, answer, arguments.list);
    if arguments.importance {
        text += &importance(tree, answer.importance().as_deref());
    }
    text
}

/// A number with its thousands apart.
fn grouped(number: &Natural) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn probability(tree: &FaultTree, probability: &Probability) -> String {
    match probability {
        Probability::Exact(exact) => format!("probability {exact:.6e}, exact\n"),
        Probability::Between(lower, upper, why) => {
            format!(
                "probability unknown, between {lower:.6e} and {upper:.6e}: {}\n",
                unsure(tree, why)
            )
        }
    }
}

fn unsure(tree: &FaultTree, why: &Unsure) -> String {
    match why {
        Unsure::Missing(events) => {
            let name = |&event: &u32| tree.events()[event as usize].name.as_str();
            let mut names: Vec<&str> = events.iter().take(NAMED_MAX).map(name).collect();
            if events.len() > NAMED_MAX {
                names.push("…");
            }
            let count = events.len();
            format!("{count} events have no probability ({})", names.join(", "))
        }
        Unsure::Ranges(count) => {
            format!("of {count} events only a range is known; see `availability`")
        }
        Unsure::Limits => "the limits did not allow an exact one".to_owned(),
    }
}

fn sets(tree: &FaultTree, answer: &Answer, list: usize) -> String {
    let sets = answer.sets(list);
    let mut text = String::new();
    if !sets.is_empty() {
        text += if sets.len() == 1 { "the first set:\n" } else { "the first sets:\n" };
    }
    for set in &sets {
        let name = |literal: &Literal| {
            let name = &tree.events()[literal.event as usize].name;
            if literal.happens { name.clone() } else { format!("!{name}") }
        };
        let names: Vec<String> = set.iter().map(name).collect();
        let names =
            if names.is_empty() { "(it is so already)".to_owned() } else { names.join(", ") };
        let _ = writeln!(text, "  {names}");
    }
    text
}

fn importance(tree: &FaultTree, importance: Option<&[Importance]>) -> String {
    let Some(importance) = importance else {
        return "importance is known only where the probability is, and is not zero\n".to_owned();
    };
    let names = importance.iter().map(|one| tree.events()[one.event as usize].name.as_str());
    let width = names.clone().take(ROWS_MAX).map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = format!(
        "{:width$}  {:>12} {:>14} {:>12} {:>12}\n",
        "event", "Birnbaum", "Fussell-Vesely", "RAW", "RRW"
    );
    for (one, name) in importance.iter().zip(names).take(ROWS_MAX) {
        let rrw = one.rrw.map_or_else(|| "no end".to_owned(), |rrw| format!("{rrw:.4}"));
        let _ = writeln!(
            text,
            "{name:width$}  {:>12.4e} {:>14.6} {:>12.4} {rrw:>12}",
            one.birnbaum, one.fussell_vesely, one.raw
        );
    }
    if importance.len() > ROWS_MAX {
        let _ = writeln!(text, "… and {} more; JSON has all", importance.len() - ROWS_MAX);
    }
    text
}
