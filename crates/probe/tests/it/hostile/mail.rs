//! SMTP and IMAP: greetings.

use super::{Kind, NOT_HTTP, Over};
use blackstart_model::check::{DialogueQuestion, HostPort, Question};

fn question(target: HostPort) -> DialogueQuestion {
    let (greeting, capabilities) = (Vec::new(), Vec::new());
    DialogueQuestion { target, connect: None, tls: None, greeting, capabilities, slow: None }
}

pub(super) const SMTP: Kind = Kind {
    name: "smtp",
    over: Over::TcpGreeted,
    ask: |target| Question::Smtp(question(target)),
    honest: |_| b"220 mail.example.net ESMTP Postfix (Debian/GNU)\r\n".to_vec(),
    lie: None,
    flood: b"220-And so on\r\n",
    other: NOT_HTTP,
    another: None,
};

pub(super) const IMAP: Kind = Kind {
    name: "imap",
    over: Over::TcpGreeted,
    ask: |target| Question::Imap(question(target)),
    honest: |_| b"* OK [CAPABILITY IMAP4rev1 STARTTLS] Dovecot (Debian) ready.\r\n".to_vec(),
    lie: None,
    flood: b"* OK and so on\r\n",
    other: NOT_HTTP,
    another: None,
};
