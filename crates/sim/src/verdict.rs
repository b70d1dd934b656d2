//! How a verdict stands to the truth: at which rank a cause is named, and what is said beside it.
//!
//! A cause is where its name is, or where the name of something is that no check tells from it: a group
//! of faults that look alike is one answer, given as such.

use crate::scenario::{Mode, Named};
use blackstart_model::record::{
    BelievedFault, DiagnosisSummary, FaultMode, FaultName, HypothesisSummary,
};
use blackstart_model::time::Timestamp;
use blackstart_reason::State;

/// What is believed at one time.
#[derive(Clone, Debug, Default)]
pub struct Verdict {
    summaries: Vec<DiagnosisSummary>,
}

impl Verdict {
    /// What is believed now of everything that is seen.
    #[must_use]
    pub fn of(state: &State, now: Timestamp) -> Self {
        Self::only(state.diagnose(now))
    }

    /// One diagnosis.
    #[must_use]
    pub fn only(summary: DiagnosisSummary) -> Self {
        Self { summaries: vec![summary] }
    }

    /// The rank of a cause, the first being 1.
    #[must_use]
    pub fn rank(&self, cause: &Named) -> Option<usize> {
        let ranks = self.summaries.iter().filter_map(|summary| {
            let names = alike(summary, cause);
            let holds = |hypothesis: &HypothesisSummary| {
                hypothesis
                    .faults
                    .iter()
                    .any(|it| names.contains(&&it.fault) || is(&it.fault, cause))
            };
            summary.hypotheses.iter().position(holds)
        });
        ranks.min().map(|rank| rank + 1)
    }

    /// Whether the cause's own name is part of a first answer, and not only its group's.
    #[must_use]
    pub fn is_named(&self, cause: &Named) -> bool {
        self.first().any(|fault| is(fault, cause))
    }

    /// Faults of the first answers.
    pub fn first(&self) -> impl Iterator<Item = &FaultName> {
        let leads = self.summaries.iter().filter_map(|summary| summary.hypotheses.first());
        leads.flat_map(|lead| lead.faults.iter().map(|it| &it.fault))
    }

    /// Whether these stand in one ambiguity group.
    #[must_use]
    pub fn are_alike(&self, subjects: &[String]) -> bool {
        self.summaries.iter().flat_map(|summary| &summary.ambiguity).any(|group| {
            subjects.iter().all(|subject| group.iter().any(|fault| fault.subject == *subject))
        })
    }

    /// What the first answers leave unexplained.
    pub fn unexplained(&self) -> impl Iterator<Item = &String> {
        let leads = self.summaries.iter().filter_map(|summary| summary.hypotheses.first());
        leads.flat_map(|lead| &lead.unexplained)
    }

    /// Whether a first answer is that nothing in the plant explains it.
    #[must_use]
    pub fn is_unmodelled(&self) -> bool {
        let mut leads = self.summaries.iter().filter_map(|summary| summary.hypotheses.first());
        leads.any(|lead| lead.faults.is_empty() && !lead.nothing_broke)
    }

    /// The targets of the best next checks, one of each diagnosis.
    pub fn next_checks(&self) -> impl Iterator<Item = &str> {
        let best = self.summaries.iter().filter_map(|summary| summary.next_checks.first());
        best.map(|next| next.target.as_str())
    }

    /// The first answer's share of the belief, of the diagnosis that is surest. Answers that differ only in
    /// what no check tells apart are one.
    #[must_use]
    pub fn posterior(&self) -> Option<f64> {
        self.summaries.iter().filter_map(posterior).max_by(f64::total_cmp)
    }

    /// A line for each answer: its share of the belief, what broke, and how it stands to what was seen.
    pub fn answers(&self) -> impl Iterator<Item = String> {
        self.summaries.iter().flat_map(|summary| &summary.hypotheses).map(|it| {
            let named = |it: &BelievedFault| format!("{} {:?}", it.fault.subject, it.fault.mode);
            let faults: Vec<String> = it.faults.iter().map(named).collect();
            let none = if it.nothing_broke { "nothing broke" } else { "not in the plant" };
            let faults = if faults.is_empty() { none.to_owned() } else { faults.join(" + ") };
            let explains = it.explains.len();
            let (left, against) = (it.unexplained.join(", "), it.contradicted.join(", "));
            let posterior = 100.0 * it.posterior;
            format!(
                "{posterior:.1} % {faults}; explains {explains}; left: {left}; against: {against}"
            )
        })
    }

    /// The sentences.
    #[must_use]
    pub fn sentences(&self) -> String {
        let all: Vec<&str> =
            self.summaries.iter().map(|summary| summary.sentence.as_str()).collect();
        all.join(" | ")
    }
}

fn posterior(summary: &DiagnosisSummary) -> Option<f64> {
    let (lead, others) = summary.hypotheses.split_first()?;
    let is_same = |a: &FaultName, b: &FaultName| {
        a == b || summary.ambiguity.iter().any(|group| group.contains(a) && group.contains(b))
    };
    let stands_for = |other: &&HypothesisSummary| {
        let (own, others) = (&lead.faults, &other.faults);
        !own.is_empty()
            && own.len() == others.len()
            && own.iter().zip(others).all(|(a, b)| is_same(&a.fault, &b.fault))
    };
    let same = others.iter().filter(stands_for).map(|other| other.posterior);
    Some((lead.posterior + same.sum::<f64>()).min(1.0))
}

/// What stands in one group with this cause.
fn alike<'a>(summary: &'a DiagnosisSummary, cause: &Named) -> Vec<&'a FaultName> {
    let groups = summary.ambiguity.iter();
    groups.filter(|group| group.iter().any(|fault| is(fault, cause))).flatten().collect()
}

/// Whether a fault that is named is this one.
#[must_use]
pub fn is(fault: &FaultName, cause: &Named) -> bool {
    fault.subject == cause.subject && cause.mode.is_none_or(|mode| is_mode(fault.mode, mode))
}

/// Whether a word of a verdict fits what is truly so.
fn is_mode(said: FaultMode, truly: Mode) -> bool {
    match truly {
        Mode::Down => said == FaultMode::Down,
        Mode::Flaky => said == FaultMode::Flaky,
        // That it had failed before, or because of another, may be more than can be known.
        Mode::Latent => matches!(said, FaultMode::Latent | FaultMode::Down),
        Mode::Consequential => matches!(said, FaultMode::Consequential | FaultMode::Down),
        Mode::Partial => said == FaultMode::Partial,
        Mode::Degraded => said == FaultMode::Degraded,
        Mode::Misrouted => said == FaultMode::Misrouted,
        Mode::CutOff | Mode::Silent => said == FaultMode::CutOff,
        Mode::WrongCheck => said == FaultMode::WrongCheck,
    }
}
