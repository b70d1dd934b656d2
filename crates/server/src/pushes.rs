//! Jobs that tell of themselves: who is expected by when, and what is said of one that is silent.
//!
//! It decides when a push is missed: when nothing was told for the check's period and deadline. A time in which this
//! server did not run is no silence of the job's: a push that may have been told to nobody then is `unknown(blind)`.
//! What a miss means is for the judgement, which is told of it as of any other answer. Spans are measured by the
//! monotonic clock; only over a restart by the journal. Tested here, and by the lab with a real server.

use crate::clock;
use crate::hub::Hub;
use crate::intake::{COUNTED_EVERY, Here};
use blackstart_model::check::{Check, PushQuestion, Question};
use blackstart_model::observation::{NoAnswerCode, Outcome, SymptomCode, Timing};
use blackstart_model::plant::{Plant, Secret};
use blackstart_model::time::Timestamp;
use blackstart_model::{CheckKey, VantageName};
use blackstart_probe::secrets::Secrets;
use blackstart_probe::{Answer, Listener as _, Sample};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// What a job tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    /// It ran.
    Done,
    /// It ran and failed, in its own words.
    Failed(String),
}

/// It is not taken: there is no such check, or the token is not its own. Which of the two is nobody's business.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NotExpected;

/// Everybody who is expected.
pub(crate) struct Pushes {
    here: Here,
    secrets: Arc<dyn Secrets>,
    expected: Mutex<BTreeMap<CheckKey, Expected>>,
    changed: Notify,
}

/// One job that is expected.
#[derive(Clone, PartialEq, Debug)]
struct Expected {
    every: Duration,
    late: Duration,
    token: Option<Secret>,
    due: Instant,
    /// What is due may have been told while this server did not run.
    blind: bool,
}

impl Expected {
    /// As the plant says it, when the journal last heard of it `ago`; if it ever did.
    fn of(check: &Check, push: &PushQuestion, ago: Option<Duration>, now: Instant) -> Self {
        let (every, late) = (check.every, check.deadline);
        // Of whole periods that went by unheard nobody knows anything.
        let (wait, blind) = match ago {
            None => (every, false),
            Some(ago) if ago < every => (every - ago, every - ago <= late),
            Some(_) => (Duration::ZERO, true),
        };
        Self { every, late, token: push.token.clone(), due: now + wait + late, blind }
    }

    fn is_as(&self, other: &Self) -> bool {
        (self.every, self.late, &self.token) == (other.every, other.late, &other.token)
    }

    /// What is said of it, if it is overdue. The next one is expected a period later.
    fn missed(&mut self, now: Instant) -> Option<Outcome> {
        if now < self.due {
            return None;
        }
        self.due = now.max(self.due + self.every);
        if std::mem::take(&mut self.blind) {
            let words = "it was due around a time when this server did not run";
            return Some(Outcome::unknown(NoAnswerCode::Blind, words));
        }
        let words = format!("nothing was told for {}", span(self.every + self.late));
        Some(Outcome::down(SymptomCode::NotTold, words))
    }
}

/// A span in the words of the plant file.
fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..120 => format!("{} s", span.as_secs_f32()),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

impl Pushes {
    pub(crate) fn new(hub: &Arc<Hub>, secrets: Arc<dyn Secrets>) -> Self {
        Self { here: Here::new(hub), secrets, expected: Mutex::default(), changed: Notify::new() }
    }

    /// Expects what this plant says, from now on. `heard` is when the journal last heard of a check.
    pub(crate) fn expect(&self, plant: &Plant, heard: impl Fn(&CheckKey) -> Option<Timestamp>) {
        let (wall, now) = (clock::wall(), clock::monotonic());
        let mut expected = self.expected();
        let mut old = std::mem::take(&mut *expected);
        for check in plant.checks() {
            let Question::Push(push) = &*check.question else { continue };
            let ago = heard(&check.key)
                .map(|at| Duration::try_from(wall.duration_since(at)).unwrap_or_default());
            let fresh = Expected::of(check, push, ago, now);
            let kept = old.remove(&check.key).filter(|old| old.is_as(&fresh));
            expected.insert(check.key.clone(), kept.unwrap_or(fresh));
        }
        drop(expected);
        self.changed.notify_one();
    }

