//! Whatever answers are written elsewhere: `server/src/remote_write/wire/again.rs` reads the request again.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| blackstart_server::fuzzed::remote_write(bytes));
