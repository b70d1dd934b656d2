//! How a rollup lies in the file, version 1: numbers of seven bits to a byte (LEB128), and nothing said of
//! what is not there. Two answers that were up take some 16 bytes.
//!
//! It is ours alone and derived, so there is no promise to other readers; a text that is no rollup is an error
//! and never a panic. Tested by properties: decode after encode is the identity, noise is refused.

use blackstart_model::observation::NoAnswerCode;
use blackstart_model::reading::{Reading, Unit};
use blackstart_model::sample::{BUCKETS, ReadingRollup, Rollup, Times};
use rusqlite::Error;
use rusqlite::types::Type;

/// What is said of the answers beyond those that were up.
const NOT_ALL_UP: u64 = 1;
const ASKED: u64 = 2;
const TIMED: u64 = 4;
const READINGS: u64 = 8;

/// The time spoken for is kept in tenths of a second.
const SPOKEN_UNIT_MS: u64 = 100;

/// Bytes of a name or a unit at most.
const NAME_BYTES_MAX: usize = 255;

/// The rollup as bytes.
pub(super) fn encode(rollup: &Rollup) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(32);
    put_rollup(&mut bytes, rollup);
    bytes
}

/// The rollup in these bytes.
pub(super) fn decode(bytes: &[u8]) -> Result<Rollup, Error> {
    let mut rest = bytes;
    let rollup = take_rollup(&mut rest).filter(|_| rest.is_empty());
    rollup.ok_or_else(damaged)
}

/// The minutes of an hour, each with its number in it.
pub(super) fn pack<'a>(minutes: impl Iterator<Item = (u32, &'a Rollup)>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1024);
    for (minute, rollup) in minutes {
        put(&mut bytes, u64::from(minute));
        put_rollup(&mut bytes, rollup);
    }
    bytes
}

/// The minutes in these bytes, in order.
pub(super) fn unpack(bytes: &[u8]) -> Result<Vec<(u32, Rollup)>, Error> {
    let mut rest = bytes;
    let mut minutes: Vec<(u32, Rollup)> = Vec::with_capacity(60);
    while !rest.is_empty() {
        let minute = take_u32(&mut rest).filter(|minute| *minute < 60).ok_or_else(damaged)?;
        if minutes.last().is_some_and(|(last, _)| *last >= minute) {
            return Err(damaged());
        }
        minutes.push((minute, take_rollup(&mut rest).ok_or_else(damaged)?));
    }
    Ok(minutes)
}

fn damaged() -> Error {
    Error::FromSqlConversionFailure(1, Type::Blob, "not a rollup of version 1".into())
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    u32::try_from(take(rest)?).ok()
}

fn put_text(bytes: &mut Vec<u8>, text: &str) {
    let mut end = text.len().min(NAME_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    put(bytes, end as u64);
    bytes.extend_from_slice(&text.as_bytes()[..end]);
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let length = usize::try_from(take(rest)?).ok().filter(|length| *length <= NAME_BYTES_MAX)?;
    let (text, after) = rest.split_at_checked(length)?;
    *rest = after;
    std::str::from_utf8(text).ok()
}

fn put_rollup(bytes: &mut Vec<u8>, rollup: &Rollup) {
    let Rollup { spoken_ms, up, degraded, down, off, unknown, asked, times, readings } = rollup;
    let not_all_up = *degraded > 0 || *down > 0 || *off > 0 || !unknown.is_empty();
    let flag = |is: bool, flag: u64| if is { flag } else { 0 };
    let flags = flag(not_all_up, NOT_ALL_UP)
        | flag(*asked > 0, ASKED)
        | flag(times.count > 0, TIMED)
        | flag(!readings.is_empty(), READINGS);
    put(bytes, flags);
    put(bytes, u64::from(*up));
    put(bytes, spoken_ms.saturating_add(SPOKEN_UNIT_MS / 2) / SPOKEN_UNIT_MS);
    if not_all_up {
        for count in [*degraded, *down, *off] {
            put(bytes, u64::from(count));
        }
        put(bytes, unknown.len() as u64);
        for (code, count) in unknown {
            put_text(bytes, code.as_str());
            put(bytes, u64::from(*count));
        }
    }
    if *asked > 0 {
        put(bytes, u64::from(*asked));
    }
    if times.count > 0 {
        put_times(bytes, times);
    }
    if !readings.is_empty() {
        put(bytes, readings.len() as u64);
        for ReadingRollup { name, unit, count, sum, min, max } in readings {
            put_text(bytes, name);
            put_text(bytes, unit.as_str());
            put(bytes, u64::from(*count));
            for number in [sum, min, max] {
                bytes.extend_from_slice(&number.to_le_bytes());
            }
        }
    }
}

fn take_rollup(rest: &mut &[u8]) -> Option<Rollup> {
    let flags = take(rest)?;
    let mut rollup = Rollup { up: take_u32(rest)?, ..Rollup::default() };
    rollup.spoken_ms = take(rest)?.checked_mul(SPOKEN_UNIT_MS)?;
    if flags & NOT_ALL_UP != 0 {
        rollup.degraded = take_u32(rest)?;
        rollup.down = take_u32(rest)?;
        rollup.off = take_u32(rest)?;
        for _ in 0..take(rest)? {
            // A reason of a later version is one for no answer all the same.
            let code = NoAnswerCode::parse(take_text(rest)?).unwrap_or(NoAnswerCode::Unparsable);
            rollup.unknown.push((code, take_u32(rest)?));
        }
        rollup.unknown.sort();
    }
    if flags & ASKED != 0 {
        rollup.asked = take_u32(rest)?;
    }
    if flags & TIMED != 0 {
        rollup.times = take_times(rest)?;
    }
    if flags & READINGS != 0 {
        for _ in 0..take(rest).filter(|count| *count <= Reading::MAX as u64)? {
            let name = take_text(rest)?.into();
            let unit = Unit::parse(take_text(rest)?).unwrap_or(Unit::Plain);
            let count = take_u32(rest)?;
            let (sum, min, max) = (take_f64(rest)?, take_f64(rest)?, take_f64(rest)?);
            rollup.readings.push(ReadingRollup { name, unit, count, sum, min, max });
        }
    }
    Some(rollup)
}

fn take_f64(rest: &mut &[u8]) -> Option<f64> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(f64::from_le_bytes(*bytes))
}

