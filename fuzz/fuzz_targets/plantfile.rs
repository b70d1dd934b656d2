//! Whatever the text of a plant file, reading it ends, in a plant or in errors; and a plant that is
//! printed is read again as it was.
#![no_main]

use blackstart_model::finding::Severity;
use blackstart_model::plantfile::{parse_str, print};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (plant, findings) = parse_str(text);
    let refused = findings.iter().any(|finding| finding.severity == Severity::Error);
    assert_eq!(plant.is_none(), refused);
    for label in findings.iter().flat_map(|finding| &finding.labels) {
        assert!(text.get(label.bytes.clone()).is_some(), "a label lies in the text");
    }
    // Ranges make plants that take long to print and to read again; they are not what is sought
    // here.
    const PRINTED_MAX: usize = 1_000;
    if let Some(plant) = plant.filter(|plant| plant.components().len() <= PRINTED_MAX) {
        let printed = print(&plant);
        let (again, findings) = parse_str(&printed);
        let again = again.unwrap_or_else(|| panic!("{findings:?}\n{printed}"));
        assert_eq!(printed, print(&again));
    }
});
