//! The plant as it takes shape: components with their names, needs, remarks and open questions.
//!
//! Components are declared first, then named together, so that two with one name are told apart alike
//! wherever they stand; only then are needs and questions written, which speak of names. A circle in
//! what things stand on is cut here and asked about, for no plant may have one.
//!
//! Every importer fills one (NetBox; what a machine finds, and the sources it is given), and [`write`] makes it
//! text. It decides nothing about what a source means. Tested through them.

pub mod roles;
pub mod write;

use crate::kind::Kind;
use crate::plantfile::{NAME_MAX, bad_name};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;

/// What is asked about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum About {
    /// Where something gets its power.
    Power,
    /// How much power it takes.
    Draw,
    /// What it is joined to.
    Network,
    /// Where a circuit leads.
    Circuit,
    /// What runs on which machine.
    Machine,
    /// Where something stands.
    Place,
    /// What a device is.
    Kind,
    /// Whether it is in use.
    Status,
    /// What a customer uses.
    Customer,
    /// The data itself.
    Data,
}

impl About {
    /// As JSON has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Draw => "draw",
            Self::Network => "network",
            Self::Circuit => "circuit",
            Self::Machine => "machine",
            Self::Place => "place",
            Self::Kind => "kind",
            Self::Status => "status",
            Self::Customer => "customer",
            Self::Data => "data",
        }
    }

    /// What is asked, in the plural.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Power => "cords and inlets: where do they get their power?",
            Self::Draw => "draws: how much power do they take?",
            Self::Network => "network connections: what are they joined to?",
            Self::Circuit => "circuits: where do they lead?",
            Self::Machine => "machines: what runs on which?",
            Self::Place => "places",
            Self::Kind => "roles that say nothing: what are these devices?",
            Self::Status => "statuses that leave open whether it is in use",
            Self::Customer => "customers: what do they use?",
            Self::Data => "doubts about the data itself",
        }
    }
}

/// Something that a source does not say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// The component it is about; none when it is about the data as such.
    pub component: Option<String>,
    /// What is asked about.
    pub about: About,
    /// The question, in words.
    pub words: String,
}

/// Things that a source has and the plant has not.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftOut {
    /// What they are, in the plural.
    pub what: String,
    /// Why they are left out.
    pub why: String,
    /// Which.
    pub names: Vec<String>,
}

/// The sorts of object that a source numbers: each has numbers of its own.
pub trait Sort: Copy + Eq + Hash {
    /// As it is called in a name that needs more to be unique: `device` in `device-7`.
    fn word(self) -> &'static str;
}

/// A component of the draft: an index.
pub type Key = usize;

/// What a component needs in one of its fields.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Need {
    /// One of these is enough; one alone is just that one. As wired: one may stand there twice.
    Any(Vec<Key>),
    /// All of these.
    All(Vec<Key>),
    /// So many of these.
    AtLeast(usize, Vec<Key>),
    /// The first of these; each other takes over by itself after so long, as it is written in a plant.
    TakenOver(Vec<Key>, String),
}

impl Need {
    /// Those it is made of.
    #[must_use]
    pub fn of(&self) -> &[Key] {
        match self {
            Self::Any(of) | Self::All(of) | Self::AtLeast(_, of) | Self::TakenOver(of, _) => of,
        }
    }

    fn of_mut(&mut self) -> &mut Vec<Key> {
        match self {
            Self::Any(of) | Self::All(of) | Self::AtLeast(_, of) | Self::TakenOver(of, _) => of,
        }
    }
}

/// A component.
#[derive(Debug)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Its name in the plant.
    pub name: String,
    /// What its source calls it, where that could not be its name; empty where it has none there.
    pub called: Option<String>,
    /// What it needs, by fields.
    pub needs: Vec<(&'static str, Need)>,
    /// Other fields, as they are written in YAML.
    pub fields: Vec<(&'static str, String)>,
    /// The questions put to it, as they are written in YAML, each with where that comes from.
    pub checks: Vec<(String, String)>,
    /// Where fields come from.
    pub sources: Vec<(&'static str, String)>,
    /// What is said beside it.
    pub remarks: Vec<String>,
    /// What is asked about it.
    pub questions: Vec<(About, String)>,
    /// What is in the draft but stands for nothing that is there: a place nobody uses.
    pub is_void: bool,
}

/// All of them.
#[derive(Debug)]
pub struct Draft<T> {
    /// The components, by their keys.
    pub entries: Vec<Entry>,
    of_things: HashMap<(T, u64), Key>,
    declared: Vec<Declared<T>>,
    taken: HashSet<String>,
    /// What no source says, in the order it was asked.
    pub questions: Vec<Question>,
    left_out: BTreeMap<(String, String), Vec<String>>,
}

#[derive(Debug)]
struct Declared<T> {
    base: String,
    within: Option<(T, u64)>,
    thing: T,
    id: u64,
}

impl<T> Default for Draft<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            of_things: HashMap::new(),
            declared: Vec::new(),
            taken: HashSet::new(),
            questions: Vec::new(),
            left_out: BTreeMap::new(),
        }
    }
}

