//! Which boxes there are, what stands in which, and which of them are open.
//!
//! A component stands in the machine it runs on, else in the place that contains it; what may run on any of
//! several stands in the smallest box around them all. Where one box has many, those of a kind stand in a
//! box of their own. Boxes open from the outside inwards while there is room on the page; who asks for one to
//! be open or closed gets it. It knows no coordinates.

use super::{Mark, Picture};
use blackstart_model::kind::Kind;
use blackstart_model::plant::{Component, Role};
use blackstart_model::requirement::{Requirement, Target};
use blackstart_model::{ComponentId, Plant};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Boxes within boxes; what stands deeper stands beside what it is in. Chosen by looking.
const DEPTH_MAX: usize = 8;

/// Boxes in one box from which on those of a kind are put together, and how many of a kind that takes.
const MANY: usize = 24;
const MANY_OF_A_KIND: usize = 9;

/// More of a kind than a person wants to see at once: they are put together in parts.
const PART: usize = 100;

/// Boxes drawn when nobody asks for more: about what a page can be read with. Chosen by looking.
const BOXES_BY_THEMSELVES: usize = 110;

/// More of a kind than this open only when somebody asks.
const MANY_BY_THEMSELVES: usize = 40;

/// Boxes drawn at most. A browser shows so many without effort; nobody reads more.
const BOXES_MAX: usize = 3_000;

/// What a box is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// The drawing itself.
    All,
    /// A component.
    One(ComponentId),
    /// Several of a kind, for want of room: from the first to the last of them.
    Many { kind: Kind, count: usize, first: ComponentId, last: ComponentId },
}

/// A box.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) what: What,
    pub(super) parent: usize,
    pub(super) children: Vec<usize>,
    pub(super) depth: usize,
    pub(super) token: String,
    /// Components in it, itself not counted.
    pub(super) inside: usize,
    /// Components in it that the question leaves out.
    pub(super) left_out: usize,
    /// How many of those inside, and of itself, stand how; by [`Mark`].
    pub(super) marks: [usize; Mark::ALL.len()],
    pub(super) is_open: bool,
    pub(super) is_visible: bool,
}

impl Node {
    fn new(what: What, parent: usize, token: String) -> Self {
        Self {
            what,
            parent,
            children: Vec::new(),
            depth: 0,
            token,
            inside: 0,
            left_out: 0,
            marks: [0; Mark::ALL.len()],
            is_open: false,
            is_visible: false,
        }
    }

    /// How the worst of it stands.
    pub(super) fn worst(&self) -> Mark {
        let worst = Mark::ALL.into_iter().find(|&mark| self.marks[mark as usize] > 0);
        worst.unwrap_or(Mark::Plain)
    }
}

/// All boxes; the first is the drawing itself.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
    /// The box of each component; `None` where it is left out.
    of: Vec<Option<usize>>,
    pub(super) not_opened: Vec<String>,
}

/// The drawing itself.
pub(super) const ROOT: usize = 0;

impl Tree {
    pub(super) fn of(plant: &Plant, picture: &Picture<'_>) -> Self {
        let around = around(plant);
        let kept = kept(&around, picture.only.as_deref());
        let mut nodes = vec![Node::new(What::All, ROOT, String::new())];
        let mut of = vec![None; around.len()];
        for (component, at) in plant.components().iter().zip(0_u32..) {
            if kept[at as usize] {
                of[at as usize] = Some(nodes.len());
                let what = What::One(ComponentId(at));
                nodes.push(Node::new(what, ROOT, component.name.to_string()));
            }
        }
        for (at, node) in of.iter().enumerate() {
            let mut place = around[at];
            while let Some(next) = place.filter(|next| of[next.index()].is_none()) {
                place = around[next.index()];
            }
            let parent = place.and_then(|place| of[place.index()]).unwrap_or(ROOT);
            match node {
                Some(node) => {
                    nodes[*node].parent = parent;
                    nodes[parent].children.push(*node);
                }
                None => nodes[parent].left_out += 1,
            }
        }
        let mut tree = Self { nodes, of, not_opened: Vec::new() };
        tree.put_together(plant);
        tree.count(plant, picture);
        tree.open(plant, picture);
        tree
    }

    /// The box that stands for a component: its own, or the closed one around it.
    pub(super) fn seen(&self, component: ComponentId) -> Option<usize> {
        let mut node = self.of[component.index()]?;
        while !self.nodes[node].is_visible {
            node = self.nodes[node].parent;
        }
        Some(node)
    }

    /// Components with a box of their own.
    pub(super) fn drawn(&self) -> usize {
        let one = |node: &&Node| node.is_visible && matches!(node.what, What::One(_));
        self.nodes.iter().filter(one).count()
    }

    /// Components counted in a closed box.
    pub(super) fn inside(&self) -> usize {
        let closed = self.nodes.iter().filter(|node| node.is_visible && !node.is_open);
        closed.map(|node| node.inside).sum()
    }

