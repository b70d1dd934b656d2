//! Plays a scenario through the world and holds what was believed against what a fair judge would say.
//!
//! Belief is looked at when something was told or decided, and never seldomer than every ten minutes.
//! What was expected and did not come is said in words, with the time and the sentence that stood there
//! instead.

use crate::scenario::{Impact, Milestone, Named, Scenario};
use crate::verdict::Verdict;
use crate::world::World;
use blackstart_model::incident::IncidentState;
use blackstart_model::kind::Kind;
use blackstart_model::plant::Plant;
use blackstart_model::record::{Decision, News, PlantSource};
use blackstart_model::time::{Duration, SignedDuration, Timestamp, shown, shown_span};
use blackstart_model::{ComponentId, ComponentName};
use blackstart_reason::circuit::Circuit;
use blackstart_reason::whatif::{Question, whatif};
use blackstart_reason::{Incident, State};
use std::collections::BTreeSet;

/// Answers among which a cause has to be.
const TOP: usize = 3;

/// Looks are so far apart, at least and at most.
const LOOK: (Duration, Duration) = (Duration::from_secs(20), Duration::from_secs(600));

/// What came of a scenario.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// How each cause fared, in the order of the file.
    pub causes: Vec<Fared>,
    /// When the first alert of an incident was decided.
    pub first_alarm: Option<Timestamp>,
    /// Incidents that were confirmed, merged ones not counted.
    pub incidents: usize,
    /// Alerts about incidents.
    pub alerts: usize,
    /// What stays unexplained at the end, and had to be at the worst time.
    pub unexplained: Vec<String>,
    /// The first best next check that was named, before anything was told.
    pub next_check: Option<String>,
    /// The last sentence.
    pub sentence: String,
    /// What was believed, at each look at which it was another than before.
    pub beliefs: Vec<(Timestamp, String)>,
    /// What was expected and did not come.
    pub missed: Vec<String>,
}

/// How a cause fared.
#[derive(Clone, Debug)]
pub struct Fared {
    /// What.
    pub cause: Named,
    /// From when on it was there.
    pub at: Timestamp,
    /// Its rank when the first alert after it was decided.
    pub rank_at_alarm: Option<usize>,
    /// Its worst rank from when a fair judge could know, while it lasted.
    pub rank_at_worst: Option<usize>,
    /// Its rank at the end.
    pub rank_at_end: Option<usize>,
    /// When it first was part of a first answer.
    pub named_at: Option<Timestamp>,
}

/// Plays it. The same scenario gives the same result.
#[must_use]
pub fn play(scenario: &Scenario) -> Played {
    let Scenario { believed, truth, starts, ends, seed, senses, faults, told, expect, .. } =
        scenario;
    let source = PlantSource { files: vec![believed.clone()] };
    let mut world = World::of(source, truth.clone(), *starts, *seed, *senses);
    world.stay_cool(scenario.stays_cool);
    for fault in faults {
        world.happen(fault.clone());
    }
    let causes = faults.iter().filter(|fault| fault.cause);
    let mut watch = Watch {
        scenario,
        played: Played {
            causes: causes
                .map(|fault| Fared {
                    cause: Named { subject: fault.what.subject(), mode: Some(fault.mode) },
                    at: fault.at,
                    rank_at_alarm: None,
                    rank_at_worst: None,
                    rank_at_end: None,
                    named_at: None,
                })
                .collect(),
            ..Played::default()
        },
        lost: vec![false; faults.len()],
        looked_at: *starts,
        next_met: expect.next_check.is_empty(),
        verdict: Verdict::default(),
    };
    // Instants at which there is something to do besides looking.
    let mut stops: BTreeSet<Timestamp> = told.iter().map(|told| told.at).collect();
    stops.extend(expect.at.iter().filter_map(|milestone| milestone.at));
    stops.extend(expect.judge_from);
    stops.insert(*ends);
    stops.retain(|stop| stop <= ends);
    let mut waiting = told.iter().peekable();
    for stop in stops {
        while world.now() < stop {
            let next = after(world.now(), LOOK.0).min(stop);
            world.run_until(next);
            watch.look(&mut world, false);
        }
        while let Some(told) = waiting.next_if(|told| told.at <= stop) {
            watch.look(&mut world, true);
            watch.next_met |= watch.is_next(&expect.next_check);
            world.give(told.input());
        }
        watch.look(&mut world, true);
        for milestone in expect.at.iter().filter(|milestone| milestone.at == Some(stop)) {
            watch.hold(milestone, &world);
        }
    }
    watch.end(&world);
    watch.played
}

/// What is kept while it plays.
struct Watch<'s> {
    scenario: &'s Scenario,
    played: Played,
    /// Causes of which it was said already that they were lost.
    lost: Vec<bool>,
    looked_at: Timestamp,
    next_met: bool,
    verdict: Verdict,
}

