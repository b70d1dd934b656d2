//! What NetBox says, as typed facts, whatever the door it came through.
//!
//! One table for each of NetBox's models that a plant has a use for, keyed by NetBox's own number. Nothing
//! here is checked against anything: a number may lead nowhere, and what was not said is absent. The
//! readers (of a dump, of the live API) fill the tables; what they could not read becomes a [`Hole`].
//!
//! It decides nothing. Tested through the readers and through [`import`](super::import).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// NetBox's number of an object, unique within its model.
pub type Id = u64;

/// The objects of one model, in the order of their numbers.
pub type Table<T> = BTreeMap<Id, T>;

/// Holes that are kept; beyond, they are counted only.
pub const HOLES_MAX: usize = 10_000;

/// All that was read.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "each table is named after NetBox's model")]
pub struct Facts {
    pub sites: Table<Site>,
    pub locations: Table<Location>,
    pub racks: Table<Rack>,
    pub roles: Table<Named>,
    pub platforms: Table<Named>,
    pub devices: Table<Device>,
    pub device_bays: Table<DeviceBay>,
    pub virtual_chassis: Table<VirtualChassis>,
    pub power_panels: Table<PowerPanel>,
    pub power_feeds: Table<PowerFeed>,
    pub power_ports: Table<PowerPort>,
    pub power_outlets: Table<PowerOutlet>,
    pub interfaces: Table<Interface>,
    pub front_ports: Table<FrontPort>,
    pub rear_ports: Table<RearPort>,
    pub cables: Table<Cable>,
    pub providers: Table<Named>,
    pub provider_networks: Table<ProviderNetwork>,
    pub circuit_types: Table<Named>,
    pub circuits: Table<Circuit>,
    pub circuit_terminations: Table<CircuitTermination>,
    pub clusters: Table<Cluster>,
    pub virtual_machines: Table<VirtualMachine>,
    pub services: Table<Service>,
    pub tenants: Table<Named>,
    pub prefixes: Table<Prefix>,
    pub ip_addresses: Table<IpAddr>,
    /// Devices that have front or rear ports, cabled or not.
    pub with_patch_ports: BTreeSet<Id>,
    /// Devices that have interfaces, cabled or not.
    pub with_interfaces: BTreeSet<Id>,
    /// What could not be read.
    pub holes: Vec<Hole>,
    /// Holes beyond [`HOLES_MAX`].
    pub holes_beyond: usize,
    /// Objects of models that say nothing a plant holds, by model.
    pub unused: BTreeMap<Box<str>, u64>,
}

impl Facts {
    /// Notes something that could not be read.
    pub fn hole(&mut self, object: &str, words: impl Into<String>) {
        if self.holes.len() < HOLES_MAX {
            self.holes.push(Hole { object: object.to_owned(), words: words.into() });
        } else {
            self.holes_beyond += 1;
        }
    }
}

/// Something of the data that could not be read, or leads nowhere.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Hole {
    /// The object, as `dcim.device 7`.
    pub object: String,
    /// What is the matter with it.
    pub words: String,
}

/// A text, when it says something.
pub type Said = Option<Box<str>>;

/// An object of which only the name matters.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct Named {
    pub name: Said,
    pub slug: Said,
}

/// A site: a building.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct Site {
    pub name: Said,
    pub slug: Said,
    pub status: Said,
    pub time_zone: Said,
    pub physical_address: Said,
}

/// A location: a room, row or cage of a site, perhaps in another.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct Location {
    pub name: Said,
    pub status: Said,
    pub site: Option<Id>,
    pub parent: Option<Id>,
}

/// A rack.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct Rack {
    pub name: Said,
    pub status: Said,
    pub site: Option<Id>,
    pub location: Option<Id>,
}

/// A device.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct Device {
    pub name: Said,
    pub role: Option<Id>,
    pub platform: Option<Id>,
    pub tenant: Option<Id>,
    pub site: Option<Id>,
    pub location: Option<Id>,
    pub rack: Option<Id>,
    pub status: Said,
    pub cluster: Option<Id>,
    pub virtual_chassis: Option<Id>,
    pub vc_position: Option<u64>,
    pub primary: Vec<Address>,
}

/// An address: by its number, or as it was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Address {
    /// The number of an IP address of IPAM.
    Object(Id),
    /// Itself.
    Is(IpAddr),
}

/// A bay of a device, with the device in it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct DeviceBay {
    pub device: Option<Id>,
    pub installed_device: Option<Id>,
}

