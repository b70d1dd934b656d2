//! What is weak in a plant before anything happens: the audit.
//!
//! One file for each finding, each with a [`Rule`]; adding one touches its file, its page in
//! `docs/findings/` and the list below. A rule reads the `Grounds` and nothing else: the plant, its
//! circuit, and every killer set, which make what it says exact. What it says carries its evidence: what
//! falls, what makes it fall, and one way from the one to the other.
//!
//! It never says that a plant is good; it says what it looked for and did not find. What the plant file
//! does not know is a finding of its own, never a guess. It judges today's condition: what is known to
//! have failed has failed. Tested by the pages of the findings, which are bad examples with what is said of
//! them and how to mend them, and by cases.

mod single_point;
mod false_redundancy;
mod shared_attribute;
mod capacity;
mod claim;
mod known_failed;
mod shared_fate;
mod recovery_cycle;
mod standby;
mod backup;
mod certificate;
mod maintenance_overlap;
mod management_path;
mod blind_spot;
mod ambiguity;
mod unknown;
mod cooling;
mod announced;
mod spares;
mod same_address;
mod degradation;
mod flood;
mod not_contained;
mod way_to_tell;
mod against;
mod weaknesses;

pub use against::worse_than;
pub use way_to_tell::{WayStands, silenced_together, ways_to_tell};
pub use weaknesses::weaknesses;
mod draft;

pub use draft::{Change, Draft, NotTried};

use crate::circuit::{Blasts, Circuit, InputId, Killers, Subject, TooMany};
use crate::diagnosability::{Advice, Ask, Diagnosability, diagnosability};
use blackstart_model::finding::{Confidence, Severity};
use blackstart_model::kind::Kind;
use blackstart_model::requirement::Target;
use blackstart_model::time::Timestamp;
use blackstart_model::{ComponentId, PlaneId, Plant};
use std::cmp::Reverse;

/// A kind of finding of the audit.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Stable: `BS` and four digits; its page is `docs/findings/BS1001.md`.
    pub code: &'static str,
    /// What it means, in a few words.
    pub title: &'static str,
    /// Finds all of its kind.
    find: fn(&Grounds<'_>, &mut Vec<Finding>),
}

/// Every rule, in the order of their codes.
pub const RULES: &[Rule] = &[
    single_point::RULE,
    false_redundancy::RULE,
    shared_attribute::RULE,
    capacity::RULE,
    shared_fate::RULE,
    recovery_cycle::RULE,
    blind_spot::RULE,
    ambiguity::RULE,
    standby::RULE,
    backup::RULE,
    certificate::RULE,
    maintenance_overlap::RULE,
    unknown::RULE,
    claim::RULE,
    known_failed::RULE,
    management_path::RULE,
    cooling::RULE,
    announced::RULE,
    spares::RULE,
    same_address::RULE,
    degradation::RULE,
    flood::RULE,
    not_contained::RULE,
    way_to_tell::RULE,
];

/// Something that is weak, with its evidence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The code of its rule.
    pub code: &'static str,
    /// How grave: an error contradicts what the plant file itself says or demands; a warning takes down
    /// more than one who is served; a note is worth knowing.
    pub severity: Severity,
    /// How sure.
    pub confidence: Confidence,
    /// What to look at or to change.
    pub component: ComponentId,
    /// What makes it so: the faults, or the facts that are missing. Findings that share them are one
    /// weakness seen in several places.
    pub causes: Vec<ComponentId>,
    /// What people use that falls with it, customers first.
    pub brings_down: Vec<ComponentId>,
    /// One way from the first thing that falls to a cause, each standing on the next.
    pub witness: Vec<ComponentId>,
    /// What is so, as a sentence fragment in lower case.
    pub message: String,
    /// What to do about it.
    pub help: String,
}

/// What the audit says.
#[derive(Debug)]
pub struct Audit {
    /// Every finding, the gravest first.
    pub findings: Vec<Finding>,
    /// For everything people use: what takes it down alone, itself left out.
    pub single_points: Vec<SinglePoints>,
    /// The few checks more that would show most.
    pub suggested_checks: Advice,
}

