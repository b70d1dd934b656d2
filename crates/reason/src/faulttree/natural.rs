//! Natural numbers without an upper end: how many sets there are.
//!
//! Only what counting needs. Tested against `u128`.

use std::fmt;

/// A natural number; little-endian digits to the base 2^32, the last not zero.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Natural(Vec<u32>);

impl Natural {
    /// The number, where 64 bits hold it.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self.0[..] {
            [] => Some(0),
            [low] => Some(u64::from(low)),
            [low, high] => Some(u64::from(high) << 32 | u64::from(low)),
            _ => None,
        }
    }

    /// The sum.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let mut digits = Vec::with_capacity(self.0.len().max(other.0.len()) + 1);
        let mut carry = 0_u64;
        for at in 0..self.0.len().max(other.0.len()) {
            let own = u64::from(self.0.get(at).copied().unwrap_or(0));
            let sum = own + u64::from(other.0.get(at).copied().unwrap_or(0)) + carry;
            digits.push(low(sum));
            carry = sum >> 32;
        }
        digits.push(low(carry));
        Self(digits).trimmed()
    }

    /// The product. As many steps as the digits of one times those of the other.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        let mut digits = vec![0_u32; self.0.len() + other.0.len()];
        for (at, &own) in self.0.iter().enumerate() {
            let mut carry = 0_u64;
            for (beside, &one) in other.0.iter().enumerate() {
                let digit = &mut digits[at + beside];
                let sum = u64::from(own) * u64::from(one) + u64::from(*digit) + carry;
                *digit = low(sum);
                carry = sum >> 32;
            }
            digits[at + other.0.len()] = low(carry);
        }
        Self(digits).trimmed()
    }

    fn trimmed(mut self) -> Self {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        self
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is wanted")]
const fn low(wide: u64) -> u32 {
    wide as u32
}

impl From<u128> for Natural {
    fn from(number: u128) -> Self {
        let digits = (0..4).map(|at| low((number >> (32 * at) & 0xFFFF_FFFF) as u64)).collect();
        Self(digits).trimmed()
    }
}

impl fmt::Display for Natural {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const BILLION: u64 = 1_000_000_000;
        let mut digits = self.0.clone();
        let mut groups = Vec::new();
        while !digits.is_empty() {
            let mut rest = 0_u64;
            for digit in digits.iter_mut().rev() {
                let own = rest << 32 | u64::from(*digit);
                *digit = low(own / BILLION);
                rest = own % BILLION;
            }
            groups.push(rest);
            digits = Self(digits).trimmed().0;
        }
        let mut text = groups.pop().unwrap_or(0).to_string();
        for group in groups.iter().rev() {
            text += &format!("{group:09}");
        }
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::Natural;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sums_and_products_are_those_of_u128(a in any::<u64>(), b in any::<u64>()) {
            let (wide_a, wide_b) = (u128::from(a), u128::from(b));
            let (own_a, own_b) = (Natural::from(wide_a), Natural::from(wide_b));
            prop_assert_eq!(own_a.plus(&own_b), Natural::from(wide_a + wide_b));
            prop_assert_eq!(own_a.times(&own_b), Natural::from(wide_a * wide_b));
            prop_assert_eq!(own_a.as_u64(), Some(a));
        }

        #[test]
        fn it_is_written_as_u128_is(a in any::<u128>()) {
            prop_assert_eq!(Natural::from(a).to_string(), a.to_string());
        }
    }

    #[test]
    fn it_has_no_upper_end() {
        let mut power = Natural::from(1);
        for _ in 0..60 {
            power = power.times(&Natural::from(1_000));
        }
        assert_eq!(power.to_string(), format!("1{}", "0".repeat(180)));
        assert_eq!(power.as_u64(), None);
    }
}
