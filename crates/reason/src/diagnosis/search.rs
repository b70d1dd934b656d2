//! The search for the fault sets that fit best: greedy from several starts, then add, remove and swap.
//!
//! A move touches only the places of the suspect that is moved. Each suspect may have failed *hard*,
//! *in part* (each machine below it is hit or not, even odds) or *in turns* at one of a few rates, over any
//! run of epochs. Where a hard fault should have brought a machine down that is seen up, either the
//! hypothesis is wrong or the plant is: the edge is drawn where there is none. So no one wrong edge
//! disproves the truth. What goes down with a hard fault, and ends with it, may hang on it by a wire that lies
//! elsewhere than the plant says ([`super::wires`]), and is no fault of its own: it is *astray*.
//!
//! Scores are logarithms of prior times likelihood against "nothing broke". It works on lists of facts
//! alone; that two faults together bring down what neither does is looked up afterwards (`super`) for the
//! best. Tested against trying every set.

use super::likelihood::{NAMED_FOR_ANOTHER, fits, log_add};
use super::suspects::{RATES, Suspects};
use super::wires::{Broke, Wires};
use super::{EPOCHS_MAX, Follows};
use crate::circuit::InputId;
use blackstart_model::record::FaultMode;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};

/// One edge in so many is drawn where there is none, as far as one machine hangs on it: what a machine
/// seen up costs a hypothesis that has it down (chosen by hand).
pub(super) const WRONG_EDGE: f64 = 5e-3;

/// A thing that is failing already fails in another way too (chosen by hand: flaky disks die).
const WORSENS: f64 = 0.3;

/// What came back fails again before the day is over (the figure of [`prior`](crate::prior), where it has its source).
const AGAIN: f64 = 0.2;

/// What one unknown event outside did to several things at once (a storm, a hand, a common part that nobody
/// drew): its prior is that of anything unmodelled, and each thing it hits comes at the square root of its
/// own chance, for what fails easily is hit easily (chosen by hand). So five things that are told to have
/// failed are five faults, and not one impossible coincidence.
pub(super) fn joint(own: f64, log_unmodelled: f64, inputs: usize) -> f64 {
    if inputs < 2 { own } else { log_add(own, log_unmodelled + own / 2.0) }
}

/// That a second fault came by itself in the very minute of the first, and not at any time of the hour that
/// priors are for.
pub(super) const SAME_MINUTE: f64 = 1.0 / 60.0;

/// Faults in one hypothesis at most.
pub(super) const FAULTS_MAX: usize = 12;

/// Single suspects, and sets of them, that a search starts from.
const STARTS: usize = 12;

/// What one fault explains is not thought to be the work of more than so many (chosen by hand).
const PARTS_MAX: usize = 12;

/// A hypothesis so much less likely than the best (natural logarithm) is not kept.
const KEPT_WITHIN: f64 = 14.0;

/// Hypotheses kept at most.
const KEPT_MAX: usize = 4_096;

/// Log-probability of what cannot be: one thing in two states at one time; what hangs on nothing that broke.
const IMPOSSIBLE: f64 = -60.0;

/// The most that a prior gains by other faults it follows from; what a bound has to allow for.
const CHEAPER: f64 = 15.0;

/// A fact that fits worse than this wants a cause.
const ILL_FITTING: f64 = -3.0;

/// How a suspect failed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Manner {
    /// Wholly.
    Hard,
    /// For some of the machines below it.
    Partial,
    /// In turns, at this one of the [`RATES`].
    Flaky(u8),
    /// Not by itself: it hangs on what did, by a wire that lies elsewhere than the plant says.
    Astray,
}

/// A suspect that failed, how, and in which epochs (both included).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Element {
    pub(super) suspect: u32,
    pub(super) manner: Manner,
    pub(super) first: u8,
    pub(super) last: u8,
}

/// A set of elements, in order, with its score and how much of that is prior.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Scored {
    pub(super) elements: Vec<Element>,
    pub(super) score: f64,
    pub(super) prior: f64,
}

/// The fit of every place under some elements.
#[derive(Clone)]
struct Standing {
    elements: Vec<Element>,
    score: f64,
    /// Of the score, what is prior.
    prior: f64,
    /// Of the prior, what the faults have by themselves, and of how many inputs.
    own: f64,
    inputs: usize,
    /// Of the prior, what it costs that some only hang on others.
    astray: f64,
    fit: Vec<f64>,
    down: Vec<bool>,
    /// The chance that a try is not failed by any of the flaky ones.
    through: Vec<f64>,
}

/// What a prior gains by one more, and the sums of the standing then.
struct More {
    prior: f64,
    own: f64,
    inputs: usize,
    astray: f64,
}

/// A suspect, and the most that it can gain.
type Wanted = (u32, f64);

/// What the facts of one machine gain by a suspect; or of each of some machines that are alike.
struct Row {
    /// Up to each epoch, not included.
    sums: [f64; EPOCHS_MAX as usize + 1],
    /// So many machines.
    count: u32,
    /// The plant says how it hangs on the suspect, and may be wrong.
    drawn: bool,
    /// Of the suspect's list.
    places: std::ops::Range<usize>,
}

impl Row {
    fn sum(&self, first: usize, last: usize) -> f64 {
        self.sums[last + 1] - self.sums[first]
    }

    /// Whether a machine is hit by a hard fault in these epochs: where it should be and is seen up, the plant may
    /// be wrong.
    fn is_hit(&self, first: usize, last: usize) -> bool {
        !self.drawn || self.sum(first, last) >= WRONG_EDGE.ln()
    }

