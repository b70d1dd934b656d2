//! From facts to incidents: one pass over everything that fails now.
//!
//! 1. Failing checks are shared out among causes: the best hypothesis takes what it explains, the rest is
//!    looked at again. Two faults that explain disjoint checks are two groups, for they are two incidents.
//! 2. Each group finds its incident by overlapping symptoms or the same cause; else it makes one.
//! 3. What is not yet confirmed stays in one *suspected* incident, and nobody is woken.
//! 4. Incidents whose symptoms are all seen up recover, and are resolved when that has held.
//!
//! It never sends anything: what follows are [`Decision`]s. Tested through `step`.

use crate::alert;
use crate::by_chance;
use crate::changed;
use crate::circuit::{GateId, InputId};
use crate::diagnosis::{Diagnosis, Fact, Part};
use crate::evidence::{Facts, Seen, WORD_LASTS, facts, facts_without, is_lost_key, later, signed};
use crate::impact;
use crate::state::{
    Evidence, Incident, Loaded, Loss, State, SymptomKey, SymptomTrack, Word, names, symptom_named,
};
use crate::summary::subject_named;
use crate::verification::{ask, verify};
use crate::why::{Surroundings, Why, searched_degraded};
use blackstart_model::incident::{IncidentEvent, IncidentState};
use blackstart_model::observation::Standing;
use blackstart_model::record::{
    BelievedFault, Decision, DiagnosisSummary, FaultMode, FaultName, HypothesisSummary,
    IncidentRevision, Saw,
};
use blackstart_model::time::{Duration, Timestamp, shown_span};
use blackstart_model::{CheckKey, ComponentId, ComponentName, IncidentId, VantageName};
use std::collections::{BTreeMap, BTreeSet};

/// Judgements are at least so far apart, so that a storm of changes costs four a second and no more.
pub(crate) const JUDGE_EVERY: Duration = Duration::from_millis(250);

/// A verification is waited for so long at most, once a symptom is confirmed: the promise is a cause
/// within one check interval and 5 s.
const VERIFY_MAX: Duration = Duration::from_secs(4);

/// Failures that confirm what one check alone says: of a hundred million tries a month (a thousand checks, twice
/// a minute) that lie once in a thousand each by itself, two in a row do so a hundred times and three less
/// than once.
const CONFIRMED_ALONE: u32 = 3;

/// Failures of one of several checks that confirm what they say together.
const CONFIRMED_TOGETHER: u32 = 2;

/// What comes and goes is more than a suspicion when it would be chance so rarely, against the cause that explains it.
/// Whoever would stop at the first moment that speaks against chance stops wrongly at most so often for each time
/// that such a thing really breaks (Ville's inequality for a likelihood ratio); with a few a month that is
/// none (chosen by hand).
const BY_CHANCE: f64 = 1e-3;

/// Checks of one cause that are asked once more before it is told, at most (chosen by hand: chance seldom brings three
/// together).
const AGAIN_MAX: usize = 4;

/// An incident is resolved when all its symptoms have been up for so long (chosen by hand: longer than a
/// service's restart loop, short enough that nobody waits for the word).
const HOLD: Duration = Duration::from_secs(10);

/// What failed again and again is held for twice as long each time, up to this (chosen by hand: whoever
/// fails less often than that is told of each time).
const HOLD_MAX: Duration = Duration::from_secs(900);

/// Times a symptom began to fail count towards the hold for so long (chosen by hand: a night's trouble, and
/// not last night's).
const HELD_AGAINST: Duration = Duration::from_secs(3_600);

/// While an incident's symptoms come back one by one its diagnosis is left alone; what then still fails
/// for so long has a cause of its own (chosen by hand: twice the default period).
const GRACE: Duration = Duration::from_secs(60);

/// Groups in one pass at most; what is left over waits in the suspected incident.
const GROUPS_MAX: usize = 16;

/// Words of 64 scenarios that tell which of so many groups fail together: 152 of them.
const LANES: usize = 3;

/// Failing checks that one cause explains.
struct Group<'a> {
    seen: Vec<&'a Seen>,
    summary: DiagnosisSummary,
    broke: Vec<InputId>,
    /// Explained by a fault, and not only left over.
    caused: bool,
    /// How much less likely it is that this shows by chance.
    doubt: f64,
    /// What is asked at once to tell its hypotheses apart.
    probes: Vec<SymptomKey>,
}

