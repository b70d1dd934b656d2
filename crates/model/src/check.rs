//! The questions: what a check asks, how often, from where, and what answer would do.
//!
//! What is common to all kinds stands here; what one kind asks stands in the file of its name, as it does
//! where it is read (`plantfile/questions`), sent to agents (`probe::wire::v1`) and put (`probe`). Nothing
//! here asks anything. Tested through the plant file.

mod http;
mod tcp;
mod icmp;
mod dns;
mod ssh;
mod talk;
mod dialogue;
mod redis;
mod database;
mod snmp;
mod ntp;
mod plugin;
mod push;

pub use database::{DatabaseQuestion, DatabaseRole, DatabaseSession, DatabaseTls, ValueCondition};
pub use dialogue::{DialogueQuestion, DialogueTls, TlsBegins};
pub use dns::{DnsQuestion, RecordCondition};
pub use http::{HeaderValue, HttpQuestion};
pub use icmp::IcmpQuestion;
pub use ntp::NtpQuestion;
pub use plugin::PluginQuestion;
pub use push::PushQuestion;
pub use redis::{RedisLogin, RedisQuestion, RedisRole};
pub use snmp::{
    OBJECTS, Oid, SnmpAccess, SnmpAuth, SnmpCondition, SnmpHash, SnmpObject, SnmpQuestion,
    SnmpUser, SnmpValue, SnmpWord,
};
pub use ssh::SshQuestion;
pub use talk::{Found, Label, NoPattern, NoScript, Pattern, Script, Step, TalkQuestion, filled};
pub use tcp::TcpQuestion;

use crate::codes::codes;
use crate::id::{CheckId, CheckKey, ComponentId, PlaneId, VantageId};
use crate::plant::Secret;
use crate::time::Duration;
use std::net::IpAddr;
use std::sync::Arc;

/// A question put to a component, on a fixed grid, from one or more vantages.
#[derive(Clone, PartialEq, Debug)]
pub struct Check {
    /// Its place in the plant.
    pub id: CheckId,
    /// Its name across reloads: `component/check`.
    pub key: CheckKey,
    /// What it says something about.
    pub component: ComponentId,
    /// The network plane its packets take.
    pub plane: PlaneId,
    /// The grid: one try from each vantage in each period. At least [`Check::EVERY_MIN`].
    pub every: Duration,
    /// The absolute deadline of one try, covering resolving, connecting, TLS and body; shorter than `every`.
    pub deadline: Duration,
    /// From where; never empty.
    pub from: Vec<VantageId>,
    /// What is asked. Whoever asks it holds the same one: a plant of ten thousand checks would have them twice.
    pub question: Arc<Question>,
}

impl Check {
    /// The shortest period: below it a check is a load test.
    pub const EVERY_MIN: Duration = Duration::from_millis(100);
    /// The period when none is given.
    pub const EVERY_DEFAULT: Duration = Duration::from_secs(30);
    /// The deadline when none is given, unless the period is shorter than twice that.
    pub const DEADLINE_DEFAULT: Duration = Duration::from_secs(10);
}

codes! {
    /// The kinds of check; an agent allows or refuses by these.
    CheckKind {
        /// HTTP or HTTPS.
        Http = "http",
        /// A TCP connection.
        Tcp = "tcp",
        /// A conversation after a script.
        Talk = "talk",
        /// ICMP echo.
        Icmp = "icmp",
        /// A DNS query.
        Dns = "dns",
        /// The identification of an SSH server.
        Ssh = "ssh",
        /// A mail server, over SMTP.
        Smtp = "smtp",
        /// A mailbox server, over IMAP.
        Imap = "imap",
        /// A Redis server.
        Redis = "redis",
        /// A session with PostgreSQL.
        Postgres = "postgres",
        /// A session with MariaDB or MySQL.
        Mariadb = "mariadb",
        /// Values of an SNMP agent.
        Snmp = "snmp",
        /// The time of a time server.
        Ntp = "ntp",
        /// A Nagios plugin.
        Plugin = "plugin",
        /// A job that tells of itself.
        Push = "push",
    }
}

