//! Whom to suspect: what could have brought down something that fails, and which facts each suspect speaks to.
//!
//! A suspect is a set of inputs: one that brings a failing gate down alone (its killer set), or a minimal
//! cut set of two or three behind redundancy ([`super::cuts`]). Sets that bring down the same facts
//! are one suspect: nothing seen tells them apart. Facts stand in the order of machines, so that
//! what a suspect explains on one machine lies together; and machines that are wholly up, were seen alike
//! and hang on the same suspects are one *row* that counts for all of them. So ten thousand machines
//! that work cost what one does.
//!
//! It weighs nothing but priors. Tested through the ranking.

use super::crowds::{Machine, Speaks, Spoken, order};
use super::cuts::Cut;
use super::failed_alike::FailedAlike;
use super::likelihood::{fits, log_add};
use super::price::SAME_MINUTE;
use super::wires::{WRONG_EDGE, Wires};
use super::{EPOCHS_MAX, Fact, Question, UNMODELLED_EACH, hard_mode};
use crate::battery::{Carried, Told};
use crate::circuit::{Choice, GateId, InputId, Part, Subject, scattered};
use crate::hashed::NumberMap;
use blackstart_model::ComponentId;
use blackstart_model::kind::Kind;
use blackstart_model::quantity::{Attribute, Value};
use blackstart_model::record::FaultMode;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Rates at which a flaky thing is tried to fail, of its tries (chosen by hand: they lie so close that no
/// count of tries a check makes in an hour tells a rate from its neighbour).
pub(super) const RATES: [f64; 5] = [0.02, 0.1, 0.3, 0.6, 0.9];

/// Failing gates whose cut sets are looked for (chosen by hand: those with the same killers count once).
const ASKED_MAX: usize = 8;

/// Cut sets of each of these that are kept whether others share them or not.
const BEST_OF_EACH: usize = 8;

/// Cut sets of more than one input that are looked at.
const TOGETHER_MAX: usize = 256;

/// What one hand, one piece of software or one upstream did to one thing, it did to another of its kind too with
/// this chance; and what can take down several, and took one, another of them (chosen by hand).
const KIN_TOO: f64 = 0.3;

/// What broke one of several of a kind that stand in for each other broke the next of them too: the beta factor of
/// IEC 61508-6, annex D, which has it between 0.01 and 0.1 (the same make, the same room, the same storm).
pub(super) const COMMON_CAUSE: f64 = 0.05;

/// Words of 64 scenarios in one sweep of the circuit.
const LANES: usize = 4;

/// How a fact fits every prediction; facts that were counted alike share it.
#[derive(Clone, Copy)]
pub(super) struct Fits {
    /// When all works, when something is down, and at each of the [`RATES`].
    pub(super) calm: f64,
    pub(super) hard: f64,
    pub(super) flaky: [f64; RATES.len()],
    /// The best it can fit.
    pub(super) at_best: f64,
    /// For a word: how likely what it says was before anybody said it.
    pub(super) made_up: f64,
}

impl Fits {
    fn of(fact: &Fact, down_today: bool, made_up: f64) -> Self {
        let (calm, hard) = (fits(fact, 0.0, made_up), fits(fact, 1.0, made_up));
        let flaky = RATES.map(|rate| if down_today { hard } else { fits(fact, rate, made_up) });
        Self {
            calm: if down_today { hard } else { calm },
            hard,
            flaky,
            at_best: flaky.iter().copied().fold(hard, f64::max),
            made_up,
        }
    }

    fn each(&mut self) -> impl Iterator<Item = &mut f64> {
        let Self { calm, hard, flaky, at_best, made_up: _ } = self;
        [calm, hard, at_best].into_iter().chain(flaky)
    }

    fn times(&mut self, factor: f64) {
        self.each().for_each(|own| *own *= factor);
    }

    fn plus(&mut self, mut other: Self, factor: f64) {
        self.each().zip(other.each()).for_each(|(own, other)| *own += *other * factor);
    }
}

/// A fact with its machine and how it fits.
#[derive(Clone, Copy)]
pub(super) struct Weighed {
    /// Its place in the slice the engine was given.
    pub(super) given: usize,
    pub(super) fact: Fact,
    /// Facts of one machine share a number.
    pub(super) group: u32,
    /// It fails or answers badly.
    pub(super) bad: bool,
    /// It is down today, whatever broke.
    pub(super) down_today: bool,
    /// Of so many machines that are alike.
    pub(super) count: u32,
    speaks: Speaks,
    /// Which of the [`Fits`] it has.
    fits: u32,
}

/// What the search looks at: a fact, or all of some machines that are up and alike.
pub(super) struct Place {
    pub(super) epoch: u8,
    /// Places of one row share a number.
    pub(super) group: u32,
    /// So many machines.
    pub(super) count: u32,
    pub(super) bad: bool,
    pub(super) down_today: bool,
    pub(super) fits: Fits,
    /// The fact, or one of them.
    pub(super) fact: Fact,
    /// The fact's number; of several, one of them.
    pub(super) of: u32,
}

/// One or more sets of inputs that no fact tells apart.
pub(super) struct Suspect {
    /// The sets, likeliest first, with the logarithm of their prior as hard faults.
    pub(super) members: Vec<(f64, Vec<InputId>)>,
    /// The prior of any of them: hard, partly, in turns.
    pub(super) hard: f64,
    pub(super) partial: f64,
    pub(super) flaky: f64,
    /// Whether each of the inputs of the first set stood by, and had failed long before.
    pub(super) stood_by: Vec<bool>,
    /// Something may follow from the likeliest of them.
    pub(super) carries: bool,
    /// The components among its single inputs.
    pub(super) own: Vec<ComponentId>,
    /// What a fault in part of it may hit, besides whole machines.
    pub(super) parts: Parts,
    /// It is a vantage: which checks are put from there is known, and not drawn.
    pub(super) is_vantage: bool,
    /// It speaks to something that fails and to something that does not, or fails in turns: it
    /// may be flaky, or down in part.
    pub(super) mixed: bool,
    /// What is believed of a deed on it: from which epoch on, and the logarithms of "the fault ended with
    /// it" and "it went on".
    pub(super) deeds: Vec<(u8, f64, f64)>,
    facts: std::ops::Range<u32>,
    bad: std::ops::Range<u32>,
    /// Where a battery carries some of its facts: which of them, by the epoch in which it failed.
    carried: Option<Box<[u8]>>,
}

/// All suspects of one question.
pub(super) struct Suspects<'a> {
    /// Every fact, in the order of machines and epochs.
    pub(super) facts: Vec<Weighed>,
    fits: Vec<Fits>,
    /// Those that fail, each with the number it was given, in the order of these.
    pub(super) failing: Vec<(usize, u32)>,
    /// The latter, a bit each.
    pub(super) fails: Vec<u64>,
    /// How many epochs there are, one at least.
    pub(super) epochs: u8,
    pub(super) places: Vec<Place>,
    /// Those of them that are bad.
    pub(super) bad: Vec<u32>,
    pub(super) all: Vec<Suspect>,
    lists: Vec<u32>,
    bad_lists: Vec<u32>,
    /// Who brings each place that is bad down: `by_place[by_start[p]..by_start[p + 1]]`.
    by_start: Vec<u32>,
    by_place: Vec<u32>,
    /// How the inputs of each set of several failed.
    ways: BTreeMap<Vec<InputId>, Vec<FaultMode>>,
    /// The prior of each input of each set of several.
    each: BTreeMap<Vec<InputId>, Vec<f64>>,
    /// Single inputs among the suspects.
    pub(super) singles: usize,
    /// Larger sets among them.
    pub(super) together: usize,
    /// Larger sets were left out for there were too many.
    pub(super) capped: bool,
    /// The logarithm of the prior of something that the plant does not contain.
    pub(super) log_unmodelled: f64,
    /// What went on although nothing came in.
    batteries: Carried,
    /// What the facts look at, and where each of them stands in it: its gate, and that of its answer.
    part: Part,
    shows: Vec<(u32, Option<u32>)>,
    /// The machines that are up and no crowd of those speaks for, in order.
    taken: Vec<Machine>,
    /// Those that failed, and for whom one of them speaks.
    pub(super) alike: FailedAlike,
    /// Where wires could lie.
    pub(super) wires: Wires<'a>,
}

