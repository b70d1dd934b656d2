//! A diagnosis as people read it: the one sentence first, then what it rests on.
//!
//! Lists are cut and the rest is counted; nothing is left out in silence. Times are local to the plant,
//! with weekday and offset.

use blackstart_model::record::{
    Asker, BelievedFault, Coincidence, DiagnosisSummary, FaultName, HypothesisSummary, NextCheck,
};
use blackstart_model::time::{Timestamp, Zone, shown, shown_span};
use std::fmt::Write as _;

/// Names of one list at most; the rest are counted. Two lines of a terminal.
const NAMES_MAX: usize = 6;

/// Questions to look at next at most: nobody does more at once.
const NEXT_MAX: usize = 5;

/// A diagnosis, as of `now`.
pub(crate) fn words(diagnosis: &DiagnosisSummary, zone: &Zone, now: Timestamp) -> String {
    let DiagnosisSummary {
        sentence,
        hypotheses,
        searched,
        ambiguity,
        next_checks,
        coincidences,
        changed,
    } = diagnosis;
    let mut text = String::new();
    let mut say = |line: &str| {
        let _ = writeln!(text, "{line}");
    };
    say(sentence);
    if !hypotheses.is_empty() {
        say("\nWhat may have broken");
    }
    for (hypothesis, rank) in hypotheses.iter().zip(1..) {
        lines_of(hypothesis, rank, zone).iter().for_each(|line| say(line));
    }
    for group in ambiguity {
        let names: Vec<String> = group.iter().map(fault).collect();
        say(&format!("\nNo check tells these apart: {}", listed(&names, "; or ")));
    }
    if !coincidences.is_empty() {
        say("\nCoincidence, or cause");
    }
    for Coincidence { fault: name, near, odds_low: _, odds_high: _, sentence } in coincidences {
        say(&format!("  {}, near {near}: {sentence}", fault(name)));
    }
    if !changed.is_empty() {
        say("\nWhat changed it");
    }
    changed.iter().for_each(|line| say(&format!("  {line}")));
    if !next_checks.is_empty() {
        say("\nWhat to look at next");
    }
    for (NextCheck { ask, target, by, minutes, information_bits }, rank) in
        next_checks.iter().zip(1..).take(NEXT_MAX)
    {
        let by = match by {
            Asker::Probe => "a check",
            Asker::Person => "a person",
        };
        let cost = cost(*minutes);
        say(&format!("  {rank}. {ask} ({target}; {by}, {cost}, {information_bits:.2} bits)"));
    }
    if !searched.is_empty() {
        say(&format!("\nSearched: {searched}"));
    }
    say(&format!("As of {}", shown(now, zone)));
    text
}

fn cost(minutes: f64) -> String {
    match minutes {
        0.0..1.0 => format!("{:.0} s", minutes * 60.0),
        _ => format!("{minutes:.0} min"),
    }
}

/// A hypothesis: what broke, and how it stands to what was seen.
pub(crate) fn lines_of(hypothesis: &HypothesisSummary, rank: usize, zone: &Zone) -> Vec<String> {
    let HypothesisSummary {
        faults,
        nothing_broke,
        posterior,
        explains,
        unexplained,
        contradicted,
        predicts,
    } = hypothesis;
    let sure = format!("{:3.0} %", (posterior * 100.0).clamp(1.0, 99.0));
    let mut broke: Vec<String> = faults.iter().map(|believed| when(believed, zone)).collect();
    if *nothing_broke {
        broke.push("nothing broke: a false alarm".to_owned());
    } else if broke.is_empty() {
        broke.push("something the plant file does not know".to_owned());
    }
    let mut lines = Vec::new();
    for (line, at) in broke.iter().zip(0..) {
        lines.push(match at {
            0 => format!("  {rank}. {sure}  {line}"),
            _ => format!("     {:5}  and {line}", ""),
        });
    }
    let of_it = [
        ("explains", explains),
        ("leaves unexplained", unexplained),
        ("contradicts (seen up)", contradicted),
        ("predicts, not yet seen", predicts),
    ];
    for (words, names) in of_it {
        if !names.is_empty() {
            lines.push(format!("            {words} {}: {}", names.len(), listed(names, ", ")));
        }
    }
    lines
}

/// `node-nic fails in turns, since Sat 2014-07-05 21:40:00 -05:00, still`.
fn when(believed: &BelievedFault, zone: &Zone) -> String {
    let BelievedFault { fault: name, since, until } = believed;
    let name = fault(name);
    match (since, until) {
        (None, None) => name,
        (Some(since), None) => format!("{name}, since {}, still", shown(*since, zone)),
        (None, Some(until)) => format!("{name}, until {}", shown(*until, zone)),
        (Some(since), Some(until)) => {
            let lasted = shown_span(until.duration_since(*since).unsigned_abs());
            let (since, until) = (shown(*since, zone), shown(*until, zone));
            format!("{name}, since {since}, until {until} ({lasted})")
        }
    }
}

fn fault(FaultName { subject, mode }: &FaultName) -> String {
    format!("{subject} {}", mode.in_words())
}

/// The first names of a list, and how many more there are.
pub(crate) fn listed(names: &[String], between: &str) -> String {
    let shown = names[..names.len().min(NAMES_MAX)].join(between);
    match names.len().saturating_sub(NAMES_MAX) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
