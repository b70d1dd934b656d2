//! The mirror of a push: an agent is never sent one, for nothing is asked.

use serde::{Deserialize, Serialize};

/// Mirrors [`PushQuestion`](blackstart_model::check::PushQuestion), without its token.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PushQuestion {}
