//! Which lines there are: what is needed, to what needs it, through the borders of the boxes around them.
//!
//! A line that leaves a box does so through a *gate* in its border, one for each source and role (one for
//! all of a role where they would be too many), so that lines from one source run together and a person can
//! follow them inwards. What is needed stands above: where two boxes need each other, the lighter direction
//! goes upwards. Places are not ordered by what things in them need of each other. It knows no coordinates.

use super::Picture;
use super::tree::{ROOT, Tree, What};
use blackstart_model::kind::Kind;
use blackstart_model::plant::{Component, Role};
use blackstart_model::requirement::{Requirement, Target};
use blackstart_model::{ComponentId, Plant};
use std::collections::{BTreeMap, BTreeSet};

/// Gates of one role on one side of a box; beyond, they are one.
const GATES_MAX: usize = 5;

/// What a line stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Line {
    Power,
    Cooling,
    Network,
    Needs,
}

impl Line {
    pub(super) const ALL: [Self; 4] = [Self::Power, Self::Cooling, Self::Network, Self::Needs];

    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Cooling => "cooling",
            Self::Network => "network",
            Self::Needs => "needs",
        }
    }

    /// What a requirement in this role is drawn as.
    const fn of(role: Role) -> Option<Self> {
        match role {
            Role::Power => Some(Self::Power),
            Role::Cooling => Some(Self::Cooling),
            Role::Network(_) | Role::Between | Role::CarriedBy | Role::Prefix => {
                Some(Self::Network)
            }
            Role::In | Role::On | Role::Needs | Role::DegradedWithout | Role::Uses => {
                Some(Self::Needs)
            }
            Role::ToStart | Role::ManagedVia | Role::UsedFrom | Role::Covers => None,
        }
    }
}

/// Which way a line runs within one box.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Way {
    /// The source stands above.
    Down,
    /// The source stands below.
    Up,
    /// From below one to below another: between places, which do not stand above each other because of what
    /// is in them.
    Sideways,
}

/// What is known of the requirements that run in one line.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Strand {
    /// How many.
    pub(super) count: usize,
    /// At least one of them cannot be done without.
    pub(super) must: bool,
    /// It brings nothing: its source is out.
    pub(super) out: bool,
    /// It is a step of the witness.
    pub(super) witness: bool,
}

impl Strand {
    pub(super) fn join(&mut self, other: Self) {
        let Self { count, must, out, witness } = other;
        self.count += count;
        self.must |= must;
        self.out |= out;
        self.witness |= witness;
    }
}

/// A gate in the border of an open box.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Gate {
    pub(super) is_top: bool,
    line: Line,
    /// The source's box; `None` where all of a role share one.
    source: Option<usize>,
    leaves: bool,
}

/// An end of a line within one box.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum End {
    /// A box in it.
    Inner(usize),
    /// A gate of an open box in it.
    GateOf(usize, Gate),
    /// A gate of its own.
    Own(Gate),
}

/// A line within one box: from its source to all that need it here.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    pub(super) line: Line,
    pub(super) from: End,
    pub(super) to: BTreeMap<End, Strand>,
    pub(super) way: Way,
}

/// All lines, by the open box they run in.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) within: BTreeMap<usize, Vec<Wire>>,
    pub(super) gates: BTreeMap<usize, Vec<Gate>>,
}

/// One line from box to box.
struct Lead {
    from: usize,
    to: usize,
    line: Line,
    strand: Strand,
    /// The boxes around each end, from the inside outwards up to the box that holds both, exclusive.
    leaves: Vec<usize>,
    enters: Vec<usize>,
    /// The box that holds both.
    holder: usize,
}

