//! Plants drawn at random, small enough for a person to read when a case fails, and what a naive
//! reader says of them.
//!
//! A part only ever names parts that stand before it, so nothing here is circular. Names in a drawing
//! are numbers, taken modulo what stands before: every drawing is a plant, and shrinking it gives one.

use blackstart_model::{Plant, plantfile};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

/// A requirement; a leaf is a number.
#[derive(Clone, Debug)]
pub(crate) enum Wants {
    One(usize),
    /// Takes over only after a while: counts as absent.
    Standby(usize),
    All(Vec<Wants>),
    Any(Vec<Wants>),
    AtLeast(usize, Vec<Wants>),
}

impl Wants {
    fn drawn() -> impl Strategy<Value = Self> {
        let leaf = prop_oneof![
            9 => (0..100_usize).prop_map(Self::One),
            1 => (0..100_usize).prop_map(Self::Standby),
        ];
        leaf.prop_recursive(2, 8, 4, |inner| {
            let of = || vec(inner.clone(), 1..5);
            prop_oneof![
                of().prop_map(Self::All),
                of().prop_map(Self::Any),
                (0..4_usize, of()).prop_map(|(k, of)| Self::AtLeast(1 + k % of.len(), of)),
            ]
        })
    }

    /// As a plant file says it, among the first `known` parts.
    pub(crate) fn written(&self, known: usize) -> String {
        let list = |of: &[Self]| {
            let of: Vec<String> = of.iter().map(|part| part.written(known)).collect();
            of.join(", ")
        };
        match self {
            Self::One(leaf) => format!("p{}", leaf % known),
            Self::Standby(leaf) => format!("{{ standby: p{}, takes: 10 min }}", leaf % known),
            Self::All(of) => format!("{{ all: [{}] }}", list(of)),
            Self::Any(of) => format!("{{ any: [{}] }}", list(of)),
            Self::AtLeast(k, of) => format!("{{ at_least: {k}, of: [{}] }}", list(of)),
        }
    }

    /// Whether it is met by those parts that work, by the words of the plant file.
    fn met(&self, works: &[bool]) -> bool {
        match self {
            Self::One(leaf) => works[leaf % works.len()],
            Self::Standby(_) => false,
            Self::All(of) => of.iter().all(|part| part.met(works)),
            Self::Any(of) => of.iter().any(|part| part.met(works)),
            Self::AtLeast(k, of) => of.iter().filter(|part| part.met(works)).count() >= *k,
        }
    }

    /// The any-ofs in it, outermost first.
    fn choices(&mut self) -> Vec<&mut Vec<Wants>> {
        match self {
            Self::One(_) | Self::Standby(_) => Vec::new(),
            // Either the list itself or what is inside: one of them is widened, and the list it is.
            Self::Any(of) => vec![of],
            Self::All(of) | Self::AtLeast(_, of) => of.iter_mut().flat_map(Self::choices).collect(),
        }
    }
}

/// One thing of a plant without a network.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    section: &'static str,
    /// `in`, `on`, `power`, `cooled_by` and `needs`.
    wants: [Option<Wants>; 5],
    known_failed: bool,
    checked: bool,
    /// What its own failure can take down.
    spreads: Vec<usize>,
}

const ROLES: [&str; 5] = ["in", "on", "power", "cooled_by", "needs"];

/// A plant without a network, and a customer who uses of it.
#[derive(Clone, Debug)]
pub(crate) struct Works {
    parts: Vec<Part>,
    uses: Wants,
}

impl Works {
    pub(crate) fn drawn() -> impl Strategy<Value = Self> {
        let section = prop::sample::select(
            &["components", "servers", "vms", "databases", "services", "websites"][..],
        );
        let wants = || option::weighted(0.35, Wants::drawn());
        let wants = [wants(), wants(), wants(), wants(), wants()];
        let odds = (prop::bool::weighted(0.1), prop::bool::weighted(0.4));
        let spreads = prop_oneof![4 => Just(Vec::new()), 1 => vec(0..100_usize, 1..4)];
        let part = (section, wants, odds, spreads).prop_map(
            |(section, wants, (known_failed, checked), spreads)| Part {
                section,
                wants,
                known_failed,
                checked,
                spreads,
            },
        );
        (vec(part, 1..12), Wants::drawn()).prop_map(|(mut parts, uses)| {
            // `in` names places only: the first part is one, and it is the only place.
            parts[0].section = "components";
            for part in &mut parts {
                part.wants[0] = part.wants[0].take().map(|_| Wants::One(0));
            }
            let len = parts.len();
            for (at, part) in parts.iter_mut().enumerate() {
                part.spreads.iter_mut().for_each(|to| *to %= len);
                part.spreads.retain(|&to| to != at);
                part.spreads.sort_unstable();
                part.spreads.dedup();
            }
            Self { parts, uses }
        })
    }

