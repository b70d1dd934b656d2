//! What one check has said from one vantage over time: a short ring of phases, and what they amount to.
//!
//! A *phase* is a stretch with one kind of answer; the journal tells where each begins. A *regime* is
//! what a person would call it: it was up, then down, then it went on failing in turns. Three changes
//! with short phases between them are one flapping regime, which lasts until one answer has held for so long
//! that chance would not have it so; and what was calm for less time than it flapped before or after was
//! not. One bad try between good ones, far from any other, is what a lying probe says, and no regime of its
//! own; nor is one good try between bad ones.
//!
//! News of the past is filed into the time it is of, and overwrites nothing newer. A time in which nobody
//! listened counts as nothing, and what was so before and after it was so throughout. It never looks at
//! circuits or causes. Tested by cases here and through `step`.

use crate::state::Evidence;
use blackstart_model::observation::{Observation, Outcome, SymptomCode};
use blackstart_model::time::{Duration, SignedDuration, Timestamp};

/// Phases kept beside the current one: with more, the shortest neighbours are folded into one that
/// flaps, so that a night of flapping costs as much memory as an hour of it (chosen by hand). Where so little of it was
/// bad as single tries far apart are ([`FAR_TRIES`]), it is one that was up.
const PHASES_MAX: usize = 16;

/// What is bad is so for a short time when a check had the time for so many tries at most (chosen by hand:
/// of what fails nine times in ten, two runs of three are shorter).
const SHORT_BAD_TRIES: u32 = 10;

/// What is good, likewise (chosen by hand: of what fails one time in ten, nineteen runs of twenty are shorter).
const SHORT_GOOD_TRIES: u32 = 30;

/// What flapped is calm when one answer has come so often in a row as it would once in a thousand times by
/// chance, at the rate at which it failed (chosen by hand); but not sooner than after a few tries, nor later
/// than after an evening of them.
const BY_CHANCE: f64 = 1e-3;
const CALM_TRIES: (f64, f64) = (10.0, 240.0);

/// Single tries of another kind that are so many tries apart have nothing to do with each other (chosen by hand: of
/// what fails one time in fifty, two in a row are farther apart one time in ten; of what lies one time in a thousand,
/// nine in ten).
const FAR_TRIES: u32 = 120;

/// Tries counted in one fact at most; beyond it more say nothing more.
const TRIES_MAX: u32 = 1_000;

/// What sort of answer it is, as far as it changes the picture.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Manner {
    /// Up, or with a fault that does not come with the path (a certificate that will expire).
    Up,
    /// It answers badly in a way that comes with the path: slowly, with losses.
    Degraded,
    /// It works and fails in turns.
    Flapping,
    /// It is down, and something at the other end says so.
    Refusing,
    /// It is down, and nothing answers.
    Down,
}

/// What sort of answer an outcome is; `None` for one that proves nothing.
pub(crate) const fn manner(outcome: &Outcome) -> Option<Manner> {
    Some(match outcome {
        Outcome::Up => Manner::Up,
        Outcome::Unknown(_) => return None,
        Outcome::Degraded(symptom) => match symptom.code {
            SymptomCode::Flapping => Manner::Flapping,
            code if comes_with_the_path(code) => Manner::Degraded,
            _ => Manner::Up,
        },
        Outcome::Down(symptom) => {
            if is_answer(symptom.code) {
                Manner::Refusing
            } else {
                Manner::Down
            }
        }
    })
}

/// Whether this symptom is an answer: something at the other end, and the way to it, is alive.
pub(crate) const fn is_answer(code: SymptomCode) -> bool {
    match code {
        SymptomCode::Refused
        | SymptomCode::Closed
        | SymptomCode::TlsFailed
        | SymptomCode::CertificateInvalid
        | SymptomCode::CertificateExpires
        | SymptomCode::WrongStatus
        | SymptomCode::WrongBody
        | SymptomCode::WrongHeader
        | SymptomCode::EchoLoss
        | SymptomCode::WrongRcode
        | SymptomCode::WrongRecord
        | SymptomCode::WrongGreeting
        | SymptomCode::WrongCapability
        | SymptomCode::NoStartTls
        | SymptomCode::WrongLogin
        | SymptomCode::TooManyConnections
        | SymptomCode::NotAccepting
        | SymptomCode::NoDatabase
        | SymptomCode::QueryFailed
        | SymptomCode::WrongAnswer
        | SymptomCode::WrongRole
        | SymptomCode::WrongValue
        | SymptomCode::ClockOffset
        | SymptomCode::Unsynchronised
        | SymptomCode::PluginWarning
        | SymptomCode::JobFailed
        | SymptomCode::Slow
        | SymptomCode::Flapping => true,
        // What a plugin calls critical may be silence.
        SymptomCode::NoAddress
        | SymptomCode::Unreachable
        | SymptomCode::ConnectTimeout
        | SymptomCode::AnswerTimeout
        | SymptomCode::NoEcho
        | SymptomCode::PluginCritical
        | SymptomCode::NotTold
        | SymptomCode::Reported => false,
    }
}

