//! A NetBox of the test's own: it pages, and misbehaves as it is told to.

use super::{LiveError, Source};
use crate::netbox::dump;
use blackstart_model::netbox::facts::Facts;
use blackstart_model::netbox::{About, Import, Layout, import};
use blackstart_model::time::Duration;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

const TOKEN: &str = "0123456789abcdef0123456789abcdef01234567";

/// What the server says to a path.
enum Reply {
    Says(u16, String),
    /// Nothing, ever.
    Silence,
    /// A body without an end.
    Flood,
}

struct NetBox {
    base: String,
    /// First lines and authorizations, as they came.
    asked: Arc<Mutex<Vec<(String, String)>>>,
}

impl NetBox {
    fn start(reply: impl Fn(&str, usize, usize) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let asked: Arc<Mutex<Vec<(String, String)>>> = Arc::default();
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            let mut silent = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let first = lines.next().unwrap().unwrap();
                let mut authorization = String::new();
                for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
                    if let Some(value) = line.strip_prefix("authorization: ") {
                        value.clone_into(&mut authorization);
                    }
                }
                let target = first.split(' ').nth(1).unwrap_or_default().to_owned();
                seen.lock().unwrap().push((target.clone(), authorization));
                let (path, query) = target.split_once('?').unwrap_or((&target, ""));
                let number = |key: &str| {
                    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
                    pairs.filter(|(own, _)| *own == key).find_map(|(_, value)| value.parse().ok())
                };
                let (limit, offset) = (number("limit"), number("offset"));
                match reply(path, limit.unwrap_or(50), offset.unwrap_or(0)) {
                    Reply::Says(status, body) => {
                        let length = body.len();
                        let head = format!(
                            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
                        );
                        let _ = stream.write_all((head + &body).as_bytes());
                    }
                    Reply::Silence => silent.push(stream),
                    Reply::Flood => {
                        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
                        while stream.write_all(&[b' '; 4096]).is_ok() {}
                    }
                }
            }
        });
        Self { base, asked }
    }

    /// A NetBox of a version with these objects, by their path below `/api/`.
    fn with(version: &'static str, objects: BTreeMap<&'static str, Vec<Value>>) -> Self {
        Self::start(move |path, limit, offset| well_behaved(version, &objects, path, limit, offset))
    }

    fn source(&self) -> Source {
        Source::new(&self.base, TOKEN).unwrap().limited(2, Duration::from_secs(20), 1 << 20)
    }

    fn read(&self) -> Result<Facts, LiveError> {
        read(&self.source())
    }
}

fn read(source: &Source) -> Result<Facts, LiveError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(source.read(&mut |_, _| {}))
}

fn well_behaved(
    version: &str,
    objects: &BTreeMap<&str, Vec<Value>>,
    path: &str,
    limit: usize,
    offset: usize,
) -> Reply {
    let path = path.trim_start_matches("/api/");
    if path == "status/" {
        return Reply::Says(200, json!({ "netbox-version": version }).to_string());
    }
    let all = objects.get(path).map_or(&[][..], Vec::as_slice);
    let page: Vec<Value> = all.iter().skip(offset).take(limit).cloned().collect();
    // A link that is never to be followed.
    let next = "http://elsewhere.invalid/api/steal-the-token/";
    let page = json!({ "count": all.len(), "next": next, "previous": null, "results": page });
    Reply::Says(200, page.to_string())
}

fn nested(id: u64, name: &str) -> Value {
    json!({ "id": id, "url": "https://netbox.invalid/x/", "display": name, "name": name, "slug": name })
}

fn choice(value: &str) -> Value {
    json!({ "value": value, "label": value.to_uppercase() })
}

fn end(kind: &str, id: u64) -> Value {
    json!({ "object_type": kind, "object_id": id, "object": { "id": id } })
}

