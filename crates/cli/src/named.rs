//! Components and checks by the names a person types.

use blackstart_model::{CheckId, ComponentId, Plant, VantageId};

/// What a name means in the plant, or why it means nothing.
pub(crate) type Result<T> = std::result::Result<T, Unnamed>;

/// A name that means no one thing of the plant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Unnamed {
    /// What was typed, cut where it is long.
    pub(crate) name: String,
    /// The nearest that is there, where one is near.
    pub(crate) near: Option<String>,
    /// All of it in words.
    words: String,
}

impl std::fmt::Display for Unnamed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for Unnamed {}

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
            [] => {
                let words = format!("`{key}` has no check; write `component` instead of `check`");
                Err(Unnamed { name: key.to_owned(), near: None, words })
            }
            _ => {
                let words = format!("`{key}` has several checks: {}", keys.join(", "));
                Err(Unnamed { name: key.to_owned(), near: None, words })
            }
        };
    }
    let all = plant.checks().iter().map(|check| check.key.as_str());
    Err(nothing("no check of the plant", key, all))
}

/// The vantage of this name; refused as by [`components`].
pub(crate) fn vantage(plant: &Plant, name: &str) -> Result<VantageId> {
    let all = || plant.vantages().iter().map(|vantage| vantage.name.as_str());
    let at = all().position(|known| known == name);
    let id = at.and_then(|at| u32::try_from(at).ok()).map(VantageId);
    id.ok_or_else(|| nothing("no vantage of the plant", name, all()))
}

/// Names longer than this are not guessed at, bytes.
const GUESSED_MAX: usize = 256;

fn nothing<'a>(what: &str, name: &str, all: impl Iterator<Item = &'a str>) -> Unnamed {
    let shown: String = name.chars().take(GUESSED_MAX).collect();
    let near = all
        .filter(|_| name.len() <= GUESSED_MAX)
        .map(|near| (strsim::osa_distance(name, near), near))
        .filter(|(distance, near)| *distance <= near.len() / 3 + 1)
        .min()
        .map(|(_, near)| near.to_owned());
    let words = match &near {
        Some(near) => format!("{what} is called `{shown}`; did you mean `{near}`?"),
        None => format!("{what} is called `{shown}`"),
    };
    Unnamed { name: shown, near, words }
}
