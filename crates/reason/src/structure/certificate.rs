//! A certificate that ends soon, or whose end nobody watches.
//!
//! `expires` is what the file says; a check over TLS of what the certificate covers sees the end by itself.
//! Where there is neither, the day comes unannounced: client certificates above all, which no check is
//! ever shown.

use super::{Finding, Grounds, Rule, shared_fate};
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::kind::Kind;
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::time::{SignedDuration, shown};

pub(super) const RULE: Rule =
    Rule { code: "BS1011", title: "a certificate ends soon, or nobody watches its end", find };

/// As the checks have it when not told otherwise: time for one holiday and one mistake.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);

/// Automatic renewal starts thirty days before the end with most ACME clients; later, it has failed.
const RENEWAL: SignedDuration = SignedDuration::from_hours(30 * 24);

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    let mut seen_over_tls = vec![false; grounds.plant.components().len()];
    for check in grounds.plant.checks() {
        if check.question.tls().is_some() {
            seen_over_tls[check.component.index()] = true;
        }
    }
    for of in grounds.ids().filter(|&id| grounds.kind(id) == Kind::Certificate) {
        let covered = shared_fate::covers(grounds, of);
        let watched =
            seen_over_tls[of.index()] || covered.iter().any(|id| seen_over_tls[id.index()]);
        let Some((severity, confidence, message)) = judged(grounds, of, watched) else { continue };
        let mut falls = grounds.falls_with(of);
        for &one in &covered {
            falls.extend(grounds.falls_with_and(one));
        }
        grounds.by_impact(&mut falls);
        found.push(Finding {
            code: RULE.code,
            severity,
            confidence,
            component: of,
            causes: vec![of],
            witness: covered.first().copied().into_iter().chain([of]).collect(),
            brings_down: falls,
            message,
            help: "renew it, write its end under `expires`, and check with `https` what it covers"
                .to_owned(),
        });
    }
}

fn judged(
    grounds: &Grounds<'_>,
    of: ComponentId,
    watched: bool,
) -> Option<(Severity, Confidence, String)> {
    let name = grounds.name(of);
    let Some(Value::Instant(end)) = grounds.plant.component(of).attribute(Attribute::Expires)
    else {
        let message = format!("nothing says when `{name}` ends, and no check would see it");
        return (!watched).then_some((Severity::Warning, Confidence::Medium, message));
    };
    let (left, day) = (end.duration_since(grounds.now), shown(*end, grounds.plant.zone()));
    let (severity, message) = if left <= SignedDuration::ZERO {
        (Severity::Error, format!("`{name}` ended on {day}"))
    } else if left <= SOON {
        (
            Severity::Warning,
            format!("`{name}` ends on {day}, within {} days", left.as_hours() / 24 + 1),
        )
    } else if left <= RENEWAL {
        (Severity::Note, format!("`{name}` ends on {day}: it should have been renewed by now"))
    } else if !watched {
        (Severity::Note, format!("`{name}` ends on {day}, and no check would see it"))
    } else {
        return None;
    };
    Some((severity, Confidence::High, message))
}