impl<'a> Suspects<'a> {
    /// Finds everybody who could have done any of what fails.
    pub(super) fn of(question: &Question<'a>) -> Self {
        let alike = FailedAlike::of(question);
        let own = || alike.spoken.iter().copied();
        let (failing, _) = weighed(question, own().filter(|it| !it.fact.is_up()).collect());
        let inputs = alone(question, &failing);
        let hard = |input| (question.log_prior)(input, FaultMode::Down);
        let (together, capped) = together(question, &failing, &hard);
        let (mut all, mut taken): (Vec<Spoken>, _) = (own().collect(), Vec::new());
        if let Some((crowds, from)) = question.up {
            let alone = own().filter(|it| matches!(it.speaks, Speaks::Itself));
            let sets = together.iter().flat_map(|set| set.inputs());
            taken = crowds.named(alone.map(|it| it.fact), inputs.iter().copied().chain(sets));
            let spoken = crowds.spoken(&taken, &alike.machines).into_iter();
            all.extend(spoken.map(|it| Spoken { at: it.at + from, ..it }));
            taken.extend(&alike.machines);
            taken.sort_unstable();
        }
        let (facts, fits) = weighed(question, all);
        let batteries = carried(question, &facts, &fits);
        let answers = |fact: &Weighed| fact.fact.answered;
        let gates = facts.iter().flat_map(|fact| [Some(fact.fact.gate), answers(fact)]).flatten();
        let part = Part::of(question.circuit, gates.chain(batteries.inlets(question.circuit)));
        let place = |gate| part.place(gate).expect("it was asked for");
        let shows: Vec<(u32, Option<u32>)> =
            facts.iter().map(|it| (place(it.fact.gate), answers(it).map(place))).collect();
        let mut lists = brought_down_alone(question, &facts, &inputs);
        let singles = lists.len();
        lists.extend(brought_down(&part, &shows, &facts, &together));
        let kin = kindred(question, &facts, &fits, &lists[..singles]);
        let kin_from = lists.len();
        lists.extend(kin);
        let mut carried = gone_on(question, &part, &shows, &facts, &batteries, &lists);
        let places = places(&facts, &fits, &mut lists, &mut carried);
        let epochs = facts.iter().map(|fact| fact.fact.epoch + 1).max().unwrap_or(1);
        let mut suspects = Self {
            facts,
            failing: Vec::new(),
            fails: Vec::new(),
            fits,
            epochs,
            bad: (0..).zip(&places).filter(|(_, place)| place.bad).map(|(at, _)| at).collect(),
            places,
            all: Vec::new(),
            lists: Vec::new(),
            bad_lists: Vec::new(),
            by_start: Vec::new(),
            by_place: Vec::new(),
            ways: BTreeMap::new(),
            each: BTreeMap::new(),
            singles,
            together: together.len(),
            capped,
            log_unmodelled: question.log_unmodelled,
            batteries,
            part,
            shows,
            taken,
            alike,
            wires: Wires::of(question),
        };
        let bad = (0..).zip(&suspects.facts).filter(|(_, fact)| fact.bad);
        let given = |(at, fact)| suspects.given(question, fact).map(move |given| (given, at));
        let mut failing: Vec<(usize, u32)> = bad.flat_map(given).collect();
        failing.sort_unstable();
        suspects.fails = vec![0; suspects.facts.len().div_ceil(64)];
        for (_, fact) in &failing {
            suspects.fails[*fact as usize / 64] |= 1 << (fact % 64);
        }
        suspects.failing = failing;
        suspects.gather(question, lists, kin_from, carried);
        suspects.turn_over();
        suspects
    }

    /// How a fact fits every prediction.
    pub(super) fn fits_of(&self, fact: &Weighed) -> &Fits {
        &self.fits[fact.fits as usize]
    }

    /// The fit of a fact when something unmodelled did it, which predicts nothing: as well as any rate could,
    /// less a little. But a word that names a thing is of that thing; what the plant does not contain
    /// cannot make it true.
    pub(super) fn unmodelled(&self, fact: &Weighed) -> f64 {
        let fits = self.fits_of(fact);
        if fact.fact.claim { fits.calm } else { fits.at_best + UNMODELLED_EACH }
    }

    /// How a fact fits if a try fails with this chance.
    pub(super) fn fit(&self, fact: &Weighed, q: f64) -> f64 {
        let known = self.fits_of(fact);
        if q <= 0.0 {
            known.calm
        } else if q >= 1.0 {
            known.hard
        } else {
            fits(&fact.fact, q, known.made_up)
        }
    }

