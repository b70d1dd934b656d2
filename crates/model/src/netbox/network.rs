//! Interfaces, cables and circuits: which way the core is.
//!
//! Cables are followed from interface to interface, and each pair of devices is joined once. A plant's
//! `network` points towards the core, so each network device gets its distance from the way out: from the
//! circuits that lead to the internet; where a part of the network has none, from its other circuits; else
//! from its routers, its firewalls, or the switches whose role says core. A device points at its neighbours
//! that are nearer; two that are as far are joined by a lateral link, so a ring or a pair cabled both ways
//! makes no circle. Where nothing says which way the core is, neighbours are joined by links, and it is
//! asked.
//!
//! A circuit is a component on the way: `switch → circuit → core`. One that bundles several pairs gets a
//! lane for each, for a bundle joins only the pairs that are patched. A circuit to the internet (its type
//! says so) is an upstream; one to a provider's network leads to that.

use super::cables::{Cables, Reached, is_laid};
use super::draft::{Draft, Key, Need, Thing};
use super::facts::{Circuit, End, Facts, Id, Prefix};
use super::machines::{by_name, role_words};
use super::{About, amount, condition, is_kept, number, object};
use crate::draft::roles;
use crate::kind::Kind;
use crate::plantfile::scalar;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

/// Kilobits per second of a circuit at most, a thousand terabits: beyond every cable there is.
const KILOBITS_MAX: f64 = 1e12;

pub(super) fn declare(facts: &Facts, draft: &mut Draft) {
    let mut networks = BTreeSet::new();
    for (id, circuit) in &facts.circuits {
        let name = circuit.cid.as_deref();
        if !is_kept(draft, "circuits", name.unwrap_or("?"), circuit.status.as_deref()) {
            continue;
        }
        let kind = if leads_out(facts, circuit) { Kind::Upstream } else { Kind::Component };
        draft.declare(Thing::Circuit, *id, kind, name, None);
        networks.extend(facts.circuit_terminations.values().filter_map(|termination| {
            termination.provider_network.filter(|_| termination.circuit == Some(*id))
        }));
    }
    for (id, network) in &facts.provider_networks {
        if networks.contains(id) {
            let name = network.name.as_deref();
            draft.declare(Thing::ProviderNetwork, *id, Kind::Component, name, None);
        }
    }
    for (id, prefix) in published(facts, draft) {
        let Some((base, length)) = prefix.prefix else { continue };
        let name = format!("{base}-{length}");
        draft.declare(Thing::Prefix, id, Kind::Prefix, Some(&name), None);
    }
}

fn leads_out(facts: &Facts, circuit: &Circuit) -> bool {
    let kind = circuit.circuit_type.and_then(|kind| facts.circuit_types.get(&kind));
    kind.is_some_and(|kind| {
        let (name, slug) = (kind.name.as_deref(), kind.slug.as_deref());
        roles::is_internet(name.unwrap_or(""), slug.unwrap_or(""))
    })
}

/// The prefixes that upstreams may carry: public ones that lie in no other.
fn published<'f>(facts: &'f Facts, draft: &mut Draft) -> Vec<(Id, &'f Prefix)> {
    let mut blocks: Vec<(Id, &Prefix, (u128, u32, u32))> = Vec::new();
    for (id, prefix) in &facts.prefixes {
        let Some((base, length)) = prefix.prefix else { continue };
        let name = format!("{base}/{length}");
        if is_private(base) {
            draft.leave_out("prefixes", "private: no upstream carries them", name);
        } else if prefix.vrf.is_some() {
            draft.leave_out("prefixes", "of a VRF: not of the internet's one table", name);
        } else {
            blocks.push((*id, prefix, bits(base, length)));
        }
    }
    // The wider first, so that what holds a block stands before it.
    blocks.sort_by_key(|(id, _, (base, width, length))| (*width, *base, *length, *id));
    let mut kept: Vec<(Id, &Prefix)> = Vec::new();
    let mut last: Option<(u128, u32, u32)> = None;
    for (id, prefix, own) in blocks {
        if last.is_some_and(|last| holds(last, own)) {
            let (base, length) = prefix.prefix.expect("only those with a block are here");
            let name = format!("{base}/{length}");
            draft.leave_out("prefixes", "parts of a prefix that is in the plant", name);
        } else {
            last = Some(own);
            kept.push((id, prefix));
        }
    }
    kept
}

