//! Modules: parts of a tree that share no event with the rest (Dutuit and Rauzy 1996).
//!
//! Each is judged by itself and stands in the tree above as if it were one event. Tested by every
//! answer being that of the whole tree.

use super::form::{Dates, Form, Kind, Literal};

/// What a module's variable stands for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Leaf {
    /// A basic event.
    Event(u32),
    /// Another module, by its place in the list.
    Module(u32),
}

/// A part of a tree by itself. Its literals are places, doubled: first the leaves, then the gates,
/// children first.
#[derive(Clone, Debug)]
pub(super) struct Module {
    pub(super) leaves: Vec<Leaf>,
    pub(super) gates: Vec<(Kind, Vec<Literal>)>,
    pub(super) root: Literal,
    /// It stands for the complement of the gate it was made from.
    is_turned: bool,
}

impl Module {
    /// The gate of a literal that is not a leaf's.
    pub(super) fn gate(&self, literal: Literal) -> &(Kind, Vec<Literal>) {
        &self.gates[(literal >> 1) as usize - self.leaves.len()]
    }

    /// How leaves are met below the root, each plain and complemented.
    pub(super) fn signs(&self) -> Vec<[bool; 2]> {
        let mut met = self.all_signs();
        met.truncate(self.leaves.len());
        met
    }

    /// Which gates of a monotone module stand for their complement.
    ///
    /// A gate met both ways would bring its leaves both ways.
    pub(super) fn gate_signs(&self) -> Vec<bool> {
        self.all_signs()[self.leaves.len()..].iter().map(|signs| signs[1]).collect()
    }

    fn all_signs(&self) -> Vec<[bool; 2]> {
        let mut met = vec![[false; 2]; self.leaves.len() + self.gates.len()];
        met[(self.root >> 1) as usize][(self.root & 1) as usize] = true;
        for (gate, (kind, args)) in self.gates.iter().enumerate().rev() {
            let at = self.leaves.len() + gate;
            for sign in [0, 1] {
                if met[at][sign as usize] {
                    for arg in args {
                        met[(arg >> 1) as usize][((arg ^ sign) & 1) as usize] = true;
                        if *kind == Kind::Xor {
                            met[(arg >> 1) as usize] = [true; 2];
                        }
                    }
                }
            }
        }
        met
    }
}

/// All modules, those within others first; the last is the tree.
pub(super) fn modules(form: &Form) -> Vec<Module> {
    const NONE: u32 = u32::MAX;
    let dates = Dates::of(form);
    let top = form.root >> 1;
    // Which module a gate is the root of.
    let mut module_of = vec![NONE; form.len() as usize];
    let mut place = vec![NONE; form.len() as usize];
    let mut found: Vec<Module> = Vec::new();
    for gate in form.first_gate()..form.len() {
        if !dates.met(gate) || !(gate == top || dates.is_module(gate)) {
            continue;
        }
        // What belongs to it, found downwards from it, stopping at leaves.
        let (mut leaf_nodes, mut gate_nodes) = (Vec::new(), Vec::new());
        let mut open = vec![gate];
        place[gate as usize] = 0;
        while let Some(node) = open.pop() {
            let is_leaf = form.event(node).is_some() || module_of[node as usize] != NONE;
            if is_leaf {
                leaf_nodes.push(node);
                continue;
            }
            gate_nodes.push(node);
            for child in form.args(node).iter().rev().map(|arg| arg >> 1) {
                if place[child as usize] == NONE {
                    place[child as usize] = 0;
                    open.push(child);
                }
            }
        }
        // Children have smaller ids.
        gate_nodes.sort_unstable();
        for (at, &node) in (0_u32..).zip(leaf_nodes.iter().chain(&gate_nodes)) {
            place[node as usize] = at;
        }
        let local = |literal: Literal| place[(literal >> 1) as usize] << 1 | literal & 1;
        let gates = gate_nodes.iter().map(|&node| {
            let (kind, args) = form.gate(node);
            (kind, args.iter().map(|&arg| local(arg)).collect())
        });
        let leaves = leaf_nodes.iter().map(|&node| match form.event(node) {
            Some(event) => Leaf::Event(event),
            None => Leaf::Module(module_of[node as usize]),
        });
        let complement = if gate == top { form.root & 1 } else { 0 };
        let module = Module {
            leaves: leaves.collect(),
            gates: gates.collect(),
            root: place[gate as usize] << 1 | complement,
            is_turned: false,
        };
        for node in leaf_nodes.iter().chain(&gate_nodes) {
            place[*node as usize] = NONE;
        }
        module_of[gate as usize] = u32::try_from(found.len()).expect("as many as gates");
        found.push(module);
        if gate == top {
            break;
        }
    }
    if let Some(event) = form.event(top) {
        let leaves = vec![Leaf::Event(event)];
        found.push(Module { leaves, gates: Vec::new(), root: form.root & 1, is_turned: false });
    }
    found
}

/// Turns modules round so that none is so while nothing happens. In a coherent tree, none is then used
/// complemented.
pub(super) fn face_upwards(modules: &mut [Module]) {
    for at in 0..modules.len() {
        // Modules below have been turned, so that every leaf is "not so" while nothing happens.
        for leaf in 0..modules[at].leaves.len() {
            if let Leaf::Module(below) = modules[at].leaves[leaf]
                && modules[below as usize].is_turned
            {
                modules[at].turn(leaf);
            }
        }
        let is_top = at + 1 == modules.len();
        if !is_top && modules[at].at_rest() {
            modules[at].root ^= 1;
            modules[at].is_turned = true;
        }
    }
}

/// How each module is needed for the last one: plain, complemented.
pub(super) fn needed(modules: &[Module]) -> Vec<[bool; 2]> {
    let mut needed = vec![[false; 2]; modules.len()];
    if let Some(top) = needed.last_mut() {
        top[0] = true;
    }
    for (at, module) in modules.iter().enumerate().rev() {
        let both = needed[at][1];
        for (leaf, signs) in module.leaves.iter().zip(module.signs()) {
            if let Leaf::Module(below) = leaf {
                needed[*below as usize] = [signs[0] || both, signs[1] || both];
            }
        }
    }
    needed
}

impl Module {
    /// Complements a leaf everywhere.
    fn turn(&mut self, leaf: usize) {
        let literals = self.gates.iter_mut().flat_map(|(_, args)| args).chain([&mut self.root]);
        for literal in literals.filter(|literal| (**literal >> 1) as usize == leaf) {
            *literal ^= 1;
        }
    }

    /// Its value while nothing happens, every leaf being "not so".
    fn at_rest(&self) -> bool {
        let mut value = vec![false; self.leaves.len()];
        for (kind, args) in &self.gates {
            let mut of = args.iter().map(|arg| value[(arg >> 1) as usize] ^ (arg & 1 == 1));
            let now = match kind {
                Kind::And => of.all(|one| one),
                Kind::AtLeast(k) => of.filter(|&one| one).count() >= *k as usize,
                Kind::Xor => of.fold(false, |odd, one| odd ^ one),
            };
            value.push(now);
        }
        value[(self.root >> 1) as usize] ^ (self.root & 1 == 1)
    }

    /// Whether more of its leaves never make it less.
    pub(super) fn is_monotone(&self) -> bool {
        self.signs().iter().all(|signs| !signs[1])
    }
}
