//! What a Redis check asks; put by the probe's `redis`.

use super::{HostPort, TlsQuestion};
use crate::codes::codes;
use crate::plant::Secret;
use crate::time::Duration;

/// A `PING`, and what the server says of its replication.
#[derive(Clone, PartialEq, Debug)]
pub struct RedisQuestion {
    /// The server; port 6379 unless given.
    pub target: HostPort,
    /// Where to connect instead.
    pub connect: Option<HostPort>,
    /// TLS from the first byte, when it is to be spoken.
    pub tls: Option<TlsQuestion>,
    /// Who logs in; without it nobody does.
    pub login: Option<RedisLogin>,
    /// What the server must be.
    pub role: Option<RedisRole>,
    /// Up, and slower than this in all: degraded.
    pub slow: Option<Duration>,
}

/// Who logs in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RedisLogin {
    /// The user of the server's access control list; `default` when not given.
    pub user: Option<Box<str>>,
    /// The password, by its name.
    pub password: Secret,
}

codes! {
    /// What a server is among those that hold the same data.
    RedisRole {
        /// It can be written to.
        Master = "master",
        /// It follows another one.
        Replica = "replica",
    }
}
