//! What would show: cases a person can judge, and on random plants the same by breaking everything once and
//! looking.

use crate::drawn::{Wired, Works, plant};
use blackstart_model::check::CheckKind;
use blackstart_model::kind::Kind;
use blackstart_model::time::Timestamp;
use blackstart_model::{Plant, VantageId};
use blackstart_reason::circuit::{Circuit, InputId, Killers, Subject};
use blackstart_reason::crosses_way_out;
use blackstart_reason::diagnosability::{
    Ask, Cost, Diagnosability, SuggestedCheck, Symptom, diagnosability,
};
use blackstart_reason::structure::{Audit, Finding, audit, worse_than};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A plant with what would show in it.
struct Case {
    plant: Arc<Plant>,
    circuit: Circuit,
    said: Diagnosability,
}

fn case(body: &str) -> Case {
    let plant = plant(body);
    let circuit = Circuit::of(&plant);
    let killers = Killers::of(&circuit).expect("a small plant");
    let blasts = killers.blasts(&circuit);
    let is_used: Vec<bool> = plant.components().iter().map(|one| one.kind.is_used()).collect();
    let said =
        diagnosability(&plant, &circuit, &killers, &blasts, &is_used).expect("a small plant");
    Case { plant, circuit, said }
}

impl Case {
    fn fault(&self, subject: Subject) -> String {
        let name = |id| self.plant.component(id).name.as_str();
        match subject {
            Subject::Component(id) => name(id).to_owned(),
            Subject::Carriage { upstream, prefix } => {
                format!("{}>{}", name(upstream), name(prefix))
            }
            Subject::Vantage(_) | Subject::Check(_) | Subject::Spread { .. } => {
                panic!("{subject:?} is no fault here")
            }
        }
    }

    fn faults(&self, of: &[InputId]) -> Vec<String> {
        of.iter().map(|&input| self.fault(self.circuit.subject(input))).collect()
    }

    fn blind(&self) -> Vec<String> {
        let blind: Vec<InputId> = self.said.blind.iter().map(|one| one.fault).collect();
        self.faults(&blind)
    }

    fn alike(&self) -> Vec<Vec<String>> {
        self.said.alike.iter().map(|one| self.faults(&one.faults)).collect()
    }

    fn input(&self, fault: &str) -> InputId {
        let of = |&input: &InputId| match self.circuit.subject(input) {
            Subject::Vantage(_) | Subject::Check(_) | Subject::Spread { .. } => false,
            subject => self.fault(subject) == fault,
        };
        self.circuit.inputs().find(of).unwrap_or_else(|| panic!("no fault {fault}"))
    }

    /// How a fault shows, in words.
    fn shows(&self, fault: &str) -> Vec<String> {
        let said = self.said.signatures.of_fault(self.input(fault));
        said.map(|symptom| self.symptom(symptom)).collect()
    }

    fn symptom(&self, symptom: Symptom) -> String {
        match symptom {
            Symptom::Lost(vantage) => format!("{} lost", self.plant.vantage(vantage).name),
            Symptom::Fails { sees, answered } => {
                let sees = self.circuit.sees()[sees];
                let check = &self.plant.checks()[sees.check.index()].key;
                let how = if answered { "refused" } else { "silent" };
                format!("{check} from {}: {how}", self.plant.vantage(sees.vantage).name)
            }
        }
    }