    /// What it gains by that, if it has to.
    fn gain(&self, manner: Manner, first: usize, last: usize) -> f64 {
        match manner {
            Manner::Hard | Manner::Astray if !self.is_hit(first, last) => WRONG_EDGE.ln(),
            Manner::Hard | Manner::Astray | Manner::Partial | Manner::Flaky(_) => {
                self.sum(first, last)
            }
        }
    }
}

/// What a suspect gains over each run of epochs, from the first to the last, and what the choice of whom it hits
/// costs.
#[derive(Default)]
struct Gains {
    of: [[(f64, f64); EPOCHS_MAX as usize]; EPOCHS_MAX as usize],
    /// The epochs in which it has any place.
    spoken: u8,
}

struct Search<'a, 'w> {
    suspects: &'a Suspects,
    follows: Follows<'a>,
    wires: &'a Wires<'w>,
    /// Kept, so that weighing allocates nothing.
    rows: RefCell<Vec<Row>>,
    epochs: u8,
    visited: BTreeMap<Vec<Element>, (f64, f64)>,
    /// Sets that were climbed from: from the same set the way is the same.
    climbed: BTreeSet<Vec<Element>>,
}

/// The best set of elements, and what competes with it, best first; the empty one is among them.
pub(super) fn search(suspects: &Suspects, follows: Follows<'_>, wires: &Wires<'_>) -> Vec<Scored> {
    let epochs = suspects.epochs;
    let mut search = Search {
        suspects,
        follows,
        wires,
        rows: RefCell::default(),
        epochs,
        visited: BTreeMap::new(),
        climbed: BTreeSet::new(),
    };
    let calm = search.calm();
    search.visited.insert(Vec::new(), (0.0, 0.0));
    let alone = search.each_alone(&calm);
    let mut best = search.climb(calm.clone());
    let starts = search.starts(&best, alone);
    for start in starts {
        let mut standing = calm.clone();
        search.put(&mut standing, start);
        search.note(&standing);
        let end = search.climb(standing);
        if end.score > best.score {
            best = end;
        }
    }
    search.around(&best);
    // Something better may have stood beside it.
    for _ in 0..4 {
        let Some((elements, score)) = search.leading() else { break };
        if score <= best.score + 1e-9 {
            break;
        }
        let standing = search.standing(&elements);
        best = search.climb(standing);
        search.around(&best);
    }
    let top = search.visited.values().map(|(score, _)| *score).fold(f64::MIN, f64::max);
    let mut sets: Vec<Scored> = search
        .visited
        .into_iter()
        .filter(|(elements, (score, _))| elements.is_empty() || *score >= top - KEPT_WITHIN)
        .map(|(elements, (score, prior))| Scored { elements, score, prior })
        .collect();
    sets.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.elements.cmp(&b.elements)));
    if let Some(nothing) = sets.iter().skip(KEPT_MAX).position(|set| set.elements.is_empty()) {
        sets.swap(KEPT_MAX - 1, KEPT_MAX + nothing);
    }
    sets.truncate(KEPT_MAX);
    sets
}

impl Search<'_, '_> {
    fn calm(&self) -> Standing {
        let places = &self.suspects.places;
        Standing {
            elements: Vec::new(),
            score: 0.0,
            prior: 0.0,
            own: 0.0,
            inputs: 0,
            astray: 0.0,
            fit: places.iter().map(|place| place.fits.calm).collect(),
            down: places.iter().map(|place| place.down_today).collect(),
            through: vec![1.0; places.len()],
        }
    }

    fn standing(&self, elements: &[Element]) -> Standing {
        let mut standing = self.calm();
        for &element in elements {
            self.put(&mut standing, element);
        }
        standing
    }

    fn note(&mut self, standing: &Standing) {
        let mut elements = standing.elements.clone();
        elements.sort_unstable();
        self.visited.insert(elements, (standing.score, standing.prior));
    }

    fn leading(&self) -> Option<(Vec<Element>, f64)> {
        self.visited
            .iter()
            .max_by(|a, b| a.1.0.total_cmp(&b.1.0).then_with(|| b.0.cmp(a.0)))
            .map(|(elements, (score, _))| (elements.clone(), *score))
    }

    /// Each suspect by itself, as far as it may compete: the single ones and the sets, best first.
    fn each_alone(&mut self, calm: &Standing) -> [Vec<(f64, Element)>; 2] {
        let mut top = 0.0_f64;
        let [mut single, mut together] = [const { Vec::new() }; 2];
        for (suspect, hope) in self.hopes(calm, f64::INFINITY) {
            let is_single = self.suspects.all[suspect as usize].members[0].1.len() == 1;
            for manner in self.manners(suspect) {
                let weighed = self.weigh(calm, (suspect, hope), manner, top - KEPT_WITHIN);
                let Some((score, prior, element)) = weighed else { continue };
                top = top.max(score);
                self.visited.insert(vec![element], (score, prior));
                let list = if is_single { &mut single } else { &mut together };
                list.push((score, element));
            }
        }
        for list in [&mut single, &mut together] {
            list.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        }
        [single, together]
    }

    /// Where else to begin: the best single suspects, and the best sets. Not with one that does a small part of what
    /// one fault of the best did: so many would not come together.
    fn starts(&self, best: &Standing, alone: [Vec<(f64, Element)>; 2]) -> Vec<Element> {
        let mut covered = vec![0; self.suspects.places.len()];
        for element in &best.elements {
            let bad = self.suspects.bad_of(element.suspect);
            for &place in bad {
                let covered = &mut covered[place as usize];
                *covered = bad.len().max(*covered);
            }
        }
        let is_worth = |element: &Element| {
            let bad = self.suspects.bad_of(element.suspect);
            bad.iter().any(|&place| bad.len() * PARTS_MAX >= covered[place as usize])
        };
        let some = |list: Vec<(f64, Element)>| {
            list.into_iter().map(|(_, element)| element).filter(is_worth).take(STARTS)
        };
        alone.into_iter().flat_map(some).collect()
    }

