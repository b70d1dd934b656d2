//! What a DNS check asks; put by the probe's `dns`.

use super::HostPort;

/// One DNS query, over UDP, then over TCP when truncated.
#[derive(Clone, PartialEq, Debug)]
pub struct DnsQuestion {
    /// The server asked; port 53 unless given.
    pub server: HostPort,
    /// The name, absolute.
    pub name: Box<str>,
    /// The record type in capitals: `A`, `AAAA`, `MX`, `NS`, `SOA`, `TXT`, `CNAME`, `PTR`, `SRV`, `CAA`.
    pub record_type: &'static str,
    /// The response code that will do, in capitals; default `NOERROR`.
    pub rcode: &'static str,
    /// Conditions on the records' presentation text.
    pub records: Vec<RecordCondition>,
    /// Asks for recursion (default) or not.
    pub recursion: bool,
}

/// A condition on the records of a DNS answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RecordCondition {
    /// At least so many records of the asked type.
    AtLeast(u16),
    /// One record is exactly this, names compared without case.
    Has(Box<str>),
    /// The set of records is exactly this, in any order.
    Exactly(Vec<Box<str>>),
}