/// The first address of a block as a number, the width of its family, and its length.
fn bits(base: IpAddr, length: u8) -> (u128, u32, u32) {
    let (bits, width) = match base {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    };
    let length = u32::from(length).min(width);
    let host = width - length;
    let base = if host == 0 { bits } else { bits.checked_shr(host).unwrap_or(0) };
    (base.checked_shl(host).unwrap_or(0), width, length)
}

fn holds(outer: (u128, u32, u32), inner: (u128, u32, u32)) -> bool {
    let (base, width, length) = outer;
    let shift = width - length;
    inner.1 == width
        && inner.2 >= length
        && base.checked_shr(shift).unwrap_or(0) == inner.0.checked_shr(shift).unwrap_or(0)
}

/// RFC 1918, 6598, 4193, 3927 and 4291: not routed on the internet.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
            let odd = v4.is_multicast() || v4.is_unspecified() || v4.is_broadcast();
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || shared || odd
        }
        IpAddr::V6(v6) => {
            let odd = v6.is_multicast() || v6.is_unspecified();
            v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local() || odd
        }
    }
}

/// What the cables join.
#[derive(Default)]
struct Joined {
    /// Pairs of devices, the lesser key first, with the circuits between them in that direction.
    pairs: BTreeSet<(Key, Key, Vec<Key>)>,
    /// Management interfaces, and what they are plugged into.
    managed: BTreeMap<Key, Vec<Key>>,
    /// Circuits that lead elsewhere, by the device they are plugged into.
    outer: BTreeMap<Key, BTreeSet<Key>>,
    /// Devices with a cable that leads somewhere.
    seen: BTreeSet<Key>,
}

pub(super) fn fill(facts: &Facts, cables: &Cables<'_>, draft: &mut Draft) {
    for (id, cable) in &facts.cables {
        if !is_laid(cable) {
            draft.leave_out("cables", "planned in NetBox", object("dcim.cable", *id));
        }
    }
    let joined = join(facts, cables, draft);
    let distance = distances(facts, draft, &joined);
    let ways = directed(draft, &joined, &distance);
    climb(draft, ways);
    for (device, via) in &joined.managed {
        let via = by_name(draft, via.clone());
        draft.need(*device, "managed_via", Need::Any(via));
    }
    unjoined(facts, draft, &joined);
    circuits(facts, cables, draft, &joined);
    for (id, prefix) in &facts.prefixes {
        let Some(key) = draft.find(Thing::Prefix, *id) else { continue };
        let Some((base, length)) = prefix.prefix else { continue };
        draft.field(key, "cidr", scalar(&format!("{base}/{length}")));
        draft.ask(key, About::Circuit, format!("which upstreams carry {base}/{length}?"));
    }
}

