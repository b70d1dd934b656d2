//! Who answers: an nginx or an unbound for each component that is asked for more than echoes.
//!
//! nginx stands for everything behind a TCP port; what it says is not looked at. Names that checks use stand in
//! the `/etc/hosts` of those who ask, and one certificate, which they trust, is for all names.

use super::Place;
use crate::certificate::certificate;
use crate::daemons::{Daemon, Listen};
use crate::namespace::{Host, Lab};
use blackstart_model::check::{self, Check, Question};
use blackstart_model::plant::Role;
use blackstart_model::requirement::{Requirement, Target};
use blackstart_model::{ComponentId, Plant};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

/// All of them, running or not.
pub(super) struct Daemons(Vec<Asked>);

/// A component that is asked.
struct Asked {
    component: ComponentId,
    name: String,
    host: Host,
    web: Vec<Listen>,
    /// Address, and data as unbound takes it.
    names: Option<(String, Vec<String>)>,
    certificate: (PathBuf, PathBuf),
    running: Vec<Daemon>,
}

impl Daemons {
    pub(super) fn of(
        plant: &Plant,
        places: &BTreeMap<ComponentId, Place>,
        lab: &Lab,
        here: &Host,
        agents: &[(String, Host)],
    ) -> Self {
        let over_tls = plant.checks().iter().filter(|check| check.question.tls().is_some());
        let names: Vec<String> = over_tls
            .filter_map(|check| match &check.question.endpoints().first()?.host {
                check::Host::Name(name) => Some(name.to_string()),
                check::Host::Address(address) => Some(address.to_string()),
            })
            .collect();
        let certificate = certificate(lab.folder(), names);
        let mut hosts = String::from("127.0.0.1 localhost\n");
        let mut asked: BTreeMap<ComponentId, Asked> = BTreeMap::new();
        for check in plant.checks() {
            let machine = machine(plant, places, check.component);
            let place = &places[&machine];
            let address = address(check, place, &mut hosts);
            let one = asked.entry(check.component).or_insert_with(|| Asked {
                component: check.component,
                name: plant.component(check.component).name.to_string(),
                host: place.host.clone(),
                web: Vec::new(),
                names: None,
                certificate: certificate.clone(),
                running: Vec::new(),
            });
            one.answer(check, &address);
        }
        for host in std::iter::once(here).chain(agents.iter().map(|(_, host)| host)) {
            host.etc("hosts", &hosts);
            host.set("SSL_CERT_FILE", &certificate.0);
        }
        Self(asked.into_values().collect())
    }

    /// Starts and kills them.
    pub(super) fn follow(&mut self, stands: &dyn Fn(ComponentId) -> bool) {
        for asked in &mut self.0 {
            match (stands(asked.component), asked.running.is_empty()) {
                (true, true) => asked.start(),
                (false, false) => asked.running.drain(..).for_each(Daemon::kill),
                (true, false) | (false, true) => {}
            }
        }
    }
}

impl Asked {
    /// What it takes to answer this check.
    fn answer(&mut self, check: &Check, address: &str) {
        let key = &check.key;
        match &*check.question {
            Question::Http(http) => {
                let plain = http.body.is_empty() && http.response_headers.is_empty();
                assert!(plain, "the lab's web server says nothing in particular ({key})");
                let port = http.connect.as_ref().unwrap_or(&http.authority).port;
                self.web.push(Listen {
                    address: address.to_owned(),
                    port,
                    tls: http.tls.is_some(),
                });
            }
            Question::Tcp(tcp) => {
                let port = tcp.target.port;
                self.web.push(Listen { address: address.to_owned(), port, tls: false });
            }
            Question::Icmp(_) | Question::Push(_) => {}
            Question::Ssh(_)
            | Question::Smtp(_)
            | Question::Imap(_)
            | Question::Redis(_)
            | Question::Talk(_)
            | Question::Postgres(_)
            | Question::Mariadb(_)
            | Question::Snmp(_)
            | Question::Ntp(_)
            | Question::Plugin(_) => {
                panic!("the lab's plants have no such daemon yet ({key})")
            }
            Question::Dns(dns) => {
                let value = match dns.record_type {
                    "SOA" => "ns.example.net. hostmaster.example.net. 1 3600 600 86400 300",
                    "NS" => "ns.example.net.",
                    "A" => "192.0.2.7",
                    other => panic!("the lab's name server has no {other} records ({key})"),
                };
                let zone = dns.name.trim_end_matches('.');
                let data = [
                    format!("local-zone: \"{zone}.\" static"),
                    format!("local-data: \"{zone}. {} {value}\"", dns.record_type),
                ];
                let (_, all) = self.names.get_or_insert_with(|| (address.to_owned(), Vec::new()));
                all.extend(data);
            }
        }
    }

    fn start(&mut self) {
        if !self.web.is_empty() {
            self.running.push(Daemon::web(&self.host, &self.name, &self.web, &self.certificate));
        }
        if let Some((address, data)) = &self.names {
            self.running.push(Daemon::names(&self.host, address, data));
        }
    }
}

/// The machine with a namespace that a component runs on; itself, where it has one.
fn machine(
    plant: &Plant,
    places: &BTreeMap<ComponentId, Place>,
    component: ComponentId,
) -> ComponentId {
    let mut at = component;
    while !places.contains_key(&at) {
        let on = match plant.component(at).requirement(Role::On) {
            Some(Requirement::One(leaf)) => leaf.target,
            _ => panic!("the lab does not know where {} runs", plant.component(component).name),
        };
        let Target::Component(on) = on else { panic!("nothing runs on the internet") };
        at = on;
    }
    at
}

/// The machine's address that a check goes to. A name that stands for it is told to those who ask.
fn address(check: &Check, place: &Place, hosts: &mut String) -> String {
    let own: Vec<String> = place.own.iter().map(ToString::to_string).collect();
    match super::target(&check.question).0 {
        check::Host::Address(address) => {
            let address = address.to_string();
            assert!(own.contains(&address), "{} asks {address}, which nobody has", check.key);
            address
        }
        check::Host::Name(name) => {
            writeln!(hosts, "{} {name}", own[0]).expect("a String takes everything");
            own[0].clone()
        }
    }
}
