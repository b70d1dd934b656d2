//! What the journal holds: everything that happened ([`Input`]) and everything we decided
//! ([`Decision`]), in one order.
//!
//! `reason::step` consumes exactly these inputs, so its state is a fold of them, and a replay is that
//! fold. Inputs carry names and not dense ids: they outlive the plant they were written under.

use crate::codes::codes;
use crate::id::{AlertId, CheckKey, ComponentName, IncidentId, VantageName};
use crate::incident::IncidentState;
use crate::observation::Observation;
use crate::time::{Duration, Timestamp};

/// Something that happened.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// The process started. Between `alive_until` (the last sign of life in the journal) and now we were blind.
    Started {
        /// The program's version.
        version: String,
        /// The time of the newest record before this one.
        alive_until: Option<Timestamp>,
    },
    /// Between `since` and now nobody looked, though the process did not end: its host slept, or its clock was put
    /// forward.
    Blind {
        /// When the clock was last looked at.
        since: Timestamp,
    },
    /// A plant was loaded, and is judged by from now on.
    PlantLoaded(PlantSource),
    /// A plant was refused; the last good one runs on.
    PlantRefused {
        /// How many findings it had, and the first of them.
        why: String,
    },
    /// A check changed its standing, or a verification answered.
    Observed(Observation),
    /// Steady samples, counted.
    Counted(Counted),
    /// A component was spoken of without a check: by its host, by another system, by a person on the phone.
    Reported(Report),
    /// A vantage is heard from again.
    VantageHeard {
        /// Which.
        vantage: VantageName,
    },
    /// A vantage is silent, or has lost its way out.
    VantageLost {
        /// Which.
        vantage: VantageName,
        /// How.
        how: VantageLoss,
        /// The particulars.
        detail: String,
    },
    /// A person did something.
    Person(PersonInput),
    /// A delivery of an alert is about to be tried.
    AttemptStarted {
        /// Which alert.
        alert: AlertId,
        /// The first is 1.
        attempt: u32,
    },
    /// A delivery was tried.
    AttemptEnded {
        /// Which alert.
        alert: AlertId,
        /// The attempt.
        attempt: u32,
        /// What came of it.
        result: Delivery,
    },
    /// A time that the state had asked to be woken at.
    Tick,
}

/// A plant as text, so that a replay needs nothing but the journal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlantSource {
    /// File name and text, in the order they are read.
    pub files: Vec<(String, String)>,
}

codes! {
    /// How a vantage is lost.
    VantageLoss {
        /// Nothing is heard from its agent.
        Silent = "silent",
        /// It is heard, and its way out fails.
        WayOut = "way-out",
        /// Its token was revoked.
        Revoked = "revoked",
    }
}

/// Steady samples of one vantage over one stretch of time: every check named nowhere else went on as
/// it was.
#[derive(Clone, PartialEq, Debug)]
pub struct Counted {
    /// From where.
    pub vantage: VantageName,
    /// How many tries in all.
    pub tries: u64,
    /// Checks with tries that differed from their standing without changing it: key, tries, differing.
    pub exceptions: Vec<(CheckKey, u32, u32)>,
}

/// What is told of a component without a check of the plant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// Of which.
    pub component: ComponentName,
    /// Who says so: a host's agent, another system, a person. The name of a vantage means: as seen from there.
    pub from: String,
    /// What they saw.
    pub saw: Saw,
    /// How often they looked; at least 1.
    pub tries: u32,
    /// How many of these were bad.
    pub failures: u32,
    /// How far they are trusted, percent; at most 100.
    pub trust: u8,
    /// When it was so.
    pub at: Timestamp,
    /// In their words.
    pub detail: String,
}

impl Report {
    /// How far a machine that reports is trusted when nobody said otherwise, percent (chosen by hand: it
    /// is wrong about as often as one of our checks, and it may speak of another thing than we think).
    pub const TRUST: u8 = 95;

    /// Whether who reports stands before the thing itself, a person or its host; all others (another monitor) see it
    /// from afar, and call down what they do not reach.
    #[must_use]
    pub fn is_on_the_spot(from: &str) -> bool {
        matches!(from, "human" | "on-host")
    }
}

codes! {
    /// What somebody saw of a component.
    Saw {
        /// It works.
        Up = "up",
        /// It does not.
        Down = "down",
        /// It works, and not as it should.
        Degraded = "degraded",
        /// It works and fails in turns.
        Flapping = "flapping",
        /// They looked and cannot tell: what they said before stands no longer.
        Unknown = "unknown",
    }
}

