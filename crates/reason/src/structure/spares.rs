//! Fewer spares than are claimed.
//!
//! `N+2` promises that any two causes leave enough. For every choice of a component that claims two
//! spares or more: the fewest causes that leave too few members. A cause is a component that takes down
//! members alone, or a word that several share (`account`, `entrance`): one company can cut two lines. Where a
//! single cause does it, that is the finding about false redundancy, and a choice with too few members
//! the one about claims; neither is told here again. Choices of more than 32 members and claims of more
//! than three spares are not judged.

use super::{Finding, Grounds, Rule};
use crate::circuit::Choice;
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::plant::Claim;
use blackstart_model::quantity::{Attribute, Value};
use std::collections::BTreeMap;

pub(super) const RULE: Rule = Rule { code: "BS1022", title: "fewer spares than are claimed", find };

/// Members of a choice at most: sets of them are bits of a word.
const MEMBERS_MAX: usize = 32;

/// Spares at most: the search tries every two or three of at most twice as many causes as members.
const SPARES_MAX: u32 = 3;

/// Words by which one hand takes several.
const WORDS: [Attribute; 2] = [Attribute::Account, Attribute::Entrance];

/// Which members something takes down, one bit each.
type Members = u32;

/// Something that takes members down.
#[derive(Clone, Copy)]
enum Cause<'a> {
    Fault(ComponentId),
    Word(&'a str, ComponentId),
}

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    for choice in grounds.circuit.choices() {
        let Some(Claim::NPlus(claimed)) = grounds.plant.component(choice.of).claims else {
            continue;
        };
        // With fewer members than the claim needs, the claim is contradicted by counting.
        let wide = choice.members.len() >= (choice.k + claimed) as usize;
        let few =
            wide && (2..=SPARES_MAX).contains(&claimed) && choice.members.len() <= MEMBERS_MAX;
        if !few {
            continue;
        }
        let causes = causes(grounds, &choice);
        let enough = choice.members.len() + 1 - choice.k as usize;
        let down = down(grounds, &choice);
        let Some(fewest) =
            fewest(&causes, down, enough, claimed as usize).filter(|of| of.len() > 1)
        else {
            continue;
        };
        let said: Vec<String> = fewest
            .iter()
            .map(|cause| match cause {
                Cause::Fault(id) => format!("`{}`", grounds.name(*id)),
                Cause::Word(word, _) => format!("all of `{word}`"),
            })
            .collect();
        let ids: Vec<ComponentId> = fewest
            .iter()
            .map(|cause| match cause {
                Cause::Fault(id) | Cause::Word(_, id) => *id,
            })
            .collect();
        found.push(Finding {
            code: RULE.code,
            severity: Severity::Error,
            confidence: match fewest.iter().any(|cause| matches!(cause, Cause::Word(..))) {
                true => Confidence::Medium,
                false => Confidence::High,
            },
            component: choice.of,
            witness: vec![choice.of, ids[0]],
            message: format!(
                "`{}` claims N+{claimed}, is N+{}: without {} too few are left of {}",
                grounds.name(choice.of),
                fewest.len() - 1,
                said.join(" and "),
                grounds.list(&choice.names.iter().flatten().copied().collect::<Vec<_>>()),
            ),
            causes: ids,
            brings_down: grounds.falls_with_and(choice.of),
            help: "add one that shares nothing with the others, or claim what it is".to_owned(),
        });
    }
}

/// The members that are down today.
fn down(grounds: &Grounds<'_>, choice: &Choice<'_>) -> Members {
    let down =
        choice.members.iter().enumerate().filter(|(_, member)| grounds.killers.is_down(**member));
    down.map(|(at, _)| 1 << at).sum()
}

/// What takes down members, one for each set of them, and none whose set another holds.
fn causes<'a>(grounds: &Grounds<'a>, choice: &Choice<'_>) -> Vec<(Members, Cause<'a>)> {
    let mut faults: BTreeMap<ComponentId, Members> = BTreeMap::new();
    let mut words: BTreeMap<(Attribute, &'a str), (Members, ComponentId)> = BTreeMap::new();
    for (at, &member) in choice.members.iter().enumerate() {
        for id in grounds.components_of(grounds.killers.alone(member)) {
            *faults.entry(id).or_default() |= 1 << at;
            for attribute in WORDS {
                if let Some(Value::Text(word)) = grounds.plant.component(id).attribute(attribute) {
                    words.entry((attribute, word)).or_insert((0, id)).0 |= 1 << at;
                }
            }
        }
    }
    let mut best: BTreeMap<Members, Cause<'a>> = BTreeMap::new();
    for (id, members) in faults {
        // Of those that take the same, the member itself says most, else the first.
        match best.entry(members) {
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(Cause::Fault(id));
            }
            std::collections::btree_map::Entry::Occupied(mut taken) => {
                if choice.names.contains(&Some(id)) {
                    taken.insert(Cause::Fault(id));
                }
            }
        }
    }
    for ((_, word), (members, id)) in words {
        best.entry(members).or_insert(Cause::Word(word, id));
    }
    let sets: Vec<Members> = best.keys().copied().collect();
    best.retain(|&own, _| !sets.iter().any(|&other| other != own && own & other == own));
    best.into_iter().collect()
}

/// The fewest causes, up to so many, that together with what is down today take down enough members.
fn fewest<'a>(
    causes: &[(Members, Cause<'a>)],
    down: Members,
    enough: usize,
    most: usize,
) -> Option<Vec<Cause<'a>>> {
    for size in 1..=most {
        let mut chosen = Vec::new();
        if covers(causes, down, enough, size, &mut chosen) {
            return Some(chosen);
        }
    }
    None
}

fn covers<'a>(
    causes: &[(Members, Cause<'a>)],
    taken: Members,
    enough: usize,
    left: usize,
    chosen: &mut Vec<Cause<'a>>,
) -> bool {
    if taken.count_ones() as usize >= enough {
        return true;
    }
    if left == 0 {
        return false;
    }
    for (at, &(members, cause)) in causes.iter().enumerate() {
        chosen.push(cause);
        if covers(&causes[at + 1..], taken | members, enough, left - 1, chosen) {
            return true;
        }
        chosen.pop();
    }
    false
}
