//! Families of sets as zero-suppressed diagrams (Minato 1993), and how they are got from functions.
//!
//! A level is a literal: twice the place of the variable, plus one where it must *not* happen. Three ways
//! lead here: the minimal solutions of a monotone function (Rauzy 1993), the prime implicants of any
//! function (Coudert and Madre 1992), and, where no diagram of the function could be had, the cut sets
//! of small order straight from the gates. Tested against brute force.

use super::bdd::{Bdd, Edge, FALSE, TRUE};
use super::table::{Arena, Memory, Node, Purse, Spent};
use std::collections::HashMap;

/// A family of sets.
pub(super) type Family = u32;

/// No set at all.
pub(super) const NONE: Family = 0;
/// The one set that needs nothing.
pub(super) const BASE: Family = 1;

const NOT_YET: Family = u32::MAX;

/// The order of a literal's smallest set, by level; one for a basic event.
pub(super) type Weights = [u32];

/// Families in one order of literals.
#[derive(Debug)]
pub(super) struct Zbdd {
    arena: Arena,
    memory: Memory,
    differences: Vec<Difference>,
    tasks: Vec<Task>,
    values: Vec<Family>,
}

#[derive(Debug)]
struct Difference {
    key: [Family; 2],
    level: u32,
    hi: Family,
    hi_pair: [Family; 2],
}

/// What is done to two families, and how it is remembered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Op {
    /// The minimal sets of both.
    Or,
    /// What is in the first and contains nothing of the second.
    Without,
    /// The minimal unions of one of each, up to an order.
    Product(u32),
}

impl Op {
    const fn key(self) -> u32 {
        match self {
            Self::Or => u32::MAX - 2,
            Self::Without => u32::MAX - 3,
            Self::Product(order) => order,
        }
    }
}

/// One piece of work on the stack of values.
#[derive(Clone, Copy, Debug)]
enum Task {
    Do(Op, Family, Family),
    /// Takes two values (the first below the second) and does this to them.
    Then(Op),
    /// As above, with this as the second.
    ThenWith(Op, Family),
    /// Takes `lo`, then `hi` above it, gives hi's sets that contain none of lo's, with the literal.
    Minimal(u32),
    /// Takes `lo`, then `hi` above it, gives the node.
    Make(u32),
    Keep(Op, Family, Family),
}

impl Zbdd {
    pub(super) fn new() -> Self {
        Self {
            arena: Arena::new(2),
            memory: Memory::new(),
            differences: Vec::new(),
            tasks: Vec::new(),
            values: Vec::new(),
        }
    }

    /// Only what this family needs, children before parents.
    pub(super) fn kept(&self, root: Family) -> (Vec<Node>, Family) {
        let old = &self.arena.nodes;
        let mut wanted = vec![false; (root as usize + 1).max(2)];
        (wanted[0], wanted[1], wanted[root as usize]) = (true, true, true);
        for id in (2..wanted.len()).rev() {
            if wanted[id] {
                wanted[old[id].hi as usize] = true;
                wanted[old[id].lo as usize] = true;
            }
        }
        let mut new_id = vec![0_u32; wanted.len()];
        let mut nodes = Vec::new();
        for id in 0..wanted.len() {
            if wanted[id] {
                new_id[id] = u32::try_from(nodes.len()).expect("fewer than before");
                let Node { level, hi, lo } = old[id];
                nodes.push(Node { level, hi: new_id[hi as usize], lo: new_id[lo as usize] });
            }
        }
        (nodes, new_id[root as usize])
    }

    #[inline]
    fn level(&self, family: Family) -> u32 {
        self.arena.nodes[family as usize].level
    }

    #[inline]
    fn make(&mut self, level: u32, hi: Family, lo: Family, purse: &Purse) -> Result<Family, Spent> {
        if hi == NONE {
            return Ok(lo);
        }
        self.arena.unique(Node { level, hi, lo }, purse)
    }

