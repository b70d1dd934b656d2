//! Hosting companies that do not exist: plausible plants of any size, from a seed.
//!
//! Feeds, sometimes with a UPS behind them; racks with one or two PDUs; one switch or two in each; one or
//! two routers and upstreams; machines with one cord or two; storage that virtual machines stand on;
//! services that need databases, websites on one machine or on any of two, address blocks, customers;
//! one to three vantages; and checks on most things but not on all. It is a text like any other plant file.
//!
//! The truth beside it has the same things with a share of its wires in other places of the same kind: what
//! no inventory is without.

use crate::chance::Chance;
use std::fmt::Write as _;

/// A plant as it is believed, and as it is; both are plant files.
#[derive(Clone, Debug)]
pub struct Pretended {
    /// What is believed.
    pub believed: String,
    /// What is so.
    pub truth: String,
    /// Wires that lie elsewhere in truth.
    pub moved: usize,
}

/// A wire's other ends.
#[derive(Clone, Debug)]
enum Wires {
    One(String),
    Any(Vec<String>),
}

/// A plant as it is drawn up: components with their fields, some of which are wires.
#[derive(Default)]
struct Draft {
    sections: Vec<(&'static str, Vec<Component>)>,
    tail: String,
}

struct Component {
    name: String,
    plain: Vec<(&'static str, String)>,
    /// Field, other ends, and all that could be there instead.
    wires: Vec<(&'static str, Wires, Vec<String>)>,
}

impl Component {
    fn called(name: impl Into<String>) -> Self {
        Self { name: name.into(), plain: Vec::new(), wires: Vec::new() }
    }

    fn with(mut self, field: &'static str, value: impl Into<String>) -> Self {
        self.plain.push((field, value.into()));
        self
    }

    fn wired(mut self, field: &'static str, wires: Wires, among: &[String]) -> Self {
        self.wires.push((field, wires, among.to_vec()));
        self
    }
}

impl Draft {
    fn add(&mut self, section: &'static str, component: Component) {
        match self.sections.iter_mut().find(|(own, _)| *own == section) {
            Some((_, components)) => components.push(component),
            None => self.sections.push((section, vec![component])),
        }
    }

    /// The text, with this share of its wires moved, and how many were.
    fn text(&self, moved_share: f64, chance: &mut Chance) -> (String, usize) {
        let mut text = String::from("blackstart: 1\nname: pretended\ntimezone: UTC\n");
        let mut moved = 0;
        let mut put = |end: &String, taken: &[String], among: &[String], chance: &mut Chance| {
            let others: Vec<&String> =
                among.iter().filter(|other| *other != end && !taken.contains(other)).collect();
            if chance.happens(moved_share)
                && let Some(other) = chance.pick(&others)
            {
                moved += 1;
                return (*other).clone();
            }
            end.clone()
        };
        for (section, components) in &self.sections {
            let _ = writeln!(text, "{section}:");
            for Component { name, plain, wires } in components {
                let mut fields: Vec<String> =
                    plain.iter().map(|(field, value)| format!("{field}: {value}")).collect();
                for (field, wires, among) in wires {
                    let value = match wires {
                        Wires::One(end) => put(end, &[], among, chance),
                        Wires::Any(ends) => {
                            let mut now = ends.clone();
                            for at in 0..now.len() {
                                let end = now[at].clone();
                                now[at] = put(&end, &now, among, chance);
                            }
                            format!("{{ any: [{}] }}", now.join(", "))
                        }
                    };
                    fields.push(format!("{field}: {value}"));
                }
                let _ = writeln!(text, "  {name}: {{ {} }}", fields.join(", "));
            }
        }
        text.push_str(&self.tail);
        (text, moved)
    }
}

/// Numbered names: `pdu-a-1`, `pdu-a-2`, …
fn named(stem: &str, count: usize) -> Vec<String> {
    (1..=count).map(|nth| format!("{stem}-{nth}")).collect()
}

/// A plant of so many racks, with this share of its wires elsewhere in truth. All checks have one period:
/// 10 s, 30 s or 60 s.
#[must_use]
pub fn pretend(seed: u64, racks: usize, moved_share: f64) -> Pretended {
    let period = ["10s", "30s", "60s"][Chance::of(seed, "period").between(0, 2)];
    pretend_every(period, seed, racks, moved_share)
}

/// The same with checks of this period.
#[must_use]
pub fn pretend_every(period: &str, seed: u64, racks: usize, moved_share: f64) -> Pretended {
    let mut chance = Chance::of(seed, "plant");
    let chance = &mut chance;
    let mut draft = Draft::default();
    let outside = chance.happens(0.7);
    let inside = chance.happens(0.5);
    let mut asked = 0_usize;

    // Power.
    let sides: &[&str] = if chance.happens(0.75) { &["a", "b"] } else { &["a"] };
    let mut sources = Vec::new();
    for side in sides {
        let feed = format!("feed-{side}");
        draft.add("feeds", Component::called(&feed));
        if chance.happens(0.4) {
            let ups = format!("ups-{side}");
            let among = std::slice::from_ref(&feed);
            draft.add(
                "ups",
                Component::called(&ups).wired("fed_by", Wires::One(feed.clone()), among),
            );
            sources.push(ups);
        } else {
            sources.push(feed);
        }
    }
    let pdus: Vec<Vec<String>> =
        sides.iter().map(|side| named(&format!("pdu-{side}"), racks)).collect();
    let all_pdus: Vec<String> = pdus.concat();
    for (own, source) in pdus.iter().zip(&sources) {
        for pdu in own {
            let wire = Wires::One(source.clone());
            draft.add("pdus", Component::called(pdu).wired("fed_by", wire, &sources));
        }
    }
    // Two cords where there are two sides and somebody paid for them.
    let power = |rack: usize, share: f64, chance: &mut Chance| {
        let here: Vec<String> = pdus.iter().map(|side| side[rack].clone()).collect();
        if here.len() > 1 && chance.happens(share) {
            Wires::Any(here)
        } else {
            let one = chance.between(0, here.len() - 1);
            Wires::One(here[one].clone())
        }
    };

    // Network.
    let transits = named("transit", chance.between(1, 2));
    for transit in &transits {
        draft.add("upstreams", Component::called(transit).with("provides", "internet"));
    }
    let cores = named("core", chance.between(1, 2));
    for core in &cores {
        let component = Component::called(core)
            .with("address", address(&mut asked))
            .wired("power", power(0, 0.8, chance), &all_pdus)
            .wired("network", any(&transits), &transits);
        let component = checked(component, 0.9, period, &["here"], "icmp", chance, asked);
        draft.add("routers", component);
    }
    let mut switches: Vec<Vec<String>> = Vec::new();
    for rack in 0..racks {
        let pair = chance.happens(0.35);
        let own: Vec<String> = if pair {
            vec![format!("switch-{}-a", rack + 1), format!("switch-{}-b", rack + 1)]
        } else {
            vec![format!("switch-{}", rack + 1)]
        };
        for switch in &own {
            let component = Component::called(switch)
                .with("address", address(&mut asked))
                .wired("power", power(rack, 0.5, chance), &all_pdus)
                .wired("network", any(&cores), &cores);
            let component = checked(component, 0.9, period, &["here"], "icmp", chance, asked);
            draft.add("switches", component);
        }
        switches.push(own);
    }
    let all_switches = switches.concat();

    // Machines.
    let mut storages = Vec::new();
    for nth in 0..chance.between(0, 1 + racks / 3) {
        let name = format!("storage-{}", nth + 1);
        let rack = chance.between(0, racks - 1);
        let component = Component::called(&name)
            .with("address", address(&mut asked))
            .wired("power", power(rack, 0.9, chance), &all_pdus)
            .wired("network", any(&switches[rack]), &all_switches);
        draft.add("storage", checked(component, 0.9, period, &["here"], "icmp", chance, asked));
        storages.push(name);
    }
    let mut machines = Vec::new();
    let mut hypervisors = Vec::new();
    for (rack, switches) in switches.iter().enumerate() {
        for nth in 0..chance.between(3, 8) {
            let hypervisor = chance.happens(0.4);
            let (section, stem) =
                if hypervisor { ("hypervisors", "hv") } else { ("servers", "server") };
            let name = format!("{stem}-{}-{}", rack + 1, nth + 1);
            let component = Component::called(&name)
                .with("address", address(&mut asked))
                .wired("power", power(rack, 0.6, chance), &all_pdus)
                .wired("network", any(switches), &all_switches);
            draft.add(section, checked(component, 0.85, period, &["here"], "icmp", chance, asked));
            if hypervisor { hypervisors.push(name) } else { machines.push(name) }
        }
    }
    for (nth, hypervisor) in hypervisors.iter().enumerate() {
        for own in 0..chance.between(1, 3) {
            let name = format!("vm-{}-{}", nth + 1, own + 1);
            let mut component = Component::called(&name)
                .with("address", address(&mut asked))
                .wired("on", Wires::One(hypervisor.clone()), &hypervisors);
            if let Some(storage) = chance.pick(&storages)
                && chance.happens(0.7)
            {
                component = component.wired("needs", Wires::One(storage.clone()), &storages);
            }
            draft.add("vms", checked(component, 0.7, period, &["here"], "icmp", chance, asked));
            machines.push(name);
        }
    }

    // What runs.
    let views: &[&str] = if outside { &["here", "outside"] } else { &["here"] };
    let blocks =
        if chance.happens(0.4) { named("block", chance.between(2, 3)) } else { Vec::new() };
    for (block, nth) in blocks.iter().zip(0..) {
        let component = Component::called(block)
            .with("cidr", format!("198.51.{}.0/24", 100 + nth))
            .with("carried_by", any(&transits).text());
        draft.add("prefixes", component);
    }
    let place = |chance: &mut Chance| {
        let first = chance.between(0, machines.len() - 1);
        let second = chance.between(0, machines.len() - 1);
        if first != second && chance.happens(0.25) {
            Wires::Any(vec![machines[first].clone(), machines[second].clone()])
        } else {
            Wires::One(machines[first].clone())
        }
    };
    let databases = named("db", 1 + racks / 2);
    for database in &databases {
        let component = Component::called(database).wired("on", place(chance), &machines);
        asked += 1;
        draft.add("databases", checked(component, 0.9, period, &["here"], "tcp", chance, asked));
    }
    let mut used = Vec::new();
    for nth in 0..machines.len() {
        let website = chance.happens(0.6);
        let (section, stem, kind) =
            if website { ("websites", "site", "https") } else { ("services", "service", "tcp") };
        let name = format!("{stem}-{}", nth + 1);
        let mut component = Component::called(&name).wired("on", place(chance), &machines);
        if let Some(database) = chance.pick(&databases)
            && chance.happens(0.4)
        {
            component = component.wired("needs", Wires::One(database.clone()), &databases);
        }
        if let Some(block) = chance.pick(&blocks) {
            component = component.with("prefix", block);
        }
        asked += 1;
        let from = if inside && chance.happens(0.2) { &["here", "inside"] } else { views };
        draft.add(section, checked(component, 0.95, period, from, kind, chance, asked));
        used.push(name);
    }
    for nth in 0..1 + used.len() / 3 {
        let uses: Vec<&str> = (0..chance.between(1, 3))
            .filter_map(|_| chance.pick(&used))
            .map(String::as_str)
            .collect();
        let mut uses = uses;
        uses.sort_unstable();
        uses.dedup();
        let component = Component::called(format!("customer-{}", nth + 1))
            .with("uses", format!("[{}]", uses.join(", ")));
        draft.add("customers", component);
    }

    // Who looks.
    let way_out =
        if chance.happens(0.6) { ", way_out: [ { tcp: '203.0.113.1:443' } ]" } else { "" };
    let _ = writeln!(draft.tail, "here: {{ at: core-1{way_out} }}");
    if outside || inside {
        draft.tail.push_str("vantages:\n");
    }
    if outside {
        draft.tail.push_str("  outside: { agent: outside }\n");
    }
    if inside {
        let at = &all_switches[all_switches.len() - 1];
        let _ = writeln!(draft.tail, "  inside: {{ at: {at}, agent: inside }}");
    }
    draft.tail.push_str(
        "alerts: { mail: { relay: '127.0.0.1:2525', from: a@example.net, to: [b@example.net], tls: none } }\n",
    );

    let mut moving = Chance::of(seed, "wires");
    let (believed, _) = draft.text(0.0, &mut moving);
    let (truth, moved) = draft.text(moved_share, &mut moving);
    Pretended { believed, truth, moved }
}

impl Wires {
    fn text(&self) -> String {
        match self {
            Self::One(end) => end.clone(),
            Self::Any(ends) => format!("{{ any: [{}] }}", ends.join(", ")),
        }
    }
}

fn any(of: &[String]) -> Wires {
    match of {
        [only] => Wires::One(only.clone()),
        many => Wires::Any(many.to_vec()),
    }
}

/// The next address of a private block.
fn address(asked: &mut usize) -> String {
    *asked += 1;
    format!("10.0.{}.{}", *asked / 250, 1 + *asked % 250)
}

/// Puts a check on a component, mostly.
fn checked(
    component: Component,
    share: f64,
    period: &str,
    from: &[&str],
    kind: &str,
    chance: &mut Chance,
    asked: usize,
) -> Component {
    if !chance.happens(share) {
        return component;
    }
    let (high, low) = (asked / 250, 1 + asked % 250);
    let question = match kind {
        "icmp" => format!("icmp: 10.0.{high}.{low}"),
        "tcp" => format!("tcp: '10.0.{high}.{low}:5432'"),
        _ => format!("https: 'https://{}.example/', connect: 10.0.{high}.{low}", component.name),
    };
    let check = format!("[ {{ {question}, every: {period}, from: [{}] }} ]", from.join(", "));
    component.with("checks", check)
}
