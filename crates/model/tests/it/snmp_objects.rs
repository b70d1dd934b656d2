//! The table of objects that go by a name, as `docs/checks/snmp.md` tells it: made from the dictionary itself.

use crate::shown::path;
use blackstart_model::check::OBJECTS;
use std::fmt::Write as _;

#[test]
fn the_page_tells_every_object_with_its_unit_and_its_words() {
    let mut table = "| name | identifier | its number | |\n|---|---|---|---|\n".to_owned();
    for object in OBJECTS {
        let digits: Vec<String> = object.oid.iter().map(u32::to_string).collect();
        let states: Vec<String> =
            object.states.iter().map(|(number, word)| format!("`{word}` {number}")).collect();
        let number = match (&states[..], object.unit.as_str()) {
            ([], "") => "a text".to_owned(),
            ([], unit) => format!("{} {unit}", object.scale),
            (states, _) => states.join(", "),
        };
        let (name, oid, about) = (object.name, digits.join("."), object.about);
        writeln!(table, "| `{name}` | {oid} | {number} | {about} |").unwrap();
    }
    let page = std::fs::read_to_string(path("docs/checks/snmp.md")).expect("the page");
    assert!(page.contains(&table), "docs/checks/snmp.md should have:\n{table}");
}
