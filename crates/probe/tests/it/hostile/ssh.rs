//! SSH: the server's identification.

use super::{Kind, NOT_HTTP, Over};
use blackstart_model::check::{Question, SshQuestion};

pub(super) const KIND: Kind = Kind {
    name: "ssh",
    over: Over::TcpGreeted,
    ask: |target| Question::Ssh(SshQuestion { target, banner: Vec::new(), slow: None }),
    honest: |_| b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n".to_vec(),
    lie: None,
    another: None,
    flood: b"Some words before the identification\r\n",
    other: NOT_HTTP,
};