impl Group<'_> {
    fn keys(&self) -> Vec<&SymptomKey> {
        keys(self.seen.iter().copied())
    }

    fn confirmed(&self) -> bool {
        let claimed = self.seen.iter().any(|seen| seen.fact.claim);
        // Two that have failed once may both be chance, though something takes down both.
        let at_once = self.caused && self.seen.len() >= 2 && self.doubt <= BY_CHANCE;
        let said = has_said(&self.seen) || at_once;
        // So few of so many tries are still more likely false than anything else.
        let nothing = self.summary.hypotheses.first().is_some_and(|lead| lead.nothing_broke);
        claimed || (said && !nothing && (!self.is_in_turns() || self.doubt <= BY_CHANCE))
    }

    /// Whether it comes and goes: nothing fails at every try of several, nor do several that one fault took down at
    /// the only one they had.
    fn is_in_turns(&self) -> bool {
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
        !(steadily || at_once)
    }

    /// The checks that have not said it often enough: they are asked once more. Of what comes and goes an answer
    /// settles nothing, and it would be asked for ever.
    fn to_ask_again(&self) -> Vec<SymptomKey> {
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

    fn cause(&self) -> Vec<FaultName> {
        self.summary.cause()
    }
}

/// Whether what fails has said so often enough to be more than a suspicion, or somebody has.
fn has_said(seen: &[&Seen]) -> bool {
    let enough = if seen.len() > 1 { CONFIRMED_TOGETHER } else { CONFIRMED_ALONE };
    seen.iter().any(|seen| seen.fact.claim || bad_answers(&seen.fact) >= enough)
}

/// How often a fact was answered badly.
const fn bad_answers(fact: &Fact) -> u32 {
    if fact.degraded && fact.failures == 0 { fact.tries } else { fact.failures }
}

/// Judges everything anew.
pub(crate) fn judge(state: &mut State, now: Timestamp, decisions: &mut Vec<Decision>) {
    state.unjudged = false;
    state.judged_at = Some(now);
    state.judge_again_at = None;
    state.asks.retain(|_, ask| ask.until > now);
    let Some(loaded) = state.plant.take() else { return };
    let facts = facts(state, &loaded, now);
    let before: BTreeMap<IncidentId, Shown> =
        open(state).map(|incident| (incident.id, Shown::of(incident))).collect();

    if facts.failing.is_empty() {
        state.probed.clear();
    }
    let fresh = first_seen(state, &facts);
    verify(state, &loaded, &fresh, now, decisions);
    let failing = keys(facts.failing.iter().chain(&facts.degraded));
    if let Some((first, ask_about)) = track_symptoms(state, &failing, now) {
        let because = format!("{} is up again", crate::state::symptom_name(&first));
        ask(state, &loaded, ask_about, because, now, decisions);
    }

    let told = told_symptoms(state);
    let by_chance = if told.is_empty() {
        by_chance::what_is(state, &loaded, &facts, now)
    } else {
        BTreeSet::new()
    };
    let rest = (!by_chance.is_empty()).then(|| facts_without(state, &loaded, &by_chance, now));
    let rest = rest.as_ref().unwrap_or(&facts);
    let surroundings = Surroundings::of(state, &loaded, rest, now);
    let why = Why::new(&loaded, rest, &surroundings);
    let mut groups = joined(&why, &loaded, rest, share_out(&why, rest, &told));
    groups.extend(no_cause(&facts, &by_chance));
    if !facts.degraded.is_empty() {
        let taken = keys(groups.iter().flat_map(|group| group.seen.iter().copied()));
        groups.extend(degraded_groups(&loaded, &facts, &taken));
    }
    for group in groups.iter_mut().filter(|it| it.is_in_turns() && it.confirmed()) {
        let Group { doubt, .. } = *group;
        group.doubt = doubt.max(chance(state, &loaded, &why, group, now));
    }
    place(state, &loaded, &groups, rest.changed_at(), now);
    for group in &groups {
        let because = format!("it tells apart what may have broken: {}", group.summary.sentence);
        ask(state, &loaded, group.probes.clone(), because, now, decisions);
        let again = group.to_ask_again();
        if let Some(first) = again.first() {
            let name = crate::state::symptom_name(first);
            let because = match &again[..] {
                [_] => format!("{name} says so alone"),
                several => format!("{name} and {} more said so once", several.len() - 1),
            };
            ask(state, &loaded, again, because, now, decisions);
        }
    }
    settle(state, &loaded, &failing, now);
    revise(state, &before, decisions);
    alert::tell(state, &loaded, now, decisions);
    state.let_go();
    state.judge_again_at = next_look(state, &loaded, &[&facts, rest], now);
    state.plant = Some(loaded);
}

