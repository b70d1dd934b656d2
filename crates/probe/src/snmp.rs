//! One GET of an SNMP agent, over v2c or v3, and what its values should be (RFC 3416, RFC 3412).
//!
//! An answer counts when it comes from the address asked and carries our numbers; over v3 with a password also when it
//! is the agent's own word (see [`usm`]), of now: a message that was kept is not believed (RFC 3414, section 3.2). Over
//! v2c, and v3 without a password, whoever is on the path can answer.
//!
//! A v2c agent that does not know the community says nothing at all, like one that is dead; the words of that symptom
//! say so. One of v3 tells what it does not like, and that is `unknown(no-permission)`.
//!
//! Nothing is ever set. The messages are our own few hundred lines: `snmp2`, the library that is kept, brings eleven
//! crates for its ciphers, MD5 and DES among them, and a socket of its own; this takes `aes`, and what TLS has anyway.
//! Tested on vectors, by properties, against Net-SNMP's agent and against servers that lie.

mod ber;
mod pdu;
mod rates;
mod usm;
#[cfg(any(test, fuzzing))]
mod fuzzed;

#[cfg(any(test, fuzzing))]
pub use fuzzed::fuzzed;

use crate::ask::{Answer, Equipment, micros_since};
use crate::clock;
use crate::udp::{Dialogue, Heard, random};
use ber::Reader;
use blackstart_model::check::{
    Oid, SnmpAccess, SnmpAuth, SnmpCondition, SnmpObject, SnmpQuestion, SnmpUser, SnmpValue,
};
use blackstart_model::observation::{NoAnswerCode, Outcome, Standing, SymptomCode, Timing};
use blackstart_model::reading::{Reading, Unit};
use blackstart_model::time::Duration;
use pdu::{Pdu, Value};
use rates::Counters;
use std::cell::Cell;
use std::net::SocketAddr;
use tokio::time::Instant;
use usm::{EngineTime, Envelope, Keys, Opened};

/// The longest answer that is taken, bytes: some sixty values with their names.
const MESSAGE_BYTES_MAX: usize = 8 << 10;

/// The version number of SNMP v2c in a message (RFC 1901).
const VERSION_2C: i64 = 1;

/// Exchanges of one try of v3 at most: who are you, what is the time there, the question, and once again when the agent
/// was started anew in between.
const ROUNDS_MAX: u32 = 5;

/// How old a message may be, and how far ahead (RFC 3414, section 2.2.3).
const WINDOW: Duration = Duration::from_secs(150);

/// `sysUpTime.0`: by it a device that was started anew is known.
const UPTIME: &[u32] = &[1, 3, 6, 1, 2, 1, 1, 3, 0];

/// `usmStats` (RFC 3414, section 5): the reports of a message that was not answered.
const REPORTS: &[u32] = &[1, 3, 6, 1, 6, 3, 15, 1, 1];

/// What is kept of one check between its tries: how its counters stood, and which engine answers there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Memory {
    counters: Option<Counters>,
    engine: Option<Engine>,
}

/// An engine of v3, and our keys at it.
#[derive(Clone)]
struct Engine {
    id: Vec<u8>,
    /// What it said of its time, and when.
    time: EngineTime,
    heard: Instant,
    /// The keys, and of which passwords they were made.
    keys: Option<(Keys, Vec<u8>)>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Engine({:02x?}, {:?})", self.id, self.time)
    }
}

impl Engine {
    /// What its clock shows now.
    fn time_now(&self) -> EngineTime {
        let since = u32::try_from(clock::now().duration_since(self.heard).as_secs());
        let time = self.time.time.saturating_add(since.unwrap_or(u32::MAX));
        EngineTime { time, ..self.time }
    }

    /// Takes its time from a message that is its own; false when that was kept, and is not of now.
    fn hear(&mut self, said: EngineTime) -> bool {
        let ours = self.time_now();
        let late = u32::try_from(WINDOW.as_secs()).expect("it is short");
        if said.boots < ours.boots
            || said.boots == ours.boots && said.time.saturating_add(late) < ours.time
        {
            return false;
        }
        (self.time, self.heard) = (said, clock::now());
        true
    }
}

