//! A tree brought into a form that is easier to compute with, and means the same.
//!
//! There is one kind of gate for AND and OR (an OR is a complemented AND of complements), so like gates
//! meet by themselves: constants are gone, equal gates are one, a gate that only its like uses is part
//! of it, and parts of a gate that share nothing with the rest are gates of their own, which makes them
//! modules. Linear passes, each with its own stack. Tested against the tree it came from.

use super::{FaultTree, NodeId, Op};
use std::collections::{HashMap, HashSet};

/// A node, doubled, plus one where it is complemented.
pub(super) type Literal = u32;

/// The literal that is always so.
pub(super) const ALWAYS: Literal = 0;
/// The literal that never is.
pub(super) const NEVER: Literal = 1;

/// What a gate computes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Kind {
    /// All of them.
    And,
    /// At least so many of them, repetitions counted.
    AtLeast(u32),
    /// One of two and not both; neither argument is complemented.
    Xor,
}

/// The tree: node 0 is the constant, then come the events, then the gates, children first.
#[derive(Clone, Debug)]
pub(super) struct Form {
    events: u32,
    kinds: Vec<Kind>,
    start: Vec<u32>,
    args: Vec<Literal>,
    known: HashMap<(Kind, Box<[Literal]>), u32>,
    pub(super) root: Literal,
}

impl Form {
    fn new(events: u32) -> Self {
        Self {
            events,
            kinds: Vec::new(),
            start: vec![0],
            args: Vec::new(),
            known: HashMap::new(),
            root: ALWAYS,
        }
    }

    /// The form of a tree.
    pub(super) fn of(tree: &FaultTree) -> Self {
        let mut form = Self::read(tree);
        loop {
            let before = (form.kinds.len(), form.args.len());
            form = form.coalesced();
            if (form.kinds.len(), form.args.len()) == before {
                break;
            }
        }
        form.grouped()
    }

    /// One past the last node.
    pub(super) fn len(&self) -> u32 {
        self.first_gate() + u32::try_from(self.kinds.len()).expect("gates fit u32")
    }

    /// The first node that is a gate.
    pub(super) const fn first_gate(&self) -> u32 {
        self.events + 1
    }

    /// Which event a node is, if it is one.
    pub(super) const fn event(&self, node: u32) -> Option<u32> {
        if node < self.first_gate() { node.checked_sub(1) } else { None }
    }

    /// What a gate computes, and of what.
    pub(super) fn gate(&self, node: u32) -> (Kind, &[Literal]) {
        let gate = (node - self.first_gate()) as usize;
        (self.kinds[gate], &self.args[self.start[gate] as usize..self.start[gate + 1] as usize])
    }

    /// The arguments of a node; none for an event.
    pub(super) fn args(&self, node: u32) -> &[Literal] {
        if node < self.first_gate() { &[] } else { self.gate(node).1 }
    }

    /// The literal of a gate with these arguments, simplified.
    fn add(&mut self, kind: Kind, args: Vec<Literal>) -> Literal {
        match kind {
            Kind::And => self.add_and(args),
            Kind::AtLeast(k) => self.add_at_least(k as usize, args),
            Kind::Xor => self.add_xor(&args),
        }
    }

    fn add_and(&mut self, args: Vec<Literal>) -> Literal {
        let mut seen = HashSet::new();
        let mut kept = Vec::with_capacity(args.len());
        for arg in args {
            if arg == NEVER || seen.contains(&(arg ^ 1)) {
                return NEVER;
            }
            if arg != ALWAYS && seen.insert(arg) {
                kept.push(arg);
            }
        }
        match kept[..] {
            [] => ALWAYS,
            [one] => one,
            _ => self.unique(Kind::And, kept),
        }
    }

    fn add_at_least(&mut self, k: usize, mut args: Vec<Literal>) -> Literal {
        let always = args.iter().filter(|&&arg| arg == ALWAYS).count();
        args.retain(|&arg| arg != ALWAYS && arg != NEVER);
        let Some(k @ 1..) = k.checked_sub(always) else { return ALWAYS };
        if k > args.len() {
            NEVER
        } else if k == args.len() {
            self.add_and(args)
        } else if k == 1 {
            self.add_and(args.iter().map(|arg| arg ^ 1).collect()) ^ 1
        } else {
            self.unique(Kind::AtLeast(u32::try_from(k).expect("as many as its arguments")), args)
        }
    }

