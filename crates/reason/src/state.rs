//! What we know and believe: a fold of the journal's inputs.

use crate::battery::Batteries;
use crate::circuit::{Alike, Circuit, Killers};
use crate::consequence::Electric;
use crate::diagnosis::Lines;
use crate::diagnosis::cuts::WholeCuts;
use crate::history::{Gap, Phase};
use crate::impact::Hits;
use crate::index::Index;
use crate::prior::Unseen;
use blackstart_model::check::Check;
use blackstart_model::incident::IncidentState;
use blackstart_model::observation::{Outcome, Standing};
use blackstart_model::plant::Plant;
use blackstart_model::record::{
    Alert, Deed, DiagnosisSummary, FaultName, PlantSource, Saw, VantageLoss,
};
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{AlertId, CheckKey, ComponentId, ComponentName, IncidentId, VantageName};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

/// What a symptom is known by: the check and the vantage. What is seen without a check (a vantage that
/// is lost, a person's word) has a key of its own making.
pub type SymptomKey = (CheckKey, VantageName);

/// Changes of one incident that are kept, and how many of them are the first (chosen by hand: a night of coming and
/// going, and how it began).
const HISTORY_MAX: usize = 200;
const HISTORY_FIRST: usize = 20;

/// What we know and believe. Only [`step`](crate::step) changes it.
#[derive(Debug, Default)]
pub struct State {
    pub(crate) plant: Option<Loaded>,
    pub(crate) evidence: BTreeMap<SymptomKey, Evidence>,
    pub(crate) lost: BTreeMap<VantageName, Loss>,
    /// Losses that are over, oldest first.
    pub(crate) lost_before: BTreeMap<VantageName, Vec<PastLoss>>,
    /// Times in which nobody listened to any vantage, oldest first.
    pub(crate) gaps: Vec<Gap>,
    pub(crate) words: BTreeMap<ComponentName, BTreeMap<String, Word>>,
    /// What each said of a component before, oldest first.
    pub(crate) words_before: BTreeMap<ComponentName, Vec<Word>>,
    pub(crate) deeds: BTreeMap<ComponentName, Vec<Deeded>>,
    pub(crate) incidents: BTreeMap<IncidentId, Incident>,
    /// Of the incidents those that a judgement may still change or tell of, every live one among them; and those that
    /// were resolved before. It follows from the incidents: so a month of them costs a judgement nothing.
    pub(crate) open: BTreeSet<IncidentId>,
    pub(crate) resolved: Vec<IncidentId>,
    pub(crate) alerts: BTreeMap<AlertId, AlertProgress>,
    /// Questions asked out of the grid and not yet answered: when they were, and until when we wait.
    pub(crate) asks: BTreeMap<SymptomKey, Ask>,
    /// When each question was last put out of the grid, while something fails.
    pub(crate) probed: BTreeMap<SymptomKey, Timestamp>,
    /// Something changed that has not been judged.
    pub(crate) unjudged: bool,
    pub(crate) judged_at: Option<Timestamp>,
    /// When the passing of time alone may change the judgement.
    pub(crate) judge_again_at: Option<Timestamp>,
    pub(crate) incidents_made: u64,
    pub(crate) alerts_made: u64,
    /// The time of the last input.
    pub(crate) now: Option<Timestamp>,
    /// When it was last looked what may be forgotten.
    pub(crate) forgot_at: Option<Timestamp>,
    /// What comes in was written down elsewhere, and did not come by the ways of the plant.
    pub(crate) retold: Option<Retold>,
}

/// How something was written down elsewhere.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Retold {
    /// Judgements of it are at least so far apart.
    pub apart: Duration,
    /// How often checks were asked there, where that is known.
    pub every: BTreeMap<CheckKey, Duration>,
}

/// A plant in use.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) source: PlantSource,
    pub(crate) plant: Arc<Plant>,
    pub(crate) circuit: Circuit,
    /// What each gate dies of, alone.
    pub(crate) killers: Killers,
    /// Its power, to be asked what follows.
    pub(crate) electric: Electric,
    /// Whose failure no check would see.
    pub(crate) unseen: Unseen,
    /// Its UPS, and for how long each carries.
    pub(crate) batteries: Batteries,
    /// Its wires, as far as it was asked where they may lie.
    pub(crate) lines: Lines,
    /// Its cut sets, as far as they were asked for.
    pub(crate) cuts: Arc<WholeCuts>,
    /// What of it ends by itself, and when.
    pub(crate) ends: Arc<[(ComponentId, Timestamp)]>,
    /// Whose each gate is, and what was found to hang on what.
    pub(crate) index: Index,
    pub(crate) hits: Hits,
    /// Which of its checks are alike.
    pub(crate) alike: Alike,
    /// Longer than any check needs to speak of a change: the longest period and deadline together.
    pub(crate) slowest: Duration,
    /// How often per second all that hangs on each input is tried.
    pub(crate) tried_below: Box<[f64]>,
}

