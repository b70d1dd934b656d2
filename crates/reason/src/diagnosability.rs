//! What would show, before anything happens: which faults no check would see, which no check can tell
//! apart, and which few checks more would change most of that.
//!
//! All of it follows from the [`Signatures`]: for every single fault, exactly which checks change their
//! answer. A fault that matters and has an empty signature is blind; faults with equal signatures look
//! alike. Exact on single faults, hard ones: what is slow, flaky or hung shows otherwise than it does here.
//!
//! It decides nothing about how likely a fault is, and it knows only checks that the program itself can
//! put. It supposes that a stopped service refuses while its machine answers. Tested on small plants
//! (`tests/it/diagnosability.rs`) and, on random ones, against breaking everything once and looking.

mod signatures;
mod hands;
mod spoken;
mod advice;

pub use advice::{Advice, Ask, SuggestedCheck};
pub use signatures::{Signatures, Symptom};

use crate::circuit::{Blasts, Circuit, InputId, Killers, TooMany, demanded};
use blackstart_model::plant::Role;
use blackstart_model::{ComponentId, Plant};
use hands::Hands;

/// What would show in a plant.
#[derive(Debug)]
pub struct Diagnosability {
    /// How every single fault shows.
    pub signatures: Signatures,
    /// Faults that matter and that no check would see, in the order of the inputs.
    pub blind: Vec<Blind>,
    /// Faults that look alike and need different hands, in the order of each group's first.
    pub alike: Vec<Alike>,
    /// Which checks more would change most.
    pub advice: Advice,
}

/// A fault that no check would see.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Blind {
    /// The fault.
    pub fault: InputId,
    /// Why it matters.
    pub costs: Cost,
    /// A check that would see it, where there is one.
    pub remedy: Option<Ask>,
}

/// What a fault costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cost {
    /// Something people use is down.
    Use,
    /// Nothing is down yet: a member of a redundancy is gone, of this component and so many others.
    Redundancy(ComponentId, usize),
    /// This component goes on, and does not start again.
    Start(ComponentId),
    /// Something people use no longer works fully.
    Fullness(ComponentId),
}

/// Faults that show, and show alike.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alike {
    /// Two or more, in order.
    pub faults: Vec<InputId>,
    /// The check that would tell most of them from the others, where there is one.
    pub remedy: Option<Ask>,
}

/// Looks at every single fault of a plant on top of today's condition; `is_used` says of each component
/// whether people use it.
///
/// Linear in the killer sets; the advice costs another circuit with its killer sets.
///
/// # Errors
/// [`TooMany`] when the sets do not fit in memory.
pub fn diagnosability(
    plant: &Plant,
    circuit: &Circuit,
    killers: &Killers,
    blasts: &Blasts,
    is_used: &[bool],
) -> Result<Diagnosability, TooMany> {
    let signatures = Signatures::of(plant, circuit, killers)?;
    let mut blind = blind(plant, circuit, killers, &signatures, blasts, is_used);
    let hands = Hands::of(plant, circuit);
    let mut alike: Vec<Alike> = signatures
        .alike()
        .into_iter()
        .filter(|faults| hands.differ(faults))
        .map(|faults| Alike { faults, remedy: None })
        .collect();
    // Where nothing is watched, five checks are no advice.
    let advice = if circuit.sees().is_empty() {
        Advice::default()
    } else {
        advice::advise(plant, (circuit, killers), &hands, &mut blind, &mut alike)?
    };
    Ok(Diagnosability { signatures, blind, alike, advice })
}

fn blind(
    plant: &Plant,
    circuit: &Circuit,
    killers: &Killers,
    signatures: &Signatures,
    blasts: &Blasts,
    is_used: &[bool],
) -> Vec<Blind> {
    let mut costs: Vec<Option<Cost>> = vec![None; circuit.subjects().len()];
    for (used, at) in is_used.iter().zip(0..) {
        if *used {
            let of = ComponentId(at);
            for input in killers.alone(circuit.works_fully(of)) {
                costs[input.index()].get_or_insert(Cost::Fullness(of));
            }
        }
    }
    // One that loses several members of one redundancy, or of several of one component, counts once.
    let mut last = vec![None; costs.len()];
    for choice in circuit.choices() {
        for &member in choice.members {
            for input in killers.alone(member) {
                if last[input.index()].replace(choice.of) == Some(choice.of) {
                    continue;
                }
                let cost = &mut costs[input.index()];
                *cost = Some(match *cost {
                    Some(Cost::Redundancy(first, others)) => Cost::Redundancy(first, others + 1),
                    Some(Cost::Use | Cost::Start(_) | Cost::Fullness(_)) | None => {
                        Cost::Redundancy(choice.of, 0)
                    }
                });
            }
        }
    }
    for (component, at) in plant.components().iter().zip(0..) {
        let Some(requirement) = component.requirement(Role::ToStart) else { continue };
        demanded(requirement, &mut |target| {
            for input in killers.alone(circuit.works(target)) {
                costs[input.index()] = Some(Cost::Start(ComponentId(at)));
            }
        });
    }
    signatures
        .faults()
        .iter()
        .filter(|&&fault| signatures.of_fault(fault).next().is_none())
        .filter(|&&fault| !signatures.silences(fault))
        .filter_map(|&fault| {
            let falls = blasts.of(fault).iter().any(|id| is_used[id.index()]);
            let costs = if falls { Some(Cost::Use) } else { costs[fault.index()] };
            costs.map(|costs| Blind { fault, costs, remedy: None })
        })
        .collect()
}
