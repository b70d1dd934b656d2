//! The search for the fault sets that fit best: greedy from several starts, then add, remove and swap.
//!
//! A move touches only the facts of the suspect that is moved. Each suspect may have failed *hard*,
//! *in part* (each machine below it is hit or not, even odds) or *in turns* at one of a few rates, over any
//! run of epochs. Where a hard fault should have brought a machine down that is seen up, either the
//! hypothesis is wrong or the plant is: the edge is drawn where there is none. So no one wrong edge
//! disproves the truth.
//!
//! Scores are logarithms of prior times likelihood against "nothing broke". It works on lists of facts
//! alone; that two faults together bring down what neither does is looked up afterwards (`super`) for the
//! best. Tested against trying every set.

use super::likelihood::fits;
use super::suspects::{RATES, Suspects};
use super::{EPOCHS_MAX, Follows};
use std::collections::BTreeMap;

/// One edge in so many is drawn where there is none, as far as one machine hangs on it: what a machine
/// seen up costs a hypothesis that has it down (chosen by hand).
pub(super) const WRONG_EDGE: f64 = 5e-3;

/// A thing that is failing already fails in another way too (chosen by hand: flaky disks die).
const WORSENS: f64 = 0.3;

/// Faults in one hypothesis at most.
pub(super) const FAULTS_MAX: usize = 12;

/// Single suspects, and sets of them, that a search starts from.
const STARTS: usize = 12;

/// A hypothesis so much less likely than the best (natural logarithm) is not kept.
const KEPT_WITHIN: f64 = 14.0;

/// Hypotheses kept at most.
const KEPT_MAX: usize = 4_096;

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

/// The fit of every fact under some elements.
#[derive(Clone)]
struct Standing {
    elements: Vec<Element>,
    score: f64,
    prior: f64,
    fit: Vec<f64>,
    down: Vec<bool>,
    /// The chance that a try is not failed by any of the flaky ones.
    through: Vec<f64>,
}

struct Search<'a> {
    suspects: &'a Suspects,
    follows: Follows<'a>,
    epochs: u8,
    visited: BTreeMap<Vec<Element>, (f64, f64)>,
}

