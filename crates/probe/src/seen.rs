//! What a try saw on its way to the answer: for somebody who wants every figure once, and not for the grid,
//! whose tries note nothing and pay one look at an empty place for it.
//!
//! It never changes an answer. Tested through [`ask_once_seen`](crate::ask_once_seen).

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// What a try saw; what did not happen is absent.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Seen {
    /// The address that was asked, or would have been.
    pub address: Option<IpAddr>,
    /// The answer of a web server.
    pub http: Option<SeenHttp>,
    /// The session with a TLS server.
    pub tls: Option<SeenTls>,
    /// The answer of a name server.
    pub dns: Option<SeenDns>,
    /// The hop limit that was left of an echo's answer (of IPv4: the time to live).
    pub hop_limit: Option<u8>,
    /// The labels of a talk, up to where it came.
    pub labels: Vec<(String, String)>,
    /// Other bytes came than a talk expects.
    pub has_other_bytes: bool,
}

/// The answer of a web server.
#[derive(Clone, PartialEq, Debug)]
pub struct SeenHttp {
    /// The status.
    pub status: u16,
    /// The version: 1.0 or 1.1.
    pub version: f64,
    /// What its header says of its length.
    pub content_length: Option<u64>,
    /// Bytes of the body that were read.
    pub body_bytes: u64,
    /// When it says it last changed, seconds since 1970.
    pub last_modified_s: Option<i64>,
    /// Where it sends whoever asks.
    pub location: Option<String>,
}

/// The session with a TLS server.
#[derive(Clone, PartialEq, Debug)]
pub struct SeenTls {
    /// As `TLS 1.3`.
    pub version: &'static str,
    /// When the first of the presented certificates ends, seconds since 1970.
    pub first_ends_s: Option<i64>,
    /// When the best verified chain ends; absent when nothing was verified.
    pub chain_ends_s: Option<i64>,
    /// The leaf.
    pub leaf: Option<SeenLeaf>,
}

/// A server's own certificate.
#[derive(Clone, PartialEq, Debug)]
pub struct SeenLeaf {
    /// SHA-256 of it, in hex.
    pub fingerprint: String,
    /// Whose it says it is.
    pub subject: String,
    /// Who says so.
    pub issuer: String,
    /// The DNS names it is for.
    pub names: Vec<String>,
}

/// The answer of a name server, in records.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SeenDns {
    /// Those that answer.
    pub answer: u16,
    /// Those that say who knows.
    pub authority: u16,
    /// Those that go with it.
    pub additional: u16,
    /// The serial of a zone, when its SOA was asked for.
    pub serial: Option<u32>,
}

/// Where a try notes what it sees, if somebody wants to know.
#[derive(Clone, Default)]
pub(crate) struct Notes(Option<Arc<Mutex<Seen>>>);

impl Notes {
    /// Notes that are read.
    pub(crate) fn wanted() -> Self {
        Self(Some(Arc::default()))
    }

    pub(crate) fn note(&self, write: impl FnOnce(&mut Seen)) {
        if let Some(seen) = &self.0 {
            write(&mut seen.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    pub(crate) fn read(&self) -> Seen {
        let seen = self.0.as_ref();
        seen.map(|seen| seen.lock().unwrap_or_else(PoisonError::into_inner).clone())
            .unwrap_or_default()
    }
}