/// As NetBox 4.2 says it.
fn objects() -> BTreeMap<&'static str, Vec<Value>> {
    let device = |id: u64, name: &str, role: Value| {
        json!({ "id": id, "name": name, "role": role, "status": choice("active"),
            "site": nested(1, "ams1"), "location": null, "rack": null, "tenant": null, "platform": null,
            "cluster": null, "virtual_chassis": null, "vc_position": null,
            "primary_ip4": if id == 1 {
                json!({ "id": 77, "address": "192.0.2.7/24", "family": { "value": 4, "label": "IPv4" } })
            } else { Value::Null } })
    };
    let port = |id: u64, device: u64, name: &str| {
        json!({ "id": id, "name": name, "device": nested(device, "x"), "cable": { "id": 9 },
            "maximum_draw": 500, "allocated_draw": null, "mark_connected": false })
    };
    let outlet = |id: u64| {
        json!({ "id": id, "name": "o", "device": nested(2, "pdu-a"), "power_port": null,
            "feed_leg": null, "status": choice("enabled"), "cable": { "id": 9 } })
    };
    let interface = |id: u64, device: u64| {
        json!({ "id": id, "name": "eth0", "device": nested(device, "x"), "enabled": true,
            "mgmt_only": false, "cable": { "id": 9 } })
    };
    let cable = |id: u64, a: Value, b: Value| json!({ "id": id, "status": choice("connected"), "a_terminations": [a], "b_terminations": [b] });
    BTreeMap::from([
        (
            "dcim/sites/",
            vec![json!({ "id": 1, "name": "ams1", "slug": "ams1",
            "status": choice("active"), "time_zone": "Europe/Amsterdam" })],
        ),
        ("dcim/device-roles/", vec![nested(1, "server"), nested(2, "pdu"), nested(3, "router")]),
        (
            "dcim/devices/",
            vec![
                device(1, "web-7", nested(1, "server")),
                device(2, "pdu-a", nested(2, "pdu")),
                device(3, "rtr", nested(3, "router")),
            ],
        ),
        ("dcim/power-ports/", vec![port(1, 1, "psu 1"), port(2, 1, "psu 2")]),
        ("dcim/power-outlets/", vec![outlet(1), outlet(2)]),
        ("dcim/interfaces/", vec![interface(1, 1), interface(2, 3), interface(3, 3)]),
        (
            "dcim/cables/",
            vec![
                cable(1, end("dcim.powerport", 1), end("dcim.poweroutlet", 1)),
                cable(2, end("dcim.poweroutlet", 2), end("dcim.powerport", 2)),
                cable(3, end("dcim.interface", 1), end("dcim.interface", 2)),
                cable(4, end("dcim.interface", 3), end("circuits.circuittermination", 1)),
            ],
        ),
        ("circuits/providers/", vec![nested(1, "Example Carrier")]),
        ("circuits/circuit-types/", vec![nested(1, "transit")]),
        (
            "circuits/circuits/",
            vec![json!({ "id": 1, "cid": "T-1", "provider": nested(1, "x"),
            "type": nested(1, "transit"), "status": choice("active"), "commit_rate": 1000000 })],
        ),
        (
            "circuits/circuit-terminations/",
            vec![json!({ "id": 1, "circuit": nested(1, "T-1"),
            "term_side": "Z", "termination_type": "dcim.site", "termination_id": 1 })],
        ),
        (
            "virtualization/clusters/",
            vec![json!({ "id": 1, "name": "kvm", "status": choice("active"),
            "scope_type": "dcim.site", "scope_id": 1 })],
        ),
        (
            "virtualization/virtual-machines/",
            vec![json!({ "id": 1, "name": "app-1",
            "status": choice("active"), "cluster": nested(1, "kvm") })],
        ),
        (
            "ipam/services/",
            vec![json!({ "id": 1, "name": "https", "protocol": choice("tcp"),
            "ports": [443], "ipaddresses": [], "parent_object_type": "dcim.device",
            "parent_object_id": 1 })],
        ),
    ])
}

