//! One object of NetBox, as JSON, into the facts.
//!
//! A dump and the API say the same things in two ways: a reference is a number or an object with one, a
//! choice a word or an object with one, a content type a pair or a word with a dot. Both are read here, and
//! so are the names that fields had in NetBox 3.2 to 4.7. A field of another shape is a hole, and the rest of
//! its object still counts. Tested through `dump` and `live`.

use blackstart_model::netbox::facts::{
    Address, Cable, Circuit, CircuitTermination, Cluster, Device, DeviceBay, End, Facts, FrontPort,
    Id, Interface, Location, Named, Parent, PowerFeed, PowerOutlet, PowerPanel, PowerPort, Prefix,
    ProviderNetwork, Rack, RearPort, Said, Scope, Service, Site, Table, VirtualChassis,
    VirtualMachine,
};
use serde_json::{Map, Value};
use std::net::IpAddr;

/// Facts being filled.
#[derive(Default)]
pub(super) struct Reading {
    facts: Facts,
    /// Ends of cables, which may come before their cables.
    ends: Vec<Ending>,
    /// What is behind front ports, likewise.
    behind: Vec<(Id, Id, u64)>,
    taken: u64,
}

struct Ending {
    id: Id,
    cable: Id,
    is_a: bool,
    end: End,
    connector: Option<u64>,
}

impl Reading {
    /// Objects that were of a model a plant has a use for.
    pub(super) const fn taken(&self) -> u64 {
        self.taken
    }

    /// Something that could not be read.
    pub(super) fn hole(&mut self, object: &str, words: impl Into<String>) {
        self.facts.hole(object, words);
    }

    /// Takes one object.
    pub(super) fn take(&mut self, model: &str, id: Option<&Value>, fields: &Map<String, Value>) {
        if !is_known(model) {
            *self.facts.unused.entry(model.into()).or_default() += 1;
            return;
        }
        self.taken += 1;
        let Some(id) = id.and_then(Value::as_u64) else {
            self.hole(model, "an object without a number");
            return;
        };
        let mut read = Fields { map: fields, wrong: Vec::new() };
        let first = self.fill(model, id, &mut read);
        let wrong = read.wrong;
        let object = format!("{model} {id}");
        if !first {
            self.hole(&object, "stands twice; the first counts");
        }
        for words in wrong {
            self.hole(&object, words);
        }
    }

    /// All facts, once everything was taken.
    pub(super) fn finish(mut self) -> Facts {
        for Ending { id, cable, is_a, end, connector } in std::mem::take(&mut self.ends) {
            match self.facts.cables.get_mut(&cable) {
                Some(cable) => {
                    let ends = if is_a { &mut cable.a } else { &mut cable.b };
                    // The cable itself may have named it, without its connector.
                    match ends.iter_mut().find(|(known, _)| *known == end) {
                        Some((_, known)) => *known = known.or(connector),
                        None => ends.push((end, connector)),
                    }
                }
                None => {
                    let object = format!("dcim.cabletermination {id}");
                    self.facts.hole(&object, format!("its cable {cable} is nowhere"));
                }
            }
        }
        for (front, rear, position) in std::mem::take(&mut self.behind) {
            // A front port without a cable was not kept.
            if let Some(port) = self.facts.front_ports.get_mut(&front) {
                port.behind.push((rear, position));
            }
        }
        for port in self.facts.front_ports.values_mut() {
            port.behind.sort_unstable();
            port.behind.dedup();
        }
        self.facts
    }

