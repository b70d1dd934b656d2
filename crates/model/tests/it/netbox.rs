//! From NetBox's facts to a plant file: each rule as a case.

use blackstart_model::netbox::facts::{
    Address, Cable, Circuit, CircuitTermination, Cluster, Device, DeviceBay, End, Facts, FrontPort,
    Id, Interface, Location, Named, Parent, PowerFeed, PowerOutlet, PowerPanel, PowerPort, Prefix,
    ProviderNetwork, Rack, RearPort, Scope, Service, Site, VirtualChassis, VirtualMachine,
};
use blackstart_model::netbox::{About, Answers, Import, Layout, import, import_with};
use blackstart_model::plant::Role;
use blackstart_model::requirement::{Requirement, Target};

const SWITCH: Id = 1;
const ROUTER: Id = 2;
const SERVER: Id = 3;
const PDU: Id = 4;
const PATCH: Id = 5;
const ODD: Id = 6;
const CORE: Id = 7;

fn said(text: &str) -> Option<Box<str>> {
    Some(text.into())
}

fn named(name: &str) -> Named {
    Named { name: said(name), slug: None }
}

/// One site with the usual roles, and numbers handed out one after the other.
struct World {
    facts: Facts,
    next: Id,
}

impl World {
    fn new() -> Self {
        let mut facts = Facts::default();
        let site = Site { name: said("ams1"), ..Site::default() };
        facts.sites.insert(1, site);
        for (id, name) in [
            (SWITCH, "Switch"),
            (ROUTER, "Router"),
            (SERVER, "Server"),
            (PDU, "PDU"),
            (PATCH, "Patch Panel"),
            (ODD, "Gizmo"),
            (CORE, "Core Switch"),
        ] {
            facts.roles.insert(id, named(name));
        }
        Self { facts, next: 100 }
    }

    fn id(&mut self) -> Id {
        self.next += 1;
        self.next
    }

    fn device(&mut self, name: &str, role: Id) -> Id {
        let id = self.id();
        let device =
            Device { name: said(name), role: Some(role), site: Some(1), ..Device::default() };
        self.facts.devices.insert(id, device);
        id
    }

    fn interface(&mut self, device: Id) -> End {
        let id = self.id();
        let name = said(&format!("eth{id}"));
        let one = Interface { name, device: Some(device), enabled: true, mgmt_only: false };
        self.facts.interfaces.insert(id, one);
        self.facts.with_interfaces.insert(device);
        End::Interface(id)
    }

    fn power_port(&mut self, device: Id, name: &str) -> End {
        let id = self.id();
        let port = PowerPort { name: said(name), device: Some(device), ..PowerPort::default() };
        self.facts.power_ports.insert(id, port);
        End::PowerPort(id)
    }

    fn outlet(&mut self, device: Id, inlet: Option<End>) -> End {
        let id = self.id();
        let power_port = match inlet {
            Some(End::PowerPort(port)) => Some(port),
            _ => None,
        };
        let outlet = PowerOutlet { device: Some(device), power_port, ..PowerOutlet::default() };
        self.facts.power_outlets.insert(id, outlet);
        End::PowerOutlet(id)
    }

    fn cable(&mut self, a: End, b: End) -> Id {
        let id = self.id();
        let cable = Cable { status: None, a: vec![(a, None)], b: vec![(b, None)] };
        self.facts.cables.insert(id, cable);
        id
    }

    /// Joins two devices by a cable between new interfaces.
    fn join(&mut self, a: Id, b: Id) {
        let (a, b) = (self.interface(a), self.interface(b));
        self.cable(a, b);
    }

    /// Plugs a new power port of a device into a new outlet.
    fn plug(&mut self, device: Id, port: &str, pdu: Id) {
        let (port, outlet) = (self.power_port(device, port), self.outlet(pdu, None));
        self.cable(port, outlet);
    }

    fn circuit(&mut self, cid: &str, kind: &str) -> Id {
        let kind_id = self.id();
        self.facts.circuit_types.insert(kind_id, named(kind));
        let id = self.id();
        let circuit = Circuit { cid: said(cid), circuit_type: Some(kind_id), ..Circuit::default() };
        self.facts.circuits.insert(id, circuit);
        id
    }

    fn circuit_end(&mut self, circuit: Id) -> End {
        let id = self.id();
        let end =
            CircuitTermination { circuit: Some(circuit), site: Some(1), ..Default::default() };
        self.facts.circuit_terminations.insert(id, end);
        End::CircuitTermination(id)
    }

