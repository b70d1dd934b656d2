//! What Alertmanager says: the array of `GET /api/v2/alerts`, or the body that it sends to a webhook.
//!
//! It decides which component or check of the plant an alert's labels mean. Firing is down (degraded
//! where the alert calls itself a warning), resolved is up again. What fits nothing, or several things,
//! is listed. It decides nothing else: what the words are worth is for the judgement. The formats:
//! <https://prometheus.io/docs/alerting/latest/clients/> and
//! <https://prometheus.io/docs/alerting/latest/configuration/#webhook_config>. Tested by the readers of both.

use blackstart_model::check::{Host, Question};
use blackstart_model::kind::Kind;
use blackstart_model::plant::Role;
use blackstart_model::quantity::{Attribute, Value as Quantity};
use blackstart_model::requirement::{Requirement, Target};
use blackstart_model::time::Timestamp;
use blackstart_model::{CheckId, ComponentId, Plant};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Labels that may name a component or a check, the most telling first.
const LABELS: &[&str] =
    &["check", "component", "instance", "host", "hostname", "node", "service", "job", "alertname"];

/// Severities under which an alert does not say that something is down.
const MILD: &[&str] = &["warning", "info", "none"];

/// An alert's words are cut there, characters: as a symptom's detail is.
const WORDS_CHARS_MAX: usize = 240;

/// An alert fires when its rule has held for a while: that is more than one try (chosen by hand).
pub const TRIES: u32 = 2;

/// An alert that means something in the plant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alert {
    /// Of what it speaks.
    pub subject: Subject,
    /// Its rule, by the label `alertname`.
    pub rule: String,
    /// Since when it has fired.
    pub since: Timestamp,
    /// When it was resolved.
    pub resolved_at: Option<Timestamp>,
    /// It calls itself less than an outage.
    pub is_mild: bool,
    /// Its summary, or its description, or its name.
    pub words: String,
}

/// An alert that means nothing in the plant, or one of several things.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unmatched {
    /// Its rule.
    pub rule: String,
    /// Its labels, and what they may mean.
    pub words: String,
}

/// What was read.
#[derive(Clone, Default, Debug)]
pub struct Reading {
    /// What means something.
    pub alerts: Vec<Alert>,
    /// What does not.
    pub unmatched: Vec<Unmatched>,
    /// What is no alert at all: its number, counted from 1 (0: the whole), and why not.
    pub mistakes: Vec<(usize, String)>,
}

/// Reads an export, or what came to a webhook. Linear in both, but for the names of the plant.
#[must_use]
pub fn read(export: &Value, plant: &Plant) -> Reading {
    let mut reading = Reading::default();
    let alerts = match export {
        Value::Array(alerts) => alerts,
        body => match body.get("alerts").and_then(Value::as_array) {
            Some(alerts) => alerts,
            None => {
                reading.mistakes.push((0, "`alerts` is not a list".to_owned()));
                return reading;
            }
        },
    };
    let names = Names::of(plant);
    for (alert, number) in alerts.iter().zip(1..) {
        match one(alert, plant, &names) {
            Ok(Ok(alert)) => reading.alerts.push(alert),
            Ok(Err(unmatched)) => reading.unmatched.push(unmatched),
            Err(why) => reading.mistakes.push((number, why)),
        }
    }
    reading
}

fn one(
    alert: &Value,
    plant: &Plant,
    names: &Names<'_>,
) -> Result<Result<Alert, Unmatched>, String> {
    let labels = alert.get("labels").and_then(Value::as_object).ok_or("it has no `labels`")?;
    let label = |key: &str| labels.get(key).and_then(Value::as_str).unwrap_or_default();
    let instant = |key: &str| -> Result<Timestamp, String> {
        let text = alert.get(key).and_then(Value::as_str).ok_or(format!("it has no `{key}`"))?;
        text.parse().map_err(|_| format!("`{key}` is no time: {text}"))
    };
    let since = instant("startsAt")?;
    let status = alert.get("status");
    let state = status.and_then(|status| status.as_str().or(status["state"].as_str()));
    let subject = match names.meant(&label) {
        Meant::One(subject) => subject,
        Meant::Nothing => return Ok(Err(unmatched(labels, ""))),
        Meant::Several(several) => {
            let all: Vec<&str> =
                several.iter().map(|subject| subject.name(plant)).take(4).collect();
            return Ok(Err(unmatched(labels, &format!(", which may be {}", all.join(", ")))));
        }
    };
    let resolved_at = if state == Some("resolved") { Some(instant("endsAt")?) } else { None };
    let annotation = |key: &str| alert["annotations"][key].as_str();
    let words = annotation("summary").or_else(|| annotation("description"));
    let words = words.unwrap_or(label("alertname"));
    Ok(Ok(Alert {
        subject,
        rule: label("alertname").to_owned(),
        since,
        resolved_at,
        is_mild: MILD.contains(&label("severity")),
        words: words.chars().take(WORDS_CHARS_MAX).collect(),
    }))
}

