//! Alerts on their way: each attempt is a record before its first byte leaves and another when it has ended, so nobody
//! has to guess what was sent.
//!
//! It decides nothing: when to try, when to repeat and when to give up comes from the judgement; how a message leaves
//! is the affair of the ways to tell (the crate `delivery`, one file for each). What it must know is whether the other
//! side *may* have taken the message when an attempt breaks: that is `in flight`, and not `failed`.
//!
//! A repeat carries the same Message-ID or idempotency key. All alerts about one incident have one thread, by which
//! those who keep it open (Alertmanager, PagerDuty) know it.

mod firing;

use crate::clock;
use crate::hub::Hub;
pub use blackstart_delivery::Commands;
use blackstart_delivery::{Courier, Matter, Message};
use blackstart_model::AlertId;
use blackstart_model::plant::{Alerting, Plant};
use blackstart_model::record::{Alert, Delivery, Input, News, Recipient};
use blackstart_model::time::Timestamp;
use blackstart_probe::secrets::Secrets;
use blackstart_reason::State;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Sends alerts.
pub struct Postman {
    hub: Arc<Hub>,
    courier: Courier,
    /// One at a time speaks to an Alertmanager: else it might hear that something lasts after it heard that it is over.
    turns: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// An alert with what its words do not say.
struct Letter {
    alert: Alert,
    /// The alert's number as text.
    number: String,
    incident: Option<String>,
    key: String,
    thread: String,
    installation: String,
    decided_at: Timestamp,
    first_urgency: Option<&'static str>,
    link: Option<String>,
}

impl Letter {
    /// The alert of this number, as it stands in the state.
    fn of(state: &State, plant: &Plant, id: AlertId, installation: &str) -> Option<Self> {
        let progress = state.alerts().get(&id)?;
        let alert = progress.alert.clone();
        let incident = alert.incident.map(|incident| incident.to_string());
        // What it is sorted by there must not change while it lasts: what was told first counts.
        let first = state.alerts().values().find(|other| {
            other.alert.to == alert.to
                && other.alert.incident.is_some()
                && other.alert.incident == alert.incident
        });
        let first_urgency = first.and_then(|first| first.alert.particulars.as_deref());
        let link = plant.alerting().console_url.as_ref().zip(incident.as_ref());
        Some(Self {
            number: id.to_string(),
            key: format!("alert-{id}.{installation}"),
            thread: match &incident {
                Some(incident) => format!("incident-{incident}.{installation}"),
                None => format!("alert-{id}.{installation}"),
            },
            installation: installation.to_owned(),
            decided_at: progress.decided_at,
            first_urgency: first_urgency.map(|told| told.urgency.as_str()),
            link: link.map(|(url, incident)| {
                format!("{}/incidents/{incident}", url.trim_end_matches('/'))
            }),
            incident,
            alert,
        })
    }

    fn message<'a>(&'a self, plant: &'a Plant, repeat: bool) -> Message<'a> {
        let Self {
            alert,
            number,
            incident,
            key,
            thread,
            installation,
            decided_at,
            first_urgency,
            link,
        } = self;
        Message {
            key,
            thread,
            matter: matter(alert.news),
            plant: plant.name(),
            installation,
            alert: number,
            incident: incident.as_deref(),
            news: alert.news.as_str(),
            subject: &alert.subject,
            text: &alert.body,
            repeat,
            decided_at: Some(*decided_at),
            particulars: alert.particulars.as_deref(),
            first_urgency: *first_urgency,
            link: link.as_deref(),
        }
    }
}

const fn matter(news: News) -> Matter {
    match news {
        News::Opened | News::CauseChanged => Matter::Lasts,
        News::Acknowledged => Matter::Taken,
        News::Resolved | News::Merged => Matter::Over,
        News::PlantRefused => Matter::Told,
    }
}

impl Postman {
    /// One for this server, with these secrets, and these commands.
    #[must_use]
    pub fn new(hub: Arc<Hub>, secrets: Arc<dyn Secrets>, commands: Commands) -> Self {
        Self { hub, courier: Courier::new(secrets, commands), turns: Mutex::default() }
    }

    /// Makes one attempt when its time has come. Returns when it is over and written down.
    pub async fn deliver(&self, id: AlertId, attempt: u32, repeat: bool, not_before: Timestamp) {
        tokio::time::sleep(clock::until(not_before)).await;
        let Some((letter, plant)) = self.letter(id) else { return };
        if self.hub.tell(Input::AttemptStarted { alert: id, attempt }).await.is_err() {
            return;
        }
        let turn = match &letter.alert.to {
            Recipient::Alertmanager(name) => Some(self.turn(name).await),
            Recipient::Mail(_)
            | Recipient::Webhook(_)
            | Recipient::PagerDuty(_)
            | Recipient::Ntfy(_)
            | Recipient::Command(_) => None,
        };
        let result = self.send(&letter, &plant, repeat).await;
        drop(turn);
        let to = &letter.alert.to;
        match &result {
            Delivery::Delivered(_) => tracing::info!("{id} delivered to {to}"),
            Delivery::Failed(why)
            | Delivery::Later { words: why, .. }
            | Delivery::Refused(why)
            | Delivery::InFlight(why) => {
                tracing::warn!("{id} to {to}, attempt {attempt}: {why}");
            }
        }
        // When the server is stopping the attempt is found in flight at the next start.
        let _ = self.hub.tell(Input::AttemptEnded { alert: id, attempt, result }).await;
    }

    /// Waits until nobody else speaks to this Alertmanager.
    async fn turn(&self, name: &str) -> tokio::sync::OwnedMutexGuard<()> {
        let own = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.entry(name.to_owned()).or_default().clone()
        };
        own.lock_owned().await
    }

    fn letter(&self, id: AlertId) -> Option<(Letter, Arc<Plant>)> {
        let installation = self.hub.journal_identity();
        let state = self.hub.state();
        let plant = state.plant()?.clone();
        Some((Letter::of(&state, &plant, id, &installation)?, plant))
    }

    async fn send(&self, letter: &Letter, plant: &Plant, repeat: bool) -> Delivery {
        let Alerting {
            mail,
            mail_to: _,
            webhooks,
            alertmanagers,
            pagerduty,
            ntfy,
            commands,
            heartbeat: _,
            console_url: _,
        } = plant.alerting();
        let (message, courier) = (letter.message(plant, repeat), &self.courier);
        let to = &letter.alert.to;
        let gone = || Delivery::Refused(format!("the plant names no {to} any more"));
        match to {
            Recipient::Mail(address) => match mail {
                Some(relay) => courier.mail(relay, address, &message).await,
                None => Delivery::Refused("the plant names no mail relay any more".to_owned()),
            },
            Recipient::Webhook(name) => match webhooks.iter().find(|it| *it.name == **name) {
                Some(hook) => courier.webhook(hook, &message).await,
                None => gone(),
            },
            Recipient::Alertmanager(name) => {
                match alertmanagers.iter().find(|it| *it.name == **name) {
                    Some(it) => courier.alertmanager(it, &message, clock::wall()).await,
                    None => gone(),
                }
            }
            Recipient::PagerDuty(name) => match pagerduty.iter().find(|it| *it.name == **name) {
                Some(it) => courier.pagerduty(it, &message).await,
                None => gone(),
            },
            Recipient::Ntfy(name) => match ntfy.iter().find(|it| *it.name == **name) {
                Some(it) => courier.ntfy(it, &message).await,
                None => gone(),
            },
            Recipient::Command(name) => match commands.iter().find(|it| *it.name == **name) {
                Some(it) => courier.command(it, &message).await,
                None => gone(),
            },
        }
    }
}
