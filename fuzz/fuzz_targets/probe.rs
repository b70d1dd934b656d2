//! Whatever a scrape asks us to ask: `server/src/http/probe.rs` says what holds then.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| blackstart_server::fuzzed::probe(bytes));
