//! Which of many candidates lose a share of what passes them: the most believed set of flaky ones, from counts.
//!
//! A flaky thing fails in turns, so no single fact proves it: one flow of a hundred packets loses two, the next
//! none. What decides is the sum over all facts whose way crosses it. The facts here are counts (tries, failures),
//! each with the candidates whose fault alone would make it fail; the answer is a set of candidates, a rate for
//! each, what each adds to the belief, and the next best answers.
//!
//! **The model.** A candidate lets a try through with probability e^−y, so a way's losses add up, whatever the
//! rates (for small ones y is the rate itself). A good candidate has the background's y, the same for all,
//! estimated from the facts; a flaky one has its own on top, unknown. A fact's failures are then binomial; or
//! the fact is *wrong as a whole* (a misreading, a way that is not as drawn) and any rate of failure is as
//! likely as any other. Each fact is taken in the more believable of the two readings, so none decides alone,
//! however many tries it counts.
//!
//! **The search** keeps for each candidate and each of [`COARSE`] rates what making it flaky would add. Adding
//! or moving one touches only the facts that cross it, and these only the candidates beside it. The best is
//! added, the rates of all are refined, what no longer earns its place goes; then each member is taken out and
//! the best one or two put in its place, until nothing is gained.
//!
//! It never looks at the circuit, at names or at times: its caller says who could have failed whom, and how
//! likely each was to break before looking. Tested against trying every set with every rate on small random
//! instances, by cases, and by the program `flock` of the benches on traces of a fat tree and on others like
//! them.

mod facts;
mod likelihood;

use facts::Facts;
use likelihood::{COARSE, LEVELS, LEVELS_EACH, loss};
use std::cmp::Ordering;

/// Flaky candidates named at once. Sixty-four independent ones are no diagnosis but a description, and past
/// them each round costs more than it tells (chosen by hand).
pub const FLAKY_MAX: usize = 64;

/// How many times the background the least rate of a flaky candidate is. Below it a candidate is merely one of
/// the worse of the good ones, whose rates are not all alike: of an endlessly watched one the better reading
/// changes at 15 / ln 16, 5.4 times the background, which no good one has whose rates spread from none to
/// twice the mean (chosen by hand).
const ABOVE_BACKGROUND: f64 = 16.0;

/// What the background is taken for before looking: one try in ten thousand lost at each candidate on the
/// way. It weighs as much as one failure, so a few thousand tries overrule it (chosen by hand: between
/// the losses of a good network and those of checks that time out).
const BACKGROUND_BEFORE: f64 = 1e-4;

/// A candidate that loses more than one try in a thousand is not taken for good, whatever all the others do:
/// when most of what is seen is one great outage, its failures are not what is usual.
const BACKGROUND_MAX: f64 = 1e-3;

/// Rounds of search and estimate of the background, of which two are the rule.
const ROUNDS_MAX: usize = 4;

/// The estimate stands when it moves by less than this share of itself: a tenth moves the weight of one
/// failure by as much, far less than a step of the prior.
const BACKGROUND_STANDS: f64 = 0.1;

/// Estimates of the background from one set of flaky candidates, each sharing the failures out anew.
const ESTIMATES: usize = 8;

/// How much better an answer has to be to replace one: sums of many logarithms are not exact.
const GAINED: f64 = 1e-6;

/// Rounds of taking out, putting in and adding; each gains, so they end, but not always soon.
const REPAIRS_MAX: usize = 16;

/// Rounds of refining the rates of members that share facts; each moves them less.
const REFINED_MAX: usize = 4;

/// How far behind the best, at coarse rates, a candidate may yet come out before it between them: the most
/// that half a halving of the rate costs at a hundred failures (chosen by hand; who has more is told apart by
/// other facts).
const REFINED_WITHIN: f64 = 6.0;

/// Candidates that are tried for one place when looking for the next best answers.
const NEXT_TRIED: usize = 8;

/// Facts and candidates as flat arrays.
#[derive(Clone, Copy, Debug)]
pub struct Counts<'a> {
    /// How often each fact's question was put.
    pub tries: &'a [u32],
    /// How often it failed; at most `tries`.
    pub failures: &'a [u32],
    /// Where each fact's candidates begin in `candidates`; one more entry than facts, which ends the last.
    pub starts: &'a [usize],
    /// The candidates whose fault alone would make the fact fail, as indices into `log_priors`, in any order.
    pub candidates: &'a [u32],
    /// Natural logarithm of the odds that the candidate became flaky, before looking.
    pub log_priors: &'a [f64],
}

