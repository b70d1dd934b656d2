//! The length of an event; its shape is tested against a server in `tests/it`.

use super::*;
use blackstart_model::record::{FaultMode, FaultName, Urgency};

#[test]
fn an_event_is_never_longer_than_what_is_taken_and_says_when_it_was_shortened() {
    let names: Vec<String> = (0..100).map(|n| format!("{n}-{}", "x".repeat(5_000))).collect();
    let told = Particulars {
        urgency: Urgency::Critical,
        opened_at: blackstart_model::time::Timestamp::UNIX_EPOCH,
        cause: vec![FaultName { subject: "switch-2".to_owned(), mode: FaultMode::Down }],
        sure_percent: Some(93),
        sentence: String::new(),
        explains: names.clone(),
        unexplained: names.clone(),
        contradicted: Vec::new(),
        services: names.clone(),
        customers: names,
    };
    let text = "ü".repeat(600_000);
    let message = Message {
        key: "k",
        thread: "t",
        matter: Matter::Lasts,
        plant: "p",
        installation: "i",
        alert: "A1",
        incident: Some("I1"),
        news: "opened",
        subject: &text,
        text: &text,
        repeat: false,
        decided_at: None,
        particulars: Some(&told),
        first_urgency: None,
        link: None,
    };
    let event = event("key", &message);
    assert!(event.len() <= EVENT_BYTES_MAX, "{}", event.len());
    let event: serde_json::Value = serde_json::from_str(&event).expect("JSON");
    let details = &event["payload"]["custom_details"];
    assert_eq!(details["shortened"], true);
    assert!(!details["services"].as_array().expect("a list").is_empty(), "as much as fits");
    assert!(event["payload"]["summary"].as_str().expect("words").len() <= SUMMARY_BYTES_MAX);
}
