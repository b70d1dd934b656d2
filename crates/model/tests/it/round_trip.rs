//! What is printed lowers to an equal plant: for plants of every shape, for all examples and all scenarios.
//!
//! Ids are places in one plant and may differ after printing, for sections stand in the order of
//! their kinds then. So two plants are compared by what all their accessors say, with names for
//! ids.

use crate::shown::{path, shown};
use blackstart_model::kind::Kind;
use blackstart_model::plant::{Component, Maintenance, Plant, Role, Vantage};
use blackstart_model::plantfile::fields::{FIELDS, Field, Holds};
use blackstart_model::plantfile::{parse, parse_str, print};
use blackstart_model::quantity::Value;
use blackstart_model::requirement::{Leaf, Requirement, Target};
use blackstart_model::{ComponentId, PlaneId, SegmentId, VantageId};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// All a plant says, with names for ids, in an order that does not depend on them.
fn said(plant: &Plant) -> BTreeMap<String, String> {
    let component = |id: ComponentId| plant.component(id).name.as_str();
    let segment = |id: SegmentId| &*plant.segments()[id.index()];
    let plane = |id: PlaneId| &*plant.planes()[id.index()];
    let vantage = |id: VantageId| plant.vantage(id).name.as_str();
    let mut said = BTreeMap::new();
    let mut say = |about: String, what: String| assert_eq!(said.insert(about, what), None);

    say("name".to_owned(), plant.name().to_owned());
    say("zone".to_owned(), plant.zone().name().to_owned());
    say("alerting".to_owned(), format!("{:?}", plant.alerting()));
    for (at, one) in plant.components().iter().enumerate() {
        assert_eq!(plant.find(one.name.as_str()).map(ComponentId::index), Some(at));
        let Component { name, kind, requirements, segments, attributes, claims, condition } = one;
        let segments: Vec<_> = segments.iter().map(|id| segment(*id)).collect();
        let attributes: Vec<String> = attributes
            .iter()
            .map(|(attribute, value)| match value {
                Value::Components(of) => {
                    format!(
                        "{attribute:?} {:?}",
                        of.iter().map(|id| component(*id)).collect::<Vec<_>>()
                    )
                }
                value => format!("{attribute:?} {value:?}"),
            })
            .collect();
        say(
            format!("component {name}"),
            format!("{kind} {segments:?} {attributes:?} {claims:?} {condition:?}"),
        );
        for (role, needed) in requirements {
            let role = match role {
                Role::Network(id) => format!("network over {}", plane(*id)),
                other => format!("{other:?}"),
            };
            say(format!("component {name}: {role}"), requirement(needed, plant));
        }
    }
    for one in plant.checks() {
        let mut from: Vec<_> = one.from.iter().map(|id| vantage(*id)).collect();
        from.sort_unstable();
        say(
            format!("check {}", one.key),
            format!(
                "of {} over {} every {:?} within {:?} from {from:?}: {:?}",
                component(one.component),
                plane(one.plane),
                one.every,
                one.deadline,
                one.question,
            ),
        );
    }
    for one in plant.vantages() {
        let Vantage { name, at, segment: within, agent, way_out, silent_max, alerts } = one;
        let (at, within) = (at.map(component), within.map(segment));
        say(
            format!("vantage {name}"),
            format!("at {at:?} {within:?}, {agent:?}, {silent_max:?}, {alerts}: {way_out:?}"),
        );
    }
    say("samples".to_owned(), format!("{:?}", plant.keeping()));
    for (line, id) in plant.lifelines() {
        say(format!("lifeline {line} {}", component(*id)), String::new());
    }
    for one in plant.maintenance() {
        let Maintenance { name, off, by, affects, from, to, zone } = one;
        let all = |of: &[ComponentId]| of.iter().map(|id| component(*id)).collect::<Vec<_>>();
        let (off, affects) = (all(off), affects.as_deref().map(all));
        let zone = zone.name();
        say(format!("maintenance {name}"), format!("{off:?} {by} {affects:?} {from} {to} {zone}"));
    }
    said
}