/// Why arrays do not describe counts: the caller's mistake, not the operator's.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Malformed {
    /// One array is longer than another of the same things.
    #[error(
        "{tries} counts of tries, {failures} of failures, {starts} starts: not as many facts, facts, facts + 1"
    )]
    Lengths {
        /// Length of `tries`.
        tries: usize,
        /// Length of `failures`.
        failures: usize,
        /// Length of `starts`.
        starts: usize,
    },
    /// A fact that failed more often than it was tried.
    #[error("fact {0} failed more often than it was tried")]
    Failures(usize),
    /// Starts that fall, or do not end with the last candidate.
    #[error("the candidates of fact {0} do not lie in order within the array of candidates")]
    Starts(usize),
    /// A candidate without a prior.
    #[error("fact {0} names a candidate that has no prior")]
    Candidate(usize),
    /// A prior that is no number, or infinite.
    #[error("the prior of candidate {0} is no number")]
    Prior(usize),
}

/// A candidate that loses tries, as far as believed.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Flaky {
    /// Its index.
    pub candidate: u32,
    /// The share of tries that it loses, between 0 and 1, to within a twentieth of itself.
    pub rate: f64,
    /// By how much the score falls when it is taken for good and all else stays; log, natural.
    pub gain: f64,
}

/// An answer that differs by one candidate from the best.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Alternative {
    /// The member that is good in this answer; `None`: all stay.
    pub without: Option<u32>,
    /// The candidate that is flaky in this answer; `None`: nobody takes its place.
    pub with: Option<u32>,
    /// Its rate in this answer.
    pub rate: Option<f64>,
    /// How far its score is behind the best: log, natural, 0 where both are as good.
    pub behind: f64,
}

/// The most believed answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Believed {
    /// The flaky candidates, in order of their index; none when nothing is needed to explain the counts.
    pub flaky: Vec<Flaky>,
    /// Logarithm of its odds against "nobody is flaky".
    pub score: f64,
    /// The loss of a good candidate, as estimated.
    pub background: f64,
    /// The next best answers, the best first.
    pub alternatives: Vec<Alternative>,
    /// Whether the search stopped at [`FLAKY_MAX`] with more to gain.
    pub capped: bool,
}

/// The set of flaky candidates that the counts speak for most, and up to `keep` answers next to it.
///
/// The score of a set with its rates is the sum of its members' log priors, each less ln [`COARSE`] (its rate
/// is one of that many, before looking), and of the facts' log likelihoods over those with nobody flaky.
///
/// Cost: the length of `candidates` a few times over, and for each member a few times the facts that cross it.
/// Memory: 128 bytes for each candidate that a failing fact names, 8 for each entry of `candidates`.
///
/// # Errors
///
/// [`Malformed`], when the arrays do not fit together.
pub fn most_believed(counts: Counts<'_>, keep: usize) -> Result<Believed, Malformed> {
    let facts = Facts::of(counts)?;
    let mut background = facts.background_before();
    let mut search = Search::new(&facts, background, &[]);
    for round in 1.. {
        search.grow();
        let estimate = search.estimate();
        if round == ROUNDS_MAX || (estimate / background - 1.0).abs() < BACKGROUND_STANDS {
            break;
        }
        background = estimate;
        search = Search::new(&facts, background, &search.members());
    }
    search.settle();
    Ok(search.finish(keep))
}

/// One set of flaky candidates, and what every change of it would be worth. Candidates are numbered as in
/// [`Facts`].
struct Search<'a> {
    facts: &'a Facts,
    background: f64,
    /// The last level that is clearly above the background; levels fall as they are counted.
    level_max: u8,
    /// The level of each candidate; [`GOOD`] when it is not flaky.
    levels: Vec<u8>,
    /// The flaky ones, in order of being added.
    flaky: Vec<u32>,
    /// Whether something on the way of a flaky one changed since its rate was refined.
    stale: Vec<bool>,
    /// The loss on each fact's way.
    losses: Vec<f64>,
    /// What adding each candidate at each coarse level would add to the likelihood.
    gains: Vec<[f64; COARSE]>,
    /// Log odds of the present set against the empty one.
    score: f64,
    capped: bool,
}

