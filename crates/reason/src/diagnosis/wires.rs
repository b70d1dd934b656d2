//! Wires that lie elsewhere than the plant file says.
//!
//! No inventory is right: one wire in twenty or so ends in another thing of the same kind. So what should be down
//! may be seen up, and what a fault should not touch may go down with it. The former has a price ([`WRONG_EDGE`]),
//! and a higher one where the plant has nothing else that it could hang on: of what hangs on the only router no drawn
//! wire could make that so. The latter is no second fault. Here is what it costs a hypothesis: the chance that a wire
//! is wrong, times the share of the places it could lie in that the fault reaches. A wire of a redundancy counts only
//! where the fault has the other ways already.
//!
//! It knows no facts. Tested at the door of `step`, and on random plants with moved wires (`blackstart-sim`).

use super::Question;
use crate::circuit::{Circuit, GateId, InputId, Killers, Sees, Subject};
use crate::hashed::NumberMap;
use blackstart_model::kind::Kind;
use blackstart_model::plant::Role;
use blackstart_model::requirement::{Requirement, Target};
use blackstart_model::{ComponentId, Plant};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// The share of wires that lie elsewhere than the plant file says (chosen by hand: an inventory that is looked
/// after).
pub(crate) const WRONG_WIRES: f64 = 0.05;

/// One edge in so many is drawn where there is none, as far as one machine hangs on it: what a machine
/// seen up costs a hypothesis that has it down (chosen by hand).
pub(super) const WRONG_EDGE: f64 = 5e-3;

/// One of so many of these leads to something that is not in the plant at all (chosen by hand).
const NOT_DRAWN: f64 = 1e-2;

/// Things of a kind that are looked at for where a wire could lie, evenly among all of them.
const PLACES_MAX: usize = 1_000;

/// Gates that may be evaluated to see what sets of faults bring down together, in one search; what is more is not
/// thought of (chosen by hand: a few milliseconds at worst).
const EVALUATED_MAX: usize = 5_000_000;

/// Bytes of what sets of faults bring down that are kept from one search to the next (chosen by hand); where there is
/// no more room, all of it is found anew.
const KEPT_MAX: usize = 16 << 20;

/// A set of faults, by its number in one search.
pub(super) type SetId = u32;

/// Sets of faults, each of which is there.
pub(super) type Broke = Vec<SetId>;

/// What every search asks of the wires of one plant, and nothing that is seen bears on: found when it is first asked
/// for, and the same whenever that is.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// By component: how it shows to a check that asks it, or else whether it works.
    shown: OnceLock<Vec<GateId>>,
    /// The things of each kind that are looked at for where a wire could lie.
    places: OnceLock<BTreeMap<Kind, Vec<ComponentId>>>,
    kept: Mutex<Kept>,
}

/// What some sets bring down, and what that leaves of the wires of things.
#[derive(Debug, Default)]
struct Kept {
    falls: NumberMap<Vec<InputId>, Arc<Falls>>,
    /// The expected number of wires that lie there, were each one wrong: by the thing, whether it answered, and the
    /// numbers of what falls.
    astray: NumberMap<(InputId, bool, Vec<u32>), f64>,
    bytes: usize,
    /// So many were ever found.
    count: u32,
}

/// What a set of faults brings down.
#[derive(Debug)]
struct Falls {
    /// Which one it is, of all that were ever found.
    number: u32,
    /// The gates that are true today and would not be: all of them in order, or a bit for each of the circuit.
    few: Vec<GateId>,
    bits: Vec<u64>,
    /// Of the things of a kind that are looked at, a bit each.
    places: BTreeMap<Kind, Vec<u64>>,
}

