//! Prometheus' Alertmanager, by its API v2: `POST /api/v2/alerts`.
//!
//! It knows an alert by its labels, so those are the same from the first word about an incident to the last: what may
//! change (the cause, who is hit) is in annotations. It takes an alert for over at `endsAt`; while the incident lasts
//! that lies [`FIRING_FOR`] ahead, and whoever sends says it again before. So an Alertmanager whose Blackstart
//! has died calls the incident over after that time; that is its way, and why the heartbeat exists.

use crate::message::{Matter, Message, shortened};
use crate::web;
use blackstart_model::plant::{Alertmanager, Login};
use blackstart_model::record::{Delivery, Particulars};
use blackstart_model::time::{Duration, Timestamp};
use blackstart_probe::Equipment;
use blackstart_probe::fetch::basic;
use blackstart_probe::secrets::Secrets;
use serde::Serialize;
use std::collections::BTreeMap;

/// How long an alert fires when nothing more is said: as long as Alertmanager's own `resolve_timeout` is when nobody
/// sets it, and long enough for four sendings to be lost.
pub const FIRING_FOR: Duration = Duration::from_secs(300);

/// The longest annotation, bytes (chosen by hand: Alertmanager has no limit, and those who read have).
const ANNOTATION_BYTES_MAX: usize = 8_000;

/// How long something that was told and has no end is shown (chosen by hand).
const TOLD_FOR: Duration = Duration::from_secs(3_600);

/// `postableAlert` of Alertmanager's OpenAPI description, version 2.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Postable<'a> {
    labels: BTreeMap<&'static str, &'a str>,
    annotations: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    starts_at: Option<String>,
    ends_at: String,
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    generator_url: Option<&'a str>,
}

pub(crate) async fn send(
    equipment: &Equipment,
    secrets: &dyn Secrets,
    to: &Alertmanager,
    message: &Message<'_>,
    now: Timestamp,
) -> Delivery {
    let header = match &to.login {
        None => None,
        Some(login) => match secrets.value(&login.secret().0) {
            Err(why) => return Delivery::Failed(why),
            Ok(value) => Some(match login {
                Login::Bearer(_) => web::bearer(&value),
                Login::Basic(user, _) => ("authorization", basic(&format!("{user}:{value}"))),
            }),
        },
    };
    let headers: Vec<_> = header.into_iter().collect();
    let url = format!("{}/api/v2/alerts", to.url.trim_end_matches('/'));
    let body = serde_json::to_string(&[postable(message, now)]).expect("texts always encode");
    web::send(equipment, &url, headers, body).await
}

fn postable<'a>(message: &Message<'a>, now: Timestamp) -> Postable<'a> {
    let mut labels = BTreeMap::from([
        ("alertname", if message.incident.is_some() { "BlackstartIncident" } else { "Blackstart" }),
        ("plant", message.plant),
        // Two installations count their incidents from 1, and so does one whose journal is new.
        ("installation", message.installation),
    ]);
    match message.incident {
        Some(incident) => labels.insert("incident", incident),
        None => labels.insert("alert", message.alert),
    };
    labels.extend(message.first_urgency.map(|urgency| ("severity", urgency)));
    let mut annotations = BTreeMap::from([
        ("summary", message.subject.to_owned()),
        ("description", message.text.to_owned()),
        ("news", message.news.to_owned()),
    ]);
    annotations.extend(message.cause().map(|cause| ("cause", cause)));
    if let Some(Particulars {
        urgency,
        opened_at: _,
        cause: _,
        sure_percent,
        sentence: _,
        explains: _,
        unexplained,
        contradicted,
        services,
        customers,
    }) = message.particulars
    {
        annotations.insert("urgency", urgency.to_string());
        annotations.extend(sure_percent.map(|sure| ("sure", format!("{sure} %"))));
        let lists = [
            ("unexplained", unexplained),
            ("contradicted", contradicted),
            ("services", services),
            ("customers", customers),
        ];
        for (name, list) in lists {
            if !list.is_empty() {
                annotations.insert(name, list.join(", "));
            }
        }
    }
    for text in annotations.values_mut() {
        *text = shortened(text, ANNOTATION_BYTES_MAX);
    }
    let ahead = |span: Duration| now.checked_add(span).unwrap_or(Timestamp::MAX);
    let ends_at = match message.matter {
        Matter::Lasts | Matter::Taken => ahead(FIRING_FOR),
        Matter::Over => now,
        Matter::Told => ahead(TOLD_FOR),
    };
    let began = message.particulars.map(|particulars| particulars.opened_at);
    // It refuses an alert that ends before it starts; our clock may have been put back.
    let starts_at = began.or(message.decided_at).map(|at| at.min(ends_at).to_string());
    let generator_url = message.link;
    Postable { labels, annotations, starts_at, ends_at: ends_at.to_string(), generator_url }
}
