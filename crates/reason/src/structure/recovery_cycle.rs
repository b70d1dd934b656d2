//! Things that need each other to start: once all are dark, none comes back by itself.
//!
//! While everything runs nobody sees it. The cold start finds the cycles and where to cut them; here each is
//! one finding, so that it is met in a review and not in the dark.

use super::{Finding, Grounds, Rule};
use crate::coldstart::{self, Cut};
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::plant::Role;
use blackstart_model::requirement::Target;

pub(super) const RULE: Rule =
    Rule { code: "BS1006", title: "things need each other to start", find };

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    for cycle in coldstart::cycles(grounds.plant) {
        let mut round: Vec<ComponentId> = cycle.edges.iter().map(|edge| edge.from).collect();
        let Some(&first) = round.first() else { continue };
        let names: Vec<&str> = round.iter().map(|&id| grounds.name(id)).collect();
        let mut falls: Vec<ComponentId> =
            cycle.members.iter().flat_map(|&id| grounds.falls_with_and(id)).collect();
        grounds.by_impact(&mut falls);
        let mut causes = round.clone();
        causes.sort_unstable();
        causes.dedup();
        round.push(first);
        found.push(Finding {
            code: RULE.code,
            severity: Severity::Error,
            confidence: Confidence::High,
            component: cycle.cuts.first().and_then(|set| set.first()).map_or(first, |cut| cut.of),
            witness: round,
            message: format!(
                "once dark, none of these starts without the next: {} → {}",
                names.join(" → "),
                grounds.name(first)
            ),
            causes,
            brings_down: falls,
            help: match cycle.cuts.first() {
                Some(cuts) => {
                    let cuts: Vec<String> = cuts.iter().map(|cut| said(grounds, cut)).collect();
                    let least = if cycle.is_least { "" } else { " (there may be a smaller way)" };
                    format!("{}{least}", cuts.join(", and "))
                }
                None => "let one of them start without the next".to_owned(),
            },
        });
    }
}

fn said(grounds: &Grounds<'_>, cut: &Cut) -> String {
    let target = match cut.target {
        Target::Component(id) => grounds.name(id),
        Target::Internet => "internet",
    };
    let role = if cut.role == Role::ToStart { "to_start" } else { "needs" };
    format!(
        "let `{}` start without `{target}` (`{role}`), or give it another that is not in the cycle",
        grounds.name(cut.of)
    )
}
