//! A plant that a question is asked of: read whole, or refused with everything that is wrong with it.

use crate::{findings, output};
use blackstart_model::Plant;
use blackstart_server::plant_files;
use std::path::Path;
use std::sync::Arc;

/// A plant with the files it was read from.
pub(crate) struct Opened {
    /// Name and text of each file.
    pub(crate) files: Vec<(String, String)>,
    pub(crate) plant: Arc<Plant>,
}

/// Reads a plant; `None` when it is none, and then all that is wrong has been said.
pub(crate) fn open(path: &Path) -> anyhow::Result<Option<Opened>> {
    let found = plant_files::find(path)?;
    let files = found.source.files;
    if found.plant.is_none() {
        output::aside(&findings::render(&files, &found.findings));
        output::complain(&format!("{} is not a plant that can be loaded", path.display()));
    }
    Ok(found.plant.map(|plant| Opened { files, plant }))
}