    /// The same by breaking it and looking.
    fn looked_at(&self, input: InputId) -> Vec<String> {
        let (today, then) = (self.circuit.under(&[]), self.circuit.under(&[input]));
        let here = self.plant.vantage(VantageId(0));
        let machine = here.at.filter(|&at| {
            matches!(
                self.plant.component(at).kind,
                Kind::Server | Kind::Hypervisor | Kind::Vm | Kind::Container
            )
        });
        if machine.is_some_and(|at| !then[self.circuit.stands(at).index()]) {
            return Vec::new();
        }
        let mut shows = Vec::new();
        let tells = |id: VantageId| {
            let vantage = self.plant.vantage(id);
            vantage.agent.is_some() || !vantage.way_out.is_empty()
        };
        let heard = |id: VantageId| self.circuit.heard(id).index();
        for (_, at) in self.plant.vantages().iter().zip(0..) {
            let id = VantageId(at);
            if tells(id) && today[heard(id)] && !then[heard(id)] {
                shows.push(self.symptom(Symptom::Lost(id)));
            }
        }
        for (sees, at) in self.circuit.sees().iter().zip(0..) {
            let check = &self.plant.checks()[sees.check.index()];
            let place = self.plant.vantage(sees.vantage);
            let of_no_word = place.agent.is_some() || crosses_way_out(&self.plant, check, place);
            if tells(sees.vantage) && of_no_word && !then[heard(sees.vantage)] {
                continue;
            }
            let refuses = check.question.kind() != CheckKind::Icmp;
            let answer = |values: &[bool]| {
                let answered = sees.answers.is_some_and(|(_, gate)| values[gate.index()]);
                (values[sees.gate.index()], answered && refuses)
            };
            match (answer(&today), answer(&then)) {
                ((_, _), (true, _)) => {}
                ((false, before), (false, after)) if before == after => {}
                (_, (false, answered)) => {
                    shows.push(self.symptom(Symptom::Fails { sees: at, answered }));
                }
            }
        }
        shows
    }
}

#[test]
fn a_stopped_service_refuses_and_a_dead_machine_is_silent() {
    let case = case(
        "
switches: { sw: {} }
servers: { srv: { network: sw } }
here: { at: sw }
services: { web: { on: srv, checks: [ { tcp: '10.0.0.1:80' } ] } }
",
    );
    assert_eq!(case.shows("web"), ["web/tcp from here: refused"]);
    assert_eq!(case.shows("srv"), ["web/tcp from here: silent"]);
    assert_eq!(case.alike(), [["sw", "srv"]], "network or machine: who is woken?");
    assert!(case.blind().is_empty());
}

#[test]
fn a_machine_behind_a_dead_switch_refuses_nobody_from_outside_either() {
    let case = case(
        "
upstreams: { transit: { provides: internet } }
routers: { core: { network: transit } }
switches: { sw: { network: core } }
servers: { srv: { network: sw, address: 10.0.0.2 } }
here: { at: core }
vantages: { outside: { agent: outside } }
services: { web: { on: srv, public: true, checks: [ { tcp: '192.0.2.1:80', from: [outside] } ] } }
",
    );
    assert_eq!(case.shows("web"), ["web/tcp from outside: refused"]);
    assert_eq!(case.shows("srv"), ["web/tcp from outside: silent"]);
    assert_eq!(case.shows("sw"), ["web/tcp from outside: silent"]);
}

#[test]
fn a_standby_that_nobody_watches_fails_unseen() {
    let case = case(
        "
switches: { sw-a: { network: core }, sw-b: { network: core } }
routers: { core: {} }
servers: { srv: { network: { any: [sw-a, sw-b] } } }
here: { at: core }
services: { web: { on: srv, checks: [ { tcp: '10.0.0.1:80' } ] } }
",
    );
    assert_eq!(case.blind(), ["sw-a", "sw-b"]);
    let srv = case.plant.find("srv").expect("written");
    for blind in &case.said.blind {
        assert_eq!(blind.costs, Cost::Redundancy(srv, 0));
        let Ask { component, kind, .. } = blind.remedy.expect("a switch answers an echo");
        assert_eq!(case.circuit.component_input(component), blind.fault);
        assert_eq!(kind, CheckKind::Icmp);
    }
}

#[test]
fn a_power_supply_behind_redundancy_has_nothing_to_ask() {
    let case = case(
        "
psus: { psu-a: {}, psu-b: {} }
servers: { srv: { power: { any: [psu-a, psu-b] } } }
services: { web: { on: srv, checks: [ { tcp: '10.0.0.1:80' } ] } }
",
    );
    assert_eq!(case.blind(), ["psu-a", "psu-b"]);
    assert!(case.said.blind.iter().all(|blind| blind.remedy.is_none()));
    assert!(case.said.advice.checks.is_empty());
}

