//! The heart: one input in, decisions out.

use crate::alert;
use crate::battery::Batteries;
use crate::by_chance;
use crate::circuit::{Alike, Circuit, Killers};
use crate::coincidence;
use crate::consequence::Electric;
use crate::diagnosis::Lines;
use crate::evidence::later;
use crate::forgetting::forget;
use crate::history::Gap;
use crate::impact::Hits;
use crate::index::Index;
use crate::judgement::{JUDGE_EVERY, change, judge, merge, revision};
use crate::prior::Unseen;
use crate::state::{Deeded, Evidence, Loaded, Loss, PastLoss, State, SymptomKey, Word};
use crate::summary::subject_named;
use blackstart_model::check::{Check, Question};
use blackstart_model::incident::IncidentEvent;
use blackstart_model::observation::{NoAnswerCode, Observation, Outcome, Standing, SymptomCode};
use blackstart_model::plantfile;
use blackstart_model::record::{
    Decision, Input, PersonAction, PersonInput, PlantSource, Report, Saw, VantageLoss,
};
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{CheckKey, ComponentName, IncidentId, Plant, VantageName};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

/// Words of one component at most, by as many who speak of it: beyond it the oldest goes (chosen by hand).
const WORDS_MAX: usize = 16;

/// Deeds of one component that are kept, the newest (chosen by hand: who has switched a thing off and on
/// eight times is no nearer to mending it).
const DEEDS_MAX: usize = 8;

/// What was said of one component before and is kept, the newest (chosen by hand).
const WORDS_BEFORE_MAX: usize = 16;

/// Past losses of one vantage that are kept, the newest (chosen by hand).
const LOSSES_MAX: usize = 8;

/// Times in which nobody listened that are kept, the newest (chosen by hand: a day of restarts).
const GAPS_MAX: usize = 32;

/// Takes one input into the state and says what follows from it.
///
/// `now` is the time of the input's record; it never goes back within one journal. The first change
/// after a quiet while is judged at once; in a storm the judgement follows at
/// [`State::wake_at`], four times a second.
pub fn step(state: &mut State, input: &Input, now: Timestamp) -> Vec<Decision> {
    let now = arrived(state, now);
    let mut decisions = Vec::new();
    if taken(state, input, now, &mut decisions) {
        judge(state, now, &mut decisions);
    }
    forget(state, now);
    decisions
}

/// The time of an input that has come in at `now`: it never goes back.
pub(crate) fn arrived(state: &mut State, now: Timestamp) -> Timestamp {
    let now = state.now.map_or(now, |last| last.max(now));
    state.now = Some(now);
    now
}

/// Takes an input into the state, or rejects it; true when everything is to be judged anew after it.
pub(crate) fn taken(
    state: &mut State,
    input: &Input,
    now: Timestamp,
    decisions: &mut Vec<Decision>,
) -> bool {
    if let Err(because) = take(state, input, now, decisions) {
        decisions.push(Decision::Reject { because });
        return false;
    }
    let due = state.judge_again_at.is_some_and(|at| now >= at);
    let asked = state.retold.is_some() && *input == Input::Tick;
    let apart = state.judged_apart();
    let rested = asked || state.judged_at.is_none_or(|at| now >= later(at, apart));
    (state.unjudged || due) && rested
}

impl State {
    /// When this state wants a [`Tick`](Input::Tick), if nothing else happens before.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        let rested = self.judged_at.map(|at| later(at, self.judged_apart()));
        let unjudged = if self.unjudged { rested.or(self.now) } else { None };
        let again = self.judge_again_at.map(|at| rested.map_or(at, |rested| at.max(rested)));
        unjudged.into_iter().chain(again).min()
    }
}

impl State {
    fn judged_apart(&self) -> Duration {
        self.retold.as_ref().map_or(JUDGE_EVERY, |how| how.apart.max(JUDGE_EVERY))
    }
}