impl Lines {
    pub(super) fn of(plant: &Plant, picture: &Picture<'_>, tree: &Tree) -> Self {
        let leads = leads(plant, picture, tree);
        let above = Above::of(plant, tree, &leads);
        // All gates that would be there, to know where they are too many.
        let mut sources: BTreeMap<(usize, Gate), BTreeSet<usize>> = BTreeMap::new();
        for lead in &leads {
            let sides = Sides::of(above.way(lead));
            for (boxes, is_top, leaves) in [
                (&lead.leaves, sides.leaves_at_top, true),
                (&lead.enters, sides.enters_at_top, false),
            ] {
                for &around in boxes {
                    let gate = Gate { is_top, line: lead.line, source: None, leaves };
                    sources.entry((around, gate)).or_default().insert(lead.from);
                }
            }
        }
        let gate = |around: usize, lead: &Lead, is_top: bool, leaves: bool| {
            let shared = Gate { is_top, line: lead.line, source: None, leaves };
            let few = sources.get(&(around, shared)).is_some_and(|all| all.len() <= GATES_MAX);
            Gate { source: few.then_some(lead.from), ..shared }
        };
        type Within = BTreeMap<(End, Line, Way), BTreeMap<End, Strand>>;
        let mut within: BTreeMap<usize, Within> = BTreeMap::new();
        let mut gates: BTreeMap<usize, BTreeSet<Gate>> = BTreeMap::new();
        for lead in &leads {
            let way = above.way(lead);
            let sides = Sides::of(way);
            let mut run = |holder: usize, from: End, to: End, way: Way| {
                let wires = within.entry(holder).or_default();
                let wire = wires.entry((from, lead.line, way)).or_default();
                wire.entry(to).or_default().join(lead.strand);
            };
            let mut from = End::Inner(lead.from);
            for &around in &lead.leaves {
                let gate = gate(around, lead, sides.leaves_at_top, true);
                gates.entry(around).or_default().insert(gate);
                run(
                    around,
                    from,
                    End::Own(gate),
                    if sides.leaves_at_top { Way::Up } else { Way::Down },
                );
                from = End::GateOf(around, gate);
            }
            let mut to = End::Inner(lead.to);
            for &around in &lead.enters {
                let gate = gate(around, lead, sides.enters_at_top, false);
                gates.entry(around).or_default().insert(gate);
                run(
                    around,
                    End::Own(gate),
                    to,
                    if sides.enters_at_top { Way::Down } else { Way::Up },
                );
                to = End::GateOf(around, gate);
            }
            run(lead.holder, from, to, way);
        }
        let wires = |wires: Within| {
            let wire = |((from, line, way), to)| Wire { line, from, to, way };
            wires.into_iter().map(wire).collect()
        };
        Self {
            within: within.into_iter().map(|(holder, all)| (holder, wires(all))).collect(),
            gates: gates
                .into_iter()
                .map(|(around, gates)| (around, gates.into_iter().collect()))
                .collect(),
        }
    }
}

/// All lines between boxes that are seen, several between the same two joined.
fn leads(plant: &Plant, picture: &Picture<'_>, tree: &Tree) -> Vec<Lead> {
    let steps: BTreeSet<(ComponentId, ComponentId)> =
        picture.witness.windows(2).map(|step| (step[0], step[1])).collect();
    let mut joined: BTreeMap<(usize, usize, Line), Strand> = BTreeMap::new();
    for (component, at) in plant.components().iter().zip(0..) {
        let needer = ComponentId(at);
        let Some(to) = tree.seen(needer) else { continue };
        each_line(component, &mut |line, needed, must| {
            let Some(from) = tree.seen(needed) else { return };
            // What stands in the other, the boxes tell.
            if tree.is_in(from, to) || tree.is_in(to, from) {
                return;
            }
            joined.entry((from, to, line)).or_default().join(Strand {
                count: 1,
                must,
                out: picture.mark(needed).is_out(),
                witness: steps.contains(&(needed, needer)),
            });
        });
    }
    joined
        .into_iter()
        .map(|((from, to, line), strand)| {
            let outwards = |from: usize| {
                let mut boxes = vec![tree.nodes[from].parent];
                while let Some(&around) = boxes.last().filter(|&&around| around != ROOT) {
                    boxes.push(tree.nodes[around].parent);
                }
                boxes
            };
            let (mut leaves, mut enters) = (outwards(from), outwards(to));
            let mut holder = ROOT;
            while let (Some(a), Some(b)) = (leaves.last(), enters.last()) {
                if a != b {
                    break;
                }
                holder = *a;
                leaves.pop();
                enters.pop();
            }
            Lead { from, to, line, strand, leaves, enters, holder }
        })
        .collect()
}

