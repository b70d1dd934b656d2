//! What is known to have failed, or is off on purpose, has used up a redundancy: the rest is single.
//!
//! For every choice with a member that is down today: whether just enough are left. This is about today's
//! condition and not about the design, so it goes away with the repair.

use super::{Finding, Grounds, Rule};
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};

pub(super) const RULE: Rule =
    Rule { code: "BS1015", title: "what has failed already leaves no redundancy", find };

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    for choice in grounds.circuit.choices() {
        let down = |member| grounds.killers.is_down(member);
        let alive = choice.members.iter().filter(|&&member| !down(member)).count();
        if alive == choice.members.len() || alive > choice.k as usize {
            continue;
        }
        let mut gone = Vec::new();
        for (&member, name) in choice.members.iter().zip(choice.names) {
            gone.extend(name.filter(|_| down(member)));
        }
        gone.dedup();
        let Some(&first) = gone.first() else { continue };
        let falls = grounds.falls_with_and(choice.of);
        let of = grounds.name(choice.of);
        let left: Vec<ComponentId> = choice
            .members
            .iter()
            .zip(choice.names)
            .filter(|(member, _)| !down(**member))
            .filter_map(|(_, name)| *name)
            .collect();
        let message = if alive < choice.k as usize {
            format!("`{of}` is down as the plant file has it: {} is out", grounds.list(&gone))
        } else {
            format!(
                "with {} out, `{of}` hangs on {} alone",
                grounds.list(&gone),
                grounds.list(&left)
            )
        };
        found.push(Finding {
            code: RULE.code,
            severity: Severity::Warning,
            confidence: Confidence::High,
            component: choice.of,
            witness: vec![choice.of, first],
            causes: gone,
            brings_down: falls,
            message,
            help: "repair it before anything else is switched off".to_owned(),
        });
    }
}
