//! Components by the names a person types.

use anyhow::bail;
use blackstart_model::{ComponentId, Plant};

/// The components of these names.
///
/// # Errors
/// When a name is nowhere in the plant; with the nearest that is, where one is near.
pub(crate) fn components(plant: &Plant, names: &[String]) -> anyhow::Result<Vec<ComponentId>> {
    names.iter().map(|name| component(plant, name)).collect()
}

/// The component of this name; refused as by [`components`].
pub(crate) fn component(plant: &Plant, name: &str) -> anyhow::Result<ComponentId> {
    if let Some(id) = plant.find(name) {
        return Ok(id);
    }
    let near = plant
        .components()
        .iter()
        .map(|component| (strsim::osa_distance(name, component.name.as_str()), &component.name))
        .filter(|(distance, near)| *distance <= near.as_str().len() / 3 + 1)
        .min();
    match near {
        Some((_, near)) => bail!("nothing in the plant is called `{name}`; did you mean `{near}`?"),
        None => bail!("nothing in the plant is called `{name}`"),
    }
}
