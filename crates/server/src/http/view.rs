//! What the pages are made from: plain data, copied out of the state under a brief lock.
//!
//! It decides one thing: how each component and each check stands *as shown*, from what was seen, what
//! the live incidents believe, and today's condition. It never looks anything up by itself; `now` is
//! handed in. Tested through the server, in `cli/tests/it/serve.rs`.

use blackstart_model::check::Check;
use blackstart_model::observation::{Outcome, Standing};
use blackstart_model::plant::Component;
use blackstart_model::time::{Timestamp, Zone};
use blackstart_model::{ComponentId, IncidentId, Plant, RecordId, VantageName};
use blackstart_reason::circuit::{Circuit, InputId, Subject};
use blackstart_reason::{AlertProgress, Incident, Loss, State};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

/// Everything a page may show, as of one moment.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// The moment.
    pub(crate) now: Timestamp,
    /// The zone times are shown in.
    pub(crate) zone: Zone,
    /// The newest durable record the state has taken in.
    pub(crate) newest: Option<RecordId>,
    /// The plant in use.
    pub(crate) plant: Option<Arc<Plant>>,
    /// How each component stands, by [`ComponentId`].
    pub(crate) components: Vec<Stand>,
    /// How each check stands, by [`CheckId`](blackstart_model::CheckId), and from where.
    pub(crate) checks: Vec<CheckView>,
    /// Vantages that cannot be listened to.
    pub(crate) lost: BTreeMap<VantageName, Loss>,
    /// All incidents, oldest first.
    pub(crate) incidents: BTreeMap<IncidentId, Incident>,
    /// All alerts, oldest first.
    pub(crate) alerts: Vec<AlertProgress>,
    /// When any check last gave an answer.
    pub(crate) heard_at: Option<Timestamp>,
    /// What is played, in a demonstration.
    pub(crate) play: Option<super::demonstration::PlayView>,
}

/// How a component stands, as shown. Ordered from worst to best.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Health {
    /// Believed to be the cause of a live incident, or known to have failed.
    Broken,
    /// Unusable: its checks say so, or something it needs is broken.
    Down,
    /// It answers, not as it should, or not everybody.
    Degraded,
    /// Nothing is known: its checks do not speak, or it has none.
    Unknown,
    /// Switched off on purpose.
    Off,
    /// Nobody asks it, and something that cannot work without it is seen up.
    Implied,
    /// Its checks say so.
    Up,
}

impl Health {
    /// Every value, worst first.
    pub(crate) const ALL: [Self; 7] = [
        Self::Broken,
        Self::Down,
        Self::Degraded,
        Self::Unknown,
        Self::Off,
        Self::Implied,
        Self::Up,
    ];

    /// The stable text, on pages and in JSON.
    #[must_use]
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Down => "down",
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
            Self::Off => "off",
            Self::Implied => "implied",
            Self::Up => "up",
        }
    }

    /// The shape that tells it without colour.
    #[must_use]
    pub(crate) const fn glyph(self) -> &'static str {
        match self {
            Self::Broken => "✖",
            Self::Down => "▼",
            Self::Degraded => "◆",
            Self::Unknown => "?",
            Self::Off => "–",
            Self::Implied => "○",
            Self::Up => "●",
        }
    }

    /// How a check's standing is shown.
    #[must_use]
    pub(crate) const fn of(standing: Standing) -> Self {
        match standing {
            Standing::Up => Self::Up,
            Standing::Degraded => Self::Degraded,
            Standing::Down => Self::Down,
            Standing::Unknown => Self::Unknown,
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How a component stands, and why we say so.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Stand {
    /// How.
    pub(crate) health: Health,
    /// Why, in words.
    pub(crate) because: String,
    /// Since when, where known.
    pub(crate) since: Option<Timestamp>,
}

/// A check from all its vantages.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct CheckView {
    /// All its vantages taken together.
    pub(crate) standing: Standing,
    /// From each vantage, in the plant's order.
    pub(crate) from: Vec<Sight>,
}

/// A check from one vantage.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Sight {
    /// From where.
    pub(crate) vantage: VantageName,
    /// How it stands, as it is to be believed now.
    pub(crate) standing: Standing,
    /// What it said last; `None` when it has never spoken.
    pub(crate) outcome: Option<Outcome>,
    /// Since when it has had this standing.
    pub(crate) since: Option<Timestamp>,
}

impl Sight {
    /// The particulars in words.
    #[must_use]
    pub(crate) fn words(&self) -> String {
        match &self.outcome {
            None => "not asked yet".to_owned(),
            Some(_) if self.standing == Standing::Unknown && self.spoke() => {
                format!("vantage {} is not heard", self.vantage)
            }
            Some(Outcome::Up) => String::new(),
            Some(outcome) => {
                let code = outcome.code().replace('-', " ");
                match outcome.detail() {
                    "" => code,
                    detail => format!("{code}: {detail}"),
                }
            }
        }
    }

