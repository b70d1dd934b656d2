//! The mirror of a talk. The agent compiles its expressions itself, within limits of its own.

use super::{CannotPut, HostPort, TlsQuestion, cannot, micros};
use blackstart_model::check;
use blackstart_model::plant::Secret;
use blackstart_model::time::Duration;
use serde::{Deserialize, Serialize};

/// Mirrors [`check::TalkQuestion`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TalkQuestion {
    /// The server.
    pub target: HostPort,
    /// Where to connect instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<HostPort>,
    /// What is asked of the certificate when TLS begins, at a step `tls`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsQuestion>,
    /// What is said and waited for.
    pub steps: Vec<Step>,
    /// The *name* of a secret of the agent's own, which `${password}` stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// What is said at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goodbye: Option<String>,
    /// Slower than this is degraded, microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_us: Option<u64>,
}

/// Mirrors [`check::Step`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Wait for a line that this expression matches.
    Expect(String),
    /// Wait for these bytes.
    ExpectBytes(Vec<u8>),
    /// Say this.
    Send(String),
    /// Say these bytes.
    SendBytes(Vec<u8>),
    /// TLS begins.
    Tls,
}

impl From<&check::TalkQuestion> for TalkQuestion {
    fn from(question: &check::TalkQuestion) -> Self {
        let check::TalkQuestion { target, connect, script, goodbye, slow } = question;
        let step = |step: &check::Step| match step {
            check::Step::Expect(pattern) => Some(Step::Expect(pattern.as_str().to_owned())),
            check::Step::ExpectBytes(bytes) => Some(Step::ExpectBytes(bytes.to_vec())),
            // Nobody scrapes an agent.
            check::Step::Label(_) => None,
            check::Step::Send(text) => Some(Step::Send(text.to_string())),
            check::Step::SendBytes(bytes) => Some(Step::SendBytes(bytes.to_vec())),
            check::Step::Tls(_) => Some(Step::Tls),
        };
        Self {
            target: target.into(),
            connect: connect.as_ref().map(HostPort::from),
            tls: question.tls().map(TlsQuestion::from),
            steps: script.steps().iter().filter_map(step).collect(),
            password: script.password().map(|secret| secret.0.to_string()),
            goodbye: goodbye.as_ref().map(|text| text.to_string()),
            slow_us: slow.map(micros),
        }
    }
}

impl TryFrom<TalkQuestion> for check::TalkQuestion {
    type Error = CannotPut;

    fn try_from(question: TalkQuestion) -> Result<Self, CannotPut> {
        let TalkQuestion { target, connect, tls, steps, password, goodbye, slow_us } = question;
        // Before any of them is compiled.
        if steps.len() > check::Script::STEPS_MAX {
            return Err(cannot("the talk has too many steps"));
        }
        let step = |step: Step| match step {
            Step::Expect(text) => check::Pattern::new(&text)
                .map(check::Step::Expect)
                .map_err(|why| cannot(why.to_string())),
            Step::ExpectBytes(bytes) => Ok(check::Step::ExpectBytes(bytes.into())),
            Step::SendBytes(bytes) => Ok(check::Step::SendBytes(bytes.into())),
            Step::Send(text) => Ok(check::Step::Send(text.into_boxed_str())),
            Step::Tls => tls
                .clone()
                .map(|tls| check::Step::Tls(tls.into()))
                .ok_or_else(|| cannot("nothing is said of the TLS that begins")),
        };
        let steps = steps.into_iter().map(step).collect::<Result<Vec<_>, _>>()?;
        let script = check::Script::new(steps, password.map(|name| Secret(name.into())))
            .map_err(|(_, why)| cannot(why.to_string()))?;
        if let Some(text) = &goodbye {
            check::Script::goodbye(text).map_err(|why| cannot(why.to_string()))?;
        }
        Ok(Self {
            target: target.into(),
            connect: connect.map(Into::into),
            script,
            goodbye: goodbye.map(String::into_boxed_str),
            slow: slow_us.map(Duration::from_micros),
        })
    }
}
