//! Who is hit: services and customers that a set of faults takes down.

use crate::circuit::InputId;
use crate::state::Loaded;
use blackstart_model::kind::Kind;
use blackstart_model::plant::Component;
use blackstart_model::{ComponentId, ComponentName};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Things held in what is kept, at most; where there is no more room, all is found anew (chosen by hand: some
/// megabytes).
const HELD_MAX: usize = 500_000;

/// What sets of faults were found to hit: it hangs on the plant alone.
#[derive(Debug, Default)]
pub(crate) struct Hits(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    of: HashMap<Vec<InputId>, Arc<[ComponentId]>>,
    held: usize,
}

/// What people use that is usable today and would not be with these faults, in the plant's order. Linear in the gates
/// above the faults, the first time.
pub(crate) fn unusable(loaded: &Loaded, broke: &[InputId]) -> Arc<[ComponentId]> {
    let kept = || loaded.hits.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = kept().of.get(broke) {
        return known.clone();
    }
    let ripple = loaded.circuit.ripple_of(broke);
    let is_hit = |id: &ComponentId| {
        let gate = loaded.circuit.usable(*id);
        ripple.was(gate) && !ripple.holds(gate)
    };
    let hit: Arc<[ComponentId]> = loaded.index.used(&ripple).into_iter().filter(is_hit).collect();
    let mut kept = kept();
    if kept.held > HELD_MAX {
        *kept = Kept::default();
    }
    kept.held += hit.len() + broke.len() + 1;
    kept.of.insert(broke.to_vec(), hit.clone());
    hit
}

/// Splits what people use into services and customers, each in the order of their names.
pub(crate) fn split(
    loaded: &Loaded,
    ids: impl IntoIterator<Item = ComponentId>,
) -> (Vec<ComponentName>, Vec<ComponentName>) {
    let mut ids: Vec<ComponentId> = ids.into_iter().collect();
    ids.sort_unstable_by_key(|id| loaded.index.by_name(*id));
    ids.dedup();
    let components = ids.into_iter().map(|id| loaded.plant.component(id));
    let (services, customers): (Vec<_>, Vec<_>) =
        components.partition(|component| component.kind != Kind::Customer);
    let names = |of: Vec<&Component>| of.into_iter().map(|it| it.name.clone()).collect();
    (names(services), names(customers))
}
