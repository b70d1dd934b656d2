//! Writes a scene as SVG 1.1: nothing but shapes, words, links and one style; no script, no font, nothing
//! from elsewhere. Every text goes through one door that escapes it.

use super::layers::Shape;
use super::lines::Line;
use super::scene::{NAME, PAD, Placed, SMALL, Scene, Stroke};
use super::text::{self, clean, fitted, number};
use super::tree::{ROOT, Tree, What};
use super::{Links, Mark, Picture, STYLE};
use blackstart_model::Plant;
use maud::{Markup, PreEscaped, html};
use std::collections::BTreeSet;

const MARGIN: i32 = 14;

/// Height of the caption and of a line of the legend.
const CAPTION: i32 = 46;
/// Its letters are 15 pixels high, and bold: about as wide as these.
const CAPTION_BOLD: i32 = 17;

/// The widest caption that makes a narrow drawing wider.
const CAPTION_MAX: i32 = 620;

const LEGEND: i32 = 24;

/// The narrowest drawing: its legend needs room.
const WIDTH_MIN: i32 = 340;

pub(super) fn write(plant: &Plant, picture: &Picture<'_>, tree: &Tree, scene: &Scene) -> Markup {
    let top = if picture.alone { CAPTION } else { 0 } + MARGIN;
    let title = clean(&picture.title);
    let said_in_words = summary(tree);
    let caption = text::width(&title, CAPTION_BOLD).max(text::width(&said_in_words, SMALL));
    let caption = if picture.alone { caption.min(CAPTION_MAX) } else { 0 };
    let width = (scene.width.max(caption) + 2 * MARGIN).max(WIDTH_MIN);
    let left = (width - scene.width) / 2;
    let (legend, legend_height) = legend(tree, scene, width, top + scene.height + MARGIN);
    let height = top + scene.height + MARGIN + legend_height;
    let (title_id, said) = (format!("{}-title", picture.id), format!("{}-said", picture.id));
    let role = if picture.links.is_some() { "group" } else { "img" };
    html! {
        svg.map xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {width} {height}")) width=(width)
            height=(height) role=(role) aria-labelledby=(title_id) aria-describedby=(said) {
            title id=(title_id) { (title) }
            desc id=(said) { (said_in_words) }
            @if picture.alone { style { (PreEscaped(STYLE)) } }
            rect.paper width="100%" height="100%" {}
            @if picture.alone {
                text.caption x=(MARGIN) y=(MARGIN + 12) { (fitted(&title, CAPTION_BOLD, width - 2 * MARGIN)) }
                text.small x=(MARGIN) y=(MARGIN + 31) { (fitted(&said_in_words, SMALL, width - 2 * MARGIN)) }
            }
            g transform=(format!("translate({left} {top})")) {
                @for placed in &scene.boxes {
                    @if tree.nodes[placed.node].is_open { (frame(plant, picture, tree, placed)) }
                }
                g.lines { @for stroke in in_order(&scene.strokes) { (line(stroke)) } }
                @for placed in &scene.boxes {
                    @if tree.nodes[placed.node].is_open { (header(plant, picture, tree, placed)) }
                    @else { (closed(plant, picture, tree, placed)) }
                }
                g.lines { @for stroke in in_order(&scene.strokes) { @if stroke.is_end { (end(stroke)) } } }
                @if scene.boxes.is_empty() { text.small x="0" y="0" { "There is nothing in it." } }
            }
            (legend)
        }
    }
}

/// What the drawing holds, in words.
fn summary(tree: &Tree) -> String {
    let words = |count: usize| match count {
        1 => "1 component".to_owned(),
        count => format!("{} components", number(count)),
    };
    let mut said =
        format!("What is needed stands above what needs it. {} drawn", words(tree.drawn()));
    if tree.inside() > 0 {
        said.push_str(&format!(", {} more inside closed boxes", number(tree.inside())));
    }
    if tree.left_out() > 0 {
        said.push_str(&format!("; {} that this does not touch left out", number(tree.left_out())));
    }
    said
}

