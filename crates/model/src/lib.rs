//! The nouns of Blackstart: what a plant is, what is asked of it, what was seen, what was decided.
//!
//! This crate decides only whether a text is a plant. It never does I/O, never reads a clock, and has
//! no runtime. It is tested through the plant file (golden files, properties, fuzzing) and by the
//! crates that use it.
#![forbid(unsafe_code)]

mod codes;
pub mod id;
pub mod time;
pub mod quantity;
pub mod kind;
pub mod requirement;
pub mod check;
pub mod plant;
pub mod finding;
pub mod plantfile;
pub mod draft;
pub mod netbox;
pub mod mef;
pub mod reading;
pub mod probing;
pub mod observation;
pub mod sample;
pub mod incident;
pub mod record;

pub use id::*;
pub use plant::Plant;
