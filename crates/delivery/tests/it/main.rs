//! The ways to tell against those they speak to: strict servers that check every request by the documents of the real
//! ones, and Debian's Alertmanager.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod world;
mod webhook;
mod pagerduty;
mod ntfy;
mod alertmanager;
