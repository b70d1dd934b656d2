//! Who reaches whom: paths towards the core, and where two of them meet.
//!
//! A(x) is what x reaches going up (`network`, else the machine it runs on, and across lateral links)
//! with everything on the way able to forward, x included. a reaches b when A(a) and A(b) meet inside a
//! segment, at a router or on a common host; meeting at the internet counts for public addresses only.
//! `P(x, m)`, "x gets up to m", is one gate for each pair that some question needs.
//!
//! Lateral links make cycles. There `P` is the least fixpoint, compiled by unrolling as many rounds as
//! the longest simple path through the strongly connected part can have.

use super::compile::{Builder, carries};
use super::{GateId, Subject};
use blackstart_model::check::{Check, CheckKind, Host};
use blackstart_model::kind::Kind;
use blackstart_model::plant::{Role, Vantage};
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::requirement::{Leaf, Requirement, Target};
use blackstart_model::{ComponentId, PlaneId, Plant, SegmentId};
use std::collections::HashMap;
use std::net::IpAddr;

/// Rounds of unrolling at most: a lateral path of more than so many hops is not looked for (chosen by
/// hand; real rings and meshes of cores have fewer members).
const ROUNDS_MAX: usize = 64;

/// A place in the network: a component, or one named segment of a switch.
type Node = u32;

pub(super) struct Network<'p> {
    plant: &'p Plant,
    base: Vec<GateId>,
    /// Nodes beyond the components themselves: segments of switches.
    segments: Vec<(ComponentId, SegmentId)>,
    segment_nodes: HashMap<(ComponentId, SegmentId), Node>,
    planes: Vec<Plane>,
    upstreams: Vec<ComponentId>,
    prefixes: Vec<(ComponentId, Block)>,
    climbs: HashMap<(PlaneId, Node, Goal), GateId>,
    outside: HashMap<End, GateId>,
    /// Whoever asks for a way is taken to be up itself: would it have one?
    asker_is_up: bool,
}

/// One plane's graph.
struct Plane {
    edges: Vec<Vec<Edge>>,
    /// Position in an order where everything above a node stands before it, but for its own group.
    order: Vec<u32>,
    /// Strongly connected part; nodes of one part have consecutive positions.
    group: Vec<u32>,
}

#[derive(Clone, Copy, PartialEq)]
struct Edge {
    to: Node,
    /// The lateral link it crosses.
    link: Option<ComponentId>,
}

/// Where a way up is to lead.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Goal {
    /// To this place.
    Node(Node),
    /// To the internet: to any upstream that works and carries this prefix, or to any that works.
    Outside(Option<ComponentId>),
}

/// An address block.
#[derive(Clone, Copy)]
struct Block {
    base: u128,
    bits: u32,
    length: u32,
}

impl Block {
    fn of(address: IpAddr, length: u8) -> Self {
        let (base, bits) = as_bits(address);
        Self { base, bits, length: u32::from(length) }
    }

    fn contains(self, address: IpAddr) -> bool {
        let (own, bits) = as_bits(address);
        bits == self.bits
            && (self.length == 0 || (own ^ self.base) >> (bits - self.length.min(bits)) == 0)
    }
}

fn as_bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    }
}

/// Who is to be reached, and by which prefix where a question says so.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct End {
    of: ComponentId,
    by: Option<ComponentId>,
}

impl From<ComponentId> for End {
    fn from(of: ComponentId) -> Self {
        Self { of, by: None }
    }
}

/// Where an address stands towards the internet.
#[derive(PartialEq, Eq)]
enum Standing {
    /// In this prefix of the plant.
    In(ComponentId),
    /// Public, or not known: any upstream will do.
    Public,
    /// Private by its own word: nobody outside reaches it.
    Private,
}

