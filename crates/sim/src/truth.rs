//! What is truly so at each instant: which faults are there, and what works under them.
//!
//! The truth has a plant and a circuit of its own, which need not be those that are believed in: other
//! wiring, other names of what can break. It knows nothing of checks' answers being told, lost or
//! believed; that is for the senses.
//!
//! What is flaky fails whole slots of two seconds at a time, drawn from the seed, the fault and the slot
//! alone: everything that hangs on it fails together, and asking twice within a slot tells nothing new.
//!
//! A UPS with a `runtime` carries what hangs on it for so long after its sources have gone, somewhere in the
//! range where it is one, drawn from the seed; it is full again as soon as one of them is back. One without
//! carries nothing. What fails in turns empties no battery. What the heat takes down goes down with its cooling, or so
//! long after it as the scenario says that things stay cool, each in its own time.

use crate::chance::{mixed, share_of};
use crate::scenario::{Happening, Mode, What};
use blackstart_model::plant::{Plant, Role};
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::time::{Duration, SignedDuration, Timestamp};
use blackstart_model::{CheckKey, VantageName, stable_hash};
use blackstart_reason::circuit::{Circuit, Inlet, InputId, Subject};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long something flaky stays as it is, milliseconds: what a link takes to be lost and negotiated
/// again (chosen by hand).
const SLOT_MS: i64 = 2_000;

/// Pictures of the truth kept at most; beyond, they are forgotten and made anew.
const MOMENTS_MAX: usize = 256;

/// What is truly so.
#[derive(Debug)]
pub struct Truth {
    plant: Arc<Plant>,
    circuit: Circuit,
    seed: u64,
    faults: Vec<Fault>,
    /// By inlet of the circuit: for how long the UPS behind it carries.
    lasts: Vec<Option<SignedDuration>>,
    /// From when on the batteries behind which inlets are empty, oldest first.
    empty: Vec<(Timestamp, Vec<bool>)>,
    /// Pictures that were looked at.
    moments: RefCell<BTreeMap<Broken, Arc<Moment>>>,
}

/// What is down and what is degraded at one instant, each in order; and which state of the batteries it is.
type Broken = (Vec<InputId>, Vec<InputId>, usize);

/// A fault, by the truth's own circuit.
#[derive(Debug)]
struct Fault {
    inputs: Vec<InputId>,
    happening: Happening,
}

/// What works at one instant.
#[derive(Debug)]
pub(crate) struct Moment {
    /// By gate: it holds.
    pub(crate) holds: Vec<bool>,
    /// By gate: it would not hold if what is degraded were down.
    pub(crate) slow: Vec<bool>,
}

impl Truth {
    /// A truth in which everything works.
    #[must_use]
    pub fn of(plant: Arc<Plant>, seed: u64) -> Self {
        let circuit = Circuit::of(&plant);
        let lasts = circuit.inlets().iter().map(|inlet| lasts(&plant, inlet, None, seed)).collect();
        let (faults, empty) = (Vec::new(), Vec::new());
        Self { plant, circuit, seed, faults, lasts, empty, moments: RefCell::default() }
    }

    /// Lets what has lost its cooling go on for a while: at least and at most so long.
    pub fn stay_cool(&mut self, between: Option<(Duration, Duration)>) {
        let inlets = self.circuit.inlets().iter();
        self.lasts = inlets.map(|it| lasts(&self.plant, it, between, self.seed)).collect();
        self.drain();
    }

    /// Its plant.
    #[must_use]
    pub const fn plant(&self) -> &Arc<Plant> {
        &self.plant
    }

    /// Its circuit.
    #[must_use]
    pub const fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    /// What breaks, in the order in which it was said.
    pub fn happenings(&self) -> impl Iterator<Item = &Happening> {
        self.faults.iter().map(|fault| &fault.happening)
    }

    /// Lets something break. What the truth does not contain breaks nothing.
    pub fn happen(&mut self, happening: Happening) {
        let inputs = match (&happening.what, happening.mode) {
            // What gets nothing from it any more is as good as gone itself, and so is all that hangs on it.
            (What::Component(_), Mode::Partial) => happening
                .only
                .iter()
                .filter_map(|name| self.plant.find(name.as_str()))
                .map(|id| self.circuit.component_input(id))
                .collect(),
            // A check that is right in saying down, and says up all the same, is no gate.
            (What::Check { says_down: false, .. }, _) => Vec::new(),
            (what, _) => self.input(what).into_iter().collect(),
        };
        self.faults.push(Fault { inputs, happening });
        self.drain();
    }

