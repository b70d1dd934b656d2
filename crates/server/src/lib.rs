//! The loop and the face: takes in what happened, has it judged, keeps it, carries out what was
//! decided, and shows it.
//!
//! `turn` is the loop: one input, one judgement, both durable, and only then does anything leave.
//! `intake` turns the senses' samples into inputs, `recorder` keeps them in bulk and `remote_write` tells
//! them elsewhere, `delivery` turns decisions into messages, `http` is the face. It judges nothing itself.
//! Tested through its listeners and, with a pretended crash at each step, through `turn`.
#![forbid(unsafe_code)]

mod clock;
pub mod hub;
pub mod turn;
pub mod intake;
pub mod recorder;
mod remote_write;
mod pushes;
pub mod alertmanager;
pub mod delivery;
pub mod heartbeat;
pub mod plant_files;
pub mod agents;
pub mod drawing;
pub mod report;
pub mod stage;
pub mod believed;
pub mod http;
pub mod serve;
pub mod client;
pub mod netbox;
#[cfg(any(test, fuzzing))]
pub mod fuzzed;

// What a stage answers with.
pub use blackstart_journal::JournalError;
pub use blackstart_probe::Answer;
