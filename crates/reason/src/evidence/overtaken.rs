//! Words that later words overtake.
//!
//! A check is asked again and again, and says itself that all is well; whoever tells an outage says it once, and not of
//! everything that they called down before. So a word that something is well ends older ones that name what it could
//! not be well without, whoever said them; and a later word that something is down is of a later time than older
//! ones that saw it, or what needs it, up. What a battery or a standby may have carried proves nothing. Whoever says
//! otherwise within minutes tells of no change: they disagree, and which of them is wrong is a matter of trust.
//!
//! Linear in the words, times what takes each of their things down alone. Tested through `step` (`tests/it/told.rs`).

use super::epochs::{Change, How};
use super::{Said, gate_of_word};
use crate::circuit::{GateId, InputId};
use crate::history::signed;
use crate::state::Loaded;
use blackstart_model::record::Saw;
use blackstart_model::time::{Duration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Who says otherwise of the same thing within so long sees it otherwise, and tells of no change (chosen by hand: an
/// outage is told minutes after it is seen).
pub(super) const DISAGREES: Duration = Duration::from_secs(5 * 60);

/// The same of who says that something is well, where only the plant says that it could not be without what others
/// called down (chosen by hand: it may be wrong, and nobody said so).
const DISAGREES_BY_PLANT: Duration = Duration::from_secs(15 * 60);

/// Lanes of one sweep of the circuit.
const LANES: usize = 4;

/// How bad it is said to be; `None` where nothing is said.
const fn badness(saw: Saw) -> Option<u8> {
    match saw {
        Saw::Up => Some(0),
        Saw::Degraded | Saw::Flapping => Some(1),
        Saw::Down => Some(2),
        Saw::Unknown => None,
    }
}

/// A word that something is well, or not as bad, after a word that what it needs is down.
struct Better {
    good: usize,
    bad: usize,
    gate: GateId,
}

/// The changes that words of several tell, and by their places the words that stood until others overtook them.
pub(super) fn overtaken(loaded: &Loaded, words: &[Said<'_>]) -> (Vec<Change>, BTreeSet<usize>) {
    let mut of_thing: BTreeMap<InputId, Vec<usize>> = BTreeMap::new();
    for (at, said) in words.iter().enumerate() {
        if badness(said.word.saw) > Some(0) {
            of_thing.entry(said.of).or_default().push(at);
        }
    }
    let mut changes = Vec::new();
    let mut better = Vec::new();
    for (good, said) in words.iter().enumerate() {
        // Who calls it degraded has not said whether it answers.
        let answers = matches!(said.word.saw, Saw::Up | Saw::Flapping);
        let Some(how) = badness(said.word.saw).filter(|_| answers) else { continue };
        let gate = gate_of_word(loaded, said.of, said.word);
        let needed = loaded.killers.alone(gate).iter().copied().filter(|&it| it != said.of);
        for thing in std::iter::once(said.of).chain(needed) {
            let apart = signed(if thing == said.of { DISAGREES } else { DISAGREES_BY_PLANT });
            let worse = |&bad: &usize| {
                let other = &words[bad];
                badness(other.word.saw) > Some(how) && !is_of_one(said, other)
            };
            let others = || of_thing.get(&thing).into_iter().flatten().copied().filter(worse);
            let after = |bad: usize| said.word.at.duration_since(words[bad].word.at);
            // Where anybody has called it down just now, they disagree.
            let is_new = |bad: usize| !after(bad).is_negative() && after(bad) < apart;
            let disagree = others().any(is_new);
            for bad in others() {
                let at = words[bad].word.at;
                if !disagree
                    && after(bad) >= apart
                    && stood(words, bad, said.word.at, |then| then > how)
                {
                    better.push(Better { good, bad, gate });
                } else if -after(bad) >= signed(DISAGREES)
                    && stood(words, good, at, |then| then <= how)
                {
                    changes.push(Change { at, how: How::Worse(Duration::ZERO) });
                }
            }
        }
    }
    carried(loaded, words, &mut better);
    let of_well = |it: &&Better| words[it.good].word.saw == Saw::Up;
    let over = better.iter().filter(of_well).map(|it| it.bad).collect();
    let at = |it: &Better| Change { at: words[it.good].word.at, how: How::Better };
    changes.extend(better.iter().map(at));
    (changes, over)
}

/// Whether the same says both, of the same: that is told as it is.
fn is_of_one(a: &Said<'_>, b: &Said<'_>) -> bool {
    a.of == b.of && a.word.who == b.word.who
}

/// Whether a word was the newest of whoever said it, of what they said it, by the time of another, and is not said
/// `again` soon after.
fn stood(words: &[Said<'_>], at: usize, by: Timestamp, again: impl Fn(u8) -> bool) -> bool {
    let next = words.get(at + 1).filter(|next| is_of_one(&words[at], next));
    next.is_none_or(|next| {
        let after = next.word.at.duration_since(by);
        let soon = after < signed(DISAGREES_BY_PLANT);
        let is_said_again = soon && badness(next.word.saw).is_some_and(&again);
        !after.is_negative() && !is_said_again
    })
}

/// Takes out what would be well without what was called down, for a battery or a standby carries it. A sweep of the
/// circuit for each 256 things.
fn carried(loaded: &Loaded, words: &[Said<'_>], better: &mut Vec<Better>) {
    let circuit = &loaded.circuit;
    if circuit.inlets().is_empty() {
        return;
    }
    let things: BTreeSet<InputId> = better.iter().map(|it| words[it.bad].of).collect();
    let things: Vec<InputId> = things.into_iter().collect();
    let mut values = Vec::new();
    for some in things.chunks(64 * LANES) {
        let bit = |at: usize| {
            let mut word = [0_u64; LANES];
            word[at / 64] = 1 << (at % 64);
            word
        };
        let faults: Vec<_> = some.iter().enumerate().map(|(at, &it)| (it, bit(at))).collect();
        circuit.evaluate_carried(&faults, &mut |_, word| *word = [u64::MAX; LANES], &mut values);
        better.retain(|it| {
            let (of, own) = (words[it.bad].of, words[it.good].of);
            let lane = some.binary_search(&of).ok().filter(|_| of != own);
            lane.is_none_or(|lane| values[it.gate.index()][lane / 64] >> (lane % 64) & 1 == 0)
        });
    }
}
