//! What a person can look at when a thing of some kind may have broken: one table, by kind.
//!
//! Each look is a question in the operator's words, with what can be answered, what it costs in minutes for
//! somebody who stands there and for somebody who does not, and how far the answer is trusted. Minutes and
//! trust are chosen by hand, as orders of magnitude: reading a lamp takes two minutes in front of it and
//! twenty by way of people who are called, let in and walk there; what has an address of its own is read from
//! a chair. They hold for the class because only their ratios matter, and those are the same in every building.
//!
//! It decides nothing; [`diagnosis::next`](crate) weighs it. Nothing in it switches, unplugs or resets, but
//! the starting anew of what is seen not to work. Tested: the table in `docs/hands/README.md` is this one, and
//! each kind has its place on one of the pages beside it.

use blackstart_model::kind::Kind;
use blackstart_model::record::{Deed, Saw};

/// One look that a person can take.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Look {
    /// The question, as one says it on the phone; `{}` stands for the thing's name.
    pub ask: &'static str,
    /// What else than "it works" the answer can be. What a look cannot show, it calls working.
    pub shows: &'static [Saw],
    /// What it costs when one stands there, minutes.
    pub on_site: f64,
    /// What it costs from a chair, or by way of somebody who is called, minutes. The plant does not say who
    /// stands where, so this is what is reckoned with.
    pub remotely: f64,
    /// How far the answer is trusted, percent.
    pub trust: u8,
}

impl Look {
    /// The question about this thing.
    #[must_use]
    pub fn about(&self, name: &str) -> String {
        self.ask.replace("{}", name)
    }
}

/// Trust in what a lamp or a lever says, read out over the phone: the wrong one in ten (chosen by hand).
const SEEN: u8 = 90;
/// Trust in what is read from the thing's own pages or counters: it says its name (chosen by hand).
const READ: u8 = 95;
/// Trust in what somebody else says of what is theirs: they hear last and admit late (chosen by hand).
const TOLD: u8 = 80;

const DEAD: &[Saw] = &[Saw::Down];
const DEAD_OR_POOR: &[Saw] = &[Saw::Down, Saw::Degraded];
const DEAD_OR_TURNS: &[Saw] = &[Saw::Down, Saw::Flapping];
const ALL: &[Saw] = &[Saw::Down, Saw::Flapping, Saw::Degraded];

const fn look(
    ask: &'static str,
    shows: &'static [Saw],
    (on_site, remotely): (f64, f64),
    trust: u8,
) -> Look {
    Look { ask, shows, on_site, remotely, trust }
}

/// The looks at a thing of this kind, as in the table; at least one.
pub fn looks(kind: Kind) -> impl Iterator<Item = &'static Look> {
    TABLE.iter().filter(move |(of, _)| *of == kind).map(|(_, look)| look)
}

/// What can be started anew to see whether it comes back, once it is seen not to work, and loses nothing by
/// it but what its memory would have told. None for what might: data half written, other people's work, the
/// trace of the cause.
pub fn experiments(kind: Kind) -> impl Iterator<Item = (Deed, &'static Look)> {
    EXPERIMENTS.iter().filter(move |(of, ..)| *of == kind).map(|(_, deed, look)| (*deed, look))
}

