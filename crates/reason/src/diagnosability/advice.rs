//! Which few checks more would show most.
//!
//! Every check that could be put is supposed to exist: each thing that can be asked, from each vantage,
//! compiled as the real ones are, so that what it would see is exact too. Of these the
//! best is taken, then the best beside it, and so on: the greedy cover, whose first steps are what one
//! would do by hand. It needs nothing of a thing but that it can be asked; that its address is known, and
//! the question allowed, is for people to see to.

use super::hands::Hands;
use super::signatures::{can_refuse, failing, muted_by};
use super::spoken::spoken;
use super::{Alike, Blind, Cost};
use crate::circuit::{
    Circuit, InputId, Killers, Subject, Supposed, Supposition, TooMany, leaves_place,
};
use blackstart_model::check::CheckKind;
use blackstart_model::kind::Kind;
use blackstart_model::plant::{Component, Role};
use blackstart_model::{ComponentId, PlaneId, Plant, VantageId};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

/// Checks that are advised: what somebody adds in an afternoon (chosen by hand).
const ADVISED_MAX: usize = 5;

/// Checks that are tried, each a few gates: as many as a large site has machines, and no more than a
/// small part of the time that the audit takes (chosen by hand).
const TRIED_MAX: usize = 10_000;

/// Vantages that are tried; plants with more have agents that stand alike (chosen by hand).
const VANTAGES_MAX: usize = 8;

/// What the advice rests on, and the advice.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Advice {
    /// The best first; few.
    pub checks: Vec<SuggestedCheck>,
    /// How many checks could be put that might show anything new.
    pub possible: usize,
    /// How many of them were tried.
    pub tried: usize,
}

/// A check that is not there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ask {
    /// What is asked.
    pub component: ComponentId,
    /// From where.
    pub vantage: VantageId,
    /// In which network plane.
    pub plane: PlaneId,
    /// By which kind of check.
    pub kind: CheckKind,
}

/// A check that would show something, with what, when those advised before it are there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SuggestedCheck {
    /// The check.
    pub ask: Ask,
    /// Faults that matter and that nothing showed.
    pub makes_visible: Vec<Subject>,
    /// Faults that no longer look like the others they looked like.
    pub tells_apart: Vec<Subject>,
}

/// A check that is tried, and which of the faults in question it would see.
struct Candidate {
    ask: Ask,
    /// Each with whether there is still an answer.
    sees: Vec<(InputId, bool)>,
}

/// Finds the advice, and the remedy of each blind fault and each group.
pub(super) fn advise(
    plant: &Plant,
    (circuit, killers): (&Circuit, &Killers),
    hands: &Hands,
    blind: &mut [Blind],
    alike: &mut [Alike],
) -> Result<Advice, TooMany> {
    let mut classes = Classes::of(circuit, blind, alike);
    let (asks, possible) = asks(plant, (circuit, killers), &classes);
    let candidates = candidates(plant, &asks, &classes)?;
    remedy(&candidates, &mut classes, blind, alike);
    let mut checks = Vec::new();
    while checks.len() < ADVISED_MAX {
        let mut best = (0, None);
        for candidate in &candidates {
            let worth = classes.worth(candidate);
            if worth > best.0 {
                best = (worth, Some(candidate));
            }
        }
        let (_, Some(candidate)) = best else { break };
        let (makes_visible, tells_apart) = classes.add(candidate, hands);
        let subjects = |faults: Vec<InputId>| -> Vec<Subject> {
            faults.into_iter().map(|fault| circuit.subject(fault)).collect()
        };
        checks.push(SuggestedCheck {
            ask: candidate.ask,
            makes_visible: subjects(makes_visible),
            tells_apart: subjects(tells_apart),
        });
    }
    Ok(Advice { checks, possible, tried: asks.len() })
}

/// Which checks are worth trying, the most promising first, and how many there would be in all.
fn asks(
    plant: &Plant,
    (circuit, killers): (&Circuit, &Killers),
    classes: &Classes,
) -> (Vec<Ask>, usize) {
    let mut kinds = vec![None; plant.components().len()];
    let mut asked = HashSet::new();
    for sees in circuit.sees() {
        let check = &plant.checks()[sees.check.index()];
        kinds[check.component.index()].get_or_insert(check.question.kind());
        asked.insert((check.component, sees.vantage));
    }
    let vantages: Vec<VantageId> = (0..).map(VantageId).take(plant.vantages().len()).collect();
    let mut ranked = Vec::new();
    for (component, at) in plant.components().iter().zip(0..) {
        let id = ComponentId(at);
        let Some(kind) = kinds[id.index()].or_else(|| by_kind(component)) else { continue };
        let (works, usable) = (circuit.works(id), circuit.usable(id));
        let in_question = |gate| {
            killers.alone(gate).iter().filter(|&&input| classes.class(input).is_some()).count()
        };
        let count = in_question(works).max(in_question(usable));
        if count > 0 && !killers.is_down(works) {
            let own = match classes.class(circuit.component_input(id)) {
                Some(BLIND) => 0,
                Some(_) => 1,
                None => 2,
            };
            ranked.push((own, Reverse(count), id, kind));
        }
    }
    ranked.sort_unstable_by_key(|&(own, count, id, _)| (own, count, id));
    let all = ranked
        .iter()
        .flat_map(|&(_, _, component, kind)| {
            let plane = plane(plant.component(component));
            vantages.iter().map(move |&vantage| Ask { component, vantage, plane, kind })
        })
        .filter(|ask| !asked.contains(&(ask.component, ask.vantage)));
    let possible = all.clone().count();
    let tried = all.filter(|ask| ask.vantage.index() < VANTAGES_MAX).take(TRIED_MAX).collect();
    (tried, possible)
}

