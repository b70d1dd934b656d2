//! What waits for itself: the shortest cycle, and the fewest things to change so that it starts.
//!
//! Among what is still dark when all that can start has started, a gate that is false points at the
//! children it lacks, and a component at what it requires and lacks. A strongly connected part of that
//! graph that lacks nothing outside itself is a cycle by itself; parts above it may only wait for it, so
//! they are looked at again once it is cut. Every cycle holds a leaf of `needs` or `to_start` (the checker
//! refuses all others), and these are what can be cut: let the thing start without, or give it another.
//!
//! Cuts are tried by size, each by chaining on from where the plant stands and taking it back. Because
//! the parts are cut one after another, and each must be cut by something of its own, the smallest cuts
//! of all parts together are the smallest of the plant. Tested in `tests`, and on drawn plants.

use super::chain::{Chain, Waiting};
use super::{Because, enough};
use crate::circuit::GateId;
use crate::circuit::starting::{Starting, Want};
use blackstart_model::plant::Role;
use blackstart_model::requirement::Target;
use blackstart_model::{ComponentId, Plant};
use std::collections::VecDeque;

/// Sets of cuts tried for one cycle before it is said that the smallest was not found (chosen by hand:
/// some milliseconds in a plant whose cycles unlock a hundred things each).
const CUTS_TRIED_MAX: usize = 5_000;

/// When cutting greedily, this many are compared for each cut (chosen by hand).
const COMPARED_MAX: usize = 64;

/// Cuts of one cycle, when cutting greedily; a knot that needs more is not untied by a list.
const CUTS_MAX: usize = 200;

/// Cuts of equal size that are told.
const ALTERNATIVES_MAX: usize = 5;

/// Gates walked in looking for the shortest cycle of one part (chosen by hand; some tens of milliseconds).
const WALKED_MAX: usize = 5_000_000;

/// Cycles behind cycles that are looked for: each costs a pass over what is dark.
const DEPTH_MAX: usize = 100;

/// Components that wait for each other.
#[derive(Clone, Debug)]
pub struct Cycle {
    /// Round the cycle: each requires the next, the last the first.
    pub edges: Vec<Edge>,
    /// True when no shorter one exists among these members.
    pub is_shortest: bool,
    /// All that waits for each other here, in the plant's order: the cycle and what is tied up with it.
    pub members: Vec<ComponentId>,
    /// Where to cut: sets of equal size, the best first.
    pub cuts: Vec<Vec<Cut>>,
    /// True when no smaller set will do.
    pub is_least: bool,
}

/// One component's lack of another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Edge {
    /// Who lacks it.
    pub from: ComponentId,
    /// In which role.
    pub role: Role,
    /// What it lacks.
    pub to: ComponentId,
    /// It is not itself required, but lies on the way to what is.
    pub on_the_way: bool,
}

/// A requirement to do without at the start: by letting the component start without it, or by giving it
/// another that is not in the cycle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cut {
    /// Whose.
    pub of: ComponentId,
    /// `needs` or `to_start`.
    pub role: Role,
    /// Of what.
    pub target: Target,
}

/// Starts all that can be, in no order worth telling.
pub(super) fn all_that_can(chain: &mut Chain<'_>, waiting: &Waiting, allowed: &[bool]) {
    let mut next: Vec<ComponentId> = (0..chain.starting().len())
        .map(|at| GateId::of(u32::try_from(at).expect("gates fit u32")))
        .filter(|&gate| chain.is(gate))
        .flat_map(|gate| waiting.on(gate).iter().copied())
        .collect();
    go_on(chain, waiting, allowed, &mut next);
}

/// The same, from what has just become true.
fn go_on(
    chain: &mut Chain<'_>,
    waiting: &Waiting,
    allowed: &[bool],
    next: &mut Vec<ComponentId>,
) -> usize {
    let mut started = 0;
    loop {
        for gate in chain.news() {
            next.extend(waiting.on(gate));
        }
        if next.is_empty() {
            return started;
        }
        for id in next.drain(..) {
            if allowed[id.index()] && !chain.is_up(id) {
                started += 1;
                chain.raise(Starting::is_up(id));
            }
        }
    }
}

/// Marks what is dark because of these sources, nearest source first; what is marked already is kept.
pub(super) fn behind(
    chain: &Chain<'_>,
    waiting: &Waiting,
    sources: impl Iterator<Item = (ComponentId, Because)>,
    because: &mut [Option<Because>],
) {
    let mut seen = vec![false; chain.starting().len()];
    let mut next = VecDeque::new();
    for (id, why) in sources {
        if !chain.is_up(id) {
            because[id.index()].get_or_insert(why);
            next.push_back((Starting::is_up(id), why));
        }
    }
    while let Some((gate, why)) = next.pop_front() {
        if chain.is(gate) || std::mem::replace(&mut seen[gate.index()], true) {
            continue;
        }
        for &id in waiting.on(gate) {
            because[id.index()].get_or_insert(why);
            next.push_back((Starting::is_up(id), why));
        }
        next.extend(chain.above(gate).iter().map(|&above| (above, why)));
    }
}

