//! Devices, clusters, virtual machines, services and customers: what runs where, and whose it is.
//!
//! A device's kind is read from its role; what only carries cables is left out, for they are followed
//! through it. A device in a bay stands on its chassis. A virtual machine runs on the device it is pinned
//! to, else on its cluster, and a cluster on its hosts, of which one is written to be enough (NetBox does not
//! say how many are needed, so it is asked). A tenant becomes a customer that uses what it owns.

use super::cables::Cables;
use super::draft::{Draft, Key, Need, Thing};
use super::facts::{Address, Device, End, Facts, Id, Named, Parent, Scope, Table};
use super::{About, condition, is_kept, object, places, power};
use crate::draft::roles::{self, Said};
use crate::kind::Kind;
use crate::plantfile::scalar;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

pub(super) fn declare(facts: &Facts, cables: &Cables<'_>, draft: &mut Draft) {
    let powered: BTreeSet<Id> = facts.power_ports.values().filter_map(|port| port.device).collect();
    let joined: BTreeSet<Id> = facts
        .interfaces
        .iter()
        .filter(|(id, _)| cables.is_cabled(End::Interface(**id)))
        .filter_map(|(_, interface)| interface.device)
        .collect();
    for (id, device) in &facts.devices {
        let name = shown(facts, *id, device);
        let said = role(facts, device);
        let only_cables = !powered.contains(id) && !joined.contains(id);
        let patches = facts.with_patch_ports.contains(id) && !facts.with_interfaces.contains(id);
        if only_cables && (said == Some(Said::Passive) || said.is_none() && patches) {
            draft.leave_out(
                "devices",
                "patch panels and the like: cables are followed through",
                name,
            );
            continue;
        }
        if !is_kept(draft, "devices", &name, device.status.as_deref()) {
            continue;
        }
        let kind = match said {
            Some(Said::Kind(Kind::Server)) | None if device.cluster.is_some() => Kind::Hypervisor,
            Some(Said::Kind(kind)) => kind,
            Some(Said::Passive) | None => Kind::Component,
        };
        let within = device.site.map(|site| (Thing::Site, site));
        match &device.name {
            Some(name) => draft.declare(Thing::Device, *id, kind, Some(name), within),
            None => draft.declare_unnamed(Thing::Device, *id, kind, &name),
        };
    }
    for (device, inlets) in power::banks(facts) {
        let Some(of) = facts.devices.get(&device) else { continue };
        if draft.find(Thing::Device, device).is_none_or(|key| draft.kind(key) != Kind::Pdu) {
            continue;
        }
        for inlet in inlets {
            let port = facts.power_ports[&inlet].name.as_deref().unwrap_or("inlet");
            let name = format!("{}.{port}", shown(facts, device, of));
            draft.declare(Thing::Inlet, inlet, Kind::Pdu, Some(&name), None);
        }
    }
    for (id, cluster) in &facts.clusters {
        let name = cluster.name.as_deref();
        if is_kept(draft, "clusters", name.unwrap_or("?"), cluster.status.as_deref()) {
            draft.declare(Thing::Cluster, *id, Kind::Component, name, None);
        }
    }
    for (id, machine) in &facts.virtual_machines {
        let name = machine.name.as_deref();
        if is_kept(draft, "virtual machines", name.unwrap_or("?"), machine.status.as_deref()) {
            let within = machine.cluster.map(|cluster| (Thing::Cluster, cluster));
            draft.declare(Thing::Machine, *id, Kind::Vm, name, within);
        }
    }
    for (id, service) in &facts.services {
        let name = service.name.as_deref().unwrap_or("service");
        let of = match service.parent {
            Some(Parent::Device(device)) => draft
                .find(Thing::Device, device)
                .map(|_| shown(facts, device, &facts.devices[&device])),
            Some(Parent::VirtualMachine(machine)) => {
                draft.find(Thing::Machine, machine).map(|_| {
                    let named = facts.virtual_machines[&machine].name.as_deref();
                    named.map_or_else(|| format!("vm-{machine}"), str::to_owned)
                })
            }
            None => None,
        };
        match of {
            Some(of) => {
                // A service's own name says what it is, not whose.
                draft.declare(
                    Thing::Service,
                    *id,
                    Kind::Service,
                    Some(&format!("{of}.{name}")),
                    None,
                );
            }
            None => draft.leave_out("services", "run on nothing that is in the plant", name),
        }
    }
    for (id, tenant) in &facts.tenants {
        draft.declare(Thing::Tenant, *id, Kind::Customer, tenant.name.as_deref(), None);
    }
}

