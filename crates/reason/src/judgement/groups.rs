//! Failing checks shared out among causes: the best hypothesis takes what it explains, the rest is looked at
//! again. Two faults that explain disjoint checks are two groups, for they are two incidents.

use super::{among, component_of, keys};
use crate::by_chance;
use crate::circuit::{self, GateId, InputId, Owner};
use crate::diagnosis::{Diagnosis, Fact, Faults, Part};
use crate::evidence::{Facts, Seen};
use crate::state::{Loaded, State, SymptomKey, symptom_name};
use crate::why::{Why, said_to_answer, searched_degraded};
use blackstart_model::record::{
    BelievedFault, DiagnosisSummary, FaultMode, FaultName, HypothesisSummary,
};
use blackstart_model::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Failures that confirm what one check alone says: of a hundred million tries a month (a thousand checks, twice
/// a minute) that lie once in a thousand each by itself, two in a row do so a hundred times and three less
/// than once.
const CONFIRMED_ALONE: u32 = 3;

/// Failures of each of two of several checks that confirm what they say together.
const CONFIRMED_TOGETHER: u32 = 2;

/// What comes and goes is more than a suspicion when it would be chance so rarely, against the cause that explains it.
/// Whoever would stop at the first moment that speaks against chance stops wrongly at most so often for each time
/// that such a thing really breaks (Ville's inequality for a likelihood ratio); with a few a month that is
/// none (chosen by hand).
const BY_CHANCE: f64 = 1e-3;

/// Several that have each failed once are more than a suspicion when it would be chance so rarely; else one of them is
/// asked once more. Of a thousand checks one lies every half minute, each a moment at which others may seem to belong
/// to it, so it has to be a thousand times rarer than that (chosen by hand).
const AT_ONCE: f64 = 1e-6;

/// Checks of one cause that are asked once more before it is told, at most (chosen by hand: chance seldom brings three
/// together).
const AGAIN_MAX: usize = 4;

/// Groups in one pass at most; what is left over waits in the suspected incident.
const GROUPS_MAX: usize = 16;

/// Words of 64 scenarios that tell which of so many groups fail together: 152 of them.
const LANES: usize = 3;

/// Failing checks that one cause explains.
pub(super) struct Group<'a> {
    pub(super) seen: Vec<&'a Seen>,
    pub(super) summary: DiagnosisSummary,
    pub(super) broke: Vec<InputId>,
    /// Explained by a fault, and not only left over.
    pub(super) caused: bool,
    /// How much less likely it is that this shows by chance.
    pub(super) doubt: f64,
    /// What is asked at once to tell its hypotheses apart.
    pub(super) probes: Vec<SymptomKey>,
}

impl<'a> Group<'a> {
    /// What no cause was looked for of: chance is as good.
    fn unsearched(seen: Vec<&'a Seen>, summary: DiagnosisSummary) -> Self {
        let (broke, probes) = (Vec::new(), Vec::new());
        Self { seen, summary, broke, caused: false, doubt: 1.0, probes }
    }

    pub(super) fn keys(&self) -> Vec<&SymptomKey> {
        keys(self.seen.iter().copied())
    }

    pub(super) fn confirmed(&self) -> bool {
        let claimed = self.seen.iter().any(|seen| seen.fact.claim);
        // Two that have failed once may both be chance, though something takes down both.
        let at_once = self.caused && self.seen.len() >= 2 && self.doubt <= AT_ONCE;
        let said = has_said(&self.seen) || at_once;
        // So few of so many tries are still more likely false than anything else.
        let nothing = self.summary.hypotheses.first().is_some_and(|lead| lead.nothing_broke);
        claimed || (said && !nothing && (!self.is_in_turns() || self.doubt <= BY_CHANCE))
    }

