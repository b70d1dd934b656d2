//! Fault trees in the Open-PSA model exchange format: XML text in, a [`Model`] or *all* findings out, and
//! a model as text again.
//!
//! Read are fault trees with their components, gates, basic events and house events, and of the
//! expressions the plain numbers. Parts that do not touch a fault tree are named and left out; parts that would
//! change its answer, such as common causes, refuse the model. Document types and entities are refused, so
//! nothing can expand; size and depth are limited. Nothing is computed here.
//!
//! Pure: files are read by the caller. Tested by the pages of its findings, by hostile texts, by properties (what
//! is printed is read again as it was) and by fuzzing.

mod codes;
mod read;
mod print;

pub use codes::ALL as FINDINGS;
pub use print::print;
pub use read::parse;

use crate::finding::{Confidence, Finding};

/// A model: gates over basic events.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Model {
    /// Its name; that of its first fault tree.
    pub name: String,
    /// Gates, each after those it is made of.
    pub gates: Vec<Gate>,
    /// Basic events, as they stand.
    pub events: Vec<Event>,
}

/// A gate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Gate {
    /// Its name, with the components it is within where it is private to them; `None` for a formula
    /// within another.
    pub name: Option<String>,
    /// What it computes.
    pub connective: Connective,
    /// Of what.
    pub arguments: Vec<Argument>,
}

/// What a gate is made of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Argument {
    /// Another gate, by its place in [`Model::gates`].
    Gate(u32),
    /// A basic event, by its place in [`Model::events`].
    Event(u32),
    /// A constant: a house event, or one written into the formula.
    Constant(bool),
}

/// What a gate computes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Connective {
    /// Its only argument.
    Same,
    /// All of them.
    And,
    /// Any of them.
    Or,
    /// Not its only argument.
    Not,
    /// One of two and not both.
    Xor,
    /// Not all of them.
    Nand,
    /// None of them.
    Nor,
    /// The second, if the first.
    Imply,
    /// Both of two, or neither.
    Iff,
    /// At least so many of them.
    AtLeast(u32),
    /// At least and at most so many of them.
    Cardinality(u32, u32),
}

/// A basic event.
#[derive(Clone, PartialEq, Debug)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// How likely, from 0 to 1, where the model says it in a plain number.
    pub probability: Option<f64>,
}

/// The finding for bytes that are no text at all; `at` is the first byte that is none.
#[must_use]
pub fn not_utf8(at: usize) -> Finding {
    Finding {
        code: codes::SYNTAX.id,
        severity: codes::SYNTAX.severity,
        confidence: Confidence::High,
        message: format!("byte {at} is not UTF-8 text"),
        labels: Vec::new(),
        help: Some("save the file as UTF-8".to_owned()),
    }
}

impl Model {
    /// The named gates that no other gate is made of, in the order of their names.
    #[must_use]
    pub fn tops(&self) -> Vec<usize> {
        let mut used = vec![false; self.gates.len()];
        for argument in self.gates.iter().flat_map(|gate| &gate.arguments) {
            if let Argument::Gate(gate) = argument {
                used[*gate as usize] = true;
            }
        }
        let free = |gate: &usize| !used[*gate] && self.gates[*gate].name.is_some();
        let mut tops: Vec<usize> = (0..self.gates.len()).filter(free).collect();
        tops.sort_by(|&a, &b| self.gates[a].name.cmp(&self.gates[b].name));
        tops
    }

    /// The gate of this name; without one, the only one that no other is made of.
    ///
    /// # Errors
    /// A finding that names the gates there are to choose from.
    pub fn top(&self, name: Option<&str>) -> Result<usize, Finding> {
        /// Names told to choose from.
        const TOLD: usize = 20;
        let tops = self.tops();
        let told = |places: &[usize]| {
            let names = places.iter().take(TOLD).filter_map(|&at| self.gates[at].name.as_deref());
            let names = names.collect::<Vec<_>>().join(", ");
            if places.len() > TOLD { format!("{names}, …") } else { names }
        };
        let refused = |message: String, help: String| Finding {
            code: codes::TOPS.id,
            severity: codes::TOPS.severity,
            confidence: Confidence::High,
            message,
            labels: Vec::new(),
            help: Some(help),
        };
        match (name, &tops[..]) {
            (Some(name), _) => {
                self.gates.iter().position(|gate| gate.name.as_deref() == Some(name)).ok_or_else(
                    || {
                        let help = format!("gates that no other is made of: {}", told(&tops));
                        refused(format!("no gate is called `{name}`"), help)
                    },
                )
            }
            (None, [top]) => Ok(*top),
            (None, []) => {
                let help = "a model needs a gate to be asked about".to_owned();
                Err(refused("the model has no gate".to_owned(), help))
            }
            (None, _) => {
                let message = format!("{} gates are part of no other", tops.len());
                Err(refused(message, format!("say `--top` with one of them: {}", told(&tops))))
            }
        }
    }
}
