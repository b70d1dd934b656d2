//! The mirror of an SNMP question. Names of objects are resolved before they are sent: what an agent's own dictionary
//! holds does not matter.

use super::{CannotPut, HostPort, cannot};
use blackstart_model::check;
use blackstart_model::plant::Secret;
use blackstart_model::reading::Unit;
use serde::{Deserialize, Serialize};

/// Mirrors [`check::SnmpQuestion`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SnmpQuestion {
    /// Who is asked.
    pub agent: HostPort,
    /// As whom.
    pub access: SnmpAccess,
    /// What.
    pub values: Vec<SnmpValue>,
}

/// Mirrors [`check::SnmpAccess`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnmpAccess {
    /// The *name* of a secret of the agent's own: a community.
    Community(String),
    /// A user.
    User(SnmpUser),
}

/// Mirrors [`check::SnmpUser`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SnmpUser {
    /// The name.
    pub name: String,
    /// Authentication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<SnmpAuth>,
}

/// Mirrors [`check::SnmpAuth`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SnmpAuth {
    /// The hash.
    pub hash: String,
    /// The *name* of a secret: the password.
    pub password: String,
    /// The *name* of a secret: the password of AES-128.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub privacy: Option<String>,
}

/// Mirrors [`check::SnmpValue`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SnmpValue {
    /// As the plant file writes it.
    pub written: String,
    /// Digits and dots.
    pub oid: String,
    /// What the reading is called.
    pub name: String,
    /// The number is multiplied by this.
    pub scale: f64,
    /// The unit of the product; one that the agent does not know is a plain number to it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// What it should be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<SnmpCondition>,
}

/// Mirrors [`check::SnmpCondition`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SnmpCondition {
    /// At least.
    AtLeast(f64),
    /// At most.
    AtMost(f64),
    /// One of these.
    Is(Vec<SnmpWord>),
}

/// Mirrors [`check::SnmpWord`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SnmpWord {
    /// As written.
    pub text: String,
    /// The number it stands for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
}

impl From<&check::SnmpQuestion> for SnmpQuestion {
    fn from(question: &check::SnmpQuestion) -> Self {
        let check::SnmpQuestion { agent, access, values } = question;
        let access = match access {
            check::SnmpAccess::Community(Secret(name)) => SnmpAccess::Community(name.to_string()),
            check::SnmpAccess::User(check::SnmpUser { name, auth }) => {
                let auth =
                    auth.as_ref().map(|check::SnmpAuth { hash, password, privacy }| SnmpAuth {
                        hash: hash.as_str().to_owned(),
                        password: password.0.to_string(),
                        privacy: privacy.as_ref().map(|Secret(name)| name.to_string()),
                    });
                SnmpAccess::User(SnmpUser { name: name.to_string(), auth })
            }
        };
        Self { agent: agent.into(), access, values: values.iter().map(SnmpValue::from).collect() }
    }
}

impl From<&check::SnmpValue> for SnmpValue {
    fn from(value: &check::SnmpValue) -> Self {
        let check::SnmpValue { written, oid, name, scale, unit, conditions } = value;
        let conditions = conditions.iter().map(|condition| match condition {
            check::SnmpCondition::AtLeast(bound) => SnmpCondition::AtLeast(*bound),
            check::SnmpCondition::AtMost(bound) => SnmpCondition::AtMost(*bound),
            check::SnmpCondition::Is(words) => {
                let mirror = |check::SnmpWord { text, number }: &check::SnmpWord| SnmpWord {
                    text: text.to_string(),
                    number: *number,
                };
                SnmpCondition::Is(words.iter().map(mirror).collect())
            }
        });
        Self {
            written: written.to_string(),
            oid: oid.to_string(),
            name: name.to_string(),
            scale: *scale,
            unit: unit.as_str().to_owned(),
            conditions: conditions.collect(),
        }
    }
}

impl TryFrom<SnmpQuestion> for check::SnmpQuestion {
    type Error = CannotPut;

    fn try_from(question: SnmpQuestion) -> Result<Self, CannotPut> {
        let SnmpQuestion { agent, access, values } = question;
        if !(1..=Self::VALUES_MAX).contains(&values.len()) {
            return Err(cannot("so many values are not asked for in one check"));
        }
        let values = values.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        Ok(Self { agent: agent.into(), access: access.try_into()?, values })
    }
}

impl TryFrom<SnmpAccess> for check::SnmpAccess {
    type Error = CannotPut;

    fn try_from(access: SnmpAccess) -> Result<Self, CannotPut> {
        let secret = |name: String| Secret(name.into());
        let SnmpUser { name, auth } = match access {
            SnmpAccess::Community(name) => return Ok(Self::Community(secret(name))),
            SnmpAccess::User(user) => user,
        };
        if !(1..=check::SnmpUser::NAME_BYTES_MAX).contains(&name.len()) {
            return Err(cannot("there is no such user of SNMP"));
        }
        let auth = match auth {
            None => None,
            Some(SnmpAuth { hash, password, privacy }) => Some(check::SnmpAuth {
                hash: check::SnmpHash::parse(&hash)
                    .ok_or_else(|| cannot("the hash of an SNMP user is not known"))?,
                password: secret(password),
                privacy: privacy.map(secret),
            }),
        };
        Ok(Self::User(check::SnmpUser { name: name.into(), auth }))
    }
}

impl TryFrom<SnmpValue> for check::SnmpValue {
    type Error = CannotPut;

    fn try_from(value: SnmpValue) -> Result<Self, CannotPut> {
        let SnmpValue { written, oid, name, scale, unit, conditions } = value;
        let conditions = conditions.into_iter().map(|condition| match condition {
            SnmpCondition::AtLeast(bound) => check::SnmpCondition::AtLeast(bound),
            SnmpCondition::AtMost(bound) => check::SnmpCondition::AtMost(bound),
            SnmpCondition::Is(words) => {
                let read = |SnmpWord { text, number }| check::SnmpWord {
                    text: String::into(text),
                    number,
                };
                check::SnmpCondition::Is(words.into_iter().map(read).collect())
            }
        });
        Ok(Self {
            written: written.into(),
            oid: check::Oid::parse(&oid).ok_or_else(|| cannot("an object identifier is none"))?,
            name: name.into(),
            scale,
            unit: Unit::parse(&unit).unwrap_or(Unit::Plain),
            conditions: conditions.collect(),
        })
    }
}
