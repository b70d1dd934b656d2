//! The judgement: what is weak and what would be; what is down, what broke, who is hit, what to say.
//!
//! Before an outage every question is asked of a plant and its [`circuit`]: [`structure`] (the audit),
//! [`whatif`] with its second layer [`load`], [`faulttree`], [`coldstart`], [`availability`],
//! [`diagnosability`]. During one, [`step`] takes one input after another; [`recall`] takes those of a
//! journal, with what was decided on them.
//!
//! Pure: same input, same output, byte for byte. It never reads a clock, opens a socket or draws a
//! random number; `now` is an argument. Tested through these doors.
#![forbid(unsafe_code)]

mod state;
mod step;
mod recall;
mod forgetting;
mod judgement;
mod why;
mod by_chance;
mod history;
mod evidence;
mod index;
mod hashed;
mod deed;
mod verification;
mod battery;
mod diagnosis;
pub mod rates;
pub mod hands;
pub mod prior;
pub mod coincidence;
mod summary;
mod changed;
mod impact;
mod alert;
pub mod circuit;
pub mod load;
pub mod diagnosability;
pub mod whatif;
pub mod consequence;
pub mod structure;
pub mod coldstart;
pub mod availability;
pub mod faulttree;

pub use circuit::crosses_way_out;
pub use diagnosis::lossy;
pub use recall::{Remembered, recall, remembered};
pub use state::{
    AlertProgress, AlertStage, Deeded, Evidence, Incident, Loss, Retold, State, SymptomKey,
    SymptomTrack, Word,
};
pub use step::step;
