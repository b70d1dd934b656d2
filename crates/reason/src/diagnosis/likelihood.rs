//! How well a fact fits a prediction: `ln P(failures of tries | chance that one try fails)`.
//!
//! Binomial with small error rates, mixed with "this fact is wrong as a whole" at any rate (a uniform
//! one, so the mixture is a Beta-binomial): retries through one path are not independent, and however
//! often a wrong check repeats itself it must not outweigh all others. Binomial coefficients are the
//! same for every hypothesis and left out. Nothing here knows the circuit. Tested through the ranking.

use super::Fact;

/// One try in so many fails though everything on its way works (chosen by hand: what a busy network and
/// a deadline of seconds do to a check).
const FALSE_ALARM: f64 = 1e-3;

/// One try in so many succeeds though its target is down (chosen by hand).
const FALSE_GREEN: f64 = 1e-3;

/// How often a fact is wrong as a whole, at whatever rate, by what was predicted. Where all was to be
/// well that a check fails steadily for no cause is rare: a wrong check is a fault of its own. Where it was to
/// be down, the target may be another one than the plant says. What fails in turns does so in bursts,
/// which a binomial does not know. (Chosen by hand.)
const WRONG_WHEN_UP: f64 = 1e-6;
const WRONG_WHEN_DOWN: f64 = 1e-3;
const WRONG_WHEN_FLAKY: f64 = 0.01;

/// The same for what is down and answers with no machine in between to be mistaken in: a vantage that is
/// cut off and tells us things.
const WRONG_WHEN_DIRECT: f64 = 1e-6;

/// How often something answers badly (slowly, with losses), by what was predicted (chosen by hand): for
/// reasons of its own; because what it stands on fails in turns; though that is down, for people and
/// coarse checks say "bad" of what is dead.
const BAD_WHEN_UP: f64 = 0.01;
const BAD_WHEN_FLAKY: f64 = 0.5;
const BAD_WHEN_DOWN: f64 = 0.15;

/// How often it does so at every try for reasons of its own, however many there were (chosen by hand).
const BAD_BY_ITSELF: f64 = 1e-5;

/// Who is not to be trusted says that all is well (chosen by hand).
const GLOSSED_OVER: f64 = 0.5;

/// What people and systems say of a state, in one word, by what was predicted: that it is up, that it fails in
/// turns or is bad, that it is down (chosen by hand). A word is of a state and not of one try: who says
/// that it works has not seen it fail in turns.
const SAID_WHEN_UP: [f64; 3] = [0.98, 0.01, 1e-6];
const SAID_WHEN_FLAKY: [f64; 3] = [0.15, 0.7, 0.15];
const SAID_WHEN_DOWN: [f64; 3] = [1e-6, 0.1, 0.9];

/// Who names a thing as failing, and it is only dark because of what it stands on, does so one time in so many that
/// they name what broke: people and systems look for what broke (chosen by hand).
pub(super) const NAMED_FOR_ANOTHER: f64 = 0.5;

/// `ln P(fact | a try fails with chance q)` up to a constant of the fact. `q` is 0 where everything on
/// the way works, 1 where something is down. Who is trusted with 90 % is right nine times in ten, having said
/// it: what they make up is as likely as it is anyway, `made_up`, so that alone their word is worth
/// its trust and no more.
pub(super) fn fits(fact: &Fact, q: f64, made_up: f64) -> f64 {
    let (n, f) = (fact.tries.max(1), fact.failures.min(fact.tries.max(1)));
    let bad = fact.degraded && f == 0;
    let by = |table: [f64; 3]| {
        let said = if bad || (f > 0 && f < n) { 1 } else { usize::from(f > 0) * 2 };
        table[said].ln()
    };
    let told = if fact.claim && n == 1 {
        by(if q <= 0.0 {
            SAID_WHEN_UP
        } else if q < 1.0 {
            SAID_WHEN_FLAKY
        } else {
            SAID_WHEN_DOWN
        })
    } else if bad {
        if q <= 0.0 {
            (f64::from(n) * BAD_WHEN_UP.ln()).max(BAD_BY_ITSELF.ln())
        } else if q < 1.0 {
            BAD_WHEN_FLAKY.ln()
        } else {
            BAD_WHEN_DOWN.ln()
        }
    } else {
        let wrong = if q <= 0.0 {
            WRONG_WHEN_UP
        } else if fact.machine.is_none() && fact.is_up() {
            WRONG_WHEN_DIRECT
        } else if q < 1.0 {
            WRONG_WHEN_FLAKY
        } else {
            WRONG_WHEN_DOWN
        };
        counted(n, f, q, wrong)
    };
    if fact.trust >= 1.0 {
        return told;
    }
    let random = if fact.is_up() { GLOSSED_OVER } else { made_up };
    let trust = fact.trust.max(f64::MIN_POSITIVE);
    // Figures that are made up are any figures.
    let figures = if f > 0 && f < n { log_uniform(n, f) } else { 0.0 };
    log_add(trust.ln() + told, (1.0 - trust).ln() + random.max(f64::MIN_POSITIVE).ln() + figures)
}

fn counted(tries: u32, failures: u32, q: f64, wrong: f64) -> f64 {
    let (n, f) = (f64::from(tries), f64::from(failures));
    let fails = FALSE_ALARM + (1.0 - FALSE_ALARM - FALSE_GREEN) * q;
    let right = f * fails.ln() + (n - f) * (1.0 - fails).ln() + (1.0 - wrong).ln();
    log_add(right, wrong.ln() + log_uniform(tries, failures))
}

/// How much likelier so many failures and bad answers of so many tries are where something fails in turns, at a rate of
/// which nothing is known, than where all works and they are as frequent as suits that best, which is not often: a
/// logarithm.
pub(crate) fn for_turns(tries: u32, failures: u32, bad: u32) -> f64 {
    let of = failures.saturating_add(bad).min(tries);
    let all = f64::from(tries.max(1));
    let at_most = |count: u32, rate: f64| {
        let rate = rate.min(f64::from(count) / all);
        if count == 0 { (0.0, rate) } else { (f64::from(count) * rate.ln(), rate) }
    };
    let (fail, failing) = at_most(failures, FALSE_ALARM);
    let (answer, answering) = at_most(bad, BAD_WHEN_UP);
    let well = f64::from(tries - of) * (-failing - answering).ln_1p();
    log_uniform(tries, of) - (fail + answer + well)
}

/// `ln B(f + 1, n - f + 1)`: the chance of these outcomes in this order at a rate of which nothing is
/// known. Linear in the rarer outcome, which is capped: beyond it only the size matters.
fn log_uniform(tries: u32, failures: u32) -> f64 {
    const COUNTED_MAX: u32 = 4_096;
    let rarer = failures.min(tries - failures).min(COUNTED_MAX);
    // B(f+1, n-f+1) = 1 / ((n+1) * C(n, f))
    let choose: f64 = (0..rarer).map(|k| (f64::from(tries - k) / f64::from(k + 1)).ln()).sum();
    -(f64::from(tries) + 1.0).ln() - choose
}

/// `ln(e^a + e^b)`.
pub(super) fn log_add(a: f64, b: f64) -> f64 {
    let (high, low) = if a >= b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}
