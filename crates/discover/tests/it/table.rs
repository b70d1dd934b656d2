//! Tables as people write them.

use crate::sources::{bare, plant};
use blackstart_discover::table::read;
use expect_test::expect;

#[test]
fn a_table_with_everything_is_a_plant() {
    let text = include_str!("../../../../examples/hosts.csv");
    let looked = plant(&[read(text, "hosts.csv").unwrap()]);
    expect![[r#"

        blackstart: 1

        sites:
          ams1: {}

        racks:
          A1: { in: ams1 }

        feeds:
          feed-a: { in: ams1 }
          feed-b: { in: ams1 }

        pdus:
          pdu-a:
            in: A1
            fed_by: feed-a
            address: 192.0.2.200
            checks:
              - { icmp: "192.0.2.200" }
          pdu-b:
            in: A1
            fed_by: feed-b
            address: 192.0.2.201
            checks:
              - { icmp: "192.0.2.201" }

        switches:
          switch-1:
            in: A1
            power: { any: [pdu-a, pdu-b] }
            network: transit-1
            address: 192.0.2.2
            draw: 80 W
            checks:
              - { icmp: "192.0.2.2" }
              - { ssh: "192.0.2.2:22" }

        upstreams:
          transit-1: {}

        hypervisors:
          kvm-1:
            in: A1
            power: { any: [pdu-a, pdu-b] }
            network: switch-1
            address: 192.0.2.10
            draw: 210 W..340 W
            checks:
              - { icmp: "192.0.2.10" }
              - { ssh: "192.0.2.10:22" }
          kvm-2:
            in: A1
            power: { any: [pdu-a, pdu-a] }
            network: switch-1
            address: 192.0.2.11
            draw: 210 W..340 W
            checks:
              - { icmp: "192.0.2.11" }
              - { ssh: "192.0.2.11:22" }

        vms:
          db-1:
            on: kvm-1
            address: 192.0.2.20
            checks:
              - { tcp: "192.0.2.20:5432" }
          web-1:
            on: kvm-2
            address: 192.0.2.30
            checks:
              - { tcp: "192.0.2.30:443" }

        websites:
          shop:
            on: web-1
            needs: db-1
            checks:
              - { https: "https://shop.example/" }

        customers:
          acme: { uses: shop }
    "#]]
    .assert_eq(&bare(&looked));
    expect![[r#"
        [
            "does transit-1 lead to the internet (`provides: internet`)?",
        ]
    "#]]
    .assert_debug_eq(&looked.questions);
}

#[test]
fn what_cannot_be_read_is_said_with_its_line_and_the_rest_counts() {
    let text = "\u{feff}Name;Kind;Colour;IP;Power;Draw;Checks;In\r\n\
        pdu-a;pdu;red;;;;;\r\n\
        \"web;1\";server;;192.0.2.300;pdu-a,pdu-b;12 furlongs;gopher;\r\n\
        ;;;;;;;\r\n\
        ;server;;;;;;\r\n\
        web-2;unicorn;;2001:db8::7/64;pdu-a or\u{20};;icmp;web-2\r\n\
        PDU-A;pdu;;;;;;\r\n";
    let looked = plant(&[read(text, "t.csv").unwrap()]);
    expect![[r#"
        [
            "what feeds these with power, and what stands behind that (`power`, `pdus`, `feeds`, `ups`): web-1",
            "t.csv: line 1: the column `Colour` has no meaning here, and is not read",
            "t.csv: line 3: `192.0.2.300` is no address",
            "t.csv: line 3: `power: pdu-a,pdu-b`: several names: say `a or b` where one is enough, `a and b` where all are needed",
            "t.csv: line 3: `draw: 12 furlongs`: `12 furlongs` is no quantity",
            "t.csv: line 3: `gopher` is no check: say `icmp`, `tcp:443`, `ssh`, a URL, or a check as in a plant; and an address",
            "t.csv: line 5: it has no name",
            "t.csv: line 6: `unicorn` is no kind that a plant knows",
            "t.csv: line 7: `PDU-A` has a line already, and the first counts",
            "what is web-2?",
            "what is pdu-a-or?",
        ]
    "#]].assert_debug_eq(&looked.questions);
    let text = bare(&looked);
    assert!(text.contains("web-1: {}") && text.contains("{ icmp: \"2001:db8::7\" }"), "{text}");
}

#[test]
fn rack_a1_of_one_site_is_not_rack_a1_of_the_next() {
    let rows = "name,kind,site,room,rack\na,server,ams1,hall 1,A1\nb,server,fra1,,A1\nc,server,ams1,hall 1,A1\n";
    let text = bare(&plant(&[read(rows, "t.csv").unwrap()]));
    assert!(text.contains("  A1: { in: hall-1 }\n  fra1.A1: { in: fra1 }"), "{text}");
    assert!(text.contains("  b: { in: fra1.A1 }\n  c: { in: A1 }"), "{text}");
}

#[test]
fn how_many_are_needed_is_said_and_never_guessed() {
    let rows = "name,kind,power,needs\n\
        a,server,p1 or p2,x and y\n\
        b,server,\"2 of p1, p2, p3\",\"x, y\"\n\
        c,server,\"p1, p2\",\n\
        d,server,p1 or p2 and p3,\n\
        e,server,\"9 of p1, p2\",\n\
        f,server,p1 or p1,\n";
    let looked = plant(&[read(rows, "t.csv").unwrap()]);
    let text = bare(&looked);
    assert!(
        text.contains("  a:\n    power: { any: [p1, p2] }\n")
            || text.contains("a: { power: { any: [p1, p2] }, needs: { all: [x, y] } }"),
        "{text}"
    );
    assert!(text.contains("{ at_least: 2, of: [p1, p2, p3] }"), "{text}");
    assert!(text.contains("  f: { power: { any: [p1, p1] } }"), "as it is plugged in: {text}");
    let doubts: Vec<_> =
        looked.questions.iter().filter(|it| it.starts_with("t.csv: line")).collect();
    assert_eq!(doubts.len(), 3, "{doubts:?}");
}

#[test]
fn what_is_no_table_is_refused() {
    for (text, why) in [
        ("", "it is empty"),
        ("a,b\n1,2\n", "its first line has no column `name`"),
        ("name,kind\nx,\"never closed\n", "a quote in line 2 is never closed"),
        ("name\n\n", "it has no line with a name"),
    ] {
        assert_eq!(read(text, "t.csv").unwrap_err().to_string(), why);
    }
}
