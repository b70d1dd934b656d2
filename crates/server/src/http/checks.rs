//! *Checks*: how each stands from each vantage, and its recent times as a small plot.

use super::App;
use super::act::Refused;
use super::page::{Place, absent, badge, component, page as frame, time};
use super::plots;
use super::view::{CheckView, Health, Sight, View};
use crate::intake::Track;
use crate::recorder::Span;
use crate::remote_write::Sent;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use blackstart_model::ComponentId;
use blackstart_model::check::{Check, CheckKind};
use blackstart_model::observation::{Standing, Timing};
use blackstart_model::reading::Reading;
use blackstart_model::time::{Timestamp, shown_span};
use maud::{Markup, html};
use serde::Deserialize;

/// Rows of one page: what a phone still scrolls.
const ROWS_MAX: usize = 300;

/// A small plot, in user units.
const PLOT_WIDTH: f64 = 180.0;
const PLOT_HEIGHT: f64 = 28.0;

#[derive(Deserialize)]
pub(super) struct Wanted {
    /// Only those that stand so.
    standing: Option<String>,
    /// The first row, counted from 0.
    #[serde(default)]
    from: usize,
}

pub(super) async fn page(State(app): State<App>, Query(wanted): Query<Wanted>) -> Response {
    let view = app.view();
    let only = wanted.standing.as_deref().and_then(Standing::parse);
    let mut rows: Vec<(&Check, &CheckView)> =
        view.asked().filter(|(_, seen)| only.is_none_or(|only| seen.standing == only)).collect();
    // The worst first; within it the plant's own order.
    rows.sort_by_key(|(_, seen)| match seen.standing {
        Standing::Down => 0,
        Standing::Degraded => 1,
        Standing::Unknown => 2,
        Standing::Up => 3,
    });
    let counts = view.counts();
    let total = rows.len();
    let shown = rows.into_iter().skip(wanted.from).take(ROWS_MAX).collect();
    let table = table(&app, &view, shown).await;
    let main = html! {
        h1 { "Checks" }
        ul.numbers {
            li { a href="/checks" aria-current=[only.is_none().then_some("true")] { "all " strong { (view.checks.len()) } } }
            @for (standing, count) in &counts {
                li { a href=(format!("/checks?standing={standing}")) aria-current=[(only == Some(*standing)).then_some("true")] {
                    (badge(Health::of(*standing))) " " strong { (count) } } }
            }
        }
        (elsewhere(&app))
        (table)
        @if total > wanted.from + ROWS_MAX {
            @let filter = only.map(|only| format!("&standing={only}")).unwrap_or_default();
            p { a href=(format!("/checks?from={}{filter}", wanted.from + ROWS_MAX)) { "The next " (ROWS_MAX) } " of " (total) }
        }
    };
    frame(&view, Place::Checks, "checks", &main).into_response()
}

/// What became of samples that are written elsewhere, when something is lost or cannot be sent.
fn elsewhere(app: &App) -> Markup {
    let Sent { waiting, dropped, refused, trouble, sent: _ } = app.hub.outbox().told();
    let lost = dropped + refused;
    html! {
        @if trouble.is_some() || lost > 0 {
            p.alike {
                @if let Some(why) = trouble { "Samples are not written elsewhere: " (why) ". " (waiting) " answers wait. " }
                @if lost > 0 { (lost) " answers were lost for it since the start (" (dropped) " found no room, " (refused) " were refused)." }
            }
        }
    }
}

async fn table(app: &App, view: &View, rows: Vec<(&Check, &CheckView)>) -> Markup {
    let plant = view.plant.iter();
    let series = plant.flat_map(|plant| rows.iter().flat_map(|row| plots::series_of(row.0, plant)));
    let days = plots::read(app, view, series.collect(), Span::Glance).await.unwrap_or_default();
    let mut days = days.iter();
    html! {
        table {
            thead { tr { th { "Check" } th { "From" } th { "Stands" } th { "Says" } th { "Last day" } th { "Recent times" } } }
            tbody { @for (check, seen) in rows { @for sight in &seen.from {
                @let day = days.next();
                @let track = app.hub.samples().track(&check.key, &sight.vantage);
                tr {
                    td { a href=(format!("/checks/{}", check.key)) { (check.key) } }
                    td { (sight.vantage) }
                    td { (badge(Health::of(sight.standing))) }
                    td { (says(view, sight)) }
                    td { @if let Some(day) = day { (plots::glance(day, &view.zone)) } }
                    td { @if let Some(track) = track { (plot(&track)) } }
                }
            } } }
        }
    }
}

fn says(view: &View, sight: &Sight) -> Markup {
    html! {
        (sight.words())
        @if let Some(since) = sight.since { span.quiet { " since " (time(view, since)) } }
    }
}

/// The checks of one component, for its page.
pub(super) async fn of_component(app: &App, view: &View, id: ComponentId) -> Markup {
    let rows: Vec<_> = view.asked().filter(|(check, _)| check.component == id).collect();
    let none = rows.is_empty();
    let table = table(app, view, rows).await;
    html! {
        h2 { "Checks" }
        @if none { p { "Nobody asks it anything: its state is only concluded." } }
        @else { (table) }
    }
}

