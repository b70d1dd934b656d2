//! Traffic that moves to the members that are left.
//!
//! `demand` is what a service has to carry at its busiest; what has none of its own has that of all that
//! people use and that falls with it. For every choice whose members all have a `capacity` in bits per second:
//! the single fault that leaves the least, and whether what is left carries the demand. A choice that does not
//! carry it with all of its members is too small, and not for want of redundancy.

use super::super::{Finding, Grounds};
use super::RULE;
use crate::circuit::Choice;
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::plant::Role;
use blackstart_model::quantity::{Attribute, Range, Value};
use std::collections::BTreeSet;

pub(super) fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    let any =
        grounds.plant.components().iter().any(|one| one.attribute(Attribute::Demand).is_some());
    if !any {
        return;
    }
    let mut told = BTreeSet::new();
    for choice in grounds.circuit.choices() {
        if !matches!(choice.role, Role::On | Role::Network(_) | Role::Needs | Role::Uses) {
            continue;
        }
        // `on` and `network` of one thing mostly name the same members.
        if told.contains(&choice.of) {
            continue;
        }
        if let Some(finding) = too_little_left(grounds, &choice) {
            told.insert(choice.of);
            found.push(finding);
        }
    }
}

fn too_little_left(grounds: &Grounds<'_>, choice: &Choice<'_>) -> Option<Finding> {
    let capacities: Vec<Range> = choice
        .names
        .iter()
        .map(|name| rate(grounds, (*name)?, Attribute::Capacity))
        .collect::<Option<_>>()?;
    let wanted = demand(grounds, choice.of)?;
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
            "without `{}`, {} {} {} left for `{}`, which has to carry {}{}",
            grounds.name(cause),
            grounds.list(&rest),
            if rest.len() == 1 { "has" } else { "have" },
            shown(least),
            grounds.name(choice.of),
            shown(wanted),
            if certain { "" } else { ": that may be too little" }
        ),
        brings_down: grounds.falls_with_and(choice.of),
        help: "make either side large enough for all, or know what is switched off first"
            .to_owned(),
    })
}

/// What has to be carried: its own demand, else that of all that falls with it.
fn demand(grounds: &Grounds<'_>, of: ComponentId) -> Option<Range> {
    rate(grounds, of, Attribute::Demand).or_else(|| {
        let falls = grounds.falls_with(of);
        let mut all = falls.iter().filter_map(|&one| rate(grounds, one, Attribute::Demand));
        let first = all.next()?;
        let add = |sum: Range, one: Range| Range { min: sum.min + one.min, max: sum.max + one.max };
        Some(all.fold(first, add))
    })
}

fn rate(grounds: &Grounds<'_>, of: ComponentId, attribute: Attribute) -> Option<Range> {
    match grounds.plant.component(of).attribute(attribute) {
        Some(Value::BitsPerSecond(range)) => Some(*range),
        _ => None,
    }
}

/// A rate in the unit that fits it.
fn shown(range: Range) -> String {
    const UNITS: [(f64, &str); 4] =
        [(1e12, "Tbit/s"), (1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s")];
    let (scale, unit) =
        UNITS.into_iter().find(|(scale, _)| range.max >= *scale).unwrap_or((1.0, "bit/s"));
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