impl Watch<'_> {
    /// Takes up what was decided, and looks at what is believed when there is a reason to.
    fn look(&mut self, world: &mut World, now: bool) {
        let heard = world.take_heard();
        for (at, decision) in &heard.decisions {
            self.decided(*at, decision);
        }
        let since = world.now().duration_since(self.looked_at);
        let due =
            since >= signed(LOOK.1) || (!heard.decisions.is_empty() && since >= signed(LOOK.0));
        if !(now || due) {
            return;
        }
        self.looked_at = world.now();
        self.verdict = Verdict::of(world.state(), world.now());
        let believed = self.verdict.sentences();
        if self.played.beliefs.last().is_none_or(|(_, last)| *last != believed) {
            self.played.beliefs.push((self.looked_at, believed));
        }
        let told = self.scenario.told.first().is_some_and(|told| told.at < world.now());
        if !told {
            self.next_met |= self.is_next(&self.scenario.expect.next_check);
            if self.played.next_check.is_none() {
                self.played.next_check = self.verdict.next_checks().next().map(str::to_owned);
            }
        }
        self.rank(world.now());
    }

    fn decided(&mut self, at: Timestamp, decision: &Decision) {
        let verdict = match decision {
            Decision::Alert(alert) if alert.incident.is_some() => {
                self.played.alerts += 1;
                self.played.first_alarm.get_or_insert(at);
                return;
            }
            Decision::Incident(revision) if revision.to != IncidentState::Suspected => {
                Verdict::only(revision.diagnosis.clone())
            }
            Decision::Alert(_)
            | Decision::Incident(_)
            | Decision::Verify { .. }
            | Decision::Withhold { .. }
            | Decision::Deliver { .. }
            | Decision::GiveUp { .. }
            | Decision::Reject { .. } => return,
        };
        for fared in &mut self.played.causes {
            if fared.at > at {
                continue;
            }
            let rank = verdict.rank(&subject(&fared.cause));
            if fared.rank_at_alarm.is_none() {
                fared.rank_at_alarm = rank;
            }
            if rank == Some(1) {
                fared.named_at.get_or_insert(at);
            }
        }
    }

    /// Where each cause stands now, and whether it should stand higher.
    fn rank(&mut self, now: Timestamp) {
        let Scenario { faults, expect, plant, .. } = self.scenario;
        if expect.truth_unmodelled.is_some() {
            return;
        }
        let causes = faults.iter().filter(|fault| fault.cause);
        for ((fault, fared), lost) in causes.zip(&mut self.played.causes).zip(&mut self.lost) {
            let rank = self.verdict.rank(&subject(&fared.cause));
            if rank == Some(1) && fault.is_on(now) {
                fared.named_at.get_or_insert(now);
            }
            let from = fault.judge_from.or(expect.judge_from);
            let Some(from) = from.map(|from| from.max(fault.at)) else { continue };
            if now < from || !fault.is_on(now) {
                continue;
            }
            let worst = fared.rank_at_worst.unwrap_or(0).max(rank.unwrap_or(usize::MAX));
            fared.rank_at_worst = Some(worst);
            if rank.is_none_or(|rank| rank > TOP) && !*lost {
                *lost = true;
                self.played.missed.push(format!(
                    "{}: {} is not among the first {TOP}: {}",
                    shown(now, plant.zone()),
                    fared.cause.subject,
                    self.verdict.sentences()
                ));
            }
        }
    }

    fn is_next(&self, wanted: &[String]) -> bool {
        self.verdict.next_checks().any(|target| wanted.iter().any(|wanted| names(target, wanted)))
    }

    /// Whether a milestone is reached.
    fn hold(&mut self, milestone: &Milestone, world: &World) {
        let Milestone { at, first, ambiguous, not, unexplained, next_check, incidents, alerts_max } =
            milestone;
        let when = at.map_or("at the end".to_owned(), |at| shown(at, self.scenario.plant.zone()));
        let mut missed = Vec::new();
        for named in first {
            if self.verdict.rank(named) != Some(1) {
                let mode = named.mode.map_or("", |mode| mode.as_str());
                missed.push(format!("{} {mode} is not the first answer", named.subject));
            }
        }
        if !ambiguous.is_empty() && !self.verdict.are_alike(ambiguous) {
            missed.push(format!("{} are not said to look alike", ambiguous.join(", ")));
        }
        for name in not {
            if self.verdict.first().any(|fault| fault.subject == *name) {
                missed.push(format!("{name} is blamed"));
            }
        }
        let left = self.verdict.unexplained().count();
        if unexplained.is_some_and(|wanted| wanted != left) {
            missed.push(format!("{left} failing checks are unexplained, not {unexplained:?}"));
        }
        if !next_check.is_empty() && !self.is_next(next_check) {
            let said: Vec<&str> = self.verdict.next_checks().collect();
            missed.push(format!(
                "the next check is {}, not {}",
                said.join(", "),
                next_check.join(", ")
            ));
        }
        let confirmed = confirmed(world.state()).len();
        if incidents.is_some_and(|wanted| wanted != confirmed) {
            missed.push(format!("{confirmed} incidents, not {incidents:?}"));
        }
        if alerts_max.is_some_and(|wanted| self.played.alerts > wanted) {
            missed.push(format!("{} alerts, more than {alerts_max:?}", self.played.alerts));
        }
        let sentences = self.verdict.sentences();
        self.played
            .missed
            .extend(missed.into_iter().map(|missed| format!("{when}: {missed}: {sentences}")));
    }

    fn end(&mut self, world: &World) {
        let expect = &self.scenario.expect;
        self.hold(&expect.end, world);
        let state = world.state();
        let played = &mut self.played;
        for fared in &mut played.causes {
            fared.rank_at_end = self.verdict.rank(&subject(&fared.cause));
        }
        let confirmed = confirmed(state);
        played.incidents = confirmed.len();
        played.unexplained = self.verdict.unexplained().cloned().collect();
        played.sentence = self.verdict.sentences();
        if !self.next_met {
            let said = played.next_check.as_deref().unwrap_or("none");
            let wanted = expect.next_check.join(", ");
            played.missed.push(format!("the next check was {said} and never {wanted}"));
        }
        if expect.no_incident && (played.incidents > 0 || played.alerts > 0) {
            let Played { incidents, alerts, .. } = played;
            played
                .missed
                .push(format!("{incidents} incidents and {alerts} alerts where none was due"));
        }
        if let Some(impact) = &expect.impact {
            let named = if expect.no_incident {
                announced(&self.scenario.plant)
            } else {
                let mut named = Impact::default();
                for incident in &confirmed {
                    named.services.extend(incident.services.iter().cloned());
                    named.customers.extend(incident.customers.iter().cloned());
                }
                named
            };
            let named = in_order(named);
            if named != *impact {
                let (named, wanted) = (list(&named), list(impact));
                played.missed.push(format!("hit are said to be {named}; truly {wanted}"));
            }
        }
        if expect.truth_unmodelled.is_some()
            && played.unexplained.is_empty()
            && !self.verdict.is_unmodelled()
        {
            played.missed.push(format!("all is said to be explained: {}", played.sentence));
        }
    }
}