/// Whether an answer that is bad in this way may be so for what lies on its way or below it, and not only
/// for what is in it, as a certificate or a page is.
const fn comes_with_the_path(code: SymptomCode) -> bool {
    match code {
        SymptomCode::Slow
        | SymptomCode::EchoLoss
        | SymptomCode::PluginWarning
        | SymptomCode::PluginCritical
        | SymptomCode::Flapping
        | SymptomCode::Reported
        | SymptomCode::Closed
        | SymptomCode::ConnectTimeout
        | SymptomCode::AnswerTimeout
        | SymptomCode::NoEcho
        | SymptomCode::NotTold
        | SymptomCode::Unreachable => true,
        SymptomCode::NoAddress
        | SymptomCode::JobFailed
        | SymptomCode::Refused
        | SymptomCode::TlsFailed
        | SymptomCode::CertificateInvalid
        | SymptomCode::CertificateExpires
        | SymptomCode::WrongStatus
        | SymptomCode::WrongBody
        | SymptomCode::WrongHeader
        | SymptomCode::WrongRcode
        | SymptomCode::WrongRecord
        | SymptomCode::WrongGreeting
        | SymptomCode::WrongCapability
        | SymptomCode::NoStartTls
        | SymptomCode::WrongLogin
        | SymptomCode::TooManyConnections
        | SymptomCode::NotAccepting
        | SymptomCode::NoDatabase
        | SymptomCode::QueryFailed
        | SymptomCode::WrongAnswer
        | SymptomCode::WrongRole
        | SymptomCode::WrongValue
        | SymptomCode::ClockOffset
        | SymptomCode::Unsynchronised => false,
    }
}

/// A stretch with one kind of answer that is over: it ends where the next one begins.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Phase {
    pub(crate) outcome: Outcome,
    pub(crate) since: Timestamp,
    /// When it was last told.
    pub(crate) at: Timestamp,
    pub(crate) tries: u32,
    pub(crate) failures: u32,
    /// How long of it it was bad, where it was folded from several.
    pub(crate) bad_for: Option<SignedDuration>,
}

impl Phase {
    /// How long of it it was bad when it lasted until `until`.
    fn bad_for(&self, until: Timestamp) -> SignedDuration {
        let whole = until.duration_since(self.since);
        match (self.bad_for, manner(&self.outcome)) {
            (Some(bad), _) => bad,
            (None, None | Some(Manner::Up)) => SignedDuration::ZERO,
            (None, Some(_)) => whole.mul_f64(share(self.tries, self.failures)),
        }
    }

    /// How long of it it was not wholly well.
    fn ill_for(&self, until: Timestamp) -> SignedDuration {
        match manner(&self.outcome) {
            Some(Manner::Degraded) => until.duration_since(self.since),
            _ => self.bad_for(until),
        }
    }

    /// Whether both are one kind of answer.
    fn is_like(&self, outcome: &Outcome) -> bool {
        alike(&self.outcome, outcome)
    }
}

/// How many of all tries were bad, 0 to 1.
fn share(tries: u32, failures: u32) -> f64 {
    f64::from(failures.min(tries)) / f64::from(tries.max(1))
}

fn alike(a: &Outcome, b: &Outcome) -> bool {
    a.standing() == b.standing() && manner(a) == manner(b)
}

impl Evidence {
    /// The first word of a check, and which of the circuit's it is.
    pub(crate) fn first(observation: &Observation, sees: Option<usize>) -> Self {
        let Observation { outcome, at, tries, failures, .. } = observation;
        Self {
            outcome: outcome.clone(),
            since: *at,
            at: *at,
            tries: (*tries).max(1),
            failures: *failures,
            so_since: *at,
            past: Vec::new(),
            sees,
        }
    }

    /// Takes what was seen into the time it was seen at. True when it changes the picture.
    pub(crate) fn take(&mut self, observation: &Observation) -> bool {
        let Observation { outcome, at, tries, failures, .. } = observation;
        if *at < self.at {
            return self.file(observation);
        }
        let (mut told, mut bad) = ((*tries).max(1), *failures);
        if alike(&self.outcome, outcome) {
            if told <= self.tries {
                // It counts from when it was started last; we have counted on.
                told = self.tries.saturating_add(1);
                bad = if bad == outcome.failures_of((*tries).max(1)) {
                    outcome.failures_of(told)
                } else {
                    self.failures.saturating_add(bad)
                };
            }
            let news = self.tries < 3;
            (self.outcome, self.at) = (outcome.clone(), *at);
            (self.tries, self.failures) = (told, bad);
            return news;
        }
        let same_standing = self.outcome.standing() == outcome.standing();
        let ended = Phase {
            outcome: std::mem::replace(&mut self.outcome, outcome.clone()),
            since: self.so_since,
            at: self.at,
            tries: self.tries,
            failures: self.failures,
            bad_for: None,
        };
        self.past.push(ended);
        (self.at, self.so_since, self.tries, self.failures) = (*at, *at, told, bad);
        if !same_standing {
            self.since = *at;
        }
        self.condense();
        true
    }

