//! A word that a job tells of itself.

use crate::plant::Secret;

/// A job tells that it ran, once in each period; silence past that, and the check's deadline, is the symptom.
/// Nothing is asked: [`Check::every`](super::Check::every) is how often it tells, and
/// [`Check::deadline`](super::Check::deadline) how late it may be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PushQuestion {
    /// What the job has to show; without one, whoever reaches the console's address may tell.
    pub token: Option<Secret>,
}
