//! The pretend world, played.

mod reading;
mod world;
mod scenarios;
mod outages;
