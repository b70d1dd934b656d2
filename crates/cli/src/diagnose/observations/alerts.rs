//! An export of Alertmanager, as what was observed.
//!
//! Which component or check an alert means is decided by [`blackstart_server::alertmanager`]; here it becomes what a
//! line would have said.

use super::{Reading, Said, Unmatched, What, placed};
use blackstart_model::Plant;
use blackstart_model::observation::{Outcome, SymptomCode};
use blackstart_model::record::{Report, Saw};
use blackstart_model::time::Timestamp;
use blackstart_server::alertmanager::{self, Alert, Subject, TRIES};
use serde_json::Value;

/// Who says so.
const FROM: &str = "alertmanager";

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

/// Reads an export that stands from `line` on.
pub(super) fn read(export: &Value, plant: &Plant, line: usize, reading: &mut Reading) {
    let alertmanager::Reading { alerts, unmatched, mistakes } = alertmanager::read(export, plant);
    for alert in alerts {
        let (saw, failures) = if alert.is_mild { (Saw::Degraded, 0) } else { (Saw::Down, TRIES) };
        reading.said.push(said(plant, &alert, alert.since, saw, failures));
        if let Some(at) = alert.resolved_at {
            reading.said.push(said(plant, &alert, at, Saw::Up, 0));
        }
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