fn unmatched(labels: &Map<String, Value>, more: &str) -> Unmatched {
    let rule = labels.get("alertname").and_then(Value::as_str).unwrap_or("an alert without name");
    let rest: Vec<String> = labels
        .iter()
        .filter(|(key, _)| *key != "alertname" && LABELS.contains(&key.as_str()))
        .filter_map(|(key, value)| Some(format!("{key}={}", value.as_str()?)))
        .collect();
    let rest = if rest.is_empty() { String::new() } else { format!(" ({})", rest.join(", ")) };
    Unmatched { rule: rule.to_owned(), words: format!("{rule}{rest}{more}") }
}

/// What an alert may speak of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Subject {
    /// A check.
    Check(CheckId),
    /// A component.
    Component(ComponentId),
}

impl Subject {
    /// The name it goes by.
    #[must_use]
    pub fn name(self, plant: &Plant) -> &str {
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

/// What may be written in a label, in small letters.
struct Names<'p> {
    plant: &'p Plant,
    /// Names, keys of checks, addresses, and targets with their ports.
    known: BTreeMap<String, BTreeSet<Subject>>,
    /// The hosts of targets, whatever the port.
    hosts: BTreeMap<String, BTreeSet<ComponentId>>,
}

impl<'p> Names<'p> {
    fn of(plant: &'p Plant) -> Self {
        let mut known: BTreeMap<String, BTreeSet<Subject>> = BTreeMap::new();
        let mut hosts: BTreeMap<String, BTreeSet<ComponentId>> = BTreeMap::new();
        let mut add = |name: String, subject: Subject| {
            known.entry(name.to_lowercase()).or_default().insert(subject);
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
            let ends = check.question.endpoints();
            for end in &ends {
                let target = format!("{}:{}", host(&end.host), end.port);
                add(target, Subject::Component(check.component));
            }
            if let Question::Http(http) = &*check.question {
                let scheme = if http.tls.is_some() { "https" } else { "http" };
                let url = format!("{scheme}://{}{}", host(&http.authority.host), http.path);
                add(url, Subject::Component(check.component));
            }
            let named = ends.iter().map(|end| &end.host).chain(check.question.host());
            for named in named {
                let named = host(named).to_lowercase();
                hosts.entry(named).or_default().insert(check.component);
            }
        }
        Self { plant, known, hosts }
    }

    /// What the labels mean: the first label that names one thing decides.
    fn meant<'a>(&self, label: &dyn Fn(&str) -> &'a str) -> Meant {
        let mut several = Vec::new();
        for key in LABELS {
            let written = label(key).to_lowercase();
            if written.is_empty() {
                continue;
            }
            for found in self.named(&written) {
                match found.len() {
                    0 => {}
                    1 => return Meant::One(*found.first().expect("there is one")),
                    _ if several.is_empty() => several.extend(found),
                    _ => {}
                }
            }
        }
        if several.is_empty() { Meant::Nothing } else { Meant::Several(several) }
    }

    /// What a label may stand for, the whole first: `https://shop.example:443/x`, `shop.example:443`,
    /// `shop.example`, `shop`. A port that no check of the host asks is one of its machine: that of an exporter.
    fn named(&self, written: &str) -> [BTreeSet<Subject>; 6] {
        let bare = written.split_once("://").map_or(written, |(_, rest)| rest);
        let authority = bare.split('/').next().unwrap_or(bare);
        let (host, has_port) = match authority.strip_prefix('[') {
            Some(rest) => (rest.split(']').next().unwrap_or(rest), !rest.ends_with(']')),
            None if authority.matches(':').count() == 1 => {
                (authority.split(':').next().unwrap_or(""), true)
            }
            None => (authority, false),
        };
        let is_address = host.parse::<std::net::IpAddr>().is_ok();
        let first = if is_address { host } else { host.split('.').next().unwrap_or(host) };
        let known = |form: &str| self.known.get(form).cloned().unwrap_or_default();
        let asked = |of: &dyn Fn(ComponentId) -> ComponentId| {
            let asked = self.hosts.get(host).into_iter().flatten();
            asked.map(|id| Subject::Component(of(*id))).collect()
        };
        let itself = if has_port { BTreeSet::new() } else { asked(&|id| id) };
        let machine = if has_port { asked(&|id| self.machine(id)) } else { BTreeSet::new() };
        [known(written), known(authority), known(host), itself, machine, known(first)]
    }

    /// The machine that a component runs on, as far as that is one thing; itself where it runs on nothing.
    fn machine(&self, of: ComponentId) -> ComponentId {
        let mut at = of;
        // The checker admits no circle in it.
        while !matches!(self.plant.component(at).kind, Kind::Server | Kind::Vm | Kind::Hypervisor)
            && let Some(Requirement::One(leaf)) = self.plant.component(at).requirement(Role::On)
            && let Target::Component(on) = leaf.target
        {
            at = on;
        }
        at
    }
}

fn host(host: &Host) -> String {
    match host {
        Host::Address(address) => address.to_string(),
        Host::Name(name) => name.to_string(),
    }
}
