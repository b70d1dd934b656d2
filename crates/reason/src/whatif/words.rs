//! Names, times and verdicts as people read them, in one place for the terminal and the console.

use crate::load::{BreakerFate, Darkness, Verdict};
use blackstart_model::time::{Duration, shown_span};
use blackstart_model::{ComponentId, Plant};

/// Names in one line at most; the others are counted.
const NAMES_MAX: usize = 12;

/// The names of components, the first dozen of them.
#[must_use]
pub fn names_in_words(plant: &Plant, of: &[ComponentId]) -> String {
    let names: Vec<&str> =
        of.iter().take(NAMES_MAX).map(|&id| plant.component(id).name.as_str()).collect();
    match of.len() - names.len() {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

/// When something goes dark.
#[must_use]
pub fn when_in_words(Darkness { from_s, by_s }: Darkness) -> String {
    match () {
        () if by_s == 0.0 => "at once".to_owned(),
        () if by_s >= Darkness::EVENTUALLY_S && by_s.is_finite() => {
            format!("after {}, surely", seconds(from_s))
        }
        () if by_s.is_infinite() => format!("from {} on", seconds(from_s)),
        () if by_s - from_s < 0.5 => format!("after {}", seconds(by_s)),
        () => format!("after {} to {}", seconds(from_s), seconds(by_s)),
    }
}

/// What a breaker carries, and when it trips where it does or may.
#[must_use]
pub fn fate_in_words(breaker: &BreakerFate) -> String {
    let load = match breaker.load_max_a {
        Some(most) if most - breaker.load_min_a < 0.05 => format!("{most:.1} A"),
        Some(most) => format!("{:.1} to {most:.1} A", breaker.load_min_a),
        None => format!("{:.1} A to nobody knows what", breaker.load_min_a),
    };
    let of = format!("{load} of {:.1} A", breaker.rating_a);
    let from = breaker.earliest_s.map(seconds).unwrap_or_default();
    match (breaker.verdict, breaker.latest_s) {
        (Verdict::Holds, _) => of,
        (Verdict::Trips, Some(by)) => format!("{of}, after {from} to {}", seconds(by)),
        (Verdict::Trips, None) => format!("{of}, after {from} or later"),
        (Verdict::MayTrip, _) => format!("{of}, not before {from}"),
        (Verdict::Unknown, _) => format!("{of}: a draw behind it is not known"),
    }
}

fn seconds(seconds: f64) -> String {
    if seconds < 10.0 {
        return format!("{seconds:.1} s");
    }
    Duration::try_from_secs_f64(seconds).map_or("ever".to_owned(), shown_span)
}