    /// A port of a patch panel: its front, and its rear.
    fn patch(&mut self, panel: Id) -> (End, End) {
        let rear = self.id();
        let one = RearPort { name: said("r"), device: Some(panel), positions: 1 };
        self.facts.rear_ports.insert(rear, one);
        (self.front(panel, rear, 1), End::RearPort(rear))
    }

    fn front(&mut self, panel: Id, rear: Id, position: u64) -> End {
        let id = self.id();
        let one =
            FrontPort { name: said("f"), device: Some(panel), behind: vec![(rear, position)] };
        self.facts.front_ports.insert(id, one);
        self.facts.with_patch_ports.insert(panel);
        End::FrontPort(id)
    }

    fn import(&self) -> Import {
        let made = import(&self.facts, Layout::OneFile);
        let errors: Vec<_> = made.errors().collect();
        assert!(errors.is_empty(), "{errors:?}\n{}", made.files[0].1);
        made
    }
}

/// What a component requires in a role, as it could be written.
fn requires(made: &Import, component: &str, role: Role) -> String {
    let plant = made.plant.as_ref().expect("it is a plant");
    let id = plant.find(component).unwrap_or_else(|| panic!("no {component}\n{}", made.files[0].1));
    plant.component(id).requirement(role).map_or_else(String::new, |one| shown(made, one))
}

fn shown(made: &Import, requirement: &Requirement) -> String {
    let plant = made.plant.as_ref().expect("it is a plant");
    let all =
        |of: &[Requirement]| of.iter().map(|one| shown(made, one)).collect::<Vec<_>>().join(", ");
    match requirement {
        Requirement::One(leaf) => match leaf.target {
            Target::Component(id) => plant.component(id).name.to_string(),
            Target::Internet => "internet".to_owned(),
        },
        Requirement::All(of) => format!("all [{}]", all(of)),
        Requirement::Any(of) => format!("any [{}]", all(of)),
        Requirement::AtLeast { k, of } => format!("{k} of [{}]", all(of)),
    }
}

fn front() -> Role {
    Role::Network(blackstart_model::PlaneId::FRONT)
}

fn asks(made: &Import, about: About, words: &str) -> bool {
    made.questions.iter().any(|one| one.about == about && one.words.contains(words))
}

fn lacks(made: &Import, name: &str) -> bool {
    made.plant.as_ref().expect("it is a plant").find(name).is_none()
}

#[test]
fn two_cords_in_two_pdus_are_a_choice() {
    let mut world = World::new();
    let (server, a, b) =
        (world.device("web-7", SERVER), world.device("pdu-a", PDU), world.device("pdu-b", PDU));
    world.plug(server, "psu 1", a);
    world.plug(server, "psu 2", b);
    let made = world.import();
    assert_eq!(requires(&made, "web-7", Role::Power), "any [pdu-a, pdu-b]");
    assert_eq!((made.summary.power_ports, made.summary.power_ports_cabled), (2, 2));
}

#[test]
fn two_cords_in_one_pdu_are_written_as_wired() {
    let mut world = World::new();
    let (server, a) = (world.device("web-7", SERVER), world.device("pdu-a", PDU));
    world.plug(server, "psu 1", a);
    world.plug(server, "psu 2", a);
    let made = world.import();
    assert_eq!(requires(&made, "web-7", Role::Power), "any [pdu-a, pdu-a]");
    assert_eq!(made.findings[0].code, "BS0404", "and the checker says that it is no redundancy");
}

#[test]
fn a_cord_that_nobody_drew_is_asked_about_by_name() {
    let mut world = World::new();
    let (server, a) = (world.device("web-07", SERVER), world.device("pdu-a", PDU));
    world.plug(server, "psu 1", a);
    world.power_port(server, "psu 2");
    let made = world.import();
    assert_eq!(requires(&made, "web-07", Role::Power), "pdu-a");
    assert!(asks(&made, About::Power, "which outlet feeds `psu 2` of web-07?"));
    assert!(made.files[0].1.contains("    # ? which outlet feeds `psu 2` of web-07?\n"));
}

