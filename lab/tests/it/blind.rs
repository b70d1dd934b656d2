//! Goal: when the server is dead or hangs, an agent says so, says what it sees meanwhile, and says when it is over;
//! when the agent is the one who is cut off, it says that, and accuses nobody.
//!
//! ```text
//!     mon (blackstart) ─── core ─── outside (the agent)
//!                            │ └─── web (nginx)
//!                           mail (postfix)
//! ```
//!
//! Method: SIGKILL and SIGSTOP for the server, and the cable of the agent taken down at the router. The agent tells by
//! mail through a real Postfix, and by a command, which needs no network.

use crate::ways_out::{note, noted};
use blackstart_lab::{Agent, Daemon, Host, Lab, Mailbox, Server, is_possible, wait};
use serde_json::Value;
use std::path::PathBuf;

const PROGRAMS: &[&str] = &["ip", "sysctl", "nginx", "postfix", "chown"];

struct Blind {
    _lab: Lab,
    core: Host,
    outside: Host,
    outside_wire: String,
    mon: Host,
    plant: PathBuf,
    nginx: Option<Daemon>,
    mailbox: Mailbox,
    noted: PathBuf,
    program: PathBuf,
}

impl Blind {
    fn new() -> Self {
        Self::seen_from("outside")
    }

    /// The same with its one check put from there.
    fn seen_from(vantage: &str) -> Self {
        let lab = Lab::new();
        let core = lab.router("core");
        let hosts = ["mon", "mail", "web", "outside"].map(|name| lab.host(name));
        let mut wires = Vec::new();
        for (host, net) in hosts.iter().zip(0..) {
            let (up, down) = (format!("10.73.{net}.1/24"), format!("10.73.{net}.2/24"));
            wires.push(lab.wire((&core, &up), (host, &down)).0);
            host.ip(&["route", "add", "default", "via", &format!("10.73.{net}.1")]);
        }
        let [mon, mail, web, outside] = hosts;
        let nginx = Some(Daemon::nginx(&web, "10.73.2.2", &[8000]));
        let mailbox = Mailbox::postfix(&mail, "10.73.1.2");
        let plant = lab.folder().join("plant.yaml");
        let text = "blackstart: 1
name: blind
timezone: UTC
vantages:
  outside: { way_out: [ { icmp: 10.73.3.1, echoes: 1 } ], silent_after: 2 s, alerts: true }
services:
  shop: { checks: [ { http: 'http://10.73.2.2:8000/', every: 1s, from: [VANTAGE] } ] }
";
        std::fs::write(&plant, text.replace("VANTAGE", vantage)).expect("a plant");
        let (program, noted) = note(lab.folder());
        let outside_wire = wires.pop().expect("four wires");
        Self { _lab: lab, core, outside, outside_wire, mon, plant, nginx, mailbox, noted, program }
    }

    fn serve(&self) -> Server {
        Server::start(&self.mon, &self.plant, &["--agents-listen", "10.73.0.2:8482"])
    }

    fn agent(&self, server: &Server) -> Agent {
        let more = format!(
            "alert_after = 5 s\nalert_mail = oncall@example.net\nalert_mail_relay = 10.73.1.2:25\n\
             alert_mail_from = agent@example.net\nalert_mail_tls = none\nalert_command = {}\n",
            self.program.display()
        );
        let agent =
            Agent::configured(&self.outside, "outside", server.data(), "10.73.0.2:8482", &more);
        server.console.wait_until_all_up();
        agent
    }

