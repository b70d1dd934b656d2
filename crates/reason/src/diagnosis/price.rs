//! What a set of faults costs before anything is seen.
//!
//! Each costs its prior, and less where it follows from another; several that came in one minute cost that it was the
//! same one, or that one event outside did it all. What goes down with a hard fault, and ends with it, may hang on
//! it by a wire that lies elsewhere than the plant says ([`super::wires`]), and is no fault of its own: it is
//! *astray*. All are logarithms. Tested through the search.

use super::Follows;
use super::element::{Element, Manner};
use super::likelihood::log_add;
use super::suspects::{RATES, Suspect, Suspects};
use super::wires::Broke;
use crate::circuit::InputId;
use blackstart_model::record::FaultMode;
use std::cell::OnceCell;

/// A thing that is failing already fails in another way too (chosen by hand: flaky disks die).
pub(super) const WORSENS: f64 = 0.3;

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

/// Log-probability of what cannot be: one thing in two states at one time; what hangs on nothing that broke.
const IMPOSSIBLE: f64 = -60.0;

/// The most that one wire or another of a thing lies elsewhere: the logarithm of more wires than any has.
const ASTRAY_AT_MOST: f64 = 5.0;

/// Sums differ by no more for being made in another order.
const ROUNDING: f64 = 1e-6;

/// What the faults of a set cost so far.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub(super) struct Paid {
    /// By themselves, and for so many inputs.
    own: f64,
    inputs: usize,
    /// That some only hang on others.
    astray: f64,
}

/// The priors of one question.
#[derive(Clone, Copy)]
pub(super) struct Prices<'a> {
    pub(super) suspects: &'a Suspects<'a>,
    pub(super) follows: Follows<'a>,
}

