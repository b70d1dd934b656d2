//! What a machine sees of its neighbours by LLDP: which port of which switch its cables lead to.
//!
//! Reads what lldpd's `lldpcli -f json show neighbors` writes (`json0`, too), with `lldpcli -f json show chassis`
//! before it where it is not this machine's. A neighbour is what it says of itself (IEEE 802.1AB, 8.5.8, system
//! capabilities): one that forwards packets is a switch or a router, but Linux machines with bridges say that of
//! themselves as well, so those are asked about. Nothing is run. Tested with what lldpd 1.0.16 wrote in three network
//! namespaces.

use crate::seen::{Report, Thing, Unreadable, Wire, shown};
use blackstart_model::draft::About;
use blackstart_model::kind::Kind;
use serde_json::{Map, Value};
use std::net::IpAddr;

/// Neighbours of one machine at most: more than the largest switch has ports.
const NEIGHBOURS_MAX: usize = 10_000;

/// Reads the neighbours of one machine: the one whose chassis stands in the text, else the one called `of`.
///
/// # Errors
/// When it is no JSON of lldpcli's, or nobody says whose neighbours they are.
pub fn read(text: &str, by: &str, of: Option<&str>) -> Result<Report, Unreadable> {
    let mut report = Report::new(by);
    let mut own: Option<Thing> = None;
    let mut neighbours: Vec<&Value> = Vec::new();
    let documents: Result<Vec<Value>, _> =
        serde_json::Deserializer::from_str(text).into_iter::<Value>().collect();
    let documents =
        documents.map_err(|error| Unreadable(format!("it is no JSON of lldpcli's: {error}")))?;
    let mut is_known = false;
    for document in &documents {
        if let Some(chassis) = document.get("local-chassis") {
            is_known = true;
            own = each(chassis).into_iter().filter_map(|it| it.get("chassis")).find_map(chassis_of);
        }
        if let Some(lldp) = document.get("lldp") {
            is_known = true;
            let interfaces = each(lldp).into_iter().filter_map(|it| it.get("interface"));
            neighbours.extend(interfaces.flat_map(each));
        }
    }
    if !is_known {
        return Err(Unreadable::new("it is not what `lldpcli -f json show neighbors` writes"));
    }
    let own = match (own, of) {
        (Some(own), _) => own,
        // Whoever runs lldpcli is a machine, of whatever sort.
        (None, Some(name)) => {
            let (name, kind) = (shown(name), Some(Kind::Server));
            Thing { name, kind, is_implied: true, ..Thing::default() }
        }
        (None, None) => {
            return Err(Unreadable::new(
                "nobody says whose neighbours these are: put `lldpcli -f json show chassis` before them, say \
                 `lldp@NAME=FILE`, or name `--from here` first",
            ));
        }
    };
    let own = report.add(own);
    if neighbours.len() > NEIGHBOURS_MAX {
        report.doubt("", &format!("only {NEIGHBOURS_MAX} neighbours are taken in"));
    }
    for neighbour in neighbours.into_iter().take(NEIGHBOURS_MAX) {
        // `json` has an object with the port's name as its key, `json0` one with the name in it.
        match neighbour.get("name").and_then(Value::as_str) {
            Some(port) => self::neighbour(&mut report, own, port, neighbour),
            None => {
                for (port, neighbour) in neighbour.as_object().into_iter().flatten() {
                    self::neighbour(&mut report, own, port, neighbour);
                }
            }
        }
    }
    Ok(report)
}

fn neighbour(report: &mut Report, own: usize, port: &str, said: &Value) {
    let at = format!("on {}", shown(port));
    let Some(mut thing) = said.get("chassis").and_then(chassis_of) else {
        report.doubt(&at, "a neighbour that says nothing of its chassis");
        return;
    };
    // Discovery protocols of other makers come the same way.
    let via = said.get("via").and_then(Value::as_str).unwrap_or("LLDP");
    thing.at = format!("{} {at}", shown(via));
    let known = report.things.iter().position(|known| {
        (!known.is_nameless && known.name == thing.name)
            || known.marks.iter().any(|mark| thing.marks.contains(mark))
    });
    let other = known.unwrap_or_else(|| report.add(thing));
    let theirs = each_of(said, "port").find_map(|port| {
        // Its own word for the port where it has one; its number or address otherwise.
        let described = port.get("descr").map(first_text);
        let id = port.get("id").and_then(|id| each(id).first().copied());
        let is_name = id.and_then(|id| id.get("type")).is_some_and(|it| first_text(it) == "ifname");
        let id = id.and_then(|id| id.get("value")).map(first_text);
        if is_name { id } else { described.or(id) }
    });
    let theirs = shown(&theirs.unwrap_or_default());
    let wire = Wire { own: (own, shown(port)), other: (other, theirs) };
    if other != own {
        report.wires.push(wire);
    }
}

