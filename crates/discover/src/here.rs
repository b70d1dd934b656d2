//! What this machine says of itself, as a report: what runs on it and what it may be asked, what it relies on, and
//! what no machine knows of itself.

use crate::host::{Container, Host, Listening, OnDisk, is_of};
use crate::seen::{Asked, How, Needed, Report, Thing};
use blackstart_model::draft::About;
use blackstart_model::kind::Kind;
use blackstart_model::plantfile::scalar;
use blackstart_model::time::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

/// Programs that speak HTTP, by the names that Debian gives them.
const WEB: [&str; 9] =
    ["nginx", "apache2", "httpd", "caddy", "lighttpd", "haproxy", "traefik", "varnishd", "envoy"];

/// Ports on which HTTP is spoken by whatever listens, often enough to ask.
const WEB_PORTS: [u16; 7] = [80, 3000, 8000, 8008, 8080, 8888, 9090];

/// Ports on which it is spoken within TLS.
const TLS_PORTS: [u16; 2] = [443, 8443];

/// Programs that are name servers.
const NAMES: [&str; 7] =
    ["named", "unbound", "dnsmasq", "systemd-resolve", "knotd", "kresd", "pdns_recursor"];

/// What is spoken by which programs, and on which ports by whatever listens there: the kind of check, by names that
/// Debian gives programs, and by ports of IANA. Postfix listens as `master`, which others do, too.
const SPOKEN: [(&str, &[&str], &[u16]); 6] = [
    ("ssh", &["sshd", "dropbear"], &[22]),
    ("smtp", &["exim4", "exim", "sendmail", "smtpd"], &[25, 587]),
    ("imap", &[], &[143]),
    ("redis", &["redis-server", "valkey-server", "redis-sentinel"], &[6379]),
    // Without a user both ask whether it takes sessions: one that wants to know who we are speaks its protocol.
    ("postgres", &["postgres"], &[5432]),
    // A connection that says nothing counts against its host with MariaDB, and after a hundred it is shut out.
    ("mariadb", &["mariadbd", "mysqld"], &[3306]),
];

/// Programs that keep data.
const DATABASES: [&str; 7] =
    ["postgres", "mariadbd", "mysqld", "redis-server", "valkey-server", "mongod", "memcached"];

/// Hardware addresses that routers hold together: VRRP and CARP (RFC 5798, 7.3), HSRP (RFC 2281, 5.3; version 2 by
/// Cisco's documentation), GLBP.
const SHARED: [(&str, &str); 5] = [
    ("00:00:5e:00:01:", "VRRP or CARP"),
    ("00:00:5e:00:02:", "VRRP"),
    ("00:00:0c:07:ac:", "HSRP"),
    ("00:00:0c:9f:f", "HSRP"),
    ("00:07:b4:00:", "GLBP"),
];

/// What this machine says of itself.
#[must_use]
pub fn here(host: &Host) -> Report {
    let mut report = Report::new("this machine");
    report.timezone = host.timezone.clone().filter(|zone| is_zone(zone));
    report.notes = notes(host);
    report.questions = host.unseen.iter().map(|what| format!("not seen: {what}")).collect();
    let name = if host.name.is_empty() { "this-machine" } else { &host.name };
    let machine = Thing { name: name.to_owned(), kind: Some(Kind::Server), ..Thing::default() };
    let machine = report.add(machine);
    report.own = Some(machine);
    gateways(&mut report, host, machine);
    // A stub on this machine is found as what listens.
    let resolvers: Vec<&IpAddr> = host.resolvers.iter().filter(|it| !it.is_loopback()).collect();
    for (nth, resolver) in resolvers.iter().enumerate() {
        report.add(Thing {
            name: numbered("resolver", resolver, nth),
            kind: Some(Kind::Service),
            at: "/etc/resolv.conf".to_owned(),
            asked: vec![Asked::Try(vec![
                format!("dns: \"{resolver}\", query: . NS"),
                format!("dns: \"{resolver}\", query: localhost A"),
            ])],
            ..Thing::default()
        });
    }
    let containers = containers(&mut report, host, machine);
    let listening = listening(&mut report, host, machine, &containers);
    certificates(&mut report, host, &listening);
    report.questions.extend(questions(host));
    report.questions.extend(units(host));
    report
}

