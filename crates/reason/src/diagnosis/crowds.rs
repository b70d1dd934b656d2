//! What is up, machine by machine; and of the machines that are alike, one for all.
//!
//! Whatever fails, most machines work, and nothing that is asked tells forty servers of one rack apart while all
//! of them do. Those that were seen alike and whose checks are [`Alike`] are a *crowd*: one of them speaks, and
//! counts for as many. Each is asked at its own phase, so that one had three tries where the next had four: who
//! speaks says how many they had in the mean, rounded down. So ten thousand machines that work cost a search what
//! their racks cost. Crowds are told once for all searches of a judgement. A machine that a search could name
//! something of is taken out of its crowd.
//!
//! It weighs nothing. That a diagnosis with crowds is the one without is tested on random plants (`tests`).

use super::Fact;
use crate::battery::Batteries;
use crate::circuit::{Alike, GateId, InputId, Owner, scattered};
use crate::hashed::NumberMap;
use std::collections::BTreeSet;

/// What is up, in crowds.
#[derive(Debug)]
pub(crate) struct Crowds<'a> {
    alike: &'a Alike,
    /// Each with its number among all that are up, in the order of machines and epochs.
    facts: Vec<(usize, Fact)>,
    /// Where the facts of each machine begin, and one more; a fact without a machine is by itself.
    start: Vec<usize>,
    /// Whose each is, in order.
    owners: Vec<(Owner, Machine)>,
    /// Its machines, in order.
    crowds: Vec<Vec<Machine>>,
    crowd_of: Vec<u32>,
    /// How often all machines of each crowd were tried, by which of a machine's facts it is.
    tries: Vec<Vec<u64>>,
}

/// A machine, by its place among those that are up.
pub(super) type Machine = u32;

/// A fact that speaks for as many as `count`.
#[derive(Clone, Copy)]
pub(super) struct Spoken {
    pub(super) at: usize,
    pub(super) fact: Fact,
    pub(super) count: u32,
    pub(super) speaks: Speaks,
}

/// For whom a fact speaks.
#[derive(Clone, Copy)]
pub(super) enum Speaks {
    Itself,
    /// For a crowd of those that are up: which, and which of a machine's facts it is.
    Up(u32, u32),
    /// For facts of machines that failed alike ([`super::failed_alike`]).
    Failed(u32),
}

impl Spoken {
    /// A fact that speaks for itself.
    pub(super) const fn alone(&(at, fact): &(usize, Fact)) -> Self {
        Self { at, fact, count: 1, speaks: Speaks::Itself }
    }
}

impl<'a> Crowds<'a> {
    /// Of facts that are up, each with its number. As much as sorting them.
    pub(crate) fn of(
        up: impl Iterator<Item = (usize, Fact)>,
        alike: &'a Alike,
        batteries: &Batteries,
    ) -> Self {
        let given: Vec<(usize, Fact)> = up.collect();
        // Machine, epoch and number in one word.
        let word = |(place, (at, fact)): (usize, &(usize, Fact))| {
            u128::from(order(fact, *at)) << 64 | u128::from(fact.epoch) << 56 | place as u128
        };
        let mut sorted: Vec<u128> = given.iter().enumerate().map(word).collect();
        sorted.sort_unstable();
        let place = |word: u128| usize::try_from(word & ((1 << 56) - 1)).expect("it was one");
        let facts: Vec<(usize, Fact)> = sorted.into_iter().map(|it| given[place(it)]).collect();
        let mut this = Self {
            alike,
            facts: Vec::new(),
            start: Vec::new(),
            owners: Vec::new(),
            crowds: Vec::new(),
            crowd_of: Vec::new(),
            tries: Vec::new(),
        };
        let mut known: NumberMap<u64, u32> = NumberMap::default();
        let mut last: Option<(u64, u32)> = None;
        let mut begin = 0;
        let same = |a: &(usize, Fact), b: &(usize, Fact)| order(&a.1, a.0) == order(&b.1, b.0);
        for own in facts.chunk_by(same) {
            let at = Machine::try_from(this.start.len()).expect("machines fit u32");
            this.start.push(begin);
            begin += own.len();
            if let Some(owner) = this.owner(&own[0].1) {
                this.owners.push((owner, at));
            }
            let fresh = u32::try_from(this.crowds.len()).expect("machines fit u32");
            let crowd = match this.looks(own, batteries) {
                None => fresh,
                // Most look as the one before.
                Some(looks) => match last.filter(|(as_it, _)| *as_it == looks) {
                    Some((_, crowd)) => crowd,
                    None => {
                        let crowd = *known.entry(looks).or_insert(fresh);
                        last = Some((looks, crowd));
                        crowd
                    }
                },
            };
            if crowd == fresh {
                this.crowds.push(Vec::new());
                this.tries.push(vec![0; own.len()]);
            }
            for (sum, (_, fact)) in this.tries[crowd as usize].iter_mut().zip(own) {
                *sum += u64::from(fact.tries);
            }
            this.crowds[crowd as usize].push(at);
            this.crowd_of.push(crowd);
        }
        this.start.push(begin);
        this.owners.sort_unstable();
        this.facts = facts;
        this
    }

    /// Whose parts alone a fact's machine, or its check, stands on.
    fn owner(&self, fact: &Fact) -> Option<Owner> {
        fact.machine.map_or_else(|| self.alike.owner(fact.gate), |id| Some(Owner::machine(id)))
    }