pub(crate) async fn ask(
    equipment: &Equipment,
    memory: &mut Memory,
    question: &SnmpQuestion,
    deadline: Instant,
) -> Answer {
    let mut timing = Timing::default();
    let started = clock::now();
    let address = match equipment.resolver.addresses(&question.agent.host, deadline).await {
        Ok(addresses) => SocketAddr::new(addresses[0], question.agent.port),
        Err(outcome) => return outcome.into(),
    };
    timing.resolve_us = micros_since(started);
    let asked = clock::now();
    let answer = get(equipment, memory, question, address, deadline).await;
    timing.wait_us = micros_since(asked);
    match answer {
        Ok(values) => {
            let (outcome, readings) = judge(question, memory, &values);
            Answer { readings, ..Answer::of(outcome, timing) }
        }
        Err(outcome) => Answer::of(outcome, timing),
    }
}

/// Asks for the values, and for how long the agent has been up. The answers stand in the order of the question.
async fn get(
    equipment: &Equipment,
    memory: &mut Memory,
    question: &SnmpQuestion,
    address: SocketAddr,
    deadline: Instant,
) -> Result<Vec<Value>, Outcome> {
    let lacks = |why: String| Outcome::unknown(NoAnswerCode::NotEquipped, why);
    let uptime = Oid::new(UPTIME).expect("it is one");
    let oids = || std::iter::once(&uptime).chain(question.values.iter().map(|value| &value.oid));
    let mut dialogue = Dialogue::with(address, MESSAGE_BYTES_MAX).await?;
    let pdu = match &question.access {
        SnmpAccess::Community(community) => {
            let community = equipment.secrets.value(&community.0).map_err(lacks)?;
            get_2c(&mut dialogue, &community, oids, deadline).await.map_err(unheard)?
        }
        SnmpAccess::User(user) => {
            let passwords = Passwords::of(user, equipment).map_err(lacks)?;
            get_3(&mut dialogue, memory, user, &passwords, oids, deadline).await?
        }
    };
    let of = |at: usize| oids().nth(at).map_or_else(String::new, ToString::to_string);
    let unreadable = |detail: String| Outcome::unknown(NoAnswerCode::Unparsable, detail);
    let (status, index) = pdu.error;
    if status != 0 {
        let at = usize::try_from(index).ok().and_then(|index| index.checked_sub(1));
        let about = at.map(|at| format!(" about {}", of(at))).unwrap_or_default();
        let detail = format!("{address} says {}{about}", pdu::error_name(status));
        return Err(match status {
            6 | 16 => Outcome::unknown(NoAnswerCode::NoPermission, detail),
            _ => unreadable(detail),
        });
    }
    if pdu.values.len() != question.values.len() + 1
        || !oids().eq(pdu.values.iter().map(|(oid, _)| oid))
    {
        return Err(unreadable(format!("{address} answers another question than was asked")));
    }
    Ok(pdu.values.into_iter().map(|(_, value)| value).collect())
}

/// Silence is also what an agent says to a community it does not know.
fn unheard(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Down(symptom) if symptom.code == SymptomCode::AnswerTimeout => {
            let detail = format!("{}: none, or none for this community", symptom.detail);
            Outcome::down(SymptomCode::AnswerTimeout, detail)
        }
        Outcome::Up | Outcome::Degraded(_) | Outcome::Down(_) | Outcome::Unknown(_) => outcome,
    }
}

/// A number for a message: 31 bits, so that it is the same signed and unsigned.
fn number() -> i64 {
    i64::from(random() as u32 >> 1)
}

async fn get_2c<'o, O: Iterator<Item = &'o Oid>>(
    dialogue: &mut Dialogue,
    community: &str,
    oids: impl Fn() -> O,
    deadline: Instant,
) -> Result<Pdu, Outcome> {
    let request = number();
    let compose = || {
        let parts = [
            ber::integer(VERSION_2C),
            ber::octets(community.as_bytes()),
            pdu::get(request, oids()),
        ];
        ber::made_of(ber::SEQUENCE, &parts)
    };
    let read = |bytes: &[u8], _| {
        let opened = || {
            let mut message = Reader::whole(bytes)?;
            let version = message.integer()?;
            message.octets()?;
            Some((version, Pdu::read(&mut message)?))
        };
        match opened() {
            Some((VERSION_2C, pdu)) if pdu.request == request && !pdu.is_report => {
                Heard::Answer(pdu)
            }
            Some(_) => Heard::NotOurs,
            None => Heard::Unreadable,
        }
    };
    dialogue.ask(deadline, compose, read).await
}

/// The passwords of a user, looked up for one try.
struct Passwords {
    auth: Option<String>,
    privacy: Option<String>,
}

