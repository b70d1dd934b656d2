//! The keys `alert_…`: how the agent alerts by itself when its server is silent, and whom.
//!
//! It decides what can be used, and says what cannot; nothing is tried here. Tested with the other keys.

use super::Reading;
use blackstart_delivery::{Commands, Settled};
use blackstart_model::check::{Host, HostPort, Question, TcpQuestion};
use blackstart_model::plant::{Command, Leads, MailRelay, MailTls, Ntfy, Secret, Webhook};
use blackstart_model::time::Duration;
use std::fmt;

/// Every key of this kind.
pub(super) const KEYS: &[&str] = &[
    "alert_after",
    "alert_every",
    "alert_way_out",
    "alert_mail",
    "alert_mail_relay",
    "alert_mail_from",
    "alert_mail_tls",
    "alert_mail_user",
    "alert_mail_password",
    "alert_webhook",
    "alert_webhook_token",
    "alert_ntfy",
    "alert_ntfy_token",
    "alert_command",
];

/// How long the server may be silent when nothing is said: a restart takes less, and so does a reboot of its host.
const AFTER_DEFAULT: Duration = Duration::from_secs(300);

/// Less would take every new connection for a silence (chosen by hand).
const AFTER_MIN: Duration = Duration::from_secs(5);

/// More often nobody wants to read the same (chosen by hand).
const EVERY_MIN: Duration = Duration::from_secs(60);

/// Between two tellings of one silence when nothing is said.
const EVERY_DEFAULT: Duration = Duration::from_secs(3_600);

/// As long as either may be.
const SPAN_MAX: Duration = Duration::from_secs(7 * 86_400);

/// How long the command may run.
const COMMAND_WITHIN: Duration = Duration::from_secs(30);

/// Mail addresses, and questions that prove the way out, at most.
const LIST_MAX: usize = 10;

/// What the agent does by itself.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Alerts {
    /// Told when nothing was heard for so long.
    pub(crate) after: Duration,
    /// Told again while it lasts.
    pub(crate) every: Duration,
    /// What proves our own way out, besides what the server says.
    pub(crate) way_out: Vec<Question>,
    /// By these ways; none when the agent does not alert.
    pub(crate) ways: Vec<Way>,
    /// The command, where one of them is.
    pub(crate) command: Option<Settled>,
}

impl Alerts {
    /// What the names of commands mean here: there is one.
    pub(crate) fn commands(&self) -> Commands {
        self.command.clone().map_or_else(Commands::none, Commands::always)
    }
}

/// One way, to one recipient.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Way {
    Mail(MailRelay, String),
    Webhook(Webhook),
    Ntfy(Ntfy),
    Command(Command),
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mail(_, to) => write!(f, "mail to {to}"),
            Self::Webhook(_) => f.write_str("webhook"),
            Self::Ntfy(_) => f.write_str("ntfy"),
            Self::Command(_) => f.write_str("command"),
        }
    }
}

/// Reads them; what is wrong is complained of.
pub(super) fn read(reading: &mut Reading<'_>) -> Alerts {
    let after = reading.optional("alert_after", |text| span(text, AFTER_MIN));
    let every = reading.optional("alert_every", |text| span(text, EVERY_MIN));
    let way_out = reading.optional("alert_way_out", |text| {
        each(text, |text| {
            let target = host_port(text)?;
            Ok(Question::Tcp(TcpQuestion { target, slow: None }))
        })
    });
    let mut ways = mail(reading);
    let token = reading.optional("alert_webhook_token", secret);
    if let Some(url) = reading.optional("alert_webhook", url) {
        ways.push(Way::Webhook(Webhook {
            name: "webhook".into(),
            url,
            token,
            leads: Leads::Untold,
        }));
    } else if token.is_some() {
        reading.misses("alert_webhook", "alert_webhook_token");
    }
    let token = reading.optional("alert_ntfy_token", secret);
    let topic = reading.optional("alert_ntfy", |text| {
        let url = url(text)?;
        Ntfy::split(&url).is_some().then_some(url.clone()).ok_or("does not end in a topic")?;
        Ok(url)
    });
    if let Some(url) = topic {
        ways.push(Way::Ntfy(Ntfy { name: "ntfy".into(), url, token, leads: Leads::Untold }));
    } else if token.is_some() {
        reading.misses("alert_ntfy", "alert_ntfy_token");
    }
    let command = reading.optional("alert_command", Settled::of);
    if command.is_some() {
        let (name, deadline) = ("alert".into(), COMMAND_WITHIN);
        ways.push(Way::Command(Command { name, deadline, leads: Leads::Untold }));
    }
    Alerts {
        after: after.unwrap_or(AFTER_DEFAULT),
        every: every.unwrap_or(EVERY_DEFAULT),
        way_out: way_out.unwrap_or_default(),
        ways,
        command,
    }
}

