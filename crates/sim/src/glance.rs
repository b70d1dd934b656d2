//! What one try sees at one instant, for those who keep the time and the grid themselves: a demonstration.
//!
//! The same rules as in [`world`](crate::world), without its clock: senses are right, and nothing is late.
//! It keeps nothing. Tested by `cli`'s demonstration, as a process.

use crate::truth::Truth;
use blackstart_model::check::Question;
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode};
use blackstart_model::plant::Vantage;
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{CheckKey, VantageId, VantageName};
use blackstart_reason::crosses_way_out;

/// How long a good answer takes, and a refusal.
const ANSWER: Duration = Duration::from_millis(20);

/// A try, answered.
#[derive(Clone, PartialEq, Debug)]
pub struct Glance {
    /// What it saw.
    pub outcome: Outcome,
    /// How long it took.
    pub takes: Duration,
}

impl Truth {
    /// What a try of this check from this vantage sees at this instant; `None` where nothing is heard from
    /// there, or the truth has no such check. Linear in the checks of the plant.
    #[must_use]
    pub fn glance(&self, key: &CheckKey, vantage: &VantageName, at: Timestamp) -> Option<Glance> {
        let plant = self.plant();
        let check = plant.checks().iter().find(|check| check.key == *key)?;
        let sees = self.circuit().sees_named(key, vantage)?;
        let (id, place) = self.place(vantage)?;
        if self.is_silent(vantage, at) {
            return None;
        }
        let moment = self.moment(at);
        let way_out = moment.holds[self.circuit().heard(id).index()];
        if place.agent.is_some() && !way_out {
            return None;
        }
        let holds = moment.holds[sees.gate.index()] || self.says_up(key, at);
        let slow = !moment.slow.is_empty() && moment.slow[sees.gate.index()];
        let answers = sees.answers.is_some_and(|(_, gate)| moment.holds[gate.index()]);
        let echoes = matches!(*check.question, Question::Icmp(_));
        let provable = !place.way_out.is_empty();
        let cut_off = !holds && !way_out && provable && crosses_way_out(plant, check, place);
        let (outcome, takes) = match (holds, slow, echoes) {
            _ if cut_off => (Outcome::unknown(NoAnswerCode::CutOff, ""), ANSWER),
            (true, false, _) => (Outcome::Up, ANSWER),
            (true, true, true) => (Outcome::degraded(SymptomCode::EchoLoss, ""), ANSWER),
            (true, true, false) => (Outcome::degraded(SymptomCode::Slow, ""), check.deadline / 2),
            (false, _, true) => (Outcome::down(SymptomCode::NoEcho, ""), check.deadline),
            (false, _, false) if answers => (Outcome::down(SymptomCode::Refused, ""), ANSWER),
            (false, _, false) => (Outcome::down(SymptomCode::ConnectTimeout, ""), check.deadline),
        };
        Some(Glance { outcome, takes })
    }

    /// Whether a vantage is heard at this instant, and has its way out. One that is not known is not.
    #[must_use]
    pub fn is_heard(&self, vantage: &VantageName, at: Timestamp) -> bool {
        let Some((id, _)) = self.place(vantage) else { return false };
        let way_out = self.moment(at).holds[self.circuit().heard(id).index()];
        way_out && !self.is_silent(vantage, at)
    }

    fn place(&self, vantage: &VantageName) -> Option<(VantageId, &Vantage)> {
        let mut all = self.plant().vantages().iter().zip(0..);
        all.find(|(own, _)| own.name == *vantage).map(|(own, at)| (VantageId(at), own))
    }
}