    pub(super) fn left_out(&self) -> usize {
        self.of.iter().filter(|node| node.is_none()).count()
    }

    /// True when `inner` is `outer` or stands in it.
    pub(super) fn is_in(&self, mut inner: usize, outer: usize) -> bool {
        while self.nodes[inner].depth > self.nodes[outer].depth {
            inner = self.nodes[inner].parent;
        }
        inner == outer
    }

    /// Boxes from the outside inwards.
    fn outside_in(&self) -> Vec<usize> {
        let mut order = vec![ROOT];
        let mut at = 0;
        while at < order.len() {
            order.extend(&self.nodes[order[at]].children);
            at += 1;
        }
        order
    }

    /// Puts those of a kind together where a box has many.
    fn put_together(&mut self, plant: &Plant) {
        for parent in 0..self.nodes.len() {
            if self.nodes[parent].children.len() <= MANY {
                continue;
            }
            let mut kinds: BTreeMap<Kind, Vec<(usize, ComponentId)>> = BTreeMap::new();
            for &child in &self.nodes[parent].children {
                if let What::One(id) = self.nodes[child].what {
                    kinds.entry(plant.component(id).kind).or_default().push((child, id));
                }
            }
            let mut children = Vec::new();
            for (kind, members) in kinds {
                if members.len() < MANY_OF_A_KIND {
                    children.extend(members.iter().map(|&(child, _)| child));
                } else {
                    let token = format!("{}:{}", self.nodes[parent].token, kind.section());
                    children.push(self.together(parent, kind, &members, token));
                }
            }
            self.nodes[parent].children = children;
        }
    }

    /// A box for these; very many are put into parts, as many as each part has members.
    fn together(
        &mut self,
        parent: usize,
        kind: Kind,
        members: &[(usize, ComponentId)],
        token: String,
    ) -> usize {
        let (Some(&(_, first)), Some(&(_, last))) = (members.first(), members.last()) else {
            return parent;
        };
        let node = self.nodes.len();
        let what = What::Many { kind, count: members.len(), first, last };
        self.nodes.push(Node::new(what, parent, token.clone()));
        let children: Vec<usize> = if members.len() <= PART {
            members.iter().map(|&(child, _)| child).collect()
        } else {
            let size = members.len().isqrt().max(PART / 2);
            let parts = members.chunks(size).zip(1..);
            parts
                .map(|(part, at)| self.together(node, kind, part, format!("{token}/{at}")))
                .collect()
        };
        for &child in &children {
            self.nodes[child].parent = node;
        }
        self.nodes[node].children = children;
        node
    }

    fn count(&mut self, plant: &Plant, picture: &Picture<'_>) {
        let order = self.outside_in();
        for &node in &order[1..] {
            self.nodes[node].depth = self.nodes[self.nodes[node].parent].depth + 1;
        }
        for &node in order.iter().rev() {
            let own = match self.nodes[node].what {
                What::One(id) => {
                    self.nodes[node].marks[picture.mark(id) as usize] += 1;
                    1
                }
                What::All | What::Many { .. } => 0,
            };
            if node != ROOT {
                let Node { parent, inside, marks, .. } = self.nodes[node];
                self.nodes[parent].inside += inside + own;
                for (all, own) in self.nodes[parent].marks.iter_mut().zip(marks) {
                    *all += own;
                }
            }
        }
        debug_assert!(self.nodes[ROOT].inside <= plant.components().len());
    }