impl<'p> Network<'p> {
    pub(super) fn of(plant: &'p Plant, base: Vec<GateId>) -> Self {
        let components = plant.components();
        let mut segments = Vec::new();
        let mut segment_nodes = HashMap::new();
        for (component, at) in components.iter().zip(0..) {
            for &segment in &component.segments {
                let node = u32::try_from(components.len() + segments.len())
                    .expect("the plant's limits keep nodes in u32");
                segments.push((ComponentId(at), segment));
                segment_nodes.insert((ComponentId(at), segment), node);
            }
        }
        let upstreams = components
            .iter()
            .zip(0..)
            .filter(|(component, _)| component.kind == Kind::Upstream)
            .map(|(_, at)| ComponentId(at))
            .collect();
        let prefixes = components
            .iter()
            .zip(0..)
            .filter_map(|(component, at)| match component.attribute(Attribute::Cidr) {
                Some(Value::Cidr(base, length)) if component.kind == Kind::Prefix => {
                    Some((ComponentId(at), Block::of(*base, *length)))
                }
                _ => None,
            })
            .collect();
        let mut network = Self {
            plant,
            base,
            segments,
            segment_nodes,
            planes: Vec::new(),
            upstreams,
            prefixes,
            climbs: HashMap::new(),
            outside: HashMap::new(),
            asker_is_up: false,
        };
        for plane in 0..plant.planes().len() {
            let plane = PlaneId(u32::try_from(plane).expect("planes fit u32"));
            let plane = Plane::of(network.edges(plane));
            network.planes.push(plane);
        }
        network
    }

    /// As [`of`](Self::of), for what is not up yet: `base` says of each whether it is up, and whoever
    /// asks for a way is taken to be so.
    pub(super) fn for_starting(plant: &'p Plant, base: Vec<GateId>) -> Self {
        Self { asker_is_up: true, ..Self::of(plant, base) }
    }

    /// A component as a question of this address asks it: one of several addresses may be in another prefix
    /// than the component's first.
    pub(super) fn end(&self, of: ComponentId, address: Option<IpAddr>) -> End {
        End { of, by: address.and_then(|address| self.prefix_of(address)) }
    }

    pub(super) fn base(&self, component: ComponentId) -> GateId {
        self.base[component.index()]
    }

    pub(super) fn into_base(self) -> Vec<GateId> {
        self.base
    }

    /// The path gate between two components; always true where the plant knows nothing of the network.
    pub(super) fn between(
        &mut self,
        build: &mut Builder,
        ok: &dyn Fn(Subject) -> GateId,
        a: ComponentId,
        b: ComponentId,
        plane: PlaneId,
    ) -> GateId {
        self.between_nodes(build, ok, (a, None), b.into(), plane)
    }

    /// As [`between`](Self::between), from a segment of a switch.
    pub(super) fn between_nodes(
        &mut self,
        build: &mut Builder,
        ok: &dyn Fn(Subject) -> GateId,
        (a, segment): (ComponentId, Option<SegmentId>),
        end: End,
        plane: PlaneId,
    ) -> GateId {
        let b = end.of;
        if a == b {
            return build.yes();
        }
        let from = segment
            .and_then(|segment| self.segment_nodes.get(&(a, segment)).copied())
            .unwrap_or(a.0);
        let above_a = self.above(plane, from);
        let above_b = self.above(plane, b.0);
        match (self.are_placed(&above_a), self.are_placed(&above_b)) {
            (false, false) => return build.yes(),
            (true, false) => return self.anywhere(build, ok, a.into(), plane),
            (false, true) => return self.anywhere(build, ok, end, plane),
            (true, true) => {}
        }
        let mut ways = Vec::new();
        for &meeting in above_a.iter().filter(|&node| above_b.binary_search(node).is_ok()) {
            if self.forwards(meeting, from, b.0) {
                let left = self.own_climb(build, ok, plane, from, Goal::Node(meeting));
                let right = self.climb(build, ok, plane, b.0, Goal::Node(meeting));
                let mut all = vec![left, right];
                if self.component(meeting).kind == Kind::Upstream {
                    let upstream = self.component_id(meeting);
                    let ends = [a.into(), end].into_iter();
                    all.extend(ends.flat_map(|end| self.routed(ok, upstream, end)));
                }
                ways.push(build.and(all));
            }
        }
        let over_internet = match (self.standing(a.into()), self.standing(end)) {
            (Standing::In(_), Standing::In(_)) => true,
            (Standing::Private, _) | (_, Standing::Private) => false,
            // Two places that the plant joins nowhere else.
            (Standing::In(_) | Standing::Public, Standing::In(_) | Standing::Public) => {
                ways.is_empty()
            }
        };
        if over_internet {
            let left = self.outside(build, ok, a);
            let right = self.outside(build, ok, end);
            let own = if self.asker_is_up { build.yes() } else { self.base(a) };
            ways.push(build.and(vec![own, left, self.base(b), right]));
        }
        build.or(ways)
    }

