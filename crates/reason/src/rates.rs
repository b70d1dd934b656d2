//! How often things fail and how long until they work again: one table, by kind, with where each figure
//! comes from.
//!
//! Ranges, not points: published figures of one kind of thing differ by a factor of ten between studies, and
//! so do plants. A plant's own `failures_per_year` and `repair` go before the table. Where no study was
//! found that fits, it says "chosen by hand", which means an order of magnitude and no more. Only what
//! stops a thing from doing its work counts, not what it stands on: that is in the circuit.
//!
//! It decides nothing. Tested: the table in `docs/availability.md` is this one.

use crate::circuit::Subject;
use blackstart_model::kind::Kind;
use blackstart_model::quantity::{Attribute, Range, Value};
use blackstart_model::{ComponentId, Plant};

/// Hours of a year, 365.25 days.
pub const HOURS_PER_YEAR: f64 = 8_766.0;

/// How often something fails, and for how long.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rate {
    /// Failures in a year.
    pub per_year: Range,
    /// Hours from the failure until it works again.
    pub repair_hours: Range,
    /// Where these come from.
    pub source: &'static str,
}

impl Rate {
    /// The share of time it is down, at least and at most: λr / (1 + λr), of a thing that fails λ times in
    /// a year of working and takes r to repair (an alternating renewal process in its steady state; Barlow
    /// and Proschan, Mathematical Theory of Reliability, 1965).
    #[must_use]
    pub fn unavailability(&self) -> Range {
        let down = |per_year: f64, hours: f64| {
            let work = per_year * hours / HOURS_PER_YEAR;
            work / (1.0 + work)
        };
        Range {
            min: down(self.per_year.min, self.repair_hours.min),
            max: down(self.per_year.max, self.repair_hours.max),
        }
    }

    /// One figure for the range of failures: its geometric middle, as for any order of magnitude.
    pub(crate) fn typical_per_year(&self) -> f64 {
        middle(self.per_year)
    }
}

/// One figure for a range: its geometric middle.
pub(crate) fn middle(range: Range) -> f64 {
    (range.min * range.max).sqrt()
}

const BY_HAND: &str = "chosen by hand";

const fn rate(per_year: (f64, f64), repair_hours: (f64, f64), source: &'static str) -> Rate {
    Rate {
        per_year: Range { min: per_year.0, max: per_year.1 },
        repair_hours: Range { min: repair_hours.0, max: repair_hours.1 },
        source,
    }
}

/// The table.
#[must_use]
pub const fn of_kind(kind: Kind) -> Rate {
    match kind {
        Kind::Site => rate((0.005, 0.05), (4.0, 72.0), BY_HAND),
        Kind::Room => rate((0.005, 0.05), (4.0, 48.0), BY_HAND),
        Kind::Rack => rate((0.002, 0.05), (1.0, 24.0), BY_HAND),
        Kind::Cooling => rate(
            (0.1, 1.0),
            (1.0, 48.0),
            "J. Dean, Google I/O 2008: even odds that a cluster overheats in its first year, one to two days \
             to recover; the lower end chosen by hand",
        ),
        Kind::Feed => rate(
            (0.2, 2.0),
            (0.2, 4.0),
            "CEER Benchmarking Report 6.1 (2018): 9 to 371 minutes lost per customer in 2016; how often, and how \
             long each time, chosen by hand",
        ),
        Kind::Ups => rate((0.02, 0.3), (2.0, 24.0), BY_HAND),
        Kind::Generator => rate(
            (0.1, 2.0),
            (4.0, 48.0),
            "chosen by hand; it fails when called: Marqusee and Jenket, Applied Energy 268 (2020): a well kept \
             one has failed within two weeks of running with odds of 1 in 5, a neglected one within two days \
             with odds of 1 in 2",
        ),
        Kind::TransferSwitch => rate((0.01, 0.2), (2.0, 12.0), BY_HAND),
        Kind::Pdu => rate(
            (0.01, 0.3),
            (1.0, 6.0),
            "J. Dean, Google I/O 2008: in a cluster of 1 800 machines one unit a year, of those feeding 500 to \
             1 000 machines each, about 6 h; the lower ends chosen by hand",
        ),
        Kind::Breaker => rate((0.005, 0.1), (1.0, 6.0), BY_HAND),
        Kind::Outlet => rate((0.002, 0.02), (0.5, 4.0), BY_HAND),
        Kind::Psu => rate((0.01, 0.2), (1.0, 48.0), BY_HAND),
        Kind::Server => rate(
            (0.08, 0.55),
            (1.0, 24.0),
            "Vishwanath and Nagappan, SoCC 2010: 8 % of servers repaired in a year; J. Dean, Google I/O 2008: \
             1 000 failures in a year of 1 800 new machines; repair chosen by hand",
        ),
        Kind::Bmc => rate((0.05, 0.5), (0.5, 24.0), BY_HAND),
        Kind::Nic => rate((0.01, 0.2), (1.0, 24.0), BY_HAND),
        Kind::Switch => rate(
            (0.05, 0.1),
            (0.5, 8.0),
            "Gill, Jain and Nagappan, SIGCOMM 2011: 5 % of rack switches and 10 % of aggregation switches failed in \
             a year; Singh et al., CCR 51(2), 2021: 2 % in three months; repair chosen by hand",
        ),
        Kind::Router => rate((0.1, 0.5), (0.5, 8.0), BY_HAND),
        Kind::Firewall => rate((0.1, 0.5), (0.5, 8.0), BY_HAND),
        Kind::LoadBalancer => rate(
            (0.2, 1.0),
            (0.1, 4.0),
            "Gill, Jain and Nagappan, SIGCOMM 2011: 1 in 5 failed in a year, many several times and shortly; \
             repair chosen by hand",
        ),
        Kind::Link => rate((0.1, 1.0), (1.0, 12.0), BY_HAND),
        Kind::Vip => rate((0.1, 0.5), (0.05, 1.0), BY_HAND),
        Kind::Upstream => rate((1.0, 6.0), (0.5, 4.0), BY_HAND),
        Kind::Prefix => rate((0.05, 1.0), (0.2, 4.0), BY_HAND),
        Kind::Hypervisor => rate((0.1, 0.6), (0.1, 4.0), BY_HAND),
        Kind::Vm => rate((0.3, 3.0), (0.1, 2.0), BY_HAND),
        Kind::Container => rate((1.0, 6.0), (0.02, 1.0), BY_HAND),
        Kind::Storage => rate((0.1, 0.5), (1.0, 24.0), BY_HAND),
        Kind::Disk => rate(
            (0.012, 0.086),
            (1.0, 48.0),
            "Backblaze drive statistics: 1.2 % a year at the end of 2022, 1.6 % in 2024; Pinheiro, Weber and Barroso, \
             FAST 2007: up to 8.6 % in the third year; repair chosen by hand",
        ),
        Kind::Database => rate((0.5, 2.0), (0.2, 4.0), BY_HAND),
        Kind::Service => rate((1.0, 12.0), (0.1, 2.0), BY_HAND),
        Kind::Website => rate((1.0, 12.0), (0.1, 2.0), BY_HAND),
        Kind::Job => rate((2.0, 12.0), (0.5, 24.0), BY_HAND),
        Kind::Certificate => rate((0.2, 2.0), (0.5, 8.0), BY_HAND),
        Kind::File => rate((0.2, 1.0), (0.2, 4.0), BY_HAND),
        Kind::Backup => rate((1.0, 6.0), (4.0, 48.0), BY_HAND),
        Kind::Monitor => rate((1.0, 6.0), (0.5, 24.0), BY_HAND),
        Kind::Customer => {
            rate((0.001, 0.001), (0.0, 0.0), "what is wrong on their side is not counted")
        }
        Kind::Component => rate((0.3, 3.0), (0.5, 8.0), BY_HAND),
    }
}