fn join(facts: &Facts, cables: &Cables<'_>, draft: &mut Draft) -> Joined {
    let mut joined = Joined::default();
    for (id, interface) in &facts.interfaces {
        let Some(device) = interface.device.and_then(|device| draft.find(Thing::Device, device))
        else {
            if interface.device.is_none_or(|device| !facts.devices.contains_key(&device)) {
                draft.doubt(format!("{}: of no device", object("dcim.interface", *id)));
            }
            continue;
        };
        if !cables.is_cabled(End::Interface(*id)) {
            continue;
        }
        let called = interface.name.as_deref().unwrap_or("?");
        if !interface.enabled {
            let name = format!("{called} of {}", draft.name(device));
            draft.leave_out("cables", "their interface is disabled", name);
            continue;
        }
        let reached = cables.follow(End::Interface(*id));
        for one in &reached {
            let far = match one.end {
                End::Interface(far) => far,
                End::CircuitTermination(termination) => {
                    outer(facts, draft, &mut joined, device, one, termination);
                    continue;
                }
                End::FrontPort(_) | End::RearPort(_) => {
                    let words = format!(
                        "where does the cable of {called} of {} lead, beyond the patch panel?",
                        draft.name(device)
                    );
                    draft.ask(device, About::Network, words);
                    continue;
                }
                End::PowerPort(_) | End::PowerOutlet(_) | End::PowerFeed(_) => {
                    let words =
                        format!("{}: its cable ends in power", object("dcim.interface", *id));
                    draft.doubt(words);
                    continue;
                }
            };
            let Some(other) = facts.interfaces.get(&far) else {
                draft.doubt(format!(
                    "{}: a cable ends there, and it is nowhere",
                    object("dcim.interface", far)
                ));
                continue;
            };
            if !other.enabled {
                continue;
            }
            let Some(to) = other.device.and_then(|device| draft.find(Thing::Device, device)) else {
                let name = format!("{called} of {}", draft.name(device));
                draft.leave_out("cables", "lead to a device that is not in the plant", name);
                continue;
            };
            if to == device {
                continue;
            }
            joined.seen.extend([device, to]);
            match (interface.mgmt_only, other.mgmt_only) {
                (true, false) if forwards(draft.kind(to)) => {
                    joined.managed.entry(device).or_default().push(to);
                }
                (true, true) if forwards(draft.kind(to)) && !forwards(draft.kind(device)) => {
                    joined.managed.entry(device).or_default().push(to);
                }
                (false, false) => {
                    let mut via: Vec<Key> = one
                        .circuits
                        .iter()
                        .filter_map(|circuit| draft.find(Thing::Circuit, *circuit))
                        .collect();
                    if via.len() != one.circuits.len() {
                        let name = format!("{called} of {}", draft.name(device));
                        draft.leave_out("cables", "go through a circuit that is not in use", name);
                        continue;
                    }
                    if device > to {
                        via.reverse();
                    }
                    joined.pairs.insert((device.min(to), device.max(to), via));
                }
                (true | false, true | false) => {}
            }
        }
        if reached.is_empty() {
            let words = format!("where does the cable of {called} of {} lead?", draft.name(device));
            draft.ask(device, About::Network, words);
        }
    }
    stacks(facts, draft, &mut joined);
    joined
}

/// Members of a virtual chassis are joined to its master: NetBox does not say by which cables.
fn stacks(facts: &Facts, draft: &mut Draft, joined: &mut Joined) {
    let mut members: BTreeMap<Id, Vec<(Option<u64>, Id, Key)>> = BTreeMap::new();
    for (id, device) in &facts.devices {
        if let (Some(chassis), Some(key)) = (device.virtual_chassis, draft.find(Thing::Device, *id))
        {
            members.entry(chassis).or_default().push((device.vc_position, *id, key));
        }
    }
    for (chassis, mut of) in members {
        of.sort_unstable();
        let master = facts.virtual_chassis.get(&chassis).and_then(|chassis| chassis.master);
        let master = of.iter().find(|(_, id, _)| Some(*id) == master).or(of.first()).copied();
        let Some((_, _, master)) = master else { continue };
        let name = facts.virtual_chassis.get(&chassis).and_then(|one| one.name.as_deref());
        for (_, _, member) in of.iter().filter(|(_, _, member)| *member != master) {
            joined.pairs.insert((master.min(*member), master.max(*member), Vec::new()));
            joined.seen.extend([master, *member]);
            let master = draft.name(master).to_owned();
            let of = name.map(|name| format!(" of {name}")).unwrap_or_default();
            draft.remark(*member, format!("in the virtual chassis{of} with {master}"));
        }
    }
}

