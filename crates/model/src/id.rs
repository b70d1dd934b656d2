//! Every kind of identifier, in one place.
//!
//! A *dense* id (`u32`) is an index into one [`Plant`](crate::Plant) and means nothing in another;
//! what crosses a reload, a wire or the journal is a *name* ([`CheckKey`], [`VantageName`], a
//! component's name). A *sequence* id (`u64`) is handed out by the fold of the journal and is the
//! same in every replay.

use std::fmt;
use std::sync::Arc;

macro_rules! dense {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub u32);

        impl $name {
            /// The index as a `usize`, for the flat arrays this id points into.
            #[must_use]
            pub const fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

dense! {
    /// A component: an index into [`Plant::components`](crate::Plant::components).
    ComponentId;
    /// A check: an index into [`Plant::checks`](crate::Plant::checks).
    CheckId;
    /// A vantage: an index into [`Plant::vantages`](crate::Plant::vantages).
    VantageId;
    /// A network plane: an index into [`Plant::planes`](crate::Plant::planes). [`PlaneId::FRONT`] always exists.
    PlaneId;
    /// A segment's name: an index into [`Plant::segments`](crate::Plant::segments).
    SegmentId;
}

impl PlaneId {
    /// The plane used wherever none is named.
    pub const FRONT: Self = Self(0);
}

macro_rules! sequence {
    ($($(#[$doc:meta])* $name:ident, $letter:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($letter, "{}"), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let digits = text.strip_prefix($letter).unwrap_or(text);
                digits.parse().map(Self).map_err(|_| NotAnId(text.chars().take(40).collect()))
            }
        }
    )*};
}

sequence! {
    /// An incident, counted from 1 over the life of a journal; shown as `I7`.
    IncidentId, "I";
    /// An alert, counted from 1 over the life of a journal; shown as `A7`. Its deduplication key and
    /// Message-ID are made from it, so a repeat carries the same.
    AlertId, "A";
    /// A record of the journal, counted from 1; shown as `R7`.
    RecordId, "R";
}

/// A text that is no identifier of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an identifier")]
pub struct NotAnId(String);

macro_rules! name {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(Arc::from(text))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(Arc::from(text))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

name! {
    /// A check's identity across reloads, hosts and years: `component/check`, as in `plex/https`.
    CheckKey;
    /// A vantage's name. [`VantageName::here`] is the server itself.
    VantageName;
    /// A component's name, unique in its plant.
    ComponentName;
}

impl VantageName {
    /// The vantage that `serve` itself is; always present.
    #[must_use]
    pub fn here() -> Self {
        Self::from("here")
    }
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo; the constants of draft-eastlake-fnv): the same everywhere and for
/// ever, so a check keeps its phase across restarts and versions. Not for adversaries.
#[must_use]
pub fn stable_hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
