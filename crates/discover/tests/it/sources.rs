//! Several sources at once, and what every result of them has to be.

use blackstart_discover::seen::Report;
use blackstart_discover::{Looked, Plant, ansible, table};
use blackstart_model::finding::Severity;
use blackstart_model::plantfile;
use std::fmt::Write as _;

/// The plant of these reports, which the checker takes, and which is the same each time.
pub(crate) fn plant(reports: &[Report]) -> Looked {
    let looked = Plant::of(reports).unasked();
    let (plant, findings) = plantfile::parse_str(&looked.plant);
    let errors: Vec<_> = findings.iter().filter(|it| it.severity == Severity::Error).collect();
    let plant = plant.unwrap_or_else(|| panic!("{errors:#?}\n{}", looked.plant));
    let printed = plantfile::print(&plant);
    let (again, _) = plantfile::parse_str(&printed);
    assert_eq!(plantfile::print(&again.expect("what is printed is a plant")), printed);
    assert_eq!(Plant::of(reports).unasked(), looked);
    looked
}

/// A plant without what stands in its comments.
pub(crate) fn bare(looked: &Looked) -> String {
    let mut text = String::new();
    for line in looked.plant.lines() {
        if !line.trim_start().starts_with('#') {
            let line = line.split_once("  #").map_or(line, |(line, _)| line);
            writeln!(text, "{line}").expect("a String");
        }
    }
    text
}

#[test]
fn one_name_is_one_thing_and_what_two_say_of_it_is_told() {
    let rows = "name;kind;address;rack\nweb-1;vm;192.0.2.51;\nkvm-1;router;;B7\n";
    let inventory = "[kvm_hypervisors]\nkvm-1 site=ams1\n[web]\nweb-1.example.net rack=A1\n";
    let (table, inventory) =
        (table::read(rows, "two.csv").unwrap(), ansible::read(inventory, "hosts.ini").unwrap());
    let looked = plant(&[table.clone(), inventory.clone()]);
    let text = bare(&looked);
    assert!(
        text.contains("vms:\n  web-1: { in: A1, address: 192.0.2.51 }")
            || text.contains("    in: A1"),
        "{text}"
    );
    assert!(!text.contains("web-1.example.net"), "the short name is the long one: {text}");
    let words: Vec<String> = looked.conflicts.iter().map(|it| it.words()).collect();
    assert_eq!(
        words,
        [
            "kvm-1: `kind` is router (two.csv: line 3), or hypervisor (hosts.ini: line 2); the first is written"
        ],
        "a site is no other place than a rack"
    );
    let other_way = plant(&[inventory, table]);
    assert!(bare(&other_way).contains("hypervisors:\n  kvm-1:"), "the first named counts");
}

#[test]
fn one_address_is_one_thing_unless_a_source_tells_two_apart() {
    let first =
        table::read("name,address\nold-name,192.0.2.7\nother,192.0.2.8\n", "a.csv").unwrap();
    let second =
        table::read("name,address\nnew-name,192.0.2.7\nother,192.0.2.7\n", "b.csv").unwrap();
    let looked = plant(&[first, second]);
    let words: Vec<String> = looked.conflicts.iter().map(|it| it.words()).collect();
    assert_eq!(
        words,
        [
            "192.0.2.7 is the address of old-name (a.csv: line 2), or other (b.csv: line 3): they are kept apart"
        ]
    );
    assert!(looked.plant.contains("b.csv: line 2 calls it new-name"), "{}", looked.plant);
}

#[test]
fn a_machine_and_a_service_of_one_name_are_two() {
    let rows = "name,kind,on\nmail,vm,\nmail-service,service,mail\n";
    let first = table::read(rows, "a.csv").unwrap();
    let second = table::read("name,kind\nmail,service\n", "b.csv").unwrap();
    let text = bare(&plant(&[first, second]));
    assert!(text.contains("vms:\n  vm-mail: {}") && text.contains("  service-mail: {}"), "{text}");
}
