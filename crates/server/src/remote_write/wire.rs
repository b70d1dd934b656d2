//! The bytes of a write request: protobuf (`prometheus.WriteRequest`, five messages of strings, doubles and numbers)
//! in Snappy's block format, as the Prometheus remote-write specification 1.0 asks for.
//! <https://prometheus.io/docs/specs/prw/remote_write_spec/>
//!
//! It decides which series an answer makes. Pure; tested by reading the bytes again, and into a real VictoriaMetrics.

#[cfg(any(test, fuzzing))]
mod again;

#[cfg(any(test, fuzzing))]
pub use again::fuzzed;

use crate::recorder::noted::{Noted, Read, SeriesNumber};
use blackstart_model::observation::Standing;
use blackstart_model::{CheckKey, VantageName};
use std::collections::BTreeMap;

/// The bits of the one NaN that says "this series ends here" (specification, section "stale markers").
const STALE_BITS: u64 = 0x7ff0_0000_0000_0002;

/// One thing to write.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Told {
    /// An answer, or the mean of some that an agent counted.
    Answer(Noted),
    /// What an answer read.
    Read(Box<Read>),
    /// The check went away, or is not heard of: its series end here, milliseconds since 1970.
    Gone(SeriesNumber, i64),
}

/// Which series of a check a sample is in.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Metric {
    State,
    Up,
    Duration,
    Reading { name: Box<str>, unit: &'static str },
}

impl Metric {
    const fn name(&self) -> &'static str {
        match self {
            Self::State => "blackstart_check_state",
            Self::Up => "blackstart_check_up",
            Self::Duration => "blackstart_check_duration_seconds",
            Self::Reading { .. } => "blackstart_check_reading",
        }
    }
}

fn stale() -> f64 {
    f64::from_bits(STALE_BITS)
}

/// The samples of one answer. Where it says nothing, a series ends, so that nobody draws a line or takes a mean over
/// what is not known.
fn samples(told: &Told) -> Vec<(SeriesNumber, Metric, f64, i64)> {
    match told {
        Told::Answer(Noted { series, total_us, at_ms, standing, why: _, asked: _ }) => {
            let took = f64::from(*total_us) / 1e6;
            let (state, up, took) = match standing {
                Standing::Up => (0.0, 1.0, took),
                Standing::Degraded => (1.0, 0.5, took),
                Standing::Down => (2.0, 0.0, stale()),
                Standing::Unknown => (3.0, stale(), stale()),
            };
            let sample = |metric, value| (*series, metric, value, *at_ms);
            vec![
                sample(Metric::State, state),
                sample(Metric::Up, up),
                sample(Metric::Duration, took),
            ]
        }
        Told::Read(read) => {
            let of = |reading: &blackstart_model::reading::Reading| {
                let (name, unit) = (reading.name().into(), reading.unit().as_str());
                (read.series, Metric::Reading { name, unit }, reading.value(), read.at_ms)
            };
            read.readings.iter().map(of).collect()
        }
        Told::Gone(series, at_ms) => [Metric::State, Metric::Up, Metric::Duration]
            .map(|metric| (*series, metric, stale(), *at_ms))
            .into(),
    }
}

/// A write request of these, compressed.
pub(super) fn request(
    told: &[Told],
    plant: &str,
    name_of: impl Fn(SeriesNumber) -> Option<(CheckKey, VantageName)>,
) -> Vec<u8> {
    let mut by_series: BTreeMap<(SeriesNumber, Metric), Vec<(f64, i64)>> = BTreeMap::new();
    for (series, metric, value, at_ms) in told.iter().flat_map(samples) {
        by_series.entry((series, metric)).or_default().push((value, at_ms));
    }
    let mut request = Vec::new();
    for ((series, metric), mut samples) in by_series {
        let Some((check, vantage)) = name_of(series) else { continue };
        // In order of time, as the specification asks; what stands twice at one time counts once.
        samples.sort_by_key(|(_, at_ms)| *at_ms);
        samples.dedup_by_key(|(_, at_ms)| *at_ms);
        let component = check.as_str().split('/').next().unwrap_or_default().to_owned();
        let mut labels = vec![
            ("__name__", metric.name()),
            ("check", check.as_str()),
            ("component", &component),
            ("plant", plant),
            ("vantage", vantage.as_str()),
        ];
        if let Metric::Reading { name, unit } = &metric {
            labels.extend([("reading", &**name), ("unit", unit)]);
        }
        // Sorted by name, and none of them empty: both are asked for.
        labels.retain(|(_, value)| !value.is_empty());
        labels.sort_unstable();
        message(&mut request, 1, |series| {
            for (name, value) in &labels {
                message(series, 1, |label| {
                    bytes(label, 1, name.as_bytes());
                    bytes(label, 2, value.as_bytes());
                });
            }
            for (value, at_ms) in &samples {
                message(series, 2, |sample| {
                    tag(sample, 1, FIXED);
                    sample.extend_from_slice(&value.to_bits().to_le_bytes());
                    tag(sample, 2, VARINT);
                    varint(sample, at_ms.cast_unsigned());
                });
            }
        });
    }
    snap::raw::Encoder::new().compress_vec(&request).expect("a batch is far below 4 GiB")
}