fn gateways(report: &mut Report, host: &Host, machine: usize) {
    if host.gateways.is_empty() {
        return;
    }
    let access = report.add(Thing {
        name: "internet-access".to_owned(),
        kind: Some(Kind::Upstream),
        at: "default route".to_owned(),
        fields: vec![("provides", "internet".to_owned())],
        ..Thing::default()
    });
    let mut of = Vec::new();
    for (nth, address) in host.gateways.iter().copied().enumerate() {
        let hardware = host.gateway_hardware.get(&address);
        let is_shared =
            hardware.is_some_and(|hardware| SHARED.iter().any(|(of, _)| hardware.starts_with(of)));
        let gateway = report.add(Thing {
            name: numbered("gateway", &address, nth),
            kind: Some(if is_shared { Kind::Vip } else { Kind::Router }),
            marks: hardware
                .filter(|_| !is_shared)
                .map(|it| format!("mac {it}"))
                .into_iter()
                .collect(),
            at: "default route".to_owned(),
            addresses: vec![address],
            asked: vec![Asked::Try(vec![format!("icmp: \"{address}\"")])],
            ..Thing::default()
        });
        if let Some((_, by)) =
            hardware.and_then(|own| SHARED.iter().find(|(of, _)| own.starts_with(of)))
        {
            let words = format!(
                "which routers hold {address} in turn ({by}), and was the change ever tried?"
            );
            report.things[gateway].questions.push((About::Network, words));
        }
        report.need(gateway, "network", vec![access], How::Any);
        of.push(gateway);
    }
    let at = Some("default route".to_owned());
    let through = Some(host.ways_out.clone());
    let needed = Needed { field: "network", of, how: How::Any, at, through };
    report.things[machine].needs.push(needed);
}

/// Of several each but the first is called by its address, too.
fn numbered(name: &str, address: &IpAddr, nth: usize) -> String {
    if nth == 0 { name.to_owned() } else { format!("{name}-{address}") }
}

/// Each container that runs, by its number or name.
fn containers<'h>(report: &mut Report, host: &'h Host, machine: usize) -> BTreeMap<&'h str, usize> {
    let mut found = BTreeMap::new();
    for (id, container) in &host.containers {
        let Container { name, image, restarts } = container;
        let kind = Some(Kind::Container);
        let mut thing =
            Thing { name: name.clone(), kind, at: "container".to_owned(), ..Thing::default() };
        thing.remarks.extend(image.as_ref().map(|image| format!("image {image}")));
        if *restarts == Some(false) {
            let words = format!("{name} runs and would not start with this machine: is it to?");
            thing.questions.push((About::Status, words));
        }
        let at = report.add(thing);
        report.need(at, "on", vec![machine], How::Any);
        found.insert(id.as_str(), at);
    }
    found
}

