//! How many sets of each order a family holds, by one pass over its diagram; no set is written down.
//!
//! A node's tally is that of the sets without its literal, plus that of those with it, shifted by one
//! for a basic event and multiplied by the module's own tally for a module. Tested against brute force.

use super::natural::Natural;
use super::table::{Node, Spent};

/// How many sets of each order there are, by order.
pub(super) type Orders = Vec<Natural>;

/// What a literal stands for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part<'a> {
    /// A basic event: one set of order one.
    Event,
    /// A module: its sets.
    Module(&'a [Natural]),
}

/// Numbers that can be too large for their type.
trait Number: Clone {
    fn zero() -> Self;
    fn one() -> Self;
    fn is_zero(&self) -> bool;
    fn of(natural: &Natural) -> Option<Self>;
    fn add(&mut self, other: &Self) -> Option<()>;
    fn product(&self, other: &Self) -> Option<Self>;
}

impl Number for u64 {
    fn zero() -> Self {
        0
    }
    fn one() -> Self {
        1
    }
    fn is_zero(&self) -> bool {
        *self == 0
    }
    fn of(natural: &Natural) -> Option<Self> {
        natural.as_u64()
    }
    fn add(&mut self, other: &Self) -> Option<()> {
        *self = self.checked_add(*other)?;
        Some(())
    }
    fn product(&self, other: &Self) -> Option<Self> {
        self.checked_mul(*other)
    }
}

impl Number for Natural {
    fn zero() -> Self {
        Self::default()
    }
    fn one() -> Self {
        Self::from(1)
    }
    fn is_zero(&self) -> bool {
        *self == Self::default()
    }
    fn of(natural: &Natural) -> Option<Self> {
        Some(natural.clone())
    }
    fn add(&mut self, other: &Self) -> Option<()> {
        *self = self.plus(other);
        Some(())
    }
    fn product(&self, other: &Self) -> Option<Self> {
        Some(self.times(other))
    }
}

/// The tallies of every node of a family.
#[derive(Debug)]
pub(super) struct Tally {
    /// By node: its smallest order, and where its entries lie.
    spans: Vec<(u32, u32, u32)>,
    entries: Entries,
}

#[derive(Debug)]
enum Entries {
    Small(Vec<u64>),
    Large(Vec<Natural>),
}

impl Tally {
    /// Counts; sets of an order above `cut` are left out. There are at most `entries_max` entries.
    pub(super) fn of<'a>(
        nodes: &[Node],
        part: impl Fn(u32) -> Part<'a> + Copy,
        cut: u32,
        entries_max: usize,
    ) -> Result<Self, Spent> {
        if let Some((spans, entries)) = count::<u64>(nodes, part, cut, entries_max)? {
            return Ok(Self { spans, entries: Entries::Small(entries) });
        }
        let (spans, entries) = count::<Natural>(nodes, part, cut, entries_max)?.ok_or(Spent)?;
        Ok(Self { spans, entries: Entries::Large(entries) })
    }

    /// How many entries there are.
    pub(super) fn len(&self) -> usize {
        match &self.entries {
            Entries::Small(entries) => entries.len(),
            Entries::Large(entries) => entries.len(),
        }
    }

    /// The orders of one node's sets.
    pub(super) fn orders(&self, node: u32) -> Orders {
        let (first, from, until) = self.spans[node as usize];
        let mut orders = vec![Natural::default(); first as usize];
        let range = from as usize..until as usize;
        match &self.entries {
            Entries::Small(entries) => {
                orders.extend(entries[range].iter().map(|&n| Natural::from(u128::from(n))));
            }
            Entries::Large(entries) => orders.extend_from_slice(&entries[range]),
        }
        if from == until { Vec::new() } else { orders }
    }

    /// Whether a node has a set of this order.
    pub(super) fn has(&self, node: u32, order: u32) -> bool {
        let (first, from, until) = self.spans[node as usize];
        order.checked_sub(first).is_some_and(|past| {
            past < until - from
                && match &self.entries {
                    Entries::Small(entries) => !entries[(from + past) as usize].is_zero(),
                    Entries::Large(entries) => !entries[(from + past) as usize].is_zero(),
                }
        })
    }
}

type Counted<N> = (Vec<(u32, u32, u32)>, Vec<N>);

/// `None` when a number does not fit.
fn count<'a, N: Number>(
    nodes: &[Node],
    part: impl Fn(u32) -> Part<'a>,
    cut: u32,
    entries_max: usize,
) -> Result<Option<Counted<N>>, Spent> {
    // No set, and the empty set.
    let mut spans = vec![(0, 0, 0), (0, 0, 1)];
    let mut entries = vec![N::one()];
    let mut sum: Vec<N> = Vec::new();
    for node in &nodes[2..] {
        let (lo_first, lo_from, lo_until) = spans[node.lo as usize];
        let (hi_first, hi_from, hi_until) = spans[node.hi as usize];
        let hi = hi_from as usize..hi_until as usize;
        let lo = lo_from as usize..lo_until as usize;
        sum.clear();
        let mut add = |order: u32, number: &N, first: u32| {
            if order > cut {
                return Some(());
            }
            let at = (order - first) as usize;
            if sum.len() <= at {
                sum.resize(at + 1, N::zero());
            }
            sum[at].add(number)
        };
        let mut first = if lo.is_empty() { u32::MAX } else { lo_first };
        let fits = match part(node.level) {
            Part::Event => {
                first = first.min(if hi.is_empty() { u32::MAX } else { hi_first + 1 });
                (0..)
                    .zip(&entries[hi])
                    .all(|(at, one)| add(hi_first + 1 + at, one, first).is_some())
            }
            Part::Module(orders) => {
                let least = orders.iter().position(|n| *n != Natural::default());
                match least {
                    Some(least) if !hi.is_empty() => {
                        first = first.min(hi_first + u32::try_from(least).map_err(|_| Spent)?);
                        (0_u32..).zip(orders).skip(least).all(|(of_module, number)| {
                            let Some(number) = N::of(number) else { return false };
                            (0..).zip(&entries[hi.clone()]).all(|(at, one)| {
                                number
                                    .product(one)
                                    .and_then(|number| {
                                        add(of_module + hi_first + at, &number, first)
                                    })
                                    .is_some()
                            })
                        })
                    }
                    _ => true,
                }
            }
        };
        let fits = fits
            && (0..).zip(&entries[lo]).all(|(at, one)| add(lo_first + at, one, first).is_some());
        if !fits {
            return Ok(None);
        }
        if entries.len() + sum.len() > entries_max {
            return Err(Spent);
        }
        let from = u32::try_from(entries.len()).map_err(|_| Spent)?;
        entries.append(&mut sum);
        let until = u32::try_from(entries.len()).map_err(|_| Spent)?;
        spans.push((if from == until { 0 } else { first }, from, until));
    }
    Ok(Some((spans, entries)))
}