    /// The places a suspect brings down, in order.
    pub(super) fn places_of(&self, suspect: u32) -> &[u32] {
        let range = &self.all[suspect as usize].facts;
        &self.lists[range.start as usize..range.end as usize]
    }

    /// Whether a fault in part of a suspect may have hit this place: not where the name of what was to be asked was not
    /// found, and the suspect is but on the way there.
    pub(super) fn may_hit(&self, suspect: u32, place: &Place) -> bool {
        let inputs = &self.all[suspect as usize].members[0].1;
        let carries = |gate| inputs.iter().any(|&input| self.wires.kills(input, gate));
        !place.fact.unasked.is_some_and(carries)
    }

    /// How the inputs of a set of several failed.
    pub(super) fn ways_of(&self, inputs: &[InputId]) -> Option<&[FaultMode]> {
        self.ways.get(inputs).map(Vec::as_slice)
    }

    /// The prior of each input of a set of several.
    pub(super) fn each_of(&self, inputs: &[InputId]) -> &[f64] {
        self.each.get(inputs).map_or(&[], Vec::as_slice)
    }

    /// The bad ones of them.
    pub(super) fn bad_of(&self, suspect: u32) -> &[u32] {
        let range = &self.all[suspect as usize].bad;
        &self.bad_lists[range.start as usize..range.end as usize]
    }

    /// Who has a place in common with this one, itself among them.
    pub(super) fn beside(&self, suspect: u32) -> Rc<[u32]> {
        let own = self.places_of(suspect);
        let (Some(first), Some(last)) = (own.first(), own.last()) else { return Rc::from([]) };
        let meets = |other: &u32| {
            let others = self.places_of(*other);
            let from = others.partition_point(|place| place < first);
            let others = others[from..].iter().take_while(|place| *place <= last);
            others.into_iter().any(|place| own.binary_search(place).is_ok())
        };
        (0..self.all.len())
            .map(|at| u32::try_from(at).expect("suspects fit u32"))
            .filter(meets)
            .collect()
    }

    /// Who brings a bad place down.
    pub(super) fn of_place(&self, place: usize) -> &[u32] {
        &self.by_place[self.by_start[place] as usize..self.by_start[place + 1] as usize]
    }

    /// Notes for each place who brings it down.
    fn turn_over(&mut self) {
        let mut start = vec![0_u32; self.places.len() + 1];
        for &place in &self.bad_lists {
            start[place as usize + 1] += 1;
        }
        for place in 0..self.places.len() {
            start[place + 1] += start[place];
        }
        let mut next = start.clone();
        self.by_place = vec![0; self.bad_lists.len()];
        for (suspect, at) in self.all.iter().zip(0..) {
            for &place in &self.bad_lists[suspect.bad.start as usize..suspect.bad.end as usize] {
                let next = &mut next[place as usize];
                self.by_place[*next as usize] = at;
                *next += 1;
            }
        }
        self.by_start = start;
    }

    /// Which facts of a suspect go on all the same, in their order: of each a bit for each epoch in which the
    /// suspect may have failed. `None` where none does.
    pub(super) fn carried(&self, suspect: u32) -> Option<&[u8]> {
        self.all[suspect as usize].carried.as_deref()
    }

    /// In which scenarios each fact is to be down, in their order, under these faults and the batteries. Each `width`
    /// scenarios are the epochs of one history.
    pub(super) fn down<const W: usize>(
        &self,
        faults: &[(InputId, [u64; W])],
        width: usize,
    ) -> impl Iterator<Item = [u64; W]> {
        let mut values = Vec::new();
        let mut carry = |inlet: usize, words: &mut [u64; W]| {
            self.batteries.carry(inlet, words, width);
        };
        self.part.evaluate_carried(faults, &mut carry, &mut values);
        self.shows.iter().map(move |shows| is_down(&values, *shows))
    }

    /// The numbers, as they were given, of all the facts that this one speaks for.
    pub(super) fn given(
        &self,
        question: &Question<'_>,
        fact: &Weighed,
    ) -> impl Iterator<Item = usize> {
        let of_up = match (fact.speaks, question.up) {
            (Speaks::Up(crowd, nth), Some((crowds, from))) => {
                Some(crowds.all_of((crowd, nth), &self.taken).map(move |at| from + at))
            }
            _ => None,
        };
        let of_failed = match fact.speaks {
            Speaks::Failed(which) => self.alike.all_of(which),
            Speaks::Itself | Speaks::Up(..) => &[],
        };
        let itself = matches!(fact.speaks, Speaks::Itself).then_some(fact.given);
        of_up.into_iter().flatten().chain(of_failed.iter().copied()).chain(itself)
    }

    /// So many machines' facts fail that a suspect brings down.
    pub(super) fn bad_count(&self, suspect: u32) -> usize {
        let counts = self.bad_of(suspect).iter().map(|&at| self.places[at as usize].count);
        counts.map(|count| count as usize).sum()
    }