    /// What the command was told, by its news.
    fn told(&self) -> Vec<String> {
        noted(&self.noted)
            .iter()
            .map(|it| it["news"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    fn waits_for(&self, news: &str) -> Value {
        wait(news, || noted(&self.noted).into_iter().find(|it| it["news"] == news))
    }

    fn mails(&self) -> Vec<String> {
        let subject = |mail: &String| {
            let line = mail.lines().find_map(|line| line.strip_prefix("X-Blackstart-News: "));
            line.unwrap_or_default().to_owned()
        };
        self.mailbox.messages().iter().map(subject).collect()
    }
}

#[test]
fn a_killed_server_is_told_by_its_agent_and_so_is_its_return() {
    if !is_possible(PROGRAMS) {
        return;
    }
    let mut blind = Blind::new();
    let server = blind.serve();
    let _agent = blind.agent(&server);
    blind.nginx.take().expect("it runs").kill();
    server.kill();
    let told = blind.waits_for("server-silent");
    let text = told["text"].as_str().expect("words");
    assert!(text.contains("way out:   proved"), "{text}");
    assert!(text.contains("1 of 1 checks are down") && text.contains("shop/http"), "{text}");
    wait("the mail", || (blind.mails() == ["server-silent"]).then_some(()));
    let server = blind.serve();
    let over = blind.waits_for("server-heard");
    assert_eq!(over["thread"], told["thread"]);
    wait("the second mail", || (blind.mails() == ["server-silent", "server-heard"]).then_some(()));
    wait("what was seen meanwhile", || server.console.confirmed().into_iter().next());
    assert_eq!(blind.told(), ["server-silent", "server-heard"], "once, and its end");
}

#[test]
fn a_server_that_hangs_is_silent_too() {
    if !is_possible(PROGRAMS) {
        return;
    }
    let mut blind = Blind::new();
    let server = blind.serve();
    let _agent = blind.agent(&server);
    server.halt(true);
    // Something to tell, which nobody takes.
    blind.nginx.take().expect("it runs").kill();
    let told = blind.waits_for("server-silent");
    assert!(told["text"].as_str().expect("words").contains("way out:   proved"), "{told:#}");
    server.halt(false);
    blind.waits_for("server-heard");
    assert_eq!(blind.told(), ["server-silent", "server-heard"]);
}

#[test]
fn a_server_that_hangs_is_silent_to_an_agent_without_checks_and_one_at_work_is_not() {
    if !is_possible(PROGRAMS) {
        return;
    }
    let blind = Blind::seen_from("here");
    let server = blind.serve();
    let _agent = blind.agent(&server);
    let log = |host: &Host, name: &str| {
        std::fs::read_to_string(host.folder().join(name)).unwrap_or_default()
    };
    wait("the agent", || log(&blind.mon, "serve.log").contains("speaks as").then_some(()));
    // It is heard for much longer than `alert_after`, with nothing to tell.
    let rounds = || {
        let metrics = server.console.get("/metrics").map(|(body, _)| body).unwrap_or_default();
        let mut lines = metrics.lines();
        let met = lines.find_map(|line| line.strip_prefix("blackstart_start_lag_seconds_count "));
        met.and_then(|met| met.parse::<u64>().ok()).unwrap_or(0)
    };
    wait("ten rounds of the check", || (rounds() >= 10).then_some(()));
    assert_eq!(blind.told(), Vec::<String>::new());
    server.halt(true);
    let told = blind.waits_for("server-silent");
    let text = told["text"].as_str().expect("words");
    assert!(text.contains("way out:   proved") && text.contains("nothing to ask"), "{text}");
    server.halt(false);
    blind.waits_for("server-heard");
    assert_eq!(blind.told(), ["server-silent", "server-heard"]);
}

#[test]
fn an_agent_that_is_cut_off_says_that_and_accuses_nobody() {
    if !is_possible(PROGRAMS) {
        return;
    }
    let blind = Blind::new();
    let server = blind.serve();
    let _agent = blind.agent(&server);
    blind.core.ip(&["link", "set", &blind.outside_wire, "down"]);
    let told = blind.waits_for("agent-cut-off");
    let text = told["text"].as_str().expect("words");
    assert!(text.contains("Whether the server is well is not known from here"), "{text}");
    blind.core.ip(&["link", "set", &blind.outside_wire, "up"]);
    blind.waits_for("server-heard");
    server.console.wait_until_all_up();
    assert_eq!(blind.told(), ["agent-cut-off", "server-heard"], "nothing was said of the server");
    assert!(!blind.mails().iter().any(|news| news == "server-silent"), "{:?}", blind.mails());
}