fn requirement(needed: &Requirement, plant: &Plant) -> String {
    let inner = |of: &[Requirement]| -> Vec<String> {
        of.iter().map(|one| requirement(one, plant)).collect()
    };
    match needed {
        Requirement::All(of) => format!("all of {:?}", inner(of)),
        Requirement::Any(of) => format!("any of {:?}", inner(of)),
        Requirement::AtLeast { k, of } => format!("{k} of {:?}", inner(of)),
        Requirement::One(Leaf { target, segment, plane, standby }) => {
            let target = match target {
                Target::Internet => "internet",
                Target::Component(id) => plant.component(*id).name.as_str(),
            };
            let segment = segment.map(|id| &*plant.segments()[id.index()]);
            let plane = plane.map(|id| &*plant.planes()[id.index()]);
            format!("{target} {segment:?} {plane:?} {standby:?}")
        }
    }
}

/// Prints a plant and reads it again.
fn assert_round_trip(plant: &Plant) {
    let printed = print(plant);
    let (again, findings) = parse_str(&printed);
    let again = again.unwrap_or_else(|| panic!("{}\n{printed}", shown(&printed, &findings)));
    assert_eq!(said(plant), said(&again), "{printed}");
    assert_eq!(printed, print(&again), "the canonical text is its own");
}

#[test]
fn a_plant_with_everything_comes_back() {
    let (plant, findings) = parse_str(include_str!("good.yaml"));
    assert_round_trip(&plant.unwrap_or_else(|| panic!("{findings:#?}")));
}

#[test]
fn every_way_out_comes_back() {
    let page = std::fs::read_to_string(path("docs/alerts.md")).expect("the page is there");
    let example = page.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next());
    let example = example.expect("an example").to_owned();
    let fuller = "blackstart: 1
servers: { mx-2: {}, mx-3: {} }
vantages: { far: { alerts: true } }
alerts:
  mail: { relay: a.example, from: a@b.c, to: [d@e.f], user: u, password: { secret: p }, through: [mx-2, mx-3] }
  webhooks: { a: { url: 'http://a.example', through: outside } }
  alertmanagers:
    a: { url: 'http://a.example', user: u, password: { secret: p } }
    b: { url: 'http://b.example', token: { secret: t }, through: mx-2 }
  pagerduty: { a: { routing_key: { secret: k }, url: 'https://events.eu.example/v2/enqueue' } }
  ntfy: { a: { url: 'http://a.example/under/our_topic-1' } }
  commands: { a: {}, b: { deadline: 5 min, through: mx-2 } }
  heartbeat: { url: 'http://a.example', every: 5 min, method: POST, token: { secret: t }, through: mx-2 }
"
    .to_owned();
    for text in [example, fuller] {
        let (plant, findings) = parse(&[("alerts.yaml".to_owned(), text.clone())]);
        assert!(findings.is_empty(), "{}", shown(&text, &findings));
        assert_round_trip(&plant.expect("a plant"));
    }
}

#[test]
fn every_example_is_in_order_and_comes_back() {
    let mut seen = 0;
    for entry in std::fs::read_dir(path("examples")).expect("there are examples") {
        let file = entry.expect("readable").path();
        if file.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("readable");
        let (plant, findings) = parse(&[(file.display().to_string(), text.clone())]);
        let plant =
            plant.unwrap_or_else(|| panic!("{}:\n{}", file.display(), shown(&text, &findings)));
        assert_round_trip(&plant);
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn every_known_outage_has_a_plant_without_findings() {
    let mut seen = 0;
    for entry in std::fs::read_dir(path("scenarios")).expect("there are scenarios") {
        let folder = entry.expect("readable").path();
        if !folder.is_dir() {
            continue;
        }
        let file = folder.join("plant.yaml");
        let text = std::fs::read_to_string(&file).expect("each has a plant");
        let (plant, findings) = parse(&[(file.display().to_string(), text.clone())]);
        assert!(findings.is_empty(), "{}:\n{}", file.display(), shown(&text, &findings));
        assert_round_trip(&plant.expect("no findings"));
        seen += 1;
    }
    assert!(seen > 0);
}

/// Choices on a tape: shrinking the tape shrinks the plant.
struct Tape<'t>(std::slice::Iter<'t, u8>);

impl Tape<'_> {
    fn below(&mut self, bound: usize) -> usize {
        usize::from(*self.0.next().unwrap_or(&0)) % bound
    }

    fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}

