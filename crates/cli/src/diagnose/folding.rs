//! From what was written down to a state: the lines as inputs, in the order of their times, on their own
//! clock, with the moments between at which the state wants to be woken.
//!
//! It is the fold that a server does while it watches; what it comes to is what a server would believe
//! that had been told the same. One thing differs: a server knows whether a vantage is alive, a file does
//! not, but where a line says so. Of a vantage that says nothing for [`SILENT_MAX`] what it saw up is unknown
//! until it speaks again: silence is no health. What it saw failing goes on failing. Pure. Tested with `observations`.

use super::observations::{Said, What};
use blackstart_model::Plant;
use blackstart_model::observation::{NoAnswerCode, Observation, Outcome, Standing};
use blackstart_model::record::{
    Input, PersonAction, PersonInput, PlantSource, Report, VantageLoss,
};
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{CheckId, CheckKey, VantageId, VantageName};
use blackstart_reason::{Retold, State, step};
use std::collections::BTreeMap;

/// A vantage whose lines are further apart than that was silent in between (chosen by hand: people who
/// write down what they see do it every few minutes).
const SILENT_MAX: Duration = Duration::from_secs(15 * 60);

/// So many lines that come in a rhythm make one (chosen by hand).
const RHYTHM_LINES: usize = 5;

/// Judgements over a file at most: of a short one each change is judged, of a long one the incidents are
/// known to a thousandth of its time. What is believed at the end is not touched by it.
const JUDGED_MAX: u32 = 1_000;

/// A state, and how far it was folded.
pub(crate) struct Folded {
    pub(crate) state: State,
    /// The time as of which it is.
    pub(crate) now: Timestamp,
    /// Lines that were taken in.
    pub(crate) taken: usize,
    /// Inputs that the judgement refused, and why.
    pub(crate) refused: Vec<String>,
    /// Vantages that were silent, how often.
    pub(crate) silent: BTreeMap<VantageName, usize>,
}

/// Folds what was said up to `until`, or all of it; `None` when nothing was said by then. `said` stands
/// in the order of its times. Costs [`JUDGED_MAX`] judgements at most.
pub(crate) fn fold(
    source: PlantSource,
    plant: &Plant,
    said: &[Said],
    until: Option<Timestamp>,
) -> Option<Folded> {
    let taken: Vec<&Said> =
        said.iter().take_while(|said| until.is_none_or(|until| said.at <= until)).collect();
    let (first, last) = (taken.first()?.at, taken.last()?.at);
    let now = until.unwrap_or(last);
    let lasted = now.duration_since(first).unsigned_abs();
    let how = Retold { apart: lasted / JUDGED_MAX, every: rhythm(plant, &taken) };
    let mut fold = Fold { state: State::retold(how), refused: Vec::new() };
    fold.take(&Input::PlantLoaded(source), first);
    let mut heard = Heard::default();
    for said in &taken {
        heard.silence(plant, said.at, &mut fold);
        fold.wake_until(said.at);
        let input = heard.input(plant, said, &mut fold);
        fold.take(&input, said.at);
    }
    heard.silence(plant, now, &mut fold);
    fold.wake_until(now);
    // What the last lines changed is judged, though less than a moment has passed.
    fold.take(&Input::Tick, now);
    let Fold { state, refused } = fold;
    Some(Folded { state, now, taken: taken.len(), refused, silent: heard.silent })
}