    /// Mends whatever of this name is broken at this time.
    pub fn mend(&mut self, subject: &str, at: Timestamp) {
        for fault in &mut self.faults {
            let happening = &mut fault.happening;
            if happening.what.subject() == subject && happening.is_on(at) {
                happening.until = Some(at);
            }
        }
        self.drain();
    }

    /// When which batteries are empty, by all that is known to happen.
    fn drain(&mut self) {
        self.empty.clear();
        self.moments.get_mut().clear();
        if self.lasts.iter().all(Option::is_none) {
            return;
        }
        let lasting = |fault: &&Fault| fault.happening.mode != Mode::Flaky;
        let ends = |fault: &Fault| [Some(fault.happening.at), fault.happening.until];
        let ends = self.faults.iter().filter(lasting).flat_map(ends);
        let mut changes: BTreeSet<Timestamp> = ends.flatten().collect();
        // Since when nothing comes in.
        let mut gone: Vec<Option<Timestamp>> = vec![None; self.lasts.len()];
        let mut values = Vec::new();
        while let Some(now) = changes.pop_first() {
            let (down, _) = self.broken(now, &|_, _| false);
            let down: Vec<(InputId, [u64; 1])> =
                down.into_iter().map(|input| (input, [u64::MAX])).collect();
            let mut carry = |inlet: usize, word: &mut [u64; 1]| {
                if *word != [0] {
                    gone[inlet] = None;
                    return;
                }
                let since = *gone[inlet].get_or_insert(now);
                let ends = self.lasts[inlet].and_then(|lasts| since.checked_add(lasts).ok());
                if let Some(ends) = ends.filter(|ends| *ends > now) {
                    *word = [u64::MAX];
                    changes.insert(ends);
                }
            };
            self.circuit.evaluate_carried(&down, &mut carry, &mut values);
            let is_empty = |(since, lasts): (&Option<Timestamp>, &Option<SignedDuration>)| {
                let ends =
                    since.zip(*lasts).and_then(|(since, lasts)| since.checked_add(lasts).ok());
                ends.is_some_and(|ends| ends <= now)
            };
            let empty: Vec<bool> = gone.iter().zip(&self.lasts).map(is_empty).collect();
            if self.empty.last().is_none_or(|(_, last)| *last != empty) {
                self.empty.push((now, empty));
            }
        }
    }

    fn input(&self, what: &What) -> Option<InputId> {
        let plant = &self.plant;
        self.circuit.inputs().find(|&input| match (self.circuit.subject(input), what) {
            (Subject::Component(id), What::Component(name)) => plant.component(id).name == *name,
            (Subject::Carriage { upstream, prefix }, What::Carriage { prefix: own, through }) => {
                plant.component(prefix).name == *own && plant.component(upstream).name == *through
            }
            (Subject::Check(id), What::Check { key, .. }) => plant.checks()[id.index()].key == *key,
            (Subject::Vantage(id), What::Vantage(name)) => plant.vantage(id).name == *name,
            _ => false,
        })
    }

    /// What is down and what is degraded at this instant, each in order.
    fn broken(
        &self,
        at: Timestamp,
        fails_now: &dyn Fn(u64, f64) -> bool,
    ) -> (Vec<InputId>, Vec<InputId>) {
        let (mut down, mut slow) = (Vec::new(), Vec::new());
        for (fault, nth) in self.faults.iter().zip(0_u64..) {
            let happening = &fault.happening;
            if !happening.is_on(at) {
                continue;
            }
            match happening.mode {
                Mode::Degraded => slow.extend(&fault.inputs),
                Mode::Flaky if !fails_now(nth, happening.rate) => {}
                Mode::Down
                | Mode::Flaky
                | Mode::Latent
                | Mode::Consequential
                | Mode::Partial
                | Mode::Misrouted
                | Mode::CutOff
                | Mode::Silent
                | Mode::WrongCheck => down.extend(&fault.inputs),
            }
        }
        down.sort_unstable();
        slow.sort_unstable();
        (down, slow)
    }