/// Notes a circuit whose other end is not plugged into anything here.
fn outer(
    facts: &Facts,
    draft: &mut Draft,
    joined: &mut Joined,
    device: Key,
    reached: &Reached,
    termination: Id,
) {
    let termination = facts.circuit_terminations.get(&termination);
    let circuit = termination.and_then(|termination| termination.circuit);
    match circuit.and_then(|circuit| draft.find(Thing::Circuit, circuit)) {
        Some(circuit) if reached.circuits.is_empty() => {
            joined.outer.entry(device).or_default().insert(circuit);
            joined.seen.insert(device);
        }
        Some(_) => {}
        None => {
            let name = draft.name(device).to_owned();
            draft.leave_out("cables", "end in a circuit that is not in the plant", name);
        }
    }
}

/// What hands packets on.
fn forwards(kind: Kind) -> bool {
    matches!(kind, Kind::Switch | Kind::Router | Kind::Firewall | Kind::LoadBalancer)
}

/// How far each forwarding device is from the way out, where that can be known.
struct Distances {
    /// All devices that forward.
    forwarders: BTreeMap<Key, Option<usize>>,
}

fn distances(facts: &Facts, draft: &mut Draft, joined: &Joined) -> Distances {
    let mut neighbours: BTreeMap<Key, BTreeSet<Key>> = BTreeMap::new();
    for (a, b, _) in &joined.pairs {
        neighbours.entry(*a).or_default().insert(*b);
        neighbours.entry(*b).or_default().insert(*a);
    }
    // An unknown device between two others hands packets on, whatever it is.
    let mut forwarders: BTreeMap<Key, Option<usize>> = neighbours
        .iter()
        .filter(|(key, of)| {
            let kind = draft.kind(**key);
            forwards(kind) || kind == Kind::Component && of.len() > 1
        })
        .map(|(key, _)| (*key, None))
        .collect();
    forwarders.extend(
        joined.outer.keys().filter(|key| forwards(draft.kind(**key))).map(|key| (*key, None)),
    );
    let mut core = BTreeSet::new();
    for (id, device) in &facts.devices {
        let (name, slug) = role_words(facts, device);
        if roles::is_core(name, slug)
            && let Some(key) = draft.find(Thing::Device, *id)
        {
            core.insert(key);
        }
    }
    let none = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for start in forwarders.keys().copied().collect::<Vec<_>>() {
        if seen.contains(&start) {
            continue;
        }
        let mut part = vec![start];
        seen.insert(start);
        let mut at = 0;
        while at < part.len() {
            for next in neighbours.get(&part[at]).unwrap_or(&none) {
                if forwarders.contains_key(next) && seen.insert(*next) {
                    part.push(*next);
                }
            }
            at += 1;
        }
        let leads = |key: &Key, kind: Kind| {
            joined.outer.get(key).is_some_and(|of| of.iter().any(|one| draft.kind(*one) == kind))
        };
        // What is nearest to the way out, first.
        let rank = |key: &Key| {
            let kind = draft.kind(*key);
            [
                leads(key, Kind::Upstream),
                leads(key, Kind::Component),
                kind == Kind::Router,
                kind == Kind::Firewall,
                core.contains(key),
            ]
            .iter()
            .position(|is| *is)
        };
        let nearest = part.iter().filter_map(rank).min();
        let is_source = |key: &Key| nearest.is_some() && rank(key) == nearest;
        let sources: Vec<Key> = part.iter().copied().filter(is_source).collect();
        if sources.is_empty() && part.len() > 1 {
            let first = by_name(draft, part.clone())[0];
            let words = format!(
                "which way is the core from {}? {} network devices are joined, and nothing says it",
                draft.name(first),
                part.len()
            );
            draft.ask(first, About::Network, words);
        }
        let mut open: VecDeque<(Key, usize)> = sources.into_iter().map(|key| (key, 1)).collect();
        while let Some((key, distance)) = open.pop_front() {
            let Some(own @ None) = forwarders.get_mut(&key) else { continue };
            *own = Some(distance);
            let next = neighbours.get(&key).unwrap_or(&none);
            open.extend(next.iter().map(|next| (*next, distance + 1)));
        }
    }
    Distances { forwarders }
}

