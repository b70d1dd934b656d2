//! YAML text as a tree with places: what a finding underlines.
//!
//! The tree knows nothing of plants. Everything from outside passes its limits first: size before
//! scanning, depth and count while scanning, so that a hundred megabytes of `[` cost nothing. Aliases are
//! refused (`defaults:` and ranges are the plant language's own way), so nothing can expand.

use super::Report;
use super::codes;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};
use std::borrow::Cow;
use std::collections::HashSet;

/// Bytes of all files together: about a million components.
pub(super) const BYTES_MAX: usize = 256 * 1024 * 1024;

/// How deep maps and lists nest: requirements of requirements, and room to spare.
const DEPTH_MAX: usize = 64;

/// Nodes of all kinds in one file.
const NODES_MAX: usize = 50_000_000;

/// A place in a file, bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Place {
    pub(super) file: u32,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// A value with its place.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Node<'t> {
    pub(super) place: Place,
    pub(super) value: Value<'t>,
}

/// What stands there.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Value<'t> {
    Text(Cow<'t, str>),
    Nothing,
    List(Vec<Node<'t>>),
    Map(Vec<Entry<'t>>),
}

/// A key and its value.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Entry<'t> {
    pub(super) key: Cow<'t, str>,
    pub(super) key_place: Place,
    pub(super) value: Node<'t>,
}

impl<'t> Node<'t> {
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Nothing | Value::List(_) | Value::Map(_) => None,
        }
    }

    pub(super) fn map(&self) -> Option<&[Entry<'t>]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            Value::Text(_) | Value::Nothing | Value::List(_) => None,
        }
    }

    pub(super) const fn shape(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "a text",
            Value::Nothing => "nothing",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

/// What is being read.
enum Open<'t> {
    List(Place, Vec<Node<'t>>),
    Map(Place, Vec<Entry<'t>>, Option<(Cow<'t, str>, Place)>, HashSet<u64>),
}

/// Reads one file; `None` when it has no document, or after a finding that ends the reading.
pub(super) fn read<'t>(file: usize, text: &'t str, report: &mut Report) -> Option<Node<'t>> {
    let mut places =
        Places { file: u32::try_from(file).ok()?, text, at: (0, 0), ascii: text.is_ascii() };
    let mut parser = Parser::new_from_str(text);
    let mut open: Vec<Open<'t>> = Vec::new();
    let mut root = None;
    let mut nodes = 0_usize;
    while let Some(event) = parser.next_event() {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let place = places.point(*error.marker());
                report.add(codes::SYNTAX, place, error.info().to_owned(), None);
                return None;
            }
        };
        nodes += 1;
        if nodes > NODES_MAX || open.len() > DEPTH_MAX {
            let place = places.of(span);
            let what = if nodes > NODES_MAX { "too many values" } else { "nested too deeply" };
            let help = format!("at most {DEPTH_MAX} levels and {NODES_MAX} values are read");
            report.add(codes::LIMIT, place, what.to_owned(), Some(help));
            return None;
        }
        let done = match event {
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => None,
            Event::DocumentStart(_) if root.is_some() => {
                let help = "split it into files of one folder".to_owned();
                report.add(
                    codes::DOCUMENTS,
                    places.of(span),
                    "a second document".to_owned(),
                    Some(help),
                );
                return None;
            }
            Event::DocumentStart(_) => None,
            Event::Alias(_) => {
                refuse(report, places.of(span), "an alias");
                Some(Node { place: places.of(span), value: Value::Nothing })
            }
            Event::Scalar(text, style, anchor, tag) => {
                let place = places.of(span);
                if anchor != 0 || tag.is_some() {
                    refuse(report, place, "an anchor or tag");
                }
                let plain = style == ScalarStyle::Plain;
                let value = if plain && matches!(&*text, "" | "~" | "null" | "Null" | "NULL") {
                    Value::Nothing
                } else {
                    Value::Text(text)
                };
                Some(Node { place, value })
            }
            Event::SequenceStart(anchor, tag) => {
                let place = places.of(span);
                if anchor != 0 || tag.is_some() {
                    refuse(report, place, "an anchor or tag");
                }
                open.push(Open::List(place, Vec::new()));
                None
            }
            Event::MappingStart(anchor, tag) => {
                let place = places.of(span);
                if anchor != 0 || tag.is_some() {
                    refuse(report, place, "an anchor or tag");
                }
                open.push(Open::Map(place, Vec::new(), None, HashSet::new()));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let end = places.of(span).end;
                open.pop().map(|open| match open {
                    Open::List(place, nodes) => {
                        Node { place: until(place, end), value: Value::List(nodes) }
                    }
                    Open::Map(place, entries, _, _) => {
                        Node { place: until(place, end), value: Value::Map(entries) }
                    }
                })
            }
        };
        let Some(node) = done else { continue };
        match open.last_mut() {
            None => root = Some(node),
            Some(Open::List(_, nodes)) => nodes.push(node),
            Some(Open::Map(_, entries, waiting, keys)) => match waiting.take() {
                Some((key, key_place)) => entries.push(Entry { key, key_place, value: node }),
                None => {
                    let key = match node.value {
                        Value::Text(text) => text,
                        Value::Nothing | Value::List(_) | Value::Map(_) => {
                            let message = format!("a key must be a text, not {}", node.shape());
                            report.add(codes::SHAPE, node.place, message, None);
                            Cow::Borrowed("")
                        }
                    };
                    if !keys.insert(crate::id::stable_hash(&key)) {
                        let help = "keep one of the two".to_owned();
                        report.add(
                            codes::DUPLICATE_KEY,
                            node.place,
                            format!("`{}` stands twice in this map", super::shortened(&key)),
                            Some(help),
                        );
                    }
                    *waiting = Some((key, node.place));
                }
            },
        }
    }
    root
}

fn refuse(report: &mut Report, place: Place, what: &str) {
    let help = "write it out, or use `defaults:` and ranges such as `stream-{01..40}`".to_owned();
    report.add(
        codes::ALIAS,
        place,
        format!("{what} is not part of the plant language"),
        Some(help),
    );
}

const fn until(place: Place, end: u32) -> Place {
    Place { end: if end > place.start { end } else { place.end }, ..place }
}

/// Turns the scanner's character positions into bytes; they only ever go forward, mostly.
struct Places<'t> {
    file: u32,
    text: &'t str,
    /// The last position asked for: characters, bytes.
    at: (usize, usize),
    ascii: bool,
}

impl Places<'_> {
    fn of(&mut self, span: Span) -> Place {
        let start = self.byte(span.start.index());
        let end = self.byte(span.end.index());
        Place { file: self.file, start, end: end.max(start) }
    }

    fn point(&mut self, marker: Marker) -> Place {
        let start = self.byte(marker.index().min(self.text.len()));
        Place { file: self.file, start, end: start }
    }

    fn byte(&mut self, index: usize) -> u32 {
        if self.ascii {
            return u32::try_from(index.min(self.text.len())).unwrap_or(u32::MAX);
        }
        if index < self.at.0 {
            self.at = (0, 0);
        }
        let rest = self.text.get(self.at.1..).unwrap_or("");
        let bytes: usize = rest.chars().take(index - self.at.0).map(char::len_utf8).sum();
        self.at = (index, self.at.1 + bytes);
        u32::try_from(self.at.1).unwrap_or(u32::MAX)
    }
}