    fn add_xor(&mut self, args: &[Literal]) -> Literal {
        let complement = args.iter().fold(0, |all, arg| all ^ arg & 1);
        let mut plain: Vec<Literal> = Vec::new();
        for arg in args.iter().map(|arg| arg & !1).filter(|&arg| arg != ALWAYS) {
            match plain.iter().position(|&other| other == arg) {
                Some(at) => drop(plain.remove(at)),
                None => plain.push(arg),
            }
        }
        // A constant that is always so counts as one.
        let constants = args.iter().filter(|&&arg| arg & !1 == ALWAYS).count() as u32 & 1;
        match plain[..] {
            [] => ALWAYS ^ 1 ^ complement ^ constants,
            [one] => one ^ complement ^ constants,
            _ => {
                let mut all = plain[0];
                for &next in &plain[1..] {
                    all = self.unique(Kind::Xor, vec![all, next]);
                }
                all ^ complement ^ constants
            }
        }
    }

    fn unique(&mut self, kind: Kind, args: Vec<Literal>) -> Literal {
        let mut key = args.clone();
        key.sort_unstable();
        let next = self.len();
        let node = *self.known.entry((kind, key.into_boxed_slice())).or_insert(next);
        if node == next {
            self.push(kind, &args);
        }
        node << 1
    }

    fn push(&mut self, kind: Kind, args: &[Literal]) {
        self.kinds.push(kind);
        self.args.extend_from_slice(args);
        self.start.push(u32::try_from(self.args.len()).expect("arguments fit u32"));
    }

    fn read(tree: &FaultTree) -> Self {
        let mut form = Self::new(u32::try_from(tree.events().len()).expect("events fit u32"));
        let mut wanted = vec![false; tree.len()];
        wanted[tree.top().index()] = true;
        for node in (0..tree.len()).rev() {
            if wanted[node] {
                for child in tree.children(NodeId::at(node)) {
                    wanted[child.index()] = true;
                }
            }
        }
        let mut literal = vec![ALWAYS; tree.len()];
        for node in (0..tree.len()).filter(|&node| wanted[node]) {
            let args =
                || tree.children(NodeId::at(node)).iter().map(|child| literal[child.index()]);
            literal[node] = match tree.op(NodeId::at(node)) {
                Op::Event(event) => (event + 1) << 1,
                Op::House(true) => ALWAYS,
                Op::House(false) => NEVER,
                Op::And => form.add_and(args().collect()),
                Op::Or => form.add_and(args().map(|arg| arg ^ 1).collect()) ^ 1,
                Op::AtLeast(k) => form.add_at_least(k as usize, args().collect()),
                Op::Xor => form.add_xor(&args().collect::<Vec<_>>()),
                Op::Not => args().next().expect("one argument") ^ 1,
            };
        }
        form.root = literal[tree.top().index()];
        form
    }

    /// How often each node is an argument of what the root needs; the root itself counts once.
    fn uses(&self) -> Vec<u32> {
        let mut uses = vec![0_u32; self.len() as usize];
        uses[(self.root >> 1) as usize] = 1;
        for node in (self.first_gate()..self.len()).rev() {
            if uses[node as usize] > 0 {
                for arg in self.args(node) {
                    uses[(arg >> 1) as usize] = uses[(arg >> 1) as usize].saturating_add(1);
                }
            }
        }
        uses
    }

    /// An AND that only one other AND uses is part of it.
    fn coalesced(&self) -> Self {
        let uses = self.uses();
        let mut form = Self::new(self.events);
        let mut literal: Vec<Literal> = (0..self.len()).map(|node| node << 1).collect();
        // The arguments of what is to be part of its only user.
        let mut spliced: HashMap<u32, Vec<Literal>> = HashMap::new();
        let mut only_user_is_and = vec![false; self.len() as usize];
        for node in (self.first_gate()..self.len()).filter(|&node| uses[node as usize] > 0) {
            let (kind, args) = self.gate(node);
            for arg in args {
                only_user_is_and[(arg >> 1) as usize] = kind == Kind::And && arg & 1 == 0;
            }
        }
        for node in (self.first_gate()..self.len()).filter(|&node| uses[node as usize] > 0) {
            let (kind, args) = self.gate(node);
            let mut new = Vec::with_capacity(args.len());
            for arg in args {
                match spliced.remove(&(arg >> 1)) {
                    Some(parts) => new.extend(parts),
                    None => new.push(literal[(arg >> 1) as usize] ^ (arg & 1)),
                }
            }
            let alone = uses[node as usize] == 1 && node != self.root >> 1;
            if kind == Kind::And && alone && only_user_is_and[node as usize] {
                spliced.insert(node, new);
            } else {
                literal[node as usize] = form.add(kind, new);
            }
        }
        form.root = literal[(self.root >> 1) as usize] ^ (self.root & 1);
        form
    }

