//! What people call the facts of a machine, in a table's columns and in an inventory's variables alike.
//!
//! A column or variable is a field of the plant language, or one of a few words for one (`rack`, `switch`, `pdu`…). A
//! cell names one, `a or b` where one is enough, `a and b` where all are needed, `2 of a, b, c`. What a plant
//! could not hold is a doubt with its place and nothing else is lost for it. Tested through the table.

use crate::look::question;
use crate::seen::{Asked, How, Report, shown};
use blackstart_model::draft::roles::{self, Said};
use blackstart_model::kind::Kind;
use blackstart_model::plantfile::fields::{FIELDS, Holds};
use std::net::IpAddr;

/// Names in one cell at most.
const NAMES_MAX: usize = 1_000;

/// Services that a check may be asked of by their name alone, with the port that each has when none is said (IANA,
/// Service Name and Transport Protocol Port Number Registry).
const SPOKEN: [(&str, u16); 12] = [
    ("ssh", 22),
    ("smtp", 25),
    ("dns", 53),
    ("http", 80),
    ("ntp", 123),
    ("imap", 143),
    ("https", 443),
    ("mysql", 3306),
    ("mariadb", 3306),
    ("postgres", 5432),
    ("redis", 6379),
    ("rdp", 3389),
];

/// What a column or variable says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Word {
    /// What the thing is called.
    Name,
    /// What it is.
    Kind,
    /// Its addresses.
    Address,
    /// The questions put to it.
    Checks,
    /// Something said beside it.
    Remark,
    /// The place it stands in, of this kind.
    Place(Kind),
    /// What it needs, in this field; the kind is what is named there, where the word says it.
    Need(&'static str, Option<Kind>),
    /// Another field of the plant language.
    Field(&'static str),
}

/// What a column or variable of this name says; `None` where nobody calls anything so.
pub(crate) fn word(column: &str) -> Option<Word> {
    let column = column.trim().to_lowercase().replace([' ', '-'], "_");
    Some(match column.as_str() {
        "name" | "hostname" | "host_name" => Word::Name,
        "kind" | "type" | "role" => Word::Kind,
        "address" | "addresses" | "ip" | "ips" | "ip_address" | "ip_addresses" => Word::Address,
        "checks" | "check" => Word::Checks,
        "remark" | "remarks" | "comment" | "comments" | "notes" | "description" => Word::Remark,
        "rack" => Word::Place(Kind::Rack),
        "room" => Word::Place(Kind::Room),
        "site" | "datacenter" | "datacentre" => Word::Place(Kind::Site),
        "switch" | "switches" => Word::Need("network", Some(Kind::Switch)),
        "uplink" | "uplinks" => Word::Need("network", None),
        "pdu" | "pdus" => Word::Need("power", Some(Kind::Pdu)),
        "feed" | "feeds" => Word::Need("power", Some(Kind::Feed)),
        "hypervisor" | "vm_host" => Word::Need("on", Some(Kind::Hypervisor)),
        other => {
            let field = FIELDS.iter().find(|field| field.name == other)?;
            match field.holds {
                Holds::Requirement(_) | Holds::Redundant(_) | Holds::Network => {
                    Word::Need(field.name, None)
                }
                Holds::Segments | Holds::Condition => return None,
                _ => Word::Field(field.name),
            }
        }
    })
}

/// The kind that a text names: the plant language's word, its section, or the words of a role.
pub(crate) fn kind(text: &str) -> Option<Kind> {
    let plain = text.trim().to_lowercase().replace([' ', '-'], "_");
    let known = Kind::ALL
        .iter()
        .find(|kind| kind.section() == plain || kind.as_str().replace('-', "_") == plain);
    known.copied().or_else(|| match roles::read(text, "") {
        Some(Said::Kind(kind)) => Some(kind),
        Some(Said::Passive) | None => None,
    })
}

/// Takes in what one cell or variable says of a thing.
pub(crate) fn take(report: &mut Report, thing: usize, word: Word, cell: &str, at: &str) {
    let cell = cell.trim();
    if cell.is_empty() {
        return;
    }
    match word {
        Word::Name => {}
        Word::Kind => match kind(cell) {
            Some(kind) => report.things[thing].kind = Some(kind),
            None => report.doubt(at, &format!("`{}` is no kind that a plant knows", shown(cell))),
        },
        Word::Address => addresses(report, thing, cell, at),
        Word::Checks => checks(report, thing, cell, at),
        Word::Remark => report.things[thing].remarks.push(shown_whole(cell)),
        // Places stand within each other, so they are taken together: `places`.
        Word::Place(kind) => places(report, thing, &[(kind, cell)], at),
        Word::Need(field, kind) => need(report, thing, field, kind, cell, at),
        Word::Field(field) => report.field(thing, field, cell, at),
    }
}

/// A thing's site, room and rack: it stands in the narrowest, and each of them in the next.
pub(crate) fn places(report: &mut Report, thing: usize, said: &[(Kind, &str)], at: &str) {
    let mut within: Option<usize> = None;
    for kind in [Kind::Site, Kind::Room, Kind::Rack] {
        let Some((_, cell)) =
            said.iter().find(|(known, cell)| *known == kind && !cell.trim().is_empty())
        else {
            continue;
        };
        within = Some(place(report, kind, cell.trim(), within, at));
    }
    if let Some(within) = within.filter(|within| *within != thing) {
        report.need(thing, "in", vec![within], How::Any);
    }
}

/// The place of this name within that: rack A1 of one site is another than rack A1 of the next.
fn place(report: &mut Report, kind: Kind, name: &str, within: Option<usize>, at: &str) -> usize {
    let stands_in = |report: &Report, place: usize| {
        let needs = &report.things[place].needs;
        needs.iter().find(|needed| needed.field == "in").and_then(|it| it.of.first().copied())
    };
    let mut found = report.named(name, Some(kind), at);
    if let Some(within) = within {
        if stands_in(report, found).is_some_and(|known| known != within) || found == within {
            let longer = format!("{}.{}", report.things[within].name, shown(name));
            found = report.named(&longer, Some(kind), at);
        }
        if stands_in(report, found).is_none() && found != within {
            report.need(found, "in", vec![within], How::Any);
        }
    }
    // A place is described by being named as one.
    report.things[found].is_implied = false;
    found
}

fn addresses(report: &mut Report, thing: usize, cell: &str, at: &str) {
    for text in cell.split([',', ';', ' ', '\n']).map(str::trim).filter(|text| !text.is_empty()) {
        // An address is often written with the length of its network.
        let bare = text.split_once('/').map_or(text, |(address, _)| address);
        match bare.trim_matches(['[', ']']).parse::<IpAddr>() {
            Ok(address) => {
                if !report.things[thing].addresses.contains(&address) {
                    report.things[thing].addresses.push(address);
                }
            }
            Err(_) => report.doubt(at, &format!("`{}` is no address", shown(text))),
        }
    }
}

fn need(
    report: &mut Report,
    thing: usize,
    field: &'static str,
    kind: Option<Kind>,
    cell: &str,
    at: &str,
) {
    let (how, names) = match several(field, cell) {
        Ok(several) => several,
        Err(why) => {
            report.doubt(at, &format!("`{field}: {}`: {why}", shown(cell)));
            return;
        }
    };
    let mut of = Vec::new();
    for name in names {
        of.push(report.named(name, kind, at));
    }
    let is_said = report.things[thing].needs.iter().any(|known| known.field == field);
    if is_said && !matches!(field, "needs" | "uses" | "degraded_without" | "to_start" | "covers") {
        report.doubt(at, &format!("`{field}` is said twice; the first counts"));
        return;
    }
    of.retain(|of| *of != thing);
    if !of.is_empty() {
        report.need(thing, field, of, how);
    }
}

/// The names of a cell, and how many of them are needed.
fn several<'c>(field: &str, cell: &'c str) -> Result<(How, Vec<&'c str>), &'static str> {
    let is_redundant = FIELDS.iter().any(|known| {
        known.name == field && matches!(known.holds, Holds::Redundant(_) | Holds::Network)
    });
    let split = |text: &'c str, by: &[&str]| -> Vec<&'c str> {
        let mut parts = vec![text];
        for by in by {
            parts = parts.iter().flat_map(|part| part.split(by)).collect();
        }
        parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect()
    };
    let at_least =
        cell.split_once(" of ").and_then(|(k, of)| Some((k.trim().parse::<usize>().ok()?, of)));
    let (has_or, has_and) = (cell.contains(" or ") || cell.contains('|'), cell.contains(" and "));
    let (how, names) = match (at_least, has_or, has_and) {
        (Some((least, of)), false, false) => (How::AtLeast(least), split(of, &[",", ";"])),
        (None, true, false) => (How::Any, split(cell, &[" or ", "|"])),
        (None, false, true) => (How::All, split(cell, &[" and "])),
        (None, false, false) => (How::All, split(cell, &[",", ";", "\n"])),
        (_, _, _) => return Err("mixes `or`, `and` and `of`: write it into the plant by hand"),
    };
    if names.len() > NAMES_MAX {
        return Err("names more than 1000");
    }
    if let How::AtLeast(least) = how
        && (least == 0 || least > names.len())
    {
        return Err("so many of so few cannot be");
    }
    if names.len() > 1 && is_redundant && how == How::All && !has_and {
        return Err(
            "several names: say `a or b` where one is enough, `a and b` where all are needed",
        );
    }
    Ok((if names.len() == 1 { How::Any } else { how }, names))
}

fn checks(report: &mut Report, thing: usize, cell: &str, at: &str) {
    for text in cell.split([';', '\n']).map(str::trim).filter(|text| !text.is_empty()) {
        match check(report, thing, text) {
            Some(check) => report.things[thing].asked.push(Asked::Told(check)),
            None => {
                let words = format!(
                    "`{}` is no check: say `icmp`, `tcp:443`, `ssh`, a URL, or a check as in a plant; and an address",
                    shown(text)
                );
                report.doubt(at, &words);
            }
        }
    }
}

/// A check as it is written in a plant: of a few words, or so already.
fn check(report: &Report, thing: usize, text: &str) -> Option<String> {
    let host = host(report, thing);
    let good = |written: String| question(&written).map(|_| written);
    if let Some((scheme, _)) = text.split_once("://") {
        let quoted = blackstart_model::plantfile::scalar(text);
        return good(format!("{}: {quoted}", scheme.to_lowercase()));
    }
    let (word, port) = match text.split_once([':', ' ']) {
        Some((word, port)) => (word.trim().to_lowercase(), port.trim().parse::<u16>().ok()),
        None => (text.to_lowercase(), None),
    };
    let is_short = !text.contains([':', ' ']) || port.is_some();
    if is_short && let Some(host) = host {
        if matches!(word.as_str(), "icmp" | "ping") && port.is_none() {
            return good(format!("icmp: \"{host}\""));
        }
        let bracketed = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        if let Ok(port) = text.parse::<u16>() {
            return good(format!("tcp: \"{bracketed}:{port}\""));
        }
        let known = SPOKEN.iter().find(|(known, _)| *known == word).map(|(_, port)| *port);
        return match (word.as_str(), port.or(known)?) {
            ("tcp", port) => good(format!("tcp: \"{bracketed}:{port}\"")),
            ("http" | "https", port) => good(format!("{word}: \"{word}://{bracketed}:{port}/\"")),
            ("mysql", port) => good(format!("mariadb: \"{bracketed}:{port}\"")),
            ("dns", port) => good(format!("dns: \"{bracketed}:{port}\", query: . NS")),
            // What the plant has no words for is at least to take a connection.
            (word, port) => good(format!("{word}: \"{bracketed}:{port}\""))
                .or_else(|| good(format!("tcp: \"{bracketed}:{port}\""))),
        };
    }
    good(text.to_owned())
}

/// What a thing is asked at: its first address, else its name where that is one of the DNS.
fn host(report: &Report, thing: usize) -> Option<String> {
    let thing = &report.things[thing];
    let address = thing.addresses.first().map(IpAddr::to_string);
    address.or_else(|| thing.name.contains('.').then(|| thing.name.clone()))
}

/// A longer text on one line.
fn shown_whole(text: &str) -> String {
    const WHOLE_MAX: usize = 500;
    text.chars().map(|it| if it.is_control() { ' ' } else { it }).take(WHOLE_MAX).collect()
}