    /// Merges what looks alike.
    fn gather(
        &mut self,
        question: &Question<'_>,
        lists: Vec<(Vec<InputId>, Vec<u32>)>,
        kin_from: usize,
        mut carried: BTreeMap<usize, Box<[u8]>>,
    ) {
        let circuit = question.circuit;
        // By what suspects are alike: their places, and which of them batteries carry; the deeds on them, whether each
        // is one input, and the words that name it.
        let mut known: NumberMap<u64, usize> = NumberMap::default();
        for (at, (inputs, facts)) in lists.into_iter().enumerate() {
            let carried = carried.remove(&at);
            let bad = facts.iter().any(|&at| self.places[at as usize].bad);
            if !bad {
                continue;
            }
            let deeds: Vec<(u8, f64, f64)> = match inputs[..] {
                [input] => (question.deeds)(input),
                _ => Vec::new(),
            };
            let single = inputs.len() == 1;
            let mut each: Vec<f64> = Vec::with_capacity(inputs.len());
            let mut stood_by = vec![false; inputs.len()];
            if at >= kin_from {
                // One deed: the likeliest of them, and the others with it.
                let own = inputs.iter().map(|&input| (question.log_prior)(input, FaultMode::Down));
                each.resize(inputs.len(), KIN_TOO.ln());
                each[0] = own.fold(f64::NEG_INFINITY, f64::max);
            } else {
                let ways = ways(question, &inputs);
                // Of several that failed by themselves all but one did so in the minute of that one.
                let mut began = false;
                each.extend(ways.iter().map(|(log_prior, mode)| {
                    let follows = matches!(mode, FaultMode::Latent | FaultMode::Consequential);
                    let pays = !follows && std::mem::replace(&mut began, true);
                    if pays { log_prior + SAME_MINUTE.ln() } else { *log_prior }
                }));
                stood_by = ways.iter().map(|(_, mode)| *mode == FaultMode::Latent).collect();
                if !single {
                    let ways = ways.into_iter().map(|(_, mode)| mode).collect();
                    self.ways.insert(inputs.clone(), ways);
                }
            }
            let mut hard: f64 = each.iter().sum();
            if at < kin_from && is_of_one_kind(question, &inputs) {
                // Each by itself, or one cause of all.
                let own = inputs.iter().map(|&input| (question.log_prior)(input, FaultMode::Down));
                let first = own.fold(f64::NEG_INFINITY, f64::max);
                let others = inputs.iter().skip(1).map(|_| COMMON_CAUSE.ln()).sum::<f64>();
                hard = log_add(hard, first + others);
            }
            if !single {
                self.each.insert(inputs.clone(), each);
            }
            let other = |mode| match inputs[..] {
                [input] => (question.log_prior)(input, mode),
                _ => f64::NEG_INFINITY,
            };
            let (mut own, mut is_vantage) = (None, false);
            if let [input] = inputs[..] {
                match circuit.subject(input) {
                    Subject::Component(id) => own = Some(id),
                    Subject::Vantage(_) => is_vantage = true,
                    Subject::Check(_) | Subject::Carriage { .. } | Subject::Spread { .. } => {}
                }
            }
            // A vantage or a check has nothing that stands on it; an upstream that carries some blocks and not
            // others has inputs for that.
            let has_carriages = |id: ComponentId| {
                let mut all = circuit.subjects().iter();
                all.any(|it| matches!(it, Subject::Carriage { upstream, .. } if *upstream == id))
            };
            let kind = own.map(|id| question.plant.component(id).kind);
            let own_parts = kind.map(parts).unwrap_or_default();
            let has_parts =
                own.is_some_and(|id| kind != Some(Kind::Upstream) || !has_carriages(id));
            let flaky = other(FaultMode::Flaky);
            let partial = if has_parts { other(FaultMode::Partial) } else { f64::NEG_INFINITY };
            let names = |at: u32| {
                let place = &self.places[at as usize];
                place.bad && place.fact.names.is_some_and(|named| inputs.contains(&named))
            };
            let by_deeds =
                deeds.iter().flat_map(|&(at, a, b)| [at.into(), a.to_bits(), b.to_bits()]);
            let by_carried = carried.iter().flatten().map(|&epochs| epochs.into());
            let by_places = facts.iter().map(|&at| u64::from(at) << 1 | u64::from(names(at)));
            let words = by_deeds.chain(by_carried).chain(by_places);
            let sort = u64::from(single) | u64::from(is_vantage) << 1;
            let looks = words.fold(sort, |sum, word| scattered(sum ^ scattered(word)));
            match known.entry(looks) {
                std::collections::hash_map::Entry::Occupied(entry) => {
                    let suspect = &mut self.all[*entry.get()];
                    if hard > suspect.members[0].0 {
                        suspect.stood_by = stood_by;
                        suspect.members.insert(0, (hard, inputs));
                    } else {
                        suspect.members.push((hard, inputs));
                    }
                    suspect.hard = log_add(suspect.hard, hard);
                    suspect.partial = log_add(suspect.partial, partial);
                    suspect.flaky = log_add(suspect.flaky, flaky);
                    suspect.own.extend(own);
                    let Parts { things, flows } = own_parts;
                    suspect.parts.things |= things;
                    suspect.parts.flows |= flows;
                }
                std::collections::hash_map::Entry::Vacant(entry) => {
                    entry.insert(self.all.len());
                    let start = u32::try_from(self.lists.len()).expect("facts of suspects fit u32");
                    self.lists.extend(&facts);
                    let end = u32::try_from(self.lists.len()).expect("facts of suspects fit u32");
                    let (mut good, mut turns) = (false, false);
                    let bad_start = u32::try_from(self.bad_lists.len()).expect("as many");
                    for &fact in &facts {
                        let place = &self.places[fact as usize];
                        good |= !place.bad;
                        let Fact { tries, failures, degraded, .. } = place.fact;
                        turns |= degraded || (failures > 0 && failures < tries);
                        if place.bad {
                            self.bad_lists.push(fact);
                        }
                    }
                    let mixed = single && (good || turns);
                    let members = vec![(hard, inputs)];
                    self.all.push(Suspect {
                        members,
                        hard,
                        partial,
                        flaky,
                        stood_by,
                        carries: false,
                        parts: own_parts,
                        own: own.into_iter().collect(),
                        is_vantage,
                        mixed,
                        deeds,
                        facts: start..end,
                        bad: bad_start..u32::try_from(self.bad_lists.len()).expect("as many"),
                        carried,
                    });
                }
            }
        }
        for suspect in &mut self.all {
            suspect.members.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
            suspect.carries = suspect.members[0].1.iter().any(|&input| (question.carries)(input));
        }
    }
}

/// Whether these are several things of one kind.
pub(super) fn is_of_one_kind(question: &Question<'_>, inputs: &[InputId]) -> bool {
    let kind = |input: &InputId| match question.circuit.subject(*input) {
        Subject::Component(id) => Some(question.plant.component(id).kind),
        Subject::Vantage(_)
        | Subject::Check(_)
        | Subject::Carriage { .. }
        | Subject::Spread { .. } => None,
    };
    let [first, others @ ..] = inputs else { return false };
    let first = kind(first);
    !others.is_empty() && first.is_some() && others.iter().all(|it| kind(it) == first)
}

/// What a fault in part may hit, besides whole machines.
#[derive(Clone, Copy, Default)]
pub(super) struct Parts {
    /// Some things of a machine and not others: a volume is full, a rule lets one port through and another not. What
    /// carries or feeds machines does so to all of each.
    pub(super) things: bool,
    /// Some of what is said between two ends, and not what is said between others.
    pub(super) flows: bool,
}

