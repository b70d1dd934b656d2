//! Format v1 of a record: a kind and a JSON body.
//!
//! The mirror structs here *are* the format; the domain types may change and these may only grow, by
//! fields with a default. A field that is not known is skipped, a kind or a code that is not known is
//! an error. Times are RFC 3339 in UTC with nanoseconds, codes are their stable texts. Tested by
//! round trips and by `tests/golden/v1.sql`.

use blackstart_model::incident::IncidentState;
use blackstart_model::observation::{
    NoAnswer, NoAnswerCode, Observation, Outcome, Symptom, SymptomCode,
};
use blackstart_model::record::{
    Alert, Asker, BelievedFault, Coincidence, Counted, Decision, Deed, Delivery, DiagnosisSummary,
    FaultMode, FaultName, HypothesisSummary, IncidentRevision, Input, News, NextCheck, Particulars,
    PersonAction, PersonInput, PlantSource, Recipient, Record, Report, Saw, Urgency, VantageLoss,
};
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{AlertId, CheckKey, ComponentName, IncidentId, VantageName};
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A text of a plant file, kept beside the entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct TextId(pub(crate) i64);

/// An instant as stored: always the same width, so that texts compare as times do.
pub(crate) fn instant(at: Timestamp) -> String {
    format!("{at:.9}")
}

pub(crate) fn parse_instant(text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| format!("`{text}` is not an instant"))
}

/// Kind and body of a record. `keep` stores the text of a plant file.
pub(crate) fn encode<E>(
    record: &Record,
    keep: &mut dyn FnMut(&str) -> Result<TextId, E>,
) -> Result<(&'static str, String), E> {
    Ok(match record {
        Record::Input(input) => match input {
            Input::Started { version, alive_until } => {
                let (version, alive_until) = (version.clone(), alive_until.map(Instant));
                ("started", json(&Started { version, alive_until }))
            }
            Input::Blind { since } => ("blind", json(&Blind { since: Instant(*since) })),
            Input::PlantLoaded(PlantSource { files }) => {
                let files: Result<_, E> = files
                    .iter()
                    .map(|(name, text)| Ok(PlantFile { name: name.clone(), text: keep(text)? }))
                    .collect();
                ("plant-loaded", json(&PlantLoaded { files: files? }))
            }
            Input::PlantRefused { why } => {
                ("plant-refused", json(&PlantRefused { why: why.clone() }))
            }
            Input::Observed(observation) => ("observed", json(&Observed::from(observation))),
            Input::Counted(counted) => ("counted", json(&CountedSamples::from(counted))),
            Input::Reported(report) => ("reported", json(&Reported::from(report))),
            Input::VantageHeard { vantage } => {
                ("vantage-heard", json(&VantageHeard { vantage: vantage.to_string() }))
            }
            Input::VantageLost { vantage, how, detail } => {
                let (vantage, detail) = (vantage.to_string(), detail.clone());
                ("vantage-lost", json(&VantageLost { vantage, how: Code(*how), detail }))
            }
            Input::Person(person) => ("person", json(&Person::from(person))),
            Input::AttemptStarted { alert, attempt } => {
                ("attempt-started", json(&AttemptStarted { alert: alert.0, attempt: *attempt }))
            }
            Input::AttemptEnded { alert, attempt, result } => {
                ("attempt-ended", json(&AttemptEnded::of(*alert, *attempt, result)))
            }
            Input::Tick => ("tick", json(&Tick {})),
        },
        Record::Decision(decision) => match decision {
            Decision::Verify { asks, because } => {
                let ask = |(check, vantage): &(CheckKey, VantageName)| Ask {
                    check: check.to_string(),
                    vantage: vantage.to_string(),
                };
                let asks = asks.iter().map(ask).collect();
                ("verify", json(&Verify { asks, because: because.clone() }))
            }
            Decision::Incident(revision) => ("incident", json(&Incident::from(revision))),
            Decision::Alert(alert) => ("alert", json(&AlertSent::from(alert))),
            Decision::Withhold { incident, news, because } => {
                let (incident, because) = (incident.0, because.clone());
                ("withhold", json(&Withhold { incident, news: Code(*news), because }))
            }
            Decision::Deliver { alert, attempt, repeat, not_before } => {
                let (alert, not_before) = (alert.0, Instant(*not_before));
                let (attempt, repeat) = (*attempt, *repeat);
                ("deliver", json(&Deliver { alert, attempt, repeat, not_before }))
            }
            Decision::GiveUp { alert, because } => {
                ("give-up", json(&GiveUp { alert: alert.0, because: because.clone() }))
            }
            Decision::Reject { because } => ("reject", json(&Reject { because: because.clone() })),
        },
    })
}

