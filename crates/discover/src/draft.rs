//! From what a machine knows of itself to a plant file, with what it may be asked and what is left to ask people.

use crate::host::{Host, Listening};
use blackstart_model::check::Question;
use blackstart_model::observation::Standing;
use blackstart_model::plantfile;
use blackstart_model::time::Duration;
use blackstart_probe::{Equipment, ask_once};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// How long the first look waits for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often what stands on this machine is asked: it costs nothing to ask ourselves.
const EVERY: &str = "5 s";

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

/// Programs that keep data.
const DATABASES: [&str; 7] =
    ["postgres", "mariadbd", "mysqld", "redis-server", "valkey-server", "mongod", "memcached"];

/// A plant in the making.
#[derive(Debug)]
pub struct Draft {
    machine: String,
    timezone: Option<String>,
    gateways: Vec<IpAddr>,
    components: Vec<Component>,
    notes: Vec<String>,
    questions: Vec<String>,
}

/// One program, or one thing that the machine relies on.
#[derive(Debug)]
struct Component {
    section: &'static str,
    name: String,
    why: String,
    on_machine: bool,
    asked: Vec<Asked>,
}

/// Questions of which one is to be put for good, the most telling first, as they are written in a plant.
#[derive(Debug)]
struct Asked {
    candidates: Vec<String>,
}

/// What came of the first look.
#[derive(Debug, PartialEq, Eq)]
pub struct Looked {
    /// The plant file, with what it rests on in its comments.
    pub plant: String,
    /// What was found, a line each.
    pub found: Vec<String>,
    /// What the machine cannot know, or did not answer: for people.
    pub questions: Vec<String>,
}

impl Draft {
    /// What could be watched, before anything was asked.
    #[must_use]
    pub fn of(host: &Host) -> Self {
        let mut names = Names::default();
        let machine = names.take(if host.name.is_empty() { "this-machine" } else { &host.name });
        let mut draft = Self {
            machine,
            timezone: host.timezone.clone().filter(|zone| is_zone(zone)),
            gateways: host.gateways.clone(),
            components: Vec::new(),
            notes: notes(host),
            questions: host.unseen.iter().map(|what| format!("not seen: {what}")).collect(),
        };
        for gateway in &host.gateways {
            let name = names.take("gateway");
            let asked = vec![Asked { candidates: vec![format!("icmp: {gateway}")] }];
            let why = format!("default route by {gateway}");
            let section = "routers";
            draft.components.push(Component { section, name, why, on_machine: false, asked });
        }
        // A stub on this machine is found as what listens.
        for resolver in host.resolvers.iter().filter(|it| !it.is_loopback()) {
            let name = names.take("resolver");
            let dns = format!("dns: \"{resolver}\", query: . NS");
            let asked = vec![Asked { candidates: vec![dns] }];
            let why = "asked for names by /etc/resolv.conf".to_owned();
            let section = "services";
            draft.components.push(Component { section, name, why, on_machine: false, asked });
        }
        let mut by_program: BTreeMap<String, Vec<&Listening>> = BTreeMap::new();
        for listening in &host.listening {
            by_program.entry(called(listening)).or_default().push(listening);
        }
        for (called, listening) in by_program {
            let program = listening[0].program.as_deref().unwrap_or_default();
            let section = if DATABASES.contains(&program) { "databases" } else { "services" };
            let mut ports: Vec<u16> = Vec::new();
            let mut asked = Vec::new();
            for one in &listening {
                // The same port at several addresses is one thing; the first speaks for it.
                if !ports.contains(&one.port) {
                    ports.push(one.port);
                    asked.push(Asked { candidates: candidates(one) });
                }
            }
            let why = why(listening[0], &ports);
            let name = names.take(&called);
            draft.components.push(Component { section, name, why, on_machine: true, asked });
        }
        draft.questions.extend(questions(host));
        draft
    }

    /// Asks everything once, and takes of each the first question that is answered well.
    ///
    /// # Errors
    /// When the system gives no runtime.
    pub fn look(&self) -> std::io::Result<Looked> {
        let all: Vec<&String> = self.each().flat_map(|(_, asked)| &asked.candidates).collect();
        let parsed: Vec<Option<Question>> = all.iter().map(|written| question(written)).collect();
        let put: Vec<Question> = parsed.iter().flatten().cloned().collect();
        let mut answers = ask_once(&Equipment::bare(), &put, PATIENCE)?.into_iter();
        let is_well: BTreeMap<&String, bool> = all
            .into_iter()
            .zip(&parsed)
            .map(|(written, parsed)| {
                let answer = parsed.as_ref().and_then(|_| answers.next());
                let stands = answer.map(|answer| answer.outcome.standing());
                (written, matches!(stands, Some(Standing::Up | Standing::Degraded)))
            })
            .collect();
        Ok(self.written(|candidate| is_well.get(candidate).copied().unwrap_or(false)))
    }

    fn each(&self) -> impl Iterator<Item = (&Component, &Asked)> {
        self.components.iter().flat_map(|it| it.asked.iter().map(move |asked| (it, asked)))
    }

    /// The plant with the first question of each that is well.
    fn written(&self, is_well: impl Fn(&String) -> bool) -> Looked {
        let mut found = self.notes.clone();
        let mut questions = self.questions.clone();
        let mut chosen: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
        for (component, asked) in self.each() {
            match asked.candidates.iter().find(|candidate| is_well(candidate)) {
                Some(candidate) => {
                    chosen.entry(&component.name).or_default().push(candidate);
                    found.push(format!("{}: {}, {candidate}", component.name, component.why));
                }
                None => questions.push(format!(
                    "{} ({}) did not answer `{}`: is it to? Then add the check by hand",
                    component.name,
                    component.why,
                    asked.candidates.last().map_or("", String::as_str)
                )),
            }
        }
        let plant = self.plant(&chosen, &questions);
        Looked { plant, found, questions }
    }

