//! The judgement: what is down, what broke, who is hit, what to say.
//!
//! Pure: same input, same output, byte for byte. It never reads a clock, opens a socket or draws a
//! random number; `now` is an argument. Tested through its one door, [`step`], and through [`circuit`].
#![forbid(unsafe_code)]

mod state;

pub use state::{AlertProgress, AlertStage, Evidence, Incident, Loss, State, SymptomTrack};

use blackstart_model::record::{Decision, Input};
use blackstart_model::time::Timestamp;

/// Takes one input into the state and says what follows from it.
///
/// `now` is the time of the input's record; it never goes back within one journal.
pub fn step(_state: &mut State, _input: &Input, _now: Timestamp) -> Vec<Decision> {
    Vec::new()
}
