//! `redis:`, read and printed.

use super::form::{Form, SLOW, TLS_EXPIRES, TLS_ROOTS, printed_tls, slow, tls as tls_question};
use super::secret;
use crate::check::{Question, RedisLogin, RedisQuestion, RedisRole};
use crate::plantfile::print::{self, Fields, scalar, secret as printed_secret};
use crate::plantfile::reader::{Keys, choice, flag, host_port, text};
use crate::plantfile::tree::Node;
use crate::plantfile::{Report, codes, shortened};

/// The port of Redis (IANA).
const PORT: u16 = 6379;

/// The longest name of a user, bytes (chosen by hand; Redis has no limit of its own).
const USER_BYTES_MAX: usize = 255;

/// What a server can be.
pub(in crate::plantfile) const ROLES: [&str; 2] =
    [RedisRole::Master.as_str(), RedisRole::Replica.as_str()];

pub(super) const REDIS: Form = Form {
    key: ("redis", "text", "`host:port`; port 6379 when not given"),
    read: |node, keys, report| redis(node, keys, report).map(Question::Redis),
    fields: &[
        ("tls", "flag", "whether TLS is spoken; `false` when not given"),
        ("connect", "text", "where to connect instead of the named host"),
        ("user", "text", "who logs in; `default` when there is only a password"),
        ("password", "secret", "the password, by its name; nobody logs in when not given"),
        ("role", "redis-role", "what the server must be"),
        SLOW,
        TLS_EXPIRES,
        TLS_ROOTS,
    ],
    needed: &[],
};

fn redis(node: &Node<'_>, keys: &mut Keys<'_, '_>, report: &mut Report) -> Option<RedisQuestion> {
    let place = keys.place;
    let target = host_port(node, Some(PORT), report);
    let speaks_tls = keys.take("tls").and_then(|node| flag(node, "`tls`", report)).unwrap_or(false);
    let connect = keys.take("connect").and_then(|node| host_port(node, Some(PORT), report));
    let user = keys.take("user").and_then(|node| user(node, report));
    let password = keys.take("password");
    if user.is_some() && password.is_none() {
        let message = "a user without a password cannot log in".to_owned();
        report.add(codes::MISSING_KEY, place, message, Some("say `password` too".to_owned()));
    }
    let password = password.and_then(|node| secret(node, report));
    let login = password.map(|password| RedisLogin { user, password });
    let roles = [RedisRole::Master, RedisRole::Replica].map(|role| (role.as_str(), role));
    let role = keys.take("role").and_then(|node| choice(node, "`role`", &roles, report));
    let slow = slow(keys, report);
    let judged = keys.has(TLS_EXPIRES.0) || keys.has(TLS_ROOTS.0);
    let question = tls_question(keys, report);
    if !speaks_tls && judged {
        let message = "without TLS there is no certificate to judge".to_owned();
        report.add(codes::MISSING_KEY, place, message, Some("say `tls: true`".to_owned()));
    }
    let tls = speaks_tls.then_some(question);
    Some(RedisQuestion { target: target?, connect, tls, login, role, slow })
}

fn user(node: &Node<'_>, report: &mut Report) -> Option<Box<str>> {
    let written = text(node, "`user`", report)?;
    let fits = (1..=USER_BYTES_MAX).contains(&written.len()) && !written.contains(char::is_control);
    if !fits {
        let message = format!("`{}` is no user", shortened(written));
        report.add(codes::BAD_NAME, node.place, message, None);
    }
    fits.then(|| written.into())
}

pub(super) fn printed(question: &RedisQuestion) -> Fields {
    let RedisQuestion { target, connect, tls, login, role, slow } = question;
    let end = |end| scalar(&print::host_port(end, Some(PORT)));
    let mut fields = vec![("redis", end(target))];
    if tls.is_some() {
        fields.push(("tls", "true".to_owned()));
    }
    fields.extend(connect.as_ref().map(|to| ("connect", end(to))));
    if let Some(RedisLogin { user, password }) = login {
        fields.extend(user.as_ref().map(|user| ("user", scalar(user))));
        fields.push(("password", printed_secret(password)));
    }
    fields.extend(role.map(|role| ("role", role.as_str().to_owned())));
    fields.extend(slow.map(|slow| ("slow", print::span(slow))));
    fields.extend(tls.iter().flat_map(printed_tls));
    fields
}
