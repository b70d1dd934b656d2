//! Drawings of small plants as a person would judge them, and properties of random ones.

use super::scene::Scene;
use super::tree::{ROOT, Tree, What};
use super::{Drawing, Links, Mark, Picture, draw, questions};
use blackstart_model::plantfile::parse_str;
use blackstart_model::{ComponentId, Plant};
use blackstart_reason::circuit::Circuit;
use blackstart_reason::whatif::{Question, whatif};
use expect_test::expect_file;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

fn plant(text: &str) -> Arc<Plant> {
    let (plant, findings) = parse_str(text);
    plant.unwrap_or_else(|| panic!("{findings:?}"))
}

/// One feed off, and a server that has both of its cords in it.
const TWO_FEEDS: &str = r#"
blackstart: 1
name: "two feeds"
sites: { ams1: {} }
feeds: { feed-a: { in: ams1 }, feed-b: { in: ams1 } }
pdus: { pdu-a: { in: ams1, fed_by: feed-a }, pdu-b: { in: ams1, fed_by: feed-b } }
upstreams: { transit-1: { provides: internet } }
switches: { switch-1: { in: ams1, power: { any: [pdu-a, pdu-b] }, network: transit-1 } }
servers:
  stream-1: { in: ams1, power: { any: [pdu-a, pdu-b] }, network: switch-1 }
  stream-2: { in: ams1, power: { any: [pdu-a, pdu-a] }, network: switch-1 }
services:
  resolver: { on: stream-2 }
  plex: { on: stream-1, public: true }
customers: { acme: { uses: [plex] }, globex: { uses: [resolver] } }
"#;

fn id(plant: &Plant, name: &str) -> ComponentId {
    plant.find(name).unwrap()
}

/// What is told when one points at the boxes.
fn pointed(drawing: &Drawing) -> BTreeSet<String> {
    let titles = drawing.svg.split("<title>").skip(1);
    titles.filter_map(|rest| rest.split("</title>").next()).map(str::to_owned).collect()
}

#[test]
fn a_small_plant_is_drawn_whole() {
    let plant = plant(TWO_FEEDS);
    let drawing = draw(&plant, &Picture::of(&plant));
    assert_eq!((drawing.drawn, drawing.inside, drawing.left_out), (13, 0, 0));
    expect_file!["tests/two-feeds.svg"].assert_eq(&drawing.svg);
}

#[test]
fn the_answer_of_one_feed_off_shows_what_it_touches_and_what_goes_on() {
    let plant = plant(TWO_FEEDS);
    let circuit = Circuit::of(&plant);
    let drawing = draw(&plant, &questions::off(&plant, &circuit, &[id(&plant, "feed-a")]));
    let told = pointed(&drawing);
    for words in [
        "feed-a: off, feed",
        "pdu-a: down, pdu",
        "pdu-b: pdu",
        "stream-1: less redundant, server",
        "stream-2: down, server; 1 inside",
        "resolver: down, service",
        "globex: down, customer",
    ] {
        assert!(told.contains(words), "{words} in {told:#?}");
    }
    assert!(!told.iter().any(|words| words.starts_with("acme") || words.starts_with("plex")));
    assert_eq!(drawing.drawn + drawing.left_out, plant.components().len());
    expect_file!["tests/feed-a-off.svg"].assert_eq(&drawing.svg);
}

#[test]
fn the_answer_of_a_what_if_shows_the_other_side_and_not_what_it_has_no_part_in() {
    let plant = plant(TWO_FEEDS);
    let circuit = Circuit::of(&plant);
    let question = Question { off: vec![id(&plant, "feed-a")], ..Question::default() };
    let answer = whatif(&plant, &circuit, &question).unwrap();
    let told = pointed(&draw(&plant, &questions::answer(&plant, &answer)));
    let has = |words: &str| told.iter().any(|told| told.starts_with(words));
    for words in ["feed-a: off", "pdu-a: down", "stream-2: down", "globex: down", "pdu-b: "] {
        assert!(has(words), "{words} in {told:#?}");
    }
    assert!(!has("transit-1"), "{told:#?}");
}

