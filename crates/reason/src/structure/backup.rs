//! A backup that is missing, too seldom, or never restored.
//!
//! `recovery_point` says how much may be lost; a backup that `covers` a thing, or what it runs on, has to be
//! made at least so often. A backup is proven only by a restore (`proven`); a proof lasts a year. Where a
//! database, a website or storage has no recovery point, having no backup is worth a note.

use super::{Finding, Grounds, Rule, shared_fate};
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::kind::Kind;
use blackstart_model::plant::Role;
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::requirement::Target;
use blackstart_model::time::{Duration, SignedDuration, shown, shown_span};
use std::collections::BTreeMap;

pub(super) const RULE: Rule =
    Rule { code: "BS1010", title: "a backup is missing, too seldom or unproven", find };

/// After so long a restore proves little: formats, sizes and people have changed (chosen by hand).
const PROOF_LASTS: SignedDuration = SignedDuration::from_hours(366 * 24);

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    let mut covering: BTreeMap<ComponentId, Vec<ComponentId>> = BTreeMap::new();
    for id in grounds.ids().filter(|&id| grounds.kind(id) == Kind::Backup) {
        for target in shared_fate::covers(grounds, id) {
            covering.entry(target).or_default().push(id);
        }
    }
    let any_backup = !covering.is_empty();
    let mut demanded: BTreeMap<ComponentId, ComponentId> = BTreeMap::new();
    for of in grounds.ids() {
        let point = match grounds.plant.component(of).attribute(Attribute::RecoveryPoint) {
            Some(Value::Span(least, _)) => Some(*least),
            _ => None,
        };
        let backups = backups_of(grounds, &covering, of);
        for &backup in &backups {
            demanded.entry(backup).or_insert(of);
        }
        let keeps = matches!(grounds.kind(of), Kind::Website | Kind::Database | Kind::Storage);
        match (point, backups.is_empty()) {
            (Some(point), true) => found.push(missing(grounds, of, Some(point))),
            (Some(point), false) => too_seldom(grounds, of, point, &backups, found),
            (None, true) if keeps && any_backup => found.push(missing(grounds, of, None)),
            (None, _) => {}
        }
    }
    for (&backup, &of) in &demanded {
        unproven(grounds, backup, of, found);
    }
}

/// The backups that cover a component, or what it runs on or in.
fn backups_of(
    grounds: &Grounds<'_>,
    covering: &BTreeMap<ComponentId, Vec<ComponentId>>,
    of: ComponentId,
) -> Vec<ComponentId> {
    let mut backups = Vec::new();
    let mut open = vec![of];
    let mut seen = vec![of];
    while let Some(at) = open.pop() {
        backups.extend(covering.get(&at).into_iter().flatten().copied());
        if let Some(on) = grounds.plant.component(at).requirement(Role::On) {
            on.each_leaf(&mut |leaf| {
                if let Target::Component(below) = leaf.target
                    && !seen.contains(&below)
                {
                    seen.push(below);
                    open.push(below);
                }
            });
        }
    }
    backups.sort_unstable();
    backups.dedup();
    backups
}

fn missing(grounds: &Grounds<'_>, of: ComponentId, point: Option<Duration>) -> Finding {
    let name = grounds.name(of);
    Finding {
        code: RULE.code,
        severity: if point.is_some() { Severity::Error } else { Severity::Note },
        confidence: if point.is_some() { Confidence::High } else { Confidence::Medium },
        component: of,
        causes: vec![of],
        brings_down: grounds.falls_with_and(of),
        witness: vec![of],
        message: match point {
            Some(point) => {
                format!("`{name}` may lose {} at most, and no backup covers it", shown_span(point))
            }
            None => format!("no backup covers `{name}`"),
        },
        help: "a `backups` entry whose `covers` names it, or what it runs on".to_owned(),
    }
}

fn too_seldom(
    grounds: &Grounds<'_>,
    of: ComponentId,
    point: Duration,
    backups: &[ComponentId],
    found: &mut Vec<Finding>,
) {
    let every =
        |backup: ComponentId| match grounds.plant.component(backup).attribute(Attribute::Every) {
            Some(Value::Span(_, most)) => Some(*most),
            _ => None,
        };
    if backups.iter().any(|&backup| every(backup).is_some_and(|every| every <= point)) {
        return;
    }
    let best =
        backups.iter().copied().filter(|&one| every(one).is_some()).min_by_key(|&one| every(one));
    let backup = best.unwrap_or(backups[0]);
    let (name, point) = (grounds.name(of), shown_span(point));
    let (severity, message) = match every(backup) {
        Some(every) => (
            Severity::Error,
            format!(
                "`{name}` may lose {point} at most, and `{}` is made every {}",
                grounds.name(backup),
                shown_span(every)
            ),
        ),
        None => (
            Severity::Warning,
            format!(
                "`{name}` may lose {point} at most, and nothing says how often `{}` is made",
                grounds.name(backup)
            ),
        ),
    };
    found.push(Finding {
        code: RULE.code,
        severity,
        confidence: Confidence::High,
        component: backup,
        causes: vec![of],
        brings_down: grounds.falls_with_and(of),
        witness: vec![of, backup],
        message,
        help: "make it more often, or agree to lose more".to_owned(),
    });
}

fn unproven(grounds: &Grounds<'_>, backup: ComponentId, of: ComponentId, found: &mut Vec<Finding>) {
    let name = grounds.name(backup);
    let message = match grounds.plant.component(backup).attribute(Attribute::Proven) {
        Some(Value::Instant(at)) if grounds.now.duration_since(*at) <= PROOF_LASTS => return,
        Some(Value::Instant(at)) => format!(
            "`{name}` was last restored on {}, over a year ago",
            shown(*at, grounds.plant.zone())
        ),
        _ => format!("nothing says that `{name}` was ever restored: it is a hope, not a backup"),
    };
    found.push(Finding {
        code: RULE.code,
        severity: Severity::Warning,
        confidence: Confidence::High,
        component: backup,
        causes: vec![backup],
        brings_down: grounds.falls_with_and(of),
        witness: vec![of, backup],
        message,
        help: "restore it to a machine nobody uses, look, and write the day under `proven`"
            .to_owned(),
    });
}
