//! Every box and every line of the drawing in its place on the page.
//!
//! From the inside outwards each box learns its size, from the outside inwards its place. Closed boxes are as
//! large as their words; those of a kind beside each other are equally wide.

use super::layers::{self, Anchor, Item, Level, Run, Shape, Sort};
use super::lines::{End, Gate, Line, Lines, Strand};
use super::text::{fitted, number, width};
use super::tree::{Node, ROOT, Tree, What};
use super::{Mark, Picture};
use blackstart_model::Plant;
use blackstart_model::kind::Kind;
use std::collections::BTreeMap;

/// Sizes of the letters: names, and what stands below them.
pub(super) const NAME: i32 = 13;
pub(super) const SMALL: i32 = 11;

/// The widest a name is drawn, and the narrowest a box is.
const NAME_MAX: i32 = 196;
const BOX_MIN: i32 = 84;

/// From a box's border to its words, and to the boxes in it.
pub(super) const PAD: i32 = 9;
const INSET: i32 = 12;

/// The line with the name of an open box.
const HEADER: i32 = 34;

/// Room for the sign to open or close a box.
const TOGGLE: i32 = 22;

/// A box in its place.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) node: usize,
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
    /// What is written in it, cut to fit: the name, what it is, how those inside stand.
    pub(super) name: String,
    pub(super) kind: String,
    pub(super) counts: String,
}

/// A stretch of a line in its place.
#[derive(Debug)]
pub(super) struct Stroke {
    pub(super) line: Line,
    pub(super) strand: Strand,
    pub(super) from: (i32, i32),
    pub(super) bends: (i32, i32),
    pub(super) to: (i32, i32),
    /// It ends at a box that needs what it brings.
    pub(super) is_end: bool,
    /// It comes from below.
    pub(super) upwards: bool,
    pub(super) shape: Shape,
}

/// The drawing, without its caption.
#[derive(Debug)]
pub(super) struct Scene {
    /// Outer ones before those in them.
    pub(super) boxes: Vec<Placed>,
    pub(super) strokes: Vec<Stroke>,
    pub(super) width: i32,
    pub(super) height: i32,
}

/// A box of known size, its inside laid out.
struct Laid {
    words: [String; 3],
    width: i32,
    height: i32,
    /// From its corner to that of what is in it.
    inset: (i32, i32),
    level: Level,
    /// What each run of the level stands for, and which of its ends are boxes.
    runs: Vec<(Line, Vec<bool>)>,
    /// Where its gates are, from its left.
    gates: BTreeMap<Gate, i32>,
}

impl Scene {
    pub(super) fn of(plant: &Plant, picture: &Picture<'_>, tree: &Tree) -> Self {
        let lines = Lines::of(plant, picture, tree);
        let mut laid = BTreeMap::new();
        lay(plant, tree, &lines, ROOT, &mut laid);
        let mut scene = Self { boxes: Vec::new(), strokes: Vec::new(), width: 0, height: 0 };
        if let Some(all) = laid.get(&ROOT) {
            (scene.width, scene.height) = (all.level.width, all.level.height);
        }
        scene.place(tree, &mut laid, ROOT, (0, 0));
        scene
    }

    /// Puts a box and everything in it into its place.
    fn place(
        &mut self,
        tree: &Tree,
        laid: &mut BTreeMap<usize, Laid>,
        node: usize,
        (x, y): (i32, i32),
    ) {
        let Some(own) = laid.remove(&node) else { return };
        if node != ROOT {
            let Laid { words: [name, kind, counts], width, height, .. } = own;
            self.boxes.push(Placed { node, x, y, width, height, name, kind, counts });
        }
        let (x, y) = if node == ROOT { (x, y) } else { (x + own.inset.0, y + own.inset.1) };
        for piece in &own.level.pieces {
            let (line, ref inner) = own.runs[piece.run];
            let is_end = piece.reaches.is_some_and(|end| inner[end]);
            self.strokes.push(Stroke {
                line,
                strand: piece.strand,
                from: (piece.from.0 + x, piece.from.1 + y),
                bends: (piece.bends.0 + y, piece.bends.1 + y),
                to: (piece.to.0 + x, piece.to.1 + y),
                is_end,
                upwards: piece.to.1 < piece.from.1,
                shape: piece.shape,
            });
        }
        let children = shown(tree, node);
        for (child, place) in children.iter().zip(&own.level.places) {
            self.place(tree, laid, *child, (x + place.0, y + place.1));
        }
    }
}

/// What is seen in a box.
fn shown(tree: &Tree, node: usize) -> &[usize] {
    let node = &tree.nodes[node];
    if node.is_open { &node.children } else { &[] }
}

/// What is written in a box: the name, what it is, how those inside stand.
fn words(plant: &Plant, node: &Node) -> [String; 3] {
    let left_out = match node.left_out {
        0 => String::new(),
        count => format!(", {} left out", number(count)),
    };
    let closed = !node.is_open && node.inside > 0;
    let counts = if closed { counts(node) } else { String::new() };
    let [name, kind] = match node.what {
        What::All => [String::new(), left_out],
        What::One(id) => {
            let component = plant.component(id);
            let inside = match node.inside {
                count if closed => format!(", {} inside", number(count)),
                _ => String::new(),
            };
            [component.name.to_string(), format!("{}{inside}{left_out}", component.kind)]
        }
        What::Many { kind, count, first, last } => {
            let many = format!("{} {}", number(count), kind.section().replace('_', " "));
            let more = match node.inside - count {
                0 => String::new(),
                more => format!(", {} in them", number(more)),
            };
            let (first, last) = (&plant.component(first).name, &plant.component(last).name);
            [format!("{many}{more}"), format!("{first} … {last}{left_out}")]
        }
    };
    [fitted(&name, NAME, NAME_MAX), fitted(&kind, SMALL, NAME_MAX + TOGGLE), counts]
}

