//! How likely a count is at a loss, and the losses a flaky candidate may have.
//!
//! Decides the grid of rates and the price of a fact that is wrong as a whole. It never sees more than one
//! fact. Tested with its caller.

/// Losses at which every candidate is weighed; the others are met by refining.
pub(super) const COARSE: usize = 16;

/// Levels to one coarse one.
pub(super) const LEVELS_EACH: u8 = 8;

/// All levels.
pub(super) const LEVELS: u8 = 128;

/// The highest loss: all but one of ten thousand tries. A dead candidate then leaves nothing over that another
/// beside it could be blamed for, and a try that got through all the same is no contradiction.
const LOSS_MAX: f64 = 9.210_340_371_976_182;

/// How seldom a fact is wrong as a whole, before looking: one in a thousand (chosen by hand, as for an edge of
/// the plant that is not as drawn).
const WRONG: f64 = 1e-3;

/// The loss of a level. They halve with each coarse one, so the coarse ones reach from there down to 0.03 %.
/// A level is an eighth of a halving; rounding to the nearest costs less than half a unit of log likelihood
/// at five hundred failures.
pub(super) fn loss(level: u8) -> f64 {
    LOSS_MAX * (-f64::from(level) / f64::from(LEVELS_EACH)).exp2()
}

/// Log likelihood of a sequence of tries with so many failures, when each is lost as `loss` says or the fact is
/// wrong as a whole, whichever is more believable.
pub(super) fn likelihood(tries: f64, failures: f64, wrong: f64, loss: f64) -> f64 {
    let told = if failures == 0.0 {
        -tries * loss
    } else {
        failures * (-(-loss).exp_m1()).ln() - (tries - failures) * loss
    };
    told.max(wrong)
}

/// Log likelihood of the same sequence when the fact is wrong as a whole: every rate of failure is as likely
/// (the integral of p^k (1 − p)^(n − k), which is k! (n − k)! / (n + 1)!), relative to being told well.
pub(super) fn wrong(tries: f64, failures: f64) -> f64 {
    let beta = if failures == 0.0 {
        -(tries + 1.0).ln()
    } else {
        ln_factorial(failures) + ln_factorial(tries - failures) - ln_factorial(tries + 1.0)
    };
    (WRONG / (1.0 - WRONG)).ln() + beta
}

/// Natural logarithm of n!, to about ten digits: Stirling's series, for small ones by counting down from a larger.
fn ln_factorial(n: f64) -> f64 {
    let (mut n, mut product) = (n, 1.0);
    while n < 16.0 {
        n += 1.0;
        product *= n;
    }
    let series = 1.0 / (12.0 * n) - 1.0 / (360.0 * n.powi(3)) + 1.0 / (1260.0 * n.powi(5));
    (n + 0.5) * n.ln() - n + 0.5 * std::f64::consts::TAU.ln() + series - f64::ln(product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factorials_are_products() {
        let mut product = 1.0_f64;
        for n in 1..=60 {
            product *= f64::from(n);
            assert!((ln_factorial(f64::from(n)) - product.ln()).abs() < 1e-9, "{n}");
        }
        assert!(ln_factorial(0.0).abs() < 1e-9);
    }
}
