//! HTTP: one page.

use super::{Kind, Over};
use crate::asked::get;
use blackstart_model::check::Question;

pub(super) const KIND: Kind = Kind {
    name: "http",
    over: Over::Tcp,
    ask: |authority| Question::Http(get(authority, "/")),
    honest: |_| b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine".to_vec(),
    lie: Some(|_| b"HTTP/1.1 200 OK\r\nContent-Length: 4000000000\r\n\r\nfine".to_vec()),
    another: None,
    flood: b"HTTP/1.1 200 OK\r\n\r\n and so on",
    other: b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n",
};
