//! Instants, zones, and how a person reads them.
//!
//! An instant is UTC; the IANA zone it was typed in is kept beside it. Zone rules are compiled in, so
//! nothing here reads a file or a clock. What a person types goes through [`local_instant`], which
//! refuses a time that does not exist or exists twice until its author chooses.

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
pub use jiff::{SignedDuration, Timestamp};
pub use std::time::Duration;

/// A time zone by its IANA name, known to the compiled-in rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Zone(TimeZone);

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The zone of this IANA name, as in `Europe/Amsterdam`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        jiff::tz::TimeZoneDatabase::bundled().get(name).ok().map(Self)
    }

    /// The IANA name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The zone for arithmetic with `jiff`.
    #[must_use]
    pub const fn as_jiff(&self) -> &TimeZone {
        &self.0
    }
}

/// Why a typed local time is no instant.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotAnInstant {
    /// Not of the form `2017-03-26 22:00`, optionally with seconds and an offset.
    #[error(
        "not a date and time of the form `2017-03-26 22:00`, with an offset (`+01:00`) where the zone leaves a choice"
    )]
    Unreadable,
    /// The clocks were put forward over it.
    #[error(
        "this time does not exist in {zone}: the clocks go from {before} to {after} that night"
    )]
    Gap {
        /// The zone it was typed in.
        zone: String,
        /// The offset before the change.
        before: String,
        /// The offset after it.
        after: String,
    },
    /// The clocks were put back over it.
    #[error("this time exists twice in {zone}: write `{first}` or `{second}` after it")]
    Fold {
        /// The zone it was typed in.
        zone: String,
        /// The offset of the first of the two.
        first: String,
        /// The offset of the second.
        second: String,
    },
}

/// The instant of a local time as typed by a person, in `zone` unless the text carries an offset.
///
/// # Errors
/// Unreadable text, and local times that do not exist or exist twice (RFC 9557 leaves the choice to
/// the author; so do we).
pub fn local_instant(text: &str, zone: &Zone) -> Result<Timestamp, NotAnInstant> {
    let text = text.trim();
    if let Ok(instant) = text.replacen(' ', "T", 1).replace(' ', "").parse::<Timestamp>() {
        return Ok(instant);
    }
    let civil: DateTime = text.parse().map_err(|_| NotAnInstant::Unreadable)?;
    let ambiguous = zone.0.to_ambiguous_timestamp(civil);
    match ambiguous.offset() {
        AmbiguousOffset::Unambiguous { .. } => {
            ambiguous.unambiguous().map_err(|_| NotAnInstant::Unreadable)
        }
        AmbiguousOffset::Gap { before, after } => Err(NotAnInstant::Gap {
            zone: zone.name().to_owned(),
            before: before.to_string(),
            after: after.to_string(),
        }),
        AmbiguousOffset::Fold { before, after } => Err(NotAnInstant::Fold {
            zone: zone.name().to_owned(),
            first: before.to_string(),
            second: after.to_string(),
        }),
    }
}

/// The way every time is shown to a person: `Sat 2017-03-25 20:00:00 +01:00`.
#[must_use]
pub fn shown(at: Timestamp, zone: &Zone) -> String {
    at.to_zoned(zone.0.clone()).strftime("%a %Y-%m-%d %H:%M:%S %:z").to_string()
}

/// A time within the last days as a person says it: `Sat 20:00`.
#[must_use]
pub fn shown_short(at: Timestamp, zone: &Zone) -> String {
    at.to_zoned(zone.0.clone()).strftime("%a %H:%M").to_string()
}

/// A span as a person says it: `45 ms`, `12 s`, `4 min 05 s`, `5 h 31 min`, `3 d 04 h`.
#[must_use]
pub fn shown_span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0 => format!("{} ms", span.as_millis()),
        1..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60),
        _ => format!("{} d {:02} h", seconds / 86_400, seconds % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amsterdam() -> Zone {
        Zone::named("Europe/Amsterdam").expect("compiled in")
    }

    #[test]
    fn a_local_time_is_an_instant_in_its_zone() {
        let at = local_instant("2017-03-25 20:00", &amsterdam()).expect("unambiguous");
        assert_eq!(at.to_string(), "2017-03-25T19:00:00Z");
        assert_eq!(shown(at, &amsterdam()), "Sat 2017-03-25 20:00:00 +01:00");
    }

    #[test]
    fn the_night_of_seed_6_has_no_half_past_two() {
        let refused = local_instant("2017-03-26 02:31", &amsterdam()).expect_err("in the gap");
        assert!(matches!(refused, NotAnInstant::Gap { .. }), "{refused}");
    }

    #[test]
    fn an_hour_that_exists_twice_asks_for_its_offset() {
        let refused = local_instant("2017-10-29 02:30", &amsterdam()).expect_err("in the fold");
        assert_eq!(
            refused.to_string(),
            "this time exists twice in Europe/Amsterdam: write `+02` or `+01` after it"
        );
        let chosen = local_instant("2017-10-29 02:30 +01:00", &amsterdam()).expect("chosen");
        assert_eq!(chosen.to_string(), "2017-10-29T01:30:00Z");
    }
}
