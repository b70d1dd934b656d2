//! The readers of what is stored, for `fuzz/`: a file may be damaged, or written by somebody else. Not in what is
//! released.
//!
//! Each takes any bytes, reads them, and holds to what must be so of whatever was read. Its seeds are read by a plain
//! test here.

use crate::v1;
use blackstart_model::sample::{Rollup, shares};

pub use crate::samples::fuzzed as rollups;

/// Whatever stands in a row of the journal, its kind in the first line: what is read is written and read as the same.
pub fn records(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (kind, body) = text.split_once('\n').unwrap_or((text, ""));
    let plant = |_| Ok("blackstart: 1\n".to_owned());
    let Ok(record) = v1::decode(kind, body, &plant) else { return };
    let (kind, body) = v1::as_json(&record);
    let again = v1::decode(kind, &body, &plant).unwrap_or_else(|why| panic!("{why}\n{body}"));
    // Not the records, for no number is itself that is none.
    assert_eq!(v1::as_json(&again), (kind, body));
}

/// What pages and exports do with rollups.
pub(crate) fn told(rollups: &[Rollup]) {
    let mut all = Rollup::default();
    for rollup in rollups {
        all.merge(rollup);
        let _ = all.times.permille_us(990);
        let _ = all.times.mean_us();
    }
    for shares in shares(rollups.iter().map(|rollup| (60_000, rollup))) {
        assert!((shares.whole() - 60_000.0).abs() < 1.0, "{shares:?}");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    type Reader = fn(&[u8]);

    #[test]
    fn the_seeds_of_the_fuzzer_are_read_or_refused() {
        let readers: [(&str, Reader); 2] =
            [("records", super::records), ("rollups", super::rollups)];
        for (name, read) in readers {
            let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(name);
            for seed in std::fs::read_dir(seeds).expect("a folder of seeds") {
                read(&std::fs::read(seed.expect("a seed").path()).expect("it can be read"));
            }
        }
    }
}