/// Buckets lie near each other: each says how far it is from the one before, and whether it holds more
/// than one.
fn put_times(bytes: &mut Vec<u8>, times: &Times) {
    let Times { count, sum_us, min_us, max_us, buckets } = times;
    put(bytes, u64::from(*count));
    put(bytes, *sum_us);
    put(bytes, u64::from(*min_us));
    put(bytes, u64::from(max_us.saturating_sub(*min_us)));
    put(bytes, buckets.len() as u64);
    let mut before = 0;
    for (bucket, count) in buckets {
        let further = u64::from(bucket - before);
        before = *bucket;
        put(bytes, further << 1 | u64::from(*count > 1));
        if *count > 1 {
            put(bytes, u64::from(*count));
        }
    }
}

fn take_times(rest: &mut &[u8]) -> Option<Times> {
    let count = take_u32(rest)?;
    let sum_us = take(rest)?;
    let min_us = take_u32(rest)?;
    let max_us = min_us.checked_add(take_u32(rest)?)?;
    let length = take(rest).filter(|length| *length <= u64::from(BUCKETS))?;
    let mut buckets = Vec::with_capacity(usize::try_from(length).ok()?);
    let mut before = 0_u64;
    for _ in 0..length {
        let further = take(rest)?;
        before = before.checked_add(further >> 1).filter(|at| *at < u64::from(BUCKETS))?;
        let count = if further & 1 == 1 { take_u32(rest)? } else { 1 };
        buckets.push((u16::try_from(before).ok()?, count));
    }
    Some(Times { count, sum_us, min_us, max_us, buckets })
}

/// Whatever lies in a row of samples: what is read is written as no more than it was, and can be told. For `fuzz/`.
#[cfg(any(test, fuzzing))]
pub fn fuzzed(bytes: &[u8]) {
    if let Ok(rollup) = decode(bytes) {
        let written = encode(&rollup);
        let again = decode(&written).expect("our own");
        assert_eq!(encode(&again), written);
        crate::fuzzed::told(&[rollup]);
    }
    if let Ok(minutes) = unpack(bytes) {
        let written = pack(minutes.iter().map(|(minute, rollup)| (*minute, rollup)));
        assert_eq!(unpack(&written).expect("our own").len(), minutes.len());
        let rollups: Vec<Rollup> = minutes.into_iter().map(|(_, rollup)| rollup).collect();
        crate::fuzzed::told(&rollups);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_model::observation::Standing;
    use proptest::prelude::*;

    fn any_rollup() -> impl Strategy<Value = Rollup> {
        let counts = proptest::collection::vec((0usize..4, 0usize..5, 1u32..1_000), 0..6);
        let times = proptest::collection::vec(any::<u32>(), 0..50);
        let values = proptest::collection::vec(("[a-z]{1,3}", -1e9..1e9), 0..4);
        (counts, times, values, 0u32..9, 1u32..9_000).prop_map(
            |(counts, times, values, asked, seconds)| {
                let mut rollup = Rollup { asked, ..Rollup::default() };
                for (standing, why, count) in counts {
                    let why = NoAnswerCode::ALL[why];
                    rollup.stood(Standing::ALL[standing], Some(why), count, seconds * 100);
                }
                times.into_iter().for_each(|us| rollup.times.add(us));
                for (name, value) in values {
                    rollup.read(&Reading::new(&name, value, Unit::Celsius).expect("a number"));
                }
                rollup
            },
        )
    }

    proptest! {
        #[test]
        fn decode_after_encode_is_the_identity(rollup in any_rollup()) {
            prop_assert_eq!(decode(&encode(&rollup)).expect("ours"), rollup);
        }

        #[test]
        fn unpack_after_pack_is_the_identity(
            rollups in proptest::collection::btree_map(0u32..60, any_rollup(), 0..5),
        ) {
            let minutes: Vec<(u32, Rollup)> = rollups.into_iter().collect();
            let packed = pack(minutes.iter().map(|(minute, rollup)| (*minute, rollup)));
            prop_assert_eq!(unpack(&packed).expect("ours"), minutes);
        }

        #[test]
        fn noise_is_refused_or_read_and_never_a_panic(bytes: Vec<u8>) {
            let _ = decode(&bytes);
            let _ = unpack(&bytes);
        }
    }

    #[test]
    fn a_minute_of_two_answers_is_small() {
        let mut rollup = Rollup::default();
        rollup.stood(Standing::Up, None, 2, 30_000);
        rollup.times.add(12_345);
        rollup.times.add(13_456);
        assert_eq!(encode(&rollup).len(), 16);
    }
}
