//! The recorder from its doors: samples in, a file and what is read of it out.

use super::*;
use crate::turn::Turn;
use blackstart_journal::MemoryJournal;
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode};
use blackstart_model::record::{Input, PlantSource};
use blackstart_model::sample::Shares;
use blackstart_probe::{Answer, Sample};

struct Rig {
    turn: Turn,
    folder: tempfile::TempDir,
    work: Work,
    /// The first minute, and where we are in seconds after it.
    begun: i64,
}

const PLANT: &str = "blackstart: 1\nname: p\ntimezone: UTC\nvms: { a: { checks: [ { tcp: '127.0.0.1:1', every: 10 s } ] } }\n\
     services: { shop: { on: a, public: true, checks: [ { tcp: '127.0.0.1:1' } ] } }\n";

impl Rig {
    async fn begin(plant: &str) -> Self {
        let turn = Turn::start(Box::new(MemoryJournal::new("tested"))).expect("a turn");
        let files = vec![("p.yaml".to_owned(), plant.to_owned())];
        let _ = turn.hub.tell(Input::PlantLoaded(PlantSource { files })).await;
        let folder = tempfile::tempdir().expect("a folder");
        let work = opened(&turn.hub, folder.path());
        Self { turn, folder, work, begun: 29_000_000 * 60 }
    }

    fn at(&self, second: i64) -> Timestamp {
        Timestamp::from_second(self.begun + second).expect("an instant")
    }

    fn answer(&self, second: i64, outcome: Outcome, total_us: u32, asked: bool) {
        let vantage = self.turn.hub.samples().of(&VantageName::here());
        let mut answer = Answer::from(outcome);
        answer.timing.total_us = total_us;
        let _ = vantage.take(Sample { key: "a/tcp".into(), answer, asked }, self.at(second));
    }

    /// Killed, and started again on the same folder.
    fn killed(self) -> Self {
        let Self { turn, folder, work, begun } = self;
        drop(work);
        let _ = turn.hub.samples().noted();
        let work = opened(&turn.hub, folder.path());
        Self { turn, folder, work, begun }
    }

    fn read(&self, series: Series, until: i64) -> Plotted {
        let plant = self.turn.hub.state().plant().cloned();
        let reader = self.work.store.as_ref().expect("it is open").reader().expect("a reader");
        stretch::read(&reader, &series, Span::Hour, self.at(until), plant.as_deref())
            .expect("a disk")
    }
}

fn opened(hub: &Arc<Hub>, folder: &Path) -> Work {
    let (store, damaged) = SampleStore::open(folder).expect("a store");
    assert_eq!(damaged, None);
    Work { store: Some(store), ..Work::of(hub.clone()) }
}

fn of_check() -> Series {
    Series::Check { check: "a/tcp".to_owned(), vantage: "here".to_owned() }
}

fn seconds(shares: Shares) -> [i64; 4] {
    let Shares { up, degraded, down, off: _, unknown } = shares;
    [up, degraded, down, unknown].map(|ms| (ms / 1_000.0).round() as i64)
}

fn down() -> Outcome {
    Outcome::down(SymptomCode::Refused, "")
}

#[tokio::test]
async fn answers_become_minutes_and_what_was_asked_makes_a_failure_no_longer() {
    let mut rig = Rig::begin(PLANT).await;
    for ten in 0..6 {
        rig.answer(ten * 10, Outcome::Up, 1_000, false);
        rig.answer(60 + ten * 10, if ten < 3 { down() } else { Outcome::Up }, 2_000, false);
        rig.answer(61 + ten, down(), 2_000, true);
    }
    rig.answer(120, Outcome::unknown(NoAnswerCode::Late, ""), 0, false);
    let now = rig.at(125);
    rig.work.look(now, false);
    let plotted = rig.read(of_check(), 180);
    let told: Vec<[i64; 4]> =
        plotted.slots[56..59].iter().map(|slot| seconds(slot.shares)).collect();
    assert_eq!(told, [[60, 0, 0, 0], [30, 0, 30, 0], [5, 0, 5, 50]]);
    let all = plotted.rollup();
    assert_eq!((all.up, all.down, all.asked, all.times.count), (9, 3, 6, 9));
    rig.work.look(now, true);
    let all = rig.read(of_check(), 180).rollup();
    assert_eq!(all.unknown, [(NoAnswerCode::Late, 1)], "the last look writes what is not over");
}

