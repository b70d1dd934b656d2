//! Plays scenario folders, wherever they are: what was believed when, and what a fair judge misses.
//!
//! `cargo run -p blackstart-sim --example play -- FOLDER…`. Ends with 1 where something was missed, and with
//! 2 where a scenario cannot be read.

use blackstart_model::time::shown;
use blackstart_sim::play::{Fared, Played, play};
use blackstart_sim::scenario::{Scenario, read};
use std::io::{Result, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> Result<ExitCode> {
    let mut worst = 0;
    for folder in std::env::args_os().skip(1).map(PathBuf::from) {
        writeln!(stdout(), "== {}", folder.display())?;
        worst = worst.max(one(&folder)?);
    }
    Ok(ExitCode::from(worst))
}

fn one(folder: &Path) -> Result<u8> {
    let file = folder.join("scenario.yaml");
    let text = match std::fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) => {
            writeln!(stdout(), "could not read {}: {error}", file.display())?;
            return Ok(2);
        }
    };
    match read(&text, |name| std::fs::read_to_string(folder.join(name)).ok()) {
        Ok(scenario) => told(&scenario),
        Err(mistakes) => {
            for mistake in mistakes {
                writeln!(stdout(), "{mistake}")?;
            }
            Ok(2)
        }
    }
}

fn told(scenario: &Scenario) -> Result<u8> {
    let Played { beliefs, causes, missed, incidents, alerts, .. } = play(scenario);
    let mut out = stdout().lock();
    for (at, sentence) in beliefs {
        writeln!(out, "{}  {sentence}", shown(at, scenario.plant.zone()))?;
    }
    for fared in causes {
        let Fared { cause, rank_at_alarm, rank_at_worst, rank_at_end, .. } = &fared;
        let rank = |rank: &Option<usize>| match rank {
            None | Some(usize::MAX) => "-".to_owned(),
            Some(rank) => rank.to_string(),
        };
        writeln!(
            out,
            "{}: named after {}; rank at the first alarm {}, at worst {}, at the end {}",
            cause.subject,
            fared.after().as_deref().unwrap_or("never"),
            rank(rank_at_alarm),
            rank(rank_at_worst),
            rank(rank_at_end)
        )?;
    }
    writeln!(out, "{incidents} incidents, {alerts} alerts")?;
    for words in &missed {
        writeln!(out, "MISSED {words}")?;
    }
    Ok(u8::from(!missed.is_empty()))
}