impl Prices<'_> {
    /// What the prior of all gains by one more, and what is paid then.
    pub(super) fn more(&self, elements: &[Element], paid: Paid, element: Element) -> (f64, Paid) {
        let astray = self.astray(elements, paid, element);
        let gained = astray - paid.astray;
        if element.manner == Manner::Astray {
            return (gained, Paid { astray, ..paid });
        }
        let inputs = paid.inputs + self.suspects.all[element.suspect as usize].members[0].1.len();
        let because = self.because(elements, element);
        let beside = |other: &Element| {
            other.first == element.first
                && other.suspect != element.suspect
                && other.manner != Manner::Astray
                && because == 0.0
        };
        let at_once = if elements.iter().any(beside) { SAME_MINUTE.ln() } else { 0.0 };
        let own =
            paid.own + self.prior(elements, element) + self.spares(elements, element) + at_once;
        let log_unmodelled = self.suspects.log_unmodelled;
        let more =
            joint(own, log_unmodelled, inputs) - joint(paid.own, log_unmodelled, paid.inputs);
        (more + gained, Paid { own, inputs, astray })
    }

    /// What the prior of all gains by one more, or somewhat more than that: found without asking what follows from
    /// what, and which wires lie where. `None` where it is no matter of a few figures.
    pub(super) fn at_most(
        &self,
        elements: &[Element],
        paid: Paid,
        suspect: u32,
        manner: Manner,
    ) -> Option<f64> {
        let who = &self.suspects.all[suspect as usize];
        let others = || elements.iter().map(|it| (it, &self.suspects.all[it.suspect as usize]));
        let is_set = |who: &Suspect| who.members[0].1.len() > 1;
        if manner == Manner::Astray {
            return Some(ASTRAY_AT_MOST);
        }
        // What follows from what is asked of a few only, of those that come first: who is left out here must not be
        // one of them.
        let matters = |(it, other): (&Element, &Suspect)| {
            it.suspect == suspect || it.manner == Manner::Hard && (who.carries || other.carries)
        };
        if others().any(matters) {
            return None;
        }
        let own = match manner {
            // It may cost less beside a set, or make one cost less, or have others hang on it.
            Manner::Hard
                if others().any(|(it, other)| match it.manner {
                    Manner::Astray => true,
                    Manner::Hard => is_set(who) || is_set(other),
                    Manner::Partial | Manner::Flaky(_) => false,
                }) =>
            {
                return None;
            }
            Manner::Hard => who.hard,
            Manner::Astray => 0.0,
            Manner::Partial => who.partial,
            Manner::Flaky(_) => who.flaky - rates_ln(),
        };
        let log_unmodelled = self.suspects.log_unmodelled;
        let inputs = paid.inputs + who.members[0].1.len();
        let with = joint(paid.own + own, log_unmodelled, inputs);
        Some(with - joint(paid.own, log_unmodelled, paid.inputs) + ROUNDING)
    }

    /// What it costs with one more that some only hang on others: those that are down hang on what is wholly down,
    /// and on nothing else.
    fn astray(&self, elements: &[Element], paid: Paid, element: Element) -> f64 {
        let is_astray = |it: &Element| it.manner == Manner::Astray;
        let with = |price: &dyn Fn(&[Element]) -> f64| {
            let mut all = elements.to_vec();
            all.push(element);
            price(&all)
        };
        match element.manner {
            Manner::Astray => {
                let last = elements.len();
                paid.astray + with(&|all| astray_at(self.suspects, all, last, None))
            }
            Manner::Hard if elements.iter().any(is_astray) => {
                with(&|all| astray(self.suspects, all, None))
            }
            Manner::Hard | Manner::Partial | Manner::Flaky(_) => paid.astray,
        }
    }

    /// What the sets that stand need not pay again when one of theirs has failed anyway.
    fn spares(&self, elements: &[Element], element: Element) -> f64 {
        let is_set = |it: &Element| {
            let members = &self.suspects.all[it.suspect as usize].members;
            it.manner == Manner::Hard && members[0].1.len() > 1
        };
        if element.manner != Manner::Hard || is_set(&element) || !elements.iter().any(is_set) {
            return 0.0;
        }
        let mut all = elements.to_vec();
        all.push(element);
        let sets = (0..elements.len()).filter(|&at| is_set(&elements[at]));
        let spared = sets.map(|at| {
            paid(self.suspects, &all, at, None) - paid(self.suspects, elements, at, None)
        });
        spared.sum()
    }

    fn prior(&self, elements: &[Element], element: Element) -> f64 {
        let Element { suspect, manner, first, .. } = element;
        let who = &self.suspects.all[suspect as usize];
        for other in elements.iter().filter(|other| other.suspect == suspect) {
            let at_once = other.first <= element.last && first <= other.last;
            // The same whichever of the two was thought of first.
            match (other.manner, manner) {
                (Manner::Flaky(_) | Manner::Partial, Manner::Hard) if other.first < first => {
                    return WORSENS.ln();
                }
                (Manner::Hard, Manner::Flaky(_)) if first < other.first => {
                    return self.plain_prior(elements, element) + WORSENS.ln() - who.hard;
                }
                (Manner::Hard, Manner::Partial) if first < other.first => {
                    return who.partial + WORSENS.ln() - who.hard;
                }
                // What is down does not fail in turns besides.
                (_, _) if at_once => return IMPOSSIBLE,
                (_, _) => {}
            }
        }
        self.plain_prior(elements, element)
    }

    /// What the prior of a fault gains by others that it follows from, and theirs by it.
    fn because(&self, elements: &[Element], element: Element) -> f64 {
        let own = &self.suspects.all[element.suspect as usize];
        let gained = |from: &Suspect, to: &Suspect| {
            let (_, chance) = follower(self.follows, from, to)?;
            Some(chance - to.hard)
        };
        let mut best: f64 = 0.0;
        for other in elements.iter().filter(|other| other.manner == Manner::Hard) {
            let who = &self.suspects.all[other.suspect as usize];
            // One of the two follows from the other, not each from each.
            if other.first <= element.first {
                best = best.max(gained(who, own).unwrap_or(0.0));
            }
            if element.first <= other.first && own.members[0].1.len() == 1 {
                let more = gained(own, who).unwrap_or(0.0);
                // It may be said to follow from what failed before already.
                let is_before = |it: &&Element| {
                    it.manner == Manner::Hard
                        && it.suspect != other.suspect
                        && it.first <= other.first
                };
                let known = elements.iter().filter(is_before).filter(|_| more > best);
                let known =
                    known.filter_map(|it| gained(&self.suspects.all[it.suspect as usize], who));
                best = best.max(more - known.fold(0.0, f64::max));
            }
        }
        best
    }

    /// Since when an input has failed.
    fn failed(&self, elements: &[Element], input: InputId) -> Option<u8> {
        let has = |element: &&Element| {
            let members = &self.suspects.all[element.suspect as usize].members;
            element.manner == Manner::Hard && members[0].1.contains(&input)
        };
        elements.iter().filter(has).map(|element| element.first).min()
    }

    /// Of a set of which all but what stood by had failed before: since when that was called.
    pub(super) fn called(&self, elements: &[Element], suspect: u32) -> Option<u8> {
        let who = &self.suspects.all[suspect as usize];
        let mut called = None;
        for (&input, &stood_by) in who.members[0].1.iter().zip(&who.stood_by) {
            match self.failed(elements, input) {
                Some(first) => called = called.max(Some(first)),
                None if stood_by => {}
                None => return None,
            }
        }
        called
    }

    fn plain_prior(&self, elements: &[Element], element: Element) -> f64 {
        let Element { suspect, manner, .. } = element;
        let who = &self.suspects.all[suspect as usize];
        match manner {
            Manner::Hard if who.members[0].1.len() > 1 => {
                let mut all = elements.to_vec();
                all.push(element);
                paid(self.suspects, &all, all.len() - 1, None)
            }
            Manner::Hard => who.hard + self.because(elements, element),
            Manner::Partial => who.partial,
            Manner::Flaky(_) => who.flaky - rates_ln(),
            Manner::Astray => 0.0,
        }
    }
}

