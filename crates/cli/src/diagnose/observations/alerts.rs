//! An export of Alertmanager, as what was observed.
//!
//! Which component or check an alert means is decided by [`blackstart_server::alertmanager`]; here it becomes what a
//! line would have said.

use super::{Reading, Said, Unmatched, What, placed};
use blackstart_model::observation::{Outcome, SymptomCode};
use blackstart_model::record::{Report, Saw};
use blackstart_model::time::{SignedDuration, Timestamp};
use blackstart_model::{ComponentId, Plant};
use blackstart_reason::circuit::Circuit;
use blackstart_reason::whatif::{Question, whatif};
use blackstart_server::alertmanager::{self, Alert, Subject, TRIES};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Who says so.
const FROM: &str = "alertmanager";

/// So long before an alert fired, its rule had seen no harm (chosen by hand: rules wait for some minutes before they
/// fire).
const NOT_YET: SignedDuration = SignedDuration::from_mins(10);

/// What fires on is said again so often: well within the time that a word lasts.
const AGAIN: SignedDuration = SignedDuration::from_mins(30);

/// How often at most: for the day that an outage is looked back at.
const AGAIN_MAX: usize = 48;

/// The text as an export; `None` when it is something else.
pub(super) fn export(text: &str) -> Option<Value> {
    let start = text.trim_start();
    if !start.starts_with(['[', '{']) {
        return None;
    }
    match serde_json::from_str(text).ok()? {
        Value::Array(alerts) => {
            let is_alert = |it: &Value| it.get("labels").is_some();
            let any = alerts.is_empty() || alerts.iter().any(is_alert);
            any.then_some(Value::Array(alerts))
        }
        Value::Object(body) if body.contains_key("alerts") => Some(Value::Object(body)),
        Value::Object(mut body) => of_prometheus(body.get_mut("data")?),
        _ => None,
    }
}

/// What Prometheus itself answers at `/api/v1/alerts`, as an export: its alerts that fire began when they were active
/// first. Those that are pending are no news yet.
fn of_prometheus(data: &mut Value) -> Option<Value> {
    let Value::Array(alerts) = data.get_mut("alerts")?.take() else { return None };
    let fires = |it: &Value| it.get("state").is_none_or(|state| state == "firing");
    let alerts = alerts.into_iter().filter(fires).map(|mut alert| {
        if let Value::Object(fields) = &mut alert
            && let Some(since) = fields.remove("activeAt")
        {
            fields.entry("startsAt").or_insert(since);
        }
        alert
    });
    Some(Value::Array(alerts.collect()))
}

/// Reads an export that stands from `line` on. In a list of all that fires, what fires does so until it was made.
pub(super) fn read(export: &Value, plant: &Plant, line: usize, reading: &mut Reading) {
    let alertmanager::Reading { alerts, unmatched, mistakes } = alertmanager::read(export, plant);
    let exported_at = export.as_array().and_then(|all| newest(all));
    for alert in &alerts {
        let (saw, failures) = if alert.is_mild { (Saw::Degraded, 0) } else { (Saw::Down, TRIES) };
        reading.said.push(said(plant, alert, alert.since, saw, failures));
        if let Some(at) = alert.resolved_at {
            reading.said.push(said(plant, alert, at, Saw::Up, 0));
        } else if let Some(until) = exported_at {
            let mut at = until;
            for _ in 0..AGAIN_MAX {
                if at.duration_since(alert.since) < AGAIN {
                    break;
                }
                reading.said.push(said(plant, alert, at, saw, failures));
                at = at.checked_sub(AGAIN).unwrap_or(Timestamp::MIN);
            }
        }
    }
    if exported_at.is_some() {
        not_yet(plant, &alerts, reading);
    }
    reading.unmatched.extend(unmatched.into_iter().map(|it| Unmatched {
        line,
        name: it.rule,
        near: None,
        words: it.words,
    }));
    reading.mistakes.extend(mistakes.into_iter().map(|(number, why)| {
        (line, if number == 0 { why } else { format!("alert {number}: {why}") })
    }));
}

/// The newest time in an export: it was made then, or soon after.
fn newest(alerts: &[Value]) -> Option<Timestamp> {
    let times = alerts.iter().flat_map(|alert| [&alert["updatedAt"], &alert["startsAt"]]);
    times.filter_map(|time| time.as_str()?.parse().ok()).max()
}

/// Of which component an alert speaks.
fn component(plant: &Plant, alert: &Alert) -> ComponentId {
    match alert.subject {
        Subject::Component(id) => id,
        Subject::Check(id) => plant.checks()[id.index()].component,
    }
}

/// What is down when these are, themselves included.
fn down(plant: &Plant, circuit: &Circuit, off: Vec<ComponentId>) -> BTreeSet<ComponentId> {
    let question = Question { off: off.clone(), ..Question::default() };
    let Ok(answer) = whatif(plant, circuit, &question) else { return BTreeSet::new() };
    answer.down().map(|dark| dark.component).chain(off).collect()
}

/// What began to fire after others was well before, unless it needs what was down already.
fn not_yet(plant: &Plant, alerts: &[Alert], reading: &mut Reading) {
    let mut firing: Vec<&Alert> = alerts.iter().filter(|alert| !alert.is_mild).collect();
    firing.sort_by_key(|alert| alert.since);
    let Some(first) = alerts.iter().map(|alert| alert.since).min() else { return };
    let circuit = Circuit::of(plant);
    let mut known: BTreeMap<usize, BTreeSet<ComponentId>> = BTreeMap::new();
    for alert in alerts {
        let before = alert.since.checked_sub(NOT_YET).unwrap_or(Timestamp::MIN);
        if before <= first {
            continue;
        }
        let earlier = &firing[..firing.partition_point(|other| other.since <= before)];
        let dark = known.entry(earlier.len()).or_insert_with(|| {
            down(plant, &circuit, earlier.iter().map(|it| component(plant, it)).collect())
        });
        if !dark.contains(&component(plant, alert)) {
            reading.said.push(said(plant, alert, before, Saw::Up, 0));
        }
    }
}

fn said(plant: &Plant, alert: &Alert, at: Timestamp, saw: Saw, failures: u32) -> Said {
    let detail = if saw == Saw::Up { "" } else { &alert.words };
    let (component, vantage) = match alert.subject {
        Subject::Component(id) => (id, None),
        Subject::Check(id) => {
            let vantage = placed(plant, id, Some(FROM)).0.map(|vantage| (id, vantage));
            (plant.checks()[id.index()].component, vantage)
        }
    };
    let what = match vantage {
        Some((check, vantage)) => {
            let outcome = match saw {
                Saw::Up => Outcome::Up,
                Saw::Degraded => Outcome::degraded(SymptomCode::Reported, detail),
                Saw::Down | Saw::Flapping | Saw::Unknown => {
                    Outcome::down(SymptomCode::Reported, detail)
                }
            };
            What::Answer { check, vantage, outcome, tries: TRIES, failures }
        }
        None => What::Report {
            component,
            from: FROM.to_owned(),
            saw,
            tries: TRIES,
            failures,
            trust: Report::TRUST,
            detail: detail.to_owned(),
        },
    };
    Said { at, what }
}
