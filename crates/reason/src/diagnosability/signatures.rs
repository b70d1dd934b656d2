//! Signatures: for every single fault, exactly how it shows.
//!
//! The killer sets of what the checks see, turned round. A failing check speaks twice: an answer that is
//! no good one tells a stopped service from a dead machine. A vantage that is no longer heard speaks once,
//! by being lost; what it sees then reaches nobody. A fault that takes down the very machine the program
//! stands on shows nowhere, for there is nobody left to look: that is a matter of who watches the watcher,
//! not of checks.

use crate::circuit::{
    Circuit, GateId, InputId, Killers, Killing, Subject, TooMany, crosses_way_out,
};
use blackstart_model::check::CheckKind;
use blackstart_model::kind::Kind;
use blackstart_model::{ComponentId, Plant, VantageId};
use std::collections::HashMap;

/// Symptoms of all faults together, at most: 1 GiB of them, as for the killer sets.
const SYMPTOMS_MAX: usize = 1 << 28;

/// How every single fault shows.
#[derive(Debug)]
pub struct Signatures {
    vantages: u32,
    faults: Vec<InputId>,
    silences: Vec<bool>,
    /// Where the symptoms of an input begin; they end where those of the next begin.
    start: Vec<u32>,
    /// Coded, ascending: vantages, then two for each check as seen from a vantage.
    symptoms: Vec<u32>,
}

/// One way in which a fault shows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Symptom {
    /// A vantage is no longer heard, or says that it has lost its way out.
    Lost(VantageId),
    /// A check fails, seen from a vantage.
    Fails {
        /// Which, by its place in [`Circuit::sees`].
        sees: usize,
        /// True when the machine below still answers, with a refusal or the like.
        answered: bool,
    },
}

impl Signatures {
    /// Looks at every fault. Linear in the killer sets of what the checks see.
    ///
    /// # Errors
    /// [`TooMany`] when they do not fit in about 1 GiB.
    pub fn of(plant: &Plant, circuit: &Circuit, killers: &Killers) -> Result<Self, TooMany> {
        let senses = Senses::of(plant, circuit, killers);
        let mut counts = vec![0_u32; circuit.subjects().len() + 1];
        senses.each(|input, _| counts[input.index() + 1] += 1);
        let mut sum = 0_usize;
        for count in &mut counts {
            sum += *count as usize;
            if sum > SYMPTOMS_MAX {
                return Err(TooMany);
            }
            *count = u32::try_from(sum).expect("SYMPTOMS_MAX fits u32");
        }
        let start = counts;
        let mut next = start.clone();
        let mut symptoms = vec![0; sum];
        senses.each(|input, symptom| {
            let place = &mut next[input.index()];
            symptoms[*place as usize] = symptom;
            *place += 1;
        });
        let faults = circuit.inputs().filter(|input| senses.is_fault[input.index()]).collect();
        let vantages = u32::try_from(plant.vantages().len()).expect("vantages fit u32");
        Ok(Self { vantages, faults, silences: senses.silences, start, symptoms })
    }

    /// Every fault that is looked at, in order: components but for customers, and carriages of prefixes,
    /// that have not failed already.
    #[must_use]
    pub fn faults(&self) -> &[InputId] {
        &self.faults
    }

    /// How a fault shows, in order; not at all when it is no [fault that is looked at](Self::faults).
    pub fn of_fault(&self, fault: InputId) -> impl Iterator<Item = Symptom> + '_ {
        self.coded(fault).iter().map(|&code| match code.checked_sub(self.vantages) {
            None => Symptom::Lost(VantageId(code)),
            Some(code) => Symptom::Fails { sees: code as usize / 2, answered: code % 2 == 1 },
        })
    }

    /// True for a fault that takes down the machine the program itself stands on.
    #[must_use]
    pub fn silences(&self, fault: InputId) -> bool {
        self.silences[fault.index()]
    }

    /// Faults that show, and show alike: groups of two or more, in order. Linear.
    #[must_use]
    pub fn alike(&self) -> Vec<Vec<InputId>> {
        let mut groups: Vec<Vec<InputId>> = Vec::new();
        let mut at: HashMap<&[u32], usize> = HashMap::new();
        for &fault in &self.faults {
            let signature = self.coded(fault);
            if !signature.is_empty() {
                let next = groups.len();
                let place = *at.entry(signature).or_insert(next);
                if place == next {
                    groups.push(Vec::new());
                }
                groups[place].push(fault);
            }
        }
        groups.retain(|group| group.len() > 1);
        groups
    }

    fn coded(&self, fault: InputId) -> &[u32] {
        &self.symptoms[self.start[fault.index()] as usize..self.start[fault.index() + 1] as usize]
    }
}

/// What hears of faults.
struct Senses<'a> {
    plant: &'a Plant,
    circuit: &'a Circuit,
    killers: &'a Killers,
    is_fault: Vec<bool>,
    silences: Vec<bool>,
    /// For each of the circuit's `sees`: the gate of being heard, where its loss is told instead.
    muted_by: Vec<Option<GateId>>,
}