#[test]
fn what_is_read_at_a_start_only_is_missed_at_the_next_one() {
    let case = case(
        "
files: { module: {}, log-a: {}, log-b: {} }
services: { web: { to_start: { all: [module, { any: [log-a, log-b] }] }, checks: [ { tcp: '10.0.0.1:80' } ] } }
",
    );
    let web = case.plant.find("web").expect("written");
    let costs: Vec<Cost> = case.said.blind.iter().map(|one| one.costs).collect();
    assert_eq!(case.blind(), ["module", "log-a", "log-b"]);
    let redundancy = Cost::Redundancy(web, 0);
    assert_eq!(costs, [Cost::Start(web), redundancy, redundancy]);
}

#[test]
fn a_supply_known_to_have_failed_hides_nothing_any_more() {
    let case = case(
        "
psus: { psu-a: { condition: { known_failed: 'in June' } }, psu-b: {} }
servers: { srv: { power: { any: [psu-a, psu-b] } } }
services: { web: { on: srv, checks: [ { tcp: '10.0.0.1:80' } ] } }
",
    );
    assert_eq!(case.blind(), [] as [&str; 0]);
    assert_eq!(case.alike(), [["psu-b", "srv"]]);
}

#[test]
fn a_silent_agent_is_one_symptom_whatever_it_would_have_seen() {
    let case = case(
        "
routers: { core: {} }
switches: { sw-1: { network: core }, sw-2: { network: core } }
servers: { near: { network: sw-2 } }
here: { at: sw-1 }
vantages: { probe: { at: sw-2, agent: probe } }
services: { web: { on: near, checks: [ { tcp: '10.0.0.1:80', from: [probe] } ] } }
",
    );
    assert_eq!(case.shows("sw-2"), ["probe lost"]);
    assert_eq!(case.shows("core"), ["probe lost"]);
    assert_eq!(case.shows("near"), ["web/tcp from probe: silent"]);
}

#[test]
fn a_way_out_that_is_proved_tells_a_cut_from_a_site_that_is_down() {
    let body = "
upstreams: { transit: { provides: internet } }
switches: { sw: { network: transit } }
here: { at: sw }
services: { web: { checks: [ { https: 'https://www.example/' } ] } }
";
    let proved = body.replace("at: sw", "at: sw, way_out: [ { icmp: 192.0.2.1 } ]");
    assert_eq!(case(&proved).shows("transit"), ["here lost"]);
    assert_eq!(case(&proved).shows("web"), ["web/https from here: silent"]);
}

#[test]
fn the_watcher_s_own_machine_takes_every_word_with_it() {
    let case = case(
        "
pdus: { pdu: {} }
switches: { sw: {} }
servers: { watcher: { power: pdu, network: sw }, srv: { power: pdu, network: sw } }
here: { at: watcher }
services: { web: { on: srv, checks: [ { tcp: '10.0.0.1:80' } ] } }
",
    );
    for fault in ["pdu", "watcher"] {
        assert!(case.said.signatures.silences(case.input(fault)), "{fault}");
        assert_eq!(case.shows(fault), [] as [&str; 0]);
    }
    assert_eq!(case.blind(), [] as [&str; 0], "a matter of who watches the watcher");
    assert_eq!(case.alike(), [["sw", "srv"]]);
}

#[test]
fn the_advice_begins_with_what_shows_most() {
    let case = case(
        "
feeds: { feed: {} }
pdus: { pdu: { fed_by: feed } }
switches: { sw: {} }
servers:
  srv-{1..4}: { power: pdu, network: sw }
here: { at: sw }
services:
  one: { on: srv-1, checks: [ { tcp: '10.0.0.1:80' } ] }
  two: { on: srv-2 }
  three: { on: srv-3 }
",
    );
    // Where one thing is watched, everything up to the feed looks like its server.
    assert_eq!(case.alike(), [["feed", "pdu", "sw", "srv-1"]]);
    assert_eq!(case.blind(), ["srv-2", "srv-3", "two", "three"]);
    let advised: Vec<&str> = case
        .said
        .advice
        .checks
        .iter()
        .map(|one| case.plant.component(one.ask.component).name.as_str())
        .collect();
    assert_eq!(advised[0], "two", "it sees its server and itself, and is silent with the machines");
    assert_eq!(case.said.advice.tried, case.said.advice.possible);
}

