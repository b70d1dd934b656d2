//! Alerts on their way: by mail (RFC 5321) and by webhook.
//!
//! Each attempt is a record before its first byte leaves and another when it has ended, so nobody has
//! to guess what was sent. It decides nothing: when to try, when to repeat and when to give up comes
//! from the judgement. What it must know is whether the other side *may* have taken the message when
//! an attempt breaks: that is `in flight`, and not `failed`.
//!
//! A repeat carries the same Message-ID or idempotency key, and says that it is one.

use crate::clock;
use crate::hub::Hub;
use blackstart_model::AlertId;
use blackstart_model::check::{Host, HostPort};
use blackstart_model::plant::{MailRelay, MailTls, Plant};
use blackstart_model::record::{Alert, Delivery, Input, Recipient};
use blackstart_model::time::{Duration, Timestamp};
use blackstart_probe::Equipment;
use blackstart_probe::fetch::{Fetched, fetch};
use blackstart_probe::secrets::Secrets;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use serde::Serialize;
use std::sync::Arc;

/// The deadline of one attempt. RFC 5321, section 4.5.3.2 allows servers minutes; at night nobody
/// waits so long for an alert, and another attempt follows.
const ATTEMPT_WITHIN: Duration = Duration::from_secs(30);

/// Sends alerts.
pub struct Postman {
    hub: Arc<Hub>,
    equipment: Equipment,
    secrets: Arc<dyn Secrets>,
}

impl Postman {
    /// One for this server.
    #[must_use]
    pub fn new(hub: Arc<Hub>, secrets: Arc<dyn Secrets>) -> Self {
        Self { hub, equipment: Equipment::new(secrets.clone()), secrets }
    }

    /// Makes one attempt when its time has come. Returns when it is over and written down.
    pub async fn deliver(&self, id: AlertId, attempt: u32, repeat: bool, not_before: Timestamp) {
        tokio::time::sleep(clock::until(not_before)).await;
        let (alert, plant) = {
            let state = self.hub.state();
            let (Some(progress), Some(plant)) = (state.alerts().get(&id), state.plant()) else {
                return;
            };
            (progress.alert.clone(), plant.clone())
        };
        if self.hub.tell(Input::AttemptStarted { alert: id, attempt }).await.is_err() {
            return;
        }
        let result = self.send(&alert, &plant, repeat).await;
        match &result {
            Delivery::Delivered(_) => tracing::info!("{id} delivered to {}", shown(&alert.to)),
            Delivery::Failed(why) | Delivery::Refused(why) | Delivery::InFlight(why) => {
                tracing::warn!("{id} to {}, attempt {attempt}: {why}", shown(&alert.to));
            }
        }
        // When the server is stopping the attempt is found in flight at the next start.
        let _ = self.hub.tell(Input::AttemptEnded { alert: id, attempt, result }).await;
    }

    async fn send(&self, alert: &Alert, plant: &Plant, repeat: bool) -> Delivery {
        match &alert.to {
            Recipient::Mail(address) => match &plant.alerting().mail {
                Some(relay) => self.mail(alert, relay, address, repeat).await,
                None => Delivery::Refused("the plant names no mail relay any more".to_owned()),
            },
            Recipient::Webhook(name) => {
                let hooks = &plant.alerting().webhooks;
                match hooks.iter().find(|hook| *hook.name == **name) {
                    Some(hook) => self.post(alert, hook, plant, repeat).await,
                    None => {
                        Delivery::Refused(format!("the plant names no webhook `{name}` any more"))
                    }
                }
            }
        }
    }

    /// The same for every repeat of an alert, and for no other alert of any journal.
    fn dedup_key(&self, id: AlertId) -> String {
        format!("alert-{id}.{}", self.hub.journal_identity())
    }

    async fn mail(&self, alert: &Alert, relay: &MailRelay, to: &str, repeat: bool) -> Delivery {
        let message = match self.compose(alert, relay, to, repeat) {
            Ok(message) => message,
            Err(why) => return Delivery::Refused(why),
        };
        let login = match &relay.login {
            None => None,
            Some((user, secret)) => match self.secrets.value(&secret.0) {
                Ok(password) => Some(Credentials::new(user.to_string(), password)),
                Err(why) => return Delivery::Failed(why),
            },
        };
        let connecting = connect(relay, login);
        let mut connection = match tokio::time::timeout(ATTEMPT_WITHIN, connecting).await {
            Ok(Ok(connection)) => connection,
            Ok(Err(why)) => return Delivery::Failed(why),
            Err(_) => return Delivery::Failed("the mail relay does not answer in time".to_owned()),
        };
        let bytes = message.formatted();
        let sending = connection.send(message.envelope(), &bytes);
        let result = match tokio::time::timeout(ATTEMPT_WITHIN, sending).await {
            Ok(Ok(response)) => {
                let words: Vec<&str> = response.message().collect();
                Delivery::Delivered(format!("{} {}", response.code(), words.join(" ")))
            }
            Ok(Err(error)) if error.is_permanent() => Delivery::Refused(in_words(&error)),
            Ok(Err(error)) if error.is_transient() => Delivery::Failed(in_words(&error)),
            Ok(Err(error)) => Delivery::InFlight(in_words(&error)),
            Err(_) => Delivery::InFlight("the mail relay went silent in the middle".to_owned()),
        };
        if matches!(result, Delivery::Delivered(_)) {
            // It has the message; how it says goodbye is its own affair.
            let _ = tokio::time::timeout(Duration::from_secs(1), connection.quit()).await;
        }
        result
    }

