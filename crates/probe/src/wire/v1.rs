//! Version 1 of the protocol: the mirror of what is said, field by field.
//!
//! ```text
//! agent                                   server
//!   hello {token, name, kinds, spool}  ->
//!                                      <-  welcome {vantage, alive_every}   or  refused {why}
//!                                      <-  assign {checks, way out}         at every change of the plant
//!                                      <-  ask {checks}                     a verification, now
//!   told {seq, news}                   ->                                   samples, steady counts, way out
//!                                      <-  ack {seq}                        durable: drop it from the spool
//!   alive                              ->                                   when nothing else was said
//! ```
//!
//! Times are ages: how long before the frame was *sent* something happened, by the agent's own clock that
//! goes on while the host sleeps. The server takes an age from its own clock at receipt; no clock is
//! compared with another. An age may be a bound only (`at_least`), when the host was started anew in
//! between.
//!
//! Not on this wire: values of secrets (a header's secret goes by its name, and the agent looks it up in
//! its own file), commands, and paths other than a TLS question's `roots`, which the agent opens only
//! when its own configuration names the same path.
//!
//! A server sends an agent only questions of kinds that its `hello` allows: one of a kind that the agent does
//! not know would make the whole frame unreadable to it. A new kind of question is therefore no change of
//! the protocol.
//!
//! Growing it: a new field is optional with a default; a new frame is marked optional, or the protocol's
//! number goes up. Golden frames are added, never edited.

mod terms;
mod http;
mod tcp;
mod talk;
mod icmp;
mod dns;
mod ssh;
mod dialogue;
mod redis;
mod database;
mod snmp;
mod ntp;
mod plugin;
mod push;

pub use database::{DatabaseQuestion, DatabaseSession, DatabaseTls, ValueCondition};
pub use dialogue::DialogueQuestion;
pub use dns::{DnsQuestion, RecordCondition};
pub use http::{HeaderValue, HttpQuestion};
pub use icmp::IcmpQuestion;
pub use ntp::NtpQuestion;
pub use plugin::PluginQuestion;
pub use push::PushQuestion;
pub use redis::RedisQuestion;
pub use snmp::{SnmpAccess, SnmpAuth, SnmpCondition, SnmpQuestion, SnmpUser, SnmpValue, SnmpWord};
pub use ssh::SshQuestion;
pub use talk::{Step, TalkQuestion};
pub use tcp::TcpQuestion;
pub use terms::{Host, HostPort, TextCondition, TlsQuestion};

use super::Message;
use blackstart_model::CheckKey;
use blackstart_model::check;
use blackstart_model::observation::{self, NoAnswerCode, Standing, SymptomCode};
use blackstart_model::reading;
use blackstart_model::sample::{BUCKETS, Times};
use blackstart_model::time::Duration;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The number of this protocol; the first frame of each side carries it.
pub const PROTOCOL: u16 = 1;

/// The most checks one agent takes: ten times the largest vantage we measure with.
pub const CHECKS_MAX: usize = 100_000;

/// The most samples in one `told`: with the longest detail a few hundred bytes each.
pub const SAMPLES_MAX: usize = 500;

/// The most readings in one `told`: with the longest name some 150 bytes each, beside the samples half a frame.
pub const READINGS_MAX: usize = 3_000;

/// What the agent says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "frame", content = "body", rename_all = "kebab-case")]
pub enum FromAgent {
    /// The first frame: who it is.
    Hello(Hello),
    /// What it saw.
    Told(Told),
    /// It is there, and has nothing else to say; a server that promised so answers it by `ack`.
    Alive(Alive),
}

impl Message for FromAgent {
    const FRAMES: &'static [&'static str] = &["hello", "told", "alive"];
}

/// What the server says.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "frame", content = "body", rename_all = "kebab-case")]
pub enum FromServer {
    /// The first frame, when the agent may stay.
    Welcome(Welcome),
    /// The first frame, when it may not; also the last one before a connection is ended.
    Refused(Refused),
    /// What to check from now on, a part of it.
    Assign(Assign),
    /// Ask these now, out of the grid.
    Ask(Ask),
    /// Everything up to this number is durable here; said again in answer to `alive`.
    Ack(Ack),
}

impl Message for FromServer {
    const FRAMES: &'static [&'static str] = &["welcome", "refused", "assign", "ask", "ack"];
}

/// The part of a first frame that every protocol shares: by it a peer of another version is told what
/// is wrong, before anything else of the frame is read.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Opening {
    /// The versions.
    pub body: Versions,
}

