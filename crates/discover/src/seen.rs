//! What one source says, before it is held against the others: things, what they need, and what could not be read.
//!
//! Every source (this machine, LLDP, Proxmox, libvirt, a table, an inventory) fills a [`Report`], and
//! [`Plant::of`](crate::Plant::of) makes one plant of all of them. A thing points at others of its own report by
//! number, so that what is only named stands there, too, as implied. Nothing here is judged, but for what a plant
//! could not hold: that becomes a doubt with its place. Tested through the sources.

use blackstart_model::draft::About;
use blackstart_model::kind::Kind;
use blackstart_model::plantfile::fields::FIELDS;
use blackstart_model::plantfile::{parse_str, scalar};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

/// Things of one report at most: more than a plant of a hundred halls has machines.
pub const THINGS_MAX: usize = 200_000;

/// Doubts that are listed; beyond, they are counted.
const DOUBTS_MAX: usize = 200;

/// Characters that are taken of one value.
const VALUE_MAX: usize = 1_000;

/// Why a source could not be read at all: half of one would make a plant that looks whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unreadable(pub String);

impl Unreadable {
    pub(crate) fn new(words: &str) -> Self {
        Self(words.to_owned())
    }
}

/// What one source says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Who says it, as a comment names it: `hosts.csv`.
    pub by: String,
    /// What there is.
    pub things: Vec<Thing>,
    /// Which of them is the machine that this runs on.
    pub own: Option<usize>,
    /// Which things see each other on a wire.
    pub wires: Vec<Wire>,
    /// The plant's zone.
    pub timezone: Option<String>,
    /// What was found and has no place in a plant.
    pub notes: Vec<String>,
    /// What is asked about no thing in particular.
    pub questions: Vec<String>,
    /// What could not be read, with its place.
    pub doubts: Vec<String>,
    /// Doubts beyond those.
    pub doubts_beyond: usize,
    /// What is left out, and why: names.
    pub left_out: BTreeMap<(String, String), Vec<String>>,
    by_name: HashMap<String, usize>,
}

/// Something that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Thing {
    /// What the source calls it.
    pub name: String,
    /// The name was made up, for the source has none.
    pub is_nameless: bool,
    /// It is only named by others, and described nowhere in this report.
    pub is_implied: bool,
    /// What it is, where the source says so.
    pub kind: Option<Kind>,
    /// Where the source says it: `line 7`.
    pub at: String,
    /// What else it is surely known by: `mac 00:…`, `uuid …`.
    pub marks: Vec<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// What it needs.
    pub needs: Vec<Needed>,
    /// Other fields, as they are written in YAML.
    pub fields: Vec<(&'static str, String)>,
    /// The questions that may be put to it.
    pub asked: Vec<Asked>,
    /// What is said beside it.
    pub remarks: Vec<String>,
    /// What is asked about it.
    pub questions: Vec<(About, String)>,
}

/// What a thing needs in one of its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// The field.
    pub field: &'static str,
    /// Which other things of the report.
    pub of: Vec<usize>,
    /// How many of them.
    pub how: How,
    /// Where the source says it, if that is elsewhere than where it says the thing.
    pub at: Option<String>,
    /// It leads there, by these interfaces, and there may be others between.
    pub through: Option<Vec<String>>,
}

/// How many of several are needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// One is enough.
    Any,
    /// All of them.
    All,
    /// So many of them.
    AtLeast(usize),
    /// The first; each other takes over by itself after so long, as it is written in a plant.
    TakenOver(String),
}

/// A question to a thing, as it is written in a plant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The source says that it is asked.
    Told(String),
    /// Each may be put to it; the first that is answered well is taken.
    Try(Vec<String>),
}

/// Two things that see each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wire {
    /// The one, and its port.
    pub own: (usize, String),
    /// The other, and its port.
    pub other: (usize, String),
}

impl Report {
    /// An empty report of this source.
    #[must_use]
    pub fn new(by: &str) -> Self {
        Self { by: shown(by), ..Self::default() }
    }

