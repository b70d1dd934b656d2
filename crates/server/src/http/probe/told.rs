//! The metrics of one try, by the names that blackbox_exporter gives them, so that what is plotted of one is
//! plotted of the other. Pure; tested here on made answers, and beside the real exporter in the `lab`.

use super::Tried;
use blackstart_model::check::{Host, Question, Step};
use blackstart_model::observation::{Outcome, Standing, SymptomCode, Timing};
use blackstart_probe::{SeenDns, SeenHttp, SeenTls};
use std::fmt::Write as _;
use std::net::IpAddr;

/// Text in the exposition format of Prometheus.
#[derive(Default)]
struct Text(String);

impl Text {
    fn gauge(&mut self, name: &str, help: &str, samples: &[(&str, f64)]) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in samples {
            let _ = writeln!(self.0, "{name}{labels} {value}");
        }
    }

    fn one(&mut self, name: &str, help: &str, value: f64) {
        self.gauge(name, help, &[("", value)]);
    }

    fn phases(&mut self, name: &str, help: &str, phases: &[(&str, u32)]) {
        let labelled: Vec<(String, f64)> = phases
            .iter()
            .map(|(phase, us)| (format!("{{phase=\"{phase}\"}}"), seconds(*us)))
            .collect();
        let samples: Vec<(&str, f64)> =
            labelled.iter().map(|(labels, value)| (labels.as_str(), *value)).collect();
        self.gauge(name, help, &samples);
    }
}

fn seconds(us: u32) -> f64 {
    f64::from(us) / 1e6
}

/// A label's value, escaped.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '\\' | '"' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A host as it stands in a URL.
pub(super) fn host(host: &Host) -> String {
    match host {
        Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
        Host::Address(address) => address.to_string(),
        Host::Name(name) => name.to_string(),
    }
}

/// Adds the times of an earlier hop.
pub(super) fn add(timing: &mut Timing, earlier: Timing) {
    let Timing { resolve_us, connect_us, tls_us, wait_us, read_us, total_us } = earlier;
    for (own, more) in [
        (&mut timing.resolve_us, resolve_us),
        (&mut timing.connect_us, connect_us),
        (&mut timing.tls_us, tls_us),
        (&mut timing.wait_us, wait_us),
        (&mut timing.read_us, read_us),
        (&mut timing.total_us, total_us),
    ] {
        *own = own.saturating_add(more);
    }
}

/// All of it.
pub(super) fn told(tried: &Tried) -> String {
    let Tried { question, answer, seen, redirects } = tried;
    let timing = answer.timing;
    let mut text = Text::default();
    let outcome = answer.outcome.to_string().replace(['\n', '\r'], " ");
    let _ = writeln!(text.0, "# {outcome}");
    let success = match answer.outcome.standing() {
        Standing::Up | Standing::Degraded => 1.0,
        Standing::Down | Standing::Unknown => 0.0,
    };
    text.one("probe_success", "1 when every condition held, if slowly.", success);
    text.one("probe_duration_seconds", "All of its time.", seconds(timing.total_us));
    let resolve = seconds(timing.resolve_us);
    text.one("probe_dns_lookup_time_seconds", "The time to resolve the target's name.", resolve);
    if let Some(address) = seen.address {
        let version = if address.is_ipv6() { 6.0 } else { 4.0 };
        text.one("probe_ip_protocol", "The version of IP that was used.", version);
        let help = "A number that changes when the address does.";
        text.one("probe_ip_addr_hash", help, f64::from(hash(address)));
    }
    if let Question::Http(http) = question {
        by_text(&mut text, &answer.outcome, false);
        let phases = [
            ("resolve", timing.resolve_us),
            ("connect", timing.connect_us),
            ("tls", timing.tls_us),
            ("processing", timing.wait_us),
            ("transfer", timing.read_us),
        ];
        let help = "The time of each phase, over all redirects.";
        text.phases("probe_http_duration_seconds", help, &phases);
        let is_tls = http.tls.is_some() && seen.http.is_some();
        let help = "1 when the last answer came over TLS.";
        text.one("probe_http_ssl", help, f64::from(u8::from(is_tls)));
        text.one("probe_http_redirects", "Redirects that were followed.", f64::from(*redirects));
        of_http(&mut text, seen.http.as_ref());
    } else if matches!(question, Question::Icmp(_)) {
        let rest = timing.total_us.saturating_sub(timing.resolve_us + timing.connect_us);
        let phases = [("resolve", timing.resolve_us), ("setup", rest), ("rtt", timing.connect_us)];
        text.phases("probe_icmp_duration_seconds", "The time of each phase.", &phases);
        if let Some(left) = seen.hop_limit {
            let help = "The hop limit that was left of the answer.";
            text.one("probe_icmp_reply_hop_limit", help, f64::from(left));
        }
    } else if matches!(question, Question::Dns(_)) {
        let phases = [
            ("resolve", timing.resolve_us),
            ("connect", timing.connect_us),
            ("request", timing.wait_us),
        ];
        text.phases("probe_dns_duration_seconds", "The time of each phase.", &phases);
        of_dns(&mut text, seen.dns.as_ref());
    } else {
        // As the exporter tells of TCP, whatever is spoken over it.
        by_text(&mut text, &answer.outcome, seen.has_other_bytes);
        // The exporter of Debian does not know it, later ones tell it of every connection.
        if let Question::Talk(talk) = question
            && talk.script.steps().iter().any(|step| matches!(step, Step::ExpectBytes(_)))
        {
            let help = "1 when bytes are not the expected ones.";
            text.one("probe_failed_due_to_bytes", help, f64::from(u8::from(seen.has_other_bytes)));
        }
        if !seen.labels.is_empty() {
            let labels =
                seen.labels.iter().map(|(name, value)| format!("{name}={}", quoted(value)));
            let labels = format!("{{{}}}", labels.collect::<Vec<_>>().join(","));
            text.gauge("probe_expect_info", "What the script found.", &[(&labels, 1.0)]);
        }
    }
    if !answer.readings.is_empty() {
        let read = answer.readings.iter().map(|reading| {
            let (name, unit) = (quoted(reading.name()), quoted(reading.unit().as_str()));
            (format!("{{name={name},unit={unit}}}"), reading.value())
        });
        let read: Vec<(String, f64)> = read.collect();
        let samples: Vec<(&str, f64)> = read.iter().map(|(labels, v)| (&**labels, *v)).collect();
        text.gauge("blackstart_probe_reading", "Numbers that the check read.", &samples);
    }
    if let Some(tls) = &seen.tls {
        of_tls(&mut text, tls);
    }
    text.0
}

