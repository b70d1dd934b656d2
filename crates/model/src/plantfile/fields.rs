//! The fields of every kind: one table, which the reader, the schema and the docs are made from.

use crate::kind::Kind;
use crate::plant::Role;
use crate::quantity::Attribute;

/// A field of a component.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its key.
    pub name: &'static str,
    /// What it holds.
    pub holds: Holds,
    /// Which kinds have it.
    pub of: Of,
    /// What it means, one line.
    pub doc: &'static str,
}

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Holds {
    /// A requirement; a bare list means all of them.
    Requirement(Role),
    /// A requirement in which a bare list is refused, for it would be meant as redundancy and read
    /// as its opposite.
    Redundant(Role),
    /// A requirement, or one for each plane by name.
    Network,
    /// The names of a switch's segments.
    Segments,
    /// A redundancy that is claimed.
    Claim,
    /// What is so today.
    Condition,
    /// Checks.
    Checks,
    /// Watts.
    Watts(Attribute),
    /// Volts.
    Volts(Attribute),
    /// A breaker's rating: what is on its front, or a map.
    Breaker(Attribute),
    /// One or three.
    Phases(Attribute),
    /// One of three phases.
    Phase(Attribute),
    /// A part of a whole, from so many hundredths up.
    Ratio(Attribute, u8),
    /// A current that was read off.
    Metered(Attribute),
    /// How power supplies share.
    PsuMode(Attribute),
    /// One of its own inputs of power.
    Input(Attribute),
    /// Other components, by name.
    Others(Attribute),
    /// Amperes, or a number of times.
    Inrush(Attribute),
    /// How often in a year.
    PerYear(Attribute),
    /// A span of time, or a range of it.
    Span(Attribute),
    /// Bytes.
    Size(Attribute),
    /// An instant.
    Instant(Attribute),
    /// Amperes, watts, bits per second or bytes, as the kind has it.
    Capacity(Attribute),
    /// Bits per second.
    Rate(Attribute),
    /// One IP address or several.
    Addresses(Attribute),
    /// An address block.
    Cidr(Attribute),
    /// A time zone.
    Zone(Attribute),
    /// A text.
    Text(Attribute),
    /// A text or several.
    Texts(Attribute),
    /// Yes or no.
    Flag(Attribute),
    /// Only the word `internet`.
    Internet,
}

