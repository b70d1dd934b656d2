//! The first sets of an answer, written down one by one, smaller orders first.
//!
//! The tallies tell beforehand which way a set of the wanted order lies, so no way is gone in vain. Tested
//! by every set being one, and by their number.

use super::Literal;
use super::judge::{Sets, Verdict};
use super::modules::Leaf;
use std::rc::Rc;

/// What is still to be found for a set.
#[derive(Clone, Copy)]
struct Goal {
    module: u32,
    complement: u8,
    node: u32,
    order: u32,
}

/// A list that shares its end with others.
struct Link<T> {
    own: T,
    rest: Option<Rc<Link<T>>>,
}

type Chain<T> = Option<Rc<Link<T>>>;

fn linked<T>(own: T, rest: Chain<T>) -> Chain<T> {
    Some(Rc::new(Link { own, rest }))
}

impl<T> Drop for Link<T> {
    fn drop(&mut self) {
        // Link by link: a long chain dropped as it hangs together would use the stack.
        let mut rest = self.rest.take();
        while let Some(link) = rest {
            rest = Rc::try_unwrap(link).ok().and_then(|mut link| link.rest.take());
        }
    }
}

fn sets_of(verdict: &Verdict, module: u32, complement: u8) -> Option<&Sets> {
    verdict.sets[module as usize][complement as usize].as_deref()
}

/// At most so many sets, of orders below `orders`.
pub(super) fn first(verdict: &Verdict, orders: usize, at_most: usize) -> Vec<Vec<Literal>> {
    let mut found = Vec::new();
    let top = u32::try_from(verdict.modules.len() - 1).expect("modules fit u32");
    let Some(sets) = sets_of(verdict, top, 0) else { return found };
    for order in 0..u32::try_from(orders).expect("orders fit u32") {
        if !sets.tally.has(sets.root, order) {
            continue;
        }
        let goal = Goal { module: top, complement: 0, node: sets.root, order };
        let mut open: Vec<(Chain<Goal>, Chain<Literal>)> = vec![(linked(goal, None), None)];
        while let Some((goals, chosen)) = open.pop() {
            if found.len() >= at_most {
                return found;
            }
            let Some(link) = goals else {
                let mut set = Vec::new();
                let mut at = &chosen;
                while let Some(link) = at {
                    set.push(link.own);
                    at = &link.rest;
                }
                set.sort_unstable();
                found.push(set);
                continue;
            };
            ways(verdict, link.own, &link.rest, &chosen, &mut open);
        }
    }
    found
}

/// The ways to go on from one goal; what is to be tried first is put last.
fn ways(
    verdict: &Verdict,
    goal: Goal,
    rest: &Chain<Goal>,
    chosen: &Chain<Literal>,
    open: &mut Vec<(Chain<Goal>, Chain<Literal>)>,
) {
    let Goal { module, complement, node, order } = goal;
    let Some(sets) = sets_of(verdict, module, complement) else { return };
    if node == super::zbdd::BASE {
        open.push((rest.clone(), chosen.clone()));
        return;
    }
    let here = sets.nodes[node as usize];
    if sets.tally.has(here.lo, order) {
        let goal = Goal { node: here.lo, ..goal };
        open.push((linked(goal, rest.clone()), chosen.clone()));
    }
    let leaf = verdict.modules[module as usize].leaves[(here.level >> 1) as usize];
    let sign = u8::from(here.level & 1 == 1);
    match leaf {
        Leaf::Event(event) => {
            let Some(left) = order.checked_sub(1).filter(|&left| sets.tally.has(here.hi, left))
            else {
                return;
            };
            let goal = Goal { node: here.hi, order: left, ..goal };
            let chosen = linked(Literal { event, happens: sign == 0 }, chosen.clone());
            open.push((linked(goal, rest.clone()), chosen));
        }
        Leaf::Module(below) => {
            let Some(inner) = sets_of(verdict, below, sign) else { return };
            for own in (0..=order).rev() {
                if sets.tally.has(here.hi, order - own) && inner.tally.has(inner.root, own) {
                    let outer = Goal { node: here.hi, order: order - own, ..goal };
                    let rest = linked(outer, rest.clone());
                    let inner =
                        Goal { module: below, complement: sign, node: inner.root, order: own };
                    open.push((linked(inner, rest), chosen.clone()));
                }
            }
        }
    }
}

/// Whether a set has an event that must not happen.
pub(super) fn has_complements(verdict: &Verdict) -> bool {
    let top = verdict.modules.len() - 1;
    // Only what can be met from the top counts, each module by each sign.
    let mut met = vec![[false; 2]; verdict.modules.len()];
    let mut open = vec![(top, 0_usize)];
    while let Some((module, complement)) = open.pop() {
        if std::mem::replace(&mut met[module][complement], true) {
            continue;
        }
        let Some(sets) = &verdict.sets[module][complement] else { continue };
        for node in &sets.nodes[2..] {
            let sign = (node.level & 1) as usize;
            match verdict.modules[module].leaves[(node.level >> 1) as usize] {
                Leaf::Event(_) if sign == 1 => return true,
                Leaf::Event(_) => {}
                Leaf::Module(below) => open.push((below as usize, sign)),
            }
        }
    }
    false
}
