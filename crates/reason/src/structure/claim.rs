//! A redundancy that is claimed and not wired at all.
//!
//! `claims` is what people believe; the wiring is what is. Where the component has a choice and the choice
//! is hollow, that is the finding about false redundancy; here it has none. Power is what is claimed of
//! what has power; of anything else, all it stands on. The place it stands in is not: 2N is said of cords
//! and not of buildings.

use super::{Finding, Grounds, Rule};
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::kind::Kind;
use blackstart_model::plant::{Claim, Role};
use blackstart_model::requirement::{Requirement, Target};

pub(super) const RULE: Rule =
    Rule { code: "BS1014", title: "the wiring contradicts a claimed redundancy", find };

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    for of in grounds.ids() {
        let component = grounds.plant.component(of);
        let said = match component.claims {
            Some(Claim::TwoN) => "2N".to_owned(),
            Some(Claim::NPlus(spare)) => format!("N+{spare}"),
            Some(Claim::N) | None => continue,
        };
        let power = component.requirement(Role::Power);
        let claimed: Vec<&Requirement> = match power {
            Some(power) => vec![power],
            None => component
                .requirements
                .iter()
                .filter(|(role, _)| {
                    matches!(
                        role,
                        Role::On
                            | Role::Needs
                            | Role::Network(_)
                            | Role::Cooling
                            | Role::CarriedBy
                            | Role::Uses
                    )
                })
                .map(|(_, requirement)| requirement)
                .collect(),
        };
        if claimed.is_empty() {
            found.push(unproven(grounds, of, &said));
            continue;
        }
        let mut only = Vec::new();
        claimed.iter().for_each(|requirement| without_choice(requirement, &mut only));
        only.retain(|&id| !matches!(grounds.kind(id), Kind::Site | Kind::Room | Kind::Rack));
        only.sort_unstable();
        only.dedup();
        let Some(&first) = only.first() else {
            found.extend(too_narrow(grounds, of, component.claims, &claimed));
            continue;
        };
        let falls = grounds.falls_with_and(of);
        found.push(Finding {
            code: RULE.code,
            severity: Severity::Error,
            confidence: Confidence::High,
            component: of,
            witness: vec![of, first],
            message: format!(
                "`{}` claims {said} and hangs on {} alone: it is N",
                grounds.name(of),
                grounds.list(&only)
            ),
            causes: only,
            brings_down: falls,
            help: "wire the second one, or claim `N`".to_owned(),
        });
    }
}

/// A claim of more spares than there are members beyond those needed.
fn too_narrow(
    grounds: &Grounds<'_>,
    of: ComponentId,
    claim: Option<Claim>,
    claimed: &[&Requirement],
) -> Option<Finding> {
    let Some(Claim::NPlus(claims)) = claim else { return None };
    let spares = claimed.iter().filter_map(|requirement| spares(requirement)).min()?;
    if spares >= claims {
        return None;
    }
    let mut members = Vec::new();
    claimed.iter().for_each(|requirement| {
        requirement.each_leaf(&mut |leaf| {
            if let Target::Component(id) = leaf.target {
                members.push(id);
            }
        });
    });
    Some(Finding {
        code: RULE.code,
        severity: Severity::Error,
        confidence: Confidence::High,
        component: of,
        witness: std::iter::once(of).chain(members.first().copied()).collect(),
        message: format!(
            "`{}` claims N+{claims}, and {} leave it N+{spares}",
            grounds.name(of),
            grounds.list(&members)
        ),
        causes: members,
        brings_down: grounds.falls_with_and(of),
        help: format!("wire what is missing, or claim `N+{spares}`"),
    })
}

/// How many members of a requirement may be gone: of its outermost choice.
fn spares(requirement: &Requirement) -> Option<u32> {
    let beyond = |k: u32, of: &[Requirement]| u32::try_from(of.len()).ok()?.checked_sub(k);
    match requirement {
        Requirement::One(_) => None,
        Requirement::All(of) => of.iter().filter_map(spares).min(),
        Requirement::Any(of) => beyond(1, of),
        Requirement::AtLeast { k, of } => beyond(*k, of),
    }
}

/// A claim about which the plant file says nothing that could bear it out.
fn unproven(grounds: &Grounds<'_>, of: ComponentId, said: &str) -> Finding {
    Finding {
        code: RULE.code,
        severity: Severity::Warning,
        confidence: Confidence::Medium,
        component: of,
        causes: vec![of],
        brings_down: grounds.falls_with_and(of),
        witness: vec![of],
        message: format!(
            "`{}` claims {said}, and the plant file does not say what it stands on",
            grounds.name(of)
        ),
        help: "go and look where its cords end, and write it down".to_owned(),
    }
}

/// What a requirement names outside of every choice.
fn without_choice(requirement: &Requirement, into: &mut Vec<ComponentId>) {
    match requirement {
        Requirement::One(leaf) => {
            if let Target::Component(id) = leaf.target {
                into.push(id);
            }
        }
        Requirement::All(of) => of.iter().for_each(|part| without_choice(part, into)),
        Requirement::Any(of) if of.len() == 1 => without_choice(&of[0], into),
        Requirement::AtLeast { k, of } if *k as usize == of.len() => {
            of.iter().for_each(|part| without_choice(part, into));
        }
        Requirement::Any(_) | Requirement::AtLeast { .. } => {}
    }
}