/// Every look, by kind; of each kind the one to begin with first.
const TABLE: &[(Kind, Look)] = &[
    (
        Kind::Site,
        look(
            "call the desk of {}: has it power, and is all well there?",
            DEAD_OR_POOR,
            (1.0, 5.0),
            TOLD,
        ),
    ),
    (
        Kind::Room,
        look(
            "look into {}: are the machines on, is it cool and dry?",
            DEAD_OR_POOR,
            (3.0, 20.0),
            SEEN,
        ),
    ),
    (Kind::Rack, look("look at {}: are its lamps lit?", DEAD, (2.0, 20.0), SEEN)),
    (
        Kind::Cooling,
        look(
            "look at the display of {}: does it run, and how warm is the air?",
            ALL,
            (3.0, 20.0),
            SEEN,
        ),
    ),
    (
        Kind::Feed,
        look("read the meter where {} comes in: is the voltage there?", DEAD, (3.0, 20.0), SEEN),
    ),
    (
        Kind::Feed,
        look(
            "read the event log of what stands on {}: did the voltage go and come?",
            DEAD_OR_TURNS,
            (8.0, 10.0),
            READ,
        ),
    ),
    (
        Kind::Ups,
        look(
            "look at the display or page of {}: is its output on, from mains or battery?",
            DEAD_OR_POOR,
            (2.0, 4.0),
            READ,
        ),
    ),
    (
        Kind::Ups,
        look(
            "read the event log of {}: does it change over again and again?",
            ALL,
            (6.0, 8.0),
            READ,
        ),
    ),
    (
        Kind::Generator,
        look(
            "look at {}: does it run, and is its breaker closed?",
            DEAD_OR_POOR,
            (5.0, 20.0),
            SEEN,
        ),
    ),
    (
        Kind::TransferSwitch,
        look("look at the panel of {}: which source carries the load?", DEAD, (3.0, 20.0), SEEN),
    ),
    (
        Kind::TransferSwitch,
        look(
            "read the event log of {}: does it change over to and fro?",
            DEAD_OR_TURNS,
            (6.0, 8.0),
            READ,
        ),
    ),
    (Kind::Pdu, look("look at the power lamp of {}: is it lit?", DEAD, (2.0, 20.0), SEEN)),
    (Kind::Breaker, look("look at the lever of {}: is it on?", DEAD, (2.0, 20.0), SEEN)),
    (
        Kind::Outlet,
        look("look at what is plugged into {}: is its lamp lit?", DEAD, (2.0, 20.0), SEEN),
    ),
    (
        Kind::Psu,
        look(
            "read the sensors of the machine of {} (`ipmitool sdr`): does {} give power?",
            DEAD_OR_POOR,
            (4.0, 4.0),
            READ,
        ),
    ),
    (Kind::Psu, look("look at the lamp of {}: is it green?", DEAD_OR_POOR, (2.0, 20.0), SEEN)),
    (
        Kind::Server,
        look(
            "look at the console of {}: is there a login, or a panic?",
            DEAD_OR_POOR,
            (3.0, 4.0),
            READ,
        ),
    ),
    (Kind::Server, look("look at the power lamp of {}: is it lit?", DEAD, (2.0, 20.0), SEEN)),
    (
        Kind::Server,
        look(
            "read the kernel log and the event log of {}: does it reset, or count errors?",
            ALL,
            (8.0, 8.0),
            READ,
        ),
    ),
    (Kind::Bmc, look("open the page of {}: does it answer?", DEAD, (2.0, 2.0), READ)),
    (
        Kind::Nic,
        look(
            "read the error counters of {} twice, a minute apart (`ethtool -S`): do they grow?",
            DEAD_OR_TURNS,
            (4.0, 4.0),
            READ,
        ),
    ),
    (Kind::Nic, look("look at the link lamp of {}: is it lit?", DEAD, (2.0, 20.0), SEEN)),
    (
        Kind::Switch,
        look(
            "read the log and the error counters of {} by its console port: do ports come and go?",
            ALL,
            (5.0, 6.0),
            READ,
        ),
    ),
    (Kind::Switch, look("look at {}: are its lamps lit and flickering?", DEAD, (2.0, 20.0), SEEN)),
    (
        Kind::Router,
        look(
            "log in to {}: does it answer, and are its neighbours up?",
            DEAD_OR_POOR,
            (4.0, 4.0),
            READ,
        ),
    ),
    (
        Kind::Router,
        look("read the log of {}: do neighbours or ports come and go?", ALL, (6.0, 6.0), READ),
    ),
    (
        Kind::Firewall,
        look(
            "log in to {}: does it answer, is its session table full?",
            DEAD_OR_POOR,
            (4.0, 4.0),
            READ,
        ),
    ),
    (
        Kind::Firewall,
        look("read the log of {}: does it change over, or drop in bursts?", ALL, (6.0, 6.0), READ),
    ),
    (
        Kind::LoadBalancer,
        look(
            "open the page of {}: does it run, which back ends are in?",
            DEAD_OR_POOR,
            (3.0, 3.0),
            READ,
        ),
    ),
    (
        Kind::LoadBalancer,
        look("read the log of {}: do back ends go out and in?", ALL, (6.0, 6.0), READ),
    ),
    (
        Kind::Link,
        look(
            "read the counters at both ends of {}: errors, light, changes?",
            ALL,
            (5.0, 6.0),
            READ,
        ),
    ),
    (Kind::Link, look("look at both ends of {}: are the link lamps lit?", DEAD, (4.0, 20.0), SEEN)),
    (
        Kind::Vip,
        look(
            "ask who holds {} (`arping`), some times: does exactly one answer, always the same?",
            ALL,
            (2.0, 2.0),
            READ,
        ),
    ),
    (
        Kind::Upstream,
        look(
            "look at a looking glass beyond {}: do our blocks come in through it?",
            DEAD_OR_POOR,
            (3.0, 3.0),
            READ,
        ),
    ),
    (Kind::Upstream, look("call the desk of {}: do they see a fault?", ALL, (15.0, 15.0), TOLD)),
    (
        Kind::Prefix,
        look(
            "look {} up at several looking glasses: is it there, and from our own AS?",
            DEAD_OR_POOR,
            (3.0, 3.0),
            READ,
        ),
    ),
    (
        Kind::Hypervisor,
        look(
            "log in to {}: do its guests run, are memory and disk left?",
            DEAD_OR_POOR,
            (3.0, 3.0),
            READ,
        ),
    ),
    (
        Kind::Hypervisor,
        look("read the kernel log of {}: resets, stalls, errors in turns?", ALL, (6.0, 6.0), READ),
    ),
    (
        Kind::Vm,
        look(
            "open the console of {} on its host: is there a login, or a panic?",
            DEAD_OR_POOR,
            (3.0, 3.0),
            READ,
        ),
    ),
    (
        Kind::Vm,
        look("read the log of {}: does it start again and again?", DEAD_OR_TURNS, (5.0, 5.0), READ),
    ),
    (
        Kind::Container,
        look(
            "look at {} on its host: does it run, and since when?",
            DEAD_OR_TURNS,
            (2.0, 2.0),
            READ,
        ),
    ),
    (
        Kind::Storage,
        look(
            "open the page of {}: does it serve, is an array degraded or rebuilding?",
            DEAD_OR_POOR,
            (4.0, 4.0),
            READ,
        ),
    ),
    (
        Kind::Storage,
        look("read the event log of {}: do paths or disks come and go?", ALL, (6.0, 6.0), READ),
    ),
    (
        Kind::Disk,
        look(
            "read `smartctl -a` and the kernel log of {}: errors, resets, sectors pending?",
            ALL,
            (4.0, 4.0),
            READ,
        ),
    ),
    (
        Kind::Disk,
        look("look at the lamp of {}: is it amber, or dark?", DEAD_OR_POOR, (2.0, 20.0), SEEN),
    ),
    (
        Kind::Database,
        look(
            "log in to {} on its machine and ask it something small: does it answer?",
            DEAD_OR_POOR,
            (3.0, 3.0),
            READ,
        ),
    ),
    (
        Kind::Database,
        look(
            "read the log of {}: does it restart, or run out of something?",
            ALL,
            (5.0, 5.0),
            READ,
        ),
    ),
    (
        Kind::Service,
        look("look on its machine: does {} run, and since when?", DEAD_OR_TURNS, (3.0, 3.0), READ),
    ),
    (
        Kind::Service,
        look("read the log of {}: what does it complain of last?", ALL, (5.0, 5.0), READ),
    ),
    (
        Kind::Website,
        look("open {} yourself, some times: does it come, whole?", ALL, (1.0, 1.0), SEEN),
    ),
    (
        Kind::Job,
        look(
            "look at the last runs of {}: did they end, and how?",
            DEAD_OR_TURNS,
            (2.0, 2.0),
            READ,
        ),
    ),
    (
        Kind::Certificate,
        look(
            "look at {} as it is served (`openssl s_client`): its names, its dates, its chain?",
            DEAD_OR_POOR,
            (2.0, 2.0),
            READ,
        ),
    ),
    (
        Kind::File,
        look(
            "look at {} on its machine: is it there, whose is it, since when is it so?",
            DEAD_OR_POOR,
            (2.0, 2.0),
            READ,
        ),
    ),
    (
        Kind::Backup,
        look(
            "list the newest snapshots of {}: how old, how large?",
            DEAD_OR_POOR,
            (4.0, 4.0),
            READ,
        ),
    ),
    (
        Kind::Monitor,
        look(
            "ask {} when it last looked at anything: does it run?",
            DEAD_OR_TURNS,
            (2.0, 2.0),
            READ,
        ),
    ),
    (
        Kind::Customer,
        look("call {}: does it work for them, and what do they see?", ALL, (10.0, 10.0), TOLD),
    ),
    (Kind::Component, look("look at {}: does it work?", ALL, (5.0, 10.0), SEEN)),
];