/// The record of this kind and body. `text` finds the text of a plant file.
pub(crate) fn decode(
    kind: &str,
    body: &str,
    text: &dyn Fn(TextId) -> Result<String, String>,
) -> Result<Record, String> {
    let input = match kind {
        "started" => {
            let Started { version, alive_until } = parse(body)?;
            Input::Started { version, alive_until: alive_until.map(|at| at.0) }
        }
        "blind" => {
            let Blind { since } = parse(body)?;
            Input::Blind { since: since.0 }
        }
        "plant-loaded" => {
            let PlantLoaded { files } = parse(body)?;
            let files: Result<_, String> =
                files.into_iter().map(|file| Ok((file.name, text(file.text)?))).collect();
            Input::PlantLoaded(PlantSource { files: files? })
        }
        "plant-refused" => {
            let PlantRefused { why } = parse(body)?;
            Input::PlantRefused { why }
        }
        "observed" => Input::Observed(parse::<Observed>(body)?.into()),
        "counted" => Input::Counted(parse::<CountedSamples>(body)?.into()),
        "reported" => Input::Reported(parse::<Reported>(body)?.into()),
        "vantage-heard" => {
            let VantageHeard { vantage } = parse(body)?;
            Input::VantageHeard { vantage: vantage.into() }
        }
        "vantage-lost" => {
            let VantageLost { vantage, how, detail } = parse(body)?;
            Input::VantageLost { vantage: vantage.into(), how: how.0, detail }
        }
        "person" => Input::Person(parse::<Person>(body)?.into()),
        "attempt-started" => {
            let AttemptStarted { alert, attempt } = parse(body)?;
            Input::AttemptStarted { alert: AlertId(alert), attempt }
        }
        "attempt-ended" => parse::<AttemptEnded>(body)?.into(),
        "tick" => {
            let Tick {} = parse(body)?;
            Input::Tick
        }
        _ => return decode_decision(kind, body).map(Record::Decision),
    };
    Ok(Record::Input(input))
}

fn decode_decision(kind: &str, body: &str) -> Result<Decision, String> {
    Ok(match kind {
        "verify" => {
            let Verify { asks, because } = parse(body)?;
            let asks = asks.into_iter().map(|ask| (ask.check.into(), ask.vantage.into()));
            Decision::Verify { asks: asks.collect(), because }
        }
        "incident" => Decision::Incident(parse::<Incident>(body)?.into()),
        "alert" => Decision::Alert(parse::<AlertSent>(body)?.into()),
        "withhold" => {
            let Withhold { incident, news, because } = parse(body)?;
            Decision::Withhold { incident: IncidentId(incident), news: news.0, because }
        }
        "deliver" => {
            let Deliver { alert, attempt, repeat, not_before } = parse(body)?;
            Decision::Deliver { alert: AlertId(alert), attempt, repeat, not_before: not_before.0 }
        }
        "give-up" => {
            let GiveUp { alert, because } = parse(body)?;
            Decision::GiveUp { alert: AlertId(alert), because }
        }
        "reject" => {
            let Reject { because } = parse(body)?;
            Decision::Reject { because }
        }
        _ => return Err("this version knows no such kind".to_owned()),
    })
}

fn json<T: Serialize>(body: &T) -> String {
    serde_json::to_string(body).expect("mirror structs have text keys and no failing serializer")
}

fn parse<T: DeserializeOwned>(body: &str) -> Result<T, String> {
    serde_json::from_str(body).map_err(|error| error.to_string())
}

/// An instant as its text.
#[derive(Clone, Copy)]
struct Instant(Timestamp);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:.9}", self.0))
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        parse_instant(&text).map(Self).map_err(D::Error::custom)
    }
}

/// A code as its stable text.
#[derive(Clone, Copy)]
struct Code<T>(T);

