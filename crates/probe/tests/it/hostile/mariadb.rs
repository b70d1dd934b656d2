//! MariaDB: a session of somebody without a password, and one query.

use super::{Kind, NOT_HTTP, Over};
use crate::asked::written;
use blackstart_model::check::{Question, ValueCondition};

pub(super) const KIND: Kind = Kind {
    name: "mariadb",
    over: Over::TcpGreeted,
    ask: |target| {
        let mut question = written("mariadb: its.example, tls: off, user: a");
        let Question::Mariadb(database) = &mut question else { unreachable!() };
        database.target = target;
        let session = database.session.as_mut().unwrap();
        session.answer = vec![ValueCondition::Is("1".into())];
        question
    },
    honest: |_| said(None),
    lie: Some(|_| said(Some(250))),
    another: None,
    flood: b"\x07\0\0\x02\0\0\0\x02\0\0\0",
    other: NOT_HTTP,
};

fn packet(sequence: u8, words: &[u8]) -> Vec<u8> {
    let length = u8::try_from(words.len()).unwrap();
    [&[length, 0, 0, sequence], words].concat()
}

/// A greeting, in, and a row of one value `1`; it may say that the value has so many bytes.
fn said(value_bytes: Option<u8>) -> Vec<u8> {
    let mut greeting =
        b"\x0a11.4.2-MariaDB\0\x01\0\0\x0012345678\0\0\x82\x2d\x02\0\x08\0\x15".to_vec();
    greeting.extend([0; 10]);
    greeting.extend(b"abcdefghijkl\0mysql_native_password\0");
    let end = b"\xfe\0\0\x02\0";
    [
        packet(0, &greeting),
        packet(2, b"\0\0\0\x02\0\0\0"),
        packet(1, b"\x01"),
        packet(2, b"\x03def\0\0\0\x011\0\x0c\x3f\0\x01\0\0\0\x03\x81\0\0\0\0"),
        packet(3, end),
        packet(4, &[value_bytes.unwrap_or(1), b'1']),
        packet(5, end),
    ]
    .concat()
}
