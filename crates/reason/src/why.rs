//! Why all this is seen: the facts, the priors of this hour and what follows from what, put to the search; and its
//! answer in words.
//!
//! It gathers what bears on the question and is no fact: maintenances and deeds near in time, signs of
//! trouble, what came back today, what the load layer says follows from a fault. It judges nothing itself:
//! [`diagnosis`](crate::diagnosis) does. Tested through `step` and [`State::diagnose`].

use crate::by_chance;
use crate::circuit::{Circuit, InputId, Subject};
use crate::coincidence::{self, Happened};
use crate::consequence;
use crate::diagnosis::crowds::Crowds;
use crate::diagnosis::cuts::Cuts;
use crate::diagnosis::{Diagnosis, Fact, Fault, Hypothesis, Question, WRONG_WIRES, diagnose, next};
use crate::evidence::{Facts, Seen, facts};
use crate::judgement::{component_of, components};
use crate::prior;
use crate::state::{Loaded, State, SymptomKey, symptom_name};
use crate::summary::summarise;
use blackstart_model::incident::IncidentState;
use blackstart_model::record::{
    BelievedFault, DiagnosisSummary, FaultMode, FaultName, HypothesisSummary, Saw,
};
use blackstart_model::time::{SignedDuration, Timestamp};
use blackstart_model::{ComponentId, ComponentName};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// What came back within so long before an onset may be what fails again.
const CAME_BACK_WITHIN: SignedDuration = SignedDuration::from_secs(24 * 3_600);

/// What is believed of everything that is seen at `now`, in one diagnosis and not by incident.
pub(crate) fn everything(state: &State, now: Timestamp) -> DiagnosisSummary {
    let Some(loaded) = &state.plant else { return DiagnosisSummary::default() };
    let facts = facts(state, loaded, now);
    let present: Vec<&Seen> = facts.failing.iter().chain(searched_degraded(&facts)).collect();
    if present.iter().copied().chain(&facts.past).all(|seen| seen.fact.is_up()) {
        let nothing = || {
            let sentence = "nothing is seen to fail".to_owned();
            DiagnosisSummary { sentence, ..DiagnosisSummary::default() }
        };
        return by_chance::said(&facts.by_chance).unwrap_or_else(nothing);
    }
    let all: Vec<&Seen> = present.iter().copied().chain(&facts.up).chain(&facts.past).collect();
    let surroundings = Surroundings::of(state, loaded, facts.onset(now), now);
    let why = Why::new(loaded, &facts, &surroundings);
    let Diagnosis { hypotheses, ambiguity, searched, .. } = why.ask_of_all(&present);
    let about = why.about(all, present.len());
    let (mut summary, _) = why.said(&about, &hypotheses, &ambiguity, &searched);
    if hypotheses[0].faults.list().is_empty() {
        only_said(loaded, &about.all, &mut summary);
    }
    summary.changed =
        state.live().flat_map(|incident| incident.diagnosis.changed.clone()).collect();
    summary
}

/// Where all that is bad is what somebody says of things that answer, nothing is concluded from it; but what they say
/// is as likely as they are trusted, and goes before "nothing broke".
fn only_said(loaded: &Loaded, all: &[&Seen], summary: &mut DiagnosisSummary) {
    let bad = || all.iter().copied().filter(|seen| !seen.fact.is_up());
    if !bad().all(|seen| seen.fact.claim && seen.fact.degraded && seen.fact.failures == 0) {
        return;
    }
    let mut of: BTreeMap<&str, Vec<&Seen>> = BTreeMap::new();
    bad().for_each(|seen| of.entry(component_of(&seen.key.0)).or_default().push(seen));
    let is_well = |name: &str| {
        let last = all.iter().filter(|seen| component_of(&seen.key.0) == name);
        last.max_by_key(|seen| seen.since).filter(|seen| seen.fact.is_up()).map(|seen| seen.since)
    };
    let mut sure = 1.0;
    let mut faults = Vec::new();
    let mut sentences = Vec::new();
    for (name, seen) in &of {
        let distrust: f64 = seen.iter().map(|seen| 1.0 - seen.fact.trust).product();
        sure *= 1.0 - distrust;
        let until = is_well(name);
        let well = if until.is_some() { ", and is well again" } else { "" };
        sentences.push(format!("{}{well}", said_to_answer(loaded, name, seen)));
        faults.push(BelievedFault {
            fault: FaultName { subject: (*name).to_owned(), mode: FaultMode::Degraded },
            since: seen.iter().map(|seen| seen.since).min(),
            until,
        });
    }
    for other in &mut summary.hypotheses {
        other.posterior *= 1.0 - sure;
    }
    let explains: BTreeSet<String> = bad().map(|seen| symptom_name(&seen.key)).collect();
    summary.sentence = sentences.join("; ");
    // What the search held of the same is said by this.
    let names = |faults: &[BelievedFault]| -> BTreeSet<String> {
        faults.iter().map(|it| it.fault.subject.clone()).collect()
    };
    let own = names(&faults);
    summary.hypotheses.retain(|other| names(&other.faults) != own);
    summary.hypotheses.insert(
        0,
        HypothesisSummary {
            faults,
            nothing_broke: false,
            posterior: sure,
            explains: explains.into_iter().collect(),
            unexplained: Vec::new(),
            contradicted: Vec::new(),
            predicts: Vec::new(),
        },
    );
}

