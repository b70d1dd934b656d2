//! `audit --replug`: what moving a cord would make better and worse.

use super::Arguments;
use crate::exit::{Exit, WrongUsage};
use crate::opened::{self, Opened};
use crate::{Style, named, output};
use anyhow::Context as _;
use blackstart_model::finding::Severity;
use blackstart_model::plant::{Replug, Role};
use blackstart_model::{ComponentId, Plant};
use blackstart_reason::structure::{Change, Draft};
use serde::Serialize;

#[derive(Serialize)]
struct Json<'a> {
    version: u32,
    no_longer: Vec<Falls<'a>>,
    newly: Vec<Falls<'a>>,
}

#[derive(Serialize)]
struct Falls<'a> {
    component: &'a str,
    with: &'a str,
}

pub(super) fn run(arguments: &Arguments, style: Style) -> anyhow::Result<Exit> {
    let Some(Opened { plant, .. }) = opened::open(&arguments.plant)? else {
        return Ok(Exit::Findings(Severity::Error));
    };
    let mut draft = Draft::of((*plant).clone()).context("could not judge the plant")?;
    let mut whole = Change::default();
    for text in &arguments.replug {
        let edit = edit(draft.plant(), text)?;
        whole.then(draft.replug(edit).with_context(|| format!("could not try `{text}`"))?);
    }
    let name = |id: ComponentId| plant.component(id).name.as_str();
    match style {
        Style::Human => {
            for (what, pairs) in
                [("no longer falls", &whole.no_longer), ("newly falls", &whole.newly)]
            {
                for &(falls, with) in pairs {
                    output::say(&format!("{}: {what} with {} alone\n", name(falls), name(with)));
                }
            }
            output::say(&match (whole.no_longer.len(), whole.newly.len()) {
                (0, 0) => "no single fault takes down more or less than before\n".to_owned(),
                (better, worse) => {
                    format!("{better} better, {worse} worse; complete for single faults\n")
                }
            });
        }
        Style::Json | Style::Sarif => {
            let falls = |pairs: &[(ComponentId, ComponentId)]| {
                pairs
                    .iter()
                    .map(|&(one, with)| Falls { component: name(one), with: name(with) })
                    .collect()
            };
            let json =
                Json { version: 1, no_longer: falls(&whole.no_longer), newly: falls(&whole.newly) };
            output::say(&(serde_json::to_string_pretty(&json)? + "\n"));
        }
    }
    Ok(if whole.newly.is_empty() { Exit::Fine } else { Exit::Findings(Severity::Warning) })
}

/// `OF:FROM:TO`. The cord is that of the role in which the component names where it is.
fn edit(plant: &Plant, text: &str) -> anyhow::Result<Replug> {
    let mut names = text.split(':');
    let (Some(of), Some(from), Some(to), None) =
        (names.next(), names.next(), names.next(), names.next())
    else {
        let words = "write whose cord, from where, to where, as `stream-1:pdu-a:pdu-b`";
        return Err(WrongUsage(format!("could not read `{text}`: {words}")).into());
    };
    let id = |name: &str| named::component(plant, name);
    let (of, from, to) = (id(of)?, id(from)?, id(to)?);
    let mut role = None;
    for (own, requirement) in &plant.component(of).requirements {
        if matches!(own, Role::Power | Role::On | Role::In | Role::Cooling | Role::Needs) {
            requirement.each_leaf(&mut |leaf| {
                if leaf.target == blackstart_model::requirement::Target::Component(from) {
                    role = role.or(Some(*own));
                }
            });
        }
    }
    Ok(Replug { of, role: role.unwrap_or(Role::Power), from, to })
}