    /// Whether it comes and goes: it is believed to; or nothing fails at every try of several, nor do several that one
    /// fault took down at the only one they had.
    pub(super) fn is_in_turns(&self) -> bool {
        let tries = |seen: &&Seen| seen.fact.tries;
        let steady = || {
            let all = self.seen.iter().copied();
            all.filter(|seen| !seen.in_turns && bad_answers(&seen.fact) >= seen.fact.tries)
        };
        let lead = self.summary.hypotheses.first();
        let is_hard =
            |it: &BelievedFault| !matches!(it.fault.mode, FaultMode::Flaky | FaultMode::Degraded);
        let taken_down = lead.is_some_and(|lead| lead.faults.iter().any(is_hard));
        let steadily = steady().any(|seen| tries(&seen) >= CONFIRMED_TOGETHER);
        let at_once = taken_down && steady().count() >= 2;
        let held_for_it = lead.is_some_and(|lead| {
            let all = || lead.faults.iter().filter(|it| it.until.is_none());
            all().next().is_some() && all().all(|it| it.fault.mode == FaultMode::Flaky)
        });
        held_for_it || !(steadily || at_once)
    }

    /// The checks that have not said it often enough: they are asked once more. Of what comes and goes an answer
    /// settles nothing, and it would be asked for ever.
    pub(super) fn to_ask_again(&self) -> Vec<SymptomKey> {
        let said = |seen: &&Seen| bad_answers(&seen.fact);
        let lasts = |seen: &&Seen| !seen.fact.claim && said(seen) >= seen.fact.tries;
        let few = match &self.seen[..] {
            [_] => CONFIRMED_TOGETHER..CONFIRMED_ALONE,
            _ if self.caused && !self.confirmed() => 1..CONFIRMED_TOGETHER,
            _ => 0..0,
        };
        let seen = self.seen.iter().copied().filter(lasts);
        let again = seen.filter(|seen| few.contains(&said(seen))).take(AGAIN_MAX);
        again.map(|seen| seen.key.clone()).collect()
    }

    /// What broke, with what each is called.
    pub(super) fn faults(&self) -> Vec<(InputId, &FaultName)> {
        let lead = self.summary.hypotheses.first().map_or(&[][..], |lead| &lead.faults);
        self.broke.iter().zip(lead).map(|(&input, it)| (input, &it.fault)).collect()
    }

    pub(super) fn cause(&self) -> Vec<FaultName> {
        self.summary.cause()
    }
}

/// Whether what fails has said so often enough to be more than a suspicion, or somebody has: one check by itself, or
/// two of several. One that said it twice, and others once, are what two lies bring every other week.
fn has_said(seen: &[&Seen]) -> bool {
    let said = |times: u32| seen.iter().filter(move |seen| bad_answers(&seen.fact) >= times);
    seen.iter().any(|seen| seen.fact.claim)
        || said(CONFIRMED_ALONE).next().is_some()
        || said(CONFIRMED_TOGETHER).nth(1).is_some()
}

/// How often a fact was answered badly.
const fn bad_answers(fact: &Fact) -> u32 {
    if fact.degraded && fact.failures == 0 { fact.tries } else { fact.failures }
}

