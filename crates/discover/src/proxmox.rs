//! What a Proxmox VE cluster says of itself: nodes, guests, storage, quorum and what is kept highly available.
//!
//! The same documents come two ways: written by `pvesh get … --output-format json`, one after the other, or asked of
//! the live API ([`live`]). Which is which is told by what their entries hold. A guest runs on its node; one that is
//! kept highly available is started again on another, if its disks are where the other reaches them, and needs the
//! cluster's quorum, for a node that loses it fences itself (pve.proxmox.com, "High Availability", "Fencing"). Every
//! other guest needs the quorum to start. Nothing is run, and nothing is asked that changes anything. Tested with
//! documents in the API's form; none of them was recorded from a cluster.

pub mod live;

use crate::seen::{Asked, How, Report, Thing, Unreadable, shown};
use blackstart_model::draft::About;
use blackstart_model::kind::Kind;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// How long until a guest that is kept highly available runs elsewhere. A node's lock ends after 120 s ("HA Manager",
/// `ha_agent_NODE_lock`), its watchdog after 60 s; the start of the guest is on top, chosen by hand.
const TAKES: &str = "2..10 min";

/// What the documents say, put together.
#[derive(Debug, Default)]
pub(crate) struct Said {
    cluster: Option<String>,
    nodes: BTreeMap<String, Node>,
    guests: BTreeMap<u64, Guest>,
    storage: BTreeMap<String, Store>,
    /// Guests that are kept highly available, with the group of nodes each is kept in.
    kept: BTreeMap<u64, Option<String>>,
    /// Nodes of each group, and whether a guest never leaves them.
    groups: BTreeMap<String, (BTreeSet<String>, bool)>,
    doubts: Vec<(String, String)>,
    left_out: Vec<(&'static str, &'static str, String)>,
    is_known: bool,
}

#[derive(Debug, Default)]
struct Node {
    address: Option<IpAddr>,
    is_offline: bool,
}

#[derive(Debug, Default)]
struct Guest {
    name: String,
    node: String,
    is_container: bool,
    /// `None` where its configuration is not known.
    disks: Option<BTreeSet<String>>,
    bridges: BTreeSet<String>,
    starts_by_itself: Option<bool>,
    is_stopped: bool,
    pool: String,
}

#[derive(Debug, Default)]
struct Store {
    kind: String,
    is_shared: bool,
    server: String,
    nodes: BTreeSet<String>,
}

/// Reads the documents of one cluster.
///
/// # Errors
/// When it is no JSON of Proxmox's, or has neither node nor guest.
pub fn read(text: &str, by: &str) -> Result<Report, Unreadable> {
    let mut said = Said::default();
    for document in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let document =
            document.map_err(|error| Unreadable(format!("it is no JSON of Proxmox's: {error}")))?;
        said.take(&document);
    }
    said.report(by)
}

