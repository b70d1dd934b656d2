//! A pretend world, small: a truth (what is broken), checks that see it on their grid, and a virtual
//! clock. Only time and chance are pretended; the judgement is the real one.

use blackstart_model::incident::IncidentState;
use blackstart_model::observation::{Observation, Outcome, Standing, SymptomCode};
use blackstart_model::record::{Alert, Decision, Delivery, Input, PlantSource};
use blackstart_model::time::{Duration, SignedDuration, Timestamp};
use blackstart_model::{AlertId, CheckKey, IncidentId, VantageName, plantfile, stable_hash};
use blackstart_reason::circuit::{Circuit, InputId, Subject};
use blackstart_reason::{Incident, State, SymptomKey, step};
use std::collections::{BTreeMap, BTreeSet};

/// How long a check takes to answer, here: good or bad.
const ANSWER: SignedDuration = SignedDuration::from_millis(120);

pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) now: Timestamp,
    pub(crate) circuit: Circuit,
    pub(crate) plant: std::sync::Arc<blackstart_model::Plant>,
    broken: BTreeSet<InputId>,
    /// What fails in turns: each try meets it down by chance, in percent.
    flaky: BTreeMap<InputId, u64>,
    /// Checks whose target answers, badly: slowly, or with a certificate that ends soon.
    bad: BTreeMap<CheckKey, SymptomCode>,
    /// What checks say whatever is so, by the vantages that see it.
    said: BTreeMap<SymptomKey, Outcome>,
    /// What each check last told, and how often.
    told: BTreeMap<SymptomKey, (Standing, u32)>,
    /// Answers on their way: when, in which order at that instant, of what, asked for.
    due: BTreeMap<(Timestamp, u64, SymptomKey), bool>,
    /// Draws the order of answers that come at one instant; `None` where checks have phases of their own.
    seed: Option<u64>,
    pub(crate) inputs: Vec<(Timestamp, Input)>,
    pub(crate) decisions: Vec<(Timestamp, Decision)>,
}

impl World {
    /// A world in which everything works and has been seen to.
    pub(crate) fn of(body: &str) -> Self {
        Self::begin(body, None)
    }

    /// The same without phases: all checks answer at the same instants, in an order drawn by `seed`.
    pub(crate) fn in_step(body: &str, seed: u64) -> Self {
        Self::begin(body, Some(seed))
    }

    fn begin(body: &str, seed: Option<u64>) -> Self {
        let text = format!("blackstart: 1\nname: case\ntimezone: UTC\n{body}");
        let files = vec![("case.yaml".to_owned(), text)];
        let (plant, findings) = plantfile::parse(&files);
        let plant = plant.unwrap_or_else(|| panic!("not a plant: {findings:#?}"));
        let circuit = Circuit::of(&plant);
        let mut world = Self {
            state: State::new(),
            now: "2026-11-21T03:00:00Z".parse().expect("an instant"),
            circuit,
            plant,
            broken: BTreeSet::new(),
            flaky: BTreeMap::new(),
            bad: BTreeMap::new(),
            said: BTreeMap::new(),
            told: BTreeMap::new(),
            due: BTreeMap::new(),
            seed,
            inputs: Vec::new(),
            decisions: Vec::new(),
        };
        world.give(Input::Started { version: "test".to_owned(), alive_until: None });
        world.give(Input::PlantLoaded(PlantSource { files }));
        world.schedule_grid();
        world.run(Duration::from_secs(60));
        assert!(world.state.incidents().is_empty(), "{:#?}", world.state.incidents());
        world
    }

    fn input(&self, name: &str) -> InputId {
        self.circuit
            .inputs()
            .find(|&input| match self.circuit.subject(input) {
                Subject::Component(id) => self.plant.component(id).name.as_str() == name,
                Subject::Check(id) => {
                    name.strip_prefix("check ")
                        == Some(self.plant.checks()[id.index()].key.as_str())
                }
                Subject::Vantage(id) => {
                    name.strip_prefix("vantage ") == Some(self.plant.vantage(id).name.as_str())
                }
                Subject::Carriage { .. } | Subject::Spread { .. } => false,
            })
            .unwrap_or_else(|| panic!("nothing called {name}"))
    }

    pub(crate) fn break_it(&mut self, name: &str) {
        self.broken.insert(self.input(name));
    }

    /// From now on it is met down by so many tries in a hundred, each by itself.
    pub(crate) fn fail_in_turns(&mut self, name: &str, percent: u64) {
        self.flaky.insert(self.input(name), percent);
    }