/// A way up: from a device over circuits to the next one.
struct Way {
    from: Key,
    over: Vec<Key>,
    to: Key,
}

/// Gives each pair its direction; pairs that have none become links.
fn directed(draft: &mut Draft, joined: &Joined, distances: &Distances) -> Vec<Way> {
    let mut ways: Vec<Way> = Vec::new();
    for (device, circuits) in &joined.outer {
        for circuit in circuits {
            ways.push(Way { from: *device, over: Vec::new(), to: *circuit });
        }
    }
    let mut lateral: BTreeMap<(Key, Key), BTreeSet<Vec<Key>>> = BTreeMap::new();
    for (a, b, over) in &joined.pairs {
        let distance = |key: &Key| distances.forwarders.get(key).copied();
        let up = Way { from: *a, over: over.clone(), to: *b };
        let down = Way { from: *b, over: over.iter().rev().copied().collect(), to: *a };
        match (distance(a), distance(b)) {
            (None, Some(_)) => ways.push(up),
            (Some(_), None) => ways.push(down),
            (Some(Some(far)), Some(Some(near))) if far > near => ways.push(up),
            (Some(Some(near)), Some(Some(far))) if far > near => ways.push(down),
            (Some(_), Some(_)) => match (forwards(draft.kind(*a)), forwards(draft.kind(*b))) {
                (true, true) => {
                    lateral.entry((*a, *b)).or_default().insert(over.clone());
                }
                (false, true) => ways.push(up),
                (true, false) => ways.push(down),
                (false, false) => neither(draft, *a, *b),
            },
            (None, None) => neither(draft, *a, *b),
        }
    }
    for ((a, b), overs) in lateral {
        for over in overs {
            let ends = by_name(draft, vec![a, b]);
            let name = format!("{}.to.{}", draft.name(ends[0]), draft.name(ends[1]));
            let link = draft.add(Kind::Link, &name);
            draft.need(link, "between", Need::All(ends));
            draft.need(link, "on", Need::All(over));
        }
    }
    ways
}

fn neither(draft: &mut Draft, a: Key, b: Key) {
    let names = format!("{} to {}", draft.name(a), draft.name(b));
    draft.leave_out("cables", "join two devices that hand nothing on", names);
}

/// Writes the ways up, over circuits where they go.
fn climb(draft: &mut Draft, ways: Vec<Way>) {
    let mut up: BTreeMap<Key, Vec<Key>> = BTreeMap::new();
    let mut over_one: BTreeMap<Key, BTreeSet<(Key, Key)>> = BTreeMap::new();
    let mut bundled: BTreeSet<Key> = BTreeSet::new();
    for way in &ways {
        match way.over.as_slice() {
            [] => up.entry(way.from).or_default().push(way.to),
            [one] => {
                over_one.entry(*one).or_default().insert((way.from, way.to));
            }
            several => bundled.extend(several),
        }
    }
    // A circuit that joins each of its lower ends to each of its upper ones stands on the way itself.
    for (circuit, pairs) in &over_one {
        let lower: BTreeSet<Key> = pairs.iter().map(|(from, _)| *from).collect();
        let upper: BTreeSet<Key> = pairs.iter().map(|(_, to)| *to).collect();
        if pairs.len() != lower.len() * upper.len() || draft.kind(*circuit) != Kind::Component {
            bundled.insert(*circuit);
        } else if !bundled.contains(circuit) {
            for from in lower {
                up.entry(from).or_default().push(*circuit);
            }
            up.entry(*circuit).or_default().extend(upper);
        }
    }
    for way in &ways {
        if way.over.is_empty() || !way.over.iter().any(|one| bundled.contains(one)) {
            continue;
        }
        let first = draft.name(way.over[0]).to_owned();
        let name = format!("{first}.{}.to.{}", draft.name(way.from), draft.name(way.to));
        let lane = draft.add(Kind::Component, &name);
        draft.remark(lane, "a lane of the circuit");
        draft.need(lane, "on", Need::All(way.over.clone()));
        up.entry(lane).or_default().push(way.to);
        up.entry(way.from).or_default().push(lane);
    }
    for (from, to) in up {
        let to = by_name(draft, to);
        draft.need(from, "network", Need::Any(to));
    }
}

