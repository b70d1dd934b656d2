//! One step of a start: what is done, by whom, what carries it, what proves it, what to beware of.

use super::Takes;
use super::chain::Chain;
use super::inrush::Loads;
use blackstart_model::kind::Kind;
use blackstart_model::plant::Role;
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::requirement::{Requirement, Standby, Target};
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{CheckId, ComponentId, Plant, VantageId};

/// Between two groups on one breaker: inrush is over within a second; a person needs the rest to see
/// that nothing tripped (chosen by hand).
const PAUSE: Duration = Duration::from_secs(10);

/// One thing brought up.
#[derive(Clone, Debug)]
pub struct Step {
    /// Which.
    pub component: ComponentId,
    /// What is done.
    pub act: Act,
    /// Within its wave: groups are switched on one after the other, from 1; 0 for what comes by itself.
    pub group: u32,
    /// By whom.
    pub by: By,
    /// What shows that it is up; the next wave waits for it.
    pub proof: Proof,
    /// From the act until it works, shortest and longest; `None` where the plant does not say.
    pub takes: Option<(Duration, Duration)>,
    /// What feeds it directly and is up.
    pub cords: Vec<ComponentId>,
    /// Where that power comes from in the end.
    pub feeds: Vec<ComponentId>,
    /// What to beware of.
    pub cautions: Vec<Caution>,
}

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Act {
    /// Nothing: it is there with what it stands on.
    ByItself,
    /// Waited for: others bring it.
    Await,
    /// Switched on, or its breaker closed.
    SwitchOn,
    /// Started, as software is.
    Start,
    /// Looked at: are they served again?
    Confirm,
}

/// By whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum By {
    /// Nobody need do anything.
    Itself,
    /// The supplier of power or transit.
    Supplier,
    /// From afar, by the management path, which is up.
    Remote,
    /// Somebody who stands before it.
    HandsOnSite,
    /// Whoever can log in to the machine it runs on.
    Login,
    /// Anybody.
    Anyone,
}

/// What shows that a thing is up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Proof {
    /// A check of its own, from a vantage that is up by then.
    Check(CheckId, VantageId),
    /// A person's look at it, in these words: no check of it can be put by then.
    Look(&'static str),
}

/// What to beware of.
#[derive(Clone, PartialEq, Debug)]
pub enum Caution {
    /// It was never exercised: whether it starts was never tried.
    NeverExercised,
    /// Not to be used until then.
    BarredUntil(Timestamp),
    /// The way it is managed by is still dark.
    ManagementDark,
    /// Its network is still dark: it boots and is cut off.
    NetworkDark,
    /// It forwards; what it needs besides is still dark.
    NeedsDark,
    /// This must take over for it to start.
    TakeOver {
        /// The standby.
        standby: ComponentId,
        /// How.
        how: Standby,
        /// Whether that was ever tried.
        never_exercised: bool,
    },
    /// Of several cords only some are alive.
    CordsDark(Vec<ComponentId>),
    /// It does not say what it draws, and this is what it could overload: one at a time there.
    DrawUnknown(ComponentId),
    /// It does not say what it takes when switched on: one at a time there.
    InrushUnknown(ComponentId),
    /// Switched on alone it may still trip this.
    MayTrip(ComponentId),
    /// With it, this may carry more than it is rated for, when one cord carries everything.
    MayOverload(ComponentId),
}

/// What bringing up a thing of this kind means.
pub(super) const fn act(kind: Kind) -> Act {
    match kind {
        Kind::Feed | Kind::Upstream => Act::Await,
        Kind::Site
        | Kind::Room
        | Kind::Rack
        | Kind::Outlet
        | Kind::Psu
        | Kind::Bmc
        | Kind::Nic
        | Kind::Link
        | Kind::Vip
        | Kind::Prefix
        | Kind::Disk
        | Kind::Job
        | Kind::Certificate
        | Kind::File
        | Kind::Backup => Act::ByItself,
        Kind::Cooling
        | Kind::Ups
        | Kind::Generator
        | Kind::TransferSwitch
        | Kind::Pdu
        | Kind::Breaker
        | Kind::Server
        | Kind::Switch
        | Kind::Router
        | Kind::Firewall
        | Kind::LoadBalancer
        | Kind::Hypervisor
        | Kind::Storage
        | Kind::Component => Act::SwitchOn,
        Kind::Vm
        | Kind::Container
        | Kind::Database
        | Kind::Service
        | Kind::Website
        | Kind::Monitor => Act::Start,
        Kind::Customer => Act::Confirm,
    }
}

