//! How often is the true cause named, how soon, how many false alarms, and is it as sure as it is right?
//!
//! Method: outages drawn at random on random plants, each played through the real judgement by the pretend world
//! (`blackstart-sim`); the numbers follow from the seeds alone, so any run can be looked at again. Three parts:
//! worlds as the plant file believes them, by class; worlds unlike it (5 % of the wires elsewhere, kinds of things
//! failing five times as often or as seldom), for calibration; and a month in which nothing breaks and one try in
//! a thousand lies.
//!
//! `cargo run --release -p blackstart-benches --bin outages -- --runs 2000 [--class NAME] [--seed N] [--days 30]
//! [--racks N] [--svg FILE] [--wrong] [--only usual|unlike|calm] [--one SEED]`
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "this program prints a table")]

use anyhow::{Context as _, Result, bail};
use blackstart_sim::calibration::Calibration;
use blackstart_sim::outages::{Class, Outcome, Setting, calm, draw, run, table, tally};

/// Racks of the plant that has about a thousand checks.
const CALM_RACKS: usize = 46;

struct Arguments {
    runs: usize,
    seed: u64,
    days: u32,
    /// Of the plant in which nothing breaks.
    racks: usize,
    class: Option<Class>,
    one: Option<u64>,
    svg: Option<String>,
    wrong: bool,
    only: Option<String>,
}

fn arguments() -> Result<Arguments> {
    let mut given = Arguments {
        runs: 200,
        seed: 1,
        days: 30,
        racks: CALM_RACKS,
        class: None,
        one: None,
        svg: None,
        wrong: false,
        only: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut value = || words.next().with_context(|| format!("{word} needs a value"));
        match word.as_str() {
            "--runs" => given.runs = value()?.parse()?,
            "--seed" => given.seed = value()?.parse()?,
            "--days" => given.days = value()?.parse()?,
            "--racks" => given.racks = value()?.parse()?,
            "--one" => given.one = Some(value()?.parse()?),
            "--svg" => given.svg = Some(value()?),
            "--wrong" => given.wrong = true,
            "--only" => given.only = Some(value()?),
            "--class" => {
                let name = value()?;
                let found = Class::ALL.iter().find(|(own, _)| *own == name);
                given.class = Some(found.with_context(|| format!("no class {name}"))?.1);
            }
            _ => bail!("{word}: not known; see the beginning of benches/src/outages.rs"),
        }
    }
    Ok(given)
}

/// Prints an outage whose cause was not named as well as it can be, or with which false incidents came.
fn say_wrong(name: &str, outcome: &Outcome, wrong: bool) {
    if !wrong || (outcome.is_right() && outcome.false_incidents == 0) {
        return;
    }
    let how = match (outcome.is_right(), outcome.knowable) {
        (true, _) => "false incidents only",
        (false, true) => "not first",
        (false, false) => "not in the group",
    };
    println!("{name} seed {}, {how}: {}", outcome.seed, outcome.words);
    for answer in &outcome.answers {
        println!("    {answer}");
    }
}

fn main() -> Result<()> {
    let Arguments { runs, seed, days, racks, class, one, svg, wrong, only } = arguments()?;
    let part = |name: &str| only.as_ref().is_none_or(|only| only == name);
    let classes: Vec<(&str, Class)> = Class::ALL
        .iter()
        .copied()
        .filter(|(_, own)| class.is_none_or(|class| class == *own))
        .collect();
    let usual = Setting::usual();
    if let (Some(seed), Some(class)) = (one, class) {
        let setting = if only.as_deref() == Some("unlike") { Setting::unlike() } else { usual };
        let outage = draw(class, seed, &setting).context("this seed has no such outage")?;
        println!("{}\nin truth:\n{}", outage.believed(), outage.moved().join("\n"));
        println!("{:#?}", run(&outage, &setting));
        return Ok(());
    }

    if part("usual") {
        println!("## Worlds as they are believed, {runs} outages of each class from seed {seed}\n");
        let mut rows = Vec::new();
        for &(name, class) in &classes {
            let say = |outcome: &Outcome| say_wrong(name, outcome, wrong);
            rows.push((name, tally(class, runs, seed, &usual, say)));
        }
        let shown: Vec<_> = rows.iter().map(|(name, tally)| (*name, tally)).collect();
        println!("{}", table(&shown));
    }

    if part("unlike") {
        println!("## Worlds unlike the plant file\n");
        let mut rows = Vec::new();
        let mut calibration = Calibration::default();
        for &(name, class) in &classes {
            let say = |outcome: &Outcome| {
                calibration.add(outcome);
                say_wrong(name, outcome, wrong);
            };
            rows.push((name, tally(class, runs, seed, &Setting::unlike(), say)));
        }
        let shown: Vec<_> = rows.iter().map(|(name, tally)| (*name, tally)).collect();
        println!("{}\n{}", table(&shown), calibration.table());
        if let Some(file) = svg {
            std::fs::write(&file, calibration.svg())
                .with_context(|| format!("could not write {file}"))?;
        }
    }

    if days > 0 && part("calm") {
        println!("## Nothing breaks, one try in a thousand lies\n");
        let _ = calm(racks, days, seed, usual.senses, |day, calm| {
            println!("by day {day}: {calm:?}");
        });
    }
    Ok(())
}
