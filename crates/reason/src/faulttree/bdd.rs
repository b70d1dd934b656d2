//! Reduced ordered binary decision diagrams with complement edges (Bryant 1986; Brace, Rudell and
//! Bryant 1990).
//!
//! An edge is a node's id, doubled, plus one where it is complemented; a node's `hi` edge never is.
//! Every walk keeps its own stack, so no tree is too deep. What it may cost is counted in the purse.
//! Tested against truth tables, and against another library's diagrams.

use super::table::{Arena, Memory, Node, Purse, Spent};

/// A function: a node, or its complement.
pub(crate) type Edge = u32;

/// The function that is always true.
pub(crate) const TRUE: Edge = 0;
/// The function that is never true.
pub(crate) const FALSE: Edge = 1;

/// Stands in the third place of a remembered conjunction.
const CONJUNCTION: u32 = u32::MAX - 1;
const NOT_YET: Edge = u32::MAX;

/// Nodes in one order of variables.
#[derive(Debug)]
pub(crate) struct Bdd {
    arena: Arena,
    memory: Memory,
    conjunctions: Vec<Conjunction>,
    choices: Vec<Choice>,
}

#[derive(Debug)]
struct Conjunction {
    key: [Edge; 2],
    level: u32,
    lo: [Edge; 2],
    hi: Edge,
}

#[derive(Debug)]
struct Choice {
    key: [Edge; 3],
    complement: Edge,
    level: u32,
    lo: [Edge; 3],
    hi: Edge,
}

impl Bdd {
    pub(crate) fn new() -> Self {
        Self {
            arena: Arena::new(1),
            memory: Memory::new(),
            conjunctions: Vec::new(),
            choices: Vec::new(),
        }
    }

    /// A diagram that was kept, made again so that more can be asked of it; edges stay.
    pub(super) fn again(nodes: &[Node], purse: &Purse) -> Result<Self, Spent> {
        let mut bdd = Self::new();
        for &node in &nodes[1..] {
            // Kept nodes are unique and children come first, so each gets the id it has.
            bdd.arena.unique(node, purse)?;
        }
        Ok(bdd)
    }

    /// All nodes, children before parents; the first is the constant.
    pub(crate) fn nodes(&self) -> &[Node] {
        &self.arena.nodes
    }

    /// The level of an edge's node; `u32::MAX` for a constant.
    #[inline]
    pub(super) fn level(&self, edge: Edge) -> u32 {
        self.arena.nodes[(edge >> 1) as usize].level
    }

    /// Both cofactors of an edge by its own variable.
    #[inline]
    pub(super) fn cofactors(&self, edge: Edge) -> (Edge, Edge) {
        let node = self.arena.nodes[(edge >> 1) as usize];
        (node.hi ^ (edge & 1), node.lo ^ (edge & 1))
    }

    #[inline]
    fn cofactors_at(&self, level: u32, edge: Edge) -> (Edge, Edge) {
        let node = self.arena.nodes[(edge >> 1) as usize];
        if node.level == level {
            (node.hi ^ (edge & 1), node.lo ^ (edge & 1))
        } else {
            (edge, edge)
        }
    }

    #[inline]
    fn make(&mut self, level: u32, hi: Edge, lo: Edge, purse: &Purse) -> Result<Edge, Spent> {
        if hi == lo {
            return Ok(hi);
        }
        let complement = hi & 1;
        let node = Node { level, hi: hi ^ complement, lo: lo ^ complement };
        Ok(self.arena.unique(node, purse)? << 1 | complement)
    }

    /// The variable at this level.
    pub(crate) fn variable(&mut self, level: u32, purse: &Purse) -> Result<Edge, Spent> {
        self.make(level, TRUE, FALSE, purse)
    }

    /// Both.
    pub(crate) fn and(&mut self, f: Edge, g: Edge, purse: &mut Purse) -> Result<Edge, Spent> {
        let result = self.conjunction(f, g, purse);
        self.conjunctions.clear();
        result
    }

    /// Either.
    pub(crate) fn or(&mut self, f: Edge, g: Edge, purse: &mut Purse) -> Result<Edge, Spent> {
        Ok(self.and(f ^ 1, g ^ 1, purse)? ^ 1)
    }

    fn conjunction(&mut self, f: Edge, g: Edge, purse: &mut Purse) -> Result<Edge, Spent> {
        let (mut f, mut g) = (f, g);
        loop {
            let mut result = if f == g || g == TRUE {
                f
            } else if f == TRUE {
                g
            } else if f == FALSE || g == FALSE || f == g ^ 1 {
                FALSE
            } else {
                if f > g {
                    (f, g) = (g, f);
                }
                match self.memory.recall(f, g, CONJUNCTION) {
                    Some(known) => known,
                    None => {
                        purse.step()?;
                        let level = self.level(f).min(self.level(g));
                        let (hi_f, lo_f) = self.cofactors_at(level, f);
                        let (hi_g, lo_g) = self.cofactors_at(level, g);
                        self.conjunctions.push(Conjunction {
                            key: [f, g],
                            level,
                            lo: [lo_f, lo_g],
                            hi: NOT_YET,
                        });
                        (f, g) = (hi_f, hi_g);
                        continue;
                    }
                }
            };
            loop {
                let Some(frame) = self.conjunctions.last_mut() else { return Ok(result) };
                if frame.hi == NOT_YET {
                    frame.hi = result;
                    [f, g] = frame.lo;
                    break;
                }
                let Conjunction { key, level, hi, lo: _ } = *frame;
                self.conjunctions.pop();
                result = self.make(level, hi, result, purse)?;
                self.memory.keep_pace(self.arena.nodes.len());
                self.memory.keep(key[0], key[1], CONJUNCTION, result);
            }
        }
    }