fn told(body: &str) -> (Arc<Plant>, Audit) {
    let plant = plant(body);
    let audit = audit(&plant, &Circuit::of(&plant), Timestamp::UNIX_EPOCH).expect("a small plant");
    (plant, audit)
}

fn of_codes<'a>(audit: &'a Audit, codes: &[&str]) -> Vec<&'a Finding> {
    audit.findings.iter().filter(|finding| codes.contains(&finding.code)).collect()
}

#[test]
fn a_plant_that_nobody_watches_is_told_so_once() {
    let (_, audit) = told(
        "
switches: { sw: {} }
servers: { srv-1: { network: sw }, srv-2: { network: sw } }
services: { web: { on: srv-1 }, mail: { on: srv-2 } }
",
    );
    let found = of_codes(&audit, &["BS1007", "BS1008"]);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].message.starts_with("nothing of this plant is checked"), "{found:#?}");
    assert!(audit.suggested_checks.checks.is_empty());
}

#[test]
fn a_service_is_to_be_asked_in_its_own_words_where_it_says_what_it_speaks() {
    let services = [
        ("mx-1", "{ on: srv }", "smtp"),
        ("cache", "{ on: srv, software: Redis 7.2 }", "redis"),
        ("orders-db", "{ on: srv, software: 'postgresql-15' }", "postgres"),
        ("mysql2", "{ on: srv }", "mariadb"),
        ("ns1", "{ on: srv }", "dns"),
        ("time", "{ on: srv, software: chrony }", "ntp"),
        ("mailboxes", "{ on: srv, software: Dovecot }", "imap"),
        ("sftp", "{ on: srv }", "ssh"),
        ("www", "{ on: srv }", "http"),
        ("ledger", "{ on: srv, software: ours 3 }", "tcp"),
        ("sshore", "{ on: srv }", "tcp"),
    ];
    let written: Vec<String> =
        services.iter().map(|(name, fields, _)| format!("  {name}: {fields}\n")).collect();
    let case = case(&format!(
        "\nhere: {{ at: sw }}\nswitches: {{ sw: {{ checks: [ {{ icmp: 10.0.0.2 }} ] }} }}\nservers: {{ srv: {{ network: sw }} \
         }}\nservices:\n{}",
        written.concat()
    ));
    let advised = |name: &str| {
        let component = case.plant.find(name).expect("written");
        let mut remedies = case.said.blind.iter().filter_map(|blind| blind.remedy);
        remedies.find(|ask| ask.component == component).map(|ask| ask.kind.as_str())
    };
    for (name, _, kind) in services {
        assert_eq!(advised(name), Some(kind), "{name}");
    }
}

#[test]
fn a_group_that_has_become_smaller_is_no_worse() {
    let before = "
here: { at: sw }
pdus: { pdu: {} }
switches: { sw: {} }
servers: { srv: { power: pdu, network: sw } }
services: { web: { on: srv, checks: [ { tcp: '10.0.0.1:80' } ] } }
";
    let after = before.replace("pdu: {}", "pdu: { checks: [ { icmp: 10.0.0.2 } ] }");
    let ((old_plant, old), (new_plant, new)) = (told(before), told(&after));
    let groups: Vec<usize> = [&old, &new]
        .map(|audit| of_codes(audit, &["BS1008"]).iter().map(|one| one.causes.len()).sum())
        .into();
    assert_eq!(groups, [3, 2]);
    let alike = |of: Vec<&Finding>| of.iter().filter(|one| one.code == "BS1008").count();
    assert_eq!(alike(worse_than((&old_plant, &old), (&new_plant, &new))), 0);
    assert_eq!(alike(worse_than((&new_plant, &new), (&old_plant, &old))), 1);
}

