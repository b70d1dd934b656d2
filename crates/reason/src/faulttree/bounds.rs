//! What can be said of a probability when no diagram of the whole was possible.
//!
//! Events are independent. In a monotone tree gates are associated (Esary, Proschan and Walkup 1967): an AND
//! is at least as likely as the product of its arguments, and an OR at most as likely as if they were
//! independent. Anywhere, an AND is no likelier than its least likely argument (Fréchet 1935). The sets that
//! were found raise the lower bound: of those with an event and those without, the likelier part counts.
//! Bounds, never estimates. Tested against exact values.

use super::form::Kind;
use super::judge::Verdict;
use super::modules::{Leaf, Module};
use super::table::Node;

/// At least, and at most.
type Bounds = (f64, f64);

/// Bounds of the last module's probability, events lying between `least` and `most`.
pub(super) fn of(modules: &[Module], verdict: &Verdict, least: &[f64], most: &[f64]) -> (f64, f64) {
    let monotone = modules.iter().all(Module::is_monotone);
    let mut known: Vec<Bounds> = Vec::with_capacity(modules.len());
    for (at, module) in modules.iter().enumerate() {
        let of_leaf = |leaf: &Leaf| match leaf {
            Leaf::Event(event) => (least[*event as usize], most[*event as usize]),
            Leaf::Module(below) => known[*below as usize],
        };
        let mut nodes: Vec<Bounds> = module.leaves.iter().map(of_leaf).collect();
        let signs = module.gate_signs();
        for ((kind, args), turned) in module.gates.iter().zip(signs) {
            let of: Vec<Bounds> = args
                .iter()
                .map(|arg| complement(nodes[(arg >> 1) as usize], arg & 1 == 1))
                .collect();
            nodes.push(of_gate(*kind, &of, monotone, turned));
        }
        let root = module.root;
        let (mut lower, upper) = complement(nodes[(root >> 1) as usize], root & 1 == 1);
        if let (true, Some(sets)) = (monotone, &verdict.sets[at][0]) {
            let leaves = &verdict.modules[at].leaves;
            let levels: Vec<f64> = leaves.iter().map(|leaf| of_leaf(leaf).0).collect();
            lower = lower.max(of_sets(&sets.nodes, sets.root, &levels));
        }
        known.push((lower.min(upper), upper));
    }
    known.last().copied().unwrap_or((0.0, 1.0))
}

fn complement((lower, upper): Bounds, is_turned: bool) -> Bounds {
    if is_turned { (1.0 - upper, 1.0 - lower) } else { (lower, upper) }
}

fn of_gate(kind: Kind, of: &[Bounds], monotone: bool, turned: bool) -> Bounds {
    match kind {
        Kind::And if monotone => {
            // Arguments all rise with the events, or all fall; either way they are associated.
            let lower: f64 = of.iter().map(|(lower, _)| lower).product();
            (lower, least(of))
        }
        Kind::And => {
            let lower = of.iter().map(|(lower, _)| lower - 1.0).sum::<f64>() + 1.0;
            (lower.max(0.0), least(of))
        }
        // At least k holds when some k hold; and k of them make up at least k in expectation (Markov).
        Kind::AtLeast(k) => {
            let mut lower: Vec<f64> = of.iter().map(|(lower, _)| *lower).collect();
            lower.sort_by(|a, b| b.total_cmp(a));
            let some: f64 = lower[..k as usize].iter().product();
            let some = if monotone && !turned { some } else { 0.0 };
            let sum: f64 = of.iter().map(|(_, upper)| upper).sum();
            (some, (sum / f64::from(k)).min(1.0))
        }
        Kind::Xor => (0.0, 1.0),
    }
}

fn least(of: &[Bounds]) -> f64 {
    of.iter().map(|(_, upper)| *upper).fold(1.0, f64::min)
}

/// A lower bound of the chance that one of the sets happens.
fn of_sets(nodes: &[Node], root: u32, levels: &[f64]) -> f64 {
    let mut chance = vec![0.0, 1.0];
    for node in &nodes[2..] {
        let (hi, lo): (f64, f64) = (chance[node.hi as usize], chance[node.lo as usize]);
        let so = levels[(node.level >> 1) as usize];
        chance.push(so * hi.max(lo) + (1.0 - so) * lo);
    }
    chance[root as usize]
}
