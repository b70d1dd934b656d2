//! Whatever the text of an Open-PSA file, reading it ends, in a model or in errors; and a model that is
//! printed is read again as the same.
#![no_main]

use blackstart_model::finding::Severity;
use blackstart_model::mef::{parse, print};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (model, findings) = parse(text);
    let refused = findings.iter().any(|finding| finding.severity == Severity::Error);
    assert_eq!(model.is_none(), refused);
    for label in findings.iter().flat_map(|finding| &finding.labels) {
        assert!(text.get(label.bytes.clone()).is_some(), "a label lies in the text");
    }
    if let Some(model) = model {
        let printed = print(&model);
        let (again, findings) = parse(&printed);
        let again = again.unwrap_or_else(|| panic!("{findings:?}\n{printed}"));
        assert_eq!(again.gates.len(), model.gates.len());
    }
});