#[tokio::test]
async fn a_kill_loses_the_open_minute_and_nothing_more() {
    let mut rig = Rig::begin(PLANT).await;
    for ten in 0..18 {
        rig.answer(ten * 10, Outcome::Up, 1_000, false);
    }
    let now = rig.at(175);
    rig.work.look(now, false);
    let mut rig = rig.killed();
    assert_eq!(rig.read(of_check(), 180).rollup().up, 12);
    // Half an hour later it is there again.
    for ten in 180..186 {
        rig.answer(ten * 10, Outcome::Up, 1_000, false);
    }
    let now = rig.at(1_870);
    rig.work.look(now, false);
    let plotted = rig.read(of_check(), 1_860);
    let [up, _, down, unknown] = seconds(plotted.shares());
    assert_eq!((up, down), (130 + 60, 0), "the last answer speaks for one period more");
    assert_eq!(up + unknown, 1_860, "nothing that nobody saw is up");
}

#[tokio::test]
async fn the_rest_of_a_minute_is_merged_with_what_was_written_of_it() {
    let mut rig = Rig::begin(PLANT).await;
    rig.answer(0, Outcome::Up, 1_000, false);
    let now = rig.at(5);
    rig.work.look(now, true);
    let mut rig = rig.killed();
    rig.answer(10, Outcome::Up, 3_000, false);
    let now = rig.at(15);
    rig.work.look(now, true);
    let all = rig.read(of_check(), 60).rollup();
    assert_eq!((all.up, all.times.min_us, all.times.max_us), (2, 1_000, 3_000));
}

#[tokio::test]
async fn answers_wait_while_the_plant_cannot_be_looked_at() {
    let mut rig = Rig::begin(PLANT).await;
    let hub = rig.turn.hub.clone();
    for ten in 0..6 {
        rig.answer(ten * 10, Outcome::Up, 1_000, false);
    }
    let writes = hub.state.write().expect("it is whole");
    for second in [59, 61, 66, 125] {
        let now = rig.at(second);
        rig.work.look(now, false);
    }
    drop(writes);
    assert_eq!(rig.read(of_check(), 120).rollup().up, 0, "nobody knows yet what they speak for");
    let now = rig.at(130);
    rig.work.look(now, false);
    let plotted = rig.read(of_check(), 120);
    let told = (plotted.rollup().up, seconds(plotted.shares())[0]);
    assert_eq!(told, (6, 60 + 10), "the last answer speaks for one period more");
    // Ended while the turn writes it keeps what it has.
    rig.answer(130, Outcome::Up, 1_000, false);
    let writes = hub.state.write().expect("it is whole");
    let now = rig.at(135);
    rig.work.look(now, true);
    drop(writes);
    assert_eq!(rig.read(of_check(), 180).rollup().up, 7);
}

#[tokio::test]
async fn a_service_is_looked_at_and_unknown_while_nobody_answers() {
    let mut rig = Rig::begin(PLANT).await;
    for ten in 0..12 {
        let now = rig.at(ten * 10 + 1);
        rig.work.look(now, false);
    }
    let now = rig.at(121);
    rig.work.look(now, false);
    let shop = || Series::Component("shop".to_owned());
    assert_eq!(seconds(rig.read(shop(), 120).shares()), [0, 0, 0, 120]);
    let observed = |outcome: Outcome| {
        Input::Observed(blackstart_model::observation::Observation {
            check: "shop/tcp".into(),
            vantage: VantageName::here(),
            failures: outcome.failures_of(1),
            outcome,
            at: clock::wall(),
            asked: false,
            tries: 1,
        })
    };
    let _ = rig.turn.hub.tell(observed(down())).await;
    for ten in 13..=19 {
        let now = rig.at(ten * 10 + 1);
        rig.work.look(now, false);
    }
    let [up, _, down, _] = seconds(rig.read(shop(), 180).shares());
    assert_eq!((up, down > 0), (0, true), "it is down from now on, and was never seen up");
}
