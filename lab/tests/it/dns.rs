//! Goal: a name server that answers with another address is down for those who need the right one, and
//! the answer it gave is told; and what no datagram holds is read over TCP.
//!
//! Method: a real unbound with other data than the plant expects.

use blackstart_lab::{Daemon, Lab, Server, is_possible, wait};

#[test]
fn a_wrong_record_is_told_with_what_came_instead() {
    if !is_possible(&["ip", "unbound"]) {
        return;
    }
    let lab = Lab::new();
    let host = lab.host("names");
    let _unbound = Daemon::unbound(&host, "127.0.0.1", "www.example.net", "192.0.2.66");
    let plant = lab.folder().join("plant.yaml");
    let check = |name: &str, expected: &str| {
        format!(
            "  {name}: {{ checks: [ {{ dns: 127.0.0.1, query: 'www.example.net A', \
             records: {{ exactly: [{expected}] }}, every: 1s }} ] }}\n"
        )
    };
    let text = format!(
        "blackstart: 1\nname: names\ntimezone: UTC\nservices:\n{}{}  gone: {{ checks: [ {{ dns: 127.0.0.1, \
         query: 'nobody.www.example.net A', rcode: NXDOMAIN, every: 1s }} ] }}\n  big: {{ checks: [ {{ \
         dns: 127.0.0.1, query: 'big.www.example.net TXT', records: {{ at_least: 1 }}, every: 1s }} ] }}\n",
        check("right", "192.0.2.66"),
        check("wrong", "192.0.2.7")
    );
    std::fs::write(&plant, text).expect("a plant");
    let server = Server::start(&host, &plant, &[]);
    let said = wait("every check to have spoken", || {
        let checks = server.console.api("/checks")["checks"].as_array().cloned()?;
        let said: Option<Vec<String>> = checks
            .iter()
            .map(|check| check["from"][0]["outcome"].as_str().map(str::to_owned))
            .collect();
        said
    });
    assert_eq!(
        said,
        ["up", "down(wrong-record: A 192.0.2.66, expected exactly `192.0.2.7`)", "up", "up"]
    );
}
