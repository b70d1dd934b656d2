//! `icmp:`, read and printed.

use super::form::Form;
use crate::check::{IcmpQuestion, Question};
use crate::plantfile::print::{self, Fields, scalar};
use crate::plantfile::reader::{Keys, host, number, span};
use crate::plantfile::tree::Node;
use crate::plantfile::{Report, codes};
use crate::time::Duration;

pub(super) const ICMP: Form = Form {
    key: ("icmp", "text", "a host or address"),
    read: |node, keys, report| icmp(node, keys, report).map(Question::Icmp),
    fields: &[
        ("echoes", "number", "echoes in one try, 1 to 20; 3 when not given"),
        ("spacing", "span", "the time between two; `200 ms` when not given"),
        ("lost_max", "number", "so many lost are still up; 0 when not given"),
        ("payload", "number", "bytes of payload, 16 to 1400; 32 when not given"),
    ],
    needed: &[],
};

/// Echoes, the time between two, and bytes of payload when nothing is said.
const ECHOES: u64 = 3;
const SPACING: Duration = Duration::from_millis(200);
const PAYLOAD: u64 = 32;

fn icmp(node: &Node<'_>, keys: &mut Keys<'_, '_>, report: &mut Report) -> Option<IcmpQuestion> {
    let host = host(node, report);
    let mut count = |key, bounds, default| {
        keys.take(key).and_then(|node| number(node, key, bounds, report)).unwrap_or(default)
    };
    let echoes = count("echoes", (1, 20), ECHOES);
    let lost_max = count("lost_max", (0, 19), 0);
    let payload = count("payload", (16, 1400), PAYLOAD);
    let spacing =
        keys.take("spacing").and_then(|node| span(node, "`spacing`", report)).unwrap_or(SPACING);
    if lost_max >= echoes {
        let message = "with so many lost nothing could ever be seen down".to_owned();
        report.add(codes::BOUNDS, node.place, message, Some("less than `echoes`".to_owned()));
    }
    Some(IcmpQuestion {
        host: host?,
        echoes: u8::try_from(echoes).unwrap_or(u8::MAX),
        spacing,
        lost_max: u8::try_from(lost_max).unwrap_or(u8::MAX),
        payload_bytes: u16::try_from(payload).unwrap_or(u16::MAX),
    })
}

pub(super) fn printed(question: &IcmpQuestion) -> Fields {
    let IcmpQuestion { host, echoes, spacing, lost_max, payload_bytes } = question;
    let mut fields = vec![("icmp", scalar(&print::host(host)))];
    if u64::from(*echoes) != ECHOES {
        fields.push(("echoes", echoes.to_string()));
    }
    if *spacing != SPACING {
        fields.push(("spacing", print::span(*spacing)));
    }
    if *lost_max != 0 {
        fields.push(("lost_max", lost_max.to_string()));
    }
    if u64::from(*payload_bytes) != PAYLOAD {
        fields.push(("payload", payload_bytes.to_string()));
    }
    fields
}
