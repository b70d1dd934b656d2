//! Whatever the text, the answer is findings: no panic, no endless reading, nothing half loaded.
//!
//! How long something takes is not asserted; what is written here to be large would not end in a
//! person's lifetime if it were read in a foolish way.

use crate::shown::path;
use blackstart_model::finding::{Finding, Severity};
use blackstart_model::plantfile::{FINDINGS, parse, parse_str};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A good plant with something of everything, to be spoilt.
const GOOD: &str = include_str!("good.yaml");

/// Reads a text and holds the answer to what every answer keeps.
fn read(text: &str) -> (bool, Vec<Finding>) {
    let (plant, findings) = parse_str(text);
    let refused = findings.iter().any(|finding| finding.severity == Severity::Error);
    assert_eq!(plant.is_none(), refused, "a plant exactly when nothing is an error: {findings:#?}");
    for finding in &findings {
        assert!(FINDINGS.iter().any(|code| code.id == finding.code), "{finding:?}");
        assert!(finding.message.len() < 2_000, "a message fits a screen: {finding:?}");
        let help = finding.help.as_deref().unwrap_or_default();
        assert!(help.len() < 4_000, "so does its help: {finding:?}");
        for label in &finding.labels {
            assert!(
                text.get(label.bytes.clone()).is_some(),
                "a label lies in the text: {finding:?}"
            );
        }
    }
    (plant.is_some(), findings)
}

fn refused_with(text: &str, code: &str) {
    let (_, findings) = read(text);
    let codes: BTreeSet<_> = findings.iter().map(|finding| finding.code).collect();
    assert!(codes.contains(code), "{code} is not among {codes:?}");
}

/// A plant file with this in its body.
fn with(body: &str) -> String {
    format!("blackstart: 1\n{body}")
}

#[test]
fn a_good_plant_is_good() {
    let (there, findings) = read(GOOD);
    assert!(there, "{findings:#?}");
    assert!(findings.is_empty(), "{findings:#?}");
}

#[test]
fn a_hundred_megabytes_of_one_thing() {
    for (piece, code) in [("[", "BS0102"), ("{", "BS0102"), ("- ", "BS0102"), ("? ", "BS0102")] {
        refused_with(&piece.repeat(100_000_000 / piece.len()), code);
    }
    refused_with(&" ".repeat(10_000_000), "BS0108");
    refused_with(&"\n".repeat(300_000_000), "BS0102");
}

#[test]
fn much_of_one_thing() {
    for piece in [
        "[", "]", "{", "}", "- ", "? ", ": ", ":", ",", "a: ", "a: {", "[a, ", "{a: ", "\"", "'",
        "|\n ", ">\n", "&a ", "*a ", "!!", "%", "#", "\t", "\r", "\r\n", "---\n", "...\n", "\\",
        "\u{85}", "é", "\u{feff}", "[],", "{},", "a,", "\"\\", "- - ", "?\n", "@", "`",
    ] {
        read(&piece.repeat(20_000));
        read(&with(&piece.repeat(20_000)));
        read(&with(&format!("servers: {{ a: {}", piece.repeat(20_000))));
    }
}

#[test]
fn an_alias_bomb_does_not_go_off() {
    let mut bomb =
        "blackstart: 1\na: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for (last, next) in ('a'..='y').zip('b'..='z') {
        bomb += &format!("{next}: &{next} [{}]\n", vec![format!("*{last}"); 9].join(", "));
    }
    refused_with(&bomb, "BS0109");
    refused_with("&a [*a]", "BS0109");
}

#[test]
fn a_range_bomb_does_not_go_off() {
    let needs = |many: usize| (0..many).map(|nth| format!("x{nth}, ")).collect::<String>();
    let text = format!("servers:\n  x{{0..99999}}: {{ to_start: [{}] }}\n", needs(1_000));
    refused_with(&with(&text), "BS0102");
    let text = format!(
        "defaults: {{ servers: {{ to_start: [{}] }} }}\nservers:\n  x{{0..99999}}: {{}}\n",
        needs(1_000)
    );
    refused_with(&with(&text), "BS0102");
    let text = format!("servers:\n  x{{0..99999}}: {{ location: {} }}\n", "a".repeat(1_000_000));
    refused_with(&with(&text), "BS0102");
    // Names that all collide are made no more often than those that do not.
    let text = format!("servers:\n{}", "  é{0..99999}: {}\n".repeat(10_000));
    refused_with(&with(&text), "BS0103");
    // As wide as the number is written.
    let zeros = "0".repeat(400);
    refused_with(&with(&format!("servers:\n  x{{{zeros}0..{zeros}9}}: {{}}\n")), "BS0204");
    refused_with(&with("servers:\n  x{0..18446744073709551615}: {}\n"), "BS0204");
    refused_with(&with("servers:\n  x{0..99999999999999999999}: {}\n"), "BS0204");
}