/// What a fault in part of such a thing may hit.
const fn parts(kind: Kind) -> Parts {
    let (things, flows) = match kind {
        Kind::Upstream
        | Kind::Router
        | Kind::Firewall
        | Kind::LoadBalancer
        | Kind::Vip
        | Kind::Component => (true, true),
        Kind::Switch | Kind::Link => (false, true),
        Kind::Storage | Kind::Database | Kind::Service | Kind::Website => (true, false),
        Kind::Server
        | Kind::Hypervisor
        | Kind::Vm
        | Kind::Container
        | Kind::Prefix
        | Kind::Nic
        | Kind::Job
        | Kind::Monitor
        | Kind::Customer
        | Kind::Bmc
        | Kind::Disk
        | Kind::File
        | Kind::Certificate
        | Kind::Backup
        | Kind::Feed
        | Kind::Ups
        | Kind::Generator
        | Kind::TransferSwitch
        | Kind::Pdu
        | Kind::Breaker
        | Kind::Outlet
        | Kind::Psu
        | Kind::Site
        | Kind::Room
        | Kind::Rack
        | Kind::Cooling => (false, false),
    };
    Parts { things, flows }
}

/// How the inputs of a set failed, each in its likeliest way, with the logarithm of that: by itself just then,
/// long before and unseen, or because of another of them. One at least failed just then, or nothing
/// would have begun.
fn ways(question: &Question<'_>, inputs: &[InputId]) -> Vec<(f64, FaultMode)> {
    let plain = |&input: &InputId| {
        let log_prior = (question.log_prior)(input, FaultMode::Down);
        (log_prior, hard_mode(question.plant, question.circuit, input))
    };
    let plain: Vec<(f64, FaultMode)> = inputs.iter().map(plain).collect();
    if inputs.len() == 1 {
        return plain;
    }
    let because = |input: InputId| {
        let others = inputs.iter().filter(|other| **other != input);
        let lists = others.filter_map(|&other| (question.follows)(other));
        let chance = |list: std::rc::Rc<[(InputId, f64)]>| {
            list.iter().find(|(follows, _)| *follows == input).map(|(_, chance)| *chance)
        };
        lists.filter_map(chance).fold(f64::NEG_INFINITY, f64::max)
    };
    // What takes another down does so as it fails, and not long after; but one that stands by beside it may have
    // failed long before, and does so when it is called.
    let takes_down = |input: InputId| {
        inputs.iter().any(|&other| match question.circuit.subject(other) {
            Subject::Spread { from, to } => {
                let takes = question.plant.component(from).attribute(Attribute::CanTakeDown);
                let beside = |choice: Choice<'_>| {
                    choice.names.contains(&Some(from)) && choice.names.contains(&Some(to))
                };
                question.circuit.component_input(from) == input
                    && matches!(takes, Some(Value::Components(hit)) if hit.contains(&to))
                    && !question.circuit.choices().any(beside)
            }
            Subject::Component(_)
            | Subject::Vantage(_)
            | Subject::Check(_)
            | Subject::Carriage { .. } => false,
        })
    };
    let mut ways = plain.clone();
    let mut spreads = std::collections::BTreeSet::new();
    for (way, &input) in ways.iter_mut().zip(inputs) {
        // What takes one thing down takes the next of them down by the same.
        if let Subject::Spread { from, .. } = question.circuit.subject(input)
            && !spreads.insert(from)
        {
            way.0 = way.0.max(KIN_TOO.ln());
            continue;
        }
        let latent = (question.log_prior)(input, FaultMode::Latent);
        if latent > way.0 && !takes_down(input) {
            *way = (latent, FaultMode::Latent);
        }
        let because = because(input);
        if because > way.0 {
            *way = (because, FaultMode::Consequential);
        }
    }
    let began =
        |way: &(f64, FaultMode)| !matches!(way.1, FaultMode::Latent | FaultMode::Consequential);
    if !ways.iter().any(began) {
        // The one that loses least by it.
        let loss = |at: usize| ways[at].0 - plain[at].0;
        let first = (0..ways.len()).min_by(|&a, &b| loss(a).total_cmp(&loss(b)));
        if let Some(at) = first {
            ways[at] = plain[at];
        }
    }
    ways
}

/// Whether an input takes away the answer that a failure came with, so that it cannot have been its cause.
fn takes_the_answer(question: &Question<'_>, fact: &Fact, input: InputId) -> bool {
    fact.answered.is_some_and(|gate| question.killers.kills(input, gate))
}

/// How likely what a word says was before: that one of what it may be by did so, and just in the minute in which
/// the rest began. Within bounds, for a false word names one thing of a million, or of ten thousand, whatever the
/// plant.
fn made_up(question: &Question<'_>, fact: &Fact) -> f64 {
    let hard = fact.failures > 0 && fact.failures >= fact.tries && !fact.degraded;
    let modes: &[FaultMode] =
        if hard { &[FaultMode::Down] } else { &[FaultMode::Flaky, FaultMode::Degraded] };
    let inputs = question.killers.alone(fact.gate);
    let priors =
        inputs.iter().flat_map(|&it| modes.iter().map(move |&mode| (question.log_prior)(it, mode)));
    (priors.fold(f64::NEG_INFINITY, f64::max).exp() * SAME_MINUTE).clamp(1e-6, 1e-4)
}

/// What a fit depends on.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Counted {
    tries: u32,
    failures: u32,
    degraded: bool,
    claim: bool,
    has_machine: bool,
    down_today: bool,
    trust: u64,
    made_up: u64,
}

/// The facts in the order of machine and epoch, with how each fits every prediction.
fn weighed(question: &Question<'_>, mut spoken: Vec<Spoken>) -> (Vec<Weighed>, Vec<Fits>) {
    spoken.sort_unstable_by_key(|it| (order(&it.fact, it.at), it.fact.epoch, it.at));
    let mut known: NumberMap<Counted, u32> = NumberMap::default();
    let mut before: Option<(Counted, u32)> = None;
    let mut all: Vec<Fits> = Vec::new();
    let mut facts: Vec<Weighed> = Vec::with_capacity(spoken.len());
    let (mut group, mut last) = (0, None);
    for Spoken { at: given, fact, count, speaks } in spoken {
        let machine = order(&fact, given);
        let fact = Fact { epoch: fact.epoch.min(EPOCHS_MAX - 1), ..fact };
        group += u32::from(last.is_some_and(|last| last != machine));
        last = Some(machine);
        let down_today = question.killers.is_down(fact.gate);
        let made_up = if fact.claim { made_up(question, &fact) } else { 0.0 };
        let counted = Counted {
            tries: fact.tries,
            failures: fact.failures,
            degraded: fact.degraded,
            claim: fact.claim,
            has_machine: fact.machine.is_some(),
            down_today,
            trust: fact.trust.to_bits(),
            made_up: made_up.to_bits(),
        };
        // Most are counted as the one before.
        let same = before.filter(|(as_it, _)| *as_it == counted).map(|(_, fits)| fits);
        let fits = same.unwrap_or_else(|| {
            *known.entry(counted).or_insert_with(|| {
                all.push(Fits::of(&fact, down_today, made_up));
                u32::try_from(all.len() - 1).expect("fits of facts fit u32")
            })
        });
        before = Some((counted, fits));
        let bad = !fact.is_up();
        facts.push(Weighed { given, fact, group, bad, down_today, count, speaks, fits });
    }
    (facts, all)
}

