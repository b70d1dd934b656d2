//! Batteries: what a UPS carries goes on for a while after its sources have gone; and so does what stands in a
//! room that is still cool.
//!
//! So that a thing behind a UPS is up proves that the UPS was fed at some time within its runtime, and no more.
//! The [circuit](crate::circuit) knows no time; here it is said how long each store lasts at most, who is seen to
//! live on it, and from what is seen in each epoch whether it went on. What is seen decides, for nobody
//! knows how full a battery is: within that time a store into which nothing comes goes on while most of what
//! hangs on it is seen up, and is empty when most is seen down. After it, it is empty.
//!
//! A standby is the other way round: who has one may be dark when what it stands by for fails, and stands again once it
//! has taken over. When that is nobody knows beforehand, so here too what is seen decides, epoch by epoch.
//!
//! It moves no load and knows of no start gap; that is for [`load`](crate::load). Tested at the door of `step`
//! (`tests/it/batteries.rs`).

use crate::circuit::{Circuit, GateId, Inlet, InputId};
use blackstart_model::plant::Role;
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::time::{Duration, SignedDuration, Timestamp};
use blackstart_model::{ComponentId, Plant};

/// How much longer than its runtime a battery may last: that is given at rated load, and of two that stand for
/// each other each carries half of it at most. By Peukert's law a lead battery then lasts 2.2 to 2.5 times as
/// long; here it is no less than double (chosen by hand).
const PART_LOAD: u32 = 2;

/// How long a UPS may carry of which the plant does not say it: common ones are bought for five to fifteen
/// minutes (chosen by hand).
const RUNTIME_UNKNOWN: Duration = Duration::from_secs(15 * 60);

/// How long machines may run on in a room that is no longer cooled (chosen by hand: a full hall is too hot in
/// minutes, one that is half empty in an hour).
const STAYS_COOL: Duration = Duration::from_secs(60 * 60);

/// Stores of one sweep.
const LANES: usize = 4;

/// Epochs of one outage at most.
const EPOCHS: usize = crate::diagnosis::EPOCHS_MAX as usize;

/// No store.
const NONE: u32 = u32::MAX;

/// When it goes on although nothing comes in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Lasts {
    /// For so long at most, from the beginning.
    For(SignedDuration),
    /// From when a standby has taken over.
    FromThenOn,
}

/// The stores of a plant: of power in a UPS, of cold in what is cooled.
#[derive(Debug, Default)]
pub(crate) struct Batteries {
    /// Whose, of what, and when it goes on; in order.
    stores: Vec<(ComponentId, Role, Lasts)>,
    /// By inlet of the circuit: into which store.
    of_inlet: Vec<u32>,
    /// By component: its first store.
    own: Vec<u32>,
    /// On which each component stands, where one store of its kind is enough to stand on: of component `c` those in
    /// `enough[first[c]..first[c + 1]]`.
    first: Vec<u32>,
    enough: Vec<u32>,
}

impl Batteries {
    /// Of a plant. A sweep of the circuit for each 256 stores.
    pub(crate) fn of(plant: &Plant, circuit: &Circuit) -> Self {
        let mut this = Self::default();
        if circuit.inlets().is_empty() {
            return this;
        }
        let store = |inlet: &Inlet| (inlet.of, inlet.role, lasts(plant, inlet));
        this.stores = circuit.inlets().iter().map(store).collect();
        this.stores.sort_unstable();
        this.stores.dedup();
        this.own = vec![NONE; plant.components().len()];
        for (&(of, ..), at) in this.stores.iter().zip(0..) {
            let first = &mut this.own[of.index()];
            *first = at.min(*first);
        }
        let at = |inlet: &Inlet| this.stores.partition_point(|it| *it < store(inlet));
        let of_inlet = circuit.inlets().iter().map(|inlet| u32::try_from(at(inlet)));
        this.of_inlet = of_inlet.collect::<Result<_, _>>().expect("components fit u32");
        let enough = this.enough(plant, circuit);
        this.first = vec![0; plant.components().len() + 1];
        for (id, _) in &enough {
            this.first[id.index() + 1] += 1;
        }
        for at in 1..this.first.len() {
            this.first[at] += this.first[at - 1];
        }
        this.enough = enough.into_iter().map(|(_, store)| store).collect();
        this
    }

