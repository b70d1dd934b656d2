//! The counts, checked, merged, and turned round.
//!
//! Decides which facts are one: those with the same candidates are the same binomial. Leaves out what can change
//! nothing: candidates that no failing fact names, and facts that name only such. It never judges. Tested with
//! its caller.

use super::likelihood::{COARSE, LEVELS_EACH, likelihood, loss, wrong};
use super::{BACKGROUND_BEFORE, BACKGROUND_MAX, Counts, Malformed};

/// Facts with different candidates, and who stands on which.
pub(super) struct Facts {
    pub(super) tries: Vec<f64>,
    pub(super) failures: Vec<f64>,
    /// Log likelihood of each when it is wrong as a whole.
    wrong: Vec<f64>,
    /// How many candidates are on each fact's way, those left out included.
    pub(super) lengths: Vec<f64>,
    starts: Vec<usize>,
    members: Vec<u32>,
    crossing_starts: Vec<usize>,
    crossing: Vec<u32>,
    /// The caller's index of each candidate, ascending.
    pub(super) candidates: Vec<u32>,
    /// What making it flaky costs: its prior, and the choice among the coarse rates.
    pub(super) log_priors: Vec<f64>,
    /// Tries times length of the facts that were left out.
    pub(super) tried_elsewhere: f64,
    /// The coarse losses.
    coarse: [f64; COARSE],
}

/// How many times the median a candidate's share of failures is for it to stand out (chosen by hand: good ones lose
/// up to twice the mean, and the bad ones beside them add to it).
const STANDS_OUT: f64 = 3.0;

/// A candidate that no failing fact names.
const IDLE: u32 = u32::MAX;

impl Facts {
    pub(super) fn of(counts: Counts<'_>) -> Result<Self, Malformed> {
        check(counts)?;
        // Who may be flaky at all: named by a fact that failed.
        let mut number = vec![IDLE; counts.log_priors.len()];
        for (fact, &failures) in counts.failures.iter().enumerate() {
            if failures > 0 {
                for &candidate in of(counts, fact) {
                    number[candidate as usize] = 0;
                }
            }
        }
        let mut candidates = Vec::new();
        for (candidate, number) in (0_u32..).zip(&mut number) {
            if *number != IDLE {
                *number = count(candidates.len());
                candidates.push(candidate);
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "sixteen")]
        let choice = (COARSE as f64).ln();
        let log_priors =
            candidates.iter().map(|&one| counts.log_priors[one as usize] - choice).collect();

        let mut facts = Self {
            tries: Vec::new(),
            failures: Vec::new(),
            wrong: Vec::new(),
            lengths: Vec::new(),
            starts: vec![0],
            members: Vec::with_capacity(counts.candidates.len()),
            crossing_starts: Vec::new(),
            crossing: Vec::new(),
            candidates,
            log_priors,
            tried_elsewhere: 0.0,
            coarse: std::array::from_fn(|at| loss(count_u8(at) * LEVELS_EACH)),
        };
        facts.merge(counts, &number);
        facts.turn_round();
        Ok(facts)
    }

    /// Adds up the facts with the same way.
    fn merge(&mut self, counts: Counts<'_>, number: &[u32]) {
        let places = (counts.tries.len() * 2).next_power_of_two();
        // Open addressing; an entry is the number of a merged fact plus one.
        let mut table = vec![0_u32; places];
        let mut way: Vec<u32> = Vec::new();
        for fact in 0..counts.tries.len() {
            if counts.tries[fact] == 0 {
                continue;
            }
            way.clear();
            way.extend_from_slice(of(counts, fact));
            way.sort_unstable();
            way.dedup();
            #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52 candidates")]
            let length = way.len() as f64;
            let (tries, failures) =
                (f64::from(counts.tries[fact]), f64::from(counts.failures[fact]));
            // Idle ones are told apart by their number only, which is all that a likelihood sees of them.
            way.retain_mut(|candidate| {
                *candidate = number[*candidate as usize];
                *candidate != IDLE
            });
            if way.is_empty() {
                self.tried_elsewhere += tries * length;
                continue;
            }
            let mut place = hash(&way, length) & (places - 1);
            let merged = loop {
                let Some(at) = (table[place] as usize).checked_sub(1) else { break None };
                if self.lengths[at] == length && self.candidates_of(at) == way {
                    break Some(at);
                }
                place = (place + 1) & (places - 1);
            };
            if let Some(at) = merged {
                self.tries[at] += tries;
                self.failures[at] += failures;
            } else {
                self.tries.push(tries);
                self.failures.push(failures);
                self.lengths.push(length);
                self.members.extend_from_slice(&way);
                self.starts.push(self.members.len());
                table[place] = count(self.tries.len());
            }
        }
        self.wrong = self.tries.iter().zip(&self.failures).map(|(&n, &k)| wrong(n, k)).collect();
    }

