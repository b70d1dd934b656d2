//! Quantities as people write them: `210 W..340 W`, `16 A C`, `10..45 min`, `0.5 s`.
//!
//! A unit is never left out. A range may share the unit of its end (`10..45 min`).

use crate::kind::Kind;
use crate::quantity::{BreakerRating, Range};
use crate::time::Duration;

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unit {
    Watts,
    Volts,
    Amps,
    BitsPerSecond,
    Bytes,
    Seconds,
    Celsius,
    /// A part of a whole.
    Ratio,
    /// A number of times.
    Times,
    /// How often in a year.
    PerYear,
}

/// A hundred years: longer than any plant stands, and short enough that adding it to an instant
/// cannot overflow.
const SECONDS_MAX: f64 = 36_500.0 * 86_400.0;

/// Why a text is no quantity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum NotAQuantity {
    Unreadable(&'static str),
    OutOfBounds(&'static str),
    Negative,
    Zero,
    Reversed,
}

impl Unit {
    pub(super) const fn example(self) -> &'static str {
        match self {
            Self::Watts => "`210 W`, `0.2 kW` or `210 W..340 W`",
            Self::Volts => "`230 V`",
            Self::Amps => "`16 A`",
            Self::BitsPerSecond => "`10 Gbit/s`",
            Self::Bytes => "`2 TB` or `512 GiB`",
            Self::Seconds => "`30 s`, `5 min` or `10..45 min`",
            Self::Celsius => "`35 °C` or `20..35 °C`",
            Self::Ratio => "`0.95`, `95 %` or `40..60 %`",
            Self::Times => "`3 x` or `2..5 x`",
            Self::PerYear => "`0.2` or `0.1..0.3`",
        }
    }

    /// The least and the most it may be, in the base unit, and the same in words. More than any plant
    /// has, and small enough that sums of millions of them stay exact to the milliampere.
    const fn bounds(self) -> (f64, f64, &'static str) {
        match self {
            Self::Watts => (0.0, 1e10, "at most 10000 MW"),
            Self::Volts => (0.0, 1e6, "at most 1000 kV"),
            Self::Amps => (0.0, 1e5, "at most 100000 A"),
            Self::BitsPerSecond => (0.0, 1e18, "at most 1000000 Tbit/s"),
            Self::Bytes => (0.0, 1e21, "at most 1000000 PB"),
            Self::Seconds => (0.0, SECONDS_MAX, "at most 36500 days"),
            Self::Celsius => (-60.0, 90.0, "from -60 °C to 90 °C"),
            Self::Ratio => (0.0, 1.0, "from 0 to 1, or from 0 % to 100 %"),
            Self::Times => (1.0, 100.0, "from 1 x to 100 x"),
            Self::PerYear => (0.0, 1e3, "at most 1000 a year"),
        }
    }

    /// Its symbols, with what each is worth in the base unit.
    pub(super) const fn symbols(self) -> &'static [(&'static str, f64)] {
        match self {
            Self::Watts => &[("W", 1.0), ("kW", 1e3), ("MW", 1e6)],
            Self::Volts => &[("V", 1.0), ("kV", 1e3)],
            Self::Amps => &[("A", 1.0), ("mA", 1e-3)],
            Self::BitsPerSecond => &[
                ("bit/s", 1.0),
                ("kbit/s", 1e3),
                ("Mbit/s", 1e6),
                ("Gbit/s", 1e9),
                ("Tbit/s", 1e12),
            ],
            Self::Bytes => &[
                ("B", 1.0),
                ("kB", 1e3),
                ("MB", 1e6),
                ("GB", 1e9),
                ("TB", 1e12),
                ("PB", 1e15),
                ("KiB", 1024.0),
                ("MiB", 1_048_576.0),
                ("GiB", 1_073_741_824.0),
                ("TiB", 1_099_511_627_776.0),
            ],
            Self::Seconds => &[
                ("ms", 1e-3),
                ("s", 1.0),
                ("sec", 1.0),
                ("min", 60.0),
                ("m", 60.0),
                ("h", 3_600.0),
                ("d", 86_400.0),
                ("day", 86_400.0),
                ("days", 86_400.0),
                ("week", 604_800.0),
                ("weeks", 604_800.0),
            ],
            Self::Celsius => &[("°C", 1.0), ("C", 1.0)],
            Self::Ratio => &[("", 1.0), ("%", 1e-2)],
            Self::Times => &[("x", 1.0), ("×", 1.0)],
            Self::PerYear => &[("", 1.0)],
        }
    }

    fn factor(self, symbol: &str) -> Option<f64> {
        self.symbols().iter().find(|(own, _)| *own == symbol).map(|(_, factor)| *factor)
    }
}

/// The unit of a kind's `capacity`.
pub(super) const fn of_capacity(kind: Kind) -> Unit {
    match kind {
        Kind::Storage | Kind::Disk | Kind::Backup | Kind::Database | Kind::File => Unit::Bytes,
        Kind::Feed | Kind::Pdu | Kind::Breaker | Kind::Outlet | Kind::TransferSwitch => Unit::Amps,
        Kind::Ups
        | Kind::Generator
        | Kind::Psu
        | Kind::Cooling
        | Kind::Rack
        | Kind::Room
        | Kind::Site => Unit::Watts,
        _ => Unit::BitsPerSecond,
    }
}

