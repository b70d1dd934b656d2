//! An Ansible inventory: which machines there are, what their groups and variables say of them, and where they are
//! asked.
//!
//! Three forms come to one: INI, YAML, and the JSON of `ansible-inventory --list`, which has read everything that
//! Ansible would (`group_vars/`, plugins). A group's name says what its hosts are where it has a word for it
//! (`roles`), a variable what a table's column of that name says (`words`). No other variable is taken, for there are
//! secrets among them; nothing is run and no template is filled in. Tested with what `ansible-inventory` really
//! writes.

mod ini;
mod json;
mod yaml;

use crate::seen::{Asked, Report, THINGS_MAX, Unreadable, shown};
use crate::words::{self, Word};
use blackstart_model::draft::roles::{self, Said};
use blackstart_model::kind::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// Groups of an inventory at most.
const GROUPS_MAX: usize = 20_000;

/// How deep groups nest, at most.
const DEPTH_MAX: usize = 64;

/// Variables that say something by their bare names; the other words count as `blackstart_…`.
const BARE: [&str; 11] = [
    "rack",
    "room",
    "site",
    "datacenter",
    "datacentre",
    "switch",
    "switches",
    "pdu",
    "pdus",
    "hypervisor",
    "vm_host",
];

/// Variables by their names, as far as they are of use: texts, and lists with commas between.
type Vars = BTreeMap<String, String>;

/// Hosts and groups, whatever form they came in.
#[derive(Debug, Default)]
struct Inventory {
    hosts: BTreeMap<String, Host>,
    groups: BTreeMap<String, Group>,
    /// What could not be read: where, and why.
    doubts: Vec<(String, String)>,
    /// What there was more of than is taken in.
    cut: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Host {
    vars: Vars,
    at: String,
}

#[derive(Debug, Default)]
struct Group {
    hosts: BTreeSet<String>,
    children: BTreeSet<String>,
    vars: Vars,
}

impl Inventory {
    fn group(&mut self, name: &str) -> Option<&mut Group> {
        if !self.groups.contains_key(name) && self.groups.len() == GROUPS_MAX {
            self.cut.insert(format!("only {GROUPS_MAX} groups are taken in"));
            return None;
        }
        Some(self.groups.entry(name.to_owned()).or_default())
    }

    /// A host of a group; false when there are too many.
    fn host(&mut self, group: &str, name: &str, at: &str) -> bool {
        if !self.hosts.contains_key(name) && self.hosts.len() >= THINGS_MAX {
            self.cut.insert(format!("only {THINGS_MAX} hosts are taken in"));
            return false;
        }
        let host = self.hosts.entry(name.to_owned()).or_default();
        if host.at.is_empty() {
            at.clone_into(&mut host.at);
        }
        if let Some(group) = self.group(group) {
            group.hosts.insert(name.to_owned());
        }
        true
    }

    fn var(vars: &mut Vars, name: &str, value: String) {
        if is_of_use(name) {
            vars.insert(name.to_owned(), value);
        }
    }

    /// Each group's depth below `all`: the longest way down, so that a child's variables go before its parents'.
    fn depths(&self) -> BTreeMap<&str, usize> {
        let mut depths: BTreeMap<&str, usize> = BTreeMap::new();
        let mut open: Vec<(&str, usize)> =
            self.groups.keys().map(|name| (name.as_str(), 1)).collect();
        while let Some((name, depth)) = open.pop() {
            let known = depths.entry(name).or_default();
            // Groups that contain each other would go down for ever.
            if *known >= depth || depth > DEPTH_MAX {
                continue;
            }
            *known = depth;
            let children = self.groups.get(name).into_iter().flat_map(|group| &group.children);
            open.extend(children.map(|child| (child.as_str(), depth + 1)));
        }
        depths.insert("all", 0);
        depths
    }

