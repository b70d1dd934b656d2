//! `discover`: a plant file of the very machine that runs this.

use crate::blackstart::{Site, run, text};

#[test]
fn what_this_machine_is_found_to_be_is_a_plant() {
    let site = Site::new("");
    let path = site.path("found.yaml");
    let path = path.to_str().expect("text");
    let output = run(&["discover", "--out", path]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(
        text(&output.stdout).contains("what feeds these with power"),
        "it says what it cannot know"
    );
    let output = run(&["check", path]);
    // Notes at most: what answered nothing has no check.
    assert!(matches!(output.status.code(), Some(0 | 10)), "{}", text(&output.stdout));
}

#[test]
fn nothing_is_written_over_what_is_there() {
    let site = Site::new("mine");
    let path = site.plant();
    let output = run(&["discover", "--out", path.to_str().expect("text")]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("is there already"), "{}", text(&output.stderr));
    assert_eq!(std::fs::read_to_string(path).expect("it is there"), "mine");
}

#[test]
fn for_programs_the_plant_is_a_text_beside_what_was_found() {
    let output = run(&["discover", "--format", "json"]);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(told["version"], 1);
    assert!(told["plant"].as_str().expect("text").contains("blackstart: 1"));
    assert!(told["questions"].as_array().expect("a list").len() >= 3);
}

#[test]
fn a_token_that_is_missing_is_asked_for_by_options_that_are_there() {
    let output = run(&["discover", "--from", "proxmox=https://127.0.0.1:1"]);
    let words = text(&output.stderr);
    assert!(words.contains("BLACKSTART_SECRET_PROXMOX_TOKEN") && words.contains("--token-file"));
    assert!(!words.contains("--secrets"), "{words}");
    assert_eq!(output.status.code(), Some(2));
}
