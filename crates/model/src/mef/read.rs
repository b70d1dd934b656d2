//! XML text as a model: first every definition gets its place, then formulas are read, then circles sought.
//!
//! A name that a component keeps to itself (`role="private"`) is found from within it; every other is found from
//! everywhere. What is wrong is collected and never stops the reading, but for text that is not XML.

use super::codes;
use super::{Argument, Connective, Event, Gate, Model};
use crate::finding::{Confidence, Finding, Label, Severity};
use crate::plantfile::Code;
use roxmltree::{Document, Node, ParsingOptions};
use std::collections::HashMap;
use std::ops::Range;

/// Bytes of a model: some million gates.
const BYTES_MAX: usize = 128 * 1024 * 1024;

/// XML elements and texts between them, for they take memory.
const NODES_MAX: u32 = 8_000_000;

/// How deep components, and formulas within formulas, nest.
const DEPTH_MAX: usize = 64;

/// Bytes of a name.
const NAME_MAX: usize = 512;

/// Findings told; beyond, their number is said. More than a person mends at one sitting.
const FINDINGS_MAX: usize = 200;

/// Gates named in a circle.
const CIRCLE_TOLD: usize = 20;

/// Reads a model.
///
/// It is there when no finding is an error. Near linear in the text.
#[must_use]
pub fn parse(text: &str) -> (Option<Model>, Vec<Finding>) {
    let document = match document(text) {
        Ok(document) => document,
        Err(refused) => return (None, vec![refused]),
    };
    let mut reader = Reader::default();
    reader.definitions(document.root_element());
    reader.formulas();
    reader.circles();
    reader.finish()
}

fn finding(code: Code, place: Option<Range<usize>>, message: String, help: &str) -> Finding {
    let label = |bytes| Label { file: 0, bytes, text: String::new() };
    Finding {
        code: code.id,
        severity: code.severity,
        confidence: Confidence::High,
        message,
        labels: place.map(label).into_iter().collect(),
        help: (!help.is_empty()).then(|| help.to_owned()),
    }
}

/// The text as XML.
fn document(text: &str) -> Result<Document<'_>, Finding> {
    if text.len() > BYTES_MAX {
        let help = format!("at most {BYTES_MAX} bytes are read");
        return Err(finding(codes::LIMIT, None, format!("{} bytes of XML", text.len()), &help));
    }
    let options =
        ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::DtdDetected => {
            let place = text.find("<!DOCTYPE").map(|at| at..at + "<!DOCTYPE".len());
            let help = "take the document type out; entities are never expanded here";
            finding(codes::DTD, place, "the text has a document type".to_owned(), help)
        }
        roxmltree::Error::UnknownEntityReference(name, at) => {
            let message = format!("`&{};` is not known", shown(&name));
            let help = "only the five entities of XML itself are; write the character";
            finding(codes::DTD, Some(place_of(text, at)), message, help)
        }
        roxmltree::Error::NodesLimitReached => {
            let help = format!("at most {NODES_MAX} elements are read");
            finding(codes::LIMIT, None, "too many elements".to_owned(), &help)
        }
        other => {
            let place = place_of(text, other.pos());
            finding(codes::SYNTAX, Some(place), shown(&other.to_string()), "")
        }
    })
}

/// The character at a line and column.
fn place_of(text: &str, at: roxmltree::TextPos) -> Range<usize> {
    let row = (at.row as usize).saturating_sub(1);
    let line = text.split_inclusive('\n').take(row).map(str::len).sum::<usize>().min(text.len());
    let column = (at.col as usize).saturating_sub(1);
    let rest = &text[line..];
    let start = rest.char_indices().nth(column).map_or(rest.len(), |(at, _)| at);
    let length = rest[start..].chars().next().map_or(0, char::len_utf8);
    line + start..line + start + length
}

/// A piece of the text, short enough for a message.
fn shown(text: &str) -> String {
    const SHOWN: usize = 120;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The name of an element, and nothing below it: what a finding underlines.
fn tag(node: Node<'_, '_>) -> Range<usize> {
    let range = node.range();
    range.start..(range.start + 1 + node.tag_name().name().len()).min(range.end)
}

/// The value of an attribute, or the tag where there is none.
fn value_place(node: Node<'_, '_>, attribute: &str) -> Range<usize> {
    node.attribute_node(attribute).map_or_else(|| tag(node), |attribute| attribute.range_value())
}

/// What a name stands for.
#[derive(Clone, Copy)]
enum Defined {
    Gate(u32),
    Event(u32),
    House(bool),
}

/// A definition with its place and the components it is within.
struct Definition<'d> {
    node: Node<'d, 'd>,
    within: u32,
}

