//! One module after the other: its diagram by the order that gets there first, then its sets.
//!
//! Orders are raced under budgets that grow fourfold. All of them build the same gates one after the
//! other, so after each round it is seen who came farthest; the others follow a round or two behind, on
//! less. What is beyond the limits is cut off by order, and what is then still whole is said. Tested
//! through the answers.

use super::bdd::{Bdd, Edge, FALSE, TRUE};
use super::form::Kind;
use super::modules::{self, Leaf, Module};
use super::orders::Order;
use super::table::{Node, Purse, Spent};
use super::tally::{Orders, Part, Tally};
use super::zbdd::{BASE, Family, NONE, Zbdd};
use super::{Limits, Progress, Question, Wanted, natural::Natural};
use std::collections::HashMap;
use std::rc::Rc;

/// Steps of each order in the first round of the race.
const FIRST_ROUND: u64 = 4_000;

/// What every module may take however much the others took.
const STEPS_MIN: u64 = 100_000;

/// Budgets up to which all orders run alike, and up to which half of them do (chosen by hand).
const TOGETHER: u64 = 64_000;
const HALVED: u64 = 1_024_000;

/// Steps for prime implicants that were not asked for. There can be thousands of millions of them, which
/// tell nobody anything; then the answer is the minimal cut sets.
const PRIMES_STEPS_MAX: u64 = 200_000;

/// What the count of one order takes, beside a node: a number that may be long.
const DIGITS: usize = 4;

/// Steps that a node takes at most, by experience: when a budget is so much larger than the nodes, it is
/// the nodes that do not suffice.
const STEPS_PER_NODE: u64 = 64;

/// A module's diagram.
#[derive(Debug)]
pub(super) struct Diagram {
    /// Children before parents; node 0 is the constant.
    pub(super) nodes: Vec<Node>,
    pub(super) root: Edge,
}

/// A module's sets.
#[derive(Debug)]
pub(super) struct Sets {
    /// Children before parents; nodes 0 and 1 are the terminals. Levels are literals.
    pub(super) nodes: Vec<Node>,
    pub(super) root: Family,
    pub(super) tally: Tally,
    pub(super) orders: Orders,
}

/// Of a module, and of its complement where that is needed.
pub(super) type Both = [Option<Rc<Sets>>; 2];

/// A module as far as it could be judged.
#[derive(Debug)]
pub(super) struct Judged {
    /// What is at each level.
    pub(super) leaves: Vec<Leaf>,
    pub(super) diagram: Option<Diagram>,
    /// More of its leaves never make it less.
    monotone: bool,
}

impl Judged {
    /// The value of a module that is a constant although it does not look like one.
    fn constant(&self) -> Option<bool> {
        match self.diagram.as_ref()?.root {
            TRUE => Some(true),
            FALSE => Some(false),
            _ => None,
        }
    }
}

/// How far the sets go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reach {
    All,
    Orders(u32),
}

/// What sets are sought.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sought {
    /// Events that are enough when nothing else happens.
    Minimal,
    /// Events, and events that must not happen, that are enough whatever else happens.
    Primes,
}

/// All modules judged, and how far their sets go.
pub(super) struct Verdict {
    pub(super) sought: Sought,
    pub(super) modules: Vec<Judged>,
    /// By module; there unless the reach is `Orders(0)`.
    pub(super) sets: Vec<Both>,
    pub(super) reach: Reach,
    pub(super) steps: u64,
}