/// The rates are likely alike.
fn rates_ln() -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a handful of rates")]
    let rates = RATES.len() as f64;
    rates.ln()
}

/// Which single fault of a suspect follows from the likeliest faults of another, with the logarithm of how likely,
/// where that is more than the suspect is by itself.
fn follower(follows: Follows<'_>, from: &Suspect, to: &Suspect) -> Option<(usize, f64)> {
    let singles = || to.members.iter().enumerate().filter(|(_, (_, inputs))| inputs.len() == 1);
    singles().next()?;
    let lists = from.members[0].1.iter().filter_map(|&input| follows(input));
    let chances = lists.flat_map(|list| {
        let chance = |input: InputId| list.iter().find(|(own, _)| *own == input).map(|it| it.1);
        singles().filter_map(|(nth, (_, own))| Some((nth, chance(own[0])?))).collect::<Vec<_>>()
    });
    chances.filter(|(_, chance)| *chance > to.hard).max_by(|a, b| a.1.total_cmp(&b.1))
}

/// The same for one of these, by whichever of the others began no later.
pub(super) fn follows_from(
    suspects: &Suspects<'_>,
    follows: Follows<'_>,
    elements: &[Element],
    at: usize,
) -> Option<(usize, f64)> {
    let own = elements[at];
    let others = elements
        .iter()
        .enumerate()
        .filter(|(other, it)| *other != at && it.manner == Manner::Hard && it.first <= own.first);
    let who = &suspects.all[own.suspect as usize];
    let chances =
        others.filter_map(|(_, it)| follower(follows, &suspects.all[it.suspect as usize], who));
    chances.filter(|_| own.manner == Manner::Hard).max_by(|a, b| a.1.total_cmp(&b.1))
}

/// What it costs that some of these only hang on the others by wires that lie elsewhere. With the members `chosen` of
/// each; or else whichever they are, the others being the likeliest of theirs.
pub(super) fn astray(
    suspects: &Suspects<'_>,
    elements: &[Element],
    chosen: Option<&[usize]>,
) -> f64 {
    let all = (0..elements.len()).filter(|&at| elements[at].manner == Manner::Astray);
    all.map(|at| astray_at(suspects, elements, at, chosen)).sum()
}

/// The same of the one at this place.
fn astray_at(
    suspects: &Suspects<'_>,
    elements: &[Element],
    of: usize,
    chosen: Option<&[usize]>,
) -> f64 {
    let members = |at: usize| &suspects.all[elements[at].suspect as usize].members;
    let wires = &suspects.wires;
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
    suspects: &Suspects<'_>,
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
pub(super) fn deeds(deeds: &[(u8, f64, f64)], first: u8, last: u8, epochs: u8) -> f64 {
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
