//! From what was written down to a state: the lines as inputs, in the order of their times, on their own
//! clock, with the moments between at which the state wants to be woken.
//!
//! It is the fold that a server does while it watches; what it comes to is what a server would believe
//! that had been told the same. Pure. Tested here, with `observations`, on plants of known outages.

use super::observations::{Said, What};
use blackstart_model::Plant;
use blackstart_model::observation::{Observation, Standing};
use blackstart_model::record::{Input, PersonAction, PersonInput, PlantSource, Report};
use blackstart_model::time::Timestamp;
use blackstart_model::{CheckId, VantageId};
use blackstart_reason::{State, step};
use std::collections::HashMap;

/// A state, and how far it was folded.
pub(crate) struct Folded {
    pub(crate) state: State,
    /// The time as of which it is.
    pub(crate) now: Timestamp,
    /// Lines that were taken in.
    pub(crate) taken: usize,
    /// Inputs that the judgement refused, and why.
    pub(crate) refused: Vec<String>,
}

/// Folds what was said up to `until`, or all of it; `None` when nothing was said by then. `said` stands
/// in the order of its times. Costs a judgement for each change.
pub(crate) fn fold(
    source: PlantSource,
    plant: &Plant,
    said: &[Said],
    until: Option<Timestamp>,
) -> Option<Folded> {
    let taken: Vec<&Said> =
        said.iter().take_while(|said| until.is_none_or(|until| said.at <= until)).collect();
    let (first, last) = (taken.first()?.at, taken.last()?.at);
    let mut fold = Fold { state: State::new(), refused: Vec::new() };
    fold.take(&Input::PlantLoaded(source), first);
    let mut counts = Counts::default();
    for said in &taken {
        fold.wake_until(said.at);
        let input = input(plant, said, &mut counts);
        fold.take(&input, said.at);
    }
    let now = until.unwrap_or(last);
    fold.wake_until(now);
    // What the last lines changed is judged, though less than a moment has passed.
    fold.take(&Input::Tick, now);
    let Fold { state, refused } = fold;
    Some(Folded { state, now, taken: taken.len(), refused })
}

struct Fold {
    state: State,
    refused: Vec<String>,
}

impl Fold {
    fn take(&mut self, input: &Input, at: Timestamp) {
        use blackstart_model::record::Decision;
        for decision in step(&mut self.state, input, at) {
            if let Decision::Reject { because } = decision {
                self.refused.push(because);
            }
        }
    }

    /// Lets the time pass until then.
    fn wake_until(&mut self, then: Timestamp) {
        let mut last = None;
        while let Some(at) = self.state.wake_at().filter(|&at| at <= then) {
            if last.is_some_and(|last| at <= last) {
                return;
            }
            self.take(&Input::Tick, at);
            last = Some(at);
        }
    }
}

/// Tries and failures of each check from each vantage since it last changed: a line tells its own, and an
/// observation all of them.
type Counts = HashMap<(CheckId, VantageId), (Standing, u32, u32)>;

fn input(plant: &Plant, said: &Said, counts: &mut Counts) -> Input {
    let at = said.at;
    let name = |id| plant.component(id).name.clone();
    match said.what.clone() {
        What::Answer { check, vantage, outcome, tries, failures } => {
            let standing = outcome.standing();
            let entry = counts.entry((check, vantage)).or_insert((standing, 0, 0));
            if entry.0 != standing {
                *entry = (standing, 0, 0);
            }
            entry.1 = entry.1.saturating_add(tries);
            entry.2 = entry.2.saturating_add(failures);
            Input::Observed(Observation {
                check: plant.checks()[check.index()].key.clone(),
                vantage: plant.vantage(vantage).name.clone(),
                outcome,
                at,
                asked: false,
                tries: entry.1,
                failures: entry.2,
            })
        }
        What::Report { component, from, saw, tries, failures, trust, detail } => {
            let component = name(component);
            Input::Reported(Report { component, from, saw, tries, failures, trust, at, detail })
        }
        What::Deed { component, by, did, note } => Input::Person(PersonInput {
            who: by,
            what: PersonAction::Act { component: name(component), did, note },
        }),
    }
}
