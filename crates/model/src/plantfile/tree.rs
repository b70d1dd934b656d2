//! YAML text as a tree with places: what a finding underlines.
//!
//! The tree knows nothing of plants. Everything from outside passes its limits first: size before
//! scanning, depth and count while scanning, so that a hundred megabytes of `[` cost nothing.
//! Aliases are refused (`defaults:` and ranges are the plant language's own way), so nothing can
//! expand.

use super::Report;
use super::codes;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Span};
use std::borrow::Cow;
use std::collections::HashMap;

/// Bytes of all files together: about a million components.
pub(super) const BYTES_MAX: usize = 256 * 1024 * 1024;

/// How deep maps and lists nest: requirements of requirements, and room to spare.
const DEPTH_MAX: usize = 64;

/// Nodes of all kinds in one file.
const NODES_MAX: usize = 50_000_000;

/// A place in a file, bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Place {
    /// Which of the files that were read.
    pub file: u32,
    /// Its first byte.
    pub start: u32,
    /// The byte after its last.
    pub end: u32,
}

/// A value with its place.
#[derive(Clone, PartialEq, Debug)]
pub struct Node<'t> {
    /// Where it stands.
    pub place: Place,
    /// What stands there.
    pub value: Value<'t>,
}

/// What stands there. Scalars are text: what a text means is for the reader of each field to say.
#[derive(Clone, PartialEq, Debug)]
pub enum Value<'t> {
    /// A scalar.
    Text(Cow<'t, str>),
    /// An empty value, `~` or `null`.
    Nothing,
    /// A sequence.
    List(Vec<Node<'t>>),
    /// A mapping, in the order it is written.
    Map(Vec<Entry<'t>>),
}

/// A key and its value.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry<'t> {
    /// The key.
    pub key: Cow<'t, str>,
    /// Where the key stands.
    pub key_place: Place,
    /// The value.
    pub value: Node<'t>,
}

impl<'t> Node<'t> {
    /// The text, where it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Nothing | Value::List(_) | Value::Map(_) => None,
        }
    }

    /// The entries, where it is a map.
    #[must_use]
    pub fn map(&self) -> Option<&[Entry<'t>]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            Value::Text(_) | Value::Nothing | Value::List(_) => None,
        }
    }

    /// What reading it costs: one for each value, and more for long texts. What a range repeats is
    /// counted by this before it is read.
    pub(super) fn weight(&self) -> usize {
        const TEXT_BYTES: usize = 32;
        1 + match &self.value {
            Value::Text(text) => text.len() / TEXT_BYTES,
            Value::Nothing => 0,
            Value::List(nodes) => nodes.iter().map(Node::weight).sum(),
            Value::Map(entries) => entries.iter().map(|entry| entry.value.weight()).sum(),
        }
    }

    /// The same with each text passed through `turn`, which says what replaces it.
    pub(super) fn turned(&self, turn: &mut impl FnMut(&str, Place) -> Option<String>) -> Self {
        let value = match &self.value {
            Value::Text(text) => match turn(text, self.place) {
                Some(turned) => Value::Text(Cow::Owned(turned)),
                None => Value::Text(text.clone()),
            },
            Value::Nothing => Value::Nothing,
            Value::List(nodes) => Value::List(nodes.iter().map(|node| node.turned(turn)).collect()),
            Value::Map(entries) => Value::Map(
                entries
                    .iter()
                    .map(|Entry { key, key_place, value }| Entry {
                        key: key.clone(),
                        key_place: *key_place,
                        value: value.turned(turn),
                    })
                    .collect(),
            ),
        };
        Self { place: self.place, value }
    }

    /// What it is, in words: `a text`, `nothing`, `a list`, `a map`.
    #[must_use]
    pub const fn shape(&self) -> &'static str {
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
    Map(Place, Vec<Entry<'t>>, Option<(Cow<'t, str>, Place)>),
}

