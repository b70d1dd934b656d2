//! `coldstart`: the order in which a dark plant is brought up, as a list to tick off.
//!
//! Narrow enough for a phone and fine on paper: a box for each step, what to do, by whom, and what shows
//! that it is up. A plant that cannot be started says so first, and where to cut the circle.

mod json;

use crate::exit::Exit;
use crate::opened::{self, Opened};
use crate::{Format, named, output};
use blackstart_model::finding::Severity;
use blackstart_model::plant::Role;
use blackstart_model::requirement::Target;
use blackstart_model::time::Duration;
use blackstart_model::{ComponentId, Plant};
use blackstart_reason::coldstart::{
    Act, Because, By, Caution, ColdStart, Cut, Cycle, Given, Held, Proof, Step, Takes, Unknown,
    coldstart,
};
use std::fmt::Write as _;
use std::path::PathBuf;

/// Names in one line; the rest are counted.
const NAMES_MAX: usize = 12;

/// Things that cannot be started that are listed one by one; the rest are counted.
const STUCK_MAX: usize = 40;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The plant: a file, or a folder of `*.yaml` files.
    plant: PathBuf,
    /// What is up already; all else is dark.
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    up: Vec<String>,
    /// What is dark, with all that fell with it; the rest is up.
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    down: Vec<String>,
    /// What has failed and will not start, besides what the plant file says of today.
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    known_failed: Vec<String>,
    /// What is to be up in the end, and only what that rests on; everything when not given.
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    target: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments, format: Format) -> anyhow::Result<Exit> {
    let Some(Opened { plant, .. }) = opened::open(&arguments.plant)? else {
        return Ok(Exit::Findings(Severity::Error));
    };
    let given = Given {
        up: named::components(&plant, &arguments.up)?,
        down: named::components(&plant, &arguments.down)?,
        known_failed: named::components(&plant, &arguments.known_failed)?,
        targets: named::components(&plant, &arguments.target)?,
    };
    let plan = coldstart(&plant, &given);
    output::say(&match format {
        Format::Human => human(&plant, &plan),
        Format::Json => json::json(&plant, &plan)?,
    });
    Ok(if plan.can_start { Exit::Fine } else { Exit::CannotStart })
}

fn human(plant: &Plant, plan: &ColdStart) -> String {
    let told = Told { plant };
    let mut text = told.verdict(plan);
    let mut number = 0;
    for (wave, at) in plan.waves.iter().zip(1..) {
        let _ = write!(text, "\nWAVE {at}");
        if let Some(words) = takes_in_words(wave.takes) {
            let _ = write!(text, "  {words}");
        }
        text.push('\n');
        let by_itself: Vec<ComponentId> = wave
            .steps
            .iter()
            .filter(|step| step.act == Act::ByItself)
            .map(|step| step.component)
            .collect();
        if !by_itself.is_empty() {
            let _ = writeln!(text, "  by itself: {}", told.names(&by_itself));
        }
        let mut group = 1;
        for step in wave.steps.iter().filter(|step| step.act != Act::ByItself) {
            if step.group > group {
                group = step.group;
                let _ = writeln!(text, "  -- 10 s later, when nothing has tripped --");
            }
            number += 1;
            told.step(&mut text, number, step);
        }
    }
    told.rest(&mut text, plan);
    text
}

struct Told<'p> {
    plant: &'p Plant,
}

