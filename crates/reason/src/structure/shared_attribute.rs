//! Redundant members that share what no wiring shows: software, account, entrance, place, whoever changes them,
//! address block.
//!
//! For every choice: the words under `software`, `account`, `entrance`, `location` and `changed_by` of each
//! member and of everything that takes it down alone; a word that too many members have in common is one
//! cause for all of them. Address blocks likewise, where members are reached from outside. What the
//! wiring already shows as shared is left to the finding about that.

use super::{Finding, Grounds, Rule};
use crate::circuit::Choice;
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::kind::Kind;
use blackstart_model::quantity::{Attribute, Value};
use std::collections::{BTreeMap, BTreeSet};

pub(super) const RULE: Rule =
    Rule { code: "BS1003", title: "redundant members share what no wiring shows", find };

/// What is compared, and how it is said.
const COMPARED: [(Attribute, &str); 5] = [
    (Attribute::Entrance, "entrance"),
    (Attribute::Account, "account"),
    (Attribute::Software, "software"),
    (Attribute::Location, "location"),
    (Attribute::ChangedBy, "hand"),
];

/// An attribute's word, and a member or what it stands on that has it.
type Words<'a> = BTreeMap<(usize, &'a str), ComponentId>;

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    let worded: Vec<bool> = grounds
        .plant
        .components()
        .iter()
        .map(|component| COMPARED.iter().any(|(one, _)| component.attribute(*one).is_some()))
        .collect();
    let any_words = worded.contains(&true);
    for choice in grounds.circuit.choices() {
        if any_words {
            words_in_common(grounds, &worded, &choice, found);
        }
        blocks_in_common(grounds, &choice, found);
    }
}

fn words_in_common(
    grounds: &Grounds<'_>,
    worded: &[bool],
    choice: &Choice<'_>,
    found: &mut Vec<Finding>,
) {
    let common = wired_in_common(grounds, choice);
    let mut count: BTreeMap<(usize, &str), BTreeSet<ComponentId>> = BTreeMap::new();
    let mut holders: BTreeMap<(usize, &str), usize> = BTreeMap::new();
    for (&member, name) in choice.members.iter().zip(choice.names) {
        let mut words = Words::new();
        let own = grounds.components_of(grounds.killers.alone(member)).into_iter().chain(*name);
        for id in own.filter(|id| worded[id.index()] && !common.contains(id)) {
            for (at, (attribute, _)) in COMPARED.iter().enumerate() {
                match grounds.plant.component(id).attribute(*attribute) {
                    Some(Value::Text(text)) => {
                        words.insert((at, text), id);
                    }
                    Some(Value::Texts(texts)) => {
                        words.extend(texts.iter().map(|text| ((at, &**text), id)));
                    }
                    Some(_) | None => {}
                }
            }
        }
        for (word, id) in words {
            count.entry(word).or_default().insert(id);
            *holders.entry(word).or_default() += 1;
        }
    }
    let enough = choice.members.len() + 1 - choice.k as usize;
    for ((at, word), ids) in count {
        if holders[&(at, word)] < enough || ids.len() < 2 {
            continue;
        }
        let attribute = COMPARED[at].1;
        let causes: Vec<ComponentId> = ids.into_iter().collect();
        let falls = grounds.falls_with_and(choice.of);
        found.push(Finding {
            code: RULE.code,
            severity: match attribute {
                "software" | "location" => Severity::Note,
                "hand" => grounds.gravity(&falls),
                _ => grounds.gravity(&falls).max(Severity::Warning),
            },
            confidence: Confidence::Medium,
            component: choice.of,
            witness: vec![choice.of, causes[0]],
            message: match attribute {
                "hand" => format!(
                    "`{}` relies on one of {} being left, and all are changed by `{word}`",
                    grounds.name(choice.of),
                    grounds.list(&causes)
                ),
                _ => format!(
                    "`{}` relies on one of {} being left, and they share the {attribute} `{word}`",
                    grounds.name(choice.of),
                    grounds.list(&causes)
                ),
            },
            brings_down: falls,
            causes,
            help: match attribute {
                "entrance" => "bring one of them in by another way".to_owned(),
                "account" => "hold one of them under another account or contract".to_owned(),
                "hand" => "change one, watch it, and only then the next".to_owned(),
                "software" => "never change both at once, or run another version on one".to_owned(),
                _ => "put one of them elsewhere".to_owned(),
            },
        });
    }
}

/// Members that are reached by one address block only.
fn blocks_in_common(grounds: &Grounds<'_>, choice: &Choice<'_>, found: &mut Vec<Finding>) {
    let mut common: Option<Vec<ComponentId>> = None;
    for name in choice.names {
        let Some(name) = name else { return };
        let mut blocks =
            grounds.components_of(grounds.killers.alone(grounds.circuit.usable(*name)));
        blocks.retain(|&id| grounds.kind(id) == Kind::Prefix);
        match &mut common {
            None => common = Some(blocks),
            Some(common) => common.retain(|id| blocks.contains(id)),
        }
        if common.as_ref().is_none_or(Vec::is_empty) {
            return;
        }
    }
    let common = common.unwrap_or_default();
    let input = |id| grounds.circuit.component_input(id);
    for block in common {
        // Where the one who relies on them needs the block anyway, it is that one's single point.
        if grounds.killers.kills(input(block), grounds.circuit.works(choice.of)) {
            continue;
        }
        let members: Vec<ComponentId> = choice.names.iter().flatten().copied().collect();
        let falls = grounds.falls_with(block);
        found.push(Finding {
            code: RULE.code,
            severity: Severity::Warning,
            confidence: Confidence::High,
            component: choice.of,
            causes: vec![block],
            witness: std::iter::once(choice.of)
                .chain(members.first().copied())
                .chain([block])
                .collect(),
            message: format!(
                "{} are all reached by `{}` alone: one misrouted block takes them from the internet together",
                grounds.list(&members),
                grounds.name(block)
            ),
            brings_down: falls,
            help: "give one of them an address in another block, best with another provider".to_owned(),
        });
    }
}

/// Components that take down all members alone, by the wiring.
fn wired_in_common(grounds: &Grounds<'_>, choice: &Choice<'_>) -> BTreeSet<ComponentId> {
    let mut members = choice.members.iter();
    let Some(&first) = members.next() else { return BTreeSet::new() };
    let mut common: BTreeSet<ComponentId> =
        grounds.components_of(grounds.killers.alone(first)).into_iter().collect();
    for &member in members {
        common.retain(|&id| grounds.killers.kills(grounds.circuit.component_input(id), member));
    }
    common
}
