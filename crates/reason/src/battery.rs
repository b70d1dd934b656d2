//! Batteries: what a UPS carries goes on for a while after its sources have gone.
//!
//! So that a thing behind a UPS is up proves that the UPS was fed at some time within its runtime, and no more.
//! The [circuit](crate::circuit) knows no time; here it is said how long a battery lasts at most, who can be
//! seen to be carried, and from what is seen in each epoch whether each UPS went on. What is seen decides, for
//! nobody knows how full a battery is: within the runtime an UPS whose sources are gone goes on while
//! most of what hangs on it is seen up, and is empty when most is seen down. After it, it is empty.
//!
//! It moves no load and knows of no start gap; that is for [`load`](crate::load). Tested at the door of `step`
//! (`tests/it/batteries.rs`).

use crate::circuit::{Circuit, GateId, InputId};
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::time::{Duration, SignedDuration, Timestamp};
use blackstart_model::{ComponentId, Plant};

/// How much longer than its runtime a battery may last: that is given at rated load, and half of two that stand
/// for each other carry half of it at most. By Peukert's law a lead battery then lasts 2.2 to 2.5 times as
/// long; here it is no less than double (chosen by hand).
const PART_LOAD: u32 = 2;

/// How long a UPS may carry of which the plant does not say it: common ones are bought for five to fifteen
/// minutes (chosen by hand).
const RUNTIME_UNKNOWN: Duration = Duration::from_secs(15 * 60);

/// Batteries of one sweep.
const LANES: usize = 4;

/// Epochs of one outage at most.
const EPOCHS: usize = crate::diagnosis::EPOCHS_MAX as usize;

/// No battery.
const NONE: u32 = u32::MAX;

/// The UPS of a plant.
#[derive(Debug, Default)]
pub(crate) struct Batteries {
    /// How long each lasts at most.
    longest: Vec<SignedDuration>,
    /// By inlet of the circuit: whose it is.
    of_inlet: Vec<u32>,
    /// By component: which UPS it is.
    own: Vec<u32>,
    /// Who stands on which, where one UPS is enough to stand on: in order.
    enough: Vec<(ComponentId, u32)>,
}

impl Batteries {
    /// Of a plant. A sweep of the circuit for each 256 UPS.
    pub(crate) fn of(plant: &Plant, circuit: &Circuit) -> Self {
        let mut this = Self::default();
        if circuit.inlets().is_empty() {
            return this;
        }
        this.own = vec![NONE; plant.components().len()];
        for &(ups, _) in circuit.inlets() {
            let own = &mut this.own[ups.index()];
            if *own == NONE {
                *own = u32::try_from(this.longest.len()).expect("components fit u32");
                this.longest.push(longest(plant, ups));
            }
            this.of_inlet.push(*own);
        }
        this.enough = this.enough(plant, circuit);
        this
    }

    /// Whether this component is a UPS, and which.
    fn ups(&self, component: usize) -> Option<usize> {
        self.own.get(component).filter(|own| **own != NONE).map(|own| *own as usize)
    }

