//! Small plants, drawn in words.

use super::{Circuit, InputId, Subject};
use blackstart_model::{ComponentId, Plant, plantfile};
use std::sync::Arc;

/// A plant with its circuit, and questions in names.
struct Case {
    plant: Arc<Plant>,
    circuit: Circuit,
}

fn case(body: &str) -> Case {
    let text = format!("blackstart: 1\nname: case\ntimezone: UTC\n{body}");
    let (plant, findings) = plantfile::parse(&[("case.yaml".to_owned(), text)]);
    let plant = plant.unwrap_or_else(|| panic!("not a plant: {findings:#?}"));
    let circuit = Circuit::of(&plant);
    Case { plant, circuit }
}

impl Case {
    fn id(&self, name: &str) -> ComponentId {
        self.plant.find(name).unwrap_or_else(|| panic!("no component {name}"))
    }

    fn broken(&self, names: &[&str]) -> Vec<bool> {
        let inputs: Vec<InputId> =
            names.iter().map(|name| self.circuit.component_input(self.id(name))).collect();
        self.circuit.under(&inputs)
    }

    fn works(&self, name: &str, broken: &[&str]) -> bool {
        self.broken(broken)[self.circuit.works(self.id(name)).index()]
    }

    fn usable(&self, name: &str, broken: &[&str]) -> bool {
        self.broken(broken)[self.circuit.usable(self.id(name)).index()]
    }

    fn sees(&self, check: &str, vantage: &str, broken: &[&str]) -> bool {
        let sees = self
            .circuit
            .sees_named(&check.into(), &vantage.into())
            .unwrap_or_else(|| panic!("no {check} from {vantage}"));
        self.broken(broken)[sees.gate.index()]
    }
}

#[test]
fn a_server_behind_two_switches_outlives_either() {
    //  upstream ── core ──┬── sw-a ──┐
    //                     └── sw-b ──┴── srv ── web
    let case = case(
        "
upstreams: { transit: { provides: internet } }
routers: { core: { network: transit } }
switches: { sw-a: { network: core }, sw-b: { network: core } }
servers: { srv: { network: { any: [sw-a, sw-b] } } }
here: { at: core }
services: { web: { on: srv, checks: [ { tcp: '10.0.0.1:80', every: 10s } ] } }
",
    );
    assert!(case.sees("web/tcp", "here", &[]));
    assert!(case.sees("web/tcp", "here", &["sw-a"]));
    assert!(case.sees("web/tcp", "here", &["sw-b"]));
    assert!(!case.sees("web/tcp", "here", &["sw-a", "sw-b"]));
    assert!(case.works("web", &["sw-a", "sw-b"]), "what works is not what is reachable");
    assert!(!case.usable("web", &["sw-a", "sw-b"]));
    assert!(!case.usable("web", &["transit"]), "used from the internet");
    assert!(case.sees("web/tcp", "here", &["transit"]), "the inside is fine");
}

#[test]
fn a_generator_that_cannot_do_without_its_battery_is_there_and_gives_no_power_without_it() {
    let case = case(
        "
feeds: { mains: {} }
components: { start-battery: {} }
generators: { diesel: { needs: start-battery } }
ups: { ups-1: { fed_by: { any: [mains, diesel] } } }
switches: { sw: { power: ups-1 } }
",
    );
    let stands = |name: &str, broken: &[&str]| {
        case.broken(broken)[case.circuit.stands(case.id(name)).index()]
    };
    assert!(stands("sw", &["start-battery"]) && stands("sw", &["mains"]));
    assert!(stands("diesel", &["start-battery"]) && !case.works("diesel", &["start-battery"]));
    assert!(!stands("sw", &["mains", "start-battery"]), "nobody forwards without power");
}

#[test]
fn a_vantage_on_a_sibling_switch_needs_the_way_over_the_core() {
    //  core ──┬── sw-1 ── probe
    //         └── sw-2 ── srv
    let case = case(
        "
routers: { core: {} }
switches: { sw-1: { network: core }, sw-2: { network: core } }
servers: { srv: { network: sw-2 }, near: { network: sw-1 } }
vantages: { probe: { at: sw-1, agent: probe } }
services:
  far: { on: srv, checks: [ { tcp: '10.0.0.1:80', from: [probe] } ] }
  close: { on: near, checks: [ { tcp: '10.0.0.2:80', from: [probe] } ] }
",
    );
    for broken in ["sw-1", "core", "sw-2"] {
        assert!(!case.sees("far/tcp", "probe", &[broken]), "{broken}");
    }
    assert!(case.sees("close/tcp", "probe", &["core"]), "they meet inside one switch");
    assert!(!case.sees("close/tcp", "probe", &["sw-1"]));
}