/// The level of who is not flaky.
const GOOD: u8 = u8::MAX;

impl<'a> Search<'a> {
    /// Starts with these members at these levels.
    fn new(facts: &'a Facts, background: f64, members: &[(u32, u8)]) -> Self {
        let least = ABOVE_BACKGROUND * background;
        let level_max = (0..LEVELS).rev().find(|&level| loss(level) >= least).unwrap_or(0);
        let losses: Vec<f64> = facts.lengths.iter().map(|length| background * length).collect();
        let mut gains = vec![[0.0; COARSE]; facts.candidates.len()];
        for (fact, &now) in losses.iter().enumerate() {
            let added = facts.added(fact, now);
            for &candidate in facts.candidates_of(fact) {
                for (gain, added) in gains[candidate as usize].iter_mut().zip(added) {
                    *gain += added;
                }
            }
        }
        let mut search = Self {
            facts,
            background,
            level_max,
            levels: vec![GOOD; facts.candidates.len()],
            flaky: Vec::new(),
            stale: vec![false; facts.candidates.len()],
            losses,
            gains,
            score: 0.0,
            capped: false,
        };
        for &(candidate, level) in members {
            search.set(candidate, level.min(level_max));
        }
        search
    }

    fn members(&self) -> Vec<(u32, u8)> {
        self.flaky.iter().map(|&candidate| (candidate, self.levels[candidate as usize])).collect()
    }

    /// What a candidate of this level adds to a way's loss.
    fn loss_at(level: u8) -> f64 {
        if level == GOOD { 0.0 } else { loss(level) }
    }

    /// What a candidate costs before looking, at this level.
    fn prior(&self, candidate: u32, level: u8) -> f64 {
        if level == GOOD { 0.0 } else { self.facts.log_priors[candidate as usize] }
    }

    /// How the score would change with the candidate at another level.
    fn change(&self, candidate: u32, level: u8) -> f64 {
        let now = self.levels[candidate as usize];
        let more = Self::loss_at(level) - Self::loss_at(now);
        let likelihood: f64 = self
            .facts
            .facts_of(candidate)
            .iter()
            .map(|&fact| {
                let (fact, loss) = (fact as usize, self.losses[fact as usize]);
                self.facts.likelihood(fact, self.sum(fact, loss + more))
                    - self.facts.likelihood(fact, loss)
            })
            .sum();
        likelihood + self.prior(candidate, level) - self.prior(candidate, now)
    }

    /// A way's loss is never below the background's, whatever was added and taken away before.
    fn sum(&self, fact: usize, loss: f64) -> f64 {
        loss.max(self.background * self.facts.lengths[fact])
    }

    /// Gives the candidate another level, and everybody beside it other gains.
    fn set(&mut self, candidate: u32, level: u8) {
        let now = self.levels[candidate as usize];
        if now == level {
            return;
        }
        self.score += self.change(candidate, level);
        let more = Self::loss_at(level) - Self::loss_at(now);
        for &fact in self.facts.facts_of(candidate) {
            let fact = fact as usize;
            let before = self.losses[fact];
            let after = self.sum(fact, before + more);
            self.losses[fact] = after;
            let (was, is) = (self.facts.added(fact, before), self.facts.added(fact, after));
            for &beside in self.facts.candidates_of(fact) {
                self.stale[beside as usize] = true;
                for ((gain, was), is) in self.gains[beside as usize].iter_mut().zip(was).zip(is) {
                    *gain += is - was;
                }
            }
        }
        self.levels[candidate as usize] = level;
        if now == GOOD {
            self.flaky.push(candidate);
        } else if level == GOOD {
            self.flaky.retain(|&other| other != candidate);
        }
    }

    /// What making a good candidate flaky is worth, at its best coarse level.
    fn best_of(&self, candidate: u32) -> (f64, u8) {
        let gains = &self.gains[candidate as usize];
        let mut best = (f64::NEG_INFINITY, 0);
        for (level, &gain) in (0..=self.level_max).step_by(LEVELS_EACH.into()).zip(gains) {
            if gain > best.0 {
                best = (gain, level);
            }
        }
        (best.0 + self.facts.log_priors[candidate as usize], best.1)
    }

