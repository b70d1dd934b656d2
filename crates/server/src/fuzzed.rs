//! The readers of what comes from outside that have no door of their own, for `fuzz/`. Not in what is released.
//!
//! Each takes any bytes, reads them, and holds to what must be so of whatever was read. Its seeds are read by a plain
//! test here.

use blackstart_model::plantfile;
use std::sync::LazyLock;

pub use crate::http::{fuzzed_probe as probe, fuzzed_push as push};
pub use crate::remote_write::fuzzed as remote_write;

/// Whatever an Alertmanager says: each of its alerts means something, means nothing, or is none.
pub fn alertmanager(bytes: &[u8]) {
    const PLANT: &str = "\
blackstart: 1
services:
  shop: { checks: [ { http: \"http://shop.example/\" }, { http: \"http://192.0.2.7:8080/\", name: again } ] }
  mail: { checks: [ { smtp: 192.0.2.7 } ] }
";
    static READ: LazyLock<std::sync::Arc<blackstart_model::Plant>> =
        LazyLock::new(|| plantfile::parse_str(PLANT).0.expect("a plant file"));
    let Ok(body) = serde_json::from_slice::<serde_json::Value>(bytes) else { return };
    let alerts = body.as_array().or_else(|| body.get("alerts")?.as_array()).map_or(1, Vec::len);
    let read = crate::alertmanager::read(&body, &READ);
    assert_eq!(read.alerts.len() + read.unmatched.len() + read.mistakes.len(), alerts);
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    type Reader = fn(&[u8]);

    #[test]
    fn the_seeds_of_the_fuzzer_are_read_or_refused() {
        let readers: [(&str, Reader); 4] = [
            ("alertmanager", super::alertmanager),
            ("probe", super::probe),
            ("push", super::push),
            ("remote_write", super::remote_write),
        ];
        for (name, read) in readers {
            let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(name);
            for seed in std::fs::read_dir(seeds).expect("a folder of seeds") {
                read(&std::fs::read(seed.expect("a seed").path()).expect("it can be read"));
            }
        }
    }
}