#[test]
fn about_a_component_is_what_it_stands_on_and_what_stands_on_it() {
    let plant = plant(TWO_FEEDS);
    let drawing = draw(&plant, &questions::about(&plant, id(&plant, "stream-1")));
    let told = pointed(&drawing);
    assert!(told.contains("acme: customer") && told.contains("feed-b: feed"), "{told:#?}");
    assert!(!told.iter().any(|words| words.starts_with("globex")), "{told:#?}");
    assert!(drawing.svg.contains(r#"class="frame plain way""#), "it stands out itself");
}

#[test]
fn two_cords_in_one_strip_are_drawn_as_one_that_cannot_be_done_without() {
    let plant = plant(TWO_FEEDS);
    let picture = Picture::of(&plant);
    let tree = Tree::of(&plant, &picture);
    let scene = Scene::of(&plant, &picture, &tree);
    let box_of = |name: &str| {
        let node = tree.seen(id(&plant, name));
        scene.boxes.iter().find(|placed| Some(placed.node) == node).unwrap()
    };
    let power = |name: &str| -> Vec<bool> {
        let placed = box_of(name);
        let into = scene.strokes.iter().filter(|stroke| {
            stroke.is_end
                && stroke.line.class() == "power"
                && stroke.to.1 == placed.y
                && (placed.x..placed.x + placed.width).contains(&stroke.to.0)
        });
        into.map(|stroke| stroke.strand.must).collect()
    };
    assert_eq!(power("stream-2"), [true]);
    assert_eq!(power("stream-1"), [false, false]);
}

#[test]
fn many_of_a_kind_are_counted_until_somebody_opens_them() {
    let mut text = "blackstart: 1\nname: many\nservices: { web: {} }\ncustomers:\n".to_owned();
    for at in 0..1_000 {
        text.push_str(&format!("  customer-{at:04}: {{ uses: [web] }}\n"));
    }
    let plant = plant(&text);
    let drawing = draw(&plant, &Picture::of(&plant));
    assert_eq!((drawing.drawn, drawing.inside), (1, 1_000));
    assert!(drawing.svg.contains(">1,000 customers<"), "{}", drawing.svg);
    let open = BTreeSet::from([":customers/3".to_owned()]);
    let drawing = draw(&plant, &Picture { open, ..Picture::of(&plant) });
    assert_eq!((drawing.drawn, drawing.inside), (51, 950));
    assert!(pointed(&drawing).contains("customer-0100: customer"));
    let closed = BTreeSet::from([":customers".to_owned()]);
    let open = BTreeSet::from([":customers/3".to_owned(), "nobody".to_owned()]);
    let drawing = draw(&plant, &Picture { open, closed, ..Picture::of(&plant) });
    assert_eq!((drawing.drawn, drawing.inside), (1, 1_000), "closing wins");
    assert_eq!(drawing.not_opened, ["nobody"]);
}

#[test]
fn a_closed_box_says_how_many_stand_how_and_looks_like_the_worst() {
    let plant = plant(
        "blackstart: 1\nname: x\nservers: { s: {} }\nvms: { a: { on: s }, b: { on: s }, c: { on: s } }\n",
    );
    let closed = BTreeSet::from(["s".to_owned()]);
    let marks = vec![Mark::Up, Mark::Up, Mark::Down, Mark::Up];
    let drawing = draw(&plant, &Picture { closed, marks, ..Picture::of(&plant) });
    assert!(drawing.svg.contains(">▼ 1  ● 3<"), "{}", drawing.svg);
    assert!(drawing.svg.contains(">server, 3 inside<"), "{}", drawing.svg);
    assert!(drawing.svg.contains(r#"class="node down""#), "{}", drawing.svg);
}

#[test]
fn links_open_close_and_lead_to_the_component() {
    let plant = plant(TWO_FEEDS);
    let links = Some(Links { page: "/plant?".to_owned(), component: "/plant/" });
    let picture = Picture { links, alone: false, ..Picture::of(&plant) };
    let drawing = draw(&plant, &picture);
    assert!(
        drawing.svg.contains(r#"href="/plant/stream-3""#)
            || drawing.svg.contains(r#"href="/plant/acme""#)
    );
    assert!(drawing.svg.contains(r#"href="/plant?closed=ams1#map""#), "{}", drawing.svg);
    let closed = BTreeSet::from(["ams1".to_owned()]);
    let drawing = draw(&plant, &Picture { closed, ..picture });
    assert!(drawing.svg.contains(r#"href="/plant?open=ams1#map""#), "{}", drawing.svg);
    assert!(!drawing.svg.contains("<style"), "the page has it");
}

#[test]
fn an_empty_plant_is_a_drawing_too() {
    let plant = plant("blackstart: 1\nname: nothing yet\n");
    let drawing = draw(&plant, &Picture::of(&plant));
    assert_eq!((drawing.drawn, drawing.inside, drawing.left_out), (0, 0, 0));
    assert!(drawing.svg.contains("There is nothing in it."));
    well_formed(&drawing.svg);
}

#[test]
fn hostile_words_are_escaped() {
    let plant =
        plant("blackstart: 1\nname: \"</text><script>alert('&')</script>\"\nservers: { s: {} }\n");
    let note = |_| "\"><img onerror='x'>\u{1}".to_owned();
    let picture = Picture { note: &note, ..Picture::of(&plant) };
    let title = format!("{}\u{7}", picture.title);
    let drawing = draw(&plant, &Picture { title, ..picture });
    well_formed(&drawing.svg);
    assert!(!drawing.svg.contains("<script") && !drawing.svg.contains("<img"), "{}", drawing.svg);
    assert!(!drawing.svg.contains(['\u{7}', '\u{1}']));
}

#[test]
fn what_needs_each_other_is_drawn_without_end() {
    let plant = plant(
        "blackstart: 1\nname: x\nsites: { a: {}, b: {} }\n\
         services: { one: { in: a }, two: { in: b, needs: [one] }, three: { in: a, needs: [two] } }\n\
         routers: { r: { in: a, network: t } }\nupstreams: { t: { provides: internet } }\n\
         links: { l: { between: [r, q] } }\nswitches: { q: { in: b, network: r } }\n",
    );
    let drawing = draw(&plant, &Picture::of(&plant));
    assert_eq!(drawing.drawn, plant.components().len());
    well_formed(&drawing.svg);
}

/// Tags are closed in order, and no text holds what it may not.
fn well_formed(svg: &str) {
    let mut open = Vec::new();
    let mut rest = svg;
    while let Some((before, tag)) = rest.split_once('<') {
        assert!(!before.contains('>') || open.last() == Some(&"style"), "a loose > in {before}");
        let (tag, after) = tag.split_once('>').expect("a tag ends");
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes in {tag}");
        match tag.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "closed in order"),
            None if tag.ends_with('/') => {}
            None => open.push(tag.split(' ').next().unwrap()),
        }
        rest = after;
    }
    assert!(open.is_empty(), "{open:?} left open");
}

/// A plant of so many of each, wired by chance.
fn random_plant() -> impl Strategy<Value = String> {
    let chance = proptest::collection::vec(any::<u16>(), 1..120);
    (1_usize..4, 0_usize..6, 1_usize..40, 0_usize..30, chance).prop_map(
        |(sites, racks, servers, services, chance)| {
            let mut chance = chance.into_iter().cycle().enumerate();
            let mut pick = |of: usize| {
                let (at, number) = chance.next().unwrap_or((0, 0));
                (usize::from(number) + at * 7) % of.max(1)
            };
            let mut text = "blackstart: 1\nname: by chance\nfeeds: { f0: {}, f1: {} }\n".to_owned();
            text.push_str("upstreams: { t: { provides: internet } }\nsites:\n");
            (0..sites).for_each(|at| text.push_str(&format!("  site-{at}: {{}}\n")));
            text.push_str("switches: { core: { network: t } }\nracks:\n  rack-x: {}\n");
            for at in 0..racks {
                text.push_str(&format!("  rack-{at}: {{ in: site-{} }}\n", pick(sites)));
            }
            text.push_str("servers:\n");
            for at in 0..servers {
                let rack = match pick(racks + 1) {
                    0 => "rack-x".to_owned(),
                    rack => format!("rack-{}", rack - 1),
                };
                let power = ["f0", "{ any: [f0, f1] }", "{ any: [f1, f1] }"][pick(3)];
                text.push_str(&format!(
                    "  a-server-with-a-long-name-{at}: {{ in: {rack}, power: {power}, network: core }}\n"
                ));
            }
            text.push_str("services:\n  first: {}\n");
            for at in 0..services {
                let server = pick(servers);
                let needs = if at == 0 { "first".to_owned() } else { format!("s{}", pick(at)) };
                text.push_str(&format!(
                    "  s{at}: {{ on: a-server-with-a-long-name-{server}, needs: [{needs}] }}\n"
                ));
            }
            text.push_str("customers:\n");
            (0..services).for_each(|at| text.push_str(&format!("  c{at}: {{ uses: [s{at}] }}\n")));
            if services == 0 {
                text.push_str("  c: { uses: [first] }\n");
            }
            text
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn boxes_stand_in_their_boxes_and_never_on_each_other(
        text in random_plant(), open in any::<bool>(), only in proptest::option::of(any::<u32>())
    ) {
        let plant = plant(&text);
        let count = plant.components().len();
        let mut picture = Picture::of(&plant);
        if open {
            picture.open = plant.components().iter().map(|own| own.name.to_string()).collect();
        }
        if let Some(seed) = only {
            let kept = |at: usize| at.wrapping_mul(2_654_435_761) ^ (seed as usize);
            picture.only = Some((0..count).map(|at| kept(at) % 3 == 0).collect());
        }
        let tree = Tree::of(&plant, &picture);
        let scene = Scene::of(&plant, &picture, &tree);
        for (at, one) in scene.boxes.iter().enumerate() {
            prop_assert!(one.x >= 0 && one.y >= 0);
            prop_assert!(one.x + one.width <= scene.width && one.y + one.height <= scene.height);
            let name = super::text::width(&one.name, super::scene::NAME);
            prop_assert!(name + super::scene::PAD <= one.width, "{} fits", one.name);
            for other in &scene.boxes[at + 1..] {
                let apart = one.x + one.width <= other.x
                    || other.x + other.width <= one.x
                    || one.y + one.height <= other.y
                    || other.y + other.height <= one.y;
                if tree.is_in(other.node, one.node) {
                    let inside = one.x < other.x
                        && one.y < other.y
                        && other.x + other.width < one.x + one.width
                        && other.y + other.height < one.y + one.height;
                    prop_assert!(inside, "{} in {}", other.name, one.name);
                } else {
                    prop_assert!(apart, "{} beside {}", other.name, one.name);
                }
            }
        }
        for stroke in &scene.strokes {
            for (x, y) in [stroke.from, stroke.to] {
                prop_assert!((0..=scene.width).contains(&x) && (0..=scene.height).contains(&y));
            }
        }
        let boxes = tree.nodes.iter().enumerate();
        let one = |(at, node): &(usize, &super::tree::Node)| {
            *at != ROOT && node.is_visible && matches!(node.what, What::One(_))
        };
        prop_assert_eq!(boxes.filter(one).count(), tree.drawn());
        let drawing = draw(&plant, &picture);
        prop_assert_eq!(drawing.drawn + drawing.inside + drawing.left_out, count);
        prop_assert_eq!(&drawing, &draw(&plant, &picture), "the same bytes");
        well_formed(&drawing.svg);
    }
}
