//! What we ourselves need in an outage falls with what it is needed for.
//!
//! `lifelines` name our own alerting, monitoring, status page, mail relay, name servers, backups and remote
//! access; monitors and backups that `covers` something count besides, and so does the place of this server
//! where nobody outside would notice its silence. A lifeline with several members is lost when all are. A
//! fault is reported when it takes down the lifeline and somebody else with it. A backup is lost with what
//! holds it (place, machine, disk, account), not with the network to it.

use super::{Finding, Grounds, Rule};
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::kind::Kind;
use blackstart_model::plant::{Lifeline, Role};
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::requirement::Target;
use std::collections::BTreeMap;

pub(super) const RULE: Rule =
    Rule { code: "BS1005", title: "what we need in an outage falls with what it serves", find };

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    for &line in Lifeline::ALL {
        let members: Vec<ComponentId> = grounds
            .plant
            .lifelines()
            .iter()
            .filter(|(own, _)| *own == line)
            .map(|(_, id)| *id)
            .collect();
        let Some(&first) = members.first() else { continue };
        let mut causes = falls_with_all(grounds, &members);
        if line == Lifeline::Backups {
            causes.retain(|&id| holds_data(grounds.kind(id)));
        }
        let others = |cause| {
            let mut falls = grounds.falls_with(cause);
            falls.retain(|id| !members.contains(id));
            falls
        };
        causes.retain(|&cause| !others(cause).is_empty());
        let Some(worst) = worst(&causes, others) else { continue };
        let falls = others(worst);
        let what = words(line);
        let who = match members.as_slice() {
            [one] => format!("{what} `{}` falls", grounds.name(*one)),
            all => format!("{what} {} fall together, and", grounds.list(all)),
        };
        found.push(Finding {
            code: RULE.code,
            severity: Severity::Warning,
            confidence: Confidence::High,
            component: first,
            witness: grounds.witness(first, worst),
            message: format!(
                "{who} with what it is there for: `{}` takes down {} besides",
                grounds.name(worst),
                grounds.counted(&falls)
            ),
            causes: worst_first(causes, worst),
            brings_down: falls,
            help: remedy(line).to_owned(),
        });
    }
    for id in grounds.ids() {
        match grounds.kind(id) {
            Kind::Monitor => covered_together(grounds, id, found),
            Kind::Backup => kept_together(grounds, id, found),
            _ => {}
        }
    }
    unheard(grounds, found);
}

const fn words(line: Lifeline) -> &'static str {
    match line {
        Lifeline::StatusPage => "our status page",
        Lifeline::Alerting => "our alerting",
        Lifeline::Monitoring => "our monitoring",
        Lifeline::MailRelay => "our mail relay",
        Lifeline::NameServers => "our name servers",
        Lifeline::Backups => "our backups' place",
        Lifeline::RemoteAccess => "our way in from outside",
    }
}

const fn remedy(line: Lifeline) -> &'static str {
    match line {
        Lifeline::StatusPage => {
            "publish it from a place that shares nothing with the plant: it is a folder of files"
        }
        Lifeline::Alerting | Lifeline::MailRelay => {
            "have one way for alerts that shares nothing with the plant"
        }
        Lifeline::Monitoring => "have a second vantage outside, and a heartbeat to a place outside",
        Lifeline::NameServers => "have a second name server in another network, under another name",
        Lifeline::Backups => "keep a second copy in another place, under another account",
        Lifeline::RemoteAccess => {
            "have a second way in: another provider, a modem, a person with a key"
        }
    }
}

/// Components that take down all members alone, in the plant's order, none of the members among them.
fn falls_with_all(grounds: &Grounds<'_>, members: &[ComponentId]) -> Vec<ComponentId> {
    let mut members_left = members.iter();
    let Some(&first) = members_left.next() else { return Vec::new() };
    let mut causes = grounds.components_of(grounds.killers.alone(grounds.circuit.usable(first)));
    for &member in members_left {
        let gate = grounds.circuit.usable(member);
        causes.retain(|&id| grounds.killers.kills(grounds.circuit.component_input(id), gate));
    }
    causes.retain(|id| !members.contains(id));
    causes
}

/// What would take the most with it; of equals the first.
fn worst(
    causes: &[ComponentId],
    falls: impl Fn(ComponentId) -> Vec<ComponentId>,
) -> Option<ComponentId> {
    causes.iter().copied().rev().max_by_key(|&cause| falls(cause).len())
}

fn worst_first(mut causes: Vec<ComponentId>, worst: ComponentId) -> Vec<ComponentId> {
    causes.retain(|&id| id != worst);
    causes.insert(0, worst);
    causes
}

/// What a fault can destroy data in.
const fn holds_data(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Site
            | Kind::Room
            | Kind::Rack
            | Kind::Server
            | Kind::Hypervisor
            | Kind::Vm
            | Kind::Container
            | Kind::Storage
            | Kind::Disk
            | Kind::Component
    )
}