#[test]
fn a_cord_is_followed_into_the_feed_and_its_panel() {
    let mut world = World::new();
    let pdu = world.device("pdu-a", PDU);
    let port = world.power_port(pdu, "inlet");
    let panel = PowerPanel { name: said("P1"), site: Some(1), location: None };
    world.facts.power_panels.insert(5, panel);
    let feed = PowerFeed {
        name: said("feed a"),
        power_panel: Some(5),
        voltage: Some(230.0),
        amperage: Some(32.0),
        ..PowerFeed::default()
    };
    world.facts.power_feeds.insert(9, feed);
    world.cable(End::PowerFeed(9), port);
    let made = world.import();
    assert_eq!(requires(&made, "pdu-a", Role::Power), "feed-a");
    assert_eq!(requires(&made, "feed-a", Role::Power), "P1");
    let text = &made.files[0].1;
    assert!(
        text.contains("feed-a: { fed_by: P1, voltage: 230 V, breaker: 32 A }  # feed a"),
        "{text}"
    );
    assert!(asks(&made, About::Power, "what feeds the panel P1?"));
}

#[test]
fn three_phases_and_the_one_that_an_outlet_is_on() {
    let mut world = World::new();
    let (server, pdu) = (world.device("web-7", SERVER), world.device("pdu-a", PDU));
    let (port, outlet) = (world.power_port(server, "psu"), world.outlet(pdu, None));
    world.cable(port, outlet);
    for outlet in world.facts.power_outlets.values_mut() {
        outlet.feed_leg = said("B");
    }
    let feed = PowerFeed { name: said("A"), phase: said("three-phase"), ..PowerFeed::default() };
    world.facts.power_feeds.insert(9, feed);
    let text = &world.import().files[0].1;
    assert!(text.contains("    phase: L2\n") && text.contains("    phases: 3\n"), "{text}");
}

#[test]
fn each_inlet_of_a_pdu_feeds_its_own_bank() {
    let mut world = World::new();
    let (pdu, left, right) =
        (world.device("pdu", PDU), world.device("left", SERVER), world.device("right", SERVER));
    let (one, two) = (world.power_port(pdu, "L1"), world.power_port(pdu, "L2"));
    for (server, inlet) in [(left, one), (right, two)] {
        let (port, outlet) = (world.power_port(server, "psu"), world.outlet(pdu, Some(inlet)));
        world.cable(port, outlet);
    }
    let made = world.import();
    assert_eq!(requires(&made, "left", Role::Power), "pdu.L1");
    assert_eq!(requires(&made, "right", Role::Power), "pdu.L2");
    assert_eq!(requires(&made, "pdu.L1", Role::On), "pdu");
}

#[test]
fn draws_are_ranges_because_nobody_knows_whether_a_cord_holds_the_whole() {
    let mut world = World::new();
    let server = world.device("web-7", SERVER);
    for name in ["1", "2"] {
        let End::PowerPort(port) = world.power_port(server, name) else { unreachable!() };
        let port = world.facts.power_ports.get_mut(&port).expect("just made");
        (port.allocated_draw, port.maximum_draw) = (Some(200.0), Some(500.0));
    }
    let text = &world.import().files[0].1;
    assert!(
        text.contains("draw: 200 W..1000 W\n    # draw: budgeted in NetBox, not measured"),
        "{text}"
    );
}

#[test]
fn what_is_not_said_is_left_out_and_never_zero() {
    let mut world = World::new();
    world.device("web-7", SERVER);
    let made = world.import();
    assert_eq!(requires(&made, "web-7", Role::Power), "");
    assert!(asks(&made, About::Power, "what does web-7 take its power from?"));
    assert!(asks(&made, About::Network, "what is web-7 joined to?"));
    let text = &made.files[0].1;
    assert!(!text.contains("draw: 0 W\n") && !text.contains("null"), "{text}");
}

#[test]
fn the_network_points_at_the_circuit_to_the_internet() {
    let mut world = World::new();
    let (router, switch, server) =
        (world.device("rtr", ROUTER), world.device("sw", SWITCH), world.device("web", SERVER));
    let transit = world.circuit("T-1", "Internet Transit");
    let end = world.circuit_end(transit);
    let uplink = world.interface(router);
    world.cable(uplink, end);
    world.join(router, switch);
    world.join(server, switch);
    let made = world.import();
    assert_eq!(requires(&made, "rtr", front()), "T-1");
    assert_eq!(requires(&made, "sw", front()), "rtr");
    assert_eq!(requires(&made, "web", front()), "sw");
    assert!(made.files[0].1.contains("upstreams:\n  T-1: { provides: internet }"));
}

