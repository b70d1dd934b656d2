//! The pretend world, played.

mod reading;
