//! A plant as a small world: each component that carries packets becomes a network namespace, each that is asked
//! a daemon, and what breaks it breaks truly.
//!
//! Switches and network cards are bridges. Routers and upstreams route, and tell each other their address blocks
//! by BGP (BIRD). Machines have the plant's own addresses. Feeds, PDUs and the rest of the power carry no packets:
//! whoever stands on a dead one by the truth's wiring has its processes killed and its links taken down.
//!
//! It decides nothing but who has power, by the plainest walk over the requirements there is, apart from the
//! circuit on purpose. It does not pretend: what it cannot build or break for real it refuses, with words. `needs`
//! are not built, for no daemon here asks another. Tested by the scenarios.

mod bgp;
mod daemons;
mod power;

use crate::namespace::{Host, Lab};
use crate::wait;
use bgp::Speaker;
use blackstart_model::check::{self, Question};
use blackstart_model::kind::Kind;
use blackstart_model::plant::{Role, Vantage};
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::requirement::Target;
use blackstart_model::{ComponentId, PlaneId, Plant};
use daemons::Daemons;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

/// A plant that lives in namespaces.
pub struct PlantWorld {
    lab: Lab,
    plant: Arc<Plant>,
    places: BTreeMap<ComponentId, Place>,
    speakers: Vec<Speaker>,
    daemons: Daemons,
    here: Host,
    here_address: Ipv4Addr,
    agents: Vec<(String, Host)>,
    broken: BTreeSet<ComponentId>,
}

/// What has a namespace.
struct Place {
    host: Host,
    sort: Sort,
    /// Its ends of cables.
    ends: Vec<String>,
    /// Its addresses; bridges and routers have none that matter.
    own: Vec<Ipv4Addr>,
    /// What `ip` has to be told again when its links come back.
    routes: String,
    powered: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// Forwards within a segment.
    Bridge,
    /// Forwards between them.
    Router,
    /// Is asked, or asks.
    Machine,
}

/// Machines that hear each other's frames, and the router above them.
#[derive(Default)]
struct Segment {
    /// The machine, its end of the cable, its addresses.
    machines: Vec<(Host, String, Vec<Ipv4Addr>)>,
    /// The router and its end.
    above: Option<(Host, String)>,
}

fn sort(kind: Kind, placed: bool) -> Option<Sort> {
    match kind {
        Kind::Switch | Kind::Nic => Some(Sort::Bridge),
        Kind::Router | Kind::Firewall | Kind::LoadBalancer | Kind::Upstream => Some(Sort::Router),
        _ => placed.then_some(Sort::Machine),
    }
}

impl PlantWorld {
    /// Builds it, with everything in it alive.
    ///
    /// # Panics
    /// When the plant holds what the lab cannot build; the words say what.
    #[must_use]
    pub fn new(plant: &Arc<Plant>) -> Self {
        Build::new(plant).finish()
    }

    /// The host that the server runs on.
    #[must_use]
    pub const fn here(&self) -> &Host {
        &self.here
    }

    /// The server's address. Agents reach it by way of the plant, or not at all.
    #[must_use]
    pub const fn here_address(&self) -> Ipv4Addr {
        self.here_address
    }

    /// The hosts of agents, by the name each enrols under.
    #[must_use]
    pub fn agents(&self) -> &[(String, Host)] {
        &self.agents
    }

    /// The lab it stands in.
    #[must_use]
    pub const fn lab(&self) -> &Lab {
        &self.lab
    }

    /// Breaks these, and no others: whoever stands on them goes dark, and whoever does not any more comes back.
    pub fn break_down(&mut self, broken: BTreeSet<ComponentId>) {
        self.broken = broken;
        let stands = power::standing(&self.plant, &self.broken);
        for (id, place) in &mut self.places {
            let powered = stands[id.index()];
            if powered == place.powered {
                continue;
            }
            place.powered = powered;
            if powered {
                place.come_up();
            } else {
                place.host.kill_all();
                for end in &place.ends {
                    place.host.ip(&["link", "set", end, "down"]);
                }
            }
        }
        wait("links to be noticed", || self.places.values().all(Place::is_noticed).then_some(()));
        // Who has asked in vain for an address asks again once a second: whoever came back is found at once.
        for place in self.places.values().filter(|place| place.powered) {
            place.host.ip(&["neigh", "flush", "all"]);
        }
        let powered = |host: &Host| {
            let place = self.places.values().find(|place| place.host.space() == host.space());
            place.is_none_or(|place| place.powered)
        };
        for speaker in &mut self.speakers {
            speaker.follow(powered(speaker.host()));
        }
        self.daemons.follow(&|component| stands[component.index()]);
    }

