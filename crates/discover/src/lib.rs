//! What this machine knows of itself, as a plant that can be watched at once.
//!
//! [`Host::read`] looks at files alone (`/proc`, `/sys`, `/etc`) and runs nothing. [`Draft::of`] makes of it what can
//! be watched: one component for each program that listens, with questions it may answer, the most telling first.
//! Each is put once ([`Draft::look`]), and the first that is answered well is taken: so a starter plant
//! begins with what is true. What a machine cannot know of itself is said as a question and never guessed.
//!
//! [`examine`] tries what an installation has to be able to do (`blackstart doctor`).
//!
//! Tested on machines made of files (`tests/it`), and in the lab against real daemons.
#![forbid(unsafe_code)]

mod host;
mod draft;
mod doctor;

pub use doctor::{Able, Capability, examine};
pub use draft::{Draft, Looked};
pub use host::{Host, Listening, Mount};
