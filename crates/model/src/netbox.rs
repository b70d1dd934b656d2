//! From NetBox's facts to a plant file: what NetBox says is written, and what it cannot say is asked.
//!
//! Typed facts come in (`facts`), a text goes out that the checker takes. Nothing is guessed: where NetBox
//! is silent a field is left out, which means unknown, and a [`Question`] stands beside the component. What
//! has no place in a plant is counted and named with the reason. Same facts, same bytes.
//!
//! The facts are structs and not JSON, so that this crate stays free of serde; the readers, of a dump and
//! of the live API, stand beside the HTTP code in `server`, and both fill the same tables. `cables` follows
//! a cable through panels and circuits, `places`, `power`, `network` and `machines` each map their part of the
//! [draft](crate::draft), `write` lays it out in files. Tested at this
//! door, with facts as cases, and by the readers' tests with real dumps.

pub mod facts;
mod one_site;
mod cables;
mod draft;
mod places;
mod power;
mod network;
mod machines;
mod answers;
mod write;

pub use crate::draft::{About, LeftOut, Question};
use crate::finding::{Finding, Severity};
use crate::kind::Kind;
use crate::plant::Plant;
use crate::plantfile;
pub use answers::Answers;
pub use one_site::NoSuchSite;
pub use write::FILES;

use cables::Cables;
use draft::Draft;
use facts::{Facts, Id};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// How the text is laid out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Layout {
    /// One file.
    OneFile,
    /// A file each for places, power, network and machines.
    Folder,
}

/// The numbers of an import.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Summary {
    /// Components, by kind.
    pub components: Vec<(Kind, usize)>,
    /// Questions, by what they are about.
    pub questions: Vec<(About, usize)>,
    /// Devices that NetBox has.
    pub devices: usize,
    /// Devices of these that are components.
    pub devices_in_plant: usize,
    /// Power ports that NetBox has, of devices in the plant.
    pub power_ports: usize,
    /// Power ports of these whose cable leads to an outlet or feed of the plant.
    pub power_ports_cabled: usize,
}

/// A finished import.
#[derive(Debug)]
pub struct Import {
    /// The files: names and texts.
    pub files: Vec<(String, String)>,
    /// Its numbers.
    pub summary: Summary,
    /// What NetBox does not say, in the order of components.
    pub questions: Vec<Question>,
    /// What is not in the plant.
    pub left_out: Vec<LeftOut>,
    /// The plant that the checker made of the files. `None` is a mistake of this importer.
    pub plant: Option<Arc<Plant>>,
    /// What the checker said.
    pub findings: Vec<Finding>,
}

impl Import {
    /// What the checker refuses: empty, or a mistake of this importer.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }
}

/// Makes a plant file of what NetBox says, and holds it against the checker. Linear in the facts, but for
/// sorting.
#[must_use]
pub fn import(facts: &Facts, layout: Layout) -> Import {
    import_with(facts, layout, &Answers::default())
}

