//! What the diagnosis may rest on: which words are facts now, and which only were.
//!
//! A failing check is a fact until it says otherwise. A check that is up is a fact *against* a cause only
//! if it has spoken since the newest failure began, or has had the time to: changes are told at once, so
//! a vantage that is heard and has told none within the slowest check's period and deadline still sees
//! what it saw. Before that, an "up" from before the outage proves nothing.
//!
//! A bad answer is an answer: a machine that refuses a connection works, and so does the way to it.

use crate::diagnosis::Fact;
use crate::diagnosis::next::Asked;
use crate::state::{Loaded, State, SymptomKey, Word};
use blackstart_model::observation::{NoAnswerCode, Outcome, Standing, SymptomCode};
use blackstart_model::record::Saw;
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{CheckKey, VantageName};
use std::collections::BTreeSet;

/// How long a person's word is a fact (chosen by hand: things change within the hour).
const WORD_LASTS: Duration = Duration::from_secs(3_600);

/// A fact, with the name it is shown by.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) key: SymptomKey,
    pub(crate) fact: Fact,
    pub(crate) since: Timestamp,
    pub(crate) outcome: Outcome,
}

/// The facts at `now`: failing ones first, then those seen up; and what is degraded, which has no part
/// in the search for what is down.
pub(crate) struct Facts {
    pub(crate) failing: Vec<Seen>,
    pub(crate) up: Vec<Seen>,
    pub(crate) degraded: Vec<Seen>,
    /// What was asked since the newest failure began.
    pub(crate) asked: Asked,
    /// When more of what is up becomes a fact by the mere passing of time.
    pub(crate) ripens_at: Option<Timestamp>,
}

/// The key under which a lost vantage is a symptom.
pub(crate) fn lost_key(vantage: &VantageName) -> SymptomKey {
    (CheckKey::from("way out"), vantage.clone())
}

/// The key under which an answer that is no good one still speaks for the machine that gave it.
fn answer_key(machine: &str, vantage: &VantageName) -> SymptomKey {
    (CheckKey::from(format!("answers of {machine}")), vantage.clone())
}

/// Whether this symptom is an answer: something at the other end, and the way to it, is alive.
const fn is_answer(code: SymptomCode) -> bool {
    match code {
        SymptomCode::Refused
        | SymptomCode::Closed
        | SymptomCode::TlsFailed
        | SymptomCode::CertificateInvalid
        | SymptomCode::CertificateExpires
        | SymptomCode::WrongStatus
        | SymptomCode::WrongBody
        | SymptomCode::WrongHeader
        | SymptomCode::EchoLoss
        | SymptomCode::WrongRcode
        | SymptomCode::WrongRecord
        | SymptomCode::Slow
        | SymptomCode::Flapping => true,
        SymptomCode::NoAddress
        | SymptomCode::Unreachable
        | SymptomCode::ConnectTimeout
        | SymptomCode::AnswerTimeout
        | SymptomCode::NoEcho
        | SymptomCode::Reported => false,
    }
}

/// The key under which somebody's word is a symptom.
fn word_key(component: &str, who: &str) -> SymptomKey {
    (CheckKey::from(component), VantageName::from(who))
}

/// What a word says, as an outcome.
pub(crate) fn said(word: &Word) -> Outcome {
    match word.saw {
        Saw::Up => Outcome::Up,
        Saw::Down => Outcome::down(SymptomCode::Reported, word.note.as_str()),
        Saw::Degraded => Outcome::degraded(SymptomCode::Reported, word.note.as_str()),
        Saw::Flapping => Outcome::degraded(SymptomCode::Flapping, word.note.as_str()),
        Saw::Unknown => Outcome::unknown(NoAnswerCode::NotAsked, word.note.as_str()),
    }
}

