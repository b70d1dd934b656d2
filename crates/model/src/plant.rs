//! The plant: everything that has to work, as its operator believes it to be.
//!
//! There is one way to a [`Plant`]: the checker of the plant file (`plantfile`). Holding one is the
//! proof that every name resolves, every k is possible and `needs` has no cycle. What is *unknown* is
//! absent here (`None`), never guessed.

mod alerting;
mod keeping;

pub use alerting::{
    Alerting, Alertmanager, Beat, Command, Far, Heartbeat, Leads, Login, MailRelay, MailTls, Ntfy,
    PagerDuty, Way, Webhook,
};
pub use keeping::{Keeping, RemoteWrite};

use crate::check::{Check, Question};
use crate::codes::codes;
use crate::id::{CheckKey, ComponentId, ComponentName, PlaneId, SegmentId, VantageId, VantageName};
use crate::kind::Kind;
use crate::probing::Probing;
use crate::quantity::{Attribute, Range, Value};
use crate::requirement::{Requirement, Target};
use crate::time::{Duration, Timestamp, Zone};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Everything that has to work. Immutable; a reload makes another.
#[derive(Clone, Debug)]
pub struct Plant {
    pub(crate) name: String,
    pub(crate) zone: Zone,
    pub(crate) components: Vec<Component>,
    pub(crate) written: Vec<Written>,
    pub(crate) by_name: HashMap<ComponentName, ComponentId>,
    pub(crate) checks: Vec<Check>,
    pub(crate) vantages: Vec<Vantage>,
    pub(crate) planes: Vec<Box<str>>,
    pub(crate) segments: Vec<Box<str>>,
    pub(crate) maintenance: Vec<Maintenance>,
    pub(crate) lifelines: Vec<(Lifeline, ComponentId)>,
    pub(crate) alerting: Alerting,
    pub(crate) keeping: Keeping,
    pub(crate) probing: Option<Probing>,
}

impl Plant {
    /// The plant's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The zone times are shown in.
    #[must_use]
    pub const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// All components, by [`ComponentId`]; a component stands after its file's earlier ones.
    #[must_use]
    pub fn components(&self) -> &[Component] {
        &self.components
    }

    /// One component.
    #[must_use]
    pub fn component(&self, id: ComponentId) -> &Component {
        &self.components[id.index()]
    }

    /// Moves one cord. What the checker promises of a plant stays true: nothing stands on itself, and
    /// a cord ends in what it may end in.
    ///
    /// # Errors
    /// Why it cannot be moved; the plant is then as it was.
    pub fn replug(&mut self, edit: Replug) -> Result<(), ReplugRefused> {
        let Replug { of, role, from, to } = edit;
        let name = |id: ComponentId| self.component(id).name.clone();
        let (was, is) = (self.component(from).kind, self.component(to).kind);
        if was != is {
            return Err(ReplugRefused::OtherKind { to: name(to), is, was });
        }
        if self.stands_on(to, of) {
            return Err(ReplugRefused::Circle { of: name(of), to: name(to) });
        }
        let refused = ReplugRefused::NoCord { of: name(of), from: name(from) };
        let mut own = self.components[of.index()].requirements.iter_mut();
        let moved =
            own.any(|(own, requirement)| *own == role && requirement.replace_last(from, to));
        if moved { Ok(()) } else { Err(refused) }
    }

    /// Asks all checks at another pace, where hours are played in minutes: echoes then follow each other as
    /// closely as the deadline asks for, and an agent is silent when it misses six periods. All else stays.
    ///
    /// # Panics
    /// When the deadline is not within the period, or the period is shorter than [`Check::EVERY_MIN`].
    pub fn pace(&mut self, every: Duration, deadline: Duration) {
        assert!(every >= Check::EVERY_MIN && deadline <= every && !deadline.is_zero());
        for check in &mut self.checks {
            (check.every, check.deadline) = (every, deadline);
            if let Question::Icmp(icmp) = Arc::make_mut(&mut check.question) {
                // The last echo has the second half of the time for its way.
                icmp.spacing = icmp.spacing.min(deadline / (2 * u32::from(icmp.echoes)));
            }
        }
        for vantage in &mut self.vantages {
            vantage.silent_max = vantage.silent_max.min((6 * every).max(Vantage::SILENT_MIN));
        }
    }

    /// Whether a component stands on another, or is it.
    fn stands_on(&self, of: ComponentId, on: ComponentId) -> bool {
        let mut seen = std::collections::HashSet::from([of]);
        let mut open = vec![of];
        while let Some(at) = open.pop() {
            if at == on {
                return true;
            }
            open.extend(
                self.component(at).stands_on().into_iter().filter(|&next| seen.insert(next)),
            );
        }
        false
    }

