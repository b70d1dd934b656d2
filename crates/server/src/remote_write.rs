//! Every sample to somebody else, on request: the Prometheus remote-write protocol, version 1.0.
//!
//! Answers are offered by the recorder as it takes them away, wait in a bounded queue, and are sent in their order, one
//! request after another. What the receiver cannot take now (5xx, 429, no answer) is sent again, with growing pauses
//! or after the one it asks for; what it refuses (any other answer) is never sent again. Whatever is lost is counted
//! and told. It never holds a check up, and what waits is gone when the process dies: the receiver then has a gap.
//!
//! Tested against a receiver that refuses, is slow and asks for patience, and with a real VictoriaMetrics.

mod queue;
mod wire;

#[cfg(any(test, fuzzing))]
pub use wire::fuzzed;

pub(crate) use wire::Told;

use crate::clock;
use crate::hub::Hub;
use crate::recorder::noted::SeriesNumber;
use blackstart_model::check::HeaderValue;
use blackstart_model::plant::{Login, RemoteWrite};
use blackstart_model::time::Duration;
use blackstart_model::{CheckKey, VantageName};
use blackstart_probe::Equipment;
use blackstart_probe::fetch::{Posted, basic, post};
use blackstart_probe::secrets::Secrets;
use bytes::Bytes;
use queue::{QUEUE_MAX, Queue};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// The deadline of one request; Prometheus has the same by default.
const WITHIN: Duration = Duration::from_secs(30);

/// Between a failure and the next try at first, and at most; each pause is twice the one before.
const BACKOFF_FIRST: Duration = Duration::from_secs(1);
const BACKOFF_MOST: Duration = Duration::from_secs(60);

/// The longest pause that a receiver may ask for.
const RETRY_AFTER_MOST: Duration = Duration::from_secs(300);

/// Answers that are offered at any time and sent when they can be.
pub(crate) struct Outbox {
    queue: Mutex<Queue>,
    offered: Notify,
    sent: AtomicU64,
    refused: AtomicU64,
    under_way: AtomicU64,
    trouble: Mutex<Option<String>>,
}

/// What became of answers, since the start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sent {
    /// Answers that the receiver took.
    pub(crate) sent: u64,
    /// Answers that wait.
    pub(crate) waiting: u64,
    /// Answers that were dropped since more came than could be sent.
    pub(crate) dropped: u64,
    /// Answers that the receiver refused.
    pub(crate) refused: u64,
    /// Why nothing can be sent at the moment.
    pub(crate) trouble: Option<String>,
}

impl Default for Outbox {
    fn default() -> Self {
        Self {
            queue: Mutex::new(Queue::new(QUEUE_MAX)),
            offered: Notify::new(),
            sent: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            under_way: AtomicU64::new(0),
            trouble: Mutex::new(None),
        }
    }
}

impl Outbox {
    fn queue(&self) -> std::sync::MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes answers; never waits. When there is no room the oldest are dropped.
    pub(crate) fn offer(&self, told: impl Iterator<Item = Told>) {
        let mut queue = self.queue();
        let before = queue.dropped();
        let dropped = queue.offer(told);
        if dropped > 0 && before == 0 {
            tracing::error!(
                "samples wait to be written elsewhere and find no room: the oldest are dropped"
            );
        }
        drop(queue);
        self.offered.notify_one();
    }

    /// What became of them.
    pub(crate) fn told(&self) -> Sent {
        let queue = self.queue();
        Sent {
            sent: self.sent.load(Ordering::Relaxed),
            waiting: queue.len() as u64 + self.under_way.load(Ordering::Relaxed),
            dropped: queue.dropped(),
            refused: self.refused.load(Ordering::Relaxed),
            trouble: self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    fn set_trouble(&self, why: Option<String>) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*trouble, &why) {
            (None, Some(why)) => tracing::warn!("samples cannot be written elsewhere: {why}"),
            (Some(_), None) => tracing::info!("samples are written elsewhere again"),
            (Some(_), Some(_)) | (None, None) => {}
        }
        *trouble = why;
    }