/// A quantity or a range of it.
pub(super) fn range(text: &str, unit: Unit) -> Result<Range, NotAQuantity> {
    let unreadable = NotAQuantity::Unreadable(unit.example());
    let (low, high) = match text.split_once("..") {
        Some((low, high)) => (low.trim(), high.trim()),
        None => (text.trim(), text.trim()),
    };
    let (max, symbol) = number(high).ok_or(unreadable.clone())?;
    let factor = unit.factor(symbol).ok_or(unreadable.clone())?;
    let (min, own) = number(low).ok_or(unreadable.clone())?;
    let own = if own.is_empty() { factor } else { unit.factor(own).ok_or(unreadable.clone())? };
    // Adding zero turns a minus zero into a plain one.
    let range = Range { min: min * own + 0.0, max: max * factor + 0.0 };
    if !range.min.is_finite() || !range.max.is_finite() {
        return Err(unreadable);
    }
    let (least, most, bounds) = unit.bounds();
    if least == 0.0 && (range.min < 0.0 || range.max < 0.0) {
        return Err(NotAQuantity::Negative);
    }
    if range.min > range.max {
        return Err(NotAQuantity::Reversed);
    }
    if range.min < least || range.max > most {
        let too_long = unit == Unit::Seconds;
        return Err(if too_long {
            NotAQuantity::Unreadable(bounds)
        } else {
            NotAQuantity::OutOfBounds(bounds)
        });
    }
    Ok(range)
}

/// A span of time, not a range.
pub(super) fn span(text: &str) -> Result<Duration, NotAQuantity> {
    let range = range(text, Unit::Seconds)?;
    if range.min < range.max {
        return Err(NotAQuantity::Unreadable("one span, as `30 s`"));
    }
    Duration::try_from_secs_f64(range.max)
        .map_err(|_| NotAQuantity::Unreadable("a span that fits, as `30 s`"))
}

/// The letters of magnetic ranges.
pub(super) const CURVES: [&str; 5] = ["B", "C", "D", "K", "Z"];

/// `16 A C`: the rated current and, where known, the letter.
pub(super) fn breaker(text: &str) -> Result<BreakerRating, NotAQuantity> {
    let unreadable = NotAQuantity::Unreadable("`16 A C` or `16 A`");
    let (amps, rest) = number(text.trim()).ok_or(unreadable.clone())?;
    let rest = rest.strip_prefix('A').ok_or(unreadable.clone())?.trim();
    let curve = match rest {
        "" => None,
        letter if CURVES.contains(&letter) => letter.chars().next(),
        _ => return Err(unreadable),
    };
    if amps < 0.0 {
        return Err(NotAQuantity::Negative);
    }
    if amps == 0.0 {
        return Err(NotAQuantity::Zero);
    }
    let (_, most, bounds) = Unit::Amps.bounds();
    if amps > most {
        return Err(NotAQuantity::OutOfBounds(bounds));
    }
    Ok(BreakerRating { amps, curve, standard: None, ambient: None, poles: None })
}

/// The number a text begins with, finite, and what follows it.
fn number(text: &str) -> Option<(f64, &str)> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+')))
        .unwrap_or(text.len());
    let value: f64 = text[..end].parse().ok()?;
    value.is_finite().then_some((value, text[end..].trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_share_a_unit_or_have_their_own() {
        assert_eq!(range("210 W..340 W", Unit::Watts), Ok(Range { min: 210.0, max: 340.0 }));
        assert_eq!(range("0.2..0.3 kW", Unit::Watts), Ok(Range { min: 200.0, max: 300.0 }));
        assert_eq!(range("10..45 min", Unit::Seconds), Ok(Range { min: 600.0, max: 2_700.0 }));
        assert_eq!(span("30s"), Ok(Duration::from_secs(30)));
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(range("-5 W", Unit::Watts), Err(NotAQuantity::Negative));
        assert_eq!(range("9..3 W", Unit::Watts), Err(NotAQuantity::Reversed));
        for text in ["", "W", "5", "5 V", "NaN W", "inf W", "1e400 W", "5 W..", ".. 5 W"] {
            assert!(range(text, Unit::Watts).is_err(), "{text}");
        }
    }

    #[test]
    fn parts_times_and_degrees_have_bounds_of_their_own() {
        assert_eq!(range("40..60 %", Unit::Ratio), Ok(Range { min: 0.4, max: 0.6 }));
        assert_eq!(range("0.95", Unit::Ratio), Ok(Range { min: 0.95, max: 0.95 }));
        assert_eq!(range("-5..35 °C", Unit::Celsius), Ok(Range { min: -5.0, max: 35.0 }));
        assert_eq!(range("2..5 x", Unit::Times), Ok(Range { min: 2.0, max: 5.0 }));
        for (text, unit) in [
            ("101 %", Unit::Ratio),
            ("-61 °C", Unit::Celsius),
            ("0.5 x", Unit::Times),
            ("200 kA", Unit::Amps),
            ("100001 A", Unit::Amps),
            ("10001 MW", Unit::Watts),
        ] {
            assert!(range(text, unit).is_err(), "{text}");
        }
    }

    #[test]
    fn a_breaker_has_a_letter_or_none() {
        let front = |amps, curve| {
            Ok(BreakerRating { amps, curve, standard: None, ambient: None, poles: None })
        };
        assert_eq!(breaker("16 A C"), front(16.0, Some('C')));
        assert_eq!(breaker("16A"), front(16.0, None));
        assert!(breaker("100001 A").is_err());
        assert!(breaker("16 A X").is_err());
        assert!(breaker("0 A").is_err());
    }
}
