//! What we know and believe: a fold of the journal's inputs.

use blackstart_model::incident::IncidentState;
use blackstart_model::observation::Outcome;
use blackstart_model::plant::Plant;
use blackstart_model::record::{Alert, DiagnosisSummary, PlantSource, VantageLoss};
use blackstart_model::time::Timestamp;
use blackstart_model::{AlertId, CheckKey, ComponentName, IncidentId, VantageName};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What we know and believe. Only [`step`](crate::step) changes it.
#[derive(Debug, Default)]
pub struct State {
    pub(crate) plant: Option<Loaded>,
    pub(crate) evidence: BTreeMap<(CheckKey, VantageName), Evidence>,
    pub(crate) lost: BTreeMap<VantageName, Loss>,
    pub(crate) incidents: BTreeMap<IncidentId, Incident>,
    pub(crate) alerts: BTreeMap<AlertId, AlertProgress>,
}

/// A plant in use.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) source: PlantSource,
    pub(crate) plant: Arc<Plant>,
}

/// The latest word of one check from one vantage.
#[derive(Clone, PartialEq, Debug)]
pub struct Evidence {
    /// What it saw last.
    pub outcome: Outcome,
    /// Since when it has had this standing.
    pub since: Timestamp,
    /// When it last spoke, as far as the journal says.
    pub at: Timestamp,
    /// How often it was tried since then.
    pub tries: u32,
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
    pub symptoms: BTreeMap<(CheckKey, VantageName), SymptomTrack>,
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
    /// Every change of state: when, to which, why.
    pub history: Vec<(Timestamp, IncidentState, String)>,
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

    /// The plant in use; `None` before the first was loaded.
    #[must_use]
    pub fn plant(&self) -> Option<&Arc<Plant>> {
        self.plant.as_ref().map(|loaded| &loaded.plant)
    }

    /// The text of the plant in use.
    #[must_use]
    pub fn plant_source(&self) -> Option<&PlantSource> {
        self.plant.as_ref().map(|loaded| &loaded.source)
    }

    /// The latest word of each check from each vantage. A pair that has never spoken is absent.
    #[must_use]
    pub const fn evidence(&self) -> &BTreeMap<(CheckKey, VantageName), Evidence> {
        &self.evidence
    }

    /// Vantages that cannot be listened to now.
    #[must_use]
    pub const fn lost_vantages(&self) -> &BTreeMap<VantageName, Loss> {
        &self.lost
    }

    /// All incidents, oldest first; live ones are those whose state says so.
    #[must_use]
    pub const fn incidents(&self) -> &BTreeMap<IncidentId, Incident> {
        &self.incidents
    }

    /// All alerts and how far each has got.
    #[must_use]
    pub const fn alerts(&self) -> &BTreeMap<AlertId, AlertProgress> {
        &self.alerts
    }

    /// When this state wants an [`Input::Tick`](blackstart_model::record::Input::Tick), if nothing else happens before.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        None
    }

    /// The whole state as text, the same bytes for the same fold: what a replay is compared by.
    #[must_use]
    pub fn encode(&self) -> String {
        String::new()
    }
}