#[test]
fn what_is_compared_with_each_other_is_bounded() {
    let many = 50_000;
    let any = with(&format!(
        "pdus: {{ p: {{}} }}\nservers: {{ a: {{ power: {{ any: [{}] }} }} }}\n",
        "p, ".repeat(many)
    ));
    refused_with(&any, "BS0404");
    let dangling: String =
        (0..many).map(|nth| format!("  s{nth}: {{ power: t{nth} }}\n")).collect();
    refused_with(&with(&format!("servers:\n{dangling}")), "BS0201");
    let keys: String = (0..many).map(|nth| format!("k{nth}: 1, ")).collect();
    refused_with(&with(&format!("servers: {{ a: {{ {keys} }} }}\n")), "BS0106");
    let planes: String = (0..many).map(|nth| format!("k{nth}: s, ")).collect();
    let planes =
        format!("switches: {{ s: {{}} }}\nservers: {{ a: {{ network: {{ {planes} }} }} }}\n");
    refused_with(&with(&planes), "BS0102");
    let checks = "{ tcp: \"192.0.2.1:1\" }, ".repeat(many);
    refused_with(&with(&format!("services: {{ a: {{ checks: [{checks}] }} }}\n")), "BS0102");
    let segments: String = (0..many).map(|nth| format!("v{nth}, ")).collect();
    refused_with(&with(&format!("switches: {{ s: {{ segments: [{segments}] }} }}\n")), "BS0102");
    let segments: String = (0..4_000).map(|nth| format!("v{nth}, ")).collect();
    let segments =
        format!("switches: {{ s: {{ segments: [{segments}] }}, t: {{ network: s/other }} }}\n");
    refused_with(&with(&segments), "BS0206");
    let vantages: String = (0..many).map(|nth| format!("v{nth}: {{}}, ")).collect();
    refused_with(&with(&format!("vantages: {{ {vantages} }}\n")), "BS0102");
    // A long chain in which each also needs the first.
    let chain: String = (0..many)
        .map(|nth| format!("  s{nth}: {{ needs: [s0, s{}] }}\n", (nth + 1) % many))
        .collect();
    refused_with(&with(&format!("services:\n{chain}")), "BS0401");
}

#[test]
fn a_mistake_in_a_range_is_said_once() {
    let (_, findings) = read(&with("servers:\n  s-{1..500}: { powr: pdu-a }\n"));
    assert_eq!(findings.len(), 1, "{findings:#?}");
}

#[test]
fn notes_do_not_crowd_out_errors() {
    let (_, findings) =
        read(&with("services:\n  a: { checks: [ { tcp: \"192.0.2.1:1\" } ] }\n  s-{1..500}: {}\n"));
    assert!(findings.iter().all(|finding| finding.severity == Severity::Note), "{findings:#?}");
}

#[test]
fn requirements_that_say_half() {
    for (requirement, code) in [
        ("{ at_least: 2 }", "BS0107"),
        ("{ of: [a, b] }", "BS0105"),
        ("{ any: [a], all: [b] }", "BS0105"),
        ("{ any: [a], over: front }", "BS0106"),
        ("{ use: a, by: person }", "BS0106"),
        ("{ use: a, over: storge }", "BS0201"),
        ("{ at_least: -1, of: [a] }", "BS0308"),
        ("{ at_least: 4294967297, of: [a] }", "BS0308"),
        ("{ standby: a, takes: 99999999999 weeks }", "BS0301"),
        ("{ any: }", "BS0403"),
        ("{}", "BS0105"),
        ("~", "BS0403"),
        ("[[], a]", "BS0403"),
        ("a/b", "BS0206"),
        ("a/", "BS0206"),
        ("/", "BS0201"),
        ("self", "BS0401"),
    ] {
        let text = format!(
            "services:\n  a: {{ to_start: self }}\n  b: {{}}\n  self: {{ needs: {requirement} }}\n"
        );
        refused_with(&with(&text), code);
    }
    refused_with(
        &with("switches: { s: {} }\nservers: { a: { network: { anny: s } } }\n"),
        "BS0106",
    );
    refused_with(&with("feeds: { f: { fed_by: internet } }\n"), "BS0205");
}

