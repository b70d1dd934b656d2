//! ntfy, as its documents describe publishing as JSON: <https://docs.ntfy.sh/publish/#publish-as-json>. This server
//! takes nothing that the document does not name.

use crate::world::{Answer, Request, Server, courier, message, others, particulars, run};
use blackstart_delivery::Matter;
use blackstart_model::plant::{Leads, Ntfy, Secret};
use blackstart_model::record::Delivery;

fn wrong(request: &Request) -> Option<&'static str> {
    const KEYS: [&str; 14] = [
        "topic", "message", "title", "tags", "priority", "actions", "click", "attach", "markdown",
        "icon", "filename", "delay", "email", "call",
    ];
    let body = &request.body;
    let priority = body["priority"].as_u64();
    let actions = body["actions"].as_array().cloned().unwrap_or_default();
    if request.line != "POST /" {
        return Some("JSON is published to the root, and not to the topic");
    }
    if !others(body, &KEYS).is_empty() || body["topic"] != "our-alerts" {
        return Some("a key or the topic");
    }
    if !priority.is_some_and(|priority| (1..=5).contains(&priority)) {
        return Some("the priority");
    }
    if body["message"].as_str().is_none_or(|text| text.len() > 4_096) {
        return Some("the message becomes a file");
    }
    let is_action = |action: &serde_json::Value| {
        action["action"] == "view" && action["label"].is_string() && action["url"].is_string()
    };
    (actions.len() > 3 || !actions.iter().all(is_action)).then_some("the actions")
}

fn strict() -> Server {
    Server::start(|request| {
        if request.headers.get("authorization").map(String::as_str) != Some("Bearer TK") {
            return Answer::Says(403, r#"{"code":40301,"http":403,"error":"forbidden"}"#);
        }
        match wrong(request) {
            None => Answer::Says(200, r#"{"id":"x","event":"message"}"#),
            Some(why) => panic!("{why}: {request:#?}"),
        }
    })
}

fn topic(server: &Server, token: Option<&str>) -> Ntfy {
    let url = format!("http://{}/our-alerts", server.at).into();
    Ntfy {
        name: "phone".into(),
        url,
        token: token.map(|name| Secret(name.into())),
        leads: Leads::Untold,
    }
}

#[test]
fn a_telephone_shows_how_urgent_it_is_and_opens_the_incident() {
    let server = strict();
    let told = particulars();
    for matter in [Matter::Lasts, Matter::Over] {
        let result =
            run(courier().ntfy(&topic(&server, Some("tk")), &message(matter, Some(&told))));
        assert!(matches!(result, Delivery::Delivered(_)), "{result:?}");
    }
    let [begun, over] = &server.seen()[..] else { panic!("two requests") };
    assert_eq!(
        (&begun.body["priority"], &begun.body["tags"][0]),
        (&5.into(), &"rotating_light".into())
    );
    assert_eq!(begun.body["click"], "https://console.example/incidents/I7");
    assert_eq!(begun.body["actions"][0]["label"], "Take it");
    assert_eq!(
        (&over.body["priority"], &over.body["tags"][0]),
        (&3.into(), &"white_check_mark".into())
    );
    assert!(over.body["actions"].is_null(), "nothing is left to take");
}

#[test]
fn a_long_message_stays_one_and_a_repeat_says_so() {
    let server = strict();
    let text = "ü".repeat(10_000);
    let mut message = message(Matter::Lasts, None);
    (message.text, message.repeat) = (&text, true);
    let result = run(courier().ntfy(&topic(&server, Some("tk")), &message));
    assert!(matches!(result, Delivery::Delivered(_)), "{result:?}");
    let seen = server.seen();
    assert!(seen[0].body["title"].as_str().unwrap().ends_with("(repeat)"));
    assert!(seen[0].body["message"].as_str().unwrap().ends_with('…'));
}

#[test]
fn who_may_not_publish_is_refused() {
    let server = strict();
    let result = run(courier().ntfy(&topic(&server, None), &message(Matter::Lasts, None)));
    assert!(matches!(&result, Delivery::Refused(why) if why.contains("forbidden")), "{result:?}");
}