    pub(crate) fn mend(&mut self, name: &str) {
        self.broken.remove(&self.input(name));
        self.flaky.remove(&self.input(name));
    }

    /// Nobody looks for so long: what was under way is put off.
    pub(crate) fn sleep(&mut self, span: Duration) {
        let span = SignedDuration::try_from(span).expect("in range");
        let later = |at: Timestamp| at.checked_add(span).expect("in range");
        self.now = later(self.now);
        let due = std::mem::take(&mut self.due).into_iter();
        self.due = due.map(|((at, rank, key), asked)| ((later(at), rank, key), asked)).collect();
    }

    /// The certificate that is shown to a check ends soon.
    pub(crate) fn end_soon(&mut self, check: &str) {
        self.bad.insert(check.into(), SymptomCode::CertificateExpires);
    }

    /// The target of a check goes on answering, slowly.
    pub(crate) fn slow_down(&mut self, check: &str) {
        self.bad.insert(check.into(), SymptomCode::Slow);
    }

    /// From now on a check says this from a vantage, whatever is so.
    pub(crate) fn say(&mut self, check: &str, from: &str, outcome: &Outcome) {
        let key = (CheckKey::from(check), VantageName::from(from));
        assert!(self.circuit.sees_named(&key.0, &key.1).is_some(), "{check} from {from}");
        self.said.insert(key, outcome.clone());
    }

    /// Gives one input to the judgement, and takes up what it decides.
    pub(crate) fn give(&mut self, input: Input) -> Vec<Decision> {
        let decisions = step(&mut self.state, &input, self.now);
        self.inputs.push((self.now, input));
        for decision in &decisions {
            self.decisions.push((self.now, decision.clone()));
            if let Decision::Verify { asks, .. } = decision {
                for key in asks {
                    let at = self.now.checked_add(ANSWER).expect("in range");
                    self.schedule(at, key.clone(), true);
                }
            }
        }
        decisions
    }

    fn schedule(&mut self, at: Timestamp, key: SymptomKey, asked: bool) {
        let rank = self.seed.map_or(0, |seed| stable_hash(&format!("{seed} {} {}", key.0, key.1)));
        self.due.insert((at, rank, key), asked);
    }

    fn schedule_grid(&mut self) {
        let sees = self.circuit.sees().iter().map(|sees| {
            let check = self.plant.checks()[sees.check.index()].key.clone();
            (check, self.plant.vantage(sees.vantage).name.clone())
        });
        let keys: Vec<SymptomKey> = sees.collect();
        for (key, at) in keys.into_iter().zip(0..) {
            let phase = if self.seed.is_some() { 0 } else { 37 * at % 5_000 };
            let phase = SignedDuration::from_millis(phase);
            self.schedule(self.now.checked_add(phase).expect("in range"), key, false);
        }
    }

    fn answer(&mut self, key: SymptomKey, asked: bool) {
        let sees = self.circuit.sees_named(&key.0, &key.1).expect("on the grid");
        let met = |(&input, &percent): (&InputId, &u64)| {
            let drawn = stable_hash(&format!("{} {} {} {}", input.index(), key.0, key.1, self.now));
            (drawn >> 16) % 100 < percent && !self.broken.contains(&input)
        };
        let turns = self.flaky.iter().filter(|&one| met(one)).map(|(&input, _)| input);
        let broken: Vec<InputId> = self.broken.iter().copied().chain(turns).collect();
        let under = self.circuit.under(&broken);
        let up = under[sees.gate.index()];
        // A machine that is alive refuses for what is dead on it; a dead one says nothing.
        let refuses = sees.answers.is_some_and(|(_, gate)| under[gate.index()]);
        let dead = if refuses { SymptomCode::Refused } else { SymptomCode::Unreachable };
        let check = &self.plant.checks()[sees.check.index()];
        if !asked {
            let next = self
                .now
                .checked_add(SignedDuration::try_from(check.every).expect("in range"))
                .expect("in range");
            self.schedule(next, key.clone(), false);
        }
        let outcome = match (up, self.bad.get(&key.0)) {
            (true, None) => Outcome::Up,
            (true, Some(code)) => Outcome::degraded(*code, "pretended"),
            (false, _) => Outcome::down(dead, "pretended"),
        };
        let outcome = self.said.get(&key).cloned().unwrap_or(outcome);
        let standing = outcome.standing();
        let told = self.told.entry(key.clone()).or_insert((Standing::Unknown, 0));
        let changed = told.0 != standing;
        *told = (standing, if changed { 1 } else { told.1 + 1 });
        if changed || asked {
            let tries = told.1;
            let (check, vantage) = key;
            let at = self.now;
            let failures = outcome.failures_of(tries);
            self.give(Input::Observed(Observation {
                check,
                vantage,
                outcome,
                at,
                asked,
                tries,
                failures,
            }));
        }
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, span: Duration) {
        let end = self.now.checked_add(SignedDuration::try_from(span).expect("in range"));
        let end = end.expect("in range");
        loop {
            let due = self.due.keys().next().map(|(at, ..)| *at);
            let wake = self.state.wake_at();
            let next = due.into_iter().chain(wake).min().unwrap_or(end).max(self.now);
            if next > end {
                self.now = end;
                return;
            }
            self.now = next;
            if wake.is_some_and(|wake| wake <= next) {
                self.give(Input::Tick);
                continue;
            }
            let ((_, _, key), asked) = self.due.pop_first().expect("it is due");
            self.answer(key, asked);
        }
    }