/// A device's name as NetBox shows it, or one made of what is known.
pub(super) fn shown(facts: &Facts, id: Id, device: &Device) -> String {
    if let Some(name) = &device.name {
        return name.to_string();
    }
    let chassis = device.virtual_chassis.and_then(|chassis| facts.virtual_chassis.get(&chassis));
    let chassis = chassis.and_then(|chassis| chassis.name.as_deref());
    if let (Some(chassis), Some(position)) = (chassis, device.vc_position) {
        return format!("{chassis}-{position}");
    }
    let role = device.role.and_then(|role| facts.roles.get(&role));
    let role = role.and_then(|role| role.slug.as_deref().or(role.name.as_deref()));
    format!("{}-{id}", role.unwrap_or("device"))
}

/// The name and slug of a device's role.
pub(super) fn role_words<'f>(facts: &'f Facts, device: &Device) -> (&'f str, &'f str) {
    let role = device.role.and_then(|role| facts.roles.get(&role));
    role.map_or(("", ""), |role| {
        (role.name.as_deref().unwrap_or(""), role.slug.as_deref().unwrap_or(""))
    })
}

fn role(facts: &Facts, device: &Device) -> Option<Said> {
    let (name, slug) = role_words(facts, device);
    roles::read(name, slug)
}

pub(super) fn fill(facts: &Facts, draft: &mut Draft) {
    let parents = chassis(facts, draft);
    for (id, device) in &facts.devices {
        if let Some(key) = draft.find(Thing::Device, *id) {
            self::device(facts, draft, key, *id, device, parents.get(id).copied());
        }
    }
    clusters(facts, draft);
    for (id, machine) in &facts.virtual_machines {
        let Some(key) = draft.find(Thing::Machine, *id) else { continue };
        let host = machine.device.and_then(|device| draft.find(Thing::Device, device));
        let cluster = machine.cluster.and_then(|cluster| draft.find(Thing::Cluster, cluster));
        match host.or(cluster) {
            Some(on) => draft.need(key, "on", Need::Any(vec![on])),
            None => {
                if let Some(site) = machine.site.and_then(|site| draft.find(Thing::Site, site)) {
                    draft.need(key, "in", Need::Any(vec![site]));
                }
                let words = format!("what does {} run on?", draft.name(key));
                draft.ask(key, About::Machine, words);
            }
        }
        let model = "virtualization.virtualmachine";
        addresses(facts, draft, key, &machine.primary, model, *id);
        software(facts, draft, key, machine.platform);
        condition(draft, key, machine.status.as_deref());
    }
    for (id, service) in &facts.services {
        let Some(key) = draft.find(Thing::Service, *id) else { continue };
        let (on, primary): (_, &[Address]) = match service.parent {
            Some(Parent::Device(device)) => (
                draft.find(Thing::Device, device),
                facts.devices.get(&device).map_or(&[], |device| &device.primary),
            ),
            Some(Parent::VirtualMachine(machine)) => (
                draft.find(Thing::Machine, machine),
                facts.virtual_machines.get(&machine).map_or(&[], |machine| &machine.primary),
            ),
            None => (None, &[]),
        };
        draft.need(key, "on", Need::Any(on.into_iter().collect()));
        addresses(facts, draft, key, &service.addresses, "ipam.service", *id);
        let own = service.addresses.iter().chain(primary).find_map(|one| address(facts, *one));
        if let (Some(own), Some("tcp"), Some(port)) =
            (own, service.protocol.as_deref(), service.ports.first())
        {
            let at = match own {
                IpAddr::V4(own) => format!("{own}:{port}"),
                IpAddr::V6(own) => format!("[{own}]:{port}"),
            };
            draft.remark(key, format!("checks: [ {{ tcp: \"{at}\" }} ]"));
        }
    }
    customers(facts, draft);
}

/// The chassis that a device sits in.
fn chassis(facts: &Facts, draft: &mut Draft) -> BTreeMap<Id, Key> {
    let mut parents = BTreeMap::new();
    for (id, bay) in &facts.device_bays {
        let Some(installed) = bay.installed_device else { continue };
        match bay.device.and_then(|device| draft.find(Thing::Device, device)) {
            Some(parent) => {
                parents.insert(installed, parent);
            }
            None => {
                let words =
                    format!("{}: its device is not in the plant", object("dcim.devicebay", *id));
                draft.doubt(words);
            }
        }
    }
    parents
}