    /// Lists for each candidate the facts that cross it.
    fn turn_round(&mut self) {
        let mut starts = vec![0; self.candidates.len() + 1];
        for &candidate in &self.members {
            starts[candidate as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut crossing = vec![0; self.members.len()];
        for fact in 0..self.tries.len() {
            for &candidate in &self.members[self.starts[fact]..self.starts[fact + 1]] {
                let place = &mut next[candidate as usize];
                crossing[*place] = count(fact);
                *place += 1;
            }
        }
        (self.crossing_starts, self.crossing) = (starts, crossing);
    }

    /// How many candidates there are.
    pub(super) fn count(&self) -> u32 {
        count(self.candidates.len())
    }

    pub(super) fn candidates_of(&self, fact: usize) -> &[u32] {
        &self.members[self.starts[fact]..self.starts[fact + 1]]
    }

    pub(super) fn facts_of(&self, candidate: u32) -> &[u32] {
        let at = candidate as usize;
        &self.crossing[self.crossing_starts[at]..self.crossing_starts[at + 1]]
    }

    pub(super) fn likelihood(&self, fact: usize, loss: f64) -> f64 {
        likelihood(self.tries[fact], self.failures[fact], self.wrong[fact], loss)
    }

    /// Whether the fact is rather wrong as a whole than lost as `loss` says.
    pub(super) fn is_wrong(&self, fact: usize, loss: f64) -> bool {
        self.likelihood(fact, loss) <= self.wrong[fact]
    }

    /// What each coarse loss on top of the present one would add to the fact's log likelihood.
    pub(super) fn added(&self, fact: usize, now: f64) -> [f64; COARSE] {
        let (tries, failures, wrong) = (self.tries[fact], self.failures[fact], self.wrong[fact]);
        if failures == 0.0 {
            // The same as below, without the sums that most facts do not need.
            let present = (-tries * now).max(wrong);
            return self.coarse.map(|more| (-tries * (now + more)).max(wrong) - present);
        }
        let present = likelihood(tries, failures, wrong, now);
        self.coarse.map(|more| likelihood(tries, failures, wrong, now + more) - present)
    }

    /// The background as the facts have it whose way crosses nobody that stands out.
    ///
    /// Robust against a few that lose much, on whose ways most failures are; a first guess, from which the
    /// search estimates it again.
    pub(super) fn background_before(&self) -> f64 {
        let mut tried = vec![1.0 / BACKGROUND_BEFORE; self.candidates.len()];
        let mut failed = vec![1.0; self.candidates.len()];
        for (fact, length) in self.lengths.iter().enumerate() {
            for &candidate in self.candidates_of(fact) {
                tried[candidate as usize] += self.tries[fact] * length;
                failed[candidate as usize] += self.failures[fact];
            }
        }
        let rates: Vec<f64> =
            failed.iter().zip(&tried).map(|(failed, tried)| failed / tried).collect();
        let mut sorted = rates.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let usual = sorted.get(sorted.len() / 2).copied().unwrap_or(BACKGROUND_BEFORE);
        let (mut tried, mut failed) = (self.tried_elsewhere + 1.0 / BACKGROUND_BEFORE, 1.0);
        for (fact, length) in self.lengths.iter().enumerate() {
            let way = self.candidates_of(fact);
            if way.iter().all(|&one| rates[one as usize] <= STANDS_OUT * usual) {
                tried += self.tries[fact] * length;
                failed += self.failures[fact];
            }
        }
        (failed / tried).min(BACKGROUND_MAX)
    }
}

fn check(counts: Counts<'_>) -> Result<(), Malformed> {
    let (tries, failures, starts) =
        (counts.tries.len(), counts.failures.len(), counts.starts.len());
    if tries != failures || starts != tries + 1 {
        return Err(Malformed::Lengths { tries, failures, starts });
    }
    for fact in 0..tries {
        if counts.failures[fact] > counts.tries[fact] {
            return Err(Malformed::Failures(fact));
        }
        let (start, end) = (counts.starts[fact], counts.starts[fact + 1]);
        if start > end || end > counts.candidates.len() {
            return Err(Malformed::Starts(fact));
        }
        let known = counts.log_priors.len();
        if of(counts, fact).iter().any(|&candidate| candidate as usize >= known) {
            return Err(Malformed::Candidate(fact));
        }
    }
    match counts.log_priors.iter().position(|prior| !prior.is_finite()) {
        Some(candidate) => Err(Malformed::Prior(candidate)),
        None => Ok(()),
    }
}

fn of<'a>(counts: Counts<'a>, fact: usize) -> &'a [u32] {
    &counts.candidates[counts.starts[fact]..counts.starts[fact + 1]]
}

/// Always the same for the same way (no seed, so the same bytes everywhere): multiply and fold, as FNV does with
/// bytes.
fn hash(way: &[u32], length: f64) -> usize {
    let mut state = length.to_bits();
    for &candidate in way {
        state = (state ^ u64::from(candidate)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        state ^= state >> 29;
    }
    #[expect(clippy::cast_possible_truncation, reason = "the low bits are as good as the others")]
    let place = state as usize;
    place
}

/// A count of things that are numbered by `u32`: candidates are, and facts are no more than fit in memory.
fn count(number: usize) -> u32 {
    u32::try_from(number).expect("facts and candidates are numbered by 32 bits")
}

fn count_u8(number: usize) -> u8 {
    u8::try_from(number).expect("a handful of coarse rates")
}