#[test]
fn a_ring_of_switches_is_joined_by_lateral_links() {
    let mut world = World::new();
    let router = world.device("rtr", ROUTER);
    let ring: Vec<Id> = (0..4).map(|nth| world.device(&format!("sw-{nth}"), SWITCH)).collect();
    world.join(router, ring[0]);
    world.join(router, ring[1]);
    for nth in 0..4 {
        world.join(ring[nth], ring[(nth + 1) % 4]);
    }
    let made = world.import();
    assert_eq!(requires(&made, "sw-0", front()), "rtr");
    assert_eq!(requires(&made, "sw-2", front()), "sw-1");
    assert_eq!(requires(&made, "sw-3", front()), "sw-0");
    assert_eq!(requires(&made, "sw-0.to.sw-1", Role::Between), "all [sw-0, sw-1]");
    assert_eq!(requires(&made, "sw-2.to.sw-3", Role::Between), "all [sw-2, sw-3]");
}

#[test]
fn switches_cabled_both_ways_without_any_way_out_are_asked_about() {
    let mut world = World::new();
    let (a, b) = (world.device("sw-a", SWITCH), world.device("sw-b", SWITCH));
    world.join(a, b);
    world.join(b, a);
    let made = world.import();
    assert_eq!(requires(&made, "sw-a.to.sw-b", Role::Between), "all [sw-a, sw-b]");
    assert!(asks(&made, About::Network, "which way is the core from sw-a?"));
}

#[test]
fn without_circuits_the_switch_whose_role_says_core_is_the_core() {
    let mut world = World::new();
    let (core, access) = (world.device("a-core", CORE), world.device("b-access", SWITCH));
    world.join(core, access);
    assert_eq!(requires(&world.import(), "b-access", front()), "a-core");
}

#[test]
fn a_cable_is_followed_through_patch_panels() {
    let mut world = World::new();
    let (server, switch) = (world.device("web", SERVER), world.device("sw", SWITCH));
    let (one, two) = (world.device("PP:1", PATCH), world.device("PP:2", PATCH));
    let (front_1, rear_1) = world.patch(one);
    let (front_2, rear_2) = world.patch(two);
    let (eth, port) = (world.interface(server), world.interface(switch));
    world.cable(eth, front_1);
    world.cable(rear_1, rear_2);
    world.cable(front_2, port);
    let made = world.import();
    assert_eq!(requires(&made, "web", front()), "sw");
    assert!(lacks(&made, "PP-1"), "a panel is followed through and is no component");
    assert_eq!(made.left_out[0].names, ["PP:1", "PP:2"]);
}

#[test]
fn a_bundle_joins_only_the_ports_in_the_same_position() {
    let mut world = World::new();
    let (one, two) = (world.device("PP:1", PATCH), world.device("PP:2", PATCH));
    let mut rears = Vec::new();
    for panel in [one, two] {
        let id = world.id();
        let rear = RearPort { name: said("bundle"), device: Some(panel), positions: 12 };
        world.facts.rear_ports.insert(id, rear);
        rears.push((panel, id));
    }
    world.cable(End::RearPort(rears[0].1), End::RearPort(rears[1].1));
    for position in 1..=2 {
        let server = world.device(&format!("web-{position}"), SERVER);
        let switch = world.device(&format!("sw-{position}"), SWITCH);
        let near = world.front(one, rears[0].1, position);
        let far = world.front(two, rears[1].1, position);
        let (eth, port) = (world.interface(server), world.interface(switch));
        world.cable(eth, near);
        world.cable(far, port);
    }
    let made = world.import();
    assert_eq!(requires(&made, "web-1", front()), "sw-1");
    assert_eq!(requires(&made, "web-2", front()), "sw-2");
}

#[test]
fn a_circuit_between_two_of_ours_stands_on_the_way() {
    let mut world = World::new();
    let (core, edge) = (world.device("core", CORE), world.device("sw", SWITCH));
    let fibre = world.circuit("fibre-1", "Dark Fibre");
    for device in [core, edge] {
        let (end, port) = (world.circuit_end(fibre), world.interface(device));
        world.cable(end, port);
    }
    let made = world.import();
    assert_eq!(requires(&made, "sw", front()), "fibre-1");
    assert_eq!(requires(&made, "fibre-1", front()), "core");
}

#[test]
fn two_uplinks_in_one_fibre_share_it() {
    let mut world = World::new();
    let (north, south) = (world.device("core-n", CORE), world.device("core-s", CORE));
    let edge = world.device("sw", SWITCH);
    let (one, two) = (world.device("PP:1", PATCH), world.device("PP:2", PATCH));
    let fibre = world.circuit("fibre-1", "Dark Fibre");
    let mut rears = Vec::new();
    for panel in [one, two] {
        let id = world.id();
        let rear = RearPort { name: said("bundle"), device: Some(panel), positions: 12 };
        world.facts.rear_ports.insert(id, rear);
        let end = world.circuit_end(fibre);
        world.cable(end, End::RearPort(id));
        rears.push(id);
    }
    for (core, position) in [(north, 1), (south, 2)] {
        let near = world.front(one, rears[0], position);
        let far = world.front(two, rears[1], position);
        let (port, uplink) = (world.interface(edge), world.interface(core));
        world.cable(port, near);
        world.cable(far, uplink);
    }
    let made = world.import();
    assert_eq!(requires(&made, "sw", front()), "fibre-1", "two uplinks, one fibre");
    assert_eq!(requires(&made, "fibre-1", front()), "any [core-n, core-s]");
}