    fn spoke(&self) -> bool {
        self.outcome.as_ref().is_some_and(|last| last.standing() != Standing::Unknown)
    }
}

impl View {
    /// Copies out of the state what pages show. Linear in the plant and what is known of it.
    #[must_use]
    pub(crate) fn of(state: &State, newest: Option<RecordId>, now: Timestamp) -> Self {
        let plant = state.plant().cloned();
        let checks = plant.as_ref().map_or_else(Vec::new, |plant| {
            plant.checks().iter().map(|check| check_view(state, plant, check)).collect()
        });
        let components = match (&plant, state.circuit()) {
            (Some(plant), Some(circuit)) => stands(state, plant, circuit, &checks),
            _ => Vec::new(),
        };
        Self {
            now,
            zone: plant.as_ref().map_or(Zone::UTC, |plant| plant.zone().clone()),
            newest,
            components,
            checks,
            lost: state.lost_vantages().clone(),
            incidents: state.incidents().clone(),
            alerts: state.alerts().values().cloned().collect(),
            heard_at: state.evidence().values().map(|evidence| evidence.at).max(),
            play: None,
            plant,
        }
    }

    /// The live incidents, newest first, confirmed ones before suspected ones.
    #[must_use]
    pub(crate) fn live(&self) -> Vec<&Incident> {
        use blackstart_model::incident::IncidentState::Suspected;
        let mut live: Vec<&Incident> =
            self.incidents.values().rev().filter(|incident| incident.state.is_live()).collect();
        live.sort_by_key(|incident| incident.state == Suspected);
        live
    }

    /// How many checks stand how: up, degraded, down, unknown.
    #[must_use]
    pub(crate) fn counts(&self) -> BTreeMap<Standing, usize> {
        let mut counts: BTreeMap<Standing, usize> =
            Standing::ALL.iter().map(|&standing| (standing, 0)).collect();
        for check in &self.checks {
            *counts.entry(check.standing).or_default() += 1;
        }
        counts
    }

    /// The components of the plant with how each stands.
    pub(crate) fn parts(&self) -> impl Iterator<Item = (ComponentId, &Component, &Stand)> {
        let all = self.plant.iter().flat_map(|plant| plant.components());
        all.zip(&self.components)
            .zip(0..)
            .map(|((component, stand), at)| (ComponentId(at), component, stand))
    }

    /// The checks of the plant with how each stands.
    pub(crate) fn asked(&self) -> impl Iterator<Item = (&Check, &CheckView)> {
        self.plant.iter().flat_map(|plant| plant.checks()).zip(&self.checks)
    }
}

fn check_view(state: &State, plant: &Plant, check: &Check) -> CheckView {
    let from: Vec<Sight> = check
        .from
        .iter()
        .map(|&vantage| {
            let vantage = plant.vantage(vantage).name.clone();
            let evidence = state.evidence().get(&(check.key.clone(), vantage.clone()));
            Sight {
                standing: state.standing(check, &vantage),
                outcome: evidence.map(|evidence| evidence.outcome.clone()),
                since: evidence.map(|evidence| evidence.since),
                vantage,
            }
        })
        .collect();
    CheckView { standing: together(from.iter().map(|sight| sight.standing)), from }
}

/// Several words about one thing as one: who does not speak abstains; a split is degraded.
fn together(standings: impl Iterator<Item = Standing>) -> Standing {
    let mut seen = [false; 4];
    for standing in standings {
        seen[standing as usize] = true;
    }
    let saw = |standing: Standing| seen[standing as usize];
    match (saw(Standing::Up), saw(Standing::Degraded), saw(Standing::Down)) {
        (false, false, false) => Standing::Unknown,
        (false, false, true) => Standing::Down,
        (true, false, false) => Standing::Up,
        _ => Standing::Degraded,
    }
}

