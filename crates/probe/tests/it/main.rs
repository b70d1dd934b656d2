//! The senses against real listeners on loopback.
#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod asked;
mod daemon;
mod dialogues;
mod hostile;
mod http;
mod icmp;
mod loopback;
mod ntp;
mod plugin;
mod schedule;
mod snmp;
mod ssh;
mod postgres;
mod mariadb;
mod talk;
mod tcp;
mod tls;
