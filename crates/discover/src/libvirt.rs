//! What libvirt says of its guests: domains as `/etc/libvirt/qemu/*.xml` and `virsh dumpxml` have them.
//!
//! A guest runs on the host that the files are of. Disks that come over a network are storage which it needs; disks
//! that are the host's own go with it. Bridges, memory and shares of file systems are said beside it. No document
//! types, entities or other files are read, and nothing is run. Tested with what `virsh` writes, and with hostile
//! texts.

use crate::seen::{How, Lines, Report, Thing, Unreadable, shown};
use blackstart_model::draft::About;
use blackstart_model::kind::Kind;
use roxmltree::{Document, Node, ParsingOptions};
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Nodes of one text at most: some ten thousand domains.
const NODES_MAX: u32 = 5_000_000;

/// Reads domains, one after the other; `of` is the host they are of, where somebody says it.
///
/// # Errors
/// When it is no XML, or has no domain in it.
pub fn read(text: &str, by: &str, of: Option<&str>) -> Result<Report, Unreadable> {
    let mut report = Report::new(by);
    let host = of.map(|of| report.named(of, Some(Kind::Hypervisor), ""));
    // `virsh dumpxml` of several is several documents: within one element they are one, on the same lines.
    let text = text.trim_start_matches('\u{feff}');
    let bare = match text.trim_start().strip_prefix("<?xml") {
        Some(rest) => rest.split_once("?>").map_or(rest, |(_, rest)| rest),
        None => text,
    };
    let wrapped = format!("<all>{bare}</all>");
    let options = ParsingOptions { nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(&wrapped, options)
        .map_err(|error| Unreadable(format!("it is no XML of libvirt's: {error}")))?;
    let domains: Vec<Node<'_, '_>> = document
        .descendants()
        .filter(|node| node.has_tag_name("domain") && child(*node, "name").is_some())
        .collect();
    if domains.is_empty() {
        return Err(Unreadable::new("there is no domain in it"));
    }
    if host.is_none() {
        report.questions.push(format!(
            "{}: on which host do these guests run? Say `libvirt@NAME={}`, or `--from here` first",
            report.by, report.by
        ));
    }
    let lines = Lines::of(&wrapped);
    let mut seen: BTreeSet<String> = BTreeSet::new();
    for domain in domains {
        if report.is_full() {
            break;
        }
        let line = lines.at(domain.range().start);
        self::domain(&mut report, &mut seen, domain, host, &format!("line {line}"));
    }
    Ok(report)
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.has_tag_name(name))
}

fn text_of(node: Node<'_, '_>, name: &str) -> String {
    child(node, name).and_then(|child| child.text()).map(shown).unwrap_or_default()
}