fn stands(state: &State, plant: &Plant, circuit: &Circuit, checks: &[CheckView]) -> Vec<Stand> {
    let believed = believed_faults(state, circuit, plant);
    let faults: Vec<InputId> = believed.keys().copied().collect();
    let now = circuit.under(&faults);
    let mut own: Vec<Vec<usize>> = vec![Vec::new(); plant.components().len()];
    for (at, check) in plant.checks().iter().enumerate() {
        own[check.component.index()].push(at);
    }
    let implied = implied(state, plant, checks);
    let mut stands = Vec::with_capacity(plant.components().len());
    for (component, at) in plant.components().iter().zip(0..) {
        let id = ComponentId(at);
        let own = &own[id.index()];
        let incident = believed.get(&circuit.component_input(id));
        let standing = together(own.iter().map(|&check| checks[check].standing));
        let usable = now[circuit.usable(id).index()];
        let stand = |health, because: String| Stand { health, because, since: None };
        let stand = if let Some((incident, posterior)) = incident {
            let because =
                format!("believed to be the cause of {incident} ({})", percent(*posterior));
            let since = state.incidents().get(incident).map(|incident| incident.opened_at);
            Stand { health: Health::Broken, because, since }
        } else if let Some(words) = &component.condition.known_failed {
            stand(Health::Broken, format!("known to have failed: {words}"))
        } else if let Some(words) = &component.condition.off_on_purpose {
            stand(Health::Off, format!("off on purpose: {words}"))
        } else if standing != Standing::Unknown {
            own_word(plant, checks, own, standing)
        } else if !usable {
            stand(Health::Down, "something it needs is broken".to_owned())
        } else if own.is_empty() {
            match implied[id.index()] {
                Some(by) => {
                    let by = &plant.component(by).name;
                    stand(Health::Implied, format!("{by} would not be seen up without it"))
                }
                None => stand(Health::Unknown, "no check says anything about it".to_owned()),
            }
        } else {
            own_word(plant, checks, own, standing)
        };
        stands.push(stand);
    }
    stands
}

/// What a component's own checks say.
fn own_word(plant: &Plant, checks: &[CheckView], own: &[usize], standing: Standing) -> Stand {
    let sights = || {
        own.iter().flat_map(|&at| {
            checks[at].from.iter().map(move |sight| (&plant.checks()[at].key, sight))
        })
    };
    let worst = sights()
        .filter(|(_, sight)| match standing {
            Standing::Degraded => {
                matches!(sight.standing, Standing::Degraded | Standing::Down)
            }
            _ => sight.standing == standing,
        })
        .max_by_key(|(_, sight)| sight.since);
    let silent = sights().filter(|(_, sight)| sight.standing == Standing::Unknown).count();
    let because = match (standing, worst) {
        (Standing::Up, _) if silent == 0 => match own.len() {
            1 => "its check is up".to_owned(),
            count => format!("its {count} checks are up"),
        },
        (Standing::Up, _) => format!("seen up; no answer from {silent} of {}", sights().count()),
        (_, Some((key, sight))) => format!("{key} from {}: {}", sight.vantage, sight.words()),
        (_, None) => String::new(),
    };
    let since = match standing {
        Standing::Up => worst.and_then(|(_, sight)| sight.since),
        Standing::Degraded | Standing::Down | Standing::Unknown => sights()
            .filter(|(_, sight)| sight.standing != Standing::Up)
            .filter_map(|(_, sight)| sight.since)
            .min(),
    };
    Stand { health: Health::of(standing), because, since }
}

/// The faults that the live incidents believe in, with the incident and how sure it is.
fn believed_faults(
    state: &State,
    circuit: &Circuit,
    plant: &Plant,
) -> HashMap<InputId, (IncidentId, f64)> {
    use blackstart_model::incident::IncidentState::Recovering;
    let mut believed = HashMap::new();
    let live = state
        .incidents()
        .values()
        .filter(|incident| incident.state.is_live() && incident.state != Recovering);
    for incident in live {
        let posterior = incident.diagnosis.hypotheses.first().map_or(0.0, |lead| lead.posterior);
        for fault in incident.cause() {
            if let Some(id) = plant.find(&fault.subject) {
                believed.insert(circuit.component_input(id), (incident.id, posterior));
            }
        }
    }
    let broken: Vec<InputId> = circuit
        .inputs()
        .filter(|&input| matches!(circuit.subject(input), Subject::Component(_)))
        .filter(|input| believed.contains_key(input))
        .collect();
    believed.retain(|input, _| broken.contains(input));
    believed
}

/// For each component, one whose check is seen up from a place where its failure, alone, would have been seen: what
/// the check's gate dies of in the circuit. So a router that answers says nothing of what lies behind it. Linear in
/// those killer sets.
fn implied(state: &State, plant: &Plant, checks: &[CheckView]) -> Vec<Option<ComponentId>> {
    let mut by: Vec<Option<ComponentId>> = vec![None; plant.components().len()];
    let (Some(circuit), Some(killers)) = (state.circuit(), state.killers()) else { return by };
    for sees in circuit.sees() {
        let check = &plant.checks()[sees.check.index()];
        let mut sights = check.from.iter().zip(&checks[sees.check.index()].from);
        let sight = sights.find(|(vantage, _)| **vantage == sees.vantage);
        if sight.is_some_and(|(_, sight)| sight.standing == Standing::Up) {
            for &input in killers.alone(sees.gate) {
                if let Subject::Component(id) = circuit.subject(input) {
                    by[id.index()].get_or_insert(check.component);
                }
            }
        }
    }
    by
}

/// A probability as a number; never 0 or 100, for something unmodelled is always possible.
#[must_use]
pub(crate) fn percent(posterior: f64) -> String {
    format!("{:.0} %", (posterior * 100.0).clamp(1.0, 99.0))
}
