//! Maps by numbers of our own making: quicker than the maps of the standard library, which are made for keys that
//! somebody may choose so that all of them fall together. The keys here are places in lists of one plant.
//!
//! The mixing is that of rustc's own maps (`FxHasher`: rotate, xor, multiply), and the same in every run. Nothing goes
//! by the order of such a map all the same. It is tested through whatever uses it.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// A map by numbers.
pub(crate) type NumberMap<K, V> = HashMap<K, V, BuildHasherDefault<Mixed>>;

/// A set of numbers.
pub(crate) type NumberSet<K> = HashSet<K, BuildHasherDefault<Mixed>>;

/// Numbers, mixed.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Mixed(u64);

impl Mixed {
    const fn mix(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    }
}

impl Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        for some in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..some.len()].copy_from_slice(some);
            self.mix(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.mix(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.mix(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.mix(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.mix(number as u64);
    }

    fn write_isize(&mut self, number: isize) {
        self.mix(number.cast_unsigned() as u64);
    }

    // The low bits are the worst mixed, and the first that are looked at.
    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}
