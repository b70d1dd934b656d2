//! Questions that a drawing answers by itself: what a component stands on and what stands on it, and what is
//! down or less redundant while some are off.
//!
//! The circuit says what is so; this turns it into marks and into what is worth showing. It knows no load:
//! what moves when something is off, and which breakers trip of it, is another layer's answer.

use super::{Mark, Picture};
use blackstart_model::requirement::{Requirement, Target};
use blackstart_model::{ComponentId, Plant};
use blackstart_reason::circuit::Circuit;
use blackstart_reason::load::Verdict;
use blackstart_reason::whatif::Answer;

/// What a component stands on, and what stands on it, in every role that is drawn.
#[must_use]
pub fn about(plant: &Plant, component: ComponentId) -> Picture<'static> {
    let (above, below) = ways(plant);
    let mut only = vec![false; plant.components().len()];
    for ways in [&above, &below] {
        let mut open = vec![component];
        let mut met = vec![false; only.len()];
        while let Some(next) = open.pop() {
            if !std::mem::replace(&mut met[next.index()], true) {
                only[next.index()] = true;
                open.extend(&ways[next.index()]);
            }
        }
    }
    let name = &plant.component(component).name;
    Picture {
        title: format!("{name}: what it stands on, and what stands on it"),
        only: Some(only),
        witness: vec![component],
        ..Picture::of(plant)
    }
}

/// What each component needs, and what needs it.
fn ways(plant: &Plant) -> (Vec<Vec<ComponentId>>, Vec<Vec<ComponentId>>) {
    let above: Vec<Vec<ComponentId>> = plant.components().iter().map(super::needed).collect();
    let mut below = vec![Vec::new(); above.len()];
    for (needed, at) in above.iter().zip(0..) {
        for id in needed {
            below[id.index()].push(ComponentId(at));
        }
    }
    (above, below)
}

/// Of all that stands as `marks` say, what hangs on these causes without doing its work.
#[must_use]
pub fn taken_down(plant: &Plant, marks: Vec<Mark>, causes: &[ComponentId]) -> Picture<'static> {
    let (_, below) = ways(plant);
    let mut only = vec![false; marks.len()];
    let mut open = causes.to_vec();
    while let Some(next) = open.pop() {
        let hit = marks[next.index()].is_out() || marks[next.index()] == Mark::Degraded;
        let hit = hit || causes.contains(&next);
        if hit && !std::mem::replace(&mut only[next.index()], true) {
            open.extend(&below[next.index()]);
        }
    }
    let names: Vec<&str> = causes.iter().map(|&id| plant.component(id).name.as_str()).collect();
    Picture {
        title: format!("{}: what hangs on it and does not work", names.join(", ")),
        marks,
        only: Some(only),
        witness: causes.to_vec(),
        ..Picture::of(plant)
    }
}

/// What is down, and what has lost redundancy, when these are off besides what is so today.
#[must_use]
pub fn off(plant: &Plant, circuit: &Circuit, off: &[ComponentId]) -> Picture<'static> {
    let inputs: Vec<_> = off.iter().map(|&id| circuit.component_input(id)).collect();
    let (before, after) = (circuit.under(&[]), circuit.under(&inputs));
    let mut marks = vec![Mark::Plain; plant.components().len()];
    let mut only = vec![false; marks.len()];
    for choice in circuit.choices() {
        // A member that is gone leaves one less to choose from.
        let gone =
            choice.members.iter().filter(|gate| before[gate.index()] && !after[gate.index()]);
        if gone.count() > 0 {
            marks[choice.of.index()] = Mark::LostRedundancy;
            // What it goes on with is part of the answer.
            for (gate, name) in choice.members.iter().zip(choice.names) {
                if let Some(name) = name.filter(|_| after[gate.index()]) {
                    only[name.index()] = true;
                }
            }
        }
    }
    for (mark, at) in marks.iter_mut().zip(0..) {
        let gate = circuit.usable(ComponentId(at)).index();
        if before[gate] && !after[gate] {
            *mark = Mark::Down;
        }
    }
    for id in off {
        marks[id.index()] = Mark::Off;
    }
    for (only, mark) in only.iter_mut().zip(&marks) {
        *only |= *mark != Mark::Plain;
    }
    let names: Vec<&str> = off.iter().map(|&id| plant.component(id).name.as_str()).collect();
    Picture {
        title: format!("Without {}: what is down, and what has less redundancy", names.join(", ")),
        marks,
        only: Some(only),
        ..Picture::of(plant)
    }
}

/// The answer to a what-if: what is off or failed, what goes dark or may, what trips, what has less behind it,
/// and what that goes on with.
#[must_use]
pub fn answer(plant: &Plant, answer: &Answer) -> Picture<'static> {
    let mut marks = vec![Mark::Plain; plant.components().len()];
    let mut only = vec![false; marks.len()];
    for lost in &answer.lost_redundancy {
        marks[lost.component.index()] = Mark::LostRedundancy;
    }
    for dark in &answer.dark {
        let mark = if dark.is_certain() { Mark::Down } else { Mark::MayFall };
        marks[dark.component.index()] = mark;
    }
    for breaker in &answer.breakers {
        only[breaker.component.index()] = true;
        match breaker.verdict {
            Verdict::Trips => marks[breaker.component.index()] = Mark::Broken,
            Verdict::MayTrip | Verdict::Unknown => {
                marks[breaker.component.index()] = Mark::MayFall;
            }
            Verdict::Holds => {}
        }
    }
    for id in &answer.failed {
        marks[id.index()] = Mark::Broken;
    }
    for id in &answer.off {
        marks[id.index()] = Mark::Off;
    }
    for lost in &answer.lost_redundancy {
        for (_, requirement) in &plant.component(lost.component).requirements {
            each_choice(requirement, &mut |members| {
                if members.iter().any(|id| marks[id.index()].is_out()) {
                    members.iter().for_each(|id| only[id.index()] = true);
                }
            });
        }
    }
    for (only, mark) in only.iter_mut().zip(&marks) {
        *only |= *mark != Mark::Plain;
    }
    let names = |of: &[ComponentId]| -> Vec<String> {
        of.iter().map(|&id| plant.component(id).name.to_string()).collect()
    };
    let asked = [names(&answer.off), names(&answer.failed)].concat().join(", ");
    Picture {
        title: format!("Without {asked}: what goes down or may, and what has less redundancy"),
        marks,
        only: Some(only),
        ..Picture::of(plant)
    }
}

/// Calls `visit` with the components of each choice in a requirement.
fn each_choice(requirement: &Requirement, visit: &mut dyn FnMut(&[ComponentId])) {
    match requirement {
        Requirement::One(_) => {}
        Requirement::All(of) => of.iter().for_each(|part| each_choice(part, visit)),
        Requirement::Any(_) | Requirement::AtLeast { .. } => {
            let mut members = Vec::new();
            requirement.each_leaf(&mut |leaf| {
                if let Target::Component(id) = leaf.target {
                    members.push(id);
                }
            });
            visit(&members);
        }
    }
}
