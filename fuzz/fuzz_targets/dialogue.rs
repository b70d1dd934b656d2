//! Whatever a server says to a check that talks with it: `probe/src/fuzzed/dialogue.rs` says what holds then.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| blackstart_probe::fuzzed::dialogue(bytes));
