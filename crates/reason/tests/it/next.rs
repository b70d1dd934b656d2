//! What to look at next: the one question that tells apart what the checks cannot.

use crate::world::World;
use blackstart_model::kind::Kind;
use blackstart_model::observation::{Observation, Outcome, SymptomCode};
use blackstart_model::record::{
    Asker, Decision, FaultMode, Input, NextCheck, PersonAction, PersonInput, Saw,
};
use blackstart_model::time::Duration;
use blackstart_model::{ComponentName, VantageName};
use blackstart_reason::hands;
use std::fmt::Write as _;

const MINUTE: Duration = Duration::from_secs(60);

/// Two plain switches in a row, and nothing that asks between them.
const IN_A_ROW: &str = "
upstreams: { transit: { provides: internet } }
switches: { core: { network: transit }, upper: { network: core }, lower: { network: upper } }
servers: { s-1: { network: lower }, s-2: { network: lower } }
here: { at: core, way_out: [ { icmp: 192.0.2.1 } ] }
services:
  shop: { on: s-1, checks: [ { tcp: '10.1.0.1:80', every: 5s } ] }
  blog: { on: s-2, checks: [ { tcp: '10.1.0.2:80', every: 5s } ] }
";

fn observe(world: &mut World, component: &str, saw: Saw) {
    let component = ComponentName::from(component);
    let (trust, note) = (PersonAction::TRUST, String::new());
    let what = PersonAction::Observe { component, saw, trust, note };
    world.give(Input::Person(PersonInput { who: "mara".to_owned(), what }));
    world.run(Duration::from_secs(1));
}

/// What people are asked, in order.
fn asked(world: &World) -> Vec<NextCheck> {
    let next = world.state.diagnose(world.now).next_checks;
    next.into_iter().filter(|next| next.by == Asker::Person).collect()
}

fn targets(world: &World) -> Vec<String> {
    asked(world).into_iter().map(|next| next.target).collect()
}

#[test]
fn of_two_switches_in_a_row_the_question_says_which() {
    for (broken, told) in [("upper", Saw::Down), ("lower", Saw::Up)] {
        let mut world = World::of(IN_A_ROW);
        world.break_it(broken);
        world.run(MINUTE);
        let first = asked(&world).swap_remove(0);
        assert!(["upper", "lower"].contains(&first.target.as_str()), "{first:?}");
        assert!(first.ask.contains(&first.target), "{first:?}");
        let saw = match (told, first.target == "upper") {
            (told, true) => told,
            (Saw::Down, false) => Saw::Up,
            (_, false) => Saw::Down,
        };
        observe(&mut world, &first.target, saw);
        assert_eq!(world.causes(), [format!("{broken} down")]);
    }
}

#[test]
fn what_is_managed_by_a_way_that_is_gone_too_costs_somebody_a_walk() {
    let minutes = |managed: &str| {
        let text = IN_A_ROW
            .replace("upper: { network: core }", "upper: { network: core, failures_per_year: 3 }")
            .replace("lower: { network: upper }", &format!("lower: {{ network: upper{managed} }}"));
        let mut world = World::of(&text);
        world.break_it("upper");
        world.run(MINUTE);
        observe(&mut world, "upper", Saw::Unknown);
        let all = asked(&world);
        all.iter().find(|next| next.target == "lower").map(|next| next.minutes)
    };
    assert_eq!(minutes(""), Some(6.0), "from a chair");
    assert_eq!(
        minutes(", managed_via: upper"),
        Some(5.0 + 17.0),
        "by way of somebody who is called"
    );
}

#[test]
fn in_the_dark_nobody_logs_in_and_the_power_is_asked_about_first() {
    let text = "
upstreams: { transit: { provides: internet } }
feeds: { utility: {} }
sites: { hall: { power: utility } }
switches: { core: { in: hall, network: transit } }
hypervisors: { node-1: { in: hall, network: core }, node-2: { in: hall, network: core } }
servers: { elsewhere: { network: transit } }
here: { at: transit }
services:
  far: { on: elsewhere, checks: [ { tcp: '10.2.0.1:80', every: 5s } ] }
  shop: { on: node-1, checks: [ { tcp: '10.1.0.1:80', every: 5s } ] }
  blog: { on: node-2, checks: [ { tcp: '10.1.0.2:80', every: 5s } ] }
";
    let mut world = World::of(text);
    world.break_it("utility");
    world.run(MINUTE);
    let all = asked(&world);
    assert!(["utility", "hall"].contains(&all[0].target.as_str()), "{all:#?}");
    let mut of_node = all.iter().filter(|next| next.target.starts_with("node"));
    assert!(of_node.all(|next| next.minutes >= 20.0), "{all:#?}");
}