    /// This share of what is asked through a component is lost, the question or the answer; none at 0.
    ///
    /// # Panics
    /// When it carries no packets.
    pub fn lose(&self, component: ComponentId, share: f64) {
        let name = &self.plant.component(component).name;
        let place = self.places.get(&component);
        let place = place.unwrap_or_else(|| panic!("{name} carries no packets that could be lost"));
        // Each of the two is lost by itself: 1 - (1 - p)^2 is the share.
        let (host, permille) = (&place.host, ((1.0 - (1.0 - share).sqrt()) * 1_000.0).round());
        host.run(&["nft", "add", "table", "netdev", "lab"]);
        host.run(&["nft", "delete", "table", "netdev", "lab"]);
        if permille < 1.0 {
            return;
        }
        host.run(&["nft", "add", "table", "netdev", "lab"]);
        for end in &place.ends {
            let hook = format!("type filter hook ingress device {end} priority 0;");
            host.run(&["nft", &format!("add chain netdev lab {end} {{ {hook} }}")]);
            // A lost question of ARP would be a second in which all who ask fail together.
            let which = format!("meta protocol ip numgen random mod 1000 < {permille}");
            host.run(&["nft", &format!("add rule netdev lab {end} {which} drop")]);
        }
    }

    /// Each of these upstreams announces these address blocks of the plant as its own, and swallows what comes.
    pub fn swallow(&mut self, blocks: &BTreeSet<(ComponentId, ComponentId)>) {
        for speaker in &mut self.speakers {
            let Some(upstream) = speaker.component() else { continue };
            let own = blocks.iter().filter(|(by, _)| *by == upstream);
            speaker.swallow(own.map(|(_, block)| cidr(&self.plant, *block)).collect());
        }
    }
}

impl Place {
    fn come_up(&self) {
        for end in &self.ends {
            self.host.ip(&["link", "set", end, "up"]);
        }
        self.host.ip_batch(&self.routes);
    }

    /// Whether the kernel has told its bridges of every link that is there: it does so once a second at most.
    fn is_noticed(&self) -> bool {
        let links = self.host.links();
        let has = |link: &serde_json::Value, flag: &str| {
            link["flags"].as_array().is_some_and(|flags| flags.iter().any(|own| own == flag))
        };
        let is_pending = |link: &serde_json::Value| {
            has(link, "LOWER_UP") && !has(link, "LOOPBACK") && link["operstate"] != "UP"
        };
        !links.as_array().into_iter().flatten().any(is_pending)
    }
}

/// The address block of a prefix, as `192.0.2.0/24`.
fn cidr(plant: &Plant, prefix: ComponentId) -> String {
    match plant.component(prefix).attribute(Attribute::Cidr) {
        Some(Value::Cidr(base, length)) => format!("{base}/{length}"),
        _ => panic!("{} has no address block", plant.component(prefix).name),
    }
}

fn addresses(plant: &Plant, component: ComponentId) -> Vec<Ipv4Addr> {
    let Some(Value::Addresses(all)) = plant.component(component).attribute(Attribute::Address)
    else {
        return Vec::new();
    };
    let v4 = |address: &IpAddr| match address {
        IpAddr::V4(v4) => *v4,
        IpAddr::V6(v6) => panic!("the lab speaks IPv4 only, and {v6} is in the plant"),
    };
    all.iter().map(v4).collect()
}

/// A world that is being built.
struct Build {
    lab: Lab,
    plant: Arc<Plant>,
    places: BTreeMap<ComponentId, Place>,
    /// By place; that of bridges which are cabled together is one.
    segments: Vec<Segment>,
    segment_of: BTreeMap<ComponentId, usize>,
    speakers: Vec<Speaker>,
    internet: Host,
}

