//! What the diagnosis may rest on: which words are facts, and of when.
//!
//! The time since the oldest of what fails now (or of the symptoms of an incident that was told) is cut into
//! [`epochs`]. What fails now and then, or did, no more often than chance has it, is set aside first
//! ([`by_chance`]).
//! A fact is what one check saw in one epoch, with counts. A failure is a fact until it says otherwise; where
//! something was mended in between, only when it has been heard again. A check that is up is a
//! fact *against* a cause only if it has spoken since the newest failure of the epoch began, or has had the
//! time to: changes are told at once, so a vantage that is heard and has told none within the check's period and
//! deadline still sees what it saw. Before that, an "up" from before the outage proves nothing.
//!
//! A bad answer is an answer: a machine that refuses a connection works, and so does the way to it. A
//! vantage from which nothing is heard has no word for that time. What people, hosts and other systems say is a
//! fact of the time it was said of, with how far they are trusted; what was done promises an effect
//! ([`crate::deed`]).

mod epochs;
mod overtaken;
mod unsaid;

use crate::by_chance::{self, Failed};
use crate::circuit::{GateId, InputId, Subject, machine_of};
use crate::deed::{self, Mended};
use crate::diagnosis::Fact;
use crate::diagnosis::next::Asked;
use crate::history::{Grid, Manner, Regime, is_answer, long_up, only, regimes, without};
use crate::state::{Evidence, Loaded, State, SymptomKey, Word};
use crate::summary::{sign, subject_named};
use blackstart_model::incident::IncidentState;
use blackstart_model::observation::{NoAnswerCode, Outcome, Standing, SymptomCode};
use blackstart_model::record::Saw;
use blackstart_model::time::{Duration, Timestamp};
use blackstart_model::{CheckKey, ComponentId, VantageId, VantageName};
use epochs::{Change, How, epochs};
use overtaken::{DISAGREES, overtaken};
use std::collections::{BTreeMap, BTreeSet};
use unsaid::unsaid;

pub(crate) use crate::history::{later, signed};
pub(crate) use epochs::Epoch;

/// How long somebody's word is a symptom (chosen by hand: things change within the hour).
pub(crate) const WORD_LASTS: Duration = Duration::from_secs(3_600);

/// How far back an outage is looked at: what has failed for longer is taken as it was then (chosen by hand: a
/// day, so that what a night shift left is still in the picture of the next).
const HORIZON: Duration = Duration::from_secs(24 * 3_600);

/// Tries that the word of a vantage about its own way out is worth: a loss is proved twice over before it is told, and
/// what tells us anything has been heard packet by packet (chosen by hand).
const PROVED: u32 = 3;

/// What was dark for so long may have had to start again when it came back (chosen by hand: a single failed try is
/// shorter).
const HAS_TO_START: Duration = Duration::from_secs(60);

/// What fails in turns is seen to within so many tries by all who ask (chosen by hand: of what fails one time
/// in three, 59 of 60 have seen it).
const TURNS_SHOW: u32 = 10;

/// A fact, with the name it is shown by.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) key: SymptomKey,
    pub(crate) fact: Fact,
    pub(crate) since: Timestamp,
    pub(crate) outcome: Outcome,
    /// It comes and goes, whatever it did in this epoch.
    pub(crate) in_turns: bool,
}

/// The facts at `now`.
#[derive(Default)]
pub(crate) struct Facts {
    /// What fails now, or fails in turns: each with its newest fact.
    pub(crate) failing: Vec<Seen>,
    /// What is seen up in the newest epoch.
    pub(crate) up: Vec<Seen>,
    /// What answers badly now. Where it comes with the path the fact says so ([`Fact::degraded`]); else it
    /// has no part in the search.
    pub(crate) degraded: Vec<Seen>,
    /// Everything else that was seen in the epochs before: what failed then, and what was up.
    pub(crate) past: Vec<Seen>,
    /// The epochs, oldest first; none when there is nothing to explain.
    pub(crate) epochs: Vec<Epoch>,
    /// What fails now and then, no more often than by chance: it is left out of all the others.
    pub(crate) by_chance: Vec<Seen>,
    /// What was done, and what it promised.
    pub(crate) mended: Vec<Mended>,
    /// What was asked since the newest failure began.
    pub(crate) asked: Asked,
    /// Words that are over, though whoever said them has not said so: somebody else did.
    pub(crate) overtaken: BTreeSet<SymptomKey>,
    /// When more becomes a fact, or less, by the mere passing of time.
    pub(crate) ripens_at: Option<Timestamp>,
}

