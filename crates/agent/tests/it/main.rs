//! The agent as a process, against a server on loopback that says what the test wants.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod world;

mod connecting;
mod telling;
mod configuration;
