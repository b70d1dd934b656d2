//! What is asked of an SNMP agent, and the objects that go by a name.
//!
//! [`OBJECTS`] is a small dictionary and no MIB compiler: what an operator of a hosting plant looks at, with the unit
//! its numbers stand for. Everything else is asked for by its digits.

mod objects;

use super::HostPort;
use crate::plant::Secret;
use crate::reading::Unit;
pub use objects::{OBJECTS, SnmpObject};
use std::fmt;

/// A GET of one or several objects, over SNMP v2c or v3.
#[derive(Clone, PartialEq, Debug)]
pub struct SnmpQuestion {
    /// Who is asked; port 161 unless given.
    pub agent: HostPort,
    /// As whom.
    pub access: SnmpAccess,
    /// What; 1 to [`SnmpQuestion::VALUES_MAX`].
    pub values: Vec<SnmpValue>,
}

impl SnmpQuestion {
    /// Values of one check at most: as many as readings of one answer.
    pub const VALUES_MAX: usize = crate::reading::Reading::MAX;
}

/// As whom an agent is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SnmpAccess {
    /// SNMP v2c: the community, which goes over the wire for all to read.
    Community(Secret),
    /// SNMP v3.
    User(SnmpUser),
}

impl SnmpAccess {
    /// The secrets it names.
    #[must_use]
    pub fn secrets(&self) -> Vec<&Secret> {
        match self {
            Self::Community(community) => vec![community],
            Self::User(user) => user.auth.iter().flat_map(SnmpAuth::secrets).collect(),
        }
    }
}

/// A user of SNMP v3 (RFC 3414).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SnmpUser {
    /// The name, 1 to [`SnmpUser::NAME_BYTES_MAX`] bytes.
    pub name: Box<str>,
    /// Authentication; without it anybody can answer in the agent's place.
    pub auth: Option<SnmpAuth>,
}

impl SnmpUser {
    /// The longest name (RFC 3414, section 2.4).
    pub const NAME_BYTES_MAX: usize = 32;

    /// The shortest password (RFC 3414, section 11.2).
    pub const PASSWORD_BYTES_MIN: usize = 8;
}

/// How messages of a user are authenticated, and whether they are encrypted: never without being authenticated.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SnmpAuth {
    /// By which hash.
    pub hash: SnmpHash,
    /// The password.
    pub password: Secret,
    /// The password of AES-128 (RFC 3826); in clear without.
    pub privacy: Option<Secret>,
}

impl SnmpAuth {
    fn secrets(&self) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.password).chain(&self.privacy)
    }
}

crate::codes::codes! {
    /// The hash of an HMAC.
    SnmpHash {
        /// HMAC-SHA-96 (RFC 3414).
        Sha1 = "sha1",
        /// HMAC-192-SHA-256 (RFC 7860).
        Sha256 = "sha256",
        /// HMAC-256-SHA-384 (RFC 7860).
        Sha384 = "sha384",
        /// HMAC-384-SHA-512 (RFC 7860).
        Sha512 = "sha512",
    }
}

/// One value, and what it should be.
#[derive(Clone, PartialEq, Debug)]
pub struct SnmpValue {
    /// As the plant file writes it: `ifInErrors.3`, or digits.
    pub written: Box<str>,
    /// Which object.
    pub oid: Oid,
    /// What the reading is called; as written unless given.
    pub name: Box<str>,
    /// The number is multiplied by this; 1 unless the object or the plant file says otherwise.
    pub scale: f64,
    /// The unit of the product.
    pub unit: Unit,
    /// What it should be; nothing: it is only read.
    pub conditions: Vec<SnmpCondition>,
}

/// A condition on a value. A counter is judged by its growth in a second.
#[derive(Clone, PartialEq, Debug)]
pub enum SnmpCondition {
    /// Less is degraded.
    AtLeast(f64),
    /// More is degraded.
    AtMost(f64),
    /// It is one of these; another one is down. A number is compared before it is scaled.
    Is(Vec<SnmpWord>),
}

/// What a value may be: a text, or the number that a text stands for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SnmpWord {
    /// As written.
    pub text: Box<str>,
    /// The number: as written, or the one that the object gives this word.
    pub number: Option<i64>,
}

/// The identifier of an object.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Oid(Box<[u32]>);

impl Oid {
    /// The most arcs (RFC 3416, section 3).
    pub const ARCS_MAX: usize = 128;

    /// From arcs, when they can be encoded: at least two, the first at most 2, and the second below 40 under 0 and 1
    /// (X.690, section 8.19.4).
    #[must_use]
    pub fn new(arcs: &[u32]) -> Option<Self> {
        let fits = match arcs {
            [0 | 1, second, ..] => *second < 40,
            [2, second, ..] => *second <= u32::MAX - 80,
            _ => false,
        };
        (fits && arcs.len() <= Self::ARCS_MAX).then(|| Self(arcs.into()))
    }

    /// From digits and dots, one before the first allowed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix('.').unwrap_or(text);
        let arc = |arc: &str| {
            let digits = !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit());
            if digits { arc.parse().ok() } else { None }
        };
        Self::new(&text.split('.').map(arc).collect::<Option<Vec<u32>>>()?)
    }

    /// The arcs.
    #[must_use]
    pub fn arcs(&self) -> &[u32] {
        &self.0
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, arc) in self.0.iter().enumerate() {
            write!(f, "{}{arc}", if at == 0 { "" } else { "." })?;
        }
        Ok(())
    }
}
