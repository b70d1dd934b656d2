//! What changed our mind: a line for each time that another cause came to lead.
//!
//! It compares what was believed with what is, and names one thing that was seen and fits the one and not
//! the other. It decides nothing. Tested through `step`.

use blackstart_model::record::{DiagnosisSummary, FaultName, HypothesisSummary};
use blackstart_model::time::{Timestamp, Zone, shown_short};
use std::collections::BTreeSet;

/// Lines kept, the newest (chosen by hand: who changes his mind more often has none).
const CHANGED_MAX: usize = 16;

/// The line on how `new` came to lead where `old` did; `None` where one of them names no cause, or both
/// name the same.
pub(crate) fn line(
    old: &DiagnosisSummary,
    new: &DiagnosisSummary,
    now: Timestamp,
    zone: &Zone,
) -> Option<String> {
    let (before, after) = (old.cause(), new.cause());
    if before.is_empty() || after.is_empty() || alike(&before, &after) {
        return None;
    }
    let because = because(old, new, &before);
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
fn because(old: &DiagnosisSummary, new: &DiagnosisSummary, before: &[FaultName]) -> String {
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
        return format!("{seen} is up again");
    }
    "it fits better how often and when each was seen to fail".to_owned()
}

fn first_beyond<'a>(list: &'a [String], known: &[&Vec<String>]) -> Option<&'a String> {
    list.iter().find(|name| !known.iter().any(|known| known.contains(name)))
}