    /// The sets of the first that are not in the second.
    fn difference(&mut self, p: Family, q: Family, purse: &mut Purse) -> Result<Family, Spent> {
        let (mut p, mut q) = (p, q);
        loop {
            // Levels that only the second has are in none of the first's sets.
            let level = self.level(p);
            while self.level(q) < level {
                q = self.arena.nodes[q as usize].lo;
            }
            let mut result = if p == NONE || p == q {
                NONE
            } else if q == NONE {
                p
            } else if p == BASE {
                // Here q is a terminal too, and neither the same nor empty.
                NONE
            } else {
                match self.memory.recall(p, q, u32::MAX - 1) {
                    Some(known) => known,
                    None => {
                        purse.step()?;
                        let here = self.arena.nodes[p as usize];
                        let there = self.arena.nodes[q as usize];
                        let (hi_q, lo_q) =
                            if there.level == level { (there.hi, there.lo) } else { (NONE, q) };
                        self.differences.push(Difference {
                            key: [p, q],
                            level,
                            hi: NOT_YET,
                            hi_pair: [here.hi, hi_q],
                        });
                        (p, q) = (here.lo, lo_q);
                        continue;
                    }
                }
            };
            loop {
                let Some(frame) = self.differences.last_mut() else { return Ok(result) };
                if frame.hi == NOT_YET {
                    // What is kept first is `lo`.
                    frame.hi = result;
                    [p, q] = frame.hi_pair;
                    break;
                }
                let Difference { key, level, hi: lo, hi_pair: _ } = *frame;
                self.differences.pop();
                result = self.make(level, result, lo, purse)?;
                self.memory.keep_pace(self.arena.nodes.len());
                self.memory.keep(key[0], key[1], u32::MAX - 1, result);
            }
        }
    }

    fn minus(&mut self, p: Family, q: Family, purse: &mut Purse) -> Result<Family, Spent> {
        let result = self.difference(p, q, purse);
        self.differences.clear();
        result
    }

    /// The minimal solutions of a function, by one pass over its diagram.
    pub(super) fn minimal_solutions(
        &mut self,
        nodes: &[Node],
        root: Edge,
        is_monotone: bool,
        purse: &mut Purse,
    ) -> Result<Family, Spent> {
        let wanted = polarities(nodes, root);
        let mut family = vec![[NONE, NONE]; nodes.len()];
        family[0] = [BASE, NONE];
        for (id, node) in nodes.iter().enumerate().skip(1) {
            for complement in [0, 1] {
                if !wanted[id][complement as usize] {
                    continue;
                }
                let of = |edge: Edge, family: &[[Family; 2]]| {
                    let edge = edge ^ complement;
                    family[(edge >> 1) as usize][(edge & 1) as usize]
                };
                let lo = of(node.lo, &family);
                let hi = self.without(of(node.hi, &family), lo, is_monotone, purse)?;
                family[id][complement as usize] = self.make(node.level << 1, hi, lo, purse)?;
            }
        }
        Ok(family[(root >> 1) as usize][(root & 1) as usize])
    }

    /// What of `hi` contains nothing of `lo`, both being the minimal solutions of two cofactors (Rauzy's
    /// `without`). In a monotone function a minimal solution of `hi` that solves `lo` is a minimal one of `lo`
    /// as well, for `lo` implies `hi`; so a plain difference does.
    fn without(
        &mut self,
        hi: Family,
        lo: Family,
        is_monotone: bool,
        purse: &mut Purse,
    ) -> Result<Family, Spent> {
        if is_monotone {
            self.minus(hi, lo, purse)
        } else {
            self.work(Task::Do(Op::Without, hi, lo), &[], purse)
        }
    }

    /// The same, orders up to `order` only.
    pub(super) fn small_solutions(
        &mut self,
        nodes: &[Node],
        root: Edge,
        is_monotone: bool,
        (order, weights): (u32, &Weights),
        purse: &mut Purse,
    ) -> Result<Family, Spent> {
        let wanted = polarities(nodes, root);
        // family[node][complement][order]
        let orders = order as usize + 1;
        let mut family = vec![NONE; nodes.len() * 2 * orders];
        let at = |edge: Edge, k: usize| edge as usize * orders + k;
        for k in 0..orders {
            family[at(TRUE, k)] = BASE;
        }
        for (id, node) in nodes.iter().enumerate().skip(1) {
            for complement in [0, 1] {
                if !wanted[id][complement as usize] {
                    continue;
                }
                let weight = weights[(node.level << 1) as usize] as usize;
                for k in 0..orders {
                    let lo = family[at(node.lo ^ complement, k)];
                    let hi = match k.checked_sub(weight) {
                        Some(left) => {
                            let hi = family[at(node.hi ^ complement, left)];
                            self.without(hi, lo, is_monotone, purse)?
                        }
                        None => NONE,
                    };
                    let made = self.make(node.level << 1, hi, lo, purse)?;
                    let id = u32::try_from(id).expect("an edge's node");
                    family[at(id << 1 | complement, k)] = made;
                }
            }
        }
        Ok(family[at(root, order as usize)])
    }

