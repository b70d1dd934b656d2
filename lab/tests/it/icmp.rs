//! Goal: lost echoes, no echo and a router's refusal are three things, each said with its particulars.
//!
//! Method: nftables of the target drops every second echo request, or all; the router between has an
//! unreachable route.

use blackstart_lab::{Host, Lab, Server, is_possible, wait};

#[test]
fn loss_silence_and_refusal_are_told_apart() {
    if !is_possible(&["ip", "sysctl", "nft"]) {
        return;
    }
    let lab = Lab::new();
    let (mon, router) = (lab.host("mon"), lab.router("router"));
    let (lossy, silent) = (lab.host("lossy"), lab.host("silent"));
    lab.wire((&router, "10.72.0.1/24"), (&mon, "10.72.0.2/24"));
    lab.wire((&router, "10.72.1.1/24"), (&lossy, "10.72.1.2/24"));
    lab.wire((&router, "10.72.2.1/24"), (&silent, "10.72.2.2/24"));
    for (host, gateway) in [(&mon, "10.72.0.1"), (&lossy, "10.72.1.1"), (&silent, "10.72.2.1")] {
        host.ip(&["route", "add", "default", "via", gateway]);
    }
    router.ip(&["route", "add", "unreachable", "10.72.9.9/32"]);
    for (host, which) in [(&lossy, "numgen inc mod 2 0 drop"), (&silent, "drop")] {
        host.run(&["nft", "add", "table", "ip", "lab"]);
        host.run(&["nft", "add chain ip lab in { type filter hook input priority 0; }"]);
        host.run(&["nft", &format!("add rule ip lab in icmp type echo-request {which}")]);
    }
    let said = [("lossy", "10.72.1.2"), ("silent", "10.72.2.2"), ("refused", "10.72.9.9")]
        .map(|(name, at)| first_word(&lab, &mon, name, at));
    assert_eq!(
        said,
        [
            "degraded echo-loss: 2 of 4 lost",
            "down no-echo: none of 4 from 10.72.2.2",
            "down unreachable: 10.72.9.9, says 10.72.0.1",
        ]
    );
}

/// What a server with this one check says of it first. Alone, for the failure of one check asks the others at
/// once: two trains of echoes, and the one that is dropped of every two may be all of one train.
fn first_word(lab: &Lab, mon: &Host, name: &str, at: &str) -> String {
    let plant = lab.folder().join(format!("{name}.yaml"));
    let text = format!(
        "blackstart: 1\nname: echoes\ntimezone: UTC\nservices:\n  {name}: {{ checks: [ {{ icmp: {at}, \
         echoes: 4, spacing: 20ms, every: 2s, deadline: 1s }} ] }}\n"
    );
    std::fs::write(&plant, text).expect("a plant");
    let server = Server::start(mon, &plant, &[]);
    let check = format!("{name}/icmp");
    // The first: a router limits the errors it sends, and may be silent the second time.
    let said = wait(&check, || {
        let journal = server.console.journal();
        let seen = journal.iter().find(|entry| entry["body"]["check"] == *check)?;
        let outcome = &seen["body"]["outcome"];
        let word = |name: &str| outcome[name].as_str().unwrap_or_default().to_owned();
        Some(format!("{} {}: {}", word("standing"), word("code"), word("detail")))
    });
    server.kill();
    said
}
