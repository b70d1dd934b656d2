//! SNMP over UDP, as v2c and as v3.

use super::{Kind, NOT_HTTP, Over};
use blackstart_model::check::{
    HostPort, Oid, Question, SnmpAccess, SnmpCondition, SnmpQuestion, SnmpUser, SnmpValue, SnmpWord,
};
use blackstart_model::plant::Secret;
use blackstart_model::reading::Unit;

pub(super) const KIND: Kind = Kind {
    name: "snmp",
    over: Over::Udp,
    ask: |agent| question(agent, SnmpAccess::Community(Secret("readers".into()))),
    honest: answered,
    lie: Some(|request| longer_by_much(answered(request))),
    another: Some(|request| {
        let mut answer = answered(request);
        // The request's number follows the tag and length of the PDU.
        let at = answer.iter().position(|&byte| byte == RESPONSE).expect("it is one") + 4;
        answer[at] ^= 1;
        answer
    }),
    flood:
        b"\x30\x1a\x02\x01\x01\x04\x06public\xa2\x0d\x02\x01\x01\x02\x01\0\x02\x01\0\x30\x02\x30\0",
    other: NOT_HTTP,
};

/// The first word of an agent of v3 is its name, and the time there.
pub(super) const KIND_V3: Kind = Kind {
    name: "snmp (v3)",
    over: Over::Udp,
    ask: |agent| question(agent, SnmpAccess::User(SnmpUser { name: "nobody".into(), auth: None })),
    honest: discovered,
    lie: Some(|request| longer_by_much(discovered(request))),
    another: Some(|request| {
        let mut answer = discovered(request);
        answer[MESSAGE_AT + 2] ^= 1;
        answer
    }),
    flood: b"\x30\x06\x02\x01\x03\x30\x01\0",
    other: NOT_HTTP,
};

const RESPONSE: u8 = 0xa2;

/// Where the number of a message stands, after the tags and lengths of two sequences and the version.
const MESSAGE_AT: usize = 7;

fn question(agent: HostPort, access: SnmpAccess) -> Question {
    let word = SnmpWord { text: "switch-1".into(), number: None };
    let value = SnmpValue {
        written: "sysName.0".into(),
        oid: Oid::parse("1.3.6.1.2.1.1.5.0").unwrap(),
        name: "sysName.0".into(),
        scale: 1.0,
        unit: Unit::Plain,
        conditions: vec![SnmpCondition::Is(vec![word])],
    };
    Question::Snmp(SnmpQuestion { agent, access, values: vec![value] })
}

/// The request, sent back as a response: all of its values are null.
fn answered(request: &[u8]) -> Vec<u8> {
    let mut answer = request.to_vec();
    let at = answer.iter().position(|&byte| byte == 0xa0).expect("it is a GET");
    answer[at] = RESPONSE;
    answer
}

/// An element of less than 128 bytes.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let inside = parts.concat();
    [&[tag, u8::try_from(inside.len()).unwrap()], &inside[..]].concat()
}

/// The report of an engine that was asked for its name (RFC 3414, section 4): `usmStatsUnknownEngineIDs`.
fn discovered(request: &[u8]) -> Vec<u8> {
    const ENGINE: &[u8] = b"\x04\x06engine";
    const NONE: &[u8] = &[4, 0];
    const ONE: &[u8] = &[2, 1, 1];
    const ZERO: &[u8] = &[2, 1, 0];
    const UNKNOWN_ENGINES: &[u8] = &[6, 10, 0x2b, 6, 1, 6, 3, 15, 1, 1, 4, 0];
    let message = &request[MESSAGE_AT..MESSAGE_AT + 2 + usize::from(request[MESSAGE_AT + 1])];
    let header = element(0x30, &[message, &[2, 2, 32, 0], &[4, 1, 0], &[2, 1, 3]]);
    let security = element(0x30, &[ENGINE, ONE, ONE, NONE, NONE, NONE]);
    let values = element(0x30, &[&element(0x30, &[UNKNOWN_ENGINES, &[0x41, 1, 1]])]);
    let report = element(0xa8, &[ZERO, ZERO, ZERO, &values]);
    let scoped = element(0x30, &[ENGINE, NONE, &report]);
    element(0x30, &[&[2, 1, 3], &header, &element(4, &[&security]), &scoped])
}

/// The same, whose first length reaches beyond its end.
fn longer_by_much(mut answer: Vec<u8>) -> Vec<u8> {
    answer[1] = 127;
    answer
}