/// The same, as a dump of NetBox 3.5 says it.
const DUMP: &str = r#"[
  {"model": "dcim.site", "pk": 1, "fields": {"name": "ams1", "slug": "ams1", "status": "active", "time_zone": "Europe/Amsterdam"}},
  {"model": "dcim.devicerole", "pk": 1, "fields": {"name": "server"}},
  {"model": "dcim.devicerole", "pk": 2, "fields": {"name": "pdu"}},
  {"model": "dcim.devicerole", "pk": 3, "fields": {"name": "router"}},
  {"model": "dcim.device", "pk": 1, "fields": {"name": "web-7", "device_role": 1, "site": 1, "status": "active", "primary_ip4": 77}},
  {"model": "dcim.device", "pk": 2, "fields": {"name": "pdu-a", "device_role": 2, "site": 1, "status": "active"}},
  {"model": "dcim.device", "pk": 3, "fields": {"name": "rtr", "device_role": 3, "site": 1, "status": "active"}},
  {"model": "dcim.powerport", "pk": 1, "fields": {"name": "psu 1", "device": 1, "maximum_draw": 500, "cable": 1}},
  {"model": "dcim.powerport", "pk": 2, "fields": {"name": "psu 2", "device": 1, "maximum_draw": 500, "cable": 2}},
  {"model": "dcim.poweroutlet", "pk": 1, "fields": {"name": "o", "device": 2, "cable": 1}},
  {"model": "dcim.poweroutlet", "pk": 2, "fields": {"name": "o", "device": 2, "cable": 2}},
  {"model": "dcim.interface", "pk": 1, "fields": {"name": "eth0", "device": 1, "cable": 3}},
  {"model": "dcim.interface", "pk": 2, "fields": {"name": "eth0", "device": 3, "cable": 3}},
  {"model": "dcim.interface", "pk": 3, "fields": {"name": "eth0", "device": 3, "cable": 4}},
  {"model": "dcim.cabletermination", "pk": 1, "fields": {"cable": 1, "cable_end": "A", "termination_type": ["dcim", "powerport"], "termination_id": 1}},
  {"model": "dcim.cabletermination", "pk": 2, "fields": {"cable": 1, "cable_end": "B", "termination_type": ["dcim", "poweroutlet"], "termination_id": 1}},
  {"model": "dcim.cabletermination", "pk": 3, "fields": {"cable": 2, "cable_end": "A", "termination_type": ["dcim", "powerport"], "termination_id": 2}},
  {"model": "dcim.cabletermination", "pk": 4, "fields": {"cable": 2, "cable_end": "B", "termination_type": ["dcim", "poweroutlet"], "termination_id": 2}},
  {"model": "dcim.cabletermination", "pk": 5, "fields": {"cable": 3, "cable_end": "A", "termination_type": ["dcim", "interface"], "termination_id": 1}},
  {"model": "dcim.cabletermination", "pk": 6, "fields": {"cable": 3, "cable_end": "B", "termination_type": ["dcim", "interface"], "termination_id": 2}},
  {"model": "dcim.cabletermination", "pk": 7, "fields": {"cable": 4, "cable_end": "A", "termination_type": ["dcim", "interface"], "termination_id": 3}},
  {"model": "dcim.cabletermination", "pk": 8, "fields": {"cable": 4, "cable_end": "B", "termination_type": ["circuits", "circuittermination"], "termination_id": 1}},
  {"model": "dcim.cable", "pk": 1, "fields": {"status": "connected"}},
  {"model": "dcim.cable", "pk": 2, "fields": {"status": "connected"}},
  {"model": "dcim.cable", "pk": 3, "fields": {"status": "connected"}},
  {"model": "dcim.cable", "pk": 4, "fields": {"status": "connected"}},
  {"model": "circuits.provider", "pk": 1, "fields": {"name": "Example Carrier"}},
  {"model": "circuits.circuittype", "pk": 1, "fields": {"name": "transit"}},
  {"model": "circuits.circuit", "pk": 1, "fields": {"cid": "T-1", "provider": 1, "type": 1, "status": "active", "commit_rate": 1000000}},
  {"model": "circuits.circuittermination", "pk": 1, "fields": {"circuit": 1, "term_side": "Z", "site": 1}},
  {"model": "virtualization.cluster", "pk": 1, "fields": {"name": "kvm", "status": "active", "site": 1}},
  {"model": "virtualization.virtualmachine", "pk": 1, "fields": {"name": "app-1", "status": "active", "cluster": 1}},
  {"model": "ipam.service", "pk": 1, "fields": {"name": "https", "protocol": "tcp", "ports": [443], "device": 1, "virtual_machine": null}},
  {"model": "ipam.ipaddress", "pk": 77, "fields": {"address": "192.0.2.7/24"}}
]"#;

fn made(facts: &Facts) -> Import {
    let made = import(facts, Layout::OneFile);
    assert!(made.plant.is_some(), "{:?}\n{}", made.findings, made.files[0].1);
    made
}

#[test]
fn the_api_and_a_dump_say_the_same() {
    let netbox = NetBox::with("4.3.1", objects());
    let live = made(&netbox.read().unwrap());
    let dumped = made(&dump::read(DUMP.as_bytes()).unwrap());
    assert_eq!(live.files, dumped.files);
    let text = &live.files[0].1;
    assert!(text.contains("power: { any: [pdu-a, pdu-a] }"), "{text}");
    assert!(
        text.contains(
            "T-1: { provides: internet, capacity: 1000000 kbit/s, account: Example Carrier }"
        ),
        "{text}"
    );
    assert!(text.contains("    network: T-1\n") && text.contains("    network: rtr\n"), "{text}");
}

