//! *What if*: this is switched off, or that fails: who goes dark, which breaker trips, and when? The question
//! is the URL.
//!
//! Answered beside the loop, from the plant in use and today's condition; nothing is changed or told.

use super::App;
use super::map;
use super::page::{Place, component as link, page as frame, time};
use super::view::View;
use crate::drawing::questions;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use blackstart_model::kind::Kind;
use blackstart_model::time::{Timestamp, local_instant};
use blackstart_model::{ComponentId, Plant};
use blackstart_reason::circuit::{Circuit, Witness};
use blackstart_reason::load::{BreakerFate, Verdict};
use blackstart_reason::whatif::{
    Answer, Dark, Question, announcement, checklist, fate_in_words, whatif, when_in_words,
};
use maud::{Markup, html};
use std::sync::Arc;

/// Names that one question may hold; a notice that takes away more is a page of its own.
const NAMES_MAX: usize = 200;

/// Rows of one table; the rest is counted.
const ROWS_MAX: usize = 200;

/// Names offered while one types: what a notice is usually about.
const OFFERED_MAX: usize = 500;

/// What a URL asks: names are parted by commas or blanks.
#[derive(Default)]
struct Asked {
    off: String,
    failed: String,
    from: String,
    to: String,
    /// An announced maintenance by its name, which says what is off and when.
    maintenance: String,
}

impl Asked {
    fn of(query: &[(String, String)]) -> Self {
        let all = |key: &str| {
            let own = query.iter().filter(|(own, _)| own == key);
            own.map(|(_, value)| value.trim()).collect::<Vec<_>>().join(" ")
        };
        Self {
            off: all("off"),
            failed: all("failed"),
            from: all("from"),
            to: all("to"),
            maintenance: all("maintenance"),
        }
    }

    /// The question, or what is wrong with it.
    fn question(&self, plant: &Plant) -> Result<Option<Question>, String> {
        let (mut off, failed) = (named(plant, &self.off)?, named(plant, &self.failed)?);
        let mut window = match (self.from.as_str(), self.to.as_str()) {
            ("", "") => None,
            (from, to) => {
                let (from, to) = (instant(plant, from)?, instant(plant, to)?);
                if to <= from {
                    return Err("the window ends before it begins".to_owned());
                }
                Some((from, to))
            }
        };
        if !self.maintenance.is_empty() {
            let one = plant.maintenance().iter().find(|one| *one.name == *self.maintenance);
            let one = one.ok_or(format!("no maintenance is called `{}`", self.maintenance))?;
            off.extend(&one.off);
            window = window.or(Some((one.from, one.to)));
        }
        if off.is_empty() && failed.is_empty() {
            return Ok(None);
        }
        Ok(Some(Question { off, failed, window }))
    }

    /// What stands before `open=` in the links of the drawing.
    fn page(&self) -> String {
        let pairs = [
            ("off", &self.off),
            ("failed", &self.failed),
            ("from", &self.from),
            ("to", &self.to),
            ("maintenance", &self.maintenance),
        ];
        let mut page = "/whatif?".to_owned();
        for (key, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
            page.push_str(&format!("{key}={}&", encoded(value)));
        }
        page
    }
}

/// A value as it stands in the query of a URL (RFC 3986, section 2.1).
fn encoded(value: &str) -> String {
    let mut encoded = String::new();
    for byte in value.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

fn named(plant: &Plant, names: &str) -> Result<Vec<ComponentId>, String> {
    let names = names.split([',', ' ']).filter(|name| !name.is_empty()).take(NAMES_MAX);
    names.map(|name| plant.find(name).ok_or(format!("nothing is called `{name}`"))).collect()
}

fn instant(plant: &Plant, text: &str) -> Result<Timestamp, String> {
    // A browser's own field for a time writes a T between day and hour.
    let text = text.replace('T', " ");
    local_instant(&text, plant.zone())
        .map_err(|error| format!("could not read the time `{text}`: {error}"))
}

pub(super) async fn page(State(app): State<App>, query: map::Asked) -> Response {
    let view = app.view();
    let Some(plant) = view.plant.clone() else {
        let main = html! { h1 { "What if" } p { "There is no plant to ask about." } };
        return frame(&view, Place::WhatIf, "what if", &main).into_response();
    };
    let asked = Asked::of(&query.0);
    let answer = match asked.question(&plant) {
        Err(wrong) => html! { p.alarm role="alert" { (wrong) } },
        Ok(None) => announced(&view, &plant),
        Ok(Some(question)) => match answered(plant.clone(), question).await {
            Err(wrong) => html! { p.alarm role="alert" { "There is no answer: " (wrong) } },
            Ok(answer) => shown(&view, &plant, &answer, &asked, &query),
        },
    };
    let main = html! {
        h1 { "What if" }
        (form(&plant, &asked))
        (answer)
    };
    frame(&view, Place::WhatIf, "what if", &main).into_response()
}

async fn answered(plant: Arc<Plant>, question: Question) -> Result<Answer, String> {
    let computing =
        tokio::task::spawn_blocking(move || whatif(&plant, &Circuit::of(&plant), &question));
    match computing.await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    }
}