/// The same, with a person's answers. What they name may stand in files beside the import: the checker,
/// which sees the import alone, then says that it dangles.
#[must_use]
pub fn import_with(facts: &Facts, layout: Layout, answers: &Answers) -> Import {
    let mut draft = Draft::default();
    let cables = Cables::of(facts);
    let mut summary = Summary { devices: facts.devices.len(), ..Summary::default() };

    places::declare(facts, &mut draft);
    power::declare(facts, &mut draft);
    machines::declare(facts, &cables, &mut draft);
    network::declare(facts, &mut draft);
    draft.name_all();
    let answered = answers.find(&mut draft);

    places::fill(facts, &mut draft);
    power::fill(facts, &cables, &mut draft, &mut summary);
    machines::fill(facts, &mut draft);
    network::fill(facts, &cables, &mut draft);
    draft.cut_circles();
    answers::apply(&mut draft, &answered);
    places::leave_out_the_unused(facts, &mut draft);
    for hole in &facts.holes {
        draft.doubt(format!("{}: {}", hole.object, hole.words));
    }
    for (model, count) in &facts.unused {
        let name = format!("{model} ({count})");
        draft.leave_out("models", "say nothing that a plant holds", name);
    }
    if facts.holes_beyond > 0 {
        draft.doubt(format!("and {} more things that could not be read", facts.holes_beyond));
    }

    let left_out = draft.take_left_out();
    let gone: HashSet<&str> = draft
        .entries
        .iter()
        .filter(|entry| entry.is_void)
        .map(|entry| entry.name.as_str())
        .collect();
    let mut questions = std::mem::take(&mut draft.questions);
    questions.retain(|one| one.component.as_deref().is_none_or(|name| !gone.contains(name)));
    draft.questions = questions;
    let devices = facts.devices.keys();
    summary.devices_in_plant =
        devices.filter(|id| draft.find(draft::Thing::Device, **id).is_some()).count();
    let mut of_kind: BTreeMap<usize, usize> = BTreeMap::new();
    for entry in draft.entries.iter().filter(|entry| !entry.is_void) {
        *of_kind.entry(entry.kind as usize).or_default() += 1;
    }
    summary.components =
        of_kind.into_iter().map(|(kind, count)| (Kind::ALL[kind], count)).collect();
    let mut about: BTreeMap<About, usize> = BTreeMap::new();
    for question in &draft.questions {
        *about.entry(question.about).or_default() += 1;
    }
    summary.questions = about.into_iter().collect();
    let files = write::write(&draft, &summary, &left_out, layout);
    let (plant, findings) = plantfile::parse(&files);
    Import { files, summary, questions: draft.questions, left_out, plant, findings }
}

/// What a status says about whether something is there.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Standing {
    There,
    /// Switched off on purpose.
    Off,
    Failed,
    /// Not there yet, or not in service.
    NotYet,
    Gone,
    /// On its way out, and still there.
    Leaving,
    /// A status that an installation made up.
    Unknown,
}

fn standing(status: Option<&str>) -> Standing {
    match status {
        None | Some("active" | "available" | "reserved" | "enabled" | "connected") => {
            Standing::There
        }
        Some("offline" | "paused" | "disabled") => Standing::Off,
        Some("failed" | "faulty") => Standing::Failed,
        Some("planned" | "staged" | "staging" | "inventory" | "provisioning") => Standing::NotYet,
        Some("decommissioned" | "retired" | "deprecated") => Standing::Gone,
        Some("decommissioning" | "deprovisioning") => Standing::Leaving,
        Some(_) => Standing::Unknown,
    }
}

/// Whether a thing of this status belongs into the plant; when it does not, that is said.
fn is_kept(draft: &mut Draft, what: &str, name: &str, status: Option<&str>) -> bool {
    let kept = !matches!(standing(status), Standing::NotYet | Standing::Gone);
    if !kept {
        let why = format!("{} in NetBox", status.unwrap_or_default());
        draft.leave_out(what, &why, name);
    }
    kept
}

/// Writes what a status says about today.
fn condition(draft: &mut Draft, key: draft::Key, status: Option<&str>) {
    let said = status.unwrap_or_default();
    match standing(status) {
        Standing::There | Standing::NotYet | Standing::Gone => {}
        Standing::Off => draft.field(key, "condition", format!("{{ off: {said} in NetBox }}")),
        Standing::Failed => {
            draft.field(key, "condition", format!("{{ known_failed: {said} in NetBox }}"));
        }
        Standing::Leaving => {
            let words = format!("is {} still in use? NetBox says {said}", draft.name(key));
            draft.ask(key, About::Status, words);
        }
        Standing::Unknown => {
            let words =
                format!("is {} in use? NetBox gives it the status `{said}`", draft.name(key));
            draft.ask(key, About::Status, words);
        }
    }
}

/// An object as the data calls it, for what is wrong with it.
fn object(model: &str, id: Id) -> String {
    format!("{model} {id}")
}

/// A quantity that a plant may hold: above zero, and not beyond belief; zero says nothing.
fn amount(
    draft: &mut Draft,
    object: impl FnOnce() -> String,
    field: &str,
    value: Option<f64>,
    most: f64,
) -> Option<f64> {
    let value = value.filter(|value| *value != 0.0)?;
    let fits = value > 0.0 && value <= most;
    if !fits {
        draft.doubt(format!("{}: {field} {} is out of bounds", object(), number(value)));
    }
    fits.then_some(value)
}

/// A number as it is written: whole where it is.
fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        format!("{value:.0}")
    } else {
        format!("{value}")
    }
}
