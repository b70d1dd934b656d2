//! Who mends what, and where: faults that look alike matter when they need different hands.

use crate::circuit::{Circuit, InputId, Subject};
use blackstart_model::kind::Kind;
use blackstart_model::plant::Role;
use blackstart_model::requirement::Target;
use blackstart_model::{ComponentId, Plant};

/// A trade.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Trade {
    Building,
    Power,
    Network,
    Carrier,
    Machine,
    Software,
    Other,
}

/// The trade and the site of each input.
pub(super) struct Hands {
    of: Vec<(Trade, Option<ComponentId>)>,
}

impl Hands {
    pub(super) fn of(plant: &Plant, circuit: &Circuit) -> Self {
        let sites = sites(plant);
        let of = circuit
            .subjects()
            .iter()
            .map(|subject| match *subject {
                Subject::Component(id) => (trade(plant.component(id).kind), sites[id.index()]),
                Subject::Carriage { .. } => (Trade::Carrier, None),
                // It is never a fault by itself.
                Subject::Spread { .. } => (Trade::Other, None),
                Subject::Vantage(_) | Subject::Check(_) => (Trade::Software, None),
            })
            .collect();
        Self { of }
    }

    /// Whether two of these need different trades, or people at different sites.
    pub(super) fn differ(&self, faults: &[InputId]) -> bool {
        let Some(first) = faults.first() else { return false };
        let (trade, _) = self.of[first.index()];
        let mut sites = faults.iter().filter_map(|fault| self.of[fault.index()].1);
        let site = sites.next();
        faults.iter().any(|fault| self.of[fault.index()].0 != trade)
            || sites.any(|other| Some(other) != site)
    }
}

const fn trade(kind: Kind) -> Trade {
    match kind {
        Kind::Site | Kind::Room | Kind::Rack | Kind::Cooling => Trade::Building,
        Kind::Feed
        | Kind::Ups
        | Kind::Generator
        | Kind::TransferSwitch
        | Kind::Pdu
        | Kind::Breaker
        | Kind::Outlet
        | Kind::Psu => Trade::Power,
        Kind::Nic
        | Kind::Switch
        | Kind::Router
        | Kind::Firewall
        | Kind::LoadBalancer
        | Kind::Link
        | Kind::Vip => Trade::Network,
        Kind::Upstream | Kind::Prefix => Trade::Carrier,
        Kind::Server | Kind::Bmc | Kind::Hypervisor | Kind::Storage | Kind::Disk => Trade::Machine,
        Kind::Vm
        | Kind::Container
        | Kind::Database
        | Kind::Service
        | Kind::Website
        | Kind::Job
        | Kind::Certificate
        | Kind::File
        | Kind::Backup
        | Kind::Monitor => Trade::Software,
        Kind::Customer | Kind::Component => Trade::Other,
    }
}

/// The site of each component, by the place it is in or the machine it is on.
fn sites(plant: &Plant) -> Vec<Option<ComponentId>> {
    let mut sites: Vec<Option<Option<ComponentId>>> = vec![None; plant.components().len()];
    let mut way = Vec::new();
    for (_, at) in plant.components().iter().zip(0..) {
        let mut id = ComponentId(at);
        // The checker admits no circle in these roles.
        let site = loop {
            if let Some(known) = sites[id.index()] {
                break known;
            }
            way.push(id);
            let component = plant.component(id);
            if component.kind == Kind::Site {
                break Some(id);
            }
            let place = [Role::In, Role::On].into_iter().find_map(|role| {
                let mut first = None;
                component.requirement(role)?.each_leaf(&mut |leaf| {
                    if let (None, Target::Component(to)) = (first, leaf.target) {
                        first = Some(to);
                    }
                });
                first
            });
            match place {
                Some(place) => id = place,
                None => break None,
            }
        };
        for id in way.drain(..) {
            sites[id.index()] = Some(site);
        }
    }
    sites.into_iter().flatten().collect()
}
