//! Whatever somebody wrote down of an outage: each line is taken, fits nothing, or is a mistake with its number. The
//! reader stands in a binary, so it is compiled in here.
#![no_main]
#![allow(dead_code, unused_imports, reason = "its other users stay where they are")]

use blackstart_model::plantfile;
use libfuzzer_sys::fuzz_target;
use std::sync::{Arc, LazyLock};

#[path = "../../crates/cli/src/named.rs"]
mod named;
#[path = "../../crates/cli/src/diagnose"]
mod diagnose {
    pub mod observations;
}

const PLANT: &str = "\
blackstart: 1
vantages: { ams1: { agent: probe-ams } }
services: { shop: { checks: [ { http: \"http://shop.example/\", from: [here, ams1] } ] } }
";

static READ: LazyLock<Arc<blackstart_model::Plant>> =
    LazyLock::new(|| plantfile::parse_str(PLANT).0.expect("a plant file"));

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let reading = diagnose::observations::read(text, &READ);
    assert!(reading.said.is_sorted_by_key(|said| said.at));
    let lines = text.lines().count().max(1);
    for (line, words) in &reading.mistakes {
        assert!(*line <= lines && words.len() < 128 << 10, "{line}: {words}");
    }
    assert!(reading.unmatched.iter().all(|unmatched| (1..=lines).contains(&unmatched.line)));
});