    fn manners(&self, suspect: u32) -> impl Iterator<Item = Manner> + use<> {
        let mixed = self.suspects.all[suspect as usize].mixed;
        let flaky = (0..u8::try_from(RATES.len()).expect("few rates")).map(Manner::Flaky);
        let more = std::iter::once(Manner::Partial).chain(flaky).filter(move |_| mixed);
        [Manner::Hard, Manner::Astray].into_iter().chain(more)
    }

    /// The best run of epochs for this suspect to have failed in, on top of what stands, with the score
    /// and the prior then. Given up where it cannot come to `floor`; `hope` is the most that its places can gain.
    fn weigh(
        &self,
        on: &Standing,
        (suspect, hope): Wanted,
        manner: Manner,
        floor: f64,
    ) -> Option<(f64, f64, Element)> {
        let goes_with = |first: u8, last: u8| {
            let with = |other: &Element| {
                (other.manner, other.first, other.last) == (Manner::Hard, first, last)
            };
            manner != Manner::Astray || on.elements.iter().any(with)
        };
        if manner == Manner::Astray && !on.elements.iter().any(|it| it.manner == Manner::Hard) {
            return None;
        }
        let who = &self.suspects.all[suspect as usize];
        let cheapest = who.hard.max(who.flaky).max(who.partial).max(WORSENS.ln());
        if on.score + hope + cheapest < floor - CHEAPER {
            return None;
        }
        // What those that work may speak against it, before what fails cannot outweigh it; deeds may speak
        // for it, and of a fault in part they are left out.
        let least = if manner == Manner::Partial || !who.deeds.is_empty() {
            f64::NEG_INFINITY
        } else {
            floor - CHEAPER - on.score - hope - cheapest
        };
        // It fails in turns, or in part, once at a time.
        let again = |first: u8, last: u8| {
            on.elements.iter().any(|other| {
                other.suspect == suspect
                    && std::mem::discriminant(&other.manner) == std::mem::discriminant(&manner)
                    && other.first <= last
                    && first <= other.last
            })
        };
        let carried = self.suspects.carried(suspect).is_some();
        let mut rows = self.rows.take();
        let mut gains = Gains::default();
        let mut best: Option<(f64, f64, bool, u8, u8)> = None;
        for first in (0..self.epochs).rev() {
            // What a battery carries depends on when it began.
            if carried || first + 1 == self.epochs {
                gains =
                    self.gains(on, suspect, manner, first, least, &mut rows).unwrap_or_default();
            }
            if gains.spoken >> first & 1 == 0 {
                continue;
            }
            // What stood by is met when it is called, and not when the battery is empty.
            let late = who.stood_by.len() > 1
                && self.called(on, suspect).is_some_and(|called| called < first);
            for last in first..self.epochs {
                if again(first, last) {
                    break;
                }
                if !goes_with(first, last) {
                    continue;
                }
                let done = deeds(&who.deeds, first, last, self.epochs);
                let (gained, price) = gains.of[usize::from(first)][usize::from(last)];
                let total = gained + price + done;
                // Of equals the latest onset, and the longest from there: nothing was seen to end it.
                if best.is_none_or(|(other, _, other_late, from, _)| {
                    total > other || (total == other && (from == first || (other_late && !late)))
                }) {
                    best = Some((total, price + done, late, first, last));
                }
            }
        }
        self.rows.replace(rows);
        let (gained, done, _, first, last) = best?;
        let element = Element { suspect, manner, first, last };
        let more = self.more(on, element).prior;
        Some((on.score + gained + more, on.prior + more + done, element))
    }

    /// What a suspect gains over each run of epochs. As [`by_machine`](Self::by_machine) and [`taken`].
    fn gains(
        &self,
        on: &Standing,
        suspect: u32,
        manner: Manner,
        from: u8,
        least: f64,
        rows: &mut Vec<Row>,
    ) -> Option<Gains> {
        let mut gains = Gains::default();
        let epochs = usize::from(self.epochs);
        let runs = || (0..epochs).flat_map(|first| (first..epochs).map(move |last| (first, last)));
        if manner == Manner::Partial {
            rows.clear();
            gains.spoken =
                self.by_machine(on, suspect, manner, from, least, |row| rows.push(row))?;
            for (first, last) in runs() {
                gains.of[first][last] = partly(rows, first, last, None);
            }
            return Some(gains);
        }
        let add = |row: Row| {
            for (first, last) in runs() {
                gains.of[first][last].0 += row.gain(manner, first, last) * f64::from(row.count);
            }
        };
        let spoken = self.by_machine(on, suspect, manner, from, least, add)?;
        gains.spoken = spoken;
        Some(gains)
    }

