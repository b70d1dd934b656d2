//! Whatever bytes are given as a dump of NetBox: they are read or refused, and the plant made of them is one
//! that the checker takes.
#![no_main]

use blackstart_model::netbox::{Layout, import};
use blackstart_server::netbox::dump;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(facts) = dump::read(bytes) else { return };
    let made = import(&facts, Layout::OneFile);
    let errors: Vec<_> = made.errors().collect();
    assert!(errors.is_empty(), "{errors:?}\n{}", made.files[0].1);
    assert_eq!(made.files, import(&facts, Layout::OneFile).files);
});