    /// Files news of the past (a spool, a slow path) where it belongs.
    fn file(&mut self, observation: &Observation) -> bool {
        let Observation { outcome, at, tries, failures, .. } = observation;
        let fresh = Phase {
            outcome: outcome.clone(),
            since: *at,
            at: *at,
            tries: (*tries).max(1),
            failures: *failures,
            bad_for: None,
        };
        // All phases in a row, the current one last; it is taken apart again below.
        let mut all = std::mem::take(&mut self.past);
        all.push(Phase {
            outcome: self.outcome.clone(),
            since: self.so_since,
            at: self.at,
            tries: self.tries,
            failures: self.failures,
            bad_for: None,
        });
        let next = all.partition_point(|phase| phase.since <= *at);
        let changed = match next.checked_sub(1).map(|own| (own, all[own].clone())) {
            None if all[0].is_like(outcome) => {
                all[0].since = *at;
                true
            }
            None => {
                all.insert(0, fresh);
                true
            }
            Some((_, own)) if own.is_like(outcome) => false,
            // It was told again after that, as it had been before.
            Some((at_own, own)) if own.at > *at => {
                let back = Phase { since: own.at, ..own.clone() };
                all[at_own].at = own.since;
                all.splice(next..next, [fresh, back]);
                true
            }
            Some(_) => {
                match all.get_mut(next) {
                    Some(after) if after.is_like(outcome) => after.since = *at,
                    _ => all.insert(next, fresh),
                }
                true
            }
        };
        let current = all.pop().expect("the current one was pushed");
        self.so_since = current.since;
        self.since = current.since;
        for phase in all.iter().rev() {
            if phase.outcome.standing() != self.outcome.standing() {
                break;
            }
            self.since = phase.since;
        }
        self.past = all;
        self.condense();
        changed
    }

    /// Becomes what nobody has asked for since `since`.
    pub(crate) fn forget(&mut self, outcome: Outcome, since: Timestamp, now: Timestamp) {
        let since = since.max(self.at).min(now);
        let ended = Phase {
            outcome: std::mem::replace(&mut self.outcome, outcome),
            since: self.so_since,
            at: self.at,
            tries: self.tries,
            failures: self.failures,
            bad_for: None,
        };
        self.past.push(ended);
        (self.since, self.so_since, self.at) = (since, since, now);
        (self.tries, self.failures) = (0, 0);
        self.condense();
    }

    /// Keeps the ring short.
    fn condense(&mut self) {
        while self.past.len() > PHASES_MAX {
            let end = |at: usize| self.past.get(at).map_or(self.so_since, |next| next.since);
            // What flaps already has nothing to lose, nor have two that are alike.
            let lost = |at: usize| match manner(&self.past[at].outcome) {
                Some(Manner::Flapping) => SignedDuration::ZERO,
                _ => end(at + 1).duration_since(self.past[at].since),
            };
            let both = |at: usize| {
                if self.past[at].is_like(&self.past[at + 1].outcome) {
                    SignedDuration::ZERO
                } else {
                    lost(at).saturating_add(lost(at + 1))
                }
            };
            let shortest = (0..self.past.len() - 1)
                .min_by_key(|&at| both(at))
                .expect("there are more than two");
            let (middle, until) = (end(shortest + 1), end(shortest + 2));
            let (first, second) = (&self.past[shortest], &self.past[shortest + 1]);
            let bad_for = first.bad_for(middle).saturating_add(second.bad_for(until));
            let ill_for = first.ill_for(middle).saturating_add(second.ill_for(until));
            let mostly_well = ill_for.saturating_mul(FAR_TRIES.cast_signed())
                <= until.duration_since(first.since);
            let second = self.past.remove(shortest + 1);
            let first = &mut self.past[shortest];
            if !first.is_like(&second.outcome) {
                use Manner::{Degraded, Up};
                match (manner(&first.outcome), manner(&second.outcome)) {
                    (_, None) => {}
                    (Some(Up), Some(_)) if mostly_well => {}
                    (Some(_), Some(Up)) if mostly_well => first.outcome = second.outcome,
                    (Some(Degraded), Some(Up)) => {}
                    (None, Some(_)) | (Some(Up), Some(Degraded)) => first.outcome = second.outcome,
                    (Some(_), Some(_)) => {
                        first.outcome = Outcome::degraded(SymptomCode::Flapping, "in turns");
                    }
                }
            }
            (first.at, first.bad_for) = (second.at, Some(bad_for));
            first.tries = first.tries.saturating_add(second.tries);
            first.failures = first.failures.saturating_add(second.failures);
        }
    }

