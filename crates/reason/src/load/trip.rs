//! When a breaker trips: bands of time over current, by standard, rating, letter and ambient.
//!
//! A standard says when a breaker must not trip and when it must have; between the two it says nothing,
//! and neither do we. So there are two questions: [`Band::earliest`], before which it cannot have tripped,
//! and [`Band::latest`], by which it must have. Where the standard is not known, the answers cover all.
//!
//! What is known, in multiples of the rated current In:
//!
//! - **IEC 60898-1**, table 7 (operating characteristics), at 30 °C: cold, no trip within the conventional
//!   time at 1.13; after that, a trip within it at 1.45; cold, a trip at 2.55 after more than 1 s and before
//!   60 s (In <= 32 A) or 120 s (In > 32 A); the letter's range, B 3..5, C 5..10, D 10..20, at whose end it
//!   trips in less than 0.1 s. Conventional time: 1 h, above 63 A 2 h.
//! - **IEC 60947-2**, table 6 (inverse time-delay releases): no trip at 1.05, a trip at 1.30, same
//!   conventional times. The reference temperature is the maker's; 30 °C where none is said. The magnetic
//!   release is within 20 % of its setting (clause 8.3.3.1.2) and acts within 0.2 s.
//! - **UL 489**, clause 7.1.2 (calibration): carries 100 % at 40 °C; trips at 135 % within 1 h, above 50 A
//!   2 h; at 200 % within minutes, by rating.
//!
//! Between the conventional currents and that one short point the thermal release is taken for a body that
//! warms with one time constant (the thermal characteristic of IEC 60255-149): t = τ ln(I² / (I² − I₀²)).
//! With the least I₀ the standard allows and the τ that meets the short point this is a lower bound of the
//! time. IEC 60947-2 and UL 489 have no least time; half of that of IEC 60898-1 is taken, chosen by hand.
//!
//! It never says how a given breaker behaves: a worn one is outside every band. Tested at the points of the
//! standards, and by properties: more current is never later, less knowledge never a narrower band.

use blackstart_model::quantity::{BreakerRating, BreakerStandard, Range};

/// Never.
pub(super) const NEVER: f64 = f64::INFINITY;

/// What a degree of ambient temperature above or below the reference takes from, or gives to, the rated
/// current. Makers publish tables of their own; from about 0.4 % (large ratings) to 0.9 % per kelvin is what
/// those for thermal-magnetic breakers show. Widened by hand.
const PER_KELVIN: Range = Range { min: 0.003, max: 0.010 };

/// A multi-pole breaker with not all poles loaded trips at up to this much more (IEC 60898-1, 8.6.2.3: 1.1
/// for two poles, 1.2 for three and four).
pub(super) const UNEVEN_POLES: f64 = 1.2;

/// One standard's characteristic, in multiples of the rated current.
#[derive(Clone, Copy, Debug)]
struct Curve {
    /// Up to here it never trips (conventional non-tripping current).
    hold: f64,
    /// τ of the earliest trip, seconds.
    tau_s: f64,
    /// From here it may trip at once.
    magnetic_min: f64,
    /// From here it trips within so many seconds: the steps of the latest trip, falling in time.
    steps: [(f64, f64); 3],
    /// The rated current at the ambient temperature, amperes: at least, at most.
    rated: (f64, f64),
}

/// When one breaker trips.
#[derive(Clone, Copy, Debug)]
pub(super) struct Band {
    curves: [Curve; 3],
    /// How many of the curves there are.
    count: usize,
}

impl Band {
    /// The band of a breaker.
    pub(super) fn of(rating: &BreakerRating) -> Self {
        let standards = match rating.standard {
            Some(BreakerStandard::Iec60898) => [BreakerStandard::Iec60898; 3],
            Some(BreakerStandard::Iec60947) => [BreakerStandard::Iec60947; 3],
            Some(BreakerStandard::Ul489) => [BreakerStandard::Ul489; 3],
            None => [BreakerStandard::Iec60898, BreakerStandard::Iec60947, BreakerStandard::Ul489],
        };
        let count = if rating.standard.is_some() { 1 } else { 3 };
        Self { curves: standards.map(|standard| Curve::of(rating, standard)), count }
    }

    /// The most it carries for ever, amperes, whatever breaker of its kind it is.
    pub(super) fn hold_amps(&self) -> f64 {
        self.curves().map(|curve| curve.hold * curve.rated.0).fold(NEVER, f64::min)
    }

    /// The least that trips it in the end, amperes, whichever breaker of its kind it is.
    pub(super) fn trip_amps(&self) -> f64 {
        self.curves().map(|curve| curve.steps[0].0 * curve.rated.1).fold(0.0, f64::max)
    }