/// What listens, by its unit or program: its number, and the processes of it.
fn listening<'h>(
    report: &mut Report,
    host: &'h Host,
    machine: usize,
    containers: &BTreeMap<&str, usize>,
) -> Vec<(usize, &'h str)> {
    let mut by_program: BTreeMap<(Option<&str>, String), Vec<&Listening>> = BTreeMap::new();
    for listening in &host.listening {
        let key = (listening.container.as_deref(), called(listening));
        by_program.entry(key).or_default().push(listening);
    }
    let mut found = Vec::new();
    for ((container, called), listening) in by_program {
        let program = listening[0].program.as_deref().unwrap_or_default();
        let mut ports: Vec<u16> = Vec::new();
        let mut asked = Vec::new();
        for one in &listening {
            // The same port at several addresses is one thing; the first speaks for it.
            if !ports.contains(&one.port) {
                ports.push(one.port);
                asked.push(Asked::Try(candidates(one)));
            }
        }
        let at = why(listening[0], &ports);
        // A container that publishes one port is what is asked by it.
        if let Some(container) = container.and_then(|id| containers.get(id)) {
            report.things[*container].asked.extend(asked);
            report.things[*container].remarks.push(at);
            continue;
        }
        let kind = if DATABASES.contains(&program) { Kind::Database } else { Kind::Service };
        let thing = Thing { name: called, kind: Some(kind), at, asked, ..Thing::default() };
        let thing = report.add(thing);
        report.need(thing, "on", vec![machine], How::Any);
        found.push((thing, program));
    }
    found
}

/// Certificates that programs are configured with. Of one that is presented in another form the end of that one
/// counts.
fn certificates(report: &mut Report, host: &Host, listening: &[(usize, &str)]) {
    for OnDisk { path, program, certificate, presented } in &host.certificates {
        let users = listening.iter().filter(|(_, process)| is_of(program, process));
        let users: Vec<usize> = users.map(|(thing, _)| *thing).collect();
        let name = certificate.names.first().map_or("certificate", String::as_str);
        let kind = Some(Kind::Certificate);
        let at = format!("{path}, of {program}");
        let mut thing = Thing { name: format!("certificate-{name}"), kind, at, ..Thing::default() };
        if report.find(&thing.name).is_some() {
            thing.name = format!("{}-{program}", thing.name);
        }
        let mut ends = certificate.ends_s;
        if let Some((address, served)) = presented {
            ends = ends.min(served.ends_s);
            let (on_disk, told) = (day(certificate.ends_s), day(served.ends_s));
            let words = if certificate.begins_s > served.begins_s {
                format!(
                    "{address} still presents a certificate until {told}, and {path} has a newer one until {on_disk}: was \
                     a reload of {program} forgotten?"
                )
            } else {
                format!(
                    "{address} presents another certificate (until {told}) than {path} (until {on_disk}): which is right?"
                )
            };
            thing.questions.push((About::Status, words));
        }
        let at = report.add(thing);
        if let Ok(ends) = Timestamp::from_second(ends) {
            report.things[at].fields.push(("expires", scalar(&ends.to_string())));
        }
        if users.is_empty() {
            let words = format!("{program} names {path}, and does not listen: is it to?");
            report.things[at].questions.push((About::Status, words));
        } else {
            report.need(at, "covers", users, How::All);
        }
    }
}

/// The day of an instant.
fn day(seconds: i64) -> String {
    let at = Timestamp::from_second(seconds);
    at.map_or_else(
        |_| "a time that is none".to_owned(),
        |at| at.to_string().chars().take(10).collect(),
    )
}

/// What of systemd's units a person has to say whether it is meant so.
fn units(host: &Host) -> Vec<String> {
    let mut asked = Vec::new();
    for unit in &host.idle_units {
        asked.push(format!(
            "the unit {unit} is enabled and does not run: did it fail, or was it stopped?"
        ));
    }
    for unit in &host.unwanted_units {
        asked.push(format!(
            "the unit {unit} runs and is not enabled: what starts it when this machine starts?"
        ));
    }
    if host.has_systemd {
        let is_loose =
            |it: &&Listening| it.unit.is_none() && it.container.is_none() && it.program.is_some();
        let mut loose: Vec<&str> =
            host.listening.iter().filter(is_loose).filter_map(|it| it.program.as_deref()).collect();
        loose.sort_unstable();
        loose.dedup();
        if !loose.is_empty() {
            let loose = loose.join(", ");
            asked.push(format!(
                "{loose} listen and belong to no unit: what starts them when this machine starts?"
            ));
        }
    }
    asked
}

