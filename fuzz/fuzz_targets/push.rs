//! Whatever a job tells: `server/src/http/push.rs` says what holds then.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| blackstart_server::fuzzed::push(bytes));