#[test]
fn questions_to_databases_that_say_half() {
    for (fields, code) in [
        ("password: { secret: c }", "BS0107"),
        ("query: select 1", "BS0107"),
        ("role: primary", "BS0107"),
        ("user: b, password: hunter2", "BS0309"),
        ("password: hunter2", "BS0309"),
        ("user: b, answer: { is: 1 }", "BS0107"),
        ("user: b, query: select 1, answer: {}", "BS0403"),
        ("user: b, query: select 1, answer: { is_not: 1 }", "BS0106"),
        ("user: b, query: select 1, answer: { at_least: many }", "BS0301"),
        ("user: b, query: select 1, answer: { at_least: inf }", "BS0301"),
        ("user: b, query: select 1, answer: { at_least: 2, at_most: 1 }", "BS0311"),
        ("user: b, query: \" \"", "BS0403"),
        ("user: b, query: \"a\\0b\"", "BS0311"),
        ("user: b, role: master", "BS0310"),
        ("tls: sometimes", "BS0310"),
        ("tls: required, roots: /etc/ours.pem", "BS0107"),
        ("expires_within: 3 d", "BS0107"),
    ] {
        for kind in ["postgres", "mariadb"] {
            let check = format!("services: {{ s: {{ checks: {{ {kind}: a, {fields} }} }} }}\n");
            refused_with(&with(&check), code);
        }
    }
    let long = "x".repeat(9_000);
    let check =
        format!("services: {{ s: {{ checks: {{ mariadb: a, user: b, query: {long} }} }} }}\n");
    refused_with(&with(&check), "BS0311");
}

#[test]
fn questions_to_devices_clocks_and_plugins_that_say_half() {
    for (question, code) in [
        ("snmp: a, get: sysName.0", "BS0107"),
        ("snmp: a, community: { secret: c }", "BS0107"),
        ("snmp: a, community: public, get: sysName.0", "BS0309"),
        ("snmp: a, community: { secret: c }, user: u, get: sysName.0", "BS0105"),
        (
            "snmp: a, community: { secret: c }, auth: { sha1: { secret: p } }, get: sysName.0",
            "BS0105",
        ),
        ("snmp: a, community: { secret: c }, get: []", "BS0403"),
        ("snmp: a, user: u, privacy: { aes128: { secret: p } }, get: sysName.0", "BS0107"),
        ("snmp: a, user: u, auth: { md5: { secret: p } }, get: sysName.0", "BS0106"),
        ("snmp: a, user: u, auth: { sha256: hunter2 }, get: sysName.0", "BS0309"),
        (
            "snmp: a, user: u, auth: { sha256: { secret: p } }, privacy: { des: { secret: p } }, get: sysName.0",
            "BS0107",
        ),
        ("snmp: a, user: \"\", get: sysName.0", "BS0203"),
        ("snmp: a, user: u, get: sysNme.0", "BS0310"),
        ("snmp: a, user: u, get: ifOperStatus", "BS0310"),
        ("snmp: a, user: u, get: ifOperStatus.x", "BS0310"),
        ("snmp: a, user: u, get: 9.9.9", "BS0310"),
        ("snmp: a, user: u, get: 1.3.6.4294967296", "BS0310"),
        ("snmp: a, user: u, get: [sysName.0, sysName.0]", "BS0202"),
        ("snmp: a, user: u, get: { oid: ifOperStatus.3, is: upp }", "BS0310"),
        ("snmp: a, user: u, get: { oid: ifOperStatus.3, is: [] }", "BS0403"),
        ("snmp: a, user: u, get: { oid: ifInErrors.3, at_most: few }", "BS0301"),
        ("snmp: a, user: u, get: { oid: ifInErrors.3, at_least: 2, at_most: 1 }", "BS0311"),
        ("snmp: a, user: u, get: { oid: ifInErrors.3, scale: 0 }", "BS0311"),
        ("snmp: a, user: u, get: { oid: ifInErrors.3, unit: furlong }", "BS0310"),
        ("ntp: a, offset_max: 0 s", "BS0311"),
        ("ntp: a, stratum_max: 16", "BS0311"),
        ("talk: \"a:1\", steps: { expect_bytes: \"\" }", "BS0311"),
        ("talk: \"a:1\", steps: { send_bytes: { hex: \"\" } }", "BS0311"),
        ("talk: \"a:1\", steps: { send_bytes: { hex: 0 } }", "BS0105"),
        ("talk: \"a:1\", steps: { send_bytes: { hex: 0x00 } }", "BS0105"),
        ("talk: \"a:1\", steps: { send_bytes: {} }", "BS0107"),
        ("talk: \"a:1\", steps: { send_bytes: [a, b] }", "BS0105"),
        ("talk: \"a:1\", steps: { expect: a, expect_bytes: a }", "BS0310"),
        ("talk: \"a:1\", steps: { send: a, send_bytes: a }", "BS0310"),
        ("plugin: /bin/sh", "BS0203"),
        ("plugin: \"sh -c id\"", "BS0203"),
        ("plugin: x, with: { a: -c }", "BS0203"),
        ("plugin: x, with: { a: /etc/shadow }", "BS0203"),
        ("plugin: x, with: { a: a..b }", "BS0203"),
        ("plugin: x, with: { a: \"$(id)\" }", "BS0203"),
        ("plugin: x, with: { \"a b\": c }", "BS0203"),
        ("plugin: x, with: [a]", "BS0105"),
    ] {
        let check = format!("services: {{ s: {{ checks: {{ {question} }} }} }}\n");
        refused_with(&with(&check), code);
    }
    let many: Vec<String> = (0..33).map(|at| format!("1.3.6.{at}")).collect();
    let check = format!(
        "services: {{ s: {{ checks: {{ snmp: a, user: u, get: [{}] }} }} }}\n",
        many.join(", ")
    );
    refused_with(&with(&check), "BS0102");
}