/// Judges modules, those within others first. With an `order_max` what is larger is cut off.
pub(super) fn judge(
    modules: &[Module],
    &Question { wanted, order_max, limits }: &Question,
    tell: &mut dyn FnMut(Progress),
) -> Verdict {
    let mut account = Account { limits, nodes: limits.nodes_max, left: limits.steps_max, steps: 0 };
    let mut judged: Vec<Judged> = Vec::with_capacity(modules.len());
    for (at, module) in modules.iter().enumerate() {
        let constants = constants(module, &judged);
        let mut tell = |steps| tell(Progress { module: at + 1, of: modules.len(), steps });
        let one = account.spend(|purse| race(module, &constants, purse, &mut tell));
        let nodes = one.diagram.as_ref().map_or(0, |diagram| diagram.nodes.len());
        account.nodes = account.nodes.saturating_sub(nodes);
        judged.push(one);
    }
    // The sets have a purse of their own: what the diagrams took is not missing here.
    (account.left, account.nodes) = (limits.steps_max / 2, limits.nodes_max);
    let monotone = judged.iter().all(|module| module.monotone);
    let minimal = vec![[true, false]; modules.len()];
    let mut sought = Sought::Minimal;
    let (mut sets, mut whole) = (Vec::new(), false);
    if !monotone && order_max.is_none() {
        let needed = modules::needed(modules);
        let purse = match wanted {
            Wanted::Sets => account.left.min(PRIMES_STEPS_MAX),
            Wanted::Primes => account.left,
        };
        let mut own = Account { left: purse, steps: 0, ..account };
        (sets, whole) = own.complete(&mut judged, Sought::Primes, &needed);
        account.steps += own.steps;
        if whole {
            sought = Sought::Primes;
        }
    }
    if !whole && order_max.is_none() {
        (sets, whole) = account.complete(&mut judged, sought, &minimal);
    }
    let mut reach = Reach::All;
    if !whole {
        (account.left, account.nodes) = (limits.steps_max / 4, limits.nodes_max);
        sets.resize(modules.len(), [None, None]);
        let order_max = order_max.unwrap_or(u32::MAX);
        (sets, reach) =
            account.spend(|purse| cut_off(modules, &mut judged, sets, order_max, purse));
    }
    Verdict { sought, modules: judged, sets, reach, steps: account.steps }
}

/// What was spent on all modules, and what is left.
#[derive(Clone, Copy)]
struct Account {
    limits: Limits,
    /// Nodes still allowed.
    nodes: usize,
    left: u64,
    steps: u64,
}

impl Account {
    fn spend<T>(&mut self, work: impl FnOnce(&mut Purse) -> T) -> T {
        let given = self.left.max(STEPS_MIN.min(self.limits.steps_max));
        let mut purse = Purse { steps: given, nodes_max: self.nodes };
        let result = work(&mut purse);
        self.nodes = purse.nodes_max;
        let spent = given - purse.steps;
        self.left = self.left.saturating_sub(spent);
        self.steps += spent;
        result
    }

    /// Every set of every module, where that is possible; and whether it was for all of them.
    fn complete(
        &mut self,
        judged: &mut [Judged],
        sought: Sought,
        needed: &[[bool; 2]],
    ) -> (Vec<Both>, bool) {
        let mut sets: Vec<Both> = Vec::with_capacity(judged.len());
        let mut whole = true;
        for (own, &needed) in judged.iter_mut().zip(needed) {
            let found = self.spend(|purse| complete_sets(own, &sets, sought, needed, purse));
            whole &= found.is_ok();
            sets.push(found.unwrap_or_default());
        }
        (sets, whole)
    }
}

/// Which leaves are constants.
fn constants(module: &Module, judged: &[Judged]) -> Vec<Option<bool>> {
    let of = |leaf: &Leaf| match leaf {
        Leaf::Event(_) => None,
        Leaf::Module(below) => judged[*below as usize].constant(),
    };
    module.leaves.iter().map(of).collect()
}