    /// What the prior of all gains by one more, and the sums then.
    fn more(&self, on: &Standing, element: Element) -> More {
        let astray = self.astray(on, element);
        let gained = astray - on.astray;
        if element.manner == Manner::Astray {
            return More { prior: gained, own: on.own, inputs: on.inputs, astray };
        }
        let inputs = on.inputs + self.suspects.all[element.suspect as usize].members[0].1.len();
        let because = self.because(on, element);
        let beside = |other: &Element| {
            other.first == element.first
                && other.suspect != element.suspect
                && other.manner != Manner::Astray
                && because == 0.0
        };
        let at_once = if on.elements.iter().any(beside) { SAME_MINUTE.ln() } else { 0.0 };
        let own = on.own + self.prior(on, element) + self.spares(on, element) + at_once;
        let log_unmodelled = self.suspects.log_unmodelled;
        let more = joint(own, log_unmodelled, inputs) - joint(on.own, log_unmodelled, on.inputs);
        More { prior: more + gained, own, inputs, astray }
    }

    /// What it costs with one more that some only hang on others: those that are down hang on what is wholly down,
    /// and on nothing else.
    fn astray(&self, on: &Standing, element: Element) -> f64 {
        let is_astray = |it: &Element| it.manner == Manner::Astray;
        let with = |price: &dyn Fn(&[Element]) -> f64| {
            let mut all = on.elements.clone();
            all.push(element);
            price(&all)
        };
        match element.manner {
            Manner::Astray => {
                let last = on.elements.len();
                on.astray + with(&|all| astray_at(self.suspects, self.wires, all, last, None))
            }
            Manner::Hard if on.elements.iter().any(is_astray) => {
                with(&|all| astray(self.suspects, self.wires, all, None))
            }
            Manner::Hard | Manner::Partial | Manner::Flaky(_) => on.astray,
        }
    }

    /// What the sets that stand need not pay again when one of theirs has failed anyway.
    fn spares(&self, on: &Standing, element: Element) -> f64 {
        let is_set = |it: &Element| {
            let members = &self.suspects.all[it.suspect as usize].members;
            it.manner == Manner::Hard && members[0].1.len() > 1
        };
        if element.manner != Manner::Hard || is_set(&element) || !on.elements.iter().any(is_set) {
            return 0.0;
        }
        let mut all = on.elements.clone();
        all.push(element);
        let sets = (0..on.elements.len()).filter(|&at| is_set(&on.elements[at]));
        let spared = sets.map(|at| {
            paid(self.suspects, &all, at, None) - paid(self.suspects, &on.elements, at, None)
        });
        spared.sum()
    }

    fn prior(&self, on: &Standing, element: Element) -> f64 {
        let Element { suspect, manner, first, .. } = element;
        let who = &self.suspects.all[suspect as usize];
        for other in on.elements.iter().filter(|other| other.suspect == suspect) {
            let at_once = other.first <= element.last && first <= other.last;
            // The same whichever of the two was thought of first.
            match (other.manner, manner) {
                (Manner::Flaky(_) | Manner::Partial, Manner::Hard) if other.first < first => {
                    return WORSENS.ln();
                }
                (Manner::Hard, Manner::Flaky(_)) if first < other.first => {
                    return self.plain_prior(on, element) + WORSENS.ln() - who.hard;
                }
                (Manner::Hard, Manner::Partial) if first < other.first => {
                    return who.partial + WORSENS.ln() - who.hard;
                }
                // What is down does not fail in turns besides.
                (_, _) if at_once => return IMPOSSIBLE,
                (_, _) => {}
            }
        }
        self.plain_prior(on, element)
    }

    /// What the prior of a fault gains by others that it follows from, and theirs by it.
    fn because(&self, on: &Standing, element: Element) -> f64 {
        let own_prior = self.suspects.all[element.suspect as usize].hard;
        let [own] = self.suspects.all[element.suspect as usize].members[0].1[..] else {
            return 0.0;
        };
        let chance = |from, to, by_itself: f64| {
            let list = (self.follows)(from)?;
            let (_, chance) = list.iter().find(|(input, _)| *input == to)?;
            (*chance > by_itself).then_some(*chance - by_itself)
        };
        let mut gained: f64 = 0.0;
        for other in on.elements.iter().filter(|other| other.manner == Manner::Hard) {
            let who = &self.suspects.all[other.suspect as usize];
            // One of the two follows from the other, not each from each.
            for &theirs in who.members[0].1.iter().filter(|_| other.first <= element.first) {
                gained = gained.max(chance(theirs, own, own_prior).unwrap_or(0.0));
            }
            if let [theirs] = who.members[0].1[..]
                && element.first <= other.first
            {
                gained = gained.max(chance(own, theirs, who.hard).unwrap_or(0.0));
            }
        }
        gained
    }

    /// Since when an input has failed.
    fn failed(&self, on: &Standing, input: InputId) -> Option<u8> {
        let has = |element: &&Element| {
            let members = &self.suspects.all[element.suspect as usize].members;
            element.manner == Manner::Hard && members[0].1.contains(&input)
        };
        on.elements.iter().filter(has).map(|element| element.first).min()
    }

    /// Of a set of which all but what stood by had failed before: since when that was called.
    fn called(&self, on: &Standing, suspect: u32) -> Option<u8> {
        let who = &self.suspects.all[suspect as usize];
        let mut called = None;
        for (&input, &stood_by) in who.members[0].1.iter().zip(&who.stood_by) {
            match self.failed(on, input) {
                Some(first) => called = called.max(Some(first)),
                None if stood_by => {}
                None => return None,
            }
        }
        called
    }

    fn plain_prior(&self, on: &Standing, element: Element) -> f64 {
        let Element { suspect, manner, .. } = element;
        let who = &self.suspects.all[suspect as usize];
        #[expect(clippy::cast_precision_loss, reason = "a handful of rates")]
        match manner {
            Manner::Hard if who.members[0].1.len() > 1 => {
                let mut all = on.elements.clone();
                all.push(element);
                paid(self.suspects, &all, all.len() - 1, None)
            }
            Manner::Hard => who.hard + self.because(on, element),
            Manner::Partial => who.partial,
            Manner::Flaky(_) => who.flaky - (RATES.len() as f64).ln(),
            Manner::Astray => 0.0,
        }
    }