impl Passwords {
    fn of(user: &SnmpUser, equipment: &Equipment) -> Result<Self, String> {
        let value = |secret: &blackstart_model::plant::Secret| {
            let value = equipment.secrets.value(&secret.0)?;
            let least = SnmpUser::PASSWORD_BYTES_MIN;
            if value.len() < least {
                return Err(format!("the secret `{}` is shorter than {least} bytes", secret.0));
            }
            Ok(value)
        };
        let auth = user.auth.as_ref().map(|auth| value(&auth.password)).transpose()?;
        let privacy = user.auth.as_ref().and_then(|auth| auth.privacy.as_ref());
        Ok(Self { auth, privacy: privacy.map(value).transpose()? })
    }

    /// By which it is seen that they have changed.
    fn mark(&self) -> Vec<u8> {
        let mut mark = ring::digest::Context::new(&ring::digest::SHA256);
        for part in [&self.auth, &self.privacy] {
            let part = part.as_deref().unwrap_or_default();
            mark.update(&(part.len() as u64).to_be_bytes());
            mark.update(part.as_bytes());
        }
        mark.finish().as_ref().to_vec()
    }

    /// The keys they make at this engine.
    fn keys(&self, user: &SnmpUser, engine: &[u8]) -> Option<Keys> {
        let SnmpAuth { hash, .. } = user.auth.as_ref()?;
        Some(Keys::of(*hash, self.auth.as_deref()?, self.privacy.as_deref(), engine))
    }
}

/// What one exchange of v3 came to.
enum Round {
    Answer(Pdu),
    /// It is another engine than we thought, or one whose time we did not know: now we do.
    Again(Box<Engine>),
    Refused(Outcome),
}

async fn get_3<'o, O: Iterator<Item = &'o Oid>>(
    dialogue: &mut Dialogue,
    memory: &mut Memory,
    user: &SnmpUser,
    passwords: &Passwords,
    oids: impl Fn() -> O,
    deadline: Instant,
) -> Result<Pdu, Outcome> {
    let mark = passwords.mark();
    for _ in 0..ROUNDS_MAX {
        let Some(mut engine) = memory.engine.take() else {
            memory.engine = Some(discover(dialogue, deadline).await?);
            continue;
        };
        if engine.keys.as_ref().is_none_or(|(_, of)| *of != mark) {
            engine.keys = passwords.keys(user, &engine.id).map(|keys| (keys, mark.clone()));
        }
        match exchange(dialogue, &mut engine, user, &oids, deadline).await? {
            Round::Answer(pdu) => {
                memory.engine = Some(engine);
                return Ok(pdu);
            }
            Round::Again(engine) => memory.engine = Some(*engine),
            Round::Refused(outcome) => {
                memory.engine = Some(engine);
                return Err(outcome);
            }
        }
    }
    let detail = "the agent never agrees with us on its own time";
    Err(Outcome::unknown(NoAnswerCode::Unparsable, detail))
}

/// Asks an agent for the name of its engine (RFC 3414, section 4). Its time is taken for a guess only: nobody vouches
/// for it.
async fn discover(dialogue: &mut Dialogue, deadline: Instant) -> Result<Engine, Outcome> {
    let message = number();
    let empty = Envelope {
        message,
        engine: b"",
        time: EngineTime::default(),
        user: "",
        keys: None,
        salt: 0,
    };
    let compose = || empty.around(&pdu::get(message, std::iter::empty()));
    let read = |bytes: &[u8], _| {
        let Some(opened) = Opened::of(bytes) else { return Heard::Unreadable };
        // RFC 3411, section 5: an engine's name is 5 to 32 bytes.
        if opened.message == message && (5..=32).contains(&opened.engine.len()) {
            let (id, time) = (opened.engine.to_vec(), opened.time);
            Heard::Answer(Engine { id, time, heard: clock::now(), keys: None })
        } else {
            Heard::NotOurs
        }
    };
    dialogue.ask(deadline, compose, read).await
}