fn race(
    module: &Module,
    constants: &[Option<bool>],
    purse: &mut Purse,
    tell: &mut dyn FnMut(u64),
) -> Judged {
    let monotone = module.is_monotone();
    let judged = |order: &[u32], found: Option<(Bdd, Edge)>| {
        let diagram = found.map(|(bdd, root)| {
            let (nodes, root) = bdd.kept(root);
            Diagram { nodes, root }
        });
        let leaves = order.iter().map(|&leaf| module.leaves[leaf as usize]).collect();
        Judged { leaves, diagram, monotone }
    };
    let mut runners: Vec<Runner> = Vec::new();
    let mut budget = FIRST_ROUND;
    for kind in Order::ALL {
        let order = kind.of(module);
        if runners.iter().any(|other| other.order == order) {
            continue;
        }
        match attempt(module, constants, &order, budget, purse) {
            Ok(found) => return judged(&order, Some(found)),
            Err(reached) => runners.push(Runner { order, reached, budget }),
        }
    }
    // A budget that could not fill the nodes there are is no reason to go on with another.
    while purse.steps > 0 && budget <= purse.nodes_max as u64 * STEPS_PER_NODE {
        budget *= 4;
        tell(budget);
        runners.sort_by_key(|runner| std::cmp::Reverse(runner.reached));
        for (rank, runner) in runners.iter_mut().enumerate() {
            let own = budget >> (2 * behind(rank, budget));
            if own <= runner.budget {
                continue;
            }
            runner.budget = own;
            match attempt(module, constants, &runner.order, own, purse) {
                Ok(found) => return judged(&runner.order, Some(found)),
                Err(reached) => runner.reached = reached,
            }
        }
    }
    judged(&runners[0].order, None)
}

/// An order in the race.
struct Runner {
    order: Vec<u32>,
    /// Gates that were done when its last budget was used up.
    reached: usize,
    /// Its last budget.
    budget: u64,
}

/// How many rounds a runner is behind. How far it came says little of how soon it arrives, so nobody gives up;
/// all run alike while it is cheap.
const fn behind(rank: usize, budget: u64) -> u32 {
    match (budget, rank) {
        (..=TOGETHER, _) | (_, ..2) => 0,
        (..=HALVED, 2..6) => 0,
        (..=HALVED, 6..) | (_, 2..6) => 1,
        (_, 6..) => 2,
    }
}

/// A diagram within a budget, or how many gates were done.
fn attempt(
    module: &Module,
    constants: &[Option<bool>],
    order: &[u32],
    budget: u64,
    purse: &mut Purse,
) -> Result<(Bdd, Edge), usize> {
    let given = budget.min(purse.steps);
    let mut own = Purse { steps: given, nodes_max: purse.nodes_max };
    let mut done = 0;
    let found = build(module, constants, order, &mut own, &mut done);
    purse.steps -= given - own.steps;
    found.map_err(|Spent| done)
}

/// The diagram of a module in one order of its leaves.
fn build(
    module: &Module,
    constants: &[Option<bool>],
    order: &[u32],
    purse: &mut Purse,
    done: &mut usize,
) -> Result<(Bdd, Edge), Spent> {
    let mut bdd = Bdd::new();
    let mut edges = vec![TRUE; module.leaves.len()];
    for (level, &leaf) in (0..).zip(order) {
        edges[leaf as usize] = match constants[leaf as usize] {
            None => bdd.variable(level, purse)?,
            Some(true) => TRUE,
            Some(false) => FALSE,
        };
    }
    for (kind, args) in &module.gates {
        let mut of: Vec<Edge> =
            args.iter().map(|arg| edges[(arg >> 1) as usize] ^ (arg & 1)).collect();
        // What lies deepest is joined first: what comes later then only stands above it.
        of.sort_by_key(|&edge| std::cmp::Reverse(bdd.level(edge)));
        let edge = match kind {
            Kind::And => {
                let mut all = TRUE;
                for one in of {
                    all = bdd.and(all, one, purse)?;
                }
                all
            }
            Kind::AtLeast(k) => bdd.at_least(*k as usize, &of, purse)?,
            Kind::Xor => bdd.xor(of[0], of[1], purse)?,
        };
        edges.push(edge);
        *done += 1;
    }
    let root = edges[(module.root >> 1) as usize] ^ (module.root & 1);
    Ok((bdd, root))
}