    /// What a machine is known by; `None` for one that is like no other.
    fn looks(&self, own: &[(usize, Fact)], batteries: &Batteries) -> Option<u64> {
        let machine = own[0].1.machine;
        let mut looks = u64::from(machine.is_some());
        let mut with = |word: u64| looks = scattered(looks ^ scattered(word));
        for store in machine.into_iter().flat_map(|id| batteries.enough_for(id)) {
            with(store as u64 | 1 << 63);
        }
        for (_, fact) in own {
            let class = self.alike.class(fact.gate)?;
            let plain = Fact {
                epoch: fact.epoch,
                of: fact.of,
                machine,
                seen_by: fact.seen_by,
                ..Fact::plain(fact.gate, true, fact.tries)
            };
            if plain != *fact {
                return None;
            }
            with(u64::from(class) << 8 | u64::from(fact.epoch));
        }
        Some(looks)
    }

    /// The machines of which something is named by these facts or inputs, in order.
    pub(super) fn named(
        &self,
        facts: impl Iterator<Item = Fact>,
        inputs: impl Iterator<Item = InputId>,
    ) -> Vec<Machine> {
        let facts = facts.filter_map(|fact| fact.machine).map(Owner::machine);
        let inputs = inputs.filter_map(|input| self.alike.owner_of(input));
        let owners: BTreeSet<Owner> = facts.chain(inputs).collect();
        let mut named: Vec<Machine> =
            owners.into_iter().flat_map(|owner| self.of_owner(owner)).collect();
        named.sort_unstable();
        named
    }

    /// The machines of an owner, of which something is up.
    pub(super) fn of_owner(&self, owner: Owner) -> impl Iterator<Item = Machine> {
        let from = self.owners.partition_point(|(other, _)| *other < owner);
        let own = self.owners[from..].iter().take_while(move |(other, _)| *other == owner);
        own.map(|(_, at)| *at)
    }

    /// Whose checks alone hang on this input.
    pub(super) fn owner_of(&self, input: InputId) -> Option<Owner> {
        self.alike.owner_of(input)
    }

    /// What a check that looks at this gate is known by.
    pub(super) fn class(&self, gate: GateId) -> Option<u32> {
        self.alike.class(gate)
    }

    /// Which crowd a machine is of.
    pub(super) fn crowd_of(&self, machine: Machine) -> u32 {
        self.crowd_of[machine as usize]
    }

    /// What is to be looked at: everything of those that are named, and one of each crowd for the others; not those
    /// who are spoken for elsewhere. Both in order.
    pub(super) fn spoken(&self, named: &[Machine], elsewhere: &[Machine]) -> Vec<Spoken> {
        let mut taken = vec![0_u32; self.crowds.len()];
        let mut tries = self.tries.clone();
        for &machine in named.iter().chain(elsewhere) {
            let crowd = self.crowd_of[machine as usize] as usize;
            taken[crowd] += 1;
            let own = self.facts_of(machine);
            for (sum, (_, fact)) in tries[crowd].iter_mut().zip(own) {
                *sum -= u64::from(fact.tries);
            }
        }
        let is_taken =
            |it: &Machine| named.binary_search(it).is_ok() || elsewhere.binary_search(it).is_ok();
        let mut spoken: Vec<Spoken> =
            named.iter().flat_map(|&it| self.facts_of(it)).map(Spoken::alone).collect();
        for (((crowd, at), taken), tries) in self.crowds.iter().zip(0..).zip(taken).zip(tries) {
            let count = u32::try_from(crowd.len()).expect("machines fit u32") - taken;
            let first = crowd.iter().find(|it| taken == 0 || !is_taken(it));
            let Some(&first) = first else { continue };
            let own = self.facts_of(first).iter().zip(0..).zip(tries);
            spoken.extend(own.map(|((&(fact_at, fact), nth), tries)| {
                let fact = Fact { tries: mean(tries, count), ..fact };
                Spoken { at: fact_at, fact, count, speaks: Speaks::Up(at, nth) }
            }));
        }
        spoken
    }

    /// The numbers of all whom one fact of a crowd speaks for: not of those who were taken out of it, in order.
    pub(super) fn all_of(
        &self,
        (crowd, nth): (u32, u32),
        taken: &[Machine],
    ) -> impl Iterator<Item = usize> {
        let others = self.crowds[crowd as usize].iter();
        let others = others.filter(move |it| taken.binary_search(it).is_err());
        others.map(move |&machine| self.facts_of(machine)[nth as usize].0)
    }

    /// What is seen of a machine that is up, each with its number.
    pub(super) fn facts_of(&self, machine: Machine) -> &[(usize, Fact)] {
        let at = machine as usize;
        &self.facts[self.start[at]..self.start[at + 1]]
    }
}

/// How often each of so many was tried in the mean, rounded down; once at least.
pub(super) fn mean(tries: u64, count: u32) -> u32 {
    u32::try_from(tries / u64::from(count)).unwrap_or(u32::MAX).max(1)
}

/// Machines come in the order of the plant, and what has none after them.
pub(super) fn order(fact: &Fact, at: usize) -> u64 {
    match fact.machine {
        Some(machine) => machine.index() as u64,
        None => 1 << 32 | at as u64,
    }
}