/// How a thing of this kind is asked, where it has no check yet.
fn by_kind(component: &Component) -> Option<CheckKind> {
    match component.kind {
        Kind::Ups
        | Kind::TransferSwitch
        | Kind::Pdu
        | Kind::Server
        | Kind::Bmc
        | Kind::Switch
        | Kind::Router
        | Kind::Firewall
        | Kind::LoadBalancer
        | Kind::Vip
        | Kind::Upstream
        | Kind::Hypervisor
        | Kind::Vm
        | Kind::Storage => Some(CheckKind::Icmp),
        Kind::Database | Kind::Service => Some(spoken(component)),
        Kind::Website => Some(CheckKind::Http),
        // Nothing in these answers a question from afar.
        Kind::Site
        | Kind::Room
        | Kind::Rack
        | Kind::Cooling
        | Kind::Feed
        | Kind::Generator
        | Kind::Breaker
        | Kind::Outlet
        | Kind::Psu
        | Kind::Nic
        | Kind::Link
        | Kind::Prefix
        | Kind::Container
        | Kind::Disk
        | Kind::Job
        | Kind::Certificate
        | Kind::File
        | Kind::Backup
        | Kind::Monitor
        | Kind::Customer
        | Kind::Component => None,
    }
}

/// The plane a component is asked in: the front, unless it is only in others.
fn plane(component: &Component) -> PlaneId {
    let mut planes = component
        .requirements
        .iter()
        .filter_map(|(role, _)| if let Role::Network(plane) = role { Some(*plane) } else { None });
    planes.next().unwrap_or(PlaneId::FRONT)
}

/// What each of these would see of the faults in question; those that would see none are left out.
fn candidates(plant: &Plant, asks: &[Ask], classes: &Classes) -> Result<Vec<Candidate>, TooMany> {
    let supposed: Vec<Supposed> = asks
        .iter()
        .map(|&Ask { component, vantage, plane, kind: _ }| Supposed { component, vantage, plane })
        .collect();
    if supposed.is_empty() {
        return Ok(Vec::new());
    }
    let supposition = Supposition::of(plant, &supposed);
    let killers = supposition.killers()?;
    let mut candidates = Vec::new();
    for (&ask, look) in asks.iter().zip(supposition.looks()) {
        // A check for which the plant has no path would only be believed, not understood.
        let Some(look) = look else { continue };
        let muted_by = muted_by(plant, (ask.vantage, supposition.heard(ask.vantage)), || {
            leaves_place(plant, ask.component, ask.plane, plant.vantage(ask.vantage))
        });
        let answers = look.answers.map(|(_, gate)| gate).filter(|_| can_refuse(ask.kind));
        let mut sees = Vec::new();
        failing(&killers, (look.gate, answers), muted_by, |input, answered| {
            if classes.class(input).is_some() {
                sees.push((input, answered));
            }
        });
        if !sees.is_empty() {
            candidates.push(Candidate { ask, sees });
        }
    }
    Ok(candidates)
}

/// Gives each blind fault the check that would see it and least else (its own before all others), and each
/// group the one that would tell most of it from the rest.
fn remedy(
    candidates: &[Candidate],
    classes: &mut Classes,
    blind: &mut [Blind],
    alike: &mut [Alike],
) {
    let mut sees: Vec<Option<(bool, usize, Ask)>> = vec![None; classes.of.len()];
    let mut tells: Vec<Option<(u32, Ask)>> = vec![None; classes.all.len()];
    for candidate in candidates {
        for &(input, _) in &candidate.sees {
            let of_another = input.index() != candidate.ask.component.index();
            let rank = (of_another, candidate.sees.len());
            let best = &mut sees[input.index()];
            if best.is_none_or(|(another, others, _)| rank < (another, others)) {
                *best = Some((rank.0, rank.1, candidate.ask));
            }
        }
        classes.count(candidate);
        for at in 0..classes.touched.len() {
            let class = classes.touched[at];
            let apart = classes.apart(class);
            let best = &mut tells[class as usize];
            if apart > best.map_or(0, |(apart, _)| apart) {
                *best = Some((apart, candidate.ask));
            }
        }
    }
    for one in blind {
        one.remedy = sees[one.fault.index()].map(|(_, _, ask)| ask);
    }
    for (one, tells) in alike.iter_mut().zip(&tells[1..]) {
        one.remedy = tells.map(|(_, ask)| ask);
    }
}

