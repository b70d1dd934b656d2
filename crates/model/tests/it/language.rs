//! What the language means, seen in the canonical text that it comes down to.

use crate::shown::shown;
use blackstart_model::plantfile::{parse, print};
use expect_test::{Expect, expect};

/// Holds what a plant comes down to, below its head, against what a person would expect.
fn check(files: &[&str], expected: Expect) {
    let files: Vec<_> = files
        .iter()
        .enumerate()
        .map(|(at, text)| (format!("{at}.yaml"), (*text).to_owned()))
        .collect();
    let (plant, findings) = parse(&files);
    let plant = plant.unwrap_or_else(|| panic!("{}", shown(&files[0].1, &findings)));
    let printed = print(&plant);
    let body = printed.strip_prefix("blackstart: 1\nname: plant\ntimezone: UTC\n");
    expected.assert_eq(body.expect("the head is the usual one"));
}

#[test]
fn a_range_takes_its_turn_with_its_component() {
    check(
        &["blackstart: 1\npdus: { \"p-{3..4}\": {} }\nservers:\n  \
             s-{09..10}: { power: \"p-{3..4}\", \
           address: \"192.0.2.{1..2}\" }\n"],
        expect![[r#"
            pdus:
              p-3: {}
              p-4: {}
            servers:
              s-09:
                power: p-3
                address: [192.0.2.1]
              s-10:
                power: p-4
                address: [192.0.2.2]
        "#]],
    );
}

#[test]
fn a_range_in_a_list_stands_for_all_its_names() {
    check(
        &["blackstart: 1\nservices: { \"s-{1..3}\": {} }\n\
             customers: { acme: { uses: [\"s-{1..3}\"] } }\n\
           vips: { v: { on: { any: [\"s-{1..2}\"] } } }\n\
           maintenance: { m: { off: \"s-{2..3}\", \
             from: 2020-01-01 00:00, to: 2020-01-02 00:00 } }\n"],
        expect![[r#"
            maintenance:
              m:
                off: [s-2, s-3]
                from: "2020-01-01 00:00"
                to: "2020-01-02 00:00"
            vips:
              v:
                on: { any: [s-1, s-2] }
            services:
              s-1: {}
              s-2: {}
              s-3: {}
            customers:
              acme:
                uses: [s-1, s-2, s-3]
        "#]],
    );
}

#[test]
fn a_components_own_field_replaces_the_default() {
    check(
        &["blackstart: 1\npdus: { a: {}, b: {} }\n\
             defaults: { servers: { power: a, draw: 1 kW } }\n\
           servers: { s: { power: b }, t: {} }\n"],
        expect![[r#"
            pdus:
              a: {}
              b: {}
            servers:
              s:
                power: b
                draw: 1000 W
              t:
                power: a
                draw: 1000 W
        "#]],
    );
}

#[test]
fn the_files_of_a_folder_make_one_plant() {
    check(
        &[
            "blackstart: 1\nservers: { a: { power: f } }\nvantages: { x: {} }\n",
            "feeds: { f: {} }\nservers: { b: { power: f } }\nvantages: { y: { at: a } }\n\
             maintenance: { m: { off: f, from: 2020-01-01 00:00, to: 2020-01-02 00:00 } }\n",
            "maintenance: { n: { off: a, from: 2020-01-01 00:00, to: 2020-01-02 00:00 } }\n",
            "",
        ],
        expect![[r#"
            vantages:
              x: {}
              y:
                at: a
            maintenance:
              m:
                off: [f]
                from: "2020-01-01 00:00"
                to: "2020-01-02 00:00"
              n:
                off: [a]
                from: "2020-01-01 00:00"
                to: "2020-01-02 00:00"
            feeds:
              f: {}
            servers:
              a:
                power: f
              b:
                power: f
        "#]],
    );
}

#[test]
fn what_stands_in_two_files_is_said_with_both_places() {
    let file = |text: &str| ("a.yaml".to_owned(), format!("blackstart: 1\nfeeds: {text}"));
    let window = "from: 2020-01-01 00:00, to: 2020-01-02 00:00";
    for (one, other) in [
        ("{ a: {} }\n".to_owned(), "{ a: {} }\n".to_owned()),
        ("{ a: {} }\nname: x\n".to_owned(), "{ b: {} }\nname: x\n".to_owned()),
        (
            "{ a: {} }\nvantages: { x: {} }\n".to_owned(),
            "{ b: {} }\nvantages: { x: {} }\n".to_owned(),
        ),
        (
            format!("{{ a: {{}} }}\nmaintenance: {{ m: {{ off: a, {window} }} }}\n"),
            format!("{{ b: {{}} }}\nmaintenance: {{ m: {{ off: b, {window} }} }}\n"),
        ),
    ] {
        let (plant, findings) = parse(&[file(&one), file(&other)]);
        assert!(plant.is_none());
        let [finding] = &findings[..] else { panic!("{findings:#?}") };
        assert_eq!(finding.labels[0].file, 1, "{finding:?}");
    }
}

#[test]
fn the_root_of_the_dns_can_be_asked_for_and_is_printed_so() {
    let text =
        "blackstart: 1\nservices: { names: { checks: [ { dns: 192.0.2.53, query: . NS } ] } }\n";
    let (plant, findings) = parse(&[("a.yaml".to_owned(), text.to_owned())]);
    let plant = plant.unwrap_or_else(|| panic!("{findings:#?}"));
    let printed = print(&plant);
    assert!(printed.contains(". NS"), "{printed}");
    let (again, _) = parse(&[("b.yaml".to_owned(), printed)]);
    assert_eq!(again.expect("printed").checks(), plant.checks());
}
