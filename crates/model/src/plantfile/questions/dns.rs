//! `dns:`, read and printed.

use super::form::Form;
use crate::check::{DnsQuestion, Host, Question, RecordCondition};
use crate::plantfile::print::{self, Fields, flow_list, flow_map, scalar, texts};
use crate::plantfile::reader::{self, Keys, choice, host_port, list, number, text};
use crate::plantfile::tree::Node;
use crate::plantfile::{Report, codes, shortened};

pub(super) const DNS: Form = Form {
    key: ("dns", "text", "the server that is asked, its port 53 when not given"),
    read: |node, keys, report| dns(node, keys, report).map(Question::Dns),
    fields: &[
        ("query", "query", "a name and a type, `example.net MX`"),
        ("rcode", "rcode", "the response code that will do; `NOERROR` when not given"),
        ("recursion", "flag", "whether recursion is asked for; `true` when not given"),
        ("records", "records", "conditions on the records"),
    ],
    needed: &["query"],
};

/// Record types that can be asked for.
pub(in crate::plantfile) const RECORD_TYPES: [&str; 10] =
    ["A", "AAAA", "MX", "NS", "SOA", "TXT", "CNAME", "PTR", "SRV", "CAA"];

/// Response codes that can be expected.
pub(in crate::plantfile) const RCODES: [&str; 4] = ["NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"];

fn dns(node: &Node<'_>, keys: &mut Keys<'_, '_>, report: &mut Report) -> Option<DnsQuestion> {
    let server = host_port(node, Some(53), report);
    let query = keys.need("query", report);
    let rcode = keys
        .take("rcode")
        .and_then(|node| choice(node, "`rcode`", &RCODES.map(|word| (word, word)), report))
        .unwrap_or("NOERROR");
    let recursion = keys
        .take("recursion")
        .and_then(|node| reader::flag(node, "`recursion`", report))
        .unwrap_or(true);
    let records = keys.take("records").map_or_else(Vec::new, |node| records(node, report));
    let query = query?;
    let written = text(query, "`query`", report)?;
    let mut words = written.split_whitespace();
    let (name, kind) = (words.next().unwrap_or_default(), words.next().unwrap_or("A"));
    let found = RECORD_TYPES.into_iter().find(|word| *word == kind);
    let named = name == "." || matches!(reader::as_host(name), Some(Host::Name(_)));
    if found.is_none() || !named || words.next().is_some() {
        let message = format!("`{}` is no DNS query", shortened(written));
        let help = format!(
            "a name and a type, as `example.net MX`; types are {}",
            RECORD_TYPES.join(", ")
        );
        report.add(codes::CHOICE, query.place, message, Some(help));
        return None;
    }
    Some(DnsQuestion {
        server: server?,
        // The root has no name but its dot.
        name: match name {
            "." => name.into(),
            _ => name.trim_end_matches('.').to_ascii_lowercase().into(),
        },
        record_type: found?,
        rcode,
        records,
        recursion,
    })
}

fn records(node: &Node<'_>, report: &mut Report) -> Vec<RecordCondition> {
    let Some(mut keys) = Keys::of(node, "`records`", report) else { return Vec::new() };
    let mut made = Vec::new();
    if let Some(count) =
        keys.take("at_least").and_then(|node| number(node, "`at_least`", (1, 1000), report))
    {
        made.push(RecordCondition::AtLeast(u16::try_from(count).unwrap_or(u16::MAX)));
    }
    let texts = |node: &Node<'_>, report: &mut Report| -> Vec<Box<str>> {
        list(node)
            .iter()
            .filter_map(|node| text(node, "a record", report))
            .map(Into::into)
            .collect()
    };
    if let Some(node) = keys.take("has") {
        made.extend(texts(node, report).into_iter().map(RecordCondition::Has));
    }
    if let Some(node) = keys.take("exactly") {
        made.push(RecordCondition::Exactly(texts(node, report)));
    }
    keys.finish("`records`", report);
    made
}

pub(super) fn printed(question: &DnsQuestion) -> Fields {
    let DnsQuestion { server, name, record_type, rcode, records, recursion } = question;
    let name = if name.is_empty() { "." } else { name };
    let mut fields = vec![
        ("dns", scalar(&print::host_port(server, Some(53)))),
        ("query", scalar(&format!("{name} {record_type}"))),
    ];
    if *rcode != "NOERROR" {
        fields.push(("rcode", (*rcode).to_owned()));
    }
    if !recursion {
        fields.push(("recursion", "false".to_owned()));
    }
    if !records.is_empty() {
        let (mut said, mut has) = (Fields::new(), Vec::new());
        for record in records {
            match record {
                RecordCondition::AtLeast(count) => said.push(("at_least", count.to_string())),
                RecordCondition::Has(text) => has.push(scalar(text)),
                RecordCondition::Exactly(all) => said.push(("exactly", texts(all))),
            }
        }
        if !has.is_empty() {
            said.push(("has", flow_list(has)));
        }
        fields.push(("records", flow_map(said)));
    }
    fields
}