/// The class of the faults that nothing shows.
const BLIND: u32 = 0;

const NO_CLASS: u32 = u32::MAX;

/// The faults in question, in classes of those that look alike; it grows finer with every check.
struct Classes {
    /// The class of each input.
    of: Vec<u32>,
    /// What it is worth to see each of the blind, by input.
    stake: Vec<u32>,
    all: Vec<Class>,
    /// Of the candidate at hand: per class how many it sees, with and without an answer.
    counts: Vec<[u32; 2]>,
    touched: Vec<u32>,
}

struct Class {
    members: Vec<InputId>,
    /// Whether it is worth telling its members apart.
    is_mixed: bool,
}

impl Classes {
    fn of(circuit: &Circuit, blind: &[Blind], alike: &[Alike]) -> Self {
        let mut classes = Self {
            of: vec![NO_CLASS; circuit.subjects().len()],
            stake: vec![0; circuit.subjects().len()],
            all: Vec::new(),
            counts: Vec::new(),
            touched: Vec::new(),
        };
        for one in blind {
            // What is down unseen is twice as bad as what is not down yet (chosen by hand).
            classes.stake[one.fault.index()] = match one.costs {
                Cost::Use => 2,
                Cost::Redundancy(..) | Cost::Start(_) | Cost::Fullness(_) => 1,
            };
        }
        classes.push(blind.iter().map(|one| one.fault).collect(), false);
        for one in alike {
            classes.push(one.faults.clone(), true);
        }
        classes
    }

    fn push(&mut self, members: Vec<InputId>, is_mixed: bool) {
        let class = u32::try_from(self.all.len()).expect("there are fewer classes than inputs");
        for member in &members {
            self.of[member.index()] = class;
        }
        self.all.push(Class { members, is_mixed });
        self.counts.push([0; 2]);
    }

    fn class(&self, input: InputId) -> Option<u32> {
        Some(self.of[input.index()]).filter(|&class| class != NO_CLASS)
    }

    /// Counts what a candidate sees of each class that is worth splitting.
    fn count(&mut self, candidate: &Candidate) {
        for class in self.touched.drain(..) {
            self.counts[class as usize] = [0; 2];
        }
        for &(input, answered) in &candidate.sees {
            let class = self.of[input.index()];
            if self.all[class as usize].is_mixed {
                let counts = &mut self.counts[class as usize];
                if *counts == [0; 2] {
                    self.touched.push(class);
                }
                counts[usize::from(answered)] += 1;
            }
        }
    }

    /// How many of a class no longer look like most of it, by what was counted.
    fn apart(&self, class: u32) -> u32 {
        let [silent, answered] = self.counts[class as usize];
        let size = u32::try_from(self.all[class as usize].members.len()).expect("inputs fit u32");
        size - silent.max(answered).max(size - silent - answered)
    }

    fn worth(&mut self, candidate: &Candidate) -> u32 {
        self.count(candidate);
        let seen: u32 = candidate
            .sees
            .iter()
            .filter(|(input, _)| self.of[input.index()] == BLIND)
            .map(|(input, _)| self.stake[input.index()])
            .sum();
        seen + self.touched.iter().map(|&class| self.apart(class)).sum::<u32>()
    }

    /// Splits the classes by what a candidate sees. What it makes visible, and what it tells apart.
    fn add(&mut self, candidate: &Candidate, hands: &Hands) -> (Vec<InputId>, Vec<InputId>) {
        let mut parts: BTreeMap<u32, [Vec<InputId>; 2]> = BTreeMap::new();
        for &(input, answered) in &candidate.sees {
            let class = self.of[input.index()];
            if class == BLIND || self.all[class as usize].is_mixed {
                parts.entry(class).or_default()[usize::from(answered)].push(input);
            }
        }
        let (mut visible, mut apart) = (Vec::new(), Vec::new());
        for (class, [silent, answered]) in parts {
            let mut rest = std::mem::take(&mut self.all[class as usize].members);
            rest.retain(|&input| {
                silent.binary_search(&input).is_err() && answered.binary_search(&input).is_err()
            });
            if class == BLIND {
                visible.extend(silent.iter().chain(&answered));
            } else {
                let mut by_size = [&rest, &silent, &answered];
                by_size.sort_by_key(|part| Reverse(part.len()));
                apart.extend(by_size[1..].iter().copied().flatten());
            }
            for part in [silent, answered].into_iter().filter(|part| !part.is_empty()) {
                let is_mixed = hands.differ(&part);
                self.push(part, is_mixed);
            }
            let class = &mut self.all[class as usize];
            class.is_mixed = class.is_mixed && hands.differ(&rest);
            class.members = rest;
        }
        visible.sort_unstable();
        apart.sort_unstable();
        (visible, apart)
    }
}
