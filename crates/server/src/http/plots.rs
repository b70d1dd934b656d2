//! Plots of what the recorder keeps: bars of the time something was up, and lines of how long it took.
//!
//! SVG without scripts and without texts in it: the words stand beside it in HTML, so that they keep their size on
//! a phone, and everything drawn is said in a table that folds away. Grey is what nobody knows, and is narrower too: no
//! colour tells anything alone. It decides nothing but what is worth drawing. Tested on slots handed in.

use super::App;
use super::view::View;
use crate::recorder::{Plotted, Slot, Span, sum};
use blackstart_journal::samples::Series;
use blackstart_model::Plant;
use blackstart_model::check::Check;
use blackstart_model::reading::Unit;
use blackstart_model::sample::{ReadingRollup, Shares, Times};
use blackstart_model::time::{Timestamp, Zone};
use maud::{Markup, html};
use std::fmt::Write as _;

/// Units of a bar's width and of every drawing's height.
const BAR: f64 = 10.0;
const HIGH: f64 = 100.0;

/// A part of a bar that is not nothing is drawn this high at least, of a hundred.
const SEEN_MIN: f64 = 6.0;

/// What is kept of series over a span that ends now; why it cannot be read.
pub(super) type Kept = Result<Vec<Plotted>, String>;

/// Reads what is kept of series, off the threads that serve pages.
pub(super) async fn read(app: &App, view: &View, series: Vec<Series>, span: Span) -> Kept {
    let (hub, now, plant) = (app.hub.clone(), view.now, view.plant.clone());
    let read = move || hub.recorder().read(&series, span, now, plant.as_deref());
    let read = tokio::task::spawn_blocking(read).await;
    read.unwrap_or_else(|_| Err("the server is stopping".to_owned()))
}

/// The series of a check, from each of its vantages.
pub(super) fn series_of(check: &Check, plant: &Plant) -> Vec<Series> {
    let of = |&vantage| Series::Check {
        check: check.key.to_string(),
        vantage: plant.vantage(vantage).name.to_string(),
    };
    check.from.iter().map(of).collect()
}

/// Links to the same page over other spans.
pub(super) fn spans(path: &str, chosen: Span) -> Markup {
    html! {
        nav.spans aria-label="How far back" {
            @for span in Span::ALL {
                a href=(format!("{path}?span={}", span.as_str())) aria-current=[(span == chosen).then_some("true")] {
                    (span.in_words()) }
            }
        }
    }
}

/// Everything that is plotted of one check from one vantage.
pub(super) fn of_check(plotted: &Plotted, span: Span, zone: &Zone) -> Markup {
    let all = plotted.rollup();
    let names: Vec<&ReadingRollup> = all.readings.iter().collect();
    html! {
        @if all == Default::default() { p.quiet { "Nothing is kept of " (span.in_words()) " yet: a minute is kept when it is over." } }
        @else {
            (bars(plotted, span, zone))
            (times(plotted, span, zone, &all.times))
            @for reading in names { (readings(plotted, span, zone, reading)) }
            (table(plotted, span, zone))
        }
    }
}

/// How the time was spent, one bar after the other, with its words.
pub(super) fn bars(plotted: &Plotted, span: Span, zone: &Zone) -> Markup {
    html! {
        figure {
            figcaption { (spent(&plotted.shares())) span.quiet { " Each bar is " (span.bar_in_words()) "." } }
            div.chart {
                (strip(plotted, span, zone))
                (below(plotted, zone))
            }
        }
    }
}

/// The bars alone, small: in a list.
pub(super) fn glance(plotted: &Plotted, zone: &Zone) -> Markup {
    html! { span.glance { (strip(plotted, Span::Glance, zone)) } }
}

/// The bars alone.
pub(super) fn strip(plotted: &Plotted, span: Span, zone: &Zone) -> Markup {
    let bars: Vec<&[Slot]> = plotted.slots.chunks(span.slots_of_bar()).collect();
    let width = bars.len() as f64 * BAR;
    html! {
        svg.bars viewBox=(format!("0 0 {width} {HIGH}")) preserveAspectRatio="none" role="img"
            aria-label=(spent(&plotted.shares())) {
            @for (at, slots) in bars.iter().enumerate() { (bar(at as f64 * BAR, slots, zone)) }
        }
    }
}

