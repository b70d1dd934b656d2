//! What to look at next, as one is asked it: the questions of an incident with a form under each, and on a
//! component's page what can be seen of it, said of it and done to it.
//!
//! It shows what the diagnosis asks and passes answers on ([`act`](super::act)); it ranks nothing. Plain
//! forms, each with its own buttons. Tested here, and through the server in `cli/tests/it/observed.rs`.

use super::page::component as link;
use super::view::View;
use blackstart_model::plant::Component;
use blackstart_model::record::{Asker, Deed, NextCheck, PersonAction, Saw};
use blackstart_reason::{Incident, hands};
use maud::{Markup, html};

/// The questions of an incident, the best for its cost first.
pub(super) fn questions(view: &View, incident: &Incident) -> Markup {
    let questions = &incident.diagnosis.next_checks;
    html! {
        @if !questions.is_empty() {
            section.actions #next {
                h2 { "What to look at next" }
                ol { @for question in questions { li { (one(view, incident, question)) } } }
            }
        }
    }
}

fn one(view: &View, incident: &Incident, question: &NextCheck) -> Markup {
    let NextCheck { ask, target, by, minutes, information_bits } = question;
    let worth = format!("{information_bits:.2} bit");
    html! {
        p { strong { (ask) } }
        @match by {
            Asker::Probe => p.quiet { "Asked by itself, answered within " (cost(*minutes)) "; expected to tell " (worth) },
            Asker::Person => {
                p.quiet { "About " (cost(*minutes)) "; expected to tell " (worth) ", of which 1 halves the doubt" }
                @if let Some(component) = named(view, target) {
                    p.quiet { "What " (link(target)) " (" (component.kind) ") looks like: "
                        code { "docs/hands/" (hands::page(component.kind)) "#" (component.kind) } }
                }
                form method="post" action="/observe" {
                    input type="hidden" name="component" value=(target);
                    input type="hidden" name="incident" value=(incident.id.to_string());
                    @if let Some(deed) = named(view, target).and_then(|component| done_by(component, ask)) {
                        input type="hidden" name="did" value=(deed);
                    }
                    (answers())
                }
            }
        }
    }
}

fn named<'a>(view: &'a View, name: &str) -> Option<&'a Component> {
    let plant = view.plant.as_ref()?;
    Some(plant.component(plant.find(name)?))
}

/// What one does to a component by doing what is asked.
fn done_by(component: &Component, ask: &str) -> Option<Deed> {
    let mut experiments = hands::experiments(component.kind);
    experiments.find(|(_, look)| look.about(component.name.as_str()) == ask).map(|(deed, _)| deed)
}

/// What can be looked at, said of it and done to it.
pub(super) fn of_component(component: &Component) -> Markup {
    let to = format!("/plant/{}/observe", component.name);
    html! {
        section.actions {
            h2 { "Say what you saw" }
            ul { @for look in hands::looks(component.kind) {
                li { (look.about(component.name.as_str())) " " span.quiet { (cost(look.on_site)) " there, " (cost(look.remotely)) " from elsewhere" } }
            } }
            form method="post" action=(to) { (answers()) }
            h2 { "Say what you did" }
            form method="post" action=(to) {
                label { "It was " select name="did" { @for deed in Deed::ALL {
                    option value=(deed) { (deed.as_str().replace('-', " ")) }
                } } }
                (note())
                button { "I did this" }
            }
        }
    }
}

/// The fields and buttons of an answer.
fn answers() -> Markup {
    let buttons = [
        (Saw::Down, "It does not work"),
        (Saw::Up, "It works"),
        (Saw::Flapping, "It fails in turns"),
        (Saw::Degraded, "It works badly"),
        (Saw::Unknown, "I cannot tell"),
    ];
    let trusts =
        [(PersonAction::TRUST, "I saw it"), (99, "I am sure"), (70, "I was told"), (55, "I guess")];
    html! {
        (note())
        label { "How sure " select name="trust" { @for (trust, words) in trusts {
            option value=(trust) { (words) " (" (trust) " %)" }
        } } }
        @for (saw, words) in buttons { button name="saw" value=(saw) { (words) } }
    }
}

fn note() -> Markup {
    html! { label { "Note " input name="note" maxlength="500" autocomplete="off"; } }
}

/// Minutes as a person says them.
fn cost(minutes: f64) -> String {
    if minutes < 1.0 {
        format!("{:.0} s", (minutes * 60.0).ceil())
    } else {
        format!("{minutes:.0} min")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_can_be_looked_at_spoken_of_and_done_to() {
        let text = "blackstart: 1\nname: p\ntimezone: UTC\npdus: { pdu-a: {} }\n";
        let (plant, _) = blackstart_model::plantfile::parse_str(text);
        let plant = plant.expect("a plant");
        let page = of_component(&plant.components()[0]).into_string();
        for words in [
            "look at the power lamp of pdu-a: is it lit?",
            "2 min there, 20 min from elsewhere",
            "action=\"/plant/pdu-a/observe\"",
            "name=\"saw\" value=\"flapping\"",
            "value=\"90\">I saw it (90 %)",
            "value=\"power-cycled\">power cycled",
        ] {
            assert!(page.contains(words), "{words} in {page}");
        }
    }

    #[test]
    fn a_cost_is_said_as_people_say_it() {
        assert_eq!([cost(0.03), cost(0.5), cost(4.0)], ["2 s", "30 s", "4 min"]);
    }
}