    /// Takes in a thing; its number.
    pub fn add(&mut self, thing: Thing) -> usize {
        let key = thing.name.to_lowercase();
        self.things.push(thing);
        self.by_name.entry(key).or_insert(self.things.len() - 1);
        self.things.len() - 1
    }

    /// The thing of this name, in whatever case.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.by_name.get(&name.to_lowercase()).copied()
    }

    /// The thing of this name, or a new one that is only named here; `kind` is what the name is used as.
    pub fn named(&mut self, name: &str, kind: Option<Kind>, at: &str) -> usize {
        let name = shown(name);
        match self.find(&name) {
            Some(known) => {
                let thing = &mut self.things[known];
                if thing.is_implied && thing.kind.is_none() {
                    thing.kind = kind;
                }
                known
            }
            None => {
                let at = at.to_owned();
                self.add(Thing { name, kind, at, is_implied: true, ..Thing::default() })
            }
        }
    }

    /// Says that something could not be read.
    pub fn doubt(&mut self, at: &str, words: &str) {
        if self.doubts.len() == DOUBTS_MAX {
            self.doubts_beyond += 1;
            return;
        }
        let place = if at.is_empty() { self.by.clone() } else { format!("{}: {at}", self.by) };
        let words: String = words.chars().take(VALUE_MAX).collect();
        self.doubts.push(format!("{place}: {words}"));
    }

    /// Says that something is not in the plant, and why.
    pub fn leave_out(&mut self, what: &str, why: &str, name: &str) {
        self.left_out.entry((what.to_owned(), why.to_owned())).or_default().push(shown(name));
    }

    /// Whether one more thing may be taken in; says it, once, when not.
    pub fn is_full(&mut self) -> bool {
        let full = self.things.len() >= THINGS_MAX;
        if full && !self.doubts.last().is_some_and(|last| last.ends_with("are taken in")) {
            self.doubt("", &format!("only {THINGS_MAX} things are taken in"));
        }
        full
    }

    /// A need of a thing, where its source says the thing.
    pub fn need(&mut self, thing: usize, field: &'static str, of: Vec<usize>, how: How) {
        let needed = Needed { field, of, how, at: None, through: None };
        self.things[thing].needs.push(needed);
    }

    /// Sets a field to a text, if a plant may hold it there.
    pub fn field(&mut self, thing: usize, field: &'static str, text: &str, at: &str) {
        let text: String = text.trim().chars().take(VALUE_MAX).collect();
        let kind = self.things[thing].kind.unwrap_or(Kind::Component);
        let value = scalar(&text);
        match refused(kind, field, &value) {
            None => self.things[thing].fields.push((field, value)),
            Some(why) => self.doubt(at, &format!("`{field}: {}`: {why}", shown(&text))),
        }
    }
}

/// Why a plant cannot hold this value in this field of a component of this kind; `None` where it can.
pub(crate) fn refused(kind: Kind, field: &str, value: &str) -> Option<String> {
    let Some(known) = FIELDS.iter().find(|known| known.name == field) else {
        return Some("there is no such field".to_owned());
    };
    if !known.of.has(kind) {
        return Some(format!("a {kind} has no `{field}`"));
    }
    let text = format!("blackstart: 1\n{}:\n  x: {{ {field}: {value} }}\n", kind.section());
    match parse_str(&text) {
        (Some(_), _) => None,
        (None, findings) => {
            let first = findings.first().map_or("it cannot be read", |first| &first.message);
            Some(first.to_owned())
        }
    }
}

/// What others call their things, fit to be shown on a line.
pub(crate) fn shown(text: &str) -> String {
    const SHOWN_MAX: usize = 128;
    text.trim().chars().map(|it| if it.is_control() { '?' } else { it }).take(SHOWN_MAX).collect()
}

/// Where each line of a text ends, bytes.
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub(crate) fn of(text: &str) -> Self {
        Self(
            text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect(),
        )
    }

    /// The number of the line that a byte stands on.
    pub(crate) fn at(&self, byte: usize) -> usize {
        self.0.partition_point(|end| *end < byte) + 1
    }
}