/// What a listening program is called: its unit, else itself, else its port.
fn called(listening: &Listening) -> String {
    let Listening { port, program, unit, .. } = listening;
    // Template units and the units of sessions are named by their programs better than by themselves.
    let unit = unit.as_ref().filter(|unit| !unit.contains('@') && !unit.starts_with("session"));
    unit.or(program.as_ref()).cloned().unwrap_or_else(|| format!("port-{port}"))
}

fn why(listening: &Listening, ports: &[u16]) -> String {
    let Listening { program, unit, .. } = listening;
    let program = program.as_deref().unwrap_or("a program that we may not see");
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    let mut text = format!("{program} listens on {}", ports.join(", "));
    if let Some(unit) = unit {
        let _ = write!(text, ", unit {unit}");
    }
    text
}

/// What may be asked of it, the most telling first. Only where it is known what is spoken something is said; of the
/// others it is seen whether they take a connection.
fn candidates(listening: &Listening) -> Vec<String> {
    let Listening { port, program, .. } = listening;
    let program = program.as_deref().unwrap_or_default();
    let target = listening.reached();
    let mut asked = Vec::new();
    if NAMES.contains(&program) && *port == 53 {
        asked.push(format!("dns: \"{target}\", query: . NS"));
        // Some are for their own names only, or have no way to the root; this one every resolver has (RFC 6761, 6.3).
        asked.push(format!("dns: \"{target}\", query: localhost A"));
        asked.push(format!("dns: \"{target}\", query: . NS, rcode: REFUSED"));
    }
    if TLS_PORTS.contains(port) {
        asked.push(format!("https: \"https://{target}/\", status: 200..499"));
    } else if WEB.contains(&program) || WEB_PORTS.contains(port) {
        asked.push(format!("http: \"http://{target}/\""));
        // It answers, and does not want to show this page.
        asked.push(format!("http: \"http://{target}/\", status: 200..499"));
    }
    for (kind, programs, ports) in SPOKEN {
        if programs.contains(&program) || ports.contains(port) {
            asked.push(format!("{kind}: \"{target}\""));
        }
    }
    asked.push(format!("tcp: \"{target}\""));
    asked
}

/// Whether a plant may name this zone.
fn is_zone(zone: &str) -> bool {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "/_+-".contains(it);
    let text = format!("blackstart: 1\ntimezone: {zone}\n");
    zone.chars().all(is_plain) && blackstart_model::plantfile::parse_str(&text).0.is_some()
}

fn notes(host: &Host) -> Vec<String> {
    let mut found = Vec::new();
    for (interface, up) in &host.interfaces {
        found.push(format!("interface {interface} is {}", if *up { "up" } else { "not up" }));
    }
    found
}

/// What no machine knows of itself.
fn questions(host: &Host) -> Vec<String> {
    let mut asked = vec![
        "who is to be told, and how (`alerts`, and `notify` of each customer)".to_owned(),
        "from where else it is looked at: nobody sees from inside whether it is reached from outside (`vantages`)".to_owned(),
    ];
    if !host.timezone.as_deref().is_some_and(is_zone) {
        asked.push("which zone its times are in (`timezone`): UTC until somebody says".to_owned());
    }
    if host.gateways.is_empty() {
        asked.push("how it reaches anything: it has no default route".to_owned());
    } else {
        asked.push(
            "what lies between the gateway and the internet (`switches`, `upstreams`)".to_owned(),
        );
    }
    let of_one_family =
        |is_v4: bool| host.gateways.iter().filter(|it| it.is_ipv4() == is_v4).count();
    if of_one_family(true) > 1 || of_one_family(false) > 1 {
        asked.push("whether one of its gateways stands in for the other, or each is for something of its own".to_owned());
    }
    for mount in &host.mounts {
        let (at, source, kind) = (&mount.at, &mount.source, &mount.kind);
        asked.push(format!(
            "what stops when {source} ({kind}, seen at {at}) is away (`storage`, `needs`)"
        ));
    }
    asked
}
