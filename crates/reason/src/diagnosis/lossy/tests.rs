//! Cases of flaky things, and the search against trying every set with every rate.

use super::likelihood::likelihood;
use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

/// Facts as a person lists them: tries, failures, who is on the way.
type Told = Vec<(u32, u32, Vec<u32>)>;

/// The flat arrays of a list.
struct Flat {
    tries: Vec<u32>,
    failures: Vec<u32>,
    starts: Vec<usize>,
    candidates: Vec<u32>,
    log_priors: Vec<f64>,
}

impl Flat {
    fn of(told: &Told, candidates: usize) -> Self {
        let mut flat = Self {
            tries: Vec::new(),
            failures: Vec::new(),
            starts: vec![0],
            candidates: Vec::new(),
            log_priors: vec![-6.9; candidates],
        };
        for (tries, failures, way) in told {
            flat.tries.push(*tries);
            flat.failures.push(*failures);
            flat.candidates.extend_from_slice(way);
            flat.starts.push(flat.candidates.len());
        }
        flat
    }

    fn counts(&self) -> Counts<'_> {
        Counts {
            tries: &self.tries,
            failures: &self.failures,
            starts: &self.starts,
            candidates: &self.candidates,
            log_priors: &self.log_priors,
        }
    }
}

fn believed(told: &Told, candidates: usize) -> Believed {
    most_believed(Flat::of(told, candidates).counts(), 8).expect("well-formed")
}

fn who(believed: &Believed) -> Vec<u32> {
    believed.flaky.iter().map(|one| one.candidate).collect()
}

/// Ways over a first and a second thing, each with each: 0.. and `firsts`.. .
fn grid(firsts: u32, seconds: u32, tries: u32, failures: impl Fn(u32, u32) -> u32) -> Told {
    let mut told = Told::new();
    for a in 0..firsts {
        for b in 0..seconds {
            told.push((tries, failures(a, b), vec![a, firsts + b]));
        }
    }
    told
}

#[test]
fn nothing_lost_is_nobody_flaky() {
    let answer = believed(&grid(4, 4, 100, |_, _| 0), 8);
    assert_eq!(who(&answer), []);
    assert!(answer.score.abs() < 1e-9);
}

#[test]
fn nothing_seen_is_nobody_flaky() {
    assert_eq!(who(&believed(&Told::new(), 0)), []);
    assert_eq!(who(&believed(&vec![(0, 0, vec![0]), (9, 9, vec![])], 1)), []);
}

#[test]
fn a_card_that_loses_a_fifth_is_named_with_its_rate() {
    let answer = believed(&grid(4, 4, 100, |a, _| if a == 2 { 20 } else { 0 }), 8);
    assert_eq!(who(&answer), [2]);
    assert!((answer.flaky[0].rate - 0.2).abs() < 0.02, "{answer:?}");
    assert!(answer.flaky[0].gain > 20.0);
}

#[test]
fn one_that_is_dead_is_a_rate_like_any_other() {
    let answer = believed(&grid(4, 4, 10, |_, b| if b == 1 { 10 } else { 0 }), 8);
    assert_eq!(who(&answer), [5]);
    assert!(answer.flaky[0].rate > 0.9);
}

#[test]
fn two_on_one_way_are_both_named() {
    let lost = |a: u32, b: u32| [0, 30, 10][usize::from(a == 1)] + [0, 10][usize::from(b == 2)];
    let answer = believed(&grid(5, 5, 100, lost), 10);
    assert_eq!(who(&answer), [1, 7]);
}

#[test]
fn a_strip_that_feeds_two_flaky_cards_is_not_blamed_for_them() {
    // Nine cards on a strip (9), each seen through two switches (10, 11); two lose, seven do not.
    let lost = |card| if card < 2 { 40 } else { 0 };
    let told: Told = (0..18).map(|at| (200, lost(at / 2), vec![at / 2, 9, 10 + at % 2])).collect();
    assert_eq!(who(&believed(&told, 12)), [0, 1]);
}

#[test]
fn a_strip_whose_cards_all_lose_is_blamed_alone() {
    let told: Told = (0..9).map(|card| (200, 40, vec![card, 9])).collect();
    assert_eq!(who(&believed(&told, 10)), [9]);
}

#[test]
fn one_fact_with_a_huge_count_does_not_overrule_ten_that_say_otherwise() {
    let mut told: Told = (1..=10).map(|other| (1_000, 0, vec![0, other])).collect();
    told.push((1_000_000, 300_000, vec![0]));
    assert_eq!(who(&believed(&told, 11)), []);
}

#[test]
fn equals_are_told_as_the_next_answer_with_nothing_behind() {
    let told: Told = vec![(100, 30, vec![0, 1]), (100, 28, vec![0, 1, 2]), (500, 0, vec![2])];
    let answer = believed(&told, 3);
    assert_eq!(who(&answer), [0]);
    let next = &answer.alternatives[0];
    assert_eq!((next.without, next.with), (Some(0), Some(1)));
    assert!(next.behind.abs() < 1e-6, "{next:?}");
    assert!(answer.alternatives.iter().all(|one| one.behind > -1e-6));
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let flat = Flat::of(&vec![(3, 1, vec![0])], 1);
    let refused = |counts: Counts<'_>| most_believed(counts, 0).expect_err("malformed");
    let counts = flat.counts();
    assert_eq!(refused(Counts { failures: &[4], ..counts }), Malformed::Failures(0));
    assert_eq!(refused(Counts { candidates: &[1], ..counts }), Malformed::Candidate(0));
    assert_eq!(refused(Counts { candidates: &[], ..counts }), Malformed::Starts(0));
    assert_eq!(refused(Counts { starts: &[1, 0], ..counts }), Malformed::Starts(0));
    assert_eq!(refused(Counts { log_priors: &[f64::NAN], ..counts }), Malformed::Prior(0));
    assert_eq!(
        refused(Counts { tries: &[], ..counts }),
        Malformed::Lengths { tries: 0, failures: 1, starts: 2 }
    );
}