    fn expected(&self) -> MutexGuard<'_, BTreeMap<CheckKey, Expected>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what a job tells.
    pub(crate) fn take(
        &self,
        key: &CheckKey,
        token: Option<&str>,
        told: Told,
    ) -> Result<(), NotExpected> {
        let demanded = self.expected().get(key).ok_or(NotExpected)?.token.clone();
        if let Some(secret) = demanded {
            let own = self.secrets.value(&secret.0).map_err(|why| {
                tracing::warn!("{key} is told, and its token is not to be had: {why}");
                NotExpected
            })?;
            if !is_same(&own, token.ok_or(NotExpected)?) {
                return Err(NotExpected);
            }
        }
        let every = {
            let mut expected = self.expected();
            let own = expected.get_mut(key).ok_or(NotExpected)?;
            own.due = clock::monotonic() + own.every + own.late;
            own.blind = false;
            own.every
        };
        let outcome = match told {
            Told::Done => Outcome::Up,
            Told::Failed(words) => Outcome::down(SymptomCode::JobFailed, words),
        };
        self.tell(key.clone(), outcome, every);
        self.changed.notify_one();
        Ok(())
    }

    /// A rare one is written down each time, for a restart to go on from; frequent ones are counted.
    fn tell(&self, key: CheckKey, outcome: Outcome, every: Duration) {
        let answer = Answer { timing: Timing::default(), ..Answer::from(outcome) };
        self.here.sample(Sample { key, answer, asked: every >= COUNTED_EVERY });
    }

    /// Says of each that is overdue that it is. Until the server stops.
    pub(crate) async fn run(self: Arc<Self>) {
        loop {
            let now = clock::monotonic();
            let missed: Vec<_> = {
                let mut expected = self.expected();
                let each = expected.iter_mut();
                each.filter_map(|(key, own)| Some((key.clone(), own.missed(now)?, own.every)))
                    .collect()
            };
            for (key, outcome, every) in missed {
                self.tell(key, outcome, every);
            }
            let next = self.expected().values().map(|own| own.due).min();
            let due = async {
                match next {
                    Some(next) => tokio::time::sleep_until(next.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                () = self.changed.notified() => {}
            }
        }
    }
}

/// When the journal last heard of a check from the server's own vantage.
pub(crate) fn heard(hub: &Hub, key: &CheckKey) -> Option<Timestamp> {
    let state = hub.state();
    state.evidence().get(&(key.clone(), VantageName::here()))?.answered_at()
}

/// Compares by digests, so that the time it takes tells nothing of the token.
fn is_same(own: &str, given: &str) -> bool {
    let digest = |text: &str| ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest(own).as_ref() == digest(given).as_ref()
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_model::plantfile::parse_str;

    const HOUR: Duration = Duration::from_secs(3_600);

    /// A nightly job that may be two hours late, heard of so long before the start.
    fn nightly(ago: Option<Duration>) -> (Expected, Instant) {
        let text = "blackstart: 1\nservices: { a: { checks: { push: open, every: 1 d, deadline: 2 h } } }\n";
        let plant = parse_str(text).0.expect("a plant");
        let check = &plant.checks()[0];
        let Question::Push(push) = &*check.question else { panic!("it is one") };
        let now = clock::monotonic();
        (Expected::of(check, push, ago, now), now)
    }

    fn missed(own: &mut Expected, at: Instant) -> Option<String> {
        own.missed(at).map(|outcome| outcome.to_string())
    }

    #[test]
    fn what_was_never_told_has_its_whole_period() {
        let (mut own, start) = nightly(None);
        assert_eq!(missed(&mut own, start + HOUR * 25), None);
        let said = "down(not-told: nothing was told for 26 h)";
        assert_eq!(missed(&mut own, start + HOUR * 26).as_deref(), Some(said));
        assert_eq!(missed(&mut own, start + HOUR * 27), None, "once for each period");
        assert_eq!(missed(&mut own, start + HOUR * 50).as_deref(), Some(said));
    }

    #[test]
    fn a_restart_goes_on_from_what_was_heard_before() {
        let (mut own, start) = nightly(Some(HOUR * 10));
        assert_eq!(missed(&mut own, start + HOUR * 15), None);
        assert!(missed(&mut own, start + HOUR * 16).is_some_and(|said| said.starts_with("down")));
    }

    #[test]
    fn what_may_have_been_told_to_nobody_is_not_missed() {
        let (mut own, start) = nightly(Some(HOUR * 23));
        let said = missed(&mut own, start + HOUR * 3).expect("it is due");
        assert!(said.starts_with("unknown(blind"), "{said}");
        // The one after that is missed as any other.
        assert!(missed(&mut own, start + HOUR * 27).is_some_and(|said| said.starts_with("down")));
        let (mut own, start) = nightly(Some(HOUR * 200));
        assert!(missed(&mut own, start + HOUR * 2).is_some_and(|said| said.starts_with("unknown")));
    }

    #[test]
    fn a_token_is_its_whole_self() {
        assert!(is_same("a", "a") && !is_same("a", "ab") && !is_same("a", ""));
    }
}
