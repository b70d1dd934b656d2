//! PagerDuty, by its Events API v2: one event for each message, `trigger`, `acknowledge` or `resolve`.
//!
//! All events about one incident carry one `dedup_key`, so a repeat changes nothing there. The routing key is a secret;
//! it is in the body, and so the body is in no log.
//! Limits by <https://developer.pagerduty.com/docs/send-alert-event>: a summary of 1024 characters, an event of 512 KB.

use crate::message::{Matter, Message, shortened};
use crate::web;
use blackstart_model::record::{Delivery, Particulars};
use blackstart_probe::Equipment;
use serde::Serialize;

/// The longest event, bytes: 512 KB, read as thousands.
const EVENT_BYTES_MAX: usize = 512_000;

/// The longest summary, bytes; it counts characters, which are never more.
const SUMMARY_BYTES_MAX: usize = 1_024;

#[derive(Serialize)]
struct Event<'a> {
    routing_key: &'a str,
    event_action: &'static str,
    dedup_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Payload<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<Link<'a>>,
}

#[derive(Serialize)]
struct Payload<'a> {
    summary: String,
    source: &'a str,
    severity: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    component: Option<&'a str>,
    group: &'a str,
    class: &'a str,
    custom_details: Details<'a>,
}

/// What a person reads there.
#[derive(Serialize)]
struct Details<'a> {
    alert: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<&'a str>,
    news: &'a str,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sure_percent: Option<u8>,
    explains: &'a [String],
    unexplained: &'a [String],
    contradicted: &'a [String],
    services: &'a [String],
    customers: &'a [String],
    /// Something was left out so that the event is not too long; the link has all of it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    shortened: bool,
}

#[derive(Serialize)]
struct Link<'a> {
    href: &'a str,
    text: &'static str,
}

pub(crate) async fn send(
    equipment: &Equipment,
    url: &str,
    routing_key: &str,
    message: &Message<'_>,
) -> Delivery {
    let body = event(routing_key, message);
    web::send(equipment, url, Vec::new(), body).await
}

/// The event; with shorter lists and words until it is taken.
fn event(routing_key: &str, message: &Message<'_>) -> String {
    let mut room = usize::MAX;
    loop {
        let text = encoded(routing_key, message, room);
        if text.len() <= EVENT_BYTES_MAX || room == 0 {
            return text;
        }
        room = if room == usize::MAX { Particulars::LISTED_MAX } else { room / 2 };
    }
}

/// The event with lists of at most `room` names, and words of at most a thousand bytes for each.
fn encoded(routing_key: &str, message: &Message<'_>, room: usize) -> String {
    let (event_action, told) = match message.matter {
        Matter::Lasts | Matter::Told => ("trigger", true),
        Matter::Taken => ("acknowledge", false),
        Matter::Over => ("resolve", false),
    };
    let event = Event {
        routing_key,
        event_action,
        dedup_key: message.thread,
        payload: told.then(|| payload(message, room)),
        client: told.then_some("Blackstart"),
        client_url: message.link.filter(|_| told),
        links: message
            .link
            .filter(|_| told)
            .map(|href| Link { href, text: "the incident, with its evidence" })
            .into_iter()
            .collect(),
    };
    serde_json::to_string(&event).expect("texts and numbers always encode")
}

fn payload<'a>(message: &Message<'a>, room: usize) -> Payload<'a> {
    let told = message.particulars;
    let list = |of: fn(&Particulars) -> &Vec<String>| {
        let all = told.map_or(&[][..], |told| of(told));
        &all[..all.len().min(room)]
    };
    let text_max = room.saturating_mul(1_000).max(1_000);
    Payload {
        summary: shortened(message.subject, SUMMARY_BYTES_MAX),
        source: message.plant,
        severity: told.map_or("warning", |told| told.urgency.as_str()),
        timestamp: told.map(|told| told.opened_at).or(message.decided_at).map(|at| at.to_string()),
        component: told.and_then(|told| told.cause.first()).map(|fault| fault.subject.as_str()),
        group: message.plant,
        class: message.news,
        custom_details: Details {
            alert: message.alert,
            incident: message.incident,
            news: message.news,
            text: shortened(message.text, text_max),
            cause: message.cause(),
            sure_percent: told.and_then(|told| told.sure_percent),
            explains: list(|told| &told.explains),
            unexplained: list(|told| &told.unexplained),
            contradicted: list(|told| &told.contradicted),
            services: list(|told| &told.services),
            customers: list(|told| &told.customers),
            shortened: room != usize::MAX,
        },
    }
}

#[cfg(test)]
mod tests;
