//! One DNS query: over UDP (RFC 1035, section 4.2.1), again over TCP when truncated (RFC 7766), and
//! what its answer should be.
//!
//! A datagram that is lost is sent again within the deadline. An answer counts only when it comes from
//! the server asked, carries our id and repeats our question (RFC 5452, section 9.1).

use crate::ask::{Answer, Equipment, micros_since};
use crate::seen::SeenDns;
use crate::udp::{Dialogue, Heard, random};
use crate::{clock, net};
use blackstart_model::check::{DnsQuestion, HostPort, RecordCondition};
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode, Timing};
use bytes::Bytes;
use domain::base::iana::{Class, Rcode, Rtype};
use domain::base::name::Name;
use domain::base::{Message, MessageBuilder, ParsedName};
use domain::rdata::AllRecordData;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// The largest UDP answer we ask for (the DNS flag day 2020's value).
const UDP_BYTES_MAX: u16 = 1232;

/// Records looked at in one answer.
const RECORDS_MAX: usize = 1_000;

/// Why a query has no answer.
pub(crate) enum QueryError {
    /// The name cannot be put into a query.
    Name,
    /// What it looks like from outside.
    Answer(Outcome),
}

/// An answer, read.
pub(crate) struct Reply {
    pub(crate) rcode: Rcode,
    /// The records of the asked type, in their presentation.
    pub(crate) records: Vec<String>,
    /// How many records each section holds, by its header: answer, authority, additional.
    counts: [u16; 3],
}

impl Reply {
    fn seen(&self, record_type: &str) -> SeenDns {
        let [answer, authority, additional] = self.counts;
        // RFC 1035, section 3.3.13: two names, then the serial.
        let soa = self.records.first().filter(|_| record_type == "SOA");
        let serial = soa.and_then(|text| text.split_whitespace().nth(2)?.parse().ok());
        SeenDns { answer, authority, additional, serial }
    }

    /// The records as addresses.
    pub(crate) fn addresses(&self) -> Vec<IpAddr> {
        self.records.iter().filter_map(|text| text.parse().ok()).collect()
    }
}

pub(crate) async fn ask(
    equipment: &Equipment,
    question: &DnsQuestion,
    deadline: Instant,
) -> Answer {
    let DnsQuestion { server, name, record_type, rcode, records, recursion } = question;
    let HostPort { host, port } = server;
    let mut timing = Timing::default();
    let started = clock::now();
    let address = match equipment.resolver.addresses(host, deadline).await {
        Ok(addresses) => SocketAddr::new(addresses[0], *port),
        Err(outcome) => return outcome.into(),
    };
    timing.resolve_us = micros_since(started);
    equipment.notes.note(|seen| seen.address = Some(address.ip()));
    let asked = clock::now();
    let rtype = Rtype::from_str(record_type).expect("the plant knows only types that exist");
    let outcome = match query(address, name, rtype, *recursion, deadline).await {
        Ok(reply) => {
            equipment.notes.note(|seen| seen.dns = Some(reply.seen(record_type)));
            judge(&reply, rcode, record_type, records)
        }
        Err(QueryError::Answer(outcome)) => outcome,
        Err(QueryError::Name) => {
            Outcome::unknown(NoAnswerCode::NotEquipped, format!("`{name}` is no name of the DNS"))
        }
    };
    timing.wait_us = micros_since(asked);
    Answer::of(outcome, timing)
}

fn judge(reply: &Reply, rcode: &str, record_type: &str, conditions: &[RecordCondition]) -> Outcome {
    let got = reply.rcode.to_string();
    if got != rcode {
        let detail = format!("{got}, expected {rcode}");
        return Outcome::down(SymptomCode::WrongRcode, detail);
    }
    let found = || {
        if reply.records.is_empty() {
            format!("no {record_type} record")
        } else {
            format!("{record_type} {}", reply.records.join(", "))
        }
    };
    for condition in conditions {
        let (holds, expected) = match condition {
            RecordCondition::AtLeast(count) => {
                (reply.records.len() >= usize::from(*count), format!("at least {count}"))
            }
            RecordCondition::Has(text) => (
                reply.records.iter().any(|record| same(record_type, record, text)),
                format!("one `{text}`"),
            ),
            RecordCondition::Exactly(texts) => {
                let all =
                    |record: &String| texts.iter().any(|text| same(record_type, record, text));
                let found =
                    |text: &str| reply.records.iter().any(|record| same(record_type, record, text));
                let holds = reply.records.iter().all(all) && texts.iter().all(|text| found(text));
                (holds, format!("exactly `{}`", texts.join("`, `")))
            }
        };
        if !holds {
            let detail = format!("{}, expected {expected}", found());
            return Outcome::down(SymptomCode::WrongRecord, detail);
        }
    }
    Outcome::Up
}

/// Names compare without case and final dot; texts as they are.
fn same(record_type: &str, record: &str, expected: &str) -> bool {
    if record_type == "TXT" {
        return record == expected || record.trim_matches('"') == expected;
    }
    record.trim_end_matches('.').eq_ignore_ascii_case(expected.trim_end_matches('.'))
}