    /// Decides which boxes are open.
    fn open(&mut self, plant: &Plant, picture: &Picture<'_>) {
        let order = self.outside_in();
        let named: HashMap<&str, usize> =
            order.iter().map(|&node| (self.nodes[node].token.as_str(), node)).collect();
        let mut asked = BTreeSet::new();
        let mut not_opened = Vec::new();
        for token in &picture.open {
            match named.get(token.as_str()) {
                Some(&node) if node != ROOT => {
                    let mut node = node;
                    while node != ROOT {
                        asked.insert(node);
                        node = self.nodes[node].parent;
                    }
                }
                Some(_) | None => not_opened.push(token.clone()),
            }
        }
        let closed: BTreeSet<usize> =
            picture.closed.iter().filter_map(|token| named.get(token.as_str()).copied()).collect();
        // By themselves first, so that what one opens besides does not close anything else. Those of a kind
        // equally far inside open together or not at all; many of a kind when all else has had its turn.
        self.nodes[ROOT].is_open = true;
        let mut shown = self.nodes[ROOT].children.len();
        let mut peers: BTreeMap<(bool, usize, Option<Kind>, usize), Vec<usize>> = BTreeMap::new();
        for &node in order.iter().filter(|&&node| node != ROOT) {
            let Node { what, depth, .. } = self.nodes[node];
            let key = match what {
                What::One(id) => (false, depth, Some(plant.component(id).kind), 0),
                What::Many { .. } | What::All => (true, depth, None, node),
            };
            let few = match what {
                What::One(_) | What::All => true,
                What::Many { count, .. } => count <= MANY_BY_THEMSELVES,
            };
            if few && !self.nodes[node].children.is_empty() {
                peers.entry(key).or_default().push(node);
            }
        }
        for peers in peers.values() {
            let seen = |node: &&usize| self.nodes[self.nodes[**node].parent].is_open;
            let peers: Vec<usize> = peers.iter().filter(seen).copied().collect();
            let more: usize = peers.iter().map(|&node| self.nodes[node].children.len()).sum();
            if shown + more <= BOXES_BY_THEMSELVES {
                shown += more;
                peers.iter().for_each(|&node| self.nodes[node].is_open = true);
            }
        }
        for &node in &order {
            if asked.contains(&node) && !self.nodes[node].is_open {
                let room = shown + self.nodes[node].children.len() <= BOXES_MAX;
                if room && !self.nodes[node].children.is_empty() {
                    self.nodes[node].is_open = true;
                    shown += self.nodes[node].children.len();
                } else if !room {
                    not_opened.push(self.nodes[node].token.clone());
                }
            }
            if closed.contains(&node) && node != ROOT {
                self.nodes[node].is_open = false;
            }
        }
        self.nodes[ROOT].is_visible = true;
        for &node in &order[1..] {
            let around = &self.nodes[self.nodes[node].parent];
            self.nodes[node].is_visible = around.is_visible && around.is_open;
            self.nodes[node].is_open &= self.nodes[node].is_visible;
        }
        self.not_opened = not_opened;
    }
}

/// What each component stands in, no deeper than [`DEPTH_MAX`].
fn around(plant: &Plant) -> Vec<Option<ComponentId>> {
    let all = plant.components();
    let mut around: Vec<Option<ComponentId>> = all.iter().map(machine_or_place).collect();
    // Those on any of several: the smallest box around them all. What something stands on never stands
    // in it, so no circle can come of it.
    for (component, at) in all.iter().zip(0..) {
        if let Some(on) = component.requirement(Role::On).filter(|_| around[at].is_none()) {
            let mut common: Option<Vec<ComponentId>> = None;
            on.each_leaf(&mut |leaf| {
                if let Target::Component(target) = leaf.target {
                    let ways = ways_out(&around, target);
                    common = Some(match common.take() {
                        None => ways,
                        Some(before) => before.into_iter().filter(|on| ways.contains(on)).collect(),
                    });
                }
            });
            around[at] = common.and_then(|common| common.first().copied());
        }
    }
    // Deeper than a page can show: beside what it is in.
    let mut depth: Vec<Option<usize>> = vec![None; all.len()];
    for at in 0..all.len() {
        let mut way = vec![at];
        while let Some(next) =
            around[way[way.len() - 1]].filter(|_| depth[way[way.len() - 1]].is_none())
        {
            way.push(next.index());
        }
        while let Some(at) = way.pop() {
            depth[at] = depth[at].or(Some(match around[at] {
                None => 0,
                Some(outer) => {
                    let outer_depth = depth[outer.index()].unwrap_or(0);
                    if outer_depth >= DEPTH_MAX {
                        around[at] = around[outer.index()];
                    }
                    (outer_depth + 1).min(DEPTH_MAX)
                }
            }));
        }
    }
    around
}

/// How far outwards one looks for a box around several. Places are never nested so deep.
const WAYS_MAX: usize = 64;

/// A component and what it stands in, from the inside outwards.
fn ways_out(around: &[Option<ComponentId>], from: ComponentId) -> Vec<ComponentId> {
    let mut ways = vec![from];
    while let Some(next) = around[ways[ways.len() - 1].index()].filter(|_| ways.len() < WAYS_MAX) {
        ways.push(next);
    }
    ways
}

/// The one machine a component runs on, else the one place it is in.
fn machine_or_place(component: &Component) -> Option<ComponentId> {
    let one = |role| match component.requirement(role) {
        Some(Requirement::One(leaf)) => match leaf.target {
            Target::Component(id) => Some(id),
            Target::Internet => None,
        },
        Some(Requirement::All(_) | Requirement::Any(_) | Requirement::AtLeast { .. }) | None => {
            None
        }
    };
    let strip = if component.kind == Kind::Outlet { one(Role::Power) } else { None };
    one(Role::On).or(strip).or_else(|| one(Role::In))
}

/// Which components have a box: those asked for, and what they stand in.
fn kept(around: &[Option<ComponentId>], only: Option<&[bool]>) -> Vec<bool> {
    let Some(only) = only else { return vec![true; around.len()] };
    let mut kept = vec![false; around.len()];
    for at in 0..around.len() {
        if only.get(at).copied().unwrap_or(false) {
            let mut next = Some(at);
            while let Some(at) = next.filter(|&at| !kept[at]) {
                kept[at] = true;
                next = around[at].map(ComponentId::index);
            }
        }
    }
    kept
}
