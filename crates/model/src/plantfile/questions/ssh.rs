//! `ssh:`, read and printed.

use super::form::{Form, SLOW, conditions, printed_conditions, slow};
use crate::check::{Question, SshQuestion};
use crate::plantfile::print::{self, Fields, scalar};
use crate::plantfile::reader::host_port;

/// The port of SSH (IANA).
const PORT: u16 = 22;

pub(super) const SSH: Form = Form {
    key: ("ssh", "text", "`host:port`; port 22 when not given"),
    read: |node, keys, report| {
        let target = host_port(node, Some(PORT), report);
        let banner = keys.take("banner").map_or_else(Vec::new, |node| conditions(node, report));
        let slow = slow(keys, report);
        Some(Question::Ssh(SshQuestion { target: target?, banner, slow }))
    },
    fields: &[("banner", "body", "conditions on how the server identifies itself"), SLOW],
    needed: &[],
};

pub(super) fn printed(SshQuestion { target, banner, slow }: &SshQuestion) -> Fields {
    let mut fields = vec![("ssh", scalar(&print::host_port(target, Some(PORT))))];
    if !banner.is_empty() {
        fields.push(("banner", printed_conditions(banner)));
    }
    fields.extend(slow.map(|slow| ("slow", print::span(slow))));
    fields
}