/// Gathers the facts.
pub(crate) fn facts(state: &State, loaded: &Loaded, now: Timestamp) -> Facts {
    let (plant, circuit) = (&loaded.plant, &loaded.circuit);
    let mut failing = Vec::new();
    let mut degraded = Vec::new();
    let mut up = Vec::new();
    // One for each machine and vantage: what answers for several is one witness.
    let mut answering = BTreeSet::new();
    for (key, evidence) in &state.evidence {
        let standing = evidence.outcome.standing();
        if matches!(standing, Standing::Up | Standing::Unknown) || state.is_mute(&key.1) {
            continue;
        }
        let Some(sees) = circuit.sees_named(&key.0, &key.1) else { continue };
        // Had it changed its mind since, it would have told: its next try confirmed it, told or not.
        let again = now >= later(evidence.since, loaded.slowest);
        let tries = if again { evidence.tries.max(2) } else { evidence.tries };
        let fact = Fact::plain(sees.gate, false, tries);
        let seen = Seen {
            key: key.clone(),
            fact,
            since: evidence.since,
            outcome: evidence.outcome.clone(),
        };
        let answered = match &evidence.outcome {
            Outcome::Degraded(symptom) | Outcome::Down(symptom) => is_answer(symptom.code),
            Outcome::Up | Outcome::Unknown(_) => false,
        };
        if let Some((machine, gate)) = sees.answers.filter(|_| answered)
            && answering.insert((machine, key.1.clone()))
        {
            let key = answer_key(plant.component(machine).name.as_str(), &key.1);
            let fact = Fact::plain(gate, true, 1);
            up.push(Seen { key, fact, since: evidence.since, outcome: Outcome::Up });
        }
        if standing == Standing::Down { failing.push(seen) } else { degraded.push(seen) }
    }
    for (vantage, loss) in &state.lost {
        let Some(at) = plant.vantages().iter().position(|own| own.name == *vantage) else {
            continue;
        };
        let id = blackstart_model::VantageId(u32::try_from(at).expect("vantages fit u32"));
        failing.push(Seen {
            key: lost_key(vantage),
            // It was proved twice over before it was told.
            fact: Fact::plain(circuit.heard(id), false, 2),
            since: loss.since,
            outcome: Outcome::Unknown(blackstart_model::observation::NoAnswer {
                code: blackstart_model::observation::NoAnswerCode::CutOff,
                detail: loss.detail.as_str().into(),
            }),
        });
    }
    let words = state
        .words
        .iter()
        .flat_map(|(component, by)| by.values().map(move |word| (component, word)));
    for (component, word) in words {
        let Some(id) = plant.find(component.as_str()) else { continue };
        if now.duration_since(word.at) > signed(WORD_LASTS) {
            continue;
        }
        let fact = Fact::plain(circuit.works(id), word.saw == Saw::Up, 2);
        let seen = Seen {
            key: word_key(component.as_str(), &word.who),
            fact,
            since: word.at,
            outcome: said(word),
        };
        match word.saw {
            Saw::Up => up.push(seen),
            Saw::Down => failing.push(seen),
            Saw::Degraded | Saw::Flapping => degraded.push(seen),
            Saw::Unknown => {}
        }
    }
    let newest = failing.iter().map(|seen| seen.since).max();
    let ripens_at = newest.map(|newest| later(newest, loaded.slowest));
    let ripe = ripens_at.is_some_and(|at| now >= at);
    if let Some(newest) = newest {
        for (key, evidence) in &state.evidence {
            if evidence.outcome.standing() != Standing::Up || state.is_mute(&key.1) {
                continue;
            }
            let Some(sees) = circuit.sees_named(&key.0, &key.1) else { continue };
            if evidence.at >= newest || ripe {
                let fact = Fact::plain(sees.gate, true, evidence.tries);
                up.push(Seen {
                    key: key.clone(),
                    fact,
                    since: evidence.since,
                    outcome: Outcome::Up,
                });
            }
        }
        for (at, vantage) in plant.vantages().iter().enumerate() {
            // Whoever proves its way out did so before it told of a failure; and what an agent tells
            // has come by the way that would be lost.
            let proves = !vantage.way_out.is_empty() || vantage.agent.is_some();
            let tells = proves && failing.iter().any(|seen| seen.key.1 == vantage.name);
            if !state.lost.contains_key(&vantage.name) && (ripe || tells) {
                let id = blackstart_model::VantageId(u32::try_from(at).expect("vantages fit u32"));
                up.push(Seen {
                    key: lost_key(&vantage.name),
                    fact: Fact::plain(circuit.heard(id), true, 1),
                    since: newest,
                    outcome: Outcome::Up,
                });
            }
        }
    }
    let asked = asked(state, newest, now);
    Facts { failing, up, degraded, asked, ripens_at: ripens_at.filter(|_| !ripe) }
}

/// What needs no asking (again): since `newest`, the beginning of the newest failure.
fn asked(state: &State, newest: Option<Timestamp>, now: Timestamp) -> Asked {
    let mut asked = Asked::default();
    let is_since = |at: Timestamp| newest.is_some_and(|newest| at >= newest);
    let put = state.probed.iter().filter(|&(_, &at)| is_since(at)).map(|(key, _)| key);
    let unanswered = state.evidence.iter().filter_map(|(key, evidence)| {
        let is_unknown = evidence.outcome.standing() == Standing::Unknown;
        (is_unknown && is_since(evidence.at)).then_some(key)
    });
    asked.probes.extend(put.chain(unanswered).cloned());
    asked.mute.extend(state.lost.keys().filter(|vantage| state.is_mute(vantage)).cloned());
    let is_fresh = |at: Timestamp| now.duration_since(at) <= signed(WORD_LASTS);
    let told = state.words.iter().filter(|(_, by)| by.values().any(|word| is_fresh(word.at)));
    asked.told.extend(told.map(|(component, _)| component.clone()));
    let done = state.deeds.iter().filter(|(_, deeds)| deeds.iter().any(|deed| is_fresh(deed.at)));
    asked.done.extend(done.map(|(component, _)| component.clone()));
    asked
}

/// `at` and then `span`; saturates at the end of time.
pub(crate) fn later(at: Timestamp, span: Duration) -> Timestamp {
    at.checked_add(signed(span)).unwrap_or(Timestamp::MAX)
}

fn signed(span: Duration) -> blackstart_model::time::SignedDuration {
    blackstart_model::time::SignedDuration::try_from(span)
        .unwrap_or(blackstart_model::time::SignedDuration::MAX)
}