/// The versions in a first frame.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Versions {
    /// The protocol's number.
    pub protocol: u16,
    /// The program's version, for people.
    pub program: String,
}

impl Versions {
    /// Those in this first frame; `None` when it is no first frame of any version.
    #[must_use]
    pub fn of(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok().map(|Opening { body }| body)
    }
}

/// Who the agent is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL`].
    pub protocol: u16,
    /// The program's version.
    pub program: String,
    /// The name it was enrolled under.
    pub agent: String,
    /// Its proof.
    pub token: Token,
    /// The kinds of check its own configuration allows.
    pub allowed: Vec<String>,
    /// The boot id of its host, for people.
    pub boot: String,
    /// Its spool, a random name made with the spool: numbers count within it.
    pub spool: String,
    /// The number of the newest thing kept there, 0 when there is none: when the server has taken that
    /// far, what it hears is of now.
    pub newest: u64,
}

/// A token. Its `Debug` shows nothing, so that no log line can.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token(pub String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// The agent may stay.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Welcome {
    /// [`PROTOCOL`].
    pub protocol: u16,
    /// The program's version.
    pub program: String,
    /// Which vantage of the plant it is.
    pub vantage: String,
    /// It says something at least this often, milliseconds.
    pub alive_every_ms: u32,
    /// How far the server has taken what is in the spool; 0 when it does not know the spool.
    pub taken: u64,
    /// It answers each `alive` with an `ack` of what it has taken. One that does not say so is of before this was asked
    /// of it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub answers_alive: bool,
}

/// The agent may not stay.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Refused {
    /// [`PROTOCOL`].
    pub protocol: u16,
    /// The program's version.
    pub program: String,
    /// Why, and what would help.
    pub why: String,
}

/// What to check from now on. Parts follow each other; the whole replaces what was assigned before, and
/// nothing changes until the last part is there.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Assign {
    /// Checks of this part.
    pub checks: Vec<Assignment>,
    /// The questions that prove the way out; in the last part.
    #[serde(default)]
    pub way_out: Vec<Question>,
    /// More parts follow.
    #[serde(default)]
    pub more: bool,
}

/// One check.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Assignment {
    /// Its key.
    pub check: String,
    /// The period of its grid, microseconds.
    pub every_us: u64,
    /// The deadline of one try, microseconds.
    pub deadline_us: u64,
    /// What is asked.
    pub question: Question,
    /// Its path crosses the vantage's way out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub crosses_way_out: bool,
}

/// Ask these now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ask {
    /// Keys of checks that were assigned; others are passed over.
    pub checks: Vec<String>,
}

/// Everything up to this number is durable at the server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ack {
    /// The number.
    pub seq: u64,
}

/// Nothing else to say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Alive {}

/// Something the agent saw, in the order it saw it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Told {
    /// Its number in the spool, greater than all before it; gaps mean nothing.
    pub seq: u64,
    /// What.
    pub news: News,
}

/// What an agent tells.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum News {
    /// First answers, changes, and answers to what was asked.
    Samples(Vec<Sample>),
    /// Answers that changed nothing, counted.
    Steady(Steady),
    /// The way out was lost, or is there again.
    WayOut(WayOut),
}

impl News {
    /// The same, told later by this much.
    #[must_use]
    pub fn older_by(mut self, span: Duration, at_least: bool) -> Self {
        let grow = |age: &mut Age| {
            age.us = age.us.saturating_add(micros(span));
            age.at_least |= at_least;
        };
        match &mut self {
            Self::Samples(samples) => samples.iter_mut().for_each(|sample| grow(&mut sample.age)),
            Self::Steady(steady) => grow(&mut steady.age),
            Self::WayOut(way_out) => grow(&mut way_out.age),
        }
        self
    }
}

/// How long before the frame was sent something happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Age {
    /// Microseconds.
    pub us: u64,
    /// It is a bound: the host was started anew in between, and how long it was off is not known.
    #[serde(default, skip_serializing_if = "is_false")]
    pub at_least: bool,
}

impl Age {
    /// An exact age.
    #[must_use]
    pub fn exact(span: Duration) -> Self {
        Self { us: micros(span), at_least: false }
    }