/// How many of those inside stand how, worst first.
fn counts(node: &Node) -> String {
    let said = Mark::ALL.into_iter().filter(|&mark| mark != Mark::Plain);
    let words: Vec<String> = said
        .filter(|&mark| node.marks[mark as usize] > 0)
        .map(|mark| format!("{} {}", mark.sign(), number(node.marks[mark as usize])))
        .collect();
    fitted(&words.join("  "), SMALL, NAME_MAX)
}

/// How large a box has to be for its words.
fn size(node: &Node, words: &[String; 3]) -> (i32, i32) {
    let sign = if node.worst() == Mark::Plain { 0 } else { NAME + 5 };
    let toggle = if node.children.is_empty() { 0 } else { TOGGLE };
    let [name, kind, counts] = words;
    let wide =
        (width(name, NAME) + sign + toggle).max(width(kind, SMALL)).max(width(counts, SMALL));
    let height = if counts.is_empty() { 40 } else { 56 };
    ((wide + 2 * PAD).max(BOX_MIN), height)
}

/// Lays out a box and all that is in it.
fn lay(plant: &Plant, tree: &Tree, lines: &Lines, node: usize, laid: &mut BTreeMap<usize, Laid>) {
    let own = words(plant, &tree.nodes[node]);
    let (own_width, own_height) = size(&tree.nodes[node], &own);
    let children = shown(tree, node);
    if children.is_empty() {
        let level = Level::default();
        let (width, height) = (own_width, own_height);
        laid.insert(
            node,
            Laid {
                words: own,
                width,
                height,
                inset: (0, 0),
                level,
                runs: Vec::new(),
                gates: BTreeMap::new(),
            },
        );
        return;
    }
    for &child in children {
        lay(plant, tree, lines, child, laid);
    }
    // Closed ones of a kind are equally wide.
    let mut widths: BTreeMap<u32, i32> = BTreeMap::new();
    for child in children.iter().filter(|&&child| !tree.nodes[child].is_open) {
        let width = widths.entry(likeness(plant, &tree.nodes[*child])).or_default();
        *width = (*width).max(laid[child].width);
    }
    for child in children.iter().filter(|&&child| !tree.nodes[child].is_open) {
        if let Some(laid) = laid.get_mut(child) {
            laid.width = widths[&likeness(plant, &tree.nodes[*child])];
        }
    }
    let mut items: Vec<Item> = children
        .iter()
        .map(|child| {
            let likeness = likeness(plant, &tree.nodes[*child]);
            let keeps_order = keeps_order(plant, &tree.nodes[*child]);
            let sort = Sort::Box { likeness, keeps_order };
            Item { width: laid[child].width, height: laid[child].height, sort }
        })
        .collect();
    let gates = lines.gates.get(&node).map_or(&[][..], Vec::as_slice);
    items.extend(gates.iter().map(|gate| {
        let sort = if gate.is_top { Sort::Top } else { Sort::Bottom };
        Item { width: 0, height: 0, sort }
    }));
    let anchor = |end: End| match end {
        End::Inner(child) => Anchor { item: at(children, &child), dx: None },
        End::GateOf(child, gate) => {
            Anchor { item: at(children, &child), dx: laid[&child].gates.get(&gate).copied() }
        }
        End::Own(gate) => Anchor { item: children.len() + at(gates, &gate), dx: Some(0) },
    };
    let wires = lines.within.get(&node).map_or(&[][..], Vec::as_slice);
    let runs: Vec<Run> = wires
        .iter()
        .map(|wire| Run {
            from: anchor(wire.from),
            to: wire.to.iter().map(|(&end, &strand)| (anchor(end), strand)).collect(),
            way: wire.way,
        })
        .collect();
    let level = layers::lay(&items, &runs, (HEADER, INSET));
    let width = (level.width + 2 * INSET).max(own_width);
    let height = HEADER + level.height + INSET;
    let inset = ((width - level.width) / 2, HEADER);
    let gates = gates
        .iter()
        .zip(&level.places[children.len()..])
        .map(|(&gate, place)| (gate, inset.0 + place.0))
        .collect();
    let runs = wires
        .iter()
        .map(|wire| {
            let inner = wire.to.keys().map(|end| matches!(end, End::Inner(_))).collect();
            (wire.line, inner)
        })
        .collect();
    laid.insert(node, Laid { words: own, width, height, inset, level, runs, gates });
}

/// Boxes that belong beside each other: one kind's.
fn likeness(plant: &Plant, node: &Node) -> u32 {
    match node.what {
        What::All => 0,
        What::One(id) => plant.component(id).kind as u32,
        What::Many { kind, .. } => kind as u32,
    }
}

/// What people look for by its number: places, machines, what brings power, customers.
fn keeps_order(plant: &Plant, node: &Node) -> bool {
    let kind = match node.what {
        What::All | What::Many { .. } => return true,
        What::One(id) => plant.component(id).kind,
    };
    matches!(
        kind,
        Kind::Site
            | Kind::Room
            | Kind::Rack
            | Kind::Cooling
            | Kind::Feed
            | Kind::Ups
            | Kind::Pdu
            | Kind::Breaker
            | Kind::Outlet
            | Kind::Server
            | Kind::Hypervisor
            | Kind::Storage
            | Kind::Customer
    )
}

fn at<T: PartialEq>(all: &[T], one: &T) -> usize {
    all.iter().position(|other| other == one).expect("lines end at what is drawn")
}