    /// The time before which a steady current cannot have tripped it, seconds; [`NEVER`] where it holds.
    pub(super) fn earliest(&self, amps: f64) -> f64 {
        self.curves().map(|curve| curve.earliest(amps)).fold(NEVER, f64::min)
    }

    /// The time by which a steady current must have tripped it, seconds; [`NEVER`] where it may hold.
    pub(super) fn latest(&self, amps: f64) -> f64 {
        self.curves().map(|curve| curve.latest(amps)).fold(0.0, f64::max)
    }

    fn curves(&self) -> impl Iterator<Item = &Curve> {
        self.curves[..self.count].iter()
    }
}

impl Curve {
    fn of(rating: &BreakerRating, standard: BreakerStandard) -> Self {
        const HOUR_S: f64 = 3_600.0;
        let amps = rating.amps;
        let hours = |large: f64| if amps > large { 2.0 * HOUR_S } else { HOUR_S };
        let (letter_min, letter_max) = magnetic(rating.curve);
        // τ so that a body that would hold at `hold` takes `seconds` at 2.55 times the rated current.
        let tau = |hold: f64, seconds: f64| {
            let square = 2.55_f64.powi(2);
            seconds / (square / (square - hold * hold)).ln()
        };
        match standard {
            BreakerStandard::Iec60898 => Self {
                hold: 1.13,
                tau_s: tau(1.13, 1.0),
                magnetic_min: letter_min,
                steps: [
                    (1.45, hours(63.0)),
                    (2.55, if amps > 32.0 { 120.0 } else { 60.0 }),
                    (letter_max, 0.1),
                ],
                rated: at_ambient(amps, rating.ambient, 30.0),
            },
            BreakerStandard::Iec60947 => Self {
                hold: 1.05,
                tau_s: tau(1.05, 0.5),
                magnetic_min: 0.8 * letter_min,
                steps: [(1.30, hours(63.0)), (1.30, hours(63.0)), (1.2 * letter_max, 0.2)],
                rated: at_ambient(amps, rating.ambient, 30.0),
            },
            BreakerStandard::Ul489 => Self {
                hold: 1.0,
                tau_s: tau(1.0, 0.5),
                magnetic_min: 0.8 * letter_min,
                steps: [(1.35, hours(50.0)), (2.0, at_200_percent_s(amps)), (NEVER, 0.0)],
                rated: at_ambient(amps, rating.ambient, 40.0),
            },
        }
    }

    fn earliest(&self, amps: f64) -> f64 {
        let times = amps / self.rated.0;
        if times <= self.hold {
            return NEVER;
        }
        if times >= self.magnetic_min {
            return 0.0;
        }
        let square = times * times;
        self.tau_s * (square / (square - self.hold * self.hold)).ln()
    }

    fn latest(&self, amps: f64) -> f64 {
        let times = amps / self.rated.1;
        let reached = self.steps.iter().filter(|(from, _)| times >= *from);
        reached.map(|(_, within)| *within).fold(NEVER, f64::min)
    }
}

/// The magnetic range of a letter, in multiples of the rated current: from where it may act, and from where
/// it does. B, C, D: IEC 60898-1, table 2. K and Z are makers' own: 8..14 and 2..3 cover what they publish.
/// Without a letter it may be any.
const fn magnetic(curve: Option<char>) -> (f64, f64) {
    match curve {
        Some('B') => (3.0, 5.0),
        Some('C') => (5.0, 10.0),
        Some('D') => (10.0, 20.0),
        Some('K') => (8.0, 14.0),
        Some('Z') => (2.0, 3.0),
        _ => (2.0, 20.0),
    }
}

/// Seconds within which UL 489 wants a trip at 200 %, by rating.
fn at_200_percent_s(amps: f64) -> f64 {
    const MINUTES: [(f64, f64); 12] = [
        (30.0, 2.0),
        (50.0, 4.0),
        (100.0, 6.0),
        (150.0, 8.0),
        (225.0, 10.0),
        (400.0, 12.0),
        (600.0, 14.0),
        (800.0, 16.0),
        (1_000.0, 18.0),
        (1_200.0, 20.0),
        (1_600.0, 22.0),
        (2_000.0, 24.0),
    ];
    const LARGEST_MIN: f64 = 30.0;
    let found = MINUTES.iter().find(|(up_to, _)| amps <= *up_to);
    60.0 * found.map_or(LARGEST_MIN, |(_, minutes)| *minutes)
}