/// Incidents that a judgement may change, oldest first.
fn open(state: &State) -> impl Iterator<Item = &Incident> {
    state.open.iter().filter_map(|id| state.incidents.get(id))
}

/// The symptoms of incidents that are more than suspected, in order.
fn told_symptoms(state: &State) -> Vec<&SymptomKey> {
    let told = state.live().filter(|incident| incident.state != IncidentState::Suspected);
    let mut told: Vec<&SymptomKey> = told.flat_map(|incident| incident.symptoms.keys()).collect();
    told.sort();
    told
}

/// The keys of what is seen, in order.
fn keys<'a>(seen: impl Iterator<Item = &'a Seen>) -> Vec<&'a SymptomKey> {
    let mut keys: Vec<&SymptomKey> = seen.map(|seen| &seen.key).collect();
    // Mostly it is in order, or some lists that are.
    keys.sort();
    keys.dedup();
    keys
}

/// Says of one key after another whether it is among these, which are in order; quickly where it is asked in order too.
fn among<'a>(keys: &'a [&'a SymptomKey]) -> impl FnMut(&SymptomKey) -> bool + 'a {
    let mut at = 0;
    move |key| {
        if keys.get(at).is_none_or(|own| *own > key) {
            at = 0;
        }
        // In steps that double, and back by halves.
        let mut step = 1;
        while keys.get(at + step).is_some_and(|own| *own <= key) {
            at += step;
            step *= 2;
        }
        let end = keys.len().min(at + step);
        at += keys[at..end].partition_point(|own| *own <= key).saturating_sub(1);
        keys.get(at).is_some_and(|own| *own == key)
    }
}

/// Failures that no live incident knows yet.
fn first_seen<'a>(state: &State, facts: &'a Facts) -> Vec<&'a Seen> {
    let mut known: Vec<&SymptomKey> = state.live().flat_map(Incident::symptoms_left).collect();
    known.sort();
    let mut is_known = among(&known);
    let failing = facts.failing.iter().chain(&facts.degraded);
    failing.filter(|seen| !is_known(&seen.key)).collect()
}

/// Notes for each symptom of each live incident whether it is still seen. When some are newly up it gives the first of
/// them, and what to ask about: all symptoms of their incidents, they again and those that are left.
fn track_symptoms(
    state: &mut State,
    failing: &[&SymptomKey],
    now: Timestamp,
) -> Option<(SymptomKey, Vec<SymptomKey>)> {
    let State { incidents, open, lost, words, evidence, .. } = state;
    let mut returned: Option<(SymptomKey, Vec<SymptomKey>)> = None;
    for id in &*open {
        let Some(incident) = incidents.get_mut(id).filter(|it| it.state.is_live()) else {
            continue;
        };
        let mut is_failing = among(failing);
        let mut first = None;
        for (key, track) in &mut incident.symptoms {
            if is_failing(key) {
                track.up_since = None;
            } else if track.up_since.is_none()
                && stands(lost, words, evidence, key, now) == Standing::Up
            {
                track.up_since = Some(now);
                first.get_or_insert_with(|| key.clone());
            }
        }
        if let Some(first) = first {
            let (_, ask_about) = returned.get_or_insert_with(|| (first, Vec::new()));
            ask_about.extend(incident.symptoms.keys().cloned());
        }
    }
    returned
}

/// How what was a symptom stands now. Who says nothing more has not said that it is up: a word that has grown too old
/// to count is unknown.
fn stands(
    lost: &BTreeMap<VantageName, Loss>,
    words: &BTreeMap<ComponentName, BTreeMap<String, Word>>,
    evidence: &BTreeMap<SymptomKey, Evidence>,
    key: &SymptomKey,
    now: Timestamp,
) -> Standing {
    if is_lost_key(key) {
        return if lost.contains_key(&key.1) { Standing::Down } else { Standing::Up };
    }
    let word = words.get(key.0.as_str()).and_then(|words| words.get(key.1.as_str()));
    match word.map(|word| (word.saw, later(word.at, WORD_LASTS) > now)) {
        Some((Saw::Up, _)) => Standing::Up,
        Some((Saw::Down | Saw::Degraded | Saw::Flapping, true)) => Standing::Down,
        Some((Saw::Down | Saw::Degraded | Saw::Flapping, false) | (Saw::Unknown, _)) => {
            Standing::Unknown
        }
        None => evidence.get(key).map_or(Standing::Unknown, |said| said.outcome.standing()),
    }
}

