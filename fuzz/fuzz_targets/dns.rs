//! Whatever a name server answers: `probe/src/dns.rs` says what holds then.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| blackstart_probe::fuzzed::dns(bytes));