fn bar(x: f64, slots: &[Slot], zone: &Zone) -> Markup {
    let shares = sum(slots);
    let whole = shares.whole();
    if whole <= 0.0 {
        return html! {};
    }
    let Shares { up, degraded, down, off, unknown } = shares;
    let (first, last) = (&slots[0], &slots[slots.len() - 1]);
    // From the bottom; what is drawn last takes what the others leave.
    let parts = [
        ("down", down, 1.0),
        ("degraded", degraded, 1.0),
        ("unknown", unknown, 3.0),
        ("off", off, 3.0),
    ];
    let mut drawn = Vec::new();
    let mut y = HIGH;
    for (class, share, inset) in parts {
        let least = if share > 0.0 { SEEN_MIN } else { 0.0 };
        let height = (share / whole * HIGH).max(least).min(y);
        y -= height;
        if height > 0.0 {
            drawn.push((class, y, height, inset));
        }
    }
    if up > 0.0 && y > 0.0 {
        drawn.push(("up", 0.0, y, 1.0));
    }
    html! {
        g {
            title { (clock(first.from_minute, zone)) " to " (clock(last.to_minute, zone)) ": " (spent(&shares)) }
            @for (class, y, height, inset) in drawn {
                rect class=(class) x=(x + inset) y=(format!("{y:.1}")) width=(BAR - 2.0 * inset) height=(format!("{height:.1}")) {}
            }
        }
    }
}

/// How time was spent, in words: what is not known is said, and counts for neither side.
pub(super) fn spent(shares: &Shares) -> String {
    let (known, whole) = (shares.known(), shares.whole());
    if whole <= 0.0 {
        return "Not watched yet.".to_owned();
    }
    let Shares { up, degraded, down, off, unknown } = *shares;
    let mut words = String::new();
    if known > 0.0 {
        let _ = write!(words, "Up {}", percent(up / known));
        for (part, name) in [(degraded, "degraded"), (down, "down")] {
            if part > 0.0 {
                let _ = write!(words, ", {name} {}", percent(part / known));
            }
        }
        words.push_str(if known < whole { " of the time that is known" } else { "" });
        words.push('.');
    }
    if off > 0.0 {
        let _ = write!(words, " Off on purpose {}.", percent(off / whole));
    }
    if unknown > 0.0 {
        let _ = write!(words, " Not known {}.", percent(unknown / whole));
    }
    words.trim().to_owned()
}