/// Shares the failing checks out among causes: each independent part of what is believed takes what it
/// explains.
///
/// What is left over is told by component. Of that which has said too little to be more than a suspicion, and is
/// no part of an incident that was told, the first is asked about alone: no more is ever shown of it.
fn share_out<'a>(why: &Why<'_>, facts: &'a Facts, told: &[&SymptomKey]) -> Vec<Group<'a>> {
    let mut result = Vec::new();
    let present: Vec<&Seen> = facts.failing.iter().chain(searched_degraded(facts)).collect();
    if present.is_empty() {
        return result;
    }
    let all: Vec<&Seen> = present.iter().copied().chain(&facts.up).chain(&facts.past).collect();
    let Diagnosis { parts, searched, .. } = why.ask_of_all(&present);
    let own = present.len();
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
        let (summary, probes) = why.said(&all, own, hypotheses, ambiguity, &searched);
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
            let summary = DiagnosisSummary::default();
            let (broke, probes) = (Vec::new(), Vec::new());
            result.push(Group { seen, summary, broke, caused: false, doubt: 1.0, probes });
            continue;
        }
        let all: Vec<&Seen> = seen.iter().copied().chain(&facts.up).collect();
        let Diagnosis { hypotheses, ambiguity, searched, doubt, parts: _ } = why.ask(&seen, &[]);
        let broke = hypotheses[0].faults.inputs();
        let (summary, probes) = why.said(&all, seen.len(), &hypotheses, &ambiguity, &searched);
        result.push(Group { seen, summary, broke, caused: false, doubt, probes });
    }
    // The clearest cases choose their incidents first.
    result.sort_by_key(|group| (!group.caused, usize::MAX - group.seen.len()));
    result
}

/// What fails now and then, no more often than by chance: no cause of it is looked for.
fn no_cause<'a>(facts: &'a Facts, by_chance: &BTreeSet<SymptomKey>) -> Option<Group<'a>> {
    let failing = facts.failing.iter();
    let seen: Vec<&Seen> = failing.filter(|seen| by_chance.contains(&seen.key)).collect();
    let sentence = match &seen[..] {
        [] => return None,
        [only] => {
            let name = crate::state::symptom_name(&only.key);
            format!("{name} fails now and then, no more often than by chance")
        }
        several => {
            format!("{} checks fail now and then, no more often than by chance", several.len())
        }
    };
    let searched = "not searched: chance is likelier than a cause".to_owned();
    let summary = DiagnosisSummary { sentence, searched, ..DiagnosisSummary::default() };
    let (broke, probes) = (Vec::new(), Vec::new());
    Some(Group { seen, summary, broke, caused: false, doubt: 1.0, probes })
}

