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
fn a_journal_that_is_not_there_yet_is_tried_where_it_would_be() {
    let site = Site::new("");
    let here = site.path("here");
    std::fs::create_dir(&here).expect("a folder");
    let mut doctor = std::process::Command::new(env!("CARGO_BIN_EXE_blackstart"));
    let output = doctor.arg("doctor").current_dir(&here).output().expect("it is built");
    let told = text(&output.stdout);
    let line = told.lines().find(|line| line.contains("keeping the journal")).expect("it is told");
    assert!(line.ends_with(" are free in ."), "{line}");
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

#[test]
fn a_plugin_that_could_not_be_run_is_told_with_its_reason() {
    use std::os::unix::fs::PermissionsExt;
    let vantages = "vantages: { away: { agent: probe-1 } }";
    let checks = ["good", "gone", "shut", "alien", "nowhere", "good, with: { host: a }"];
    let mut checks: Vec<String> = (1..)
        .zip(checks)
        .map(|(at, plugin)| format!("{{ plugin: {plugin}, name: c{at} }}"))
        .collect();
    checks.push("{ plugin: far, from: away }".to_owned());
    let site = Site::new(&format!(
        "blackstart: 1\nname: p\ntimezone: UTC\n{vantages}\nservices: {{ x: {{ checks: [ {} ] }} }}\n",
        checks.join(", ")
    ));
    let program = |name: &str, text: &str, mode: u32| {
        let path = site.path(name);
        std::fs::write(&path, text).expect("written");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).expect("its mode");
        path.display().to_string()
    };
    let lines = [
        format!("good = {}", program("good", "#!/bin/sh\necho fine\n", 0o755)),
        "gone = /nowhere/check_gone".to_owned(),
        format!("shut = {}", program("shut", "#!/bin/sh\n", 0o644)),
        format!("alien = {}", program("alien", "#! /no/such/shell -x\n", 0o755)),
        format!("open = {}", program("open", "#!/bin/sh\n", 0o777)),
    ];
    let file = program("plugins", &lines.join("\n"), 0o644);
    let plant = site.plant();
    let plant = plant.to_str().expect("text");
    let data = site.path("data");
    let words = ["doctor", plant, "--data", data.to_str().expect("text"), "--plugins", &file];
    let told = text(&run(&words).stdout);
    let says = |line: &str| assert!(told.contains(line), "{line}\n{told}");
    says("yes      running plugins: 1 of 5 could be started");
    says("no       running plugin gone: /nowhere/check_gone cannot be used: No such file");
    says("shut may not be run by the user we run as");
    says("alien is run by /no/such/shell, which cannot be: No such file");
    says("open can be changed by others (mode 777)");
    says("no       running plugin nowhere: ");
    says("no       running plugin good: the command has no place `host`");
    says("unknown  running plugins by agent probe-1: far: ");
    let told = text(&run(&words[..4]).stdout);
    let without =
        "no       running plugins: checks name alien, gone, good, nowhere, shut, and no file says";
    assert!(told.contains(without), "{told}");
    let file = program("plugins", "good /bin/true\ngood = true\n", 0o644);
    let told = text(&run(&["doctor", "--data", words[3], "--plugins", &file]).stdout);
    assert!(told.contains("line 1: ") && told.contains("line 2: "), "{told}");
}