    /// Reads the fields of one object; false when it was there already.
    #[expect(clippy::too_many_lines, reason = "one table of NetBox's models, each a few lines")]
    fn fill(&mut self, model: &str, id: Id, of: &mut Fields<'_>) -> bool {
        let facts = &mut self.facts;
        match model {
            "dcim.site" => put(
                &mut facts.sites,
                id,
                Site {
                    name: of.text("name"),
                    slug: of.text("slug"),
                    status: of.text("status"),
                    time_zone: of.text("time_zone"),
                    physical_address: of.text("physical_address"),
                },
            ),
            "dcim.location" => put(
                &mut facts.locations,
                id,
                Location {
                    name: of.text("name"),
                    status: of.text("status"),
                    site: of.id("site"),
                    parent: of.id("parent"),
                },
            ),
            "dcim.rack" => put(
                &mut facts.racks,
                id,
                Rack {
                    name: of.text("name"),
                    status: of.text("status"),
                    site: of.id("site"),
                    location: of.id("location"),
                },
            ),
            "dcim.devicerole" => put(&mut facts.roles, id, of.named()),
            "dcim.platform" => put(&mut facts.platforms, id, of.named()),
            "circuits.provider" => put(&mut facts.providers, id, of.named()),
            "circuits.circuittype" => put(&mut facts.circuit_types, id, of.named()),
            "tenancy.tenant" => put(&mut facts.tenants, id, of.named()),
            "dcim.device" => put(
                &mut facts.devices,
                id,
                Device {
                    name: of.text("name"),
                    // `device_role` until NetBox 3.5.
                    role: of.id("role").or_else(|| of.id("device_role")),
                    platform: of.id("platform"),
                    tenant: of.id("tenant"),
                    site: of.id("site"),
                    location: of.id("location"),
                    rack: of.id("rack"),
                    status: of.text("status"),
                    cluster: of.id("cluster"),
                    virtual_chassis: of.id("virtual_chassis"),
                    vc_position: of.count("vc_position"),
                    primary: of.primary(),
                },
            ),
            "dcim.devicebay" => put(
                &mut facts.device_bays,
                id,
                DeviceBay { device: of.id("device"), installed_device: of.id("installed_device") },
            ),
            "dcim.virtualchassis" => put(
                &mut facts.virtual_chassis,
                id,
                VirtualChassis { name: of.text("name"), master: of.id("master") },
            ),
            "dcim.powerpanel" => put(
                &mut facts.power_panels,
                id,
                PowerPanel {
                    name: of.text("name"),
                    site: of.id("site"),
                    location: of.id("location"),
                },
            ),
            "dcim.powerfeed" => put(
                &mut facts.power_feeds,
                id,
                PowerFeed {
                    name: of.text("name"),
                    power_panel: of.id("power_panel"),
                    rack: of.id("rack"),
                    status: of.text("status"),
                    supply: of.text("supply"),
                    phase: of.text("phase"),
                    voltage: of.number("voltage"),
                    amperage: of.number("amperage"),
                    max_utilization: of.number("max_utilization"),
                    mark_connected: of.flag("mark_connected", false),
                },
            ),
            "dcim.powerport" => put(
                &mut facts.power_ports,
                id,
                PowerPort {
                    name: of.text("name"),
                    device: of.id("device"),
                    maximum_draw: of.number("maximum_draw"),
                    allocated_draw: of.number("allocated_draw"),
                    mark_connected: of.flag("mark_connected", false),
                },
            ),
            "dcim.poweroutlet" => put(
                &mut facts.power_outlets,
                id,
                PowerOutlet {
                    name: of.text("name"),
                    device: of.id("device"),
                    power_port: of.id("power_port"),
                    feed_leg: of.text("feed_leg"),
                    status: of.text("status"),
                },
            ),
            "dcim.interface" => {
                let device = of.id("device");
                facts.with_interfaces.extend(device);
                let has_cable = of.is_cabled();
                let interface = Interface {
                    name: of.text("name"),
                    device,
                    enabled: of.flag("enabled", true),
                    mgmt_only: of.flag("mgmt_only", false),
                };
                // Most interfaces have no cable, and then say nothing more.
                !has_cable || put(&mut facts.interfaces, id, interface)
            }
            "dcim.frontport" => {
                let device = of.id("device");
                facts.with_patch_ports.extend(device);
                let has_cable = of.is_cabled();
                let mut behind = Vec::new();
                if let Some(rear) = of.id("rear_port") {
                    behind.push((rear, of.count("rear_port_position").unwrap_or(1)));
                }
                // A list of them since NetBox 4.5.
                for one in of.list("rear_ports") {
                    let position = one.get("rear_port_position").and_then(Value::as_u64);
                    match one.get("rear_port").and_then(as_id) {
                        Some(rear) => behind.push((rear, position.unwrap_or(1))),
                        None => of.wrong.push("`rear_ports` cannot be read".to_owned()),
                    }
                }
                let port = FrontPort { name: of.text("name"), device, behind };
                !has_cable || put(&mut facts.front_ports, id, port)
            }
            "dcim.portmapping" => {
                let (front, rear) = (of.id("front_port"), of.id("rear_port"));
                let position = of.count("rear_port_position").unwrap_or(1);
                self.behind.extend(front.zip(rear).map(|(front, rear)| (front, rear, position)));
                true
            }
            "dcim.rearport" => {
                let device = of.id("device");
                facts.with_patch_ports.extend(device);
                let has_cable = of.is_cabled();
                let positions = of.count("positions").unwrap_or(1);
                let port = RearPort { name: of.text("name"), device, positions };
                !has_cable || put(&mut facts.rear_ports, id, port)
            }
            "dcim.cable" => {
                let mut cable = Cable { status: of.text("status"), ..Cable::default() };
                for (side, ends) in
                    [("a_terminations", &mut cable.a), ("b_terminations", &mut cable.b)]
                {
                    for one in of.list(side) {
                        let kind = one.get("object_type").and_then(content_type);
                        let end = one.get("object_id").and_then(Value::as_u64);
                        ends.extend(of.end(kind, end, side).map(|end| (end, None)));
                    }
                }
                // NetBox 3.2 and before: one end on each side.
                for (side, ends) in [("a", &mut cable.a), ("b", &mut cable.b)] {
                    let (kind, end) =
                        (format!("termination_{side}_type"), format!("termination_{side}_id"));
                    if let Some(number) = of.count(&end) {
                        let kind = of.map.get(&kind).and_then(content_type);
                        ends.extend(of.end(kind, Some(number), &end).map(|end| (end, None)));
                    }
                }
                put(&mut facts.cables, id, cable)
            }
            "dcim.cabletermination" => {
                let kind = of.map.get("termination_type").and_then(content_type);
                let end = of.count("termination_id");
                let end = of.end(kind, end, "termination_type");
                let side = of.text("cable_end");
                let connector = of.count("connector");
                if let (Some(cable), Some(end)) = (of.id("cable"), end) {
                    let is_a = side.as_deref() == Some("A");
                    if !is_a && side.as_deref() != Some("B") {
                        of.wrong.push("`cable_end` is neither A nor B; B is taken".to_owned());
                    }
                    self.ends.push(Ending { id, cable, is_a, end, connector });
                }
                true
            }
            "circuits.providernetwork" => put(
                &mut facts.provider_networks,
                id,
                ProviderNetwork { name: of.text("name"), provider: of.id("provider") },
            ),
            "circuits.circuit" => put(
                &mut facts.circuits,
                id,
                Circuit {
                    cid: of.text("cid"),
                    provider: of.id("provider"),
                    circuit_type: of.id("type"),
                    status: of.text("status"),
                    tenant: of.id("tenant"),
                    commit_rate: of.number("commit_rate"),
                },
            ),
            "circuits.circuittermination" => {
                let mut end = CircuitTermination {
                    circuit: of.id("circuit"),
                    term_side: of.text("term_side"),
                    site: of.id("site"),
                    provider_network: of.id("provider_network"),
                };
                // One field for all since NetBox 4.2.
                match (
                    of.map.get("termination_type").and_then(content_type),
                    of.count("termination_id"),
                ) {
                    (Some((_, "site")), at) => end.site = at,
                    (Some((_, "providernetwork")), at) => end.provider_network = at,
                    _ => {}
                }
                put(&mut facts.circuit_terminations, id, end)
            }
            "virtualization.cluster" => {
                // `site` until NetBox 4.1, then a scope.
                let scope = of.id("site").map(Scope::Site).or_else(|| {
                    let at = of.count("scope_id")?;
                    match of.map.get("scope_type").and_then(content_type)?.1 {
                        "site" => Some(Scope::Site(at)),
                        "location" => Some(Scope::Location(at)),
                        _ => None,
                    }
                });
                put(
                    &mut facts.clusters,
                    id,
                    Cluster {
                        name: of.text("name"),
                        status: of.text("status"),
                        tenant: of.id("tenant"),
                        scope,
                    },
                )
            }
            "virtualization.virtualmachine" => put(
                &mut facts.virtual_machines,
                id,
                VirtualMachine {
                    name: of.text("name"),
                    status: of.text("status"),
                    site: of.id("site"),
                    cluster: of.id("cluster"),
                    device: of.id("device"),
                    tenant: of.id("tenant"),
                    platform: of.id("platform"),
                    primary: of.primary(),
                },
            ),
            "ipam.service" => {
                let device = of.id("device").map(Parent::Device);
                let machine = of.id("virtual_machine").map(Parent::VirtualMachine);
                // One field for both since NetBox 4.3.
                let parent =
                    of.map.get("parent_object_type").and_then(content_type).and_then(|kind| {
                        let at = of.map.get("parent_object_id").and_then(Value::as_u64)?;
                        match kind.1 {
                            "device" => Some(Parent::Device(at)),
                            "virtualmachine" => Some(Parent::VirtualMachine(at)),
                            _ => None,
                        }
                    });
                let ports: Vec<u64> = of.list("ports").iter().filter_map(Value::as_u64).collect();
                let addresses: Vec<Address> =
                    of.list("ipaddresses").iter().filter_map(address).collect();
                put(
                    &mut facts.services,
                    id,
                    Service {
                        name: of.text("name"),
                        protocol: of.text("protocol"),
                        ports,
                        parent: device.or(machine).or(parent),
                        addresses,
                    },
                )
            }
            "ipam.prefix" => {
                let prefix = of.text("prefix").and_then(|text| {
                    let block = block(&text);
                    if block.is_none() {
                        of.wrong.push(format!("`{}` is no prefix", shortened(&text)));
                    }
                    block
                });
                put(
                    &mut facts.prefixes,
                    id,
                    Prefix { prefix, vrf: of.id("vrf"), status: of.text("status") },
                )
            }
            "ipam.ipaddress" => {
                let Some(text) = of.text("address") else { return true };
                match block(&text) {
                    Some((address, _)) => put(&mut facts.ip_addresses, id, address),
                    None => {
                        of.wrong.push(format!("`{}` is no address", shortened(&text)));
                        true
                    }
                }
            }
            _ => true,
        }
    }
}

