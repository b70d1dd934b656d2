//! A redundancy whose members fall together: claimed twice, wired once.
//!
//! For every choice of the plant (`any`, `at_least`): the inputs that take down so many members that too
//! few are left, by the killer sets of the members, down to feed, entrance and building. What would take
//! the component down anyway, by its other requirements, is no fault of this redundancy: a rack that
//! burns takes server and power strips alike. The nearest shared thing is named first, then what that stands
//! on in turn.

use super::{Finding, Grounds, Rule};
use crate::circuit::{Choice, InputId, Killing};
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::kind::Kind;
use blackstart_model::plant::{Claim, Role};
use blackstart_model::requirement::{Requirement, Target};
use std::collections::HashMap;

pub(super) const RULE: Rule =
    Rule { code: "BS1002", title: "the members of a redundancy fall together", find };

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    for choice in grounds.circuit.choices() {
        let shared = shared(grounds, &choice);
        let mut causes = grounds.components_of(&shared);
        causes.retain(|&cause| cause != choice.of && !falls_anyway(grounds, &choice, cause));
        if causes.is_empty() {
            continue;
        }
        let nearest = grounds.nearest(&causes);
        let Some(&cause) = nearest.first() else { continue };
        causes.sort_by_key(|id| !nearest.contains(id));
        let claim = grounds.plant.component(choice.of).claims;
        let contradicted = matches!(claim, Some(Claim::TwoN | Claim::NPlus(_)));
        let doubled = choice.members.windows(2).any(|pair| pair[0] == pair[1]);
        let falls = grounds.falls_with_and(choice.of);
        let place = nearest
            .iter()
            .all(|&one| matches!(grounds.kind(one), Kind::Site | Kind::Room | Kind::Cooling));
        let severity = match (contradicted, place) {
            (true, false) => Severity::Error,
            (_, true) => Severity::Note,
            (false, false) if doubled => Severity::Warning,
            (false, false) => grounds.gravity(&falls).max(Severity::Warning),
        };
        let members: Vec<ComponentId> = choice.names.iter().flatten().copied().collect();
        found.push(Finding {
            code: RULE.code,
            severity,
            confidence: Confidence::High,
            component: choice.of,
            witness: witness(grounds, choice.of, &members, cause),
            // What is claimed is claimed of cords and machines, not of the building they stand in.
            message: message(grounds, &choice, &members, &nearest, claim.filter(|_| !place)),
            causes,
            brings_down: falls,
            help: match choice.role {
                Role::Power => {
                    "move one cord to something that shares nothing with the other".to_owned()
                }
                _ => "let one member stand on something else".to_owned(),
            },
        });
    }
}

/// The inputs that leave fewer than k members, none of which is down today.
fn shared(grounds: &Grounds<'_>, choice: &Choice<'_>) -> Vec<InputId> {
    let mut alive = 0_usize;
    let mut count: HashMap<InputId, usize> = HashMap::new();
    for &member in choice.members {
        match grounds.killers.of_gate(member) {
            Killing::Down => {}
            Killing::By(inputs) => {
                alive += 1;
                for &input in inputs {
                    *count.entry(input).or_default() += 1;
                }
            }
        }
    }
    // With no more than k left the redundancy is gone today, which is another finding's matter.
    let Some(enough) = (alive + 1).checked_sub(choice.k as usize).filter(|&enough| enough > 1)
    else {
        return Vec::new();
    };
    let mut shared: Vec<InputId> =
        count.into_iter().filter(|&(_, count)| count >= enough).map(|(input, _)| input).collect();
    shared.sort_unstable();
    shared
}

/// Whether a cause would take the component down by its requirements in other roles.
fn falls_anyway(grounds: &Grounds<'_>, choice: &Choice<'_>, cause: ComponentId) -> bool {
    let input = grounds.circuit.component_input(cause);
    let component = grounds.plant.component(choice.of);
    component.requirements.iter().any(|(role, requirement)| {
        *role != choice.role
            && matches!(role, Role::In | Role::On | Role::Power | Role::Cooling)
            && falls(grounds, requirement, input)
    })
}

/// Whether a requirement is no longer met once this input has failed, by what works today.
fn falls(grounds: &Grounds<'_>, requirement: &Requirement, input: InputId) -> bool {
    let count = |of: &[Requirement]| of.iter().filter(|part| !falls(grounds, part, input)).count();
    match requirement {
        Requirement::One(leaf) => match leaf.target {
            Target::Component(on) => {
                let gate = grounds.circuit.works(on);
                grounds.killers.is_down(gate) || grounds.killers.kills(input, gate)
            }
            Target::Internet => false,
        },
        Requirement::All(of) => count(of) < of.len(),
        Requirement::Any(of) => count(of) == 0,
        Requirement::AtLeast { k, of } => count(of) < *k as usize,
    }
}

fn witness(
    grounds: &Grounds<'_>,
    of: ComponentId,
    members: &[ComponentId],
    cause: ComponentId,
) -> Vec<ComponentId> {
    let mut way = vec![of];
    match members.first() {
        Some(&member) if member != cause => way.extend(grounds.witness(member, cause)),
        _ => way.push(cause),
    }
    way
}

fn message(
    grounds: &Grounds<'_>,
    choice: &Choice<'_>,
    members: &[ComponentId],
    nearest: &[ComponentId],
    claim: Option<Claim>,
) -> String {
    let of = grounds.name(choice.of);
    let mut distinct = members.to_vec();
    distinct.dedup();
    let what = match (choice.role, distinct.as_slice()) {
        (Role::Power, [one]) => {
            format!("all cords of `{of}` are in `{}`", grounds.name(*one))
        }
        (_, [one]) => format!("every choice of `{of}` is `{}`", grounds.name(*one)),
        (_, members) => format!(
            "`{of}` can do with {} of {}, and they fall together with {}",
            if choice.k == 1 { "any".to_owned() } else { choice.k.to_string() },
            grounds.list(members),
            grounds.list(nearest)
        ),
    };
    match claim {
        Some(Claim::TwoN) => format!("{what}: claims 2N, is N"),
        Some(Claim::NPlus(spare)) => format!("{what}: claims N+{spare}, is N"),
        Some(Claim::N) | None => what,
    }
}