    /// What the facts of each machine below a suspect gain, summed up to each epoch; and in which epochs
    /// there are any, where it failed in epoch `from`. Given up once what speaks against it in every epoch comes
    /// to less than `least`.
    fn by_machine(
        &self,
        on: &Standing,
        suspect: u32,
        manner: Manner,
        from: u8,
        least: f64,
        mut row: impl FnMut(Row),
    ) -> Option<u8> {
        let (places, list) = (&self.suspects.places, self.suspects.places_of(suspect));
        let carried = self.suspects.carried(suspect);
        let goes_on = |at: usize| carried.is_some_and(|carried| carried[at] >> from & 1 == 1);
        let epochs = self.epochs as usize;
        let mut spoken = 0_u8;
        let mut against = [0.0_f64; EPOCHS_MAX as usize];
        let mut at = 0;
        while at < list.len() {
            let begin = at;
            let lead = &places[list[at] as usize];
            let (drawn, count) = (lead.drawn, lead.count);
            let mut sums = [0.0; EPOCHS_MAX as usize + 1];
            while at < list.len() && places[list[at] as usize].group == lead.group {
                let place = list[at] as usize;
                let epoch = places[place].epoch;
                spoken |= 1 << epoch;
                if !on.down[place] && !goes_on(at) {
                    sums[epoch as usize + 1] +=
                        self.fit(on, place, manner) + self.named(suspect, place) - on.fit[place];
                }
                at += 1;
            }
            // A wrong edge is the most that one machine speaks against what would take it down.
            let whole = matches!(manner, Manner::Hard | Manner::Astray);
            let most = if drawn && whole { WRONG_EDGE.ln() } else { f64::MIN };
            for (against, sum) in against.iter_mut().zip(&sums[1..]).take(epochs) {
                *against += sum.clamp(most, 0.0) * f64::from(count);
            }
            if against[..epochs].iter().all(|against| *against < least) {
                return None;
            }
            for epoch in 0..epochs {
                sums[epoch + 1] += sums[epoch];
            }
            row(Row { sums, count, drawn, places: begin..at });
        }
        Some(spoken)
    }

    fn fit(&self, on: &Standing, place: usize, manner: Manner) -> f64 {
        let own = &self.suspects.places[place];
        match manner {
            Manner::Hard | Manner::Astray | Manner::Partial => own.fits.hard,
            Manner::Flaky(rate) if on.through[place] >= 1.0 => own.fits.flaky[rate as usize],
            Manner::Flaky(rate) => fits(
                &own.fact,
                1.0 - on.through[place] * (1.0 - RATES[rate as usize]),
                own.fits.made_up,
            ),
        }
    }

    /// What a word costs that names another thing than this suspect, which made it so.
    fn named(&self, suspect: u32, place: usize) -> f64 {
        let place = &self.suspects.places[place];
        let other = |named| {
            let members = &self.suspects.all[suspect as usize].members;
            !members.iter().any(|(_, inputs)| inputs.contains(&named))
        };
        if place.bad && place.fact.names.is_some_and(other) { NAMED_FOR_ANOTHER.ln() } else { 0.0 }
    }

    /// Takes an element in.
    fn put(&self, on: &mut Standing, element: Element) {
        let Element { suspect, manner, first, last } = element;
        let More { prior, own, inputs, astray } = self.more(on, element);
        let mut rows = self.rows.take();
        rows.clear();
        let keep = |row| rows.push(row);
        self.by_machine(on, suspect, manner, first, f64::NEG_INFINITY, keep);
        let mut hit = vec![false; rows.len()];
        let (gain, price) = taken(&rows, manner, first.into(), last.into(), &mut hit);
        let list = self.suspects.places_of(suspect);
        let carried = self.suspects.carried(suspect);
        for (row, _) in rows.iter().zip(&hit).filter(|(_, hit)| **hit) {
            for at in row.places.clone() {
                let place = list[at] as usize;
                let there = (first..=last).contains(&self.suspects.places[place].epoch);
                let goes_on = carried.is_some_and(|carried| carried[at] >> first & 1 == 1);
                if on.down[place] || goes_on || !there {
                    continue;
                }
                on.fit[place] = self.fit(on, place, manner) + self.named(suspect, place);
                match manner {
                    Manner::Hard | Manner::Astray | Manner::Partial => on.down[place] = true,
                    Manner::Flaky(rate) => on.through[place] *= 1.0 - RATES[rate as usize],
                }
            }
        }
        self.rows.replace(rows);
        let done =
            price + deeds(&self.suspects.all[suspect as usize].deeds, first, last, self.epochs);
        on.score += gain + prior + done;
        on.prior += prior + done;
        (on.own, on.inputs, on.astray) = (own, inputs, astray);
        on.elements.push(element);
    }

    /// The best suspect to add for what fits ill.
    fn best_addition(&mut self, on: &Standing) -> Option<(f64, Element)> {
        self.best_of(on, |_| true)
    }