    /// As a span.
    #[must_use]
    pub const fn span(self) -> Duration {
        Duration::from_micros(self.us)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// One answer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Sample {
    /// To which check.
    pub check: String,
    /// What it saw.
    pub outcome: Outcome,
    /// Where its time went.
    pub timing: Timing,
    /// The judgement asked for it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub asked: bool,
    /// Tries with this standing in a row, this one included.
    pub tries: u32,
    /// How long ago the answer was complete.
    pub age: Age,
    /// When the certificate it saw expires (leaf or chain, whichever comes first), seconds since 1970,
    /// as the certificate says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_ends_s: Option<i64>,
    /// The numbers it read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<Reading>,
}

/// A number that a check read; mirrors [`reading::Reading`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Reading {
    /// What was read.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what; a unit that the reader does not know is a plain number to it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
}

/// What a check saw.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// `up`, `degraded`, `down`, `unknown`.
    pub standing: String,
    /// The code of the symptom, or of the reason for no answer; absent when up.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// The particulars.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// Where the time went, microseconds; phases that did not happen are absent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Timing {
    /// Resolving.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub resolve_us: u32,
    /// Connecting; the median round trip of ICMP.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub connect_us: u32,
    /// The TLS handshake.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tls_us: u32,
    /// To the first byte of the answer.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub wait_us: u32,
    /// Reading the rest.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub read_us: u32,
    /// All of it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub total_us: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Answers that changed nothing, over one stretch of time.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Steady {
    /// How long ago the stretch ended.
    pub age: Age,
    /// How long it was, microseconds.
    pub lasted_us: u64,
    /// Batches like this one that were dropped before it because the spool was full.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dropped: u32,
    /// Check by check.
    pub checks: Vec<SteadyCheck>,
}

/// What one check answered without changing.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SteadyCheck {
    /// Which.
    pub check: String,
    /// How often it was tried.
    pub tries: u32,
    /// The sum of their times, microseconds: with `tries` it gives the mean, of one batch or many.
    pub sum_us: u64,
    /// The shortest, microseconds.
    pub min_us: u32,
    /// The longest, microseconds.
    pub max_us: u32,
    /// How many took how long: the bucket of [`blackstart_model::sample`] and how many are in it. Absent
    /// from agents that know only sums; there are no percentiles of their answers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buckets: Vec<(u16, u32)>,
    /// The numbers that the newest of them read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub readings: Vec<Reading>,
}

impl SteadyCheck {
    /// How long its answers took. Buckets that cannot be are left out, all of them.
    #[must_use]
    pub fn times(&self) -> Times {
        let Self { check: _, tries, sum_us, min_us, max_us, buckets, readings: _ } = self;
        let in_order = buckets.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let exist = buckets.iter().all(|(bucket, count)| *bucket < BUCKETS && *count > 0);
        let whole = buckets.iter().map(|(_, count)| u64::from(*count)).sum::<u64>();
        let fit = in_order && exist && whole == u64::from(*tries);
        let buckets = if fit { buckets.clone() } else { Vec::new() };
        let (min_us, max_us) = (*min_us.min(max_us), *max_us.max(min_us));
        Times { count: *tries, sum_us: *sum_us, min_us, max_us, buckets }
    }
}

/// The way out of the vantage.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WayOut {
    /// True when it is there again.
    pub open: bool,
    /// The particulars.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Since when.
    pub age: Age,
}

/// What is asked; mirrors [`check::Question`].
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Question {
    /// HTTP or HTTPS.
    Http(HttpQuestion),
    /// TCP.
    Tcp(TcpQuestion),
    /// A talk.
    Talk(TalkQuestion),
    /// ICMP.
    Icmp(IcmpQuestion),
    /// DNS.
    Dns(DnsQuestion),
    /// SSH.
    Ssh(SshQuestion),
    /// SMTP.
    Smtp(DialogueQuestion),
    /// IMAP.
    Imap(DialogueQuestion),
    /// Redis.
    Redis(RedisQuestion),
    /// PostgreSQL.
    Postgres(DatabaseQuestion),
    /// MariaDB or MySQL.
    Mariadb(DatabaseQuestion),
    /// SNMP.
    Snmp(SnmpQuestion),
    /// NTP.
    Ntp(NtpQuestion),
    /// A plugin, by its name.
    Plugin(PluginQuestion),
    /// A push, which no agent is asked.
    Push(PushQuestion),
}

