//! One address on two things.
//!
//! A clone that kept its original's address looks healthy for as long as nothing asks it, and does not take
//! over when it should. What runs on another, or is in front of one (a service and its machine, an address
//! shared by a pair and its holders), has its address by right and is no second thing. Addresses that are
//! announced from several places on purpose belong on a `vip` that runs on any of them. A private address
//! may be had by many in as many networks, and is told of only where one is to stand in for another.

use super::{Finding, Grounds, Rule};
use blackstart_model::ComponentId;
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::kind::Kind;
use blackstart_model::plant::Role;
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::requirement::Target;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

pub(super) const RULE: Rule = Rule { code: "BS1023", title: "two things have one address", find };

fn find(grounds: &Grounds<'_>, found: &mut Vec<Finding>) {
    let mut holders: BTreeMap<IpAddr, Vec<ComponentId>> = BTreeMap::new();
    for id in grounds.ids() {
        if let Some(Value::Addresses(own)) =
            grounds.plant.component(id).attribute(Attribute::Address)
        {
            for &address in own {
                // Everybody has a loopback address.
                if !address.is_loopback() && !address.is_unspecified() {
                    holders.entry(address).or_default().push(id);
                }
            }
        }
    }
    let relied_on_by = relied_on_by(grounds, &holders);
    let mut told: BTreeSet<Vec<ComponentId>> = BTreeSet::new();
    for (address, mut of) in holders {
        of.dedup();
        if of.len() < 2 {
            continue;
        }
        // Of those that run on each other the lowest is the one that has it.
        let lowest: Vec<ComponentId> =
            of.iter().copied().filter(|&id| !runs_on_another(grounds, id, &of)).collect();
        if lowest.len() < 2 || !told.insert(lowest.clone()) {
            continue;
        }
        // What relies on more than one of them.
        let mut by: Vec<ComponentId> = lowest
            .iter()
            .flat_map(|one| relied_on_by.get(one).into_iter().flatten().copied())
            .collect();
        by.sort_unstable();
        let relied = by.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
        if relied.is_none() && is_private(address) {
            continue;
        }
        let component = relied.unwrap_or(lowest[0]);
        let mut falls: Vec<ComponentId> = grounds.falls_with_and(component);
        grounds.by_impact(&mut falls);
        found.push(Finding {
            code: RULE.code,
            severity: if relied.is_some() { Severity::Error } else { Severity::Warning },
            confidence: Confidence::High,
            component,
            witness: std::iter::once(component)
                .chain(lowest.iter().copied().find(|&one| one != component))
                .collect(),
            message: match relied {
                Some(by) => format!(
                    "`{}` relies on one of {} being left, and both have the address {address}",
                    grounds.name(by),
                    grounds.list(&lowest)
                ),
                None => format!("{} have one address, {address}", grounds.list(&lowest)),
            },
            causes: lowest,
            brings_down: falls,
            help:
                "give each its own; an address that is shared on purpose is a `vip` on any of them"
                    .to_owned(),
        });
    }
}

/// For what shares an address with another: whose choices it is a member of, each once.
fn relied_on_by(
    grounds: &Grounds<'_>,
    holders: &BTreeMap<IpAddr, Vec<ComponentId>>,
) -> BTreeMap<ComponentId, BTreeSet<ComponentId>> {
    let several = holders.values().filter(|of| of.len() > 1);
    let mut by: BTreeMap<ComponentId, BTreeSet<ComponentId>> =
        several.flatten().map(|&id| (id, BTreeSet::new())).collect();
    if !by.is_empty() {
        for choice in grounds.circuit.choices() {
            for member in choice.names.iter().flatten() {
                if let Some(by) = by.get_mut(member) {
                    by.insert(choice.of);
                }
            }
        }
    }
    by
}

/// Whether an address means nothing beyond its own network.
const fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Whether a component runs on, stands behind or is held by another of these.
fn runs_on_another(grounds: &Grounds<'_>, id: ComponentId, others: &[ComponentId]) -> bool {
    let mut seen = BTreeSet::from([id]);
    let mut below = vec![id];
    while let Some(at) = below.pop() {
        let component = grounds.plant.component(at);
        for (role, requirement) in &component.requirements {
            let hosted = match role {
                Role::On => true,
                // A machine behind its own card, a service behind its own balancer.
                Role::Network(_) | Role::Needs => at == id,
                Role::In
                | Role::Power
                | Role::Cooling
                | Role::Between
                | Role::DegradedWithout
                | Role::ToStart
                | Role::ManagedVia
                | Role::Uses
                | Role::UsedFrom
                | Role::CarriedBy
                | Role::Prefix
                | Role::Covers => false,
            };
            if !hosted {
                continue;
            }
            requirement.each_leaf(&mut |leaf| {
                if let Target::Component(target) = leaf.target
                    && (*role == Role::On || near(grounds.kind(target)))
                    && seen.insert(target)
                {
                    below.push(target);
                }
            });
        }
    }
    others.iter().any(|other| *other != id && seen.contains(other))
}

/// What has an address for others.
const fn near(kind: Kind) -> bool {
    matches!(kind, Kind::Nic | Kind::Vip | Kind::LoadBalancer | Kind::Firewall)
}