impl Told<'_> {
    fn name(&self, id: ComponentId) -> &str {
        self.plant.component(id).name.as_str()
    }

    fn names(&self, ids: &[ComponentId]) -> String {
        let mut names: Vec<&str> = ids.iter().take(NAMES_MAX).map(|&id| self.name(id)).collect();
        let more = format!("and {} more", ids.len().saturating_sub(NAMES_MAX));
        if ids.len() > NAMES_MAX {
            names.push(&more);
        }
        names.join(", ")
    }

    fn verdict(&self, plan: &ColdStart) -> String {
        let steps: usize = plan.waves.iter().map(|wave| wave.steps.len()).sum();
        let waves = plan.waves.len();
        let mut text = format!("{}: ", self.plant.name());
        if plan.can_start {
            let _ = write!(text, "can be started");
        } else {
            let _ = write!(text, "CANNOT be started as asked");
        }
        let _ = writeln!(
            text,
            ", {steps} things in {waves} waves; {} up already",
            plan.up_before.len()
        );
        match takes_in_words(plan.takes) {
            Some(words) => {
                let _ = writeln!(text, "in all: {words}");
            }
            None => text.push_str("nothing says how long any step takes (`boots_in`)\n"),
        }
        if plan.gaps > 0 {
            let _ = writeln!(
                text,
                "{} steps have no check to prove them: a person must look",
                plan.gaps
            );
        }
        if plan.up_before.is_empty() && plan.waves.iter().any(|wave| wave.groups > 0) {
            text.push_str(
                "Before power comes back, switch everything off, or it all starts at once.\n",
            );
        }
        if plan.waves.len() > 1 {
            text.push_str("Begin a wave when every step of the one before is proved.\n");
        }
        for (cycle, at) in plan.cycles.iter().zip(1..) {
            self.cycle(&mut text, at, cycle);
        }
        text
    }

    fn cycle(&self, text: &mut String, at: usize, cycle: &Cycle) {
        let shortest = if cycle.is_shortest { "" } else { " (a shorter circle may exist)" };
        let _ = writeln!(text, "\nCIRCLE {at}: these wait for each other{shortest}");
        for edge in &cycle.edges {
            let (from, to) = (self.name(edge.from), self.name(edge.to));
            let role = role_in_words(edge.role);
            let _ = if edge.on_the_way {
                writeln!(text, "  {from} {role} what it reaches only through {to}")
            } else {
                writeln!(text, "  {from} {role} {to}")
            };
        }
        if cycle.members.len() > cycle.edges.len() {
            let _ = writeln!(text, "  tied up with it: {}", self.names(&cycle.members));
        }
        match cycle.cuts.as_slice() {
            [] => text.push_str("  too tangled to say where to cut it\n"),
            cuts => {
                let fewest = if cycle.is_least { "" } else { " (found greedily; fewer may do)" };
                let _ = writeln!(text, "  Cut it at one of these{fewest}:");
                for cut in cuts {
                    let words: Vec<String> = cut.iter().map(|cut| self.cut(*cut)).collect();
                    let _ = writeln!(text, "  - {}", words.join("; and "));
                }
                text.push_str(
                    "    (let it start without, or give it another that is not in the circle)\n",
                );
            }
        }
    }

    fn cut(&self, cut: Cut) -> String {
        let target = match cut.target {
            Target::Component(id) => self.name(id),
            Target::Internet => "the internet",
        };
        format!("`{}` of {}: {target}", json::role(cut.role), self.name(cut.of))
    }

    fn step(&self, text: &mut String, number: usize, step: &Step) {
        let kind = self.plant.component(step.component).kind;
        let name = self.name(step.component);
        let what = match step.act {
            Act::ByItself => "see",
            Act::Await => "wait for",
            Act::SwitchOn => "switch on",
            Act::Start => "start",
            Act::Confirm => "ask",
        };
        let _ = write!(text, "{number:>4}. [ ] {what} {name} ({kind})");
        let who = match &step.by {
            By::Itself | By::Supplier | By::Anyone => String::new(),
            By::Remote => {
                let mut via = Vec::new();
                if let Some(managed) =
                    self.plant.component(step.component).requirement(Role::ManagedVia)
                {
                    managed.each_leaf(&mut |leaf| match leaf.target {
                        Target::Component(id) => via.push(self.name(id)),
                        Target::Internet => via.push("the internet"),
                    });
                }
                format!(", from afar via {}", via.join(", "))
            }
            By::HandsOnSite => ", hands on site".to_owned(),
            By::Login => ", on its machine".to_owned(),
        };
        let _ = writeln!(text, "{who}");
        let mut facts = Vec::new();
        if !step.feeds.is_empty() {
            facts.push(format!("carried by {}", self.names(&step.feeds)));
        }
        if let Some((min, max)) = step.takes {
            facts.push(span_in_words(min, max));
        }
        if !facts.is_empty() {
            let _ = writeln!(text, "          {}", facts.join("; "));
        }
        let _ = match step.proof {
            Proof::Check(check, vantage) => writeln!(
                text,
                "          until: check {} from {} is up",
                self.plant.checks()[check.index()].key,
                self.plant.vantage(vantage).name
            ),
            Proof::Look(words) => writeln!(text, "          look: {words}"),
        };
        let mut told = Vec::new();
        for caution in &step.cautions {
            let words = self.caution(caution, &step.cautions);
            if !told.contains(&words) {
                let _ = writeln!(text, "          ! {words}");
                told.push(words);
            }
        }
    }

    /// A caution in words; one that concerns several things names them together.
    fn caution(&self, caution: &Caution, all: &[Caution]) -> String {
        let together = |same: fn(&Caution) -> Option<ComponentId>| {
            let ids: Vec<ComponentId> = all.iter().filter_map(same).collect();
            self.names(&ids)
        };
        match caution {
            Caution::NeverExercised => "never tried before: it may not start".to_owned(),
            Caution::BarredUntil(until) => format!("not to be used until {until}"),
            Caution::ManagementDark => "the way it is managed by is still dark".to_owned(),
            Caution::NetworkDark => "its network is still dark: it comes up cut off".to_owned(),
            Caution::NeedsDark => "it forwards only: what it needs is still dark".to_owned(),
            Caution::TakeOver { standby, how, never_exercised } => format!(
                "{} must take over{}, {}{}",
                self.name(*standby),
                if how.by_person { " by a person's hand" } else { "" },
                span_in_words(how.takes_min, how.takes_max),
                if *never_exercised { "; that was never tried" } else { "" }
            ),
            Caution::CordsDark(cords) => format!("without its power from {}", self.names(cords)),
            Caution::DrawUnknown(_) => {
                let on =
                    together(
                        |one| {
                            if let Caution::DrawUnknown(on) = one { Some(*on) } else { None }
                        },
                    );
                format!("its draw is not known: alone on {on}, and no promise")
            }
            Caution::InrushUnknown(_) => {
                let on =
                    together(
                        |one| {
                            if let Caution::InrushUnknown(on) = one { Some(*on) } else { None }
                        },
                    );
                format!("its inrush is not known: alone on {on}")
            }
            Caution::MayTrip(on) => format!("may trip {} even alone", self.name(*on)),
            Caution::MayOverload(on) => {
                format!("{} may then carry more than its rating", self.name(*on))
            }
        }
    }

    fn rest(&self, text: &mut String, plan: &ColdStart) {
        if !plan.held.is_empty() {
            text.push_str("\nNOT STARTED\n");
        }
        for (id, why) in &plan.held {
            let why = match why {
                Held::Failed => "has failed".to_owned(),
                Held::OffOnPurpose => "is switched off on purpose".to_owned(),
                Held::NoRoom(on) => format!("is more than {} can carry", self.name(*on)),
            };
            let _ = writeln!(text, "  {} {why}", self.name(*id));
        }
        if !plan.stuck.is_empty() {
            text.push_str("\nCANNOT START\n");
        }
        for (id, why) in plan.stuck.iter().take(STUCK_MAX) {
            let why = match why {
                Because::Of(other) => format!("waits for {}", self.name(*other)),
                Because::Cycle(at) => format!("waits in or behind circle {}", at + 1),
            };
            let _ = writeln!(text, "  {} {why}", self.name(*id));
        }
        if plan.stuck.len() > STUCK_MAX {
            let _ = writeln!(text, "  and {} more", plan.stuck.len() - STUCK_MAX);
        }
        if !plan.unknown.is_empty() {
            text.push_str("\nNOT KNOWN, so nothing is promised of\n");
        }
        for (id, what) in &plan.unknown {
            let what = match what {
                Unknown::Draw => "what all behind it draws (`draw`)",
                Unknown::Inrush => "what all behind it takes when switched on (`inrush`)",
                Unknown::Voltage => "its voltage (`voltage`)",
            };
            let _ = writeln!(text, "  {}: {what}", self.name(*id));
        }
    }
}