/// Lines that matter are drawn over those that do not.
fn in_order(strokes: &[Stroke]) -> Vec<&Stroke> {
    let mut order: Vec<&Stroke> = strokes.iter().collect();
    order.sort_by_key(|stroke| {
        let strand = stroke.strand;
        (strand.witness, strand.out)
    });
    order
}

/// The classes of a line.
fn class(stroke: &Stroke) -> String {
    let Stroke { line, strand, .. } = stroke;
    let mut class = line.class().to_owned();
    for (is, word) in [(strand.out, " out"), (strand.witness, " witness")] {
        if is {
            class.push_str(word);
        }
    }
    class
}

fn line(stroke: &Stroke) -> Markup {
    let Stroke { from: (x1, y1), bends: (first, second), to: (x2, y2), shape, .. } = stroke;
    let mut d = format!("M{x1} {y1}");
    if y1 != first {
        d.push_str(&format!("V{first}"));
    }
    match shape {
        Shape::Upright if x1 == x2 => {}
        Shape::Upright => {
            let middle = (first + second) / 2;
            d.push_str(&format!("C{x1} {middle} {x2} {middle} {x2} {second}"));
        }
        Shape::ToTurn => d.push_str(&format!("Q{x1} {y2} {x2} {y2}")),
        Shape::FromTurn => d.push_str(&format!("Q{x2} {y1} {x2} {second}")),
    }
    if *shape != Shape::ToTurn && (y2 != second || x1 == x2) {
        d.push_str(&format!("V{y2}"));
    }
    html! { path class=(class(stroke)) d=(d) {} }
}

/// What stands where a line ends: filled where it cannot be done without, a ring where there is another.
fn end(stroke: &Stroke) -> Markup {
    let (class, (x, y)) = (class(stroke), stroke.to);
    html! {
        circle class=(format!("{class} {}", if stroke.strand.must { "must" } else { "spare" })) cx=(x) cy=(y) r="3.2" {}
        @if stroke.upwards { path class=(format!("{class} tip")) d=(format!("M{} {}l4 -7l4 7z", x - 4, y + 12)) {} }
    }
}

/// The frame of an open box.
fn frame(plant: &Plant, picture: &Picture<'_>, tree: &Tree, placed: &Placed) -> Markup {
    let Placed { node, x, y, width, height, .. } = placed;
    let many = matches!(tree.nodes[*node].what, What::Many { .. });
    let class = format!(
        "frame {}{}",
        class_of(picture, tree, *node, own_mark(picture, tree, *node)),
        if many { " many" } else { "" }
    );
    html! {
        rect class=(class) x=(x) y=(y) width=(width) height=(height) rx="8" { title { (pointed(plant, picture, tree, *node)) } }
    }
}

/// The words at the head of an open box.
fn header(plant: &Plant, picture: &Picture<'_>, tree: &Tree, placed: &Placed) -> Markup {
    let Placed { node, x, y, width: wide, name, kind, .. } = placed;
    let mark = own_mark(picture, tree, *node);
    let indent = if mark == Mark::Plain { 0 } else { NAME + 5 };
    html! {
        (linked(page_of(plant, picture, tree, *node), &format!("node head {}", class_of(picture, tree, *node, mark)), html! {
            title { (pointed(plant, picture, tree, *node)) }
            @if mark != Mark::Plain { text.sign x=(x + PAD) y=(y + 16) { (mark.sign()) } }
            text.name x=(x + PAD + indent) y=(y + 16) { (name) }
            text.small x=(x + PAD) y=(y + 29) { (kind) }
        }))
        @if let Some(links) = &picture.links {
            (toggle(links, picture, tree, *node, (x + wide - 20, y + 4)))
        }
    }
}

