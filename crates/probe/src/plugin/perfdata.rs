//! A plugin's performance data: `'label'=value[unit];[warn];[crit];[min];[max]`, parted by blanks
//! (Monitoring Plugins Development Guidelines, section 2.6).
//!
//! Thresholds are the plugin's own affair and are passed over. What cannot be read is left out, and spoils nothing of
//! what stands beside it. Tested on what plugins print, and on noise.

use blackstart_model::reading::{Reading, Unit};

/// The numbers of a text, at most [`Reading::MAX`], each name once.
pub(super) fn readings(text: &str) -> Vec<Reading> {
    let mut made: Vec<Reading> = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() && made.len() < Reading::MAX {
        let (label, after) = label(rest);
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        let (value, next) = after.split_at(end);
        let read = value.strip_prefix('=').and_then(|value| reading(&label, value));
        made.extend(read.filter(|read| made.iter().all(|other| other.name() != read.name())));
        rest = next.trim_start();
    }
    made
}

/// The label, and what follows it. In quotes it may hold anything; a quote in it stands twice.
fn label(text: &str) -> (String, &str) {
    let Some(mut quoted) = text.strip_prefix('\'') else {
        let end = text.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut label = String::new();
    while let Some((part, after)) = quoted.split_once('\'') {
        label.push_str(part);
        let Some(more) = after.strip_prefix('\'') else { return (label, after) };
        label.push('\'');
        quoted = more;
    }
    // A quote that nobody closes: nothing after it can be told apart.
    (String::new(), "")
}

fn reading(label: &str, value: &str) -> Option<Reading> {
    let value = value.split(';').next()?;
    let digits = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+');
    let mut end = value.find(|c: char| !digits(c)).unwrap_or(value.len());
    // An exponent, when digits follow: `1.5e-05`, but not the unit of `3E`.
    if let Some(exponent) = value[end..].strip_prefix(['e', 'E']) {
        let length = exponent.find(|c: char| !digits(c)).unwrap_or(exponent.len());
        if value[..end + 1 + length].parse::<f64>().is_ok() {
            end += 1 + length;
        }
    }
    let (number, unit) = value.split_at(end);
    let (factor, unit) = unit_of(unit);
    Reading::new(label.trim(), number.parse::<f64>().ok()? * factor, unit)
}

/// The plain unit, and how much of it one of these is. Bytes go by powers of 1024, as `check_disk` counts them.
fn unit_of(written: &str) -> (f64, Unit) {
    const KIB: f64 = 1024.0;
    match written {
        "s" => (1.0, Unit::Seconds),
        "ms" => (1e-3, Unit::Seconds),
        "us" => (1e-6, Unit::Seconds),
        "ns" => (1e-9, Unit::Seconds),
        "%" => (1.0, Unit::Percent),
        "B" => (1.0, Unit::Bytes),
        "KB" | "kB" | "KiB" => (KIB, Unit::Bytes),
        "MB" | "MiB" => (KIB * KIB, Unit::Bytes),
        "GB" | "GiB" => (KIB * KIB * KIB, Unit::Bytes),
        "TB" | "TiB" => (KIB * KIB * KIB * KIB, Unit::Bytes),
        "c" => (1.0, Unit::Counter),
        "A" => (1.0, Unit::Amperes),
        "V" => (1.0, Unit::Volts),
        "W" => (1.0, Unit::Watts),
        "VA" => (1.0, Unit::VoltAmperes),
        "Hz" => (1.0, Unit::Hertz),
        "C" => (1.0, Unit::Celsius),
        _ => (1.0, Unit::Plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(String, f64, Unit)> {
        let parts = |read: &Reading| (read.name().to_owned(), read.value(), read.unit());
        readings(text).iter().map(parts).collect()
    }

    #[test]
    fn what_plugins_print_is_read() {
        let printed = "/=2643MB;5948;5958;0;5968 time=0.012345s;1.000000;2.000000;0.000000 \
            'two words'=3% 'it''s'=4c rta=0.051ms load1=1.5e-05;; U=U x=5furlongs";
        let expected = [
            ("/", 2643.0 * 1_048_576.0, Unit::Bytes),
            ("time", 0.012_345, Unit::Seconds),
            ("two words", 3.0, Unit::Percent),
            ("it's", 4.0, Unit::Counter),
            ("rta", 0.051 * 1e-3, Unit::Seconds),
            ("load1", 1.5e-5, Unit::Plain),
            ("x", 5.0, Unit::Plain),
        ];
        let expected = expected.map(|(name, value, unit)| (name.to_owned(), value, unit));
        assert_eq!(read(printed), expected);
    }

    #[test]
    fn what_cannot_be_read_spoils_nothing_beside_it() {
        let names = |text: &str| read(text).into_iter().map(|(name, ..)| name).collect::<Vec<_>>();
        assert_eq!(names("=5 a b=1 c= d=x e=1 e=2 f=--1 g=1e999 h=2"), ["b", "e", "h"]);
        assert_eq!(names("a=1 'never closed=2 c=3"), ["a"]);
        let many: String = (0..100).map(|at| format!("n{at}=1 ")).collect();
        assert_eq!(read(&many).len(), Reading::MAX);
    }

    proptest! {
        #[test]
        fn noise_is_read_without_harm(text in ".{0,200}", label in "[^\n]{0,20}", value: i32) {
            readings(&text);
            let quoted = label.replace('\'', "''");
            let read = readings(&format!("'{quoted}'={value};; z=1"));
            prop_assert!(read.iter().any(|read| read.name() == "z"));
        }
    }
}