/// Shares the failing checks out among causes: each independent part of what is believed takes what it
/// explains.
///
/// What is left over is told by component. Of that which has said too little to be more than a suspicion, and is
/// no part of an incident that was told, the first is asked about alone: no more is ever shown of it.
pub(super) fn share_out<'a>(
    why: &Why<'a>,
    facts: &'a Facts,
    told: &[&SymptomKey],
) -> Vec<Group<'a>> {
    let mut result = Vec::new();
    let present: Vec<&Seen> = facts.failing.iter().chain(searched_degraded(facts)).collect();
    if present.is_empty() {
        return result;
    }
    let all: Vec<&Seen> = present.iter().copied().chain(&facts.up).chain(&facts.past).collect();
    let Diagnosis { hypotheses, parts, ambiguity, searched, doubt } = why.ask_of_all(&present);
    let about = why.about(all, present.len());
    if hypotheses[0].faults == Faults::Unmodelled {
        let seen: Vec<&Seen> = present.iter().copied().filter(|seen| !seen.fact.degraded).collect();
        let things: BTreeSet<&str> = seen.iter().map(|seen| component_of(&seen.key.0)).collect();
        if things.len() > 1 && has_said(&seen) {
            // One thing that the plant does not contain is one incident, whatever it shows at.
            let (summary, probes) = why.said(&about, &hypotheses, &ambiguity, &searched);
            let broke = Vec::new();
            return vec![Group { seen, summary, broke, caused: false, doubt, probes }];
        }
    }
    let mut left: Vec<(usize, &Seen)> = present.into_iter().enumerate().collect();
    for part in parts.iter().take(GROUPS_MAX) {
        let lead = &part.hypotheses[0];
        // Whose newest fact it explains: what it only explained before belongs to another now.
        let (seen, rest): (Vec<_>, Vec<_>) =
            left.into_iter().partition(|(at, _)| lead.explains.binary_search(at).is_ok());
        left = rest;
        let broke = lead.faults.inputs();
        if seen.is_empty() || broke.is_empty() {
            left.extend(seen);
            continue;
        }
        let seen = seen.into_iter().map(|(_, seen)| seen).collect();
        let Part { hypotheses, ambiguity, doubt } = part;
        let (summary, probes) = why.said(&about, hypotheses, ambiguity, &searched);
        result.push(Group { seen, summary, broke, caused: true, doubt: *doubt, probes });
    }
    let mut by_component: BTreeMap<&str, Vec<&Seen>> = BTreeMap::new();
    // What answers badly for no cause that was found is told as what it is.
    for (_, seen) in left.into_iter().filter(|(_, seen)| !seen.fact.degraded) {
        let component = component_of(&seen.key.0);
        by_component.entry(component).or_default().push(seen);
    }
    let mut left: Vec<Vec<&Seen>> = by_component.into_values().collect();
    left.sort_by_key(|seen| usize::MAX - seen.len());
    let mut is_told = among(told);
    let mut lead = true;
    for seen in left {
        let matters = has_said(&seen) || seen.iter().any(|seen| is_told(&seen.key));
        if !matters && !std::mem::replace(&mut lead, false) {
            result.push(Group::unsearched(seen, DiagnosisSummary::default()));
            continue;
        }
        let all: Vec<&Seen> = seen.iter().copied().chain(&facts.up).collect();
        let Diagnosis { hypotheses, ambiguity, searched, doubt, parts: _ } = why.ask(&seen, &[]);
        let broke = hypotheses[0].faults.inputs();
        let about = why.about(all, seen.len());
        let (summary, probes) = why.said(&about, &hypotheses, &ambiguity, &searched);
        result.push(Group { seen, summary, broke, caused: false, doubt, probes });
    }
    // The clearest cases choose their incidents first.
    result.sort_by_key(|group| (!group.caused, usize::MAX - group.seen.len()));
    result
}

/// What fails now and then, no more often than by chance: no cause of it is looked for.
pub(super) fn no_cause(facts: &Facts) -> Option<Group<'_>> {
    let summary = by_chance::said(&facts.by_chance)?;
    Some(Group::unsearched(facts.by_chance.iter().collect(), summary))
}

/// Causes that together take down what another group shows, and that none of them takes down alone, are one
/// incident with it: behind a redundancy of four the last source that fails is no other outage than the first. One
/// sweep of the circuit; a search for each that is joined.
pub(super) fn joined<'a>(
    why: &Why<'a>,
    loaded: &Loaded,
    facts: &'a Facts,
    groups: Vec<Group<'a>>,
) -> Vec<Group<'a>> {
    let one = together(loaded, &groups);
    let mut kept: Vec<Group<'a>> = Vec::new();
    let mut to_join: BTreeMap<usize, Vec<Group<'a>>> = BTreeMap::new();
    for (group, label) in groups.into_iter().zip(&one) {
        if one.iter().filter(|other| *other == label).count() > 1 {
            to_join.entry(*label).or_default().push(group);
        } else {
            kept.push(group);
        }
    }
    for groups in to_join.into_values() {
        let seen: Vec<&Seen> = groups.iter().flat_map(|group| group.seen.iter().copied()).collect();
        let keys = keys(seen.iter().copied());
        let mut is_own = among(&keys);
        let past: Vec<&Seen> = facts.past.iter().filter(|seen| is_own(&seen.key)).collect();
        let up = facts.up.iter().chain(past.iter().copied());
        let all: Vec<&Seen> = seen.iter().copied().chain(up).collect();
        let Diagnosis { hypotheses, ambiguity, searched, doubt, parts: _ } = why.ask(&seen, &past);
        let broke = hypotheses[0].faults.inputs();
        if broke.is_empty() {
            kept.extend(groups);
            continue;
        }
        let about = why.about(all, seen.len());
        let (summary, probes) = why.said(&about, &hypotheses, &ambiguity, &searched);
        kept.push(Group { seen, summary, broke, caused: true, doubt, probes });
    }
    kept.sort_by_key(|group| (!group.caused, usize::MAX - group.seen.len()));
    kept
}