/// A fault tree or a component.
struct Container<'d> {
    name: &'d str,
    parent: Option<u32>,
    is_private: bool,
}

#[derive(Default)]
struct Reader<'d> {
    findings: Vec<Finding>,
    beyond: usize,
    errors: usize,
    model: Model,
    containers: Vec<Container<'d>>,
    /// Containers by their path.
    paths: HashMap<String, u32>,
    public: HashMap<&'d str, (Defined, Range<usize>)>,
    private: HashMap<(u32, &'d str), (Defined, Range<usize>)>,
    gates: Vec<Definition<'d>>,
    places: Vec<Range<usize>>,
}

impl<'d> Reader<'d> {
    fn add(&mut self, code: Code, place: Option<Range<usize>>, message: String, help: &str) {
        if code.severity == Severity::Error {
            self.errors += 1;
        }
        if self.findings.len() >= FINDINGS_MAX {
            self.beyond += 1;
            return;
        }
        self.findings.push(finding(code, place, message, help));
    }

    fn finish(mut self) -> (Option<Model>, Vec<Finding>) {
        if self.beyond > 0 {
            let message = format!("{} more findings", self.beyond);
            self.findings.push(finding(codes::MORE, None, message, ""));
        }
        ((self.errors == 0).then_some(self.model), self.findings)
    }

    /// The children that say something: labels, attributes and text are for people.
    fn elements(node: Node<'d, 'd>) -> impl Iterator<Item = Node<'d, 'd>> {
        node.children().filter(|child| {
            child.is_element() && !matches!(child.tag_name().name(), "label" | "attributes")
        })
    }