/// How often an upstream does not carry one address block, or carries it to the wrong place.
pub const CARRIAGE: Rate = rate((0.05, 1.0), (0.2, 4.0), BY_HAND);

/// How often a vantage loses its way out; it harms nobody who is served.
pub const VANTAGE: Rate = rate((1.0, 12.0), (0.1, 4.0), BY_HAND);

/// How often a check is wrong about what works; it harms nobody who is served.
pub const CHECK: Rate = rate((0.02, 0.5), (0.1, 24.0), BY_HAND);

/// How often a thing breaks in such a way that only one of its checks sees it: a daemon on a machine that answers
/// pings, a sensor, a port.
pub const SEEN_BY_ONE: Rate = rate((0.3, 3.0), (0.1, 8.0), BY_HAND);

/// How likely it is that a fault takes along what the plant says it can: anything from hardly ever to
/// always, in the middle one time in ten (chosen by hand; IEC 61508-6, annex D, has 1 to 10 % of the
/// failures of redundant sensors in common).
pub const SPREAD: Range = Range { min: 0.01, max: 1.0 };

/// The rate of one component: what the plant says of it, and the table for the rest. The flag says
/// whether the plant says both.
#[must_use]
pub fn of(plant: &Plant, id: ComponentId) -> (Rate, bool) {
    let component = plant.component(id);
    let mut rate = of_kind(component.kind);
    let own_rate = match component.attribute(Attribute::FailuresPerYear) {
        Some(Value::Number(own)) => Some(*own),
        _ => None,
    };
    let own_repair = match component.attribute(Attribute::Repair) {
        Some(Value::Span(min, max)) => {
            Some(Range { min: min.as_secs_f64() / 3_600.0, max: max.as_secs_f64() / 3_600.0 })
        }
        _ => None,
    };
    rate.per_year = own_rate.unwrap_or(rate.per_year);
    rate.repair_hours = own_repair.unwrap_or(rate.repair_hours);
    (rate, own_rate.is_some() && own_repair.is_some())
}

/// The rate of anything that can break by itself; none for what only another's fault does.
#[must_use]
pub fn of_subject(plant: &Plant, subject: Subject) -> Option<Rate> {
    Some(match subject {
        Subject::Component(component) => of(plant, component).0,
        Subject::Vantage(_) => VANTAGE,
        Subject::Check(_) => CHECK,
        Subject::Carriage { .. } => CARRIAGE,
        Subject::Spread { .. } => return None,
    })
}

/// The share of time anything is down, at least and at most; of a fault that spreads, how likely it does.
#[must_use]
pub fn unavailability(plant: &Plant, subject: Subject) -> Range {
    of_subject(plant, subject).map_or(SPREAD, |rate| rate.unavailability())
}
