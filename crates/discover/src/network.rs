//! Which way the network goes, of what is seen on the wires.
//!
//! A machine hangs on the switch or router that it sees. Two of those that see each other are joined by a link, for
//! no wire says which of them is nearer to the way out. A default route says where a machine comes to, perhaps
//! through others: what is seen on the interface that it takes lies between. What somebody says of a machine's
//! network goes before both. Tested through the sources.

use crate::join::{Conflict, Joined, from};
use crate::seen::{How, Needed, Report};
use blackstart_model::draft::About;
use blackstart_model::kind::Kind;
use blackstart_model::plantfile::may_name;
use std::collections::BTreeMap;

/// A group's place in the network, and why.
#[derive(Clone, Debug)]
pub(crate) struct Hangs {
    pub(crate) of: Vec<usize>,
    pub(crate) how: How,
    pub(crate) from: String,
}

/// Two that see each other, neither of which hangs on the other.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) between: [usize; 2],
    pub(crate) from: String,
}

/// What the wires come to.
#[derive(Debug, Default)]
pub(crate) struct Network {
    pub(crate) hangs: BTreeMap<usize, Hangs>,
    pub(crate) links: Vec<Link>,
    pub(crate) questions: Vec<(usize, About, String)>,
    pub(crate) remarks: Vec<(usize, String)>,
    pub(crate) conflicts: Vec<Conflict>,
}

/// What a machine sees on one of its ports.
struct Sight {
    gear: usize,
    port: String,
    words: String,
}

/// A default route: where it comes to, by which interfaces, and who says it.
type Route = (Vec<usize>, Vec<String>, String);

/// Makes of all wires and routes what hangs on what.
pub(crate) fn network(
    reports: &[Report],
    joined: &Joined,
    name: impl Fn(usize) -> String,
) -> Network {
    let mut network = Network::default();
    let mut routes: BTreeMap<usize, Route> = BTreeMap::new();
    for (group, members) in joined.groups.iter().map(|group| &group.members).enumerate() {
        for (nth, at) in members {
            let thing = &reports[*nth].things[*at];
            for Needed { field, of, how, at, through } in &thing.needs {
                if *field != "network" {
                    continue;
                }
                let mut of: Vec<usize> = of.iter().map(|at| joined.group((*nth, *at))).collect();
                of.retain(|of| *of != group && may_name("network", joined.groups[*of].kind));
                let from = from(&reports[*nth], at.as_ref().unwrap_or(&thing.at));
                match through {
                    Some(ports) => {
                        routes.entry(group).or_insert((of, ports.clone(), from));
                    }
                    None => said(&mut network, group, Hangs { of, how: how.clone(), from }, &name),
                }
            }
        }
    }
    let mut sights: BTreeMap<usize, Vec<Sight>> = BTreeMap::new();
    wires(reports, joined, &mut network, &mut sights, &name);
    for (machine, sights) in &sights {
        seen(&mut network, joined, *machine, sights, routes.get(machine), &name);
    }
    for (machine, (of, _, from)) in routes {
        let how = How::Any;
        // Of several next hops the first is what it hangs on; whether the others stand in is asked.
        let of: Vec<usize> = of.into_iter().take(1).collect();
        if !of.is_empty() {
            network.hangs.entry(machine).or_insert(Hangs { of, how, from });
        }
    }
    network
}

/// Somebody says what it hangs on: the first who does counts.
fn said(network: &mut Network, group: usize, new: Hangs, name: &impl Fn(usize) -> String) {
    if new.of.is_empty() {
        return;
    }
    match network.hangs.get(&group) {
        None => {
            network.hangs.insert(group, new);
        }
        Some(known) if known.of == new.of && known.how == new.how => {}
        Some(known) => {
            let words = |hangs: &Hangs| {
                let names: Vec<String> = hangs.of.iter().map(|of| name(*of)).collect();
                (names.join(", "), hangs.from.clone())
            };
            let said = vec![words(known), words(&new)];
            let conflict = Conflict { component: name(group), field: "network".to_owned(), said };
            network.conflicts.push(conflict);
        }
    }
}

const fn is_gear(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Switch | Kind::Router | Kind::Firewall | Kind::LoadBalancer | Kind::Component
    )
}

