//! `smtp:` and `imap:`, read and printed: the same fields for both.

use super::form::{
    Form, SLOW, TLS_EXPIRES, TLS_ROOTS, conditions, printed_conditions, printed_tls, slow,
    tls as tls_question,
};
use crate::check::{DialogueQuestion, DialogueTls, Question, TlsBegins};
use crate::plantfile::print::{self, Fields, scalar};
use crate::plantfile::reader::{Keys, choice, host_port};
use crate::plantfile::schema::Key;
use crate::plantfile::tree::Node;
use crate::plantfile::{Report, codes};

/// Ports of a protocol (IANA): without TLS from the first byte, and with it.
struct Ports {
    plain: u16,
    tls: u16,
}

/// RFC 5321, section 4.5.4.2, and RFC 8314, section 7.3.
const SMTP_PORTS: Ports = Ports { plain: 25, tls: 465 };

/// RFC 9051, section 2.1, and RFC 8314, section 7.1.
const IMAP_PORTS: Ports = Ports { plain: 143, tls: 993 };

/// When TLS may begin; the words of a mail relay.
const TLS: [(&str, Option<TlsBegins>); 3] = [
    ("starttls", Some(TlsBegins::ByStartTls)),
    ("implicit", Some(TlsBegins::AtOnce)),
    ("none", None),
];

const FIELDS: &[Key] = &[
    ("tls", "tls", "`starttls` or `implicit`; `none` when not given"),
    ("connect", "text", "where to connect instead of the named host"),
    ("greeting", "body", "conditions on how the server greets"),
    ("capabilities", "body", "conditions on what the server says that it can do"),
    SLOW,
    TLS_EXPIRES,
    TLS_ROOTS,
];

pub(super) const SMTP: Form = Form {
    key: ("smtp", "text", "`host:port`; port 25, or 465 with `tls: implicit`, when not given"),
    read: |node, keys, report| dialogue(node, &SMTP_PORTS, keys, report).map(Question::Smtp),
    fields: FIELDS,
    needed: &[],
};

pub(super) const IMAP: Form = Form {
    key: ("imap", "text", "`host:port`; port 143, or 993 with `tls: implicit`, when not given"),
    read: |node, keys, report| dialogue(node, &IMAP_PORTS, keys, report).map(Question::Imap),
    fields: FIELDS,
    needed: &[],
};

fn dialogue(
    node: &Node<'_>,
    ports: &Ports,
    keys: &mut Keys<'_, '_>,
    report: &mut Report,
) -> Option<DialogueQuestion> {
    let place = keys.place;
    let begins =
        keys.take("tls").and_then(|node| choice(node, "`tls`", &TLS, report)).unwrap_or(None);
    let port = ports.usual(begins);
    let target = host_port(node, Some(port), report);
    let connect = keys.take("connect").and_then(|node| host_port(node, Some(port), report));
    let mut texts = |key| keys.take(key).map_or_else(Vec::new, |node| conditions(node, report));
    let (greeting, capabilities) = (texts("greeting"), texts("capabilities"));
    let slow = slow(keys, report);
    let judged = keys.has(TLS_EXPIRES.0) || keys.has(TLS_ROOTS.0);
    let question = tls_question(keys, report);
    if begins.is_none() && judged {
        let message = "without TLS there is no certificate to judge".to_owned();
        let help = "say `tls: starttls`, or `tls: implicit`".to_owned();
        report.add(codes::MISSING_KEY, place, message, Some(help));
    }
    let tls = begins.map(|begins| DialogueTls { begins, question });
    Some(DialogueQuestion { target: target?, connect, tls, greeting, capabilities, slow })
}

impl Ports {
    const fn usual(&self, begins: Option<TlsBegins>) -> u16 {
        match begins {
            Some(TlsBegins::AtOnce) => self.tls,
            Some(TlsBegins::ByStartTls) | None => self.plain,
        }
    }
}

pub(super) fn printed_smtp(question: &DialogueQuestion) -> Fields {
    printed("smtp", &SMTP_PORTS, question)
}

pub(super) fn printed_imap(question: &DialogueQuestion) -> Fields {
    printed("imap", &IMAP_PORTS, question)
}

fn printed(key: &'static str, ports: &Ports, question: &DialogueQuestion) -> Fields {
    let DialogueQuestion { target, connect, tls, greeting, capabilities, slow } = question;
    let begins = tls.as_ref().map(|tls| tls.begins);
    let end = |end| scalar(&print::host_port(end, Some(ports.usual(begins))));
    let mut fields = vec![(key, end(target))];
    if let Some((word, _)) = TLS.iter().find(|(_, one)| one.is_some() && *one == begins) {
        fields.push(("tls", (*word).to_owned()));
    }
    fields.extend(connect.as_ref().map(|to| ("connect", end(to))));
    for (key, conditions) in [("greeting", greeting), ("capabilities", capabilities)] {
        if !conditions.is_empty() {
            fields.push((key, printed_conditions(conditions)));
        }
    }
    fields.extend(slow.map(|slow| ("slow", print::span(slow))));
    fields.extend(tls.iter().flat_map(|tls| printed_tls(&tls.question)));
    fields
}