/// What takes down one thing that people use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SinglePoints {
    /// What is used.
    pub of: ComponentId,
    /// True when it is down already, as the plant file has it.
    pub down_today: bool,
    /// Every component whose fault alone takes it down, in the plant's order. Complete.
    pub by: Vec<ComponentId>,
    /// Upstreams that alone take it down by misrouting an address block: the upstream, the block.
    pub by_carriage: Vec<(ComponentId, ComponentId)>,
}

/// Audits a plant as of `now` (which decides about certificates and windows only).
///
/// Linear in the circuit and in what is found.
///
/// # Errors
/// [`TooMany`] when the killer sets do not fit in memory.
pub fn audit(plant: &Plant, circuit: &Circuit, now: Timestamp) -> Result<Audit, TooMany> {
    let killers = Killers::of(circuit)?;
    let grounds = Grounds::of(plant, circuit, &killers, now)?;
    let mut findings = Vec::new();
    for rule in RULES {
        let before = findings.len();
        (rule.find)(&grounds, &mut findings);
        debug_assert!(findings[before..].iter().all(|finding| finding.code == rule.code));
    }
    findings.sort_by_key(order);
    // One thing may have two choices of the same members, as machines have for cords and for cables.
    findings.dedup();
    let single_points = grounds.used.iter().map(|&of| grounds.single_points(of)).collect();
    let suggested_checks = grounds.diagnosability.advice;
    Ok(Audit { findings, single_points, suggested_checks })
}

fn order(finding: &Finding) -> impl Ord + use<> {
    let grave = Reverse(finding.severity);
    (grave, finding.code, Reverse(finding.brings_down.len()), finding.component)
}

/// What rules judge by.
pub(crate) struct Grounds<'a> {
    pub(crate) plant: &'a Plant,
    pub(crate) circuit: &'a Circuit,
    pub(crate) killers: &'a Killers,
    pub(crate) now: Timestamp,
    blasts: Blasts,
    whose: Vec<Option<ComponentId>>,
    /// What people use, customers first.
    used: Vec<ComponentId>,
    is_used: Vec<bool>,
    has_customers: bool,
    diagnosability: Diagnosability,
}

impl<'a> Grounds<'a> {
    fn of(
        plant: &'a Plant,
        circuit: &'a Circuit,
        killers: &'a Killers,
        now: Timestamp,
    ) -> Result<Self, TooMany> {
        let is_used = used(plant);
        let rank = |id: &ComponentId| (impact_rank(plant.component(*id).kind), *id);
        let mut used: Vec<ComponentId> = (0..)
            .map(ComponentId)
            .zip(&is_used)
            .filter(|(_, used)| **used)
            .map(|(id, _)| id)
            .collect();
        used.sort_by_key(rank);
        let has_customers =
            used.first().is_some_and(|&id| plant.component(id).kind == Kind::Customer);
        let blasts = killers.blasts(circuit);
        let diagnosability = diagnosability(plant, circuit, killers, &blasts, &is_used)?;
        Ok(Self {
            plant,
            circuit,
            killers,
            now,
            blasts,
            whose: circuit.whose(),
            used,
            is_used,
            has_customers,
            diagnosability,
        })
    }

    /// All components, in the plant's order.
    pub(crate) fn ids(&self) -> impl Iterator<Item = ComponentId> + use<> {
        (0..u32::try_from(self.plant.components().len()).expect("ids fit u32")).map(ComponentId)
    }