    /// The prime implicants of any function, or those up to an order by the weights of literals. Those
    /// without a variable's literal are the primes of both cofactors at once; the others are the primes of
    /// one cofactor that are none of these.
    pub(super) fn primes(
        &mut self,
        bdd: &mut Bdd,
        root: Edge,
        cut: Option<(u32, &Weights)>,
        purse: &mut Purse,
    ) -> Result<Family, Spent> {
        enum Step {
            Visit(Edge, u32),
            Combine(Edge, Edge, u32),
        }
        let (order, weights) = cut.unzip();
        let order = order.unwrap_or(u32::MAX);
        // What is left of the order when this literal is taken.
        let after = |order: u32, level: u32| match weights {
            None => Some(order),
            Some(weights) => order.checked_sub(weights[level as usize]),
        };
        let mut known: HashMap<(Edge, u32), Family> = HashMap::new();
        let mut steps = vec![Step::Visit(root, order)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Visit(TRUE, order) => drop(known.insert((TRUE, order), BASE)),
                Step::Visit(FALSE, order) => drop(known.insert((FALSE, order), NONE)),
                Step::Visit(edge, order) => {
                    if known.contains_key(&(edge, order)) {
                        continue;
                    }
                    purse.step()?;
                    let level = bdd.level(edge) << 1;
                    let (hi, lo) = bdd.cofactors(edge);
                    let both = bdd.and(hi, lo, purse)?;
                    steps.push(Step::Combine(edge, both, order));
                    steps.push(Step::Visit(both, order));
                    steps.extend(after(order, level).map(|left| Step::Visit(hi, left)));
                    steps.extend(after(order, level | 1).map(|left| Step::Visit(lo, left)));
                }
                Step::Combine(edge, both, order) => {
                    let level = bdd.level(edge) << 1;
                    let (hi, lo) = bdd.cofactors(edge);
                    let both = known[&(both, order)];
                    let primes =
                        |edge, level| after(order, level).map_or(NONE, |left| known[&(edge, left)]);
                    let (hi, lo) = (primes(hi, level), primes(lo, level | 1));
                    let hi = self.minus(hi, both, purse)?;
                    let lo = self.minus(lo, both, purse)?;
                    let rest = self.make(level | 1, lo, both, purse)?;
                    let all = self.make(level, hi, rest, purse)?;
                    known.insert((edge, order), all);
                }
            }
        }
        Ok(known[&(root, order)])
    }

    /// The family of one literal alone.
    pub(super) fn literal(&mut self, level: u32, purse: &Purse) -> Result<Family, Spent> {
        self.make(level, BASE, NONE, purse)
    }

    /// The minimal sets of both families.
    pub(super) fn or(
        &mut self,
        p: Family,
        q: Family,
        weights: &Weights,
        purse: &mut Purse,
    ) -> Result<Family, Spent> {
        self.work(Task::Do(Op::Or, p, q), weights, purse)
    }

    /// The minimal unions of a set of each, up to an order.
    pub(super) fn and(
        &mut self,
        p: Family,
        q: Family,
        order: u32,
        weights: &Weights,
        purse: &mut Purse,
    ) -> Result<Family, Spent> {
        self.work(Task::Do(Op::Product(order), p, q), weights, purse)
    }

    fn work(&mut self, task: Task, weights: &Weights, purse: &mut Purse) -> Result<Family, Spent> {
        self.tasks.clear();
        self.values.clear();
        self.tasks.push(task);
        while let Some(task) = self.tasks.pop() {
            match task {
                Task::Do(op, p, q) => self.begin(op, p, q, weights, purse)?,
                Task::Then(op) => {
                    let (q, p) = (self.take(), self.take());
                    self.tasks.push(Task::Do(op, p, q));
                }
                Task::ThenWith(op, q) => {
                    let p = self.take();
                    self.tasks.push(Task::Do(op, p, q));
                }
                Task::Minimal(level) => {
                    let (hi, lo) = (self.take(), self.take());
                    self.values.push(lo);
                    self.tasks.extend([Task::Make(level), Task::Do(Op::Without, hi, lo)]);
                }
                Task::Make(level) => {
                    let (hi, lo) = (self.take(), self.take());
                    let made = self.make(level, hi, lo, purse)?;
                    self.values.push(made);
                }
                Task::Keep(op, p, q) => {
                    let result = *self.values.last().expect("a task leaves its value");
                    self.memory.keep_pace(self.arena.nodes.len());
                    self.memory.keep(p, q, op.key(), result);
                }
            }
        }
        Ok(self.take())
    }

    fn take(&mut self) -> Family {
        self.values.pop().expect("a task leaves its value")
    }

    fn begin(
        &mut self,
        op: Op,
        p: Family,
        q: Family,
        weights: &Weights,
        purse: &mut Purse,
    ) -> Result<(), Spent> {
        let (p, q) = match op {
            Op::Or | Op::Product(_) if p > q => (q, p),
            Op::Or | Op::Product(_) | Op::Without => (p, q),
        };
        let simple = match op {
            Op::Or if p == NONE || p == q => Some(q),
            Op::Or if p == BASE => Some(BASE),
            Op::Without if q == NONE => Some(p),
            Op::Without if p == NONE || q == BASE || p == q => Some(NONE),
            Op::Without if p == BASE => Some(BASE),
            Op::Product(_) if p == NONE => Some(NONE),
            Op::Product(_) | Op::Or | Op::Without => None,
        };
        if let Some(value) = simple.or_else(|| self.memory.recall(p, q, op.key())) {
            self.values.push(value);
            return Ok(());
        }
        purse.step()?;
        let level = self.level(p).min(self.level(q));
        let split = |family: Family, nodes: &[Node]| {
            let node = nodes[family as usize];
            if node.level == level { (node.hi, node.lo) } else { (NONE, family) }
        };
        let (hi_p, lo_p) = split(p, &self.arena.nodes);
        let (hi_q, lo_q) = split(q, &self.arena.nodes);
        self.tasks.push(Task::Keep(op, p, q));
        match op {
            Op::Or => self.tasks.extend([
                Task::Minimal(level),
                Task::Do(Op::Or, hi_p, hi_q),
                Task::Do(Op::Or, lo_p, lo_q),
            ]),
            Op::Without if self.level(p) > level => self.tasks.push(Task::Do(op, p, lo_q)),
            Op::Without => self.tasks.extend([
                Task::Make(level),
                Task::ThenWith(op, lo_q),
                Task::Do(op, hi_p, hi_q),
                Task::Do(op, lo_p, lo_q),
            ]),
            // The empty set times a family: only what exceeds the order is left out.
            Op::Product(order) => {
                let product = |p, q, order| Task::Do(Op::Product(order), p, q);
                match order.checked_sub(weights.get(level as usize).copied().unwrap_or(0)) {
                    // Both are the empty set; its product is itself.
                    _ if level == u32::MAX => self.values.push(BASE),
                    None => self.tasks.push(product(lo_p, lo_q, order)),
                    Some(left) => self.tasks.extend([
                        Task::Minimal(level),
                        Task::Then(Op::Or),
                        Task::Then(Op::Or),
                        product(hi_p, hi_q, left),
                        product(hi_p, lo_q, left),
                        product(lo_p, hi_q, left),
                        product(lo_p, lo_q, order),
                    ]),
                }
            }
        }
        Ok(())
    }
}

/// Which edges are met below a root: plain, complemented.
fn polarities(nodes: &[Node], root: Edge) -> Vec<[bool; 2]> {
    let mut met = vec![[false; 2]; nodes.len()];
    met[(root >> 1) as usize][(root & 1) as usize] = true;
    for id in (1..nodes.len()).rev() {
        for complement in [0, 1] {
            if met[id][complement as usize] {
                for edge in [nodes[id].hi ^ complement, nodes[id].lo ^ complement] {
                    met[(edge >> 1) as usize][(edge & 1) as usize] = true;
                }
            }
        }
    }
    met
}