    /// How often it began to be bad since `from`.
    pub(crate) fn onsets_since(&self, from: Timestamp) -> u32 {
        let bad = |outcome: &Outcome| manner(outcome).is_some_and(|own| own != Manner::Up);
        let mut count = u32::from(bad(&self.outcome) && self.so_since >= from);
        let mut before_is_bad = false;
        // What was so before and after a time of which nothing is known was so throughout.
        for phase in self.past.iter().filter(|phase| manner(&phase.outcome).is_some()) {
            let is_bad = bad(&phase.outcome);
            count += u32::from(is_bad && !before_is_bad && phase.since >= from);
            before_is_bad = is_bad;
        }
        if before_is_bad && bad(&self.outcome) && self.so_since >= from { count - 1 } else { count }
    }
}

/// Answers, those that were none among them.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Answers {
    pub(crate) tries: u32,
    pub(crate) failures: u32,
    /// Came, and were bad.
    pub(crate) bad: u32,
}

/// Everything that was answered since `from`, the single bad answers among the good ones too, which are no regime.
/// Gaps and deafness as for [`regimes`].
pub(crate) fn answers(
    evidence: &Evidence,
    grid: Grid,
    gaps: &[Gap],
    deaf_since: Option<Timestamp>,
    from: Timestamp,
    now: Timestamp,
) -> Answers {
    let end = deaf_since.unwrap_or(now).max(evidence.at.min(now));
    let spans = spans(evidence, grid, gaps, end);
    let mut answers = Answers::default();
    for (span, ..) in &spans {
        let open = deaf_since.is_none() && span.until == end;
        let Some((tries, failures)) = span.counts(from, end, grid, open) else { continue };
        let bad = if span.manner == Manner::Degraded { tries - failures } else { 0 };
        let failures = failures.saturating_add(span.single_since(from));
        answers.tries = answers.tries.saturating_add(tries);
        answers.failures = answers.failures.saturating_add(failures);
        answers.bad = answers.bad.saturating_add(bad);
    }
    answers
}

/// How a check is asked.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Grid {
    pub(crate) every: Duration,
    pub(crate) deadline: Duration,
}

impl Grid {
    /// What a check needs at most to speak of a change.
    pub(crate) const fn need(self) -> Duration {
        self.every.saturating_add(self.deadline)
    }
}

/// A phase as far as it counts: how it was from when to when.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Span {
    manner: Manner,
    since: Timestamp,
    until: Timestamp,
    tries: u32,
    /// How many of all tries were bad, 0 to 1, where that was told or is known by how long it was so.
    bad: Option<f64>,
    /// Nothing in it was worse than a bad answer.
    mild: bool,
    /// Single bad tries in it, far apart, that are nothing.
    single: u32,
}

impl Span {
    /// Of the single bad tries the share of the time from `from` on.
    fn single_since(&self, from: Timestamp) -> u32 {
        let length = |since: Timestamp| self.until.duration_since(since).as_secs_f64();
        let share = length(self.since.max(from)) / length(self.since).max(0.001);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share")]
        let single = (f64::from(self.single) * share).round() as u32;
        single
    }

    /// Tries and failures from `from` to `to`, where it was then; it is still going on where it is `open`.
    fn counts(&self, from: Timestamp, to: Timestamp, grid: Grid, open: bool) -> Option<(u32, u32)> {
        let (since, until) = (self.since.max(from), self.until.min(to));
        if until < since || (until == since && self.until > self.since) {
            return None;
        }
        let whole = since == self.since && until == self.until;
        let seconds = until.duration_since(since).as_secs_f64();
        let deadline = if open { grid.deadline.as_secs_f64() } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
        let grid_tries = ((seconds - deadline) / grid.every.as_secs_f64().max(0.001)
            + if open { 0.0 } else { 0.5 })
        .clamp(0.0, f64::from(TRIES_MAX)) as u32;
        // The grid comes round once more in what is still going on.
        let by_grid = if open { grid_tries + 1 } else { grid_tries.max(1) };
        let tries = if whole { by_grid.max(self.tries) } else { by_grid };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share")]
        let failures = match (self.manner, self.bad) {
            (Manner::Up, _) | (Manner::Degraded | Manner::Flapping, None) => 0,
            (_, Some(bad)) => ((f64::from(tries) * bad).round() as u32).max(1),
            (Manner::Down | Manner::Refusing, None) => tries,
        };
        Some((tries, failures))
    }
}

