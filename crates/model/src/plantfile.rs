//! The plant language: YAML text in, a [`Plant`] or *all* findings out.

use crate::finding::Finding;
use crate::plant::Plant;
use std::sync::Arc;

/// Reads a plant from its files: `(name, text)` in the order they are read.
///
/// The plant is there when no finding is an error; warnings and notes come with it.
#[must_use]
pub fn parse(_files: &[(String, String)]) -> (Option<Arc<Plant>>, Vec<Finding>) {
    (None, Vec::new())
}
