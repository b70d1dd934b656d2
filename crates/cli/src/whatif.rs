//! `whatif`: this is switched off, or that fails: who goes dark, which breaker trips, and when?
//!
//! Where a notice does not say which of two it means, both are written, `--off feed-a|feed-b`, and both are
//! answered, side by side. The exit code is that of the worst.

mod json;

use crate::diagnose::instant;
use crate::exit::{Exit, WrongUsage};
use crate::opened::{self, Opened};
use crate::{Format, clock, named, output};
use anyhow::{Context as _, bail};
use blackstart_model::finding::Severity;
use blackstart_model::kind::Kind;
use blackstart_model::time::{Duration, Timestamp, shown, shown_span};
use blackstart_model::{ComponentId, Plant};
use blackstart_reason::circuit::{Circuit, Subject, Witness};
use blackstart_reason::load::Verdict;
use blackstart_reason::whatif::{
    Answer, Dark, LostRedundancy, Question, announcement, checklist, fate_in_words,
    names_in_words as names, whatif, when_in_words,
};
use std::path::PathBuf;

/// Readings of a notice at most: four things of which each may be one of two.
const READINGS_MAX: usize = 16;

/// Lines of one kind at most; the rest are counted. A screen of them.
const LINES_MAX: usize = 30;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The plant: a file, or a folder of `*.yaml` files.
    plant: PathBuf,
    /// What is switched off; `feed-a|feed-b` where it is not said which of them.
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    off: Vec<String>,
    /// What has failed, besides what the plant file says of today.
    #[arg(long, value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    known_failed: Vec<String>,
    /// When: an announced maintenance by its name, which says what is off as well, or
    /// `2026-11-28 22:00..2026-11-29 06:00` in the plant's zone.
    #[arg(long, value_name = "WINDOW")]
    window: Option<String>,
    /// Print only the draft for those who are affected.
    #[arg(long)]
    announcement: bool,
}

/// One reading of the question, with its answer.
struct Reading {
    answer: Answer,
}

pub(crate) fn run(arguments: &Arguments, format: Format) -> anyhow::Result<Exit> {
    let Some(Opened { plant, .. }) = opened::open(&arguments.plant)? else {
        return Ok(Exit::Findings(Severity::Error));
    };
    let (window, announced) = match &arguments.window {
        None => (None, Vec::new()),
        Some(written) => window(&plant, written)?,
    };
    let failed = named::components(&plant, &arguments.known_failed)?;
    let mut readings_of_off = readings(&plant, &arguments.off)?;
    for off in &mut readings_of_off {
        off.extend(&announced);
    }
    if failed.is_empty() && readings_of_off.iter().all(Vec::is_empty) {
        let words = "name what is switched off (--off), has failed (--known-failed), or a maintenance (--window)";
        bail!(WrongUsage(words.to_owned()));
    }
    let circuit = Circuit::of(&plant);
    let mut answers = Vec::new();
    for off in readings_of_off {
        let question = Question { off, failed: failed.clone(), window };
        let answer = whatif(&plant, &circuit, &question).context("could not answer")?;
        answers.push(Reading { answer });
    }
    let severity = answers.iter().filter_map(|reading| severity(&plant, &reading.answer)).max();
    output::say(&match (format, arguments.announcement) {
        (Format::Json, _) => json::json(&plant, &answers)?,
        (Format::Human, true) => {
            let drafts: Vec<String> =
                answers.iter().map(|reading| announcement(&plant, &reading.answer)).collect();
            drafts.join("\n")
        }
        (Format::Human, false) => human(&plant, &answers),
    });
    Ok(severity.map_or(Exit::Fine, Exit::Findings))
}

/// How grave an answer is: something goes dark or trips; something may; only redundancy is lost.
fn severity(plant: &Plant, answer: &Answer) -> Option<Severity> {
    let asked = |dark: &Dark| {
        answer.off.contains(&dark.component) || answer.failed.contains(&dark.component)
    };
    let matters = |dark: &Dark| {
        let kind = plant.component(dark.component).kind;
        !asked(dark) && (kind.is_used() || !kind.distributes_power())
    };
    let verdicts = || answer.breakers.iter().map(|breaker| breaker.verdict);
    if answer.down().any(&matters) || verdicts().any(|verdict| verdict == Verdict::Trips) {
        return Some(Severity::Error);
    }
    if answer.may_be_down().any(matters) || verdicts().any(|verdict| verdict != Verdict::Holds) {
        return Some(Severity::Warning);
    }
    (!answer.lost_redundancy.is_empty()).then_some(Severity::Note)
}