codes! {
    /// What somebody did to a component. It is to mend something: whether it did is for what is seen after
    /// it to say.
    Deed {
        /// Its operating system was started anew.
        Rebooted = "rebooted",
        /// Its software was started anew.
        Restarted = "restarted",
        /// Its power was taken away and given back.
        PowerCycled = "power-cycled",
        /// Another one stands in its place.
        Replaced = "replaced",
        /// Its last change was undone.
        RolledBack = "rolled-back",
        /// It was mended in a way that is not said.
        Fixed = "fixed",
        /// It was switched off.
        SwitchedOff = "switched-off",
    }
}

/// What a person did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PersonInput {
    /// Who, as they signed in; `local` for the command line on the same machine.
    pub who: String,
    /// What.
    pub what: PersonAction,
}

/// The things a person can do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PersonAction {
    /// Take an incident.
    Acknowledge {
        /// Which.
        incident: IncidentId,
        /// In their words.
        note: String,
    },
    /// Hold back alerts about an incident for a while. Silences expire.
    Silence {
        /// Which.
        incident: IncidentId,
        /// Until then, and no longer.
        until: Timestamp,
        /// In their words.
        note: String,
    },
    /// Close an incident.
    Close {
        /// Which.
        incident: IncidentId,
        /// In their words.
        note: String,
    },
    /// Put an incident into another.
    Merge {
        /// Which.
        incident: IncidentId,
        /// Into which.
        into: IncidentId,
        /// In their words.
        note: String,
    },
    /// Say what they saw of a component.
    Observe {
        /// Of which.
        component: ComponentName,
        /// What.
        saw: Saw,
        /// How far they are trusted in this, percent; at most 100.
        trust: u8,
        /// In their words.
        note: String,
    },
    /// Say what they did to a component.
    Act {
        /// To which.
        component: ComponentName,
        /// What.
        did: Deed,
        /// In their words.
        note: String,
    },
}

impl PersonAction {
    /// How far a person who looked is trusted when nobody said otherwise, percent (chosen by hand: one
    /// word in ten is of the wrong machine, the wrong port or the wrong breaker).
    pub const TRUST: u8 = 90;
}

/// What came of a delivery.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Delivery {
    /// Taken over by the other side (an SMTP 250, an HTTP 2xx), with its words.
    Delivered(String),
    /// Not taken over; trying again may help.
    Failed(String),
    /// Not taken over now: the other side asks to be left alone for so long (an HTTP `Retry-After`).
    Later {
        /// Its words.
        words: String,
        /// For how long.
        after: Duration,
    },
    /// Not taken over; trying again will not help (an SMTP 5xx, an HTTP 4xx).
    Refused(String),
    /// It may have been taken over: the connection broke, or we died, after everything was said.
    InFlight(String),
}

/// Something we decided. Written in the same transaction as the input it follows from, before any of
/// it leaves.
#[derive(Clone, PartialEq, Debug)]
pub enum Decision {
    /// Ask these now, out of the grid.
    Verify {
        /// What.
        asks: Vec<(CheckKey, VantageName)>,
        /// Why.
        because: String,
    },
    /// An incident came to be or changed.
    Incident(IncidentRevision),
    /// Tell those who repair.
    Alert(Alert),
    /// Do not tell them, and why.
    Withhold {
        /// About which incident.
        incident: IncidentId,
        /// What would have been told.
        news: News,
        /// Why not.
        because: String,
    },
    /// Try to deliver an alert (again).
    Deliver {
        /// Which alert.
        alert: AlertId,
        /// The attempt this will be.
        attempt: u32,
        /// True when an earlier attempt may have arrived: it is marked so.
        repeat: bool,
        /// Not before then.
        not_before: Timestamp,
    },
    /// An alert is given up.
    GiveUp {
        /// Which.
        alert: AlertId,
        /// Why.
        because: String,
    },
    /// An input was not acted on: it named what is not there, or asked what the state does not allow.
    Reject {
        /// Why.
        because: String,
    },
}

/// A new revision of an incident.
#[derive(Clone, PartialEq, Debug)]
pub struct IncidentRevision {
    /// Which.
    pub id: IncidentId,
    /// Its state before; `None` when it is new.
    pub from: Option<IncidentState>,
    /// Its state now.
    pub to: IncidentState,
    /// Why, in words.
    pub because: String,
    /// Into which incident it went, when merged.
    pub into: Option<IncidentId>,
    /// What we believe now.
    pub diagnosis: DiagnosisSummary,
    /// Services that are down by it, by name.
    pub services: Vec<ComponentName>,
    /// Customers that are down by it, by name.
    pub customers: Vec<ComponentName>,
}

