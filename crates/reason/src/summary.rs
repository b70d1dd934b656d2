//! A diagnosis in names and words: what is kept in the journal, shown on pages and sent at night.

use crate::circuit::{Circuit, GateId, InputId, Subject};
use crate::diagnosis::{Fault, Faults, Hypothesis};
use crate::evidence::Seen;
use crate::judgement::{component_of, keys};
use crate::state::{Loaded, symptom_name};
use blackstart_model::record::{
    BelievedFault, DiagnosisSummary, FaultMode, FaultName, HypothesisSummary,
};
use blackstart_model::time::Timestamp;
use blackstart_model::{ComponentId, Plant};
use std::collections::BTreeSet;

/// A second hypothesis that holds at least so much of the first one's belief, and explains the same,
/// is named beside it: no check tells the two apart (chosen by hand).
const RIVAL: f64 = 0.3;

/// Faults named at most together in a sentence, and beside each other; and sets of several beside each other. Nobody at
/// night hears more (chosen by hand). All of them stand below it.
const SAID_MAX: usize = 3;
const EITHER_MAX: usize = 5;
const EITHER_SET_MAX: usize = 2;

/// Names at most in one list of a hypothesis; the rest is counted.
const LISTED_MAX: usize = 200;

/// The name of a fault.
pub(crate) fn fault_name(plant: &Plant, circuit: &Circuit, fault: &Fault) -> FaultName {
    FaultName { subject: subject_name(plant, circuit, fault.input), mode: fault.mode }
}

/// The name of what can break.
pub(crate) fn subject_name(plant: &Plant, circuit: &Circuit, input: InputId) -> String {
    match circuit.subject(input) {
        Subject::Component(id) => plant.component(id).name.to_string(),
        Subject::Vantage(id) => format!("vantage {}", plant.vantage(id).name),
        Subject::Check(id) => format!("check {}", plant.checks()[id.index()].key),
        Subject::Carriage { upstream, prefix } => {
            format!("{} through {}", plant.component(prefix).name, plant.component(upstream).name)
        }
        Subject::Spread { from: _, to } => plant.component(to).name.to_string(),
    }
}

/// What [`subject_name`] names so; what a fault spread to goes by its own name. Linear in what can break,
/// for what is no component.
pub(crate) fn subject_named(plant: &Plant, circuit: &Circuit, name: &str) -> Option<InputId> {
    if let Some(id) = plant.find(name) {
        return Some(circuit.component_input(id));
    }
    let is_meant = |subject: Subject| match subject {
        Subject::Component(_) | Subject::Spread { .. } => false,
        Subject::Vantage(id) => {
            name.strip_prefix("vantage ") == Some(plant.vantage(id).name.as_str())
        }
        Subject::Check(id) => {
            name.strip_prefix("check ") == Some(plant.checks()[id.index()].key.as_str())
        }
        Subject::Carriage { upstream, prefix } => {
            let named = |id| plant.component(id).name.as_str();
            name.split_once(" through ") == Some((named(prefix), named(upstream)))
        }
    };
    let is_possible = name.contains(' ');
    circuit.inputs().filter(|_| is_possible).find(|&input| is_meant(circuit.subject(input)))
}

/// The gate by which what can break shows to whoever looks at it.
pub(crate) fn sign(circuit: &Circuit, input: InputId) -> GateId {
    match circuit.subject(input) {
        Subject::Component(id) | Subject::Spread { from: _, to: id } => circuit.works(id),
        Subject::Vantage(id) => circuit.heard(id),
        Subject::Check(_) | Subject::Carriage { .. } => {
            GateId::of(u32::try_from(input.index()).expect("inputs fit u32"))
        }
    }
}

