//! An export of Alertmanager: the array of `GET /api/v2/alerts`, or the body that it sends to a webhook.
//!
//! It decides which component or check of the plant an alert's labels mean. Firing is down (degraded
//! where the alert calls itself a warning), resolved is up again. What fits nothing, or several things,
//! is listed. The formats: <https://prometheus.io/docs/alerting/latest/clients/> and
//! <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>.

use super::{DETAIL_CHARS_MAX, Reading, Said, Unmatched, What, placed};
use blackstart_model::check::{Host, HostPort, Question};
use blackstart_model::observation::{Outcome, SymptomCode};
use blackstart_model::quantity::{Attribute, Value as Quantity};
use blackstart_model::record::{Report, Saw};
use blackstart_model::time::Timestamp;
use blackstart_model::{CheckId, ComponentId, Plant};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Labels that may name a component or a check, the most telling first.
const LABELS: &[&str] =
    &["check", "component", "instance", "host", "hostname", "node", "service", "job", "alertname"];

/// Severities under which an alert does not say that something is down.
const MILD: &[&str] = &["warning", "info", "none"];

/// An alert fires when its rule has held for a while: that is more than one try (chosen by hand).
const TRIES: u32 = 2;

/// The text as an export; `None` when it is something else.
pub(super) fn export(text: &str) -> Option<Value> {
    let start = text.trim_start();
    if !start.starts_with(['[', '{']) {
        return None;
    }
    match serde_json::from_str(text).ok()? {
        Value::Array(alerts) => Some(Value::Array(alerts)),
        Value::Object(body) if body.contains_key("alerts") => Some(Value::Object(body)),
        _ => None,
    }
}

/// Reads an export that stands from `line` on.
pub(super) fn read(export: &Value, plant: &Plant, line: usize, reading: &mut Reading) {
    let alerts = match export {
        Value::Array(alerts) => alerts,
        body => match body.get("alerts").and_then(Value::as_array) {
            Some(alerts) => alerts,
            None => {
                reading.mistakes.push((line, "`alerts` is not a list".to_owned()));
                return;
            }
        },
    };
    let names = Names::of(plant);
    for (alert, number) in alerts.iter().zip(1..) {
        if let Err(why) = one(alert, plant, &names, line, reading) {
            reading.mistakes.push((line, format!("alert {number}: {why}")));
        }
    }
}

fn one(
    alert: &Value,
    plant: &Plant,
    names: &Names,
    line: usize,
    reading: &mut Reading,
) -> Result<(), String> {
    let labels = alert.get("labels").and_then(Value::as_object).ok_or("it has no `labels`")?;
    let label = |key: &str| labels.get(key).and_then(Value::as_str).unwrap_or_default();
    let instant = |key: &str| -> Result<Timestamp, String> {
        let text = alert.get(key).and_then(Value::as_str).ok_or(format!("it has no `{key}`"))?;
        text.parse().map_err(|_| format!("`{key}` is no time: {text}"))
    };
    let starts = instant("startsAt")?;
    let status = alert.get("status");
    let state = status.and_then(|status| status.as_str().or(status["state"].as_str()));
    let resolved = state == Some("resolved");
    let mild = MILD.contains(&label("severity"));
    let subject = match names.meant(&label) {
        Meant::One(subject) => subject,
        Meant::Nothing => {
            reading.unmatched.push(unmatched(line, labels, ""));
            return Ok(());
        }
        Meant::Several(several) => {
            let all: Vec<&str> =
                several.iter().map(|subject| subject.name(plant)).take(4).collect();
            let words = format!(", which may be {}", all.join(", "));
            reading.unmatched.push(unmatched(line, labels, &words));
            return Ok(());
        }
    };
    let annotation = |key: &str| alert["annotations"][key].as_str();
    let words = annotation("summary").or_else(|| annotation("description"));
    let words = words.unwrap_or(label("alertname"));
    let detail: String = words.chars().take(DETAIL_CHARS_MAX).collect();
    let broken = if mild { Saw::Degraded } else { Saw::Down };
    let failures = if mild { 0 } else { TRIES };
    reading.said.push(said(plant, subject, starts, broken, failures, &detail));
    if resolved {
        reading.said.push(said(plant, subject, instant("endsAt")?, Saw::Up, 0, ""));
    }
    Ok(())
}