/// The models that say something a plant holds.
fn is_known(model: &str) -> bool {
    matches!(
        model,
        "dcim.site"
            | "dcim.location"
            | "dcim.rack"
            | "dcim.devicerole"
            | "dcim.platform"
            | "dcim.device"
            | "dcim.devicebay"
            | "dcim.virtualchassis"
            | "dcim.powerpanel"
            | "dcim.powerfeed"
            | "dcim.powerport"
            | "dcim.poweroutlet"
            | "dcim.interface"
            | "dcim.frontport"
            | "dcim.rearport"
            | "dcim.portmapping"
            | "dcim.cable"
            | "dcim.cabletermination"
            | "circuits.provider"
            | "circuits.providernetwork"
            | "circuits.circuittype"
            | "circuits.circuit"
            | "circuits.circuittermination"
            | "virtualization.cluster"
            | "virtualization.virtualmachine"
            | "ipam.service"
            | "ipam.prefix"
            | "ipam.ipaddress"
            | "tenancy.tenant"
    )
}

/// Puts an object into its table, unless one with its number is there.
fn put<T>(table: &mut Table<T>, id: Id, object: T) -> bool {
    let is_new = !table.contains_key(&id);
    if is_new {
        table.insert(id, object);
    }
    is_new
}

/// The fields of one object, and what is wrong with them.
struct Fields<'a> {
    map: &'a Map<String, Value>,
    wrong: Vec<String>,
}

