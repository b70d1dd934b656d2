//! How likely a tree is, and which events matter, by linear passes over the modules' diagrams.
//!
//! Every function and its complement have values of their own, so that nothing small is got by taking
//! two large numbers from each other. Tested against sums over all states, and against another library.

use super::judge::Judged;
use super::modules::Leaf;
use super::table::Node;

/// How likely something is, and how likely it is not.
pub(super) type Chance = (f64, f64);

const fn turned((so, not): Chance, edge: u32) -> Chance {
    if edge & 1 == 0 { (so, not) } else { (not, so) }
}

/// The chance of a leaf.
fn chance_of(leaf: Leaf, events: &[f64], modules: &[Chance]) -> Chance {
    match leaf {
        Leaf::Event(event) => (events[event as usize], 1.0 - events[event as usize]),
        Leaf::Module(below) => modules[below as usize],
    }
}

/// The chance of every node of a diagram (Shannon's expansion).
fn of_nodes(nodes: &[Node], levels: &[Chance]) -> Vec<Chance> {
    let mut chance: Vec<Chance> = Vec::with_capacity(nodes.len());
    chance.push((1.0, 0.0));
    for node in &nodes[1..] {
        let (so, not) = levels[node.level as usize];
        let hi = chance[(node.hi >> 1) as usize];
        let lo = turned(chance[(node.lo >> 1) as usize], node.lo);
        chance.push((so * hi.0 + not * lo.0, so * hi.1 + not * lo.1));
    }
    chance
}

fn levels(own: &Judged, events: &[f64], modules: &[Chance]) -> Vec<Chance> {
    own.leaves.iter().map(|&leaf| chance_of(leaf, events, modules)).collect()
}

/// The chance of every module, the last being the tree; `None` where a diagram is missing.
pub(super) fn of_modules(judged: &[Judged], events: &[f64]) -> Option<Vec<Chance>> {
    let mut modules = Vec::with_capacity(judged.len());
    for own in judged {
        let diagram = own.diagram.as_ref()?;
        let chances = of_nodes(&diagram.nodes, &levels(own, events, &modules));
        modules.push(turned(chances[(diagram.root >> 1) as usize], diagram.root));
    }
    Some(modules)
}

/// The derivative of the tree's chance by each event's, by the chain rule through the modules.
pub(super) fn derivatives(judged: &[Judged], events: &[f64]) -> Option<Vec<f64>> {
    let modules = of_modules(judged, events)?;
    let mut by_event = vec![0.0; events.len()];
    let mut by_module = vec![0.0; judged.len()];
    *by_module.last_mut()? = 1.0;
    for (at, own) in judged.iter().enumerate().rev() {
        let diagram = own.diagram.as_ref()?;
        let levels = levels(own, events, &modules);
        let chance = of_nodes(&diagram.nodes, &levels);
        // How likely a walk from the root comes by, counted negative where it comes complemented.
        let mut reached = vec![0.0; diagram.nodes.len()];
        let sign = |edge: u32| if edge & 1 == 0 { 1.0 } else { -1.0 };
        reached[(diagram.root >> 1) as usize] = by_module[at] * sign(diagram.root);
        let mut by_level = vec![0.0; levels.len()];
        for (id, node) in diagram.nodes.iter().enumerate().skip(1).rev() {
            let (so, not) = levels[node.level as usize];
            let hi = chance[(node.hi >> 1) as usize];
            let lo = turned(chance[(node.lo >> 1) as usize], node.lo);
            // Of the two ways to say it, the one with the smaller numbers loses fewer digits.
            let difference = if hi.0 + lo.0 <= 1.0 { hi.0 - lo.0 } else { lo.1 - hi.1 };
            by_level[node.level as usize] += reached[id] * difference;
            reached[(node.hi >> 1) as usize] += reached[id] * so;
            reached[(node.lo >> 1) as usize] += reached[id] * not * sign(node.lo);
        }
        for (leaf, derivative) in own.leaves.iter().zip(by_level) {
            match leaf {
                Leaf::Event(event) => by_event[*event as usize] += derivative,
                Leaf::Module(below) => by_module[*below as usize] += derivative,
            }
        }
    }
    Some(by_event)
}