/// What is told of a thing that answers, and badly.
pub(crate) fn said_to_answer(loaded: &Loaded, name: &str, seen: &[&Seen]) -> String {
    let kind =
        loaded.plant.find(name).map_or("component", |id| loaded.plant.component(id).kind.as_str());
    format!("{name} ({kind}) answers, and is {}", seen[0].outcome)
}

/// What answers badly in a way that comes with the path.
pub(crate) fn searched_degraded(facts: &Facts) -> impl Iterator<Item = &Seen> {
    facts.degraded.iter().filter(|seen| seen.fact.degraded)
}

/// What bears on a diagnosis and is no fact.
pub(crate) struct Surroundings {
    onset: Timestamp,
    now: Timestamp,
    deeds: BTreeMap<ComponentName, Vec<crate::state::Deeded>>,
    troubled: Vec<ComponentId>,
    failed_before: Vec<ComponentId>,
    /// When somebody said last that a thing works.
    worked: BTreeMap<ComponentId, Timestamp>,
    ends: Arc<[(ComponentId, Timestamp)]>,
}

impl Surroundings {
    /// Of what began at `onset`.
    pub(crate) fn of(state: &State, loaded: &Loaded, onset: Timestamp, now: Timestamp) -> Self {
        let plant = &loaded.plant;
        let shows_trouble = |saw: Saw| match saw {
            Saw::Degraded | Saw::Flapping => true,
            Saw::Up | Saw::Down | Saw::Unknown => false,
        };
        let troubled = state
            .words
            .iter()
            .filter(|(_, words)| words.values().any(|word| shows_trouble(word.saw)))
            .filter_map(|(component, _)| plant.find(component.as_str()))
            .collect();
        let day = onset.checked_sub(CAME_BACK_WITHIN).unwrap_or(Timestamp::MIN);
        let mut failed_before: Vec<ComponentId> = state
            .open
            .iter()
            .chain(&state.resolved)
            .filter_map(|id| state.incidents.get(id))
            .filter(|incident| incident.state == IncidentState::Resolved)
            .filter(|incident| incident.closed_at.is_some_and(|at| at >= day && at <= onset))
            .flat_map(crate::state::Incident::cause)
            .filter_map(|fault| plant.find(&fault.subject))
            .collect();
        failed_before.sort_unstable();
        failed_before.dedup();
        let mut worked = BTreeMap::new();
        for (name, words) in &state.words {
            let before = state.words_before.get(name).into_iter().flatten();
            let up = words.values().chain(before).filter(|word| word.saw == Saw::Up);
            if let (Some(at), Some(id)) = (up.map(|word| word.at).max(), plant.find(name.as_str()))
            {
                worked.insert(id, at);
            }
        }
        let (deeds, ends) = (state.deeds.clone(), loaded.ends.clone());
        Self { onset, now, deeds, troubled, failed_before, worked, ends }
    }

    /// What priors are made of. As much as [`coincidence::influences`].
    pub(crate) fn context<'a>(&'a self, loaded: &'a Loaded) -> prior::Context<'a> {
        let Loaded { plant, circuit, unseen, .. } = loaded;
        prior::Context::of(plant, circuit, unseen, &self.happened())
            .with_worked(self.worked.clone())
    }

    fn happened(&self) -> Happened<'_> {
        Happened {
            onset: self.onset,
            working: None,
            deeds: &self.deeds,
            troubled: &self.troubled,
            failed_before: &self.failed_before,
            ends: &self.ends,
        }
    }
}