    /// Incidents that were ever confirmed.
    pub(crate) fn confirmed(&self) -> Vec<&Incident> {
        self.state
            .incidents()
            .values()
            .filter(|incident| {
                incident.history.iter().any(|(_, state, _)| *state == IncidentState::Open)
                    && incident.state != IncidentState::Merged
            })
            .collect()
    }

    /// The causes of the live, confirmed incidents, as text.
    pub(crate) fn causes(&self) -> Vec<String> {
        self.confirmed()
            .into_iter()
            .filter(|incident| incident.state.is_live())
            .map(|incident| {
                let faults: Vec<String> = incident
                    .cause()
                    .iter()
                    .map(|fault| format!("{} {}", fault.subject, fault.mode))
                    .collect();
                faults.join(" + ")
            })
            .collect()
    }

    pub(crate) fn alerts(&self) -> Vec<&Alert> {
        self.decisions
            .iter()
            .filter_map(|(_, decision)| match decision {
                Decision::Alert(alert) => Some(alert),
                _ => None,
            })
            .collect()
    }

    /// Begins to deliver everything that waits: which alert, which attempt.
    pub(crate) fn begin_deliveries(&mut self) -> Vec<(AlertId, u32)> {
        let waiting: Vec<_> = self
            .state
            .alerts()
            .iter()
            .filter_map(|(id, progress)| match progress.stage {
                blackstart_reason::AlertStage::Waiting { attempt, .. } => Some((*id, attempt)),
                _ => None,
            })
            .collect();
        for &(alert, attempt) in &waiting {
            self.give(Input::AttemptStarted { alert, attempt });
        }
        waiting
    }

    /// Delivers everything that waits, at once.
    pub(crate) fn deliver(&mut self, result: &Delivery) {
        for (alert, attempt) in self.begin_deliveries() {
            self.give(Input::AttemptEnded { alert, attempt, result: result.clone() });
        }
    }

    pub(crate) fn incident(&self, id: u64) -> &Incident {
        &self.state.incidents()[&IncidentId(id)]
    }
}

/// Two racks, a switch in each, ten services in the second, three vantages.
pub(crate) fn two_racks() -> String {
    let mut text = "
upstreams: { transit: { provides: internet } }
routers: { core: { network: transit } }
switches: { switch-1: { network: core }, switch-2: { network: core } }
here: { at: core }
vantages: { rack-1: { at: switch-1, agent: rack-1 }, outside: { agent: outside } }
alerts: { mail: { relay: '127.0.0.1:2525', from: bs@example.net, to: [oncall@example.net], tls: none } }
"
    .to_owned();
    text.push_str("servers:\n  s-1: { network: switch-1 }\n");
    for server in 2..=6 {
        text.push_str(&format!("  s-{server}: {{ network: switch-2 }}\n"));
    }
    text.push_str("services:\n");
    text.push_str("  quiet: { on: s-1, checks: [ { tcp: '10.1.0.1:80', every: 5s, from: [here, rack-1, outside] } ] }\n");
    for service in 0..10 {
        let server = 2 + service / 2;
        text.push_str(&format!(
            "  web-{service}: {{ on: s-{server}, checks: [ {{ tcp: '10.2.0.{server}:{}', every: 5s, from: [here, rack-1, outside] }} ] }}\n",
            8000 + service
        ));
    }
    text.push_str("customers: { acme: { uses: [web-3, web-7] } }\n");
    text
}