impl Said {
    /// Takes in one document of the API, whichever it is.
    pub(crate) fn take(&mut self, document: &Value) {
        // The API wraps what `pvesh` writes bare.
        let document = document.get("data").unwrap_or(document);
        match document {
            Value::Array(entries) => entries.iter().for_each(|entry| self.entry(entry)),
            Value::Object(_) => self.entry(document),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn entry(&mut self, entry: &Value) {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        let is = |key: &str| number(entry.get(key)).is_some_and(|it| it != 0);
        let kind = text("type");
        // `/cluster/ha/resources`: `vm:100`, `ct:101`; a rule of Proxmox 9 says which nodes.
        if let Some(id) = text("sid").split_once(':').and_then(|(_, id)| id.parse().ok()) {
            self.is_known = true;
            if !matches!(text("state"), "disabled" | "ignored") {
                let group = Some(text("group")).filter(|it| !it.is_empty()).map(str::to_owned);
                let kept = self.kept.entry(id).or_default();
                *kept = group.or(kept.take());
            }
        } else if !text("rule").is_empty() {
            self.rule(entry);
        } else if !text("group").is_empty() && entry.get("nodes").is_some() {
            self.groups.insert(text("group").to_owned(), (names(text("nodes")), is("restricted")));
        } else if kind == "cluster" {
            self.is_known = true;
            self.cluster = Some(text("name").to_owned());
        } else if kind == "node" {
            self.node(entry);
        } else if matches!(kind, "qemu" | "lxc") {
            self.guest(entry, kind == "lxc");
        } else if !text("storage").is_empty() {
            self.store(entry);
        } else if entry.get("vmid").is_some() && entry.get("config").is_some() {
            self.config(entry);
        }
    }

    /// `/cluster/ha/rules`: guests that stay on some nodes.
    fn rule(&mut self, entry: &Value) {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        if text("type") != "node-affinity" || number(entry.get("disable")).is_some_and(|it| it != 0)
        {
            return;
        }
        let strict = number(entry.get("strict")).is_some_and(|it| it != 0);
        self.groups.insert(text("rule").to_owned(), (names(text("nodes")), strict));
        for sid in text("resources").split(',') {
            if let Some(id) = sid.trim().split_once(':').and_then(|(_, id)| id.parse().ok()) {
                self.kept.insert(id, Some(text("rule").to_owned()));
            }
        }
    }

    /// Of `/cluster/resources` or of `/cluster/status`, which alone knows addresses.
    fn node(&mut self, entry: &Value) {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        let name = if text("node").is_empty() { text("name") } else { text("node") };
        if name.is_empty() {
            return;
        }
        self.is_known = true;
        let node = self.nodes.entry(name.to_owned()).or_default();
        if let Ok(address) = text("ip").parse() {
            node.address = Some(address);
        }
        node.is_offline |= text("status") == "offline" || number(entry.get("online")) == Some(0);
    }

    fn guest(&mut self, entry: &Value, is_container: bool) {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        let id = number(entry.get("vmid"));
        let Some(id) = id.or_else(|| text("id").rsplit_once('/')?.1.parse().ok()) else {
            self.doubts.push((shown(text("id")), "a guest without a number".to_owned()));
            return;
        };
        self.is_known = true;
        if number(entry.get("template")).is_some_and(|it| it != 0) {
            self.left_out.push(("guests", "templates", text("name").to_owned()));
            return;
        }
        if self.guests.len() >= crate::seen::THINGS_MAX {
            return;
        }
        let guest = self.guests.entry(id).or_default();
        guest.name = text("name").to_owned();
        guest.node = text("node").to_owned();
        guest.pool = text("pool").to_owned();
        guest.is_container = is_container;
        guest.is_stopped = text("status") == "stopped";
        // What is kept highly available says so here as well.
        if !matches!(text("hastate"), "" | "ignored" | "disabled" | "unmanaged") {
            self.kept.entry(id).or_default();
        }
    }

    /// Of `/cluster/resources` (once for each node) or of `/storage`, which knows its server.
    fn store(&mut self, entry: &Value) {
        let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
        let is = |key: &str| number(entry.get(key)).is_some_and(|it| it != 0);
        let is_resource = text("type") == "storage";
        let kind = if is_resource { text("plugintype") } else { text("type") };
        let store = self.storage.entry(text("storage").to_owned()).or_default();
        if !kind.is_empty() {
            kind.clone_into(&mut store.kind);
        }
        // What is there for every node by its nature does not say so in `/storage`.
        let by_nature =
            ["nfs", "cifs", "cephfs", "rbd", "iscsi", "iscsidirect", "glusterfs", "pbs", "zfs"];
        store.is_shared |= is("shared") || by_nature.contains(&store.kind.as_str());
        for key in ["server", "portal", "monhost"] {
            if !text(key).is_empty() {
                text(key).clone_into(&mut store.server);
            }
        }
        if is_resource && !text("node").is_empty() {
            store.nodes.insert(text("node").to_owned());
        }
    }

    /// A guest's configuration, `{ vmid, config }`: where its disks lie, and whether it starts by itself.
    pub(crate) fn config(&mut self, entry: &Value) {
        let Some(config) = entry.get("config").and_then(Value::as_object) else { return };
        let Some(guest) = number(entry.get("vmid")).and_then(|id| self.guests.get_mut(&id)) else {
            return;
        };
        let mut disks = BTreeSet::new();
        for (key, value) in config {
            let value = value.as_str().unwrap_or_default();
            let bare = key.trim_end_matches(|it: char| it.is_ascii_digit());
            let is_disk =
                matches!(bare, "scsi" | "virtio" | "sata" | "ide" | "efidisk" | "tpmstate" | "mp")
                    && key.len() > bare.len()
                    || key == "rootfs";
            if is_disk && !value.contains("media=cdrom") && value != "none" {
                // `local-zfs:vm-100-disk-0,size=32G`; a device or folder of the node has no colon before its comma.
                let volume = value.split(',').next().unwrap_or_default();
                disks.insert(volume.split_once(':').map_or("", |(storage, _)| storage).to_owned());
            }
            if bare == "net"
                && let Some((_, bridge)) = value.split_once("bridge=")
            {
                guest.bridges.insert(shown(bridge.split(',').next().unwrap_or_default()));
            }
        }
        guest.disks = Some(disks);
        guest.starts_by_itself = Some(number(config.get("onboot")).is_some_and(|it| it != 0));
    }

    /// The guests whose configurations are of use: node, number, and whether each is a container.
    pub(crate) fn guests(&self) -> impl Iterator<Item = (u64, &str, bool)> {
        self.guests.iter().map(|(id, guest)| (*id, guest.node.as_str(), guest.is_container))
    }

    /// What it comes to.
    pub(crate) fn report(mut self, by: &str) -> Result<Report, Unreadable> {
        if !self.is_known || (self.nodes.is_empty() && self.guests.is_empty()) {
            return Err(Unreadable::new("there is neither a node nor a guest of Proxmox's in it"));
        }
        self.tell_apart();
        let mut report = Report::new(by);
        for (at, words) in &self.doubts {
            report.doubt(at, words);
        }
        for (what, why, name) in &self.left_out {
            report.leave_out(what, why, name);
        }
        let mut nodes: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, node) in &self.nodes {
            nodes.insert(name, self::node(&mut report, name, node));
        }
        let quorum = self.quorum(&mut report, &nodes);
        let stores = self.stores(&mut report);
        for (id, guest) in &self.guests {
            if report.is_full() {
                break;
            }
            self.of_guest(&mut report, *id, guest, &nodes, &stores, quorum);
        }
        let unknown = self.guests.values().filter(|guest| guest.disks.is_none()).count();
        if unknown > 0 && !stores.is_empty() {
            let names: Vec<&str> = stores.keys().copied().collect();
            report.questions.push(format!(
                "{}: which of {unknown} guests have their disks on {} (`needs`)? Their configurations say it, which the \
                 live API gives",
                report.by,
                names.join(", ")
            ));
        }
        Ok(report)
    }

    /// Guests may be called alike; their numbers tell them apart.
    fn tell_apart(&mut self) {
        let mut called: BTreeMap<String, usize> = BTreeMap::new();
        for guest in self.guests.values().filter(|guest| !guest.name.is_empty()) {
            *called.entry(guest.name.to_lowercase()).or_default() += 1;
        }
        for (id, guest) in &mut self.guests {
            if called.get(&guest.name.to_lowercase()).is_some_and(|times| *times > 1) {
                guest.name = format!("{}-{id}", guest.name);
            }
        }
    }

    /// What the cluster needs to start anything: more than half of its nodes.
    fn quorum(&self, report: &mut Report, nodes: &BTreeMap<&str, usize>) -> Option<usize> {
        if nodes.len() < 2 {
            return None;
        }
        let name = self.cluster.as_deref().filter(|name| !name.is_empty()).unwrap_or("cluster");
        let mut thing = Thing {
            name: format!("{name}-quorum"),
            kind: Some(Kind::Component),
            at: "/cluster/status".to_owned(),
            ..Thing::default()
        };
        let most = nodes.len() / 2 + 1;
        let words = format!(
            "has each of the {} nodes one vote, and is there a device with another? Then {most} of them are needed",
            nodes.len()
        );
        thing.questions.push((About::Machine, words));
        let quorum = report.add(thing);
        report.need(quorum, "on", nodes.values().copied().collect(), How::AtLeast(most));
        Some(quorum)
    }

    fn stores(&self, report: &mut Report) -> BTreeMap<&str, usize> {
        let mut found = BTreeMap::new();
        for (name, store) in &self.storage {
            if !store.is_shared {
                report.leave_out("storage", "local to its node, and goes with it", name);
                continue;
            }
            let mut thing = Thing {
                name: shown(name),
                kind: Some(Kind::Storage),
                at: format!("storage/{}", shown(name)),
                ..Thing::default()
            };
            thing.remarks.push(format!("{} storage", shown(&store.kind)));
            let is_own = matches!(store.kind.as_str(), "rbd" | "cephfs") && store.server.is_empty();
            match store.server.parse::<IpAddr>() {
                Ok(address) => thing.addresses.push(address),
                Err(_) if !store.server.is_empty() => {
                    thing.remarks.push(format!("served by {}", shown(&store.server)));
                }
                Err(_) => {}
            }
            let words = if is_own {
                format!(
                    "how many nodes does {} need to go on (`on: {{ at_least: …, of: […] }}`)?",
                    shown(name)
                )
            } else {
                format!("what serves {}, and what does that hang on?", shown(name))
            };
            thing.questions.push((About::Machine, words));
            found.insert(name.as_str(), report.add(thing));
        }
        found
    }

    fn of_guest(
        &self,
        report: &mut Report,
        id: u64,
        guest: &Guest,
        nodes: &BTreeMap<&str, usize>,
        stores: &BTreeMap<&str, usize>,
        quorum: Option<usize>,
    ) {
        let word = if guest.is_container { "lxc" } else { "qemu" };
        let mut thing = Thing {
            name: shown(&guest.name),
            kind: Some(if guest.is_container { Kind::Container } else { Kind::Vm }),
            at: format!("{word}/{id}"),
            ..Thing::default()
        };
        if thing.name.is_empty() {
            thing.name = format!("guest-{id}");
            thing.is_nameless = true;
        }
        if !guest.pool.is_empty() {
            thing.remarks.push(format!("pool {}", shown(&guest.pool)));
        }
        for bridge in &guest.bridges {
            thing.remarks.push(format!("joined to bridge {bridge}"));
        }
        if guest.is_stopped {
            let words = format!("{} is stopped: is it to be?", thing.name);
            thing.questions.push((About::Status, words));
        } else if guest.starts_by_itself == Some(false) && !self.kept.contains_key(&id) {
            let words = format!(
                "{} runs and would not start with its node (`onboot`): is it to?",
                thing.name
            );
            thing.questions.push((About::Status, words));
        }
        let at = report.add(thing);
        let needed: Vec<usize> = guest
            .disks
            .iter()
            .flatten()
            .filter_map(|storage| stores.get(storage.as_str()).copied())
            .collect();
        if !needed.is_empty() {
            report.need(at, "needs", needed, How::All);
        }
        let Some(node) = nodes.get(guest.node.as_str()).copied() else { return };
        let mut on = vec![node];
        match self.kept.get(&id) {
            None => {
                if let Some(quorum) = quorum {
                    report.need(at, "to_start", vec![quorum], How::All);
                }
            }
            Some(group) => {
                if let Some(quorum) = quorum {
                    report.need(at, "needs", vec![quorum], How::All);
                }
                on.extend(self.others(report, at, guest, group.as_ref(), nodes, stores));
            }
        }
        let how = if on.len() > 1 { How::TakenOver(TAKES.to_owned()) } else { How::Any };
        report.need(at, "on", on, how);
    }

    /// The other nodes that a guest is started on again, where it is known that its disks can follow.
    fn others(
        &self,
        report: &mut Report,
        at: usize,
        guest: &Guest,
        group: Option<&String>,
        nodes: &BTreeMap<&str, usize>,
        stores: &BTreeMap<&str, usize>,
    ) -> Vec<usize> {
        let among = group.and_then(|group| self.groups.get(group));
        let may = |name: &str| match among {
            // A guest leaves a group that does not hold it only when none of that is there: that is left out.
            Some((names, _)) => names.contains(name),
            None => true,
        };
        let others: Vec<(&str, usize)> = nodes
            .iter()
            .filter(|(name, _)| **name != guest.node && may(name))
            .map(|(name, at)| (*name, *at))
            .collect();
        let name = report.things[at].name.clone();
        let listed: Vec<&str> = others.iter().map(|(name, _)| *name).collect();
        let listed = listed.join(", ");
        let reaches =
            |disks: &BTreeSet<String>| disks.iter().all(|disk| stores.contains_key(disk.as_str()));
        match &guest.disks {
            _ if others.is_empty() => Vec::new(),
            None => {
                let words = format!(
                    "{name} is kept highly available: can it be started on {listed}? Only if they reach all its disks"
                );
                report.things[at].questions.push((About::Machine, words));
                Vec::new()
            }
            Some(disks) if !reaches(disks) => {
                let words = format!(
                    "{name} is kept highly available, and has a disk that only {} reaches: is it replicated?",
                    shown(&guest.node)
                );
                report.things[at].questions.push((About::Machine, words));
                Vec::new()
            }
            Some(_) => others.into_iter().map(|(_, at)| at).collect(),
        }
    }
}

fn node(report: &mut Report, name: &str, node: &Node) -> usize {
    let mut thing = Thing {
        name: shown(name),
        kind: Some(Kind::Hypervisor),
        at: format!("node/{}", shown(name)),
        ..Thing::default()
    };
    thing.addresses.extend(node.address);
    if let Some(address) = node.address {
        // Port 8006 is the API's own (pve.proxmox.com, "Ports used by Proxmox VE").
        let at = if address.is_ipv4() { address.to_string() } else { format!("[{address}]") };
        thing.asked = vec![
            Asked::Try(vec![format!("icmp: \"{address}\"")]),
            Asked::Try(vec![format!("tcp: \"{at}:8006\"")]),
        ];
    }
    if node.is_offline {
        thing.questions.push((About::Status, format!("{} is offline: is it to be?", thing.name)));
    }
    report.add(thing)
}

/// The API gives numbers as such, or as texts.
fn number(value: Option<&Value>) -> Option<u64> {
    match value? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Bool(flag) => Some(u64::from(*flag)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The nodes of a group: `pve1:2,pve2` has priorities behind the names.
fn names(text: &str) -> BTreeSet<String> {
    let bare = |name: &str| name.trim().split(':').next().unwrap_or_default().to_owned();
    text.split(',').map(bare).filter(|name| !name.is_empty()).collect()
}
