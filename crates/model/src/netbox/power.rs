//! Panels, feeds, PDUs and cords: where power comes from.
//!
//! A panel becomes a `pdu` (it distributes), a feed a `feed` behind it with its voltage and breaker. A
//! device's power ports are followed over their cables to the outlet or feed; two of them are a choice as
//! wired, so two cords in one PDU name it twice. A PDU with several inlets becomes one component for each
//! bank of outlets, for losing one inlet loses that bank alone. A port without a cable is a question.
//!
//! NetBox's draws: `maximum_draw` is what a port may take at most, `allocated_draw` what is budgeted; where a
//! device has several ports nobody knows whether each holds the whole or its share, so the draw is a range
//! from the greatest one to their sum.

use super::cables::Cables;
use super::draft::{Draft, Key, Need, Thing};
use super::facts::{End, Facts, Id, PowerFeed, PowerPort};
use super::{About, Summary, amount, condition, is_kept, number, object, places};
use crate::kind::Kind;
use std::collections::{BTreeMap, BTreeSet};

/// Volts of a feed at most: beyond every line there is.
const VOLTS_MAX: f64 = 1e6;

/// Amperes of a feed at most, as the plant language has it.
const AMPS_MAX: f64 = 1e5;

/// Watts of one power port at most: a hundred times a whole hall.
const WATTS_MAX: f64 = 1e8;

pub(super) fn declare(facts: &Facts, draft: &mut Draft) {
    for (id, panel) in &facts.power_panels {
        let within = panel.site.map(|site| (Thing::Site, site));
        draft.declare(Thing::Panel, *id, Kind::Pdu, panel.name.as_deref(), within);
    }
    for (id, feed) in &facts.power_feeds {
        let name = feed.name.as_deref();
        if is_kept(draft, "power feeds", name.unwrap_or("?"), feed.status.as_deref()) {
            let within = feed.power_panel.map(|panel| (Thing::Panel, panel));
            draft.declare(Thing::Feed, *id, Kind::Feed, name, within);
        }
    }
}

/// The inlets of a PDU that each feed a bank of its outlets.
pub(super) fn banks(facts: &Facts) -> BTreeMap<Id, BTreeSet<Id>> {
    let mut inlets: BTreeMap<Id, BTreeSet<Id>> = BTreeMap::new();
    for outlet in facts.power_outlets.values() {
        let (Some(device), Some(port)) = (outlet.device, outlet.power_port) else { continue };
        if facts.power_ports.get(&port).is_some_and(|port| port.device == Some(device)) {
            inlets.entry(device).or_default().insert(port);
        }
    }
    inlets.retain(|_, inlets| inlets.len() > 1);
    inlets
}

pub(super) fn fill(facts: &Facts, cables: &Cables<'_>, draft: &mut Draft, summary: &mut Summary) {
    for (id, panel) in &facts.power_panels {
        let Some(key) = draft.find(Thing::Panel, *id) else { continue };
        let place = panel.location;
        places::stands_in(draft, key, place, Thing::Location, panel.site, "dcim.powerpanel", *id);
        draft.remark(key, "a power panel");
        let words = format!("what feeds the panel {}?", draft.name(key));
        draft.ask(key, About::Power, words);
    }
    for (id, feed) in &facts.power_feeds {
        if let Some(key) = draft.find(Thing::Feed, *id) {
            self::feed(facts, cables, draft, key, *id, feed);
        }
    }
    let mut of_device: BTreeMap<Id, Vec<(Id, &PowerPort)>> = BTreeMap::new();
    for (id, port) in &facts.power_ports {
        match port.device.filter(|device| facts.devices.contains_key(device)) {
            Some(device) => of_device.entry(device).or_default().push((*id, port)),
            None => draft.doubt(format!("{}: of no device", object("dcim.powerport", *id))),
        }
    }
    let of_rack = feeds_of_racks(facts, draft);
    let banks = banks(facts);
    let children = facts.device_bays.values().filter_map(|bay| bay.installed_device);
    let children: BTreeSet<Id> = children.collect();
    for device in facts.devices.keys() {
        let Some(key) = draft.find(Thing::Device, *device) else { continue };
        let mut ports = of_device.remove(device).unwrap_or_default();
        ports.sort_by(|(a, left), (b, right)| (&left.name, a).cmp(&(&right.name, b)));
        if ports.is_empty() {
            // What sits in a chassis takes its power from there.
            if !children.contains(device) {
                let words = format!(
                    "what does {} take its power from? NetBox lists no power port of it",
                    draft.name(key)
                );
                draft.ask(key, About::Power, words);
            }
            continue;
        }
        summary.power_ports += ports.len();
        let mut feeders = Vec::new();
        let rack = facts.devices[device].rack;
        let hint = rack.and_then(|rack| of_rack.get(&rack)).map_or("", String::as_str);
        for (id, port) in &ports {
            let found = feeders_of(facts, cables, draft, key, *id, port, hint);
            summary.power_ports_cabled += usize::from(!found.is_empty());
            match banks.get(device).filter(|inlets| inlets.contains(id)) {
                Some(_) => {
                    if let Some(bank) = draft.find(Thing::Inlet, *id) {
                        draft.need(bank, "on", Need::Any(vec![key]));
                        draft.need(bank, "fed_by", Need::Any(found));
                    }
                }
                None => feeders.extend(found),
            }
        }
        let field = if draft.kind(key).distributes_power() { "fed_by" } else { "power" };
        if feeders.len() > 2 {
            let words = format!(
                "how many of its {} cords does {} need? one is written to be enough",
                feeders.len(),
                draft.name(key)
            );
            draft.ask(key, About::Power, words);
        }
        draft.need(key, field, Need::Any(feeders));
        if let [(id, _)] = ports.as_slice()
            && !draft.kind(key).distributes_power()
            && let Some(phase) = leg(facts, cables, *id)
        {
            draft.field(key, "phase", phase);
        }
        if !draft.kind(key).distributes_power() {
            draw(draft, key, &ports);
        }
    }
}

