//! Static orders of a module's variables. No one of them is good for every tree; they are raced.
//!
//! Each is deterministic and near linear in the module. Tested by the trees that only some of them
//! can do.

use super::form::Literal;
use super::modules::Module;

/// How the leaves may be put in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Order {
    /// Depth first, arguments as they stand (Rauzy 1993).
    Depth,
    /// Depth first, smaller parts first.
    SmallFirst,
    /// Depth first, larger parts first.
    LargeFirst,
    /// Depth first, what is used most often first.
    SharedFirst,
    /// Depth first, events before gates.
    LeavesFirst,
    /// Depth first, gates before events.
    LeavesLast,
    /// Level by level from the top.
    Breadth,
    /// The heaviest leaf first, then what is then the heaviest of the rest: weight flows from the root and is
    /// divided among arguments (Minato, Ishiura and Yajima 1990).
    Weight,
    /// As [`Depth`](Self::Depth), then each leaf drawn to the middle of the gates that use it (FORCE: Aloul, Markov and
    /// Sakallah 2003).
    DepthForce,
    /// As [`Weight`](Self::Weight), then the same.
    WeightForce,
    /// As [`SmallFirst`](Self::SmallFirst), then the same.
    SmallForce,
    /// As [`LargeFirst`](Self::LargeFirst), then the same.
    LargeForce,
}

impl Order {
    /// All of them, in the order in which they are tried.
    pub(super) const ALL: [Self; 12] = [
        Self::Depth,
        Self::Weight,
        Self::SmallFirst,
        Self::SharedFirst,
        Self::DepthForce,
        Self::LargeFirst,
        Self::LeavesFirst,
        Self::LeavesLast,
        Self::WeightForce,
        Self::SmallForce,
        Self::LargeForce,
        Self::Breadth,
    ];

    /// The leaves of a module in this order.
    pub(super) fn of(self, module: &Module) -> Vec<u32> {
        match self {
            Self::Depth => depth_first(module, |_| 0),
            Self::SmallFirst => {
                let sizes = sizes(module);
                depth_first(module, |node| sizes[node as usize])
            }
            Self::LargeFirst => {
                let sizes = sizes(module);
                depth_first(module, |node| u64::MAX - sizes[node as usize])
            }
            Self::SharedFirst => {
                let uses = uses(module);
                depth_first(module, |node| u64::MAX - uses[node as usize])
            }
            Self::LeavesFirst => {
                depth_first(module, |node| u64::from(node as usize >= module.leaves.len()))
            }
            Self::LeavesLast => {
                depth_first(module, |node| u64::from((node as usize) < module.leaves.len()))
            }
            Self::Breadth => breadth_first(module),
            Self::Weight => weight_first(module),
            Self::DepthForce => forced(module, Self::Depth.of(module)),
            Self::WeightForce => forced(module, Self::Weight.of(module)),
            Self::SmallForce => forced(module, Self::SmallFirst.of(module)),
            Self::LargeForce => forced(module, Self::LargeFirst.of(module)),
        }
    }
}

/// Leaves as a depth-first walk meets them, arguments sorted by a key, equal ones as they stand.
fn depth_first(module: &Module, key: impl Fn(u32) -> u64) -> Vec<u32> {
    let leaves = module.leaves.len();
    let mut met = vec![false; leaves + module.gates.len()];
    let mut order = Vec::with_capacity(leaves);
    let mut open = vec![module.root >> 1];
    while let Some(node) = open.pop() {
        if std::mem::replace(&mut met[node as usize], true) {
            continue;
        }
        if (node as usize) < leaves {
            order.push(node);
            continue;
        }
        let from = open.len();
        open.extend(module.gate(node << 1).1.iter().map(|arg| arg >> 1));
        open[from..].sort_by_key(|&node| key(node));
        open[from..].reverse();
    }
    order
}

/// How many leaves are below each node, those met twice counted twice; saturating.
fn sizes(module: &Module) -> Vec<u64> {
    let mut sizes = vec![1_u64; module.leaves.len()];
    for (_, args) in &module.gates {
        let sum =
            args.iter().fold(0_u64, |sum, arg| sum.saturating_add(sizes[(arg >> 1) as usize]));
        sizes.push(sum);
    }
    sizes
}

/// How often each node is an argument.
fn uses(module: &Module) -> Vec<u64> {
    let mut uses = vec![0_u64; module.leaves.len() + module.gates.len()];
    for arg in module.gates.iter().flat_map(|(_, args)| args) {
        uses[(arg >> 1) as usize] += 1;
    }
    uses
}

