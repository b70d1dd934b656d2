//! DNS over UDP: one query.

use super::{Kind, NOT_HTTP, Over};
use blackstart_model::check::{DnsQuestion, Question};

pub(super) const KIND: Kind = Kind {
    name: "dns",
    over: Over::Udp,
    ask: |server| {
        Question::Dns(DnsQuestion {
            server,
            name: "www.example.net".into(),
            record_type: "A",
            rcode: "NOERROR",
            records: Vec::new(),
            recursion: true,
        })
    },
    honest: |query| answered(query, 1),
    lie: Some(|query| answered(query, u16::MAX)),
    another: Some(|query| {
        let mut answer = answered(query, 1);
        answer[0] ^= 1;
        answer
    }),
    flood: b"\0\0\x81\x80\0\x01\0\x01\0\0\0\0",
    other: NOT_HTTP,
};

/// The answer to this query, which says to hold so many records and holds one (RFC 1035, section 4.1).
fn answered(query: &[u8], records: u16) -> Vec<u8> {
    // The header, then the one question: a name of the root's label at its end, type and class.
    let end = query[12..].iter().position(|&byte| byte == 0).map_or(query.len(), |at| 12 + at + 5);
    let mut answer = query[..end].to_vec();
    answer[2..4].copy_from_slice(&[0x81, 0x80]);
    answer[6..8].copy_from_slice(&records.to_be_bytes());
    answer[8..12].fill(0);
    // The name of the question, A, IN, an hour, 192.0.2.1.
    answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, 192, 0, 2, 1]);
    answer
}
