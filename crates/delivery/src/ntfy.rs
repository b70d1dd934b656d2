//! ntfy: a notification on somebody's telephone, published as JSON to the server's root.
//!
//! The action opens the incident's page, where it is taken by who has signed in: a button that took it without would
//! have to carry a password through a server of others. Limits by <https://docs.ntfy.sh/publish/>: a message longer
//! than 4096 bytes becomes a file, which nobody opens at night.

use crate::message::{Matter, Message, shortened};
use crate::web;
use blackstart_model::plant::Ntfy;
use blackstart_model::record::{Delivery, Urgency};
use blackstart_probe::Equipment;
use serde::Serialize;

/// The longest message, bytes.
const MESSAGE_BYTES_MAX: usize = 4_000;

/// The longest title, bytes (chosen by hand: a telephone shows less).
const TITLE_BYTES_MAX: usize = 250;

#[derive(Serialize)]
struct Published<'a> {
    topic: &'a str,
    title: String,
    message: String,
    /// From 1, the least, to 5.
    priority: u8,
    tags: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    click: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    actions: Vec<Action<'a>>,
}

#[derive(Serialize)]
struct Action<'a> {
    action: &'static str,
    label: &'static str,
    url: &'a str,
}

pub(crate) async fn send(
    equipment: &Equipment,
    url: &str,
    token: Option<String>,
    message: &Message<'_>,
) -> Delivery {
    let Some((server, topic)) = Ntfy::split(url) else {
        return Delivery::Refused("its URL does not end in a topic".to_owned());
    };
    let body = serde_json::to_string(&published(topic, message)).expect("texts always encode");
    let headers: Vec<_> = token.as_deref().map(web::bearer).into_iter().collect();
    let root = format!("{server}/");
    web::send(equipment, &root, headers, body).await
}

fn published<'a>(topic: &'a str, message: &Message<'a>) -> Published<'a> {
    let urgency = message.particulars.map_or(Urgency::Warning, |told| told.urgency);
    let (priority, tag) = match (message.matter, urgency) {
        (Matter::Over, _) => (3, "white_check_mark"),
        (Matter::Taken, _) => (2, "eyes"),
        (Matter::Lasts | Matter::Told, Urgency::Critical) => (5, "rotating_light"),
        (Matter::Lasts | Matter::Told, Urgency::Error) => (4, "rotating_light"),
        (Matter::Lasts | Matter::Told, Urgency::Warning) => (3, "warning"),
        (Matter::Lasts | Matter::Told, Urgency::Info) => (2, "information_source"),
    };
    let mut tags = vec![tag];
    tags.extend(message.repeat.then_some("repeat"));
    let take = |url| Action { action: "view", label: "Take it", url };
    Published {
        topic,
        title: shortened(&message.title(), TITLE_BYTES_MAX),
        message: shortened(message.text, MESSAGE_BYTES_MAX),
        priority,
        tags,
        click: message.link,
        actions: message
            .link
            .filter(|_| message.matter == Matter::Lasts)
            .map(take)
            .into_iter()
            .collect(),
    }
}