#[test]
fn doors_that_are_half_open() {
    for (probe, code) in [
        ("{}", "BS0107"),
        ("{ targets: [] }", "BS0403"),
        ("{ modules: { a: { icmp: target } } }", "BS0107"),
        ("{ targets: plant, module: {} }", "BS0106"),
        ("{ targets: [192.0.2.0/33] }", "BS0306"),
        ("{ targets: [2001:db8::/129] }", "BS0306"),
        ("{ targets: [192.0.2/24] }", "BS0306"),
        ("{ targets: [\"*\"] }", "BS0306"),
        ("{ targets: [\"*example.net\"] }", "BS0306"),
        ("{ targets: [\"http://a.example/\"] }", "BS0306"),
        ("{ targets: [a b] }", "BS0306"),
        ("{ targets: plant, modules: { a: {} } }", "BS0105"),
        ("{ targets: plant, modules: { a/b: { icmp: target } } }", "BS0203"),
        ("{ targets: plant, modules: { a: { icmp: target, every: 1 s } } }", "BS0106"),
        (
            "{ targets: plant, modules: { a: { mariadb: t, user: b, password: { secret: c } } } }",
            "BS0107",
        ),
        ("{ targets: plant, modules: { a: { redis: t, password: b, targets: plant } } }", "BS0309"),
        ("{ targets: plant, modules: { a: { icmp: t, targets: [] } } }", "BS0403"),
        ("{ targets: plant, modules: { a: { icmp: t, targets: [a b] } } }", "BS0306"),
    ] {
        refused_with(&with(&format!("probe: {probe}\n")), code);
    }
}