/// Every cycle among what is dark; in the end all of them are cut and what they held up is up.
pub(super) fn find(
    plant: &Plant,
    chain: &mut Chain<'_>,
    waiting: &Waiting,
    allowed: &[bool],
) -> Vec<Cycle> {
    let mut found = Vec::new();
    let mut search = Search::of(chain.starting());
    for _ in 0..DEPTH_MAX {
        let graph = Lacks::of(plant, chain, allowed);
        let parts = graph.closed_parts();
        if parts.is_empty() {
            break;
        }
        for part in parts {
            let cycle = graph.cycle(part, &mut search, chain, waiting, allowed);
            let cut: Vec<Cut> = cycle.cuts.first().cloned().unwrap_or_default();
            let wants = chain.starting().wants();
            let gates: Vec<GateId> = wants
                .iter()
                .filter(|want| cut.contains(&as_cut(want)))
                .map(|want| want.gate)
                .collect();
            found.push((cycle, gates));
        }
        let from = found.len();
        let mut cut_any = false;
        for (_, gates) in &found[..from] {
            for &gate in gates {
                cut_any |= !chain.is(gate);
                chain.raise(gate);
            }
        }
        go_on(chain, waiting, allowed, &mut Vec::new());
        if !cut_any {
            break;
        }
    }
    found.into_iter().map(|(cycle, _)| cycle).collect()
}

const fn as_cut(want: &Want) -> Cut {
    Cut { of: want.of, role: want.role, target: want.target }
}

/// The graph of what lacks what, among what is dark.
struct Lacks<'a> {
    plant: &'a Plant,
    starting: &'a Starting,
    dark: Vec<bool>,
    /// Strongly connected part of each dark gate.
    part: Vec<u32>,
    members: Vec<Vec<GateId>>,
}

const NONE: u32 = u32::MAX;

/// A breadth-first search, kept from one to the next: clearing all of it would cost the plant each time.
struct Search {
    from: Vec<GateId>,
    far: Vec<u32>,
    touched: Vec<GateId>,
}

impl Search {
    fn of(starting: &Starting) -> Self {
        Self {
            from: vec![GateId::of(0); starting.len()],
            far: vec![NONE; starting.len()],
            touched: Vec::new(),
        }
    }
}

impl<'a> Lacks<'a> {
    fn of(plant: &'a Plant, chain: &Chain<'a>, allowed: &[bool]) -> Self {
        let starting = chain.starting();
        let dark: Vec<bool> = (0..starting.len())
            .map(|at| !chain.is(GateId::of(u32::try_from(at).expect("gates fit u32"))))
            .collect();
        let mut this =
            Self { plant, starting, dark, part: vec![NONE; starting.len()], members: Vec::new() };
        this.connect(allowed);
        this
    }

    /// What a dark gate lacks.
    fn lacked(&self, gate: GateId, into: &mut Vec<GateId>) {
        into.clear();
        match self.starting.component(gate) {
            Some(id) => into.push(enough(self.plant, self.starting, id)),
            None => into.extend_from_slice(self.starting.children(gate)),
        }
        into.retain(|child| self.dark[child.index()]);
    }