/// What a literal of a module stands for, by its level.
fn part<'a>(leaves: &[Leaf], sets: &'a [Both], level: u32) -> Part<'a> {
    match leaves[(level >> 1) as usize] {
        Leaf::Event(_) => Part::Event,
        Leaf::Module(below) => {
            let sets = sets[below as usize][(level & 1) as usize].as_ref();
            Part::Module(sets.map_or(&[], |sets| &sets.orders))
        }
    }
}

/// Every set of a module, those of the modules below it being known.
fn complete_sets(
    own: &mut Judged,
    sets: &[Both],
    sought: Sought,
    needed: [bool; 2],
    purse: &mut Purse,
) -> Result<Both, Spent> {
    let is_known = |leaf: &Leaf| match leaf {
        Leaf::Event(_) => true,
        Leaf::Module(below) => sets[*below as usize].iter().any(Option::is_some),
    };
    if own.diagram.is_none() || !own.leaves.iter().all(is_known) {
        return Err(Spent);
    }
    own.sets_by_diagram(sets, (sought, needed), None, purse)
}

impl Judged {
    /// The sets by the diagram, up to an order or all.
    fn sets_by_diagram(
        &mut self,
        sets: &[Both],
        (sought, needed): (Sought, [bool; 2]),
        cut: Option<u32>,
        purse: &mut Purse,
    ) -> Result<Both, Spent> {
        let mut both = [None, None];
        for sign in [0, 1] {
            if !needed[sign as usize] {
                continue;
            }
            let weights = cut.map(|cut| (cut, weights(&self.leaves, sets, cut)));
            let cut_weights = weights.as_ref().map(|(cut, weights)| (*cut, &weights[..]));
            let mut zbdd = Zbdd::new();
            let diagram = self.diagram.as_ref().ok_or(Spent)?;
            let (nodes, root, monotone) = (&diagram.nodes, diagram.root, self.monotone);
            let is_plain = sign == 0 && (monotone || sought == Sought::Minimal);
            let family = match cut_weights {
                None if is_plain => zbdd.minimal_solutions(nodes, root, monotone, purse)?,
                Some(cut) if is_plain => zbdd.small_solutions(nodes, root, monotone, cut, purse)?,
                cut => {
                    let mut bdd = Bdd::again(nodes, purse)?;
                    zbdd.primes(&mut bdd, root ^ sign, cut, purse)?
                }
            };
            let sets = counted(&zbdd, family, &self.leaves, sets, cut, purse)?;
            both[sign as usize] = Some(Rc::new(sets));
        }
        Ok(both)
    }
}

fn counted(
    zbdd: &Zbdd,
    family: Family,
    leaves: &[Leaf],
    sets: &[Both],
    cut: Option<u32>,
    purse: &mut Purse,
) -> Result<Sets, Spent> {
    let (nodes, root) = zbdd.kept(family);
    let part = |level| part(leaves, sets, level);
    let tally = Tally::of(&nodes, part, cut.unwrap_or(u32::MAX), purse.nodes_max)?;
    let orders = tally.orders(root);
    // What is kept is missing for the modules that follow.
    let kept = nodes.len() + tally.len() + orders.len() * DIGITS;
    purse.nodes_max = purse.nodes_max.checked_sub(kept).ok_or(Spent)?;
    Ok(Sets { nodes, root, tally, orders })
}

/// The smallest order of each literal; more than the cut where it has none so small.
fn weights(leaves: &[Leaf], sets: &[Both], cut: u32) -> Vec<u32> {
    let levels = 0..2 * u32::try_from(leaves.len()).expect("leaves fit u32");
    let least = |level| match part(leaves, sets, level) {
        Part::Event => 1,
        Part::Module(orders) => orders
            .iter()
            .position(|count| *count != Natural::default())
            .map_or(cut + 1, |least| u32::try_from(least).expect("orders fit u32")),
    };
    levels.map(least).collect()
}