    /// Who would stand if nothing but one of them gave power.
    fn enough(&self, plant: &Plant, circuit: &Circuit) -> Vec<(ComponentId, u32)> {
        let mut dark = Vec::new();
        circuit.evaluate_carried::<1>(&[], &mut |_, word| *word = [0], &mut dark);
        let mut values = Vec::new();
        let mut found = Vec::new();
        for first in (0..self.longest.len()).step_by(64 * LANES) {
            let mut only_one = |inlet: usize, words: &mut [u64; LANES]| {
                *words = [0; LANES];
                let lane = (self.of_inlet[inlet] as usize).checked_sub(first);
                if let Some(lane) = lane.filter(|lane| *lane < 64 * LANES) {
                    words[lane / 64] = 1 << (lane % 64);
                }
            };
            circuit.evaluate_carried(&[], &mut only_one, &mut values);
            for id in (0..).map(ComponentId).take(plant.components().len()) {
                let gate = circuit.stands(id).index();
                if dark[gate] == [0] {
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

    /// The UPS that are each enough for a component to stand.
    fn enough_for(&self, component: ComponentId) -> impl Iterator<Item = usize> + '_ {
        let from = self.enough.partition_point(|(id, _)| *id < component);
        self.enough[from..]
            .iter()
            .take_while(move |(id, _)| *id == component)
            .map(|it| it.1 as usize)
    }
}

fn longest(plant: &Plant, ups: ComponentId) -> SignedDuration {
    let span = match plant.component(ups).attribute(Attribute::Runtime) {
        Some(Value::Span(_, max)) => max.saturating_mul(PART_LOAD),
        _ => RUNTIME_UNKNOWN,
    };
    SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX)
}

/// What one thing tells of the UPS in one epoch.
pub(crate) struct Told<'a> {
    /// In which epoch.
    pub(crate) epoch: usize,
    /// Whose word it is.
    pub(crate) of: Option<ComponentId>,
    /// What it would gain if it were dark (natural logarithm), each with the single inputs that would make it so.
    pub(crate) facts: Vec<(f64, &'a [InputId])>,
    /// The most that it loses by that.
    pub(crate) least: f64,
}

/// Which UPS went on in which epochs without what feeds them.
#[derive(Debug, Default)]
pub(crate) struct Carried {
    /// By inlet: by the epoch in which nothing came in any more, the epochs in which it went on all the same.
    went_on: Vec<[u8; EPOCHS]>,
}

/// What speaks of one UPS, by epoch: what would be gained by its being empty.
#[derive(Clone, Copy, Default)]
struct Tally {
    /// Of what cannot be without it.
    needs: [Option<f64>; EPOCHS],
    /// Of what can, and for whom it is enough.
    enough: [Option<f64>; EPOCHS],
}

impl Tally {
    /// By the epoch in which nothing came in any more, the epochs in which it went on: until it is seen to be
    /// empty, or must be.
    fn went_on(&self, spans: &[(Timestamp, Timestamp)], longest: SignedDuration) -> [u8; EPOCHS] {
        let mut table = [0; EPOCHS];
        let gained = |epoch: usize| self.needs[epoch].or(self.enough[epoch]);
        if !(0..EPOCHS).any(|epoch| gained(epoch).is_some_and(|gained| gained < 0.0)) {
            return table;
        }
        for (from, &(since, _)) in spans.iter().enumerate().take(EPOCHS) {
            for (epoch, &(_, until)) in spans.iter().enumerate().take(EPOCHS).skip(from) {
                let empty = gained(epoch).is_some_and(|gained| gained > 0.0);
                if empty || until.duration_since(since) > longest {
                    break;
                }
                table[from] |= 1 << epoch;
            }
        }
        table
    }
}

impl Carried {
    /// From what is told, and from when to when each epoch lasted.
    pub(crate) fn of<'a>(
        batteries: &Batteries,
        spans: &[(Timestamp, Timestamp)],
        told: impl Iterator<Item = Told<'a>>,
    ) -> Self {
        let mut tallies = vec![Tally::default(); batteries.longest.len()];
        for told in told.filter(|told| !told.facts.is_empty()) {
            let mut needed: Vec<(usize, f64)> = Vec::new();
            for (gain, inputs) in &told.facts {
                for ups in inputs.iter().filter_map(|input| batteries.ups(input.index())) {
                    match needed.iter_mut().find(|(other, _)| *other == ups) {
                        Some((_, sum)) => *sum += gain,
                        None => needed.push((ups, *gain)),
                    }
                }
            }
            for (ups, sum) in needed {
                let known = &mut tallies[ups].needs[told.epoch];
                *known = Some(known.unwrap_or(0.0) + sum.max(told.least));
            }
            let sum: f64 = told.facts.iter().map(|(gain, _)| gain).sum();
            for ups in told.of.into_iter().flat_map(|id| batteries.enough_for(id)) {
                let known = &mut tallies[ups].enough[told.epoch];
                *known = Some(known.unwrap_or(0.0) + sum.max(told.least));
            }
        }
        let tables: Vec<[u8; EPOCHS]> = tallies
            .iter()
            .zip(&batteries.longest)
            .map(|(tally, &longest)| tally.went_on(spans, longest))
            .collect();
        if tables.iter().all(|table| *table == [0; EPOCHS]) {
            return Self::default();
        }
        Self { went_on: batteries.of_inlet.iter().map(|&ups| tables[ups as usize]).collect() }
    }

    /// Whether none did.
    pub(crate) fn is_empty(&self) -> bool {
        self.went_on.is_empty()
    }

    /// The inlets whose UPS went on at some time.
    pub(crate) fn inlets<'c>(&'c self, circuit: &'c Circuit) -> impl Iterator<Item = GateId> + 'c {
        let inlets = circuit.inlets().iter().zip(&self.went_on);
        inlets.filter(|(_, table)| **table != [0; EPOCHS]).map(|((_, gate), _)| *gate)
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