async fn exchange<'o, O: Iterator<Item = &'o Oid>>(
    dialogue: &mut Dialogue,
    engine: &mut Engine,
    user: &SnmpUser,
    oids: &impl Fn() -> O,
    deadline: Instant,
) -> Result<Round, Outcome> {
    let (message, request) = (number(), number());
    let salt = Cell::new(random());
    let (id, keys) = (engine.id.clone(), engine.keys.clone());
    let keys = keys.as_ref().map(|(keys, _)| keys);
    let time = if keys.is_some() { engine.time_now() } else { EngineTime::default() };
    let compose = || {
        salt.set(salt.get().wrapping_add(1));
        let envelope =
            Envelope { message, engine: &id, time, user: &user.name, keys, salt: salt.get() };
        envelope.around(&pdu::get(request, oids()))
    };
    let read = |bytes: &[u8], _| {
        let Some(opened) = Opened::of(bytes) else { return Heard::Unreadable };
        if opened.message != message {
            return Heard::NotOurs;
        }
        let ours = match keys {
            Some(keys) => opened.is_by(&user.name, keys),
            None => !opened.is_authenticated(),
        };
        let Some(pdu) = opened.pdu(keys) else { return Heard::Unreadable };
        if pdu.is_report {
            return match report(&pdu) {
                Some(about) => told(engine, user, about, &opened, ours),
                None => Heard::Unreadable,
            };
        }
        if !ours || opened.engine != id || pdu.request != request {
            return Heard::NotOurs;
        }
        if keys.is_some() && !engine.hear(opened.time) {
            return Heard::NotOurs;
        }
        Heard::Answer(Round::Answer(pdu))
    };
    dialogue.ask(deadline, compose, read).await
}

/// Which of the `usmStats` a report is about.
fn report(pdu: &Pdu) -> Option<u32> {
    let (oid, _) = pdu.values.first()?;
    match oid.arcs().strip_prefix(REPORTS) {
        Some([about, 0]) => Some(*about),
        Some(_) | None => None,
    }
}

/// What a report means for us (RFC 3414, section 3.2). All but that of the time come from nobody in particular: they
/// may end a try, and never say anything of the target.
fn told(
    engine: &Engine,
    user: &SnmpUser,
    about: u32,
    opened: &Opened<'_>,
    ours: bool,
) -> Heard<Round> {
    let refused = |why: String| {
        Heard::Answer(Round::Refused(Outcome::unknown(NoAnswerCode::NoPermission, why)))
    };
    let name = &user.name;
    match about {
        1 => refused(format!("the agent does not let `{name}` ask at this level of protection")),
        // Of its time only its own word counts.
        2 if ours && opened.engine == engine.id => {
            let (time, heard) = (opened.time, clock::now());
            let engine = Engine { time, heard, ..engine.clone() };
            Heard::Answer(Round::Again(Box::new(engine)))
        }
        2 => Heard::NotOurs,
        3 => refused(format!("the agent knows no user `{name}`")),
        4 if (5..=32).contains(&opened.engine.len()) => {
            let (id, time) = (opened.engine.to_vec(), opened.time);
            let engine = Engine { id, time, heard: clock::now(), keys: None };
            Heard::Answer(Round::Again(Box::new(engine)))
        }
        5 => refused(format!("the agent has another password, or another hash, for `{name}`")),
        6 => refused(format!("the agent has another privacy password for `{name}`")),
        _ => Heard::Unreadable,
    }
}

/// What the values amount to. The worst of them is told; a value that says nothing is worse than one that is well.
fn judge(
    question: &SnmpQuestion,
    memory: &mut Memory,
    answers: &[Value],
) -> (Outcome, Vec<Reading>) {
    let (uptime, answers) = answers.split_first().expect("the time was asked too");
    let uptime = match uptime {
        Value::Whole(ticks) => Some(*ticks),
        Value::Counter(..)
        | Value::Float(_)
        | Value::Octets(_)
        | Value::Other
        | Value::Absent(_) => None,
    };
    let counts = answers.iter().map(|value| match value {
        Value::Counter(count, bits) => Some((*count, *bits)),
        Value::Whole(_) | Value::Float(_) | Value::Octets(_) | Value::Other | Value::Absent(_) => {
            None
        }
    });
    let before = memory.counters.take();
    let counters = Counters::after(before, counts.collect(), uptime, clock::now());
    let mut readings: Vec<Reading> = Vec::new();
    let mut worst = Outcome::Up;
    let mut others = 0;
    for ((asked, answer), rate) in question.values.iter().zip(answers).zip(counters.rates()) {
        let number = number_of(asked, answer, *rate);
        if let Some(number) = number {
            let unit = match answer {
                Value::Counter(..) if asked.unit == Unit::Plain => Unit::PerSecond,
                _ => asked.unit,
            };
            readings.extend(
                Reading::new(&asked.name, number, unit)
                    .filter(|read| readings.iter().all(|other| other.name() != read.name())),
            );
        }
        let outcome = judge_one(asked, answer, number);
        if rank(&outcome) > rank(&worst) {
            others += usize::from(worst != Outcome::Up);
            worst = outcome;
        } else {
            others += usize::from(outcome != Outcome::Up);
        }
    }
    memory.counters = Some(counters);
    if others > 0
        && let Outcome::Degraded(symptom) | Outcome::Down(symptom) = &mut worst
    {
        symptom.detail = format!("{}; and {others} more", symptom.detail).into();
    }
    (worst, readings)
}

