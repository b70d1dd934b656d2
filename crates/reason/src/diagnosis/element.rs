//! A fault of a hypothesis in the making: who failed, how, and when.

use super::EPOCHS_MAX;
use super::suspects::RATES;

/// Epochs at most, as a number of places.
pub(super) const EPOCHS: usize = EPOCHS_MAX as usize;

/// How a suspect failed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Manner {
    /// Wholly.
    Hard,
    /// For some of the machines below it.
    Partial,
    /// In turns, at this one of the [`RATES`].
    Flaky(u8),
    /// Not by itself: it hangs on what did, by a wire that lies elsewhere than the plant says.
    Astray,
}

/// Manners, with each of the rates.
pub(super) const MANNERS: usize = 3 + RATES.len();

impl Manner {
    /// Its number among all.
    pub(super) const fn number(self) -> usize {
        match self {
            Self::Hard => 0,
            Self::Partial => 1,
            Self::Astray => 2,
            Self::Flaky(rate) => 3 + rate as usize,
        }
    }

    /// A number that is the same for all rates.
    pub(super) const fn without_rate(self) -> u8 {
        match self {
            Self::Hard => 0,
            Self::Partial => 1,
            Self::Flaky(_) => 2,
            Self::Astray => 3,
        }
    }
}

/// A suspect that failed, how, and in which epochs (both included).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct Element {
    pub(super) suspect: u32,
    pub(super) manner: Manner,
    pub(super) first: u8,
    pub(super) last: u8,
}

impl Element {
    /// Whether both were there at any one time.
    pub(super) const fn meets(&self, other: &Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }
}