/// Each wire once, whoever sees it.
fn wires(
    reports: &[Report],
    joined: &Joined,
    network: &mut Network,
    sights: &mut BTreeMap<usize, Vec<Sight>>,
    name: &impl Fn(usize) -> String,
) {
    let mut linked: BTreeMap<[usize; 2], String> = BTreeMap::new();
    let mut beside: BTreeMap<[usize; 2], String> = BTreeMap::new();
    for (nth, report) in reports.iter().enumerate() {
        for wire in &report.wires {
            let (own, other) = (joined.group((nth, wire.own.0)), joined.group((nth, wire.other.0)));
            if own == other {
                continue;
            }
            let kind = |group: usize| joined.groups[group].kind;
            let from = from(report, &format!("{} to {}", wire.own.1, wire.other.1));
            let mut sight = |machine: usize, gear: usize, port: &str| {
                let sights = sights.entry(machine).or_default();
                if !sights.iter().any(|it| it.gear == gear && it.port == port) {
                    sights.push(Sight { gear, port: port.to_owned(), words: from.clone() });
                }
            };
            let pair = [own.min(other), own.max(other)];
            match (is_gear(kind(own)), is_gear(kind(other))) {
                (false, true) => sight(own, other, &wire.own.1),
                (true, false) => sight(other, own, &wire.other.1),
                (true, true) => {
                    linked.entry(pair).or_insert(from);
                }
                (false, false) => {
                    beside.entry(pair).or_insert(from);
                }
            }
        }
    }
    for (between, from) in linked {
        let [one, other] = between;
        let hangs = |one: usize, other: usize| {
            network.hangs.get(&one).is_some_and(|hangs| hangs.of.contains(&other))
        };
        if hangs(one, other) || hangs(other, one) {
            continue;
        }
        if between.iter().all(|end| may_name("between", joined.groups[*end].kind)) {
            network.links.push(Link { between, from });
        } else {
            network.remarks.push((one, format!("sees {} ({from})", name(other))));
        }
        let words = format!(
            "which of {} and {} is nearer to the way out? Then the other's `network` names it",
            name(one),
            name(other)
        );
        network.questions.push((one, About::Network, words));
    }
    for ([one, other], from) in beside {
        let words = format!(
            "{} and {} see each other ({from}), and neither is a switch: is there one between, or a cable of their own?",
            name(one),
            name(other)
        );
        network.questions.push((one, About::Network, words));
    }
}

/// What a machine sees on its ports, and where its default route goes, if it is known.
fn seen(
    network: &mut Network,
    joined: &Joined,
    machine: usize,
    sights: &[Sight],
    route: Option<&Route>,
    name: &impl Fn(usize) -> String,
) {
    if let Some(known) = network.hangs.get(&machine) {
        let elsewhere = sights.iter().filter(|sight| !known.of.contains(&sight.gear));
        let mut said: Vec<(String, String)> =
            elsewhere.map(|it| (name(it.gear), it.words.clone())).collect();
        if !said.is_empty() {
            let names: Vec<String> = known.of.iter().map(|of| name(*of)).collect();
            said.insert(0, (names.join(", "), known.from.clone()));
            let conflict = Conflict { component: name(machine), field: "network".to_owned(), said };
            network.conflicts.push(conflict);
        }
        return;
    }
    let is_on_route = |sight: &Sight| match route {
        Some((_, ports, _)) => ports.contains(&sight.port),
        None => true,
    };
    let (front, beside): (Vec<&Sight>, Vec<&Sight>) = sights.iter().partition(|it| is_on_route(it));
    for sight in &beside {
        network.remarks.push((machine, format!("sees {} ({})", name(sight.gear), sight.words)));
        let words = format!(
            "what is {}'s {} to {} for: another way out, or a network of its own?",
            name(machine),
            sight.port,
            name(sight.gear)
        );
        network.questions.push((machine, About::Network, words));
    }
    let mut of: Vec<usize> = Vec::new();
    for sight in &front {
        if !of.contains(&sight.gear) {
            of.push(sight.gear);
        }
    }
    let Some(first) = front.first() else { return };
    if of.len() > 1 && route.is_none() {
        let names: Vec<String> = of.iter().map(|of| name(*of)).collect();
        let words = format!("is one of {} enough for {}?", names.join(", "), name(machine));
        network.questions.push((machine, About::Network, words));
    }
    if let Some((targets, _, from)) = route
        && let Some(target) = targets.first()
    {
        for gear in of.iter().filter(|gear| !targets.contains(gear)) {
            let from = format!("{from} of {} goes this way; others may lie between", name(machine));
            let hangs = Hangs { of: vec![*target], how: How::Any, from };
            if joined.groups[*gear].kind != Kind::Upstream {
                network.hangs.entry(*gear).or_insert(hangs);
            }
        }
    }
    let words: Vec<&str> = front.iter().map(|sight| sight.words.as_str()).collect();
    let from = if words.len() > 1 { words.join("; ") } else { first.words.clone() };
    network.hangs.insert(machine, Hangs { of, how: How::Any, from });
}
