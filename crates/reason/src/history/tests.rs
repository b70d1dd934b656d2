//! Phases and regimes of single checks, told as what they said and when.

use super::*;
use blackstart_model::VantageName;

const GRID: Grid = Grid { every: Duration::from_secs(10), deadline: Duration::from_secs(2) };

fn second(at: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + at).expect("in range")
}

fn told(at: i64, outcome: Outcome) -> Observation {
    Observation {
        check: "web/tcp".into(),
        vantage: VantageName::here(),
        failures: outcome.failures_of(1),
        outcome,
        at: second(at),
        asked: false,
        tries: 1,
    }
}

fn down() -> Outcome {
    Outcome::down(SymptomCode::ConnectTimeout, "")
}

/// What was heard, `u` for up, `d` for down, at these seconds.
fn heard(words: &[(i64, char)]) -> Evidence {
    let observation =
        |&(at, word): &(i64, char)| told(at, if word == 'u' { Outcome::Up } else { down() });
    let mut evidence = Evidence::first(&observation(&words[0]), None);
    for word in &words[1..] {
        evidence.take(&observation(word));
    }
    evidence
}

/// The regimes at a second: which, since when, tries and failures of each.
fn seen(evidence: &Evidence, at: i64) -> Vec<(Manner, i64, u32, u32)> {
    regimes(evidence, GRID, &[], None, second(at))
        .0
        .iter()
        .map(|regime| {
            let counts = regime.counts(Timestamp::MIN, second(at), GRID);
            let since = regime.since.duration_since(second(0)).as_secs();
            (regime.manner, since, counts.tries, counts.failures)
        })
        .collect()
}

#[test]
fn ten_good_then_ten_bad_are_two_regimes_and_not_ten_of_twenty() {
    let evidence = heard(&[(0, 'u'), (100, 'd')]);
    assert_eq!(seen(&evidence, 195), [(Manner::Up, 0, 10, 0), (Manner::Down, 100, 10, 10)]);
}

#[test]
fn three_changes_in_short_order_are_one_regime_with_counts() {
    let evidence = heard(&[(0, 'u'), (600, 'd'), (620, 'u'), (650, 'd'), (660, 'u')]);
    assert_eq!(seen(&evidence, 671), [(Manner::Up, 0, 60, 0), (Manner::Flapping, 600, 7, 3)]);
    // Half of it was bad: ten good tries in a row are no chance any more.
    assert_eq!(seen(&evidence, 750)[1].0, Manner::Flapping);
    let calm = seen(&evidence, 780);
    assert_eq!(
        calm.iter().map(|regime| regime.0).collect::<Vec<_>>(),
        [Manner::Up, Manner::Flapping, Manner::Up]
    );
    assert_eq!(calm[2].1, 660);
}

#[test]
fn what_is_dark_for_long_and_then_fails_in_turns_is_two_regimes() {
    let evidence =
        heard(&[(0, 'u'), (600, 'd'), (4_000, 'u'), (4_030, 'd'), (4_050, 'u'), (4_090, 'd')]);
    let manners: Vec<_> = seen(&evidence, 4_100).iter().map(|seen| (seen.0, seen.1)).collect();
    assert_eq!(manners, [(Manner::Up, 0), (Manner::Down, 600), (Manner::Flapping, 4_000)]);
}

#[test]
fn one_bad_try_between_good_ones_is_no_regime() {
    let evidence = heard(&[(0, 'u'), (600, 'd'), (610, 'u')]);
    assert_eq!(seen(&evidence, 700), [(Manner::Up, 0, 70, 0)]);
    // While it is the last word it is one: it may be the first of many.
    let evidence = heard(&[(0, 'u'), (600, 'd')]);
    assert_eq!(seen(&evidence, 600).len(), 2);
}

#[test]
fn news_of_the_past_are_filed_and_overwrite_nothing() {
    let mut evidence = heard(&[(0, 'u'), (3_000, 'd')]);
    // A spool brings what was seen at 1500, between a good word and the bad one.
    assert!(evidence.take(&told(1_500, down())));
    assert_eq!(evidence.since, second(1_500), "it was down from then on, as far as was told");
    assert_eq!(evidence.at, second(3_000));
    // A good word of 2000 cuts that in two.
    assert!(evidence.take(&told(2_000, Outcome::Up)));
    assert_eq!(evidence.since, second(3_000));
    let manners: Vec<_> = seen(&evidence, 4_200).iter().map(|seen| (seen.0, seen.1)).collect();
    assert_eq!(
        manners,
        [(Manner::Up, 0), (Manner::Down, 1_500), (Manner::Up, 2_000), (Manner::Down, 3_000)]
    );
    // What is known already changes nothing.
    assert!(!evidence.take(&told(1_600, down())));
}

