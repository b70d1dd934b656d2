//! Routers and upstreams: a BIRD each, a neighbour for each cable, an AS number for each.
//!
//! Who is nearest to an address block announces it, and the shortest path wins. An upstream that takes a block for
//! its own announces it as well, nearer to the world than its owner, and drops what comes: with this the other
//! upstream is of no use to those who do not stand at it.

use crate::daemons::find;
use crate::namespace::Host;
use blackstart_model::ComponentId;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::process::Stdio;

/// The first of the AS numbers for private use (RFC 6996).
const FIRST_AS: usize = 64_512;

/// One who speaks BGP.
pub(super) struct Speaker {
    host: Host,
    component: Option<ComponentId>,
    number: usize,
    announced: BTreeSet<String>,
    swallowed: BTreeSet<String>,
    neighbours: Vec<Neighbour>,
    running: bool,
}

struct Neighbour {
    own: Ipv4Addr,
    other: Ipv4Addr,
    number: usize,
    /// Blocks that are not announced to it.
    refused: Vec<String>,
}

impl Speaker {
    pub(super) fn new(host: &Host, component: Option<ComponentId>, number: usize) -> Self {
        Self {
            host: host.clone(),
            component,
            number,
            announced: BTreeSet::new(),
            swallowed: BTreeSet::new(),
            neighbours: Vec::new(),
            running: false,
        }
    }

    pub(super) const fn host(&self) -> &Host {
        &self.host
    }

    /// The component it is; none for the internet itself.
    pub(super) const fn component(&self) -> Option<ComponentId> {
        self.component
    }

    pub(super) fn meet(
        &mut self,
        own: Ipv4Addr,
        other: Ipv4Addr,
        number: usize,
        refused: Vec<String>,
    ) {
        self.neighbours.push(Neighbour { own, other, number, refused });
    }

    pub(super) fn announce(&mut self, block: String) {
        self.announced.insert(block);
    }

    /// Takes these blocks for its own, and no others.
    pub(super) fn swallow(&mut self, blocks: BTreeSet<String>) {
        if blocks == self.swallowed {
            return;
        }
        self.swallowed = blocks;
        if self.running {
            self.write();
            let words =
                [self.program("birdc"), "-s".into(), self.file("control"), "configure".into()];
            self.host.run(&words.each_ref().map(String::as_str));
        }
    }

    /// Runs while its machine has power.
    pub(super) fn follow(&mut self, powered: bool) {
        if powered && !self.running {
            self.write();
            let log = std::fs::File::create(self.file("bird.log")).expect("a log");
            let child = self
                .host
                .command(&find("bird").expect("bird is installed"))
                .args(["-f", "-c", &self.file("bird.conf"), "-s", &self.file("control")])
                .stdout(Stdio::null())
                .stderr(log)
                .spawn()
                .expect("bird starts");
            self.host.keep(child);
        }
        self.running = powered;
    }

    fn program(&self, name: &str) -> String {
        find(name).unwrap_or_else(|| panic!("{name} is installed")).to_string_lossy().into_owned()
    }

    fn file(&self, name: &str) -> String {
        self.host.folder().join(name).to_string_lossy().into_owned()
    }

    fn write(&self) {
        let own = |blocks: &BTreeSet<String>, how: &str| -> String {
            blocks.iter().map(|block| format!(" route {block} {how};")).collect()
        };
        let mut text = format!(
            "router id 10.67.255.{};\nprotocol device {{ scan time 1; }}\n\
             protocol kernel {{ ipv4 {{ import none; export where source = RTS_BGP || proto = \"swallowed\"; }}; }}\n\
             protocol static announced {{ ipv4;{} }}\nprotocol static swallowed {{ ipv4;{} }}\n",
            self.number + 1,
            own(&self.announced, "unreachable"),
            own(&self.swallowed, "blackhole"),
        );
        for Neighbour { own, other, number, refused } in &self.neighbours {
            let refuse = match refused.as_slice() {
                [] => String::new(),
                blocks => format!("if net ~ [{}] then reject; ", blocks.join(", ")),
            };
            // Timers as short as they go: what takes minutes outside is seconds here.
            write!(
                text,
                "protocol bgp {{\n  local {own} as {}; neighbor {other} as {};\n  \
                 hold time 6; keepalive time 2; connect delay time 1; connect retry time 1;\n  \
                 error wait time 1, 2; error forget time 2;\n  \
                 ipv4 {{ import all; export filter {{ {refuse}accept; }}; }};\n}}\n",
                FIRST_AS + self.number,
                FIRST_AS + number,
            )
            .expect("a String takes everything");
        }
        std::fs::write(self.file("bird.conf"), text).expect("bird.conf");
    }
}