    /// The good candidate that is worth most, but for one.
    fn best(&self, but: Option<u32>) -> Option<(f64, u32, u8)> {
        let mut best: Option<(f64, u32, u8)> = None;
        for candidate in 0..self.facts.count() {
            if self.levels[candidate as usize] != GOOD || but == Some(candidate) {
                continue;
            }
            let (worth, level) = self.best_of(candidate);
            if best.is_none_or(|(most, ..)| worth > most) {
                best = Some((worth, candidate, level));
            }
        }
        best
    }

    /// Climbs, and climbs again from each first member that comes near the best one: which of them it began
    /// with is to decide nothing.
    fn settle(&mut self) {
        self.climb();
        let (mut best, mut score) = (self.members(), self.score);
        self.restore(&[], 0.0);
        for (worth, first, level) in self.best_few(None) {
            if worth <= GAINED || best.iter().any(|&(member, _)| member == first) {
                continue;
            }
            self.set(first, level);
            self.climb();
            if self.score > score + GAINED {
                (best, score) = (self.members(), self.score);
            }
            self.restore(&[], 0.0);
        }
        self.restore(&best, score);
    }

    /// Adds, refines, takes out and puts in, until nothing is gained.
    fn climb(&mut self) {
        for _ in 0..REPAIRS_MAX {
            self.grow();
            if !self.replace() && !self.pair() && !self.over() {
                break;
            }
        }
    }

    /// Adds the best while it gains, then takes out who earns his place no longer, until neither gains.
    fn grow(&mut self) {
        for _ in 0..REPAIRS_MAX {
            self.capped = false;
            while let Some((candidate, level)) = self.next() {
                if self.flaky.len() >= FLAKY_MAX {
                    self.capped = true;
                    break;
                }
                self.set(candidate, level);
                self.refine();
            }
            if !self.prune() {
                break;
            }
        }
    }

    /// Whom to add, if anybody gains.
    fn next(&self) -> Option<(u32, u8)> {
        let (worth, candidate, level) = self.best(None)?;
        if worth > GAINED {
            return Some((candidate, level));
        }
        // Nobody gains at a coarse rate; somebody may between two of them.
        let (worth, candidate, level) = *self.best_few(None).first()?;
        (worth > GAINED).then_some((candidate, level))
    }

    /// Moves the rate of each member to where the score is highest, of those that something beside changed for.
    fn refine(&mut self) {
        for _ in 0..REFINED_MAX {
            let stale = self.flaky.iter().copied().filter(|&one| self.stale[one as usize]);
            let stale: Vec<u32> = stale.collect();
            if stale.is_empty() {
                break;
            }
            for candidate in stale {
                let (level, _) = self.refined(candidate, self.levels[candidate as usize]);
                self.set(candidate, level);
                self.stale[candidate as usize] = false;
            }
        }
    }

    /// The best level for a candidate, and how the score would change: the better of the hills on which this
    /// level and the best of every few stand. There may be several hills, for a fact that is wrong as a whole
    /// at one rate is well told at another.
    fn refined(&self, candidate: u32, start: u8) -> (u8, f64) {
        let worth = |level| (level, self.change(candidate, level));
        let better = |a: (u8, f64), b: (u8, f64)| if b.1 > a.1 + GAINED { b } else { a };
        let here = self.uphill(candidate, worth(start));
        let every = (0..=self.level_max).step_by(usize::from(LEVELS_EACH / 2));
        let highest = every.map(worth).fold(here, better);
        if highest.0 == here.0 { here } else { self.uphill(candidate, highest) }
    }

    /// The top of the hill on which this level stands.
    fn uphill(&self, candidate: u32, from: (u8, f64)) -> (u8, f64) {
        let (mut level, mut worth) = from;
        let mut step = LEVELS_EACH / 2;
        while step > 0 {
            let lower = level.checked_sub(step);
            let higher = Some(level + step).filter(|&level| level <= self.level_max);
            let better = [lower, higher].into_iter().flatten().find_map(|other| {
                let change = self.change(candidate, other);
                (change > worth + GAINED).then_some((other, change))
            });
            match better {
                Some(better) => (level, worth) = better,
                None => step /= 2,
            }
        }
        (level, worth)
    }

