//! Traffic, and data, that move to the members that are left.
//!
//! `demand` is what a service has to carry at its busiest, `data` how much a thing keeps; what has none of its own
//! has that of all that people use and that falls with it. For every choice whose members all have a `capacity`
//! in bits per second, or in bytes: the single fault that leaves the least, and whether what is left carries the
//! traffic, or holds the data. A choice that does not with all of its members is too small, and not for want
//! of redundancy.

use super::super::{Finding, Grounds};
use super::RULE;
use crate::circuit::Choice;
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::plant::{Component, Role};
use blackstart_model::quantity::{Attribute, Range, Value};
use std::collections::BTreeSet;

pub(super) fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    for load in [Load::Traffic, Load::Data] {
        let any = |one: &Component| one.attribute(load.wanted()).is_some();
        if grounds.plant.components().iter().any(any) {
            each_choice(grounds, load, found);
        }
    }
}

/// What moves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Load {
    /// Bits per second.
    Traffic,
    /// Bytes.
    Data,
}

impl Load {
    const fn wanted(self) -> Attribute {
        match self {
            Self::Traffic => Attribute::Demand,
            Self::Data => Attribute::Data,
        }
    }

    const fn verb(self) -> &'static str {
        match self {
            Self::Traffic => "has to carry",
            Self::Data => "has to keep",
        }
    }

    /// The unit's multiples and their names, the largest first.
    const fn units(self) -> [(f64, &'static str); 5] {
        match self {
            Self::Traffic => [
                (1e12, "Tbit/s"),
                (1e9, "Gbit/s"),
                (1e6, "Mbit/s"),
                (1e3, "kbit/s"),
                (1.0, "bit/s"),
            ],
            Self::Data => [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")],
        }
    }
}

fn each_choice(grounds: &Grounds<'_>, load: Load, found: &mut Vec<Finding>) {
    let mut told = BTreeSet::new();
    for choice in grounds.circuit.choices() {
        if !matches!(choice.role, Role::On | Role::Network(_) | Role::Needs | Role::Uses) {
            continue;
        }
        // `on` and `network` of one thing mostly name the same members.
        if told.contains(&choice.of) {
            continue;
        }
        if let Some(finding) = too_little_left(grounds, load, &choice) {
            told.insert(choice.of);
            found.push(finding);
        }
    }
}

fn too_little_left(grounds: &Grounds<'_>, load: Load, choice: &Choice<'_>) -> Option<Finding> {
    let capacities: Vec<Range> = choice
        .names
        .iter()
        .map(|name| amount(grounds, load, (*name)?, Attribute::Capacity))
        .collect::<Option<_>>()?;
    let wanted = demand(grounds, load, choice.of)?;
    let left = |without: Option<ComponentId>| {
        let mut sum = Range { min: 0.0, max: 0.0 };
        let mut alive = 0_usize;
        for (&member, capacity) in choice.members.iter().zip(&capacities) {
            let gone = grounds.killers.is_down(member)
                || without.is_some_and(|cause| {
                    grounds.killers.kills(grounds.circuit.component_input(cause), member)
                });
            if !gone {
                sum.min += capacity.min;
                sum.max += capacity.max;
                alive += 1;
            }
        }
        (alive >= choice.k as usize).then_some(sum)
    };
    if left(None)?.max < wanted.min {
        return None;
    }
    let mut causes = BTreeSet::new();
    for (&member, name) in choice.members.iter().zip(choice.names) {
        // The member itself stands for all that it stands on alone, and is named first.
        causes.extend(name.map(|name| (false, name)));
        let on = grounds.components_of(grounds.killers.alone(member));
        causes.extend(on.into_iter().map(|cause| (!choice.names.contains(&Some(cause)), cause)));
    }
    let (least, (_, cause)) = causes
        .into_iter()
        .filter_map(|cause| Some((left(Some(cause.1))?, cause)))
        .reduce(|least, next| if next.0.max < least.0.max { next } else { least })?;
    if least.min >= wanted.max {
        return None;
    }
    let certain = least.max < wanted.min;
    let rest: Vec<ComponentId> =
        choice.names.iter().flatten().copied().filter(|&one| one != cause).collect();
    Some(Finding {
        code: RULE.code,
        severity: Severity::Warning,
        confidence: if certain { Confidence::High } else { Confidence::Medium },
        component: choice.of,
        causes: vec![cause],
        witness: vec![choice.of, cause],
        message: format!(
            "without `{}`, {} {} {} left for `{}`, which {} {}{}",
            grounds.name(cause),
            grounds.list(&rest),
            if rest.len() == 1 { "has" } else { "have" },
            shown(load, least),
            grounds.name(choice.of),
            load.verb(),
            shown(load, wanted),
            if certain { "" } else { ": that may be too little" }
        ),
        brings_down: grounds.falls_with_and(choice.of),
        help: "make either side large enough for all, or know what is switched off first"
            .to_owned(),
    })
}

/// What has to be carried or kept: its own, else that of all that falls with it.
fn demand(grounds: &Grounds<'_>, load: Load, of: ComponentId) -> Option<Range> {
    amount(grounds, load, of, load.wanted()).or_else(|| {
        let falls = grounds.falls_with(of);
        let mut all = falls.iter().filter_map(|&one| amount(grounds, load, one, load.wanted()));
        let first = all.next()?;
        let add = |sum: Range, one: Range| Range { min: sum.min + one.min, max: sum.max + one.max };
        Some(all.fold(first, add))
    })
}

fn amount(
    grounds: &Grounds<'_>,
    load: Load,
    of: ComponentId,
    attribute: Attribute,
) -> Option<Range> {
    match (load, grounds.plant.component(of).attribute(attribute)) {
        (Load::Traffic, Some(Value::BitsPerSecond(range))) => Some(*range),
        (Load::Data, Some(Value::Bytes(range))) => Some(*range),
        _ => None,
    }
}

/// An amount in the unit that fits it.
fn shown(load: Load, range: Range) -> String {
    let units = load.units();
    let (scale, unit) =
        units.into_iter().find(|(scale, _)| range.max >= *scale).unwrap_or(units[units.len() - 1]);
    let number = |value: f64| {
        let text = format!("{:.2}", value / scale);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    };
    if number(range.min) == number(range.max) {
        format!("{} {unit}", number(range.max))
    } else {
        format!("{}..{} {unit}", number(range.min), number(range.max))
    }
}