/// For each group the first one that it is one with, itself where there is none before it.
fn together(loaded: &Loaded, groups: &[Group<'_>]) -> Vec<usize> {
    let mut one: Vec<usize> = (0..groups.len()).collect();
    let count = groups.len().min(GROUPS_MAX);
    if count < 3 {
        return one;
    }
    // A lane for each alone, for all but one, and for all but two.
    let alone = |at: usize| at;
    let all_but = |at: usize| count + at;
    let all_but_two = |a: usize, b: usize| {
        let (a, b) = (a.min(b), a.max(b));
        2 * count + b * (b - 1) / 2 + a
    };
    let mut broken: Vec<(InputId, [u64; LANES])> = Vec::new();
    for (at, group) in groups.iter().enumerate().take(count) {
        let mut lanes = [0_u64; LANES];
        let mut set = |lane: usize| lanes[lane / 64] |= 1 << (lane % 64);
        set(alone(at));
        (0..count).filter(|&but| but != at).for_each(|but| set(all_but(but)));
        for b in (0..count).filter(|&b| b != at) {
            (0..b).filter(|&a| a != at).for_each(|a| set(all_but_two(a, b)));
        }
        broken.extend(group.broke.iter().map(|&input| (input, lanes)));
    }
    let gates = telling_gates(loaded, &groups[..count]);
    let part = circuit::Part::of(&loaded.circuit, gates.iter().flatten().copied());
    let mut values = Vec::new();
    part.evaluate(&broken, &mut values);
    let is_down = |lane: usize, gate: GateId| {
        let place = part.place(gate).expect("it was asked for");
        values[place as usize][lane / 64] >> (lane % 64) & 1 == 0
    };
    for (at, gates) in gates.iter().enumerate() {
        let others = || (0..count).filter(|&other| other != at);
        let shown: Vec<GateId> = gates
            .iter()
            .copied()
            .filter(|&gate| !loaded.killers.is_down(gate) && is_down(all_but(at), gate))
            .filter(|&gate| !others().any(|other| is_down(alone(other), gate)))
            .collect();
        let needed =
            |other: &usize| shown.iter().any(|&gate| !is_down(all_but_two(at, *other), gate));
        let needed: Vec<usize> = others().filter(needed).collect();
        if needed.len() < 2 {
            continue;
        }
        let first = needed.iter().chain([&at]).map(|&it| one[it]).min().unwrap_or(at);
        let joined: BTreeSet<usize> = needed.iter().chain([&at]).map(|&it| one[it]).collect();
        one.iter_mut().filter(|label| joined.contains(*label)).for_each(|label| *label = first);
    }
    one
}

/// What each of some groups is seen by: of the checks that are alike one for all, but for those of whose own parts
/// one broke.
fn telling_gates(loaded: &Loaded, groups: &[Group<'_>]) -> Vec<Vec<GateId>> {
    let Loaded { alike, .. } = loaded;
    let broke = groups.iter().flat_map(|group| &group.broke);
    let broke: BTreeSet<Owner> = broke.filter_map(|&input| alike.owner_of(input)).collect();
    let of_group = |group: &Group<'_>| {
        let mut known = BTreeSet::new();
        let is_new = |gate: &GateId| {
            let is_broken = alike.owner(*gate).is_some_and(|owner| broke.contains(&owner));
            is_broken || alike.class(*gate).is_none_or(|class| known.insert(class))
        };
        group.seen.iter().map(|seen| seen.fact.gate).filter(is_new).collect()
    };
    groups.iter().map(of_group).collect()
}

/// How much less likely it is by chance that this group comes and goes, by everything that was tried of what hangs on
/// its causes, 0 and more.
pub(super) fn chance(
    state: &State,
    loaded: &Loaded,
    why: &Why<'_>,
    group: &Group<'_>,
    now: Timestamp,
) -> f64 {
    let began = group.seen.iter().map(|seen| seen.since).min().unwrap_or(now);
    let lead = group.summary.hypotheses.first().map_or(&[][..], |lead| &lead.faults);
    let faults = group.broke.iter().zip(lead).filter(|(_, it)| it.until.is_none());
    // One that is certain is enough.
    let in_turns = faults.clone().filter(|(_, it)| it.fault.mode == FaultMode::Flaky);
    let odds = in_turns.map(|(&input, it)| {
        let log_prior = why.log_prior(input, FaultMode::Flaky);
        by_chance::below(state, loaded, input, log_prior, it.since.unwrap_or(began), now)
    });
    odds.reduce(f64::min).unwrap_or_else(|| {
        let priors = faults.map(|(&input, it)| why.log_prior(input, it.fault.mode));
        let log_prior = priors.reduce(f64::max).unwrap_or_else(|| why.log_unmodelled());
        by_chance::odds(state, loaded, group.keys().into_iter(), log_prior, began, now)
    })
}

/// What answers badly is judged by itself, one group a component: nothing is down that could explain it.
pub(super) fn degraded_groups<'a>(
    loaded: &Loaded,
    facts: &'a Facts,
    taken: &[&SymptomKey],
) -> Vec<Group<'a>> {
    let mut is_taken = among(taken);
    let mut by_component: BTreeMap<&str, Vec<&Seen>> = BTreeMap::new();
    for seen in facts.degraded.iter().filter(|seen| !is_taken(&seen.key)) {
        let component = component_of(&seen.key.0);
        by_component.entry(component).or_default().push(seen);
    }
    by_component
        .into_iter()
        .map(|(component, seen)| {
            let explains = seen.iter().map(|seen| symptom_name(&seen.key)).collect();
            let summary = DiagnosisSummary {
                sentence: said_to_answer(loaded, component, &seen),
                hypotheses: vec![HypothesisSummary {
                    faults: vec![BelievedFault {
                        fault: FaultName {
                            subject: component.to_owned(),
                            mode: FaultMode::Degraded,
                        },
                        since: seen.iter().map(|seen| seen.since).min(),
                        until: None,
                    }],
                    nothing_broke: false,
                    // It is what was seen, and not concluded from it.
                    posterior: 1.0,
                    explains,
                    unexplained: Vec::new(),
                    contradicted: Vec::new(),
                    predicts: Vec::new(),
                }],
                searched: "not searched: it answers".to_owned(),
                ..DiagnosisSummary::default()
            };
            // It is what was seen, and not by chance.
            Group { caused: true, doubt: 0.0, ..Group::unsearched(seen, summary) }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_model::observation::{Outcome, SymptomCode};
    use blackstart_model::{CheckKey, VantageName};

    #[test]
    fn one_says_it_three_times_or_two_twice() {
        let has_said = |times: &[u32]| {
            let seen: Vec<Seen> = times
                .iter()
                .map(|&tries| Seen {
                    key: (CheckKey::from("web/tcp"), VantageName::here()),
                    fact: Fact::plain(GateId::of(0), false, tries),
                    since: Timestamp::UNIX_EPOCH,
                    outcome: Outcome::down(SymptomCode::ConnectTimeout, ""),
                    in_turns: false,
                })
                .collect();
            super::has_said(&seen.iter().collect::<Vec<_>>())
        };
        assert!(has_said(&[3]) && has_said(&[2, 2]) && has_said(&[1, 3]));
        assert!(!has_said(&[2]) && !has_said(&[1, 1, 1]) && !has_said(&[2, 1]));
    }
}
