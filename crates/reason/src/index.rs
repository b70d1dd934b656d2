//! A plant turned over: what people use by its gate, what stands on a thing, who comes when by name.
//!
//! Who asks what some faults change knows the gates, and asks here whose they are, instead of asking everybody in the
//! plant whether it is theirs. Made once for a plant. It decides nothing. Tested through the judgement.

use crate::circuit::{Circuit, GateId, Ripple};
use blackstart_model::requirement::Target;
use blackstart_model::{ComponentId, Plant};

/// Things that stand on one and are remembered, the first ones: they are alike (chosen by hand).
pub(crate) const AROUND_MAX: usize = 8;

/// A list is searched for each of some gates as long as they are fewer than one in so many of it.
const SEARCHED_MAX: usize = 8;

/// Of one plant.
#[derive(Debug)]
pub(crate) struct Index {
    /// What people use, by the gate that says whether they can; and in the order of the plant.
    used: Vec<(GateId, ComponentId)>,
    all_used: Vec<ComponentId>,
    /// What stands on each component: of component `c` those in `on[on_start[c]..on_start[c + 1]]`.
    on_start: Vec<u32>,
    on: Vec<ComponentId>,
    /// Where each component stands in the order of their names.
    by_name: Vec<u32>,
}

impl Index {
    /// Of a plant. As much as sorting its checks.
    pub(crate) fn of(plant: &Plant, circuit: &Circuit) -> Self {
        let ids = || (0..).map(ComponentId).zip(plant.components());
        let all_used = ids().filter(|(_, component)| component.kind.is_used()).map(|(id, _)| id);
        let all_used: Vec<ComponentId> = all_used.collect();
        let mut used: Vec<(GateId, ComponentId)> =
            all_used.iter().map(|&id| (circuit.usable(id), id)).collect();
        used.sort_unstable();
        let each_leaf = |each: &mut dyn FnMut(ComponentId, ComponentId)| {
            for (id, component) in ids() {
                for (_, requirement) in &component.requirements {
                    requirement.each_leaf(&mut |leaf| {
                        if let Target::Component(below) = leaf.target {
                            each(id, below);
                        }
                    });
                }
            }
        };
        let most = u32::try_from(AROUND_MAX).expect("a few");
        let mut on_start = vec![0_u32; plant.components().len() + 1];
        each_leaf(&mut |_, below| {
            let count = &mut on_start[below.index() + 1];
            *count = most.min(*count + 1);
        });
        for at in 1..on_start.len() {
            on_start[at] += on_start[at - 1];
        }
        let mut next = on_start.clone();
        let mut on = vec![ComponentId(0); on_start.last().map_or(0, |end| *end as usize)];
        each_leaf(&mut |id, below| {
            let next = &mut next[below.index()];
            if *next < on_start[below.index() + 1] {
                on[*next as usize] = id;
                *next += 1;
            }
        });
        let mut named: Vec<(&str, usize)> =
            plant.components().iter().map(|component| component.name.as_str()).zip(0..).collect();
        named.sort_unstable();
        let mut by_name = vec![0; named.len()];
        for ((_, component), at) in named.into_iter().zip(0..) {
            by_name[component] = at;
        }
        Self { used, all_used, on_start, on, by_name }
    }

    /// What people use that these faults may change, in the order of the plant.
    pub(crate) fn used<const W: usize>(&self, ripple: &Ripple<'_, W>) -> Vec<ComponentId> {
        let few = self.used.len() / SEARCHED_MAX;
        let Some(gates) = ripple.touched().filter(|gates| gates.len() <= few) else {
            return self.all_used.clone();
        };
        let of = |gate: &u32| {
            let gate = GateId::of(*gate);
            let from = self.used.partition_point(|(other, _)| *other < gate);
            self.used[from..].iter().take_while(move |(other, _)| *other == gate)
        };
        let mut found: Vec<ComponentId> = gates.iter().flat_map(of).map(|(_, id)| *id).collect();
        found.sort_unstable();
        found
    }

    /// Where a component stands in the order of their names.
    pub(crate) fn by_name(&self, of: ComponentId) -> u32 {
        self.by_name[of.index()]
    }

    /// The first things that need a component, in the order of the plant, each as often as it needs it.
    pub(crate) fn on(&self, below: ComponentId) -> &[ComponentId] {
        let at = below.index();
        &self.on[self.on_start[at] as usize..self.on_start[at + 1] as usize]
    }
}