/// Asks about devices that no cable joins to anything.
fn unjoined(facts: &Facts, draft: &mut Draft, joined: &Joined) {
    let bays = facts.device_bays.values();
    let in_chassis: BTreeSet<Id> = bays.filter_map(|bay| bay.installed_device).collect();
    for id in facts.devices.keys() {
        let Some(key) = draft.find(Thing::Device, *id) else { continue };
        let is_wired = !matches!(
            draft.kind(key),
            Kind::Pdu | Kind::Ups | Kind::Generator | Kind::TransferSwitch | Kind::Cooling
        );
        if is_wired && !joined.seen.contains(&key) && !in_chassis.contains(id) {
            let words = format!("what is {} joined to? NetBox has no cable of it", draft.name(key));
            draft.ask(key, About::Network, words);
        }
    }
}

fn circuits(facts: &Facts, cables: &Cables<'_>, draft: &mut Draft, joined: &Joined) {
    let plugged: BTreeSet<Key> = joined.outer.values().flatten().copied().collect();
    let crossed: BTreeSet<Key> =
        joined.pairs.iter().flat_map(|(_, _, via)| via.iter().copied()).collect();
    let mut upstreams = 0;
    for (id, circuit) in &facts.circuits {
        let Some(key) = draft.find(Thing::Circuit, *id) else { continue };
        let name = draft.name(key).to_owned();
        let provider = circuit.provider.and_then(|provider| facts.providers.get(&provider));
        if let Some(provider) = provider.and_then(|provider| provider.name.as_deref()) {
            draft.field(key, "account", scalar(provider));
        }
        let it = || object("circuits.circuit", *id);
        if let Some(rate) = amount(draft, it, "commit_rate", circuit.commit_rate, KILOBITS_MAX) {
            draft.field(key, "capacity", format!("{} kbit/s", number(rate)));
        }
        condition(draft, key, circuit.status.as_deref());
        let kind = circuit.circuit_type.and_then(|kind| facts.circuit_types.get(&kind));
        let kind = kind.and_then(|kind| kind.name.as_deref()).unwrap_or("circuit").to_owned();
        let ends =
            || cables.ends_of(*id).iter().filter_map(|end| facts.circuit_terminations.get(end));
        let network = ends()
            .find_map(|end| end.provider_network)
            .and_then(|network| draft.find(Thing::ProviderNetwork, network));
        if draft.kind(key) == Kind::Upstream {
            upstreams += 1;
            draft.field(key, "provides", "internet");
            draft.need(key, "on", Need::Any(network.into_iter().collect()));
        } else {
            draft.remark(key, format!("a circuit: {kind}"));
            draft.need(key, "network", Need::Any(network.into_iter().collect()));
        }
        if crossed.contains(&key) {
            continue;
        }
        if !plugged.contains(&key) {
            let words = format!("what is the circuit {name} plugged into?");
            draft.ask(key, About::Circuit, words);
        } else if draft.kind(key) != Kind::Upstream && network.is_none() {
            let words = format!(
                "where does the circuit {name} lead? if to the internet, it is an upstream"
            );
            draft.ask(key, About::Circuit, words);
        }
    }
    for (id, network) in &facts.provider_networks {
        let Some(key) = draft.find(Thing::ProviderNetwork, *id) else { continue };
        let provider = network.provider.and_then(|provider| facts.providers.get(&provider));
        if let Some(provider) = provider.and_then(|provider| provider.name.as_deref()) {
            draft.field(key, "account", scalar(provider));
        }
        draft.remark(key, "a provider's network");
    }
    if upstreams == 0 && !joined.seen.is_empty() {
        let words = "which circuits lead to the internet? no circuit's type says so";
        draft.ask_of_all(About::Circuit, words);
    }
}
