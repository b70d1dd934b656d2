//! What another monitor did not say.
//!
//! Who told that two of a kind are down watches that kind, and may have told of others if they were down too: five
//! servers of one switch, and none of the forty beside them, speak of that switch and not of the router above. It is
//! no sign of health, for nobody knows what is watched: of each thing it counts for little, against causes that would
//! have taken it down, and it is never told as seen up. What was ever told of, or is asked by checks of our own, speaks
//! for itself. Linear in the words, and in the plant for each kind. Tested through `step` (`tests/it/told.rs`).

use super::{Facts, Said, Seen, Told, number, word_key};
use crate::circuit::{Subject, machine_of};
use crate::diagnosis::Fact;
use crate::history::later;
use crate::state::Loaded;
use blackstart_model::ComponentId;
use blackstart_model::kind::Kind;
use blackstart_model::observation::Outcome;
use blackstart_model::record::Saw;
use blackstart_model::time::{Duration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// How sure it is that whoever told of some would have told of another (chosen by hand: as likely as not it is not
/// watched).
const WOULD_SAY: f64 = 0.5;

/// Alerts of one moment come within so long (the `group_wait` of Alertmanager when none is given).
const ALL_COME: Duration = Duration::from_secs(30);

/// So many of a kind tell that it is watched.
const OF_A_KIND: usize = 2;

/// So many things at most that nothing was said of (chosen by hand: each is looked at by itself).
const UNSAID_MAX: usize = 1_000;

/// Puts down what was not said, in the epoch in which it would have been.
pub(super) fn unsaid(
    loaded: &Loaded,
    (told, words): (&[Told<'_>], &[Said<'_>]),
    all_come: bool,
    now: Timestamp,
    facts: &mut Facts,
    ripens: &mut Vec<Timestamp>,
) {
    let (plant, circuit) = (&loaded.plant, &loaded.circuit);
    let component = |said: &Said<'_>| match circuit.subject(said.of) {
        Subject::Component(id) => Some(id),
        Subject::Vantage(_)
        | Subject::Check(_)
        | Subject::Carriage { .. }
        | Subject::Spread { .. } => None,
    };
    let is_vantage = |who: &str| plant.vantages().iter().any(|it| it.name.as_str() == who);
    // By who says so, in which epoch, of which kind: when they said so last, and how often.
    let mut down: BTreeMap<(&str, usize, Kind), (Timestamp, usize)> = BTreeMap::new();
    for said in words.iter().filter(|it| it.word.saw == Saw::Down && it.word.from_afar) {
        let at = said.word.at;
        let Some(epoch) = facts.epochs.iter().rposition(|epoch| epoch.since <= at) else {
            continue;
        };
        let Some(id) = component(said).filter(|_| !is_vantage(&said.word.who)) else { continue };
        let kind = plant.component(id).kind;
        let (last, count) = down.entry((&said.word.who, epoch, kind)).or_insert((at, 0));
        (*last, *count) = (at.max(*last), *count + 1);
    }
    down.retain(|(_, _, kind), (last, count)| {
        // What was written down is told whole.
        let come = if all_come { *last } else { later(*last, ALL_COME) };
        let is_kind = *count >= OF_A_KIND && *kind != Kind::Component;
        if is_kind && now < come {
            ripens.push(come);
        }
        is_kind && now >= come
    });
    if down.is_empty() {
        return;
    }
    let mut known: BTreeSet<ComponentId> = words.iter().filter_map(component).collect();
    known.extend(told.iter().map(|told| told.of));
    let newest = facts.epochs.len() - 1;
    let mut all: Vec<(usize, Seen)> = Vec::new();
    for (&(who, epoch, kind), &(since, _)) in &down {
        for (own, at) in plant.components().iter().zip(0..) {
            let id = ComponentId(at);
            if own.kind != kind || known.contains(&id) {
                continue;
            }
            let fact = Fact {
                epoch: number(epoch),
                claim: true,
                trust: WOULD_SAY,
                of: Some(id),
                machine: Some(machine_of(plant, id).unwrap_or(id)),
                ..Fact::plain(circuit.reached(id), true, 1)
            };
            let key = word_key(own.name.as_str(), who);
            all.push((epoch, Seen { key, fact, since, outcome: Outcome::Up, in_turns: false }));
        }
        if all.len() > UNSAID_MAX {
            return;
        }
    }
    for (epoch, seen) in all {
        if epoch == newest { facts.up.push(seen) } else { facts.past.push(seen) }
    }
}
