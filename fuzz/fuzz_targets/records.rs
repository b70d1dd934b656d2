//! Whatever stands in a row of the journal: `journal/src/fuzzed.rs` says what holds then.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| blackstart_journal::fuzzed::records(bytes));
