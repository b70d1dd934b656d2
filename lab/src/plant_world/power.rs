//! Who stands: everything that contains it, carries it and feeds it stands too.

use blackstart_model::plant::Role;
use blackstart_model::requirement::{Requirement, Target};
use blackstart_model::{ComponentId, Plant};
use std::collections::BTreeSet;

/// Of every component, whether it stands when these are broken. Walks from each anew; plants of the lab are small.
pub(super) fn standing(plant: &Plant, broken: &BTreeSet<ComponentId>) -> Vec<bool> {
    let ids = (0..).map(ComponentId).take(plant.components().len());
    ids.map(|id| stands(plant, broken, id)).collect()
}

fn stands(plant: &Plant, broken: &BTreeSet<ComponentId>, id: ComponentId) -> bool {
    let component = plant.component(id);
    let condition = &component.condition;
    let fit = condition.known_failed.is_none() && condition.off_on_purpose.is_none();
    let carries = |(role, needed): &(Role, Requirement)| match role {
        Role::In | Role::On | Role::Power | Role::Cooling => holds(plant, broken, needed),
        Role::Network(_)
        | Role::Between
        | Role::Needs
        | Role::DegradedWithout
        | Role::ToStart
        | Role::ManagedVia
        | Role::Uses
        | Role::UsedFrom
        | Role::CarriedBy
        | Role::Prefix
        | Role::Covers => true,
    };
    fit && !broken.contains(&id) && component.requirements.iter().all(carries)
}

fn holds(plant: &Plant, broken: &BTreeSet<ComponentId>, needed: &Requirement) -> bool {
    let met = |of: &[Requirement]| of.iter().filter(|one| holds(plant, broken, one)).count();
    match needed {
        Requirement::One(leaf) => match leaf.target {
            // Nobody takes over by hand here.
            Target::Component(id) => leaf.standby.is_none() && stands(plant, broken, id),
            Target::Internet => true,
        },
        Requirement::All(of) => met(of) == of.len(),
        Requirement::Any(of) => met(of) > 0,
        Requirement::AtLeast { k, of } => met(of) >= *k as usize,
    }
}