/// Asks one server.
pub(crate) async fn query(
    server: SocketAddr,
    name: &str,
    record_type: Rtype,
    recursion: bool,
    deadline: Instant,
) -> Result<Reply, QueryError> {
    let name: Name<Vec<u8>> = Name::from_str(name).map_err(|_| QueryError::Name)?;
    // Not for secrets, only hard to guess from outside.
    let id = random() as u16;
    let message = compose(id, &name, record_type, recursion);
    let mut dialogue =
        Dialogue::with(server, UDP_BYTES_MAX.into()).await.map_err(QueryError::Answer)?;
    let read = |bytes: &[u8], _| match read(Bytes::copy_from_slice(bytes), id, &name, record_type) {
        Read::Reply(reply) => Heard::Answer(Some(reply)),
        Read::Truncated => Heard::Answer(None),
        Read::NotOurs => Heard::NotOurs,
        Read::Unreadable => Heard::Unreadable,
    };
    let heard = dialogue.ask(deadline, || message.clone(), read).await;
    match heard.map_err(QueryError::Answer)? {
        Some(reply) => Ok(reply),
        None => query_tcp(server, &message, id, &name, record_type, deadline).await,
    }
}

async fn query_tcp(
    server: SocketAddr,
    message: &[u8],
    id: u16,
    name: &Name<Vec<u8>>,
    record_type: Rtype,
    deadline: Instant,
) -> Result<Reply, QueryError> {
    let of = format!("{server} over TCP");
    let exchange = async {
        let mut stream = TcpStream::connect(server).await?;
        let length = u16::try_from(message.len()).expect("a query is short");
        let mut framed = length.to_be_bytes().to_vec();
        framed.extend_from_slice(message);
        stream.write_all(&framed).await?;
        let length = stream.read_u16().await?;
        let mut answer = vec![0; usize::from(length)];
        stream.read_exact(&mut answer).await?;
        Ok::<_, std::io::Error>(Bytes::from(answer))
    };
    let bytes = match timeout_at(deadline, exchange).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(error)) => return Err(QueryError::Answer(net::of_error(&error, &of))),
        Err(_) => {
            let outcome = Outcome::down(SymptomCode::AnswerTimeout, of);
            return Err(QueryError::Answer(outcome));
        }
    };
    match read(bytes, id, name, record_type) {
        Read::Reply(reply) => Ok(reply),
        Read::Truncated | Read::NotOurs | Read::Unreadable => {
            let detail = format!("{of}: not a DNS answer");
            Err(QueryError::Answer(Outcome::unknown(NoAnswerCode::Unparsable, detail)))
        }
    }
}

fn compose(id: u16, name: &Name<Vec<u8>>, record_type: Rtype, recursion: bool) -> Vec<u8> {
    let mut message = MessageBuilder::new_vec();
    message.header_mut().set_id(id);
    message.header_mut().set_rd(recursion);
    let mut message = message.question();
    message.push((name, record_type)).expect("a Vec takes a question");
    let mut message = message.additional();
    message
        .opt(|opt| {
            opt.set_udp_payload_size(UDP_BYTES_MAX);
            Ok(())
        })
        .expect("a Vec takes an OPT record");
    message.finish()
}

enum Read {
    Reply(Reply),
    Truncated,
    NotOurs,
    Unreadable,
}

fn read(bytes: Bytes, id: u16, name: &Name<Vec<u8>>, record_type: Rtype) -> Read {
    let Ok(message) = Message::from_octets(bytes) else { return Read::Unreadable };
    let header = message.header();
    if header.id() != id || !header.qr() {
        return Read::NotOurs;
    }
    match message.sole_question() {
        Ok(asked) => {
            let ours = asked.qtype() == record_type
                && asked.qclass() == Class::IN
                && asked.qname() == name;
            if !ours {
                return Read::NotOurs;
            }
        }
        // A server that cannot read a query may answer without one (RFC 1035, section 4.1.1: FORMERR).
        Err(_) if header.rcode() == Rcode::FORMERR => {}
        Err(_) => return Read::Unreadable,
    }
    if header.tc() {
        return Read::Truncated;
    }
    let Ok(section) = message.answer() else { return Read::Unreadable };
    let mut records = Vec::new();
    for record in section.limit_to::<AllRecordData<Bytes, ParsedName<Bytes>>>().take(RECORDS_MAX) {
        let Ok(record) = record else { return Read::Unreadable };
        if record.rtype() == record_type {
            records.push(record.data().to_string());
        }
    }
    let counts = message.header_counts();
    let counts = [counts.ancount(), counts.nscount(), counts.arcount()];
    Read::Reply(Reply { rcode: header.rcode(), records, counts })
}

/// Whatever a name server answers: it is read or not, and of an answer no more is kept than may be. For `fuzz/`.
#[cfg(any(test, fuzzing))]
pub fn fuzzed(bytes: &[u8]) {
    // The question of the seeds.
    let name = Name::from_str("web.example").expect("a name");
    for record_type in [Rtype::A, Rtype::TXT] {
        if let Read::Reply(reply) = read(Bytes::copy_from_slice(bytes), 7, &name, record_type) {
            assert!(reply.records.len() <= RECORDS_MAX, "{}", reply.records.len());
        }
    }
}
