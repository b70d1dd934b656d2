//! The turn with a journal that fails, and over restarts.

use super::*;
use blackstart_journal::{Entry, MemoryJournal};
use blackstart_model::incident::IncidentState;
use blackstart_model::observation::{Observation, Outcome, SymptomCode};
use blackstart_model::record::{Delivery, News, PlantSource};
use blackstart_model::time::SignedDuration;
use blackstart_model::{AlertId, IncidentId, VantageName};
use blackstart_reason::{AlertStage, Remembered};
use std::sync::Mutex;

/// A journal in memory that outlives its turn, and fails while it is told to.
#[derive(Clone)]
struct Shared(Arc<Mutex<(MemoryJournal, bool)>>);

impl Shared {
    fn new() -> Self {
        Self(Arc::new(Mutex::new((MemoryJournal::new("tested"), false))))
    }

    fn fail(&self, fails: bool) {
        self.0.lock().expect("not poisoned").1 = fails;
    }
}

impl Reader for Shared {
    fn read(&self, from: RecordId, limit: usize) -> Result<Vec<Entry>, JournalError> {
        self.0.lock().expect("not poisoned").0.read(from, limit)
    }

    fn newest(&self) -> Result<Option<(RecordId, Timestamp)>, JournalError> {
        self.0.lock().expect("not poisoned").0.newest()
    }

    fn identity(&self) -> &str {
        "tested"
    }
}

impl Journal for Shared {
    fn append(&mut self, records: &[(Timestamp, Record)]) -> Result<RecordId, JournalError> {
        let mut shared = self.0.lock().expect("not poisoned");
        if shared.1 {
            let what = "the disk is full".to_owned();
            return Err(JournalError::Damaged { path: "nowhere".into(), what });
        }
        shared.0.append(records)
    }

    fn reader(&self) -> Result<Box<dyn Reader>, JournalError> {
        Ok(Box::new(self.clone()))
    }
}

fn plant() -> Input {
    let text = "blackstart: 1\nname: p\ntimezone: UTC\nservices: { web: { checks: [ { tcp: '127.0.0.1:1' } ] } }\n\
                alerts: { webhooks: { hook: { url: 'http://127.0.0.1:1/' } } }\n";
    Input::PlantLoaded(PlantSource { files: vec![("p.yaml".to_owned(), text.to_owned())] })
}

fn seen(tries: u32) -> Input {
    Input::Observed(Observation {
        check: "web/tcp".into(),
        vantage: VantageName::here(),
        outcome: Outcome::down(SymptomCode::Refused, "127.0.0.1:1"),
        at: clock::wall(),
        asked: tries > 1,
        tries,
        failures: tries,
    })
}

async fn started(journal: &Shared) -> (Arc<Hub>, TurnEnd, mpsc::UnboundedReceiver<Decision>) {
    let turn = Turn::start(Box::new(journal.clone())).expect("it can be read");
    let hub = turn.hub.clone();
    let (end, decisions) = turn.split();
    hub.ping().await.expect("it runs");
    (hub, end, decisions)
}

#[tokio::test]
async fn nothing_leaves_and_nothing_is_seen_before_it_is_written_down() {
    let journal = Shared::new();
    let (hub, end, mut decisions) = started(&journal).await;
    hub.tell(plant()).await.expect("it is taken");
    let before = hub.newest();
    journal.fail(true);
    let telling = tokio::spawn({
        let hub = hub.clone();
        async move { hub.tell(seen(1)).await }
    });
    while hub.trouble().is_none() {
        tokio::task::yield_now().await;
    }
    assert!(hub.trouble().expect("it says so").contains("the disk is full"));
    assert!(decisions.try_recv().is_err(), "no decision has left");
    assert!(!telling.is_finished(), "nobody was told that it is taken");
    journal.fail(false);
    telling.await.expect("it ends").expect("it is taken");
    // Judged at once, or with the next tick when the last judgement was a moment ago.
    let first = decisions.recv().await;
    assert!(matches!(first, Some(Decision::Verify { .. })), "{first:?}");
    assert!(hub.trouble().is_none() && hub.newest() > before);
    end.stop().await;
}

#[tokio::test]
async fn a_server_that_stops_while_it_cannot_write_ends() {
    let journal = Shared::new();
    let (hub, end, _decisions) = started(&journal).await;
    journal.fail(true);
    let telling = tokio::spawn(async move { hub.tell(plant()).await });
    end.stop().await;
    assert!(telling.await.expect("it ends").is_err(), "nobody knows whether it was taken");
}