fn form(plant: &Plant, asked: &Asked) -> Markup {
    let offered = plant.components().iter().filter(|component| {
        matches!(
            component.kind,
            Kind::Feed
                | Kind::Ups
                | Kind::Pdu
                | Kind::Breaker
                | Kind::Switch
                | Kind::Router
                | Kind::Upstream
                | Kind::Rack
                | Kind::Room
                | Kind::Site
                | Kind::Cooling
                | Kind::Storage
                | Kind::Hypervisor
        )
    });
    html! {
        form method="get" action="/whatif" {
            label { "Off " input name="off" value=(asked.off) list="names" autocomplete="off" placeholder="feed-a pdu-3"; }
            label { "Failed " input name="failed" value=(asked.failed) list="names" autocomplete="off"; }
            label { "From " input name="from" value=(asked.from) autocomplete="off" placeholder="2026-11-28 22:00"; }
            label { "to " input name="to" value=(asked.to) autocomplete="off"; }
            button { "Ask" }
            datalist #names { @for component in offered.take(OFFERED_MAX) { option value=(component.name) {} } }
        }
    }
}

/// The announced maintenance, as questions.
fn announced(view: &View, plant: &Plant) -> Markup {
    html! {
        p { "Name what is switched off, or has failed: components by their names, parted by blanks." }
        @if !plant.maintenance().is_empty() {
            h2 { "Announced" }
            ul { @for one in plant.maintenance().iter().take(ROWS_MAX) {
                li { a href=(format!("/whatif?maintenance={}", encoded(&one.name))) { (one.name) } " by " (one.by) ", "
                    (time(view, one.from)) " to " (time(view, one.to)) }
            } }
        }
    }
}

/// The answer.
fn shown(view: &View, plant: &Plant, answer: &Answer, asked: &Asked, query: &map::Asked) -> Markup {
    let asked_for = |dark: &&Dark| {
        answer.off.contains(&dark.component) || answer.failed.contains(&dark.component)
    };
    let (down, may): (Vec<&Dark>, Vec<&Dark>) =
        answer.dark.iter().filter(|dark| !asked_for(dark)).partition(|dark| dark.is_certain());
    let customers = match answer.customers(plant).count() {
        1 => "1 customer".to_owned(),
        count => format!("{count} customers"),
    };
    html! {
        h2 { @if answer.is_harmless() { "Nothing else is lost" }
            @else { "Goes dark: " (down.len()) ", with " (customers) "; may go dark: " (may.len())
                "; less redundant: " (answer.lost_redundancy.len()) } }
        @if let Some((from, to)) = answer.window { p { (time(view, from)) " to " (time(view, to)) } }
        @for &at in &answer.overlapping {
            @let one = &plant.maintenance()[at];
            p { "Together with " (one.name) " by " (one.by) ", which falls into the same time." }
        }
        (map::shown(plant, questions::answer(plant, answer), asked.page(), query))
        @if !answer.breakers.is_empty() { section {
            h2 { "Breakers that gain load" }
            table {
                thead { tr { th { "Breaker" } th { "Verdict" } } }
                tbody { @for breaker in answer.breakers.iter().take(ROWS_MAX) {
                    tr { td { (link(plant.component(breaker.component).name.as_str())) } td { (verdict(breaker)) } }
                } }
            }
            (more(answer.breakers.len()))
        } }
        (dark(plant, "Goes dark", &down))
        (dark(plant, "May go dark", &may))
        @if !answer.lost_redundancy.is_empty() { section {
            h2 { "Has less redundancy" }
            table {
                thead { tr { th { "Name" } th { "Now falls with" } } }
                tbody { @for lost in answer.lost_redundancy.iter().take(ROWS_MAX) {
                    tr {
                        td { (link(plant.component(lost.component).name.as_str())) }
                        td { (names(plant, &lost.falls_with)) }
                    }
                } }
            }
            (more(answer.lost_redundancy.len()))
        } }
        section { h2 { "For the person on site" }
            ul { @for line in checklist(plant, answer) { li { (line) } } } }
        section { h2 { "Draft for those affected" } pre.draft { (announcement(plant, answer)) } }
    }
}