/// The plant file with one check more.
fn with_check(body: &str, plant: &Plant, ask: Ask, at: usize) -> String {
    let component = plant.component(ask.component).name.as_str();
    let vantage = &plant.vantage(ask.vantage).name;
    // The kinds that a machine, a service or a site is advised to be asked by.
    let question = match ask.kind {
        CheckKind::Http => "http: 'http://10.0.0.9/'",
        CheckKind::Dns => "dns: '10.0.0.9', query: 'example.net A'",
        CheckKind::Postgres => "postgres: '10.0.0.9'",
        CheckKind::Tcp => "tcp: '10.0.0.9:80'",
        CheckKind::Icmp => "icmp: '10.0.0.9'",
        other => panic!("{other} is never advised"),
    };
    let check = format!("{{ {question}, name: added-{at}, from: [{vantage}] }}");
    let name = format!("{component}: {{");
    let starts = |found: usize| !body[..found].ends_with(|c: char| c.is_ascii_alphanumeric());
    let (found, _) =
        body.match_indices(&name).find(|&(found, _)| starts(found)).expect("it is written");
    let (before, after) = body.split_at(found + name.len());
    // Its own fields end where its brace is closed.
    let mut depth = 1;
    let end = after.find(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth == 0
    });
    let (fields, rest) = after.split_at(end.expect("its brace is closed"));
    let fields = match fields.split_once("checks: [") {
        Some((others, checks)) => format!("{others}checks: [ {check}, {checks}"),
        None => format!(" checks: [ {check} ], {fields}"),
    };
    format!("{before}{fields}{rest}")
}

fn drawn() -> impl Strategy<Value = String> {
    let wired = (Wired::drawn(), any::<bool>()).prop_map(|(drawn, proves)| {
        let body = drawn.written();
        if !proves {
            return body;
        }
        body.replace("here: { ", "here: { way_out: [ { icmp: 192.0.2.250 } ], ")
    });
    prop_oneof![Works::drawn().prop_map(|drawn| drawn.written()), wired]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Every signature, by breaking everything once and looking.
    #[test]
    fn a_fault_shows_as_it_is_said_to(body in drawn()) {
        let case = case(&body);
        for &input in case.said.signatures.faults() {
            let fault = case.fault(case.circuit.subject(input));
            prop_assert_eq!(case.shows(&fault), case.looked_at(input), "{}\n{}", fault, body);
        }
    }

    /// What is not said to be alike is told apart by something, and what is, by nothing.
    #[test]
    fn faults_are_alike_when_they_show_alike(body in drawn()) {
        let case = case(&body);
        let mut seen = BTreeSet::new();
        for group in case.said.signatures.alike() {
            let shows = case.looked_at(group[0]);
            prop_assert!(!shows.is_empty());
            for &fault in &group {
                prop_assert_eq!(&case.looked_at(fault), &shows, "{}", body);
            }
            prop_assert!(seen.insert(shows), "two groups that show alike\n{}", body);
        }
    }

    /// Each check that is advised, written into the plant file, shows what it was said to show.
    #[test]
    fn advice_keeps_its_promises(body in drawn()) {
        let before = case(&body);
        let mut text = body;
        for (SuggestedCheck { ask, makes_visible, tells_apart }, at) in
            before.said.advice.checks.iter().zip(0..)
        {
            let known = case(&text);
            text = with_check(&text, &before.plant, *ask, at);
            let after = case(&text);
            prop_assert!(!makes_visible.is_empty() || !tells_apart.is_empty());
            for &fault in makes_visible {
                let fault = before.fault(fault);
                prop_assert!(known.shows(&fault).is_empty(), "{} was seen\n{}", fault, text);
                prop_assert!(!after.shows(&fault).is_empty(), "{} is not seen\n{}", fault, text);
            }
            for &fault in tells_apart {
                let fault = before.fault(fault);
                let like = |case: &Case| {
                    let group = case.alike().into_iter().find(|group| group.contains(&fault));
                    group.map_or(0, |group| group.len())
                };
                prop_assert!(like(&after) < like(&known), "{} as before\n{}", fault, text);
            }
        }
    }
}