/// Causes that together take down what another group shows, and that none of them takes down alone, are one
/// incident with it: behind a redundancy of four the last source that fails is no other outage than the first. One
/// sweep of the circuit; a search for each that is joined.
fn joined<'a>(
    why: &Why<'_>,
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
        let (summary, probes) = why.said(&all, seen.len(), &hypotheses, &ambiguity, &searched);
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
    let mut values = Vec::new();
    loaded.circuit.evaluate(&broken, &mut values);
    let is_down =
        |lane: usize, gate: GateId| values[gate.index()][lane / 64] >> (lane % 64) & 1 == 0;
    for (at, group) in groups.iter().enumerate().take(count) {
        let others = || (0..count).filter(|&other| other != at);
        let gates = group.seen.iter().map(|seen| seen.fact.gate);
        let shown: Vec<GateId> = gates
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

/// How much less likely it is by chance that this group comes and goes, by everything that was tried of what hangs on
/// its causes, 0 and more.
fn chance(state: &State, loaded: &Loaded, why: &Why<'_>, group: &Group<'_>, now: Timestamp) -> f64 {
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
fn degraded_groups<'a>(loaded: &Loaded, facts: &'a Facts, taken: &[&SymptomKey]) -> Vec<Group<'a>> {
    let mut is_taken = among(taken);
    let mut by_component: BTreeMap<&str, Vec<&Seen>> = BTreeMap::new();
    for seen in facts.degraded.iter().filter(|seen| !is_taken(&seen.key)) {
        let component = component_of(&seen.key.0);
        by_component.entry(component).or_default().push(seen);
    }
    by_component
        .into_iter()
        .map(|(component, seen)| {
            let kind = loaded
                .plant
                .find(component)
                .map_or("component", |id| loaded.plant.component(id).kind.as_str());
            let explains = seen.iter().map(|seen| crate::state::symptom_name(&seen.key)).collect();
            let summary = DiagnosisSummary {
                sentence: format!("{component} ({kind}) answers, and is {}", seen[0].outcome),
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
            let (broke, probes) = (Vec::new(), Vec::new());
            // It is what was seen, and not by chance.
            Group { seen, summary, broke, caused: true, doubt: 0.0, probes }
        })
        .collect()
}

/// Finds or makes the incident of each group.
fn place(
    state: &mut State,
    loaded: &Loaded,
    groups: &[Group<'_>],
    changed_at: Option<Timestamp>,
    now: Timestamp,
) {
    let mut taken = BTreeSet::new();
    let mut waiting: Vec<&Group<'_>> = Vec::new();
    for group in groups {
        let keys = group.keys();
        let cause = group.cause();
        let mut matching: Vec<IncidentId> = state
            .live()
            .filter(|incident| !taken.contains(&incident.id))
            .filter(|incident| {
                incident.symptoms.keys().any(among(&keys))
                    || (!cause.is_empty() && incident.cause() == cause)
            })
            .map(|incident| incident.id)
            .collect();
        // Told ones before suspected ones, then the oldest.
        matching.sort_by_key(|id| (state.incidents[id].state == IncidentState::Suspected, *id));
        let ready = group.confirmed()
            && verified(state, &keys, changed_at, now)
            && !announced(loaded, group, now);
        let target = match matching.first() {
            Some(&id) if state.incidents[&id].state != IncidentState::Suspected => id,
            _ if !ready => {
                waiting.push(group);
                continue;
            }
            Some(&id) => id,
            None => opened(state, now, &group.seen),
        };
        taken.insert(target);
        for other in matching.into_iter().skip(1) {
            let swallowed = state.incidents[&other].symptoms_left().all(among(&keys));
            if swallowed {
                merge(state, other, target, "one cause explains both", now);
            }
        }
        let State { incidents, open, .. } = &mut *state;
        for id in open.iter().filter(|id| **id != target) {
            if let Some(other) = incidents.get_mut(id).filter(|it| it.state.is_live()) {
                let mut is_taken = among(&keys);
                other.symptoms.retain(|key, _| !is_taken(key));
            }
        }
        fill(state, loaded, target, group, now);
        let incident = state.incidents.get_mut(&target).expect("it was just filled");
        if incident.state == IncidentState::Suspected {
            // What it held besides is not its own.
            let mut is_own = among(&keys);
            incident.symptoms.retain(|key, _| is_own(key));
            let because = format!("confirmed: {}", incident.diagnosis.sentence);
            change(incident, IncidentEvent::Confirmed, because, now);
        }
    }
    suspect(state, loaded, &waiting, now);
}

/// Whether all of this is the work of a maintenance whose window is open: what is believed to be down is what
/// was announced to be switched off, and no more. It stays a suspicion until the window is over or
/// something beyond it fails; the calendar alone explains nothing.
fn announced(loaded: &Loaded, group: &Group<'_>, now: Timestamp) -> bool {
    let off = |input: &InputId| {
        loaded.plant.maintenance().iter().any(|window| {
            window.from <= now
                && now <= window.to
                && window.off.iter().any(|&id| loaded.circuit.component_input(id) == *input)
        })
    };
    group.caused && !group.broke.is_empty() && group.broke.iter().all(off)
}

/// True when nothing that was asked about these symptoms is outstanding, or it has been waited for long
/// enough: since they were suspected, and since the picture changed last. What was suspected an hour ago has not been
/// asked about what is new.
fn verified(
    state: &State,
    keys: &[&SymptomKey],
    changed_at: Option<Timestamp>,
    now: Timestamp,
) -> bool {
    let since = state
        .live()
        .filter(|incident| incident.state == IncidentState::Suspected)
        .filter(|incident| incident.symptoms.keys().any(among(keys)))
        .map(|incident| incident.opened_at)
        .min();
    let since = since.map(|since| changed_at.map_or(since, |at| at.max(since)));
    state.asks.is_empty() || since.is_some_and(|since| now >= later(since, VERIFY_MAX))
}

/// Puts what is not confirmed into the one suspected incident.
fn suspect(state: &mut State, loaded: &Loaded, groups: &[&Group<'_>], now: Timestamp) {
    let Some(lead) = groups.first() else { return };
    let mut live = state.live();
    let suspected = live.find(|incident| incident.state == IncidentState::Suspected);
    let suspected = suspected.map(|incident| incident.id);
    drop(live);
    let id = suspected.unwrap_or_else(|| opened(state, now, &lead.seen));
    fill(state, loaded, id, lead, now);
    let incident = state.incidents.get_mut(&id).expect("it was just filled");
    for group in groups.iter().skip(1) {
        add_symptoms(incident, &group.seen);
    }
}

/// Opens an incident, suspected as yet.
fn opened(state: &mut State, now: Timestamp, seen: &[&Seen]) -> IncidentId {
    state.incidents_made += 1;
    let id = IncidentId(state.incidents_made);
    let first = seen.iter().map(|seen| seen.since).min().unwrap_or(now);
    let because = seen.first().map_or_else(String::new, |seen| {
        format!("{} is {}", crate::state::symptom_name(&seen.key), seen.outcome)
    });
    state.open.insert(id);
    state.incidents.insert(id, Incident::suspected(id, first, because, now));
    id
}

/// Whether there are any that it did not have.
fn add_symptoms(incident: &mut Incident, seen: &[&Seen]) -> bool {
    let held = incident.symptoms.len();
    let keys = keys(seen.iter().copied());
    let mut is_seen = among(&keys);
    let mut known = 0;
    for (_, track) in incident.symptoms.iter_mut().filter(|(key, _)| is_seen(key)) {
        track.up_since = None;
        known += 1;
    }
    if known < keys.len() {
        for seen in seen {
            let (first_at, outcome) = (seen.since, &seen.outcome);
            incident.symptoms.entry(seen.key.clone()).or_insert_with(|| SymptomTrack {
                first_at,
                outcome: outcome.clone(),
                up_since: None,
            });
        }
    }
    incident.symptoms.len() > held
}

/// Gives an incident a group's symptoms, and its diagnosis unless the incident is on its way back.
fn fill(state: &mut State, loaded: &Loaded, id: IncidentId, group: &Group<'_>, now: Timestamp) {
    let State { incidents, lost, words, evidence, .. } = state;
    let incident = incidents.get_mut(&id).expect("the caller found or made it");
    let fresh = add_symptoms(incident, &group.seen);
    let recovering = incident
        .symptoms
        .values()
        .filter_map(|track| track.up_since)
        .max()
        .is_some_and(|up| now < later(up, GRACE));
    // What is only suspected is guessed anew with each answer.
    let suspected = incident.state == IncidentState::Suspected;
    if recovering && !fresh && !suspected {
        return;
    }
    let stands = |name: &str| {
        let key = symptom_named(name);
        key.map_or(Standing::Unknown, |key| stands(lost, words, evidence, &key, now))
    };
    let zone = loaded.plant.zone();
    let turn = changed::line(&incident.diagnosis, &group.summary, &stands, now, zone);
    // That is no change of mind.
    let turn = turn.filter(|_| !suspected);
    if let Some(line) = &turn {
        incident.note(now, line.clone());
    }
    let lines = changed::with(std::mem::take(&mut incident.diagnosis.changed), turn);
    incident.diagnosis = DiagnosisSummary { changed: lines, ..group.summary.clone() };
    let observed = group.seen.iter().filter_map(|seen| {
        let id = loaded.plant.find(component_of(&seen.key.0))?;
        loaded.plant.component(id).kind.is_used().then_some(id)
    });
    let hit = hit(loaded, group);
    let hit = hit.into_iter().chain(observed);
    (incident.services, incident.customers) = impact::split(loaded, hit);
}

/// What people use that is down by what is believed; what only answers badly takes nobody down. Where nothing was seen
/// but that a vantage is cut off, it is what would be down whichever of those it is that no check tells apart: the loss
/// of our own uplink is no outage of all that we see through it.
fn hit(loaded: &Loaded, group: &Group<'_>) -> Vec<ComponentId> {
    let lead = group.summary.hypotheses.first().map_or(&[][..], |lead| &lead.faults);
    let takes_down = |fault: &FaultName| match fault.mode {
        FaultMode::Degraded | FaultMode::WrongCheck => false,
        FaultMode::Down
        | FaultMode::Flaky
        | FaultMode::Partial
        | FaultMode::Latent
        | FaultMode::Consequential
        | FaultMode::Misrouted
        | FaultMode::CutOff => true,
    };
    let faults: Vec<(InputId, &FaultName)> =
        group.broke.iter().zip(lead).map(|(&input, it)| (input, &it.fault)).collect();
    let unusable = |other: Option<(InputId, Option<InputId>)>| {
        let sure = faults.iter().filter(|(_, fault)| takes_down(fault));
        let broke = sure.filter_map(|&(input, _)| match other {
            Some((of, instead)) if of == input => instead,
            _ => Some(input),
        });
        impact::unusable(loaded, &broke.collect::<Vec<_>>())
    };
    let mut hit = unusable(None).to_vec();
    if !group.seen.iter().all(|seen| is_lost_key(&seen.key)) {
        return hit;
    }
    for &(of, fault) in &faults {
        let groups = group.summary.ambiguity.iter().filter(|group| group.contains(fault));
        for other in groups.flatten().filter(|it| *it != fault) {
            let Loaded { plant, circuit, .. } = loaded;
            let Some(input) = subject_named(plant, circuit, &other.subject) else { continue };
            let by_it = unusable(Some((of, Some(input).filter(|_| takes_down(other)))));
            hit.retain(|id| by_it.binary_search(id).is_ok());
        }
    }
    hit
}

/// Puts one incident into another.
pub(crate) fn merge(
    state: &mut State,
    from: IncidentId,
    into: IncidentId,
    because: &str,
    now: Timestamp,
) {
    let Some(mut incident) = state.incidents.remove(&from) else { return };
    if change(&mut incident, IncidentEvent::MergedInto, format!("into {into}: {because}"), now) {
        incident.merged_into = Some(into);
        let symptoms = std::mem::take(&mut incident.symptoms);
        if let Some(target) = state.incidents.get_mut(&into) {
            target.opened_at = target.opened_at.min(incident.opened_at);
            for (key, track) in symptoms {
                target.symptoms.entry(key).or_insert(track);
            }
        }
    }
    state.incidents.insert(from, incident);
}

/// Applies an event to an incident; false (and unchanged) when its state does not allow it.
pub(crate) fn change(
    incident: &mut Incident,
    event: IncidentEvent,
    because: String,
    now: Timestamp,
) -> bool {
    let Ok(next) = incident.state.apply(event, incident.acknowledged_by.is_some()) else {
        return false;
    };
    incident.state = next;
    incident.note(now, because);
    if !next.is_live() {
        incident.closed_at = Some(now);
    }
    true
}

/// How long all symptoms of an incident must have been up before it is over: longer for what keeps
/// coming back, whether or not it was this incident then.
fn hold(
    evidence: &BTreeMap<SymptomKey, Evidence>,
    incident: &Incident,
    now: Timestamp,
) -> Duration {
    let from = now.checked_sub(signed(HELD_AGAINST)).unwrap_or(Timestamp::MIN);
    let often = incident
        .symptoms
        .keys()
        .filter_map(|key| evidence.get(key))
        .map(|evidence| evidence.onsets_since(from))
        .max();
    let again = often.unwrap_or(0).saturating_sub(1).min(16);
    HOLD.saturating_mul(1 << again).min(HOLD_MAX)
}

/// From when on what has been up since then counts as held: while nobody listened nothing was seen to hold.
fn held_from(state: &State, up: Timestamp) -> Timestamp {
    state.gaps.last().map_or(up, |gap| gap.until.max(up))
}

/// Moves incidents whose symptoms went, or came back.
fn settle(state: &mut State, loaded: &Loaded, failing: &[&SymptomKey], now: Timestamp) {
    let listened = held_from(state, Timestamp::MIN);
    let State { incidents, open, evidence, .. } = state;
    for id in &*open {
        let Some(incident) = incidents.get_mut(id).filter(|it| it.state.is_live()) else {
            continue;
        };
        // A symptom whose check has left the plant can never be seen up: it goes with it.
        let held = incident.symptoms.len();
        let mut is_failing = among(failing);
        let mut seen = false;
        incident.symptoms.retain(|key, _| {
            let fails = is_failing(key);
            seen |= fails;
            fails
                || is_lost_key(key)
                || loaded.circuit.sees_named(&key.0, &key.1).is_some()
                || loaded.plant.find(key.0.as_str()).is_some()
        });
        // What is only suspected is let go by one as it came back, or with so many checks it would be for ever.
        let kept = incident.symptoms.values().filter(|track| track.up_since.is_none()).count();
        if incident.state == IncidentState::Suspected && kept > 0 {
            let is_back = |up: Timestamp| now >= later(up, GRACE);
            incident.symptoms.retain(|_, track| !track.up_since.is_some_and(is_back));
        }
        if incident.symptoms.is_empty() {
            let (event, because) = if held > 0 {
                (IncidentEvent::Closed, "its checks have left the plant")
            } else {
                (IncidentEvent::Closed, "its symptoms belong to another incident")
            };
            change(incident, event, because.to_owned(), now);
            continue;
        }
        let last_up =
            incident.symptoms.values().map(|track| track.up_since).collect::<Option<Vec<_>>>();
        match (incident.state, last_up.and_then(|ups| ups.into_iter().max())) {
            (IncidentState::Suspected, Some(_)) => {
                let because = "seen up again before it was confirmed".to_owned();
                change(incident, IncidentEvent::Dismissed, because, now);
            }
            (IncidentState::Open | IncidentState::Acknowledged, Some(_)) => {
                let because = format!("all {} symptoms are seen up", incident.symptoms.len());
                change(incident, IncidentEvent::SeenUp, because, now);
            }
            (IncidentState::Recovering, None) if seen => {
                let left = incident.symptoms_left().cloned().collect();
                let because = format!("failing again: {}", names(&left).join(", "));
                change(incident, IncidentEvent::SeenAgain, because, now);
            }
            (IncidentState::Recovering, Some(up)) => {
                let hold = hold(evidence, incident, now);
                if now >= later(listened.max(up), hold) {
                    let because = format!("all symptoms up for {}", shown_span(hold));
                    change(incident, IncidentEvent::Held, because, now);
                }
            }
            _ => {}
        }
    }
}

/// What of an incident is worth a record when it changes.
#[derive(PartialEq)]
struct Shown {
    state: IncidentState,
    cause: Vec<FaultName>,
    services: Vec<ComponentName>,
    customers: Vec<ComponentName>,
}

impl Shown {
    fn of(incident: &Incident) -> Self {
        Self {
            state: incident.state,
            cause: incident.cause(),
            services: incident.services.clone(),
            customers: incident.customers.clone(),
        }
    }
}

fn revise(state: &State, before: &BTreeMap<IncidentId, Shown>, decisions: &mut Vec<Decision>) {
    for incident in open(state) {
        let old = before.get(&incident.id);
        if old.is_none_or(|old| *old != Shown::of(incident)) {
            decisions.push(revision(incident, old.map(|old| old.state)));
        }
    }
}

/// An incident as a record.
pub(crate) fn revision(incident: &Incident, from: Option<IncidentState>) -> Decision {
    let because = match incident.history.last() {
        Some((_, _, because)) if from != Some(incident.state) => because.clone(),
        _ => incident.diagnosis.sentence.clone(),
    };
    Decision::Incident(IncidentRevision {
        id: incident.id,
        from,
        to: incident.state,
        because,
        into: incident.merged_into,
        diagnosis: incident.diagnosis.clone(),
        services: incident.services.clone(),
        customers: incident.customers.clone(),
    })
}

/// When the passing of time alone may change something.
fn next_look(
    state: &State,
    loaded: &Loaded,
    facts: &[&Facts],
    now: Timestamp,
) -> Option<Timestamp> {
    let mut times: Vec<Timestamp> = facts.iter().filter_map(|facts| facts.ripens_at).collect();
    times.extend(state.asks.values().map(|ask| ask.until));
    let changed = facts.iter().filter_map(|facts| facts.changed_at());
    times.extend(changed.map(|at| later(at, VERIFY_MAX)));
    for incident in state.live() {
        times.push(later(incident.opened_at, VERIFY_MAX));
        let ups = || incident.symptoms.values().filter_map(|track| track.up_since);
        if let Some(up) = ups().max() {
            let hold = hold(&state.evidence, incident, now);
            times.extend([later(held_from(state, up), hold), later(up, GRACE)]);
        }
        times.extend(incident.silenced_until);
        times.extend(incident.told.as_ref().map(|told| later(told.at, alert::APART)));
    }
    if state.live().any(|incident| incident.state == IncidentState::Suspected) {
        // What is held to be a maintenance's doing is not any more when its window is over.
        let open = loaded.plant.maintenance().iter().filter(|it| it.from <= now && now <= it.to);
        times.extend(open.map(|it| later(it.to, Duration::from_secs(1))));
    }
    times.into_iter().filter(|&at| at > now).min()
}

/// The component a check's key begins with.
pub(crate) fn component_of(key: &CheckKey) -> &str {
    key.as_str().split('/').next().unwrap_or_default()
}