/// Never all of it when something is missing, nor nothing of it when something is there.
fn percent(share: f64) -> String {
    let hundredths = share * 10_000.0;
    let rounded = if share < 1.0 { hundredths.floor().min(9_999.0) } else { 10_000.0 };
    let rounded = if share > 0.0 { rounded.max(1.0) } else { 0.0 };
    let text = format!("{:.2}", rounded / 100.0);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// How long it took: percentiles, or the mean with shortest and longest where only those are known.
fn times(plotted: &Plotted, span: Span, zone: &Zone, all: &Times) -> Markup {
    if all.count == 0 {
        return html! {};
    }
    let by_sums = all.permille_us(500).is_none();
    type Line = (&'static str, &'static str, fn(&Times) -> Option<u32>);
    let lines: [Line; 3] = if by_sums {
        [
            ("p50", "mean", |times| times.mean_us()),
            ("p90", "shortest", |times| (times.count > 0).then_some(times.min_us)),
            ("p99", "longest", |times| (times.count > 0).then_some(times.max_us)),
        ]
    } else {
        [
            ("p50", "half of the answers took at most", |times| times.permille_us(500)),
            ("p90", "90 %", |times| times.permille_us(900)),
            ("p99", "99 %", |times| times.permille_us(990)),
        ]
    };
    let lines = lines.map(|(class, words, of)| {
        let values = plotted.slots.iter().map(|slot| of(&slot.rollup.times));
        let values: Vec<Option<f64>> = values.map(|us| us.map(|us| f64::from(us) / 1e6)).collect();
        (class, format!("{words} {}", of(all).map_or_else(String::new, shown_us)), values)
    });
    html! {
        figure {
            figcaption { "How long it took" @if by_sums { " (not all answers were told one by one)" } ": "
                (legend(&lines)) span.quiet { " Over " (span.in_words()) "." } }
            (chart(plotted, zone, &lines, "s", 0.0))
        }
    }
}

/// What else was read: the mean, between the smallest and the largest.
fn readings(plotted: &Plotted, span: Span, zone: &Zone, all: &ReadingRollup) -> Markup {
    let found = |slot: &Slot| {
        let own = slot.rollup.readings.iter().find(|own| own.name == all.name);
        own.filter(|own| own.unit == all.unit).cloned()
    };
    let found: Vec<Option<ReadingRollup>> = plotted.slots.iter().map(found).collect();
    type Line = (&'static str, &'static str, fn(&ReadingRollup) -> f64);
    let counts = all.unit == Unit::Counter;
    let unit = if counts { "/s" } else { all.unit.as_str() };
    let lines: Vec<(&str, String, Vec<Option<f64>>)> = if counts {
        vec![("p50", "growth each second".to_owned(), growth(plotted, &found))]
    } else {
        let of: [Line; 3] = [
            ("p50", "mean", |own| own.sum / f64::from(own.count.max(1))),
            ("p90", "smallest", |own| own.min),
            ("p99", "largest", |own| own.max),
        ];
        let line = |(class, words, of): Line| {
            let values = found.iter().map(|own| own.as_ref().map(of)).collect();
            (class, format!("{words} {} {unit}", short(of(all))), values)
        };
        of.into_iter().map(line).collect()
    };
    let lowest = lines.iter().flat_map(|(_, _, values)| values.iter().flatten());
    let lowest = lowest.fold(0.0, |low: f64, value| low.min(*value));
    html! {
        figure {
            figcaption { strong { (all.name) } ": " (legend(&lines)) span.quiet { " Over " (span.in_words()) "." } }
            (chart(plotted, zone, &lines, unit, lowest))
        }
    }
}

/// How fast a counter grew, from slot to slot; nothing where it went back: it wrapped, or began anew.
fn growth(plotted: &Plotted, found: &[Option<ReadingRollup>]) -> Vec<Option<f64>> {
    let mut before: Option<(u32, f64)> = None;
    let grown = plotted.slots.iter().zip(found).map(|(slot, own)| {
        let own = own.as_ref()?;
        let last = before.replace((slot.from_minute, own.max));
        let (minute, value) = last?;
        let seconds = f64::from(slot.from_minute.saturating_sub(minute)) * 60.0;
        (own.max >= value && seconds > 0.0).then(|| (own.max - value) / seconds)
    });
    grown.collect()
}

type Lines<'a> = [(&'a str, String, Vec<Option<f64>>)];

fn legend(lines: &Lines<'_>) -> Markup {
    html! {
        @for (at, (class, words, _)) in lines.iter().enumerate() {
            @if at > 0 { ", " }
            svg.key viewBox="0 0 24 10" aria-hidden="true" { path class=(class) d="M0 5H24" {} } " " (words)
        }
        "."
    }
}

/// Lines over the slots, stepwise: each slot has one value, and none where nothing is known.
fn chart(plotted: &Plotted, zone: &Zone, lines: &Lines<'_>, unit: &str, lowest: f64) -> Markup {
    let highest = lines.iter().flat_map(|(_, _, values)| values.iter().flatten());
    let highest = highest.fold(lowest, |high: f64, value| high.max(*value));
    let (bottom, top) = (0.0 - ceiling(-lowest), ceiling(highest));
    let top = if top > bottom { top } else { bottom + 1.0 };
    let y = |value: f64| HIGH - (value - bottom) / (top - bottom) * HIGH;
    let width = plotted.slots.len();
    let labels: Vec<String> = words_of([top, (top + bottom) / 2.0, bottom], unit).into();
    html! {
        div.chart.with-scale {
            div.scale aria-hidden="true" { @for label in &labels { span { (label) } } }
            svg.lines viewBox=(format!("0 0 {width} {HIGH}")) preserveAspectRatio="none" role="img"
                aria-label=(format!("from {} to {}", labels[2], labels[0])) {
                path.grid d=(format!("M0 0H{width}M0 50H{width}M0 100H{width}")) {}
                @for (class, _, values) in lines.iter().rev() { path class=(class) d=(steps(values, y)) {} }
            }
            (below(plotted, zone))
        }
    }
}