/// A plant file made from a tape: each component may need those before it.
fn plant_file(tape: &[u8]) -> String {
    let mut tape = Tape(tape.iter());
    let mut made: Vec<(String, Kind)> = Vec::new();
    let mut sections: BTreeMap<Kind, String> = BTreeMap::new();
    for nth in 0..tape.below(30) {
        let kind = Kind::ALL[tape.below(Kind::ALL.len())];
        let name = format!("{}-{nth}", tape.pick(&["a", "B_2", "7", "x.y"]));
        let mut fields = String::new();
        for Field { name, holds, of, doc: _ } in FIELDS {
            if !of.has(kind) || tape.below(3) == 0 {
                continue;
            }
            if let Some(value) = value(*holds, kind, &made, &mut tape) {
                fields += &format!("    {name}: {value}\n");
            }
        }
        let fields = if fields.is_empty() { "    {}\n".to_owned() } else { fields };
        *sections.entry(kind).or_default() += &format!("  {name}:\n{fields}");
        made.push((name, kind));
    }
    let zone = tape.pick(&["UTC", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe"]);
    let name = tape.pick(&[
        "x",
        "\"a: b # c\"",
        "'it''s'",
        "\"\\u2028\\n\"",
        "null-and-void",
        "Zürich 🦀",
    ]);
    let mut text = format!("blackstart: 1\nname: {name}\ntimezone: {zone}\n");
    text += "vantages: { out: {}, lab: { agent: other, silent_after: 90 s } }\n";
    if let Some((first, _)) = made.first()
        && tape.below(2) == 0
    {
        let by = tape.pick(&["\"\"", "the carrier", "\"#1\""]);
        let from =
            tape.pick(&["2017-03-26 01:59", "2017-10-29 02:30 +01:00", "1900-01-01 00:00:01"]);
        text += &format!(
            "maintenance: {{ m: {{ off: [{first}], by: {by}, from: \"{from}\", \
             to: \"2026-01-01T00:00:00.25Z\" }} }}\n"
        );
        text += &format!("lifelines: {{ status_page: {first}, backups: [{first}, {first}] }}\n");
    }
    for (kind, components) in sections {
        text += &format!("{}:\n{components}", kind.section());
    }
    text
}

fn value(holds: Holds, kind: Kind, made: &[(String, Kind)], tape: &mut Tape<'_>) -> Option<String> {
    let free = |tape: &mut Tape<'_>| {
        tape.pick(&[
            "plain",
            "\"null\"",
            "'~'",
            "\"- a: {b}\"",
            "\"\\\\ \\\" é\"",
            "\" \"",
            "0x10",
            "\"\"",
        ])
        .to_owned()
    };
    let range = |unit: &str, tape: &mut Tape<'_>| {
        let (low, high) = (tape.below(100), 100 + tape.below(150));
        match tape.below(3) {
            0 => format!("{low}.{high} {unit}"),
            1 => format!("{low}..{high} {unit}"),
            _ => format!("{low} {unit}..{high} k{unit}"),
        }
    };
    let of_kinds = |kinds: &[Kind]| -> Vec<&str> {
        let fit = made.iter().filter(|(_, kind)| kinds.contains(kind));
        fit.map(|(name, _)| name.as_str()).collect()
    };
    let any_kind = || -> Vec<&str> {
        let fit = made.iter().filter(|(_, kind)| !matches!(kind, Kind::Customer | Kind::Prefix));
        fit.map(|(name, _)| name.as_str()).collect()
    };
    let networks = || {
        of_kinds(&[
            Kind::Switch,
            Kind::Router,
            Kind::Firewall,
            Kind::Vip,
            Kind::Upstream,
            Kind::Nic,
        ])
    };
    Some(match holds {
        Holds::Requirement(Role::In) => needed(&of_kinds(&[Kind::Site, Kind::Rack]), 1, tape)?,
        Holds::Requirement(Role::Prefix) => needed(&of_kinds(&[Kind::Prefix]), 1, tape)?,
        Holds::Requirement(Role::Between) => {
            let ends = of_kinds(&[Kind::Switch, Kind::Router]);
            let (one, other) = (*ends.first()?, *ends.last()?);
            format!("[{one}, {other}]")
        }
        Holds::Requirement(_) => needed(&any_kind(), 3, tape)?,
        Holds::Redundant(Role::CarriedBy) => needed(&of_kinds(&[Kind::Upstream]), 2, tape)?,
        Holds::Redundant(_) => needed(&any_kind(), 3, tape)?,
        Holds::Network => {
            let front = needed(&networks(), 2, tape)?;
            match tape.below(3) {
                0 => front,
                1 => format!("{{ storage: {front} }}"),
                _ => format!("{{ lan-2: {}, front: {front} }}", needed(&networks(), 2, tape)?),
            }
        }
        Holds::Segments => tape.pick(&["[v1]", "[v2, v1]", "v3"]).to_owned(),
        Holds::Claim => tape.pick(&["N", "N+1", "N+7", "2N"]).to_owned(),
        Holds::Condition => {
            let why = free(tape);
            match tape.below(3) {
                0 => format!("{{ known_failed: {why}, never_exercised: true }}"),
                1 => format!(
                    "{{ off: {why}, exercised: 2020-02-29 12:00, exercised_load: 0 W..3 kW }}"
                ),
                _ => "{ barred_until: \"2030-06-01T00:00:00+02:00\" }".to_owned(),
            }
        }
        Holds::Checks => checks(tape),
        Holds::Watts(_) => range("W", tape),
        Holds::Rate(_) => range("bit/s", tape),
        Holds::Size(_) => range("B", tape),
        Holds::Volts(_) => range("V", tape),
        Holds::Breaker(_) => tape
            .pick(&[
                "16 A C",
                "6.3 A",
                "125A D",
                "{ rated: 16 A, curve: B, standard: iec-60898-1, ambient: -5..35 °C }",
                "{ rated: 20 A C, standard: ul-489, poles: 2 }",
            ])
            .to_owned(),
        Holds::Phases(_) => tape.pick(&["1", "3"]).to_owned(),
        Holds::Phase(_) => tape.pick(&["L1", "L2", "L3"]).to_owned(),
        Holds::Ratio(..) => tape.pick(&["0.95", "33..66 %", "1"]).to_owned(),
        Holds::Metered(_) => tape
            .pick(&[
                "{ current: 9.8 A, at: 2020-02-29 12:00 }",
                "{ L1: 3..4 A, L3: 0 A }",
                "{ current: 1..2.5 A }",
            ])
            .to_owned(),
        Holds::PsuMode(_) => tape.pick(&["shared", "hot-spare", "unknown"]).to_owned(),
        // Of its own inputs, which are not known here: told by an example.
        Holds::Input(_) => return None,
        Holds::Others(_) => match any_kind()[..] {
            [] => return None,
            [only] => format!("[{only}]"),
            [first, .., last] => format!("[{first}, {last}]"),
        },
        Holds::Inrush(_) => tape.pick(&["40 A", "2..5.5 x"]).to_owned(),
        Holds::Instant(_) => {
            tape.pick(&["\"2026-12-01 12:00\"", "\"2026-10-25 02:30 +01:00\""]).to_owned()
        }
        Holds::PerYear(_) => tape.pick(&["0.1..0.3", "0", "12"]).to_owned(),
        Holds::Span(_) => tape.pick(&["4..20 ms", "8..12 min", "0 s", "1.5 h"]).to_owned(),
        Holds::Capacity(_) => match kind {
            Kind::Storage | Kind::Disk | Kind::Backup | Kind::Database | Kind::File => {
                range("B", tape)
            }
            Kind::Feed | Kind::Pdu | Kind::Breaker | Kind::Outlet | Kind::TransferSwitch => {
                "16..20.5 A".to_owned()
            }
            Kind::Ups
            | Kind::Generator
            | Kind::Psu
            | Kind::Cooling
            | Kind::Rack
            | Kind::Room
            | Kind::Site => range("W", tape),
            _ => range("bit/s", tape),
        },
        Holds::Addresses(_) => tape.pick(&["192.0.2.1", "[\"2001:db8::1\", 192.0.2.2]"]).to_owned(),
        Holds::Cidr(_) => tape.pick(&["192.0.2.0/24", "\"2001:db8::/32\""]).to_owned(),
        Holds::Zone(_) => tape.pick(&["europe/paris", "UTC", "Asia/Kathmandu"]).to_owned(),
        Holds::Text(_) => free(tape),
        Holds::Texts(_) => format!("[{}, {}]", free(tape), free(tape)),
        Holds::Flag(_) => tape.pick(&["true", "false"]).to_owned(),
        Holds::Internet => "internet".to_owned(),
    })
}