/// Faults whose load is played in one judgement: so many that they cost about what a search costs, and a
/// few at least (chosen by hand). Those that are thought of first are asked about first.
fn played_max(circuit: &Circuit) -> usize {
    const GATES: usize = 20_000_000;
    (GATES / circuit.len().max(1)).clamp(4, 64)
}

/// The question of one judgement, to be put to several sets of facts.
pub(crate) struct Why<'a> {
    loaded: &'a Loaded,
    facts: &'a Facts,
    surroundings: &'a Surroundings,
    context: prior::Context<'a>,
    /// What follows from each fault that was asked about.
    followed: RefCell<BTreeMap<InputId, Option<Following>>>,
    /// What is up in the newest epoch, in crowds and by gate.
    up: OnceCell<Crowds<'a>>,
    marks: OnceCell<next::Marks>,
    /// Cut sets that were looked for.
    cuts: RefCell<Cuts>,
}

/// What hypotheses are about: what is seen, in the order it is numbered in, and what is found of that once for all of
/// them.
pub(crate) struct About<'a> {
    all: Vec<&'a Seen>,
    /// The components of what fails, in order.
    failing: Vec<&'a str>,
    known: next::Known<'a>,
}

/// The faults that follow from one, with the logarithm of how likely each is.
type Following = Rc<[(InputId, f64)]>;

impl<'a> Why<'a> {
    /// Makes ready to ask. As much as [`coincidence::influences`].
    pub(crate) fn new(
        loaded: &'a Loaded,
        facts: &'a Facts,
        surroundings: &'a Surroundings,
    ) -> Self {
        Self {
            loaded,
            facts,
            surroundings,
            context: surroundings.context(loaded),
            followed: RefCell::default(),
            up: OnceCell::new(),
            marks: OnceCell::new(),
            cuts: RefCell::new(Cuts::of(loaded.cuts.clone())),
        }
    }

    /// Why all this is seen that fails or answers badly now, with everything that was seen in any epoch: numbered in
    /// this order, then what is up, then what was.
    pub(crate) fn ask_of_all(&self, present: &[&Seen]) -> Diagnosis {
        let Facts { up, past, .. } = self.facts;
        let past = || past.iter().zip(up.len()..).map(|(seen, at)| (at, seen.fact));
        let own = present.iter().enumerate().map(|(at, seen)| (at, seen.fact));
        let failed = past().filter(|(_, fact)| !fact.is_up());
        let failed = failed.map(|(at, fact)| (present.len() + at, fact));
        let own: Vec<(usize, Fact)> = own.chain(failed).collect();
        let mut was_up = past().filter(|(_, fact)| fact.is_up()).peekable();
        if was_up.peek().is_none() {
            return self.search(&own, (self.up(), present.len()));
        }
        let up = (0..).zip(up).map(|(at, seen)| (at, seen.fact));
        let Loaded { alike, batteries, .. } = self.loaded;
        self.search(&own, (&Crowds::of(up.chain(was_up), alike, batteries), present.len()))
    }

    /// Why this is seen, and what is up in the newest epoch: numbered in this order, and then `past`.
    pub(crate) fn ask(&self, seen: &[&Seen], past: &[&Seen]) -> Diagnosis {
        let up = self.facts.up.len();
        let past = past.iter().zip(seen.len() + up..).map(|(seen, at)| (at, seen.fact));
        let own = seen.iter().enumerate().map(|(at, seen)| (at, seen.fact));
        self.search(&own.chain(past).collect::<Vec<_>>(), (self.up(), seen.len()))
    }

