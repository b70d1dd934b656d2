//! Who is hit: services and customers that a set of faults takes down.

use crate::circuit::InputId;
use crate::evidence::Seen;
use crate::judgement::component_of;
use crate::state::Loaded;
use crate::summary::subject_named;
use blackstart_model::kind::Kind;
use blackstart_model::plant::Component;
use blackstart_model::record::{FaultMode, FaultName};
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

/// What people use that these faults take down, and what of it is seen to fail, with all that hangs on what is not seen
/// up in any way. A fault in part takes down what is seen of it; what only answers badly takes nobody down.
pub(crate) fn down(
    loaded: &Loaded,
    faults: &[(InputId, &FaultName)],
    seen: &[&Seen],
    is_up: &dyn Fn(&str) -> bool,
) -> Vec<ComponentId> {
    let Loaded { plant, circuit, .. } = loaded;
    let in_part = faults.iter().any(|(_, fault)| fault.mode == FaultMode::Partial);
    let mut broke: Vec<InputId> = taken_down(faults).collect();
    let by_faults = unusable(loaded, &broke);
    let of = |seen: &&Seen| plant.find(component_of(&seen.key.0));
    let is_used = |id: &ComponentId| plant.component(*id).kind.is_used();
    let fails = seen.iter().filter(|seen| seen.fact.failures > 0).filter_map(of);
    let more = fails
        .filter(|id| in_part || is_used(id) && by_faults.binary_search(id).is_err())
        .filter(|id| !is_up(plant.component(*id).name.as_str()));
    let own = broke.len();
    broke.extend(more.map(|id| circuit.component_input(id)));
    let hit = if broke.len() == own { by_faults } else { unusable(loaded, &broke) };
    hit.iter().copied().chain(seen.iter().filter_map(of).filter(is_used)).collect()
}

/// What they take down whichever of those it is that no check tells apart.
pub(crate) fn down_whichever(
    loaded: &Loaded,
    faults: &[(InputId, &FaultName)],
    ambiguity: &[Vec<FaultName>],
) -> Vec<ComponentId> {
    let Loaded { plant, circuit, .. } = loaded;
    let by = |faults: &[(InputId, &FaultName)]| {
        unusable(loaded, &taken_down(faults).collect::<Vec<_>>())
    };
    let mut hit = by(faults).to_vec();
    for (at, &(_, fault)) in faults.iter().enumerate() {
        let groups = ambiguity.iter().filter(|group| group.contains(fault));
        for other in groups.flatten().filter(|it| *it != fault) {
            let Some(input) = subject_named(plant, circuit, &other.subject) else { continue };
            let mut instead = faults.to_vec();
            instead[at] = (input, other);
            let by_it = by(&instead);
            hit.retain(|id| by_it.binary_search(id).is_ok());
        }
    }
    hit
}

/// What of these is wholly down, or in turns.
fn taken_down(faults: &[(InputId, &FaultName)]) -> impl Iterator<Item = InputId> {
    faults.iter().filter(|(_, fault)| takes_down(fault.mode)).map(|(input, _)| *input)
}

const fn takes_down(mode: FaultMode) -> bool {
    match mode {
        FaultMode::Degraded | FaultMode::Partial | FaultMode::WrongCheck => false,
        FaultMode::Down
        | FaultMode::Flaky
        | FaultMode::Latent
        | FaultMode::Consequential
        | FaultMode::Misrouted
        | FaultMode::CutOff => true,
    }
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