impl Facts {
    /// All that is not well now.
    pub(crate) fn present(&self) -> impl Iterator<Item = &Seen> {
        self.failing.iter().chain(&self.degraded).chain(&self.by_chance)
    }

    /// Since when anything is to be explained; now where nothing is.
    pub(crate) fn onset(&self, now: Timestamp) -> Timestamp {
        let bad = self.failing.iter().chain(&self.past).filter(|seen| !seen.fact.is_up());
        bad.map(|seen| seen.since).min().unwrap_or(now)
    }

    /// When the picture changed last.
    pub(crate) fn changed_at(&self) -> Option<Timestamp> {
        self.epochs.last().map(|epoch| epoch.since)
    }
}

/// What a lost vantage is called as a symptom.
const WAY_OUT: &str = "way out";

/// The key under which a lost vantage is a symptom.
fn lost_key(vantage: &VantageName) -> SymptomKey {
    (CheckKey::from(WAY_OUT), vantage.clone())
}

/// Whether it is one.
pub(crate) fn is_lost_key((check, _): &SymptomKey) -> bool {
    check.as_str() == WAY_OUT
}

/// The key under which an answer that is no good one still speaks for the machine that gave it.
fn answer_key(machine: &str, vantage: &VantageName) -> SymptomKey {
    (CheckKey::from(format!("answers of {machine}")), vantage.clone())
}

/// The key under which somebody's word is a symptom.
fn word_key(component: &str, who: &str) -> SymptomKey {
    (CheckKey::from(component), VantageName::from(who))
}

/// What a word says, as an outcome.
pub(crate) fn said(word: &Word) -> Outcome {
    match word.saw {
        Saw::Up => Outcome::Up,
        Saw::Down => Outcome::down(SymptomCode::Reported, word.note.as_str()),
        Saw::Degraded => Outcome::degraded(SymptomCode::Reported, word.note.as_str()),
        Saw::Flapping => Outcome::degraded(SymptomCode::Flapping, word.note.as_str()),
        Saw::Unknown => Outcome::unknown(NoAnswerCode::NotAsked, word.note.as_str()),
    }
}

/// Everything one check has said from one vantage.
struct Told<'a> {
    key: &'a SymptomKey,
    evidence: &'a Evidence,
    gate: GateId,
    seen_by: InputId,
    of: ComponentId,
    answers: Option<(ComponentId, GateId)>,
    grid: Grid,
    regimes: Regimes<'a>,
    /// That is all of them, and not the last alone.
    is_whole: bool,
}

/// Mostly it is one.
enum Regimes<'a> {
    One(Regime<'a>),
    These(Vec<Regime<'a>>),
}

impl<'a> Regimes<'a> {
    fn all(&self) -> &[Regime<'a>] {
        match self {
            Self::One(regime) => std::slice::from_ref(regime),
            Self::These(all) => all,
        }
    }

    fn into_vec(self) -> Vec<Regime<'a>> {
        match self {
            Self::One(regime) => vec![regime],
            Self::These(all) => all,
        }
    }
}

impl<'a> Told<'a> {
    /// How it is now, where that is heard and not well.
    fn present(&self) -> Option<&Regime<'a>> {
        self.regimes.all().last().filter(|regime| regime.lasts && regime.manner != Manner::Up)
    }

    /// The same as something that failed.
    fn failed(&self) -> Option<Failed<'_>> {
        let present = self.present()?;
        let since = present.since;
        let failures = present.counts(since, present.until, self.grid).failures;
        let in_turns = present.manner == Manner::Flapping;
        Some(Failed { key: self.key, gate: self.gate, since, failures, in_turns })
    }

    /// The same as something seen, since it is so.
    fn seen(&self) -> Option<Seen> {
        let present = self.present()?;
        let counts = present.counts(present.since, present.until, self.grid);
        let fact = Fact {
            tries: counts.tries.max(1),
            failures: counts.failures,
            degraded: counts.degraded,
            of: Some(self.of),
            machine: self.answers.map(|(machine, _)| machine),
            seen_by: Some(self.seen_by),
            ..Fact::plain(self.gate, false, 1)
        };
        Some(Seen {
            key: self.key.clone(),
            fact,
            since: present.since,
            outcome: present.outcome.clone(),
            in_turns: present.manner == Manner::Flapping,
        })
    }
}

/// Somebody's word, and until when it stood: their next one, or what a word lasts.
struct Said<'a> {
    of: InputId,
    name: &'a str,
    word: &'a Word,
    stands: bool,
}

