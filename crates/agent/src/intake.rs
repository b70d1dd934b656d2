//! From answers to news: what is told at once, and what is only counted.
//!
//! A first answer, a changed one, and one that was asked for are told one by one; steady ones are
//! counted and told together: the same rules as for the server's own vantage. One late answer is no news
//! (we were busy); three in a row are. It never weighs what it tells.
//!
//! A restarted agent does not know what its predecessor told of the way out. The first answer that came
//! through it is proof that it is open, and told as such, so that no loss outlives its end.
//!
//! Pure: stamps are handed in. Tested on answers in a row.

use crate::permit::Share;
use blackstart_model::CheckKey;
use blackstart_model::check::Question;
use blackstart_model::observation::{NoAnswerCode, Outcome, Standing};
use blackstart_model::sample::Times;
use blackstart_model::time::Duration;
use blackstart_probe::wire::v1::{
    Age, News, READINGS_MAX, Reading, SAMPLES_MAX, Sample, Steady, SteadyCheck, WayOut,
};
use std::collections::HashMap;
use std::sync::Arc;

/// So many late answers in a row are news.
const LATE_IN_A_ROW: u32 = 3;

/// News that wait for the disk, at most. Beyond, an answer is not told; the next one of its check is.
const WAITING_MAX: usize = 20_000;

/// What one agent has heard.
#[derive(Default)]
pub(crate) struct Intake {
    tracks: HashMap<CheckKey, Track>,
    /// There are questions that prove the way out.
    way_out_provable: bool,
    /// What this process has told of the way out.
    way_out_told: Option<bool>,
    waiting: Vec<Heard>,
    /// When the stretch that is counted began.
    counted_since: Duration,
}

/// One check.
#[derive(Default)]
struct Track {
    /// What is asked; `None` when it is not put.
    question: Option<Arc<Question>>,
    crosses_way_out: bool,
    /// The last outcome that was told.
    last: Option<Outcome>,
    tries: u32,
    late: u32,
    /// The times of the steady ones.
    steady: Times,
    /// What the newest steady answer read.
    readings: Vec<blackstart_model::reading::Reading>,
}

struct Heard {
    /// Since the host was started.
    at: Duration,
    what: What,
}

enum What {
    Answer(Box<Sample>),
    WayOut { open: bool, detail: String },
}

impl Intake {
    /// Counts from now on.
    pub(crate) fn new(now: Duration) -> Self {
        Self { counted_since: now, ..Self::default() }
    }

    /// Is told about these checks from now on. What is asked otherwise than before begins anew.
    pub(crate) fn assign(&mut self, share: &Share) {
        let mut before = std::mem::take(&mut self.tracks);
        let mut keep = |key: &CheckKey, question: Option<&Arc<Question>>, crosses_way_out| {
            let same = before.remove(key).filter(|track| track.question.as_ref() == question);
            let mut track = same.unwrap_or_default();
            track.question = question.cloned();
            track.crosses_way_out = crosses_way_out;
            self.tracks.insert(key.clone(), track);
        };
        for put in &share.assignments {
            keep(&put.key, Some(&put.question), put.crosses_way_out);
        }
        for key in share.refused.keys() {
            keep(key, None, false);
        }
        self.way_out_provable = !share.way_out.is_empty();
    }

    /// Takes an answer. True when there is something to tell.
    pub(crate) fn answer(&mut self, sample: blackstart_probe::Sample, at: Duration) -> bool {
        let blackstart_probe::Sample { key, answer, asked } = sample;
        let room = self.waiting.len() < WAITING_MAX;
        // An answer to what is not asked any more.
        let Some(track) = self.tracks.get_mut(&key) else { return false };
        let news = track.is_news(&answer.outcome);
        if !(news || asked) {
            track.count(&answer.outcome, answer.timing.total_us);
            track.readings = answer.readings;
            return false;
        }
        if !room {
            track.last = None;
            return false;
        }
        let tries = track.tries.max(1);
        let through = track.crosses_way_out && answer.outcome.standing() != Standing::Unknown;
        let sample = Sample {
            check: key.as_str().to_owned(),
            outcome: (&answer.outcome).into(),
            timing: answer.timing.into(),
            asked,
            tries,
            age: Age::exact(Duration::ZERO),
            certificate_ends_s: answer.certificate_ends_s,
            readings: Reading::all(&answer.readings),
        };
        track.last = Some(answer.outcome);
        if through && self.way_out_provable && self.way_out_told.is_none() {
            self.way_out(true, "the agent was started, and gets answers", at);
        }
        self.waiting.push(Heard { at, what: What::Answer(Box::new(sample)) });
        true
    }