    pub(crate) const fn len(&self) -> usize {
        self.parts.len()
    }

    pub(crate) fn checked(&self) -> impl Iterator<Item = usize> + '_ {
        self.parts.iter().zip(0..).filter(|(part, _)| part.checked).map(|(_, at)| at)
    }

    pub(crate) fn written(&self) -> String {
        let mut text = String::from("vantages: { outside: { agent: fra } }\n");
        let sections: BTreeSet<&str> = self.parts.iter().map(|part| part.section).collect();
        for section in sections {
            writeln!(text, "{section}:").expect("a String takes everything");
            for (part, at) in self.parts.iter().zip(0..) {
                if part.section == section {
                    writeln!(text, "  p{at}: {{ {} }}", part.written(at))
                        .expect("a String takes everything");
                }
            }
        }
        let uses = self.uses.written(self.len());
        text + &format!("customers: {{ acme: {{ uses: {uses} }} }}\n")
    }

    /// What can take down what.
    pub(crate) fn spreads(&self) -> Vec<(usize, usize)> {
        let parts = self.parts.iter().enumerate();
        parts.flat_map(|(at, part)| part.spreads.iter().map(move |&to| (at, to))).collect()
    }

    /// Which parts work with these broken: each that is not broken and has what it wants.
    pub(crate) fn works(&self, broken: &BTreeSet<usize>) -> Vec<bool> {
        self.works_where(broken, &BTreeSet::new())
    }

    /// The same where those that are broken have taken these along, if the first of the two is.
    pub(crate) fn works_where(
        &self,
        broken: &BTreeSet<usize>,
        taken: &BTreeSet<(usize, usize)>,
    ) -> Vec<bool> {
        let own = |at: usize| self.parts[at].known_failed || broken.contains(&at);
        let mut works = Vec::new();
        for (part, at) in self.parts.iter().zip(0..) {
            let given = part.wants.iter().flatten().all(|wants| at == 0 || wants.met(&works));
            let hit = taken.iter().any(|&(from, to)| to == at && own(from));
            works.push(given && !own(at) && !hit);
        }
        works
    }

    /// Whether the customer has what they use.
    pub(crate) fn is_served(&self, broken: &BTreeSet<usize>) -> bool {
        self.uses.met(&self.works(broken))
    }

    /// The same with one more member in one of its any-ofs; `None` when it has none.
    pub(crate) fn widened(&self, which: usize, member: &Wants) -> Option<Self> {
        let mut wider = self.clone();
        let mut choices: Vec<&mut Vec<Wants>> = wider
            .parts
            .iter_mut()
            .skip(1)
            .flat_map(|part| part.wants.iter_mut().flatten())
            .chain([&mut wider.uses])
            .flat_map(Wants::choices)
            .collect();
        let among = choices.len();
        choices.get_mut(which % among.max(1))?.push(member.clone());
        Some(wider)
    }

    pub(crate) fn member() -> impl Strategy<Value = Wants> {
        Wants::drawn()
    }
}

impl Part {
    fn written(&self, at: usize) -> String {
        let mut fields: Vec<String> = Vec::new();
        for (role, wants) in ROLES.iter().zip(&self.wants) {
            // The first part has nothing before it to want.
            if let (Some(wants), 1..) = (wants, at) {
                fields.push(format!("{role}: {}", wants.written(at)));
            }
        }
        if self.known_failed {
            fields.push("condition: { known_failed: 'blown in June' }".to_owned());
        }
        if !self.spreads.is_empty() {
            let to: Vec<String> = self.spreads.iter().map(|to| format!("p{to}")).collect();
            fields.push(format!("can_take_down: [{}]", to.join(", ")));
        }
        if self.checked {
            fields.push("checks: [ { tcp: '10.0.0.1:80', from: [here, outside] } ]".to_owned());
        }
        fields.join(", ")
    }
}