#[test]
fn a_bundle_of_unlike_pairs_gives_each_its_lane() {
    let mut world = World::new();
    let fibre = world.circuit("fibre-1", "Dark Fibre");
    let (one, two) = (world.device("PP:1", PATCH), world.device("PP:2", PATCH));
    let mut rears = Vec::new();
    for panel in [one, two] {
        let id = world.id();
        let rear = RearPort { name: said("bundle"), device: Some(panel), positions: 12 };
        world.facts.rear_ports.insert(id, rear);
        let end = world.circuit_end(fibre);
        world.cable(end, End::RearPort(id));
        rears.push(id);
    }
    for position in 1..=2 {
        let core = world.device(&format!("core-{position}"), CORE);
        let edge = world.device(&format!("sw-{position}"), SWITCH);
        let near = world.front(one, rears[0], position);
        let far = world.front(two, rears[1], position);
        let (port, uplink) = (world.interface(edge), world.interface(core));
        world.cable(port, near);
        world.cable(far, uplink);
    }
    let made = world.import();
    assert_eq!(requires(&made, "sw-1", front()), "fibre-1.sw-1.to.core-1");
    assert_eq!(requires(&made, "fibre-1.sw-1.to.core-1", front()), "core-1");
    assert_eq!(requires(&made, "fibre-1.sw-1.to.core-1", Role::On), "fibre-1");
}

#[test]
fn a_circuit_into_a_providers_network_leads_there() {
    let mut world = World::new();
    let network = ProviderNetwork { name: said("mpls"), provider: None };
    world.facts.provider_networks.insert(7, network);
    for nth in 1..=2 {
        let router = world.device(&format!("rtr-{nth}"), ROUTER);
        let circuit = world.circuit(&format!("wan-{nth}"), "MPLS");
        let id = world.id();
        let far = CircuitTermination {
            circuit: Some(circuit),
            provider_network: Some(7),
            ..CircuitTermination::default()
        };
        world.facts.circuit_terminations.insert(id, far);
        let (end, port) = (world.circuit_end(circuit), world.interface(router));
        world.cable(end, port);
    }
    let made = world.import();
    assert_eq!(requires(&made, "rtr-1", front()), "wan-1");
    assert_eq!(requires(&made, "wan-2", front()), "mpls");
    assert!(asks(&made, About::Circuit, "which circuits lead to the internet?"));
}

#[test]
fn a_management_port_is_the_way_it_is_managed_by() {
    let mut world = World::new();
    let (server, switch) = (world.device("web", SERVER), world.device("oob", SWITCH));
    let (ilo, port) = (world.interface(server), world.interface(switch));
    if let End::Interface(ilo) = ilo {
        world.facts.interfaces.get_mut(&ilo).expect("just made").mgmt_only = true;
    }
    world.cable(ilo, port);
    let made = world.import();
    assert_eq!(requires(&made, "web", Role::ManagedVia), "oob");
    assert_eq!(requires(&made, "web", front()), "");
}

#[test]
fn a_blade_stands_on_its_chassis() {
    let mut world = World::new();
    let (chassis, blade) = (world.device("chassis", SERVER), world.device("blade-1", SERVER));
    let bay = DeviceBay { device: Some(chassis), installed_device: Some(blade) };
    world.facts.device_bays.insert(1, bay);
    let made = world.import();
    assert_eq!(requires(&made, "blade-1", Role::On), "chassis");
    assert!(!asks(&made, About::Power, "blade-1"), "it takes its power from there");
}

#[test]
fn chassis_in_each_other_are_cut_apart_and_asked_about() {
    let mut world = World::new();
    let (a, b) = (world.device("a", SERVER), world.device("b", SERVER));
    for (id, device, installed) in [(1, a, b), (2, b, a)] {
        let bay = DeviceBay { device: Some(device), installed_device: Some(installed) };
        world.facts.device_bays.insert(id, bay);
    }
    let made = world.import();
    assert!(asks(&made, About::Data, "would close a circle"));
}

