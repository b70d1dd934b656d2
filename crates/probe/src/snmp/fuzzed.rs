//! Whatever bytes an SNMP agent answers, of v2c and of v3: they are read or not, and nobody is taken for an agent that
//! does not know the keys. For `fuzz/`; not in what is released.

use super::ber::Reader;
use super::pdu::Pdu;
use super::usm::{Keys, Opened};
use super::{Memory, Value, judge};
use blackstart_model::check::{
    Host, HostPort, Oid, SnmpAccess, SnmpCondition, SnmpHash, SnmpQuestion, SnmpValue, SnmpWord,
};
use blackstart_model::plant::Secret;
use blackstart_model::reading::{Reading, Unit};
use std::net::Ipv4Addr;
use std::sync::LazyLock;

/// As whom they are opened: making keys takes milliseconds, and they are the same for all.
static KEYS: LazyLock<Keys> =
    LazyLock::new(|| Keys::of(SnmpHash::Sha256, "maplesyrup", Some("maplesyrup"), b"\x80engine"));

/// What is asked for, in each way that a value can be judged.
static QUESTION: LazyLock<SnmpQuestion> = LazyLock::new(|| {
    let word = |text: &str, number| SnmpWord { text: text.into(), number };
    let value = |arc: u32, scale: f64, unit, conditions| SnmpValue {
        written: format!("value.{arc}").into(),
        oid: Oid::new(&[1, 3, arc]).expect("an identifier"),
        name: format!("value {arc}").into(),
        scale,
        unit,
        conditions,
    };
    let values = vec![
        value(0, 1.0, Unit::Plain, vec![]),
        value(1, 0.1, Unit::Amperes, vec![SnmpCondition::AtLeast(0.5), SnmpCondition::AtMost(9.5)]),
        value(2, 1.0, Unit::Plain, vec![SnmpCondition::Is(vec![word("up", Some(1))])]),
        value(3, 1.0, Unit::Plain, vec![SnmpCondition::Is(vec![word("fine", None)])]),
        value(4, 1e308, Unit::Celsius, vec![SnmpCondition::AtMost(10.0)]),
    ];
    SnmpQuestion {
        agent: HostPort { host: Host::Address(Ipv4Addr::LOCALHOST.into()), port: 161 },
        access: SnmpAccess::Community(Secret("public".into())),
        values,
    }
});

/// Reads a datagram as every kind of answer.
pub fn fuzzed(bytes: &[u8]) {
    if let Some(mut message) = Reader::whole(bytes) {
        let _version = message.integer();
        let _community = message.octets();
        Pdu::read(&mut message).into_iter().for_each(|pdu| judged(pdu, bytes.len()));
    }
    if let Some(opened) = Opened::of(bytes) {
        assert!(!opened.is_by("us", &KEYS), "nobody guesses a tag of 192 bits");
        for keys in [None, Some(&*KEYS)] {
            opened.pdu(keys).into_iter().for_each(|pdu| judged(pdu, bytes.len()));
        }
    }
    // What would stand in a message that had been encrypted for us.
    super::usm::scoped(Reader::new(bytes)).into_iter().for_each(|pdu| judged(pdu, bytes.len()));
}

fn judged(pdu: Pdu, bytes: usize) {
    assert!(pdu.values.len() <= bytes, "a value takes more than a byte");
    let mut values: Vec<Value> = pdu.values.into_iter().map(|(_, value)| value).collect();
    values.resize(QUESTION.values.len() + 1, Value::Other);
    let mut memory = Memory::default();
    // Twice: of a counter only the second reading has a rate.
    for _ in 0..2 {
        let (_, readings) = judge(&QUESTION, &mut memory, &values);
        assert!(readings.iter().map(Reading::value).all(f64::is_finite), "{readings:?}");
    }
}