/// Which kinds have a field.
#[derive(Clone, Copy, Debug)]
pub enum Of {
    /// All of them.
    Every,
    /// All but these.
    But(&'static [Kind]),
    /// Just these.
    Only(&'static [Kind]),
}

impl Of {
    /// Whether a kind is among them.
    #[must_use]
    pub fn has(self, kind: Kind) -> bool {
        match self {
            Self::Every => true,
            Self::But(kinds) => !kinds.contains(&kind),
            Self::Only(kinds) => kinds.contains(&kind),
        }
    }
}

/// What takes no power by itself, or hands it on.
const NO_CONSUMERS: &[Kind] = &[
    Kind::Feed,
    Kind::Ups,
    Kind::Generator,
    Kind::TransferSwitch,
    Kind::Pdu,
    Kind::Breaker,
    Kind::Outlet,
    Kind::Psu,
    Kind::Customer,
    Kind::Prefix,
];

/// What keeps something that can be lost.
const KEEPS: &[Kind] = &[
    Kind::Server,
    Kind::Hypervisor,
    Kind::Vm,
    Kind::Container,
    Kind::Storage,
    Kind::Disk,
    Kind::Database,
    Kind::Service,
    Kind::Website,
    Kind::File,
    Kind::Component,
];

/// What traffic is meant for, or goes through.
const CARRIES: &[Kind] = &[
    Kind::Server,
    Kind::Switch,
    Kind::Router,
    Kind::Firewall,
    Kind::LoadBalancer,
    Kind::Link,
    Kind::Vip,
    Kind::Hypervisor,
    Kind::Vm,
    Kind::Container,
    Kind::Database,
    Kind::Service,
    Kind::Website,
    Kind::Component,
];

/// What is a paper or a person and stands nowhere.
const IMMATERIAL: &[Kind] = &[Kind::Customer, Kind::Prefix];

/// All fields, in the order they are shown.
pub const FIELDS: &[Field] = &[
    field(
        "in",
        Holds::Requirement(Role::In),
        Of::But(IMMATERIAL),
        "the place that contains it: a site, room or rack",
    ),
    field("on", Holds::Redundant(Role::On), Of::But(IMMATERIAL), "the machine it runs on"),
    field(
        "power",
        Holds::Redundant(Role::Power),
        Of::But(Kind::POWER),
        "what it takes its power from",
    ),
    field(
        "fed_by",
        Holds::Redundant(Role::Power),
        Of::Only(Kind::POWER),
        "what it takes its power from",
    ),
    field(
        "cooled_by",
        Holds::Redundant(Role::Cooling),
        Of::But(IMMATERIAL),
        "the cooling it cannot do without",
    ),
    field(
        "network",
        Holds::Network,
        Of::But(IMMATERIAL),
        "what it is connected to, towards the core; or a map of planes",
    ),
    field(
        "between",
        Holds::Requirement(Role::Between),
        Of::Only(&[Kind::Link]),
        "the two ends of a lateral link",
    ),
    field(
        "segments",
        Holds::Segments,
        Of::Only(&[Kind::Switch]),
        "its named segments (VLANs); a plain switch is one segment",
    ),
    field("provides", Holds::Internet, Of::Only(&[Kind::Upstream]), "`internet`"),
    field(
        "carried_by",
        Holds::Redundant(Role::CarriedBy),
        Of::Only(&[Kind::Prefix]),
        "the upstreams that carry it; all when not given",
    ),
    field(
        "cidr",
        Holds::Cidr(Attribute::Cidr),
        Of::Only(&[Kind::Prefix]),
        "the address block, as `192.0.2.0/24`",
    ),
    field(
        "needs",
        Holds::Requirement(Role::Needs),
        Of::But(&[Kind::Customer]),
        "what must work and be reachable from it",
    ),
    field(
        "degraded_without",
        Holds::Requirement(Role::DegradedWithout),
        Of::But(&[Kind::Customer]),
        "what it works without, but not fully",
    ),
    field(
        "to_start",
        Holds::Requirement(Role::ToStart),
        Of::But(&[Kind::Customer]),
        "what it needs only to start; may be circular",
    ),
    field(
        "uses",
        Holds::Requirement(Role::Uses),
        Of::Only(&[Kind::Customer]),
        "the services a customer uses",
    ),
    field(
        "used_from",
        Holds::Requirement(Role::UsedFrom),
        Of::But(&[Kind::Customer]),
        "where it is used from; the internet when not given",
    ),
    field(
        "managed_via",
        Holds::Requirement(Role::ManagedVia),
        Of::But(&[Kind::Customer]),
        "the way it is managed by",
    ),
    field(
        "covers",
        Holds::Requirement(Role::Covers),
        Of::Only(&[Kind::Backup, Kind::Certificate, Kind::Monitor]),
        "what it is for",
    ),
    field(
        "prefix",
        Holds::Requirement(Role::Prefix),
        Of::But(IMMATERIAL),
        "the address block its address lies in, where the address does not say",
    ),
    field("address", Holds::Addresses(Attribute::Address), Of::Every, "its IP addresses"),
    field(
        "draw",
        Holds::Watts(Attribute::Draw),
        Of::But(IMMATERIAL),
        "the power it draws, as `210 W..340 W`",
    ),
    field("voltage", Holds::Volts(Attribute::Voltage), Of::Only(Kind::POWER), "its voltage"),
    field(
        "breaker",
        Holds::Breaker(Attribute::Breaker),
        Of::Only(Kind::POWER),
        "the breaker before it, as `16 A C`, or a map with its standard",
    ),
    field(
        "phases",
        Holds::Phases(Attribute::Phases),
        Of::But(IMMATERIAL),
        "how many phases it has: 1 or 3",
    ),
    field(
        "phase",
        Holds::Phase(Attribute::Phase),
        Of::But(IMMATERIAL),
        "which of three phases it is on: L1, L2 or L3",
    ),
    field(
        "power_factor",
        Holds::Ratio(Attribute::PowerFactor, 10),
        Of::But(IMMATERIAL),
        "watts for each volt-ampere it draws, as `0.95`",
    ),
    field(
        "metered",
        Holds::Metered(Attribute::Metered),
        Of::Only(Kind::POWER),
        "the current that was read off it, and when",
    ),
    field(
        "prefers",
        Holds::Input(Attribute::Prefers),
        Of::But(IMMATERIAL),
        "which of its inputs of power carries it while that is alive",
    ),
    field(
        "psu_mode",
        Holds::PsuMode(Attribute::PsuMode),
        Of::But(NO_CONSUMERS),
        "how its power supplies share its draw: `shared`, `hot-spare` or `unknown`",
    ),
    field(
        "psu_share",
        Holds::Ratio(Attribute::PsuShare, 0),
        Of::But(NO_CONSUMERS),
        "what each of its two power supplies carries of the draw, as `40..60 %`",
    ),
    field(
        "runtime",
        Holds::Span(Attribute::Runtime),
        Of::Only(&[Kind::Ups]),
        "how long its battery lasts at rated load, as `8..12 min`",
    ),
    field(
        "efficiency",
        Holds::Ratio(Attribute::Efficiency, 10),
        Of::Only(&[Kind::Ups]),
        "watts it gives for each watt it takes, as `94..96 %`",
    ),
    field(
        "starts_in",
        Holds::Span(Attribute::StartsIn),
        Of::Only(&[Kind::Generator, Kind::Cooling]),
        "how long it takes to start and carry load, or to cool again, as `10..30 s`",
    ),
    field(
        "transfers_in",
        Holds::Span(Attribute::TransfersIn),
        Of::Only(&[Kind::TransferSwitch]),
        "how long it takes to pick another input, as `4..20 ms`",
    ),
    field(
        "inrush",
        Holds::Inrush(Attribute::Inrush),
        Of::But(IMMATERIAL),
        "the current it takes when switched on, as `40 A`, or `3 x` its draw",
    ),
    field(
        "boots_in",
        Holds::Span(Attribute::BootsIn),
        Of::But(IMMATERIAL),
        "how long it takes from power to work, as `2..5 min`",
    ),
    field(
        "failures_per_year",
        Holds::PerYear(Attribute::FailuresPerYear),
        Of::But(&[Kind::Customer]),
        "how often it fails in a year, as `0.1..0.3`; by its kind when not given",
    ),
    field(
        "repair",
        Holds::Span(Attribute::Repair),
        Of::But(&[Kind::Customer]),
        "how long until it works again once it failed, as `2..8 h`; by its kind when not given",
    ),
    field(
        "capacity",
        Holds::Capacity(Attribute::Capacity),
        Of::But(IMMATERIAL),
        "what it can carry, with its unit",
    ),
    field(
        "demand",
        Holds::Rate(Attribute::Demand),
        Of::Only(CARRIES),
        "the traffic it has to carry at its busiest, as `600..800 Mbit/s`",
    ),
    field(
        "timezone",
        Holds::Zone(Attribute::Timezone),
        Of::Only(&[Kind::Site]),
        "the IANA time zone of its clocks",
    ),
    field("location", Holds::Text(Attribute::Location), Of::Every, "where it is, in words"),
    field(
        "entrance",
        Holds::Text(Attribute::Entrance),
        Of::Every,
        "the building entrance its cables take",
    ),
    field(
        "software",
        Holds::Text(Attribute::Software),
        Of::Every,
        "name and version of what runs on it",
    ),
    field(
        "account",
        Holds::Text(Attribute::Account),
        Of::Every,
        "whose account or contract it hangs on",
    ),
    field("claims", Holds::Claim, Of::Every, "the redundancy people believe it has: N, N+1, 2N"),
    field("condition", Holds::Condition, Of::Every, "what is so today, apart from the design"),
    field(
        "changed_by",
        Holds::Texts(Attribute::ChangedBy),
        Of::Every,
        "who or what may change, restart or unplug it, in words",
    ),
    field(
        "can_take_down",
        Holds::Others(Attribute::CanTakeDown),
        Of::Every,
        "what a fault in this can take down with it, though it needs nothing of this",
    ),
    field("notify", Holds::Texts(Attribute::Notify), Of::Every, "the addresses of those affected"),
    field(
        "expires",
        Holds::Instant(Attribute::Expires),
        Of::Only(&[Kind::Certificate]),
        "when it ends, as `2027-03-01 12:00`",
    ),
    field(
        "every",
        Holds::Span(Attribute::Every),
        Of::Only(&[Kind::Backup]),
        "how often it is made",
    ),
    field(
        "proven",
        Holds::Instant(Attribute::Proven),
        Of::Only(&[Kind::Backup]),
        "when it was last restored, to see that it can be",
    ),
    field("data", Holds::Size(Attribute::Data), Of::Only(KEEPS), "how much it keeps, as `6..8 TB`"),
    field(
        "recovery_point",
        Holds::Span(Attribute::RecoveryPoint),
        Of::Only(KEEPS),
        "how much of the newest work may be lost, as `24 h`",
    ),
    field("public", Holds::Flag(Attribute::Public), Of::Every, "shown on the status page"),
    field("checks", Holds::Checks, Of::Every, "the questions put to it"),
];

const fn field(name: &'static str, holds: Holds, of: Of, doc: &'static str) -> Field {
    Field { name, holds, of, doc }
}

/// The field of this key that a kind has.
pub(super) fn find(kind: Kind, key: &str) -> Option<&'static Field> {
    FIELDS.iter().find(|field| field.name == key && field.of.has(kind))
}