/// Every way to read what is off: each of `a|b` is one of them.
fn readings(plant: &Plant, off: &[String]) -> anyhow::Result<Vec<Vec<ComponentId>>> {
    let mut readings: Vec<Vec<ComponentId>> = vec![Vec::new()];
    for written in off {
        let names: Vec<String> = written.split('|').map(|name| name.trim().to_owned()).collect();
        let choices = named::components(plant, &names)?;
        let longer = |reading: &Vec<ComponentId>| -> Vec<Vec<ComponentId>> {
            let with = |choice: &ComponentId| [reading.as_slice(), &[*choice]].concat();
            choices.iter().map(with).collect()
        };
        readings = readings.iter().flat_map(longer).collect();
        if readings.len() > READINGS_MAX {
            let words = "ways; ask about fewer at once";
            bail!(WrongUsage(format!("this can be read in more than {READINGS_MAX} {words}")));
        }
    }
    Ok(readings)
}

type Window = (Timestamp, Timestamp);

/// A window, and what is off in it where it is a maintenance.
fn window(plant: &Plant, written: &str) -> anyhow::Result<(Option<Window>, Vec<ComponentId>)> {
    if let Some(one) = plant.maintenance().iter().find(|one| *one.name == *written) {
        return Ok((Some((one.from, one.to)), one.off.clone()));
    }
    let Some((from, to)) = written.split_once("..") else {
        let names: Vec<&str> = plant.maintenance().iter().map(|one| &*one.name).collect();
        let help = if names.is_empty() {
            "the plant has none; write `FROM..TO`".to_owned()
        } else {
            format!("there are: {}", names.join(", "))
        };
        bail!(WrongUsage(format!("no maintenance is called `{written}`; {help}")));
    };
    let (from, to) = (instant(from.trim(), plant.zone())?, instant(to.trim(), plant.zone())?);
    if to <= from {
        bail!(WrongUsage(format!("the window `{written}` ends before it begins")));
    }
    Ok((Some((from, to)), Vec::new()))
}

fn human(plant: &Plant, answers: &[Reading]) -> String {
    let mut text = String::new();
    for (at, Reading { answer }) in answers.iter().enumerate() {
        if answers.len() > 1 {
            say(&mut text, &format!("== {} of {} ways to read it ==", at + 1, answers.len()));
        }
        one(&mut text, plant, answer);
        if at + 1 < answers.len() {
            text.push('\n');
        }
    }
    text
}

fn one(text: &mut String, plant: &Plant, answer: &Answer) {
    let name = |id: ComponentId| plant.component(id).name.as_str();
    let mut asked = Vec::new();
    if !answer.off.is_empty() {
        asked.push(format!("{} off", names(plant, &answer.off)));
    }
    if !answer.failed.is_empty() {
        asked.push(format!("{} failed", names(plant, &answer.failed)));
    }
    say(text, &format!("What if: {}", asked.join(", and ")));
    if let Some((from, to)) = answer.window {
        let zone = plant.zone();
        let lasts = Duration::try_from(to.duration_since(from)).unwrap_or_default();
        say(
            text,
            &format!("  {} to {}, {}", shown(from, zone), shown(to, zone), shown_span(lasts)),
        );
    }
    for &at in &answer.overlapping {
        let one = &plant.maintenance()[at];
        say(
            text,
            &format!(
                "  with `{}` by {}, which falls into the same time: {} off",
                one.name,
                one.by,
                names(plant, &one.off)
            ),
        );
    }
    let certain: Vec<&Dark> = answer.down().collect();
    let perhaps: Vec<&Dark> = answer.may_be_down().collect();
    text.push('\n');
    dark(text, plant, "Goes dark", &certain);
    dark(text, plant, "May go dark", &perhaps);
    if !answer.breakers.is_empty() {
        say(text, "Breakers that gain load");
        lines(text, &answer.breakers, |breaker| {
            let verdict = breaker.verdict.as_str().replace('-', " ");
            format!("{:<20} {verdict:<10} {}", name(breaker.component), fate_in_words(breaker))
        });
        text.push('\n');
    }
    if !answer.meters.is_empty() {
        say(text, "Rests on currents that were read");
        lines(text, &answer.meters, |(id, at)| format!("{:<20} {}", name(*id), age(plant, *at)));
        text.push('\n');
    }
    weaker(text, plant, &answer.lost_redundancy);
    if !answer.unknown.is_empty() || !answer.off.is_empty() {
        say(text, "For the person on site");
        lines(text, &checklist(plant, answer), String::clone);
        text.push('\n');
    }
    say(text, "Draft for those affected");
    for line in announcement(plant, answer).lines() {
        say(text, &format!("  {line}"));
    }
}