/// The wires of a plant, as one search asks about them.
pub(super) struct Wires<'a> {
    plant: &'a Plant,
    circuit: &'a Circuit,
    killers: &'a Killers,
    lines: &'a Lines,
    wrong: f64,
    sets: RefCell<Vec<Set>>,
    numbers: RefCell<NumberMap<Vec<InputId>, SetId>>,
    /// Sets of several that were asked about.
    several: Cell<usize>,
    /// The share of the things of a kind that some sets bring down.
    reached: RefCell<NumberMap<(Kind, Broke), f64>>,
    /// Whether a wire of a thing could lie where a set does not reach.
    spared: RefCell<NumberMap<(ComponentId, SetId), Spared>>,
    /// Whether a set bears on where the wires of a thing may lie.
    bears: RefCell<NumberMap<(InputId, SetId), bool>>,
    /// What brings down some of what a thing stands on, and not all.
    strains: RefCell<NumberMap<ComponentId, Rc<[InputId]>>>,
}

/// A set of faults.
struct Set {
    inputs: Vec<InputId>,
    /// `None` where it would have been too much to find out.
    falls: Option<Arc<Falls>>,
}

/// Whether a wire of a thing could spare it some faults.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Spared {
    /// They bring down nothing that it hangs on.
    NotHit,
    /// There is nothing else of the kind that it could hang on.
    CouldNot,
    Could,
}

/// Something that is plugged in, or set to use another.
enum Wire {
    /// It has to be there for the machine to answer at all.
    OfMachine,
    /// What runs there needs it.
    OfThing,
}

/// What a requirement of this role is, if a wire.
const fn wire(role: Role) -> Option<Wire> {
    match role {
        Role::Needs => Some(Wire::OfThing),
        Role::In | Role::On | Role::Power | Role::Cooling | Role::Network(_) => {
            Some(Wire::OfMachine)
        }
        Role::Between
        | Role::DegradedWithout
        | Role::ToStart
        | Role::ManagedVia
        | Role::Uses
        | Role::UsedFrom
        | Role::CarriedBy
        | Role::Prefix
        | Role::Covers => None,
    }
}

/// Each component of a requirement, and whether it is one of several that would do.
fn leaves(of: &Requirement, spared: bool, each: &mut dyn FnMut(ComponentId, bool)) {
    match of {
        Requirement::One(leaf) => {
            if let Target::Component(on) = leaf.target {
                each(on, spared);
            }
        }
        Requirement::All(of) => of.iter().for_each(|part| leaves(part, spared, each)),
        Requirement::Any(of) => {
            of.iter().for_each(|part| leaves(part, spared || of.len() > 1, each))
        }
        Requirement::AtLeast { k, of } => {
            let spared = spared || (*k as usize) < of.len();
            of.iter().for_each(|part| leaves(part, spared, each));
        }
    }
}

/// How a requirement stands under some faults.
struct Stands {
    down: bool,
    /// How likely one of its wires would lie so that it is down too, were it wrong.
    astray: f64,
}

impl Lines {
    fn shown(&self, plant: &Plant, circuit: &Circuit) -> &[GateId] {
        self.shown.get_or_init(|| {
            let ids = (0..).map(ComponentId).take(plant.components().len());
            let mut shown: Vec<GateId> = ids.map(|id| circuit.works(id)).collect();
            let of = |sees: &Sees| plant.checks()[sees.check.index()].component;
            for sees in circuit.sees().iter().rev() {
                shown[of(sees).index()] = sees.gate;
            }
            shown
        })
    }

    /// At most [`PLACES_MAX`] of each kind, evenly among all of them.
    fn places(&self, plant: &Plant) -> &BTreeMap<Kind, Vec<ComponentId>> {
        self.places.get_or_init(|| {
            let mut places: BTreeMap<Kind, Vec<ComponentId>> = BTreeMap::new();
            for (component, at) in plant.components().iter().zip(0..) {
                places.entry(component.kind).or_default().push(ComponentId(at));
            }
            for own in places.values_mut() {
                let every = own.len().div_ceil(PLACES_MAX).max(1);
                *own = own.iter().copied().step_by(every).collect();
            }
            places
        })
    }