    /// Takes out who no longer earns his place, the idlest first; whether there was one.
    fn prune(&mut self) -> bool {
        let mut pruned = false;
        loop {
            let worth = |&candidate: &u32| (self.change(candidate, GOOD), candidate);
            let idlest = self.flaky.iter().map(worth).max_by(|a, b| a.0.total_cmp(&b.0));
            let Some((_, candidate)) = idlest.filter(|(change, _)| *change > GAINED) else {
                return pruned;
            };
            self.set(candidate, GOOD);
            self.refine();
            pruned = true;
        }
    }

    /// Takes each member out in turn and puts the best one or two others in its place; whether that gained.
    ///
    /// Two, because a thing that many ways share is easily added first for what two behind it do; and the second
    /// may be who was taken out, at the rate that is left for him.
    fn replace(&mut self) -> bool {
        let mut gained = false;
        let mut members = self.flaky.clone();
        members.sort_unstable();
        for member in members {
            if self.levels[member as usize] == GOOD {
                continue;
            }
            let (before, score) = (self.members(), self.score);
            self.set(member, GOOD);
            self.refine();
            let mut better = self.score > score + GAINED;
            for but in [Some(member), None] {
                if better || self.flaky.len() >= FLAKY_MAX {
                    break;
                }
                let Some(&(_, candidate, level)) = self.best_few(but).first() else {
                    break;
                };
                self.set(candidate, level);
                self.refine();
                better = self.score > score + GAINED;
            }
            if better {
                self.prune();
                gained = true;
            } else {
                self.restore(&before, score);
            }
        }
        gained
    }

    /// Adds one or two at once that gain only when the rates of others move with them, the first among the few
    /// that come nearest alone, on each of its hills; whether there were such.
    fn pair(&mut self) -> bool {
        if self.flaky.len() + 2 > FLAKY_MAX {
            return false;
        }
        let (before, score) = (self.members(), self.score);
        for (_, first, _) in self.best_few(None) {
            for level in self.hills(first) {
                self.set(first, level);
                if let Some(&(_, second, level)) = self.best_few(None).first() {
                    self.set(second, level);
                }
                self.refine();
                self.prune();
                if self.score > score + GAINED {
                    return true;
                }
                self.restore(&before, score);
            }
        }
        false
    }

    /// Moves a member to another of its hills, and those beside it after it; whether that gained. Two that share a way
    /// may share its failures out in two ways, and from the one the other is not uphill for either alone.
    fn over(&mut self) -> bool {
        let (before, score) = (self.members(), self.score);
        for &(member, now) in &before {
            for level in self.hills(member) {
                if level == now {
                    continue;
                }
                self.set(member, level);
                // First the others, or it would go back.
                self.stale[member as usize] = false;
                self.refine();
                self.prune();
                if self.score > score + GAINED {
                    return true;
                }
                self.restore(&before, score);
            }
        }
        false
    }

    /// The levels at which a candidate is worth more than a little above and below.
    fn hills(&self, candidate: u32) -> Vec<u8> {
        let levels = (0..=self.level_max).step_by(usize::from(LEVELS_EACH / 2));
        let worth: Vec<(u8, f64)> =
            levels.map(|level| (level, self.change(candidate, level))).collect();
        let height = |at: Option<usize>| {
            at.and_then(|at| worth.get(at)).map_or(f64::NEG_INFINITY, |one| one.1)
        };
        let is_top = |&at: &usize| {
            height(Some(at)) > height(at.checked_sub(1))
                && height(Some(at)) >= height(at.checked_add(1))
        };
        (0..worth.len()).filter(is_top).map(|at| self.uphill(candidate, worth[at]).0).collect()
    }

    /// Puts back a set that was the present one.
    fn restore(&mut self, members: &[(u32, u8)], score: f64) {
        for candidate in self.flaky.clone() {
            if !members.iter().any(|&(member, _)| member == candidate) {
                self.set(candidate, GOOD);
            }
        }
        for &(candidate, level) in members {
            self.set(candidate, level);
        }
        self.flaky = members.iter().map(|&(candidate, _)| candidate).collect();
        self.score = score;
    }