/// Gathers the facts. Linear in what was heard, times the epochs.
pub(crate) fn facts(state: &State, loaded: &Loaded, now: Timestamp) -> Facts {
    let mut facts = Facts::default();
    let mut ripens: Vec<Timestamp> = Vec::new();
    let mut told = told(state, loaded, now, &mut ripens);
    let mut words = words(state, loaded, now, &mut ripens);
    let (retold, over) = overtaken(loaded, &words);
    for &at in &over {
        let said = &mut words[at];
        if std::mem::take(&mut said.stands) {
            facts.overtaken.insert(word_key(said.name, &said.word.who));
        }
    }
    facts.by_chance = by_chance(state, loaded, &mut told, &words, now);
    let begins = begins(state, &told, &words, now);
    let Some(from) = begins.map(|from| was_said(&words, &over, from, now)) else {
        facts.ripens_at = ripens.into_iter().filter(|&at| at > now).min();
        return facts;
    };
    for told in told.iter_mut().filter(|it| !it.is_whole && it.evidence.so_since >= from) {
        let (all, _) = regimes(told.evidence, told.grid, &state.gaps, None, now);
        told.regimes = Regimes::These(all);
        told.is_whole = true;
    }
    was_by_chance(state, loaded, &mut told, &words, (from, now));
    let deeds = deed::since(state, from);
    let mut changes = retold;
    let mut slowest = Duration::ZERO;
    for told in &told {
        let mut before: Option<&Regime<'_>> = None;
        for regime in told.regimes.all() {
            if regime.until >= from {
                let first = before.is_none() && regime.manner == Manner::Up;
                let worse = before.is_none_or(|before| before.manner < regime.manner);
                let was_dark = before.is_some_and(|before| {
                    let lasted = before.until.duration_since(before.since);
                    before.manner > Manner::Flapping && lasted >= signed(HAS_TO_START)
                });
                let how = match (worse, regime.manner) {
                    (_, Manner::Flapping) => How::Worse(told.grid.every.saturating_mul(TURNS_SHOW)),
                    (true, _) => How::Worse(Duration::ZERO),
                    (false, _) if was_dark => How::Back,
                    (false, _) => How::Better,
                };
                if !first {
                    changes.push(Change { at: regime.since, how });
                    slowest = slowest.max(told.grid.need());
                }
            }
            before = Some(regime);
        }
    }
    for Lost { since, until } in losses(state).into_values().flatten() {
        changes.push(Change { at: since, how: How::Worse(Duration::ZERO) });
        changes.extend(until.map(|at| Change { at, how: How::Better }));
    }
    for pair in words.windows(2) {
        let [a, b] = pair else { continue };
        let same = a.of == b.of && a.word.who == b.word.who;
        if same && a.word.saw != b.word.saw && b.word.saw != Saw::Unknown {
            let how = if b.word.saw == Saw::Up { How::Better } else { How::Worse(Duration::ZERO) };
            changes.push(Change { at: b.word.at, how });
        }
    }
    for (_, deed) in &deeds {
        changes.push(Change { at: deed.at, how: How::Deed(deed::settles(deed.did)) });
    }
    facts.epochs = epochs(changes, from, now, slowest);
    let mut by_epoch: BTreeMap<usize, Vec<_>> = BTreeMap::new();
    for (name, deed) in deeds {
        let epoch = facts.epochs.iter().rposition(|epoch| epoch.since <= deed.at).unwrap_or(0);
        // What was done when it began has nothing before it to mend.
        if epoch > 0 && deed.at <= facts.epochs[epoch].settling_until {
            by_epoch.entry(epoch).or_default().push((name, deed));
        }
        ripens.push(deed::shown_by(deed));
    }
    for (epoch, deeds) in by_epoch {
        facts.mended.extend(deed::mended(&loaded.plant, &deeds, number(epoch)));
    }

    let mut answering = BTreeSet::new();
    facts.up.reserve(told.len());
    for told in &told {
        of_check(loaded, told, &mut facts, &mut answering, &mut ripens);
    }
    of_vantages(state, loaded, &mut facts, &mut ripens);
    for said in &words {
        of_word(loaded, said, &mut facts);
    }
    unsaid(loaded, (&told, &words), state.retold.is_some(), now, &mut facts, &mut ripens);
    facts.asked = asked(state, facts.failing.iter().map(|seen| seen.since).max(), now);
    facts.ripens_at = ripens.into_iter().filter(|&at| at > now).min();
    facts
}