/// A plant with a network under two upstreams: routers, then switches, each towards what stands before
/// it, then servers with a service each.
#[derive(Clone, Debug)]
pub(crate) struct Wired {
    /// Routers and switches; the first is a router.
    forwarders: Vec<Forwarder>,
    /// Lateral links between forwarders.
    links: Vec<(usize, usize)>,
    servers: Vec<Server>,
    /// Where `here` and the second vantage stand; the third is outside.
    vantages: [usize; 2],
}

#[derive(Clone, Debug)]
struct Forwarder {
    routes: bool,
    up: Up,
}

/// Towards the core: any or all of these.
#[derive(Clone, Debug)]
struct Up {
    any: bool,
    of: Vec<usize>,
}

#[derive(Clone, Debug)]
struct Server {
    up: Up,
    /// In the address block that both upstreams carry.
    in_prefix: bool,
    /// Services of servers before it.
    needs: Option<Up>,
}

impl Up {
    fn drawn() -> impl Strategy<Value = Self> + Clone {
        let any = prop::bool::weighted(0.75);
        (any, vec(0..100_usize, 1..4)).prop_map(|(any, of)| Self { any, of })
    }

    /// As a plant file says it; `name` is given the place in the list and the number there.
    fn written(&self, name: impl Fn(usize, usize) -> String) -> String {
        let of: Vec<String> = self.of.iter().enumerate().map(|(at, &n)| name(at, n)).collect();
        format!("{{ {}: [{}] }}", if self.any { "any" } else { "all" }, of.join(", "))
    }
}

impl Wired {
    pub(crate) fn drawn() -> impl Strategy<Value = Self> {
        let forwarder =
            (any::<bool>(), Up::drawn()).prop_map(|(routes, up)| Forwarder { routes, up });
        let server = (Up::drawn(), any::<bool>(), option::of(Up::drawn()))
            .prop_map(|(up, in_prefix, needs)| Server { up, in_prefix, needs });
        let place = 0..100_usize;
        (
            vec(forwarder, 1..6),
            vec((place.clone(), place.clone()), 0..3),
            vec(server, 1..4),
            [place.clone(), place],
        )
            .prop_map(|(mut forwarders, links, servers, vantages)| {
                forwarders[0].routes = true;
                Self { forwarders, links, servers, vantages }
            })
    }

    fn place(&self, at: usize) -> String {
        format!("f{}", at % self.forwarders.len())
    }

    /// What a forwarder is connected to by one number of its list. The first forwarder is under the
    /// upstreams and over all others, so that all can meet: where a plant has no path at all, the
    /// circuit takes a check's word for it.
    fn above(forwarder: usize, place: usize, leaf: usize) -> String {
        match (forwarder, place) {
            (0, _) => format!("u{}", leaf % 2),
            (_, 1..) if leaf.is_multiple_of(5) => format!("u{}", leaf / 5 % 2),
            (at, _) => format!("f{}", leaf % at),
        }
    }

