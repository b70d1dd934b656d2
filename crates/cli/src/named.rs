//! Components and checks by the names a person types.

use anyhow::{Result, anyhow};
use blackstart_model::{CheckId, ComponentId, Plant};

/// The components of these names.
///
/// # Errors
/// When a name is nowhere in the plant; with the nearest that is, where one is near.
pub(crate) fn components(plant: &Plant, names: &[String]) -> Result<Vec<ComponentId>> {
    names.iter().map(|name| component(plant, name)).collect()
}

/// The component of this name; refused as by [`components`].
pub(crate) fn component(plant: &Plant, name: &str) -> Result<ComponentId> {
    let all = || plant.components().iter().map(|component| component.name.as_str());
    plant.find(name).ok_or_else(|| nothing("nothing in the plant", name, all()))
}

/// The check of this key; of a component that has one check only, its own name will do.
///
/// # Errors
/// When there is none, with the nearest that is; and when a component has several.
pub(crate) fn check(plant: &Plant, key: &str) -> Result<CheckId> {
    let named = |check: &&blackstart_model::check::Check| check.key.as_str() == key;
    if let Some(check) = plant.checks().iter().find(named) {
        return Ok(check.id);
    }
    if let Some(component) = plant.find(key) {
        let own: Vec<_> =
            plant.checks().iter().filter(|check| check.component == component).collect();
        let keys: Vec<&str> = own.iter().map(|check| check.key.as_str()).collect();
        return match own[..] {
            [only] => Ok(only.id),
            [] => Err(anyhow!("`{key}` has no check; write `component` instead of `check`")),
            _ => Err(anyhow!("`{key}` has several checks: {}", keys.join(", "))),
        };
    }
    let all = plant.checks().iter().map(|check| check.key.as_str());
    Err(nothing("no check of the plant", key, all))
}

/// Names longer than this are not guessed at, bytes.
const GUESSED_MAX: usize = 256;

fn nothing<'a>(what: &str, name: &str, all: impl Iterator<Item = &'a str>) -> anyhow::Error {
    let shown: String = name.chars().take(GUESSED_MAX).collect();
    let near = all
        .filter(|_| name.len() <= GUESSED_MAX)
        .map(|near| (strsim::osa_distance(name, near), near))
        .filter(|(distance, near)| *distance <= near.len() / 3 + 1)
        .min();
    match near {
        Some((_, near)) => anyhow!("{what} is called `{shown}`; did you mean `{near}`?"),
        None => anyhow!("{what} is called `{shown}`"),
    }
}