    fn compose(
        &self,
        alert: &Alert,
        relay: &MailRelay,
        to: &str,
        repeat: bool,
    ) -> Result<Message, String> {
        let mailbox = |text: &str| {
            text.parse::<Mailbox>().map_err(|_| format!("`{text}` is not a mail address"))
        };
        let from = mailbox(&relay.from)?;
        let domain = from.email.domain().to_owned();
        let date = {
            let state = self.hub.state();
            state.alerts().get(&alert.id).map(|progress| progress.decided_at)
        };
        let subject =
            if repeat { format!("{} (repeat)", alert.subject) } else { alert.subject.clone() };
        let body = if repeat {
            format!(
                "This may have reached you before: the first attempt broke off at the end.\n\n{}",
                alert.body
            )
        } else {
            alert.body.clone()
        };
        let mut message = Message::builder()
            .from(from)
            .to(mailbox(to)?)
            .subject(subject)
            .message_id(Some(format!("<{}@{domain}>", self.dedup_key(alert.id))));
        if let Some(date) = date {
            message = message.date(date.into());
        }
        let mut message = message
            .singlepart(SinglePart::plain(body))
            .map_err(|error| format!("could not write the mail: {error}"))?;
        let mut header = |name: &'static str, value: String| {
            let name = HeaderName::new_from_ascii_str(name);
            message.headers_mut().insert_raw(HeaderValue::new(name, value));
        };
        header("X-Blackstart-Alert", alert.id.to_string());
        header("X-Blackstart-News", alert.news.to_string());
        // RFC 3834: nobody's holiday notice should answer.
        header("Auto-Submitted", "auto-generated".to_owned());
        if let Some(incident) = alert.incident {
            header("X-Blackstart-Incident", incident.to_string());
        }
        if repeat {
            header("X-Blackstart-Repeat", "yes".to_owned());
        }
        Ok(message)
    }

    async fn post(
        &self,
        alert: &Alert,
        hook: &blackstart_model::plant::Webhook,
        plant: &Plant,
        repeat: bool,
    ) -> Delivery {
        let key = self.dedup_key(alert.id);
        let body = Posted {
            version: 1,
            plant: plant.name(),
            alert: alert.id.to_string(),
            dedup_key: &key,
            repeat,
            incident: alert.incident.map(|incident| incident.to_string()),
            news: alert.news.as_str(),
            subject: &alert.subject,
            text: &alert.body,
        };
        let body = serde_json::to_string(&body).expect("texts and numbers always encode");
        let mut headers = vec![("idempotency-key", key.clone())];
        if let Some(secret) = &hook.token {
            match self.secrets.value(&secret.0) {
                Ok(token) => headers.push(("authorization", format!("Bearer {token}"))),
                Err(why) => return Delivery::Failed(why),
            }
        }
        match fetch(&self.equipment, &hook.url, &headers, Some(body), ATTEMPT_WITHIN).await {
            Fetched::Answered(status @ 200..=299, words) => {
                Delivery::Delivered(format!("{status} {words}"))
            }
            // RFC 9110: these say "later"; the other 4xx say "never".
            Fetched::Answered(status @ (408 | 425 | 429), words) => {
                Delivery::Failed(format!("{status} {words}"))
            }
            Fetched::Answered(status @ 400..=499, words) => {
                Delivery::Refused(format!("{status} {words}"))
            }
            Fetched::Answered(status, words) => Delivery::Failed(format!("{status} {words}")),
            Fetched::NotSent(why) => Delivery::Failed(why),
            Fetched::NoAnswer(why) => Delivery::InFlight(why),
        }
    }
}

/// The body of a webhook, version 1. Fields are only ever added.
#[derive(Serialize)]
struct Posted<'a> {
    version: u32,
    plant: &'a str,
    alert: String,
    dedup_key: &'a str,
    repeat: bool,
    incident: Option<String>,
    news: &'a str,
    subject: &'a str,
    text: &'a str,
}

async fn connect(
    relay: &MailRelay,
    login: Option<Credentials>,
) -> Result<AsyncSmtpConnection, String> {
    let HostPort { host, port } = &relay.relay;
    let host = match host {
        Host::Address(address) => address.to_string(),
        Host::Name(name) => name.to_string(),
    };
    let tls = || TlsParameters::new_rustls(host.clone()).map_err(|error| in_words(&error));
    let hello = ClientId::default();
    let at_once = match relay.tls {
        MailTls::Implicit => Some(tls()?),
        MailTls::StartTls | MailTls::Plain => None,
    };
    let address = (host.clone(), *port);
    let connecting =
        AsyncSmtpConnection::connect_tokio1(address, Some(ATTEMPT_WITHIN), &hello, at_once, None);
    let mut connection = connecting.await.map_err(|error| in_words(&error))?;
    if relay.tls == MailTls::StartTls {
        if !connection.can_starttls() {
            return Err(format!(
                "{host} offers no STARTTLS: set `tls: none` if this connection may be read by others"
            ));
        }
        connection.starttls(tls()?, &hello).await.map_err(|error| in_words(&error))?;
    }
    if let Some(login) = login {
        let how = [Mechanism::Plain, Mechanism::Login];
        connection.auth(&how, &login).await.map_err(|error| in_words(&error))?;
    }
    Ok(connection)
}

fn in_words(error: &lettre::transport::smtp::Error) -> String {
    crate::serve::chain(error)
}

fn shown(to: &Recipient) -> String {
    match to {
        Recipient::Mail(address) => address.clone(),
        Recipient::Webhook(name) => format!("webhook {name}"),
    }
}