impl Build {
    fn new(plant: &Arc<Plant>) -> Self {
        let lab = Lab::new();
        let internet = lab.router("internet");
        let mut places = BTreeMap::new();
        let mut speakers = vec![Speaker::new(&internet, None, 0)];
        for (component, at) in plant.components().iter().zip(0..) {
            let placed = component.requirement(Role::Network(PlaneId::FRONT)).is_some();
            let Some(sort) = sort(component.kind, placed) else { continue };
            assert!(component.segments.is_empty(), "the lab lays no segments ({})", component.name);
            let id = ComponentId(at);
            let name = component.name.as_str();
            let host = match sort {
                Sort::Bridge => lab.switch(name),
                Sort::Router => lab.router(name),
                Sort::Machine => lab.host(name),
            };
            if sort == Sort::Router {
                speakers.push(Speaker::new(&host, Some(id), speakers.len()));
            }
            let (ends, own, routes) = (Vec::new(), Vec::new(), String::new());
            places.insert(id, Place { host, sort, ends, own, routes, powered: true });
        }
        let plant = plant.clone();
        let (segments, segment_of) = (Vec::new(), BTreeMap::new());
        Self { lab, plant, places, segments, segment_of, speakers, internet }
    }

    fn finish(mut self) -> PlantWorld {
        let cables = self.cables();
        self.join_bridges(&cables);
        for (below, above) in cables {
            self.lay(below, above);
        }
        for at in 0..self.speakers.len() {
            let upstream =
                self.speakers[at].component().filter(|id| self.kind(*id) == Kind::Upstream);
            if upstream.is_some() {
                self.peer(at, 0);
            }
        }
        let (here, agents) = self.vantages();
        self.address();
        let daemons = Daemons::of(&self.plant, &self.places, &self.lab, &here, &agents);
        for speaker in &mut self.speakers {
            speaker.follow(true);
        }
        let mut machines = self.segments.iter().flat_map(|segment| &segment.machines);
        let own = machines.find(|(host, _, _)| host.space() == here.space());
        let here_address = own.expect("the server has a cable").2[0];
        let Self { lab, plant, places, speakers, .. } = self;
        let broken = BTreeSet::new();
        let mut world = PlantWorld {
            lab,
            plant,
            places,
            speakers,
            daemons,
            here,
            here_address,
            agents,
            broken,
        };
        world.daemons.follow(&|_| true);
        world
    }

    fn kind(&self, id: ComponentId) -> Kind {
        self.plant.component(id).kind
    }

    fn name(&self, id: ComponentId) -> &str {
        self.plant.component(id).name.as_str()
    }

    /// Who is connected to whom, towards the core.
    fn cables(&self) -> Vec<(ComponentId, ComponentId)> {
        let mut cables = Vec::new();
        for &below in self.places.keys() {
            let network = self.plant.component(below).requirement(Role::Network(PlaneId::FRONT));
            let Some(network) = network else { continue };
            network.each_leaf(&mut |leaf| match leaf.target {
                Target::Component(above) if self.places.contains_key(&above) => {
                    cables.push((below, above));
                }
                Target::Component(above) => {
                    panic!("the lab has no cable to {}", self.name(above))
                }
                Target::Internet => {}
            });
        }
        cables
    }

    /// Bridges that are cabled together are one segment.
    fn join_bridges(&mut self, cables: &[(ComponentId, ComponentId)]) {
        let is_bridge = |id: &ComponentId| self.places[id].sort == Sort::Bridge;
        let bridges: Vec<ComponentId> =
            self.places.keys().copied().filter(|id| is_bridge(id)).collect();
        let mut group: BTreeMap<ComponentId, usize> = bridges.into_iter().zip(0..).collect();
        for (below, above) in cables {
            if let (Some(&one), Some(&other)) = (group.get(below), group.get(above)) {
                group.values_mut().filter(|own| **own == one).for_each(|own| *own = other);
            }
        }
        self.segments.resize_with(group.len(), Segment::default);
        self.segment_of = group;
    }