/// Whether something is of the one machine alone that speaks for others that failed alike: it did not do that.
fn is_left_out(question: &Question<'_>, fact: &Weighed, input: InputId) -> bool {
    let is_own = || question.up.is_some_and(|(crowds, _)| crowds.owner_of(input).is_some());
    matches!(fact.speaks, Speaks::Failed(_)) && is_own()
}

/// The inputs that could have done any of what fails, alone, in order.
fn alone(question: &Question<'_>, failing: &[Weighed]) -> Vec<InputId> {
    let killers = question.killers;
    let mut is_known = vec![false; question.circuit.subjects().len()];
    let mut inputs: Vec<InputId> = Vec::new();
    for fact in failing {
        for &input in killers.alone(fact.fact.gate) {
            let is_none = |input| {
                takes_the_answer(question, &fact.fact, input) || is_left_out(question, fact, input)
            };
            if !is_known[input.index()] && !is_none(input) {
                is_known[input.index()] = true;
                inputs.push(input);
            }
        }
    }
    inputs.sort_unstable();
    inputs
}

/// Which facts each of these inputs brings down alone.
fn brought_down_alone(
    question: &Question<'_>,
    facts: &[Weighed],
    inputs: &[InputId],
) -> Vec<(Vec<InputId>, Vec<u32>)> {
    const NONE: u32 = u32::MAX;
    let mut list_of = vec![NONE; question.circuit.subjects().len()];
    for (input, at) in inputs.iter().zip(0..) {
        list_of[input.index()] = at;
    }
    let mut lists: Vec<(Vec<InputId>, Vec<u32>)> =
        inputs.iter().map(|&input| (vec![input], Vec::new())).collect();
    for (fact, at) in facts.iter().zip(0..) {
        for &input in question.killers.alone(fact.fact.gate) {
            let list = list_of[input.index()];
            if list != NONE && !takes_the_answer(question, &fact.fact, input) {
                lists[list as usize].1.push(at);
            }
        }
    }
    lists
}

/// What the search looks at: every fact of a machine of which anything fails, and one row for all machines that
/// are up and stand in the same lists, which fits as they do in the mean: each is asked at its own phase, and one had
/// three tries where the next had four. The lists are told by places then.
fn places(
    facts: &[Weighed],
    fits: &[Fits],
    lists: &mut [(Vec<InputId>, Vec<u32>)],
    carried: &mut BTreeMap<usize, Box<[u8]>>,
) -> Vec<Place> {
    // By whom each fact is brought down, and when not, as a sum of scattered numbers.
    let mut by = vec![0_u64; facts.len()];
    for (number, (_, list)) in lists.iter().enumerate() {
        let carried = carried.get(&number);
        for (at, &fact) in list.iter().enumerate() {
            let when = carried.map_or(0, |carried| u64::from(carried[at]));
            let own = scattered((number as u64) << 8 | when);
            by[fact as usize] = by[fact as usize].wrapping_add(own);
        }
    }
    let mut places: Vec<Place> = Vec::new();
    let mut place_of: Vec<Option<u32>> = vec![None; facts.len()];
    let mut group = 0;
    let mut put = |places: &mut Vec<Place>, range: std::ops::Range<usize>| {
        for at in range {
            let Weighed { fact, bad, down_today, count, .. } = facts[at];
            place_of[at] = Some(u32::try_from(places.len()).expect("places fit u32"));
            places.push(Place {
                epoch: fact.epoch,
                group,
                count,
                bad,
                down_today,
                fits: fits[facts[at].fits as usize],
                fact,
                of: u32::try_from(at).expect("facts fit u32"),
            });
        }
        group += 1;
    };
    // Those that are up come first: they say soonest that a suspect is none.
    let mut rows: NumberMap<u64, std::ops::Range<usize>> = NumberMap::default();
    let mut fails: Vec<std::ops::Range<usize>> = Vec::new();
    let mut end = 0;
    for own in facts.chunk_by(|a, b| a.group == b.group) {
        let range = end..end + own.len();
        end = range.end;
        if own.iter().any(|fact| fact.bad) {
            fails.push(range);
            continue;
        }
        if by[range.clone()].iter().all(|by| *by == 0) {
            // Nobody would have brought it down.
            continue;
        }
        // In whatever order they stand.
        let looks = |at: usize| {
            let Weighed { fact, down_today, .. } = facts[at];
            scattered(u64::from(fact.epoch) << 1 | u64::from(down_today)) ^ by[at]
        };
        let alike = range.clone().fold(u64::from(own[0].fact.machine.is_some()), |sum, at| {
            sum.wrapping_add(scattered(looks(at)))
        });
        if let Some(row) = rows.get(&alike) {
            let row = &mut places[row.clone()];
            let (had, more) = (row[0].count, own[0].count);
            for place in &mut *row {
                place.count += more;
                place.fits.times(f64::from(had) / f64::from(had + more));
            }
            for at in range {
                let like = row.iter_mut().find(|place| looks(place.of as usize) == looks(at));
                let share = f64::from(more) / f64::from(had + more);
                like.expect("it looks alike").fits.plus(fits[facts[at].fits as usize], share);
            }
        } else {
            rows.insert(alike, places.len()..places.len() + own.len());
            put(&mut places, range);
        }
    }
    for range in fails {
        put(&mut places, range);
    }
    // Of machines that are alike all are in a list, or none.
    for (number, (_, list)) in lists.iter_mut().enumerate() {
        let Some(carried) = carried.get_mut(&number) else {
            list.retain_mut(|at| place_of[*at as usize].inspect(|place| *at = *place).is_some());
            list.sort_unstable();
            continue;
        };
        let own = list.iter().zip(&**carried);
        let mut kept: Vec<(u32, u8)> =
            own.filter_map(|(at, when)| Some((place_of[*at as usize]?, *when))).collect();
        kept.sort_unstable();
        *carried = kept.iter().map(|(_, when)| *when).collect();
        *list = kept.into_iter().map(|(place, _)| place).collect();
    }
    places
}

