//! Who is hit: services and customers that a set of faults takes down.

use crate::circuit::InputId;
use crate::state::Loaded;
use blackstart_model::kind::Kind;
use blackstart_model::{ComponentId, ComponentName};

/// Of each of up to 64 sets of faults what people use that is usable today and would not be with them, in the
/// plant's order. Linear in the components, and in the gates above the faults.
///
/// # Panics
/// When there are more than 64 sets.
pub(crate) fn unusable(loaded: &Loaded, broke: &[Vec<InputId>]) -> Vec<Vec<ComponentName>> {
    assert!(broke.len() <= 64, "one word has 64 scenarios");
    let (plant, circuit) = (&loaded.plant, &loaded.circuit);
    let sets = broke.iter().enumerate();
    let failed: Vec<(InputId, [u64; 1])> =
        sets.flat_map(|(lane, set)| set.iter().map(move |&input| (input, [1 << lane]))).collect();
    let ripple = circuit.ripple(&failed);
    let mut hit = vec![Vec::new(); broke.len()];
    for (component, at) in plant.components().iter().zip(0..) {
        let gate = circuit.usable(ComponentId(at));
        if !ripple.was(gate) || !component.kind.is_used() {
            continue;
        }
        let mut down = !ripple.of(gate)[0];
        while down != 0 {
            // What no set has failed is as today, so it is up in the lanes beyond the sets.
            hit[down.trailing_zeros() as usize].push(component.name.clone());
            down &= down - 1;
        }
    }
    hit
}

/// Splits what people use into services and customers.
pub(crate) fn split(
    loaded: &Loaded,
    names: impl IntoIterator<Item = ComponentName>,
) -> (Vec<ComponentName>, Vec<ComponentName>) {
    let mut names: Vec<ComponentName> = names.into_iter().collect();
    names.sort();
    names.dedup();
    names.into_iter().partition(|name| {
        loaded
            .plant
            .find(name.as_str())
            .is_none_or(|id| loaded.plant.component(id).kind != Kind::Customer)
    })
}
