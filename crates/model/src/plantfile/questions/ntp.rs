//! `ntp:`, read and printed.

use super::form::Form;
use crate::check::{NtpQuestion, Question};
use crate::plantfile::print::{self, Fields, scalar};
use crate::plantfile::reader::{host_port, number, span_within};
use crate::time::Duration;

/// The port of NTP (IANA).
const PORT: u16 = 123;

/// Offsets that can be asked for: below what a path's own uneven delays do nothing can be told, and beyond a day the
/// clock is not off but wrong.
const OFFSETS: (Duration, Duration) = (Duration::from_micros(100), Duration::from_secs(86_400));

pub(super) const NTP: Form = Form {
    key: ("ntp", "text", "the time server that is asked, its port 123 when not given"),
    read: |node, keys, report| {
        let server = host_port(node, Some(PORT), report);
        let offset_max = keys
            .take("offset_max")
            .and_then(|node| span_within(node, "`offset_max`", OFFSETS, report))
            .unwrap_or(NtpQuestion::OFFSET_MAX);
        let highest = u64::from(NtpQuestion::STRATUM_MAX);
        let stratum_max = keys
            .take("stratum_max")
            .and_then(|node| number(node, "`stratum_max`", (1, highest), report))
            .and_then(|stratum| u8::try_from(stratum).ok())
            .unwrap_or(NtpQuestion::STRATUM_MAX);
        Some(Question::Ntp(NtpQuestion { server: server?, offset_max, stratum_max }))
    },
    fields: &[
        ("offset_max", "span", "further from our clock is degraded; `125 ms`"),
        ("stratum_max", "number", "further from its reference is degraded, 1 to 15; 15"),
    ],
    needed: &[],
};

pub(super) fn printed(question: &NtpQuestion) -> Fields {
    let NtpQuestion { server, offset_max, stratum_max } = question;
    let mut fields = vec![("ntp", scalar(&print::host_port(server, Some(PORT))))];
    if *offset_max != NtpQuestion::OFFSET_MAX {
        fields.push(("offset_max", print::span(*offset_max)));
    }
    if *stratum_max != NtpQuestion::STRATUM_MAX {
        fields.push(("stratum_max", stratum_max.to_string()));
    }
    fields
}