#[test]
fn members_of_a_virtual_chassis_are_joined_to_the_master() {
    let mut world = World::new();
    let core = world.device("core", CORE);
    let mut members = Vec::new();
    for position in 1..=2 {
        let member = world.device("", SWITCH);
        let device = world.facts.devices.get_mut(&member).expect("just made");
        (device.name, device.virtual_chassis, device.vc_position) = (None, Some(9), Some(position));
        members.push(member);
    }
    let chassis = VirtualChassis { name: said("stack"), master: Some(members[0]) };
    world.facts.virtual_chassis.insert(9, chassis);
    world.join(members[0], core);
    let made = world.import();
    assert_eq!(requires(&made, "stack-2", front()), "stack-1", "the one without an uplink");
    assert!(made.files[0].1.contains("  # no name in NetBox\n"));
}

#[test]
fn statuses_are_conditions_or_reasons_to_leave_out() {
    let mut world = World::new();
    for (name, status) in [
        ("gone", "planned"),
        ("off", "offline"),
        ("broken", "failed"),
        ("leaving", "decommissioning"),
        ("odd", "on-the-moon"),
    ] {
        let id = world.device(name, SERVER);
        world.facts.devices.get_mut(&id).expect("just made").status = said(status);
    }
    let made = world.import();
    assert!(lacks(&made, "gone"));
    assert_eq!(made.left_out[0].why, "planned in NetBox");
    let plant = made.plant.as_ref().expect("a plant");
    let condition = |name| plant.component(plant.find(name).expect("there")).condition.clone();
    assert_eq!(condition("off").off_on_purpose.as_deref(), Some("offline in NetBox"));
    assert_eq!(condition("broken").known_failed.as_deref(), Some("failed in NetBox"));
    assert!(asks(&made, About::Status, "is leaving still in use?"));
    assert!(asks(&made, About::Status, "is odd in use?"));
}

#[test]
fn places_contain_each_other_and_an_empty_planned_one_is_left_out() {
    let mut world = World::new();
    world
        .facts
        .sites
        .insert(2, Site { name: said("new"), status: said("planned"), ..Site::default() });
    let hall = Location { name: said("hall"), site: Some(1), ..Location::default() };
    let cage =
        Location { name: said("cage"), site: Some(1), parent: Some(1), ..Location::default() };
    world.facts.locations.extend([(1, hall), (2, cage)]);
    let rack = Rack { name: said("R1"), site: Some(1), location: Some(2), ..Rack::default() };
    world.facts.racks.insert(1, rack);
    let server = world.device("web", SERVER);
    world.facts.devices.get_mut(&server).expect("just made").rack = Some(1);
    let made = world.import();
    assert_eq!(requires(&made, "web", Role::In), "R1");
    assert_eq!(requires(&made, "R1", Role::In), "cage");
    assert_eq!(requires(&made, "cage", Role::In), "hall");
    assert_eq!(requires(&made, "hall", Role::In), "ams1");
    assert!(lacks(&made, "new"));
}

#[test]
fn locations_in_a_circle_are_cut() {
    let mut world = World::new();
    for (id, parent) in [(1, 2), (2, 1), (3, 3)] {
        let name = said(&format!("hall-{id}"));
        let hall = Location { name, parent: Some(parent), ..Location::default() };
        world.facts.locations.insert(id, hall);
    }
    let made = world.import();
    assert!(asks(&made, About::Data, "circle"));
    assert!(asks(&made, About::Data, "stands in itself"));
}

#[test]
fn machines_run_on_clusters_and_clusters_on_hosts() {
    let mut world = World::new();
    let cluster = Cluster { name: said("kvm"), scope: Some(Scope::Site(1)), ..Cluster::default() };
    world.facts.clusters.insert(1, cluster);
    let mut hosts = Vec::new();
    for nth in 1..=2 {
        let host = world.device(&format!("hv-{nth}"), SERVER);
        world.facts.devices.get_mut(&host).expect("just made").cluster = Some(1);
        hosts.push(host);
    }
    let machine = VirtualMachine { name: said("app-1"), cluster: Some(1), ..Default::default() };
    let pinned = VirtualMachine {
        name: said("app-2"),
        cluster: Some(1),
        device: Some(hosts[0]),
        ..Default::default()
    };
    let stray = VirtualMachine { name: said("app-3"), ..Default::default() };
    world.facts.virtual_machines.extend([(1, machine), (2, pinned), (3, stray)]);
    let made = world.import();
    assert_eq!(requires(&made, "app-1", Role::On), "kvm");
    assert_eq!(requires(&made, "app-2", Role::On), "hv-1");
    assert_eq!(requires(&made, "kvm", Role::On), "any [hv-1, hv-2]");
    assert!(asks(&made, About::Machine, "how many of its 2 hosts does the cluster kvm need?"));
    assert!(asks(&made, About::Machine, "what does app-3 run on?"));
    assert!(made.files[0].1.contains("hypervisors:\n  hv-1:"));
}