impl Entry {
    fn new(kind: Kind, name: String, called: Option<String>) -> Self {
        Self {
            kind,
            name,
            called,
            needs: Vec::new(),
            fields: Vec::new(),
            checks: Vec::new(),
            sources: Vec::new(),
            remarks: Vec::new(),
            questions: Vec::new(),
            is_void: false,
        }
    }
}

impl<T: Sort> Draft<T> {
    /// Declares an object as a component; `within` tells it from a namesake.
    pub fn declare(
        &mut self,
        thing: T,
        id: u64,
        kind: Kind,
        called: Option<&str>,
        within: Option<(T, u64)>,
    ) -> Key {
        let legal = called.map(legal).filter(|name| !name.is_empty());
        let base = legal.unwrap_or_else(|| format!("{}-{id}", thing.word()));
        let key = self.entries.len();
        let called = match called {
            Some(called) => (base != called).then(|| called.to_owned()),
            None => Some(String::new()),
        };
        self.entries.push(Entry::new(kind, String::new(), called));
        self.of_things.insert((thing, id), key);
        self.declared.push(Declared { base, within, thing, id });
        key
    }

    /// Declares an object that its source has no name for.
    pub fn declare_unnamed(&mut self, thing: T, id: u64, kind: Kind, instead: &str) -> Key {
        let key = self.declare(thing, id, kind, Some(instead), None);
        self.entries[key].called = Some(String::new());
        key
    }

    /// Names all that was declared. Namesakes are all told apart, by what they are within, then by their
    /// numbers, so that no name depends on the order.
    pub fn name_all(&mut self) {
        let mut names: Vec<String> = self.declared.iter().map(|one| one.base.clone()).collect();
        for round in 0..2 {
            let mut count: HashMap<String, usize> = HashMap::new();
            for name in &names {
                *count.entry(name.clone()).or_default() += 1;
            }
            for (at, one) in self.declared.iter().enumerate() {
                if count[&names[at]] == 1 && bad_name(&names[at]).is_none() {
                    continue;
                }
                let within = one
                    .within
                    .and_then(|within| self.of_things.get(&within))
                    .map(|&within| &self.declared[within].base);
                names[at] = match (round, within) {
                    (0, Some(within)) => format!("{}.{}", cut(within, 60), cut(&one.base, 60)),
                    (0, None) => format!("{}-{}", one.thing.word(), cut(&one.base, 100)),
                    _ => format!("{}-{}-{}", cut(&one.base, 80), one.thing.word(), one.id),
                };
            }
        }
        for (at, name) in names.into_iter().enumerate() {
            self.entries[at].name = self.fresh(name);
        }
    }

    /// This name, or the next like it that nobody has.
    fn fresh(&mut self, base: String) -> String {
        let mut name = base.clone();
        let mut nth = 2;
        while bad_name(&name).is_some() || !self.taken.insert(name.clone()) {
            name = format!("{}-{nth}", cut(&base, 110));
            nth += 1;
        }
        name
    }

    /// A component that is no object of its source: a link, a lane of a bundle.
    pub fn add(&mut self, kind: Kind, base: &str) -> Key {
        let name = self.fresh(cut(&legal(base), NAME_MAX).to_owned());
        self.entries.push(Entry::new(kind, name, None));
        self.entries.len() - 1
    }

    /// The component of an object.
    #[must_use]
    pub fn find(&self, thing: T, id: u64) -> Option<Key> {
        self.of_things.get(&(thing, id)).copied()
    }

    /// The name of a component.
    #[must_use]
    pub fn name(&self, key: Key) -> &str {
        &self.entries[key].name
    }

    /// The kind of a component.
    #[must_use]
    pub fn kind(&self, key: Key) -> Kind {
        self.entries[key].kind
    }

    /// Sets a need, when there is something to need; to one that is set already it adds.
    pub fn need(&mut self, key: Key, field: &'static str, need: Need) {
        let needs = &mut self.entries[key].needs;
        match needs.iter_mut().find(|(known, _)| *known == field) {
            Some((_, known)) => known.of_mut().extend(need.of()),
            None if need.of().is_empty() => {}
            None => needs.push((field, need)),
        }
    }

    /// Sets another field, as it is written in YAML.
    pub fn field(&mut self, key: Key, field: &'static str, value: impl Into<String>) {
        self.entries[key].fields.push((field, value.into()));
    }

