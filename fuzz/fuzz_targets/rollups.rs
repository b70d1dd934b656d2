//! Whatever lies in a row of samples: `journal/src/samples/encoding.rs` says what holds then.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| blackstart_journal::fuzzed::rollups(bytes));
