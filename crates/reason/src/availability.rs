//! How long everything is expected to be down in a year, and what that is due to.
//!
//! Each thing that can break is down a share of its time, by how often it fails and how long its repair takes
//! ([`crate::rates`]); the circuit says what falls with it; the chance that a service is down is computed
//! exactly from both (`diagram`), once with every figure at its best and once at its worst. The circuit is
//! monotone, so the truth lies between, **if** the figures do, if failures are independent, and if nothing
//! else breaks things. The three are said with every answer: this is a way to compare and to
//! decide what to buy first, not a promise.
//!
//! What something is worth: the downtime that would not be if it never failed. A redundancy that is not
//! modelled, a battery, a standby that takes over by hand, is not counted. Tested against enumeration on
//! drawn plants.

mod diagram;

use crate::circuit::{Circuit, GateId, InputId, Subject};
use crate::rates::{self, HOURS_PER_YEAR};
use blackstart_model::kind::Kind;
use blackstart_model::quantity::Range;
use blackstart_model::{ComponentId, Plant};
use diagram::{Chance, Diagrams, Walk};

/// What is asked.
#[derive(Clone, Default, Debug)]
pub struct Question {
    /// Of whom; of all that are served when empty.
    pub of: Vec<ComponentId>,
    /// What the plant's conditions say is failed today stays so; else it counts as repaired.
    pub as_today: bool,
    /// How many causes are told of each, the greatest first; each walks down its own diagram.
    pub causes_max: usize,
}

/// Expected downtime.
#[derive(Clone, Debug)]
pub struct Availability {
    /// Of each that was asked for, in the plant's order.
    pub of: Vec<Expected>,
    /// What the downtime of all customers (or of all that were asked for, when no customer is among
    /// them) is due to: what to buy first.
    pub causes: Vec<Cause>,
    /// Whether those are customers.
    pub over_customers: bool,
    /// How many things have figures of their own, and how many those of their kind.
    pub own_figures: usize,
    /// See [`own_figures`](Self::own_figures).
    pub by_kind: usize,
    /// Failed or switched off today, and counted as repaired.
    pub mended: Vec<ComponentId>,
    /// Nodes of the diagrams.
    pub nodes: usize,
}

/// The downtime of one.
#[derive(Clone, Debug)]
pub struct Expected {
    /// Whose.
    pub component: ComponentId,
    /// The share of time it is down.
    pub unavailability: Range,
    /// Hours in a year.
    pub hours_per_year: Range,
    /// How often in a year it goes down, at the best and worst figures; `None` where it has bounds only.
    pub outages_per_year: Option<Range>,
    /// False where it was too tangled: then both ends are bounds of what they would be.
    pub is_exact: bool,
    /// What it is due to.
    pub causes: Vec<Cause>,
}

/// What one thing's failures cost.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cause {
    /// What fails.
    pub subject: Subject,
    /// Hours in a year that would not be lost if it never failed, at the best and worst figures.
    pub hours_per_year: Range,
    /// The same as a share of all hours lost.
    pub share: Range,
}

/// One end of the figures.
struct End {
    /// How likely each input is to have failed.
    failed: Vec<f64>,
    /// By node of the diagrams, how likely it is to have failed.
    chances: Vec<Chance>,
    /// By node, how often in a year it begins to fail.
    beginnings: Vec<f64>,
}