fn feed(facts: &Facts, cables: &Cables<'_>, draft: &mut Draft, key: Key, id: Id, feed: &PowerFeed) {
    let PowerFeed {
        name: _,
        power_panel,
        rack,
        status,
        supply,
        phase,
        voltage,
        amperage,
        max_utilization,
        mark_connected,
    } = feed;
    let name = draft.name(key).to_owned();
    match power_panel.map(|panel| draft.find(Thing::Panel, panel)) {
        Some(Some(panel)) => draft.need(key, "fed_by", Need::Any(vec![panel])),
        Some(None) => {
            draft.doubt(format!("{}: its panel is nowhere", object("dcim.powerfeed", id)))
        }
        None => draft.ask(key, About::Power, format!("which panel feeds {name}?")),
    }
    let it = || object("dcim.powerfeed", id);
    // Negative is how some write direct current.
    if let Some(volts) = amount(draft, it, "voltage", voltage.map(f64::abs), VOLTS_MAX) {
        draft.field(key, "voltage", format!("{} V", number(volts)));
    }
    if let Some(amps) = amount(draft, it, "amperage", *amperage, AMPS_MAX) {
        draft.field(key, "breaker", format!("{} A", number(amps)));
    }
    let mut said = Vec::new();
    if phase.as_deref() == Some("three-phase") {
        draft.field(key, "phases", "3");
    }
    if supply.as_deref() == Some("dc") {
        said.push("direct current".to_owned());
    }
    if let Some(part) = max_utilization.filter(|part| *part != 100.0) {
        said.push(format!("to be used to {} % at most", number(part)));
    }
    if let Some(rack) = rack.and_then(|rack| draft.find(Thing::Rack, rack)) {
        said.push(format!("for rack {}", draft.name(rack)));
    }
    if !said.is_empty() {
        draft.remark(key, said.join("; "));
    }
    condition(draft, key, status.as_deref());
    if !cables.is_cabled(End::PowerFeed(id)) {
        let marked = if *mark_connected { " NetBox marks it as connected." } else { "" };
        draft.ask(key, About::Power, format!("what hangs on feed {name}?{marked}"));
    } else if !cables.follow(End::PowerFeed(id)).iter().any(|reached| {
        matches!(reached.end, End::PowerPort(port) if facts.power_ports.contains_key(&port))
    }) {
        draft.ask(key, About::Power, format!("where does the cable of feed {name} lead?"));
    }
}

/// The feeds that NetBox gives to a rack, as a hint for whoever goes there.
fn feeds_of_racks(facts: &Facts, draft: &Draft) -> BTreeMap<Id, String> {
    let mut of_rack: BTreeMap<Id, Vec<&str>> = BTreeMap::new();
    for (id, feed) in &facts.power_feeds {
        if let (Some(rack), Some(key)) = (feed.rack, draft.find(Thing::Feed, *id)) {
            of_rack.entry(rack).or_default().push(draft.name(key));
        }
    }
    let words = |feeds: Vec<&str>| format!(" (feeds of its rack: {})", feeds.join(", "));
    of_rack.into_iter().map(|(rack, feeds)| (rack, words(feeds))).collect()
}