/// What a person should see where no check says it.
const fn look(kind: Kind) -> &'static str {
    match kind {
        Kind::Feed => "the meter shows voltage on every phase",
        Kind::Upstream => "the line's lamp is lit, and the far end answers",
        Kind::Ups => "its display says on line, not bypass, no alarm",
        Kind::Generator => "it runs, and its display shows voltage and frequency",
        Kind::TransferSwitch => "its lamps show which input it took",
        Kind::Pdu | Kind::Breaker | Kind::Outlet => {
            "its breaker is closed, and its lamp or meter lives"
        }
        Kind::Psu => "its lamp is green",
        Kind::Cooling => "its fans turn, and the air it gives is cold",
        Kind::Site | Kind::Room | Kind::Rack => "it can be entered",
        Kind::Server | Kind::Hypervisor | Kind::Bmc => "its console shows a login prompt",
        Kind::Storage | Kind::Disk => "its panel shows no fault, and its volumes are there",
        Kind::Switch
        | Kind::Router
        | Kind::Firewall
        | Kind::LoadBalancer
        | Kind::Nic
        | Kind::Link
        | Kind::Vip => "its uplinks are lit, and what is behind it answers",
        Kind::Prefix => "it is seen from outside",
        Kind::Vm | Kind::Container => "its console shows a login prompt",
        Kind::Database => "it takes a query",
        Kind::Service | Kind::Website | Kind::Monitor => "it answers a request",
        Kind::Job | Kind::Certificate | Kind::File | Kind::Backup => "it is where it should be",
        Kind::Customer => "they say that it works",
        Kind::Component => "it works, by whatever shows it",
    }
}

pub(super) fn step(
    plant: &Plant,
    chain: &Chain<'_>,
    loads: &Loads<'_>,
    id: ComponentId,
    group: u32,
) -> Step {
    let component = plant.component(id);
    let act = act(component.kind);
    let (cords, dark) = cords(plant, chain, id);
    let mut cautions = Vec::new();
    if component.condition.never_exercised {
        cautions.push(Caution::NeverExercised);
    }
    if let Some(until) = component.condition.barred_until {
        cautions.push(Caution::BarredUntil(until));
    }
    let of = chain.starting().of_component(id);
    if !chain.is(of.managed) && act != Act::ByItself {
        cautions.push(Caution::ManagementDark);
    }
    if !chain.is(of.network) {
        cautions.push(Caution::NetworkDark);
    }
    if !chain.is(of.possible) {
        cautions.push(Caution::NeedsDark);
    }
    if !chain.is(of.without_standby) {
        take_overs(plant, chain, id, &mut cautions);
    }
    if !dark.is_empty() && !cords.is_empty() {
        cautions.push(Caution::CordsDark(dark));
    }
    if group > 0 {
        loads.cautions(id, chain, &mut cautions);
    }
    Step {
        component: id,
        act,
        group,
        by: by(plant, chain, id, act),
        proof: proof(plant, chain, id),
        takes: takes(plant, id),
        feeds: feeds(plant, chain, &cords),
        cords,
        cautions,
    }
}

/// Who can do it: the management path counts only once it is up.
fn by(plant: &Plant, chain: &Chain<'_>, id: ComponentId, act: Act) -> By {
    let managed = plant.component(id).requirement(Role::ManagedVia).is_some();
    match act {
        Act::ByItself => By::Itself,
        Act::Await => By::Supplier,
        Act::Confirm => By::Anyone,
        Act::SwitchOn | Act::Start
            if managed && chain.is(chain.starting().of_component(id).managed) =>
        {
            By::Remote
        }
        Act::SwitchOn => By::HandsOnSite,
        Act::Start if managed => By::HandsOnSite,
        Act::Start => By::Login,
    }
}