    /// What has to hold for packets inside an upstream's own network to find a component: that the upstream
    /// routes its prefix, which may be well with another upstream meanwhile.
    fn routed(
        &self,
        ok: &dyn Fn(Subject) -> GateId,
        upstream: ComponentId,
        of: End,
    ) -> Vec<GateId> {
        match self.standing(of) {
            Standing::In(prefix) if carries(self.plant, upstream, prefix) => {
                vec![ok(Subject::Component(prefix)), ok(Subject::Carriage { upstream, prefix })]
            }
            Standing::In(_) | Standing::Public | Standing::Private => Vec::new(),
        }
    }

    /// Whether the internet reaches a component (and it the internet), given that it stands itself: some
    /// upstream works, carries its prefix, and is reached. True where the plant knows no upstream or no
    /// network of it.
    pub(super) fn outside(
        &mut self,
        build: &mut Builder,
        ok: &dyn Fn(Subject) -> GateId,
        end: impl Into<End>,
    ) -> GateId {
        let end = end.into();
        if let Some(&known) = self.outside.get(&end) {
            return known;
        }
        let of = end.of;
        let gate = if self.upstreams.is_empty() || !self.is_placed(PlaneId::FRONT, of.0) {
            build.yes()
        } else {
            match self.standing(end) {
                Standing::In(prefix) => {
                    let any = self.beyond(build, ok, of.0, Goal::Outside(Some(prefix)));
                    // A prefix can be misrouted as a set, whichever upstream carries it.
                    build.and(vec![ok(Subject::Component(prefix)), any])
                }
                Standing::Public => self.beyond(build, ok, of.0, Goal::Outside(None)),
                Standing::Private => build.no(),
            }
        };
        self.outside.insert(end, gate);
        gate
    }

    /// Whether a component is reached from a place of which only is known that it is not below it:
    /// the internet, or the top of its own network.
    pub(super) fn anywhere(
        &mut self,
        build: &mut Builder,
        ok: &dyn Fn(Subject) -> GateId,
        end: End,
        plane: PlaneId,
    ) -> GateId {
        let of = end.of;
        let above = self.above(plane, of.0);
        if !self.are_placed(&above) {
            return build.yes();
        }
        let edges = &self.planes[plane.index()].edges;
        let mut tops: Vec<Node> = above
            .iter()
            .copied()
            .filter(|&node| {
                self.component(node).kind != Kind::Upstream
                    && edges[node as usize].iter().all(|edge| {
                        edge.link.is_some() || self.component(edge.to).kind == Kind::Upstream
                    })
            })
            .collect();
        // Its own machine is no place to look at it from, where there is anything above.
        tops.retain(|&top| top != of.0 || above.len() == 1);
        let mut ways: Vec<GateId> = tops
            .iter()
            .map(|&top| self.own_climb(build, ok, plane, of.0, Goal::Node(top)))
            .collect();
        if ways.is_empty() {
            let own = if self.asker_is_up { build.yes() } else { self.base(of) };
            let outside = self.outside(build, ok, end);
            ways.push(build.and(vec![own, outside]));
        }
        build.or(ways)
    }