    /// Returns when nothing waits, or after so long.
    pub(crate) async fn empty(&self, within: Duration) {
        let until = clock::monotonic() + within;
        while self.told().waiting > 0 && clock::monotonic() < until {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Sends what is offered until the server stops.
pub(crate) async fn send(hub: Arc<Hub>, secrets: Arc<dyn Secrets>) {
    let mut sender = Sender {
        equipment: Equipment::new(secrets.clone()),
        hub,
        secrets,
        names: Vec::new(),
        backoff: BACKOFF_FIRST,
    };
    loop {
        sender.hub.outbox().offered.notified().await;
        while sender.send_batch().await {}
    }
}

struct Sender {
    hub: Arc<Hub>,
    equipment: Equipment,
    secrets: Arc<dyn Secrets>,
    names: Vec<(CheckKey, VantageName)>,
    backoff: Duration,
}

impl Sender {
    /// Sends the oldest that wait, until they are taken or refused. False when none wait.
    async fn send_batch(&mut self) -> bool {
        let hub = self.hub.clone();
        let outbox = hub.outbox();
        let batch = {
            let mut queue = outbox.queue();
            let batch = queue.batch();
            outbox.under_way.store(batch.len() as u64, Ordering::Relaxed);
            batch
        };
        if batch.is_empty() {
            return false;
        }
        let count = batch.len() as u64;
        let fresh = self.hub.samples().series().from(self.names.len());
        self.names.extend(fresh);
        loop {
            let Some((remote, plant)) = self.receiver() else {
                outbox.queue().clear();
                outbox.set_trouble(None);
                break;
            };
            let name_of = |SeriesNumber(at): SeriesNumber| self.names.get(at as usize).cloned();
            let request = wire::request(&batch, &plant, name_of);
            match self.post(&remote, request.into()).await {
                Ok(()) => {
                    outbox.sent.fetch_add(count, Ordering::Relaxed);
                    outbox.set_trouble(None);
                    self.backoff = BACKOFF_FIRST;
                    break;
                }
                Err(Failed::Refused(why)) => {
                    outbox.refused.fetch_add(count, Ordering::Relaxed);
                    outbox.set_trouble(Some(format!("refused, and not sent again: {why}")));
                    self.backoff = BACKOFF_FIRST;
                    break;
                }
                Err(Failed::Later { why, after }) => {
                    outbox.set_trouble(Some(why));
                    let pause = after.map_or(self.backoff, |after| after.min(RETRY_AFTER_MOST));
                    self.backoff = (self.backoff * 2).min(BACKOFF_MOST);
                    tokio::time::sleep(pause).await;
                }
            }
        }
        outbox.under_way.store(0, Ordering::Relaxed);
        true
    }

    /// Who gets samples, by the plant in use, and the plant's name.
    fn receiver(&self) -> Option<(RemoteWrite, String)> {
        let state = self.hub.state();
        let plant = state.plant()?;
        Some((plant.keeping().remote_write.clone()?, plant.name().to_owned()))
    }

    async fn post(&self, remote: &RemoteWrite, request: Bytes) -> Result<(), Failed> {
        let RemoteWrite { url, login, headers: more } = remote;
        let secret =
            |name: &str| self.secrets.value(name).map_err(|why| Failed::Later { why, after: None });
        // The specification names these four; they count whatever the plant file says.
        let mut headers = vec![
            ("content-encoding", "snappy".to_owned()),
            ("content-type", "application/x-protobuf".to_owned()),
            ("x-prometheus-remote-write-version", "0.1.0".to_owned()),
        ];
        match login {
            None => {}
            Some(Login::Basic(user, password)) => {
                let login = format!("{user}:{}", secret(&password.0)?);
                headers.push(("authorization", basic(&login)));
            }
            Some(Login::Bearer(token)) => {
                headers.push(("authorization", format!("Bearer {}", secret(&token.0)?)));
            }
        }
        let own: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
        for (name, value) in more {
            if own.iter().any(|own| own.eq_ignore_ascii_case(name)) {
                continue;
            }
            let value = match value {
                HeaderValue::Text(text) => text.to_string(),
                HeaderValue::Secret(name) => secret(&name.0)?,
            };
            headers.push((name, value));
        }
        match post(&self.equipment, url, &headers, request, WITHIN).await {
            Posted::Answered { status: 200..=299, .. } => Ok(()),
            // The specification, "retries & backoff": 5xx must and 429 may be tried again, other 4xx must not.
            Posted::Answered { status: status @ (429 | 500..=599), retry_after, words } => {
                Err(Failed::Later { why: format!("{status} {words}"), after: retry_after })
            }
            Posted::Answered { status, words, .. } => {
                Err(Failed::Refused(format!("{status} {words}")))
            }
            Posted::NotSent(why) | Posted::NoAnswer(why) => Err(Failed::Later { why, after: None }),
        }
    }
}

/// Why a request was not taken.
enum Failed {
    /// It may be taken later.
    Later {
        why: String,
        /// Not before, as the receiver says.
        after: Option<Duration>,
    },
    /// It will not be.
    Refused(String),
}

#[cfg(test)]
mod tests;
