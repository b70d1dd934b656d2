//! Chance from a seed: the same numbers for the same seed, on every machine and for ever.
//!
//! SplitMix64 (Steele, Lea and Flood, *Fast Splittable Pseudorandom Number Generators*, OOPSLA 2014): good
//! enough to pretend with, twelve lines, and no crate whose numbers change with its version. Each use has a
//! stream of its own by name, so that one more draw in one place moves nothing in another.

use blackstart_model::stable_hash;

/// A stream of pseudo-random numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// The stream of this name under this seed.
    #[must_use]
    pub fn of(seed: u64, stream: &str) -> Self {
        Self { state: mixed(seed ^ stable_hash(stream)) }
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.state)
    }

    /// A number from 0 up to, not including, 1.
    pub fn share(&mut self) -> f64 {
        share_of(self.bits())
    }

    /// True so often.
    pub fn happens(&mut self, share: f64) -> bool {
        self.share() < share
    }

    /// A whole number from `low` to `high`, both included.
    pub fn between(&mut self, low: usize, high: usize) -> usize {
        let span = (high.max(low) - low) as u64 + 1;
        low + usize::try_from(self.bits() % span).expect("it is within two usizes")
    }

    /// One of these; `None` when there are none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        let last = of.len().checked_sub(1)?;
        Some(&of[self.between(0, last)])
    }

    /// How many tries go well before the first that does not, when each fails with this chance;
    /// `None` when none ever does.
    pub fn good_tries(&mut self, fails: f64) -> Option<u64> {
        if fails <= 0.0 {
            return None;
        }
        // The geometric distribution by its inverse; 1 - share is never 0.
        let tries = (1.0 - self.share()).ln() / (1.0 - fails.min(0.999_999)).ln();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
        Some(tries as u64)
    }
}

/// The finalizer of SplitMix64.
pub(crate) const fn mixed(state: u64) -> u64 {
    let mut z = state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// 64 bits as a number from 0 up to, not including, 1.
pub(crate) fn share_of(bits: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a double holds")]
    let share = (bits >> 11) as f64 / (1_u64 << 53) as f64;
    share
}