    /// `P(x, m)` as x itself asks for it.
    fn own_climb(
        &mut self,
        build: &mut Builder,
        ok: &dyn Fn(Subject) -> GateId,
        plane: PlaneId,
        x: Node,
        goal: Goal,
    ) -> GateId {
        let climb = self.climb(build, ok, plane, x, goal);
        if self.asker_is_up { build.given(climb, self.node_base(x)) } else { climb }
    }

    /// `P(x, m)`: x gets up to m, both and everything between able to forward.
    fn climb(
        &mut self,
        build: &mut Builder,
        ok: &dyn Fn(Subject) -> GateId,
        plane: PlaneId,
        x: Node,
        goal: Goal,
    ) -> GateId {
        if let Some(&known) = self.climbs.get(&(plane, x, goal)) {
            return known;
        }
        // What is above and not known yet, from the top down. A strongly connected part is known whole.
        let mut nodes = vec![x];
        let mut at = 0;
        while at < nodes.len() {
            for edge in &self.planes[plane.index()].edges[nodes[at] as usize] {
                if !nodes.contains(&edge.to) && !self.climbs.contains_key(&(plane, edge.to, goal)) {
                    nodes.push(edge.to);
                }
            }
            at += 1;
        }
        let Plane { order, group, .. } = &self.planes[plane.index()];
        nodes.sort_unstable_by_key(|&node| order[node as usize]);
        let groups: Vec<Vec<Node>> = nodes
            .chunk_by(|&one, &next| group[one as usize] == group[next as usize])
            .map(<[Node]>::to_vec)
            .collect();
        for group in groups {
            self.climb_group(build, ok, plane, &group, goal);
        }
        self.climbs[&(plane, x, goal)]
    }

    /// `P(x, m)` for every x of one strongly connected part, all above it being known.
    fn climb_group(
        &mut self,
        build: &mut Builder,
        ok: &dyn Fn(Subject) -> GateId,
        plane: PlaneId,
        group: &[Node],
        goal: Goal,
    ) {
        let no = build.no();
        let mut now: HashMap<Node, GateId> = group.iter().map(|&node| (node, no)).collect();
        for _ in 0..group.len().min(ROUNDS_MAX) {
            let before = now.clone();
            for &x in group {
                let gate = if Goal::Node(x) == goal {
                    self.node_base(x)
                } else {
                    let any = self.onward(build, ok, plane, x, goal, &before);
                    build.and(vec![self.node_base(x), any])
                };
                now.insert(x, gate);
            }
            if now == before {
                break;
            }
        }
        for (x, gate) in now {
            self.climbs.insert((plane, x, goal), gate);
        }
    }

    /// As [`climb`](Self::climb) without the demand that x itself can forward.
    fn beyond(
        &mut self,
        build: &mut Builder,
        ok: &dyn Fn(Subject) -> GateId,
        x: Node,
        goal: Goal,
    ) -> GateId {
        let plane = PlaneId::FRONT;
        let above: Vec<Node> =
            self.planes[plane.index()].edges[x as usize].iter().map(|edge| edge.to).collect();
        for node in above {
            self.climb(build, ok, plane, node, goal);
        }
        self.onward(build, ok, plane, x, goal, &HashMap::new())
    }

    /// The ways from x onward to a goal, all above it being known, or standing in `before`.
    fn onward(
        &self,
        build: &mut Builder,
        ok: &dyn Fn(Subject) -> GateId,
        plane: PlaneId,
        x: Node,
        goal: Goal,
        before: &HashMap<Node, GateId>,
    ) -> GateId {
        let (mut up, mut ways) = (Vec::new(), Vec::new());
        for edge in &self.planes[plane.index()].edges[x as usize] {
            let beyond = before
                .get(&edge.to)
                .or_else(|| self.climbs.get(&(plane, edge.to, goal)))
                .copied()
                .unwrap_or(build.no());
            match edge.link {
                Some(link) => ways.push(build.and(vec![self.base(link), beyond])),
                None => up.push(beyond),
            }
        }
        // What is demanded of those above matters to the way up, not to a link aside.
        let up = build.or(up);
        if up != build.no() {
            ways.push(match self.demanded(build, plane, x) {
                Some(all) => build.and(vec![all, up]),
                None => up,
            });
        }
        if let Goal::Outside(prefix) = goal
            && self.component(x).kind == Kind::Upstream
        {
            let upstream = self.component_id(x);
            match prefix {
                None => ways.push(build.yes()),
                Some(prefix) if carries(self.plant, upstream, prefix) => {
                    ways.push(ok(Subject::Carriage { upstream, prefix }));
                }
                Some(_) => {}
            }
        }
        build.or(ways)
    }

