//! PostgreSQL: a session of somebody who is trusted, and one query.

use super::{Kind, NOT_HTTP, Over};
use crate::asked::written;
use blackstart_model::check::{Question, ValueCondition};

pub(super) const KIND: Kind = Kind {
    name: "postgres",
    over: Over::Tcp,
    ask: |target| {
        let mut question = written("postgres: its.example, tls: off, user: a");
        let Question::Postgres(database) = &mut question else { unreachable!() };
        database.target = target;
        let session = database.session.as_mut().unwrap();
        session.answer = vec![ValueCondition::Is("1".into())];
        question
    },
    honest: |_| said(11),
    lie: Some(|_| said(100_000_000)),
    another: None,
    flood: b"N\0\0\0\x0cMso on\0\0",
    other: NOT_HTTP,
};

/// In, ready, a row of one value `1`, done, ready; the row says it has so many bytes and has 11.
fn said(row_bytes: u32) -> Vec<u8> {
    let mut said = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I".to_vec();
    said.push(b'D');
    said.extend(row_bytes.to_be_bytes());
    said.extend(b"\0\x01\0\0\0\x011");
    said.extend(b"C\0\0\0\x0dSELECT 1\0Z\0\0\0\x05I");
    said
}