/// What a component needs in the roles that are drawn, each once.
pub(crate) fn needed(component: &Component) -> Vec<ComponentId> {
    let mut needed = Vec::new();
    each_line(component, &mut |_, id, _| needed.push(id));
    needed.sort_unstable();
    needed.dedup();
    needed
}

/// Calls `visit` with every line to a component: what it stands for, what is needed, and whether it cannot
/// be done without.
fn each_line(component: &Component, visit: &mut dyn FnMut(Line, ComponentId, bool)) {
    for (role, requirement) in &component.requirements {
        let Some(line) = Line::of(*role) else { continue };
        let mut musts = Vec::new();
        if *role != Role::DegradedWithout && *role != Role::Between {
            each_must(requirement, &mut |id| musts.push(id));
        }
        let mut all = Vec::new();
        requirement.each_leaf(&mut |leaf| {
            if let Target::Component(id) = leaf.target {
                all.push(id);
            }
        });
        all.sort_unstable();
        all.dedup();
        for id in all {
            visit(line, id, musts.contains(&id));
        }
    }
}

/// Calls `visit` with every component that a requirement cannot be met without. Two cords in one strip are
/// one strip.
fn each_must(requirement: &Requirement, visit: &mut dyn FnMut(ComponentId)) {
    match requirement {
        Requirement::One(leaf) => {
            if let Target::Component(id) = leaf.target {
                visit(id);
            }
        }
        Requirement::All(of) => of.iter().for_each(|part| each_must(part, visit)),
        Requirement::Any(of) | Requirement::AtLeast { of, .. } => {
            let spare = match requirement {
                Requirement::AtLeast { k, .. } => of.len().saturating_sub(*k as usize),
                Requirement::Any(_) | Requirement::One(_) | Requirement::All(_) => {
                    of.len().saturating_sub(1)
                }
            };
            // It takes the members with it that cannot do without it; more than are to spare.
            let mut takes: BTreeMap<ComponentId, usize> = BTreeMap::new();
            for part in of {
                let mut musts = Vec::new();
                each_must(part, &mut |id| musts.push(id));
                musts.sort_unstable();
                musts.dedup();
                for id in musts {
                    *takes.entry(id).or_default() += 1;
                }
            }
            takes.iter().filter(|&(_, &members)| members > spare).for_each(|(&id, _)| visit(id));
        }
    }
}

/// On which sides a line leaves the boxes around its source, and enters those around its end.
struct Sides {
    leaves_at_top: bool,
    enters_at_top: bool,
}

impl Sides {
    const fn of(way: Way) -> Self {
        match way {
            Way::Down => Self { leaves_at_top: false, enters_at_top: true },
            Way::Up => Self { leaves_at_top: true, enters_at_top: false },
            Way::Sideways => Self { leaves_at_top: false, enters_at_top: false },
        }
    }
}

/// Which of two boxes side by side stands above the other.
struct Above {
    /// Boxes that are places, by kind.
    places: BTreeMap<usize, Kind>,
    /// Place of a box in the order of its holder; sources before what needs them.
    place: BTreeMap<usize, usize>,
}

