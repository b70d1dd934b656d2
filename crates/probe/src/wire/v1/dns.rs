//! The mirror of a DNS question.

use super::{CannotPut, HostPort, known};
use blackstart_model::check;
use serde::{Deserialize, Serialize};

const RECORD_TYPES: &[&str] =
    &["A", "AAAA", "MX", "NS", "SOA", "TXT", "CNAME", "PTR", "SRV", "CAA"];
/// IANA's DNS RCODEs that a query can meet (RFC 6895, section 2.3).
const RCODES: &[&str] = &[
    "NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET",
    "NXRRSET", "NOTAUTH", "NOTZONE",
];

/// Mirrors [`check::DnsQuestion`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct DnsQuestion {
    /// The server.
    pub server: HostPort,
    /// The name.
    pub name: String,
    /// The type.
    pub record_type: String,
    /// The response code.
    pub rcode: String,
    /// Conditions on the records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub records: Vec<RecordCondition>,
    /// Asks for recursion.
    pub recursion: bool,
}

/// Mirrors [`check::RecordCondition`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordCondition {
    /// At least so many.
    AtLeast(u16),
    /// Has this one.
    Has(String),
    /// Exactly these.
    Exactly(Vec<String>),
}

impl From<&check::DnsQuestion> for DnsQuestion {
    fn from(dns: &check::DnsQuestion) -> Self {
        let check::DnsQuestion { server, name, record_type, rcode, records, recursion } = dns;
        Self {
            server: server.into(),
            name: name.to_string(),
            record_type: (*record_type).to_owned(),
            rcode: (*rcode).to_owned(),
            records: records.iter().map(RecordCondition::from).collect(),
            recursion: *recursion,
        }
    }
}

impl TryFrom<DnsQuestion> for check::DnsQuestion {
    type Error = CannotPut;

    fn try_from(dns: DnsQuestion) -> Result<Self, CannotPut> {
        let DnsQuestion { server, name, record_type, rcode, records, recursion } = dns;
        Ok(Self {
            server: server.into(),
            name: name.into(),
            record_type: known(RECORD_TYPES, &record_type, "the record type")?,
            rcode: known(RCODES, &rcode, "the response code")?,
            records: records.into_iter().map(Into::into).collect(),
            recursion,
        })
    }
}

impl From<&check::RecordCondition> for RecordCondition {
    fn from(condition: &check::RecordCondition) -> Self {
        match condition {
            check::RecordCondition::AtLeast(count) => Self::AtLeast(*count),
            check::RecordCondition::Has(text) => Self::Has(text.to_string()),
            check::RecordCondition::Exactly(texts) => Self::Exactly(owned(texts)),
        }
    }
}

impl From<RecordCondition> for check::RecordCondition {
    fn from(condition: RecordCondition) -> Self {
        match condition {
            RecordCondition::AtLeast(count) => Self::AtLeast(count),
            RecordCondition::Has(text) => Self::Has(text.into()),
            RecordCondition::Exactly(texts) => Self::Exactly(boxed(texts)),
        }
    }
}

fn boxed(texts: Vec<String>) -> Vec<Box<str>> {
    texts.into_iter().map(String::into_boxed_str).collect()
}

fn owned(texts: &[Box<str>]) -> Vec<String> {
    texts.iter().map(|text| text.to_string()).collect()
}
