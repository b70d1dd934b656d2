//! The pretend world of a demonstration: a scenario's truth, and whatever a person breaks besides.
//!
//! Answers are right, as far as the truth goes; what flaps is drawn from the scenario's seed. Times of
//! answers are made up, the same for the same check and instant.

use blackstart_model::observation::Timing;
use blackstart_model::record::{FaultMode, Input, VantageLoss};
use blackstart_model::time::{Duration, SignedDuration, Timestamp};
use blackstart_model::{CheckKey, ComponentName, Plant, VantageName, stable_hash};
use blackstart_server::Answer;
use blackstart_server::stage::{Broken, Stage};
use blackstart_sim::scenario::{Happening, Mode, Scenario, Told, What};
use blackstart_sim::truth::Truth;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// How often something fails that a person makes flaky, a share of its time: as a link that comes and goes
/// (chosen by hand).
const FLAKY: f64 = 0.4;

/// A scenario on a stage.
pub(crate) struct Pretended {
    title: String,
    plant: Arc<Plant>,
    world: Mutex<World>,
}

struct World {
    truth: Truth,
    /// What is still to be told, oldest first.
    told: VecDeque<Told>,
    /// Vantages that are not heard, since when, and whether that was told.
    unheard: BTreeMap<VantageName, (Timestamp, bool)>,
    /// What a person broke.
    by_hand: BTreeSet<String>,
}

impl Pretended {
    pub(crate) fn new(title: String, scenario: &Scenario) -> Self {
        let mut truth = Truth::of(scenario.truth.clone(), scenario.seed);
        truth.stay_cool(scenario.stays_cool);
        for happening in &scenario.faults {
            truth.happen(happening.clone());
        }
        let told = scenario.told.iter().cloned().collect();
        let (unheard, by_hand) = (BTreeMap::new(), BTreeSet::new());
        let world = Mutex::new(World { truth, told, unheard, by_hand });
        Self { title, plant: scenario.plant.clone(), world }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stage for Pretended {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn answer(&self, check: &CheckKey, vantage: &VantageName, at: Timestamp) -> Option<Answer> {
        let glance = self.lock().truth.glance(check, vantage, at)?;
        let timing = timing(check, vantage, at, glance.takes);
        Some(Answer::of(glance.outcome, timing))
    }

    fn told(&self, now: Timestamp) -> Vec<Input> {
        let World { truth, told, unheard, by_hand: _ } = &mut *self.lock();
        let mut inputs = Vec::new();
        while let Some(told) = told.pop_front_if(|told| told.at <= now) {
            inputs.push(told.input());
        }
        for place in self.plant.vantages() {
            let provable = place.agent.is_some() || !place.way_out.is_empty();
            if !provable {
                continue;
            }
            let vantage = place.name.clone();
            if truth.is_heard(&vantage, now) {
                if let Some((_, true)) = unheard.remove(&vantage) {
                    inputs.push(Input::VantageHeard { vantage });
                }
                continue;
            }
            let (since, was_told) = unheard.entry(vantage.clone()).or_insert((now, false));
            let silent_max = SignedDuration::try_from(place.silent_max).unwrap_or_default();
            if *was_told || now.duration_since(*since) < silent_max {
                continue;
            }
            *was_told = true;
            let (how, detail) = match place.agent {
                Some(_) => (VantageLoss::Silent, "nothing is heard from its agent"),
                None => (VantageLoss::WayOut, "all that proves it fails"),
            };
            inputs.push(Input::VantageLost { vantage, how, detail: detail.to_owned() });
        }
        inputs
    }

    fn broken(&self, now: Timestamp) -> Vec<Broken> {
        let world = self.lock();
        let on = world.truth.happenings().filter(|happening| happening.is_on(now));
        on.map(|happening| {
            let subject = happening.what.subject();
            Broken {
                mode: mode(happening.mode),
                since: happening.at,
                by_hand: world.by_hand.contains(&subject),
                subject,
            }
        })
        .collect()
    }

    fn break_it(
        &self,
        component: &ComponentName,
        how: FaultMode,
        now: Timestamp,
    ) -> Result<(), String> {
        let mut world = self.lock();
        if world.truth.plant().find(component.as_str()).is_none() {
            return Err(format!(
                "there is truly no `{component}`: the plant file is wrong in that"
            ));
        }
        let mode = match how {
            FaultMode::Down => Mode::Down,
            FaultMode::Flaky => Mode::Flaky,
            FaultMode::Degraded => Mode::Degraded,
            FaultMode::Latent
            | FaultMode::Consequential
            | FaultMode::Partial
            | FaultMode::Misrouted
            | FaultMode::CutOff
            | FaultMode::WrongCheck => return Err(format!("{how} cannot be done by hand")),
        };
        world.truth.mend(component.as_str(), now);
        world.truth.happen(Happening {
            what: What::Component(component.clone()),
            mode,
            at: now,
            until: None,
            rate: FLAKY,
            only: Vec::new(),
            cause: true,
            judge_from: None,
        });
        world.by_hand.insert(component.to_string());
        Ok(())
    }

    fn mend(&self, component: &ComponentName, now: Timestamp) -> Result<(), String> {
        let mut world = self.lock();
        let broken = world
            .truth
            .happenings()
            .any(|it| it.what.subject() == component.as_str() && it.is_on(now));
        if !broken {
            return Err(format!("{component} is not broken itself"));
        }
        world.truth.mend(component.as_str(), now);
        world.by_hand.remove(component.as_str());
        Ok(())
    }
}

/// How the truth says that something breaks, in the words of the console.
const fn mode(mode: Mode) -> FaultMode {
    match mode {
        Mode::Down => FaultMode::Down,
        Mode::Flaky => FaultMode::Flaky,
        Mode::Latent => FaultMode::Latent,
        Mode::Consequential => FaultMode::Consequential,
        Mode::Partial => FaultMode::Partial,
        Mode::Degraded => FaultMode::Degraded,
        Mode::Misrouted => FaultMode::Misrouted,
        Mode::CutOff | Mode::Silent => FaultMode::CutOff,
        Mode::WrongCheck => FaultMode::WrongCheck,
    }
}

/// Where the time of an answer went: about as long as it takes in a small hosting company, spread a
/// little, the same for the same instant.
fn timing(check: &CheckKey, vantage: &VantageName, at: Timestamp, takes: Duration) -> Timing {
    let own = stable_hash(check.as_str()) ^ stable_hash(vantage.as_str()).rotate_left(7);
    let now = stable_hash(&format!("{own} {}", at.as_millisecond()));
    let parts = |hash: u64| f64::from(u32::try_from(hash % 1_000).unwrap_or(0)) / 1_000.0;
    let usual = 0.2 + 0.5 * parts(own);
    // What ran into the deadline took all of it.
    let waited = takes > Duration::from_secs(1);
    let spread = 0.8 + 0.5 * parts(now) * parts(now >> 20);
    let share = if waited { 1.0 } else { usual * spread };
    let us = |share: f64| u32::try_from(takes.mul_f64(share).as_micros()).unwrap_or(u32::MAX);
    Timing {
        resolve_us: 0,
        connect_us: us(share * 0.3),
        tls_us: 0,
        wait_us: us(share * 0.6),
        read_us: us(share * 0.1),
        total_us: us(share),
    }
}