/// Takes an input into the state.
fn take(
    state: &mut State,
    input: &Input,
    now: Timestamp,
    decisions: &mut Vec<Decision>,
) -> Result<(), String> {
    match input {
        Input::Started { version: _, alive_until } => {
            let since = alive_until.unwrap_or(now);
            blind(state, since, now);
            gap(state, since, now);
            // Nobody has looked whether our own way out is back; if it is not, that is told again.
            heard(state, &VantageName::here(), now);
            state.probed.clear();
            alert::started(state, now, decisions);
        }
        Input::Blind { since } => gap(state, *since, now),
        Input::PlantLoaded(source) => load(state, source)?,
        Input::PlantRefused { why } => alert::plant_refused(state, why, now, decisions),
        Input::Observed(observation) => observe(state, observation),
        Input::Counted(counted) => {
            // Steady counts carry no change; they keep the word of a vantage fresh.
            let _ = counted;
        }
        Input::Reported(report) => {
            let Report { component, from, saw, tries, failures, trust, at, detail } = report;
            known(state, component)?;
            let tries = (*tries).max(1);
            let word = Word {
                saw: *saw,
                tries,
                failures: (*failures).min(tries),
                trust: (*trust).min(100),
                at: (*at).min(now),
                who: from.clone(),
                from_afar: !Report::is_on_the_spot(from),
                note: detail.clone(),
            };
            say(state, component, word);
        }
        Input::VantageHeard { vantage } => {
            state.unjudged |= heard(state, vantage, now);
        }
        Input::VantageLost { vantage, how, detail } => {
            let since = state.lost.get(vantage).map_or(now, |loss| loss.since);
            let loss = Loss { how: *how, since, detail: detail.clone() };
            state.lost.insert(vantage.clone(), loss);
            state.asks.retain(|(_, asked), _| asked != vantage || *how == VantageLoss::WayOut);
            state.unjudged = true;
        }
        Input::Person(person) => act(state, person, now, decisions)?,
        Input::AttemptStarted { alert, attempt } => {
            alert::attempt_started(state, *alert, *attempt)?;
        }
        Input::AttemptEnded { alert, attempt, result } => {
            alert::attempt_ended(state, *alert, *attempt, result, now, decisions)?;
        }
        Input::Tick => {}
    }
    Ok(())
}

/// A start after a time in which nobody looked: what the server itself saw last says nothing of now.
fn blind(state: &mut State, since: Timestamp, now: Timestamp) {
    let here = VantageName::here();
    for ((_, vantage), evidence) in &mut state.evidence {
        if *vantage == here && !matches!(evidence.outcome, Outcome::Unknown(_)) {
            let blind = Outcome::unknown(NoAnswerCode::Blind, "not asked since the last start");
            evidence.forget(blind, since, now);
        }
    }
}

/// A time in which nobody listened, here or elsewhere, is over: what was asked before it is not answered any more.
fn gap(state: &mut State, since: Timestamp, now: Timestamp) {
    if since < now {
        if state.gaps.len() == GAPS_MAX {
            state.gaps.remove(0);
        }
        state.gaps.push(Gap { since, until: now });
    }
    state.asks.clear();
    state.unjudged = true;
}

/// A vantage is listened to again; true when it was not.
fn heard(state: &mut State, vantage: &VantageName, now: Timestamp) -> bool {
    let Some(Loss { how: _, since, detail: _ }) = state.lost.remove(vantage) else { return false };
    let before = state.lost_before.entry(vantage.clone()).or_default();
    if before.len() == LOSSES_MAX {
        before.remove(0);
    }
    before.push(PastLoss { since, until: now });
    true
}

/// What each check of a plant asks, and of which component.
fn asked(plant: &Plant) -> BTreeMap<&CheckKey, (&Question, &ComponentName)> {
    let of = |check: &Check| &plant.component(check.component).name;
    plant.checks().iter().map(|check| (&check.key, (&*check.question, of(check)))).collect()
}