/// When a meter was read, and how long ago that is.
fn age(plant: &Plant, at: Option<Timestamp>) -> String {
    let Some(at) = at else { return "nobody wrote down when".to_owned() };
    let read = shown(at, plant.zone());
    match Duration::try_from(clock::now().duration_since(at)) {
        Ok(ago) => format!("{read}, {} ago", shown_span(ago)),
        Err(_) => format!("{read}, which is yet to come"),
    }
}

/// What goes dark, those of one kind at one time together, with the chain of the first of them.
fn dark(text: &mut String, plant: &Plant, title: &str, of: &[&Dark]) {
    if of.is_empty() {
        say(text, &format!("{title}: nothing"));
        text.push('\n');
        return;
    }
    say(text, &format!("{title}: {}", of.len()));
    let mut groups: Vec<(Kind, String, Vec<&Dark>)> = Vec::new();
    for dark in of {
        let (kind, when) = (plant.component(dark.component).kind, when_in_words(dark.when));
        match groups.iter_mut().find(|group| group.0 == kind && group.1 == when) {
            Some(group) => group.2.push(dark),
            None => groups.push((kind, when, vec![dark])),
        }
    }
    lines(text, &groups, |(kind, when, of)| {
        let ids: Vec<ComponentId> = of.iter().map(|dark| dark.component).collect();
        let way = of[0].witness.as_ref().map(|witness| way(plant, witness)).unwrap_or_default();
        let first = if of.len() > 1 && !way.is_empty() {
            format!("{} ", plant.component(ids[0]).name)
        } else {
            String::new()
        };
        let way = if way.is_empty() { way } else { format!("\n{:15}{first}{way}", "") };
        format!("{kind:<12} {}, {when}{way}", names(plant, &ids))
    });
    text.push('\n');
}

/// What has less behind it, those of one kind together, with what brings down every one of them.
fn weaker(text: &mut String, plant: &Plant, lost: &[LostRedundancy]) {
    if lost.is_empty() {
        return;
    }
    say(text, &format!("Has less behind it: {}", lost.len()));
    let mut groups: Vec<(Kind, Vec<ComponentId>, Vec<ComponentId>)> = Vec::new();
    for LostRedundancy { component, falls_with } in lost {
        let kind = plant.component(*component).kind;
        let common = |of: &[ComponentId]| -> Vec<ComponentId> {
            of.iter().copied().filter(|id| falls_with.contains(id)).collect()
        };
        let found = groups.iter_mut().find(|group| group.0 == kind && !common(&group.2).is_empty());
        match found {
            Some(group) => {
                group.1.push(*component);
                group.2 = common(&group.2);
            }
            None => groups.push((kind, vec![*component], falls_with.clone())),
        }
    }
    lines(text, &groups, |(kind, of, falls_with)| {
        let now = if of.len() > 1 { "each now falls with" } else { "now falls with" };
        format!("{kind:<12} {}\n{:15}{now} {}", names(plant, of), "", names(plant, falls_with))
    });
    text.push('\n');
}

/// A chain as people read it.
fn way(plant: &Plant, Witness { through, fault }: &Witness) -> String {
    let names: Vec<&str> =
        through.iter().skip(1).map(|id| plant.component(*id).name.as_str()).collect();
    let by = match fault {
        Some(Subject::Component(_)) => String::new(),
        None => " (as it is designed)".to_owned(),
        Some(Subject::Carriage { upstream, .. }) => {
            format!(" (not carried by {})", plant.component(*upstream).name)
        }
        Some(Subject::Spread { from, .. }) => {
            format!(" (taken down by {})", plant.component(*from).name)
        }
        Some(Subject::Vantage(_) | Subject::Check(_)) => String::new(),
    };
    if names.is_empty() { by } else { format!("by {}{by}", names.join(" ← ")) }
}

fn lines<T>(text: &mut String, of: &[T], line: impl Fn(&T) -> String) {
    for one in of.iter().take(LINES_MAX) {
        say(text, &format!("  {}", line(one)));
    }
    if of.len() > LINES_MAX {
        say(text, &format!("  and {} more; `--format json` has all", of.len() - LINES_MAX));
    }
}

fn say(text: &mut String, line: &str) {
    text.push_str(line.trim_end());
    text.push('\n');
}
