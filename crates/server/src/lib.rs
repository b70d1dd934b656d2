//! The loop and the face: takes in what happened, has it judged, keeps it, carries out what was
//! decided, and shows it.
#![forbid(unsafe_code)]

pub mod hub;