/// Protobuf's wire types (<https://protobuf.dev/programming-guides/encoding/>).
const VARINT: u64 = 0;
const FIXED: u64 = 1;
const LENGTH: u64 = 2;

fn varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn tag(out: &mut Vec<u8>, field: u64, wire: u64) {
    varint(out, field << 3 | wire);
}

fn bytes(out: &mut Vec<u8>, field: u64, content: &[u8]) {
    tag(out, field, LENGTH);
    varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn message(out: &mut Vec<u8>, field: u64, fill: impl FnOnce(&mut Vec<u8>)) {
    let mut content = Vec::new();
    fill(&mut content);
    bytes(out, field, &content);
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_model::reading::{Reading, Unit};

    fn shown(request: &[u8]) -> Vec<String> {
        let series = |series: &again::Series| {
            let labels: Vec<String> =
                series.labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let sample = |(bits, at_ms): &(u64, i64)| {
                let value = f64::from_bits(*bits);
                let value =
                    if *bits == STALE_BITS { "stale".to_owned() } else { value.to_string() };
                format!("{value}@{at_ms}")
            };
            let samples: Vec<String> = series.samples.iter().map(sample).collect();
            format!("{} {}", labels.join(","), samples.join(" "))
        };
        again::read(request).iter().map(series).collect()
    }

    fn answer(at_ms: i64, standing: Standing) -> Told {
        let (series, total_us, why, asked) = (SeriesNumber(0), 12_500, None, false);
        Told::Answer(Noted { series, total_us, at_ms, standing, why, asked })
    }

    fn of(_: SeriesNumber) -> Option<(CheckKey, VantageName)> {
        Some(("web-1/http".into(), VantageName::here()))
    }

    #[test]
    fn an_answer_is_three_samples_and_where_nothing_is_known_a_series_ends() {
        let told = [
            answer(3, Standing::Unknown),
            answer(1, Standing::Up),
            answer(2, Standing::Down),
            Told::Gone(SeriesNumber(0), 4),
        ];
        let labels = "check=web-1/http,component=web-1,plant=p,vantage=here";
        assert_eq!(
            shown(&request(&told, "p", of)),
            [
                format!("__name__=blackstart_check_state,{labels} 0@1 2@2 3@3 stale@4"),
                format!("__name__=blackstart_check_up,{labels} 1@1 0@2 stale@3 stale@4"),
                format!(
                    "__name__=blackstart_check_duration_seconds,{labels} 0.0125@1 stale@2 stale@3 stale@4"
                ),
            ]
        );
    }

    #[test]
    fn labels_are_sorted_and_none_is_empty() {
        let readings = vec![
            Reading::new("load", 1.5, Unit::Plain).expect("a number"),
            Reading::new("outlet-7", 0.5, Unit::Amperes).expect("a number"),
        ];
        let read = Told::Read(Box::new(Read { series: SeriesNumber(0), at_ms: -1, readings }));
        let own = "__name__=blackstart_check_reading,check=web-1/http,component=web-1";
        assert_eq!(
            shown(&request(&[read], "p", of)),
            [
                format!("{own},plant=p,reading=load,vantage=here 1.5@-1"),
                format!("{own},plant=p,reading=outlet-7,unit=A,vantage=here 0.5@-1"),
            ]
        );
    }
}