    /// Where a component's name stands in the plant's files.
    #[must_use]
    pub fn written(&self, id: ComponentId) -> Written {
        self.written[id.index()]
    }

    /// The component of this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<ComponentId> {
        self.by_name.get(name).copied()
    }

    /// All checks, by [`CheckId`](crate::id::CheckId).
    #[must_use]
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Has each check asked as seldom as somebody else asks it, where that is more seldom.
    pub fn ask_no_sooner(&mut self, every: &BTreeMap<CheckKey, Duration>) {
        for check in &mut self.checks {
            check.every = every.get(&check.key).copied().unwrap_or_default().max(check.every);
        }
    }

    /// All vantages, by [`VantageId`]; `here` always exists and is the first.
    #[must_use]
    pub fn vantages(&self) -> &[Vantage] {
        &self.vantages
    }

    /// One vantage.
    #[must_use]
    pub fn vantage(&self, id: VantageId) -> &Vantage {
        &self.vantages[id.index()]
    }

    /// Names of the network planes, by [`PlaneId`]; the first is `front`.
    #[must_use]
    pub fn planes(&self) -> &[Box<str>] {
        &self.planes
    }

    /// Names of network segments, by [`SegmentId`].
    #[must_use]
    pub fn segments(&self) -> &[Box<str>] {
        &self.segments
    }

    /// Announced maintenance.
    #[must_use]
    pub fn maintenance(&self) -> &[Maintenance] {
        &self.maintenance
    }

    /// What we ourselves need when everything else is down, in the order of [`Lifeline`].
    #[must_use]
    pub fn lifelines(&self) -> &[(Lifeline, ComponentId)] {
        &self.lifelines
    }

    /// What others may have us ask; `None` when they may nothing.
    #[must_use]
    pub const fn probing(&self) -> Option<&Probing> {
        self.probing.as_ref()
    }

    /// Who is alerted, and how.
    #[must_use]
    pub const fn alerting(&self) -> &Alerting {
        &self.alerting
    }

    /// How long samples are kept, and where else they are written.
    #[must_use]
    pub const fn keeping(&self) -> &Keeping {
        &self.keeping
    }
}

/// A cord that is moved: one component's requirement names another component in the place of one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Replug {
    /// Whose cord.
    pub of: ComponentId,
    /// Which requirement it is part of.
    pub role: Role,
    /// Where it is.
    pub from: ComponentId,
    /// Where it goes. Of two cords in one place, one goes.
    pub to: ComponentId,
}

/// Why a cord cannot be moved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplugRefused {
    /// There is none.
    #[error("`{of}` has no cord in `{from}`")]
    NoCord {
        /// Whose.
        of: ComponentName,
        /// Where it would be.
        from: ComponentName,
    },
    /// It would hang on itself.
    #[error("`{to}` stands on `{of}` itself")]
    Circle {
        /// Whose.
        of: ComponentName,
        /// Where it would go.
        to: ComponentName,
    },
    /// Such a thing has no such outlets.
    #[error("`{to}` is a {is}, and the cord is in a {was}")]
    OtherKind {
        /// Where it would go.
        to: ComponentName,
        /// What that is.
        is: Kind,
        /// What it is in now.
        was: Kind,
    },
}

/// A place in the plant's files, to be underlined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Written {
    /// Which file, in the order they were read.
    pub file: u32,
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

/// One thing of the plant.
#[derive(Clone, PartialEq, Debug)]
pub struct Component {
    /// Its name, unique in the plant.
    pub name: ComponentName,
    /// Its kind.
    pub kind: Kind,
    /// What it needs, at most one requirement per role, in the order of [`Role`].
    pub requirements: Vec<(Role, Requirement)>,
    /// A switch's named segments; empty for a plain switch, which is one segment.
    pub segments: Vec<SegmentId>,
    /// What its kind's own fields say, in the order of [`Attribute`].
    pub attributes: Vec<(Attribute, Value)>,
    /// What people believe about its redundancy.
    pub claims: Option<Claim>,
    /// What is so today, apart from the design.
    pub condition: Condition,
}

impl Component {
    /// What it requires in this role.
    #[must_use]
    pub fn requirement(&self, role: Role) -> Option<&Requirement> {
        self.requirements.iter().find(|(own, _)| *own == role).map(|(_, requirement)| requirement)
    }

    /// What must work before this can: the targets of all requirements in which components may not need
    /// each other in a circle. The checker refuses circles of these, and the circuit is ordered by them.
    #[must_use]
    pub fn stands_on(&self) -> Vec<ComponentId> {
        let mut on = Vec::new();
        for (role, requirement) in &self.requirements {
            match role {
                Role::In
                | Role::On
                | Role::Power
                | Role::Cooling
                | Role::Needs
                | Role::DegradedWithout
                | Role::Uses
                | Role::CarriedBy => requirement.each_leaf(&mut |leaf| {
                    if let Target::Component(target) = leaf.target {
                        on.push(target);
                    }
                }),
                Role::Network(_)
                | Role::Between
                | Role::ToStart
                | Role::ManagedVia
                | Role::UsedFrom
                | Role::Prefix
                | Role::Covers => {}
            }
        }
        on
    }

