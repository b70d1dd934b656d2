//! What a deed promises: how likely it ends a fault of what it was done to, and how soon that shows.
//!
//! "Fixed" is a prediction. If what failed goes on failing after the deed had the time to show, belief
//! moves to faults it would not have ended; if it stops, to those it would have. All figures are chosen by
//! hand: the order of magnitude that people who do it every week give. A reboot rarely mends hardware,
//! a new part nearly always does, and one in ten "fixed" is not.
//!
//! It decides nothing about what is seen. Tested through `step`.

use crate::history::later;
use crate::state::{Deeded, State};
use blackstart_model::kind::Kind;
use blackstart_model::plant::{Plant, Role};
use blackstart_model::record::Deed;
use blackstart_model::requirement::Target;
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{ComponentId, ComponentName};

/// A deed, as the search uses it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Mended {
    /// What it was done to.
    pub(crate) subject: ComponentId,
    /// The epoch that begins with it.
    pub(crate) epoch: u8,
    /// The chance that it ends a fault of the subject.
    pub(crate) holds: f64,
    /// The chance that such a fault goes on: what is left.
    pub(crate) persists: f64,
}

/// What sort of thing a deed is done to, as far as deeds go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stuff {
    Software,
    Machine,
    Part,
    Power,
    Elsewhere,
}

const fn stuff(kind: Kind) -> Stuff {
    match kind {
        Kind::Vm
        | Kind::Container
        | Kind::Database
        | Kind::Service
        | Kind::Website
        | Kind::Job
        | Kind::Certificate
        | Kind::File
        | Kind::Backup
        | Kind::Monitor
        | Kind::Vip
        | Kind::Component => Stuff::Software,
        Kind::Server
        | Kind::Bmc
        | Kind::Switch
        | Kind::Router
        | Kind::Firewall
        | Kind::LoadBalancer
        | Kind::Hypervisor
        | Kind::Storage => Stuff::Machine,
        Kind::Nic | Kind::Link | Kind::Disk | Kind::Psu | Kind::Cooling => Stuff::Part,
        Kind::Feed
        | Kind::Ups
        | Kind::Generator
        | Kind::TransferSwitch
        | Kind::Pdu
        | Kind::Breaker
        | Kind::Outlet => Stuff::Power,
        Kind::Site | Kind::Room | Kind::Rack | Kind::Upstream | Kind::Prefix | Kind::Customer => {
            Stuff::Elsewhere
        }
    }
}

/// The chance that a deed ends a fault of a component of this kind; `None` where it is not meant to.
const fn ends(did: Deed, kind: Kind) -> Option<f64> {
    let [software, machine, part, power, elsewhere] = match did {
        Deed::Restarted => [0.6, 0.3, 0.03, 0.05, 0.02],
        Deed::Rebooted => [0.6, 0.5, 0.1, 0.05, 0.02],
        Deed::PowerCycled => [0.6, 0.55, 0.2, 0.3, 0.05],
        Deed::Replaced => [0.7, 0.9, 0.95, 0.9, 0.8],
        Deed::RolledBack => [0.7, 0.4, 0.05, 0.1, 0.2],
        Deed::Fixed => [0.9, 0.9, 0.9, 0.9, 0.9],
        Deed::SwitchedOff => return None,
    };
    Some(match stuff(kind) {
        Stuff::Software => software,
        Stuff::Machine => machine,
        Stuff::Part => part,
        Stuff::Power => power,
        Stuff::Elsewhere => elsewhere,
    })
}

/// What passes between a deed and its effect (chosen by hand: a server of the class boots within five
/// minutes, a service starts within one).
pub(crate) const fn settles(did: Deed) -> Duration {
    Duration::from_secs(match did {
        Deed::Rebooted | Deed::PowerCycled | Deed::Replaced => 300,
        Deed::Restarted | Deed::RolledBack | Deed::Fixed => 60,
        Deed::SwitchedOff => 0,
    })
}

/// The deeds since `from`, in order of time.
pub(crate) fn since(state: &State, from: Timestamp) -> Vec<(&ComponentName, &Deeded)> {
    let all =
        state.deeds.iter().flat_map(|(name, deeds)| deeds.iter().map(move |deed| (name, deed)));
    let mut since: Vec<_> = all.filter(|(_, deed)| deed.at >= from).collect();
    since.sort_by_key(|(_, deed)| deed.at);
    since
}

/// What the deeds of one epoch promise, for what they were done to and for what runs on that: it starts anew too.
/// What runs on several does so when all of them do.
pub(crate) fn mended(plant: &Plant, deeds: &[(&ComponentName, &Deeded)], epoch: u8) -> Vec<Mended> {
    let promise = |subject: ComponentId, did| {
        let holds = ends(did, plant.component(subject).kind)?;
        Some(Mended { subject, epoch, holds, persists: 1.0 - holds })
    };
    let mut promised = Vec::new();
    let mut anew: Vec<ComponentId> = Vec::new();
    for (name, deed) in deeds {
        let Some(subject) = plant.find(name.as_str()) else { continue };
        promised.extend(promise(subject, deed.did));
        match deed.did {
            Deed::Rebooted | Deed::PowerCycled | Deed::Replaced => anew.push(subject),
            Deed::Restarted | Deed::RolledBack | Deed::Fixed | Deed::SwitchedOff => {}
        }
    }
    let above = running_on(plant, anew).into_iter();
    promised.extend(above.filter_map(|id| promise(id, Deed::Restarted)));
    promised
}

/// When a deed must have shown.
pub(crate) fn shown_by(deed: &Deeded) -> Timestamp {
    later(deed.at, settles(deed.did))
}

/// What runs on machines that all start anew, and on that. Linear in the plant for each layer.
fn running_on(plant: &Plant, machines: Vec<ComponentId>) -> Vec<ComponentId> {
    if machines.is_empty() {
        return machines;
    }
    let begun = machines.len();
    let mut found = machines;
    let mut is_found = vec![false; plant.components().len()];
    found.iter().for_each(|id| is_found[id.index()] = true);
    loop {
        let before = found.len();
        for (component, at) in plant.components().iter().zip(0..) {
            let id = ComponentId(at);
            let Some(on) = component.requirement(Role::On) else { continue };
            let mut all = true;
            on.each_leaf(&mut |leaf| match leaf.target {
                Target::Component(below) => all &= is_found[below.index()],
                Target::Internet => all = false,
            });
            if all && !is_found[id.index()] {
                is_found[id.index()] = true;
                found.push(id);
            }
        }
        if found.len() == before {
            return found.split_off(begun);
        }
    }
}
