//! What both kinds of diagram stand on: a flat arena of nodes in which each exists once, a lossy
//! memory of results, and the account of what may still be spent.
//!
//! It knows nothing of what a node means. Tested through the diagrams.

/// A node limit or the work allowed is used up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Spent;

/// What may still be spent, counted and not timed, so that the same tree always gets the same answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purse {
    /// Steps still allowed; a step is one pair of nodes looked at.
    pub(crate) steps: u64,
    /// Nodes that one diagram may have.
    pub(crate) nodes_max: usize,
}

impl Purse {
    pub(super) const fn step(&mut self) -> Result<(), Spent> {
        match self.steps.checked_sub(1) {
            Some(left) => {
                self.steps = left;
                Ok(())
            }
            None => Err(Spent),
        }
    }
}

/// Twelve bytes of a diagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Node {
    /// Its place in the order; smaller is nearer to the root.
    pub(crate) level: u32,
    /// Where it goes when the variable is so.
    pub(crate) hi: u32,
    /// Where it goes when it is not.
    pub(crate) lo: u32,
}

/// Multiplicative hashing of three words (Knuth, TAOCP 6.4; odd constants from the golden ratio and
/// from xxHash's primes).
const fn mixed(a: u32, b: u32, c: u32) -> u64 {
    let wide = (a as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ (b as u64).wrapping_mul(0xC2B2_AE3D_27D4_EB4F)
        ^ (c as u64).wrapping_mul(0x1656_67B1_9E37_79F9);
    (wide ^ (wide >> 29)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The smallest table, as a power of two. A module of a dozen events should not pay for more.
const BITS_MIN: u32 = 4;

/// The largest memory of results: 2^22 entries are 64 MiB. What does not fit is computed again.
const MEMORY_BITS_MAX: u32 = 22;

const EMPTY: u32 = u32::MAX;

/// An arena of unique nodes.
#[derive(Debug)]
pub(super) struct Arena {
    pub(super) nodes: Vec<Node>,
    slots: Vec<u32>,
    bits: u32,
}

impl Arena {
    /// An arena with these many terminal nodes.
    pub(super) fn new(terminals: u32) -> Self {
        let terminal = Node { level: u32::MAX, hi: 0, lo: 0 };
        Self {
            nodes: vec![terminal; terminals as usize],
            slots: vec![EMPTY; 1 << BITS_MIN],
            bits: BITS_MIN,
        }
    }

    /// The one node with these three.
    #[inline]
    pub(super) fn unique(&mut self, node: Node, purse: &Purse) -> Result<u32, Spent> {
        let mask = self.slots.len() - 1;
        let mut at = (mixed(node.level, node.hi, node.lo) >> (64 - self.bits)) as usize;
        loop {
            let held = self.slots[at];
            if held == EMPTY {
                break;
            }
            if self.nodes[held as usize] == node {
                return Ok(held);
            }
            at = (at + 1) & mask;
        }
        if self.nodes.len() >= purse.nodes_max {
            return Err(Spent);
        }
        let id = u32::try_from(self.nodes.len()).map_err(|_| Spent)?;
        self.nodes.push(node);
        self.slots[at] = id;
        if self.nodes.len() * 4 > self.slots.len() * 3 {
            self.grow();
        }
        Ok(id)
    }

    #[cold]
    fn grow(&mut self) {
        self.bits += 1;
        let mask = (1 << self.bits) - 1;
        let mut slots = vec![EMPTY; 1 << self.bits];
        for (id, node) in (0_u32..).zip(&self.nodes) {
            if node.level == u32::MAX {
                continue;
            }
            let mut at = (mixed(node.level, node.hi, node.lo) >> (64 - self.bits)) as usize;
            while slots[at] != EMPTY {
                at = (at + 1) & mask;
            }
            slots[at] = id;
        }
        self.slots = slots;
    }
}

/// Results of earlier steps; a newer one takes the place of an older one.
#[derive(Debug)]
pub(super) struct Memory {
    entries: Vec<[u32; 4]>,
    bits: u32,
}

impl Memory {
    pub(super) fn new() -> Self {
        Self { entries: vec![[EMPTY; 4]; 1 << BITS_MIN], bits: BITS_MIN }
    }

    /// Keeps pace with an arena of so many nodes.
    #[inline]
    pub(super) fn keep_pace(&mut self, nodes: usize) {
        if nodes > self.entries.len() && self.bits < MEMORY_BITS_MAX {
            self.grow();
        }
    }

    #[cold]
    fn grow(&mut self) {
        self.bits = (self.bits + 2).min(MEMORY_BITS_MAX);
        let mut entries = vec![[EMPTY; 4]; 1 << self.bits];
        for entry in &self.entries {
            let [a, b, c, _] = *entry;
            if a != EMPTY {
                entries[(mixed(a, b, c) >> (64 - self.bits)) as usize] = *entry;
            }
        }
        self.entries = entries;
    }

    #[inline]
    pub(super) fn recall(&self, a: u32, b: u32, c: u32) -> Option<u32> {
        let [x, y, z, result] = self.entries[(mixed(a, b, c) >> (64 - self.bits)) as usize];
        (x == a && y == b && z == c).then_some(result)
    }

    #[inline]
    pub(super) fn keep(&mut self, a: u32, b: u32, c: u32, result: u32) {
        self.entries[(mixed(a, b, c) >> (64 - self.bits)) as usize] = [a, b, c, result];
    }
}
