//! Goal: a real Alertmanager shows one alert for an incident while it lasts, over a restart of the server too, and none
//! when it is over; a command gets the same news; the heartbeat beats, and tells so on the console.
//!
//! Method: server and Alertmanager (`prometheus-alertmanager`) on one host, nginx on another, killed and started; the
//! command is a script that notes what it is given; the place outside that hears the heartbeat counts.

use blackstart_lab::{Daemon, Host, Lab, Server, is_possible, wait};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A program that appends what it is given to a file, a line each; and the file.
pub(crate) fn note(folder: &Path) -> (PathBuf, PathBuf) {
    let (program, noted) = (folder.join("note"), folder.join("noted"));
    let script = format!("#!/bin/sh\n(cat; echo) >>{}\n", noted.display());
    std::fs::write(&program, script).expect("a program");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("it is ours");
    (program, noted)
}

/// What was noted.
pub(crate) fn noted(file: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Alerts that fire on this host's Alertmanager.
fn firing(host: &Host) -> Option<Vec<Value>> {
    let answer = host.inside(|| {
        let mut stream = TcpStream::connect("127.0.0.1:9093").ok()?;
        stream.write_all(b"GET /api/v2/alerts HTTP/1.0\r\nHost: am\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        Some(answer)
    })?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}

/// A place on this host that takes heartbeats, and counts them.
fn hears(host: &Host) -> (u16, Arc<AtomicUsize>) {
    let listener = host.inside(|| TcpListener::bind("127.0.0.1:0").expect("a port"));
    let port = listener.local_addr().expect("bound").port();
    let beats = Arc::new(AtomicUsize::new(0));
    let own = beats.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut bytes = [0; 4096];
            if stream.read(&mut bytes).is_ok_and(|count| count > 0) {
                own.fetch_add(1, Ordering::Relaxed);
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
            }
        }
    });
    (port, beats)
}

#[test]
fn an_incident_is_one_alert_everywhere_while_it_lasts() {
    if !is_possible(&["ip", "sysctl", "nginx", "prometheus-alertmanager"]) {
        return;
    }
    let lab = Lab::new();
    let (mon, web) = (lab.host("mon"), lab.host("web"));
    lab.wire((&mon, "10.72.0.1/24"), (&web, "10.72.0.2/24"));
    let nginx = Daemon::nginx(&web, "10.72.0.2", &[8000]);
    let _alertmanager = Daemon::alertmanager(&mon);
    let (beats_at, beats) = hears(&mon);
    let (program, file) = note(lab.folder());
    let commands = lab.folder().join("commands");
    std::fs::write(&commands, format!("pager = {} --loud\n", program.display())).expect("commands");
    let plant = lab.folder().join("plant.yaml");
    let text = format!(
        "blackstart: 1
name: ways
timezone: UTC
servers: {{ web-1: {{}} }}
services:
  shop: {{ on: web-1, checks: [ {{ http: 'http://10.72.0.2:8000/', every: 1s }} ] }}
customers: {{ acme: {{ uses: [shop] }} }}
alerts:
  console: 'https://console.example'
  alertmanagers: {{ am: {{ url: 'http://127.0.0.1:9093' }} }}
  commands: {{ pager: {{}} }}
  heartbeat: {{ url: 'http://127.0.0.1:{beats_at}/ping', every: 1s }}
"
    );
    std::fs::write(&plant, text).expect("a plant");
    let commands = commands.to_string_lossy().into_owned();
    let server = Server::start(&mon, &plant, &["--commands", &commands]);
    server.console.wait_until_all_up();
    wait("three heartbeats", || (beats.load(Ordering::Relaxed) >= 3).then_some(()));
    assert_eq!(firing(&mon), Some(Vec::new()));

    nginx.kill();
    let alert = wait("the alert", || firing(&mon)?.into_iter().next());
    assert_eq!(
        (&alert["labels"]["incident"], &alert["labels"]["severity"]),
        (&"I1".into(), &"critical".into())
    );
    assert_eq!(alert["generatorURL"], "https://console.example/incidents/I1");
    let began = wait("the command", || noted(&file).into_iter().next());
    assert_eq!((&began["news"], &began["customers"][0]), (&"opened".into(), &"acme".into()));
    assert!(began["cause"][0]["component"].is_string(), "{began:#}");

    server.kill();
    let server = Server::start(&mon, &plant, &["--commands", &commands]);
    let kept = wait("that it is kept firing", || {
        let told = server.console.api("/alerts");
        let kept = told["firing"][0].clone();
        (kept["trouble"].is_null() && kept["incidents"] == 1).then_some(told)
    });
    assert_eq!(
        kept["alerts"].as_array().map(Vec::len),
        Some(2),
        "saying it again is no alert: {kept:#}"
    );
    assert_eq!(firing(&mon).map(|all| all.len()), Some(1));
    let page = wait("the page", || server.console.get("/alerts").ok());
    assert!(page.0.contains("kept firing: 1") && page.0.contains("command pager"), "{}", page.0);

    let _nginx = Daemon::nginx(&web, "10.72.0.2", &[8000]);
    wait("its end", || firing(&mon)?.is_empty().then_some(()));
    let over = wait("the command", || noted(&file).into_iter().find(|it| it["news"] == "resolved"));
    assert_eq!(over["thread"], began["thread"]);
    assert_ne!(over["dedup_key"], began["dedup_key"]);
    let heard = beats.load(Ordering::Relaxed);
    wait("more heartbeats", || (beats.load(Ordering::Relaxed) > heard).then_some(()));
    assert!(server.console.api("/alerts")["heartbeat"]["taken_at"].is_string());
}