fn breadth_first(module: &Module) -> Vec<u32> {
    let leaves = module.leaves.len();
    let mut met = vec![false; leaves + module.gates.len()];
    let mut order = Vec::with_capacity(leaves);
    let mut open = std::collections::VecDeque::from([module.root >> 1]);
    while let Some(node) = open.pop_front() {
        if std::mem::replace(&mut met[node as usize], true) {
            continue;
        }
        if (node as usize) < leaves {
            order.push(node);
        } else {
            open.extend(module.gate(node << 1).1.iter().map(|arg| arg >> 1));
        }
    }
    order
}

/// Leaves beyond which the heaviest is not sought again after each: it would take quadratic time.
const REWEIGHED_MAX: usize = 2_000;

fn weight_first(module: &Module) -> Vec<u32> {
    let leaves = module.leaves.len();
    let nodes = leaves + module.gates.len();
    // What still depends on a leaf that has no place yet.
    let mut open: Vec<usize> = module.gates.iter().map(|(_, args)| args.len()).collect();
    let mut users: Vec<Vec<u32>> = vec![Vec::new(); nodes];
    for (at, (_, args)) in (leaves..).zip(&module.gates) {
        for arg in args {
            users[(arg >> 1) as usize].push(u32::try_from(at).expect("a node"));
        }
    }
    let mut gone = vec![false; nodes];
    let mut order = Vec::with_capacity(leaves);
    let again = leaves <= REWEIGHED_MAX;
    while order.len() < leaves {
        let mut weight = vec![0.0_f64; nodes];
        weight[(module.root >> 1) as usize] = 1.0;
        for at in (leaves..nodes).rev() {
            if weight[at] > 0.0 && !gone[at] {
                let share = weight[at] / open[at - leaves] as f64;
                for arg in &module.gates[at - leaves].1 {
                    if !gone[(arg >> 1) as usize] {
                        weight[(arg >> 1) as usize] += share;
                    }
                }
            }
        }
        let mut left: Vec<u32> = (0..leaves as u32).filter(|&leaf| !gone[leaf as usize]).collect();
        left.sort_by(|&a, &b| weight[b as usize].total_cmp(&weight[a as usize]));
        left.truncate(if again { 1 } else { leaves });
        for leaf in left {
            order.push(leaf);
            // A gate all of whose arguments have their places has no weight to give.
            let mut finished = vec![leaf];
            while let Some(node) = finished.pop() {
                gone[node as usize] = true;
                for &user in &users[node as usize] {
                    let open = &mut open[user as usize - leaves];
                    *open -= 1;
                    if *open == 0 {
                        finished.push(user);
                    }
                }
            }
        }
    }
    order
}

/// Rounds of drawing leaves together. More change little (chosen by hand).
const ROUNDS_MAX: usize = 60;

/// Places given in all rounds together: some tenths of a second.
const PLACES_MAX: usize = 1_000_000;

/// Draws each leaf to the mean of the gates around it, until the edges are no longer shortened.
fn forced(module: &Module, start: Vec<u32>) -> Vec<u32> {
    let leaves = module.leaves.len();
    let nodes = leaves + module.gates.len();
    let mut place = vec![0.0_f64; nodes];
    for (at, &leaf) in start.iter().enumerate() {
        place[leaf as usize] = at as f64;
    }
    let args = |gate: usize| module.gates[gate].1.iter().map(|arg: &Literal| (arg >> 1) as usize);
    for gate in 0..module.gates.len() {
        let (sum, count) = args(gate).fold((0.0, 0.0), |(sum, n), arg| (sum + place[arg], n + 1.0));
        place[leaves + gate] = sum / count;
    }
    let span = |place: &[f64]| -> f64 {
        (0..module.gates.len())
            .map(|gate| {
                let ends = args(gate).chain([leaves + gate]).map(|node| place[node]);
                let (from, until) = ends
                    .fold((f64::MAX, f64::MIN), |(from, until), at| (from.min(at), until.max(at)));
                until - from
            })
            .sum()
    };
    let mut best = (span(&place), start);
    for _ in 0..(PLACES_MAX / nodes).clamp(2, ROUNDS_MAX) {
        let mut sum = vec![(0.0, 0.0); nodes];
        for gate in 0..module.gates.len() {
            let (total, count) = args(gate)
                .chain([leaves + gate])
                .fold((0.0, 0.0), |(total, n), node| (total + place[node], n + 1.0));
            for node in args(gate).chain([leaves + gate]) {
                sum[node].0 += total / count;
                sum[node].1 += 1.0;
            }
        }
        let mut by_place: Vec<(f64, u32)> = (0..nodes as u32)
            .map(|node| (sum[node as usize].0 / f64::max(1.0, sum[node as usize].1), node))
            .collect();
        by_place.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (at, &(_, node)) in by_place.iter().enumerate() {
            place[node as usize] = at as f64;
        }
        let now = span(&place);
        if now < best.0 {
            let order = by_place.iter().map(|&(_, node)| node);
            best = (now, order.filter(|&node| (node as usize) < leaves).collect());
        }
    }
    best.1
}