/// How often each check was asked by whoever wrote this down: the usual time between two of its lines, where there is
/// one. Of lines that tell changes alone there is none.
fn rhythm(plant: &Plant, said: &[&Said]) -> BTreeMap<CheckKey, Duration> {
    let mut last: BTreeMap<(CheckId, VantageId), Timestamp> = BTreeMap::new();
    let mut between: BTreeMap<CheckId, Vec<Duration>> = BTreeMap::new();
    for said in said {
        if let What::Answer { check, vantage, .. } = said.what
            && let Some(before) = last.insert((check, vantage), said.at)
        {
            let passed = said.at.duration_since(before).unsigned_abs();
            between.entry(check).or_default().push(passed);
        }
    }
    let usual = |(check, mut between): (CheckId, Vec<Duration>)| {
        between.sort_unstable();
        let usual = between[between.len() / 2];
        let about = usual.mul_f64(0.75)..=usual.mul_f64(1.25);
        let so = between.iter().filter(|passed| about.contains(*passed)).count();
        let is_usual = so >= RHYTHM_LINES && 2 * so >= between.len();
        is_usual.then(|| (plant.checks()[check.index()].key.clone(), usual))
    };
    between.into_iter().filter_map(usual).collect()
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

/// What is known of the vantages while the lines are taken in.
#[derive(Default)]
struct Heard {
    /// Of each vantage: when it last spoke, and whether it has been silent since.
    vantages: BTreeMap<VantageId, (Timestamp, bool)>,
    /// Of each check from each vantage its outcome, with tries and failures since it last changed: a line
    /// tells its own, and an observation all of them.
    counts: BTreeMap<(VantageId, CheckId), (Standing, u32, u32)>,
    silent: BTreeMap<VantageName, usize>,
    /// Vantages that were said to be lost.
    lost: BTreeMap<VantageId, VantageLoss>,
}

impl Heard {
    /// What was seen up from vantages that have been silent by `now` is unknown from then on.
    fn silence(&mut self, plant: &Plant, now: Timestamp, fold: &mut Fold) {
        let mut fallen: Vec<(Timestamp, VantageId)> = Vec::new();
        for (&vantage, (spoke, silent)) in &mut self.vantages {
            let until = spoke.checked_add(SILENT_MAX).unwrap_or(Timestamp::MAX);
            if !*silent && until < now {
                *silent = true;
                fallen.push((until, vantage));
            }
        }
        fallen.sort_unstable();
        for (at, vantage) in fallen {
            fold.wake_until(at);
            *self.silent.entry(plant.vantage(vantage).name.clone()).or_default() += 1;
            self.forget(plant, vantage, at, fold);
        }
    }

    /// What was seen up from a vantage is unknown from now on.
    fn forget(&self, plant: &Plant, vantage: VantageId, at: Timestamp, fold: &mut Fold) {
        for check in self.up_from(vantage) {
            let outcome = Outcome::unknown(NoAnswerCode::Silent, "");
            fold.take(&observed(plant, check, vantage, outcome, at, (1, 0)), at);
        }
    }

    /// A vantage speaks, of this check or of itself. If it was silent, it has told of no other change: what else it
    /// saw up before, it saw up until just now.
    fn speaks(
        &mut self,
        plant: &Plant,
        vantage: VantageId,
        of: Option<CheckId>,
        at: Timestamp,
        fold: &mut Fold,
    ) {
        let before = self.vantages.insert(vantage, (at, false));
        if before.is_none_or(|(_, silent)| !silent) {
            return;
        }
        let just = at.checked_sub(JUST).unwrap_or(at);
        for other in self.up_from(vantage) {
            self.counts.insert((vantage, other), (Standing::Up, 0, 0));
            if Some(other) != of {
                fold.take(&observed(plant, other, vantage, Outcome::Up, just, (1, 0)), at);
            }
        }
    }

    fn up_from(&self, vantage: VantageId) -> Vec<CheckId> {
        let own = self.counts.range((vantage, CheckId(0))..=(vantage, CheckId(u32::MAX)));
        own.filter(|(_, (standing, ..))| *standing == Standing::Up)
            .map(|((_, check), _)| *check)
            .collect()
    }

    /// A line as an input.
    fn input(&mut self, plant: &Plant, said: &Said, fold: &mut Fold) -> Input {
        let at = said.at;
        let name = |id| plant.component(id).name.clone();
        let named = |id| plant.vantage(id).name.clone();
        match said.what.clone() {
            What::Answer { check, vantage, outcome, tries, failures } => {
                let is_mute = |loss: &VantageLoss| *loss != VantageLoss::WayOut;
                if self.lost.get(&vantage).is_some_and(is_mute) {
                    // Who speaks is heard.
                    self.lost.remove(&vantage);
                    fold.take(&Input::VantageHeard { vantage: named(vantage) }, at);
                }
                self.speaks(plant, vantage, Some(check), at, fold);
                let standing = outcome.standing();
                let entry = self.counts.entry((vantage, check)).or_insert((standing, 0, 0));
                if entry.0 != standing {
                    *entry = (standing, 0, 0);
                }
                entry.1 = entry.1.saturating_add(tries);
                entry.2 = entry.2.saturating_add(failures);
                observed(plant, check, vantage, outcome, at, (entry.1, entry.2))
            }
            What::Report { component, from, saw, tries, failures, trust, detail } => {
                let component = name(component);
                Input::Reported(Report { component, from, saw, tries, failures, trust, at, detail })
            }
            What::Lost { vantage, how, detail } => {
                if how != VantageLoss::WayOut {
                    self.vantages.insert(vantage, (at, true));
                    self.forget(plant, vantage, at, fold);
                }
                self.lost.insert(vantage, how);
                Input::VantageLost { vantage: named(vantage), how, detail }
            }
            What::Heard { vantage } => {
                self.lost.remove(&vantage);
                self.speaks(plant, vantage, None, at, fold);
                Input::VantageHeard { vantage: named(vantage) }
            }
            What::Deed { component, by, did, note } => Input::Person(PersonInput {
                who: by,
                what: PersonAction::Act { component: name(component), did, note },
            }),
        }
    }
}

/// Before a vantage speaks again: so that what it saw before is older than what it says now.
const JUST: Duration = Duration::from_millis(1);

fn observed(
    plant: &Plant,
    check: CheckId,
    vantage: VantageId,
    outcome: Outcome,
    at: Timestamp,
    (tries, failures): (u32, u32),
) -> Input {
    Input::Observed(Observation {
        check: plant.checks()[check.index()].key.clone(),
        vantage: plant.vantage(vantage).name.clone(),
        outcome,
        at,
        asked: false,
        tries,
        failures,
    })
}