    /// The way out was lost, or is there again.
    pub(crate) fn way_out(&mut self, open: bool, detail: &str, at: Duration) {
        self.way_out_told = Some(open);
        let what = What::WayOut { open, detail: detail.to_owned() };
        self.waiting.push(Heard { at, what });
    }

    /// What is seen down, by the last answer of each check, and how many checks there are.
    pub(crate) fn down(&self) -> (Vec<(CheckKey, String)>, usize) {
        let is_down = |outcome: &&Outcome| outcome.standing() == Standing::Down;
        let told = self.tracks.iter().filter_map(|(key, track)| {
            let outcome = track.last.as_ref().filter(is_down)?;
            Some((key.clone(), outcome.to_string()))
        });
        let mut down: Vec<_> = told.collect();
        down.sort();
        (down, self.tracks.len())
    }

    /// What is to be told, in the order it happened; ages count from now.
    pub(crate) fn news(&mut self, now: Duration) -> Vec<News> {
        let mut all = Vec::new();
        let mut samples = Vec::new();
        let mut readings = 0;
        for Heard { at, what } in self.waiting.drain(..) {
            let age = Age::exact(now.saturating_sub(at));
            match what {
                What::Answer(sample) => {
                    let fits = readings + sample.readings.len() <= READINGS_MAX;
                    if samples.len() == SAMPLES_MAX || !fits {
                        all.push(News::Samples(std::mem::take(&mut samples)));
                        readings = 0;
                    }
                    readings += sample.readings.len();
                    samples.push(Sample { age, ..*sample });
                }
                What::WayOut { open, detail } => {
                    if !samples.is_empty() {
                        all.push(News::Samples(std::mem::take(&mut samples)));
                        readings = 0;
                    }
                    all.push(News::WayOut(WayOut { open, detail, age }));
                }
            }
        }
        if !samples.is_empty() {
            all.push(News::Samples(samples));
        }
        all
    }

    /// The steady answers since the last time, to be told together.
    pub(crate) fn steady(&mut self, now: Duration) -> Vec<News> {
        let since = std::mem::replace(&mut self.counted_since, now);
        let mut checks: Vec<SteadyCheck> = self
            .tracks
            .iter_mut()
            .filter(|(_, track)| track.steady.count > 0)
            .map(|(key, track)| {
                let times = std::mem::take(&mut track.steady);
                let Times { count: tries, sum_us, min_us, max_us, buckets } = times;
                let readings = Reading::all(&std::mem::take(&mut track.readings));
                let check = key.as_str().to_owned();
                SteadyCheck { check, tries, sum_us, min_us, max_us, buckets, readings }
            })
            .collect();
        checks.sort_by(|a, b| a.check.cmp(&b.check));
        let lasted = now.saturating_sub(since);
        let lasted_us = u64::try_from(lasted.as_micros()).unwrap_or(u64::MAX);
        let age = Age::exact(Duration::ZERO);
        let batch = |checks: &[SteadyCheck]| {
            News::Steady(Steady { age, lasted_us, dropped: 0, checks: checks.to_vec() })
        };
        let mut left = &checks[..];
        let mut all = Vec::new();
        while !left.is_empty() {
            let mut readings = 0;
            let fits = |check: &&SteadyCheck| {
                readings += check.readings.len();
                readings <= READINGS_MAX
            };
            let (now, later) =
                left.split_at(left.iter().take(SAMPLES_MAX).take_while(fits).count());
            all.push(batch(now));
            left = later;
        }
        all
    }
}

impl Track {
    /// Whether this outcome says something new.
    fn is_news(&mut self, outcome: &Outcome) -> bool {
        self.late = if is_late(outcome) { self.late + 1 } else { 0 };
        let Some(last) = &self.last else {
            self.tries = 1;
            return true;
        };
        let same = last.standing() == outcome.standing() && last.code() == outcome.code();
        if is_late(outcome) && !same && self.late < LATE_IN_A_ROW {
            return false;
        }
        let standing_is_same = last.standing() == outcome.standing();
        self.tries = if standing_is_same { self.tries.saturating_add(1) } else { 1 };
        !same
    }

    /// Counts an answer that changed nothing; a late one is no answer.
    fn count(&mut self, outcome: &Outcome, total_us: u32) {
        if is_late(outcome) {
            return;
        }
        self.steady.add(total_us);
    }
}