/// Ranked hypotheses about `seen` (the facts in the order they were given, and the components of those that fail) as
/// they are kept.
pub(crate) fn summarise(
    loaded: &Loaded,
    (seen, failing): (&[&Seen], &[&str]),
    epochs: &[Timestamp],
    hypotheses: &[Hypothesis],
    ambiguity: &[Vec<Fault>],
    searched: &str,
) -> DiagnosisSummary {
    let (plant, circuit) = (&loaded.plant, &loaded.circuit);
    // What was seen in several epochs is named once.
    let names = |list: &[usize]| {
        let mut known = BTreeSet::new();
        let keys = list.iter().map(|&at| &seen[at].key).filter(|key| known.insert(*key));
        keys.take(LISTED_MAX).map(symptom_name).collect::<Vec<_>>()
    };
    let told = &hypotheses[..hypotheses.len().min(DiagnosisSummary::HYPOTHESES_MAX)];
    let summaries = told
        .iter()
        .zip(predicts(loaded, failing, told))
        .map(|(hypothesis, predicts)| HypothesisSummary {
            faults: hypothesis
                .faults
                .list()
                .iter()
                .map(|fault| BelievedFault {
                    fault: fault_name(plant, circuit, fault),
                    since: since(seen, epochs, hypothesis, fault),
                    until: fault.last.and_then(|last| epochs.get(usize::from(last) + 1).copied()),
                })
                .collect(),
            nothing_broke: hypothesis.faults == Faults::Nothing,
            posterior: hypothesis.posterior,
            explains: names(&hypothesis.explains),
            unexplained: names(&hypothesis.unexplained),
            contradicted: names(&hypothesis.contradicted),
            predicts,
        })
        .collect();
    let group =
        |group: &Vec<Fault>| group.iter().map(|fault| fault_name(plant, circuit, fault)).collect();
    DiagnosisSummary {
        sentence: sentence(loaded, seen, hypotheses),
        hypotheses: summaries,
        searched: searched.to_owned(),
        ambiguity: ambiguity.iter().map(group).collect(),
        ..DiagnosisSummary::default()
    }
}

/// When a fault began to show: the first of what it explains in its first epoch.
fn since(
    seen: &[&Seen],
    epochs: &[Timestamp],
    hypothesis: &Hypothesis,
    fault: &Fault,
) -> Option<Timestamp> {
    let explained = hypothesis.explains.iter().map(|&at| seen[at]);
    // What failed already when the epoch began is an earlier fault's doing.
    let begun = epochs.get(usize::from(fault.first)).copied().filter(|_| fault.first > 0);
    let own = explained.filter(|seen| seen.fact.epoch == fault.first);
    own.map(|seen| begun.map_or(seen.since, |begun| seen.since.max(begun))).min()
}

/// Services that each hypothesis takes down and no failing check has spoken of.
fn predicts(loaded: &Loaded, failing: &[&str], hypotheses: &[Hypothesis]) -> Vec<Vec<String>> {
    // What is slow, fails in turns or in part takes down nothing for certain.
    let lasts = |fault: &&Fault| {
        let spares = [FaultMode::Flaky, FaultMode::Degraded, FaultMode::Partial];
        fault.last.is_none() && !spares.contains(&fault.mode)
    };
    let names = |hypothesis: &Hypothesis| {
        let lasting = hypothesis.faults.list().iter().filter(lasts);
        let broke: Vec<InputId> = lasting.map(|fault| fault.input).collect();
        let hit = crate::impact::unusable(loaded, &broke);
        let names = hit.iter().map(|id| loaded.plant.component(*id).name.as_str());
        let unspoken = names.filter(|name| failing.binary_search(name).is_err());
        unspoken.take(LISTED_MAX).map(str::to_owned).collect()
    };
    hypotheses.iter().map(names).collect()
}

fn sentence(loaded: &Loaded, seen: &[&Seen], hypotheses: &[Hypothesis]) -> String {
    let lead = &hypotheses[0];
    // A check that failed in several epochs is one check.
    let count = |lists: [&[usize]; 2]| keys(lists.into_iter().flatten().map(|&at| seen[at])).len();
    let failing = count([&lead.explains, &lead.unexplained]);
    let checks = |count: usize| match count {
        1 => "1 failing check".to_owned(),
        count => format!("{count} failing checks"),
    };
    let Faults::These(broke) = &lead.faults else {
        return match lead.faults {
            Faults::Nothing => format!("{} so far, perhaps a false alarm", checks(failing)),
            _ => format!(
                "cause unknown: nothing in the plant explains {}{}",
                checks(failing),
                whose(loaded, lead.unexplained.iter().map(|&at| seen[at])),
            ),
        };
    };
    let rivals: Vec<&Hypothesis> = hypotheses[1..]
        .iter()
        .filter(|other| {
            matches!(other.faults, Faults::These(_))
                && other.posterior >= RIVAL * lead.posterior
                && other.explains == lead.explains
                && other.contradicted == lead.contradicted
        })
        .collect();
    let sure: f64 = lead.posterior + rivals.iter().map(|rival| rival.posterior).sum::<f64>();
    let mut text = if rivals.is_empty() {
        format!("{}: {}", said(loaded, broke), confidence(sure))
    } else {
        let all: Vec<&[Fault]> =
            std::iter::once(lead).chain(rivals).map(|it| it.faults.list()).collect();
        format!("{}; no check tells these apart: {}", said_either(loaded, &all), confidence(sure))
    };
    text.push_str(&match (count([&lead.unexplained, &[]]), failing) {
        (0, 1) => "; explains the failing check".to_owned(),
        (0, all) => format!("; explains all {}", checks(all)),
        (left, all) => format!("; explains {} of {}", all - left, checks(all)),
    });
    match count([&lead.contradicted, &[]]) {
        0 => {}
        1 => text.push_str("; 1 seen up speaks against it"),
        many => text.push_str(&format!("; {many} seen up speak against it")),
    }
    text
}