/// A question under way.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Ask {
    pub(crate) at: Timestamp,
    pub(crate) until: Timestamp,
}

/// The latest word of one check from one vantage.
#[derive(Clone, PartialEq, Debug)]
pub struct Evidence {
    /// What it saw last.
    pub outcome: Outcome,
    /// Since when it has had this standing.
    pub since: Timestamp,
    /// When it last spoke, as far as the journal says; steady answers in between are not told.
    pub at: Timestamp,
    /// How often it gave this answer in a row, as far as it was told.
    pub tries: u32,
    /// How many of these were bad.
    pub failures: u32,
    /// Since when it has been in this manner: a refusal after silence is another one, both are down.
    pub(crate) so_since: Timestamp,
    /// What it said before, oldest first.
    pub(crate) past: Vec<Phase>,
    /// Where it stands among what the plant's circuit [sees](crate::circuit::Circuit::sees); `None` for what it
    /// does not.
    pub(crate) sees: Option<usize>,
}

impl Evidence {
    /// When it last gave an answer: what is unknown since a start, or for another reason, was known before.
    #[must_use]
    pub fn answered_at(&self) -> Option<Timestamp> {
        let is_known = |outcome: &Outcome| outcome.standing() != Standing::Unknown;
        if is_known(&self.outcome) {
            return Some(self.at);
        }
        self.past.iter().rev().find(|phase| is_known(&phase.outcome)).map(|phase| phase.at)
    }
}

/// A vantage that cannot be listened to.
#[derive(Clone, PartialEq, Debug)]
pub struct Loss {
    /// How.
    pub how: VantageLoss,
    /// Since when.
    pub since: Timestamp,
    /// The particulars.
    pub detail: String,
}

/// A time in which a vantage was lost.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct PastLoss {
    pub(crate) since: Timestamp,
    pub(crate) until: Timestamp,
}

/// What somebody said of a component without a check.
#[derive(Clone, PartialEq, Debug)]
pub struct Word {
    /// What they saw.
    pub saw: Saw,
    /// How often they looked.
    pub tries: u32,
    /// How many of these were bad.
    pub failures: u32,
    /// How far they are trusted, percent.
    pub trust: u8,
    /// When it was so.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// They see it by the network, and not on the spot.
    pub from_afar: bool,
    /// In their words.
    pub note: String,
}

/// What somebody did to a component.
#[derive(Clone, PartialEq, Debug)]
pub struct Deeded {
    /// What.
    pub did: Deed,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// In their words.
    pub note: String,
}

/// An incident.
#[derive(Clone, PartialEq, Debug)]
pub struct Incident {
    /// Its number.
    pub id: IncidentId,
    /// Where it stands.
    pub state: IncidentState,
    /// When its first symptom was seen.
    pub opened_at: Timestamp,
    /// When it ended (resolved, merged or dismissed).
    pub closed_at: Option<Timestamp>,
    /// Its symptoms, and whether each is still seen.
    pub symptoms: BTreeMap<SymptomKey, SymptomTrack>,
    /// What we believe caused it.
    pub diagnosis: DiagnosisSummary,
    /// Services that are down by it.
    pub services: Vec<ComponentName>,
    /// Customers that are down by it.
    pub customers: Vec<ComponentName>,
    /// Who has taken it.
    pub acknowledged_by: Option<String>,
    /// Alerts about it are held back until then.
    pub silenced_until: Option<Timestamp>,
    /// The incident it went into.
    pub merged_into: Option<IncidentId>,
    /// Every change of state: when, to which, why. Of a long one how it began, and the last.
    pub history: Vec<(Timestamp, IncidentState, String)>,
    pub(crate) told: Option<Told>,
    /// The last reason for which news was withheld, so that it is said once.
    pub(crate) withheld: Option<String>,
}

/// What was last told of an incident.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Told {
    pub(crate) cause: Vec<FaultName>,
    pub(crate) at: Timestamp,
}

impl Incident {
    /// A new one: only suspected as yet, with nothing known of it but when it was first seen, and why.
    pub(crate) fn suspected(
        id: IncidentId,
        opened_at: Timestamp,
        because: String,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            state: IncidentState::Suspected,
            opened_at: opened_at.min(now),
            closed_at: None,
            symptoms: BTreeMap::new(),
            diagnosis: DiagnosisSummary::default(),
            services: Vec::new(),
            customers: Vec::new(),
            acknowledged_by: None,
            silenced_until: None,
            merged_into: None,
            history: vec![(now, IncidentState::Suspected, because)],
            told: None,
            withheld: None,
        }
    }

    /// Adds to its history. What goes on for months, coming and going, keeps how it began and the last.
    pub(crate) fn note(&mut self, at: Timestamp, because: String) {
        if self.history.len() >= HISTORY_MAX {
            self.history.remove(HISTORY_FIRST);
        }
        self.history.push((at, self.state, because));
    }

    /// The faults of the leading hypothesis; none while no cause is known.
    #[must_use]
    pub fn cause(&self) -> Vec<FaultName> {
        self.diagnosis.cause()
    }

    /// Symptoms that are not seen up again.
    pub fn symptoms_left(&self) -> impl Iterator<Item = &SymptomKey> {
        self.symptoms.iter().filter(|(_, track)| track.up_since.is_none()).map(|(key, _)| key)
    }
}

