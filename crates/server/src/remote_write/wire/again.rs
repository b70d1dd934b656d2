//! A write request read again, by a reader that knows only the specification: for the tests, and for `fuzz/`. Not in
//! what is released.

use super::{FIXED, LENGTH, Told, VARINT, request};
use crate::recorder::noted::{Noted, Read, SeriesNumber};
use blackstart_model::observation::Standing;
use blackstart_model::reading::{Reading, Unit};
use std::collections::BTreeSet;

/// One series: its labels, and its samples as bits of a double and milliseconds since 1970.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) labels: Vec<(String, String)>,
    pub(super) samples: Vec<(u64, i64)>,
}

/// The series of a request.
pub(super) fn read(request: &[u8]) -> Vec<Series> {
    let plain = snap::raw::Decoder::new().decompress_vec(request).expect("Snappy");
    let series = |(field, content): (u64, Vec<u8>)| {
        assert_eq!(field, 1);
        let mut series = Series { labels: Vec::new(), samples: Vec::new() };
        for (field, content) in fields(&content) {
            let [(1, first), (2, second)] = &fields(&content)[..] else { panic!("two fields") };
            let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).expect("a text");
            let eight = |bytes: &[u8]| bytes.try_into().expect("eight bytes");
            if field == 1 {
                series.labels.push((text(first), text(second)));
            } else {
                let at_ms = i64::from_le_bytes(eight(second));
                series.samples.push((u64::from_le_bytes(eight(first)), at_ms));
            }
        }
        series
    };
    fields(&plain).into_iter().map(series).collect()
}

/// Protobuf as far as a write request needs it: each field, and its bytes or number.
fn fields(mut rest: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let mut all = Vec::new();
    let number = |rest: &mut &[u8]| {
        let mut value = 0_u64;
        for shift in (0..).step_by(7) {
            let byte = rest[0];
            *rest = &rest[1..];
            value |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return value;
            }
        }
        unreachable!("a number ends")
    };
    while !rest.is_empty() {
        let tag = number(&mut rest);
        let content = match tag & 7 {
            VARINT => number(&mut rest).to_le_bytes().to_vec(),
            FIXED => {
                let (value, after) = rest.split_at(8);
                rest = after;
                value.to_vec()
            }
            LENGTH => {
                let length = usize::try_from(number(&mut rest)).expect("short");
                let (content, after) = rest.split_at(length);
                rest = after;
                content.to_vec()
            }
            other => panic!("wire type {other}"),
        };
        all.push((tag >> 3, content));
    }
    all
}

/// Whatever answers there were, and whatever checks are called: the request is read again by the specification, its
/// series are in order, and none of their times is lost. Twelve bytes of the text are an answer, and names.
pub fn fuzzed(bytes: &[u8]) {
    let mut told = Vec::new();
    for chunk in bytes.chunks_exact(12) {
        let [kind, number, rest @ ..] = chunk else { unreachable!("there are twelve") };
        let series = SeriesNumber(u32::from(*number % 4));
        let at_ms = i64::from_be_bytes(rest[..8].try_into().expect("eight of ten bytes"));
        let standing = Standing::ALL[usize::from(kind >> 2) % Standing::ALL.len()];
        told.push(match kind % 3 {
            0 => {
                let (total_us, why, asked) = (u32::from(rest[9]) << 24, None, false);
                Told::Answer(Noted { series, total_us, at_ms, standing, why, asked })
            }
            1 => {
                let name = String::from_utf8_lossy(&rest[7..]);
                let reading = Reading::new(&name, f64::from(rest[0]), Unit::Percent);
                let readings = reading.into_iter().collect();
                Told::Read(Box::new(Read { series, at_ms, readings }))
            }
            _ => Told::Gone(series, at_ms),
        });
    }
    let name = String::from_utf8_lossy(&bytes[..bytes.len().min(9)]).into_owned();
    // One of them is not known any more.
    let of = |series: SeriesNumber| {
        let check = [format!("{name}/{name}"), "a/b".to_owned(), "a".to_owned()];
        Some((check.get(series.0 as usize)?.clone().into(), name.as_str().into()))
    };
    let all = read(&request(&told, &name, of));
    let mut times = BTreeSet::new();
    for Series { labels, samples } in &all {
        assert!(labels.is_sorted_by(|one, other| one.0 < other.0), "{labels:?}");
        assert!(labels.iter().all(|(name, value)| !name.is_empty() && !value.is_empty()));
        assert!(samples.is_sorted_by(|one, other| one.1 < other.1), "{samples:?}");
        times.extend(samples.iter().map(|(_, at_ms)| *at_ms));
    }
    let expected = told.iter().filter_map(|told| match told {
        Told::Answer(noted) => Some((noted.series, noted.at_ms)),
        Told::Read(read) => (!read.readings.is_empty()).then_some((read.series, read.at_ms)),
        Told::Gone(series, at_ms) => Some((*series, *at_ms)),
    });
    let expected = expected.filter(|(series, _)| of(*series).is_some());
    assert_eq!(times, expected.map(|(_, at_ms)| at_ms).collect());
}
