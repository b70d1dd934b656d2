//! What is drawn of slots handed in.

use super::*;
use blackstart_model::observation::{NoAnswerCode, Standing};
use blackstart_model::sample::{Rollup, shares};

fn slots(rollups: Vec<Rollup>) -> Plotted {
    let spent = shares(rollups.iter().map(|rollup| (60_000, rollup)));
    let slots = rollups.into_iter().zip(spent).zip(28_000_000..);
    let slot = |((rollup, shares), from_minute)| Slot {
        from_minute,
        to_minute: from_minute + 1,
        rollup,
        shares,
    };
    Plotted { slots: slots.map(slot).collect() }
}

fn stood(standing: Standing, us: &[u32]) -> Rollup {
    let mut rollup = Rollup::default();
    rollup.stood(standing, Some(NoAnswerCode::Late), 6, 10_000);
    us.iter().for_each(|us| rollup.times.add(*us));
    rollup
}

fn classes(drawn: &Markup) -> Vec<(String, u32)> {
    let mut counted: Vec<(String, u32)> = Vec::new();
    for rest in drawn.0.split("<rect class=\"").skip(1) {
        let class = rest.split('"').next().expect("it is closed").to_owned();
        match counted.iter_mut().find(|(own, _)| *own == class) {
            Some((_, count)) => *count += 1,
            None => counted.push((class, 1)),
        }
    }
    counted
}

#[test]
fn what_nobody_knows_is_grey_and_never_green() {
    let up = || stood(Standing::Up, &[]);
    let blind = Rollup::default;
    let plotted = slots(vec![up(), blind(), blind(), blind(), blind()]);
    let drawn = strip(&plotted, Span::Year, &Zone::UTC);
    // The first blind minute is spoken for by the last answer, for ten seconds.
    assert_eq!(classes(&drawn), [("up".to_owned(), 2), ("unknown".to_owned(), 4)]);
    let all = classes(&strip(&slots(vec![blind(), blind()]), Span::Year, &Zone::UTC));
    assert_eq!(all, [("unknown".to_owned(), 2)]);
}

#[test]
fn a_moment_of_down_is_seen_in_a_bar_of_a_day() {
    let mut day = Rollup::default();
    day.stood(Standing::Up, None, 8_639, 10_000);
    day.stood(Standing::Down, None, 1, 10_000);
    let spent = shares([(86_400_000, &day)])[0];
    let slot = Slot { from_minute: 0, to_minute: 1_440, rollup: day, shares: spent };
    let plotted = Plotted { slots: vec![slot] };
    let drawn = strip(&plotted, Span::Year, &Zone::UTC);
    assert!(drawn.0.contains("class=\"down\" x=\"1\" y=\"94.0\""), "{}", drawn.0);
    assert_eq!(super::spent(&spent), "Up 99.98 %, down 0.01 %.");
}

#[test]
fn no_share_is_rounded_up_to_all_or_down_to_nothing() {
    let share = |share| percent(share);
    assert_eq!(share(1.0), "100 %");
    assert_eq!(share(0.999_999), "99.99 %");
    assert_eq!(share(0.000_001), "0.01 %");
    assert_eq!(share(0.0), "0 %");
    assert_eq!(share(0.5), "50 %");
}

#[test]
fn a_line_has_a_gap_where_nothing_is_known() {
    let values = [Some(1.0), Some(2.0), None, Some(3.0)];
    assert_eq!(steps(&values, |value| value), "M0 1.0H1V2.0H2M3 3.0H4");
}

#[test]
fn a_scale_ends_at_a_round_number_in_a_unit_that_suits() {
    assert_eq!([0.0, 0.013, 0.2, 3.0, 51.0].map(ceiling), [0.0, 0.02, 0.2, 5.0, 100.0]);
    assert_eq!(words_of([0.05, 0.025, 0.0], "s"), ["50 ms", "25 ms", "0 ms"]);
    assert_eq!(words_of([2e6, 1e6, 0.0], "bit/s"), ["2000 kbit/s", "1000 kbit/s", "0 kbit/s"]);
    assert_eq!(words_of([230.0, 1.5, 0.0], "V"), ["230 V", "1.5 V", "0 V"]);
}

#[test]
fn without_buckets_there_are_no_percentiles() {
    let mut old = stood(Standing::Up, &[]);
    let (count, sum_us, min_us, max_us) = (6, 60_000, 5_000, 20_000);
    old.times = Times { count, sum_us, min_us, max_us, buckets: Vec::new() };
    let plotted = slots(vec![old, stood(Standing::Up, &[1_000])]);
    let all = plotted.rollup();
    let words = times(&plotted, Span::Hour, &Zone::UTC, &all.times).0;
    assert!(words.contains("mean 8.714 ms") && words.contains("longest 20 ms"), "{words}");
    assert!(!words.contains("half of the answers"));
    let exact = slots(vec![stood(Standing::Up, &[1_000, 2_000, 3_000])]);
    let words = times(&exact, Span::Hour, &Zone::UTC, &exact.rollup().times).0;
    assert!(words.contains("half of the answers took at most"), "{words}");
}