    /// Tarjan's strongly connected parts (SIAM J. Comput. 1(2), 1972), iteratively.
    fn connect(&mut self, allowed: &[bool]) {
        let count = self.starting.len();
        let (mut index, mut low) = (vec![NONE; count], vec![0_u32; count]);
        let mut stack: Vec<GateId> = Vec::new();
        let mut calls: Vec<(GateId, Vec<GateId>)> = Vec::new();
        let mut next = 0;
        for (root, &allowed) in allowed.iter().enumerate() {
            let root = GateId::of(u32::try_from(root).expect("components fit u32"));
            if !allowed || !self.dark[root.index()] || index[root.index()] != NONE {
                continue;
            }
            let mut enter = root;
            'entered: loop {
                (index[enter.index()], low[enter.index()]) = (next, next);
                next += 1;
                stack.push(enter);
                let mut lacked = Vec::new();
                self.lacked(enter, &mut lacked);
                calls.push((enter, lacked));
                while let Some((gate, lacked)) = calls.last_mut() {
                    let gate = *gate;
                    if let Some(to) = lacked.pop() {
                        if index[to.index()] == NONE {
                            enter = to;
                            continue 'entered;
                        }
                        if self.part[to.index()] == NONE {
                            low[gate.index()] = low[gate.index()].min(index[to.index()]);
                        }
                        continue;
                    }
                    calls.pop();
                    if let Some((parent, _)) = calls.last() {
                        low[parent.index()] = low[parent.index()].min(low[gate.index()]);
                    }
                    if low[gate.index()] == index[gate.index()] {
                        let part = u32::try_from(self.members.len()).expect("parts fit u32");
                        let mut members = Vec::new();
                        while let Some(member) = stack.pop() {
                            self.part[member.index()] = part;
                            members.push(member);
                            if member == gate {
                                break;
                            }
                        }
                        members.sort_unstable();
                        self.members.push(members);
                    }
                }
                break;
            }
        }
    }

    /// The parts that lack nothing outside themselves, in the order of their first component.
    fn closed_parts(&self) -> Vec<u32> {
        let mut closed = Vec::new();
        let mut lacked = Vec::new();
        for (part, members) in (0..).zip(&self.members) {
            // A part of one gate that does not lack itself lacks another, or nothing that is a cycle.
            let mut inside = 0;
            let mut outside = 0;
            for &gate in members {
                self.lacked(gate, &mut lacked);
                for child in &lacked {
                    if self.part[child.index()] == part {
                        inside += 1;
                    } else {
                        outside += 1;
                    }
                }
            }
            if inside > 0 && outside == 0 {
                closed.push(part);
            }
        }
        closed.sort_by_key(|&part| self.members[part as usize][0]);
        closed
    }

    fn cycle(
        &self,
        part: u32,
        search: &mut Search,
        chain: &mut Chain<'_>,
        waiting: &Waiting,
        allowed: &[bool],
    ) -> Cycle {
        let members: Vec<ComponentId> = self.members[part as usize]
            .iter()
            .filter_map(|&gate| self.starting.component(gate))
            .collect();
        let (edges, is_shortest) = self.shortest(part, &members, search);
        let (cuts, is_least) = self.cuts(part, &members, chain, waiting, allowed);
        Cycle { edges, is_shortest, members, cuts, is_least }
    }

    /// The cycle through the fewest components: from each a breadth-first search in which only steps
    /// into a component count, bounded by the best so far.
    fn shortest(
        &self,
        part: u32,
        members: &[ComponentId],
        search: &mut Search,
    ) -> (Vec<Edge>, bool) {
        let mut best: Option<Vec<GateId>> = None;
        let mut components = usize::MAX;
        let mut walked = 0;
        let Search { from, far, touched } = search;
        let mut lacked = Vec::new();
        for &member in members {
            if walked > WALKED_MAX && best.is_some() {
                break;
            }
            for gate in touched.drain(..) {
                far[gate.index()] = NONE;
            }
            let root = Starting::is_up(member);
            far[root.index()] = 0;
            touched.push(root);
            let mut next = VecDeque::from([root]);
            'search: while let Some(gate) = next.pop_front() {
                walked += 1;
                let own = far[gate.index()];
                self.lacked(gate, &mut lacked);
                for &child in &lacked {
                    if self.part[child.index()] != part {
                        continue;
                    }
                    let into = u32::from(self.starting.component(child).is_some());
                    if (own + into) as usize >= components {
                        continue;
                    }
                    if child == root {
                        let mut path = vec![gate];
                        while let Some(&last) = path.last().filter(|&&last| last != root) {
                            path.push(from[last.index()]);
                        }
                        path.reverse();
                        components = (own + 1) as usize;
                        best = Some(path);
                        break 'search;
                    }
                    if far[child.index()] > own + into {
                        if far[child.index()] == NONE {
                            touched.push(child);
                        }
                        far[child.index()] = own + into;
                        from[child.index()] = gate;
                        if into == 0 {
                            next.push_front(child);
                        } else {
                            next.push_back(child);
                        }
                    }
                }
            }
            if components == 1 {
                break;
            }
        }
        for gate in touched.drain(..) {
            far[gate.index()] = NONE;
        }
        let is_shortest = walked <= WALKED_MAX || components == 1;
        (self.edges(best.unwrap_or_default()), is_shortest)
    }

    /// A closed walk over gates, beginning at a component, as edges between components.
    fn edges(&self, path: Vec<GateId>) -> Vec<Edge> {
        let Some(&first) = path.first() else { return Vec::new() };
        let mut edges = Vec::new();
        let mut at = 0;
        while at < path.len() {
            let end = (at + 1..path.len())
                .find(|&next| self.starting.component(path[next]).is_some())
                .unwrap_or(path.len());
            let to = path.get(end).copied().unwrap_or(first);
            if let (Some(from), Some(to)) =
                (self.starting.component(path[at]), self.starting.component(to))
            {
                let between: Vec<GateId> =
                    path[at + 1..end].iter().copied().chain([Starting::is_up(to)]).collect();
                edges.push(self.edge(from, to, &between));
            }
            at = end;
        }
        edges
    }

    /// In which role `from` lacks `to`, when the search came there by these gates.
    fn edge(&self, from: ComponentId, to: ComponentId, between: &[GateId]) -> Edge {
        let names = |role: Role| {
            let mut named = false;
            if let Some(requirement) = self.plant.component(from).requirement(role) {
                requirement.each_leaf(&mut |leaf| named |= leaf.target == Target::Component(to));
            }
            named
        };
        let crossed = self
            .starting
            .parts(from)
            .iter()
            .filter(|part| self.dark[part.gate.index()] && self.leads(part.gate, between));
        let mut way = None;
        for part in crossed {
            if names(part.role) {
                return Edge { from, role: part.role, to, on_the_way: false };
            }
            way.get_or_insert(part.role);
        }
        Edge { from, role: way.unwrap_or(Role::Needs), to, on_the_way: true }
    }

    /// Whether a role's gate is one of these, or has one of them among what it lacks.
    fn leads(&self, part: GateId, between: &[GateId]) -> bool {
        let mut next = vec![part];
        let mut seen = Vec::new();
        while let Some(gate) = next.pop() {
            if between.contains(&gate) {
                return true;
            }
            if self.starting.component(gate).is_none() && !seen.contains(&gate) {
                seen.push(gate);
                next.extend(
                    self.starting.children(gate).iter().filter(|child| self.dark[child.index()]),
                );
            }
        }
        false
    }

    /// The smallest sets of wants without which all members start, and whether none is smaller.
    fn cuts(
        &self,
        part: u32,
        members: &[ComponentId],
        chain: &mut Chain<'_>,
        waiting: &Waiting,
        allowed: &[bool],
    ) -> (Vec<Vec<Cut>>, bool) {
        let all = self.starting.wants();
        // One that stands twice in a requirement is one thing to change.
        let mut wants: Vec<(Cut, Vec<GateId>)> = Vec::new();
        for &member in members {
            let first = all.partition_point(|want| want.of < member);
            let own = all[first..].iter().take_while(|want| want.of == member);
            let begin = wants.len();
            for want in own.filter(|want| self.part[want.gate.index()] == part) {
                match wants[begin..].iter_mut().find(|(cut, _)| *cut == as_cut(want)) {
                    Some((_, gates)) => gates.push(want.gate),
                    None => wants.push((as_cut(want), vec![want.gate])),
                }
            }
        }
        // What is needed only to start is easier to do without than what is needed always.
        wants.sort_by_key(|(cut, _)| (cut.role != Role::ToStart, cut.of, cut.target));
        let starts = |set: &[usize], chain: &mut Chain<'_>| {
            chain.trying(|chain| {
                for &gate in set.iter().flat_map(|&at| &wants[at].1) {
                    chain.raise(gate);
                }
                let started = go_on(chain, waiting, allowed, &mut Vec::new());
                (members.iter().all(|&id| chain.is_up(id)), started)
            })
        };
        let told = |sets: &[Vec<usize>]| {
            sets.iter().map(|set| set.iter().map(|&at| wants[at].0).collect()).collect()
        };
        let mut tried = 0;
        for size in 1..=wants.len() {
            let mut good = Vec::new();
            let mut set: Vec<usize> = (0..size).collect();
            loop {
                tried += 1;
                if starts(&set, chain).0 {
                    good.push(set.clone());
                }
                let enough = good.len() == ALTERNATIVES_MAX || tried > CUTS_TRIED_MAX;
                if enough || !next_set(&mut set, wants.len()) {
                    break;
                }
            }
            if !good.is_empty() {
                return (told(&good), true);
            }
            if tried > CUTS_TRIED_MAX {
                break;
            }
        }
        // Greedily: each time the one that starts most.
        let mut set: Vec<usize> = Vec::new();
        while set.len() < wants.len().min(CUTS_MAX) {
            let mut best: Option<(usize, usize)> = None;
            let open = (0..wants.len()).filter(|at| !set.contains(at));
            for at in open.take(COMPARED_MAX).collect::<Vec<_>>() {
                set.push(at);
                let (all, started) = starts(&set, chain);
                if all {
                    return (told(&[set]), false);
                }
                set.pop();
                if best.is_none_or(|(most, _)| started > most) {
                    best = Some((started, at));
                }
            }
            let Some((_, at)) = best else { break };
            set.push(at);
        }
        (Vec::new(), false)
    }
}

/// The next set of places below `of`, in lexicographic order; false after the last.
fn next_set(set: &mut [usize], of: usize) -> bool {
    let size = set.len();
    let Some(at) = (0..size).rev().find(|&at| set[at] + size - at < of) else { return false };
    set[at] += 1;
    for later in at + 1..size {
        set[later] = set[later - 1] + 1;
    }
    true
}
