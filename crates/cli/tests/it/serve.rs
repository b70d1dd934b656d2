//! A server through its life: start, reload, refusal, restart, end.

use crate::blackstart::{Site, Web, run, text, wait};

fn plant(checks: &[(&str, &str)], more: &str) -> String {
    let services: Vec<String> = checks
        .iter()
        .map(|(name, url)| {
            format!(
                "  {name}: {{ checks: [ {{ http: '{url}', every: 500ms, deadline: 400ms }} ] }}\n"
            )
        })
        .collect();
    format!("blackstart: 1\nname: p\ntimezone: UTC\n{more}services:\n{}", services.concat())
}

#[test]
fn a_plant_with_errors_is_not_watched() {
    let site = Site::new("blackstart: 1\nname: p\nservers: { web: { power: nowhere } }\n");
    let (code, words) = site.fails(&["--listen", "127.0.0.1:0"]);
    assert_eq!(code, Some(12), "{words}");
    assert!(words.contains("BS0201") && words.contains("no earlier one"), "{words}");
}

#[test]
fn a_changed_plant_is_taken_and_what_did_not_change_goes_on() {
    let web = Web::start();
    let (a, b) = (format!("http://{}/a", web.at), format!("http://{}/b", web.at));
    let site = Site::new(&plant(&[("a", &a)], ""));
    let serving = site.serve();
    assert_eq!(serving.outcome("a/http"), "up");
    let since = serving.api("/checks")["checks"][0]["from"][0]["since"].clone();
    site.write(&plant(&[("a", &a), ("b", &b)], ""));
    serving.signal("-HUP");
    assert_eq!(serving.outcome("b/http"), "up");
    let checks = serving.api("/checks");
    assert_eq!(checks["checks"][0]["from"][0]["since"], since, "nothing was asked anew");
}

#[test]
fn an_invalid_plant_on_reload_alerts_and_the_last_good_one_runs_on_even_over_a_restart() {
    let web = Web::start();
    let hook = Web::start();
    let alerts =
        format!("alerts: {{ webhooks: {{ hook: {{ url: 'http://{}/alert' }} }} }}\n", hook.at);
    let good = plant(&[("a", &format!("http://{}/a", web.at))], &alerts);
    let site = Site::new(&good);
    let serving = site.serve();
    assert_eq!(serving.outcome("a/http"), "up");
    site.write(&good.replace("services:", "sevrices:"));
    // Without a signal: it looks by itself.
    wait("the alert", || (!hook.seen().is_empty()).then_some(()));
    let refused = serving.journal().into_iter().find(|entry| entry["kind"] == "plant-refused");
    let why = refused.expect("it is in the journal")["body"]["why"].to_string();
    assert!(why.contains("plant.yaml, line") && why.contains("sevrices"), "{why}");
    let before = web.seen().len();
    wait("the last good one to go on", || (web.seen().len() > before + 2).then_some(()));
    drop(serving);

    let serving = site.serve();
    assert!(serving.told["refused"].as_str().is_some_and(|why| why.contains("sevrices")));
    wait("the last good one to be watched", || (serving.outcome("a/http") == "up").then_some(()));
    site.write(&good.replace("  a:", "  b:"));
    wait("the mended plant to be watched", || (serving.outcome("b/http") == "up").then_some(()));
}

#[test]
fn a_second_server_on_one_journal_is_refused_and_told_whose_it_is() {
    let site = Site::new(&plant(&[("a", "http://127.0.0.1:1/")], ""));
    let _serving = site.serve();
    let (code, words) = site.fails(&["--listen", "127.0.0.1:0"]);
    assert_eq!(code, Some(1));
    assert!(words.contains("is in use by another server (process "), "{words}");
}

