//! What happened once, as a file: the plant that was believed, what truly broke when, what people told,
//! and what a fair judge would have said.
//!
//! The format is described in `scenarios/README.md`. Reading collects every mistake with its line and
//! column, as the plant file's reader does; a scenario with a mistake is not played at all. Files are
//! opened by the caller. Tested by reading broken texts, and by all of `scenarios/`.

mod read;

pub use read::{Mistake, read};

use crate::scenario::read::words;
use blackstart_model::observation::{NoAnswerCode, Observation, Outcome, SymptomCode};
use blackstart_model::plant::Plant;
use blackstart_model::record::{Deed, Input, PersonAction, PersonInput, Report, Saw};
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{CheckKey, ComponentName, VantageName};
use std::sync::Arc;

/// A scenario, ready to be played.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// File name and text of the plant that was believed.
    pub believed: (String, String),
    /// The plant that was believed.
    pub plant: Arc<Plant>,
    /// The plant as it truly was; the same one where the file names no other.
    pub truth: Arc<Plant>,
    /// When it starts; everything works then, except what is broken from then on.
    pub starts: Timestamp,
    /// When it ends.
    pub ends: Timestamp,
    /// The lab plays so many seconds in one.
    pub time_scale: u32,
    /// Of all that is left to chance.
    pub seed: u64,
    /// How faulty the senses are.
    pub senses: Senses,
    /// How long what has lost its cooling goes on, at least and at most; `None` where it does not.
    pub stays_cool: Option<(Duration, Duration)>,
    /// What breaks, in the order of the file.
    pub faults: Vec<Happening>,
    /// What is told, in the order of time.
    pub told: Vec<Told>,
    /// What a fair judge would say.
    pub expect: Expect,
}

/// How faulty the senses are; shares are 0 to 1. The default is that they are not.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Senses {
    /// Of tries whose answer is the opposite of the truth.
    pub lies: f64,
    /// Of tries without an answer.
    pub lost: f64,
    /// Of what agents tell, told twice.
    pub duplicated: f64,
    /// The longest time that what an agent tells is on its way.
    pub delayed: Duration,
    /// How far the clocks of agents are off, forward or back, each by up to so much.
    pub clock_step: Duration,
}

/// Something that truly breaks.
#[derive(Clone, PartialEq, Debug)]
pub struct Happening {
    /// What.
    pub what: What,
    /// How.
    pub mode: Mode,
    /// When.
    pub at: Timestamp,
    /// When it works again.
    pub until: Option<Timestamp>,
    /// Of [`Mode::Flaky`]: the share of time it fails.
    pub rate: f64,
    /// Of [`Mode::Partial`]: what no longer gets anything from it.
    pub only: Vec<ComponentName>,
    /// A fair judge would name it.
    pub cause: bool,
    /// From when on a fair judge could know.
    pub judge_from: Option<Timestamp>,
}

/// What breaks.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum What {
    /// A component.
    Component(ComponentName),
    /// An address block, through one upstream.
    Carriage {
        /// The address block.
        prefix: ComponentName,
        /// The upstream.
        through: ComponentName,
    },
    /// A check is wrong.
    Check {
        /// Which.
        key: CheckKey,
        /// It says down of what works, and not up of what is down.
        says_down: bool,
    },
    /// A vantage.
    Vantage(VantageName),
}

impl What {
    /// The name that a verdict would give it, as in `blackstart_model::record::FaultName`.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::Component(name) => name.to_string(),
            Self::Carriage { prefix, through } => format!("{prefix} through {through}"),
            Self::Check { key, .. } => format!("check {key}"),
            Self::Vantage(name) => format!("vantage {name}"),
        }
    }
}

words! {
    /// How something breaks, in truth.
    Mode {
        /// It does not work at all.
        Down = "down",
        /// It fails in turns.
        Flaky = "flaky",
        /// It was broken before anybody needed it.
        Latent = "latent",
        /// It broke because of something else.
        Consequential = "consequential",
        /// Some of what hangs on it gets nothing any more.
        Partial = "partial",
        /// It works, slowly.
        Degraded = "degraded",
        /// An address block is not carried, or to the wrong place.
        Misrouted = "misrouted",
        /// A vantage lost its way out.
        CutOff = "cut-off",
        /// A vantage is heard no more.
        Silent = "silent",
        /// A check is wrong.
        WrongCheck = "wrong-check",
    }
}