    /// One cable.
    fn lay(&mut self, below: ComponentId, above: ComponentId) {
        match (self.places[&below].sort, self.places[&above].sort) {
            (Sort::Bridge, Sort::Bridge) => {
                let (one, other) = self.lab.cable(self.host(below), self.host(above));
                self.host(below).plug(&one);
                self.host(above).plug(&other);
                self.ends(below, one);
                self.ends(above, other);
            }
            (Sort::Bridge, Sort::Router) => {
                let (one, other) = self.lab.cable(self.host(below), self.host(above));
                self.host(below).plug(&one);
                self.ends(below, one);
                let segment = &mut self.segments[self.segment_of[&below]];
                let taken =
                    segment.above.replace((self.places[&above].host.clone(), other.clone()));
                assert!(taken.is_none(), "the lab knows no shared gateway ({})", self.name(below));
                self.ends(above, other);
            }
            (Sort::Machine, Sort::Bridge | Sort::Router) => {
                let host = self.host(below).clone();
                let own = addresses(&self.plant, below);
                assert!(
                    self.places[&below].ends.is_empty(),
                    "the lab gives a machine one cable ({})",
                    self.name(below)
                );
                let (one, other) = self.connect(&host, own, above);
                self.ends(below, one);
                self.ends(above, other);
            }
            (Sort::Router, Sort::Router) => {
                let of = |id| {
                    let mut speakers = self.speakers.iter();
                    speakers.position(|speaker| speaker.component() == Some(id)).expect("it routes")
                };
                let (below, above) = (of(below), of(above));
                self.peer(below, above);
            }
            (Sort::Router, Sort::Bridge) | (_, Sort::Machine) => {
                panic!("the lab lays no cable from {} to {}", self.name(below), self.name(above))
            }
        }
    }

    fn host(&self, id: ComponentId) -> &Host {
        &self.places[&id].host
    }

    fn ends(&mut self, id: ComponentId, end: String) {
        self.places.get_mut(&id).expect("it has a place").ends.push(end);
    }

    /// A cable from a machine to a switch or a router; both ends' names.
    fn connect(&mut self, host: &Host, own: Vec<Ipv4Addr>, above: ComponentId) -> (String, String) {
        let place = &self.places[&above];
        let (one, other) = self.lab.cable(host, &place.host);
        let segment = if place.sort == Sort::Bridge {
            place.host.plug(&other);
            self.segment_of[&above]
        } else {
            let above = Some((place.host.clone(), other.clone()));
            self.segments.push(Segment { machines: Vec::new(), above });
            self.segments.len() - 1
        };
        self.segments[segment].machines.push((host.clone(), one.clone(), own));
        (one, other)
    }

    /// A cable between two who speak BGP.
    fn peer(&mut self, one: usize, other: usize) {
        let hosts = (self.speakers[one].host().clone(), self.speakers[other].host().clone());
        let ends = self.lab.cable(&hosts.0, &hosts.1);
        let number = self.lab.cables();
        let address = |side: u32| Ipv4Addr::from_bits(0x0a43_0000 + 2 * number + side);
        for (speaker, host, end, side) in
            [(one, &hosts.0, &ends.0, 0), (other, &hosts.1, &ends.1, 1)]
        {
            host.ip(&["address", "add", &format!("{}/31", address(side)), "dev", end]);
            let neighbour = [other, one][side as usize];
            let refused = self.not_carried(self.speakers[neighbour].component());
            self.speakers[speaker].meet(address(side), address(1 - side), neighbour, refused);
            if let Some(id) = self.speakers[speaker].component() {
                self.ends(id, end.clone());
            }
        }
    }

    /// The address blocks that an upstream does not carry for us.
    fn not_carried(&self, upstream: Option<ComponentId>) -> Vec<String> {
        let Some(upstream) = upstream.filter(|id| self.kind(*id) == Kind::Upstream) else {
            return Vec::new();
        };
        let prefixes = self.plant.components().iter().zip(0..).filter_map(|(component, at)| {
            let mut carries = true;
            if let Some(by) = component.requirement(Role::CarriedBy) {
                carries = false;
                by.each_leaf(&mut |leaf| carries |= leaf.target == Target::Component(upstream));
            }
            (component.kind == Kind::Prefix && !carries).then_some(ComponentId(at))
        });
        prefixes.map(|prefix| cidr(&self.plant, prefix)).collect()
    }

