//! The plant as a drawing: what is needed stands above what needs it.
//!
//! Ranks by the longest way from what needs nothing, order within a rank by the mean place of the
//! neighbours, a few sweeps up and down (Sugiyama, Tagawa, Toda 1981). Likes that need the same and
//! stand alike are drawn as one box with their number, once there are more than a person can see at
//! once. The same facts stand in the table beside it. Pure: the same plant gives the same drawing.

use super::view::{Health, View};
use blackstart_model::ComponentId;
use blackstart_model::plant::{Component, Role};
use blackstart_model::requirement::Target;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Up to so many components each has its own box.
const SINGLES_MAX: usize = 60;

/// Boxes drawn at most; beyond, the table has to do.
const BOXES_MAX: usize = 400;

/// Boxes in one row; a longer rank goes on in the next.
const ROW_MAX: usize = 10;

/// Sweeps over the ranks; more change little (chosen by looking).
const SWEEPS: usize = 4;

const BOX_WIDTH: i32 = 136;
const BOX_HEIGHT: i32 = 42;
const GAP_X: i32 = 16;
const GAP_Y: i32 = 54;
const MARGIN: i32 = 12;

/// A box of the drawing.
struct Node {
    members: Vec<ComponentId>,
    title: String,
    words: String,
    health: Health,
    rank: usize,
    x: i32,
    y: i32,
}

/// The drawing; `None` when there is nothing to draw, or too much.
pub(super) fn draw(view: &View) -> Option<Markup> {
    let (mut nodes, edges) = graph(view)?;
    rank(&mut nodes, &edges);
    let (width, height) = place(&mut nodes, &edges);
    Some(html! {
        svg.map viewBox=(format!("0 0 {width} {height}")) width=(width) height=(height)
            role="img" aria-labelledby="map-title" {
            title #map-title { "The plant: what is needed stands above what needs it. The table below says the same." }
            g.edges { @for &(from, to) in &edges {
                @let (from, to) = (&nodes[from], &nodes[to]);
                path class=(if from.health <= Health::Down { "bad" } else { "" }) d=(curve(from, to)) {}
            } }
            @for node in &nodes {
                a href=(href(view, node)) class=(format!("node {}", node.health)) {
                    title { (node.title) ": " (node.health) ", " (node.words) }
                    rect x=(node.x) y=(node.y) width=(BOX_WIDTH) height=(BOX_HEIGHT) rx="6" {}
                    text x=(node.x + 8) y=(node.y + 18) { (node.health.glyph()) " " (shortened(&node.title)) }
                    text.kind x=(node.x + 8) y=(node.y + 34) { (node.words) }
                }
            }
        }
    })
}

fn curve(from: &Node, to: &Node) -> String {
    let (x1, y1) = (from.x + BOX_WIDTH / 2, from.y + BOX_HEIGHT);
    let (x2, y2) = (to.x + BOX_WIDTH / 2, to.y);
    let bend = ((y2 - y1) / 2).abs().max(GAP_Y / 2);
    format!("M{x1} {y1} C{x1} {} {x2} {} {x2} {y2}", y1 + bend, y2 - bend)
}

fn href(view: &View, node: &Node) -> String {
    match (&node.members[..], &view.plant) {
        ([one], Some(plant)) => format!("/plant/{}", plant.component(*one).name),
        _ => format!("#kind-{}", node.words.replace(' ', "-")),
    }
}

fn shortened(title: &str) -> String {
    const CHARS_MAX: usize = 15;
    if title.chars().count() <= CHARS_MAX {
        title.to_owned()
    } else {
        title.chars().take(CHARS_MAX - 1).chain(['…']).collect()
    }
}

/// What a component stands on, for the drawing.
fn stands_on(component: &Component) -> Vec<ComponentId> {
    let mut targets = Vec::new();
    for (role, requirement) in &component.requirements {
        let drawn = match role {
            Role::On
            | Role::Power
            | Role::Cooling
            | Role::Network(_)
            | Role::Needs
            | Role::Uses
            | Role::CarriedBy
            | Role::DegradedWithout => true,
            Role::In
            | Role::Between
            | Role::ToStart
            | Role::ManagedVia
            | Role::UsedFrom
            | Role::Prefix
            | Role::Covers => false,
        };
        if drawn {
            requirement.each_leaf(&mut |leaf| {
                if let Target::Component(id) = leaf.target {
                    targets.push(id);
                }
            });
        }
    }
    targets.sort_unstable();
    targets.dedup();
    targets
}

type Graph = (Vec<Node>, Vec<(usize, usize)>);