fn by_text(text: &mut Text, outcome: &Outcome, was_by_bytes: bool) {
    let is = |code| matches!(outcome, Outcome::Down(symptom) if symptom.code == code);
    let failed = [
        SymptomCode::WrongBody,
        SymptomCode::WrongHeader,
        SymptomCode::WrongGreeting,
        SymptomCode::WrongAnswer,
    ];
    let failed = !was_by_bytes && failed.into_iter().any(is);
    let help = "1 when a condition on a text did not hold.";
    text.one("probe_failed_due_to_regex", help, f64::from(u8::from(failed)));
}

fn of_http(text: &mut Text, seen: Option<&SeenHttp>) {
    let status = seen.map_or(0, |seen| seen.status);
    text.one("probe_http_status_code", "The status of the answer.", f64::from(status));
    let version = seen.map_or(0.0, |seen| seen.version);
    text.one("probe_http_version", "The version of HTTP of the answer.", version);
    // As the exporter has it: 0 without an answer, -1 when the answer does not say.
    let length = seen.map_or(0.0, |seen| seen.content_length.map_or(-1.0, |bytes| bytes as f64));
    text.one("probe_http_content_length", "The length that the answer tells, bytes.", length);
    let read = seen.map_or(0.0, |seen| seen.body_bytes as f64);
    text.one("probe_http_uncompressed_body_length", "Bytes of the body that were read.", read);
    if let Some(changed) = seen.and_then(|seen| seen.last_modified_s) {
        let help = "When the answer last changed, by itself.";
        text.one("probe_http_last_modified_timestamp_seconds", help, changed as f64);
    }
}

fn of_dns(text: &mut Text, seen: Option<&SeenDns>) {
    let counts = seen.map_or((0, 0, 0), |seen| (seen.answer, seen.authority, seen.additional));
    text.one("probe_dns_answer_rrs", "Records that answer.", f64::from(counts.0));
    text.one("probe_dns_authority_rrs", "Records that say who knows.", f64::from(counts.1));
    text.one("probe_dns_additional_rrs", "Records that go with it.", f64::from(counts.2));
    let answered = f64::from(u8::from(seen.is_some()));
    text.one("probe_dns_query_succeeded", "1 when there was an answer.", answered);
    if let Some(serial) = seen.and_then(|seen| seen.serial) {
        text.one("probe_dns_serial", "The serial of the zone.", f64::from(serial));
    }
}

fn of_tls(text: &mut Text, seen: &SeenTls) {
    let SeenTls { version, first_ends_s, chain_ends_s, leaf } = seen;
    if let Some(ends) = first_ends_s {
        let help = "When the first of the presented certificates ends.";
        text.one("probe_ssl_earliest_cert_expiry", help, *ends as f64);
    }
    // The exporter tells the year 1 of a chain that nobody verified; what nobody saw is left out here.
    if let Some(ends) = chain_ends_s {
        let help = "When the last of the verified chains ends.";
        text.one("probe_ssl_last_chain_expiry_timestamp_seconds", help, *ends as f64);
    }
    if let Some(leaf) = leaf {
        let labels = format!(
            "{{fingerprint_sha256={},issuer={},subject={},subjectalternative={}}}",
            quoted(&leaf.fingerprint),
            quoted(&leaf.issuer),
            quoted(&leaf.subject),
            quoted(&leaf.names.join(","))
        );
        let help = "The certificate of the server.";
        text.gauge("probe_ssl_last_chain_info", help, &[(&labels, 1.0)]);
    }
    let labels = format!("{{version={}}}", quoted(version));
    text.gauge("probe_tls_version_info", "The version of TLS that was used.", &[(&labels, 1.0)]);
}

/// FNV-1a of 32 bits over the address's bytes: the same number as the exporter's, for panels that compare it
/// with that of yesterday.
fn hash(address: IpAddr) -> u32 {
    let over = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0x811c_9dc5_u32, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    };
    match address {
        IpAddr::V4(address) => over(&address.octets()),
        IpAddr::V6(address) => over(&address.octets()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_ends_where_it_ends_and_an_address_has_its_number() {
        assert_eq!(quoted("CN=\"a\\b\"\nc"), "\"CN=\\\"a\\\\b\\\"\\nc\"");
        // What the exporter of Debian tells of this address.
        assert_eq!(hash(IpAddr::from([127, 0, 0, 1])), 3_668_918_509);
    }

    #[test]
    fn a_family_is_described_once() {
        let mut text = Text::default();
        text.phases("a_seconds", "Some words.", &[("one", 1_500_000), ("two", 0)]);
        let expected = "# HELP a_seconds Some words.\n# TYPE a_seconds gauge\n\
                        a_seconds{phase=\"one\"} 1.5\na_seconds{phase=\"two\"} 0\n";
        assert_eq!(text.0, expected);
    }
}