/// A time in which nobody listened, whatever there was to hear.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Gap {
    pub(crate) since: Timestamp,
    pub(crate) until: Timestamp,
}

/// Spans in a row of one manner, and how long that was heard.
#[derive(Clone, PartialEq, Debug)]
struct Stay {
    manner: Manner,
    spans: std::ops::Range<usize>,
    /// From its beginning to its end, with what was not heard of it.
    whole: SignedDuration,
    heard: SignedDuration,
    bad: SignedDuration,
}

/// What some phases in a row amount to.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Regime<'a> {
    pub(crate) manner: Manner,
    pub(crate) since: Timestamp,
    /// When the next one began; for the last one when it was heard no more, or now.
    pub(crate) until: Timestamp,
    /// Until when it is known to have been so.
    pub(crate) known: Timestamp,
    /// What was seen last in it that was not up; up when it all was.
    pub(crate) outcome: &'a Outcome,
    /// It is the present one, and its vantage is heard.
    pub(crate) lasts: bool,
    /// What it is made of: mostly of one span.
    first: Span,
    more: Vec<Span>,
}

/// Tries and failures.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Counts {
    pub(crate) tries: u32,
    pub(crate) failures: u32,
    /// Nothing of it was worse than a bad answer.
    pub(crate) degraded: bool,
}

impl Regime<'_> {
    fn spans(&self) -> impl Iterator<Item = &Span> {
        std::iter::once(&self.first).chain(&self.more)
    }

    /// What was tried from `from` to `to`: as told, or as the grid has it where that is more.
    pub(crate) fn counts(&self, from: Timestamp, to: Timestamp, grid: Grid) -> Counts {
        let mut counts = Counts { degraded: true, ..Counts::default() };
        for span in self.spans() {
            let open = self.lasts && span.until == self.until;
            let Some((tries, failures)) = span.counts(from, to, grid, open) else { continue };
            counts.degraded &= span.mild;
            counts.tries = counts.tries.saturating_add(tries);
            counts.failures = counts.failures.saturating_add(failures);
        }
        let degraded = self.spans().any(|span| {
            matches!(span.manner, Manner::Degraded | Manner::Flapping)
                && span.until >= from
                && span.since <= to
        });
        counts.degraded &= degraded;
        if counts.tries > TRIES_MAX {
            let share = u64::from(counts.failures) * u64::from(TRIES_MAX);
            let few = u32::try_from(share / u64::from(counts.tries)).unwrap_or(TRIES_MAX);
            counts.failures = few.max(u32::from(counts.failures > 0));
            counts.tries = TRIES_MAX;
        }
        counts
    }
}

/// The regimes of what was heard until `now`, oldest first; `gaps` are when nobody listened, `deaf_since` is since
/// when nothing is heard from the vantage. Also when the passing of time alone would make another of them.
pub(crate) fn regimes<'a>(
    evidence: &'a Evidence,
    grid: Grid,
    gaps: &[Gap],
    deaf_since: Option<Timestamp>,
    now: Timestamp,
) -> (Vec<Regime<'a>>, Option<Timestamp>) {
    if let Some(regime) = only(evidence, grid, gaps, deaf_since, now) {
        return (vec![regime], None);
    }
    let end = heard_until(evidence, deaf_since, now);
    let present = manner(&evidence.outcome);
    let spans = spans(evidence, grid, gaps, end);
    let spans = without_blips(spans, grid);

    let stays = stays(&spans);
    let sure = |until: Timestamp| {
        let sure = before(until, grid.need());
        let gap = gaps.iter().find(|gap| gap.since < sure && sure < gap.until);
        gap.map_or(sure, |gap| gap.since)
    };

    let mut result: Vec<Regime<'_>> = Vec::new();
    let mut calm_at = None;
    let mut at = 0;
    while at < stays.len() {
        let (run, calm) = flapping_run(&stays, at, grid);
        let taken = if run > 0 { run } else { 1 };
        let last = at + taken == stays.len();
        if run > 0 && last {
            let left = calm.map(|calm| end.checked_add(calm).unwrap_or(Timestamp::MAX));
            calm_at = left.filter(|&at| at > now);
        }
        let own = &spans[stays[at].spans.start..stays[at + taken - 1].spans.end];
        let (span, outcome, told) = own[own.len() - 1];
        let manner = if run > 0 { Manner::Flapping } else { span.manner };
        let bad = own.iter().rev().find(|(span, ..)| span.manner != Manner::Up);
        let until = span.until;
        let known = if last && present.is_some() && deaf_since.is_none() {
            told.max(sure(end))
        } else {
            told.max(sure(until))
        };
        let regime = Regime {
            manner,
            since: own[0].0.since,
            until,
            known,
            outcome: bad.map_or(outcome, |(_, outcome, _)| outcome),
            lasts: last && present.is_some() && deaf_since.is_none(),
            first: own[0].0,
            more: own[1..].iter().map(|(span, ..)| *span).collect(),
        };
        put(&mut result, regime);
        at += taken;
    }
    (without_lulls(result), calm_at)
}