macro_rules! coded {
    ($($name:ident)*) => {$(
        impl Serialize for Code<$name> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0.as_str())
            }
        }

        impl<'de> Deserialize<'de> for Code<$name> {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                let unknown = || D::Error::custom(format_args!(
                    concat!("`{}` is no ", stringify!($name), " of this version"), text
                ));
                $name::parse(&text).map(Self).ok_or_else(unknown)
            }
        }
    )*};
}

coded! { SymptomCode NoAnswerCode VantageLoss IncidentState FaultMode Asker News Saw Deed Urgency }

#[derive(Serialize, Deserialize)]
struct Started {
    version: String,
    alive_until: Option<Instant>,
}

#[derive(Serialize, Deserialize)]
struct Blind {
    since: Instant,
}

#[derive(Serialize, Deserialize)]
struct PlantLoaded {
    files: Vec<PlantFile>,
}

#[derive(Serialize, Deserialize)]
struct PlantFile {
    name: String,
    text: TextId,
}

#[derive(Serialize, Deserialize)]
struct PlantRefused {
    why: String,
}

#[derive(Serialize, Deserialize)]
struct Observed {
    check: String,
    vantage: String,
    outcome: Answer,
    at: Instant,
    asked: bool,
    tries: u32,
    /// Absent when every try had the outcome that is told, as before there were counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failures: Option<u32>,
}

impl From<&Observation> for Observed {
    fn from(observation: &Observation) -> Self {
        let Observation { check, vantage, outcome, at, asked, tries, failures } = observation;
        Self {
            failures: Some(*failures).filter(|own| *own != outcome.failures_of(*tries)),
            check: check.to_string(),
            vantage: vantage.to_string(),
            outcome: outcome.into(),
            at: Instant(*at),
            asked: *asked,
            tries: *tries,
        }
    }
}