/// What the announced maintenance would take down, and that people use.
fn announced(plant: &Plant) -> Impact {
    let off: Vec<ComponentId> =
        plant.maintenance().iter().flat_map(|one| one.off.iter().copied()).collect();
    let question = Question { off, ..Question::default() };
    let mut impact = Impact::default();
    let Ok(answer) = whatif(plant, &Circuit::of(plant), &question) else { return impact };
    for dark in answer.down() {
        let component = plant.component(dark.component);
        if component.kind == Kind::Customer {
            impact.customers.push(component.name.clone());
        } else if component.kind.is_used() {
            impact.services.push(component.name.clone());
        }
    }
    impact
}

fn in_order(impact: Impact) -> Impact {
    let ordered = |names: Vec<ComponentName>| -> Vec<ComponentName> {
        names.into_iter().collect::<BTreeSet<_>>().into_iter().collect()
    };
    Impact { services: ordered(impact.services), customers: ordered(impact.customers) }
}

fn list(impact: &Impact) -> String {
    let all: Vec<&str> =
        impact.services.iter().chain(&impact.customers).map(ComponentName::as_str).collect();
    if all.is_empty() { "nobody".to_owned() } else { all.join(", ") }
}

/// Incidents that were ever confirmed and not merged into another.
#[must_use]
pub fn confirmed(state: &State) -> Vec<&Incident> {
    let all = state.incidents().values();
    all.filter(|incident| {
        incident.state != IncidentState::Merged
            && incident.history.iter().any(|(_, state, _)| *state == IncidentState::Open)
    })
    .collect()
}

/// A cause whatever it is called.
fn subject(cause: &Named) -> Named {
    Named { subject: cause.subject.clone(), mode: None }
}

/// Whether a next check's target is this: the name itself, or a check of it.
fn names(target: &str, wanted: &str) -> bool {
    target == wanted || target.split([' ', '/']).any(|part| part == wanted)
}

impl Fared {
    /// The time from its beginning until it was named, in words.
    #[must_use]
    pub fn after(&self) -> Option<String> {
        let span = self.named_at?.duration_since(self.at);
        Duration::try_from(span).ok().map(shown_span)
    }
}

fn after(at: Timestamp, span: Duration) -> Timestamp {
    at.checked_add(signed(span)).unwrap_or(Timestamp::MAX)
}

fn signed(span: Duration) -> SignedDuration {
    SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX)
}

/// Whether this is news of an outage, and not of its end.
#[must_use]
pub const fn is_alarm(news: News) -> bool {
    match news {
        News::Opened | News::CauseChanged => true,
        News::Resolved | News::PlantRefused | News::Acknowledged | News::Merged => false,
    }
}