/// What each check said, where the circuit knows it.
fn told<'a>(
    state: &'a State,
    loaded: &Loaded,
    now: Timestamp,
    ripens: &mut Vec<Timestamp>,
) -> Vec<Told<'a>> {
    let mut all = Vec::with_capacity(state.evidence.len());
    for (key, evidence) in &state.evidence {
        let Some(sees) = evidence.sees else { continue };
        let sees = loaded.circuit.sees()[sees];
        let check = &loaded.plant.checks()[sees.check.index()];
        let grid = Grid { every: check.every, deadline: check.deadline };
        let deaf = state.mute_since(&key.1);
        let long_up = long_up(evidence, grid, &state.gaps, deaf, now);
        let is_whole = long_up.is_none();
        let one = long_up.or_else(|| only(evidence, grid, &state.gaps, deaf, now));
        let regimes = one.map(Regimes::One).unwrap_or_else(|| {
            let (regimes, calm_at) = regimes(evidence, grid, &state.gaps, deaf, now);
            ripens.extend(calm_at);
            Regimes::These(regimes)
        });
        ripens.extend(state.gaps.last().map(|gap| later(gap.until, grid.need())));
        all.push(Told {
            key,
            evidence,
            gate: sees.gate,
            seen_by: loaded.circuit.vantage_input(sees.vantage),
            of: check.component,
            answers: sees.answers,
            grid,
            regimes,
            is_whole,
        });
    }
    all
}

/// What was said without a check, by component, by who says so, in order of time.
fn words<'a>(
    state: &'a State,
    loaded: &Loaded,
    now: Timestamp,
    ripens: &mut Vec<Timestamp>,
) -> Vec<Said<'a>> {
    let mut all = Vec::new();
    for (name, words) in &state.words {
        let named = subject_named(&loaded.plant, &loaded.circuit, name.as_str());
        let Some(of) = named else { continue };
        for word in words.values() {
            let before = state.words_before.get(name).into_iter().flatten();
            all.extend(before.filter(|other| other.who == word.who).map(|word| Said {
                of,
                name: name.as_str(),
                word,
                stands: false,
            }));
            let ends = later(word.at, WORD_LASTS);
            ripens.push(ends);
            all.push(Said { of, name: name.as_str(), word, stands: now < ends });
        }
    }
    all
}