#[test]
fn services_and_customers_hang_on_machines() {
    let mut world = World::new();
    let server = world.device("web", SERVER);
    world.facts.tenants.insert(1, named("ACME, Inc."));
    let device = world.facts.devices.get_mut(&server).expect("just made");
    device.tenant = Some(1);
    device.primary = vec![Address::Is("192.0.2.7".parse().expect("an address"))];
    let service = Service {
        name: said("https"),
        protocol: said("tcp"),
        ports: vec![443],
        parent: Some(Parent::Device(server)),
        addresses: Vec::new(),
    };
    world.facts.services.insert(1, service);
    let made = world.import();
    assert_eq!(requires(&made, "web.https", Role::On), "web");
    assert_eq!(requires(&made, "ACME-Inc.", Role::Uses), "web");
    let text = &made.files[0].1;
    assert!(text.contains("# checks: [ { tcp: \"192.0.2.7:443\" } ]"), "{text}");
    assert!(text.contains("  ACME-Inc.: { uses: web }  # ACME, Inc."), "{text}");
}

#[test]
fn only_public_prefixes_that_lie_in_no_other_are_published() {
    let mut world = World::new();
    for (id, base, length) in [
        (1, "10.0.0.0", 8),
        (2, "203.0.113.0", 24),
        (3, "203.0.113.128", 25),
        (4, "2001:db8::", 32),
    ] {
        let prefix = Some((base.parse().expect("an address"), length));
        world.facts.prefixes.insert(id, Prefix { prefix, ..Prefix::default() });
    }
    let made = world.import();
    let text = &made.files[0].1;
    assert!(text.contains("cidr: 203.0.113.0/24\n"), "{text}");
    assert!(text.contains("cidr: \"2001:db8::/32\"\n"), "{text}");
    assert!(!text.contains("cidr: 10.") && !text.contains("/25\n"), "{text}");
    assert!(asks(&made, About::Circuit, "which upstreams carry 203.0.113.0/24?"));
}

#[test]
fn namesakes_are_told_apart_alike_wherever_they_stand() {
    let mut world = World::new();
    world.facts.sites.insert(2, Site { name: said("fra1"), ..Site::default() });
    for site in 1..=2 {
        let rack = Rack { name: said("R 1"), site: Some(site), ..Rack::default() };
        world.facts.racks.insert(site, rack);
    }
    world.facts.tenants.insert(1, named("ams1"));
    let made = world.import();
    for name in ["ams1.R-1", "fra1.R-1", "site-ams1", "tenant-ams1"] {
        assert!(!lacks(&made, name), "{name}\n{}", made.files[0].1);
    }
}

#[test]
fn names_that_nothing_can_be_made_of_get_a_number() {
    let mut world = World::new();
    let long = "x".repeat(500);
    for name in ["??", "internet", "жук", long.as_str(), "null", "a\nb: {c", "12e3", "true"] {
        world.device(name, SERVER);
    }
    let made = world.import();
    assert_eq!(made.summary.devices_in_plant, 8);
    assert!(!lacks(&made, "null") && !lacks(&made, "a-b-c"), "{}", made.files[0].1);
}

#[test]
fn a_role_that_says_nothing_is_asked_about() {
    let mut world = World::new();
    world.device("thing", ODD);
    let made = world.import();
    assert!(asks(&made, About::Kind, "what is thing? its role `Gizmo` does not say"));
}

#[test]
fn numbers_that_lead_nowhere_are_doubts_and_no_panic() {
    let mut world = World::new();
    let server = world.device("web", SERVER);
    let device = world.facts.devices.get_mut(&server).expect("just made");
    device.rack = Some(999);
    device.role = Some(999);
    device.primary = vec![Address::Object(999)];
    let port = world.power_port(server, "psu");
    world.cable(port, End::PowerOutlet(999));
    let eth = world.interface(server);
    world.cable(eth, End::Interface(999));
    world.power_port(998, "psu");
    let made = world.import();
    assert_eq!(requires(&made, "web", Role::In), "ams1", "its site is known");
    for words in
        ["its place 999 is nowhere", "its address is nowhere", "it is nowhere", "of no device"]
    {
        assert!(asks(&made, About::Data, words), "{words}: {:?}", made.questions);
    }
    assert!(asks(&made, About::Power, "leads to what is not in the plant"));
}