impl Question {
    /// Its kind, which the agent's configuration allows or does not.
    #[must_use]
    pub const fn kind(&self) -> check::CheckKind {
        match self {
            Self::Http(_) => check::CheckKind::Http,
            Self::Tcp(_) => check::CheckKind::Tcp,
            Self::Talk(_) => check::CheckKind::Talk,
            Self::Icmp(_) => check::CheckKind::Icmp,
            Self::Dns(_) => check::CheckKind::Dns,
            Self::Ssh(_) => check::CheckKind::Ssh,
            Self::Smtp(_) => check::CheckKind::Smtp,
            Self::Imap(_) => check::CheckKind::Imap,
            Self::Redis(_) => check::CheckKind::Redis,
            Self::Postgres(_) => check::CheckKind::Postgres,
            Self::Mariadb(_) => check::CheckKind::Mariadb,
            Self::Snmp(_) => check::CheckKind::Snmp,
            Self::Ntp(_) => check::CheckKind::Ntp,
            Self::Plugin(_) => check::CheckKind::Plugin,
            Self::Push(_) => check::CheckKind::Push,
        }
    }

    /// The file of trust roots it names.
    #[must_use]
    pub fn roots(&self) -> Option<&str> {
        let tls = match self {
            Self::Http(http) => http.tls.as_ref(),
            Self::Smtp(mail) | Self::Imap(mail) => mail.tls.as_ref(),
            Self::Redis(redis) => redis.tls.as_ref(),
            Self::Talk(talk) => talk.tls.as_ref(),
            Self::Postgres(database) | Self::Mariadb(database) => database.tls(),
            Self::Tcp(_)
            | Self::Icmp(_)
            | Self::Dns(_)
            | Self::Ssh(_)
            | Self::Snmp(_)
            | Self::Ntp(_)
            | Self::Plugin(_)
            | Self::Push(_) => None,
        };
        tls?.roots.as_deref()
    }
}

/// An assignment that this version cannot put into effect; the check's answer is unknown, for this
/// reason.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("this agent ({}) cannot put it: {why}", env!("CARGO_PKG_VERSION"))]
pub struct CannotPut {
    why: String,
}

fn cannot(why: impl Into<String>) -> CannotPut {
    CannotPut { why: why.into() }
}

/// Microseconds, at most what a `u64` holds (584 thousand years).
fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

