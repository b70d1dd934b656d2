//! The readers of what comes from outside that have no door of their own, for `fuzz/`. Not in what is released.
//!
//! Each takes any bytes, reads them, and holds to what must be so of whatever was read. The seeds of `fuzz/` are read
//! by a plain test here.

mod dialogue;

pub use self::dialogue::dialogue;
pub use crate::dns::fuzzed as dns;
pub use crate::ntp::fuzzed as ntp;
pub use crate::plugin::fuzzed as plugin;
pub use crate::snmp::fuzzed as snmp;

#[cfg(test)]
mod tests {
    use std::path::Path;

    type Reader = fn(&[u8]);

    #[test]
    fn the_seeds_of_the_fuzzer_are_read_or_refused() {
        let readers: [(&str, Reader); 5] = [
            ("dialogue", super::dialogue),
            ("dns", super::dns),
            ("ntp", super::ntp),
            ("plugin", super::plugin),
            ("snmp", super::snmp),
        ];
        for (name, read) in readers {
            let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(name);
            for seed in std::fs::read_dir(seeds).expect("a folder of seeds") {
                read(&std::fs::read(seed.expect("a seed").path()).expect("it can be read"));
            }
        }
    }
}