/// What went on although nothing came in, by what is seen.
fn carried(question: &Question<'_>, facts: &[Weighed], fits: &[Fits]) -> Carried {
    let Some(mut told) = Told::of(question.batteries) else { return Carried::default() };
    for group in facts.chunk_by(|a, b| (a.group, a.fact.epoch) == (b.group, b.fact.epoch)) {
        let Fact { epoch, machine: of, .. } = group[0].fact;
        if usize::from(epoch) >= question.spans.len() {
            continue;
        }
        for fact in group.iter().filter(|fact| !fact.down_today) {
            let Fits { hard, calm, .. } = fits[fact.fits as usize];
            told.fact(hard - calm, question.killers.alone(fact.fact.gate));
        }
        // A machine that is seen up may hang elsewhere than is drawn.
        let least = if of.is_some() { WRONG_EDGE.ln() } else { f64::MIN };
        told.spoken(of, epoch.into(), least, group[0].count);
    }
    Carried::of(&told, question.spans)
}

/// Of which lists batteries carry something: by the place of the list, which of its facts, each by the epochs in
/// which its inputs may have failed. Some histories to a word.
fn gone_on(
    question: &Question<'_>,
    part: &Part,
    shows: &[(u32, Option<u32>)],
    facts: &[Weighed],
    batteries: &Carried,
    lists: &[(Vec<InputId>, Vec<u32>)],
) -> BTreeMap<usize, Box<[u8]>> {
    let mut found = BTreeMap::new();
    if batteries.is_empty() {
        return found;
    }
    let Question { circuit, killers, .. } = question;
    // Whoever takes away the power of none that went on has none of his facts carried.
    let inlets: Vec<GateId> = batteries.inlets(circuit).collect();
    let places = || inlets.iter().filter_map(|inlet| part.place(*inlet));
    let mut values = Vec::new();
    part.evaluate(&[], &mut values);
    let fed: Vec<u32> = places().filter(|at| values[*at as usize] != [0; LANES]).collect();
    let alone: BTreeSet<InputId> =
        inlets.iter().flat_map(|&inlet| killers.alone(inlet)).copied().collect();
    let mut concerned: Vec<usize> = Vec::new();
    let mut several: Vec<usize> = Vec::new();
    for (at, (inputs, _)) in lists.iter().enumerate() {
        if inputs.iter().any(|input| alone.contains(input)) {
            concerned.push(at);
        } else if inputs.len() > 1 {
            several.push(at);
        }
    }
    for some in several.chunks(64 * LANES) {
        let mut failed = Vec::new();
        for (lane, &at) in some.iter().enumerate() {
            failed.extend(lists[at].0.iter().map(|&input| (input, lanes([lane]))));
        }
        part.evaluate(&failed, &mut values);
        let dead = fed.iter().map(|at| values[*at as usize]);
        let dead = dead
            .fold([u64::MAX; LANES], |all, own| std::array::from_fn(|word| all[word] & own[word]));
        for (lane, &at) in some.iter().enumerate() {
            if !holds(&dead, lane) {
                concerned.push(at);
            }
        }
    }
    let epochs = facts.iter().map(|it| usize::from(it.fact.epoch) + 1).max().unwrap_or(1);
    let width = epochs.next_power_of_two();
    // For each set a history for each epoch in which it may have failed.
    for some in concerned.chunks(64 * LANES / (epochs * width)) {
        let history = |nth: usize, from: usize| (nth * epochs + from) * width;
        let mut failed = Vec::new();
        for (nth, &at) in some.iter().enumerate() {
            let gone = |from: usize| (from..epochs).map(move |epoch| (from, epoch));
            let gone = (0..epochs).flat_map(gone).map(|(from, epoch)| history(nth, from) + epoch);
            let gone = lanes(gone);
            failed.extend(lists[at].0.iter().map(|&input| (input, gone)));
        }
        let mut carry = |inlet: usize, words: &mut [u64; LANES]| {
            batteries.carry(inlet, words, width);
        };
        part.evaluate_carried(&failed, &mut carry, &mut values);
        for (nth, &at) in some.iter().enumerate() {
            let goes_on = |&place: &u32| {
                let fact = &facts[place as usize];
                let down = is_down(&values, shows[place as usize]);
                let is_hit = |from: &u8| {
                    let lane = history(nth, usize::from(*from)) + usize::from(fact.fact.epoch);
                    holds(&down, lane)
                };
                let from = (0..=fact.fact.epoch).filter(|from| !is_hit(from));
                from.fold(0_u8, |bits, from| bits | 1 << from)
            };
            let bits: Box<[u8]> = lists[at].1.iter().map(goes_on).collect();
            if bits.iter().any(|bits| *bits != 0) {
                found.insert(at, bits);
            }
        }
    }
    found
}

/// In which scenarios a fact is to be down: its gate is, and where it came with an answer, that is not.
fn is_down<const W: usize>(values: &[[u64; W]], (gate, answers): (u32, Option<u32>)) -> [u64; W] {
    let mut down = values[gate as usize].map(|word| !word);
    if let Some(answers) = answers {
        down.iter_mut().zip(values[answers as usize]).for_each(|(down, up)| *down &= up);
    }
    down
}

/// These scenarios of a sweep.
fn lanes(of: impl IntoIterator<Item = usize>) -> [u64; LANES] {
    let mut mask = [0; LANES];
    for lane in of {
        mask[lane / 64] |= 1 << (lane % 64);
    }
    mask
}

fn holds(words: &[u64; LANES], lane: usize) -> bool {
    words[lane / 64] >> (lane % 64) & 1 == 1
}

/// What single suspects have in common that no wiring shows: the upstream that carries address blocks, software,
/// an account, whoever changes them.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Bond<'p> {
    Carrier(blackstart_model::ComponentId),
    Word(Attribute, &'p str),
}

pub(super) const BONDS: [Attribute; 3] =
    [Attribute::Software, Attribute::Account, Attribute::ChangedBy];