fn proof(plant: &Plant, chain: &Chain<'_>, id: ComponentId) -> Proof {
    let (first, end) = checks_of(plant, id);
    for check in &plant.checks()[first..end] {
        for &vantage in &check.from {
            // A vantage outside is not part of what is dark; one at the thing itself comes with it.
            if plant.vantage(vantage).at.is_none_or(|at| at == id || chain.is_up(at)) {
                return Proof::Check(check.id, vantage);
            }
        }
    }
    Proof::Look(look(plant.component(id).kind))
}

/// A component's checks; they stand in the order of the components.
fn checks_of(plant: &Plant, id: ComponentId) -> (usize, usize) {
    let checks = plant.checks();
    let first = checks.partition_point(|check| check.component < id);
    let end = first + checks[first..].iter().take_while(|check| check.component == id).count();
    (first, end)
}

fn takes(plant: &Plant, id: ComponentId) -> Option<(Duration, Duration)> {
    let component = plant.component(id);
    [Attribute::BootsIn, Attribute::StartsIn, Attribute::TransfersIn].into_iter().find_map(
        |attribute| match component.attribute(attribute) {
            Some(Value::Span(min, max)) => Some((*min, *max)),
            _ => None,
        },
    )
}

/// How long a wave takes: its slowest step, and the pauses between its groups.
pub(super) fn takes_of_wave(steps: &[Step], groups: u32) -> Takes {
    let mut takes = Takes::default();
    let acts = steps.iter().filter(|step| !matches!(step.act, Act::ByItself | Act::Confirm));
    for step in acts {
        match step.takes {
            Some((min, max)) => {
                takes.min = takes.min.max(min);
                takes.max = takes.max.max(max);
            }
            None => takes.unknown += 1,
        }
    }
    let pauses = PAUSE.saturating_mul(groups.saturating_sub(1));
    takes.min = takes.min.saturating_add(pauses);
    takes.max = takes.max.saturating_add(pauses);
    takes
}

/// What feeds it directly: what is up of it, and what is not.
fn cords(
    plant: &Plant,
    chain: &Chain<'_>,
    id: ComponentId,
) -> (Vec<ComponentId>, Vec<ComponentId>) {
    let (mut up, mut dark) = (Vec::new(), Vec::new());
    if let Some(power) = plant.component(id).requirement(Role::Power) {
        power.each_leaf(&mut |leaf| {
            if let Target::Component(on) = leaf.target {
                let into = if chain.is_up(on) { &mut up } else { &mut dark };
                if !into.contains(&on) {
                    into.push(on);
                }
            }
        });
    }
    (up, dark)
}

/// Where the power of these comes from: the highest things above them that are up.
fn feeds(plant: &Plant, chain: &Chain<'_>, cords: &[ComponentId]) -> Vec<ComponentId> {
    let mut feeds = Vec::new();
    let mut next = cords.to_vec();
    let mut seen = Vec::new();
    while let Some(id) = next.pop() {
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        let (above, _) = self::cords(plant, chain, id);
        if above.is_empty() {
            feeds.push(id);
        }
        next.extend(above);
    }
    feeds.sort_unstable();
    feeds
}

/// The standbys that carry a requirement which nothing else does.
fn take_overs(plant: &Plant, chain: &Chain<'_>, id: ComponentId, into: &mut Vec<Caution>) {
    for (role, requirement) in &plant.component(id).requirements {
        if matches!(role, Role::Network(_) | Role::ManagedVia) {
            continue;
        }
        if met(requirement, chain) {
            continue;
        }
        requirement.each_leaf(&mut |leaf| {
            if let (Some(how), Target::Component(standby)) = (leaf.standby, leaf.target)
                && chain.is_up(standby)
            {
                let never_exercised = plant.component(standby).condition.never_exercised;
                into.push(Caution::TakeOver { standby, how, never_exercised });
            }
        });
    }
}

/// Whether a requirement is met without a standby, by what is up alone.
fn met(requirement: &Requirement, chain: &Chain<'_>) -> bool {
    match requirement {
        Requirement::One(leaf) => {
            leaf.standby.is_none()
                && match leaf.target {
                    Target::Component(on) => chain.is_up(on),
                    Target::Internet => true,
                }
        }
        Requirement::All(of) => of.iter().all(|part| met(part, chain)),
        Requirement::Any(of) => of.iter().any(|part| met(part, chain)),
        Requirement::AtLeast { k, of } => {
            of.iter().filter(|part| met(part, chain)).count() >= *k as usize
        }
    }
}