const fn rank(outcome: &Outcome) -> u8 {
    match outcome.standing() {
        Standing::Up => 0,
        Standing::Unknown => 1,
        Standing::Degraded => 2,
        Standing::Down => 3,
    }
}

/// The number that bounds are about: scaled, and of a counter its growth.
fn number_of(asked: &SnmpValue, answer: &Value, rate: Option<f64>) -> Option<f64> {
    let number = match answer {
        Value::Whole(number) => *number as f64,
        Value::Counter(..) => rate?,
        Value::Float(number) => *number,
        Value::Octets(bytes) => std::str::from_utf8(bytes).ok()?.trim().parse().ok()?,
        Value::Other | Value::Absent(_) => return None,
    };
    Some(number * asked.scale)
}

fn judge_one(asked: &SnmpValue, answer: &Value, number: Option<f64>) -> Outcome {
    let SnmpValue { written: _, oid, name, scale: _, unit, conditions } = asked;
    let unknown = |code, why: &str| Outcome::unknown(code, format!("{name}: {why}"));
    if let Value::Absent(why) = answer {
        return unknown(NoAnswerCode::NoSuchValue, why);
    }
    for condition in conditions {
        let bound = match condition {
            SnmpCondition::Is(words) => {
                if !words.iter().any(|word| is(answer, &word.text, word.number)) {
                    let words: Vec<&str> = words.iter().map(|word| &*word.text).collect();
                    let detail = format!(
                        "{name} is {}, expected {}",
                        shown(oid, answer),
                        words.join(" or ")
                    );
                    return Outcome::down(SymptomCode::WrongValue, detail);
                }
                continue;
            }
            SnmpCondition::AtLeast(bound) | SnmpCondition::AtMost(bound) => *bound,
        };
        let Some(number) = number else {
            return match answer {
                Value::Counter(..) => unknown(
                    NoAnswerCode::NoRate,
                    "a rate needs two tries in a row, a second or more apart",
                ),
                _ => unknown(NoAnswerCode::Unparsable, "it is no number"),
            };
        };
        let (holds, words) = match condition {
            SnmpCondition::AtLeast(_) => (number >= bound, "at least"),
            SnmpCondition::AtMost(_) => (number <= bound, "at most"),
            SnmpCondition::Is(_) => (true, ""),
        };
        if !holds {
            let unit = unit.as_str();
            let detail = format!("{name} is {} {unit}, expected {words} {bound}", short(number));
            return Outcome::degraded(SymptomCode::WrongValue, detail.replace(" ,", ","));
        }
    }
    Outcome::Up
}

fn is(answer: &Value, text: &str, number: Option<i64>) -> bool {
    match answer {
        Value::Whole(value) => Some(*value) == number,
        Value::Counter(value, _) => i64::try_from(*value).ok() == number,
        Value::Octets(bytes) => bytes.trim_ascii() == text.as_bytes(),
        Value::Float(_) | Value::Other | Value::Absent(_) => false,
    }
}

/// A value as a person reads it: with the word of its state.
fn shown(oid: &Oid, answer: &Value) -> String {
    match answer {
        Value::Whole(value) => {
            let states = SnmpObject::of(oid).map_or(&[][..], |object| object.states);
            match states.iter().find(|(number, _)| number == value) {
                Some((number, word)) => format!("{word}({number})"),
                None => value.to_string(),
            }
        }
        Value::Counter(value, _) => value.to_string(),
        Value::Float(value) => short(*value),
        Value::Octets(bytes) => {
            let text: String = String::from_utf8_lossy(bytes).chars().take(80).collect();
            format!("`{}`", text.trim())
        }
        Value::Other => "of another type".to_owned(),
        Value::Absent(why) => (*why).to_owned(),
    }
}

/// At most three digits after the point.
fn short(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