/// `, of shop-1, shop-2 and 3 things more`: what these are about, in the plant's order.
fn whose<'a>(loaded: &Loaded, seen: impl Iterator<Item = &'a Seen>) -> String {
    let about: BTreeSet<ComponentId> =
        seen.filter_map(|seen| loaded.plant.find(component_of(&seen.key.0))).collect();
    let told = if about.len() > SAID_MAX + 1 { SAID_MAX } else { about.len() };
    let names = about.iter().take(told).map(|&id| loaded.plant.component(id).name.to_string());
    let more = (told < about.len()).then(|| format!("{} things more", about.len() - told));
    let mut names: Vec<String> = names.chain(more).collect();
    match (names.pop(), names.is_empty()) {
        (None, _) => String::new(),
        (Some(only), true) => format!(", of {only}"),
        (Some(last), false) => format!(", of {} and {last}", names.join(", ")),
    }
}

/// `a is down, or b is down`; what all have in common is said once: `a is down, and either b is down, or c is down`.
fn said_either(loaded: &Loaded, all: &[&[Fault]]) -> String {
    let is = |one: &Fault, other: &Fault| one.input == other.input && one.mode == other.mode;
    let in_all = |it: &Fault| all.iter().all(|set| set.iter().any(|other| is(other, it)));
    let (common, own): (Vec<Fault>, Vec<Fault>) = all[0].iter().copied().partition(in_all);
    let others = all[1..].iter().map(|set| set.iter().copied().filter(|it| !in_all(it)).collect());
    let mut apart: Vec<Vec<Fault>> = std::iter::once(own).chain(others).collect();
    let mut text = String::new();
    if common.is_empty() || apart.iter().any(Vec::is_empty) {
        apart = all.iter().map(|set| set.to_vec()).collect();
    } else {
        text = format!("{}, and either ", said(loaded, &common));
    }
    let are_single = apart.iter().all(|set| set.len() == 1);
    let max = if are_single { EITHER_MAX } else { EITHER_SET_MAX };
    let mut parts: Vec<String> = apart.iter().take(max).map(|set| said(loaded, set)).collect();
    match apart.len().saturating_sub(max) {
        0 => {}
        1 => parts.push("one thing more".to_owned()),
        more => parts.push(format!("{more} things more")),
    }
    text + &parts.join(", or ")
}

/// `switch-2 (switch) is down`, `prefix-1 through upstream-cox is misrouted`.
fn said(loaded: &Loaded, broke: &[Fault]) -> String {
    // That one more broke takes no fewer words than its name.
    let told = if broke.len() > SAID_MAX + 1 { SAID_MAX } else { broke.len() };
    let mut parts: Vec<String> = broke[..told]
        .iter()
        .map(|fault| {
            let FaultName { subject, mode } = fault_name(&loaded.plant, &loaded.circuit, fault);
            let did = if fault.last.is_some() { mode.when_over() } else { mode.in_words() };
            match (loaded.circuit.subject(fault.input), mode) {
                (Subject::Component(id), FaultMode::Down) => {
                    let kind = loaded.plant.component(id).kind.as_str().replace('-', " ");
                    format!("{subject} ({kind}) {did}")
                }
                _ => format!("{subject} {did}"),
            }
        })
        .collect();
    if told < broke.len() {
        parts.push(format!("{} more broke", broke.len() - told));
    }
    parts.join(" and ")
}

/// How sure, in words and as a number; never "100 %", for something unmodelled is always possible.
pub(crate) fn confidence(posterior: f64) -> String {
    let words = match posterior {
        0.95.. => "almost certain",
        0.8.. => "very likely",
        0.5.. => "likely",
        _ => "a guess",
    };
    format!("{words} ({:.0} %)", (posterior * 100.0).clamp(1.0, 99.0))
}