/// A requirement of some of these, at most so deep.
fn needed(names: &[&str], depth: usize, tape: &mut Tape<'_>) -> Option<String> {
    (!names.is_empty()).then_some(())?;
    let one = tape.pick(names).to_owned();
    if depth == 0 {
        return Some(one);
    }
    let several = |tape: &mut Tape<'_>| -> Option<String> {
        let parts: Option<Vec<_>> =
            (0..=tape.below(3)).map(|_| needed(names, depth - 1, tape)).collect();
        Some(parts?.join(", "))
    };
    Some(match tape.below(7) {
        0 | 1 => one,
        2 => format!("{{ any: [{}] }}", several(tape)?),
        3 => format!("{{ all: [{}] }}", several(tape)?),
        4 => format!("{{ at_least: 1, of: [{}] }}", several(tape)?),
        5 => format!("{{ standby: {one}, takes: 0.5 s..{} min, by: person }}", 1 + tape.below(9)),
        _ => format!("{{ use: {one}, over: front }}"),
    })
}

fn checks(tape: &mut Tape<'_>) -> String {
    let mut checks = Vec::new();
    for nth in 0..tape.below(4) {
        let question = tape.pick(&[
            "icmp: a.example, echoes: 2, lost_max: 1",
            "icmp: \"2001:db8::7\", spacing: 10 ms, payload: 1400",
            "tcp: \"[2001:db8::7]:25\", slow: 1.5 s",
            "dns: a.example, query: \".\"",
            "dns: \"192.0.2.1:5353\", query: x.example TXT, \
             records: { exactly: [\"\\\"a b\\\"\"], has: [c, d] }",
            "http: \"http://A.example:8080?q#f\", method: OPTIONS, read_max: 0, status: 204",
            "https: \"https://[2001:db8::7]\", connect: \"b.example:8443\", \
             body: { lacks: [a, b] }",
            "https: \"https://a.example\", expires_within: 1 d, \
             expect_headers: { B: { lacks: c, contains: d }, A: { contains: e } }",
            "postgres: a.example",
            "postgres: \"a.example:5433\", tls: verify, expires_within: 3 d, roots: /etc/ours.pem, user: b, \
             password: { secret: c }, database: d, query: \"select 'x: y'\", \
             answer: { is: \"1\", at_least: -0.5, at_most: 10 }, role: standby, slow: 1 s",
            "mariadb: a.example, tls: off, user: b, query: select 2, answer: { is: on }",
            "mariadb: \"[2001:db8::1]:3307\", tls: required, user: b, role: primary",
            "smtp: \"[2001:db8::7]\", tls: starttls, greeting: { contains: ESMTP }, roots: /a.pem",
            "imap: a.example, tls: implicit, connect: \"192.0.2.1:1993\", expires_within: 30 d, \
             capabilities: { contains: [IDLE, MOVE], lacks: LOGINDISABLED }, slow: 2 s",
            "redis: a.example, tls: true, user: probe, password: { secret: x }, role: replica",
            "talk: \"a.example:110\", steps: [{ expect: \"^\\\\+OK (.*)\", send: \"STLS\" }, \
             { expect: \"^\\\\+OK\", starttls: true }, { send: \"NOOP ${0}\\n\" }], \
             goodbye: QUIT, slow: 1 s, roots: /a.pem",
            "talk: \"a.example:995\", tls: true, connect: \"192.0.2.1:995\", steps: { expect: OK }, \
             expires_within: 3 d",
            "talk: \"a.example:636\", tls: true",
            "talk: \"a.example:21\", password: { secret: ftp }, steps: [{ send: \"PASS ${password}\" }, \
             { expect: \"^230 (.*)\", labels: [{ name: said, value: \"${1}\" }, { name: b, value: c }] }]",
            "talk: \"a.example:5432\", steps: [{ send_bytes: { hex: 00 00 00 08 04 d2 16 2f } }, \
             { expect_bytes: S, starttls: true }, { expect_bytes: \"é\\n\" }, { send_bytes: \" \" }]",
            "ssh: \"a.example:2222\", banner: { contains: [SSH-2.0], lacks: OpenSSH_7 }, slow: 1 s",
            "snmp: a.example, community: { secret: c }, \
             get: [sysUpTime.0, { oid: ifOperStatus.3, is: [up, 5] }, { oid: 1.3.6.1.4.1.1.1, is: x }]",
            "snmp: \"[2001:db8::7]:1161\", user: u, auth: { sha256: { secret: a } }, \
             privacy: { aes128: { secret: p } }, get: { oid: ifHCInOctets.3, name: in, scale: 8, \
             unit: bit/s, at_least: -1.5, at_most: 1e+9 }",
            "snmp: a.example, user: u, get: rPDU2OutletMeteredStatusCurrent.7",
            "ntp: a.example, offset_max: 50 ms, stratum_max: 3",
            "ntp: \"[2001:db8::7]:1123\"",
            "plugin: disk-root",
            "plugin: tls, with: { port: 443, host: \"2001:db8::7\" }",
        ]);
        let often =
            tape.pick(&["", ", every: 1 s", ", every: 7 d, deadline: 0.3 s", ", every: 12 s"]);
        let from = tape.pick(&["", ", from: [lab, here]", ", from: out"]);
        let name = tape.pick(&["", ", name: http-2", ", name: own"]);
        let name = if nth == 0 { name } else { "" };
        checks.push(format!("{{ {question}{often}{from}{name} }}"));
    }
    format!("[{}]", checks.join(", "))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_plant_of_any_shape_comes_back(tape in proptest::collection::vec(any::<u8>(), 0..1500)) {
        let text = plant_file(&tape);
        let (plant, findings) = parse_str(&text);
        let plant = plant.unwrap_or_else(|| panic!("{}\n{text}", shown(&text, &findings)));
        assert_round_trip(&plant);
    }

    /// A line that begins at the margin begins a section; each goes to a file of its own, the last
    /// first.
    #[test]
    fn the_order_of_sections_and_files_is_nothing(
        tape in proptest::collection::vec(any::<u8>(), 0..1500)
    ) {
        let text = plant_file(&tape);
        let mut files: Vec<(String, String)> = Vec::new();
        for line in text.split_inclusive('\n') {
            if line.starts_with(' ') {
                files.last_mut().expect("a section comes first").1 += line;
            } else {
                files.push((format!("{}.yaml", files.len()), line.to_owned()));
            }
        }
        files.reverse();
        let (whole, parts) = (parse_str(&text).0, parse(&files).0);
        prop_assert_eq!(whole.map(|plant| said(&plant)), parts.map(|plant| said(&plant)));
    }

    #[test]
    fn any_text_comes_back(text in "\\PC{0,40}") {
        let quoted: String = text.chars().flat_map(|c| match c {
            '"' | '\\' => vec!['\\', c],
            c => vec![c],
        }).collect();
        let file = format!("blackstart: 1\nfiles: {{ a: {{ location: \"{quoted}\" }} }}\n");
        let (plant, _) = parse_str(&file);
        if let Some(plant) = plant {
            assert_round_trip(&plant);
        }
    }
}
