//! Which things of several sources are one thing, what each of them then says, and where they disagree.
//!
//! One name, one hardware mark or one address is one thing: a machine's services never are by the machine's
//! address, and two things that one source tells apart are never made one. `web1` is `web1.example.net`
//! where nothing else is called so. Of two sources that disagree the one that was named first counts, and the
//! disagreement is told. Nothing here knows what the sources are. Tested by cases below and through them.

use crate::seen::{Report, Thing};
use blackstart_model::kind::Kind;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// A thing by its report and its number there.
pub(crate) type Seen = (usize, usize);

/// What several sources say of one thing.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// Who says something of it, in the order the sources were named.
    pub(crate) members: Vec<Seen>,
    pub(crate) kind: Kind,
    /// Whether anybody says what it is.
    pub(crate) is_kind_said: bool,
}

/// All things, each once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Joined {
    pub(crate) groups: Vec<Group>,
    of: BTreeMap<Seen, usize>,
    pub(crate) conflicts: Vec<Conflict>,
}

/// Sources that disagree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// What they disagree about.
    pub component: String,
    /// In which of its fields; `address of`, `name of`, `mark of` and `short for` where it may be of either of two
    /// things.
    pub field: String,
    /// What each says, and who it is; the first is written.
    pub said: Vec<(String, String)>,
}

impl Conflict {
    /// As a sentence.
    #[must_use]
    pub fn words(&self) -> String {
        let Self { component, field, said } = self;
        let said: Vec<String> = said.iter().map(|(value, by)| format!("{value} ({by})")).collect();
        let said = said.join(", or ");
        match field.as_str() {
            "address of" | "mark of" | "name of" | "short for" => {
                format!("{component} is the {field} {said}: they are kept apart")
            }
            _ => format!("{component}: `{field}` is {said}; the first is written"),
        }
    }
}

impl Joined {
    pub(crate) fn group(&self, seen: Seen) -> usize {
        self.of[&seen]
    }
}

/// Where a fact comes from, as a comment says it.
pub(crate) fn from(report: &Report, at: &str) -> String {
    if at.is_empty() { report.by.clone() } else { format!("{}: {at}", report.by) }
}

/// Makes one of what is one. Of the order of the things times the logarithm of their number.
pub(crate) fn join(reports: &[Report]) -> Joined {
    let mut all: Vec<Seen> = Vec::new();
    for (nth, report) in reports.iter().enumerate() {
        all.extend((0..report.things.len()).map(|at| (nth, at)));
    }
    let number: BTreeMap<Seen, usize> =
        all.iter().enumerate().map(|(at, seen)| (*seen, at)).collect();
    let mut sets = Sets::of(reports, &all);
    let mut conflicts = Vec::new();
    by_names(reports, &all, &mut sets, &mut conflicts);
    let marks = |thing: &Thing| thing.marks.iter().map(|mark| mark.to_lowercase()).collect();
    same(reports, &all, &mut sets, &mut conflicts, "mark of", marks);
    let addresses = |thing: &Thing| {
        let own = thing
            .addresses
            .iter()
            .filter(|it| sort(thing.kind).is_none_or(|sort| sort == Sort::Device) && tells(it));
        own.map(IpAddr::to_string).collect()
    };
    same(reports, &all, &mut sets, &mut conflicts, "address of", addresses);
    let mut joined = Joined { conflicts, ..Joined::default() };
    let mut group_of_root: BTreeMap<usize, usize> = BTreeMap::new();
    for seen in &all {
        let root = sets.root(number[seen]);
        let group = *group_of_root.entry(root).or_insert_with(|| {
            let members = Vec::new();
            joined.groups.push(Group { members, kind: Kind::Component, is_kind_said: false });
            joined.groups.len() - 1
        });
        joined.groups[group].members.push(*seen);
        joined.of.insert(*seen, group);
    }
    for group in &mut joined.groups {
        // Who describes it goes before who only names it.
        group.members.sort_by_key(|(nth, at)| (reports[*nth].things[*at].is_implied, *nth, *at));
        kind(reports, group, &mut joined.conflicts);
    }
    joined
}

/// What can be one thing by its name: a machine and a service that are called alike are two.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Sort {
    Device,
    Place,
    Runs,
    Other(Kind),
}

