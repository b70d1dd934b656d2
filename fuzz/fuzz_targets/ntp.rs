//! Whatever a time server answers: `probe/src/ntp.rs` says what holds then.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| blackstart_probe::fuzzed::ntp(bytes));
