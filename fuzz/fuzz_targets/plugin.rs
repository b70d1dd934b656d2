//! Whatever a plugin says, and however it ends: `probe/src/plugin.rs` says what holds then.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| blackstart_probe::fuzzed::plugin(bytes));