#[test]
fn it_ends_when_it_is_told_to_and_a_replay_comes_to_the_same() {
    let site = Site::new(&plant(&[("a", "http://127.0.0.1:1/")], ""));
    let serving = site.serve();
    assert!(serving.outcome("a/http").starts_with("down(refused"));
    wait("an open incident", || (serving.api("/incidents/I1")["state"] == "open").then_some(()));
    let status = run(&["status", "--server", &serving.console]);
    assert_eq!(status.status.code(), Some(20), "{}", text(&status.stderr));
    assert!(
        text(&status.stdout).contains("I1 open: a (service) is down"),
        "{}",
        text(&status.stdout)
    );
    let taken = run(&["incident", "I1", "--server", &serving.console, "acknowledge", "mine"]);
    assert!(text(&taken.stdout).contains("I1 acknowledged"), "{}", text(&taken.stderr));
    let saw = run(&["observe", "--server", &serving.console, "a", "broken", "it smokes"]);
    assert!(saw.status.success(), "{}", text(&saw.stderr));
    let nobody = run(&["observe", "--server", &serving.console, "nobody", "works"]);
    assert!(text(&nobody.stderr).contains("the plant has no component `nobody`"));
    serving.signal("-TERM");
    assert_eq!(serving.ended(), Some(0));
    let data = site.data();
    let replay = run(&["replay", "--data", data.to_str().expect("text")]);
    let words = text(&replay.stdout);
    assert!(replay.status.success(), "{words}{}", text(&replay.stderr));
    assert!(words.contains("every decision is the one that was made then"), "{words}");
}

#[test]
fn nobody_to_ask_is_said_with_what_to_do() {
    let status = run(&["status", "--server", "http://127.0.0.1:1"]);
    assert_eq!(status.status.code(), Some(1));
    let words = text(&status.stderr);
    assert!(words.contains("is `blackstart serve` running there?"), "{words}");
}

#[test]
fn the_heartbeat_reaches_the_place_outside() {
    let outside = Web::start();
    let alerts =
        format!("alerts: {{ heartbeat: {{ url: 'http://{}/beat', every: 1s }} }}\n", outside.at);
    let site = Site::new(&plant(&[("a", "http://127.0.0.1:1/")], &alerts));
    let _serving = site.serve();
    wait("two beats", || {
        let beats = outside.seen().iter().filter(|line| line.starts_with("GET /beat")).count();
        (beats >= 2).then_some(())
    });
}

#[test]
fn an_alert_that_waits_says_why_it_did_not_leave_and_when_it_is_tried_again() {
    // Taken, and nobody listens: it is refused.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = nobody.local_addr().expect("a port");
    drop(nobody);
    let alerts = format!("alerts: {{ webhooks: {{ hook: {{ url: 'http://{at}/' }} }} }}\n");
    let site = Site::new(&plant(&[("a", "http://127.0.0.1:1/")], &alerts));
    let serving = site.serve();
    let alert = wait("a failed attempt", || {
        let alert = serving.api("/alerts")["alerts"][0].clone();
        (alert["stage"] == "waiting" && alert["failed"].is_string()).then_some(alert)
    });
    assert!(alert["failed"].as_str().is_some_and(|why| why.contains("refused")), "{alert}");
    assert!(alert["next_attempt_at"].as_str() > alert["failed_at"].as_str(), "{alert}");
    let (_, page) = serving.request("GET /alerts", "", "");
    assert!(page.contains("; the last one failed, ") && page.contains("refused"), "{page}");
}

#[test]
fn what_an_answer_needed_is_implied_and_what_lies_behind_is_not() {
    let web = Web::start();
    let checks = |path: &str| {
        format!("checks: [ {{ http: 'http://{}/{path}', every: 500ms, deadline: 400ms }} ]", web.at)
    };
    let site = Site::new(&format!(
        "blackstart: 1\nname: p\ntimezone: UTC\nhere: {{ at: own }}\nupstreams: {{ transit: {{ provides: internet }} }}\n\
         routers: {{ gateway: {{ network: transit, {} }}, away: {{ network: gateway }} }}\n\
         servers:\n  own: {{ network: gateway }}\n  far: {{ network: away }}\n  host: {{}}\n\
         services:\n  page: {{ on: far, {} }}\n  shop: {{ on: {{ any: [host, own] }}, {} }}\n",
        checks("gateway"),
        checks("page"),
        checks("shop"),
    ));
    let serving = site.serve();
    for check in ["gateway/http", "page/http", "shop/http"] {
        assert_eq!(serving.outcome(check), "up");
    }
    let plant = serving.api("/plant");
    let because = |name: &str| {
        let components = plant["components"].as_array().expect("a list");
        let one = components.iter().find(|one| one["name"] == name).expect("it is there");
        one["because"].as_str().expect("text").to_owned()
    };
    assert_eq!(because("far"), "page would not be seen up without it");
    assert_eq!(because("away"), "page would not be seen up without it");
    // The gateway answers on this side of it; one of two machines is enough for the shop.
    for silent in ["transit", "host"] {
        assert_eq!(because(silent), "no check says anything about it");
    }
}