    fn falls(&self, wires: &Wires<'_>, set: &[InputId]) -> Arc<Falls> {
        if let Some(known) = self.kept().falls.get(set) {
            return known.clone();
        }
        let mut falls = Falls::of(wires, set);
        let mut kept = self.kept();
        kept.make_room(falls.bytes());
        falls.number = kept.count;
        kept.count += 1;
        let falls = Arc::new(falls);
        kept.falls.insert(set.to_vec(), falls.clone());
        falls
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn make_room(&mut self, bytes: usize) {
        if self.bytes > KEPT_MAX {
            *self = Self { count: self.count, ..Self::default() };
        }
        self.bytes += bytes;
    }
}

impl Falls {
    fn of(wires: &Wires<'_>, set: &[InputId]) -> Self {
        let Wires { plant, circuit, lines, .. } = *wires;
        let mut few = circuit.ripple_of(set).fallen();
        let mut bits = Vec::new();
        if few.len() > circuit.len() / 32 {
            bits.resize(circuit.len().div_ceil(64), 0);
            few.drain(..).for_each(|gate| bits[gate.index() / 64] |= 1 << (gate.index() % 64));
        }
        few.sort_unstable();
        let mut this = Self { number: 0, few, bits, places: BTreeMap::new() };
        let of_kind = |(&kind, places): (&Kind, &Vec<ComponentId>)| {
            let word = |some: &[ComponentId]| {
                let down = some.iter().zip(0..).filter(|(on, _)| this.has(wires, set, **on));
                down.fold(0, |word, (_, at)| word | 1 << at)
            };
            (kind, places.chunks(64).map(word).collect())
        };
        this.places = lines.places(plant).iter().map(of_kind).collect();
        this
    }

    /// Whether it brings this one down, or takes away the way to it.
    fn has(&self, wires: &Wires<'_>, set: &[InputId], on: ComponentId) -> bool {
        let Wires { plant, circuit, killers, lines, .. } = *wires;
        let alone = set.len() == 1;
        let shows = [circuit.works(on), lines.shown(plant, circuit)[on.index()]];
        alone && set[0] == circuit.component_input(on)
            || shows.iter().any(|&gate| self.fell(gate) || !alone && killers.is_down(gate))
    }

    fn fell(&self, gate: GateId) -> bool {
        match self.bits.get(gate.index() / 64) {
            Some(word) => word >> (gate.index() % 64) & 1 == 1,
            None => self.few.binary_search(&gate).is_ok(),
        }
    }

    fn bytes(&self) -> usize {
        let places: usize = self.places.values().map(Vec::len).sum();
        size_of::<Self>() + 4 * self.few.len() + 8 * (self.bits.len() + places)
    }
}

impl<'a> Wires<'a> {
    /// Of a plant.
    pub(super) fn of(question: &Question<'a>) -> Self {
        let Question { plant, circuit, killers, lines, wrong_wires, .. } = *question;
        Self {
            plant,
            circuit,
            killers,
            lines,
            wrong: wrong_wires,
            sets: RefCell::default(),
            numbers: RefCell::default(),
            several: Cell::default(),
            reached: RefCell::default(),
            spared: RefCell::default(),
            bears: RefCell::default(),
            strains: RefCell::default(),
        }
    }

    /// Whether an input brings a gate down alone.
    pub(super) fn kills(&self, input: InputId, gate: GateId) -> bool {
        self.killers.kills(input, gate)
    }

    /// The check that shows as this gate, where it is one.
    pub(super) fn check_of(&self, gate: GateId) -> Option<InputId> {
        let is_check =
            |input: &&InputId| matches!(self.circuit.subject(**input), Subject::Check(_));
        self.killers.alone(gate).iter().find(is_check).copied()
    }

