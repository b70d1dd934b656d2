//! Goal: what another monitoring system knows is a word in ours: it stands beside what the checks see, and ends when
//! that system says so.
//!
//! Method: Debian's Alertmanager with our webhook as its receiver. An alert about a database that no check of ours
//! looks at is given to it, and resolved.

use blackstart_lab::{Lab, Server, is_possible, wait};
use serde_json::json;
use std::path::Path;
use std::process::Stdio;

const PLANT: &str = "
blackstart: 1
name: told
switches: { sw: {} }
servers: { db-1: { network: sw, address: 10.9.0.5 } }
here: { at: sw }
databases: { orders: { on: db-1 } }
";

const CONFIG: &str = "
route:
  receiver: blackstart
  group_by: [alertname, instance]
  group_wait: 100ms
  group_interval: 200ms
  repeat_interval: 30m
receivers:
  - name: blackstart
    webhook_configs:
      - { url: 'http://127.0.0.1:8480/api/v1/alertmanager', send_resolved: true, max_alerts: 1000 }
";

#[test]
fn an_alertmanager_s_alert_is_a_word_that_it_takes_back() {
    if !is_possible(&["ip", "prometheus-alertmanager"]) {
        return;
    }
    let lab = Lab::new();
    let host = lab.host("alone");
    let write = |name: &str, text: &str| {
        let path = lab.folder().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    };
    let (plant, config) = (write("plant.yaml", PLANT), write("am.yml", CONFIG));
    let server = Server::start(&host, &plant, &[]);
    let manager = host
        .command(Path::new("prometheus-alertmanager"))
        .arg(format!("--config.file={}", config.display()))
        .arg(format!("--storage.path={}", lab.folder().join("am").display()))
        .args(["--web.listen-address=127.0.0.1:9093", "--cluster.listen-address="])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    host.keep(manager);
    let other = server.console.beside(9093);
    let tell = |alert: serde_json::Value| {
        let told = wait("the Alertmanager to take it", || {
            other.post("/api/v2/alerts", &json!([alert]).to_string()).ok()
        });
        assert!(
            told.1.starts_with("HTTP/1.0 200") || told.1.starts_with("HTTP/1.1 200"),
            "{}",
            told.1
        );
    };
    let labels = json!({ "alertname": "MySQLDown", "instance": "orders", "severity": "critical" });
    let words = json!({ "summary": "no answer for 2 min" });
    tell(json!({ "labels": labels, "annotations": words }));
    let said = |saw: &str| {
        let journal = server.console.journal();
        let of =
            journal.iter().filter(|entry| entry.to_string().contains("alertmanager/MySQLDown"));
        of.filter(|entry| entry.to_string().contains(&format!("\"{saw}\""))).count()
    };
    wait("the word to be in the journal", || (said("down") > 0).then_some(()));
    let cause = wait("an incident about it", || {
        let incidents = server.console.api("/incidents");
        let first = incidents["incidents"].as_array()?.first()?.clone();
        first["sentence"].as_str().map(str::to_owned)
    });
    assert!(cause.contains("orders"), "{cause}");
    tell(json!({ "labels": labels, "annotations": words, "endsAt": "2020-01-01T00:00:00Z" }));
    wait("the word to be taken back", || (said("up") > 0).then_some(()));
}
