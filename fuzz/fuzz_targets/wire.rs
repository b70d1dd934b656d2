//! Whatever bytes come from an agent or a server: they are cut into frames and read, or refused, and what
//! was read can be said again.
#![no_main]

use blackstart_probe::wire::v1::{FromAgent, FromServer, Versions};
use blackstart_probe::wire::{Deframer, decode, encode};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Versions::of(bytes);
    if let Ok(Some(message)) = decode::<FromAgent>(bytes) {
        let _ = encode(&message);
    }
    if let Ok(Some(FromServer::Assign(assign))) = decode::<FromServer>(bytes) {
        for assignment in assign.checks {
            let _ = assignment.pace();
            let _ = blackstart_model::check::Question::try_from(assignment.question);
        }
    }
    let mut deframer = Deframer::new();
    deframer.trust();
    deframer.push(bytes);
    while let Ok(Some(_)) = deframer.take() {}
});