#[test]
fn power_that_cannot_be() {
    for (feed, code) in [
        ("breaker: 100001 A", "BS0311"),
        ("breaker: { curve: C }", "BS0107"),
        ("breaker: { rated: 16 A X }", "BS0301"),
        ("breaker: { rated: 16 A, curve: X }", "BS0310"),
        ("breaker: { rated: 16 A B, curve: C }", "BS0310"),
        ("breaker: { rated: 16 A, standard: iec-60898 }", "BS0310"),
        ("breaker: { rated: 16 A, standrd: ul-489 }", "BS0106"),
        ("breaker: { rated: 16 A, ambient: 300 °C }", "BS0311"),
        ("breaker: { rated: 16 A, poles: 0 }", "BS0311"),
        ("breaker: [16 A]", "BS0105"),
        ("phases: 2", "BS0310"),
        ("phase: L4", "BS0310"),
        ("power_factor: 0", "BS0311"),
        ("power_factor: 1.2", "BS0311"),
        ("power_factor: -1", "BS0302"),
        ("metered: 9.8 A", "BS0105"),
        ("metered: { at: \"2026-11-20 22:00\" }", "BS0105"),
        ("metered: { current: 1 A, L1: 1 A }", "BS0105"),
        ("metered: { current: 9.8 W }", "BS0301"),
        ("metered: { current: 1 A, at: yesterday }", "BS0303"),
        ("metered: { L4: 1 A }", "BS0106"),
        ("prefers: other", "BS0310"),
        ("prefers: nobody", "BS0201"),
        ("fed_by: other, prefers: third", "BS0310"),
        ("can_take_down: nobody", "BS0201"),
        ("can_take_down: f", "BS0205"),
        ("can_take_down: []", "BS0403"),
        ("can_take_down: { any: [other, third] }", "BS0105"),
        ("inrush: 0.5 x", "BS0311"),
        ("inrush: 40", "BS0301"),
        ("boots_in: 9..3 min", "BS0302"),
        ("failures_per_year: 2 h", "BS0301"),
        ("failures_per_year: 0.3..0.1", "BS0302"),
        ("failures_per_year: 5000", "BS0311"),
        ("repair: 4", "BS0301"),
        ("runtime: 5 min", "BS0106"),
        ("psu_mode: shared", "BS0106"),
    ] {
        refused_with(
            &with(&format!("feeds: {{ other: {{}}, third: {{}}, f: {{ {feed} }} }}\n")),
            code,
        );
    }
    refused_with(&with("servers: { s: { psu_mode: both } }\n"), "BS0310");
    refused_with(&with("servers: { s: { psu_share: 120 % } }\n"), "BS0311");
}

