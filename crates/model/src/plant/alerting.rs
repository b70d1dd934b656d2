//! Who is alerted, and how: the ways by which alerts leave, and the place outside that hears from us.
//!
//! It decides nothing. Read from the plant file by `plantfile::alerts`, used by the delivery of alerts and by the
//! audit, which wants to know what each way stands on.

use super::Secret;
use crate::check::HostPort;
use crate::id::ComponentId;
use crate::record::Recipient;
use crate::time::Duration;

/// Who is alerted, and how.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Alerting {
    /// The mail relay, needed when anybody is alerted by mail.
    pub mail: Option<MailRelay>,
    /// The addresses of those who repair.
    pub mail_to: Vec<Box<str>>,
    /// Webhooks, by name.
    pub webhooks: Vec<Webhook>,
    /// Alertmanagers of Prometheus, by name.
    pub alertmanagers: Vec<Alertmanager>,
    /// Services of PagerDuty, by name.
    pub pagerduty: Vec<PagerDuty>,
    /// Topics of ntfy, by name.
    pub ntfy: Vec<Ntfy>,
    /// Commands that the server's own settings give a meaning, by name.
    pub commands: Vec<Command>,
    /// The place outside that hears from us.
    pub heartbeat: Option<Heartbeat>,
    /// The console's address as people reach it, for links in alerts.
    pub console_url: Option<Box<str>>,
}

impl Alerting {
    /// Everybody who is alerted, mail first, each kind in the order of the file.
    #[must_use]
    pub fn recipients(&self) -> Vec<Recipient> {
        let Self {
            mail: _,
            mail_to,
            webhooks,
            alertmanagers,
            pagerduty,
            ntfy,
            commands,
            heartbeat: _,
            console_url: _,
        } = self;
        let mut all = Vec::new();
        all.extend(mail_to.iter().map(|address| Recipient::Mail(address.to_string())));
        all.extend(webhooks.iter().map(|it| Recipient::Webhook(it.name.to_string())));
        all.extend(alertmanagers.iter().map(|it| Recipient::Alertmanager(it.name.to_string())));
        all.extend(pagerduty.iter().map(|it| Recipient::PagerDuty(it.name.to_string())));
        all.extend(ntfy.iter().map(|it| Recipient::Ntfy(it.name.to_string())));
        all.extend(commands.iter().map(|it| Recipient::Command(it.name.to_string())));
        all
    }

    /// Every way by which an alert leaves, one of each: the mail relay once, whoever gets mail through it.
    #[must_use]
    pub fn ways(&self) -> Vec<Way<'_>> {
        let Self {
            mail,
            mail_to: _,
            webhooks,
            alertmanagers,
            pagerduty,
            ntfy,
            commands,
            heartbeat: _,
            console_url: _,
        } = self;
        let way = |kind, name, target, leads| Way { kind, name, target, leads };
        let mut all = Vec::new();
        all.extend(mail.iter().map(|it| way("mail", "", Some(Far::Relay(&it.relay)), &it.leads)));
        all.extend(
            webhooks.iter().map(|it| way("webhook", &it.name, Some(Far::Url(&it.url)), &it.leads)),
        );
        all.extend(
            alertmanagers
                .iter()
                .map(|it| way("alertmanager", &it.name, Some(Far::Url(&it.url)), &it.leads)),
        );
        all.extend(
            pagerduty
                .iter()
                .map(|it| way("pagerduty", &it.name, Some(Far::Url(&it.url)), &it.leads)),
        );
        all.extend(ntfy.iter().map(|it| way("ntfy", &it.name, Some(Far::Url(&it.url)), &it.leads)));
        all.extend(commands.iter().map(|it| way("command", &it.name, None, &it.leads)));
        all
    }

    /// Every secret that the ways to tell need.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let login = self.mail.iter().filter_map(|it| it.login.as_ref()).map(|(_, secret)| secret);
        login
            .chain(self.webhooks.iter().filter_map(|it| it.token.as_ref()))
            .chain(self.alertmanagers.iter().filter_map(|it| it.login.as_ref()).map(Login::secret))
            .chain(self.pagerduty.iter().map(|it| &it.routing_key))
            .chain(self.ntfy.iter().filter_map(|it| it.token.as_ref()))
            .chain(self.heartbeat.iter().filter_map(|it| it.token.as_ref()))
    }
}

/// One way by which an alert leaves.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// Of which kind, as the plant file calls it.
    pub kind: &'static str,
    /// Its name; empty for the mail relay, of which there is one.
    pub name: &'a str,
    /// What is spoken to; `None` for a command, of which nobody here knows it.
    pub target: Option<Far<'a>>,
    /// What the plant file says of its other end.
    pub leads: &'a Leads,
}