    /// The background that makes the facts most likely with this set: each failure is shared out between the
    /// background and the flaky ones on its way as their losses are (Dempster, Laird and Rubin 1977).
    fn estimate(&self) -> f64 {
        let mut background = self.background;
        for _ in 0..ESTIMATES {
            let (mut failed, mut tried) = (1.0, 1.0 / BACKGROUND_BEFORE);
            tried += self.facts.tried_elsewhere;
            for (fact, &loss) in self.losses.iter().enumerate() {
                let length = self.facts.lengths[fact];
                let flaky = (loss - self.background * length).max(0.0);
                let usual = background * length;
                if self.facts.is_wrong(fact, flaky + usual) {
                    continue;
                }
                tried += self.facts.tries[fact] * length;
                failed += self.facts.failures[fact] * usual / (usual + flaky);
            }
            background = (failed / tried).min(BACKGROUND_MAX);
        }
        background
    }

    fn rate(level: u8) -> f64 {
        -(-loss(level)).exp_m1()
    }

    fn finish(mut self, keep: usize) -> Believed {
        self.flaky.sort_unstable();
        let flaky: Vec<Flaky> = self
            .members()
            .into_iter()
            .map(|(candidate, level)| Flaky {
                candidate: self.facts.candidates[candidate as usize],
                rate: Self::rate(level),
                gain: -self.change(candidate, GOOD),
            })
            .collect();
        let (score, background, capped) = (self.score, self.background, self.capped);
        let alternatives = if keep == 0 { Vec::new() } else { self.alternatives(keep) };
        Believed { flaky, score, background, alternatives, capped }
    }

    /// The best answers that differ by one candidate: one more, one less, or another in its place.
    fn alternatives(&mut self, keep: usize) -> Vec<Alternative> {
        let (members, score) = (self.members(), self.score);
        let mut found = Vec::new();
        self.next_best(None, score, &mut found);
        for &(member, _) in &members {
            self.set(member, GOOD);
            let name = Some(self.facts.candidates[member as usize]);
            let behind = score - self.score;
            found.push(Alternative { without: name, with: None, rate: None, behind });
            self.next_best(Some(member), score, &mut found);
            self.restore(&members, score);
        }
        found.sort_by(|a, b| {
            let place = |one: &Alternative| (one.without, one.with);
            a.behind.total_cmp(&b.behind).then_with(|| place(a).cmp(&place(b)))
        });
        found.truncate(keep);
        found
    }

    /// The best few to add to the present set, `without` being out of it.
    fn next_best(&self, without: Option<u32>, score: f64, found: &mut Vec<Alternative>) {
        for (worth, other, level) in self.best_few(without) {
            found.push(Alternative {
                without: without.map(|member| self.facts.candidates[member as usize]),
                with: Some(self.facts.candidates[other as usize]),
                rate: Some(Self::rate(level)),
                behind: score - self.score - worth,
            });
        }
    }

    /// The good candidates that are worth most at a coarse level, but for one, with their best levels and what
    /// they are worth there; the best first.
    fn best_few(&self, but: Option<u32>) -> Vec<(f64, u32, u8)> {
        let by_worth = |a: &(f64, u32, u8), b: &(f64, u32, u8)| -> Ordering {
            b.0.total_cmp(&a.0).then(a.1.cmp(&b.1))
        };
        let mut best: Vec<(f64, u32, u8)> = (0..self.facts.count())
            .filter(|&other| self.levels[other as usize] == GOOD && but != Some(other))
            .map(|other| {
                let (worth, level) = self.best_of(other);
                (worth, other, level)
            })
            .collect();
        if best.len() > NEXT_TRIED {
            best.select_nth_unstable_by(NEXT_TRIED, by_worth);
            best.truncate(NEXT_TRIED);
        }
        let most = best.iter().map(|one| one.0).fold(f64::NEG_INFINITY, f64::max);
        best.retain(|one| one.0 > most - REFINED_WITHIN);
        for (worth, candidate, level) in &mut best {
            (*level, *worth) = self.refined(*candidate, *level);
        }
        best.sort_by(by_worth);
        best
    }
}

#[cfg(test)]
mod tests;