/// Several devices managed as one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct VirtualChassis {
    pub name: Said,
    pub master: Option<Id>,
}

/// A distribution panel.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct PowerPanel {
    pub name: Said,
    pub site: Option<Id>,
    pub location: Option<Id>,
}

/// A way of a panel, towards a rack.
#[derive(Clone, PartialEq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct PowerFeed {
    pub name: Said,
    pub power_panel: Option<Id>,
    pub rack: Option<Id>,
    pub status: Said,
    pub supply: Said,
    pub phase: Said,
    /// Volts; negative for some direct currents.
    pub voltage: Option<f64>,
    /// Amperes.
    pub amperage: Option<f64>,
    /// Hundredths of the amperage that may be used.
    pub max_utilization: Option<f64>,
    pub mark_connected: bool,
}

/// A power inlet of a device.
#[derive(Clone, PartialEq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct PowerPort {
    pub name: Said,
    pub device: Option<Id>,
    /// Watts.
    pub maximum_draw: Option<f64>,
    /// Watts.
    pub allocated_draw: Option<f64>,
    pub mark_connected: bool,
}

/// A power outlet of a device.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct PowerOutlet {
    pub name: Said,
    pub device: Option<Id>,
    pub power_port: Option<Id>,
    pub feed_leg: Said,
    pub status: Said,
}

/// A network interface with a cable.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct Interface {
    pub name: Said,
    pub device: Option<Id>,
    pub enabled: bool,
    pub mgmt_only: bool,
}

/// The front of a patch panel's port.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct FrontPort {
    pub name: Said,
    pub device: Option<Id>,
    /// The rear port behind it, and the position in that.
    pub behind: Vec<(Id, u64)>,
}

/// The rear of a patch panel's port, perhaps for several fronts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct RearPort {
    pub name: Said,
    pub device: Option<Id>,
    pub positions: u64,
}

/// What a cable ends in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "each is named after NetBox's model")]
pub enum End {
    Interface(Id),
    FrontPort(Id),
    RearPort(Id),
    PowerPort(Id),
    PowerOutlet(Id),
    PowerFeed(Id),
    CircuitTermination(Id),
}

/// A cable, with any number of ends on either side.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Cable {
    /// Its status; `connected` when not said.
    pub status: Said,
    /// What it ends in on side A; each with its connector, where lanes are told apart.
    pub a: Vec<(End, Option<u64>)>,
    /// What it ends in on side B.
    pub b: Vec<(End, Option<u64>)>,
}

/// A provider's network, of which only this is known.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct ProviderNetwork {
    pub name: Said,
    pub provider: Option<Id>,
}

/// A circuit of a provider.
#[derive(Clone, PartialEq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct Circuit {
    pub cid: Said,
    pub provider: Option<Id>,
    pub circuit_type: Option<Id>,
    pub status: Said,
    pub tenant: Option<Id>,
    /// Kilobits per second.
    pub commit_rate: Option<f64>,
}

/// One of a circuit's two ends.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct CircuitTermination {
    pub circuit: Option<Id>,
    /// `A` or `Z`.
    pub term_side: Said,
    pub site: Option<Id>,
    pub provider_network: Option<Id>,
}

/// Where a cluster or prefix is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "each is named after NetBox's model")]
pub enum Scope {
    Site(Id),
    Location(Id),
}

/// Machines that carry virtual ones together.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct Cluster {
    pub name: Said,
    pub status: Said,
    pub tenant: Option<Id>,
    pub scope: Option<Scope>,
}

/// A virtual machine.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct VirtualMachine {
    pub name: Said,
    pub status: Said,
    pub site: Option<Id>,
    pub cluster: Option<Id>,
    pub device: Option<Id>,
    pub tenant: Option<Id>,
    pub platform: Option<Id>,
    pub primary: Vec<Address>,
}

/// What a service runs on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "each is named after NetBox's model")]
pub enum Parent {
    Device(Id),
    VirtualMachine(Id),
}

/// A service that a machine offers.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct Service {
    pub name: Said,
    pub protocol: Said,
    pub ports: Vec<u64>,
    pub parent: Option<Parent>,
    pub addresses: Vec<Address>,
}

/// An address block.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[expect(missing_docs, reason = "the fields are NetBox's")]
pub struct Prefix {
    pub prefix: Option<(IpAddr, u8)>,
    pub vrf: Option<Id>,
    pub status: Said,
}
