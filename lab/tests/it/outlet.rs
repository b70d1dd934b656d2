//! Goal: the outlets and the current of a power strip are seen by its own agent. An outlet that is switched off is
//! the cause of what goes dark behind it, and a strip that carries too much is named before its breaker does it.
//!
//! ```text
//!   feed-a ── pdu-a (snmpd) ──┬── outlet-7 ── web-1 (nginx) ──┬── sw ── mon (blackstart)
//!                             └── outlet-8 ── web-2 (nginx) ──┘
//! ```
//!
//! Method: Net-SNMP's agent with the objects of an APC strip (PowerNet-MIB), whose numbers are set by the test. The
//! outlet is switched off: its state is `off`, all that runs on the machine behind it is killed, and its link is down.

use blackstart_lab::{Daemon, Lab, Server, Strip, is_possible, wait};
use serde_json::Value;

const PASSWORD: &str = "a password of the lab";

/// `rPDULoadStatusLoad` of the only phase, tenths of an ampere; `rPDUOutletStatusOutletState`, on 1 and off 2.
const LOAD: &str = "1.3.6.1.4.1.318.1.1.12.2.3.1.1.2.1";
const OUTLET: &str = "1.3.6.1.4.1.318.1.1.12.3.5.1.1.4";

const PLANT: &str = "
blackstart: 1
name: strips
timezone: UTC
here: { at: sw }
switches: { sw: {} }
feeds: { feed-a: {} }
pdus:
  pdu-a: { fed_by: feed-a, checks: [ { ASK, get: { oid: rPDULoadStatusLoad.1, at_most: 12.8 }, every: 1 s } ] }
outlets:
  outlet-7: { fed_by: pdu-a, checks: [ { ASK, get: { oid: rPDUOutletStatusOutletState.7, is: \"on\" }, every: 1 s } ] }
  # The same by its digits, as of a make whose names are not known.
  outlet-8:
    fed_by: pdu-a
    checks: [ { ASK, get: { oid: 1.3.6.1.4.1.318.1.1.12.3.5.1.1.4.8, is: 1, name: outlet 8 }, every: 1 s } ]
servers:
  web-1: { power: outlet-7, network: sw }
  web-2: { power: outlet-8, network: sw }
services:
  page-1: { on: web-1, checks: [ { http: \"http://10.78.0.11/\", every: 1 s } ] }
  page-2: { on: web-2, checks: [ { http: \"http://10.78.0.12/\", every: 1 s } ] }
";

const ASK: &str = "snmp: 10.78.0.5, user: watcher, auth: { sha256: { secret: snmp } }, \
                   privacy: { aes128: { secret: snmp } }";

/// What a check says now.
fn check(server: &Server, key: &str) -> Option<Value> {
    let checks = server.console.api("/checks");
    let check = checks["checks"].as_array()?.iter().find(|check| check["key"] == key)?.clone();
    Some(check["from"][0].clone())
}

/// What an incident is held to be caused by.
fn causes(incident: &Value) -> Vec<&str> {
    let causes = incident["cause"].as_array().into_iter().flatten();
    causes.filter_map(|cause| cause["component"].as_str()).collect()
}

#[test]
fn an_outlet_that_is_off_is_the_cause_and_a_strip_that_carries_too_much_is_named() {
    if !is_possible(&["ip", "snmpd", "nginx"]) {
        return;
    }
    let lab = Lab::new();
    let sw = lab.switch("sw");
    let member = |name: &str, last: u8| {
        let host = lab.host(name);
        let (port, _) = lab.wire((&sw, ""), (&host, &format!("10.78.0.{last}/24")));
        (host, port)
    };
    let (host, _) = member("mon", 2);
    let strip = Strip::start(&member("pdu-a", 5).0, "10.78.0.5", PASSWORD);
    strip.set(LOAD, "gauge", 104);
    strip.set(&format!("{OUTLET}.7"), "integer", 1);
    strip.set(&format!("{OUTLET}.8"), "integer", 1);
    let (machine, port) = member("web-1", 11);
    let _web_1 = Daemon::nginx(&machine, "10.78.0.11", &[80]);
    let _web_2 = Daemon::nginx(&member("web-2", 12).0, "10.78.0.12", &[80]);
    host.set("BLACKSTART_SECRET_SNMP", PASSWORD);
    let plant = host.folder().join("plant.yaml");
    std::fs::write(&plant, PLANT.replace("ASK", ASK)).expect("a plant");
    let server = Server::start(&host, &plant, &[]);
    server.console.wait_until_all_up();
    let load = check(&server, "pdu-a/snmp").expect("it is asked");
    let expected =
        serde_json::json!([{ "name": "rPDULoadStatusLoad.1", "unit": "A", "value": 10.4 }]);
    assert_eq!(load["readings"], expected);

    // Switched off by somebody at the strip's own page.
    strip.set(&format!("{OUTLET}.7"), "integer", 2);
    machine.kill_all();
    sw.ip(&["link", "set", &port, "down"]);
    let incident = wait("an incident that names the outlet", || {
        let all = server.console.confirmed();
        all.into_iter().find(|incident| causes(incident) == ["outlet-7"])
    });
    let said = check(&server, "outlet-7/snmp").expect("it is asked");
    assert_eq!(
        said["outcome"],
        "down(wrong-value: rPDUOutletStatusOutletState.7 is off(2), expected on)"
    );
    assert_eq!(incident["affected"]["services"], serde_json::json!(["page-1"]), "{incident:#}");
    assert_eq!(check(&server, "outlet-8/snmp").expect("it is asked")["outcome"], "up");

    strip.set(&format!("{OUTLET}.7"), "integer", 1);
    sw.ip(&["link", "set", &port, "up"]);
    let _web_1 = Daemon::nginx(&machine, "10.78.0.11", &[80]);
    server.console.wait_until_all_up();
    wait("the incident to be resolved", || {
        server.console.confirmed().iter().all(|one| one["state"] == "resolved").then_some(())
    });

    // Somebody plugs a heater in: 14.1 A of 16.
    strip.set(LOAD, "gauge", 141);
    wait("the strip to carry too much", || {
        let said = check(&server, "pdu-a/snmp")?;
        let expected =
            "degraded(wrong-value: rPDULoadStatusLoad.1 is 14.1 A, expected at most 12.8)";
        (said["outcome"] == expected).then_some(())
    });
    let named = |one: &Value| causes(one) == ["pdu-a"] && one["cause"][0]["mode"] == "degraded";
    wait("an incident that names the strip", || {
        server.console.confirmed().iter().any(named).then_some(())
    });
    strip.set(LOAD, "gauge", 98);
    server.console.wait_until_all_up();
    wait("that incident to be resolved", || {
        let all = server.console.confirmed();
        all.iter().filter(|one| named(one)).all(|one| one["state"] == "resolved").then_some(())
    });
    wait("the strip to be well", || {
        (check(&server, "pdu-a/snmp")?["readings"][0]["value"] == 9.8).then_some(())
    });
}
