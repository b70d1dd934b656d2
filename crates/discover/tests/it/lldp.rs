//! What lldpd 1.0.16 wrote, in three network namespaces: `host-b` is a switch, and `host-a` hangs on it and sees
//! `host-c` by a cable of their own.

use crate::sources::{bare, plant};
use blackstart_discover::lldp::read;
use blackstart_discover::{ansible, table};
use expect_test::expect_file;

const A: &str = include_str!("../recorded/lldp/host-a.json");
const B: &str = include_str!("../recorded/lldp/host-b.json");
const C: &str = include_str!("../recorded/lldp/host-c.json");
const C_JSON0: &str = include_str!("../recorded/lldp/host-c.json0");

#[test]
fn a_machine_hangs_on_the_switch_that_it_sees() {
    let looked = plant(&[read(A, "a.json", None).unwrap()]);
    expect_file!["../recorded/lldp/plant.yaml"].assert_eq(&looked.plant);
}

#[test]
fn a_wire_that_both_ends_see_is_one_whoever_is_read_first() {
    let reports = [
        read(A, "a.json", None).unwrap(),
        read(B, "b.json", None).unwrap(),
        read(C, "c.json", None).unwrap(),
    ];
    let one = plant(&reports);
    let (a, b, c) = (reports[0].clone(), reports[1].clone(), reports[2].clone());
    let other = plant(&[c, b, a]);
    assert_eq!(bare(&one), bare(&other));
    assert!(one.conflicts.is_empty(), "{:?}", one.conflicts);
    let asks = |it: &&String| it.contains("neither is a switch");
    assert_eq!(one.questions.iter().filter(asks).count(), 1, "{:?}", one.questions);
}

#[test]
fn both_forms_of_lldpcli_say_the_same() {
    let neighbours = C.split_once("\n{\n  \"lldp\"").expect("two documents").1;
    let json = read(&format!("{{\n  \"lldp\"{neighbours}"), "c", Some("host-c")).unwrap();
    assert_eq!(read(C_JSON0, "c", Some("host-c")).unwrap(), json);
}

#[test]
fn whose_neighbours_they_are_must_be_said() {
    let error = read(C_JSON0, "c", None).unwrap_err().to_string();
    assert!(error.contains("`lldp@NAME=FILE`"), "{error}");
    for text in ["", "{}", "[1, 2]", "{\"lldp\":", "null null"] {
        assert!(read(text, "c", Some("c")).is_err(), "{text}");
    }
}

#[test]
fn two_switches_are_joined_and_which_is_nearer_to_the_way_out_is_asked() {
    let text = A.replace("Debian GNU/Linux", "Other-OS").replace(" Linux 6", " 6");
    // Both ends of the second cable forward packets now.
    let text = text.replacen("\"enabled\": false", "\"enabled\": true", 100);
    let looked = plant(&[read(&text, "a.json", None).unwrap()]);
    let text = bare(&looked);
    assert!(
        text.contains("links:\n  host-a-host-b:") && text.contains("between: [host-a, host-b]"),
        "{text}"
    );
    assert!(looked.questions.iter().any(|it| it.contains("nearer to the way out")));
}

#[test]
fn what_somebody_says_goes_before_what_a_wire_shows() {
    let said = table::read("name,kind,switch\nhost-a,hypervisor,sw-9\n", "t.csv").unwrap();
    let looked = plant(&[read(A, "a.json", None).unwrap(), said]);
    let words: Vec<String> = looked.conflicts.iter().map(|it| it.words()).collect();
    assert_eq!(
        words,
        [
            "host-a: `network` is sw-9 (t.csv: line 2), or host-b (a.json: va to vb); the first is written"
        ]
    );
    assert!(
        bare(&looked).contains("hypervisors:\n  host-a:\n    network: sw-9\n"),
        "{}",
        looked.plant
    );
}

#[test]
fn a_machine_with_bridges_is_no_switch_until_somebody_says_so() {
    let text = A.replace("Example-OS-7", "Debian GNU/Linux 12");
    let alone = plant(&[read(&text, "a.json", None).unwrap()]);
    assert!(alone.questions.iter().any(|it| it.contains("or a machine with guests?")));
    let said = ansible::read("[hypervisors]\nhost-b\n", "hosts").unwrap();
    let looked = plant(&[read(&text, "a.json", None).unwrap(), said]);
    assert!(!bare(&looked).contains("network:"), "nobody hangs on a machine: {}", looked.plant);
}
