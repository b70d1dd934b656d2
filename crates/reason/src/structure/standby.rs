//! A standby that nobody has seen take over.
//!
//! Generators, UPS, transfer switches, whatever stands as `standby` in a requirement, and whatever says of
//! itself when it was last exercised: a server that has not been restarted for years is one. A latent fault is met
//! only when the other side goes, which is the worst time to meet it. A date older than a year counts
//! as none; one in the future is a plan. A trial without load, or with less than it will have to carry, is none
//! either: a battery starts a generator that nobody leans on.

use super::capacity::Flows;
use super::{Finding, Grounds, Rule};
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::kind::Kind;
use blackstart_model::requirement::Target;
use blackstart_model::time::{SignedDuration, shown};
use std::collections::BTreeMap;

pub(super) const RULE: Rule =
    Rule { code: "BS1009", title: "a standby that nobody has seen take over", find };

/// After so long a proof is history (chosen by hand; NFPA 110 8.4 has generators run monthly, and a year
/// lets pass what is only tried in the annual test).
const PROOF_LASTS: SignedDuration = SignedDuration::from_hours(366 * 24);

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    let standbys = standbys(grounds);
    let tried_with_load =
        |id: &ComponentId| grounds.plant.component(*id).condition.exercised_load.is_some();
    let carried = standbys.keys().any(tried_with_load).then(|| Flows::of(grounds));
    for (of, relied_on_by) in standbys {
        let condition = &grounds.plant.component(of).condition;
        let name = grounds.name(of);
        let zone = grounds.plant.zone();
        let (severity, confidence, message) = if condition.never_exercised {
            let message =
                format!("`{name}` has never been exercised: whether it takes over is not known");
            (Severity::Warning, Confidence::High, message)
        } else if let Some(until) = condition.barred_until.filter(|&until| until > grounds.now) {
            let message = format!("`{name}` is not to be used until {}", shown(until, zone));
            (Severity::Warning, Confidence::High, message)
        } else {
            match condition.exercised {
                Some(at) if grounds.now.duration_since(at) > PROOF_LASTS => {
                    let message = format!(
                        "`{name}` was last exercised on {}, over a year ago",
                        shown(at, zone)
                    );
                    (Severity::Warning, Confidence::High, message)
                }
                Some(_) => {
                    let Some(message) = with_too_little(grounds, &carried, of, relied_on_by) else {
                        continue;
                    };
                    (Severity::Warning, Confidence::High, message)
                }
                None => {
                    let message = format!("nothing says that `{name}` was ever exercised");
                    (Severity::Note, Confidence::Medium, message)
                }
            }
        };
        let mut falls =
            relied_on_by.map_or_else(|| grounds.falls_with(of), |one| grounds.falls_with_and(one));
        falls.retain(|&id| id != of);
        found.push(Finding {
            code: RULE.code,
            severity,
            confidence,
            component: of,
            causes: vec![of],
            witness: relied_on_by.into_iter().chain([of]).collect(),
            brings_down: falls,
            message,
            help: "have it take over once while everybody watches, and write the day under `condition: { exercised: … }`"
                .to_owned(),
        });
    }
}

/// A trial with less than it will have to carry: the draws of what relies on it, at their least.
fn with_too_little(
    grounds: &Grounds<'_>,
    carried: &Option<Flows>,
    of: ComponentId,
    relied_on_by: Option<ComponentId>,
) -> Option<String> {
    let tried = grounds.plant.component(of).condition.exercised_load?.max;
    let name = grounds.name(of);
    if tried == 0.0 {
        return Some(format!("`{name}` was last exercised without load"));
    }
    let load = carried.as_ref()?.least(relied_on_by?);
    let kilo = |watts: f64| watts / 1_000.0;
    (tried < load).then(|| {
        format!(
            "`{name}` was last exercised with {:.1} kW, and has {:.1} kW or more to carry",
            kilo(tried),
            kilo(load)
        )
    })
}

/// Each standby, and one component that relies on it.
fn standbys(grounds: &Grounds<'_>) -> BTreeMap<ComponentId, Option<ComponentId>> {
    let mut standbys = BTreeMap::new();
    for id in grounds.ids() {
        let component = grounds.plant.component(id);
        let by_kind = matches!(component.kind, Kind::Generator | Kind::TransferSwitch | Kind::Ups);
        let condition = &component.condition;
        if by_kind
            || condition.never_exercised
            || condition.exercised.is_some()
            || condition.barred_until.is_some()
        {
            standbys.entry(id).or_insert(None);
        }
    }
    for id in grounds.ids() {
        for (_, requirement) in &grounds.plant.component(id).requirements {
            requirement.each_leaf(&mut |leaf| {
                if let Target::Component(target) = leaf.target
                    && (leaf.standby.is_some() || standbys.contains_key(&target))
                {
                    let relied = standbys.entry(target).or_insert(None);
                    *relied = relied.or(Some(id));
                }
            });
        }
    }
    standbys
}
