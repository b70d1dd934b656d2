//! The pretend world: what is truly so, what faulty senses tell of it, and whether the verdict was right.
//!
//! A [`scenario`] is read from a file, played by the world's virtual clock through the real
//! `blackstart_reason::step`, and held against what a fair judge would say.
//!
//! Only time and chance are pretended; nothing here judges. No I/O, no clock, and no chance but from a
//! seed: the same seed gives the same bytes. Tested by playing (`tests/it`).
#![forbid(unsafe_code)]

pub mod scenario;
pub mod truth;
pub mod glance;
pub mod world;
pub mod verdict;
pub mod play;
pub mod plants;
pub mod outages;
pub mod calibration;
pub mod chance;
