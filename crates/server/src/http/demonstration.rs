//! What a demonstration adds to the pages: a banner on each, and forms that break things.
//!
//! None of it is there when a real plant is watched. What is truly broken is folded away: whoever
//! wants to judge the diagnosis first does so without knowing.

use super::App;
use super::act::Refused;
use super::page::{component as link, time};
use super::view::View;
use crate::stage::Broken;
use axum::extract::{Form, State};
use axum::http::StatusCode;
use axum::response::Redirect;
use blackstart_model::record::FaultMode;
use maud::{Markup, html};
use serde::Deserialize;

/// What a person can do to a component, as the form says it.
const ACTS: [(&str, &str); 3] =
    [("down", "Break it: down"), ("flaky", "Break it: flaky"), ("mend", "Mend it")];

/// Components offered in one list; more than a person looks through.
const OFFERED_MAX: usize = 1_000;

/// What pages show of a play.
#[derive(Clone, Debug)]
pub(crate) struct PlayView {
    pub(crate) title: String,
    pub(crate) speed: u32,
    pub(crate) broken: Vec<Broken>,
}

/// Says on every page that nothing of it is real.
pub(super) fn banner(view: &View) -> Markup {
    let Some(play) = &view.play else { return html! {} };
    html! {
        p.demonstration role="note" {
            strong { "This is a demonstration" } ": " (play.title) ". Nothing is asked on the network and nothing is sent; "
            @match play.speed { 1 => "time passes as it does. ", speed => { "time passes " (speed) " times as fast. " } }
            a href="/plant#break" { "Break something yourself" }
        }
    }
}

/// The forms for one component, on its page.
pub(super) fn of_component(view: &View, name: &str) -> Markup {
    if view.play.is_none() {
        return html! {};
    }
    html! {
        section.actions #break {
            h2 { "Break this " span.quiet { "demonstration only" } }
            form method="post" action="/demonstration" {
                input type="hidden" name="component" value=(name);
                @for (act, words) in ACTS { button name="act" value=(act) { (words) } }
            }
            (truth(view))
        }
    }
}

/// The form for any component, beside the map.
pub(super) fn of_plant(view: &View) -> Markup {
    let (Some(_), Some(plant)) = (&view.play, &view.plant) else { return html! {} };
    let mut names: Vec<&str> =
        plant.components().iter().map(|component| component.name.as_str()).collect();
    names.sort_unstable();
    html! {
        section.actions #break {
            h2 { "Break something " span.quiet { "demonstration only" } }
            form method="post" action="/demonstration" {
                label { "Component " select name="component" {
                    @for name in names.into_iter().take(OFFERED_MAX) { option { (name) } }
                } }
                @for (act, words) in ACTS { button name="act" value=(act) { (words) } }
            }
            (truth(view))
        }
    }
}

/// What is truly broken, folded away.
fn truth(view: &View) -> Markup {
    let Some(play) = &view.play else { return html! {} };
    html! {
        details {
            summary { "What is truly broken" }
            @if play.broken.is_empty() { p { "Nothing, at the moment." } }
            ul { @for broken in &play.broken {
                li {
                    @if view.plant.as_ref().is_some_and(|plant| plant.find(&broken.subject).is_some()) {
                        (link(&broken.subject))
                    } @else { (broken.subject) }
                    " " (broken.mode) ", since " (time(view, broken.since))
                    @if broken.by_hand { ", by your hand" } @else { ", by the play" }
                }
            } }
        }
    }
}

/// What the form says.
#[derive(Deserialize)]
pub(super) struct Asked {
    component: String,
    act: String,
}

pub(super) async fn act(
    State(app): State<App>,
    Form(asked): Form<Asked>,
) -> Result<Redirect, Refused> {
    let absent = || Refused(StatusCode::NOT_FOUND, "there is no such page".to_owned());
    let player = app.senses.player().ok_or_else(absent)?;
    let known = app.hub.state().plant().and_then(|plant| plant.find(&asked.component)).is_some();
    if !known {
        return Err(Refused(StatusCode::NOT_FOUND, "the plant has no such component".to_owned()));
    }
    let (component, now) = (asked.component.as_str().into(), crate::clock::wall());
    let stage = &player.play.stage;
    let done = match asked.act.as_str() {
        "down" => stage.break_it(&component, FaultMode::Down, now),
        "flaky" => stage.break_it(&component, FaultMode::Flaky, now),
        "mend" => stage.mend(&component, now),
        _ => Err("`act` is `down`, `flaky` or `mend`".to_owned()),
    };
    done.map_err(|why| Refused(StatusCode::CONFLICT, why))?;
    Ok(Redirect::to(&format!("/plant/{}", asked.component)))
}