#[test]
fn the_token_goes_to_the_address_that_was_given_and_pages_are_our_own() {
    let netbox = NetBox::with("4.3.1", objects());
    netbox.read().unwrap();
    let asked = netbox.asked.lock().unwrap();
    assert!(asked.iter().all(|(_, authorization)| *authorization == format!("Token {TOKEN}")));
    let devices: Vec<&str> = asked
        .iter()
        .map(|(target, _)| target.as_str())
        .filter(|target| target.starts_with("/api/dcim/devices/"))
        .collect();
    assert_eq!(
        devices,
        [
            "/api/dcim/devices/?limit=2&offset=0&ordering=id&exclude=config_context",
            "/api/dcim/devices/?limit=2&offset=2&ordering=id&exclude=config_context",
        ]
    );
    assert!(asked.iter().all(|(target, _)| !target.contains("steal")));
    assert!(
        asked.iter().all(|(target, _)| !target.contains("cable-terminations")),
        "not before 4.5"
    );
}

#[test]
fn tokens_of_the_second_kind_are_sent_as_such() {
    let netbox = NetBox::with("4.5.0", objects());
    let source = Source::new(&format!("{}/api/", netbox.base), "nbt_key.secret").unwrap();
    read(&source).unwrap();
    let asked = netbox.asked.lock().unwrap();
    assert!(asked.iter().all(|(_, authorization)| authorization == "Bearer nbt_key.secret"));
    assert!(asked.iter().any(|(target, _)| target.contains("cable-terminations")));
}

#[test]
fn a_token_never_travels_in_the_clear_nor_stands_in_an_error() {
    for url in ["http://netbox.example", "http://10.0.0.5:8000/"] {
        let refused = Source::new(url, TOKEN).err().unwrap();
        assert!(
            matches!(refused, LiveError::InTheClear(_)) && !refused.to_string().contains(TOKEN)
        );
    }
    for url in [
        "",
        "netbox",
        "ftp://netbox.example",
        "https://",
        "https://a b",
        "https://u:p@netbox.example",
        "https://netbox.example/?x=1",
    ] {
        assert!(matches!(Source::new(url, TOKEN).err(), Some(LiveError::NotAnAddress(_))), "{url}");
    }
    for token in ["", " ", "a b", "a\r\nHost: evil"] {
        assert!(matches!(
            Source::new("https://netbox.example", token).err(),
            Some(LiveError::NotAToken)
        ));
    }
    let nobody = Source::new("https://127.0.0.1:1", TOKEN).unwrap();
    let refused = read(&nobody).unwrap_err().to_string();
    assert!(refused.contains("refused") && !refused.contains(TOKEN), "{refused}");
}

#[test]
fn each_refusal_says_what_it_is() {
    for (status, body, words) in [
        (
            401,
            r#"{"detail": "Invalid token"}"#,
            "NetBox does not accept the token (401: Invalid token)",
        ),
        (
            403,
            r#"{"detail": "Token expired"}"#,
            "NetBox does not accept the token (403: Token expired)",
        ),
        (404, "<h1>nginx</h1>", "there is no NetBox API at http://127.0.0.1"),
        (302, "", "sends elsewhere (302); give the address itself"),
        (502, "bad gateway\nmore", "/api/status/ says 502: bad gateway"),
        (200, "<html>", "does not answer as NetBox does: expected value"),
        (200, "{}", "its status names no version of NetBox"),
    ] {
        let body = body.to_owned();
        let netbox = NetBox::start(move |_, _, _| Reply::Says(status, body.clone()));
        let refused = netbox.read().unwrap_err().to_string();
        assert!(refused.contains(words), "{status}: {refused}");
    }
}

/// A NetBox that behaves, but for one part.
fn but_for(part: &'static str, reply: impl Fn(usize, usize) -> Reply + Send + 'static) -> NetBox {
    let objects = objects();
    NetBox::start(move |path, limit, offset| {
        if path.ends_with(part) {
            reply(limit, offset)
        } else {
            well_behaved("4.3.1", &objects, path, limit, offset)
        }
    })
}

