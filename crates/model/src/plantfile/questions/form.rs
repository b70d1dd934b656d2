//! How questions are written: the list of their kinds, and what kinds have in common.
//!
//! A [`Form`] is all that the language knows of one kind: the key it goes by, how it is read, and what an
//! editor is told of its fields. A new kind is a file with a form, and a line in [`FORMS`] and [`printed`].

use super::{database, dialogue, dns, http, icmp, ntp, plugin, push, redis, snmp, ssh, talk, tcp};
use crate::check::{Question, TextCondition, TlsQuestion};
use crate::plantfile::print::{Fields, flow_list, flow_map, scalar, span as shown};
use crate::plantfile::reader::{Keys, list, span, text};
use crate::plantfile::schema::Key;
use crate::plantfile::tree::Node;
use crate::plantfile::{Report, codes};
use crate::time::Duration;

/// One kind of question as it is written.
pub(in crate::plantfile) struct Form {
    /// The key that names it, what stands there, and what that means.
    pub(in crate::plantfile) key: Key,
    /// Reads it: what stands at its key, and the keys beside it.
    pub(super) read: fn(&Node<'_>, &mut Keys<'_, '_>, &mut Report) -> Option<Question>,
    /// The keys beside it, in the order they are taken.
    pub(in crate::plantfile) fields: &'static [Key],
    /// Those of them that must be there.
    pub(in crate::plantfile) needed: &'static [&'static str],
}

/// Every kind.
pub(in crate::plantfile) const FORMS: &[Form] = &[
    http::HTTP,
    http::HTTPS,
    tcp::TCP,
    talk::TALK,
    icmp::ICMP,
    dns::DNS,
    ssh::SSH,
    dialogue::SMTP,
    dialogue::IMAP,
    redis::REDIS,
    database::POSTGRES,
    database::MARIADB,
    snmp::SNMP,
    ntp::NTP,
    plugin::PLUGIN,
    push::PUSH,
];

/// The question a check asks, with the word it is named by.
pub(in crate::plantfile) fn question(
    keys: &mut Keys<'_, '_>,
    report: &mut Report,
) -> Option<(&'static str, Question)> {
    let given: Vec<_> =
        FORMS.iter().filter_map(|form| keys.take(form.key.0).map(|node| (form, node))).collect();
    let [(form, node)] = given[..] else {
        let kinds: Vec<&str> = FORMS.iter().map(|form| form.key.0).collect();
        let message = format!("a check asks one of: {}", kinds.join(", "));
        report.add(codes::SHAPE, keys.place, message, None);
        return None;
    };
    Some((form.key.0, (form.read)(node, keys, report)?))
}

/// The fields of a question, that of its key first.
pub(in crate::plantfile) fn printed(question: &Question) -> Fields {
    match question {
        Question::Http(question) => http::printed(question),
        Question::Tcp(question) => tcp::printed(question),
        Question::Talk(question) => talk::printed(question),
        Question::Icmp(question) => icmp::printed(question),
        Question::Dns(question) => dns::printed(question),
        Question::Ssh(question) => ssh::printed(question),
        Question::Smtp(question) => dialogue::printed_smtp(question),
        Question::Imap(question) => dialogue::printed_imap(question),
        Question::Redis(question) => redis::printed(question),
        Question::Postgres(question) => database::printed_postgres(question),
        Question::Mariadb(question) => database::printed_mariadb(question),
        Question::Snmp(question) => snmp::printed(question),
        Question::Ntp(question) => ntp::printed(question),
        Question::Plugin(question) => plugin::printed(question),
        Question::Push(question) => push::printed(question),
    }
}

/// Up, and slower than this: degraded.
pub(super) const SLOW: Key = ("slow", "span", "up, and slower than this: degraded");

/// Reads [`SLOW`].
pub(super) fn slow(keys: &mut Keys<'_, '_>, report: &mut Report) -> Option<Duration> {
    keys.take("slow").and_then(|node| span(node, "`slow`", report))
}

/// Reads conditions on a text.
pub(super) fn conditions(node: &Node<'_>, report: &mut Report) -> Vec<TextCondition> {
    let Some(mut keys) = Keys::of(node, "a condition", report) else { return Vec::new() };
    let mut made = Vec::new();
    for (key, make) in [
        ("contains", TextCondition::Contains as fn(Box<str>) -> TextCondition),
        ("lacks", TextCondition::Lacks),
    ] {
        for node in keys.take(key).map_or(&[][..], list) {
            let Some(text) = text(node, key, report) else { continue };
            if text.is_empty() {
                let message = format!("an empty text under `{key}` says nothing");
                report.add(codes::EMPTY, node.place, message, None);
            }
            made.push(make(text.into()));
        }
    }
    keys.finish("a condition", report);
    made
}

/// Prints them.
pub(super) fn printed_conditions<'c>(
    conditions: impl IntoIterator<Item = &'c TextCondition>,
) -> String {
    let (mut contains, mut lacks) = (Vec::new(), Vec::new());
    for condition in conditions {
        match condition {
            TextCondition::Contains(text) => contains.push(scalar(text)),
            TextCondition::Lacks(text) => lacks.push(scalar(text)),
        }
    }
    let fields = [("contains", contains), ("lacks", lacks)];
    let said = fields.into_iter().filter(|(_, texts)| !texts.is_empty());
    flow_map(said.map(|(key, texts)| (key, flow_list(texts))))
}

/// When a certificate is worth a word.
pub(super) const TLS_EXPIRES: Key =
    ("expires_within", "span", "a certificate that ends sooner is degraded; `14 d`");

/// Whom to trust.
pub(super) const TLS_ROOTS: Key = ("roots", "text", "a PEM file with the only roots to trust");

/// Reads [`TLS_EXPIRES`] and [`TLS_ROOTS`].
pub(super) fn tls(keys: &mut Keys<'_, '_>, report: &mut Report) -> TlsQuestion {
    TlsQuestion {
        expires_within: keys
            .take(TLS_EXPIRES.0)
            .and_then(|node| span(node, "`expires_within`", report))
            .unwrap_or(TlsQuestion::EXPIRES_WITHIN),
        roots: keys
            .take(TLS_ROOTS.0)
            .and_then(|node| text(node, "`roots`", report))
            .map(Into::into),
    }
}

/// Prints them.
pub(super) fn printed_tls(TlsQuestion { expires_within, roots }: &TlsQuestion) -> Fields {
    let mut fields = Fields::new();
    if *expires_within != TlsQuestion::EXPIRES_WITHIN {
        fields.push((TLS_EXPIRES.0, shown(*expires_within)));
    }
    fields.extend(roots.as_ref().map(|roots| (TLS_ROOTS.0, scalar(roots))));
    fields
}