/// Takes a plant into use. Words about checks that are the same in it are kept.
fn load(state: &mut State, source: &PlantSource) -> Result<(), String> {
    let (Some(mut plant), _) = plantfile::parse(&source.files) else {
        return Err("the plant of this record is not valid for this version".to_owned());
    };
    if let Some(how) = &state.retold {
        Arc::make_mut(&mut plant).ask_no_sooner(&how.every);
    }
    let circuit = Circuit::of(&plant);
    let killers = Killers::of(&circuit).map_err(|why| why.to_string())?;
    let electric = Electric::of(&plant, &circuit);
    let unseen = Unseen::of(&plant, &circuit, &killers);
    let batteries = Batteries::of(&plant, &circuit);
    if let Some(old) = &state.plant {
        let (before, now) = (asked(&old.plant), asked(&plant));
        let same = |key| before.get(key) == now.get(key);
        let stale: Vec<_> = state
            .evidence
            .keys()
            .filter(|(key, vantage)| circuit.sees_named(key, vantage).is_none() || !same(key))
            .cloned()
            .collect();
        for key in stale {
            state.evidence.remove(&key);
            state.asks.remove(&key);
        }
        for (key, evidence) in &mut state.evidence {
            evidence.sees = circuit.sees_at(key);
        }
        state.lost.retain(|lost, _| plant.vantages().iter().any(|vantage| vantage.name == *lost));
        let is_known =
            |name: &ComponentName| subject_named(&plant, &circuit, name.as_str()).is_some();
        state.words.retain(|name, _| is_known(name));
        state.words_before.retain(|name, _| is_known(name));
        state.deeds.retain(|name, _| is_known(name));
        let vantages = plant.vantages();
        state.lost_before.retain(|lost, _| vantages.iter().any(|vantage| vantage.name == *lost));
    }
    let slowest = plant
        .checks()
        .iter()
        .map(|check| check.every.saturating_add(check.deadline))
        .max()
        .unwrap_or(Duration::ZERO);
    let source = source.clone();
    let lines = Lines::default();
    let alike = Alike::of(&plant, &circuit);
    let index = Index::of(&plant, &circuit);
    let ends = coincidence::ends(&plant).into();
    let tried_below = by_chance::tried_below(&plant, &circuit, &killers);
    state.plant = Some(Loaded {
        source,
        plant,
        circuit,
        killers,
        electric,
        unseen,
        batteries,
        lines,
        cuts: Arc::default(),
        alike,
        ends,
        index,
        hits: Hits::default(),
        slowest,
        tried_below,
    });
    state.unjudged = true;
    Ok(())
}

fn observe(state: &mut State, observation: &Observation) {
    let key = (observation.check.clone(), observation.vantage.clone());
    if observation.asked {
        state.asks.remove(&key);
        // The last answer of a verification may be what the judgement waits for.
        state.unjudged |= state.asks.is_empty();
    }
    if is_overtaken(state, &key, observation) {
        return;
    }
    state.unjudged |= match state.evidence.entry(key) {
        Entry::Occupied(mut known) => known.get_mut().take(observation),
        Entry::Vacant(unknown) => {
            let loaded = state.plant.as_ref();
            let sees = loaded.and_then(|loaded| loaded.circuit.sees_at(unknown.key()));
            unknown.insert(Evidence::first(observation, sees));
            true
        }
    };
}

/// Whether a try that waited out its deadline began before a good answer that is known: while it waited the
/// target was seen to answer, so it says nothing of now. Else every outage that ends would seem to flap, for the
/// grid and the verifications overlap.
fn is_overtaken(state: &State, key: &SymptomKey, observation: &Observation) -> bool {
    let Outcome::Down(symptom) = &observation.outcome else { return false };
    let waited = matches!(
        symptom.code,
        SymptomCode::ConnectTimeout | SymptomCode::AnswerTimeout | SymptomCode::NoEcho
    );
    let (Some(loaded), Some(known)) = (&state.plant, state.evidence.get(key)) else { return false };
    let Some(sees) = known.sees.map(|at| loaded.circuit.sees()[at]) else { return false };
    let deadline = loaded.plant.checks()[sees.check.index()].deadline;
    waited
        && known.outcome.standing() == Standing::Up
        && known.at <= observation.at
        && later(known.at, deadline) > observation.at
}