/// A chassis as it describes itself.
fn chassis_of(said: &Value) -> Option<Thing> {
    let said = *each(said).first()?;
    // `json` has the name as a key, `json0` as an entry; a chassis without a name has neither.
    let fields = said.as_object()?;
    let (name, fields) = match (fields.get("name"), fields.iter().next()) {
        (Some(name), _) => (Some(first_text(name)), fields),
        (None, Some((name, Value::Object(inner)))) if fields.len() == 1 && name != "id" => {
            (Some(name.clone()), inner)
        }
        (None, _) => (None, fields),
    };
    let mut thing = Thing::default();
    let id = fields.get("id").and_then(|id| each(id).first().copied());
    let part = |key: &str| id.and_then(|id| id.get(key)).map(first_text).unwrap_or_default();
    let (kind, value) = (part("type"), part("value"));
    if !value.is_empty() {
        thing.marks.push(format!("{} {}", shown(&kind), shown(&value)));
    }
    thing.name = shown(&name.unwrap_or_default());
    if thing.name.is_empty() {
        thing.name = format!("chassis-{}", shown(&value));
        thing.is_nameless = true;
    }
    for address in fields.get("mgmt-ip").map(each).unwrap_or_default() {
        // Of a link-local address nobody elsewhere can make use.
        if let Ok(address) = first_text(address).parse::<IpAddr>()
            && !matches!(address, IpAddr::V6(it) if it.is_unicast_link_local())
        {
            thing.addresses.push(address);
        }
    }
    let software = fields.get("descr").map(first_text).unwrap_or_default();
    let software: String = shown(&software.replace(['\n', '\r'], " "));
    capabilities(&mut thing, fields, &software);
    if !software.is_empty() {
        thing.fields.push(("software", blackstart_model::plantfile::scalar(&software)));
    }
    if let Some(address) = thing.addresses.first() {
        thing.asked = vec![crate::seen::Asked::Try(vec![format!("icmp: \"{address}\"")])];
    }
    Some(thing)
}

fn capabilities(thing: &mut Thing, fields: &Map<String, Value>, software: &str) {
    let enabled: Vec<String> = fields
        .get("capability")
        .map(each)
        .unwrap_or_default()
        .into_iter()
        .filter(|it| {
            it.get("enabled")
                .is_some_and(|it| it.as_bool() == Some(true) || first_text(it) == "true")
        })
        .filter_map(|it| it.get("type").map(first_text))
        .collect();
    let has = |word: &str| enabled.iter().any(|own| own == word);
    // A machine with bridges for its guests forwards packets, too.
    let is_linux = software.contains("Linux");
    let name = &thing.name;
    let (kind, question) = match (has("Bridge"), has("Router"), is_linux) {
        (true, _, true) | (_, true, true) => (
            None,
            Some(format!(
                "{name} runs Linux and forwards packets: is it a switch, a router, or a machine with guests?"
            )),
        ),
        (true, true, false) => (
            Some(Kind::Switch),
            Some(format!("{name} bridges and routes: is it more of a switch or of a router?")),
        ),
        (true, false, false) => (Some(Kind::Switch), None),
        (false, true, false) => (Some(Kind::Router), None),
        (false, false, _) if has("Station") => (Some(Kind::Server), None),
        (false, false, _) => (None, None),
    };
    thing.kind = kind;
    thing.questions.extend(question.map(|words| (About::Kind, words)));
}

/// lldpcli writes one as itself and several as a list.
fn each(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(values) => values.iter().collect(),
        Value::Null => Vec::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => vec![value],
    }
}

fn each_of<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> {
    value.get(key).map(each).unwrap_or_default().into_iter()
}

/// A text, however deep `json0` has put it: itself, or the `value` of the first of a list.
fn first_text(value: &Value) -> String {
    let value = each(value).first().copied().unwrap_or(&Value::Null);
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            fields.get("value").and_then(Value::as_str).unwrap_or_default().to_owned()
        }
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) => String::new(),
    }
}