/// Expected downtime. Linear in the circuit times the tangle of its redundancy, which is limited.
#[must_use]
pub fn availability(plant: &Plant, circuit: &Circuit, question: &Question) -> Availability {
    let mut of = question.of.clone();
    if of.is_empty() {
        of = served(plant);
    }
    of.sort_unstable();
    of.dedup();
    let gates: Vec<GateId> = of.iter().map(|&id| circuit.usable(id)).collect();
    let diagrams = Diagrams::of(circuit, &gates);
    let ends = [false, true].map(|worst| end(plant, circuit, question, &diagrams, worst));
    let bounds = [0, 1].map(|at: usize| diagrams.bounds(circuit, &ends[at].chances));
    let mut walk = Walk::default();
    let mut rises = |roots: &[GateId]| {
        [0, 1].map(|at: usize| {
            let End { failed, chances, .. } = &ends[at];
            diagrams.birnbaum(roots, chances, failed, &mut walk)
        })
    };
    let expected = of
        .iter()
        .zip(&gates)
        .map(|(&component, gate)| {
            let own = |at: usize| bounds[at][gate.index()];
            let share = Range { min: own(0).0, max: own(1).1 };
            let is_exact = diagrams.has(*gate);
            let often = |at: usize| diagrams.beginning(*gate, &ends[at].beginnings);
            let mut causes = match question.causes_max {
                0 => Vec::new(),
                _ => merged(circuit, &ends, &rises(&[*gate]), [own(0).0, own(1).0]),
            };
            causes.truncate(question.causes_max);
            Expected {
                component,
                unavailability: share,
                hours_per_year: hours(share),
                outages_per_year: often(0).zip(often(1)).map(|(best, worst)| sorted(best, worst)),
                is_exact,
                causes,
            }
        })
        .collect();
    let customer = |id: ComponentId| plant.component(id).kind == Kind::Customer;
    let over_customers = of.iter().any(|&id| customer(id));
    let roots: Vec<GateId> = of
        .iter()
        .zip(&gates)
        .filter(|(id, _)| !over_customers || customer(**id))
        .map(|(_, &gate)| gate)
        .collect();
    let rises = rises(&roots);
    let lost = [0, 1].map(|at: usize| roots.iter().map(|gate| bounds[at][gate.index()].0).sum());
    let figures = circuit.support(gates.iter().copied());
    let components = figures.iter().filter_map(|&input| match circuit.subject(input) {
        Subject::Component(id) if !customer(id) => Some(id),
        Subject::Component(_) | Subject::Vantage(_) | Subject::Check(_) => None,
        Subject::Carriage { .. } | Subject::Spread { .. } => None,
    });
    let own: Vec<bool> = components.map(|id| rates::of(plant, id).1).collect();
    let own_figures = own.iter().filter(|&&own| own).count();
    let mended = if question.as_today { &[][..] } else { circuit.today() };
    Availability {
        of: expected,
        causes: merged(circuit, &ends, &rises, lost),
        over_customers,
        own_figures,
        by_kind: own.len() - own_figures,
        mended: mended
            .iter()
            .filter(|input| figures.binary_search(input).is_ok())
            .map(|input| ComponentId(u32::try_from(input.index()).expect("components fit u32")))
            .collect(),
        nodes: diagrams.len(),
    }
}

/// All that are served: what people use.
fn served(plant: &Plant) -> Vec<ComponentId> {
    plant
        .components()
        .iter()
        .zip(0..)
        .filter(|(component, _)| component.kind.is_used())
        .map(|(_, at)| ComponentId(at))
        .collect()
}

fn end(
    plant: &Plant,
    circuit: &Circuit,
    question: &Question,
    diagrams: &Diagrams,
    worst: bool,
) -> End {
    let of = |range: Range| if worst { range.max } else { range.min };
    let (mut failed, mut often) = (Vec::new(), Vec::new());
    for &subject in circuit.subjects() {
        let harmless = match subject {
            Subject::Component(id) => plant.component(id).kind == Kind::Customer,
            Subject::Vantage(_) | Subject::Check(_) => true,
            Subject::Carriage { .. } | Subject::Spread { .. } => false,
        };
        let down = if harmless { 0.0 } else { of(rates::unavailability(plant, subject)) };
        let begins = rates::of_subject(plant, subject).filter(|_| !harmless);
        failed.push(down);
        often.push(begins.map_or(0.0, |rate| of(rate.per_year) * (1.0 - down)));
    }
    if question.as_today {
        for input in circuit.today() {
            failed[input.index()] = 1.0;
            often[input.index()] = 0.0;
        }
    }
    let chances = diagrams.chances(&failed);
    let beginnings = diagrams.beginnings(&chances, &failed, &often);
    End { failed, chances, beginnings }
}

/// Causes by what their absence would save, the greatest first: by the middle of both ends, as for any
/// order of magnitude.
fn merged(
    circuit: &Circuit,
    ends: &[End; 2],
    rises: &[Vec<(usize, f64)>; 2],
    lost: [f64; 2],
) -> Vec<Cause> {
    let mut saved = std::collections::BTreeMap::<usize, [f64; 2]>::new();
    for (end, rises) in rises.iter().enumerate() {
        for &(input, rise) in rises {
            saved.entry(input).or_default()[end] = rise * ends[end].failed[input];
        }
    }
    let mut causes: Vec<(f64, Cause)> = saved
        .into_iter()
        .filter(|(_, [_, worst])| *worst > 0.0)
        .map(|(input, [best, worst])| {
            let share = |saved: f64, lost: f64| if lost > 0.0 { saved / lost } else { 0.0 };
            let at = InputId::of(u32::try_from(input).expect("inputs fit u32"));
            let cause = Cause {
                subject: circuit.subject(at),
                hours_per_year: hours(sorted(best, worst)),
                share: sorted(share(best, lost[0]), share(worst, lost[1])),
            };
            ((best * worst).sqrt(), cause)
        })
        .collect();
    causes.sort_by(|a, b| {
        b.0.total_cmp(&a.0)
            .then(b.1.hours_per_year.max.total_cmp(&a.1.hours_per_year.max))
            .then(a.1.subject.cmp(&b.1.subject))
    });
    causes.into_iter().map(|(_, cause)| cause).collect()
}

const fn sorted(a: f64, b: f64) -> Range {
    Range { min: a.min(b), max: a.max(b) }
}

fn hours(share: Range) -> Range {
    Range { min: share.min * HOURS_PER_YEAR, max: share.max * HOURS_PER_YEAR }
}
