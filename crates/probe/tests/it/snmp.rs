//! SNMP against Net-SNMP's agent: v2c, and users of v3 at every level of protection.

use crate::asked::{Heard, PATIENCE, asked_of, assignment, at, closed, prober_with};
use crate::loopback::{Daemon, snmpd};
use blackstart_model::check::{
    Oid, Question, SnmpAccess, SnmpAuth, SnmpCondition, SnmpHash, SnmpObject, SnmpQuestion,
    SnmpUser, SnmpValue, SnmpWord,
};
use blackstart_model::plant::Secret;
use blackstart_model::reading::Unit;
use blackstart_model::time::Duration;
use blackstart_probe::secrets::Secrets;
use blackstart_probe::{Answer, Equipment};
use std::net::SocketAddr;
use std::sync::Arc;

const CONFIGURATION: &str = "\
rocommunity readers 127.0.0.1
createUser nobody
createUser sha1 SHA \"the password\" AES \"another password\"
createUser sha256 SHA-256 \"the password\" AES \"another password\"
createUser sha384 SHA-384 \"the password\" AES \"another password\"
createUser sha512 SHA-512 \"the password\" AES \"another password\"
rouser nobody noauth
rouser sha1 auth
rouser sha256 auth
rouser sha384 auth
rouser sha512 priv
sysName the-agent
extend numbers /bin/echo 42.5
";

/// The secrets of these cases: each is its own name, with blanks.
struct Named;

impl Secrets for Named {
    fn value(&self, name: &str) -> Result<String, String> {
        match name {
            "lost" => Err("the secret `lost` is not set".to_owned()),
            name => Ok(name.replace('-', " ")),
        }
    }
}

fn equipment() -> Equipment {
    Equipment::new(Arc::new(Named))
}

fn agent() -> Daemon {
    snmpd(CONFIGURATION)
}

fn secret(name: &str) -> Secret {
    Secret(name.into())
}

fn community(name: &str) -> SnmpAccess {
    SnmpAccess::Community(secret(name))
}

fn user(name: &str, auth: Option<SnmpAuth>) -> SnmpAccess {
    SnmpAccess::User(SnmpUser { name: name.into(), auth })
}

fn auth(hash: SnmpHash, password: &str, privacy: Option<&str>) -> Option<SnmpAuth> {
    Some(SnmpAuth { hash, password: secret(password), privacy: privacy.map(secret) })
}

fn value(oid: &str, conditions: Vec<SnmpCondition>) -> SnmpValue {
    let (name, instance) = oid.split_once('.').unwrap();
    let (oid_of, scale, unit) = match SnmpObject::named(name) {
        Some(object) => {
            let instance: Vec<u32> = instance.split('.').map(|arc| arc.parse().unwrap()).collect();
            (Oid::new(&[object.oid, &instance].concat()), object.scale, object.unit)
        }
        None => (Oid::parse(oid), 1.0, Unit::Plain),
    };
    let oid_of = oid_of.unwrap();
    SnmpValue { written: oid.into(), oid: oid_of, name: oid.into(), scale, unit, conditions }
}

fn is(word: &str, number: Option<i64>) -> Vec<SnmpCondition> {
    vec![SnmpCondition::Is(vec![SnmpWord { text: word.into(), number }])]
}

fn question(address: SocketAddr, access: SnmpAccess, values: Vec<SnmpValue>) -> Question {
    Question::Snmp(SnmpQuestion { agent: at(address), access, values })
}

fn asked(address: SocketAddr, access: SnmpAccess, values: Vec<SnmpValue>) -> Answer {
    asked_of(equipment(), question(address, access, values), PATIENCE / 2)
}

/// What is said to somebody who asks for the name.
fn seen_by(address: SocketAddr, access: SnmpAccess) -> String {
    asked(address, access, vec![value("sysName.0", is("the-agent", None))]).outcome.to_string()
}

#[test]
fn values_of_every_type_are_read_and_judged_over_v2c() {
    let agent = agent();
    let answer = asked(
        agent.address,
        community("readers"),
        vec![
            value("sysName.0", is("the-agent", None)),
            value("ifOperStatus.1", is("up", Some(1))),
            value("sysUpTime.0", vec![SnmpCondition::AtMost(1e6)]),
            // NET-SNMP-EXTEND-MIB: the output of `numbers`, a text that is a number.
            value(
                "1.3.6.1.4.1.8072.1.3.2.3.1.1.7.110.117.109.98.101.114.115",
                vec![SnmpCondition::AtLeast(42.0), SnmpCondition::AtMost(43.0)],
            ),
            // UCD-SNMP-MIB: laLoadFloat.1, an opaque number.
            value("1.3.6.1.4.1.2021.10.1.6.1", vec![SnmpCondition::AtLeast(0.0)]),
        ],
    );
    assert_eq!(answer.outcome.to_string(), "up");
    let readings: Vec<(&str, f64, Unit)> =
        answer.readings.iter().map(|read| (read.name(), read.value(), read.unit())).collect();
    assert_eq!(readings[0], ("ifOperStatus.1", 1.0, Unit::Plain));
    assert_eq!((readings[1].0, readings[1].2), ("sysUpTime.0", Unit::Seconds));
    assert_eq!(readings[2].1, 42.5);
    assert_eq!(readings.len(), 4);
}