/// What a monitor or a backup is for.
pub(super) fn covers(grounds: &Grounds<'_>, of: ComponentId) -> Vec<ComponentId> {
    let mut covered = Vec::new();
    if let Some(requirement) = grounds.plant.component(of).requirement(Role::Covers) {
        requirement.each_leaf(&mut |leaf| {
            if let Target::Component(target) = leaf.target {
                covered.push(target);
            }
        });
    }
    covered
}

/// A monitor that falls with what it watches; once for all that falls by the same.
fn covered_together(grounds: &Grounds<'_>, monitor: ComponentId, found: &mut Vec<Finding>) {
    let mut together: BTreeMap<Vec<ComponentId>, Vec<ComponentId>> = BTreeMap::new();
    let own = grounds.components_of(grounds.killers.alone(grounds.circuit.usable(monitor)));
    for target in covers(grounds, monitor) {
        let gate = grounds.circuit.usable(target);
        let causes: Vec<ComponentId> = own
            .iter()
            .copied()
            .filter(|&id| {
                id != monitor && grounds.killers.kills(grounds.circuit.component_input(id), gate)
            })
            .collect();
        together.entry(grounds.nearest(&causes)).or_default().push(target);
    }
    for (nearest, targets) in together {
        let Some(&cause) = nearest.first() else { continue };
        let falls = grounds.falls_with(cause);
        found.push(Finding {
            code: RULE.code,
            severity: Severity::Warning,
            confidence: Confidence::High,
            component: monitor,
            witness: grounds.witness(monitor, cause),
            message: format!(
                "`{}` falls with {}, which it watches over, when {} fails",
                grounds.name(monitor),
                grounds.list(&targets),
                grounds.any_of(&nearest)
            ),
            causes: nearest,
            brings_down: falls,
            help: remedy(Lifeline::Monitoring).to_owned(),
        });
    }
}

/// A backup that is kept where what it covers is kept.
fn kept_together(grounds: &Grounds<'_>, backup: ComponentId, found: &mut Vec<Finding>) {
    let own = grounds.components_of(grounds.killers.alone(grounds.circuit.works(backup)));
    for target in covers(grounds, backup) {
        let gate = grounds.circuit.works(target);
        let causes: Vec<ComponentId> = own
            .iter()
            .copied()
            .filter(|&id| {
                id != backup
                    && holds_data(grounds.kind(id))
                    && grounds.killers.kills(grounds.circuit.component_input(id), gate)
            })
            .collect();
        let nearest = grounds.nearest(&causes);
        let account = |id| match grounds.plant.component(id).attribute(Attribute::Account) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        };
        let one_account = account(backup).filter(|own| account(target) == Some(own));
        let message = match (nearest.is_empty(), one_account) {
            (true, None) => continue,
            (false, _) => format!(
                "`{}` is kept with what it is a backup of: {} takes both `{}` and its backup",
                grounds.name(backup),
                grounds.any_of(&nearest),
                grounds.name(target)
            ),
            (true, Some(account)) => format!(
                "`{}` and `{}`, which it is a backup of, hang on one account: `{account}`",
                grounds.name(backup),
                grounds.name(target)
            ),
        };
        let place = nearest
            .iter()
            .all(|&id| matches!(grounds.kind(id), Kind::Site | Kind::Room | Kind::Rack));
        found.push(Finding {
            code: RULE.code,
            severity: if place && !nearest.is_empty() {
                Severity::Warning
            } else {
                Severity::Error
            },
            confidence: Confidence::High,
            component: backup,
            witness: match nearest.first() {
                Some(&cause) => grounds.witness(backup, cause),
                None => vec![backup, target],
            },
            causes: if nearest.is_empty() { vec![target] } else { nearest },
            brings_down: grounds.falls_with_and(target),
            message,
            help: remedy(Lifeline::Backups).to_owned(),
        });
    }
}

/// This server stands in the plant, and nobody outside would notice its silence.
fn unheard(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    let vantages = grounds.plant.vantages();
    let outside = vantages.iter().any(|one| one.at.is_none() && one.agent.is_some());
    let Some(at) = vantages.first().and_then(|here| here.at) else { return };
    let alerting = grounds.plant.alerting();
    // Where there are ways to tell, what silences them all is a finding of its own.
    let has_ways = !alerting.ways().is_empty();
    if grounds.plant.checks().is_empty() || alerting.heartbeat.is_some() || outside || has_ways {
        return;
    }
    let mut causes = grounds.components_of(grounds.killers.alone(grounds.circuit.works(at)));
    causes.retain(|&cause| !grounds.falls_with(cause).is_empty());
    let Some(worst) = worst(&causes, |cause| grounds.falls_with(cause)) else { return };
    let falls = grounds.falls_with(worst);
    found.push(Finding {
        code: RULE.code,
        severity: Severity::Warning,
        confidence: Confidence::High,
        component: at,
        witness: grounds.witness(at, worst),
        message: format!(
            "this server stands at `{}` and falls with `{}`, which takes down {}: then nobody is told",
            grounds.name(at),
            grounds.name(worst),
            grounds.counted(&falls)
        ),
        causes: worst_first(causes, worst),
        brings_down: falls,
        help: "a `heartbeat` to a place outside, or a vantage outside, notices when this server is silent"
            .to_owned(),
    });
}