/// The best set of elements, and what competes with it, best first; the empty one is among them.
pub(super) fn search(suspects: &Suspects, follows: Follows<'_>) -> Vec<Scored> {
    let epochs =
        suspects.facts.iter().map(|fact| fact.epoch + 1).max().unwrap_or(1).min(EPOCHS_MAX);
    let mut search = Search { suspects, follows, epochs, visited: BTreeMap::new() };
    let calm = search.calm();
    search.visited.insert(Vec::new(), (0.0, 0.0));
    let starts = search.starts(&calm);
    let mut best = search.climb(calm.clone());
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
        let facts = &self.suspects.facts;
        Standing {
            elements: Vec::new(),
            score: 0.0,
            prior: 0.0,
            fit: facts.iter().map(|fact| fact.calm).collect(),
            down: facts.iter().map(|fact| fact.down_today).collect(),
            through: vec![1.0; facts.len()],
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

    /// The best single suspects, and the best sets, to begin with.
    fn starts(&mut self, calm: &Standing) -> Vec<Element> {
        let mut single: Vec<(f64, Element)> = Vec::new();
        let mut together: Vec<(f64, Element)> = Vec::new();
        for suspect in 0..u32::try_from(self.suspects.all.len()).expect("suspects fit u32") {
            let is_single = self.suspects.all[suspect as usize].members[0].1.len() == 1;
            for manner in self.manners(suspect) {
                let Some((score, prior, element)) = self.weigh(calm, suspect, manner) else {
                    continue;
                };
                self.visited.insert(vec![element], (score, prior));
                if is_single {
                    single.push((score, element))
                } else {
                    together.push((score, element))
                }
            }
        }
        let mut starts = Vec::new();
        for list in [&mut single, &mut together] {
            list.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
            starts.extend(list.iter().take(STARTS).map(|(_, element)| *element));
        }
        starts
    }

    fn manners(&self, suspect: u32) -> impl Iterator<Item = Manner> + use<> {
        let mixed = self.suspects.all[suspect as usize].mixed;
        let flaky = (0..u8::try_from(RATES.len()).expect("few rates")).map(Manner::Flaky);
        let more = std::iter::once(Manner::Partial).chain(flaky).filter(move |_| mixed);
        std::iter::once(Manner::Hard).chain(more)
    }

    /// The best run of epochs for this suspect to have failed in, on top of what stands, with the score
    /// and the prior then.
    fn weigh(&self, on: &Standing, suspect: u32, manner: Manner) -> Option<(f64, f64, Element)> {
        let mut gain = [0.0; EPOCHS_MAX as usize];
        let mut spoken = [false; EPOCHS_MAX as usize];
        self.by_group(on, suspect, manner, |epoch, gained, _, _| {
            gain[epoch as usize] += gained;
            spoken[epoch as usize] = true;
        });
        let who = &self.suspects.all[suspect as usize];
        let mut best: Option<(f64, f64, u8, u8)> = None;
        for first in (0..self.epochs).rev() {
            if !spoken[first as usize] {
                continue;
            }
            let mut sum = 0.0;
            for last in first..self.epochs {
                sum += gain[last as usize];
                let done = deeds(&who.deeds, first, last, self.epochs);
                let total = sum + done;
                // Of equals the latest onset, and the longest from there: nothing was seen to end it.
                if best.is_none_or(|(other, _, from, _)| {
                    total > other || (total == other && from == first)
                }) {
                    best = Some((total, done, first, last));
                }
            }
        }
        let (gained, done, first, last) = best?;
        let element = Element { suspect, manner, first, last };
        let prior = self.prior(on, element);
        Some((on.score + gained + prior, on.prior + prior + done, element))
    }

    fn prior(&self, on: &Standing, element: Element) -> f64 {
        let Element { suspect, manner, first, .. } = element;
        let who = &self.suspects.all[suspect as usize];
        for other in on.elements.iter().filter(|other| other.suspect == suspect) {
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
        let mut gained: f64 = 0.0;
        for other in on.elements.iter().filter(|other| other.manner == Manner::Hard) {
            let who = &self.suspects.all[other.suspect as usize];
            let [theirs] = who.members[0].1[..] else { continue };
            let chance = |from, to, by_itself: f64| {
                let list = (self.follows)(from)?;
                let (_, chance) = list.iter().find(|(input, _)| *input == to)?;
                (*chance > by_itself).then_some(*chance - by_itself)
            };
            // One of the two follows from the other, not each from each.
            let by_theirs =
                if other.first <= element.first { chance(theirs, own, own_prior) } else { None };
            let by_own =
                if element.first <= other.first { chance(own, theirs, who.hard) } else { None };
            gained = gained.max(by_theirs.unwrap_or(0.0)).max(by_own.unwrap_or(0.0));
        }
        gained
    }

    fn plain_prior(&self, on: &Standing, element: Element) -> f64 {
        let Element { suspect, manner, .. } = element;
        let who = &self.suspects.all[suspect as usize];
        #[expect(clippy::cast_precision_loss, reason = "a handful of rates")]
        match manner {
            Manner::Hard if who.members[0].1.len() > 1 => {
                // What of it has failed anyway costs nothing again.
                let failed = |input| {
                    on.elements.iter().any(|element| {
                        let members = &self.suspects.all[element.suspect as usize].members;
                        element.manner == Manner::Hard && members[0].1.contains(input)
                    })
                };
                let inputs = &who.members[0].1;
                if inputs.iter().any(failed) {
                    let left = inputs.iter().zip(&who.each).filter(|(input, _)| !failed(input));
                    left.map(|(_, prior)| prior).sum()
                } else {
                    who.hard
                }
            }
            Manner::Hard => who.hard + self.because(on, element),
            Manner::Partial => who.partial,
            Manner::Flaky(_) => who.flaky - (RATES.len() as f64).ln(),
        }
    }

    /// Calls for each machine below a suspect in each epoch: what its facts gain, and whether they are
    /// to be taken as hit.
    fn by_group(
        &self,
        on: &Standing,
        suspect: u32,
        manner: Manner,
        mut each: impl FnMut(u8, f64, bool, &[u32]),
    ) {
        let (facts, list) = (&self.suspects.facts, self.suspects.facts_of(suspect));
        let mut at = 0;
        while at < list.len() {
            let begin = at;
            let group = facts[list[at] as usize].group;
            let mut gained = 0.0;
            while at < list.len() && facts[list[at] as usize].group == group {
                let place = list[at] as usize;
                if !on.down[place] {
                    gained += self.fit(on, place, manner) - on.fit[place];
                }
                at += 1;
            }
            let (gained, hit) = match manner {
                Manner::Hard if facts[list[begin] as usize].fact.machine.is_none() => {
                    (gained, true)
                }
                Manner::Hard => (gained.max(WRONG_EDGE.ln()), gained >= WRONG_EDGE.ln()),
                Manner::Partial => {
                    (super::likelihood::log_add(0.0, gained) - std::f64::consts::LN_2, gained > 0.0)
                }
                Manner::Flaky(_) => (gained, true),
            };
            each(facts[list[begin] as usize].epoch, gained, hit, &list[begin..at]);
        }
    }

    fn fit(&self, on: &Standing, place: usize, manner: Manner) -> f64 {
        let fact = &self.suspects.facts[place];
        match manner {
            Manner::Hard | Manner::Partial => fact.hard,
            Manner::Flaky(rate) if on.through[place] >= 1.0 => fact.flaky[rate as usize],
            Manner::Flaky(rate) => {
                fits(&fact.fact, 1.0 - on.through[place] * (1.0 - RATES[rate as usize]))
            }
        }
    }

    /// Takes an element in.
    fn put(&self, on: &mut Standing, element: Element) {
        let Element { suspect, manner, first, last } = element;
        let prior = self.prior(on, element);
        let mut hits: Vec<u32> = Vec::new();
        let mut gain = 0.0;
        self.by_group(on, suspect, manner, |epoch, gained, hit, list| {
            if (first..=last).contains(&epoch) {
                gain += gained;
                if hit {
                    hits.extend(list);
                }
            }
        });
        for place in hits {
            let place = place as usize;
            if on.down[place] {
                continue;
            }
            on.fit[place] = self.fit(on, place, manner);
            match manner {
                Manner::Hard | Manner::Partial => on.down[place] = true,
                Manner::Flaky(rate) => on.through[place] *= 1.0 - RATES[rate as usize],
            }
        }
        let done = deeds(&self.suspects.all[suspect as usize].deeds, first, last, self.epochs);
        on.score += gain + prior + done;
        on.prior += prior + done;
        on.elements.push(element);
    }

    /// The best suspect to add for what fits ill.
    fn best_addition(&mut self, on: &Standing) -> Option<(f64, Element)> {
        let mut best: Option<(f64, Element)> = None;
        for suspect in self.wanted(on) {
            for manner in self.manners(suspect) {
                let Some((score, _, element)) = self.weigh(on, suspect, manner) else { continue };
                if best.is_none_or(|(other, _)| score > other) {
                    best = Some((score, element));
                }
            }
        }
        best
    }

    /// Who could explain what fits ill, in order.
    fn wanted(&self, on: &Standing) -> Vec<u32> {
        let mut wanted = vec![false; self.suspects.all.len()];
        for (place, (fact, fit)) in self.suspects.facts.iter().zip(&on.fit).enumerate() {
            if fact.bad && *fit < ILL_FITTING {
                let place = u32::try_from(place).expect("facts fit u32");
                for &suspect in self.suspects.of_fact(place) {
                    wanted[suspect as usize] = true;
                }
            }
        }
        places(&wanted)
    }

    /// Adds while it helps, then removes what is no longer needed, then swaps; until nothing helps.
    fn climb(&mut self, mut standing: Standing) -> Standing {
        for _ in 0..4 {
            let before = standing.score;
            while standing.elements.len() < FAULTS_MAX {
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
            let beside: Vec<u32> = self.wanted(&standing);
            for suspect in beside {
                for manner in self.manners(suspect) {
                    let Some((score, prior, element)) = self.weigh(&standing, suspect, manner)
                    else {
                        continue;
                    };
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

/// Which facts (by place) the partial faults among the elements bring down: the circuit cannot say it.
pub(super) fn partly_down(
    suspects: &Suspects,
    follows: Follows<'_>,
    elements: &[Element],
) -> Vec<bool> {
    let search = Search { suspects, follows, epochs: EPOCHS_MAX, visited: BTreeMap::new() };
    let mut standing = search.calm();
    let mut down = vec![false; suspects.facts.len()];
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

fn places(wanted: &[bool]) -> Vec<u32> {
    (0..).zip(wanted).filter(|(_, wanted)| **wanted).map(|(at, _)| at).collect()
}
