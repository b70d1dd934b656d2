//! The mirror of a question to a database, PostgreSQL or MariaDB.

use super::{CannotPut, HostPort, TlsQuestion, cannot, micros};
use blackstart_model::check;
use blackstart_model::plant::Secret;
use blackstart_model::time::Duration;
use serde::{Deserialize, Serialize};

/// Mirrors [`check::DatabaseQuestion`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DatabaseQuestion {
    /// The server.
    pub target: HostPort,
    /// How the way there is protected.
    pub tls: DatabaseTls,
    /// What is asked in a session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<DatabaseSession>,
    /// Slower than this is degraded, microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_us: Option<u64>,
}

/// Mirrors [`check::DatabaseTls`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseTls {
    /// Never.
    Off,
    /// When it is offered.
    Prefer,
    /// Whatever the certificate is.
    Required,
    /// With a certificate that is verified.
    Verify(TlsQuestion),
}

/// Mirrors [`check::DatabaseSession`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DatabaseSession {
    /// Who signs in.
    pub user: String,
    /// The *name* of a secret of the agent's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// In which database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<String>,
    /// One statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// Conditions on the first value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answer: Vec<ValueCondition>,
    /// What the server must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
}

/// Mirrors [`check::ValueCondition`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueCondition {
    /// Exactly this.
    Is(String),
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
}

impl DatabaseQuestion {
    /// What is asked of the certificate.
    pub(super) const fn tls(&self) -> Option<&TlsQuestion> {
        match &self.tls {
            DatabaseTls::Verify(asked) => Some(asked),
            DatabaseTls::Off | DatabaseTls::Prefer | DatabaseTls::Required => None,
        }
    }
}

impl From<&check::DatabaseQuestion> for DatabaseQuestion {
    fn from(question: &check::DatabaseQuestion) -> Self {
        let check::DatabaseQuestion { target, tls, session, slow } = question;
        Self {
            target: target.into(),
            tls: match tls {
                check::DatabaseTls::Off => DatabaseTls::Off,
                check::DatabaseTls::Prefer => DatabaseTls::Prefer,
                check::DatabaseTls::Required => DatabaseTls::Required,
                check::DatabaseTls::Verify(asked) => DatabaseTls::Verify(asked.into()),
            },
            session: session.as_ref().map(DatabaseSession::from),
            slow_us: slow.map(micros),
        }
    }
}

impl TryFrom<DatabaseQuestion> for check::DatabaseQuestion {
    type Error = CannotPut;

    fn try_from(question: DatabaseQuestion) -> Result<Self, CannotPut> {
        let DatabaseQuestion { target, tls, session, slow_us } = question;
        Ok(Self {
            target: target.into(),
            tls: match tls {
                DatabaseTls::Off => check::DatabaseTls::Off,
                DatabaseTls::Prefer => check::DatabaseTls::Prefer,
                DatabaseTls::Required => check::DatabaseTls::Required,
                DatabaseTls::Verify(asked) => check::DatabaseTls::Verify(asked.into()),
            },
            session: session.map(TryInto::try_into).transpose()?,
            slow: slow_us.map(Duration::from_micros),
        })
    }
}

impl From<&check::DatabaseSession> for DatabaseSession {
    fn from(session: &check::DatabaseSession) -> Self {
        let check::DatabaseSession { user, password, database, query, answer, role } = session;
        Self {
            user: user.to_string(),
            password: password.as_ref().map(|secret| secret.0.to_string()),
            database: database.as_ref().map(|name| name.to_string()),
            query: query.as_ref().map(|text| text.to_string()),
            answer: answer.iter().map(ValueCondition::from).collect(),
            role: role.map(|role| role.as_str().to_owned()),
        }
    }
}

impl TryFrom<DatabaseSession> for check::DatabaseSession {
    type Error = CannotPut;

    fn try_from(session: DatabaseSession) -> Result<Self, CannotPut> {
        let DatabaseSession { user, password, database, query, answer, role } = session;
        let role = role.map(|role| {
            check::DatabaseRole::parse(&role).ok_or_else(|| cannot("the role is not known"))
        });
        Ok(Self {
            user: user.into(),
            password: password.map(|name| Secret(name.into())),
            database: database.map(Into::into),
            query: query.map(Into::into),
            answer: answer.into_iter().map(Into::into).collect(),
            role: role.transpose()?,
        })
    }
}

impl From<&check::ValueCondition> for ValueCondition {
    fn from(condition: &check::ValueCondition) -> Self {
        match condition {
            check::ValueCondition::Is(text) => Self::Is(text.to_string()),
            check::ValueCondition::AtLeast(least) => Self::AtLeast(*least),
            check::ValueCondition::AtMost(most) => Self::AtMost(*most),
        }
    }
}

impl From<ValueCondition> for check::ValueCondition {
    fn from(condition: ValueCondition) -> Self {
        match condition {
            ValueCondition::Is(text) => Self::Is(text.into()),
            ValueCondition::AtLeast(least) => Self::AtLeast(least),
            ValueCondition::AtMost(most) => Self::AtMost(most),
        }
    }
}