/// `None` where nobody says what it is.
fn sort(kind: Option<Kind>) -> Option<Sort> {
    Some(match kind? {
        Kind::Site | Kind::Room | Kind::Rack => Sort::Place,
        Kind::Database | Kind::Service | Kind::Website | Kind::Job | Kind::Monitor => Sort::Runs,
        kind @ (Kind::Customer
        | Kind::Prefix
        | Kind::Upstream
        | Kind::Link
        | Kind::Certificate
        | Kind::File
        | Kind::Backup) => Sort::Other(kind),
        Kind::Cooling
        | Kind::Feed
        | Kind::Ups
        | Kind::Generator
        | Kind::TransferSwitch
        | Kind::Pdu
        | Kind::Breaker
        | Kind::Outlet
        | Kind::Psu
        | Kind::Server
        | Kind::Bmc
        | Kind::Nic
        | Kind::Switch
        | Kind::Router
        | Kind::Firewall
        | Kind::LoadBalancer
        | Kind::Vip
        | Kind::Hypervisor
        | Kind::Vm
        | Kind::Container
        | Kind::Storage
        | Kind::Disk
        | Kind::Component => Sort::Device,
    })
}

/// Whether an address says which machine it is: one that every machine has does not.
fn tells(address: &IpAddr) -> bool {
    let is_local = match address {
        IpAddr::V4(it) => it.is_link_local() || it.is_broadcast(),
        IpAddr::V6(it) => it.is_unicast_link_local(),
    };
    !(address.is_loopback() || address.is_unspecified() || address.is_multicast() || is_local)
}

fn by_names(reports: &[Report], all: &[Seen], sets: &mut Sets, conflicts: &mut Vec<Conflict>) {
    let mut named: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (number, (nth, at)) in all.iter().enumerate() {
        let name = reports[*nth].things[*at].name.trim_end_matches('.').to_lowercase();
        if !name.is_empty() {
            named.entry(name).or_default().push(number);
        }
    }
    let thing = |number: usize| &reports[all[number].0].things[all[number].1];
    // A device of each name, for short names.
    let mut devices: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, of) in &named {
        let mut by_sort: BTreeMap<Sort, Vec<usize>> = BTreeMap::new();
        let mut unsaid = Vec::new();
        for number in of {
            match sort(thing(*number).kind) {
                Some(sort) => by_sort.entry(sort).or_default().push(*number),
                None => unsaid.push(*number),
            }
        }
        // What nobody says is a machine where one is called so, else the only thing that is.
        let sort = match by_sort.keys().next() {
            Some(only) if by_sort.len() == 1 => *only,
            Some(_) | None => Sort::Device,
        };
        by_sort.entry(sort).or_default().extend(unsaid);
        for (sort, numbers) in by_sort {
            let mut each: BTreeMap<usize, usize> = BTreeMap::new();
            for number in numbers.iter().filter(|number| !thing(**number).is_implied) {
                *each.entry(all[*number].0).or_default() += 1;
            }
            if let Some((nth, _)) = each.iter().find(|(_, count)| **count > 1) {
                if each.len() > 1 {
                    let by = reports[*nth].by.clone();
                    let said = vec![("several things".to_owned(), by)];
                    let component = name.clone();
                    conflicts.push(Conflict { component, field: "name of".to_owned(), said });
                }
                continue;
            }
            let Some(first) = numbers.first() else { continue };
            for other in &numbers[1..] {
                sets.join(*first, *other);
            }
            if sort == Sort::Device {
                devices.insert(name, *first);
            }
        }
    }
    let mut full: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in devices.keys() {
        if let Some((short, _)) = name.split_once('.').filter(|_| name.parse::<IpAddr>().is_err()) {
            full.entry(short).or_default().push(name);
        }
    }
    for (short, names) in full {
        let Some(bare) = devices.get(short) else { continue };
        match names[..] {
            [only] => {
                sets.join(*bare, devices[only]);
            }
            _ => {
                let said = names.iter().map(|name| ((*name).to_owned(), "a full name".to_owned()));
                let component = short.to_owned();
                let field = "short for".to_owned();
                conflicts.push(Conflict { component, field, said: said.collect() });
            }
        }
    }
}

