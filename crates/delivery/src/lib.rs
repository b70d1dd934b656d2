//! How a message to those who repair leaves: by mail, webhook, Alertmanager, PagerDuty, ntfy or a command.
//!
//! One file for each way to tell. Each makes one attempt within one deadline and says what came of it: delivered,
//! failed (trying again may help), refused (it will not), or in flight (the other side may have it). That last one
//! decides whether a message is repeated, so each way is careful to know which words it had said when it broke off.
//!
//! It decides nothing: whom to tell, what, when, and how often is decided before it is asked. It reads no clock and
//! keeps nothing between two attempts. Secrets are looked up by name for one attempt and are in no result. Used by the
//! server and by the agents; tested against servers that check each request by the documents of the real ones, against
//! Debian's Alertmanager, and with commands that hang, flood and die.
#![forbid(unsafe_code)]

mod message;
mod web;
mod mail;
mod webhook;
mod alertmanager;
mod pagerduty;
mod ntfy;
mod command;

pub use alertmanager::FIRING_FOR;
pub use command::{Commands, NotRunnable, Settled};
pub use message::{Matter, Message};

use blackstart_model::plant::{Alertmanager, Command, MailRelay, Ntfy, PagerDuty, Secret, Webhook};
use blackstart_model::record::Delivery;
use blackstart_model::time::{Duration, Timestamp};
use blackstart_probe::Equipment;
use blackstart_probe::secrets::Secrets;
use std::sync::Arc;

/// The deadline of one attempt. RFC 5321, section 4.5.3.2 allows servers minutes; at night nobody
/// waits so long for an alert, and another attempt follows.
pub const ATTEMPT_WITHIN: Duration = Duration::from_secs(30);

/// Makes attempts.
pub struct Courier {
    equipment: Equipment,
    secrets: Arc<dyn Secrets>,
    commands: Commands,
}

impl Courier {
    /// One with these secrets and these commands.
    #[must_use]
    pub fn new(secrets: Arc<dyn Secrets>, commands: Commands) -> Self {
        Self { equipment: Equipment::new(secrets.clone()), secrets, commands }
    }

    /// By mail.
    pub async fn mail(&self, relay: &MailRelay, to: &str, message: &Message<'_>) -> Delivery {
        mail::send(&*self.secrets, relay, to, message).await
    }

    /// By webhook.
    pub async fn webhook(&self, hook: &Webhook, message: &Message<'_>) -> Delivery {
        let token = match hook.token.as_ref().map(|secret| self.value(secret)).transpose() {
            Ok(token) => token,
            Err(why) => return Delivery::Failed(why),
        };
        webhook::send(&self.equipment, &hook.url, token, message).await
    }

    /// To an Alertmanager, at this time by the wall clock.
    pub async fn alertmanager(
        &self,
        to: &Alertmanager,
        message: &Message<'_>,
        now: Timestamp,
    ) -> Delivery {
        alertmanager::send(&self.equipment, &*self.secrets, to, message, now).await
    }

    /// To PagerDuty.
    pub async fn pagerduty(&self, to: &PagerDuty, message: &Message<'_>) -> Delivery {
        match self.value(&to.routing_key) {
            Ok(key) => pagerduty::send(&self.equipment, &to.url, &key, message).await,
            Err(why) => Delivery::Failed(why),
        }
    }

    /// To a topic of ntfy.
    pub async fn ntfy(&self, to: &Ntfy, message: &Message<'_>) -> Delivery {
        let token = match to.token.as_ref().map(|secret| self.value(secret)).transpose() {
            Ok(token) => token,
            Err(why) => return Delivery::Failed(why),
        };
        ntfy::send(&self.equipment, &to.url, token, message).await
    }

    /// By a command.
    ///
    /// # Cancel safety
    /// When dropped, its program is killed, with all that it started.
    pub async fn command(&self, command: &Command, message: &Message<'_>) -> Delivery {
        command::run(&self.commands, command, message).await
    }

    fn value(&self, Secret(name): &Secret) -> Result<String, String> {
        self.secrets.value(name)
    }
}