#[test]
fn quantities_out_of_this_world() {
    let nines = "9".repeat(305);
    for (field, code) in [
        (format!("draw: {nines} MW"), "BS0301"),
        (format!("draw: {}9 W", "0.".repeat(40)), "BS0301"),
        ("draw: 1e400 W".to_owned(), "BS0301"),
        ("draw: NaN W".to_owned(), "BS0301"),
        ("draw: -1 W".to_owned(), "BS0302"),
        ("draw: [1 W]".to_owned(), "BS0105"),
        ("entrance: {}".to_owned(), "BS0105"),
        ("capacity: 1 W".to_owned(), "BS0301"),
        ("claims: N+99999999999".to_owned(), "BS0310"),
        ("public: yes".to_owned(), "BS0310"),
        ("address: 1.2.3".to_owned(), "BS0306"),
        ("condition: { exercised: 99999-01-01 }".to_owned(), "BS0303"),
        ("checks: [ { tcp: \"a:99999\" } ]".to_owned(), "BS0306"),
        ("checks: [ { tcp: \"a:1\", every: 52 weeks } ]".to_owned(), "BS0311"),
        ("checks: [ { tcp: \"a:1\", deadline: 0 s } ]".to_owned(), "BS0311"),
        ("checks: [ { tcp: \"a:1\", from: [] } ]".to_owned(), "BS0403"),
        ("checks: [ { tcp: \"a:1\", over: storge } ]".to_owned(), "BS0201"),
        ("checks: [ { tcp: \"a:1\", name: a/b } ]".to_owned(), "BS0203"),
        ("checks: [ { icmp: a, echoes: 20, spacing: 10 s } ]".to_owned(), "BS0311"),
        ("checks: [ { http: \"http://a\", headers: [b] } ]".to_owned(), "BS0105"),
        ("checks: [ { http: \"http://a\", headers: { b: é } } ]".to_owned(), "BS0105"),
        ("checks: [ { http: \"http://u:p@a\" } ]".to_owned(), "BS0309"),
        ("checks: [ { http: \"http://a\", status: [] } ]".to_owned(), "BS0403"),
        ("checks: [ { http: \"http://a\", body: { contains: \"\" } } ]".to_owned(), "BS0403"),
    ] {
        refused_with(&with(&format!("servers:\n  a: {{ {field} }}\n")), code);
    }
    for (top, code) in [
        ("maintenance: [a]", "BS0105"),
        ("maintenance: { a: { off: [], from: 2020-01-01 00:00, to: 2020-01-02 00:00 } }", "BS0403"),
        ("vantages: [a]", "BS0105"),
        ("vantages: { here: {} }", "BS0202"),
        ("vantages: { a: {}, b: { agent: a } }", "BS0202"),
        ("vantages: { a: { silent_after: 9 weeks } }", "BS0311"),
        ("alerts: { webhooks: [a] }", "BS0105"),
        ("alerts: { mail: { relay: a, from: a@b.c, to: [], user: u } }", "BS0107"),
        (
            "alerts: { mail: { relay: a, from: a@b.c, to: [d@e.f], user: u, password: p } }",
            "BS0309",
        ),
        ("samples: { minutes: 1 min }", "BS0311"),
        ("samples: { remote_write: {} }", "BS0107"),
        ("samples: { remote_write: { url: \"http://a:b@c/\" } }", "BS0309"),
        ("samples: { remote_write: { url: \"http://c/\", token: abc } }", "BS0309"),
        ("samples: { remote_write: { url: \"http://c/\", user: a } }", "BS0107"),
        ("alerts: { pagerduty: { a: { routing_key: 0123456789abcdef } } }", "BS0309"),
        ("alerts: { pagerduty: { a: { url: 'http://x' } } }", "BS0107"),
        ("alerts: { ntfy: { a: { url: 'https://ntfy.example/' } } }", "BS0307"),
        ("alerts: { ntfy: { a: { url: 'https://ntfy.example/no topic' } } }", "BS0307"),
        ("alerts: { alertmanagers: { a: { url: 'http://x', user: u } } }", "BS0107"),
        ("alerts: { alertmanagers: { a: { url: 'http://u:p@x' } } }", "BS0309"),
        ("alerts: { commands: { a: { run: /bin/sh } } }", "BS0106"),
        ("alerts: { commands: { a: { deadline: 1 h } } }", "BS0311"),
        ("alerts: { heartbeat: { url: 'http://x', method: PUT } }", "BS0310"),
        ("alerts: { webhooks: { a: { url: 'http://x', through: nobody } } }", "BS0201"),
        ("alerts: { webhooks: { a: { url: 'http://x', through: [] } } }", "BS0403"),
        ("vantages: { a: { alerts: sometimes } }", "BS0310"),
        ("here: { alerts: true }", "BS0106"),
        ("timezone: Europe/Atlantis", "BS0310"),
        ("name: \"a\\0b\"", "BS0101"),
    ] {
        refused_with(&with(&format!("servers: {{ s: {{}} }}\n{top}\n")), code);
    }
}

#[test]
fn the_seeds_of_the_fuzzer_end_in_findings() {
    let seeds = std::fs::read_dir(path("fuzz/seeds/plantfile")).expect("the seeds are there");
    for seed in seeds {
        let file = seed.expect("readable").path();
        read(&std::fs::read_to_string(file).expect("a text"));
    }
}

#[test]
fn nothing_at_all() {
    for text in ["", "\n", "# only a remark\n", "---\n", "\u{feff}"] {
        refused_with(text, "BS0108");
    }
    for text in ["~", "a", "[]", "1", "\"\""] {
        read(text);
    }
    assert!(parse(&[]).0.is_none());
}

#[test]
fn bytes_that_no_editor_shows() {
    refused_with("blackstart: 1\nname: a\0b\n", "BS0101");
    refused_with("\0", "BS0101");
    refused_with("blackstart: 1\nservers: { \"a\\u0007\": {} }\n", "BS0101");
    refused_with("blackstart: 1\nservers: { \"a\\u202e\": {} }\n", "BS0203");
    refused_with("blackstart: 1\nservers: { а: {} }\n", "BS0203");
}

#[test]
fn line_ends_and_byte_order_marks_change_nothing() {
    let (plain, _) = parse_str(GOOD);
    let plain = plain.expect("it is good");
    for text in [GOOD.replace('\n', "\r\n"), format!("\u{feff}{GOOD}")] {
        let (other, findings) = parse_str(&text);
        let other = other.unwrap_or_else(|| panic!("{findings:#?}"));
        assert_eq!(plain.components(), other.components());
        assert_eq!(plain.checks(), other.checks());
    }
}