    /// What a node's own network requirement demands of the nodes just above it, beyond that one of
    /// them is there: all of them for `all`, k for k-of-n.
    fn demanded(&self, build: &mut Builder, plane: PlaneId, x: Node) -> Option<GateId> {
        let requirement = towards_core(self.plant, plane, self.component_id(x))?;
        let plain =
            |part: &Requirement| matches!(part, Requirement::One(leaf) if leaf.standby.is_none());
        match requirement {
            // Whichever way leads up goes through one of them.
            Requirement::Any(of) if of.iter().all(plain) => return None,
            one if plain(one) => return None,
            Requirement::One(_)
            | Requirement::Any(_)
            | Requirement::All(_)
            | Requirement::AtLeast { .. } => {}
        }
        Some(build.requirement(requirement, &mut |build, leaf| match leaf.target {
            Target::Component(to) => self.base(to),
            Target::Internet => build.yes(),
        }))
    }

    fn node_base(&self, node: Node) -> GateId {
        self.base[self.component_id(node).index()]
    }

    fn component_id(&self, node: Node) -> ComponentId {
        match (node as usize).checked_sub(self.plant.components().len()) {
            None => ComponentId(node),
            Some(segment) => self.segments[segment].0,
        }
    }

    fn component(&self, node: Node) -> &'p blackstart_model::plant::Component {
        self.plant.component(self.component_id(node))
    }

    /// Whether two who both get up to `meeting` exchange packets there.
    fn forwards(&self, meeting: Node, a: Node, b: Node) -> bool {
        let component = self.component(meeting);
        match component.kind {
            // A switch with named segments forwards within one, never from one to another.
            Kind::Switch => {
                component.segments.is_empty()
                    || meeting as usize >= self.plant.components().len()
                    || meeting == a
                    || meeting == b
            }
            Kind::Nic | Kind::Link => meeting == a || meeting == b,
            _ => true,
        }
    }

    /// As [`are_placed`](Self::are_placed) of all above a place.
    fn is_placed(&self, plane: PlaneId, x: Node) -> bool {
        let edges = &self.planes[plane.index()].edges;
        let mut at = x;
        // Most often the first few steps up are a single way to a switch; only else is all looked at.
        for _ in 0..8 {
            match edges[at as usize].as_slice() {
                _ if self.are_placed(&[at]) => return true,
                [] => return false,
                [one] => at = one.to,
                _ => break,
            }
        }
        self.are_placed(&self.above(plane, x))
    }

    /// True when something of the network is known about a place: there is a forwarder above it.
    fn are_placed(&self, above: &[Node]) -> bool {
        above.iter().any(|&node| {
            let kind = self.component(node).kind;
            kind.routes() || matches!(kind, Kind::Switch | Kind::Nic)
        })
    }

    /// A(x) when nothing has failed, sorted.
    fn above(&self, plane: PlaneId, x: Node) -> Vec<Node> {
        let edges = &self.planes[plane.index()].edges;
        let mut found = vec![x];
        let mut at = 0;
        while at < found.len() {
            for edge in &edges[found[at] as usize] {
                // The sets are small (a rack's way up); a scan beats hashing until they are not.
                if !found.contains(&edge.to) {
                    found.push(edge.to);
                }
            }
            at += 1;
        }
        found.sort_unstable();
        found
    }

    fn edges(&self, plane: PlaneId) -> Vec<Vec<Edge>> {
        let nodes = self.plant.components().len() + self.segments.len();
        let mut edges = vec![Vec::new(); nodes];
        for (node, own) in (0..).zip(edges.iter_mut()) {
            let segment = (node as usize)
                .checked_sub(self.plant.components().len())
                .map(|at| self.segments[at].1);
            if let Some(requirement) = towards_core(self.plant, plane, self.component_id(node)) {
                requirement.each_leaf(&mut |leaf| self.nodes_named(leaf, segment, own));
            }
        }
        for (link, at) in self.plant.components().iter().zip(0..) {
            let Some(between) = link.requirement(Role::Between) else { continue };
            let mut ends = Vec::new();
            between.each_leaf(&mut |leaf| self.nodes_named(leaf, None, &mut ends));
            for left in &ends {
                for right in &ends {
                    if left.to != right.to {
                        edges[left.to as usize]
                            .push(Edge { to: right.to, link: Some(ComponentId(at)) });
                    }
                }
            }
        }
        edges
    }

    /// The nodes a leaf leads to: the named segment; else the segment we come from where the target
    /// carries it; else the whole target (a trunk, when it has segments).
    fn nodes_named(&self, leaf: &Leaf, from: Option<SegmentId>, into: &mut Vec<Edge>) {
        let Target::Component(to) = leaf.target else { return };
        let mut push = |to: Node| {
            let edge = Edge { to, link: None };
            if !into.contains(&edge) {
                into.push(edge);
            }
        };
        if let Some(&node) = leaf.segment.and_then(|named| self.segment_nodes.get(&(to, named))) {
            return push(node);
        }
        if let Some(&node) = from.and_then(|from| self.segment_nodes.get(&(to, from))) {
            return push(node);
        }
        push(to.0);
        for segment in &self.plant.component(to).segments {
            push(self.segment_nodes[&(to, *segment)]);
        }
    }

    /// The longest prefix of the plant that an address is in.
    fn prefix_of(&self, address: IpAddr) -> Option<ComponentId> {
        let within = self.prefixes.iter().filter(|(_, block)| block.contains(address));
        within.max_by_key(|(_, block)| block.length).map(|(prefix, _)| *prefix)
    }

    /// Where the address of a component stands: that which is asked, its own first one, or that of the one
    /// machine it runs on.
    fn standing(&self, End { of, by }: End) -> Standing {
        if let Some(prefix) = by {
            return Standing::In(prefix);
        }
        let mut at = of;
        // The chain of machines is as high as `on` nests; the checker admits no cycle in it.
        loop {
            let component = self.plant.component(at);
            if let Some(requirement) = component.requirement(Role::Prefix) {
                let mut named = None;
                requirement.each_leaf(&mut |leaf| {
                    if let Target::Component(prefix) = leaf.target {
                        named.get_or_insert(prefix);
                    }
                });
                if let Some(prefix) = named {
                    return Standing::In(prefix);
                }
            }
            if let Some(Value::Addresses(addresses)) = component.attribute(Attribute::Address) {
                return match addresses.iter().find_map(|&address| self.prefix_of(address)) {
                    Some(prefix) => Standing::In(prefix),
                    // What runs on a machine with a private address may well be published by another.
                    None if at == of && addresses.iter().all(|&one| is_private(one)) => {
                        Standing::Private
                    }
                    None => Standing::Public,
                };
            }
            let Some(Requirement::One(leaf)) = component.requirement(Role::On) else {
                return Standing::Public;
            };
            let Target::Component(machine) = leaf.target else { return Standing::Public };
            at = machine;
        }
    }
}