/// The score of flaky candidates with these levels, by the definition and nothing else.
fn score(flat: &Flat, merged: &Told, background: f64, set: &[(u32, u8)]) -> f64 {
    let likelihood: f64 = merged
        .iter()
        .map(|(tries, failures, way)| {
            let (tries, failures) = (f64::from(*tries), f64::from(*failures));
            let usual = background * way.len() as f64;
            let more: f64 = set
                .iter()
                .filter(|(candidate, _)| way.contains(candidate))
                .map(|&(_, level)| likelihood::loss(level))
                .sum();
            let wrong = likelihood::wrong(tries, failures);
            likelihood(tries, failures, wrong, usual + more)
                - likelihood(tries, failures, wrong, usual)
        })
        .sum();
    let prior: f64 =
        set.iter().map(|&(one, _)| flat.log_priors[one as usize] - (COARSE as f64).ln()).sum();
    likelihood + prior
}

const FEW: u32 = 5;

fn some_facts() -> impl Strategy<Value = Told> {
    // Each with a way of one to three of five; the failures come from up to two that truly lose.
    let way = vec(0..FEW, 1..4);
    let fact = (1..120_u32, way, 0..1_000_u32);
    (vec(fact, 1..9), vec((0..FEW, 0..9_u32), 0..3)).prop_map(|(facts, lossy)| {
        let mut told = Told::new();
        for (tries, mut way, chance) in facts {
            way.sort_unstable();
            way.dedup();
            if told.iter().any(|(_, _, other)| *other == way) {
                continue;
            }
            let tenths: u32 =
                lossy.iter().filter(|one| way.contains(&one.0)).map(|one| one.1).sum();
            // A rate of a tenth to whole, off by a third either way; seldom one that is wrong as a whole.
            let mut failures = tries * tenths.min(10) / 10 * (700 + chance * 6 / 10) / 1_000;
            if chance == 7 {
                failures = tries - failures.min(tries);
            }
            told.push((tries, failures.min(tries), way));
        }
        told
    })
}

/// The set that is found is as good as any of one or two with any rates.
fn is_the_best(told: &Told) -> Result<(), TestCaseError> {
    let flat = Flat::of(told, FEW as usize);
    let facts = Facts::of(flat.counts()).expect("well-formed");
    let background = BACKGROUND_MAX / 2.0;
    let mut search = Search::new(&facts, background, &[]);
    search.settle();
    let level_max = search.level_max;
    let found: Vec<(u32, u8)> = search
        .members()
        .iter()
        .map(|&(at, level)| (facts.candidates[at as usize], level))
        .collect();
    let own = score(&flat, told, background, &found);
    prop_assert!((own - search.score).abs() < 1e-6, "the sum kept is {}, anew {own}", search.score);

    let mut best = (0.0, Vec::new());
    let mut consider = |set: &[(u32, u8)]| {
        let score = score(&flat, told, background, set);
        if score > best.0 {
            best = (score, set.to_vec());
        }
    };
    for a in 0..FEW {
        for level in 0..=level_max {
            consider(&[(a, level)]);
            for b in a + 1..FEW {
                for other in (0..=level_max).step_by(2) {
                    consider(&[(a, level), (b, other)]);
                }
            }
        }
    }
    // No prior is known to within a unit: another set that is behind by less is as good an answer, and on
    // a ridge, where one rate stands in for another, a member may be left a level or two off.
    prop_assert!(own > best.0 - 1.0, "found {own} {found:?}, best {best:?}");
    Ok(())
}

#[test]
fn two_that_share_a_way_may_share_its_losses_out_in_two_ways() {
    // From the one the other is not uphill for either rate by itself.
    let told: Told = vec![
        (69, 66, vec![1, 3]),
        (1, 0, vec![2]),
        (30, 6, vec![3]),
        (15, 11, vec![1, 2]),
        (76, 51, vec![1]),
    ];
    is_the_best(&told).expect("none is better");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn the_best_set_is_that_of_trying_every_pair_with_every_rate(told in some_facts()) {
        is_the_best(&told)?;
    }

    #[test]
    fn order_and_splitting_of_facts_are_irrelevant(told in some_facts(), turn in 0..8_usize) {
        let whole = believed(&told, FEW as usize);
        let mut split = Told::new();
        for (tries, failures, way) in &told {
            let (some, lost) = (tries / 3, (failures / 4).min(tries / 3));
            let reversed: Vec<u32> = way.iter().rev().copied().collect();
            split.push((tries - some, (failures - lost).min(tries - some), reversed));
            split.push((some, failures - split[split.len() - 1].1, way.clone()));
        }
        let turn = turn % split.len();
        split.rotate_left(turn);
        if split.iter().any(|(tries, failures, _)| failures > tries) {
            return Ok(());
        }
        let other = believed(&split, FEW as usize);
        prop_assert!((whole.score - other.score).abs() < 1e-6, "{whole:?} {other:?}");
    }
}