/// The value of a closed list of the model that is this text.
fn known(list: &[&'static str], text: &str, what: &str) -> Result<&'static str, CannotPut> {
    list.iter().copied().find(|known| *known == text).ok_or_else(|| {
        cannot(format!("{what} `{}` is not known", text.chars().take(40).collect::<String>()))
    })
}

impl Assignment {
    /// The mirror of a check.
    #[must_use]
    pub fn of(
        check: &CheckKey,
        every: Duration,
        deadline: Duration,
        asked: &check::Question,
        crosses_way_out: bool,
    ) -> Self {
        Self {
            check: check.as_str().to_owned(),
            every_us: micros(every),
            deadline_us: micros(deadline),
            question: asked.into(),
            crosses_way_out,
        }
    }

    /// Period and deadline, when they are what a check may have.
    ///
    /// # Errors
    /// A period below the least, or a deadline that is not shorter: the agent guards its own network,
    /// whoever the server is.
    pub fn pace(&self) -> Result<(Duration, Duration), CannotPut> {
        let every = Duration::from_micros(self.every_us);
        let deadline = Duration::from_micros(self.deadline_us);
        if every < check::Check::EVERY_MIN {
            return Err(cannot("its period is too short"));
        }
        if deadline.is_zero() || deadline >= every {
            return Err(cannot("its deadline is not shorter than its period"));
        }
        Ok((every, deadline))
    }
}

impl From<&check::Question> for Question {
    fn from(question: &check::Question) -> Self {
        match question {
            check::Question::Http(http) => Self::Http(http.into()),
            check::Question::Tcp(tcp) => Self::Tcp(tcp.into()),
            check::Question::Talk(talk) => Self::Talk(talk.into()),
            check::Question::Icmp(icmp) => Self::Icmp(icmp.into()),
            check::Question::Dns(dns) => Self::Dns(dns.into()),
            check::Question::Ssh(ssh) => Self::Ssh(ssh.into()),
            check::Question::Smtp(mail) => Self::Smtp(mail.into()),
            check::Question::Imap(mail) => Self::Imap(mail.into()),
            check::Question::Redis(redis) => Self::Redis(redis.into()),
            check::Question::Postgres(database) => Self::Postgres(database.into()),
            check::Question::Mariadb(database) => Self::Mariadb(database.into()),
            check::Question::Snmp(snmp) => Self::Snmp(snmp.into()),
            check::Question::Ntp(ntp) => Self::Ntp(ntp.into()),
            check::Question::Plugin(plugin) => Self::Plugin(plugin.into()),
            check::Question::Push(_) => Self::Push(PushQuestion {}),
        }
    }
}

impl TryFrom<Question> for check::Question {
    type Error = CannotPut;

    fn try_from(question: Question) -> Result<Self, CannotPut> {
        Ok(match question {
            Question::Http(http) => Self::Http(http.try_into()?),
            Question::Tcp(tcp) => Self::Tcp(tcp.into()),
            Question::Talk(talk) => Self::Talk(talk.try_into()?),
            Question::Icmp(icmp) => Self::Icmp(icmp.try_into()?),
            Question::Dns(dns) => Self::Dns(dns.try_into()?),
            Question::Ssh(ssh) => Self::Ssh(ssh.into()),
            Question::Smtp(mail) => Self::Smtp(mail.try_into()?),
            Question::Imap(mail) => Self::Imap(mail.try_into()?),
            Question::Redis(redis) => Self::Redis(redis.try_into()?),
            Question::Postgres(database) => Self::Postgres(database.try_into()?),
            Question::Mariadb(database) => Self::Mariadb(database.try_into()?),
            Question::Snmp(snmp) => Self::Snmp(snmp.try_into()?),
            Question::Ntp(ntp) => Self::Ntp(ntp.try_into()?),
            Question::Plugin(plugin) => Self::Plugin(plugin.try_into()?),
            Question::Push(_) => return Err(cannot("a push is told to the server")),
        })
    }
}

impl From<&observation::Outcome> for Outcome {
    fn from(outcome: &observation::Outcome) -> Self {
        let code = match outcome.standing() {
            Standing::Up => "",
            Standing::Degraded | Standing::Down | Standing::Unknown => outcome.code(),
        };
        Self {
            standing: outcome.standing().as_str().to_owned(),
            code: code.to_owned(),
            detail: outcome.detail().to_owned(),
        }
    }
}

impl From<Outcome> for observation::Outcome {
    /// A word that this version does not know is no answer: it is never guessed at.
    fn from(Outcome { standing, code, detail }: Outcome) -> Self {
        let shortened = |text: &str| -> Box<str> {
            let mut end = text.len().min(observation::Symptom::DETAIL_BYTES_MAX);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text[..end].into()
        };
        let symptom = SymptomCode::parse(&code);
        match (Standing::parse(&standing), symptom, NoAnswerCode::parse(&code)) {
            (Some(Standing::Up), _, _) => Self::Up,
            (Some(Standing::Degraded), Some(code), _) => Self::degraded(code, shortened(&detail)),
            (Some(Standing::Down), Some(code), _) => Self::down(code, shortened(&detail)),
            (Some(Standing::Unknown), _, Some(code)) => Self::unknown(code, shortened(&detail)),
            (None | Some(Standing::Degraded | Standing::Down | Standing::Unknown), _, _) => {
                let told = format!("the agent said {standing}({code}: {detail})");
                Self::unknown(NoAnswerCode::Unparsable, shortened(&told))
            }
        }
    }
}

impl From<observation::Timing> for Timing {
    fn from(timing: observation::Timing) -> Self {
        let observation::Timing { resolve_us, connect_us, tls_us, wait_us, read_us, total_us } =
            timing;
        Self { resolve_us, connect_us, tls_us, wait_us, read_us, total_us }
    }
}

impl From<Timing> for observation::Timing {
    fn from(timing: Timing) -> Self {
        let Timing { resolve_us, connect_us, tls_us, wait_us, read_us, total_us } = timing;
        Self { resolve_us, connect_us, tls_us, wait_us, read_us, total_us }
    }
}

impl Reading {
    /// The mirror of these.
    #[must_use]
    pub fn all(readings: &[reading::Reading]) -> Vec<Self> {
        let mirror = |one: &reading::Reading| Self {
            name: one.name().to_owned(),
            value: one.value(),
            unit: one.unit().as_str().to_owned(),
        };
        readings.iter().map(mirror).collect()
    }

    /// What these mirror; those that are none are left out, and so are more than one answer can hold.
    #[must_use]
    pub fn read(readings: &[Self]) -> Vec<reading::Reading> {
        let read = |Self { name, value, unit }: &Self| {
            let unit = reading::Unit::parse(unit).unwrap_or(reading::Unit::Plain);
            reading::Reading::new(name, *value, unit)
        };
        readings.iter().take(reading::Reading::MAX).filter_map(read).collect()
    }
}