#[test]
fn the_user_of_a_database_behind_a_dead_switch_is_down_though_the_database_works() {
    let case = case(
        "
routers: { core: {} }
switches: { sw-1: { network: core }, sw-2: { network: core } }
servers: { app: { network: sw-1 }, store: { network: sw-2 } }
databases: { db: { on: store } }
services: { shop: { on: app, needs: [db] } }
",
    );
    assert!(case.works("db", &["sw-2"]));
    assert!(!case.works("shop", &["sw-2"]));
}

#[test]
fn a_storage_network_stands_apart() {
    let case = case(
        "
switches: { front: {}, back: {} }
servers:
  app: { network: { front: front, storage: back } }
  filer: { network: { front: front, storage: back } }
services:
  nfs: { on: filer }
  shop: { on: app, needs: [ { use: nfs, over: storage } ] }
  wiki: { on: app, needs: [ nfs ] }
",
    );
    assert!(!case.works("shop", &["back"]));
    assert!(case.works("shop", &["front"]));
    assert!(case.works("wiki", &["back"]), "the front is used where no plane is named");
    assert!(!case.works("wiki", &["front"]));
}

#[test]
fn two_name_servers_in_one_prefix_fall_with_it() {
    let case = case(
        "
upstreams: { cox: { provides: internet }, level3: { provides: internet } }
prefixes: { p1: { cidr: 192.0.2.0/24, carried_by: { any: [cox, level3] } } }
routers: { edge: { network: { any: [cox, level3] } } }
switches: { sw: { network: edge } }
servers: { a: { network: sw, address: 192.0.2.1 }, b: { network: sw, address: 192.0.2.2 } }
here: { at: sw }
vantages: { outside: { agent: fra } }
services:
  ns1: { on: a, checks: [ { dns: '192.0.2.1', query: 'example.net SOA', from: [here, outside] } ] }
  ns2: { on: b, checks: [ { dns: '192.0.2.2', query: 'example.net SOA', from: [here, outside] } ] }
  names: { needs: { any: [ns1, ns2] } }
",
    );
    for check in ["ns1/dns", "ns2/dns"] {
        assert!(!case.sees(check, "outside", &["p1"]));
        assert!(case.sees(check, "here", &["p1"]), "inside it is as if nothing had happened");
        assert!(case.sees(check, "outside", &["cox"]), "the other upstream carries it too");
        assert!(!case.sees(check, "outside", &["cox", "level3"]));
    }
    let carriage = |upstream: &str| {
        let subject = Subject::Carriage { upstream: case.id(upstream), prefix: case.id("p1") };
        case.circuit
            .inputs()
            .find(|&input| case.circuit.subject(input) == subject)
            .expect("each carriage can fail")
    };
    let ns1 = case.circuit.sees_named(&"ns1/dns".into(), &"outside".into()).expect("declared");
    assert!(case.circuit.under(&[carriage("cox")])[ns1.gate.index()]);
    assert!(!case.circuit.under(&[carriage("cox"), carriage("level3")])[ns1.gate.index()]);
}