/// A closed box, or one with nothing in it.
fn closed(plant: &Plant, picture: &Picture<'_>, tree: &Tree, placed: &Placed) -> Markup {
    let Placed { node, x, y, width: wide, height, name, kind, counts } = placed;
    let holds = !tree.nodes[*node].children.is_empty();
    let mark = tree.nodes[*node].worst();
    let indent = if mark == Mark::Plain { 0 } else { NAME + 5 };
    let to = match &picture.links {
        Some(links) if holds => Some(with_opened(links, picture, tree, *node)),
        Some(_) | None => page_of(plant, picture, tree, *node),
    };
    html! {
        (linked(to, &format!("node {}", class_of(picture, tree, *node, mark)), html! {
            title { (pointed(plant, picture, tree, *node)) }
            @if holds { rect.behind x=(x + 4) y=(y + 4) width=(wide) height=(height) rx="6" {} }
            rect.front x=(x) y=(y) width=(wide) height=(height) rx="6" {}
            @if mark != Mark::Plain { text.sign x=(x + PAD) y=(y + 17) { (mark.sign()) } }
            text.name x=(x + PAD + indent) y=(y + 17) { (name) }
            text.small x=(x + PAD) y=(y + 32) { (kind) }
            @if !counts.is_empty() { text.small.counts x=(x + PAD) y=(y + 48) { (counts) } }
            @if holds { text.sign.more x=(x + wide - 17) y=(y + 17) { "+" } }
        }))
    }
}

/// The classes of a box's words.
fn class_of(picture: &Picture<'_>, tree: &Tree, node: usize, mark: Mark) -> String {
    let way = match tree.nodes[node].what {
        What::One(id) if picture.witness.contains(&id) => " way",
        What::One(_) | What::Many { .. } | What::All => "",
    };
    format!("{}{way}", mark.class())
}

/// In a link where there is one to follow.
fn linked(to: Option<String>, class: &str, inside: Markup) -> Markup {
    match to {
        Some(to) => html! { a class=(class) href=(to) { (inside) } },
        None => html! { g class=(class) { (inside) } },
    }
}

/// The page of a box's own component.
fn page_of(plant: &Plant, picture: &Picture<'_>, tree: &Tree, node: usize) -> Option<String> {
    let links = picture.links.as_ref()?;
    match tree.nodes[node].what {
        What::One(id) => Some(format!("{}{}", links.component, plant.component(id).name)),
        What::Many { .. } | What::All => None,
    }
}

/// What closes an open box again.
fn toggle(
    links: &Links,
    picture: &Picture<'_>,
    tree: &Tree,
    node: usize,
    (x, y): (i32, i32),
) -> Markup {
    let token = &tree.nodes[node].token;
    let opened = picture.open.iter().filter(|other| *other != token);
    let closed = picture.closed.iter().chain([token]);
    html! {
        a.toggle href=(link(links, opened, closed)) aria-label=(format!("close {token}")) {
            title { "close " (token) }
            rect x=(x) y=(y) width="16" height="16" rx="3" {}
            path d=(format!("M{} {}h8", x + 4, y + 8)) {}
        }
    }
}

fn with_opened(links: &Links, picture: &Picture<'_>, tree: &Tree, node: usize) -> String {
    let token = &tree.nodes[node].token;
    let opened = picture.open.iter().chain([token]);
    link(links, opened, picture.closed.iter().filter(|other| *other != token))
}

fn link<'a>(
    links: &Links,
    opened: impl Iterator<Item = &'a String>,
    closed: impl Iterator<Item = &'a String>,
) -> String {
    let opened: BTreeSet<&String> = opened.collect();
    let closed: BTreeSet<&String> = closed.collect();
    let words: Vec<String> = opened
        .iter()
        .map(|token| format!("open={token}"))
        .chain(closed.iter().map(|token| format!("closed={token}")))
        .collect();
    format!("{}{}#map", links.page, words.join("&"))
}

