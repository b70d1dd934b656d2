//! A webhook: a POST of JSON, whose shape is ours and only ever grows.

use crate::message::Message;
use crate::web;
use blackstart_model::record::Delivery;
use blackstart_probe::Equipment;
use serde::Serialize;

/// The body, version 1. Fields are only ever added.
#[derive(Serialize)]
struct Posted<'a> {
    version: u32,
    plant: &'a str,
    alert: &'a str,
    dedup_key: &'a str,
    repeat: bool,
    incident: Option<&'a str>,
    news: &'a str,
    subject: &'a str,
    text: &'a str,
}

pub(crate) async fn send(
    equipment: &Equipment,
    url: &str,
    token: Option<String>,
    message: &Message<'_>,
) -> Delivery {
    let body = Posted {
        version: 1,
        plant: message.plant,
        alert: message.alert,
        dedup_key: message.key,
        repeat: message.repeat,
        incident: message.incident,
        news: message.news,
        subject: message.subject,
        text: message.text,
    };
    let body = serde_json::to_string(&body).expect("texts and numbers always encode");
    let mut headers = vec![("idempotency-key", message.key.to_owned())];
    headers.extend(token.as_deref().map(web::bearer));
    web::send(equipment, url, headers, body).await
}