    /// What brings down one of several that a thing has to need or to run on, or what it is only degraded without; in
    /// order. Linear in that, the first time.
    pub(super) fn strains(&self, thing: ComponentId) -> Rc<[InputId]> {
        if let Some(known) = self.strains.borrow().get(&thing) {
            return known.clone();
        }
        // All it stands on by what it needs and runs on; and of what is one of several, whatever that cannot do
        // without.
        let mut whole = BTreeSet::from([thing]);
        let mut parts: BTreeSet<ComponentId> = BTreeSet::new();
        let mut left = vec![(thing, false)];
        while let Some((next, in_part)) = left.pop() {
            for (role, requirement) in &self.plant.component(next).requirements {
                let follows = match role {
                    Role::Needs | Role::On | Role::DegradedWithout => true,
                    _ => in_part && wire(*role).is_some(),
                };
                if !follows {
                    continue;
                }
                let spared = *role == Role::DegradedWithout;
                leaves(requirement, spared, &mut |on, spared| {
                    if in_part && spared {
                        return;
                    }
                    let known = if in_part || spared { &mut parts } else { &mut whole };
                    if known.insert(on) {
                        left.push((on, in_part || spared));
                    }
                });
            }
        }
        let mut inputs: Vec<_> = parts.iter().map(|&id| self.circuit.component_input(id)).collect();
        inputs.sort_unstable();
        let strains: Rc<[InputId]> = inputs.into();
        self.strains.borrow_mut().insert(thing, strains.clone());
        strains
    }

    /// The number of a set of faults. What it brings down is found the first time.
    pub(super) fn set(&self, inputs: &[InputId]) -> SetId {
        if let Some(known) = self.numbers.borrow().get(inputs) {
            return *known;
        }
        let several = inputs.len() != 1;
        let too_much = several && (self.several.get() + 1) * self.circuit.len() > EVALUATED_MAX;
        let falls = (!too_much).then(|| self.lines.falls(self, inputs));
        self.several.set(self.several.get() + usize::from(several && !too_much));
        let mut sets = self.sets.borrow_mut();
        let number = SetId::try_from(sets.len()).expect("sets of one search fit u32");
        sets.push(Set { inputs: inputs.to_vec(), falls });
        self.numbers.borrow_mut().insert(inputs.to_vec(), number);
        number
    }

    /// Whether [`astray`](Self::astray) can be another with this set and without it: it brings down something that the
    /// thing hangs on, or could.
    pub(super) fn bears_on(&self, set: SetId, thing: InputId) -> bool {
        if let Some(known) = self.bears.borrow().get(&(thing, set)) {
            return *known;
        }
        let mut bears = false;
        if let Subject::Component(id) = self.circuit.subject(thing) {
            let sets = self.sets.borrow();
            let Set { inputs, falls } = &sets[set as usize];
            for (_, requirement) in &self.plant.component(id).requirements {
                requirement.each_leaf(&mut |leaf| {
                    if let (Target::Component(on), Some(falls)) = (leaf.target, falls) {
                        let kind = self.plant.component(on).kind;
                        let mut places = falls.places.get(&kind).into_iter().flatten();
                        bears |= places.any(|word| *word != 0) || falls.has(self, inputs, on);
                    }
                });
            }
        }
        self.bears.borrow_mut().insert((thing, set), bears);
        bears
    }

    /// The logarithm of how seldom a wire of this thing, or of what it hangs on, lies where this set does not reach,
    /// as it would where it is seen up all the same. Linear in what it hangs on, once for the same faults.
    pub(super) fn wrong_edge(&self, thing: ComponentId, broke: SetId) -> f64 {
        match self.spared(thing, broke) {
            // It reaches it otherwise than by a wire; or there is another thing that it could hang on.
            Spared::NotHit | Spared::Could => WRONG_EDGE.ln(),
            Spared::CouldNot => (WRONG_EDGE * NOT_DRAWN).ln(),
        }
    }

    fn spared(&self, thing: ComponentId, broke: SetId) -> Spared {
        if let Some(known) = self.spared.borrow().get(&(thing, broke)) {
            return *known;
        }
        // What hangs on itself is judged by the rest.
        self.spared.borrow_mut().insert((thing, broke), Spared::NotHit);
        let mut spared = Spared::NotHit;
        for (role, requirement) in &self.plant.component(thing).requirements {
            if wire(*role).is_none() {
                continue;
            }
            requirement.each_leaf(&mut |leaf| {
                let Target::Component(on) = leaf.target else { return };
                let by = if !self.fails(on, broke) {
                    self.spared(on, broke)
                } else if self.is_left(self.plant.component(on).kind, broke) {
                    Spared::Could
                } else {
                    Spared::CouldNot
                };
                spared = spared.max(by);
            });
        }
        self.spared.borrow_mut().insert((thing, broke), spared);
        spared
    }