fn device(
    facts: &Facts,
    draft: &mut Draft,
    key: Key,
    id: Id,
    device: &Device,
    chassis: Option<Key>,
) {
    match chassis.filter(|chassis| *chassis != key) {
        Some(chassis) => draft.need(key, "on", Need::Any(vec![chassis])),
        None => {
            let (thing, place) = match device.rack {
                Some(rack) => (Thing::Rack, Some(rack)),
                None => (Thing::Location, device.location),
            };
            places::stands_in(draft, key, place, thing, device.site, "dcim.device", id);
        }
    }
    if role(facts, device).is_none() {
        let (name, _) = role_words(facts, device);
        let words = if name.is_empty() {
            format!("what is {}? NetBox gives it no role", draft.name(key))
        } else {
            format!("what is {}? its role `{name}` does not say", draft.name(key))
        };
        draft.ask(key, About::Kind, words);
    }
    addresses(facts, draft, key, &device.primary, "dcim.device", id);
    software(facts, draft, key, device.platform);
    condition(draft, key, device.status.as_deref());
}

fn clusters(facts: &Facts, draft: &mut Draft) {
    let mut hosts: BTreeMap<Id, Vec<Key>> = BTreeMap::new();
    for (id, device) in &facts.devices {
        if let (Some(cluster), Some(key)) = (device.cluster, draft.find(Thing::Device, *id)) {
            hosts.entry(cluster).or_default().push(key);
        }
    }
    for (id, cluster) in &facts.clusters {
        let Some(key) = draft.find(Thing::Cluster, *id) else { continue };
        let name = draft.name(key).to_owned();
        let own = hosts.remove(id).unwrap_or_default();
        let place = cluster.scope.and_then(|scope| match scope {
            Scope::Site(site) => draft.find(Thing::Site, site),
            Scope::Location(location) => draft.find(Thing::Location, location),
        });
        match own.len() {
            0 => {
                draft.need(key, "in", Need::Any(place.into_iter().collect()));
                let words = format!("which machines is the cluster {name} made of?");
                draft.ask(key, About::Machine, words);
            }
            1 => {}
            count => {
                let words = format!(
                    "how many of its {count} hosts does the cluster {name} need? one is written to be enough"
                );
                draft.ask(key, About::Machine, words);
            }
        }
        let own = by_name(draft, own);
        draft.need(key, "on", Need::Any(own));
        draft.remark(key, "a cluster");
        condition(draft, key, cluster.status.as_deref());
    }
}

fn customers(facts: &Facts, draft: &mut Draft) {
    let mut owned: BTreeMap<Id, Vec<Key>> = BTreeMap::new();
    let mut own = |tenant: Option<Id>, key: Option<Key>| {
        if let (Some(tenant), Some(key)) = (tenant, key) {
            owned.entry(tenant).or_default().push(key);
        }
    };
    for (id, device) in &facts.devices {
        // Power is what others use.
        let key = draft.find(Thing::Device, *id);
        let key = key.filter(|key| !matches!(draft.kind(*key), Kind::Pdu | Kind::Ups));
        own(device.tenant, key);
    }
    for (id, cluster) in &facts.clusters {
        own(cluster.tenant, draft.find(Thing::Cluster, *id));
    }
    for (id, machine) in &facts.virtual_machines {
        own(machine.tenant, draft.find(Thing::Machine, *id));
    }
    for (id, circuit) in &facts.circuits {
        own(circuit.tenant, draft.find(Thing::Circuit, *id));
    }
    for id in facts.tenants.keys() {
        let Some(key) = draft.find(Thing::Tenant, *id) else { continue };
        let uses = by_name(draft, owned.remove(id).unwrap_or_default());
        if uses.is_empty() {
            let words = format!("what does {} use? NetBox gives it nothing", draft.name(key));
            draft.ask(key, About::Customer, words);
        }
        draft.need(key, "uses", Need::All(uses));
    }
}

/// In the order of their names, each once.
pub(super) fn by_name(draft: &Draft, mut keys: Vec<Key>) -> Vec<Key> {
    keys.sort_by(|a, b| draft.name(*a).cmp(draft.name(*b)));
    keys.dedup();
    keys
}

fn address(facts: &Facts, address: Address) -> Option<IpAddr> {
    match address {
        Address::Object(id) => facts.ip_addresses.get(&id).copied(),
        Address::Is(address) => Some(address),
    }
}

fn addresses(facts: &Facts, draft: &mut Draft, key: Key, of: &[Address], model: &str, id: Id) {
    let mut found = Vec::new();
    for one in of {
        match address(facts, *one) {
            Some(address) => found.push(scalar(&address.to_string())),
            None => draft.doubt(format!("{}: its address is nowhere", object(model, id))),
        }
    }
    match found.as_slice() {
        [] => {}
        [one] => draft.field(key, "address", one.clone()),
        several => draft.field(key, "address", format!("[{}]", several.join(", "))),
    }
}

fn software(facts: &Facts, draft: &mut Draft, key: Key, platform: Option<Id>) {
    let name = |table: &Table<Named>, id| table.get(&id)?.name.as_deref().map(scalar);
    if let Some(name) = platform.and_then(|platform| name(&facts.platforms, platform)) {
        draft.field(key, "software", name);
    }
}