    pub(crate) fn written(&self) -> String {
        let mut text = String::from(
            "upstreams: { u0: { provides: internet }, u1: { provides: internet } }\n\
             prefixes: { block: { cidr: 192.0.2.0/24, carried_by: { any: [u0, u1] } } }\n",
        );
        for (section, routes) in [("routers", true), ("switches", false)] {
            if !self.forwarders.iter().any(|forwarder| forwarder.routes == routes) {
                continue;
            }
            writeln!(text, "{section}:").expect("a String takes everything");
            for (forwarder, at) in self.forwarders.iter().zip(0..) {
                let up = forwarder.up.written(|place, leaf| Self::above(at, place, leaf));
                if forwarder.routes == routes {
                    writeln!(text, "  f{at}: {{ network: {up} }}")
                        .expect("a String takes everything");
                }
            }
        }
        let links: Vec<String> = self
            .links
            .iter()
            .zip(0..)
            .map(|((a, b), at)| (at, self.place(*a), self.place(*b)))
            .filter(|(_, a, b)| a != b)
            .map(|(at, a, b)| format!("l{at}: {{ between: [{a}, {b}] }}"))
            .collect();
        if !links.is_empty() {
            writeln!(text, "links: {{ {} }}", links.join(", ")).expect("a String takes everything");
        }
        text.push_str("servers:\n");
        for (server, at) in self.servers.iter().zip(1..) {
            let up = server.up.written(|_, leaf| self.place(leaf));
            let address =
                if server.in_prefix { format!(", address: 192.0.2.{at}") } else { String::new() };
            writeln!(text, "  m{at}: {{ network: {up}{address} }}")
                .expect("a String takes everything");
        }
        text.push_str("services:\n");
        for (server, at) in self.servers.iter().zip(1..) {
            let needs = match &server.needs {
                Some(needs) if at > 1 => {
                    let needs = needs.written(|_, leaf| format!("s{}", 1 + leaf % (at - 1)));
                    format!(", needs: {needs}")
                }
                _ => String::new(),
            };
            writeln!(
                text,
                "  s{at}: {{ on: m{at}{needs}, \
                 checks: [ {{ tcp: '10.0.0.{at}:80', every: 5s, from: [here, inside, outside] }} ] }}"
            )
            .expect("a String takes everything");
        }
        let [here, inside] = self.vantages.map(|at| self.place(at));
        text + &format!(
            "here: {{ at: {here} }}\n\
             vantages: {{ inside: {{ at: {inside}, agent: a }}, outside: {{ agent: b }} }}\n\
             customers: {{ acme: {{ uses: [s1] }} }}\n"
        )
    }

    /// The same with one more member in one of its any-ofs; `None` when it has none.
    pub(crate) fn widened(&self, which: usize, member: usize) -> Option<Self> {
        let mut wider = self.clone();
        let mut choices: Vec<&mut Up> = wider
            .forwarders
            .iter_mut()
            .map(|forwarder| &mut forwarder.up)
            .chain(wider.servers.iter_mut().flat_map(|server| {
                [Some(&mut server.up), server.needs.as_mut()].into_iter().flatten()
            }))
            .filter(|up| up.any)
            .collect();
        let among = choices.len();
        choices.get_mut(which % among.max(1))?.of.push(member);
        Some(wider)
    }
}

/// The plant of this text.
pub(crate) fn plant(body: &str) -> Arc<Plant> {
    let text = format!("blackstart: 1\nname: drawn\ntimezone: UTC\n{body}");
    let (plant, findings) = plantfile::parse(&[("drawn.yaml".to_owned(), text)]);
    plant.unwrap_or_else(|| panic!("not a plant: {findings:#?}\n{body}"))
}

/// What a naive reader says of a [`Wired`] plant with these names broken: by walking it, one scenario
/// at a time.
pub(crate) struct Walk<'a> {
    drawn: &'a Wired,
    broken: &'a BTreeSet<String>,
}

impl Wired {
    pub(crate) const fn walk<'a>(&'a self, broken: &'a BTreeSet<String>) -> Walk<'a> {
        Walk { drawn: self, broken }
    }

    /// How many services there are: `s1` and so on.
    pub(crate) const fn services(&self) -> usize {
        self.servers.len()
    }

    /// Where `here` and `inside` stand.
    pub(crate) fn places(&self) -> [String; 2] {
        self.vantages.map(|at| self.place(at))
    }
}

