//! Wires that lie elsewhere than the plant file says.
//!
//! No inventory is right: one wire in twenty or so ends in another thing of the same kind. So what should be down
//! may be seen up ([`super::search`] takes that for a price), and what a fault should not touch may go down with
//! it. The latter is no second fault. Here is what it costs a hypothesis: the chance that a wire is wrong,
//! times the share of the places it could lie in that the fault reaches. A wire of a redundancy counts
//! only where the fault has the other ways already.
//!
//! It knows no facts. Tested at the door of `step`, and on random plants with moved wires (`blackstart-sim`).

use super::Question;
use crate::circuit::{Circuit, GateId, InputId, Killers, Ripple, Sees, Subject};
use blackstart_model::kind::Kind;
use blackstart_model::plant::Role;
use blackstart_model::requirement::{Requirement, Target};
use blackstart_model::{ComponentId, Plant};
use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The share of wires that lie elsewhere than the plant file says (chosen by hand: an inventory that is looked
/// after).
pub(crate) const WRONG_WIRES: f64 = 0.05;

/// Things of a kind that are looked at for where a wire could lie, evenly among all of them.
const PLACES_MAX: usize = 1_000;

/// Gates that may be evaluated to see what sets of faults bring down together, in one search; what is more is not
/// thought of (chosen by hand: a few milliseconds at worst).
const EVALUATED_MAX: usize = 5_000_000;

/// One bit for each thing that is looked at.
type Bits = Rc<[u64]>;

/// Sets of faults, each of which is there.
pub(super) type Broke = Vec<Vec<InputId>>;

/// The wires of a plant.
pub(super) struct Wires<'a> {
    plant: &'a Plant,
    circuit: &'a Circuit,
    killers: &'a Killers,
    wrong: f64,
    /// Things of each kind that was asked about.
    places: RefCell<BTreeMap<Kind, Rc<[ComponentId]>>>,
    /// How a component is seen, where a check asks it.
    seen: OnceCell<BTreeMap<ComponentId, GateId>>,
    /// Which of the things of a kind a set of faults brings down, a bit each.
    downs: RefCell<BTreeMap<(Kind, Vec<InputId>), Bits>>,
    /// What each set of faults changes.
    under: RefCell<BTreeMap<Vec<InputId>, Rc<Ripple<'a, 1>>>>,
}

/// How a requirement stands under some faults.
struct Stands {
    down: bool,
    /// How likely one of its wires lies so that it is down too.
    astray: f64,
}

impl<'a> Wires<'a> {
    /// Of a plant.
    pub(super) fn of(question: &Question<'a>) -> Self {
        let Question { plant, circuit, killers, wrong_wires, .. } = *question;
        Self {
            plant,
            circuit,
            killers,
            wrong: wrong_wires,
            places: RefCell::default(),
            seen: OnceCell::new(),
            downs: RefCell::default(),
            under: RefCell::default(),
        }
    }

    /// How likely a wire of this thing lies where one of these sets of faults reaches, though the plant file has it
    /// elsewhere. Looks at [`PLACES_MAX`] things for each kind it hangs on, once for the same faults.
    ///
    /// What fails and was `answered` has a machine that works, and a way to it: it can only lack what it needs.
    pub(super) fn astray(&self, thing: InputId, broke: &Broke, answered: bool) -> f64 {
        let Subject::Component(id) = self.circuit.subject(thing) else { return 0.0 };
        let component = self.plant.component(id);
        let mut astray = 0.0;
        for (role, requirement) in &component.requirements {
            let is_wire = match role {
                Role::Needs => true,
                Role::In | Role::On | Role::Power | Role::Cooling | Role::Network(_) => !answered,
                Role::Between
                | Role::DegradedWithout
                | Role::ToStart
                | Role::ManagedVia
                | Role::Uses
                | Role::UsedFrom
                | Role::CarriedBy
                | Role::Prefix
                | Role::Covers => false,
            };
            if is_wire {
                let stands = self.stands(requirement, broke);
                if stands.down {
                    return 0.0;
                }
                astray += stands.astray;
            }
        }
        astray
    }

