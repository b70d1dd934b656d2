//! `postgres:` and `mariadb:`, read and printed: the same fields for both.

use super::form::{Form, SLOW, TLS_EXPIRES, TLS_ROOTS, printed_tls, slow, tls as tls_question};
use super::secret;
use crate::check::{
    DatabaseQuestion, DatabaseRole, DatabaseSession, DatabaseTls, Question, TlsQuestion,
    ValueCondition,
};
use crate::plantfile::print::{self, Fields, flow_map, scalar, secret as printed_secret};
use crate::plantfile::reader::{Keys, choice, decimal, host_port, text};
use crate::plantfile::schema::Key;
use crate::plantfile::tree::{Node, Place};
use crate::plantfile::{Report, codes};

/// The ports of PostgreSQL and of MySQL (IANA); MariaDB uses the latter.
const POSTGRES_PORT: u16 = 5432;
const MARIADB_PORT: u16 = 3306;

/// The longest name of an account or a database, bytes: both servers cut or refuse at less.
const NAME_BYTES_MAX: usize = 255;

/// The longest query, bytes: some screens full (chosen by hand).
const QUERY_BYTES_MAX: usize = 8 << 10;

/// How the way can be protected.
pub(in crate::plantfile) const TLS: [&str; 4] = ["off", "prefer", "required", "verify"];

/// What a server can be.
pub(in crate::plantfile) const ROLES: [&str; 2] =
    [DatabaseRole::Primary.as_str(), DatabaseRole::Standby.as_str()];

const FIELDS: &[Key] = &[
    ("tls", "database-tls", "how the way there is protected; `prefer` when not given"),
    TLS_EXPIRES,
    TLS_ROOTS,
    ("user", "text", "who signs in; nobody when not given"),
    ("password", "secret", "the password, by its name"),
    ("database", "text", "in which database"),
    ("query", "text", "one statement that only reads; `select 1` when not given"),
    ("answer", "answer", "conditions on the first column of the first row"),
    ("role", "database-role", "what the server must be"),
    SLOW,
];

pub(super) const POSTGRES: Form = Form {
    key: ("postgres", "text", "`host:port`; port 5432 when not given"),
    read: |node, keys, report| database(node, POSTGRES_PORT, keys, report).map(Question::Postgres),
    fields: FIELDS,
    needed: &[],
};

pub(super) const MARIADB: Form = Form {
    key: ("mariadb", "text", "`host:port` of MariaDB or MySQL; port 3306 when not given"),
    read: |node, keys, report| database(node, MARIADB_PORT, keys, report).map(Question::Mariadb),
    fields: FIELDS,
    needed: &[],
};

fn database(
    node: &Node<'_>,
    port: u16,
    keys: &mut Keys<'_, '_>,
    report: &mut Report,
) -> Option<DatabaseQuestion> {
    let place = keys.place;
    let target = host_port(node, Some(port), report);
    let mode =
        keys.take("tls").and_then(|node| choice(node, "`tls`", &TLS.map(|w| (w, w)), report));
    let question = tls_question(keys, report);
    let judged = question.roots.is_some() || question.expires_within != TlsQuestion::EXPIRES_WITHIN;
    let tls = match mode {
        Some("off") => DatabaseTls::Off,
        Some("required") => DatabaseTls::Required,
        Some("verify") => DatabaseTls::Verify(question),
        Some(_) | None => DatabaseTls::Prefer,
    };
    if tls.verified().is_none() && judged {
        let message = "only a certificate that is verified is judged".to_owned();
        let help = "say `tls: verify`".to_owned();
        report.add(codes::MISSING_KEY, place, message, Some(help));
    }
    let session = session(place, keys, report);
    let slow = slow(keys, report);
    Some(DatabaseQuestion { target: target?, tls, session, slow })
}