    /// What works at this instant.
    pub(crate) fn moment(&self, at: Timestamp) -> Arc<Moment> {
        let (down, slow) = self.broken(at, &|nth, rate| self.fails_now(nth, rate, at));
        let state = self.empty.partition_point(|(since, _)| *since <= at);
        let empty = state.checked_sub(1).map(|last| &self.empty[last].1[..]);
        let mut moments = self.moments.borrow_mut();
        if moments.len() > MOMENTS_MAX {
            moments.clear();
        }
        let moment = moments.entry((down, slow, state)).or_insert_with_key(|(down, slow, _)| {
            let holds = self.under(down, empty);
            let slow = if slow.is_empty() {
                Vec::new()
            } else {
                let both: Vec<InputId> = down.iter().chain(slow).copied().collect();
                self.under(&both, empty).into_iter().map(|holds| !holds).collect()
            };
            Arc::new(Moment { holds, slow })
        });
        moment.clone()
    }

    /// What holds by gate, with the batteries behind these inlets empty.
    fn under(&self, down: &[InputId], empty: Option<&[bool]>) -> Vec<bool> {
        let down: Vec<(InputId, [u64; 1])> =
            down.iter().map(|&input| (input, [u64::MAX])).collect();
        let mut values = Vec::new();
        let mut carry = |inlet: usize, word: &mut [u64; 1]| {
            let is_empty = empty.is_some_and(|empty| empty[inlet]);
            if self.lasts[inlet].is_some() && !is_empty {
                *word = [u64::MAX];
            }
        };
        self.circuit.evaluate_carried(&down, &mut carry, &mut values);
        values.iter().map(|[word]| *word != 0).collect()
    }

    fn fails_now(&self, nth: u64, rate: f64, at: Timestamp) -> bool {
        let slot = at.as_millisecond().div_euclid(SLOT_MS).cast_unsigned();
        share_of(mixed(mixed(self.seed ^ nth.wrapping_mul(0x9e37_79b9_7f4a_7c15)) ^ slot)) < rate
    }

    /// Until when, after this instant, nothing changes; this instant itself while something is flaky.
    pub(crate) fn steady_until(&self, at: Timestamp) -> Timestamp {
        let mut until = Timestamp::MAX;
        for Fault { happening, .. } in &self.faults {
            if happening.is_on(at) && happening.mode == Mode::Flaky {
                return at;
            }
            let ends = [Some(happening.at), happening.until];
            until = ends.into_iter().flatten().filter(|&end| end > at).fold(until, Timestamp::min);
        }
        let next = self.empty.partition_point(|(since, _)| *since <= at);
        self.empty.get(next).map_or(until, |(since, _)| until.min(*since))
    }

    /// Whether nothing is heard from this vantage because it is silent.
    pub(crate) fn is_silent(&self, vantage: &VantageName, at: Timestamp) -> bool {
        self.faults.iter().any(|fault| {
            let Happening { what, mode, .. } = &fault.happening;
            *mode == Mode::Silent
                && matches!(what, What::Vantage(own) if own == vantage)
                && fault.happening.is_on(at)
        })
    }

    /// Whether this check says up whatever is so.
    pub(crate) fn says_up(&self, check: &CheckKey, at: Timestamp) -> bool {
        self.faults.iter().any(|fault| {
            matches!(&fault.happening.what, What::Check { key, says_down: false } if key == check)
                && fault.happening.is_on(at)
        })
    }
}

/// For how long something goes on although nothing comes in.
fn lasts(
    plant: &Plant,
    inlet: &Inlet,
    cool: Option<(Duration, Duration)>,
    seed: u64,
) -> Option<SignedDuration> {
    let component = plant.component(inlet.of);
    let (least, most) = match (inlet.role, component.attribute(Attribute::Runtime)) {
        (Role::Power, Some(Value::Span(least, most))) => (*least, *most),
        (Role::Cooling, _) => cool?,
        _ => return None,
    };
    let share = share_of(mixed(seed ^ stable_hash(component.name.as_str())));
    let span = least + most.saturating_sub(least).mul_f64(share);
    SignedDuration::try_from(span).ok()
}

impl Happening {
    /// Whether it is there at this instant.
    #[must_use]
    pub fn is_on(&self, at: Timestamp) -> bool {
        self.at <= at && self.until.is_none_or(|until| at < until)
    }
}