/// The rated current at an ambient temperature. Where that is not known, the rating is taken as printed,
/// which is at the standard's reference.
fn at_ambient(amps: f64, ambient: Option<Range>, reference: f64) -> (f64, f64) {
    let Some(ambient) = ambient else { return (amps, amps) };
    let factor = |kelvin: f64, per_kelvin: f64| (1.0 - kelvin * per_kelvin).max(0.1);
    let (cool, warm) = (ambient.min - reference, ambient.max - reference);
    let least = factor(warm, if warm > 0.0 { PER_KELVIN.max } else { PER_KELVIN.min });
    let most = factor(cool, if cool > 0.0 { PER_KELVIN.min } else { PER_KELVIN.max });
    (amps * least, amps * most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn breaker(amps: f64, curve: Option<char>, standard: Option<BreakerStandard>) -> BreakerRating {
        BreakerRating { amps, curve, standard, ambient: None, poles: None }
    }

    fn band(amps: f64, curve: char, standard: BreakerStandard) -> Band {
        Band::of(&breaker(amps, Some(curve), Some(standard)))
    }

    #[test]
    fn iec_60898_at_its_own_points() {
        let c16 = band(16.0, 'C', BreakerStandard::Iec60898);
        assert_eq!(c16.earliest(1.13 * 16.0), NEVER);
        assert!(c16.earliest(1.14 * 16.0) < NEVER);
        assert_eq!(c16.latest(1.44 * 16.0), NEVER);
        assert_eq!(c16.latest(1.45 * 16.0), 3_600.0);
        assert!((c16.earliest(2.55 * 16.0) - 1.0).abs() < 1e-9);
        assert_eq!(c16.latest(2.55 * 16.0), 60.0);
        assert_eq!((c16.earliest(80.0), c16.latest(160.0)), (0.0, 0.1));
        assert_eq!(band(40.0, 'C', BreakerStandard::Iec60898).latest(102.0), 120.0);
        assert_eq!(band(80.0, 'C', BreakerStandard::Iec60898).latest(116.0), 7_200.0);
    }

    #[test]
    fn the_other_standards_at_theirs() {
        let iec = band(63.0, 'C', BreakerStandard::Iec60947);
        assert_eq!((iec.earliest(66.1), iec.latest(81.9)), (NEVER, 3_600.0));
        let ul = band(20.0, 'C', BreakerStandard::Ul489);
        assert_eq!((ul.earliest(20.0), ul.latest(26.9), ul.latest(27.0)), (NEVER, NEVER, 3_600.0));
        assert_eq!(ul.latest(40.0), 120.0);
        assert_eq!(band(60.0, 'C', BreakerStandard::Ul489).latest(81.0), 7_200.0);
    }

    #[test]
    fn without_a_standard_the_answer_covers_all() {
        let unknown = Band::of(&breaker(16.0, None, None));
        assert_eq!(unknown.hold_amps(), 16.0);
        assert_eq!(unknown.latest(1.44 * 16.0), NEVER);
        assert_eq!(unknown.latest(1.45 * 16.0), 3_600.0);
    }

    #[test]
    fn warm_air_lowers_the_rating() {
        let ambient = Some(Range { min: 50.0, max: 50.0 });
        let rating = breaker(16.0, Some('C'), Some(BreakerStandard::Iec60898));
        let warm = Band::of(&BreakerRating { ambient, ..rating });
        assert!(warm.hold_amps() < 0.81 * 1.13 * 16.0, "20 K at one percent each");
        assert_eq!(warm.latest(1.45 * 16.0), 3_600.0, "it trips the sooner for it");
        let cold =
            Band::of(&BreakerRating { ambient: Some(Range { min: 10.0, max: 10.0 }), ..rating });
        assert_eq!(cold.latest(1.45 * 16.0), NEVER);
    }

    fn standard() -> impl Strategy<Value = Option<BreakerStandard>> {
        (0..=BreakerStandard::ALL.len()).prop_map(|at| BreakerStandard::ALL.get(at).copied())
    }

    fn curve() -> impl Strategy<Value = Option<char>> {
        (0..6_usize).prop_map(|at| ['B', 'C', 'D', 'K', 'Z'].get(at).copied())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn more_current_is_never_later_and_less_knowledge_never_narrower(
            amps in 1.0..4_000.0_f64, times in 0.1..30.0_f64, more in 1.0..2.0_f64,
            curve in curve(), standard in standard(), ambient in -10.0..60.0_f64,
        ) {
            let ambient = Some(Range { min: ambient, max: ambient + 3.0 });
            let known = BreakerRating { ambient, ..breaker(amps, curve, standard) };
            let band = Band::of(&known);
            let current = amps * times;
            prop_assert!(band.earliest(current) <= band.latest(current));
            prop_assert!(band.earliest(current * more) <= band.earliest(current));
            prop_assert!(band.latest(current * more) <= band.latest(current));
            for less in [
                BreakerRating { standard: None, ..known },
                BreakerRating { curve: None, ..known },
            ] {
                let wider = Band::of(&less);
                prop_assert!(wider.earliest(current) <= band.earliest(current));
                prop_assert!(wider.latest(current) >= band.latest(current));
            }
        }
    }
}