/// Makes one of all that share a key, unless one source tells them apart.
fn same(
    reports: &[Report],
    all: &[Seen],
    sets: &mut Sets,
    conflicts: &mut Vec<Conflict>,
    field: &str,
    keys: impl Fn(&Thing) -> Vec<String>,
) {
    let mut sharing: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (number, (nth, at)) in all.iter().enumerate() {
        for key in keys(&reports[*nth].things[*at]) {
            sharing.entry(key).or_default().push(number);
        }
    }
    for (key, numbers) in sharing {
        let apart = numbers[1..].iter().filter(|other| !sets.join(numbers[0], **other));
        let apart: BTreeSet<usize> = apart.copied().collect();
        if apart.is_empty() {
            continue;
        }
        let said = numbers.iter().take(1).chain(&apart).map(|number| {
            let (nth, at) = all[*number];
            let thing = &reports[nth].things[at];
            (thing.name.clone(), from(&reports[nth], &thing.at))
        });
        conflicts.push(Conflict { component: key, field: field.to_owned(), said: said.collect() });
    }
}

/// What a thing is, by the first who says it closely.
fn kind(reports: &[Report], group: &mut Group, conflicts: &mut Vec<Conflict>) {
    let mut said: Option<(Kind, Seen)> = None;
    let mut disagree: Vec<(String, String)> = Vec::new();
    let by = |(nth, at): Seen| from(&reports[nth], &reports[nth].things[at].at);
    for seen in &group.members {
        let Some(kind) = reports[seen.0].things[seen.1].kind else { continue };
        match said {
            None => said = Some((kind, *seen)),
            Some((known, first)) => match closer(known, kind) {
                Some(closer) if closer == known => {}
                Some(closer) => said = Some((closer, *seen)),
                None => {
                    if disagree.is_empty() {
                        disagree.push((known.to_string(), by(first)));
                    }
                    disagree.push((kind.to_string(), by(*seen)));
                }
            },
        }
    }
    if let Some((kind, _)) = said {
        group.kind = kind;
        group.is_kind_said = true;
    }
    if !disagree.is_empty() {
        let (nth, at) = group.members[0];
        let component = reports[nth].things[at].name.clone();
        conflicts.push(Conflict { component, field: "kind".to_owned(), said: disagree });
    }
}

/// The closer of two words for one thing: `server` is said of any machine, `service` of all that runs. `None` where
/// they are different things.
fn closer(one: Kind, other: Kind) -> Option<Kind> {
    match (one, other) {
        (one, other) if one == other => Some(one),
        (Kind::Component, other) => Some(other),
        (one, Kind::Component) => Some(one),
        (Kind::Server, other) if sort(Some(other)) == Some(Sort::Device) => Some(other),
        (one, Kind::Server) if sort(Some(one)) == Some(Sort::Device) => Some(one),
        (Kind::Service, other) if sort(Some(other)) == Some(Sort::Runs) => Some(other),
        (one, Kind::Service) if sort(Some(one)) == Some(Sort::Runs) => Some(one),
        (_, _) => None,
    }
}

/// Disjoint sets of things, none of which holds two that one report describes.
struct Sets {
    parent: Vec<usize>,
    /// Of each root: the reports that describe it.
    described: Vec<BTreeSet<usize>>,
}

impl Sets {
    fn of(reports: &[Report], all: &[Seen]) -> Self {
        let described = all
            .iter()
            .map(|(nth, at)| {
                let is_implied = reports[*nth].things[*at].is_implied;
                if is_implied { BTreeSet::new() } else { BTreeSet::from([*nth]) }
            })
            .collect();
        Self { parent: (0..all.len()).collect(), described }
    }

    fn root(&mut self, mut of: usize) -> usize {
        while self.parent[of] != of {
            self.parent[of] = self.parent[self.parent[of]];
            of = self.parent[of];
        }
        of
    }

    /// Makes two one; false when a report tells them apart.
    fn join(&mut self, one: usize, other: usize) -> bool {
        let (one, other) = (self.root(one), self.root(other));
        if one == other {
            return true;
        }
        if !self.described[one].is_disjoint(&self.described[other]) {
            return false;
        }
        let (low, high) = (one.min(other), one.max(other));
        self.parent[high] = low;
        let moved = std::mem::take(&mut self.described[high]);
        self.described[low].extend(moved);
        true
    }
}
