//! The search for the fault sets that fit best: greedy from several starts, then add, remove and swap.
//!
//! Each suspect may have failed *hard*, *in part* (each machine below it is hit or not, even odds) or *in turns*
//! at one of a few rates, over any run of epochs; or be *astray*. What it gains by that is known by
//! [`gains`](super::gains), what the set costs with it by [`price`](super::price).
//!
//! Scores are logarithms of prior times likelihood against "nothing broke". It works on lists of facts
//! alone; that two faults together bring down what neither does is looked up afterwards (`super`) for the
//! best. Tested against trying every set.

use super::Follows;
use super::element::{Element, Manner};
use super::gains::{Fit, Known, Run, Scale};
use super::price::{Paid, Prices, WORSENS, deeds};
use super::suspects::Suspects;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Faults in one hypothesis at most.
pub(super) const FAULTS_MAX: usize = 12;

/// Single suspects, and sets of them, that a search starts from.
const STARTS: usize = 12;

/// What one fault explains is not thought to be the work of more than so many (chosen by hand).
const PARTS_MAX: usize = 12;

/// A hypothesis so much less likely than the best (natural logarithm) is not kept.
pub(super) const KEPT_WITHIN: f64 = 14.0;

/// Hypotheses kept at most.
const KEPT_MAX: usize = 4_096;

/// The most that a prior gains by other faults it follows from; what a bound has to allow for.
const CHEAPER: f64 = 15.0;

/// A fact that fits worse than this wants a cause.
const ILL_FITTING: f64 = -3.0;

/// A set of elements, in order, with its score and how much of that is prior.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Scored {
    pub(super) elements: Vec<Element>,
    pub(super) score: f64,
    pub(super) prior: f64,
}

/// A suspect, and the most that it can gain.
type Wanted = (u32, f64);

/// The same with what it gains on a standing, once it was asked about.
type Asked<'k> = (u32, f64, &'k OnceCell<Rc<Known>>);

/// Some faults, and how everything fits under them.
#[derive(Clone)]
struct Standing {
    score: f64,
    /// Of the score, what is prior.
    prior: f64,
    paid: Paid,
    fit: Fit,
}

impl Standing {
    /// In the order in which they were put.
    fn elements(&self) -> &[Element] {
        self.fit.elements()
    }

    /// The same in order, as sets are known by.
    fn set(&self) -> Vec<Element> {
        let mut set = self.elements().to_vec();
        set.sort_unstable();
        set
    }
}

struct Search<'a> {
    suspects: &'a Suspects<'a>,
    prices: Prices<'a>,
    scale: Scale<'a>,
    visited: BTreeMap<Vec<Element>, (f64, f64)>,
    /// The standing that was built last, element by element.
    path: Vec<Standing>,
    /// Sets that were climbed from: from the same set the way is the same.
    climbed: BTreeSet<Vec<Element>>,
}

