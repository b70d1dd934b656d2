//! Whatever an Alertmanager sends to our webhook: `server/src/fuzzed.rs` says what holds then.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| blackstart_server::fuzzed::alertmanager(bytes));
