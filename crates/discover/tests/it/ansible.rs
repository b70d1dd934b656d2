//! Inventories in the three forms that Ansible knows.

use crate::sources::{bare, plant};
use blackstart_discover::ansible::read;
use expect_test::expect;

const INI: &str = "jump.example.net ansible_port=2222\n\
    localhost ansible_connection=local\n\
    \n\
    [web]  # a comment\n\
    web-[01:02].ams1.example.net rack=A1 switch=sw-1\n\
    db-1 ansible_host=192.0.2.20 become_pass='hunter2 #1'\n\
    \n\
    [hypervisors]\n\
    kvm-1:2200 ansible_host=192.0.2.30 pdus=\"['pdu-a','pdu-b']\" blackstart_power='pdu-a or pdu-b'\n\
    \n\
    [switches]\n\
    sw-1 ansible_network_os=ios ansible_host=192.0.2.2\n\
    [ams1:children]\n\
    web\n\
    hypervisors\n\
    [ams1:vars]\n\
    site=ams1\n\
    rack={{ lookup('env', 'RACK') }}\n\
    vault_password=abc\n";

#[test]
fn an_inventory_is_a_plant_and_its_other_variables_go_nowhere() {
    let report = read(INI, "hosts.ini").unwrap();
    let looked = plant(std::slice::from_ref(&report));
    expect![[r#"

        blackstart: 1

        sites:
          ams1: {}

        racks:
          A1: { in: ams1 }

        servers:
          db-1:
            in: ams1
            address: 192.0.2.20
          jump.example.net: {}
          web-01.ams1.example.net:
            in: A1
            network: sw-1
          web-02.ams1.example.net:
            in: A1
            network: sw-1

        switches:
          sw-1:
            address: 192.0.2.2

        hypervisors:
          kvm-1:
            in: ams1
            power: { any: [pdu-a, pdu-b] }
            address: 192.0.2.30

        components:
          pdu-a: {}
          pdu-b: {}
    "#]]
    .assert_eq(&bare(&looked));
    expect![[r#"
        [
            "hosts.ini: which of 4 hosts are virtual, and on what do they run: an inventory calls all of them hosts (a group `hypervisors`, the variables `hypervisor` or `blackstart_kind` say it)",
            "what feeds these with power, and what stands behind that (`power`, `pdus`, `feeds`, `ups`): db-1, jump.example.net, sw-1, web-01.ams1.example.net, web-02.ams1.example.net",
            "6 checks that would fit stand beside their components: nothing was asked from here",
            "hosts.ini: line 6: `rack` is a template, which only Ansible can fill in",
            "hosts.ini: line 9: `rack` is a template, which only Ansible can fill in",
            "hosts.ini: line 9: `power: pdu-a, pdu-b`: several names: say `a or b` where one is enough, `a and b` where all are needed",
            "what is pdu-a?",
            "what is pdu-b?",
        ]
    "#]].assert_debug_eq(&looked.questions);
    let all = format!("{report:?}{looked:?}");
    assert!(!all.contains("hunter2") && !all.contains("abc\""), "{all}");
}

/// What Ansible 2.14 makes of an inventory in INI, by `ansible-inventory --list` and `--list --yaml`.
#[test]
fn the_three_forms_of_one_inventory_are_one_plant() {
    let ini = include_str!("../recorded/ansible/hosts.ini");
    let of = |text: &str| bare(&plant(&[read(text, "hosts").unwrap()]));
    assert_eq!(of(include_str!("../recorded/ansible/list.json")), of(ini));
    assert_eq!(of(include_str!("../recorded/ansible/list.yaml")), of(ini));
}

#[test]
fn what_is_no_inventory_is_refused() {
    for (text, why) in [
        ("", "there is no host in it"),
        ("{ \"all\": ", "it is no inventory in JSON: EOF while parsing a value at line 1 column 9"),
        ("[]", "there is no host in it"),
        ("- 1\n- 2\n", "there is no host in it"),
        ("[web:hats]\n", "line 1: a heading `[…:hats]` has no meaning in an inventory"),
        (
            "all:\n  vars:\n    x: !vault |\n      $ANSIBLE\n",
            "it is no inventory in plain YAML (line 3: an anchor or tag is not part of the plant language); `ansible-inventory --list` writes one that can be read",
        ),
    ] {
        assert_eq!(read(text, "x").unwrap_err().to_string(), why);
    }
}

#[test]
fn groups_that_contain_each_other_and_ranges_without_end_are_no_trouble() {
    let text = "[a:children]\nb\n[b:children]\na\n[b]\nx\ny[1:99999999999]\nz[1:9\nw[1:1000][1:1000]\n[b:vars]\nrack=R1\n";
    let looked = plant(&[read(text, "x").unwrap()]);
    assert!(bare(&looked).contains("  x:\n    in: R1\n"), "{}", looked.plant);
    let doubts: Vec<_> = looked.questions.iter().filter(|it| it.starts_with("x: line")).collect();
    assert_eq!(doubts.len(), 3, "{doubts:?}");
}

#[test]
fn what_there_is_more_of_than_is_taken_in_is_said() {
    let groups: String = (0..=20_000).map(|at| format!("[g{at}]\n")).collect();
    let report = read(&format!("web-1\n{groups}db-1\n"), "x").unwrap();
    assert_eq!(report.doubts, ["x: only 20000 groups are taken in"]);
    assert_eq!(report.things.len(), 2);
}