fn verdict(breaker: &BreakerFate) -> Markup {
    let class = match breaker.verdict {
        Verdict::Trips => "down",
        Verdict::MayTrip => "degraded",
        Verdict::Unknown => "unknown",
        Verdict::Holds => "up",
    };
    html! { span class=(format!("badge {class}")) { (breaker.verdict.as_str().replace('-', " ")) } " " (fate_in_words(breaker)) }
}

/// What goes dark, with when and by which way.
fn dark(plant: &Plant, title: &str, of: &[&Dark]) -> Markup {
    html! { @if !of.is_empty() { section {
        h2 { (title) }
        table {
            thead { tr { th { "Name" } th { "When" } th { "One way" } } }
            tbody { @for dark in of.iter().take(ROWS_MAX) {
                tr {
                    td { (link(plant.component(dark.component).name.as_str())) " "
                        span.quiet { (plant.component(dark.component).kind) } }
                    td { (when_in_words(dark.when)) }
                    td { @if let Some(Witness { through, .. }) = &dark.witness {
                        @for (at, &step) in through.iter().enumerate() {
                            @if at > 0 { span.quiet aria-label="stands on" { " ← " } }
                            (link(plant.component(step).name.as_str()))
                        }
                    } }
                }
            } }
        }
        (more(of.len()))
    } } }
}

fn more(count: usize) -> Markup {
    html! { @if count > ROWS_MAX { p.quiet { "and " (count - ROWS_MAX) " more" } } }
}

fn names(plant: &Plant, of: &[ComponentId]) -> Markup {
    const SHOWN_MAX: usize = 12;
    html! {
        @for (at, &id) in of.iter().take(SHOWN_MAX).enumerate() {
            @if at > 0 { ", " }
            (link(plant.component(id).name.as_str()))
        }
        @if of.len() > SHOWN_MAX { span.quiet { " and " (of.len() - SHOWN_MAX) " more" } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use blackstart_model::plantfile::parse_str;

    const PLANT: &str = "blackstart: 1
name: x
timezone: Europe/Amsterdam
feeds: { feed-a: {}, feed-b: {} }
maintenance: { feed-a-off: { off: [feed-a], by: them, from: '2026-11-28 22:00', to: '2026-11-29 06:00' } }
";

    fn asked(query: &[(&str, &str)]) -> Result<Option<Question>, String> {
        let (plant, findings) = parse_str(PLANT);
        let plant = plant.unwrap_or_else(|| panic!("{findings:?}"));
        let query: Vec<_> =
            query.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
        Asked::of(&query).question(&plant)
    }

    #[test]
    fn names_and_times_are_what_the_url_says() {
        let question = asked(&[
            ("off", "feed-a, feed-b"),
            ("from", "2026-11-28T22:00"),
            ("to", "2026-11-29 06:00"),
        ]);
        let question = question.unwrap().unwrap();
        assert_eq!(question.off, [ComponentId(0), ComponentId(1)]);
        let (from, to) = question.window.unwrap();
        assert_eq!(
            (from.to_string(), to.to_string()),
            ("2026-11-28T21:00:00Z".to_owned(), "2026-11-29T05:00:00Z".to_owned())
        );
    }

    #[test]
    fn a_maintenance_says_what_is_off_and_when() {
        let question = asked(&[("maintenance", "feed-a-off")]).unwrap().unwrap();
        assert_eq!((question.off.len(), question.window.is_some()), (1, true));
        assert_eq!(encoded("feed a, off"), "feed%20a%2C%20off");
    }

    #[test]
    fn what_is_wrong_is_said_and_nothing_asked_is_no_question() {
        assert_eq!(asked(&[]), Ok(None));
        for wrong in [
            &[("off", "nobody")][..],
            &[("off", "feed-a"), ("from", "tomorrow")],
            &[("off", "feed-a"), ("from", "2026-11-29 06:00"), ("to", "2026-11-28 06:00")],
            &[("maintenance", "none such")],
        ] {
            assert!(asked(wrong).is_err(), "{wrong:?}");
        }
    }
}
