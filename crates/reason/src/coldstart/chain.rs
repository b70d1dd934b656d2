//! Forward chaining: what becomes true when one thing more is up.
//!
//! Each gate counts how many of its children it still wants; a gate that wants none is true and tells
//! those above it (Dowling and Gallier, J. Logic Programming 1(3), 1984). What is true in the end is the
//! least fixpoint: nothing holds itself up. Every edge is walked once, so all of it is linear.

use crate::circuit::GateId;
use crate::circuit::starting::Starting;
use blackstart_model::ComponentId;

/// A list of lists, flat: the list of `k` is `items[start[k]..start[k + 1]]`.
pub(super) struct Lists<T> {
    start: Vec<u32>,
    items: Vec<T>,
}

impl<T: Copy> Lists<T> {
    /// From pairs of key and item; items of one key keep their order.
    pub(super) fn of(keys: usize, pairs: impl Iterator<Item = (usize, T)> + Clone, any: T) -> Self {
        let mut start = vec![0_u32; keys + 1];
        for (key, _) in pairs.clone() {
            start[key + 1] += 1;
        }
        let mut sum = 0;
        for place in &mut start {
            sum += *place;
            *place = sum;
        }
        let mut next = start.clone();
        let mut items = vec![any; sum as usize];
        for (key, item) in pairs {
            items[next[key] as usize] = item;
            next[key] += 1;
        }
        Self { start, items }
    }

    pub(super) fn of_key(&self, key: usize) -> &[T] {
        &self.items[self.start[key] as usize..self.start[key + 1] as usize]
    }
}

/// What is true so far.
pub(super) struct Chain<'s> {
    starting: &'s Starting,
    above: Lists<GateId>,
    /// How many more children a gate wants.
    open: Vec<u32>,
    /// When a gate became true, counted from 1; 0 for what is not.
    turn: Vec<u32>,
    turns: u32,
    /// What a gate wanted before each change, while trying.
    log: Option<Vec<(GateId, u32)>>,
    /// Gates that became true and were not taken yet.
    news: Vec<GateId>,
    stack: Vec<GateId>,
}

impl<'s> Chain<'s> {
    pub(super) fn of(starting: &'s Starting) -> Self {
        let gates = || (0..starting.len()).map(gate_at);
        let edges =
            gates().flat_map(|gate| starting.children(gate).iter().map(move |c| (c.index(), gate)));
        let mut chain = Self {
            starting,
            above: Lists::of(starting.len(), edges, GateId::of(0)),
            open: gates().map(|gate| starting.wanted(gate)).collect(),
            turn: vec![0; starting.len()],
            turns: 0,
            log: None,
            news: Vec::new(),
            stack: Vec::new(),
        };
        for gate in gates() {
            if chain.open[gate.index()] == 0 && chain.turn[gate.index()] == 0 {
                chain.now_true(gate);
            }
        }
        chain.spread();
        chain
    }

    pub(super) const fn starting(&self) -> &'s Starting {
        self.starting
    }

    pub(super) fn is(&self, gate: GateId) -> bool {
        self.open[gate.index()] == 0
    }

    pub(super) fn is_up(&self, id: ComponentId) -> bool {
        self.is(Starting::is_up(id))
    }

    /// When a gate became true; later is more.
    pub(super) fn turn(&self, gate: GateId) -> u32 {
        self.turn[gate.index()]
    }

    /// The gates that a gate is a child of.
    pub(super) fn above(&self, gate: GateId) -> &[GateId] {
        self.above.of_key(gate.index())
    }

    /// Makes a gate true, whatever it wants, and with it all that follows.
    pub(super) fn raise(&mut self, gate: GateId) {
        let open = self.open[gate.index()];
        if open == 0 {
            return;
        }
        self.note(gate, open);
        self.open[gate.index()] = 0;
        self.now_true(gate);
        self.spread();
    }

    /// What became true since this was last asked.
    pub(super) fn news(&mut self) -> Vec<GateId> {
        std::mem::take(&mut self.news)
    }

    /// Tries something, and takes all of it back.
    pub(super) fn trying<T>(&mut self, of: impl FnOnce(&mut Self) -> T) -> T {
        let (turns, outer) = (self.turns, self.log.replace(Vec::new()));
        let found = of(self);
        let log = std::mem::replace(&mut self.log, outer).unwrap_or_default();
        for (gate, open) in log.into_iter().rev() {
            self.open[gate.index()] = open;
            self.turn[gate.index()] = 0;
        }
        self.turns = turns;
        self.news.clear();
        found
    }

    fn note(&mut self, gate: GateId, open: u32) {
        if let Some(log) = &mut self.log {
            log.push((gate, open));
        }
    }

    fn now_true(&mut self, gate: GateId) {
        self.turns += 1;
        self.turn[gate.index()] = self.turns;
        self.news.push(gate);
        self.stack.push(gate);
    }

    fn spread(&mut self) {
        while let Some(gate) = self.stack.pop() {
            for at in 0..self.above.of_key(gate.index()).len() {
                let above = self.above.of_key(gate.index())[at];
                let open = self.open[above.index()];
                if open == 0 {
                    continue;
                }
                self.note(above, open);
                self.open[above.index()] = open - 1;
                if open == 1 {
                    self.now_true(above);
                }
            }
        }
    }
}

fn gate_at(at: usize) -> GateId {
    GateId::of(u32::try_from(at).expect("gates fit u32"))
}

/// Which components wait for a gate, by one of their gates.
pub(super) struct Waiting(Lists<ComponentId>);

impl Waiting {
    pub(super) fn for_gate(starting: &Starting, of: impl Fn(ComponentId) -> GateId + Copy) -> Self {
        let count = u32::try_from(starting.components()).expect("components fit u32");
        let pairs = (0..count).map(ComponentId).map(move |id| (of(id).index(), id));
        Self(Lists::of(starting.len(), pairs, ComponentId(0)))
    }

    pub(super) fn on(&self, gate: GateId) -> &[ComponentId] {
        self.0.of_key(gate.index())
    }
}
