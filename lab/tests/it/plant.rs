//! Two racks, a switch in each, a router above them, and the world outside.
//!
//! ```text
//!                outside ─── core ─── mon (blackstart)      mail (postfix)
//!                             │ │ └──────────────────────────┘
//!                        switch-1 switch-2
//!                         │    │    │ │ │ │ │
//!                      s-1  rack-1  s-2 … s-6      two services on each of s-2 … s-6
//! ```

use blackstart_lab::{Agent, Daemon, Host, Lab, Mailbox, Server};
use std::fmt::Write as _;
use std::path::PathBuf;

/// Everything of it that a scenario touches.
pub(crate) struct Racks {
    pub(crate) lab: Lab,
    core: Host,
    mon_wire: String,
    outside_wire: String,
    switches: [Host; 2],
    mon: Host,
    rack_1: Host,
    outside: Host,
    pub(crate) mailbox: Mailbox,
    pub(crate) plant: PathBuf,
    daemons: Vec<Daemon>,
}

pub(crate) const PROGRAMS: &[&str] = &["ip", "sysctl", "nginx", "unbound", "postfix", "chown"];

impl Racks {
    pub(crate) fn new() -> Self {
        let lab = Lab::new();
        let core = lab.router("core");
        let switches = [lab.switch("switch-1"), lab.switch("switch-2")];
        let (mon, mail, outside) = (lab.host("mon"), lab.host("mail"), lab.host("outside"));
        let (mon_wire, _) = lab.wire((&core, "10.71.0.1/24"), (&mon, "10.71.0.2/24"));
        lab.wire((&core, "10.71.8.1/24"), (&mail, "10.71.8.2/24"));
        let (outside_wire, _) = lab.wire((&core, "10.71.9.1/24"), (&outside, "10.71.9.2/24"));
        lab.wire((&core, "10.71.1.1/24"), (&switches[0], ""));
        lab.wire((&core, "10.71.2.1/24"), (&switches[1], ""));
        mon.ip(&["route", "add", "default", "via", "10.71.0.1"]);
        mail.ip(&["route", "add", "default", "via", "10.71.8.1"]);
        outside.ip(&["route", "add", "default", "via", "10.71.9.1"]);
        let member = |name: &str, rack: usize, last: u8| {
            let host = lab.host(name);
            let address = format!("10.71.{}.{last}", rack + 1);
            lab.wire((&switches[rack], ""), (&host, &format!("{address}/24")));
            host.ip(&["route", "add", "default", "via", &format!("10.71.{}.1", rack + 1)]);
            (host, address)
        };
        let mut daemons = Vec::new();
        let (s_1, at) = member("s-1", 0, 11);
        daemons.push(Daemon::unbound(&s_1, &at, "www.example.net", "192.0.2.7"));
        let (rack_1, _) = member("rack-1", 0, 99);
        for number in 2..=6 {
            let (host, at) = member(&format!("s-{number}"), 1, 10 + number);
            daemons.push(Daemon::nginx(&host, &at, &[8000, 8001]));
        }
        let mailbox = Mailbox::postfix(&mail, "10.71.8.2");
        let plant = lab.folder().join("plant.yaml");
        std::fs::write(&plant, text()).expect("a plant");
        Self {
            lab,
            core,
            mon_wire,
            outside_wire,
            switches,
            mon,
            rack_1,
            outside,
            mailbox,
            plant,
            daemons,
        }
    }

    /// The server, and an agent in rack 1 and outside.
    pub(crate) fn watch(&self) -> (Server, [Agent; 2]) {
        let server = self.serve_again();
        let agent = |host: &Host, name| Agent::start(host, name, server.data(), "10.71.0.2:8482");
        let agents = [agent(&self.rack_1, "rack-1"), agent(&self.outside, "outside")];
        server.console.wait_until_all_up();
        (server, agents)
    }

    /// The server, on the journal that is there.
    pub(crate) fn serve_again(&self) -> Server {
        Server::start(&self.mon, &self.plant, &["--agents-listen", "10.71.0.2:8482"])
    }

    /// The server alone, from whose place everything is up.
    pub(crate) fn watch_alone(&self) -> Server {
        // Without agents to wait for: their vantages are not in this plant.
        let text = std::fs::read_to_string(&self.plant).expect("the plant");
        let own: Vec<&str> = text
            .lines()
            .filter(|line| !(line.contains("agent:") || *line == "vantages:"))
            .collect();
        let own = own.join("\n").replace(", from: [here, rack-1, outside]", "");
        std::fs::write(&self.plant, own).expect("a plant");
        let server = Server::start(&self.mon, &self.plant, &[]);
        server.console.wait_until_all_up();
        server
    }

    /// The cable between the router and the server that watches, or the world outside.
    pub(crate) fn cut_watcher(&self, up: bool) {
        self.core.ip(&["link", "set", &self.mon_wire, if up { "up" } else { "down" }]);
    }

    /// The cable to the world outside, where a vantage stands.
    pub(crate) fn cut_outside(&self, up: bool) {
        self.core.ip(&["link", "set", &self.outside_wire, if up { "up" } else { "down" }]);
    }

    /// A rack's switch loses its power.
    pub(crate) fn cut(&self, rack: usize) {
        self.switches[rack].ip(&["link", "set", "br0", "down"]);
    }

    pub(crate) fn heal(&self, rack: usize) {
        self.switches[rack].ip(&["link", "set", "br0", "up"]);
    }

    /// The web server of the last host dies.
    pub(crate) fn kill_last_web_server(&mut self) {
        self.daemons.pop().expect("there are daemons").kill();
    }
}

fn text() -> String {
    let mut text = String::from(
        "blackstart: 1
name: two-racks
timezone: Europe/Amsterdam
upstreams: { transit: { provides: internet } }
routers: { core: { network: transit } }
switches: { switch-1: { network: core }, switch-2: { network: core } }
here: { at: mon, way_out: [ { icmp: 10.71.0.1, echoes: 1 } ] }
vantages:
  rack-1: { at: switch-1, agent: rack-1, way_out: [ { icmp: 10.71.1.1, echoes: 1 } ] }
  outside: { agent: outside, way_out: [ { icmp: 10.71.9.1, echoes: 1 } ] }
alerts: { mail: { relay: '10.71.8.2:25', from: blackstart@example.net, to: [oncall@example.net], tls: none } }
servers:
  mon: { network: core }
  s-1: { network: switch-1 }
",
    );
    for server in 2..=6 {
        writeln!(text, "  s-{server}: {{ network: switch-2 }}").expect("a String takes everything");
    }
    text.push_str(
        "services:
  names:
    on: s-1
    checks: [ { dns: 10.71.1.11, query: 'www.example.net A', records: { has: 192.0.2.7 },
                every: 5s, deadline: 2s, from: [here, rack-1, outside] } ]
",
    );
    for service in 0..10 {
        let server = 2 + service / 2;
        writeln!(
            text,
            "  web-{service}: {{ on: s-{server}, checks: [ {{ http: 'http://10.71.2.{}:{}/', \
             body: {{ contains: 'hello from s-{server}' }}, every: 5s, deadline: 2s, \
             from: [here, rack-1, outside] }} ] }}",
            10 + server,
            8000 + service % 2
        )
        .expect("a String takes everything");
    }
    text.push_str("customers: { acme: { uses: [web-3, web-7] } }\n");
    text
}