    /// The stores of a component.
    fn stores_of(&self, component: usize) -> impl Iterator<Item = usize> + '_ {
        let first = self.own.get(component).copied().filter(|own| *own != NONE);
        let all = first.map_or(0..0, |first| first as usize..self.stores.len());
        all.take_while(move |&at| self.stores[at].0.index() == component)
    }

    /// Who would stand if of all stores of one kind there were but one, and nothing came in anywhere.
    fn enough(&self, plant: &Plant, circuit: &Circuit) -> Vec<(ComponentId, u32)> {
        let mut found = Vec::new();
        for role in [Role::Power, Role::Cooling] {
            let is_other = |inlet: usize| {
                let inlet = &circuit.inlets()[inlet];
                inlet.role != role || inlet.takes_over
            };
            let mut dark = Vec::new();
            let mut none = |inlet: usize, word: &mut [u64; 1]| {
                *word = if is_other(inlet) { [u64::MAX] } else { [0] };
            };
            circuit.evaluate_carried(&[], &mut none, &mut dark);
            let mut values = Vec::new();
            for first in (0..self.stores.len()).step_by(64 * LANES) {
                let mut one = |inlet: usize, words: &mut [u64; LANES]| {
                    *words = if is_other(inlet) { [u64::MAX; LANES] } else { [0; LANES] };
                    let lane = (self.of_inlet[inlet] as usize).checked_sub(first);
                    if let Some(lane) = lane.filter(|lane| *lane < 64 * LANES) {
                        words[lane / 64] |= 1 << (lane % 64);
                    }
                };
                circuit.evaluate_carried(&[], &mut one, &mut values);
                for id in (0..).map(ComponentId).take(plant.components().len()) {
                    let gate = circuit.stands(id).index();
                    if dark[gate] != [0] {
                        continue;
                    }
                    for (w, mut word) in values[gate].into_iter().enumerate() {
                        while word != 0 {
                            let lane = first + w * 64 + word.trailing_zeros() as usize;
                            found.push((id, u32::try_from(lane).expect("components fit u32")));
                            word &= word - 1;
                        }
                    }
                }
            }
        }
        found.sort_unstable();
        found
    }

    /// The stores that are each enough for a component to stand.
    pub(crate) fn enough_for(&self, component: ComponentId) -> impl Iterator<Item = usize> + '_ {
        let begins = |at: usize| self.first.get(at).map_or(0, |first| *first as usize);
        let own = begins(component.index())..begins(component.index() + 1);
        self.enough[own].iter().map(|store| *store as usize)
    }
}

fn lasts(plant: &Plant, inlet: &Inlet) -> Lasts {
    let span = match (inlet.role, plant.component(inlet.of).attribute(Attribute::Runtime)) {
        _ if inlet.takes_over => return Lasts::FromThenOn,
        (Role::Power, Some(Value::Span(_, max))) => max.saturating_mul(PART_LOAD),
        (Role::Power, _) => RUNTIME_UNKNOWN,
        (_, _) => STAYS_COOL,
    };
    Lasts::For(SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX))
}

/// What is told of the stores: of each in each epoch, what would be gained by its being empty.
#[derive(Debug)]
pub(crate) struct Told<'a> {
    batteries: &'a Batteries,
    tallies: Vec<Tally>,
    /// Of the thing that is being heard: what all of its facts gain, and those that need each store.
    sum: Option<f64>,
    needing: Vec<(usize, f64)>,
}

/// What is told of one store, by epoch.
#[derive(Clone, Copy, Default, Debug)]
struct Tally {
    /// By what cannot be without it.
    needs: [Option<f64>; EPOCHS],
    /// By what can, and for whom it is enough.
    enough: [Option<f64>; EPOCHS],
}

impl<'a> Told<'a> {
    /// Nothing yet. `None` in a plant without stores.
    pub(crate) fn of(batteries: &'a Batteries) -> Option<Self> {
        let tallies = vec![Tally::default(); batteries.stores.len()];
        let told = Self { batteries, tallies, sum: None, needing: Vec::new() };
        (!told.tallies.is_empty()).then_some(told)
    }

    /// A fact: what it gains (natural logarithm) by being down, and what would bring it down alone.
    pub(crate) fn fact(&mut self, gain: f64, alone: &[InputId]) {
        *self.sum.get_or_insert(0.0) += gain;
        for store in alone.iter().flat_map(|input| self.batteries.stores_of(input.index())) {
            match self.needing.iter_mut().find(|(other, _)| *other == store) {
                Some((_, sum)) => *sum += gain,
                None => self.needing.push((store, gain)),
            }
        }
    }