const fn role_in_words(role: Role) -> &'static str {
    match role {
        Role::In => "stands in",
        Role::On => "runs on",
        Role::Power => "is fed by",
        Role::Cooling => "is cooled by",
        Role::Network(_) | Role::Between => "is connected to",
        Role::Needs => "needs",
        Role::DegradedWithout => "is degraded without",
        Role::ToStart => "needs, to start,",
        Role::ManagedVia => "is managed via",
        Role::Uses => "uses",
        Role::UsedFrom => "is used from",
        Role::CarriedBy => "is carried by",
        Role::Prefix => "lies in",
        Role::Covers => "covers",
    }
}

fn takes_in_words(takes: Takes) -> Option<String> {
    let known = span_in_words(takes.min, takes.max);
    match (takes.max > Duration::ZERO, takes.unknown) {
        (false, _) => None,
        (true, 0) => Some(known),
        (true, 1) => Some(format!("{known} and more: of 1 step it is not known")),
        (true, count) => Some(format!("{known} and more: of {count} steps it is not known")),
    }
}

fn span_in_words(min: Duration, max: Duration) -> String {
    if min == max {
        return duration(max, f64::ceil);
    }
    format!("{} to {}", duration(min, f64::floor), duration(max, f64::ceil))
}

/// Minutes are what a person waits in; seconds below two of them, hours above two.
fn duration(of: Duration, round: fn(f64) -> f64) -> String {
    let seconds = of.as_secs_f64();
    if seconds < 120.0 {
        format!("{} s", round(seconds))
    } else if seconds < 7_200.0 {
        format!("{} min", round(seconds / 60.0))
    } else {
        format!("{:.1} h", round(seconds / 360.0) / 10.0)
    }
}