impl<'a> Fields<'a> {
    fn shape(&mut self, key: &str) {
        self.wrong.push(format!("`{key}` cannot be read"));
    }

    /// A text, or the word of a choice.
    fn text(&mut self, key: &str) -> Said {
        let value = match self.map.get(key)? {
            // The API gives a choice with its label.
            Value::Object(choice) => choice.get("value").unwrap_or(&Value::Null),
            value => value,
        };
        match value {
            Value::Null => None,
            Value::String(text) => {
                let text = text.trim();
                (!text.is_empty()).then(|| text.into())
            }
            Value::Number(number) => Some(number.to_string().into()),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
                self.shape(key);
                None
            }
        }
    }

    /// A reference.
    fn id(&mut self, key: &str) -> Option<Id> {
        let value = self.map.get(key)?;
        let id = as_id(value);
        if id.is_none() && !value.is_null() {
            self.shape(key);
        }
        id
    }

    fn count(&mut self, key: &str) -> Option<u64> {
        let value = self.map.get(key)?;
        let count = value.as_u64();
        if count.is_none() && !value.is_null() {
            self.shape(key);
        }
        count
    }

    /// A number, as such or as a text.
    fn number(&mut self, key: &str) -> Option<f64> {
        let value = self.map.get(key)?;
        let number = match value {
            Value::Null => return None,
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        let number = number.filter(|number| number.is_finite());
        if number.is_none() {
            self.shape(key);
        }
        number
    }

    fn flag(&mut self, key: &str, else_it_is: bool) -> bool {
        match self.map.get(key) {
            None | Some(Value::Null) => else_it_is,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.shape(key);
                else_it_is
            }
        }
    }

    fn list(&mut self, key: &str) -> &'a [Value] {
        match self.map.get(key) {
            None | Some(Value::Null) => &[],
            Some(Value::Array(list)) => list,
            Some(_) => {
                self.shape(key);
                &[]
            }
        }
    }

    /// Whether there is a cable, where the object says so itself; else it may well have one.
    fn is_cabled(&self) -> bool {
        self.map.get("cable").is_none_or(|cable| !cable.is_null())
    }

    fn named(&mut self) -> Named {
        Named { name: self.text("name"), slug: self.text("slug") }
    }

    fn primary(&mut self) -> Vec<Address> {
        let mut found = Vec::new();
        for key in ["primary_ip4", "primary_ip6"] {
            let Some(value) = self.map.get(key).filter(|value| !value.is_null()) else { continue };
            match address(value) {
                Some(address) => found.push(address),
                None => self.shape(key),
            }
        }
        found
    }

    /// What a cable ends in; `None` for consoles, which carry neither power nor packets.
    fn end(&mut self, kind: Option<(&str, &str)>, id: Option<u64>, key: &str) -> Option<End> {
        let (Some(kind), Some(id)) = (kind, id) else {
            self.shape(key);
            return None;
        };
        match kind {
            ("dcim", "interface") => Some(End::Interface(id)),
            ("dcim", "frontport") => Some(End::FrontPort(id)),
            ("dcim", "rearport") => Some(End::RearPort(id)),
            ("dcim", "powerport") => Some(End::PowerPort(id)),
            ("dcim", "poweroutlet") => Some(End::PowerOutlet(id)),
            ("dcim", "powerfeed") => Some(End::PowerFeed(id)),
            ("circuits", "circuittermination") => Some(End::CircuitTermination(id)),
            ("dcim", "consoleport" | "consoleserverport") => None,
            (app, name) => {
                self.wrong.push(format!(
                    "a cable that ends in a {app}.{name}",
                    app = shortened(app),
                    name = shortened(name)
                ));
                None
            }
        }
    }
}

/// The number of an object: itself, or what a nested object says.
fn as_id(value: &Value) -> Option<Id> {
    value.as_u64().or_else(|| value.get("id")?.as_u64())
}

/// A content type: `["dcim", "interface"]` or `dcim.interface`.
fn content_type(value: &Value) -> Option<(&str, &str)> {
    match value {
        Value::String(text) => text.split_once('.'),
        Value::Array(pair) => match pair.as_slice() {
            [app, name] => app.as_str().zip(name.as_str()),
            _ => None,
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

/// An address by its number, or as the API shows it.
fn address(value: &Value) -> Option<Address> {
    let shown = value.get("address").and_then(Value::as_str).and_then(block);
    shown.map(|(address, _)| Address::Is(address)).or_else(|| as_id(value).map(Address::Object))
}

/// `192.0.2.1/24`, or without a length.
fn block(text: &str) -> Option<(IpAddr, u8)> {
    let (base, length) = match text.split_once('/') {
        Some((base, length)) => (base, Some(length.parse::<u8>().ok()?)),
        None => (text, None),
    };
    let base: IpAddr = base.parse().ok()?;
    let width = if base.is_ipv4() { 32 } else { 128 };
    let length = length.unwrap_or(width);
    (length <= width).then_some((base, length))
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
