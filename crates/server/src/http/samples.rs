//! What the recorder keeps, as JSON: of checks from each vantage, and of services.
//!
//! The structs here *are* the format: fields are only added. Seconds and instants throughout.

use super::App;
use super::act::Refused;
use super::checks::Back;
use super::plots;
use crate::recorder::{Plotted, Slot, is_kept};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use blackstart_journal::samples::Series;
use blackstart_model::sample::{ReadingRollup, Rollup, Shares, Times};
use blackstart_model::time::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// A check over a span.
#[derive(Serialize)]
pub(super) struct OfCheck {
    check: String,
    span: &'static str,
    from: Vec<FromVantage>,
}

#[derive(Serialize)]
struct FromVantage {
    vantage: String,
    all: Spent,
    slots: Vec<OneSlot>,
}

/// A component over a span.
#[derive(Serialize)]
pub(super) struct OfComponent {
    component: String,
    span: &'static str,
    all: Spent,
    slots: Vec<OneSlot>,
}

/// How time was spent, seconds; what nobody knows is `unknown_s`.
#[derive(Serialize)]
struct Spent {
    up_s: f64,
    degraded_s: f64,
    down_s: f64,
    off_s: f64,
    unknown_s: f64,
}

#[derive(Serialize)]
struct OneSlot {
    from: String,
    to: String,
    spent: Spent,
    answers: Answers,
    times: Option<OneTimes>,
    readings: Vec<OneReading>,
}

#[derive(Serialize)]
struct Answers {
    up: u32,
    degraded: u32,
    down: u32,
    unknown: BTreeMap<&'static str, u32>,
    asked: u32,
}

/// Percentiles are absent where only sums are known.
#[derive(Serialize)]
struct OneTimes {
    count: u32,
    mean_s: f64,
    min_s: f64,
    max_s: f64,
    p50_s: Option<f64>,
    p90_s: Option<f64>,
    p99_s: Option<f64>,
}

#[derive(Serialize)]
struct OneReading {
    name: String,
    unit: &'static str,
    count: u32,
    mean: f64,
    min: f64,
    max: f64,
}

impl From<Shares> for Spent {
    fn from(shares: Shares) -> Self {
        let Shares { up, degraded, down, off, unknown } = shares;
        let [up_s, degraded_s, down_s, off_s, unknown_s] =
            [up, degraded, down, off, unknown].map(|ms| ms.round() / 1e3);
        Self { up_s, degraded_s, down_s, off_s, unknown_s }
    }
}

impl From<&Slot> for OneSlot {
    fn from(slot: &Slot) -> Self {
        let Slot { from_minute, to_minute, rollup, shares } = slot;
        let Rollup { spoken_ms: _, up, degraded, down, off: _, unknown, asked, times, readings } =
            rollup;
        let unknown = unknown.iter().map(|(why, count)| (why.as_str(), *count)).collect();
        let (up, degraded, down, asked) = (*up, *degraded, *down, *asked);
        Self {
            from: instant(*from_minute),
            to: instant(*to_minute),
            spent: (*shares).into(),
            answers: Answers { up, degraded, down, unknown, asked },
            times: OneTimes::of(times),
            readings: readings.iter().map(Into::into).collect(),
        }
    }
}

impl OneTimes {
    fn of(times: &Times) -> Option<Self> {
        let seconds = |us: u32| f64::from(us) / 1e6;
        Some(Self {
            count: times.count,
            mean_s: seconds(times.mean_us()?),
            min_s: seconds(times.min_us),
            max_s: seconds(times.max_us),
            p50_s: times.permille_us(500).map(seconds),
            p90_s: times.permille_us(900).map(seconds),
            p99_s: times.permille_us(990).map(seconds),
        })
    }
}

impl From<&ReadingRollup> for OneReading {
    fn from(reading: &ReadingRollup) -> Self {
        let ReadingRollup { name, unit, count, sum, min, max } = reading;
        let mean = sum / f64::from((*count).max(1));
        let (name, unit) = (name.to_string(), unit.as_str());
        Self { name, unit, count: *count, mean, min: *min, max: *max }
    }
}

fn instant(minute: u32) -> String {
    Timestamp::from_second(i64::from(minute) * 60).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

fn slots(plotted: &Plotted) -> Vec<OneSlot> {
    plotted.slots.iter().map(Into::into).collect()
}

fn absent(what: &str) -> Refused {
    Refused(StatusCode::NOT_FOUND, format!("there is no such {what}"))
}

fn unread(why: String) -> Refused {
    Refused(StatusCode::SERVICE_UNAVAILABLE, why)
}

pub(super) async fn check(
    State(app): State<App>,
    Path((component, check)): Path<(String, String)>,
    Query(back): Query<Back>,
) -> Result<Json<OfCheck>, Refused> {
    let (view, span) = (app.view(), back.asked()?);
    let key = format!("{component}/{check}");
    let found = view.asked().find(|(check, _)| check.key.as_str() == key);
    let (check, seen) = found.ok_or_else(|| absent("check"))?;
    let series = view.plant.iter().flat_map(|plant| plots::series_of(check, plant)).collect();
    let kept = plots::read(&app, &view, series, span).await.map_err(unread)?;
    let from = seen.from.iter().zip(&kept).map(|(sight, plotted)| FromVantage {
        vantage: sight.vantage.to_string(),
        all: plotted.shares().into(),
        slots: slots(plotted),
    });
    Ok(Json(OfCheck { check: key, span: span.as_str(), from: from.collect() }))
}

pub(super) async fn component(
    State(app): State<App>,
    Path(name): Path<String>,
    Query(back): Query<Back>,
) -> Result<Json<OfComponent>, Refused> {
    let (view, span) = (app.view(), back.asked()?);
    let found = view.parts().find(|(_, component, _)| component.name.as_str() == name);
    let (_, component, _) = found.ok_or_else(|| absent("component"))?;
    if !is_kept(component) {
        let why = "it is kept of services, and of what is public";
        return Err(Refused(StatusCode::NOT_FOUND, why.to_owned()));
    }
    let series = vec![Series::Component(name.clone())];
    let kept = plots::read(&app, &view, series, span).await.map_err(unread)?;
    let plotted = kept.first().ok_or_else(|| absent("component"))?;
    let (all, slots) = (plotted.shares().into(), slots(plotted));
    Ok(Json(OfComponent { component: name, span: span.as_str(), all, slots }))
}