/// RFC 1918, RFC 4193, RFC 3927, loopback: not routed on the internet.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

impl Plane {
    /// Orders the graph: Tarjan's strongly connected parts (SIAM J. Comput. 1(2), 1972), which come out
    /// with everything above a part before it. Iterative, for a plant may be as deep as it likes.
    fn of(edges: Vec<Vec<Edge>>) -> Self {
        const UNSEEN: u32 = u32::MAX;
        let count = edges.len();
        let (mut index, mut low) = (vec![UNSEEN; count], vec![0_u32; count]);
        let (mut order, mut group) = (vec![0; count], vec![UNSEEN; count]);
        let (mut stack, mut calls) = (Vec::new(), Vec::<(usize, usize)>::new());
        let (mut next_index, mut next_order, mut next_group) = (0, 0, 0);
        for root in 0..count {
            if index[root] != UNSEEN {
                continue;
            }
            calls.push((root, 0));
            while let Some(&mut (v, ref mut edge)) = calls.last_mut() {
                if *edge == 0 && index[v] == UNSEEN {
                    (index[v], low[v]) = (next_index, next_index);
                    next_index += 1;
                    stack.push(v);
                }
                if let Some(to) = edges[v].get(*edge).map(|edge| edge.to as usize) {
                    *edge += 1;
                    if index[to] == UNSEEN {
                        calls.push((to, 0));
                    } else if group[to] == UNSEEN {
                        low[v] = low[v].min(index[to]);
                    }
                    continue;
                }
                calls.pop();
                if let Some(&(parent, _)) = calls.last() {
                    low[parent] = low[parent].min(low[v]);
                }
                if low[v] == index[v] {
                    while let Some(member) = stack.pop() {
                        group[member] = next_group;
                        order[member] = next_order;
                        next_order += 1;
                        if member == v {
                            break;
                        }
                    }
                    next_group += 1;
                }
            }
        }
        Self { edges, order, group }
    }
}