/// A diagnosis as it is kept and shown.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DiagnosisSummary {
    /// One sentence a tired person understands.
    pub sentence: String,
    /// The hypotheses, most believed first; at most [`DiagnosisSummary::HYPOTHESES_MAX`].
    pub hypotheses: Vec<HypothesisSummary>,
    /// How far the search went: `complete to order 2`, `singles only: 312 candidates`.
    pub searched: String,
    /// Faults of the leading hypothesis and those that nothing seen tells apart from them, one group
    /// for each that has such, most likely first.
    pub ambiguity: Vec<Vec<FaultName>>,
    /// What to look at next, most telling for its cost first.
    pub next_checks: Vec<NextCheck>,
    /// Whether something that happened at the same time caused it.
    pub coincidences: Vec<Coincidence>,
    /// What changed the leading cause, oldest first, a line each.
    pub changed: Vec<String>,
}

impl DiagnosisSummary {
    /// More are not kept: nobody reads a sixth guess at night (chosen by hand).
    pub const HYPOTHESES_MAX: usize = 5;

    /// The faults of the leading hypothesis; none while no cause is known.
    #[must_use]
    pub fn cause(&self) -> Vec<FaultName> {
        let lead = self.hypotheses.first();
        lead.into_iter().flat_map(|lead| &lead.faults).map(|it| it.fault.clone()).collect()
    }
}

/// A set of faults and how it stands to the evidence.
#[derive(Clone, PartialEq, Debug)]
pub struct HypothesisSummary {
    /// The faults; empty for "something we do not model", and for false alarms.
    pub faults: Vec<BelievedFault>,
    /// Nothing broke: the failing checks are false alarms.
    pub nothing_broke: bool,
    /// How much of the belief it holds, 0 to 1.
    pub posterior: f64,
    /// Failing checks that it predicts, as `check from vantage`.
    pub explains: Vec<String>,
    /// Failing checks that it does not.
    pub unexplained: Vec<String>,
    /// Checks seen up that it predicts down.
    pub contradicted: Vec<String>,
    /// Services it predicts down that no check has spoken of yet.
    pub predicts: Vec<String>,
}

/// A fault, and when it is believed to have begun and ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BelievedFault {
    /// What broke, and how.
    pub fault: FaultName,
    /// From when on it shows, as far as was seen; `None` where nothing says.
    pub since: Option<Timestamp>,
    /// When it ended; `None` while it lasts.
    pub until: Option<Timestamp>,
}

/// Something worth looking at.
#[derive(Clone, PartialEq, Debug)]
pub struct NextCheck {
    /// The question, a sentence.
    pub ask: String,
    /// Of which component or check.
    pub target: String,
    /// Who can answer it.
    pub by: Asker,
    /// What the answer costs, minutes.
    pub minutes: f64,
    /// How much of the doubt about the cause the answer is expected to take away, bits.
    pub information_bits: f64,
}

codes! {
    /// Who can answer a question.
    Asker {
        /// A check of the plant, put at once.
        Probe = "probe",
        /// Somebody who looks.
        Person = "person",
    }
}

/// The odds that something near in time caused a fault, against its having broken by itself.
#[derive(Clone, PartialEq, Debug)]
pub struct Coincidence {
    /// The fault.
    pub fault: FaultName,
    /// What happened near it: a maintenance, a change, another fault.
    pub near: String,
    /// Odds of "caused by" to 1, at least.
    pub odds_low: f64,
    /// Odds of "caused by" to 1, at most. Undecided where 1 lies between the two.
    pub odds_high: f64,
    /// The verdict with the figures it rests on.
    pub sentence: String,
}

/// A fault by name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct FaultName {
    /// What broke: a component, a vantage (`vantage here`), or a check (`check plex/https`).
    pub subject: String,
    /// How it broke.
    pub mode: FaultMode,
}

codes! {
    /// How something breaks.
    FaultMode {
        /// It does not work at all.
        Down = "down",
        /// It fails in turns, at a rate nobody knows.
        Flaky = "flaky",
        /// It had failed before, unseen, and was met only when what stands beside it failed too.
        Latent = "latent",
        /// It failed because of another fault: a breaker under the load that moved to it.
        Consequential = "consequential",
        /// Some of what stands on it is down by it, and some is not.
        Partial = "partial",
        /// It answers, and not as it should.
        Degraded = "degraded",
        /// An address block is carried by nobody, or by the wrong one.
        Misrouted = "misrouted",
        /// A vantage lost its way out.
        CutOff = "cut-off",
        /// A check is wrong about a target that works.
        WrongCheck = "wrong-check",
    }
}

impl FaultMode {
    /// What is said of something that broke so: `is down`, `fails in turns`.
    #[must_use]
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Down => "is down",
            Self::Flaky => "fails in turns",
            Self::Latent => "had failed before, unseen",
            Self::Consequential => "has failed by it",
            Self::Partial => "is down in part",
            Self::Degraded => "is degraded",
            Self::Misrouted => "is misrouted",
            Self::CutOff => "has lost its way out",
            Self::WrongCheck => "is wrong",
        }
    }

    /// The same of what is over.
    #[must_use]
    pub const fn when_over(self) -> &'static str {
        match self {
            Self::Down => "was down and is back",
            Self::Flaky => "failed in turns and is well again",
            Self::Latent => "had failed before, unseen, and is back",
            Self::Consequential => "had failed by it and is back",
            Self::Partial => "was down in part and is back",
            Self::Degraded => "was degraded and is well again",
            Self::Misrouted => "was misrouted and is back",
            Self::CutOff => "had lost its way out and has it again",
            Self::WrongCheck => "was wrong and is right again",
        }
    }
}