/// What a power port is plugged into.
fn feeders_of(
    facts: &Facts,
    cables: &Cables<'_>,
    draft: &mut Draft,
    key: Key,
    id: Id,
    port: &PowerPort,
    hint: &str,
) -> Vec<Key> {
    let name = draft.name(key).to_owned();
    let called = port.name.as_deref().unwrap_or("?");
    let reached = cables.follow(End::PowerPort(id));
    let mut feeders = Vec::new();
    for one in &reached {
        let found = match one.end {
            End::PowerFeed(feed) => draft.find(Thing::Feed, feed),
            End::PowerOutlet(outlet) => facts.power_outlets.get(&outlet).and_then(|outlet| {
                let whole = outlet.device.and_then(|device| draft.find(Thing::Device, device));
                let bank = outlet.power_port.and_then(|port| draft.find(Thing::Inlet, port));
                if let Some(status @ ("disabled" | "faulty")) = outlet.status.as_deref() {
                    let outlet = outlet.name.as_deref().unwrap_or("?");
                    let words = format!("does {outlet} give power to {name}? NetBox says {status}");
                    draft.ask(key, About::Status, words);
                }
                bank.or(whole)
            }),
            End::PowerPort(_)
            | End::Interface(_)
            | End::FrontPort(_)
            | End::RearPort(_)
            | End::CircuitTermination(_) => None,
        };
        match found.filter(|feeder| *feeder != key) {
            Some(feeder) => feeders.push(feeder),
            None => {
                let words = format!(
                    "what feeds `{called}` of {name}? its cable leads to what is not in the plant"
                );
                draft.ask(key, About::Power, words);
            }
        }
    }
    if reached.is_empty() {
        let why = if cables.is_cabled(End::PowerPort(id)) {
            ": its cable has no other end"
        } else if port.mark_connected {
            ": NetBox marks it as connected, and not to what"
        } else {
            ""
        };
        let what = if draft.kind(key).distributes_power() { "what" } else { "which outlet" };
        let words = format!("{what} feeds `{called}` of {name}?{why}{hint}");
        draft.ask(key, About::Power, words);
    }
    feeders
}

/// The phase that the one outlet of a port is on.
fn leg(facts: &Facts, cables: &Cables<'_>, port: Id) -> Option<&'static str> {
    let reached = cables.follow(End::PowerPort(port));
    let [one] = reached.as_slice() else { return None };
    let End::PowerOutlet(outlet) = one.end else { return None };
    match facts.power_outlets.get(&outlet)?.feed_leg.as_deref()? {
        "A" => Some("L1"),
        "B" => Some("L2"),
        "C" => Some("L3"),
        _ => None,
    }
}

fn draw(draft: &mut Draft, key: Key, ports: &[(Id, &PowerPort)]) {
    let mut watts = |field: &str, of: fn(&PowerPort) -> Option<f64>| -> Vec<f64> {
        let believed = ports.iter().filter_map(|(id, port)| {
            amount(draft, || object("dcim.powerport", *id), field, of(port), WATTS_MAX)
        });
        believed.collect()
    };
    let allocated = watts("allocated_draw", |port| port.allocated_draw);
    let maximum = watts("maximum_draw", |port| port.maximum_draw);
    let greatest = |of: &[f64]| of.iter().copied().fold(0.0, f64::max);
    let name = draft.name(key).to_owned();
    let (budget, budget_sum) = (greatest(&allocated), allocated.iter().sum::<f64>());
    let most = if maximum.len() == ports.len() { maximum.iter().sum() } else { 0.0 };
    if budget > 0.0 {
        let high = budget_sum.max(most);
        let range = if high > budget {
            format!("{} W..{} W", number(budget), number(high))
        } else {
            format!("{} W", number(budget))
        };
        draft.field(key, "draw", range);
        draft.remark(key, "draw: budgeted in NetBox, not measured");
        draft.ask(key, About::Draw, format!("how much does {name} draw, measured?"));
    } else if most > 0.0 {
        draft.field(key, "draw", format!("0 W..{} W", number(most)));
        draft.remark(key, "draw: NetBox has a maximum only");
        draft.ask(key, About::Draw, format!("how much does {name} draw?"));
    } else {
        draft.ask(key, About::Draw, format!("how much does {name} draw?"));
    }
}