    /// The groups of each host, the outermost first.
    fn groups_of_hosts(&self) -> BTreeMap<&str, Vec<&str>> {
        let depths = self.depths();
        let mut above: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (name, group) in &self.groups {
            for child in &group.children {
                above.entry(child).or_default().insert(name);
            }
        }
        let mut of_group: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for name in self.groups.keys() {
            let mut all: BTreeSet<&str> = BTreeSet::from([name.as_str()]);
            let mut open = vec![name.as_str()];
            while let Some(next) = open.pop() {
                for parent in above.get(next).into_iter().flatten() {
                    if all.len() <= DEPTH_MAX && all.insert(parent) {
                        open.push(parent);
                    }
                }
            }
            of_group.insert(name, all);
        }
        let mut found: BTreeMap<&str, BTreeSet<(usize, &str)>> = BTreeMap::new();
        for (name, group) in &self.groups {
            for host in &group.hosts {
                let own = of_group.get(name.as_str()).into_iter().flatten();
                let own = own.map(|name| (depths.get(name).copied().unwrap_or_default(), *name));
                found.entry(host).or_default().extend(own);
            }
        }
        found
            .into_iter()
            .map(|(host, of)| (host, of.into_iter().map(|(_, name)| name).collect()))
            .collect()
    }
}

/// Whether a variable says something that is taken: all others may be secrets, and are not even kept.
fn is_of_use(name: &str) -> bool {
    matches!(name, "ansible_host" | "ansible_port" | "ansible_connection" | "ansible_network_os")
        || BARE.contains(&name)
        || name.strip_prefix("blackstart_").is_some_and(|word| words::word(word).is_some())
}

/// Reads an inventory in whichever of its forms. Linear in the text and in hosts times their groups.
///
/// # Errors
/// When it is none, or has no host.
pub fn read(text: &str, by: &str) -> Result<Report, Unreadable> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let inventory = match form(text) {
        Form::Json => json::read(text)?,
        Form::Yaml => yaml::read(text)?,
        Form::Ini => ini::read(text)?,
    };
    let mut report = Report::new(by);
    for words in &inventory.cut {
        report.doubt("", words);
    }
    for (at, words) in &inventory.doubts {
        report.doubt(at, words);
    }
    let groups = inventory.groups_of_hosts();
    let mut loosely: usize = 0;
    for (name, host) in &inventory.hosts {
        let of: &[&str] = groups.get(name.as_str()).map_or(&[], Vec::as_slice);
        let mut vars: BTreeMap<&str, &str> = BTreeMap::new();
        let from_groups = of.iter().filter_map(|group| inventory.groups.get(*group));
        // What the group of all says, every host has.
        let all = inventory.groups.get("all").into_iter();
        for own in all.chain(from_groups).map(|group| &group.vars).chain([&host.vars]) {
            vars.extend(own.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        }
        if name == "localhost" || vars.get("ansible_connection") == Some(&"local") {
            report.leave_out("hosts", "the machine that Ansible runs on", name);
            continue;
        }
        if report.is_full() {
            break;
        }
        loosely += usize::from(!self::host(&mut report, name, host, of, &vars));
    }
    if loosely > 0 {
        let which = match loosely {
            1 => "is its host virtual, and on what does it run: an inventory calls both".to_owned(),
            many => format!(
                "which of {many} hosts are virtual, and on what do they run: an inventory calls all of them"
            ),
        };
        report.questions.push(format!(
            "{by}: {which} hosts (a group `hypervisors`, the variables `hypervisor` or `blackstart_kind` say it)"
        ));
    }
    if report.things.is_empty() {
        return Err(Unreadable::new("there is no host in it"));
    }
    Ok(report)
}

enum Form {
    Json,
    Yaml,
    Ini,
}

fn form(text: &str) -> Form {
    let says = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with(['#', ';']);
    let first = text.lines().find(says).unwrap_or_default().trim_end();
    if first.trim_start().starts_with('{') {
        return Form::Json;
    }
    let is_key = first.ends_with(':') || first.contains(": ");
    if first.starts_with("---") || (is_key && !first.starts_with('[')) {
        Form::Yaml
    } else {
        Form::Ini
    }
}

/// Takes in one host; false where nothing says what it is.
fn host(
    report: &mut Report,
    name: &str,
    host: &Host,
    groups: &[&str],
    vars: &BTreeMap<&str, &str>,
) -> bool {
    let at = host.at.as_str();
    let thing = report.named(name, None, at);
    report.things[thing].is_implied = false;
    at.clone_into(&mut report.things[thing].at);
    let kinds: BTreeSet<Kind> = groups.iter().filter_map(|group| of_group(group)).collect();
    let mut is_said = true;
    report.things[thing].kind = match (kinds.len(), kinds.first()) {
        (1, Some(kind)) => Some(*kind),
        (0, _) if vars.contains_key("ansible_network_os") => {
            let words = format!("what is {}: a switch, a router or a firewall?", shown(name));
            report.things[thing].questions.push((blackstart_model::draft::About::Kind, words));
            None
        }
        (0, _) => {
            is_said = false;
            Some(Kind::Server)
        }
        (_, _) => {
            let kinds: Vec<String> = kinds.iter().map(Kind::to_string).collect();
            report.doubt(at, &format!("by its groups {} is {}", shown(name), kinds.join(" and ")));
            None
        }
    };
    let own: Vec<&str> =
        groups.iter().copied().filter(|it| !matches!(*it, "all" | "ungrouped")).collect();
    if !own.is_empty() {
        report.things[thing].remarks.push(format!("groups: {}", own.join(", ")));
    }
    addressed(report, thing, name, vars, at);
    let mut places: Vec<(Kind, &str)> = Vec::new();
    let mut others: Vec<(Word, &str)> = Vec::new();
    for (variable, value) in vars {
        let bare = BARE.contains(variable).then_some(*variable);
        let Some(word) = variable.strip_prefix("blackstart_").or(bare).and_then(words::word) else {
            continue;
        };
        if value.contains("{{") {
            let words = format!("`{variable}` is a template, which only Ansible can fill in");
            report.doubt(at, &words);
            continue;
        }
        match word {
            Word::Place(kind) => places.push((kind, value)),
            Word::Kind => {
                is_said = true;
                words::take(report, thing, word, value, at);
            }
            word => others.push((word, value)),
        }
    }
    words::places(report, thing, &places, at);
    for (word, value) in others {
        words::take(report, thing, word, value, at);
    }
    is_said
}

/// The kind of machine that a group's name has a word for.
fn of_group(group: &str) -> Option<Kind> {
    match roles::read(group, "") {
        Some(Said::Kind(kind)) => Some(kind),
        Some(Said::Passive) | None => None,
    }
}

/// Where Ansible reaches a host is where it is asked.
fn addressed(report: &mut Report, thing: usize, name: &str, vars: &BTreeMap<&str, &str>, at: &str) {
    let reached = vars.get("ansible_host").copied().unwrap_or(name).trim();
    let is_name = |text: &str| {
        text.contains('.')
            && text.chars().all(|it| it.is_ascii_alphanumeric() || "-._".contains(it))
    };
    let host = match reached.parse::<IpAddr>() {
        Ok(address) => {
            report.things[thing].addresses.push(address);
            address.to_string()
        }
        Err(_) if is_name(reached) => reached.to_owned(),
        Err(_) => {
            if vars.contains_key("ansible_host") {
                report.doubt(
                    at,
                    &format!("`ansible_host` is `{}`, which is no address", shown(reached)),
                );
            }
            return;
        }
    };
    let port =
        vars.get("ansible_port").and_then(|port| port.trim().parse::<u16>().ok()).unwrap_or(22);
    let bracketed = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    report.things[thing].asked.push(Asked::Try(vec![
        format!("ssh: \"{bracketed}:{port}\""),
        format!("tcp: \"{bracketed}:{port}\""),
        format!("icmp: \"{host}\""),
    ]));
}