/// Puts one at the end. The same before and after a time of which nothing is known was so throughout.
fn put<'a>(regimes: &mut Vec<Regime<'a>>, regime: Regime<'a>) {
    match regimes.last_mut() {
        Some(before) if before.manner == regime.manner => {
            before.more.extend(regime.spans());
            (before.until, before.known) = (regime.until, regime.known);
            (before.outcome, before.lasts) = (regime.outcome, regime.lasts);
        }
        _ => regimes.push(regime),
    }
}

/// Without those that are said to be nothing, by their places: what was so before and after was so throughout.
pub(crate) fn without<'a>(
    regimes: Vec<Regime<'a>>,
    is_nothing: impl Fn(usize) -> bool,
) -> Vec<Regime<'a>> {
    let mut left = Vec::with_capacity(regimes.len());
    for (at, regime) in regimes.into_iter().enumerate() {
        if !is_nothing(at) {
            put(&mut left, regime);
        }
    }
    left
}

/// The phases as far as they count and were heard, the present one, which lasts until `end`, the last of them.
fn spans<'a>(
    evidence: &'a Evidence,
    grid: Grid,
    gaps: &[Gap],
    end: Timestamp,
) -> Vec<(Span, &'a Outcome, Timestamp)> {
    let mut spans: Vec<(Span, &Outcome, Timestamp)> = Vec::with_capacity(evidence.past.len() + 1);
    let untils = evidence.past.iter().skip(1).map(|next| next.since).chain([evidence.so_since]);
    for (phase, until) in evidence.past.iter().zip(untils) {
        if let Some(manner) = manner(&phase.outcome) {
            let Phase { since, tries, failures, bad_for, .. } = *phase;
            let whole = until.duration_since(since).as_secs_f64().max(0.001);
            let by_time = bad_for.map(|bad| (bad.as_secs_f64() / whole).clamp(0.0, 1.0));
            // As the tries were told where there was no time for more of them.
            let more = whole > grid.every.as_secs_f64() * f64::from(tries);
            let by_time = by_time.filter(|_| manner == Manner::Flapping && more);
            let bad = by_time.or_else(|| part(tries, failures));
            let mild = is_mild(manner) && by_time.is_none();
            let single = if manner == Manner::Up { failures } else { 0 };
            let span = Span { manner, since, until, tries, bad, mild, single };
            heard(span, phase.at, gaps, |part| spans.push((part, &phase.outcome, phase.at)));
        }
    }
    if let Some(manner) = manner(&evidence.outcome) {
        let Evidence { so_since: since, tries, failures, .. } = *evidence;
        let (bad, mild) = (part(tries, failures), is_mild(manner));
        let until = end.max(since);
        let span = Span { manner, since, until, tries, bad, mild, single: 0 };
        heard(span, evidence.at, gaps, |part| spans.push((part, &evidence.outcome, evidence.at)));
    }
    spans
}

/// The present regime of what is up, and has been for so long that it does not flap whatever it did before: most of a
/// plant on most days. `None` where that takes a closer look.
pub(crate) fn long_up<'a>(
    evidence: &'a Evidence,
    grid: Grid,
    gaps: &[Gap],
    deaf_since: Option<Timestamp>,
    now: Timestamp,
) -> Option<Regime<'a>> {
    let calm = signed(grid.every.mul_f64(CALM_TRIES.1));
    let is_calm = now.duration_since(evidence.so_since) > calm;
    let is_up = manner(&evidence.outcome) == Some(Manner::Up);
    (is_calm && is_up && gaps.is_empty() && deaf_since.is_none())
        .then(|| present(evidence, Manner::Up, grid, deaf_since, now.max(evidence.at)))
}

/// The regime of what has only ever been one way and does not flap, where nobody ever stopped listening.
pub(crate) fn only<'a>(
    evidence: &'a Evidence,
    grid: Grid,
    gaps: &[Gap],
    deaf_since: Option<Timestamp>,
    now: Timestamp,
) -> Option<Regime<'a>> {
    let manner = manner(&evidence.outcome).filter(|manner| *manner != Manner::Flapping)?;
    let plain = evidence.past.is_empty() && gaps.is_empty();
    let end = || heard_until(evidence, deaf_since, now);
    plain.then(|| present(evidence, manner, grid, deaf_since, end()))
}

