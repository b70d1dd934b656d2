//! Who gets in.

use crate::blackstart::{BINARY, Site, text};
use std::io::Write as _;
use std::process::{Command, Stdio};

const PLANT: &str = "blackstart: 1\nname: p\ntimezone: UTC\nservices: { a: { checks: [ { tcp: '127.0.0.1:1', every: 1s } ] } }\n";

#[test]
fn an_open_address_without_a_password_is_refused_with_what_to_do() {
    let site = Site::new(PLANT);
    let (code, words) = site.fails(&["--listen", "0.0.0.0:0"]);
    assert_eq!(code, Some(2));
    assert!(words.contains("open to the network") && words.contains("--passwords"), "{words}");
}

#[test]
fn other_names_and_other_sites_are_refused() {
    let site = Site::new(PLANT);
    let serving = site.serve();
    let (head, _) = serving.request("GET /", "Host: evil.example\r\n", "");
    assert!(head.contains(" 421 "), "{head}");
    let form = "Content-Type: application/x-www-form-urlencoded\r\nOrigin: http://evil.example\r\n";
    let (head, _) = serving.request("POST /incidents/I1/close", form, "note=x");
    assert!(head.contains(" 403 "), "{head}");
    let (head, _) = serving.request("GET /", "", "");
    assert!(
        head.contains(" 200 ") && head.contains("content-security-policy: default-src 'none'"),
        "{head}"
    );
}

#[test]
fn a_password_is_demanded_and_taken() {
    let site = Site::new(PLANT);
    let mut child = Command::new(BINARY)
        .args(["password", "mara"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it is built");
    child.stdin.take().expect("piped").write_all(b"correct horse\n").expect("it reads");
    let line = child.wait_with_output().expect("it ends").stdout;
    let passwords = site.path("passwords");
    std::fs::write(&passwords, &line).expect("a file");
    assert!(!text(&line).contains("horse"));
    let passwords = passwords.to_str().expect("text");
    let serving =
        site.serve_with(&["--listen", "127.0.0.1:0", "--behind-proxy", "--passwords", passwords]);
    let (head, _) = serving.request("GET /", "", "");
    assert!(head.contains(" 401 ") && head.contains("Basic realm"), "{head}");
    // mara:wrong horse, and mara:correct horse (RFC 7617).
    let (head, _) =
        serving.request("GET /", "Authorization: Basic bWFyYTp3cm9uZyBob3JzZQ==\r\n", "");
    assert!(head.contains(" 401 "), "{head}");
    let right = "Authorization: Basic bWFyYTpjb3JyZWN0IGhvcnNl\r\n";
    let (head, _) = serving.request("GET /", right, "");
    assert!(head.contains(" 200 "), "{head}");
    let json = format!("{right}Content-Type: application/json\r\n");
    let body = "{\"works\":\"no\",\"note\":\"seen\"}";
    let (head, _) = serving.request("POST /api/v1/plant/a/observe", &json, body);
    assert!(head.contains(" 204 "), "{head}");
    let (_, page) = serving.request("GET /plant/a", right, "");
    assert!(page.contains("mara says it is down"), "{page}");
}

#[test]
fn what_is_too_large_or_no_json_is_refused() {
    let site = Site::new(PLANT);
    let serving = site.serve();
    let json = "Content-Type: application/json\r\n";
    let (head, _) = serving.request("POST /api/v1/incidents/I1/close", json, &" ".repeat(20_000));
    assert!(head.contains(" 413 "), "{head}");
    let (head, _) = serving.request("POST /api/v1/incidents/I1/close", json, "{\"note\":");
    assert!(head.contains(" 400 "), "{head}");
    let (head, _) = serving.request("POST /api/v1/incidents/I1/close", json, "{}");
    assert!(head.contains(" 409 "), "{head}");
    let (head, body) = serving.request("GET /metrics", "", "");
    assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    let labels = "{check=\"a/tcp\",component=\"a\",vantage=\"here\",kind=\"tcp\"}";
    assert!(body.contains(&format!("blackstart_check_up{labels}")), "{body}");
}