    /// The same among some manners.
    fn best_of(&self, on: &Standing, may: fn(Manner) -> bool) -> Option<(f64, Element)> {
        let mut best: Option<(f64, Element)> = None;
        for (suspect, hope) in self.hopes(on, ILL_FITTING) {
            for manner in self.manners(suspect).filter(|manner| may(*manner)) {
                let floor = best.map_or(on.score, |(score, _)| score);
                let weighed = self.weigh(on, (suspect, hope), manner, floor);
                let Some((score, _, element)) = weighed else {
                    continue;
                };
                if best.is_none_or(|(other, _)| score > other) {
                    best = Some((score, element));
                }
            }
        }
        best
    }

    /// Who could explain any of what fits worse than `ill`, the one with most hope first, and what each can gain at
    /// most: as if it explained every bad place of its as well as can be.
    fn hopes(&self, on: &Standing, ill: f64) -> Vec<Wanted> {
        let mut hopes = vec![0.0; self.suspects.all.len()];
        let mut wanted = vec![false; hopes.len()];
        for (at, (place, fit)) in self.suspects.places.iter().zip(&on.fit).enumerate() {
            if !place.bad {
                continue;
            }
            let gap = place.fits.at_best - fit;
            let is_ill = *fit < ill;
            if gap <= 0.0 && !is_ill {
                continue;
            }
            for &suspect in self.suspects.of_place(at) {
                hopes[suspect as usize] += gap.max(0.0);
                wanted[suspect as usize] |= is_ill;
            }
        }
        let all = (0..).zip(hopes).zip(wanted);
        let mut all: Vec<Wanted> =
            all.filter(|(_, wanted)| *wanted).map(|(hope, _)| hope).collect();
        // Who has come far leaves most of the others no hope.
        let most = |a: &usize, b: &usize| all[*a].1.total_cmp(&all[*b].1).then(b.cmp(a));
        if let Some(most) = (0..all.len()).max_by(most) {
            all[..=most].rotate_right(1);
        }
        all
    }

    /// Adds while it helps, then removes what is no longer needed, then swaps; until nothing helps.
    fn climb(&mut self, mut standing: Standing) -> Standing {
        for _ in 0..4 {
            let before = standing.score;
            while standing.elements.len() < FAULTS_MAX {
                let mut from = standing.elements.clone();
                from.sort_unstable();
                if !self.climbed.insert(from) {
                    return standing;
                }
                let Some((score, element)) = self.best_addition(&standing) else { break };
                if score <= standing.score {
                    break;
                }
                self.put(&mut standing, element);
                self.note(&standing);
            }
            let mut at = 0;
            while at < standing.elements.len() {
                let mut rest = standing.elements.clone();
                rest.remove(at);
                let without = self.standing(&rest);
                self.note(&without);
                if without.score >= standing.score {
                    standing = without;
                    continue;
                }
                let manner = standing.elements[at].manner;
                if matches!(manner, Manner::Partial | Manner::Flaky(_)) {
                    // What is down in part, or in turns, may be several things, or one thing several times: none of
                    // them alone could take its place.
                    let apart = self.apart(without.clone(), manner);
                    if apart.score > standing.score + 1e-9 {
                        standing = apart;
                        self.note(&standing);
                        continue;
                    }
                }
                if let Some(twice) = self.twice(&without, standing.elements[at])
                    && twice.score > standing.score + 1e-9
                {
                    standing = twice;
                    self.note(&standing);
                    continue;
                }
                if let Some((score, element)) = self.best_addition(&without)
                    && score > standing.score + 1e-9
                {
                    standing = without;
                    self.put(&mut standing, element);
                    self.note(&standing);
                }
                at += 1;
            }
            if standing.score <= before + 1e-9 {
                break;
            }
        }
        standing
    }

    /// The same with a fault that came twice in place of once, where what was well in between speaks most against
    /// its having lasted: one run of epochs at a time would not come to it.
    fn twice(&self, without: &Standing, element: Element) -> Option<Standing> {
        let Element { suspect, manner, first, last } = element;
        if manner != Manner::Hard || last - first < 2 {
            return None;
        }
        let mut rows = self.rows.take();
        let mut gained = |first: u8, last: &[u8]| -> Vec<f64> {
            let least = f64::NEG_INFINITY;
            let gains = self.gains(without, suspect, manner, first, least, &mut rows);
            let gains = gains.unwrap_or_default();
            last.iter().map(|&last| gains.of[usize::from(first)][usize::from(last)].0).collect()
        };
        // By its last epoch, and by the first of its second time.
        let once: Vec<f64> = gained(first, &(first..=last).collect::<Vec<_>>());
        let again: Vec<f64> = (first + 2..=last).flat_map(|first| gained(first, &[last])).collect();
        self.rows.replace(rows);
        let until = |at: u8| once[usize::from(at - first)];
        let gaps = (first + 1..last).flat_map(|from| (from..last).map(move |to| (from, to)));
        let best = gaps
            .map(|(from, to)| (until(from - 1) + again[usize::from(to - first - 1)], from, to))
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .filter(|(split, ..)| *split > until(last));
        let (_, from, to) = best?;
        let mut standing = without.clone();
        self.put(&mut standing, Element { last: from - 1, ..element });
        self.put(&mut standing, Element { first: to + 1, ..element });
        Some(standing)
    }

    /// Adds what broke otherwise while it helps: in place of what is down in part what is not, and in place of what
    /// fails in turns what broke whole.
    fn apart(&self, mut standing: Standing, from: Manner) -> Standing {
        let may: fn(Manner) -> bool = match from {
            Manner::Partial => |manner| manner != Manner::Partial,
            Manner::Hard | Manner::Astray | Manner::Flaky(_) => |manner| manner == Manner::Hard,
        };
        while standing.elements.len() < FAULTS_MAX {
            let added = self.best_of(&standing, may);
            let Some((score, element)) = added else { break };
            if score <= standing.score {
                break;
            }
            self.put(&mut standing, element);
        }
        standing
    }

