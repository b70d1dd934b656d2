//! The plant, or the answer to one question about it, as a picture: SVG from plain facts.
//!
//! Boxes stand in boxes as things do (site, room, rack, machine, what runs on it), and in every box what
//! is needed stands above what needs it. A box that is closed tells how many are inside and how the worst
//! of them stands, so that a plant of any size fits on a page; nothing is left out uncounted. Lines between
//! two boxes that share no box are led through the borders of those around them, and those from one source
//! run together.
//!
//! It decides where everything stands and never what is so: marks, notes and what is to be shown are handed
//! in. Pure: the same picture gives the same bytes. Everything that is told by colour is told by a sign or
//! by dashes as well. Tested on small plants drawn in words, by properties of random ones (`tests`), and by
//! looking.

mod tree;
mod lines;
mod layers;
mod scene;
mod svg;
mod text;
pub mod questions;
#[cfg(test)]
mod tests;

use blackstart_model::{ComponentId, Plant};
use std::collections::BTreeSet;
use std::fmt;

/// The style of every drawing, for pages that hold several.
pub const STYLE: &str = include_str!("drawing/style.css");

pub(crate) use lines::needed;

/// What is to be drawn of a plant, and how. Start from [`Picture::of`].
pub struct Picture<'a> {
    /// What it shows, in words; also for those who do not see it.
    pub title: String,
    /// How each component stands, by its number; plain beyond the end.
    pub marks: Vec<Mark>,
    /// Only these, by number, and the boxes around them; what is left out is counted. `None`: all.
    pub only: Option<Vec<bool>>,
    /// A way to be followed with the eye, each step needed by the next; of one alone, what it is about.
    pub witness: Vec<ComponentId>,
    /// Boxes to be open besides those that open by themselves, by [token](Picture#tokens).
    pub open: BTreeSet<String>,
    /// Boxes to be closed.
    pub closed: BTreeSet<String>,
    /// Why a component stands as it does, for the words shown when one points at it.
    pub note: &'a dyn Fn(ComponentId) -> String,
    /// Where its links lead; `None` for a drawing without any.
    pub links: Option<Links>,
    /// True for a drawing that stands alone: it carries its style and a caption.
    pub alone: bool,
    /// Begins the `id`s in it; two drawings in one page need two.
    pub id: &'a str,
}

/// Where the links of a drawing lead.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Links {
    /// The page the drawing is on, with what else its URL says: `/plant?` or `/whatif?off=feed-a&`.
    /// `open=` and `closed=` are put behind it.
    pub page: String,
    /// What stands before a component's name in the URL of its own page.
    pub component: &'static str,
}

/// How a component stands, as drawn. Ordered from worst to best.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mark {
    /// It broke.
    Broken,
    /// Unusable.
    Down,
    /// It may become unusable; nobody can say that it does not.
    MayFall,
    /// It answers badly, or not everybody.
    Degraded,
    /// It works, and one less failure is between it and being down.
    LostRedundancy,
    /// Something is said against it.
    Weak,
    /// Nothing is known.
    Unknown,
    /// Switched off on purpose.
    Off,
    /// Nobody asks it, and it must work.
    Implied,
    /// It works.
    Up,
    /// Nothing is said of it.
    Plain,
}

impl Mark {
    /// Every mark, worst first.
    pub const ALL: [Self; 11] = [
        Self::Broken,
        Self::Down,
        Self::MayFall,
        Self::Degraded,
        Self::LostRedundancy,
        Self::Weak,
        Self::Unknown,
        Self::Off,
        Self::Implied,
        Self::Up,
        Self::Plain,
    ];

    /// The word people use; empty when there is nothing to say.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Down => "down",
            Self::MayFall => "may go down",
            Self::Degraded => "degraded",
            Self::LostRedundancy => "less redundant",
            Self::Weak => "weak",
            Self::Unknown => "unknown",
            Self::Off => "off",
            Self::Implied => "implied",
            Self::Up => "up",
            Self::Plain => "",
        }
    }

    /// The sign that tells it without colour.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Broken => "✖",
            Self::Down => "▼",
            Self::MayFall => "▽",
            Self::Degraded => "◆",
            Self::LostRedundancy => "◐",
            Self::Weak => "▲",
            Self::Unknown => "?",
            Self::Off => "–",
            Self::Implied => "○",
            Self::Up => "●",
            Self::Plain => "",
        }
    }

    /// The class it has in the style.
    const fn class(self) -> &'static str {
        match self {
            Self::LostRedundancy => "lost",
            Self::MayFall => "may",
            Self::Plain => "plain",
            Self::Broken
            | Self::Down
            | Self::Degraded
            | Self::Weak
            | Self::Unknown
            | Self::Off
            | Self::Implied
            | Self::Up => self.words(),
        }
    }

    /// True for what does not do its work.
    const fn is_out(self) -> bool {
        match self {
            Self::Broken | Self::Down | Self::Off => true,
            Self::MayFall
            | Self::Degraded
            | Self::LostRedundancy
            | Self::Weak
            | Self::Unknown
            | Self::Implied
            | Self::Up
            | Self::Plain => false,
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.words())
    }
}

impl Picture<'_> {
    /// The whole plant with nothing said of it, standing alone.
    ///
    /// # Tokens
    /// A box is named by its component's name. Where a box has many of one kind they stand in a box of
    /// their own, named by the box around it, a colon and the plant file's section: `rack-1:servers`, or
    /// `:customers` for those that stand in nothing; part 3 of very many is `:customers/3`.
    #[must_use]
    pub fn of(plant: &Plant) -> Self {
        Self {
            title: format!("The plant {}", plant.name()),
            marks: Vec::new(),
            only: None,
            witness: Vec::new(),
            open: BTreeSet::new(),
            closed: BTreeSet::new(),
            note: &|_| String::new(),
            links: None,
            alone: true,
            id: "map",
        }
    }

    fn mark(&self, id: ComponentId) -> Mark {
        self.marks.get(id.index()).copied().unwrap_or(Mark::Plain)
    }
}

/// A drawing, and what is in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drawing {
    /// The SVG.
    pub svg: String,
    /// Components with a box of their own.
    pub drawn: usize,
    /// Components counted in a closed box.
    pub inside: usize,
    /// Components that the question leaves out.
    pub left_out: usize,
    /// Tokens of boxes that were asked to be open and are not there, or for which there was no room.
    pub not_opened: Vec<String>,
}

/// Draws. Linear in the plant, and in the square of what one open box holds.
#[must_use]
pub fn draw(plant: &Plant, picture: &Picture<'_>) -> Drawing {
    let tree = tree::Tree::of(plant, picture);
    let scene = scene::Scene::of(plant, picture, &tree);
    Drawing {
        svg: svg::write(plant, picture, &tree, &scene).into_string(),
        drawn: tree.drawn(),
        inside: tree.inside(),
        left_out: tree.left_out(),
        not_opened: tree.not_opened,
    }
}