    /// Whether something of a kind does not fail by this set.
    fn is_left(&self, kind: Kind, broke: SetId) -> bool {
        let places = self.lines.places(self.plant).get(&kind);
        places.into_iter().flatten().any(|&place| !self.fails(place, broke))
    }

    /// Whether this set makes it fail, whoever reaches it.
    fn fails(&self, on: ComponentId, broke: SetId) -> bool {
        let Set { inputs, falls } = &self.sets.borrow()[broke as usize];
        inputs.contains(&self.circuit.component_input(on))
            || falls.as_ref().is_some_and(|falls| falls.fell(self.circuit.works(on)))
    }

    /// How likely a wire of this thing lies where one of these sets of faults reaches, though the plant file has it
    /// elsewhere. Looks at [`PLACES_MAX`] things for each kind it hangs on, once for the same faults.
    ///
    /// What fails and was `answered` has a machine that works, and a way to it: it can only lack what it needs.
    pub(super) fn astray(&self, thing: InputId, broke: &Broke, answered: bool) -> f64 {
        // It hangs on what falls alone, and that is often the same in the next search.
        let sets = self.sets.borrow();
        let fall = broke.iter().filter_map(|&set| Some(sets[set as usize].falls.as_ref()?.number));
        let key = (thing, answered, fall.collect());
        if let Some(known) = self.lines.kept().astray.get(&key) {
            return self.wrong * known;
        }
        let astray = self.astray_by(thing, broke, answered);
        let mut kept = self.lines.kept();
        kept.make_room(size_of_val(&key) + size_of_val(&key.2[..]) + size_of::<f64>());
        kept.astray.insert(key, astray);
        self.wrong * astray
    }

    fn astray_by(&self, thing: InputId, broke: &Broke, answered: bool) -> f64 {
        let Subject::Component(id) = self.circuit.subject(thing) else { return 0.0 };
        let component = self.plant.component(id);
        let mut astray = 0.0;
        for (role, requirement) in &component.requirements {
            let is_wire = match wire(*role) {
                Some(Wire::OfMachine) => !answered,
                Some(Wire::OfThing) => true,
                None => false,
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
                    let astray = self.reached(kind, broke);
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
        let sets = self.sets.borrow();
        let falls = broke.iter().map(|&set| &sets[set as usize]);
        falls.into_iter().any(|Set { inputs, falls }| {
            falls.as_ref().is_some_and(|falls| falls.has(self, inputs, on))
        })
    }

    /// The share of the things of a kind that these faults bring down.
    fn reached(&self, kind: Kind, broke: &Broke) -> f64 {
        let key = (kind, broke.clone());
        if let Some(known) = self.reached.borrow().get(&key) {
            return *known;
        }
        if matches!(kind, Kind::Component | Kind::Site) {
            // What is of no kind is like nothing else; and nobody takes one town for another.
            return 0.0;
        }
        let places = self.lines.places(self.plant).get(&kind).map_or(0, Vec::len);
        let sets = self.sets.borrow();
        let mut down = vec![0_u64; places.div_ceil(64)];
        for falls in broke.iter().filter_map(|&set| sets[set as usize].falls.as_ref()) {
            let own = falls.places.get(&kind).into_iter().flatten();
            down.iter_mut().zip(own).for_each(|(down, own)| *down |= own);
        }
        let down: u32 = down.iter().map(|word| word.count_ones()).sum();
        #[expect(clippy::cast_precision_loss, reason = "a thousand at most")]
        let share = f64::from(down) / places.max(1) as f64;
        self.reached.borrow_mut().insert(key, share);
        share
    }
}
