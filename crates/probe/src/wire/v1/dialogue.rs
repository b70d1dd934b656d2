//! The mirror of what is asked of a mail server, over SMTP or IMAP.

use super::{CannotPut, HostPort, TextCondition, TlsQuestion, cannot, micros};
use blackstart_model::check;
use blackstart_model::time::Duration;
use serde::{Deserialize, Serialize};

/// Mirrors [`check::DialogueQuestion`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DialogueQuestion {
    /// The server.
    pub target: HostPort,
    /// Where to connect instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<HostPort>,
    /// When TLS begins, `at-once` or `by-starttls`; absent when never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls_begins: Option<String>,
    /// TLS; there when it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsQuestion>,
    /// Conditions on the greeting.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub greeting: Vec<TextCondition>,
    /// Conditions on what the server can do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<TextCondition>,
    /// Slower than this is degraded, microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_us: Option<u64>,
}

const BEGINS: [(&str, check::TlsBegins); 2] =
    [("at-once", check::TlsBegins::AtOnce), ("by-starttls", check::TlsBegins::ByStartTls)];

impl From<&check::DialogueQuestion> for DialogueQuestion {
    fn from(question: &check::DialogueQuestion) -> Self {
        let check::DialogueQuestion { target, connect, tls, greeting, capabilities, slow } =
            question;
        let begins = tls.as_ref().and_then(|tls| BEGINS.iter().find(|(_, one)| *one == tls.begins));
        Self {
            target: target.into(),
            connect: connect.as_ref().map(HostPort::from),
            tls_begins: begins.map(|(word, _)| (*word).to_owned()),
            tls: tls.as_ref().map(|tls| (&tls.question).into()),
            greeting: greeting.iter().map(TextCondition::from).collect(),
            capabilities: capabilities.iter().map(TextCondition::from).collect(),
            slow_us: slow.map(micros),
        }
    }
}

impl TryFrom<DialogueQuestion> for check::DialogueQuestion {
    type Error = CannotPut;

    fn try_from(question: DialogueQuestion) -> Result<Self, CannotPut> {
        let DialogueQuestion { target, connect, tls_begins, tls, greeting, capabilities, slow_us } =
            question;
        let tls = match (tls_begins, tls) {
            (None, None) => None,
            (Some(word), Some(question)) => {
                let known = BEGINS.iter().find(|(known, _)| *known == word);
                let (_, begins) = known.ok_or_else(|| cannot("when TLS begins is not known"))?;
                Some(check::DialogueTls { begins: *begins, question: question.into() })
            }
            (Some(_), None) | (None, Some(_)) => return Err(cannot("half of TLS is missing")),
        };
        Ok(Self {
            target: target.into(),
            connect: connect.map(Into::into),
            tls,
            greeting: greeting.into_iter().map(Into::into).collect(),
            capabilities: capabilities.into_iter().map(Into::into).collect(),
            slow: slow_us.map(Duration::from_micros),
        })
    }
}