/// The sets of small order, the order rising while the purse allows it.
fn cut_off(
    modules: &[Module],
    judged: &mut [Judged],
    complete: Vec<Both>,
    order_max: u32,
    purse: &mut Purse,
) -> (Vec<Both>, Reach) {
    let events = modules.iter().flat_map(|module| &module.leaves);
    let events = events.filter(|leaf| matches!(leaf, Leaf::Event(_))).count();
    let mut reached = (complete.clone(), Reach::Orders(0));
    let nodes_max = purse.nodes_max;
    for order in 1..=order_max {
        // What the order before kept is given back, but for what is still the answer.
        purse.nodes_max = nodes_max / 2;
        let mut small: Vec<Both> = Vec::with_capacity(modules.len());
        for (at, own) in judged.iter_mut().enumerate() {
            let sets = if complete[at].iter().any(Option::is_some) {
                complete[at].clone()
            } else if own.diagram.is_some() {
                let sought = (Sought::Minimal, [true, false]);
                match own.sets_by_diagram(&small, sought, Some(order), purse) {
                    Ok(sets) => sets,
                    Err(Spent) => return reached,
                }
            } else {
                match sets_by_gates(&modules[at], own, &small, order, purse) {
                    Ok(sets) => [Some(Rc::new(sets)), None],
                    Err(Spent) => return reached,
                }
            };
            small.push(sets);
        }
        // No set has more members than there are events.
        let all = order as usize >= events;
        reached = (small, if all { Reach::All } else { Reach::Orders(order) });
        if all {
            break;
        }
    }
    reached
}

/// The small sets of a module without a diagram, from its gates upwards.
fn sets_by_gates(
    module: &Module,
    own: &Judged,
    sets: &[Both],
    order: u32,
    purse: &mut Purse,
) -> Result<Sets, Spent> {
    // Products of a gate's sets are all its minimal ones only where nothing is complemented.
    if !own.monotone {
        return Err(Spent);
    }
    let weights = weights(&own.leaves, sets, order);
    let mut zbdd = Zbdd::new();
    let first_gate = module.leaves.len();
    let level_of: HashMap<Leaf, u32> = own.leaves.iter().copied().zip((0..).step_by(2)).collect();
    let mut plain = Vec::with_capacity(first_gate + module.gates.len());
    for leaf in &module.leaves {
        let level = level_of[leaf];
        let is_small = weights[level as usize] <= order;
        plain.push(if is_small { zbdd.literal(level, purse)? } else { NONE });
    }
    // A gate that is used complemented stands for its complement, of which no event is complemented.
    let signs = module.gate_signs();
    for ((kind, args), sign) in module.gates.iter().zip(signs) {
        let of: Vec<Family> = args.iter().map(|arg| plain[(arg >> 1) as usize]).collect();
        plain.push(match (*kind, sign) {
            (Kind::And, false) => {
                let mut all = BASE;
                for one in of {
                    all = zbdd.and(all, one, order, &weights, purse)?;
                }
                all
            }
            (Kind::And, true) => {
                let mut any = NONE;
                for one in of {
                    any = zbdd.or(any, one, &weights, purse)?;
                }
                any
            }
            (Kind::AtLeast(k), sign) => {
                let k = k as usize;
                let k = if sign { of.len() - k + 1 } else { k };
                let mut row = vec![NONE; k + 1];
                row[0] = BASE;
                for one in of {
                    for j in (1..=k).rev() {
                        let with = zbdd.and(one, row[j - 1], order, &weights, purse)?;
                        row[j] = zbdd.or(row[j], with, &weights, purse)?;
                    }
                }
                row[k]
            }
            (Kind::Xor, _) => return Err(Spent),
        });
    }
    let root = plain[(module.root >> 1) as usize];
    counted(&zbdd, root, &own.leaves, sets, Some(order), purse)
}