/// The best set of elements, and what competes with it, best first; the empty one is among them.
pub(super) fn search<'a>(suspects: &'a Suspects<'a>, follows: Follows<'a>) -> Vec<Scored> {
    let mut search = Search {
        suspects,
        prices: Prices { suspects, follows },
        scale: Scale::of(suspects),
        visited: BTreeMap::new(),
        path: Vec::new(),
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

impl Search<'_> {
    fn calm(&self) -> Standing {
        Standing { score: 0.0, prior: 0.0, paid: Paid::default(), fit: self.scale.calm().clone() }
    }

    /// What is so when these are put, in this order. What begins as the one before goes on from there.
    fn standing(&mut self, elements: &[Element]) -> Standing {
        let is_on_it = |at: &usize| {
            let known = self.path.get(*at).and_then(|known| known.elements().last());
            known.is_some_and(|last| *last == elements[*at])
        };
        let known = (0..elements.len()).take_while(is_on_it).count();
        self.path.truncate(known);
        let mut standing = self.path.last().cloned().unwrap_or_else(|| self.calm());
        for &element in &elements[known..] {
            self.put(&mut standing, element);
            self.path.push(standing.clone());
        }
        standing
    }

    fn note(&mut self, standing: &Standing) {
        self.visited.insert(standing.set(), (standing.score, standing.prior));
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
            let known = OnceCell::new();
            for manner in self.scale.manners(suspect) {
                let floor = top - KEPT_WITHIN;
                let weighed = self.weigh(calm, (suspect, hope, &known), manner, floor);
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

    /// Where else to begin: the best single suspects, and the best sets. Not with one that is worse than nothing having
    /// broken, nor with one that does a small part of what one fault of the best did: so many would not come together.
    fn starts(&self, best: &Standing, alone: [Vec<(f64, Element)>; 2]) -> Vec<Element> {
        let mut covered = vec![0; self.suspects.places.len()];
        for element in best.elements() {
            let count = self.suspects.bad_count(element.suspect);
            for &place in self.suspects.bad_of(element.suspect) {
                let covered = &mut covered[place as usize];
                *covered = count.max(*covered);
            }
        }
        let is_worth = |element: &Element| {
            let count = self.suspects.bad_count(element.suspect);
            let mut bad = self.suspects.bad_of(element.suspect).iter();
            bad.any(|&place| count * PARTS_MAX >= covered[place as usize])
        };
        let some = |list: Vec<(f64, Element)>| {
            let better = list.into_iter().take_while(|(score, _)| *score > 0.0);
            better.map(|(_, element)| element).filter(is_worth).take(STARTS)
        };
        alone.into_iter().flat_map(some).collect()
    }

    /// The best run of epochs for this suspect to have failed in, on top of what stands, with the score
    /// and the prior then. Given up where it cannot come to `floor`; `hope` is the most that its places can gain.
    fn weigh(
        &self,
        on: &Standing,
        asked: Asked<'_>,
        manner: Manner,
        floor: f64,
    ) -> Option<(f64, f64, Element)> {
        let (suspect, hope, _) = asked;
        let cheapest = self.cheapest(suspect);
        if on.score + hope + cheapest < floor - CHEAPER {
            return None;
        }
        let run = self.run(on, asked, manner)?;
        if on.score + run.total + cheapest < floor - CHEAPER {
            return None;
        }
        Some(self.with_run(on, suspect, manner, run))
    }

    /// The same where nothing counts that does not come to `floor`, so that most are given up before anything is asked.
    fn weigh_closely(
        &self,
        on: &Standing,
        asked: Asked<'_>,
        manner: Manner,
        floor: f64,
    ) -> Option<(f64, f64, Element)> {
        let (suspect, hope, _) = asked;
        let at_most = self.prices.at_most(on.elements(), on.paid, suspect, manner);
        let at_most = at_most.unwrap_or(self.cheapest(suspect) + CHEAPER);
        // Two that fail in turns fit at other rates than one.
        let in_turns = |it: &Element| matches!(it.manner, Manner::Flaky(_));
        let beside = if matches!(manner, Manner::Flaky(_)) && on.elements().iter().any(in_turns) {
            CHEAPER
        } else {
            0.0
        };
        let most = on.score + hope + at_most + beside;
        if most < floor || most + self.scale.good(&on.fit, suspect, manner) < floor {
            return None;
        }
        let run = self.run(on, asked, manner)?;
        if on.score + run.total + at_most < floor {
            return None;
        }
        Some(self.with_run(on, suspect, manner, run))
    }

    /// What a suspect's likeliest way to fail costs.
    fn cheapest(&self, suspect: u32) -> f64 {
        let who = &self.suspects.all[suspect as usize];
        who.hard.max(who.flaky).max(who.partial).max(WORSENS.ln())
    }

    /// The score and the prior when this is put.
    fn with_run(
        &self,
        on: &Standing,
        suspect: u32,
        manner: Manner,
        run: Run,
    ) -> (f64, f64, Element) {
        let Run { total, price, first, last, .. } = run;
        let element = Element { suspect, manner, first, last };
        let (more, _) = self.prices.more(on.elements(), on.paid, element);
        (on.score + total + more, on.prior + more + price, element)
    }

    /// The best run of epochs for this suspect to have failed in.
    fn run(&self, on: &Standing, (suspect, _, known): Asked<'_>, manner: Manner) -> Option<Run> {
        let goes_with = |first: u8, last: u8| {
            let with = |other: &Element| {
                (other.manner, other.first, other.last) == (Manner::Hard, first, last)
            };
            manner != Manner::Astray || on.elements().iter().any(with)
        };
        if manner == Manner::Astray && !on.elements().iter().any(|it| it.manner == Manner::Hard) {
            return None;
        }
        let who = &self.suspects.all[suspect as usize];
        let known = known.get_or_init(|| self.scale.known(&on.fit, suspect));
        // It fails in turns, or in part, once at a time.
        let is_again = |other: &&Element| {
            other.suspect == suspect && other.manner.without_rate() == manner.without_rate()
        };
        let whole_sets = who.stood_by.len() > 1;
        if manner == Manner::Astray || whole_sets || on.elements().iter().any(|it| is_again(&it)) {
            let may = |first: u8, last: u8| {
                let own = Element { suspect, manner, first, last };
                goes_with(first, last)
                    && !on.elements().iter().filter(is_again).any(|it| it.meets(&own))
            };
            // What stood by is met when it is called, and not when the battery is empty.
            let called = if whole_sets { self.prices.called(on.elements(), suspect) } else { None };
            let late = |first: u8| called.is_some_and(|called| called < first);
            self.scale.best_of(known, suspect, manner, may, late)
        } else {
            known.best(manner)
        }
    }

    /// Takes an element in.
    fn put(&self, on: &mut Standing, element: Element) {
        let Element { suspect, first, last, .. } = element;
        let (more, paid) = self.prices.more(on.elements(), on.paid, element);
        let (gained, price) = self.scale.put(&mut on.fit, element);
        let own_deeds = &self.suspects.all[suspect as usize].deeds;
        let price = price + deeds(own_deeds, first, last, self.suspects.epochs);
        on.score += gained + more + price;
        on.prior += more + price;
        on.paid = paid;
    }

    /// The best suspect to add for what fits ill.
    fn best_addition(&self, on: &Standing) -> Option<(f64, Element)> {
        self.best_of(on, |_, _| true)
    }

    /// The same among some suspects and manners.
    fn best_of(&self, on: &Standing, may: impl Fn(u32, Manner) -> bool) -> Option<(f64, Element)> {
        let mut best: Option<(f64, Element)> = None;
        for (suspect, hope) in self.hopes(on, ILL_FITTING) {
            let known = OnceCell::new();
            for manner in self.scale.manners(suspect).filter(|manner| may(suspect, *manner)) {
                let floor = best.map_or(on.score, |(score, _)| score);
                let weighed = self.weigh_closely(on, (suspect, hope, &known), manner, floor);
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
        let fits = on.fit.places();
        for &at in &self.suspects.bad {
            let at = at as usize;
            let fit = fits[at];
            let place = &self.suspects.places[at];
            let gap = (place.fits.at_best - fit) * f64::from(place.count);
            let is_ill = fit < ill;
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
            while standing.elements().len() < FAULTS_MAX {
                if !self.climbed.insert(standing.set()) {
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
            while at < standing.elements().len() {
                let mut rest = standing.elements().to_vec();
                rest.remove(at);
                let without = self.standing(&rest);
                self.note(&without);
                if without.score >= standing.score {
                    standing = without;
                    continue;
                }
                let element = standing.elements()[at];
                if matches!(element.manner, Manner::Partial | Manner::Flaky(_)) {
                    // What is down in part, or in turns, may be several things, or one thing several times: none of
                    // them alone could take its place.
                    let apart = self.apart(without.clone(), element.manner);
                    let pair = self.pair(without.clone(), element);
                    let better = |it: &Standing| it.score > standing.score + 1e-9;
                    if let Some(better) = pair.into_iter().chain([apart]).find(better) {
                        standing = better;
                        self.note(&standing);
                        continue;
                    }
                }
                if let Some(twice) = self.twice(&without, element)
                    && twice.score > standing.score + 1e-9
                {
                    standing = twice;
                    self.note(&standing);
                    continue;
                }
                if let Some(later) = self.later(&without, element)
                    && later.score > standing.score + 1e-9
                {
                    standing = later;
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
        let known = self.scale.known(&without.fit, suspect);
        let gained = |first, last| known.hard(first, last);
        // By its last epoch, and by the first of its second time.
        let once: Vec<f64> = (first..=last).map(|last| gained(first, last)).collect();
        let again: Vec<f64> = (first + 2..=last).map(|first| gained(first, last)).collect();
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

    /// The same with a fault that came only after what it takes down was last seen well, and another for what had
    /// failed by then: neither of the two steps would be taken by itself. Only one, as in [`pair`](Self::pair).
    fn later(&self, without: &Standing, element: Element) -> Option<Standing> {
        let Element { suspect, manner, first, last } = element;
        if manner != Manner::Hard || first == last {
            return None;
        }
        let places = self.suspects.places_of(suspect).iter();
        let places = places.map(|&at| &self.suspects.places[at as usize]);
        let well = places.filter(|place| !place.bad && place.fits.hard < ILL_FITTING);
        let well = well.map(|place| place.epoch).filter(|epoch| (first..last).contains(epoch));
        let mut standing = without.clone();
        self.put(&mut standing, Element { first: well.max()? + 1, ..element });
        self.adds(&mut standing, |_, _| true).then_some(standing)
    }

    /// Adds what broke otherwise while it helps: in place of what is down in part what is not, and in place of what
    /// fails in turns what broke whole.
    fn apart(&self, mut standing: Standing, from: Manner) -> Standing {
        let may = |_: u32, manner: Manner| match from {
            Manner::Partial => manner != Manner::Partial,
            Manner::Hard | Manner::Astray | Manner::Flaky(_) => manner == Manner::Hard,
        };
        while standing.elements().len() < FAULTS_MAX && self.adds(&mut standing, may) {}
        standing
    }

    /// In place of what is down in part two that are not, each of which takes down less: what takes down as much would
    /// be put first, and leave the second nothing. No more than two, for that more broke by themselves is less likely
    /// than an error of the plant file.
    fn pair(&self, mut standing: Standing, from: Element) -> Option<Standing> {
        let all = self.suspects.bad_count(from.suspect);
        let may = |suspect: u32, manner: Manner| {
            manner != Manner::Partial && self.suspects.bad_count(suspect) < all
        };
        let both = from.manner == Manner::Partial
            && standing.elements().len() + 2 <= FAULTS_MAX
            && self.adds(&mut standing, may)
            && self.adds(&mut standing, may);
        both.then_some(standing)
    }

    /// Puts the best of some that is better than nothing, if there is one.
    fn adds(&self, standing: &mut Standing, may: impl Fn(u32, Manner) -> bool) -> bool {
        let better = self.best_of(standing, may).filter(|(score, _)| *score > standing.score);
        let Some((_, element)) = better else { return false };
        self.put(standing, element);
        true
    }

    /// Everything one move away from the best: what competes with it.
    fn around(&mut self, best: &Standing) {
        self.note(best);
        let within = best.score - KEPT_WITHIN;
        let mut removed: Vec<Vec<Element>> = (0..best.elements().len())
            .map(|at| {
                let mut rest = best.elements().to_vec();
                rest.remove(at);
                rest
            })
            .collect();
        for a in 0..best.elements().len().min(6) {
            for b in a + 1..best.elements().len().min(6) {
                let mut rest = best.elements().to_vec();
                rest.remove(b);
                rest.remove(a);
                removed.push(rest);
            }
        }
        removed.push(best.elements().to_vec());
        for rest in removed {
            let standing = self.standing(&rest);
            self.note(&standing);
            for (suspect, hope) in self.hopes(&standing, ILL_FITTING) {
                let known = OnceCell::new();
                for manner in self.scale.manners(suspect) {
                    let asked = (suspect, hope, &known);
                    let weighed = self.weigh_closely(&standing, asked, manner, within);
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

/// Which places the partial faults among the elements bring down: the circuit cannot say it.
pub(super) fn partly_down(suspects: &Suspects<'_>, elements: &[Element]) -> Vec<bool> {
    let scale = Scale::of(suspects);
    let mut fit = scale.calm().clone();
    let mut down = vec![false; suspects.places.len()];
    for &element in elements {
        let before: Vec<bool> = (0..down.len()).map(|place| fit.is_down(place)).collect();
        scale.put(&mut fit, element);
        if element.manner == Manner::Partial {
            for (place, was) in before.into_iter().enumerate() {
                down[place] |= fit.is_down(place) && !was;
            }
        }
    }
    down
}