/// Does what a person asked.
fn act(
    state: &mut State,
    person: &PersonInput,
    now: Timestamp,
    decisions: &mut Vec<Decision>,
) -> Result<(), String> {
    let PersonInput { who, what } = person;
    let said = |note: &str| {
        if note.is_empty() { format!("by {who}") } else { format!("by {who}: {note}") }
    };
    let id = match what {
        PersonAction::Acknowledge { incident: id, note } => {
            let (incident, from) = live(state, *id)?;
            incident.acknowledged_by = Some(who.clone());
            let because = format!("acknowledged {}", said(note));
            apply(incident, IncidentEvent::Acknowledged, because, now)?;
            decisions.push(revision(incident, Some(from)));
            alert::acknowledged(state, *id, now, decisions);
            return Ok(());
        }
        PersonAction::Silence { incident, until, note } => {
            if *until <= now {
                return Err("a silence must end in the future".to_owned());
            }
            let (incident, from) = live(state, *incident)?;
            incident.silenced_until = Some(*until);
            let because = format!("silenced {}", said(note));
            incident.note(now, because);
            decisions.push(revision(incident, Some(from)));
            return Ok(());
        }
        PersonAction::Close { incident, note } => {
            let (closing, from) = live(state, *incident)?;
            apply(closing, IncidentEvent::Closed, format!("closed {}", said(note)), now)?;
            decisions.push(revision(closing, Some(from)));
            *incident
        }
        PersonAction::Merge { incident, into, note } => {
            if incident == into {
                return Err(format!("{incident} cannot go into itself"));
            }
            live(state, *into)?;
            let (_, from) = live(state, *incident)?;
            merge(state, *incident, *into, &said(note), now);
            decisions.push(revision(&state.incidents[incident], Some(from)));
            *incident
        }
        PersonAction::Observe { component, saw, trust, note } => {
            known(state, component)?;
            let bad = match saw {
                Saw::Up | Saw::Unknown => 0,
                Saw::Down | Saw::Degraded | Saw::Flapping => 1,
            };
            let word = Word {
                saw: *saw,
                tries: 1,
                failures: bad,
                trust: (*trust).min(100),
                at: now,
                who: who.clone(),
                from_afar: false,
                note: note.clone(),
            };
            say(state, component, word);
            return Ok(());
        }
        PersonAction::Act { component, did, note } => {
            known(state, component)?;
            let deeds = state.deeds.entry(component.clone()).or_default();
            if deeds.len() == DEEDS_MAX {
                deeds.remove(0);
            }
            deeds.push(Deeded { did: *did, at: now, who: who.clone(), note: note.clone() });
            state.unjudged = true;
            return Ok(());
        }
    };
    debug_assert!(!state.incidents[&id].state.is_live(), "closing and merging end an incident");
    state.unjudged = true;
    Ok(())
}

fn known(state: &State, component: &ComponentName) -> Result<(), String> {
    let is_known = state.plant.as_ref().is_some_and(|loaded| {
        subject_named(&loaded.plant, &loaded.circuit, component.as_str()).is_some()
    });
    if is_known { Ok(()) } else { Err(format!("the plant has no component `{component}`")) }
}

/// Takes a word about a component: the last one of each who speaks of it stands, and what they said before
/// is kept as what it was.
fn say(state: &mut State, component: &ComponentName, word: Word) {
    state.unjudged = true;
    let before = state.words_before.entry(component.clone()).or_default();
    let words = state.words.entry(component.clone()).or_default();
    let late = words.get(&word.who).is_some_and(|last| last.at > word.at);
    let past = if late { Some(word) } else { words.insert(word.who.clone(), word) };
    let oldest = || words.values().min_by_key(|word| word.at).map(|word| word.who.clone());
    let gone = if words.len() > WORDS_MAX { oldest() } else { None };
    gone.and_then(|who| words.remove(&who));
    if let Some(past) = past {
        let at = before.partition_point(|other| other.at <= past.at);
        before.insert(at, past);
        if before.len() > WORDS_BEFORE_MAX {
            before.remove(0);
        }
    }
}

fn live(
    state: &mut State,
    id: IncidentId,
) -> Result<(&mut crate::state::Incident, blackstart_model::incident::IncidentState), String> {
    match state.incidents.get_mut(&id) {
        None if state.incidents_made >= id.0 => Err(format!("there is no incident {id} any more")),
        None => Err(format!("there is no incident {id}")),
        Some(incident) if incident.state.is_live() => {
            let from = incident.state;
            Ok((incident, from))
        }
        Some(incident) => Err(format!("{id} is {} already", incident.state)),
    }
}

fn apply(
    incident: &mut crate::state::Incident,
    event: IncidentEvent,
    because: String,
    now: Timestamp,
) -> Result<(), String> {
    if change(incident, event, because, now) {
        Ok(())
    } else {
        Err(format!("{} is {} and cannot be {event}", incident.id, incident.state))
    }
}
