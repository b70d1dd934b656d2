//! Outages drawn at random: plants are plants, and the true cause is named. One of each class on each
//! commit; thousands by `cargo run --release -p blackstart-benches --bin outages`.

use blackstart_model::plantfile;
use blackstart_sim::outages::{Class, Setting, calm, table, tally};
use blackstart_sim::plants::pretend;

#[test]
fn pretended_plants_are_plants() {
    for seed in 0..40 {
        let racks = 1 + usize::try_from(seed % 6).expect("small");
        let pretended = pretend(seed, racks, 0.05);
        for text in [&pretended.believed, &pretended.truth] {
            let (plant, findings) = plantfile::parse_str(text);
            assert!(plant.is_some(), "{findings:#?}\n{text}");
        }
        assert_eq!(pretended.believed, pretend(seed, racks, 0.5).believed);
    }
}

#[test]
fn the_true_cause_is_named() {
    // Small plants, so that it takes seconds; the bench has larger ones.
    let setting = Setting { racks: (2, 2), ..Setting::usual() };
    let mut rows = Vec::new();
    let mut wrong = String::new();
    for &(name, class) in Class::ALL {
        let tally = tally(class, 1, 1, &setting, |outcome| {
            if !outcome.is_right() || outcome.false_incidents > 0 {
                wrong.push_str(&format!("{name} seed {}: {}\n", outcome.seed, outcome.words));
            }
        });
        // One thing that breaks for good, a vantage that is cut off, and nothing at all: always.
        if matches!(class, Class::Hard | Class::Cut | Class::Quiet) {
            assert_eq!(tally.in_three, tally.runs, "{wrong}");
            assert_eq!(tally.false_incidents, 0, "{wrong}");
        }
        rows.push((name, tally));
    }
    let rows: Vec<_> = rows.iter().map(|(name, tally)| (*name, tally)).collect();
    println!("{}\n{wrong}", table(&rows));
}

#[test]
fn a_day_in_which_nothing_breaks_wakes_nobody() {
    // One try in a thousand lies; the bench plays longer, with a thousand checks.
    let day = calm(8, 1, 1, Setting::usual().senses, |_, _| {});
    assert!(day.tries > 100_000, "{day:?}");
    assert_eq!((day.incidents, day.alarms), (0, 0), "{day:?}");
}
