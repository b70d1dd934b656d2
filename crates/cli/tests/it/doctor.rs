//! `doctor`: what can be done from here, tried.

use crate::blackstart::{Site, run, text};
use serde_json::Value;
use std::net::TcpListener;

/// What it says of each thing, and the exit code.
fn examined(site: &Site) -> (Vec<(String, String)>, Option<i32>) {
    let (plant, data) = (site.plant(), site.path("data"));
    let words = ["doctor", plant.to_str().expect("text"), "--data", data.to_str().expect("text")];
    let output = run(&[&words[..], &["--format", "json"]].concat());
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let capabilities = told["capabilities"].as_array().expect("a list").iter();
    let word = |of: &Value, key: &str| of[key].as_str().expect("text").to_owned();
    let found = capabilities.map(|it| (word(it, "what"), word(it, "able"))).collect();
    (found, output.status.code())
}

fn plant(relay: u16) -> String {
    format!(
        "blackstart: 1\nname: p\ntimezone: UTC\nservices: {{ x: {{ checks: [ {{ http: 'http://127.0.0.1/', \
         headers: {{ Authorization: {{ secret: no-such-token }} }} }} ] }} }}\nalerts:\n  mail: {{ relay: \
         '127.0.0.1:{relay}', from: a@example.net, to: [b@example.net], tls: none }}\n"
    )
}

#[test]
fn what_cannot_be_told_or_seen_is_said_with_the_worst_first() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let site = Site::new(&plant(port));
    let (found, code) = examined(&site);
    let is = |what: &str, able: &str| found.contains(&(what.to_owned(), able.to_owned()));
    assert!(is("telling by mail", "yes"), "{found:?}");
    assert!(is("knowing its secrets", "no") && is("seeing from outside", "no"), "{found:?}");
    assert!(is("keeping the journal", "yes") || is("keeping the journal", "no"), "{found:?}");
    assert_eq!(found.first().map(|it| &*it.1), Some("no"));
    assert_eq!(code, Some(11));
    drop(listener);
    let (found, _) = examined(&site);
    assert!(found.contains(&("telling by mail".to_owned(), "no".to_owned())), "{found:?}");
}

#[test]
fn every_no_has_its_remedy() {
    let site = Site::new(&plant(1));
    let plant = site.plant();
    let output = run(&["doctor", plant.to_str().expect("text"), "--data", "/proc/nowhere"]);
    let told = text(&output.stdout);
    assert!(told.contains("no       keeping the journal: could not write in /proc"), "{told}");
    for (at, line) in told.lines().enumerate().filter(|(_, line)| line.starts_with("no ")) {
        let next = told.lines().nth(at + 1).unwrap_or_default();
        assert!(next.trim_start().starts_with('→'), "{line}");
    }
}
