//! Where a cable leads, through patch panels and circuits, to what somebody would plug it into.
//!
//! From an end, over its cable to the ends of the other side; there, through a panel's port to the port
//! behind it and on, and through a circuit to its other end and on. A rear port that bundles several
//! fronts is left by the position it was entered with, as a stack (what NetBox's own tracing does).
//! Decides nothing about power or network. Tested through [`import`](super::import).

use super::facts::{Cable, End, Facts, Id};
use std::collections::{BTreeMap, HashMap};

/// Cables of one path at most: more than any building has in a row; a loop ends here.
const HOPS_MAX: usize = 64;

/// Ends that one path may branch into.
const BRANCHES_MAX: usize = 1_024;

/// Where a path ends.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Reached {
    /// The end.
    pub(super) end: End,
    /// The circuits on the way, in the order they were met.
    pub(super) circuits: Vec<Id>,
}

/// All cables, by what they end in.
pub(super) struct Cables<'f> {
    facts: &'f Facts,
    by_end: HashMap<End, Vec<(Id, Side)>>,
    fronts_behind: HashMap<Id, Vec<(u64, Id)>>,
    ends_of_circuits: BTreeMap<Id, Vec<Id>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    A,
    B,
}

impl<'f> Cables<'f> {
    pub(super) fn of(facts: &'f Facts) -> Self {
        let mut by_end: HashMap<End, Vec<(Id, Side)>> = HashMap::new();
        for (id, cable) in facts.cables.iter().filter(|(_, cable)| is_laid(cable)) {
            for (side, ends) in [(Side::A, &cable.a), (Side::B, &cable.b)] {
                for (end, _) in ends {
                    by_end.entry(*end).or_default().push((*id, side));
                }
            }
        }
        let mut fronts_behind: HashMap<Id, Vec<(u64, Id)>> = HashMap::new();
        for (front, port) in &facts.front_ports {
            for (rear, position) in &port.behind {
                fronts_behind.entry(*rear).or_default().push((*position, *front));
            }
        }
        let mut ends_of_circuits: BTreeMap<Id, Vec<Id>> = BTreeMap::new();
        for (id, termination) in &facts.circuit_terminations {
            if let Some(circuit) = termination.circuit {
                ends_of_circuits.entry(circuit).or_default().push(*id);
            }
        }
        Self { facts, by_end, fronts_behind, ends_of_circuits }
    }

    /// Whether a cable ends in this.
    pub(super) fn is_cabled(&self, end: End) -> bool {
        self.by_end.contains_key(&end)
    }

    /// The terminations of a circuit.
    pub(super) fn ends_of(&self, circuit: Id) -> &[Id] {
        self.ends_of_circuits.get(&circuit).map_or(&[], Vec::as_slice)
    }

    /// Where the cable of this end leads; in order and without repetition. Ends that lead nowhere
    /// further (an uncabled port of a panel) are among them.
    pub(super) fn follow(&self, from: End) -> Vec<Reached> {
        let mut found = Vec::new();
        let mut open =
            vec![Path { at: from, positions: Vec::new(), circuits: Vec::new(), hops: 0 }];
        let mut branches = 0;
        while let Some(path) = open.pop() {
            for next in self.over_cable(path.at) {
                branches += 1;
                if branches > BRANCHES_MAX || path.hops == HOPS_MAX {
                    break;
                }
                let path = Path { at: next, hops: path.hops + 1, ..path.clone() };
                match self.through(&path) {
                    Some(beyond) => open.extend(beyond),
                    None => found.push(Reached { end: next, circuits: path.circuits }),
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The ends on the other side of the cables of this end.
    fn over_cable(&self, at: End) -> Vec<End> {
        let mut over = Vec::new();
        for (cable, side) in self.by_end.get(&at).into_iter().flatten() {
            let cable = &self.facts.cables[cable];
            let (near, far) = match side {
                Side::A => (&cable.a, &cable.b),
                Side::B => (&cable.b, &cable.a),
            };
            let own = near.iter().find(|(end, _)| *end == at).and_then(|(_, connector)| *connector);
            // Lanes are told apart where both sides have the same, more than one.
            let lanes = |ends: &[(End, Option<u64>)]| {
                let mut lanes: Vec<u64> = ends.iter().filter_map(|(_, lane)| *lane).collect();
                lanes.sort_unstable();
                lanes.dedup();
                lanes
            };
            let (near, known) = (lanes(near), lanes(far));
            let apart = near.len() > 1 && near == known;
            over.extend(
                far.iter()
                    .filter(|(_, lane)| !apart || own.is_none() || *lane == own)
                    .map(|(end, _)| *end),
            );
        }
        over
    }

    /// What lies beyond an end that is passed through; `None` where the path ends.
    fn through(&self, path: &Path) -> Option<Vec<Path>> {
        match path.at {
            End::FrontPort(front) => {
                let port = self.facts.front_ports.get(&front)?;
                let beyond: Vec<Path> = port
                    .behind
                    .iter()
                    .filter_map(|(rear, position)| {
                        let mut path = Path { at: End::RearPort(*rear), ..path.clone() };
                        if self.facts.rear_ports.get(rear)?.positions > 1 {
                            path.positions.push(*position);
                        }
                        Some(path)
                    })
                    .collect();
                (!beyond.is_empty()).then_some(beyond)
            }
            End::RearPort(rear) => {
                let port = self.facts.rear_ports.get(&rear)?;
                let fronts = self.fronts_behind.get(&rear)?;
                let mut positions = path.positions.clone();
                // Entered without a position, a bundle leads to all of its fronts.
                let wanted = if port.positions > 1 { positions.pop() } else { None };
                let beyond = fronts
                    .iter()
                    .filter(|(position, _)| wanted.is_none_or(|wanted| wanted == *position))
                    .map(|(_, front)| Path {
                        at: End::FrontPort(*front),
                        positions: positions.clone(),
                        ..path.clone()
                    })
                    .collect();
                Some(beyond)
            }
            End::CircuitTermination(termination) => {
                let circuit = self.facts.circuit_terminations.get(&termination)?.circuit?;
                let other = self
                    .ends_of(circuit)
                    .iter()
                    .copied()
                    .find(|other| *other != termination)
                    .map(End::CircuitTermination)
                    .filter(|other| self.is_cabled(*other))?;
                let mut path = Path { at: other, ..path.clone() };
                path.circuits.push(circuit);
                Some(vec![path])
            }
            End::Interface(_) | End::PowerPort(_) | End::PowerOutlet(_) | End::PowerFeed(_) => None,
        }
    }
}

#[derive(Clone)]
struct Path {
    at: End,
    positions: Vec<u64>,
    circuits: Vec<Id>,
    hops: usize,
}

/// Whether a cable is there: one that is planned is not yet.
pub(super) fn is_laid(cable: &Cable) -> bool {
    cable.status.as_deref() != Some("planned")
}
