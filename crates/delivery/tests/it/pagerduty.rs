//! PagerDuty, as its documents describe it: the shape of an event by
//! <https://developer.pagerduty.com/docs/send-alert-event>. It cannot be reached from a test; this server takes
//! nothing that the document does not name.

use crate::world::{Answer, Request, Server, courier, message, others, particulars, run};
use blackstart_delivery::Matter;
use blackstart_model::plant::{Leads, PagerDuty, Secret};
use blackstart_model::record::Delivery;
use serde_json::Value;

fn text(value: &Value, longest: usize) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty() && text.chars().count() <= longest)
}

/// What is wrong with an event.
fn wrong(request: &Request) -> Option<String> {
    let event = &request.body;
    if request.line != "POST /v2/enqueue"
        || request.headers.get("content-type")? != "application/json"
    {
        return Some("not a POST of JSON to /v2/enqueue".to_owned());
    }
    const KEYS: [&str; 8] = [
        "routing_key",
        "event_action",
        "dedup_key",
        "payload",
        "images",
        "links",
        "client",
        "client_url",
    ];
    const PAYLOAD: [&str; 8] = [
        "summary",
        "source",
        "severity",
        "timestamp",
        "component",
        "group",
        "class",
        "custom_details",
    ];
    let unknown = others(event, &KEYS);
    if !unknown.is_empty() {
        return Some(format!("unknown {unknown:?}"));
    }
    if !text(&event["dedup_key"], 255) {
        return Some("dedup_key".to_owned());
    }
    match event["event_action"].as_str() {
        Some("acknowledge" | "resolve") => return None,
        Some("trigger") => {}
        _ => return Some("event_action".to_owned()),
    }
    let payload = &event["payload"];
    let unknown = others(payload, &PAYLOAD);
    if !unknown.is_empty() {
        return Some(format!("unknown {unknown:?} in payload"));
    }
    if !text(&payload["summary"], 1024) || !text(&payload["source"], 1_000) {
        return Some("summary or source".to_owned());
    }
    if !["critical", "error", "warning", "info"].map(Value::from).contains(&payload["severity"]) {
        return Some("severity".to_owned());
    }
    let at = &payload["timestamp"];
    if !at.is_null()
        && at.as_str().is_none_or(|at| at.parse::<blackstart_model::time::Timestamp>().is_err())
    {
        return Some("timestamp".to_owned());
    }
    let links = event["links"].as_array().cloned().unwrap_or_default();
    let link =
        |link: &Value| text(&link["href"], 2_000) && others(link, &["href", "text"]).is_empty();
    (!links.iter().all(link) || !payload["custom_details"].is_object())
        .then(|| "links or details".to_owned())
}

fn strict() -> Server {
    Server::start(|request| {
        if request.body["routing_key"] != "CORE-KEY" {
            return Answer::Says(
                400,
                r#"{"status":"invalid event","message":"Event object is invalid","errors":["'routing_key' is invalid"]}"#,
            );
        }
        match wrong(request) {
            None => Answer::Says(
                202,
                r#"{"status":"success","message":"Event processed","dedup_key":"x"}"#,
            ),
            Some(why) => panic!("{why}: {request:#?}"),
        }
    })
}

fn service(server: &Server, key: &str) -> PagerDuty {
    PagerDuty {
        name: "core".into(),
        url: format!("http://{}/v2/enqueue", server.at).into(),
        routing_key: Secret(key.into()),
        leads: Leads::Untold,
    }
}

#[test]
fn an_incident_is_triggered_acknowledged_and_resolved_under_one_key() {
    let server = strict();
    let told = particulars();
    for matter in [Matter::Lasts, Matter::Lasts, Matter::Taken, Matter::Over] {
        let result =
            run(courier().pagerduty(&service(&server, "core-key"), &message(matter, Some(&told))));
        assert!(matches!(result, Delivery::Delivered(_)), "{result:?}");
    }
    let seen = server.seen();
    let actions: Vec<_> = seen.iter().map(|it| it.body["event_action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["trigger", "trigger", "acknowledge", "resolve"]);
    assert!(seen.iter().all(|it| it.body["dedup_key"] == "incident-I7.29d4"));
    let payload = &seen[0].body["payload"];
    assert_eq!(
        (&payload["severity"], &payload["component"]),
        (&"critical".into(), &"switch-2".into())
    );
    assert_eq!(payload["timestamp"], "2017-03-26T00:31:00.5Z");
    let details = &payload["custom_details"];
    assert_eq!(
        (&details["sure_percent"], &details["unexplained"][0]),
        (&93.into(), &"mail/smtp from here".into())
    );
    assert_eq!(seen[0].body["links"][0]["href"], "https://console.example/incidents/I7");
}

#[test]
fn what_is_about_ourselves_is_an_event_too() {
    let server = strict();
    let result =
        run(courier().pagerduty(&service(&server, "core-key"), &message(Matter::Told, None)));
    assert!(matches!(result, Delivery::Delivered(_)), "{result:?}");
    assert_eq!(server.seen()[0].body["payload"]["severity"], "warning");
}

#[test]
fn a_wrong_key_is_refused_and_is_in_no_words() {
    let server = strict();
    let told = particulars();
    let result =
        run(courier()
            .pagerduty(&service(&server, "other-key"), &message(Matter::Lasts, Some(&told))));
    let Delivery::Refused(why) = result else { panic!("{result:?}") };
    assert!(why.contains("invalid event") && !why.contains("OTHER-KEY"), "{why}");
}

#[test]
fn too_many_events_and_a_server_in_trouble_are_tried_again() {
    for status in [429, 500, 503] {
        let server = Server::start(move |_| Answer::Says(status, "{}"));
        let result =
            run(courier().pagerduty(&service(&server, "core-key"), &message(Matter::Over, None)));
        assert!(matches!(result, Delivery::Failed(_)), "{result:?}");
    }
}
