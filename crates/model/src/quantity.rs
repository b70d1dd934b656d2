//! Quantities with units, and the typed fields of components.

use crate::codes::codes;
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
    /// `phases`: one or three.
    Phases,
    /// `phase`: which of the three a single-phase thing is on.
    Phase,
    /// `power_factor`: watts for each volt-ampere, from 0.1 to 1.
    PowerFactor,
    /// `metered`: a current that was read off.
    Metered,
    /// `prefers`: which of its inputs carries it while that is alive.
    Prefers,
    /// `psu_mode`: how its power supplies share the draw.
    PsuMode,
    /// `psu_share`: what each of two power supplies carries of the draw, from 0 to 1.
    PsuShare,
    /// `runtime` of a UPS on its battery at rated load.
    Runtime,
    /// `efficiency` of a UPS: watts out for each watt in, from 0.1 to 1.
    Efficiency,
    /// `starts_in`: how long a generator takes to carry load.
    StartsIn,
    /// `transfers_in`: how long a transfer switch takes to pick another input.
    TransfersIn,
    /// `inrush` when it is switched on: amperes, or a number by which its draw is multiplied.
    Inrush,
    /// `boots_in`: how long it takes from power to work.
    BootsIn,
    /// `failures_per_year`: how often it fails, as its operator has seen or been told.
    FailuresPerYear,
    /// `repair`: how long until it works again, once it has failed.
    Repair,
    /// `capacity`, in the unit of the kind.
    Capacity,
    /// `demand`: bits per second that it has to carry at its busiest.
    Demand,
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
    /// `changed_by`: who or what may change, restart or unplug it, free texts.
    ChangedBy,
    /// `can_take_down`: what a fault in this can take down with it, though it needs nothing of this.
    CanTakeDown,
    /// `expires` of a certificate.
    Expires,
    /// `every`: the period of a backup.
    Every,
    /// `proven`: when a backup was last restored, to see that it can be.
    Proven,
    /// `data`: how much it keeps, bytes.
    Data,
    /// `recovery_point`: how much of the newest work may be lost.
    RecoveryPoint,
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
    /// One of three phases.
    Phase(Phase),
    /// A current that was read off.
    Metered(Metered),
    /// How power supplies share.
    PsuMode(PsuMode),
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

/// A breaker: what is on its front, and what is known of it besides.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BreakerRating {
    /// Rated current, amperes (In), of each pole.
    pub amps: f64,
    /// The letter of its magnetic range (B, C, D, K, Z), where known.
    pub curve: Option<char>,
    /// The standard it is built to, where known: it says when it trips.
    pub standard: Option<BreakerStandard>,
    /// The temperature of the air around it, degrees Celsius, where known.
    pub ambient: Option<Range>,
    /// How many poles, 1 to 4, where known.
    pub poles: Option<u8>,
}

codes! {
    /// A standard for circuit breakers.
    BreakerStandard {
        /// IEC 60898-1 (EN 60898-1): for households and the like; most on rails in Europe.
        Iec60898 = "iec-60898-1",
        /// IEC 60947-2: for industry.
        Iec60947 = "iec-60947-2",
        /// UL 489: North America.
        Ul489 = "ul-489",
    }
}

codes! {
    /// One of three phases.
    Phase {
        /// The first.
        L1 = "L1",
        /// The second.
        L2 = "L2",
        /// The third.
        L3 = "L3",
    }
}

codes! {
    /// How the power supplies of one machine share its draw.
    PsuMode {
        /// All that live carry a part.
        Shared = "shared",
        /// One carries all; the others carry nothing until it is gone.
        HotSpare = "hot-spare",
        /// Not known; any of them may carry any part.
        Unknown = "unknown",
    }
}

/// A current that was read off a meter.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Metered {
    /// Amperes.
    pub current: MeteredCurrent,
    /// When it was read; `None` where nobody wrote it down.
    pub at: Option<Timestamp>,
}

/// What a meter shows, amperes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum MeteredCurrent {
    /// One reading: of its one phase, or of each of its three.
    Each(Range),
    /// A reading of each phase, where there is one.
    ByPhase([Option<Range>; 3]),
}
