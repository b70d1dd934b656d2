//! The mirror of a Redis question. Its password goes by its name.

use super::{CannotPut, HostPort, TlsQuestion, cannot, micros};
use blackstart_model::check;
use blackstart_model::plant::Secret;
use blackstart_model::time::Duration;
use serde::{Deserialize, Serialize};

/// Mirrors [`check::RedisQuestion`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RedisQuestion {
    /// The server.
    pub target: HostPort,
    /// Where to connect instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<HostPort>,
    /// TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsQuestion>,
    /// Who logs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The *name* of a secret of the agent's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// What the server must be, `master` or `replica`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Slower than this is degraded, microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_us: Option<u64>,
}

impl From<&check::RedisQuestion> for RedisQuestion {
    fn from(question: &check::RedisQuestion) -> Self {
        let check::RedisQuestion { target, connect, tls, login, role, slow } = question;
        let user = login.as_ref().and_then(|login| login.user.as_ref());
        Self {
            target: target.into(),
            connect: connect.as_ref().map(HostPort::from),
            tls: tls.as_ref().map(TlsQuestion::from),
            user: user.map(|user| user.to_string()),
            password: login.as_ref().map(|login| login.password.0.to_string()),
            role: role.map(|role| role.as_str().to_owned()),
            slow_us: slow.map(micros),
        }
    }
}

impl TryFrom<RedisQuestion> for check::RedisQuestion {
    type Error = CannotPut;

    fn try_from(question: RedisQuestion) -> Result<Self, CannotPut> {
        let RedisQuestion { target, connect, tls, user, password, role, slow_us } = question;
        let role = role.map(|role| {
            check::RedisRole::parse(&role).ok_or_else(|| cannot("the role is not known"))
        });
        let user = user.map(String::into_boxed_str);
        let login = match (user, password) {
            (user, Some(name)) => {
                Some(check::RedisLogin { user, password: Secret(name.into_boxed_str()) })
            }
            (None, None) => None,
            (Some(_), None) => return Err(cannot("a user without a password cannot log in")),
        };
        Ok(Self {
            target: target.into(),
            connect: connect.map(Into::into),
            tls: tls.map(Into::into),
            login,
            role: role.transpose()?,
            slow: slow_us.map(Duration::from_micros),
        })
    }
}