#[test]
fn planned_cables_and_disabled_interfaces_are_not_followed() {
    let mut world = World::new();
    let (a, b, c) =
        (world.device("web", SERVER), world.device("sw-1", SWITCH), world.device("sw-2", SWITCH));
    let (eth, port) = (world.interface(a), world.interface(b));
    let cable = world.cable(eth, port);
    world.facts.cables.get_mut(&cable).expect("just made").status = said("planned");
    let (eth, port) = (world.interface(a), world.interface(c));
    world.cable(eth, port);
    if let End::Interface(eth) = eth {
        world.facts.interfaces.get_mut(&eth).expect("just made").enabled = false;
    }
    let made = world.import();
    assert_eq!(requires(&made, "web", front()), "");
    let reasons: Vec<&str> = made.left_out.iter().map(|one| one.why.as_str()).collect();
    assert_eq!(reasons, ["planned in NetBox", "their interface is disabled"]);
}

#[test]
fn one_site_alone_is_imported_without_doubts_about_the_others() {
    let mut world = World::new();
    world.facts.sites.insert(2, Site { name: said("fra1"), slug: said("fra"), ..Site::default() });
    let (here, there) = (world.device("sw-ams", SWITCH), world.device("sw-fra", SWITCH));
    world.facts.devices.get_mut(&there).expect("just made").site = Some(2);
    world.join(here, there);
    let all = world.facts.clone();
    world.facts.only_site("AMS1").expect("there is one");
    let made = world.import();
    assert!(lacks(&made, "sw-fra") && !lacks(&made, "sw-ams"));
    assert!(!made.questions.iter().any(|one| one.about == About::Data), "{:?}", made.questions);
    world.facts = all;
    let refused = world.facts.only_site("ber").expect_err("there is none").to_string();
    assert_eq!(refused, "no site of NetBox is called `ber`; there are: ams1, fra1");
}

#[test]
fn a_folder_holds_the_same_plant_as_one_file() {
    let mut world = World::new();
    let (server, a) = (world.device("web-7", SERVER), world.device("pdu-a", PDU));
    world.plug(server, "psu 1", a);
    let one = import(&world.facts, Layout::OneFile);
    let several = import(&world.facts, Layout::Folder);
    let printed =
        |made: &Import| blackstart_model::plantfile::print(made.plant.as_ref().expect("a plant"));
    assert_eq!(printed(&one), printed(&several));
    let names: Vec<&str> = several.files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, blackstart_model::netbox::FILES);
}

#[test]
fn answers_add_what_netbox_cannot_hold_and_are_not_asked_for_again() {
    let mut world = World::new();
    let panel = PowerPanel { name: said("P1"), site: Some(1), location: None };
    world.facts.power_panels.insert(5, panel);
    let (gizmo, switch) = (world.device("gizmo", ODD), world.device("sw", SWITCH));
    world.join(gizmo, switch);
    let answers = "blackstart: 1\nups: { gizmo: { fed_by: P1, in: ~ } }\n\
        pdus: { P1: { breaker: 63 A, checks: [ { tcp: '192.0.2.1:80', every: 30 s } ] } }\n\
        servers: { nobody: {} }\n";
    let answers = Answers::read(answers).expect("they can be read");
    let made = import_with(&world.facts, Layout::OneFile, &answers);
    assert!(made.errors().next().is_none(), "{:?}", made.findings);
    assert_eq!(requires(&made, "gizmo", Role::Power), "P1");
    assert_eq!(requires(&made, "gizmo", Role::In), "");
    assert!(made.files[0].1.contains("ups:\n  gizmo:"), "{}", made.files[0].1);
    assert!(!asks(&made, About::Kind, "gizmo") && !asks(&made, About::Power, "gizmo"));
    assert!(
        asks(&made, About::Power, "what feeds the panel P1?"),
        "it was answered about otherwise"
    );
    assert!(asks(&made, About::Data, "answers: nothing that is imported is called `nobody`"));
    assert_eq!(made.plant.as_ref().expect("a plant").checks().len(), 1);
    for wrong in ["[", "a: b", "servres: {}", "pdus: [a]", "pdus: { a: b }"] {
        assert!(Answers::read(wrong).is_err(), "{wrong}");
    }
}