fn said(
    plant: &Plant,
    subject: Subject,
    at: Timestamp,
    saw: Saw,
    failures: u32,
    detail: &str,
) -> Said {
    const FROM: &str = "alertmanager";
    let (component, vantage) = match subject {
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

fn unmatched(line: usize, labels: &serde_json::Map<String, Value>, more: &str) -> Unmatched {
    let name = labels.get("alertname").and_then(Value::as_str).unwrap_or("an alert without name");
    let rest: Vec<String> = labels
        .iter()
        .filter(|(key, _)| *key != "alertname" && LABELS.contains(&key.as_str()))
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect();
    let rest = if rest.is_empty() { String::new() } else { format!(" ({})", rest.join(", ")) };
    let words = format!("{name}{rest}{more}");
    Unmatched { line, name: name.to_owned(), near: None, words }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Subject {
    Check(CheckId),
    Component(ComponentId),
}

impl Subject {
    fn name(self, plant: &Plant) -> &str {
        match self {
            Self::Check(id) => plant.checks()[id.index()].key.as_str(),
            Self::Component(id) => plant.component(id).name.as_str(),
        }
    }
}

enum Meant {
    One(Subject),
    Several(Vec<Subject>),
    Nothing,
}

/// What may be written in a label, in small letters: names, keys of checks, addresses, targets.
struct Names(BTreeMap<String, BTreeSet<Subject>>);

impl Names {
    fn of(plant: &Plant) -> Self {
        let mut names: BTreeMap<String, BTreeSet<Subject>> = BTreeMap::new();
        let mut add = |name: String, subject: Subject| {
            names.entry(name.to_lowercase()).or_default().insert(subject);
        };
        for (component, at) in plant.components().iter().zip(0..) {
            let subject = Subject::Component(ComponentId(at));
            add(component.name.to_string(), subject);
            if let Some(Quantity::Addresses(all)) = component.attribute(Attribute::Address) {
                all.iter().for_each(|address| add(address.to_string(), subject));
            }
        }
        for check in plant.checks() {
            add(check.key.to_string(), Subject::Check(check.id));
            for target in targets(&check.question) {
                add(target, Subject::Component(check.component));
            }
        }
        Self(names)
    }

    /// What the labels mean: the first label that names one thing decides.
    fn meant<'a>(&self, label: &dyn Fn(&str) -> &'a str) -> Meant {
        let mut several = Vec::new();
        for key in LABELS {
            let written = label(key).to_lowercase();
            if written.is_empty() {
                continue;
            }
            for form in forms(&written) {
                match self.0.get(form) {
                    None => {}
                    Some(found) if found.len() == 1 => {
                        return Meant::One(*found.first().expect("there is one"));
                    }
                    Some(found) if several.is_empty() => several.extend(found.iter().copied()),
                    Some(_) => {}
                }
            }
        }
        if several.is_empty() { Meant::Nothing } else { Meant::Several(several) }
    }
}

/// What a label may stand for, the whole first: `https://shop.example:443/x`, `shop.example:443`,
/// `shop.example`, `shop`.
fn forms(written: &str) -> Vec<&str> {
    let bare = written.split_once("://").map_or(written, |(_, rest)| rest);
    let authority = bare.split('/').next().unwrap_or(bare);
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None if authority.matches(':').count() == 1 => authority.split(':').next().unwrap_or(""),
        None => authority,
    };
    let is_address = host.parse::<std::net::IpAddr>().is_ok();
    let first = if is_address { host } else { host.split('.').next().unwrap_or(host) };
    vec![written, authority, host, first]
}

/// Where a check goes to, in the forms that others write it.
fn targets(question: &Question) -> Vec<String> {
    let ends = question.endpoints();
    if ends.is_empty() {
        return question.host().map(host).into_iter().collect();
    }
    let forms = |end: &&HostPort| [format!("{}:{}", host(&end.host), end.port), host(&end.host)];
    let mut all: Vec<String> = ends.iter().flat_map(forms).collect();
    if let Question::Http(http) = question {
        let scheme = if http.tls.is_some() { "https" } else { "http" };
        all.push(format!("{scheme}://{}{}", host(&http.authority.host), http.path));
    }
    all
}

fn host(host: &Host) -> String {
    match host {
        Host::Address(address) => address.to_string(),
        Host::Name(name) => name.to_string(),
    }
}