fn steps(values: &[Option<f64>], y: impl Fn(f64) -> f64) -> String {
    let mut path = String::new();
    let mut drawing = false;
    for (at, value) in values.iter().enumerate() {
        if let Some(value) = value {
            let y = y(*value);
            let _ = if drawing { write!(path, "V{y:.1}") } else { write!(path, "M{at} {y:.1}") };
            let _ = write!(path, "H{}", at + 1);
        }
        drawing = value.is_some();
    }
    path
}

/// The next of 1, 2 and 5 and their tenfolds; 0 of nothing.
fn ceiling(value: f64) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let fits = |factor: &f64| factor * power >= value;
    [1.0, 2.0, 5.0, 10.0].into_iter().find(fits).unwrap_or(10.0) * power
}

/// Values of one scale, in one unit that suits them.
fn words_of<const N: usize>(values: [f64; N], unit: &str) -> [String; N] {
    let largest = values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let (factor, unit) = match unit {
        "s" if largest < 1e-3 => (1e6, "µs".to_owned()),
        "s" if largest < 1.0 => (1e3, "ms".to_owned()),
        _ if unit == "s" || largest < 1e4 => (1.0, unit.to_owned()),
        _ if largest < 1e7 => (1e-3, format!("k{unit}")),
        _ if largest < 1e10 => (1e-6, format!("M{unit}")),
        _ => (1e-9, format!("G{unit}")),
    };
    values.map(|value| format!("{} {unit}", short(value * factor)).trim_end().to_owned())
}

/// Three digits that count.
fn short(value: f64) -> String {
    let digits = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        _ => 3,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn shown_us(us: u32) -> String {
    let [words] = words_of([f64::from(us) / 1e6], "s");
    words
}

/// When the drawing begins, its middle, and when it ends.
fn below(plotted: &Plotted, zone: &Zone) -> Markup {
    let (Some(first), Some(last)) = (plotted.slots.first(), plotted.slots.last()) else {
        return html! {};
    };
    let middle = &plotted.slots[plotted.slots.len() / 2];
    html! {
        div.when { @for minute in [first.from_minute, middle.from_minute, last.to_minute] {
            span { (clock(minute, zone)) }
        } }
    }
}

/// A minute as the zone's clocks show it.
fn clock(minute: u32, zone: &Zone) -> String {
    let at = Timestamp::from_second(i64::from(minute) * 60).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(zone.as_jiff().clone()).strftime("%a %d %b %H:%M").to_string()
}

/// What is drawn, as a table.
fn table(plotted: &Plotted, span: Span, zone: &Zone) -> Markup {
    let bars = plotted.slots.chunks(span.slots_of_bar());
    let rows: Vec<(&Slot, Shares, Plotted)> = bars
        .filter_map(|slots| {
            let shares = sum(slots);
            let own = Plotted { slots: slots.to_vec() };
            (shares.whole() > 0.0).then(|| (&slots[0], shares, own))
        })
        .collect();
    let ms = |us: Option<u32>| us.map_or_else(|| "–".to_owned(), shown_us);
    html! {
        details {
            summary { "The same as a table" }
            table {
                thead { tr { th { "From" } th { "Answers" } th { "How it stood" } th { "Half took at most" } th { "90 %" } th { "99 %" } th { "Longest" } } }
                tbody { @for (first, shares, own) in rows.iter().rev() {
                    @let all = own.rollup();
                    tr {
                        td { (clock(first.from_minute, zone)) }
                        td { (all.answers()) @if all.asked > 0 { ", " (all.asked) " more asked for" }
                            @for (why, count) in &all.unknown { ", " (count) " unknown (" (why) ")" } }
                        td { (spent(shares)) }
                        td { (ms(all.times.permille_us(500))) }
                        td { (ms(all.times.permille_us(900))) }
                        td { (ms(all.times.permille_us(990))) }
                        td { (ms((all.times.count > 0).then_some(all.times.max_us))) }
                    }
                } }
            }
        }
    }
}

/// Why there is no plot.
pub(super) fn none(why: &str) -> Markup {
    html! { p.quiet { "No plots: " (why) "." } }
}

#[cfg(test)]
mod tests;
