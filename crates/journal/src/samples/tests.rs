//! The file as its users meet it.

use super::*;
use blackstart_model::observation::Standing;

fn check(name: &str) -> Series {
    Series::Check { check: name.to_owned(), vantage: "here".to_owned() }
}

fn up(us: u32) -> Rollup {
    let mut rollup = Rollup::default();
    rollup.stood(Standing::Up, None, 1, 60_000);
    rollup.times.add(us);
    rollup
}

fn store() -> (tempfile::TempDir, SampleStore) {
    let folder = tempfile::tempdir().unwrap();
    let (store, damaged) = SampleStore::open(folder.path()).unwrap();
    assert_eq!(damaged, None);
    (folder, store)
}

fn one(store: &mut SampleStore, name: &str) -> SeriesId {
    store.number(&[(check(name), 600)]).unwrap()[0]
}

fn told(found: Vec<(u32, Rollup)>) -> Vec<(u32, u32)> {
    found.iter().map(|(at, rollup)| (*at, rollup.up)).collect()
}

#[test]
fn minutes_are_found_again_in_open_and_in_closed_hours() {
    let (folder, mut store) = store();
    let series = one(&mut store, "a/http");
    let other = one(&mut store, "b/http");
    for minute in [600, 601, 659, 660, 719, 720] {
        let rows = [series, other].map(|series| Row { series, minute, rollup: up(minute) });
        store.add(&rows).unwrap();
    }
    let reader = store.reader().unwrap();
    let all = [(600, 1), (601, 1), (659, 1), (660, 1), (719, 1), (720, 1)];
    assert_eq!(told(reader.minutes(series, 0, 1_000).unwrap()), all);
    let hours = [(10, 3), (11, 2), (12, 1)];
    assert_eq!(told(reader.hours(series, 0, 20).unwrap()), []);
    store.close_hours(12).unwrap();
    assert_eq!(told(reader.minutes(series, 0, 1_000).unwrap()), all, "packed hour by hour");
    assert_eq!(told(reader.minutes(series, 601, 660).unwrap()), all[1..3]);
    assert_eq!(told(reader.hours(series, 0, 20).unwrap()), hours);
    let times = &reader.hours(other, 10, 11).unwrap()[0].1.times;
    assert_eq!((times.count, times.min_us, times.max_us), (3, 600, 659));
    drop((store, reader));
    let (store, _) = SampleStore::open(folder.path()).unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(reader.find(&check("a/http")).unwrap(), Some((series, 600)));
    assert_eq!(reader.find(&check("c/http")).unwrap(), None);
    assert_eq!(told(reader.hours(series, 0, 20).unwrap()), hours, "opened again");
}

#[test]
fn what_comes_late_is_merged_into_its_minute_and_its_hour() {
    let (_folder, mut store) = store();
    let series = one(&mut store, "a/http");
    let add = |store: &mut SampleStore, minute| {
        store.add(&[Row { series, minute, rollup: up(5) }]).unwrap();
    };
    add(&mut store, 600);
    add(&mut store, 600);
    store.close_hours(11).unwrap();
    add(&mut store, 600);
    add(&mut store, 630);
    let reader = store.reader().unwrap();
    assert_eq!(told(reader.minutes(series, 600, 660).unwrap()), [(600, 3), (630, 1)]);
    assert_eq!(told(reader.hours(series, 10, 11).unwrap()), [(10, 4)]);
}

#[test]
fn minutes_are_forgotten_before_hours() {
    let (_folder, mut store) = store();
    let series = one(&mut store, "a/http");
    for minute in [600, 700, 6_000] {
        store.add(&[Row { series, minute, rollup: up(5) }]).unwrap();
    }
    store.close_hours(100).unwrap();
    store.forget(Keep { minutes_from: 6_000, hours_from: 11 }).unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(told(reader.minutes(series, 0, 9_000).unwrap()), [(6_000, 1)]);
    assert_eq!(told(reader.hours(series, 0, 150).unwrap()), [(11, 1), (100, 1)]);
}

#[test]
fn a_damaged_file_is_put_aside_and_a_later_one_is_left_alone() {
    let (folder, store) = store();
    store.db.pragma_update(None, "user_version", 2).unwrap();
    drop(store);
    let newer = SampleStore::open(folder.path()).unwrap_err();
    assert!(matches!(newer, SamplesError::Newer { found: 2, .. }), "{newer}");
    std::fs::write(folder.path().join(FILE), "this was a database once").unwrap();
    let (store, damaged) = SampleStore::open(folder.path()).unwrap();
    assert!(damaged.unwrap().contains(DAMAGED));
    assert!(folder.path().join(DAMAGED).exists());
    drop(store);
    assert_eq!(SampleStore::open(folder.path()).unwrap().1, None);
}