    fn plant(&self, chosen: &BTreeMap<&str, Vec<&String>>, questions: &[String]) -> String {
        let mut text = String::new();
        let mut line = |indent: usize, words: &str| {
            writeln!(text, "{:indent$}{words}", "").expect("a String takes everything");
        };
        line(
            0,
            "# A starter plant: what this machine knows of itself, each check answered once when it was written.",
        );
        line(
            0,
            "# Change it as you like; it is yours. `blackstart check` says what is wrong with it.",
        );
        if !questions.is_empty() {
            line(0, "#");
            line(0, "# What it does not know:");
            for question in questions {
                line(0, &format!("# - {question}"));
            }
        }
        line(0, "");
        line(0, "blackstart: 1");
        line(0, &format!("name: {}", self.machine));
        if let Some(zone) = &self.timezone {
            line(0, &format!("timezone: {zone}"));
        }
        line(0, &format!("here: {{ at: {} }}", self.machine));
        if !self.gateways.is_empty() {
            line(0, "upstreams:");
            line(2, "internet-access: { provides: internet }");
        }
        for section in ["routers", "servers", "services", "databases"] {
            let own = self.components.iter().filter(|component| component.section == section);
            let own: Vec<&Component> = own.collect();
            if own.is_empty() && section != "servers" {
                continue;
            }
            line(0, &format!("{section}:"));
            if section == "servers" {
                // Whether a second one stands in for the first nobody here knows.
                let mut routers = self.components.iter().filter(|it| it.section == "routers");
                match routers.next() {
                    None => line(2, &format!("{}: {{}}", self.machine)),
                    Some(first) => {
                        line(2, &format!("{}: {{ network: {} }}", self.machine, first.name));
                    }
                }
                continue;
            }
            for component in own {
                line(2, &format!("{}: # {}", component.name, component.why));
                if section == "routers" {
                    line(4, "network: internet-access");
                } else if component.on_machine {
                    line(4, &format!("on: {}", self.machine));
                }
                match chosen.get(&*component.name) {
                    Some(checks) => {
                        line(4, "checks:");
                        for check in checks {
                            line(6, &format!("- {{ {check}, every: {EVERY} }}"));
                        }
                    }
                    None => line(4, "checks: []"),
                }
            }
        }
        text
    }
}

/// What a listening program is called: its unit, else itself, else its port.
fn called(listening: &Listening) -> String {
    let Listening { port, program, unit, .. } = listening;
    // Template units and the units of sessions are named by their programs better than by themselves.
    let unit = unit.as_ref().filter(|unit| !unit.contains('@') && !unit.starts_with("session"));
    unit.or(program.as_ref()).cloned().unwrap_or_else(|| format!("port-{port}"))
}

fn why(listening: &Listening, ports: &[u16]) -> String {
    let Listening { program, unit, container, .. } = listening;
    let program = program.as_deref().unwrap_or("a program that we may not see");
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    let mut text = format!("{program} listens on {}", ports.join(", "));
    if let Some(unit) = unit {
        let _ = write!(text, ", unit {unit}");
    }
    if let Some(container) = container {
        let _ = write!(text, ", container {container}");
    }
    text
}

/// What may be asked of it, the most telling first. Only web ports are spoken to; of the others it is seen whether
/// they take a connection.
fn candidates(listening: &Listening) -> Vec<String> {
    let Listening { port, address, program, .. } = listening;
    let program = program.as_deref().unwrap_or_default();
    let address = if address.is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { *address };
    let target = SocketAddr::new(address, *port);
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
    asked.push(format!("tcp: \"{target}\""));
    asked
}

/// A question as it is written in a plant; `None` where that is none.
pub(crate) fn question(written: &str) -> Option<Question> {
    let text = format!("blackstart: 1\nservices: {{ x: {{ checks: [ {{ {written} }} ] }} }}\n");
    let (plant, _) = plantfile::parse_str(&text);
    plant.and_then(|plant| plant.checks().first().map(|check| check.question.clone()))
}

/// Whether a plant may name this zone.
fn is_zone(zone: &str) -> bool {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "/_+-".contains(it);
    let text = format!("blackstart: 1\ntimezone: {zone}\n");
    zone.chars().all(is_plain) && plantfile::parse_str(&text).0.is_some()
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
        "what feeds this machine with power, and what stands behind that (`feeds`, `pdus`, `ups`)".to_owned(),
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
    if host.gateways.len() > 1 {
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

/// Names that are taken; a second of one is numbered.
#[derive(Default)]
struct Names(BTreeMap<String, u32>);

impl Names {
    fn take(&mut self, wanted: &str) -> String {
        let mut name: String = wanted
            .to_lowercase()
            .chars()
            .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
            .collect();
        name = name.trim_matches('-').chars().take(60).collect();
        if name.is_empty() {
            name = "unnamed".to_owned();
        }
        if name.starts_with(|first: char| first.is_ascii_digit()) {
            name.insert_str(0, "n-");
        }
        let times = self.0.entry(name.clone()).or_default();
        *times += 1;
        if *times > 1 { format!("{name}-{times}") } else { name }
    }
}
