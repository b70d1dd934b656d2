//! A diagnosis as JSON: what the API, `diagnose` and `replay` write.
//!
//! The structs *are* the format, one for all three: fields are only added. They hold what a
//! [`DiagnosisSummary`] holds, and decide nothing. Tested by the answers they are part of.

use blackstart_model::record::{
    BelievedFault, Coincidence, DiagnosisSummary, FaultName, HypothesisSummary, NextCheck,
};
use serde::Serialize;

/// A diagnosis.
#[derive(Serialize, Debug)]
pub struct Believed {
    /// One sentence a tired person understands.
    pub sentence: String,
    /// Most believed first.
    pub hypotheses: Vec<Hypothesis>,
    /// How far the search went.
    pub searched: String,
    /// Groups of faults that nothing seen tells apart.
    pub ambiguity: Vec<Vec<NamedFault>>,
    /// What to look at next, most telling for its cost first.
    pub next_checks: Vec<Next>,
    /// Whether something that happened at the same time caused it.
    pub coincidences: Vec<Near>,
    /// What changed the leading cause, oldest first.
    pub changed: Vec<String>,
}

/// A set of faults, and how it stands to the evidence.
#[derive(Serialize, Debug)]
pub struct Hypothesis {
    /// The faults; none for false alarms, and for what the plant file does not know.
    pub faults: Vec<Fault>,
    /// The failing checks are false alarms.
    pub nothing_broke: bool,
    /// How much of the belief it holds, 0 to 1.
    pub posterior: f64,
    /// Failing checks it predicts.
    pub explains: Vec<String>,
    /// Failing checks it does not.
    pub unexplained: Vec<String>,
    /// Checks seen up that it predicts down.
    pub contradicted: Vec<String>,
    /// Services it predicts down that nobody has spoken of.
    pub predicts: Vec<String>,
}

/// A fault, and when.
#[derive(Serialize, Debug)]
pub struct Fault {
    /// What broke.
    pub component: String,
    /// How.
    pub mode: &'static str,
    /// From when on it shows, RFC 3339.
    pub since: Option<String>,
    /// When it ended; null while it lasts.
    pub until: Option<String>,
}

/// A fault by name.
#[derive(Serialize, Debug)]
pub struct NamedFault {
    /// What broke.
    pub component: String,
    /// How.
    pub mode: &'static str,
}

/// Something worth looking at.
#[derive(Serialize, Debug)]
pub struct Next {
    /// The question.
    pub ask: String,
    /// Of which component or check.
    pub target: String,
    /// `probe` or `person`.
    pub by: &'static str,
    /// What the answer costs.
    pub minutes: f64,
    /// How much of the doubt it is expected to take away.
    pub information_bits: f64,
}

/// The odds that something near in time caused a fault.
#[derive(Serialize, Debug)]
pub struct Near {
    /// The fault.
    pub fault: NamedFault,
    /// What happened near it.
    pub near: String,
    /// Odds of "caused by" to 1, at least.
    pub odds_low: f64,
    /// At most.
    pub odds_high: f64,
    /// The verdict with its figures.
    pub sentence: String,
}

impl From<&DiagnosisSummary> for Believed {
    fn from(summary: &DiagnosisSummary) -> Self {
        let DiagnosisSummary {
            sentence,
            hypotheses,
            searched,
            ambiguity,
            next_checks,
            coincidences,
            changed,
        } = summary.clone();
        let group = |group: Vec<FaultName>| group.into_iter().map(Into::into).collect();
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

impl From<HypothesisSummary> for Hypothesis {
    fn from(summary: HypothesisSummary) -> Self {
        let HypothesisSummary {
            faults,
            nothing_broke,
            posterior,
            explains,
            unexplained,
            contradicted,
            predicts,
        } = summary;
        let faults = faults.into_iter().map(Into::into).collect();
        Self { faults, nothing_broke, posterior, explains, unexplained, contradicted, predicts }
    }
}

impl From<BelievedFault> for Fault {
    fn from(believed: BelievedFault) -> Self {
        let BelievedFault { fault, since, until } = believed;
        let NamedFault { component, mode } = fault.into();
        let text = |at: blackstart_model::time::Timestamp| at.to_string();
        Self { component, mode, since: since.map(text), until: until.map(text) }
    }
}

impl From<FaultName> for NamedFault {
    fn from(name: FaultName) -> Self {
        let FaultName { subject, mode } = name;
        Self { component: subject, mode: mode.as_str() }
    }
}

impl From<NextCheck> for Next {
    fn from(next: NextCheck) -> Self {
        let NextCheck { ask, target, by, minutes, information_bits } = next;
        Self { ask, target, by: by.as_str(), minutes, information_bits }
    }
}

impl From<Coincidence> for Near {
    fn from(coincidence: Coincidence) -> Self {
        let Coincidence { fault, near, odds_low, odds_high, sentence } = coincidence;
        Self { fault: fault.into(), near, odds_low, odds_high, sentence }
    }
}