#[test]
fn what_is_not_as_it_should_be_is_said_with_the_words_of_its_mib() {
    let agent = agent();
    let of = |values| asked(agent.address, community("readers"), values).outcome.to_string();
    assert_eq!(
        of(vec![value("ifOperStatus.1", is("down", Some(2)))]),
        "down(wrong-value: ifOperStatus.1 is up(1), expected down)"
    );
    assert_eq!(
        of(vec![
            value("sysName.0", is("another", None)),
            value("ifOperStatus.1", is("testing", Some(3))),
        ]),
        "down(wrong-value: sysName.0 is `the-agent`, expected another; and 1 more)"
    );
    let much = vec![SnmpCondition::AtLeast(9.0)];
    assert_eq!(
        of(vec![value("ifOperStatus.1", much)]),
        "degraded(wrong-value: ifOperStatus.1 is 1, expected at least 9)"
    );
    assert_eq!(
        of(vec![value("ifOperStatus.99999", Vec::new())]),
        "unknown(no-such-value: ifOperStatus.99999: no such instance)"
    );
    assert_eq!(
        of(vec![value("sysName.0", vec![SnmpCondition::AtLeast(1.0)])]),
        "unknown(unparsable: sysName.0: it is no number)"
    );
}

#[test]
fn users_of_v3_are_answered_at_their_level_of_protection() {
    let agent = agent();
    assert_eq!(seen_by(agent.address, user("nobody", None)), "up");
    for (name, hash) in [
        ("sha1", SnmpHash::Sha1),
        ("sha256", SnmpHash::Sha256),
        ("sha384", SnmpHash::Sha384),
        ("sha512", SnmpHash::Sha512),
    ] {
        let private = auth(hash, "the-password", Some("another-password"));
        assert_eq!(seen_by(agent.address, user(name, private)), "up", "{name}");
    }
    let clear = auth(SnmpHash::Sha256, "the-password", None);
    assert_eq!(seen_by(agent.address, user("sha256", clear)), "up");
}

#[test]
fn a_user_who_is_not_let_in_knows_nothing_of_the_device() {
    let agent = agent();
    let said = |access| seen_by(agent.address, access);
    assert_eq!(
        said(user("stranger", None)),
        "unknown(no-permission: the agent knows no user `stranger`)"
    );
    assert_eq!(
        said(user("sha256", auth(SnmpHash::Sha256, "a-wrong-password", None))),
        "unknown(no-permission: the agent has another password, or another hash, for `sha256`)"
    );
    let clear = auth(SnmpHash::Sha512, "the-password", None);
    assert!(said(user("sha512", clear)).starts_with("unknown(no-permission: "));
    let of = said(user("sha1", auth(SnmpHash::Sha1, "lost", None)));
    assert_eq!(of, "unknown(not-equipped: the secret `lost` is not set)");
    let of = said(user("sha1", auth(SnmpHash::Sha1, "short", None)));
    assert_eq!(of, "unknown(not-equipped: the secret `short` is shorter than 8 bytes)");
}

#[test]
fn silence_may_be_the_communitys_fault_and_is_said_so() {
    let agent = agent();
    let asks =
        question(agent.address, community("strangers"), vec![value("sysName.0", Vec::new())]);
    let outcome = asked_of(equipment(), asks, Duration::from_secs(2)).outcome.to_string();
    let words =
        format!("down(answer-timeout: {}: none, or none for this community)", agent.address);
    assert_eq!(outcome, words);
    let nobody = closed();
    assert_eq!(seen_by(nobody, community("readers")), format!("down(refused: {nobody})"));
}

#[test]
fn a_counter_is_judged_by_its_growth_from_the_second_try_on() {
    let agent = agent();
    let (prober, heard) = prober_with(equipment());
    // snmpInPkts.0 (SNMPv2-MIB): what we ask is counted.
    let packets = "1.3.6.1.2.1.11.1.0";
    let bounds = vec![SnmpCondition::AtLeast(0.01), SnmpCondition::AtMost(100.0)];
    let asks = question(agent.address, community("readers"), vec![value(packets, bounds)]);
    let mut check = assignment("it/it", asks, Duration::from_millis(1_900));
    check.every = Duration::from_secs(2);
    prober.assign(vec![check], &[]);
    let next = || loop {
        match heard.recv_timeout(PATIENCE).expect("an answer") {
            // A machine that has no time for us is asked again.
            Heard::Sample(sample) if sample.answer.outcome.code() == "late" => {}
            Heard::Sample(sample) => break sample.answer,
            Heard::WayOut(_) => panic!("no way out was asked about"),
        }
    };
    let first = next();
    assert_eq!(
        first.outcome.to_string(),
        format!(
            "unknown(no-rate: {packets}: a rate needs two tries in a row, a second or more apart)"
        )
    );
    let second = next();
    assert_eq!(second.outcome.to_string(), "up");
    let [rate] = &second.readings[..] else { panic!("{second:?}") };
    assert_eq!((rate.name(), rate.unit()), (packets, Unit::PerSecond));
    assert!(rate.value() > 0.0);
}

#[test]
fn an_agent_that_was_started_anew_is_asked_again_and_believed() {
    // Its engine has another name then, another time, and other keys.
    let first = agent();
    let (prober, heard) = prober_with(equipment());
    let private = || auth(SnmpHash::Sha256, "the-password", Some("another-password"));
    let ask = |address: SocketAddr| {
        let asks = vec![value("sysName.0", is("the-agent", None))];
        assignment("it/it", question(address, user("sha256", private()), asks), PATIENCE / 2)
    };
    prober.assign(vec![ask(first.address)], &[]);
    let outcome = || {
        prober.ask(["it/it".into()]);
        match heard.recv_timeout(PATIENCE).expect("an answer") {
            Heard::Sample(sample) => sample.answer.outcome.to_string(),
            Heard::WayOut(_) => panic!("no way out was asked about"),
        }
    };
    assert_eq!(outcome(), "up");
    assert_eq!(outcome(), "up", "the engine is known by now");
    let address = first.address;
    drop(first);
    let again = crate::loopback::snmpd_at(CONFIGURATION, address.port());
    assert_eq!(again.address, address);
    assert_eq!(outcome(), "up");
}