/// One symptom of an incident.
#[derive(Clone, PartialEq, Debug)]
pub struct SymptomTrack {
    /// When it was first seen.
    pub first_at: Timestamp,
    /// What was seen first.
    pub outcome: Outcome,
    /// Since when it is up again, if it is.
    pub up_since: Option<Timestamp>,
}

/// How far an alert has got.
#[derive(Clone, PartialEq, Debug)]
pub struct AlertProgress {
    /// The alert.
    pub alert: Alert,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// Where its delivery stands.
    pub stage: AlertStage,
    /// When the last attempt that failed ended, and why.
    pub failed: Option<(Timestamp, String)>,
    /// Until when the other side asked to be left alone, with this alert or with one before it; it may be past.
    pub left_alone_until: Option<Timestamp>,
}

/// Where the delivery of an alert stands.
#[derive(Clone, PartialEq, Debug)]
pub enum AlertStage {
    /// Waiting for this attempt.
    Waiting {
        /// Its number.
        attempt: u32,
        /// Not before then.
        not_before: Timestamp,
        /// It is a repeat of one that may have arrived.
        repeat: bool,
    },
    /// This attempt is under way.
    Attempting {
        /// Its number.
        attempt: u32,
        /// It is a repeat.
        repeat: bool,
    },
    /// Taken over by the other side.
    Delivered {
        /// When.
        at: Timestamp,
        /// Its words.
        words: String,
    },
    /// Given up.
    GivenUp {
        /// Why.
        because: String,
    },
}

impl State {
    /// Nothing known, nothing believed: the state before the first record.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The state before the first line of what somebody wrote down. That a vantage is heard says nothing
    /// then of its way to a server, for there is none. Incidents are judged at each tick that is given, and
    /// else no more often than `apart`; what was asked there more seldom than the plant says was not asked in between.
    #[must_use]
    pub fn retold(how: Retold) -> Self {
        Self { retold: Some(how), ..Self::default() }
    }

    /// The plant in use; `None` before the first was loaded.
    #[must_use]
    pub fn plant(&self) -> Option<&Arc<Plant>> {
        self.plant.as_ref().map(|loaded| &loaded.plant)
    }

    /// What is believed at `now` of everything that is seen, in one diagnosis and not by incident.
    #[must_use]
    pub fn diagnose(&self, now: Timestamp) -> DiagnosisSummary {
        crate::why::everything(self, now)
    }

    /// The text of the plant in use.
    #[must_use]
    pub fn plant_source(&self) -> Option<&PlantSource> {
        self.plant.as_ref().map(|loaded| &loaded.source)
    }

    /// The circuit of the plant in use.
    #[must_use]
    pub fn circuit(&self) -> Option<&Circuit> {
        self.plant.as_ref().map(|loaded| &loaded.circuit)
    }

    /// What each gate of that circuit dies of, alone.
    #[must_use]
    pub fn killers(&self) -> Option<&Killers> {
        self.plant.as_ref().map(|loaded| &loaded.killers)
    }

    /// The latest word of each check from each vantage. A pair that has never spoken is absent.
    #[must_use]
    pub const fn evidence(&self) -> &BTreeMap<SymptomKey, Evidence> {
        &self.evidence
    }

    /// Vantages that cannot be listened to now.
    #[must_use]
    pub const fn lost_vantages(&self) -> &BTreeMap<VantageName, Loss> {
        &self.lost
    }

    /// What was last said of each component without a check, by who said it.
    #[must_use]
    pub const fn words(&self) -> &BTreeMap<ComponentName, BTreeMap<String, Word>> {
        &self.words
    }

    /// What was done to each component lately, oldest first.
    #[must_use]
    pub const fn deeds(&self) -> &BTreeMap<ComponentName, Vec<Deeded>> {
        &self.deeds
    }

    /// All incidents that are not forgotten, oldest first; live ones are those whose state says so. What ended more
    /// than a month ago is forgotten, and after a day what was only suspected; more than a thousand of each that are
    /// over are not kept.
    #[must_use]
    pub const fn incidents(&self) -> &BTreeMap<IncidentId, Incident> {
        &self.incidents
    }

