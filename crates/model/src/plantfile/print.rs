//! A plant as a file again: the canonical text of the language.
//!
//! Defaults of the language are left out, ranges and `defaults:` stay spread, and sections stand in
//! the order of their kinds. It decides nothing. Tested by one property: what is printed lowers to
//! an equal plant.

use super::fields::{FIELDS, Field, Holds};
use super::probing;
use super::questions::{self, form, unnamed};
use super::{alerts, samples};
use crate::check::{Check, Host, HostPort};
use crate::id::{ComponentId, PlaneId, SegmentId, VantageId};
use crate::kind::Kind;
use crate::plant::{
    Claim, Component, Condition, Lifeline, Maintenance, Plant, Role, Secret, Vantage,
};
use crate::quantity::{BreakerRating, Metered, MeteredCurrent, Phase, Range, Value};
use crate::requirement::{Leaf, Requirement, Standby, Target};
use crate::time::{Duration, Timestamp, Zone, local_instant};
use std::fmt::Write as _;

/// The canonical text of a plant. Linear in the plant.
#[must_use]
pub fn print(plant: &Plant) -> String {
    let mut out = Out { text: "blackstart: 1\n".to_owned() };
    out.line(0, "name", &scalar(plant.name()));
    out.line(0, "timezone", &scalar(plant.zone().name()));
    let (here, others) = plant.vantages().split_first().expect("`here` is always there");
    let fields = vantage(here, plant);
    if !fields.is_empty() {
        out.map(0, "here", fields);
    }
    if !others.is_empty() {
        out.open(0, "vantages");
        for one in others {
            out.map(1, one.name.as_str(), vantage(one, plant));
        }
    }
    let fields = alerts::fields(plant.alerting(), plant);
    if !fields.is_empty() {
        out.map(0, "alerts", fields);
    }
    let fields = samples::fields(plant.keeping());
    if !fields.is_empty() {
        out.map(0, "samples", fields);
    }
    if !plant.lifelines().is_empty() {
        out.map(0, "lifelines", lifelines(plant));
    }
    if let Some(probing) = plant.probing() {
        out.map(0, "probe", probing::printed(probing));
    }
    if !plant.maintenance().is_empty() {
        out.open(0, "maintenance");
        for one in plant.maintenance() {
            out.map(1, &one.name, maintenance(one, plant));
        }
    }
    let mut of_kind: Vec<Vec<ComponentId>> = vec![Vec::new(); Kind::ALL.len()];
    for (component, at) in plant.components().iter().zip(0..) {
        of_kind[component.kind as usize].push(ComponentId(at));
    }
    let mut checks: Vec<Vec<&Check>> = vec![Vec::new(); plant.components().len()];
    for check in plant.checks() {
        checks[check.component.index()].push(check);
    }
    for (kind, ids) in Kind::ALL.iter().zip(of_kind) {
        if ids.is_empty() {
            continue;
        }
        out.open(0, kind.section());
        for id in ids {
            let component = plant.component(id);
            let fields = component_fields(component, &checks[id.index()], plant);
            out.map(1, component.name.as_str(), fields);
        }
    }
    out.text
}

/// The text being written; two spaces a level.
struct Out {
    text: String,
}