    /// Everything one move away from the best: what competes with it.
    fn around(&mut self, best: &Standing) {
        self.note(best);
        let within = best.score - KEPT_WITHIN;
        let mut removed: Vec<Vec<Element>> = (0..best.elements.len())
            .map(|at| {
                let mut rest = best.elements.clone();
                rest.remove(at);
                rest
            })
            .collect();
        for a in 0..best.elements.len().min(6) {
            for b in a + 1..best.elements.len().min(6) {
                let mut rest = best.elements.clone();
                rest.remove(b);
                rest.remove(a);
                removed.push(rest);
            }
        }
        removed.push(best.elements.clone());
        for rest in removed {
            let standing = self.standing(&rest);
            self.note(&standing);
            for (suspect, hope) in self.hopes(&standing, ILL_FITTING) {
                for manner in self.manners(suspect) {
                    let weighed = self.weigh(&standing, (suspect, hope), manner, within);
                    let Some((score, prior, element)) = weighed else { continue };
                    if score >= within && !rest.contains(&element) {
                        let mut elements = rest.clone();
                        elements.push(element);
                        elements.sort_unstable();
                        // The same set may be come to by another order, which scores the same but for rounding.
                        self.visited.entry(elements).or_insert((score, prior));
                    }
                }
            }
        }
    }
}

/// What is gained over a run of epochs, machine by machine: of a hard fault the machines that are seen up hang
/// elsewhere, for a price; of a fault in part, those that gain most are hit, for the price of the
/// choice. The gain, and the price by itself; `hit` is told which machines are taken to be.
fn taken(rows: &[Row], manner: Manner, first: usize, last: usize, hit: &mut [bool]) -> (f64, f64) {
    if manner == Manner::Partial {
        return partly(rows, first, last, Some(hit));
    }
    let mut gained = 0.0;
    for (hit, row) in hit.iter_mut().zip(rows) {
        let whole = matches!(manner, Manner::Hard | Manner::Astray);
        *hit = !whole || row.is_hit(first, last);
        gained += row.gain(manner, first, last) * f64::from(row.count);
    }
    (gained, 0.0)
}

/// The same of a fault in part.
fn partly(rows: &[Row], first: usize, last: usize, hit: Option<&mut [bool]>) -> (f64, f64) {
    // Who loses by being hit is not: that so many of those are cheaper to choose never outweighs it.
    let gains = rows.iter().enumerate().map(|(at, row)| (row.sum(first, last), at));
    let mut order: Vec<(f64, usize)> = gains.filter(|(gain, _)| *gain > 0.0).collect();
    order.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    // k of n are hit, each k as likely as any, each choice of k as any: 1 / ((n + 1) C(n, k)). At
    // least two are and one is not, else it is a fault of another thing.
    let n: f64 = rows.iter().map(|row| f64::from(row.count)).sum();
    let mut price = -(n + 1.0).ln();
    let (mut gained, mut k) = (0.0, 0.0);
    // What stands on several machines goes with them, and is no choice by itself.
    let any_drawn = rows.iter().any(|row| row.drawn);
    let mut things = 0;
    let (mut best, mut best_at) = ((f64::NEG_INFINITY, 0.0), 0);
    for (at, &(gain, row)) in order.iter().enumerate() {
        if k + f64::from(rows[row].count) >= n {
            break;
        }
        things += if rows[row].drawn || !any_drawn { rows[row].count } else { 0 };
        for _ in 0..rows[row].count {
            price -= ((n - k) / (k + 1.0)).ln();
            gained += gain;
            k += 1.0;
        }
        if things >= 2 && gained + price > best.0 + best.1 {
            (best, best_at) = ((gained, price), at + 1);
        }
    }
    if let Some(hit) = hit {
        for (_, at) in &order[..best_at] {
            hit[*at] = true;
        }
    }
    best
}

/// What it costs that some of these only hang on the others by wires that lie elsewhere. With the members `chosen` of
/// each; or else whichever they are, the others being the likeliest of theirs.
pub(super) fn astray(
    suspects: &Suspects,
    wires: &Wires<'_>,
    elements: &[Element],
    chosen: Option<&[usize]>,
) -> f64 {
    let all = (0..elements.len()).filter(|&at| elements[at].manner == Manner::Astray);
    all.map(|at| astray_at(suspects, wires, elements, at, chosen)).sum()
}

/// The same of the one at this place.
fn astray_at(
    suspects: &Suspects,
    wires: &Wires<'_>,
    elements: &[Element],
    of: usize,
    chosen: Option<&[usize]>,
) -> f64 {
    let members = |at: usize| &suspects.all[elements[at].suspect as usize].members;
    let set = |at: usize, member: usize| wires.set(&members(at)[member].1);
    let Element { suspect, first, last, .. } = elements[of];
    let mut places = suspects.bad_of(suspect).iter().map(|&place| &suspects.places[place as usize]);
    let answered = places.any(|place| place.fact.answered.is_some());
    let own = || members(of).iter().filter(|(_, inputs)| inputs.len() == 1).map(|it| it.1[0]);
    let chance =
        |broke: &Broke| own().map(|input| wires.astray(input, broke, answered)).fold(0.0, f64::max);
    let is_there = |at: &usize| {
        let it = elements[*at];
        it.manner == Manner::Hard && it.first <= first && first <= it.last
    };
    let mut best: f64 = 0.0;
    for with in (0..elements.len()).filter(is_there) {
        let it = elements[with];
        if (it.first, it.last) != (first, last) || it.suspect == suspect {
            continue;
        }
        // It went down with what began then, and not with what was there before.
        let member = |at: usize| chosen.map_or(0, |chosen| chosen[at]);
        let others = (0..elements.len()).filter(is_there).filter(|&at| at != with);
        let others: Broke = others.map(|at| set(at, member(at))).collect();
        let without = OnceCell::new();
        let more = |nth: usize| {
            let own_set = set(with, nth);
            if !own().any(|input| wires.bears_on(own_set, input)) {
                return 0.0;
            }
            let all: Broke = others.iter().copied().chain([own_set]).collect();
            chance(&all) - without.get_or_init(|| chance(&others))
        };
        let hard = suspects.all[it.suspect as usize].hard;
        best = best.max(match chosen {
            Some(chosen) => more(chosen[with]),
            None => {
                let all = members(with).iter().enumerate();
                all.map(|(nth, (own, _))| (own - hard).exp() * more(nth)).sum()
            }
        });
    }
    if best > 0.0 { best.ln() } else { IMPOSSIBLE }
}

