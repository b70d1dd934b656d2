//! The senses against real listeners on loopback.

mod asked;
mod http;
mod icmp;
mod schedule;
mod tcp;
mod tls;