fn mail(reading: &mut Reading<'_>) -> Vec<Way> {
    let to = reading.optional("alert_mail", |text| each(text, address));
    let relay = reading.optional("alert_mail_relay", host_port);
    let from = reading.optional("alert_mail_from", address);
    let tls = reading.optional("alert_mail_tls", |text| match text {
        "starttls" => Ok(MailTls::StartTls),
        "implicit" => Ok(MailTls::Implicit),
        "none" => Ok(MailTls::Plain),
        _ => Err("has to be `starttls`, `implicit` or `none`".to_owned()),
    });
    let user = reading.optional("alert_mail_user", |text| Ok(Box::from(text)));
    let password = reading.optional("alert_mail_password", secret);
    if user.is_some() != password.is_some() {
        reading.misses("alert_mail_user", "alert_mail_password");
    }
    let (to, relay, from) = match (to, relay, from) {
        (Some(to), Some(relay), Some(from)) => (to, relay, from),
        (None, None, None) => return Vec::new(),
        (_, _, _) => {
            let all = ["alert_mail", "alert_mail_relay", "alert_mail_from"];
            let given: Vec<&str> = all.into_iter().filter(|key| reading.has(key)).collect();
            for missing in all.into_iter().filter(|key| !given.contains(key)) {
                reading.misses(missing, given[0]);
            }
            return Vec::new();
        }
    };
    let loopback = matches!(&relay.host, Host::Address(address) if address.is_loopback());
    let default = if loopback { MailTls::Plain } else { MailTls::StartTls };
    let (tls, login, leads) = (tls.unwrap_or(default), user.zip(password), Leads::Untold);
    let relay = MailRelay { relay, from: from.into(), tls, login, leads };
    to.into_iter().map(|to| Way::Mail(relay.clone(), to)).collect()
}

/// The parts of a list.
fn each<T>(text: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    let parts = text.split([' ', '\t', ',']).filter(|part| !part.is_empty());
    let all: Vec<T> = parts.map(read).collect::<Result<_, _>>()?;
    match all.len() {
        0 => Err("names nothing".to_owned()),
        1..=LIST_MAX => Ok(all),
        _ => Err(format!("names more than {LIST_MAX}")),
    }
}

fn host_port(text: &str) -> Result<HostPort, String> {
    let wrong = || format!("`{}` is not of the form `host:port`", text.escape_debug());
    let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
    let port = port.parse().ok().filter(|&port: &u16| port > 0).ok_or_else(wrong)?;
    let bare = host.trim_matches(['[', ']']);
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
    let host = match bare.parse() {
        Ok(address) => Host::Address(address),
        Err(_) if !bare.is_empty() && bare.bytes().all(is_name) => Host::Name(bare.into()),
        Err(_) => return Err(wrong()),
    };
    Ok(HostPort { host, port })
}

fn address(text: &str) -> Result<String, String> {
    let is_address = text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
    });
    if is_address { Ok(text.to_owned()) } else { Err("is no mail address".to_owned()) }
}

fn url(text: &str) -> Result<Box<str>, String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let authority = rest.and_then(|rest| rest.split(['/', '?', '#']).next()).unwrap_or_default();
    if authority.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("is no `http` or `https` URL".to_owned());
    }
    if authority.contains('@') {
        return Err("a user or password in a URL would be a secret written out".to_owned());
    }
    Ok(text.into())
}

/// The name of a secret.
fn secret(text: &str) -> Result<Secret, String> {
    let fits = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    if fits { Ok(Secret(text.into())) } else { Err("has to be the name of a secret".to_owned()) }
}

/// `90 s`, `5 min`, `2 h`.
fn span(text: &str, min: Duration) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let seconds = match unit.trim() {
        "s" => 1,
        "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err("has to be a number with `s`, `min`, `h` or `d`".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "has to begin with a number".to_owned())?;
    let span = Duration::from_secs(number.saturating_mul(seconds));
    if (min..=SPAN_MAX).contains(&span) {
        Ok(span)
    } else {
        Err(format!("has to be from {} s to 7 d", min.as_secs()))
    }
}
