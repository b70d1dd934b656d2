//! `tcp:`, read and printed.

use super::form::{Form, SLOW, slow};
use crate::check::{Question, TcpQuestion};
use crate::plantfile::print::{self, Fields, scalar};
use crate::plantfile::reader::host_port;

pub(super) const TCP: Form = Form {
    key: ("tcp", "text", "`host:port`"),
    read: |node, keys, report| {
        let (target, slow) = (host_port(node, None, report), slow(keys, report));
        Some(Question::Tcp(TcpQuestion { target: target?, slow }))
    },
    fields: &[SLOW],
    needed: &[],
};

pub(super) fn printed(TcpQuestion { target, slow }: &TcpQuestion) -> Fields {
    let mut fields = vec![("tcp", scalar(&print::host_port(target, None)))];
    fields.extend(slow.map(|slow| ("slow", print::span(slow))));
    fields
}