    /// `f ? g : h`.
    pub(super) fn choose(
        &mut self,
        f: Edge,
        g: Edge,
        h: Edge,
        purse: &mut Purse,
    ) -> Result<Edge, Spent> {
        let result = self.choice(f, g, h, purse);
        self.choices.clear();
        result
    }

    /// One and not both.
    pub(super) fn xor(&mut self, f: Edge, g: Edge, purse: &mut Purse) -> Result<Edge, Spent> {
        self.choose(f, g ^ 1, g, purse)
    }

    fn choice(&mut self, f: Edge, g: Edge, h: Edge, purse: &mut Purse) -> Result<Edge, Spent> {
        let (mut f, mut g, mut h) = (f, g, h);
        loop {
            // The normal form: neither the condition nor the first branch is complemented.
            if f & 1 == 1 {
                (f, g, h) = (f ^ 1, h, g);
            }
            if f == g {
                g = TRUE;
            } else if f == g ^ 1 {
                g = FALSE;
            }
            if f == h {
                h = FALSE;
            } else if f == h ^ 1 {
                h = TRUE;
            }
            let mut result = if f == TRUE || g == h {
                g
            } else if g == TRUE && h == FALSE {
                f
            } else if g == FALSE && h == TRUE {
                f ^ 1
            } else if h == FALSE {
                self.and(f, g, purse)?
            } else if g == FALSE {
                self.and(f ^ 1, h, purse)?
            } else if g == TRUE {
                self.or(f, h, purse)?
            } else if h == TRUE {
                self.or(f ^ 1, g, purse)?
            } else {
                let complement = g & 1;
                (g, h) = (g ^ complement, h ^ complement);
                match self.memory.recall(f, g, h) {
                    Some(known) => known ^ complement,
                    None => {
                        purse.step()?;
                        let level = self.level(f).min(self.level(g)).min(self.level(h));
                        let (hi_f, lo_f) = self.cofactors_at(level, f);
                        let (hi_g, lo_g) = self.cofactors_at(level, g);
                        let (hi_h, lo_h) = self.cofactors_at(level, h);
                        self.choices.push(Choice {
                            key: [f, g, h],
                            complement,
                            level,
                            lo: [lo_f, lo_g, lo_h],
                            hi: NOT_YET,
                        });
                        (f, g, h) = (hi_f, hi_g, hi_h);
                        continue;
                    }
                }
            };
            loop {
                let Some(frame) = self.choices.last_mut() else { return Ok(result) };
                if frame.hi == NOT_YET {
                    frame.hi = result;
                    [f, g, h] = frame.lo;
                    break;
                }
                let Choice { key, complement, level, hi, lo: _ } = *frame;
                self.choices.pop();
                result = self.make(level, hi, result, purse)?;
                self.memory.keep_pace(self.arena.nodes.len());
                self.memory.keep(key[0], key[1], key[2], result);
                result ^= complement;
            }
        }
    }

    /// At least `k` of these, counted with repetition: the functions "at least j of the rest",
    /// from the last backwards.
    pub(crate) fn at_least(
        &mut self,
        k: usize,
        of: &[Edge],
        purse: &mut Purse,
    ) -> Result<Edge, Spent> {
        // row[j]: at least j of those already seen.
        let mut row = vec![FALSE; k + 1];
        row[0] = TRUE;
        for (seen, &one) in of.iter().enumerate() {
            let rest = of.len() - seen - 1;
            for j in (k.saturating_sub(rest).max(1)..=k.min(seen + 1)).rev() {
                row[j] = self.choose(one, row[j - 1], row[j], purse)?;
            }
        }
        Ok(row[k])
    }

    /// Only what this function needs, children before parents; ids change, the levels stay.
    pub(super) fn kept(&self, root: Edge) -> (Vec<Node>, Edge) {
        const UNSEEN: u32 = u32::MAX;
        let mut new_id = vec![UNSEEN; self.arena.nodes.len()];
        let mut nodes = vec![self.arena.nodes[0]];
        new_id[0] = 0;
        // Ids grow from children to parents, so marking downwards and copying upwards is enough.
        let mut wanted = vec![false; (root >> 1) as usize + 1];
        wanted[(root >> 1) as usize] = true;
        for id in (1..wanted.len()).rev() {
            if wanted[id] {
                let Node { level: _, hi, lo } = self.arena.nodes[id];
                wanted[(hi >> 1) as usize] = true;
                wanted[(lo >> 1) as usize] = true;
            }
        }
        for id in 1..wanted.len() {
            if wanted[id] {
                let Node { level, hi, lo } = self.arena.nodes[id];
                new_id[id] = u32::try_from(nodes.len()).expect("fewer than before");
                let moved = |edge: Edge| new_id[(edge >> 1) as usize] << 1 | edge & 1;
                nodes.push(Node { level, hi: moved(hi), lo: moved(lo) });
            }
        }
        (nodes, new_id[(root >> 1) as usize] << 1 | root & 1)
    }
}