/// The other end of a way to tell.
#[derive(Clone, Copy, Debug)]
pub enum Far<'a> {
    /// A mail relay.
    Relay(&'a HostPort),
    /// A URL.
    Url(&'a str),
}

/// Where a way to tell leads: what has to work besides this server for an alert to arrive.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Leads {
    /// The plant file does not say.
    #[default]
    Untold,
    /// Through these components, all of them; the way to them included.
    Through(Vec<ComponentId>),
    /// To a place that shares nothing with the plant but the internet between.
    Outside,
}

/// A mail relay.
#[derive(Clone, PartialEq, Debug)]
pub struct MailRelay {
    /// Where.
    pub relay: HostPort,
    /// The sender's address.
    pub from: Box<str>,
    /// How the connection is protected.
    pub tls: MailTls,
    /// User and password.
    pub login: Option<(Box<str>, Secret)>,
    /// Where it stands.
    pub leads: Leads,
}

/// How a mail connection is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MailTls {
    /// STARTTLS is demanded (RFC 3207). The default, except to a loopback address.
    StartTls,
    /// TLS from the first byte (RFC 8314).
    Implicit,
    /// None, said aloud.
    Plain,
}

/// A webhook that receives alerts as JSON.
#[derive(Clone, PartialEq, Debug)]
pub struct Webhook {
    /// Its name in the file.
    pub name: Box<str>,
    /// The URL, `http` or `https`.
    pub url: Box<str>,
    /// A bearer token.
    pub token: Option<Secret>,
    /// Where it stands.
    pub leads: Leads,
}

/// An Alertmanager, spoken to by its API v2.
#[derive(Clone, PartialEq, Debug)]
pub struct Alertmanager {
    /// Its name in the file.
    pub name: Box<str>,
    /// Its URL without `/api/v2/alerts`.
    pub url: Box<str>,
    /// How we prove who we are, where a proxy before it asks.
    pub login: Option<Login>,
    /// Where it stands.
    pub leads: Leads,
}

/// How a request proves whose it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Login {
    /// User and password (RFC 7617).
    Basic(Box<str>, Secret),
    /// A bearer token (RFC 6750).
    Bearer(Secret),
}

impl Login {
    /// What is secret of it.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        match self {
            Self::Basic(_, secret) | Self::Bearer(secret) => secret,
        }
    }
}

/// A service of PagerDuty, spoken to by its Events API v2.
#[derive(Clone, PartialEq, Debug)]
pub struct PagerDuty {
    /// Its name in the file.
    pub name: Box<str>,
    /// Where events go. Default [`PagerDuty::URL`].
    pub url: Box<str>,
    /// The integration key of the service.
    pub routing_key: Secret,
    /// Where it stands.
    pub leads: Leads,
}

impl PagerDuty {
    /// Where events go when nothing is said (the service region of the United States; Europe has another).
    pub const URL: &str = "https://events.pagerduty.com/v2/enqueue";
}

/// A topic of ntfy.
#[derive(Clone, PartialEq, Debug)]
pub struct Ntfy {
    /// Its name in the file.
    pub name: Box<str>,
    /// The URL of the topic: its last segment is the topic, what is before it the server.
    pub url: Box<str>,
    /// An access token.
    pub token: Option<Secret>,
    /// Where it stands.
    pub leads: Leads,
}

impl Ntfy {
    /// The server's URL and the topic of one that can be used; a topic is 1 to 64 letters, digits, `_` and `-`.
    #[must_use]
    pub fn split(url: &str) -> Option<(&str, &str)> {
        let (server, topic) = url.trim_end_matches('/').rsplit_once('/')?;
        let is_topic = (1..=64).contains(&topic.len())
            && topic.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        (is_topic && server.contains("://") && !server.ends_with('/')).then_some((server, topic))
    }
}

/// A command of the server's own settings: the plant gives its name, and never what is run.
#[derive(Clone, PartialEq, Debug)]
pub struct Command {
    /// Its name, here and there.
    pub name: Box<str>,
    /// How long one run may last. Default 30 s.
    pub deadline: Duration,
    /// Where what it does leads.
    pub leads: Leads,
}

/// A URL that is fetched at regular times, so that somebody outside notices when it is not.
#[derive(Clone, PartialEq, Debug)]
pub struct Heartbeat {
    /// The URL.
    pub url: Box<str>,
    /// How often. Default 60 s.
    pub every: Duration,
    /// How it is fetched. Default [`Beat::Get`].
    pub method: Beat,
    /// A bearer token.
    pub token: Option<Secret>,
    /// Where it stands; outside when nothing is said, for there it is of use.
    pub leads: Leads,
}

/// How a heartbeat is fetched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Beat {
    /// With GET.
    Get,
    /// With POST, and a line of JSON that says who beats.
    Post,
}