fn domain(
    report: &mut Report,
    seen: &mut BTreeSet<String>,
    domain: Node<'_, '_>,
    host: Option<usize>,
    at: &str,
) {
    let name = text_of(domain, "name");
    let uuid = text_of(domain, "uuid");
    if name.is_empty() {
        report.doubt(at, "a domain without a name");
        return;
    }
    // What is defined and what runs may both be in a dump.
    if !seen.insert(if uuid.is_empty() { name.to_lowercase() } else { uuid.to_lowercase() }) {
        return;
    }
    let is_container = domain.attribute("type") == Some("lxc");
    let kind = if is_container { Kind::Container } else { Kind::Vm };
    let mut thing = Thing { name, kind: Some(kind), at: at.to_owned(), ..Thing::default() };
    if !uuid.is_empty() {
        thing.marks.push(format!("uuid {uuid}"));
    }
    let memory = child(domain, "memory").map(|memory| {
        let unit = shown(memory.attribute("unit").unwrap_or("KiB"));
        format!("memory {} {unit}", shown(memory.text().unwrap_or_default()))
    });
    let processors = text_of(domain, "vcpu");
    let processors = (!processors.is_empty()).then(|| format!("{processors} processors"));
    let has: Vec<String> = memory.into_iter().chain(processors).collect();
    if !has.is_empty() {
        thing.remarks.push(has.join(", "));
    }
    let guest = report.add(thing);
    if let Some(host) = host {
        report.need(guest, "on", vec![host], How::Any);
    }
    let Some(devices) = child(domain, "devices") else { return };
    let mut own = 0_usize;
    let mut stores: Vec<usize> = Vec::new();
    for disk in devices.children().filter(|it| it.has_tag_name("disk")) {
        // A drive for discs holds nothing that a guest cannot do without.
        if matches!(disk.attribute("device"), Some("cdrom" | "floppy")) {
            continue;
        }
        let Some(source) = child(disk, "source") else { continue };
        match disk.attribute("type") {
            Some("network") => {
                let store = store(report, source, at);
                if !stores.contains(&store) {
                    stores.push(store);
                }
            }
            Some("file" | "block" | "volume" | "dir") => {
                own += 1;
                let path =
                    ["file", "dev", "dir", "volume"].iter().find_map(|key| source.attribute(*key));
                if let Some(path) = path {
                    report.things[guest].remarks.push(format!("disk {}", shown(path)));
                }
            }
            other => {
                report.doubt(at, &format!("a disk of the kind `{}`", shown(other.unwrap_or(""))))
            }
        }
    }
    if !stores.is_empty() {
        report.need(guest, "needs", stores, How::All);
    }
    if own > 0 {
        let words = format!(
            "do the disks of {} lie on its host itself, or on storage that the host mounts (then `needs` it)?",
            report.things[guest].name
        );
        report.things[guest].questions.push((About::Machine, words));
    }
    joined(report, guest, devices);
}

/// The bridges and networks that a guest is joined to: its host's, so that they are said and not needed.
fn joined(report: &mut Report, guest: usize, devices: Node<'_, '_>) {
    for interface in devices.children().filter(|it| it.has_tag_name("interface")) {
        let source = child(interface, "source");
        let to = ["bridge", "network", "dev"]
            .iter()
            .find_map(|key| Some((*key, source?.attribute(*key)?)));
        if let Some((how, to)) = to {
            report.things[guest].remarks.push(format!("joined to {how} {}", shown(to)));
        }
        for address in interface.children().filter(|it| it.has_tag_name("ip")) {
            let address = address.attribute("address").and_then(|it| it.parse::<IpAddr>().ok());
            report.things[guest].addresses.extend(address);
        }
    }
}

/// What serves a disk over a network, by its protocol and its servers.
fn store(report: &mut Report, source: Node<'_, '_>, at: &str) -> usize {
    let protocol = shown(source.attribute("protocol").unwrap_or("network"));
    let path = source.attribute("name").unwrap_or_default();
    let pool = shown(path.split(['/', ':']).next().unwrap_or_default());
    let servers: Vec<String> = source
        .children()
        .filter(|it| it.has_tag_name("host"))
        .filter_map(|host| host.attribute("name"))
        .map(shown)
        .collect();
    let name = match (protocol.as_str(), servers.as_slice()) {
        // A pool of Ceph is not at its monitors, which are several.
        ("rbd", _) | (_, []) => format!("{protocol}-{pool}"),
        (_, [first, ..]) => format!("{protocol}-{first}"),
    };
    let known = report.find(&name);
    let store = known.unwrap_or_else(|| {
        let addresses = match servers.as_slice() {
            [only] => only.parse::<IpAddr>().into_iter().collect(),
            _ => Vec::new(),
        };
        let kind = Some(Kind::Storage);
        let at = at.to_owned();
        report.add(Thing { name, kind, at, addresses, ..Thing::default() })
    });
    if known.is_none() {
        let thing = &mut report.things[store];
        if !servers.is_empty() {
            thing.remarks.push(format!("asked at {}", servers.join(", ")));
        }
        let words =
            format!("what is {} made of, and how much of it does it need to go on?", thing.name);
        thing.questions.push((About::Machine, words));
    }
    store
}