/// Reads one file; `None` when it has no document, or after a finding that ends the reading.
pub(super) fn read<'t>(file: usize, text: &'t str, report: &mut Report) -> Option<Node<'t>> {
    let mut places = Places::of_text(u32::try_from(file).ok()?, text);
    let text = places.text;
    let mut parser = Parser::new_from_str(text);
    let mut open: Vec<Open<'t>> = Vec::new();
    let mut root = None;
    let mut nodes = 0_usize;
    while let Some(event) = parser.next_event() {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                let place = places.point(*error.marker());
                if error.info() == "recursion limit exceeded" {
                    // The scanner's own limit, met before ours when it has to look ahead for a `:`.
                    too_deep(place, report);
                } else {
                    let remedy = remedy(text, place);
                    report.add(codes::SYNTAX, place, error.info().to_owned(), remedy);
                }
                return None;
            }
        };
        nodes += 1;
        if nodes > NODES_MAX {
            let message = format!("more than {NODES_MAX} values");
            report.add(codes::LIMIT, places.of(span), message, None);
            return None;
        }
        if open.len() > DEPTH_MAX {
            too_deep(places.of(span), report);
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
                if text.bytes().any(|b| b.is_ascii_control() && !matches!(b, b'\n' | b'\t')) {
                    let message = "a control character in a text".to_owned();
                    report.add(codes::SYNTAX, place, message, None);
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
                open.push(Open::Map(place, Vec::new(), None));
                None
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let end = places.of(span).end;
                open.pop().map(|open| match open {
                    Open::List(place, nodes) => {
                        Node { place: until(place, end), value: Value::List(nodes) }
                    }
                    Open::Map(place, entries, _) => {
                        doubled_keys(&entries, report);
                        Node { place: until(place, end), value: Value::Map(entries) }
                    }
                })
            }
        };
        let Some(node) = done else { continue };
        match open.last_mut() {
            None => root = Some(node),
            Some(Open::List(_, nodes)) => nodes.push(node),
            Some(Open::Map(_, entries, waiting)) => match waiting.take() {
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
                    *waiting = Some((key, node.place));
                }
            },
        }
    }
    root
}

fn too_deep(place: Place, report: &mut Report) {
    let help = format!("at most {DEPTH_MAX} levels are read");
    report.add(codes::LIMIT, place, "nested too deeply".to_owned(), Some(help));
}

/// The slip that the plant language itself invites: a range between braces, without quotes. The scanner stops
/// at the brace of the range, or behind it.
fn remedy(text: &str, place: Place) -> Option<String> {
    let ends = |c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']' | '"' | '\'');
    let before = text.get(..place.start as usize)?.trim_end();
    let begun = before.rsplit(ends).next()?;
    let word = text[before.len() - begun.len()..].split(ends).next()?;
    let mut word = word.trim_start_matches('{').trim_end_matches(':');
    while word.matches('}').count() > word.matches('{').count() {
        word = word.strip_suffix('}')?;
    }
    let range = word.split_once('{')?.1;
    let bare = range.starts_with(|c: char| c.is_ascii_digit()) && range.contains("..");
    bare.then(|| format!("inside `{{ … }}` a range stands in quotes: `\"{word}\"`"))
}

fn doubled_keys(entries: &[Entry<'_>], report: &mut Report) {
    /// Below, comparing is cheaper than hashing, and most maps are small.
    const FEW: usize = 12;
    let mut seen: HashMap<&str, Place> = HashMap::new();
    for (at, entry) in entries.iter().enumerate() {
        let first = if entries.len() > FEW {
            seen.insert(&entry.key, entry.key_place)
        } else {
            entries[..at].iter().find(|first| first.key == entry.key).map(|first| first.key_place)
        };
        if let Some(first) = first {
            let message = format!("`{}` stands twice in this map", super::shortened(&entry.key));
            let other = Some((first, "here first"));
            let help = "keep one of the two".to_owned();
            report.add_two(codes::DUPLICATE_KEY, entry.key_place, other, message, Some(help));
        }
    }
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
    /// Without its byte order mark, as the scanner has it.
    text: &'t str,
    /// Bytes of the byte order mark.
    mark: usize,
    /// The last position asked for: characters, bytes.
    at: (usize, usize),
    ascii: bool,
}

impl<'t> Places<'t> {
    fn of_text(file: u32, text: &'t str) -> Self {
        let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mark = text.len() - bare.len();
        Self { file, text: bare, mark, at: (0, 0), ascii: bare.is_ascii() }
    }

    fn of(&mut self, span: Span) -> Place {
        let start = self.byte(span.start.index());
        let end = self.byte(span.end.index());
        Place { file: self.file, start, end: end.max(start) }
    }

    fn point(&mut self, marker: Marker) -> Place {
        let start = self.byte(marker.index());
        Place { file: self.file, start, end: start }
    }

    fn byte(&mut self, index: usize) -> u32 {
        if self.ascii {
            return u32::try_from(index.min(self.text.len()) + self.mark).unwrap_or(u32::MAX);
        }
        let (chars, bytes) = self.at;
        let (before, after) = self.text.split_at(bytes);
        let sum = |(chars, bytes), c: char| (chars + 1, bytes + c.len_utf8());
        self.at = if index < chars {
            let back = before.chars().rev().take(chars - index).fold((0, 0), sum);
            (chars - back.0, bytes - back.1)
        } else {
            let on = after.chars().take(index - chars).fold((0, 0), sum);
            (chars + on.0, bytes + on.1)
        };
        u32::try_from(self.at.1 + self.mark).unwrap_or(u32::MAX)
    }
}