/// The last answers, one bar each: as high as it took, and red from edge to edge when it was not up.
fn plot(track: &Track) -> Markup {
    let Some(slowest) = track.points.iter().map(|point| point.total_us).max() else {
        return html! {};
    };
    let step = PLOT_WIDTH / 60.0;
    let first = 60 - track.points.len().min(60);
    let median = median_us(track);
    html! {
        svg.plot viewBox=(format!("0 0 {PLOT_WIDTH} {PLOT_HEIGHT}")) width=(PLOT_WIDTH) height=(PLOT_HEIGHT) role="img" {
            title { "last " (track.points.len()) " answers, median " (in_ms(median)) ", slowest " (in_ms(slowest)) }
            @for (at, point) in track.points.iter().enumerate() {
                @let x = (at + first) as f64 * step;
                @let share = f64::from(point.total_us) / f64::from(slowest.max(1));
                @let height = if point.standing == Standing::Up { (share * PLOT_HEIGHT).max(1.0) } else { PLOT_HEIGHT };
                rect class=(point.standing) x=(format!("{x:.1}")) y=(format!("{:.1}", PLOT_HEIGHT - height))
                    width=(format!("{:.1}", step - 0.5)) height=(format!("{height:.1}")) {}
            }
        }
        " " span.quiet { (in_ms(median)) }
    }
}

fn median_us(track: &Track) -> u32 {
    let mut times: Vec<u32> = track.points.iter().map(|point| point.total_us).collect();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or(0)
}

fn in_ms(us: u32) -> String {
    match us {
        0..10_000 => format!("{:.1} ms", f64::from(us) / 1_000.0),
        _ => format!("{} ms", us / 1_000),
    }
}

#[derive(Deserialize)]
pub(super) struct Back {
    /// How far back is plotted.
    span: Option<String>,
}

impl Back {
    pub(super) fn span(&self) -> Span {
        self.span.as_deref().and_then(Span::parse).unwrap_or(Span::Day)
    }

    /// The span, or why there is none of that name.
    pub(super) fn asked(&self) -> Result<Span, Refused> {
        let asked = self.span.as_deref().map_or(Some(Span::Day), Span::parse);
        let spans = Span::ALL.map(Span::as_str).join(", ");
        asked.ok_or_else(|| Refused(StatusCode::BAD_REQUEST, format!("a span is one of {spans}")))
    }
}

pub(super) async fn one(
    State(app): State<App>,
    Path((component, check)): Path<(String, String)>,
    Query(back): Query<Back>,
) -> Response {
    let view = app.view();
    let key = format!("{component}/{check}");
    let found = view.asked().find(|(check, _)| check.key.as_str() == key);
    let Some((check, seen)) = found else { return absent(&view, "such check") };
    let series = view.plant.iter().flat_map(|plant| plots::series_of(check, plant)).collect();
    let span = back.span();
    let kept = plots::read(&app, &view, series, span).await;
    let main = html! {
        h1 { (check.key) }
        p { "Asks " (self::component_of(&view, check)) " by " (check.question.kind()) " every " (shown_span(check.every))
            ", and waits " (shown_span(check.deadline)) " for the whole answer." }
        (plots::spans(&format!("/checks/{key}"), span))
        @if let Err(why) = &kept { (plots::none(why)) }
        @for (at, sight) in seen.from.iter().enumerate() {
            @let track = app.hub.samples().track(&check.key, &sight.vantage);
            section {
                h2 { "From " (sight.vantage) " " (badge(Health::of(sight.standing))) }
                p { (says(&view, sight)) }
                @if let Some(track) = track {
                    p { (plot(&track)) }
                    (phases(track.timing, check.question.kind()))
                    (readings(&track.readings))
                    @if let Some(ends) = track.certificate_ends_s.and_then(|s| Timestamp::from_second(s).ok()) {
                        p { "Its certificate ends " (time(&view, ends)) "." }
                    }
                }
                @if let Some(plotted) = kept.as_ref().ok().and_then(|kept| kept.get(at)) {
                    (plots::of_check(plotted, span, &view.zone))
                }
            }
        }
    };
    frame(&view, Place::Checks, &key, &main).into_response()
}

fn component_of(view: &View, check: &Check) -> Markup {
    let plant = view.plant.as_ref().expect("a check is of a plant");
    component(plant.component(check.component).name.as_str())
}

/// What is shorter would be shown as 0.0 ms, as the looking up of an address is.
const SHOWN_US_MIN: u32 = 50;

fn phases(timing: Timing, kind: CheckKind) -> Markup {
    // What is timed there as the connection.
    let connect = if kind == CheckKind::Icmp { "echo" } else { "connect" };
    let Timing { resolve_us, connect_us, tls_us, wait_us, read_us, total_us } = timing;
    let phases = [
        ("name", resolve_us),
        (connect, connect_us),
        ("TLS", tls_us),
        ("wait", wait_us),
        ("read", read_us),
        ("in all", total_us),
    ];
    html! {
        dl.phases { @for (words, us) in phases { @if us >= SHOWN_US_MIN { dt { (words) } dd { (in_ms(us)) } } } }
    }
}

/// What the last answer read.
fn readings(readings: &[Reading]) -> Markup {
    html! {
        @if !readings.is_empty() {
            dl.phases { @for reading in readings {
                dt { (reading.name()) } dd { (number(reading.value())) " " (reading.unit()) }
            } }
        }
    }
}

/// At most three digits after the point: more is beyond what a person compares.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