/// Something told that no check says.
#[derive(Clone, PartialEq, Debug)]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// By whom: a person, a host, another system; of a check, the vantage.
    pub from: String,
    /// What.
    pub what: Word,
    /// In their words.
    pub detail: String,
}

/// What is told.
#[derive(Clone, PartialEq, Debug)]
pub enum Word {
    /// Something was seen.
    Seen {
        /// Of what.
        of: SeenOf,
        /// What.
        saw: Saw,
        /// How often it was tried.
        tries: u32,
        /// How often it failed.
        failures: u32,
        /// How far it is to be trusted, percent.
        trust: u8,
    },
    /// Somebody did something.
    Did {
        /// What.
        deed: Deed,
        /// To what.
        component: ComponentName,
    },
}

impl Told {
    /// What the judgement is given. A person is one called `human`; everybody else is some system.
    #[must_use]
    pub fn input(&self) -> Input {
        let Self { at, from, what, detail } = self;
        let person = |what| Input::Person(PersonInput { who: from.clone(), what });
        match what {
            Word::Did { deed, component } => person(PersonAction::Act {
                component: component.clone(),
                did: *deed,
                note: detail.clone(),
            }),
            Word::Seen { of: SeenOf::Component(component), saw, trust, .. } if from == HUMAN => {
                person(PersonAction::Observe {
                    component: component.clone(),
                    saw: *saw,
                    trust: *trust,
                    note: detail.clone(),
                })
            }
            Word::Seen { of: SeenOf::Component(component), saw, tries, failures, trust } => {
                Input::Reported(Report {
                    component: component.clone(),
                    from: from.clone(),
                    saw: *saw,
                    tries: *tries,
                    failures: *failures,
                    trust: *trust,
                    at: *at,
                    detail: detail.clone(),
                })
            }
            Word::Seen { of: SeenOf::Check(check), saw, tries, failures, .. } => {
                let outcome = match saw {
                    Saw::Up => Outcome::Up,
                    Saw::Down => Outcome::down(SymptomCode::Reported, detail.as_str()),
                    Saw::Degraded => Outcome::degraded(SymptomCode::Reported, detail.as_str()),
                    Saw::Flapping => Outcome::degraded(SymptomCode::Flapping, detail.as_str()),
                    Saw::Unknown => Outcome::unknown(NoAnswerCode::NotAsked, detail.as_str()),
                };
                Input::Observed(Observation {
                    check: check.clone(),
                    vantage: VantageName::from(from.as_str()),
                    outcome,
                    at: *at,
                    asked: false,
                    tries: *tries,
                    failures: *failures,
                })
            }
        }
    }
}

/// Who speaks as a person: `from: human`.
const HUMAN: &str = "human";

/// Of what something was seen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SeenOf {
    /// A component.
    Component(ComponentName),
    /// A check.
    Check(CheckKey),
}

/// What a fair judge would say.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Expect {
    /// From then on each cause is among the three first answers.
    pub judge_from: Option<Timestamp>,
    /// The best next check, before anything is told, is one of these.
    pub next_check: Vec<String>,
    /// At certain times, in order.
    pub at: Vec<Milestone>,
    /// At the end.
    pub end: Milestone,
    /// None is confirmed.
    pub no_incident: bool,
    /// Exactly these are named as hit.
    pub impact: Option<Impact>,
    /// Why the language cannot say what happened.
    pub truth_unmodelled: Option<String>,
}

/// What a fair judge would say at one time. What is empty is not asked.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Milestone {
    /// When; `None` at the end.
    pub at: Option<Timestamp>,
    /// Each of these is part of the first answer.
    pub first: Vec<Named>,
    /// These stand in one ambiguity group.
    pub ambiguous: Vec<String>,
    /// None of these is part of the first answer.
    pub not: Vec<String>,
    /// The first answer leaves so many failing checks unexplained.
    pub unexplained: Option<usize>,
    /// The best next check is one of these.
    pub next_check: Vec<String>,
    /// So many incidents were confirmed so far.
    pub incidents: Option<usize>,
    /// Not more alerts were sent so far.
    pub alerts_max: Option<usize>,
}

/// A fault by name, as a verdict names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// What.
    pub subject: String,
    /// How; `None` where it does not matter.
    pub mode: Option<Mode>,
}

/// Who is hit.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Impact {
    /// Services, websites and other things that people use.
    pub services: Vec<ComponentName>,
    /// Customers.
    pub customers: Vec<ComponentName>,
}