#[test]
fn a_refusal_after_silence_is_another_regime_and_the_same_standing() {
    let mut evidence = heard(&[(0, 'u'), (300, 'd')]);
    evidence.take(&told(500, Outcome::down(SymptomCode::Refused, "")));
    assert_eq!(evidence.since, second(300));
    let manners: Vec<_> = seen(&evidence, 600).iter().map(|seen| (seen.0, seen.1)).collect();
    assert_eq!(manners, [(Manner::Up, 0), (Manner::Down, 300), (Manner::Refusing, 500)]);
}

#[test]
fn a_night_of_flapping_is_kept_in_little_memory() {
    let mut words = vec![(0, 'u')];
    for turn in 0..500 {
        words.push((600 + 40 * turn, 'd'));
        words.push((600 + 40 * turn + 10, 'u'));
    }
    let evidence = heard(&words);
    assert!(evidence.past.len() <= PHASES_MAX, "{}", evidence.past.len());
    let seen = seen(&evidence, 600 + 40 * 500);
    assert_eq!(
        seen.iter().map(|seen| (seen.0, seen.1)).collect::<Vec<_>>(),
        [(Manner::Up, 0), (Manner::Flapping, 600)]
    );
    let (tries, failures) = (f64::from(seen[1].2), f64::from(seen[1].3));
    assert!((0.2..0.3).contains(&(failures / tries)), "one in four: {seen:?}");
}

#[test]
fn what_nobody_could_ask_is_no_change() {
    let mut evidence = heard(&[(0, 'u'), (100, 'd')]);
    let blind = Outcome::unknown(blackstart_model::observation::NoAnswerCode::Blind, "");
    evidence.forget(blind, second(200), second(900));
    assert_eq!(seen(&evidence, 900).len(), 2);
    evidence.take(&told(910, down()));
    let manners: Vec<_> = seen(&evidence, 950).iter().map(|seen| (seen.0, seen.1)).collect();
    assert_eq!(manners, [(Manner::Up, 0), (Manner::Down, 100)]);
}

#[test]
fn a_lull_is_no_calm() {
    // One try in three fails for an hour, with six minutes of good luck in between.
    let mut words = vec![(0, 'u')];
    for turn in 0..120 {
        if !(60..72).contains(&turn) {
            words.extend([(6_000 + 30 * turn, 'd'), (6_010 + 30 * turn, 'u')]);
        }
    }
    let evidence = heard(&words);
    let now = 6_000 + 30 * 120;
    let manners: Vec<_> = seen(&evidence, now).iter().map(|seen| (seen.0, seen.1)).collect();
    assert_eq!(manners, [(Manner::Up, 0), (Manner::Flapping, 6_000)]);
    // The rarer it failed, the longer a good while has to be.
    let (_, calm_at) = regimes(&evidence, GRID, &[], None, second(now));
    let wait = calm_at.expect("it flaps").duration_since(second(now)).as_secs();
    assert!((100..400).contains(&wait), "{wait}");
}

/// The manners at a second, where nobody listened between these.
fn seen_but(evidence: &Evidence, gaps: &[(i64, i64)], at: i64) -> Vec<(Manner, i64, u32, u32)> {
    let gap = |&(since, until): &(i64, i64)| Gap { since: second(since), until: second(until) };
    let gaps: Vec<Gap> = gaps.iter().map(gap).collect();
    let (regimes, _) = regimes(evidence, GRID, &gaps, None, second(at));
    let counted = regimes.iter().map(|regime| {
        let counts = regime.counts(Timestamp::MIN, second(at), GRID);
        let since = regime.since.duration_since(second(0)).as_secs();
        (regime.manner, since, counts.tries, counts.failures)
    });
    counted.collect()
}

#[test]
fn what_was_up_before_and_after_an_hour_of_which_nothing_is_known_was_not_tried_in_it() {
    let evidence = heard(&[(0, 'u')]);
    assert_eq!(seen(&evidence, 3_790), [(Manner::Up, 0, 379, 0)]);
    let but = seen_but(&evidence, &[(95, 3_695)], 3_790);
    assert_eq!(but, [(Manner::Up, 0, 20, 0)]);
}

#[test]
fn what_failed_in_turns_when_nobody_listened_any_more_was_not_down_since() {
    let words = [(0, 'u'), (600, 'd'), (620, 'u'), (650, 'd')];
    let evidence = heard(&words);
    assert_eq!(seen(&evidence, 4_271).last().map(|last| last.0), Some(Manner::Down));
    let but = seen_but(&evidence, &[(661, 4_261)], 4_271);
    assert_eq!(but, [(Manner::Up, 0, 60, 0), (Manner::Flapping, 600, 7, 4)]);
}