    fn stands(&self, requirement: &Requirement, broke: &Broke) -> Stands {
        match requirement {
            Requirement::One(leaf) => match leaf.target {
                Target::Internet => Stands { down: false, astray: 0.0 },
                Target::Component(on) => {
                    let kind = self.plant.component(on).kind;
                    let astray = self.wrong * self.reached(kind, broke);
                    Stands { down: self.is_down(on, broke), astray }
                }
            },
            Requirement::All(of) => self.stands_on(of, of.len(), broke),
            Requirement::Any(of) => self.stands_on(of, 1, broke),
            Requirement::AtLeast { k, of } => self.stands_on(of, *k as usize, broke),
        }
    }

    fn stands_on(&self, of: &[Requirement], k: usize, broke: &Broke) -> Stands {
        let all: Vec<Stands> = of.iter().map(|part| self.stands(part, broke)).collect();
        let gone = all.iter().filter(|part| part.down).count();
        let spare = of.len().saturating_sub(k);
        let last = gone >= spare;
        let left = all.iter().filter(|part| last && !part.down);
        Stands { down: gone > spare, astray: left.map(|part| part.astray).sum() }
    }

    /// Whether one of these sets brings it down, or takes away the way to it.
    fn is_down(&self, on: ComponentId, broke: &Broke) -> bool {
        broke.iter().any(|set| self.is_down_by(on, set))
    }

    fn is_down_by(&self, on: ComponentId, set: &[InputId]) -> bool {
        let (own, works) = (self.circuit.component_input(on), self.circuit.works(on));
        let seen = self.seen().get(&on).copied().unwrap_or(works);
        if let [input] = *set {
            return input == own
                || [works, seen].iter().any(|gate| self.killers.kills(input, *gate));
        }
        let is_gone = |under: Rc<Ripple<'_, 1>>| [works, seen].iter().any(|&it| !under.holds(it));
        self.under(set).is_some_and(is_gone)
    }

    fn seen(&self) -> &BTreeMap<ComponentId, GateId> {
        self.seen.get_or_init(|| {
            let of = |sees: &Sees| self.plant.checks()[sees.check.index()].component;
            self.circuit.sees().iter().rev().map(|sees| (of(sees), sees.gate)).collect()
        })
    }

    fn under(&self, set: &[InputId]) -> Option<Rc<Ripple<'a, 1>>> {
        let mut under = self.under.borrow_mut();
        if let Some(known) = under.get(set) {
            return Some(known.clone());
        }
        if (under.len() + 1) * self.circuit.len() > EVALUATED_MAX {
            return None;
        }
        let ripple = Rc::new(self.circuit.ripple_of(set));
        under.insert(set.to_vec(), ripple.clone());
        Some(ripple)
    }

    /// The share of the things of a kind that these faults bring down.
    fn reached(&self, kind: Kind, broke: &Broke) -> f64 {
        let places = self.places(kind);
        let mut down = vec![0_u64; places.len().div_ceil(64)];
        for set in broke {
            let own = self.downs(kind, set, &places);
            down.iter_mut().zip(&*own).for_each(|(down, own)| *down |= own);
        }
        let down: u32 = down.iter().map(|word| word.count_ones()).sum();
        #[expect(clippy::cast_precision_loss, reason = "a thousand at most")]
        {
            f64::from(down) / places.len().max(1) as f64
        }
    }

    fn downs(&self, kind: Kind, set: &[InputId], places: &[ComponentId]) -> Bits {
        let key = (kind, set.to_vec());
        if let Some(known) = self.downs.borrow().get(&key) {
            return known.clone();
        }
        let word = |some: &[ComponentId]| {
            let down = some.iter().zip(0..).filter(|(on, _)| self.is_down_by(**on, set));
            down.fold(0, |word, (_, at)| word | 1 << at)
        };
        let down: Bits = places.chunks(64).map(word).collect();
        self.downs.borrow_mut().insert(key, down.clone());
        down
    }

    fn places(&self, kind: Kind) -> Rc<[ComponentId]> {
        let of_kind = || {
            let all = self.plant.components().iter().zip(0..);
            let own = all.filter(|(component, _)| component.kind == kind);
            let own: Vec<ComponentId> = own.map(|(_, at)| ComponentId(at)).collect();
            let every = own.len().div_ceil(PLACES_MAX).max(1);
            own.into_iter().step_by(every).collect()
        };
        self.places.borrow_mut().entry(kind).or_insert_with(of_kind).clone()
    }
}