/// Until when anything was heard of it.
fn heard_until(evidence: &Evidence, deaf_since: Option<Timestamp>, now: Timestamp) -> Timestamp {
    deaf_since.unwrap_or(now).max(evidence.at.min(now))
}

/// The present phase as a regime.
fn present<'a>(
    evidence: &'a Evidence,
    manner: Manner,
    grid: Grid,
    deaf_since: Option<Timestamp>,
    end: Timestamp,
) -> Regime<'a> {
    let Evidence { ref outcome, so_since: since, at, tries, failures, .. } = *evidence;
    let (until, lasts) = (end.max(since), deaf_since.is_none());
    let (bad, mild) = (part(tries, failures), is_mild(manner));
    Regime {
        manner,
        since,
        until,
        known: at.max(before(if lasts { end } else { until }, grid.need())),
        outcome,
        lasts,
        first: Span { manner, since, until, tries, bad, mild, single: 0 },
        more: Vec::new(),
    }
}

/// A span without what nobody listened to. Only what was told later to have begun and ended in such a time is held to
/// have been heard: a word that was under way then says no more of it than when it arrived.
fn heard(span: Span, told: Timestamp, gaps: &[Gap], mut put: impl FnMut(Span)) {
    let mut parts = Vec::new();
    let mut left = span;
    for gap in gaps {
        let within = gap.since <= span.since && span.until < gap.until;
        if within || gap.until <= left.since || span.until <= gap.since {
            continue;
        }
        parts.push(Span { until: gap.since.max(left.since), ..left });
        left.since = gap.until;
    }
    if parts.is_empty() {
        return put(left);
    }
    if left.since <= span.until {
        parts.push(left);
    }
    if parts.len() > 1 {
        // How often it was tried was said in one of them; in the others it is as the grid has it.
        let own = parts.iter().rposition(|part| part.since <= told).unwrap_or(0);
        let others = parts.iter_mut().enumerate().filter(|(at, _)| *at != own);
        others.for_each(|(_, part)| (part.tries, part.single) = (0, 0));
    }
    parts.into_iter().for_each(put);
}

/// Spans of one manner in a row are one stay, whether or not there is a time between them of which nothing is known.
fn stays(spans: &[(Span, &Outcome, Timestamp)]) -> Vec<Stay> {
    let mut stays: Vec<Stay> = Vec::new();
    for (at, (span, ..)) in spans.iter().enumerate() {
        let heard = span.until.duration_since(span.since);
        let share = match (span.manner, span.bad) {
            (Manner::Up, _) => 0.0,
            (_, Some(share)) => share,
            (Manner::Flapping, None) => 0.5,
            (Manner::Degraded | Manner::Refusing | Manner::Down, None) => 1.0,
        };
        let bad = heard.mul_f64(share);
        match stays.last_mut() {
            Some(last) if last.manner == span.manner => {
                last.spans.end = at + 1;
                last.whole = span.until.duration_since(spans[last.spans.start].0.since);
                last.heard = last.heard.saturating_add(heard);
                last.bad = last.bad.saturating_add(bad);
            }
            _ => stays.push(Stay {
                manner: span.manner,
                spans: at..at + 1,
                whole: heard,
                heard,
                bad,
            }),
        }
    }
    stays
}

/// The share that was bad, where it is neither none nor all.
fn part(tries: u32, failures: u32) -> Option<f64> {
    (failures > 0 && failures < tries).then(|| share(tries, failures))
}

/// Whether an answer came, a bad one perhaps.
const fn is_mild(manner: Manner) -> bool {
    match manner {
        Manner::Up | Manner::Degraded | Manner::Flapping => true,
        Manner::Refusing | Manner::Down => false,
    }
}

/// Leaves out a single try between answers of another kind.
fn without_blips(
    mut spans: Vec<(Span, &Outcome, Timestamp)>,
    grid: Grid,
) -> Vec<(Span, &Outcome, Timestamp)> {
    let single = |span: &Span| {
        let most = grid.every.saturating_add(grid.every / 2);
        span.tries < 2 && span.until.duration_since(span.since) <= signed(most)
    };
    let mut at = 1;
    while at + 1 < spans.len() {
        let [(before, ..), (own, ..), (after, ..)] = [spans[at - 1], spans[at], spans[at + 1]];
        let between = before.manner == after.manner && before.manner != own.manner;
        let alone = between && single(&own) && !single(&before) && !single(&after);
        // Several of them, not far apart, are no accident.
        let far = signed(grid.every.saturating_mul(FAR_TRIES));
        let is_near = |other: &Span| {
            other.since.duration_since(own.until) <= far
                && own.since.duration_since(other.until) <= far
        };
        let like = || spans.iter().filter(|(span, ..)| span.manner == own.manner);
        if !alone || like().filter(|(span, ..)| is_near(span)).count() > 1 {
            at += 1;
            continue;
        }
        let (_, outcome, told) = spans[at + 1];
        if before.until == own.since && own.until == after.since {
            let last = &mut spans[at - 1];
            last.0.until = after.until;
            last.0.tries = last.0.tries.saturating_add(after.tries);
            (last.1, last.2) = (outcome, told);
            spans.drain(at..=at + 1);
        } else {
            spans.remove(at);
        }
    }
    spans
}