/// What is asked.
#[derive(Clone, PartialEq, Debug)]
pub enum Question {
    /// An HTTP or HTTPS request.
    Http(HttpQuestion),
    /// A TCP connection.
    Tcp(TcpQuestion),
    /// A conversation after a script.
    Talk(TalkQuestion),
    /// ICMP echoes.
    Icmp(IcmpQuestion),
    /// A DNS query.
    Dns(DnsQuestion),
    /// The identification of an SSH server.
    Ssh(SshQuestion),
    /// A mail server, over SMTP.
    Smtp(DialogueQuestion),
    /// A mailbox server, over IMAP.
    Imap(DialogueQuestion),
    /// A Redis server.
    Redis(RedisQuestion),
    /// A session with PostgreSQL.
    Postgres(DatabaseQuestion),
    /// A session with MariaDB or MySQL.
    Mariadb(DatabaseQuestion),
    /// Values of an SNMP agent.
    Snmp(SnmpQuestion),
    /// The time of a time server.
    Ntp(NtpQuestion),
    /// A Nagios plugin.
    Plugin(PluginQuestion),
    /// A job that tells of itself: nothing is asked.
    Push(PushQuestion),
}

impl Question {
    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> CheckKind {
        match self {
            Self::Http(_) => CheckKind::Http,
            Self::Tcp(_) => CheckKind::Tcp,
            Self::Talk(_) => CheckKind::Talk,
            Self::Icmp(_) => CheckKind::Icmp,
            Self::Dns(_) => CheckKind::Dns,
            Self::Ssh(_) => CheckKind::Ssh,
            Self::Smtp(_) => CheckKind::Smtp,
            Self::Imap(_) => CheckKind::Imap,
            Self::Redis(_) => CheckKind::Redis,
            Self::Postgres(_) => CheckKind::Postgres,
            Self::Mariadb(_) => CheckKind::Mariadb,
            Self::Snmp(_) => CheckKind::Snmp,
            Self::Ntp(_) => CheckKind::Ntp,
            Self::Plugin(_) => CheckKind::Plugin,
            Self::Push(_) => CheckKind::Push,
        }
    }

    /// Whether it can be put at all; a push comes by itself, and asking it again is of no use.
    #[must_use]
    pub const fn is_asked(&self) -> bool {
        !matches!(self, Self::Push(_))
    }

    /// The host that its packets go to; `None` when no packets of ours go anywhere.
    #[must_use]
    pub const fn host(&self) -> Option<&Host> {
        match self {
            Self::Http(http) => Some(connected(&http.authority, http.connect.as_ref())),
            Self::Tcp(tcp) => Some(&tcp.target.host),
            Self::Talk(talk) => Some(connected(&talk.target, talk.connect.as_ref())),
            Self::Icmp(icmp) => Some(&icmp.host),
            Self::Dns(dns) => Some(&dns.server.host),
            Self::Ssh(ssh) => Some(&ssh.target.host),
            Self::Smtp(mail) | Self::Imap(mail) => {
                Some(connected(&mail.target, mail.connect.as_ref()))
            }
            Self::Redis(redis) => Some(connected(&redis.target, redis.connect.as_ref())),
            Self::Postgres(database) | Self::Mariadb(database) => Some(&database.target.host),
            Self::Snmp(snmp) => Some(&snmp.agent.host),
            Self::Ntp(ntp) => Some(&ntp.server.host),
            Self::Plugin(_) => None,
            Self::Push(_) => None,
        }
    }

    /// The endpoints it names, the one it is known by first; none for what has no port.
    #[must_use]
    pub fn endpoints(&self) -> Vec<&HostPort> {
        match self {
            Self::Http(http) => std::iter::once(&http.authority).chain(&http.connect).collect(),
            Self::Tcp(tcp) => vec![&tcp.target],
            Self::Talk(talk) => std::iter::once(&talk.target).chain(&talk.connect).collect(),
            Self::Icmp(_) | Self::Push(_) => Vec::new(),
            Self::Dns(dns) => vec![&dns.server],
            Self::Ssh(ssh) => vec![&ssh.target],
            Self::Smtp(mail) | Self::Imap(mail) => {
                std::iter::once(&mail.target).chain(&mail.connect).collect()
            }
            Self::Redis(redis) => std::iter::once(&redis.target).chain(&redis.connect).collect(),
            Self::Postgres(database) | Self::Mariadb(database) => vec![&database.target],
            Self::Snmp(snmp) => vec![&snmp.agent],
            Self::Ntp(ntp) => vec![&ntp.server],
            Self::Plugin(_) => Vec::new(),
        }
    }

