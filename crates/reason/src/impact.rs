//! Who is hit: services and customers that a set of faults takes down.

use crate::circuit::InputId;
use crate::state::Loaded;
use blackstart_model::kind::Kind;
use blackstart_model::{ComponentId, ComponentName};

/// What people use that is usable today and would not be with these faults, in the plant's order.
pub(crate) fn unusable(loaded: &Loaded, broke: &[InputId]) -> Vec<ComponentName> {
    let (plant, circuit) = (&loaded.plant, &loaded.circuit);
    let (before, after) = (circuit.under(&[]), circuit.under(broke));
    plant
        .components()
        .iter()
        .zip(0..)
        .filter(|(component, at)| {
            let gate = circuit.usable(ComponentId(*at)).index();
            component.kind.is_used() && before[gate] && !after[gate]
        })
        .map(|(component, _)| component.name.clone())
        .collect()
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