impl Above {
    fn of(plant: &Plant, tree: &Tree, leads: &[Lead]) -> Self {
        let mut places = BTreeMap::new();
        for (at, node) in tree.nodes.iter().enumerate() {
            let kind = match node.what {
                What::One(id) => plant.component(id).kind,
                What::Many { kind, .. } => kind,
                What::All => continue,
            };
            if matches!(kind, Kind::Site | Kind::Room | Kind::Rack) {
                places.insert(at, kind);
            }
        }
        let mut above = Self { places, place: BTreeMap::new() };
        let mut between: BTreeMap<usize, BTreeMap<(usize, usize), usize>> = BTreeMap::new();
        for lead in leads {
            let (a, b) = side_by_side(lead);
            if above.are_alike(a, b) {
                continue;
            }
            *between.entry(lead.holder).or_default().entry((a, b)).or_default() +=
                lead.strand.count;
        }
        for (holder, edges) in between {
            for (at, child) in
                in_order(&tree.nodes[holder].children, &edges).into_iter().enumerate()
            {
                above.place.insert(child, at);
            }
        }
        above
    }

    fn are_alike(&self, a: usize, b: usize) -> bool {
        self.places.get(&a).is_some_and(|kind| self.places.get(&b) == Some(kind))
    }

    fn way(&self, lead: &Lead) -> Way {
        let (a, b) = side_by_side(lead);
        if self.are_alike(a, b) {
            Way::Sideways
        } else if self.place.get(&a) > self.place.get(&b) {
            Way::Up
        } else {
            Way::Down
        }
    }
}

/// The boxes of the holder that the two ends are, or are in.
fn side_by_side(lead: &Lead) -> (usize, usize) {
    let outermost = |boxes: &[usize], own: usize| boxes.last().copied().unwrap_or(own);
    (outermost(&lead.leaves, lead.from), outermost(&lead.enters, lead.to))
}

/// The boxes so that few and light edges go backwards: what needs nothing first, what nothing needs last,
/// else the one that is needed most above what it needs (Eades, Lin, Smyth 1993).
fn in_order(boxes: &[usize], edges: &BTreeMap<(usize, usize), usize>) -> Vec<usize> {
    let at: BTreeMap<usize, usize> =
        boxes.iter().enumerate().map(|(at, &child)| (child, at)).collect();
    let mut out: Vec<Vec<(usize, usize)>> = vec![Vec::new(); boxes.len()];
    let mut into = out.clone();
    let mut weight = vec![(0_usize, 0_usize); boxes.len()];
    for (&(from, to), &count) in edges {
        let (Some(&from), Some(&to)) = (at.get(&from), at.get(&to)) else { continue };
        out[from].push((to, count));
        into[to].push((from, count));
        weight[from].0 += count;
        weight[to].1 += count;
    }
    let (mut first, mut last) = (Vec::new(), Vec::new());
    let mut left: BTreeSet<usize> = (0..boxes.len()).collect();
    let mut ready: Vec<usize> = (0..boxes.len()).rev().collect();
    while !left.is_empty() {
        // Only what has just lost an edge can have become free.
        let next = loop {
            let Some(next) = ready.pop() else {
                let strongest = left.iter().max_by_key(|&&child| {
                    let (out, into) = weight[child];
                    (
                        i64::try_from(out).unwrap_or(i64::MAX)
                            - i64::try_from(into).unwrap_or(i64::MAX),
                        std::cmp::Reverse(child),
                    )
                });
                break strongest.copied();
            };
            let (out, into) = weight[next];
            if left.contains(&next) && (out == 0 || into == 0) {
                break Some(next);
            }
        };
        let Some(next) = next else { break };
        left.remove(&next);
        if weight[next].1 == 0 || weight[next].0 > 0 {
            first.push(next)
        } else {
            last.push(next)
        }
        for &(to, count) in &out[next] {
            if left.contains(&to) {
                weight[to].1 -= count;
                ready.push(to);
            }
        }
        for &(from, count) in &into[next] {
            if left.contains(&from) {
                weight[from].0 -= count;
                ready.push(from);
            }
        }
    }
    first.extend(last.into_iter().rev());
    first.into_iter().map(|at| boxes[at]).collect()
}
