//! The plant as it takes shape: components with their names, needs, remarks and open questions.
//!
//! Components are declared first, then named together, so that two with one name are told apart alike
//! wherever they stand; only then are needs and questions written, which speak of names. A circle in
//! what things stand on is cut here and asked about, for no plant may have one. Tested through
//! [`import`](super::import).

use super::facts::Id;
use super::{About, LeftOut, Question};
use crate::kind::Kind;
use crate::plantfile::{NAME_MAX, bad_name};
use std::collections::{BTreeMap, HashMap, HashSet};

/// A component of the draft: an index.
pub(super) type Key = usize;

/// An object of NetBox that becomes a component.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Thing {
    Site,
    Location,
    Rack,
    Device,
    /// A power inlet of a PDU with several: a bank of its outlets.
    Inlet,
    Panel,
    Feed,
    Circuit,
    ProviderNetwork,
    Cluster,
    Machine,
    Service,
    Tenant,
    Prefix,
}

impl Thing {
    /// As it is called in a name that needs more to be unique.
    const fn word(self) -> &'static str {
        match self {
            Self::Site => "site",
            Self::Location => "location",
            Self::Rack => "rack",
            Self::Device => "device",
            Self::Inlet => "inlet",
            Self::Panel => "panel",
            Self::Feed => "feed",
            Self::Circuit => "circuit",
            Self::ProviderNetwork => "network",
            Self::Cluster => "cluster",
            Self::Machine => "vm",
            Self::Service => "service",
            Self::Tenant => "tenant",
            Self::Prefix => "prefix",
        }
    }
}

/// What a component needs in one of its fields.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Need {
    /// One of these is enough; one alone is just that one. As wired: one may stand there twice.
    Any(Vec<Key>),
    /// All of these.
    All(Vec<Key>),
}

impl Need {
    pub(super) fn of(&self) -> &[Key] {
        match self {
            Self::Any(of) | Self::All(of) => of,
        }
    }

    fn of_mut(&mut self) -> &mut Vec<Key> {
        match self {
            Self::Any(of) | Self::All(of) => of,
        }
    }
}

/// A component.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) name: String,
    /// What NetBox calls it, where that could not be its name.
    pub(super) called: Option<String>,
    pub(super) needs: Vec<(&'static str, Need)>,
    /// Other fields, as they are written in YAML.
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) remarks: Vec<String>,
    pub(super) questions: Vec<(About, String)>,
    /// What is in the draft but stands for nothing that is there: a place nobody uses.
    pub(super) is_void: bool,
}

/// All of them.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) entries: Vec<Entry>,
    of_things: HashMap<(Thing, Id), Key>,
    declared: Vec<Declared>,
    taken: HashSet<String>,
    pub(super) questions: Vec<Question>,
    left_out: BTreeMap<(String, String), Vec<String>>,
}

struct Declared {
    base: String,
    within: Option<(Thing, Id)>,
    thing: Thing,
    id: Id,
}

impl Draft {
    /// Declares an object as a component; `within` tells it from a namesake.
    pub(super) fn declare(
        &mut self,
        thing: Thing,
        id: Id,
        kind: Kind,
        called: Option<&str>,
        within: Option<(Thing, Id)>,
    ) -> Key {
        let legal = called.map(legal).filter(|name| !name.is_empty());
        let base = legal.unwrap_or_else(|| format!("{}-{id}", thing.word()));
        let key = self.entries.len();
        let called = match called {
            Some(called) => (base != called).then(|| called.to_owned()),
            None => Some(String::new()),
        };
        self.entries.push(Entry {
            kind,
            name: String::new(),
            called,
            needs: Vec::new(),
            fields: Vec::new(),
            remarks: Vec::new(),
            questions: Vec::new(),
            is_void: false,
        });
        self.of_things.insert((thing, id), key);
        self.declared.push(Declared { base, within, thing, id });
        key
    }

    /// Declares an object that NetBox has no name for.
    pub(super) fn declare_unnamed(
        &mut self,
        thing: Thing,
        id: Id,
        kind: Kind,
        instead: &str,
    ) -> Key {
        let key = self.declare(thing, id, kind, Some(instead), None);
        self.entries[key].called = Some(String::new());
        key
    }

    /// Names all that was declared. Namesakes are all told apart, by what they are within, then by their
    /// numbers, so that no name depends on the order.
    pub(super) fn name_all(&mut self) {
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

    /// A component that is no object of NetBox: a link, a lane of a bundle.
    pub(super) fn add(&mut self, kind: Kind, base: &str) -> Key {
        let name = self.fresh(cut(&legal(base), NAME_MAX).to_owned());
        self.entries.push(Entry {
            kind,
            name,
            called: None,
            needs: Vec::new(),
            fields: Vec::new(),
            remarks: Vec::new(),
            questions: Vec::new(),
            is_void: false,
        });
        self.entries.len() - 1
    }

    /// The component of an object.
    pub(super) fn find(&self, thing: Thing, id: Id) -> Option<Key> {
        self.of_things.get(&(thing, id)).copied()
    }

    pub(super) fn name(&self, key: Key) -> &str {
        &self.entries[key].name
    }

    pub(super) fn kind(&self, key: Key) -> Kind {
        self.entries[key].kind
    }

    /// Sets a need, when there is something to need; to one that is set already it adds.
    pub(super) fn need(&mut self, key: Key, field: &'static str, need: Need) {
        let needs = &mut self.entries[key].needs;
        match needs.iter_mut().find(|(known, _)| *known == field) {
            Some((_, known)) => known.of_mut().extend(need.of()),
            None if need.of().is_empty() => {}
            None => needs.push((field, need)),
        }
    }

    pub(super) fn field(&mut self, key: Key, field: &'static str, value: impl Into<String>) {
        self.entries[key].fields.push((field, value.into()));
    }

    pub(super) fn remark(&mut self, key: Key, words: impl Into<String>) {
        self.entries[key].remarks.push(words.into());
    }

    /// Asks what NetBox does not say.
    pub(super) fn ask(&mut self, key: Key, about: About, words: impl Into<String>) {
        let words = words.into();
        self.entries[key].questions.push((about, words.clone()));
        let component = self.entries[key].name.clone();
        self.questions.push(Question { component: Some(component), about, words });
    }

    /// Takes back what was asked of components about these things.
    pub(super) fn withdraw(&mut self, answered: &[(Key, About)]) {
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
    pub(super) fn ask_of_all(&mut self, about: About, words: impl Into<String>) {
        self.questions.push(Question { component: None, about, words: words.into() });
    }

    /// Asks about the data itself.
    pub(super) fn doubt(&mut self, words: impl Into<String>) {
        self.questions.push(Question { component: None, about: About::Data, words: words.into() });
    }

    /// Says that something is not in the plant, and why.
    pub(super) fn leave_out(&mut self, what: &str, why: &str, name: impl Into<String>) {
        self.left_out.entry((what.to_owned(), why.to_owned())).or_default().push(name.into());
    }

    pub(super) fn take_left_out(&mut self) -> Vec<LeftOut> {
        std::mem::take(&mut self.left_out)
            .into_iter()
            .map(|((what, why), names)| LeftOut { what, why, names })
            .collect()
    }

    /// Cuts circles in what components stand on.
    pub(super) fn cut_circles(&mut self) {
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
    matches!(field, "in" | "on" | "power" | "fed_by" | "uses")
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
