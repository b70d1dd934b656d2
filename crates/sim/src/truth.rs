//! What is truly so at each instant: which faults are there, and what works under them.
//!
//! The truth has a plant and a circuit of its own, which need not be those that are believed in: other
//! wiring, other names of what can break. It knows nothing of checks' answers being told, lost or
//! believed; that is for the senses.
//!
//! What is flaky fails whole slots of two seconds at a time, drawn from the seed, the fault and the slot
//! alone: everything that hangs on it fails together, and asking twice within a slot tells nothing new.

use crate::chance::{mixed, share_of};
use crate::scenario::{Happening, Mode, What};
use blackstart_model::plant::Plant;
use blackstart_model::time::Timestamp;
use blackstart_model::{CheckKey, VantageName};
use blackstart_reason::circuit::{Circuit, InputId, Subject};
use std::cell::RefCell;
use std::collections::BTreeMap;
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
    /// Pictures that were looked at.
    moments: RefCell<BTreeMap<Broken, Arc<Moment>>>,
}

/// What is down and what is degraded at one instant, each in order.
type Broken = (Vec<InputId>, Vec<InputId>);

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
        Self { plant, circuit, seed, faults: Vec::new(), moments: RefCell::default() }
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
    }

    /// Mends whatever of this name is broken at this time.
    pub fn mend(&mut self, subject: &str, at: Timestamp) {
        for fault in &mut self.faults {
            let happening = &mut fault.happening;
            if happening.what.subject() == subject && happening.is_on(at) {
                happening.until = Some(at);
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

    /// What works at this instant.
    pub(crate) fn moment(&self, at: Timestamp) -> Arc<Moment> {
        let (mut down, mut slow) = (Vec::new(), Vec::new());
        for (fault, nth) in self.faults.iter().zip(0_u64..) {
            let happening = &fault.happening;
            if !happening.is_on(at) {
                continue;
            }
            match happening.mode {
                Mode::Degraded => slow.extend(&fault.inputs),
                Mode::Flaky if !self.fails_now(nth, happening.rate, at) => {}
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
        let mut moments = self.moments.borrow_mut();
        if moments.len() > MOMENTS_MAX {
            moments.clear();
        }
        let circuit = &self.circuit;
        let moment = moments.entry((down, slow)).or_insert_with_key(|(down, slow)| {
            let holds = circuit.under(down);
            let slow = if slow.is_empty() {
                Vec::new()
            } else {
                let both: Vec<InputId> = down.iter().chain(slow).copied().collect();
                circuit.under(&both).into_iter().map(|holds| !holds).collect()
            };
            Arc::new(Moment { holds, slow })
        });
        moment.clone()
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
        until
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

impl Happening {
    /// Whether it is there at this instant.
    #[must_use]
    pub fn is_on(&self, at: Timestamp) -> bool {
        self.at <= at && self.until.is_none_or(|until| at < until)
    }
}