    /// The one endpoint that it goes to; `None` for what has none, or more than one.
    #[must_use]
    pub const fn endpoint_mut(&mut self) -> Option<&mut HostPort> {
        match self {
            Self::Tcp(tcp) => Some(&mut tcp.target),
            Self::Talk(talk) => Some(&mut talk.target),
            Self::Dns(dns) => Some(&mut dns.server),
            Self::Ssh(ssh) => Some(&mut ssh.target),
            Self::Postgres(database) | Self::Mariadb(database) => Some(&mut database.target),
            Self::Snmp(snmp) => Some(&mut snmp.agent),
            Self::Ntp(ntp) => Some(&mut ntp.server),
            Self::Smtp(mail) | Self::Imap(mail) => Some(&mut mail.target),
            Self::Redis(redis) => Some(&mut redis.target),
            Self::Http(_) | Self::Icmp(_) | Self::Plugin(_) | Self::Push(_) => None,
        }
    }

    /// What is asked of its certificate, when it is shown one.
    #[must_use]
    pub const fn tls(&self) -> Option<&TlsQuestion> {
        match self {
            Self::Http(http) => http.tls.as_ref(),
            Self::Smtp(mail) | Self::Imap(mail) => match &mail.tls {
                Some(tls) => Some(&tls.question),
                None => None,
            },
            Self::Redis(redis) => redis.tls.as_ref(),
            Self::Talk(talk) => talk.tls(),
            Self::Postgres(database) | Self::Mariadb(database) => database.tls.verified(),
            Self::Tcp(_)
            | Self::Icmp(_)
            | Self::Dns(_)
            | Self::Ssh(_)
            | Self::Snmp(_)
            | Self::Ntp(_)
            | Self::Plugin(_)
            | Self::Push(_) => None,
        }
    }

    /// The secrets it names.
    #[must_use]
    pub fn secrets(&self) -> Vec<&Secret> {
        match self {
            Self::Http(http) => {
                http.headers.iter().filter_map(|(_, value)| value.secret()).collect()
            }
            Self::Postgres(database) | Self::Mariadb(database) => {
                let session = database.session.as_ref();
                session.and_then(|session| session.password.as_ref()).into_iter().collect()
            }
            Self::Snmp(snmp) => snmp.access.secrets(),
            Self::Redis(redis) => redis.login.iter().map(|login| &login.password).collect(),
            Self::Talk(talk) => talk.script.password().into_iter().collect(),
            Self::Tcp(_)
            | Self::Icmp(_)
            | Self::Dns(_)
            | Self::Ssh(_)
            | Self::Smtp(_)
            | Self::Imap(_)
            | Self::Ntp(_)
            | Self::Plugin(_) => Vec::new(),
            Self::Push(push) => push.token.iter().collect(),
        }
    }
}

/// The host that is connected to.
const fn connected<'q>(target: &'q HostPort, connect: Option<&'q HostPort>) -> &'q Host {
    match connect {
        Some(connect) => &connect.host,
        None => &target.host,
    }
}

/// A host by name or address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Host {
    /// An address: nothing is resolved.
    Address(IpAddr),
    /// A name, resolved inside the check's deadline by our own query.
    Name(Box<str>),
}

/// An endpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HostPort {
    /// Where.
    pub host: Host,
    /// Which port.
    pub port: u16,
}

/// What is asked of a TLS server besides an answer.
#[derive(Clone, PartialEq, Debug)]
pub struct TlsQuestion {
    /// Degraded when the leaf, or every usable chain, expires within this time. Default 14 days.
    pub expires_within: Duration,
    /// A PEM file with the only roots to trust, instead of the system's.
    pub roots: Option<Box<str>>,
}

impl TlsQuestion {
    /// When nothing is said, a certificate that ends within this time is worth a word.
    pub const EXPIRES_WITHIN: Duration = Duration::from_secs(14 * 86_400);

    /// What is asked when nothing is said.
    #[must_use]
    pub const fn usual() -> Self {
        Self { expires_within: Self::EXPIRES_WITHIN, roots: None }
    }
}

/// A condition on a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TextCondition {
    /// Contains these bytes.
    Contains(Box<str>),
    /// Does not contain them.
    Lacks(Box<str>),
}