    pub(crate) fn name(&self, id: ComponentId) -> &'a str {
        self.plant.component(id).name.as_str()
    }

    pub(crate) fn kind(&self, id: ComponentId) -> Kind {
        self.plant.component(id).kind
    }

    /// What people use that falls when this fails alone, customers first; itself left out.
    pub(crate) fn falls_with(&self, cause: ComponentId) -> Vec<ComponentId> {
        let mut falls: Vec<ComponentId> = self
            .blast(self.circuit.component_input(cause))
            .filter(|&id| id != cause && self.is_used[id.index()])
            .collect();
        self.by_impact(&mut falls);
        falls
    }

    /// What people use that falls with this, itself among it where people use it.
    pub(crate) fn falls_with_and(&self, of: ComponentId) -> Vec<ComponentId> {
        let mut falls = self.falls_with(of);
        if self.is_used(of) {
            falls.push(of);
        }
        self.by_impact(&mut falls);
        falls
    }

    /// Everything that is no longer usable when this input fails alone.
    pub(crate) fn blast(&self, input: InputId) -> impl Iterator<Item = ComponentId> + '_ {
        self.blasts.of(input).iter().copied()
    }

    /// What people use, customers first.
    pub(crate) fn used(&self) -> &[ComponentId] {
        &self.used
    }

    /// Whether people use it directly.
    pub(crate) fn is_used(&self, id: ComponentId) -> bool {
        self.is_used[id.index()]
    }

    pub(crate) fn by_impact(&self, of: &mut Vec<ComponentId>) {
        of.sort_by_key(|&id| (impact_rank(self.kind(id)), id));
        of.dedup();
    }

    /// How grave it is that these fall: more than one who is served is a warning.
    pub(crate) fn gravity(&self, falls: &[ComponentId]) -> Severity {
        let served = falls
            .iter()
            .filter(|&&id| !self.has_customers || self.kind(id) == Kind::Customer)
            .count();
        if served > 1 { Severity::Warning } else { Severity::Note }
    }

    /// Of causes that stand on each other, those nearest to what falls: the ones that no other of them
    /// stands on.
    pub(crate) fn nearest(&self, causes: &[ComponentId]) -> Vec<ComponentId> {
        let stands_on = |one: ComponentId, other: ComponentId| {
            one != other
                && self.killers.kills(self.circuit.component_input(other), self.circuit.works(one))
        };
        causes
            .iter()
            .copied()
            .filter(|&cause| !causes.iter().any(|&other| stands_on(other, cause)))
            .collect()
    }

    /// One way from what falls to what makes it fall, each standing on the next.
    pub(crate) fn witness(&self, falls: ComponentId, cause: ComponentId) -> Vec<ComponentId> {
        let mut way = vec![falls];
        for gate in [self.circuit.usable(falls), self.circuit.works(falls)] {
            let input = self.circuit.component_input(cause);
            if self.killers.kills(input, gate) {
                let below = self.killers.way(self.circuit, &self.whose, gate, input);
                way.extend(below.into_iter().filter(|&id| id != falls));
                break;
            }
        }
        if way.last() != Some(&cause) {
            way.push(cause);
        }
        way
    }

    /// Components among inputs, in order.
    pub(crate) fn components_of(&self, inputs: &[InputId]) -> Vec<ComponentId> {
        inputs
            .iter()
            .filter_map(|&input| match self.circuit.subject(input) {
                Subject::Component(id) => Some(id),
                Subject::Vantage(_)
                | Subject::Check(_)
                | Subject::Carriage { .. }
                | Subject::Spread { .. } => None,
            })
            .collect()
    }

    fn single_points(&self, of: ComponentId) -> SinglePoints {
        let gate = self.circuit.usable(of);
        let inputs = self.killers.alone(gate);
        let mut by = self.components_of(inputs);
        by.retain(|&id| id != of);
        let by_carriage = inputs
            .iter()
            .filter_map(|&input| match self.circuit.subject(input) {
                Subject::Carriage { upstream, prefix } => Some((upstream, prefix)),
                Subject::Component(_)
                | Subject::Vantage(_)
                | Subject::Check(_)
                | Subject::Spread { .. } => None,
            })
            .collect();
        SinglePoints { of, down_today: self.killers.is_down(gate), by, by_carriage }
    }

    /// What would show.
    pub(crate) const fn diagnosability(&self) -> &Diagnosability {
        &self.diagnosability
    }

    /// A fault in words: `pdu-1`, or what an upstream does to a prefix.
    pub(crate) fn fault(&self, fault: InputId) -> String {
        match self.circuit.subject(fault) {
            Subject::Component(id) => format!("`{}`", self.name(id)),
            Subject::Carriage { upstream, prefix } => {
                format!("`{}` misrouting `{}`", self.name(upstream), self.name(prefix))
            }
            Subject::Spread { from, to } => {
                format!("`{}` taking down `{}`", self.name(from), self.name(to))
            }
            Subject::Vantage(id) => format!("the vantage `{}`", self.plant.vantage(id).name),
            Subject::Check(id) => format!("the check `{}`", self.plant.checks()[id.index()].key),
        }
    }

    /// A check that is not there, in words: ``an icmp check of `sw-2` from `here` ``.
    pub(crate) fn ask(&self, ask: Ask) -> String {
        let plane = match ask.plane {
            PlaneId::FRONT => String::new(),
            plane => format!(" over `{}`", self.plant.planes()[plane.index()]),
        };
        format!(
            "a check of `{}` by {} from `{}`{plane}",
            self.name(ask.component),
            ask.kind,
            self.plant.vantage(ask.vantage).name
        )
    }

    /// `stream-1`, `stream-1 and stream-2`, `stream-1, stream-2 and 40 more`.
    pub(crate) fn list(&self, of: &[ComponentId]) -> String {
        self.joined(of, "and")
    }

    /// `feed-a`, `feed-a or pdu-a`, `feed-a, pdu-a, psu-1 or 2 more`.
    pub(crate) fn any_of(&self, of: &[ComponentId]) -> String {
        self.joined(of, "or")
    }

    fn joined(&self, of: &[ComponentId], word: &str) -> String {
        const NAMED: usize = 3;
        let names: Vec<&str> = of.iter().take(NAMED).map(|&id| self.name(id)).collect();
        match (of.len(), names.as_slice()) {
            (_, []) => "nothing".to_owned(),
            (1, [one]) => (*one).to_owned(),
            (0..=NAMED, [others @ .., last]) => format!("{} {word} {last}", others.join(", ")),
            (many, names) => format!("{} {word} {} more", names.join(", "), many - names.len()),
        }
    }

    /// `2 customers and 7 services`, for what falls.
    pub(crate) fn counted(&self, of: &[ComponentId]) -> String {
        let customers = of.iter().filter(|&&id| self.kind(id) == Kind::Customer).count();
        let others = of.len() - customers;
        let said = |count: usize, one: &str, many: &str| match count {
            1 => format!("1 {one}"),
            _ => format!("{count} {many}"),
        };
        match (customers, others) {
            (0, others) => said(others, "thing in use", "things in use"),
            (customers, 0) => said(customers, "customer", "customers"),
            (customers, others) => format!(
                "{} and {}",
                said(customers, "customer", "customers"),
                said(others, "thing in use", "things in use")
            ),
        }
    }
}

/// Customers first, then what they look at, then what that stands on.
fn impact_rank(kind: Kind) -> usize {
    const FIRST: [Kind; 4] = [Kind::Customer, Kind::Website, Kind::Service, Kind::Database];
    FIRST.iter().position(|&one| one == kind).unwrap_or(FIRST.len())
}

/// What people use: by its kind, or because it is a machine that nothing else of the plant stands on.
fn used(plant: &Plant) -> Vec<bool> {
    let mut needed = vec![false; plant.components().len()];
    for component in plant.components() {
        for (_, requirement) in &component.requirements {
            requirement.each_leaf(&mut |leaf| {
                if let Target::Component(target) = leaf.target {
                    needed[target.index()] = true;
                }
            });
        }
    }
    let machine = |kind| {
        matches!(
            kind,
            Kind::Server
                | Kind::Hypervisor
                | Kind::Vm
                | Kind::Container
                | Kind::Storage
                | Kind::Job
                | Kind::Component
        )
    };
    plant
        .components()
        .iter()
        .zip(needed)
        .map(|(component, needed)| component.kind.is_used() || (machine(component.kind) && !needed))
        .collect()
}
