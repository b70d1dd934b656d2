//! What changed our mind: a line for each time that another cause came to lead.
//!
//! It compares what was believed with what is, and names one thing that was seen and fits the one and not
//! the other. It decides nothing. Tested through `step`, and by cases here.

use blackstart_model::observation::Standing;
use blackstart_model::record::{DiagnosisSummary, FaultName, HypothesisSummary};
use blackstart_model::time::{Timestamp, Zone, shown_short};
use std::collections::BTreeSet;

/// Lines kept, the newest (chosen by hand: who changes his mind more often has none).
const CHANGED_MAX: usize = 16;

/// The line on how `new` came to lead where `old` did; `None` where one of them names no cause, or both
/// name the same. `stands` says of a symptom by name how it is seen now.
pub(crate) fn line(
    old: &DiagnosisSummary,
    new: &DiagnosisSummary,
    stands: &dyn Fn(&str) -> Standing,
    now: Timestamp,
    zone: &Zone,
) -> Option<String> {
    let (before, after) = (old.cause(), new.cause());
    if before.is_empty() || after.is_empty() || alike(&before, &after) {
        return None;
    }
    let because = because(old, new, stands, &before);
    let at = shown_short(now, zone);
    Some(format!("{at}: {} instead of {}, because {because}", said(&after), said(&before)))
}

/// The lines so far, and one more.
pub(crate) fn with(mut lines: Vec<String>, line: Option<String>) -> Vec<String> {
    lines.extend(line);
    let over = lines.len().saturating_sub(CHANGED_MAX);
    lines.drain(..over);
    lines
}

fn alike(a: &[FaultName], b: &[FaultName]) -> bool {
    let set = |faults: &[FaultName]| faults.iter().cloned().collect::<BTreeSet<_>>();
    set(a) == set(b)
}

fn said(cause: &[FaultName]) -> String {
    let words: Vec<String> =
        cause.iter().map(|fault| format!("{} {}", fault.subject, fault.mode)).collect();
    words.join(" and ")
}

/// What was seen that fits what is believed now, and not what was.
fn because(
    old: &DiagnosisSummary,
    new: &DiagnosisSummary,
    stands: &dyn Fn(&str) -> Standing,
    before: &[FaultName],
) -> String {
    let (Some(was), Some(lead)) = (old.hypotheses.first(), new.hypotheses.first()) else {
        return "nothing is believed of it now".to_owned();
    };
    let names = |hypothesis: &HypothesisSummary| -> Vec<FaultName> {
        hypothesis.faults.iter().map(|it| it.fault.clone()).collect()
    };
    if let Some(now) = new.hypotheses.iter().find(|now| alike(&names(now), before)) {
        if let Some(seen) = first_beyond(&now.unexplained, &[&lead.unexplained]) {
            return format!("{seen} fails, which that does not explain");
        }
        if let Some(seen) = first_beyond(&now.contradicted, &[&lead.contradicted]) {
            return format!("{seen} is seen up, which that would take down");
        }
    }
    if let Some(seen) = first_beyond(&lead.explains, &[&was.explains, &was.unexplained]) {
        return format!("{seen} fails too");
    }
    if let Some(seen) = first_beyond(&lead.explains, &[&was.explains]) {
        return format!("{seen} goes on failing, which that did not explain");
    }
    if let Some(seen) = first_beyond(&was.explains, &[&lead.explains, &lead.unexplained]) {
        return match stands(seen) {
            Standing::Up => format!("{seen} is up again"),
            Standing::Down | Standing::Degraded => format!("{seen} has another cause"),
            // Who says nothing more has not said that it is up.
            Standing::Unknown => format!("nothing is heard of {seen} any more"),
        };
    }
    "it fits better how often and when each was seen to fail".to_owned()
}

fn first_beyond<'a>(list: &'a [String], known: &[&Vec<String>]) -> Option<&'a String> {
    list.iter().find(|name| !known.iter().any(|known| known.contains(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_model::record::{BelievedFault, FaultMode};

    /// A belief in one fault that explains these.
    fn belief(subject: &str, explains: &[&str]) -> DiagnosisSummary {
        let fault = FaultName { subject: subject.to_owned(), mode: FaultMode::Down };
        let lead = HypothesisSummary {
            faults: vec![BelievedFault { fault, since: None, until: None }],
            nothing_broke: false,
            posterior: 0.9,
            explains: explains.iter().map(|name| (*name).to_owned()).collect(),
            unexplained: Vec::new(),
            contradicted: Vec::new(),
            predicts: Vec::new(),
        };
        DiagnosisSummary { hypotheses: vec![lead], ..DiagnosisSummary::default() }
    }

    #[test]
    fn what_is_gone_is_up_again_only_where_it_is_seen_up() {
        let old = belief("core", &["db from monitor", "web/tcp from here"]);
        let new = belief("web", &["web/tcp from here"]);
        let said = |standing| {
            let now = "2026-11-21T03:00:00Z".parse().expect("an instant");
            line(&old, &new, &|_| standing, now, &Zone::UTC).expect("another cause leads")
        };
        let because =
            |standing| said(standing).split_once("because ").expect("a reason").1.to_owned();
        assert_eq!(because(Standing::Up), "db from monitor is up again");
        assert_eq!(because(Standing::Unknown), "nothing is heard of db from monitor any more");
        for standing in [Standing::Down, Standing::Degraded] {
            assert_eq!(because(standing), "db from monitor has another cause");
        }
    }
}