#[test]
fn a_fault_takes_down_what_stands_above_it_if_it_spreads() {
    let case = case(
        "
feeds: { mains: {} }
generators: { generators: {} }
transfer_switches:
  ats-3: { fed_by: { any: [mains, generators] } }
  ats-4: { fed_by: { any: [mains, generators] }, can_take_down: mains }
files: { aliases: {} }
services: { apache: { to_start: aliases } }
",
    );
    let spread = |from: &str, to: &str| {
        let subject = Subject::Spread { from: case.id(from), to: case.id(to) };
        case.circuit.inputs().find(|&input| case.circuit.subject(input) == subject)
    };
    let own = |name: &str| case.circuit.component_input(case.id(name));
    let works = |name: &str, faults: &[InputId]| {
        case.circuit.under(faults)[case.circuit.works(case.id(name)).index()]
    };
    let tripped = spread("ats-4", "mains").expect("the plant says so");
    assert!(works("mains", &[own("ats-4")]), "it may hold");
    assert!(works("mains", &[tripped]), "alone it is nothing");
    assert!(!works("mains", &[own("ats-4"), tripped]));
    assert!(works("ats-3", &[own("ats-4"), tripped]), "it has the generators");
    assert!(!works("ats-3", &[own("ats-4"), tripped, own("generators")]));
    let dark = [own("mains"), own("generators"), tripped];
    assert!(!works("ats-4", &dark) && spread("mains", "ats-4").is_none());
    let restarted = spread("aliases", "apache").expect("it needs it to start");
    assert!(works("apache", &[own("aliases")]) && !works("apache", &[own("aliases"), restarted]));
}

#[test]
fn who_stands_at_an_upstream_sees_how_that_one_routes_a_prefix() {
    let case = case(
        "
upstreams: { cox: { provides: internet }, level3: { provides: internet } }
prefixes: { p1: { cidr: 192.0.2.0/24, carried_by: { any: [cox, level3] } } }
routers: { edge: { network: { any: [cox, level3] } } }
switches: { sw: { network: edge } }
servers: { a: { network: sw, address: 192.0.2.1 } }
here: { at: sw }
vantages: { by-cox: { at: cox, agent: one }, by-level3: { at: level3, agent: two } }
services:
  ns1: { on: a, checks: [ { dns: '192.0.2.1', query: 'example.net SOA', from: [here, by-cox, by-level3] } ] }
",
    );
    let subject = Subject::Carriage { upstream: case.id("cox"), prefix: case.id("p1") };
    let cox = case.circuit.inputs().find(|&input| case.circuit.subject(input) == subject);
    let values = case.circuit.under(&[cox.expect("each carriage can fail")]);
    let sees = |vantage: &str| {
        let sees = case.circuit.sees_named(&"ns1/dns".into(), &vantage.into());
        values[sees.expect("declared").gate.index()]
    };
    assert!(sees("here"), "inside it is as if nothing had happened");
    assert!(!sees("by-cox"), "an upstream that routes it elsewhere does so for its own customers");
    assert!(sees("by-level3"), "the other upstream routes it as ever");
    for vantage in ["by-cox", "by-level3"] {
        assert!(!case.sees("ns1/dns", vantage, &["p1"]), "misrouted whoever carries it");
    }
}

#[test]
fn a_check_goes_by_the_block_of_the_address_that_it_asks() {
    let case = case(
        "
upstreams: { transit: { provides: internet } }
prefixes: { v4: { cidr: 192.0.2.0/24 }, v6: { cidr: '2001:db8::/32' } }
routers: { edge: { network: transit } }
servers: { a: { network: edge, address: [192.0.2.1, '2001:db8::1'] } }
here: { at: edge }
vantages: { outside: { agent: fra } }
defaults: { services: { on: a } }
services:
  web:
    checks:
      - { name: v4, tcp: '192.0.2.1:80', from: [here, outside] }
      - { name: v6, tcp: '[2001:db8::1]:80', from: [here, outside] }
      - { name: name, tcp: 'web.example:80', from: [outside] }
",
    );
    assert!(!case.sees("web/v6", "outside", &["v6"]));
    assert!(case.sees("web/v4", "outside", &["v6"]));
    assert!(case.sees("web/v6", "outside", &["v4"]));
    assert!(case.sees("web/v6", "here", &["v6"]), "inside it is as if nothing had happened");
    assert!(case.sees("web/name", "outside", &["v6"]), "a name stands for the first address");
    assert!(!case.sees("web/name", "outside", &["v4"]));
    assert!(case.usable("web", &["v6"]) && !case.usable("web", &["v4"]));
}