    /// The hosts of the server and of the agents.
    fn vantages(&mut self) -> (Host, Vec<(String, Host)>) {
        let plant = self.plant.clone();
        let mut hosts = Vec::new();
        for vantage in plant.vantages() {
            let Vantage { name, at, segment, .. } = vantage;
            assert!(segment.is_none(), "the lab lays no segments (vantage {name})");
            let host = self.lab.host(&format!("v-{name}"));
            match at {
                Some(at) => {
                    let placed = self.places.get(at).is_some_and(|at| at.sort != Sort::Machine);
                    assert!(placed, "a vantage of the lab stands at a switch or a router ({name})");
                    let (_, other) = self.connect(&host, Vec::new(), *at);
                    self.ends(*at, other);
                }
                None => {
                    let (one, other) = self.lab.cable(&host, &self.internet);
                    let above = Some((self.internet.clone(), other));
                    let machines = vec![(host.clone(), one, Vec::new())];
                    self.segments.push(Segment { machines, above });
                }
            }
            hosts.push((vantage.agent.as_deref().unwrap_or_default().to_owned(), host));
        }
        let here = hosts.remove(0).1;
        (here, hosts)
    }

    /// Gives everybody addresses and routes, and tells routers what is behind them.
    fn address(&mut self) {
        let blocks: Vec<(Ipv4Addr, u8, String)> = self.blocks();
        let mut spare = 0x0a44_0000_u32;
        let mut routes: BTreeMap<String, String> = BTreeMap::new();
        for segment in &mut self.segments {
            spare += 256;
            let gateway = Ipv4Addr::from_bits(spare + 254);
            for (at, (_, _, own)) in (1..).zip(&mut segment.machines) {
                if own.is_empty() {
                    own.push(Ipv4Addr::from_bits(spare + at));
                }
            }
            let all: Vec<Ipv4Addr> =
                segment.machines.iter().flat_map(|(_, _, own)| own.clone()).collect();
            for (host, end, own) in &segment.machines {
                for address in own {
                    host.ip(&["address", "add", &format!("{address}/32"), "dev", end]);
                }
                let lines = routes.entry(host.space().to_owned()).or_default();
                for other in all.iter().filter(|other| !own.contains(other)) {
                    line(lines, &format!("{other}/32 dev {end} src {}", own[0]));
                }
                if segment.above.is_some() {
                    line(lines, &format!("default via {gateway} dev {end} onlink src {}", own[0]));
                }
                host.ip_batch(lines);
            }
            let Some((router, end)) = &segment.above else { continue };
            router.ip(&["address", "add", &format!("{gateway}/32"), "dev", end]);
            let lines = routes.entry(router.space().to_owned()).or_default();
            let mut speakers = self.speakers.iter_mut();
            let speaker = speakers.find(|one| one.host().space() == router.space());
            let speaker = speaker.expect("every router speaks BGP");
            for address in &all {
                line(lines, &format!("{address}/32 dev {end}"));
                let block = blocks.iter().find(|(base, length, _)| {
                    (base.to_bits() ^ address.to_bits()).leading_zeros() >= u32::from(*length)
                });
                speaker
                    .announce(block.map_or_else(|| format!("{address}/32"), |own| own.2.clone()));
            }
            router.ip_batch(lines);
        }
        let machines = self.segments.iter().flat_map(|segment| &segment.machines);
        let mut owned: BTreeMap<&str, Vec<Ipv4Addr>> =
            machines.map(|(host, _, own)| (host.space(), own.clone())).collect();
        for place in self.places.values_mut() {
            place.own = owned.remove(place.host.space()).unwrap_or_default();
            place.routes = routes.remove(place.host.space()).unwrap_or_default();
        }
    }

    fn blocks(&self) -> Vec<(Ipv4Addr, u8, String)> {
        let prefixes = self.plant.components().iter();
        prefixes
            .filter_map(|component| match component.attribute(Attribute::Cidr) {
                Some(Value::Cidr(IpAddr::V4(base), length)) => {
                    Some((*base, *length, format!("{base}/{length}")))
                }
                _ => None,
            })
            .collect()
    }
}

fn line(lines: &mut String, route: &str) {
    writeln!(lines, "route replace {route}").expect("a String takes everything");
}

/// Where a question goes: the host as written, and the port, if there is one.
fn target(question: &Question) -> (&check::Host, Option<u16>) {
    let host = question.host().expect("what the lab's plants ask goes to a host");
    // The last endpoint is the one that is connected to.
    (host, question.endpoints().last().map(|end| end.port))
}