    /// Arguments of an AND that share nothing with its others become a gate of their own.
    fn grouped(&self) -> Self {
        let dates = Dates::of(self);
        let mut form = Self::new(self.events);
        let mut literal: Vec<Literal> = (0..self.len()).map(|node| node << 1).collect();
        for node in (self.first_gate()..self.len()).filter(|&node| dates.met(node)) {
            let (kind, args) = self.gate(node);
            let new = |arg: Literal| literal[(arg >> 1) as usize] ^ (arg & 1);
            if kind != Kind::And || args.len() < 3 {
                let new = args.iter().map(|&arg| new(arg)).collect();
                literal[node as usize] = form.add(kind, new);
                continue;
            }
            let mut parts = dates.parts(node, args);
            // What shares nothing with anything is one part together.
            let (alone, several): (Vec<_>, Vec<_>) =
                parts.drain(..).partition(|part| part.own && (part.args.len() == 1));
            let mut top = Vec::new();
            let mut single: Vec<Literal> =
                alone.iter().flat_map(|part| &part.args).map(|&arg| new(arg)).collect();
            if !several.is_empty() && single.len() > 1 {
                single = vec![form.add_and(single)];
            }
            top.append(&mut single);
            let whole = several.len() == 1 && top.is_empty();
            for part in several {
                let mut part_args: Vec<_> = part.args.iter().map(|&arg| new(arg)).collect();
                if part.own && !whole {
                    part_args = vec![form.add_and(part_args)];
                }
                top.append(&mut part_args);
            }
            literal[node as usize] = form.add_and(top);
        }
        form.root = literal[(self.root >> 1) as usize] ^ (self.root & 1);
        form
    }
}

/// When a depth-first walk first and last meets each node (Dutuit and Rauzy 1996).
pub(super) struct Dates {
    first: Vec<u32>,
    /// When the walk left it, having been below.
    left: Vec<u32>,
    last: Vec<u32>,
    /// The earliest and latest meeting of anything below it, itself not among them.
    below: Vec<(u32, u32)>,
}

/// Some arguments of one gate.
struct Part {
    args: Vec<Literal>,
    /// They share nothing with what is outside.
    own: bool,
    until: u32,
}

impl Dates {
    pub(super) fn of(form: &Form) -> Self {
        enum Step {
            Meet(u32),
            Leave(u32),
        }
        let length = form.len() as usize;
        let mut dates = Self {
            first: vec![0; length],
            left: vec![0; length],
            last: vec![0; length],
            below: vec![(u32::MAX, 0); length],
        };
        let mut now = 0;
        let mut steps = vec![Step::Meet(form.root >> 1)];
        while let Some(step) = steps.pop() {
            now += 1;
            match step {
                Step::Meet(node) => {
                    dates.last[node as usize] = now;
                    if dates.first[node as usize] == 0 {
                        dates.first[node as usize] = now;
                        steps.push(Step::Leave(node));
                        steps.extend(form.args(node).iter().rev().map(|arg| Step::Meet(arg >> 1)));
                    }
                }
                Step::Leave(node) => {
                    dates.left[node as usize] = now;
                    dates.last[node as usize] = now;
                }
            }
        }
        for node in form.first_gate()..form.len() {
            let below = form.args(node).iter().fold((u32::MAX, 0), |(from, until), arg| {
                let (own_from, own_until) = dates.span((arg >> 1) as usize);
                (from.min(own_from), until.max(own_until))
            });
            dates.below[node as usize] = below;
        }
        dates
    }

    /// Whether the root needs a node.
    pub(super) fn met(&self, node: u32) -> bool {
        self.first[node as usize] > 0
    }

    /// From the first to the last meeting of a node and anything below it.
    fn span(&self, node: usize) -> (u32, u32) {
        let (from, until) = self.below[node];
        (from.min(self.first[node]), until.max(self.last[node]))
    }

    /// Whether what is below a node is met from nowhere else.
    pub(super) fn is_module(&self, node: u32) -> bool {
        let (from, until) = self.below[node as usize];
        self.first[node as usize] < from && until < self.left[node as usize]
    }

    /// A gate's arguments, apart where they share nothing.
    fn parts(&self, gate: u32, args: &[Literal]) -> Vec<Part> {
        let mut spans: Vec<(u32, u32, Literal)> = args
            .iter()
            .map(|&arg| {
                let (from, until) = self.span((arg >> 1) as usize);
                (from, until, arg)
            })
            .collect();
        spans.sort_unstable();
        let mut parts: Vec<Part> = Vec::new();
        for (from, until, arg) in spans {
            let own = self.first[gate as usize] < from && until < self.left[gate as usize];
            match parts.last_mut() {
                Some(part) if from <= part.until => {
                    part.args.push(arg);
                    part.own &= own;
                    part.until = part.until.max(until);
                }
                _ => parts.push(Part { args: vec![arg], own, until }),
            }
        }
        parts
    }
}