#[tokio::test]
async fn a_restart_goes_on_where_the_journal_ends() {
    let journal = Shared::new();
    let (hub, end, mut decisions) = started(&journal).await;
    // Three answers, and it is confirmed: with two it would be when the check's grid has come round again.
    for input in [plant(), seen(1), seen(2), seen(3)] {
        hub.tell(input).await.expect("it is taken");
    }
    while !matches!(decisions.recv().await, Some(Decision::Deliver { .. })) {}
    let encoded = hub.state().encode();
    end.stop().await;
    let folded = fold(&journal, Until::End).expect("it can be read");
    assert_eq!(folded.state.encode(), encoded, "a fold comes to the same");
    assert!(folded.differs.is_none(), "{:?}", folded.differs);

    let (hub, end, mut decisions) = started(&journal).await;
    assert_eq!(hub.state().incidents().len(), 1);
    let again = decisions.recv().await;
    assert!(
        matches!(again, Some(Decision::Deliver { attempt: 1, repeat: false, .. })),
        "what waited is taken up, and is no repeat: {again:?}"
    );
    end.stop().await;
}

#[tokio::test]
async fn a_heart_beats_only_while_the_journal_is_written_also_when_nothing_else_happens() {
    let shared = Shared::new();
    let turn = Turn::start(Box::new(shared.clone())).expect("a journal in memory");
    let hub = turn.hub.clone();
    let mut written = RecordId(0);
    let soon = Duration::from_secs(1);
    // The first goes by what our start has written; the second finds nothing new.
    for _ in 0..2 {
        let before = written;
        let alive = crate::heartbeat::alive(&hub, &mut written);
        tokio::time::timeout(Duration::from_secs(60), alive)
            .await
            .expect("in time")
            .expect("it runs");
        assert!(written > before, "a beat has a record of its own");
    }
    shared.fail(true);
    let alive = crate::heartbeat::alive(&hub, &mut written);
    assert!(tokio::time::timeout(soon, alive).await.is_err(), "no beat without a record");
    shared.fail(false);
    let alive = crate::heartbeat::alive(&hub, &mut written);
    tokio::time::timeout(Duration::from_secs(60), alive).await.expect("in time").expect("it runs");
}

/// Writes what happened at this time, and what was decided on it, as a server did.
fn happened(journal: &mut Shared, state: &mut State, at: Timestamp, input: Input) {
    let mut records = vec![(at, Record::Input(input.clone()))];
    let decisions = step(state, &input, at).into_iter();
    records.extend(decisions.map(|decision| (at, Record::Decision(decision))));
    journal.append(&records).expect("there is room");
}

#[tokio::test]
async fn an_incident_of_long_ago_is_forgotten_and_still_there_in_the_journal() {
    let mut journal = Shared::new();
    let mut state = State::new();
    let days = |count: i64| SignedDuration::from_hours(24 * count);
    let begin = clock::wall().checked_sub(days(40)).expect("in range");
    let at = |second: i64| begin.checked_add(SignedDuration::from_secs(second)).expect("in range");
    let version = "then".to_owned();
    let started = Input::Started { version, alive_until: None };
    happened(&mut journal, &mut state, at(0), started);
    happened(&mut journal, &mut state, at(1), plant());
    for (second, outcome, tries) in
        [(10, Outcome::down(SymptomCode::Refused, "127.0.0.1:1"), 3), (100, Outcome::Up, 1)]
    {
        let failures = outcome.failures_of(tries);
        let observed = Input::Observed(Observation {
            check: "web/tcp".into(),
            vantage: VantageName::here(),
            outcome,
            at: at(second),
            asked: true,
            tries,
            failures,
        });
        happened(&mut journal, &mut state, at(second), observed);
        for later in 1..30 {
            happened(&mut journal, &mut state, at(second + later), Input::Tick);
        }
    }
    let (alert, attempt) = (AlertId(1), 1);
    let result = Delivery::Delivered("204".to_owned());
    for input in
        [Input::AttemptStarted { alert, attempt }, Input::AttemptEnded { alert, attempt, result }]
    {
        happened(&mut journal, &mut state, at(200), input);
    }
    let id = IncidentId(1);
    let was = state.incidents()[&id].clone();
    assert_eq!(was.state, IncidentState::Resolved);
    drop(state);

    let (hub, end, _decisions) = self::started(&journal).await;
    assert!(hub.state().incidents().is_empty(), "{:?}", hub.state().incidents());
    let Remembered { incident, alerts } =
        hub.forgotten(id).expect("it can be read").expect("there was one");
    assert_eq!((incident.state, incident.closed_at), (was.state, was.closed_at));
    assert_eq!((incident.cause(), &incident.history), (was.cause(), &was.history));
    let news: Vec<News> = alerts.iter().map(|progress| progress.alert.news).collect();
    assert_eq!(news, [News::Opened, News::Resolved]);
    assert!(matches!(alerts[0].stage, AlertStage::Delivered { .. }), "{:?}", alerts[0].stage);
    assert!(hub.forgotten(IncidentId(2)).expect("it can be read").is_none());
    end.stop().await;
}
