//! How likely a thing is to have broken, before looking.
//!
//! Failures per year, by the plant's own figures or by kind ([`rates`]). Only their ratios matter: a
//! website's software fails more often than its server, a server more often than a rack's switch, and
//! nearly nothing as seldom as a rack falls over. The engine to come takes them from the plant's own history
//! where there is one.

use crate::circuit::Subject;
use crate::rates;
use blackstart_model::Plant;

/// Hours before the onset in which the fault may have come: long enough for the slowest check to have
/// spoken once, short enough that two independent faults in it are rare (chosen by hand).
const EXPOSURE_HOURS: f64 = 1.0;

/// Failures per year below which nothing is taken to fall: once in ten thousand years (chosen by hand).
const SELDOM: f64 = 1e-4;

/// Log-probability that something outside the plant's model did it: about one such event in three
/// years, and it may show in any way (chosen by hand).
pub(crate) const UNMODELLED: f64 = -10.2;

/// Natural logarithm of the probability that `subject` broke within the exposure.
pub(crate) fn log_prior(plant: &Plant, subject: Subject) -> f64 {
    let Some(rate) = rates::of_subject(plant, subject) else {
        return rates::middle(rates::SPREAD).ln();
    };
    // Even what never failed yet may have.
    let per_year = rate.typical_per_year().max(SELDOM);
    (per_year * EXPOSURE_HOURS / rates::HOURS_PER_YEAR).ln()
}
