//! By which kind of check a service that has none would be asked: what it speaks, as far as its `software` or its
//! name says so.
//!
//! A connection that is taken says little of what takes it, so a kind that speaks with it is better advice. A name is
//! no proof; it is advice to a person, who knows. What tells nothing is asked for a connection. Tested through the
//! advice.

use blackstart_model::check::CheckKind;
use blackstart_model::plant::Component;
use blackstart_model::quantity::{Attribute, Value};

/// Words by which people call what speaks a protocol, and the programs that do.
const WORDS: [(CheckKind, &[&str]); 9] = [
    (CheckKind::Ssh, &["ssh", "sshd", "openssh", "sftp", "dropbear"]),
    (CheckKind::Smtp, &["smtp", "smtpd", "mx", "mta", "postfix", "exim", "sendmail", "opensmtpd"]),
    (CheckKind::Imap, &["imap", "dovecot", "cyrus"]),
    (CheckKind::Redis, &["redis", "valkey"]),
    (CheckKind::Postgres, &["postgres", "postgresql", "pgsql", "pg", "pgbouncer"]),
    (CheckKind::Mariadb, &["mariadb", "mariadbd", "mysql", "mysqld", "galera", "percona"]),
    (
        CheckKind::Dns,
        &[
            "dns",
            "ns",
            "resolver",
            "nameserver",
            "bind",
            "named",
            "unbound",
            "nsd",
            "knot",
            "powerdns",
            "pdns",
        ],
    ),
    (CheckKind::Ntp, &["ntp", "ntpd", "ntpsec", "chrony", "chronyd", "timeserver"]),
    (
        CheckKind::Http,
        &[
            "http", "https", "www", "web", "nginx", "apache", "httpd", "caddy", "lighttpd",
            "traefik", "varnish",
        ],
    ),
];

/// The kind of check by which this service or database would be asked.
pub(super) fn spoken(component: &Component) -> CheckKind {
    let software = component.attributes.iter().find_map(|(attribute, value)| {
        if let (Attribute::Software, Value::Text(text)) = (attribute, value) {
            Some(&**text)
        } else {
            None
        }
    });
    let texts = software.into_iter().chain([component.name.as_str()]);
    texts.flat_map(words).find_map(|word| of_word(&word)).unwrap_or(CheckKind::Tcp)
}

/// `mx-1`, `PostgreSQL 15` and `redis2` are `mx`, `postgresql` and `redis`.
fn words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|letter: char| !letter.is_ascii_alphabetic());
    words.map(str::to_ascii_lowercase)
}

fn of_word(word: &str) -> Option<CheckKind> {
    WORDS.iter().find(|(_, words)| words.contains(&word)).map(|(kind, _)| *kind)
}