#[test]
fn a_label_finds_its_place_behind_wide_characters() {
    for before in ["", "\u{feff}", "# naïve 🦀 remark\r\n", "\u{feff}# é\n"] {
        let text = format!(
            "{before}blackstart: 1\nname: \"Zürich 🦀\"\nservers: {{ a: {{ powr: b }} }}\n"
        );
        let (_, findings) = read(&text);
        let [finding] = &findings[..] else { panic!("{findings:#?}") };
        assert_eq!(&text[finding.labels[0].bytes.clone()], "powr", "{before:?}");
    }
}

#[test]
fn every_file_says_its_version_or_none() {
    let file = |text: &str| ("a.yaml".to_owned(), text.to_owned());
    let good = file("blackstart: 1\nfeeds: { a: {} }\n");
    assert!(parse(&[good.clone(), file("feeds: { b: {} }\n")]).0.is_some());
    assert!(parse(&[good.clone(), file("blackstart: 1\nfeeds: { b: {} }\n")]).0.is_some());
    assert!(parse(&[file("blackstart: 2\n"), good.clone()]).0.is_none());
    assert!(parse(&[good, file("blackstart: 2\n")]).0.is_none());
}

/// The pieces that plant files are made of, in any order.
fn pieces() -> impl Strategy<Value = String> {
    let words: Vec<&'static str> = GOOD
        .split_inclusive([' ', '\n', ',', '[', ']', '{', '}', ':'])
        .chain(["\t", "\r", "'", "\"", "*", "&", "!", "|", ">", "%", "\0", "é", "🦀", "---\n"])
        .collect();
    proptest::collection::vec(proptest::sample::select(words), 0..60).prop_map(|all| all.concat())
}

/// The good file with a few bytes cut, doubled or put elsewhere.
fn spoilt() -> impl Strategy<Value = String> {
    let at = 0..GOOD.len();
    let edit = (at.clone(), at, 0..40_usize, ".{0,3}", 0..3_u8);
    proptest::collection::vec(edit, 1..6).prop_map(|edits| {
        let mut bytes = GOOD.as_bytes().to_vec();
        for (from, to, len, put, what) in edits {
            let from = from.min(bytes.len());
            let end = (from + len).min(bytes.len());
            let to = to.min(bytes.len());
            match what {
                0 => drop(bytes.splice(from..end, put.bytes())),
                1 => {
                    let copy = bytes[from..end].to_vec();
                    bytes.splice(to..to, copy);
                }
                _ => drop(bytes.splice(from..from, put.bytes())),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn noise_ends_in_findings(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn wild_text_ends_in_findings(text in "\\PC{0,200}") {
        read(&text);
    }

    #[test]
    fn pieces_in_any_order_end_in_findings(text in pieces()) {
        read(&text);
        read(&with(&text));
    }

    #[test]
    fn a_spoilt_file_ends_in_findings(text in spoilt()) {
        read(&text);
    }

    #[test]
    fn the_same_text_has_the_same_findings(text in spoilt()) {
        prop_assert_eq!(read(&text), read(&text));
    }
}

#[test]
fn a_range_between_braces_without_quotes_is_shown_with_them() {
    for (line, quoted) in [
        ("s-{1..3}: { address: 192.0.2.{1..3} }", "192.0.2.{1..3}"),
        ("s-{1..3}: { address: 192.0.2.{1..3}, power: pdu-a }", "192.0.2.{1..3}"),
        ("s: { power: { any: [pdu-{1..2}] } }", "pdu-{1..2}"),
        ("s-{1..2}: {power: pdu-{1..2}}", "pdu-{1..2}"),
    ] {
        let (_, findings) = read(&with(&format!("servers:\n  {line}\n")));
        let help = findings[0].help.as_deref().unwrap_or_else(|| panic!("{line}: {findings:#?}"));
        assert_eq!(
            help,
            format!("inside `{{ … }}` a range stands in quotes: `\"{quoted}\"`"),
            "{line}"
        );
    }
    let (_, findings) = read(&with("servers: { s-{1..3}: {} }\n"));
    assert!(findings[0].help.as_deref().is_some_and(|help| help.contains("\"s-{1..3}\"")));
    // Another mistake in a line with a range of its own.
    let (_, findings) = read(&with("servers:\n  s-{1..3}: { location: rack 3: unit 12 }\n"));
    assert_eq!(findings[0].help, None);
}
