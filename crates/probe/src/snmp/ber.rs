//! The few of the Basic Encoding Rules (X.690) that SNMP uses (RFC 3417, section 8): definite lengths, no more levels
//! than a message has.
//!
//! Everything is read from a slice that is there already; a length that reaches beyond it is no message. There is no
//! recursion, and nothing is allocated by what a length says. Tested by properties: what was written is read, and noise
//! is not.

use blackstart_model::check::Oid;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OBJECT: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// A length of more than four bytes is no datagram's.
const LENGTH_BYTES_MAX: usize = 4;

/// Reads elements one after another. Knows where in the message it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    left: &'a [u8],
    /// Where what is left begins in the whole message.
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes, at: 0 }
    }

    /// What is in a sequence that is all of a message.
    pub(super) fn whole(message: &'a [u8]) -> Option<Self> {
        let mut reader = Self::new(message);
        reader.inside(SEQUENCE).filter(|_| reader.is_empty())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// Everything that is left.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.left
    }

    /// Where in the whole message what is left begins.
    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// The next element: its tag, and what is in it.
    pub(super) fn next(&mut self) -> Option<(u8, Self)> {
        let (&tag, after) = self.left.split_first()?;
        // Tags of more than one byte are not used by SNMP.
        if tag & 0x1f == 0x1f {
            return None;
        }
        let (&first, after) = after.split_first()?;
        let (length, after) = if first < 0x80 {
            (usize::from(first), after)
        } else {
            let bytes = usize::from(first & 0x7f);
            if !(1..=LENGTH_BYTES_MAX).contains(&bytes) {
                return None;
            }
            let (length, after) = after.split_at_checked(bytes)?;
            (length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), after)
        };
        let (inside, left) = after.split_at_checked(length)?;
        let at = self.at + (self.left.len() - after.len());
        *self = Self { left, at: at + length };
        Some((tag, Self { left: inside, at }))
    }

    /// What is in the next element, which has this tag.
    pub(super) fn inside(&mut self, tag: u8) -> Option<Self> {
        let (found, inside) = self.next()?;
        (found == tag).then_some(inside)
    }

    pub(super) fn octets(&mut self) -> Option<&'a [u8]> {
        self.inside(OCTETS).map(|inside| inside.left)
    }

    /// A whole number of at most 64 bits.
    pub(super) fn integer(&mut self) -> Option<i64> {
        self.inside(INTEGER)?.signed()
    }

    /// All that is left, as a signed number.
    pub(super) fn signed(&self) -> Option<i64> {
        let negative = self.left.first()? & 0x80 != 0;
        let start = if negative { -1 } else { 0 };
        (self.left.len() <= 8)
            .then(|| self.left.iter().fold(start, |sum, byte| sum << 8 | i64::from(*byte)))
    }

    /// All that is left, as a number that is not negative; a zero before 64 bits is part of the encoding.
    pub(super) fn unsigned(&self) -> Option<u64> {
        let bytes = match self.left {
            [0, rest @ ..] if !rest.is_empty() => rest,
            bytes => bytes,
        };
        (1..=8)
            .contains(&bytes.len())
            .then(|| bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    /// All that is left, as an object identifier.
    pub(super) fn object(&self) -> Option<Oid> {
        let mut arcs = Vec::new();
        let mut sum: u64 = 0;
        let mut inside = false;
        for &byte in self.left {
            sum = sum << 7 | u64::from(byte & 0x7f);
            inside = byte & 0x80 != 0;
            if sum > u64::from(u32::MAX) || arcs.len() > Oid::ARCS_MAX {
                return None;
            }
            if !inside {
                let arc = u32::try_from(sum).ok()?;
                // The first two share a byte (X.690, section 8.19.4).
                if arcs.is_empty() {
                    let first = (arc / 40).min(2);
                    arcs.extend([first, arc - first * 40]);
                } else {
                    arcs.push(arc);
                }
                sum = 0;
            }
        }
        if inside { None } else { Oid::new(&arcs) }
    }
}

/// An element.
pub(super) fn element(tag: u8, inside: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match u8::try_from(inside.len()) {
        Ok(length) if length < 0x80 => bytes.push(length),
        _ => {
            let length = (inside.len() as u64).to_be_bytes();
            let zeros = length.iter().take_while(|byte| **byte == 0).count();
            bytes.push(0x80 | (length.len() - zeros) as u8);
            bytes.extend_from_slice(&length[zeros..]);
        }
    }
    bytes.extend_from_slice(inside);
    bytes
}

/// A sequence, or another element that is made of elements.
pub(super) fn made_of(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    element(tag, &parts.concat())
}

pub(super) fn integer(value: i64) -> Vec<u8> {
    let bytes = value.to_be_bytes();
    // The fewest bytes whose first bit is still the sign.
    let spare = (0..7).take_while(|&at| {
        let next_is_negative = bytes[at + 1] & 0x80 != 0;
        bytes[at] == if next_is_negative { 0xff } else { 0 }
    });
    element(INTEGER, &bytes[spare.count()..])
}

pub(super) fn octets(bytes: &[u8]) -> Vec<u8> {
    element(OCTETS, bytes)
}

pub(super) fn object(oid: &Oid) -> Vec<u8> {
    let (first, rest) = oid.arcs().split_at(2);
    let joined = [first[0] * 40 + first[1]];
    let mut bytes = Vec::new();
    for arc in joined.iter().chain(rest) {
        let septets = (32 - arc.leading_zeros()).div_ceil(7).max(1);
        for at in (0..septets).rev() {
            let more = if at > 0 { 0x80 } else { 0 };
            bytes.push((arc >> (at * 7)) as u8 & 0x7f | more);
        }
    }
    element(OBJECT, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_examples_of_x_690_are_written_as_they_stand_there() {
        // Section 8.19.5: { 2 999 3 } is 06 03 88 37 03.
        let oid = Oid::new(&[2, 999, 3]).unwrap();
        assert_eq!(object(&oid), [0x06, 0x03, 0x88, 0x37, 0x03]);
        assert_eq!(integer(128), [0x02, 0x02, 0x00, 0x80]);
        assert_eq!(integer(-128), [0x02, 0x01, 0x80]);
        assert_eq!(element(OCTETS, &[7; 200])[..3], [0x04, 0x81, 200]);
    }

    #[test]
    fn a_length_that_lies_is_no_element() {
        for bytes in [
            &[0x04, 0x05, 1, 2][..],
            &[0x04, 0x80, 1, 2, 0, 0],
            &[0x04, 0x84, 0xff, 0xff, 0xff, 0xff, 1],
            &[0x04, 0x85, 0, 0, 0, 0, 1, 1],
            &[0x04, 0x82, 1],
            &[0x1f, 0x81, 1, 0],
            &[0x04],
            &[],
        ] {
            assert!(Reader::new(bytes).next().is_none(), "{bytes:x?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(number: i64, text: Vec<u8>, rest in prop::collection::vec(any::<u32>(), 0..20)) {
            let oid = Oid::new(&[&[1, 3][..], &rest].concat()).unwrap();
            let bytes = made_of(SEQUENCE, &[integer(number), octets(&text), object(&oid)]);
            let mut reader = Reader::new(&bytes).inside(SEQUENCE).unwrap();
            prop_assert_eq!(reader.integer(), Some(number));
            let (tag, inside) = reader.next().unwrap();
            prop_assert_eq!((tag, inside.rest()), (OCTETS, &text[..]));
            prop_assert_eq!(&bytes[inside.at()..inside.at() + text.len()], &text[..]);
            prop_assert_eq!(reader.inside(OBJECT).and_then(|inside| inside.object()), Some(oid));
            prop_assert!(reader.is_empty());
        }

        #[test]
        fn noise_is_read_to_its_end_or_not_at_all(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            while let Some((_, inside)) = reader.next() {
                let _ = (inside.signed(), inside.unsigned(), inside.object());
                prop_assert!(inside.at() + inside.rest().len() <= bytes.len());
            }
        }
    }
}