/// Sets of single suspects with a bond, each of which explains more than it contradicts: failures that share only
/// software, time or a hand have one cause.
fn kindred(
    question: &Question<'_>,
    facts: &[Weighed],
    fits: &[Fits],
    singles: &[(Vec<InputId>, Vec<u32>)],
) -> Vec<(Vec<InputId>, Vec<u32>)> {
    let mut bonds: BTreeMap<Bond<'_>, Vec<usize>> = BTreeMap::new();
    for (at, (inputs, list)) in singles.iter().enumerate() {
        let gain: f64 = list
            .iter()
            .map(|&at| (facts[at as usize].count, fits[facts[at as usize].fits as usize]))
            .map(|(count, it)| f64::from(count) * (it.hard - it.calm))
            .sum();
        if gain <= 0.0 {
            continue;
        }
        match question.circuit.subject(inputs[0]) {
            Subject::Carriage { upstream, .. } => {
                bonds.entry(Bond::Carrier(upstream)).or_default().push(at);
            }
            Subject::Component(id) => {
                let component = question.plant.component(id);
                for attribute in BONDS {
                    let words: Vec<&str> = match component.attribute(attribute) {
                        Some(Value::Text(word)) => vec![word],
                        Some(Value::Texts(words)) => words.iter().map(|word| &**word).collect(),
                        _ => Vec::new(),
                    };
                    for word in words {
                        bonds.entry(Bond::Word(attribute, word)).or_default().push(at);
                    }
                }
            }
            Subject::Vantage(_) | Subject::Check(_) | Subject::Spread { .. } => {}
        }
    }
    bonds
        .into_values()
        .filter(|members| members.len() > 1)
        .map(|members| {
            let inputs = members.iter().map(|&at| singles[at].0[0]).collect();
            let mut list: Vec<u32> =
                members.iter().flat_map(|&at| singles[at].1.iter().copied()).collect();
            list.sort_unstable();
            list.dedup();
            (inputs, list)
        })
        .collect()
}

/// Cut sets of more than one input of what fails, those that several failing gates share first.
fn together(
    question: &Question<'_>,
    facts: &[Weighed],
    log_prior: &dyn Fn(InputId) -> f64,
) -> (Vec<Cut>, bool) {
    let (looks, asked_all) = looks(question, facts);
    let mut cuts = question.cuts.borrow_mut();
    cuts.begin();
    let mut capped = false;
    let sum = |cut: &Cut| cut.inputs().into_iter().map(log_prior).sum::<f64>();
    let mut shared: BTreeMap<Cut, (bool, u32)> = BTreeMap::new();
    for look in looks {
        let (sets, too_many) = cuts.of_gate(question.circuit, log_prior, look.fact.gate);
        capped |= too_many;
        let may = |cut: &Cut| {
            cut.len() > 1 && !cut.inputs().iter().any(|&it| is_left_out(question, look, it))
        };
        let mut own: Vec<(f64, Cut)> =
            sets.iter().copied().filter(may).map(|cut| (sum(&cut), cut)).collect();
        own.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        for (at, (_, cut)) in own.into_iter().enumerate() {
            let (best, count) = shared.entry(cut).or_default();
            *best |= at < BEST_OF_EACH;
            *count += 1;
        }
    }
    let mut all: Vec<(bool, u32, f64, Cut)> =
        shared.into_iter().map(|(cut, (best, count))| (best, count, sum(&cut), cut)).collect();
    all.sort_by(|a, b| {
        let first = (b.0, b.1).cmp(&(a.0, a.1));
        first.then(b.2.total_cmp(&a.2)).then(a.3.cmp(&b.3))
    });
    let capped = capped || all.len() > TOGETHER_MAX || !asked_all;
    all.truncate(TOGETHER_MAX);
    (all.into_iter().map(|(_, _, _, cut)| cut).collect(), capped)
}

/// The failing gates whose cut sets are looked for, and whether these are all. Of those that failed in the same
/// epochs few speak for many; each such pattern is asked about, for it has a cause of its own.
fn looks<'f>(question: &Question<'_>, facts: &'f [Weighed]) -> (Vec<&'f Weighed>, bool) {
    let bad = || facts.iter().filter(|fact| fact.bad && !fact.down_today);
    let mut when: BTreeMap<GateId, u32> = BTreeMap::new();
    for fact in bad() {
        *when.entry(fact.fact.gate).or_default() |= 1 << fact.fact.epoch;
    }
    let mut known = std::collections::BTreeSet::new();
    let mut patterns: BTreeMap<u32, Vec<&Weighed>> = BTreeMap::new();
    for fact in bad() {
        let pattern = when[&fact.fact.gate];
        if known.insert((pattern, question.killers.alone(fact.fact.gate))) {
            patterns.entry(pattern).or_default().push(fact);
        }
    }
    let each = (ASKED_MAX / patterns.len().max(1)).max(1);
    let asked_all = patterns.values().all(|looks| looks.len() <= each);
    let chosen = |mut looks: Vec<&'f Weighed>| {
        // What few things bring down alone is what stands behind redundancy.
        looks.sort_by_key(|look| question.killers.alone(look.fact.gate).len());
        // Evenly among all of whom they speak.
        let all: usize = looks.iter().map(|look| look.count as usize).sum();
        let every = all.div_ceil(each).max(1);
        let mut until = 0;
        looks.retain(|look| {
            let from = until;
            until += look.count as usize;
            from.next_multiple_of(every) < until
        });
        looks
    };
    (patterns.into_values().flat_map(chosen).collect(), asked_all)
}

/// Which facts each of these sets brings down: one scenario each.
fn brought_down(
    part: &Part,
    shows: &[(u32, Option<u32>)],
    facts: &[Weighed],
    sets: &[Cut],
) -> Vec<(Vec<InputId>, Vec<u32>)> {
    let mut values = Vec::new();
    let mut lists: Vec<(Vec<InputId>, Vec<u32>)> = Vec::new();
    for sets in sets.chunks(64 * LANES) {
        let mut failed: Vec<(InputId, [u64; LANES])> = Vec::new();
        let first = lists.len();
        for (lane, set) in sets.iter().enumerate() {
            let mut mask = [0; LANES];
            mask[lane / 64] = 1 << (lane % 64);
            failed.extend(set.inputs().into_iter().map(|input| (input, mask)));
            lists.push((set.inputs(), Vec::new()));
        }
        part.evaluate(&failed, &mut values);
        for ((fact, shows), at) in facts.iter().zip(shows).zip(0..) {
            if fact.down_today {
                continue;
            }
            for (w, mut down) in is_down(&values, *shows).into_iter().enumerate() {
                while down != 0 {
                    let lane = w * 64 + down.trailing_zeros() as usize;
                    if lane < sets.len() {
                        lists[first + lane].1.push(at);
                    }
                    down &= down - 1;
                }
            }
        }
    }
    lists
}