    fn name_of(&mut self, node: Node<'d, 'd>) -> Option<&'d str> {
        let name = node.attribute("name").map(str::trim);
        match name {
            Some(name) if !name.is_empty() && name.len() <= NAME_MAX => Some(name),
            Some(name) => {
                let message = match name {
                    "" => "an empty name".to_owned(),
                    _ => format!("a name of {} bytes", name.len()),
                };
                let help = format!("a name has 1 to {NAME_MAX} bytes");
                self.add(codes::SHAPE, Some(value_place(node, "name")), message, &help);
                None
            }
            None => {
                let message = format!("`{}` has no name", shown(node.tag_name().name()));
                self.add(codes::SHAPE, Some(tag(node)), message, "give it `name=\"…\"`");
                None
            }
        }
    }

    /// Every definition gets its place.
    fn definitions(&mut self, root: Node<'d, 'd>) {
        if root.tag_name().name() != "opsa-mef" {
            let message = format!("the root element is `{}`", shown(root.tag_name().name()));
            self.add(codes::SHAPE, Some(tag(root)), message, "an Open-PSA model is an `opsa-mef`");
            return;
        }
        self.containers.push(Container { name: "", parent: None, is_private: false });
        // Containers are met in the order of the text; their contents follow on the stack.
        let mut open: Vec<(Node<'d, 'd>, u32, usize)> = vec![(root, 0, 0)];
        while let Some((node, within, depth)) = open.pop() {
            let from = open.len();
            for child in Self::elements(node) {
                match child.tag_name().name() {
                    "model-data" => open.push((child, 0, depth + 1)),
                    "define-fault-tree" | "define-component" => {
                        let Some(name) = self.name_of(child) else { continue };
                        if depth >= DEPTH_MAX {
                            let help = format!("at most {DEPTH_MAX} are read");
                            let message = "components within components, too deep".to_owned();
                            self.add(codes::LIMIT, Some(tag(child)), message, &help);
                            continue;
                        }
                        if self.model.name.is_empty() {
                            self.model.name = name.to_owned();
                        }
                        let is_private = self.is_private(child, within);
                        let at = u32::try_from(self.containers.len()).expect("elements fit u32");
                        self.paths.insert(self.path(within, name), at);
                        self.containers.push(Container { name, parent: Some(within), is_private });
                        open.push((child, at, depth + 1));
                    }
                    "define-gate" => self.define_gate(child, within),
                    "define-basic-event" => self.define_event(child, within),
                    "define-house-event" => self.define_house(child, within),
                    "define-parameter" => {}
                    "define-CCF-group" | "define-substitution" | "include" => {
                        let message = format!("`{}` is not understood", child.tag_name().name());
                        let help =
                            "an answer without it would be another; take it out to have that one";
                        self.add(codes::CHANGES, Some(tag(child)), message, help);
                    }
                    other if depth == 0 => {
                        let message = format!("`{}` is not read", shown(other));
                        let help = "fault trees and their data are";
                        self.add(codes::NOT_READ, Some(tag(child)), message, help);
                    }
                    other => {
                        let message = format!("`{}` cannot stand here", shown(other));
                        let help = "gates, events, components and parameters can";
                        self.add(codes::SHAPE, Some(tag(child)), message, help);
                    }
                }
            }
            open[from..].reverse();
        }
    }

    /// Whether a definition is its component's own affair.
    fn is_private(&self, node: Node<'d, 'd>, within: u32) -> bool {
        match node.attribute("role") {
            Some("private") => true,
            Some(_) => false,
            None => self.containers[within as usize].is_private,
        }
    }

    fn define(&mut self, node: Node<'d, 'd>, name: &'d str, within: u32, defined: Defined) {
        let place = value_place(node, "name");
        let is_private = within != 0 && self.is_private(node, within);
        let before = if is_private {
            self.private.insert((within, name), (defined, place.clone()))
        } else {
            self.public.insert(name, (defined, place.clone()))
        };
        if let Some((_, first)) = before {
            self.add(
                codes::DUPLICATE,
                Some(place),
                format!("`{}` is defined twice", shown(name)),
                "gates, basic events and house events share their names",
            );
            if let Some(finding) = self.findings.last_mut()
                && finding.code == codes::DUPLICATE.id
            {
                let text = "here before".to_owned();
                finding.labels.push(Label { file: 0, bytes: first, text });
            }
        }
    }

    fn define_gate(&mut self, node: Node<'d, 'd>, within: u32) {
        let Some(name) = self.name_of(node) else { return };
        let gate = u32::try_from(self.gates.len()).expect("elements fit u32");
        self.gates.push(Definition { node, within });
        let is_private = within != 0 && self.is_private(node, within);
        let name_told = if is_private { self.path(within, name) } else { name.to_owned() };
        self.model.gates.push(Gate {
            name: Some(name_told),
            connective: Connective::Same,
            arguments: Vec::new(),
        });
        self.places.push(value_place(node, "name"));
        self.define(node, name, within, Defined::Gate(gate));
    }

    fn path(&self, within: u32, name: &str) -> String {
        let mut path = name.to_owned();
        let mut at = Some(within);
        while let Some(container) = at.map(|at| &self.containers[at as usize]) {
            if !container.name.is_empty() {
                path = format!("{}.{path}", container.name);
            }
            at = container.parent;
        }
        path
    }

    fn define_event(&mut self, node: Node<'d, 'd>, within: u32) {
        let Some(name) = self.name_of(node) else { return };
        let probability = self.probability(node, name);
        let event = u32::try_from(self.model.events.len()).expect("elements fit u32");
        let is_private = within != 0 && self.is_private(node, within);
        let name_told = if is_private { self.path(within, name) } else { name.to_owned() };
        self.model.events.push(Event { name: name_told, probability });
        self.define(node, name, within, Defined::Event(event));
    }

    fn probability(&mut self, node: Node<'d, 'd>, name: &str) -> Option<f64> {
        let mut expressions = Self::elements(node);
        let Some(expression) = expressions.next() else {
            let message = format!("`{}` has no probability", shown(name));
            let help = "sets are found without it; how likely the top is then stays unknown";
            self.add(codes::NO_PROBABILITY, Some(value_place(node, "name")), message, help);
            return None;
        };
        if let Some(other) = expressions.next() {
            let message = format!("a second expression for `{}`", shown(name));
            self.add(codes::SHAPE, Some(tag(other)), message, "a basic event has one");
        }
        let kind = expression.tag_name().name();
        if !matches!(kind, "float" | "int" | "bool") {
            let message = format!("`{}` is not computed", shown(kind));
            let help = "write the probability as a `float`; until then it is unknown";
            self.add(codes::NOT_COMPUTED, Some(tag(expression)), message, help);
            return None;
        }
        let value = expression.attribute("value").unwrap_or("");
        let number = match (kind, value.trim()) {
            ("bool", "true") => Some(1.0),
            ("bool", "false") => Some(0.0),
            ("bool", _) => None,
            (_, number) => number.parse::<f64>().ok(),
        };
        if let Some(number) = number.filter(|number| (0.0..=1.0).contains(number)) {
            return Some(number);
        }
        let message = format!("`{}` is no probability", shown(value));
        let place = value_place(expression, "value");
        self.add(codes::UNLIKELY, Some(place), message, "a number from 0 to 1");
        None
    }

    fn define_house(&mut self, node: Node<'d, 'd>, within: u32) {
        let Some(name) = self.name_of(node) else { return };
        let state = match Self::elements(node).next() {
            Some(constant) if constant.tag_name().name() == "constant" => self.constant(constant),
            Some(other) => {
                let message = format!("`{}` cannot stand here", shown(other.tag_name().name()));
                let help = "a house event is a constant: `<constant value=\"true\"/>`";
                self.add(codes::SHAPE, Some(tag(other)), message, help);
                None
            }
            None => {
                let message = format!("house event `{}` has no state", shown(name));
                let help = "a house event is a constant: `<constant value=\"true\"/>`";
                self.add(codes::SHAPE, Some(value_place(node, "name")), message, help);
                None
            }
        };
        self.define(node, name, within, Defined::House(state.unwrap_or_default()));
    }

    fn constant(&mut self, node: Node<'d, 'd>) -> Option<bool> {
        match node.attribute("value") {
            Some("true" | "1") => Some(true),
            Some("false" | "0") => Some(false),
            other => {
                let message = format!("`{}` is no constant", shown(other.unwrap_or("")));
                let place = value_place(node, "value");
                self.add(codes::SHAPE, Some(place), message, "`true` or `false`");
                None
            }
        }
    }

    /// What a name stands for, seen from within a component.
    fn resolve(&self, name: &str, within: u32) -> Option<Defined> {
        let found = |(defined, _): &(Defined, Range<usize>)| *defined;
        let mut at = Some(within);
        while let Some(container) = at {
            if let Some(own) = self.private.get(&(container, name)) {
                return Some(found(own));
            }
            at = self.containers[container as usize].parent;
        }
        if let Some(own) = self.public.get(name) {
            return Some(found(own));
        }
        // A path: the components, and the name at its end.
        let (path, last) = name.rsplit_once('.')?;
        if let Some(container) = self.paths.get(path)
            && let Some(own) = self.private.get(&(*container, last))
        {
            return Some(found(own));
        }
        self.public.get(last).map(found)
    }

    fn formulas(&mut self) {
        for gate in 0..self.gates.len() {
            let Definition { node, within } = self.gates[gate];
            let mut formulas = Self::elements(node);
            let Some(formula) = formulas.next() else {
                let message = "a gate without a formula".to_owned();
                let help = "it is made of `and`, `or`, `atleast` … of events and gates";
                self.add(codes::ARGUMENTS, Some(value_place(node, "name")), message, help);
                continue;
            };
            if let Some(other) = formulas.next() {
                let message = "a second formula".to_owned();
                self.add(codes::SHAPE, Some(tag(other)), message, "a gate has one");
            }
            let place = self.places[gate].clone();
            if let Some((connective, arguments)) = self.formula(formula, within, 0, &place) {
                self.model.gates[gate].connective = connective;
                self.model.gates[gate].arguments = arguments;
            }
        }
    }

    /// A formula; recursion ends at [`DEPTH_MAX`].
    fn formula(
        &mut self,
        node: Node<'d, 'd>,
        within: u32,
        depth: usize,
        gate: &Range<usize>,
    ) -> Option<(Connective, Vec<Argument>)> {
        let name = node.tag_name().name();
        if matches!(name, "gate" | "basic-event" | "house-event" | "event" | "constant") {
            return Some((Connective::Same, vec![self.argument(node, within, depth, gate)?]));
        }
        let connective = match name {
            "and" => Connective::And,
            "or" => Connective::Or,
            "not" => Connective::Not,
            "xor" => Connective::Xor,
            "nand" => Connective::Nand,
            "nor" => Connective::Nor,
            "imply" => Connective::Imply,
            "iff" => Connective::Iff,
            "atleast" => Connective::AtLeast(self.number(node, "min")?),
            "cardinality" => {
                Connective::Cardinality(self.number(node, "min")?, self.number(node, "max")?)
            }
            other => {
                let message = format!("`{}` is no formula", shown(other));
                let help = "and, or, not, xor, nand, nor, imply, iff, atleast, cardinality, or a reference";
                self.add(codes::SHAPE, Some(tag(node)), message, help);
                return None;
            }
        };
        let children: Vec<_> = Self::elements(node).collect();
        let arguments: Vec<Argument> = children
            .iter()
            .filter_map(|&child| self.argument(child, within, depth, gate))
            .collect();
        self.count(node, connective, children.len());
        (arguments.len() == children.len()).then_some((connective, arguments))
    }

    fn number(&mut self, node: Node<'d, 'd>, attribute: &str) -> Option<u32> {
        let value = node.attribute(attribute).unwrap_or("");
        let number = value.trim().parse().ok();
        if number.is_none() {
            let message = format!("`{attribute}` is `{}`", shown(value));
            let place = value_place(node, attribute);
            self.add(codes::SHAPE, Some(place), message, "a whole number is expected");
        }
        number
    }

    /// Whether a formula has as many arguments as it takes.
    fn count(&mut self, node: Node<'d, 'd>, connective: Connective, count: usize) {
        let name = node.tag_name().name();
        let (least, most) = match connective {
            Connective::Not => (1, 1),
            Connective::Xor | Connective::Imply | Connective::Iff => (2, 2),
            Connective::Same
            | Connective::And
            | Connective::Or
            | Connective::Nand
            | Connective::Nor
            | Connective::AtLeast(_)
            | Connective::Cardinality(..) => (1, usize::MAX),
        };
        if count < least || count > most {
            let message = format!("`{name}` has {count} arguments");
            let help = match (connective, least) {
                (Connective::Xor, _) => {
                    "it takes two; of more, programs differ in what they take it for: nest them"
                }
                (_, 1) if most == 1 => "it takes one",
                (_, 1) => "it takes at least one",
                _ => "it takes two",
            };
            self.add(codes::ARGUMENTS, Some(tag(node)), message, help);
            return;
        }
        let idle = match connective {
            Connective::AtLeast(0) => Some(format!("at least 0 of {count} is always so")),
            Connective::AtLeast(k) if k as usize == count => {
                Some(format!("at least {k} of {count} is all of them"))
            }
            _ => None,
        };
        if let Some(message) = idle {
            let help = "it is computed as it stands";
            self.add(codes::IDLE_K, Some(value_place(node, "min")), message, help);
        }
        let wrong = match connective {
            Connective::AtLeast(k) if k as usize > count => {
                Some(format!("at least {k} of {count} can never be"))
            }
            Connective::Cardinality(min, max) if min > max => {
                Some(format!("at least {min} and at most {max} can never be"))
            }
            Connective::Cardinality(_, max) if max as usize > count => {
                Some(format!("at most {max} of {count} says too much"))
            }
            _ => None,
        };
        if let Some(message) = wrong {
            let help = "the number, or the list, is not what was meant";
            self.add(codes::IMPOSSIBLE_K, Some(value_place(node, "min")), message, help);
        }
    }

    fn argument(
        &mut self,
        node: Node<'d, 'd>,
        within: u32,
        depth: usize,
        gate: &Range<usize>,
    ) -> Option<Argument> {
        let kind = node.tag_name().name();
        let kind = match (kind, node.attribute("type")) {
            ("event", Some("gate")) => "gate",
            ("event", Some("basic-event")) => "basic-event",
            ("event", Some("house-event")) => "house-event",
            (kind, _) => kind,
        };
        match kind {
            "constant" => self.constant(node).map(Argument::Constant),
            "gate" | "basic-event" | "house-event" | "event" => {
                let name = self.name_of(node)?;
                let found = self.resolve(name, within);
                let argument = match (found, kind) {
                    (Some(Defined::Gate(gate)), "gate" | "event") => Argument::Gate(gate),
                    (Some(Defined::Event(event)), "basic-event" | "event") => {
                        Argument::Event(event)
                    }
                    (Some(Defined::House(state)), "house-event" | "event") => {
                        Argument::Constant(state)
                    }
                    (found, _) => {
                        let message = format!("no {kind} is called `{}`", shown(name));
                        let help = match found {
                            Some(Defined::Gate(_)) => "a gate has this name",
                            Some(Defined::Event(_)) => "a basic event has this name",
                            Some(Defined::House(_)) => "a house event has this name",
                            None => "it has to be defined in this file",
                        };
                        self.add(codes::DANGLING, Some(value_place(node, "name")), message, help);
                        return None;
                    }
                };
                Some(argument)
            }
            _ if depth >= DEPTH_MAX => {
                let message = "formulas within formulas, too deep".to_owned();
                let help =
                    format!("at most {DEPTH_MAX} are read; give the inner ones gates of their own");
                self.add(codes::LIMIT, Some(tag(node)), message, &help);
                None
            }
            _ => {
                let (connective, arguments) = self.formula(node, within, depth + 1, gate)?;
                let inner = u32::try_from(self.model.gates.len()).ok()?;
                self.model.gates.push(Gate { name: None, connective, arguments });
                self.places.push(gate.clone());
                Some(Argument::Gate(inner))
            }
        }
    }

    /// Puts every gate after those it is made of, or says which are made of each other.
    fn circles(&mut self) {
        if self.errors > 0 && self.model.gates.is_empty() {
            return;
        }
        const NEW: u8 = 0;
        const OPEN: u8 = 1;
        const DONE: u8 = 2;
        let mut state = vec![NEW; self.model.gates.len()];
        let mut order: Vec<u32> = Vec::with_capacity(state.len());
        for start in 0..state.len() {
            // The way from the start, each with the arguments it has gone on to.
            let mut way: Vec<(u32, usize)> = Vec::new();
            if state[start] == NEW {
                way.push((u32::try_from(start).expect("elements fit u32"), 0));
                state[start] = OPEN;
            }
            while let Some((gate, next)) = way.last_mut() {
                let argument = self.model.gates[*gate as usize].arguments.get(*next).copied();
                *next += 1;
                match argument {
                    Some(Argument::Gate(inner)) if state[inner as usize] == NEW => {
                        state[inner as usize] = OPEN;
                        way.push((inner, 0));
                    }
                    Some(Argument::Gate(inner)) if state[inner as usize] == OPEN => {
                        let from = way.iter().position(|(gate, _)| *gate == inner).unwrap_or(0);
                        let circle: Vec<u32> = way[from..].iter().map(|(gate, _)| *gate).collect();
                        self.circle(&circle);
                    }
                    Some(_) => {}
                    None => {
                        state[*gate as usize] = DONE;
                        order.push(*gate);
                        way.pop();
                    }
                }
            }
        }
        if self.errors > 0 {
            return;
        }
        let mut place = vec![0_u32; order.len()];
        for (at, &gate) in (0..).zip(&order) {
            place[gate as usize] = at;
        }
        let mut old: Vec<Option<Gate>> =
            std::mem::take(&mut self.model.gates).into_iter().map(Some).collect();
        for gate in order {
            let mut gate = old[gate as usize].take().expect("each gate once");
            for argument in &mut gate.arguments {
                if let Argument::Gate(inner) = argument {
                    *inner = place[*inner as usize];
                }
            }
            self.model.gates.push(gate);
        }
    }

    fn circle(&mut self, gates: &[u32]) {
        let named = gates.iter().filter_map(|&gate| self.model.gates[gate as usize].name.clone());
        let mut names: Vec<String> = named.map(|name| format!("`{}`", shown(&name))).collect();
        let first = names.first().cloned().unwrap_or_default();
        if names.len() > CIRCLE_TOLD {
            names.truncate(CIRCLE_TOLD);
            names.push("…".to_owned());
        }
        names.push(first);
        let message = format!("a circle: {}", names.join(" is made of "));
        let place = self.places[gates[0] as usize].clone();
        let help = "a fault tree asks what brings something about; nothing can bring about itself";
        self.add(codes::CYCLE, Some(place), message, help);
    }
}