/// The fields of a map: keys and values, each value on one line.
pub(super) type Fields = Vec<(&'static str, String)>;

impl Out {
    fn open(&mut self, level: usize, key: &str) {
        let indent = 2 * level;
        writeln!(self.text, "{:indent$}{}:", "", scalar(key)).expect("a String takes all");
    }

    fn line(&mut self, level: usize, key: &str, value: &str) {
        let indent = 2 * level;
        writeln!(self.text, "{:indent$}{}: {value}", "", scalar(key)).expect("a String takes all");
    }

    fn map(&mut self, level: usize, key: &str, fields: Fields) {
        if fields.is_empty() {
            return self.line(level, key, "{}");
        }
        self.open(level, key);
        for (key, value) in fields {
            self.line(level + 1, key, &value);
        }
    }
}

/// A text as YAML: plain where that is beyond doubt, in double quotes otherwise.
#[must_use]
pub fn scalar(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b" ._/@+-".contains(&b);
    let beyond_doubt = text.bytes().all(plain)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !text.ends_with(' ')
        && !text.eq_ignore_ascii_case("null");
    if beyond_doubt {
        return text.to_owned();
    }
    let mut quoted = "\"".to_owned();
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            // Line breaks and marks that a reader might fold, strip or not show.
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                write!(quoted, "\\u{:04x}", u32::from(c)).expect("a String takes all");
            }
            c if c.is_control() => {
                write!(quoted, "\\u{:04x}", u32::from(c)).expect("a String takes all");
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

pub(super) fn flow_list(parts: impl IntoIterator<Item = String>) -> String {
    let parts: Vec<String> = parts.into_iter().collect();
    format!("[{}]", parts.join(", "))
}

pub(super) fn flow_map(fields: impl IntoIterator<Item = (impl AsRef<str>, String)>) -> String {
    let fields: Vec<String> = fields
        .into_iter()
        .map(|(key, value)| format!("{}: {value}", scalar(key.as_ref())))
        .collect();
    if fields.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", fields.join(", ")) }
}

pub(super) fn texts(texts: &[Box<str>]) -> String {
    flow_list(texts.iter().map(|text| scalar(text)))
}

fn component_fields(component: &Component, checks: &[&Check], plant: &Plant) -> Fields {
    let Component { name: _, kind, requirements, segments, attributes: _, claims, condition } =
        component;
    let mut fields = Fields::new();
    for Field { name, holds, of, doc: _ } in FIELDS {
        if !of.has(*kind) {
            continue;
        }
        let value = match *holds {
            Holds::Requirement(role) => {
                component.requirement(role).map(|needed| requirement(needed, true, plant))
            }
            Holds::Redundant(role) => {
                component.requirement(role).map(|needed| requirement(needed, false, plant))
            }
            Holds::Network => network(requirements, plant),
            Holds::Segments => (!segments.is_empty()).then(|| {
                flow_list(
                    segments.iter().map(|&SegmentId(id)| scalar(&plant.segments()[id as usize])),
                )
            }),
            Holds::Claim => claims.map(|claim| match claim {
                Claim::N => "N".to_owned(),
                Claim::NPlus(spare) => format!("N+{spare}"),
                Claim::TwoN => "2N".to_owned(),
            }),
            Holds::Condition => condition_fields(condition, plant.zone()),
            Holds::Checks => None,
            Holds::Watts(attribute)
            | Holds::Rate(attribute)
            | Holds::Size(attribute)
            | Holds::Volts(attribute)
            | Holds::Breaker(attribute)
            | Holds::Phases(attribute)
            | Holds::Phase(attribute)
            | Holds::Ratio(attribute, _)
            | Holds::Metered(attribute)
            | Holds::PsuMode(attribute)
            | Holds::Input(attribute)
            | Holds::Others(attribute)
            | Holds::Inrush(attribute)
            | Holds::PerYear(attribute)
            | Holds::Span(attribute)
            | Holds::Instant(attribute)
            | Holds::Capacity(attribute)
            | Holds::Addresses(attribute)
            | Holds::Cidr(attribute)
            | Holds::Zone(attribute)
            | Holds::Text(attribute)
            | Holds::Texts(attribute)
            | Holds::Flag(attribute) => {
                let value = component.attribute(attribute);
                value.map(|value| match (holds, value) {
                    (Holds::Inrush(_), Value::Number(range)) => quantity(*range, "x"),
                    _ => attribute_value(value, plant),
                })
            }
            // Said by the kind.
            Holds::Internet => None,
        };
        fields.extend(value.map(|value| (*name, value)));
    }
    if !checks.is_empty() {
        let mut lines = String::new();
        for (at, check) in checks.iter().enumerate() {
            let text = flow_map(check_fields(check, &checks[..at], component, plant));
            write!(lines, "\n      - {text}").expect("a String takes all");
        }
        fields.push(("checks", lines));
    }
    fields
}

fn network(requirements: &[(Role, Requirement)], plant: &Plant) -> Option<String> {
    let planes: Vec<(PlaneId, &Requirement)> = requirements
        .iter()
        .filter_map(|(role, needed)| match role {
            Role::Network(plane) => Some((*plane, needed)),
            _ => None,
        })
        .collect();
    match planes[..] {
        [] => None,
        [(PlaneId::FRONT, needed)] => Some(requirement(needed, false, plant)),
        _ => Some(flow_map(planes.iter().map(|(plane, needed)| {
            (&plant.planes()[plane.index()], requirement(needed, false, plant))
        }))),
    }
}

/// A requirement; a list may stand for all of them where the field lets it.
fn requirement(needed: &Requirement, list_is_all: bool, plant: &Plant) -> String {
    let inner = |of: &[Requirement]| flow_list(of.iter().map(|one| requirement(one, false, plant)));
    match needed {
        Requirement::One(one) => leaf(one, plant),
        Requirement::All(of) if list_is_all && of.len() > 1 => inner(of),
        Requirement::All(of) => flow_map([("all", inner(of))]),
        Requirement::Any(of) => flow_map([("any", inner(of))]),
        Requirement::AtLeast { k, of } => {
            flow_map([("at_least", k.to_string()), ("of", inner(of))])
        }
    }
}

fn leaf(Leaf { target, segment, plane, standby }: &Leaf, plant: &Plant) -> String {
    let name = match *target {
        Target::Internet => "internet".to_owned(),
        Target::Component(id) => place(id, *segment, plant),
    };
    if let Some(plane) = plane {
        let plane = scalar(&plant.planes()[plane.index()]);
        return flow_map([("use", name), ("over", plane)]);
    }
    let Some(Standby { takes_min, takes_max, by_person }) = standby else { return name };
    let mut fields = vec![("standby", name)];
    if !takes_max.is_zero() {
        fields.push(("takes", format!("{}..{}", span(*takes_min), span(*takes_max))));
    }
    if *by_person {
        fields.push(("by", "person".to_owned()));
    }
    flow_map(fields)
}

pub(super) fn place(id: ComponentId, segment: Option<SegmentId>, plant: &Plant) -> String {
    let name = &plant.component(id).name;
    match segment {
        None => scalar(name.as_str()),
        Some(segment) => scalar(&format!("{name}/{}", plant.segments()[segment.index()])),
    }
}

fn attribute_value(value: &Value, plant: &Plant) -> String {
    match value {
        Value::Watts(range) => quantity(*range, "W"),
        Value::Volts(range) => quantity(*range, "V"),
        Value::Amps(range) => quantity(*range, "A"),
        Value::BitsPerSecond(range) => quantity(*range, "bit/s"),
        Value::Bytes(range) => quantity(*range, "B"),
        Value::Breaker(rating) => breaker(rating),
        Value::Phase(phase) => phase.to_string(),
        Value::PsuMode(mode) => mode.to_string(),
        Value::Metered(metered) => self::metered(metered, plant.zone()),
        Value::Number(Range { min, max }) if min < max => format!("{min}..{max}"),
        Value::Number(Range { min: _, max }) => max.to_string(),
        Value::Span(min, max) if min < max => format!("{}..{}", span(*min), span(*max)),
        Value::Span(_, max) => span(*max),
        Value::Components(several) => {
            let mut names: Vec<String> = several.iter().map(|id| place(*id, None, plant)).collect();
            // A field that holds one is written as one.
            if names.len() == 1 { names.remove(0) } else { flow_list(names) }
        }
        Value::Flag(flag) => flag.to_string(),
        Value::Text(text) => scalar(text),
        Value::Texts(several) => texts(several),
        Value::Addresses(addresses) => {
            flow_list(addresses.iter().map(|address| scalar(&address.to_string())))
        }
        Value::Cidr(base, length) => scalar(&format!("{base}/{length}")),
        Value::Instant(at) => instant(*at, plant.zone()),
        Value::Secret(_) => unreachable!("no field of the language holds one"),
    }
}

fn breaker(rating: &BreakerRating) -> String {
    let BreakerRating { amps, curve, standard, ambient, poles } = rating;
    let front = match curve {
        None => format!("{amps} A"),
        Some(curve) => format!("{amps} A {curve}"),
    };
    let mut more = Fields::new();
    more.extend(standard.map(|standard| ("standard", standard.to_string())));
    more.extend(ambient.map(|ambient| ("ambient", scalar(&quantity(ambient, "°C")))));
    more.extend(poles.map(|poles| ("poles", poles.to_string())));
    if more.is_empty() {
        return front;
    }
    flow_map(std::iter::once(("rated", front)).chain(more))
}

fn metered(Metered { current, at }: &Metered, zone: &Zone) -> String {
    let mut fields = Fields::new();
    match current {
        MeteredCurrent::Each(range) => fields.push(("current", quantity(*range, "A"))),
        MeteredCurrent::ByPhase(phases) => fields.extend(
            Phase::ALL
                .iter()
                .zip(phases)
                .filter_map(|(phase, amps)| Some((phase.as_str(), quantity((*amps)?, "A")))),
        ),
    }
    fields.extend(at.map(|at| ("at", instant(at, zone))));
    flow_map(fields)
}

/// In the base unit; a `f64` shows as many digits as it takes to read it back.
fn quantity(Range { min, max }: Range, unit: &str) -> String {
    if min < max { format!("{min} {unit}..{max} {unit}") } else { format!("{max} {unit}") }
}

pub(super) fn span(span: Duration) -> String {
    let (seconds, nanos) = (span.as_secs(), span.subsec_nanos());
    if nanos == 0 {
        return format!("{seconds} s");
    }
    let digits = format!("{seconds}.{nanos:09}");
    format!("{} s", digits.trim_end_matches('0'))
}

/// The time as its zone's clocks show it, where that says which it is; in UTC otherwise.
fn instant(at: Timestamp, zone: &Zone) -> String {
    let local = at.to_zoned(zone.as_jiff().clone());
    let forms = ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S %:z"];
    let told = forms.iter().map(|form| local.strftime(form).to_string());
    let exact = told.into_iter().find(|text| local_instant(text, zone) == Ok(at));
    scalar(&exact.unwrap_or_else(|| at.to_string()))
}

fn condition_fields(condition: &Condition, zone: &Zone) -> Option<String> {
    let Condition {
        known_failed,
        off_on_purpose,
        never_exercised,
        exercised,
        exercised_load,
        barred_until,
    } = condition;
    let mut fields = Fields::new();
    fields.extend(known_failed.as_ref().map(|why| ("known_failed", scalar(why))));
    fields.extend(off_on_purpose.as_ref().map(|why| ("off", scalar(why))));
    if *never_exercised {
        fields.push(("never_exercised", "true".to_owned()));
    }
    fields.extend(exercised.map(|at| ("exercised", instant(at, zone))));
    fields.extend(exercised_load.map(|load| ("exercised_load", quantity(load, "W"))));
    fields.extend(barred_until.map(|at| ("barred_until", instant(at, zone))));
    (!fields.is_empty()).then(|| flow_map(fields))
}

fn check_fields(check: &Check, before: &[&Check], component: &Component, plant: &Plant) -> Fields {
    let Check { id: _, key, component: _, plane, every, deadline, from, question } = check;
    let mut fields = form::printed(question);
    let kind = fields[0].0;
    let own = component.name.as_str();
    let short = key.as_str().strip_prefix(own).and_then(|rest| rest.strip_prefix('/'));
    let short = short.expect("a check's key begins with its component");
    if short != unnamed(kind, own, before.iter().copied()) {
        fields.push(("name", scalar(short)));
    }
    if *every != Check::EVERY_DEFAULT {
        fields.push(("every", span(*every)));
    }
    if *deadline != questions::deadline(*every) {
        fields.push(("deadline", span(*deadline)));
    }
    if from[..] != [VantageId(0)] {
        let names = from.iter().map(|&id| scalar(plant.vantage(id).name.as_str()));
        fields.push(("from", flow_list(names)));
    }
    if *plane != PlaneId::FRONT {
        fields.push(("over", scalar(&plant.planes()[plane.index()])));
    }
    fields
}

pub(super) fn host(host: &Host) -> String {
    match host {
        Host::Address(address) => address.to_string(),
        Host::Name(name) => name.to_string(),
    }
}

/// An endpoint, its port left out where that is the one it has anyway.
pub(super) fn host_port(HostPort { host, port }: &HostPort, usual: Option<u16>) -> String {
    let host = match host {
        Host::Address(std::net::IpAddr::V6(address)) => format!("[{address}]"),
        other => self::host(other),
    };
    if Some(*port) == usual { host } else { format!("{host}:{port}") }
}

pub(super) fn secret(Secret(name): &Secret) -> String {
    flow_map([("secret", scalar(name))])
}

fn vantage(vantage: &Vantage, plant: &Plant) -> Fields {
    let Vantage { name, at, segment, agent, way_out, silent_max, alerts } = vantage;
    let mut fields = Fields::new();
    fields.extend(at.map(|at| ("at", place(at, *segment, plant))));
    let other = agent.as_ref().filter(|agent| ***agent != *name.as_str());
    fields.extend(other.map(|agent| ("agent", scalar(agent))));
    if !way_out.is_empty() {
        let questions = way_out.iter().map(|question| flow_map(form::printed(question)));
        fields.push(("way_out", flow_list(questions)));
    }
    if *silent_max != questions::SILENT_DEFAULT {
        fields.push(("silent_after", span(*silent_max)));
    }
    fields.extend(alerts.then(|| ("alerts", "true".to_owned())));
    fields
}

fn lifelines(plant: &Plant) -> Fields {
    Lifeline::ALL
        .iter()
        .filter_map(|line| {
            let names: Vec<String> = plant
                .lifelines()
                .iter()
                .filter(|(own, _)| own == line)
                .map(|(_, id)| place(*id, None, plant))
                .collect();
            (!names.is_empty()).then(|| (line.as_str(), flow_list(names)))
        })
        .collect()
}

fn maintenance(maintenance: &Maintenance, plant: &Plant) -> Fields {
    let Maintenance { name: _, off, by, affects, from, to, zone } = maintenance;
    let names = off.iter().map(|&id| place(id, None, plant));
    let mut fields = vec![("off", flow_list(names))];
    if !by.is_empty() {
        fields.push(("by", scalar(by)));
    }
    fields.extend(affects.as_ref().map(|affects| match affects.as_slice() {
        [] => ("affects", "none".to_owned()),
        hit => ("affects", flow_list(hit.iter().map(|&id| place(id, None, plant)))),
    }));
    if zone.name() != plant.zone().name() {
        fields.push(("timezone", scalar(zone.name())));
    }
    fields.extend([("from", instant(*from, zone)), ("to", instant(*to, zone))]);
    fields
}