impl Walk<'_> {
    fn is_whole(&self, name: &str) -> bool {
        !self.broken.contains(name)
    }

    /// What a place is connected to towards the core, whether all of it is needed, and what it is
    /// linked to besides: the other end, and by which link.
    fn around(&self, name: &str) -> (Vec<String>, bool, Vec<(String, String)>) {
        let number = || name[1..].parse::<usize>().expect("a letter and a number");
        let Wired { forwarders, links, servers, vantages: _ } = self.drawn;
        match &name[..1] {
            "s" => (vec![format!("m{}", number())], true, Vec::new()),
            "m" => {
                let up = &servers[number() - 1].up;
                (up.of.iter().map(|&leaf| self.drawn.place(leaf)).collect(), !up.any, Vec::new())
            }
            "f" => {
                let up = &forwarders[number()].up;
                let of = up.of.iter().enumerate();
                let above = of.map(|(place, &leaf)| Wired::above(number(), place, leaf)).collect();
                let mut linked = Vec::new();
                for ((a, b), at) in links.iter().zip(0..) {
                    let (a, b) = (self.drawn.place(*a), self.drawn.place(*b));
                    if a == name && b != name {
                        linked.push((b, format!("l{at}")));
                    } else if b == name && a != name {
                        linked.push((a, format!("l{at}")));
                    }
                }
                (above, !up.any, linked)
            }
            _ => (Vec::new(), false, Vec::new()),
        }
    }

    /// A(x): what it reaches going up, with everything on the way whole, itself included.
    fn reached(&self, from: &str) -> BTreeSet<String> {
        let mut reached = BTreeSet::new();
        let mut next = vec![from.to_owned()];
        while let Some(place) = next.pop() {
            // A service is nowhere without its machine.
            let (above, all, linked) = self.around(&place);
            let machine_whole = !place.starts_with('s') || self.is_whole(&above[0]);
            if !self.is_whole(&place) || !machine_whole || !reached.insert(place) {
                continue;
            }
            if !all || above.iter().all(|name| self.is_whole(name)) {
                next.extend(above);
            }
            next.extend(
                linked.into_iter().filter(|(_, link)| self.is_whole(link)).map(|(to, _)| to),
            );
        }
        reached
    }

    /// Whether two places exchange packets: inside, or over the internet by public addresses.
    fn meet(&self, a: &str, b: &str) -> bool {
        let (from_a, from_b) = (self.reached(a), self.reached(b));
        // An upstream's own network leads to a block only where it routes it.
        let routed = |upstream: &str, end: &str| !self.in_prefix(end) || self.carried(upstream);
        let inside = from_a.intersection(&from_b).any(|meeting| {
            !meeting.starts_with('u') || [a, b].into_iter().all(|end| routed(meeting, end))
        });
        let public = self.in_prefix(a) && self.in_prefix(b);
        inside || (public && self.is_outside_reached(a) && self.is_outside_reached(b))
    }

    fn in_prefix(&self, name: &str) -> bool {
        let machine = |name: &str| name[1..].parse::<usize>().expect("a letter and a number") - 1;
        name.starts_with(['s', 'm']) && self.drawn.servers[machine(name)].in_prefix
    }

    /// Whether the internet reaches it.
    pub(crate) fn is_outside_reached(&self, name: &str) -> bool {
        let reached = self.reached(name);
        let carried = |upstream: &str| !self.in_prefix(name) || self.carried(upstream);
        ["u0", "u1"].into_iter().any(|upstream| reached.contains(upstream) && carried(upstream))
    }

    /// Whether an upstream routes the block.
    fn carried(&self, upstream: &str) -> bool {
        self.is_whole("block") && self.is_whole(&format!("{upstream}>block"))
    }

    pub(crate) fn works(&self, service: usize) -> bool {
        let name = format!("s{service}");
        let needs = match &self.drawn.servers[service - 1].needs {
            Some(needs) if service > 1 => {
                let mut met = needs.of.iter().map(|leaf| {
                    let needed = 1 + leaf % (service - 1);
                    self.works(needed) && self.meet(&name, &format!("s{needed}"))
                });
                if needs.any { met.any(|met| met) } else { met.all(|met| met) }
            }
            _ => true,
        };
        needs && self.is_whole(&name) && self.is_whole(&format!("m{service}"))
    }

    /// Whether a vantage at this place, or outside, sees a service up.
    pub(crate) fn sees(
        &self,
        vantage: &str,
        place: Option<&str>,
        service: usize,
        crosses_way_out: bool,
    ) -> bool {
        let name = format!("s{service}");
        let path = match place {
            Some(place) => self.meet(place, &name),
            None => self.is_outside_reached(&name),
        };
        let asks = !crosses_way_out || self.is_whole(&format!("vantage {vantage}"));
        asks && path && self.works(service) && self.is_whole(&format!("check {name}/tcp"))
    }
}