fn is_late(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Unknown(why) if why.code == NoAnswerCode::Late)
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_model::check::{Host, HostPort, TcpQuestion};
    use blackstart_model::observation::SymptomCode;
    use blackstart_probe::{Answer, Assignment};

    fn share(port: u16, crosses_way_out: bool) -> Share {
        let host = Host::Address([127, 0, 0, 1].into());
        let question = Question::Tcp(TcpQuestion { target: HostPort { host, port }, slow: None });
        let (every, deadline) = (Duration::from_secs(2), Duration::from_secs(1));
        let way_out = if crosses_way_out { vec![question.clone()] } else { Vec::new() };
        let (key, question) = (CheckKey::from("a/tcp"), question.into());
        let assignments = vec![Assignment { key, every, deadline, question, crosses_way_out }];
        Share { assignments, way_out, ..Share::default() }
    }

    fn intake() -> Intake {
        let mut intake = Intake::default();
        intake.assign(&share(9, false));
        intake
    }

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn down() -> Outcome {
        Outcome::down(SymptomCode::Refused, "")
    }

    fn late() -> Outcome {
        Outcome::unknown(NoAnswerCode::Late, "")
    }

    /// The tries told with this answer, when it is told.
    fn told(intake: &mut Intake, outcome: Outcome, asked: bool) -> Option<u32> {
        let mut answer = Answer::from(outcome);
        answer.timing.total_us = 500;
        intake.answer(blackstart_probe::Sample { key: "a/tcp".into(), answer, asked }, at(0));
        match intake.news(at(1)).pop()? {
            News::Samples(samples) => {
                assert_eq!(samples[0].asked, asked);
                assert_eq!(samples[0].age.us, 1_000);
                Some(samples[0].tries)
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn changes_and_what_was_asked_are_told_and_the_rest_is_counted() {
        let mut intake = intake();
        assert_eq!(told(&mut intake, Outcome::Up, false), Some(1));
        assert_eq!(told(&mut intake, Outcome::Up, false), None);
        assert_eq!(told(&mut intake, down(), false), Some(1));
        assert_eq!(told(&mut intake, down(), true), Some(2));
        assert_eq!(told(&mut intake, down(), false), None);
        let steady = intake.steady(at(60_000));
        let [News::Steady(Steady { lasted_us: 60_000_000, checks, .. })] = &steady[..] else {
            panic!("{steady:?}");
        };
        let SteadyCheck { tries, sum_us, min_us, max_us, .. } = checks[0];
        assert_eq!((tries, sum_us, min_us, max_us), (2, 1_000, 500, 500));
        assert!(intake.steady(at(120_000)).is_empty());
    }

    #[test]
    fn one_late_answer_is_no_news_and_three_are() {
        let mut intake = intake();
        assert_eq!(told(&mut intake, Outcome::Up, false), Some(1));
        assert_eq!(told(&mut intake, late(), false), None);
        assert_eq!(told(&mut intake, Outcome::Up, false), None, "it is still up");
        assert_eq!(told(&mut intake, late(), false), None);
        assert_eq!(told(&mut intake, late(), false), None);
        assert_eq!(told(&mut intake, late(), false), Some(1));
    }

    #[test]
    fn a_changed_question_begins_anew_and_another_is_not_heard() {
        let mut intake = intake();
        assert_eq!(told(&mut intake, Outcome::Up, false), Some(1));
        intake.assign(&share(9, false));
        assert_eq!(told(&mut intake, Outcome::Up, false), None, "the same question");
        intake.assign(&share(10, false));
        assert_eq!(told(&mut intake, Outcome::Up, false), Some(1));
        intake.assign(&Share::default());
        assert_eq!(told(&mut intake, down(), false), None);
    }

    #[test]
    fn the_first_answer_through_the_way_out_says_that_it_is_open() {
        let mut intake = Intake::default();
        intake.assign(&share(9, true));
        let sample = |outcome| blackstart_probe::Sample {
            key: "a/tcp".into(),
            answer: Answer::from(outcome),
            asked: false,
        };
        intake.answer(sample(Outcome::unknown(NoAnswerCode::CutOff, "")), at(1));
        intake.answer(sample(Outcome::Up), at(2));
        intake.way_out(false, "nobody answers", at(3));
        let kinds: Vec<String> = intake
            .news(at(4))
            .into_iter()
            .map(|news| match news {
                News::Samples(samples) => samples[0].outcome.standing.clone(),
                News::WayOut(way_out) => format!("open: {}", way_out.open),
                News::Steady(_) => "steady".to_owned(),
            })
            .collect();
        assert_eq!(kinds, ["unknown", "open: true", "up", "open: false"]);
    }

    #[test]
    fn what_finds_no_room_is_told_by_the_next_answer() {
        let mut intake = intake();
        for number in 0..WAITING_MAX {
            intake.way_out(number % 2 == 0, "", at(0));
        }
        let sample = || blackstart_probe::Sample {
            key: "a/tcp".into(),
            answer: Answer::from(Outcome::Up),
            asked: false,
        };
        assert!(!intake.answer(sample(), at(0)));
        intake.news(at(0));
        assert!(intake.answer(sample(), at(0)));
    }
}