    /// What is up in the newest epoch.
    fn up(&self) -> &Crowds<'a> {
        let Loaded { alike, batteries, .. } = self.loaded;
        let facts = || self.facts.up.iter().map(|seen| seen.fact).enumerate();
        self.up.get_or_init(|| Crowds::of(facts(), alike, batteries))
    }

    fn search(&self, facts: &[(usize, Fact)], up: (&Crowds<'_>, usize)) -> Diagnosis {
        let Loaded { plant, circuit, killers, batteries, lines, .. } = self.loaded;
        let deeds = |input| {
            let done = self.facts.mended.iter();
            let done = done.filter(|it| circuit.component_input(it.subject) == input);
            done.map(|it| (it.epoch, it.holds.ln(), it.persists.ln())).collect()
        };
        let spans: Vec<_> = self.facts.epochs.iter().map(|it| (it.since, it.until)).collect();
        diagnose(&Question {
            plant,
            circuit,
            killers,
            facts,
            up: Some(up),
            log_prior: &|input, mode| self.log_prior(input, mode),
            in_part: &|input| self.in_part(input),
            log_unmodelled: self.log_unmodelled(),
            follows: &|input| self.follows(input),
            carries: &|input| self.loaded.electric.carries(input),
            deeds: &deeds,
            batteries,
            spans: &spans,
            wrong_wires: WRONG_WIRES,
            lines,
            cuts: &self.cuts,
            keep: next::WEIGHED_MAX,
        })
    }

    /// The logarithm of the prior of a fault in a mode.
    pub(crate) fn log_prior(&self, input: InputId, mode: FaultMode) -> f64 {
        let Loaded { plant, circuit, .. } = self.loaded;
        prior::log_prior(plant, circuit, input, mode, &self.context)
    }

    /// Of the input of a check: that of its component, where it is likelier that a part of it is broken that only this
    /// check sees than that the check is wrong.
    fn in_part(&self, input: InputId) -> Option<InputId> {
        let Loaded { plant, circuit, .. } = self.loaded;
        let Subject::Check(check) = circuit.subject(input) else { return None };
        let is_likelier = self.log_prior(input, FaultMode::Partial)
            > self.log_prior(input, FaultMode::WrongCheck);
        is_likelier.then(|| circuit.component_input(plant.checks()[check.index()].component))
    }

    /// The same of something that the plant does not contain.
    pub(crate) fn log_unmodelled(&self) -> f64 {
        prior::log_unmodelled(&self.context)
    }

    fn follows(&self, input: InputId) -> Option<Following> {
        let Loaded { plant, circuit, electric, .. } = self.loaded;
        if !electric.carries(input) {
            return None;
        }
        if let Some(known) = self.followed.borrow().get(&input) {
            return known.clone();
        }
        if self.followed.borrow().len() >= played_max(circuit) {
            return None;
        }
        let span = self.surroundings.now.duration_since(self.surroundings.onset).unsigned_abs();
        let list: Vec<(InputId, f64)> = consequence::played(plant, circuit, electric, &[input])
            .iter()
            .map(|it| (it.input, it.within(span).ln()))
            .filter(|(_, chance)| chance.is_finite())
            .collect();
        let following = (!list.is_empty()).then(|| Following::from(list));
        self.followed.borrow_mut().insert(input, following.clone());
        following
    }

    /// What hypotheses are about that are numbered by this: so many of `own`, what is up, and the rest.
    pub(crate) fn about(&self, all: Vec<&'a Seen>, own: usize) -> About<'a> {
        let Facts { up, asked, .. } = self.facts;
        let circuit = &self.loaded.circuit;
        let marks = self.marks.get_or_init(|| next::Marks::of(circuit, up));
        let not_up: Vec<&Seen> = all[..own].iter().chain(&all[own + up.len()..]).copied().collect();
        let known = next::Known::of(circuit, &not_up, marks, asked);
        let failing = not_up.iter().copied().filter(|seen| !seen.fact.is_up());
        About { failing: components(failing), all, known }
    }

    /// Hypotheses in words, what to look at next, and what of it to ask at once.
    pub(crate) fn said(
        &self,
        about: &About<'_>,
        hypotheses: &[Hypothesis],
        ambiguity: &[Vec<Fault>],
        searched: &str,
    ) -> (DiagnosisSummary, Vec<SymptomKey>) {
        let Loaded { plant, circuit, electric, .. } = self.loaded;
        let About { all, failing, known } = about;
        let tellings = next::tellings(self.loaded, known, hypotheses);
        let begun: Vec<Timestamp> = self.facts.epochs.iter().map(|epoch| epoch.since).collect();
        let summary =
            summarise(self.loaded, (all, failing), &begun, hypotheses, ambiguity, searched);
        let believed: Vec<coincidence::Believed> = hypotheses[0]
            .faults
            .list()
            .iter()
            .zip(summary.hypotheses.first().into_iter().flat_map(|lead| &lead.faults))
            .filter(|(fault, _)| fault.mode != FaultMode::WrongCheck)
            .map(|(fault, said)| coincidence::Believed {
                input: fault.input,
                mode: fault.mode,
                since: said.since,
            })
            .collect();
        let happened = self.surroundings.happened();
        let summary = DiagnosisSummary {
            next_checks: next::shown(&tellings),
            coincidences: coincidence::of(plant, circuit, electric, &believed, &happened),
            ..summary
        };
        (summary, next::at_once(&tellings))
    }
}