    /// The value of an attribute, where the plant file gives one.
    #[must_use]
    pub fn attribute(&self, attribute: Attribute) -> Option<&Value> {
        self.attributes.iter().find(|(own, _)| *own == attribute).map(|(_, value)| value)
    }
}

/// In which role a requirement stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// `in`: the place that contains it; when the place is lost, it is lost.
    In,
    /// `on`: the machine it runs on.
    On,
    /// `power` (of consumers) and `fed_by` (of what distributes power).
    Power,
    /// `cooled_by`.
    Cooling,
    /// `network`, in one plane: towards the core, as cables do.
    Network(PlaneId),
    /// `between`: the two ends of a lateral link.
    Between,
    /// `needs`: works **and** is reachable from here. Acyclic.
    Needs,
    /// `degraded_without`: works without it, not fully.
    DegradedWithout,
    /// `to_start`: used only to start. May be cyclic.
    ToStart,
    /// `managed_via`: the management path.
    ManagedVia,
    /// `uses`: what a customer uses.
    Uses,
    /// `used_from`: where a service is used from; default the internet.
    UsedFrom,
    /// `carried_by`: the upstreams that carry a prefix.
    CarriedBy,
    /// `prefix`: the address block its address lies in.
    Prefix,
    /// `covers`: what a backup or a certificate is for.
    Covers,
}

codes! {
    /// What we ourselves need when everything else is down; it must not fall with what it serves.
    Lifeline {
        /// Where customers look when they cannot reach us.
        StatusPage = "status_page",
        /// What alerts go through.
        Alerting = "alerting",
        /// What watches.
        Monitoring = "monitoring",
        /// What mail goes through.
        MailRelay = "mail_relay",
        /// What answers for our names.
        NameServers = "name_servers",
        /// Where backups are kept.
        Backups = "backups",
        /// How we get in from outside.
        RemoteAccess = "remote_access",
    }
}

/// A redundancy that people claim: `N`, `N+1`, `2N`, …
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Claim {
    /// No redundancy.
    N,
    /// One spare (or more: the number).
    NPlus(u32),
    /// Everything twice.
    TwoN,
}

/// What is so today, apart from the design.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Condition {
    /// Known to have failed, with the words of whoever wrote it.
    pub known_failed: Option<Box<str>>,
    /// Switched off on purpose, with the reason.
    pub off_on_purpose: Option<Box<str>>,
    /// Never yet exercised: whether it takes over is not known.
    pub never_exercised: bool,
    /// When it was last exercised.
    pub exercised: Option<Timestamp>,
    /// With how much load it was exercised then, watts; none at all is zero.
    pub exercised_load: Option<Range>,
    /// Not to be used until then.
    pub barred_until: Option<Timestamp>,
}

/// A place from which checks are put.
#[derive(Clone, PartialEq, Debug)]
pub struct Vantage {
    /// Its name.
    pub name: VantageName,
    /// The component it stands at; `None` for one outside the plant, on the internet.
    pub at: Option<ComponentId>,
    /// The segment of it, where that is a switch with segments.
    pub segment: Option<SegmentId>,
    /// The name under which its agent enrols; `None` for the server itself.
    pub agent: Option<Box<str>>,
    /// Checks that prove its way out: when all of them fail, what lies beyond is `unknown(cut-off)`.
    pub way_out: Vec<crate::check::Question>,
    /// How long it may be silent before its checks are unknown. Default 15 s.
    pub silent_max: Duration,
    /// Its agent alerts by itself when it hears nothing of the server; how, its own configuration says.
    pub alerts: bool,
}

impl Vantage {
    /// How long it may be silent, at least: less would take every hiccup for a loss.
    pub const SILENT_MIN: Duration = Duration::from_secs(1);
}

/// An announced maintenance. It is what somebody *announced*; nothing starts or ends by it alone.
#[derive(Clone, PartialEq, Debug)]
pub struct Maintenance {
    /// Its name in the file.
    pub name: Box<str>,
    /// What is switched off or worked on.
    pub off: Vec<ComponentId>,
    /// By whom.
    pub by: Box<str>,
    /// What the announcement says will be hit, all of it; `None` where it does not say, empty where it
    /// says that nothing will.
    pub affects: Option<Vec<ComponentId>>,
    /// From.
    pub from: Timestamp,
    /// To.
    pub to: Timestamp,
    /// The zone it was announced in.
    pub zone: Zone,
}

/// A secret by its name; the value is looked up where it is used and never enters the plant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Secret(pub Box<str>);