codes! {
    /// What an alert tells.
    News {
        /// An incident is confirmed.
        Opened = "opened",
        /// The leading cause of an incident that was told is another now.
        CauseChanged = "cause-changed",
        /// It is over.
        Resolved = "resolved",
        /// A plant was refused; the last good one runs on.
        PlantRefused = "plant-refused",
        /// Somebody has taken an incident that was told.
        Acknowledged = "acknowledged",
        /// An incident that was told has gone into another.
        Merged = "merged",
    }
}

/// A message to those who repair.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alert {
    /// Its number; deduplication key and Message-ID come from it.
    pub id: AlertId,
    /// About which incident; `None` when it is about ourselves.
    pub incident: Option<IncidentId>,
    /// What it tells.
    pub news: News,
    /// To whom.
    pub to: Recipient,
    /// One line.
    pub subject: String,
    /// The message, plain text.
    pub body: String,
    /// Why it is sent.
    pub because: String,
    /// The same for machines; `None` for mail and webhooks, which get words.
    pub particulars: Option<Box<Particulars>>,
}

/// What a machine that takes an alert is told of an incident.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Particulars {
    /// How urgent it is.
    pub urgency: Urgency,
    /// When its first symptom was seen.
    pub opened_at: Timestamp,
    /// What we believe broke; empty while no cause is known.
    pub cause: Vec<FaultName>,
    /// How sure that is, percent, 1 to 99; `None` while no cause is known.
    pub sure_percent: Option<u8>,
    /// The sentence about it.
    pub sentence: String,
    /// Failing checks that it explains.
    pub explains: Vec<String>,
    /// Failing checks that it does not.
    pub unexplained: Vec<String>,
    /// Checks seen up that it predicts down.
    pub contradicted: Vec<String>,
    /// Services that are down by it.
    pub services: Vec<String>,
    /// Customers that are down by it.
    pub customers: Vec<String>,
}

impl Particulars {
    /// Names in one list at most; one more entry says how many are left out (chosen by hand: the whole then fits
    /// well into the 512 KB that PagerDuty takes).
    pub const LISTED_MAX: usize = 100;
}

codes! {
    /// How urgent an alert is, in the words of PagerDuty's common event format.
    Urgency {
        /// Customers are down.
        Critical = "critical",
        /// A service is down, and no customer by it.
        Error = "error",
        /// Something fails, and nobody is known to be hit.
        Warning = "warning",
        /// Worth knowing.
        Info = "info",
    }
}

/// Where an alert goes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Recipient {
    /// A mail address.
    Mail(String),
    /// A webhook of the plant, by name.
    Webhook(String),
    /// An Alertmanager of the plant, by name.
    Alertmanager(String),
    /// A service of PagerDuty, by its name in the plant.
    PagerDuty(String),
    /// A topic of ntfy, by its name in the plant.
    Ntfy(String),
    /// A command of the server's settings, by name.
    Command(String),
}

impl Recipient {
    /// Whether it keeps something open from an alert until another one closes it.
    #[must_use]
    pub const fn holds_open(&self) -> bool {
        match self {
            Self::Alertmanager(_) | Self::PagerDuty(_) => true,
            Self::Mail(_) | Self::Webhook(_) | Self::Ntfy(_) | Self::Command(_) => false,
        }
    }

    /// Whether it takes more than words.
    #[must_use]
    pub const fn is_machine(&self) -> bool {
        match self {
            Self::Alertmanager(_) | Self::PagerDuty(_) | Self::Ntfy(_) | Self::Command(_) => true,
            Self::Mail(_) | Self::Webhook(_) => false,
        }
    }
}

/// `ops@acme.example`, `webhook chat`, `pagerduty core`.
impl std::fmt::Display for Recipient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Mail(address) => f.write_str(address),
            Self::Webhook(name) => write!(f, "webhook {name}"),
            Self::Alertmanager(name) => write!(f, "alertmanager {name}"),
            Self::PagerDuty(name) => write!(f, "pagerduty {name}"),
            Self::Ntfy(name) => write!(f, "ntfy {name}"),
            Self::Command(name) => write!(f, "command {name}"),
        }
    }
}

/// A record of the journal.
#[derive(Clone, PartialEq, Debug)]
pub enum Record {
    /// What happened.
    Input(Input),
    /// What we decided on the input before it.
    Decision(Decision),
}