#[test]
fn two_places_that_the_plant_joins_nowhere_meet_at_the_internet() {
    //  web ── ams ── transit-1 ~~~ transit-2 ── fra ── probe
    let case = case(
        "
upstreams: { transit-1: { provides: internet }, transit-2: { provides: internet } }
routers: { ams: { network: transit-1 }, fra: { network: transit-2 } }
servers: { a: { network: ams, address: 192.0.2.1 }, hidden: { network: ams, address: 10.0.0.1 } }
vantages: { probe: { at: fra, agent: fra } }
services:
  web: { on: a, checks: [ { tcp: '192.0.2.1:80', from: [probe] } ] }
  inner: { on: hidden, needs: web }
",
    );
    assert!(case.sees("web/tcp", "probe", &[]));
    for broken in ["transit-1", "ams", "transit-2", "fra"] {
        assert!(!case.sees("web/tcp", "probe", &[broken]), "{broken} is on the way");
    }
    assert!(case.works("inner", &["transit-1"]), "inside they meet without the internet");
}

#[test]
fn a_router_pair_with_a_shared_address_is_lost_only_together() {
    let case = case(
        "
upstreams: { transit: { provides: internet } }
routers: { r1: { network: transit }, r2: { network: transit } }
vips: { gateway: { on: { any: [r1, r2] } } }
switches: { sw: { network: gateway } }
servers: { srv: { network: sw } }
services: { web: { on: srv } }
",
    );
    assert!(case.usable("web", &["r1"]));
    assert!(case.usable("web", &["r2"]));
    assert!(!case.usable("web", &["r1", "r2"]));
    assert!(!case.usable("web", &["gateway"]));
}

#[test]
fn two_vlans_of_one_switch_do_not_meet_without_their_router() {
    let case = case(
        "
routers: { gw: {} }
switches: { sw: { segments: [blue, green], network: gw } }
servers: { b1: { network: sw/blue }, b2: { network: sw/blue }, g1: { network: sw/green } }
services: { db: { on: g1 }, cache: { on: b2 }, app: { on: b1, needs: [db] }, page: { on: b1, needs: [cache] } }
",
    );
    assert!(case.works("app", &[]));
    assert!(!case.works("app", &["gw"]));
    assert!(case.works("page", &["gw"]), "within one segment no router is needed");
    assert!(!case.works("page", &["sw"]));
}

#[test]
fn a_ring_of_switches_carries_on_with_one_link_cut() {
    //  a ── b
    //  │    │     each with a server; the router hangs off a
    //  d ── c
    let case = case(
        "
routers: { gw: {} }
switches: { a: { network: gw }, b: {}, c: {}, d: {} }
links: { ab: { between: [a, b] }, bc: { between: [b, c] }, cd: { between: [c, d] }, da: { between: [d, a] } }
servers: { far: { network: c } }
here: { at: gw }
services: { web: { on: far, checks: [ { tcp: '10.0.0.1:80' } ] } }
",
    );
    for link in ["ab", "bc", "cd", "da", "b", "d"] {
        assert!(case.sees("web/tcp", "here", &[link]), "{link}");
    }
    for pair in [["ab", "cd"], ["b", "d"], ["bc", "da"], ["bc", "cd"]] {
        assert!(!case.sees("web/tcp", "here", &pair), "{pair:?}");
    }
}

#[test]
fn k_of_n_counts() {
    let case = case(
        "
psus: { p1: {}, p2: {}, p3: {}, p4: {} }
servers: { blade: { power: { at_least: 2, of: [p1, p2, p3, p4] } } }
",
    );
    assert!(case.works("blade", &["p1", "p2"]));
    assert!(!case.works("blade", &["p1", "p2", "p4"]));
}

#[test]
fn seed_6_a_server_plugged_twice_into_one_feed() {
    let case = case(
        "
feeds: { feed-a: {}, feed-b: {} }
pdus: { pdu-a: { fed_by: feed-a }, pdu-b: { fed_by: feed-b } }
servers:
  stream-1: { power: { any: [pdu-a, pdu-a] } }
  stream-2: { power: { any: [pdu-a, pdu-b] } }
",
    );
    assert!(!case.works("stream-1", &["feed-a"]));
    assert!(case.works("stream-2", &["feed-a"]));
}

#[test]
fn what_is_known_to_have_failed_is_failed_today() {
    let case = case(
        "
psus: { p1: { condition: { known_failed: 'blown in June' } }, p2: {} }
servers: { srv: { power: { any: [p1, p2] } } }
",
    );
    assert!(case.works("srv", &[]));
    assert!(!case.works("srv", &["p2"]));
}