/// Takes out what fails now and then by chance.
fn by_chance(
    state: &State,
    loaded: &Loaded,
    told: &mut Vec<Told<'_>>,
    words: &[Said<'_>],
    now: Timestamp,
) -> Vec<Seen> {
    if !told.iter().any(|told| told.present().is_some_and(|it| it.manner == Manner::Flapping)) {
        return Vec::new();
    }
    let failed: Vec<Failed<'_>> = told.iter().filter_map(Told::failed).collect();
    let suspects = suspects(state, loaded, words);
    let mut is_it = by_chance::what_is(state, loaded, &failed, &suspects, now).into_iter();
    let mut by_chance = Vec::new();
    told.retain(|told| {
        let is_it = told.present().is_some() && is_it.next().expect("one each");
        if is_it {
            by_chance.extend(told.seen());
        }
        !is_it
    });
    by_chance
}

/// Takes out what came and went by chance since `from` and is over: there was nothing to explain.
fn was_by_chance(
    state: &State,
    loaded: &Loaded,
    told: &mut [Told<'_>],
    words: &[Said<'_>],
    (from, now): (Timestamp, Timestamp),
) {
    let mut failed: Vec<Failed<'_>> = told.iter().filter_map(Told::failed).collect();
    let present = failed.len();
    let mut over: Vec<(usize, usize)> = Vec::new();
    for (at, own) in told.iter().enumerate() {
        for (nth, regime) in own.regimes.all().iter().enumerate() {
            let Regime { manner, since, until, lasts, .. } = *regime;
            if lasts || manner == Manner::Up || until < from {
                continue;
            }
            let failures = regime.counts(since, until, own.grid).failures;
            let in_turns = manner == Manner::Flapping || failures == 1;
            let (key, gate) = (own.key, own.gate);
            failed.push(Failed { key, gate, since, failures, in_turns });
            over.push((at, nth));
        }
    }
    if over.is_empty() {
        return;
    }
    let suspects = suspects(state, loaded, words);
    let by_chance = by_chance::what_is(state, loaded, &failed, &suspects, now);
    let by_chance = over.iter().zip(&by_chance[present..]);
    let nothing: BTreeSet<(usize, usize)> =
        by_chance.filter(|(_, by_chance)| **by_chance).map(|(place, _)| *place).collect();
    for at in nothing.iter().map(|(at, _)| *at).collect::<BTreeSet<_>>() {
        let none = Regimes::These(Vec::new());
        let regimes = std::mem::replace(&mut told[at].regimes, none).into_vec();
        let left = without(regimes, |nth| nothing.contains(&(at, nth)));
        told[at].regimes = Regimes::These(left);
    }
}

/// What somebody said something is wrong with, and what a lost vantage may have lost.
fn suspects(state: &State, loaded: &Loaded, words: &[Said<'_>]) -> BTreeSet<InputId> {
    let Loaded { plant, circuit, killers, .. } = loaded;
    let bad = words.iter().filter(|said| said.stands && is_bad(said.word.saw));
    let named = bad.flat_map(|&Said { of, word, .. }| {
        killers.alone(gate_of_word(loaded, of, word)).iter().copied().chain([of])
    });
    let lost = state.lost.keys().filter_map(|lost| {
        let at = plant.vantages().iter().position(|vantage| vantage.name == *lost)?;
        Some(circuit.heard(VantageId(u32::try_from(at).ok()?)))
    });
    named.chain(lost.flat_map(|gate| killers.alone(gate).iter().copied())).collect()
}

/// The oldest onset of what is to be explained; `None` when nothing is.
fn begins(
    state: &State,
    told: &[Told<'_>],
    words: &[Said<'_>],
    now: Timestamp,
) -> Option<Timestamp> {
    let checks = told.iter().filter_map(|told| {
        let present = told.regimes.all().last().filter(|regime| regime.lasts)?;
        let bad = present.manner != Manner::Up || told.evidence.outcome.standing() != Standing::Up;
        (bad && state.mute_since(&told.key.1).is_none()).then_some(present.since)
    });
    let losses = state.lost.values().map(|loss| loss.since);
    let words = words.iter().filter(|said| said.stands && is_bad(said.word.saw));
    let words = words.map(|said| said.word.at);
    let told = state.live().filter(|incident| incident.state != IncidentState::Suspected);
    let symptoms = told.flat_map(|incident| &incident.symptoms);
    let symptoms = symptoms.map(|(_, track)| track.first_at);
    let oldest = checks.chain(losses).chain(words).chain(symptoms).min()?;
    let horizon = now.checked_sub(signed(HORIZON)).unwrap_or(Timestamp::MIN);
    Some(oldest.clamp(horizon.min(now), now))
}

/// The same, or before it: what somebody had called down, and not up again when it began nor for minutes after, belongs
/// to it, for what goes dark by a loss may do so later and stay so longer. A check says itself how it was then.
fn was_said(
    words: &[Said<'_>],
    over: &BTreeSet<usize>,
    from: Timestamp,
    now: Timestamp,
) -> Timestamp {
    let horizon = now.checked_sub(signed(HORIZON)).unwrap_or(Timestamp::MIN);
    let mut stood: Vec<(Timestamp, Timestamp)> = Vec::new();
    for (at, said) in words.iter().enumerate() {
        let lasts = later(said.word.at, WORD_LASTS);
        let next = words.get(at + 1).filter(|next| next.of == said.of);
        let next = next.filter(|next| next.word.who == said.word.who);
        let until = next.map_or(lasts, |next| next.word.at.min(lasts));
        if is_bad(said.word.saw) && !over.contains(&at) && said.word.at >= horizon {
            stood.push((said.word.at, until));
        }
    }
    // The latest first: each may have been there when the next one began.
    stood.sort_unstable_by(|a, b| b.cmp(a));
    stood.into_iter().fold(from, |from, (since, until)| {
        if until >= later(from, DISAGREES) { from.min(since) } else { from }
    })
}

const fn is_bad(saw: Saw) -> bool {
    match saw {
        Saw::Up | Saw::Unknown => false,
        Saw::Down | Saw::Degraded | Saw::Flapping => true,
    }
}

/// The facts of one check, one an epoch.
fn of_check(
    loaded: &Loaded,
    told: &Told<'_>,
    facts: &mut Facts,
    answering: &mut BTreeSet<(usize, ComponentId, VantageName)>,
    ripens: &mut Vec<Timestamp>,
) {
    let machine = told.answers.map(|(machine, _)| machine);
    let newest = facts.epochs.len() - 1;
    let mut bad: Option<Seen> = None;
    for at in 0..=newest {
        let epoch = facts.epochs[at];
        let is_within = |regime: &&Regime<'_>| {
            (regime.since < epoch.until || (at == newest && regime.since <= epoch.until))
                && (regime.until > epoch.since || (regime.lasts && at == newest))
        };
        let is_settled = |regime: &&Regime<'_>| {
            let settled = match regime.manner {
                Manner::Up => epoch.settling_until,
                _ => epoch.settling_until.max(epoch.returning_until),
            };
            regime.until > settled || regime.until >= epoch.until || regime.lasts
        };
        let settled = || told.regimes.all().iter().filter(is_within).filter(is_settled);
        let Some(last) = settled().next_back() else { continue };
        let mixed = settled().any(|regime| regime.manner != last.manner);
        let present = at == newest && last.lasts;
        if last.manner == Manner::Up && !mixed {
            let needed = epoch.worse_at.max(epoch.since);
            // What answers badly is not seen to be well; whoever answers is.
            let gate = if present && answers_badly(&told.evidence.outcome) {
                told.answers.map(|(_, gate)| gate)
            } else {
                Some(told.gate)
            };
            if last.known < needed {
                if present {
                    ripens.push(later(needed, told.grid.need()));
                }
            } else if let Some(gate) = gate {
                let counts = last.counts(needed.max(last.since), epoch.until, told.grid);
                let fact = Fact {
                    epoch: number(at),
                    of: Some(told.of),
                    machine,
                    seen_by: Some(told.seen_by),
                    ..Fact::plain(gate, true, counts.tries.max(1))
                };
                let (key, since) = (told.key.clone(), last.since);
                let seen = Seen { key, fact, since, outcome: Outcome::Up, in_turns: false };
                if present { facts.up.push(seen) } else { facts.past.push(seen) }
            }
            if present && told.evidence.outcome.standing() == Standing::Degraded {
                let gate = told.answers.map_or(told.gate, |(_, gate)| gate);
                let seen_by = Some(told.seen_by);
                // As often as it said so: nothing else is concluded from it.
                let said = told.evidence.failures.max(1);
                let fact = Fact {
                    epoch: number(at),
                    of: Some(told.of),
                    machine,
                    seen_by,
                    ..Fact::plain(gate, false, said)
                };
                facts.degraded.push(Seen {
                    key: told.key.clone(),
                    fact,
                    since: told.evidence.since,
                    outcome: told.evidence.outcome.clone(),
                    in_turns: false,
                });
            }
            continue;
        }
        // What was mended may have been this; it has to say so again.
        let again = epoch.better_at.filter(|_| last.since < epoch.since);
        if let Some(better) = again.filter(|&better| last.known < better) {
            if present {
                ripens.push(later(better, told.grid.need()));
            }
            continue;
        }
        let from = again.unwrap_or(epoch.since);
        let mut counts = settled().map(|regime| regime.counts(from, epoch.until, told.grid));
        let mut sum = counts.next().unwrap_or_default();
        for counts in counts {
            sum.tries += counts.tries;
            sum.failures += counts.failures;
            sum.degraded &= counts.degraded || counts.failures == 0;
        }
        if sum.tries == 0 {
            continue;
        }
        if present && sum.tries < 2 {
            // Its next try confirms it, told or not.
            ripens.push(later(last.since, told.grid.need()));
        }
        let fact = Fact {
            epoch: number(at),
            failures: sum.failures,
            degraded: sum.degraded,
            of: Some(told.of),
            machine,
            seen_by: Some(told.seen_by),
            ..Fact::plain(told.gate, false, sum.tries)
        };
        if let Some(before) = bad.take() {
            facts.past.push(before);
        }
        let mut seen = Seen {
            key: told.key.clone(),
            fact,
            since: last.since,
            outcome: last.outcome.clone(),
            in_turns: last.manner == Manner::Flapping,
        };
        let answers = told.answers.filter(|_| is_answered(&seen));
        if !seen.fact.is_up() && !seen.fact.degraded {
            // It failed and was answered at once: what takes the answer away did not do it.
            seen.fact.answered = answers.map(|(_, gate)| gate);
        }
        if is_nameless(&seen.outcome) {
            seen.fact.unasked = told.answers.map(|(_, gate)| gate);
        }
        if let Some((machine, gate)) = answers
            && answering.insert((at, machine, told.key.1.clone()))
        {
            let name = loaded.plant.component(machine).name.as_str();
            let fact = Fact {
                epoch: number(at),
                machine: Some(machine),
                seen_by: Some(told.seen_by),
                ..Fact::plain(gate, true, 1)
            };
            let (key, since) = (answer_key(name, &told.key.1), last.since);
            let answer = Seen { key, fact, since, outcome: Outcome::Up, in_turns: false };
            if at == newest { facts.up.push(answer) } else { facts.past.push(answer) }
        }
        bad = Some(seen);
    }
    let Some(seen) = bad else { return };
    match told.present() {
        None => facts.past.push(seen),
        // It never failed to answer.
        Some(_) if seen.fact.degraded => facts.degraded.push(seen),
        Some(_) => facts.failing.push(seen),
    }
}

/// Whether this speaks of what is not well now, and not of a day to come.
const fn answers_badly(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Degraded(symptom) => !matches!(symptom.code, SymptomCode::CertificateExpires),
        Outcome::Up | Outcome::Down(_) | Outcome::Unknown(_) => false,
    }
}

/// Whether this speaks of a name, and not of the way to whatever it stands for.
const fn is_nameless(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Down(symptom) => matches!(symptom.code, SymptomCode::NoAddress),
        Outcome::Up | Outcome::Degraded(_) | Outcome::Unknown(_) => false,
    }
}

/// Whether what is seen is wholly an answer, only a bad one.
fn is_answered(seen: &Seen) -> bool {
    let answer = match &seen.outcome {
        Outcome::Degraded(symptom) | Outcome::Down(symptom) => is_answer(symptom.code),
        Outcome::Up | Outcome::Unknown(_) => false,
    };
    // What fails in turns with good answers speaks by its counts.
    answer && (seen.fact.failures == seen.fact.tries || seen.fact.degraded)
}

/// A time in which a vantage was lost; the present one has no end.
#[derive(Clone, Copy)]
struct Lost {
    since: Timestamp,
    until: Option<Timestamp>,
}

/// When each vantage was lost, oldest first.
fn losses(state: &State) -> BTreeMap<&VantageName, Vec<Lost>> {
    let mut all: BTreeMap<&VantageName, Vec<Lost>> = BTreeMap::new();
    for (name, losses) in &state.lost_before {
        let past = losses.iter().map(|loss| Lost { since: loss.since, until: Some(loss.until) });
        all.entry(name).or_default().extend(past);
    }
    for (name, loss) in &state.lost {
        all.entry(name).or_default().push(Lost { since: loss.since, until: None });
    }
    all
}

/// Which vantages were heard and which were not, in each epoch.
fn of_vantages(state: &State, loaded: &Loaded, facts: &mut Facts, ripens: &mut Vec<Timestamp>) {
    let newest = facts.epochs.len() - 1;
    let lost = losses(state);
    let bad = facts.failing.iter().chain(&facts.past).filter(|seen| !seen.fact.is_up());
    let speaking: BTreeSet<(VantageName, u8)> =
        bad.map(|seen| (seen.key.1.clone(), seen.fact.epoch)).collect();
    for (at, vantage) in loaded.plant.vantages().iter().enumerate() {
        let id = VantageId(u32::try_from(at).expect("vantages fit u32"));
        let gate = loaded.circuit.heard(id);
        let own = lost.get(&vantage.name).map_or(&[][..], Vec::as_slice);
        if state.retold.is_some() && own.is_empty() {
            // Whoever wrote it down did not hear it by the ways of the plant, and said nothing of them.
            continue;
        }
        for epoch_at in 0..=newest {
            let epoch = facts.epochs[epoch_at];
            let loss = own.iter().rfind(|loss| {
                let until = loss.until.unwrap_or(epoch.until);
                let settled = until > epoch.settling_until || until >= epoch.until;
                loss.since <= epoch.until && until >= epoch.since && settled
            });
            let (fact, since, outcome) = if let Some(loss) = loss {
                let detail = state.lost.get(&vantage.name).map_or("", |loss| loss.detail.as_str());
                let outcome = Outcome::unknown(NoAnswerCode::CutOff, detail);
                (Fact::plain(gate, false, PROVED), loss.since, outcome)
            } else {
                // Whoever proves its way out did so before it told of a failure; and what an agent
                // tells has come by the way that would be lost.
                let proves = !vantage.way_out.is_empty() || vantage.agent.is_some();
                let tells = proves && speaking.contains(&(vantage.name.clone(), number(epoch_at)));
                let ripe = later(epoch.worse_at, loaded.slowest);
                // Whoever has no way to find out that it is cut off says nothing by not saying so.
                if !proves || (!tells && epoch.until < ripe) {
                    if proves && epoch_at == newest {
                        ripens.push(ripe);
                    }
                    continue;
                }
                (Fact::plain(gate, true, PROVED), epoch.worse_at, Outcome::Up)
            };
            let fact = Fact { epoch: number(epoch_at), ..fact };
            let key = lost_key(&vantage.name);
            let seen = Seen { key, fact, since, outcome, in_turns: false };
            match (epoch_at == newest, loss) {
                (true, Some(Lost { until: None, .. })) => facts.failing.push(seen),
                (true, None) => facts.up.push(seen),
                (true, Some(_)) | (false, _) => facts.past.push(seen),
            }
        }
    }
}

/// The fact of one word: of the epoch it was said of, and no other.
fn of_word(loaded: &Loaded, said: &Said<'_>, facts: &mut Facts) {
    let Said { of, name, word, stands } = *said;
    let Some(epoch) = facts.epochs.iter().rposition(|epoch| epoch.since <= word.at) else { return };
    let outcome = self::said(word);
    let tries = word.tries.max(1);
    let (failures, degraded) = match word.saw {
        Saw::Unknown => return,
        Saw::Up => (word.failures.min(tries), false),
        Saw::Down => (if word.failures == 0 { tries } else { word.failures }, false),
        Saw::Degraded | Saw::Flapping => {
            (if word.failures < tries { word.failures } else { 0 }, true)
        }
    };
    let component = match loaded.circuit.subject(of) {
        Subject::Component(id) => Some(id),
        Subject::Vantage(_)
        | Subject::Check(_)
        | Subject::Carriage { .. }
        | Subject::Spread { .. } => None,
    };
    let machine = component.map(|id| machine_of(&loaded.plant, id).unwrap_or(id));
    let fact = Fact {
        gate: gate_of_word(loaded, of, word),
        epoch: number(epoch),
        tries,
        failures,
        degraded,
        claim: true,
        answered: None,
        unasked: None,
        names: Some(of),
        trust: f64::from(word.trust) / 100.0,
        of: component,
        machine,
        seen_by: None,
    };
    let (key, since) = (word_key(name, &word.who), word.at);
    let seen = Seen { key, fact, since, outcome, in_turns: false };
    match (stands, word.saw) {
        (true, Saw::Down) => facts.failing.push(seen),
        (true, Saw::Degraded | Saw::Flapping) => facts.degraded.push(seen),
        (true, Saw::Up | Saw::Unknown) => facts.up.push(seen),
        (false, _) => facts.past.push(seen),
    }
}

/// What a word constrains. Of people, and of the host itself: that the component works; of a vantage that asks it, as
/// it is seen from there; of another monitor, which calls down what it does not reach: that it is reached.
fn gate_of_word(loaded: &Loaded, of: InputId, word: &Word) -> GateId {
    let (plant, circuit) = (&loaded.plant, &loaded.circuit);
    let Subject::Component(component) = circuit.subject(of) else { return sign(circuit, of) };
    let who = word.who.as_str();
    let vantage = plant.vantages().iter().position(|vantage| vantage.name.as_str() == who);
    let seen = vantage.and_then(|vantage| {
        circuit.sees().iter().find(|sees| {
            sees.vantage.index() == vantage
                && plant.checks()[sees.check.index()].component == component
        })
    });
    match seen {
        Some(sees) => sees.gate,
        None if word.from_afar => circuit.reached(component),
        None => circuit.works(component),
    }
}

/// What needs no asking (again): since `newest`, the beginning of the newest failure.
fn asked(state: &State, newest: Option<Timestamp>, now: Timestamp) -> Asked {
    let mut asked = Asked::default();
    let is_since = |at: Timestamp| newest.is_some_and(|newest| at >= newest);
    let put = state.probed.iter().filter(|&(_, &at)| is_since(at)).map(|(key, _)| key);
    let unanswered = state.evidence.iter().filter_map(|(key, evidence)| {
        let is_unknown = evidence.outcome.standing() == Standing::Unknown;
        (is_unknown && is_since(evidence.at)).then_some(key)
    });
    asked.probes.extend(put.chain(unanswered).cloned());
    asked.mute.extend(state.lost.keys().filter(|vantage| state.is_mute(vantage)).cloned());
    let is_fresh = |at: Timestamp| now.duration_since(at) <= signed(WORD_LASTS);
    let told = state.words.iter().filter(|(_, by)| by.values().any(|word| is_fresh(word.at)));
    asked.told.extend(told.map(|(component, _)| component.clone()));
    let done = state.deeds.iter().filter(|(_, deeds)| deeds.iter().any(|deed| is_fresh(deed.at)));
    asked.done.extend(done.map(|(component, _)| component.clone()));
    asked
}

/// The number of an epoch.
fn number(epoch: usize) -> u8 {
    u8::try_from(epoch).expect("there are few epochs")
}