/// How many stays from `from` on are one run of flapping, 0 for none; and how much longer the last of them would have
/// to last to be calm.
///
/// What is a short stay is said by all of its time, for nobody knows what it did while nobody listened; whether it is
/// calm is said by what was heard.
fn flapping_run(stays: &[Stay], from: usize, grid: Grid) -> (usize, Option<SignedDuration>) {
    let is_short = |stay: &Stay| {
        let tries = match stay.manner {
            Manner::Up => SHORT_GOOD_TRIES,
            Manner::Degraded | Manner::Flapping | Manner::Refusing | Manner::Down => {
                SHORT_BAD_TRIES
            }
        };
        stay.whole <= signed(grid.every.saturating_mul(tries))
    };
    if from == 0 && stays[from].manner == Manner::Up {
        // It began with the first bad one.
        return (0, None);
    }
    let told = stays[from].manner == Manner::Flapping;
    // Three changes: into the first, and out of two short ones. Into what was heard first there is none.
    let short = if from == 0 { 3 } else { 2 };
    let begins = from + short < stays.len() && stays[from..from + short].iter().all(is_short);
    if !told && !begins {
        return (0, None);
    }
    let mut end = if told { from + 1 } else { from + short };
    let mut bad = SignedDuration::ZERO;
    let mut whole = SignedDuration::ZERO;
    let mut take = |stay: &Stay| {
        bad = bad.saturating_add(stay.bad);
        whole = whole.saturating_add(stay.heard);
        bad.as_secs_f64() / whole.as_secs_f64().max(0.001)
    };
    let mut rate = 0.5;
    for stay in &stays[from..end] {
        rate = take(stay);
    }
    loop {
        let calm = |manner: Manner| {
            let chance = if manner == Manner::Up { 1.0 - rate } else { rate };
            let tries = BY_CHANCE.ln() / chance.clamp(1e-6, 1.0 - 1e-6).ln();
            signed(grid.every.mul_f64(tries.clamp(CALM_TRIES.0, CALM_TRIES.1)))
        };
        let Some(next) = stays.get(end) else {
            let last = &stays[end - 1];
            return (end - from, Some(calm(last.manner).saturating_sub(last.heard)));
        };
        if next.heard > calm(next.manner) {
            return (end - from, None);
        }
        // The present one has not come to its end: it says nothing of the rate.
        if end + 1 < stays.len() {
            rate = take(next);
        }
        end += 1;
    }
}

/// Puts together what flapped, was calm for less time than it had flapped or would flap, and flapped again. Lulls are
/// no time that it flapped: else each would make room for a longer one.
fn without_lulls(mut all: Vec<Regime<'_>>) -> Vec<Regime<'_>> {
    let length = |regime: &Regime<'_>| regime.until.duration_since(regime.since);
    let mut lengths: Vec<SignedDuration> = all.iter().map(length).collect();
    let mut at = 1;
    while at + 1 < all.len() {
        let flapped = |at: usize| all[at].manner == Manner::Flapping;
        let longer = lengths[at - 1].max(lengths[at + 1]);
        if flapped(at - 1) && flapped(at + 1) && lengths[at] <= longer {
            let after = all.remove(at + 1);
            let lull = all.remove(at);
            lengths.drain(at..=at + 1);
            lengths[at - 1] = longer;
            let whole = &mut all[at - 1];
            whole.more.extend(lull.spans().chain(after.spans()));
            (whole.until, whole.known) = (after.until, after.known);
            (whole.outcome, whole.lasts) = (after.outcome, after.lasts);
            at = at.saturating_sub(1).max(1);
        } else {
            at += 1;
        }
    }
    all
}

fn before(at: Timestamp, span: Duration) -> Timestamp {
    at.checked_sub(signed(span)).unwrap_or(Timestamp::MIN)
}

/// `at` and then `span`; saturates at the end of time.
pub(crate) fn later(at: Timestamp, span: Duration) -> Timestamp {
    at.checked_add(signed(span)).unwrap_or(Timestamp::MAX)
}

pub(crate) fn signed(span: Duration) -> SignedDuration {
    SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests;