/// The prior of the set at a place of these: what of it has failed by another's doing costs nothing again. With
/// the members `chosen` of each, to be added to their share among all; or else as if those were chosen that
/// make it cheapest.
pub(super) fn paid(
    suspects: &Suspects,
    elements: &[Element],
    at: usize,
    chosen: Option<&[usize]>,
) -> f64 {
    let Element { suspect, first, .. } = elements[at];
    let who = &suspects.all[suspect as usize];
    let mut best = who.hard;
    for (nth, (hard, inputs)) in who.members.iter().enumerate() {
        if inputs.len() < 2 || chosen.is_some_and(|chosen| chosen[at] != nth) {
            continue;
        }
        let (mut failed, mut others, mut over, mut earlier) = (Vec::new(), 0.0, false, true);
        let mut lead = nth == 0;
        for (place, element) in elements.iter().enumerate() {
            let single = suspects.all[element.suspect as usize].members[0].1.len() == 1;
            let before =
                element.first < first || (element.first == first && (single || place < at));
            if place == at || element.manner != Manner::Hard || !before {
                continue;
            }
            let other = &suspects.all[element.suspect as usize];
            let shares = |(_, own): &&(f64, Vec<InputId>)| own.iter().any(|it| inputs.contains(it));
            let member = match chosen {
                Some(chosen) => Some(&other.members[chosen[place]]).filter(shares),
                None => other.members.iter().find(shares),
            };
            if let Some((hard, own)) = member {
                failed.extend(own);
                others += hard - other.hard;
                over |= element.last < first;
                earlier &= element.first < first;
                lead &= *own == other.members[0].1;
            }
        }
        if failed.is_empty() {
            continue;
        }
        let left = if inputs.iter().all(|input| failed.contains(&input)) {
            // It came back and fails again.
            if over { AGAIN.ln() } else { 0.0 }
        } else if let Some(ways) = suspects.ways_of(inputs) {
            // What stood by while the others were gone was not dead, and is the likeliest only by that.
            let works = |input: &InputId| !failed.contains(&input);
            let stood_by = ways.iter().map(|way| *way == FaultMode::Latent);
            if earlier
                && !lead
                && inputs.iter().zip(stood_by).any(|(input, stood)| stood && works(input))
            {
                continue;
            }
            left(ways, inputs, suspects.each_of(inputs), &failed)
        } else {
            // What one deed did to several is one deed still.
            continue;
        };
        match chosen {
            Some(_) => return who.hard + left - hard,
            None => best = best.max(left + others),
        }
    }
    best
}

/// What is left of the prior of a set when some of it failed anyway: whatever failed by itself did so in the minute
/// of which the others are.
fn left(ways: &[FaultMode], inputs: &[InputId], each: &[f64], failed: &[&InputId]) -> f64 {
    let (mut sum, mut has_paid) = (0.0, false);
    for ((input, each), way) in inputs.iter().zip(each).zip(ways) {
        let by_itself = !matches!(way, FaultMode::Latent | FaultMode::Consequential);
        let pays = by_itself && !has_paid;
        has_paid |= by_itself;
        if !failed.contains(&input) {
            sum += if pays { each + SAME_MINUTE.ln() } else { *each };
        }
    }
    sum
}

/// What deeds say of a fault that lasted from `first` to `last`.
fn deeds(deeds: &[(u8, f64, f64)], first: u8, last: u8, epochs: u8) -> f64 {
    let mut sum = 0.0;
    for &(at, ended, went_on) in deeds {
        if at > first && at <= last {
            sum += went_on;
        } else if at > first && last + 1 == at && last + 1 < epochs {
            sum += ended;
        }
    }
    sum
}

/// Which places the partial faults among the elements bring down: the circuit cannot say it.
pub(super) fn partly_down(
    suspects: &Suspects,
    follows: Follows<'_>,
    wires: &Wires<'_>,
    elements: &[Element],
) -> Vec<bool> {
    let search = Search {
        suspects,
        follows,
        wires,
        rows: RefCell::default(),
        epochs: EPOCHS_MAX,
        visited: BTreeMap::new(),
        climbed: BTreeSet::new(),
    };
    let mut standing = search.calm();
    let mut down = vec![false; suspects.places.len()];
    for &element in elements {
        let before = standing.down.clone();
        search.put(&mut standing, element);
        if element.manner == Manner::Partial {
            for (place, was) in before.into_iter().enumerate() {
                down[place] |= standing.down[place] && !was;
            }
        }
    }
    down
}
