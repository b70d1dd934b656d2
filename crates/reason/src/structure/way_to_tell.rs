//! One fault takes down what is watched and every way by which somebody would be told.
//!
//! An alert leaves while this server works and the way to its other end holds: to the components that `through` names
//! (or one that has the address), or to the internet for what is `outside`. The heartbeat is the opposite: its
//! silence tells, so only its own far end silences it; and an agent that alerts by itself tells while its place works.
//! What silences every one of them, and takes down somebody besides, is reported. Where a far end is not said, it is
//! taken for outside, and the finding is less sure of itself: there may be more such faults.

use super::{Finding, Grounds, Rule};
use crate::circuit::{Circuit, InputId, Killers, Supposed, Supposition, TooMany};
use blackstart_model::check::{Host, HostPort};
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::kind::Kind;
use blackstart_model::plant::{Far, Leads, Role, Way};
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::{ComponentId, PlaneId, Plant, VantageId};
use std::collections::BTreeSet;
use std::net::IpAddr;

pub(super) const RULE: Rule =
    Rule { code: "BS1027", title: "one fault, and nobody is told of it", find };

/// One way by which somebody is told, and what silences it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WayStands {
    /// The way: `mail`, `ntfy phones`, `the heartbeat`, `the agent of outside`.
    pub name: String,
    /// Faults that silence it, each alone.
    pub silenced_by: Vec<InputId>,
    /// Where it leads is said in the plant file, or follows from its address.
    pub is_told: bool,
    /// It tells that this server does not: it needs no server that works.
    pub tells_silence: bool,
}

/// What each way by which somebody is told stands on, the server's own place included. Linear in the plant.
///
/// # Errors
/// [`TooMany`] when the killer sets do not fit in memory.
pub fn ways_to_tell(
    plant: &Plant,
    circuit: &Circuit,
    killers: &Killers,
) -> Result<Vec<WayStands>, TooMany> {
    let ways = plant.alerting().ways();
    let here = plant.vantages().first().and_then(|here| here.at);
    let alone = |id: ComponentId| killers.alone(circuit.works(id)).iter().copied();
    let server: BTreeSet<InputId> = here.into_iter().flat_map(alone).collect();
    let ends: Vec<End> = ways.iter().map(|way| End::of(plant, way)).collect();
    let reach = Reach::of(plant, here, &ends)?;
    let mut all = Vec::new();
    for (way, end) in ways.iter().zip(&ends) {
        let mut silenced = server.clone();
        match &end.at {
            Some(through) => {
                for &id in through {
                    silenced.extend(alone(id));
                    silenced.extend(reach.component(id));
                }
            }
            None => silenced.extend(reach.internet()),
        }
        let name = if way.name.is_empty() {
            way.kind.to_owned()
        } else {
            format!("{} {}", way.kind, way.name)
        };
        let silenced_by = silenced.into_iter().collect();
        all.push(WayStands { name, silenced_by, is_told: end.is_told, tells_silence: false });
    }
    if let Some(heartbeat) = &plant.alerting().heartbeat {
        let through: &[ComponentId] = match &heartbeat.leads {
            Leads::Untold | Leads::Outside => &[],
            Leads::Through(through) => through,
        };
        let silenced: BTreeSet<InputId> = through.iter().copied().flat_map(alone).collect();
        let (name, silenced_by) = ("the heartbeat".to_owned(), silenced.into_iter().collect());
        all.push(WayStands { name, silenced_by, is_told: true, tells_silence: true });
    }
    for vantage in plant.vantages().iter().filter(|vantage| vantage.alerts) {
        let silenced_by = vantage.at.into_iter().flat_map(alone).collect();
        let name = format!("the agent of {}", vantage.name);
        all.push(WayStands { name, silenced_by, is_told: true, tells_silence: true });
    }
    Ok(all)
}

/// Faults that silence every one of these, in order; none when there are no ways at all.
#[must_use]
pub fn silenced_together(ways: &[WayStands]) -> Vec<InputId> {
    let Some((first, others)) = ways.split_first() else { return Vec::new() };
    let in_all =
        |input: &&InputId| others.iter().all(|way| way.silenced_by.binary_search(input).is_ok());
    first.silenced_by.iter().filter(in_all).copied().collect()
}

/// The other end of a way to tell.
struct End {
    /// Components; `None` for the internet.
    at: Option<Vec<ComponentId>>,
    is_told: bool,
}

impl End {
    fn of(plant: &Plant, way: &Way<'_>) -> Self {
        match way.leads {
            Leads::Outside => Self { at: None, is_told: true },
            Leads::Through(through) => Self { at: Some(through.clone()), is_told: true },
            Leads::Untold => match way.target.and_then(address) {
                // It is this machine: what is beyond it is not known, and the server's own place counts anyhow.
                Some(address) if address.is_loopback() => {
                    Self { at: Some(Vec::new()), is_told: false }
                }
                Some(address) => match holder(plant, address) {
                    Some(holder) => Self { at: Some(vec![holder]), is_told: true },
                    None => Self { at: None, is_told: false },
                },
                None if way.target.is_none() => Self { at: Some(Vec::new()), is_told: false },
                None => Self { at: None, is_told: false },
            },
        }
    }
}

/// The address that is spoken to, where it is written as one.
fn address(far: Far<'_>) -> Option<IpAddr> {
    match far {
        Far::Relay(HostPort { host: Host::Address(address), port: _ }) => Some(*address),
        Far::Relay(HostPort { host: Host::Name(_), port: _ }) => None,
        Far::Url(url) => {
            let (_, rest) = url.split_once("://")?;
            let authority = rest.split(['/', '?', '#']).next()?;
            let host = match authority.strip_prefix('[') {
                Some(rest) => rest.split(']').next()?,
                None => authority.split(':').next()?,
            };
            host.parse().ok()
        }
    }
}