#[test]
fn nothing_is_asked_twice() {
    let mut world = World::of(IN_A_ROW);
    world.break_it("upper");
    world.run(MINUTE);
    let mut seen = Vec::new();
    while let Some(next) = asked(&world).into_iter().next() {
        assert!(!seen.contains(&next.target), "{} was asked already: {seen:?}", next.target);
        observe(&mut world, &next.target, Saw::Unknown);
        seen.push(next.target);
    }
    assert!(seen.len() >= 2, "{seen:?}");
}

#[test]
fn the_best_question_halves_what_is_possible() {
    // Eight things alike in a row of power: whether the fourth or fifth is dark tells most.
    let mut text = String::from(
        "upstreams: { transit: { provides: internet } }\nswitches: { core: { network: transit } }\n\
         here: { at: core }\npdus:\n  p-1: {}\n",
    );
    for pdu in 2..=8 {
        writeln!(text, "  p-{pdu}: {{ fed_by: p-{} }}", pdu - 1)
            .expect("a String takes everything");
    }
    text.push_str(
        "servers: { s-1: { power: p-8, network: core }, s-2: { power: p-8, network: core } }\nservices:\n\
         \x20 shop: { on: s-1, checks: [ { tcp: '10.1.0.1:80', every: 5s } ] }\n\
         \x20 blog: { on: s-2, checks: [ { tcp: '10.1.0.2:80', every: 5s } ] }\n",
    );
    let mut world = World::of(&text);
    world.break_it("p-2");
    world.run(MINUTE);
    observe(&mut world, "s-1", Saw::Down);
    observe(&mut world, "s-2", Saw::Down);
    let all = asked(&world);
    assert!(["p-4", "p-5"].contains(&all[0].target.as_str()), "{all:#?}");
    assert!(all[0].information_bits > 0.4, "{all:#?}");
}

/// A guest behind one card that has failed before, and another service beside it.
const ONE_CARD: &str = "
upstreams: { transit: { provides: internet } }
switches: { core: { network: transit } }
hypervisors: { node: { network: core } }
nics: { card: { on: node, network: core, failures_per_year: 2 } }
vms: { guest: { on: node, network: card } }
here: { at: core }
services:
  shop: { on: guest, checks: [ { tcp: '10.1.0.1:80', every: 5s } ] }
  blog: { on: guest, checks: [ { tcp: '10.1.0.1:81', every: 5s } ] }
  node-agent: { on: node, checks: [ { tcp: '10.1.0.2:80', every: 5s } ] }
";

#[test]
fn where_something_fails_in_turns_the_counters_of_the_card_are_asked_for() {
    let mut world = World::of(ONE_CARD);
    for turn in 0..12 {
        if turn % 2 == 0 {
            world.break_it("card")
        } else {
            world.mend("card")
        }
        world.run(Duration::from_secs(10));
    }
    let all = asked(&world);
    let card = all.iter().find(|next| next.target == "card");
    assert!(card.is_some_and(|card| card.ask.contains("error counters")), "{all:#?}");
    observe(&mut world, "card", Saw::Flapping);
    let believed = world.state.diagnose(world.now);
    assert_eq!(believed.cause()[0].subject, "card", "{believed:#?}");
    assert_eq!(believed.cause()[0].mode, FaultMode::Flaky, "{believed:#?}");
}

#[test]
fn a_check_that_is_wrong_is_asked_about_and_answered_for() {
    let mut world = World::of(&crate::world::two_racks());
    world.break_it("check web-4/tcp");
    world.run(MINUTE);
    let before = asked(&world);
    let check = "check web-4/tcp".to_owned();
    assert!(before.iter().any(|next| next.target == check), "{before:#?}");
    observe(&mut world, "web-4", Saw::Up);
    observe(&mut world, &check, Saw::Down);
    assert!(!targets(&world).contains(&check), "{:#?}", asked(&world));
    let believed = world.state.diagnose(world.now);
    assert_eq!(believed.cause()[0].mode, FaultMode::WrongCheck, "{believed:#?}");
}

#[test]
fn a_sure_cause_asks_nobody() {
    let mut world = World::of(&crate::world::two_racks());
    world.break_it("switch-2");
    world.run(MINUTE);
    assert_eq!(world.causes(), ["switch-2 down"]);
    assert_eq!(targets(&world), Vec::<String>::new(), "{:#?}", asked(&world));
}