    /// Whether there was ever an incident of this number, though it may be forgotten.
    #[must_use]
    pub const fn was_incident(&self, id: IncidentId) -> bool {
        id.0 > 0 && id.0 <= self.incidents_made
    }

    /// The alerts about those incidents, and of a month about none, and how far each has got.
    #[must_use]
    pub const fn alerts(&self) -> &BTreeMap<AlertId, AlertProgress> {
        &self.alerts
    }

    /// Incidents that are not over, oldest first.
    pub(crate) fn live(&self) -> impl Iterator<Item = &Incident> {
        let open = self.open.iter().filter_map(|id| self.incidents.get(id));
        open.filter(|incident| incident.state.is_live())
    }

    /// Lets go of incidents that no judgement will change, nor tell of.
    pub(crate) fn let_go(&mut self) {
        let Self { incidents, open, resolved, .. } = self;
        open.retain(|id| {
            let Some(incident) = incidents.get(id) else { return false };
            let is_to_be_told = incident.told.is_some() && incident.state != IncidentState::Merged;
            let stays = incident.state.is_live() || is_to_be_told;
            if !stays && incident.state == IncidentState::Resolved {
                resolved.push(*id);
            }
            stays
        });
        let is_known = |it: &Incident| !it.state.is_live() || open.contains(&it.id);
        debug_assert!(incidents.values().all(is_known), "live incidents are open ones");
    }

    /// The standing of a check from a vantage as it is to be believed now: a vantage that is silent has
    /// no word, whatever it said last.
    #[must_use]
    pub fn standing(&self, check: &Check, vantage: &VantageName) -> Standing {
        if self.is_mute(vantage) {
            return Standing::Unknown;
        }
        self.evidence
            .get(&(check.key.clone(), vantage.clone()))
            .map_or(Standing::Unknown, |evidence| evidence.outcome.standing())
    }

    /// True for a vantage from which nothing is heard. One that has only lost its way out goes on
    /// speaking, and says itself which of its checks it cannot answer.
    pub(crate) fn is_mute(&self, vantage: &VantageName) -> bool {
        self.mute_since(vantage).is_some()
    }

    /// Since when nothing is heard from a vantage.
    pub(crate) fn mute_since(&self, vantage: &VantageName) -> Option<Timestamp> {
        let loss = self.lost.get(vantage)?;
        match loss.how {
            VantageLoss::Silent | VantageLoss::Revoked => Some(loss.since),
            VantageLoss::WayOut => None,
        }
    }

    /// The whole state as text, the same bytes for the same fold: what a replay is compared by.
    #[must_use]
    pub fn encode(&self) -> String {
        let Self {
            plant,
            evidence,
            lost,
            lost_before,
            gaps,
            words,
            words_before,
            deeds,
            incidents,
            open: _,
            resolved: _,
            alerts,
            asks,
            probed,
            unjudged,
            judged_at,
            judge_again_at,
            incidents_made,
            alerts_made,
            now,
            forgot_at,
            retold,
        } = self;
        let mut text = String::from("blackstart state 1\n");
        let mut line = |name: &str, value: &dyn std::fmt::Debug| {
            writeln!(text, "{name} {value:?}").expect("a String takes everything");
        };
        line("plant", &plant.as_ref().map(|loaded| &loaded.source));
        line("now", now);
        line("forgot", forgot_at);
        if let Some(how) = retold {
            line("retold", how);
        }
        line("judged", &(unjudged, judged_at, judge_again_at));
        line("made", &(incidents_made, alerts_made));
        for entry in evidence {
            line("evidence", &entry);
        }
        for entry in lost {
            line("lost", &entry);
        }
        for entry in lost_before {
            line("lost before", &entry);
        }
        for entry in gaps {
            line("gap", entry);
        }
        for entry in words {
            line("word", &entry);
        }
        for entry in words_before {
            line("word before", &entry);
        }
        for entry in deeds {
            line("deed", &entry);
        }
        for entry in asks {
            line("ask", &entry);
        }
        for entry in probed {
            line("probed", &entry);
        }
        for incident in incidents.values() {
            line("incident", incident);
        }
        for alert in alerts.values() {
            line("alert", alert);
        }
        text
    }
}

/// The names of all symptoms, for messages.
pub(crate) fn names(keys: &BTreeSet<SymptomKey>) -> Vec<String> {
    keys.iter().map(symptom_name).collect()
}

/// `plex/https from here`.
pub(crate) fn symptom_name((check, vantage): &SymptomKey) -> String {
    format!("{check} from {vantage}")
}

/// What [`symptom_name`] names so.
pub(crate) fn symptom_named(name: &str) -> Option<SymptomKey> {
    let (check, vantage) = name.split_once(" from ")?;
    Some((CheckKey::from(check), VantageName::from(vantage)))
}