/// Whether the packets of a check leave the place its vantage stands at: false for what is on the same
/// machine or in the same switch, for loopback addresses, and for what sends no packets.
#[must_use]
pub fn crosses_way_out(plant: &Plant, check: &Check, vantage: &Vantage) -> bool {
    let local = match check.question.host() {
        Some(Host::Address(address)) => address.is_loopback(),
        Some(Host::Name(name)) => name.eq_ignore_ascii_case("localhost"),
        // Where a plugin's packets go nobody knows: to its component, it is taken.
        None => check.question.kind() != CheckKind::Plugin,
    };
    !local && leaves_place(plant, check.component, check.plane, vantage)
}

/// Whether packets to a component leave the place a vantage stands at.
pub(crate) fn leaves_place(
    plant: &Plant,
    component: ComponentId,
    plane: PlaneId,
    vantage: &Vantage,
) -> bool {
    let Some(at) = vantage.at else { return true };
    if at == component {
        return false;
    }
    // Below the vantage's own place, nothing of its way out is crossed. Walked on the plant itself, for
    // this is asked before there is a circuit.
    let mut found = vec![component];
    let mut next = 0;
    while let Some(&component) = found.get(next) {
        next += 1;
        let Some(requirement) = towards_core(plant, plane, component) else { continue };
        let mut met = false;
        requirement.each_leaf(&mut |leaf| {
            let Target::Component(to) = leaf.target else { return };
            let apart = leaf.segment.is_some() && leaf.segment != vantage.segment;
            met |= to == at && !apart;
            if !found.contains(&to) {
                found.push(to);
            }
        });
        if met {
            return false;
        }
    }
    true
}

/// The requirement by which a component goes up: its network in this plane, for forwarders else that of
/// the front, and for what has none the machine it runs on.
fn towards_core(plant: &Plant, plane: PlaneId, of: ComponentId) -> Option<&Requirement> {
    let component = plant.component(of);
    let forwards = component.kind.routes() || component.kind == Kind::Switch;
    let front = if forwards { component.requirement(Role::Network(PlaneId::FRONT)) } else { None };
    let elsewhere = !forwards
        && component.requirements.iter().any(|(role, _)| matches!(role, Role::Network(_)));
    component
        .requirement(Role::Network(plane))
        .or(front)
        .or_else(|| if elsewhere { None } else { component.requirement(Role::On) })
}