/// How a box itself stands; of several, the worst of them.
fn own_mark(picture: &Picture<'_>, tree: &Tree, node: usize) -> Mark {
    match tree.nodes[node].what {
        What::One(id) => picture.mark(id),
        What::Many { .. } | What::All => tree.nodes[node].worst(),
    }
}

/// What is told when one points at a box.
fn pointed(plant: &Plant, picture: &Picture<'_>, tree: &Tree, node: usize) -> String {
    let node = &tree.nodes[node];
    let name = match node.what {
        What::All => return String::new(),
        What::Many { kind, count, first, last } => {
            let (first, last) = (&plant.component(first).name, &plant.component(last).name);
            return format!(
                "{first} … {last}: {} {}",
                number(count),
                kind.section().replace('_', " ")
            );
        }
        What::One(id) => {
            let component = plant.component(id);
            let (mark, note) = (picture.mark(id), clean(&(picture.note)(id)));
            let mut words = format!("{}: ", component.name);
            for part in [mark.words(), &component.kind.to_string(), &note] {
                if !part.is_empty() {
                    if !words.ends_with(": ") {
                        words.push_str(", ");
                    }
                    words.push_str(part);
                }
            }
            words
        }
    };
    if node.inside > 0 { format!("{name}; {} inside", number(node.inside)) } else { name }
}

/// What the lines and signs in it mean; only those there are.
fn legend(tree: &Tree, scene: &Scene, wide: i32, top: i32) -> (Markup, i32) {
    let mut entries: Vec<(Option<Line>, &str, String)> = Vec::new();
    for line in Line::ALL {
        if scene.strokes.iter().any(|stroke| stroke.line == line) {
            entries.push((Some(line), line.class(), line.class().to_owned()));
        }
    }
    let ends = scene.strokes.iter().filter(|stroke| stroke.is_end);
    if ends.clone().any(|stroke| !stroke.strand.must) {
        entries.push((None, "spare", "one of several".to_owned()));
    }
    if ends.clone().any(|stroke| stroke.strand.must) {
        entries.push((None, "must", "cannot do without".to_owned()));
    }
    if scene.strokes.iter().any(|stroke| stroke.strand.out) {
        entries.push((None, "out", "brings nothing".to_owned()));
    }
    let marks = tree.nodes[ROOT].marks;
    for mark in Mark::ALL {
        if mark != Mark::Plain && marks[mark as usize] > 0 {
            entries.push((None, mark.class(), format!("{mark}")));
        }
    }
    if scene.strokes.iter().any(|stroke| stroke.strand.witness) {
        entries.push((None, "witness", "the way it takes".to_owned()));
    }
    let (mut x, mut y) = (MARGIN, top + 10);
    let mut placed = Vec::new();
    for entry in entries {
        let room = 40 + text::width(&entry.2, SMALL);
        if x + room > wide - MARGIN && x > MARGIN {
            (x, y) = (MARGIN, y + LEGEND - 6);
        }
        placed.push((x, y, entry));
        x += room + 14;
    }
    let height = if placed.is_empty() { 0 } else { y - top + LEGEND - 6 };
    let drawn = html! {
        g.legend aria-hidden="true" { @for (x, y, (line, sign, words)) in &placed {
            @if let Some(line) = line {
                path class=(line.class()) d=(format!("M{x} {}h28", y - 4)) {}
            } @else if *sign == "must" || *sign == "spare" {
                circle class=(format!("needs {sign}")) cx=(x + 20) cy=(y - 4) r="3" {}
            } @else if *sign == "witness" || *sign == "out" {
                path class=(format!("needs {sign}")) d=(format!("M{x} {}h28", y - 4)) {}
            } @else if let Some(mark) = Mark::ALL.iter().find(|mark| mark.class() == *sign) {
                g class=(sign) { text.sign x=(x + 14) y=(y) { (mark.sign()) } }
            }
            text.small x=(x + 34) y=(y) { (words) }
        } }
    };
    (drawn, height)
}
