//! Words for people: a draft for those who are affected, and a list for whoever stands in front of the rack.
//!
//! Both are drafts. They name no provider, for that is a person's decision, and they promise nothing that
//! the answer does not say: what may happen is told as what may happen.

use super::{Answer, Fact, Wanted, names_in_words as names};
use crate::load::{BreakerFate, Verdict};
use blackstart_model::kind::Kind;
use blackstart_model::plant::Role;
use blackstart_model::time::{Duration, shown, shown_span};
use blackstart_model::{ComponentId, Plant};

/// A draft of what those who are affected are told.
#[must_use]
pub fn announcement(plant: &Plant, answer: &Answer) -> String {
    let mut text = String::new();
    let dark = |certain: bool| -> Vec<ComponentId> {
        let dark = answer.dark.iter().filter(|dark| dark.is_certain() == certain);
        let served = dark.filter(|dark| is_told(plant, dark.component));
        served.map(|dark| dark.component).collect()
    };
    let (down, perhaps) = (dark(true), dark(false));
    let weaker = answer.lost_redundancy.iter().map(|lost| lost.component);
    let weaker: Vec<ComponentId> =
        weaker.filter(|id| is_told(plant, *id) && !perhaps.contains(id)).collect();
    let planned = answer.failed.is_empty();
    let what =
        if planned { "Planned work on our power and network" } else { "A fault in our plant" };
    say(&mut text, &format!("Subject: {what}{}", day(plant, answer)));
    say(&mut text, "");
    if let Some((from, to)) = answer.window {
        let lasts = Duration::try_from(to.duration_since(from)).unwrap_or_default();
        let zone = plant.zone();
        let name = zone.name();
        say(
            &mut text,
            &format!(
                "From {} to {} ({name}), which is {}.",
                shown(from, zone),
                shown(to, zone),
                shown_span(lasts)
            ),
        );
    }
    if down.is_empty() && perhaps.is_empty() {
        say(&mut text, "We expect no interruption of any service.");
    }
    if !down.is_empty() {
        say(&mut text, &format!("These will not be reachable: {}.", names(plant, &down)));
    }
    if !perhaps.is_empty() {
        let words = "These may be interrupted; we cannot rule it out and are watching";
        say(&mut text, &format!("{words}: {}.", names(plant, &perhaps)));
    }
    if !weaker.is_empty() {
        let words = "These stay up, with less redundancy than usual for that time";
        say(&mut text, &format!("{words}: {}.", names(plant, &weaker)));
    }
    say(&mut text, "We tell you when it is over, and at once if anything goes otherwise.");
    text
}

/// What a person on site does before, during and after.
#[must_use]
pub fn checklist(plant: &Plant, answer: &Answer) -> Vec<String> {
    let name = |id: ComponentId| plant.component(id).name.as_str();
    let mut list = Vec::new();
    for fact in &answer.unknown {
        list.push(format!("before: {}", errand(plant, fact)));
    }
    let read = |id: ComponentId| {
        answer.unknown.iter().any(|fact| fact.component == id && fact.wanted == Wanted::Current)
    };
    for breaker in &answer.breakers {
        list.push(match breaker.verdict {
            Verdict::Holds if read(breaker.component) => continue,
            Verdict::Holds => format!(
                "before: read the current of {}; it will carry {} of its {} A",
                name(breaker.component),
                amps(breaker),
                breaker.rating_a
            ),
            Verdict::MayTrip | Verdict::Trips | Verdict::Unknown => format!(
                "before: take load off {}, or do not begin: it would carry {} and holds {:.1} A",
                name(breaker.component),
                amps(breaker),
                breaker.holds_a
            ),
        });
    }
    // Machines that go dark although they have several cords are the ones to look at.
    let cords = |id: ComponentId| {
        let mut cords = 0;
        if let Some(power) = plant.component(id).requirement(Role::Power) {
            power.each_leaf(&mut |_| cords += 1);
        }
        cords
    };
    for dark in answer.down() {
        let id = dark.component;
        if cords(id) > 1 && !answer.off.contains(&id) && !answer.failed.contains(&id) {
            list.push(format!(
                "before: look where the cords of {} go; by the plan, all go dark",
                name(id)
            ));
        }
    }
    if !answer.off.is_empty() {
        list.push(format!("begin: switch off {}, and nothing else", names(plant, &answer.off)));
    }
    for breaker in &answer.breakers {
        list.push(format!(
            "during: {} should read {}; above {:.1} A, stop and switch back",
            name(breaker.component),
            amps(breaker),
            breaker.holds_a
        ));
    }
    list.push("after: switch on one by one, wait for each current to settle".to_owned());
    list.push(
        "after: look at every power supply's light: a cord that was dark may have stayed so"
            .to_owned(),
    );
    list
}

/// What to go and look at, in words.
fn errand(plant: &Plant, Fact { component, wanted, hang_on_it }: &Fact) -> String {
    let name = &plant.component(*component).name;
    let what = match wanted {
        Wanted::Current => format!("read the current of {name}"),
        Wanted::Standard => format!("read what is printed on the breaker of {name}: its standard"),
        Wanted::Runtime => format!("look up runtime and capacity of {name}"),
        Wanted::TransferTime => format!("look up how long {name} takes to transfer"),
        Wanted::Exercise => format!("try whether {name} starts: it never was"),
        Wanted::StartTime => format!("look up how long {name} takes to start"),
        Wanted::Voltage => format!("look up the voltage of {name}"),
    };
    match hang_on_it {
        0 => what,
        1 => format!("{what} (one service or customer hangs on it)"),
        more => format!("{what} ({more} services and customers hang on it)"),
    }
}

fn amps(breaker: &BreakerFate) -> String {
    let least = breaker.load_min_a;
    match breaker.load_max_a {
        Some(most) if most - least < 0.05 => format!("{most:.1} A"),
        Some(most) => format!("{least:.1} to {most:.1} A"),
        None => format!("{least:.1} A or more, nobody knows how much"),
    }
}

fn is_told(plant: &Plant, id: ComponentId) -> bool {
    matches!(plant.component(id).kind, Kind::Service | Kind::Website | Kind::Database)
}

fn day(plant: &Plant, answer: &Answer) -> String {
    answer.window.map_or_else(String::new, |(from, _)| {
        let local = from.to_zoned(plant.zone().as_jiff().clone());
        format!(", {}", local.strftime("%A %Y-%m-%d"))
    })
}

fn say(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
