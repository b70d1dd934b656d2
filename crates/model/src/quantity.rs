//! Quantities with units, and the typed fields of components.

use crate::id::ComponentId;
use crate::plant::Secret;
use crate::time::{Duration, Timestamp};
use std::net::IpAddr;

/// A range of a quantity; one value is a range of no width. `min <= max`, both finite.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Range {
    /// The least it may be.
    pub min: f64,
    /// The most.
    pub max: f64,
}

/// The fields of components beyond their requirements: one list for parser, schema and docs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Attribute {
    /// `draw`, watts.
    Draw,
    /// `voltage`, volts.
    Voltage,
    /// `breaker`.
    Breaker,
    /// `capacity`, in the unit of the kind.
    Capacity,
    /// `address`: IP addresses.
    Address,
    /// `cidr`: an address block.
    Cidr,
    /// `timezone` of a site, an IANA name.
    Timezone,
    /// `location`, free text.
    Location,
    /// `entrance`: the cable entrance, free text.
    Entrance,
    /// `software`: name and version, free text.
    Software,
    /// `account`: whose account or contract, free text.
    Account,
    /// `notify`: addresses of those affected.
    Notify,
    /// `public`: shown on the status page.
    Public,
}

/// The value of an attribute.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// A power in watts.
    Watts(Range),
    /// A voltage in volts.
    Volts(Range),
    /// A current in amperes.
    Amps(Range),
    /// A breaker.
    Breaker(BreakerRating),
    /// A rate in bits per second.
    BitsPerSecond(Range),
    /// A size in bytes.
    Bytes(Range),
    /// A span.
    Span(Duration, Duration),
    /// An instant.
    Instant(Timestamp),
    /// A number without unit.
    Number(Range),
    /// A yes or no.
    Flag(bool),
    /// A text.
    Text(Box<str>),
    /// Several texts.
    Texts(Vec<Box<str>>),
    /// Addresses.
    Addresses(Vec<IpAddr>),
    /// An address block: base address and prefix length.
    Cidr(IpAddr, u8),
    /// Other components.
    Components(Vec<ComponentId>),
    /// A secret.
    Secret(Secret),
}

/// A breaker's rating as on its front: `16 A C`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BreakerRating {
    /// Rated current, amperes (In).
    pub amps: f64,
    /// The letter of its magnetic range (B, C, D), where known.
    pub curve: Option<char>,
}