#[test]
fn times_of_which_nothing_is_known_do_not_make_what_stays_as_it_is_come_and_go() {
    let evidence = heard(&[(0, 'u')]);
    let but = seen_but(&evidence, &[(30, 40), (60, 70), (90, 100)], 130);
    assert_eq!(but.iter().map(|regime| regime.0).collect::<Vec<_>>(), [Manner::Up]);
}

#[test]
fn what_was_told_later_to_have_come_and_gone_while_nobody_listened_did() {
    let evidence = heard(&[(0, 'u'), (2_000, 'd'), (2_500, 'u')]);
    let but = seen_but(&evidence, &[(1_000, 3_000)], 3_100);
    assert_eq!(
        but,
        [(Manner::Up, 0, 100, 0), (Manner::Down, 2_000, 50, 50), (Manner::Up, 2_500, 11, 0)]
    );
}

#[test]
fn a_word_that_was_under_way_when_nobody_listened_says_nothing_of_the_time_before() {
    let evidence = heard(&[(0, 'u'), (600, 'd'), (3_999, 'd'), (4_010, 'u')]);
    let but = seen_but(&evidence, &[(700, 4_000)], 4_100);
    assert_eq!(but[1], (Manner::Down, 600, 11, 11));
    let evidence = heard(&[(0, 'u'), (600, 'd'), (3_999, 'u')]);
    let but = seen_but(&evidence, &[(700, 4_000)], 4_100);
    assert_eq!(but[1], (Manner::Down, 600, 10, 10));
}

#[test]
fn what_failed_before_and_after_a_restart_began_to_fail_once() {
    let mut evidence = heard(&[(0, 'u'), (100, 'd')]);
    for restart in [200, 300] {
        let blind = Outcome::unknown(blackstart_model::observation::NoAnswerCode::Blind, "");
        evidence.forget(blind, second(restart), second(restart + 5));
        evidence.take(&told(restart + 10, down()));
    }
    assert_eq!(evidence.onsets_since(second(0)), 1);
    evidence.take(&told(400, Outcome::Up));
    evidence.take(&told(410, down()));
    assert_eq!(evidence.onsets_since(second(0)), 2, "it was up in between");
}

#[test]
fn a_good_try_between_two_bad_ones_stays_one_where_the_ring_is_full() {
    // Once a day it failed once, and long ago: the newest are the shortest, and are folded first.
    let day = 24 * 3_600;
    let mut words: Vec<(i64, char)> =
        (0..7).flat_map(|at| [(at * day, 'u'), (at * day + day - 10, 'd')]).collect();
    let now = 7 * day;
    words.extend([(now, 'u'), (now + 3_000, 'd'), (now + 3_008, 'u'), (now + 3_010, 'd')]);
    let evidence = heard(&words);
    let (manner, _, tries, failures) = *seen(&evidence, now + 3_010).last().expect("it spoke");
    assert_eq!((manner, tries, failures), (Manner::Flapping, 3, 2), "{evidence:#?}");
}

#[test]
fn single_tries_far_apart_stay_single_where_the_ring_is_full() {
    // Three lies a day for a month, of a check that works.
    let mut words = vec![(0, 'u')];
    for turn in 1..=90 {
        let at = turn * 8 * 3_600;
        words.extend([(at, 'd'), (at + 10, 'u')]);
    }
    let evidence = heard(&words);
    assert!(evidence.past.len() <= PHASES_MAX, "{}", evidence.past.len());
    let now = 91 * 8 * 3_600;
    let manners: Vec<_> = seen(&evidence, now).iter().map(|seen| (seen.0, seen.1)).collect();
    assert_eq!(manners, [(Manner::Up, 0)]);
    let all = |since| answers(&evidence, GRID, &[], None, second(since), second(now)).failures;
    assert_eq!(all(0), 90, "nothing is forgotten");
    assert_eq!(all(now / 2), 45, "nor when it was");
}

#[test]
fn what_fails_one_time_in_fifty_comes_and_goes_where_the_ring_is_full() {
    let mut words = vec![(0, 'u')];
    for turn in 1..=200 {
        let at = turn * 500;
        words.extend([(at, 'd'), (at + 10, 'u')]);
    }
    let evidence = heard(&words);
    let manners: Vec<_> = seen(&evidence, 201 * 500).iter().map(|seen| seen.0).collect();
    assert_eq!(manners, [Manner::Up, Manner::Flapping], "{evidence:#?}");
}
