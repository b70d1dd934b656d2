//! `observe`: what a person saw is evidence too, and what they did asks whether it helped.

use crate::ask::Server;
use crate::exit::Exit;
use blackstart_model::record::{Deed, Saw};
use clap::CommandFactory as _;

/// What can be said of a component, as people say it.
const STATES: &[(&str, Saw)] = &[
    ("works", Saw::Up),
    ("broken", Saw::Down),
    ("degraded", Saw::Degraded),
    ("flapping", Saw::Flapping),
    ("unknown", Saw::Unknown),
];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Of which component.
    component: String,
    /// works, broken, degraded (works badly), flapping (fails in turns), or unknown (looked, cannot
    /// tell); then a note in words. With `--did` the note may stand alone.
    #[arg(value_names = ["STATE", "NOTE"], num_args = 0..=2)]
    said: Vec<String>,
    /// How far this is trusted, percent (90 unless said): 99 touched it, 70 was told, 55 guesses.
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(1..=100))]
    trust: Option<u8>,
    /// When it was so, if not now: `2026-11-21 03:10`, in the plant's zone.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// What was done to it, before it was so.
    #[arg(long, value_name = "DEED", value_parser = deed)]
    did: Option<Deed>,
    #[command(flatten)]
    server: Server,
}

fn deed(text: &str) -> Result<Deed, String> {
    let all: Vec<&str> = Deed::ALL.iter().map(|deed| deed.as_str()).collect();
    Deed::parse(text).ok_or_else(|| format!("one of {}", all.join(", ")))
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let Arguments { component, said, trust, at, did, server } = arguments;
    let first = said.first().map_or("", String::as_str);
    let state = STATES.iter().find(|(word, _)| *word == first).map(|(_, saw)| *saw);
    let note = match (state, did) {
        (Some(_), _) => said.get(1),
        (None, Some(_)) if said.len() < 2 => said.first(),
        (None, _) => wrong(first),
    };
    let mut body = serde_json::json!({ "component": component });
    let fields = [
        ("saw", state.map(|saw| saw.as_str().into())),
        ("did", did.map(|did| did.as_str().into())),
        ("note", note.map(|note| note.as_str().into())),
        ("at", at.as_deref().map(Into::into)),
        ("trust", trust.map(Into::into)),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            body[name] = value;
        }
    }
    server.ask("/observe", Some(&body))?;
    Ok(Exit::Fine)
}

/// Ends with the usage.
fn wrong(said: &str) -> ! {
    let words: Vec<&str> = STATES.iter().map(|(word, _)| *word).collect();
    let words = words.join(", ");
    let what = if said.is_empty() {
        format!("say how it is ({words}), or what was done to it (`--did`)")
    } else {
        format!("`{said}` is none of {words}")
    };
    crate::Arguments::command().error(clap::error::ErrorKind::InvalidValue, what).exit()
}