fn graph(view: &View) -> Option<Graph> {
    let plant = view.plant.as_ref()?;
    let on: Vec<Vec<ComponentId>> = plant.components().iter().map(stands_on).collect();
    let many = plant.components().len() > SINGLES_MAX;
    let mut groups: BTreeMap<_, Vec<ComponentId>> = BTreeMap::new();
    for ((id, component, stand), on) in view.parts().zip(&on) {
        // Likes are one box only when there are too many boxes.
        let alone = if many { None } else { Some(id) };
        let key = (component.kind, on.clone(), stand.health, alone);
        groups.entry(key).or_default().push(id);
    }
    if groups.is_empty() || groups.len() > BOXES_MAX {
        return None;
    }
    let mut nodes = Vec::new();
    let mut node_of = vec![0; plant.components().len()];
    for ((kind, _, health, _), members) in groups {
        for member in &members {
            node_of[member.index()] = nodes.len();
        }
        let name = |id: ComponentId| plant.component(id).name.to_string();
        let (title, words) = match &members[..] {
            [one] => (name(*one), kind.to_string()),
            [first, .., last] => (
                format!("{} … {}", name(*first), name(*last)),
                format!("{} × {kind}", members.len()),
            ),
            [] => continue,
        };
        nodes.push(Node { members, title, words, health, rank: 0, x: 0, y: 0 });
    }
    let mut edges = Vec::new();
    for (to, on) in on.iter().enumerate() {
        for from in on {
            let edge = (node_of[from.index()], node_of[to]);
            if edge.0 != edge.1 {
                edges.push(edge);
            }
        }
    }
    edges.sort_unstable();
    edges.dedup();
    Some((nodes, edges))
}

/// The longest way from what stands on nothing. What is in a circle stays where it was met.
fn rank(nodes: &mut [Node], edges: &[(usize, usize)]) {
    let mut missing = vec![0; nodes.len()];
    for &(_, to) in edges {
        missing[to] += 1;
    }
    let mut ready: Vec<usize> = (0..nodes.len()).filter(|&node| missing[node] == 0).collect();
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for &(from, to) in edges {
        below[from].push(to);
    }
    while let Some(node) = ready.pop() {
        for &to in &below[node] {
            nodes[to].rank = nodes[to].rank.max(nodes[node].rank + 1);
            missing[to] -= 1;
            if missing[to] == 0 {
                ready.push(to);
            }
        }
    }
}

/// Gives every box its place; returns the size of the drawing.
fn place(nodes: &mut [Node], edges: &[(usize, usize)]) -> (i32, i32) {
    let ranks = nodes.iter().map(|node| node.rank).max().map_or(0, |last| last + 1);
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); ranks];
    for (at, node) in nodes.iter().enumerate() {
        rows[node.rank].push(at);
    }
    let mut neighbours: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for &(from, to) in edges {
        neighbours[from].push(to);
        neighbours[to].push(from);
    }
    let mut order: Vec<f64> = vec![0.0; nodes.len()];
    let number = |rows: &[Vec<usize>], order: &mut [f64]| {
        for row in rows {
            for (at, &node) in row.iter().enumerate() {
                // Between 0 and 1, so that a short row and a long one can be compared.
                order[node] = (at as f64 + 0.5) / row.len() as f64;
            }
        }
    };
    number(&rows, &mut order);
    for _ in 0..SWEEPS {
        for row in &mut rows {
            let mean = |node: usize| {
                let near = &neighbours[node];
                if near.is_empty() {
                    return order[node];
                }
                near.iter().map(|&other| order[other]).sum::<f64>() / near.len() as f64
            };
            row.sort_by(|&a, &b| mean(a).total_cmp(&mean(b)).then(a.cmp(&b)));
        }
        number(&rows, &mut order);
    }
    let lines: Vec<Vec<usize>> =
        rows.iter().flat_map(|row| row.chunks(ROW_MAX).map(<[usize]>::to_vec)).collect();
    let widest = lines.iter().map(Vec::len).max().unwrap_or(1);
    let width_of = |boxes: usize| {
        let boxes = i32::try_from(boxes).unwrap_or(i32::MAX);
        boxes * BOX_WIDTH + (boxes - 1) * GAP_X
    };
    let width = width_of(widest) + 2 * MARGIN;
    let mut y = MARGIN;
    for line in &lines {
        let mut x = (width - width_of(line.len())) / 2;
        for &node in line {
            (nodes[node].x, nodes[node].y) = (x, y);
            x += BOX_WIDTH + GAP_X;
        }
        y += BOX_HEIGHT + GAP_Y;
    }
    (width, y - GAP_Y + MARGIN)
}
