//! What is asked and what is answered, whatever message it comes in (RFC 3416).

use super::ber::{self, Reader};
use blackstart_model::check::Oid;

const GET: u8 = 0xa0;
const RESPONSE: u8 = 0xa2;
const REPORT: u8 = 0xa8;

/// The application types of SNMP (RFC 2578, section 2).
const ADDRESS: u8 = 0x40;
const COUNTER_32: u8 = 0x41;
const GAUGE_32: u8 = 0x42;
const TICKS: u8 = 0x43;
const OPAQUE: u8 = 0x44;
const COUNTER_64: u8 = 0x46;

/// Values of one answer that are read: more than are ever asked for.
const VALUES_MAX: usize = 64;

/// What an answer says.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Pdu {
    /// It is a report about our message, and no answer to it.
    pub(super) is_report: bool,
    pub(super) request: i64,
    /// The error, and which value it is about, counted from 1; 0 when there is none.
    pub(super) error: (i64, i64),
    pub(super) values: Vec<(Oid, Value)>,
}

/// One value.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Value {
    /// A whole number, a gauge, or time ticks.
    Whole(i64),
    /// A number that only grows, and how many bits it has.
    Counter(u64, u32),
    /// A floating-point number in an opaque value, as Net-SNMP has them.
    Float(f64),
    Octets(Vec<u8>),
    /// Another type, of which no bound can be asked.
    Other,
    /// There is none, and why.
    Absent(&'static str),
}

/// A request for these.
pub(super) fn get<'o>(request: i64, oids: impl Iterator<Item = &'o Oid>) -> Vec<u8> {
    let values: Vec<Vec<u8>> = oids
        .map(|oid| ber::made_of(ber::SEQUENCE, &[ber::object(oid), ber::element(ber::NULL, &[])]))
        .collect();
    ber::made_of(
        GET,
        &[
            ber::integer(request),
            ber::integer(0),
            ber::integer(0),
            ber::made_of(ber::SEQUENCE, &values),
        ],
    )
}

impl Pdu {
    /// Reads an answer or a report; `None` when it is neither.
    pub(super) fn read(message: &mut Reader<'_>) -> Option<Self> {
        let (tag, mut inside) = message.next()?;
        let is_report = match tag {
            RESPONSE => false,
            REPORT => true,
            _ => return None,
        };
        let request = inside.integer()?;
        let error = (inside.integer()?, inside.integer()?);
        let mut list = inside.inside(ber::SEQUENCE)?;
        let mut values = Vec::new();
        while !list.is_empty() && values.len() < VALUES_MAX {
            let mut pair = list.inside(ber::SEQUENCE)?;
            let oid = pair.inside(ber::OBJECT)?.object()?;
            values.push((oid, Value::read(&mut pair)?));
        }
        Some(Self { is_report, request, error, values })
    }
}

impl Value {
    fn read(pair: &mut Reader<'_>) -> Option<Self> {
        let (tag, inside) = pair.next()?;
        Some(match tag {
            ber::INTEGER => Self::Whole(inside.signed()?),
            GAUGE_32 | TICKS => Self::Whole(i64::try_from(inside.unsigned()?).ok()?),
            COUNTER_32 => Self::Counter(inside.unsigned()? & u64::from(u32::MAX), 32),
            COUNTER_64 => Self::Counter(inside.unsigned()?, 64),
            ber::OCTETS => Self::Octets(inside.rest().to_vec()),
            OPAQUE => opaque(inside.rest()),
            // RFC 3416, section 3.
            0x80 => Self::Absent("no such object"),
            0x81 => Self::Absent("no such instance"),
            0x82 => Self::Absent("the end of the view"),
            ber::NULL => Self::Absent("no value"),
            ber::OBJECT | ADDRESS => Self::Other,
            _ => Self::Other,
        })
    }
}

/// Net-SNMP puts floating-point numbers into opaque values: context tags 120 and 121 (NET-SNMP-TC).
fn opaque(bytes: &[u8]) -> Value {
    match bytes {
        [0x9f, 0x78, 4, rest @ ..] => match rest.try_into() {
            Ok(bytes) => Value::Float(f64::from(f32::from_be_bytes(bytes))),
            Err(_) => Value::Other,
        },
        [0x9f, 0x79, 8, rest @ ..] => match rest.try_into() {
            Ok(bytes) => Value::Float(f64::from_be_bytes(bytes)),
            Err(_) => Value::Other,
        },
        _ => Value::Other,
    }
}

/// The name of an error (RFC 3416, section 3), as agents' manuals have it.
pub(super) fn error_name(status: i64) -> &'static str {
    match status {
        1 => "tooBig",
        2 => "noSuchName",
        3 => "badValue",
        4 => "readOnly",
        5 => "genErr",
        6 => "noAccess",
        13 => "resourceUnavailable",
        16 => "authorizationError",
        _ => "an error",
    }
}