/// The one component that has this address.
fn holder(plant: &Plant, address: IpAddr) -> Option<ComponentId> {
    let mut holders = (0..).map(ComponentId).zip(plant.components()).filter(|(_, component)| {
        matches!(
            component.attribute(Attribute::Address),
            Some(Value::Addresses(own)) if own.contains(&address)
        )
    });
    let (first, _) = holders.next()?;
    holders.next().is_none().then_some(first)
}

/// What of the plant's network is reached from the place of this server, and what cuts it off.
struct Reach {
    components: Vec<(ComponentId, Vec<InputId>)>,
    upstreams: Vec<Vec<InputId>>,
}

impl Reach {
    fn of(plant: &Plant, here: Option<ComponentId>, ends: &[End]) -> Result<Self, TooMany> {
        let nothing = Self { components: Vec::new(), upstreams: Vec::new() };
        if here.is_none() || ends.is_empty() {
            return Ok(nothing);
        }
        // What has no network is no network away: a modem on a cable, a siren on the wall.
        let is_networked = |id: &ComponentId| {
            plant.component(*id).requirements.iter().any(|(role, _)| match role {
                Role::Network(_) | Role::On => true,
                Role::In
                | Role::Power
                | Role::Cooling
                | Role::Between
                | Role::Needs
                | Role::DegradedWithout
                | Role::ToStart
                | Role::ManagedVia
                | Role::Uses
                | Role::UsedFrom
                | Role::CarriedBy
                | Role::Prefix
                | Role::Covers => false,
            })
        };
        let named: BTreeSet<ComponentId> = ends
            .iter()
            .flat_map(|end| end.at.iter().flatten().copied())
            .filter(is_networked)
            .collect();
        let components = (0..).map(ComponentId).zip(plant.components());
        let upstreams: Vec<ComponentId> = components
            .filter(|(_, component)| component.kind == Kind::Upstream)
            .map(|(id, _)| id)
            .collect();
        let (vantage, plane) = (VantageId(0), PlaneId::FRONT);
        let asked: Vec<Supposed> = named
            .iter()
            .copied()
            .chain(upstreams.iter().copied())
            .map(|component| Supposed { component, vantage, plane })
            .collect();
        let supposition = Supposition::of(plant, &asked);
        let killers = supposition.killers()?;
        // To what the plant knows no way from here, nothing is known to be cut.
        let cut: Vec<Option<Vec<InputId>>> = supposition
            .looks()
            .iter()
            .map(|look| look.map(|look| killers.alone(look.gate).to_vec()))
            .collect();
        let (to_named, to_upstreams) = cut.split_at(named.len());
        let components = named.iter().copied().zip(to_named.iter().cloned());
        Ok(Self {
            components: components.filter_map(|(id, cut)| Some((id, cut?))).collect(),
            upstreams: to_upstreams.iter().flatten().cloned().collect(),
        })
    }

    fn component(&self, id: ComponentId) -> impl Iterator<Item = InputId> + '_ {
        let own = self.components.iter().filter(move |(own, _)| *own == id);
        own.flat_map(|(_, cut)| cut.iter().copied())
    }

    /// What cuts off every upstream.
    fn internet(&self) -> impl Iterator<Item = InputId> + '_ {
        let (first, others) = match self.upstreams.split_first() {
            Some((first, others)) => (&first[..], others),
            None => (&[][..], &[][..]),
        };
        first.iter().copied().filter(|input| others.iter().all(|other| other.contains(input)))
    }
}

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    let plant = grounds.plant;
    let Some(at) = plant.vantages().first().and_then(|here| here.at) else { return };
    if plant.checks().is_empty() || plant.alerting().ways().is_empty() {
        return;
    }
    // Killer sets that do not fit were refused before there were grounds.
    let Ok(ways) = ways_to_tell(plant, grounds.circuit, grounds.killers) else { return };
    // This server and what it tells by are not what it is there for.
    let mut own: BTreeSet<ComponentId> = BTreeSet::from([at]);
    for way in plant.alerting().ways() {
        if let Leads::Through(through) = way.leads {
            own.extend(through);
        }
    }
    let others = |cause: ComponentId| -> Vec<ComponentId> {
        grounds.falls_with(cause).into_iter().filter(|id| !own.contains(id)).collect()
    };
    let mut causes = grounds.components_of(&silenced_together(&ways));
    causes.retain(|&cause| !others(cause).is_empty());
    let largest = causes.iter().copied().rev().max_by_key(|&cause| others(cause).len());
    let Some(worst) = largest else { return };
    let falls = others(worst);
    causes.retain(|&id| id != worst);
    causes.insert(0, worst);
    let names: Vec<&str> = ways.iter().map(|way| &*way.name).collect();
    let silenced = match names.as_slice() {
        [one] => format!("the only way to tell anybody ({one})"),
        all => format!("every way to tell anybody ({})", all.join(", ")),
    };
    let all_told = ways.iter().all(|way| way.is_told);
    found.push(Finding {
        code: RULE.code,
        severity: Severity::Warning,
        confidence: if all_told { Confidence::High } else { Confidence::Medium },
        component: at,
        witness: grounds.witness(at, worst),
        message: format!(
            "`{}` takes down {}, and with it {silenced}",
            grounds.name(worst),
            grounds.counted(&falls)
        ),
        causes,
        brings_down: falls,
        help: "have one way that outlives it: a `heartbeat` to a place outside, an agent outside that alerts by \
               itself (`alerts: true`), or a way `through` what does not fall with it"
            .to_owned(),
    });
}