    /// These facts were of one thing in one epoch, which speaks with no more than `least` against its being dark;
    /// and so do as many as `count`.
    pub(crate) fn spoken(&mut self, of: Option<ComponentId>, epoch: usize, least: f64, count: u32) {
        let count = f64::from(count);
        for (store, gain) in self.needing.drain(..) {
            *self.tallies[store].needs[epoch].get_or_insert(0.0) += gain.max(least) * count;
        }
        let Some(sum) = self.sum.take() else { return };
        for store in of.into_iter().flat_map(|of| self.batteries.enough_for(of)) {
            *self.tallies[store].enough[epoch].get_or_insert(0.0) += sum.max(least) * count;
        }
    }
}

impl Tally {
    /// By the epoch in which nothing came in any more, the epochs in which it went on: until it is seen to be
    /// empty, or must be.
    fn went_on(&self, spans: &[(Timestamp, Timestamp)], lasts: Lasts) -> [u8; EPOCHS] {
        let mut table = [0; EPOCHS];
        let gained = |epoch: usize| self.needs[epoch].or(self.enough[epoch]);
        if !(0..EPOCHS).any(|epoch| gained(epoch).is_some_and(|gained| gained < 0.0)) {
            return table;
        }
        for (from, &(since, _)) in spans.iter().enumerate().take(EPOCHS) {
            for (epoch, &(_, until)) in spans.iter().enumerate().take(EPOCHS).skip(from) {
                let empty = gained(epoch).is_some_and(|gained| gained > 0.0);
                match lasts {
                    Lasts::For(longest) if empty || until.duration_since(since) > longest => break,
                    Lasts::FromThenOn if empty => {}
                    Lasts::For(_) | Lasts::FromThenOn => table[from] |= 1 << epoch,
                }
            }
        }
        table
    }
}

/// Which stores went on in which epochs although nothing came in.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    /// By inlet: by the epoch in which nothing came in any more, the epochs in which it went on all the same.
    went_on: Vec<[u8; EPOCHS]>,
}

impl Carried {
    /// By what is told, and from when to when each epoch lasted.
    pub(crate) fn of(told: &Told<'_>, spans: &[(Timestamp, Timestamp)]) -> Self {
        let Told { batteries, tallies, .. } = told;
        let tables: Vec<[u8; EPOCHS]> = tallies
            .iter()
            .zip(&batteries.stores)
            .map(|(tally, &(_, _, lasts))| tally.went_on(spans, lasts))
            .collect();
        if tables.iter().all(|table| *table == [0; EPOCHS]) {
            return Self::default();
        }
        Self { went_on: batteries.of_inlet.iter().map(|&store| tables[store as usize]).collect() }
    }

    /// Whether none did.
    pub(crate) fn is_empty(&self) -> bool {
        self.went_on.is_empty()
    }

    /// The inlets whose store went on at some time.
    pub(crate) fn inlets<'c>(&'c self, circuit: &'c Circuit) -> impl Iterator<Item = GateId> + 'c {
        let inlets = circuit.inlets().iter().zip(&self.went_on);
        inlets.filter(|(_, table)| **table != [0; EPOCHS]).map(|(inlet, _)| inlet.gate)
    }

    /// Turns what comes in at an inlet into what goes on. Each `width` scenarios (a power of two) are the epochs
    /// of one history, from the first on.
    pub(crate) fn carry<const W: usize>(&self, inlet: usize, words: &mut [u64; W], width: usize) {
        let Some(table) = self.went_on.get(inlet).filter(|table| **table != [0; EPOCHS]) else {
            return;
        };
        for word in words.iter_mut().filter(|word| **word != u64::MAX) {
            for row in (0..64).step_by(width) {
                let mut gone: Option<usize> = None;
                for epoch in 0..width {
                    let bit = 1_u64 << (row + epoch);
                    if *word & bit != 0 {
                        gone = None;
                        continue;
                    }
                    let since = *gone.get_or_insert(epoch);
                    if table[since] >> epoch & 1 == 1 {
                        *word |= bit;
                    }
                }
            }
        }
    }
}