impl<'a> Senses<'a> {
    fn of(plant: &'a Plant, circuit: &'a Circuit, killers: &'a Killers) -> Self {
        let silences = silences(plant, circuit, killers);
        let is_fault = circuit
            .inputs()
            .map(|input| match circuit.subject(input) {
                Subject::Component(id) => {
                    plant.component(id).kind != Kind::Customer
                        && !killers.is_down(circuit.works(id))
                }
                Subject::Carriage { upstream, prefix } => {
                    [upstream, prefix].into_iter().all(|end| !killers.is_down(circuit.works(end)))
                }
                Subject::Vantage(_) | Subject::Check(_) | Subject::Spread { .. } => false,
            })
            .collect();
        let muted_by = circuit
            .sees()
            .iter()
            .map(|sees| {
                let check = &plant.checks()[sees.check.index()];
                muted_by(plant, (sees.vantage, circuit.heard(sees.vantage)), || {
                    crosses_way_out(plant, check, plant.vantage(sees.vantage))
                })
            })
            .collect();
        Self { plant, circuit, killers, is_fault, silences, muted_by }
    }

    /// Tells every symptom of every fault; those of one fault in ascending order.
    fn each(&self, mut tell: impl FnMut(InputId, u32)) {
        let mut tell = |input: InputId, symptom| {
            if self.is_fault[input.index()] && !self.silences[input.index()] {
                tell(input, symptom);
            }
        };
        let mut code = 0;
        for (vantage, at) in self.plant.vantages().iter().zip(0..) {
            if vantage.agent.is_some() || !vantage.way_out.is_empty() {
                for &input in self.killers.alone(self.circuit.heard(VantageId(at))) {
                    tell(input, code);
                }
            }
            code += 1;
        }
        for (sees, &muted_by) in self.circuit.sees().iter().zip(&self.muted_by) {
            let kind = self.plant.checks()[sees.check.index()].question.kind();
            let answers = sees.answers.map(|(_, gate)| gate).filter(|_| can_refuse(kind));
            failing(self.killers, (sees.gate, answers), muted_by, |input, answered| {
                tell(input, code + u32::from(answered));
            });
            code += 2;
        }
    }
}

/// Echoes come or do not come, and so does what a job tells; of a plugin nobody knows what it heard; of all other
/// questions, some answers are no good ones.
pub(super) const fn can_refuse(kind: CheckKind) -> bool {
    match kind {
        CheckKind::Http
        | CheckKind::Tcp
        | CheckKind::Talk
        | CheckKind::Dns
        | CheckKind::Ssh
        | CheckKind::Smtp
        | CheckKind::Imap
        | CheckKind::Redis
        | CheckKind::Postgres
        | CheckKind::Mariadb
        | CheckKind::Snmp
        | CheckKind::Ntp => true,
        CheckKind::Icmp | CheckKind::Plugin | CheckKind::Push => false,
    }
}

/// The gate of being heard whose loss leaves the checks from a vantage without an answer: all of them when
/// an agent is silent, those that cross it when the server has lost its way out and can tell.
pub(super) fn muted_by(
    plant: &Plant,
    (vantage, heard): (VantageId, GateId),
    crosses: impl FnOnce() -> bool,
) -> Option<GateId> {
    let place = plant.vantage(vantage);
    let mutes = place.agent.is_some() || (!place.way_out.is_empty() && crosses());
    mutes.then_some(heard)
}

/// Tells each input that makes a check fail which did not before, and whether there is still an answer. In
/// order.
pub(super) fn failing(
    killers: &Killers,
    (gate, answers): (GateId, Option<GateId>),
    muted_by: Option<GateId>,
    mut tell: impl FnMut(InputId, bool),
) {
    if muted_by.is_some_and(|heard| killers.is_down(heard)) {
        return;
    }
    let mut tell = |input, answered| {
        if !muted_by.is_some_and(|heard| killers.kills(input, heard)) {
            tell(input, answered);
        }
    };
    let silencing = match answers.map(|gate| killers.of_gate(gate)) {
        Some(Killing::By(inputs)) => Some(inputs),
        Some(Killing::Down) | None => None,
    };
    match (killers.of_gate(gate), silencing) {
        (Killing::Down, None) => {}
        // Refused today, and then not even that.
        (Killing::Down, Some(silencing)) => {
            for &input in silencing {
                tell(input, false);
            }
        }
        (Killing::By(inputs), None) => {
            for &input in inputs {
                tell(input, false);
            }
        }
        (Killing::By(inputs), Some(silencing)) => {
            let mut silencing = silencing.iter().copied().peekable();
            for &input in inputs {
                while silencing.next_if(|&other| other < input).is_some() {}
                tell(input, silencing.peek() != Some(&input));
            }
        }
    }
}

/// Which inputs take down the machine the program stands on, where the plant file says which that is.
fn silences(plant: &Plant, circuit: &Circuit, killers: &Killers) -> Vec<bool> {
    let mut silences = vec![false; circuit.subjects().len()];
    let is_machine = |id: ComponentId| {
        matches!(
            plant.component(id).kind,
            Kind::Server | Kind::Hypervisor | Kind::Vm | Kind::Container
        )
    };
    if let Some(at) = plant.vantage(VantageId(0)).at.filter(|&at| is_machine(at)) {
        for input in killers.alone(circuit.stands(at)) {
            silences[input.index()] = true;
        }
    }
    silences
}