    /// Says something beside a component.
    pub fn remark(&mut self, key: Key, words: impl Into<String>) {
        self.entries[key].remarks.push(words.into());
    }

    /// Asks what the source does not say.
    pub fn ask(&mut self, key: Key, about: About, words: impl Into<String>) {
        let words = words.into();
        self.entries[key].questions.push((about, words.clone()));
        let component = self.entries[key].name.clone();
        self.questions.push(Question { component: Some(component), about, words });
    }

    /// Takes back what was asked of components about these things.
    pub fn withdraw(&mut self, answered: &[(Key, About)]) {
        let names: HashSet<(&str, About)> = answered
            .iter()
            .map(|(key, about)| (self.entries[*key].name.as_str(), *about))
            .collect();
        let is_open = |one: &Question| {
            let component = one.component.as_deref();
            component.is_none_or(|component| !names.contains(&(component, one.about)))
        };
        let questions: Vec<Question> =
            self.questions.iter().filter(|one| is_open(one)).cloned().collect();
        self.questions = questions;
        for (key, about) in answered {
            self.entries[*key].questions.retain(|(asked, _)| asked != about);
        }
    }

    /// Asks what is about no component in particular.
    pub fn ask_of_all(&mut self, about: About, words: impl Into<String>) {
        self.questions.push(Question { component: None, about, words: words.into() });
    }

    /// Asks about the data itself.
    pub fn doubt(&mut self, words: impl Into<String>) {
        self.questions.push(Question { component: None, about: About::Data, words: words.into() });
    }

    /// Says that something is not in the plant, and why.
    pub fn leave_out(&mut self, what: &str, why: &str, name: impl Into<String>) {
        self.left_out.entry((what.to_owned(), why.to_owned())).or_default().push(name.into());
    }

    /// What is not in the plant, by what it is and why.
    pub fn take_left_out(&mut self) -> Vec<LeftOut> {
        std::mem::take(&mut self.left_out)
            .into_iter()
            .map(|((what, why), names)| LeftOut { what, why, names })
            .collect()
    }

    /// Cuts circles in what components stand on.
    pub fn cut_circles(&mut self) {
        const UNSEEN: u8 = 0;
        const OPEN: u8 = 1;
        const DONE: u8 = 2;
        let stands = |entry: &Entry| -> Vec<Key> {
            let on = entry.needs.iter().filter(|(field, _)| is_stood_on(field));
            on.flat_map(|(_, need)| need.of().iter().copied()).collect()
        };
        let mut state = vec![UNSEEN; self.entries.len()];
        let mut cuts = Vec::new();
        for root in 0..self.entries.len() {
            if state[root] != UNSEEN {
                continue;
            }
            state[root] = OPEN;
            let mut path = vec![(root, stands(&self.entries[root]))];
            while let Some((at, on)) = path.last_mut() {
                let Some(next) = on.pop() else {
                    state[*at] = DONE;
                    path.pop();
                    continue;
                };
                match state[next] {
                    UNSEEN => {
                        state[next] = OPEN;
                        path.push((next, stands(&self.entries[next])));
                    }
                    OPEN => cuts.push((*at, next)),
                    _ => {}
                }
            }
        }
        for (at, next) in cuts {
            let mut fields = Vec::new();
            for (field, need) in &mut self.entries[at].needs {
                if is_stood_on(field) && need.of().contains(&next) {
                    need.of_mut().retain(|on| *on != next);
                    if let Need::AtLeast(least, of) = need {
                        *least = (*least).min(of.len());
                    }
                    fields.push(*field);
                }
            }
            self.entries[at].needs.retain(|(_, need)| !need.of().is_empty());
            for field in fields {
                let words = format!(
                    "`{field}: {}` would close a circle: which of them comes first?",
                    self.name(next)
                );
                self.ask(at, About::Data, words);
            }
        }
    }
}

/// Fields in which components may not need each other in a circle.
fn is_stood_on(field: &str) -> bool {
    matches!(
        field,
        "in" | "on"
            | "power"
            | "fed_by"
            | "cooled_by"
            | "needs"
            | "degraded_without"
            | "uses"
            | "carried_by"
    )
}

/// A text as a name may be: other characters become `-`, and those at its ends fall away.
fn legal(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '_' | '.') {
            name.push(c);
        } else if !name.ends_with('-') {
            name.push('-');
        }
    }
    cut(name.trim_matches('-'), NAME_MAX).trim_end_matches('-').to_owned()
}

/// The beginning of an ASCII text.
fn cut(text: &str, bytes_max: usize) -> &str {
    text.get(..text.len().min(bytes_max)).unwrap_or(text)
}