#[test]
fn checks_that_can_answer_are_put_at_once_and_once() {
    let mut world = World::of(&crate::world::two_racks());
    world.break_it("switch-2");
    let down = |check: &str| {
        Input::Observed(Observation {
            check: check.into(),
            vantage: VantageName::here(),
            outcome: Outcome::down(SymptomCode::ConnectTimeout, ""),
            at: world.now,
            asked: false,
            tries: 1,
            failures: 1,
        })
    };
    let input = down("web-1/tcp");
    let decisions = world.give(input);
    let asks: Vec<_> = decisions
        .iter()
        .filter_map(|decision| match decision {
            Decision::Verify { asks, .. } => Some(asks.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    let mut once = asks.clone();
    once.sort();
    once.dedup();
    assert_eq!(asks.len(), once.len(), "{asks:?}");
    // The one beside it in the same rack but on another machine tells the switch from the machine.
    assert!(asks.iter().any(|(check, _)| check.as_str() == "web-2/tcp"), "{asks:?}");
}

#[test]
fn the_table_on_the_page_is_the_one_in_the_code() {
    let row = |of: &str, page: &str, look: &hands::Look| {
        let shows: Vec<&str> = look.shows.iter().map(|saw| saw.as_str()).collect();
        let hands::Look { ask: _, shows: _, on_site, remotely, trust } = look;
        let (ask, shows) = (look.about("NAME"), shows.join(", "));
        format!("| [{of}]({page}#{of}) | {ask} | {shows} | {on_site} | {remotely} | {trust} |\n")
    };
    let head = |second: &str| {
        format!(
            "| of | {second} | shows besides \"it works\" | there, min | from elsewhere, min | trust, % |\n\
             |---|---|---|---|---|---|\n"
        )
    };
    let (mut table, mut experiments) = (head("ask"), head("do"));
    for &kind in Kind::ALL {
        let page = hands::page(kind);
        assert!(hands::looks(kind).next().is_some(), "nobody can look at a {kind}");
        for look in hands::looks(kind) {
            table += &row(kind.as_str(), page, look);
        }
        for (_, look) in hands::experiments(kind) {
            experiments += &row(kind.as_str(), page, look);
        }
    }
    table += &row("vantage", "software.md", &hands::VANTAGE);
    table += &row("check", "software.md", &hands::CHECK);
    table += &row("carriage", "network.md", &hands::CARRIAGE);
    let index = include_str!("../../../../docs/hands/README.md");
    assert!(index.contains(&table), "docs/hands/README.md should hold this table:\n\n{table}");
    assert!(index.contains(&experiments), "and this one:\n\n{experiments}");
}

#[test]
fn every_kind_has_its_place_on_a_page() {
    let page = |name: &str| match name {
        "places.md" => include_str!("../../../../docs/hands/places.md"),
        "power.md" => include_str!("../../../../docs/hands/power.md"),
        "network.md" => include_str!("../../../../docs/hands/network.md"),
        "machines.md" => include_str!("../../../../docs/hands/machines.md"),
        "software.md" => include_str!("../../../../docs/hands/software.md"),
        other => panic!("there is no page {other}"),
    };
    let stands = |of: &str, on: &str, looks: &[&hands::Look]| {
        let (_, rest) = page(on)
            .split_once(&format!("\n## {of}\n"))
            .unwrap_or_else(|| panic!("docs/hands/{on} has no place for {of}"));
        let section = rest.split("\n## ").next().unwrap_or(rest);
        for look in looks {
            let hands::Look { on_site, remotely, .. } = look;
            let line = format!(
                "- **Ask:** {} ({on_site} min there, {remotely} min from elsewhere)\n",
                look.about("NAME")
            );
            assert!(section.contains(&line), "{of} in docs/hands/{on} should hold: {line}");
        }
        for head in ["Well", "Broken", "In turns, or badly", "Tells apart", "Leave alone"] {
            assert!(section.contains(&format!("- **{head}:** ")), "{of} in {on}: {head}?");
        }
    };
    for &kind in Kind::ALL {
        let experiments = hands::experiments(kind).map(|(_, look)| look);
        let looks: Vec<_> = hands::looks(kind).chain(experiments).collect();
        stands(kind.as_str(), hands::page(kind), &looks);
    }
    stands("vantage", "software.md", &[&hands::VANTAGE]);
    stands("check", "software.md", &[&hands::CHECK]);
    stands("carriage", "network.md", &[&hands::CARRIAGE]);
}