fn session(place: Place, keys: &mut Keys<'_, '_>, report: &mut Report) -> Option<DatabaseSession> {
    let user = keys.take("user");
    let user = user.and_then(|node| short(node, "`user`", NAME_BYTES_MAX, report));
    let password = keys.take("password");
    let database = keys.take("database");
    let query = keys.take("query");
    let answer = keys.take("answer");
    let role = keys.take("role");
    let Some(user) = user else {
        let others = [password, database, query, answer, role];
        if let Some(node) = others.into_iter().flatten().next() {
            let message = "only somebody who signs in can be answered this".to_owned();
            report.add(codes::MISSING_KEY, node.place, message, Some("say `user` too".to_owned()));
        }
        // A secret written out is told of all the same.
        let _ = password.and_then(|node| secret(node, report));
        return None;
    };
    if answer.is_some() && query.is_none() {
        let message = "there are conditions on an answer, and no `query`".to_owned();
        report.add(codes::MISSING_KEY, place, message, None);
    }
    Some(DatabaseSession {
        user: user.into(),
        password: password.and_then(|node| secret(node, report)),
        database: database
            .and_then(|node| short(node, "`database`", NAME_BYTES_MAX, report))
            .map(Into::into),
        query: query
            .and_then(|node| short(node, "`query`", QUERY_BYTES_MAX, report))
            .map(Into::into),
        answer: answer.map_or_else(Vec::new, |node| conditions(node, report)),
        role: role.and_then(|node| {
            let words: Vec<_> = DatabaseRole::ALL.iter().map(|one| (one.as_str(), *one)).collect();
            choice(node, "`role`", &words, report)
        }),
    })
}

/// A text that is there, is not too long, and can be sent: both protocols end texts with a zero byte.
fn short<'n>(
    node: &'n Node<'_>,
    what: &str,
    bytes_max: usize,
    report: &mut Report,
) -> Option<&'n str> {
    let written = text(node, what, report)?;
    if written.trim().is_empty() {
        report.add(codes::EMPTY, node.place, format!("{what} is empty"), None);
        return None;
    }
    if written.len() > bytes_max || written.contains('\0') {
        let message = format!("{what} has at most {bytes_max} bytes, and none of them is zero");
        report.add(codes::BOUNDS, node.place, message, None);
        return None;
    }
    Some(written)
}

fn conditions(node: &Node<'_>, report: &mut Report) -> Vec<ValueCondition> {
    let Some(mut keys) = Keys::of(node, "`answer`", report) else { return Vec::new() };
    let mut made = Vec::new();
    let is = keys.take("is").and_then(|node| text(node, "`is`", report));
    made.extend(is.map(|text| ValueCondition::Is(text.into())));
    let least = keys.take("at_least").and_then(|node| decimal(node, "`at_least`", report));
    made.extend(least.map(ValueCondition::AtLeast));
    let most = keys.take("at_most").and_then(|node| decimal(node, "`at_most`", report));
    made.extend(most.map(ValueCondition::AtMost));
    if let (Some(least), Some(most)) = (least, most)
        && least > most
    {
        let message = "no number is both".to_owned();
        let help = Some("`at_least` is the smaller one".to_owned());
        report.add(codes::BOUNDS, node.place, message, help);
    }
    if made.is_empty() {
        let message = "`answer` without a condition says nothing".to_owned();
        let help = Some("as `answer: { at_most: 10 }`".to_owned());
        report.add(codes::EMPTY, node.place, message, help);
    }
    keys.finish("`answer`", report);
    made
}

pub(super) fn printed_postgres(question: &DatabaseQuestion) -> Fields {
    printed("postgres", POSTGRES_PORT, question)
}

pub(super) fn printed_mariadb(question: &DatabaseQuestion) -> Fields {
    printed("mariadb", MARIADB_PORT, question)
}

fn printed(kind: &'static str, port: u16, question: &DatabaseQuestion) -> Fields {
    let DatabaseQuestion { target, tls, session, slow } = question;
    let mut fields = vec![(kind, scalar(&print::host_port(target, Some(port))))];
    match tls {
        DatabaseTls::Prefer => {}
        DatabaseTls::Off => fields.push(("tls", "off".to_owned())),
        DatabaseTls::Required => fields.push(("tls", "required".to_owned())),
        DatabaseTls::Verify(asked) => {
            fields.push(("tls", "verify".to_owned()));
            fields.extend(printed_tls(asked));
        }
    }
    if let Some(session) = session {
        let DatabaseSession { user, password, database, query, answer, role } = session;
        fields.push(("user", scalar(user)));
        fields.extend(password.as_ref().map(|name| ("password", printed_secret(name))));
        fields.extend(database.as_ref().map(|name| ("database", scalar(name))));
        fields.extend(query.as_ref().map(|text| ("query", scalar(text))));
        if !answer.is_empty() {
            let conditions = answer.iter().map(|condition| match condition {
                ValueCondition::Is(text) => ("is", scalar(text)),
                ValueCondition::AtLeast(least) => ("at_least", least.to_string()),
                ValueCondition::AtMost(most) => ("at_most", most.to_string()),
            });
            fields.push(("answer", flow_map(conditions)));
        }
        fields.extend(role.map(|role| ("role", role.to_string())));
    }
    fields.extend(slow.map(|slow| ("slow", print::span(slow))));
    fields
}