impl From<Observed> for Observation {
    fn from(observed: Observed) -> Self {
        let Observed { check, vantage, outcome, at, asked, tries, failures } = observed;
        let outcome = Outcome::from(outcome);
        Self {
            check: check.into(),
            vantage: vantage.into(),
            failures: failures.unwrap_or_else(|| outcome.failures_of(tries)),
            outcome,
            at: at.0,
            asked,
            tries,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Reported {
    component: String,
    from: String,
    saw: Code<Saw>,
    tries: u32,
    failures: u32,
    trust: u8,
    at: Instant,
    detail: String,
}

impl From<&Report> for Reported {
    fn from(report: &Report) -> Self {
        let Report { component, from, saw, tries, failures, trust, at, detail } = report.clone();
        let (component, saw, at) = (component.to_string(), Code(saw), Instant(at));
        Self { component, from, saw, tries, failures, trust, at, detail }
    }
}

impl From<Reported> for Report {
    fn from(reported: Reported) -> Self {
        let Reported { component, from, saw, tries, failures, trust, at, detail } = reported;
        let (component, saw, at) = (component.into(), saw.0, at.0);
        Self { component, from, saw, tries, failures, trust, at, detail }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "kebab-case")]
enum Answer {
    Up,
    Degraded { code: Code<SymptomCode>, detail: String },
    Down { code: Code<SymptomCode>, detail: String },
    Unknown { code: Code<NoAnswerCode>, detail: String },
}

impl From<&Outcome> for Answer {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Up => Self::Up,
            Outcome::Degraded(Symptom { code, detail }) => {
                Self::Degraded { code: Code(*code), detail: detail.to_string() }
            }
            Outcome::Down(Symptom { code, detail }) => {
                Self::Down { code: Code(*code), detail: detail.to_string() }
            }
            Outcome::Unknown(NoAnswer { code, detail }) => {
                Self::Unknown { code: Code(*code), detail: detail.to_string() }
            }
        }
    }
}

impl From<Answer> for Outcome {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Up => Self::Up,
            Answer::Degraded { code, detail } => Self::degraded(code.0, detail),
            Answer::Down { code, detail } => Self::down(code.0, detail),
            Answer::Unknown { code, detail } => Self::unknown(code.0, detail),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct CountedSamples {
    vantage: String,
    tries: u64,
    exceptions: Vec<Exception>,
}

#[derive(Serialize, Deserialize)]
struct Exception {
    check: String,
    tries: u32,
    differing: u32,
}

impl From<&Counted> for CountedSamples {
    fn from(counted: &Counted) -> Self {
        let Counted { vantage, tries, exceptions } = counted;
        let exception = |(check, tries, differing): &(CheckKey, u32, u32)| Exception {
            check: check.to_string(),
            tries: *tries,
            differing: *differing,
        };
        Self {
            vantage: vantage.to_string(),
            tries: *tries,
            exceptions: exceptions.iter().map(exception).collect(),
        }
    }
}

impl From<CountedSamples> for Counted {
    fn from(counted: CountedSamples) -> Self {
        let CountedSamples { vantage, tries, exceptions } = counted;
        let exception =
            |Exception { check, tries, differing }: Exception| (check.into(), tries, differing);
        let exceptions = exceptions.into_iter().map(exception).collect();
        Self { vantage: vantage.into(), tries, exceptions }
    }
}

#[derive(Serialize, Deserialize)]
struct VantageHeard {
    vantage: String,
}

#[derive(Serialize, Deserialize)]
struct VantageLost {
    vantage: String,
    how: Code<VantageLoss>,
    detail: String,
}

#[derive(Serialize, Deserialize)]
struct Person {
    who: String,
    what: Action,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
enum Action {
    Acknowledge {
        incident: u64,
        note: String,
    },
    Silence {
        incident: u64,
        until: Instant,
        note: String,
    },
    Close {
        incident: u64,
        note: String,
    },
    Merge {
        incident: u64,
        into: u64,
        note: String,
    },
    /// `works` is the whole of it for versions that knew no more; `saw` and `trust` are absent where it says
    /// the same.
    Observe {
        component: String,
        works: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        saw: Option<Code<Saw>>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trust: Option<u8>,
        note: String,
    },
    Act {
        component: String,
        did: Code<Deed>,
        note: String,
    },
}

/// What `works` alone says.
const fn saw_of(works: bool) -> Saw {
    if works { Saw::Up } else { Saw::Down }
}

impl From<&PersonInput> for Person {
    fn from(person: &PersonInput) -> Self {
        let PersonInput { who, what } = person;
        let what = match what.clone() {
            PersonAction::Acknowledge { incident, note } => {
                Action::Acknowledge { incident: incident.0, note }
            }
            PersonAction::Silence { incident, until, note } => {
                Action::Silence { incident: incident.0, until: Instant(until), note }
            }
            PersonAction::Close { incident, note } => Action::Close { incident: incident.0, note },
            PersonAction::Merge { incident, into, note } => {
                Action::Merge { incident: incident.0, into: into.0, note }
            }
            PersonAction::Observe { component, saw, trust, note } => {
                let works = match saw {
                    Saw::Up | Saw::Unknown => true,
                    Saw::Down | Saw::Degraded | Saw::Flapping => false,
                };
                Action::Observe {
                    component: component.to_string(),
                    works,
                    saw: Some(Code(saw)).filter(|_| saw != saw_of(works)),
                    trust: Some(trust).filter(|trust| *trust != PersonAction::TRUST),
                    note,
                }
            }
            PersonAction::Act { component, did, note } => {
                Action::Act { component: component.to_string(), did: Code(did), note }
            }
        };
        Self { who: who.clone(), what }
    }
}

impl From<Person> for PersonInput {
    fn from(person: Person) -> Self {
        let Person { who, what } = person;
        let what = match what {
            Action::Acknowledge { incident, note } => {
                PersonAction::Acknowledge { incident: IncidentId(incident), note }
            }
            Action::Silence { incident, until, note } => {
                PersonAction::Silence { incident: IncidentId(incident), until: until.0, note }
            }
            Action::Close { incident, note } => {
                PersonAction::Close { incident: IncidentId(incident), note }
            }
            Action::Merge { incident, into, note } => {
                PersonAction::Merge { incident: IncidentId(incident), into: IncidentId(into), note }
            }
            Action::Observe { component, works, saw, trust, note } => {
                let saw = saw.map_or(saw_of(works), |saw| saw.0);
                let trust = trust.unwrap_or(PersonAction::TRUST);
                PersonAction::Observe { component: component.into(), saw, trust, note }
            }
            Action::Act { component, did, note } => {
                PersonAction::Act { component: component.into(), did: did.0, note }
            }
        };
        Self { who, what }
    }
}

#[derive(Serialize, Deserialize)]
struct AttemptStarted {
    alert: u64,
    attempt: u32,
}

#[derive(Serialize, Deserialize)]
struct AttemptEnded {
    alert: u64,
    attempt: u32,
    result: AttemptResult,
    words: String,
    /// Of one that failed, where the other side asked for it: for how long it is to be left alone. Earlier versions
    /// pass over it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after_us: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum AttemptResult {
    Delivered,
    Failed,
    Refused,
    InFlight,
}

impl AttemptEnded {
    fn of(alert: AlertId, attempt: u32, result: &Delivery) -> Self {
        let (result, words, after) = match result {
            Delivery::Delivered(words) => (AttemptResult::Delivered, words, None),
            Delivery::Failed(words) => (AttemptResult::Failed, words, None),
            Delivery::Later { words, after } => (AttemptResult::Failed, words, Some(after)),
            Delivery::Refused(words) => (AttemptResult::Refused, words, None),
            Delivery::InFlight(words) => (AttemptResult::InFlight, words, None),
        };
        let after_us = after.map(|after| u64::try_from(after.as_micros()).unwrap_or(u64::MAX));
        Self { alert: alert.0, attempt, result, words: words.clone(), after_us }
    }
}

impl From<AttemptEnded> for Input {
    fn from(ended: AttemptEnded) -> Self {
        let AttemptEnded { alert, attempt, result, words, after_us } = ended;
        let result = match result {
            AttemptResult::Delivered => Delivery::Delivered(words),
            AttemptResult::Failed => match after_us.map(Duration::from_micros) {
                Some(after) => Delivery::Later { words, after },
                None => Delivery::Failed(words),
            },
            AttemptResult::Refused => Delivery::Refused(words),
            AttemptResult::InFlight => Delivery::InFlight(words),
        };
        Self::AttemptEnded { alert: AlertId(alert), attempt, result }
    }
}

#[derive(Serialize, Deserialize)]
struct Tick {}

#[derive(Serialize, Deserialize)]
struct Verify {
    asks: Vec<Ask>,
    because: String,
}

#[derive(Serialize, Deserialize)]
struct Ask {
    check: String,
    vantage: String,
}

#[derive(Serialize, Deserialize)]
struct Incident {
    id: u64,
    from: Option<Code<IncidentState>>,
    to: Code<IncidentState>,
    because: String,
    into: Option<u64>,
    diagnosis: Diagnosis,
    services: Vec<String>,
    customers: Vec<String>,
}

impl From<&IncidentRevision> for Incident {
    fn from(revision: &IncidentRevision) -> Self {
        let IncidentRevision { id, from, to, because, into, diagnosis, services, customers } =
            revision;
        Self {
            id: id.0,
            from: from.map(Code),
            to: Code(*to),
            because: because.clone(),
            into: into.map(|into| into.0),
            diagnosis: diagnosis.into(),
            services: texts(services),
            customers: texts(customers),
        }
    }
}

impl From<Incident> for IncidentRevision {
    fn from(incident: Incident) -> Self {
        let Incident { id, from, to, because, into, diagnosis, services, customers } = incident;
        Self {
            id: IncidentId(id),
            from: from.map(|from| from.0),
            to: to.0,
            because,
            into: into.map(IncidentId),
            diagnosis: diagnosis.into(),
            services: services.into_iter().map(Into::into).collect(),
            customers: customers.into_iter().map(Into::into).collect(),
        }
    }
}

fn texts(names: &[ComponentName]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

/// What is not there was not yet told when the record was written.
#[derive(Serialize, Deserialize)]
struct Diagnosis {
    sentence: String,
    hypotheses: Vec<Hypothesis>,
    searched: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ambiguity: Vec<Vec<Fault>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    next_checks: Vec<Next>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    coincidences: Vec<Near>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changed: Vec<String>,
}

impl From<&DiagnosisSummary> for Diagnosis {
    fn from(summary: &DiagnosisSummary) -> Self {
        let DiagnosisSummary {
            sentence,
            hypotheses,
            searched,
            ambiguity,
            next_checks,
            coincidences,
            changed,
        } = summary;
        let group = |group: &Vec<FaultName>| group.iter().cloned().map(Fault::plain).collect();
        Self {
            sentence: sentence.clone(),
            hypotheses: hypotheses.iter().map(Into::into).collect(),
            searched: searched.clone(),
            ambiguity: ambiguity.iter().map(group).collect(),
            next_checks: next_checks.iter().cloned().map(Into::into).collect(),
            coincidences: coincidences.iter().cloned().map(Into::into).collect(),
            changed: changed.clone(),
        }
    }
}

impl From<Diagnosis> for DiagnosisSummary {
    fn from(diagnosis: Diagnosis) -> Self {
        let Diagnosis {
            sentence,
            hypotheses,
            searched,
            ambiguity,
            next_checks,
            coincidences,
            changed,
        } = diagnosis;
        let group = |group: Vec<Fault>| group.into_iter().map(Fault::name).collect();
        Self {
            sentence,
            hypotheses: hypotheses.into_iter().map(Into::into).collect(),
            searched,
            ambiguity: ambiguity.into_iter().map(group).collect(),
            next_checks: next_checks.into_iter().map(Into::into).collect(),
            coincidences: coincidences.into_iter().map(Into::into).collect(),
            changed,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Next {
    ask: String,
    target: String,
    by: Code<Asker>,
    minutes: f64,
    information_bits: f64,
}

impl From<NextCheck> for Next {
    fn from(next: NextCheck) -> Self {
        let NextCheck { ask, target, by, minutes, information_bits } = next;
        Self { ask, target, by: Code(by), minutes, information_bits }
    }
}

impl From<Next> for NextCheck {
    fn from(next: Next) -> Self {
        let Next { ask, target, by, minutes, information_bits } = next;
        Self { ask, target, by: by.0, minutes, information_bits }
    }
}

#[derive(Serialize, Deserialize)]
struct Near {
    fault: Fault,
    near: String,
    odds_low: f64,
    odds_high: f64,
    sentence: String,
}

impl From<Coincidence> for Near {
    fn from(coincidence: Coincidence) -> Self {
        let Coincidence { fault, near, odds_low, odds_high, sentence } = coincidence;
        Self { fault: Fault::plain(fault), near, odds_low, odds_high, sentence }
    }
}

impl From<Near> for Coincidence {
    fn from(near: Near) -> Self {
        let Near { fault, near, odds_low, odds_high, sentence } = near;
        Self { fault: fault.name(), near, odds_low, odds_high, sentence }
    }
}

#[derive(Serialize, Deserialize)]
struct Hypothesis {
    faults: Vec<Fault>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    nothing_broke: bool,
    posterior: f64,
    explains: Vec<String>,
    unexplained: Vec<String>,
    contradicted: Vec<String>,
    predicts: Vec<String>,
}

impl From<&HypothesisSummary> for Hypothesis {
    fn from(summary: &HypothesisSummary) -> Self {
        let HypothesisSummary {
            faults,
            nothing_broke,
            posterior,
            explains,
            unexplained,
            contradicted,
            predicts,
        } = summary.clone();
        let faults = faults.into_iter().map(Into::into).collect();
        Self { faults, nothing_broke, posterior, explains, unexplained, contradicted, predicts }
    }
}

impl From<Hypothesis> for HypothesisSummary {
    fn from(hypothesis: Hypothesis) -> Self {
        let Hypothesis {
            faults,
            nothing_broke,
            posterior,
            explains,
            unexplained,
            contradicted,
            predicts,
        } = hypothesis;
        let faults = faults.into_iter().map(Into::into).collect();
        Self { faults, nothing_broke, posterior, explains, unexplained, contradicted, predicts }
    }
}

#[derive(Serialize, Deserialize)]
struct Fault {
    subject: String,
    mode: Code<FaultMode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    since: Option<Instant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Instant>,
}

impl Fault {
    fn plain(name: FaultName) -> Self {
        let FaultName { subject, mode } = name;
        Self { subject, mode: Code(mode), since: None, until: None }
    }

    fn name(self) -> FaultName {
        let Self { subject, mode, since: _, until: _ } = self;
        FaultName { subject, mode: mode.0 }
    }
}

impl From<BelievedFault> for Fault {
    fn from(believed: BelievedFault) -> Self {
        let BelievedFault { fault, since, until } = believed;
        Self { since: since.map(Instant), until: until.map(Instant), ..Self::plain(fault) }
    }
}

impl From<Fault> for BelievedFault {
    fn from(fault: Fault) -> Self {
        let (since, until) =
            (fault.since.as_ref().map(|at| at.0), fault.until.as_ref().map(|at| at.0));
        Self { fault: fault.name(), since, until }
    }
}

#[derive(Serialize, Deserialize)]
struct AlertSent {
    id: u64,
    incident: Option<u64>,
    news: Code<News>,
    to: To,
    subject: String,
    body: String,
    because: String,
    /// Absent for those who get words, as all did before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    particulars: Option<Told>,
}

#[derive(Serialize, Deserialize)]
struct Told {
    urgency: Code<Urgency>,
    opened_at: Instant,
    cause: Vec<Fault>,
    sure_percent: Option<u8>,
    sentence: String,
    explains: Vec<String>,
    unexplained: Vec<String>,
    contradicted: Vec<String>,
    services: Vec<String>,
    customers: Vec<String>,
}

impl From<Particulars> for Told {
    fn from(particulars: Particulars) -> Self {
        let Particulars {
            urgency,
            opened_at,
            cause,
            sure_percent,
            sentence,
            explains,
            unexplained,
            contradicted,
            services,
            customers,
        } = particulars;
        Self {
            urgency: Code(urgency),
            opened_at: Instant(opened_at),
            cause: cause.into_iter().map(Fault::plain).collect(),
            sure_percent,
            sentence,
            explains,
            unexplained,
            contradicted,
            services,
            customers,
        }
    }
}

impl From<Told> for Particulars {
    fn from(told: Told) -> Self {
        let Told {
            urgency,
            opened_at,
            cause,
            sure_percent,
            sentence,
            explains,
            unexplained,
            contradicted,
            services,
            customers,
        } = told;
        Self {
            urgency: urgency.0,
            opened_at: opened_at.0,
            cause: cause.into_iter().map(Fault::name).collect(),
            sure_percent,
            sentence,
            explains,
            unexplained,
            contradicted,
            services,
            customers,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum To {
    Mail(String),
    Webhook(String),
    Alertmanager(String),
    Pagerduty(String),
    Ntfy(String),
    Command(String),
}

impl From<&Alert> for AlertSent {
    fn from(alert: &Alert) -> Self {
        let Alert { id, incident, news, to, subject, body, because, particulars } = alert.clone();
        let to = match to {
            Recipient::Mail(address) => To::Mail(address),
            Recipient::Webhook(name) => To::Webhook(name),
            Recipient::Alertmanager(name) => To::Alertmanager(name),
            Recipient::PagerDuty(name) => To::Pagerduty(name),
            Recipient::Ntfy(name) => To::Ntfy(name),
            Recipient::Command(name) => To::Command(name),
        };
        let incident = incident.map(|incident| incident.0);
        let particulars = particulars.map(|told| Told::from(*told));
        Self { id: id.0, incident, news: Code(news), to, subject, body, because, particulars }
    }
}

impl From<AlertSent> for Alert {
    fn from(alert: AlertSent) -> Self {
        let AlertSent { id, incident, news, to, subject, body, because, particulars } = alert;
        let to = match to {
            To::Mail(address) => Recipient::Mail(address),
            To::Webhook(name) => Recipient::Webhook(name),
            To::Alertmanager(name) => Recipient::Alertmanager(name),
            To::Pagerduty(name) => Recipient::PagerDuty(name),
            To::Ntfy(name) => Recipient::Ntfy(name),
            To::Command(name) => Recipient::Command(name),
        };
        let incident = incident.map(IncidentId);
        let particulars = particulars.map(|told| Box::new(Particulars::from(told)));
        Self { id: AlertId(id), incident, news: news.0, to, subject, body, because, particulars }
    }
}

#[derive(Serialize, Deserialize)]
struct Withhold {
    incident: u64,
    news: Code<News>,
    because: String,
}

#[derive(Serialize, Deserialize)]
struct Deliver {
    alert: u64,
    attempt: u32,
    repeat: bool,
    not_before: Instant,
}

#[derive(Serialize, Deserialize)]
struct GiveUp {
    alert: u64,
    because: String,
}

#[derive(Serialize, Deserialize)]
struct Reject {
    because: String,
}

/// Kind and JSON body of a record as it is stored, but for the texts of plant files, which are left out.
#[must_use]
pub fn as_json(record: &Record) -> (&'static str, String) {
    let left_out = |_: &str| Ok::<_, std::convert::Infallible>(TextId(0));
    match encode(record, &mut { left_out }) {
        Ok(encoded) => encoded,
        Err(never) => match never {},
    }
}
