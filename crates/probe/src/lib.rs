//! The senses: puts questions to the world on a fixed grid and returns what it saw.
//!
//! It returns answers and never opinions: which fault explains them is for `reason`. It never decides
//! that something recovered, never starts a shell, runs only the plugins that its host's own file names, and
//! reads the wall clock only for what is about it (certificates, time servers). What it cannot put, or
//! cannot read, is `unknown` with the reason.
//!
//! [`Prober`] owns the schedule; each kind of check is one module that answers one question before one
//! absolute deadline. [`wire`] is how an agent tells a server of it. Tested against real listeners on
//! loopback in `tests/it`, and in the lab against real daemons.
#![forbid(unsafe_code)]

mod clock;
mod prober;
mod seen;
mod way_out;
mod ask;
mod http;
mod tls;
mod tcp;
mod talk;
mod icmp;
mod dns;
mod ssh;
mod smtp;
mod imap;
mod redis;
mod lines;
mod stream;
mod condition;
mod database;
mod postgres;
mod mariadb;
mod snmp;
mod ntp;
mod plugin;
mod resolver;
mod udp;
mod net;
pub mod certificate;
pub mod fetch;
pub mod secrets;
pub mod plugins;
pub mod wire;
#[cfg(any(test, fuzzing))]
pub mod fuzzed;

pub use ask::{Answer, Equipment, ask_once, ask_once_seen};
pub use prober::{Assignment, Listener, Prober, Sample, Stats, raise_limits};
pub use seen::{Seen, SeenDns, SeenHttp, SeenLeaf, SeenTls};