const EXPERIMENTS: &[(Kind, Deed, Look)] = &[
    (
        Kind::Bmc,
        Deed::Rebooted,
        look(
            "reset {} from its host (`ipmitool mc reset cold`; the host runs on): does it come back?",
            DEAD,
            (5.0, 5.0),
            READ,
        ),
    ),
    (Kind::Container, Deed::Restarted, RESTART),
    (Kind::Service, Deed::Restarted, RESTART),
    (Kind::Monitor, Deed::Restarted, RESTART),
];

const RESTART: Look = look(
    "read the last lines of its log, then restart {}: does it come back, and stay?",
    DEAD_OR_TURNS,
    (4.0, 4.0),
    READ,
);

/// The look at a vantage.
pub const VANTAGE: Look =
    look("on the machine of {}: does it reach anything outside?", DEAD, (3.0, 4.0), READ);

/// The look at a check that may be wrong.
pub const CHECK: Look =
    look("do by hand what {} does: do you see the same?", DEAD_OR_TURNS, (2.0, 2.0), READ);

/// The look at an address block's way through one upstream.
pub const CARRIAGE: Look =
    look("look at a looking glass for {}: does it arrive with us?", DEAD_OR_POOR, (3.0, 3.0), READ);

/// The page in `docs/hands/` that tells of this kind; its place there is the kind's own name.
#[must_use]
pub const fn page(kind: Kind) -> &'static str {
    match kind {
        Kind::Site | Kind::Room | Kind::Rack | Kind::Cooling => "places.md",
        Kind::Feed
        | Kind::Ups
        | Kind::Generator
        | Kind::TransferSwitch
        | Kind::Pdu
        | Kind::Breaker
        | Kind::Outlet
        | Kind::Psu => "power.md",
        Kind::Nic
        | Kind::Switch
        | Kind::Router
        | Kind::Firewall
        | Kind::LoadBalancer
        | Kind::Link
        | Kind::Vip
        | Kind::Upstream
        | Kind::Prefix => "network.md",
        Kind::Server | Kind::Bmc | Kind::Hypervisor | Kind::Storage | Kind::Disk => "machines.md",
        Kind::Vm
        | Kind::Container
        | Kind::Database
        | Kind::Service
        | Kind::Website
        | Kind::Job
        | Kind::Certificate
        | Kind::File
        | Kind::Backup
        | Kind::Monitor
        | Kind::Customer
        | Kind::Component => "software.md",
    }
}