#[test]
fn a_part_that_the_token_may_not_see_is_left_out_and_said() {
    let netbox = but_for("circuits/circuits/", |_, _| {
        Reply::Says(
            403,
            r#"{"detail": "You do not have permission to perform this action."}"#.to_owned(),
        )
    });
    let made = made(&netbox.read().unwrap());
    let words = "circuits/circuits/: NetBox does not show it to this token: it is not in the plant";
    assert!(made.questions.iter().any(|one| one.about == About::Data && one.words == words));
    assert!(!made.files[0].1.contains("T-1"));
    let nothing = NetBox::start(|path, _, _| {
        let status = r#"{"netbox-version": "4.3.1"}"#;
        if path.ends_with("status/") {
            Reply::Says(200, status.to_owned())
        } else {
            Reply::Says(403, "{}".to_owned())
        }
    });
    assert!(nothing.read().unwrap_err().to_string().contains("the token may see nothing of it"));
}

#[test]
fn an_older_netbox_without_a_part_is_no_trouble() {
    let netbox = but_for("virtual-chassis/", |_, _| Reply::Says(404, "{}".to_owned()));
    let made = made(&netbox.read().unwrap());
    assert!(made.questions.iter().any(|one| one.words.contains("this NetBox has no such part")));
}

#[test]
fn a_page_that_never_comes_ends_the_import() {
    let netbox = but_for("dcim/racks/", |_, _| Reply::Silence);
    let source = netbox.source().limited(2, Duration::from_millis(200), 1 << 20);
    let refused = read(&source).unwrap_err().to_string();
    assert!(refused.contains("dcim/racks/") && refused.contains("could not ask"), "{refused}");
}

#[test]
fn a_page_without_an_end_ends_the_import() {
    let netbox = but_for("dcim/racks/", |_, _| Reply::Flood);
    let refused = netbox.read().unwrap_err().to_string();
    assert!(refused.contains("the answer is longer than 1048576 bytes"), "{refused}");
}

#[test]
fn a_count_that_is_not_true_is_said() {
    let racks = |count: u64, gives: usize| {
        but_for("dcim/racks/", move |_, offset| {
            let all: Vec<Value> =
                (1..=gives).map(|id| json!({ "id": id, "name": format!("R{id}") })).collect();
            let page: Vec<Value> = all.into_iter().skip(offset).take(2).collect();
            Reply::Says(200, json!({ "count": count, "results": page }).to_string())
        })
    };
    let words = |netbox: NetBox| {
        let facts = netbox.read().unwrap();
        facts.holes.iter().map(|hole| hole.words.clone()).collect::<Vec<_>>()
    };
    assert_eq!(words(racks(1_000_000, 3)), ["NetBox says that there are 1000000, and gave 3"]);
    assert_eq!(words(racks(1, 3)), ["NetBox says that there are 1, and gave 2"]);
    assert_eq!(words(racks(3, 3)), Vec::<String>::new());
}

#[test]
fn a_page_of_another_shape_ends_the_import() {
    for (body, words) in [
        ("[]", "a page without `count`"),
        (r#"{"count": 1}"#, "a page without `results`"),
        (r#"{"count": "many", "results": []}"#, "a page without `count`"),
        (r#"{"count": 1, "results": ["#, "EOF while parsing"),
    ] {
        let netbox = but_for("dcim/racks/", move |_, _| Reply::Says(200, body.to_owned()));
        let refused = netbox.read().unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
    }
}

#[test]
fn objects_of_other_shapes_are_holes_and_no_panic() {
    let netbox = but_for("dcim/racks/", |_, offset| {
        let page = [
            json!(7),
            json!({ "id": "x" }),
            json!({ "id": 5, "name": [1], "site": "a" }),
            json!({ "id": 5 }),
        ];
        let page: Vec<&Value> = page.iter().skip(offset).collect();
        Reply::Says(200, json!({ "count": 4, "results": page }).to_string())
    });
    let facts = netbox.read().unwrap();
    let holes: Vec<String> =
        facts.holes.iter().map(|hole| format!("{}: {}", hole.object, hole.words)).collect();
    assert_eq!(
        holes,
        [
            "dcim/racks/: an object that is none",
            "dcim.rack: an object without a number",
            "dcim.rack 5: `name` cannot be read",
            "dcim.rack 5: `site` cannot be read",
            "dcim.rack 5: stands twice; the first counts",
        ]
    );
    made(&facts);
}
