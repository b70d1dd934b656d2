//! The facts of one site alone.
//!
//! What stands at the site stays, with what it needs to be understood: roles, providers, tenants, the
//! circuits that end there. A cable to another site loses that end, and is not a doubt about the data.
//! Tested through [`only_site`](super::facts::Facts::only_site).

use super::facts::{End, Facts, Id, Scope};
use std::collections::BTreeSet;

/// No site is called so.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("no site of NetBox is called `{name}`{}", hint(.known))]
pub struct NoSuchSite {
    /// What was asked for.
    pub name: String,
    /// Names of sites there are, a few.
    pub known: Vec<String>,
}

fn hint(known: &[String]) -> String {
    if known.is_empty() { String::new() } else { format!("; there are: {}", known.join(", ")) }
}

/// Sites that are named when none fits.
const NAMED_MAX: usize = 10;

impl Facts {
    /// Keeps what stands at the site of this name or slug.
    ///
    /// # Errors
    /// When there is no such site.
    pub fn only_site(&mut self, name: &str) -> Result<(), NoSuchSite> {
        let is_it = |one: &str| one.eq_ignore_ascii_case(name);
        let site = self.sites.iter().find_map(|(id, site)| {
            let fits = [&site.name, &site.slug].into_iter().flatten().any(|one| is_it(one));
            fits.then_some(*id)
        });
        let Some(site) = site else {
            let known = self.sites.values().filter_map(|site| site.name.as_deref());
            let known = known.take(NAMED_MAX).map(str::to_owned).collect();
            return Err(NoSuchSite { name: name.to_owned(), known });
        };
        self.keep_places(site);
        self.keep_devices(site);
        self.keep_circuits(site);
        self.keep_machines(site);
        self.prefixes.clear();
        Ok(())
    }

    fn keep_places(&mut self, site: Id) {
        self.sites.retain(|id, _| *id == site);
        self.locations.retain(|_, one| one.site == Some(site));
        self.racks.retain(|_, one| one.site == Some(site));
        self.power_panels.retain(|_, one| one.site == Some(site));
        let panels: BTreeSet<Id> = self.power_panels.keys().copied().collect();
        self.lose_ends_of(
            |facts| facts.power_feeds.keys().copied().map(End::PowerFeed).collect(),
            |facts| {
                let here = |panel: Option<Id>| panel.is_some_and(|panel| panels.contains(&panel));
                facts.power_feeds.retain(|_, feed| here(feed.power_panel));
            },
        );
    }

    fn keep_devices(&mut self, site: Id) {
        self.devices.retain(|_, one| one.site == Some(site));
        let devices: BTreeSet<Id> = self.devices.keys().copied().collect();
        let here = |device: Option<Id>| device.is_some_and(|device| devices.contains(&device));
        self.device_bays.retain(|_, one| here(one.device));
        self.lose_ends_of(
            |facts| {
                let mut ends: BTreeSet<End> = BTreeSet::new();
                ends.extend(facts.interfaces.keys().copied().map(End::Interface));
                ends.extend(facts.front_ports.keys().copied().map(End::FrontPort));
                ends.extend(facts.rear_ports.keys().copied().map(End::RearPort));
                ends.extend(facts.power_ports.keys().copied().map(End::PowerPort));
                ends.extend(facts.power_outlets.keys().copied().map(End::PowerOutlet));
                ends
            },
            |facts| {
                facts.interfaces.retain(|_, one| here(one.device));
                facts.front_ports.retain(|_, one| here(one.device));
                facts.rear_ports.retain(|_, one| here(one.device));
                facts.power_ports.retain(|_, one| here(one.device));
                facts.power_outlets.retain(|_, one| here(one.device));
            },
        );
        self.virtual_chassis.retain(|_, one| here(one.master));
    }

    fn keep_circuits(&mut self, site: Id) {
        let here: BTreeSet<Id> = self
            .circuit_terminations
            .values()
            .filter(|end| end.site == Some(site))
            .filter_map(|end| end.circuit)
            .collect();
        self.circuits.retain(|id, _| here.contains(id));
        self.lose_ends_of(
            |facts| {
                facts.circuit_terminations.keys().copied().map(End::CircuitTermination).collect()
            },
            |facts| {
                facts.circuit_terminations.retain(|_, end| {
                    let leads_here = end.circuit.is_some_and(|circuit| here.contains(&circuit));
                    leads_here && (end.site.is_none() || end.site == Some(site))
                });
            },
        );
    }

    fn keep_machines(&mut self, site: Id) {
        let hosted: BTreeSet<Id> = self.devices.values().filter_map(|one| one.cluster).collect();
        self.clusters
            .retain(|id, cluster| hosted.contains(id) || cluster.scope == Some(Scope::Site(site)));
        let clusters: BTreeSet<Id> = self.clusters.keys().copied().collect();
        let devices: BTreeSet<Id> = self.devices.keys().copied().collect();
        self.virtual_machines.retain(|_, machine| {
            machine.site == Some(site)
                || machine.cluster.is_some_and(|cluster| clusters.contains(&cluster))
                || machine.device.is_some_and(|device| devices.contains(&device))
        });
        let machines: BTreeSet<Id> = self.virtual_machines.keys().copied().collect();
        self.services.retain(|_, service| {
            service.parent.is_some_and(|parent| match parent {
                super::facts::Parent::Device(device) => devices.contains(&device),
                super::facts::Parent::VirtualMachine(machine) => machines.contains(&machine),
            })
        });
        let mut tenants: BTreeSet<Id> =
            self.devices.values().filter_map(|one| one.tenant).collect();
        tenants.extend(self.virtual_machines.values().filter_map(|one| one.tenant));
        tenants.extend(self.clusters.values().filter_map(|one| one.tenant));
        tenants.extend(self.circuits.values().filter_map(|one| one.tenant));
        self.tenants.retain(|id, _| tenants.contains(id));
    }

    /// Drops objects, and takes the ends that were theirs off the cables.
    fn lose_ends_of(
        &mut self,
        ends: impl Fn(&Self) -> BTreeSet<End>,
        drop: impl FnOnce(&mut Self),
    ) {
        let before = ends(self);
        drop(self);
        let after = ends(self);
        let lost = |end: &End| before.contains(end) && !after.contains(end);
        for cable in self.cables.values_mut() {
            cable.a.retain(|(end, _)| !lost(end));
            cable.b.retain(|(end, _)| !lost(end));
        }
        self.cables.retain(|_, cable| !cable.a.is_empty() || !cable.b.is_empty());
    }
}
